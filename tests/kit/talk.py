"""A server's conversation held with bytes that a test has: no socket, no waiting, cut as the test wants them."""

from collections.abc import Iterable, Iterator

from mailkit.sansio import Call, ChannelBinding, Consult, Conversation, Effect, Read, Sleep, StartTls, Watch, Write
from tests.kit.feeding import Cut, whole

__all__ = ["TLS", "said", "written"]

TLS = b"<handshake>"


def said(conversation: Conversation[None], *heard: bytes, cut: Cut = whole) -> bytes:
    """Return all that a server says to these bytes, after which the client hangs up; a handshake is :data:`TLS`."""
    pieces = (piece for data in heard for piece in cut(data))
    return b"".join(_said(conversation, pieces))


def written(conversation: Conversation[None], heard: bytes) -> list[int]:
    """Return how many bytes a server says at a time, to a client that says all at once."""
    return [len(data) for data in _said(conversation, [heard])]


def _said(conversation: Conversation[None], pieces: Iterable[bytes]) -> Iterator[bytes]:
    left = iter(pieces)
    try:
        effect: Effect = next(conversation)
        while True:
            result: object = None
            match effect:
                case Read() | Watch():
                    result = next(left, b"")
                case Write(data):
                    yield data
                case StartTls():
                    yield TLS
                case ChannelBinding():
                    result = ()
                case Call(deed) | Consult(deed):
                    result = deed()
                case Sleep():
                    pass
            effect = conversation.send(result)
    except StopIteration:
        return
