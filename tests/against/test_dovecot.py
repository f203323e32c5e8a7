"""What is particular to Dovecot: submission that passes on what a relay says, and mailboxes by LMTP, IMAP and POP3."""

import imaplib
import poplib
import smtplib
import ssl
from email.message import EmailMessage

import pytest

from mailkit import Mailer, MessageBuilder, Retry
from mailkit.errors import MailkitError
from tests.kit.daemon import DOMAIN
from tests.kit.dovecot import Dovecot
from tests.kit.relay import Relay
from tests.kit.targets import submission_of

pytestmark = pytest.mark.slow


def letter(to: str) -> EmailMessage:
    found = EmailMessage()
    found["From"], found["To"], found["Subject"] = f"ada@{DOMAIN}", f"{to}@{DOMAIN}", "Hello"
    found.set_content("Good morning.\n")
    return found


def trusting(dovecot: Dovecot) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=dovecot.ca_file)


def lmtp(dovecot: Dovecot, *, by_socket: bool) -> smtplib.LMTP:
    return smtplib.LMTP(str(dovecot.lmtp_socket)) if by_socket else smtplib.LMTP(dovecot.host, dovecot.lmtp_port)


def test_submission_when_nobody_has_logged_in_then_it_takes_nothing(dovecot: Dovecot, behind_dovecot: Relay) -> None:
    """And our client says so."""
    url = f"smtp://localhost:{dovecot.port}?ca={dovecot.ca_file}"
    message = MessageBuilder().from_(f"ada@{DOMAIN}").to(f"no-login@{DOMAIN}").subject("x").text("x").build()
    with Mailer(url, retry=Retry.NEVER) as mailer, pytest.raises(MailkitError, match="530"):
        mailer.send(message)
    assert behind_dovecot.copies[f"no-login@{DOMAIN}"] == 0


def test_submission_when_a_message_is_passed_on_then_only_a_trace_is_added(
    dovecot: Dovecot, behind_dovecot: Relay
) -> None:
    """Below Dovecot's Received the message is as it was sent, octet by octet."""
    sent = MessageBuilder().from_(f"ada@{DOMAIN}").to(f"octets@{DOMAIN}").subject("x").text(".\nGrüße\n.").build()
    with Mailer(submission_of(dovecot, behind_dovecot).submission(body="7bit")) as mailer:
        mailer.send(sent)
    (received,) = [one for one in behind_dovecot.received if one.recipients == (f"octets@{DOMAIN}",)]
    assert received.data.endswith(bytes(sent))
    assert received.data.startswith(b"Received: ")


@pytest.mark.parametrize("by_socket", [False, True], ids=["port", "socket"])
def test_lmtp_when_recipients_fare_differently_then_each_has_a_reply(dovecot: Dovecot, by_socket: bool) -> None:
    """The kit's promise: 550, 451, and a mailbox that is full after the end of data."""
    name = f"lmtp-{by_socket}".lower()
    with lmtp(dovecot, by_socket=by_socket) as client:
        refused = client.send_message(letter(name), f"ada@{DOMAIN}", recipients(name, "unknown", "later"))
        assert {address.partition("@")[0]: reply[0] for address, reply in refused.items()} == {
            "unknown": 550,
            "later": 451,
        }
        with pytest.raises(smtplib.SMTPDataError) as full:
            client.send_message(letter("full"), f"ada@{DOMAIN}", recipients("full"))
    assert (full.value.smtp_code, full.value.smtp_error[:5]) == (552, b"5.2.2")
    assert len(dovecot.wait_for(name)) == 1


def recipients(*names: str) -> list[str]:
    return [f"{name}@{DOMAIN}" for name in names]


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
def test_imap_and_pop_when_logged_in_over_tls_then_the_mailbox_is_there(dovecot: Dovecot, implicit: bool) -> None:
    """The kit's promise, for whatever reads mail."""
    with lmtp(dovecot, by_socket=False) as client:
        client.send_message(letter("ada"))
    dovecot.wait_for("ada")
    context = trusting(dovecot)
    if implicit:
        imap: imaplib.IMAP4 = imaplib.IMAP4_SSL("localhost", dovecot.imaps_port, ssl_context=context)
        pop: poplib.POP3 = poplib.POP3_SSL("localhost", dovecot.pop3s_port, context=context)
    else:
        imap, pop = imaplib.IMAP4("localhost", dovecot.imap_port), poplib.POP3("localhost", dovecot.pop3_port)
        imap.starttls(context)
        pop.stls(context)
    imap.login(dovecot.user, dovecot.password)
    status, _ = imap.select("INBOX", readonly=True)
    imap.logout()
    pop.user(dovecot.user)
    pop.pass_(dovecot.password)
    count, _ = pop.stat()
    pop.quit()
    assert status == "OK"
    assert count >= 1
