"""When is a soup enough? Each measure of a pair of rewards worked by hand, the claims, figures and the section."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.map.rewards import warmth
from lib.graph.experiment import Experiment
from lib.graph.extends import read
from lib.papers.claims import NotTestable, claims_table
from lib.papers.compatibility.claims import CLAIMS, of_every_pair, slope_on, slopes, tables
from lib.papers.compatibility.layout import Layout, problems
from lib.papers.compatibility.measures import as_rewarded_soups, mean_cross_gain, measure, ratio_of_means
from lib.papers.compatibility.names import MOMENTS
from lib.papers.compatibility.page import tab
from lib.papers.compatibility.released import LOCOMOTION, NEWS
from lib.papers.compatibility.report import part
from lib.papers.evidence import Evidence
from lib.papers.paths import on_path
from lib.papers.recorded import record
from lib.papers.register import PAPERS
from lib.papers.rewarded_soups.fronts import in_gains
from lib.reporting.documents import link_to
from lib.statistics.intervals import Sample, intervals
from lib.statistics.scores import Scores
from scripts.compatibility_claims import compute_tables, moments
from scripts.compatibility_figures import draw
from scripts.docs import of_further
from tests.checkout import ROOT, Checkout

HALF, QUARTER, MOST = "x=0.5+y=0.5", "x=0.25+y=0.75", "x=0.75+y=0.25"
SETTINGS = {
    "pairs": [["x", "y"]],
    "weights": [0, 0.5, 1],
    "preferences": [0.5],
    "start": "sft/1",
    "path": [0.5],
    "margin": 0.05,
}
USERS = np.linspace(0, 1, 11)
# mean rewards (x, y) and KL: gains over (1, 1) are (2, 1) and (0, 4), so that in units of gains they are (1, ¼), (0, 1)
POINTS = {
    ("sft", "sft/1"): (1, 1, 0),
    ("soup", "x"): (3, 2, 4),
    ("soup", "y"): (1, 5, 4),
    ("soup", HALF): (2, 4, 4),  # (½, ¾)
    ("morl", HALF): (3, 3, 1),  # (1, ½)
    on_path(("soup", HALF), 0.5): (1.5, 2.5, 1),
    on_path(("morl", HALF), 0.5): (2, 2, 0.25),
}


def scored(points: dict = POINTS, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {"method": method, "mixture": mixture, "prompt": prompt, "x": x + noise * z, "y": y + noise * z, "kl": kl}
        for (method, mixture), (x, y, kl) in points.items()
        for prompt, z in enumerate(generator.normal(size=40))
    )


def evidence_of(pairs: list[dict], seeds: int = 2, noise: float = 0.0, **settings) -> Evidence:
    """pairs: the points of each pair. The rewards of the first are x and y, of the second x1 and y1, and so on."""
    start = pd.DataFrame({"method": "sft", "prompt": range(4)})
    names, scores = [["x", "y"], *([f"x{i}", f"y{i}"] for i in range(1, len(pairs)))], {}
    for number, (points, (x, y)) in enumerate(zip(pairs, names)):
        start = start.assign(**{x: [0.0, 1, 2, 3], y: [1.0, 0, 3, 2]})
        named = {(method, name.replace("x", x).replace("y", y)): at for (method, name), at in points.items()}
        by_seed = {seed: scored(named, noise, 10 * number + seed) for seed in range(seeds)}
        by_seed = {seed: table.rename(columns={"x": x, "y": y}) for seed, table in by_seed.items()}
        scores[f"pair {number + 1}"] = Scores.of(by_seed, [x, y, "kl"])
    scores["moments"] = Scores.of(moments(dict.fromkeys(range(seeds), start), names), MOMENTS)
    return Evidence(SETTINGS | {"pairs": names} | settings, scores)


def value(name: str, points: dict = POINTS, **settings) -> float:
    [only] = measure(name, evidence_of([points], **settings), 0).mean
    return only


def test_correlation_worked_by_hand():
    """Deviations (−1.5, −.5, .5, 1.5) and (−.5, −1.5, 1.5, .5): 3 of 5."""
    assert value("correlation") == pytest.approx(0.6)


def test_the_correlation_with_a_reward_that_is_always_the_same_is_not_known():
    start = pd.DataFrame({"method": "sft", "prompt": range(4), "x": [0.0, 1, 2, 3], "y": 7.0})
    evidence = evidence_of([POINTS])
    evidence.scores["moments"] = Scores.of(moments({0: start, 1: start}, [["x", "y"]]), MOMENTS)
    assert np.isnan(measure("correlation", evidence, 0).mean).all()


def test_cross_gain_worked_by_hand():
    """The expert of x has a quarter of y's gain, that of y nothing of x."""
    assert value("cross_gain") == pytest.approx(0.125)
    assert mean_cross_gain((1, 1), ((3, 2), (1, 5))) == pytest.approx(0.125)
    assert mean_cross_gain((0, 0), ((2, -3), (-2, 3))) == -1


