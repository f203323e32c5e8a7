"""Pictures that HTML refers to, turned into embedded parts: ``data:`` URIs, and files of one allowed folder.

Mail programs do not show ``data:`` URIs, and cannot see the sender's disk. Nothing is ever fetched from the network, and
no path leads out of the folder.
"""

import os
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from html import escape, unescape
from os import PathLike
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from mailkit.errors import AttachmentError
from mailkit.message.attachment import Attachment

__all__ = ["embed_data", "embed_files"]

# Taken apart in two steps, each of which only moves forward: hostile HTML costs no more than its length.
_TAG = re.compile(r"""<img\b(?:[^>"']++|"[^"]*+"|'[^']*+')*+""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(?<=[\s"'/])([^\s"'>/=]++)\s*+(?:=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?""")
_DATA = re.compile(r"data:(image/[a-z0-9.+-]+)((?:;[^,;]*)*),(.*)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)


def embed_data(html: str) -> tuple[str, tuple[Attachment, ...]]:
    """Return ``html`` with the ``data:`` URIs of its pictures as ``cid:`` URLs, and the pictures."""

    if "data:image" not in html and "DATA:IMAGE" not in html:  # nearly always
        return html, ()

    def picture(source: str) -> Attachment | None:
        found = _DATA.fullmatch(source)
        if found is None:
            return None
        try:
            is_base64 = found[2].lower().endswith(";base64")
            data = b64decode(unquote(found[3]), validate=False) if is_base64 else unquote_to_bytes(found[3])
        except (Base64Error, ValueError):
            raise AttachmentError("a data: URI in it is not valid base64", field="html") from None
        kind = found[1].lower()
        return Attachment(data, filename=f"picture.{_ENDINGS.get(kind, 'img')}", type=kind)

    return _replaced(html, picture)


def embed_files(html: str, *, folder: str | PathLike[str]) -> tuple[str, tuple[Attachment, ...]]:
    """Return ``html`` with the pictures that are files in ``folder`` as ``cid:`` URLs, and the pictures.

    Raises AttachmentError for a file that is not there, or a path that leads out of the folder.
    """
    root = Path(os.path.realpath(folder))

    def picture(source: str) -> Attachment | None:
        if not source or _SCHEME.match(source):
            return None
        path = root / unquote(source.partition("?")[0].partition("#")[0])
        if "\0" in str(path) or not Path(os.path.realpath(path)).is_relative_to(root):
            raise AttachmentError(f"the picture {source!r} is not in {str(root)!r}", field="html")
        return Attachment.from_path(path)

    return _replaced(html, picture)


def _replaced(html: str, picture: Callable[[str], Attachment | None]) -> tuple[str, tuple[Attachment, ...]]:
    found: dict[str, Attachment] = {}
    pieces: list[str] = []
    position = 0
    for start, end, source in _sources(html):
        file = picture(source)
        if file is not None:
            embedded = found.setdefault(file.made_cid, file.with_cid())  # a picture that is shown twice travels once
            pieces += [html[position:start], f'"cid:{escape(embedded.cid)}"']
            position = end
    return "".join([*pieces, html[position:]]), tuple(found.values())


def _sources(html: str) -> Iterator[tuple[int, int, str]]:
    """The values of src in all pictures: where each begins and ends, and what it says."""
    for tag in _TAG.finditer(html):
        for attribute in _ATTRIBUTE.finditer(html, tag.start() + len("<img"), tag.end()):
            if attribute[1].lower() == "src" and attribute[2]:
                yield attribute.start(2), attribute.end(2), unescape(attribute[2].strip("\"'")).strip()
                break


_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/svg+xml": "svg"}
