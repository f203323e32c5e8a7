"""Commands of folders (RFC 3501 6.3), and waiting for news of one (RFC 2177)."""

import re
from collections.abc import Callable
from contextlib import suppress

from mailkit.errors import ConfigError
from mailkit.inbox.account import INBOX
from mailkit.inbox.imap.state import Handler, No, State
from mailkit.inbox.imap.syntax import Arguments, Bad, shown_name
from mailkit.inbox.imap.view import View, sorted_flags
from mailkit.inbox.readerwire import LINE_LIMIT
from mailkit.sansio import Conversation, Read, Watch

__all__ = ["COMMANDS"]

_FLAGS = rb"\Answered \Flagged \Deleted \Seen \Draft"
# RFC 6154: how clients know what a folder is for; by what it is commonly called.
_USES = {"sent": "Sent", "drafts": "Drafts", "trash": "Trash", "junk": "Junk", "archive": "Archive", "spam": "Junk"}
_GATHER = 0.05  # seconds
_STATUS = ("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN")


def _folder(state: State, arguments: Arguments, *, code: str = "NONEXISTENT") -> tuple[str, int]:
    name = arguments.space().folder()
    folder = state.account.folder(name)
    if folder is None:
        raise No(f"[{code}] there is no such folder")
    return name, folder


def _open(state: State, arguments: Arguments, *, is_read_only: bool) -> str:
    state.selected = None  # RFC 3501 6.3.1: also when the next one cannot be had
    _, folder = _folder(state, arguments)
    arguments.end()
    state.told = state.changes
    view = View(state.account, folder, is_read_only=is_read_only)
    state.selected = view
    unseen = next((place for place, one in enumerate(view.entries, 1) if one.is_unread), 0)
    say = state.wire.say
    say(b"* FLAGS (%b)\r\n* %d EXISTS\r\n* 0 RECENT\r\n" % (_FLAGS, len(view.entries)))
    if unseen:
        say(b"* OK [UNSEEN %d] The first one that is unread\r\n" % unseen)
    say(b"* OK [PERMANENTFLAGS (%b)] What is kept\r\n" % (b"" if is_read_only else _FLAGS + rb" \*"))
    say(b"* OK [UIDNEXT %d] What comes next\r\n" % state.account.next)
    say(b"* OK [UIDVALIDITY %d] Numbers are given once\r\n" % state.account.validity)
    return f"[READ-{'ONLY' if is_read_only else 'WRITE'}] it is open"


def _select(state: State, arguments: Arguments) -> str:
    return _open(state, arguments, is_read_only=False)


def _examine(state: State, arguments: Arguments) -> str:
    return _open(state, arguments, is_read_only=True)


def _create(state: State, arguments: Arguments) -> str:
    name = arguments.space().folder()
    arguments.end()
    name = name.removesuffix("/")  # RFC 3501 6.3.3: folders will be made in it
    _refuse_existing(state, name)
    state.account.create(name)
    return ""


def _refuse_existing(state: State, name: str) -> None:
    if state.account.folder(name) is not None:
        raise No("[ALREADYEXISTS] there is such a folder")


def _delete(state: State, arguments: Arguments) -> str:
    name, folder = _folder(state, arguments)
    arguments.end()
    state.account.remove(name)
    if state.selected and state.selected.folder == folder:
        state.selected = None
    return ""


def _rename(state: State, arguments: Arguments) -> str:
    name, _ = _folder(state, arguments)
    new = arguments.space().folder()
    arguments.end()
    _refuse_existing(state, new)
    state.account.rename(name, new)
    return ""


def _list(state: State, arguments: Arguments) -> str:
    return _listing(state, arguments, "LIST")


def _lsub(state: State, arguments: Arguments) -> str:
    return _listing(state, arguments, "LSUB")


def _listing(state: State, arguments: Arguments, verb: str) -> str:
    reference = arguments.space().folder()
    pattern = arguments.space().pattern()
    arguments.end()
    if not pattern:  # what parts the names, asked for by RFC 3501 6.3.8
        state.wire.say(rb'* %b (\Noselect) "/" ""' % verb.encode() + b"\r\n")
        return ""
    fits = _fits(reference + pattern)
    names = sorted(state.account.folders(), key=lambda name: (name != INBOX, name.lower()))
    for name in names:
        if fits(name):
            has_children = any(one.startswith(f"{name}/") for one in names)
            marks = [rf"\Has{'' if has_children else 'No'}Children"]
            if use := _USES.get(name.lower()):
                marks.append(f"\\{use}")
            state.wire.say(f'* {verb} ({" ".join(marks)}) "/" '.encode() + shown_name(name) + b"\r\n")
    return ""


