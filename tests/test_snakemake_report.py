"""`make report`: Snakemake's own report, with the page, and every figure and table with its caption."""

import re
import zipfile
from pathlib import Path

import pytest

from lib.papers.shown import category, figure_label, owner
from tests.checkout import ROOT, SMOKED

CAPTIONS = ROOT / "rules/captions"


@pytest.fixture(scope="module")
def report(finished, tmp_path_factory) -> tuple[set[str], str]:
    """The files in the report, and its page."""
    file = tmp_path_factory.mktemp("report") / "report.zip"
    finished.snakemake("--report", str(file))
    with zipfile.ZipFile(file) as archive:
        names = {Path(name).name for name in archive.namelist()}
        return names, archive.read("report/report.html").decode()


def test_it_has_the_page_and_every_figure_and_table(report, finished):
    names, _ = report
    results = finished.root / "results/smoke"
    figures = {path.name for path in results.glob("*/figures/*.png")} | {
        path.name for path in results.glob("*/main/figures/*.png")
    }
    assert len(figures) > 10 and figures <= names
    assert {
        "front.html",
        "report.md",
        "claims.csv",
        "front.csv",
        "plane.csv",
        "comparisons.csv",
        "proxies.csv",
    } <= names


def test_results_stand_under_their_paper_with_words_in_place_of_file_names(report):
    _, page = report
    for name in ("All papers", *map(category, SMOKED), "figure: win rates", "table: equal kl", "page: front"):
        assert f'"{name}"' in page


def test_each_figure_has_a_caption(finished):
    """One that is missing would be empty in the report."""
    for folder in (*finished.root.glob("results/smoke/*/figures"), *finished.root.glob("results/smoke/*/main/figures")):
        paper = owner(str(folder.relative_to(finished.root)))
        said = re.findall(r'^"(\w+)": "', (CAPTIONS / paper / "figures.rst").read_text(), re.MULTILINE)
        assert {path.stem for path in folder.glob("*.png")} <= set(said), folder


def test_labels_and_categories():
    class Wildcards:
        figure = "win_rates"

    assert figure_label(Wildcards) == {"result": "figure: win rates"}
    assert owner("results/smoke/warp/plane.csv") == "warp" and owner("results/smoke/claims.csv") == "all"
    assert category("reward_ensembles") == "Scalable Ensembling"
