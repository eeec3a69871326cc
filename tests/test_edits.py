"""What an edit makes run again: the same jobs for Snakemake and for DVC."""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager

import pytest
from dvc.repo import Repo

from lib.graph.jobs import graph_of
from lib.graph.stages import DEFAULT_PARAMS
from scripts.dvc_graph import check, write
from tests.checkout import Checkout

SOUP_FIGURES = {"rewarded_soups_figures", "report", "page"}
SOUP_CLAIMS = {"rewarded_soups_claims", "claims"} | SOUP_FIGURES
SOUP_SCORES = {"rewarded_soups_scores", "rewarded_soups_samples", "samples_at_equal_kl"} | SOUP_CLAIMS
OTHER_SCORES = {"rewarded_soups_others", "rewarded_soups_validation", "rewarded_soups_samples"} | SOUP_CLAIMS
FRONT = SOUP_SCORES | OTHER_SCORES
POLICY = {"policy"} | FRONT
SFT_SCORES = {"evaluate", "rewarded_soups_samples"} | SOUP_CLAIMS
SALSA_FIGURES = {"salsa_figures", "report", "page"}
SALSA_CLAIMS = {"salsa_claims", "claims"} | SALSA_FIGURES
SALSA_SCORES = {"salsa_scores", "samples_at_equal_kl"} | SALSA_CLAIMS
SALSA = {"salsa_policy"} | SALSA_SCORES
WARP_FIGURES = {"warp_figures", "report", "page"}
WARP_CLAIMS = {"warp_claims", "claims"} | WARP_FIGURES
WARP_SCORES = {"warp_scores", "samples_at_equal_kl"} | WARP_CLAIMS
WARP_MERGE = {"warp_policy", "warp_merge"} | WARP_SCORES  # a merge starts the next iteration's policies
WARP_POLICY = {"warp_first_policy"} | WARP_MERGE
WARP_MOVING = {"warp_moving"} | WARP_POLICY
WARP = {"warp_fixed"} | WARP_MOVING
ENSEMBLE_FIGURES = {"reward_ensembles_figures", "report", "page"}
ENSEMBLE_CLAIMS = {"reward_ensembles_claims", "claims"} | ENSEMBLE_FIGURES
ENSEMBLE_SCORES = {"reward_ensembles_scores", "samples_at_equal_kl"} | ENSEMBLE_CLAIMS
ENSEMBLE_POLICY = {"reward_ensembles_policy"} | ENSEMBLE_SCORES
BEST_OF_N = {"best_of_n"} | ENSEMBLE_CLAIMS
PROXY = {"proxy"} | BEST_OF_N | ENSEMBLE_POLICY
ENSEMBLES = {"preferences", "best_of_n_samples"} | PROXY
CLAIMS = SOUP_CLAIMS | WARP_CLAIMS | SALSA_CLAIMS | ENSEMBLE_CLAIMS
ON_PATHS = SOUP_SCORES | WARP_SCORES | SALSA_SCORES | ENSEMBLE_SCORES
SCORES = {"evaluate"} | FRONT | WARP_SCORES | SALSA_SCORES
ON_REWARDS = POLICY | WARP | SALSA
POLICIES = ON_REWARDS | ENSEMBLE_POLICY
REWARD = {"reward", "evaluate"} | ON_REWARDS
SPREAD = {"sft_spread"} | SALSA  # which SALSA's policies wait for
SFT = {"sft", "soup", "evaluate"} | SPREAD | POLICIES | ENSEMBLES
CHECK = {"check_reward"}  # of a reward that is a function
FITS = {"fits"} | SFT | REWARD
BASE = {"base"} | FITS
ALL = {"fetch", "snippets", "gold"} | CHECK | BASE

