"""The messages: listed, shown, changed, taken in and given out."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mailkit.errors import ConfigError
from mailkit.inbox.bundle import unbundled, write_mbox, write_zip
from mailkit.inbox.caught import Caught
from mailkit.inbox.detail import attached, detail
from mailkit.inbox.difference import difference
from mailkit.inbox.inbox import Inbox
from mailkit.inbox.web import answer, shown

__all__ = ["Messages"]

_MOST_LISTED = 500
_LARGEST_IMPORT = 200_000_000  # bytes
_BLOCK = 262_144
_IN_MEMORY = 5_000_000  # bytes of an export; what is more goes through a temporary file
_FORMATS: dict[str, tuple[str, Callable[[Iterable[Caught], IO[bytes]], None]]] = {
    "mbox": ("application/mbox", write_mbox),
    "zip": ("application/zip", write_zip),
}


class Messages:
    """The handlers of an inbox's messages."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def routes(self) -> list[Route]:
        one = "/api/messages/{id:int}"
        return [
            Route("/api/messages", self.list, methods=["GET"]),
            Route("/api/messages", self.delete_all, methods=["DELETE"]),
            Route("/api/messages", self.take_in, methods=["POST"]),
            Route("/api/messages", self.mark_all, methods=["PATCH"]),
            Route("/api/export", self.give_out, methods=["GET"]),
            Route(one, self.show, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(one, self.change, methods=["PATCH"]),
            Route(f"{one}/raw", self.raw, methods=["GET"]),
            Route(f"{one}/source", self.source, methods=["GET"]),
            Route(f"{one}/files/{{number:int}}", self.file, methods=["GET"]),
            Route(f"{one}/difference/{{other:int}}", self.compare, methods=["GET"]),
            Route("/view/{id:int}", self.view, methods=["GET"]),
        ]

    # -- many ----------------------------------------------------------------------------------------------------------

    def list(self, request: Request) -> Response:
        offset, limit = answer.number(request, "offset", 0), answer.number(request, "limit", 50, most=_MOST_LISTED)
        archive = self._inbox.archive
        last = archive.last  # before looking, so that what comes meanwhile is news to who asked
        listed = archive.batches if request.query_params.get("grouped") == "1" else archive.find
        found = listed(answer.search(request), offset=offset, limit=limit)
        return JSONResponse({"total": found.total, "last": last, "messages": [one.facts() for one in found.lines]})

    def delete_all(self, request: Request) -> Response:
        return JSONResponse({"deleted": self._inbox.archive.delete(answer.search(request))})

    async def mark_all(self, request: Request) -> Response:
        unread = (await answer.json_body(request)).get("unread")
        if not isinstance(unread, bool):
            raise ConfigError("'unread' is true or false")
        changed = await run_in_threadpool(self._inbox.archive.mark, answer.search(request), unread=unread)
        return JSONResponse({"changed": changed})

    async def take_in(self, request: Request) -> Response:
        data = await answer.body(request, _LARGEST_IMPORT)
        inbox = request.query_params.get("inbox", "")

        def take() -> list[int]:
            return [self._inbox.archive.add(one, inbox=inbox) for one in unbundled(data)]

        return JSONResponse({"ids": await run_in_threadpool(take)}, 201)

    def give_out(self, request: Request) -> Response:
        name = request.query_params.get("format", "mbox")
        if name not in _FORMATS:
            raise ConfigError(f"there is no format {name[:50]!r}", hint=f"There are {' and '.join(_FORMATS)}.")
        kind, write = _FORMATS[name]
        file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when it has been sent
        try:
            write(self._inbox.archive.entries(answer.search(request)), file)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        headers = {"content-disposition": f'attachment; filename="inbox.{name}"'}
        return StreamingResponse(_blocks(file), media_type=kind, headers=headers)

    # -- one -----------------------------------------------------------------------------------------------------------

    def show(self, request: Request) -> Response:
        found = answer.caught(self._inbox, request)
        if request.query_params.get("mark") == "read" and self._inbox.archive.mark(f"id:{found.id}"):
            found = replace(found, is_unread=False)
        return JSONResponse(detail(found))

    def delete(self, request: Request) -> Response:
        number = answer.caught(self._inbox, request).id
        return JSONResponse({"deleted": self._inbox.archive.delete(f"id:{number}")})

    async def change(self, request: Request) -> Response:
        wanted = await answer.json_body(request)
        unread, tags = wanted.get("unread"), wanted.get("tags")
        if not isinstance(unread, bool | None) or not _are_words(tags) or wanted.keys() - {"unread", "tags"}:
            raise ConfigError("'unread' is true or false, 'tags' a list of words, and there is nothing else to change")

        def change() -> None:
            number = answer.caught(self._inbox, request).id
            if unread is not None:
                self._inbox.archive.mark(f"id:{number}", unread=unread)
            if tags is not None:
                self._inbox.archive.tag(number, tags)

        await run_in_threadpool(change)
        return await run_in_threadpool(self.show, request)

    def raw(self, request: Request) -> Response:
        found = answer.caught(self._inbox, request)
        return shown.raw(request, found.raw, name=str(found.id))

    def source(self, request: Request) -> Response:
        return shown.source(answer.caught(self._inbox, request).html)

    def file(self, request: Request) -> Response:
        return shown.file(request, attached(answer.caught(self._inbox, request)))

    def compare(self, request: Request) -> Response:
        one = answer.caught(self._inbox, request)
        other = self._inbox.archive.get(request.path_params["other"])
        if other is None:
            raise answer.Missing(
                f"there is no message {request.path_params['other']}", hint="It may have been deleted."
            )
        return JSONResponse({"parts": difference(one, other)})

    def view(self, request: Request) -> Response:
        found = answer.caught(self._inbox, request)
        return shown.framed_html(request, found.html, found.message.parts())


async def _blocks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while block := await run_in_threadpool(file.read, _BLOCK):
            yield block


def _are_words(tags: object) -> bool:
    return tags is None or (isinstance(tags, list) and len(tags) <= 100 and all(isinstance(tag, str) for tag in tags))
