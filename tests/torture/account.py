"""The final account: what the journal says of each recipient, beside what the server saw.

A pure function of both, so that it can be shown to complain. ``lost`` counts those who got nothing and of whom nobody is
told: the one thing, next to a second copy, that must never happen.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.torture.witness import Copy, Log

HOLD, ASSUME_SENT, RESEND = "hold", "assume-sent", "resend"
POLICIES = (HOLD, ASSUME_SENT, RESEND)

FINAL = {"sent", "failed", "deferred", "suppressed", "skipped", "expired", "in_doubt"}
OPEN = {"pending", "claimed", "dot"}
_SHOWN = 5


@dataclass(frozen=True)
class Row:
    """What the journal says of one recipient."""

    recipient: str
    state: str
    code: int = 0
    text: str = ""
    message_id: str = ""

    @property
    def has_reason(self) -> bool:
        """Whether somebody who asks why is told."""
        return bool(self.code or self.text)


def read_rows(exported: str) -> list[Row]:
    """Read what ``mailkit journal export --format csv`` prints."""
    return [
        Row(
            recipient=row["recipient"],
            state=_name(row["state"]),
            code=int(row["code"] or 0),
            text=row["text"],
            message_id=row["message_id"],
        )
        for row in csv.DictReader(io.StringIO(exported))
    ]


@dataclass(frozen=True)
class Account:
    """How a trial ended. It went well when there are no ``complaints``."""

    policy: str
    recipients: int
    kills: int
    copies: int
    duplicates: int
    lost: int
    in_doubt: int
    in_doubt_delivered: int
    """How many of those in doubt have it in fact."""
    states: Mapping[str, int]
    complaints: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([row(str(self.policy), self), *self.complaints])


def account(
    log: Log,
    rows: Sequence[Row],
    recipients: Iterable[str],
    *,
    policy: str = HOLD,
    kills: int = 0,
    in_flight: int = 1,
    window: int = 1,
    counts: Mapping[str, int] | None = None,
) -> Account:
    """Compare the two. ``in_flight`` messages may have lost their reply with each kill, ``window`` with each fault of the
    server that breaks a connection. ``counts`` is what ``mailkit journal status`` says."""
    everybody = set(recipients)
    copies: defaultdict[str, list[Copy]] = defaultdict(list)
    for copy in log.copies:
        for address in copy.to:
            copies[address].append(copy)
    known = {one.recipient: one for one in rows}
    states = Counter(one.state for one in rows)
    complaints: list[str] = []

    def complain(what: str, about: Iterable[object]) -> int:
        found = sorted(map(str, about))
        if found:
            more = ", …" if len(found) > _SHOWN else ""
            complaints.append(f"{len(found):,} {what}: {', '.join(found[:_SHOWN])}{more}")
        return len(found)

    # the journal by itself
    complain("recipients more than once in the journal", _repeated(one.recipient for one in rows))
    complain("recipients that are on no list", (known.keys() | copies.keys()) - everybody)
    complain("recipients in no known state", (one.recipient for one in rows if one.state not in FINAL | OPEN))
    complain("recipients without an end", (f"{one.recipient} {one.state}" for one in rows if one.state in OPEN))
    if counts is not None:
        told = {_name(state): count for state, count in counts.items() if count}
        complain("counts that are not those of the rows", told.items() ^ states.items())

    # copies
    twice = {address: len(got) - 1 for address, got in copies.items() if len(got) > 1}
    duplicates = sum(twice.values())
    allowed = kills * in_flight + log.breaks * window
    if policy != RESEND:
        complain("recipients with more than one copy", twice)
    elif duplicates > allowed:
        complaints.append(f"{duplicates:,} copies too many; {allowed:,} can be explained")
    complain("messages without Message-ID", (address for address, got in copies.items() if not all(c.id for c in got)))
    complain("Message-IDs of several recipients", _shared(copies))
    complain("recipients with copies that differ", (address for address in twice if _differ(copies[address])))
    complain(
        "recipients whose Message-ID is another one in the journal",
        (
            one.recipient
            for one in rows
            if one.message_id and any(_bare(c.id) != _bare(one.message_id) for c in copies.get(one.recipient, ()))
        ),
    )

    # losses
    lost = complain(
        "lost without a trace",
        (address for address in everybody if address not in copies and _is_lost(known.get(address), policy)),
    )
    complain("delivered, and not in the journal", copies.keys() & everybody - known.keys())
    if policy != RESEND:  # a first copy may have arrived, and a second one been refused
        complain(
            "delivered, and not so in the journal",
            (
                f"{one.recipient} {one.state}"
                for one in rows
                if one.recipient in copies and one.state in FINAL - {"sent", "in_doubt"}
            ),
        )

    # doubt
    doubtful = {one.recipient for one in rows if one.state == "in_doubt"}
    assumed = {one.recipient for one in rows if one.state == "sent" and one.recipient not in copies} & everybody
    unsure = len(doubtful | assumed if policy == ASSUME_SENT else doubtful)
    if unsure > allowed:
        complaints.append(f"{unsure:,} in doubt; {allowed:,} can be explained")
    complain("things said that must not be said", log.breaches)

    return Account(
        policy=policy,
        recipients=len(everybody),
        kills=kills,
        copies=sum(map(len, copies.values())),
        duplicates=duplicates,
        lost=lost,
        in_doubt=len(doubtful),
        in_doubt_delivered=len(doubtful & copies.keys()),
        states=states,
        complaints=tuple(complaints),
    )


HEAD = (
    "| design | recipients | kills | delivered copies | duplicates | lost without a trace | in doubt |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def row(design: str, one: Account) -> str:
    """Return a row of the table that starts with ``HEAD``."""
    doubt = f"{one.in_doubt:,}" + (f" ({one.in_doubt_delivered:,} delivered)" if one.in_doubt else "")
    numbers = [f"{count:,}" for count in (one.recipients, one.kills, one.copies)]
    numbers += [f"**{count:,}**" for count in (one.duplicates, one.lost)]
    return f"| {' | '.join([design, *numbers, doubt])} |"


def _is_lost(one: Row | None, policy: str) -> bool:
    """Whether somebody who got nothing will not be missed. Under assume-sent, *sent* without a reply may be untrue."""
    if one is None:
        return True
    if one.state == "sent":
        return policy != ASSUME_SENT or one.code != 0
    return one.state in FINAL - {"in_doubt"} and not one.has_reason


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _shared(copies: Mapping[str, Iterable[Copy]]) -> list[str]:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for address, got in copies.items():
        for copy in got:
            owners[copy.id].add(address)
    return [id for id, addresses in owners.items() if id and len(addresses) > 1]


def _differ(copies: Iterable[Copy]) -> bool:
    return len({(copy.id, copy.sha256) for copy in copies}) > 1


def _bare(message_id: str) -> str:
    return message_id.strip().strip("<>")


def _name(state: str) -> str:
    return state.replace(" ", "_")
