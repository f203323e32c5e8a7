"""MJML: markup for mail that is compiled to HTML tables (https://mjml.io), by mrml.

It runs after Jinja, once for each structure of a page like the rest. ``mj-include`` finds nothing: Jinja's own
``{% include %}`` and ``{% extends %}`` stay inside the template folders.
"""

import re

from mailkit.errors import ConfigError, MessageError
from mailkit.template.slot import MARK, TOKEN

__all__ = ["compile_mjml"]

# mrml writes attributes as Rust does for debugging: a backslash twice, a line break as \n, a no-break space as \u{a0}.
# The title is written into an attribute too.
_TITLE = re.compile(r"(<mj-title\b[^>]*>)(.*?)(?=</mj-title)", re.DOTALL)
_QUOTED = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*')*>""")
_VALUE = re.compile(r"""\"[^\"]*\"|'[^']*'""")
_CHANGED = re.compile(r"[^ !#-\[\]-~]")
_STAND_IN = re.compile(f"{MARK}([0-9]+)w")
_PLACE = re.compile(r" in root template at position (\d+):(\d+)")


def compile_mjml(source: str) -> str:
    """Return the HTML of MJML. Raises MessageError for what cannot be compiled."""
    try:
        import mrml
    except ImportError:
        raise ConfigError(
            "MJML needs another package", hint="Install it: pip install 'mailkit-compose[mjml]'."
        ) from None
    if "<mj-include" in source:
        raise MessageError(
            "mj-include is not followed",
            field="MJML",
            hint='Write {% include "…" %}, which stays in the template folders.',
        )
    shielded = _TITLE.sub(lambda found: found[1] + _CHANGED.sub(_stand_in, found[2]), source.strip())
    shielded = _QUOTED.sub(_shielded, shielded)
    try:
        return _whole(str(mrml.to_html(shielded).content))
    except OSError as error:
        text = str(error)
        near = ""
        if found := _PLACE.search(text):
            at, end = int(found[1]), int(found[2])
            words = _readable(shielded, 0, at)[-30:] + _readable(shielded, at)[: end - at + 30]
            near = f" near {' '.join(words.split())!r}"
        problem = _PLACE.sub("", text).removesuffix(" in root template")
        raise MessageError(f"{problem}{near}", field="MJML", hint="Every element is closed: <mj-divider />.") from None


def _shielded(tag: re.Match[str]) -> str:
    """A tag with stand-ins of letters in its quotes for what would be written in another way."""
    return _VALUE.sub(lambda value: f'"{_CHANGED.sub(_stand_in, value[0][1:-1])}"', tag[0])


def _whole(html: str) -> str:
    return _STAND_IN.sub(lambda found: chr(int(found[1])).replace('"', "&quot;"), html)


def _readable(source: str, start: int, end: int | None = None) -> str:
    return TOKEN.sub("…", _whole(source.encode()[start:end].decode(errors="ignore")))


def _stand_in(found: re.Match[str]) -> str:
    return f"{MARK}{ord(found[0])}w"
