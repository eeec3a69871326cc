"""The opinion snippets of Hutto & Gilbert (ICWSM-14) with their human sentiment ratings.

23,703 short English texts of four domains; each was rated by 15 to 20 people from -4 (extremely
negative) to 4 (extremely positive), and the data gives the mean.
"""

import hashlib
import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

# domain -> name of its file in the archive
FILES = {
    "movie": "movieReviewSnippets_GroundTruth.txt",
    "product": "amazonReviewSnippets_GroundTruth.txt",
    "editorial": "nytEditorialSnippets_GroundTruth.txt",
    "tweet": "tweets_GroundTruth.txt",
}
SPLITS = ("train", "validation", "test")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Snippet:
    """One text, its domain, and the mean of its human sentiment ratings (-4..4)."""

    text: str
    domain: str
    rating: float


def parse(domain: str, content: str) -> list[Snippet]:
    """The snippets of one file: a line is `id TAB mean rating TAB text`.

    White space is folded and HTML entities are resolved (the tweets carry `&amp;`).
    Raises ValueError, naming the file and the line, where a line is not of that form.
    """
    snippets = []
    for number, line in enumerate(content.splitlines(), 1):
        where = f"{FILES[domain]}, line {number}"
        try:
            _, rating, text = line.split("\t", 2)
            snippet = Snippet(" ".join(html.unescape(text).split()), domain, float(rating))
        except ValueError:
            raise ValueError(f"{where}: expected `id TAB rating TAB text`, found {line[:80]!r}") from None
        if not -4 <= snippet.rating <= 4:
            raise ValueError(f"{where}: the rating {rating} is not between -4 and 4")
        if not snippet.text:
            raise ValueError(f"{where}: the text is empty")
        snippets.append(snippet)
    if not snippets:
        raise ValueError(f"{FILES[domain]} is empty")
    return snippets


def without_duplicates(snippets: Iterable[Snippet]) -> list[Snippet]:
    """The first of each text; texts that differ only in case are the same."""
    first: dict[str, Snippet] = {}
    for snippet in snippets:
        first.setdefault(snippet.text.casefold(), snippet)
    return list(first.values())


def split(snippets: Iterable[Snippet], held_out: float) -> Mapping[str, list[Snippet]]:
    """Train, validation and test; the latter two get a share of `held_out` each.

    A text's side is drawn by a hash of the text alone: it does not depend on the order, on a
    seed or on what else is in the data, and no text is on two sides.
    """
    return split_by(lambda snippet: snippet.text, snippets, held_out)


def split_by(text: Callable[[Item], str], items: Iterable[Item], held_out: float) -> dict[str, list[Item]]:
    """`split` for whatever has a text that decides."""
    sides: dict[str, list[Item]] = {name: [] for name in SPLITS}
    for item in items:
        digest = hashlib.sha256(text(item).casefold().encode()).digest()
        position = int.from_bytes(digest[:8], "big") / 2**64
        side = "test" if position < held_out else "validation" if position < 2 * held_out else "train"
        sides[side].append(item)
    return sides


def prompt_and_completion(text: str, prompt_words: int) -> tuple[str, str] | None:
    """The first words of a text, and the rest with its leading space; None where no rest is left."""
    words = text.split(" ")
    if len(words) <= prompt_words:
        return None
    return " ".join(words[:prompt_words]), " " + " ".join(words[prompt_words:])
