"""What a session knows at a moment: who it is, what is selected, and what it has not told yet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from mailkit.inbox.account import Account, Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.imap.syntax import Arguments
from mailkit.inbox.imap.view import View
from mailkit.inbox.readerwire import ReaderWire
from mailkit.sansio import Conversation

__all__ = ["Handler", "No", "State"]


class No(Exception):
    """A command that is right and cannot be done."""


@dataclass(slots=True)
class State:
    """One session. ``max_size`` is that of a message that is appended, in octets."""

    wire: ReaderWire
    archive: Archive
    users: Users
    may_start_tls: bool
    max_size: int
    begins_tls: bool = False
    """Whether the handshake follows the reply to this command."""
    user: Account | None = None
    selected: View | None = None
    changes: int = 0
    told: int = 0

    def hear(self) -> None:
        """Something in the archive has changed; called in any thread."""
        self.changes += 1

    @property
    def has_news(self) -> bool:
        return self.told != self.changes

    def tell_news(self) -> None:
        """Tell what has changed in the folder that is selected."""
        if self.has_news:
            self.told = self.changes  # before looking: what changes now is news again
            if self.selected:
                self.wire.say(self.selected.news())

    @property
    def account(self) -> Account:
        """Whose folders these are, for commands that ask for a login."""
        assert self.user
        return self.user

    @property
    def view(self) -> View:
        """The folder that is selected, for commands that ask for one."""
        assert self.selected
        return self.selected

    @property
    def capability(self) -> str:
        names = ["IMAP4rev1", "LITERAL+", "ID", "IDLE"]
        if self.user is None:
            names += ["SASL-IR", "AUTH=PLAIN", *(["STARTTLS"] if self.may_start_tls else [])]
        names += ["CHILDREN", "MOVE", "NAMESPACE", "SPECIAL-USE", "UIDPLUS", "UNSELECT", f"APPENDLIMIT={self.max_size}"]
        return " ".join(names)


Handler: TypeAlias = Callable[[State, Arguments], Conversation[str] | str]
"""Does a command, and returns what is said behind its OK; nothing in particular is ``""``."""
