"""``mailkit suppress``: the list of those who are never written to."""

import sys
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer

from mailkit.bulk import Reason, Recipients, Suppression, Suppressions, export_csv, import_csv
from mailkit.bulk.exchange import moment
from mailkit.cli import options
from mailkit.cli.output import line, notes, print_json
from mailkit.cli.summary import many
from mailkit.errors import ConfigError

__all__ = ["suppress"]

suppress = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The list of those who are never written to: addresses, and whole domains as @example.com.",
)

_File = Annotated[
    Path | None,
    typer.Option(
        "--suppressions", envvar="MAILKIT_SUPPRESSIONS", metavar="FILE", help="The list; it is made if need be."
    ),
]
_Reason = Annotated[Reason, typer.Option("--reason", help="Who has unsubscribed or complained stays so.")]
_SHOWN = 20


def _opened(path: Path | None, *, must_exist: bool = True) -> Suppressions:
    if path is None:
        raise ConfigError("no list is given", hint="Add --suppressions FILE, or set MAILKIT_SUPPRESSIONS.")
    if must_exist and not path.exists():
        raise ConfigError(f"there is no list {str(path)!r}", hint="mailkit suppress add makes one.")
    return Suppressions(path)


@suppress.command()
def add(
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="One or more; a domain as @example.com.")],
    *,
    suppressions: _File = None,
    reason: _Reason = Reason.MANUAL,
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Who or what has found that.")] = "",
    expires: Annotated[str, typer.Option("--expires", metavar="DATE", help="Until then: 2027-01-31.")] = "",
) -> None:
    """Write to somebody no more."""
    until = moment(expires, field="--expires") if expires else None
    with _opened(suppressions, must_exist=False) as opened:
        for address in addresses:
            entry = opened.add(address, reason, source=source, expires=until)
            notes.print(f"{entry.address}: {entry}")


@suppress.command()
def remove(
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="One or more.")],
    *,
    suppressions: _File = None,
) -> None:
    """Take somebody off the list. Exit code 1 when one was not on it."""
    with _opened(suppressions) as opened:
        found = [(address, opened.remove(address)) for address in addresses]
    for address, was_there in found:
        notes.print(f"{address} {'may be written to again' if was_there else 'was not on the list'}.")
    raise typer.Exit(0 if all(was_there for _, was_there in found) else 1)


@suppress.command()
def find(
    address: Annotated[str, typer.Argument(metavar="ADDRESS")],
    *,
    suppressions: _File = None,
    as_json: options.AsJson = False,
) -> None:
    """Say whether somebody is on the list, by the address or by its domain. Exit code 1 when that is so."""
    with _opened(suppressions) as opened:
        entry = opened.find(address)
    if as_json:
        print_json({"address": address, "suppressed": entry is not None, **(_facts(entry) if entry else {})})
    else:
        notes.print(f"{address}: {entry}" if entry else f"{address} may be written to.")
    raise typer.Exit(1 if entry else 0)


@suppress.command(name="list")
def list_(*, suppressions: _File = None, as_json: options.AsJson = False) -> None:
    """Show everybody on the list."""
    with _opened(suppressions) as opened:
        entries = list(opened)
    if as_json:
        print_json({"suppressions": [_facts(entry) for entry in entries]})
        return
    for entry in entries:
        notes.print(line((f"{entry.at:%Y-%m-%d} ", "dim"), f"{entry.address}: {entry}"))
    notes.print(f"{len(entries):,} on the list.")


@suppress.command(name="import")
def import_(
    path: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV with a column address or email; - is standard input.")
    ],
    *,
    suppressions: _File = None,
    reason: _Reason = Reason.MANUAL,
) -> None:
    """Add a file of addresses. Exit code 1 when a row could not be used."""
    source = Recipients(path, format="csv")
    with _opened(suppressions, must_exist=False) as opened:
        done = import_csv(opened, source, reason=reason)
    for number, problem in done.problems[:_SHOWN]:
        notes.print(line((f"line {number}: ", "yellow"), problem))
    notes.print(f"{done.taken:,} added, {done.bad:,} not.")
    raise typer.Exit(1 if done.bad else 0)


@suppress.command()
def export(*, suppressions: _File = None) -> None:
    """Write the list as CSV to standard output, as import reads it."""
    with _opened(suppressions) as opened:
        export_csv(opened, sys.stdout)


@suppress.command(name="forget-links")
def forget_links(
    before: Annotated[
        str, typer.Option("--before", metavar="DATE", help="The day since which the campaign has sent nothing.")
    ],
    *,
    suppressions: _File = None,
) -> None:
    """Forget whom the unsubscribe links of old campaigns stand for. Those links do nothing any more; nobody's wish is lost.

    Laws ask that they work for a month and more after the last message (CAN-SPAM: 30 days).
    """
    since = moment(before, field="--before")
    with _opened(suppressions) as opened:
        count = opened.links.forget(since if since.tzinfo else since.replace(tzinfo=UTC))
    notes.print(f"{many(count, 'link')} forgotten.")


def _facts(entry: Suppression) -> dict[str, Any]:
    return {
        "entry": entry.address,
        "reason": str(entry.reason),
        "source": entry.source,
        "time": entry.at.isoformat(),
        "expires": entry.expires.isoformat() if entry.expires else None,
    }
