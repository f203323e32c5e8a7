"""What is particular to Exim: an extension list without codes, and chunks."""

import smtplib

import pytest

from mailkit import Mailer, MessageBuilder, Retry
from mailkit.errors import RecipientsRefused
from mailkit.transport import open_transport
from tests.kit.daemon import DOMAIN
from tests.kit.exim import Exim
from tests.kit.targets import target

pytestmark = pytest.mark.slow


def test_exim_when_it_gives_codes_that_it_does_not_offer_then_they_are_read_all_the_same(exim: Exim) -> None:
    """ENHANCEDSTATUSCODES is not in its list; the code is in its reply."""
    message = MessageBuilder().from_(f"ada@{DOMAIN}").to(f"unknown@{DOMAIN}").subject("x").text("x").build()
    with Mailer(target("exim", exim).url(), retry=Retry.NEVER) as mailer, pytest.raises(RecipientsRefused) as caught:
        mailer.send(message)
    (outcome,) = caught.value.receipt.refused
    assert (outcome.code, outcome.enhanced) == (550, "5.1.1")


def test_exim_when_a_message_is_taken_then_its_queue_id_is_told(exim: Exim) -> None:
    """It is in the reply, in words of Exim's own, and in the mailbox."""
    message = MessageBuilder().from_(f"ada@{DOMAIN}").to(f"queue-id@{DOMAIN}").subject("x").text("x").build()
    with Mailer(target("exim", exim).url()) as mailer:
        (outcome,) = mailer.send(message).accepted
    (stored,) = exim.wait_for("queue-id")
    assert outcome.queue_id
    assert outcome.queue_id.encode() in stored


def test_exim_when_it_is_verified_then_what_it_offers_is_told(exim: Exim) -> None:
    """Connected, secured, authenticated; nothing sent."""
    found = "\n".join(open_transport(target("exim", exim).submission()).verify())
    for expected in ("STARTTLS", f"authenticated as {exim.user}", "PIPELINING", "CHUNKING", "SMTPUTF8"):
        assert expected in found


def test_exim_when_nobody_has_logged_in_then_submission_is_refused(exim: Exim) -> None:
    """The kit's promise: a message on that port came by a login."""
    with smtplib.SMTP(exim.host, exim.submission_port) as client:
        client.ehlo()
        assert client.mail(f"ada@{DOMAIN}")[0] == 530


def test_exim_when_the_address_is_elsewhere_then_it_is_refused(exim: Exim) -> None:
    """The kit's promise: nothing leaves the machine."""
    with smtplib.SMTP(exim.host, exim.port) as client:
        client.ehlo()
        client.mail(f"ada@{DOMAIN}")
        assert client.rcpt("carol@example.com") == (550, f"5.7.1 This server delivers to {DOMAIN} only".encode())
