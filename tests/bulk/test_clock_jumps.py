"""The clock on the wall is set while a campaign runs: nobody gets it twice, nothing stands still, and rates are kept."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailkit import Campaign, Mailer, Retry, clock
from mailkit.bulk import Entry, Helm, Report
from mailkit.bulk.line import Line
from mailkit.bulk.pacing import HORIZON
from mailkit.message import Envelope, Message
from mailkit.transport import Outcome, Status
from tests.bulk.test_campaign import Scripted, campaign, everyone, listed, people
from tests.kit.jumps import WallClock
from tests.kit.relay import relay

HOUR = 3_600.0
PATIENCE = 20.0  # seconds after which a campaign of less than one is taken to stand still
SOON = Retry(attempts=5, backoff=0.2, longest=0.2, deadline=48 * HOUR, jitter=False)

jumping = pytest.mark.parametrize("jumps", [(HOUR,), (-HOUR,), (HOUR, -HOUR), (-HOUR, HOUR), (-30.0,)])


@contextmanager
def wall() -> Iterator[WallClock]:
    found = WallClock()
    with clock.using(found):
        yield found


def send(one: Campaign, mailer: Mailer) -> Report:
    """Send, and see that it does not wait for hours that have not passed."""
    helm = Helm()
    watch = threading.Timer(PATIENCE, helm.cut_off)
    watch.start()
    try:
        report = one.send(mailer, helm=helm)
    finally:
        watch.cancel()
        watch.join()
    assert not report.is_interrupted, "nothing has been sent for a long time"
    return report


def setting(source: WallClock, seconds: float, status: Status = Status.ACCEPTED) -> Callable[[], Status]:
    def answer() -> Status:
        source.jump(seconds)
        return status

    return answer


@jumping
@pytest.mark.parametrize("settings", [{}, {"rate": "200/s"}, {"domain_rate": "200/s"}])
def test_campaign_when_the_clock_is_set_then_everybody_gets_one(
    tmp_path: Path, jumps: tuple[float, ...], settings: dict[str, str]
) -> None:
    """Forward, back, and both; with a rate, whose times lie ahead, and with one for each provider, whose lines do."""
    with wall() as source:
        transport = Scripted(**{f"n{10 * place}": [setting(source, by)] for place, by in enumerate(jumps, start=1)})
        one = campaign(listed(tmp_path / "p.csv", 60), journal=tmp_path / "j.db", connections=3, **settings)
        report = send(one, Mailer(transport))
        assert (report.sent, report.in_doubt, report.exit_code) == (60, 0, 0)
        assert send(one, Mailer(transport)).sent_in_run == 0
    assert Counter(email for email, _ in transport.seen) == everyone(60)


@jumping
def test_deferred_when_the_clock_is_set_then_they_are_tried_again_as_soon_as_before(
    tmp_path: Path, jumps: tuple[float, ...]
) -> None:
    """Who was put off for less than a second is not put off for an hour."""
    with wall() as source:
        transport = Scripted(
            n1=[Status.DEFERRED] * 2,
            n2=[Status.DEFERRED, setting(source, -jumps[0], Status.DEFERRED)],
            n3=[setting(source, jumps[0])],
        )
        report = send(campaign(listed(tmp_path / "p.csv", 6), journal=tmp_path / "j.db", retry=SOON), Mailer(transport))
    assert (report.sent, report.deferred, report.in_doubt) == (6, 0, 0)
    assert Counter(email for email, _ in transport.seen) == everyone(6) + Counter(
        {"n1@example.com": 2, "n2@example.com": 2}
    )


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_deferred_when_the_clock_was_set_between_two_runs_then_the_next_run_tries_them(
    tmp_path: Path, by: float
) -> None:
    """A machine that was started with a wrong clock."""
    transport = Scripted(n1=[Status.DEFERRED])
    one = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "j.db", retry=SOON)
    with wall() as source:
        assert send(replace(one, wait=0), Mailer(transport)).deferred == 1
        source.jump(by)
        assert send(one, Mailer(transport)).sent == 3


@pytest.mark.slow
@pytest.mark.parametrize("jumps", [(HOUR,), (-HOUR,), (HOUR, -HOUR)])
def test_processes_when_the_clock_is_set_then_each_keeps_what_it_has(tmp_path: Path, jumps: tuple[float, ...]) -> None:
    """All leases seem to be over, or to have an hour to go: what one takes from another is not sent by both."""
    count = 150
    moments = {40 * place: by for place, by in enumerate(jumps, start=1)}
    with wall() as source:

        def set_clock(received: object) -> None:
            if by := moments.pop(len(server.received), 0.0):
                source.jump(by)

        one = campaign(
            listed(tmp_path / "p.csv", count), journal=tmp_path / "j.db", connections=6, processes=3, rate="300/s"
        )
        with relay(on_message=set_clock) as server, Mailer(server.url) as mailer:
            report = send(one, mailer)
    assert not moments
    assert server.copies == everyone(count)
    assert (report.sent, report.in_doubt, report.exit_code) == (count, 0, 0)


# -- rates -------------------------------------------------------------------------------------------------------------


class Timed(Scripted):
    """Notes when each message was given to it."""

    def __init__(self, **script: object) -> None:
        super().__init__(**script)
        self.times: list[float] = []

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        self.times.append(clock.monotonic())
        return super().deliver(envelope, message)


@pytest.mark.slow
@jumping
def test_rate_when_the_clock_is_set_then_it_is_not_exceeded(jumps: tuple[float, ...]) -> None:
    """Besides what was in hand: those had their times, and the line began anew."""
    rate, late = 100.0, 0.1  # a time that is missed by more is given back
    with wall() as source:
        transport = Timed(**{f"n{20 * place}": [setting(source, by)] for place, by in enumerate(jumps, start=1)})
        assert send(campaign(people(80), rate="100/s"), Mailer(transport)).sent == 80
    at_once = 1 + rate * late + 1 + len(jumps) * rate * HORIZON
    for first, begin in enumerate(transport.times):
        for last in range(first, len(transport.times)):
            assert last - first + 1 <= rate * (transport.times[last] - begin) + at_once


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_line_when_the_clock_is_set_after_a_time_was_given_then_nobody_waits_for_longer_than_it_lay_ahead(
    by: float,
) -> None:
    """Between the claim, which knows the time of day, and the line, which counts seconds."""
    with wall() as source:
        time = clock.Steady()
        due = time.now() + HORIZON / 2
        source.jump(by)
        line = Line(time)
        line.add([(Entry("n1@example.com", 1, {}), due)])
        _, late = line.take()
    assert late >= -HORIZON


# -- hours -------------------------------------------------------------------------------------------------------------


def test_hours_when_the_clock_is_set_beyond_them_then_the_rest_waits_until_it_is_set_right(tmp_path: Path) -> None:
    """What was in hand goes, and nothing is lost."""
    source = WallClock.at(datetime(2026, 3, 2, 12, 30, tzinfo=UTC))
    with clock.using(source):
        transport = Scripted(n3=[setting(source, HOUR)])
        one = campaign(
            listed(tmp_path / "p.csv", 30),
            journal=tmp_path / "j.db",
            rate="60/s",
            wait=0,
            between="12:00-13:00",
            timezone="UTC",
        )
        first = send(one, Mailer(transport))
        assert 3 < first.sent < 30
        source.jump(-HOUR)
        assert send(one, Mailer(transport)).sent == 30
    assert Counter(email for email, _ in transport.seen) == everyone(30)
