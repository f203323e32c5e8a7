"""Commands of the messages in the folder that is selected (RFC 3501 6.4)."""

from collections.abc import Iterable
from functools import partial

from mailkit.inbox.account import Entry
from mailkit.inbox.imap.fetch import Item, answered, asked, flags_of
from mailkit.inbox.imap.numbers import told
from mailkit.inbox.imap.part import Part
from mailkit.inbox.imap.search import Candidate, Test, criteria
from mailkit.inbox.imap.state import Handler, No, State
from mailkit.inbox.imap.syntax import Arguments, Bad
from mailkit.inbox.imap.view import View
from mailkit.sansio import Call, Conversation

__all__ = ["COMMANDS"]

_GONE = "[EXPUNGEISSUED] some of them have been deleted meanwhile"


def _fetch(state: State, arguments: Arguments, *, by_uid: bool = False) -> Conversation[str]:
    view = state.view
    numbers = arguments.space().set()
    items = asked(arguments.space())
    arguments.end()
    if by_uid and not any(one.name == "UID" for one in items):
        items = (Item("UID"), *items)
    marks = any(not one.is_peek for one in items) and not view.is_read_only
    said = ""
    for place in view.chosen(numbers, by_uid=by_uid):
        found = _fetched(view, items, place, marks=marks)
        if found is None:
            said = _GONE
            continue
        state.wire.say(b"* %d FETCH (%b)\r\n" % (place + 1, found))
        yield from state.wire.ease()
    return said


def _fetched(view: View, items: tuple[Item, ...], place: int, *, marks: bool) -> bytes | None:
    """Return what is said of one message; None when it has been deleted."""
    entry = view.entries[place]
    part: Part | None = None
    if any(one.needs_content for one in items):
        part = view.part(entry.uid)
        if part is None:
            return None
    if marks and entry.is_unread:
        entry = view.flag(place, [r"\Seen"], sign="+")
        if not any(one.name == "FLAGS" for one in items):
            items = (*items, Item("FLAGS"))
    return answered(items, entry, lambda: part or Part.of(b""))


def _store(state: State, arguments: Arguments, *, by_uid: bool = False) -> Conversation[str]:
    view = _writable(state)
    numbers = arguments.space().set()
    arguments.space()
    sign = "+" if arguments.took(b"+") else "-" if arguments.took(b"-") else ""
    name = arguments.item().upper()
    if name not in ("FLAGS", "FLAGS.SILENT"):
        raise Bad("FLAGS are stored")
    flags = arguments.space().flags()
    arguments.end()
    for place in view.chosen(numbers, by_uid=by_uid):
        entry = view.flag(place, flags, sign=sign)
        if name == "FLAGS":
            uid = b"UID %d " % entry.uid if by_uid else b""
            state.wire.say(b"* %d FETCH (%bFLAGS %b)\r\n" % (place + 1, uid, flags_of(entry)))
        yield from state.wire.ease()
    return ""


def _writable(state: State) -> View:
    if state.view.is_read_only:
        raise No("[READ-ONLY] it was opened with EXAMINE")
    return state.view


def _search(state: State, arguments: Arguments, *, by_uid: bool = False) -> Conversation[str]:
    view = state.view
    arguments.space()
    if arguments.took_word(b"CHARSET"):
        charset = arguments.space().text().upper()
        if charset not in ("UTF-8", "US-ASCII"):
            raise No("[BADCHARSET (UTF-8 US-ASCII)] text is UTF-8 here")
        arguments.space()
    test = criteria(arguments)
    # Beside the loop: a word may have to be looked for in all the mail there is.
    found = yield Call(partial(_found, view, test))
    numbers = [view.entries[place].uid if by_uid else place + 1 for place in found]
    state.wire.say(b"* SEARCH%b\r\n" % b"".join(b" %d" % number for number in numbers))
    return ""


def _found(view: View, test: Test) -> list[int]:
    entries = view.entries
    highest = entries[-1].uid if entries else 0
    load = view.account.get

    def candidate(place: int, entry: Entry) -> Candidate:
        return Candidate(place + 1, entry, total=len(entries), highest_uid=highest, load=load)

    return [place for place, entry in enumerate(entries) if test(candidate(place, entry))]


def _expunge(state: State, arguments: Arguments) -> str:
    arguments.end()
    view = _writable(state)
    _forget(view, range(len(view.entries)))
    return ""


def _expunge_by_uid(state: State, arguments: Arguments) -> str:
    view = _writable(state)
    numbers = arguments.space().set()
    arguments.end()
    _forget(view, view.chosen(numbers, by_uid=True))
    return ""


def _forget(view: View, places: Iterable[int]) -> None:
    gone = [view.entries[place].uid for place in places if r"\Deleted" in view.entries[place].flags]
    if gone:
        view.account.forget(gone)


def _close(state: State, arguments: Arguments) -> str:
    arguments.end()
    if not state.view.is_read_only:
        _forget(state.view, range(len(state.view.entries)))
    state.selected = None
    return ""


def _unselect(state: State, arguments: Arguments) -> str:
    arguments.end()
    state.selected = None
    return ""


def _check(_: State, arguments: Arguments) -> str:
    arguments.end()
    return ""


def _copy(state: State, arguments: Arguments, *, by_uid: bool = False) -> str:
    _, said = _copied(state, arguments, by_uid=by_uid)
    return said


def _move(state: State, arguments: Arguments, *, by_uid: bool = False) -> str:
    view = _writable(state)
    moved, said = _copied(state, arguments, by_uid=by_uid)
    view.account.forget(moved)
    state.wire.say(f"* OK {said}\r\n".encode())  # RFC 6851 4.3: before they are told to be gone
    return ""


def _copied(state: State, arguments: Arguments, *, by_uid: bool) -> tuple[list[int], str]:
    """Copy messages. Returns the numbers of those, and what is said of them and of the copies (RFC 4315 3)."""
    view = state.view
    numbers = arguments.space().set()
    name = arguments.space().folder()
    arguments.end()
    folder = state.account.folder(name)
    if folder is None:
        raise No("[TRYCREATE] there is no such folder")
    old: list[int] = []
    new: list[int] = []
    for place in view.chosen(numbers, by_uid=by_uid):
        entry = view.entries[place]
        if copy := view.account.copy(entry, folder):
            old.append(entry.uid)
            new.append(copy)
    if not old:
        return [], "nothing was there"
    return old, f"[COPYUID {state.account.validity} {told(old).decode()} {told(new).decode()}] they are copied"


def _uid(state: State, arguments: Arguments) -> Conversation[str] | str:
    verb = arguments.space().atom().upper()
    handler = _BY_UID.get(verb)
    if handler is None:
        raise Bad("UID goes with COPY, EXPUNGE, FETCH, MOVE, SEARCH and STORE")
    return handler(state, arguments)


_BY_UID: dict[str, Handler] = {
    "COPY": partial(_copy, by_uid=True),
    "MOVE": partial(_move, by_uid=True),
    "FETCH": partial(_fetch, by_uid=True),
    "STORE": partial(_store, by_uid=True),
    "SEARCH": partial(_search, by_uid=True),
    "EXPUNGE": _expunge_by_uid,
}
COMMANDS: dict[str, Handler] = {
    "CHECK": _check,
    "CLOSE": _close,
    "UNSELECT": _unselect,
    "EXPUNGE": _expunge,
    "SEARCH": _search,
    "FETCH": _fetch,
    "STORE": _store,
    "COPY": _copy,
    "MOVE": _move,
    "UID": _uid,
}
