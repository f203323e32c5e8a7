"""Hostile input for everything that reads: only the documented errors, and what was read is stable.

``MAILKIT_FUZZ_EXAMPLES`` says how many examples each test tries.
"""

import os
import pickle
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from mailkit import Address, Message, MessageBuilder
from mailkit.errors import AddressError, HeaderError, MessageError
from mailkit.message import fields, group
from mailkit.message.fields import Kind
from mailkit.message.headers import Field, Headers
from mailkit.mime import encodedword, parameter
from mailkit.mime.control import CONTROL
from tests.property.test_compose import CHARACTERS, LINES, legal_lines

pytestmark = pytest.mark.slow  # hundreds of examples each

EXAMPLES = int(os.environ.get("MAILKIT_FUZZ_EXAMPLES", "200"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def pieces(*special: str) -> st.SearchStrategy[str]:
    """Text made of what means something to a parser, of ordinary letters, and of anything at all."""
    piece = st.sampled_from(special) | st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True) | st.text(max_size=3)
    return st.lists(piece, max_size=24).map("".join)


# Half an encoded word, a wrong one, one in a strange charset, one with half a character.
WORDS = (
    *("=?", "?=", "?", "=?utf-8?q?", "=?utf-8?b?", "=?utf-8?q?=C3?=", "=?utf-8?q?=A9?=", "=?utf-8?b?w6k?="),
    "=?x?q?a?=",
    *("=?utf-8*en?q?a?=", "=?utf-7?q?+2AA-?=", "=?utf-16?b?2AA=?=", "=?idna?q?a?=", "=?unicode-escape?q?=5Cud800?="),
    *("=?hex?q?00?=", "=?rot13?q?a?=", "=?utf-8?b?====?=", "=?utf-8?q?=0D=0ABcc:_x?=", "=?utf-8?q?=22=2C?=", "\r\n "),
    *("=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=", "=?us-ascii?q?=E9?=", "=?iso-2022-jp?b?GyRC?=", "==", "_", "=E9"),
)
ADDRESS_TEXT = pieces(
    *("@", "@", "<", ">", '"', "\\", ",", ";", ":", "(", ")", "[", "]", ".", "..", " ", "\t", "\r\n ", "\n", "\0"),
    *("a@b.example", "<a@b.example>", '"a b"@c.example', "[192.0.2.1]", "[IPv6:::1]", "xn--", "exämple.com", "。"),
    *("\ud800", "\u2028", "\x85", "\u00a0", "\u200b", "ß", "\ufeff", "((((", "a:", ";;", '"\\"', "\\\\", "'", "1"),
    *WORDS,
)
NAMES = st.sampled_from(
    [
        *(
            "Subject",
            "To",
            "FROM",
            "cc",
            "Bcc",
            "Reply-To",
            "Sender",
            "Date",
            "Resent-Date",
            "Message-ID",
            "References",
        ),
        *("Received", "X-A", "Comments", "List-Id", "Content-Type", "Content-Disposition", "MIME-Version", "x" * 200),
    ]
) | pieces(":", " ", "\r\n", "é", "-", "\0")
VALUES = ADDRESS_TEXT | pieces(
    *("Mon, ", "1 Jan 2026", " 03:04:05", " +0000", " -9999", " +99999999999", "GMT", "99", "0000", "Feb", " ", ":"),
    *("x" * 78, "x" * 998, "x" * 2000, " " * 90, "\t", "é", "\x7f"),
)
HEAD_LINES = st.sampled_from(
    [
        *(
            "From: a@b.example",
            "To: a@b.example, ",
            "Bcc: hidden@b.example",
            "bcc:x@b.example,\r\n y@b.example",
            "Cc: a:;",
        ),
        *(
            "Subject: =?utf-8?q?=C3?=\r\n =?utf-8?q?=A9?=",
            "Subject:",
            "Date: Mon, 99 Foo 0000",
            " folded",
            "\t",
            ":",
            "x",
        ),
        *(
            "Content-Type: text/html",
            'Content-Type: text/plain; charset="utf-16"',
            "Content-Type: text/plain; charset=x",
        ),
        *("Content-Type: multipart/mixed; boundary=b", 'Content-Type: multipart/alternative; boundary="b b"'),
        *(
            "Content-Type: multipart/related; boundary=c",
            "Content-Type: multipart/digest; boundary=",
            "Content-Type: /",
        ),
        *("Content-Type: message/rfc822", "Content-Type: message/partial", "Content-Type: text/plain; name*=x''%"),
        *("Content-Type: image/png; name=a", "Content-ID: <a@x>", "Content-ID: <é>", "Content-ID: " + "x" * 300),
        *("Content-Disposition: inline; filename=../x", "Content-Disposition: attachment; filename*1=b; filename*0=a"),
        *("Content-Disposition: attachment; filename*0*=utf-16''%D8%00", "Content-Disposition: ;;;=;", "From x"),
        *("Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable"),
        *("Content-Transfer-Encoding: 8bit", "Content-Transfer-Encoding: x-uuencode", "Message-ID: <a@b>"),
        *("", "", "", "--b", "--b", "--b--", "--b b", "--c", "--c--", "--b \t", "--", "text", "=", "=3", "AAAA", "AAA"),
    ]
)
RAW = st.lists(
    st.tuples(
        HEAD_LINES.map(str.encode) | st.binary(max_size=12), st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])
    ).map(b"".join),
    max_size=30,
).map(b"".join)


