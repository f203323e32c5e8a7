"""Why pages share a skeleton or do not, told by the lines of templates."""

from dataclasses import dataclass

from mailkit.template.skeleton import Explanation
from mailkit.template.trace import Slots

__all__ = ["Explained", "Pin", "explained"]


@dataclass(frozen=True, slots=True)
class Pin:
    """A value that has a say in the page: one skeleton is made for each of its forms. ``where`` says what it is in."""

    name: str
    line: int
    value: str
    where: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.value[:40]!r} stands in {self.where}"


@dataclass(frozen=True, slots=True)
class Explained:
    """Whether a page was filled into a skeleton; if not ``why``, with template and line where that is one line."""

    is_shared: bool
    why: str = ""
    pins: tuple[Pin, ...] = ()

    def __str__(self) -> str:
        if not self.is_shared:
            return f"Every page is inlined by itself: {self.why}."
        if not self.pins:
            return "One skeleton serves every page that takes the same path through the template."
        told = "\n".join(f"  {pin}" for pin in self.pins)
        return f"One skeleton serves every page with the same values at:\n{told}"


def explained(explanation: Explanation, slots: Slots) -> Explained:
    """Put the template's lines to what is known by the numbers of values."""
    places, values = slots.places or [], slots.values

    def place(number: int) -> tuple[str, int, str]:
        return (*places[number], values[number]) if number < len(places) else ("", 0, "the preheader")

    why = explanation.why
    if explanation.number is not None:
        name, line, _ = place(explanation.number)
        why = f"{name}:{line}: {why}" if line else f"the preheader: {why}"
    pins: dict[tuple[str, int, str], Pin] = {}
    for number, where in explanation.pinned:
        name, line, value = place(number)
        pins.setdefault((name, line, value), Pin(name, line, value, str(where)))
    return Explained(explanation.is_shared, why, tuple(pins.values()))
