"""The worked examples of docs/extending.md, run as they stand there."""

import copy
import json
import re
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from lib.evaluation.points import Point
from lib.merging import merge_named
from lib.models.merges_on_disk import write_merge
from lib.models.weights import set_weights, weights_of
from lib.papers.register import PAPERS
from tests.checkout import ROOT, Checkout, lay_over
from tests.test_adapters import IDS, base, full, policies, same  # noqa: F401 (fixtures)
from tests.test_combinations import both_kinds  # noqa: F401 (a fixture)

DOCUMENT = ROOT / "docs/extending.md"
FILE = re.compile(r"# (\S+\.(?:py|smk|yaml))\n")


def example(heading: str) -> dict[str, str]:
    """The files of a section's example: each block whose first line names its file, by that name."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)[1]
    blocks = re.findall(r"^```\w+\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return {FILE.match(block)[1]: block.partition("\n")[2] for block in blocks if FILE.match(block)}


def write(checkout: Checkout, files: dict[str, str]) -> None:
    """Adds the files, and lays what is for params.yaml over what stands there."""
    for name, content in files.items():
        path = checkout.root / name
        if name == "params.yaml":
            params = yaml.safe_load(path.read_text())
            lay_over(params, yaml.safe_load(content))
            content = yaml.safe_dump(params, sort_keys=False)
        else:
            assert not path.exists(), f"{name} is there already"
            path.parent.mkdir(exist_ok=True)
        path.write_text(content)


def replace(file: Path, old: str, new: str) -> None:
    """Edits what the section says is to be edited by hand."""
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.long
def test_a_fifth_paper(copy_of_finished):
    """It adds at most ten files and edits none but the list of papers."""
    files = example("A paper")
    assert len(files) - 1 <= 10
    write(copy_of_finished, files)
    replace(copy_of_finished.root / "lib/papers/register.py", f'"{PAPERS[-1]}"]', f'"{PAPERS[-1]}", "wise_ft"]')
    made = copy_of_finished.would_make()
    assert made.keys() == {"wise_ft_scores", "wise_ft_claims", "wise_ft_figures", "claims", "report", "page"}
    copy_of_finished.snakemake()
    results = copy_of_finished.root / "results/smoke"
    report = (results / "report.md").read_text()
    assert report.index("\n## Reward ensembles") < report.index("\n## WiSE-FT")
    assert (results / "wise_ft/figures/chord.png").stat().st_size > 0
    assert "| WISE-1" in report
    assert '"wise ft"' in (results / "metrics.json").read_text()
    copy_of_finished.dvc_graph("write")
    pipeline = yaml.safe_load((copy_of_finished.root / "dvc.yaml").read_text())
    assert "wise_ft.weights" in pipeline["stages"]["wise_ft_claims"]["params"]
    assert {"results/smoke/wise_ft/figures/chord.png": None} in pipeline["plots"]


def test_a_mistake_in_the_section_of_a_fifth_paper_is_named(copy_of_finished):
    write(copy_of_finished, example("A paper"))
    replace(copy_of_finished.root / "lib/papers/register.py", f'"{PAPERS[-1]}"]', f'"{PAPERS[-1]}", "wise_ft"]')
    for change, said in (
        ({"wise_ft.reward": "kindness"}, "params.yaml: wise_ft.reward: 'kindness' is not one of the rewards"),
        ({"wise_ft.weight": [0, 1]}, "params.yaml: wise_ft.weight: there is no such key here; did you mean weights?"),
    ):
        copy_of_finished.edit_params(change)
        assert said in copy_of_finished.snakemake("-n", fails=True)


@pytest.mark.long
def test_another_kind_of_reward(copy_of_finished):
    """A policy is trained on it, and its file is an input of the training."""
    write(copy_of_finished, example("A reward"))
    table = copy_of_finished.root / "lib/reward_models/kinds/table.py"
    replace(table, "Function(), Classifier()]\nGOLD", "Function(), Classifier(), Words()]\nGOLD")
    replace(
        table,
        "from typing import Any\n\n",
        "from typing import Any\n\nfrom lib.reward_models.kinds.words import Words\n",
    )
    model = "results/smoke/policy/warm/seed-1"
    said = copy_of_finished.snakemake("-n", "--", model, fails=True)
    assert "params.yaml: rewards.warm.words: there is no warm_words.txt" in said
    (copy_of_finished.root / "warm_words.txt").write_text("good\nwarm\n")
    copy_of_finished.snakemake("--", model)
    assert copy_of_finished.would_make("--", model) == {}
    (copy_of_finished.root / "warm_words.txt").write_text("good\nwarm\nsunny\n")
    assert copy_of_finished.would_make("--", model).keys() == {"policy"}


def test_another_merge(copy_of_finished, tmp_path, base, policies, both_kinds, monkeypatch):  # noqa: F811
    """By its name on disk, of LoRA policies, and in scoring, with its one file and no other edited."""
    write(copy_of_finished, example("A merge"))
    monkeypatch.syspath_prepend(copy_of_finished.root)
    name, weights = "my_merges:median", [0.2, 0.3, 0.5]
    of_one_seed = [f"results/smoke/policy/{reward}/seed-1" for reward in ("positivity", "editorial", "brevity")]
    inputs = ["--start", "results/smoke/sft/1", "--policies", *of_one_seed]
    told = json.dumps({"merge": name, "weights": weights})
    copy_of_finished.run("python", "-m", "scripts.merge", *inputs, "--model", "median", "--settings", told)
    models = [load_file(copy_of_finished.root / path / "model.safetensors") for path in of_one_seed]
    for tensor, found in load_file(copy_of_finished.root / "median/model.safetensors").items():
        expected = torch.stack([model[tensor] for model in models]).median(0).values
        assert torch.allclose(found, expected, atol=1e-6)
    assert "the median of the policies" in (copy_of_finished.root / "median/README.md").read_text()

    write_merge(merge_named(name), policies[0], policies, [1 / 3] * 3, tmp_path / "median")
    middle = {
        key: torch.stack([full(folder, base)[key] for folder in policies]).median(0).values for key in weights_of(base)
    }
    assert same(weights_of(type(base).from_pretrained(tmp_path / "median")), middle)

    point = Point(name, (0.2, 0.3, 0.5), None)
    lora, whole = (list(kind.combinations([point])) for kind in both_kinds)
    for [(_, combined, _)] in (lora, whole):
        with combined.alone(0) as ([model], _):
            plain = copy.deepcopy(base)
            set_weights(plain, middle)
            assert torch.allclose(model(IDS).logits, plain(IDS).logits, atol=1e-4)
