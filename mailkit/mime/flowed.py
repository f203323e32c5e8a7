"""Plain text whose paragraphs a reader may wrap to its own width: ``format=flowed`` (RFC 3676).

A line that ends with a space goes on in the next one. A line that begins with a space, with ``>`` or with ``From `` has
one more space before it, which readers take off.
"""

import re

__all__ = ["flow", "unflow"]

_WIDTH = 72  # RFC 3676 4.2 wants 78 at most; this leaves room for quoting
_SIGNATURE = "-- "
_LINE_END = re.compile(r"\r\n|\r|\n")
_WORD = re.compile(r" *[^ ]* ?")
_QUOTE = re.compile(r">*")


def flow(text: str) -> str:
    """Return ``text`` with its long lines broken softly. Unflowed it is ``text`` but for spaces at the ends of lines.

    Quoted lines (``> …``) keep their depth on every line that they become.
    """
    return "\n".join(written for line in _LINE_END.split(text) for written in _flowed(line))


def _flowed(line: str) -> list[str]:
    if line == _SIGNATURE:
        return [line]  # RFC 3676 4.3: the mark before a signature keeps its space, and is not soft
    marks, line = _quoted(line)
    # A space at the end of a line that is complete would join it to the next.
    line = line.rstrip(" ")
    if len(marks) + len(line) <= _WIDTH + 6:
        return [_stuffed(marks, line)]
    lines: list[str] = []
    current = ""
    for found in _WORD.finditer(line):
        if current.endswith(" ") and len(marks) + len(current) + len(found[0].rstrip(" ")) > _WIDTH:
            lines.append(current)
            current = ""
        current += found[0]
    return [_stuffed(marks, one) for one in [*lines, current]]


def _quoted(line: str) -> tuple[str, str]:
    """The marks of a quoted line, and the rest of it. ``> > a``, as many write it, counts as ``>> a``."""
    found = re.match(r"(?:> ?)*", line)
    marks = found[0] if found else ""
    return marks.replace(" ", ""), line[len(marks) :]


def _stuffed(marks: str, line: str) -> str:
    return f"{marks} {line}" if marks or line.startswith((" ", ">", "From ")) else line


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Return flowed text with its paragraphs on one line each. ``delete_space`` is the parameter DelSp=yes."""
    lines: list[str] = []
    open_marks: str | None = None
    for raw in text.split("\n"):
        found = _QUOTE.match(raw)
        marks = found[0] if found else ""
        line = raw[len(marks) :]
        line = line.removeprefix(" ")
        is_signature = line == _SIGNATURE
        if open_marks == marks and not is_signature:
            lines[-1] += line
        else:
            lines.append(f"{marks} {line}" if marks and line else marks + line)
        is_soft = line.endswith(" ") and not is_signature
        if is_soft and delete_space:
            lines[-1] = lines[-1][:-1]
        open_marks = marks if is_soft else None
    return "\n".join(lines)
