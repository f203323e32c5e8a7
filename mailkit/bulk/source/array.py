"""A JSON file with an array of objects, read one object at a time.

The array is never in memory as a whole: a window of text moves over it, and grows only until the object at its start is
complete.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO

from mailkit.bulk.source.jsonlines import DECODER
from mailkit.bulk.source.row import Row, from_json
from mailkit.bulk.source.text import decoded
from mailkit.errors import RecipientsError

__all__ = ["rows"]

_BLOCK = 65_536
_LONGEST = 50_000_000  # characters of one object
_BLANK = re.compile(r"[ \t\r\n]*")
_MEMBER = re.compile(r'\{\s*"([A-Za-z_]\w*)"\s*:\s*\[')
_LENIENT = json.JSONDecoder(parse_int=str, parse_constant=str)  # finds the end of a value that cannot be used


def rows(file: BinaryIO, *, name: str, encoding: str) -> Iterator[Row]:
    """Read an array of objects. What is no object in it is a bad row; what is no JSON ends the list with an error."""
    with decoded(file, name=name, encoding=encoding) as text:
        window = _Window(text, name)
        window.open()
        number = 0
        while window.has_more(number):
            number += 1
            if row := window.row(number):
                yield row


class _Window:
    def __init__(self, text: TextIO, name: str) -> None:
        self._file = text
        self._name = name
        self._text = ""
        self._at = 0
        self._lines = 1  # of the file, up to the start of the window
        self._is_whole = False

    def open(self) -> None:
        """Go into the array."""
        first = self._peek()
        if first == "[":
            self._at += 1
            return
        if not first:
            raise RecipientsError("the file is empty", source=self._name, hint="An array of objects is wanted.")
        hint = 'An array of objects is wanted: [{"email": …}, …]. For one object on each line say --format jsonl.'
        if member := _MEMBER.match(self._text, self._at):
            hint = f"Take the array out of it: jq .{member[1]} FILE > people.json"
        what = "an object" if first == "{" else "no array"
        raise RecipientsError(
            f"the file holds {what} where an array of objects is wanted", source=self._name, hint=hint
        )

    def has_more(self, count: int) -> bool:
        """Go to the next value, if there is one."""
        mark = self._peek()
        if mark == "," and count:
            self._at += 1
            return True
        if mark != "]":
            if mark and not count:
                return True
            raise self._fault("',' or ']' is wanted after a row" if mark else "the array does not end")
        self._at += 1
        if self._peek():
            raise self._fault("there is more behind the end of the array")
        return False

    def row(self, number: int) -> Row | None:
        """Read the value at the window's start."""
        self._peek()
        while True:
            try:
                value, end, problem = self._value()
            except json.JSONDecodeError as error:
                if self._is_cut_at(error) and self._grow():
                    continue
                self._at = min(error.pos, len(self._text))
                raise self._fault(error.msg) from None
            except RecursionError:
                raise self._fault("it is nested too deeply") from None
            if end == len(self._text) and self._grow():
                continue  # a number may go on
            start, self._at = self._at, end
            if problem:
                return Row(number, problem=f"no usable JSON: {problem}")
            return from_json(number, value, has_escapes=self._text.find("\\u", start, end) >= 0)

    def _value(self) -> tuple[Any, int, str]:
        """The value at the window's start, where it ends, and what makes it unusable although it is JSON."""
        try:
            return *DECODER.raw_decode(self._text, self._at), ""
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            return *_LENIENT.raw_decode(self._text, self._at), str(error)

    def _is_cut_at(self, error: json.JSONDecodeError) -> bool:
        """Whether the fault may be only that the window ends there."""
        return error.pos > len(self._text) - 16 or error.msg.startswith("Unterminated string")

    def _peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow():
                return ""

    def _grow(self) -> bool:
        """Drop what has been read and read on: as much as there is, so that a large row costs no more than its length."""
        if self._is_whole:
            return False
        self._lines += self._text.count("\n", 0, self._at)
        self._text, self._at = self._text[self._at :], 0
        if len(self._text) > _LONGEST:
            raise self._fault(f"a row has over {_LONGEST:,} characters")
        block = self._file.read(max(_BLOCK, len(self._text)))
        self._is_whole = not block
        self._text += block
        return bool(block)

    def _fault(self, problem: str) -> RecipientsError:
        return RecipientsError(
            f"no well-formed JSON: {problem}",
            source=self._name,
            line=self._lines + self._text.count("\n", 0, self._at),
            hint="The file must hold one array of objects.",
        )
