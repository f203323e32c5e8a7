"""CSS inlining: style sheets into style attributes, because many mail programs drop or ignore the sheets.

Media queries, ``:hover`` and other rules that cannot be inlined stay in the style block. Nothing is ever fetched from
the network or read from the disk.
"""

import logging
import re
import threading
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from mailkit.errors import ConfigError
from mailkit.template.tree import parse

__all__ = ["INLINERS", "inline_css"]

# cssutils, under premailer, keeps its parser state in module variables.
_LOCK = threading.Lock()
_IGNORED = re.compile(r"(<style\b[^>]*?)data-(?:css-inline|premailer)\s*=\s*[\"']?ignore[\"']?", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(<!doctype[^>]*>)", re.IGNORECASE)


def inline_css(html: str) -> str:
    """Return ``html`` as a whole document with its style rules inlined.

    A block that says ``data-css-inline="ignore"``, or ``data-premailer="ignore"``, stays as it is.
    """
    from lxml.etree import tostring

    page = parse(_IGNORED.sub(r'\1data-premailer="ignore"', html))
    if page is None:
        return html
    with _LOCK:
        _inliner()(
            page,
            allow_network=False,
            allow_loading_external_files=False,
            disable_validation=True,  # cssutils knows the CSS of 2012; what it does not know must not be lost
            cssutils_logging_level=logging.CRITICAL,
            keep_style_tags=False,
            strip_important=False,  # without it the media queries that are kept could override nothing
            remove_classes=False,  # media queries need them
            preserve_internal_links=True,
            disable_link_rewrites=True,
            align_floating_images=False,
            disable_basic_attributes=["width", "height"],  # an image's own attributes are more precise
        ).transform()
    # Without its doctype a page is shown in quirks mode; lxml would give one to pages that have none.
    doctype = _DOCTYPE.match(html)
    written = tostring(page, method="html", encoding="utf-8").decode()
    return f"{doctype[1]}\n{written}" if doctype else written


@cache
def _inliner() -> Any:
    """premailer, mended in two places: it never fetches, and it keeps the at-rules that it does not know."""
    from premailer import Premailer
    from premailer.premailer import cssutils

    # allow_network is about <link>; an @import would be fetched all the same, by cssutils.
    parser = cssutils.CSSParser(fetcher=lambda url: None, validate=False)
    parse_sheet = lru_cache(maxsize=64)(parser.parseString)

    class Inliner(Premailer):  # type: ignore[misc]  # premailer has no types
        def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
            return parse_sheet(css_body)

        def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[list[Any], list[Any]]:
            rules, leftover = super()._parse_style_rules(css_body, ruleset_index)
            known = ("CHARSET_RULE", "COMMENT", "MEDIA_RULE", "STYLE_RULE")
            sheet = parse_sheet(css_body or "")
            # First, because an @import counts nowhere else.
            others = [rule for rule in sheet if rule.typeString not in known]
            rules = [rule for rule in rules if not _HOOK.search(rule[1])]
            return rules, others + leftover + _hooked(sheet)

        def _css_rules_to_string(self, rules: list[Any]) -> str:
            kept = [rule.cssText for rule in rules if not _is_premailers(rule)]
            return "\n".join([*kept, super()._css_rules_to_string(list(filter(_is_premailers, rules)))])

    return Inliner


# What mail programs put around a page. A rule that looks for it matches nothing in the page itself, and stays in the sheet.
_HOOK = re.compile(
    r"\[data-ogs[bc]|\[data-ogab|\[data-ogac"  # Outlook.com and the Outlook apps, when they darken a page
    r"|#outlook\b"  # Outlook for Windows
    r"|\.ExternalClass|\.ReadMsgBody|\.rps_|\[owa\b|\[class~=.?x_"  # Outlook.com and Hotmail
    r"|\bu\s*[+~]|\.gmail|#gmail|\.a6S|\.im\b"  # Gmail
    r"|x-apple-data-detectors|\[office365\]"  # Apple Mail; Outlook for iOS
    r"|#MessageViewBody|#MessageWebViewDiv|\[samsung"  # Samsung
    r"|\.moz-text-html|\.aolReplacedBody|\.yahoo|\.yui|\.& "  # Thunderbird, AOL, Yahoo
    r"|div\[style\*=",  # Android, which puts a box with margins around
    re.IGNORECASE,
)


def _hooked(sheet: Any) -> list[tuple[str, str]]:
    """The rules of a sheet that look for a mail program, as premailer writes what is left over."""
    return [
        (selector.strip(), ";".join(f"{one.name}:{one.value}" for one in rule.style.getProperties()))
        for rule in sheet
        if rule.typeString == "STYLE_RULE"
        for selector in rule.selectorText.split(",")
        if _HOOK.search(selector) and ":" not in selector
    ]


def _is_premailers(rule: Any) -> bool:
    """Whether premailer knows how to write a rule that is left over: a selector with its text, or a media query."""
    return isinstance(rule, tuple) or rule.typeString == "MEDIA_RULE"


@cache
def _fast() -> Callable[[str], str]:
    """css-inline. Raises ConfigError when it is not installed."""
    try:
        from css_inline import CSSInliner
    except ImportError:
        raise ConfigError(
            "the inliner 'css-inline' is not installed", hint="Install it: pip install 'mailkit-compose[fast]'."
        ) from None
    inliner = CSSInliner(
        keep_style_tags=True,  # for media queries, :hover and the like; what has been inlined is taken out
        remove_inlined_selectors=True,
        keep_at_rules=True,
        load_remote_stylesheets=False,
    )
    return lambda html: inliner.inline(_IGNORED.sub(r'\1data-css-inline="ignore"', html))


INLINERS: dict[str, Callable[[], Callable[[str], str]]] = {"premailer": lambda: inline_css, "css-inline": _fast}
"""What gives each inliner, by its name."""
