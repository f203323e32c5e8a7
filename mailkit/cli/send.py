"""``mailkit send``: one message."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mailkit.cli import data, options
from mailkit.cli.output import line, notes, print_json
from mailkit.delivery import Mailer, Receipt, Retry
from mailkit.errors import ConfigError
from mailkit.message import Envelope, Message, MessageBuilder
from mailkit.transport import Outcome, Status

__all__ = ["send"]


def send(
    eml: Annotated[
        Path | None, typer.Argument(metavar="[FILE.eml]", help="A message to send as it is; '-' reads standard input.")
    ] = None,
    *,
    sender: options.Sender = "",
    to: Annotated[list[str] | None, typer.Option("--to", metavar="ADDRESS", help="A recipient; repeatable.")] = None,
    cc: Annotated[list[str] | None, typer.Option("--cc", metavar="ADDRESS", help="A copy; repeatable.")] = None,
    bcc: Annotated[list[str] | None, typer.Option("--bcc", metavar="ADDRESS", help="A blind copy; repeatable.")] = None,
    reply_to: Annotated[
        list[str] | None, typer.Option("--reply-to", metavar="ADDRESS", help="Where answers go.")
    ] = None,
    subject: Annotated[str | None, typer.Option("--subject", "-s", help="The subject.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="The plain text; '-' reads standard input, '@FILE' a file.")
    ] = None,
    html: Annotated[
        str | None, typer.Option("--html", help="The HTML; '-' reads standard input, '@FILE' a file.")
    ] = None,
    attach: Annotated[
        list[Path] | None, typer.Option("--attach", "-a", metavar="FILE", help="A file; repeatable.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="A header; repeatable.")
    ] = None,
    template: Annotated[
        str, typer.Option("--template", "-t", metavar="TEMPLATE", help="Compose from a template.")
    ] = "",
    templates: options.TemplateFolder = "",
    locale: options.Locale = "",
    translations: options.Translations = "",
    inliner: options.InlinerName = "premailer",
    context: options.ContextFile = None,
    assignments: options.Set = None,
    via: options.Via = "",
    attempts: options.Attempts = 3,
    save_to: Annotated[
        str,
        typer.Option(
            "--save-to",
            envvar="MAILKIT_SAVE_TO",
            metavar="URL",
            show_default=False,  # one from the settings file may hold a password
            help="Keep a copy in a folder of an IMAP server: imaps://user:password@host/Sent.",
        ),
    ] = "",
    as_json: options.AsJson = False,
) -> None:
    """Send one message, from flags, a template or an .eml file.

    [bold]Examples[/bold]

    mailkit send --via smtp://localhost:1025 --from ada@example.com --to bob@example.com -s Hello --text 'Hi Bob'

    mailkit send --via console: --from ada@example.com --to zoe@example.com -t receipt.html --context order.json

    mailkit send message.eml --to bob@example.com

    Exit codes: 0 accepted for everyone; 1 not for everyone; 2 wrong usage or configuration; 3 in doubt.
    """
    if not via:
        raise ConfigError("no transport is given", hint="Add --via smtp://user:password@host:587, or set MAILKIT_URL.")
    if eml:
        message = _from_file(eml)
        if template or text is not None or html is not None or attach or subject is not None:
            raise ConfigError(
                "an .eml file is sent as it is", hint="Leave out --template, --text, --html, --attach and --subject."
            )
        envelope = Envelope(sender or next(iter(message.from_), None), to) if to else None
    else:
        builder = MessageBuilder()
        if template:
            found, name = data.locate(template, templates, translations=translations, inliner=inliner)
            builder = found.compose(name, data.read_context(context, assignments or []), locale=locale or None)
        message = _from_flags(builder, sender, to, cc, bcc, reply_to, subject, text, html, attach, header)
        envelope = None
    with Mailer(via, retry=Retry(attempts=attempts), save_to=save_to or None) as mailer:
        receipt = mailer.deliver(message, envelope=envelope)
    if mailer.copies and mailer.copies.failed:
        notes.print(line(("warning: ", "bold yellow"), f"no copy was saved: {mailer.copies.last_error}"))
    _show(receipt, as_json=as_json)


def _from_file(path: Path) -> Message:
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    message = Message.parse(raw)
    # Real mail has its faults, and is sent on as it is; what has no header at all is something else.
    return message if message.headers else Message.parse(raw, strict=True)


def _from_flags(
    builder: MessageBuilder,
    sender: str,
    to: list[str] | None,
    cc: list[str] | None,
    bcc: list[str] | None,
    reply_to: list[str] | None,
    subject: str | None,
    text: str | None,
    html: str | None,
    attach: list[Path] | None,
    header: list[str] | None,
) -> Message:
    if text == "-" and html == "-":
        raise ConfigError("only one of --text and --html can come from standard input")
    if sender:
        builder = builder.from_(sender)
    builder = builder.to(to or []).cc(cc or []).bcc(bcc or []).reply_to(reply_to or [])
    if subject is not None:
        builder = builder.subject(subject)
    if text is not None:
        builder = builder.text(_content(text))
    if html is not None:
        builder = builder.html(_content(html))
    for path in attach or []:
        builder = builder.attach(path)
    for given in header or []:
        name, colon, value = given.partition(":")
        if not colon:
            raise ConfigError(f"--header {given!r} is not 'Name: value'")
        builder = builder.header(name.strip(), value.strip())
    return builder.build()


def _content(given: str) -> str:
    try:
        if given == "-":
            return sys.stdin.read()
        if given.startswith("@"):
            return Path(given[1:]).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot read {given!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{given!r} is not UTF-8") from None
    return given


def _show(receipt: Receipt, *, as_json: bool) -> None:
    if as_json:
        print_json({"message_id": receipt.message_id, "outcomes": [_as_dict(outcome) for outcome in receipt.outcomes]})
    else:
        for outcome in receipt.outcomes:
            notes.print(line((f"{outcome.status:>9} ", _COLORS[outcome.status]), _described(outcome)))
    if receipt.in_doubt:
        raise typer.Exit(3)
    if not receipt.is_complete:
        raise typer.Exit(1)


_COLORS = {Status.ACCEPTED: "green", Status.DEFERRED: "yellow", Status.REFUSED: "red", Status.IN_DOUBT: "magenta"}


def _described(outcome: Outcome) -> str:
    said = " ".join(part for part in (str(outcome.code or ""), outcome.enhanced, outcome.text) if part)
    tries = f" after {outcome.attempts} attempts" if outcome.attempts > 1 else ""
    return f"{outcome.recipient.email}{tries}: {said}"


def _as_dict(outcome: Outcome) -> dict[str, object]:
    return {
        "recipient": outcome.recipient.email,
        "status": str(outcome.status),
        "code": outcome.code,
        "enhanced": outcome.enhanced,
        "text": outcome.text,
        "queue_id": outcome.queue_id,
        "relay": outcome.relay,
        "attempts": outcome.attempts,
    }