@FUZZ
@given(ADDRESS_TEXT)
@example("a" * 5000)
@example("(" * 5000)
@example('"' * 5000)
@example("\\" * 5000)
@example("a:" * 2500)
@example("a@b.example," * 500)
def test_hostile_text_when_read_as_addresses_is_a_stable_list_or_an_address_error(text: str) -> None:
    """Shown and read again, each address is itself; the error points into the text."""
    try:
        found, position, shown = Address.parse_list(text), 0, text
    except AddressError as error:
        found, position, shown = (), error.position, error.text
    assert 0 <= position <= len(shown)
    for one in found:
        assert Address(one.email, name=one.name) == one
        assert Address(one.wire).wire == one.wire
        assert Address(one.wire, name=one.name).key == one.key
        assert pickle.loads(pickle.dumps(one)) == one
        assert not CONTROL.search(str(one))
        one.wire.encode()
    # A name that looks encoded is read as what it says.
    if not any("=?" in one.name for one in found):
        assert all(Address.parse(str(one)) == one for one in found)
        assert Address.parse_list(", ".join(map(str, found))) == found


@FUZZ
@given(ADDRESS_TEXT)
@example("<" + "@a," * 2000 + ":b@c.example>")
@example('"a" . ' * 2000 + "b@c.example")
@example("a@" + "b . " * 2000 + "c")
@example("a:b@c.example;" * 500)
def test_hostile_text_when_read_tolerantly_has_the_groups_and_addresses_of_the_strict_reading(text: str) -> None:
    """What the strict reading takes, the tolerant one takes the same; groups hold what the flat reading gives."""
    try:
        found, position, shown = group.parse_list(text, tolerant=True), 0, text
    except AddressError as error:
        found, position, shown = (), error.position, error.text
        with pytest.raises(AddressError):
            Address.parse_list(text)
        with pytest.raises(AddressError):
            Address.parse_list(text, tolerant=True)
    else:
        assert Address.parse_list(text, tolerant=True) == group.members(found)
        try:
            assert Address.parse_list(text) == group.members(found)
            assert group.parse_list(text) == found
        except AddressError:
            pass
    assert 0 <= position <= len(shown)
    for one in found:
        assert pickle.loads(pickle.dumps(one)) == one
        assert not CONTROL.search(str(one))
    if "=?" not in "".join(map(str, found)):
        assert group.parse_list(", ".join(map(str, found))) == found


@FUZZ
@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_hostile_fields_when_made_are_kept_in_order_or_refused(given_: list[tuple[str, str]]) -> None:
    """A HeaderError or AddressError that names the field; else every field can be looked up by its name."""
    headers = Headers()
    for name, value in given_:
        try:
            field, told = Field.checked(name, value), name
        except (HeaderError, AddressError) as error:
            field, told = None, error.field
        assert told in (name, repr(name))
        if field is None:
            continue
        assert field.name == name
        assert not CONTROL.search(str(field))
        again = headers.with_field(field)
        assert field in again.fields
        assert len(again.fields) == len(headers.fields) + (name not in headers or not fields.rule(name).is_unique)
        assert again[name.upper()] == again.get_all(name.lower())[0]
        assert name not in again.without(name.swapcase())
        headers = again
    assert set(headers) <= {name for name, _ in given_}
    assert len(headers) == len(list(headers)) == len(dict(headers))


