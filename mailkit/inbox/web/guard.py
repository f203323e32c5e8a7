"""Who may ask: only this machine's own pages and programs, by a name that nobody else can give it.

Theory of operation. A page of any web site can make a browser ask ``http://localhost:8025``, and with a name of its own that
leads to 127.0.0.1 (DNS rebinding) it could read the answers too. So each request must name a host from a list; one that tells
where it comes from (``Origin``, ``Sec-Fetch-Site``, which pages cannot forge) must come from here. A mail in its frame has no
origin, and so is a stranger as well. Programs without a browser say neither, and are let in.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

__all__ = ["Application", "Guard"]

_Event: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Event]]
_Send: TypeAlias = Callable[[_Event], Awaitable[None]]
Application: TypeAlias = Callable[[_Event, _Receive, _Send], Awaitable[None]]

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": _PAGE_POLICY.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-dns-prefetch-control": b"off",
}


class Guard:
    """An ASGI application in front of another. ``hosts`` are allowed besides the names of the loopback.

    With ``takes_addresses`` any IP address is: for a server that listens beyond the loopback. A name is not, since an attacker's
    can lead anywhere. ``name`` is what is guarded, for who is refused.
    """

    def __init__(
        self,
        application: Application,
        *,
        hosts: Iterable[str] = (),
        takes_addresses: bool = False,
        name: str = "inbox",
    ) -> None:
        self.application = application
        self._name = name
        self._hosts = {"localhost", *(host.lower().strip("[]") for host in hosts)}
        self._takes_addresses = takes_addresses

    async def __call__(self, scope: _Event, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif problem := self._problem(scope):
            await _refuse(send, f"mailkit {self._name}: {problem}")
        else:
            await self.application(scope, receive, _with_headers(send))

    def _problem(self, scope: _Event) -> str:
        found: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            found.setdefault(name.lower(), []).append(value.decode("latin-1"))
        host = found.get(b"host", [])
        if len(host) != 1 or not self._knows(_name(host[0])):
            return f"the host {' '.join(host)[:200]!r} is not this {self._name}'s; use localhost, or allow it when the {self._name} is started"
        for origin in found.get(b"origin", []):
            if origin.lower() not in (f"http://{host[0].lower()}", f"https://{host[0].lower()}"):
                return "a page of another origin may not ask this"
        for site in found.get(b"sec-fetch-site", []):
            if site in ("cross-site", "same-site") and not _is_visit(scope, found):
                return "a page of another site may not ask this"
        return ""

    def _knows(self, name: str) -> bool:
        if name in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._takes_addresses or address.is_loopback


def _name(host: str) -> str:
    """The host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_visit(scope: _Event, found: dict[bytes, list[str]]) -> bool:
    """Whether somebody only follows a link to the page, which shows nothing to where it stands."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    asks = (found.get(b"sec-fetch-mode"), found.get(b"sec-fetch-dest"))
    return scope["method"] == "GET" and path in ("", "/") and asks == (["navigate"], ["document"])


def _with_headers(send: _Send) -> _Send:
    async def sending(event: _Event) -> None:
        if event["type"] == "http.response.start":
            said = {name.lower() for name, _ in event.get("headers", ())}
            event["headers"] = [
                *event.get("headers", ()),
                *((name, value) for name, value in _HEADERS.items() if name not in said),
            ]
        await send(event)

    return sending


async def _refuse(send: _Send, problem: str) -> None:
    body = f"{problem}\n".encode("ascii", "backslashreplace")
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    start: _Event = {"type": "http.response.start", "status": 403, "headers": headers}
    await _with_headers(send)(start)
    await send({"type": "http.response.body", "body": body})
