"""Folding: how one long header field becomes lines (RFC 5322 2.2.3, 2.1.1; RFC 2047 2).

A field is folded only before white space that is already there, so unfolding gives back exactly the same characters.
"""

import re
from collections.abc import Sequence

from mailkit.errors import HeaderError
from mailkit.mime import encodedword

__all__ = ["HARD_LIMIT", "LINE_LENGTH", "fold", "raw_tokens", "stays", "text_tokens"]

LINE_LENGTH = 76  # RFC 2047 2: a line that holds an encoded word is at most 76 characters; we keep it for all lines
HARD_LIMIT = 998  # RFC 5322 2.1.1
_LONGEST_WORD = 700  # a plain word longer than this is encoded, because only an encoded word can be broken up
# Only a single space between two words is a place to cut; more of them, tabs and outer ones belong to a word and are
# encoded with it: relays and readers like to normalise white space.
_STAYS = re.compile("(?:[!-~]++(?: [!-~]++)*+)?")
_CUT = re.compile(r"(?<=[^ \t]) (?=[^ \t])")


def fold(name: str, tokens: Sequence[str]) -> str:
    """Return the field ``name: tokens…`` with its lines at most 76 long where the tokens allow it, ended by CRLF.

    A token that may start a new line begins with white space. Raises HeaderError for a line over 998 characters.
    """
    whole = f"{name}:{''.join(tokens)}"
    if len(whole) <= LINE_LENGTH:
        return whole + "\r\n"
    lines: list[str] = []
    line = f"{name}:"
    empty = True  # nothing but the name so far: a line of white space only would not survive every relay
    for token in tokens:
        if not empty and len(line) + len(token) > LINE_LENGTH and token[:1] in (" ", "\t") and token.strip(" \t"):
            lines.append(line)
            line = token
        else:
            line += token
        empty = empty and not token.strip(" \t")
    lines.append(line)
    if max(map(len, lines)) > HARD_LIMIT:
        raise HeaderError(
            f"the value cannot be folded into lines of at most {HARD_LIMIT} characters (RFC 5322 2.1.1)",
            name=name,
            hint="Put spaces into the value, or shorten it.",
        )
    return "\r\n".join(lines) + "\r\n"


def raw_tokens(text: str) -> list[str]:
    """Cut text that is never encoded, such as ids and URIs, into tokens for :func:`fold`."""
    return [" " + word for word in text.split(" ")]


def text_tokens(text: str, *, column: int) -> list[str]:
    """Cut unstructured text into tokens for :func:`fold`, the first starting at ``column`` with one space.

    Runs of words that need it become encoded words, together with the spaces inside the run; all other characters,
    spaces too, stay as they are.
    """
    if len(text) + column < LINE_LENGTH and stays(text):
        return [" " + text]
    tokens: list[str] = []
    run: list[str] = []
    is_even = _is_even(text)
    for word in text.split(" ") if is_even else _CUT.split(text):
        if not word.isascii() or "=?" in word or len(word) > _LONGEST_WORD or not (is_even or _is_even(word)):
            run.append(word)
            continue
        if run:
            _encode_run(run, tokens, column)
            run = []
        tokens.append(" " + word)
    if run:
        _encode_run(run, tokens, column)
    return tokens


def stays(text: str) -> bool:
    """Whether ``text`` goes into a header as it is: ASCII with single spaces, and nothing like an encoded word."""
    return _STAYS.fullmatch(text) is not None and "=?" not in text


def _is_even(text: str) -> bool:
    """Whether the white space in ``text`` is single spaces between words."""
    return "  " not in text and "\t" not in text and text[:1] != " " and text[-1:] != " "


def _encode_run(run: list[str], tokens: list[str], column: int) -> None:
    used = column + len("".join(tokens))
    # The first word goes beside what stands before it if that leaves it room worth having, and beside the field's
    # name in any case.
    room = LINE_LENGTH - 1 - used if used < LINE_LENGTH - 40 or not tokens else LINE_LENGTH - 1
    words = encodedword.encode(" ".join(run), first=room)
    tokens += [" " + word for word in words]
