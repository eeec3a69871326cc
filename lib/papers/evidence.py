"""What a paper's claims, tables and figures are made from: small tables, a row for each seed.

The evidence of an experiment's parts, such as seeds that were run on several machines, adds up to one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lib.statistics.scores import Scores

DIGITS = "%.6g"
SCORES = "scores_"  # how the names of files with scores begin


@dataclass(frozen=True)
class Evidence:
    """settings: what was compared, such as rewards, weights and β, equal in all parts. scores: by kind of prompts.
    tables: all else, each with a column `seed`.
    """

    settings: dict[str, Any]
    scores: dict[str, Scores]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def seeds(self) -> list[int]:
        """The seeds of RL."""
        return next(iter(self.scores.values())).seeds

    @property
    def margin(self) -> float:
        """The difference in reward that would matter (`evaluation.margin`)."""
        return self.settings["margin"]

    def write(self, folder: Path) -> None:
        """Writes settings.json, and a CSV file for each of the scores and tables, with six digits."""
        folder.mkdir(parents=True)
        (folder / "settings.json").write_text(json.dumps(self.settings, indent=1, ensure_ascii=False) + "\n")
        scores = {f"{SCORES}{name}": found.table() for name, found in self.scores.items()}
        for name, table in (scores | self.tables).items():
            table.to_csv(folder / f"{name.replace(' ', '_')}.csv", index=False, float_format=DIGITS)

    @classmethod
    def read(cls, folder: Path) -> "Evidence":
        """What `write` wrote."""
        settings = json.loads((folder / "settings.json").read_text())
        found = {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}
        scores = {
            name.removeprefix(SCORES).replace("_", " "): Scores.read(table)
            for name, table in found.items()
            if name.startswith(SCORES)
        }
        return cls(settings, scores, {name: table for name, table in found.items() if not name.startswith(SCORES)})

    @classmethod
    def together(cls, parts: Mapping[str, "Evidence"]) -> "Evidence":
        """The evidence of several parts, by name, as one. Raises ValueError where they do not fit together."""
        first, *others = parts.values()
        if not others:
            return first
        for name, part in parts.items():
            if part.settings != first.settings:
                keys = sorted(first.settings.keys() | part.settings.keys())
                differ = [key for key in keys if part.settings.get(key) != first.settings.get(key)]
                raise ValueError(f"{name}: other settings than in {next(iter(parts))}: {', '.join(differ)}")
        seeds = [seed for part in parts.values() for seed in part.seeds]
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"a seed is in more than one of {', '.join(parts)}: {sorted(seeds)}")
        scores = {
            name: Scores.read(pd.concat([part.scores[name].table() for part in parts.values()]))
            for name in first.scores
        }
        tables = {name: pd.concat([part.tables[name] for part in parts.values()]) for name in first.tables}
        return cls(first.settings, scores, tables)


def by_seed(files: Sequence[Path], seeds: Sequence[int]) -> dict[int, pd.DataFrame]:
    """Tables of scores, a file per seed."""
    return {seed: pd.read_csv(path) for seed, path in zip(seeds, files, strict=True)}
