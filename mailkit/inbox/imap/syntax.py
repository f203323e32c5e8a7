"""What a client says: words, strings, literals, lists and numbers (RFC 3501 4 and 9)."""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from datetime import UTC, date, datetime, timedelta, timezone

from mailkit.inbox.imap.numbers import NumberSet

__all__ = ["LITERAL", "Arguments", "Bad", "folder_name", "moment", "quoted", "shown_name"]

LITERAL = re.compile(rb"\{([0-9]{1,18})(\+?)\}\Z")
_LENGTH = re.compile(rb"\{([0-9]{1,18})\+?\}\r\n")
_ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_WORD = re.compile(rb"[^\x00-\x20\x7f(){%*\"\\]+")  # an atom in which "]" and 8-bit letters are let pass
_PATTERN = re.compile(rb"[^\x00-\x20\x7f(){\"\\]+")
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
_ITEM = re.compile(rb"[A-Za-z0-9.]+")
_MAYBE_ITEM = re.compile(rb"[A-Za-z0-9.]*")
_NUMBER = re.compile(rb"[0-9]{1,10}")
_SET = re.compile(rb"(?:[0-9]{1,10}|\*)(?::(?:[0-9]{1,10}|\*))?(?:,(?:[0-9]{1,10}|\*)(?::(?:[0-9]{1,10}|\*))?)*")
_FLAG = re.compile(rb"\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rb'"?([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})"?')
_MOMENT = re.compile(
    rb'"([ 0-9][0-9])-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"'
)
_MOST_NAMES = 1_000  # in one list
_UTF7 = re.compile(r"&([^-]*)-")
_BEYOND = re.compile(r"[^\x20-\x7e]+|&")


class Bad(Exception):
    """What the client said is not IMAP."""


class Arguments:
    """A command's words, taken one after the other. Literals stand in ``data`` as they came: length, CRLF, octets."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, pattern: re.Pattern[bytes], wanted: str) -> re.Match[bytes]:
        found = pattern.match(self._data, self._at)
        if not found:
            raise Bad(f"{wanted} is missing")
        self._at = found.end()
        return found

    def sees(self, mark: bytes) -> bool:
        """Whether these octets come next."""
        return self._data.startswith(mark, self._at)

    def took(self, mark: bytes) -> bool:
        """Take these octets if they come next."""
        if not self.sees(mark):
            return False
        self._at += len(mark)
        return True

    def took_word(self, word: bytes) -> bool:
        """Take this word, in any case, if it comes next."""
        end = self._at + len(word)
        if self._data[self._at : end].upper() != word or self._data[end : end + 1] != b" ":
            return False
        self._at = end
        return True

    def need(self, mark: bytes) -> None:
        if not self.took(mark):
            raise Bad(f"{'a space' if mark == b' ' else mark.decode()} is missing")

    def space(self) -> "Arguments":
        """Take the space between two arguments. Some clients write several."""
        self.need(b" ")
        while self.took(b" "):
            pass
        return self

    @property
    def sees_number(self) -> bool:
        """Whether a set of numbers comes next."""
        return self._data[self._at : self._at + 1] in b"0123456789*" and not self.is_over

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._data)

    def end(self) -> None:
        """Make sure that nothing follows but spaces."""
        if self._data[self._at :].strip(b" "):
            raise Bad("there is more than belongs to the command")

    def atom(self) -> str:
        return self._take(_ATOM, "a word")[0].decode()

    def item(self, *, may_be_empty: bool = False) -> str:
        """Take a word that a bracket may follow: what is asked for of a message."""
        return self._take(_MAYBE_ITEM if may_be_empty else _ITEM, "what is asked for")[0].decode()

    def number(self) -> int:
        return int(self._take(_NUMBER, "a number")[0])

    def string(self) -> bytes:
        """Take a quoted string or a literal."""
        if self.sees(b'"'):
            return re.sub(rb"\\(.)", rb"\1", self._take(_QUOTED, "the end of a quoted string")[1])
        found = self._take(_LENGTH, "a string")
        begin, end = found.end(), found.end() + int(found[1])
        self._at = end
        return self._data[begin:end]

    def astring(self) -> bytes:
        """Take a word or a string."""
        return self.string() if self.sees(b'"') or self.sees(b"{") else self._take(_WORD, "a word or a string")[0]

    def text(self) -> str:
        """Take a word or a string in UTF-8."""
        try:
            return self.astring().decode()
        except UnicodeDecodeError:
            raise Bad("text is UTF-8") from None

    def folder(self) -> str:
        """Take the name of a folder."""
        return folder_name(self.astring())

    def pattern(self) -> str:
        """Take the name of a folder in which ``*`` and ``%`` stand for others."""
        text = self.string() if self.sees(b'"') or self.sees(b"{") else self._take(_PATTERN, "a name")[0]
        return folder_name(text)

    def set(self) -> NumberSet:
        """Take numbers and ranges of them."""
        found: list[tuple[int | None, int | None]] = []
        for part in self._take(_SET, "a set of numbers")[0].split(b","):
            first, _, last = part.partition(b":")
            ends = [None if one == b"*" else int(one) for one in (first, last or first)]
            if 0 in ends:
                raise Bad("numbers begin at 1")
            found.append((ends[0], ends[1]))
        return NumberSet(found)

    def flags(self) -> list[str]:
        """Take flags, in a list or as they are."""
        found: list[str] = []
        is_listed = self.took(b"(")
        while not (is_listed and self.took(b")")):
            if found:
                if not is_listed and self.is_over:
                    break
                self.space()
            found.append(self._take(_FLAG, "a flag")[0].decode())
            if len(found) > _MOST_NAMES:
                raise Bad("these are too many flags")
        return found

    def names(self) -> list[str]:
        """Take a list of words or strings, with at least one in it."""
        self.need(b"(")
        found = [self.text()]
        while not self.took(b")"):
            found.append(self.space().text())
            if len(found) > _MOST_NAMES:
                raise Bad("this list is too long")
        return found

    def date(self) -> date:
        found = self._take(_DATE, "a date like 1-Feb-2026")
        try:
            return date(int(found[3]), _month(found[2]), int(found[1]))
        except ValueError:
            raise Bad("there is no such day") from None

    def moment(self) -> float:
        """Take a date with a time, in seconds since 1970."""
        found = self._take(_MOMENT, 'a date like " 1-Feb-2026 09:30:00 +0100"')
        day, year, hour, minute, second = (int(found[one]) for one in (1, 3, 4, 5, 6))
        try:
            offset = timedelta(hours=int(found[8]), minutes=int(found[9])) * (-1 if found[7] == b"-" else 1)
            return datetime(year, _month(found[2]), day, hour, minute, second, tzinfo=timezone(offset)).timestamp()
        except (ValueError, OverflowError):
            raise Bad("there is no such moment") from None


def _month(name: bytes) -> int:
    return _MONTHS.index(name.decode().title()) + 1


def moment(at: float) -> bytes:
    """Return when a message came, as IMAP writes it."""
    found = datetime.fromtimestamp(at, UTC)
    return f'"{found.day:2}-{_MONTHS[found.month - 1]}-{found.year:04} {found:%H:%M:%S} +0000"'.encode()


def quoted(text: str | bytes | None) -> bytes:
    """Return a string as it is said: quoted, as a literal where it must be, or NIL."""
    if text is None:
        return b"NIL"
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if data.isascii() and len(data) < 1_000 and not re.search(rb"[\r\n\x00]", data):
        return b'"' + data.replace(b"\\", rb"\\").replace(b'"', rb"\"") + b'"'
    return b"{%d}\r\n%b" % (len(data), data)


def folder_name(data: bytes) -> str:
    """Return the name of a folder from modified UTF-7 (RFC 3501 5.1.3), or from UTF-8, which some clients write."""
    try:
        text = data.decode()
        return text if not text.isascii() else _UTF7.sub(lambda found: _unshifted(found[1]), text)
    except (UnicodeDecodeError, Base64Error):
        raise Bad("the name of a folder is modified UTF-7") from None


def _unshifted(text: str) -> str:
    if not text:
        return "&"
    data = text.replace(",", "/")
    return a2b_base64(data + "=" * (-len(data) % 4)).decode("utf-16-be")


def shown_name(name: str) -> bytes:
    """Return the name of a folder in modified UTF-7, quoted."""

    def shifted(found: re.Match[str]) -> str:
        if found[0] == "&":
            return "&-"
        return f"&{b2a_base64(found[0].encode('utf-16-be'), newline=False).decode().rstrip('=').replace('/', ',')}-"

    return quoted(_BEYOND.sub(shifted, name))
