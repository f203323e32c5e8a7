"""The page and its API as one ASGI application."""

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mailkit.check import Scanner
from mailkit.errors import MailkitError
from mailkit.inbox.inbox import Inbox
from mailkit.inbox.release import Release
from mailkit.inbox.web import answer
from mailkit.inbox.web.check import Checks
from mailkit.inbox.web.control import Control
from mailkit.inbox.web.description import description
from mailkit.inbox.web.guard import Guard
from mailkit.inbox.web.live import Live
from mailkit.inbox.web.messages import Messages
from mailkit.inbox.web.shown import PAGE

__all__ = ["build"]


def build(
    inbox: Inbox,
    *,
    hosts: Iterable[str] = (),
    takes_addresses: bool = False,
    release: Release | None = None,
    scanner: Scanner | None = None,
) -> tuple[Guard, Live]:
    """Return the application, and what ends the connections of its pages."""
    live = Live(inbox.archive.subscribe, lambda: _state(inbox))
    parts = (
        Messages(inbox),
        Checks(inbox, scanner=scanner),
        Control(inbox, release=release, scanner=scanner),
        live,
    )
    routes: list[Route | Mount] = [route for part in parts for route in part.routes()]
    routes += [
        Route("/api/openapi.json", _describe, methods=["GET"]),
        Route("/", _page, methods=["GET"]),
        Mount("/static", StaticFiles(directory=PAGE)),
    ]
    application = Starlette(
        routes=routes, exception_handlers={MailkitError: answer.on_error, 404: _missing, 405: _missing}
    )
    return Guard(application, hosts=hosts, takes_addresses=takes_addresses), live


def _state(inbox: Inbox) -> dict[str, object]:
    tallies = inbox.archive.tallies()
    return {
        "last": inbox.archive.last,
        "total": sum(one.messages for one in tallies),
        "unread": sum(one.unread for one in tallies),
        "sessions": len(inbox.sessions),
    }


def _page(request: Request) -> Response:
    return FileResponse(PAGE / "index.html")


def _describe(request: Request) -> Response:
    return JSONResponse(description())


def _missing(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return JSONResponse(
        {"error": f"there is no {request.method} {request.url.path[:200]}", "hint": "See /api/openapi.json."}, status
    )
