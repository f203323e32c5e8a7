"""Dovecot's mailboxes, reached by our client's LMTP (RFC 2033) over TCP and over a Unix socket."""

import pytest

from mailkit import Mailer, MessageBuilder, Retry
from tests.kit.daemon import DOMAIN
from tests.kit.dovecot import Dovecot
from tests.kit.twins import MAILERS, MailerTwin

pytestmark = pytest.mark.slow


def lmtp_url(dovecot: Dovecot, *, by_socket: bool, window: int = 16) -> str:
    place = f"lmtp:{dovecot.lmtp_socket}" if by_socket else f"lmtp://{dovecot.host}:{dovecot.lmtp_port}"
    return f"{place}?window={window}" + ("" if by_socket else "&tls=off")


def recipients(*names: str) -> list[str]:
    return [f"{name}@{DOMAIN}" for name in names]


@pytest.mark.parametrize("by_socket", [False, True], ids=["port", "socket"])
@pytest.mark.parametrize("mailer_of", MAILERS, ids=["Mailer", "AsyncMailer"])
def test_lmtp_when_a_message_goes_to_several_then_each_has_a_verdict_of_its_own(
    dovecot: Dovecot, mailer_of: MailerTwin, by_socket: bool
) -> None:
    """RFC 2033 4.2: two have it, one is full, one is unknown, one is put off. No two of them share a fate."""
    name = f"verdict-{by_socket}-{mailer_of is MAILERS[0]}".lower()
    to = recipients(name, "full", "unknown", f"{name}-2", "later")
    message = MessageBuilder().from_(f"ada@{DOMAIN}").to(*to).subject("Grüße").text("Good morning.").build()
    with mailer_of(lmtp_url(dovecot, by_socket=by_socket), retry=Retry.NEVER) as mailer:
        receipt = mailer.send(message)
    assert [outcome.code for outcome in receipt.outcomes] == [250, 552, 550, 250, 451]
    assert [outcome.recipient.local for outcome in receipt.deferred] == ["later"]
    assert len(dovecot.wait_for(name)) == len(dovecot.wait_for(f"{name}-2")) == 1


@pytest.mark.parametrize("window", [0, 16])
def test_lmtp_when_many_are_sent_then_each_is_in_its_mailbox(dovecot: Dovecot, window: int) -> None:
    """With the next one's envelope at the end of data, and by BDAT in windows."""
    names = [f"many-{window}-{number}" for number in range(40)]
    sent = [
        MessageBuilder().from_(f"ada@{DOMAIN}").to(*recipients(one, "unknown")).subject(one).text("Hello").build()
        for one in names
    ]
    with Mailer(lmtp_url(dovecot, by_socket=False, window=window), retry=Retry.NEVER) as mailer:
        receipts = list(mailer.send_many(sent))
    assert [[outcome.code for outcome in receipt.outcomes] for receipt in receipts] == [[250, 550]] * 40
    for one in names:
        (stored,) = dovecot.wait_for(one)
        assert f"Subject: {one}".encode() in stored


def test_lmtp_when_a_message_is_large_then_each_recipient_has_a_verdict(dovecot: Dovecot) -> None:
    """It goes alone, as what is too large to fly does."""
    to = recipients("large-1", "full", "large-2")
    text = "Ein langer Brief.\n" * 40_000
    message = MessageBuilder().from_(f"ada@{DOMAIN}").to(*to).subject("x").text(text).build()
    with Mailer(lmtp_url(dovecot, by_socket=True), retry=Retry.NEVER) as mailer:
        receipt = mailer.send(message)
    assert [outcome.code for outcome in receipt.outcomes] == [250, 552, 250]


def test_lmtp_when_it_is_secured_then_its_certificate_is_verified(dovecot: Dovecot) -> None:
    """STARTTLS works as with SMTP."""
    message = MessageBuilder().from_(f"ada@{DOMAIN}").to(*recipients("secured")).subject("x").text("x").build()
    url = f"lmtp://localhost:{dovecot.lmtp_port}?tls=required&ca={dovecot.ca_file}"
    with Mailer(url, retry=Retry.NEVER) as mailer:
        assert mailer.send(message).is_complete
    assert len(dovecot.wait_for("secured")) == 1
