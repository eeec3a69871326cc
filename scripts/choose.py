"""Choose a point of the front by what it has to have, and say how it does on prompts that it was not chosen on.

    make choose WHERE="positivity >= 0.4" BEST=editorial
    make choose WHERE="positivity >= 0.4 and kl <= 10" BEST=editorial SEED=2 EXPORT=models/mine EXPERIMENT=mine

WHERE: conditions on rewards, gold, kl and tokens. BEST: a reward of which to have the most, or a mixture such as
positivity=0.5+editorial=0.5, in which 0 of a reward is what θ_sft has and 1 what the expert on it has.
EXPORT: writes the soup as a model (`python -m scripts.export`), of the policies of SEED; not of robots.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from lib.graph.modality import modality_of
from lib.papers.evidence import by_seed
from lib.papers.register import experiment_of
from lib.papers.rewarded_soups.choice_page import page
from lib.papers.rewarded_soups.choosing import candidates, choose, half
from lib.papers.rewarded_soups.layout import Layout
from lib.papers.rewarded_soups.wish import Wish
from lib.statistics.scores import Scores
from scripts.export import DEFAULT, add_options, export, seed_of


def read_scores(layout: Layout) -> Scores:
    """The scores of soups, MORL and the SFT models on held-out prompts, of all seeds."""
    experiment, tables = layout.experiment, []
    for paper in ("rewarded_soups", "sft"):
        files = [Path(f"{experiment.results}/scores/{paper}/seed-{seed}.csv") for seed in experiment.seeds]
        if missing := [file for file in files if not file.exists()]:
            raise ValueError(f"{missing[0]} is not there: run the experiment first (snakemake --cores 2)")
        tables.append(by_seed(files, experiment.seeds))
    joined = {seed: pd.concat([table[seed] for table in tables]) for seed in experiment.seeds}
    told = [*experiment.value("rewards"), "gold", "kl", "tokens"]
    return Scores.of(joined, [column for column in told if column in joined[experiment.seeds[0]]])


def main() -> None:
    """Chooses, prints, and exports where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--where", default="")
    parser.add_argument("--best", default="")
    add_options(parser)
    options = parser.parse_args()
    try:
        experiment = experiment_of(options.params)
        if not experiment.has("rewarded_soups"):
            raise ValueError(f"{options.params}: rewarded_soups: there is no such section, so no front to choose from")
        modality = modality_of(experiment.config)
        if options.export is not None:
            modality.require("export")
        seed, layout = seed_of(experiment, options.seed), Layout(experiment)
        scores = read_scores(layout)
        wish = Wish.of(options.where, options.best, scores.columns)
        soups = candidates(layout, wish)
        chosen = choose(half(scores, 0), soups, wish, layout.start)
        print(page(chosen, soups, wish, layout, half(scores, 1), seed))
        if options.export is None:
            of = "" if options.params == DEFAULT else f" EXPERIMENT={options.params.parent.name}"
            names = {"mixture": chosen.soup, "seed": seed, "results": experiment.results, "experiment": of}
            print(f"As a model: {modality.soup.format(**names)}")
        else:
            export(experiment, options.params, chosen.soup, seed, options.export, options.rank)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
