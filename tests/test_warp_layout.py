"""Which runs, policies and points WARP has, by its section of the parameters."""

import copy
from types import SimpleNamespace

import pytest
import yaml

from lib.graph.experiment import Experiment
from lib.papers.register import problems
from lib.papers.warp.layout import Layout
from lib.papers.warp.names import average_point, fixed_point, liti_point, variation_name, variation_point
from tests.checkout import ROOT, lay_over

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
CHANGES = {
    "experiment": "test",
    "warp": {
        "policies": [2, 3],
        "iterations": 2,
        "beta": 0.1,
        "mu": 0.1,
        "eta": 0.3,
        "front": [0, 0.5, 1],
        "fixed_betas": [0.05],
        "averages": ["moving", "checkpoints"],
        "variations": [{"mu": 0.05}, {"eta": 0.5}],
    },
}
MU, ETA = "variation/mu-0.05", "variation/eta-0.5"


def experiment(**changes) -> Experiment:
    """The default parameters with those above and others: sections, or keys of the section warp."""
    params = copy.deepcopy(PARAMS)
    lay_over(params, CHANGES)
    lora = changes.pop("lora", None)
    return Experiment(params | {"lora": lora, "warp": params["warp"] | changes}, ROOT, ["params.yaml"])


@pytest.fixture
def layout() -> Layout:
    return Layout(experiment())


def of(run, iteration, number=1, seed=4) -> SimpleNamespace:
    """The wildcards of a path."""
    return SimpleNamespace(run=run, iteration=str(iteration), number=str(number), seed=str(seed))


def weights(layout: Layout) -> dict[tuple[str, str], dict[str, float]]:
    """Each point as the weights of its models."""
    return {
        (point["method"], point["mixture"]): {m: w for m, w in zip(layout.models, point["weights"], strict=True) if w}
        for point in layout.points
    }


def test_the_first_policy_has_the_seed_of_the_fixed_anchors_and_no_other_has_it(layout):
    assert layout.seed(of("M-all", 1)) == layout.seed(of(MU, 1)) == 4
    others = [
        layout.seed(of("M-3", i, n, seed)) for seed in (4, 5) for i in (1, 2) for n in (1, 2, 3) if (i, n) != (1, 1)
    ]
    assert len({4, 5, *others}) == 12
    assert layout.seed(of("M-3", 2, 3)) == layout.seed(of(MU, 2, 3)) == 40203


def test_runs_share_the_policies_of_iteration_1_but_with_another_mu(layout):
    first = [f"results/test/warp/M-all/iteration-1/policy-{number}" for number in (1, 2, 3)]
    assert layout.policy_folders("M-2", 1) == first[:2]
    assert layout.policy_folders("M-3", 1) == layout.policy_folders(ETA, 1) == first
    for run, iteration in [("M-3", 2), (ETA, 2), (MU, 1), (MU, 2)]:
        place = f"results/test/warp/{run}/iteration-{iteration}"
        assert layout.policies(of(run, iteration)) == [f"{place}/policy-{number}/seed-4" for number in (1, 2, 3)]


@pytest.mark.parametrize("run", ["M-2", MU, ETA])
def test_an_iteration_starts_where_the_one_before_has_ended(layout, run):
    assert layout.start(of(run, 1)) == "results/test/sft/1"
    assert layout.start(of(run, 2)) == f"results/test/warp/{run}/iteration-1/end/seed-4"


def test_a_run_takes_from_the_parameters_what_it_does_not_vary(layout):
    keys = ["warp.beta", "warp.mu"]
    assert (layout.shared("M-2", *keys), layout.varied("M-2", *keys)) == (keys, {})
    assert (layout.shared(ETA, *keys), layout.varied(ETA, *keys)) == (keys, {})
    assert (layout.shared(MU, *keys), layout.varied(MU, *keys)) == (["warp.beta"], {"mu": 0.05})
    assert (layout.shared(ETA, "warp.eta"), layout.varied(ETA, "warp.eta")) == ([], {"eta": 0.5})


def test_every_front_goes_from_the_sft_model_to_a_model(layout):
    first = "warp/M-all/iteration-1/policy-1/seed-{seed}"
    ends = {
        liti_point: {
            (1, 1): first,  # what the averages are compared with, though 1 is not in warp.policies
            **{(m, i): f"warp/M-{m}/iteration-{i}/merged/seed-{{seed}}" for m in (2, 3) for i in (1, 2)},
        },
        fixed_point: {(0.05,): "warp/fixed/beta-0.05/seed-{seed}"},
        average_point: {(kind,): f"{first}.averages/{kind}" for kind in ("moving", "checkpoints")},
        variation_point: {
            ("mu=0.05", 1): f"warp/{MU}/iteration-1/merged/seed-{{seed}}",
            ("mu=0.05", 2): f"warp/{MU}/iteration-2/merged/seed-{{seed}}",
            ("eta=0.5", 1): "warp/M-3/iteration-1/merged/seed-{seed}",  # the same policies, merged
            ("eta=0.5", 2): f"warp/{ETA}/iteration-2/merged/seed-{{seed}}",
        },
    }
    scored = weights(layout)
    for name, models in ends.items():
        for which, model in models.items():
            assert scored.pop(name(*which, 0)) == {"sft/1": 1}
            assert scored.pop(name(*which, 0.5)) == {"sft/1": 0.5, model: 0.5}
            assert scored.pop(name(*which, 1)) == {model: 1}
    assert not {method for method, _ in scored} & {"liti", "fixed", "average", "variation"}
    assert len(set(layout.models)) == len(layout.models)


def test_names_of_points():
    assert fixed_point(0.05, 0.5) == ("fixed", "β=0.05 η=0.5")
    assert average_point("moving", 0.5) == ("average", "moving η=0.5")
    assert variation_point(variation_name({"mu": 0.05}), 2, 0.5) == ("variation", "mu=0.05 iteration=2 η=0.5")


def test_without_averages_and_variations_there_are_fewer_points():
    methods = {method for method, _ in weights(Layout(experiment(averages=[], variations=[])))}
    assert not methods & {"average", "variation"}


LORA = {"rank": 2, "alpha": 4, "modules": ["q_proj"]}


@pytest.mark.parametrize("changes", [{}, {"lora": LORA, "averages": []}, {"mu": 0, "averages": []}])
def test_what_can_be_run_has_no_problems(changes):
    assert list(problems(experiment(**changes))) == []


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"lora": LORA}, "warp.averages", "no low rank; leave the list empty"),
        ({"mu": 0}, "warp.averages", "warp.mu is 0; leave the list empty"),
        ({"averages": ["median"]}, "warp.averages.0", "'median'"),
        ({"variations": [{"eta": 0.5}, {"mu": 0.1}]}, "warp.variations.1", "mu=0.1 is what every other run has"),
        ({"variations": [{"mu": 0.2, "eta": 0.5}]}, "warp.variations.0", "too many properties"),
        ({"variations": [{"mu": 0.2}, {"mu": 0.2}]}, "warp.variations", "non-unique"),
        ({"variations": [{"steps": 3}]}, "warp.variations.0.steps", "there is no such key"),
    ],
)
def test_what_cannot_be_run_is_named(changes, key, words):
    found, problem = next(problems(experiment(**changes)))
    assert found == key
    assert words in problem
