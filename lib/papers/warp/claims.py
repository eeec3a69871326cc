"""The claims of WARP (arXiv 2406.16768), and tables of what they rest on.

Points are those of `lib.papers.warp.names`. The evidence has the scores "held out", with the column `reward` that
policies were trained on; the tables `training` (policy, seed, step, reward, kl) and `angles` (seed, iteration, layer,
degrees, cosine_of_weights, norms); and the settings policies, iterations, steps, front, weights, fixed_betas, mu, beta,
averages, variations, start, path and margin.

Longer than other modules: the comparisons of seven claims.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from lib.papers.claims import Claim, NotTestable, Numbers, beside
from lib.papers.evidence import Evidence
from lib.papers.paths import path_to
from lib.papers.warp.names import (
    average_point,
    between_point,
    fixed_point,
    liti_point,
    moving_point,
    training_name,
    variation_name,
    variation_point,
)
from lib.statistics.along_training import Trajectory, trajectory
from lib.statistics.comparisons import Kind
from lib.statistics.equal_kl import gap_at_equal_kl
from lib.statistics.intervals import Sample, side_by_side
from lib.statistics.scores import ALONGSIDE, PointName, Scores, front_table, summaries

PLANE = ["reward", "kl"]
Path = list[PointName]


def scores_of(evidence: Evidence) -> Scores:
    """The scores on held-out prompts."""
    return evidence.scores["held out"]


def inner(values: Sequence[float]) -> list[float]:
    """Those strictly between 0 and 1."""
    return [value for value in sorted(values) if 0 < value < 1]


def front_of(evidence: Evidence, policies: int, iteration: int) -> Path:
    """The front that LITI draws from θ_sft to a merge."""
    return [liti_point(policies, iteration, eta) for eta in sorted(evidence.settings["front"])]


def fixed_front(evidence: Evidence, beta: float) -> Path:
    """The front from θ_sft to a policy with the anchor fixed at θ_sft."""
    return [fixed_point(beta, eta) for eta in sorted(evidence.settings["front"])]


def moving_front(evidence: Evidence) -> Path:
    """The front from θ_sft to a policy with the moving anchor, trained for as many steps as those with a fixed one."""
    return [moving_point(eta) for eta in sorted(evidence.settings["front"])]


def last_front(evidence: Evidence, policies: int) -> Path:
    """The front of the last iteration."""
    return front_of(evidence, policies, evidence.settings["iterations"])


def against_fixed(evidence: Evidence, front: Path) -> Numbers:
    """A front less that of each fixed anchor, at equal KL."""
    betas = evidence.settings["fixed_betas"]
    found = [scores_of(evidence).at_equal_kl(front, fixed_front(evidence, beta), "reward") for beta in betas]
    return side_by_side(found), [f"β = {beta:g} of the fixed anchor" for beta in betas]


def moving_against_fixed(evidence: Evidence) -> Numbers:
    """W-1, the primary comparison."""
    return against_fixed(evidence, moving_front(evidence))


def moving_against_fixed_as_it_is(evidence: Evidence) -> Numbers:
    """W-1: reward as it is, wherever in KL each ends."""
    betas = evidence.settings["fixed_betas"]
    ends = [scores_of(evidence).difference(moving_point(1), fixed_point(beta, 1), ["reward"]) for beta in betas]
    return side_by_side(ends), [f"β = {beta:g} of the fixed anchor" for beta in betas]


def warp_against_fixed(evidence: Evidence) -> Numbers:
    """W-1: WARP with one policy, after as many steps as the fixed anchors, at equal KL."""
    if 1 not in evidence.settings["policies"]:
        raise NotTestable("no run with one policy (warp.policies)")
    return against_fixed(evidence, last_front(evidence, 1))


def angles(evidence: Evidence) -> Numbers:
    """W-2, the primary comparison: the mean angle between task vectors less 90°, of each seed and iteration."""
    found = evidence.tables["angles"].groupby(["seed", "iteration"])["degrees"].mean().unstack()
    return Sample(found.to_numpy() - 90), [f"iteration {iteration}" for iteration in found.columns]


def cosines(evidence: Evidence) -> Numbers:
    """W-2: the smallest cosine between whole weights, over .999."""
    found = evidence.tables["angles"].groupby(["seed", "iteration"])["cosine_of_weights"].min().unstack()
    return Sample(found.to_numpy() - 0.999), [f"iteration {iteration}" for iteration in found.columns]


def slerp_against_lerp(evidence: Evidence) -> Numbers:
    """W-3, the primary comparison: reward of SLERP less that of LERP at the same λ."""
    weights = inner(evidence.settings["weights"])
    pairs = [(between_point("slerp", weight), between_point("lerp", weight)) for weight in weights]
    found = [scores_of(evidence).difference(slerp, lerp, ["reward"]) for slerp, lerp in pairs]
    return side_by_side(found), [f"λ = {weight:g}" for weight in weights]


def slerp_against_ends(evidence: Evidence) -> Numbers:
    """W-3: reward of SLERP less that of each end. The better of two noisy ends would be too good."""
    weights, ends = inner(evidence.settings["weights"]), [between_point("slerp", end) for end in (0, 1)]
    found, at = [], []
    for weight in weights:
        for number, end in enumerate(ends, 1):
            found.append(scores_of(evidence).difference(between_point("slerp", weight), end, ["reward"]))
            at.append(f"λ = {weight:g}, policy {number}")
    return side_by_side(found), at


def slerp_at_equal_kl(evidence: Evidence) -> Numbers:
    """W-3: SLERP less LERP at λ = ½ and equal KL. LERP makes task vectors shorter, and so goes less far."""
    if 0.5 not in evidence.settings["weights"] or 2 not in evidence.settings["policies"]:
        raise NotTestable("½ is not among warp.weights, or 2 not among warp.policies")
    slerp = front_of(evidence, 2, 1)
    lerp = path_to(between_point("lerp", 0.5), slerp[0], evidence.settings["path"])
    return scores_of(evidence).at_equal_kl(slerp, lerp, "reward"), ["λ = 0.5"]


def kl_over_ends(evidence: Evidence, method: str) -> Numbers:
    """W-3: the KL of a merge less the mean KL of the ends."""
    weights = inner(evidence.settings["weights"])
    points = [between_point(method, weight) for weight in [*weights, 0, 1]]
    sample = scores_of(evidence).sample(points, ["kl"], lambda means: means[:-2, 0] - means[-2:, 0].mean())
    return sample, [f"λ = {weight:g}" for weight in weights]


def slerp_raises_kl(evidence: Evidence) -> Numbers:
    """W-3: SLERP raises KL."""
    return kl_over_ends(evidence, "slerp")


def lerp_lowers_kl(evidence: Evidence) -> Numbers:
    """W-3: LERP lowers KL."""
    sample, at = kl_over_ends(evidence, "lerp")
    return sample.scaled(-1.0), at


def bends(evidence: Evidence, column: str) -> Numbers:
    """W-4: how far a column lies above its chord along η, on the first iteration's front of the largest M."""
    front, etas = front_of(evidence, max(evidence.settings["policies"]), 1), sorted(evidence.settings["front"])
    share = np.array(etas)[1:-1]
    sample = scores_of(evidence).sample(
        front, [column], lambda means: means[1:-1, 0] - (1 - share) * means[0, 0] - share * means[-1, 0]
    )
    return sample, [f"η = {eta:g}" for eta in share]


