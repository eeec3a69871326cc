import math

import pandas as pd
import pytest
import torch

from lib.merges.task_vectors import inner_products
from lib.papers.warp.geometry import geometry


def test_geometry_of_two_policies():
    """θ_start and the two task vectors, layer by layer."""
    start = {"model.layers.0.a": torch.tensor([10.0, 0.0]), "model.norm.weight": torch.tensor([1.0, 0.0])}
    first = {"model.layers.0.a": torch.tensor([3.0, 0.0]), "model.norm.weight": torch.tensor([1.0, 0.0])}
    second = {"model.layers.0.a": torch.tensor([0.0, 4.0]), "model.norm.weight": torch.tensor([1.0, 1.0])}
    table = pd.DataFrame(geometry(inner_products([[start, first, second]]))).set_index("layer")
    assert table.loc["model.layers.0", "degrees"] == pytest.approx(90)
    assert table.loc["model.layers.0", ["norm_first", "norm_second"]].tolist() == pytest.approx([3, 4])
    # of (13, 0) and (10, 4)
    assert table.loc["model.layers.0", "cosine_of_weights"] == pytest.approx(10 / math.hypot(10, 4))
    assert table.loc["model.norm.weight", "degrees"] == pytest.approx(45)
    assert [row["norm"] for row in geometry(inner_products([[start, first]]))] == pytest.approx([3, 1])


def test_layers_that_a_policy_left_alone_have_no_angle():
    """As with LoRA."""
    start = {"model.layers.0.a": torch.tensor([10.0, 0.0]), "model.norm.weight": torch.tensor([1.0, 0.0])}
    deltas = [
        {"model.layers.0.a": torch.tensor(delta), "model.norm.weight": torch.zeros(2)} for delta in ([1.0, 0], [0, 1.0])
    ]
    assert [row["layer"] for row in geometry(inner_products([[start, *deltas]]))] == ["model.layers.0"]
