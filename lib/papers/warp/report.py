"""The part of the report on WARP."""

import pandas as pd

from lib.papers.evidence import Evidence
from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table

TEXT = """## WARP (arXiv 2406.16768)
![The plane of KL and reward](warp/figures/plane.png)

Every policy has a front: the points (1 − η) θ_sft + η θ that LITI draws from θ_sft to it. Fronts are compared at equal
KL, which is the mean difference in reward over KL from 0 to the largest that both reach. At η = 0 every front is at
θ_sft, which is listed once.

{plane}

### W-1, W-5 to W-7: fronts at equal KL
{equal_kl}

### W-2: task vectors are near 90° apart
![The angle in each layer](warp/figures/angles.png)

{angles}

### W-3: SLERP against LERP
LERP makes task vectors shorter, so at equal λ it goes less far than SLERP.

![Along λ](warp/figures/weights.png)

{slerp}

### W-4: LITI
The first iteration's front of the largest M. What it gains over training is the gain over θ_sft at equal KL, each on
its own prompts.

{liti}"""


def part(files: Files) -> Part:
    """The part, from the evidence and the tables plane, equal_kl, slerp and liti."""
    by_name = tables(files)
    start = by_name["plane"]["mixture"].str.endswith("η=0")
    by_name["plane"] = by_name["plane"][~(start & start.duplicated())]
    shown = {name: as_table(by_name[name]) for name in ("plane", "equal_kl", "slerp", "liti")}
    angles = Evidence.read(files["evidence"]).tables["angles"]
    text = TEXT.format(angles=as_table(angle_summary(angles)), **shown)
    compared = by_name["equal_kl"].assign(name=by_name["equal_kl"]["comparison"] + ", " + by_name["equal_kl"]["at"])
    return Part(text, {"warp": {"reward at equal KL": intervals_by("name", compared)}})


def angle_summary(angles: pd.DataFrame) -> pd.DataFrame:
    """Angle between task vectors and cosine between whole weights, over layers and pairs of policies."""
    rows = []
    for (iteration, seed), table in angles.groupby(["iteration", "seed"]):
        turns = table["degrees"]
        row = {"iteration": iteration, "seed": seed, "layers": table["layer"].nunique()}
        row |= {"mean angle (degrees)": f"{turns.mean():.1f}", "smallest": f"{turns.min():.1f}"}
        cosine = f"{table['cosine_of_weights'].min():.5f}"
        rows.append(row | {"largest": f"{turns.max():.1f}", "smallest cosine of whole weights": cosine})
    return pd.DataFrame(rows)
