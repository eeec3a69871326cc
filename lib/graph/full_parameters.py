"""The full parameters of an experiment: as a file for DVC, and as lines for people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lib.graph.extends import Resolved
from lib.graph.parameter_files import raw_parameters

HEADER = "# Written from {files}: change those.\n"


def values_file(params: Path) -> Path:
    """The file that has all values of an experiment: its file, or what is written in its results where that extends."""
    raw = raw_parameters(params)
    return Path("results", raw["experiment"], "params.yaml") if "extends" in raw else params


def write_values(params: Path, resolved: Resolved) -> None:
    """Writes the full parameters of a file that extends another to its results, where they are not there already."""
    path = values_file(params)
    text = HEADER.format(files=", ".join(resolved.files)) + yaml.safe_dump(
        resolved.config, sort_keys=False, allow_unicode=True, width=10**6
    )
    if path != params and not (path.exists() and path.read_text() == text):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".yaml.partial")
        partial.write_text(text)
        partial.replace(path)


def lines(config: Mapping[str, Any], origins: Mapping[str, str], section: str = "") -> Iterator[str]:
    """The parameters as lines of YAML, with the file behind each value that it is from."""
    indent = "  " * section.count(".")
    for name, value in config.items():
        key, word = f"{section}{name}", in_one_line(name)
        if isinstance(value, dict) and value:
            yield f"{indent}{word}:"
            yield from lines(value, origins, f"{key}.")
        else:
            yield f"{indent}{word}: {in_one_line(value)}  # {origins[key]}"


class OneLine(yaml.SafeDumper):
    """YAML in which a text with line breaks stands in one line."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Such a text with escapes, any other as YAML has it."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\n" in text else None)


OneLine.add_representer(str, OneLine.represent_text)


def in_one_line(value: Any) -> str:
    """A value as YAML in one line."""
    text = yaml.dump([value], Dumper=OneLine, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.strip()[1:-1]
