import copy
import json

import numpy as np
import pandas as pd
import pytest
import yaml

from lib.graph.experiment import Experiment
from lib.papers.claims import NotTestable, claims_table
from lib.papers.evidence import Evidence
from lib.papers.paths import on_path
from lib.papers.salsa.claims import CLAIMS, midpoint, segment_table, soup_less_each, soup_pairs, tables
from lib.papers.salsa.comparisons import WIN, reward_at_equal_kl, win_rate, wins, wins_table
from lib.papers.salsa.layout import Layout
from lib.papers.salsa.names import START, Variant, plane_point, read_variant, variant_point
from lib.papers.salsa.report import part
from lib.papers.salsa.spread import spread_of, spread_table
from lib.statistics.scores import Scores
from scripts.salsa_claims import compute_claims
from scripts.salsa_figures import draw
from tests.checkout import ROOT

SOUP, SFT = Variant("sft", 0.5, 0.1), Variant("sft", 1.0, 0.1)
PAIR_OF_SFT = {("sft", "sft/1"): (1, 0, 0), ("sft", "sft/2"): (2, 0, 0), ("sft", "sft/soup"): (4, 1, 0)}


def scored(points, prompts=4, **more):
    """One seed's scores: by point, reward, gold (one, or a list by prompt) and KL."""
    return pd.DataFrame(
        {"method": method, "mixture": name, "prompt": i, "reward": reward, "gold": np.broadcast_to(gold, prompts)[i]}
        | {"kl": kl, "kl_to_anchor": kl}
        | more
        for (method, name), (reward, gold, kl) in points.items()
        for i in range(prompts)
    )


def with_paths(policies):
    """The points of policies and of θ_sft1, which has nothing, with the middle of the path at half of everything."""
    points = {variant_point(policy): numbers for policy, numbers in policies.items()}
    middle = {
        on_path(point, 0.5): (reward / 2, np.array(gold) / 2, kl / 2) for point, (reward, gold, kl) in points.items()
    }
    return {START: (0, 0, 0)} | middle | points


def evidence_of(within, beyond=None, *, pairs=((SOUP, SFT),), sft=PAIR_OF_SFT, spread=2.0, first_seed=1):
    """within, beyond: for each seed, the numbers of policies (`with_paths`)."""
    scores = {}
    for kind, by_seed in (("within", within), ("beyond", beyond or [])):
        found = {seed: scored(with_paths(policies)) for seed, policies in enumerate(by_seed, first_seed)}
        if found:
            scores[kind] = Scores.of(found, ["reward", "gold", "kl", "kl_to_anchor"])
            scores[f"wins {kind}"] = Scores.of({seed: wins_table(one, pairs) for seed, one in found.items()}, [WIN])
    seeds = scores["within"].seeds
    sft_tables = {seed: scored(sft(seed) if callable(sft) else sft) for seed in seeds}
    scores["sft"] = Scores.of(sft_tables, ["reward", "gold"])
    apart = spread_table([np.full(9, spread)] * 2, np.full(9, 2 * spread))
    found = {"spread": pd.concat([apart.assign(seed=seed) for seed in seeds])}
    settings = {"reward": {"joy": 1.0}, "pairs": [list(map(list, pair)) for pair in pairs], "margin": 0.05}
    settings |= {"prompts": {"within": "here", "beyond": "there"}, "path": [0.5]}
    return Evidence(settings, scores, found)


def judged(evidence):
    """The rows of the claims table, by claim and what is compared."""
    rows = claims_table({"salsa": CLAIMS}, {"salsa": evidence}).to_dict("records")
    return {(row["claim"], row["compares"]): row for row in rows}


def primary(evidence):
    return {claim: row for (claim, _), row in judged(evidence).items() if row["primary"]}


def test_a_policy_is_named_by_what_makes_it():
    assert read_variant({"alpha": 1, "beta": 0.1}) == SFT
    assert SOUP.name == "α=0.5 β=0.1"
    assert read_variant({"alpha": 0.5, "beta": 0.1, "start": "soup"}).name == "α=0.5 β=0.1, from the soup"


