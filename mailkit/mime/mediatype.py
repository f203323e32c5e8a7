"""Media types: ``text/csv; charset=utf-8`` (RFC 2045 5, RFC 6838), and the type that a file name suggests."""

import codecs
import re
from functools import cache
from mimetypes import MimeTypes

from mailkit.errors import MessageError

__all__ = ["UNKNOWN", "check", "guess", "sniff"]

_NAME = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_TYPE = re.compile(rf"{_NAME}/{_NAME}")

# What people attach that Python's own table lacks. The machine's tables are left out on purpose: the same message must
# give the same bytes on every machine.
_MORE = {
    ".7z": "application/x-7z-compressed",
    ".avif": "image/avif",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".eml": "message/rfc822",
    ".gz": "application/gzip",
    ".ics": "text/calendar",
    ".md": "text/markdown",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".parquet": "application/vnd.apache.parquet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".vcf": "text/vcard",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zip": "application/zip",
}

UNKNOWN = "application/octet-stream"


@cache
def _table() -> MimeTypes:
    table = MimeTypes(filenames=())
    for extension, kind in _MORE.items():
        table.add_type(kind, extension)
    return table


def guess(filename: str) -> str:
    """Return the media type that ``filename`` suggests, or ``application/octet-stream``."""
    kind, encoding = _table().guess_type(f"file:{filename.rpartition('/')[2]}", strict=True)
    if encoding:  # report.csv.gz is a gzip file, not a CSV file
        return {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}.get(
            encoding, UNKNOWN
        )
    return kind or UNKNOWN


# How files begin. What is a container for many types (ZIP, RIFF, ISO media) is looked into just far enough.
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"{\\rtf", "application/rtf"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_ISO_MEDIA = {b"avif": "image/avif", b"heic": "image/heic", b"qt  ": "video/quicktime"}
_LOOKED_AT = 4096
_NOT_TEXT = bytes([*range(9), 11, *range(14, 27), *range(28, 32), 127])


def sniff(data: bytes) -> str:
    """Return the media type that the first bytes of a file show, or ``application/octet-stream``.

    Text is ``text/plain`` whatever it may be written in: a page or a program comes to life only by an explicit type.
    """
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12], UNKNOWN)
    if data[4:8] == b"ftyp":
        return _ISO_MEDIA.get(data[8:12], "video/mp4")
    start = data[:_LOOKED_AT]
    if not start or start.translate(None, _NOT_TEXT) != start:
        return UNKNOWN
    try:
        # The cut may go through a character.
        codecs.getincrementaldecoder("utf-8")().decode(start, final=len(data) <= _LOOKED_AT)
    except UnicodeDecodeError:
        return UNKNOWN
    return "text/plain"


def check(kind: str, *, field: str) -> str:
    """Return ``kind`` in lower case, or raise MessageError when it is not ``type/subtype`` without parameters."""
    if _TYPE.fullmatch(kind) is None:
        raise MessageError(
            f"{kind!r} is not a media type",
            field=field,
            hint="Write it as type/subtype, such as application/pdf; parameters are set by mailkit.",
        )
    return kind.lower()
