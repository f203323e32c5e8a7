"""Commands, checked when they are made, so that no argument can smuggle a second command (RFC 5321 4.1)."""

import re

from mailkit.errors import LocalProtocolError

__all__ = [
    "auth",
    "auth_response",
    "bdat",
    "data",
    "ehlo",
    "helo",
    "lhlo",
    "mail",
    "noop",
    "quit_",
    "rcpt",
    "rset",
    "starttls",
]

_LINE_LIMIT = 12_288  # RFC 4954 4.3 for AUTH; all others stay far below
_UNSAFE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\u2028\u2029]")
# What would end the path, or begin parameters, stands in a quoted string or nowhere.
_ADDRESS = re.compile(r'(?:[^<>"\\\s]|"(?:[^"\\]|\\.)*")*', re.DOTALL)
_PLAIN = re.compile(r"[!#-;=?-\[\]-~]{0,1000}")  # letters, digits and signs of ASCII that end and begin nothing
# RFC 5321 4.1.2: a keyword, and a value without spaces, controls and "=".
_PARAMETER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:=[!-<>-~]+)?")


def _line(verb: str, *words: str) -> bytes:
    return _checked(verb, " ".join(word for word in (verb, *words) if word))


def _checked(verb: str, line: str) -> bytes:
    if _UNSAFE.search(line):
        # The line itself is not shown: it may hold a password.
        raise LocalProtocolError(f"{verb} was given an argument with a control character; it was not sent")
    data = line.encode() + b"\r\n"
    if len(data) > _LINE_LIMIT:
        raise LocalProtocolError(f"{verb} would be longer than {_LINE_LIMIT} bytes; it was not sent")
    return data


def _path(verb: str, address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise LocalProtocolError(f"{verb} was given {address!r}, which is no address; it was not sent")
    return f"<{address}>"


def _parameters(verb: str, words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        if not _PARAMETER.fullmatch(word):
            raise LocalProtocolError(f"{verb} was given {word!r}, which is no parameter; it was not sent")
    return words


def _name(verb: str, name: str) -> str:
    if not name or re.search(r"\s", name):
        raise LocalProtocolError(f"{verb} was given {name!r}, which is no host name; it was not sent")
    return name


def ehlo(name: str) -> bytes:
    return _line("EHLO", _name("EHLO", name))


def lhlo(name: str) -> bytes:
    return _line("LHLO", _name("LHLO", name))


def helo(name: str) -> bytes:
    return _line("HELO", _name("HELO", name))


def mail(sender: str, *parameters: str) -> bytes:
    """``sender`` is empty for the null return path."""
    return _addressed("MAIL", "MAIL FROM:", sender, parameters)


def rcpt(recipient: str, *parameters: str) -> bytes:
    return _addressed("RCPT", "RCPT TO:", recipient, parameters)


def _addressed(verb: str, begin: str, address: str, parameters: tuple[str, ...]) -> bytes:
    if _PLAIN.fullmatch(address):  # nearly all: nothing in it can end the path or the line
        tail = " ".join(("", *_parameters(verb, parameters))) if parameters else ""
        return f"{begin}<{address}>{tail}\r\n".encode()
    return _checked(verb, " ".join((begin + _path(verb, address), *_parameters(verb, parameters))))


def data() -> bytes:
    return b"DATA\r\n"


def bdat(size: int, *, is_last: bool = False) -> bytes:
    """The octets follow at once, and nothing ends them (RFC 3030 2)."""
    return b"BDAT %d LAST\r\n" % size if is_last else b"BDAT %d\r\n" % size


def rset() -> bytes:
    return b"RSET\r\n"


def noop() -> bytes:
    return b"NOOP\r\n"


def quit_() -> bytes:
    return b"QUIT\r\n"


def starttls() -> bytes:
    return b"STARTTLS\r\n"


def auth(mechanism: str, initial: str) -> bytes:
    return _line("AUTH", mechanism, initial)


def auth_response(response: str) -> bytes:
    return _checked("AUTH", response)
