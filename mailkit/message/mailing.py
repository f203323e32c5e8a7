"""The List- family of headers: what a mailing list says about itself (RFC 2369, RFC 2919, RFC 8058)."""

from collections.abc import Iterator
from urllib.parse import quote

from mailkit.errors import HeaderError
from mailkit.message.address import addresses

__all__ = ["list_id", "target", "unsubscribe_headers"]


def unsubscribe_headers(*, url: str, mailto: str) -> Iterator[tuple[str, str]]:
    """Yield List-Unsubscribe, and for an https URL the field that makes it one click (RFC 8058 3.1)."""
    targets = [target(given, name="List-Unsubscribe") for given in (url, mailto and _mailto(mailto)) if given]
    if not targets:
        raise HeaderError("give a url, a mailto, or both", name="List-Unsubscribe")
    yield "List-Unsubscribe", ", ".join(targets)
    if url.startswith("https:"):
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"


def target(uri: str, *, name: str) -> str:
    """Return a URI in the angle brackets that the List- fields want. A bare address becomes a ``mailto:``."""
    if ":" not in uri and "@" in uri:
        uri = _mailto(uri)
    if uri.startswith("mailto:"):
        address, _, query = uri.removeprefix("mailto:").partition("?")
        found = addresses(address, field="mailto")
        if len(found) != 1 or any(character in query for character in " <>") or not query.isascii():
            raise HeaderError(
                f"{uri!r} is not a mailto URI for this header", name=name, hint="Percent-encode what follows the '?'."
            )
        # No quote() over the query: it is a URI part already (RFC 6068 2).
        return f"<mailto:{quote(found[0].wire, safe='@+')}{'?' + query if query else ''}>"
    if (
        not uri.startswith(("https://", "http://"))
        or any(character in uri for character in " <>,")
        or not uri.isascii()
    ):
        raise HeaderError(
            f"{uri!r} is not a URL for this header", name=name, hint="Give an https:// URL, percent-encoded."
        )
    return f"<{uri}>"


def list_id(identifier: str, *, title: str = "") -> str:
    """Return the value of List-Id (RFC 2919 3): a title, and a name like a domain in angle brackets."""
    bare = identifier.strip("<>")
    if not bare.isascii() or "." not in bare or any(character in bare for character in " \t<>@"):
        raise HeaderError(
            f"{identifier!r} is not a list id", name="List-Id", hint="Write it like a domain: news.example.com."
        )
    if not title:
        return f"<{bare}>"
    if not title.isascii():
        raise HeaderError("the title of a list id takes only ASCII here", name="List-Id")
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{bare}>'


def _mailto(address: str) -> str:
    return address if address.startswith("mailto:") else f"mailto:{address}"
