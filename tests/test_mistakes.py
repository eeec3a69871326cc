"""What is said of mistakes, as docs/mistakes.md has it, row by row; and how a run that fails ends on the terminal."""

import copy
import json
import re

import pytest
import yaml

from lib.graph.experiment import Experiment
from lib.graph.yaml_mistakes import yaml_mistake
from lib.papers.register import problems
from lib.reward_models.loading import load
from scripts.examples import read_examples
from tests.checkout import ROOT, Checkout

TABLE = re.compile(r"^\| (.*?) \| `` (.*) `` \|$", re.MULTILINE)
SAID = dict(TABLE.findall((ROOT / "docs/mistakes.md").read_text()))  # by the words for a mistake

PARAMETERS = {  # the words for a mistake, and what it changes in params.yaml
    "a misspelt key": {"policy.temprature": 0.9},
    "a key that a section lacks": {"policy.beta": None},
    "`learning_rate: 5e-4`": {"policy.learning_rate": "5e-4"},
    "a number in quotes": {"policy.steps": "40"},
    "a value out of range": {"policy.temperature": 0},
    "a word that is not one of some": {"compute.precision": "float16"},
    "a branch in place of a commit": {
        "base": {"source": "hub:org/model", "parameters": 1e9, "revision": "main"},
    },
    "a reward of no kind": {"rewards.kind": {"clasifier": "models/kind", "weights": [1]}},
    "a reward that is not there": {"rewarded_soups.rewards": ["positivity", "kindness"]},
    "a batch that its parts do not divide": {"policy.parts": 3},
    "a path of data that is not there": {"data.source": "snippets.tar.gz"},
    "a path of a model that is not there": {"base": {"source": "models/mine", "parameters": 1e9}},
    "a module that is not there": {"rewards.calm": {"function": "calm:no_exclamation"}},
    "a function that is not there": {"rewards.brevity.function": "lib.rewards:brevty"},
    "an argument that the function does not take": {"rewards.brevity.arguments": {"word": 10}},
    "a LoRA module that the model has not": {
        "lora": {"rank": 4, "alpha": 8, "modules": ["query"]},
        "warp.averages": [],
    },
}
FILES = {  # the words for a mistake, and what replaces what in params.yaml
    "a colon that is missing": ("\npolicy: ", "\npolicy "),
    "a bracket that is not closed": ("\nseeds: [1, 2, 3]", "\nseeds: [1, 2, 3"),
    "two rewards of one name": ("\n  brevity:\n", "\n  editorial:\n"),
}
GOOD = [{"question": f"What is {i} + 2?", "answer": f"It is {i + 2}.", "stars": i} for i in range(40)]
LINES = "".join(json.dumps(row) + "\n" for row in GOOD)
TEMPLATE = {"prompt": "{question}", "completion": " {answer}"}
DATA = {  # the words for a mistake, the content of a file of JSON lines, and arguments of lib.examples:from_template
    "data that are not UTF-8": (LINES.encode() + b'{"question": "caf\xe9", "answer": ""}\n', TEMPLATE),
    "a JSON line that is cut off": (LINES.encode()[:-20], TEMPLATE),
    "a row that is no object": (LINES.encode() + b'["question", "answer"]\n', TEMPLATE),
    "an empty file": (b"\n", TEMPLATE),
    "a column that is not there": (LINES.encode(), TEMPLATE | {"completion": " {reply}"}),
    "a column that holds no text": (LINES.encode(), TEMPLATE | {"completion": " {stars}"}),
    "an empty prompt": (LINES.encode() + b'{"question": " ", "answer": "so", "stars": 1}\n', TEMPLATE),
    "rows that have one and the same prompt": (LINES.encode(), TEMPLATE | {"prompt": "Answer:"}),
}
REWARDS = {  # the words for a mistake, and the body of a function of prompts and completions
    "a reward that raises": "return [text.count('!') / len(text) for text in completions]",
    "a reward that returns nothing": "scores = [len(text) for text in completions]",
    "a reward that returns NaN": "return [float('nan') if not text else 1.0 for text in completions]",
    "a reward that returns too few numbers": "return [1.0]",
    "a reward that returns words": "return ['good' for text in completions]",
}


@pytest.fixture
def said_of_parameters():
    def said(changes):
        config = yaml.safe_load((ROOT / "params.yaml").read_text())
        for key, value in changes.items():
            *parents, last = key.split(".")
            section = config
            for parent in parents:
                section = section[parent]
            if value is None:
                del section[last]
            else:
                section[last] = copy.deepcopy(value)
        return [f"params.yaml: {key}: {problem}" for key, problem in problems(Experiment(config, ROOT, []))]

    return said


