import copy

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import TrainerCallback
from trl import GRPOConfig, RLOOConfig

from lib.machine.compute import CPU
from lib.merging import linear_soup
from lib.models.weights import set_weights, weights_of
from lib.policies.log_probabilities import next_token_log_probabilities
from lib.policies.ppo import PPO
from lib.policies.trainers import GRPO, RLOO, kl_per_completion
from lib.reward_models.loading import Reward
from lib.training.settings import shared
from scripts.policy import by_algorithm

LORA = LoraConfig(r=2, lora_alpha=8, target_modules=["q_proj", "v_proj", "up_proj"])
ALGORITHMS = {
    "rloo": (RLOO, RLOOConfig, {}, {}),
    "grpo": (GRPO, GRPOConfig, {"loss_type": "grpo", "beta": 0.05}, {}),
    "ppo": (PPO, GRPOConfig, {"num_iterations": 2, "beta": 0.05}, {"gae_lambda": 0.95, "value_coefficient": 0.1}),
}
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


@pytest.fixture
def trainer(tmp_path, llama, tokenizer):
    """A trainer of a policy that was saved to disk, with any anchor and rewards."""

    def build(anchor, rewards, policy=None, moving=None, lora=False, dtype=torch.float32, algorithm="rloo", **settings):
        llama.save_pretrained(tmp_path / "start")
        start = type(llama).from_pretrained(tmp_path / "start", dtype=dtype)
        if policy is not None:
            set_weights(start, weights_of(policy))
        if lora:
            torch.manual_seed(0)
            start = get_peft_model(start, LORA)
        trainer, config_of, own, more = ALGORITHMS[algorithm]
        config = config_of(
            output_dir=str(tmp_path / "out"),
            num_generations=4,
            max_completion_length=4,
            logging_steps=1,
            **(shared(CPU, lora, 16) | own | settings),
        )
        prompts = Dataset.from_list([{"prompt": prompt} for prompt in ["the sea", "a calm", "cold", "wild"] * 50])
        return trainer(start, anchor, rewards, tokenizer, config, train_dataset=prompts, **more, **(moving or {}))

    return build


def constant(name="nothing", value=0.0):
    return Reward(name, lambda prompts, completions: [value] * len(completions))


def test_the_anchor_is_the_model_that_was_given_not_the_one_on_disk(trainer, other_llama):
    built = trainer(other_llama, {constant(): 1.0}, max_steps=1)
    for name, tensor in weights_of(other_llama).items():
        assert torch.equal(dict(built.ref_model.named_parameters())[name], tensor)


@every_algorithm
def test_kl_of_a_policy_changed_in_memory_to_itself_is_zero(trainer, other_llama, algorithm):
    """TRL alone would have the start that is on disk for its reference."""
    start = copy.deepcopy(other_llama)
    built = trainer(other_llama, {constant(): 1.0}, policy=start, max_steps=1, algorithm=algorithm)
    built.train()
    assert kl_per_completion(built.state.log_history[0]) == pytest.approx(0, abs=1e-5)


def sft_pair(pair, lora) -> list[torch.nn.Module]:
    """Two SFT models from one base: full weights, or LoRA factors on it that differ."""
    if not lora:
        return list(pair)
    models = [get_peft_model(copy.deepcopy(pair[0]), LORA) for _ in range(2)]
    for model in models:
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter.data, std=0.3)
    return models


