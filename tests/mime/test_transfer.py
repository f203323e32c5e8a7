"""Content transfer encodings."""

import re

import pytest

from mailkit.mime import transfer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", "a\r\nb"),
        ("a\r\nb", "a\r\nb"),
        ("a\rb", "a\r\nb"),
        ("\n\r", "\r\n\r\n"),
        ("\r\r\n\n", "\r\n\r\n\r\n"),
        ("a\x85b\u2028c\x0bd", "a\x85b\u2028c\x0bd"),
        ("", ""),
    ],
)
def test_line_ends_when_canonical_are_all_crlf(text: str, expected: str) -> None:
    """Each of CR, LF and CRLF, and nothing else, becomes CRLF."""
    assert transfer.canonical(text.encode()) == expected.encode()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("", "7bit"),
        ("Hello\n", "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 998 + "\n" + "y" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("nul \0 inside", "quoted-printable"),
        ("Un café, s'il vous plaît", "quoted-printable"),
        ("日本語の文章", "base64"),
        ("é", "base64"),
        ("From here", "7bit"),
        ("=" * 2000, "base64"),
    ],
)
def test_text_when_encoded_takes_the_cheapest_legal_encoding(text: str, encoding: str) -> None:
    """7bit if the lines allow it, else the shorter of quoted-printable and base64."""
    assert transfer.encode_text(text).encoding == encoding


TEXTS = [
    "caf\u00e9 \n tr\u00e9s \t\n\nend ",
    "x" * 5000,
    "long \u00e9 " * 500,
    ".\n..\n.leading dots \u00e9",
    "From me \u00e9\nFrom you",
    "nul \0 and = and =3D and ?= \u00e9",
    "tab\t\nspace \nboth \t\n\u00e9",
    "\r\n\r\n\u00e9 padding padding padding",
    "日本語\r改行\n" * 50,
    "🎉" * 400,
    "\x01\x02\x1b[0m \x7f\u00e9" + "a" * 50,
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_when_encoded_and_decoded_is_the_same_with_crlf(text: str) -> None:
    """Nothing but the line ends changes, and the wire form breaks no limit (RFC 2045 6.7, 6.8)."""
    encoded = transfer.encode_text(text)
    assert transfer.decode(encoded.data, encoded.encoding) == transfer.canonical(text.encode())
    lines = encoded.data.split(b"\r\n")
    assert encoded.data.isascii()
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    if encoded.encoding != "7bit":
        assert max(map(len, lines)) <= 76
        assert not any(line.endswith((b" ", b"\t")) for line in lines)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 114, 115, 5000])
def test_bytes_when_encoded_come_back_untouched_in_lines_of_76(size: int) -> None:
    """Binary data keeps its line ends; full lines are exactly 76 characters."""
    data = (bytes(range(256)) * 20)[:size]
    encoded = transfer.encode_binary(data)
    assert encoded.encoding == "base64"
    assert re.fullmatch(rb"(?:[A-Za-z0-9+/=]{76}\r\n)*[A-Za-z0-9+/=]{0,76}", encoded.data)
    assert not encoded.data.endswith(b"\n")
    assert transfer.decode(encoded.data, "base64") == data


def test_text_when_it_has_half_a_character_cannot_be_encoded() -> None:
    """There is no encoding for a lone surrogate."""
    with pytest.raises(UnicodeEncodeError):
        transfer.encode_text("\ud83d")


@pytest.mark.parametrize(
    ("data", "encoding", "expected"),
    [
        (b"SGVsbG8=", "BASE64 ", b"Hello"),
        (b"SGVs\r\n bG8", "base64", b"Hello"),
        (b"SGVsbG8gV29ybG", "base64", b"Hello Worl"),
        (b"SGVsb", "base64", b"Hel"),
        (b"S", "base64", b""),
        (b"-- SGVsbG8= --", "base64", b"Hello"),
        (b"", "base64", b""),
        (b"caf=C3=A9=\r\n!", "Quoted-Printable", "café!".encode()),
        (b"bad =XY and =", "quoted-printable", b"bad =XY and "),
        (b"as is =41", "7bit", b"as is =41"),
        (b"as is =41", "x-unknown", b"as is =41"),
    ],
)
def test_bytes_when_badly_encoded_are_decoded_as_far_as_they_go(data: bytes, encoding: str, expected: bytes) -> None:
    """Real mail has no padding, stray characters, cut ends and unknown encodings."""
    assert transfer.decode(data, encoding) == expected
