"""The inbox's page: as an application for any ASGI server, or served by one of our own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mailkit.check import Scanner
from mailkit.inbox.inbox import Inbox
from mailkit.inbox.release import Release
from mailkit.inbox.served import Served, is_open, needing_web

if TYPE_CHECKING:
    from mailkit.inbox.web import Application, Live

__all__ = ["Site", "app"]


def app(
    inbox: Inbox, *, hosts: Iterable[str] = (), release: Release | None = None, scanner: Scanner | None = None
) -> "Application":
    """Return the page and its API as an ASGI application, to serve or to mount into another.

    It answers to ``localhost``, addresses of the loopback and the names in ``hosts`` only. Raises ConfigError without the extra
    ``inbox``.
    """
    return _built(inbox, hosts=hosts, release=release, scanner=scanner)[0]


class Site(Served):
    """The page served by uvicorn in a thread of its own while the ``with`` block runs.

    ``port`` 0 takes a free one, which :attr:`port` then tells. Beyond the loopback it answers to addresses, to the name that is its
    ``host``, and to those in ``hosts``. Raises ConfigError when the port cannot be had, or without the extra ``inbox``.
    """

    def __init__(
        self,
        inbox: Inbox,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        hosts: Iterable[str] = (),
        release: Release | None = None,
        scanner: Scanner | None = None,
    ) -> None:
        application, live = _built(
            inbox, hosts=[*hosts, host], takes_addresses=is_open(host), release=release, scanner=scanner
        )
        super().__init__(application, live.close, host=host, port=port)


def _built(
    inbox: Inbox,
    *,
    hosts: Iterable[str],
    release: Release | None,
    scanner: Scanner | None,
    takes_addresses: bool = False,
) -> "tuple[Application, Live]":
    with needing_web():
        from mailkit.inbox.web import build
    return build(inbox, hosts=hosts, takes_addresses=takes_addresses, release=release, scanner=scanner)
