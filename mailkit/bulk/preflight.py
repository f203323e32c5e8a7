"""The pre-flight: every message is made and none is sent, so that what would fail is known before anything has left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from mailkit.bulk.journal import Journal
from mailkit.bulk.judge import told
from mailkit.bulk.state import Entry, Result, State
from mailkit.bulk.suppression import Suppressions
from mailkit.errors import ConfigError, MessageError, RecipientsError, TemplateError
from mailkit.message import Message

__all__ = ["Checked", "preflight"]

_CHUNK = 200  # recipients between two words of progress
_SHOWN = 1_000  # problems kept in memory


@dataclass
class Checked:
    """What a pre-flight has found."""

    ready: int = 0
    failed: int = 0
    suppressed: int = 0
    problems: list[tuple[int, Result]] = field(default_factory=list)
    """(line, result) of at most 1,000 recipients who would not get the message."""
    samples: list[Path] = field(default_factory=list)
    sample: str = ""
    """The first message, as text."""

    def counted(self, counts: Mapping[State, int]) -> dict[State, int]:
        """Return the journal's counts as they would be when those who fail, or are suppressed, have been dealt with."""
        found = dict(counts)
        for state, count in ((State.SKIPPED, self.failed), (State.SUPPRESSED, self.suppressed)):
            found[state] = found.get(state, 0) + count
            found[State.PENDING] = found.get(State.PENDING, 0) - count
        return found

    def refusal(self, invalid: int, *, source: str) -> RecipientsError:
        """Return the error of a run that sends nothing because of what was found."""
        told = [f"messages that cannot be made: {self.failed}"] if self.failed else []
        told += [f"bad rows: {invalid}"] if invalid else []
        first = f" The first: line {self.problems[0][0]}: {self.problems[0][1].text}" if self.failed else ""
        return RecipientsError(
            f"nothing was sent; {', '.join(told)}", source=source, hint=f"--dry-run shows them.{first}"
        )


def preflight(
    journal: Journal,
    compose: Callable[[Entry], Message],
    *,
    limit: int = 0,
    suppressions: Suppressions | None = None,
    folder: Path | None = None,
    samples: int = 0,
    observer: Callable[[int], None] | None = None,
) -> Checked:
    """Make the message of everybody who waits; ``observer`` is told how many have been looked at.

    The first ``samples`` are written to ``folder`` as .eml files.
    """
    checked = Checked()
    waiting = islice(journal.account.waiting(), limit or None)
    done = 0
    while chunk := list(islice(waiting, _CHUNK)):
        refused = suppressions.find_all(entry.key for entry in chunk) if suppressions is not None else {}
        for entry in chunk:
            if entry.key in refused:
                checked.suppressed += 1
                _note(checked, entry, Result(entry.key, State.SUPPRESSED, text=str(refused[entry.key])))
                continue
            try:
                message = compose(entry)
            except (TemplateError, MessageError) as error:
                checked.failed += 1
                _note(checked, entry, Result(entry.key, State.SKIPPED, text=told(error)))
                continue
            checked.ready += 1
            checked.sample = checked.sample or _shown(message)
            if folder is not None and len(checked.samples) < samples:
                checked.samples.append(_written(message, folder, len(checked.samples) + 1))
        done += len(chunk)
        if observer is not None:
            observer(done)
    return checked


def _note(checked: Checked, entry: Entry, result: Result) -> None:
    if len(checked.problems) < _SHOWN:
        checked.problems.append((entry.line, result))


def _written(message: Message, folder: Path, number: int) -> Path:
    path = folder / f"sample-{number:03}.eml"  # nothing of the message is in the name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(message))
    except OSError as error:
        raise ConfigError(f"{path}: the sample cannot be written: {error.strerror}") from None
    return path


def _shown(message: Message) -> str:
    lines = [f"{name}: {value}" for name in ("From", "To", "Subject") if (value := message.headers.get(name))]
    return "\n".join([*lines, "", message.text or ""])
