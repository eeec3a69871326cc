"""What the claim on methods together rests on: the evidence, and tables of all points and of the comparisons."""

from pathlib import Path
from typing import Any

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence, by_seed
from lib.papers.together.claims import tables
from lib.statistics.scores import ALONGSIDE, Scores


def compute_tables(
    scores: list[Path],
    evidence: Output,
    front: Output,
    comparisons: Output,
    *,
    seeds: list[int],
    compared: dict[str, Any],
) -> None:
    """scores: a file per seed. compared: the settings of the evidence (`lib.papers.together.claims`)."""
    found = by_seed(scores, seeds)
    told = [column for column in dict.fromkeys([*compared["units"], *ALONGSIDE]) if column in found[seeds[0]]]
    Evidence(compared, {"held out": Scores.of(found, told)}).write(evidence)
    outputs = {"front": front, "comparisons": comparisons}
    for name, table in tables(Evidence.read(evidence)).items():
        table.to_csv(outputs[name], index=False)


if __name__ == "__main__":
    run(compute_tables)
