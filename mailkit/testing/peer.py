"""A scripted peer: plays the other side of a conversation (:mod:`mailkit.sansio`), without a socket.

The script is the dialogue from the peer's side, in order. It is exact: a conversation that says something else, speaks out
of turn, or leaves a part of the script unplayed fails the test, and the error shows the dialogue up to that point.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from mailkit.errors import ConnectError, MailkitError
from mailkit.sansio import Call, ChannelBinding, Consult, Conversation, Effect, Read, Sleep, StartTls, Watch, Write

__all__ = ["Closes", "Fails", "Hears", "Says", "ScriptedPeer", "Secures", "Step"]

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Says:
    """The peer sends ``data``."""

    data: bytes

    def __str__(self) -> str:
        return f"peer says {self.data!r}"


@dataclass(frozen=True, slots=True)
class Hears:
    """The conversation must write ``data`` now: in one piece, in several, or together with what the next step hears."""

    data: bytes

    def __str__(self) -> str:
        return f"peer hears {self.data!r}"


@dataclass(frozen=True, slots=True)
class Secures:
    """The conversation must ask for TLS now."""

    def __str__(self) -> str:
        return "TLS begins"


@dataclass(frozen=True, slots=True)
class Fails:
    """The conversation's next effect, whichever it is, fails with ``error``."""

    error: MailkitError

    def __str__(self) -> str:
        return f"the wire fails with {type(self.error).__name__}"


@dataclass(frozen=True, slots=True)
class Closes:
    """The peer hangs up: reading gives the end of the stream, writing fails. Nothing can come after it."""

    def __str__(self) -> str:
        return "peer closes"


Step: TypeAlias = Says | Hears | Secures | Fails | Closes


class ScriptedPeer:
    r"""Runs a conversation against a script. With ``bytewise`` it hands over what the peer says one byte at a time;
    ``bindings`` are what identifies the secure channel.

    >>> from mailkit.sansio import Read, Write
    >>> def greet():
    ...     yield Write(b"HELO me\r\n")
    ...     return (yield Read(within=5.0))
    >>> ScriptedPeer([Hears(b"HELO me\r\n"), Says(b"250 you\r\n")]).run(greet())
    b'250 you\r\n'
    """

    def __init__(
        self, script: Iterable[Step], *, bytewise: bool = False, bindings: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        self.slept = 0.0
        """The seconds that conversations have asked to sleep; nobody waited for them."""
        self._steps: list[Step] = list(script)
        self._bytewise = bytewise
        self._bindings = bindings
        self._played: list[str] = []
        self._unheard = b""
        self._rest = b""

    @property
    def transcript(self) -> str:
        """The dialogue so far, a line for each step."""
        return "\n".join(self._played)

    def run(self, conversation: Conversation[_Result]) -> _Result:
        """Play the script to its end and return what the conversation returns, or raise what it raises.

        Several conversations are run as one: wrap them in a generator that says ``yield from`` for each.
        Raises AssertionError, with the dialogue, when the conversation does not keep to the script.
        """
        try:
            result = self._play(conversation)
        except MailkitError as error:
            self._check_end(f"the conversation raised {error!r}")
            raise
        finally:
            conversation.close()
        self._check_end("the conversation ended")
        return result

    def _play(self, conversation: Conversation[_Result]) -> _Result:
        try:
            effect = next(conversation)
            while True:
                try:
                    answer = self._perform(effect)
                except MailkitError as error:
                    effect = conversation.throw(error)
                else:
                    effect = conversation.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def _perform(self, effect: Effect) -> object:
        if not isinstance(effect, Call | ChannelBinding | Sleep) and isinstance(step := self._next(), Fails):
            self._done(step)
            raise step.error
        match effect:
            case Write(data):
                self._hear(data)
            case Read() | Watch():  # a script has no news
                return self._say()
            case StartTls():
                self._secure()
            case ChannelBinding():
                return self._bindings
            case Sleep(seconds):
                self.slept += seconds
            case Call(deed) | Consult(deed):
                return deed()
        return None

    def _hear(self, data: bytes) -> None:
        self._unheard += data
        while self._unheard:
            step = self._next()
            if isinstance(step, Closes):
                self._unheard = b""
                raise ConnectError("the scripted peer has closed the connection")
            if not isinstance(step, Hears):
                raise self._wrong(f"the conversation said {self._unheard!r}")
            if step.data.startswith(self._unheard) and step.data != self._unheard:
                return  # the rest may come with the next write
            if not self._unheard.startswith(step.data):
                raise self._wrong(f"the conversation said {self._unheard!r}")
            self._unheard = self._unheard[len(step.data) :]
            self._done(step)

    def _say(self) -> bytes:
        if self._unheard:
            raise self._wrong(f"the conversation said {self._unheard!r}, and no more")
        if not self._rest:
            step = self._next()
            if isinstance(step, Closes):
                return b""
            if not isinstance(step, Says):
                raise self._wrong("the conversation waits for the peer to speak")
            self._done(step)
            self._rest = step.data
        count = 1 if self._bytewise else len(self._rest)
        said, self._rest = self._rest[:count], self._rest[count:]
        return said

    def _secure(self) -> None:
        step = self._next()
        if not isinstance(step, Secures):
            raise self._wrong("the conversation asks for TLS")
        self._done(step)

    def _next(self) -> Step | None:
        return self._steps[0] if self._steps and not self._rest else None

    def _done(self, step: Step) -> None:
        self._played.append(str(step))
        del self._steps[0]

    def _check_end(self, what: str) -> None:
        # A conversation may well end before it has noticed that the peer hung up.
        if self._unheard or any(not isinstance(step, Closes) for step in self._steps):
            raise self._wrong(what)

    def _wrong(self, what: str) -> AssertionError:
        expected = [f"unread {self._rest!r}"] if self._rest else [str(step) for step in self._steps[:1]]
        lines = [
            *(f"    {line}" for line in self._played),
            f"  - {(expected or ['the script ends here'])[0]}",
            f"  + {what}",
        ]
        return AssertionError("the dialogue left the script (- expected, + came):\n" + "\n".join(lines))
