"""How well a reward from people's preferences tells held-out pairs apart, and how well it is calibrated."""

import json
from pathlib import Path

import pandas as pd

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.reporting.preferences import percent, verdict
from lib.reward_models.preference_findings import held_out_findings


def write_findings(
    pairs: Path,
    reports: list[Path],
    held_out: list[Path],
    findings: Output,
    *,
    ensemble: str,
    aggregate: str,
    coefficient: float,
) -> None:
    """pairs: the report on the pairs. reports, held_out: of each model. ensemble: the reward's members, in words."""
    models = [json.loads(path.read_text()) for path in reports]
    tables = [pd.read_csv(path) for path in held_out]
    found = held_out_findings(tables, models, aggregate, coefficient)
    found |= {"pairs": json.loads(pairs.read_text()), "too long": models[0]["too long"], "members": ensemble}
    print(
        f"it agrees with people in {percent(found['accuracy'])} of {found['held-out pairs']} held-out pairs:"
        f" {verdict(found['accuracy'])}"
    )
    findings.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    run(write_findings)
