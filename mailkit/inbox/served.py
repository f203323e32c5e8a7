"""An application of this machine, served by uvicorn in a thread of its own."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mailkit.errors import ConfigError

if TYPE_CHECKING:
    import uvicorn

__all__ = ["Served", "is_open", "needing_web"]


class Served:
    """Serves an ASGI application while the ``with`` block runs; ``close`` ends its connections that last."""

    def __init__(self, application: Any, close: Callable[[], None], *, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._application = application
        self._close = close
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
        self._close()
        thread.join()


def is_open(host: str) -> bool:
    """Whether others than this machine can reach what listens there."""
    return host not in ("127.0.0.1", "::1", "localhost")


@contextlib.contextmanager
def needing_web() -> Iterator[None]:
    """Say how to install what a page needs, where it is missing in the block."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mailkit"):
            raise
        raise ConfigError(
            "a page in the browser needs another package", hint="Install it: pip install 'mailkit-compose[inbox]'."
        ) from None


def _server(application: Any) -> "uvicorn.Server":
    with needing_web():
        import uvicorn
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
