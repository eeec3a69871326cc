"""What is recorded of an experiment in git beside dvc.lock: small tables, from which documents are made again.

A recorded part lies in experiments/NAME/recorded/PART: part.json says of which commit, seeds and kind of machine it is;
`shared` has the reports of the base model, SFT and rewards; a folder for each paper has its evidence.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.papers.evidence import Evidence

PLACE = "experiments/{}/recorded"
SHARED = ["claims.csv", "data/snippets.json", "base.json", "sft/*.json", "reward/*.json", "gold.json"]
MOST_BYTES = 12_000_000  # of all parts of an experiment: git keeps every version, in about a quarter of that


@dataclass(frozen=True)
class Part:
    """A recorded part. about: experiment, commit, seeds, machine."""

    folder: Path
    about: dict[str, Any]

    @property
    def papers(self) -> list[str]:
        """The papers whose evidence it has."""
        return sorted(path.parent.name for path in self.folder.glob("*/settings.json"))


def record(results: Path, experiment: str, commit: str, seeds: list[int], place: Path) -> Part:
    """Copies what is small and says all: evidence, samples, and reports of what the papers share.

    results: of a finished run. Of two studies of a paper the larger is taken. Raises ValueError where there is none.
    """
    found = {folder: evidence_in(folder) for folder in sorted(results.iterdir()) if evidence_in(folder)}
    if not found:
        raise ValueError(f"{results}: there is no evidence of any paper; run the experiment first")
    partial = place.with_name(f"{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for paper, evidence in found.items():
        shutil.copytree(evidence, partial / paper.name, ignore=shutil.ignore_patterns(".snakemake_timestamp"))
        for samples in paper.glob("samples*.csv"):
            (partial / "shared" / paper.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(samples, partial / "shared" / paper.name)
    for pattern in SHARED:
        for path in sorted(results.glob(pattern)):
            copy = partial / "shared" / path.relative_to(results)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    about = {"experiment": experiment, "commit": commit, "seeds": seeds, "machine": machine()}
    (partial / "part.json").write_text(json.dumps(about, indent=1) + "\n")
    shutil.rmtree(place, ignore_errors=True)
    partial.replace(place)
    return Part(place, about)


def evidence_in(paper: Path) -> Path | None:
    """The evidence of a paper: of its larger study where there are two and both were run."""
    places = (paper / "more/evidence", paper / "main/evidence", paper / "evidence")
    return next((place for place in places if (place / "settings.json").exists()), None)


def parts_of(root: Path, experiment: str, paper: str) -> dict[str, Part]:
    """The recorded parts of an experiment that have a paper, by name. root: of the repository."""
    files = sorted((root / PLACE.format(experiment)).glob("*/part.json"))
    parts = {file.parent.name: Part(file.parent, json.loads(file.read_text())) for file in files}
    return {name: part for name, part in parts.items() if paper in part.papers}


def evidence_of(parts: Mapping[str, Part], paper: str) -> Evidence:
    """A paper's evidence of all these parts as one."""
    return Evidence.together({name: Evidence.read(part.folder / paper) for name, part in parts.items()})


def machine() -> str:
    """The kind of machine, as far as it decides about the last bits of a sum."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    units = [name for name in ("avx2", "avx512f", "amx_bf16") if re.search(rf"\b{name}\b", text)]
    name = model[1] if model else "unknown processor"
    return f"{name}, {os.cpu_count()} cores ({', '.join(units) or 'no vector units'})"
