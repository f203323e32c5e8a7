"""Files that travel with a message."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import SupportsBytes

from mailkit.errors import AttachmentError, MessageError
from mailkit.mime import mediatype, transfer
from mailkit.mime.control import refuse_controls
from mailkit.mime.transfer import Encoded

__all__ = ["Attachment"]


_LONGEST_CID = 255  # it has to fit into one line of the header, and into the HTML that names it


@dataclass(frozen=True)
class Attachment:
    """A file: its bytes, its name and its media type (guessed from the name when it is not given).

    It is encoded once; every message that carries the same Attachment shares the result.

    >>> Attachment(b"a;b", filename="table.csv").type
    'text/csv'

    Raises AttachmentError for a name, type or content id that cannot be written.
    """

    data: bytes = field(repr=False)
    filename: str = field(default="", kw_only=True)
    type: str = field(default="", kw_only=True)
    cid: str = field(default="", kw_only=True)
    """The content id under which HTML shows it (``<img src="cid:…">``). Empty: an ordinary attachment."""

    def __post_init__(self) -> None:
        try:
            # Readers save a file under its last path segment or refuse it; a name is never a path.
            refuse_controls(self.filename, field="file name")
            object.__setattr__(self, "type", mediatype.check(self.type or mediatype.guess(self.filename), field="type"))
            refuse_controls(self.cid, field="cid")
        except MessageError as error:
            problem = error.problem.removeprefix(f"{error.field}: ")
            raise AttachmentError(problem, field=error.field, hint=error.hint) from None
        if any(character in " \t<>" or not character.isascii() for character in self.cid):
            raise AttachmentError(
                f"{self.cid!r} has characters outside a content id (RFC 2392)",
                field="cid",
                hint="Use letters, digits, '-', '.' and '@'.",
            )
        if len(self.cid) > _LONGEST_CID:
            raise AttachmentError(f"a content id has at most {_LONGEST_CID} characters", field="cid")
        if self.type.startswith("multipart/"):
            raise AttachmentError(
                f"a file cannot be {self.type}", field="type", hint="Attach .eml files as message/rfc822."
            )

    @classmethod
    def from_path(cls, path: str | PathLike[str], *, filename: str = "", type: str = "", cid: str = "") -> "Attachment":  # noqa: A002 - the word of the builder
        """Read a file. Its name is the path's last segment unless ``filename`` is given."""
        file = Path(fspath(path))
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            raise AttachmentError(
                f"there is no file {str(file)!r}",
                hint=f"The path is relative to {Path.cwd()}." * (not file.is_absolute()),
            ) from None
        except OSError as error:
            raise AttachmentError(f"cannot read {str(file)!r}: {error.strerror or error}") from None
        return cls(data, filename=filename or file.name, type=type, cid=cid)

    @classmethod
    def from_text(cls, text: str, *, filename: str, type: str = "") -> "Attachment":  # noqa: A002
        """Attach text, encoded as UTF-8."""
        try:
            return cls(text.encode(), filename=filename, type=type)
        except UnicodeEncodeError as error:
            raise AttachmentError(
                f"the text of {filename!r} has half a character (a lone surrogate) at position {error.start}"
            ) from None

    @classmethod
    def from_message(cls, message: SupportsBytes, *, filename: str = "message.eml") -> "Attachment":
        """Attach a whole message, as ``message/rfc822``."""
        return cls(bytes(message), filename=filename, type="message/rfc822")

    @property
    def is_inline(self) -> bool:
        return bool(self.cid)

    @cached_property
    def encoded(self) -> Encoded:
        # RFC 2046 5.2.1: a message inside a message may not be base64.
        if self.type.startswith("message/"):
            data = transfer.canonical(self.data.decode("latin-1")).encode("latin-1")
            if not transfer.is_eight_bit(data):
                raise AttachmentError(
                    f"{self.filename!r} has a NUL or a line over 998 bytes, which a message inside a message cannot have",
                    field="type",
                    hint="Attach it with type='application/octet-stream'.",
                )
            return Encoded("7bit" if transfer.is_seven_bit(data) else "8bit", data)
        return transfer.encode_binary(self.data)

    @cached_property
    def charset(self) -> str:
        """The charset parameter: ``utf-8`` for text that is valid UTF-8, otherwise none."""
        if not self.type.startswith("text/"):
            return ""
        try:
            self.data.decode()
        except UnicodeDecodeError:
            return ""
        return "utf-8"

    def with_cid(self, cid: str = "") -> "Attachment":
        """Return the same file as an embedded one; without ``cid``, the id is made from name and content."""
        if cid and cid == self.cid:
            return self  # the same file, encoded already
        digest = hashlib.sha256(self.filename.encode() + b"\0" + self.data).hexdigest()[:20]
        return Attachment(self.data, filename=self.filename, type=self.type, cid=cid or f"{digest}@mailkit")
