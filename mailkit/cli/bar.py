"""How far a campaign is: a bar on a terminal, otherwise a line of JSON every two seconds, both on standard error."""

import json
import sys

from mailkit import clock
from mailkit.bulk import Observer, Progress, State
from mailkit.cli.output import notes

__all__ = ["Bar"]

_PRINT_EVERY = 2.0  # seconds

_NAMES = {
    State.SENT: ("sent", "green"),
    State.DEFERRED: ("deferred", "yellow"),
    State.FAILED: ("refused", "red"),
    State.EXPIRED: ("expired", "red"),
    State.SKIPPED: ("not to be made", "red"),
    State.SUPPRESSED: ("suppressed", "dim"),
    State.IN_DOUBT: ("in doubt", "magenta"),
}


class Bar:
    """Observes a run, within its ``with`` block."""

    def __init__(self) -> None:
        self._last = clock.monotonic()
        self.observe: Observer = self._print_line
        if notes.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress

            self._rich = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TextColumn("{task.fields[state]}"),
                TimeRemainingColumn(),
                console=notes,
            )
            self._task = self._rich.add_task("", total=None, state="")
            self.observe = self._move_bar

    def __enter__(self) -> "Bar":
        if notes.is_terminal:
            self._rich.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if notes.is_terminal:
            self._rich.stop()

    def _move_bar(self, progress: Progress) -> None:
        told = [f"[yellow]waiting {progress.waiting}[/yellow]"] if progress.waiting else []
        told.append(f"{progress.rate:,.0f}/s")
        told += [
            f"[{colour}]{count:,} {name}[/{colour}]"
            for state, (name, colour) in _NAMES.items()
            if (count := progress.counts.get(state, 0))
        ]
        self._rich.update(
            self._task,
            description=progress.stage.value,
            completed=progress.done,
            total=progress.total or None,
            state=", ".join(told),
        )

    def _print_line(self, progress: Progress) -> None:
        now = clock.monotonic()
        if now - self._last < _PRINT_EVERY:
            return
        self._last = now
        left = progress.seconds_left
        told: dict[str, object] = {"stage": progress.stage.value, "total": progress.total, "done": progress.done}
        told |= {"rate": round(progress.rate, 1), "seconds_left": None if left is None else round(left, 1)}
        told |= {str(state): count for state, count in progress.counts.items()}
        if progress.waiting:
            told |= {"waiting": progress.waiting, "seconds_to_wait": round(progress.seconds_to_wait, 1)}
        sys.stderr.write(json.dumps({"progress": told}) + "\n")