def layout(**section) -> Layout:
    params = copy.deepcopy(yaml.safe_load((ROOT / "params.yaml").read_text()))
    params["evaluation"]["path"] = [0.25, 0.5]
    params["salsa"] |= {"pairs": [[{"alpha": 0.5, "beta": 0.1}, {"alpha": 1, "beta": 0.1}]]} | section
    return Layout(Experiment(params, ROOT, ["params.yaml"]))


def test_each_policy_is_scored_with_the_path_to_it_from_θ_sft1_and_its_reference_as_the_anchor():
    """Of the models θ_sft1, θ_sft2, and the two policies."""
    points = {(one["method"], one["mixture"]): one for one in layout().points("main")}
    found = {name: (one["weights"], one["anchor"]) for name, one in points.items()}
    soup, sft = variant_point(SOUP), variant_point(SFT)
    assert found == {
        START: ([1, 0, 0, 0], [1, 0, 0, 0]),
        soup: ([0, 0, 1, 0], [0.5, 0.5, 0, 0]),
        sft: ([0, 0, 0, 1], [1, 0, 0, 0]),
        on_path(soup, 0.25): ([0.75, 0, 0.25, 0], [0.5, 0.5, 0, 0]),
        on_path(soup, 0.5): ([0.5, 0, 0.5, 0], [0.5, 0.5, 0, 0]),
        on_path(sft, 0.25): ([0.75, 0, 0, 0.25], [1, 0, 0, 0]),
        on_path(sft, 0.5): ([0.5, 0, 0, 0.5], [1, 0, 0, 0]),
    }
    assert layout().paths()[SOUP.name] == [START, on_path(soup, 0.25), on_path(soup, 0.5), soup]


def test_what_the_main_study_scores_is_not_scored_again():
    more = layout(more_pairs=[[{"alpha": 0.5, "beta": 0.1}, {"alpha": 0.25, "beta": 0.1}]]).points("more")
    assert {one["mixture"].partition(" η")[0] for one in more} == {"α=0.25 β=0.1"}
    assert len(more) == 3


def test_a_tie_is_half_a_win():
    assert list(wins(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]))) == [0, 0.5, 1]


def test_wins_are_counted_prompt_by_prompt_whatever_the_order_of_the_rows():
    """1, ½, 0, 1, where a comparison of the means would say that the first always wins."""
    points = {variant_point(SOUP): (0, [2, 1, 0, 5], 0), variant_point(SFT): (0, 1, 0)}
    table = wins_table(scored(points).sample(frac=1, random_state=0), [(SOUP, SFT)])
    assert list(table["win"]) == [1, 0.5, 0, 1]
    assert table[["method", "mixture"]].drop_duplicates().to_numpy().tolist() == [
        ["wins", "α=0.5 β=0.1 against α=1 β=0.1"]
    ]


def test_a_win_rate_is_the_mean_over_prompts_for_each_seed():
    evidence = evidence_of([{SOUP: (0, [2, 1, 0, 5], 0), SFT: (0, 1, 0)}, {SOUP: (0, 2, 0), SFT: (0, 1, 0)}])
    assert win_rate(evidence, (SOUP, SFT)).values.tolist() == [[2.5 / 4], [1]]


def test_policies_on_one_curve_are_equal_at_equal_kl_however_far_each_goes():
    """Fault 1: reward is 3 √KL on both. The largest at or below KL 1, where the second ends, is 0 on the first."""
    curve = {
        START: (0, 0, 0),
        on_path(variant_point(SOUP), 0.5): (4.5, 0, 2.25),
        variant_point(SOUP): (6, 0, 4),
        on_path(variant_point(SFT), 0.5): (1.5, 0, 0.25),
        variant_point(SFT): (3, 0, 1),
    }
    evidence = evidence_of([{SOUP: (6, 0, 4), SFT: (3, 0, 1)}])
    evidence.scores["within"] = Scores.of({1: scored(curve)}, ["reward", "gold", "kl"])
    assert reward_at_equal_kl(evidence, (SOUP, SFT)).values == pytest.approx(0)


