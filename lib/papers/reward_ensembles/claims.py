"""The claims of Scalable Ensembling (arXiv 2406.01013), and tables of what they rest on.

What the evidence has stands in `lib.papers.reward_ensembles.policies`.

Longer than other modules, because it has all claims of a paper.
"""

from functools import partial

import pandas as pd

from lib.papers.claims import Claim, NotTestable, Numbers, beside
from lib.papers.evidence import Evidence
from lib.papers.reward_ensembles.best_of_n import best_of_n_table, over_one_model, sizes_in
from lib.papers.reward_ensembles.names import HEADS, MODELS, ONE_MODEL, Variant
from lib.papers.reward_ensembles.policies import (
    at_smallest_beta,
    betas_of,
    comparison_table,
    in_gold,
    in_gold_at_equal_kl,
    policy_table,
    variants_in,
    worst_case_and_mean,
)
from lib.papers.reward_ensembles.proxy_claims import IN_MODELS, proxy_table
from lib.papers.reward_ensembles.training import (
    after_the_peak,
    at_the_end,
    nearer_to_its_worst,
    proxy_and_gold,
    training_curves,
    training_table,
)
from lib.reward_models.cost import COST
from lib.reward_models.proxies import MEMBERS, Ensemble
from lib.statistics.comparisons import Kind
from lib.statistics.intervals import Floats, Sample, side_by_side


def over_optimisation(evidence: Evidence) -> Numbers:
    """E-1, the primary comparison: gold's loss and the proxy's gain after gold's peak, on one model."""
    [variant] = at_smallest_beta(evidence, ONE_MODEL)
    return _loss_and_gain(after_the_peak(training_curves(evidence, variant)), f"at β = {variant.beta:g}")


def over_optimisation_at_own_steps(evidence: Evidence) -> Numbers:
    """E-1: in the second half of training gold ends nearer to its worst than to its best."""
    [variant] = at_smallest_beta(evidence, ONE_MODEL)
    gold = proxy_and_gold(evidence, variant)[..., 1]
    return Sample(nearer_to_its_worst(gold)[:, None]), [f"β = {variant.beta:g}"]


def over_optimisation_where_held_less(evidence: Evidence) -> Numbers:
    """E-1: gold that is lost, and proxy that is gained, at the end: at the smallest β against the largest."""
    betas = betas_of(evidence, ONE_MODEL)
    if len(betas) < 2:
        raise NotTestable("policies on one model are trained at one β alone")
    free, held = betas[0], betas[-1]
    changes = at_the_end(evidence, Variant(ONE_MODEL, free)) - at_the_end(evidence, Variant(ONE_MODEL, held))
    return _loss_and_gain(changes, f"from β = {held:g} to {free:g}")


def _loss_and_gain(changes: Floats, at: str) -> Numbers:
    """changes: of proxy and gold reward, (seeds, 2)."""
    return Sample(changes[:, ::-1] * [-1, 1]), [f"gold's loss {at}", f"the proxy's gain {at}"]


def difference(first: Ensemble, second: Ensemble, evidence: Evidence) -> Numbers:
    """E-2: gold reward of the policy on one reward minus that on another, at the smallest β that both have."""
    ours, theirs = at_smallest_beta(evidence, first, second)
    return in_gold(evidence, ours, theirs), [f"β = {ours.beta:g}"]


def heads_at_equal_kl(evidence: Evidence) -> Numbers:
    """E-2: the primary comparison at equal KL."""
    ours, theirs = at_smallest_beta(evidence, HEADS, ONE_MODEL)
    return in_gold_at_equal_kl(evidence, ours, theirs), [f"β = {ours.beta:g}"]


def worst_case_over_mean(evidence: Evidence) -> Numbers:
    """E-2: the worst case of some members minus their mean."""
    pairs = worst_case_and_mean(evidence)
    if not pairs:
        raise NotTestable("no policies are trained on the worst case and on the mean of the same members")
    names = [f"{first.ensemble.proxy} at β = {first.beta:g}" for first, _ in pairs]
    return side_by_side([in_gold(evidence, *pair) for pair in pairs]), names


def cost_saved(evidence: Evidence) -> Numbers:
    """E-3, the primary comparison: the share of the cost of K models that K heads save, of each seed."""
    table = evidence.tables["proxies"]
    of_heads = table[table["proxy"] == HEADS.proxy].sort_values("seed")
    if of_heads.empty or not set(IN_MODELS) <= set(table):
        raise NotTestable(f"the cost of {MEMBERS} heads and of one model was not counted")
    return Sample(1 - of_heads[IN_MODELS].to_numpy() / MEMBERS), COST


