"""The part of the report on reward ensembles."""

import pandas as pd

from lib.papers.evidence import Evidence
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
{on_policies}

{policies}

{on_comparisons}

{comparisons}

### E-5: best of n
![Best of n](reward_ensembles/main/figures/best_of_n.png)

{on_best_of_n}

{best_of_n}"""


def part(files: Files) -> Part:
    """The part, from the evidence and the tables policies, training, comparisons, best_of_n and proxies."""
    by_name = tables(files)
    text = TEXT.format(**sentences(Evidence.read(files["evidence"])), **shown(by_name))
    return Part(text, {"reward ensembles": intervals_by("policy", by_name["training"], "gold_after")})


def shown(by_name: dict[str, pd.DataFrame]) -> dict[str, str]:
    """The tables in Markdown, by their placeholder; both reports on reward ensembles have them."""
    best_of_n = by_name["best_of_n"]
    largest = best_of_n[best_of_n["n"] == best_of_n["n"].max()]
    plain = {name: by_name[name] for name in ("policies", "training", "proxies")} | {"best_of_n": largest}
    texts = {name: as_table(table) for name, table in plain.items()}
    return texts | {"comparisons": comparisons_as_table(by_name["comparisons"])}


def sentences(evidence: Evidence) -> dict[str, str]:
    """The sentences beside the tables, by their placeholder."""
    bins = evidence.tables["reliability"]
    pairs = bins.groupby(["proxy", "seed"])["pairs"].sum().max()
    return {
        "ensembles_basis": f"""A seed has proxies of its own. Trainings and proxies have intervals over seeds alone;
best of n has {evidence.scores["best of n"].prompts} prompts of its own.""",
        "on_proxies": f"""Agreement (Spearman) with held-out human ratings and accuracy on held-out pairs by the gold
reward, the mean over members; expected calibration error on held-out labels, of which as many are wrong as of those
that were learned from; how the members' margins correlate. The pairs are the same for all, and the intervals leave them
out: others would move an accuracy by some {pairs**-0.5:.2f}, and a calibration error below that is chance.""",
        "on_training": """From the step where gold is best (for each seed where it is best for the others) to the end of
training: `after`. All are moving averages over steps.""",
        "on_policies": """On held-out prompts: gold reward over that of θ_sft, KL to θ_sft in nats, tokens and different
words of a completion, and bits per byte of held-out texts. Gold is a model, too: where KL is large and words are few,
it may like what is no text.""",
        "on_comparisons": """The first minus the second, at equal β and steps. At equal KL: the mean over KL from 0 to
the largest that both reach, on the paths from θ_sft to the two policies. A policy that only goes less far is no better
there.""",
        "on_best_of_n": "Over one sample, at the largest n:",
    }
