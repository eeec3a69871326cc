"""The opinion snippets of Hutto & Gilbert (ICWSM-14) with their human sentiment ratings.

23,703 short English texts of four domains. 15 to 20 people rated each from -4 (extremely negative) to 4 (extremely
positive); the data has the mean rating.
"""

import hashlib
import html
import re
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
PLACEHOLDERS = re.compile(r"@anonymous|https?://url_removed")
"""What stands in the tweets for names and addresses that were taken out. Policies learn to write nothing else: it tells
a tweet, and tweets have the better ratings."""
SPLITS = ("train", "validation", "test")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Snippet:
    """One text, its domain, and the mean of its human sentiment ratings (-4..4)."""

    text: str
    domain: str
    rating: float


def parse(domain: str, content: str) -> list[Snippet]:
    """The snippets of one file with lines of the form `id TAB mean rating TAB text`.

    Runs of white space become one space, HTML entities are decoded (tweets contain `&amp;`), and placeholders are left
    out.
    Raises ValueError with the file and the line if a line has another form.
    """
    snippets = []
    for number, line in enumerate(content.splitlines(), 1):
        position = f"{FILES[domain]}, line {number}"
        try:
            _, rating, text = line.split("\t", 2)
            snippet = Snippet(plain(text), domain, float(rating))
        except ValueError:
            raise ValueError(f"{position}: expected `id TAB rating TAB text`, found {line[:80]!r}") from None
        if not -4 <= snippet.rating <= 4:
            raise ValueError(f"{position}: the rating {rating} is not between -4 and 4")
        if not snippet.text:
            raise ValueError(f"{position}: the text is empty")
        snippets.append(snippet)
    if not snippets:
        raise ValueError(f"{FILES[domain]} is empty")
    return snippets


def plain(text: str) -> str:
    """A text of the archive as people would have read it."""
    return " ".join(PLACEHOLDERS.sub("", html.unescape(text)).split())


def without_duplicates(snippets: Iterable[Snippet]) -> list[Snippet]:
    """The first snippet of each text. Texts that differ only in case count as equal."""
    first: dict[str, Snippet] = {}
    for snippet in snippets:
        first.setdefault(snippet.text.casefold(), snippet)
    return list(first.values())


def split(snippets: Iterable[Snippet], held_out: float) -> Mapping[str, list[Snippet]]:
    """The splits train, validation and test; validation and test each get a fraction `held_out` of the texts.

    The split of a text follows from a hash of the text alone, not from the order, a seed or the other texts. So no text
    is in two splits.
    """
    return split_by(lambda snippet: snippet.text, snippets, held_out)


def split_by(text: Callable[[Item], str], items: Iterable[Item], held_out: float) -> dict[str, list[Item]]:
    """`split` for any items. text: gives the text of an item that is hashed."""
    splits: dict[str, list[Item]] = {name: [] for name in SPLITS}
    for item in items:
        digest = hashlib.sha256(text(item).casefold().encode()).digest()
        fraction = int.from_bytes(digest[:8], "big") / 2**64
        name = "test" if fraction < held_out else "validation" if fraction < 2 * held_out else "train"
        splits[name].append(item)
    return splits


def prompt_and_completion(text: str, prompt_words: int) -> tuple[str, str] | None:
    """The first words of a text, and the rest with its leading space; None if there is no rest."""
    words = text.split(" ")
    if len(words) <= prompt_words:
        return None
    return " ".join(words[:prompt_words]), " " + " ".join(words[prompt_words:])
