"""How a session is opened, and how long each wait in it may last."""

from dataclasses import dataclass
from enum import Enum

from mailkit.smtp.credentials import Credentials

__all__ = ["Profile", "StartTlsPolicy", "Timeouts"]


class StartTlsPolicy(Enum):
    """When a plain connection turns into a secure one."""

    REQUIRED = "required"
    OPPORTUNISTIC = "opportunistic"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait, by phase. The defaults are those of RFC 5321 4.5.3.2, but for the first two: a person waits."""

    connect: float = 30.0
    greeting: float = 60.0
    command: float = 300.0
    data_block: float = 180.0
    # RFC 5321 4.5.3.2.6: a shorter wait for the final reply makes duplicates, because most of those mails were taken.
    end_of_data: float = 600.0

    @classmethod
    def scaled_to(cls, seconds: float) -> "Timeouts":
        """Wait ``seconds`` at most, but for the final reply as long as the standard says."""
        return cls(connect=seconds, greeting=seconds, command=seconds, data_block=seconds)


@dataclass(frozen=True, slots=True)
class Profile:
    """How a session is opened: who we are, how it becomes secure, who logs in."""

    hello: str
    starttls: StartTlsPolicy = StartTlsPolicy.REQUIRED
    credentials: Credentials | None = None
    unsafe_plaintext_auth: bool = False
    timeouts: Timeouts = Timeouts()
    is_lmtp: bool = False
    """Whether the server speaks LMTP (RFC 2033): LHLO, and a verdict for each recipient."""
