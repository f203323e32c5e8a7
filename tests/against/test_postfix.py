"""Our mailers against a real Postfix."""

from urllib.parse import quote

import pytest

from mailkit import Message, MessageBuilder, Retry
from mailkit.errors import AuthError, RetriesExhausted, TlsError
from mailkit.mime.bodytype import BodyType
from mailkit.transport import open_transport
from tests.kit.peers import Authority
from tests.kit.postfix import DOMAIN, Postfix
from tests.kit.twins import MAILERS, MailerTwin

AT_ONCE = Retry(attempts=2, backoff=0)


def message(*to: str, text: str = "Hello\n.\n..\nGrüße") -> Message:
    return MessageBuilder().from_("Ada <ada@mailkit.test>").to(*to).subject("Résumé").text(text).build()


def submission(postfix: Postfix, password: str = "") -> str:
    user, secret = quote(postfix.user, safe=""), quote(password or postfix.password, safe="")
    return f"smtp://{user}:{secret}@{postfix.tls_name}:{postfix.submission_port}?ca={postfix.ca_file}"


def smtps(postfix: Postfix) -> str:
    return (
        submission(postfix)
        .replace("smtp://", "smtps://")
        .replace(str(postfix.submission_port), str(postfix.smtps_port))
    )


def relay(postfix: Postfix) -> str:
    return f"smtp://{postfix.host}:{postfix.port}?tls=off"


def below_added_headers(stored: bytes, sent: Message) -> bytes:
    """What Postfix stored, as it was on the wire, without the headers that delivery put on top."""
    wire = stored.replace(b"\n", b"\r\n")
    return wire[wire.index(bytes(sent)[:20]) :]


@pytest.mark.slow
@pytest.mark.parametrize("url", [submission, smtps, relay])
def test_postfix_when_a_message_is_submitted_then_its_exact_bytes_are_in_the_mailbox(
    mailer_of: MailerTwin, postfix: Postfix, name: str, url
) -> None:
    """STARTTLS and SASL, implicit TLS and SASL, and plain relaying."""
    sent = message(f"{name}@{DOMAIN}")
    with mailer_of(url(postfix)) as mailer:
        receipt = mailer.send(sent)
    assert receipt.is_complete
    (stored,) = postfix.wait_for(name)
    assert below_added_headers(stored, sent) == bytes(sent.wire(BodyType.EIGHT_BIT))
    queue_id = receipt.accepted[0].queue_id
    assert queue_id.encode() in stored


@pytest.mark.slow
def test_postfix_when_the_password_is_wrong_then_it_is_an_auth_error(mailer_of: MailerTwin, postfix: Postfix) -> None:
    """Without the password in it."""
    with mailer_of(submission(postfix, "wrong horse"), retry=AT_ONCE) as mailer, pytest.raises(AuthError) as caught:
        mailer.send(message(f"nobody@{DOMAIN}"))
    assert "wrong horse" not in f"{caught.value} {caught.value!r} {caught.value.__dict__}"


@pytest.mark.parametrize("url", [submission, smtps])
def test_postfix_when_its_authority_is_not_trusted_then_it_is_a_tls_error(
    mailer_of: MailerTwin, postfix: Postfix, authority: Authority, url
) -> None:
    """No password is sent to a stranger."""
    distrusting = url(postfix).replace(str(postfix.ca_file), str(authority.ca_file))
    with mailer_of(distrusting, retry=AT_ONCE) as mailer, pytest.raises(TlsError, match="cannot be trusted"):
        mailer.send(message(f"nobody@{DOMAIN}"))


@pytest.mark.slow
def test_postfix_when_one_recipient_is_unknown_then_the_other_gets_the_message(
    mailer_of: MailerTwin, postfix: Postfix, name: str
) -> None:
    """Pipelined, and matched to the right one."""
    with mailer_of(relay(postfix), retry=AT_ONCE) as mailer:
        receipt = mailer.send(message(f"unknown@{DOMAIN}", f"{name}@{DOMAIN}"))
    assert [outcome.code for outcome in receipt.outcomes] == [550, 250]
    assert receipt.refused[0].enhanced == "5.1.1"
    assert len(postfix.wait_for(name)) == 1


