"""What is wrong in params.yaml ends in one clear line before anything runs."""

import sys

import pytest
import yaml

from lib.graph.jobs import graph_of
from lib.graph.stages import DEFAULT_PARAMS
from tests.checkout import ROOT, Checkout

OWN = {
    "source": "rows.jsonl",
    "split": "train",
    "rows": {"function": "lib.examples:from_template", "arguments": {"prompt": "{q}"}},
    "labels": ["rating"],
    "held_out": 0.1,
    "prompt_words": None,
    "left_out": "product",
}
WRONG = [
    ({"policy.stepz": 3}, "policy", "stepz"),
    ({"nonsense": 3}, "top level", "nonsense"),
    ({"data.nested": {"deep": 1}}, "data", "nested"),
    ({"policy.steps": "many"}, "policy.steps", "'many' is not of type 'integer'"),
    ({"policy.learning_rate": "1e-4"}, "policy.learning_rate", "'1e-4' is not of type 'number'"),
    ({"rewarded_soups.weights": [0, 0.5, 1.2, 1]}, "rewarded_soups.weights.2", "1.2"),
    ({"rewarded_soups.rewards": ["positivity", "kindness"]}, "rewarded_soups.rewards", "'kindness'"),
    ({"rewards.positivity.label": "stars"}, "rewards.positivity.label", "stars"),
    ({"rewards.mine": {"function": "no colon"}}, "rewards.mine.function", "no colon"),
    ({"rewards.mine": {"function": "lib.rewards:no_such_reward"}}, "rewards.mine.function", "no_such_reward"),
    ({"rewards.mine": {"function": "no_such_module:f"}}, "rewards.mine.function", "no_such_module"),
    ({"rewards.mine": {"function": "no.such:f"}}, "rewards.mine.function", "no.such"),
    ({"rewards.mine": {"label": {"movie": 1, "tweet": 1}}}, "rewards.mine.label", "same number"),
    ({"rewards.editorial.label": {"editorial": 1, "twet": 0}}, "rewards.editorial.label", "'twet' is not one of the"),
    ({"gold.label": {"movies": 1, "tweet": 0}}, "gold.label", "'movies' is not one of the domains (movie, product"),
    ({"rewards.mine": {"labels": "rating"}}, "rewards.mine", "labels"),
    ({"rewards.kl": {"label": "rating"}}, "rewards", "kl"),
    ({"warp.reward": "kindness"}, "warp.reward", "'kindness'"),
    ({"warp.reward": "positivity=0.5+editorial=0.5"}, "warp.reward", "'editorial=0.5+positivity=0.5'"),
    ({"warp.policies": [1]}, "warp.policies", "[1]"),
    ({"salsa.reward": "kindness"}, "salsa.reward", "'kindness'"),
    ({"salsa.pairs": [[{"alpha": 2, "beta": 0.1}, {"alpha": 1, "beta": 0.1}]]}, "salsa.pairs.0.0.alpha", "2"),
    ({"salsa.more_pairs": [[{"alpha": 1, "beta": 0.1}]]}, "salsa.more_pairs.0", "too short"),
    (
        {"salsa.pairs": [[{"alpha": 1, "beta": 0.1, "start": "soup"}, {"alpha": 1, "beta": 0.1}]]},
        "salsa.pairs.0",
        "both are the policy α=1 β=0.1",
    ),
    ({"rewards.mine": {"ensemble": "trees"}}, "rewards.mine.ensemble", "trees"),
    ({"rewards.mine": {"ensemble": "heads", "members": 9}}, "rewards.mine.members", "9"),
    ({"rewards.mine": {"ensemble": "single", "members": 2}}, "rewards.mine", "members"),
    ({"reward_ensembles.flipped": 0.7}, "reward_ensembles.flipped", "0.7"),
    ({"reward_ensembles.best_of": 5}, "reward_ensembles.best_of", "half of reward_ensembles.samples_per_prompt"),
    ({"policy.warmup_steps": 0.5}, "policy.warmup_steps", "0.5 is not of type 'integer'"),
    ({"sft.clip_norm": -1}, "sft.clip_norm", "-1 is less than the minimum of 0"),
    ({"rewards.words": {"label": "rating"}}, "rewards", "words"),
    ({"reward_ensembles.policies": [{"ensemble": "heads", "beta": 0}]}, "reward_ensembles.policies", "single"),
    ({"policy.parts": 3}, "policy.parts", "a batch of 4"),
    ({"sft.parts": 5}, "sft.parts", "a batch of 32"),
    ({"gold.label": "stars"}, "gold.label", "stars"),
    ({"gold": {"function": "lib.rewards:no_such_judge"}}, "gold.function", "no_such_judge"),
    ({"data": OWN | {"labels": ["rating"], "left_out": "product"}}, "rewards.editorial.label", "data.labels"),
    ({"data": OWN, "rewards.editorial": {"function": "lib.rewards:grounded"}}, "data.left_out", "data.labels"),
    ({"policy.algorithm": "dpo"}, "policy.algorithm", "'dpo'"),
    ({"data.left_out": "news"}, "data.left_out", "'news'"),
    ({"rewards.gold": {"label": "rating"}}, "rewards", "gold"),
    ({"base.heads": 3}, "base.heads", "3"),
    ({"base": {"source": "models/mine"}}, "base", "parameters"),
    ({"base": {"source": "hub:org/model", "parameters": 1.0e9}}, "base", "revision"),
    ({"base": {"source": "hub:org/model", "parameters": 1.0e9, "revision": "main"}}, "base.revision", "'main'"),
    ({"base": {"source": "wheel:package==1.0", "parameters": 1.0e9, "sha256": "0" * 64}}, "base", "file"),
    ({"lora": {"rank": 4}}, "lora", "alpha"),
    ({"compute.device": "tpu"}, "compute.device", "'tpu'"),
    ({"training.checkpoint_every": 0}, "training.checkpoint_every", "0"),
    (
        {"training.launch": "mpi"},
        "training.launch",
        "there is no profiles/accelerate/mpi.yaml; use none for one process, or one of fsdp",
    ),
    ({"training.launch": "multi_gpu", "policy.prompts_per_step": 3}, "policy.parts", "over 4 processes x 1 parts"),
    ({"training.launch": "multi_gpu", "policy.algorithm": "ppo"}, "training.launch", "ppo computes its means"),
    ({"training.launch": "fsdp", "policy.prompts_per_step": 4}, "training.launch", "the moving anchor (warp.mu)"),
    ({"compute.precision": "float16"}, "compute.precision", "'float16'"),
    ({"rewards.mine": {"classifier": "hub:org/model", "weights": [1], "inputs": "chat"}}, "rewards.mine", "revision"),
    ({"rewards.mine": {"classifier": "models/mine", "weights": [1]}}, "rewards.mine", "inputs"),
    ({"gold": {"classifier": "models/mine", "weights": [], "inputs": "chat"}}, "gold.weights", "[]"),
    ({"data": {"source": "rows.jsonl", "rows": {"function": "lib.examples:messages"}}}, "data", "split"),
    ({"base": {"source": "models/mine", "parameters": 1.0e9, "revision": "0" * 40}}, "base", "revision"),
]


