"""A point of the front, chosen by what it has to have: worked by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from transformers import AutoModelForCausalLM

from lib.graph.experiment import Experiment
from lib.papers.register import experiment_of
from lib.papers.rewarded_soups.choice_page import beside, page
from lib.papers.rewarded_soups.choosing import candidates, choose, half, scaled
from lib.papers.rewarded_soups.layout import Layout
from lib.papers.rewarded_soups.wish import Condition, Wish, conditions
from lib.reward_models.mixtures import canonical
from lib.statistics.scores import Scores
from tests.checkout import ROOT

COLUMNS = ["brevity", "editorial", "positivity", "gold", "kl", "tokens"]
PAIR = {  # λ of positivity: positivity, editorial and KL of its soup
    1.0: (1.0, 0.0, 4.0),
    0.75: (0.8, 0.3, 2.0),
    0.5: (0.6, 0.5, 1.0),
    0.25: (0.3, 0.7, 2.0),
    0.0: (0.0, 0.8, 3.0),
}


def mixture(weight: float) -> str:
    return canonical(f"positivity={weight} + editorial={1 - weight}")


@pytest.fixture
def layout() -> Layout:
    """Of the default experiment with λ in quarters, and one MORL policy."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["rewarded_soups"] |= {"weights": sorted(PAIR), "preferences": [0.5], "simplex_divisions": 2}
    return Layout(Experiment(params, ROOT, ["params.yaml"]))


def scored(layout: Layout, odd: float = 0.0, morl=(0.5, 0.4, 1.0), seeds=(1, 2), **of_seeds) -> Scores:
    """Scores of all points. odd: what is added to positivity on prompts with odd numbers. of_seeds: to it, by seed."""
    points = {("soup", mixture(weight)): numbers for weight, numbers in PAIR.items()}
    points |= {("sft", "sft/1"): (0.0, 0.0, 0.0), ("morl", mixture(0.5)): morl}
    points |= {("soup", name): (0.2, 0.2, 1.0) for name in layout.soups if "brevity" in name}
    tables = {
        seed: pd.DataFrame(
            {
                "method": method,
                "mixture": name,
                "prompt": prompt,
                "positivity": positivity + odd * (prompt % 2) + of_seeds.get(f"seed_{seed}", 0.0),
                "editorial": editorial,
                "brevity": 1.0 if name == "brevity" else 0.1 if "brevity" in name else 0.0,
                "gold": 0.5,
                "kl": kl,
                "tokens": 12.0,
            }
            for (method, name), (positivity, editorial, kl) in points.items()
            for prompt in range(40)
        )
        for seed in seeds
    }
    return Scores.of(tables, COLUMNS)


def wish(where: str, best: str) -> Wish:
    return Wish.of(where, best, COLUMNS)


def chosen(layout: Layout, where: str, best: str, scores: Scores | None = None):
    asked = wish(where, best)
    return choose(half(scores or scored(layout), 0), candidates(layout, asked), asked, layout.start)


def test_what_is_asked_is_read():
    assert conditions(" a>=0.4 AND kl <= 1e1 ") == [Condition("a", ">=", 0.4), Condition("kl", "<=", 10)]
    assert conditions("") == []
    assert wish("", "positivity = .5+ editorial=0.5").best == {"editorial": 0.5, "positivity": 0.5}


