"""Taking messages in and giving them out: .eml and mbox, ZIP. Python's mailbox module is the judge."""

import io
import mailbox
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit.errors import ParseError
from mailkit.inbox import Caught, unbundled
from mailkit.inbox.bundle import write_mbox, write_zip

RAW = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Hi\r\n\r\nHello\r\nFrom here on\r\n>From there\r\n"


def caught(raw: bytes = RAW, number: int = 1) -> Caught:
    return Caught(
        number, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "back@example.com", ("x@example.com", "y@example.com"), raw
    )


def written(*messages: Caught) -> bytes:
    file = io.BytesIO()
    write_mbox(messages, file)
    return file.getvalue()


def test_mbox_when_python_reads_it_then_each_message_is_there(tmp_path: Path) -> None:
    """A line that begins with From is quoted, so that no message ends there."""
    path = tmp_path / "x.mbox"
    path.write_bytes(written(caught(), caught(RAW.replace(b"Hi", b"Ho"))))
    box = mailbox.mbox(path)
    assert [one["Subject"] for one in box] == ["Hi", "Ho"]
    assert [one["Return-Path"] for one in box] == ["<back@example.com>"] * 2
    assert b">From here on" in bytes(box[0].get_payload(decode=True))
    box.close()


def test_unbundled_when_we_wrote_the_mbox_then_bytes_and_envelopes_come_back() -> None:
    """There and back nothing changes."""
    one, two = unbundled(written(caught(), caught(RAW + b"\r\n\r\n")))
    assert one.data == RAW
    assert two.data == RAW + b"\r\n\r\n"
    assert one.sender == "back@example.com"
    assert one.recipients == ("x@example.com", "y@example.com")


def test_unbundled_when_python_wrote_the_mbox_then_its_messages_come_in(tmp_path: Path) -> None:
    """Without an envelope, it is what the fields say."""
    box = mailbox.mbox(tmp_path / "x.mbox")
    for subject in ("one", "two"):
        box.add(f"From: a@example.com\nTo: b@example.com\nSubject: {subject}\n\nFrom me\n".encode())
    box.close()
    found = list(unbundled((tmp_path / "x.mbox").read_bytes()))
    assert [one.data.split(b"\r\n")[2] for one in found] == [b"Subject: one", b"Subject: two"]
    assert all(one.data.endswith(b"\r\n\r\nFrom me\r\n") for one in found)
    assert found[0].sender == "a@example.com"
    assert found[0].recipients == ("b@example.com",)


def test_unbundled_when_it_is_one_message_then_it_is_kept_to_the_byte() -> None:
    """An .eml file is not rewritten."""
    (one,) = unbundled(RAW)
    assert one.data == RAW


@pytest.mark.parametrize("data", [b"", b"hello", b"\0\0", b"{}", b"PK\x03\x04", b" From: x\n\n"])
def test_unbundled_when_it_is_neither_then_an_error_says_so(data: bytes) -> None:
    """Nothing is taken in that is no mail."""
    with pytest.raises(ParseError, match="neither a message nor an mbox"):
        list(unbundled(data))


@given(st.lists(st.text(alphabet="From >\nx\r", max_size=60), min_size=1, max_size=4))
def test_mbox_whatever_the_lines_are_then_as_many_messages_come_back_as_went_in(bodies: list[str]) -> None:
    """Whatever looks like a separator."""
    messages = [
        caught(b"From: a@example.com\r\n\r\n" + body.replace("\r", "").replace("\n", "\r\n").encode() + b"\r\n")
        for body in bodies
    ]
    assert [one.data for one in unbundled(written(*messages))] == [one.raw for one in messages]


def test_zip_when_it_is_unpacked_then_each_message_is_a_file_to_the_byte() -> None:
    """Their names are numbers: what is in a mail is no path."""
    file = io.BytesIO()
    write_zip([caught(), caught(b"x: \xff\r\n\r\n", 27)], file)
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["000001.eml", "000027.eml"]
        assert archive.read("000001.eml") == RAW
