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


def bradley_terry(
    chosen: Tensor, rejected: Tensor, weights: Tensor, margins: Tensor | None = None, ties: Tensor | None = None
) -> Tensor:
    """Σₖ meanᵢ −wᵢₖ log σ(rₖ(chosenᵢ) − rₖ(rejectedᵢ) − mᵢ). chosen, rejected, weights: (pairs, heads).

    margins: m, (pairs,); Llama 2, section 3.2.2. ties: (pairs,), of booleans; there both log σ(Δ) and log σ(−Δ) count
    half, whatever the margin. The losses are summed over heads, so that each head has the gradient that it would have
    alone.
    """
    difference = chosen - rejected
    likelihood = logsigmoid(difference if margins is None else difference - margins[:, None])
    if ties is not None:
        undecided = (logsigmoid(difference) + logsigmoid(-difference)) / 2
        likelihood = torch.where(ties[:, None], undecided, likelihood)
    return -(weights * likelihood).mean(0).sum()


def bootstrap_weights(pairs: int, heads: int, seed: int) -> list[list[int]]:
    """How often each pair is in a head's bootstrap sample of the pairs, (pairs, heads)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(pairs, np.full(pairs, 1 / pairs), size=heads).T.tolist()


class Pairs(DataCollatorForPreference):
    """TRL's collator of pairs, which also collates their `weights`, one per head, and `tie` where they have it."""

    def torch_call(self, examples: list[dict]) -> dict[str, Tensor]:
        """A batch: all chosen texts, then all rejected ones, and the weights, margins and ties of the pairs."""
        more = {"weights": torch.tensor([example["weights"] for example in examples], dtype=torch.float32)}
        if "tie" in examples[0]:
            more["tie"] = torch.tensor([example["tie"] for example in examples])
        return super().torch_call(examples) | more


class RewardHeads(RewardTrainer):
    """TRL's reward trainer, extended from one output to K.

    model: a sequence classifier with K outputs. train_dataset: `chosen_ids` and `rejected_ids`, the tokens of whole
    texts, `length`, which pairs are grouped by, and `weights`, K per pair; a `margin` and whether it is a `tie` per
    pair, if some pairs have them.
    """

    def __init__(self, model: PreTrainedModel, *, processing_class, **kwargs) -> None:
        heads = model.config.num_labels
        model.config.num_labels = 1  # TRL refuses more, though only its own loss needs that
        collator = Pairs(processing_class.pad_token_id)
        super().__init__(model=model, processing_class=processing_class, data_collator=collator, **kwargs)
        model.config.num_labels = heads

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = ["chosen_ids", "rejected_ids", "length", "weights", "margin", "tie"]

    def compute_loss(self, model: nn.Module, inputs: dict[str, Tensor], **_) -> Tensor:
        """The loss of a batch of pairs. Logs the fraction of labels that the heads agree with as `accuracy`."""
        weights, margins, ties = (inputs.pop(name, None) for name in ("weights", "margin", "tie"))
        chosen, rejected = model(**inputs, use_cache=False).logits.chunk(2)
        agreement = self.accelerator.gather_for_metrics((chosen > rejected).float().mean())
        self._metrics["train"]["accuracy"].append(agreement.mean().item())
        return bradley_terry(chosen, rejected, weights, margins, ties)
