"""Media types: ``text/csv; charset=utf-8`` (RFC 2045 5, RFC 6838), and the type that a file name suggests."""

import re
from functools import cache
from mimetypes import MimeTypes

from mailkit.errors import MessageError

__all__ = ["check", "guess"]

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


def check(kind: str, *, field: str) -> str:
    """Return ``kind`` in lower case, or raise MessageError when it is not ``type/subtype`` without parameters."""
    if _TYPE.fullmatch(kind) is None:
        raise MessageError(
            f"{kind!r} is not a media type",
            field=field,
            hint="Write it as type/subtype, such as application/pdf; parameters are set by mailkit.",
        )
    return kind.lower()
