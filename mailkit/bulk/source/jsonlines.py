"""JSON Lines: one object on each line."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from mailkit.bulk.source.row import Row, from_json
from mailkit.bulk.source.text import decoded, lines
from mailkit.errors import RecipientsError

__all__ = ["DECODER", "rows"]


def rows(file: BinaryIO, *, name: str, encoding: str) -> Iterator[Row]:
    """Read one object a line. A line that is none is a bad row; the lines after it are read."""
    is_first = True
    with decoded(file, name=name, encoding=encoding) as text:
        for number, line in enumerate(lines(text, name=name), start=1):
            if not (line := line.strip()):
                continue
            if is_first and (line.startswith("[") or line == "{"):
                raise RecipientsError(
                    "the first line is no object of its own",
                    source=name,
                    line=number,
                    hint="JSON Lines has one object on each line; for an array of objects say --format json.",
                )
            is_first = False
            if row := _row(number, line):
                yield row
    if is_first:
        raise RecipientsError("the file is empty", source=name, hint='A line is such as: {"email": "zoe@example.com"}')


def _row(number: int, line: str) -> Row | None:
    try:
        return from_json(number, DECODER.decode(line), has_escapes="\\u" in line)
    except json.JSONDecodeError as error:
        return Row(number, problem=f"no well-formed JSON: {error.msg} (column {error.colno})")
    except RecursionError:
        return Row(number, problem="no usable JSON: it is nested too deeply")
    except ValueError as error:
        return Row(number, problem=f"no usable JSON: {error}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _constant(word: str) -> float:
    raise ValueError(f"{word} is no number")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
"""Reads strictly: of two members of one name JSON leaves open which counts, and NaN is not JSON."""
