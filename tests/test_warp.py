import numpy as np
import pandas as pd
import pytest

from lib.papers.warp.claims import above_trajectories, anchor_table, hypervolume_table, liti_table, slerp_table
from lib.papers.warp.names import between_point, fixed_point, liti_point
from lib.statistics.means import Means

# mean reward and KL of every point; the scores are these on both seeds and all prompts
POINTS = {
    liti_point(2, 1, 0): (0, 0),
    liti_point(2, 1, 0.5): (3, 1),
    liti_point(2, 1, 1): (4, 4),
    fixed_point(0.1): (2, 2),
    fixed_point(0.2): (1, 1),
    between_point("slerp", 0): (2, 2),
    between_point("slerp", 0.5): (4, 4),
    between_point("slerp", 1): (3, 4),
    between_point("lerp", 0.5): (3.5, 1),
}
FRONT = [liti_point(2, 1, eta) for eta in (0, 0.5, 1)]


@pytest.fixture
def means() -> Means:
    table = pd.DataFrame(
        {"method": method, "mixture": name, "prompt": prompt, "reward": reward, "kl": kl}
        for (method, name), (reward, kl) in POINTS.items()
        for prompt in range(5)
    )
    return Means.of([table, table], ["reward", "kl"], resamples=20)


def test_hypervolume_in_the_plane_of_reward_and_kl(means):
    """Above reward 0 and below KL 4, the largest: LITI has 3 × 3, fixed anchors 2 × 2 + 1 × 1."""
    fronts = {"liti": FRONT, "fixed": [FRONT[0], fixed_point(0.1), fixed_point(0.2)]}
    table = hypervolume_table(means, fronts, [10, 20], FRONT[0]).set_index("front")
    assert table["steps of RL"].tolist() == [10, 20]
    assert table.loc["liti", "value"] == 9
    assert table.loc["fixed", "value"] == 5
    assert table.loc["fixed", "first_minus_this_value"] == table.loc["fixed", "first_minus_this_low"] == 4


def test_slerp_is_compared_with_lerp_and_with_the_ends(means):
    table = slerp_table(means, [0, 0.5, 1]).set_index("comparison")["value"]
    assert table["reward of SLERP − LERP"] == 0.5
    assert table["reward of SLERP − better end"] == 1
    assert table["KL of SLERP − mean of the ends"] == 1
    assert table["KL of LERP − mean of the ends"] == -2


def test_liti_is_concave_in_reward_and_convex_in_kl(means):
    table = liti_table(means, [(2, 1)], [0.5]).set_index("comparison")["value"]
    assert table["reward above the chord"] == 1  # 3 − (0 + 4)/2
    assert table["KL below the chord"] == 1  # (0 + 4)/2 − 1


def test_anchors_are_compared_seed_by_seed():
    """Below KL 2: a moving anchor has 2 × 1, twice, the fixed one 1 × 1 and 0. Up to KL 1: 2 against 1 and 0."""
    moving = [[np.array([[0.0, 0.0], [2.0, 1.0]])] * 2] * 2
    fixed = [np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 0.0], [1.0, 2.0]])]
    for row in anchor_table(moving, {0.1: fixed}, resamples=200).to_dict("records"):
        assert row["value"] == pytest.approx(1.5), row["comparison"]
        assert (row["low"], row["high"]) == (1, 2)


def test_luck_of_the_first_batch_does_not_count_for_an_anchor():
    """All trajectories start at θ_sft, and are measured from the mean of what was seen there: 0."""
    moving = [[np.array([[-0.5, 0.0], [2.0, 1.0]])]]
    fixed = [np.array([[0.5, 0.0], [2.0, 1.0], [0.0, 2.0]])]
    volume, reward = anchor_table(moving, {0.1: fixed}, resamples=10)["value"]
    assert volume == pytest.approx(2 * 1 - (2 * 1 + 0.5 * 1))
    assert reward == 0


def test_a_front_is_compared_with_training_at_the_same_kl():
    """The front has reward 3 at KL 1, where two policies had 1 and 2; a third never came that far."""
    front = pd.DataFrame({"method": "liti", "mixture": "half", "reward": [2.0, 4.0], "kl": [0.5, 1.5]})
    training = [np.array(path) for path in ([[0, 0], [2, 2]], [[0, 0], [4.0, 2.0]], [[0, 0], [9, 0.9]])]
    [row] = above_trajectories([front] * 2, [training] * 2, {0.5: ("liti", "half")}, resamples=10).to_dict("records")
    assert row == pytest.approx({"eta": 0.5, "value": 1.5, "low": 1.5, "high": 1.5})
