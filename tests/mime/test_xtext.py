"""xtext: what stands in parameters of SMTP comes back as it was, and never ends them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit.mime import xtext

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", ""),
        ("bob@example.com", "bob@example.com"),
        ("a+b=c d", "a+2Bb+3Dc+20d"),
        ("\r\nRSET", "+0D+0ARSET"),
        ("~!", "~!"),
        ("\x7f\0", "+7F+00"),
        ("ë", "+C3+AB"),
    ],
)
def test_xtext_when_encoded_then_it_is_as_rfc_3461_4_says(text: str, encoded: str) -> None:
    """Upper-case hexadecimal digits after a plus."""
    assert xtext.encode(text) == encoded
    assert xtext.decode(encoded) == text


@pytest.mark.parametrize("text", ["a b", "a=b", "+", "+2", "+2b", "+GG", "a\n", "+FF", "ë"])
def test_xtext_when_it_is_none_then_it_is_not_decoded(text: str) -> None:
    """Lower-case digits, half a character, anything raw."""
    assert xtext.decode(text) is None


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("zoë@example.com", r"zo\x{EB}@example.com"),
        ("葉@例え.jp", r"\x{8449}@\x{4F8B}\x{3048}.jp"),
        ("a+b=c\\ d", r"a\x{2B}b\x{3D}c\x{5C}\x{20}d"),
        ("\U0001f4eb", r"\x{1F4EB}"),
        ("\U0010ffff\n", r"\x{10FFFF}\x{0A}"),
    ],
)
def test_address_when_encoded_then_it_is_as_rfc_6533_3_says(text: str, encoded: str) -> None:
    """ASCII only, so that it needs no SMTPUTF8."""
    assert xtext.encode_address(text) == encoded
    assert xtext.decode_address(encoded) == text


@pytest.mark.parametrize(
    "text", ["a b", "a+b", "a=b", "\\", r"\x{}", r"\x{eb}", r"\x{D800}", r"\x{110000}", r"\xEB", "a\n"]
)
def test_address_when_it_is_none_then_it_is_not_decoded(text: str) -> None:
    """What no encoder makes."""
    assert xtext.decode_address(text) is None


def test_address_when_it_is_raw_utf_8_then_it_is_decoded() -> None:
    """RFC 6533 3: the form for servers with SMTPUTF8."""
    assert xtext.decode_address("zoë@example.com") == "zoë@example.com"


@given(TEXT)
def test_any_text_when_encoded_then_it_is_one_word_and_comes_back(text: str) -> None:
    """Nothing can end the parameter or the command."""
    for encode, decode in ((xtext.encode, xtext.decode), (xtext.encode_address, xtext.decode_address)):
        encoded = encode(text)
        assert re.fullmatch(r"[!-<>-~]*", encoded)
        assert decode(encoded) == text


@given(st.text())
def test_any_text_when_decoded_then_it_is_text_or_none(text: str) -> None:
    """No input is an error."""
    for decode in (xtext.decode, xtext.decode_address):
        decoded = decode(text)
        assert decoded is None or decoded.encode() is not None
