"""The algorithms that train a policy, each on one of TRL's trainers: RLOO and GRPO, and PPO (`lib.policies.ppo`)."""

from collections.abc import Mapping

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel
from trl import GRPOTrainer, RLOOTrainer

from lib.machine.processes import ALONE
from lib.policies.policy_trainer import PolicyTrainer

Logps = tuple[Tensor, Tensor | None, Tensor | None]
"""log π of tokens, entropies, and what TRL computes beside them for mixtures of experts."""


class RLOO(PolicyTrainer, RLOOTrainer):
    """REINFORCE with a leave-one-out baseline (arXiv 2402.14740); the KL to the anchor is one log ratio per
    completion, taken off the reward (WARP, algorithm 1).

    The loss of a LoRA policy is of the log-probabilities that its KL was computed from; TRL would compute them again.
    """

    kl_name = "log_ratio"

    def __init__(self, policy: PreTrainedModel | PeftModel, *args, **kwargs) -> None:
        super().__init__(policy, *args, **kwargs)
        one_step = self.num_iterations == self.args.steps_per_generation == 1
        self.computes_once = one_step and isinstance(policy, PeftModel) and self.share == ALONE
        self.kept: Logps | None = None

    def _get_per_token_logps_and_entropies(self, model, *args, **kwargs) -> Logps:
        if not self.computes_once or model is not self.model:
            return super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
        if torch.is_grad_enabled():  # the loss asks
            kept, self.kept = self.kept, None
            return kept
        with torch.enable_grad():
            self.kept = super()._get_per_token_logps_and_entropies(model, *args, **kwargs | {"compute_entropy": True})
        return self.kept[0].detach(), None, None

    def _generate_and_score_completions(self, inputs) -> dict[str, Tensor]:
        batch = super()._generate_and_score_completions(inputs)
        if self.computes_once:  # TRL changes the order of what is in the batch
            batch["logps"], batch["entropies"], _ = self.kept
        return batch

    def _compute_loss(self, model, inputs) -> Tensor:
        if self.computes_once:
            self.kept = inputs.pop("logps"), inputs.pop("entropies"), None
        return super()._compute_loss(model, inputs)


class GRPO(PolicyTrainer, GRPOTrainer):
    """Advantages in standard deviations of a prompt's completions; the KL to the anchor is a term of the loss, per
    token, by the estimator exp(−r) + r − 1 of the log ratio r (GRPO, arXiv 2402.03300), weighed by the ratio of new to
    old policy, without which its gradient is not that of the KL. β is therefore in standard deviations of the reward.
    """

    kl_name = "k3"

    def _generate_single_turn(self, *args, **kwargs) -> tuple[list[list[int]], None]:
        return super()._generate_single_turn(*args, **kwargs), None  # TRL's GRPO takes their probabilities as well


def kl_per_completion(log: Mapping[str, float]) -> float | None:
    """KL to the anchor per completion, in nats, from the log of one step, where TRL tells it per token.

    None with β = 0, where there is no anchor.
    """
    return log["kl"] * log["completions/mean_length"] if "kl" in log else None
