"""An edit of comments, docstrings and layout is recorded without a run; any other is not, and is named."""

import re
import shutil
from collections.abc import Callable

import pytest
import yaml

from lib.graph.jobs import graph_of
from lib.graph.restamp import same_meaning
from lib.graph.stages import DEFAULT_PARAMS
from scripts.dvc_graph import restamp
from tests.checkout import JOBS, Checkout
from tests.test_edits import CODE, agreed, working_in

MODULE = b'"""What it is."""\n\nx = ["a", "b"]\n\n\ndef f(y=1):\n    """What it does."""\n    return x, y\n'
SAME = {
    "a comment": (b"x = [", b"# why\nx = ["),
    "a docstring of the module": (b"What it is.", b"What else it is."),
    "a docstring of a function": (b'    """What it does."""\n', b""),
    "layout": (b'["a", "b"]', b"[\n    'a',\n    'b',\n]"),
}
OTHER = {
    "a value": (b"y=1", b"y=2"),
    "an order": (b'["a", "b"]', b'["b", "a"]'),
    "a string that is no docstring": (b'"a"', b'"A"'),
    "a line": (b"    return", b"    y += 1\n    return"),
}
FILE = "lib/merges/linear.py"


@pytest.mark.parametrize("edit", SAME)
def test_words_and_layout_mean_nothing(edit):
    assert MODULE.replace(*SAME[edit]) != MODULE
    assert same_meaning(MODULE, MODULE.replace(*SAME[edit]))


@pytest.mark.parametrize("edit", OTHER)
def test_everything_else_means_something(edit):
    assert not same_meaning(MODULE, MODULE.replace(*OTHER[edit]))


@pytest.fixture
def restamped(capsys) -> Callable[[Checkout], str]:
    """Restamps a checkout, and tells what that said."""

    def run(checkout: Checkout) -> str:
        with working_in(checkout), graph_of("Snakefile", DEFAULT_PARAMS) as graph:
            restamp(graph)
        return capsys.readouterr().out

    return run


def edit_words(checkout: Checkout, file: str = FILE, words: str = "other words") -> None:
    """Another docstring, a comment and an empty line."""
    path = checkout.root / file
    _, text = path.read_text().split('"""\n', 1)
    path.write_text(f'"""{words}"""\n\n# a comment\n{text}')


def test_words_are_recorded_and_both_engines_are_content(copy_of_sealed, restamped):
    lock_file = copy_of_sealed.root / "dvc.lock"
    before, results = lock_file.read_text().splitlines(), copy_of_sealed.files()
    edit_words(copy_of_sealed)
    assert CODE[FILE] <= agreed(copy_of_sealed)
    said = restamped(copy_of_sealed)
    assert re.match(rf"(.*\n)?(\d+) recorded anew, 0 not, of {JOBS} jobs\n", said), said
    assert f"{JOBS} of {JOBS} jobs adopted, 0 not here, 0 stale" in said
    assert agreed(copy_of_sealed) == set()
    after = lock_file.read_text().splitlines()
    changed = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed and all(re.match(r" +(md5|size): ", before[i]) for i in changed)
    assert {before[i - 2 if "md5" in before[i] else i - 3] for i in changed} == {f"    - path: {FILE}"}
    assert copy_of_sealed.files() == results
    dry = copy_of_sealed.dvc("repro", "--dry", "--allow-missing")
    assert len(re.findall("Stage '(.*)' didn't change", dry)) == JOBS


@pytest.mark.long
def test_other_edits_are_refused_by_name_beside_words_that_are_not(copy_of_sealed, restamped):
    edit_words(copy_of_sealed)
    figures = copy_of_sealed.root / "lib/reporting/figures.py"
    figures.write_text(figures.read_text() + "\nDPI = 1\n")
    copy_of_sealed.edit_params({"evaluation.margin": 0.1})
    before = yaml.safe_load((copy_of_sealed.root / "dvc.lock").read_text())["stages"]
    said = restamped(copy_of_sealed)
    assert "not, lib/reporting/figures.py has changed in more than comments, docstrings and layout: rewarded_" in said
    assert re.search(r"^not, evaluation.margin was 0.05 and is 0.1: rewarded_soups_claims, ", said, re.MULTILINE)
    after = yaml.safe_load((copy_of_sealed.root / "dvc.lock").read_text())["stages"]
    assert after["soup"] != before["soup"]
    for stage in ("rewarded_soups_figures", "rewarded_soups_claims", "report"):
        assert after[stage] == before[stage]
    assert {"rewarded_soups_figures", "rewarded_soups_claims"} <= agreed(copy_of_sealed)


def test_nothing_else_is_hidden(copy_of_sealed, restamped):
    """Data, results and commands that changed together with words."""
    edit_words(copy_of_sealed, "scripts/report.py")
    (copy_of_sealed.root / "results/smoke/report.md").write_text("mine\n")
    edit_words(copy_of_sealed, "scripts/warp_figures.py")
    rules = copy_of_sealed.root / "rules/warp.smk"
    rules.write_text(rules.read_text().replace("-m scripts.warp_figures", "-B -m scripts.warp_figures"))
    before = (copy_of_sealed.root / "dvc.lock").read_text()
    said = restamped(copy_of_sealed)
    assert "0 recorded anew, 2 not" in said
    assert "not, results/smoke/report.md is not as it was recorded: report" in said
    assert re.search("^not, its command has changed: .*: warp_figures$", said, re.MULTILINE)
    assert (copy_of_sealed.root / "dvc.lock").read_text() == before


@pytest.mark.long
def test_words_are_compared_with_a_text_that_git_has(copy_of_sealed, restamped):
    edit_words(copy_of_sealed, "scripts/report.py")
    assert "1 recorded anew" in restamped(copy_of_sealed)
    edit_words(copy_of_sealed, "scripts/report.py", words="and others")
    assert "not, scripts/report.py has changed, and is in no commit as it was: report" in restamped(copy_of_sealed)
    (copy_of_sealed.root / "scripts/report.py").write_text("# nothing is left\n")
    assert "is in no commit" in restamped(copy_of_sealed)


@pytest.mark.long
def test_it_needs_no_results(copy_of_sealed, restamped, tmp_path):
    colleague = copy_of_sealed.clone(tmp_path / "colleague")
    edit_words(colleague)
    said = restamped(colleague)
    assert " recorded anew, 0 not" in said
    assert f"0 of {JOBS} jobs adopted, {JOBS} not here" in said
    shutil.copy(colleague.root / "dvc.lock", copy_of_sealed.root)
    edit_words(copy_of_sealed)
    copy_of_sealed.dvc_graph("adopt")
    assert agreed(copy_of_sealed) == set()


@pytest.mark.long
def test_the_run_cache_has_them(copy_of_sealed, restamped):
    edit_words(copy_of_sealed, "scripts/warp_claims.py")
    restamped(copy_of_sealed)
    (copy_of_sealed.root / "dvc.lock").unlink()
    output = copy_of_sealed.dvc("repro", "--single-item", "warp_claims")
    assert "Stage 'warp_claims' is cached - skipping run" in output
