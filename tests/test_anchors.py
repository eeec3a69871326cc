import pytest
import torch

from lib.merging import ema


def test_the_moving_average_follows_a_policy_in_bfloat16_in_float32():
    """θ_ema = 1 + 2⁻⁷ (1 − (1 − μ)ᵗ) after t steps towards 1 + 2⁻⁷; in bfloat16 it would not leave 1."""
    policy = {"w": torch.tensor([1 + 2**-7], dtype=torch.bfloat16)}
    anchor, rounded = {"w": torch.ones(1)}, {"w": torch.ones(1, dtype=torch.bfloat16)}
    for _ in range(10):
        ema(anchor, policy, 0.01)
        ema(rounded, policy, 0.01)
    assert anchor["w"].item() == pytest.approx(1 + 2**-7 * (1 - 0.99**10), rel=1e-6)
    assert rounded["w"].item() == 1
