"""The page of the inbox and its API, over HTTP. It needs Starlette."""

from mailkit.inbox.web.app import build
from mailkit.inbox.web.guard import Application, Guard
from mailkit.inbox.web.live import Live

__all__ = ["Application", "Guard", "Live", "build"]
