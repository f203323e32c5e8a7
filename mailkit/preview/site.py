"""The page of previews, served by one of our own."""

from collections.abc import Iterable

from mailkit.check import Scanner
from mailkit.inbox.served import Served, is_open, needing_web
from mailkit.preview.previews import Previews
from mailkit.preview.watch import Watcher

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
        with needing_web():
            from mailkit.preview.web import build
        application, live = build(
            previews,
            self.watcher,
            chosen=chosen,
            locale=locale,
            hosts=[*hosts, host],
            takes_addresses=is_open(host),
            scanner=scanner,
        )
        super().__init__(application, live.close, host=host, port=port)