VALUES = {
    "RL steps": ({"policy.steps": 5}, POLICY | SALSA),
    "algorithm": ({"policy.algorithm": "ppo"}, POLICIES),
    "the optimiser of all policies": ({"policy.warmup_steps": 2}, POLICIES),
    "how all policies write": ({"policy.temperature": 0.9}, {"evaluate"} | SPREAD | POLICIES | ENSEMBLES),
    "anchor": ({"policy.anchor": "sft/soup"}, POLICY | SALSA),  # SALSA has no SFT reference to share any more
    "the domain that is left out": ({"data.left_out": "movie"}, CHECK | FITS),
    "start, which plays several parts": ({"policy.start": "sft/soup"}, {"evaluate"} | POLICIES | ENSEMBLES),
    "a reward's argument": ({"rewards.brevity.arguments.words": 7}, CHECK | POLICY | SCORES),
    "a reward's label": ({"rewards.positivity.label": {"movie": 1, "tweet": 0}}, REWARD),
    "a reward added": (
        {"rewards.length": {"function": "lib.rewards:brevity", "arguments": {"words": 3}}},
        CHECK | SCORES,
    ),
    "the judge": ({"gold.penalty": 3.0}, {"gold"} | SCORES | ENSEMBLES),
    "λ added": ({"rewarded_soups.weights": [0, 0.25, 0.5, 0.75, 1]}, FRONT),
    "a preference added": ({"rewarded_soups.preferences": [0.25, 0.5, 0.75]}, POLICY),
    "merges of the same policies": ({"rewarded_soups.merges": ["ties"]}, OTHER_SCORES),
    "two values swapped": ({"base.batch_size": 32, "base.context": 8}, BASE),
    "two rewards swapped": ({"rewarded_soups.rewards": ["editorial", "positivity"]}, FRONT),
    "the second of two seeds": ({"sft.seeds": [1, 3]}, {"sft", "soup"} | SFT_SCORES | SPREAD),
    "μ": ({"warp.mu": 0.2}, WARP_MOVING),
    "η of an iteration": ({"warp.eta": 0.5}, WARP_MERGE),
    "η of a front": ({"warp.front": [0, 0.25, 1]}, WARP_SCORES),
    "a variation of WARP added": ({"warp.variations": [{"mu": 0.3}, {"eta": 0.6}]}, WARP_MERGE),
    "an average of one training left out": ({"warp.averages": ["moving"]}, WARP_SCORES),
    "WARP's reward": ({"warp.reward": "editorial=0.5+positivity=0.5"}, WARP),
    "a pair of policies": (
        {"salsa.pairs": [[{"alpha": 0.25, "beta": 0.05}, {"alpha": 1, "beta": 0.05}]]},
        {"salsa_reference"} | SALSA,
    ),
    "the difference that would matter": ({"evaluation.margin": 0.1}, CLAIMS),
    "η of the paths to policies": ({"evaluation.path": [0.25, 0.75]}, ON_PATHS),
    "the share of wrong labels": ({"reward_ensembles.flipped": 0.1}, PROXY),
    "the optimiser of proxies": ({"reward_ensembles.clip_norm": 1.0}, PROXY),
    "c of mean − c·variance": ({"reward_ensembles.coefficient": 1.0}, BEST_OF_N),
    "what no job of the experiment takes, and numbers spelt otherwise": (
        {
            "policy.ppo.epochs": 2,
            "training.checkpoint_every": 7,
            "training.launch": "multi_gpu",
            "salsa.more_pairs": [],
            "reward_ensembles.more_policies": [],
            "figures.width": 6,
            "policy.temperature": 1,
        },
        set(),
    ),
    "a figure's size": ({"figures.width": 5.0}, SOUP_FIGURES | WARP_FIGURES | SALSA_FIGURES | ENSEMBLE_FIGURES),
}
CODE = {
    "lib/merges/linear.py": {"soup", "warp_merge"} | SPREAD | POLICIES | SCORES,  # the moving average is there, too
    "lib/merging.py": SCORES | ENSEMBLE_SCORES,
    "lib/papers/warp/claims.py": WARP_CLAIMS,
    "lib/reporting/claims.py": {"claims", "report", "page"},
    "lib/reporting/figures.py": SOUP_FIGURES | WARP_FIGURES | SALSA_FIGURES | ENSEMBLE_FIGURES,
    "lib/reporting/html/page.js": {"page"},
    "lib/reward_models/best_of_n.py": BEST_OF_N,
    "scripts/report.py": {"report"},
    "scripts/reward.py": REWARD,
}
GRAPH = {
    "algorithm",
    "anchor",
    "a pair of policies",
    "start, which plays several parts",
    "a preference added",
    "a reward added",
    "a variation of WARP added",
    "an average of one training left out",
    "WARP's reward",
    "the share of wrong labels",
}  # edits that change dvc.yaml


