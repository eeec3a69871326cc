"""The house: which room of lib may import which, and what no module may do."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from itertools import takewhile
from pathlib import Path

import pytest

from lib.graph.jobs import graph_of
from lib.graph.stages import DEFAULT_PARAMS
from tests.checkout import ROOT, Checkout
from tests.test_edits import working_in

FLOORS = {  # a room, and the rooms that it imports from; each is below it
    "merges": set(),
    "merging": {"merges"},
    "machine": set(),
    "statistics": set(),
    "rewards": set(),
    "models": {"merges", "machine"},
    "jobs": {"machine"},
    "data": {"models"},
    "examples": {"data"},
    "training": {"merges", "machine", "jobs"},
    "reward_models": {"merges", "machine", "statistics", "models", "jobs", "data", "training"},
    "policies": {"merges", "machine", "models", "training", "reward_models"},
    "evaluation": {"merges", "merging", "machine", "models", "reward_models", "policies"},
    "control": {"merges", "models", "jobs", "reward_models"},
    "serving": {"machine", "models", "data", "reward_models", "policies", "evaluation"},
    "reporting": {"statistics"},
    "graph": {"machine", "models", "data", "reward_models"},
    "papers": {"merges", "statistics", "reward_models", "reporting", "graph"},
}
HEAVY = {"torch", "pandas", "transformers", "peft", "trl", "sklearn", "matplotlib", "datasets"}
SCRIPTS = {"policy": "policy", "rewarded_soups_scores": "evaluate", "report": "report", "page": "page"}  # of some rules
REASON = "Longer than"  # how a head begins to say why something is long
MODULES = [path for path in sorted(ROOT.glob("lib/**/*.py")) if path.name != "__init__.py"]
PACKAGES = sorted([*ROOT.glob("lib/**/__init__.py")])


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports(path: Path) -> set[str]:
    """The modules of lib that a module imports, at its top or in a function."""
    known, found = {module_name(module) for module in MODULES}, set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: an import by a relative name, which the graph does not see"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & known


def room(module: str) -> str:
    return module.split(".")[1]


def test_every_arrow_goes_down():
    below = set()
    for name, others in FLOORS.items():
        assert others <= below, name
        below.add(name)
    arrows = {(room(module_name(path)), room(other)) for path in MODULES for other in imports(path)}
    assert {(of, to) for of, to in arrows if of != to} <= {(of, to) for of, others in FLOORS.items() for to in others}


def test_no_modules_import_each_other_in_a_circle():
    TopologicalSorter({module_name(path): imports(path) for path in MODULES}).prepare()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_package_holds_a_docstring_alone(package):
    """What a job depends on is found by reading imports, which name modules."""
    [only] = ast.parse(package.read_text()).body
    assert isinstance(only.value.value, str)


def test_the_graph_remembers_nothing_from_one_checkout_to_the_next():
    """Several are read by one process."""
    for path in ROOT.glob("lib/graph/*.py"):
        for node in ast.parse(path.read_text()).body:
            for decorator in getattr(node, "decorator_list", []):
                assert "cache" not in ast.unparse(decorator), f"{path}: {node.name}"


def imported_by(statement: str) -> list[str]:
    """The modules that Python has loaded after a statement, with the files of those that are of this repository."""
    told = "import sys; print(*(f'{name}={module.__file__}' for name, module in sys.modules.items() if "
    told += "getattr(module, '__file__', None)), sep='\\n')"
    command = [sys.executable, "-c", f"{statement}\n{told}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def test_rules_are_read_without_heavy_libraries():
    text = "\n".join(path.read_text() for path in sorted(ROOT.glob("rules/*.smk")))
    modules = sorted(set(re.findall(r"^(?:from|import) (lib\.[\w.]+)", text, re.MULTILINE)))
    assert modules
    loaded = {line.partition("=")[0] for line in imported_by(f"import {', '.join(modules)}")}
    assert set(modules) <= loaded
    assert not HEAVY & loaded


@pytest.fixture(scope="module")
def inputs() -> dict[str, set[str]]:
    """The modules that the first job of each rule depends on."""
    with working_in(Checkout(ROOT)), graph_of("Snakefile", DEFAULT_PARAMS) as graph:
        return {job.rule.name: {path for path in job.input if path.endswith(".py")} for job in reversed(graph.jobs)}


@pytest.mark.parametrize(("rule", "script"), SCRIPTS.items())
def test_a_job_depends_on_every_module_that_it_loads(inputs, rule, script):
    loaded = imported_by(f"import scripts.{script}")
    files = {Path(line.partition("=")[2]) for line in loaded if line.startswith(("lib.", "scripts."))}
    ours = {str(file.relative_to(ROOT)) for file in files if file.name != "__init__.py"}
    assert f"scripts/{script}.py" in ours
    assert ours <= inputs[rule]


def functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def test_modules_and_functions_are_short_or_say_why_not():
    long = []
    for path in MODULES:
        lines = path.read_text().splitlines()
        tree = ast.parse("\n".join(lines))
        head = next(node.lineno for node in tree.body[1:])
        if len(lines) > 150 and REASON not in "\n".join(lines[:head]):
            long.append(f"{module_name(path)} has {len(lines)} lines")
        for function in functions(tree):
            length, own = function.end_lineno - function.lineno + 1, lines[function.lineno - 1 : function.end_lineno]
            if length > 30 and REASON not in "\n".join(own):
                long.append(f"{module_name(path)}.{function.name} has {length} lines")
    assert long == []


def test_rules_are_short_or_say_why_not_and_leave_python_to_lib():
    long = []
    for path in sorted(ROOT.glob("rules/*.smk")):
        lines = path.read_text().splitlines()
        limit = 60 if path.name == "common.smk" else 150
        head = "\n".join(takewhile(lambda line: not line or line.startswith("#"), lines))
        if len(lines) > limit and REASON not in head:
            long.append(f"{path.name} has {len(lines)} lines")
        for number, line in enumerate(lines):
            body = takewhile(lambda line: line.startswith(" "), lines[number + 1 :])
            if re.match("def |class ", line) and (length := len(list(body))) > 6:
                long.append(f"{path.name}: {line} {length} lines")
    assert long == []
