"""Messages that lie on a server: headers and flags are here, the body comes when somebody asks for it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from mailkit.message import Alternative, Attachment, Message, Translation

__all__ = ["StoredMessage"]

# What of a message is not known from its header.
_BODY = ("text", "html", "is_flowed", "alternatives", "attachments", "embedded", "translations", "raw", "defects")


class StoredMessage(Message):
    """A message in a mailbox. It is used as any :class:`~mailkit.Message` is; its body is fetched when it is asked for.

    That does not mark it as seen. It needs the mailbox to be open still: call :meth:`load` for what is wanted later.
    Two are equal when their contents are. Replacing a part of one makes a plain Message.
    """

    uid: int | str
    """The UID of IMAP, or the unique id of POP3 (empty where the server has none)."""
    number: int
    """The number of POP3, which holds for one session; 0 for IMAP."""
    folder: str
    uidvalidity: int
    """For which making of the folder the UID holds; of POP3, for which session the number does."""
    flags: tuple[str, ...]
    received: datetime | None
    """When the server got it (INTERNALDATE), where it says so."""

    # What the header does not tell is a property below; the type checker takes them for the fields that they stand for.
    text: str | None
    html: str | None
    is_flowed: bool
    alternatives: tuple[Alternative, ...]
    attachments: tuple[Attachment, ...]
    embedded: tuple[Attachment, ...]
    translations: tuple[Translation, ...]
    raw: bytes
    defects: tuple[str, ...]

    def __new__(cls, *args: Any, **values: Any) -> Any:
        """Return a plain message when one is made of parts, as ``dataclasses.replace`` does."""
        return Message(*args, **values) if args or values else object.__new__(cls)

    @classmethod
    def of(
        cls,
        head: bytes,
        source: Callable[["StoredMessage"], Iterator[bytes]],
        *,
        uid: int | str,
        number: int = 0,
        folder: str = "INBOX",
        uidvalidity: int = 0,
        flags: tuple[str, ...] = (),
        received: datetime | None = None,
        size: int = 0,
        whole: bytes | None = None,
    ) -> "StoredMessage":
        """Make one of its header; ``source`` gets all of it in blocks, unless it is here as a ``whole``."""
        made = object.__new__(cls)
        known = Message.parse(head)
        made.__dict__.update(
            headers=known.headers,
            bcc=known.bcc,
            return_path=None,
            dsn=None,
            requires_tls=False,
            uid=uid,
            number=number,
            folder=folder,
            uidvalidity=uidvalidity,
            flags=flags,
            received=received,
            _size=size,
            _source=source,
        )
        if whole is not None:
            made.__dict__["_original"] = whole
        return made

    @property
    def size(self) -> int:
        """How many bytes it has on the server, Bcc and all; known without fetching it."""
        return int(self.__dict__["_size"])

    @property
    def is_loaded(self) -> bool:
        """Whether the body is here."""
        return "_original" in self.__dict__

    def load(self) -> "StoredMessage":
        """Fetch the body now, so that it outlives the connection. Returns the message itself."""
        _ = self.original
        return self

    @property
    def original(self) -> bytes:
        """The message exactly as the server has it, with its Bcc field if it has one."""
        found: bytes | None = self.__dict__.get("_original")
        if found is None:
            found = self.__dict__["_original"] = b"".join(self.blocks())
        return found

    def blocks(self) -> Iterator[bytes]:
        """Go through :attr:`original` in blocks, without keeping it: for what is too large for memory."""
        if self.is_loaded:
            yield self.original
            return
        source: Callable[[StoredMessage], Iterator[bytes]] = self.__dict__["_source"]
        yield from source(self)

    def plain(self) -> Message:
        """Return the same message as a value of its own, which knows nothing of a mailbox."""
        found: Message | None = self.__dict__.get("_plain")
        if found is None:
            found = self.__dict__["_plain"] = Message.parse(self.original)
        return found

    def has_flag(self, name: str) -> bool:
        r"""Whether a flag is set: ``seen``, ``flagged``, ``\\Seen`` or a keyword."""
        wanted = name.lower().removeprefix("\\")
        return any(flag.lower().removeprefix("\\") == wanted for flag in self.flags)

    @property
    def is_seen(self) -> bool:
        return self.has_flag("seen")

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Message):
            return NotImplemented
        return self.plain() == (other.plain() if isinstance(other, StoredMessage) else other)

    def __hash__(self) -> int:
        return hash(self.plain())

    def __repr__(self) -> str:
        place = f"uid={self.uid!r}" if self.uid else f"number={self.number}"
        return f"StoredMessage({place}, folder={self.folder!r}, subject={self.subject!r})"

    def __getstate__(self) -> dict[str, object]:
        """It travels with its body, and without its mailbox."""
        self.load()
        return {name: value for name, value in super().__getstate__().items() if name not in ("_plain", "_source")}


def _of_the_body(name: str) -> property:
    return property(lambda self: getattr(self.plain(), name))


for _name in _BODY:
    setattr(StoredMessage, _name, _of_the_body(_name))
