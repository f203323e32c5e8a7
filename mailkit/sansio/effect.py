"""What a conversation asks for, and a pump performs.

Theory of operation. A conversation is a generator that owns a whole exchange with a peer (who speaks next, what a reply
means, when to give up) but touches no socket and no clock. It *yields* an effect, is resumed with the effect's result,
and in the end returns its own result. A pump (:mod:`mailkit.net`) performs the effects, and is the only code that knows
whether the caller is blocking or asynchronous::

    def ask(question: bytes) -> Conversation[bytes]:
        yield Write(question)
        return (yield Read(within=5.0))

Rules that every pump keeps:

- An effect that fails is thrown *into* the conversation, as an error of :mod:`mailkit.errors`, so that the conversation
  can say what the failure means at that point (after the end of data it means "in doubt").
- When a conversation ends by an exception the wire is closed; it is never used again.
- A pump holds back no bytes over ``StartTls``: bytes that the peer sent before the handshake are refused, never
  carried into the secure channel.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

__all__ = ["Call", "ChannelBinding", "Consult", "Conversation", "Effect", "Read", "Sleep", "StartTls", "Watch", "Write"]


@dataclass(frozen=True, slots=True)
class Write:
    """Send all of ``data``, waiting at most ``within`` seconds for each 256 KiB of it. The result is None."""

    data: bytes
    within: float = 60.0


@dataclass(frozen=True, slots=True)
class Read:
    """Wait at most ``within`` seconds for bytes. The result is what came, or ``b""`` at the end of the stream."""

    within: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Wait as :class:`Read` does, or until there is news. The result is what came, or None when there is news.

    ``subscribe`` takes a function that may be called in any thread when there may be news, and returns what ends that;
    ``is_news`` says whether there is. That is asked before waiting, too, so that none is missed.
    """

    within: float
    subscribe: Callable[[Callable[[], object]], Callable[[], None]]
    is_news: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class StartTls:
    """Make the wire secure, with the profile that the pump was given when it was opened. The result is None."""

    within: float


@dataclass(frozen=True, slots=True)
class ChannelBinding:
    """Ask what identifies the secure channel (RFC 5056). The result is (kind, data) pairs, the best first; none is ``()``."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Do nothing for ``seconds``. The result is None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Run a deed of the application (store a message, check a password), which may block. The result is its result."""

    deed: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Consult:
    """Ask whoever has started the conversation, in their own thread. With asyncio the answer may be awaited."""

    question: Callable[[], Any]


Effect: TypeAlias = Write | Read | Watch | StartTls | ChannelBinding | Sleep | Call | Consult

_Result = TypeVar("_Result")
Conversation: TypeAlias = Generator[Effect, Any, _Result]
