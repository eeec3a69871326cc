"""Resources that jobs request from a scheduler: memory in MB and minutes, more with each attempt, and GPUs.

They are estimated from the size of the models (`lib.graph.sizes`); a profile's set-resources can override them by rule.
"""

from collections.abc import Callable
from typing import Any

import yaml

from lib.graph.checks import launch_file
from lib.graph.experiment import Experiment
from lib.graph.sizes import megabytes, minutes, parameters_of_llama
from lib.machine.gpus import gpus_here

Request = Callable[..., int]
"""A resource as a function of wildcards and the number of the attempt, which Snakemake calls."""

LONG_PROMPT, SHORT_PROMPT = 512, 32  # assumed most tokens of a prompt: one from the data, or a text's first words
TEXTS = 25_000  # assumed size of the data, which are not read yet when the graph is planned


class JobResources:
    """Resources of one experiment's jobs. models_of_rewards: how many models a job holds at most to compute rewards."""

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
        self.retries = 2 if self.gpu else None  # faults of a GPU may be transient; None leaves it to --retries
        self.launch, self.processes = "python -m", 1
        if value("training.launch") != "none":
            file = launch_file(experiment)
            self.launch = f"accelerate launch --config_file {file} -m"
            self.processes = yaml.safe_load(file.read_text())["num_processes"]

    def small(self) -> dict[str, Any]:
        """Resources of a job without a model."""
        return {"mem_mb": self.memory(), "runtime": self.duration()}

    def training(self, frozen: int = 0, *, batch: int, texts: float, passes: float) -> dict[str, Any]:
        """Resources of a job that trains one model and holds some frozen ones. batch: texts in one forward pass; texts:
        in the whole training; passes: forward passes per text, a backward pass counted as two.

        The launch command and the interval of checkpoints are resources too, because a change of a resource makes
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

    def policies(self, steps: int) -> dict[str, Any]:
        """Resources of a policy's training. steps: of the longest."""
        value, frozen = self.experiment.value, 2 + self.models_of_rewards
        batch = value("policy.prompts_per_step") * value("policy.completions_per_prompt")
        return self.training(frozen, batch=batch // value("policy.parts"), texts=batch * steps, passes=4 + frozen)

    def memory(
        self, trained: int = 0, frozen: int = 0, texts: int = 0, sampled: int = 0, processes: int = 1
    ) -> Request:
        """A job's memory. trained, frozen: models. texts, sampled: in one pass, with a gradient and without."""
        if self.experiment.lora is not None:  # the factors are small compared with the frozen model
            trained, frozen = 0, trained + frozen
        tokens = {"tokens": texts * self.tokens, "sampled": sampled * self.tokens}
        needed = megabytes(self.parameters, trained=trained, frozen=frozen, **tokens, gpu=bool(self.gpu))
        return lambda wildcards, attempt: attempt * processes * needed

    def duration(self, texts: float = 0, passes: float = 1) -> Request:
        """A job's time. texts: in all; passes: forward passes per text, a backward pass counted as two."""
        needed = minutes(self.parameters, tokens=texts * self.tokens, passes=passes, gpu=bool(self.gpu))
        return lambda wildcards, attempt: attempt * needed

    def scoring(self) -> dict[str, Any]:
        """Resources of a job that scores policies: memory for θ_sft and all policies, or one model where they are LoRA
        adapters; time for ten combinations per policy, at least as many as the papers have.
        """
        value = self.experiment.value

        def memory(wildcards: Any, input: Any, attempt: int) -> int:
            policies = len(input.policies) if self.experiment.lora is None else 1
            frozen = policies + 1 + self.models_of_rewards
            return self.memory(frozen=frozen, sampled=value("evaluation.at_once"))(wildcards, attempt)

        def runtime(wildcards: Any, input: Any, attempt: int) -> int:
            texts = 10 * len(input.policies) * value("evaluation.prompts")
            return self.duration(texts, 4 + self.models_of_rewards)(wildcards, attempt)

        return {"mem_mb": memory, "runtime": runtime, "gpu": self.gpu}