def test_pairs_are_compared_on_prompts_of_each_kind():
    here, there = {SOUP: (3, [1, 1, 1, 0], 4), SFT: (1, 0, 1)}, {SOUP: (1, 0, 1), SFT: (3, [1, 1, 1, 0], 4)}
    table = tables(evidence_of([here], [there]))["comparisons"]
    assert set(table["policy"]) == {SOUP.name} and set(table["against"]) == {SFT.name}
    found = table.set_index(["prompts", "comparison"])["value"].to_dict()
    gaps = {kind: found.pop((kind, "reward at equal KL")) for kind in ("here", "there")}
    assert gaps["here"] == pytest.approx(-gaps["there"])
    assert found == {
        ("here", "reward"): 2,
        ("here", "gold reward"): 0.75,
        ("here", "KL to θ_sft1"): 3,
        ("here", "win rate"): 7 / 8,
        ("there", "reward"): -2,
        ("there", "gold reward"): -0.75,
        ("there", "KL to θ_sft1"): -3,
        ("there", "win rate"): 1 / 8,
    }


def test_lengths_and_bits_are_told_where_they_were_measured():
    evidence = evidence_of([{SOUP: (3, 0, 4), SFT: (1, 0, 1)}])
    table = scored(with_paths({SOUP: (3, 0, 4), SFT: (1, 0, 1)}), tokens=7, words=5, bits_per_byte=2.5)
    evidence.scores["within"] = Scores.of({1: table}, ["reward", "gold", "kl", "tokens", "words", "bits_per_byte"])
    found = tables(evidence)
    assert {"tokens", "different words", "bits per byte of held-out text"} <= set(found["comparisons"]["comparison"])
    row = found["policies"].set_index("policy").loc["θ_sft1"]
    assert (row["tokens"], row["words"], row["bits_per_byte"]) == (7, 5, 2.5)


def seeds(soup, sft, count=8):
    """So many seeds of two policies that are as they are told, give or take a little that both share or not."""
    drawn = np.random.default_rng(0).normal(scale=0.01, size=(count, 2))
    return [
        {SOUP: (soup[0] + a, soup[1], soup[2] + a), SFT: (sft[0] + b, sft[1], sft[2] + b)} for a, b in drawn.tolist()
    ]


def test_a_soup_that_does_all_that_is_claimed():
    found = judged(evidence_of(seeds((3, 1, 4), (1, 0, 1))))
    verdicts = {claim: row["verdict"] for (claim, _), row in found.items() if row["primary"]}
    assert {claim: verdicts[claim] for claim in ("S-1", "S-2", "S-3")} == dict.fromkeys(("S-1", "S-2", "S-3"), "holds")
    estimates = {claim: row["estimate"] for claim, row in primary(evidence_of(seeds((3, 1, 4), (1, 0, 1)))).items()}
    assert estimates["S-1"] == pytest.approx(2, abs=0.02)
    assert estimates["S-2"] == pytest.approx(3, abs=0.02)
    assert estimates["S-3"] == 0.5
    assert not [key for key in found if key[0] == "S-1" and "left out" in key[1]]  # no domain is


def test_a_soup_that_is_worse_is_said_to_be():
    found = primary(evidence_of(seeds((1, 0, 1), (3, 1, 4))))
    assert [found[claim]["verdict"] for claim in ("S-1", "S-2", "S-3")] == ["contradicted"] * 3


def test_the_claims_are_on_the_domain_left_out_as_well():
    evidence = evidence_of(seeds((3, 1, 4), (1, 0, 1)), seeds((1, 0, 1), (3, 1, 4)))
    beyond = {claim: row for (claim, what), row in judged(evidence).items() if "left out" in what}
    assert beyond["S-1"]["estimate"] == pytest.approx(-2, abs=0.02)
    assert beyond["S-3"]["estimate"] == -0.5
    assert {row["verdict"] for row in beyond.values()} == {""}


def test_a_soup_of_a_pair_too_near_to_it_is_no_test_of_another_reference():
    """Fault 5: it is nearly the same reference, so what the policies differ by says nothing of soups."""
    found = primary(evidence_of(seeds((3, 1, 4), (1, 0, 1)), spread=0.24))
    assert {claim for claim, row in found.items() if row["verdict"] == "not testable here"} == {
        "S-1",
        "S-2",
        "S-3",
        "S-4",
    }
    assert "0.24 nats from their soup" in found["S-1"]["reason"]
    assert found["S-5"]["seeds"] == 8


