"""HTML as a tree, read the way a browser does: forgivingly."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["parse"]


def parse(html: str) -> "HtmlElement | None":
    """Return the root of the document that ``html`` makes, or None when there is no element in it."""
    from lxml.etree import ParserError
    from lxml.html import HTMLParser, document_fromstring

    # As bytes, because lxml refuses text with an XML declaration, which XHTML templates begin with. Without huge_tree
    # everything below the 256th level would be lost, and said nowhere.
    parser = HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        return document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except ParserError:  # empty, or nothing but comments and end tags
        return None