def test_chord_worked_by_hand():
    """The chord at ½ is (½, ⅝), the soup (½, ¾): the mean of 0 and ⅛."""
    assert value("chord") == pytest.approx(0.0625)


def test_what_soups_reach_worked_by_hand():
    """Expected utility and hypervolume of (1, ¼), (½, ¾), (0, 1) and of (1, ¼), (1, ½), (0, 1)."""
    soups = np.max([USERS + (1 - USERS) / 4, USERS / 2 + 3 * (1 - USERS) / 4, 1 - USERS], axis=0).mean()
    morl = np.max([USERS + (1 - USERS) / 2, 1 - USERS], axis=0).mean()
    assert value("utility_reached") == pytest.approx(soups / morl)
    assert value("equal_points") == pytest.approx(soups - morl)
    assert value("volume_reached") == pytest.approx((0.25 + 0.5 * 0.5) / 0.5)


def test_a_ratio_is_that_of_the_means_so_that_one_small_divisor_counts_for_little():
    above, below = Sample(np.array([[0.4], [0.5], [0.1]])), Sample(np.array([[0.9], [1.0], [0.001]]))
    ratio = ratio_of_means(above, below)
    assert ratio.mean == pytest.approx(1.0 / 1.901)
    assert ratio.values[:, 0] == pytest.approx(
        1 / 1.901 + (np.array([0.4, 0.5, 0.1]) - [0.9 / 1.901, 1 / 1.901, 0.001 / 1.901]) * 3 / 1.901
    )


def test_the_interval_of_a_ratio_contains_the_true_one():
    """2 by 1, with an error of a third in each, in 2,000 experiments of eight seeds."""
    generator, contained = np.random.default_rng(0), 0
    for _ in range(2000):
        above, below = (Sample(mean + generator.normal(0, 1 / 3, (8, 1))) for mean in (2, 1))
        [low], [high] = intervals(ratio_of_means(above, below))
        contained += low <= 2 <= high
    assert 0.92 <= contained / 2000 <= 0.97


def test_without_a_point_above_the_start_there_is_no_hypervolume():
    conflict = {point: (x, 2 - x, kl) for point, (x, _, kl) in POINTS.items()} | {("soup", "y"): (-1, 3, 4)}
    assert np.isnan(value("volume_reached", conflict))
    assert value("cross_gain", conflict) == pytest.approx(-1)


def test_two_trainings_against_two_trainings_worked_by_hand():
    """MORL at ¼ has (0, 1) and at ¾ (1, ¼), as the experts have: the soup is what they lack."""
    trained = {("morl", QUARTER): (1, 5, 4), ("morl", MOST): (3, 2, 4)}
    experts = [USERS + (1 - USERS) / 4, 1 - USERS]
    soups = np.max([*experts, USERS / 2 + 3 * (1 - USERS) / 4], axis=0)
    paths = {on_path((method, name), 0.5): (2, 2, 1) for method in ("soup", "morl") for name in (QUARTER, MOST)}
    inner = {("soup", QUARTER): (1, 5, 4), ("soup", MOST): (3, 2, 4)}
    found = value("equal_compute", POINTS | trained | paths | inner, preferences=[0.25, 0.5, 0.75])
    assert found == pytest.approx((soups - np.max(experts, axis=0)).mean())
    assert np.isnan(value("equal_compute"))  # with one MORL policy


def test_equal_kl_worked_by_hand():
    """At KL 1, where MORL ends, the soup is half of the way, and each path is straight along √KL: the user's ½·(½ + ¾)
    of the soup is .3125 there, ½·(1 + ½) of MORL .75, and over KL up to 1 the mean of √KL is ⅔.
    """
    assert value("equal_kl") == pytest.approx((0.3125 - 0.75) * 2 / 3, abs=0.005)


def test_units_are_the_experts_gains_on_the_mean_of_seeds():
    """A gain of 1 and of 3: the unit is 2 for both seeds."""
    tables = {seed: scored({("sft", "sft/1"): (0, 0, 0), ("soup", "x"): (gain, 0, 1), ("soup", "y"): (0, 4, 1)})
              for seed, gain in ((0, 1), (1, 3))}  # fmt: skip
    found = in_gains(Scores.of(tables, ["x", "y", "kl"]), ["x", "y"], "sft/1")
    np.testing.assert_allclose(found.sample([("soup", "x")], ["x"]).values.ravel(), [0.5, 1.5])


