"""What is particular to OpenSMTPD: one command at a time, and a STARTTLS that is offered and fails."""

import smtplib

import pytest

from mailkit import Message, MessageBuilder, Retry
from mailkit.errors import TlsError
from tests.kit.daemon import DOMAIN
from tests.kit.opensmtpd import Opensmtpd
from tests.kit.twins import MailerTwin

pytestmark = pytest.mark.slow


def message(to: str) -> Message:
    return MessageBuilder().from_(f"ada@{DOMAIN}").to(f"{to}@{DOMAIN}").subject("x").text("x").build()


@pytest.mark.parametrize("tls", ["required", "opportunistic"])
def test_opensmtpd_when_its_handshake_fails_then_nothing_is_sent_in_the_clear(
    opensmtpd: Opensmtpd, mailer_of: MailerTwin, name: str, tls: str
) -> None:
    """What STARTTLS began is not ended without TLS, even where TLS was only a wish."""
    url = f"smtp://localhost:{opensmtpd.port}?tls={tls}&ca={opensmtpd.ca_file}"
    with mailer_of(url, retry=Retry.NEVER) as mailer, pytest.raises(TlsError):
        mailer.send(message(name))
    with mailer_of(f"smtp://localhost:{opensmtpd.port}?tls=off") as mailer:
        mailer.send(message(f"{name}-after"))
    opensmtpd.wait_for(f"{name}-after")
    assert opensmtpd.messages(name) == []


def test_opensmtpd_when_a_message_is_taken_then_its_queue_id_is_in_what_it_says(
    opensmtpd: Opensmtpd, mailer_of: MailerTwin, name: str
) -> None:
    """The first word, and in the mailbox."""
    with mailer_of(f"smtp://localhost:{opensmtpd.port}?tls=off") as mailer:
        (outcome,) = mailer.send(message(name)).accepted
    (stored,) = opensmtpd.wait_for(name)
    assert f"id {outcome.text.split()[0]}".encode() in stored


def test_opensmtpd_when_the_address_is_elsewhere_then_it_is_refused(opensmtpd: Opensmtpd) -> None:
    """The kit's promise: nothing leaves the machine."""
    with smtplib.SMTP(opensmtpd.host, opensmtpd.port) as client:
        client.ehlo()
        client.mail(f"ada@{DOMAIN}")
        assert client.rcpt("carol@example.com")[0] == 550
