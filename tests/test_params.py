"""What is wrong in params.yaml ends in one clear line before anything runs."""

import sys

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

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
NO_LABELS = OWN | {"labels": [], "left_out": None}
FUNCTIONS = {  # in place of the labels that such data have not
    "rewards.positivity": {"function": "lib.rewards:grounded"},
    "rewards.editorial": {"function": "lib.rewards:grounded"},
    "gold": {"function": "lib.rewards:grounded"},
}
LORA = {"rank": 2, "alpha": 2, "modules": ["q_proj", "k_proj"]}
MAP = {"weights": [0, 0.5, 1], "preferences": [0.5]}
ONE = {"ensemble": "single", "beta": 0}
WRONG = [
    ({"policy.stepz": 3}, "policy.stepz", "did you mean steps?"),
    ({"nonsense": 3}, "nonsense", "there is no such key here"),
    ({"data.nested": {"deep": 1}}, "data.nested", "there is no such key here"),
    ({"policy.steps": "many"}, "policy.steps", "'many' is not of type 'integer'"),
    ({"policy.learning_rate": "1e-4"}, "policy.learning_rate", "1e-4 is text in YAML: write 1.0e-4"),
    ({"policy.beta": "5E3"}, "policy.beta", "write 5.0e+3"),
    ({"policy.steps": "2e3"}, "policy.steps", "2e3 is text in YAML: write 2000"),
    ({"policy.steps": "30"}, "policy.steps", "write 30 without quotes"),
    ({"policy.ppo": None, "policy.pppo": {}}, "policy.pppo", "did you mean ppo?"),
    ({"evaluation": None}, "evaluation", "it is missing"),
    ({"rewards.mine": {"clasifier": "models/mine"}}, "rewards.mine", "did you mean classifier?"),
    ({"rewarded_soups.weights": [0, 0.5, 1.2, 1]}, "rewarded_soups.weights.2", "1.2"),
    ({"rewarded_soups.rewards": ["positivity", "kindness"]}, "rewarded_soups.rewards", "'kindness'"),
    ({"rewarded_soups.extrapolated": [0.5]}, "rewarded_soups.extrapolated.0", "0.5"),
    ({"rewarded_soups.merges": ["median"]}, "rewarded_soups.merges.0", "'median'"),
    ({"rewarded_soups.preferences": [0.5]}, "rewarded_soups.bone_soups.beta", "it needs 0.75 and 0.25 among"),
    ({"rewards.positivity.label": "stars"}, "rewards.positivity.label", "stars"),
    ({"rewards.mine": {"function": "no colon"}}, "rewards.mine.function", "no colon"),
    ({"rewards.mine": {"function": "lib.rewards:no_such_reward"}}, "rewards.mine.function", "no_such_reward"),
    ({"rewards.mine": {"function": "no_such_module:f"}}, "rewards.mine.function", "no_such_module"),
    ({"rewards.mine": {"function": "no.such:f"}}, "rewards.mine.function", "no.such"),
    ({"rewards.mine": {"label": {"movie": 1, "tweet": 1}}}, "rewards.mine.label", "same number"),
    ({"rewards.editorial.label": {"editorial": 1, "twet": 0}}, "rewards.editorial.label", "'twet' is not one of the"),
    ({"gold.label": {"movies": 1, "tweet": 0}}, "gold.label", "'movies' is not one of the domains (movie, product"),
    ({"rewards.mine": {"labels": "rating"}}, "rewards.mine", "did you mean label?"),
    ({"rewards.kl": {"label": "rating"}}, "rewards.kl", "no column of the scores"),
    ({"compatibility": MAP | {"pairs": [["positivity", "kindness"]]}}, "compatibility.pairs.0", "'kindness'"),
    ({"compatibility": MAP | {"pairs": [["editorial", "editorial"]]}}, "compatibility.pairs.0", "non-unique"),
    ({"compatibility": MAP | {"pairs": [["editorial"]]}}, "compatibility.pairs.0", "1 entries are too few"),
    ({"warp.reward": "kindness"}, "warp.reward", "'kindness'"),
    ({"warp.reward": "positivity=0.5+editorial=0.5"}, "warp.reward", "'editorial=0.5+positivity=0.5'"),
    ({"warp.policies": [1]}, "warp.policies", "[1]"),
    ({"salsa.reward": "kindness"}, "salsa.reward", "'kindness'"),
    ({"salsa.pairs": [[{"alpha": 2, "beta": 0.1}, {"alpha": 1, "beta": 0.1}]]}, "salsa.pairs.0.0.alpha", "2"),
    ({"salsa.more_pairs": [[{"alpha": 1, "beta": 0.1}]]}, "salsa.more_pairs.0", "1 entries are too few"),
    (
        {"salsa.pairs": [[{"alpha": 1, "beta": 0.1, "start": "soup"}, {"alpha": 1, "beta": 0.1}]]},
        "salsa.pairs.0",
        "both are the policy α=1 β=0.1",
    ),
    ({"rewards.mine": {"ensemble": "trees"}}, "rewards.mine.ensemble", "trees"),
    ({"rewards.mine": {"ensemble": "heads", "members": 9}}, "rewards.mine.members", "9"),
    ({"rewards.mine": {"ensemble": "single", "members": 2}}, "rewards.mine.members", "a single model has no members"),
    ({"reward_ensembles.flipped": 0.7}, "reward_ensembles.flipped", "0.7"),
    ({"reward_ensembles.best_of": 5}, "reward_ensembles.best_of", "half of reward_ensembles.samples_per_prompt"),
    ({"policy.warmup_steps": 0.5}, "policy.warmup_steps", "0.5 is not of type 'integer'"),
    ({"sft.clip_norm": -1}, "sft.clip_norm", "-1 is less than the minimum of 0"),
    ({"rewards.words": {"label": "rating"}}, "rewards.words", "cannot stand here"),
    ({"reward_ensembles.policies": [{"ensemble": "heads", "beta": 0}]}, "reward_ensembles.policies", "single"),
    ({"reward_ensembles.tau": None}, "reward_ensembles.tau", "soft_min needs it"),
    ({"rewards.mine": {"ensemble": "heads", "aggregate": "soft_min"}}, "rewards.mine.aggregate", "soft_min"),
    (
        {"reward_ensembles.policies": [ONE, {"ensemble": "warm", "aggregate": "mean", "beta": 0}]},
        "reward_ensembles.policies.1.aggregate",
        "an average has one output",
    ),
    ({"policy.parts": 3}, "policy.parts", "a batch of 4"),
    ({"sft.parts": 5}, "sft.parts", "a batch of 32"),
    ({"gold.label": "stars"}, "gold.label", "stars"),
    ({"gold": {"function": "lib.rewards:no_such_judge"}}, "gold.function", "no_such_judge"),
    ({"data": OWN | {"left_out": None}}, "rewards.editorial.label", "data.labels"),
    ({"data": OWN, "rewards.editorial": {"function": "lib.rewards:grounded"}}, "data.left_out", "data.labels"),
    ({"data": NO_LABELS | {"source": "none.jsonl"}} | FUNCTIONS, "data.source", "there is no none.jsonl"),
    (
        {"data": NO_LABELS | {"rows": {"function": "lib.examples:messags"}}} | FUNCTIONS,
        "data.rows.function",
        "messages",
    ),
    (
        {"data": NO_LABELS | {"rows": {"function": "lib.examples:messages", "arguments": {"colum": "q"}}}} | FUNCTIONS,
        "data.rows.arguments",
        "messages(row, column, prompt, longest): missing a required argument: 'column'",
    ),
    ({"rewards.mine": {"function": "own:f"}}, "rewards.mine.function", "own.py, line 2: closing parenthesis"),
    ({"rewards.mine": {"function": "needs:f"}}, "rewards.mine.function", "needs.py imports no_such_package, which is"),
    (
        {"rewards.brevity.arguments": {"word": 3}},
        "rewards.brevity.arguments",
        "lib.rewards:brevity(prompts, completions, words): missing a required argument: 'words'",
    ),
    (
        {"lora": {"rank": 2, "alpha": 2, "modules": ["query"]}, "warp.averages": []},
        "lora.modules",
        "query; it has down_",
    ),
    ({"policy.algorithm": "dpo"}, "policy.algorithm", "'dpo'"),
    ({"data.left_out": "news"}, "data.left_out", "'news'"),
    ({"rewards.gold": {"label": "rating"}}, "rewards.gold", "cannot stand here"),
    ({"base.heads": 3}, "base.heads", "3"),
    ({"base": {"source": "models/mine"}}, "base.parameters", "it is missing"),
    ({"base": {"source": "models/none", "parameters": 1.0e9}}, "base.source", "there is no directory models/none"),
    ({"base": {"source": "models", "parameters": 1.0e9}}, "base.source", "models holds no config.json"),
    ({"base": {"source": "models/pickled", "parameters": 1.0e9}}, "base.source", "holds no *.safetensors"),
    (
        {"base": {"source": "models/positions", "parameters": 1.0e9}},
        "base.source",
        "models/positions learns a vector per position; take a model with rotary positions",
    ),
    (
        {"base": {"source": "models/mine", "parameters": 1.0e9}, "lora": LORA, "warp.averages": []},
        "lora.modules",
        "the model has no module k_proj; it has c_attn, q_proj",
    ),
    (
        {"rewards.mine": {"classifier": "models/mine", "weights": [1], "inputs": "chat"}},
        "rewards.mine.weights",
        "models/mine has 3 outputs, so that there have to be 3 weights, not 1",
    ),
    (
        {"gold": {"classifier": "models/x", "weights": [1], "inputs": "chat"}},
        "gold.classifier",
        "no directory models/x",
    ),
    ({"base": {"source": "hub:org/model", "parameters": 1.0e9}}, "base.revision", "it is missing"),
    ({"base": {"source": "hub:org/model", "parameters": 1.0e9, "revision": "main"}}, "base.revision", "'main'"),
    ({"base": {"source": "wheel:package==1.0", "parameters": 1.0e9, "sha256": "0" * 64}}, "base.file", "it is missing"),
    ({"lora": {"rank": 4}}, "lora", "keys are missing: alpha, modules"),
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
    (
        {"rewards.mine": {"classifier": "hub:org/model", "weights": [1], "inputs": "chat"}},
        "rewards.mine.revision",
        "it is missing",
    ),
    ({"rewards.mine": {"classifier": "models/mine", "weights": [1]}}, "rewards.mine.inputs", "it is missing"),
    ({"gold": {"classifier": "models/mine", "weights": [], "inputs": "chat"}}, "gold.weights", "0 entries are too few"),
    (
        {"data": {"source": "rows.jsonl", "rows": {"function": "lib.examples:messages"}}},
        "data",
        "missing: split, labels",
    ),
    (
        {"base": {"source": "models/mine", "parameters": 1.0e9, "revision": "0" * 40}},
        "base.revision",
        "there is no such key here",
    ),
]


