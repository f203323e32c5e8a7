"""A client of the page's API that sends just what it is told: hosts, origins, nonsense."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from mailkit.inbox import Inbox, Site


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Web:
    """Asks one server."""

    port: int

    def ask(
        self, method: str, path: str, *, body: object = None, headers: dict[str, str] | None = None, **query: object
    ) -> Answer:
        if query:
            path += "?" + urlencode({name.rstrip("_"): value for name, value in query.items()}, quote_via=quote)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, body=data, headers=headers or {})
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: object) -> Answer:
        return self.ask("GET", path, headers=headers, **query)


@contextmanager
def website(**options: Any) -> Iterator[tuple[Inbox, Web]]:
    """Run an inbox with its page; ``options`` are the site's."""
    with Inbox() as inbox, Site(inbox, **options) as site:
        yield inbox, Web(site.port)
