# What all rules use: the checked parameters, and the names that rules share.

import sys
from pathlib import Path

from lib.graph.experiment import Experiment, every
from lib.graph.extends import resolve
from lib.graph.job_settings import point
from lib.graph.modality import modality_of
from lib.graph.rewards import Rewards
from lib.graph.screen import screen_of
from lib.machine.gpus import gpus_here
from lib.papers.register import PAPERS, layouts, problems
from lib.papers.shown import shown, shown_figures
from lib.reward_models.mixtures import MIXTURE, NAME, mixture_weights
from snakemake.logging import logger

screen = screen_of(workflow, logger)  # the terminal; Snakemake's log has all
try:
    resolved = resolve(config, Path(workflow.basedir), workflow.configfiles, PAPERS)
except ValueError as error:
    sys.exit(str(error))
config.clear()  # in place: all that follows, and Snakemake itself, has the full parameters
config.update(resolved.config)

experiment = Experiment(config, Path(workflow.basedir), workflow.configfiles, resolved.origins)
if mistakes := [f"{experiment.file_of(key)}: {key}: {problem}" for key, problem in problems(experiment)]:
    sys.exit("\n".join(mistakes))

value, settings, code = experiment.value, experiment.settings, experiment.code.of
RESULTS, SEEDS = experiment.results, experiment.seeds
START = f"{RESULTS}/{value('policy.start')}"  # θ_sft, from which policies start and to which KL is measured
BASE_OF_LORA = [] if experiment.lora is None else [f"{RESULTS}/base"]  # the frozen model under LoRA policies, rewards

papers = layouts(experiment)
rewards = Rewards(experiment)
modality = modality_of(config)
policy_settings, evaluation_settings, JobResources = modality.jobs
ask = JobResources(experiment, max([rewards.models(), *(paper.models_of_rewards for paper in papers.values())]))
SMALL = ask.small()

PLOTS = {}  # for `dvc plots`: a title or an image's path, and its entry in dvc.yaml
EVIDENCE = {}  # by paper: the folder with what its claims are judged by
SAMPLES = {}  # by paper: the scores of one seed, and the paths whose completions are shown at equal KL
PAGE = {}  # by paper: the files that its tab on the page is made from, by name
REPORT = {}  # by paper: the files that its part of the report reads, by name, and the keys whose values it shows

# Locally, at most one job per GPU runs at a time. A cluster's scheduler sees to that itself; there Snakemake is given
# a number of nodes, or runs jobs remotely.
if "gpu" not in workflow.global_resources and workflow.nodes is None and not workflow.remote_exec:
    workflow.register_resource("gpu", len(gpus_here()))


wildcard_constraints:
    seed=r"\d+",
    reward=NAME,
    mixture=MIXTURE,
    number=r"\d+",
    beta=r"[0-9.e-]+",
    study="main|more",
