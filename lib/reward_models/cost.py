"""What a reward model takes to score texts, counted and not timed, so that it is the same on every machine."""

from torch import nn
from transformers import PreTrainedModel

COST = ["weights", "multiplications"]


def cost_of(classifier: PreTrainedModel) -> dict[str, list[float]]:
    """`weights`: how many numbers are held. `multiplications`: by weights, for a token.

    Attention scores, which grow with a text's length, are not counted. Each is a list of one number, as other findings
    of a proxy are lists.
    """
    held = sum(parameter.numel() for parameter in classifier.parameters())
    used = sum(layer.weight.numel() for layer in classifier.modules() if isinstance(layer, nn.Linear))
    return dict(zip(COST, ([held], [used])))
