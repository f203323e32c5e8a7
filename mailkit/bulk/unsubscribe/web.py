"""Where the links lead: a plain ASGI application, to be mounted in any framework or served as it is.

Theory of operation. A GET shows a page and changes nothing: the gateways of many companies follow every link in a mail before
anybody reads it. A POST is the person's word. Mail programs send it by themselves for one click (RFC 8058 3.2), without cookie,
session or referrer, and follow no redirect; so nothing of that kind is asked for, and the link alone says who it is. It is an
HMAC that cannot be guessed, and what it stands for is in the list of the suppressed.
"""

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from os import PathLike
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from mailkit.bulk.links import Link
from mailkit.bulk.suppression import Reason, Suppression, Suppressions
from mailkit.bulk.unsubscribe.page import Page, View, masked, spoken
from mailkit.errors import ConfigError, MailkitError
from mailkit.smtp.refusal import printable

__all__ = ["app"]

_log = logging.getLogger("mailkit.bulk.unsubscribe")

_Event: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Event]]
_Send: TypeAlias = Callable[[_Event], Awaitable[None]]

_TOKEN = re.compile(r"[0-9a-f]{32}")
_LONGEST = 16_384  # bytes of a form; one click has 26
_STATUS = {View.UNKNOWN: 404, View.FAILED: 503}
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # who reads a link can use it
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def app(
    suppressions: Suppressions | str | PathLike[str] | None = None,
    *,
    render: Callable[[Page], str] = Page.render,
    observer: Callable[[str, str, bool], object] | None = None,
) -> Callable[[_Event, _Receive, _Send], Awaitable[None]]:
    """Return the ASGI application that answers the links of campaigns with these ``suppressions``.

    Without a list it is the file that ``MAILKIT_SUPPRESSIONS`` names. The last part of the path is the token, wherever the
    application is mounted. ``render`` makes the HTML of a page, in the place of the usual one. ``observer`` is told of each
    change, in a thread: the address, the campaign, and whether the person has left (or come back). Raises ConfigError
    without a list, and SuppressionError for a file that is none.
    """
    if suppressions is None and not (suppressions := os.environ.get("MAILKIT_SUPPRESSIONS", "")):
        raise ConfigError(
            "there is no list of suppressed addresses to write into",
            hint="Give it the file that the campaigns have as --suppressions, or set MAILKIT_SUPPRESSIONS.",
        )
    return _App(suppressions, render, observer)


class _App:
    def __init__(
        self,
        suppressions: Suppressions | str | PathLike[str],
        render: Callable[[Page], str],
        observer: Callable[[str, str, bool], object] | None,
    ) -> None:
        self._is_ours = not isinstance(suppressions, Suppressions)
        self._list = suppressions if isinstance(suppressions, Suppressions) else Suppressions(suppressions)
        self._render = render
        self._observer = observer

    async def __call__(self, scope: _Event, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        elif scope["method"] not in ("GET", "HEAD", "POST"):
            await _answer(send, scope, 405, "", {"Allow": "GET, HEAD, POST"})
        else:
            await self._serve(scope, receive, send)

    async def _live(self, receive: _Receive, send: _Send) -> None:
        while True:
            event = await receive()
            if event["type"] == "lifespan.shutdown" and self._is_ours:
                self._list.close()
            await send({"type": f"{event['type']}.complete"})
            if event["type"] == "lifespan.shutdown":
                return

    async def _serve(self, scope: _Event, receive: _Receive, send: _Send) -> None:
        posts = scope["method"] == "POST"
        form = await _form(receive) if posts else b""
        if form is None:
            await _answer(send, scope, 413, "", {})
            return
        language = spoken(_header(scope, b"accept-language"))
        token = scope["path"].rstrip("/").rpartition("/")[2]
        undoes = posts and parse_qs(form.decode("latin-1")).get("undo") == ["1"]
        try:
            page = await asyncio.to_thread(self._page, token, language, posts=posts, undoes=undoes)
        except MailkitError as error:
            _log.error("%s", error)
            page = Page(View.FAILED, language)
        headers = {"Retry-After": "120"} if page.view is View.FAILED else {}
        html = self._render(page)
        await _answer(send, scope, _STATUS.get(page.view, 200), html, {**headers, "Content-Language": language})

    def _page(self, token: str, language: str, *, posts: bool, undoes: bool) -> Page:
        link = self._list.links.recall(token) if _TOKEN.fullmatch(token) else None
        if link is None:
            return Page(View.UNKNOWN, language)
        found = self._list.find(link.key)
        came_back = False
        if undoes and _may_come_back(found):
            came_back = self._list.remove(link.key)
            found = self._list.find(link.key)
            self._tell(link, has_left=False)
        elif posts and not undoes and not _has_left(found):
            found = self._list.add(link.key, Reason.UNSUBSCRIBED, source=printable(link.campaign))
            self._tell(link, has_left=True)
        view = View.DONE if _has_left(found) else View.UNDONE if came_back else View.ASK
        return Page(view, language, title=link.title, address=masked(link.key), can_undo=_may_come_back(found))

    def _tell(self, link: Link, *, has_left: bool) -> None:
        if self._observer is None:
            return
        try:
            self._observer(link.key, link.campaign, has_left)
        except Exception:  # noqa: BLE001 - whatever it is
            # The person's word stands; somebody else's bookkeeping must not take it back.
            _log.exception("the observer of unsubscribing failed")


def _has_left(found: Suppression | None) -> bool:
    return (
        found is not None
        and not found.address.startswith("@")
        and found.reason in (Reason.UNSUBSCRIBED, Reason.COMPLAINED)
    )


def _may_come_back(found: Suppression | None) -> bool:
    """Only what a person has said here is taken back: not a complaint, a bounce, or a whole domain."""
    return _has_left(found) and found is not None and found.reason is Reason.UNSUBSCRIBED


async def _form(receive: _Receive) -> bytes | None:
    """Read the body; None when it is no form of ours, but long."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event.get("body", b"")
        if len(body) > _LONGEST:
            return None
        if not event.get("more_body"):
            return bytes(body)


def _header(scope: _Event, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def _answer(send: _Send, scope: _Event, status: int, html: str, headers: dict[str, str]) -> None:
    body = html.encode()
    fields = {**_HEADERS, **headers, "Content-Length": str(len(body))}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()],
        }
    )
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
