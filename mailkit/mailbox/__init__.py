"""Reading mail: IMAP and POP3, verb by verb, with messages as :class:`~mailkit.Message`."""

from mailkit.mailbox.folder import Folder, Selected, Stat
from mailkit.mailbox.imap import Imap
from mailkit.mailbox.open import open  # noqa: A004
from mailkit.mailbox.pop3 import AfterDownload, Pop3
from mailkit.mailbox.query import Query
from mailkit.mailbox.save import save, save_attachments
from mailkit.mailbox.stored import StoredMessage
from mailkit.mailbox.thread import Thread, threads
from mailkit.mailbox.uids import Uids

__all__ = [
    "AfterDownload",
    "Folder",
    "Imap",
    "Pop3",
    "Query",
    "Selected",
    "Stat",
    "StoredMessage",
    "Thread",
    "Uids",
    "open",
    "save",
    "save_attachments",
    "threads",
]
