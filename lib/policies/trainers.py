"""RLOO and GRPO, each on TRL's trainer of that name. PPO is in `lib.policies.ppo`."""

from collections.abc import Mapping

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel
from trl import GRPOTrainer, RLOOTrainer

from lib.machine.processes import ALONE
from lib.policies.policy_trainer import PolicyTrainer

Logps = tuple[Tensor, Tensor | None, Tensor | None]
"""log π of tokens, their entropies, and TRL's auxiliary loss for mixtures of experts."""


class RLOO(PolicyTrainer, RLOOTrainer):
    """REINFORCE with a leave-one-out baseline (arXiv 2402.14740).

    The KL to the anchor is one log ratio per completion, subtracted from the reward (WARP, algorithm 1). The loss
    reuses the log-probabilities that this KL was computed from. TRL would compute them twice.
    """

    kl_name = "log_ratio"

    def __init__(self, policy: PreTrainedModel | PeftModel, *args, **kwargs) -> None:
        super().__init__(policy, *args, **kwargs)
        one_step = self.num_iterations == self.args.steps_per_generation == 1
        self.computes_once = one_step and self.share == ALONE
        self.kept: Logps | None = None

    def _get_per_token_logps_and_entropies(self, model, *args, **kwargs) -> Logps:
        if not self.computes_once or model is not self.model:
            return super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
        if torch.is_grad_enabled():  # called for the loss
            kept, self.kept = self.kept, None
            return kept
        with torch.enable_grad():
            self.kept = super()._get_per_token_logps_and_entropies(model, *args, **kwargs | {"compute_entropy": True})
        return self.kept[0].detach(), None, None

    def _generate_and_score_completions(self, inputs) -> dict[str, Tensor]:
        batch = super()._generate_and_score_completions(inputs)
        if self.computes_once:  # in the batch, because TRL shuffles it
            batch["logps"], batch["entropies"], _ = self.kept
        return batch

    def _compute_loss(self, model, inputs) -> Tensor:
        if self.computes_once:
            self.kept = inputs.pop("logps"), inputs.pop("entropies"), None
        return super()._compute_loss(model, inputs)


class GRPO(PolicyTrainer, GRPOTrainer):
    """GRPO (arXiv 2402.03300): advantages in standard deviations of the rewards of a prompt's completions.

    The KL to the anchor is a term of the loss: per token exp(−r) + r − 1 with the log ratio r, weighted by the ratio of
    new to old policy. Without this weight its gradient would not be that of the KL. β is relative to advantages, and
    so in standard deviations of the reward. GDPO (arXiv 2601.05242) is GRPO with each reward of a mixture normalised
    within its group before it is weighed: `multi_objective_aggregation="normalize_then_sum"`.
    """

    kl_name = "k3"

    def _generate_single_turn(self, *args, **kwargs) -> tuple[list[list[int]], None]:
        return super()._generate_single_turn(*args, **kwargs), None  # GRPO also expects log-probabilities


def kl_per_completion(log: Mapping[str, float]) -> float | None:
    """KL to the anchor per completion, in nats, from the log of one step, in which TRL has it per token.

    None with β = 0: then there is no anchor.
    """
    return log["kl"] * log["completions/mean_length"] if "kl" in log else None
