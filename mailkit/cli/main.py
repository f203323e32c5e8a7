"""The typer application and its way out: errors become a message, a hint and an exit code."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import mailkit
from mailkit.cli import settings
from mailkit.cli.batch import batch
from mailkit.cli.inbox import inbox
from mailkit.cli.journal import journal
from mailkit.cli.mailbox import mailbox
from mailkit.cli.new import new
from mailkit.cli.output import notes, print_error
from mailkit.cli.preview import preview
from mailkit.cli.render import render
from mailkit.cli.send import send
from mailkit.cli.suppress import suppress
from mailkit.cli.verify import verify
from mailkit.errors import ConfigError, MailkitError
from mailkit.transport.url import redacted

__all__ = ["app", "main"]


class _Commands(TyperGroup):
    """Hides the password of a URL that was written where none belongs, before the error that quotes it is printed."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if isinstance(message := getattr(error, "message", None), str):
                error.message = redacted(message)  # type: ignore[attr-defined]  # typer's own errors have it
            raise


app = typer.Typer(
    name="mailkit",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = (send, batch, render, preview, new, verify, inbox)
for _command in _COMMANDS:
    app.command()(_command)
app.add_typer(journal, name="journal")
app.add_typer(suppress, name="suppress")
app.add_typer(mailbox, name="mailbox")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailkit {mailkit.__version__}")
        raise typer.Exit


@app.callback()
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Compose, template and send e-mail, singly and in bulk.

    Settings come from flags, then from MAILKIT_* variables, then from mailkit.toml or \\[tool.mailkit] in pyproject.toml.
    """
    defaults = settings.load(Path.cwd())
    if defaults:
        context.default_map = {command.__name__: defaults for command in _COMMANDS}


def main() -> None:
    """Run the command line. Every foreseeable failure ends with its exit code and without a traceback."""
    try:
        app()
    except MailkitError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        notes.print("Interrupted.")
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone, as in "mailkit render … | head"
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:  # a full disk, a name that is too long
        print_error(ConfigError(str(error)), as_json="--json" in sys.argv)
        sys.exit(ConfigError.exit_code)
