"""Ways in which a network may cut a stream of bytes: a reader must give the same for each."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")

Cut = Callable[[bytes], Iterable[bytes]]


def whole(data: bytes) -> Iterator[bytes]:
    """Everything at once."""
    yield data


def bytewise(data: bytes) -> Iterator[bytes]:
    """One byte at a time."""
    return (data[place : place + 1] for place in range(len(data)))


def in_sevens(data: bytes) -> Iterator[bytes]:
    """Seven bytes at a time, which cuts most things in an awkward place."""
    return (data[place : place + 7] for place in range(0, len(data), 7))


CUTS: tuple[Cut, ...] = (whole, bytewise, in_sevens)


def feed_all(
    data: bytes, cut: Cut, *, feed: Callable[[bytes], object], take: Callable[[], _Item | None]
) -> list[_Item]:
    """Feed ``data`` to a reader piece by piece, taking all that it has ready after each; return what it gave."""
    taken = []
    for piece in cut(data):
        feed(piece)
        while (item := take()) is not None:
            taken.append(item)
    return taken
