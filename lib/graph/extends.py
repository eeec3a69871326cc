"""Parameters that say only what differs: `extends`, the file that a file is laid over, and `papers`, which take part.

The rule: what a file says replaces what it extends, value by value. A list, `rewards`, and a section in which both name
a source or a kind (`source`, `function`, `classifier`, `label` …) are replaced as a whole. `null` takes out the section
of a paper or a key in it. `experiment` is not inherited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.graph.parameter_files import chain_of, raw_parameters
from lib.reward_models.kinds.table import GOLD, REWARDS

KINDS = {"source"} | {kind.key for kind in (*REWARDS, *GOLD)}  # a section that has one of these names what it is
NAMED = {"data", "base", "gold"}  # the sections that do
FROM_SCRATCH = {"vocabulary", "hidden_size", "layers", "heads", "context", "passes"}  # of `base` without a source


@dataclass(frozen=True)
class Resolved:
    """Full parameters. origins: the file that each value is from, by its dotted key; nearer files come later.
    files: those that were read, the nearest first.
    """

    config: dict[str, Any]
    origins: dict[str, str]
    files: list[str]


def resolve(config: dict[str, Any], root: Path, files: Sequence[str | Path], papers: Sequence[str]) -> Resolved:
    """The full parameters of `config`, which was read from `files`. root: the checkout. papers: all that there are.

    Raises ValueError, with the file and the key, where `extends` or `papers` name what is not there.
    """
    chain = chain_of(config, root, files)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for file, raw in reversed(chain):
        merged.pop("experiment", None)
        origins.pop("experiment", None)
        merged = lay_over(merged, {key: raw[key] for key in raw if key != "extends"}, file, origins, papers)
    if len(chain) > 1 and "experiment" not in merged:
        raise ValueError(f"{chain[0][0]}: experiment: it has no name, and takes none from what it extends; add one")
    chosen = merged.pop("papers", None)
    if chosen is not None:
        check_papers(chosen, merged, origins.get("papers", chain[0][0]), papers)
        forget(origins, "papers")
        for paper in set(papers) - set(chosen):
            merged.pop(paper, None)
            forget(origins, paper)
    return Resolved(merged, origins, [file for file, _ in chain])


def read(params: Path, root: Path, papers: Sequence[str]) -> Resolved:
    """The full parameters of a file. Raises ValueError as `resolve`, and where the file is no YAML."""
    return resolve(raw_parameters(params), root, [params], papers)


def lay_over(
    below: Mapping[str, Any],
    above: Mapping[str, Any],
    file: str,
    origins: dict[str, str],
    papers: Sequence[str],
    section: str = "",
) -> dict[str, Any]:
    """`below` with what `above`, that section of `file`, says. Writes to `origins` where its values are from."""
    merged = dict(below)
    for name, value in above.items():
        key = f"{section}{name}"
        before = merged.get(name)
        if not isinstance(before, dict) or not isinstance(value, dict) or is_whole(key, before, value):
            forget(origins, key)
            before = {}
        if value is None and key.partition(".")[0] in papers:
            merged.pop(name, None)
        elif isinstance(value, dict) and (value or before):
            merged[name] = lay_over(before, value, file, origins, papers, f"{key}.")
        else:
            merged[name] = value
            origins[key] = file
    return merged


def is_whole(key: str, below: Mapping[str, Any], above: Mapping[str, Any]) -> bool:
    """Whether a section is replaced as a whole: what it is has changed, so that the other's values have no meaning."""
    other_base = key == "base" and "source" in below and bool(FROM_SCRATCH & above.keys())
    from_source = key == "base" and "source" in above
    both_named = key in NAMED and bool(KINDS & below.keys() and KINDS & above.keys())
    return key == "rewards" or both_named or other_base or from_source


def forget(origins: dict[str, str], key: str) -> None:
    """Takes a key and all in it out of `origins`."""
    for found in [one for one in origins if one == key or one.startswith(f"{key}.")]:
        del origins[found]


def check_papers(chosen: Any, config: Mapping[str, Any], file: str, papers: Sequence[str]) -> None:
    """Raises ValueError where `papers` is no list of papers that the parameters have a section of."""
    if not isinstance(chosen, list):
        raise ValueError(f"{file}: papers: {chosen!r} is no list; write [{', '.join(papers)}] or some of these")
    for paper in chosen:
        if paper not in papers:
            raise ValueError(f"{file}: papers: {paper!r} is not one of {', '.join(papers)}")
        if paper not in config:
            raise ValueError(f"{file}: papers: {paper} has no section here nor in what is extended; add one")
