"""One message over a session that is ready: envelope, content, and an answer for each recipient (RFC 5321 3.3, 3030).

Theory of operation. Content goes by DATA, its end marked by a dot; what is BINARYMIME has no lines that a dot could
mark, and goes by BDAT in counted chunks (RFC 3030). In both, everything but the very end is sent first: while the end
has not left, the server cannot have taken the message, and a lost connection means that it may be sent again. The
end is the final dot, or the last octet of the last chunk; once it may have left, a lost connection means *in doubt*.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mailkit.errors import MailkitError, MessageWithheld
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Consult, Conversation, Write
from mailkit.smtp import command, dot
from mailkit.smtp.answer import Answer
from mailkit.smtp.clientwire import LOST, ClientWire, in_step
from mailkit.smtp.content import BLOCK, Content, Source
from mailkit.smtp.profile import Timeouts
from mailkit.smtp.reply import Reply

__all__ = ["Transaction"]

# Commands in one flight: while we write, nobody reads the replies, and they must find room in the buffers between.
_FLIGHT = 100

# Chunks under way without a reply: enough to fill a fast line over a long distance, and few enough to lose.
_CHUNKS_AHEAD = 8


class Transaction:
    """Runs one transaction, and leaves the wire ready for the next one or unusable."""

    def __init__(self, wire: ClientWire, times: Timeouts, *, is_pipelining: bool, is_lmtp: bool = False) -> None:
        self._wire = wire
        self._times = times
        self._is_pipelining = is_pipelining
        self._is_lmtp = is_lmtp
        self._unanswered = 0  # chunks
        self._consent: Callable[[], Any] | None = None
        self._verdicts = 1  # replies to the end of data: with LMTP one for each recipient taken (RFC 2033 4.2)

    def run(
        self, flight: Sequence[bytes], content: Content, consent: Callable[[], Any] | None = None
    ) -> Conversation[tuple[Answer, ...]]:
        """Say MAIL and the RCPTs of ``flight``, send the content, and return one answer for each recipient, in order.

        Raises one of :data:`LOST` when the wire is lost before any recipient was answered, and MessageWithheld when
        ``consent``, asked just before the end, is not given; the session is over then.
        """
        self._consent = consent
        sender_reply, *recipient_replies = yield from self._fly(flight)
        if not sender_reply.is_success:
            yield from self._reset_after(sender_reply)
            return (Answer("MAIL", sender_reply),) * len(recipient_replies)
        answers = [Answer("RCPT", reply) for reply in recipient_replies]
        taken = sum(answer.is_taken for answer in answers)
        if not taken:
            yield from self._reset_after(*recipient_replies)
            return tuple(answers)
        self._verdicts = taken if self._is_lmtp else 1
        found = yield from self._chunks(content) if content.body is BodyType.BINARY else self._data(content)
        verdicts = iter(found if self._is_lmtp and len(found) == taken else found[:1] * taken)
        return tuple(next(verdicts) if answer.is_taken else answer for answer in answers)

    def _fly(self, flight: Sequence[bytes]) -> Conversation[list[Reply]]:
        """Send the commands together where the server takes that (RFC 2920), otherwise one by one."""
        window = _FLIGHT if self._is_pipelining else 1
        replies: list[Reply] = []
        for start in range(0, len(flight), window):
            lines = flight[start : start + window]
            yield from self._wire.say(b"".join(lines))
            for _ in lines:
                replies.append(in_step((yield from self._wire.reply())))
                if replies[-1].code == 421:
                    break
            if replies[-1].code == 421 or not replies[0].is_success:
                break
        # After 421 (the server closes) or a refused sender the rest of the flight shares that fate.
        return replies + [replies[-1]] * (len(flight) - len(replies))

    # -- DATA ----------------------------------------------------------------------------------------------------

    def _data(self, content: Content) -> Conversation[list[Answer]]:
        try:
            reply = in_step((yield from self._wire.ask(command.data())), wanted=3)
            if not reply.is_intermediate:
                yield from self._reset_after(reply)
                return [Answer("DATA", reply)]
            self._wire.refuse_leftovers()  # or they would be taken for the verdict
            yield from self._stuffed(content)
        except LOST as error:
            return [self._lost("DATA", error)]
        return (yield from self._end(dot.END))

    def _stuffed(self, content: Content) -> Conversation[None]:
        match content.pieces:
            case (bytes(whole),):
                yield Write(dot.stuff(whole), within=self._times.data_block)
                return
        source, stuffer = Source(content), dot.Stuffer()
        try:
            while (block := (yield from source.next())) is not None:
                if ready := stuffer.feed(block):
                    yield Write(ready, within=self._times.data_block)
        finally:
            source.close()
        if rest := stuffer.end():
            yield Write(rest, within=self._times.data_block)

    # -- BDAT ----------------------------------------------------------------------------------------------------

    def _chunks(self, content: Content) -> Conversation[list[Answer]]:
        try:
            last = yield from self._all_but_last(content)
            if isinstance(last, Reply):
                yield from self._reset_after(last)
                return [Answer("BDAT", last)]
            self._wire.refuse_leftovers()
            yield Write(last[:-1], within=self._times.data_block)
        except LOST as error:
            return [self._lost("BDAT", error)]
        return (yield from self._end(last[-1:]))

    def _all_but_last(self, content: Content) -> Conversation[bytes | Reply]:
        """Send chunks for as long as others follow. Return the last one, or the reply that refused one of them."""
        ahead = _CHUNKS_AHEAD if self._is_pipelining else 0
        source, chunk = Source(content), b""
        try:
            while (block := (yield from source.next())) is not None:
                if chunk and len(chunk) + len(block) > BLOCK:
                    if not self._unanswered:
                        self._wire.refuse_leftovers()
                    yield Write(command.bdat(len(chunk)) + chunk, within=self._times.data_block)
                    self._unanswered += 1
                    if refusal := (yield from self._settle(ahead)):
                        return refusal
                    chunk = b""
                chunk += block
        finally:
            source.close()
        # After a refusal the server's state is undefined (RFC 3030 2): it might take a message that has lost a chunk.
        refusal = yield from self._settle(0)
        return refusal or command.bdat(len(chunk), is_last=True) + chunk

    def _settle(self, allowed: int) -> Conversation[Reply | None]:
        """Read replies until at most ``allowed`` chunks have none. Return the first refusal; after it none has none."""
        refusal: Reply | None = None
        while self._unanswered > (0 if refusal else allowed):
            try:
                reply = in_step((yield from self._wire.reply()))
            except LOST:
                if refusal is None:
                    raise
                self._wire.is_usable = False  # what the server has said of the chunk stands all the same
                return refusal
            self._unanswered -= 1
            if refusal is None and not reply.is_success:
                refusal = reply
            if reply.code == 421:
                self._wire.is_usable = False
                return refusal
        return refusal

    # -- the end -------------------------------------------------------------------------------------------------

    def _end(self, octets: bytes) -> Conversation[list[Answer]]:
        """Send what makes the message complete, and hear what becomes of it."""
        replies: list[Reply] = []
        if self._consent is not None and not (yield Consult(self._consent))[0]:
            self._wire.is_usable = False
            raise MessageWithheld
        try:
            yield Write(octets, within=self._times.data_block)
            while len(replies) < self._verdicts:
                replies.append(in_step((yield from self._wire.reply(self._times.end_of_data))))
                if replies[-1].code == 421:
                    replies += replies[-1:] * (self._verdicts - len(replies))
        except LOST as error:
            # With LMTP those that have had their verdict are not in doubt.
            missing = self._verdicts - len(replies)
            lost = self._lost(Answer.END_OF_DATA, error)
            return [*(Answer(Answer.END_OF_DATA, reply) for reply in replies), *[lost] * missing]
        if not all(reply.is_success for reply in replies):
            yield from self._reset_after(*replies)
        return [Answer(Answer.END_OF_DATA, reply) for reply in replies]

    def _lost(self, step: str, error: MailkitError) -> Answer:
        self._wire.is_usable = False
        return Answer(step, error=error)

    def _reset_after(self, *replies: Reply) -> Conversation[None]:
        """Clear a failed transaction, so that the next MAIL is not answered by "503 sender already given"."""
        if not self._wire.is_usable or any(reply.code == 421 for reply in replies):
            self._wire.is_usable = False
            return
        try:
            reply = yield from self._wire.ask(command.rset())
            self._wire.is_usable = reply.is_success
        except LOST:
            self._wire.is_usable = False  # what the server has said about the recipients stands all the same
