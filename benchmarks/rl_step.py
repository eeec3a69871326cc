"""One step of RL on a CPU, side by side: TRL's RLOO by default, this project's, and a loop written by hand.

    python -m benchmarks.rl_step --model results/smollm2/base

64 completions, 16 prompts of 8 tokens with 4 of 24 tokens each, LoRA of rank 16 on q, k, v, o over a model in bfloat16,
or in float32 if the CPU has no units for bfloat16. The reference is the start, the reward is the share of different
tokens. The three run in turns; the first step of each is not counted. This project's trainer and the loop draw the same
random numbers. In float32, where rounding takes long to lead to other tokens, their rewards and KL are compared step by
step.
"""

import argparse
import contextlib
import io
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast
from trl import RLOOConfig, RLOOTrainer

from lib.machine.compute import CPU, Compute
from lib.models.loading import frozen_base, tokenizer
from lib.models.lora_in_memory import sharing, trainable
from lib.policies.sampling import sample
from lib.policies.trainers import RLOO
from lib.reward_models.loading import Reward
from lib.training.settings import shared

PROMPTS, COMPLETIONS, PROMPT, LENGTH = 16, 4, 8, 24
LORA = {"rank": 16, "alpha": 16, "modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}
BETA, LEARNING_RATE, TEMPERATURE = 0.05, 1e-4, 1.0
FAST, PRECISE = Compute.of({"device": "cpu", "precision": "auto"}), CPU
BY_TRL = {  # needed to run on a CPU, and to log less
    "per_device_train_batch_size": PROMPTS * COMPLETIONS,
    "use_cpu": True,
    "bf16": FAST.dtype == torch.bfloat16,
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
}


class Timed:
    """A trainer that records the time of each step, and samples completions with the step's number as the seed."""

    def _generate_single_turn(self, prompt_ids, *args, **kwargs):
        torch.manual_seed(self.state.global_step)
        self.step_prompts = prompt_ids
        return super()._generate_single_turn(prompt_ids, *args, **kwargs)

    def training_step(self, *args, **kwargs):
        """Times it."""
        started = time.perf_counter()
        loss = super().training_step(*args, **kwargs)
        self.timings.append({"seconds": time.perf_counter() - started, "prompts": self.step_prompts})
        return loss


class TimedTRL(Timed, RLOOTrainer):
    """TRL's trainer."""


class TimedRLOO(Timed, RLOO):
    """This project's trainer."""


def config(folder: str, steps: int, **own) -> RLOOConfig:
    """Settings that both trainers share."""
    return RLOOConfig(
        output_dir=folder,
        max_steps=steps,
        num_generations=COMPLETIONS,
        max_completion_length=LENGTH,
        temperature=TEMPERATURE,
        beta=BETA,
        learning_rate=LEARNING_RATE,
        lr_scheduler_type="constant_with_warmup",
        logging_steps=1,
        **own,
    )


def finished(trainer) -> list[dict]:
    """Seconds, prompts, reward and KL of each step of a trainer."""
    trainer.timings = []
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.train()
    logs = [entry for entry in trainer.state.log_history if "reward" in entry]
    return [
        step | {"reward": log["reward"], "kl": log["kl"] * log["completions/mean_length"]}
        for step, log in zip(trainer.timings, logs, strict=True)
    ]


def by_trl(model: Path, tokens: PreTrainedTokenizerFast, texts: list[str], steps: int) -> list[dict]:
    """TRL's RLOO with its defaults, except for what it needs to run on a CPU."""

    def reward(completion_ids, **_) -> list[float]:
        return [different(ids) for ids in completion_ids]

    lora = LoraConfig(r=LORA["rank"], lora_alpha=LORA["alpha"], target_modules=LORA["modules"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = TimedTRL(
            model=AutoModelForCausalLM.from_pretrained(model, dtype=FAST.dtype),
            reward_funcs=reward,
            args=config(folder, steps, **BY_TRL),
            train_dataset=Dataset.from_dict({"prompt": texts}),
            processing_class=tokens,
            peft_config=lora,
        )
        return finished(trainer)


def by_project(
    model: Path, tokens: PreTrainedTokenizerFast, texts: list[str], steps: int, compute: Compute
) -> list[dict]:
    """This project's RLOO."""
    base = frozen_base(model, compute)
    reward = Reward("different", lambda _, completions: [different(tokens(text)["input_ids"]) for text in completions])
    with tempfile.TemporaryDirectory() as folder:
        trainer = TimedRLOO(
            trainable(sharing(base), LORA, seed=0),
            trainable(sharing(base), LORA, seed=0),
            {reward: 1.0},
            tokens,
            config(folder, steps, **shared(compute, lora=True, batch=PROMPTS * COMPLETIONS)),
            train_dataset=Dataset.from_dict({"prompt": texts}),
        )
        return finished(trainer)


def by_hand(
    model: Path, tokens: PreTrainedTokenizerFast, prompts: list[list[list[int]]], compute: Compute
) -> list[dict]:
    """The same algorithm with nothing around it, for the prompts of each step."""
    policy = trainable(sharing(frozen_base(model, compute)), LORA, seed=0)
    optimizer = torch.optim.AdamW(
        [p for p in policy.parameters() if p.requires_grad], lr=LEARNING_RATE, weight_decay=0.0
    )
    records = []
    for step, prompt_ids in enumerate(prompts):
        started = time.perf_counter()
        torch.manual_seed(step)
        policy.eval()
        drawn = sample([policy], [1.0], prompt_ids, max_new_tokens=LENGTH, temperature=TEMPERATURE)
        texts = tokens.batch_decode(drawn, skip_special_tokens=True)
        rewards = torch.tensor([different(tokens(text)["input_ids"]) for text in texts])
        with torch.no_grad(), policy.disable_adapter():
            reference_logs, mask = log_probabilities(policy, prompt_ids, drawn, tokens.pad_token_id)
        policy.train()
        policy_logs, _ = log_probabilities(policy, prompt_ids, drawn, tokens.pad_token_id)
        kl = ((policy_logs.detach() - reference_logs) * mask).sum(1)
        penalised = (rewards - BETA * kl).view(-1, COMPLETIONS)
        advantages = (penalised - penalised.mean(1, keepdim=True)) * COMPLETIONS / (COMPLETIONS - 1)
        loss = -(advantages.flatten() * (policy_logs * mask).sum(1)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        elapsed = time.perf_counter() - started
        records.append({"seconds": elapsed, "reward": rewards.mean().item(), "kl": kl.mean().item()})
    return records


def log_probabilities(
    policy: PreTrainedModel | PeftModel, prompts: list[list[int]], drawn: list[list[int]], pad: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """log π of each token of the completions, and the mask of their tokens. All prompts have the same length."""
    length = max(map(len, drawn))
    ids = torch.tensor([[*prompt, *row, *[pad] * (length - len(row))] for prompt, row in zip(prompts, drawn)])
    mask = torch.tensor([[1.0] * len(row) + [0.0] * (length - len(row)) for row in drawn])
    logits = policy(input_ids=ids, logits_to_keep=length + 1, use_cache=False).logits[:, :-1].float() / TEMPERATURE
    return torch.log_softmax(logits, -1).gather(-1, ids[:, -length:].unsqueeze(-1)).squeeze(-1), mask


def different(ids: list[int]) -> float:
    """The number of different tokens, as a share of a completion's largest length."""
    return len(set(ids)) / LENGTH


def prompts_of(tokens: PreTrainedTokenizerFast) -> list[str]:
    """Texts of exactly PROMPT tokens."""
    openings = ["The", "A", "One", "Her", "His", "This", "That", "Our"]
    nouns = ["film", "book", "city", "plan", "song", "team", "phone", "story"]
    texts = [f"{opening} {noun} was one of the very best" for opening in openings for noun in nouns]
    fitting = [text for text in texts if len(tokens(text)["input_ids"]) == PROMPT]
    if len(fitting) < PROMPTS:
        raise ValueError(f"{len(fitting)} of the texts have {PROMPT} tokens, which is less than a batch")
    return fitting


def main() -> None:
    """Prints medians, their ratios, and rewards and KL of the trainer and the loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="directory of a language model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="of each in a round, the first of which is not counted")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tokens = tokenizer(arguments.model)
    texts = prompts_of(tokens)
    seconds: dict[str, list[float]] = {"TRL": [], "paretosoup": [], "by hand": []}
    for number in range(1, arguments.rounds + 1):
        ours = by_project(arguments.model, tokens, texts, arguments.steps, FAST)
        hand = by_hand(arguments.model, tokens, [step["prompts"] for step in ours], FAST)
        of_trl = by_trl(arguments.model, tokens, texts, arguments.steps)
        for name, steps in zip(seconds, (of_trl, ours, hand)):
            seconds[name] += [step["seconds"] for step in steps[1:]]
        so_far = ", ".join(f"{name} {np.median(times):.1f} s" for name, times in seconds.items())
        print(f"round {number}: {so_far}", flush=True)
    ours = by_project(arguments.model, tokens, texts, arguments.steps, PRECISE)
    hand = by_hand(arguments.model, tokens, [step["prompts"] for step in ours], PRECISE)
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    summary = {
        "seconds a step": medians,
        "paretosoup / TRL": medians["paretosoup"] / medians["TRL"],
        "paretosoup / by hand": medians["paretosoup"] / medians["by hand"],
        "in float32, step by step, paretosoup and by hand": {
            name: [[one[name], other[name]] for one, other in zip(ours, hand)] for name in ("reward", "kl")
        },
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
