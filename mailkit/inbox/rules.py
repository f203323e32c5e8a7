"""Faults on purpose: rules that refuse, delay or drop, so that an application shows how it takes that.

Rules are asked in their order; the first that fits acts. What one does depends on its own count and seed only, so that a
test sees the same every time.
"""

import hashlib
import itertools
import re
import shlex
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mailkit import clock
from mailkit.errors import ConfigError, ConnectError
from mailkit.smtp import Judgement, Later, Reply

__all__ = ["Moment", "Rule", "Rules"]


class Moment(StrEnum):
    """When a rule is asked."""

    CONNECT = "connect"
    EHLO = "ehlo"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    """After the message has come, before it is accepted."""
    ANY = "any"
    """At each of them."""


@dataclass(frozen=True)
class Rule:
    """One fault. ``match`` is an address, or a pattern with ``*``; at ``connect`` the client's, at ``ehlo`` its name.

    ``nth`` acts the nth time that it fits and at no other; ``every`` each so many times; ``times`` so often at most; ``rate`` by chance
    (0 to 1, seeded); ``per_second`` lets so many pass each second. The action is a ``code`` with its ``text``, ``drop`` (the connection
    is cut), or only a ``delay`` in seconds. ``greylist`` puts off whoever comes for the first time.

    >>> Rule("rcpt", match="*@example.com", code=452, nth=2).describe()
    'rcpt *@example.com: 452 4.5.0 Not now (the 2nd time)'
    """

    stage: Moment | str
    match: str = "*"
    code: int = 0
    text: str = ""
    delay: float = 0.0
    drop: bool = False
    greylist: bool = False
    nth: int = 0
    every: int = 0
    times: int = 0
    rate: float = 1.0
    per_second: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "stage", Moment(self.stage))
        except ValueError:
            raise ConfigError(f"{self.stage!r} is no stage", hint=f"There are {', '.join(Moment)}.") from None
        if self.greylist and not self.code:
            object.__setattr__(self, "code", 451)
        if self.per_second and not self.code:
            object.__setattr__(self, "code", 450)
        if self.code and not 400 <= self.code <= 599:
            raise ConfigError(f"{self.code} is no refusal", hint="4xx is for now, 5xx for good.")
        if not (self.code or self.drop or self.delay):
            raise ConfigError("a rule does something", hint="Give a code, drop or delay.")
        if (
            not 0 <= self.rate <= 1
            or self.delay < 0
            or min(self.nth, self.every, self.times) < 0
            or self.per_second < 0
        ):
            raise ConfigError("rate is from 0 to 1, and delay, nth, every, times and per_second are not negative")
        if re.search(r"[\r\n\0]", self.text):
            raise ConfigError("the text of a rule is one line")

    def reply(self) -> Reply:
        """Return the refusal."""
        code, _, words = _TEXTS.get(self.code, _OTHER[self.code // 100]).partition(" ")
        if _ENHANCED.match(self.text):
            return Reply.of(self.code, self.text)
        return Reply.of(self.code, f"{code} {self.text or words}")

    def verdict(self) -> Reply | None:
        """Return what it comes to once its delay is over. Raises ConnectError to cut the connection."""
        if self.drop:
            raise ConnectError(f"cut on purpose: {self.describe()}")
        return self.reply() if self.code else None

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read a rule from one line: the stage, a pattern, what it does, and when.

        What it does is a code with a text in quotes, or one of ``drop``, ``full``, ``greylist`` and ``delay=SECONDS``.

        >>> Rule.parse("rcpt *@example.com 452 'Not today' nth=2").describe()
        'rcpt *@example.com: 452 4.5.0 Not today (the 2nd time)'
        >>> Rule.parse("dot drop every=3").describe()
        'dot: cut the connection (every 3 times)'
        """
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ConfigError(f"the rule {text!r} cannot be read: {error}", hint=_SYNTAX) from None
        found: dict[str, Any] = {"stage": words.pop(0) if words else ""}
        for word in words:
            name, equals, value = word.partition("=")
            if re.fullmatch(r"[0-9]{3}", word):
                found["code"] = int(word)
            elif word in _WORDS:
                found |= _WORDS[word]
            elif equals and name in _NUMBERS:
                found[name] = _number(name, value)
            elif "code" in found and "text" not in found and not _PATTERN.search(word):
                found["text"] = word
            elif "match" not in found:
                found["match"] = word
            else:
                raise ConfigError(f"the rule {text!r} cannot be read at {word!r}", hint=_SYNTAX)
        return cls(**found)

    def describe(self) -> str:
        """Say what it does."""
        deeds = [f"wait {self.delay:g} s"] if self.delay else []
        deeds += ["cut the connection"] if self.drop else [str(self.reply())] if self.code else []
        when = [f"the {self.nth}{_ORDINALS.get(self.nth, 'th')} time"] if self.nth else []
        when += [f"every {self.every} times"] if self.every else []
        when += [f"{self.times} times at most"] if self.times else []
        when += [f"{self.rate:.0%} of the time"] if self.rate < 1 else []
        when += ["on the first try"] if self.greylist else []
        when += [f"beyond {self.per_second:g} a second"] if self.per_second else []
        where = f"{self.stage} {self.match}" if self.match != "*" else str(self.stage)
        return f"{where}: {' and '.join(deeds)}" + (f" ({', '.join(when)})" if when else "")


_MOST_GONE = 100  # rules that were taken away, and can still be counted
_SYNTAX = "Write, for example: rcpt *@example.com 452 'Not today' nth=2, or: dot drop every=3, or: any delay=0.5"
_WORDS: dict[str, dict[str, object]] = {
    "drop": {"drop": True},
    "greylist": {"greylist": True},
    "full": {"code": 452, "text": "4.2.2 The mailbox is full"},
}
_NUMBERS: dict[str, type] = {
    **dict.fromkeys(("nth", "every", "times", "seed"), int),
    **dict.fromkeys(("delay", "rate", "per_second"), float),
}
_PATTERN = re.compile(r"^\S*[*@]\S*$")  # what is no text of a reply, wherever it stands
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3} ")
_TEXTS = {
    421: "4.3.2 Service not available",
    450: "4.7.0 Too many at once",
    451: "4.7.1 Greylisted; try again later",
    452: "4.5.0 Not now",
    535: "5.7.8 User or password not accepted",
    550: "5.1.1 No such user",
    552: "5.2.2 The mailbox is full",
}
_OTHER = {4: "4.0.0 Not now", 5: "5.0.0 No"}
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def _number(name: str, value: str) -> object:
    try:
        return _NUMBERS[name](value)
    except ValueError:
        raise ConfigError(f"{name}={value} is no number", hint=_SYNTAX) from None


@dataclass
class _State:
    """What a rule remembers."""

    number: int
    rule: Rule
    pattern: re.Pattern[str]
    fitted: int = 0
    acted: int = 0
    seen: set[tuple[str, ...]] = field(default_factory=set)
    passed: list[float] = field(default_factory=list)


class Rules:
    """The rules of a server, in their order. Safe to change while it runs."""

    def __init__(self, *rules: Rule) -> None:
        self._lock = threading.Lock()
        self._states: list[_State] = []
        self._gone: deque[_State] = deque(maxlen=_MOST_GONE)
        self._numbers = itertools.count(1)
        for rule in rules:
            self.add(rule)

    def __bool__(self) -> bool:
        return bool(self._states)

    def __iter__(self) -> Iterator[Rule]:
        return iter([state.rule for state in self._states])

    def numbered(self) -> dict[int, Rule]:
        """Return the rules by their numbers: one keeps its own while it is there, and no other gets it later."""
        return {state.number: state.rule for state in self._states}

    def add(self, rule: Rule) -> Rule:
        """Put a rule behind the others."""
        pattern = re.compile(".*".join(map(re.escape, rule.match.split("*"))), re.IGNORECASE)
        with self._lock:
            state = _State(next(self._numbers), rule, pattern)
            self._states = [*self._states, state]
        return rule

    def remove(self, rule: Rule) -> None:
        """Take a rule away. One that is not there is none."""
        with self._lock:
            self._gone.extend(state for state in self._states if state.rule is rule)
            self._states = [state for state in self._states if state.rule is not rule]

    def count(self, rule: Rule) -> int:
        """Return how often a rule has acted, also one that was taken away lately."""
        return next((state.acted for state in (*self._states, *self._gone) if state.rule is rule), 0)

    def ask(self, stage: Moment, *subjects: str) -> Judgement:
        """Return what a stage comes to: None when no rule acts. Raises ConnectError to cut the connection."""
        rule = self._acting(stage, subjects) if self._states else None
        if rule is None:
            return None
        return Later(rule.delay, rule.verdict) if rule.delay else rule.verdict()

    def _acting(self, stage: Moment, subjects: tuple[str, ...]) -> Rule | None:
        with self._lock:
            for state in self._states:
                if (
                    state.rule.stage in (stage, Moment.ANY)
                    and any(map(state.pattern.fullmatch, subjects))
                    and self._acts(state, subjects)
                ):
                    state.acted += 1
                    return state.rule
        return None

    def _acts(self, state: _State, subjects: tuple[str, ...]) -> bool:
        rule = state.rule
        state.fitted += 1
        if rule.times and state.acted >= rule.times:
            return False
        if (rule.nth and state.fitted != rule.nth) or (rule.every and state.fitted % rule.every):
            return False
        if rule.greylist:
            if subjects in state.seen:
                return False
            state.seen.add(subjects)
        if rule.per_second:
            now = clock.monotonic()
            state.passed = [moment for moment in state.passed if now - moment < 1]
            if len(state.passed) < rule.per_second:
                state.passed.append(now)
                return False
        return rule.rate >= 1 or _chance(rule.seed, state.fitted) < rule.rate


def _chance(seed: int, number: int) -> float:
    """A number from 0 to 1: the same each time for the same seed, on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:4]) / 2**32
