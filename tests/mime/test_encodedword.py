"""Encoded words (RFC 2047)."""

import re

import pytest

from mailkit.mime import encodedword

TEXTS = [
    "é",
    "Résumé of the year",
    "日本語",
    "🎉🎊",
    " outer spaces ",
    "a" * 300,
    "é" * 300,
    "日本語 " * 30,
    "🎉" * 60,
    "=?utf-8?q?x?=",
    "a_b=c?d",
    'quotes " and \\ backslash, (comment) <address>',
    "tab\tinside é",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("first", [75, 40, 24, 3, -50])
def test_text_when_encoded_is_words_of_at_most_75_that_decode_alone(text: str, first: int) -> None:
    """Each word fits, holds whole characters only, and together they say the text (RFC 2047 2, 5)."""
    words = list(encodedword.encode(text, first=first))
    assert all(len(word) <= 75 for word in words)
    assert len(words[0]) <= max(first, 24)
    assert all(re.fullmatch(r"=\?utf-8\?[bq]\?[!->@-~]+\?=", word) for word in words)
    assert "".join(encodedword.decode(word) for word in words) == text
    assert encodedword.decode("\r\n ".join(words)) == text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Zoë is here", "=?utf-8?q?Zo=C3=AB_is_here?="),
        ("Résumé", "=?utf-8?b?UsOpc3Vtw6k=?="),
        ("日本", "=?utf-8?b?5pel5pys?="),
        ("one two three four five, é", "=?utf-8?q?one_two_three_four_five=2C_=C3=A9?="),
    ],
)
def test_text_when_encoded_takes_the_shorter_of_q_and_b(text: str, word: str) -> None:
    """Mostly Latin text stays readable in the source; the rest is base64."""
    assert list(encodedword.encode(text)) == [word]


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        # RFC 2047 8, the examples with their displayed forms
        ("(=?ISO-8859-1?Q?a?=)", "(a)"),
        ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        ("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <paf@nada.kth.se>", "Patrik Fältström <paf@nada.kth.se>"),
        # RFC 2231 5: a language
        ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
        # a character split between two words
        ("=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "café"),
        # three in a row, and text around
        ("a =?utf-8?q?b?= =?utf-8?q?c?= =?utf-8?q?d?= e", "a bcd e"),
        # base64 without padding
        ("=?utf-8?b?w6k?=", "é"),
        # nothing inside
        ("a =?utf-8?q??= b", "a  b"),
    ],
)
def test_a_header_when_decoded_reads_as_the_rfc_says(wire: str, text: str) -> None:
    """The examples of RFC 2047 8, and what real senders do."""
    assert encodedword.decode(wire) == text


@pytest.mark.parametrize(
    "wire",
    ["plain", "2 =? 3", "=?utf-8?x?abc?=", "=?utf-8?b?a?=", "=?utf-8?q?no end", "=?=?=?=", "=?utf-8?q?a b?="],
)
def test_a_header_when_it_holds_no_readable_word_stays(wire: str) -> None:
    """What cannot be decoded is left alone."""
    assert encodedword.decode(wire) == wire


def test_a_word_when_its_charset_is_unknown_is_read_byte_by_byte() -> None:
    """Something readable comes out."""
    assert encodedword.decode("=?no-such?q?caf=E9?=") == "café"


def test_a_word_when_its_bytes_are_broken_shows_replacement_characters() -> None:
    """The rest of the word is not lost."""
    assert encodedword.decode("=?utf-8?q?caf=FF!?=") == "caf\ufffd!"


@pytest.mark.parametrize(("text", "plain"), [("", True), ("a b", True), ("é", False), ("=?", False), ("a=?b", False)])
def test_text_when_it_looks_like_an_encoded_word_is_not_plain(text: str, plain: bool) -> None:
    """A literal "=?" would be decoded by readers, so it is encoded."""
    assert encodedword.is_plain(text) is plain