@FUZZ
@given(NAMES, VALUES)
@example("References", "x" * 998)
@example("Date", "1 Jan 2026 00:00 +99999999")
def test_a_hostile_field_when_composed_is_read_back_or_refused(name: str, value: str) -> None:
    """Never another value than the one that was set, and never a field more."""
    base = MessageBuilder().from_("a@b.example").message_id("x@b.example").date(datetime(2026, 1, 2))
    try:
        message = base.header(name, value).build()
        raw = bytes(message)
    except MessageError:
        return
    legal_lines(raw)
    read = Message.parse(raw)
    ours, theirs = message.headers.field(name), read.headers.field(name)
    assert ours is not None
    assert theirs is not None
    assert len(read.headers) - len(message.headers) == 2  # the two fields of the body
    if isinstance(ours.value, datetime):
        assert isinstance(theirs.value, datetime)
        assert theirs.value.utctimetuple() == ours.value.utctimetuple()
    elif isinstance(ours.value, tuple):
        assert isinstance(theirs.value, tuple)
        assert [(one.name, one.wire) for one in theirs.value] == [(one.name, one.wire) for one in ours.value]
    elif fields.rule(name).kind is Kind.RAW:
        # Never encoded, so white space at its ends is that of any field.
        assert theirs.value == str(ours.value).strip(" \t")
    else:
        assert theirs.value == ours.value


@FUZZ
@given(RAW | st.binary(max_size=200))
@example(b"A: b\r\n" * 2000)
@example(b"A: b\r\n" + b" x\r\n" * 5000)
@example(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 2000)
@example(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 500)
@example(b"Content-Type: message/rfc822\r\n\r\n" * 1000)
def test_hostile_bytes_when_read_are_a_stable_message(raw: bytes) -> None:
    """Read, sent and read again, it is the same message, without the blind copies."""
    message = Message.parse(raw)
    sent = bytes(message)
    assert "Bcc" not in message.headers
    assert not CONTROL.search("".join(map(str, message.headers.fields)))
    for text in (str(message), repr(message), message.text or "", message.html or "", *message.defects):
        text.encode()
    assert pickle.loads(pickle.dumps(message)) == message
    assume(message.headers.fields)  # of nothing but blind copies nothing is left
    again = Message.parse(sent)
    assert again == replace(message, bcc=())
    assert bytes(again) == sent


@FUZZ
@given(pieces(*WORDS, " ", "\t", "\r\n ", "\n", "é", "\ud800"))
@example("=?utf-8?q?" + "a" * 5000)
@example("=?utf-8?q?a?= " * 1000)
@example("=?" * 5000)
@example("=?a?q?" * 2000)
def test_hostile_words_when_decoded_are_text(text: str) -> None:
    """Whatever is no encoded word stays as it is, and no half character comes in."""
    decoded = encodedword.decode(text)
    if "=?" not in text or "?=" not in text:
        assert decoded == text
    if not any("\ud800" <= character <= "\udfff" for character in text):
        decoded.encode()


@FUZZ
@given(LINES | st.text(CHARACTERS, max_size=200), LINES, st.integers(-20, 75))
def test_any_text_when_encoded_and_folded_decodes_to_itself(text: str, other: str, first: int) -> None:
    """However the encoded words are cut and folded; also with plain text around them."""
    assume(text)
    folded = "\r\n ".join(encodedword.encode(text, first=first))
    assert encodedword.decode(folded) == text
    if "=?" not in other:
        assert encodedword.decode(f"{other}x {folded} x{other}") == f"{other}x {text} x{other}"


@FUZZ
@given(
    pieces(
        *(
            ";",
            ";",
            "=",
            '"',
            "\\",
            "*",
            "*=",
            "*0=",
            "*0*=",
            "*1=",
            "*1*=",
            "*99=",
            "*999*=",
            "'",
            "''",
            "utf-8''",
            "%",
        ),
        *("%C3", "%A9", "%0D%0A", "%00", "%zz", " ", "\t", "\r\n ", "filename", "charset", "x''", "utf-16''", "idna''"),
        *("(", ")", "é", "\ud800", *WORDS),
    )
)
@example(";" * 5000)
@example('; a="' + "\\" * 5000)
@example("".join(f"; a*{number}=x" for number in range(1200)))
@example("; a*=" + "'" * 5000)
def test_hostile_parameters_when_read_are_text_that_can_be_written(text: str) -> None:
    """Names in lower case; and what was read, written and read again, is the same."""
    value, found = parameter.parse(text)
    assert value == text.partition(";")[0].strip()
    assert all(name == name.lower() and name for name in found)
    writable = {
        name: value
        for name, value in found.items()
        if name.isascii() and name.isalnum() and not CONTROL.search(value)  # these are what callers write
    }
    assert parameter.parse("x/y" + "".join(parameter.tokens(writable))) == ("x/y", writable)


@FUZZ
@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,15}", fullmatch=True), LINES, max_size=4))
def test_any_parameters_when_written_are_read_back_exactly(parameters: dict[str, str]) -> None:
    """Whatever quotes, percent signs, apostrophes and white space the values hold."""
    written = "".join(parameter.tokens(parameters))
    assert written.isascii()
    assert parameter.parse("x/y" + written) == ("x/y", parameters)
