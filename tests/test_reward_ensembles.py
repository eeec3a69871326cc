import numpy as np
import pandas as pd
import pytest
import yaml

from lib.graph.experiment import Experiment
from lib.papers.claims import NotTestable, claims_table
from lib.papers.evidence import Evidence
from lib.papers.paths import path_to
from lib.papers.reward_ensembles.best_of_n import scores_of_curves
from lib.papers.reward_ensembles.claims import (
    CLAIMS,
    over_optimisation,
    over_optimisation_where_held_less,
    tables,
)
from lib.papers.reward_ensembles.layout import Layout
from lib.papers.reward_ensembles.names import (
    HEADS,
    MODELS,
    ONE_MODEL,
    Variant,
    aggregates_of,
    variant_point,
    variants_of,
)
from lib.papers.reward_ensembles.policies import EQUAL_KL, at_smallest_beta, compared
from lib.papers.reward_ensembles.proxy_claims import measured, proxy_table
from lib.papers.reward_ensembles.report import part
from lib.papers.reward_ensembles.training import after_the_peak, nearer_to_its_worst
from lib.reward_models.proxies import ensemble
from lib.statistics.scores import Scores
from scripts.reward_ensembles_figures import draw, training_of
from scripts.reward_ensembles_report import write_report
from tests.checkout import ROOT

SINGLE, OF_HEADS, OF_MODELS = (Variant(reward, 0.0) for reward in (ONE_MODEL, HEADS, MODELS))
HELD = SINGLE._replace(beta=0.1)
FIVE = OF_HEADS._replace(ensemble=HEADS._replace(members=5))
START, ETAS = ("sft", "sft/1"), [0.5]
NEAR, FAR = [(1, 1), (2, 4)], [(3, 9), (4, 16)]
"""Gold and KL halfway to a policy and at it, on the curve gold = √KL."""
TURNING = [0.0] * 5 + [1.0] * 10 + [0.0] * 10  # gold along training
RISING = [0.0] * 5 + [1.0] * 20


def scores(ends: dict) -> pd.DataFrame:
    """θ_sft has no gold and no KL. ends: of each policy, gold and KL halfway to it and at it."""
    values = {START: (0, 0)}
    for variant, path in ends.items():
        values |= dict(zip(path_to(variant_point(variant), START, ETAS)[1:], path))
    return pd.DataFrame(
        {"method": method, "mixture": name, "prompt": i, "gold": gold + i, "kl": kl, "tokens": 8.0, "words": 4.0}
        for (method, name), (gold, kl) in values.items()
        for i in range(4)
    )


def history(gold: list[float], rise: float = 1) -> list[dict]:
    """A training whose KL rises by one in each step, and its proxy by `rise`."""
    return [
        {"step": i + 1, "proxy": rise * i, "gold": value, "kl": i, "kl_to_anchor": None} for i, value in enumerate(gold)
    ]


def best_of(gains: dict) -> pd.DataFrame:
    """By reward, what gold gains for each n above one; the proxy has n."""
    return pd.DataFrame(
        {"reward": reward.name, "n": n, "prompt": i, "proxy": n, "gold": i + gain * (n - 1)}
        for reward, gain in gains.items()
        for n in (1, 2, 4)
        for i in range(3)
    )


def cost(proxy: str) -> dict[str, list[int]]:
    """What all models of a proxy hold and multiply by."""
    held, used = {"1 model": (10, 20), "3 heads": (12, 30)}.get(proxy, (30, 60))
    return {"weights": [held], "multiplications": [used]}


def evidence_of(ends: dict, seeds: int = 2, gold: dict | None = None, gains: dict | None = None) -> Evidence:
    """The same for all seeds. gold: along training, by policy. gains: of best of n, by reward.

    Where β is above 0, the proxy rises half as fast.
    """
    numbers, rewards = range(1, seeds + 1), aggregates_of(ends)
    trained = {
        variant.name: history((gold or {}).get(variant, TURNING), 0.5 if variant.beta else 1) for variant in ends
    }
    gains = dict.fromkeys(rewards, 1.0) | (gains or {})
    pairs = pd.DataFrame({"label": [True, False] * 5, "margin_0": [5.0, -4.0] * 5})
    proxies = {reward.proxy: dict.fromkeys(numbers, [pairs] * reward.members) for reward in rewards}
    reports = {name: {seed: [{"accuracy by gold": [0.5]} | cost(name)] for seed in numbers} for name in proxies}
    training = pd.concat(
        pd.DataFrame(records).assign(policy=name, seed=seed) for name, records in trained.items() for seed in numbers
    )
    return Evidence(
        {"variants": [[list(of), beta] for of, beta in ends], "start": START[1], "path": ETAS, "margin": 0.05},
        {
            "held out": Scores.of(dict.fromkeys(numbers, scores(ends)), ["gold", "kl", "tokens", "words"]),
            "best of n": scores_of_curves(dict.fromkeys(numbers, best_of(gains))),
        },
        {"training": training} | measured(reports, proxies),
    )


