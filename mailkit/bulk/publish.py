"""The report of a campaign as a file."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TextIO

from mailkit import clock
from mailkit.bulk.journal import Journal
from mailkit.bulk.report import report_on
from mailkit.bulk.table import row_of, write_csv, write_jsonl
from mailkit.errors import ConfigError
from mailkit.transport.disk import check_folder

__all__ = ["check_place", "form_of", "publish"]


def publish(journal: Journal, path: str | PathLike[str]) -> None:
    """Write what became of a campaign to a file: a page (.html), or a row for each recipient (.csv, .json, .jsonl).

    The JSON object has the summary too. The file appears as a whole, or stays as it was. Raises ConfigError for another
    ending, or when the file cannot be written, and JournalError.
    """
    form = form_of(path)
    try:
        target = Path(path).resolve()  # a link stays one
        if journal.path and target.exists() and target.samefile(journal.path):
            raise ConfigError(f"{os.fspath(path)!r} is the journal itself", hint="Choose another file for the report.")
        with _replacing(target) as file:
            _WRITERS[form](journal, file)
    except OSError as error:
        raise ConfigError(
            f"the report {os.fspath(path)!r} cannot be written: {error.strerror or error}",
            hint="Check the folder, its rights and the disk.",
        ) from None


def form_of(path: str | PathLike[str]) -> str:
    """Return the ending of a report's file, which says what goes into it. Raises ConfigError when it is none of the four."""
    form = Path(path).suffix.lower()
    if form not in _WRITERS:
        raise ConfigError(
            f"the report {os.fspath(path)!r} ends in nothing that says what it is to be",
            hint=f"These do: {', '.join(_WRITERS)}.",
        )
    return form


def check_place(path: str | PathLike[str]) -> None:
    """Raise ConfigError when no report could be written there: better before a campaign than behind it."""
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise ConfigError(f"the report {os.fspath(path)!r} cannot be written: there is no folder {str(folder)!r}")
    check_folder(folder)


@contextmanager
def _replacing(target: Path) -> Iterator[TextIO]:
    """Give a file that takes the target's place when the block has ended well, and is on the disk by then."""
    # Beside it: only within one file system is a file replaced in one step.
    beside = target.with_name(f".mailkit-{clock.token()[:16]}{target.suffix}")
    try:
        with beside.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _write_page(journal: Journal, file: TextIO) -> None:
    from mailkit.bulk.page import write_page  # most campaigns have none

    write_page(journal, file)


def _write_csv(journal: Journal, file: TextIO) -> None:
    write_csv(journal.account.lines(), file)


def _write_jsonl(journal: Journal, file: TextIO) -> None:
    write_jsonl(journal.account.lines(), file)


def _write_json(journal: Journal, file: TextIO) -> None:
    summary = report_on(journal, paused=journal.account.paused).as_dict()
    del summary["problems"]  # those are among the recipients
    file.write(json.dumps(summary, ensure_ascii=False, indent=2).removesuffix("\n}"))
    file.write(',\n  "recipients": [')
    rows = (json.dumps(row_of(one), ensure_ascii=False) for one in journal.account.lines())
    file.writelines(f"{',' if number else ''}\n    {row}" for number, row in enumerate(rows))
    file.write("\n  ]\n}\n")


_WRITERS: dict[str, Callable[[Journal, TextIO], None]] = {
    ".html": _write_page,
    ".csv": _write_csv,
    ".json": _write_json,
    ".jsonl": _write_jsonl,
}
