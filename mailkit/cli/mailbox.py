"""``mailkit mailbox``: what is in a mailbox, by IMAP or POP3."""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.progress import track
from rich.table import Table

from mailkit import mailbox as mailboxes
from mailkit.cli import options
from mailkit.cli.choice import chosen, imap, named, open_mailbox, split
from mailkit.cli.messages import Listing, facts, identity, page, print_table, size, whole
from mailkit.cli.output import line, notes, print_bytes, print_json
from mailkit.errors import ConfigError
from mailkit.mailbox import Imap, Pop3, Query, StoredMessage, save_attachments, threads

__all__ = ["mailbox"]

mailbox = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Read mail over IMAP or POP3. URL is imaps://user:password@host/FOLDER, imap://, pop3s:// or pop3://; it may be "
    "left out when MAILKIT_MAILBOX is set. Reading marks nothing as read.",
)

_Url = Annotated[
    str,
    typer.Argument(metavar="[URL]", help="imaps://user:password@host/FOLDER, pop3s://… [env: MAILKIT_MAILBOX]"),
]
_UrlAndIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[URL] ID…", help="The mailbox, and messages by the ids that list and search show."),
]
_Folder = Annotated[
    str,
    typer.Option(
        "--folder", "-f", metavar="NAME", help="Instead of the URL's folder; \\Sent is the one for sent mail."
    ),
]
_Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Show the newest so many.")]


# -- looking -----------------------------------------------------------------------------------------------------------