def reward_is_concave(evidence: Evidence) -> Numbers:
    """W-4, the primary comparison."""
    return bends(evidence, "reward")


def kl_is_convex(evidence: Evidence) -> Numbers:
    """W-4: KL lies below its chord."""
    sample, at = bends(evidence, "kl")
    return sample.scaled(-1.0), at


def above_training(evidence: Evidence) -> Numbers:
    """W-4: what LITI gains over θ_sft less what the trainings of the merged policies had gained, at equal KL.

    Held-out prompts and those of training differ in reward, so each side's own start is subtracted: the first record of
    a training is of θ_sft, on prompts of training. These differ from seed to seed: intervals are over seeds alone.
    """
    most = max(evidence.settings["policies"])
    front, names = front_of(evidence, most, 1), [training_name(1, number) for number in range(1, most + 1)]
    paths = scores_of(evidence).sample(front, PLANE).values.reshape(-1, len(front), 2)
    gaps = [
        [gap_at_equal_kl(gained(path), gained(training)) for training in training_of(evidence, seed, names)]
        for seed, path in zip(evidence.seeds, paths)
    ]
    return Sample(np.mean(gaps, axis=1, keepdims=True)), [f"M = {most}, mean of its trainings"]


def gained(path: Trajectory) -> Trajectory:
    """A path with rewards less that of its first point."""
    return path - [path[0, 0], 0]


