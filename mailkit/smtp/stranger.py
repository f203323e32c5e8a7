"""Who does not speak a mail protocol: a browser, or a TLS client at a port in the clear.

The connection must end there. A web page can have a browser post a form to any port, and put commands into the form or into
what TLS says first: a server that goes on after the lines that it does not know obeys them.
"""

__all__ = ["TLS_HELLO", "stranger"]

TLS_HELLO = b"\x16\x03"
"""How TLS begins. Nothing in SMTP, POP3 and IMAP does."""

_METHODS = tuple(
    b"%s " % name for name in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PRI")
)  # fmt: skip


def stranger(line: bytes) -> str:
    """Return what a line is of, TLS or HTTP, when it is no command; else nothing."""
    if line.startswith(TLS_HELLO):
        return "TLS"
    return "HTTP" if line.startswith(_METHODS) or line[:5].lower() == b"host:" or line[-11:-5] == b" HTTP/" else ""
