"""One message for one relay: what the client is given, and what its answers mean."""

import re
from functools import lru_cache

from mailkit.errors import MailkitError
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Call, Conversation
from mailkit.smtp import Answer, Client, Content, Job
from mailkit.transport.dsn import dsn_request
from mailkit.transport.outcome import Outcome, Status
from mailkit.transport.parcel import Parcel, Seal

__all__ = ["Plan"]


class Plan:
    """A parcel on its way to a relay."""

    __slots__ = ("_relay", "parcel")

    def __init__(self, parcel: Parcel, *, relay: str) -> None:
        self.parcel = parcel
        self._relay = relay

    def is_heavy(self, form: BodyType) -> bool:
        """Whether files are read before it can be said how the message is written in a form."""
        # A boundary is looked for in all that goes unencoded, so the disk may be read.
        return form is not BodyType.SEVEN_BIT and self.parcel.message.is_stored

    def job(self, form: BodyType) -> Job:
        """Return the message in a form that the server takes."""
        envelope, message = self.parcel
        wire = message.wire(form)
        needs_smtputf8 = envelope.needs_smtputf8 or wire.needs_smtputf8
        return Job(
            envelope.sender.wire if envelope.sender else "",
            [recipient.wire for recipient in envelope.recipients],
            Content(wire.pieces, wire.size, wire.body, needs_smtputf8, wire.is_canonical),
            dsn_request(envelope) if envelope.dsn else None,
            envelope.requires_tls,
            self,
            message.origin.facts() if message.origin else None,
        )

    def deliver(self, client: Client, form: BodyType, seal: Seal | None) -> Conversation[tuple[Answer, ...]]:
        """Send it alone, reading files where a pump may block."""
        job: Job = yield Call(lambda: self.job(form))
        return (
            yield from client.deliver(
                job.sender,
                job.recipients,
                job.content,
                dsn=job.dsn,
                requires_tls=job.requires_tls,
                origin=job.origin,
                consent=(lambda _: seal([self.parcel])) if seal else None,
            )
        )

    def may_go_again(self, result: "tuple[Answer, ...] | MailkitError") -> bool:
        """Whether only the session has failed, which had served before, and nothing was said about the message."""
        if isinstance(result, MailkitError):
            return result.is_temporary
        return all(answer.command == "MAIL" and answer.reply and answer.reply.code == 421 for answer in result)

    def outcomes(self, answers: tuple[Answer, ...]) -> tuple[Outcome, ...]:
        return tuple(
            [
                Outcome(recipient, *_meaning(answer), self._relay, answer.command)
                for recipient, answer in zip(self.parcel.envelope.recipients, answers, strict=True)
            ]
        )


def _meaning(answer: Answer) -> tuple[Status, int, str, str, str]:
    """The status, code, enhanced code, text and queue id that an answer has."""
    reply = answer.reply
    if reply is None:
        return Status.IN_DOUBT if answer.in_doubt else Status.DEFERRED, 0, "", str(answer.error or ""), ""
    status = _STATUS.get(reply.code // 100, Status.REFUSED)
    return status, reply.code, reply.enhanced, reply.text, _queue_id(reply.text) if reply.is_success else ""


_STATUS = {2: Status.ACCEPTED, 4: Status.DEFERRED}

# "queued as ABC123" (Postfix), "OK id=1abc-…" (Exim), "[InternalId=123, …]" (Exchange), "1a2b3c4d Message
# accepted" (OpenSMTPD), and "Ok 0102…" (SES) last: the others begin with that word too.
_QUEUE_IDS = [
    re.compile(rf"{mark}([A-Za-z0-9.+_=@-]{{5,120}})", re.IGNORECASE)
    for mark in ("queued as ", r"\b\w*id=", r"^(?=\S+ Message accepted)", "^Ok[: ]+")
]


@lru_cache(maxsize=256)
def _queue_id(text: str) -> str:
    return next((found[1] for pattern in _QUEUE_IDS if (found := pattern.search(text))), "")
