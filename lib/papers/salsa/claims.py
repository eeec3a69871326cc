"""The claims of SALSA (arXiv 2411.01798), and tables of what they rest on.

S-1 to S-3 compare the reference of the first policy, a soup, with θ_sft1 as the reference, at every β that the pairs
have of the two. `lib.papers.salsa.comparisons` says what the evidence has.

Longer than other modules, because it has all claims and all tables of a paper.
"""

from collections.abc import Callable
from functools import wraps

import numpy as np
import pandas as pd

from lib.papers.claims import Claim, NotTestable, Numbers, beside
from lib.papers.evidence import Evidence
from lib.papers.salsa.comparisons import (
    difference,
    pairs_of,
    policies_of,
    reward_at_equal_kl,
    scores_by_kind,
    win_rate,
)
from lib.papers.salsa.names import START, Pair, segment_point, variant_point
from lib.papers.salsa.spread import spread_of, too_near
from lib.statistics.fronts import chord_margin
from lib.statistics.intervals import Sample, band, side_by_side
from lib.statistics.scores import Scores, front_table, summaries, summary

FURTHER = 0.5  # nats of KL that would matter (S-2)
MORE_WINS = 0.05  # share of prompts that would matter (S-3)
COMPARED = {
    "reward": "reward",
    "gold": "gold reward",
    "kl": "KL to θ_sft1",
    "tokens": "tokens",
    "words": "different words",
    "bits_per_byte": "bits per byte of held-out text",
}
ALPHAS = {0, 0.25, 0.75, 1}  # that the midpoint is compared with (S-4)
MIDPOINT = 0.5
SEGMENT = ["reward", "gold"]  # columns that are followed between the SFT models
OfPair = Callable[[Evidence, Pair], Sample]


def where_apart(numbers: Callable[[Evidence], Numbers]) -> Callable[[Evidence], Numbers]:
    """The numbers, where the SFT models are so far from their soup that it is another reference than θ_sft1."""

    @wraps(numbers)
    def checked(evidence: Evidence) -> Numbers:
        why = too_near(spread_of(evidence.tables["spread"]))
        if why is not None:
            raise NotTestable(why)
        return numbers(evidence)

    return checked


def soup_pairs(evidence: Evidence) -> list[Pair]:
    """The pairs of the first policy's reference, which has to be a soup, and θ_sft1 as the reference, at the same β."""
    chosen = pairs_of(evidence)[0][0]
    return [
        (first, second)
        for first, second in pairs_of(evidence)
        if first[:2] == chosen[:2] and 0 < first.alpha < 1 and second == ("sft", 1, first.beta)
    ]


def of_soup_pairs(compare: OfPair, kind: str = "within") -> Callable[[Evidence], Numbers]:
    """A comparison of the policies of `soup_pairs`, a number for each β. kind: of prompts, which it needs."""

    @where_apart
    def numbers(evidence: Evidence) -> Numbers:
        if kind not in evidence.scores:
            raise NotTestable("no domain is left out (data.left_out)")
        pairs = soup_pairs(evidence)
        if not pairs:
            raise NotTestable("the first policy's reference and θ_sft1 are not compared at the same β (salsa.pairs)")
        return side_by_side([compare(evidence, pair) for pair in pairs]), [f"β = {first.beta:g}" for first, _ in pairs]

    return numbers


@where_apart
def midpoint(evidence: Evidence) -> Numbers:
    """S-4: the reward with the midpoint as the reference less that with every other α, at the first β that has all."""
    policies = policies_of(evidence)
    for middle in policies:
        others = [one for one in policies if (one.start, one.beta) == ("sft", middle.beta) and one.alpha != MIDPOINT]
        if middle[:2] == ("sft", MIDPOINT) and {one.alpha for one in others} >= ALPHAS:
            others.sort(key=lambda one: one.alpha)
            samples = [difference(evidence, (middle, other), "reward") for other in others]
            return side_by_side(samples), [f"α = {other.alpha:g}" for other in others]
    raise NotTestable("it takes α = 0, ¼, ½, ¾ and 1 at one β, which `make salsa` trains (salsa.more_pairs)")


def soup_less_each(evidence: Evidence, column: str) -> Sample:
    """S-5: the soup of the SFT pair less θ_sft1, and less θ_sft2.

    Not less the better one: the better of two noisy numbers is too high, which favours the models over their soup.
    """
    scores = evidence.scores["sft"]
    others = (scores.difference(("sft", "sft/soup"), ("sft", f"sft/{number}"), [column]) for number in (1, 2))
    return side_by_side(list(others))


def soup_over_both(evidence: Evidence) -> Numbers:
    """S-5, the primary comparison."""
    return soup_less_each(evidence, "reward"), ["θ_sft1", "θ_sft2"]


