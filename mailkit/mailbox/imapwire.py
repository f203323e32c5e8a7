"""IMAPClient and imaplib on a connection of ours.

Theory of operation. IMAPClient speaks IMAP through an object of imaplib's. Here that object reads and writes by
:class:`~mailkit.mailbox.wire.Wire`, which bounds what a server can do and raises mailkit's errors; it keeps no log, and
STARTTLS and logging in are ours. Everything above uses IMAPClient as it is.
"""

import imaplib
import re
from typing import Any, NoReturn

from imapclient import IMAPClient

from mailkit.errors import ConnectError, MailboxError, TlsError
from mailkit.mailbox.login import Answer, Exchange, log_in
from mailkit.mailbox.settings import Server
from mailkit.mailbox.wire import Wire
from mailkit.secret import Secret
from mailkit.smtp import Credentials, StartTlsPolicy
from mailkit.smtp.refusal import printable

__all__ = ["GARBLED", "Client", "Refused", "opened"]

# What IMAPClient and imaplib raise for an answer that makes no sense to them.
GARBLED = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError, OverflowError)

_WORDLESS = re.compile(rb"\S+ (?:OK|NO|BAD)\r\n")
_LINE = 1000  # RFC 2683 3.2.1.5: what every server takes in one line
_LITERAL_AT_ONCE = 4096  # RFC 7888 5: what may follow without being asked for, by LITERAL-


class Refused(imaplib.IMAP4.error):  # type: ignore[misc, name-defined, unused-ignore]
    """The server does not want the rest of a command."""


