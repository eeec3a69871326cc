# A robot in a simulation: θ_pre, the policy that all others start from, and how it normalises what the robot sees.
# Needs nothing; makes base/.
#
# Deviations: 1. HalfCheetah-v5 of MuJoCo, where Rewarded Soups has a humanoid of Brax; rewards as there, velocity and
# velocity − Σa². 2. What θ_pre was trained on is not published; here it is base.reward.

from lib.graph.modality import FOR_TEXTS

SNIPPETS = []  # no texts: a prompt is a start of the robot, by number
FITS = []
SFT = [value("policy.start")]  # the baselines of every paper
SHOWN = {"data": [], "base": f"{RESULTS}/base.json", "sft": [], "agreement": []}  # in the report


rule base:
    input:
        code("scripts/control_base.py"),
    output:
        model=directory(f"{RESULTS}/base"),
        report=SHOWN["base"],
    log:
        f"{RESULTS}/logs/base.log",
    resources:
        **ask.training(batch=1, texts=value("base.steps") * value("base.episodes_per_step"), passes=1),
    params:
        settings=settings(
            "base.environment",
            "base.episode",
            "base.hidden",
            "base.steps",
            "base.episodes_per_step",
            "base.ppo",
            "base.learning_rate",
            "base.seed",
            reward=rewards.of_mixture(value("base.reward")),
        ),
        derived_from=settings(*rewards.keys(value("base.reward")), "base.reward"),
    shell:
        "{resources.launch} scripts.control_base --model {output.model} --report {output.report}"
        " --checkpoint-every {resources.checkpoint_every} --made-of {input} --settings {params.settings:q} > {log} 2>&1"


# `make forecast` begins with it, and is for language models alone.
rule fits:
    input:
        lambda wildcards: sys.exit(FOR_TEXTS.format("forecast")),
