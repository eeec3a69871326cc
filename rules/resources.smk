# What jobs ask a scheduler for, in one place: memory in MB and minutes, more with each attempt, and GPUs. All from the size of
# the models, by lib/graph/sizes.py; a profile's set-resources may say otherwise for a rule.

PARAMETERS = (
    value("base.parameters")
    if "source" in config["base"]
    else parameters_of_llama(value("base.vocabulary"), value("base.hidden_size"), value("base.layers"))
)
PROMPT = 512 if value("data.prompt_words") is None else 32  # tokens that a prompt is taken to have at most
TOKENS = PROMPT + value("policy.max_new_tokens")
TEXTS = 25_000  # that the data are taken to have: the graph is laid out before they are read

GPU = int(value("compute.device") == "cuda" or (value("compute.device") == "auto" and len(gpus_here()) > 0))
RETRIES = 2 if GPU else None  # of rules that use a GPU, whose faults may go away; None is what --retries says

LAUNCH = "python -m" if value("training.launch") == "none" else f"accelerate launch --config_file {launch_file()} -m"
PROCESSES = 1 if value("training.launch") == "none" else yaml.safe_load(launch_file().read_text())["num_processes"]

# Of rules that train. How they do it is said by resources, because another value of these makes nothing run again.
TRAINING = {
    "gpu": GPU * PROCESSES,
    "nodes": 1,
    "launch": LAUNCH,
    "checkpoint_every": value("training.checkpoint_every"),
}


def memory(trained=0, frozen=0, texts=0, sampled=0, processes=1):
    """A job's memory: models that learn and models that do not, texts that go through one together."""
    if value("lora") is not None:  # what learns is small beside the model that it lies over
        trained, frozen = 0, trained + frozen
    tokens = {"tokens": texts * TOKENS, "sampled": sampled * TOKENS}
    asked = megabytes(PARAMETERS, trained=trained, frozen=frozen, **tokens, gpu=bool(GPU))
    return lambda wildcards, attempt: attempt * processes * asked


def duration(texts=0, passes=1):
    """A job's time: texts that it handles in all, and how often each goes through a model; a step back counts twice."""
    asked = minutes(PARAMETERS, tokens=texts * TOKENS, passes=passes, gpu=bool(GPU))
    return lambda wildcards, attempt: attempt * asked


def models_of_rewards():
    """How many models a job holds for its rewards, at most: those of all, or of the largest reward ensemble."""
    sources = [reward_source(name) for name in config["rewards"]]
    largest = max(len(proxy_folders(of.ensemble, 0)) for of in ensemble_variants("more"))
    return max(largest, sum(len(source.get("models", [])) + ("classifier" in source) for source in sources))


def scoring_memory(wildcards, input, attempt):
    """Memory of a job that scores policies: all of them, unless they are adapters on one model, and the reference."""
    policies = len(input.policies) if value("lora") is None else 1
    held = memory(frozen=policies + 1 + MODELS_OF_REWARDS, sampled=value("evaluation.at_once"))
    return held(wildcards, attempt)


def scoring_duration(wildcards, input, attempt):
    """Time of a job that scores policies, with as many combinations as the papers make of one, or more."""
    points = 10 * len(input.policies)
    taken = duration(texts=points * value("evaluation.prompts"), passes=3 + MODELS_OF_REWARDS)
    return taken(wildcards, attempt)


MODELS_OF_REWARDS = models_of_rewards()

# Locally, as many jobs that use a GPU run at once as there are GPUs; a cluster's scheduler sees to that itself. Of jobs
# that are run elsewhere Snakemake knows the number of nodes.
if "gpu" not in workflow.global_resources and workflow.nodes is None and not workflow.remote_exec:
    workflow.register_resource("gpu", len(gpus_here()))
