"""Folding of header fields."""

import pytest

from mailkit.errors import HeaderError
from mailkit.mime import encodedword
from mailkit.mime.fold import fold, raw_tokens, text_tokens


def unfolded(field: str) -> str:
    return field.replace("\r\n", "").partition(": ")[2]


def written(text: str, name: str = "Subject") -> str:
    return fold(name, text_tokens(text, column=len(name) + 1))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Hello", "Subject: Hello\r\n"),
        ("", "Subject: \r\n"),
        ("Résumé", "Subject: =?utf-8?b?UsOpc3Vtw6k=?=\r\n"),
        ("My Résumé here", "Subject: My =?utf-8?b?UsOpc3Vtw6k=?= here\r\n"),
        ("é ö x", "Subject: =?utf-8?b?w6kgw7Y=?= x\r\n"),
        ("abc ", "Subject: =?utf-8?q?abc_?=\r\n"),
        (" abc", "Subject: =?utf-8?q?_abc?=\r\n"),
        ("a  b c", "Subject: =?utf-8?q?a__b?= c\r\n"),
        ("a\tb c", "Subject: =?utf-8?b?YQli?= c\r\n"),
        (" ", "Subject: =?utf-8?q?_?=\r\n"),
        ("a =?b", "Subject: a =?utf-8?b?PT9i?=\r\n"),
    ],
)
def test_text_when_written_is_encoded_only_where_it_needs_to_be(text: str, field: str) -> None:
    """ASCII words stay readable; odd white space is encoded with its word, because relays normalise it."""
    assert written(text) == field
    assert encodedword.decode(unfolded(field)) == text


@pytest.mark.parametrize(
    "text",
    [
        "word " * 100 + "end",
        "é " * 100 + "end",
        "wörd word " * 40 + "end",
        "日本語" * 40,
        "x" * 5000,
        "a" * 30 + " " + "é" * 60,
        "Gesellschaft  für   deutsche Sprache " * 10,
        "=?utf-8?q?x?= " * 20,
        "\t".join(["tab"] * 60),
    ],
)
@pytest.mark.parametrize("name", ["Subject", "X", "X-Quite-A-Long-Name-For-A-Header-Field"])
def test_long_text_when_written_folds_at_76_and_reads_back_exactly(text: str, name: str) -> None:
    """Lines are at most 76 long, none is white space only, and unfolding gives the text again."""
    field = written(text, name)
    lines = field.removesuffix("\r\n").split("\r\n")
    assert max(map(len, lines)) <= 76
    assert all(line.strip() for line in lines)
    assert encodedword.decode(unfolded(field)) == text


def test_a_long_plain_word_when_written_stays_plain() -> None:
    """A URL in a subject stays a URL; its line may pass 76."""
    url = "https://example.com/" + "x" * 600
    assert written(f"See {url} soon") == f"Subject: See\r\n {url}\r\n soon\r\n"


@pytest.mark.parametrize("length", [699, 700, 701, 5000])
def test_an_endless_word_when_written_never_passes_998(length: int) -> None:
    """Past the limit a word is encoded, because only an encoded word can be broken up."""
    name = "X-" + "n" * 198
    field = written("x" * length, name)
    assert max(map(len, field.split("\r\n"))) <= 998
    assert encodedword.decode(unfolded(field)) == "x" * length


def test_a_value_when_nothing_can_fold_it_is_refused_with_the_name() -> None:
    """An id of a thousand characters has no legal line."""
    with pytest.raises(HeaderError, match=r"^References: .*998") as caught:
        fold("References", raw_tokens("<" + "x" * 1000 + ">"))
    assert caught.value.name == "References"


def test_a_line_when_exactly_998_long_is_taken() -> None:
    """RFC 5322 2.1.1 counts without the line end."""
    assert len(fold("References", raw_tokens("x" * (998 - len("References: "))))) == 1000


def test_spaces_when_raw_text_has_many_are_kept_and_make_no_empty_line() -> None:
    """A line of white space only would end the header for some relays."""
    value = "a" * 60 + " " * 60 + "b" * 60
    field = fold("References", raw_tokens(value))
    assert unfolded(field) == value
    assert all(line.strip() for line in field.removesuffix("\r\n").split("\r\n"))
