"""Robots in a simulation: copies of one environment of Gymnasium that move side by side.

Of each step some numbers are kept, which all rewards are weighted sums of (`QUANTITIES`): the velocity and the effort
are HalfCheetah-v5's `x_velocity` and its control cost without the weight. Rewarded Soups calls velocity *risky*, and
velocity − effort *cautious*.
"""

from collections.abc import Sequence

import gymnasium
import mujoco
import numpy as np
from numpy.typing import NDArray

from lib.reward_models.kinds.simulated import QUANTITIES

Floats = NDArray[np.float64]


class Robots:
    """`count` copies. No episode ends before its time: none of the environments that the parameters allow does that.

    observations, actions: how many numbers a robot sees and gives. seconds: of one step.
    """

    def __init__(self, environment: str, count: int) -> None:
        mujoco.set_mju_user_warning(lambda message: None)  # of its next version's; they would be written to a file here
        self.copies = [gymnasium.make(environment, disable_env_checker=True).unwrapped for _ in range(count)]
        first = self.copies[0]
        self.observations, self.actions = first.observation_space.shape[0], first.action_space.shape[0]
        self.low, self.high = first.action_space.low, first.action_space.high
        self.seconds = float(first.dt)

    def reset(self, starts: Sequence[int]) -> Floats:
        """What each copy sees at a start of this number, (copies, observations)."""
        return np.stack([copy.reset(seed=int(start))[0] for copy, start in zip(self.copies, starts, strict=True)])

    def step(self, actions: NDArray) -> tuple[Floats, Floats]:
        """What each copy sees next, and its `QUANTITIES`, (copies, 2). Actions out of range are clipped first."""
        clipped = np.clip(actions, self.low, self.high)
        taken = [copy.step(action) for copy, action in zip(self.copies, clipped)]
        found = {"velocity": [info["x_velocity"] for *_, info in taken], "effort": np.square(clipped).sum(1)}
        return np.stack([seen for seen, *_ in taken]), np.stack([found[name] for name in QUANTITIES], axis=1)

    def capsules(self, number: int) -> list[list[float]]:
        """The parts of one copy as it is seen from the side, in metres: x and z of both ends, x from the robot's own
        place, and the radius.
        """
        model, data = self.copies[number].model, self.copies[number].data
        parts = np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_CAPSULE)
        place, axis = data.geom_xpos[parts], data.geom_xmat[parts].reshape(-1, 3, 3)[:, :, 2]
        half = axis * model.geom_size[parts, 1:2]
        ends = [place - half - [data.qpos[0], 0, 0], place + half - [data.qpos[0], 0, 0]]
        rows = np.column_stack([end[:, [0, 2]] for end in ends] + [model.geom_size[parts, 0]])
        return np.round(rows, 3).tolist()
