"""Keep Snakemake and DVC in agreement on one graph, that of the Snakefile and an experiment's params.yaml.

write     dvc.yaml from the graph
check     fail if dvc.yaml is not what the graph says
seal      after `snakemake`: record in dvc.lock the results that are finished and current
adopt     after `dvc pull`, `checkout` or `repro`: tell Snakemake which results are current
status    how many jobs are as in dvc.lock, and by which key, file or command others differ
why       which key, file or command makes a result or a stage stale
restamp   after an edit of comments, docstrings or layout alone: record the code anew, and run nothing

dvc.yaml and dvc.lock are those beside the experiment's params.yaml. Results of the default experiment have to be those
of the present code. dvc.lock of another says at its head of which commit it is, and how the code differs from that
counts for nothing; keys, data and results do.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.lock import LockError
from snakemake.jobs import Job
from snakemake_interface_common.exceptions import WorkflowError

from lib.graph.changes import by_change
from lib.graph.full_parameters import write_values
from lib.graph.jobs import Graph, graph_of, name
from lib.graph.records import records
from lib.graph.restamp import obstacles
from lib.graph.stages import DEFAULT_PARAMS, PARAMS_STAGE, outdated, pipeline_file, render
from lib.graph.why import explain, located


def write(graph: Graph) -> None:
    """Writes dvc.yaml if it has to change, and the full parameters of an experiment that extends another."""
    write_values(graph.params, graph.resolved)
    text, pipeline = render(graph), pipeline_file(graph.params)
    if not pipeline.exists() or pipeline.read_text() != text:
        partial = pipeline.with_suffix(".yaml.partial")
        partial.write_text(text)
        partial.replace(pipeline)
        print(f"{pipeline} written")


def check(graph: Graph) -> None:
    """Fails if dvc.yaml is not what the graph says."""
    pipeline = pipeline_file(graph.params)
    if not pipeline.exists() or pipeline.read_text() != render(graph):
        raise ValueError(outdated(graph.params))


def seal(graph: Graph) -> None:
    """Records what Snakemake counts as done and DVC as changed."""
    write_values(graph.params, graph.resolved)
    judged = time.time()
    refuse_while_in_use(graph)
    write(graph)
    with records(graph.params) as recorded:
        changed = [job for job in graph.jobs if not recorded.is_recorded(name(job))]
        reasons = {name(job): why_not_recorded(graph, job) for job in changed}
        current = [stage for stage, reason in reasons.items() if reason is None]
        written = [PARAMS_STAGE] if PARAMS_STAGE in recorded.stages else []
        recorded.record(current + [stage for stage in written if not recorded.is_recorded(stage)], judged)
    print(f"{len(current)} recorded, {len(graph.jobs) - len(changed)} as they were, of {len(graph.jobs)} jobs")
    for reason in dict.fromkeys(filter(None, reasons.values())):
        print(f"not recorded, {reason}: {', '.join(stage for stage in reasons if reasons[stage] == reason)}")
    if current:
        print(
            f"commit {pipeline_file(graph.params)} and {recorded.lock_file}; `dvc push --run-cache` shares the results"
        )


def why_not_recorded(graph: Graph, job: Job) -> str | None:
    """What stands against recording a job; None if nothing does.

    A job that may have worked with older files than those that are there is marked to run again.
    """
    if not graph.has_outputs(job):
        return "it is not here"
    if not graph.is_current(job):
        return "it has not run with what is there now"
    if written := graph.written_while_it_ran(job):
        graph.mark_stale(job)  # Snakemake does not see it, and what is written once more with the same content hides it
        return f"{written[0]} was written while it ran, so that Snakemake will run it again"
    if missing := [path for path in job.input if not Path(path).exists()]:
        return f"its input {missing[0]} is not here"
    if others := [name(other) for other in graph.upstream(job) if other.output and not graph.is_remembered(other)]:
        return f"what {min(others)} made has been written to since; `make adopt` tells whether it is as recorded"
    return None


def adopt(graph: Graph) -> None:
    """Tells Snakemake what DVC knows; what Snakemake made itself and remembers, it judges itself."""
    refuse_while_in_use(graph)
    write(graph)
    touched, current, left, stale, absent, damaged = set(), 0, [], [], [], []
    with records(graph.params, trusting=False) as recorded:
        for job in graph.jobs:
            stage = name(job)
            if not graph.has_outputs(job):
                absent.append(stage)
            elif not recorded.changes(stage):
                current += 1
                if not graph.is_current(job) or graph.upstream(job) & touched:
                    graph.mark_current(job)
                    touched.add(job)
            elif not graph.is_remembered(job):
                graph.mark_stale(job)
                stale.append(stage)
                damaged += recorded.damaged(stage)
            else:
                left.append(stage)
    print(f"{current} of {len(graph.jobs)} jobs adopted, {len(absent)} not here, {len(stale)} stale")
    if stale:
        print(f"stale: {', '.join(stale)}")
        print(
            "these run again, because dvc.lock does not have them as they are here; if they are copies, run `make seal`"
            " where they were made, and copy that dvc.lock as well"
        )
    if left:
        print(f"not as in dvc.lock, but made here by Snakemake, which judges them itself: {', '.join(left)}")
    if damaged:
        raise ValueError("\n".join(f"damaged: {line}" for line in damaged))


def status(graph: Graph) -> None:
    """Says how many jobs are as in dvc.lock, of which commit, and by what others differ."""
    write(graph)
    with records(graph.params) as recorded:
        changes = {name(job): located(graph, recorded.changes(name(job))) for job in graph.jobs}
        other_code = sum(not changes[stage] and bool(recorded.all_changes(stage)) for stage in changes)
    for commit in dict.fromkeys(recorded.commits.values()):
        print(f"{recorded.lock_file} is of commit {commit}")
    same, here = [not found for found in changes.values()].count(True), sum(map(graph.has_outputs, graph.jobs))
    aside = f", {other_code} of them with other code than is here now" if recorded.commits else ""
    print(f"{same} of {len(changes)} jobs are as recorded{aside}; the results of {here} are here")
    for words, stages in by_change(changes).items():
        print(f"- {words}: {', '.join(stages)}")


def why(graph: Graph, target: str) -> None:
    """Says which key, file or command makes a result or a stage stale."""
    write(graph)
    with records(graph.params) as recorded:
        print("\n".join(explain(graph, recorded, target)))


def restamp(graph: Graph) -> None:
    """Records stages anew whose code differs in comments, docstrings and layout only; then adopts."""
    judged = time.time()
    refuse_while_in_use(graph)
    write(graph)
    with records(graph.params) as recorded:
        changes = {name(job): found for job in graph.jobs if (found := recorded.changes(name(job)))}
        against = obstacles(changes)
        free = [stage for stage, words in against.items() if not words]
        recorded.restamp(free, judged)
    print(f"{len(free)} recorded anew, {len(against) - len(free)} not, of {len(graph.jobs)} jobs")
    if free:
        print(f"recorded anew: {', '.join(free)}")
    for words, stages in by_change(against).items():
        print(f"not, {words}: {', '.join(stages)}")
    if free:
        adopt(graph)


def refuse_while_in_use(graph: Graph) -> None:
    """Fails while Snakemake makes what is to be judged."""
    if graph.in_use:
        raise ValueError("snakemake runs here, or was killed: wait for it, or run `snakemake --unlock`")


def params_file(path: str) -> Path:
    """The file of parameters that the command line names, as a path from here."""
    if Path(path).name != DEFAULT_PARAMS.name:
        raise argparse.ArgumentTypeError(
            f"{path} is not called {DEFAULT_PARAMS}: an experiment is a folder with such a file"
        )
    return Path(os.path.relpath(path))


def main() -> None:
    """Runs the command that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.dvc_graph",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="command", required=True)
    for command in (write, check, seal, adopt, status, why, restamp):
        one = commands.add_parser(command.__name__, description=command.__doc__)
        one.set_defaults(command=command)
        one.add_argument(
            "--params",
            type=params_file,
            default=DEFAULT_PARAMS,
            metavar="experiments/NAME/params.yaml",
            help="the experiment, by its file of parameters (default: %(default)s)",
        )
        if command is why:
            one.add_argument("target", help="a result, or the name of a stage")
    given = vars(parser.parse_args())
    command, params = given.pop("command"), given.pop("params")
    try:
        with graph_of("Snakefile", params) as graph:
            command(graph, **given)
    except (DvcException, LockError, OSError, ValueError, WorkflowError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
