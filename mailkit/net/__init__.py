"""Sockets and TLS: the pumps that perform conversations, and the servers that have them."""

from mailkit.net.aio import AsyncPump
from mailkit.net.blocking import BlockingPump
from mailkit.net.listen import Listener
from mailkit.net.server import Server
from mailkit.net.tls import TlsProfile

__all__ = ["AsyncPump", "BlockingPump", "Listener", "Server", "TlsProfile"]
