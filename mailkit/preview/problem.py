"""Why a template shows no message: what is wrong, in which line of which file, and what to do."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mailkit.errors import MailkitError, MessageError, TemplateError
from mailkit.template import source

__all__ = ["DATA", "Problem", "head_line", "problem_of", "read_data"]

DATA = "data"
"""What data is called that is in no file."""

_AROUND = 3  # lines before and after the one that is meant
_LONGEST = 400  # characters of a line that are shown
_POSITION = re.compile(r": line \d+ column \d+ \(char \d+\)$")

_Read = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Problem:
    """``line`` counts from 1, 0 says that it is not known; ``excerpt`` has the lines around it with their numbers."""

    kind: str
    title: str
    hint: str = ""
    name: str = ""
    line: int = 0
    excerpt: tuple[tuple[int, str], ...] = ()

    def facts(self) -> dict[str, object]:
        """Return it as plain values, ready for JSON."""
        return {
            "kind": self.kind,
            "title": self.title,
            "hint": self.hint,
            "name": self.name,
            "line": self.line,
            "excerpt": [list(one) for one in self.excerpt],
        }


def problem_of(error: MailkitError, read: _Read, *, heads: Sequence[str] = ()) -> Problem:
    """Return what an error says. ``heads`` are the files whose header lines a header may be from."""
    title, name, line = error.problem, "", 0
    if isinstance(error, TemplateError):
        name, line = error.name, error.line
        title = title.removeprefix(f"{name}:{line}: ").removeprefix(f"{name}: ")
    elif isinstance(error, MessageError):
        name, line = next((found for file in heads if (found := head_line(file, error.field, read))[1]), ("", 0))
    return Problem(error.slug, _sentence(title), error.hint, name, line, excerpt(read(name), line) if name else ())


def excerpt(data: bytes | str | None, line: int) -> tuple[tuple[int, str], ...]:
    """Return the lines around one, with their numbers; none when there is no such line."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data or ""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not 0 < line <= len(lines):
        return ()
    first, last = max(1, line - _AROUND), min(len(lines), line + _AROUND)
    return tuple((number, lines[number - 1][:_LONGEST]) for number in range(first, last + 1))


def head_line(file: str, field: str, read: _Read) -> tuple[str, int]:
    """Return the file and the line of a header field; line 0 when it is not there."""
    text = (read(file) or b"").decode("utf-8", "replace")
    try:
        head = source.split(text, name=file).head
    except TemplateError:
        return file, 0
    wanted = field.lower().replace("_", "-").strip("-")
    return file, next((one.line for one in head if one.name.lower() == wanted), 0)


def read_data(text: str, *, name: str = DATA) -> dict[str, Any] | Problem:
    """Return the data in a JSON text, or why there is none."""
    try:
        found = json.loads(text.removeprefix("\ufeff") or "{}")
    except json.JSONDecodeError as error:
        shown = excerpt(error.doc, error.lineno)
        return Problem("json", f"The data is no JSON: {_POSITION.sub('', error.msg)}", _JSON, name, error.lineno, shown)
    except (ValueError, RecursionError):  # a number of thousands of digits; lists in lists without an end
        return Problem("json", "The data is more than can be read", _JSON, name)
    if not isinstance(found, dict):
        return Problem(
            "json", f"The data is one {type(found).__name__}, and no object", _JSON, name, 1, excerpt(text, 1)
        )
    return found


_JSON = 'It is one object in braces, each name in double quotes: {"name": "Zoë"}.'


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
