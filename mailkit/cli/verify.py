"""``mailkit verify``: would it work?"""

from mailkit.cli import options
from mailkit.cli.output import line, notes, print_json
from mailkit.errors import ConfigError, TransportError
from mailkit.transport import open_transport

__all__ = ["verify"]


def verify(
    via: options.Via = "",
    *,
    as_json: options.AsJson = False,
) -> None:
    """Connect, secure and authenticate to a transport, and send nothing.

    [bold]Examples[/bold]

    mailkit verify --via smtp://user:password@mail.example.com:587

    mailkit verify --via smtps://user:password@mail.example.com
    """
    if not via:
        raise ConfigError("no transport is given", hint="Add --via smtp://user:password@host:587, or set MAILKIT_URL.")
    transport = open_transport(via)
    try:
        found = transport.verify()
    except TransportError as error:
        if error.steps and not as_json:
            _show(error.steps)
            notes.print(line(("✗ ", "red"), "here it stops"))
        raise
    transport.close()
    if as_json:
        print_json({"transport": transport.name, "steps": list(found)})
        return
    _show(found)


def _show(steps: tuple[str, ...]) -> None:
    for step in steps:
        notes.print(line(("✓ ", "green"), step))
