"""What jobs ask a scheduler for: memory in MB and minutes, more with each attempt, and GPUs.

All from the size of the models, by `lib.graph.sizes`; a profile's set-resources may say otherwise for a rule.
"""

from collections.abc import Callable
from typing import Any

import yaml

from lib.graph.checks import launch_file
from lib.graph.experiment import Experiment
from lib.graph.sizes import megabytes, minutes, parameters_of_llama
from lib.machine.gpus import gpus_here

Asked = Callable[..., int]
"""Of wildcards and the number of the attempt, as Snakemake calls it."""

LONG_PROMPT, SHORT_PROMPT = 512, 32  # tokens that a prompt is taken to have at most: a row's own, a text's first words
TEXTS = 25_000  # that the data are taken to have: the graph is laid out before they are read


class JobResources:
    """Of one experiment. models_of_rewards: that a job holds at most to compute rewards."""

    def __init__(self, experiment: Experiment, models_of_rewards: int) -> None:
        value = experiment.value
        self.experiment, self.models_of_rewards = experiment, models_of_rewards
        self.parameters = (
            value("base.parameters")
            if experiment.has("base.source")
            else parameters_of_llama(value("base.vocabulary"), value("base.hidden_size"), value("base.layers"))
        )
        prompt = LONG_PROMPT if value("data.prompt_words") is None else SHORT_PROMPT
        self.tokens = prompt + value("policy.max_new_tokens")
        device = value("compute.device")
        self.gpu = int(device == "cuda" or (device == "auto" and len(gpus_here()) > 0))
        self.retries = 2 if self.gpu else None  # a GPU's faults may go away; None is what --retries says
        self.launch, self.processes = "python -m", 1
        if value("training.launch") != "none":
            file = launch_file(experiment)
            self.launch = f"accelerate launch --config_file {file} -m"
            self.processes = yaml.safe_load(file.read_text())["num_processes"]

    def small(self) -> dict[str, Any]:
        """Of a job that holds no model."""
        return {"mem_mb": self.memory(), "runtime": self.duration()}

    def training(self, frozen: int = 0, *, batch: int, texts: float, passes: float) -> dict[str, Any]:
        """Of a job that trains one model beside some frozen ones. batch: texts that go through it together; texts: in
        all; passes: how often each goes through a model.

        How it is started and how often it writes checkpoints is said by resources, too: another value of these makes
        nothing run again.
        """
        return {
            "gpu": self.gpu * self.processes,
            "nodes": 1,
            "launch": self.launch,
            "checkpoint_every": self.experiment.value("training.checkpoint_every"),
            "mem_mb": self.memory(trained=1, frozen=frozen, texts=batch, processes=self.processes),
            "runtime": self.duration(texts, passes),
        }

    def memory(self, trained: int = 0, frozen: int = 0, texts: int = 0, sampled: int = 0, processes: int = 1) -> Asked:
        """A job's memory: models that learn and models that do not, texts that go through one together."""
        if self.experiment.value("lora") is not None:  # what learns is small beside the model that it lies over
            trained, frozen = 0, trained + frozen
        tokens = {"tokens": texts * self.tokens, "sampled": sampled * self.tokens}
        asked = megabytes(self.parameters, trained=trained, frozen=frozen, **tokens, gpu=bool(self.gpu))
        return lambda wildcards, attempt: attempt * processes * asked

    def duration(self, texts: float = 0, passes: float = 1) -> Asked:
        """A job's time: texts that it handles in all, and how often each goes through a model; a step back counts
        twice.
        """
        asked = minutes(self.parameters, tokens=texts * self.tokens, passes=passes, gpu=bool(self.gpu))
        return lambda wildcards, attempt: attempt * asked

    def scoring(self) -> dict[str, Any]:
        """Of a job that scores policies: memory for all of them, unless they are adapters on one model, and for θ_sft;
        time for as many combinations as the papers make of one, or more.
        """
        value = self.experiment.value

        def memory(wildcards: Any, input: Any, attempt: int) -> int:
            policies = len(input.policies) if value("lora") is None else 1
            frozen = policies + 1 + self.models_of_rewards
            return self.memory(frozen=frozen, sampled=value("evaluation.at_once"))(wildcards, attempt)

        def runtime(wildcards: Any, input: Any, attempt: int) -> int:
            texts = 10 * len(input.policies) * value("evaluation.prompts")
            return self.duration(texts, 3 + self.models_of_rewards)(wildcards, attempt)

        return {"mem_mb": memory, "runtime": runtime, "gpu": self.gpu}
