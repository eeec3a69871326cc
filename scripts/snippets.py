"""Read the snippets and their ratings from the archive, drop duplicates, split by text."""

import io
import json
import tarfile
from dataclasses import asdict
from pathlib import Path

from lib.data.snippets import FILES, parse, split, without_duplicates
from lib.jobs.arguments import Output
from lib.jobs.command_line import run

INNER = "hutto_ICWSM_2014.tar.gz"


def read_snippets(archive: Path, snippets: Output, report: Output, *, held_out: float) -> None:
    parsed = [snippet for domain, name in FILES.items() for snippet in parse(domain, _content(archive, name))]
    distinct = without_duplicates(parsed)
    sides = split(distinct, held_out)
    with snippets.open("w", encoding="utf-8") as file:
        for side, members in sides.items():
            for snippet in members:
                file.write(json.dumps(asdict(snippet) | {"split": side}, ensure_ascii=False) + "\n")
    counts = {
        "found": len(parsed),
        "duplicates removed": len(parsed) - len(distinct),
        **{side: len(members) for side, members in sides.items()},
    }
    print(counts)
    report.write_text(json.dumps(counts, indent=2) + "\n")


def _content(archive: Path, name: str) -> str:
    """The text of one file of the archive within the archive."""
    try:
        with tarfile.open(archive) as outer:
            inner = next((m for m in outer if Path(m.name).name == INNER), None)
            if inner is None:
                raise ValueError(f"{archive} holds no {INNER}")
            with tarfile.open(fileobj=io.BytesIO(outer.extractfile(inner).read())) as files:
                member = next((m for m in files if Path(m.name).name == name), None)
                if member is None:
                    raise ValueError(f"{archive}: {INNER} holds no {name}")
                return files.extractfile(member).read().decode("utf-8")
    except (tarfile.TarError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{archive} cannot be read as an archive of texts: {error}") from error


if __name__ == "__main__":
    run(read_snippets)
