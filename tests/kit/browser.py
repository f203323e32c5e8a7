"""Headless Chromium, with a page to itself for each: what a person would see and do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from playwright.sync_api import Browser, Page, Playwright, Request, expect, sync_playwright

from tests.kit.daemon import need

__all__ = ["Chromium", "Watched", "browser", "expect"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Watched:
    """A page, and what it asked for, said and let fail meanwhile."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def foreign(self, own: str) -> list[str]:
        """What was asked of anybody but ``own``."""
        return [url for url in self.requests if not url.startswith((own, "data:", "about:", "blob:"))]


class Chromium:
    """Debian's Chromium, driven by Playwright."""

    def __init__(self, playwright: Playwright, program: str) -> None:
        self._playwright = playwright
        self._program = program

    @cached_property
    def browser(self) -> Browser:
        return self._playwright.chromium.launch(
            executable_path=self._program,
            # Names of .example lead here, so that what a mail asks for could really be fetched.
            args=["--no-sandbox", "--disable-background-networking", "--host-resolver-rules=MAP *.example 127.0.0.1"],
        )

    @contextmanager
    def opened(self, url: str, *, width: int = 1440, height: int = 900, dark: bool = False) -> Iterator[Watched]:
        """Open a page in a window of its own."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", accept_downloads=True
        )
        context.set_default_timeout(20_000)
        watched = Watched(context.new_page())

        def asked(request: Request) -> None:
            watched.requests.append(request.url)

        context.on("request", asked)
        watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
        watched.page.on("dialog", lambda dialog: (watched.dialogs.append(dialog.message), dialog.dismiss()))
        try:
            watched.page.goto(url, wait_until="domcontentloaded")
            yield watched
        finally:
            context.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """One browser for the tests of a module. Not for the whole run: while it is there, asyncio has no place in this thread."""
    program = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    need("Chromium", None if program else "it is not installed: apt install chromium")
    assert program
    with sync_playwright() as playwright:
        chromium = Chromium(playwright, program)
        try:
            yield chromium
        finally:
            if "browser" in chromium.__dict__:
                chromium.browser.close()
