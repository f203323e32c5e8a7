"""``mailkit new``: a starter template into the project."""

from pathlib import Path
from typing import Annotated

import typer

from mailkit.cli.output import line, notes, print_json
from mailkit.errors import ConfigError
from mailkit.template import starter, starters

__all__ = ["new"]


def new(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The starter; without one they are listed.")] = "",
    *,
    folder: Annotated[
        Path, typer.Option("--to", metavar="FOLDER", help="Where the files go; it is made if it is not there.")
    ] = Path("templates"),
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Copy a starter template into the project, with its layout and sample data.

    [bold]Examples[/bold]

    mailkit new

    mailkit new receipt

    mailkit new newsletter --to mail/templates
    """
    names = starters()
    if not name:
        found = [starter(one) for one in names]
        if as_json:
            told = [{"name": one.name, "purpose": one.purpose, "languages": one.languages} for one in found]
            print_json({"starters": told})
            return
        for one in found:
            typer.echo(f"  {one.name:<16} {one.purpose} ({', '.join(one.languages)})")
        return
    if name not in names:
        raise ConfigError(f"there is no starter {name!r}", hint=f"There are: {', '.join(names)}.")
    files = starter(name).files
    # A layout that is there already may have been changed on purpose, and serves this template too.
    there = [file for file in files if (folder / file).exists()]
    own = [file for file in there if not file.startswith("layouts/")]
    if own and not force:
        raise ConfigError(f"{str(folder / own[0])!r} is there already", hint="Take another --to, or say --force.")
    written = [file for file in files if force or file not in there]
    try:
        for file in written:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[file])
    except OSError as error:
        raise ConfigError(f"cannot write into {str(folder)!r}: {error.strerror or error}") from None
    if as_json:
        print_json({"written": [str(folder / file) for file in written]})
        return
    for file in written:
        notes.print(line(("wrote ", "green"), str(folder / file)))
    notes.print(f"Look at it: mailkit preview {folder / name}.html")
