"""Fit the gold reward on human labels: the judge of policies (Scalable Ensembling; Coste et al.).

Its unit is a standard deviation of the label over the training texts, as for the reward models.
"""

from pathlib import Path

from lib.data.human_labels import Label, labelled
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.reward_models.agreement import report_agreement
from lib.reward_models.gold import GoldReward


def fit_gold(snippets: Path, model: Output, report: Output, *, label: Label, penalty: float) -> None:
    train, held_out = (labelled(snippets, split, label) for split in ("train", "validation"))
    gold = GoldReward.fit(list(train["text"]), list(train["standardised"]), penalty)
    gold.save(model)
    print(", ".join(f"{len(vocabulary)} {part}" for part, vocabulary in gold.vocabularies.items()))
    report_agreement(report, gold.score, train, held_out)


if __name__ == "__main__":
    run(fit_gold)
