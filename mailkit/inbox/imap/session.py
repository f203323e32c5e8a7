"""The server's side of IMAP, as one conversation (RFC 3501).

IMAP4rev1 with APPENDLIMIT (RFC 7889), AUTH=PLAIN with an initial response (4959), CHILDREN (3348), ID (2971), IDLE (2177),
LITERAL+ (7888), MOVE (6851), NAMESPACE (2342), SPECIAL-USE (6154), STARTTLS, UIDPLUS (4315) and UNSELECT (3691). News of the
folder that is selected is told after each command that may tell it, and at once in IDLE.
"""

from dataclasses import dataclass

from mailkit.errors import ConfigError, RemoteProtocolError
from mailkit.inbox.account import Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.imap import access, content, folders
from mailkit.inbox.imap.state import Handler, No, State
from mailkit.inbox.imap.syntax import LITERAL, Arguments, Bad
from mailkit.inbox.readerwire import LINE_LIMIT, ReaderWire
from mailkit.sansio import Conversation, StartTls

__all__ = ["serve_imap"]

_IDLE = 1_800.0  # RFC 3501 5.4: at least thirty minutes
_HANDSHAKE = 60.0
_STRANGERS_LIMIT = 8_192  # octets of a command before anybody has logged in
_MOST_LITERALS = 1_000
_MOST_ERRORS = 20
_NO_TAG = frozenset(b'(){%*"\\+')


@dataclass(frozen=True, slots=True)
class _Command:
    tag: bytes
    verb: str
    arguments: Arguments


def serve_imap(
    archive: Archive,
    users: Users,
    *,
    is_secure: bool = False,
    has_tls: bool = False,
    max_size: int = 50_000_000,
    idle: float = _IDLE,
) -> Conversation[None]:
    """Talk to one client until it says LOGOUT, goes away or makes too many mistakes. ``max_size`` is that of APPEND."""
    state = State(ReaderWire(idle=idle), archive, users, has_tls and not is_secure, max_size)
    end = archive.subscribe(state.hear)
    try:
        yield from _Session(state).run()
    finally:
        end()


class _Session:
    def __init__(self, state: State) -> None:
        self._state = state
        self._wire = state.wire
        self._errors = 0

    def run(self) -> Conversation[None]:
        wire = self._wire
        wire.say(f"* OK [CAPABILITY {self._state.capability}] mailkit inbox\r\n".encode())
        try:
            while not wire.is_over:
                command = yield from self._command()
                if command is None:
                    break
                yield from self._obey(command)
        except RemoteProtocolError as error:
            wire.say(f"* BYE {error.problem}\r\n".encode())
        except TimeoutError:
            wire.say(b"* BYE Idle for too long\r\n")
        yield from wire.flush()

    def _command(self) -> Conversation[_Command | None]:
        """Read the next command with its literals; None when there is none to obey."""
        wire = self._wire
        limit = self._state.max_size + LINE_LIMIT if self._state.user else _STRANGERS_LIMIT
        pieces: list[bytes] = []
        size = 0
        while True:
            line = yield from wire.line()
            if line is None:
                return None
            pieces.append(line)
            literal = LITERAL.search(line)
            if not literal:
                break
            count = int(literal[1])
            size += len(line) + count
            if size > limit or len(pieces) > 3 * _MOST_LITERALS:
                wire.say(b"* BYE [TOOBIG] A command has at most %d octets here\r\n" % limit)
                wire.is_over = True
                return None
            if not literal[2]:
                wire.say(b"+ go on\r\n")
            octets = yield from wire.octets(count)
            if octets is None:
                return None
            pieces += [b"\r\n", octets]
        data = b"".join(pieces)
        tag, _, rest = data.partition(b" ")
        verb, gap, words = rest.lstrip(b" ").partition(b" ")
        if not tag or not tag.isascii() or _NO_TAG & set(tag):
            tag, verb = b"*", b""
        return _Command(tag, verb.decode("latin-1").upper(), Arguments(gap + words))

    def _obey(self, command: _Command) -> Conversation[None]:
        state, tag, verb = self._state, command.tag, command.verb
        try:
            answer = self._handler(verb)(state, command.arguments)
            said = answer if isinstance(answer, str) else (yield from answer)
            if verb not in ("FETCH", "STORE", "SEARCH"):  # RFC 3501 7.4.1: places do not change under these
                state.tell_news()
            self._say(tag, f"OK {said or f'{verb} is done'}")
        except Bad as error:
            self._fault(tag, str(error))
        except No as error:
            self._say(tag, f"NO {error}")
        except ConfigError as error:
            self._say(tag, f"NO {error.problem}")
        if state.begins_tls:
            yield from self._shake_hands()

    def _handler(self, verb: str) -> Handler:
        state = self._state
        if handler := access.ALWAYS.get(verb):
            return handler
        if handler := access.BEFORE.get(verb):
            if state.user:
                raise Bad("you are logged in")
            return handler
        handler = folders.COMMANDS.get(verb)
        needs_folder = handler is None
        handler = handler or content.COMMANDS.get(verb)
        if handler is None:
            raise Bad(f"there is no command {verb[:20]}" if verb.isascii() and verb.isalpha() else "this is no command")
        if state.user is None:
            raise Bad("log in first")
        if needs_folder and state.selected is None:
            raise Bad("select a folder first")
        return handler

    def _shake_hands(self) -> Conversation[None]:
        yield from self._wire.flush()
        self._wire.forget_waiting()  # RFC 3501 6.2.1: nothing said before counts
        yield StartTls(_HANDSHAKE)
        self._state.begins_tls = self._state.may_start_tls = False

    def _say(self, tag: bytes, text: str) -> None:
        self._wire.say(b"%b %b\r\n" % (tag, text.encode("utf-8", "replace")))

    def _fault(self, tag: bytes, text: str) -> None:
        self._say(tag, f"BAD {text}")
        self._errors += 1
        if self._errors > _MOST_ERRORS:
            self._wire.say(b"* BYE Too many mistakes\r\n")
            self._wire.is_over = True
