"""The server's mind: it takes everything, but for what a rule refuses, and keeps it."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from mailkit import clock
from mailkit.errors import ConfigError
from mailkit.inbox.archive import Archive
from mailkit.inbox.rules import Moment, Rules
from mailkit.smtp import Judgement, Later, Policy, Received, Reply

__all__ = ["Catcher", "Session"]

_MOST_SESSIONS = 200


@dataclass(frozen=True, slots=True)
class Session:
    """What was said on a connection and ended in no message: a refusal, a login that failed, a client that went away."""

    at: datetime
    transcript: tuple[str, ...]

    @property
    def refusals(self) -> tuple[str, ...]:
        """The replies in it that refuse something."""
        return tuple(line[3:] for line in self.transcript if line.startswith(("S: 4", "S: 5")))


class Catcher(Policy):
    """Keeps mail in an archive. ``users`` are those who may log in with their passwords; without any, everybody may.

    A message is put into the inbox of the user who logged in; the one without a name is for all others.
    """

    may_block = False

    def __init__(self, archive: Archive, rules: Rules, *, users: dict[str, str] | None = None) -> None:
        self.archive = archive
        self.rules = rules
        self.sessions: deque[Session] = deque(maxlen=_MOST_SESSIONS)
        self._users = users or {}

    def connect(self, peer: str) -> Judgement:
        return self.rules.ask(Moment.CONNECT, peer)

    def hello(self, name: str) -> Judgement:
        return self.rules.ask(Moment.EHLO, name)

    def login(self, mechanism: str) -> Judgement:
        return self.rules.ask(Moment.AUTH, mechanism)

    def authenticate(self, user: str, password: str) -> bool:
        return self._users.get(user) == password if self._users else True

    def password(self, user: str) -> str | None:
        return self._users.get(user)

    def sender(self, address: str) -> Judgement:
        return self.rules.ask(Moment.MAIL, address)

    def recipient(self, address: str) -> Judgement:
        return self.rules.ask(Moment.RCPT, address)

    def data(self, sender: str, recipients: tuple[str, ...]) -> Judgement:
        return self.rules.ask(Moment.DATA, *recipients)

    def message(self, received: Received) -> Judgement:
        verdict = self.rules.ask(Moment.DOT, *received.recipients)
        if isinstance(verdict, Later):
            return Later(verdict.seconds, lambda: verdict.then() or self._keep(received))
        return verdict or self._keep(received)

    def _keep(self, received: Received) -> Reply | None:
        try:
            self.archive.add(received, inbox=received.user)
        except ConfigError as error:
            return Reply.of(452, f"4.3.1 {error}")
        return None

    def ended(self, transcript: tuple[str, ...]) -> None:
        session = Session(clock.now(), transcript)
        if session.refusals or _is_cut_short(transcript):
            self.sessions.append(session)
            self.archive.tell()


def _is_cut_short(transcript: tuple[str, ...]) -> bool:
    """Whether a message was begun and not ended, or the client went away with neither a message nor a good-bye."""
    if any(line[:7].upper() == "C: MAIL" for line in transcript):
        return True
    return transcript[0].startswith("S: 220") and not any(line.startswith("S: 221") for line in transcript)
