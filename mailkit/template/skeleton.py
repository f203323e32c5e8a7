"""Skeletons: the expensive steps once for each structure of a page, the values afterwards.

Theory of operation. A rendering comes as a skeleton with tokens (:mod:`~mailkit.template.trace`). The skeleton is
finished once: CSS inlined, plain text made. Then each message is its skeleton's literal pieces with its own values
between them, each value written as the inliner writes it at that place.

That is the same as finishing every message by itself only where no value has a say in the work. So: a value that stands
in a class, a style sheet, a tag and the like is *pinned*: it becomes a part of the skeleton, which is finished once for
each value that occurs there. A message with a character that parsers change is finished by itself, and so is each one
of a structure whose pinned values never come twice.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

from mailkit.errors import MessageError
from mailkit.template.dialect import DIALECTS, NotPlain, Write, escaped, flowing, lxml_address, same, verbatim
from mailkit.template.finish import Finished, Finisher
from mailkit.template.plaintext import read_page, write_link
from mailkit.template.probe import speaks
from mailkit.template.scan import Where, asks_for_attributes, asks_for_text, find_slots
from mailkit.template.slot import MARK, TOKEN
from mailkit.template.trace import Slots

__all__ = ["Explanation", "Skeletons", "Statistics"]

_ANY_TOKEN = re.compile(rf"{MARK}([0-9]+)([xyz])")
# What parsers drop, replace or normalise, or what XML has no place for.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]|[^\x00-\uffff](?<=[\ufffe\uffff])"
)
_VARIANTS = 64  # of one structure, with different pinned values, before its messages are finished one by one
_ENTRIES = 512
_UNKNOWN = "nothing is known about how this inliner writes values"
_CHARACTERS = 32_000_000


@dataclass(frozen=True, slots=True)
class Statistics:
    """How often work was shared. ``hits`` are messages that were filled into a skeleton that was there already,
    ``fallbacks`` messages that were finished by themselves."""

    skeletons: int = 0
    hits: int = 0
    fallbacks: int = 0

    def __sub__(self, other: "Statistics") -> "Statistics":
        return Statistics(self.skeletons - other.skeletons, self.hits - other.hits, self.fallbacks - other.fallbacks)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one rendering. ``pinned`` are (number of the value, where it stands); ``number`` is that of the
    value for which it was not shared."""

    is_shared: bool
    why: str = ""
    pinned: tuple[tuple[int, Where], ...] = ()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Text with values in it. ``pieces`` has a gap at every second place; the value at place ``2 * i + 1`` is number
    ``numbers[i]``, written by ``writers[i]``. Links have numbers below zero, for they stand behind the values."""

    pieces: tuple[str, ...]
    numbers: tuple[int, ...]
    writers: tuple[Write, ...]

    def fill(self, values: Sequence[str]) -> str:
        made = list(self.pieces)
        try:
            made[1::2] = [write(values[number]) for write, number in zip(self.writers, self.numbers, strict=True)]
        except NotPlain as error:
            error.number = self._refused(values)
            raise
        return "".join(made)

    def _refused(self, values: Sequence[str]) -> int | None:
        for write, number in zip(self.writers, self.numbers, strict=True):
            try:
                write(values[number])
            except NotPlain:
                return number
        return None


def _taken_apart(text: str, writer: Callable[[str, int], Write]) -> _Pieces:
    """``writer`` is asked for each token, by its last letter and by how many came before; ``x`` ends that of a link."""
    found = _ANY_TOKEN.split(text)
    pieces = list(chain.from_iterable((piece, "") for piece in found[::3]))[:-1]
    numbers = tuple(
        ~int(number) if letter == "x" else int(number) for number, letter in zip(found[1::3], found[2::3], strict=True)
    )
    writers = tuple(writer(letter, index) for index, letter in enumerate(found[2::3]))
    return _Pieces(tuple(pieces), numbers, writers)


class _Text:
    """The plain text of a skeleton: values, and links whose address is left out where their words say it."""

    def __init__(self, html: str, *, is_lxml: bool) -> None:
        text, unwritten = read_page(html)
        address: Write = lxml_address if is_lxml else same
        self._links = [
            (_taken_apart(shown, _as_text), _taken_apart(target, lambda letter, index: address))
            for shown, target in unwritten
        ]
        self._pieces = _taken_apart(text, _as_text)

    def fill(self, values: Sequence[str]) -> str:
        said = [*values, *[""] * len(self._links)]
        for number, (shown, target) in enumerate(self._links):  # one within another comes before it
            words = shown.fill(said)
            said[~number] = write_link(words, target.fill(said))
            if not words and not said[~number]:
                raise NotPlain("a link that goes nowhere, on a line of its own")
        return self._pieces.fill(said)


def _as_text(letter: str, index: int) -> Write:
    return same if letter == "x" else verbatim if letter == "y" else flowing


@dataclass(frozen=True, slots=True)
class _Ready:
    """A skeleton that has been finished."""

    html: _Pieces
    text: _Text | None
    size: int


_Key: TypeAlias = tuple[str, int | None, bool]
"""A skeleton, the number of the preheader among the values, and whether text is wanted."""


@dataclass(slots=True)
class _Pinned:
    """A skeleton in which some values have a say: one more is made for each of those that occur."""

    pins: tuple[tuple[int, Where], ...]
    pieces: tuple[str, ...]
    numbers: tuple[int, ...]
    size: int
    variants: set[int] = field(default_factory=set)

    def narrowed(self, values: Sequence[str]) -> str:
        """Return the skeleton with the pinned values in their places."""
        pinned = {number for number, _ in self.pins}
        made = list(self.pieces)
        made[1::2] = [escaped(values[number]) if number in pinned else f"{MARK}{number}z" for number in self.numbers]
        return "".join(made)


class Skeletons:
    """Finishes renderings, and remembers the skeletons. Safe to share between threads; memory is bounded."""

    def __init__(self, finisher: Finisher) -> None:
        self._finisher = finisher
        self._dialect = DIALECTS.get(finisher.dialect)
        self._lock = threading.Lock()
        self._entries: OrderedDict[_Key, _Ready | _Pinned] = OrderedDict()
        self._size = 0
        self._made = self._hits = self._fallbacks = 0

    @property
    def statistics(self) -> Statistics:
        with self._lock:
            return Statistics(self._made, self._hits, self._fallbacks)

    def finish(
        self,
        skeleton: str,
        slots: Slots,
        *,
        preheader: str = "",
        text: str | None = None,
        convert: Callable[[str], str] | None = None,
    ) -> tuple[Finished, Explanation]:
        """Return the bodies of the message that ``skeleton`` and what is in its slots make.

        ``convert`` makes HTML of a skeleton in another markup.
        """
        preheader = preheader.strip()
        said = [*slots.values, preheader] if preheader else slots.values
        number = None
        if self._dialect is None:
            why = _UNKNOWN
        elif odd := _ODD.search("\x20".join(said)):
            why = f"the data holds U+{ord(odd[0]):04X}, which parsers change"
            number = next(index for index, value in enumerate(said) if odd[0] in value)
        else:
            try:
                number_of_preheader = len(slots.values) if preheader else None
                return self._shared(skeleton, slots, said, number_of_preheader, text, convert)
            except NotPlain as error:
                why, number = str(error), error.number
        html = slots.filled(skeleton)
        finished = self.alone(convert(html) if convert else html, preheader=preheader, text=text)
        return finished, Explanation(False, why, number=number)

    def alone(self, html: str, *, preheader: str = "", text: str | None = None) -> Finished:
        """Finish one message by itself."""
        with self._lock:
            self._fallbacks += 1
        return self._finisher.finish(html, preheader=preheader, text=text)

    def _shared(
        self,
        skeleton: str,
        slots: Slots,
        values: Sequence[str],
        preheader: int | None,
        text: str | None,
        convert: Callable[[str], str] | None,
    ) -> tuple[Finished, Explanation]:
        pins: tuple[tuple[int, Where], ...] = ()
        is_hit = True
        while True:
            key = (skeleton, preheader, text is None)
            entry = self._recall(key)
            if entry is None:
                is_hit = False
                entry = self._make(slots.whole(skeleton), preheader, text is None, convert)
                self._remember(key, entry)
            if isinstance(entry, _Ready):
                break
            pins += entry.pins
            skeleton = entry.narrowed(values)
            variant = hash(skeleton)
            if variant not in entry.variants:
                if len(entry.variants) >= _VARIANTS:
                    number, where = entry.pins[0]
                    raise NotPlain(f"a value in {where} has come in more than {_VARIANTS} forms", number)
                with self._lock:
                    entry.variants.add(variant)
        html = entry.html.fill(values)
        made = text if text is not None else entry.text.fill(values) if entry.text else ""
        with self._lock:
            if is_hit:
                self._hits += 1
            else:
                self._made += 1
        return Finished(html, made), Explanation(True, "", pins)

    def _make(
        self, source: str, preheader: int | None, wants_text: bool, convert: Callable[[str], str] | None
    ) -> _Ready | _Pinned:
        """Finish a skeleton, or find which of its values have a say in that."""
        spoken = self._dialect
        if spoken is None:  # another thread has just found out
            raise NotPlain(_UNKNOWN)
        skeleton = source
        if convert:
            try:
                skeleton = convert(source)
            except MessageError:  # for a token, or for the markup itself: with the values in it, that is told apart
                if not (inside := _in_tags(source)):
                    raise
                return _pinned(source, inside)
        is_selected = asks_for_attributes(skeleton)
        pins: dict[int, Where] = {}
        before: dict[int, Where] = {}
        known: set[tuple[int, Where]] = set()  # Markdown writes one value in two places
        for number, where in find_slots(skeleton):
            before[number] = where
            known.add((number, where))
            if not where.is_plain or (is_selected and where is not Where.COMMENT and where is not Where.TEXT):
                pins.setdefault(number, where)
        if convert:
            pins |= {number: Where.OTHER for number in _numbers(source) if number not in before}
        if asks_for_text(skeleton):
            pins = before
        if pins:
            return _pinned(source, pins)
        stand_in = f"{MARK}{preheader}z" if preheader is not None else ""
        finished = self._finisher.finish(skeleton, preheader=stand_in, text=None if wants_text else "")
        html = finished.html
        after = list(find_slots(html))
        found = {number for number, _ in after}
        lost = {number: where for number, where in before.items() if number not in found}
        moved = {
            number: where
            for number, where in after
            if not where.is_plain or (number in before and (number, where) not in known)
        }
        if whole := lost | moved:
            if preheader in whole or any(number not in before for number in whole):
                raise NotPlain("the inliner has moved a value")
            return _pinned(source, whole)
        is_inlined = self._finisher.inlines(skeleton)
        if is_inlined and self._finisher.inliner and not speaks(self._finisher.inliner, self._finisher.dialect):
            self._dialect = None  # from now on each message is finished by itself
            raise NotPlain(_UNKNOWN)
        dialect = spoken if is_inlined else DIALECTS["none"]
        apart = _taken_apart(html, lambda letter, index: dialect[after[index][1]])
        is_lxml = is_inlined and self._finisher.dialect == "premailer"
        text = _Text(html, is_lxml=is_lxml) if wants_text else None
        return _Ready(apart, text, len(skeleton) + len(html) + len(finished.text))

    def _recall(self, key: _Key) -> _Ready | _Pinned | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def _remember(self, key: _Key, entry: _Ready | _Pinned) -> None:
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = entry
            self._size += entry.size
            while self._entries and (self._size > _CHARACTERS or len(self._entries) > _ENTRIES):
                self._size -= self._entries.popitem(last=False)[1].size


_TAG = re.compile(r"<[^>]*>")


def _numbers(text: str) -> Iterator[int]:
    return (int(token[1]) for token in TOKEN.finditer(text))


def _in_tags(source: str) -> dict[int, Where]:
    return {number: Where.OTHER for tag in _TAG.finditer(source) for number in _numbers(tag[0])}


def _pinned(skeleton: str, pins: dict[int, Where]) -> _Pinned:
    found = TOKEN.split(skeleton)
    pieces = list(chain.from_iterable((piece, "") for piece in found[::2]))[:-1]
    return _Pinned(tuple(sorted(pins.items())), tuple(pieces), tuple(map(int, found[1::2])), 2 * len(skeleton))
