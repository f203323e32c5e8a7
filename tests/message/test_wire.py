"""The forms in which one message leaves, by what the server takes."""

import email
import email.policy
import pickle
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest

from mailkit import Attachment, Message, MessageBuilder
from mailkit.mime import transfer
from mailkit.mime.bodytype import BodyType

B = MessageBuilder().from_("a@b.example").to("c@d.example").message_id("<fixed@b.example>")
ASCII = B.text("plain").build()
LETTER = B.text("Grüße aus Köln").html("<p>Grüße</p>").build()
LONG = B.text("é" + "x" * 1000).build()
FILE = B.text("Grüße").attach(bytes(range(256)), filename="a.bin").build()
FORWARD = B.text("see").attach("Subject: hi\n\nCafé".encode(), filename="old.eml").build()

SEVEN, EIGHT, BINARY = BodyType


@pytest.mark.parametrize(
    ("message", "limit", "body", "encodings"),
    [
        (ASCII, SEVEN, SEVEN, ["7bit"]),
        (ASCII, BINARY, SEVEN, ["7bit"]),
        (LETTER, SEVEN, SEVEN, ["", "base64", "base64"]),
        (LETTER, EIGHT, EIGHT, ["8bit", "8bit", "8bit"]),
        (LETTER, BINARY, EIGHT, ["8bit", "8bit", "8bit"]),
        (LONG, EIGHT, SEVEN, ["quoted-printable"]),
        (FILE, SEVEN, SEVEN, ["", "base64", "base64"]),
        (FILE, EIGHT, EIGHT, ["8bit", "8bit", "base64"]),
        (FILE, BINARY, BINARY, ["binary", "8bit", "binary"]),
        (FORWARD, SEVEN, EIGHT, ["8bit", "7bit", "8bit"]),
    ],
)
def test_a_message_when_written_for_a_server_is_encoded_as_little_as_it_takes(
    message: Message, limit: BodyType, body: BodyType, encodings: list[str]
) -> None:
    """RFC 2045 6: a part says how it is encoded, and a multipart what the most demanding part in it is (6.4)."""
    wire = message.wire(limit)
    assert wire.body is body
    assert wire.size == len(bytes(wire))
    assert wire.body.rank <= max(limit.rank, message.wire().body.rank)
    read = email.message_from_bytes(bytes(wire), policy=email.policy.default)
    parts = list(read.walk())
    found = [part.get("Content-Transfer-Encoding", "") for part in parts][: len(encodings)]
    assert found == encodings
    again = Message.parse(bytes(wire))
    assert ((again.text or "").removesuffix("\n"), again.html) == (message.text, message.html)
    assert [file.data for file in again.attachments] == [
        file.data.replace(b"\n", b"\r\n") if file.type == "message/rfc822" else file.data
        for file in message.attachments
    ]


@pytest.mark.parametrize("message", [ASCII, LETTER, LONG, FILE])
def test_a_form_when_every_server_takes_it_is_seven_bits_in_lines(message: Message) -> None:
    """bytes(message) is that form, always the same."""
    raw = bytes(message)
    assert raw == bytes(message.wire(SEVEN)) == b"".join(message.wire().blocks())
    assert raw.isascii()
    assert b"\0" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not message.is_eight_bit


def test_a_form_when_it_is_eight_bit_has_lines_that_are_legal() -> None:
    """RFC 6152 keeps the limit of lines, and no NUL."""
    raw = bytes(FILE.wire(EIGHT))
    assert not raw.isascii()
    assert b"\0" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_form_when_nothing_would_be_gained_is_shared() -> None:
    """An ASCII text is the same for all servers, and is written once."""
    message = B.text("plain").html("<p>plain</p>").build()
    assert message.wire(SEVEN) is message.wire(EIGHT) is message.wire(BINARY)
    with_file = B.text("plain").attach(b"x", filename="a").build()
    assert with_file.wire(SEVEN) is with_file.wire(EIGHT)
    assert with_file.wire(BINARY) is not with_file.wire(EIGHT)


def test_a_message_when_it_was_read_has_one_form() -> None:
    """The bytes may be signed; not one of them changes."""
    raw = b"Subject: x\r\n\r\nCaf\xc3\xa9\r\n"
    message = Message.parse(raw)
    assert {bytes(message.wire(limit)) for limit in BodyType} == {raw}
    assert message.wire().body is EIGHT
    assert message.is_eight_bit


def test_a_binary_part_when_it_holds_the_boundary_gets_another() -> None:
    """Nothing in a part may look like its end."""
    first = bytes(B.text("é").attach(b"x", filename="a").build().wire(BINARY))
    boundary = first.partition(b'boundary="')[2].partition(b'"')[0]
    message = B.text("é").date(email.message_from_bytes(first, policy=email.policy.default)["Date"].datetime)
    built = message.attach(b"\r\n--" + boundary + b"--\r\n", filename="a").build()
    raw = bytes(built.wire(BINARY))
    assert Message.parse(raw).attachments[0].data == b"\r\n--" + boundary + b"--\r\n"


def test_a_binary_form_when_it_was_read_demands_as_much_again() -> None:
    """It can go only where it came from: to a server that takes BINARYMIME."""
    raw = bytes(FILE.wire(BINARY))
    again = Message.parse(raw)
    assert bytes(again) == raw
    assert again.wire().body is BINARY


def test_a_message_when_pickled_leaves_its_written_forms_behind() -> None:
    """They are made anew, the same."""
    bytes(FILE), bytes(FILE.wire(BINARY))
    data = pickle.dumps(FILE)
    again = pickle.loads(data)
    assert again == FILE
    assert bytes(again) == bytes(FILE)
    assert len(data) < 3000


def test_a_file_when_shared_by_threads_is_encoded_once() -> None:
    """The second thread waits for the first rather than do it again."""
    file = Attachment(bytes(1_000_000), filename="a.bin")
    messages = [B.text(str(number)).attach(file).build() for number in range(16)]
    with (
        patch.object(transfer, "encode_binary", side_effect=transfer.encode_binary) as encode,
        ThreadPoolExecutor(8) as threads,
    ):
        written = list(threads.map(bytes, messages))
    assert encode.call_count == 1
    assert len(set(written)) == 16
