"""Every error that mailkit raises.

::

    MailkitError
      MessageError (ValueError)          AddressError  HeaderError  AttachmentError  ParseError
      TemplateError                      TemplateMissing  TemplateBroken  VariableMissing
      ProtocolError                      LocalProtocolError  RemoteProtocolError
      TransportError                     ConnectError (ConnectionError)  TlsError  AuthError
                                         TransportTimeout (TimeoutError)  CapabilityMissing  MessageWithheld
        ReplyError                       SenderRefused  RecipientsRefused  DataRefused
      DeliveryError                      RetriesExhausted  DeliveryVetoed
      RecipientsError  JournalError  SuppressionError  MailboxError  ConfigError
      ArrivalError (AssertionError)

An error says what is wrong, where, and what to do next: ``str(error)`` is the problem with its place, ``error.hint`` the
next step (shown as a note under a traceback). The fields are data. Every error can be pickled, and none holds a secret.
Partial success is a :class:`mailkit.Receipt`, never an exception.
"""

import re
from typing import Any, ClassVar, Protocol

__all__ = [
    "AddressError",
    "ArrivalError",
    "AttachmentError",
    "AuthError",
    "CapabilityMissing",
    "ConfigError",
    "ConnectError",
    "DataRefused",
    "DeliveryError",
    "DeliveryVetoed",
    "HeaderError",
    "JournalError",
    "LocalProtocolError",
    "MailboxError",
    "MailkitError",
    "MessageError",
    "MessageWithheld",
    "ParseError",
    "ProtocolError",
    "RecipientsError",
    "RecipientsRefused",
    "RemoteProtocolError",
    "ReplyError",
    "RetriesExhausted",
    "SenderRefused",
    "SuppressionError",
    "TemplateBroken",
    "TemplateError",
    "TemplateMissing",
    "TlsError",
    "TransportError",
    "TransportTimeout",
    "VariableMissing",
]


class MailkitError(Exception):
    """The root of the tree. Catch it to catch everything foreseeable."""

    slug: ClassVar[str] = "mailkit"
    exit_code: ClassVar[int] = 2
    is_temporary: bool = False

    def __init_subclass__(cls) -> None:
        words = re.findall(r"[A-Z][a-z]*", cls.__name__.removesuffix("Error"))
        cls.slug = "-".join(words).lower()

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")

    def __str__(self) -> str:
        # OSError, a base of some of the classes below, would print its own idea of the arguments.
        return self.problem

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.args), self.__dict__


def _revive(kind: type[MailkitError], args: tuple[Any, ...]) -> MailkitError:
    return kind.__new__(kind, *args)


class MessageError(MailkitError, ValueError):
    """A value cannot go into a message. ``field`` names the builder step, header or parameter that was given it."""

    def __init__(self, problem: str, *, field: str = "", hint: str = "") -> None:
        super().__init__(f"{field}: {problem}" if field else problem, hint=hint)
        self.field = field


class AddressError(MessageError):
    """Text is not an address. ``position`` counts characters from 0 to the place where reading failed."""

    def __init__(self, problem: str, *, text: str, position: int = 0, field: str = "", hint: str = "") -> None:
        super().__init__(problem, field=field, hint=hint)
        self.text = text
        self.position = position


class HeaderError(MessageError):
    """A header field cannot be set as asked: a bad name or value, or one that another builder step owns."""

    def __init__(self, problem: str, *, name: str, hint: str = "") -> None:
        super().__init__(problem, field=name, hint=hint)
        self.name = name


class AttachmentError(MessageError):
    """A file cannot be attached: missing, unreadable, or with an unusable name or type."""


class ParseError(MessageError):
    """Bytes cannot be read as a message at all. The tolerant reader raises it only for input that is not a message."""


class TemplateError(MailkitError):
    """A template cannot become a message. ``name`` and ``line`` (0: unknown) say where."""

    def __init__(self, problem: str, *, name: str, line: int = 0, hint: str = "") -> None:
        place = f"{name}:{line}" if line else name
        super().__init__(f"{place}: {problem}", hint=hint)
        self.name = name
        self.line = line


class TemplateMissing(TemplateError):
    """No template of that name is in the template folders."""


class TemplateBroken(TemplateError):
    """A template has a syntax error, a bad header line, or failed while it was rendered."""


class VariableMissing(TemplateError):
    """A template uses a variable that the data does not have."""

    def __init__(self, problem: str, *, name: str, line: int = 0, variable: str, hint: str = "") -> None:
        super().__init__(problem, name=name, line=line, hint=hint)
        self.variable = variable


