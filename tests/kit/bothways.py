"""One template, rendered with and without skeletons, more than once: it must be the same every time."""

from collections.abc import Mapping
from typing import Any

from mailkit import Templates
from mailkit.errors import MailkitError
from mailkit.template import Rendered


def both(
    where: Any, name: str, data: Mapping[str, Any] | None = None, *, locale: str | None = None, **options: Any
) -> Rendered:
    """Return what all renderings have in common, or fail. The third one finds what the first two left behind."""
    made = []
    for skeletons in (True, False):
        templates = Templates(where, skeletons=skeletons, **options)
        made += [templates.render(name, data, locale=locale) for _ in range(3)]
    for number, one in enumerate(made[1:], start=1):
        for what in ("headers", "text", "html", "embedded", "calendar"):
            _compare(str(getattr(made[0], what)), str(getattr(one, what)), f"{what} of rendering {number}")
    return made[0]


def _compare(wanted: str, found: str, what: str) -> None:
    if wanted != found:
        at = next((n for n, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b), -1)
        raise AssertionError(
            f"{what} differs: {wanted[max(at - 40, 0) : at + 40]!r} {found[max(at - 40, 0) : at + 40]!r}"
        )


def both_refuse(
    where: Any, name: str, data: Mapping[str, Any] | None = None, *, locale: str | None = None, **options: Any
) -> MailkitError:
    """Return the error that all renderings raise, or fail."""
    made: list[MailkitError] = []
    for skeletons in (True, False):
        templates = Templates(where, skeletons=skeletons, **options)
        for _ in range(2):
            try:
                page = templates.render(name, data, locale=locale)
            except MailkitError as error:
                made.append(error)
            else:
                raise AssertionError(f"rendered: {page}")
    assert len({(type(error), str(error), error.hint) for error in made}) == 1, made
    return made[0]
