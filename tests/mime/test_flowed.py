"""Text that readers wrap to their own width."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit.mime.flowed import flow, unflow

LONG = "All the world is a stage, and all the men and women merely players: they have their exits and entrances."


def test_a_paragraph_when_flowed_has_soft_line_ends() -> None:
    """Every line but the last ends with the space at which it was broken."""
    lines = flow(LONG).split("\n")
    assert len(lines) == 2
    assert lines[0].endswith(" ")
    assert not lines[1].endswith(" ")
    assert "".join(lines) == LONG
    assert max(map(len, lines)) <= 78


@pytest.mark.parametrize(
    ("text", "flowed"),
    [
        ("", ""),
        ("short", "short"),
        (" indented", "  indented"),
        ("From here on", " From here on"),
        ("a \nb", "a\nb"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("> quoted", "> quoted"),
        (">quoted", "> quoted"),
        ("> > twice", ">> twice"),
        (">", ">"),
        ("-- \nAda", "-- \nAda"),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_line_when_flowed_is_stuffed_where_it_must_be(text: str, flowed: str) -> None:
    """RFC 3676 4.4, 4.5: what begins like a quote, a space or an mbox line gets a space; a signature keeps its own."""
    assert flow(text).rstrip(" ") == flowed.rstrip(" ") if flowed == ">" else flow(text) == flowed


def test_a_quoted_paragraph_when_flowed_keeps_its_marks_on_every_line() -> None:
    """Otherwise the second line would be the writer's own words."""
    lines = flow(f"> > {LONG}").split("\n")
    assert all(line.startswith(">> ") for line in lines)
    assert unflow("\n".join(lines)) == f">> {LONG}"


@pytest.mark.parametrize(
    ("flowed", "text"),
    [
        ("one \ntwo", "one two"),
        ("> one \n> two", "> one two"),
        ("> one \ntwo", "> one \ntwo"),
        ("one \n> two", "one \n> two"),
        ("one \n-- \nAda", "one \n-- \nAda"),
        ("  indented", " indented"),
        (">> a \n> b", ">> a \n> b"),
        ("", ""),
    ],
)
def test_flowed_text_when_read_is_joined_within_one_depth_only(flowed: str, text: str) -> None:
    """RFC 3676 4.5: a change of depth, or the mark of a signature, ends a paragraph in any case."""
    assert unflow(flowed) == text


def test_flowed_text_when_delsp_is_said_loses_the_space() -> None:
    """For scripts that have no spaces between words."""
    assert unflow("日本 \n語", delete_space=True) == "日本語"


@given(st.text(st.sampled_from("ab >\n-Fromé"), max_size=300))
def test_text_when_flowed_and_read_is_the_same_but_for_outer_spaces(text: str) -> None:
    """Nothing else is lost, and no line is longer than a mail line may be unless a word is."""

    def bare(whole: str) -> list[str]:
        # Marks may be written `> >`, and a line that is complete has no space at its end.
        return [_unmarked(line) for line in whole.split("\n")]

    assert bare(unflow(flow(text))) == bare(text)
    longest_word = max(map(len, re.split("[ \n]", text)))
    assert max(map(len, flow(text).split("\n"))) <= max(78, longest_word + text.count(">") + 2)


def _unmarked(line: str) -> str:
    if line == "-- ":
        return line
    marks = re.match(r"(?:> ?)*", line)
    depth = marks[0].count(">") if marks else 0
    return ">" * depth + line[marks.end() if marks else 0 :].rstrip(" ")
