"""From the bytes of a list to its lines: the encoding found, and the line told where it does not hold."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import IncrementalNewlineDecoder, TextIOWrapper
from typing import BinaryIO, TextIO

from mailkit.errors import RecipientsError

__all__ = ["decoded", "lines"]

# The longer mark first: that of UTF-32 begins with that of UTF-16.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_STRANGERS = (
    (b"PK\x03\x04", "is a workbook or a ZIP archive", "For a workbook say --format xlsx; unpack an archive."),
    (b"\x1f\x8b", "is compressed", "Unpack it, or pipe it in: zcat people.csv.gz | mailkit batch … - --format csv"),
    (b"\xd0\xcf\x11\xe0", "is a workbook of old Excel (.xls), or has a password", "Save it as .xlsx without one."),
    (b"SQLite format 3\0", "is a database", "Give it as sqlite:///people.db, with --query 'SELECT …'."),
)
_BLOCK = 65_536
_LONGEST_LINE = 50_000_000  # what never ends is no list; the memory of one line is all that a reader takes


@contextmanager
def decoded(file: BinaryIO, *, name: str, encoding: str) -> Iterator[TextIO]:
    """Give the file as text, by its byte order mark and otherwise in ``encoding``. Line ends are left as they are.

    Raises RecipientsError for bytes that are no such text, also from within the block.
    """
    start = file.read(16)
    file.seek(0)
    for magic, problem, hint in _STRANGERS:
        if start.startswith(magic):
            raise RecipientsError(f"the file {problem}", source=name, hint=hint)
    found = next((codec for bom, codec in _BOMS if start.startswith(bom)), encoding)
    try:
        text = TextIOWrapper(file, encoding=found, newline="")
    except (LookupError, ValueError):
        raise RecipientsError(f"there is no encoding {found!r}", source=name) from None
    try:
        yield text
    except UnicodeError as error:
        bad = error.object[error.start : error.start + 1].hex() if isinstance(error, UnicodeDecodeError) else ""
        hint = "Save it as 'CSV UTF-8', or say which encoding it has: --encoding cp1252."
        raise RecipientsError(
            f"the file is not {found.upper().removesuffix('-SIG')}" + (f" (byte 0x{bad})" if bad else ""),
            source=name,
            line=_line_of_fault(file, found),
            hint=hint if found.startswith("utf") else "Is that its encoding? Leave --encoding out for UTF-8.",
        ) from None
    finally:
        text.detach()  # the file is not ours to close


def lines(text: TextIO, *, name: str) -> Iterator[str]:
    """Give the lines, with their ends; CR, LF and CRLF end one. Raises RecipientsError for one that does not end."""
    for number, line in enumerate(iter(partial(text.readline, _LONGEST_LINE), ""), start=1):
        if len(line) == _LONGEST_LINE:
            raise RecipientsError(
                f"a line has over {_LONGEST_LINE:,} characters", source=name, line=number, hint="Is this a list?"
            )
        yield line


def _line_of_fault(file: BinaryIO, encoding: str) -> int:
    """Find the line that cannot be decoded; the error itself counts from the start of a block."""
    decoder = IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    line = 1
    file.seek(0)
    try:
        while block := file.read(_BLOCK):
            before = decoder.getstate()
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeError:
                decoder.setstate(before)
                for byte in block:
                    line += decoder.decode(bytes((byte,))).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeError:
        line += decoder.getstate()[1] & 1  # a CR that waits for its LF
    return line
