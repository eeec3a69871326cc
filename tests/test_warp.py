import json

import numpy as np
import pandas as pd
import pytest

from lib.papers.claims import NotTestable, claims_table
from lib.papers.evidence import Evidence
from lib.papers.paths import on_path
from lib.papers.warp import claims
from lib.papers.warp.claims import CLAIMS, fixed_front, moving_front, tables
from lib.papers.warp.names import (
    average_point,
    between_point,
    fixed_point,
    liti_point,
    moving_point,
    training_name,
    variation_point,
)
from lib.papers.warp.report import part
from lib.statistics.comparisons import Comparison, Kind
from lib.statistics.scores import Scores
from lib.statistics.verdicts import Verdict, judge
from scripts.warp_claims import compute_tables
from scripts.warp_figures import draw

SETTINGS = {
    "policies": [1, 2],
    "iterations": 2,
    "front": [0, 0.5, 1],
    "weights": [0, 0.5, 1],
    "fixed_betas": [0.05, 0.1],
    "mu": 0.1,
    "beta": 0.1,
    "averages": ["moving", "checkpoints"],
    "variations": [{"mu": 0.05}, {"eta": 0.5}, {"beta": 0.2}],
    "start": "sft/1",
    "path": [0.5],
    "margin": 0.05,
}


def front(name, slope, end, middle=None) -> dict:
    """Reward and KL of the points of a front on which reward is `slope` times √KL, from 0 to `end`.

    At equal KL two fronts differ by (one slope − the other) × ⅔ of the nearer end: the mean of √KL over KL up to there.
    """
    roots = {0: 0, 0.5: end / 2 if middle is None else middle, 1: end}
    return {name(eta): (slope * root, root**2) for eta, root in roots.items()}


def of_run(name, *fixed):
    return lambda eta: name(*fixed, eta)


POINTS = (
    front(of_run(liti_point, 1, 1), 1, 2)
    | front(of_run(liti_point, 1, 2), 1.25, 2)
    | front(of_run(liti_point, 2, 1), 1.5, 3, middle=2)
    | front(of_run(liti_point, 2, 2), 2, 4)
    | front(of_run(fixed_point, 0.05), 1, 4)
    | front(of_run(fixed_point, 0.1), 1.5, 2)
    | front(moving_point, 1.5, 3)
    | front(of_run(average_point, "moving"), 0.5, 2)
    | front(of_run(average_point, "checkpoints"), 1, 2)
    | front(of_run(variation_point, "mu=0.05", 2), 2.5, 3)
    | front(of_run(variation_point, "eta=0.5", 2), 2, 5)
    | front(of_run(variation_point, "beta=0.2", 2), 1.5, 1)
    | {between_point("slerp", weight): numbers for weight, numbers in {0: (2, 4), 0.5: (4.5, 9), 1: (3, 6)}.items()}
    | {between_point("lerp", weight): numbers for weight, numbers in {0: (2, 4), 0.5: (3.5, 4), 1: (3, 6)}.items()}
    | {on_path(between_point("lerp", 0.5), 0.5): (1.75, 1)}
)


def scored(seed: int, noise: float = 0.0, easier: float = 0.0, prompts: int = 4) -> pd.DataFrame:
    """noise: of each seed's points and of prompts. easier: added to all rewards."""
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {"method": method, "mixture": name, "prompt": i, "reward": reward + easier + of_point + noise * z, "kl": kl}
        for (method, name), (reward, kl) in POINTS.items()
        for of_point in [noise * generator.normal()]
        for i, z in enumerate(generator.normal(size=prompts))
    )


def history(slope: float, roots: list[float], start: float = 0.0) -> list[dict]:
    """Five steps for each √KL, so that a moving average is what it is an average of; KL is recorded at the third."""
    return [
        {"step": 5 * i + n + 1, "kl": root**2 if n == 2 else None, "kl_to_anchor": 0.1, "joy": start + slope * root}
        for i, root in enumerate(roots)
        for n in range(5)
    ]