def over_more_heads(evidence: Evidence) -> Numbers:
    """E-4: the standard number of heads minus each larger number."""
    found = {variant.ensemble for variant in variants_in(evidence) if variant.ensemble.members > MEMBERS}
    more = sorted(reward for reward in found if reward == HEADS._replace(members=reward.members))
    if not more:
        raise NotTestable(f"no policy is trained on more than {MEMBERS} heads; `make ensembles` trains some")
    standard, *others = at_smallest_beta(evidence, HEADS, *more)
    names = [f"{other.ensemble.members} heads at β = {other.beta:g}" for other in others]
    return side_by_side([in_gold(evidence, standard, other) for other in others]), names


def best_of_most(reward: Ensemble, evidence: Evidence) -> Numbers:
    """E-5: the best of the largest n by an ensemble minus the best by one model."""
    n = sizes_in(evidence)[-1]
    return over_one_model(evidence, reward, n), [f"n = {n}"]


WORST, MEAN = f"the worst case of {MEMBERS} heads", f"the mean of {MEMBERS} heads"

CLAIMS = [
    Claim(
        "E-1",
        "in RL against one reward model the proxy keeps rising while gold turns down",
        "abstract",
        "gold's loss, and the proxy's gain, along training of one model at the smallest β: from the step where gold is"
        " best for the other seeds to the end",
        over_optimisation,
    ),
    beside(
        "E-1",
        compares="gold's loss from its best tenth to the last, minus its gain from its worst, in the second half of"
        " training at the smallest β",
        numbers=over_optimisation_at_own_steps,
    ),
    beside(
        "E-1",
        compares="gold's loss, and the proxy's gain, in the last tenth of training: at the smallest β against the"
        " largest",
        numbers=over_optimisation_where_held_less,
    ),
    Claim(
        "E-2",
        "RL against the worst case of K heads gives more gold than RL against one model",
        "abstract",
        f"gold reward on held-out prompts at equal β and steps, {WORST} minus one model",
        partial(difference, HEADS, ONE_MODEL),
        theirs="K models do as well as K heads, at K times the cost",
    ),
    beside(
        "E-2",
        compares=f"gold reward on held-out prompts at equal KL, {WORST} minus one model",
        numbers=heads_at_equal_kl,
    ),
    beside(
        "E-2",
        compares=f"gold reward on held-out prompts, {WORST} minus the worst case of {MEMBERS} models",
        numbers=partial(difference, HEADS, MODELS),
        kind=Kind.AT_LEAST,
    ),
    beside(
        "E-2",
        compares=f"gold reward on held-out prompts, the worst case of {MEMBERS} models minus one model",
        numbers=partial(difference, MODELS, ONE_MODEL),
    ),
    beside(
        "E-2",
        compares="gold reward on held-out prompts, worst case minus mean of the same members",
        numbers=worst_case_over_mean,
    ),
    Claim(
        "E-3",
        "K heads take a fraction of the memory and time of K models",
        "abstract",
        f"weights held and multiplications by them for a token: the share that {MEMBERS} heads save of {MEMBERS} models"
        " (docs/speed.md has time and memory as measured)",
        cost_saved,
        unit="share",
    ),
    Claim(
        "E-4",
        f"more than about {MEMBERS} heads may add noise: they give no more gold",
        "read in summaries by others",
        f"gold reward on held-out prompts, {WORST} minus that of more heads",
        over_more_heads,
        Kind.AT_LEAST,
    ),
    Claim(
        "E-5",
        "ensembles beat one model without training too, at best of n",
        "Coste et al. (arXiv 2310.02743), section 4",
        f"gold reward of the best of the largest n, {WORST} minus one model",
        partial(best_of_most, HEADS),
    ),
    beside(
        "E-5",
        compares=f"gold reward of the best of the largest n, {MEAN} minus one model",
        numbers=partial(best_of_most, HEADS._replace(aggregate="mean")),
    ),
]


def tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """The tables of the report and the figures."""
    return {
        "policies": policy_table(evidence),
        "training": training_table(evidence),
        "comparisons": comparison_table(evidence),
        "best_of_n": best_of_n_table(evidence),
        "proxies": proxy_table(evidence),
        "reliability": evidence.tables["reliability"],
    }
