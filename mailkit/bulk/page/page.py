"""The page: what is on it, and in which words."""

import hashlib
import shlex
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from mailkit import clock
from mailkit.bulk.journal import Journal, Line, Portion
from mailkit.bulk.page.chart import chart_of
from mailkit.bulk.page.moment import DAY, clock_time, duration, full, is_one_day, local
from mailkit.bulk.page.reason import reasons_of
from mailkit.bulk.report import Report, report_on
from mailkit.bulk.state import State

__all__ = ["write_page"]

_ROWS = 10_000  # recipients on the page: a browser still opens it at once
_PROVIDERS = 25


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the six things that can have become of a recipient."""

    name: str
    label: str
    about: str
    states: tuple[State, ...]
    is_always_told: bool = True
    """Whether it has a column even where nobody is in it."""

    def of(self, counts: dict[State, int]) -> int:
        return sum(counts.get(state, 0) for state in self.states)


_KINDS = (
    _Kind("sent", "Sent", "taken by the relay", (State.SENT,)),
    _Kind("deferred", "Deferred", "put off, and tried again", (State.DEFERRED,)),
    _Kind("failed", "Failed", "refused, or given up", (State.FAILED, State.SKIPPED, State.EXPIRED)),
    _Kind("suppressed", "Suppressed", "never written to", (State.SUPPRESSED,), is_always_told=False),
    _Kind("doubt", "In doubt", "may have arrived", (State.IN_DOUBT,)),
    _Kind(
        *("pending", "Not yet sent", "waiting for their turn", (State.PENDING, State.CLAIMED, State.DOT)),
        is_always_told=False,
    ),
)
_KIND_OF = {state: kind.name for kind in _KINDS for state in kind.states}
_LABELS = {
    State.PENDING: "Not yet sent",
    State.CLAIMED: "Being sent",
    State.DOT: "Being sent",
    State.FAILED: "Refused",
}
# Problems come first, the ones that somebody has to decide about before the others.
_FIRST = (
    (State.IN_DOUBT,),
    (State.FAILED, State.SKIPPED, State.EXPIRED),
    (State.DEFERRED,),
)
_PROVIDER_NAMES = {
    "gmx": "GMX / Web.de",
    "qq": "QQ",
    "wp": "WP",
    "mailru": "Mail.ru",
    "netease": "NetEase",
    "laposte": "La Poste",
    "yahoo": "Yahoo / AOL",
}


@dataclass(frozen=True, slots=True)
class _Recipient:
    line: int
    mailbox: str
    domain: str
    """With its @: an address that is too long for a line is broken before that."""
    kind: str
    state: str
    code: str
    text: str
    via: str
    attempts: int
    when: str


def write_page(journal: Journal, file: TextIO) -> None:
    """Write the page of a campaign.

    Nothing that a server or the list has supplied can become markup, or run: it is escaped, and the page's own policy lets no
    script run but the one that it comes with.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mailkit.bulk", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "digest": _digest,
        "number": "{:,}".format,
        "share": _share,
        "provider": _provider,
        "label": _label,
    }
    file.writelines(environment.get_template("report.html").generate(_facts(journal)))


def _facts(journal: Journal) -> dict[str, Any]:
    account = journal.account
    report = report_on(journal, paused=account.paused)
    total = sum(report.counts.values())
    span = account.span()
    told = min(total, _ROWS)
    return {
        "name": report.name or Path(journal.path).stem or "Campaign",
        "journal": shlex.quote(Path(journal.path).name) if journal.path else "JOURNAL",
        "report": report,
        "total": total,
        "span": span and _span(*span, is_over=not report.pending and not report.deferred),
        "made": full(clock.now().timestamp()),
        "is_under_way": account.is_under_way(),
        "next_at": report.next_attempt_at and full(report.next_attempt_at),
        "kinds": [(kind, kind.of(report.counts)) for kind in _KINDS],
        "chart": chart_of(account),
        "reasons": reasons_of(report),
        "providers": [_parts(portion) for portion in account.by_group(limit=_PROVIDERS)],
        "recipients": _recipients(journal, report, local(span[0]).date() if span and is_one_day(*span) else None),
        "told": told,
        "untold": total - told,
    }


def _recipients(journal: Journal, report: Report, day: date | None) -> Iterator[_Recipient]:
    """Those with problems, then the others in the order of the list, as many as a page bears."""
    ahead = [states for states in _FIRST if any(report.counts.get(state) for state in states)]
    others = tuple(state for state in State if not any(state in states for states in ahead))
    found = (line for states in (*ahead, others) for line in journal.account.lines(states))
    return (_recipient(line, day) for line in islice(found, _ROWS))


def _recipient(one: Line, day: date | None) -> _Recipient:
    """One row. Times on ``day``, on which all of it was, are said without the day."""
    result = one.result
    moment = result.next_attempt_at if result.state is State.DEFERRED else result.updated_at
    is_brief = day == local(moment).date()
    when = clock_time(moment) if is_brief else f"{clock_time(moment, DAY)}, {clock_time(moment, 60)}"
    is_told = result.state is not State.PENDING or result.attempts
    mailbox, sign, domain = result.key.rpartition("@")
    return _Recipient(
        line=one.line,
        mailbox=mailbox,
        domain=sign + domain,
        kind=_KIND_OF[result.state],
        state=_label(result.state),
        code=" ".join(part for part in (str(result.code or ""), result.enhanced) if part),
        text=result.text,
        via=" · ".join(part for part in (result.relay, result.queue_id) if part),
        attempts=result.attempts,
        when=("again " if result.state is State.DEFERRED else "") + when if is_told else "",
    )


def _parts(portion: Portion) -> dict[str, Any]:
    return {
        "group": portion.group,
        "groups": portion.groups,
        "total": portion.total,
        "kinds": [(kind, kind.of(portion.counts)) for kind in _KINDS],
    }


def _span(first: float, last: float, *, is_over: bool) -> dict[str, str]:
    return {
        "began": full(first),
        "ended": full(last),
        "ending": "Ended" if is_over else "Last change",
        "took": duration(last - first),
    }


# -- words ---------------------------------------------------------------------------------------------------------------


def _share(part: int, whole: int) -> str:
    """A share in percent that is never said to be all, or nothing, when it is not."""
    if not part or not whole:
        return "0 %"
    percent = part * 100 / whole
    if percent < 0.1:
        return "< 0.1 %"
    return "100 %" if part == whole else f"{min(percent, 99.9):.1f} %"


def _provider(group: str) -> str:
    return _PROVIDER_NAMES.get(group) or (group if "." in group else group.capitalize())


def _label(state: State) -> str:
    return _LABELS.get(state) or state.replace("_", " ").capitalize()


# -- safety --------------------------------------------------------------------------------------------------------------

# These join letters and pictures, or say which way a neighbour runs; they neither hide nor turn around what stands there.
_KEPT = frozenset("\u200c\u200d\u200e\u200f\u061c")


def _shown(value: object) -> object:
    """Make visible what would be obeyed: controls, and characters that turn text around or hide it. Jinja asks for each value."""
    if not isinstance(value, str) or hasattr(value, "__html__") or value.isprintable():
        return value
    return "".join(map(_seen, value))


def _seen(letter: str) -> str:
    if letter.isprintable() or letter in _KEPT or unicodedata.category(letter) == "Zs":
        return letter
    return " " if letter.isspace() else "\ufffd"


def _digest(script: str) -> str:
    """What the page's policy knows its script by (CSP 2, 4.2.3)."""
    return "sha256-" + b64encode(hashlib.sha256(script.encode()).digest()).decode()
