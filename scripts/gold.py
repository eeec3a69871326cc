"""Fit the gold reward on human labels: the judge that nothing is trained on (Scalable Ensembling; Coste et al.).

It is in standard deviations of its label over the training texts, as the reward models are.
"""

import json
from pathlib import Path

from lib.agreement import agreement
from lib.gold import GoldReward
from scripts.command_line import Output, run
from scripts.reading import labelled
from scripts.reading import snippets as read_snippets


def fit_gold(snippets: Path, model: Output, report: Output, *, label: str | dict[str, float], penalty: float) -> None:
    train, held_out = (labelled(read_snippets(snippets, split), label) for split in ("train", "validation"))
    standardised = (train["label"] - train["label"].mean()) / train["label"].std()
    gold = GoldReward.fit(list(train["text"]), list(standardised), penalty)
    gold.save(model)
    findings = agreement(gold.score(list(held_out["text"])), list(held_out["label"])) | {
        "texts": {"train": len(train), "validation": len(held_out)}
    }
    print(f"{len(gold.vocabulary)} words and pairs; agreement with the labels of the validation split: {findings}")
    report.write_text(json.dumps(findings, indent=2) + "\n")


if __name__ == "__main__":
    run(fit_gold)
