"""Takes the pictures of the page of previews (``python docs/preview.py``; needs Chromium)."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from mailkit import Templates
from mailkit.preview import Previews, PreviewSite
from mailkit.template import starter

OUT = Path(__file__).parent
# Name, width, height, the place in the page, a file to open there, and whether it is dark.
PICTURES = (
    ("preview", 1440, 900, "#/receipt.html/en/template", "layouts/base.html", False),
    ("preview-phone", 375, 780, "#/welcome.html/en/html", "", True),
)


def fill(folder: Path) -> None:
    """Copy some starters, one with a mistake in it."""
    for name in ("receipt", "welcome", "newsletter", "password-reset", "invoice"):
        for file, data in starter(name).files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(data)
    page = folder / "welcome.html"
    sample = json.loads((folder / "welcome.sample.json").read_text(encoding="utf-8"))
    assert "name" in sample
    page.write_text(
        page.read_text(encoding="utf-8").replace("{{ name }}{% endblock %}</h1>", "{{ nmae }}{% endblock %}</h1>"),
        encoding="utf-8",
    )


def shoot(browser: Browser, url: str, name: str, width: int, height: int, place: str, file: str, *, dark: bool) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", device_scale_factor=1
    )
    page.goto(url + place, wait_until="domcontentloaded")
    page.wait_for_selector("body[data-ready]")
    page.wait_for_selector("[role=tab][aria-selected=true]")
    if file:
        page.get_by_role("button", name=file).click()
        page.locator(".remark.warning").nth(1).evaluate("note => note.scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(500)
    page.screenshot(path=OUT / f"{name}.png")
    page.close()


def main() -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("Chromium is not installed: apt install chromium")
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder))
        with PreviewSite(Previews(Templates(folder))) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            for name, width, height, place, file, dark in PICTURES:
                shoot(browser, site.url, name, width, height, place, file, dark=dark)
            browser.close()


if __name__ == "__main__":
    main()
