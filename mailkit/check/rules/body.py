"""The text and the HTML: that both are there, say the same, and have no gaps that a template left."""

import re
from collections.abc import Iterator

from mailkit.check.finding import Finding, Severity, Where
from mailkit.check.markup import MOST_READ
from mailkit.check.rules.material import Material

__all__ = ["body"]

_CLIPPED = 102 * 1024  # octets of HTML after which Gmail shows "Message clipped"
_ALIKE = 0.3  # of the longer words of the HTML that a text part has at least when it says the same
_ENOUGH_WORDS = 12
_WORD = re.compile(r"\w{4,}")
_UNRENDERED = re.compile(
    r"\{\{[^{}\n]{0,80}\}\}|\{%[^%\n]{0,80}%\}|\$\{[^}\n]{1,60}\}|<%[^%\n]{0,80}%>|\*\|[A-Z0-9_:]{1,40}\|\*"
    r"|(?<!\d)%\([a-z_]{1,40}\)s|\[\[\w{1,40}\]\]"
)
_NO_VALUE = re.compile(
    r"\b(?:Hi|Hello|Dear|Hallo|Hey|Bonjour|Hola|Liebe[rs]?|Guten Tag)[ ,]+(?:None|null|undefined|nan)\b"
    r"|\[object Object\]|<[\w.]{1,80} object at 0x[0-9a-f]+>|\bundefined undefined\b"
)
_FILLER = re.compile(r"\blorem ipsum\b", re.IGNORECASE)
_HANDLER = re.compile(r"on[a-z]+$")
_ACTIVE = ("script", "iframe", "object", "embed", "applet", "frame", "frameset")


def body(material: Material) -> Iterator[Finding]:
    """What is said, and in which forms."""
    yield from _forms(material)
    yield from _gaps(material)
    yield from _active(material)


def _forms(material: Material) -> Iterator[Finding]:
    message, html = material.message, material.html
    if not material.text.strip() and not material.visible and not material.images and not message.attachments:
        hint = "Readers see an empty message."
        yield Finding("empty", Severity.ERROR, "There is nothing in it", hint=hint)
        return
    if html and message.text is None:
        hint = (
            "Give text() as well, or let a template make it: filters expect it, and watches and screen readers use it."
        )
        yield Finding("no-text", Severity.WARNING, "There is HTML, and no plain text", hint=hint)
    elif html and (share := _likeness(material)) < _ALIKE:
        detail = f"Of the longer words of the HTML {share:.0%} are in the text."
        hint = "Let the text be made from the HTML, so that readers of both get the same; filters compare them."
        yield Finding(
            "text-differs", Severity.WARNING, "The text says something else than the HTML", detail, hint, Where.TEXT
        )
    if material.is_cut:
        hint = "It is longer than anybody reads; findings of what comes after are missing."
        yield Finding("cut", Severity.NOTE, f"Only the first {MOST_READ:,} characters were looked at", "", hint)
    size = len((message.html or "").encode("utf-8", "replace"))
    if size > _CLIPPED:
        detail = f"The HTML has {size // 1024:,} KB; after 102 KB Gmail cuts it and offers a link to the rest."
        hint = "Shorten it: what counts opens and what unsubscribes stands at the end."
        yield Finding("clipped", Severity.WARNING, "Gmail will not show all of it", detail, hint, Where.HTML)
    if html and not any(tag.name == "html" and tag.get("lang") for tag in material.tags):
        hint = (
            'Begin with <html lang="en">, so that screen readers pronounce it right and nobody offers to translate it.'
        )
        yield Finding("no-language", Severity.NOTE, "The HTML does not say its language", "", hint, Where.HTML)


def _likeness(material: Material) -> float:
    words = set(_WORD.findall(material.visible.lower()))
    if len(words) < _ENOUGH_WORDS:
        return 1.0
    return len(words & set(_WORD.findall(material.text.lower()))) / len(words)


def _gaps(material: Material) -> Iterator[Finding]:
    pieces = [(material.message.subject, Where.HEADERS, 0)]
    pieces += [(line, Where.TEXT, number) for number, line in enumerate(material.text.splitlines(), 1)]
    pieces += [(one.text, Where.HTML, one.line) for one in material.texts]
    pieces += [(one.target, Where.HTML, one.line) for one in material.links]
    for text, where, line in pieces:
        if found := _UNRENDERED.search(text):
            hint = "The template was not rendered, or its value holds markup of another one."
            yield _at("unrendered", Severity.ERROR, "A placeholder was not filled in", text, found, where, line, hint)
        if found := _NO_VALUE.search(text):
            hint = "A value was missing; give a default, or leave the words out that need it."
            yield _at(
                "no-value", Severity.ERROR, "A value was missing when it was filled in", text, found, where, line, hint
            )
        if found := _FILLER.search(text):
            yield _at(
                "filler", Severity.WARNING, "There is text that only fills the room", text, found, where, line, ""
            )


def _at(
    rule: str, severity: Severity, title: str, text: str, found: re.Match[str], where: Where, line: int, hint: str
) -> Finding:
    at = line + text.count("\n", 0, found.start()) if line else 0
    return Finding(rule, severity, title, found[0], hint, where, at)


def _active(material: Material) -> Iterator[Finding]:
    for tag in material.tags:
        if tag.name in _ACTIVE:
            hint = "Mail clients take it away, and filters take it for an attack."
            yield Finding("active", Severity.WARNING, f"There is a <{tag.name}>", "", hint, Where.HTML, tag.line)
        elif tag.name == "meta" and (tag.get("http-equiv") or "").strip().lower() == "refresh":
            hint = "No mail client follows it; filters take it for an attack."
            yield Finding(
                "active", Severity.WARNING, "There is a <meta http-equiv=refresh>", "", hint, Where.HTML, tag.line
            )
        for one in tag.attributes:
            if _HANDLER.match(one.name):
                title = f"There is a script in {one.name}"
                hint = "Mail clients take it away, and filters take it for an attack."
                yield Finding("active", Severity.WARNING, title, "", hint, Where.HTML, one.line)
