"""The inbox, as a test or a script uses it: mail comes over real SMTP, from mailkit and from others."""

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

from mailkit import Attachment, Mailer, Message, MessageBuilder
from mailkit.errors import ArrivalError, AuthError, ConfigError, RecipientsRefused
from mailkit.inbox import Inbox
from tests.kit.raw import noted


def mail(to: str = "bob@example.com", subject: str = "Hello", text: str = "Hi Bob") -> Message:
    return MessageBuilder().from_("Ada <ada@example.com>").to(to).subject(subject).text(text).build()


def send(inbox: Inbox, *messages: Message) -> None:
    with Mailer(inbox.url) as mailer:
        for message in messages:
            mailer.send(message)


def raw_session(port: int, *lines: bytes) -> list[bytes]:
    """Say lines as they are, one after another, and return the last line of each answer."""
    answers = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire, wire.makefile("rb") as replies:

        def answer() -> bytes:
            while (line := replies.readline())[3:4] == b"-":
                pass
            return line

        answer()
        for line in lines:
            wire.sendall(line)
            answers.append(answer())
    return answers


# -- what comes --------------------------------------------------------------------------------------------------------


def test_inbox_when_a_message_is_sent_then_it_is_there_with_its_envelope() -> None:
    """Blind copies are in the envelope, and only there."""
    message = (
        MessageBuilder()
        .from_("ada@example.com")
        .to("bob@example.com")
        .cc("eve@example.com")
        .bcc("boss@example.com")
        .subject("Grüße")
        .text("Hi")
        .attach(Attachment(b"a;b", filename="liste.csv"))
        .build()
    )
    with Inbox() as inbox:
        send(inbox, message)
        (found,) = inbox.messages
    assert found.subject == "Grüße"
    assert found.sender == "ada@example.com"
    assert found.recipients == ("bob@example.com", "eve@example.com", "boss@example.com")
    assert found.bcc == ("boss@example.com",)
    assert [file.filename for file in found.attachments] == ["liste.csv"]
    assert found.attachments[0].data == b"a;b"
    assert found.raw.startswith(b"From: ada@example.com\r\n")
    assert found.warnings == ()
    assert found.is_unread


def test_inbox_when_smtplib_sends_then_it_is_there() -> None:
    """The client of Python's own library, with the message of Python's own library."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "From smtplib"
    message.set_content("text")
    with Inbox() as inbox:
        with smtplib.SMTP("127.0.0.1", inbox.port) as client:
            client.send_message(message)
        assert inbox.only(subject="From smtplib").text == "text\n"


@pytest.mark.parametrize(
    "terms", [{"to": "bob@example.com"}, {"subject": "hello"}, {"from_": "ada@"}, {"text": "Hi Bob"}]
)
def test_wait_when_the_message_comes_later_then_it_wakes(terms: dict[str, str]) -> None:
    """Whoever waits is woken by the message that fits, not by another."""
    with Inbox() as inbox:
        other = MessageBuilder().from_("x@example.com").to("y@example.com").subject("No").text("No").build()
        sender = threading.Thread(target=send, args=(inbox, other, mail()))
        sender.start()
        found = inbox.wait(**terms)
        sender.join()
    assert found.recipients == ("bob@example.com",)


def test_wait_async_when_the_message_comes_later_then_it_wakes() -> None:
    """The event loop goes on while it waits."""

    async def story(inbox: Inbox) -> str:
        waiting = asyncio.create_task(inbox.wait_async(to="bob@example.com"))
        await asyncio.sleep(0)
        await asyncio.to_thread(send, inbox, mail())
        return (await waiting).subject

    with Inbox() as inbox:
        assert asyncio.run(story(inbox)) == "Hello"


def test_wait_when_after_is_given_then_earlier_messages_do_not_count() -> None:
    """The second of two like messages can be awaited."""
    with Inbox() as inbox:
        send(inbox, mail(text="one"), mail(text="two"))
        first = inbox.wait(to="bob@example.com")
        assert inbox.wait(to="bob@example.com", after=first).text == "two\n"


def test_wait_when_nothing_fits_then_the_error_shows_what_arrived_and_what_was_refused() -> None:
    """A failing test says why it fails."""
    with Inbox(rules=("rcpt eve@* 550",)) as inbox:
        send(inbox, mail(subject="Welcome"))
        with Mailer(inbox.url) as mailer, pytest.raises(RecipientsRefused):
            mailer.send(mail(to="eve@example.com"))
        with pytest.raises(ArrivalError) as caught:
            inbox.wait(to="eve@example.com", timeout=0)
    text = str(caught.value)
    assert "#1 to bob@example.com: 'Welcome'" in text
    assert "S: 550 5.1.1 No such user" in text


def test_assert_none_when_there_is_one_then_it_says_which() -> None:
    """And when there is none, it says nothing."""
    with Inbox() as inbox:
        inbox.assert_none()
        send(inbox, mail())
        inbox.assert_none(to="eve@example.com")
        with pytest.raises(ArrivalError, match="#1 to bob@example"):
            inbox.assert_none(to="bob@example.com")


def test_only_when_there_are_two_then_it_says_so() -> None:
    """One means one."""
    with Inbox() as inbox:
        send(inbox, mail(), mail(subject="Other"))
        assert inbox.only(subject="Other").subject == "Other"
        with pytest.raises(ArrivalError, match="2 messages fit"):
            inbox.only()
        inbox.clear()
        assert len(inbox) == 0


# -- who may, and where it goes ----------------------------------------------------------------------------------------


def test_box_when_users_log_in_then_each_has_an_inbox() -> None:
    """Two tests with two users do not see each other's mail."""
    with Inbox() as inbox:
        for user in ("one", "two"):
            with Mailer(inbox.url_for(user)) as mailer:
                mailer.send(mail(subject=f"for {user}"))
        assert [found.subject for found in inbox.box("one")] == ["for one"]
        assert [found.subject for found in inbox.box("two")] == ["for two"]
        assert len(inbox) == 2


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-256"])
def test_login_when_users_are_named_then_their_passwords_count(mechanism: str) -> None:
    """By each mechanism the right password is taken, and no other."""
    with Inbox(users={"ada": "right"}, must_login=True) as inbox:
        for password in ("right", "wrong"):
            with contextlib.suppress(AuthError), Mailer(f"{inbox.url_for('ada', password)}&auth={mechanism}") as mailer:
                mailer.send(mail(subject=password))
        assert [found.subject for found in inbox.box("ada")] == ["right"]


