"""Combinations of LoRA policies of one base model, many in one batch.

The policies are run as they are: what an adapter adds is multiplied by its weight in the combination that a text of the
batch belongs to, and no merged model is made.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from peft import PeftModel
from torch import Tensor

from lib.models.lora_in_memory import lora_layers
from lib.policies.decoding import Decoding, Mixed
from lib.policies.log_probabilities import Tokens

Coefficients = Sequence[float] | Mapping[str, Tensor]
"""What each adapter is multiplied by, (adapters,): everywhere, or by the name of the weight that it changes."""


class Sweep:
    """Linear combinations of the adapters of one model. adapters: their names; coefficients: of each combination.

    One combination alone is every number of itself.
    """

    def __init__(self, model: PeftModel, adapters: Sequence[str], coefficients: Sequence[Coefficients]) -> None:
        self.model, self.adapters, self.coefficients = model, adapters, coefficients
        self.count = len(coefficients)

    def decoding(self, numbers: Sequence[int], prompts: Sequence[Tokens]) -> Decoding:
        repeated = [*prompts] * len(numbers)
        if self.count == 1 or len(numbers) == 1:
            return Decoding(lambda: self.alone(numbers[0]), repeated, same=True)
        return Decoding(lambda: self.together(numbers, len(prompts)), repeated, same=False)

    @contextmanager
    def together(self, numbers: Sequence[int], rows: int) -> Iterator[Mixed]:
        """Some of them, for a batch of `rows` texts for the first, then as many for the next, and so on."""
        with scaled(self.model, self.adapters, [self.coefficients[number] for number in numbers], rows):
            yield [self.model], [1.0]

    @contextmanager
    def alone(self, number: int) -> Iterator[Mixed]:
        with scaled(self.model, self.adapters, [self.coefficients[number if self.count > 1 else 0]], 1):
            yield [self.model], [1.0]


@contextmanager
def scaled(
    model: PeftModel, adapters: Sequence[str], coefficients: Sequence[Coefficients], rows: int
) -> Iterator[None]:
    """Meanwhile the model is W + Σᵢ cᵢ Bᵢ Aᵢ, with c of the first combination for the first `rows` texts of a batch,
    then that of the next, and so on.

    For one combination a batch may be of any size. The adapters' own scale is 1
    (`lib.models.lora_on_disk.write_factors`).
    """
    layers = lora_layers(model)
    device = model.device
    by_combination = [
        found if isinstance(found, Mapping) else dict.fromkeys(layers, torch.tensor(found)) for found in coefficients
    ]
    by_weight = {weight: torch.stack([found[weight] for found in by_combination]) for weight in layers}
    used = [name for i, name in enumerate(adapters) if any(found[:, i].any() for found in by_weight.values())]
    model.base_model.set_adapter(used, inference_mode=True)
    before = [dict(layer.scaling) for layer in layers.values()]
    try:
        for weight, layer in layers.items():
            for i, name in enumerate(adapters):
                column = by_weight[weight][:, i]
                alone = len(column) == 1
                layer.scaling[name] = (
                    column.item() if alone else column.repeat_interleave(rows).view(-1, 1, 1).to(device)
                )
        yield
    finally:
        for layer, scaling in zip(layers.values(), before):
            layer.scaling = scaling
