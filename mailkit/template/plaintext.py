"""The plain text part, made from the HTML: for readers on a watch, in a terminal or with a screen reader.

Lines are not wrapped: a reader's window knows its width better, and a long line costs nothing in quoted-printable.
What is hidden in the HTML (the preheader) is left out. The attribute ``data-text`` decides otherwise for any element:
``none`` leaves it out, ``only`` shows what the HTML hides; ``block``, ``paragraph`` and ``inline`` say what space is around
it; ``table`` and ``layout`` whether a table holds data or arranges things; ``no-link`` leaves out the addresses of links,
``verbatim`` keeps white space. ``data-text-as="words"`` says other words in its place.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from mailkit.template.slot import MARK, TOKEN
from mailkit.template.tree import parse

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["read_page", "to_text", "write_link"]

_SPACE = re.compile(r"[ \t\r\n\f]+")
# Not mso-hide:all: what Outlook alone hides, as in buttons that are drawn for it in another way, all others show.
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_START = re.compile(r"[0-9]{1,9}")
_SILENT = frozenset(("head", "style", "script", "title", "template", "noscript", "object", "svg", "select", "textarea"))
_PARAGRAPHS = frozenset(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre", "figure", "hr")
)
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "body", "caption", "center", "dd", "div", "dt", "fieldset", "figcaption"),
        *("footer", "form", "header", "li", "main", "nav", "section", "table", "tbody", "thead", "tfoot", "tr"),
    )
)
_SPACES = ("block", "inline", "paragraph")
_PLACES = frozenset(("li", "td", "th"))  # in a list or table, whatever is said there
_RULE = "-" * 40
_SCHEME = re.compile("^https?://")


def to_text(html: str) -> str:
    """Return what ``html`` says, as plain text with ``\\n`` line ends."""
    return read_page(html)[0]


def read_page(html: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the text, and the links in it that cannot be written before their tokens are filled: (shown, target).

    ``{MARK}{number}x`` stands for such a link, a token that ends in ``y`` for a value whose white space is kept.
    """
    from lxml.etree import iterwalk

    root = parse(html)
    if root is None:
        return "", []
    page = _Page()
    walk = iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        if event in ("comment", "pi"):  # Outlook's conditional comments among them
            page.say(element.tail)
        elif event == "start":
            if _is_silent(element):
                walk.skip_subtree()
                page.skipped = element
            elif (words := element.get("data-text-as")) is not None:
                walk.skip_subtree()
                page.skipped = element
                page.replace(element, words)
            else:
                page.open(element)
                page.say(element.text)
        else:
            if page.skipped is element:
                page.skipped = None
            else:
                page.close(element)
            page.say(element.tail)
    return page.text(), page.unwritten


def write_link(shown: str, target: str) -> str:
    """Return what follows the words of a link: its address, unless they say it already."""
    if not target or target.startswith(("#", "cid:", "data:", "javascript:")):
        return ""
    address = target.removeprefix("mailto:").removeprefix("tel:")
    stem = shown.rstrip("/")
    if target.rstrip("/").endswith(stem) and stem in (
        target.rstrip("/"),
        address.rstrip("/"),
        _SCHEME.sub("", target).rstrip("/"),
    ):
        return ""
    return f" <{address}>" if shown else f"<{address}>"


def _is_silent(element: "HtmlElement") -> bool:
    wish = element.get("data-text")
    if wish == "none" or element.tag in _SILENT:
        return True
    is_hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style", "")) is not None
    return is_hidden and wish != "only"


