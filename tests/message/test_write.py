"""The writer: a message as bytes."""

import pickle
from datetime import UTC, datetime

import pytest

from mailkit import Address, Attachment, Headers, Message, MessageBuilder
from mailkit.message import Field
from mailkit.message.write import write_field

BASE = (
    MessageBuilder()
    .from_("ada@example.com")
    .to("bob@example.com")
    .date(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    .message_id("<1@example.com>")
)
IMAGE = Attachment(b"\x89PNG", filename="logo.png", cid="logo")
FILE = Attachment(b"a;b", filename="table.csv")


def types(message: Message) -> list[str]:
    """The media types in the order of the bytes."""
    lines = bytes(message).decode().split("\r\n")
    return [line.split()[1].rstrip(";") for line in lines if line.startswith("Content-Type:")]


@pytest.mark.parametrize(
    ("builder", "tree"),
    [
        (BASE, ["text/plain"]),
        (BASE.text("t"), ["text/plain"]),
        (BASE.html("h"), ["text/html"]),
        (BASE.html("h").text("t"), ["multipart/alternative", "text/plain", "text/html"]),
        (BASE.html("h").embed(IMAGE, cid="logo"), ["multipart/related", "text/html", "image/png"]),
        (BASE.text("t").attach(FILE), ["multipart/mixed", "text/plain", "text/csv"]),
        (BASE.attach(FILE), ["multipart/mixed", "text/plain", "text/csv"]),
        (
            BASE.attach(FILE).embed(IMAGE, cid="logo").html("h").text("t"),
            [
                "multipart/mixed",
                "multipart/related",
                "multipart/alternative",
                "text/plain",
                "text/html",
                "image/png",
                "text/csv",
            ],
        ),
    ],
)
def test_the_tree_when_written_has_the_parts_that_are_needed_in_order(builder: MessageBuilder, tree: list[str]) -> None:
    """mixed( related( alternative(text, html), images ), files ), whatever the order of the steps."""
    assert types(builder.build()) == tree


def test_the_same_message_when_written_twice_gives_the_same_bytes() -> None:
    """Also after a journey through pickle."""
    message = BASE.text("é").html("<p>é</p>").attach(FILE).build()
    again = BASE.text("é").html("<p>é</p>").attach(FILE).build()
    assert bytes(message) == bytes(again) == bytes(pickle.loads(pickle.dumps(message)))
    assert message == again
    assert message.size == len(bytes(message))
    assert bool(message)
    assert str(message) == bytes(message).decode()


def test_blind_copies_when_written_are_nowhere() -> None:
    """Neither the name nor the address of a Bcc is in the bytes."""
    message = BASE.bcc("Secret Person <secret@hidden.example>").text("t").build()
    assert b"ecret" not in bytes(message)
    assert b"bcc" not in bytes(message).lower()
    assert message.envelope().recipients[-1].email == "secret@hidden.example"


@pytest.mark.parametrize("body", ["text", "html"])
def test_a_boundary_when_a_body_contains_it_is_another(body: str) -> None:
    """Boundaries come from the ids, so a body can quote one; the writer looks and takes the next."""
    first = bytes(BASE.text("t").html("h").build()).split(b'boundary="')[1].split(b'"')[0].decode()
    message = getattr(BASE.text("t").html("h"), body)(f"--{first}--\n--{first}\n").build()
    boundary = bytes(message).split(b'boundary="')[1].split(b'"')[0].decode()
    assert boundary != first
    assert getattr(Message.parse(bytes(message)), body) == f"--{first}--\n--{first}\n"


def test_a_message_when_written_ends_in_one_line_end() -> None:
    """No more, no less: the end of data needs no CRLF of its own."""
    assert bytes(BASE.text("t").build()).endswith(b"\r\n\r\nt\r\n")
    assert bytes(BASE.text("t\n").build()).endswith(b"\r\n\r\nt\r\n")
    assert bytes(BASE.text("").build()).endswith(b"7bit\r\n\r\n\r\n")
    assert bytes(BASE.text("t").html("h").build()).endswith(b"--\r\n")


@pytest.mark.parametrize(
    ("builder", "eight_bit", "smtputf8"),
    [
        (BASE.text("é").subject("é").to(("Zoë", "zoe@exämple.com")), False, False),
        (BASE.to("josé@example.com"), True, True),
        (BASE.attach("Subject: é\r\n\r\n".encode(), filename="a.eml"), True, False),
    ],
)
def test_what_the_server_must_offer_when_asked_is_as_little_as_possible(
    builder: MessageBuilder, eight_bit: bool, smtputf8: bool
) -> None:
    """ASCII bytes unless an attached message or a local part cannot be encoded."""
    message = builder.build()
    assert (message.is_eight_bit, message.needs_smtputf8) == (eight_bit, smtputf8)


@pytest.mark.parametrize(
    ("addresses", "wire"),
    [
        ([Address("a@x.example")], "To: a@x.example\r\n"),
        ([Address("a@x.example", name="Ada B")], "To: Ada B <a@x.example>\r\n"),
        ([Address("a@x.example", name="Doe, John")], 'To: "Doe, John" <a@x.example>\r\n'),
        ([Address("a@x.example", name="Zoë, Ann B")], "To: =?utf-8?b?Wm/DqywgQW5uIEI=?= <a@x.example>\r\n"),
        ([Address("zoe@exämple.com", name="Zoë")], "To: =?utf-8?q?Zo=C3=AB?= <zoe@xn--exmple-cua.com>\r\n"),
        ([Address("josé@x.example")], "To: josé@x.example\r\n"),
        (
            [Address(f"person{number}@example.com") for number in range(5)],
            (
                "To: person0@example.com, person1@example.com, person2@example.com,\r\n"
                " person3@example.com, person4@example.com\r\n"
            ),
        ),
        (
            [Address("a@x.example", name="Doe, John " * 8)],
            (
                "To: =?utf-8?q?Doe=2C_John_Doe=2C_John_Doe=2C_John_Doe=2C_John_Doe=2C_John_?=\r\n"
                " =?utf-8?q?Doe=2C_John_Doe=2C_John_Doe=2C_John_?= <a@x.example>\r\n"
            ),
        ),
    ],
)
def test_addresses_when_written_encode_the_name_and_never_the_address(addresses: list[Address], wire: str) -> None:
    """Names are bare, quoted or encoded; commas and addresses are plain."""
    field = write_field(Field("To", tuple(addresses)))
    assert field == wire
    assert max(map(len, field.split("\r\n"))) <= 76


def test_a_header_when_made_by_hand_cannot_break_its_line() -> None:
    """There is no way around the check: the field itself refuses."""
    with pytest.raises(ValueError, match=r"^Subject: "):
        Headers([Field("Subject", "x\r\nBcc: y@z.example")])
