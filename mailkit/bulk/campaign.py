"""A campaign: one template, one list of recipients, one journal."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from mailkit import clock
from mailkit.bulk import fleet
from mailkit.bulk.helm import Helm
from mailkit.bulk.identity import Identity
from mailkit.bulk.journal import Journal
from mailkit.bulk.offer import Unsubscribe
from mailkit.bulk.progress import Observer
from mailkit.bulk.publish import check_place, form_of
from mailkit.bulk.recipients import Recipients, Source
from mailkit.bulk.report import Report, report_on
from mailkit.bulk.session import Session, rules
from mailkit.bulk.state import InDoubt, State
from mailkit.bulk.suppression import Suppressions
from mailkit.bulk.tally import Budget
from mailkit.delivery import AsyncMailer, Mailer, Rate, Retry
from mailkit.delivery.pace import Pace
from mailkit.errors import ConfigError
from mailkit.message import Addressee
from mailkit.template import Templates

__all__ = ["RETRY", "Campaign"]

RETRY = Retry(attempts=50, backoff=5.0, longest=3_600.0, deadline=2 * 86_400.0)


@dataclass(frozen=True)
class Campaign:
    """Sends a template to a list of recipients, each once, and keeps a journal of it.

    ``recipients`` is a file, a database's URL, or an iterable of mappings; each row's columns are the template's variables,
    over those of ``context``; a column ``locale`` is the language of a recipient. The address is in the column ``to``, or
    ``email`` with ``name``, or is made by the template ``to`` (``"{{ first }} <{{ email }}>"``). With a ``journal`` file the
    same campaign, sent again, goes on where it ended. ``name`` tells campaigns in one journal apart. ``connections``
    messages are on their way at once.

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
    processes: int = 1
    """How many processes send, each over its share of the connections; more than one needs a journal file."""
    accept_changes: bool = False
    """Whether a list that has changed since the campaign began is followed, instead of stopping: who is new on it gets
    the message, who was taken off it does not, and nobody gets it twice."""
    preflight: bool = True
    """Whether every message is made once before the first one is sent. A run that goes on with a list that was checked
    before does not do it again."""
    strict: bool = False
    """Whether nothing is sent at all when a message cannot be made, or the list has a bad row; all are looked at then."""
    in_doubt: InDoubt | str = InDoubt.HOLD
    """What becomes of those of whom nobody can know whether they have it: ``hold``, ``assume-sent`` or ``resend``."""
    retry: Retry = RETRY
    """When those who were put off are tried again, how often, and for how long (``deadline``); then they have expired."""
    wait: float | None = None
    """Seconds that a run with nothing else to do waits for those who were put off, and for the hours in which it may
    send; by default half a minute for the former, and as long as it takes for the latter."""
    rate: Rate | None = None
    """At most so many messages, all processes together: ``50/s``. By default the mailer's."""
    domain_rate: Rate | Mapping[str, Rate] | None = None
    """The same for each provider of mailboxes, or for some: ``{"gmail.com": "5/s", "*": "20/s"}``."""
    between: str = ""
    """The time of day in which messages go, ``09:00-18:00``."""
    timezone: str = ""
    """Where that time holds, and where a day of the quota begins; by default that of the machine."""
    daily_quota: int = 0
    """Messages in a day; 0 is no limit."""
    warm_up: str = ""
    """Messages on the first day, and growth from day to day, ``200x1.5``: for a sender that relays do not know yet."""
    max_refused: str = ""
    """How many refusals pause the campaign: ``100`` in a run, or ``5%`` of the last thousand."""
    suppressions: Suppressions | str | PathLike[str] | None = None
    """Who must not be written to, as a list or its file. Who turns out not to exist is added."""
    return_path: str = ""
    """Where bounces go. ``bounces+{token}@example.com`` tells whose they are (VERP)."""
    unsubscribe: Unsubscribe | None = None
    """How recipients leave, which goes into List-Unsubscribe (RFC 8058) and the variable ``unsubscribe_url``. Links of their
    own need ``suppressions``, where whom they stand for is kept."""
    columns: bool = True
    """Whether columns such as ``cc``, ``attachments`` and ``header:X-Name`` do what they say."""
    attachment_root: str | PathLike[str] | None = None
    """The folder of attached files; by default that of the list."""
    report: str | PathLike[str] | None = None
    """A file into which a run, at its end, writes what became of everybody: .html, .csv, .json or .jsonl."""

    def __post_init__(self) -> None:
        if self.connections < 1 or self.limit < 0 or self.processes < 1:
            raise ConfigError("connections and processes must be at least 1, and limit at least 0")
        if self.in_doubt not in tuple(InDoubt):
            raise ConfigError(f"{self.in_doubt!r} is no policy", hint=f"There are: {', '.join(InDoubt)}.")
        if self.processes > 1 and not self.journal:
            raise ConfigError("several processes need a journal to share", hint="Give it a file: --journal spring.db.")
        if self.unsubscribe is not None and self.unsubscribe.has_tokens and self.suppressions is None:
            raise ConfigError(
                "there is no list to write into who unsubscribes",
                hint="Give it a file, which the web application reads as well: --suppressions gone.db.",
            )
        if self.processes > 1 and isinstance(self.suppressions, Suppressions) and not self.suppressions.path:
            raise ConfigError("several processes cannot share a list that is in no file", hint="Give it a file.")
        # What is written wrongly is told at once.
        if self.report:
            form_of(self.report)
        rules(self, Pace(None, None))
        Budget(self.max_refused)
        Identity.check(self.return_path)

    def send(
        self, mailer: Mailer | AsyncMailer, *, progress: Observer | None = None, helm: Helm | None = None
    ) -> Report:
        """Send to everyone who has not got the message yet.

        The first message is composed before anything is sent: a template that is broken, or that uses a variable which
        the list does not have, raises TemplateError. Later rows that cannot be composed are reported, not sent.
        Raises RecipientsError, JournalError, and the TransportError that made going on pointless; the journal has
        everything that was done, and sending again goes on there. Ctrl-C, SIGTERM and ``helm.stop()`` end the run in
        order, with a report; a second one does not wait for what is under way.
        """
        with suppress(RuntimeError):
            if asyncio.get_running_loop():
                raise ConfigError("send() would block the event loop", hint="Say: await campaign.asend(mailer).")
        if self.report:
            check_place(self.report)
        helm = helm or Helm()
        start = clock.monotonic()
        with self.suppressing() as suppressions, helm.signals():
            with Journal(self.journal, name=self.label) as journal:
                session = Session(self, journal, suppressions, progress)
                session.load()
                before = self.templates.statistics
                session.check_first()
                # What is inlined for the pre-flight is there for the run.
                checked = self.templates.statistics
                shared = checked.skeletons - before.skeletons
                before = replace(checked, skeletons=checked.skeletons - shared, hits=checked.hits + shared)
                sent = journal.account.counts().get(State.SENT, 0)
                if self.processes == 1:
                    runner = session.runner(mailer)
                    helm.run(runner)
                    return session.report(runner.seconds, before, sent, helm, paused=runner.paused)
                store = journal.path
            # No open file of SQLite's may come into another process.
            fleet.run(store, self.label, self._crew(mailer), helm=helm, observer=progress, limit=self.limit)
            with Journal(store, name=self.label) as journal:
                session = Session(self, journal, suppressions, progress)
                seconds = clock.monotonic() - start
                return session.report(seconds, before, sent, helm, paused=journal.account.paused)

    async def asend(
        self, mailer: Mailer | AsyncMailer, *, progress: Observer | None = None, helm: Helm | None = None
    ) -> Report:
        """Do the same for asyncio, in a thread to itself, so that the caller's event loop is free all the time.

        ``progress`` is told in the caller's event loop. Cancelling it ends the run in order, and then it is cancelled.
        """
        loop = asyncio.get_running_loop()
        helm = helm or Helm()
        told: Observer | None = None
        if progress is not None:
            observer = progress

            def told(moment: Any) -> None:
                loop.call_soon_threadsafe(observer, moment)

        task = asyncio.ensure_future(asyncio.to_thread(self.send, mailer, progress=told, helm=helm))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            helm.stop()
            with suppress(Exception):
                await task
            raise

    def check(
        self,
        *,
        samples: str | PathLike[str] | None = None,
        count: int = 3,
        progress: Observer | None = None,
    ) -> Report:
        """Compose every message and send none: the pre-flight. Finds every row that would fail, in one go.

        A journal file is read if it is there, to leave out who has the message already; none is made. ``samples`` is a
        folder, in which the first ``count`` messages are laid to look at.
        """
        start = clock.monotonic()
        before = self.templates.statistics
        is_new = not self.journal or not Path(self.journal).exists()
        with self.suppressing() as suppressions, Journal(None if is_new else self.journal, name=self.label) as journal:
            session = Session(self, journal, suppressions, progress)
            session.load()
            checked = session.check(folder=Path(samples) if samples else None, samples=count if samples else 0)
            report = report_on(
                journal,
                seconds=clock.monotonic() - start,
                is_dry_run=True,
                ready=checked.ready,
                sample=checked.sample,
                samples=tuple(map(str, checked.samples)),
                skeletons=self.templates.statistics - before,
            )
        return replace(report, counts=checked.counted(report.counts), problems=tuple(checked.problems))

    # -- what a session asks for ---------------------------------------------------------------------------------

    @property
    def source(self) -> Recipients:
        """Where the recipients come from."""
        return self.recipients if isinstance(self.recipients, Recipients) else Recipients(self.recipients)

    @property
    def label(self) -> str:
        """The name that it has in the journal."""
        return self.name or f"{self.template} to {Path(self.source.name).name}"

    @contextmanager
    def suppressing(self) -> Iterator[Suppressions | None]:
        """Open the list of the suppressed, if there is one and it is not open yet."""
        if self.suppressions is None or isinstance(self.suppressions, Suppressions):
            yield self.suppressions
            return
        with Suppressions(self.suppressions) as suppressions:
            yield suppressions

    def _crew(self, mailer: Mailer | AsyncMailer) -> list[fleet.Job]:
        """What each process does: its share of the connections and of the limit."""

        def share(total: int, number: int) -> int:
            return total // self.processes + (number < total % self.processes)

        def job(number: int) -> fleet.Job:
            def work(helm: Helm, is_abandoned: Callable[[], bool]) -> None:
                with self.suppressing() as suppressions, Journal(self.journal, name=self.label) as journal:
                    connections, messages = max(1, share(self.connections, number)), share(self.limit, number)
                    session = Session(self, journal, suppressions, None)
                    helm.run(
                        session.runner(mailer, connections=connections, messages=messages, is_abandoned=is_abandoned)
                    )

            return work

        return [job(number) for number in range(self.processes) if not self.limit or share(self.limit, number)]
