import numpy as np
import pandas as pd
import pytest

from lib.papers.claims import claims_table
from lib.papers.evidence import Evidence
from lib.papers.paths import on_path, path_points
from lib.papers.rewarded_soups.claims import (
    CLAIMS,
    as_many_trainings,
    best_soups,
    soups_at_equal_kl,
    tables,
    utilities,
)
from lib.papers.rewarded_soups.other_claims import bones_over_soups, mixed_logits
from lib.papers.rewarded_soups.released import indicators
from lib.statistics.scores import Scores
from scripts.rewarded_soups_released import side_by_side

HALF = "x=0.5+y=0.5"
# mean rewards (x, y) and KL of every point; the scores are these on all seeds and prompts
POINTS = {
    ("sft", "sft/1"): (0, 0, 0),
    ("soup", "x"): (4, 1, 4),
    ("soup", HALF): (3, 2, 4),
    ("soup", "y"): (1, 2, 4),
    ("morl", HALF): (2, 2, 1),
    ("mod", HALF): (2, 1, 4),
    on_path(("soup", HALF), 0.5): (1.5, 1, 1),
    on_path(("morl", HALF), 0.5): (1, 1, 0.25),
}
SETTINGS = {
    "rewards": ["x", "y"],
    "columns": ["x", "y"],
    "units": {"x": "", "y": ""},
    "weights": [0, 0.5, 1],
    "preferences": [0.5],
    "simplex_rewards": [],
    "start": "sft/1",
    "path": [0.5],
    "margin": 0.05,
}


def scored(noise: float = 0.0, changes: dict | None = None, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {"method": method, "mixture": mixture, "prompt": prompt, "x": x + noise * z, "y": y + noise * z, "kl": kl}
        for (method, mixture), (x, y, kl) in (POINTS | (changes or {})).items()
        for prompt, z in enumerate(generator.normal(size=40))
    )


def evidence_of(seeds: int, noise: float = 0.0, changes: dict | None = None) -> Evidence:
    by_seed = {seed: scored(noise, changes, seed) for seed in range(seeds)}
    return Evidence(SETTINGS, {"held out": Scores.of(by_seed, ["x", "y", "kl"])})


@pytest.fixture
def evidence() -> Evidence:
    return evidence_of(2)


def test_chord_worked_by_hand(evidence):
    chord = tables(evidence)["chord"]
    assert list(chord["weight"]) == [0.5, 0.5]
    np.testing.assert_allclose(chord["value"], [0.5, 0.5])
    np.testing.assert_allclose(chord["low"], chord["high"])


def test_hypervolumes_worked_by_hand_from_both_reference_points(evidence):
    """The nadir of the experts is (1, 1)."""
    found = tables(evidence)["hypervolume"].set_index(["measured", "front"])
    above_sft = found.loc["above θ_sft"]
    names = ["soups at the preferences", "experts and MORL", "experts alone"]
    np.testing.assert_allclose(above_sft.loc[names, "value"], [7, 6, 5])
    np.testing.assert_allclose(above_sft.loc[names, "first_minus_this_value"], [0, 1, 2])
    np.testing.assert_allclose(found.loc["above the nadir of the experts"].loc[names, "value"], [2, 1, 0])
    assert list(above_sft.loc[names, "points"]) == [3, 3, 2]


def test_expected_utility_worked_by_hand(evidence):
    """max(4μ + 1 − μ, 3μ + 2(1 − μ)) less max(4μ + 1 − μ, 2): they differ by μ up to ⅓, then by 1 − 2μ up to ½."""
    sample, _ = utilities(evidence)
    by_hand = [max(1 + 3 * mu, 2 + mu) - max(1 + 3 * mu, 2) for mu in np.linspace(0, 1, 11)]
    np.testing.assert_allclose(sample.values, np.mean(by_hand))


def test_mixed_logits_worked_by_hand(evidence):
    """MOD has 2μ + 1 − μ, less than the first expert for every user, so that the experts alone count beside it."""
    sample, _ = mixed_logits(evidence)
    by_hand = [max(1 + 3 * mu, 2 - mu) - max(1 + 3 * mu, 2 + mu) for mu in np.linspace(0, 1, 11)]
    np.testing.assert_allclose(sample.values, np.mean(by_hand))


