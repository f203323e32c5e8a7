"""What a server decides for itself: whom it lets in, whom it knows, what it does with a message."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from mailkit import clock
from mailkit.errors import MailkitError
from mailkit.mime.bodytype import BodyType
from mailkit.smtp.dsn import DsnRequest
from mailkit.smtp.reply import Reply
from mailkit.smtp.scram import Verifier

__all__ = ["Judgement", "Later", "Policy", "Received", "ServerProfile", "guarded"]

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
    is_smtputf8: bool = False
    """Whether the client said SMTPUTF8 (RFC 6531): then fields may go beyond ASCII."""
    dsn: DsnRequest | None = None
    """What the client asked about delivery status notifications (RFC 3461), if anything."""
    transcript: tuple[str, ...] = ()
    """What was said from the beginning of the session, or since the message before, where the profile has that kept."""
    warnings: tuple[str, ...] = ()
    """The client's mistakes that a lenient profile let pass."""
    origin: Mapping[str, str] = field(default_factory=dict)
    """What the client, mailkit, says that the message was made from, where the profile offers to be told."""


@dataclass(frozen=True, slots=True)
class Later:
    """A verdict that takes its time: the client waits so many ``seconds``, others do not, and then ``then`` is asked."""

    seconds: float
    then: Callable[[], "Judgement"]


Judgement: TypeAlias = Reply | Later | None


class Policy:
    """What a server answers beyond the protocol. Each method returns None for "fine", the reply to give instead, or Later.

    Subclass it, and override what you need. The methods may block: pumps run them beside the wire. One that raises
    ConnectError hangs up; any other failure is logged, and the client is told to try again later.
    """

    may_block = True
    """Whether a method may wait for something. One that never does is asked at once, which is many times as fast."""

    def connect(self, peer: str) -> Judgement:
        """Judge a client by where it comes from, before it is greeted. A reply ends the session."""
        return None

    def hello(self, name: str) -> Judgement:
        """Judge HELO, EHLO or LHLO."""
        return None

    def login(self, mechanism: str) -> Judgement:
        """Judge that somebody wants to log in, before any secret is heard."""
        return None

    def data(self, sender: str, recipients: tuple[str, ...]) -> Judgement:
        """Judge DATA, or the first BDAT, before any content is taken."""
        return None

    def ended(self, transcript: tuple[str, ...]) -> None:
        """See what was said since the last message, where the profile has that kept; it may be all of a session.

        It must not block: the connection is gone, and nothing waits for it.
        """

    def authenticate(self, user: str, password: str) -> bool:
        """Whether the password is right. Only asked when the profile has ``auth``."""
        return False

    def password(self, user: str) -> str | None:
        """Return the password itself, for CRAM-MD5 and SCRAM; None when it is not known, or nobody has that name."""
        return None

    def verifier(self, user: str, algorithm: str) -> Verifier | None:
        """Return what SCRAM with ``"sha256"`` or ``"sha1"`` checks a proof against. The default makes it of the password."""
        password = self.password(user)
        if password is None:
            return None
        return Verifier.of(password, algorithm=algorithm, salt=bytes.fromhex(clock.token()))

    def token(self, user: str, token: str) -> bool:
        """Whether an access token is good, for XOAUTH2 and OAUTHBEARER."""
        return False

    def sender(self, address: str) -> Judgement:
        """Judge MAIL FROM; the null return path is ``""``."""
        return None

    def recipient(self, address: str) -> Judgement:
        """Judge RCPT TO."""
        return None

    def message(self, received: Received) -> Judgement:
        """Take the message. Returning None accepts it with 250. With LMTP it is asked for each recipient by himself."""
        return None


@dataclass(frozen=True, slots=True)
class ServerProfile:
    """What a server offers. Limits keep one client from using up the machine."""

    host: str = "localhost"
    starttls: bool = False
    auth: bool = False
    auth_required: bool = False
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    """The strongest first. SCRAM, CRAM-MD5, XOAUTH2 and OAUTHBEARER need a policy that answers for them."""
    unsafe_plaintext_auth: bool = False
    is_lenient: bool = False
    """Whether mistakes pass that can mean one thing only: no HELO, no angle brackets, a bare LF after a command, an address
    beyond ASCII without SMTPUTF8. For servers that hand nothing on: what one takes, the next may read in another way."""
    keeps_transcript: bool = False
    """Whether what is said is kept, but for secrets and content, and told to the policy."""
    max_size: int = 50_000_000
    max_recipients: int = 1_000
    idle: float = 300.0
    is_lmtp: bool = False
    """Whether it speaks LMTP (RFC 2033): LHLO, and a verdict for each recipient."""
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