def test_two_β_are_one_claim_on_both():
    stronger = (SOUP._replace(beta=0.5), SFT._replace(beta=0.5))
    pairs = [(SOUP, SFT), stronger, (SOUP, stronger[0]), (SOUP._replace(alpha=0.25), SFT)]
    assert soup_pairs(evidence_of([dict.fromkeys([p for pair in pairs for p in pair], (0, 0, 0))], pairs=pairs)) == [
        (SOUP, SFT),
        stronger,
    ]


def test_pairs_without_θ_sft1_as_the_reference_test_nothing():
    other = SOUP._replace(alpha=0.25)
    found = primary(evidence_of([{SOUP: (1, 0, 0), other: (0, 0, 0)}], pairs=[(SOUP, other)]))
    assert "not compared at the same β" in found["S-1"]["reason"]


def test_the_midpoint_is_compared_with_all_other_α():
    alphas = {0: 1.0, 0.25: 2.0, 0.5: 5.0, 0.75: 3.0, 1: 4.0}
    trained = {Variant("sft", alpha, 0.1): (reward, 0, 0) for alpha, reward in alphas.items()}
    pairs = [(SOUP, other) for other in trained if other != SOUP]
    sample, at = midpoint(evidence_of([trained], pairs=pairs))
    assert list(at) == ["α = 0", "α = 0.25", "α = 0.75", "α = 1"]
    assert sample.values.tolist() == [[4, 3, 2, 1]]
    with pytest.raises(NotTestable, match="make salsa"):
        midpoint(evidence_of([trained], pairs=pairs[1:]))


def test_the_soup_is_compared_with_each_of_its_models_and_not_with_the_better_one():
    """Fault 10: all three are the same but for noise; less the larger of two noisy numbers the soup would be lower."""

    def noisy(seed):
        sign = 1 if seed % 2 else -1
        return {("sft", "sft/1"): (sign, 0, 0), ("sft", "sft/2"): (-sign, 0, 0), ("sft", "sft/soup"): (0, 0, 0)}

    evidence = evidence_of(seeds((0, 0, 0), (0, 0, 0)), sft=noisy)
    assert soup_less_each(evidence, "reward").mean.tolist() == [0, 0]
    assert primary(evidence)["S-5"]["verdict"] == "undecided"
    assert set(tables(evidence)["soup"]["soup minus"]) == {"θ_sft1", "θ_sft2"}


def test_a_soup_has_to_have_more_than_both_of_its_models():
    table = tables(evidence_of([{SOUP: (1, 0, 0), SFT: (0, 0, 0)}]))["soup"]
    found = table[table["comparison"] == "reward"].set_index("soup minus")["value"].to_dict()
    assert found == {"θ_sft1": 3, "θ_sft2": 2}


def test_reward_above_the_chord_along_the_segment():
    """From 4 at α = 0 to 1 at α = 1 the chord has 3 and 2 in between."""
    rewards = {0.0: 4.0, 1 / 3: 5.0, 2 / 3: 1.0, 1.0: 1.0}
    points = {plane_point({"sft1": a, "sft2": 1 - a}): (reward, 0, 0) for a, reward in rewards.items()}
    table = segment_table(Scores.of({1: scored(points)}, ["reward", "gold"]), divisions=3)
    table = table[table["reward"] == "reward"]
    assert list(table["alpha"]) == [1 / 3, 2 / 3]
    assert list(table["value"]) == pytest.approx([2, -1])


