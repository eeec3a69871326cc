"""PPO (arXiv 1707.06347), as in Rewarded Soups and SALSA: a value for each token, generalised advantages, a clipped
ratio, and several epochs on each batch of completions.

The trainer is GRPO's, with other advantages and another loss.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lib.policies.policy_trainer import plain_model
from lib.policies.trainers import GRPO
from lib.training.beside_checkpoints import TrainedBeside


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gae_lambda: float) -> Tensor:
    """Aₜ = Σ_l λˡ δₜ₊ₗ with δₜ = rₜ + Vₜ₊₁ − Vₜ: generalised advantages (arXiv 1506.02438) with γ = 1.

    rewards, values, mask: (batch, length). Only tokens after the end are masked; their value is 0.
    """
    values = values * mask
    advantages = torch.zeros_like(values)
    next_advantage, next_value = torch.zeros_like(values[:, 0]), torch.zeros_like(values[:, 0])
    for t in reversed(range(values.size(1))):
        delta = rewards[:, t] + next_value - values[:, t]
        next_advantage = advantages[:, t] = (delta + gae_lambda * next_advantage) * mask[:, t]
        next_value = values[:, t]
    return advantages


def token_rewards(rewards: Tensor, log_ratios: Tensor, mask: Tensor, beta: float) -> Tensor:
    """rₜ = −β (log π − log π_anchor)ₜ, plus R(x, y) at the last token.

    rewards: (batch,), R of each completion; log_ratios, mask: (batch, length).
    """
    per_token = -beta * log_ratios * mask
    last = mask.sum(1) - 1
    per_token[torch.arange(len(per_token)), last] += rewards
    return per_token


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean over the tokens that are not masked."""
    return (values * mask).sum() / mask.sum()


def whitened(values: Tensor, mask: Tensor) -> Tensor:
    """The values, shifted and scaled to mean 0 and variance 1 over the tokens of the batch."""
    centred = values - masked_mean(values, mask)
    return centred / (masked_mean(centred**2, mask).sqrt() + 1e-8) * mask


def policy_loss(log_ratios: Tensor, advantages: Tensor, mask: Tensor, clip: float) -> Tensor:
    """−E[min(ρₜ Aₜ, clip(ρₜ, 1 − ε, 1 + ε) Aₜ)] (PPO, equation 7), ρ = π_new / π_old."""
    ratio = log_ratios.exp()
    return -masked_mean(torch.min(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages), mask)


def value_loss(values: Tensor, old: Tensor, returns: Tensor, mask: Tensor, clip: float) -> Tensor:
    """½ E[max((V − G)², (V_clipped − G)²)], V_clipped within ε of the old value."""
    clipped = old + (values - old).clamp(-clip, clip)
    return 0.5 * masked_mean(torch.max((values - returns) ** 2, (clipped - returns) ** 2), mask)


class PPO(GRPO):
    """PPO with a value head on the policy's last hidden state, as in TRL before 0.12.

    The KL to the anchor is one log ratio per token, subtracted from the token's reward. `args.num_iterations` is the
    number of epochs, `args.epsilon` the clip range ε of ratio and value. The head starts at 0 and is trained with the
    policy, but is not saved in it: policies of all algorithms have the same tensors.
    """

    kl_name = "log_ratio"
    loss_is_scaled_for_ga = False  # unlike GRPO's loss, which divides by the accumulation steps

    def __init__(self, *args, gae_lambda: float, value_coefficient: float, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.gae_lambda, self.value_coefficient = gae_lambda, value_coefficient
        head = nn.utils.skip_init(nn.Linear, self.policy.config.hidden_size, 1, device=self.accelerator.device)
        self.value_head = head  # without random numbers: the first completions are those of RLOO and GRPO
        nn.init.zeros_(self.value_head.weight)
        nn.init.zeros_(self.value_head.bias)
        self.save_beside(TrainedBeside(self.value_head, "value_head.safetensors"))

    def create_optimizer(self, *args, **kwargs):
        """The policy's optimiser, with the value head added."""
        if self.optimizer is None:
            super().create_optimizer(*args, **kwargs)
            self.optimizer.add_param_group({"params": list(self.value_head.parameters()), "weight_decay": 0.0})
        return self.optimizer

    def _calculate_rewards(self, *args, **kwargs) -> Tensor:
        by_function = super()._calculate_rewards(*args, **kwargs)
        self._rewards = by_function @ self.reward_weights.to(by_function)
        return by_function

    def _generate_and_score_completions(self, inputs) -> dict[str, Tensor]:
        batch = super()._generate_and_score_completions(inputs)
        mask = batch["completion_mask"]
        with torch.no_grad():
            log_probs, values, _ = self._on_tokens(self.model, batch)
        log_ratios = log_probs - batch.pop("ref_per_token_logps", log_probs)
        if self.beta:
            self._metrics["train"]["kl"].append(masked_mean(log_ratios, mask).item())
        first = self.accelerator.process_index * len(mask)
        rewards = token_rewards(self._rewards[first : first + len(mask)], log_ratios, mask, self.beta)
        advantages = gae(rewards, values, mask, self.gae_lambda)
        return batch | {
            "old_per_token_logps": log_probs,
            "old_values": values,
            "returns": advantages + values,
            "advantages": whitened(advantages, mask),
        }

    def _compute_loss(self, model, inputs: Mapping[str, Tensor]) -> Tensor:
        mask = inputs["completion_mask"]
        log_probs, values, entropies = self._on_tokens(model, inputs)
        log_ratios = log_probs - inputs["old_per_token_logps"]
        self._metrics["train"]["entropy"].append(masked_mean(entropies, mask).item())
        loss = policy_loss(log_ratios, inputs["advantages"], mask, self.epsilon_low)
        loss_of_values = value_loss(values, inputs["old_values"], inputs["returns"], mask, self.epsilon_low)
        return loss + self.value_coefficient * loss_of_values

    def _on_tokens(self, model, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """log π, V and entropy at each token of the completions, (batch, length) each, from one forward pass."""
        ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
        mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
        length = batch["completion_ids"].size(1)
        plain = plain_model(self.policy)
        hidden: list[Tensor] = []
        hook = plain.base_model.register_forward_hook(lambda *call: hidden.append(call[-1].last_hidden_state))
        try:
            log_probs, entropies, _ = self._get_per_token_logps_and_entropies(
                model, ids, mask, length, compute_entropy=True
            )
        finally:
            hook.remove()
        values = self.value_head(hidden[0][:, -length - 1 : -1].float()).squeeze(-1)
        return log_probs, values, entropies
