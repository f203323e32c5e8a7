"""A campaign: one template, one list of recipients, one journal."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

from mailkit import clock
from mailkit.bulk.addressing import Addressing
from mailkit.bulk.journal import Journal
from mailkit.bulk.load import load
from mailkit.bulk.progress import Observer
from mailkit.bulk.recipients import Recipients, Source, alias
from mailkit.bulk.report import SHOWN, Report, report_on
from mailkit.bulk.runner import Runner
from mailkit.bulk.state import Entry, Result, State
from mailkit.delivery import Mailer
from mailkit.errors import ConfigError, MessageError, TemplateError
from mailkit.message import Addressee, Field, Message
from mailkit.template import Templates

__all__ = ["Campaign"]


@dataclass(frozen=True)
class Campaign:
    """Sends a template to a list of recipients, each once, and keeps a journal of it.

    ``recipients`` is a CSV file or an iterable of mappings; each row's columns are the template's variables, over those
    of ``context``; a column ``locale`` is the language of a recipient. The address is in the column ``to``, or ``email``
    with ``name``, or is made by the template ``to`` (``"{{ first }} <{{ email }}>"``). With a ``journal`` file the same
    campaign, sent again, goes on where it ended. ``name`` tells campaigns in one journal apart. ``connections`` messages are on their way at once.

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
        with self._opened(self.journal) as (journal, compose):
            journal.begin_run()
            before = self.templates.statistics
            first = journal.peek()
            composed = {first.key: compose(first)} if first else {}
            runner = Runner(
                journal,
                mailer,
                lambda entry: composed.pop(entry.key, None) or compose(entry),
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
                skeletons=self.templates.statistics - before,
            )

    def check(self) -> Report:
        """Compose every message and send none: the pre-flight. Finds every row that would fail, in one go.

        A journal file is read if it is there, to leave out who has the message already; none is made.
        """
        start = clock.monotonic()
        before = self.templates.statistics
        failures: list[tuple[int, Result]] = []
        failed = 0
        sample = ""
        is_new = not self.journal or not Path(self.journal).exists()
        ready = 0
        with self._opened(None if is_new else self.journal) as (journal, compose):
            entries = journal.pending()
            for entry in islice(entries, self.limit) if self.limit else entries:
                try:
                    message = compose(entry)
                except (TemplateError, MessageError) as error:
                    failed += 1
                    if len(failures) < SHOWN:
                        told = f"{error}. {error.hint}" if error.hint else str(error)
                        failures.append((entry.line, Result(entry.key, State.SKIPPED, text=told)))
                else:
                    ready += 1
                    sample = sample or _sample(message)
            seconds = clock.monotonic() - start
            report = report_on(
                journal,
                seconds=seconds,
                is_dry_run=True,
                ready=ready,
                sample=sample,
                skeletons=self.templates.statistics - before,
            )
        counts = report.counts | {
            State.PENDING: report.counts.get(State.PENDING, 0) - failed,
            State.SKIPPED: report.counts.get(State.SKIPPED, 0) + failed,
        }
        return replace(report, counts=counts, problems=tuple(failures))

    @contextmanager
    def _opened(self, path: str | PathLike[str] | None) -> Iterator[tuple[Journal, Callable[[Entry], Message]]]:
        """Open the journal, with the list in it, and give what composes the message for an entry."""
        source = self.recipients if isinstance(self.recipients, Recipients) else Recipients(self.recipients)
        addressing = Addressing(self.to)
        name = self.name or f"{self.template} to {Path(source.name).name}"
        with Journal(path, name=name) as journal:
            load(source, journal, addressing, accept_changes=self.accept_changes)
            yield journal, partial(self._compose, addressing, journal.secret)

    def _compose(self, addressing: Addressing, secret: bytes, entry: Entry) -> Message:
        """Compose the message for one recipient. The same recipient always gets the same Message-ID."""
        data = entry.data
        recipient = addressing.address(data)
        values = {**self.context, "row": data, "recipient": recipient, **_variables(data)}
        # An empty cell says nothing about the language.
        builder = self.templates.compose(
            self.template, values, locale=values.get("locale") or self.context.get("locale")
        )
        if self.from_ is not None:
            builder = builder.from_(self.from_)
        message = builder.build()
        if recipient.key not in {address.key for address in message.to}:  # a template may say "To: {{ email }}" itself
            message = builder.to(recipient).build()
        token = hmac.new(secret, f"message-id\0{entry.key}".encode(), hashlib.sha256).hexdigest()[:32]
        identifier = f"<{token}@{message.from_[0].ascii_domain}>"
        return replace(message, headers=message.headers.with_field(Field("Message-ID", identifier)))


def _variables(data: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as variables: under their own names, and where those are no names, under ones made of them."""
    aliases = {alias(column): value for column, value in data.items()}
    return {**aliases, **data}


def _sample(message: Message) -> str:
    lines = [f"{name}: {value}" for name in ("From", "To", "Subject") if (value := message.headers.get(name))]
    return "\n".join([*lines, "", message.text or ""])
