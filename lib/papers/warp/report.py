"""The part of the report on WARP."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table

TEXT = """## WARP (arXiv 2406.16768)
![The plane of KL and reward](warp/figures/plane.png)

### W-1: a moving anchor against one fixed at θ_sft
Along training, moving anchor minus fixed, per β: hypervolume in the plane of reward and KL, and the best reward up to
the largest KL that both have come to. Both are trained for as many steps as an iteration has. The interval is over
seeds alone.

{anchors}

### W-2: task vectors are near 90° apart
![The angle in each layer](warp/figures/angles.png)

{angles}

### W-3: SLERP against LERP
![Along λ](warp/figures/weights.png)

{slerp}

### W-4: LITI
{liti}

Held-out reward of the first iteration's front (largest M) minus training's at the same KL; the interval is over seeds
alone.

{trajectories}

### W-5 and W-6: more policies, more iterations
Hypervolume above θ_sft in the plane of reward and KL, held out. The fronts that LITI draws have as many points as
the list of η; the fixed anchors have one per β and θ_sft. Policies of an iteration are trained side by side: its steps
of RL add up, the hours need not.

{hypervolume}"""


def part(files: Files) -> Part:
    """The part, from the tables hypervolume, anchors, slerp, liti and trajectories, and from angles: those between the
    first iteration's policies, a table per seed.
    """
    by_name = tables(files)
    shown = {name: as_table(by_name[name]) for name in ("hypervolume", "anchors", "slerp", "liti", "trajectories")}
    text = TEXT.format(angles=as_table(angle_summary(files["angles"])), **shown)
    return Part(text, {"warp": {"hypervolume": intervals_by("front", by_name["hypervolume"])}})


def angle_summary(paths: Sequence[Path]) -> pd.DataFrame:
    """Angle between task vectors and cosine between whole weights, over layers and pairs of policies, per seed."""
    rows = []
    for path in paths:
        table = pd.read_csv(path)
        turns, cosine = table["degrees"], table["cosine_of_weights"]
        row = {"seed": path.stem.removeprefix("seed-"), "layers": table["layer"].nunique()}
        row |= {"mean angle (degrees)": f"{turns.mean():.1f}", "smallest": f"{turns.min():.1f}"}
        rows.append(row | {"largest": f"{turns.max():.1f}", "smallest cosine of whole weights": f"{cosine.min():.5f}"})
    return pd.DataFrame(rows)
