"""What became of one recipient in a transaction."""

from dataclasses import dataclass

from mailkit.errors import MailkitError
from mailkit.smtp.reply import Reply

__all__ = ["Answer"]


@dataclass(slots=True)
class Answer:
    """What became of one recipient: the command that decided it, and the server's reply.

    Without a reply there is an ``error``; when the command is the end of data the recipient is in doubt.
    """

    command: str
    reply: Reply | None = None
    error: MailkitError | None = None

    END_OF_DATA = "end of data"

    @property
    def in_doubt(self) -> bool:
        return self.reply is None and self.command == self.END_OF_DATA

    @property
    def is_taken(self) -> bool:
        return self.reply is not None and self.reply.is_success
