"""The inbox read over POP3: the server's side as one conversation.

RFC 1939 with all its optional commands, CAPA (RFC 2449), STLS (RFC 2595), AUTH PLAIN (RFC 5034) and UTF8 (RFC 6856). A
session sees the messages that there were when it logged in; what it deletes goes when it says QUIT. Others may read at the
same time: nobody wants to be locked out of a development inbox by a client that hangs.
"""

import hashlib
import hmac
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable
from dataclasses import dataclass, field

from mailkit import clock
from mailkit.errors import ConfigError, RemoteProtocolError
from mailkit.inbox.account import Account, Entry, Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.readerwire import ReaderWire
from mailkit.sansio import Conversation, StartTls
from mailkit.smtp.dot import END, stuff, with_crlf

__all__ = ["serve_pop3"]

_IDLE = 600.0  # RFC 1939 3: at least ten minutes
_HANDSHAKE = 60.0
_LINE = 12_288  # RFC 5034 4: an AUTH line; RFC 2449 4 gives all others 255
_MOST_ERRORS = 20
_HOST = "mailkit"


def serve_pop3(
    archive: Archive, users: Users, *, is_secure: bool = False, has_tls: bool = False, idle: float = _IDLE
) -> Conversation[None]:
    """Talk to one client until it says QUIT, goes away or makes too many mistakes."""
    wire = ReaderWire(idle=idle)
    yield from _Session(wire, archive, users, has_tls and not is_secure).run()


class _Refused(Exception):
    """A command that is answered by -ERR."""


