"""What the handlers share: reading what is asked, and answering in JSON."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mailkit.check import Scanner
from mailkit.errors import ArrivalError, ConfigError, MailkitError, MessageError
from mailkit.inbox.box import FIELDS
from mailkit.inbox.caught import Caught
from mailkit.inbox.inbox import Inbox
from mailkit.inbox.search import Search

__all__ = [
    "Missing",
    "TooLarge",
    "body",
    "caught",
    "configured",
    "json_body",
    "number",
    "on_error",
    "search",
    "seconds",
]

_LARGEST_JSON = 100_000  # bytes


class Missing(ConfigError):
    """There is nothing under this address."""


class TooLarge(ConfigError):
    """A body has more bytes than are taken."""


# What is left is what a relay said, or did not say: 502.
_STATUS: dict[type[MailkitError], int] = {
    Missing: 404,
    ArrivalError: 404,
    TooLarge: 413,
    ConfigError: 400,
    MessageError: 400,
}


def on_error(request: Request, error: Exception) -> Response:
    """Say what is wrong and what to do, for whatever mailkit raises."""
    assert isinstance(error, MailkitError)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 502)
    return JSONResponse({"error": str(error), "hint": error.hint}, status)


def configured(scanner: Scanner | None) -> Scanner:
    """Return the spam filter. Raises Missing when there is none."""
    if scanner is None:
        raise Missing("no spam filter is configured", hint="Start with --spam spamd://127.0.0.1 or rspamd://….")
    return scanner


def search(request: Request) -> Search:
    """Return what is looked for: ``q``, as it is typed into the page, and the fields, such as ``to`` and ``subject``."""
    fields = {
        name.removesuffix("_"): value
        for name in FIELDS
        if (value := request.query_params.get(name.removesuffix("_"), ""))
    }
    if "inbox" in request.query_params:
        fields["inbox"] = request.query_params["inbox"]
    return Search.of(text=request.query_params.get("q", ""), **fields)


def number(request: Request, name: str, default: int, *, most: int = 2**53) -> int:
    """Return a number that is asked with. Raises ConfigError for what is none."""
    text = request.query_params.get(name) or str(default)
    if not text.isascii() or not text.isdigit():
        raise ConfigError(f"{name}={text[:50]} is no number")
    return min(int(text[:20]), most)


def seconds(request: Request, name: str, default: float, *, most: float) -> float:
    """Return a time in seconds that is asked with. Raises ConfigError for what is none."""
    text = request.query_params.get(name) or str(default)
    try:
        found = float(text)
    except ValueError:
        found = -1
    if not 0 <= found < float("inf"):
        raise ConfigError(f"{name}={text[:50]} is no time in seconds")
    return min(found, most)


def caught(inbox: Inbox, request: Request) -> Caught:
    """Return the message that the path names. Raises Missing."""
    found = inbox.archive.get(request.path_params["id"])
    if found is None:
        raise Missing(f"there is no message {request.path_params['id']}", hint="It may have been deleted.")
    return found


async def body(request: Request, most: int) -> bytes:
    """Return the body of a request. Raises TooLarge as soon as it is."""
    found = bytearray()
    async for block in request.stream():
        found += block
        if len(found) > most:
            raise TooLarge(f"more than {most:,} bytes are not taken")
    return bytes(found)


async def json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object that is sent; an empty body is an empty one. Raises ConfigError for anything else."""
    try:
        found = json.loads(await body(request, _LARGEST_JSON) or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ConfigError("a JSON object is wanted")
    return found