def training_of(evidence: Evidence, seed: int, policies: Sequence[str]) -> list[Trajectory]:
    """The trajectories of some policies of a seed."""
    table = evidence.tables["training"]
    of_seed = table[table["seed"] == seed]
    return [trajectory(of_seed[of_seed["policy"] == policy]) for policy in policies]


def more_policies(evidence: Evidence) -> Numbers:
    """W-5, the primary comparison: the last front of more policies less that of fewer, at equal KL."""
    counts = sorted(evidence.settings["policies"])
    if len(counts) < 2:
        raise NotTestable("one M alone (warp.policies)")
    found = [
        scores_of(evidence).at_equal_kl(last_front(evidence, more), last_front(evidence, fewer), "reward")
        for fewer, more in pairwise(counts)
    ]
    return side_by_side(found), [f"M = {more} minus {fewer}" for fewer, more in pairwise(counts)]


def averages(evidence: Evidence) -> Numbers:
    """W-5: averages of one training less the policy that it ends at, at equal KL."""
    kinds, etas = evidence.settings["averages"], sorted(evidence.settings["front"])
    if not kinds:
        raise NotTestable("no averages of one training (warp.averages)")
    front = front_of(evidence, 1, 1)
    found = [
        scores_of(evidence).at_equal_kl([average_point(kind, eta) for eta in etas], front, "reward") for kind in kinds
    ]
    return side_by_side(found), [f"average: {kind}" for kind in kinds]


def more_iterations(evidence: Evidence) -> Numbers:
    """W-6, the primary comparison: the front of an iteration less that of the one before, at equal KL."""
    most, count = max(evidence.settings["policies"]), evidence.settings["iterations"]
    if count < 2:
        raise NotTestable("one iteration alone (warp.iterations)")
    found = [
        scores_of(evidence).at_equal_kl(front_of(evidence, most, i + 1), front_of(evidence, most, i), "reward")
        for i in range(1, count)
    ]
    return side_by_side(found), [f"iteration {i + 1} minus {i}" for i in range(1, count)]


def variations(evidence: Evidence) -> Numbers:
    """W-7: each run with another η, μ or β less the main one, last fronts at equal KL."""
    names = [variation_name(varied) for varied in evidence.settings["variations"]]
    if not names:
        raise NotTestable("no run with another η, μ or β (warp.variations)")
    count, main = evidence.settings["iterations"], last_front(evidence, max(evidence.settings["policies"]))
    fronts = [[variation_point(name, count, eta) for eta in sorted(evidence.settings["front"])] for name in names]
    return side_by_side([scores_of(evidence).at_equal_kl(front, main, "reward") for front in fronts]), names


def slower_is_better(evidence: Evidence) -> Numbers:
    """W-7, the primary comparison: the runs with a smaller μ or a larger β."""
    main = {key: evidence.settings[key] for key in ("mu", "beta")}
    slower = [
        i
        for i, varied in enumerate(evidence.settings["variations"])
        if varied.get("mu", main["mu"]) < main["mu"] or varied.get("beta", main["beta"]) > main["beta"]
    ]
    if not slower:
        raise NotTestable("no run with a smaller μ or a larger β (warp.variations)")
    sample, names = variations(evidence)
    return sample[slower], [names[i] for i in slower]


