"""News to the page as they come: server-sent events, one connection for each page that is open."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mailkit.errors import ConfigError
from mailkit.net.aio import from_threads

__all__ = ["Live"]

_Subscribe: TypeAlias = Callable[[Callable[[], None]], Callable[[], None]]

_MOST_PAGES = 100
_PAUSE = 0.15  # seconds between two events: a page that is told of each message of a campaign shows none of them
_KEEP_ALIVE = 15.0  # seconds: what a proxy cuts is idle for longer, and a page that went away is noticed
_AGAIN = 1_000  # milliseconds until a page that lost us asks again


class Live:
    """The handler of ``/api/events``. Each event says only how much there is: a page asks for what it shows.

    ``subscribe`` takes what is to be called when there is news, and returns what ends that; ``state`` is what a page is told.
    """

    def __init__(self, subscribe: _Subscribe, state: Callable[[], Mapping[str, object]]) -> None:
        self._subscribe = subscribe
        self._state = state
        self._open: set[Callable[[], None]] = set()
        self._is_closed = False

    def routes(self) -> list[Route]:
        return [Route("/api/events", self.events, methods=["GET"])]

    def close(self) -> None:
        """End all connections; from any thread."""
        self._is_closed = True
        for wake in list(self._open):
            wake()

    async def events(self, request: Request) -> Response:
        if len(self._open) >= _MOST_PAGES:
            raise ConfigError(f"{_MOST_PAGES} pages are open already")
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[str]:
        news = asyncio.Event()
        wake = from_threads(news.set)
        end = self._subscribe(wake)
        self._open.add(wake)
        try:
            yield f"retry: {_AGAIN}\n\n"
            while not self._is_closed:
                yield f"event: change\ndata: {json.dumps(await run_in_threadpool(self._state))}\n\n"
                while not news.is_set():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_KEEP_ALIVE):
                            await news.wait()
                            break
                    yield ": still here\n\n"
                await asyncio.sleep(0 if self._is_closed else _PAUSE)
                news.clear()
        except ConfigError:  # what the page is about has been closed
            return
        finally:
            end()
            self._open.discard(wake)
