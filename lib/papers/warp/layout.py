"""WARP's policies and merges: their folders, and the points that are scored."""

from typing import Any

from lib.graph.checks import Problems, mixture_problems
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.warp.names import between_point, fixed_point, liti_point

Wildcards = Any


def problems(experiment: Experiment) -> Problems:
    """A reward that does not exist."""
    yield from mixture_problems(experiment, "warp.reward")


class Layout:
    """Iterations of policies, for each M, and policies with a fixed anchor.

    iterations: 1 to I. most: the largest M. models, points: what is scored; models are paths below the results.
    """

    models_of_rewards = 0

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.value = experiment, experiment.value
        self.folder = f"{experiment.results}/warp"
        self.steps: int = self.value("warp.steps") * self.value("warp.iterations")
        self.iterations = range(1, self.value("warp.iterations") + 1)
        self.most: int = max(self.value("warp.policies"))
        self.models, self.points = self._scored()
        pair = [f"{folder}/seed-{experiment.seeds[0]}" for folder in self.policy_folders(2, 1)]
        self.lora_pairs = {"policies of WARP, seeds of their own": pair}

    def start(self, wildcards: Wildcards) -> str:
        """θ_init of an iteration: θ_sft at first, then the end of the iteration before."""
        iteration = int(wildcards.iteration)
        if iteration == 1:
            return f"{self.experiment.results}/{self.value('policy.start')}"
        return f"{self.folder}/M-{wildcards.policies}/iteration-{iteration - 1}/end/seed-{wildcards.seed}"

    def policy_folders(self, policies: int | str, iteration: int | str) -> list[str]:
        """The folders of θ_1 … θ_M of an iteration. All M share the policies of iteration 1, which start at θ_sft."""
        shared_by = policies if int(iteration) > 1 else "all"
        place = f"{self.folder}/M-{shared_by}/iteration-{iteration}"
        return [f"{place}/policy-{number}" for number in range(1, int(policies) + 1)]

    def policies(self, wildcards: Wildcards) -> list[str]:
        """θ_1 … θ_M of an iteration, of one seed."""
        folders = self.policy_folders(wildcards.policies, wildcards.iteration)
        return [f"{folder}/seed-{wildcards.seed}" for folder in folders]

    def moving_histories(self, iteration: int) -> dict[str, list[str]]:
        """The training histories of an iteration's policies, of the largest M: by seed, a file per policy."""
        folders = self.policy_folders(self.most, iteration)
        return {str(seed): [f"{folder}/seed-{seed}.json" for folder in folders] for seed in self.experiment.seeds}

    def fixed_histories(self) -> dict[str, list[str]]:
        """The training histories with the anchor fixed at θ_sft: by β, a file per seed."""
        return {
            f"{beta:g}": [f"{self.folder}/fixed/beta-{beta}/seed-{seed}.json" for seed in self.experiment.seeds]
            for beta in self.value("warp.fixed_betas")
        }

    def angles(self) -> dict[str, list[str]]:
        """The angles between the policies of each iteration, of the largest M: by iteration, a file per seed."""
        place = f"{self.folder}/M-{self.most}/iteration-{{}}/merged/seed-{{}}.csv"
        return {str(i): [place.format(i, seed) for seed in self.experiment.seeds] for i in self.iterations}

    def seed(self, wildcards: Wildcards) -> int:
        """A seed of its own for each policy of each iteration, within the 32 bits that NumPy allows."""
        return (10_000 * int(wildcards.seed) + 100 * int(wildcards.iteration) + int(wildcards.number)) % 2**32

    @property
    def keys(self) -> list[str]:
        """The keys of the parameters that define the points."""
        return [f"warp.{key}" for key in self.experiment.config["warp"]]

    def _scored(self) -> tuple[list[str], list[dict[str, Any]]]:
        """The models that WARP's points combine, and the points."""
        start = self.value("policy.start")
        pair = [f"warp/M-all/iteration-1/policy-{number}/seed-{{seed}}" for number in (1, 2)]
        fixed = {beta: f"warp/fixed/beta-{beta}/seed-{{seed}}" for beta in self.value("warp.fixed_betas")}
        merged = {
            (policies, iteration): f"warp/M-{policies}/iteration-{iteration}/merged/seed-{{seed}}"
            for policies in self.value("warp.policies")
            for iteration in self.iterations
        }
        models = [start, *merged.values(), *pair, *fixed.values()]
        points = [
            point(*liti_point(policies, iteration, eta), models, {start: 1 - eta, folder: eta})
            for (policies, iteration), folder in merged.items()
            for eta in self.value("warp.front")
        ]
        points += [
            point(*between_point(method, weight), models, {pair[0]: 1 - weight, pair[1]: weight}, merge)
            for method, merge in (("slerp", "slerp"), ("lerp", "linear"))
            for weight in self.value("warp.weights")
        ]
        points += [point(*fixed_point(beta), models, {fixed[beta]: 1.0}) for beta in fixed]
        return models, points