CLAIMS = [
    Claim(
        "W-1",
        "with an anchor that follows the policy, the front of KL and reward lies above that of an anchor fixed at the "
        "SFT model, for every β",
        "section 4.1",
        "reward at equal KL, moving anchor minus fixed, both with LITI and the same steps",
        moving_against_fixed,
        theirs="above for β from 0 to .1 (their figure)",
    ),
    beside(
        "W-1",
        compares="reward as it is, moving anchor minus fixed",
        numbers=moving_against_fixed_as_it_is,
    ),
    beside(
        "W-1",
        compares="reward at equal KL, WARP with M = 1 minus fixed anchors, the same steps of RL",
        numbers=warp_against_fixed,
    ),
    Claim(
        "W-2",
        "task vectors of independent trainings are near 90° apart",
        "section 4.2",
        "mean angle over layers, less 90°",
        angles,
        Kind.EQUAL,
        margin=10,
        unit="degrees",
        theirs="near 90°; cosine of whole weights above .999",
    ),
    beside(
        "W-2",
        compares="smallest cosine of whole weights, less .999",
        numbers=cosines,
        margin=0.001,
        unit="cosine",
    ),
    Claim(
        "W-3",
        "SLERP between two policies has more reward than LERP at every λ",
        "section 4.2",
        "reward at equal λ, SLERP minus LERP",
        slerp_against_lerp,
        theirs="above at every inner λ, most at ½",
    ),
    beside("W-3", compares="reward, SLERP minus each of its two ends", numbers=slerp_against_ends),
    beside("W-3", compares="reward at equal KL, SLERP minus LERP", numbers=slerp_at_equal_kl),
    beside("W-3", compares="KL, SLERP minus the mean of its ends", numbers=slerp_raises_kl, margin=0.5, unit="nats"),
    beside("W-3", compares="KL, mean of the ends minus LERP", numbers=lerp_lowers_kl, margin=0.5, unit="nats"),
    Claim(
        "W-4",
        "along η reward is concave",
        "section 4.3",
        "reward above the chord from θ_sft to the merge, at every η",
        reward_is_concave,
    ),
    beside("W-4", compares="KL below the chord, at every η", numbers=kl_is_convex, margin=0.5, unit="nats"),
    beside(
        "W-4",
        compares="gain over θ_sft at equal KL, LITI on held-out prompts minus training on its own prompts",
        numbers=above_training,
    ),
    Claim(
        "W-5",
        "the front rises with the number of policies that are merged",
        "section 4.2",
        "reward at equal KL, more policies minus fewer, each with the same steps",
        more_policies,
        theirs="rises with M from 1 to 5",
    ),
    beside(
        "W-5",
        compares="reward at equal KL, average of one training minus the policy it ends at",
        numbers=averages,
        theirs="averaging checkpoints of one training does not help",
    ),
    Claim(
        "W-6",
        "iterations raise the front",
        "section 4.4",
        "reward at equal KL, an iteration minus the one before",
        more_iterations,
        theirs="diminishing returns after the third iteration",
    ),
    Claim(
        "W-7",
        "a slower anchor (smaller μ) or a larger β is slightly better, and takes longer",
        "appendix",
        "reward at equal KL, the run with the other value minus the main one",
        slower_is_better,
    ),
    beside("W-7", compares="reward at equal KL, every other η, μ or β minus the main one", numbers=variations),
]


def tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """What the report shows: plane, with every point; equal_kl, slerp and liti, with comparisons."""
    at_equal_kl = {
        "moving anchor minus fixed": moving_against_fixed,
        "moving anchor minus fixed, reward as it is": moving_against_fixed_as_it_is,
        "WARP, M = 1, minus fixed": warp_against_fixed,
        "more policies": more_policies,
        "averages of one training": averages,
        "iterations": more_iterations,
        "another η, μ or β": variations,
    }
    of_slerp = {
        "reward of SLERP − LERP": slerp_against_lerp,
        "reward of SLERP − an end": slerp_against_ends,
        "reward of SLERP − LERP at equal KL": slerp_at_equal_kl,
        "KL of SLERP − mean of the ends": slerp_raises_kl,
        "KL of the mean of the ends − LERP": lerp_lowers_kl,
    }
    of_liti = {
        "reward above the chord": reward_is_concave,
        "KL below the chord": kl_is_convex,
        "gain over training at equal KL": above_training,
    }
    found = {"equal_kl": at_equal_kl, "slerp": of_slerp, "liti": of_liti}
    scores = scores_of(evidence)
    told = [column for column in ["reward", *ALONGSIDE] if column in scores.columns]
    compared = {name: pd.DataFrame(_rows(evidence, numbers)) for name, numbers in found.items()}
    return {"plane": front_table(scores, told)} | compared


def _rows(evidence: Evidence, compared: Mapping[str, Callable[[Evidence], Numbers]]) -> Iterator[dict[str, object]]:
    """A row for each number of comparisons that can be made."""
    for name, numbers in compared.items():
        try:
            sample, at = numbers(evidence)
        except NotTestable:
            continue
        for place, estimate in zip(at, summaries(sample)):
            yield {"comparison": name, "at": place} | estimate
