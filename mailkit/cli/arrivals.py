"""What ``mailkit inbox`` says of each message that arrives."""

import sys
from enum import Enum, auto
from threading import Event

from mailkit.cli.ending import Ending
from mailkit.cli.output import line, notes, print_json
from mailkit.inbox import Archive, Caught

__all__ = ["Arrivals", "Form"]

_MOST_AT_ONCE = 20  # lines; a campaign is not read one by one


class Form(Enum):
    """How much is said."""

    NOTHING = auto()
    LINE = auto()
    """A line for people."""
    WHOLE = auto()
    """All of it, as Python's DebuggingServer printed it."""
    JSON = auto()
    """A line of JSON."""


class Arrivals:
    """Tells of the messages that come from now on."""

    def __init__(self, archive: Archive, form: Form) -> None:
        self._archive = archive
        self._form = form
        self._last = archive.last
        self._news = Event()

    def follow(self, ending: Ending) -> None:
        """Tell of each message as it comes, until interrupted; what is being told is told to its end."""
        end = self._archive.subscribe(self._news.set)
        try:
            while True:
                self._news.clear()  # before looking: what comes while we look is news again
                with ending.after():
                    self.tell()
                # A wait without an end cannot be interrupted on Windows.
                while not self._news.wait(1.0):
                    pass
        finally:
            end()

    def tell(self) -> None:
        """Tell of what has come since the last time."""
        if self._form is Form.NOTHING:
            return
        last = self._archive.last
        for place, caught in enumerate(self._archive.entries(after=self._last)):
            self._last = max(self._last, caught.id)
            if self._form is Form.LINE and place >= _MOST_AT_ONCE:
                self._last = max(last, self._last)
                notes.print(line((f"  and more, up to #{self._last}", "dim")))
                break
            self._print(caught)
        sys.stdout.flush()

    def _print(self, caught: Caught) -> None:
        if self._form is Form.JSON:
            print_json(
                {
                    "id": caught.id,
                    "at": caught.at.isoformat(),
                    "sender": caught.sender,
                    "recipients": list(caught.recipients),
                    "subject": caught.subject,
                    "inbox": caught.inbox,
                    "size": len(caught.raw),
                    "warnings": list(caught.warnings),
                },
                indent=None,
            )
        elif self._form is Form.WHOLE:
            print_whole(caught)
        else:
            warned = f"  {len(caught.warnings)} warnings" if caught.warnings else ""
            notes.print(
                line(
                    (f"{caught.at:%H:%M:%S} #{caught.id} ", "dim"),
                    f"{caught.sender or '<>'} → {', '.join(caught.recipients)}  ",
                    (caught.subject or "(no subject)", "bold"),
                    (warned, "yellow"),
                )
            )


def print_whole(caught: Caught) -> None:
    """Print a message between two lines of dashes, the client's address under its header, as DebuggingServer did.

    Controls are shown, not obeyed: mail cannot steer the terminal.
    """
    said = ["---------- MESSAGE FOLLOWS ----------"]
    in_header = True
    for text in caught.raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n").split("\n"):
        if in_header and not text:
            said.append(f"X-Peer: {caught.peer}")
            in_header = False
        said.append("".join(char if char.isprintable() or char == "\t" else f"\\x{ord(char):02x}" for char in text))
    sys.stdout.write("\n".join([*said, "------------ END MESSAGE ------------\n"]))