EXPERIMENTS = sorted(path.relative_to(ROOT) for path in ROOT.glob("experiments/*/params.yaml"))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """With files of a user's: data, functions that cannot be imported, and what a mistake may take for a model."""
    checkout = Checkout.at(tmp_path_factory.mktemp("params") / "repository")
    root = checkout.root
    (root / "rows.jsonl").write_text('{"q": "why"}\n')
    (root / "own.py").write_text("def f(prompts, completions):\n    return [len(c for c in completions]\n")
    (root / "needs.py").write_text("import no_such_package\n\n\ndef f(prompts, completions):\n    return []\n")
    for name in ("mine", "pickled", "positions"):
        (root / "models" / name).mkdir(parents=True)
        (root / "models" / name / "config.json").write_text('{"id2label": {"0": "a", "1": "b", "2": "c"}}')
    tensors = {f"layers.0.{name}.weight": np.zeros((2, 2)) for name in ("c_attn", "q_proj")}
    save_file(tensors | {"layers.0.norm.weight": np.zeros(2)}, root / "models/mine/model.safetensors")
    save_file({"transformer.wpe.weight": np.zeros((8, 2))}, root / "models/positions/model.safetensors")
    return checkout


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
    assert len([line for line in lines if line.startswith("params.yaml: policy.stepz:")]) == 1


