"""A message and its parts as a browser is given them: as plain text, as files to save, and as HTML in a sandbox."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from mailkit.errors import ConfigError
from mailkit.inbox.frame import Scheme, content_policy, framed
from mailkit.inbox.web import answer
from mailkit.message import Attachment, filename
from mailkit.message.stored import StoredFile
from mailkit.mime import parameter

__all__ = ["PAGE", "file", "framed_html", "raw", "source"]

PAGE = Path(__file__).parent / "page"
"""The folder of the page's own files."""

_PLAIN = {"content-security-policy": "sandbox; default-src 'none'"}


def raw(request: Request, data: bytes, *, name: str) -> Response:
    """The bytes of a message, to look at, or with ``download`` to save."""
    if request.query_params.get("download"):
        headers = {**_PLAIN, "content-disposition": _disposition(f"{name}.eml")}
        return Response(data, media_type="message/rfc822", headers=headers)
    return Response(data.decode("utf-8", "backslashreplace"), media_type="text/plain", headers=_PLAIN)


def source(html: str) -> Response:
    return Response(html.encode("utf-8", "replace"), media_type="text/plain", headers=_PLAIN)


def file(request: Request, files: Sequence[Attachment]) -> Response:
    """The file that the path names by its number, to save. Raises Missing."""
    number = request.path_params["number"]
    if number >= len(files):
        raise answer.Missing(f"the message has {len(files)} files, and no number {number}")
    content = files[number].content
    data = content.read() if isinstance(content, StoredFile) else content
    headers = {**_PLAIN, "content-disposition": _disposition(files[number].filename or f"file-{number}")}
    return Response(data, media_type="application/octet-stream", headers=headers)


def framed_html(request: Request, html: str, pictures: Iterable[Attachment]) -> Response:
    """The HTML of a message, under a policy by which it runs nothing, and fetches nothing unless ``images`` asks for it."""
    try:
        scheme = Scheme(request.query_params.get("scheme", "light"))
    except ValueError:
        raise ConfigError("there is no such scheme", hint=f"There are {', '.join(Scheme)}.") from None
    policy = content_policy(images=request.query_params.get("images") == "1")
    return Response(
        framed(html, pictures, scheme=scheme).encode("utf-8", "replace"),
        media_type="text/html; charset=utf-8",
        headers={"content-security-policy": policy},
    )


def _disposition(name: str) -> str:
    """Saved, never shown; under a name that is no path (RFC 6266)."""
    return "attachment" + "".join(parameter.tokens({"filename": filename.safe(name)}))
