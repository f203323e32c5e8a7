"""What kind of image an address leads to, as far as the address tells."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

__all__ = ["image_marks"]

_DATA = re.compile(r"\s*data:image/([a-z0-9.+-]+)", re.IGNORECASE)
_ENDING = re.compile(r"\.([a-z0-9]{2,5})$", re.IGNORECASE)
_ALIKE = {
    "jpeg": "jpg",
    "jfif": "jpg",
    "pjpeg": "jpg",
    "svg+xml": "svg",
    "tif": "tiff",
    "heic": "heif",
    "x-icon": "ico",
    "vnd.microsoft.icon": "ico",
    "vnd.mozilla.apng": "apng",
    "x-ms-bmp": "bmp",
    "m4v": "mp4",
}


def image_marks(url: str) -> Iterator[str]:
    """Go through the marks of an image's address, such as ``image:webp``."""
    if within := _DATA.match(url):
        yield "image:data"
        kind = within[1].lower()
    else:
        found = _ENDING.search(unquote(url.partition("#")[0].partition("?")[0]).rstrip())
        kind = found[1].lower() if found else ""
    if kind:
        yield f"image:{_ALIKE.get(kind, kind)}"