def agreed(checkout: Checkout) -> set[str]:
    """The rules that have to run, after both engines named the same outputs. They are asked without being started."""
    with working_in(checkout), graph_of("Snakefile", DEFAULT_PARAMS) as graph, Repo() as repo:
        waiting = [job for job in graph.jobs if graph._dag.needrun(job)]
        assert {output for job in waiting for output in job.output} == checkout.outputs_after(repo.status())
        return {job.rule.name for job in waiting}


def graph_was_outdated(checkout: Checkout) -> bool:
    """Whether dvc.yaml is refused; if so it is written anew."""
    with working_in(checkout), graph_of("Snakefile", DEFAULT_PARAMS) as graph:
        try:
            check(graph)
        except ValueError as error:
            assert "run `python -m scripts.dvc_graph write" in str(error)
            write(graph)
            return True
    return False


@contextmanager
def working_in(checkout: Checkout) -> Iterator[None]:
    """Meanwhile this process works in the checkout."""
    before = sys.path[:]  # which the Snakefile adds to
    with chdir(checkout.root):
        yield
    sys.path[:] = before


def test_an_unchanged_second_run_does_nothing(sealed):
    assert sealed.would_make() == {}
    assert sealed.stale() == set()


@pytest.mark.parametrize("edit", VALUES)
def test_an_edit_of_a_parameter_reruns_what_depends_on_it(copy_of_sealed, edit):
    changes, rules = VALUES[edit]
    copy_of_sealed.edit_params(changes)
    if edit in GRAPH:
        assert graph_was_outdated(copy_of_sealed)
    assert agreed(copy_of_sealed) == rules


@pytest.mark.parametrize("file", CODE)
def test_an_edit_of_code_reruns_what_uses_it(copy_of_sealed, file):
    copy_of_sealed.edit_code(file)
    assert agreed(copy_of_sealed) == CODE[file]


def test_an_edit_of_a_command_reruns_its_rule(copy_of_sealed):
    rules = copy_of_sealed.root / "rules/rewarded_soups.smk"
    rules.write_text(
        rules.read_text().replace("-m scripts.rewarded_soups_figures", "-B -m scripts.rewarded_soups_figures")
    )
    assert graph_was_outdated(copy_of_sealed)
    assert agreed(copy_of_sealed) == SOUP_FIGURES


def test_an_edit_of_a_value_that_a_rule_gives_reruns_the_rule(copy_of_sealed):
    rules = copy_of_sealed.root / "rules/sft.smk"
    rules.write_text(rules.read_text().replace("[1 / len(SEED_OF_SFT) for _ in SEED_OF_SFT]", "[0.25, 0.75]"))
    assert graph_was_outdated(copy_of_sealed)
    assert agreed(copy_of_sealed) == {"soup"} | SFT_SCORES | SPREAD


def test_an_edit_of_the_raw_data_reruns_everything(copy_of_sealed):
    """As the command lines of both say."""
    archive = copy_of_sealed.root / "tests/snippets.tar.gz"
    archive.write_bytes(archive.read_bytes() + b"x")
    stale = copy_of_sealed.would_make()
    assert set().union(*stale.values()) == copy_of_sealed.stale()
    assert stale.keys() == ALL


def test_a_stage_that_is_not_of_this_graph_is_not_run(copy_of_sealed):
    """The anchor is one of a policy's inputs, and another one changes dvc.yaml."""
    copy_of_sealed.edit_params({"policy.anchor": "sft/soup", "policy.beta": 0.1})
    assert "run `python -m scripts.dvc_graph write" in copy_of_sealed.dvc("repro", "policy-positivity-1", fails=True)
    assert "policy-positivity-1" in copy_of_sealed.dvc("status")
