"""The page of previews, served by one of our own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mailkit.check import Scanner
from mailkit.inbox.served import Served, is_open, needing_web
from mailkit.preview.previews import Previews
from mailkit.preview.watch import Watcher

if TYPE_CHECKING:
    from mailkit.inbox.web import Application, Live

__all__ = ["PreviewSite"]


class PreviewSite(Served):
    """The page served by uvicorn in a thread of its own while the ``with`` block runs.

    ``template`` is shown first, in ``locale``. ``port`` 0 takes a free one, which :attr:`port` then tells. While a page is open,
    files are looked at ``every`` so many seconds. Raises ConfigError when there is no such template, when the port cannot be had, or
    without the extra ``inbox``.
    """

    def __init__(
        self,
        previews: Previews,
        *,
        template: str = "",
        locale: str = "",
        host: str = "127.0.0.1",
        port: int = 0,
        hosts: Iterable[str] = (),
        scanner: Scanner | None = None,
        every: float = 0.3,
    ) -> None:
        self.watcher = Watcher(previews.stamps, every=every)
        chosen = previews.named(template) if template else ""
        application, live = self._built(
            previews, chosen=chosen, locale=locale, hosts=[*hosts, host], host=host, scanner=scanner
        )
        super().__init__(application, live.close, host=host, port=port)

    def _built(
        self,
        previews: Previews,
        *,
        chosen: str,
        locale: str,
        hosts: Iterable[str],
        host: str,
        scanner: Scanner | None,
    ) -> "tuple[Application, Live]":
        with needing_web():
            from mailkit.preview.web import build
        return build(
            previews,
            self.watcher,
            chosen=chosen,
            locale=locale,
            hosts=hosts,
            takes_addresses=is_open(host),
            scanner=scanner,
        )
