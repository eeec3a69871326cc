"""The works of `benchmarks.work.by_jobs` as loops written by hand, with nothing around them."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, mse_loss
from transformers import PreTrainedModel
from transformers.trainer_pt_utils import get_length_grouped_indices

from benchmarks.work.experiment import Experiment
from benchmarks.work.watch import Watch
from lib.machine.on_cpu import next_token_log_probs
from lib.models.loading import language_model, learner
from lib.policies.log_probabilities import Tokens, pad_left
from lib.policies.sampling import sample
from lib.reward_models.classifiers import new_classifier


def trained(model: PreTrainedModel, losses: Iterable[Callable[[], Tensor]], watch: Watch) -> None:
    """Takes a step for each loss."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-4, weight_decay=0.0, fused=True)
    model.train()
    with watch:
        for loss in losses:
            loss().backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            watch.steps += 1


def by_length(rows: Sequence, size: int) -> list[Sequence]:
    """Batches of rows of about equal length, as transformers makes them."""
    order = get_length_grouped_indices([len(row[0]) for row in rows], size)
    return [[rows[i] for i in order[start : start + size]] for start in range(0, len(order), size)]


def sft(experiment: Experiment, watch: Watch) -> None:
    """The likelihood of completions."""
    model, tokens = learner(experiment.base, experiment.params["lora"], 0, experiment.machine), experiment.tokens
    chosen = experiment.texts[: experiment.steps * experiment.params["sft"]["batch_size"]]
    begun = tokens(list(chosen["prompt"]))["input_ids"]
    whole = tokens(list(chosen["prompt"] + chosen["completion"] + tokens.eos_token))["input_ids"]
    rows = [(text, len(text) - len(prompt)) for prompt, text in zip(begun, whole)]

    def loss(batch: Sequence[tuple[Tokens, int]]) -> Tensor:
        ids, mask = pad_left([text for text, _ in batch], tokens.pad_token_id, model.device)
        rest = torch.tensor([count for _, count in batch], device=model.device)
        counted = torch.arange(ids.size(1), 0, -1, device=model.device) <= rest[:, None]
        return model(input_ids=ids, attention_mask=mask, labels=ids.where(counted, -100), use_cache=False).loss

    batches = by_length(rows, experiment.params["sft"]["batch_size"])
    trained(model, [lambda batch=batch: loss(batch) for batch in batches], watch)


def labels(experiment: Experiment, watch: Watch) -> None:
    """Least squares on ratings."""
    model = new_classifier(experiment.base, experiment.params["lora"], experiment.machine, num_labels=1)
    size = experiment.params["reward_model"]["batch_size"]
    chosen = experiment.texts[: experiment.steps * size]
    rows = list(zip(experiment.tokens(list(chosen["text"]))["input_ids"], chosen["rating"]))

    def loss(batch: Sequence[tuple[Tokens, float]]) -> Tensor:
        ids, mask = pad_left([text for text, _ in batch], experiment.tokens.pad_token_id, model.device)
        ratings = torch.tensor([rating for _, rating in batch], dtype=torch.float32, device=model.device)
        return mse_loss(model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, 0].float(), ratings)

    trained(model, [lambda batch=batch: loss(batch) for batch in by_length(rows, size)], watch)


def pairs(experiment: Experiment, watch: Watch) -> None:
    """The likelihood of preferences, of pairs in random order."""
    model = new_classifier(experiment.base, experiment.params["lora"], experiment.machine, num_labels=1)
    size = experiment.params["reward_ensembles"]["batch_size"]
    chosen, rejected = (experiment.tokens(texts)["input_ids"] for texts in experiment.pairs())

    def loss(start: int) -> Tensor:
        both = [*chosen[start : start + size], *rejected[start : start + size]]
        ids, mask = pad_left(both, experiment.tokens.pad_token_id, model.device)
        better, worse = model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float().chunk(2)
        return -logsigmoid(better - worse).mean()

    trained(model, [lambda start=start: loss(start) for start in range(0, len(chosen), size)], watch)


def rl(experiment: Experiment, watch: Watch) -> None:
    """RLOO, whose log-probabilities are computed once, and without the record of the KL to θ_sft."""
    policy, reward, machine = experiment.params["policy"], experiment.reward, experiment.machine
    start, copies = experiment.policies[0], policy["completions_per_prompt"]
    model, anchor = learner(start, experiment.params["lora"], 0, machine), language_model(start, machine)
    temperature, pad = policy["temperature"], experiment.tokens.pad_token_id

    def loss(prompts: list[str]) -> Tensor:
        begun = [ids for ids in experiment.tokens(prompts)["input_ids"] for _ in range(copies)]
        model.eval()
        drawn = sample([model], [1.0], begun, max_new_tokens=policy["max_new_tokens"], temperature=temperature)
        model.train()
        asked = [prompt for prompt in prompts for _ in range(copies)]
        rewards = torch.tensor(reward(asked, experiment.tokens.batch_decode(drawn, skip_special_tokens=True)))
        length = max(map(len, drawn))
        ids, mask = pad_left(begun, pad, model.device)
        rest = torch.tensor([row + [pad] * (length - len(row)) for row in drawn], device=model.device)
        counted = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in drawn], device=model.device)
        whole = torch.cat([ids, rest], 1), torch.cat([mask, counted], 1), length, temperature
        drawn_tokens = rest.unsqueeze(-1)
        with torch.no_grad():
            of_anchor = next_token_log_probs(anchor, *whole).gather(-1, drawn_tokens).squeeze(-1)
        logs = next_token_log_probs(model, *whole).gather(-1, drawn_tokens).squeeze(-1)
        kl = ((logs.detach() - of_anchor) * counted).sum(1)
        penalised = (rewards.to(kl.device) - policy["beta"] * kl).view(-1, copies)
        advantages = (penalised - penalised.mean(1, keepdim=True)) * copies / (copies - 1)
        return -(advantages.flatten() * (logs * counted).sum(1)).mean()

    chosen, size = list(experiment.texts["prompt"]), policy["prompts_per_step"]
    starts = range(0, experiment.steps_of_rl * size, size)
    trained(model, [lambda start=start: loss(chosen[start : start + size]) for start in starts], watch)
