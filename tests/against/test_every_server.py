"""What holds with every server: our mailers against Postfix, Exim, OpenSMTPD, Dovecot's submission, and our own server.

tests/kit/targets.py says which of them offers what; docs/servers.md shows it.
"""

import email
import re
import smtplib
import ssl
from collections import Counter
from email import policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import pytest

from mailkit import Attachment, Dsn, Envelope, Mailer, Message, MessageBuilder, Retry, clock
from mailkit.errors import AuthError, CapabilityMissing, RetriesExhausted, TlsError
from mailkit.testing import FrozenClock
from mailkit.transport import open_transport
from mailkit.transport.pool import ASK_AFTER
from tests.kit.daemon import DOMAIN
from tests.kit.gateway import Gateway
from tests.kit.peers import Authority
from tests.kit.targets import BROKEN, OFFERS, SERVERS, WITH_TLS, Target, offering, on
from tests.kit.twins import MAILERS, MailerTwin

pytestmark = pytest.mark.slow

AT_ONCE = Retry(attempts=2, backoff=0)
MECHANISMS = {name.removeprefix("AUTH "): servers for name, servers in OFFERS.items() if name.startswith("AUTH ")}
LONG_LINE = "Ein sehr langer Satz über Größe, Höhe und Weite; " * 60


def message(*to: str, text: str = "Hello") -> Message:
    return MessageBuilder().from_(f"ada@{DOMAIN}").to(*to).subject("Grüße").text(text).build()


