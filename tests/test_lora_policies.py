"""RL of LoRA policies that start as LoRA policies, against anchors that are LoRA policies, on one base model."""

import pytest
import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import RLOOConfig

from lib.machine.compute import CPU
from lib.merging import ema
from lib.models.lora_in_memory import read, trainable
from lib.models.weights import weights_of
from lib.policies.log_probabilities import next_token_log_probabilities
from lib.policies.trainers import RLOO, kl_per_completion
from lib.reward_models.loading import Reward
from lib.training.settings import shared
from tests.test_adapters import LORA, base, policies  # noqa: F401 (fixtures)


def many_a(prompts, completions):
    return [completion.count("a") for completion in completions]


@pytest.fixture
def trainer(tmp_path, tokenizer, base, policies):  # noqa: F811
    """A trainer of a policy that starts as the SFT model, with one of the others as its anchor."""

    def build(mu=0.0, **settings):
        prompts = Dataset.from_list([{"prompt": prompt} for prompt in ["the sea", "a calm", "cold", "wild"] * 50])
        config = RLOOConfig(
            output_dir=str(tmp_path / "out"),
            num_generations=4,
            max_completion_length=4,
            logging_steps=1,
            beta=0.1,
            learning_rate=1e-2,
            **(shared(CPU, lora=True, batch=16) | settings),
        )
        policy, anchor = trainable(read(policies[0], base), LORA, seed=1), read(policies[1], base)
        return RLOO(policy, anchor, {Reward("many_a", many_a): 1.0}, tokenizer, config, mu=mu, train_dataset=prompts)

    return build


def test_the_kl_is_that_to_the_anchors_adapters(trainer, base, policies):  # noqa: F811
    built, seen = trainer(max_steps=1), []
    original = built._generate_single_turn

    def generate(prompts, *others):
        seen.append((prompts, original(prompts, *others)))
        return seen[-1][1]

    built._generate_single_turn = generate
    built.train()
    start, anchor = (
        next_token_log_probabilities([read(folder, base)], [1.0], *seen[0], 1.0) for folder in policies[:2]
    )
    ratio = (start[0] - anchor[0]).gather(-1, start[1].unsqueeze(-1)).squeeze(-1)
    expected = (ratio * start[2]).sum(-1).mean().item()
    assert abs(expected) > 0.01
    assert kl_per_completion(built.state.log_history[0]) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def after(built) -> dict[str, torch.Tensor]:
    """The weights of the policy after training. Building a trainer sets the seed: train one, then build another."""
    built.train()
    return weights_of(built.policy)


def test_log_probabilities_that_are_computed_once_are_trained_on_as_if_they_were_twice(trainer):
    once = trainer(max_steps=3)
    assert once.computes_once
    ours = after(once)
    twice = trainer(max_steps=3)
    twice.computes_once = False
    theirs = after(twice)
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-5) for name in theirs)


def test_a_batch_in_parts_is_the_same_batch(trainer):
    whole = after(trainer(max_steps=2))
    in_parts = trainer(max_steps=2, **shared(CPU, lora=True, batch=16, parts=4))
    assert not in_parts.computes_once
    parts = after(in_parts)
    assert all(torch.allclose(parts[name], whole[name], atol=1e-5) for name in whole)


def test_the_moving_anchor_of_adapters_is_that_of_full_weights(trainer, base, policies):  # noqa: F811
    built, expected = trainer(mu=0.3, max_steps=4), weights_of(read(policies[1], base))

    class Recursion(TrainerCallback):
        def on_step_end(self, *args, **kwargs):
            ema(expected, weights_of(built.policy), 0.3)

    built.add_callback(Recursion())
    built.train()
    [anchor] = built.beside
    plain = weights_of(base)
    for name, delta in anchor.tensors.items():
        assert delta.dtype == torch.float32
        assert torch.allclose(plain[name] + delta, expected[name], atol=1e-6)
        assert delta.abs().max() > 1e-2


def test_a_run_that_goes_on_from_a_checkpoint_ends_with_the_same_bytes(trainer, tmp_path):
    def run(resume=None):
        built = trainer(mu=0.2, max_steps=8, save_strategy="steps", save_steps=4)
        built.train(resume_from_checkpoint=resume)
        return [weights_of(built.policy), *(what.tensors for what in built.beside)]

    whole, resumed = run(), run(str(tmp_path / "out/checkpoint-4"))
    for ours, theirs in zip(resumed, whole, strict=True):
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