@pytest.mark.parametrize("temperature", [1.0, 0.6])
@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@every_algorithm
def test_kl_to_a_soup_at_the_first_step_is_the_true_one(trainer, llama, other_llama, algorithm, lora, temperature):
    """SALSA: the policy starts at θ_sft1 and its reference is ¼ θ_sft1 + ¾ θ_sft2."""
    pair = sft_pair((llama, other_llama), lora)
    soup, policy = copy.deepcopy(llama), copy.deepcopy(llama)
    set_weights(soup, linear_soup([weights_of(model) for model in pair], [0.25, 0.75]))
    set_weights(policy, weights_of(pair[0]))
    settings = {"algorithm": algorithm, "temperature": temperature, "lora": lora, "max_steps": 4}
    rewards = {Reward("many_a", many_a): 1.0}
    built = trainer(copy.deepcopy(soup), rewards, policy=policy, learning_rate=1e-2, **settings)
    seen = []
    original = built._generate_single_turn

    def generate(prompts, *others):
        drawn = original(prompts, *others)
        seen.append((prompts, drawn if algorithm == "rloo" else drawn[0]))
        return drawn

    built._generate_single_turn = generate
    built.train()
    at_start, tokens, mask = next_token_log_probabilities([policy], [1.0], *seen[0], temperature)
    anchor, _, _ = next_token_log_probabilities([soup], [1.0], *seen[0], temperature)
    ratio = (at_start - anchor).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    estimate = (-ratio).exp() + ratio - 1 if algorithm == "grpo" else ratio
    expected = (estimate * mask).sum(-1).mean().item()
    assert abs(expected) > 0.01
    assert kl_per_completion(built.state.log_history[0]) == pytest.approx(expected, rel=1e-3, abs=1e-5)
    for name, tensor in weights_of(built.ref_model).items():
        assert torch.equal(tensor, weights_of(soup)[name])


def test_rewards_are_weighed(trainer, llama):
    built = trainer(llama, {constant("one", 1.0): 0.25, constant("two", 10.0): 0.75}, max_steps=1)
    built.train()
    log = built.state.log_history[0]
    assert log["rewards/one/mean"] == 1
    assert log["rewards/two/mean"] == 10
    assert log["reward"] == pytest.approx(7.75)


def test_ppo_weighs_rewards(trainer, llama):
    built = trainer(llama, {constant("one", 1.0): 0.25, constant("two", 10.0): 0.75}, max_steps=1, algorithm="ppo")
    built.train()
    assert built._rewards.tolist() == pytest.approx([7.75] * 16)


@pytest.mark.parametrize("beta", [0.0, 0.01])
@every_algorithm
def test_a_policy_learns_what_is_rewarded(trainer, llama, algorithm, beta):
    steps = 80 if algorithm == "ppo" else 40  # it takes two on each batch of completions
    settings = {"max_steps": steps, "learning_rate": 1e-2, "beta": beta}
    built = trainer(copy.deepcopy(llama), {Reward("many_a", many_a): 1.0}, algorithm=algorithm, **settings)
    built.train()
    rewards = [entry["reward"] for entry in built.state.log_history if "reward" in entry]
    assert sum(rewards[-5:]) / 5 > sum(rewards[:5]) / 5 + 0.5


def test_a_strong_anchor_holds_the_policy(trainer, llama):
    def many_a(prompts, completions):
        return [completion.count("a") for completion in completions]

    last = []
    for beta in (0.01, 10.0):
        built = trainer(
            copy.deepcopy(llama), {Reward("many_a", many_a): 1.0}, max_steps=25, learning_rate=5e-3, beta=beta
        )
        built.train()
        last.append(kl_per_completion([entry for entry in built.state.log_history if "kl" in entry][-1]))
    assert last[1] < last[0] / 3


def test_a_reward_that_is_not_a_number_ends_the_training(trainer, llama):
    built = trainer(llama, {constant("broken", float("nan")): 1.0}, max_steps=1)
    with pytest.raises(ValueError, match=r"rewards\.broken: it returned nan"):
        built.train()


def many_a(prompts, completions):
    return [completion.count("a") for completion in completions]


@pytest.mark.parametrize("settings", [{}, {"lora": True}, {"dtype": torch.bfloat16}], ids=["full", "lora", "bfloat16"])
def test_the_anchor_is_the_moving_average_of_the_policy(trainer, llama, settings):
    """θ_ema after each optimiser step, against the recursion in float32 on the policy's weights."""
    built = trainer(
        copy.deepcopy(llama),
        {Reward("many_a", many_a): 1.0},
        moving={"mu": 0.3},
        max_steps=4,
        learning_rate=1e-2,
        **settings,
    )
    assert built.model.dtype == settings.get("dtype", torch.float32)
    expected = weights_of(llama)

    class Recursion(TrainerCallback):
        def on_step_end(self, *args, **kwargs):
            for name, tensor in weights_of(built.model).items():
                expected[name] = 0.7 * expected[name] + 0.3 * tensor

    built.add_callback(Recursion())
    built.train()
    moved = weights_of(built.ref_model)
    assert any((moved[name] - tensor).abs().max() > 1e-3 for name, tensor in weights_of(llama).items())
    for name, tensor in expected.items():
        assert built.ref_model.get_parameter(name).dtype == torch.float32
        assert torch.allclose(moved[name], tensor, atol=1e-6)


