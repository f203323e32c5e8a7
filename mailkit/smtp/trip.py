"""One message under way: what has been said of it, and what the server's replies to that mean."""

from mailkit.errors import MailkitError, RemoteProtocolError
from mailkit.smtp.answer import Answer
from mailkit.smtp.clientwire import in_step
from mailkit.smtp.job import Job
from mailkit.smtp.reply import Reply

__all__ = ["Trip"]


class Trip:
    """Hears the replies to ``[RSET] MAIL RCPT… DATA`` and to the end of data, or to ``[RSET] MAIL RCPT… BDAT LAST``."""

    __slots__ = (
        "_go",
        "_heard",
        "_is_chunk",
        "_is_lmtp",
        "_is_resetting",
        "_missing",
        "_verdicts",
        "has_left",
        "is_at_content",
        "is_over",
        "job",
        "taken",
    )

    def __init__(self, job: Job, *, is_chunk: bool, is_lmtp: bool, is_resetting: bool) -> None:
        self.job = job
        self.has_left = False
        """Whether the end of its data may have left."""
        self.taken = 0
        """How many recipients the server has taken so far."""
        self.is_at_content = False
        """Whether the server waits for the content."""
        self.is_over = False
        """Whether the last reply has come."""
        self._is_chunk = is_chunk
        self._is_lmtp = is_lmtp
        self._is_resetting = is_resetting
        self._missing = 1 + len(job.recipients)
        self._heard: list[Reply] = []  # to MAIL and to each RCPT
        self._go: Reply | None = None  # to DATA
        self._verdicts: list[Reply] = []  # to the end of data: one, or with LMTP one for each recipient taken

    def hear(self, reply: Reply) -> None:
        """Take the next reply. Raises RemoteProtocolError for one that cannot be the answer to what was said."""
        if self._is_resetting:
            if not reply.is_success:
                raise RemoteProtocolError(f"the server refused RSET: {reply}")
            self._is_resetting = False
        elif not self._missing and (self._is_chunk or self._go is not None):
            self.is_at_content = False
            self._verdicts.append(in_step(reply))
            # RFC 2033 4.2: with LMTP one for each recipient taken.
            self.is_over = not self._is_lmtp or len(self._verdicts) >= self.taken
        else:
            try:
                self._hear_of_envelope(reply)
            except RemoteProtocolError:
                self._heard.clear()  # the refusals among them may be answers to something else
                raise

    def _hear_of_envelope(self, reply: Reply) -> None:
        if self._missing:
            if reply.code < 400:
                self._take(in_step(reply))
            self._heard.append(reply)
            self._missing -= 1
        else:
            self._go = in_step(reply, wanted=3)
            self.is_at_content = reply.is_intermediate
            self.is_over = not reply.is_intermediate

    def _take(self, reply: Reply) -> None:
        if self._heard:
            if not self._heard[0].is_success:
                raise RemoteProtocolError("the server took a recipient after it had refused the sender")
            self.taken += 1

    @property
    def is_at_end(self) -> bool:
        """Whether the next reply is the verdict on the message, which may take long."""
        return not self._missing and self.has_left

    @property
    def is_clean(self) -> bool:
        """Whether the server has ended the transaction for sure."""
        return bool(self._verdicts) and all(verdict.is_success for verdict in self._verdicts)

    def answers(self) -> tuple[Answer, ...]:
        """What became of each recipient, once it is over."""
        return self._answers(None, None)

    def closed(self, last: Reply) -> tuple[Answer, ...]:
        """What became of each recipient when the server has closed the session with ``last`` (421)."""
        return self._answers(last, None)

    def lost(self, error: MailkitError) -> tuple[Answer, ...] | MailkitError:
        """What became of each recipient when the wire was lost; just the error when there is nothing more to say."""
        if not self._heard and not self.has_left:
            return error
        return self._answers(None, error)

    def _answers(self, last: Reply | None, error: MailkitError | None) -> tuple[Answer, ...]:
        heard, recipients = self._heard, self.job.recipients
        if heard and not heard[0].is_success:
            return (Answer("MAIL", heard[0]),) * len(recipients)
        if not heard and last is not None:
            return (Answer("MAIL", last),) * len(recipients)
        verdicts = iter(self._verdicts)
        only = self._verdicts[0] if self._verdicts and not self._is_lmtp else None
        answers = []
        for place in range(1, len(recipients) + 1):
            reply = heard[place] if place < len(heard) else None
            if reply is not None and not reply.is_success:
                answers.append(Answer("RCPT", reply))
            elif self._go is not None and not self._go.is_intermediate:
                answers.append(Answer("DATA", self._go))
            elif (verdict := only or next(verdicts, None)) is not None:
                answers.append(Answer(Answer.END_OF_DATA, verdict))
            elif last is not None:
                command = "RCPT" if reply is None else Answer.END_OF_DATA if self.has_left else "DATA"
                answers.append(Answer(command, last))
            else:
                answers.append(Answer(Answer.END_OF_DATA if self.has_left else "DATA", error=error))
        return tuple(answers)
