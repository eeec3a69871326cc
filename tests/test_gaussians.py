"""A robot's distributions of actions, its advantages and how it normalises: against results worked out by hand."""

import json
import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from lib.control.gaussians import Gaussian, kl, log_probability, product
from lib.control.network import Policy, read_policy, weights_of, write_policy
from lib.control.normaliser import Normaliser
from lib.control.ppo import Settings, advantages
from lib.graph.modality import CONTROL, TEXT, modality_of
from lib.models.frozen import FROZEN
from scripts.soup import write_soup

FIRST = Gaussian(torch.tensor([[0.0, 1.0]]), torch.tensor([0.0, math.log(2)]))
SECOND = Gaussian(torch.tensor([[1.0, 1.0]]), torch.tensor([math.log(2), 0.0]))
SETTINGS = Settings(1e-3, epochs=1, minibatch=2, clip=0.2, gae_lambda=0.5, discount=0.5, clip_norm=1.0)
CONFIG = {"environment": "HalfCheetah-v5", "observations": 3, "hidden": [4, 4], "actions": 2}


def test_kl_in_closed_form():
    by_hand = (math.log(2) + (1 + 1) / (2 * 4) - 0.5) + (-math.log(2) + 4 / 2 - 0.5)
    assert kl(FIRST, SECOND).tolist() == pytest.approx([by_hand])
    assert kl(FIRST, FIRST).tolist() == [0]


def test_log_probability():
    actions = torch.tensor([[0.3, -0.7]])
    expected = norm.logpdf([0.3, -0.7], [0, 1], [1, 2]).sum()
    assert log_probability(FIRST, actions).tolist() == pytest.approx([expected])


def test_a_product_is_the_weighted_geometric_mean_of_densities():
    mixed = product([FIRST, SECOND], [0.25, 0.75])
    actions = torch.randn(5, 2)
    log = 0.25 * log_probability(FIRST, actions) + 0.75 * log_probability(SECOND, actions)
    less = log_probability(mixed, actions) - log
    assert less.tolist() == pytest.approx([float(less[0])] * 5, abs=1e-5)
    assert product([FIRST], [1.0]).mean.tolist() == FIRST.mean.tolist()


def test_advantages():
    rewards, values = torch.tensor([[1.0], [2.0]]), torch.tensor([[0.5], [1.0], [4.0]])
    last = 2 + 0.5 * 4 - 1
    first = 1 + 0.5 * 1 - 0.5 + 0.25 * last
    assert advantages(rewards, values, SETTINGS).flatten().tolist() == [first, last]


def test_the_normaliser_learns_batch_by_batch_what_it_would_at_once(tmp_path):
    observations = np.random.default_rng(0).normal(3, 2, (40, 3))
    learned = Normaliser.new(3)
    for part in np.split(observations, 4):
        learned.learn(part)
    assert learned.mean == pytest.approx(observations.mean(0))
    assert learned.variance == pytest.approx(observations.var(0))
    assert learned(observations).std(0) == pytest.approx(1, abs=1e-4)
    learned.write(tmp_path)
    assert (Normaliser.read(tmp_path)(observations) == learned(observations)).all()


def test_policies_that_normalise_differently_are_never_averaged(tmp_path):
    policies = [Policy(CONFIG) for _ in range(2)]
    for number, policy in enumerate(policies):
        write_policy(weights_of(policy), CONFIG, Normaliser.new(3), tmp_path / str(number))
    paths = [tmp_path / "0", tmp_path / "1"]
    write_soup(paths, tmp_path / "soup", coefficients=[0.25, 0.75])
    soup, of_each = weights_of(read_policy(tmp_path / "soup")), [weights_of(policy) for policy in policies]
    for name, tensor in soup.items():
        assert torch.allclose(tensor, 0.25 * of_each[0][name] + 0.75 * of_each[1][name])
    assert (tmp_path / "soup" / FROZEN).read_bytes() == (tmp_path / "0" / FROZEN).read_bytes()
    assert "AutoModel" not in (tmp_path / "soup/README.md").read_text()
    frozen = json.loads((tmp_path / "1" / FROZEN).read_text())
    (tmp_path / "1" / FROZEN).write_text(json.dumps(frozen | {"mean": [1.0, 0.0, 0.0]}))
    with pytest.raises(ValueError, match=f"differ in {FROZEN}"):
        write_soup(paths, tmp_path / "other", coefficients=[0.25, 0.75])


@pytest.mark.parametrize(("base", "found"), [({"environment": "x"}, CONTROL), ({"layers": 1}, TEXT), (None, TEXT)])
def test_a_base_with_an_environment_moves_a_robot(base, found):
    assert modality_of({"base": base}) is found
