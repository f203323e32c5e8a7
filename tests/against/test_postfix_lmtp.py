"""Postfix as the client of our LMTP server: it hands on what it takes, and reads our verdicts."""

import queue

import pytest

from mailkit import Mailer, MessageBuilder
from mailkit.net import Listener
from mailkit.smtp import Policy, Received, Reply, ServerProfile
from tests.kit.daemon import DOMAIN, started
from tests.kit.postfix import Postfix

pytestmark = pytest.mark.slow


class Boxes(Policy):
    """Keeps what comes, and has no room for whom is called full."""

    def __init__(self) -> None:
        self.arrived: queue.Queue[Received] = queue.Queue()

    def message(self, received: Received) -> Reply | None:
        if received.recipients[0].startswith("full"):
            return Reply.of(552, "5.2.2 The mailbox is full")
        self.arrived.put(received)
        return None


def test_postfix_when_it_delivers_by_lmtp_then_each_verdict_is_read(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """In one transaction two have it, and one is full: Postfix tells the sender of him, and of nobody else."""
    boxes = Boxes()
    to = [f"{name}@{DOMAIN}" for name in ("one", "full", "two")]
    message = MessageBuilder().from_(f"ada@{DOMAIN}").to(*to).subject("Grüße").text("Hello").build()
    with Listener(boxes, profile=ServerProfile(host="lmtp.test", is_lmtp=True)) as server:
        for postfix in started(Postfix, tmp_path_factory, delivery=f"lmtp:inet:127.0.0.1:{server.port}"):
            with Mailer(f"smtp://127.0.0.1:{postfix.port}?tls=off") as mailer:
                assert mailer.send(message).is_complete
            arrived = [boxes.arrived.get(timeout=20.0) for _ in range(3)]
    by_name = {received.recipients[0].partition("@")[0]: received for received in arrived}
    assert sorted(by_name) == ["ada", "one", "two"]
    assert by_name["one"].data == by_name["two"].data
    report = by_name["ada"].data
    assert b"The mailbox is full" in report
    assert b"5.2.2" in report
    assert by_name["ada"].sender == ""
    assert f"one@{DOMAIN}".encode() not in report.partition(b"Content-Description: Undelivered Message")[0]
