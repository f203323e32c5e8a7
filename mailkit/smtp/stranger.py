"""Who does not speak SMTP: a browser, or a TLS client at a port in the clear.

The connection must end there. A web page can have a browser post a form to any port, and put commands into the form or into
what TLS says first: a server that goes on after the lines that it does not know obeys them.
"""

from mailkit.smtp.reply import Reply

__all__ = ["TLS_HELLO", "stranger"]

TLS_HELLO = b"\x16\x03"
"""How TLS begins. Nothing in SMTP does."""

_METHODS = tuple(
    b"%s " % name for name in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PRI")
)  # fmt: skip


def stranger(line: bytes) -> Reply | None:
    """Return the last word to who says this, or None when it may be SMTP."""
    if line.startswith(TLS_HELLO):
        return Reply.of(554, "5.7.0 This port speaks SMTP in the clear, and TLS only after STARTTLS")
    if line.startswith(_METHODS) or line[:5].lower() == b"host:" or line[-11:-5] == b" HTTP/":
        return Reply.of(554, "5.7.0 This port speaks SMTP, not HTTP")
    return None