HISTORIES = {training_name(1, 1): history(1, [0, 1, 2, 3]), training_name(1, 2): history(0.5, [0, 1, 2])}
ANGLES = {1: (85, 93), 2: (120, 100)}  # degrees of two layers, by iteration


def angles_of(iteration: int, noise: float = 0.0) -> pd.DataFrame:
    rows = zip(("layers.0", "layers.1"), ANGLES[iteration])
    return pd.DataFrame(
        {"layer": layer, "first": 1, "second": 2, "degrees": degrees + noise}
        | {"norm_first": 1.0, "norm_second": 2.0, "cosine_of_weights": 0.9995}
        for layer, degrees in rows
    )


def evidence_of(seeds: int, noise: float = 0.0, easier: float = 0.0, **changes) -> Evidence:
    """changes: of the settings."""
    scores = Scores.of({seed: scored(seed, noise, easier) for seed in range(seeds)}, ["reward", "kl"])
    training = pd.concat(
        pd.DataFrame(records).rename(columns={"joy": "reward"}).assign(policy=policy, seed=seed)
        for policy, records in HISTORIES.items()
        for seed in range(seeds)
    )
    angles = pd.concat(
        angles_of(iteration, noise * (seed - seeds / 2)).assign(seed=seed, iteration=iteration)
        for iteration in ANGLES
        for seed in range(seeds)
    )
    return Evidence(SETTINGS | changes, {"held out": scores}, {"training": training, "angles": angles})


@pytest.fixture
def evidence() -> Evidence:
    return evidence_of(2)


FIXED = ("β = 0.05 of the fixed anchor", "β = 0.1 of the fixed anchor")


@pytest.mark.parametrize(
    ("numbers", "by_hand"),
    [
        (claims.moving_against_fixed, dict(zip(FIXED, (1, 0)))),
        (claims.moving_against_fixed_as_it_is, dict(zip(FIXED, (0.5, 1.5)))),
        (claims.warp_against_fixed, dict(zip(FIXED, (1 / 3, -1 / 3)))),
        (claims.angles, {"iteration 1": -1, "iteration 2": 20}),
        (claims.cosines, {"iteration 1": 0.0005, "iteration 2": 0.0005}),
        (claims.slerp_against_lerp, {"λ = 0.5": 1}),
        (claims.slerp_against_ends, {"λ = 0.5, policy 1": 2.5, "λ = 0.5, policy 2": 1.5}),
        (claims.slerp_at_equal_kl, {"λ = 0.5": -1 / 3}),
        (claims.slerp_raises_kl, {"λ = 0.5": 4}),  # 9 − (4 + 6)/2
        (claims.lerp_lowers_kl, {"λ = 0.5": 1}),
        (claims.reward_is_concave, {"η = 0.5": 0.75}),  # 1.5 × 2 − 4.5/2
        (claims.kl_is_convex, {"η = 0.5": 0.5}),  # 9/2 − 4
        (claims.above_training, {"M = 2, mean of its trainings": (1 + 4 / 3) / 2}),
        (claims.more_policies, {"M = 2 minus 1": 1}),
        (claims.averages, {"average: moving": -2 / 3, "average: checkpoints": 0}),
        (claims.more_iterations, {"iteration 2 minus 1": 1}),
        (claims.variations, {"mu=0.05": 1, "eta=0.5": 0, "beta=0.2": -1 / 3}),
        (claims.slower_is_better, {"mu=0.05": 1, "beta=0.2": -1 / 3}),
    ],
)
def test_comparisons_worked_by_hand(evidence, numbers, by_hand):
    sample, at = numbers(evidence)
    assert list(at) == list(by_hand)
    for values in sample.values:
        assert values == pytest.approx(list(by_hand.values()), abs=0.005)


