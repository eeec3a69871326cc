"""Trainings that were interrupted go on from their last whole checkpoint, and end with the same bytes."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lib.jobs.checkpoints import SEAL, Checkpoints, step_of, versions
from tests.small_trainings import LORA, TRAININGS, write_inputs

GIVEN = ["input", "model/weights"]


class Killed(BaseException):
    """What stands for kill -9: nothing that the job would still do is done."""


class Interrupted(Checkpoints):
    """Checkpoints of a job that is killed at one of them, before or after that is sealed."""

    def seal(self, checkpoint: Path) -> None:
        killed = step_of(checkpoint) == self.job["killed"]
        if not killed or self.job["sealed"]:
            super().seal(checkpoint)
        if killed:
            raise Killed


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


LAST = "after the last"


def decides(name, lora, at) -> bool:
    """Where a checkpoint is found is one for all; that each training goes on in another epoch is its own.

    LoRA has checkpoints of its own in the policies' trainers; all others share theirs.
    """
    return (name, lora) == ("rloo", None) or (at == LAST and (lora is None or name in ("rloo", "sft", "ppo")))


CASES = [
    pytest.param(name, lora, at, marks=[] if decides(name, lora, at) else pytest.mark.long)
    for name in TRAININGS
    for lora in (None, LORA)
    for at in ("after the second", "while the second is written", LAST)
]


@pytest.mark.parametrize(("name", "lora", "at"), CASES, ids=lambda value: "lora" if value is LORA else value)
def test_a_training_that_was_killed_ends_with_the_same_bytes(tmp_path, llama, tokenizer, capsys, name, lora, at):
    """The last is in the second epoch of those that have one."""

    def train(kind, made, **job):
        checkpoints = kind(tmp_path / made / "checkpoints", every=2, job=job, made_of={})
        TRAININGS[name].here(tmp_path, tmp_path / made, checkpoints, lora)
        return checkpoints.folder, capsys.readouterr().out

    write_inputs(tmp_path, llama, tokenizer)
    for made in ("whole", "resumed"):
        (tmp_path / made).mkdir()
    folder, said = train(Checkpoints, "whole")
    assert "going on" not in said
    before, last = sorted(map(step_of, folder.glob("checkpoint-*")))
    every = last - before
    killed, found = {
        "after the second": (2 * every, 2 * every),
        "while the second is written": (2 * every, every),
        LAST: (last, last),
    }[at]
    shutil.rmtree(folder)
    job = {"killed": killed, "sealed": found == killed}
    with pytest.raises(Killed):
        train(Interrupted, "resumed", **job)
    assert [path.name for path in (tmp_path / "resumed").iterdir()] == ["checkpoints"]
    folder, said = train(Checkpoints, "resumed", **job)
    assert f"going on after step {found}\n" in said
    shutil.rmtree(folder)
    assert content(tmp_path / "resumed") == content(tmp_path / "whole")


@pytest.fixture
def sealed(tmp_path):
    """Checkpoints of a job with one file as an input and one in a directory, of which two are whole."""
    (tmp_path / "model").mkdir()
    for name in GIVEN:
        (tmp_path / name).write_text("given")
    made_of = versions([tmp_path / "input", tmp_path / "model"])
    made = Checkpoints(tmp_path / "checkpoints", every=2, job={"settings": "{}"}, made_of=made_of)
    for step in (8, 10):
        checkpoint = made.folder / f"checkpoint-{step}"
        checkpoint.mkdir(parents=True)
        (checkpoint / "weights").write_text("weights")
        made.seal(checkpoint)
    assert made.last().name == "checkpoint-10"
    return made


@pytest.mark.parametrize("damage", ["", "weight", None], ids=["empty", "cut off", "gone"])
def test_a_checkpoint_that_is_damaged_is_passed_over(sealed, damage):
    file = sealed.folder / "checkpoint-10/weights"
    file.unlink() if damage is None else file.write_text(damage)
    assert sealed.last().name == "checkpoint-8"


def test_a_seal_that_is_cut_off_is_none(sealed):
    seal = sealed.folder / "checkpoint-10" / SEAL
    seal.write_text(seal.read_text()[:-1])
    assert sealed.last().name == "checkpoint-8"


@pytest.mark.parametrize("changed", ["settings", *GIVEN])
def test_what_another_training_left_is_not_gone_on_with_but_removed(sealed, changed, tmp_path):
    if changed == "settings":
        other = replace(sealed, job={"settings": "{1}"})
    else:
        (tmp_path / changed).write_text("other")
        other = replace(sealed, made_of=versions([tmp_path / "input", tmp_path / "model"]))
    assert other.last() is None
    assert not list(sealed.folder.iterdir())


def test_how_often_checkpoints_are_written_makes_no_other_training(sealed):
    assert replace(sealed, every=5).last().name == "checkpoint-10"
