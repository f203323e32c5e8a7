"""What a server decides for itself: whom it lets in, whom it knows, what it does with a message."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from mailkit.errors import MailkitError
from mailkit.mime.bodytype import BodyType
from mailkit.smtp.dsn import DsnRequest
from mailkit.smtp.reply import Reply

__all__ = ["Policy", "Received", "ServerProfile", "guarded"]

_log = logging.getLogger("mailkit.smtp.server")
_Judgement = TypeVar("_Judgement")


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came in, with the envelope and what is known of the client."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    hello: str
    user: str = ""
    is_secure: bool = False
    peer: str = ""
    body: BodyType = BodyType.SEVEN_BIT
    """What the client said the content is; nobody has checked it."""
    dsn: DsnRequest | None = None
    """What the client asked about delivery status notifications (RFC 3461), if anything."""


class Policy:
    """What a server answers beyond the protocol. Each method returns None for "fine", or the reply to give instead.

    Subclass it, and override what you need. The methods may block: pumps run them beside the wire. One that raises
    ConnectError hangs up; any other failure is logged, and the client is told to try again later.
    """

    def authenticate(self, user: str, password: str) -> bool:
        """Whether the password is right. Only asked when the profile has ``auth``."""
        return False

    def sender(self, address: str) -> Reply | None:
        """Judge MAIL FROM; the null return path is ``""``."""
        return None

    def recipient(self, address: str) -> Reply | None:
        """Judge RCPT TO."""
        return None

    def message(self, received: Received) -> Reply | None:
        """Take the message. Returning None accepts it with 250."""
        return None


@dataclass(frozen=True, slots=True)
class ServerProfile:
    """What a server offers. Limits keep one client from using up the machine."""

    host: str = "localhost"
    starttls: bool = False
    auth: bool = False
    auth_required: bool = False
    unsafe_plaintext_auth: bool = False
    max_size: int = 50_000_000
    max_recipients: int = 1_000
    idle: float = 300.0
    extensions: tuple[str, ...] = (
        "PIPELINING",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "CHUNKING",
        "BINARYMIME",
        "DSN",
    )


def guarded(deed: Callable[[], _Judgement]) -> _Judgement | Reply:
    """Ask the policy. If it fails, the client is told to come back, and is not left in doubt."""
    try:
        return deed()
    except MailkitError:
        raise
    except Exception:  # noqa: BLE001 - whatever the application's code raises
        _log.exception("the policy of the SMTP server failed")
        return Reply.of(451, "4.3.0 Something went wrong here; try again later")
