"""A campaign: one template, one list of recipients, one journal."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from mailkit import clock
from mailkit.bulk import fleet
from mailkit.bulk.addressing import Addressing
from mailkit.bulk.clerk import Rules
from mailkit.bulk.composer import Composer
from mailkit.bulk.helm import Helm
from mailkit.bulk.hours import Hours, Quota
from mailkit.bulk.identity import Identity
from mailkit.bulk.journal import Journal
from mailkit.bulk.limits import Limits
from mailkit.bulk.load import load
from mailkit.bulk.pacing import Pacing
from mailkit.bulk.preflight import Checked, preflight
from mailkit.bulk.progress import Observer
from mailkit.bulk.recipients import Recipients, Source
from mailkit.bulk.report import Report, report_on
from mailkit.bulk.runner import Runner
from mailkit.bulk.state import Entry, InDoubt, State
from mailkit.bulk.suppression import Suppressions
from mailkit.bulk.tally import Budget
from mailkit.delivery import AsyncMailer, Mailer, Rate, Retry
from mailkit.errors import ConfigError, RecipientsError
from mailkit.message import Addressee, Message
from mailkit.template import Statistics, Templates

__all__ = ["RETRY", "Campaign"]

RETRY = Retry(attempts=50, backoff=5.0, longest=3_600.0, deadline=2 * 86_400.0)
_PATIENCE = 30.0


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

    def __post_init__(self) -> None:
        if self.connections < 1 or self.limit < 0 or self.processes < 1:
            raise ConfigError("connections and processes must be at least 1, and limit at least 0")
        if self.in_doubt not in tuple(InDoubt):
            raise ConfigError(f"{self.in_doubt!r} is no policy", hint=f"There are: {', '.join(InDoubt)}.")
        if self.processes > 1 and not self.journal:
            raise ConfigError("several processes need a journal to share", hint="Give it a file: --journal spring.db.")
        self._rules(None, None)  # what is written wrongly is told at once
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
        helm = helm or Helm()
        start = clock.monotonic()
        with self._suppressing() as suppressions, helm.signals():
            with self._opened(self.journal) as journal:
                before = self.templates.statistics
                self._check_first(journal, suppressions)
                # What is inlined for the pre-flight is there for the run.
                checked = self.templates.statistics
                shared = checked.skeletons - before.skeletons
                before = replace(checked, skeletons=checked.skeletons - shared, hits=checked.hits + shared)
                sent = journal.account.counts().get(State.SENT, 0)
                if self.processes == 1:
                    runner = self._runner(journal, mailer, suppressions, progress)
                    helm.run(runner)
                    return self._report(journal, runner.seconds, before, sent, helm, paused=runner.paused)
                store = journal.path
            # No open file of SQLite's may come into another process.
            fleet.run(store, self._name, self._crew(mailer), helm=helm, observer=progress, limit=self.limit)
            with Journal(store, name=self._name) as journal:
                seconds = clock.monotonic() - start
                return self._report(journal, seconds, before, sent, helm, paused=journal.account.paused)

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
        progress: Callable[[int], None] | None = None,
    ) -> Report:
        """Compose every message and send none: the pre-flight. Finds every row that would fail, in one go.

        A journal file is read if it is there, to leave out who has the message already; none is made. ``samples`` is a
        folder, in which the first ``count`` messages are laid to look at.
        """
        start = clock.monotonic()
        before = self.templates.statistics
        is_new = not self.journal or not Path(self.journal).exists()
        with self._suppressing() as suppressions, self._opened(None if is_new else self.journal) as journal:
            checked = preflight(
                journal,
                self._composer(journal),
                limit=self.limit,
                suppressions=suppressions,
                folder=Path(samples) if samples else None,
                samples=count if samples else 0,
                observer=progress,
            )
            report = report_on(
                journal,
                seconds=clock.monotonic() - start,
                is_dry_run=True,
                ready=checked.ready,
                sample=checked.sample,
                samples=tuple(map(str, checked.samples)),
                skeletons=self.templates.statistics - before,
            )
        counts = dict(report.counts)
        counts[State.PENDING] = counts.get(State.PENDING, 0) - checked.failed - checked.suppressed
        counts[State.SKIPPED] = counts.get(State.SKIPPED, 0) + checked.failed
        counts[State.SUPPRESSED] = counts.get(State.SUPPRESSED, 0) + checked.suppressed
        return replace(report, counts=counts, problems=tuple(checked.problems))

    # -- before --------------------------------------------------------------------------------------------------

    @property
    def _source(self) -> Recipients:
        return self.recipients if isinstance(self.recipients, Recipients) else Recipients(self.recipients)

    @property
    def _name(self) -> str:
        return self.name or f"{self.template} to {Path(self._source.name).name}"

    @contextmanager
    def _opened(self, path: str | PathLike[str] | None) -> Iterator[Journal]:
        """Open the journal, with the list in it."""
        with Journal(path, name=self._name) as journal:
            load(self._source, journal, Addressing(self.to), accept_changes=self.accept_changes)
            yield journal

    @contextmanager
    def _suppressing(self) -> Iterator[Suppressions | None]:
        if self.suppressions is None or isinstance(self.suppressions, Suppressions):
            yield self.suppressions
            return
        with Suppressions(self.suppressions) as suppressions:
            yield suppressions

    def _check_first(self, journal: Journal, suppressions: Suppressions | None) -> None:
        """Make messages before any is sent: all of them, or one. Raises what is wrong with each of them."""
        compose = self._composer(journal)
        digest = hashlib.sha256(repr((journal.roll.fingerprint, self.template, str(self.from_), self.to)).encode())
        is_known = bool(journal.roll.fingerprint) and journal.roll.checked == digest.hexdigest()
        first = next(journal.account.waiting(), None)
        if first is not None:
            compose(first)
        if not self.strict and (not self.preflight or is_known or self.limit):
            return
        checked = preflight(journal, compose, suppressions=suppressions)
        _, bad = journal.account.bad_rows(limit=1)
        if self.strict and (checked.failed or bad.get("invalid")):
            raise _refused(checked, bad.get("invalid", 0), source=self._source.name)
        journal.roll.note_checked(digest.hexdigest())

    # -- sending -------------------------------------------------------------------------------------------------

    def _composer(self, journal: Journal) -> Callable[[Entry], Message]:
        composer = Composer(
            self.templates,
            self.template,
            from_=self.from_,
            addressing=Addressing(self.to),
            context=self.context,
            folder=self._source.folder,
        )
        identity = Identity(journal.secret, return_path=self.return_path)

        def compose(entry: Entry) -> Message:
            builder, _ = composer.compose(entry.data)
            return identity.given(builder.build(), entry)

        return compose

    def _rules(self, suppressions: Suppressions | None, mailer: Mailer | AsyncMailer | None) -> Rules:
        rate, domains = mailer.pace.asked if mailer is not None else (None, None)
        hours = Hours(self.between, self.timezone)
        return Rules(
            policy=InDoubt(self.in_doubt),
            retry=self.retry,
            pacing=Pacing(self.rate or rate, self.domain_rate or domains),
            hours=hours,
            quota=Quota(self.daily_quota, self.warm_up, hours),
            suppressions=suppressions,
        )

    def _runner(
        self,
        journal: Journal,
        mailer: Mailer | AsyncMailer,
        suppressions: Suppressions | None,
        progress: Observer | None,
        **limits: Any,
    ) -> Runner:
        wait = self.wait
        given = {
            "connections": self.connections,
            "messages": self.limit,
            "patience": _PATIENCE if wait is None else wait,
            "hours": float("inf") if wait is None else wait,
            "budget": Budget(self.max_refused),
        }
        return Runner(
            journal,
            mailer.transport,
            mailer.desk,
            self._composer(journal),
            rules=self._rules(suppressions, mailer),
            limits=Limits(**{**given, **limits}),
            reconnect=mailer.retry,
            observer=progress,
        )

    def _crew(self, mailer: Mailer | AsyncMailer) -> list[fleet.Job]:
        """What each process does: its share of the connections and of the limit."""

        def share(total: int, number: int) -> int:
            return total // self.processes + (number < total % self.processes)

        def job(number: int) -> fleet.Job:
            def work(helm: Helm, is_abandoned: Callable[[], bool]) -> None:
                with self._suppressing() as suppressions, Journal(self.journal, name=self._name) as journal:
                    connections, messages = max(1, share(self.connections, number)), share(self.limit, number)
                    runner = self._runner(
                        *(journal, mailer, suppressions, None),
                        connections=connections,
                        messages=messages,
                        is_abandoned=is_abandoned,
                    )
                    helm.run(runner)

            return work

        return [job(number) for number in range(self.processes) if not self.limit or share(self.limit, number)]

    def _report(
        self, journal: Journal, seconds: float, before: Statistics, sent: int, helm: Helm, *, paused: str
    ) -> Report:
        return report_on(
            journal,
            sent_in_run=journal.account.counts().get(State.SENT, 0) - sent,
            seconds=seconds,
            is_interrupted=helm.is_stopped,
            paused=paused,
            skeletons=self.templates.statistics - before,
        )


def _refused(checked: Checked, invalid: int, *, source: str) -> RecipientsError:
    told = [f"messages that cannot be made: {checked.failed}"] if checked.failed else []
    told += [f"bad rows: {invalid}"] if invalid else []
    first = f" The first: line {checked.problems[0][0]}: {checked.problems[0][1].text}" if checked.failed else ""
    return RecipientsError(f"nothing was sent; {', '.join(told)}", source=source, hint=f"--dry-run shows them.{first}")