@pytest.mark.parametrize("lora", [False, True])
@every_algorithm
def test_a_run_that_goes_on_from_a_checkpoint_ends_with_the_same_bytes(trainer, llama, tmp_path, lora, algorithm):
    def run(resume=None):
        rewards = {Reward("many_a", many_a): 1.0}
        built = trainer(
            copy.deepcopy(llama),
            rewards,
            moving={"mu": 0.2},
            lora=lora,
            algorithm=algorithm,
            max_steps=8,
            learning_rate=1e-2,
            save_strategy="steps",
            save_steps=4,
        )
        built.train(resume_from_checkpoint=resume)
        return [weights_of(built.model), *(what.tensors for what in built.beside)]

    whole = run()
    assert len(whole) == (3 if algorithm == "ppo" else 2)
    resumed = run(str(tmp_path / "out/checkpoint-4"))
    for ours, theirs in zip(resumed, whole):
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_kl_to_the_reference_is_recorded_whatever_the_anchor_is(trainer, llama, other_llama):
    built = trainer(
        other_llama,
        {Reward("many_a", many_a): 1.0},
        moving={"sft": copy.deepcopy(llama), "kl_every": 2},
        max_steps=3,
        learning_rate=1e-2,
    )
    built.train()
    recorded = [entry.get("kl_to_sft") for entry in built.state.log_history if "reward" in entry]
    assert recorded[0] == pytest.approx(0, abs=1e-5)
    assert recorded[1] is None
    assert recorded[2] > 1e-3


@every_algorithm
def test_a_batch_in_parts_has_the_gradient_of_the_whole(trainer, llama, other_llama, algorithm):
    """In plain descent, where its size shows. PPO's means are over the tokens of a part."""
    reward = Reward("many_a", lambda prompts, completions: [text.count("a") for text in completions])

    def moved(parts):
        plain = {"optim": "sgd", "learning_rate": 1.0, "max_grad_norm": 0.0}
        built = trainer(
            other_llama, {reward: 1.0}, algorithm=algorithm, max_steps=1, **plain, **shared(CPU, False, 16, parts)
        )
        built.train()
        start, end = weights_of(llama), weights_of(built.policy)
        return torch.cat([(end[name] - start[name]).flatten() for name in start])

    whole, parts = moved(1), moved(4)
    assert whole.norm() > 1e-3
    assert (parts - whole).norm() / whole.norm() < (0.3 if algorithm == "ppo" else 1e-3)


@pytest.mark.parametrize(("algorithm", "same"), [("gdpo", True), ("grpo", False)])
def test_by_gdpo_the_scale_of_a_reward_does_not_matter_beside_another(
    tmp_path, llama, other_llama, tokenizer, algorithm, same
):
    """Two runs on the same completions: in the second, one of two rewards is in units of a thousandth."""
    kind, config_of, _ = by_algorithm(algorithm, {})
    found = []
    for scale in (1.0, 1000.0):
        policy = copy.deepcopy(llama)
        short = Reward("short", lambda _, completions, scale=scale: [-scale * len(text) for text in completions])
        config = config_of(
            output_dir=str(tmp_path / f"{scale}"),
            num_generations=4,
            max_completion_length=4,
            max_steps=1,
            learning_rate=1.0,
            seed=0,
            **shared(CPU, False, 16) | {"optim": "sgd"},  # whose step is in proportion to the gradient
        )
        prompts = Dataset.from_list([{"prompt": prompt} for prompt in ["the sea", "a calm", "cold", "wild"] * 50])
        rewards = {Reward("many_a", many_a): 0.5, short: 0.5}
        kind(policy, copy.deepcopy(other_llama), rewards, tokenizer, config, train_dataset=prompts).train()
        found.append(weights_of(policy))
    first, second = found
    assert all(torch.allclose(first[name], second[name], atol=1e-4) for name in first) == same
