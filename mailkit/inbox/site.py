"""The inbox's page: as an application for any ASGI server, or served by one of our own."""

import contextlib
import socket
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mailkit.check import Scanner
from mailkit.errors import ConfigError
from mailkit.inbox.inbox import Inbox
from mailkit.inbox.release import Release

if TYPE_CHECKING:
    import uvicorn

    from mailkit.inbox.web import Application, Live

__all__ = ["Site", "app"]

_MISSING = "the page of the inbox needs another package"
_INSTALL = "Install it: pip install 'mailkit-compose[inbox]'."


def app(
    inbox: Inbox, *, hosts: Iterable[str] = (), release: Release | None = None, scanner: Scanner | None = None
) -> "Application":
    """Return the page and its API as an ASGI application, to serve or to mount into another.

    It answers to ``localhost``, addresses of the loopback and the names in ``hosts`` only. Raises ConfigError without the extra
    ``inbox``.
    """
    return _built(inbox, hosts=hosts, release=release, scanner=scanner)[0]


class Site:
    """The page served by uvicorn in a thread of its own while the ``with`` block runs.

    ``port`` 0 takes a free one, which :attr:`port` then tells. Beyond the loopback it answers to addresses, to the name that is its
    ``host``, and to those in ``hosts``. Raises ConfigError when the port cannot be had, or without the extra ``inbox``.
    """

    def __init__(
        self,
        inbox: Inbox,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        hosts: Iterable[str] = (),
        release: Release | None = None,
        scanner: Scanner | None = None,
    ) -> None:
        self.host = host
        self.port = port
        is_open = host not in ("127.0.0.1", "::1", "localhost")
        self._application, self._live = _built(
            inbox, hosts=[*hosts, host], takes_addresses=is_open, release=release, scanner=scanner
        )
        self._exit = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """Where the page is, for a browser of this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            listening = opened.enter_context(self._listening())
            self.port = listening.getsockname()[1]
            server = _server(self._application)
            thread = threading.Thread(target=server.run, args=([listening],), name="mailkit-site", daemon=True)
            thread.start()
            opened.callback(self._end, server, thread)
            self._exit = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def _listening(self) -> socket.socket:
        """A socket of ours: a port that is taken is told at once, and one is connected to before the server is up."""
        try:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((self.host, self.port), family=family, backlog=128)
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {self.host}:{self.port}: {error.strerror or error}",
                hint="Choose another port, or 0 for a free one.",
            ) from None

    def _end(self, server: "uvicorn.Server", thread: threading.Thread) -> None:
        server.should_exit = True
        self._live.close()
        thread.join()


def _built(
    inbox: Inbox,
    *,
    hosts: Iterable[str],
    release: Release | None,
    scanner: Scanner | None,
    takes_addresses: bool = False,
) -> "tuple[Application, Live]":
    try:
        from mailkit.inbox.web import build
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mailkit"):
            raise
        raise ConfigError(_MISSING, hint=_INSTALL) from None
    return build(inbox, hosts=hosts, takes_addresses=takes_addresses, release=release, scanner=scanner)


def _server(application: "Application") -> "uvicorn.Server":
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise ConfigError(_MISSING, hint=_INSTALL) from None
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
    )