def _fits(pattern: str) -> Callable[[str], bool]:
    """``*`` stands for anything, ``%`` for anything without a slash; INBOX is written in any case."""
    if len(pattern) > 1_000 or pattern.count("*") + pattern.count("%") > 10:
        raise Bad("this stands for too many names")
    collapsed = re.sub(r"\*[*%]*|%[*%]*\*[*%]*", "*", pattern)
    parts = re.split(r"([*%]+)", collapsed)
    expression = "".join(".*" if "*" in one else "[^/]*" if "%" in one else re.escape(one) for one in parts)
    exact, loose = re.compile(expression), re.compile(expression, re.IGNORECASE)
    return lambda name: bool((loose if name == INBOX else exact).fullmatch(name))


def _subscribe(state: State, arguments: Arguments) -> str:
    """All folders are subscribed to; that one is meant that there is, is checked."""
    _folder(state, arguments)
    arguments.end()
    return ""


def _unsubscribe(_: State, arguments: Arguments) -> str:
    arguments.space().folder()
    arguments.end()
    raise No("[CANNOT] all folders are subscribed to")


def _status(state: State, arguments: Arguments) -> str:
    name, folder = _folder(state, arguments)
    asked = [one.upper() for one in arguments.space().names()]
    arguments.end()
    if unknown := [one for one in asked if one not in _STATUS]:
        raise Bad(f"a folder has no {unknown[0][:40]}")
    entries = state.account.entries(folder)
    known = {
        "MESSAGES": len(entries),
        "RECENT": 0,
        "UIDNEXT": state.account.next,
        "UIDVALIDITY": state.account.validity,
        "UNSEEN": sum(one.is_unread for one in entries),
    }
    facts = " ".join(f"{one} {known[one]}" for one in asked)
    state.wire.say(b"* STATUS %b (%b)\r\n" % (shown_name(name), facts.encode()))
    return ""


def _append(state: State, arguments: Arguments) -> str:
    _, folder = _folder(state, arguments, code="TRYCREATE")
    arguments.space()
    flags: list[str] = []
    if arguments.sees(b"("):
        flags = arguments.flags()
        arguments.space()
    at = None
    if arguments.sees(b'"'):
        at = arguments.moment()
        arguments.space()
    if not arguments.sees(b"{"):
        raise Bad("a message is a literal")
    raw = arguments.string()
    arguments.end()
    if not raw:
        raise No("there is nothing in it")
    names, is_seen = sorted_flags(flags)
    number = state.account.append(raw, folder, at=at, is_unread=not is_seen, flags=names)
    return f"[APPENDUID {state.account.validity} {number}] it is kept"


def _namespace(state: State, arguments: Arguments) -> str:
    arguments.end()
    state.wire.say(b'* NAMESPACE (("" "/")) NIL NIL\r\n')
    return ""


def _idle(state: State, arguments: Arguments) -> Conversation[str]:
    """Tell what happens until the client says DONE."""
    arguments.end()
    wire = state.wire
    wire.say(b"+ idling\r\n")
    while True:
        had_news = state.has_news
        with suppress(ConfigError):  # the archive is busy or being closed: there will be news again
            state.tell_news()
        yield from wire.flush()
        line = wire.buffer.take_until(b"\n", limit=LINE_LIMIT)
        if line is not None:
            if line.strip().upper() != b"DONE":
                raise Bad("DONE ends it")
            return ""
        data = yield from (_gather() if had_news else _watch(state))
        if data == b"":
            wire.is_over = True
            return ""
        wire.buffer.feed(data or b"")


def _watch(state: State) -> Conversation[bytes | None]:
    """Wait for news, or for what the client says."""
    data: bytes | None = yield Watch(state.wire.idle, state.archive.subscribe, lambda: state.has_news)
    return data


def _gather() -> Conversation[bytes | None]:
    """Hear the client alone for a moment: after the first of many messages the others are told together."""
    try:
        data: bytes | None = yield Read(_GATHER)
    except TimeoutError:
        return None
    return data


COMMANDS: dict[str, Handler] = {
    "SELECT": _select,
    "EXAMINE": _examine,
    "CREATE": _create,
    "DELETE": _delete,
    "RENAME": _rename,
    "SUBSCRIBE": _subscribe,
    "UNSUBSCRIBE": _unsubscribe,
    "LIST": _list,
    "LSUB": _lsub,
    "STATUS": _status,
    "APPEND": _append,
    "NAMESPACE": _namespace,
    "IDLE": _idle,
}
