"""When messages arrive at a server that several processes send to: never faster than was asked for, in any stretch of time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailkit import Mailer, Retry
from mailkit.bulk.pacing import HORIZON
from mailkit.smtp import Received, Reply
from tests.bulk.test_campaign import campaign, everyone, listed
from tests.kit.relay import relay

pytestmark = pytest.mark.slow

CONNECTIONS = 6
LATE = 0.1  # seconds by which a message may miss its time and still go


@dataclass
class Arrivals:
    """Notes when each message is there, and answers as it is told."""

    answer: Callable[[Received], Reply | None] = lambda _: None
    times: list[tuple[float, str]] = field(default_factory=list)

    def __call__(self, received: Received) -> Reply | None:
        self.times.append((time.monotonic(), received.recipients[0]))
        return self.answer(received)

    def of(self, domain: str = "", *, since: float = 0.0) -> list[float]:
        return [moment for moment, address in self.times if address.endswith(domain) and moment >= since]


def most_beyond(times: list[float], rate: float) -> float:
    """By how many messages the worst stretch of time exceeds what the rate allows in it."""
    worst = 0.0
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            worst = max(worst, last - first + 1 - rate * (times[last] - begin))
    return worst


def burst(rate: float) -> float:
    """What may come at once: one, those that were late, and what lies on the way from so many connections."""
    return 1 + rate * (LATE + HORIZON) + CONNECTIONS


def mixed(path: Path, **counts: int) -> Path:
    addresses = [f"n{number}@{name}.com" for name, count in counts.items() for number in range(count)]
    path.write_text("email,name\n" + "".join(f"{address},Zoë\n" for address in addresses))
    return path


def test_rate_when_three_processes_send_then_together_they_keep_it(tmp_path: Path) -> None:
    """Not each by itself: three times the rate would be what a relay suspends for."""
    arrivals = Arrivals()
    one = campaign(
        listed(tmp_path / "p.csv", 200), journal=tmp_path / "j.db", connections=CONNECTIONS, processes=3, rate="80/s"
    )
    with relay(on_message=arrivals) as server, Mailer(server.url) as mailer:
        assert one.send(mailer).sent == 200
    assert server.copies == everyone(200)
    assert most_beyond(arrivals.of(), 80) <= burst(80)
    assert most_beyond(arrivals.of(), 40) > burst(80)  # and it was reached


def test_domain_rate_when_three_processes_send_then_it_holds_for_the_provider_and_nobody_waits_for_it(
    tmp_path: Path,
) -> None:
    """Two domains of one provider share its rate."""
    arrivals = Arrivals()
    one = campaign(
        mixed(tmp_path / "p.csv", gmail=40, googlemail=20, example=150),
        journal=tmp_path / "j.db",
        connections=CONNECTIONS,
        processes=3,
        domain_rate={"gmail.com": "30/s"},
    )
    with relay(on_message=arrivals) as server, Mailer(server.url) as mailer:
        assert one.send(mailer).sent == 210
    google = sorted(arrivals.of("@gmail.com") + arrivals.of("@googlemail.com"))
    assert most_beyond(google, 30) <= burst(30)
    assert arrivals.of("@example.com")[-1] < google[len(google) // 2]


def test_rate_when_the_relay_says_too_fast_to_one_process_then_all_send_half_as_fast(tmp_path: Path) -> None:
    """What one of them is told, the others heed: it is the relay that cannot bear more."""
    told: list[float] = []

    def answer(received: Received) -> Reply | None:
        if len(arrivals.times) == 40:
            told.append(time.monotonic())
            return Reply.of(451, "4.7.1 too fast")
        return None

    arrivals = Arrivals(answer)
    one = campaign(
        listed(tmp_path / "p.csv", 240),
        journal=tmp_path / "j.db",
        connections=CONNECTIONS,
        processes=3,
        rate="80/s",
        retry=Retry(attempts=5, backoff=0.1, longest=0.1),
    )
    with relay(on_message=arrivals) as server, Mailer(server.url) as mailer:
        assert one.send(mailer).sent == 240
    assert len(told) == 1
    after = arrivals.of()[-100:]  # a slow machine may be some time in writing down that it is to be slower
    assert most_beyond(after, 40) <= burst(40)
    assert most_beyond(after, 20) > burst(40)  # by half, and no more
