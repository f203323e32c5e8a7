"""Takes the pictures of the inbox's page, with the starter templates as its mail (``python docs/inbox.py``; needs Chromium)."""

import json
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from mailkit import Mailer, Templates
from mailkit.inbox import Inbox, Site

OUT = Path(__file__).parent
STARTERS = (
    "alert",
    "invoice",
    "event-invite",
    "digest",
    "magic-link",
    "password-reset",
    "newsletter",
    "welcome",
    "receipt",
)
# Name, width, height, the place in the page, and whether it is dark.
PICTURES = (
    ("inbox", 1440, 900, "#/9/html", False),
    ("inbox-check", 1440, 900, "#/9/check", False),
    ("inbox-dark", 1440, 900, "#/9/tech", True),
    ("inbox-tablet", 768, 900, "#/9/html", False),
    ("inbox-phone", 375, 780, "", False),
    ("inbox-phone-mail", 375, 780, "#/9/html", True),
)


def fill(inbox: Inbox) -> None:
    """Send each starter with its sample, as an application would."""
    templates = Templates(OUT.parent / "templates")
    with Mailer(inbox.url) as mailer:
        for name in STARTERS:
            sample = json.loads((OUT.parent / "templates" / f"{name}.sample.json").read_text(encoding="utf-8"))
            builder = templates.compose(f"{name}.html", sample).from_("Fernlight <hello@fernlight.example>")
            if name == "invoice":
                builder = builder.attach(b"%PDF-1.4 ..." * 4000, filename="Invoice 2026-0318.pdf")
            mailer.send(builder.to(("Zoë Okafor", "zoe@example.com")).bcc("archive@fernlight.example").build())


def shoot(browser: Browser, url: str, name: str, width: int, height: int, place: str, *, dark: bool) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", device_scale_factor=1
    )
    page.goto(url + place, wait_until="domcontentloaded")
    page.wait_for_selector("body[data-ready]")
    if place:
        page.wait_for_selector("[role=tab][aria-selected=true]")
    page.wait_for_load_state("load")
    page.wait_for_timeout(500)
    page.screenshot(path=OUT / f"{name}.png")
    page.close()


def main() -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("Chromium is not installed: apt install chromium")
    with Inbox() as inbox, Site(inbox) as site, sync_playwright() as playwright:
        fill(inbox)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, width, height, place, dark in PICTURES:
            shoot(browser, site.url, name, width, height, place, dark=dark)
        browser.close()


if __name__ == "__main__":
    main()
