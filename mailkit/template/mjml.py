"""MJML: markup for mail that is compiled to HTML tables (https://mjml.io), by mrml.

It runs after Jinja, once for each structure of a page like the rest. ``mj-include`` finds nothing: Jinja's own
``{% include %}`` and ``{% extends %}`` stay inside the template folders.
"""

import re

from mailkit.errors import ConfigError, MessageError

__all__ = ["compile_mjml"]

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
    try:
        return str(mrml.to_html(source.strip()).content)
    except OSError as error:
        text = str(error)
        near = ""
        if found := _PLACE.search(text):
            start = max(int(found[1]) - 30, 0)
            near = f" near {' '.join(source.strip()[start : int(found[2]) + 30].split())!r}"
        problem = _PLACE.sub("", text).removesuffix(" in root template")
        raise MessageError(f"{problem}{near}", field="MJML", hint="Every element is closed: <mj-divider />.") from None
