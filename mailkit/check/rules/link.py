"""Where links lead: nowhere, to the developer's machine, or elsewhere than they say."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from mailkit.check.finding import Finding, Severity, Where
from mailkit.check.rules.material import Link, Material

__all__ = ["links"]

_LONG = 2000  # characters; beyond that some clients cut it
_LOCAL = ("localhost", "local", "internal", "lan", "test", "localdomain")
_EXAMPLES = ("example", "invalid", "example.com", "example.org", "example.net")
_SHORTENERS = (
    *("bit.ly", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "ow.ly", "rb.gy", "rebrand.ly", "shorturl.at", "t.co"),
    *("tiny.cc", "tinyurl.com", "v.gd"),
)
_SHOWN_ADDRESS = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,24})(?:[/:?#]\S*)?", re.IGNORECASE)
_SCHEMES = ("http", "https", "mailto", "tel", "sms", "cid")


def links(material: Material) -> Iterator[Finding]:
    """Each link of the HTML."""
    for link in material.links:
        yield from _link(link)


def _found(link: Link, rule: str, severity: Severity, title: str, hint: str) -> Finding:
    return Finding(rule, severity, title, link.target[:200], hint, Where.HTML, link.line)


def _link(link: Link) -> Iterator[Finding]:
    target = link.target
    if target in ("", "#") or target.lower().startswith("javascript:"):
        yield _found(
            link, "dead-link", Severity.ERROR, "A link leads nowhere", "Give it the address that it is meant to have."
        )
        return
    if not link.text:
        hint = "Give it a text, or its image an alt: screen readers read out the address otherwise."
        yield _found(link, "unnamed-link", Severity.WARNING, "A link says nothing", hint)
    if target.startswith("#"):
        return
    try:
        parts = urlsplit(target)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        yield _found(link, "broken-link", Severity.ERROR, "A link is no address", "Browsers will not open it.")
        return
    if not parts.scheme:
        yield _found(
            link, "relative-link", Severity.ERROR, "A link has no site", "A mail has no base: begin with https://."
        )
    elif parts.scheme not in _SCHEMES:
        hint = "Many clients take away what is not https:, mailto: or tel:."
        yield _found(link, "strange-link", Severity.WARNING, f"A link is for {parts.scheme}:", hint)
    elif parts.scheme in ("http", "https"):
        yield from _site(link, parts, host)


def _site(link: Link, parts: SplitResult, host: str) -> Iterator[Finding]:
    if not host:
        yield _found(link, "broken-link", Severity.ERROR, "A link has no site", "Browsers will not open it.")
        return
    if _is_local(host):
        hint = "Set the address of the site for mails that go out."
        yield _found(link, "local-link", Severity.ERROR, "A link leads into your own network", hint)
    elif _is_below(host, _EXAMPLES):
        yield _found(
            link, "example-link", Severity.WARNING, "A link leads to an example", "No site will ever be there."
        )
    elif _is_ip(host):
        yield _found(
            link, "address-link", Severity.WARNING, "A link has an IP address", "Use a name: filters distrust it."
        )
    elif host in _SHORTENERS:
        hint = "Link to your own domain: filters distrust what hides its target."
        yield _found(link, "short-link", Severity.WARNING, "A link goes by a shortener", hint)
    elif parts.scheme == "http":
        yield _found(link, "plain-link", Severity.NOTE, "A link is not encrypted", "Use https://.")
    if "@" in parts.netloc:
        hint = "Readers take what stands before the @ for the site; filters take it for phishing."
        yield _found(link, "disguised-link", Severity.WARNING, "A link has a user name before its site", hint)
    shown = _SHOWN_ADDRESS.fullmatch(link.text)
    if shown and not _is_same_site(shown[1].lower(), host):
        title = f"A link says {shown[1]} and leads to {host}"
        hint = "Let it say what it is for; filters and readers take this for phishing."
        yield _found(link, "disguised-link", Severity.WARNING, title, hint)
    if len(link.target) > _LONG:
        yield _found(
            link, "long-link", Severity.NOTE, f"A link has {len(link.target)} characters", "Some clients cut it."
        )


def _is_below(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


def _is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return _is_below(host, _LOCAL) or "." not in host
    return address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified


def _is_ip(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _is_same_site(one: str, other: str) -> bool:
    """Whether both belong together: click.shop.example serves shop.example, and www is not said."""
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
