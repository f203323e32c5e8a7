"""The client's end of the wire: commands out, replies in, and whether they still fit together."""

from mailkit.errors import ConnectError, RemoteProtocolError, TransportTimeout
from mailkit.sansio import Conversation, Read, Write
from mailkit.smtp.reply import Reply, ReplyReader

__all__ = ["LOST", "ClientWire", "in_step"]

LOST = (ConnectError, TransportTimeout, RemoteProtocolError)
"""The errors after which nothing more can be said or heard."""


class ClientWire:
    """Says commands and hears replies. ``patience`` is how many seconds it waits for one."""

    def __init__(self, patience: float) -> None:
        self.is_usable = False
        """Whether the session is open, and a command may be said."""
        self._patience = patience
        self._replies = ReplyReader()
        self.ready = self._replies.next_reply
        """Return the next reply if all of it has come already."""

    @property
    def has_leftovers(self) -> bool:
        """Whether bytes have come that belong to no reply so far."""
        return self._replies.has_leftovers

    def ask(self, line: bytes, *, within: float = 0.0) -> Conversation[Reply]:
        yield from self.say(line)
        return (yield from self.reply(within))

    def say(self, lines: bytes) -> Conversation[None]:
        self.refuse_leftovers()
        yield Write(lines)

    def refuse_leftovers(self) -> None:
        """Raise when the server has spoken unasked: its words would be taken for the answer to the next question."""
        if self._replies.has_leftovers:
            raise RemoteProtocolError("the server sent a reply that nobody asked for")

    def reply(self, within: float = 0.0) -> Conversation[Reply]:
        while (reply := self._replies.next_reply()) is None:
            data = yield Read(within=within or self._patience)
            if not data:
                raise ConnectError("the server closed the connection")
            self._replies.feed(data)
        return reply


def in_step(reply: Reply, *, wanted: int = 2) -> Reply:
    """Return the reply, unless it says yes to another question: then replies and commands are out of step."""
    if reply.code < 400 and reply.code // 100 != wanted:
        raise RemoteProtocolError(f"the server's replies do not fit the commands any more: {reply}")
    return reply
