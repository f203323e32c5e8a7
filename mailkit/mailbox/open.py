"""The way in: which protocol a URL means."""

from mailkit.mailbox.imap import Imap
from mailkit.mailbox.pop3 import Pop3
from mailkit.mailbox.settings import server
from mailkit.smtp import Credentials
from mailkit.transport.url import Url

__all__ = ["open"]


def open(url: str | Url, *, credentials: Credentials | None = None) -> Imap | Pop3:  # noqa: A001
    """Open a mailbox: ``imaps://user:password@host/FOLDER``, ``imap://``, ``pop3s://`` or ``pop3://``.

    Certificates are verified. ``imap`` and ``pop3`` become secure by STARTTLS before anybody logs in; only on the loopback
    that is not required. Without a user in the URL the verb ``login`` says who it is. ``?auth=xoauth2&token_env=NAME`` logs in by a token.

    Leaving the ``with`` block ends the session. Raises ConfigError for a URL that is wrong; ConnectError, TlsError,
    AuthError, TransportTimeout, MailboxError.
    """
    found = server(url, credentials=credentials, needs_user=False)
    return Imap(found) if found.is_imap else Pop3(found)
