"""What the terminal shows of a run: a bar over all jobs with what runs now, or a line for each job that has ended.

It takes the place of Snakemake's own handler. The whole stays in .snakemake/log and in the jobs' logs.
"""

import logging
import threading
import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text
from snakemake.logging import get_event
from snakemake.settings.types import ExecMode
from snakemake_interface_logger_plugins.common import LogEvent

from lib.graph.failures import ShortFailures, logs_of, shorten_failures
from lib.graph.run import Run, in_words, last_step

A_SECOND = 2  # drawings
HIDDEN = {  # events of which the bar and the lines say what a person wants to know
    LogEvent.WORKFLOW_STARTED,
    LogEvent.RUN_INFO,
    LogEvent.RESOURCES_INFO,
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.JOB_FINISHED,
    LogEvent.SHELLCMD,
    LogEvent.PROGRESS,
}
OWN = ("Building DAG of jobs", "Select jobs to execute", "Using shell", "host: ", "Elapsed time")  # Snakemake's steps


class Screen(logging.Handler):
    """A handler of Snakemake's records. formatter: for what is neither in the bar nor a line about a job."""

    def __init__(self, formatter: ShortFailures, console: Console) -> None:
        super().__init__()
        self.name = "Screen"
        self.formatter, self.console = formatter, console
        self.run: Run | None = None
        self.live: Live | None = None
        self.run_lock = threading.Lock()  # the bar is drawn by a thread of its own

    @property
    def draws(self) -> bool:
        """Whether there is a terminal that a bar can be drawn on."""
        return self.console.is_terminal and not self.console.is_dumb_terminal

    def begin(self, run: Run) -> None:
        """From here on jobs are started."""
        self.run = run
        if self.draws:
            self.live = Live(
                get_renderable=self.picture, console=self.console, refresh_per_second=A_SECOND, transient=True
            )
            self.live.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Notes what a record says of a job, and prints what is to stay on the terminal."""
        event, text = get_event(record), self.formatter.format(record)
        if event in HIDDEN or (record.levelno == logging.INFO and text.startswith(OWN)):
            text = ""
        if self.run is not None:
            with self.run_lock:
                text = self.note(event, record, time.time()) or text
        if text:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def note(self, event: LogEvent | None, record: logging.LogRecord, now: float) -> str:
        """Takes down that a job begins or ends. The line that is printed of it; none on a terminal with a bar."""
        if event == LogEvent.JOB_INFO:
            log = next(iter(logs_of(record.__dict__)), None)
            self.run.begins(record.jobid, record.rule_name, record.wildcards or {}, log, now)
        elif event == LogEvent.JOB_ERROR:
            self.run.fails(record.jobid)
        elif event == LogEvent.JOB_FINISHED:
            job = self.run.ends(record.job_id, now)
            if job is not None and not self.draws:
                return f"{self.run.done} of {self.run.total}: {job.name}, {in_words(now - job.since)}{self.left(now)}"
        return ""

    def left(self, now: float) -> str:
        """How long the rest will take, in words."""
        seconds = self.run.seconds_left(now)
        return "" if not seconds or self.run.done == self.run.total else f"; about {in_words(seconds)} left"

    def picture(self) -> Group:
        """The bar, and a line for each job that runs."""
        now, run = time.time(), self.run
        bar = Progress(TextColumn("{task.description}"), BarColumn(bar_width=None), expand=True)
        with self.run_lock:
            done = f"{run.done} of {run.total} jobs, {in_words(now - run.began)}{self.left(now)}"
            bar.add_task(done, total=run.total, completed=run.done)
            running = list(run.running.values())
        jobs = Table.grid(padding=(0, 2))
        for job in running:
            cells = (f"  {job.name}", in_words(now - job.since), last_step(job))
            jobs.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in cells))
        return Group(bar, jobs)

    def end(self) -> None:
        """Takes the bar away, and says how long it took."""
        self.take_away()
        if self.run is not None:
            took = in_words(time.time() - self.run.began)
            self.console.print(f"{self.run.done} of {self.run.total} jobs in {took}", highlight=False)

    def take_away(self) -> None:
        """Takes the bar away."""
        if self.live is not None:
            self.live.stop()

    def close(self) -> None:
        """At the end of Snakemake, also of one that fails or is interrupted."""
        self.take_away()
        super().close()


def screen_of(workflow: Any, logger: logging.Logger) -> Screen | None:
    """Puts a screen in the place of Snakemake's handler. workflow: that of a Snakefile.

    None where nothing is run, in a job's own Snakemake on a cluster, and where it is to be quiet or verbose; but what
    fails is told in short.
    """
    shorten_failures(logger)
    if workflow.output_settings.dryrun or workflow.exec_mode != ExecMode.DEFAULT:
        return None
    for handler in logger.handlers:
        told = handler.formatter
        if handler.name == "DefaultStreamHandler" and isinstance(told, ShortFailures) and not told.quiet:
            screen = Screen(told, Console(file=handler.stream))
            for condition in handler.filters:
                screen.addFilter(condition)
            logger.removeHandler(handler)
            logger.addHandler(screen)
            return screen
    return None
