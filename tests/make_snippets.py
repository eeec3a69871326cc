"""Writes tests/snippets.tar.gz: texts of our own, in the form of the archive that the default experiment reads.

A grammar of a few words makes them, each with a rating that follows from its words, so that a
reward model can learn it in seconds.
"""

import gzip
import io
import itertools
import random
import tarfile
from pathlib import Path

from lib.data.snippets import FILES

OPENINGS = {
    "movie": ["the film", "this drama", "the story", "that comedy", "the ending"],
    "product": ["the phone", "this camera", "the speaker", "that charger", "the screen"],
    "editorial": ["the council", "this treaty", "the senate", "that inquiry", "the mayor"],
    "tweet": ["omg my cat", "lol the bus", "ugh monday", "my new shoes", "this song"],
}
MIDDLES = ["is", "was", "seems", "remains", "turned out"]
JUDGEMENTS = {"wonderful": 3.2, "good": 1.9, "fine": 0.8, "odd": -0.3, "dull": -1.6, "awful": -3.1}
ENDINGS = {
    "movie": ["from the first scene on", "despite a slow start", "and so is its cast"],
    "product": ["for the price", "after a week of use", "and arrived on time"],
    "editorial": ["in the view of most members", "as the report concludes", "for the years ahead"],
    "tweet": ["haha", "cant even", "so tired today"],
}
PER_DOMAIN = 200


def rows(domain: str, generator: random.Random) -> list[str]:
    """Lines `id TAB rating TAB text` of distinct texts."""
    sentences = itertools.product(OPENINGS[domain], MIDDLES, JUDGEMENTS, ENDINGS[domain])
    chosen = generator.sample(sorted(sentences), PER_DOMAIN)
    return [
        f"{number}\t{JUDGEMENTS[words[2]] + generator.uniform(-0.3, 0.3):.3f}\t{' '.join(words)}"
        for number, words in enumerate(chosen, 1)
    ]


def archived(files: dict[str, bytes]) -> bytes:
    """A tar.gz without dates or owners."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=0)


def archive() -> bytes:
    """The archive within an archive, with one repeated text."""
    generator = random.Random(0)
    texts = {name: rows(domain, generator) for domain, name in FILES.items()}
    texts[FILES["tweet"]].append(texts[FILES["tweet"]][0].upper())
    inner = archived({f"hutto_ICWSM_2014/{name}": "\r\n".join(lines).encode() for name, lines in texts.items()})
    return archived({"snippets/hutto_ICWSM_2014.tar.gz": inner})


if __name__ == "__main__":
    (Path(__file__).parent / "snippets.tar.gz").write_bytes(archive())
