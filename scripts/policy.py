"""Train a policy by RL: maximise E[R] − β KL(π ‖ anchor), from a start.

All four papers share this job (Rewarded Soups, section 2; WARP, algorithm 1; SALSA).
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from datasets import Dataset
from trl import GRPOConfig, RLOOConfig

from lib.data.chat import conversations
from lib.data.prompts import prompts
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import language_model, learner, save, tokenizer
from lib.models.weights import set_weights
from lib.policies.anchors import CheckpointAverage
from lib.policies.doubts import doubts
from lib.policies.ppo import PPO
from lib.policies.trainers import GRPO, RLOO, kl_per_completion
from lib.reward_models.loading import load
from lib.training.settings import print_progress, resumable, shared, train_from_last


def train_policy(
    start: Path,
    anchor: Path,
    sft: Path,
    snippets: Path,
    model: Output,
    history: Output,
    moving_average: Output | None,
    checkpoint_average: Output | None,
    checkpoints: Checkpoints,
    *,
    reward: dict[str, dict],
    algorithm: str,
    ppo: dict[str, float],
    split: str,
    prompt_words: int | None,
    left_out: str | None,
    steps: int,
    prompts_per_step: int,
    completions_per_prompt: int,
    parts: int,
    max_new_tokens: int,
    temperature: float,
    learning_rate: float,
    warmup_steps: int,
    clip_norm: float,
    beta: float,
    mu: float,
    kl_every: int,
    kl_estimator: str,
    lora: dict | None,
    compute: dict,
    seed: int,
) -> None:
    """sft: θ_sft; the KL to it is recorded. split: of the prompts. reward: sources of rewards, each with its `weight`;
    a reward of weight 0 is recorded but not trained on. steps, warmup_steps: batches of completions, on each of which
    PPO's optimiser takes several steps. ppo: settings of PPO, {} for other algorithms. moving_average: the anchor at
    the end. checkpoint_average: `lib.policies.anchors.CheckpointAverage`. Both are of policies without LoRA.
    """
    machine = Compute.of(compute)
    policy, tokens = learner(start, lora, seed, machine), tokenizer(start)
    trainer_class, config_of, own = by_algorithm(algorithm, ppo)
    epochs = ppo.get("epochs", 1)
    config = config_of(
        max_steps=steps * epochs,
        num_generations=completions_per_prompt,
        max_completion_length=max_new_tokens,
        temperature=temperature,
        learning_rate=learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=warmup_steps * epochs,
        max_grad_norm=clip_norm,
        beta=beta,
        seed=seed,
        logging_steps=1,
        **(
            shared(machine, lora is not None, prompts_per_step * completions_per_prompt, parts)
            | resumable(checkpoints, epochs)
        ),
    )
    reference = language_model(anchor, machine)
    asked = conversations(snippets)
    rewards = {load(name, source, machine, asked): source["weight"] for name, source in reward.items()}
    trainer = trainer_class(
        policy,
        reference,
        rewards,
        tokens,
        config,
        mu=mu,
        sft=reference if sft == anchor and not mu else language_model(sft, machine),
        kl_every=kl_every,
        kl_estimator=kl_estimator,
        train_dataset=Dataset.from_pandas(prompts(snippets, split, prompt_words, left_out)[["prompt"]]),
        **own,
    )
    reward_means = {f"rewards/{name}/mean": name for name in reward}
    print_progress(
        trainer, {"reward": "reward"} | reward_means | {"kl": "KL to the anchor per token", "entropy": "entropy"}
    )
    averages = {}
    if moving_average is not None:
        averages[moving_average] = dict(trainer.ref_model.named_parameters())
    if checkpoint_average is not None:
        average = CheckpointAverage(policy, config.max_steps)
        trainer.save_beside(average)
        averages[checkpoint_average] = average.tensors
    train_from_last(trainer, checkpoints)
    save(policy, tokens, start, model)
    for folder, weights in averages.items():
        set_weights(policy, weights)
        save(policy, tokens, start, folder)
    batches = [entry for entry in trainer.state.log_history if "reward" in entry]
    steps_taken = [{"step": i} | at_step(entry, list(reward)) for i, entry in enumerate(batches, 1)]
    kls = [entry["kl"] for entry in steps_taken if entry["kl"] is not None]
    for doubt in doubts(batches, {name: source["weight"] for name, source in reward.items()}, kls):
        print(f"warning: {doubt}")
    units = {
        "kl_to_anchor": f"{trainer_class.kl_name}, nats per completion",
        "kl": f"{kl_estimator} to θ_sft, nats per completion",
        "tokens": "mean number per completion, with the end-of-text token",
    }
    history.write_text(json.dumps(units | {"history": steps_taken}) + "\n")


def by_algorithm(name: str, ppo: dict[str, float]) -> tuple[type, Callable, dict[str, float]]:
    """The trainer, its configuration class with the algorithm's settings, and the trainer's own arguments."""
    if name == "ppo":
        config = partial(GRPOConfig, num_iterations=ppo["epochs"], epsilon=ppo["clip"])
        return PPO, config, {key: ppo[key] for key in ("gae_lambda", "value_coefficient")}
    if name in ("grpo", "gdpo"):
        rewards = {"multi_objective_aggregation": "normalize_then_sum"} if name == "gdpo" else {}
        return GRPO, partial(GRPOConfig, loss_type="grpo", use_bias_correction_kl=True, **rewards), {}
    return RLOO, RLOOConfig, {}


def at_step(log: dict[str, float], rewards: list[str]) -> dict[str, float | None]:
    """Mean KL to the anchor and to θ_sft, number of tokens and rewards, over the completions of one step."""
    means = {name: log[f"rewards/{name}/mean"] for name in rewards}
    kl = {"kl_to_anchor": kl_per_completion(log), "kl": log.get("kl_to_sft")}
    return kl | {"tokens": log["completions/mean_length"]} | means


if __name__ == "__main__":
    run(train_policy)