@pytest.mark.parametrize("numbers", [claims.above_training, claims.reward_is_concave, claims.moving_against_fixed])
def test_easier_prompts_make_no_difference(evidence, numbers):
    """Held-out prompts are other ones than those of training: each side's own θ_sft is subtracted."""
    sample, _ = numbers(evidence_of(2, easier=10.0))
    np.testing.assert_allclose(sample.values, numbers(evidence)[0].values, atol=1e-9)


def test_training_is_compared_up_to_where_it_ends(evidence):
    """Trainings end at KL 1, where the front goes on to 9: what it gains there is not at equal KL."""
    table = evidence.tables["training"]
    short = Evidence(evidence.settings, evidence.scores, {"training": table[table["step"] <= 10]})
    sample, _ = claims.above_training(short)
    np.testing.assert_allclose(sample.values, (0.5 + 1) / 2 * 2 / 3, atol=0.005)


def one_curve(generator: np.random.Generator, seeds: int = 8, groups: int = 5) -> Evidence:
    """All fronts on one common curve, reward = √KL, with noise of seeds and prompts; they end at 9, 16 and 4 nats."""
    points = front(moving_point, 1, 3) | front(of_run(fixed_point, 0.05), 1, 4) | front(of_run(fixed_point, 0.1), 1, 2)
    truth = np.array(list(points.values()))
    values = np.tile(truth, (seeds, groups, 1, 1))
    values[..., 0] += generator.normal(0, 0.05, (seeds, 1, len(points)))
    values[..., 0] += generator.normal(0, 0.05, (seeds, groups, len(points)))
    scores = Scores(list(range(seeds)), list(points), ["reward", "kl"], values, np.full(groups, 10.0))
    return Evidence(SETTINGS, {"held out": scores})


def test_anchors_of_one_common_curve_have_no_bias_and_no_verdict():
    """The largest reward up to the nearer end, which was compared before, favours the front that goes further."""
    generator = np.random.default_rng(0)
    gaps, decided = [], 0
    for _ in range(60):
        sample, at = claims.moving_against_fixed(one_curve(generator))
        gaps.append(sample.mean)
        [judged] = judge([Comparison(sample, at, Kind.MORE, 0.05)])
        decided += judged.verdict in (Verdict.HOLDS, Verdict.CONTRADICTED)
    assert np.abs(np.mean(gaps, axis=0)).max() < 0.005
    assert decided <= 6


def test_fronts_go_from_θ_sft_to_a_policy(evidence):
    assert moving_front(evidence) == [moving_point(eta) for eta in (0, 0.5, 1)]
    assert fixed_front(evidence, 0.1) == [fixed_point(0.1, eta) for eta in (0, 0.5, 1)]


def judged(evidence: Evidence) -> pd.DataFrame:
    return claims_table({"warp": CLAIMS}, {"warp": evidence})


def test_every_claim_has_a_verdict_from_eight_seeds():
    """As above: only at β = .05 is the moving anchor ahead, and task vectors of iteration 2 are at 110°."""
    table = judged(evidence_of(8, noise=0.01, variations=[]))
    primary = table[table["primary"]].set_index("claim")
    assert primary["verdict"].to_dict() == {
        "W-1": "undecided",
        "W-2": "contradicted",
        "W-3": "holds",
        "W-4": "holds",
        "W-5": "holds",
        "W-6": "holds",
        "W-7": "not testable here",
    }
    assert primary.loc["W-1", "at"] == "β = 0.1 of the fixed anchor"
    assert primary.loc["W-2", "at"] == "iteration 2"
    assert set(table.loc[~table["primary"], "claim"]) == {"W-1", "W-2", "W-3", "W-4", "W-5"}


def test_a_larger_β_that_is_behind_contradicts_what_is_said_of_slower_anchors():
    primary = judged(evidence_of(10, noise=0.01)).query("primary").set_index("claim")
    assert primary.loc["W-7", ["verdict", "at"]].tolist() == ["contradicted", "beta=0.2"]


