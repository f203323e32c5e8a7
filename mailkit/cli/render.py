"""``mailkit render``: a template with data, to look at."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mailkit.cli import data, options
from mailkit.cli.output import line, notes, print_bytes, print_json
from mailkit.errors import ConfigError
from mailkit.message import MessageBuilder
from mailkit.template import Explained, Rendered

__all__ = ["render"]


class Form(StrEnum):
    """What is printed."""

    HTML = "html"
    TEXT = "text"
    EML = "eml"


_ENDINGS = {".html": Form.HTML, ".htm": Form.HTML, ".txt": Form.TEXT, ".eml": Form.EML}


def render(
    template: Annotated[
        str, typer.Argument(metavar="TEMPLATE", help="The template: a path, or a name in --templates.")
    ],
    *,
    templates: options.TemplateFolder = "",
    context: options.ContextFile = None,
    assignments: options.Set = None,
    locale: options.Locale = "",
    translations: options.Translations = "",
    inliner: options.InlinerName = "premailer",
    form: Annotated[
        Form | None, typer.Option("--as", help="What to print. Default: html, or text for a .txt template.")
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write to a file; .html, .txt or .eml says what. Repeatable."),
    ] = None,
    sender: options.Sender = "",
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="The recipient, for .eml.")] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="Say whether pages share one inlining of CSS, and which lines prevent it.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Render a template with data, to standard output or to .html, .txt and .eml files.

    Without --context and --set the sample data beside the template is used: receipt.sample.json for receipt.html.

    [bold]Examples[/bold]

    mailkit render templates/receipt.html

    mailkit render receipt.html --context order.json --as text

    mailkit render receipt.html --locale de --explain

    mailkit render newsletter.html -o page.html -o message.eml --from ada@example.com
    """
    found, name = data.locate(template, templates, translations=translations, inliner=inliner)
    values = data.read_context(context, assignments or [])
    values = values or data.sample_context(found, name)
    if explain:
        _explain(found.explain(name, values, locale=locale or None), as_json)
        return
    rendered = found.render(name, values, locale=locale or None)
    for path in out or []:
        chosen = _ENDINGS.get(path.suffix.lower())
        if chosen is None:
            raise ConfigError(f"{str(path)!r} does not say what to write", hint="End the name in .html, .txt or .eml.")
        _write(path, _content(rendered, chosen, name, sender, to))
        notes.print(line(("wrote ", "green"), str(path)))
    if as_json:
        print_json({"headers": dict(rendered.headers), "text": rendered.text, "html": rendered.html})
    elif not out:
        default = Form.HTML if rendered.html is not None else Form.TEXT
        print_bytes(_content(rendered, form or default, name, sender, to))


def _explain(explained: Explained, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "shared": explained.is_shared,
                "why": explained.why,
                "pins": [
                    {"template": pin.name, "line": pin.line, "value": pin.value, "where": pin.where}
                    for pin in explained.pins
                ],
            }
        )
    else:
        print_bytes(f"{explained}\n".encode())


def _content(rendered: Rendered, form: Form, name: str, sender: str, to: str) -> bytes:
    if form is Form.TEXT:
        return rendered.text.encode()
    if form is Form.EML:
        builder: MessageBuilder = rendered.builder()
        builder = builder.from_(sender) if sender else builder
        return bytes((builder.to(to) if to else builder).build())
    if rendered.html is None:
        raise ConfigError(f"{name} is a text template and has no HTML", hint="Ask for --as text or --as eml.")
    return rendered.html.encode()


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
