"""Media types."""

import pytest

from mailkit import Attachment
from mailkit.errors import MessageError
from mailkit.mime import mediatype


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("report.pdf", "application/pdf"),
        ("REPORT.PDF", "application/pdf"),
        ("logo.png", "image/png"),
        ("table.csv", "text/csv"),
        ("table.csv.gz", "application/gzip"),
        ("backup.tar.gz", "application/gzip"),
        ("letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("invite.ics", "text/calendar"),
        ("mail.eml", "message/rfc822"),
        ("photo.webp", "image/webp"),
        ("/some/folder.pdf/notes.txt", "text/plain"),
        ("http://example.com/x.png", "image/png"),
        ("data:text/html,x", "application/octet-stream"),
        ("Zoë.txt", "text/plain"),
        (".gitignore", "application/octet-stream"),
        ("README", "application/octet-stream"),
        ("a.unknown-thing", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_type_when_guessed_follows_the_last_ending(filename: str, kind: str) -> None:
    """From mailkit's own table, never from the machine's."""
    assert mediatype.guess(filename) == kind


@pytest.mark.parametrize("kind", ["text/plain", "Application/PDF", "image/svg+xml", "application/vnd.a.b-c"])
def test_a_type_when_checked_comes_back_in_lower_case(kind: str) -> None:
    """Media types have no case."""
    assert mediatype.check(kind, field="type") == kind.lower()


@pytest.mark.parametrize(
    "kind", ["", "pdf", "text/", "/plain", "text/plain; charset=utf-8", "text/pla in", "a/b/c", "téxt/plain", "a/b\n"]
)
def test_a_type_when_it_is_none_is_refused(kind: str) -> None:
    """Type, slash, subtype: nothing more."""
    with pytest.raises(MessageError, match=r"^type: .* is not a media type"):
        mediatype.check(kind, field="type")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVE", "audio/wav"),
        (b"RIFF\x10\0\0\0what", "application/octet-stream"),
        (b"\0\0\0\x20ftypavif", "image/avif"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (b"BEGIN:VCALENDAR\r\n", "text/calendar"),
        (b"hello\n", "text/plain"),
        ("Grüße\n".encode(), "text/plain"),
        (("x" * 4095 + "é").encode(), "text/plain"),
        (b"<html><script>", "text/plain"),
        (b"#!/bin/sh\n", "text/plain"),
        (b"Gr\xfc\xdfe", "application/octet-stream"),
        (b"a\0b", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_type_when_the_name_says_nothing_is_seen_in_the_content(data: bytes, kind: str) -> None:
    """Only ever to show it: pages and programs stay plain text."""
    assert mediatype.sniff(data) == kind
    assert Attachment(data, filename="README").type == kind
    assert Attachment(data, filename="x.csv").type == "text/csv"