def test_bone_soups_worked_by_hand():
    """One that has (4, 2) where the soup has (3, 2) is ahead by μ, for every user."""
    evidence = evidence_of(2, changes={("bone", HALF): (4, 2, 5)})
    sample, _ = bones_over_soups(evidence)
    np.testing.assert_allclose(sample.values, 0.5)
    front = tables(evidence)["hypervolume"].set_index(["measured", "front"])
    assert front.loc[("above θ_sft", "experts and Bone Soups"), "value"] == 8


def test_users_worked_by_hand(evidence):
    """The soup has ½·3 + ½·2 and MORL ½·2 + ½·2. At KL 1, where MORL ends, the soup is half of the way."""
    found = tables(evidence)["preference"].set_index("comparison")["value"]
    assert found["soup at λ = μ, minus MORL"] == pytest.approx(0.5)
    assert found["best soup, minus MORL"] == pytest.approx(0.5)
    assert found["soup at λ = μ, minus MORL, at equal KL"] == pytest.approx(-0.75 * 2 / 3, abs=0.005)
    np.testing.assert_allclose(soups_at_equal_kl(evidence)[0].mean, found.iloc[1])


def test_the_best_soup_is_not_chosen_on_the_prompts_that_it_is_judged_on():
    """Three soups that are alike in truth: the best of them would be ahead by noise alone."""
    alike = dict.fromkeys(POINTS, (0, 0, 1))
    generator, gaps = np.random.default_rng(1), []
    for _ in range(100):
        table = scored(0.0, alike)
        table[["x", "y"]] += generator.normal(size=(len(table), 2))
        scores = {"held out": Scores.of({0: table}, ["x", "y", "kl"])}
        gaps.append(best_soups(Evidence(SETTINGS, scores))[0].mean.item())
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / 10
    assert np.std(gaps) / 10 < 0.03


def test_soups_of_two_trainings_against_two_trainings_worked_by_hand():
    """MORL at ¼ has (1, 3) and at ¾ (3, 2). The best of the soups: 2 + μ up to ½, 3μ + 1 beyond."""
    quarters = {("morl", "x=0.25+y=0.75"): (1, 3, 4), ("morl", "x=0.75+y=0.25"): (3, 2, 4)}
    by_seed = dict.fromkeys(range(2), scored(changes=quarters))
    settings = SETTINGS | {"preferences": [0.25, 0.5, 0.75]}
    sample, at = as_many_trainings(Evidence(settings, {"held out": Scores.of(by_seed, ["x", "y", "kl"])}))
    assert at == ["the experts alone", "MORL at μ = 0.25 and 0.75"]
    users = np.linspace(0, 1, 11)
    soups = np.maximum(2 + users, 1 + 3 * users)
    experts, morl = np.maximum(1 + 3 * users, 2 - users), np.maximum(3 - 2 * users, 2 + users)
    np.testing.assert_allclose(sample.mean, [(soups - experts).mean(), (soups - morl).mean()])


def test_balance_worked_by_hand():
    centre = "x=0.333333+y=0.333333+z=0.333333"
    three = {"simplex_rewards": ["x", "y", "z"]}
    rows = {("sft", "sft/1"): 1, ("soup", "x"): 3, ("soup", "y"): 2, ("soup", "z"): 1, ("soup", centre): 2}
    table = pd.DataFrame(
        {"method": method, "mixture": name, "prompt": prompt, "x": value, "y": -value, "z": 1, "kl": 0}
        for (method, name), value in rows.items()
        for prompt in range(2)
    )
    evidence = Evidence(SETTINGS | three, {"held out": Scores.of({0: table, 1: table}, ["x", "y", "z", "kl"])})
    from lib.papers.rewarded_soups.claims import balance_table, uniform

    assert uniform(["x", "y", "z"]) == centre
    found = balance_table(evidence).set_index(["policy", "reward"])["value"]
    assert list(found.loc["x"]) == [2, -2, 0]
    assert list(found.loc["uniform soup"]) == [1, -1, 0]