@pytest.mark.parametrize(
    ("numbers", "changes", "why"),
    [
        (claims.warp_against_fixed, {"policies": [2]}, "no run with one policy"),
        (claims.slerp_at_equal_kl, {"weights": [0, 0.4, 1]}, "½ is not among warp.weights"),
        (claims.slerp_at_equal_kl, {"policies": [1, 3]}, "2 not among warp.policies"),
        (claims.more_policies, {"policies": [2]}, "one M alone"),
        (claims.averages, {"averages": []}, "no averages of one training"),
        (claims.more_iterations, {"iterations": 1}, "one iteration alone"),
        (claims.variations, {"variations": []}, "no run with another η, μ or β"),
        (claims.slower_is_better, {"variations": [{"mu": 0.3}, {"eta": 0.5}]}, "no run with a smaller μ or a larger β"),
    ],
)
def test_what_was_not_run_cannot_be_tested(numbers, changes, why):
    with pytest.raises(NotTestable, match=why):
        numbers(evidence_of(2, **changes))


def test_tables_leave_out_what_was_not_run():
    found = tables(evidence_of(2, variations=[], averages=[]))
    assert list(found) == ["plane", "equal_kl", "slerp", "liti"]
    assert "averages of one training" not in set(found["equal_kl"]["comparison"])
    assert len(found["plane"]) == len(POINTS)


def written(folder, seeds: list[int]) -> dict:
    """Files as jobs write them, and what `compute_tables` takes."""
    places = {"scores": [], "trainings": {name: [] for name in HISTORIES}, "angles": {str(i): [] for i in ANGLES}}
    for seed in seeds:
        table = scored(seed, 0.1).rename(columns={"reward": "joy"}).assign(gold=0.5, tokens=12.0)
        places["scores"].append(folder / f"scores-{seed}.csv")
        table.to_csv(places["scores"][-1], index=False)
        for i, (name, records) in enumerate(HISTORIES.items()):
            places["trainings"][name].append(folder / f"{i}-{seed}.json")
            places["trainings"][name][-1].write_text(json.dumps({"history": records}))
        for iteration, files in places["angles"].items():
            files.append(folder / f"angles-{iteration}-{seed}.csv")
            angles_of(int(iteration)).to_csv(files[-1], index=False)
    return places


def test_the_job_writes_evidence_tables_and_what_the_report_reads(tmp_path):
    outputs = {name: tmp_path / f"{name}.csv" for name in ("plane", "equal_kl", "slerp", "liti")}
    files = written(tmp_path, [4, 7])
    recorded = tmp_path / "evidence"
    compute_tables(**files, evidence=recorded, **outputs, seeds=[4, 7], reward={"joy": 2.0}, compared=SETTINGS)
    evidence = Evidence.read(recorded)
    assert evidence.seeds == [4, 7] and evidence.settings == SETTINGS
    assert evidence.scores["held out"].columns == ["joy", "gold", "kl", "tokens", "reward"]
    assert evidence.tables["training"].groupby(["policy", "seed"]).size().tolist() == [20, 20, 15, 15]
    plane = pd.read_csv(outputs["plane"]).set_index(["method", "mixture"])
    assert plane.loc[moving_point(1), "reward"] == pytest.approx(2 * 4.5, abs=0.5)
    assert plane.loc[moving_point(1), "tokens"] == 12
    for name, table in tables(evidence).items():
        pd.testing.assert_frame_equal(pd.read_csv(outputs[name]), table, check_dtype=False)
    text, numbers = part({**outputs, "evidence": recorded})
    assert "M = 2 minus 1" in text
    assert "moving anchor minus fixed, β = 0.05 of the fixed anchor" in numbers["warp"]["reward at equal KL"]


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_figures_are_drawn_from_evidence(tmp_path, seeds):
    evidence = evidence_of(seeds, noise=0.2)
    draw(evidence, tables(evidence), tmp_path, 5.5, 60)
    assert {path.stem for path in tmp_path.glob("*.png")} == {"plane", "weights", "angles"}
