"""Score points on held-out prompts: rewards, the gold reward among them, KL to θ_sft and to a point's own anchor.

Beside them, length, different words, and how likely the held-out texts are tell what else has changed.

A point is a combination of the given policies, in weight space (a merge of `lib.merging`, of policies that started
from θ_sft) or in logit space (MOD). Nothing merged is written to disk.
"""

from pathlib import Path

import pandas as pd

from lib.data.chat import conversations
from lib.data.prompts import prompts, some_prompts
from lib.evaluation.full_policies import FullPolicies
from lib.evaluation.points import Point, as_point, rows_of, write_scores
from lib.evaluation.scores import score
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import language_model, tokenizer
from lib.models.lora_on_disk import is_adapter
from lib.reward_models.loading import load


def evaluate(
    policies: list[Path],
    sft: Path,
    snippets: Path,
    scores: Output,
    *,
    points: list[dict],
    reward: dict[str, dict],
    split: str,
    prompt_words: int | None,
    prompts_held_out: int,
    left_out: str | None,
    within: bool,
    max_new_tokens: int,
    temperature: float,
    kl_estimator: str,
    at_once: int,
    compute: dict,
    seed: int,
) -> None:
    """points: each has `method` and `mixture`, its name; `weights`, one per policy; `merge`, the name of the merge, or
    "logits"; and, where it has an anchor, `anchor`, the weights of the soup of policies that this is.
    split: of the prompts: test, or validation for what is chosen before it is judged.
    within: whether the prompts are of the domains that policies are trained on, or of the one that is left out, of
    which all are taken where there are fewer than `prompts_held_out`.
    """
    machine, tokens = Compute.of(compute), tokenizer(sft)
    asked = conversations(snippets)
    rewards = [load(name, source, machine, asked) for name, source in reward.items()]
    held_out = prompts(snippets, split, prompt_words, left_out, within)
    count = prompts_held_out if within else min(prompts_held_out, len(held_out))
    chosen, rests = some_prompts(held_out, count, "evaluation.prompts")
    wanted = dict.fromkeys(as_point(**point) for point in points)
    scored: dict[Point, pd.DataFrame] = {}
    all_policies = kind_of(sft)(policies, sft, lambda path: language_model(path, machine))
    for group, combined, references in all_policies.combinations(wanted):
        tables = score(
            combined,
            references=references,
            tokenizer=tokens,
            prompts=chosen,
            rests=rests,
            rewards=rewards,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            kl_estimator=kl_estimator,
            seed=seed,
            at_once=at_once,
        )
        scored |= dict(zip(group, tables))
        print(f"{len(scored)}/{len(wanted)} combinations scored")
    write_scores(rows_of(points, scored, [*reward, "kl"], kl_estimator), scores)


def kind_of(policy: Path) -> type:
    """How policies like this one are combined."""
    if is_adapter(policy):
        from lib.evaluation.lora_policies import (
            LoraPolicies,  # PEFT takes 3 s to import, which other policies need not wait for
        )

        return LoraPolicies
    return FullPolicies


if __name__ == "__main__":
    run(evaluate)
