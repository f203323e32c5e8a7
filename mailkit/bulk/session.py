"""A campaign at work on its open journal: the list comes in, messages are made and checked, a runner is set going."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailkit import clock
from mailkit.bulk.addressing import Addressing
from mailkit.bulk.clerk import Rules
from mailkit.bulk.composer import Composer
from mailkit.bulk.helm import Helm
from mailkit.bulk.hours import Hours, Quota
from mailkit.bulk.identity import Identity
from mailkit.bulk.journal import Journal
from mailkit.bulk.judge import told
from mailkit.bulk.limits import Limits
from mailkit.bulk.load import load
from mailkit.bulk.pacing import Pacing
from mailkit.bulk.preflight import Checked, preflight
from mailkit.bulk.progress import Observer, Progress, Stage
from mailkit.bulk.publish import publish
from mailkit.bulk.report import Report, report_on
from mailkit.bulk.runner import Runner
from mailkit.bulk.state import Entry, InDoubt, State
from mailkit.bulk.suppression import Suppressions
from mailkit.bulk.tally import Budget
from mailkit.delivery import AsyncMailer, Mailer
from mailkit.delivery.pace import Pace
from mailkit.errors import ConfigError
from mailkit.message import Message
from mailkit.template import Statistics

if TYPE_CHECKING:
    from mailkit.bulk.campaign import Campaign

__all__ = ["Session", "rules"]

_PATIENCE = 30.0


@dataclass(frozen=True)
class Session:
    """Holds together what is open; the campaign itself is a value."""

    campaign: "Campaign"
    journal: Journal
    suppressions: Suppressions | None
    progress: Observer | None

    # -- before --------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Have the list in the journal."""
        load(
            self.campaign.source,
            self.journal,
            Addressing(self.campaign.to),
            accept_changes=self.campaign.accept_changes,
            observer=self._telling(Stage.READING),
        )

    def check_first(self) -> None:
        """Make messages before any is sent: all of them, or one. Raises what is wrong with each of them."""
        campaign, journal = self.campaign, self.journal
        made_of = (journal.roll.fingerprint, campaign.template, str(campaign.from_), campaign.to)
        digest = hashlib.sha256(repr(made_of).encode()).hexdigest()
        is_known = bool(journal.roll.fingerprint) and journal.roll.checked == digest
        first = next(journal.account.waiting(), None)
        if first is not None:
            self.compose(first)
        if not campaign.strict and (not campaign.preflight or is_known or campaign.limit):
            return
        checked = self.check(limit=0)
        _, bad = journal.account.bad_rows(limit=1)
        if campaign.strict and (checked.failed or bad.get("invalid")):
            raise checked.refusal(bad.get("invalid", 0), source=campaign.source.name)
        journal.roll.note_checked(digest)

    def check(self, *, limit: int | None = None, folder: Path | None = None, samples: int = 0) -> Checked:
        """Make every message that waits, up to the limit, and send none."""
        limit = self.campaign.limit if limit is None else limit
        counts = self.journal.account.counts() if self.progress else {}
        waiting = counts.get(State.PENDING, 0) + counts.get(State.DEFERRED, 0)
        return preflight(
            self.journal,
            self.compose,
            limit=limit,
            suppressions=self.suppressions,
            folder=folder,
            samples=samples,
            observer=self._telling(Stage.CHECKING, min(waiting, limit) if limit else waiting),
        )

    def _telling(self, stage: Stage, total: int = 0) -> Callable[[int], None] | None:
        progress, start = self.progress, clock.monotonic()
        if progress is None:
            return None
        return lambda done: progress(
            Progress(total, {State.PENDING: done}, seconds=clock.monotonic() - start, stage=stage)
        )

    # -- sending -------------------------------------------------------------------------------------------------

    @cached_property
    def compose(self) -> Callable[[Entry], Message]:
        """Makes the message of an entry. The same for the pre-flight and the run: what was read and encoded for the one is
        there for the other."""
        campaign = self.campaign
        composer = Composer(
            campaign.templates,
            campaign.template,
            from_=campaign.from_,
            addressing=Addressing(campaign.to),
            context=campaign.context,
            folder=campaign.source.folder,
            attachment_root=campaign.attachment_root,
            columns=campaign.columns,
        )
        identity = self._identity
        # The name alone: nobody needs to know where on the disk the list is.
        name, title = Path(campaign.source.name).name, f"{Path(campaign.template).stem} {identity.campaign[:8]}"

        def compose(entry: Entry) -> Message:
            builder, _ = composer.compose(entry.data, identity.values(entry))
            builder = builder.origin(template=campaign.template, row=f"{name}, line {entry.line}", campaign=title)
            return identity.given(builder, entry)

        return compose

    def runner(self, mailer: Mailer | AsyncMailer, **limits: Any) -> Runner:
        """Return a run of the campaign."""
        campaign, wait = self.campaign, self.campaign.wait
        given = {
            "connections": campaign.connections,
            "messages": campaign.limit,
            "patience": _PATIENCE if wait is None else wait,
            "hours": float("inf") if wait is None else wait,
            "budget": Budget(campaign.max_refused),
        }
        return Runner(
            self.journal,
            mailer.transport,
            mailer.desk,
            self.compose,
            rules=rules(campaign, mailer.pace, self.suppressions, self._remembering()),
            limits=Limits(**{**given, **limits}),
            reconnect=mailer.retry,
            observer=self.progress,
        )

    @cached_property
    def _identity(self) -> Identity:
        campaign = self.campaign
        return Identity(self.journal.secret, return_path=campaign.return_path, unsubscribe=campaign.unsubscribe)

    def _remembering(self) -> Callable[[Sequence[Entry]], None] | None:
        """Keep whom links stand for, before any of them leaves."""
        offer, suppressions, identity = self.campaign.unsubscribe, self.suppressions, self._identity
        if suppressions is None or offer is None or not offer.has_tokens:
            return None
        campaign, title, kept = self.campaign.label, offer.title, suppressions.links

        def remember(entries: Sequence[Entry]) -> None:
            kept.remember(
                [(identity.link_token(entry.key), entry.key) for entry in entries], campaign=campaign, title=title
            )

        return remember

    def report(self, seconds: float, before: Statistics, sent: int, helm: Helm, *, paused: str) -> Report:
        """Say what has become of the campaign, and write it to the file that it names."""
        journal, campaign = self.journal, self.campaign
        report = report_on(
            journal,
            sent_in_run=journal.account.counts().get(State.SENT, 0) - sent,
            seconds=seconds,
            is_interrupted=helm.is_stopped,
            paused=paused,
            skeletons=campaign.templates.statistics - before,
        )
        if campaign.report:
            try:
                publish(journal, campaign.report)
            except ConfigError as error:  # what was sent is sent, and has to be told
                return replace(report, unpublished=told(error))
        return report


def rules(
    campaign: "Campaign",
    pace: Pace,
    suppressions: Suppressions | None = None,
    remember: Callable[[Sequence[Entry]], None] | None = None,
) -> Rules:
    """Return what a campaign allows. Raises ConfigError for what it says wrongly."""
    rate, domains = pace.asked
    hours = Hours(campaign.between, campaign.timezone)
    return Rules(
        policy=InDoubt(campaign.in_doubt),
        retry=campaign.retry,
        pacing=Pacing(campaign.rate or rate, campaign.domain_rate or domains),
        hours=hours,
        quota=Quota(campaign.daily_quota, campaign.warm_up, hours),
        suppressions=suppressions,
        remember=remember,
    )
