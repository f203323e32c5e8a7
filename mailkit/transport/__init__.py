"""How messages leave: SMTP, a mail program, mailboxes, files, memory, nowhere. ``open_transport`` makes one of a URL."""

from mailkit.transport.base import Transport
from mailkit.transport.composite import FailoverTransport, RoundRobinTransport
from mailkit.transport.console import ConsoleTransport
from mailkit.transport.file import FileTransport
from mailkit.transport.gate import Gate
from mailkit.transport.maildir import MaildirTransport
from mailkit.transport.mbox import MboxTransport
from mailkit.transport.memory import MemoryTransport, NullTransport, Sent
from mailkit.transport.oauth import RefreshToken
from mailkit.transport.outcome import Outcome, Status, failed
from mailkit.transport.parcel import Delivered, Parcel, Seal
from mailkit.transport.redirect import RedirectTransport
from mailkit.transport.registry import open_transport
from mailkit.transport.sendmail import SendmailTransport
from mailkit.transport.settings import SmtpSettings, Tls
from mailkit.transport.smtp import SmtpTransport
from mailkit.transport.url import Url, redacted

__all__ = [
    "ConsoleTransport",
    "Delivered",
    "FailoverTransport",
    "FileTransport",
    "Gate",
    "MaildirTransport",
    "MboxTransport",
    "MemoryTransport",
    "NullTransport",
    "Outcome",
    "Parcel",
    "RedirectTransport",
    "RefreshToken",
    "RoundRobinTransport",
    "Seal",
    "SendmailTransport",
    "Sent",
    "SmtpSettings",
    "SmtpTransport",
    "Status",
    "Tls",
    "Transport",
    "Url",
    "failed",
    "open_transport",
    "redacted",
]
