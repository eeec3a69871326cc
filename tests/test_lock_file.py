"""dvc.lock is written entry by entry as DVC writes it whole, and DVC reads a file once while it compares."""

import pytest
from dvc.dependency import param
from dvc.fs import localfs
from dvc.output import Output
from dvc.utils.serialize import dump_yaml, load_yaml

from lib.graph.lock_file import blocks, put
from lib.graph.read_once import each_file_once
from tests.checkout import ROOT

HEAD = "# Recorded at commit 0123456789012345678901234567890123456789\n"
ENTRY = {"cmd": "snakemake  # command 1", "outs": [{"path": "a", "md5": "1" * 32, "hash": "md5"}]}


@pytest.fixture
def lock_file(tmp_path):
    file = tmp_path / "dvc.lock"
    dump_yaml(str(file), load_yaml(str(ROOT / "dvc.lock")))
    return file


def test_a_lock_is_as_dvc_writes_it(lock_file):
    text, lock = lock_file.read_text(), load_yaml(str(lock_file))
    lock_file.unlink()
    put(lock_file, lock["stages"], lock["stages"])
    assert lock_file.read_text() == text


def test_an_entry_takes_the_place_of_its_former_and_the_others_stay(lock_file):
    before = load_yaml(str(lock_file))
    changed = list(before["stages"])[3]
    put(lock_file, {changed: ENTRY, "new-one": ENTRY}, {*before["stages"], "new-one"})
    after = load_yaml(str(lock_file))
    assert after["stages"] == before["stages"] | {changed: ENTRY, "new-one": ENTRY}
    assert list(after["stages"]) == [*before["stages"], "new-one"]


def test_entries_of_stages_that_are_no_more_go_and_what_stands_before_stays(lock_file):
    lock_file.write_text(HEAD + lock_file.read_text())
    present = list(load_yaml(str(lock_file))["stages"])[::2]
    put(lock_file, {}, present)
    head, stages = blocks(lock_file.read_text())
    assert list(stages) == present
    assert head == f"{HEAD}schema: '2.0'\n"


def test_nothing_is_written_where_nothing_changes(tmp_path):
    put(tmp_path / "dvc.lock", {}, [])
    assert not (tmp_path / "dvc.lock").exists()


def test_dvc_reads_parameters_once_and_after_that_as_ever(tmp_path):
    load, of_output = param.load_path, Output._get_hash_meta
    file = tmp_path / "params.yaml"
    file.write_text("a: {b: 1}\n")
    with each_file_once():
        first = param.load_path(str(file), localfs)
        file.write_text("a: {b: 2}\n")
        second = param.load_path(str(file), localfs)
    assert first == second == {"a": {"b": 1}}
    assert first["a"] is not second["a"]
    assert param.load_path(str(file), localfs) == {"a": {"b": 2}}
    assert (param.load_path, Output._get_hash_meta) == (load, of_output)