class _Page:
    """The text so far: finished lines, the line being written, and what stands before each line."""

    def __init__(self) -> None:
        self.skipped: HtmlElement | None = None
        self.unwritten: list[tuple[str, str]] = []
        self._lines: list[str] = []
        self._is_gap = True  # whether the last line separates; what is written on a line never decides that
        self._line = ""
        self._prefixes: list[str] = []
        self._bullet = ""
        self._counters: list[int | None] = []
        self._links: list[tuple[str, int, int]] = []
        self._layouts: list[bool] = []
        self._verbatim = 0
        self._unlinked = 0
        self._cell: int | None = None  # where the cell of data begins on the line
        self._is_parted = False  # whether a part of a cell has ended

    def say(self, text: str | None) -> None:
        if not text:
            return
        if self._verbatim:
            text = TOKEN.sub(rf"{MARK}\1y", text)
            first, *rest = text.split("\n")
            self._line += first
            for line in rest:
                self._break(keep_empty=True)
                self._line += line
            return
        text = _SPACE.sub(" ", text)
        if self._is_parted and text != " ":
            self._is_parted = False
            self._line = f"{self._line.rstrip(' ')}, "
        if not self._line or self._line.endswith(" "):
            text = text.lstrip(" ")
        self._line += text

    def open(self, element: "HtmlElement") -> None:
        tag, wish = str(element.tag), element.get("data-text")
        self._space(tag, wish)
        if wish == "verbatim":
            self._verbatim += 1
        elif wish == "no-link":
            self._unlinked += 1
        if action := _OPEN.get(tag):
            action(self, element)

    def close(self, element: "HtmlElement") -> None:
        tag, wish = str(element.tag), element.get("data-text")
        if action := _CLOSE.get(tag):
            action(self, element)
        if wish == "verbatim":
            self._verbatim -= 1
        elif wish == "no-link":
            self._unlinked -= 1
        self._space(tag, wish)

    def replace(self, element: "HtmlElement", words: str) -> None:
        """Say other words than the element has."""
        tag, wish = str(element.tag), element.get("data-text")
        self._space(tag, wish)
        if tag in _PLACES:
            _OPEN[tag](self, element)
        self.say(words)
        if tag in _PLACES:
            _CLOSE[tag](self, element)
        self._space(tag, wish)

    def text(self) -> str:
        self._break()
        return "\n".join(self._lines).strip("\n") + "\n" if any(self._lines) else ""

    # -- lines ---------------------------------------------------------------------------------------------------

    def _break(self, *, keep_empty: bool = False) -> None:
        """End the line being written, unless there is nothing on it."""
        line = self._line.rstrip()  # no-break spaces too: a paragraph of one is there for its height
        self._line, self._is_parted = "", False
        if not line and not keep_empty:
            return
        bullet, self._bullet = self._bullet, ""
        prefix = "".join(self._prefixes)
        if bullet:
            prefix = prefix.removesuffix(" " * len(bullet)) + bullet
        self._lines.append((prefix + line).rstrip(" "))
        self._is_gap = not line and not prefix.strip("> ")

    def _space(self, tag: str, wish: str | None) -> None:
        if self._cell is not None and tag not in ("td", "th", "tr"):
            is_apart = (tag in _PARAGRAPHS or tag in _BLOCKS) if wish not in _SPACES else wish != "inline"
            self._is_parted = self._is_parted or (is_apart and len(self._line) > self._cell)
        elif wish == "inline":
            return
        elif wish == "paragraph":
            self._paragraph()
        elif wish == "block":
            self._break()
        elif tag in _PARAGRAPHS and not (tag in ("ul", "ol") and self._counters):  # a list in a list stays close to it
            self._paragraph()
        elif tag in _PARAGRAPHS or tag in _BLOCKS:
            self._break()

    def _end_line(self) -> None:
        """End the line, unless it is a row of data."""
        if self._cell is None:
            self._break()

    def _paragraph(self) -> None:
        """End the line, and leave one empty line behind it."""
        self._break()
        if not self._is_gap and not self._bullet:
            self._lines.append("".join(self._prefixes).rstrip(" "))
            self._is_gap = True

    # -- elements ------------------------------------------------------------------------------------------------

    def _line_break(self, element: "HtmlElement") -> None:
        if self._cell is not None:
            self._is_parted = len(self._line) > self._cell
            return
        self._break(keep_empty=bool(self._lines and self._lines[-1]))

    def _rule(self, element: "HtmlElement") -> None:
        if self._cell is None:
            self._line += _RULE

    def _image(self, element: "HtmlElement") -> None:
        self.say(element.get("alt", ""))

    def _open_link(self, element: "HtmlElement") -> None:
        self._links.append((element.get("href", "").strip(), len(self._lines), len(self._line)))

    def _close_link(self, element: "HtmlElement") -> None:
        target, line, column = self._links.pop()
        is_here = line == len(self._lines)
        shown = self._line[column:].strip() if is_here else self._line.strip()
        if not shown and is_here:
            return  # a link around nothing that can be read
        if self._unlinked:
            return
        if MARK in target or MARK in shown:
            self.unwritten.append((shown, target))
            written = f"{MARK}{len(self.unwritten) - 1}x"
        else:
            written = write_link(shown, target)
        words = self._line.rstrip()  # of no-break spaces too: they may end the line, when there is nothing to write
        self._line = words + written + self._line[len(words) :]

    def _open_list(self, element: "HtmlElement") -> None:
        start = element.get("start", "1")
        number = int(start) if _START.fullmatch(start) else 1
        self._counters.append(number if element.tag == "ol" else None)

    def _close_list(self, element: "HtmlElement") -> None:
        self._counters.pop()

    def _open_item(self, element: "HtmlElement") -> None:
        number = self._counters[-1] if self._counters else None
        if number is not None:
            self._counters[-1] = number + 1
        if self._cell is None:
            self._bullet = "- " if number is None else f"{number}. "
        self._prefixes.append(" " * len(self._bullet))

    def _close_item(self, element: "HtmlElement") -> None:
        self._end_line()
        self._prefixes.pop()
        self._bullet = ""

    def _open_quote(self, element: "HtmlElement") -> None:
        self._prefixes.append("> " if self._cell is None else "")

    def _close_quote(self, element: "HtmlElement") -> None:
        self._end_line()
        self._prefixes.pop()
        if self._is_gap and self._lines and self._lines[-1] == ">":
            self._lines.pop()
            self._is_gap = False

    def _open_verbatim(self, element: "HtmlElement") -> None:
        self._verbatim += 1

    def _close_verbatim(self, element: "HtmlElement") -> None:
        self._verbatim -= 1

    def _open_cell(self, element: "HtmlElement") -> None:
        if self._is_layout():
            self._break()
        else:
            if self._line.strip():
                self._line = self._line.rstrip(" ") + " | "
            self._cell = len(self._line)

    def _close_cell(self, element: "HtmlElement") -> None:
        if self._is_layout():
            self._break()
        self._cell, self._is_parted = None, False

    def _open_table(self, element: "HtmlElement") -> None:
        self._layouts.append(_is_layout(element))
        if not self._is_layout():
            self._paragraph()

    def _close_table(self, element: "HtmlElement") -> None:
        if not self._is_layout():
            self._paragraph()
        self._layouts.pop()

    def _is_layout(self) -> bool:
        """Whether the table around a cell, if there is one, only arranges things."""
        return not self._layouts or self._layouts[-1]


def _is_layout(table: "HtmlElement") -> bool:
    """Whether a table only arranges things: said by its role, or shown by a table inside it."""
    if (wish := table.get("data-text")) in ("table", "layout"):
        return bool(wish == "layout")
    return table.get("role") in ("presentation", "none") or table.find(".//table") is not None


_Action = Callable[[_Page, "HtmlElement"], None]
_OPEN: dict[str, _Action] = {
    "a": _Page._open_link,
    "blockquote": _Page._open_quote,
    "br": _Page._line_break,
    "hr": _Page._rule,
    "img": _Page._image,
    "li": _Page._open_item,
    "ol": _Page._open_list,
    "pre": _Page._open_verbatim,
    "table": _Page._open_table,
    "td": _Page._open_cell,
    "th": _Page._open_cell,
    "ul": _Page._open_list,
}
_CLOSE: dict[str, _Action] = {
    "a": _Page._close_link,
    "blockquote": _Page._close_quote,
    "li": _Page._close_item,
    "ol": _Page._close_list,
    "pre": _Page._close_verbatim,
    "table": _Page._close_table,
    "td": _Page._close_cell,
    "th": _Page._close_cell,
    "ul": _Page._close_list,
}
