"""What a person sees of a run: how far it is, how long it will take, and what is said at its end."""

import io
import logging
import os
import re
import time

import pytest
from rich.console import Console
from snakemake.logging import DefaultFormatter
from snakemake_interface_logger_plugins.common import LogEvent

from lib.graph.experiment import Experiment
from lib.graph.failures import ShortFailures
from lib.graph.run import Run, Running, in_words, last_step
from lib.graph.run_end import ending
from lib.graph.screen import Screen
from tests.checkout import Checkout, wait_for

STEPS = "step 3/40  reward 0.100  calm 0.100  KL to the anchor per token 0.020  entropy 4\n"


def run_of(**waiting) -> Run:
    run = Run.of((rule, 1) for rule, count in waiting.items() for _ in range(count))
    run.began = 0
    return run


def test_the_time_left_is_that_of_jobs_of_the_same_rule():
    run = run_of(sft=1, policy=4)
    assert run.seconds_left(5) is None and (run.done, run.total) == (0, 5)
    run.begins(1, "sft", {}, None, 0)
    run.ends(1, 10)
    assert run.seconds_left(10) == pytest.approx(40)  # four more like the only one that has ended
    run.begins(2, "policy", {"seed": "1"}, None, 10)
    run.begins(3, "policy", {"seed": "2"}, None, 10)
    run.ends(2, 30)
    run.ends(3, 30)
    assert (run.done, run.total) == (3, 5)
    assert run.seconds_left(30) == pytest.approx(40 / (50 / 30))  # two of 20 s; 50 s of work were done in 30


def test_a_job_of_a_rule_of_which_none_has_ended_takes_what_it_asks_for_as_the_others_do():
    run = Run.of([("snippets", 10), ("policy", 100), ("report", 5)])
    run.began = 0
    run.begins(1, "snippets", {}, None, 0)
    run.ends(1, 2)
    assert run.seconds_left(2) == pytest.approx(20 + 1)


def test_a_job_that_fails_and_is_tried_again_is_counted_once():
    run = run_of(policy=2)
    run.begins(1, "policy", {}, None, 0)
    run.fails(1)
    run.begins(1, "policy", {}, None, 5)
    assert run.total == 2 and run.waiting["policy"] == 1 and list(run.running) == [1]
    run.begins(9, "all", {}, None, 5)  # the target, which has no results
    assert run.ends(9, 6) is None and run.total == 2


def test_how_far_a_training_is(tmp_path):
    log = tmp_path / "log"
    job = Running("policy", "policy", log, 100)
    assert last_step(job) == ""
    log.write_text(f"{STEPS.replace('3/40', '2/40')}{STEPS}done in 3 s: results\n")
    os.utime(log, (200, 200))
    assert last_step(job) == "step 3/40  reward 0.100  KL 0.020"
    os.utime(log, (50, 50))
    assert last_step(job) == "", "of an earlier run"


def test_the_steps_of_a_training_tell_how_long_it_will_take(tmp_path):
    run = run_of(policy=2)
    run.begins(1, "policy", {}, None, 0)
    run.ends(1, 100)
    (tmp_path / "log").write_text("step 10/40  loss 1\n")
    run.begins(2, "policy", {}, tmp_path / "log", 100)
    assert run.seconds_left(120) == pytest.approx(60)


def test_times_in_words():
    assert [in_words(seconds) for seconds in (12, 89, 91, 3540, 7500)] == [
        "12 s",
        "89 s",
        "2 min",
        "59 min",
        "2 h 5 min",
    ]


def record(event: LogEvent | None, text: str = "", **fields) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", logging.INFO, "", 0, text, (), None)
    made.__dict__ |= {"event": event} | fields
    return made


@pytest.fixture
def screen():
    made = Screen(ShortFailures(DefaultFormatter()), Console(file=io.StringIO(), width=80))
    yield made
    made.close()


