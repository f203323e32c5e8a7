"""A campaign: one template, one list of recipients, one journal."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

from mailkit import clock
from mailkit.bulk.addressing import Addressing
from mailkit.bulk.journal import Journal
from mailkit.bulk.progress import Observer
from mailkit.bulk.recipients import Recipients, Row, Source, alias
from mailkit.bulk.report import Report, report_on
from mailkit.bulk.runner import Runner
from mailkit.bulk.state import Entry, Result, State
from mailkit.delivery import Mailer
from mailkit.errors import ConfigError, JournalError, MessageError, RecipientsError, TemplateError
from mailkit.message import Addressee, Message
from mailkit.template import Templates

__all__ = ["Campaign"]

_CHUNK = 500  # rows loaded in one transaction


@dataclass(frozen=True)
class Campaign:
    """Sends a template to a list of recipients, each once, and keeps a journal of it.

    ``recipients`` is a CSV file or an iterable of mappings; each row's columns are the template's variables, over those
    of ``context``. The address is in the column ``to``, or ``email`` with ``name``, or is made by the template ``to``
    (``"{{ first }} <{{ email }}>"``). With a ``journal`` file the same campaign, sent again, goes on where it ended.
    ``name`` tells campaigns in one journal apart. ``connections`` messages are on their way at once.

    >>> templates = Templates({"hello.txt": "Subject: Hello\\n\\nDear {{ name }},"})
    >>> people = [{"email": "zoe@example.com", "name": "Zoë"}, {"email": "bob@example.com", "name": "Bob"}]
    >>> campaign = Campaign(template="hello.txt", templates=templates, recipients=people, from_="ada@example.com")
    >>> with Mailer("memory:") as mailer:
    ...     campaign.send(mailer).sent
    2
    """

    template: str
    templates: Templates
    recipients: Source | Recipients
    from_: Addressee | None = None
    to: str = ""
    journal: str | PathLike[str] | None = None
    name: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    limit: int = 0
    """Recipients to send to in one run; 0 means all."""
    connections: int = 1
    accept_changes: bool = False
    """Whether a list that has changed since the campaign began is followed, instead of stopping: who is new on it gets
    the message, who was taken off it does not, and nobody gets it twice."""

    def __post_init__(self) -> None:
        if self.connections < 1 or self.limit < 0:
            raise ConfigError("connections must be at least 1, and limit at least 0")

    def send(self, mailer: Mailer, *, progress: Observer | None = None) -> Report:
        """Send to everyone who has not got the message yet.

        The first message is composed before anything is sent: a template that is broken, or that uses a variable which
        the list does not have, raises TemplateError. Later rows that cannot be composed are reported, not sent.
        Raises RecipientsError, JournalError, and the TransportError that made going on pointless; the journal has
        everything that was done, and sending again goes on there. Ctrl-C ends the run in order, with a report.
        """
        with _Opened(self) as (journal, addressing):
            journal.begin_run()
            first = journal.peek()
            if first:
                self.message(first, addressing, secret=journal.secret)
            runner = Runner(
                journal,
                mailer,
                compose=lambda entry: self.message(entry, addressing, secret=journal.secret),
                connections=self.connections,
                limit=self.limit,
                observer=progress,
            )
            runner.run()
            return report_on(
                journal,
                sent_in_run=runner.counts.get(State.SENT, 0),
                seconds=runner.seconds,
                is_interrupted=runner.is_interrupted,
            )

    def check(self) -> Report:
        """Compose every message and send none: the pre-flight. Finds every row that would fail, in one go.

        A journal file is read if it is there, to leave out who has the message already; none is made.
        """
        start = clock.monotonic()
        failures: list[tuple[int, Result]] = []
        sample = ""
        is_new = not self.journal or not Path(self.journal).exists()
        with _Opened(replace(self, journal=None) if is_new else self) as (journal, addressing):
            entries = journal.pending()
            for entry in islice(entries, self.limit) if self.limit else entries:
                try:
                    message = self.message(entry, addressing, secret=journal.secret)
                except (TemplateError, MessageError) as error:
                    failures.append((entry.line, Result(entry.key, State.SKIPPED, text=str(error))))
                else:
                    sample = sample or _sample(message)
            report = report_on(journal, seconds=clock.monotonic() - start, is_dry_run=True, sample=sample)
        counts = report.counts | {
            State.PENDING: report.counts.get(State.PENDING, 0) - len(failures),
            State.SKIPPED: report.counts.get(State.SKIPPED, 0) + len(failures),
        }
        return replace(report, counts=counts, problems=tuple(failures))

    def message(self, entry: Entry, addressing: Addressing, *, secret: bytes) -> Message:
        """Compose the message for one recipient. The same recipient always gets the same Message-ID."""
        data = entry.data
        recipient = addressing.address(data)
        values = {**self.context, "row": data, "recipient": recipient, **_variables(data)}
        builder = self.templates.compose(self.template, values)
        if self.from_ is not None:
            builder = builder.from_(self.from_)
        message = builder.build()
        if recipient.key not in {address.key for address in message.to}:  # a template may say "To: {{ email }}" itself
            builder = builder.to(recipient)
        token = hmac.new(secret, f"message-id\0{entry.key}".encode(), hashlib.sha256).hexdigest()[:32]
        return builder.message_id(f"<{token}@{message.from_[0].ascii_domain.strip('[]')}>").build()

    # -- loading -------------------------------------------------------------------------------------------------

    @property
    def _list(self) -> Recipients:
        return self.recipients if isinstance(self.recipients, Recipients) else Recipients(self.recipients)

    def _title(self, source: Recipients) -> str:
        return self.name or f"{self.template} to {Path(source.name).name}"

    def _load(self, journal: Journal, addressing: Addressing, source: Recipients) -> None:
        """Put the list into the journal, unless it is there already."""
        fingerprint = source.fingerprint()
        if journal.is_loaded and fingerprint == journal.fingerprint and fingerprint:
            return
        if journal.is_loaded and journal.has_begun and fingerprint != journal.fingerprint and not self.accept_changes:
            raise JournalError(
                f"{source.name} has changed since this campaign began",
                hint="To send to the new rows too (nobody gets it twice), say --accept-changes; for another campaign give it a --name.",
            )
        journal.begin_loading()
        checked = False
        rows = source.rows()
        while chunk := list(islice(rows, _CHUNK)):
            entries: list[Entry] = []
            bad: list[tuple[int, str, str]] = []
            for row in chunk:
                if not row.problem and not checked:
                    addressing.check(row.data, source=source.name)
                    checked = True
                self._sort(row, addressing, entries, bad, source)
            for duplicate, first in journal.load(entries):
                bad.append((duplicate.line, "duplicate", f"{duplicate.key} is already on line {first}"))
            journal.note_bad_rows(bad)
        if not checked and not journal.counts():
            raise RecipientsError("there is no recipient in the list", source=source.name)
        journal.finish_loading(source=source.name, fingerprint=fingerprint)

    def _sort(
        self,
        row: Row,
        addressing: Addressing,
        entries: list[Entry],
        bad: list[tuple[int, str, str]],
        source: Recipients,
    ) -> None:
        if row.problem:
            bad.append((row.line, "invalid", row.problem))
            return
        try:
            key = addressing.address(row.data).key
        except MessageError as error:
            bad.append((row.line, "invalid", str(error)))
            return
        _check_plain(row, source)
        entries.append(Entry(key, row.line, row.data))


class _Opened:
    """A campaign with its journal open and its list loaded."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign

    def __enter__(self) -> tuple[Journal, Addressing]:
        campaign = self._campaign
        source = campaign._list
        addressing = Addressing(campaign.to)
        self._journal = Journal(campaign.journal, name=campaign._title(source))
        try:
            campaign._load(self._journal, addressing, source)
        except BaseException:
            self._journal.close()
            raise
        return self._journal, addressing

    def __exit__(self, *exception: object) -> None:
        self._journal.close()


def _variables(data: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as variables: under their own names, and where those are no names, under ones made of them."""
    aliases = {alias(column): value for column, value in data.items()}
    return {**aliases, **data}


def _check_plain(row: Row, source: Recipients) -> None:
    """The journal keeps rows as JSON. The cells of a file are text, which always can be."""
    for column, value in row.data.items() if source.path is None else ():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except (TypeError, ValueError):
            raise RecipientsError(
                f"the value of {column!r} is a {type(value).__name__} that the journal cannot keep",
                source=source.name,
                line=row.line,
                hint="Give text or a number, such as value.isoformat() for a date.",
            ) from None


def _sample(message: Message) -> str:
    lines = [f"{name}: {value}" for name in ("From", "To", "Subject") if (value := message.headers.get(name))]
    return "\n".join([*lines, "", message.text or ""])
