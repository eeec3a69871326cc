"""README and docs/: links, pictures, anchors, commands and paths that they name are there."""

import ast
import re
from collections.abc import Iterator

import pytest
import yaml

from lib.graph.checks import shape_problems
from lib.graph.experiment import Experiment
from lib.graph.extends import resolve
from lib.papers.register import PAPERS
from tests.checkout import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "experiments/README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/own_experiment.md").read_text(), re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FOLDERS = "lib|scripts|rules|tests|benchmarks|profiles|docs"

of_each = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def code(text: str) -> Iterator[str]:
    """What is set as code: blocks, and spans in a line."""
    yield from FENCED.findall(text)
    yield from INLINE.findall(FENCED.sub("", text))


def anchors(text: str) -> set[str]:
    """What a link can point to, as GitHub names headings."""
    headings = HEADING.findall(FENCED.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def named(text: str, pattern: str) -> set[str]:
    """What code names by a pattern with one group."""
    return {found for piece in code(text) for found in re.findall(pattern, piece, re.MULTILINE)}


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@of_each
def test_what_is_linked_is_there(document):
    linked = [link for link in LINK.findall(FENCED.sub("", document.read_text())) if "://" not in link]
    missing = []
    for link in linked:
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            missing.append(link)
    assert not missing


def test_readme_links_to_every_page():
    linked = {link.partition("#")[0] for link in LINK.findall((ROOT / "README.md").read_text())}
    assert {str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md")} <= linked


def test_every_picture_is_shown():
    shown = {link.rpartition("/")[2] for page in DOCUMENTS for link in LINK.findall(page.read_text())}
    assert {picture.name for picture in (ROOT / "docs/figures").iterdir()} <= shown


@of_each
def test_targets_of_make_are_there(document):
    rules = re.findall(r"^([\w.][\w. -]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    assert named(document.read_text(), r"^make ([a-z][\w.-]*)") <= targets


@of_each
def test_paths_are_there(document):
    """But for those that its own examples make."""
    text = document.read_text()
    paths = named(text, rf"(?<![\w/.-])((?:{FOLDERS})/[\w./-]*\w)") - made_in(text)
    assert [
        path for path in sorted(paths) if not re.search(r"\b[A-Z]+(\b|_)", path) and not (ROOT / path).exists()
    ] == []


def made_in(text: str) -> set[str]:
    """The files of a document's examples: the first line of a block names its own (tests/test_extending.py)."""
    return set(re.findall(r"^```\w+\n# (\S+/\S+)$", text, re.MULTILINE))


@of_each
def test_modules_that_are_run_are_there(document):
    text = document.read_text()
    modules = named(text, r"python -m ((?:scripts|benchmarks)\.[a-z_]+)")
    files = {module.replace(".", "/") + ".py" for module in modules} - made_in(text)
    assert [file for file in sorted(files) if not (ROOT / file).exists()] == []


@of_each
def test_functions_are_there(document):
    for function in named(document.read_text(), r"(lib\.[a-z_.]+:[a-z_]+)"):
        module, name = function.split(":")
        tree = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, function


@of_each
def test_keys_of_parameters_are_there(document):
    experiments = [ROOT / "params.yaml", *(ROOT / "experiments").glob("*/params.yaml")]
    experiments += (ROOT / "experiments/scales").glob("*.yaml")
    sections = {}
    for file in experiments:
        for name, section in yaml.safe_load(file.read_text()).items():
            if isinstance(section, dict) and name != "rewards":  # whose names are the reader's choice
                sections.setdefault(name, set()).update(section)
    keys = named(document.read_text(), rf"^((?:{'|'.join(sections)})\.[a-z_]+)(?=$|[.:])")
    assert [key for key in sorted(keys) if key.partition(".")[2] not in sections[key.partition(".")[0]]] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_parameters_are_accepted(example):
    config = yaml.safe_load((ROOT / "params.yaml").read_text())
    given = yaml.safe_load(example)
    if "extends" in given:
        config, given = resolve(given, ROOT, ["mine.yaml"], PAPERS).config, {}
    for name, section in given.items():
        config[name] = config[name] | section if name in ("rewards", "warp") else section
    schemas = {paper: ROOT / f"lib/papers/{paper}/schema.yaml" for paper in PAPERS}
    assert list(shape_problems(Experiment(config, ROOT, ["params.yaml"]), schemas)) == []
