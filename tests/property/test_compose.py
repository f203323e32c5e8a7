"""Whatever is composed is legal on the wire and reads back exactly, by mailkit and by Python's own parser."""

import email
import email.policy
import re
from datetime import datetime
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailkit import Address, Attachment, Message, MessageBuilder
from mailkit.errors import AddressError, MessageError
from mailkit.mime import encodedword, parameter, transfer
from mailkit.mime.control import CONTROL
from mailkit.mime.fold import fold, text_tokens

pytestmark = pytest.mark.slow  # a hundred examples each

BOUNDED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Pieces that have broken mail libraries, mixed with any character that a header may hold.
NASTY = st.sampled_from(
    [
        *("=?", "?=", "=?utf-8?q?x?=", "  ", " ", "\t", '"', "\\", ",", ";", ":", "<a@b.example>", "é", "日本語", "🎉"),
        *("_", "=", "word " * 20, "x" * 90, "x" * 1000, "'", "%41", "(", ")", "ü x ", "--", "."),
        *("\u00a0", "\u0301", "\ufeff", "\u202e"),
    ]
)
CHARACTERS = st.characters(exclude_categories=["Cs"]).filter(lambda character: not CONTROL.match(character))
LINES = st.lists(NASTY | st.text(CHARACTERS, max_size=20), max_size=12).map("".join)
# The older functions of Python's email package, the judges of names, take tabs for spaces and drop outer ones.
NAMES = LINES.map(lambda text: " ".join(text.split()))
FILE_NAMES = LINES.filter(lambda text: not {"/", "\\"} & set(text) and text.strip()).map(lambda text: text[:400])
BODIES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | NASTY
    | st.sampled_from(["\n", "\r\n", "\r", "\0", "."]),
    max_size=20,
).map("".join)

LOCALS = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}(\.[a-z0-9]{1,8})?", fullmatch=True)
DOMAINS = st.sampled_from(
    ["example.com", "localhost", "exämple.com", "straße.de", "例え.テスト", "a-b.c3", "[192.0.2.1]"]
)
EMAILS = st.builds("{}@{}".format, LOCALS | st.sampled_from(["josé", '"a b"', '"x@y"', "用户"]), DOMAINS)


def legal_lines(raw: bytes) -> None:
    """RFC 5322 2.1.1, 2.3: CRLF only, no NUL, no line over 998."""
    assert b"\0" not in raw
    lines = raw.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998


def legal_words(head: str) -> None:
    """RFC 2047 2, 5: at most 75 characters, each whole on its own, never glued together, lines of at most 76."""
    words = re.findall(r"=\?utf-8\?[bq]\?[^? ]*\?=", head)
    assert all(len(word) <= 75 for word in words)
    for word in words:
        for data, charset in decode_header(word):
            data.decode(charset)
    assert "?==?" not in head
    assert all(len(line) <= 76 for line in head.split("\r\n") if "?utf-8?" in line)


def newlines(text: str) -> str:
    return re.sub(r"\r\n|\r", "\n", text)


@BOUNDED
@given(LINES)
@example("a\tb")
@example("abc ")
@example(" ")
@example("=?utf-8?q?x?= =?utf-8?q?y?=")
def test_a_subject_when_composed_reads_back_exactly(subject: str) -> None:
    """By both readers, within all limits."""
    raw = bytes(MessageBuilder().from_("a@b.example").subject(subject).build())
    legal_lines(raw)
    legal_words(raw.decode())
    assert Message.parse(raw).subject == subject
    assert email.message_from_bytes(raw, policy=email.policy.default)["Subject"] == subject


@BOUNDED
@given(st.text(CHARACTERS, max_size=300), st.integers(-20, 75))
def test_encoded_words_when_made_hold_whole_characters(text: str, first: int) -> None:
    """Each word alone decodes; together they are the text."""
    words = list(encodedword.encode(text, first=first)) if text else []
    assert "".join(map(encodedword.decode, words)) == text
    assert all(len(word) <= 75 for word in words)


@BOUNDED
@given(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,40}", fullmatch=True), LINES)
def test_a_field_when_folded_is_within_76_where_its_words_allow(name: str, text: str) -> None:
    """A line is longer only when one plain word, or the name with it, is."""
    field = fold(name, text_tokens(text, column=len(name) + 1)).removesuffix("\r\n")
    first, *rest = field.split("\r\n")
    assert len(first) <= 76 or " " not in first.partition(": ")[2]
    assert all(len(line) <= 76 or " " not in line[1:] for line in rest)
    assert all(line.strip(" \t") and line[0] in " \t" for line in rest)
    assert encodedword.decode(field.replace("\r\n", "").partition(": ")[2]) == text


