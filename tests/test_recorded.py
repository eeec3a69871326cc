"""What is recorded in git of experiments, and the documents that are written from it."""

import json
import re

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from lib.papers.claims import claims_table
from lib.papers.evidence import Evidence
from lib.papers.recorded import MOST_BYTES, evidence_of, record
from lib.papers.register import claims_of
from lib.reporting.documents import BEGIN, END, between_marks, coverage_table, listed, provenance
from scripts.docs import recorded, write
from tests.checkout import ROOT, SMOKED


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The documents as the recorded experiments say them."""
    into = tmp_path_factory.mktemp("documents")
    write(ROOT, into)
    return into


@pytest.mark.parametrize("document", ["README.md", "docs/results.md"])
def test_documents_say_what_is_recorded(written, document):
    """Where they differ, `make docs` writes them anew."""
    assert (written / document).read_text() == (ROOT / document).read_text()


def without_pictures(page):
    """The bytes of a picture depend on the machine that draws it; test_figures_show_what_is_recorded looks at them."""
    return re.sub(r"data:image/png;base64,[\w+/=]+", "", page.read_text())


def test_the_page_shows_what_is_recorded(written):
    assert without_pictures(written / "docs/front.html") == without_pictures(ROOT / "docs/front.html")
    assert (ROOT / "docs/front.html").stat().st_size < 1_500_000


def test_figures_show_what_is_recorded(written):
    drawn = sorted((written / "docs/figures").iterdir())  # not page_*.png, which a browser makes
    assert drawn
    for figure in drawn:
        ours, theirs = (matplotlib.image.imread(path) for path in (figure, ROOT / "docs/figures" / figure.name))
        assert ours.shape == theirs.shape, figure.name
        assert np.abs(ours - theirs).mean() < 0.002, figure.name


def test_what_is_recorded_is_small():
    for folder in (ROOT / "experiments").glob("*/recorded"):
        assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= MOST_BYTES


def test_every_part_says_where_it_is_from():
    parts = [part for of_paper in recorded(ROOT).values() for part in of_paper.values()]
    assert parts
    for part in parts:
        assert part.about.keys() == {"experiment", "commit", "seeds", "machine"}
        assert len(part.about["commit"]) == 40
        for paper in part.papers:
            assert Evidence.read(part.folder / paper).seeds == part.about["seeds"]


def test_every_claim_of_every_paper_is_judged():
    evidence = {paper: evidence_of(parts, paper) for paper, parts in recorded(ROOT).items()}
    assert list(evidence) == SMOKED
    table = claims_table({paper: claims_of(paper) for paper in SMOKED}, evidence)
    names = list(table.loc[table["primary"], "claim"])
    letters = {"RS": 5, "MOD": 1, "BS": 1, "W": 7, "S": 5, "E": 5}
    assert names == [f"{letter}-{number}" for letter, count in letters.items() for number in range(1, count + 1)]
    assert set(table.loc[table["primary"], "verdict"]) - {""}


def test_a_finished_experiment_is_recorded(finished, tmp_path):
    part = record(finished.root / "results/smoke", "smoke", "0" * 40, [1], tmp_path / "part")
    assert part.papers == sorted(SMOKED)
    assert json.loads((part.folder / "part.json").read_text())["seeds"] == [1]
    evidence = evidence_of({"part": part}, "warp")
    assert evidence.seeds == [1] and "training" in evidence.tables
    assert (part.folder / "shared/base.json").exists()
    assert not (tmp_path / "part.partial").exists()


def test_where_nothing_has_run_there_is_nothing_to_record(tmp_path):
    (tmp_path / "results/logs").mkdir(parents=True)
    with pytest.raises(ValueError, match="no evidence of any paper; run the experiment first"):
        record(tmp_path / "results", "none", "0" * 40, [1], tmp_path / "part")


def test_a_table_is_put_between_its_marks():
    assert between_marks(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\nnew\n{END}\nb"
    with pytest.raises(ValueError, match="no place"):
        between_marks("a", "new")


def test_parts_are_told_by_seeds_commits_and_machines():
    parts = {
        "one": {"seeds": [1, 2, 3], "commit": "a" * 40, "machine": "A"},
        "two": {"seeds": [7, 9], "commit": "b" * 40, "machine": "B"},
    }
    told = provenance("nano", parts, "`make`")
    assert "seeds 1 to 3 at commit aaaaaaa on A; seeds 7, 9 at commit bbbbbbb on B" in told
    assert listed([4]) == "seed 4"


def test_coverage_is_told_over_all_cases():
    table = pd.DataFrame({"case": ["a", "b"], "kind": "mean", "seeds": 2, "share": [0.94, 0.961]})
    assert "| mean | 94% to 96% |" in coverage_table(table)
