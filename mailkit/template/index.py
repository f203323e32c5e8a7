"""Which of the files in the template places are templates of messages, and in which languages each one is."""

import re
from collections.abc import Callable, Iterable

from mailkit.template import language, source

__all__ = ["LANGUAGE", "main_templates", "samples_beside", "variants"]

LANGUAGE = re.compile("[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
"""A language in the name of a file, as in ``receipt.de-AT.html``."""

_USED = re.compile(r"""\{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)["']""")
_LAYOUT = re.compile(r"^layout:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(r"^subject:", re.IGNORECASE | re.MULTILINE)
_PARTS = frozenset(("layouts", "partials", "includes", "macros"))


def variants(name: str, names: Iterable[str]) -> list[str]:
    """Return the languages into which a template is translated, in their order."""
    stem, _, ending = name.rpartition(".")
    variant = re.compile(rf"{re.escape(stem)}\.({LANGUAGE.pattern})\.{re.escape(ending)}")
    return sorted(language.tag(found[1]) for other in names if (found := variant.fullmatch(other)))


def samples_beside(name: str) -> tuple[str, str]:
    """Return the names that its sample data may have: for ``receipt.de.html`` that of the original is the second."""
    stem = name.rpartition(".")[0]
    return f"{stem}.sample.json", f"{stem.rpartition('.')[0]}.sample.json"


def main_templates(names: Iterable[str], read: Callable[[str], bytes | None]) -> list[str]:
    """Return the templates that make messages: no translations of others, no text parts, and no layouts and parts.

    A file that others extend, include or import makes one only when it has a subject or sample data of its own, and so does one
    in a folder for layouts or parts.
    """
    there = set(names)
    texts = {
        name: (read(name) or b"").decode("utf-8", "replace")
        for name in there
        if source.is_page(name) or name.endswith(".txt")
    }
    used = {part for text in texts.values() for pattern in (_USED, _LAYOUT) for part in pattern.findall(text)}

    def is_part(name: str) -> bool:
        folders = name.split("/")
        return name in used or any(one.startswith("_") for one in folders) or not _PARTS.isdisjoint(folders[:-1])

    def is_main(name: str) -> bool:
        stem, _, ending = name.rpartition(".")
        base, _, suffix = stem.rpartition(".")
        if LANGUAGE.fullmatch(suffix) and f"{base}.{ending}" in there:
            return False
        if ending == "txt" and any(
            f"{one}.{page}" in there for one in (stem, base) for page in ("html", "htm", "mjml", "md")
        ):
            return False
        has_own = _SUBJECT.search(texts[name].partition("\n\n")[0]) or f"{stem}.sample.json" in there
        return bool(has_own) or not is_part(name)

    return sorted(filter(is_main, texts))