@pytest.fixture
def claimed(tmp_path):
    """The outputs of the job, by name, on two seeds: a soup that is better than θ_sft1 where it was trained."""
    (tmp_path / "spread.json").write_text(
        json.dumps({"spread": spread_table([np.full(3, 0.5)] * 2, np.ones(3)).to_dict("records")})
    )
    files = {"within": {}, "beyond": {}}
    trainings = {policy.name: [] for policy in (SOUP, SFT)}
    numbers = {"within": {SOUP: (3, 1, 4), SFT: (1, 0, 1)}, "beyond": {SOUP: (1, 0, 4), SFT: (3, 1, 1)}}
    for seed in (1, 2):
        for kind, policies_of_kind in numbers.items():
            path = tmp_path / f"{kind}-{seed}.csv"
            scored(with_paths(policies_of_kind)).drop(columns="reward").assign(joy=seed, tokens=3).to_csv(path)
            files[kind][str(seed)] = [path]
        scored(PAIR_OF_SFT).rename(columns={"reward": "joy"}).to_csv(tmp_path / f"sft-{seed}.csv")
        for name, paths in trainings.items():
            history = [{"step": i, "kl": None if i % 2 else i, "kl_to_anchor": 1, "joy": i / 3} for i in (1, 2, 3, 4)]
            paths.append(tmp_path / f"{name}-{seed}.json")
            paths[-1].write_text(json.dumps({"history": history}))
    outputs = {name: tmp_path / f"made-{name}" for name in ("policies", "comparisons", "soup", "spread")}
    compute_claims(
        [tmp_path / "sft-1.csv", tmp_path / "sft-2.csv"],
        tmp_path / "spread.json",
        tmp_path / "evidence",
        **{name: path.with_suffix(".csv") for name, path in outputs.items()},
        compared={"reward": {"joy": 1.0}, "pairs": [[SOUP, SFT]], "path": [0.5], "margin": 0.05},
        **files,
        trainings=trainings,
        left_out="product",
        seeds=[1, 2],
    )
    return {name: path.with_suffix(".csv") for name, path in outputs.items()} | {"evidence": tmp_path / "evidence"}


def test_tables_can_be_made_from_the_recorded_evidence_alone(claimed):
    made = tables(Evidence.read(claimed["evidence"]))
    for name, table in made.items():
        pd.testing.assert_frame_equal(table, pd.read_csv(claimed[name]), check_dtype=False)
    assert set(made["policies"]["prompts"]) == {"movie, editorial, tweet", "product"}
    training = Evidence.read(claimed["evidence"]).tables["training"]
    assert set(training.columns) == {"policy", "seed", "step", "kl", "kl_to_anchor", "joy"}
    assert len(training) == 2 * 2 * 4


def test_evidence_of_other_seeds_adds_up_with_another_pair_of_sft_models():
    """The spread is the mean of both pairs, by seeds."""
    numbers = {SOUP: (3, 1, 4), SFT: (1, 0, 1)}
    parts = {
        "one": evidence_of([numbers] * 3, spread=2.0),
        "other": evidence_of([numbers], spread=1.2, first_seed=4),
    }
    both = Evidence.together(parts)
    assert both.seeds == [1, 2, 3, 4]
    assert spread_of(tables(both)["spread"]) == pytest.approx((3 * 2.0 + 1.2) / 4)
    assert primary(both)["S-1"]["seeds"] == 4


def test_the_report_says_how_far_the_pair_is_from_its_soup(claimed):
    told = part({name: path for name, path in claimed.items() if path.suffix == ".csv"})
    assert "S-1 to S-4 are not tested: θ_sft1 and θ_sft2 are 0.5 nats from their soup" in told.text
    assert told.numbers["salsa"]["nats from the SFT pair to its soup"] == 0.5
    assert f"{SOUP.name} against {SFT.name}, on product" in told.numbers["salsa"]


def test_figures_are_drawn_from_evidence_and_tables(claimed, tmp_path):
    evidence = Evidence.read(claimed["evidence"])
    draw(evidence, tables(evidence), tmp_path / "figures", 4.0, 50)
    assert {path.name for path in (tmp_path / "figures").glob("*.png")} == {"training.png", "win_rates.png"}


def test_a_figure_over_α_where_there_are_three(tmp_path):
    policies_by_alpha = {Variant("sft", alpha, 0.1): (alpha, 0, alpha) for alpha in (0.25, 0.5, 1)}
    pairs = [(SOUP, other) for other in policies_by_alpha if other != SOUP]
    evidence = evidence_of([policies_by_alpha] * 2, pairs=pairs)
    evidence.tables["training"] = pd.DataFrame(
        {"policy": policy.name, "seed": 1, "step": step, "kl": 1.0, "joy": 0.0}
        for policy in policies_by_alpha
        for step in (1, 2)
    )
    draw(evidence, tables(evidence), tmp_path / "figures", 4.0, 50)
    assert (tmp_path / "figures/alphas.png").exists()
