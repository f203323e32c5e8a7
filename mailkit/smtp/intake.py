"""One message on its way into a server: the envelope as it grows, and the content by DATA or by BDAT (RFC 3030)."""

from dataclasses import dataclass, field

from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Conversation
from mailkit.smtp.dot import DataReader
from mailkit.smtp.dsn import DsnRequest, RecipientDsn
from mailkit.smtp.parameter import MailParameters
from mailkit.smtp.reply import Reply
from mailkit.smtp.serverwire import ServerWire

__all__ = ["Intake"]


@dataclass(slots=True)
class Intake:
    """A transaction, from MAIL to its end."""

    sender: str
    parameters: MailParameters
    limit: int
    recipients: list[str] = field(default_factory=list)
    asked: list[RecipientDsn] = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)
    is_chunked: bool = False
    is_broken: bool = False
    """Whether a chunk was refused, so that what comes after it makes no message."""

    @property
    def dsn(self) -> DsnRequest | None:
        """What was asked about notifications."""
        return DsnRequest(self.parameters.ret, self.parameters.envid, tuple(self.asked)) or None

    def read_data(self, wire: ServerWire) -> Conversation[bytes | Reply | None]:
        """Read up to the end of data. Returns the message or its refusal, or None when the client has gone away."""
        reader = DataReader(wire.buffer, limit=self.limit)
        while (data := reader.message()) is None:
            if not (yield from wire.fill()):
                return None
        return _TOO_LARGE if reader.is_too_large else data

    def refusal_of_data(self) -> Reply | None:
        """Why DATA cannot be had now. What has no lines has no last line either (RFC 3030 3)."""
        if self.parameters.body is BodyType.BINARY:
            return Reply.of(503, "5.5.1 BINARYMIME is sent by BDAT")
        return Reply.of(503, "5.5.1 BDAT has begun, and DATA cannot end it") if self.is_chunked else None

    def refusal_of_chunk(self, size: int) -> Reply | None:
        """Why the next octets cannot be had."""
        self.is_chunked = True
        if self.is_broken:
            return Reply.of(503, "5.5.1 A chunk before this one was refused")
        if len(self.content) + size > self.limit:
            self.break_off()
            return _TOO_LARGE
        return None

    def break_off(self) -> None:
        """Refuse a chunk, and with it all that follow: they make no message without it."""
        self.is_chunked = self.is_broken = True
        self.content.clear()


_TOO_LARGE = Reply.of(552, "5.3.4 Message too large")