class ProtocolError(MailkitError):
    """A protocol was broken. The connection on which it happened is closed."""


class LocalProtocolError(ProtocolError):
    """This side was about to send what the protocol forbids; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The other side sent what the protocol forbids, or more than a limit allows."""

    exit_code = 1
    # A garbled connection says nothing about the message: a fresh connection may well work.
    is_temporary = True


class TransportError(MailkitError):
    """A message could not be handed over."""

    exit_code = 1
    steps: tuple[str, ...] = ()
    """What had worked before, when a transport was being verified."""


class ConnectError(TransportError, ConnectionError):
    """No connection, or the connection was lost before the message was complete. Safe to try again."""

    is_temporary = True
    unsent: int = 0
    """How many bytes at the end of what was being written have not left for sure."""


class TlsError(TransportError):
    """The connection could not be made secure: no STARTTLS, a bad certificate, a failed handshake."""


class AuthError(TransportError):
    """The server did not take the credentials, or offers no mechanism that fits them."""


class TransportTimeout(TransportError, TimeoutError):
    """The other side took longer than allowed, before the message was complete. Safe to try again."""

    is_temporary = True
    unsent: int = 0
    """How many bytes at the end of what was being written have not left for sure."""


class CapabilityMissing(TransportError):
    """The message needs something (SMTPUTF8, 8BITMIME, a larger SIZE) that the server does not offer."""

    def __init__(self, problem: str, *, capability: str, hint: str = "") -> None:
        super().__init__(problem, hint=hint)
        self.capability = capability


class MessageWithheld(TransportError):
    """Whoever sends did not consent to the end of the message, just before it: nobody was given anything."""

    def __init__(self, problem: str = "the message was held back at the last moment", *, hint: str = "") -> None:
        super().__init__(problem, hint=hint)


class ReplyLike(Protocol):
    """What an error keeps of a server's reply; :class:`mailkit.smtp.Reply` is one."""

    @property
    def code(self) -> int: ...
    @property
    def enhanced(self) -> str: ...
    @property
    def text(self) -> str: ...


class ReplyError(TransportError):
    """The server answered a command with 4yz or 5yz. ``is_temporary`` is true for 4yz."""

    def __init__(self, problem: str, *, command: str, reply: ReplyLike, hint: str = "", receipt: Any = None) -> None:
        super().__init__(problem, hint=hint)
        self.command = command
        self.reply = reply
        self.receipt = receipt
        self.is_temporary = 400 <= reply.code < 500


class SenderRefused(ReplyError):
    """The server refused the return path (MAIL FROM); nobody gets the message."""


class RecipientsRefused(ReplyError):
    """The server refused every recipient. ``receipt`` has the reply for each."""


class DataRefused(ReplyError):
    """The server refused the content of the message; nobody gets it."""


class DeliveryError(MailkitError):
    """A message reached nobody. ``receipt`` has the outcome for each recipient."""

    exit_code = 1

    def __init__(self, problem: str, *, receipt: Any = None, hint: str = "") -> None:
        super().__init__(problem, hint=hint)
        self.receipt = receipt


class RetriesExhausted(DeliveryError):
    """Every attempt met a temporary failure. The message may be sent again later."""

    is_temporary = True

    def __init__(self, problem: str, *, attempts: int, receipt: Any = None, hint: str = "") -> None:
        super().__init__(problem, receipt=receipt, hint=hint)
        self.attempts = attempts


class DeliveryVetoed(DeliveryError):
    """A hook of the application has stopped the message; nothing was sent."""


class RecipientsError(MailkitError):
    """A list of recipients cannot be read. ``line`` counts from 1 (0: the list as a whole)."""

    def __init__(self, problem: str, *, source: str, line: int = 0, hint: str = "") -> None:
        place = f"{source}:{line}" if line else source
        super().__init__(f"{place}: {problem}", hint=hint)
        self.source = source
        self.line = line


class JournalError(MailkitError):
    """A campaign's journal cannot be used, or does not fit the campaign. Nothing is sent without its journal."""


class SuppressionError(MailkitError):
    """A list of suppressed addresses cannot be used, or cannot take an entry. Nothing is sent without asking it."""


class MailboxError(MailkitError):
    """A mailbox cannot be opened or read."""


class ConfigError(MailkitError):
    """A setting, transport URL or option is wrong. The message never shows a password."""


class ArrivalError(MailkitError, AssertionError):
    """An inbox did not get the mail that was awaited, or got mail that should not come. The text says what did arrive."""

    exit_code = 1