def test_postfix_when_a_recipient_is_deferred_then_it_is_tried_again_and_reported(
    mailer_of: MailerTwin, postfix: Postfix
) -> None:
    """450 every time."""
    with mailer_of(relay(postfix), retry=AT_ONCE) as mailer, pytest.raises(RetriesExhausted) as caught:
        mailer.send(message(f"later@{DOMAIN}"))
    (outcome,) = caught.value.receipt.deferred
    assert (outcome.code, outcome.enhanced, outcome.attempts) == (450, "4.2.0", 2)


@pytest.mark.slow
def test_postfix_when_a_local_part_is_not_ascii_then_smtputf8_carries_it(
    mailer_of: MailerTwin, postfix: Postfix, name: str
) -> None:
    """RFC 6531, to the mailbox."""
    sent = message(f"zoë-{name}@{DOMAIN}")
    with mailer_of(relay(postfix)) as mailer:
        mailer.send(sent)
    (stored,) = postfix.wait_for(f"zoë-{name}")
    assert below_added_headers(stored, sent) == bytes(sent.wire(BodyType.EIGHT_BIT))
    assert b"UTF8SMTP" in stored


def test_postfix_when_a_domain_is_not_ascii_then_it_is_asked_for_its_a_label(
    mailer_of: MailerTwin, postfix: Postfix
) -> None:
    """No SMTPUTF8 is needed for a domain; this Postfix does not relay, and says which domain it means."""
    receipt_of = message("bob@exämple.com", f"unknown@{DOMAIN}")
    with mailer_of(relay(postfix), retry=AT_ONCE) as mailer:
        receipt = mailer.deliver(receipt_of)
    assert receipt.outcomes[0].code // 100 == 5
    assert "xn--exmple-cua.com" in receipt.outcomes[0].text


@pytest.mark.slow
def test_postfix_when_a_message_has_eight_bit_lines_then_it_arrives_as_it_is(
    mailer_of: MailerTwin, postfix: Postfix, name: str
) -> None:
    """8BITMIME: a message that was read from bytes is sent as those bytes."""
    raw = (
        f"From: ada@{DOMAIN}\r\nTo: {name}@{DOMAIN}\r\nSubject: raw\r\nDate: Fri, 02 Jan 2026 03:04:05 +0000\r\n"
        f"Message-ID: <{name}@{DOMAIN}>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n'
        "Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n--b\r\nContent-Type: text/x-thing; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\nContent-Disposition: attachment; filename=thing.txt\r\n\r\nÄÖÜ\r\n--b--\r\n"
    ).encode()
    sent = Message.parse(raw)
    with mailer_of(relay(postfix)) as mailer:
        mailer.send(sent)
    (stored,) = postfix.wait_for(name)
    assert below_added_headers(stored, sent) == raw


@pytest.mark.slow
def test_postfix_when_many_messages_are_sent_then_they_share_one_connection(
    mailer_of: MailerTwin, postfix: Postfix, name: str
) -> None:
    """And every one arrives once, in order."""
    count = 20 + MAILERS.index(mailer_of)  # its own number, to be told apart in the log
    sent = [message(f"{name}@{DOMAIN}", text=f"No. {number}") for number in range(count)]
    with mailer_of(submission(postfix)) as mailer:
        for one in sent:
            assert mailer.send(one).is_complete
    stored = postfix.wait_for(name, count)
    assert [below_added_headers(*pair) for pair in zip(stored, sent, strict=True)] == [bytes(one) for one in sent]
    postfix.wait_for_log(f" ehlo=2 starttls=1 auth=1 mail={count} rcpt={count} data={count} quit=1 ")


def test_postfix_when_it_is_verified_then_what_it_offers_is_told(postfix: Postfix) -> None:
    """Connected, secured, authenticated; nothing sent."""
    found = "\n".join(open_transport(submission(postfix)).verify())
    for expected in ("STARTTLS", f"authenticated as {postfix.user}", "PIPELINING", "SMTPUTF8"):
        assert expected in found
