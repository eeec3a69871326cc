"""What else the policies of Rewarded Soups give: merges, extrapolated and rescaled soups, Bone Soups."""

import numpy as np
import pandas as pd
import pytest
import yaml

from lib.graph.experiment import Experiment
from lib.merging import MERGES
from lib.papers.rewarded_soups.names import weights_of
from lib.papers.rewarded_soups.others import AT_HALF, Others, of_bones
from lib.papers.rewarded_soups.rescaling import factors_of, with_chosen
from lib.papers.rewarded_soups.styles import MERGES as DRAWN
from lib.papers.rewarded_soups.styles import OTHERS, SOUPS
from lib.reward_models.mixtures import between
from tests.checkout import ROOT

PAIR = ["positivity", "editorial"]
MU = [0.0, 0.25, 0.5, 0.75, 1.0]


def others_of(**changes) -> Others:
    """Of the default experiment with λ in quarters. changes: of its section; None takes a key out."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    section = params["rewarded_soups"] | changes
    params["rewarded_soups"] = {key: value for key, value in section.items() if value is not None}
    return Others(Experiment(params, ROOT, ["params.yaml"]), PAIR, MU)


def by_name(others: Others, method: str) -> dict[str, dict[str, float]]:
    """The weights of a method's points, by name, without zeros."""
    return {
        point["mixture"]: {model: weight for model, weight in zip(others.models, point["weights"]) if weight}
        for point in others.points
        if point["method"] == method
    }


def test_weights_of_bone_soups_worked_by_hand():
    """With β = .75, μ = 1 takes 1.5 of the first policy and −.5 of the second, and 1.5·.75 − .5·.25 is 1."""
    assert [of_bones(mu, 0.75) for mu in MU] == [(-0.5, 1.5), (0, 1), (0.5, 0.5), (1, 0), (1.5, -0.5)]
    for beta in (0.6, 0.75, 0.9):
        for mu in MU:
            first, second = of_bones(mu, beta)
            assert first * beta + second * (1 - beta) == pytest.approx(mu)


def test_bone_soups_have_negative_weights_where_they_are_asked_for():
    first, second = "editorial=0.25+positivity=0.75", "editorial=0.75+positivity=0.25"
    found = by_name(others_of(), "bone")
    assert found["positivity"] == {first: 1.5, second: -0.5}
    assert found["editorial=0.5+positivity=0.5"] == {first: 0.5, second: 0.5}
    assert len(found) == len(MU)
    found = by_name(others_of(bone_soups={"beta": 0.75, "negative": False}), "bone")
    assert list(found.values()) == [{second: 1}, {first: 0.5, second: 0.5}, {first: 1}]


def test_extrapolated_and_rescaled_soups_worked_by_hand():
    others = others_of(extrapolated=[1.5], rescaled=[1, 1.5], preferences=[0.25, 0.75])
    assert by_name(others, "extrapolated") == {"λ=1.5": {"positivity": 1.5, "editorial": -0.5}}
    found = by_name(others, "rescaled")
    assert found["editorial=0.75+positivity=0.25 s=1"] == {"positivity": 0.25, "editorial": 0.75}
    assert found["editorial=0.75+positivity=0.25 s=1.5"] == {"sft/1": -0.5, "positivity": 0.375, "editorial": 1.125}
    assert [point["mixture"] for point in others.candidates] == list(found)
    assert all(sum(point["weights"]) == pytest.approx(1) for point in others.points)


def test_merges_are_at_the_preferences():
    others = others_of(merges=["ties", AT_HALF], preferences=[0.25, 0.75])
    assert list(by_name(others, "ties")) == between(PAIR, [0.25, 0.75])
    assert by_name(others, AT_HALF) == {"editorial=0.5+positivity=0.5": {"positivity": 0.5, "editorial": 0.5}}


def test_without_their_keys_there_is_nothing():
    others = others_of(merges=None, extrapolated=None, rescaled=None, bone_soups=None)
    assert others.points == others.candidates == []
    assert others.models == ["sft/1", *PAIR]


def test_what_may_be_asked_for_is_in_the_table_of_merges_and_is_drawn():
    schema = yaml.safe_load((ROOT / "lib/papers/rewarded_soups/schema.yaml").read_text())["properties"]
    asked = schema["merges"]["items"]["enum"]
    assert set(asked) == MERGES.keys() - {"linear", "affine"} == DRAWN.keys()
    assert {point["method"] for point in others_of(merges=asked, rescaled=[1, 2]).points} == OTHERS.keys()
    assert not SOUPS.keys() & DRAWN.keys()


def test_names_say_what_is_mixed():
    assert weights_of("extrapolated", "λ=-0.5", PAIR) == {"positivity": -0.5, "editorial": 1.5}
    assert weights_of("ties", "editorial=0.25+positivity=0.75", PAIR) == {"editorial": 0.25, "positivity": 0.75}
    assert weights_of("sft", "sft/1", PAIR) == {}


def scored(gains: dict[float, float]) -> pd.DataFrame:
    """Two soups, rescaled by each factor; both rewards are the factor's gain. Beside them a soup."""
    rows = [("rescaled", f"{name} s={factor:g}", gain) for name in ("x", "y") for factor, gain in gains.items()]
    return pd.DataFrame([*rows, ("soup", "x", 5.0)], columns=["method", "mixture", "x"]).assign(
        y=lambda table: table["x"]
    )


def test_the_factor_is_chosen_on_validation_prompts_and_no_others():
    """Each seed's own; held-out scores that would choose another one stay as they are."""
    validation = {1: scored({1: 0.0, 1.4: 2.0}), 2: scored({1: 1.0, 1.4: 0.0})}
    validation = {seed: table[table["method"] == "rescaled"] for seed, table in validation.items()}
    factors = factors_of(validation, ["x", "y"])
    assert factors[factors["chosen"]][["seed", "factor"]].to_numpy().tolist() == [[1, 1.4], [2, 1]]
    np.testing.assert_allclose(factors["expected utility"], [0, 2, 1, 0])
    held_out = with_chosen(scored({1: 9.0, 1.4: -1.0}), 1.4)
    rows = held_out[["method", "mixture", "x"]].to_numpy().tolist()
    assert rows == [["soup", "x", 5.0], ["rescaled", "x", -1.0], ["rescaled", "y", -1.0]]
    assert list(held_out) == ["method", "mixture", "x", "y"]
