"""What is typed into the search field, as conditions for the archive.

Words are looked for everywhere; ``field:value`` in one place; ``-`` before either turns it round; quotes keep words together::

    to:ann subject:"your order" has:attachment is:unread before:2026-02-01 larger:200k -tag:spam

All must hold. Folders that mail clients have made are left out, but for ``in:NAME`` and ``in:anywhere``. A word that only looks like a field, such as ``https://…``, is a word.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from mailkit.errors import ConfigError

__all__ = ["Condition", "Search"]

_TOKEN = re.compile(r'(-?)(?:([a-z-]+):)?(?:"((?:[^"\\]|\\.)*)"?|(\S+))', re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)i?b?", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MOST = 50  # conditions; more is no question of a person's
_LONGEST = 1_000
_COLUMNS = {
    "from": "from_",
    "to": "to_",
    "cc": "cc",
    "bcc": "bcc",
    "subject": "subject",
    "body": "body",
    "file": "files",
}
_FLAGS = {
    "unread": "mail.unread = 1",
    "read": "mail.unread = 0",
    "tagged": "mail.tags != ''",
    "secure": "mail.secure = 1",
}
_HAVING = {
    "attachment": "mail.attachments > 0",
    "attachments": "mail.attachments > 0",
    "html": "mail.has_html = 1",
    "text": "mail.has_text = 1",
    "warning": "mail.warnings > 0",
    "warnings": "mail.warnings > 0",
    "tag": "mail.tags != ''",
}
_FIELDS = (
    *_COLUMNS,
    *("sender", "inbox", "tag", "is", "has", "message-id", "id", "batch", "in", "larger", "smaller", "before", "after"),
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: SQL with its values; ``mail`` and ``words`` are the tables of the archive."""

    sql: str
    values: tuple[object, ...] = ()
    needs_filing: bool = True
    """Whether it asks for what is only known once a message has been read, and not just kept."""


_ARRIVED = Condition("mail.folder = 0", needs_filing=False)


@dataclass(frozen=True)
class Search:
    """A search. Raises ConfigError, with the part that is wrong, for what cannot be asked.

    >>> [condition.sql for condition in Search("is:unread -is:tagged").conditions]
    ['mail.unread = 1', "NOT mail.tags != ''", 'mail.folder = 0']
    """

    text: str = ""

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        if len(self.text) > _LONGEST:
            raise ConfigError(f"a search of more than {_LONGEST} characters")
        if _UNWRITABLE.search(self.text):
            raise ConfigError("a search has no control characters")
        found: list[Condition] = []
        fields = set()
        for token in _TOKEN.finditer(self.text):
            minus, field, quoted, plain = token.groups()
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            if field and not _is_field(field):
                field, value = "", token[0].removeprefix(minus).replace('"', "")
            fields.add((field or "").lower())
            if value or field:
                condition = _condition((field or "").lower(), value)
                found.append(_turned(condition) if minus else condition)
        if len(found) > _MOST:
            raise ConfigError(f"a search of more than {_MOST} conditions")
        if not fields & {"in", "id"}:
            found.append(_ARRIVED)
        return tuple(found)

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    @classmethod
    def of(cls, *, text: str = "", **fields: str) -> "Search":
        """Return the search for messages whose fields have these values; empty ones are left out, but for ``inbox``.

        A field is called as in a search, with ``_`` for ``-`` and ``from_``. Raises ConfigError for one that there is not.

        >>> Search.of(to="ann@example.com", subject="Your order").text
        'to:"ann@example.com" subject:"Your order"'
        """
        words = []
        for keyword, value in fields.items():
            name = keyword.strip("_").replace("_", "-")
            if not _is_field(name):
                raise ConfigError(f"there is no field {keyword!r}", hint=f"There are {', '.join(_FIELDS)}.")
            if value or name == "inbox":
                words.append(f'{name}:"{_quoted(value)}"')
        return cls(" ".join([*words, text]).strip())


def _quoted(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"")


def _is_field(name: str) -> bool:
    return name.lower() in _FIELDS


def _turned(condition: Condition) -> Condition:
    return Condition(f"NOT {condition.sql}", condition.values, condition.needs_filing)


def _condition(field: str, value: str) -> Condition:
    match field:
        case "":
            return _words(value)
        case "is":
            return Condition(_choice(_FLAGS, field, value), needs_filing=value.lower() == "tagged")
        case "has":
            return Condition(_choice(_HAVING, field, value))
        case "tag":
            return Condition("instr(mail.tags, ?) > 0", (f" {value.lower()} ",))
        case "inbox":
            return Condition("mail.inbox = ?", (value,), needs_filing=False)
        case "message-id":
            return Condition("mail.message_id = ?", (f"<{value.strip('<>')}>",))
        case "id":
            return Condition("mail.id = ?", (_number(value),), needs_filing=False)
        case "larger" | "smaller":
            return Condition(f"mail.size {'>' if field == 'larger' else '<'} ?", (_size(value),), needs_filing=False)
        case "before" | "after":
            begin, end = _moment(field, value)
            sql, moment = ("mail.at < ?", begin) if field == "before" else ("mail.at >= ?", end)
            return Condition(sql, (moment,), needs_filing=False)
        case "batch":
            return Condition(
                "(mail.batch != '' AND mail.batch = (SELECT batch FROM mail AS one WHERE one.id = ?))",
                (_number(value),),
            )
        case "in":
            return _in_folder(value)
        case "sender":
            return Condition("mail.sender = ?", (value,), needs_filing=False)
    return _words(value, _COLUMNS[field])


def _in_folder(name: str) -> Condition:
    match name.lower():
        case "inbox":
            return _ARRIVED
        case "anywhere":
            return Condition("1", needs_filing=False)
    sql = "mail.folder IN (SELECT folder.id FROM folder WHERE folder.name = ? COLLATE NOCASE)"
    return Condition(sql, (name,), needs_filing=False)


def _words(value: str, column: str = "") -> Condition:
    if len(value) >= 3:  # what a trigram is
        phrase = '"{}"'.format(value.replace('"', '""'))
        return Condition(
            "mail.id IN (SELECT rowid FROM words WHERE words MATCH ?)",
            (f"{column}: {phrase}" if column else phrase,),
        )
    columns = [column] if column else list(_COLUMNS.values())
    tests = " OR ".join(f"instr(lower({one}), ?) > 0" for one in columns)
    return Condition(
        f"mail.id IN (SELECT rowid FROM words WHERE {tests})",  # noqa: S608 - the columns are ours
        (value.lower(),) * len(columns),
    )


def _choice(choices: dict[str, str], field: str, value: str) -> str:
    try:
        return choices[value.lower()]
    except KeyError:
        raise ConfigError(f"nothing {field}:{value}", hint=f"There are {', '.join(choices)}.") from None


def _number(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise ConfigError(f"{value!r} is no number")
    return int(value)


def _size(value: str) -> int:
    found = _SIZE.fullmatch(value)
    if not found:
        raise ConfigError(f"{value!r} is no size", hint="Write 500, 200k or 5M.")
    return int(float(found[1]) * _FACTORS[found[2].lower()])


def _moment(field: str, value: str) -> tuple[float, float]:
    """The beginning of a moment and its end: a day is over at midnight."""
    try:
        found = datetime.fromisoformat(value)
        begin = found.astimezone()
        end = begin + timedelta(days=1) if re.fullmatch(r"[0-9-]+", value) else begin
        return begin.timestamp(), end.timestamp()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(f"{field}:{value} is no date", hint="Write 2026-01-31 or 2026-01-31T12:00.") from None
