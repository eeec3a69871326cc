"""Average the weights of several proxies into one reward model (WARM, arXiv 2401.12187)."""

import json
from pathlib import Path

from lib.data.human_labels import Label
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import tokenizer
from lib.reward_models.classifiers import save_classifier
from lib.reward_models.held_out_pairs import judged, pairs_of
from lib.reward_models.weight_average import average


def write_average(
    proxies: list[Path],
    preferences: Path,
    snippets: Path,
    model: Output,
    report: Output,
    held_out: Output,
    *,
    label: Label | None,
    flipped: float,
    compute: dict,
) -> None:
    """Its report and held_out are those of `scripts.proxy`."""
    tokens = tokenizer(proxies[0])
    classifier = average(proxies, Compute.of(compute))
    margins, findings = judged(classifier, tokens, pairs_of(preferences, "validation"), snippets, label, flipped)
    margins.to_csv(held_out, index=False)
    report.write_text(json.dumps(findings, indent=2) + "\n")
    save_classifier(classifier, model)
    tokens.save_pretrained(model)


if __name__ == "__main__":
    run(write_average)
