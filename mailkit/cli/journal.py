"""``mailkit journal``: what a campaign's journal knows, and what it is told."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mailkit.bulk import Journal, State, Verdict, publish, report_on
from mailkit.bulk.table import write_csv, write_jsonl
from mailkit.cli import options
from mailkit.cli.output import line, notes, print_json
from mailkit.errors import ConfigError

__all__ = ["journal"]

journal = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="What a campaign's journal knows, and what it is told. Safe to use while the campaign is being sent.",
)

_File = Annotated[Path, typer.Argument(metavar="JOURNAL", help="The file that was given to --journal.")]
_Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Of the campaign, when there are several.")]


@journal.command()
def status(path: _File, *, name: _Name = "", as_json: options.AsJson = False) -> None:
    """Count the recipients in each state. (The exit code is that of the question, not of the campaign.)"""
    total = dict.fromkeys(map(str, State), 0)
    campaigns = []
    for one in [name] if name else Journal.names(path):
        with Journal(path, name=one, must_exist=True) as opened:
            counts = opened.account.counts()
            states = {str(state): counts.get(state, 0) for state in State}
            campaigns.append(
                {"campaign": one, **states, "total": sum(states.values()), "paused": opened.account.paused}
            )
            total = {state: total[state] + states[state] for state in total}
            if not as_json:
                _show(opened)
    if as_json:
        print_json({**total, "total": sum(total.values()), "states": total, "campaigns": campaigns})


def _show(opened: Journal) -> None:
    account = opened.account
    counts, (_, kinds) = account.counts(), account.bad_rows(limit=0)
    notes.print(line((opened.name, "bold")))
    for state in State:
        if count := counts.get(state, 0):
            notes.print(f"{count:>9,} {state.replace('_', ' ')}")
    for kind, what in (("invalid", "bad rows"), ("duplicate", "duplicates")):
        if kinds.get(kind):
            notes.print(f"{kinds[kind]:>9,} {what} of the list, left out")
    if reason := account.paused:
        notes.print(line(("Paused: ", "yellow"), reason))
    if counts.get(State.DEFERRED) and (next_at := account.next_time()):
        notes.print(f"The next is tried at {datetime.fromtimestamp(next_at).astimezone():%H:%M:%S}.")


@journal.command()
def pause(
    path: _File,
    *,
    name: _Name = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Shown to whoever asks.")] = "paused by hand",
) -> None:
    """Let no more messages begin. Runs that are on end in order, and new ones do not begin."""
    with Journal(path, name=name, must_exist=True) as opened:
        opened.control.pause(reason)
        notes.print(f"Paused: {opened.name}. What is under way arrives.")


@journal.command()
def resume(path: _File, *, name: _Name = "") -> None:
    """Take a pause back; the campaign's own command goes on then."""
    with Journal(path, name=name, must_exist=True) as opened:
        opened.control.resume()
        notes.print(f"{opened.name} may go on.")


_Only = Annotated[list[str] | None, typer.Option("--recipient", metavar="ADDRESS", help="Only this one. Repeatable.")]


@journal.command()
def retry(
    path: _File,
    *,
    name: _Name = "",
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Whom: deferred (the default), failed, expired, skipped.")
    ] = None,
    recipient: _Only = None,
) -> None:
    """Let recipients be tried again by the next run, or the one that is on."""
    with Journal(path, name=name, must_exist=True) as opened:
        count = opened.control.retry(state or [State.DEFERRED], keys=recipient)
        notes.print(f"{count:,} will be tried again.")


@journal.command()
def resolve(
    path: _File,
    *,
    verdict: Annotated[Verdict, typer.Option("--as", help="What is known of them; resend sends them again.")],
    name: _Name = "",
    recipient: _Only = None,
) -> None:
    """Say what became of those in doubt, for example by the relay's log: all of them, or some."""
    with Journal(path, name=name, must_exist=True) as opened:
        count = opened.control.resolve(verdict, keys=recipient)
        notes.print(f"{count:,} resolved as {verdict}.")


@journal.command()
def report(
    path: _File,
    *,
    name: _Name = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write it to a file as well: .html is a page to look at; .csv, .json and .jsonl have every recipient.",
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Tell what became of everybody, with the reasons why some did not get it."""
    with Journal(path, name=name, must_exist=True) as opened:
        if output:
            publish(opened, output)
        found = report_on(opened, paused=opened.account.paused)
        if as_json:
            print_json(found.as_dict())
        else:
            _show(opened)
            for cause in found.reasons[:20]:
                said = " ".join(part for part in (str(cause.code or ""), cause.enhanced, cause.text) if part)
                notes.print(
                    line((f"{cause.count:>9,} ", "red"), f"{cause.state.replace('_', ' ')} {cause.group}: {said}")
                )
        if output:
            notes.print(line(f"The report is in {output}."))
    raise typer.Exit(found.exit_code)


@journal.command()
def export(
    path: _File,
    *,
    name: _Name = "",
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="csv or jsonl.")] = "csv",
    state: Annotated[list[State] | None, typer.Option("--state", help="Only those. Repeatable.")] = None,
) -> None:
    """Write a line for every recipient to standard output."""
    if form not in ("csv", "jsonl"):
        raise ConfigError(f"there is no format {form!r}", hint="There are csv and jsonl.")
    with Journal(path, name=name, must_exist=True) as opened:
        write = write_csv if form == "csv" else write_jsonl
        write(opened.account.lines(state or tuple(State)), sys.stdout)