def parsed(stored: bytes) -> EmailMessage:
    found = email.message_from_bytes(stored, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def with_lf(stored: bytes) -> bytes:
    """A mailbox keeps lines as it likes."""
    return stored.replace(b"\r\n", b"\n")


def content(part: object) -> object:
    assert isinstance(part, EmailMessage)
    return part.get_content()


# -- what they offer ---------------------------------------------------------------------------------------------------


@on(*SERVERS)
def test_server_when_greeted_then_it_offers_what_is_said_of_it(server: Target) -> None:
    """Before TLS and after it, as smtplib hears it; what is more than that is not our concern."""
    with smtplib.SMTP("localhost", server.submission_port or server.port) as client:
        client.ehlo()
        offered = {name.upper() for name in client.esmtp_features} - {"AUTH"}
        if "STARTTLS" in offered and server.submission_port:
            client.starttls(context=ssl.create_default_context(cafile=server.ca_file))
            client.ehlo()
        offered |= {name.upper() for name in client.esmtp_features}
        offered |= {f"AUTH {name}" for name in client.esmtp_features.get("auth", "").split()}
    said = {capability for capability, servers in OFFERS.items() if server.name in servers}
    assert offered & OFFERS.keys() == said | BROKEN.get(server.name, set())


# -- messages ----------------------------------------------------------------------------------------------------------


@on(*SERVERS)
def test_server_when_a_message_has_everything_then_it_arrives_intact(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """Umlauts, lines that are too long, dots where lines begin, HTML, files; and nobody reads who is in Bcc."""
    binary, text = bytes(range(256)) * 40, f".\n..\n.Punkt\n{LONG_LINE}\nEnde"
    sent = (
        MessageBuilder()
        .from_(f"Jörg <ada@{DOMAIN}>")
        .to(f"{name}@{DOMAIN}")
        .cc(f"{name}-cc@{DOMAIN}")
        .bcc(f"{name}-bcc@{DOMAIN}")
        .subject("Grüße aus Köln")
        .text(text)
        .html(f"<p>{LONG_LINE}</p>")
        .attach(Attachment(binary, filename="Übersicht.bin", type="application/octet-stream"))
        .attach(Attachment(b"..\r\n.\r\nx\r\n", filename="dots.dat", type="application/octet-stream"))
        .build()
    )
    with mailer_of(server.url()) as mailer:
        assert mailer.send(sent).is_complete
    for who in (name, f"{name}-cc", f"{name}-bcc"):
        (stored,) = server.wait_for(who)
        assert b"bcc:" not in stored.lower()
        found = parsed(stored)
        assert found["Subject"] == "Grüße aus Köln"
        assert str(found["From"]) == f"Jörg <ada@{DOMAIN}>"
        assert str(content(found.get_body(("plain",)))).splitlines() == text.splitlines()
        assert LONG_LINE in str(content(found.get_body(("html",))))
        files = list(found.iter_attachments())
        assert [part.get_filename() for part in files] == ["Übersicht.bin", "dots.dat"]
        assert [content(part) for part in files] == [binary, b"..\r\n.\r\nx\r\n"]


@on(*SERVERS)
def test_server_when_lines_begin_with_dots_then_none_is_lost(mailer_of: MailerTwin, server: Target, name: str) -> None:
    """In a message that is sent as the bytes that were read."""
    body = b".\r\n..\r\n...\r\n.a\r\n\r\n.\r\nend\r\n.\r\n"
    head = f"From: ada@{DOMAIN}\r\nTo: {name}@{DOMAIN}\r\nDate: Fri, 02 Jan 2026 03:04:05 +0000\r\n".encode()
    sent = Message.parse(head + f"Message-ID: <{name}@{DOMAIN}>\r\nSubject: dots\r\n\r\n".encode() + body)
    with mailer_of(server.url()) as mailer:
        mailer.send(sent)
    (stored,) = server.wait_for(name)
    assert with_lf(stored).partition(b"\n\n")[2] == with_lf(body)


@offering("8BITMIME")
def test_server_when_it_takes_eight_bits_then_text_arrives_unencoded(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """The letters are in the mailbox as they were written."""
    with mailer_of(server.url(body="8bit")) as mailer:
        mailer.send(message(f"{name}@{DOMAIN}", text="Grüße, Ελλάδα, 日本"))
    (stored,) = server.wait_for(name)
    assert "\n\nGrüße, Ελλάδα, 日本\n".encode() in with_lf(stored)


@offering("BINARYMIME")
def test_server_when_it_takes_binary_parts_then_files_arrive_unencoded(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """By BDAT: no octet is changed, and none is spent on an encoding."""
    binary = bytes(range(256)) * 4 + b"\r\n.\r\n"
    sent = MessageBuilder().from_(f"ada@{DOMAIN}").to(f"{name}@{DOMAIN}").subject("x").text("x")
    with mailer_of(server.url()) as mailer:
        mailer.send(sent.attach(Attachment(binary, filename="x.bin", type="application/octet-stream")).build())
    (stored,) = server.wait_for(name)
    assert binary in stored


@cache
def ten_megabytes() -> Attachment:
    return Attachment(bytes(range(250)) * 40_000, filename="large.bin", type="application/octet-stream")


@on(*SERVERS)
def test_server_when_a_file_has_ten_megabytes_then_it_arrives(mailer_of: MailerTwin, server: Target, name: str) -> None:
    """Every octet of it."""
    sent = MessageBuilder().from_(f"ada@{DOMAIN}").to(f"{name}@{DOMAIN}").subject("x").text("x").attach(ten_megabytes())
    with mailer_of(server.url()) as mailer:
        mailer.send(sent.build())
    (stored,) = server.wait_for(name, within=20.0)
    (file,) = parsed(stored).iter_attachments()
    assert content(file) == ten_megabytes().content


@offering("SIZE")
def test_server_when_a_message_is_larger_than_it_takes_then_nothing_is_sent(
    mailer_of: MailerTwin, server: Target
) -> None:
    """SIZE says so before; the connection stays good for a message that fits."""
    builder = MessageBuilder().from_(f"ada@{DOMAIN}").to(f"unsent@{DOMAIN}").subject("x").text("x")
    sent = builder.attach(ten_megabytes()).attach(ten_megabytes()).attach(ten_megabytes()).build()
    with mailer_of(server.url(), retry=AT_ONCE) as mailer, pytest.raises(CapabilityMissing) as caught:
        mailer.send(sent)
    assert caught.value.capability == "SIZE"
    assert f"{server.size_limit:,}" in str(caught.value)


@offering("SMTPUTF8")
def test_server_when_a_local_part_is_not_ascii_then_smtputf8_carries_it(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """RFC 6531, to the mailbox."""
    with mailer_of(server.url()) as mailer:
        assert mailer.send(message(f"zoë-{name}@{DOMAIN}")).is_complete
    (stored,) = server.wait_for(f"zoë-{name}")
    assert f"To: zoë-{name}@{DOMAIN}".encode() in stored


@on("opensmtpd", "dovecot")
def test_server_when_it_has_no_smtputf8_then_such_a_message_is_not_sent(mailer_of: MailerTwin, server: Target) -> None:
    """And the error says what is missing."""
    with mailer_of(server.url(), retry=AT_ONCE) as mailer, pytest.raises(CapabilityMissing) as caught:
        mailer.send(message(f"zoë@{DOMAIN}"))
    assert caught.value.capability == "SMTPUTF8"


# -- recipients --------------------------------------------------------------------------------------------------------


@on(*SERVERS)
def test_server_when_one_recipient_is_unknown_then_the_others_get_the_message(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """Each outcome has its recipient's code, and its enhanced code."""
    to = [f"{name}-1@{DOMAIN}", f"unknown@{DOMAIN}", f"{name}-2@{DOMAIN}"]
    with mailer_of(server.url(), retry=AT_ONCE) as mailer:
        receipt = mailer.send(message(*to))
    assert [(outcome.recipient.email, outcome.code) for outcome in receipt.outcomes] == list(
        zip(to, (250, 550, 250), strict=True)
    )
    (refused,) = receipt.refused
    assert (refused.enhanced, refused.command) == ("5.1.1", "RCPT")
    for who in (f"{name}-1", f"{name}-2"):
        assert len(server.wait_for(who)) == 1


@on(*SERVERS)
def test_server_when_a_recipient_is_put_off_then_it_is_tried_again_and_deferred(
    mailer_of: MailerTwin, server: Target
) -> None:
    """A 4yz reply, every time."""
    with mailer_of(server.url(), retry=AT_ONCE) as mailer, pytest.raises(RetriesExhausted) as caught:
        mailer.send(message(f"later@{DOMAIN}"))
    (outcome,) = caught.value.receipt.deferred
    assert (outcome.code in (450, 451), outcome.enhanced, outcome.attempts) == (True, "4.2.0", 2)


@on(*SERVERS)
def test_server_when_recipients_are_fifty_then_each_has_the_message_and_its_outcome(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """In one transaction; the one who is refused in the middle shifts nobody."""
    to = [f"{name}-{number}@{DOMAIN}" for number in range(50)]
    with mailer_of(server.url()) as mailer:
        receipt = mailer.send(message(*to[:25], f"unknown@{DOMAIN}", *to[25:]))
    assert [outcome.code for outcome in receipt.outcomes] == [250] * 25 + [550] + [250] * 25
    assert len({outcome.queue_id for outcome in receipt.accepted}) == 1
    for number in range(50):
        assert len(server.wait_for(f"{name}-{number}")) == 1


@offering("PIPELINING")
def test_server_when_it_takes_pipelining_then_fifty_recipients_are_one_flight(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """MAIL and every RCPT leave before the first reply to them comes."""
    to = [f"{name}-{number}@{DOMAIN}" for number in range(50)]
    with Gateway(server.open_port) as gateway, mailer_of(server.behind(gateway.port).in_clear()) as mailer:
        assert mailer.send(message(*to)).is_complete
        turns = [turn for turn in gateway.turns if turn.startswith(b"MAIL FROM")]
    assert [turn.count(b"RCPT TO") for turn in turns] == [50]


@on("postfix", "exim", "opensmtpd")
def test_server_when_a_report_of_success_is_asked_for_then_it_comes_back_with_our_names(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """ENVID, ORCPT and NOTIFY, there and back."""
    asked = Dsn(notify="success", returned="headers", identifier=f"order {name}")
    sender, to = f"asks-{name}@{DOMAIN}", f"{name}@{DOMAIN}"
    with mailer_of(server.url()) as mailer:
        mailer.send(message(to), envelope=Envelope(sender, to, dsn=asked))
    (report,) = server.wait_for(f"asks-{name}")
    fields = next(part for part in parsed(report).walk() if part.get_content_subtype() == "delivery-status").as_bytes()
    assert to.encode() in fields
    assert b"Action: delivered" in fields


# -- connections -------------------------------------------------------------------------------------------------------


# One of our mailers is enough for the slow ones.
IN_A_HURRY = [(one, mailer) for one in ("postfix", "dovecot", "own") for mailer in MAILERS]
AT_LEISURE = [("exim", MAILERS[0]), ("opensmtpd", MAILERS[1])]
# OpenSMTPD ends a session after a hundred messages.
CONNECTIONS = {"opensmtpd": 10}


@pytest.mark.parametrize(("server", "mailer_of"), [*IN_A_HURRY, *AT_LEISURE], indirect=True)
def test_server_when_messages_are_a_thousand_then_each_arrives_once_over_as_few_connections_as_it_allows(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """None is lost, none is doubled, none is mixed with another."""
    count = 1000
    with Gateway(server.open_port) as gateway:
        with mailer_of(server.behind(gateway.port).url(max_messages=2 * count)) as mailer:
            for number in range(count):
                assert mailer.send(message(f"{name}@{DOMAIN}", text=f"No. {number}")).is_complete
        assert gateway.connections == CONNECTIONS.get(server.name, 1)
    stored = server.wait_for(name, count, within=30.0)
    numbers = Counter(int(re.search(rb"^No\. (\d+)", one, re.MULTILINE)[1]) for one in stored)  # type: ignore[index]
    assert numbers == Counter(range(count))


@on(*SERVERS)
def test_server_when_many_are_sent_at_once_then_each_arrives_once_with_its_own_outcome(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """By DATA, each with the next one's envelope; refused ones among them."""
    _send_many(mailer_of, server, name, window=0)


@offering("CHUNKING")
def test_server_when_it_takes_chunks_then_windows_of_transactions_arrive(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """Sixteen at a time, with refused ones among them: nobody gets what was meant for another."""
    with Gateway(server.open_port) as gateway:
        behind = server.behind(gateway.port)
        if server.is_open:  # where TLS hides what is said, the outcomes have to do
            _send_many(mailer_of, behind, name, window=16)
            assert any(turn.count(b"BDAT ") > 4 for turn in gateway.turns)
        else:
            _send_many(mailer_of, server, name, window=16)


def _send_many(mailer_of: MailerTwin, server: Target, name: str, *, window: int) -> None:
    sent = [
        message(f"unknown@{DOMAIN}" if number % 10 == 3 else f"{name}-{number}@{DOMAIN}", text=f"No. {number}")
        for number in range(100)
    ]
    with mailer_of(server.url(window=window, max_messages=90), retry=Retry.NEVER) as mailer:
        outcomes = [receipt.outcomes[0] for receipt in mailer.send_many(sent)]
    assert Counter(outcome.code for outcome in outcomes) == {250: 90, 550: 10}
    for number in range(100):
        if number % 10 != 3:
            (stored,) = server.wait_for(f"{name}-{number}")
            assert re.search(rb"^No\. %d\r?$" % number, stored, re.MULTILINE)


@on(*SERVERS)
def test_server_when_a_connection_has_rested_then_it_is_asked_and_used_again(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """NOOP is answered, and no second login is needed."""
    time = FrozenClock()
    with clock.using(time), Gateway(server.open_port) as gateway:
        with mailer_of(server.behind(gateway.port).url()) as mailer:
            mailer.send(message(f"{name}@{DOMAIN}"))
            time.advance(ASK_AFTER + 1)
            mailer.send(message(f"{name}@{DOMAIN}"))
        assert gateway.connections == 1
    assert len(server.wait_for(name, 2)) == 2


@on(*SERVERS)
def test_server_when_a_kept_connection_was_cut_then_the_next_message_takes_a_new_one(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """Nobody notices, and the message arrives once."""
    with Gateway(server.open_port) as gateway:
        with mailer_of(server.behind(gateway.port).url()) as mailer:
            mailer.send(message(f"{name}@{DOMAIN}", text="first"))
            gateway.cut()
            mailer.send(message(f"{name}@{DOMAIN}", text="second"))
        assert gateway.connections == 2
    stored = server.wait_for(name, 2)
    assert sorted(parsed(one).get_content().strip() for one in stored) == ["first", "second"]


# -- TLS and logins ----------------------------------------------------------------------------------------------------


@offering("STARTTLS")
def test_server_when_starttls_is_said_then_its_certificate_is_verified(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """With ?ca= the authority; the message and the login go encrypted."""
    with mailer_of(server.submission()) as mailer:
        assert mailer.send(message(f"{name}@{DOMAIN}")).is_complete
    assert len(server.wait_for(name)) == 1
    assert any("secured by STARTTLS" in line for line in open_transport(server.submission()).verify())


@on(*WITH_TLS)
def test_server_when_it_speaks_tls_from_the_start_then_its_certificate_is_verified(
    mailer_of: MailerTwin, server: Target, name: str
) -> None:
    """smtps:// needs no STARTTLS."""
    with mailer_of(server.smtps()) as mailer:
        assert mailer.send(message(f"{name}@{DOMAIN}")).is_complete
    assert len(server.wait_for(name)) == 1


@on(*WITH_TLS)
@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
def test_server_when_its_authority_is_not_trusted_then_it_is_a_tls_error(
    mailer_of: MailerTwin, server: Target, authority: Authority, implicit: bool
) -> None:
    """No password is sent to a stranger."""
    door = server.smtps if implicit else server.submission
    url = door(ca=authority.ca_file)
    with mailer_of(url, retry=AT_ONCE) as mailer, pytest.raises(TlsError, match="cannot be trusted"):
        mailer.send(message(f"unsent@{DOMAIN}"))


by_every_mechanism = pytest.mark.parametrize(
    ("server", "mechanism"),
    [(one, mechanism) for mechanism, servers in MECHANISMS.items() for one in servers],
    indirect=["server"],
)


def login(server: Target, mechanism: str, folder: Path, *, secret: str = "") -> str:
    """A URL that asks for a mechanism, with `secret` in the place of the right password or token."""
    if mechanism not in ("OAUTHBEARER", "XOAUTH2"):
        return server.submission(password=secret or server.password, auth=mechanism)
    assert server.token is not None
    file = folder / "token"
    file.write_text(secret or server.token())
    return server.submission(password="", auth=mechanism, token_file=file)


@by_every_mechanism
def test_server_when_a_mechanism_is_asked_for_then_it_logs_in(
    mailer_of: MailerTwin, server: Target, name: str, mechanism: str, tmp_path: Path
) -> None:
    """By ?auth=, with a password or a token."""
    with mailer_of(login(server, mechanism, tmp_path)) as mailer:
        assert mailer.send(message(f"{name}@{DOMAIN}")).is_complete
    assert len(server.wait_for(name)) == 1


@by_every_mechanism
def test_server_when_the_secret_is_wrong_then_it_is_an_auth_error(
    server: Target, mechanism: str, tmp_path: Path
) -> None:
    """By every mechanism, at once, and without the secret in it."""
    url = login(server, mechanism, tmp_path, secret="wrong-horse")
    with Mailer(url, retry=AT_ONCE) as mailer, pytest.raises(AuthError) as caught:
        mailer.send(message(f"unsent@{DOMAIN}"))
    assert "wrong-horse" not in f"{caught.value} {caught.value!r} {caught.value.__dict__}"
