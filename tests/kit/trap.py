"""A web server that should not be asked for anything: it counts what is, so that what is refused is seen to be."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Trap", "trap"]


@dataclass
class Trap:
    """A web server that should not hear from us."""

    port: int = 0
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://evil.example:{self.port}"


@contextmanager
def trap(page: str = "") -> Iterator[Trap]:
    """Run the server; ``page`` is what it answers."""
    found = Trap()

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 5  # seconds: a browser opens connections that it says nothing on

        def do_GET(self) -> None:
            found.paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if page else "image/gif")
            self.end_headers()
            self.wfile.write(page.encode() or b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
