"""A file of parameters that says only what differs: what it stands for, in Snakemake, in DVC and for people."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from lib.graph.extends import read
from lib.graph.full_parameters import lines, values_file
from lib.graph.jobs import graph_of
from lib.papers.register import PAPERS
from scripts.dvc_graph import status, write
from tests.checkout import ROOT, Checkout

MINE = Path("experiments/mine/params.yaml")
PIPELINE = "experiments/mine/dvc.yaml"
OWN = """\
extends: small
experiment: mine
papers: [rewarded_soups]

base:
  source: own/model
  parameters: 1.35e+8
data:
  source: own/prompts.jsonl
  rows:
    function: "lib.examples:from_template"
    arguments: {prompt: "{question}", completion: " {answer}"}
rewards:
  short: {function: "lib.rewards:brevity", arguments: {words: 40}}
  grounded: {function: "lib.rewards:grounded"}
gold: {function: "lib.rewards:grounded"}
rewarded_soups:
  rewards: [short, grounded]
"""
JUDGE = {"classifier": "own/judge", "weights": [1], "inputs": "chat"}
LAID = {
    "a value": ({"policy": {"steps": 9}}, "policy.steps", 9),
    "the values beside it": ({"policy": {"steps": 9}}, "policy.temperature", 1.0),
    "a value deeper down": ({"policy": {"ppo": {"clip": 0.1}}}, "policy.ppo", {"epochs": 4, "clip": 0.1}),
    "a list": ({"seeds": [7]}, "seeds", [7]),
    "null where it is a value": ({"lora": None}, "lora", None),
    "null for a paper": ({"warp": None}, "warp", KeyError),
    "null for a key of a paper": ({"rewarded_soups": {"extra": None}}, "rewarded_soups", {"weights": [0, 0.5, 1]}),
    "all rewards": ({"rewards": {"b": {"label": "stars"}}}, "rewards", {"b": {"label": "stars"}}),
    "a judge of another kind": ({"gold": JUDGE}, "gold", JUDGE),
    "a value of the judge": ({"gold": {"penalty": 3}}, "gold", {"label": "rating", "penalty": 3}),
    "other data": ({"data": {"source": "b"}}, "data", {"source": "b"}),
    "a value of the data": ({"data": {"held_out": 0.2}}, "data", {"source": "a", "held_out": 0.2}),
    "a given model": ({"base": {"source": "m"}}, "base", {"source": "m"}),
    "a layer more": ({"base": {"layers": 3}}, "base", {"layers": 3, "heads": 2}),
    "nothing of a section": ({"policy": {}}, "policy.steps", 4),
}
BELOW = {
    "experiment": "below",
    "seeds": [1, 2],
    "lora": {"rank": 2},
    "data": {"source": "a", "held_out": 0.1},
    "base": {"layers": 2, "heads": 2},
    "rewards": {"a": {"label": "rating"}},
    "gold": {"label": "rating", "penalty": 2},
    "policy": {"steps": 4, "temperature": 1.0, "ppo": {"epochs": 4, "clip": 0.2}},
    "rewarded_soups": {"weights": [0, 0.5, 1], "extra": 1},
    "warp": {"mu": 0.1},
}
WRONG = {
    "no such name": ("extends: smal", "extends: there is no 'smal'; did you mean small? there are default, 7b, nano"),
    "no name": ("extends: [small]", "extends: there is no ['small']; "),
    "no experiment": ("extends: small", "experiment: it has no name, and takes none from what it extends; add one"),
    "no such paper": (
        "extends: small\nexperiment: mine\npapers: [wrap]",
        "papers: 'wrap' is not one of rewarded_soups",
    ),
    "no list of papers": ("papers: warp", "papers: 'warp' is no list; write [rewarded_soups"),
    "a paper without a section": ("experiment: mine\npapers: [warp]", "papers: warp has no section here"),
}


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A folder with the scales, an experiment `below` and the default one, in which this process works."""
    shutil.copytree(ROOT / "experiments/scales", tmp_path / "experiments/scales")
    put(tmp_path / "experiments/below/params.yaml", yaml.safe_dump(BELOW))
    put(tmp_path / "params.yaml", yaml.safe_dump(BELOW | {"experiment": "default"}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("what", LAID)
def test_a_file_is_laid_over_what_it_extends(root, what):
    above, key, expected = LAID[what]
    put(MINE, yaml.safe_dump({"extends": "below", "experiment": "mine"} | above))
    found = read(MINE, root, PAPERS).config
    assert found["experiment"] == "mine" and "extends" not in found
    for part in key.split("."):
        if expected is KeyError:
            assert part not in found
            return
        found = found[part]
    assert found == expected


def test_a_model_from_scratch_takes_nothing_of_a_given_one(root):
    put(root / "experiments/given/params.yaml", "extends: below\nexperiment: given\nbase: {source: m, parameters: 9}\n")
    put(MINE, "extends: given\nexperiment: mine\nbase: {layers: 3}\n")
    assert read(MINE, root, PAPERS).config["base"] == {"layers": 3}


def test_the_nearest_file_of_a_chain_wins_and_each_value_is_told_with_its_file(root):
    middle = put(
        root / "experiments/middle/params.yaml", "extends: below\nexperiment: middle\npapers: [warp]\nseeds: [3]"
    )
    put(MINE, "extends: middle\nexperiment: mine\npolicy: {steps: 9}\n")
    resolved = read(MINE, root, PAPERS)
    assert (resolved.config["seeds"], resolved.config["policy"]["steps"]) == ([3], 9)
    assert "rewarded_soups" not in resolved.config and resolved.config["warp"] == {"mu": 0.1}
    assert resolved.files == [str(MINE), str(middle.relative_to(root)), "experiments/below/params.yaml"]
    told = list(lines(resolved.config, resolved.origins))
    assert yaml.safe_load("\n".join(told)) == resolved.config
    assert "  steps: 9  # experiments/mine/params.yaml" in told
    assert "seeds: [3]  # experiments/middle/params.yaml" in told
    assert "  mu: 0.1  # experiments/below/params.yaml" in told


def test_lines_for_people_are_the_same_parameters(monkeypatch):
    monkeypatch.chdir(ROOT)
    for params in [Path("params.yaml"), *Path("experiments").glob("*/params.yaml")]:
        resolved = read(params, ROOT, PAPERS)
        assert yaml.safe_load("\n".join(lines(resolved.config, resolved.origins))) == resolved.config


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_there_is_one_line(root, what):
    text, message = WRONG[what]
    put(MINE, text + "\n")
    with pytest.raises(ValueError, match=re.escape(f"{MINE}: {message}")) as raised:
        read(MINE, root, PAPERS)
    assert len(str(raised.value).splitlines()) == 1


def test_a_circle_is_named(root):
    other = put(root / "experiments/other/params.yaml", "extends: mine\nexperiment: other\n").relative_to(root)
    put(MINE, "extends: other\nexperiment: mine\n")
    with pytest.raises(ValueError, match=f"^{other}: extends: this is a circle: {MINE} → {other} → {MINE}"):
        read(MINE, root, PAPERS)


def test_an_extended_file_that_is_no_yaml_is_named_with_the_line(root):
    put(root / "experiments/scales/broken.yaml", "seeds: [1]\npolicy: {steps: 3\n")
    put(MINE, "extends: broken\nexperiment: mine\n")
    with pytest.raises(ValueError, match=r"^experiments/scales/broken\.yaml, line \d: this is no YAML"):
        read(MINE, root, PAPERS)


@pytest.fixture
def checkout(tmp_path, monkeypatch, llama) -> Checkout:
    """A checkout with the scales, in which this process works."""
    checkout = Checkout.at(tmp_path / "repository")
    shutil.copytree(ROOT / "experiments/scales", checkout.root / "experiments/scales")
    put(checkout.root / MINE, OWN)
    put(checkout.root / "own/prompts.jsonl", "{}")
    llama.save_pretrained(checkout.root / "own/model")
    monkeypatch.chdir(checkout.root)
    monkeypatch.setattr(sys, "path", sys.path[:])  # which the Snakefile adds to
    return checkout


@pytest.mark.parametrize("scale", ["nano", "small", "7b"])
def test_an_experiment_of_25_lines_plans(checkout, scale):
    """An own model, own prompts, two rewards and one paper."""
    assert len(OWN.splitlines()) <= 25
    MINE.write_text(OWN.replace("small", scale))
    with graph_of("Snakefile", MINE) as graph:
        made = {output for job in graph.jobs for output in job.output}
        rules = {job.rule.name for job in graph.jobs}
    assert "results/mine/rewarded_soups/figures" in made
    assert not {rule for rule in rules if rule.startswith(("warp", "salsa", "reward_ensembles"))}


def test_every_scale_has_what_its_papers_need(checkout):
    """All four sections, once the rewards are named."""
    papers = "warp: {reward: short}\nsalsa: {reward: grounded}\n"
    MINE.write_text(OWN.replace("papers: [rewarded_soups]\n", papers))
    for scale in ("nano", "small", "7b"):
        checkout.edit_params({"extends": scale}, MINE)
        with graph_of("Snakefile", MINE) as graph:
            assert {"warp_claims", "salsa_claims", "reward_ensembles_claims"} <= {job.rule.name for job in graph.jobs}


def test_snakemake_plans_it_with_overrides_of_the_command_line(checkout):
    said = checkout.snakemake("-n", "--configfile", str(MINE), "--config", "experiment=theirs")
    assert "results/theirs/policy/short/seed-1" in said
    put(Path("over.yaml"), "experiment: over\nrewarded_soups: {preferences: [0.25]}\n")
    said = checkout.snakemake("-n", "--configfile", str(MINE), "over.yaml")
    assert "results/over/policy/grounded=0.75+short=0.25/seed-1" in said


def test_a_mistake_is_told_with_the_file_where_it_stands(checkout):
    scale = Path("experiments/scales/small.yaml")
    scale.write_text(scale.read_text().replace("  steps: 60", "  steps: many"))
    said = checkout.snakemake("-n", "--configfile", str(MINE), fails=True)
    assert f"{scale}: policy.steps: 'many' is not of type 'integer'" in said.splitlines()
    MINE.write_text(OWN + "policy: {steps: some}\n")
    said = checkout.snakemake("-n", "--configfile", str(MINE), fails=True)
    assert f"{MINE}: policy.steps: 'some' is not of type 'integer'" in said.splitlines()


@pytest.fixture
def on_default(checkout) -> Checkout:
    """The checkout, with an experiment that extends the smoke experiment in its root, as a git repository."""
    MINE.write_text("extends: default\nexperiment: mine\npapers: [rewarded_soups]\n")
    checkout.run("git", "init", "--quiet")
    checkout.commit()
    return checkout


def ran(checkout: Checkout) -> list[str]:
    """The stages that `dvc repro` runs for the snippets."""
    return re.findall(r"Running stage '(?:.*:)?(\w+)'", checkout.dvc("repro", f"{PIPELINE}:snippets"))


@pytest.mark.long
def test_dvc_runs_what_depends_on_an_edit_of_either_file(on_default):
    with graph_of("Snakefile", MINE) as graph:
        write(graph)
    stages = yaml.safe_load(Path(PIPELINE).read_text())["stages"]
    assert stages["params"]["deps"] == [str(MINE), "params.yaml"]
    assert {file for stage in stages.values() for one in stage.get("params", []) for file in one} == {
        str(values_file(MINE))
    }
    shutil.rmtree("results")  # as in a fresh clone
    assert ran(on_default) == ["params", "fetch", "snippets"]
    assert ran(on_default) == []
    on_default.edit_params({"data.held_out": 0.15})  # of the extended file
    assert ran(on_default) == ["params", "snippets"]
    on_default.edit_params({"data.held_out": 0.25}, MINE)  # a key that the short file did not have
    assert ran(on_default) == ["params", "snippets"]
    on_default.edit_params({"data.held_out": 0.15})  # which the short file now says
    assert "snippets" not in ran(on_default)
    on_default.edit_params({"policy.steps": 5}, MINE)
    assert ran(on_default) == ["params"]


@pytest.mark.long
def test_seal_adopt_why_and_status_know_it(on_default, capsys):
    given = ["--params", str(MINE)]
    on_default.snakemake("--configfile", str(MINE), "--", "results/mine/data/snippets.jsonl")
    assert values_file(MINE).exists()  # Snakemake has written it
    on_default.commit()
    assert "2 recorded" in on_default.dvc_graph("seal", *given)
    lock = yaml.safe_load(Path(PIPELINE).with_suffix(".lock").read_text())["stages"]
    assert lock.keys() == {"params", "fetch", "snippets"}
    assert "0 recorded, 2 as they were" in on_default.dvc_graph("seal", *given)
    shutil.rmtree(".snakemake")
    values_file(MINE).unlink()  # it is in no cache: a colleague has none
    assert "2 of" in on_default.dvc_graph("adopt", *given)
    assert ran(on_default) == []
    on_default.edit_params({"data.held_out": 0.15})
    said = on_default.dvc_graph("why", "snippets", *given)
    assert "- data.held_out was 0.2 and is 0.15, in params.yaml\n" in said
    on_default.edit_params({"data.held_out": 0.25}, MINE)
    with graph_of("Snakefile", MINE) as graph:
        status(graph)
    assert f"- data.held_out was 0.2 and is 0.25, in {MINE}: snippets" in capsys.readouterr().out
