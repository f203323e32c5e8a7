"""The file format: head and body."""

import pytest

from mailkit.errors import TemplateBroken
from mailkit.template import source


def head(text: str) -> list[tuple[str, str, int]]:
    return [(line.name, line.value, line.line) for line in source.split(text, name="a.html").head]


def test_split_with_a_head_gives_header_lines_and_body() -> None:
    """Header lines end at the first empty line; what follows is the body."""
    found = source.split("Subject: Hi {{ name }}\nX-Tag: a:b\n\n<p>Body</p>\n", name="a.html")
    assert [(line.name, line.value, line.line) for line in found.head] == [
        ("Subject", "Hi {{ name }}", 1),
        ("X-Tag", "a:b", 2),
    ]
    assert found.body.endswith("<p>Body</p>\n")


@pytest.mark.parametrize(
    "text",
    [
        "<p>Hello</p>",
        '{% extends "a.html" %}',
        "Hello Zoë,\n\nNote: this is text",
        "",
        "\n\nSubject: no",
        " Subject: x",
    ],
)
def test_split_without_a_head_keeps_everything_as_body(text: str) -> None:
    """A file that does not begin with a header line has none."""
    assert source.split(text, name="a.html") == source.Source((), text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_split_with_any_line_end_gives_the_same(end: str) -> None:
    """Files from Windows and from old Macs are read like all others."""
    text = "Subject: Hi\n  there\nX-A: 1\n\nline 1\nline 2\n"
    assert source.split(text.replace("\n", end), name="a.txt") == source.split(text, name="a.txt")


def test_split_with_a_byte_order_mark_ignores_it() -> None:
    """An editor's byte order mark does not hide the head."""
    assert head("\ufeffSubject: Hi\n\nBody") == [("Subject", "Hi", 1)]


@pytest.mark.parametrize("indent", [" ", "\t", "      "])
def test_split_with_an_indented_line_continues_the_header(indent: str) -> None:
    """A header may be spread over lines; they are joined by one space, and count from the first."""
    assert head(f"Subject: one\n{indent}two\n{indent}three\nX-B: 2\n\nx") == [
        ("Subject", "one two three", 1),
        ("X-B", "2", 4),
    ]


def test_split_with_a_head_only_has_an_empty_body() -> None:
    """A file may be nothing but header lines."""
    found = source.split("Subject: Hi", name="a.txt")
    assert len(found.head) == 1
    assert not found.body.replace("{#", "").replace("#}", "").strip()


def test_split_with_a_line_of_blanks_ends_the_head() -> None:
    """An empty line may hold blanks."""
    assert source.split("Subject: Hi\n  \t\nBody", name="a.txt").body.endswith("Body")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Subject: Hi\n<p>no empty line</p>", 2),
        ("Subject: Hi\nX-A: 1\n1X: bad\n\nBody", 3),
        ("Subject: Hi\nNo colon here\n\nBody", 2),
        ("Subject: Hi\n: no name\n\nBody", 2),
        ("Subject: Hi\nX A: blank in the name\n\nBody", 2),
    ],
)
def test_split_with_a_line_that_is_no_header_says_which(text: str, line: int) -> None:
    """A forgotten empty line is found, and told with its place."""
    with pytest.raises(TemplateBroken, match="is no header line") as caught:
        source.split(text, name="a.html")
    assert (caught.value.name, caught.value.line) == ("a.html", line)
    assert "empty line" in caught.value.hint


@pytest.mark.parametrize("value", ["", " ", "x", "x  ", "a: b: c", "{% if a %}b{% endif %}"])
def test_split_with_any_value_trims_only_its_ends(value: str) -> None:
    """A value is kept as it is written, but for the blanks around it."""
    assert head(f"X-A: {value}\n\nx") == [("X-A", value.strip(), 1)]
