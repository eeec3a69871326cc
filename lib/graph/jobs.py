"""The graph of jobs as Snakemake sees it, and what Snakemake remembers of their results.

Snakemake's own interface stops at running a workflow. What is used beyond it is that of the one
version in requirements.lock.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.jobs import Job
from snakemake.settings.enums import Quietness
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    ExecutionSettings,
    OutputSettings,
    ResourceSettings,
)

from lib.graph.experiment import Experiment
from lib.graph.extends import Resolved
from lib.graph.yaml_mistakes import yaml_mistake

STALE = 1.0  # seconds after 1970: Snakemake takes 0 for "has no time"


class Graph:
    """The jobs of the default target, with what they would do if Snakemake ran now."""

    def __init__(self, workflow: Any, params: Path) -> None:
        self.params = params
        self._workflow = workflow
        self._dag = workflow.dag
        self._records = workflow.persistence
        self.jobs: list[Job] = [
            job for level in self._dag.toposorted() for job in sorted(level, key=name) if job.output
        ]
        self.config: dict[str, Any] = workflow.globals["config"]
        self.plots: dict[str, Any] = workflow.globals["PLOTS"]
        self.resolved: Resolved = workflow.globals["resolved"]
        self.experiment: Experiment = workflow.globals["experiment"]

    @property
    def in_use(self) -> bool:
        """Whether a Snakemake runs here, or was killed and left its locks."""
        return self._records.locked

    def has_outputs(self, job: Job) -> bool:
        """Whether all outputs of the job are there."""
        return all(Path(output).exists() for output in job.output)

    def upstream(self, job: Job) -> set[Job]:
        """The jobs whose outputs this one takes."""
        return set(self._dag.dependencies[job])

    def is_remembered(self, job: Job) -> bool:
        """Whether Snakemake finished the job, and nothing has written to its outputs since."""
        if self._workflow.async_run(self._records.incomplete(job)):
            return False
        records = {output: self._records.metadata(output) for output in job.output}
        return self.has_outputs(job) and all(
            record is not None and record.endtime is not None and last_written(output) <= record.endtime
            for output, record in records.items()
        )

    def written_while_it_ran(self, job: Job) -> list[str]:
        """The inputs that changed between the start and the end of the job, by Snakemake's records.

        Such a job may have worked with what was there before, which Snakemake does not see.
        """
        records = [self._records.metadata(output) for output in job.output]
        start, end = min(record.starttime for record in records), max(record.endtime for record in records)
        return [path for path in job.input if Path(path).exists() and start < last_written(path) <= end]

    def is_current(self, job: Job) -> bool:
        """Whether the outputs are what the job would make now, by Snakemake's word."""
        return not self._dag.needrun(job) and self.is_remembered(job)

    def why_run(self, job: Job) -> str:
        """Why Snakemake would run the job, in its words; nothing if it would not."""
        return ", ".join(self._dag.reason(job).get_names()) if self._dag.needrun(job) else ""

    def mark_current(self, job: Job) -> None:
        """Makes Snakemake believe that it has just made the outputs that are there."""
        for output in job.output:
            self._records.cleanup_metadata(output)
            output.touch()
        self._workflow.async_run(self._records.finished(job))

    def mark_stale(self, job: Job) -> None:
        """Makes Snakemake run the job again, whatever it remembers of it."""
        for output in job.output:
            self._records.cleanup_metadata(output)
            if Path(output).exists():
                output.touch(times=(STALE, STALE))


@contextmanager
def graph_of(snakefile: str, params: Path, targets: Iterable[str] = ()) -> Iterator[Graph]:
    """The graph of a Snakefile on a file of parameters, for the working directory; of some results, or of all.

    Raises ValueError with the line if the file is no YAML, of which Snakemake would say no more.
    """
    if mistake := yaml_mistake(params):
        raise ValueError(mistake)
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[params]),
            snakefile=Path(snakefile),
        )
        workflow.dag(dag_settings=DAGSettings(targets=set(targets), force_incomplete=True))
        inner = workflow._workflow
        inner._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True, nolock=True)
        inner._build_dag()
        inner.iocache.deactivate()  # outputs are touched, and their times read again
        inner.execution_settings = ExecutionSettings()
        yield Graph(inner, params)


def name(job: Job) -> str:
    """Rule and wildcards, in letters, digits, `-` and `_`, which is what DVC allows in a name."""
    spelt = "-".join([job.rule.name, *map(str, (job.wildcards_dict or {}).values())])
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" if letter == "." else "-" for letter in spelt)


def last_written(path: str) -> float:
    """When a file was written, or something in a directory was written, added or removed; in seconds since 1970."""
    return max(found.lstat().st_mtime for found in [Path(path), *Path(path).rglob("*")])
