"""Charset names from strangers."""

import pytest

from mailkit.mime import charset


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (b"caf\xc3\xa9", "utf-8", "café"),
        (b"caf\xe9", "ISO-8859-1", "café"),
        (b"\x80", "windows-1252", "€"),
        (b"\xc4\xe3", "gb2312", "你"),
        (b"\x1b$B%F\x1b(B", "iso-2022-jp", "テ"),
        (b"+AOk-", "utf-7", "é"),
    ],
)
def test_bytes_when_in_a_known_charset_become_characters(data: bytes, name: str, text: str) -> None:
    """The charsets of mail are read."""
    assert charset.decode(data, name) == text


@pytest.mark.parametrize(
    "name",
    [
        "",
        "no-such-charset",
        "a\0b",
        "é",
        "../../etc",
        "x" * 10_000,
        "rot13",
        "base64",
        "zlib",
        "undefined",
        "idna",
        "punycode",
        "unicode_escape",
        "Raw-Unicode-Escape",
    ],
)
def test_bytes_when_the_name_is_no_charset_of_mail_are_none(name: str) -> None:
    """Unknown names, Python's transformations, and its quadratic or program-like codecs are no charsets."""
    assert charset.decode(rb"a\n=41", name) is None


def test_bytes_when_not_in_their_charset_are_none() -> None:
    """The caller decides what to do with them."""
    assert charset.decode(b"\xff", "utf-8") is None


def test_half_a_character_when_decoded_becomes_the_replacement_character() -> None:
    """UTF-7 lets lone surrogates through; nothing that is read may fail to be written."""
    assert charset.decode(b"a+2D0-b", "utf-7") == "a\ufffdb"
