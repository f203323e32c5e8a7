"""``mailkit preview``: a template in the browser, reloading as files change."""

import contextlib
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from mailkit.check import Scanner
from mailkit.cli import data, options
from mailkit.cli.ending import until_ended
from mailkit.cli.output import line, notes, print_json
from mailkit.errors import ConfigError
from mailkit.inbox.served import is_open
from mailkit.preview import Previews, PreviewSite
from mailkit.template import Templates, starters

__all__ = ["preview"]

_PORT = 8026
_DAY = 86_400.0  # seconds; a wait without an end cannot be interrupted on every system


def preview(
    template: Annotated[
        str,
        typer.Argument(metavar="TEMPLATE", help="The template: a path, a name in --templates, or a starter's name."),
    ] = "",
    *,
    templates: options.TemplateFolder = "",
    context: Annotated[
        Path | None,
        typer.Option("--context", "--data", metavar="FILE", help="A JSON file with data, in place of the sample."),
    ] = None,
    locale: options.Locale = "",
    translations: options.Translations = "",
    inliner: options.InlinerName = "premailer",
    sender: options.Sender = "",
    host: Annotated[
        str, typer.Option("--host", envvar="MAILKIT_PREVIEW_HOST", help="Where to listen; 0.0.0.0 lets others in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="Where the page is; 0: any free one.")
    ] = _PORT,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name by which the page may be asked for. Repeatable."),
    ] = None,
    spam: options.Spam = "",
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print where the page is as JSON.")] = False,
) -> None:
    """Show templates in a page, with their sample data, and anew whenever a file changes. Nothing is sent or written.

    Without a folder of templates the starters are shown.

    [bold]Examples[/bold]

    mailkit preview

    mailkit preview templates/receipt.html --open

    mailkit preview receipt.html --locale de --data order.json
    """
    found, name = _found(template, templates, translations=translations, inliner=inliner)
    given = Previews(found, sender=sender)
    name = given.named(name) if name else ""
    if context:
        data.read_context(context, ())  # so that what cannot be read is told at once
        if not name:
            raise ConfigError("--data is for one template", hint="Say for which: mailkit preview TEMPLATE --data FILE.")
        given = Previews(found, sender=sender, data={name: context})
    site = PreviewSite(
        given,
        template=name,
        locale=locale,
        host=host,
        port=port,
        hosts=allow_host or (),
        scanner=Scanner.open(spam) if spam else None,
    )
    with contextlib.ExitStack() as running:
        running.enter_context(until_ended())
        running.enter_context(site)
        _announce(site, as_json=as_json)
        if open_page:
            webbrowser.open(site.url)
        while True:
            threading.Event().wait(_DAY)


def _found(template: str, folder: str, *, translations: str, inliner: str) -> tuple[Templates | None, str]:
    """The templates, and the name of the one to show first; None for the starters."""
    if folder or Path(template).is_file() or Path("templates").is_dir():
        if template:
            return data.locate(template, folder, translations=translations, inliner=inliner)
        return data.opened(Path(folder or "templates"), translations=translations, inliner=inliner), ""
    if template and template not in starters():
        return data.locate(template, folder, translations=translations, inliner=inliner)  # which says what is wrong
    return None, template


def _announce(site: PreviewSite, *, as_json: bool) -> None:
    if as_json:
        print_json({"page": site.url, "host": site.host, "port": site.port}, indent=None)
        return
    notes.print(line(("Page      ", "dim"), (site.url, "bold cyan")))
    if is_open(site.host):
        notes.print(line(("warning: ", "bold yellow"), "others in the network can reach this, and read the templates"))
    notes.print(line(("Ctrl-C ends it.", "dim")))
