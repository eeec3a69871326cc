"""What is said at the end of a run: where the page is, what became of the claims, and what to do next."""

import csv
from collections import Counter
from collections.abc import Container
from pathlib import Path

from lib.graph.experiment import Experiment
from lib.graph.modality import modality_of

PAGE = "front.html"


def ending(experiment: Experiment, made: Container[str]) -> str:
    """made: the results that were asked for and what they are made from. Nothing if the page is not among them."""
    results = Path(experiment.results)
    if f"{results}/{PAGE}" not in made:
        return ""
    lines = [f"page: {results}/{PAGE}, to open in a browser", *claims(results / "claims.csv")]
    if experiment.has("rewarded_soups"):
        first, second = experiment.value("rewarded_soups.rewards")
        named = f" EXPERIMENT={Path(experiment.file).parent.name}" if experiment.option else ""
        model = " EXPORT=models/mine" if "export" in modality_of(experiment.config).commands else ""
        lines.append(f'next: make choose{named} WHERE="{first} >= 0" BEST={second}{model}')
    return "".join(f"{line}\n" for line in lines)


def claims(table: Path) -> list[str]:
    """How many claims have which verdict."""
    with table.open(encoding="utf-8", newline="") as file:
        verdicts = Counter(row["verdict"] for row in csv.DictReader(file) if row["primary"] == "True")
    counted = ", ".join(f"{number} × {verdict}" for verdict, number in verdicts.most_common())
    return [f"claims: {counted} ({table.with_suffix('.md')})"] if counted else []