EXPERIMENTS = sorted(path.relative_to(ROOT) for path in ROOT.glob("experiments/*/params.yaml"))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return Checkout.at(tmp_path_factory.mktemp("params") / "repository")


@pytest.fixture
def edited(checkout, monkeypatch):
    """The checkout, in which this process works: it reads the Snakefile as snakemake does, without its start."""
    original = (checkout.root / "params.yaml").read_text()
    monkeypatch.chdir(checkout.root)
    monkeypatch.setattr(sys, "path", sys.path[:])  # which the Snakefile adds to
    yield checkout
    (checkout.root / "params.yaml").write_text(original)


@pytest.mark.parametrize(("changes", "key", "value"), WRONG, ids=[next(iter(change)) for change, *_ in WRONG])
def test_a_mistake_is_one_line_that_names_key_and_value(edited, changes, key, value):
    edited.edit_params(changes)
    with pytest.raises(SystemExit) as stopped, graph_of("Snakefile", DEFAULT_PARAMS):
        pass
    [line] = str(stopped.value).splitlines()
    assert line.startswith(f"params.yaml: {key}:")
    assert value in line


def test_on_the_command_line_a_mistake_is_one_line(edited):
    edited.edit_params({"policy.stepz": 3})
    lines = edited.snakemake("-n", fails=True).splitlines()
    assert len([line for line in lines if line.startswith("params.yaml: policy:")]) == 1


@pytest.mark.parametrize("params", EXPERIMENTS, ids=[path.parent.name for path in EXPERIMENTS])
def test_every_experiment_can_be_planned(params, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", sys.path[:])
    with graph_of("Snakefile", params) as graph:
        made = {output for job in graph.jobs for output in job.output}
    assert f"results/{graph.config['experiment']}/report.md" in made
    assert graph.config["experiment"] == params.parent.name


def test_every_key_of_params_is_taken_by_a_rule(checkout):
    """No number stands there for show."""
    params = yaml.safe_load((checkout.root / "params.yaml").read_text())
    places = [checkout.root / "Snakefile", *checkout.root.glob("rules/*.smk"), *checkout.root.glob("lib/graph/*.py")]
    places += [*checkout.root.glob("lib/papers/*/layout.py"), *checkout.root.glob("lib/reward_models/**/*.py")]
    code = "".join(path.read_text() for path in places)
    for section, keys in params.items():
        if section == "rewards" or f'"{section}",' in code:
            continue
        for key in keys if isinstance(keys, dict) else []:
            assert f'"{section}.{key}"' in code or f"'{section}.{key}'" in code, f"{section}.{key} is used by no rule"
