"""Sockets and TLS: the pumps that perform conversations, and the listener that serves them."""

from mailkit.net.aio import AsyncPump
from mailkit.net.blocking import BlockingPump
from mailkit.net.listen import Listener
from mailkit.net.tls import TlsProfile

__all__ = ["AsyncPump", "BlockingPump", "Listener", "TlsProfile"]
