"""Rewards that a simulation gives: weighted sums of what is measured of a robot at each step."""

from typing import ClassVar

from lib.reward_models.kinds.kind import Kind, Spec

QUANTITIES = ("velocity", "effort")
"""Of one step: along the track in m/s, and Σ a² over the joints. `lib.control.environment` measures them."""


class Simulated(Kind):
    """What each of `QUANTITIES` weighs; one that is left out weighs nothing. Of an episode it is the sum of its steps.

    It is computed where the robot moves (`lib.control.rewards`), and loads no model.
    """

    key = "simulated"
    unit = "sum of an episode"
    schema: ClassVar = {
        "additionalProperties": False,
        "required": ["simulated"],
        "properties": {
            "simulated": {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": {quantity: {"type": "number"} for quantity in QUANTITIES},
            }
        },
    }


def loader(source: Spec) -> Kind:
    """The kind of any source of an experiment with a simulation."""
    return Simulated()
