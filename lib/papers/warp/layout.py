"""WARP's policies and merges: their folders, and the points that are scored.

A run is WARP with one M, `M-2`, or with the largest M and one value changed, `variation/mu-0.05`. `M-all` has the
policies that runs share.

Longer than other modules: the paper has runs, averages, variations and two kinds of anchors.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from lib.graph.checks import Problems, mixture_problems
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.paths import path_points
from lib.papers.warp.names import (
    average_point,
    between_point,
    fixed_point,
    liti_point,
    moving_point,
    training_name,
    variation_name,
    variation_point,
)

Wildcards = Any
HALFWAY = between_point("lerp", 0.5)  # compared at equal KL as well, with SLERP of two policies
FIRST = "M-all/iteration-1/policy-{}"  # θ_1, θ_2 … of all runs but those with another μ or β


def problems(experiment: Experiment) -> Problems:
    """A reward that does not exist; averages of a training that has none; variations that vary nothing."""
    value = experiment.value
    yield from mixture_problems(experiment, "warp.reward")
    if value("warp.averages") and experiment.lora is not None:
        yield "warp.averages", "an average of one training's LoRA policies has no low rank; leave the list empty"
    if value("warp.averages") and not value("warp.mu"):
        yield "warp.averages", "they are taken of a training whose anchor moves, and warp.mu is 0; leave the list empty"
    for i, varied in enumerate(value("warp.variations")):
        if variation_name(varied) in [variation_name({key: value(f"warp.{key}")}) for key in varied]:
            yield f"warp.variations.{i}", f"{variation_name(varied)} is what every other run has"


class Layout:
    """Runs of several iterations, policies with a fixed anchor, and averages of one training.

    iterations: 1 to I. most: the largest M. variations: entries of `warp.variations`, by the names of their runs.
    models, points: what is scored; models are paths below the results.
    """

    models_of_rewards = 0

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.value = experiment, experiment.value
        self.folder = f"{experiment.results}/warp"
        self.steps: int = self.value("warp.steps") * self.value("warp.iterations")
        self.iterations = range(1, self.value("warp.iterations") + 1)
        self.most: int = max(self.value("warp.policies"))
        names = map(variation_name, self.value("warp.variations"))
        runs = [f"variation/{name.replace('=', '-')}" for name in names]
        self.variations: dict[str, dict[str, float]] = dict(zip(runs, self.value("warp.variations")))
        self.models, self.points = self._scored()
        pair = [f"{folder}/seed-{experiment.seeds[0]}" for folder in self.policy_folders("M-2", 1)]
        self.lora_pairs = {"policies of WARP, seeds of their own": pair}

    @property
    def runs(self) -> str:
        """A pattern of the names of runs."""
        return "|".join([r"M-\d+", "M-all", *map(re.escape, self.variations)])

    def shared(self, run: str, *keys: str) -> list[str]:
        """Those of some keys of the parameters whose values a run shares with the others."""
        return [key for key in keys if key.removeprefix("warp.") not in self.variations.get(run, {})]

    def varied(self, run: str, *keys: str) -> dict[str, float]:
        """The values that a run has of its own for some keys, by the last part of the key."""
        return {name: value for name, value in self.variations.get(run, {}).items() if f"warp.{name}" in keys}

    def start(self, wildcards: Wildcards) -> str:
        """θ_init of an iteration: θ_sft at first, then the end of the iteration before."""
        iteration = int(wildcards.iteration)
        if iteration == 1:
            return f"{self.experiment.results}/{self.value('policy.start')}"
        return f"{self.folder}/{wildcards.run}/iteration-{iteration - 1}/end/seed-{wildcards.seed}"

    def policy_folders(self, run: str, iteration: int | str) -> list[str]:
        """The folders of θ_1 … θ_M of an iteration."""
        count = self.most if run in self.variations else int(run.removeprefix("M-"))
        place = FIRST if self._shares(run, int(iteration)) else f"{run}/iteration-{iteration}/policy-{{}}"
        return [f"{self.folder}/{place.format(number)}" for number in range(1, count + 1)]

    def policies(self, wildcards: Wildcards) -> list[str]:
        """θ_1 … θ_M of an iteration, of one seed."""
        return [f"{folder}/seed-{wildcards.seed}" for folder in self.policy_folders(wildcards.run, wildcards.iteration)]

    def histories(self) -> dict[str, list[str]]:
        """The training histories of the first iteration's policies, of the largest M: by policy, a file per seed."""
        folders = self.policy_folders(f"M-{self.most}", 1)
        return {
            training_name(1, number): [f"{folder}/seed-{seed}.json" for seed in self.experiment.seeds]
            for number, folder in enumerate(folders, 1)
        }

    def compared(self) -> dict[str, Any]:
        """The settings of the evidence (`lib.papers.warp.claims`)."""
        shared = {"start": self.value("policy.start")}
        shared |= {key: self.value(f"evaluation.{key}") for key in ("path", "margin")}
        return self.experiment.config["warp"] | shared

    def paths(self) -> dict[str, list[tuple[str, str]]]:
        """By label, the fronts whose samples are shown at equal KL: of the last merge and of policies by themselves."""
        front = sorted(self.value("warp.front"))
        found = {f"WARP, M = {self.most}": [liti_point(self.most, self.iterations[-1], eta) for eta in front]}
        found["moving anchor"] = [moving_point(eta) for eta in front]
        fixed = self.value("warp.fixed_betas")
        return found | {f"anchor fixed, β = {beta:g}": [fixed_point(beta, eta) for eta in front] for beta in fixed}

    def angles(self) -> dict[str, list[str]]:
        """The angles between the policies of each iteration, of the largest M: by iteration, a file per seed."""
        place = f"{self.folder}/M-{self.most}/iteration-{{}}/merged/seed-{{}}.csv"
        return {str(i): [place.format(i, seed) for seed in self.experiment.seeds] for i in self.iterations}

    def seed(self, wildcards: Wildcards) -> int:
        """Policy 1 of iteration 1 has that of the policies with a fixed anchor, with which it is compared.

        The others have a seed of their own, within the 32 bits that NumPy allows, which is the same in all runs.
        """
        seed, iteration, number = int(wildcards.seed), int(wildcards.iteration), int(wildcards.number)
        return seed if iteration == number == 1 else (10_000 * seed + 100 * iteration + number) % 2**32

    @property
    def keys(self) -> list[str]:
        """The keys of the parameters that define the points."""
        return [f"warp.{key}" for key in self.experiment.config["warp"]]

    def _shares(self, run: str, iteration: int) -> bool:
        """Whether the policies are those of `M-all`: M makes no difference to them in iteration 1, nor does η."""
        return iteration == 1 and not self.varied(run, "warp.beta", "warp.mu")

    def _scored(self) -> tuple[list[str], list[dict[str, Any]]]:
        """The models that WARP's points combine, and the points."""
        start, front = self.value("policy.start"), self.value("warp.front")
        pair = [f"warp/{FIRST.format(number)}/seed-{{seed}}" for number in (1, 2)]
        fronts = [(name, f"warp/{folder}") for name, folder in self._ends()]
        models = list(dict.fromkeys([start, *(folder for _, folder in fronts), *pair]))
        points = [point(*name(eta), models, {start: 1 - eta, folder: eta}) for name, folder in fronts for eta in front]
        points += [
            point(*between_point(method, weight), models, {pair[0]: 1 - weight, pair[1]: weight}, merge)
            for method, merge in (("slerp", "slerp"), ("lerp", "linear"))
            for weight in self.value("warp.weights")
        ]
        halfway = [one for one in points if (one["method"], one["mixture"]) == HALFWAY]
        points += path_points(halfway, models, start, self.value("evaluation.path"))
        return models, points

    def _ends(self) -> Iterator[tuple[Callable[[float], tuple[str, str]], str]]:
        """Where the fronts from θ_sft end: the name of a front's point by η, and a model's path below that of WARP."""
        first, policies = FIRST.format(1), self.value("warp.policies")
        if self.value("warp.averages") and 1 not in policies:  # the averages are compared with their policy
            yield partial(liti_point, 1, 1), f"{first}/seed-{{seed}}"
        for iteration in self.iterations:
            for count in policies:
                yield partial(liti_point, count, iteration), f"M-{count}/iteration-{iteration}/merged/seed-{{seed}}"
            for run, varied in self.variations.items():
                same = f"M-{self.most}" if self._shares(run, iteration) else run
                name = partial(variation_point, variation_name(varied), iteration)
                yield name, f"{same}/iteration-{iteration}/merged/seed-{{seed}}"
        for beta in self.value("warp.fixed_betas"):
            yield partial(fixed_point, beta), f"fixed/beta-{beta}/seed-{{seed}}"
        yield moving_point, "moving/seed-{seed}"
        for kind in self.value("warp.averages"):
            yield partial(average_point, kind), f"{first}/seed-{{seed}}.averages/{kind}"
