"""A listening SMTP server: the deed around :func:`mailkit.smtp.serve`, for tests, demos and the inbox."""

import ssl
from dataclasses import replace

from mailkit.net.server import Server
from mailkit.smtp import Policy, ServerProfile, serve

__all__ = ["Listener"]


class Listener(Server):
    """Serves SMTP in a thread of its own while the ``with`` block runs.

    ``port`` 0 takes a free one, which :attr:`port` then tells. It listens on the loopback unless told otherwise.
    With ``tls``, clients may say STARTTLS, or with ``implicit_tls`` must speak TLS from the start.

    Raises ConfigError when the port cannot be had.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        profile: ServerProfile | None = None,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        max_connections: int = 200,
    ) -> None:
        offered = replace(profile or ServerProfile(), starttls=tls is not None and not implicit_tls)
        super().__init__(
            lambda peer, is_secure: serve(policy, offered, peer=peer, is_secure=is_secure),
            host=host,
            port=port,
            tls=tls,
            implicit_tls=implicit_tls,
            max_connections=max_connections,
            refusal=b"421 4.7.0 Too many connections\r\n",
        )
