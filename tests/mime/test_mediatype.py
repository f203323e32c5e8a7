"""Media types."""

import pytest

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