CLAIMS = [
    Claim(
        "S-1",
        "a soup as the reference gives more reward than θ_sft1 as the reference",
        "abstract",
        "reward at the same β and steps, with the soup minus with θ_sft1 as the reference",
        of_soup_pairs(lambda evidence, pair: difference(evidence, pair, "reward")),
        theirs="higher, with PPO and models of 2B to 7B; KL was not held equal",
    ),
    beside(
        "S-1",
        compares="reward at equal KL to θ_sft1, with the soup minus with θ_sft1 as the reference",
        numbers=of_soup_pairs(reward_at_equal_kl),
    ),
    beside(
        "S-1",
        compares="gold reward at the same β and steps, with the soup minus with θ_sft1 as the reference",
        numbers=of_soup_pairs(lambda evidence, pair: difference(evidence, pair, "gold")),
        unit="gold reward",
    ),
    beside(
        "S-1",
        compares="reward at the same β and steps on the domain left out, with the soup minus with θ_sft1 as the"
        " reference",
        numbers=of_soup_pairs(lambda evidence, pair: difference(evidence, pair, "reward", "beyond"), "beyond"),
    ),
    Claim(
        "S-2",
        "with a soup as the reference the policy goes further from θ_sft1",
        "abstract",
        "KL to θ_sft1 at the same β and steps, with the soup minus with θ_sft1 as the reference",
        of_soup_pairs(lambda evidence, pair: difference(evidence, pair, "kl")),
        margin=FURTHER,
        unit="nats",
        theirs="larger KL",
    ),
    Claim(
        "S-3",
        "the policy with a soup as the reference is preferred",
        "abstract",
        "win rate by the gold reward minus ½, in distribution",
        of_soup_pairs(lambda evidence, pair: win_rate(evidence, pair).minus(0.5)),
        margin=MORE_WINS,
        unit="share of prompts",
        theirs="above ½, in and out of distribution, on MT-Bench, Arena-Hard and UltraFeedback, with Llama2-7B,"
        " Mistral-7B and Gemma-2B",
    ),
    beside(
        "S-3",
        compares="win rate by the gold reward minus ½, on the domain left out",
        numbers=of_soup_pairs(lambda evidence, pair: win_rate(evidence, pair, "beyond").minus(0.5), "beyond"),
        margin=MORE_WINS,
        unit="share of prompts",
    ),
    Claim(
        "S-4",
        "of all α the midpoint is the best reference",
        "known from summaries of the paper",
        "reward at the same β and steps, with the midpoint minus with each other α as the reference",
        midpoint,
        theirs="α = ½ is best",
    ),
    Claim(
        "S-5",
        "the soup of the SFT pair has more reward than either model",
        "from memory, not checked",
        "reward of the soup minus that of θ_sft1, and minus that of θ_sft2",
        soup_over_both,
        scope="this one SFT pair",
    ),
    beside(
        "S-5",
        compares="gold reward of the soup minus that of θ_sft1, and minus that of θ_sft2",
        numbers=lambda evidence: (soup_less_each(evidence, "gold"), ["θ_sft1", "θ_sft2"]),
        unit="gold reward",
    ),
]


def tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """The tables of the report and the figures."""
    return {
        "policies": policies_table(evidence),
        "comparisons": comparisons_table(evidence),
        "soup": soup_table(evidence),
        "spread": evidence.tables["spread"].groupby(["model", "to"], sort=False)[["kl", "error"]].mean().reset_index(),
    }


def policies_table(evidence: Evidence) -> pd.DataFrame:
    """θ_sft1 and the policies: their scores on prompts of each kind."""
    points = [START, *map(variant_point, policies_of(evidence))]
    found = []
    for kind, scores in scores_by_kind(evidence).items():
        table = front_table(scores, scores.columns, points).drop(columns="method").rename(columns={"mixture": "policy"})
        found.append(table.replace({"policy": {START[1]: "θ_sft1"}}).assign(prompts=evidence.settings["prompts"][kind]))
    return pd.concat(found, ignore_index=True)


def comparisons_table(evidence: Evidence) -> pd.DataFrame:
    """S-1 to S-4: the first policy of each pair minus the second, and the first one's win rate by gold."""
    rows = []
    for first, second in pairs_of(evidence):
        pair, names = (first, second), {"policy": first.name, "against": second.name}
        for kind, scores in scores_by_kind(evidence).items():
            found = {
                label: difference(evidence, pair, column, kind)
                for column, label in COMPARED.items()
                if column in scores.columns
            }
            found |= {"reward at equal KL": reward_at_equal_kl(evidence, pair, kind)}
            found |= {"win rate": win_rate(evidence, pair, kind)}
            told = names | {"prompts": evidence.settings["prompts"][kind]}
            rows += [told | {"comparison": label} | summary(sample) for label, sample in found.items()]
    return pd.DataFrame(rows)


def soup_table(evidence: Evidence) -> pd.DataFrame:
    """S-5: the soup of the two SFT models minus each of them."""
    present = {column: label for column, label in COMPARED.items() if column in evidence.scores["sft"].columns}
    return pd.DataFrame(
        {"comparison": label, "soup minus": name} | estimate
        for column, label in present.items()
        for name, estimate in zip(["θ_sft1", "θ_sft2"], summaries(soup_less_each(evidence, column)))
    )


def segment_table(scores: Scores, divisions: int) -> pd.DataFrame:
    """S-5: reward of the soups α θ_sft1 + (1 − α) θ_sft2 above the chord between the two, for each inner α.

    The band holds for all α and both rewards at once.
    """
    alphas = [i / divisions for i in range(1, divisions)]
    mixing = np.array([[alpha, 1 - alpha] for alpha in alphas])
    points = [segment_point(alpha) for alpha in [*alphas, 1, 0]]
    sample = scores.sample(points, SEGMENT, lambda means: chord_margin(means[:-2], means[-2:], mixing).ravel())
    at = [{"alpha": alpha, "reward": column} for alpha in alphas for column in SEGMENT]
    ends = zip(sample.mean, *band(sample)[:2])
    return pd.DataFrame(row | {"value": value, "low": low, "high": high} for row, (value, low, high) in zip(at, ends))
