"""Whether an inliner, in the version that is installed, writes values as mailkit knows it: tried once before it is relied on."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from mailkit.template.dialect import DIALECTS, NotPlain, Write, escaped
from mailkit.template.scan import Where
from mailkit.template.slot import MARK

__all__ = ["speaks"]

_PLACES = (Where.TEXT, Where.ATTRIBUTE, Where.LINK, Where.COMMENT)
_PAGE = (
    "<!doctype html><html><head><style>p {{ color: red }} a:hover {{ color: blue }}</style></head>"
    '<body><p title="{1}">a {0} b</p><a href="https://x.example/{2}">x</a><!-- {3} --></body></html>'
)
_VALUES = (
    "plain",
    "Zoë & <Söhne> 'x' > y",
    '"quoted"',
    "a\u00a0b",
    "ü?a=1&b=%20ß#z",
    "it's 100% / 50;",
    "&amp; &#39; &nope;",
    "😀 ٣ \u2028 \u200d",
)


@lru_cache(maxsize=8)
def speaks(inline: Callable[[str], str], dialect: str) -> bool:
    """Whether values put into a finished page come out as those that have been through ``inline``."""
    writers = DIALECTS[dialect]
    finished = inline(_PAGE.format(*(f"{MARK}{number}z" for number in range(len(_PLACES)))))
    for value in _VALUES:
        shown = [value if _is_written(writers, place, value) else "x" for place in _PLACES]
        filled = finished
        for number, (place, said) in enumerate(zip(_PLACES, shown, strict=True)):
            filled = filled.replace(f"{MARK}{number}z", writers[place](said))
        if filled != inline(_PAGE.format(*map(escaped, shown))):
            return False
    return True


def _is_written(writers: Mapping[Where, Write], place: Where, value: str) -> bool:
    try:
        writers[place](value)
    except NotPlain:
        return False
    return True
