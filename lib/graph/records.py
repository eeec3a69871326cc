"""What DVC recorded of the jobs of an experiment, in dvc.lock, against the files that are there."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage
from dvc.stage.serialize import to_lockfile

from lib.graph import history
from lib.graph.changes import Change, changes_of, is_in_lock
from lib.graph.damage import contents, differing
from lib.graph.jobs import last_written
from lib.graph.lock_file import put
from lib.graph.read_once import each_file_once
from lib.graph.stages import DEFAULT_PARAMS, pipeline_file


class Records:
    """What an experiment's dvc.yaml and dvc.lock say, against the files that are there."""

    def __init__(self, repo: Repo, params: Path) -> None:
        repo.index.check_graph()  # no two experiments have the same results
        self.params = params
        file = pipeline_file(params)
        self.stages: dict[str, Stage] = {one.name: one for one in repo.index.stages if one.path_in_repo == str(file)}
        self.lock_file = file.with_suffix(".lock")
        self.commits = history.recorded_at(self.lock_file, self.stages)

    def all_changes(self, stage_name: str) -> list[Change]:
        """What differs from dvc.lock, its code included."""
        return changes_of(self.stages[stage_name])

    def changes(self, stage_name: str) -> list[Change]:
        """What differs from dvc.lock and makes the results others than those that were recorded.

        Results that are of a commit by the head of dvc.lock are those of its code, whatever the code is now.
        """
        found = self.all_changes(stage_name)
        return [change for change in found if not (change.is_code and stage_name in self.commits)]

    def commit_of(self, stage_name: str) -> str:
        """Of which commit results are, in words; nothing where they have to be of the present code."""
        return f", as of commit {self.commits[stage_name][:7]}" if stage_name in self.commits else ""

    def is_recorded(self, stage_name: str) -> bool:
        """Whether there is nothing to record: dvc.lock has the results, and the cache as well.

        Results of other code stay as they are recorded, in the cache or not: they were not made by the present code.
        """
        if self.changes(stage_name):
            return False
        return self.stages[stage_name].outs_cached() or bool(self.all_changes(stage_name))

    def record(self, names: Iterable[str], judged: float) -> None:
        """Puts the outputs that are there into the cache, and them and what they came from into dvc.lock.

        Raises ValueError, and records nothing, if something was written after `judged`, in seconds
        since 1970, when the outputs were found to be current.
        """
        chosen = [self.stages[stage_name] for stage_name in names]
        commit = (
            None if self.params == DEFAULT_PARAMS else history.head(set().union(*map(code_of, self.stages.values())))
        )
        for one in chosen:
            one.save(run_cache=False)
            one.commit(relink=False)  # a file that was linked anew would look newer than what was made from it
        require_untouched((entry for one in chosen for entry in [*one.deps, *one.outs]), judged)
        for one in chosen:
            one.repo.stage_cache.save(one)
        self._write(chosen)
        if commit is not None:
            self._write_commits(commit, chosen)

    def restamp(self, names: Iterable[str], judged: float) -> None:
        """Puts the code that is there into dvc.lock as that of stages, and nothing else.

        Raises ValueError, and records nothing, if that was written after `judged`.
        """
        chosen = [self.stages[stage_name] for stage_name in names]
        code = [entry for one in chosen for entry in one.deps if str(entry).endswith(".py")]
        for entry in code:
            entry.save()
        require_untouched(code, judged)
        for one in chosen:
            if all(entry.exists for entry in one.deps) and one.outs_cached():
                one.repo.stage_cache.save(one)
        self._write(chosen)

    def damaged(self, stage_name: str) -> list[str]:
        """A line about each file whose content is not what dvc.lock says, as far as it says it file by file."""
        return [
            line
            for out in self.stages[stage_name].outs
            for path, expected in contents(out)
            for line in differing(path, expected, out.cache)
        ]

    def _write_commits(self, commit: str, new: list[Stage]) -> None:
        """Writes to the head of dvc.lock that these stages were recorded at a commit, and those that DVC ran itself."""
        changed_since = {before: history.changed_since(before) for before in set(self.commits.values())}
        commits: dict[str, str | None] = {}
        for stage_name, one in self.stages.items():
            if not is_in_lock(one):
                continue
            before, as_now = self.commits.get(stage_name), not any(change.is_code for change in changes_of(one))
            ran = as_now and (before is None or bool(changed_since[before] & code_of(one)))
            commits[stage_name] = commit if one in new or ran else before
        if commits:
            history.write_head(self.lock_file, commits)

    def _write(self, chosen: list[Stage]) -> None:
        """Writes what is known of stages to dvc.lock, and takes those out that are no more."""
        entries = {name: entry for one in chosen for name, entry in to_lockfile(one).items()}
        put(self.lock_file, entries, self.stages)


def code_of(stage: Stage) -> set[str]:
    """The code that a stage depends on."""
    return {str(entry) for entry in stage.deps if str(entry).endswith(".py")}


def require_untouched(entries: Iterable[Output], judged: float) -> None:
    """Raises ValueError if one of these files was written after a time, in seconds since 1970."""
    for path in {entry.fs_path for entry in entries}:
        if last_written(path) > judged:
            raise ValueError(f"{path} was written meanwhile: nothing is recorded, run it again")


@contextlib.contextmanager
def records(params: Path, trusting: bool = True) -> Iterator[Records]:
    """DVC's records of an experiment, while no other DVC command can change them.

    `trusting` takes a file for what DVC last knew it to be while its time and size are the same;
    without, every file is read.
    """
    with tempfile.TemporaryDirectory() as nothing_known:
        config = {} if trusting else {"core": {"site_cache_dir": nothing_known}}
        with Repo(config=config) as repo, repo.lock, each_file_once():
            yield Records(repo, params)