class _Protocol(imaplib.IMAP4):
    """imaplib's half, without its socket, its limits and its log."""

    def __init__(self, wire: Wire, server: Server) -> None:
        self._wire = wire
        self.has_news = False
        super().__init__(server.host, server.port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port = host, port

    def read(self, size: int) -> bytes:
        return self._wire.block(size)

    def readline(self) -> bytes:
        line = self._wire.line()
        # RFC 3501 7.1 wants words behind "OK", which some servers have none of, and imaplib reads nothing without.
        if _WORDLESS.fullmatch(line) and line.startswith((b"* ", self.tagpre)):  # type: ignore[arg-type]  # it is bytes
            return line[:-2] + b" \r\n"
        return line

    def send(self, data: Any) -> None:
        self._wire.write(bytes(data))

    def shutdown(self) -> None:
        self._wire.close()

    def socket(self) -> NoReturn:
        raise NotImplementedError

    def _append_untagged(self, typ: str, dat: Any) -> None:
        self.has_news = self.has_news or typ == "EXISTS"
        super()._append_untagged(typ, dat)  # type: ignore[misc]

    def _log(self, line: object) -> None:
        """Its log would keep passwords."""

    def _mesg(self, text: object, secs: object = None) -> None:
        """It would print them."""

    def print_log(self) -> None:
        """There is none."""


class Client(IMAPClient):  # type: ignore[misc]  # it has no types
    """IMAPClient on a connection of ours, logged in."""

    def __init__(self, wire: Wire, server: Server) -> None:
        self._wire = wire
        self._server = server
        super().__init__(server.host, server.port, ssl=False)
        self.folder_encode = False  # names come encoded, and are decoded, by functions that nothing upsets
        self.normalise_times = False
        self._imap.debug = 0
        del self._imap._mesg  # IMAPClient has put its logger there

    def _create_IMAP4(self) -> _Protocol:  # noqa: N802 - the name is IMAPClient's
        return _Protocol(self._wire, self._server)

    def _set_read_timeout(self) -> None:
        """Each read has its own."""

    def _send_literal(self, tag: bytes, item: bytes, has_literal_plus: bool) -> None:
        size = str(len(item)).encode()
        if has_literal_plus and len(item) <= _LITERAL_AT_ONCE:
            self._wire.write(b" {" + size + b"+}\r\n" + item)
            return
        # What is large waits: a server that has no room for it says so first.
        self._wire.write(b" {" + size + b"}\r\n")
        while self._imap._get_response() is not None:
            if found := self._imap.tagged_commands.pop(tag, None):
                raise Refused(f"refused: {found[1][0].decode('ascii', 'replace')}")
        self._wire.write(item)

    def begin(self) -> None:
        """Forget what the server said before: imaplib would keep it all, and take it for a part of the next answer."""
        self._imap.untagged_responses.clear()
        self._wire.begin()

    def untagged(self, name: str) -> list[Any]:
        """Return what was said without being asked, or beside the answer."""
        return list(self._imap.untagged_responses.get(name, []))

    def untagged_int(self, name: str) -> int:
        found = self.untagged(name)
        return int(found[-1]) if found and found[-1] else 0

    def secure(self) -> None:
        """STARTTLS (RFC 3501 6.2.1). Raises TlsError."""
        begun = self._imap._simple_command("STARTTLS")
        if begun[0] != "OK":
            raise TlsError(f"{self._server.host} does not want STARTTLS: {printable(_said(begun))}")
        self._wire.start_tls()
        # RFC 3501 6.2.1: what was said in the clear may have been put there.
        self._imap.untagged_responses.clear()
        self._imap._get_capabilities()

    def log_in(self, credentials: Credentials) -> None:
        """Raises AuthError, and what IMAPClient raises."""
        log_in(self._server, credentials, self._wire, _Commands(self, self._wire))

    def take_news(self) -> bool:
        """Whether the server has told of new messages since this was asked last."""
        had, self._imap.has_news = self._imap.has_news, False
        return bool(had)

    def start_idle(self) -> None:
        """IDLE (RFC 2177). IMAPClient's own fails when the server has something to tell before it agrees."""
        self._idle_tag = self._imap._command("IDLE")
        while self._imap._get_response() is not None:
            if found := self._imap.tagged_commands.pop(self._idle_tag, None):
                raise Refused(f"idle failed: {_said(found)}")
            self._imap._check_bye()

    def end_idle(self) -> None:
        """Be able to say something again."""
        self._wire.begin()
        self._wire.write(b"DONE\r\n")
        self._imap._command_complete("IDLE", self._idle_tag)

    def listen(self, seconds: float) -> bool:
        """Take in what the server says by itself, waiting for it; whether there was something."""
        if not self._wire.wait_line(seconds):
            return False
        self._wire.begin()
        while True:
            self._imap._get_response()
            if not self._wire.wait_line(0):
                return True


def opened(wire: Wire, server: Server) -> Client:
    """Return a client that is secure and logged in. Raises TlsError, AuthError, MailboxError and the wire's errors."""
    try:
        client = Client(wire, server)
        is_preauth = client._imap.state == "AUTH"
        if not wire.is_secure and server.tls is not StartTlsPolicy.OFF:
            _secure(client, server, is_preauth=is_preauth)
        if not is_preauth and server.credentials is not None:
            client.log_in(server.credentials)
    except (imaplib.IMAP4.error, *GARBLED) as error:
        if wire.failure is not None:
            raise wire.failure from None
        said = printable(_bare(str(error)))
        if "BYE" in said[:8]:
            raise ConnectError(
                f"{server.host} does not want us now: {said.removeprefix('* BYE ')}", hint="Try again later."
            ) from None
        raise MailboxError(
            f"{server.host} does not speak IMAP on port {server.port}: {said}", hint="Check the port and the scheme."
        ) from None
    return client


def _secure(client: Client, server: Server, *, is_preauth: bool) -> None:
    must = server.tls is StartTlsPolicy.REQUIRED
    if is_preauth:
        # STARTTLS is not possible any more then, which somebody in the middle may have wanted.
        if must:
            raise TlsError(
                f"{server.host} says that we are logged in before the connection is secure",
                hint="Somebody may be meddling. Use imaps://, or ?tls=off where that is how it should be.",
            )
    elif "STARTTLS" in client._imap.capabilities:
        client.secure()
    elif must:
        raise TlsError(
            f"{server.host} does not offer STARTTLS", hint="Use imaps://, or ?tls=off where nobody can listen."
        )


class _Commands(Exchange):
    """AUTHENTICATE (RFC 3501 6.2.2, RFC 4959) and LOGIN."""

    def __init__(self, client: Client, wire: Wire) -> None:
        self._client = client
        self._imap = client._imap
        self._wire = wire
        self._known = frozenset(self._imap.capabilities)
        self.offered = tuple(name[5:] for name in self._imap.capabilities if name.startswith("AUTH="))
        self._tag = b""

    def begin(self, mechanism: str, initial: bytes | None) -> Answer:
        line = b"AUTHENTICATE " + mechanism.encode()
        if initial is not None and "SASL-IR" in self._known and len(initial) < _LINE - 100:
            return self._start(line + b" " + (initial or b"="))
        answer = self._start(line)
        return answer if initial is None or answer.challenge is None else self.respond(initial)

    def respond(self, data: bytes) -> Answer:
        self._wire.write(data + b"\r\n")
        return self._read()

    def say(self, user: str, password: Secret) -> Answer | None:
        if "LOGINDISABLED" in self._known:
            return None
        return self._start(b"LOGIN", user.encode(), password.reveal().encode())

    def _start(self, line: bytes, *strings: bytes) -> Answer:
        self._client.begin()
        self._tag = self._imap._new_tag()
        line = self._tag + b" " + line
        for text in strings:
            if _QUOTABLE.fullmatch(text):
                line += b' "' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
                continue
            self._wire.write(line + b" {%d}\r\n" % len(text))
            answer = self._read()
            if answer.challenge is None:
                return answer
            line = text
        self._wire.write(line + b"\r\n")
        return self._read()

    def _read(self) -> Answer:
        while self._imap._get_response() is not None:
            if found := self._imap.tagged_commands.get(self._tag):
                del self._imap.tagged_commands[self._tag]
                if found[0] == "OK":
                    self._imap.state = "AUTH"
                return Answer(None, found[0] == "OK", _said(found))
            self._imap._check_bye()
        return Answer.of_base64(self._imap.continuation_response)


_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*")


def _said(found: tuple[str, list[bytes]]) -> str:
    return (found[1][-1] or b"").decode("utf-8", "replace")


def _bare(text: str) -> str:
    return text[2:-1] if text.startswith(("b'", 'b"')) else text
