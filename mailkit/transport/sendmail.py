"""Messages to the ``sendmail`` program of this machine: Postfix, Exim, msmtp and others have one.

No shell is involved, options end with ``--`` before the first recipient, and an address that begins with a dash is refused all
the same, because not every such program knows ``--``. The program has taken the message when it has read it to its end and
ended with 0. Whatever cuts that short kills it first, so that half a message is never taken for a whole one.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from mailkit.errors import CapabilityMissing, ConfigError, TransportError
from mailkit.message import Address, Envelope, Message
from mailkit.message.wire import Wire
from mailkit.mime.bodytype import BodyType
from mailkit.mime.control import replace_controls
from mailkit.transport import gate
from mailkit.transport.base import Transport
from mailkit.transport.disk import unwritable
from mailkit.transport.outcome import Outcome, Status
from mailkit.transport.spool import local_lines

__all__ = ["SendmailTransport"]

_FOLDERS = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/lib", "/usr/local/sbin"])
_SAID = 500  # bytes of what a program prints that are worth keeping
_PIECE = 65_536

# What the exit code of a mail program means (sysexits.h), with the enhanced code that Postfix gives it.
_EXITS = {
    64: ("5.3.0", "the command line was not understood"),
    65: ("5.6.0", "the message or an address is not well formed"),
    66: ("5.3.0", "the message could not be read"),
    67: ("5.1.1", "no such user"),
    68: ("5.1.2", "no such host"),
    69: ("5.3.0", "the service is not available"),
    70: ("5.3.0", "an error inside the program"),
    71: ("4.3.0", "the system has no room for it now"),
    72: ("5.3.0", "a file of the system is missing"),
    73: ("5.2.1", "a file could not be made"),
    74: ("5.3.0", "an error while reading or writing"),
    75: ("4.3.0", "a temporary failure"),
    76: ("5.5.0", "the other side broke the protocol"),
    77: ("5.7.0", "not allowed"),
    78: ("5.3.5", "the program is not set up well"),
}


class SendmailTransport(Transport):
    """Hands each message to ``program``, a path or a name; ``timeout`` bounds how long it may take.

    Its words stand in the outcomes. It gives one answer for all recipients, and makes no difference between them. What
    an envelope asks about reports (RFC 3461) is left off: the option for it stops deliveries in some of these programs.
    """

    def __init__(self, program: str | os.PathLike[str] = "sendmail", *, timeout: float = 60.0) -> None:
        self.program = os.fspath(program)
        self.timeout = timeout
        self.name = "sendmail:" if self.program == "sendmail" else f"sendmail:{self.program}"

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        wire = message.wire()
        if wire.body is BodyType.BINARY:
            raise CapabilityMissing(
                "a sendmail program takes lines, and the message is not made of lines",
                capability="BINARYMIME",
                hint="Send it over SMTP, or build it anew.",
            )
        if envelope.requires_tls:
            raise CapabilityMissing(
                "a sendmail program cannot be told that the message requires TLS on its whole way",
                capability="REQUIRETLS",
                hint="Send it over SMTP, to a relay that offers REQUIRETLS (RFC 8689).",
            )
        if envelope.sender and _is_dashed(envelope.sender):
            return tuple(self._dashed(recipient, "MAIL") for recipient in envelope.recipients)
        taking = [recipient for recipient in envelope.recipients if not _is_dashed(recipient)]
        if not taking:
            return tuple(self._dashed(recipient, "RCPT") for recipient in envelope.recipients)
        status, enhanced, text = self._run(envelope.sender, taking, wire)
        return tuple(
            self._dashed(recipient, "RCPT")
            if _is_dashed(recipient)
            else Outcome(recipient, status, enhanced=enhanced, text=text, relay=self.name, command="sendmail")
            for recipient in envelope.recipients
        )

    def _dashed(self, recipient: Address, command: str) -> Outcome:
        text = "an address that begins with a dash could be taken for an option"
        return Outcome(recipient, Status.REFUSED, enhanced="5.1.3", text=text, relay=self.name, command=command)

    def _run(self, sender: Address | None, recipients: list[Address], wire: Wire) -> tuple[Status, str, str]:
        gate.leaving(self.name, "")
        command = [os.fsencode(self._found()), b"-i", b"-f", sender.wire.encode() if sender else b"<>", b"--"]
        command += [recipient.wire.encode() for recipient in recipients]
        with tempfile.TemporaryFile() as printed:
            try:
                program = subprocess.Popen(  # noqa: S603 - no shell, and no argument that could be an option
                    command, stdin=subprocess.PIPE, stdout=printed, stderr=printed, bufsize=0, start_new_session=True
                )
            except OSError as error:
                raise unwritable(self.program, error) from None
            with _bounded(program, self.timeout) as is_late:
                is_whole = _feed(program, wire)
                code = program.wait()
            said = _said(printed)
        if is_late.is_set() and code < 0:
            return Status.IN_DOUBT, "", f"stopped after {self.timeout:g} seconds{said}"
        return _meaning(code, said, is_whole=is_whole)

    def _found(self) -> str:
        found = shutil.which(self.program, path=_FOLDERS)
        if found is None:
            raise TransportError(
                f"there is no program {self.program!r} that could be run",
                hint="Name it by its path: sendmail:/usr/sbin/sendmail.",
            )
        return found

    def verify(self) -> tuple[str, ...]:
        try:
            return (f"can run {self._found()}",)
        except TransportError as error:
            raise ConfigError(error.problem, hint=error.hint) from None


def _is_dashed(address: Address) -> bool:
    return address.wire.startswith("-")


@contextmanager
def _bounded(program: "subprocess.Popen[bytes]", timeout: float) -> Iterator[threading.Event]:
    """End the program when the time is up, or when the block fails. The event tells that time was up."""
    is_late = threading.Event()

    def stop() -> None:
        if program.returncode is None:
            is_late.set()
            _kill(program)

    timer = threading.Timer(timeout, stop)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
        if program.returncode is None:
            _kill(program)
            program.wait()
        if program.stdin:
            with suppress(OSError):
                program.stdin.close()


def _kill(program: "subprocess.Popen[bytes]") -> None:
    """End it with all that it has started, while its input is still open: it cannot take that for the end of the message."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            program.kill()
        else:
            os.killpg(program.pid, signal.SIGKILL)


def _feed(program: "subprocess.Popen[bytes]", wire: Wire) -> bool:
    """Write the message, and return whether the program read it to its end."""
    assert program.stdin is not None
    try:
        for block in local_lines(wire):
            rest = memoryview(block)
            while rest:
                rest = rest[program.stdin.write(rest[:_PIECE]) or 0 :]
        program.stdin.close()
    except BrokenPipeError:
        return False
    return True


def _said(printed: IO[bytes]) -> str:
    printed.seek(0)
    words = " ".join(printed.read(_SAID).decode("utf-8", "replace").split())
    return f": {replace_controls(words, by='�')}" if words else ""


def _meaning(code: int, said: str, *, is_whole: bool) -> tuple[Status, str, str]:
    if code < 0:
        return Status.IN_DOUBT, "", f"ended by signal {-code}{said}"
    if code == 0:
        if is_whole:
            return Status.ACCEPTED, "2.0.0", f"taken{said}"
        return Status.IN_DOUBT, "", f"it says that all is well, but has not read the whole message{said}"
    enhanced, meaning = _EXITS.get(code, ("5.3.0", "an exit code without a known meaning"))
    status = Status.DEFERRED if enhanced.startswith("4") else Status.REFUSED
    return status, enhanced, f"exit code {code}, {meaning}{said}"
