"""The part of the report on reward ensembles."""

import pandas as pd

from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table, comparisons_as_table

TEXT = """## Reward ensembles (arXiv 2406.01013)
Proxies learn what the gold reward prefers, from pairs of the SFT model's own samples of which a share is labelled
wrongly; policies are trained on a proxy. {ensembles_basis} K models, other aggregates, other K and β are added by
`make ensembles`, in `reward_ensembles/more`.

{on_proxies}

{proxies}

### E-1: over-optimisation by RL
![Along training](reward_ensembles/main/figures/training_kl.png)

{on_training}

{training}

### E-2: ensembles against one model
{on_comparisons}

{comparisons}

### E-5: best of n
![Best of n](reward_ensembles/main/figures/best_of_n.png)

{on_best_of_n}

{best_of_n}"""


def part(files: Files, *, best_of_prompts: int, held_out_pairs: int) -> Part:
    """The part, from the tables training, comparisons, best_of_n and proxies."""
    by_name = tables(files)
    text = TEXT.format(
        **on_ensembles(best_of_prompts, held_out_pairs),
        proxies=as_table(by_name["proxies"]),
        training=as_table(by_name["training"]),
        comparisons=comparisons_as_table(by_name["comparisons"]),
        best_of_n=as_table(best_of_largest_n(by_name["best_of_n"])),
    )
    return Part(text, {"reward ensembles": intervals_by("policy", by_name["training"], "gold_after")})


def on_ensembles(best_of_prompts: int, held_out_pairs: int) -> dict[str, str]:
    """The sentences beside the tables, by their placeholder; both reports on reward ensembles have them."""
    return {
        "ensembles_basis": f"""A seed has proxies of its own. What is compared along training, and proxies, have
intervals over seeds alone; best of n has them over seeds and {best_of_prompts} prompts.""",
        "on_proxies": f"""Agreement (Spearman) with held-out human ratings and accuracy on held-out pairs by the gold
reward, the mean over members; expected calibration error on held-out labels, of which as many are wrong as of those
that were learned from; how the members' margins correlate. The pairs are the same for all, and the intervals leave them
out: others would move an accuracy by some {held_out_pairs**-0.5:.2f}, and a calibration error below that is chance.""",
        "on_training": """From the step where gold is best (for each seed where it is best for the others) to the end of
training: `after`.""",
        "on_comparisons": """The first minus the second. At equal KL it is the mean over KL, along training, up to the
largest that both have come to.""",
        "on_best_of_n": "Over one sample, at the largest n:",
    }


def best_of_largest_n(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the largest n, which have the same KL."""
    return table[table["n"] == table["n"].max()]
