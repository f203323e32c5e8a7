"""How messages leave: SMTP, files, the console, memory, nowhere. ``open_transport`` makes one of a URL."""

from mailkit.transport.base import Transport
from mailkit.transport.console import ConsoleTransport
from mailkit.transport.file import FileTransport
from mailkit.transport.memory import MemoryTransport, NullTransport, Sent
from mailkit.transport.outcome import Outcome, Status
from mailkit.transport.registry import open_transport
from mailkit.transport.settings import SmtpSettings, Tls
from mailkit.transport.smtp import SmtpTransport
from mailkit.transport.url import Url, redacted

__all__ = [
    "ConsoleTransport",
    "FileTransport",
    "MemoryTransport",
    "NullTransport",
    "Outcome",
    "Sent",
    "SmtpSettings",
    "SmtpTransport",
    "Status",
    "Tls",
    "Transport",
    "Url",
    "open_transport",
    "redacted",
]
