"""What a failed test shows and keeps of its mail."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from mailkit.inbox import Caught, Session
from mailkit.testing.box import PatientBox

__all__ = ["Evidence", "folder_for", "forget"]

_MOST_KEPT = 200  # the newest of each
_MOST_SHOWN = 20
_MOST_LINES = 30
_OURS = re.compile(r"(?:inbox|outbox)-(?:\d+\.(?:eml|json|txt)|session-\d+\.txt)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The mail of one fixture when it was looked at. ``kind`` is the fixture's name, ``place`` where its server listens."""

    kind: str
    place: str
    total: int
    messages: tuple[Caught, ...]
    sessions: tuple[Session, ...] = ()

    @classmethod
    def of(cls, kind: str, box: PatientBox, *, place: str = "", sessions: tuple[Session, ...] = ()) -> "Evidence":
        """Look at a box while it is open."""
        return cls(kind, place, len(box), tuple(box.newest(_MOST_KEPT)), sessions[-_MOST_KEPT:])

    def __str__(self) -> str:
        """Say what is there, as a section of the report."""
        where = f"{self.kind} ({self.place})" if self.place else self.kind
        lines = [f"{where}: {_count(self.total, 'message')}"]
        lines += [f"  {one.describe()}" for one in self.messages[-_MOST_SHOWN:]]
        if self.total > _MOST_SHOWN:
            lines.insert(1, f"  the last {min(_MOST_SHOWN, len(self.messages))}:")
        if self.sessions:
            lines.append(f"  {_count(len(self.sessions), 'session')} that ended in no message, the last:")
            lines += [f"    {line}" for line in self.sessions[-1].transcript[-_MOST_LINES:]]
        return "\n".join(map(_printable, lines))

    def keep(self, folder: Path) -> None:
        """Write each message into ``folder``, as it came, with its envelope and what client and server said. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(self.messages, start=1):
            stem = f"{self.kind}-{number:03}"
            (folder / f"{stem}.eml").write_bytes(one.raw)
            facts = json.dumps(_facts(one), ensure_ascii=False, indent=2)
            _write_lines(folder / f"{stem}.json", (facts,))
            if one.transcript:
                _write_lines(folder / f"{stem}.txt", one.transcript)
        for number, session in enumerate(self.sessions, start=1):
            _write_lines(folder / f"{self.kind}-session-{number:03}.txt", session.transcript)


def folder_for(test: str) -> str:
    """Return the name of a test's folder: readable, and its own on every file system.

    >>> folder_for("tests/test_shop.py::test_order[../a b]")
    'tests-test_shop.py-test_order-..-a-b-eac7ed'
    """
    plain = re.sub(r"[^\w.-]+", "-", test, flags=re.ASCII).strip(".-")
    return f"{plain[:100]}-{hashlib.sha256(test.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def forget(folder: Path) -> None:
    """Delete what an earlier run has kept, and nothing else. Raises OSError."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name):
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def _facts(one: Caught) -> dict[str, object]:
    return {
        "sender": one.sender,
        "recipients": list(one.recipients),
        "subject": one.subject,
        "at": one.at.isoformat(),
        "user": one.user,
        "hello": one.hello,
        "secure": one.is_secure,
        "warnings": list(one.warnings),
    }


def _write_lines(path: Path, lines: tuple[str, ...]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="backslashreplace")


def _printable(line: str) -> str:
    """What a client said may be meant for a terminal."""
    return (
        line
        if line.isprintable()
        else "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
