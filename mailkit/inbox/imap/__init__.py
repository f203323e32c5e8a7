"""The inbox read over IMAP: the server's side (RFC 3501), without input or output."""

from mailkit.inbox.imap.session import serve_imap

__all__ = ["serve_imap"]
