"""The page of previews and its API as one ASGI application. It needs Starlette."""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import mailkit
from mailkit.check import Scanner
from mailkit.errors import ConfigError, MailkitError
from mailkit.inbox.web.answer import Missing, body, configured, on_error
from mailkit.inbox.web.guard import Guard
from mailkit.inbox.web.live import Live
from mailkit.inbox.web.shown import PAGE, file, framed_html, raw, source
from mailkit.message import Message
from mailkit.preview.preview import Preview
from mailkit.preview.previews import Previews
from mailkit.preview.watch import Watcher

__all__ = ["build"]

_OWN = Path(__file__).parent / "page"
_LARGEST_DATA = 2_000_000  # bytes of JSON
_MOST_KEPT = 40  # previews: what pages show now, and what they showed a moment ago


class _Pages:
    """The handlers. What was rendered is kept for a while under a number, so that each tab shows the same."""

    def __init__(self, previews: Previews, *, chosen: str, locale: str, scanner: Scanner | None) -> None:
        self._previews = previews
        self._chosen = chosen
        self._locale = locale
        self._scanner = scanner
        self._kept: OrderedDict[int, Preview] = OrderedDict()
        self._last = 0
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        one = "/api/previews/{id:int}"
        return [
            Route("/api/info", self.info, methods=["GET"]),
            Route("/api/templates", self.templates, methods=["GET"]),
            Route("/api/previews", self.render, methods=["POST"]),
            Route(f"{one}/raw", self.raw, methods=["GET"]),
            Route(f"{one}/source", self.source, methods=["GET"]),
            Route(f"{one}/template", self.template, methods=["GET"]),
            Route(f"{one}/html-check", self.html, methods=["GET"]),
            Route(f"{one}/lint", self.lint, methods=["GET"]),
            Route(f"{one}/scan", self.scan, methods=["POST"]),
            Route(f"{one}/files/{{number:int}}", self.file, methods=["GET"]),
            Route("/view/{id:int}", self.view, methods=["GET"]),
        ]

    def info(self, request: Request) -> Response:
        facts = {
            "version": mailkit.__version__,
            "chosen": self._chosen,
            "locale": self._locale,
            "scanner": self._scanner.name if self._scanner else "",
        }
        return _json(facts)

    def templates(self, request: Request) -> Response:
        return _json({"templates": [one.facts() for one in self._previews.listed()]})

    async def render(self, request: Request) -> Response:
        """Render ``template`` in ``locale`` with the JSON text ``data``, or with its sample when there is none."""
        try:
            asked = json.loads(await body(request, _LARGEST_DATA))
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            raise ConfigError("a JSON object is wanted")
        name, locale, data = asked.get("template"), asked.get("locale", ""), asked.get("data")
        if not isinstance(name, str) or not isinstance(locale, str) or not isinstance(data, str | None):
            raise ConfigError("'template' and 'locale' are names, and 'data' is JSON, as text")
        return await run_in_threadpool(self._rendered, name, locale, data)

    def _rendered(self, name: str, locale: str, data: str | None) -> Response:
        name = self._previews.named(name)
        made = self._previews.render(name, locale=locale, data=data)
        with self._lock:
            self._last += 1
            number = self._last
            self._kept[number] = made
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        label, sample = self._previews.sample(name)
        return _json({"id": number, **made.facts(), "sample": label, "sample_data": sample})

    def raw(self, request: Request) -> Response:
        found = self._preview(request)
        return raw(request, found.raw, name=found.template.rpartition(".")[0])

    def source(self, request: Request) -> Response:
        return source(self._preview(request).html)

    def template(self, request: Request) -> Response:
        found = self._preview(request)
        files = [{"name": name, "text": text} for name, text in found.files.items()]
        try:
            notes = list(found.notes())
        except ConfigError:  # of checking CSS without tinycss2: the tab for it says so
            notes = []
        return _json({"files": files, "notes": [*notes, *self._previews.warnings(found)]})

    def html(self, request: Request) -> Response:
        return _json(self._preview(request).html_facts())

    def lint(self, request: Request) -> Response:
        return _json({"findings": [one.facts() for one in self._preview(request).findings]})

    def scan(self, request: Request) -> Response:
        found = self._preview(request)
        scanner = configured(self._scanner)
        message = self._message(found)
        envelope = message.envelope()
        recipients = tuple(one.email for one in envelope.recipients)
        sender = envelope.sender.email if envelope.sender else ""
        return _json(scanner.scan(found.raw, sender=sender, recipients=recipients).facts())

    def file(self, request: Request) -> Response:
        return file(request, tuple(self._message(self._preview(request)).parts()))

    def view(self, request: Request) -> Response:
        found = self._preview(request)
        return framed_html(request, found.html, found.message.parts() if found.message else ())

    def _preview(self, request: Request) -> Preview:
        number = request.path_params["id"]
        with self._lock:
            found = self._kept.get(number)
        if found is None:
            raise Missing(f"there is no preview {number} any more", hint="Render it again.")
        return found

    def _message(self, preview: Preview) -> Message:
        if preview.message is None:
            raise Missing("the template does not render")
        return preview.message


def build(
    previews: Previews,
    watcher: Watcher,
    *,
    chosen: str = "",
    locale: str = "",
    hosts: Iterable[str] = (),
    takes_addresses: bool = False,
    scanner: Scanner | None = None,
) -> tuple[Guard, Live]:
    """Return the application, and what ends the connections of its pages."""
    live = Live(watcher.subscribe, lambda: {"version": watcher.version})
    pages = _Pages(previews, chosen=chosen, locale=locale, scanner=scanner)
    routes: list[Route | Mount] = [
        *pages.routes(),
        *live.routes(),
        Route("/", _page, methods=["GET"]),
        Mount("/static", StaticFiles(directory=PAGE)),
        Mount("/preview", StaticFiles(directory=_OWN)),
    ]
    application = Starlette(routes=routes, exception_handlers={MailkitError: on_error, 404: _missing, 405: _missing})
    return Guard(application, hosts=hosts, takes_addresses=takes_addresses, name="preview"), live


def _json(facts: object, status: int = 200) -> Response:
    """In ASCII, since data that is typed in may hold half a character, which UTF-8 cannot write."""
    return Response(json.dumps(facts), status, media_type="application/json")


def _page(request: Request) -> Response:
    return FileResponse(_OWN / "index.html")


def _missing(request: Request, error: Exception) -> Response:
    path = request.url.path[:200]
    return _json({"error": f"there is no {request.method} {path}", "hint": ""}, getattr(error, "status_code", 404))
