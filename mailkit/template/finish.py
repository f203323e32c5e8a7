"""From rendered HTML to the two bodies of a message: preheader put in, CSS inlined, plain text made.

This is all that happens after Jinja, and it depends on nothing but the HTML.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import escape

from mailkit.template.inline import inline_css
from mailkit.template.plaintext import to_text

__all__ = ["Finished", "Finisher"]

# What the visible part begins after, the best sign first: the body tag may be left out, and so may the others.
_STARTS = [
    re.compile(tag, re.IGNORECASE) for tag in (r"<body\b[^>]*>", r"</head\s*>", r"<html\b[^>]*>", r"<!doctype[^>]*>")
]
_STYLE_TAG = re.compile(r"<style\b", re.IGNORECASE)
# After the preheader an inbox list would show the first words of the body; these invisible characters keep them out.
_FILLER = "&#847;&zwnj;&nbsp;" * 60


@dataclass(frozen=True, slots=True)
class Finished:
    """Both bodies of a message."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Finisher:
    """The steps after rendering. ``inliner`` is None when style sheets are to stay as they are."""

    inliner: Callable[[str], str] | None = inline_css
    dialect: str = "premailer"
    """The inliner's name, by which it is known how it writes values; empty for one that is not known."""

    def inlines(self, html: str) -> bool:
        """Whether the inliner has work to do in ``html``."""
        return self.inliner is not None and _STYLE_TAG.search(html) is not None

    def finish(self, html: str, *, preheader: str = "", text: str | None = None) -> Finished:
        """Return the bodies made from ``html``; ``text`` is the hand-written plain text when there is one."""
        if preheader:
            html = _with_preheader(html, preheader)
        if self.inliner and self.inlines(html):
            html = self.inliner(html)
        return Finished(html, to_text(html) if text is None else text)


def _with_preheader(html: str, preheader: str) -> str:
    hidden = (
        '<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;'
        f'mso-hide:all" data-text="none">{escape(preheader)}{_FILLER}</div>'
    )
    start = next((found for sign in _STARTS if (found := sign.search(html))), None)
    at = start.end() if start else 0
    return html[:at] + hidden + html[at:]