def test_mistakes_are_told_all_at_once_and_not_what_follows_from_them(edited):
    edited.edit_params({"policy.stepz": 3, "policy.steps": None, "sft.clip_norm": -1, "policy.beta": "1e-2"})
    told = edited.snakemake("-n", fails=True).splitlines()
    assert [line for line in told if line.startswith("params.yaml:")] == [
        "params.yaml: policy.stepz: there is no such key here; did you mean steps?",
        "params.yaml: policy.beta: 1e-2 is text in YAML: write 1.0e-2",
        "params.yaml: sft.clip_norm: -1 is less than the minimum of 0",
    ]
    edited.edit_params({"policy.stepz": None, "policy.steps": 4, "policy.beta": 0.1, "sft.clip_norm": 1})
    edited.edit_params({"policy.parts": 3, "warp.reward": "kindness"})
    told = edited.snakemake("-n", fails=True)
    assert "params.yaml: policy.parts: " in told and "params.yaml: warp.reward: " in told


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("policy:\n", "policy\n", "params.yaml, line {}: this is no YAML, while scanning a simple key"),
        ("experiment: smoke", "experiment: 'smoke", "params.yaml, line {}: this is no YAML, while scanning a quoted"),
        (
            "experiment: smoke",
            "experiment:\tsmoke\n\tx: 1",
            "params.yaml, line {}: this is no YAML, while scanning for the next token found character",
        ),
        ("  brevity:\n", "  editorial:\n", "params.yaml, line {}: the key rewards.editorial stands in line"),
    ],
)
def test_a_file_that_is_no_yaml_and_a_key_given_twice_are_told_with_the_line(edited, right, wrong, message):
    file = edited.root / "params.yaml"
    text = file.read_text()
    file.write_text(text.replace(right, wrong))
    line = text[: text.index(right)].count("\n") + 1
    with pytest.raises(ValueError, match=message.format(line)), graph_of("Snakefile", DEFAULT_PARAMS):
        pass
    assert message.format(line) in edited.snakemake("-n", fails=True)


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
    places += [*checkout.root.glob("lib/papers/*/*.py"), *checkout.root.glob("lib/reward_models/**/*.py")]
    code = "".join(path.read_text() for path in places)
    for section, keys in params.items():
        if section == "rewards" or f'"{section}",' in code:
            continue
        for key in keys if isinstance(keys, dict) else []:
            assert f'"{section}.{key}"' in code or f"'{section}.{key}'" in code, f"{section}.{key} is used by no rule"