@BOUNDED
@given(st.lists(st.tuples(LINES, EMAILS), min_size=1, max_size=8))
def test_addressees_when_composed_read_back_exactly(people: list[tuple[str, str]]) -> None:
    """Every name, also with tabs and outer spaces, and every address."""
    given_ = [Address(address, name=name) for name, address in people]
    raw = bytes(MessageBuilder().from_("a@b.example").to(given_).build())
    legal_lines(raw)
    legal_words(raw.decode())
    message = Message.parse(raw)
    assert [(address.name, address.wire) for address in message.to] == [(one.name, one.wire) for one in given_]
    assert message.needs_smtputf8 is any(one.needs_smtputf8 for one in given_)
    assert not message.defects


@BOUNDED
@given(st.lists(st.tuples(NAMES, LOCALS), min_size=1, max_size=6))
def test_addressees_when_judged_by_python_come_back_exactly(people: list[tuple[str, str]]) -> None:
    """With its older functions; the modern ones add spaces to names (cpython#128110)."""
    given_ = [Address(f"{local}@example.com", name=name) for name, local in people]
    raw = bytes(MessageBuilder().from_("a@b.example").to(given_).build())
    theirs = getaddresses([str(email.message_from_bytes(raw, policy=email.policy.compat32)["To"]).replace("\r\n", "")])
    read = [(str(make_header(decode_header(name))), address) for name, address in theirs]
    assert read == [(one.name, one.email) for one in given_]


@BOUNDED
@given(LINES, EMAILS)
def test_an_address_when_shown_parses_to_itself(name: str, address: str) -> None:
    """str() is a faithful form for every name that does not itself look encoded."""
    one = Address(address, name=name)
    if "=?" not in name:
        assert Address.parse(str(one)) == one


@BOUNDED
@given(FILE_NAMES, st.binary(max_size=300))
@example("it's.pdf", b"")
@example("a" * 2000, b"")
def test_a_file_when_composed_reads_back_exactly(filename: str, data: bytes) -> None:
    """Name and bytes, by both readers."""
    file = Attachment(data, filename=filename, type="application/x-thing")
    raw = bytes(MessageBuilder().from_("a@b.example").text("t").attach(file).build())
    legal_lines(raw)
    assert raw.isascii()
    assert Message.parse(raw).attachments == (file,)
    (theirs,) = email.message_from_bytes(raw, policy=email.policy.default).iter_attachments()
    assert theirs.get_payload(decode=True) == data


@BOUNDED
@given(BODIES, BODIES)
def test_bodies_when_composed_read_back_with_their_line_ends_as_one_kind(text: str, html: str) -> None:
    """By both readers; NUL, long lines and every character included."""
    raw = bytes(MessageBuilder().from_("a@b.example").text(text).html(html).build())
    legal_lines(raw)
    assert raw.isascii()
    message = Message.parse(raw)
    assert newlines(message.text or "") == newlines(text)
    assert newlines(message.html or "") == newlines(html)
    theirs = email.message_from_bytes(raw, policy=email.policy.default)
    read = [part.get_payload(decode=True).decode() for part in theirs.iter_parts()]
    assert [newlines(one) for one in read] == [newlines(text), newlines(html)]


@BOUNDED
@given(BODIES)
def test_a_single_body_when_composed_reads_back_up_to_its_last_line_end(text: str) -> None:
    """A message ends in a line end; a text that does not gets one."""
    read = Message.parse(bytes(MessageBuilder().from_("a@b.example").text(text).build())).text or ""
    assert newlines(read).removesuffix("\n") == newlines(text).removesuffix("\n")


@BOUNDED
@given(st.lists(st.tuples(FILE_NAMES, st.binary(max_size=60)), max_size=4), st.booleans(), st.booleans())
def test_a_tree_when_composed_reads_back_in_order(files: list[tuple[str, bytes]], text: bool, html: bool) -> None:
    """Bodies, embedded images and files, each in its place."""
    builder = MessageBuilder().from_("a@b.example")
    builder = builder.text("text") if text else builder
    builder = builder.html("html") if html else builder
    for number, (filename, data) in enumerate(files):
        builder = builder.attach(data, filename=filename, type="x/y")
        builder = builder.embed(data, filename=filename, type="image/png", cid=f"{number}@x")
    message = builder.build()
    again = Message.parse(bytes(message))
    assert again.attachments == message.attachments
    assert again.embedded == message.embedded
    assert ((again.text or "").rstrip() == "text") is (text)
    assert ((again.html or "").rstrip() == "html") is (html)
    assert not again.defects