def test_login_when_it_is_required_then_mail_without_it_is_refused() -> None:
    """Nobody sends as nobody."""
    with Inbox(must_login=True) as inbox:
        (_, answer) = raw_session(inbox.port, b"EHLO me\r\n", b"MAIL FROM:<a@example.com>\r\n")
    assert answer.startswith(b"530 ")


def test_tls_when_asked_for_then_starttls_and_implicit_tls_work(tmp_path: Path) -> None:
    """The same inbox over a plain connection, STARTTLS and TLS from the start."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with Inbox(tls=context, tls_port=0) as inbox:
        for url in (f"smtp://localhost:{inbox.port}?tls=required", f"smtps://localhost:{inbox.tls_port}"):
            joint = "&" if "?" in url else "?"
            with Mailer(f"{url}{joint}ca={ca}") as mailer:
                mailer.send(mail())
        send(inbox, mail())
        assert [found.is_secure for found in inbox] == [True, True, False]


def test_lmtp_when_asked_for_then_each_recipient_gets_his_own() -> None:
    """RFC 2033: one verdict and one copy for each."""
    message = MessageBuilder().from_("a@example.com").to("b@example.com", "c@example.com").text("Hi").build()
    with Inbox(lmtp_port=0) as inbox:
        with Mailer(f"lmtp://127.0.0.1:{inbox.lmtp_port}") as mailer:
            assert len(mailer.send(message).accepted) == 2
        assert [found.recipients for found in inbox] == [("b@example.com",), ("c@example.com",)]


def test_inbox_when_the_port_is_taken_then_it_says_so_at_once() -> None:
    """No traceback of the system's, and what was begun is closed."""
    with Inbox() as first, pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{first.port}"):
        Inbox(port=first.port).__enter__()


def test_inbox_when_a_port_for_tls_has_no_certificate_then_it_is_refused() -> None:
    """An option that cannot work is no option."""
    with pytest.raises(ConfigError, match="needs a certificate"):
        Inbox(tls_port=0)