@mailbox.command(name="list")
def list_(
    url: _Url = "",
    *,
    folder: _Folder = "",
    limit: _Limit = 25,
    as_threads: Annotated[bool, typer.Option("--threads", help="Put answers below what they answer.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show the newest messages.

    [bold]Examples[/bold]

    mailkit mailbox list imaps://ada%40example.com:password@mail.example.com

    mailkit mailbox list pop3s://ada:password@mail.example.com --limit 10 --json
    """
    with open_mailbox(url, folder) as opened:
        if isinstance(opened, Imap):
            found = opened.search()
            _show(opened, opened.fetch(found[-limit:][::-1]), len(found), as_threads=as_threads, as_json=as_json)
        else:
            numbers = sorted(opened.list())
            _show(opened, opened.fetch(numbers[-limit:][::-1]), len(numbers), as_threads=as_threads, as_json=as_json)


@mailbox.command()
def folders(url: _Url = "", *, as_json: options.AsJson = False) -> None:
    """Show the folders, with what they are for and how much is in them (IMAP)."""
    with open_mailbox(url) as opened:
        server = imap(opened, "folders")
        found = [(one, server.status(one.name) if one.is_selectable else None) for one in server.folders()]
    found.sort(key=lambda pair: (pair[0].name.upper() != "INBOX", pair[0].name.casefold()))
    if as_json:
        rows = [
            {
                "name": one.name,
                "use": one.use or None,
                "flags": list(one.flags),
                "messages": stat.messages if stat else None,
                "unseen": stat.unseen if stat else None,
                "size": stat.size if stat else None,
            }
            for one, stat in found
        ]
        print_json({"folders": rows})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, justify in (
        ("folder", "left"),
        ("for", "left"),
        ("messages", "right"),
        ("unseen", "right"),
        ("size", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for one, stat in found:
        unseen = f"{stat.unseen:,}" if stat and stat.unseen else ""
        count = f"{stat.messages:,}" if stat else ""
        table.add_row(
            line((one.name, "bold" if unseen else "")), one.use, count, unseen, size(stat.size) if stat else ""
        )
    print_table(table)


@mailbox.command()
def search(
    url: _Url = "",
    *,
    from_: Annotated[str | None, typer.Option("--from", metavar="TEXT", help="In the author.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TEXT", help="In the recipients.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="TEXT", help="In the subject.")] = None,
    body: Annotated[str | None, typer.Option("--body", metavar="TEXT", help="In the body.")] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="Anywhere.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="Received on that day or later.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="DATE", help="Received before that day.")] = None,
    larger: Annotated[int | None, typer.Option("--larger", metavar="BYTES", min=0, help="Of more bytes.")] = None,
    unseen: Annotated[bool | None, typer.Option("--unseen/--seen", help="Not read yet, or read.")] = None,
    flagged: Annotated[bool | None, typer.Option("--flagged/--unflagged", help="With the star, or without.")] = None,
    folder: _Folder = "",
    limit: _Limit = 25,
    as_threads: Annotated[bool, typer.Option("--threads", help="Put answers below what they answer.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Find messages (IMAP). Exit code 1 when there is none.

    [bold]Example[/bold]

    mailkit mailbox search imaps://ada:password@mail.example.com --from bob --since 2026-11-01 --unseen
    """
    query = Query(
        from_=from_,
        to=to,
        subject=subject,
        body=body,
        text=text,
        since=since,
        before=before,
        larger=larger,
        unseen=unseen,
        flagged=flagged,
    )
    with open_mailbox(url, folder) as opened:
        server = imap(opened, "search")
        found = server.search(query)
        _show(server, server.fetch(found[-limit:][::-1]), len(found), as_threads=as_threads, as_json=as_json)
    raise typer.Exit(0 if found else 1)


def _show(
    opened: Imap | Pop3, messages: Iterator[StoredMessage], total: int, *, as_threads: bool, as_json: bool
) -> None:
    if as_json:
        print_json({"mailbox": str(opened.server), "total": total, "messages": [facts(one) for one in messages]})
        return
    listing = Listing()
    if as_threads:
        for thread in reversed(threads(messages)):
            listing.add_thread(thread)
    else:
        for message in messages:
            listing.add(message)
    if listing.count:
        listing.print()
    notes.print(f"{listing.count:,} of {total:,} messages." if listing.count < total else f"{total:,} messages.")


@mailbox.command()
def show(
    given: _UrlAndIds = None,
    *,
    folder: _Folder = "",
    raw: Annotated[bool, typer.Option("--raw", help="Every byte, as the server has it.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Print one message: who, what, and its text."""
    url, ids = split(given)
    if len(ids) != 1:
        raise ConfigError("one message is shown at a time", hint="Give the id that mailkit mailbox list shows.")
    with open_mailbox(url, folder) as opened:
        [message] = chosen(opened, ids)
        if raw:
            for block in message.blocks():
                print_bytes(block)
        elif as_json:
            print_json(whole(message))
        else:
            sys.stdout.write(line(*page(message)).plain)


@mailbox.command()
def stat(url: _Url = "", *, folder: _Folder = "", as_json: options.AsJson = False) -> None:
    """Count what is in a mailbox, and say what its server can do."""
    with open_mailbox(url, folder) as opened:
        found = opened.status() if isinstance(opened, Imap) else opened.stat()
        able = opened.capability()
    counts = {
        name: value for name in ("messages", "unseen", "recent", "size") if (value := getattr(found, name)) is not None
    }
    if as_json:
        print_json({"mailbox": str(opened.server), **counts, "capability": list(able)})
        return
    notes.print(line((str(opened.server), "bold")))
    for name, value in counts.items():
        notes.print(f"{size(value) if name == 'size' else f'{value:,}':>9} {'in all' if name == 'size' else name}")
    notes.print(line(("can: ", "cyan"), " · ".join(able)))


@mailbox.command()
def watch(
    url: _Url = "",
    *,
    folder: _Folder = "",
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0.0, help="End when none has come for so long.")
    ] = None,
    poll: Annotated[
        float, typer.Option("--poll", metavar="SECONDS", min=1.0, help="How often to ask a server that cannot tell.")
    ] = 30.0,
    count: Annotated[int | None, typer.Option("--count", metavar="N", min=1, help="End after so many.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Print messages as they arrive, one line each; with --json one object a line. Ctrl-C ends it."""
    with open_mailbox(url, folder) as opened:
        notes.print(line(f"Watching {opened.server}."))
        for message in islice(opened.watch(timeout=timeout, poll=poll), count):
            if as_json:
                sys.stdout.write(json.dumps(facts(message), ensure_ascii=False) + "\n")
            else:
                sender = str(message.from_[0]) if message.from_ else ""
                sys.stdout.write(line(f"{identity(message)}  {sender}  {message.subject}").plain + "\n")
            sys.stdout.flush()


# -- taking ------------------------------------------------------------------------------------------------------------


@mailbox.command()
def save(
    given: _UrlAndIds = None,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder for the files.")] = Path(),
    attachments: Annotated[
        bool, typer.Option("--attachments", help="Their files, under safe names, instead of whole messages.")
    ] = False,
    folder: _Folder = "",
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="FILE", help="POP3: remember here what was saved, and save nothing twice."),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove what has been saved from the server (download and delete).")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Write messages as .eml files, or what is attached to them: those with the ids given, or all. Nothing is overwritten.

    [bold]Examples[/bold]

    mailkit mailbox save imaps://ada:password@mail.example.com 17 18 --to mail

    mailkit mailbox save pop3s://ada:password@mail.example.com --to mail --state seen.txt
    """
    url, ids = split(given)
    written: list[Path] = []
    count = 0
    with open_mailbox(url, folder) as opened:
        if state and not isinstance(opened, Pop3):
            raise ConfigError("--state is for POP3", hint="IMAP keeps flags itself: see search --unseen, and --delete.")
        if state and ids:
            raise ConfigError("--state is for all messages, and some are named", hint="Leave the ids out, or --state.")
        source, total = _to_save(opened, ids, state, delete=delete)
        for message in track(
            source, "Saving", total=total, console=notes, transient=True, disable=not notes.is_terminal
        ):
            files = save_attachments(message, to) if attachments else (mailboxes.save(message, to),)
            written += files
            count += 1
            if delete and not (isinstance(opened, Pop3) and not ids):  # download() does that itself
                opened.remove(message) if isinstance(opened, Imap) else opened.dele(message)
    if as_json:
        print_json({"messages": count, "files": list(map(str, written))})
        return
    for path in written:
        sys.stdout.write(line(str(path)).plain + "\n")
    notes.print(line(f"{len(written):,} files of {count:,} messages in {to}."))


def _to_save(
    opened: Imap | Pop3, ids: list[str], state: Path | None, *, delete: bool
) -> tuple[Iterator[StoredMessage], int]:
    if ids:
        return iter(chosen(opened, ids)), len(ids)
    if isinstance(opened, Imap):
        found = opened.search()
        return opened.fetch(found), len(found)
    total = opened.stat().messages
    if state is None and not delete:
        return opened.messages(), total
    return opened.download("delete" if delete else "keep", state=state), total


# -- changing ----------------------------------------------------------------------------------------------------------


@mailbox.command()
def move(
    given: _UrlAndIds = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="FOLDER", help="Where; \\Trash is the folder for that.")],
    folder: _Folder = "",
) -> None:
    """Move messages into another folder (IMAP)."""
    url, ids = split(given)
    with open_mailbox(url, folder) as opened:
        server = imap(opened, "move")
        messages = chosen(server, ids)
        target = named(server, to)
        server.move(messages, target)
    notes.print(line(f"{len(messages):,} moved to {target}."))


@mailbox.command()
def delete(
    given: _UrlAndIds = None,
    *,
    folder: _Folder = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove messages for good. On a terminal it asks first; elsewhere --yes is needed."""
    url, ids = split(given)
    with open_mailbox(url, folder) as opened:
        messages = chosen(opened, ids)
        if not yes:
            for message in messages:
                notes.print(line(f"{identity(message):>9}  {message.subject}"))
            if not sys.stdin.isatty():
                raise ConfigError("nothing was removed: nobody is there to be asked", hint="Add --yes.")
            if not typer.confirm(f"Remove {len(messages):,} for good?", err=True):
                raise typer.Exit(1)
        opened.remove(messages) if isinstance(opened, Imap) else opened.dele(messages)
    notes.print(f"{len(messages):,} removed.")
