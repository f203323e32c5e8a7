"""Mail that must not reach its recipients, on a staging system: it goes to one address instead, and says whose it was."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mailkit.errors import ConfigError, MailkitError, MessageError
from mailkit.message import Address, Envelope, Headers, Message
from mailkit.message.headers import Field
from mailkit.message.write import write_field
from mailkit.transport.base import Transport
from mailkit.transport.composite import Composite, Handing, Plan
from mailkit.transport.outcome import Outcome, failed

__all__ = ["RedirectTransport"]

_FIELD = "X-Original-To"


class RedirectTransport(Composite):
    """Hands messages on to ``member``, but for ``to`` instead of their recipients; only those in ``allow`` get them themselves.

    ``allow`` holds addresses and domains; a domain does not stand for those below it. ``to`` gets one copy of a message,
    with a field X-Original-To for each recipient that it stands for, blind copies too; the outcomes are told for these.
    Raises ConfigError for what is no address and no domain.
    """

    def __init__(self, member: Transport, *, to: str | Address, allow: Iterable[str] = ()) -> None:
        super().__init__([member])
        self.to = _address(to)
        allowed = [_allowed(text) for text in allow]
        self._addresses = frozenset(one.key for one in allowed if isinstance(one, Address))
        self._domains = frozenset(one for one in allowed if isinstance(one, str))
        self.name = f"redirect({member.name})"

    def is_allowed(self, recipient: Address) -> bool:
        """Whether mail for ``recipient`` goes there itself."""
        return recipient.key in self._addresses or recipient.ascii_domain in self._domains

    def plan(self, envelope: Envelope, message: Message) -> Plan:
        (member,) = self.members
        passed = [recipient for recipient in envelope.recipients if self.is_allowed(recipient)]
        caught = [recipient for recipient in envelope.recipients if not self.is_allowed(recipient)]
        found: dict[str, Outcome] = {}
        if caught:
            (outcome,) = yield Handing(member, envelope.only([self.to]), _labelled(message, caught))
            found |= {recipient.key: replace(outcome, recipient=recipient) for recipient in caught}
        if passed:
            try:
                outcomes = yield Handing(member, envelope.only(passed), message)
            except MailkitError as error:
                if not found:
                    raise
                outcomes = failed(passed, error, relay=member.name)  # the others have their outcome already
            found |= {outcome.recipient.key: outcome for outcome in outcomes}
        return tuple(found[recipient.key] for recipient in envelope.recipients)

    def verify(self) -> tuple[str, ...]:
        allowed = ", ".join(sorted(self._addresses | self._domains))
        rule = f"all mail goes to {self.to.email}" + (f", but for {allowed}" if allowed else "")
        return (rule, *super().verify())


def _labelled(message: Message, recipients: Sequence[Address]) -> Message:
    """The message with its recipients in its header. One that was read keeps its bytes, so that signatures stay valid."""
    fields = [Field(_FIELD, recipient.wire) for recipient in recipients]
    headers = Headers((*fields, *message.headers.fields))
    if not message.raw:
        return replace(message, headers=headers)
    top = "".join(map(write_field, fields)).encode()
    if not message.headers.fields and not message.raw.startswith(b"\r\n"):
        top += b"\r\n"  # it has no header: what it begins with is its body
    return replace(message, headers=headers, raw=top + message.raw)


def _address(given: str | Address) -> Address:
    try:
        return given if isinstance(given, Address) else Address.parse(given)
    except MessageError as error:
        raise ConfigError(
            f"redirect: to={given} is not an address: {error}", hint="Write redirect(smtp://host)?to=dev@example.com."
        ) from None


def _allowed(text: str) -> str | Address:
    if "@" in text:
        return _address(text)
    try:
        return Address(f"x@{text}").ascii_domain
    except MessageError:
        raise ConfigError(
            f"redirect: allow={text} is neither an address nor a domain",
            hint="Write allow=example.com,boss@example.org.",
        ) from None