# -- clients that do it wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commands", "content", "warning"),
    [
        ((b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n"), b"Subject: x\r\n\r\nHi\r\n", "no HELO or EHLO"),
        ((b"HELO me\n", b"MAIL FROM:<a@example.com>\n", b"RCPT TO:<b@example.com>\n"), b"Hi\r\n", "a bare LF"),
        ((b"HELO me\r\n", b"MAIL FROM: a@example.com\r\n", b"RCPT TO: <b@example.com>\r\n"), b"Hi\r\n", "angle brackets"),
        ((b"HELO me\r\n", b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n"), b"A: b\n\nHi\n\r\n", "bare LF, not"),
        ((b"HELO me\r\n", b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n"), b"x" * 1500 + b"\r\n", "998 octets"),
        ((b"HELO me\r\n", b"MAIL FROM:<\xc3\xa4@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n"), b"Hi\r\n", "SMTPUTF8"),
        ((b"HELO me\r\n", b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n"), b"A: \xe4\r\n\r\nx\r\n", "8BITMIME"),
        ((b"HELO me\r\n", b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n"), b"Bcc: x@y.z\r\n\r\nx\r\n", "blind"),
        ((b"HELO me\r\n", b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n"), b"A: b\r\n\r\nx\r\n", "no Message-ID"),
    ],
)  # fmt: skip
def test_inbox_when_a_client_is_wrong_then_its_mail_is_taken_with_a_warning(
    commands: tuple[bytes, ...], content: bytes, warning: str
) -> None:
    """What a real server may refuse is seen, and said."""
    with Inbox() as inbox:
        answers = raw_session(inbox.port, *commands, b"DATA\r\n", content + b".\r\n", b"QUIT\r\n")
        assert [answer[:1] for answer in answers] == [b"2"] * len(commands) + [b"3", b"2", b"2"]
        (found,) = inbox.messages
    assert any(warning in one for one in found.warnings), found.warnings


def test_inbox_when_data_ends_with_bare_lf_then_it_does_not_end() -> None:
    """Lenient as it is, CR LF dot CR LF stays the only end of data: no second message is smuggled in."""
    smuggled = b"one\n.\nMAIL FROM:<x@example.com>\r\nRCPT TO:<y@example.com>\r\nDATA\r\ntwo\n.\r\nthree\r\n.\r\n"
    with Inbox() as inbox:
        raw_session(
            inbox.port,
            b"HELO me\r\n", b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n", b"DATA\r\n", smuggled,
            b"QUIT\r\n",
        )  # fmt: skip
        assert [found.recipients for found in inbox] == [("b@example.com",)]


# -- rules -------------------------------------------------------------------------------------------------------------


def test_fault_when_the_block_ends_then_it_is_over() -> None:
    """Greylisting for one block of a test."""
    with Inbox() as inbox, Mailer(inbox.url) as mailer:
        with inbox.fault("rcpt greylist times=1") as rule:
            receipt = mailer.send(mail())
            assert inbox.rules.count(rule) == 1
        assert receipt.accepted
        assert receipt.accepted[0].attempts == 2
        assert not inbox.rules


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data", "dot"])
def test_rule_when_it_refuses_at_a_stage_then_the_client_hears_its_words(stage: str) -> None:
    """Every stage of a transaction can fail."""
    with Inbox(rules=(f"{stage} 554 'No, thanks'",)) as inbox:
        with pytest.raises(Exception, match="No, thanks"), Mailer(inbox.url) as mailer:
            mailer.send(mail())
        assert len(inbox) == 0


def test_rule_when_it_drops_at_the_dot_then_the_message_is_in_doubt_and_not_kept() -> None:
    """The hardest case for a client: no answer to the end of data."""
    with Inbox(rules=("dot drop times=1",)) as inbox, Mailer(inbox.url) as mailer:
        assert mailer.send(mail()).in_doubt
        assert len(inbox) == 0
        assert noted(inbox).transcript[-1].endswith("octets of content)")
        assert "C: DATA" in noted(inbox).transcript


def test_rule_when_it_delays_then_others_are_served_meanwhile_and_closing_ends_it() -> None:
    """Slow answers, however many, hold up nobody else; whoever closes the inbox does not wait for them."""
    with Inbox(rules=("rcpt slow@* delay=3600",)) as inbox, contextlib.ExitStack() as wires:
        for _ in range(40):
            wire = wires.enter_context(socket.create_connection(("127.0.0.1", inbox.port)))
            replies = wires.enter_context(wire.makefile("rb"))
            wire.sendall(b"EHLO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<slow@example.com>\r\n")
            while not replies.readline().startswith(b"250 2.1.0"):
                pass
        send(inbox, mail())
        assert len(inbox) == 1
    assert inbox.rules.count(next(iter(inbox.rules))) == 40


def test_inbox_when_it_has_a_file_then_mail_outlives_it(tmp_path: Path) -> None:
    """And a second inbox does not open the same file."""
    path = tmp_path / "mail.db"
    with Inbox(path) as inbox:
        send(inbox, mail(subject="first"))
        with pytest.raises(ConfigError, match="in use by another program"):
            Inbox(path)
    with Inbox(path) as inbox:
        send(inbox, mail(subject="second"))
        assert [(found.id, found.subject) for found in inbox] == [(1, "first"), (2, "second")]
    assert path.stat().st_mode & 0o077 == 0