@BOUNDED
@given(st.text(max_size=200), st.binary(max_size=200))
def test_any_text_when_given_to_every_step_is_written_or_refused(text: str, data: bytes) -> None:
    """Nothing but a MessageError, and never a line that was not meant."""
    builder = MessageBuilder().from_("a@b.example")
    steps = [
        lambda: builder.subject(text),
        lambda: builder.to(text),
        lambda: builder.to((text, "a@b.example")),
        lambda: builder.cc(("x", text)),
        lambda: builder.header("X-A", text),
        lambda: builder.header(text, "x"),
        lambda: builder.header("References", text),
        lambda: builder.header("Date", text),
        lambda: builder.message_id(text),
        lambda: builder.list_unsubscribe(url=f"https://x.example/{text}", mailto=text),
        lambda: builder.list_unsubscribe(mailto=f"a@b.example?{text}"),
        lambda: builder.attach(data, filename=text or "x"),
        lambda: builder.attach(data, filename="x", type=text),
        lambda: builder.embed(data, filename="x", cid=text),
        lambda: builder.text(text),
        lambda: builder.html(text),
    ]
    for step in steps:
        try:
            raw, field = bytes(step().build()), "none"
        except MessageError as error:
            raw, field = b"", error.field
        assert field
        legal_lines(raw)


HEADS = st.lists(
    st.sampled_from(
        [
            *(b"Subject: x", b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: text/plain; charset="),
            *(b"--b", b"--b--", b"", b"", b" folded", b"\t", b"To: ", b"Bcc: a@b.example", b"Date: ", b"=?utf-8?q?"),
            *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"AAAA=", b"=3"),
            *(
                b"Content-Disposition: attachment; filename*0*=utf-8''%",
                b"Content-ID: <",
                b"Content-Type: message/rfc822",
            ),
            *(b"Date: 1 Jan 2026 00:00 +99999999", b"Date: Mon, 0 0 0", b"=?unicode-escape?q?=5Cud800?=", b"From "),
        ]
    )
    | st.binary(max_size=30),
    max_size=25,
).map(b"\r\n".join)


@settings(BOUNDED, max_examples=200)
@given(st.binary(max_size=300) | HEADS)
def test_any_bytes_when_read_are_a_message(raw: bytes) -> None:
    """No exception; and what was read can be shown, sent and read again."""
    message = Message.parse(raw)
    assert "Bcc" not in message.headers
    if message.headers:
        assert b"\r\nbcc:" not in bytes(message).partition(b"\r\n\r\n")[0].lower()
        assert Message.parse(bytes(message)).headers == message.headers
    for field in message.headers.fields:
        assert not CONTROL.search(str(field))
    for text in (str(message), repr(message), message.text or "", message.html or ""):
        text.encode()


@BOUNDED
@given(st.text(max_size=40) | st.lists(NASTY, max_size=8).map("".join))
def test_any_text_when_read_as_addresses_is_a_list_or_an_address_error(text: str) -> None:
    """And every address of the list is one."""
    try:
        found, position = Address.parse_list(text), 0
    except AddressError as error:
        found, position = (), error.position
    assert 0 <= position <= len(text)
    assert all("@" in address.email for address in found)


@BOUNDED
@given(
    st.from_regex(r"[a-zA-Z0-9.+_'-]{0,12}@?[a-zA-Z0-9.-]{0,14}", fullmatch=True)
    | st.builds("{}@{}".format, LOCALS, st.from_regex(r"[a-z0-9-]{1,5}(\.[a-z0-9-]{1,4}){0,2}", fullmatch=True))
)
@example("a@b.c-")
@example("a@1.2")
@example("A@B.C")
def test_an_ordinary_address_when_decided_quickly_is_decided_as_by_email_validator(address: str) -> None:
    """The short way for plain ASCII has the same rules as the library behind it."""
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False, allow_domain_literal=True)
        is_legal = not address.rpartition(".")[2].rpartition("@")[2].isdigit()
    except EmailNotValidError:
        is_legal = False
    try:
        is_taken = bool(Address(address))
    except AddressError:
        is_taken = False
    assert is_taken is is_legal


@BOUNDED
@given(st.text(max_size=200))
def test_any_text_when_read_as_parameters_or_words_never_fails(text: str) -> None:
    """The tolerant readers take everything."""
    _, found = parameter.parse(text)
    assert all(isinstance(value, str) for value in found.values())
    assert isinstance(encodedword.decode(text), str)


@BOUNDED
@given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "7bit", "x"]))
def test_any_bytes_when_transfer_decoded_never_fail(data: bytes, encoding: str) -> None:
    """And what was encoded comes back."""
    assert isinstance(transfer.decode(data, encoding), bytes)
    assert transfer.decode(transfer.encode_binary(data).data, "base64") == data


@BOUNDED
@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.none() | st.timezones()))
def test_a_date_when_composed_reads_back_to_the_second(moment: datetime) -> None:
    """With its offset, to the minute."""
    moment = moment.replace(microsecond=0)
    if moment.tzinfo and (moment.utcoffset() is None or moment.utcoffset().total_seconds() % 60):  # type: ignore[union-attr]
        return
    message = MessageBuilder().from_("a@b.example").date(moment).build()
    field = Message.parse(bytes(message)).headers.field("Date")
    assert field is not None
    # Two zones never agree about an hour that clocks run through twice (PEP 495), so both are asked for UTC.
    assert isinstance(field.value, datetime)
    assert field.value.utctimetuple() == moment.utctimetuple()
