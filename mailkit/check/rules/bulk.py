"""What Gmail, Yahoo and the law ask of who writes to many: a way out that works with one click (RFC 8058)."""

import re
from collections.abc import Iterator

from mailkit.check.finding import Finding, Severity, Where
from mailkit.check.rules.material import Material

__all__ = ["bulk"]

_WAY_OUT = re.compile(
    r"unsubscri|opt[ -]?out|abmeld|abbestell|austragen|désabonn|désinscri|darse de baja|cancelar suscripción"
    r"|disiscri|uitschrijven|avprenumerera|odhlásit|wypisz",
    re.IGNORECASE,
)
_URI = re.compile(r"<\s*([^<>\s]{1,2000})\s*>")


def bulk(material: Material) -> Iterator[Finding]:
    """The fields of a mailing, and the link in its body."""
    headers = material.message.headers
    said = headers.get("List-Unsubscribe", "")
    shown = _is_shown(material)
    if not said:
        if shown or "List-Id" in headers or headers.get("Precedence", "").strip().lower() in ("bulk", "list"):
            hint = "Give one with https: and one-click; Gmail and Yahoo refuse mailings without it."
            yield _found("no-unsubscribe", Severity.WARNING, "A mailing has no List-Unsubscribe", hint)
        return
    addresses = [one.lower() for one in _URI.findall(said)]
    if not any(one.startswith("https:") for one in addresses):
        hint = "Give an https: address, so that one click is enough (RFC 8058)."
        yield _found("unsubscribe-address", Severity.WARNING, "List-Unsubscribe has no https: address", hint, said)
    elif headers.get("List-Unsubscribe-Post", "").replace(" ", "").lower() != "list-unsubscribe=one-click":
        hint = "Add List-Unsubscribe-Post: List-Unsubscribe=One-Click (RFC 8058); Gmail and Yahoo ask for it."
        yield _found("no-one-click", Severity.WARNING, "Unsubscribing takes more than one click", hint)
    if not shown and (material.text or material.html) and not material.is_cut:
        hint = "Put a link into the footer: not every client shows the button that the field gives."
        yield Finding("unsubscribe-hidden", Severity.WARNING, "The body has no way to unsubscribe", hint=hint)


def _found(rule: str, severity: Severity, title: str, hint: str, detail: str = "") -> Finding:
    return Finding(rule, severity, title, detail, hint, Where.HEADERS)


def _is_shown(material: Material) -> bool:
    """Whether readers find a way out in the body: a link that says so or leads there, or words in the text."""
    for link in material.links:
        if _WAY_OUT.search(link.text) or _WAY_OUT.search(link.target):
            return True
    return bool(_WAY_OUT.search(material.text))
