"""Score points on held-out prompts: rewards, the gold reward among them, KL to θ_sft and to a point's own anchor.

A point is a combination of the given policies, in weight space (a soup, one policy as it is, or the
SLERP of two task vectors from θ_sft) or in logit space (the ensemble of their predictions).
Nothing merged is written to disk.
"""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd
from transformers import PreTrainedModel

from lib.merging import linear_soup, slerp
from lib.rewards import load
from lib.scores import score
from lib.weights import set_weights, weights
from scripts.command_line import Output, run
from scripts.reading import language_model, prompts, some_prompts, tokenizer

cached_model = cache(language_model)


def evaluate(
    policies: list[Path],
    reference: Path,
    snippets: Path,
    scores: Output,
    *,
    points: list[dict],
    reward: dict[str, dict],
    prompt_words: int,
    prompts_held_out: int,
    left_out: str,
    within: bool,
    max_new_tokens: int,
    temperature: float,
    kl_estimator: str,
    seed: int,
) -> None:
    """points: each has `method` and `mixture`, its name; `weights`, one per policy; `of`, "weights", "slerp" or
    "logits"; and, where it has an anchor, `anchor`, the weights of the soup of policies that this is.
    within: whether the prompts are of the domains that policies are trained on, or of the one that is left out.
    """
    tokens = tokenizer(reference)
    rewards = [load(name, source) for name, source in reward.items()]
    held_out = some_prompts(
        prompts(snippets, "test", prompt_words, left_out, within), prompts_held_out, "evaluation.prompts"
    )
    scratch, for_anchor = language_model(reference), language_model(reference)

    @cache
    def scored(of: str, weights: tuple[float, ...], anchor: tuple[float, ...] | None) -> pd.DataFrame:
        """Points that are the same policy, such as the ends of several fronts, are scored once."""
        models, coefficients = combine(of, weights, policies, cached_model(reference), scratch)
        references = {"kl": cached_model(reference)}
        if anchor is not None:
            [soup], _ = combine("weights", anchor, policies, cached_model(reference), for_anchor)
            references["kl_to_anchor"] = soup
        return score(
            models,
            coefficients,
            references=references,
            tokenizer=tokens,
            prompts=held_out,
            rewards=rewards,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            kl_estimator=kl_estimator,
            seed=seed,
        )

    tables = []
    for number, point in enumerate(points, 1):
        alone = max(point["weights"]) == 1
        anchor = tuple(point["anchor"]) if "anchor" in point else None
        table = scored("weights" if alone else point["of"], tuple(point["weights"]), anchor)
        name = {key: point[key] for key in ("method", "mixture")}
        tables.append(table.assign(**name, kl_estimator=kl_estimator))
        means = "  ".join(f"{column} {table[column].mean():.3f}" for column in [*reward, "kl"])
        print(f"{number}/{len(points)}  {name['method']} {name['mixture']}  {means}")
    write_scores(pd.concat(tables), scores)


def write_scores(table: pd.DataFrame, file: Path) -> None:
    """As CSV with all texts in quotes: a policy may write a carriage return, which ends a line where it has none."""
    table.to_csv(file, index=False, quoting=csv.QUOTE_NONNUMERIC)


def combine(
    of: str, by_policy: Sequence[float], policies: list[Path], reference: PreTrainedModel, scratch: PreTrainedModel
) -> tuple[list[PreTrainedModel], list[float]]:
    """The models whose logits are mixed, with their weights: one model, but for an ensemble."""
    present = [(cached_model(path), weight) for path, weight in zip(policies, by_policy) if weight > 0]
    models, coefficients = [model for model, _ in present], [weight for _, weight in present]
    if of == "logits":
        return models, coefficients
    tensors = [weights(model) for model in models]
    if of == "slerp":
        set_weights(scratch, slerp(weights(reference), tensors, coefficients[1:]))
    else:
        set_weights(scratch, linear_soup(tensors, coefficients))
    return [scratch], [1.0]


if __name__ == "__main__":
    run(evaluate)
