import copy

import pytest
import torch
from datasets import Dataset
from trl import GRPOConfig

from lib.machine.compute import CPU
from lib.policies.ppo import PPO, gae, policy_loss, token_rewards, value_loss, whitened
from lib.reward_models.loading import Reward
from lib.training.settings import shared


def test_advantages_worked_by_hand():
    """λ = ½. First row: δ = (¼ − ½, ¾ − ¼, 1 − ¾). The second ends after two tokens: δ = (½ − 1, 2 − ½)."""
    rewards = torch.tensor([[0.0, 0.0, 1.0], [0.0, 2.0, 9.0]])
    values = torch.tensor([[0.5, 0.25, 0.75], [1.0, 0.5, 7.0]])
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    expected = torch.tensor([[-0.25 + 0.5 * 0.625, 0.5 + 0.5 * 0.25, 0.25], [-0.5 + 0.5 * 1.5, 1.5, 0.0]])
    assert torch.equal(gae(rewards, values, mask, 0.5), expected)


def test_advantages_with_lambda_one_are_what_comes_minus_the_value():
    rewards, values = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[0.5, 0.25, 3.0]])
    returns = torch.tensor([[7.0, 6.0, 4.0]])
    assert torch.equal(gae(rewards, values, torch.ones(1, 3), 1.0), returns - values)


def test_the_reward_comes_with_the_last_token_and_kl_with_each():
    spread = token_rewards(
        torch.tensor([10.0, 20.0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1, 1], [1, 0]]), beta=0.5
    )
    assert torch.equal(spread, torch.tensor([[-0.5, 9.0], [18.5, 0.0]]))


def test_whitened_over_the_tokens_that_are_there():
    values = whitened(torch.tensor([[1.0, 3.0], [5.0, 100.0]]), torch.tensor([[1, 1], [1, 0]]))
    spread = (8 / 3) ** 0.5
    assert torch.allclose(values, torch.tensor([[-2 / spread, 0.0], [2 / spread, 0.0]]))


def test_the_ratio_is_clipped_where_that_lowers_the_objective():
    """Ratios 2, ½, 2, ½ with ε = .2 and advantages 1, 1, −1, −1: 1.2, ½, −2, −.8."""
    ratios = torch.tensor([[2.0, 0.5, 2.0, 0.5]]).log()
    loss = policy_loss(ratios, torch.tensor([[1.0, 1.0, -1.0, -1.0]]), torch.ones(1, 4), clip=0.2)
    assert loss.item() == pytest.approx(-(1.2 + 0.5 - 2 - 0.8) / 4)


def test_the_value_is_clipped_where_that_raises_the_loss():
    """From 0 to 1 with ε = .2 is cut to .2: towards the target 1 that costs .8², away from the target 0 it costs 1²."""
    values, old, mask = torch.tensor([[1.0, 1.0]]), torch.zeros(1, 2), torch.ones(1, 2)
    assert value_loss(values, old, torch.tensor([[1.0, 0.0]]), mask, clip=0.2).item() == pytest.approx((0.64 + 1) / 4)


def test_ppo_solves_a_bandit(tmp_path, llama, tokenizer):
    """One token is drawn, and one of the arms pays: the policy comes to choose it, and the head learns.

    How soon the first draw pays is luck, which differs between processors: 80 batches are enough for ten seeds of ten.
    """
    llama.save_pretrained(tmp_path / "start")
    policy = type(llama).from_pretrained(tmp_path / "start")
    arms = [tokenizer.decode([token]) for token in range(tokenizer.vocab_size)]
    paying = max(arm for arm in arms if arm.isalpha() and arms.count(arm) == 1)

    def pays(prompts, completions):
        return [float(completion == paying) for completion in completions]

    config = GRPOConfig(
        output_dir=str(tmp_path / "out"),
        num_generations=4,
        num_iterations=4,
        max_completion_length=1,
        max_steps=4 * 80,
        learning_rate=1e-2,
        beta=0.001,
        logging_steps=1,
        **shared(CPU, lora=False, batch=64),
    )
    trainer = PPO(
        policy,
        copy.deepcopy(llama),
        {Reward("pays", pays): 1.0},
        tokenizer,
        config,
        gae_lambda=0.95,
        value_coefficient=0.5,
        train_dataset=Dataset.from_list([{"prompt": "the sea"}] * 64),
    )
    trainer.train()
    paid = [entry["reward"] for entry in trainer.state.log_history if "reward" in entry]
    assert len(paid) == 80
    assert paid[0] < 0.2
    assert sum(paid[-5:]) / 5 > 0.9
    hidden = policy.base_model(**tokenizer("the sea", return_tensors="pt")).last_hidden_state[:, -1]
    assert trainer.value_head(hidden).item() == pytest.approx(1, abs=0.3)