def test_of_an_expert_that_gains_nothing_the_correlation_alone_is_told():
    lost = POINTS | {("soup", "x"): (1, 2, 4)}
    with pytest.raises(NotTestable, match="the expert of x gains nothing over θ_sft"):
        as_rewarded_soups(evidence_of([lost]), 0)
    row = tables(evidence_of([lost]))["map"].iloc[0]
    assert row["correlation"] == pytest.approx(0.6) and np.isnan(row["cross_gain"])
    with pytest.raises(NotTestable, match="of no pair"):
        of_every_pair("equal_points", evidence_of([lost]))


def pairs_of(shares: list[float]) -> list[dict]:
    """Pairs whose experts have a share of the other's gain, with MORL at (share, share), and soups at (½, ½)."""
    return [
        {
            ("sft", "sft/1"): (0, 0, 0),
            ("soup", "x"): (1, share, 4),
            ("soup", "y"): (share, 1, 4),
            ("soup", HALF): (0.9, 0.9, 4),
            ("morl", HALF): (1.4 - share, 1.4 - share, 4),
            on_path(("soup", HALF), 0.5): (0.5, 0.5, 1),
            on_path(("morl", HALF), 0.5): (0.5, 0.5, 1),
        }
        for share in shares
    ]


def test_slopes_worked_by_hand():
    assert slopes(np.array([0.0, 1, 2]), np.array([1.0, 2, 6])) == 2.5
    np.testing.assert_allclose(slopes(np.array([[0.0, 1, 2]]), np.array([[0.0, 2, 4], [1, 0, -1]])), [2, -1])


def test_it_takes_three_pairs_that_differ_for_a_slope():
    with pytest.raises(NotTestable, match="takes 3 pairs whose experts gain something, and there are 2"):
        slope_on("cross_gain", evidence_of(pairs_of([0, 0.5])))
    with pytest.raises(NotTestable, match="equally compatible"):
        slope_on("correlation", evidence_of(pairs_of([0, 0.25, 0.5])))


def test_claims_are_judged():
    """The less compatible, the more MORL is ahead: by 0 where both are equal."""
    table = claims_table(
        {"compatibility": CLAIMS}, {"compatibility": evidence_of(pairs_of([0, 0.25, 0.5]), 8, noise=0.01)}
    )
    primary = table[table["primary"]].set_index("claim")
    assert list(primary.index) == ["CM-1", "CM-2"]
    assert list(primary["verdict"]) == ["holds", "contradicted"]
    assert primary.loc["CM-1", "estimate"] > 0.3
    assert set(table.loc[~table["primary"], "claim"]) == {"CM-2"}  # the correlation is that of all


def test_evidence_that_was_written_says_the_same_in_report_figures_and_page(tmp_path):
    evidence = evidence_of(pairs_of([0, 0.25, 0.5]), 4, noise=0.1)
    evidence.write(tmp_path / "evidence")
    again = Evidence.read(tmp_path / "evidence")
    table = tables(evidence)["map"]
    pd.testing.assert_frame_equal(table, tables(again)["map"], rtol=1e-3, atol=1e-4)
    table.to_csv(tmp_path / "map.csv", index=False)
    told = part({"map": tmp_path / "map.csv", "figures": tmp_path})
    assert told.text.count("| x1 and y1 ") == 3
    assert told.numbers["compatibility"].keys() >= {"correlation", "volume_reached", "equal_kl"}
    draw(again, {"map": table}, tmp_path / "figures", 6.0, 50)
    assert {path.name for path in (tmp_path / "figures").glob("*.png")} == {"map.png", "gaps.png"}
    shown = tab({"evidence": tmp_path / "evidence", "figures": tmp_path / "figures"})
    assert [block["kind"] for block in shown.blocks] == ["text", "chart", "chart", "table"]


def test_the_job_makes_evidence_of_scores(tmp_path):
    """θ_sft's scores are those of the SFT models, of which it is one."""
    start = ("sft", "sft/1")
    points = {"sft": {start: POINTS[start], ("sft", "sft/2"): (9, 9, 1)}}
    points["pair"] = {point: at for point, at in POINTS.items() if point != start}
    files = {name: [tmp_path / f"{name}-{seed}.csv" for seed in (1, 2)] for name in points}
    for name, paths in files.items():
        for seed, path in zip((1, 2), paths):
            scored(points[name], 0.1, seed).to_csv(path, index=False)
    settings = {"pairs": {"x-y": files["pair"]}, "compared": SETTINGS, "seeds": [1, 2]}
    compute_tables(files["sft"], tmp_path / "evidence", tmp_path / "map.csv", **settings)
    row = pd.read_csv(tmp_path / "map.csv").iloc[0]
    assert row["pair"] == "x and y" and row["correlation"] == pytest.approx(1)  # of the noise, which both have
    assert row["cross_gain"] == pytest.approx(0.125, abs=0.1)


