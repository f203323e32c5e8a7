"""Wishes about reports on their way from the envelope to the relay."""

import pytest

from mailkit import Dsn, Envelope, Message, MessageBuilder, Retry
from mailkit.net import Listener
from mailkit.smtp import DsnRequest, RecipientDsn, Reply, ServerProfile
from mailkit.transport import Status
from mailkit.transport.dsn import dsn_request
from tests.kit.peers import Postbox
from tests.kit.twins import MAILERS, TRANSPORTS, MailerTwin, TransportTwin

SENDER, TO = "ada@example.com", "bob@example.com"
ASKED = Dsn(notify=("failure", "delay"), returned="headers", identifier="order-1815")


def message() -> Message:
    return MessageBuilder().from_(SENDER).to(TO).subject("Hi").text("Hello").build()


@pytest.mark.parametrize(
    ("asked", "request_"),
    [
        (None, None),
        (
            ASKED,
            DsnRequest("HDRS", "order-1815", (RecipientDsn(("FAILURE", "DELAY"), f"rfc822;{TO}"),)),
        ),
        (Dsn(), DsnRequest(recipients=(RecipientDsn(original=f"rfc822;{TO}"),))),
        (
            Dsn(notify="never", returned="full", original_recipient=False),
            DsnRequest("FULL", recipients=(RecipientDsn(("NEVER",)),)),
        ),
        (Dsn(original_recipient=False), DsnRequest(recipients=(RecipientDsn(),))),
    ],
)
def test_request_when_an_envelope_asks_then_it_is_in_the_words_of_smtp(
    asked: Dsn | None, request_: DsnRequest | None
) -> None:
    """RFC 3461 4."""
    assert dsn_request(Envelope(SENDER, TO, dsn=asked)) == request_


@pytest.mark.parametrize(
    ("address", "original"),
    [
        ("bob@exämple.com", "rfc822;bob@xn--exmple-cua.com"),
        ("zoë@example.com", "utf-8;zoë@example.com"),
        ('"a b"@example.com', 'rfc822;"a b"@example.com'),
    ],
)
def test_request_when_an_address_needs_more_than_ascii_then_its_type_says_so(address: str, original: str) -> None:
    """RFC 6533 3: utf-8 where rfc822 cannot write it, and only there."""
    request = dsn_request(Envelope(SENDER, address, dsn=Dsn()))
    assert request is not None
    assert [one.original for one in request.recipients] == [original]


@pytest.mark.parametrize("twin", TRANSPORTS)
@pytest.mark.parametrize("to", [TO, "zoë+x@example.com", '"a b"@example.com'])
def test_transport_when_the_relay_offers_dsn_then_it_gets_the_wishes(twin: TransportTwin, to: str) -> None:
    """Encoded there, decoded here, the same in between."""
    postbox, envelope = Postbox(), Envelope(SENDER, to, dsn=ASKED)
    with Listener(postbox) as server, twin(f"smtp://127.0.0.1:{server.port}") as transport:
        transport.deliver(message(), envelope)
    assert postbox.received[0].dsn == dsn_request(envelope)
    assert postbox.received[0].recipients == (to,)


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_transport_when_the_relay_does_not_offer_dsn_then_the_message_goes_without(twin: TransportTwin) -> None:
    """RFC 3461 5.2."""
    postbox = Postbox()
    with (
        Listener(postbox, profile=ServerProfile(extensions=())) as server,
        twin(f"smtp://127.0.0.1:{server.port}") as transport,
    ):
        (outcome,) = transport.deliver(message(), Envelope(SENDER, TO, dsn=ASKED))
    assert outcome.status is Status.ACCEPTED
    assert postbox.received[0].dsn is None


@pytest.mark.parametrize("mailer_of", MAILERS)
def test_mailer_when_a_recipient_is_tried_again_then_the_wishes_stay(mailer_of: MailerTwin) -> None:
    """For those who are left."""
    postbox = Postbox(recipients={"late@example.com": [Reply.of(450, "4.2.0 Busy")]})
    with Listener(postbox) as server, mailer_of(f"smtp://127.0.0.1:{server.port}", retry=Retry(backoff=0)) as mailer:
        mailer.send(message(), envelope=Envelope(SENDER, [TO, "late@example.com"], dsn=ASKED))
    first, second = (received.dsn for received in postbox.received)
    assert first is not None
    assert second is not None
    assert [one.original for one in first.recipients] == [f"rfc822;{TO}"]
    assert [one.original for one in second.recipients] == ["rfc822;late@example.com"]
    assert {first.envid, second.envid} == {"order-1815"}
