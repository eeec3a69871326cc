"""One page with all results: data, base model, rewards, and which of each paper's claims hold."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.register import PAPERS, report_of
from lib.reporting.claims import verdicts
from lib.reporting.page import Part
from lib.reporting.samples import one_line, samples_by_prompt
from lib.reporting.tables import as_table, basis

SHARED = """# What was found

{basis}

## Claims
[claims.md](claims.md) has the comparisons and their numbers.

{claims}

## Data
{data}

## Base model
{parameters:,} parameters, {bits:.3f} bits per byte on the validation split{trained}.
SFT: {sft}. What it writes when nothing is asked:

{samples}

## Rewards: agreement with human labels that they did not see
{agreement}

`gold` is the judge: no policy and no other reward of this table is trained on it."""

SIMULATED = """# What was found

{basis}

## Claims
[claims.md](claims.md) has the comparisons and their numbers.

{claims}

## The start of all policies
θ_pre moves a robot: {parameters:,} parameters, {steps:,} steps of the simulation. At the end of its training it had
{gained} along an episode. Where a paper says θ_sft, it is this policy."""

SAMPLES = """### Samples at equal KL
What policies write to the first held-out prompts, at about the same KL to θ_sft: read it before you believe a reward.

{samples}"""


def write_report(
    claims: Path,
    samples: list[Path],
    data: Path | None,
    base: Path,
    sft: list[Path],
    agreement: list[Path],
    report: Output,
    metrics: Output,
    *,
    files: KeyedFiles,
    values: dict[str, dict[str, Any]],
    seeds: list[int],
    prompts: int,
) -> None:
    """samples: each in the folder of its paper. files: by part, the results that it reports. values: by part, the
    parameters that it shows, by key. data: None where policies move a robot.
    """
    written = {path.parent.name: path for path in samples}
    about, said = basis(len(seeds), prompts), verdicts(pd.read_csv(claims))
    parts = [on_robot(about, said, base) if data is None else on_texts(about, said, data, base, sft, agreement)]
    for name in ["preferences", *PAPERS, "factor_average"]:
        parts += [part_of(name, files[name], values[name])] if name in files else []
        parts += [Part(SAMPLES.format(samples=samples_by_prompt(written[name])), {})] if name in written else []
    report.write_text("\n\n".join(part.text for part in parts) + "\n")
    main_numbers = {name: number for part in parts for name, number in part.numbers.items()}
    metrics.write_text(json.dumps(main_numbers, indent=2, ensure_ascii=False) + "\n")


def on_robot(about: str, claims: str, base: Path) -> Part:
    """What all papers share where policies move a robot."""
    model = json.loads(base.read_text())
    gained = " and ".join(f"{value:.0f} {name}" for name, value in model["reward"].items())
    sizes = {"parameters": model["parameters"], "steps": model["steps of the simulation"]}
    text = SIMULATED.format(basis=about, claims=claims, gained=gained, **sizes)
    return Part(text, {"reward of θ_pre": model["reward"]})


def on_texts(about: str, claims: str, data: Path, base: Path, sft: list[Path], agreement: list[Path]) -> Part:
    """What all papers share where policies write."""
    model = json.loads(base.read_text())
    rewards = [{"reward": path.stem} | json.loads(path.read_text()) for path in agreement]
    bits = [json.loads(path.read_text())["bits per byte, validation"] for path in sft]
    shared = SHARED.format(
        basis=about,
        claims=claims,
        data=", ".join(f"{key}: {count:,}" for key, count in json.loads(data.read_text()).items()) + ".",
        parameters=model["parameters"],
        trained=f" after {model['training tokens']:,} tokens" if "training tokens" in model else "",
        bits=model["bits per byte, validation"],
        sft=", ".join(f"θ_sft{i} {value:.3f}" for i, value in enumerate(bits, 1)) + " bits per byte",
        samples="\n\n".join(f"> {one_line(sample)}" for sample in model["samples"]),
        agreement=as_table(pd.DataFrame(rewards).drop(columns="texts", errors="ignore")) or "None has labels.",
    )
    numbers = {
        "bits per byte": model["bits per byte, validation"],
        "agreement": {row["reward"]: row["value"] for row in rewards},
    }
    return Part(shared, numbers)


def part_of(name: str, files: dict[str, Any], values: dict[str, Any]) -> Part:
    """A paper's part, or the part on rewards from preferences or on averages of LoRA factors."""
    if name in ("preferences", "factor_average"):
        from lib.reporting import factor_average, preferences

        return {"preferences": preferences, "factor_average": factor_average}[name].part(files)
    return report_of(name).part(files, **{key.rpartition(".")[2]: value for key, value in values.items()})


if __name__ == "__main__":
    run(write_report)
