"""Methods together: numbers worked by hand, what is trained and scored, and mistakes in the parameters."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from lib.graph.experiment import Experiment
from lib.graph.extends import read
from lib.graph.rewards import Rewards
from lib.papers.claims import claims_table
from lib.papers.evidence import Evidence
from lib.papers.paths import on_path
from lib.papers.register import PAPERS
from lib.papers.together.claims import CLAIMS, OTHERS, more_at_equal_kl, tables, utility, volume
from lib.papers.together.layout import Layout, problems
from lib.papers.together.names import NAMES, START, TOGETHER, inner, middle, soup_point
from lib.papers.together.page import tab
from lib.papers.together.report import part
from lib.statistics.scores import Scores
from scripts.together_claims import compute_tables
from scripts.together_figures import draw
from tests.checkout import ROOT, Checkout

PARAMS = ROOT / "experiments/together/params.yaml"
USERS = np.linspace(0, 1, 11)  # what each gives gold
SETTINGS = {
    "rewards": ["gold", "second"],
    "weights": [0, 0.5, 1],
    "units": {"gold": "sd", "second": "sd", "proxy": "sd"},
    "path": [0.5],
    "margin": 0.05,
}
# gold, second reward and KL of the expert of gold, the soup, the expert of the second reward, and halfway to the soup
PLAIN = [(2, 0, 4), (1.5, 1.5, 4), (0, 2, 4), (0.75, 0.75, 1)]
AHEAD = [(3, 0, 4), (2.5, 2.5, 4), (0, 3, 4), (1.25, 1.25, 1)]


def points_of(variants: dict[str, list]) -> dict:
    """By point, its numbers. variants: by name, numbers as `PLAIN`; those that are missing are plain."""
    points = {START: (0, 0, 0)}
    for name in NAMES:
        first, soup, second, halfway = variants.get(name, PLAIN)
        points |= {soup_point(name, 1): first, soup_point(name, 0.5): soup, soup_point(name, 0): second}
        points[on_path(soup_point(name, 0.5), 0.5)] = halfway
    return points


def scored(variants: dict[str, list], noise: float = 0, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {"method": method, "mixture": name, "prompt": prompt, "gold": gold + z, "second": second + z}
        | {"proxy": gold, "kl": kl}
        for (method, name), (gold, second, kl) in points_of(variants).items()
        for prompt, z in enumerate(noise * generator.normal(size=20))
    )


def evidence_of(variants: dict[str, list], seeds: int = 2, noise: float = 0) -> Evidence:
    by_seed = {seed: scored(variants, noise, seed) for seed in range(seeds)}
    return Evidence(SETTINGS, {"held out": Scores.of(by_seed, ["gold", "second", "proxy", "kl"])})


def test_expected_utility_worked_by_hand():
    """A user with μ for gold has the largest of 2 μ, 1.5 and 2 (1 − μ)."""
    expected = np.max([2 * USERS, np.full(11, 1.5), 2 * (1 - USERS)], axis=0).mean()
    assert utility(evidence_of({}), "plain").values == pytest.approx(expected)


def test_hypervolume_above_the_start_worked_by_hand():
    """The soup's square alone: each expert gains on one axis only."""
    assert volume(evidence_of({}), "plain").values == pytest.approx(1.5**2)


def test_equal_kl_worked_by_hand():
    """Both paths end at 4 nats and are straight along √KL, from 0 to 1.5 and to 2.5: the mean of √KL / 2 is ⅔."""
    sample, at = more_at_equal_kl(evidence_of({TOGETHER: AHEAD}))
    assert sample.mean == pytest.approx(2 / 3, abs=0.005)
    assert at == [f"minus {other}, λ = 0.5" for other in OTHERS]


def test_a_policy_that_is_only_farther_gains_nothing_at_equal_kl():
    """It is on the same line of reward and √KL."""
    farther = [(2, 0, 4), (3, 3, 16), (0, 2, 4), (1.5, 1.5, 4)]
    assert more_at_equal_kl(evidence_of({TOGETHER: farther}))[0].mean == pytest.approx(0, abs=1e-9)


def judged(variants: dict[str, list]) -> pd.Series:
    table = claims_table({"together": CLAIMS}, {"together": evidence_of(variants, seeds=8, noise=0.05)})
    assert list(table["primary"]) == [True, False, False]
    return table.iloc[0]