def test_an_entry_of_params_and_its_name():
    assert ensemble({"ensemble": "heads"}, flipped=0.25) == HEADS
    assert ensemble({"ensemble": "heads", "flipped": 0.25}, flipped=0.25) == HEADS
    for kind in ("models", "heads"):
        assert ensemble({"ensemble": kind, "members": 1, "aggregate": "worst_case"}, 0.25) == ONE_MODEL
    other = ensemble({"ensemble": "heads", "members": 5, "bootstrap": True, "flipped": 0}, 0.25)
    assert other.name == "5 heads, bootstrap, 0 flipped, worst case"
    warm = ensemble({"ensemble": "warm"}, 0.25)
    assert (warm.name, warm.folder) == ("3 models averaged (WARM)", "warm-3/mean")
    assert ensemble({"ensemble": "warm", "members": 1}, 0.25) == ONE_MODEL
    assert OF_HEADS.name == "3 heads, worst case, β=0"
    assert SINGLE.name == "1 model, β=0"
    assert variants_of([{"ensemble": "single", "beta": 0}] * 2, 0.25) == [SINGLE]


def test_best_of_n_has_every_aggregate_of_every_proxy_once():
    names = [of.name for of in aggregates_of([SINGLE, OF_HEADS, OF_HEADS._replace(beta=0.1)])]
    assert names == ["1 model", "3 heads, mean", "3 heads, worst case", "3 heads, mean − c·variance"]
    assert [of.name for of in aggregates_of([Variant(ensemble({"ensemble": "warm"}, 0.25), 0)])] == [
        "3 models averaged (WARM)"
    ]
    soft = OF_HEADS._replace(ensemble=HEADS._replace(aggregate="soft_min"))
    assert [of.name for of in aggregates_of([SINGLE, soft])] == [*names, "3 heads, soft minimum"]


def test_every_policy_is_scored_along_its_path_from_the_sft_model():
    file = ROOT / "params.yaml"
    experiment = Experiment(yaml.safe_load(file.read_text()), ROOT, [file])
    layout, etas = Layout(experiment), [*experiment.value("evaluation.path"), 1]
    points = {(point["method"], point["mixture"]): point for point in layout.points("more")}
    for i, (variant, path) in enumerate(layout.paths("more").items(), 1):
        assert path[0] == ("sft", "sft/1")
        assert path[-1] == ("reward ensembles", variant)
        for eta, name in zip(etas, path[1:], strict=True):
            weights = points[name]["weights"]
            assert (weights[0], weights[i]) == pytest.approx((1 - eta, eta))
            assert sum(weights) == pytest.approx(1)