@pytest.fixture
def said_of_data(tmp_path, monkeypatch):
    def said(content, arguments):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "prompts.jsonl").write_bytes(content)
        paths = [tmp_path / name for name in ("snippets.jsonl", "snippets.json")]
        rows = {"function": "lib.examples:from_template", "arguments": arguments}
        common = {"revision": None, "name": None, "split": "train", "labels": [], "held_out": 0.1}
        source = "prompts.jsonl"
        with pytest.raises(ValueError) as raised:
            read_examples([(tmp_path / source).relative_to(tmp_path)], *paths, source=source, rows=rows, **common)
        return f"error: {raised.value}"

    return said


@pytest.fixture
def said_of_reward(tmp_path, monkeypatch):
    def said(body, module):
        (tmp_path / f"{module}.py").write_text(f"def score(prompts, completions):\n    {body}\n")
        monkeypatch.syspath_prepend(tmp_path)
        reward = load("calm", {"kind": "function", "function": f"{module}:score"})
        with pytest.raises(ValueError) as raised:
            reward(["The sea", "A day"], [" was calm!", ""])
        return f"error: {raised.value}".replace(module, "calm")

    return said


@pytest.mark.parametrize("words", PARAMETERS)
def test_a_mistake_in_the_parameters(words, said_of_parameters):
    assert said_of_parameters(PARAMETERS[words]) == [SAID[words]]


@pytest.mark.parametrize("words", FILES)
def test_a_mistake_in_the_file(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text().replace(*FILES[words]))
    said = yaml_mistake((tmp_path / "params.yaml").relative_to(tmp_path))
    assert re.sub(r"\d+", "N", said) == re.sub(r"\d+", "N", SAID[words])  # the lines move when the file is edited


@pytest.mark.parametrize("words", DATA)
def test_a_mistake_in_the_data(words, said_of_data):
    assert said_of_data(*DATA[words]) == SAID[words]


@pytest.mark.parametrize("words", REWARDS)
def test_a_mistake_in_a_reward(words, said_of_reward):
    module = f"calm_{list(REWARDS).index(words)}"  # a module is imported once
    assert said_of_reward(REWARDS[words], module) == SAID[words]


def test_no_row_of_the_document_is_left_unchecked():
    assert list(SAID) == [*PARAMETERS, *FILES, *DATA, *REWARDS]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """With two rewards of a user's, one of which the texts make fail."""
    checkout = Checkout.at(tmp_path_factory.mktemp("mistakes") / "repository")
    (checkout.root / "calm.py").write_text(
        "def share(prompts, completions):\n    return [text.count('!') / len(text) for text in completions]\n"
    )
    checkout.edit_params({"rewards.calm": {"function": "calm:share"}})
    return checkout


CALM = "results/smoke/checked/calm.txt"


def test_a_run_that_fails_ends_with_the_reason_and_the_log(checkout):
    told = checkout.snakemake("--", CALM, fails=True).splitlines()
    at = next(i for i, line in enumerate(told) if line.startswith("failed: "))
    failed, log, *rest = told[at:]
    assert failed.startswith(
        "failed: check_reward (reward=calm): error: rewards.calm: calm:share raises ZeroDivisionError: division by "
        "zero, calm.py:2: return [text.count('!') / len(text) for text in completions]; called with number 3 of 3: "
    )
    assert log == "log: results/smoke/logs/check_reward/calm.log"
    assert [line.partition(":")[0] for line in rest] == ["Complete log(s)"]
    assert not [line for line in told if "Traceback" in line or "Warning" in line or "RuleException" in line]
    complete = checkout.complete_log()
    assert "RuleException" in complete and "Error in rule check_reward" in complete


def test_of_an_error_that_nobody_foresaw_the_last_line_is_shown(checkout):
    script = checkout.root / "scripts/check_reward.py"
    script.write_text(script.read_text().replace("    table = ", "    {}['fault']\n    table = "))
    told = checkout.snakemake("--", CALM, fails=True)
    assert (
        "failed: check_reward (reward=calm): KeyError: 'fault' (not foreseen: the log has the whole traceback)" in told
    )
    assert "Traceback" not in told
    assert "Traceback" in (checkout.root / "results/smoke/logs/check_reward/calm.log").read_text()


def test_with_several_that_fail_the_reasons_are_repeated_at_the_end(checkout):
    rule = checkout.root / "rules/data.smk"
    rule.write_text(
        rule.read_text() + '\n\nrule slow:\n    output:\n        "results/slow",\n    shell:\n        "cat x"\n'
    )
    told = checkout.snakemake("--keep-going", "--", CALM, "results/slow", fails=True).splitlines()
    failed = [line for line in told if line.startswith("failed: ")]
    assert "failed: slow: it says nothing; its command returned non-zero exit status 1" in failed
    assert len(set(failed)) == 2
