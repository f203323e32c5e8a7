"""Commands that need no folder: what there is, who it is, and good-bye (RFC 3501 6.1, 6.2)."""

from binascii import Error as Base64Error
from binascii import a2b_base64

from mailkit.inbox.account import Account
from mailkit.inbox.imap.state import Handler, No, State
from mailkit.inbox.imap.syntax import Arguments, Bad
from mailkit.sansio import Conversation

__all__ = ["ALWAYS", "BEFORE"]

_LINE = 12_288  # octets of an answer in AUTHENTICATE


def _capability(state: State, arguments: Arguments) -> str:
    arguments.end()
    state.wire.say(f"* CAPABILITY {state.capability}\r\n".encode())
    return ""


def _noop(_: State, arguments: Arguments) -> str:
    arguments.end()
    return ""


def _id(state: State, _: Arguments) -> str:
    state.wire.say(b'* ID ("name" "mailkit")\r\n')
    return ""


def _logout(state: State, arguments: Arguments) -> str:
    arguments.end()
    state.wire.say(b"* BYE Good-bye\r\n")
    state.selected = None
    state.wire.is_over = True
    return ""


def _starttls(state: State, arguments: Arguments) -> str:
    arguments.end()
    if not state.may_start_tls:
        raise Bad("there is no TLS to start")
    state.begins_tls = True
    return "begin"


def _login(state: State, arguments: Arguments) -> str:
    user = arguments.space().text()
    password = arguments.space().text()
    arguments.end()
    return _enter(state, user, password)


def _authenticate(state: State, arguments: Arguments) -> Conversation[str]:
    mechanism = arguments.space().atom().upper()
    if mechanism != "PLAIN":
        raise No("[CANNOT] there is PLAIN")
    answer = b"" if arguments.is_over else arguments.space().astring()
    arguments.end()
    if not answer:
        state.wire.say(b"+ \r\n")
        answer = (yield from state.wire.line(limit=_LINE)) or b"*"
    try:
        parts = a2b_base64(answer, strict_mode=True).decode().split("\0")
    except (Base64Error, UnicodeDecodeError):
        parts = []
    if len(parts) != 3:
        raise Bad("the authentication was cancelled or garbled")
    return _enter(state, parts[1], parts[2])


def _enter(state: State, user: str, password: str) -> str:
    if not state.users.may_read(user, password):
        raise No("[AUTHENTICATIONFAILED] user or password not accepted")
    state.user = Account(state.archive, state.users, user)
    return f"[CAPABILITY {state.capability}] welcome"


ALWAYS: dict[str, Handler] = {"CAPABILITY": _capability, "NOOP": _noop, "ID": _id, "LOGOUT": _logout}
BEFORE: dict[str, Handler] = {"STARTTLS": _starttls, "LOGIN": _login, "AUTHENTICATE": _authenticate}
