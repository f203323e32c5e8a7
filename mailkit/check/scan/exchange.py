"""One request and its answer on a fresh connection, the same for spamd and for HTTP."""

from collections.abc import Iterator
from dataclasses import replace

from mailkit.check.scan.answer import Answer, AnswerReader
from mailkit.check.scan.deadline import Deadline
from mailkit.errors import ConnectError
from mailkit.sansio import Conversation, Read, StartTls, Write

__all__ = ["cut_off", "exchange"]

# A pump's time is for each piece of a write. Pieces that the kernel takes at one go keep the deadline one for all of them.
_PIECE = 16 * 1024


def exchange(request: bytes, *, mark: bytes, deadline: Deadline, secure: bool = False) -> Conversation[Answer]:
    """Return the answer, which begins with ``mark``; it may have been cut off.

    Raises ConnectError when there is none at all, RemoteProtocolError for what is none, and TransportTimeout.
    """
    if secure:
        yield StartTls(deadline.left())
    reader, lost = AnswerReader(mark), None
    try:
        for piece in _pieces(request):
            yield Write(piece, within=deadline.left())
    except ConnectError as error:
        lost = error  # who refuses early hangs up early: what was said before is better to know than this
    while (answer := reader.take()) is None:
        try:
            data: bytes = yield Read(within=deadline.left())
        except ConnectError as error:
            lost, data = lost or error, b""
        if not data:
            return _rest(reader, lost)
        reader.feed(data)
    return answer


def _rest(reader: AnswerReader, lost: ConnectError | None) -> Answer:
    answer = reader.end()
    if answer is None:
        raise lost or ConnectError("it closed the connection without an answer")
    return replace(answer, is_whole=answer.is_whole and lost is None)


def cut_off() -> ConnectError:
    """Return the error for an answer that was not all there."""
    return ConnectError("the connection was lost in the middle of its answer")


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[place : place + _PIECE] for place in range(0, len(data), _PIECE))