def test_a_recorded_part_makes_a_section_of_the_results(tmp_path):
    """Without one there is none."""
    figures = tmp_path / "docs/figures"
    figures.mkdir(parents=True)
    assert of_further(tmp_path, "When is a soup enough?", figures) == ""
    evidence, results = evidence_of(pairs_of([0, 0.25, 0.5]), 4, noise=0.1), tmp_path / "results/map"
    evidence.write(results / "compatibility/evidence")
    record(results, "map", "0" * 40, evidence.seeds, tmp_path / "experiments/map/recorded/part")
    text = of_further(tmp_path, "When is a soup enough?", figures)
    assert text.startswith("## When is a soup enough?\n\n*Experiment `map`: seeds 0 to 3 at commit 0000000")
    assert "make run EXPERIMENT=map" in text and "| CM-1 | the more compatible" in text
    assert "](figures/map_map.png)" in text and (figures / "map_map.png").stat().st_size > 0
    assert link_to("When is a soup enough?") == "[When is a soup enough?](#when-is-a-soup-enough)"


def test_released_numbers_worked_by_hand():
    """2021 of 4622, and 2065 of 2848."""
    assert LOCOMOTION["cross_gain"] == pytest.approx((0.4373 + 0.7251) / 2, abs=1e-4)
    assert (LOCOMOTION["volume_reached"], NEWS["volume_reached"]) == pytest.approx((0.8313, 1.6566), abs=1e-4)


def test_good_words_less_bad_ones_worked_by_hand():
    """Two good of three, one bad of one, nothing."""
    assert warmth(["the"] * 3, ["Good, and nice!", "worst", ""]) == pytest.approx([2 / 3**0.5, -1, 0])


def experiment_of(**section) -> Experiment:
    """The map of the repository. section: what is changed in its section."""
    params = read(ROOT / "experiments/map/params.yaml", ROOT, PAPERS).config
    params["compatibility"] |= section
    return Experiment(params, ROOT, ["params.yaml"])


def test_a_policy_that_several_pairs_have_is_one():
    layout = Layout(experiment_of(pairs=[["editorial", "brevity"], ["brevity", "length"]]))
    assert list(layout.pairs) == ["editorial-brevity", "brevity-length"]
    models = [layout.models(name, 1) for name in layout.pairs]
    assert "results/map/policy/brevity/seed-1" in models[0] and "results/map/policy/brevity/seed-1" in models[1]
    points = layout.points("brevity-length")
    names = [(point["method"], point["mixture"]) for point in points]
    assert len(names) == len(set(names)) == 13 + 3 + 6 * 3
    assert all(sum(point["weights"]) == pytest.approx(1) for point in points)


def test_mistakes_in_the_section():
    said = dict(
        problems(experiment_of(pairs=[["editorial", "kindness"], ["brevity", "length"], ["length", "brevity"]]))
    )
    assert "'kindness' is not one of the rewards" in said["compatibility.pairs.0"]
    assert said["compatibility.pairs.2"] == "length and brevity are a pair already"


@pytest.mark.long
def test_the_whole_section_runs_and_is_reported(copy_of_finished: Checkout):
    """The experts are those of Rewarded Soups, MORL's policies are trained."""
    pairs = [["positivity", "editorial"], ["positivity", "brevity"], ["editorial", "brevity"]]
    section = {"pairs": pairs, "weights": [0, 0.5, 1], "preferences": [0.25, 0.75]}
    copy_of_finished.edit_params(dict.fromkeys(["warp", "salsa", "reward_ensembles"]) | {"compatibility": section})
    made = copy_of_finished.would_make()
    assert {name for name in made if name.startswith("compatibility")} == {
        f"compatibility_{what}" for what in ("scores", "claims", "figures")
    }
    assert not any("/policy/positivity/" in output for output in made["policy"])
    copy_of_finished.snakemake()
    results = copy_of_finished.root / "results/smoke"
    assert "\n## When is a soup enough?" in (results / "report.md").read_text()
    assert re.search(r"^\| CM-1 ", (results / "claims.md").read_text(), re.MULTILINE)
    assert len(json.loads((results / "metrics.json").read_text())["compatibility"]["correlation"]) == 3
    assert "When is a soup enough?" in (results / "front.html").read_text()
    assert {path.name for path in (results / "compatibility/figures").glob("*.png")} == {"map.png", "gaps.png"}
    copy_of_finished.dvc_graph("write")
    pipeline = yaml.safe_load((copy_of_finished.root / "dvc.yaml").read_text())
    assert "compatibility.pairs" in pipeline["stages"]["compatibility_claims"]["params"]
