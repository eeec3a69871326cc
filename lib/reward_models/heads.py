"""Reward models trained on preferences by the Bradley–Terry model: K heads on one encoder, on TRL's trainer.

Scalable Ensembling, arXiv 2406.01013. One head is the usual reward model.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid
from transformers import PreTrainedModel
from trl import RewardTrainer
from trl.trainer.reward_trainer import DataCollatorForPreference


def bradley_terry(chosen: Tensor, rejected: Tensor, weights: Tensor) -> Tensor:
    """Σₖ meanᵢ −wᵢₖ log σ(rₖ(chosenᵢ) − rₖ(rejectedᵢ)). chosen, rejected, weights: (pairs, heads).

    The losses are summed over heads, so that each head has the gradient that it would have alone.
    """
    return -(weights * logsigmoid(chosen - rejected)).mean(0).sum()


def bootstrap_weights(pairs: int, heads: int, seed: int) -> list[list[int]]:
    """How often each pair is in a head's bootstrap sample of the pairs, (pairs, heads)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(pairs, np.full(pairs, 1 / pairs), size=heads).T.tolist()


class Pairs(DataCollatorForPreference):
    """TRL's collator of pairs, which also collates their `weights`, one per head."""

    def torch_call(self, examples: list[dict]) -> dict[str, Tensor]:
        """A batch: all chosen texts, then all rejected ones, and the weights of the pairs."""
        weights = torch.tensor([example["weights"] for example in examples], dtype=torch.float32)
        return super().torch_call(examples) | {"weights": weights}


class RewardHeads(RewardTrainer):
    """TRL's reward trainer, extended from one output to K.

    model: a sequence classifier with K outputs. train_dataset: `chosen_ids` and `rejected_ids`, the tokens of whole
    texts, and `weights`, K per pair.
    """

    def __init__(self, model: PreTrainedModel, *, processing_class, **kwargs) -> None:
        heads = model.config.num_labels
        model.config.num_labels = 1  # TRL refuses more, though only its own loss needs that
        collator = Pairs(processing_class.pad_token_id)
        super().__init__(model=model, processing_class=processing_class, data_collator=collator, **kwargs)
        model.config.num_labels = heads

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = ["chosen_ids", "rejected_ids", "weights"]

    def compute_loss(self, model: nn.Module, inputs: dict[str, Tensor], **_) -> Tensor:
        """The loss of a batch of pairs. Logs the fraction of labels that the heads agree with as `accuracy`."""
        weights = inputs.pop("weights")
        chosen, rejected = model(**inputs, use_cache=False).logits.chunk(2)
        agreement = self.accelerator.gather_for_metrics((chosen > rejected).float().mean())
        self._metrics["train"]["accuracy"].append(agreement.mean().item())
        return bradley_terry(chosen, rejected, weights)
