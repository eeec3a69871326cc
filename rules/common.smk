# What every rules file uses: the parameters, read and checked; the names that rules share.

import sys
from pathlib import Path

sys.path.insert(0, workflow.basedir)
from lib.graph.experiment import Experiment, every
from lib.graph.job_settings import evaluation_settings, point, policy_settings
from lib.graph.resources import JobResources
from lib.graph.rewards import Rewards
from lib.machine.gpus import gpus_here
from lib.papers.register import layouts, problems
from lib.reward_models.mixtures import MIXTURE, NAME, mixture_weights

experiment = Experiment(config, Path(workflow.basedir), workflow.configfiles)
for key, problem in problems(experiment):
    sys.exit(f"{experiment.file}: {key}: {problem}")

value, settings, code = experiment.value, experiment.settings, experiment.code.of
RESULTS, SEEDS = experiment.results, experiment.seeds
START = f"{RESULTS}/{value('policy.start')}"  # θ_sft, that every policy starts from and that KL is told to
BASE_OF_LORA = [] if value("lora") is None else [f"{RESULTS}/base"]  # what LoRA policies and rewards are laid over

papers = layouts(experiment)
rewards = Rewards(experiment)
ask = JobResources(experiment, max([rewards.models(), *(paper.models_of_rewards for paper in papers.values())]))
SMALL = ask.small()

PLOTS = {}  # what `dvc plots` draws: a title or a picture's path, and what dvc.yaml says of it
REPORT = {}  # of each paper: the files that its part of the report is made of, by name, and keys that it tells of

# Locally, as many jobs that use a GPU run at once as there are GPUs; a cluster's scheduler sees to that itself. Of jobs
# that are run elsewhere Snakemake knows the number of nodes.
if "gpu" not in workflow.global_resources and workflow.nodes is None and not workflow.remote_exec:
    workflow.register_resource("gpu", len(gpus_here()))


wildcard_constraints:
    seed=r"\d+",
    reward=NAME,
    mixture=MIXTURE,
    number=r"\d+",
    beta=r"[0-9.e-]+",
    study="main|more",