def test_the_claim_is_that_together_is_more_than_every_part():
    assert judged({TOGETHER: AHEAD})["verdict"] == "holds"
    one_is_as_good = judged({TOGETHER: AHEAD, "soup as start": AHEAD})
    assert one_is_as_good["verdict"] != "holds"
    assert one_is_as_good["at"] == "minus soup as start"
    assert one_is_as_good["estimate"] == pytest.approx(0, abs=0.02)
    assert judged({"moving anchor": AHEAD})["verdict"] == "contradicted"


def test_the_table_has_each_part_by_itself_too():
    table = tables(evidence_of({TOGETHER: AHEAD, "moving anchor": AHEAD}))["comparisons"]
    found = table.set_index(["variant", "minus", "comparison"])["value"]
    assert len(table) == (4 + 3) * 3
    assert found[TOGETHER, "moving anchor", "expected utility"] == pytest.approx(0)
    assert found["moving anchor", "plain", "hypervolume above θ_sft1"] == pytest.approx(2.5**2 - 1.5**2)
    assert found["soup as start", "plain", "at equal KL, λ = 0.5"] == pytest.approx(0)


@pytest.fixture
def claimed(tmp_path) -> dict:
    """The outputs of the job, by name, on two seeds."""
    files = []
    for seed in (1, 2):
        files.append(tmp_path / f"seed-{seed}.csv")
        scored({TOGETHER: AHEAD}, 0.1, seed).to_csv(files[-1], index=False)
    made = {name: tmp_path / f"{name}.csv" for name in ("front", "comparisons")}
    compute_tables(files, tmp_path / "evidence", **made, seeds=[1, 2], compared=SETTINGS)
    return made | {"evidence": tmp_path / "evidence"}


def test_report_figures_and_page_are_made_from_what_the_job_wrote(claimed, tmp_path):
    told = part({name: path for name, path in claimed.items() if name != "evidence"})
    assert "| together path" not in told.text and told.text.count("| together ") == 4 + 3
    assert told.numbers["together"]["expected utility"]["together minus plain"]["value"] > 0.5
    front = pd.read_csv(claimed["front"])
    assert {"gold_low", "second", "proxy", "kl"} <= set(front.columns)
    draw(Evidence.read(claimed["evidence"]), {"front": front}, tmp_path / "figures", 4.0, 50)
    assert {path.name for path in (tmp_path / "figures").glob("*.png")} == {"front.png", "kl.png"}
    shown = tab({"evidence": claimed["evidence"], "figures": tmp_path / "figures"})
    assert [block["kind"] for block in shown.blocks] == ["text", "chart", "table"]
    assert [series["name"] for series in shown.blocks[1]["series"]] == NAMES


def test_weights_of_soups():
    assert inner([1, 0, 0.75, 0.25]) == [0.25, 0.75]
    assert middle([0, 0.3, 0.6, 1]) == 0.6


def experiment_of(**changes) -> Experiment:
    """The experiment of the repository. changes: by section, what is laid over it."""
    params = read(PARAMS, ROOT, PAPERS).config
    for section, values in changes.items():
        params[section] |= values
    return Experiment(params, ROOT, ["params.yaml"])


def test_nine_policies_are_trained_for_each_seed_and_equal_ones_once():
    layout = Layout(experiment_of())
    shared = ["proxy", "editorial", "cautious"]
    own = [("moving_anchor", "proxy"), ("moving_anchor", "editorial"), ("soup_as_start", "proxy")]
    own += [("soup_as_start", "editorial"), ("both", "cautious"), ("both", "editorial")]
    expected = {f"policy/{reward}/seed-{{seed}}" for reward in shared}
    expected |= {f"together/policy/{way}/{reward}/seed-{{seed}}" for way, reward in own}
    assert layout.models[0] == "sft/1"
    assert len(layout.models) == 10 and set(layout.models[1:]) == expected


def test_the_points_are_soups_of_the_variants_own_experts():
    layout = Layout(experiment_of(together={"weights": [0, 0.25, 1]}, evaluation={"path": [0.5]}))
    points = {(one["method"], one["mixture"]): one["weights"] for one in layout.points}
    assert len(layout.points) == len(points) == 1 + 5 * 3 + 5

    def mixed(name):
        return {layout.models[i]: weight for i, weight in enumerate(points[name]) if weight}

    own = "together/policy/both/{}/seed-{{seed}}".format
    soup = soup_point(TOGETHER, 0.25)
    assert mixed(START) == {"sft/1": 1}
    assert mixed(soup) == {own("cautious"): 0.25, own("editorial"): 0.75}
    assert mixed(on_path(soup, 0.5)) == {"sft/1": 0.5, own("cautious"): 0.125, own("editorial"): 0.375}
    assert mixed(soup_point("pessimistic reward", 1)) == {"policy/cautious/seed-{seed}": 1}
    assert set(layout.paths()[TOGETHER]) <= points.keys()