def test_where_gold_is_best_is_told_by_the_other_seeds():
    """Two seeds that are noise around nothing: by its own peak each would seem to fall by 1, by the other's to rise."""
    gold = np.array([[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    curves = np.stack([np.arange(7.0) + 0 * gold, gold, 0 * gold], axis=-1)
    after = after_the_peak(curves)
    assert after[:, 1].tolist() == [0, 0]
    assert after[:, 0].tolist() == [4, 3]  # the proxy's last five are 4 on average
    assert after_the_peak(curves[:1])[:, 1].tolist() == [-1]


def test_over_optimisation_is_gold_that_falls_while_the_proxy_rises():
    """The moving average of gold is 1 from the eighth step on, and 0 at the end.

    That of the proxy is 7 there; in the last five steps it is 20, 21, 22, 22.5 and 23.
    """
    evidence = evidence_of({SINGLE: FAR})
    numbers, at = over_optimisation(evidence)
    assert at == ["gold's loss at β = 0", "the proxy's gain at β = 0"]
    assert numbers.values == pytest.approx(np.array([[1, 14.7]] * 2))
    row = tables(evidence)["training"].iloc[0]
    assert row[["gold is best at step", "KL there", "gold there", "gold at the end"]].tolist() == [8, 7, 1, 0]
    assert row[["proxy_after", "gold_after"]].tolist() == pytest.approx([14.7, -1])


def test_over_optimisation_where_the_policy_is_held_less():
    """At the end gold is 0 at β = 0, and 1 where it is held; the proxy is 23.5 there, and half of it."""
    numbers, at = over_optimisation_where_held_less(evidence_of({SINGLE: FAR, HELD: NEAR}, gold={HELD: RISING}))
    assert at == ["gold's loss from β = 0.1 to 0", "the proxy's gain from β = 0.1 to 0"]
    assert numbers.values == pytest.approx(np.array([[1, 11.75]] * 2))
    with pytest.raises(NotTestable, match="at one β alone"):
        over_optimisation_where_held_less(evidence_of({SINGLE: FAR}))


def test_gold_that_wanders_does_not_turn_down():
    """Its end lies some .5 below its best, and as much above its worst."""
    walks = np.random.default_rng(4).normal(size=(400, 100)).cumsum(1) / 10
    assert np.mean(walks[:, 50:].max(1) - walks[:, -1]) > 0.4
    changes = nearer_to_its_worst(walks)
    assert abs(changes.mean()) < 3 * changes.std() / np.sqrt(len(changes))
    assert nearer_to_its_worst(walks + np.linspace(0, 3, 100)).mean() < 0


def test_seeds_may_turn_down_at_steps_of_their_own():
    """The second half of 40 steps: one falls from 1 to 0 after four of them, the other after twelve."""
    early, late = [0.0] * 10 + [1.0] * 14 + [0.0] * 16, [0.0] * 24 + [1.0] * 8 + [0.0] * 8
    assert nearer_to_its_worst(np.array([early, late])).tolist() == [1, 1]
    with pytest.raises(NotTestable, match="fewer than seven steps"):
        nearer_to_its_worst(np.zeros((2, 6)))


def test_pairs_that_are_compared():
    pairs = [(OF_HEADS, SINGLE), (OF_HEADS, OF_MODELS), (OF_MODELS, SINGLE)]
    assert compared([SINGLE, OF_HEADS, OF_MODELS, HELD]) == pairs
    clean = Variant(HEADS._replace(flipped=0.0), 0.0)
    assert compared([OF_HEADS, FIVE, clean]) == [(FIVE, OF_HEADS)]
    mean = Variant(HEADS._replace(aggregate="mean"), 0.0)
    assert compared([OF_HEADS, mean]) == [(OF_HEADS, mean)]


def test_a_policy_that_only_goes_further_is_no_better_at_equal_kl():
    """Both lie on one curve. What gold had in training does not count: there one policy has luck at its end."""
    lucky = {OF_HEADS: [0.0] * 24 + [9.0]}
    found = tables(evidence_of({SINGLE: NEAR, OF_HEADS: FAR}, gold=lucky))["comparisons"].set_index("comparison")
    assert found.loc["gold reward", ["value", "low", "high"]].tolist() == pytest.approx([2, 2, 2])
    assert found.loc["KL to θ_sft", "value"] == 12
    assert found.loc[EQUAL_KL, ["value", "low", "high"]].tolist() == pytest.approx([0, 0, 0], abs=1e-9)
    assert found.loc[["tokens", "different words"], "value"].tolist() == [0, 0]


def test_policies_are_told_beside_the_sft_model():
    table = tables(evidence_of({SINGLE: NEAR, OF_HEADS: FAR}))["policies"].set_index("policy")
    assert list(table.index) == ["θ_sft", SINGLE.name, OF_HEADS.name]
    assert table["gold"].tolist() == [0, 2, 4]
    assert table["kl"].tolist() == [0, 4, 16]
    assert table["tokens"].tolist() == [8, 8, 8]


def test_best_of_n_is_told_over_one_sample_and_over_one_model():
    evidence = evidence_of({SINGLE: NEAR, OF_HEADS: FAR}, gains={ONE_MODEL: 1, HEADS: 3})
    table = tables(evidence)["best_of_n"].set_index(["reward", "n"])
    assert table.loc[(HEADS.name, 4), ["gold", "gold_low", "gold_high"]].tolist() == pytest.approx([9, 9, 9])
    assert table.loc[(HEADS.name, 4), "over_one_model"] == 6
    assert table.loc[(ONE_MODEL.name, 4), ["proxy", "gold"]].tolist() == [3, 3]
    assert np.isnan(table.loc[(ONE_MODEL.name, 4), "over_one_model"])
    assert table.loc[(HEADS.name, 1), "kl"] == 0


def test_proxies_are_told_over_seeds():
    """Margins that are sure and always right are too low a probability by nothing; half wrong, by a half."""
    right = pd.DataFrame({"label": [True, False] * 5, "margin_0": [50.0, -50.0] * 5})
    wrong, other = right.assign(label=[True, True] * 5), right.assign(margin_0=-right["margin_0"])
    report = {"agreement with people": [0.25], "accuracy by gold": [0.5, 0.75]} | cost("1 model")
    one, two = "1 model", "2 models"
    reports = {one: {1: [report], 2: [report]}, two: {1: [report, report], 2: [report, report]}}
    held_out = {one: {1: [right], 2: [wrong]}, two: {1: [right, right], 2: [right, right]}}
    found = measured(reports, held_out)
    table = proxy_table(Evidence({}, {}, found)).set_index("proxy")
    assert table.loc[one, "calibration error"] == pytest.approx(0.25)
    assert table.loc[two, "calibration error"] == pytest.approx(0)
    assert table.loc[one, ["agreement with people", "accuracy by gold"]].tolist() == [0.25, 0.625]
    assert table["weights, in models"].tolist() == table["multiplications, in models"].tolist() == [1, 2]
    assert found["reliability"].groupby(["proxy", "seed"])["pairs"].sum().tolist() == [10] * 4
    opposite = measured(reports, held_out | {two: {1: [right, right], 2: [right, other]}})["proxies"]
    assert opposite["correlation of members"].tolist() == pytest.approx([1, 1, 1, -1])


def test_policies_are_compared_at_the_smallest_beta_that_both_have():
    ends = {SINGLE: NEAR, SINGLE._replace(beta=0.05): NEAR, OF_HEADS._replace(beta=0.05): FAR, OF_MODELS: FAR}
    evidence = evidence_of(ends)
    assert [variant.beta for variant in at_smallest_beta(evidence, HEADS, ONE_MODEL)] == [0.05, 0.05]
    with pytest.raises(NotTestable, match="3 heads, worst case and on 3 models, worst case, at one β"):
        at_smallest_beta(evidence, HEADS, MODELS)


def judged(evidence: Evidence) -> pd.DataFrame:
    return claims_table({"reward_ensembles": CLAIMS}, {"reward_ensembles": evidence})


def test_claims_are_judged_by_their_primary_comparisons():
    """Eight seeds that say the same: p is 2 of 256 sign flips, times five claims."""
    ends = {SINGLE: NEAR, OF_HEADS: FAR, OF_MODELS: FAR, FIVE: FAR}
    rows = judged(evidence_of(ends, seeds=8, gains={ONE_MODEL: 1, HEADS: 3}))
    primary = rows[rows["primary"]].set_index("claim")
    assert primary["verdict"].to_dict() == {
        "E-1": "holds",
        "E-2": "holds",
        "E-3": "holds",
        "E-4": "holds",
        "E-5": "holds",
    }
    assert primary.loc["E-2", ["estimate", "p_holm"]].tolist() == pytest.approx([2, 5 * 2 / 256])
    assert primary.loc["E-4", ["estimate", "at"]].tolist() == [0, "5 heads at β = 0"]
    assert primary.loc["E-5", ["estimate", "at"]].tolist() == [6, "n = 4"]
    assert primary.loc["E-3", ["estimate", "at"]].tolist() == pytest.approx([1 - 30 / (3 * 20), "multiplications"])
    beside = rows[~rows["primary"] & (rows["claim"] == "E-2")]
    assert beside["estimate"].tolist() == pytest.approx([0, 0, 2], abs=1e-9)  # equal KL; models; models over one


def test_more_heads_that_give_more_gold_contradict():
    rows = judged(evidence_of({SINGLE: NEAR, OF_HEADS: NEAR, FIVE: FAR}, seeds=8))
    row = rows[rows["claim"] == "E-4"].iloc[0]
    assert (row["estimate"], row["verdict"]) == (-2, "contradicted")


def test_what_only_make_ensembles_trains_is_not_testable_without_it():
    rows = judged(evidence_of({SINGLE: NEAR, OF_HEADS: FAR}, seeds=4))
    more_heads = rows[rows["claim"] == "E-4"].iloc[0]
    assert more_heads["verdict"] == "not testable here"
    assert "`make ensembles`" in more_heads["reason"]
    assert not rows.loc[rows["claim"] == "E-2", "compares"].str.contains("models").any()


def test_all_is_told_and_drawn_from_the_recorded_evidence_alone(tmp_path):
    bootstrap = Variant(HEADS._replace(bootstrap=True), 0.0)
    evidence = evidence_of({SINGLE: NEAR, OF_HEADS: FAR, bootstrap: FAR})
    evidence.write(tmp_path / "evidence")
    read, found = Evidence.read(tmp_path / "evidence"), tables(evidence)
    for name, table in tables(read).items():
        pd.testing.assert_frame_equal(table, found[name], check_dtype=False, rtol=1e-4)
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    draw(read, found, tmp_path / "figures", 6, 50)
    drawn = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert drawn == {"training_steps", "training_kl", "policies", "best_of_n", "calibration"}
    assert "not shown: 1 of 3 policies" in training_of(read, 6, along_kl=True).legends[0].get_title().get_text()
    files = {path.stem: path for path in tmp_path.glob("*.csv")} | {"evidence": tmp_path / "evidence"}
    told = part(files)
    assert "| 3 heads, worst case, β=0            | 1 model, β=0" in told.text
    assert told.numbers["reward ensembles"][SINGLE.name]["value"] == pytest.approx(-1)
    shown = ("policies", "training", "comparisons", "best_of_n", "proxies")
    report = tmp_path / "report.md"
    write_report(tmp_path / "evidence", [files[name] for name in shown], tmp_path / "figures", report)
    assert "E-4" in report.read_text()
