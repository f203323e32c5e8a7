"""poplib on a connection of ours.

Theory of operation. poplib speaks POP3 (RFC 1939); here it reads and writes by :class:`~mailkit.mailbox.wire.Wire`, which
bounds what a server can do. Its own bound, 2,048 bytes for a line, turns real messages away, and it takes a message apart
at every LF; so messages are read here, as they were sent. STLS and logging in are ours.
"""

import poplib
import re
from collections.abc import Iterator
from hashlib import md5
from typing import Any, NoReturn

from mailkit.errors import AuthError, MailboxError, TlsError
from mailkit.mailbox.login import Answer, Exchange, log_in
from mailkit.mailbox.settings import Server
from mailkit.mailbox.wire import Wire
from mailkit.mime.control import CONTROL
from mailkit.secret import Secret
from mailkit.smtp import Credentials, StartTlsPolicy
from mailkit.smtp.refusal import printable

__all__ = ["Client", "opened"]

_BLOCK = 65_536
_LONGEST_COMMAND = 255  # RFC 2449 4, RFC 5034 4: with its CRLF


class Client(poplib.POP3):
    """poplib's POP3 without its socket and its limits."""

    def __init__(self, wire: Wire, server: Server) -> None:
        self._wire = wire
        self._end = b"\n"
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: object) -> Any:
        return _NoSocket()

    def _getline(self) -> tuple[bytes, int]:
        line = self._wire.line(self._end)
        if self._end == b"\n" and line.endswith(b"\r\n"):
            # The greeting tells which line end the server writes. From now on nothing else ends a line: in a message
            # there may be others, and what follows one of those is not the server's word.
            self._end = b"\r\n"
        return line.removesuffix(self._end), len(line)

    def _putline(self, line: bytes) -> None:
        self._wire.write(line + b"\r\n")

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def command(self, line: str) -> bytes:
        """Send a command that is answered with one line, and return that. Raises error_proto."""
        self._wire.begin()
        return bytes(self._shortcmd(line))  # type: ignore[attr-defined]

    def listing(self, line: str) -> Iterator[list[bytes]]:
        """Send a command that is answered with many lines, and go through their words."""
        self._wire.begin()
        for found in self._longcmd(line)[1]:  # type: ignore[attr-defined]
            yield found.split()

    def capabilities(self) -> tuple[str, ...]:
        """CAPA (RFC 2449); nothing from a server of before it."""
        try:
            return tuple(b" ".join(words).decode("ascii", "replace") for words in self.listing("CAPA"))
        except poplib.error_proto:
            return ()

    def content(self, line: str) -> Iterator[bytes]:
        """Send a command that is answered with a message, and go through it in blocks, as it was sent.

        Who does not read it to its end loses the connection: what follows would be taken for answers.
        """
        self.command(line)
        end, size, counted = self._end, 0, 0
        last = b"." + end
        lines: list[bytes] = []
        is_over = False
        try:
            while (found := self._wire.line(end)) != last:
                lines.append(found[1:] if found.startswith(b".") else found)
                size += len(found)
                if size - counted >= _BLOCK:
                    self._wire.counted(size)
                    counted = size
                    yield b"".join(lines)
                    lines.clear()
            is_over = True
        finally:
            if not is_over:
                self._wire.close()
        yield b"".join(lines)

    def log_in(self, server: Server, credentials: Credentials, offered: tuple[str, ...]) -> None:
        """Raises AuthError."""
        log_in(server, credentials, self._wire, _Commands(self, self._wire, offered))

    def secure(self, server: Server) -> None:
        """STLS (RFC 2595 4). Raises TlsError."""
        try:
            self.command("STLS")
        except poplib.error_proto as error:
            raise TlsError(f"{server.host} does not want STLS: {said(error)}") from None
        self._wire.start_tls()


class _NoSocket:
    """What poplib keeps in the place of a socket."""

    def makefile(self, mode: str) -> None:
        """There is nothing to read from."""

    def sendall(self, data: bytes) -> NoReturn:
        raise NotImplementedError


def said(error: Exception) -> str:
    """Return what a server said with its refusal."""
    first = error.args[0] if error.args else b""
    text = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    return printable(text.removeprefix("-ERR").strip() or "no reason is given")


def opened(wire: Wire, server: Server) -> Client:
    """Return a client that is secure and logged in. Raises TlsError, AuthError, MailboxError and the wire's errors."""
    try:
        client = Client(wire, server)
    except poplib.error_proto as error:
        text = said(error)
        is_refusal = bool(error.args) and isinstance(error.args[0], bytes) and error.args[0].startswith(b"-ERR")
        if is_refusal:
            raise MailboxError(f"{server.host} does not want us now: {text}", hint="Try again later.") from None
        raise MailboxError(
            f"{server.host} does not speak POP3 on port {server.port}: {text}", hint="Check the port and the scheme."
        ) from None
    offered = client.capabilities()
    if not wire.is_secure and server.tls is not StartTlsPolicy.OFF:
        if "STLS" in offered:
            client.secure(server)
            offered = client.capabilities()  # RFC 2595 4: what was said in the clear is forgotten
        elif server.tls is StartTlsPolicy.REQUIRED:
            raise TlsError(
                f"{server.host} does not offer STLS", hint="Use pop3s://, or ?tls=off where nobody can listen."
            )
    if server.credentials is not None:
        client.log_in(server, server.credentials, offered)
    return client


class _Commands(Exchange):
    """AUTH (RFC 5034), APOP and USER with PASS (RFC 1939 7)."""

    def __init__(self, client: Client, wire: Wire, capabilities: tuple[str, ...]) -> None:
        self._client = client
        self._wire = wire
        self.offered = tuple(
            name for line in capabilities if line.upper().startswith("SASL ") for name in line.upper().split()[1:]
        )

    def begin(self, mechanism: str, initial: bytes | None) -> Answer:
        self._wire.begin()
        line = b"AUTH " + mechanism.encode()
        whole = line + b" " + (initial or b"=")
        if initial is not None and len(whole) + 2 <= _LONGEST_COMMAND:
            return self._said(whole)
        answer = self._said(line)
        return answer if initial is None or answer.challenge is None else self.respond(initial)

    def respond(self, data: bytes) -> Answer:
        return self._said(data)

    def prove(self, user: str, password: Secret) -> Answer | None:
        stamp = re.search(rb"<[\x21-\x3b\x3d\x3f-\x7e]+@[\x21-\x3b\x3d\x3f-\x7e]*>", self._client.welcome)
        if stamp is None:
            return None
        digest = md5(stamp[0] + password.reveal().encode(), usedforsecurity=False).hexdigest()
        return self._said(b"APOP %s %s" % (_word(user), digest.encode()))

    def say(self, user: str, password: Secret) -> Answer | None:
        answer = self._said(b"USER " + _word(user))
        return self._said(b"PASS " + _word(password.reveal())) if answer.is_ok else answer

    def _said(self, line: bytes) -> Answer:
        self._client._putline(line)
        said, _ = self._client._getline()
        if said[:3].upper() == b"+OK":
            return Answer(None, is_ok=True, text=said.decode("utf-8", "replace"))
        if said.startswith(b"+"):
            return Answer.of_base64(said[1:])
        return Answer(None, is_ok=False, text=said.decode("utf-8", "replace").removeprefix("-ERR").strip())


def _word(text: str) -> bytes:
    """USER and PASS have no quotes."""
    if CONTROL.search(text):
        raise AuthError("the user or the password has a control character, and was not sent", hint="Check the URL.")
    return text.encode()
