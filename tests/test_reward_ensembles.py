import numpy as np
import pandas as pd
import pytest

from lib.papers.reward_ensembles.claims import (
    after_the_peak,
    best_of_n_table,
    compared,
    comparison_table,
    policy_table,
    training_table,
)
from lib.papers.reward_ensembles.names import Variant, aggregates_of, variants_of
from lib.papers.reward_ensembles.proxy_claims import proxy_table, reliability_table
from lib.reward_models.proxies import Ensemble, ensemble

SINGLE = Variant(Ensemble("single", 1, "mean", None, False), 0.0)
HEADS = Variant(Ensemble("heads", 3, "worst_case", None, False), 0.0)
MODELS = Variant(Ensemble("models", 3, "worst_case", None, False), 0.0)


def test_an_entry_of_params_and_its_name():
    assert ensemble({"ensemble": "heads"}, flipped=0.25) == HEADS.ensemble
    assert ensemble({"ensemble": "heads", "flipped": 0.25}, flipped=0.25) == HEADS.ensemble
    for kind in ("models", "heads"):
        assert ensemble({"ensemble": kind, "members": 1, "aggregate": "worst_case"}, 0.25) == SINGLE.ensemble
    other = ensemble({"ensemble": "heads", "members": 5, "bootstrap": True, "flipped": 0}, 0.25)
    assert other.name == "5 heads, bootstrap, 0 flipped, worst case"
    assert HEADS.name == "3 heads, worst case, β=0"
    assert SINGLE.name == "1 model, β=0"
    assert variants_of([{"ensemble": "single", "beta": 0}] * 2, 0.25) == [SINGLE]


def test_best_of_n_has_every_aggregate_of_every_proxy_once():
    names = [of.name for of in aggregates_of([SINGLE, HEADS, HEADS._replace(beta=0.1)])]
    assert names == ["1 model", "3 heads, mean", "3 heads, worst case", "3 heads, mean − c·variance"]


def test_where_gold_is_best_is_told_by_the_other_seeds():
    """Two seeds that are noise around nothing: by its own peak each would seem to fall by 1, by the other's to rise."""
    gold = np.array([[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    curves = np.stack([np.arange(7.0) + 0 * gold, gold, 0 * gold], axis=-1)
    after = after_the_peak(curves)
    assert after[:, 1].tolist() == [0, 0]
    assert after[:, 0].tolist() == [4, 3]  # the proxy's last five are 4 on average
    assert after_the_peak(curves[:1])[:, 1].tolist() == [-1]


def history(proxy, gold, kl):
    return [{"proxy": p, "gold": g, "kl": k} for p, g, k in zip(proxy, gold, kl)]


def test_over_optimisation_is_gold_that_falls_while_the_proxy_rises():
    steps = np.arange(40.0)
    turning = history(steps, -np.abs(steps - 20), steps)
    table = training_table({SINGLE: [turning, turning]}, resamples=100).iloc[0]
    assert table["gold is best at step"] == 21
    assert table["gold_after"] < -15
    assert table["proxy_after"] > 15


def test_pairs_that_are_compared():
    other_beta = SINGLE._replace(beta=0.1)
    assert compared([SINGLE, HEADS, MODELS, other_beta]) == [(HEADS, SINGLE), (HEADS, MODELS), (MODELS, SINGLE)]
    five = Variant(HEADS.ensemble._replace(members=5), 0.0)
    clean = Variant(HEADS.ensemble._replace(flipped=0.0), 0.0)
    assert compared([HEADS, five, clean]) == [(five, HEADS)]
    mean = Variant(HEADS.ensemble._replace(aggregate="mean"), 0.0)
    assert compared([HEADS, mean]) == [(HEADS, mean)]


def test_policies_are_compared_on_held_out_prompts_and_along_training():
    values = {("sft", "sft/1"): (0.0, 0.0), ("reward ensembles", SINGLE.name): (1.0, 3.0)}
    values[("reward ensembles", HEADS.name)] = (3.0, 5.0)
    table = pd.DataFrame(
        {"method": method, "mixture": name, "prompt": i, "gold": gold + i, "kl": kl}
        for (method, name), (gold, kl) in values.items()
        for i in range(4)
    )
    trainings = {
        SINGLE: [history([0] * 9, [0, 1, 2, 1, 0, 0, 0, 0, 0], range(9))] * 2,
        HEADS: [history([0] * 9, range(9), range(9))] * 2,
    }
    found = comparison_table([table, table], trainings, resamples=100).set_index("comparison")
    assert found.loc["gold reward", ["value", "low", "high"]].tolist() == [2, 2, 2]
    assert found.loc["KL to θ_sft", "value"] == 2
    assert found.loc["mean gold reward at equal KL", "value"] > 2
    gains = policy_table([table, table], [SINGLE, HEADS], resamples=100).set_index("policy")
    assert gains.loc[HEADS.name, ["gold", "gold_low", "gold_high"]].tolist() == [3, 3, 3]


def test_best_of_n_is_told_over_one_sample_and_over_one_model():
    curves = pd.DataFrame(
        {"reward": of.name, "n": n, "prompt": i, "proxy": n, "gold": i + gain * (n - 1)}
        for of, gain in ((SINGLE.ensemble, 1), (HEADS.ensemble, 3))
        for n in (1, 2, 4)
        for i in range(3)
    )
    table = best_of_n_table([curves, curves], [SINGLE.ensemble, HEADS.ensemble], 100).set_index(["reward", "n"])
    heads, single = HEADS.ensemble.name, SINGLE.ensemble.name
    assert table.loc[(heads, 4), ["gold", "gold_low", "gold_high"]].tolist() == pytest.approx([9, 9, 9])
    assert table.loc[(heads, 4), "over_one_model"] == 6
    assert table.loc[(single, 4), ["proxy", "gold"]].tolist() == [3, 3]
    assert np.isnan(table.loc[(single, 4), "over_one_model"])
    assert table.loc[(heads, 1), "kl"] == 0


def test_proxies_are_told_over_seeds():
    """Margins that are sure and always right are too low a probability by nothing; half wrong, by a half."""
    right = pd.DataFrame({"label": [True, False] * 5, "margin_0": [50.0, -50.0] * 5})
    wrong = right.assign(label=[True, True] * 5)
    bins = reliability_table({"a": [[right], [wrong]], "b": [[right, right], [right, right]]})
    report = {"agreement with people": [0.25], "accuracy by gold": [0.5, 0.75]}
    reports = {"a": [[report], [report]], "b": [[report, report]] * 2}
    held_out = {"a": [[right], [wrong]], "b": [[right, right], [right, right.assign(margin_0=-right["margin_0"])]]}
    table = proxy_table(reports, held_out, bins, resamples=100).set_index("proxy")
    assert table["correlation of members"].tolist() == pytest.approx([1, 0])  # 1 and −1 in the second's seeds
    assert table.loc["a", "calibration error"] == pytest.approx(0.25)
    assert table.loc["b", "calibration error"] == pytest.approx(0)
    assert table.loc["a", ["agreement with people", "accuracy by gold"]].tolist() == [0.25, 0.625]
