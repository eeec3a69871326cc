"""Keep Snakemake and DVC in agreement on one graph, that of the Snakefile and params.yaml.

write   dvc.yaml from the graph
check   fail if dvc.yaml is not what the graph says
seal    after `snakemake`: record in dvc.lock the results that are finished and current
adopt   after `dvc pull`, `checkout` or `repro`: tell Snakemake which results are current
"""

import argparse
import sys
import time
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.lock import LockError
from snakemake.jobs import Job
from snakemake_interface_common.exceptions import WorkflowError

from lib.dvc_stages import OUTDATED, PIPELINE, records, render
from lib.jobs import Graph, graph_of, name


def write(graph: Graph) -> None:
    """Writes dvc.yaml if it has to change."""
    text = render(graph)
    if not PIPELINE.exists() or PIPELINE.read_text() != text:
        partial = PIPELINE.with_name("dvc.yaml.partial")
        partial.write_text(text)
        partial.replace(PIPELINE)
        print("dvc.yaml written")


def check(graph: Graph) -> None:
    """Fails if dvc.yaml is not what the graph says."""
    if not PIPELINE.exists() or PIPELINE.read_text() != render(graph):
        raise ValueError(OUTDATED)


def seal(graph: Graph) -> None:
    """Records what Snakemake counts as done and DVC as changed."""
    judged = time.time()
    refuse_while_in_use(graph)
    write(graph)
    with records() as recorded:
        changed = [job for job in graph.jobs if recorded.changes(name(job)) or not recorded.is_cached(name(job))]
        reasons = {name(job): why_not_recorded(graph, job) for job in changed}
        current = [stage for stage, reason in reasons.items() if reason is None]
        recorded.record(current, judged)
    print(f"{len(current)} recorded, {len(graph.jobs) - len(changed)} as they were, of {len(graph.jobs)} jobs")
    for reason in dict.fromkeys(filter(None, reasons.values())):
        print(f"not recorded, {reason}: {', '.join(stage for stage in reasons if reasons[stage] == reason)}")
    if current:
        print("commit dvc.yaml and dvc.lock; `dvc push --run-cache` shares the results")


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
    with records(trusting=False) as recorded:
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
    if left:
        print(f"not as in dvc.lock, but made here by Snakemake, which judges them itself: {', '.join(left)}")
    if damaged:
        raise ValueError("\n".join(f"damaged: {line}" for line in damaged))


def refuse_while_in_use(graph: Graph) -> None:
    """Fails while Snakemake makes what is to be judged."""
    if graph.in_use:
        raise ValueError("snakemake runs here, or was killed: wait for it, or run `snakemake --unlock`")


COMMANDS = {command.__name__: command for command in (write, check, seal, adopt)}


def main() -> None:
    """Runs the command that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.dvc_graph",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS)
    command = COMMANDS[parser.parse_args().command]
    try:
        with graph_of("Snakefile") as graph:
            command(graph)
    except (DvcException, LockError, OSError, ValueError, WorkflowError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
