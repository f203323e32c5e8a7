"""Pictures of the template folders that a message takes along: ``{{ embed("logo.png") }}``."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mailkit.errors import MessageError
from mailkit.message import Attachment
from mailkit.template.place import Place

__all__ = ["Pictures", "embedding"]

_embedding: ContextVar[dict[str, Attachment]] = ContextVar("mailkit_embedding")


@contextmanager
def embedding() -> Iterator[dict[str, Attachment]]:
    """Give the dictionary to which the pictures go that are embedded in the block."""
    found: dict[str, Attachment] = {}
    token = _embedding.set(found)
    try:
        yield found
    finally:
        _embedding.reset(token)


class Pictures:
    """Reads pictures once, for as long as they do not change."""

    def __init__(self, places: tuple[Place, ...]) -> None:
        self._places = places
        self._kept: dict[str, tuple[object, Attachment]] = {}

    def embed(self, path: str) -> str:
        """Put a picture of the template folders into the message, and return its ``cid:`` URL."""
        found = _embedding.get(None)
        if found is None:
            raise MessageError("embed() works only while a template is rendered", field="embed")
        if path not in found:
            stamp = tuple(place.stamp(path) for place in self._places)
            kept = self._kept.get(path)
            if kept is None or kept[0] != stamp:
                kept = (stamp, self._read(path))
                self._kept[path] = kept
            found[path] = kept[1]
        return f"cid:{found[path].cid}"

    def _read(self, path: str) -> Attachment:
        data = next((data for place in self._places if (data := place.read(path)) is not None), None)
        if data is None:
            raise MessageError(
                f"there is no picture {path!r} in the template folders",
                field="embed",
                hint="The path is relative to the template folder and cannot leave it.",
            )
        digest = hashlib.sha256(path.encode() + b"\0" + data).hexdigest()[:24]
        return Attachment(data, filename=path.rpartition("/")[2], cid=f"{digest}@mailkit")