@dataclass(slots=True)
class _Session:
    wire: ReaderWire
    archive: Archive
    users: Users
    may_start_tls: bool
    stamp: str = field(default_factory=lambda: f"<{clock.token()}@{_HOST}>")
    user: str = ""
    account: Account | None = None
    entries: list[Entry] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    errors: int = 0

    def run(self) -> Conversation[None]:
        wire = self.wire
        self._ok(f"mailkit inbox {self.stamp}")
        try:
            while not wire.is_over:
                line = yield from wire.line(limit=_LINE)
                if line is None:
                    return
                yield from self._obey(line)
        except RemoteProtocolError as error:
            self._err(error.problem)
        except TimeoutError:
            self._err("idle for too long")
        yield from wire.flush()

    def _obey(self, line: bytes) -> Conversation[None]:
        verb, _, argument = line.decode("utf-8", "replace").partition(" ")
        # RFC 1939 7: a password is all that follows, with the spaces in it.
        command = _COMMANDS.get(verb.upper())
        try:
            if command is None:
                raise _Refused(
                    f"there is no command {verb[:20]!r}" if verb.isprintable() else "there is no such command"
                )
            name, needs_account = command
            if needs_account is not None and needs_account is not (self.account is not None):
                raise _Refused("log in first" if needs_account else "you are logged in")
            answer: Callable[[str], Conversation[None] | None] = getattr(self, name)
            conversation = answer(argument)
            if conversation is not None:
                yield from conversation
        except _Refused as refusal:
            self._err(str(refusal))
            self.errors += 1
        except ConfigError as error:
            self._err(f"[SYS/TEMP] {error.problem}")
        if self.errors > _MOST_ERRORS:
            self._err("too many mistakes")
            self.wire.is_over = True

    # -- who it is ---------------------------------------------------------------------------------------------------

    def on_capa(self, _: str) -> None:
        offered = ["TOP", "UIDL", "RESP-CODES", "PIPELINING", "UTF8", "EXPIRE NEVER", "IMPLEMENTATION mailkit"]
        if self.account is None:
            offered += ["USER", "SASL PLAIN"]
        if self.may_start_tls:
            offered.append("STLS")
        self._ok("what there is")
        self._lines(offered)

    def on_stls(self, _: str) -> Conversation[None]:
        if not self.may_start_tls:
            raise _Refused("there is no TLS here")
        self._ok("begin")
        yield from self.wire.flush()
        self.wire.forget_waiting()  # RFC 2595 4: nothing said before counts
        yield StartTls(_HANDSHAKE)
        self.may_start_tls = False
        self.user = ""

    def on_user(self, argument: str) -> None:
        if not argument.strip():
            raise _Refused("USER name")
        self.user = argument.strip()
        self._ok("and the password?")

    def on_pass(self, argument: str) -> None:
        if not self.user:
            raise _Refused("USER comes first")
        user, self.user = self.user, ""
        self._enter(user, self.users.may_read(user, argument))

    def on_apop(self, argument: str) -> None:
        user, _, digest = argument.strip().rpartition(" ")
        if not user:
            raise _Refused("APOP name digest")
        password = self.users.password(user)
        right = hashlib.md5(f"{self.stamp}{password or ''}".encode(), usedforsecurity=False).hexdigest()
        is_right = hmac.compare_digest(right.encode(), digest.lower().encode()) and password is not None
        self._enter(user, is_right or not self.users)

    def on_auth(self, argument: str) -> Conversation[None]:
        mechanism, _, initial = argument.strip().partition(" ")
        if not mechanism:  # what some clients ask in the place of CAPA
            self._ok("what there is")
            self._lines(["PLAIN"])
            return
        if mechanism.upper() != "PLAIN":
            raise _Refused("[AUTH] there is PLAIN")
        if not initial:
            self.wire.say(b"+ \r\n")
            initial = ((yield from self.wire.line(limit=_LINE)) or b"*").decode("ascii", "replace")
        user, password = _plain(initial)
        self._enter(user, self.users.may_read(user, password))

    def _enter(self, user: str, is_right: bool) -> None:
        if not is_right:
            raise _Refused("[AUTH] user or password not accepted")
        self.account = Account(self.archive, self.users, user)
        self.entries = self.account.entries(0)
        self._ok(f"{len(self.entries)} messages")

    # -- the mail ----------------------------------------------------------------------------------------------------

    def on_stat(self, _: str) -> None:
        left = [one for number, one in enumerate(self.entries, 1) if number not in self.deleted]
        self._ok(f"{len(left)} {sum(one.size for one in left)}")

    def on_list(self, argument: str) -> None:
        self._listing(argument, lambda one: str(one.size))

    def on_uidl(self, argument: str) -> None:
        assert self.account
        validity = self.account.validity  # after which the numbers may begin anew
        self._listing(argument, lambda one: f"{validity}.{one.uid}")

    def _listing(self, argument: str, said: Callable[[Entry], str]) -> None:
        if argument.strip():
            number, entry = self._entry(argument)
            self._ok(f"{number} {said(entry)}")
            return
        numbered = enumerate(self.entries, 1)
        self._ok("here they are")
        self._lines([f"{number} {said(entry)}" for number, entry in numbered if number not in self.deleted])

    def on_retr(self, argument: str) -> Conversation[None]:
        raw = self._raw(argument)
        self._ok(f"{len(raw)} octets")
        self._content(raw)
        return self.wire.flush()

    def on_top(self, argument: str) -> Conversation[None]:
        number, _, count = argument.strip().partition(" ")
        if not count.strip().isdecimal():
            raise _Refused("TOP message lines")
        head, gap, body = self._raw(number).partition(b"\r\n\r\n")
        lines = body.removesuffix(b"\r\n").split(b"\r\n")[: int(count[:9])] if body else []
        self._ok("the top of it")
        self._content(head + gap + b"".join(line + b"\r\n" for line in lines))
        return self.wire.flush()

    def on_dele(self, argument: str) -> None:
        number, _ = self._entry(argument)
        self.deleted.add(number)
        self._ok("it goes when you say QUIT")

    def on_rset(self, _: str) -> None:
        self.deleted.clear()
        self._ok("nothing is deleted")

    def on_noop(self, _: str) -> None:
        self._ok("")

    def on_utf8(self, _: str) -> None:
        self._ok("it always is")

    def on_quit(self, _: str) -> None:
        if self.account and self.deleted:
            self.account.forget([self.entries[number - 1].uid for number in self.deleted])
        self._ok("good-bye")
        self.wire.is_over = True

    def _entry(self, argument: str) -> tuple[int, Entry]:
        text = argument.strip()
        number = int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0
        if not 0 < number <= len(self.entries) or number in self.deleted:
            raise _Refused("there is no such message")
        return number, self.entries[number - 1]

    def _raw(self, argument: str) -> bytes:
        assert self.account
        _, entry = self._entry(argument)
        found = self.account.get(entry.uid)
        if found is None:
            raise _Refused("[SYS/TEMP] it has been deleted meanwhile")
        return with_crlf(found.raw)

    # -- replies -----------------------------------------------------------------------------------------------------

    def _ok(self, text: str) -> None:
        self.wire.say(f"+OK {text}".rstrip().encode() + b"\r\n")

    def _err(self, text: str) -> None:
        self.wire.say(f"-ERR {text}\r\n".encode())

    def _lines(self, lines: list[str]) -> None:
        self._content("".join(f"{line}\r\n" for line in lines).encode())

    def _content(self, content: bytes) -> None:
        self.wire.say(stuff(content) + END)


# What may be said: before the login, after it, or (None) both.
_COMMANDS: dict[str, tuple[str, bool | None]] = {
    **{verb: (f"on_{verb.lower()}", False) for verb in ("STLS", "USER", "PASS", "APOP", "AUTH")},
    **{verb: (f"on_{verb.lower()}", None) for verb in ("CAPA", "QUIT", "UTF8")},
    **{verb: (f"on_{verb.lower()}", True) for verb in ("STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET", "NOOP")},
}


def _plain(text: str) -> tuple[str, str]:
    try:
        parts = a2b_base64(text.encode(), strict_mode=True).decode().split("\0")
    except (Base64Error, ValueError):
        parts = []
    if len(parts) != 3:
        raise _Refused("the authentication was cancelled or garbled")
    return parts[1], parts[2]