def test_every_claim_is_in_the_register_and_what_holds_is_said():
    table = claims_table({"rewarded_soups": CLAIMS}, {"rewarded_soups": evidence_of(8, noise=0.01)})
    primary = table[table["primary"]].set_index("claim")
    assert list(primary.index) == ["RS-1", "RS-2", "RS-3", "RS-4", "RS-5", "MOD-1", "BS-1"]
    assert primary.loc["RS-1", "verdict"] == primary.loc["RS-2", "verdict"] == "holds"
    assert set(primary.loc[["RS-3", "RS-5", "BS-1"], "verdict"]) == {"not testable here"}
    assert set(table.loc[~table["primary"], "claim"]) == {"RS-2", "RS-4", "MOD-1"}


def test_a_soup_below_the_chord_contradicts_its_claim():
    below = evidence_of(8, noise=0.01, changes={("soup", HALF): (3, 1, 4)})
    [row, *_] = claims_table({"rewarded_soups": CLAIMS}, {"rewarded_soups": below}).to_dict("records")
    assert (row["claim"], row["verdict"], row["at"]) == ("RS-1", "contradicted", "y at λ = 0.5")


def test_evidence_that_was_written_says_the_same(tmp_path):
    evidence = evidence_of(8, noise=0.3)
    evidence.write(tmp_path / "evidence")
    again = Evidence.read(tmp_path / "evidence")
    for name, table in tables(evidence).items():
        pd.testing.assert_frame_equal(table, tables(again)[name], rtol=1e-4, atol=1e-5)


def test_parts_of_several_machines_add_up():
    whole = evidence_of(4, noise=0.3)
    halves = {}
    for name, seeds in {"one": (0, 1), "other": (2, 3)}.items():
        table = whole.scores["held out"].table()
        halves[name] = Evidence(SETTINGS, {"held out": Scores.read(table[table["seed"].isin(seeds)])})
    together = Evidence.together(halves)
    assert together.seeds == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(tables(together)["front"], tables(whole)["front"])
    with pytest.raises(ValueError, match="a seed is in more than one of one, again"):
        Evidence.together({"one": halves["one"], "again": halves["one"]})
    other = Evidence(SETTINGS | {"path": []}, halves["other"].scores)
    with pytest.raises(ValueError, match="other settings than in one: path"):
        Evidence.together({"one": halves["one"], "other": other})
    more = Evidence(SETTINGS | {"seen": []}, halves["other"].scores)
    with pytest.raises(ValueError, match="other settings than in one: seen"):
        Evidence.together({"one": halves["one"], "other": more})


def test_a_path_goes_from_the_start_to_the_point():
    point = {"method": "soup", "mixture": HALF, "merge": "linear", "weights": [0.0, 0.5, 0.5]}
    [between] = path_points([point], ["sft/1", "x", "y"], "sft/1", [0.25])
    assert between == point | {"method": "soup path", "mixture": f"{HALF} η=0.25", "weights": [0.75, 0.125, 0.125]}


def test_beside_the_authors_front_stands_ours_in_the_experts_gains(evidence):
    """The experts gain 4 and 2: the front is (1, ½), (¾, 1), (¼, 1), whose hypervolume is ⅞."""
    found = indicators(evidence).set_index(["of", "front", "measured"])["value"]
    assert found["here", "soups at all λ", "hypervolume"] == pytest.approx(0.875)
    assert {"here", "the authors"} == set(found.index.get_level_values("of"))


def test_where_an_expert_gains_nothing_the_authors_front_stands_alone(capsys):
    lost = evidence_of(2, changes={("soup", "x"): (0, 1, 4)})
    assert set(indicators(lost)["of"]) == {"the authors"}
    assert "warning" in capsys.readouterr().out
    assert side_by_side(lost, 6).axes[0].get_title() == "here: the expert of x gains nothing over θ_sft"
