import pytest

from lib.data.snippets import Snippet, parse, prompt_and_completion, split, without_duplicates


def test_parse_folds_spaces_and_resolves_entities():
    content = "1_1\t-0.9\tgood  films &amp; bad\u00a0ones \r\n2\t4\tfine\r\n"
    assert parse("tweet", content) == [
        Snippet("good films & bad ones", "tweet", -0.9),
        Snippet("fine", "tweet", 4.0),
    ]


@pytest.mark.parametrize(
    "line", ["1 0.5 no tabs", "1\tgood\ta text", "1\t0.5", "1\t7\ttoo much", "1\t0.5\t ", "1\tnan\tx"]
)
def test_a_malformed_line_is_named(line):
    with pytest.raises(ValueError, match=r"tweets_GroundTruth.txt, line 2"):
        parse("tweet", f"1\t0\tfine\n{line}\n")


def test_an_empty_file_is_named():
    with pytest.raises(ValueError, match=r"tweets_GroundTruth.txt is empty"):
        parse("tweet", "")


def test_duplicates_are_of_any_case_and_the_first_stays():
    snippets = [Snippet("A b", "movie", 1), Snippet("a B", "tweet", 2), Snippet("c", "tweet", 3)]
    assert without_duplicates(snippets) == [snippets[0], snippets[2]]


def test_split_keeps_every_text_on_one_side_whatever_else_there_is():
    snippets = [Snippet(f"text {i}", "movie", 0) for i in range(2000)]
    sides = split(snippets, 0.1)
    assert sorted(s.text for side in sides.values() for s in side) == sorted(s.text for s in snippets)
    assert 150 < len(sides["test"]) < 250
    assert 150 < len(sides["validation"]) < 250
    few = split(snippets[::-7], 0.1)
    assert all(snippet in sides[name] for name, members in few.items() for snippet in members)


def test_prompt_and_completion():
    assert prompt_and_completion("one two three four", 2) == ("one two", " three four")
    assert prompt_and_completion("one two", 2) is None
