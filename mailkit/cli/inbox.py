"""``mailkit inbox``: catch mail, and look at it."""

import contextlib
import ssl
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from mailkit.check import Scanner
from mailkit.cli import options
from mailkit.cli.arrivals import Arrivals, Form
from mailkit.cli.ending import until_ended
from mailkit.cli.output import line, notes, print_json
from mailkit.errors import ConfigError, MailkitError
from mailkit.inbox import Inbox, Release, Site, own_certificate, unbundled
from mailkit.inbox.served import is_open

__all__ = ["inbox"]

_PAGE = 8025


def inbox(
    *,
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="Where SMTP is spoken; 0: any free one.")
    ] = 1025,
    web: Annotated[
        int | None,
        typer.Option("--web", min=0, max=65535, show_default=False, help="Where the page is: 8025; 0: any free one."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", envvar="MAILKIT_INBOX_HOST", help="Where to listen; 0.0.0.0 lets others in.")
    ] = "127.0.0.1",
    lmtp: Annotated[
        int | None, typer.Option("--lmtp", min=0, max=65535, metavar="PORT", help="Speak LMTP, too.")
    ] = None,
    pop3: Annotated[
        int | None,
        typer.Option("--pop3", min=0, max=65535, metavar="PORT", help="Let mail clients read by POP3: 1110, say."),
    ] = None,
    imap: Annotated[
        int | None,
        typer.Option("--imap", min=0, max=65535, metavar="PORT", help="Let mail clients read by IMAP: 1143, say."),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Offer STARTTLS, with a certificate that is made now unless one is given.")
    ] = False,
    tls_port: Annotated[
        int | None,
        typer.Option("--tls-port", min=0, max=65535, metavar="PORT", help="Speak SMTP with TLS from the start, too."),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="Take this certificate; the file has its key, too (PEM)."),
    ] = None,
    save_certificate: Annotated[
        Path | None,
        typer.Option("--save-certificate", metavar="FILE", help="Write the one that is made, for clients to trust it."),
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option("--user", metavar="NAME:PASSWORD", help="Who may log in. Without, all may. Repeatable."),
    ] = None,
    must_login: Annotated[bool, typer.Option("--must-login", help="Take mail only from who has logged in.")] = False,
    file: Annotated[
        Path | None,
        typer.Option("--file", envvar="MAILKIT_INBOX_FILE", metavar="FILE", help="Keep mail in a file, not in memory."),
    ] = None,
    take_in: Annotated[
        list[Path] | None,
        typer.Option("--import", metavar="FILE", help="Begin with an .eml file or an mbox. Repeatable."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="RULE", help="A fault on purpose: 'rcpt *@example.com 452 nth=2'. Repeatable."),
    ] = None,
    max_messages: Annotated[
        int, typer.Option("--max-messages", min=1, metavar="N", help="Then the oldest go.")
    ] = 100_000,
    max_megabytes: Annotated[int, typer.Option("--max-mb", min=1, metavar="N", help="Then the oldest go.")] = 1_000,
    max_hours: Annotated[
        float, typer.Option("--max-hours", min=0, metavar="N", help="After so long they go; 0: never.")
    ] = 0.0,
    max_size: Annotated[
        int, typer.Option("--max-size-mb", min=1, metavar="N", help="The largest message that is taken.")
    ] = 50,
    release: Annotated[
        str,
        typer.Option("--release", metavar="URL", help="The transport by which messages may be sent on to real people."),
    ] = "",
    release_to: Annotated[
        list[str] | None,
        typer.Option("--release-to", metavar="PATTERN", help="To whom: me@example.com, *@example.com. Repeatable."),
    ] = None,
    spam: options.Spam = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name by which the page may be asked for. Repeatable."),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    print_: Annotated[
        bool,
        typer.Option(
            "--print", help="Print each message, as Python's DebuggingServer did; without --web there is no page."
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not tell what arrives.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print where it listens, and each message, as lines of JSON.")
    ] = False,
) -> None:
    """Catch all mail that is sent here, and show it in a page. Nothing is delivered to anybody.

    [bold]Examples[/bold]

    mailkit inbox

    mailkit inbox --open --file mail.db

    mailkit inbox --print

    mailkit inbox --tls --user ada:secret --must-login --rule "dot 451 every=3"
    """
    if certificate and save_certificate:
        raise ConfigError("--certificate takes one, --save-certificate is for one that is made", hint="Leave one out.")
    context = None
    if certificate:
        context = _taken(certificate)
    elif tls or save_certificate or tls_port is not None:
        context = own_certificate(dict.fromkeys(["localhost", "127.0.0.1", "::1", host]), save_to=save_certificate)
    caught = Inbox(
        file,
        host=host,
        port=port,
        users=dict(map(_login, user or ())),
        must_login=must_login,
        tls=context,
        tls_port=tls_port,
        lmtp_port=lmtp,
        pop3_port=pop3,
        imap_port=imap,
        rules=tuple(rule or ()),
        max_messages=max_messages,
        max_bytes=max_megabytes * 1_000_000,
        max_age=max_hours * 3600,
        max_size=max_size * 1_000_000,
    )
    if bool(release) != bool(release_to):
        raise ConfigError("--release and --release-to go together", hint="Say by which transport, and to whom.")
    with contextlib.ExitStack() as running:
        ending = running.enter_context(until_ended())
        running.enter_context(caught)
        site = None
        if web is not None or not print_:
            site = Site(
                caught,
                host=host,
                port=_PAGE if web is None else web,
                hosts=allow_host or (),
                release=Release(release, tuple(release_to or ())) if release else None,
                scanner=Scanner.open(spam) if spam else None,
            )
            running.enter_context(site)
        form = Form.JSON if as_json else Form.WHOLE if print_ else Form.NOTHING if quiet else Form.LINE
        arrivals = Arrivals(caught.archive, form)
        _announce(caught, site, as_json=as_json)
        for path in take_in or ():
            _import(caught, path)
        if open_page and site:
            webbrowser.open(site.url)
        arrivals.follow(ending)


def _login(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not name or not colon:
        raise ConfigError("--user is a name and a password", hint="Write --user ada:secret.")
    return name, password


def _taken(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "it cannot be read"
        raise ConfigError(
            f"{str(certificate)!r} is no certificate with its key: {reason}",
            hint="The file holds both, as PEM. Without --certificate one is made.",
        ) from None
    return context


def _announce(caught: Inbox, site: Site | None, *, as_json: bool) -> None:
    if as_json:
        page = site.url if site else None
        print_json({"url": caught.url, "page": page, "host": caught.host, **caught.ports}, indent=None)
        return
    names = {"tls_port": "SMTP+TLS", "lmtp_port": "LMTP", "pop3_port": "POP3", "imap_port": "IMAP"}
    if site:
        notes.print(line(("Page      ", "dim"), (site.url, "bold cyan")))
    notes.print(
        line(("SMTP      ", "dim"), (f"{caught.host}:{caught.port}", "bold"), ("   MAILKIT_URL=" + caught.url, "dim"))
    )
    for key, name in names.items():
        if caught.ports[key] is not None:
            notes.print(line((f"{name:<10}", "dim"), f"{caught.host}:{caught.ports[key]}"))
    if is_open(caught.host):
        notes.print(line(("warning: ", "bold yellow"), "others in the network can reach this, and read the mail in it"))
    notes.print(line(("Ctrl-C ends it.", "dim")))


def _import(caught: Inbox, path: Path) -> None:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None
    try:
        for one in unbundled(data):
            caught.archive.add(one)
    except MailkitError as error:
        raise ConfigError(f"{path}: {error}", hint=error.hint) from None
