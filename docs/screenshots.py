"""Takes the pictures of the gallery: every starter at 1280 and 375 px, light and dark (``make gallery``).

It needs Chromium, and nothing else: the pictures are put together by the browser too.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mailkit import Templates
from mailkit.template import starter, starters

ROOT = Path(__file__).parent.parent
OUT = Path(__file__).parent / "gallery"
WIDTHS = (1280, 375)
SCHEMES = ("light", "dark")


class Browser:
    """Headless Chromium, a process for each page."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if found is None:
            sys.exit("Chromium is not installed: apt install chromium")
        self._program = found
        self._folder = folder

    def height(self, page: Path, width: int) -> int:
        """Return how high a page is that shows one mail; stop when the mail is wider than it is shown."""
        found = re.search(
            r'data-width="(\d+)" data-height="(\d+)"', self._run(page, "--dump-dom", f"--window-size={width},2000")
        )
        assert found, f"{page} did not say its size"
        if int(found[1]) > width:
            sys.exit(f"{page.stem} is {found[1]} px wide")
        return int(found[2])

    def shoot(self, page: Path, picture: Path, *, width: int, height: int, scheme: str = "light") -> None:
        dark = () if scheme == "light" else ("--blink-settings=preferredColorScheme=0",)
        self._run(page, f"--window-size={width},{height}", f"--screenshot={picture}", *dark)

    def _run(self, page: Path, *arguments: str) -> str:
        with tempfile.TemporaryDirectory(dir=self._folder) as profile:
            done = subprocess.run(  # noqa: S603 - a browser, of this machine
                [
                    *(
                        self._program,
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--hide-scrollbars",
                        "--no-first-run",
                    ),
                    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
                    *("--disable-quic", f"--user-data-dir={profile}", "--virtual-time-budget=2000", *arguments),
                    page.as_uri(),
                ],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
        return done.stdout


def frame(mail: str, width: int) -> str:
    """A page that shows a mail at a width; a browser's own window cannot be as narrow as a phone."""
    return f"""<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><style>body {{ margin: 0 }}</style>
<iframe width="{width}" style="border:0;display:block" srcdoc="{html.escape(mail)}"></iframe>
<script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const height = frame.contentDocument.documentElement.scrollHeight;
  frame.style.height = height + "px";
  document.body.dataset.width = frame.contentDocument.documentElement.scrollWidth;
  document.body.dataset.height = height;
}};
</script>"""


def sheet(shots: dict[tuple[int, str], Path], heights: dict[int, int]) -> str:
    pictures = "".join(
        f'<div style="width:{width // 2}px;height:{heights[width] // 2}px">'
        f'<img src="{shots[width, scheme].as_uri()}" style="height:{heights[width] // 2}px"></div>'
        for scheme in SCHEMES
        for width in WIDTHS
    )
    return f"""<!doctype html><style>
body {{ margin: 0; padding: 16px; background: #c9cfcc; display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start }}
div {{ overflow: hidden; border-radius: 6px; box-shadow: 0 1px 6px #0004 }} img {{ display: block }}</style>{pictures}"""


def picture(name: str, browser: Browser, folder: Path) -> Path:
    """Take all shots of one starter, and put them on one sheet."""
    data = json.loads(starter(name).files[f"{name}.sample.json"])
    mail = Templates(ROOT / "templates").render(f"{name}.html", data).html
    assert mail is not None
    shots: dict[tuple[int, str], Path] = {}
    heights: dict[int, int] = {}
    for width in WIDTHS:
        page = folder / f"{name}-{width}.html"
        page.write_text(frame(mail, width), encoding="utf-8")
        heights[width] = browser.height(page, width)
        for scheme in SCHEMES:
            shots[width, scheme] = folder / f"{name}-{width}-{scheme}.png"
            browser.shoot(page, shots[width, scheme], width=max(width, 500), height=heights[width], scheme=scheme)
    page = folder / f"{name}-sheet.html"
    page.write_text(sheet(shots, heights), encoding="utf-8")
    made = OUT / f"{name}.png"
    width = sum(WIDTHS) // 2 + 16 * 3
    browser.shoot(page, made, width=width, height=2 * (max(heights.values()) // 2) + 16 * 3)
    return made


def main() -> None:
    OUT.mkdir(exist_ok=True)
    wanted = sys.argv[1:] or starters()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        browser = Browser(Path(folder))
        for made in pool.map(lambda name: picture(name, browser, Path(folder)), wanted):
            sys.stdout.write(f"{made.relative_to(ROOT)}: {made.stat().st_size // 1024} KB\n")


if __name__ == "__main__":
    main()