@pytest.mark.parametrize(
    ("way", "start", "mu"),
    [("moving_anchor", "sft/1", 0.05), ("soup_as_start", "sft/soup", 0), ("both", "sft/soup", 0.05)],
)
def test_each_way_changes_what_its_name_says(way, start, mu):
    experiment = experiment_of()
    layout, wildcards = Layout(experiment), SimpleNamespace(way=way, reward="cautious", seed="3")
    assert layout.start(wildcards) == f"results/together/{start}"
    found = json.loads(layout.training(Rewards(experiment), wildcards))
    assert found["together.mu" if mu else "mu"] == mu
    assert (found["policy.steps"], found["policy.beta"], found["seed"]) == (100, 0.05, 3)
    assert found["reward"]["cautious"]["aggregate"] == "worst_case"


def test_mistakes_in_the_section():
    assert list(problems(experiment_of())) == []
    unknown = dict(problems(experiment_of(together={"second": "kindness"})))
    assert "'kindness' is not one of the rewards" in unknown["together.second"]
    same = dict(problems(experiment_of(together={"first": {"plain": "proxy", "pessimistic": "proxy"}})))
    assert same == {"together.first.pessimistic": "proxy stands for another one of the three rewards already"}
    started = dict(problems(experiment_of(policy={"start": "sft/soup"})))
    assert started == {"policy.start": "the section together compares with policies whose start is sft/1"}
    split = dict(problems(experiment_of(training={"launch": "fsdp"})))
    assert "together.mu" in split["training.launch"]


SECTION = {
    "first": {"plain": "proxy", "pessimistic": "cautious"},
    "second": "editorial",
    "mu": 0.3,
    "weights": [0, 0.5, 1],
}
REWARDS = {
    "rewards.proxy": {"ensemble": "single"},
    "rewards.cautious": {"ensemble": "heads", "members": 2, "aggregate": "worst_case"},
}
ALONE = dict.fromkeys(["rewarded_soups", "warp", "salsa"]) | REWARDS


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"together": SECTION | {"second": "kindness"}}, "together.second: 'kindness' is not one of the rewards"),
        ({"together": SECTION | {"mu": 0}}, "together.mu"),
        ({"together": SECTION | {"judge": "gold"}}, "together.judge"),
        ({"together": SECTION, "reward_ensembles": None}, "need the section reward_ensembles"),
    ],
)
def test_a_mistake_in_the_parameters_is_told_with_its_key(tmp_path, change, said):
    checkout = Checkout.at(tmp_path / "repository")
    checkout.edit_params(ALONE | change)
    assert said in checkout.snakemake("-n", fails=True)


def test_the_default_experiment_has_nothing_of_it_and_its_own_has_all():
    assert "together" not in yaml.safe_load((ROOT / "params.yaml").read_text())
    config = read(PARAMS, ROOT, PAPERS).config
    assert set(PAPERS) & set(config) == {"together", "reward_ensembles"}


@pytest.mark.long
def test_the_whole_section_runs_and_is_reported(copy_of_finished: Checkout):
    copy_of_finished.edit_params(ALONE | {"together": SECTION})
    made = copy_of_finished.would_make()
    assert {name for name in made if name.startswith("together")} == {
        f"together_{what}" for what in ("policy", "scores", "claims", "figures")
    }
    assert not any("/policy/editorial/" in output for output in made["policy"])
    copy_of_finished.snakemake()
    results = copy_of_finished.root / "results/smoke"
    assert "\n## Methods together" in (results / "report.md").read_text()
    assert re.search(r"^\| TG-1 ", (results / "claims.md").read_text(), re.MULTILINE)
    assert len(json.loads((results / "metrics.json").read_text())["together"]["expected utility"]) == 4 + 3
    assert "Methods together" in (results / "front.html").read_text()
    scores = pd.read_csv(results / "scores/together/seed-1.csv")
    assert scores.set_index(["method", "mixture"]).loc[START, "kl"].abs().max() < 1e-4
    history = json.loads((results / "together/policy/both/cautious/seed-1.json").read_text())["history"]
    assert history[0]["kl"] > 0  # it starts at the soup, and its KL is to θ_sft1
    copy_of_finished.dvc_graph("write")
    stages = yaml.safe_load((copy_of_finished.root / "dvc.yaml").read_text())["stages"]
    assert "together.mu" in stages["together_policy-both-cautious-1"]["params"]