def test_without_a_terminal_a_job_that_ends_is_a_line(screen):
    screen.emit(record(None, "Building DAG of jobs..."))
    screen.begin(run_of(policy=2))
    screen.run.began = time.time()
    for number in (1, 2):
        about = {"rule_name": "policy", "wildcards": {"seed": number}, "log": ["log"], "jobid": number}
        unused = dict.fromkeys(("rule_msg", "benchmark", "reason", "indent"))
        rest = {"input": [], "output": [], "resources": {}, "priority": 0, "threads": 1, "local": False}
        screen.emit(record(LogEvent.JOB_INFO, **about, **unused, **rest, is_checkpoint=False))
    screen.emit(record(LogEvent.JOB_FINISHED, "Finished jobid: 1", job_id=1))
    screen.emit(record(LogEvent.JOB_FINISHED, "Finished jobid: 2", job_id=2))
    screen.emit(record(None, "Removing incomplete Snakemake metadata"))
    screen.end()
    first, *others = screen.console.file.getvalue().splitlines()
    assert re.fullmatch(r"1 of 2: policy seed=1, 0 s(; about 0 s left)?", first)
    assert others == ["2 of 2: policy seed=2, 0 s", "Removing incomplete Snakemake metadata", "2 of 2 jobs in 0 s"]


def test_the_picture_has_all_that_runs(screen, tmp_path):
    (tmp_path / "log").write_text(STEPS)
    screen.run = run_of(policy=3)
    screen.run.begins(1, "policy", {"reward": "calm"}, tmp_path / "log", 0)
    screen.console.print(screen.picture())
    bar, job = screen.console.file.getvalue().splitlines()
    assert bar.startswith("0 of 3 jobs, ")
    assert job.strip().startswith("policy reward=calm") and job.strip().endswith("step 3/40  reward 0.100  KL 0.020")


def test_at_the_end_of_a_run_it_is_said_where_the_page_is_and_what_to_do_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/mine").mkdir(parents=True)
    rows = [("True", "holds"), ("True", "holds"), ("False", "holds"), ("True", "undecided")]
    (tmp_path / "results/mine/claims.csv").write_text(
        "primary,verdict\n" + "".join(f"{primary},{verdict}\n" for primary, verdict in rows)
    )
    config = {"experiment": "mine", "rewarded_soups": {"rewards": ["kind", "short"]}}
    experiment = Experiment(config, tmp_path, ["experiments/mine/params.yaml"])
    assert ending(experiment, {"results/mine/sft/1"}) == ""
    assert ending(experiment, {"results/mine/front.html"}).splitlines() == [
        "page: results/mine/front.html, to open in a browser",
        "claims: 2 × holds, 1 × undecided (results/mine/claims.md)",
        'next: make choose EXPERIMENT=mine WHERE="kind >= 0" BEST=short EXPORT=models/mine',
    ]


def test_a_run_has_few_lines_and_its_log_all(tmp_path):
    checkout = Checkout.at(tmp_path / "checkout")
    plan = checkout.snakemake("-n", "--", "results/smoke/data/snippets.jsonl")
    assert "rule snippets:" in plan and "Job stats" in plan, "a plan is shown as Snakemake shows it"
    told = checkout.snakemake("--", "results/smoke/data/snippets.jsonl").splitlines()
    assert len(told) <= 6, told
    assert any(re.match(r"1 of 2: fetch, \d+ s", line) for line in told)
    assert "rule snippets:" in checkout.complete_log()


WAITS = """

rule waits:
    output:
        f"{RESULTS}/waits",
    log:
        f"{RESULTS}/logs/waits.log",
    shell:
        "echo 'step 3/40  loss 0.5' > {log}; cat told > {output}"
"""


def test_on_a_terminal_a_bar_is_drawn_while_jobs_run(tmp_path):
    checkout, drawn = Checkout.at(tmp_path / "checkout"), tmp_path / "drawn"
    rules = checkout.root / "rules/data.smk"
    rules.write_text(rules.read_text() + WAITS)
    os.mkfifo(checkout.root / "told")
    drawn.touch()
    command = f"TERM=xterm {' '.join(checkout.command('--', 'results/smoke/waits'))}"
    terminal = checkout.start("script", "--quiet", "--flush", "--return", "--command", command, str(drawn))
    seen = r"0 of 1 jobs, .*━+.*\s+waits +\d+ s +step 3/40  loss 0.5"
    wait_for(lambda: re.search(seen, drawn.read_text()) or terminal.poll() is not None)
    assert terminal.poll() is None, drawn.read_text()
    (checkout.root / "told").write_text("go on")
    terminal.communicate()
    assert terminal.returncode == 0
    assert "1 of 1 jobs in " in drawn.read_text().rpartition("━")[2]
