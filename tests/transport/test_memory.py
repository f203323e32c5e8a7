"""Transports that go nowhere."""

import threading

import pytest

from mailkit import MessageBuilder
from mailkit.transport import MemoryTransport, NullTransport, Status, Transport
from tests.kit.twins import TRANSPORTS, TransportTwin

MESSAGE = MessageBuilder().from_("ada@example.com").to("bob@example.com", "eve@example.com").text("Hello").build()


@pytest.mark.parametrize("twin", TRANSPORTS)
@pytest.mark.parametrize("transport", [MemoryTransport(), NullTransport()], ids=lambda transport: transport.name)
def test_deliver_when_called_then_everybody_is_accepted(twin: TransportTwin, transport: Transport) -> None:
    """One outcome for each recipient, in order."""
    with twin(transport) as delivering:
        outcomes = delivering.deliver(MESSAGE)
    assert [(outcome.recipient.email, outcome.status) for outcome in outcomes] == [
        ("bob@example.com", Status.ACCEPTED),
        ("eve@example.com", Status.ACCEPTED),
    ]
    assert {outcome.relay for outcome in outcomes} == {transport.name}


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_memory_when_messages_were_sent_then_they_are_kept_with_their_envelopes_until_cleared(
    twin: TransportTwin,
) -> None:
    """Tests look at what would have been sent."""
    memory = MemoryTransport()
    with twin(memory) as delivering:
        delivering.deliver(MESSAGE)
        delivering.deliver(MESSAGE)
    assert memory.messages == [MESSAGE, MESSAGE]
    assert memory.sent[0].envelope == MESSAGE.envelope()
    memory.clear()
    assert memory.messages == []


def test_memory_when_threads_share_it_then_no_message_is_lost_and_numbers_are_unique() -> None:
    """Transports are safe to share."""
    memory, numbers = MemoryTransport(), []

    def send() -> None:
        for _ in range(25):
            numbers.append(memory.deliver(MESSAGE.envelope(), MESSAGE)[0].queue_id)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(memory.sent) == len(set(numbers)) == 100


def test_verify_when_there_is_nothing_to_check_then_it_says_so() -> None:
    """`mailkit verify` has a line to show for every transport."""
    assert MemoryTransport().verify() == ("there is nothing to check",)
