"""Parameters of a header field: ``; filename="…"`` (RFC 2045 5.1), and beyond ASCII (RFC 2231).

A value outside ASCII is written twice: in RFC 2231 form for readers that follow it, and as a plain ASCII fallback for
those that do not (old Outlook and QQ show a file without name otherwise). The exact form stands first, because readers
that know both take the first.
"""

import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes

from mailkit.mime import charset, encodedword
from mailkit.mime.fold import LINE_LENGTH

__all__ = ["parse", "tokens"]

# RFC 2231 7, attribute-char: what may stand in an extended value without a percent sign.
_ATTRIBUTE = "!#$&+-.^_`{}~"
_LONGEST_PLAIN = 900  # the plain form stands on one line, and a line has a limit (RFC 5322 2.1.1)
# A token without the characters that mean something in RFC 2231: Python's reader drops filename=it's.pdf.
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_`{|}~-]+")
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"(.+?)\*(?:(\d{1,3})(\*)?)?")


def tokens(parameters: dict[str, str]) -> list[str]:
    """Return the tokens for :func:`mailkit.mime.fold.fold` that write ``parameters``, each after a ``;``.

    >>> tokens({"charset": "utf-8"})
    [';', ' charset=utf-8']
    >>> print("".join(tokens({"filename": "Lebenslauf Zoë.pdf"})))
    ; filename*=utf-8''Lebenslauf%20Zo%C3%AB.pdf; filename="Lebenslauf Zoe.pdf"
    """
    written: list[str] = []
    for name, value in parameters.items():
        if value.isascii() and value.isprintable() and "=?" not in value and len(value) < _LONGEST_PLAIN // 2:
            written.append(f"{name}={_quoted(value)}")  # nearly always
            continue
        fallback = _fallback(value)
        plain = f"{name}={_quoted(fallback)}"
        is_short = len(plain) <= _LONGEST_PLAIN
        if fallback != value or "=?" in value or not is_short:
            written.extend(_extended(name, value))
        if is_short:
            written.append(plain)
    result: list[str] = []
    for parameter in written:
        result += [";", f" {parameter}"]
    return result


def _quoted(value: str) -> str:
    if _TOKEN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _extended(name: str, value: str) -> list[str]:
    encoded = [quote(character, safe=_ATTRIBUTE) for character in value]
    whole = f"{name}*=utf-8''{''.join(encoded)}"
    if len(whole) + 2 <= LINE_LENGTH:
        return [whole]
    pieces: list[str] = []
    piece = f"{name}*0*=utf-8''"
    for character in encoded:
        if len(piece) + len(character) + 2 > LINE_LENGTH:
            pieces.append(piece)
            piece = f"{name}*{len(pieces)}*="
        piece += character
    return [*pieces, piece]


def _fallback(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", value.replace("ß", "ss").replace("ł", "l").replace("Ł", "L"))
    kept = "".join(character for character in decomposed if not unicodedata.combining(character))
    return "".join(character if " " <= character <= "~" else "_" for character in kept)


def parse(text: str) -> tuple[str, dict[str, str]]:
    """Split ``value; name=…; name*=…`` into the value and its parameters, names in lower case, decoded.

    Tolerant: the extended form wins over a plain one of the same name, gaps and nonsense are skipped.
    """
    head, _, rest = text.partition(";")
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(";" + rest):
        name, value = found[1].lower(), _unquoted(found[2].strip())
        section = _SECTION.fullmatch(name)
        if section is None:
            plain.setdefault(name, encodedword.decode(value))
        else:
            extended = section[2] is None or section[3] is not None
            sections.setdefault(section[1], {}).setdefault(int(section[2] or 0), (value, extended))
    for name, numbered in sections.items():
        if 0 in numbered:
            plain[name] = _joined(numbered)
    return head.strip(), plain


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    name, data = "utf-8", b""
    for number in range(len(numbered)):
        if number not in numbered:
            break
        value, extended = numbered[number]
        if extended and number == 0 and value.count("'") >= 2:
            name, _, value = value.split("'", 2)
        data += unquote_to_bytes(value) if extended else value.encode("utf-8", "replace")
    text = charset.decode(data, name or "utf-8")
    return data.decode("utf-8", "replace") if text is None else text


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'), flags=re.DOTALL)
