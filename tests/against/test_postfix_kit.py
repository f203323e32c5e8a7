"""The Postfix of the test kit does what the other tests rely on, as seen by Python's own smtplib."""

import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailkit import Mailer, MessageBuilder
from tests.kit import sink
from tests.kit.daemon import need
from tests.kit.dovecot import Dovecot
from tests.kit.postfix import DOMAIN, Postfix


def letter(recipient: str, subject: str = "Hello") -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"ada@{DOMAIN}"
    message["To"] = f"{recipient}@{DOMAIN}"
    message["Subject"] = subject
    message.set_content("Good morning.\n")
    return message


def trusting(server: Postfix) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_file)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_submission_logs_in_over_starttls_and_delivers(postfix: Postfix, mechanism: str) -> None:
    recipient = f"submission-{mechanism.lower()}"
    with smtplib.SMTP(postfix.tls_name, postfix.submission_port) as client:
        client.ehlo()
        assert not client.has_extn("auth"), "no login is offered before TLS"
        client.starttls(context=trusting(postfix))
        client.ehlo()
        assert set(client.esmtp_features["auth"].split()) == set(postfix.mechanisms)
        client.user, client.password = postfix.user, postfix.password
        code, _ = client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))
        assert code == 235
        client.send_message(letter(recipient))
    [delivered] = postfix.wait_for(recipient)
    assert delivered.endswith(b"\n\nGood morning.\n")
    assert f"Delivered-To: {recipient}@{DOMAIN}\n".encode() in delivered


def test_submission_requires_tls(postfix: Postfix) -> None:
    with smtplib.SMTP(postfix.host, postfix.submission_port) as client:
        client.ehlo()
        assert client.mail(f"ada@{DOMAIN}")[0] == 530


def test_submission_requires_a_login(postfix: Postfix) -> None:
    with smtplib.SMTP(postfix.tls_name, postfix.submission_port) as client:
        client.starttls(context=trusting(postfix))
        client.ehlo()
        client.mail(f"ada@{DOMAIN}")
        assert client.rcpt(f"bob@{DOMAIN}")[0] == 554


def test_a_wrong_password_is_refused(postfix: Postfix) -> None:
    with smtplib.SMTP(postfix.tls_name, postfix.submission_port) as client:
        client.starttls(context=trusting(postfix))
        with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
            client.login(postfix.user, "wrong horse")
    assert refusal.value.smtp_code == 535


def test_smtps_logs_in_and_delivers(postfix: Postfix) -> None:
    with smtplib.SMTP_SSL(postfix.host, postfix.smtps_port, context=trusting(postfix)) as client:
        client.login(postfix.user, postfix.password)
        client.send_message(letter("smtps"))
    assert len(postfix.wait_for("smtps")) == 1


def test_a_client_that_does_not_know_the_authority_is_warned(postfix: Postfix) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        smtplib.SMTP_SSL(postfix.host, postfix.smtps_port, context=ssl.create_default_context())


def test_plain_smtp_delivers_without_login_in_order_of_arrival(postfix: Postfix) -> None:
    subjects = [f"number {number}" for number in range(20)]
    with smtplib.SMTP(postfix.host, postfix.port) as client:
        for subject in subjects:
            client.send_message(letter("in-order", subject))
    delivered = postfix.wait_for("in-order", count=len(subjects))
    assert [message.partition(b"\nSubject: ")[2].partition(b"\n")[0].decode() for message in delivered] == subjects


def test_starttls_is_offered_on_plain_smtp_and_internationalised_addresses_work(postfix: Postfix) -> None:
    message = letter("jürgen", "Grüße")
    with smtplib.SMTP(postfix.tls_name, postfix.port) as client:
        client.starttls(context=trusting(postfix))
        client.send_message(message)
    assert len(postfix.wait_for("jürgen")) == 1


@pytest.mark.parametrize(
    ("recipient", "code", "status"),
    [
        (f"unknown@{DOMAIN}", 550, b"5.1.1"),
        (f"later@{DOMAIN}", 450, b"4.2.0"),
        ("carol@example.com", 554, b"5.7.1"),
    ],
)
def test_some_recipients_are_refused(postfix: Postfix, recipient: str, code: int, status: bytes) -> None:
    with smtplib.SMTP(postfix.host, postfix.port) as client:
        client.ehlo()
        client.mail(f"ada@{DOMAIN}")
        answer, text = client.rcpt(recipient)
    assert (answer, text.split()[0]) == (code, status)


def test_a_message_that_does_not_come_fails_with_the_log(postfix: Postfix) -> None:
    latest = postfix.log().splitlines()[-1]
    with pytest.raises(AssertionError, match="0 of 1 messages for nobody") as failure:
        postfix.wait_for("nobody", within=0.0)
    assert latest in str(failure.value)


def test_a_second_postfix_runs_beside_the_first_and_leaves_nothing(postfix: Postfix, tmp_path: Path) -> None:
    with Postfix.started(tmp_path) as other:
        with smtplib.SMTP(other.host, other.port) as client:
            client.send_message(letter("second"))
        assert len(other.wait_for("second")) == 1
    assert not other.spool.exists()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(other.host, other.port)
    assert postfix.messages("second") == []
    with smtplib.SMTP(postfix.host, postfix.port) as client:
        assert client.noop()[0] == 250


@pytest.mark.usefixtures("postfix")
def test_a_postfix_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.kit.postfix.MASTER_CF", "nonsense\n")
    with pytest.raises(RuntimeError, match=r"master\.cf"), Postfix.started(tmp_path):
        pass


@pytest.mark.slow
def test_a_postfix_that_delivers_by_lmtp_hands_everything_to_that_server(dovecot: Dovecot, tmp_path: Path) -> None:
    delivery = f"lmtp:inet:{dovecot.host}:{dovecot.lmtp_port}"
    with Postfix.started(tmp_path, delivery=delivery) as server, smtplib.SMTP(server.host, server.port) as client:
        client.send_message(letter("through-postfix"))
        (delivered,) = dovecot.wait_for("through-postfix")
    assert b"with LMTP" in delivered


@pytest.mark.slow
def test_a_postfix_that_discards_takes_everything_and_keeps_nothing(tmp_path: Path) -> None:
    with Postfix.started(tmp_path, delivery="discard:") as server, smtplib.SMTP(server.host, server.port) as client:
        client.send_message(letter("nowhere"))
        server.wait_for_log("status=sent (mailkit.test)")
        assert server.messages("nowhere") == []


@pytest.mark.slow
def test_a_sink_takes_what_a_source_and_our_mailer_send() -> None:
    need("smtp-sink", sink.missing())
    with sink.smtp_sink() as port:
        assert sink.smtp_source(port, "-m", "20", "-s", "2") < 30
        message = MessageBuilder().from_(f"ada@{DOMAIN}").to(f"bob@{DOMAIN}").subject("x").text("x").build()
        with Mailer(f"smtp://127.0.0.1:{port}?tls=off") as mailer:
            assert mailer.send(message).is_complete
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port)
