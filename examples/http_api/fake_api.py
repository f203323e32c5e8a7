"""Parcelpost on this machine: takes messages over HTTP, and keeps them."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class FakeApi:
    """Runs while the ``with`` block does. ``answers`` are statuses to give, in order, before it works as usual;
    0 hangs up without an answer, after the message was taken."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.answers: list[int] = []
        self.refused: set[str] = set()
        self.taken: dict[str, tuple[list[str], bytes]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"parcelpost://key:{self.key}@127.0.0.1:{self._server.server_port}?tls=off"

    @property
    def messages(self) -> list[bytes]:
        return [data for _, data in self.taken.values()]

    def __enter__(self) -> "FakeApi":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, key: str, order: dict[str, object]) -> dict[str, object]:
        to = order["to"]
        assert isinstance(to, list)
        kept = [address for address in to if address not in self.refused]
        if kept:
            self.taken.setdefault(key, (kept, base64.b64decode(str(order["message"]))))
        return {
            "id": f"pp-{key[:12]}",
            "recipients": [
                {"address": one, "status": "queued"}
                if one in kept
                else {"address": one, "status": "rejected", "reason": "on the suppression list"}
                for one in to
            ],
        }


class _Handler(BaseHTTPRequestHandler):
    api: FakeApi

    def do_GET(self) -> None:
        self._answer(200 if self._is_let_in() else 401, {})

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._is_let_in():
            self._answer(401, {})
            return
        status = self.api.answers.pop(0) if self.api.answers else 200
        if status in (0, 200):
            taken = self.api.take(self.headers["Idempotency-Key"], order)
        if status:
            self._answer(status, taken if status == 200 else {})

    def _is_let_in(self) -> bool:
        return self.headers["Authorization"] == f"Bearer {self.api.key}"

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the server's
        """Say nothing."""