@pytest.mark.parametrize(
    ("where", "best", "message"),
    [
        ("joy >= 1", "gold", "WHERE: there is no joy; there are brevity, editorial, positivity, gold, kl, tokens"),
        ("kl ~ 3", "gold", "WHERE: 'kl ~ 3' is no condition; write for example positivity >= 0.4"),
        ("kl < many", "gold", "WHERE: 'kl < many' is no condition"),
        ("", "joy", "BEST: there is no joy; there are brevity, editorial, positivity, gold$"),
        ("", "kl", "BEST: there is no kl"),
        ("", "", "BEST: of what is there to be the most"),
        ("", "editorial=0.5+positivity=0.6", "BEST: 'editorial=0.5.* that sum to 1"),
        ("", "editorial=0.5+editorial=0.5", "BEST: .* is no mixture"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(where, best, message):
    with pytest.raises(ValueError, match=f"^{message}") as error:
        wish(where, best)
    assert "\n" not in str(error.value)


def test_the_soup_with_the_most_among_those_that_meet_the_conditions(layout):
    assert chosen(layout, "", "editorial")[:2] == ("editorial", 5)
    assert chosen(layout, "positivity >= 0.4", "editorial")[:2] == (mixture(0.5), 3)
    assert chosen(layout, "positivity >= 0.4 and kl > 1", "editorial")[:2] == (mixture(0.75), 2)
    assert chosen(layout, "positivity > 0.6", "editorial").soup == mixture(0.75)


def test_rewards_in_a_mixture_are_scaled_from_the_start_to_their_expert(layout):
    """Editorial's expert has 0.8: ½·0.6 + ½·0.5/0.8 is the most; unscaled it would be ½·0.8 + ½·0.3, the same as it."""
    soups = [mixture(weight) for weight in PAIR]
    shares = scaled(scored(layout), soups, ["editorial", "positivity"], "sft/1").mean(0)
    np.testing.assert_allclose(shares[:3], [[0, 1], [0.375, 0.8], [0.625, 0.6]])
    assert chosen(layout, "", "editorial=0.5+positivity=0.5").soup == mixture(0.5)
    assert chosen(layout, "", "editorial=0.1+positivity=0.9").soup == "positivity"
    with pytest.raises(ValueError, match="BEST: gold has no expert"):
        chosen(layout, "", "gold=0.5+positivity=0.5")


def test_it_is_chosen_on_half_of_the_prompts_and_judged_on_the_other(layout):
    scores = scored(layout, odd=-0.3)
    found = chosen(layout, "positivity >= 0.55", "editorial", scores)
    assert found.soup == mixture(0.5)
    asked = wish("positivity >= 0.55", "editorial")
    said = page(found, candidates(layout, asked), asked, layout, half(scores, 1), 1)
    assert "positivity >= 0.55 does NOT hold on these prompts (0.3), in 0 of 2 seeds." in said
    assert "these are the 20 others" in said
    assert len(said.splitlines()) <= 24


def test_a_scale_that_the_other_prompts_do_not_have_is_told(layout):
    asked, scores = wish("", "editorial=0.5+positivity=0.5"), scored(layout)
    values = scores.values.copy()
    point, column = scores.points.index(("soup", "positivity")), scores.columns.index("positivity")
    values[:, 1::2, point, column] = -1  # on the prompts to judge on
    scores = replace(scores, values=values)
    found, soups = chosen(layout, "", "editorial=0.5+positivity=0.5", scores), candidates(layout, asked)
    assert "the scale of BEST is noise" in page(found, soups, asked, layout, half(scores, 1), 1)
    assert "it has 0.62 in editorial, 0.60 in positivity" in page(found, soups, asked, layout, half(scores, 0), 1)


def test_a_third_reward_is_mixed_in_where_it_is_named(layout):
    asked = wish("brevity >= 0.05", "positivity")
    soups = candidates(layout, asked)
    assert len(soups) == 5 + 4  # of the pair, and brevity alone, half of it with each, and the centre
    assert not [name for name in candidates(layout, wish("", "positivity")) if "brevity" in name]
    assert "brevity" in chosen(layout, "brevity >= 0.05", "positivity").soup
    assert chosen(layout, "brevity >= 0.5", "positivity").soup == "brevity"
    near = beside("brevity", soups, layout.triple)
    assert near[:2] == ["brevity=0.5+editorial=0.5", "brevity=0.5+positivity=0.5"]


def test_neighbours_are_on_both_sides(layout):
    soups = candidates(layout, wish("", "positivity"))
    assert beside(mixture(0.5), soups, layout.pair) == [mixture(0.25), mixture(0.75)]
    assert beside("positivity", soups, layout.pair) == [mixture(0.75)]


def test_where_nothing_meets_it_the_nearest_miss_is_told(layout):
    with pytest.raises(
        ValueError, match=r"^WHERE: none of 5 soups meets positivity >= 0.7 and kl <= 1; the nearest is"
    ):
        chosen(layout, "positivity >= 0.7 and kl <= 1", "editorial")
    with pytest.raises(ValueError, match="nearest is positivity with positivity 1: ask for less"):
        chosen(layout, "positivity > 1", "editorial")


def test_seeds_that_would_choose_otherwise_are_named(layout):
    scores = scored(layout, seed_1=0.2, seed_2=-0.2)
    found = chosen(layout, "positivity >= 0.45", "editorial", scores)
    assert found == (mixture(0.5), 3, {1: mixture(0.25), 2: mixture(0.75)})
    asked = wish("positivity >= 0.45", "editorial")
    said = page(found, candidates(layout, asked), asked, layout, half(scores, 1), 1)
    assert f"{mixture(0.25)} (1), {mixture(0.75)} (2)" in said
    assert "0.60 (0.80, 0.40)" in said  # the seeds themselves
    assert "holds on these prompts (0.6), in 1 of 2 seeds" in said


def test_many_seeds_have_an_interval_and_the_one_that_is_exported_a_column(layout):
    scores = scored(layout, seeds=range(1, 6), seed_1=0.1, seed_5=-0.1)
    found, asked = chosen(layout, "", "editorial", scores), wish("", "editorial")
    said = page(found, candidates(layout, asked), asked, layout, half(scores, 1), 5)
    row = next(line for line in said.splitlines() if line.startswith("positivity"))
    half_width = 2.776 * np.std([0.1, 0, 0, 0, -0.1], ddof=1) / np.sqrt(5)  # of t with 4 degrees of freedom
    assert f"0.000 (-{half_width:.3f} to {half_width:.3f})" in row
    assert row.split()[-4:] == ["-0.100", "-0.100", "to", "0.100"]


def test_morl_that_dominates_is_told_plainly(layout):
    asked = wish("", "editorial=0.5+positivity=0.5")

    def said(scores):
        return page(
            chosen(layout, "", asked_text, scores), candidates(layout, asked), asked, layout, half(scores, 1), 1
        )

    asked_text = "editorial=0.5+positivity=0.5"
    dominated = said(scored(layout, morl=(0.7, 0.5, 2.5)))
    assert f"MORL DOMINATES it: the policy trained on {mixture(0.5)} has at least as much" in dominated
    assert "in 2 of 2 seeds, at KL 2.50 against 1.00" in dominated
    assert "No policy by MORL dominates it" in said(scored(layout, morl=(0.7, 0.4, 2.5)))


def test_one_prompt_cannot_be_split(layout):
    table = pd.DataFrame([{"method": "soup", "mixture": "a", "prompt": 0, "x": 1.0}])
    with pytest.raises(ValueError, match=r"evaluation\.prompts: one prompt alone"):
        half(Scores.of({1: table}, ["x"]), 0)


def test_a_file_of_parameters_is_checked_as_by_snakemake(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert experiment_of(Path("params.yaml")).results == "results/nano"
    params = tmp_path / "params.yaml"
    with pytest.raises(ValueError, match=r"params\.yaml is not there"):
        experiment_of(params)
    text = Path("params.yaml").read_text()
    for edited in (text.replace("  rewards: [positivity, editorial]", "  rewards: [positivity, joy]"), "seeds: [1"):
        params.write_text(edited)
        with pytest.raises(ValueError, match=r"^\S+params.yaml(: |, line 1: )") as error:
            experiment_of(params)
        assert "\n" not in str(error.value)
        assert "'joy' is not one of the rewards" in str(error.value) or "this is no YAML" in str(error.value)


@pytest.mark.long
def test_a_finished_experiment_gives_a_model(finished, tmp_path):
    asked = ["--where", "kl >= 0 and editorial <= 100", "--best", "editorial", "--export", str(tmp_path / "soup")]
    said = finished.run("python", "-m", "scripts.choose", *asked)
    told = " has the most editorial of the 4 with kl >= 0 and editorial <= 100, of 4 soups of positivity, editorial."
    [soup] = [line.removesuffix(told) for line in said.splitlines() if line.endswith(told)]
    assert f"{tmp_path / 'soup'} is {soup} of seed 1" in said
    card = (tmp_path / "soup/README.md").read_text()
    front = pd.read_csv(finished.root / "results/smoke/rewarded_soups/front.csv")
    [row] = front[(front["method"] == "soup") & (front["mixture"] == soup)].to_dict("records")
    assert f"{row['editorial']:.3f} ({row['editorial_low']:.3f} to {row['editorial_high']:.3f})" in card
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "soup").config.vocab_size == 300
    failed = finished.run("python", "-m", "scripts.choose", "--where", "kl < 0", "--best", "editorial", fails=True)
    assert failed.splitlines()[-1].startswith("error: WHERE: none of 4 soups meets kl < 0; the nearest is ")
