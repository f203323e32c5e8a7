"""Takes the picture of the page to unsubscribe for docs/campaigns.md; needs Chromium (``python docs/unsubscribe.py``)."""

import html
import tempfile
from pathlib import Path

from screenshots import Browser

from mailkit.bulk.unsubscribe import Page, View

SHOWN = [
    Page(View.ASK, "en", "Harbour News", "z•••@e•••.com"),
    Page(View.DONE, "en", "Harbour News", "z•••@e•••.com", can_undo=True),
    Page(View.UNDONE, "de", "Hafennachrichten", "z•••@e•••.com"),
]


def main() -> None:
    frames = "".join(
        f'<iframe width="375" height="560" style="border:0" srcdoc="{html.escape(page.render())}"></iframe>'
        for page in SHOWN
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sheet = folder / "sheet.html"
        sheet.write_text(f'<body style="margin:0;display:flex;gap:2px;background:#d5d8d3">{frames}', encoding="utf-8")
        target = Path(__file__).with_name("unsubscribe.png")
        Browser(folder).shoot(sheet, target, width=375 * 3 + 4, height=560)


if __name__ == "__main__":
    main()
