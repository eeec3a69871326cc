# From raw text to the Pareto fronts of averaged policies. `snakemake --cores 2` runs the experiment
# of params.yaml, with `--configfile experiments/NAME/params.yaml` that of another file alone;
# `snakemake -n` lists what it would run, and why.

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

sys.path.insert(0, workflow.basedir)
from lib.graph.yaml_mistakes import yaml_mistake

min_version("9.0")

for file in workflow.overwrite_configfiles or [Path("params.yaml")]:
    if mistake := yaml_mistake(Path(os.path.relpath(file))):
        sys.exit(mistake)


if not workflow.overwrite_configfiles:  # a --configfile replaces params.yaml

    configfile: "params.yaml"


report: "rules/captions/workflow.rst"


include: "rules/common.smk"
include: "rules/soup.smk"  # → any linear soup, as a model


# What the policies start from and are rewarded by, for the modality of the parameters (lib/graph/modality.py).
# Language models:
#   data         raw text → snippets, split by text
#   base         → base model θ_pre
#   sft          → SFT pair and its soup
#   reward       → reward models on human labels, and the gold reward that judges
#   preferences  → reward models on pairs of which people prefer one
# A robot in a simulation:
#   control      → θ_pre; the simulation gives the rewards
for part in modality.rules:

    include: f"rules/{part}.smk"


include: "rules/policy.smk"  # → a policy per reward or mixture: E[R] − β KL(π ‖ anchor)
include: "rules/evaluate.smk"  # → rewards and KL on held-out prompts


# The papers whose section the parameters have (lib/papers/register.py):
#   rewarded_soups    soups of policies, their scores, front and claims
#   warp              moving anchors, spherical merges, LITI, iterated; fronts and claims
#   salsa             a soup of SFT models as the reference; fronts, win rates, claims
#   reward_ensembles  proxies learned from preferences, best-of-n, over-optimisation by RL
#   together          methods of all four at once, beside each alone: fronts and a claim
#   compatibility     pairs of rewards: what soups reach of what MORL reaches, against how compatible two rewards are
for paper in papers:

    include: f"rules/{paper}.smk"


include: "rules/factor_average.smk"  # → with LoRA: the error of averaging its factors
include: "rules/report.smk"  # → one page with all results
include: "rules/page.smk"  # → the same to look at and to choose from: front.html
include: "rules/run.smk"  # how a run begins and ends


rule all:
    default_target: True
    input:
        rules.report.output,
        rules.page.output,
