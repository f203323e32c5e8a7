"""Clients of others send into our inbox: what is kept is what they sent, and those that do it right are told of no mistake."""

import base64
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailkit import Mailer, Message
from mailkit.inbox import Inbox
from mailkit.mime.bodytype import BodyType
from tests.kit.clients import CLIENTS, Errand, Send, nodemailer, program, swaks
from tests.kit.peers import Authority
from tests.kit.raw import noted

pytestmark = pytest.mark.slow

TO = ("bob@example.com", "eve@example.com", "boss@example.com")
FILE = bytes(range(256)) * 8
RAW = (
    b"From: Ada <ada@example.com>\r\n"
    b"To: bob@example.com\r\n"
    b"Cc: eve@example.com\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Date: Mon, 02 Mar 2026 10:00:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n'
    b"\r\n"
    b"--b\r\n"
    b"Content-Type: text/plain; charset=us-ascii\r\n"
    b"\r\n"
    b"Hi\r\n"
    b".\r\n"
    b"..two dots, and a line of blanks:   \r\n"
    b"\r\n"
    b"--b\r\n"
    b"Content-Type: application/octet-stream\r\n"
    b"Content-Disposition: attachment; filename=data.bin\r\n"
    b"Content-Transfer-Encoding: base64\r\n"
    b"\r\n" + base64.encodebytes(FILE).replace(b"\n", b"\r\n") + b"--b--\r\n"
)

WAYS: dict[str, dict[str, str]] = {
    "plain": {},
    "STARTTLS": {"secure": "starttls"},
    "implicit TLS": {"secure": "implicit"},
    "PLAIN": {"mechanism": "PLAIN"},
    "LOGIN": {"mechanism": "LOGIN"},
    "CRAM-MD5": {"mechanism": "CRAM-MD5"},
    "STARTTLS and PLAIN": {"secure": "starttls", "mechanism": "PLAIN"},
}

clients = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))


@pytest.fixture
def inbox(authority: Authority) -> Iterator[Inbox]:
    """One where anybody may write, and whoever logs in must have the right password."""
    with Inbox(tls=authority.context(), tls_port=0, lmtp_port=0, users={"ada": "p@ss: word"}) as opened:
        yield opened


def errand(inbox: Inbox, authority: Authority, **way: str) -> Errand:
    port = inbox.tls_port if way.get("secure") == "implicit" else inbox.port
    assert port
    ca = str(authority.ca_file) if "secure" in way else ""
    login = {"user": "ada", "password": "p@ss: word"} if "mechanism" in way else {}
    return Errand(port, RAW, ca_file=ca, **{**login, **way})  # type: ignore[arg-type]


# -- all of them -------------------------------------------------------------------------------------------------------


@clients
@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_inbox_when_a_client_sends_then_it_has_every_byte_and_the_envelope(
    inbox: Inbox, authority: Authority, client: Send, way: dict[str, str]
) -> None:
    """Seven clients, seven ways: the blind copy, the lines with dots, the file, who logged in, and whether TLS was on."""
    sent = client(errand(inbox, authority, **way))
    assert sent.is_taken, sent.said
    found = inbox.only()
    assert found.raw == RAW
    assert (found.sender, found.recipients, found.bcc) == ("ada@example.com", TO, ("boss@example.com",))
    assert found.subject == "Grüße"
    assert [(file.filename, file.data) for file in found.attachments] == [("data.bin", FILE)]
    assert found.is_secure == ("secure" in way)
    assert (found.inbox, found.user) == (("ada", "ada") if "mechanism" in way else ("", ""))
    assert found.warnings == ()
    assert inbox.sessions == ()
    assert "p@ss" not in "\n".join(found.transcript)


@clients
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_inbox_when_the_password_is_wrong_then_the_client_says_so_and_nothing_is_kept(
    inbox: Inbox, authority: Authority, client: Send, mechanism: str
) -> None:
    """The refusal is among the sessions; the password is not."""
    sent = client(errand(inbox, authority, mechanism=mechanism, password="wrong one"))
    assert not sent.is_taken
    # curl says in words of its own that the login was denied.
    assert "535" in sent.said or "Login denied" in sent.said or "not accepted" in sent.said, sent.said
    assert len(inbox) == 0
    last = noted(inbox)
    assert last.refusals == ("535 5.7.8 User or password not accepted",)
    secrets = "wrong one", base64.b64encode(b"wrong one").decode(), base64.b64encode(b"\0ada\0wrong one").decode()
    assert not any(secret in line for secret in secrets for line in last.transcript)


@pytest.mark.parametrize(
    "client", [CLIENTS[name] for name in ("smtplib", "aiosmtplib", "nodemailer", "curl", "Mailer")]
)
def test_inbox_when_the_content_is_empty_or_large_then_it_is_kept_all_the_same(
    inbox: Inbox, authority: Authority, client: Send
) -> None:
    """Three megabytes of lines that begin with dots, and one line of nothing."""
    for raw in (b"Subject: big\r\n\r\n" + b"." * 70 + b"\r\n" + (b".." + b"x" * 70 + b"\r\n") * 40_000, b"\r\n"):
        assert client(Errand(inbox.port, raw)).is_taken
        assert inbox.messages[-1].raw == raw


# -- Python's ----------------------------------------------------------------------------------------------------------


def python_mail(encoding: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Bcc"] = "Ada <ada@example.com>", "Bob <bob@example.com>", "boss@example.com"
    mail["Subject"], mail["Date"] = "Grüße", "Mon, 02 Mar 2026 10:00:00 +0000"
    mail["Message-ID"] = "<2@example.com>"
    mail.set_content("Hi, Zoë\n.\n", cte=encoding)
    mail.add_attachment(FILE, maintype="application", subtype="pdf", filename="März.pdf")
    return mail


def test_smtplib_when_it_sends_a_message_object_then_the_blind_copy_is_in_the_envelope_alone(inbox: Inbox) -> None:
    """And what is wrong is shown: left to itself it sends eight bits, and does not say so."""
    with smtplib.SMTP("127.0.0.1", inbox.port, timeout=10) as client:
        client.send_message(python_mail("quoted-printable"))
        client.send_message(python_mail("8bit"))
    found, other = inbox.messages
    assert (found.recipients, found.bcc) == (("bob@example.com", "boss@example.com"), ("boss@example.com",))
    assert found.text == "Hi, Zoë\n.\n"
    assert [(file.filename, file.data) for file in found.attachments] == [("März.pdf", FILE)]
    assert found.warnings == ()
    assert other.text == found.text
    assert other.warnings == ("it goes beyond ASCII without BODY=8BITMIME or SMTPUTF8 (RFC 6152)",)


@pytest.mark.parametrize("name", ["smtplib", "aiosmtplib"])
def test_inbox_when_a_client_announces_eight_bits_then_they_are_no_mistake(inbox: Inbox, name: str) -> None:
    """BODY=8BITMIME for the body (RFC 6152), SMTPUTF8 for the fields (RFC 6531)."""
    raw = RAW.replace(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße".encode()).replace(b"Hi\r\n", "Zoë\r\n".encode())
    client = CLIENTS[name]
    assert client(Errand(inbox.port, raw, options=("BODY=8BITMIME", "SMTPUTF8"))).is_taken
    assert client(Errand(inbox.port, raw)).is_taken
    right, wrong = inbox.messages
    assert (right.subject, right.warnings, right.body, right.is_smtputf8) == ("Grüße", (), BodyType.EIGHT_BIT, True)
    assert any("8BITMIME" in one for one in wrong.warnings)


def test_smtplib_when_it_speaks_lmtp_then_each_recipient_has_his_own(inbox: Inbox) -> None:
    """RFC 2033. Python reads one reply to the content alone, and so sends to one recipient at a time."""
    assert inbox.lmtp_port
    with smtplib.LMTP("127.0.0.1", inbox.lmtp_port) as client:
        for recipient in TO:
            client.sendmail("ada@example.com", recipient, RAW)
    assert [(found.recipients, found.raw == RAW, found.warnings) for found in inbox] == [
        ((one,), True, ()) for one in TO
    ]


# -- ours --------------------------------------------------------------------------------------------------------------


def test_mailer_when_it_speaks_lmtp_to_the_inbox_then_each_recipient_has_his_own(inbox: Inbox) -> None:
    """By the same port as the others."""
    message = Message.parse(RAW)
    with Mailer(f"lmtp://127.0.0.1:{inbox.lmtp_port}?tls=off") as mailer:
        assert mailer.send(message).is_complete
    assert [(found.recipients, found.raw == RAW, found.warnings) for found in inbox] == [
        ((one,), True, ()) for one in TO[:2]
    ]


# -- nodemailer --------------------------------------------------------------------------------------------------------


def test_nodemailer_when_it_composes_then_all_of_it_is_read(inbox: Inbox) -> None:
    """Names beyond ASCII, a picture within the HTML, a file, a blind copy, fields of one's own."""
    picture = {"filename": "p.png", "content": base64.b64encode(b"\x89PNG").decode(), "cid": "p@example.com"}
    mail = {
        "from": "Zoë <ada@example.com>",
        "to": ["Jürgen, der Bär <bob@example.com>".replace(",", ""), "eve@example.com"],
        "bcc": "boss@example.com",
        "subject": "Grüße 🎉",
        "text": "Hi Zoë\n.\n",
        "html": '<p>Hi <b>Zoë</b> <img src="cid:p@example.com">',
        "headers": {"X-Tag": "welcome"},
        "attachments": [picture, {"filename": "März.pdf", "content": base64.b64encode(FILE).decode()}],
    }
    sent = nodemailer(Errand(inbox.port, b""), mail)
    assert sent.is_taken, sent.said
    found = inbox.only()
    assert (found.recipients, found.bcc) == (("bob@example.com", "eve@example.com", "boss@example.com"), TO[2:])
    assert (found.subject, found.from_[0].name) == ("Grüße 🎉", "Zoë")
    assert (found.text.rstrip("\n"), "<b>Zoë</b>" in found.html) == ("Hi Zoë\n.", True)
    assert [(file.filename, file.data) for file in found.attachments] == [("März.pdf", FILE)]
    assert found.tags_within == ("welcome",)
    assert found.warnings == ()


def test_nodemailer_when_it_pools_then_messages_share_connections_and_all_come(inbox: Inbox) -> None:
    """RSET or none between them, each is by itself."""
    mails = [
        {"from": "a@example.com", "to": f"n{number}@example.com", "subject": f"n{number}", "text": "x"}
        for number in range(5)
    ]
    sent = nodemailer(Errand(inbox.port, b""), *mails, pool=True, maxConnections=1)
    assert sent.is_taken, sent.said
    assert [(found.subject, found.recipients) for found in inbox] == [
        (f"n{n}", (f"n{n}@example.com",)) for n in range(5)
    ]
    assert [found.warnings for found in inbox] == [()] * 5
    # What was said before belongs to the message before.
    assert [found.transcript[0][:6] for found in inbox] == ["S: 220"] + ["C: MAI"] * 4


def test_nodemailer_when_it_speaks_lmtp_then_the_inbox_takes_it(inbox: Inbox) -> None:
    """It reads one reply to the content, and sends to one recipient at a time."""
    assert inbox.lmtp_port
    sent = nodemailer(
        Errand(inbox.lmtp_port, b""),
        {"envelope": {"from": "a@example.com", "to": TO[0]}, "raw": RAW.decode()},
        lmtp=True,
    )
    assert sent.is_taken, sent.said
    assert inbox.only(to=TO[0]).raw == RAW


# -- swaks -------------------------------------------------------------------------------------------------------------


def test_swaks_when_it_attaches_a_file_then_it_is_there(inbox: Inbox, tmp_path: Path) -> None:
    """Several parts, as it composes them."""
    (tmp_path / "data.bin").write_bytes(FILE)
    options = "--attach-type", "application/pdf", "--attach", f"@{tmp_path / 'data.bin'}", "--attach-name", "x.pdf"
    sent = swaks(inbox.port, "--from", "a@example.com", "--to", TO[0], "--body", "Hi\n.\nthere", *options)
    assert sent.is_taken, sent.said
    found = inbox.only()
    assert [(file.type, file.data) for file in found.attachments] == [("application/pdf", FILE)]
    assert found.text.startswith("Hi\n.\nthere")
    assert found.warnings == ()


def test_swaks_when_it_pipelines_then_nothing_is_lost_or_out_of_order(inbox: Inbox) -> None:
    """MAIL, three RCPT and DATA in one flight (RFC 2920)."""
    sent = swaks(
        inbox.port, "--pipeline", "--from", "a@example.com", "--to", ",".join(TO), "--data", "-", stdin=RAW[:-2]
    )
    assert sent.is_taken, sent.said
    found = inbox.only()
    assert (found.recipients, found.raw, found.warnings) == (TO, RAW, ())


def test_swaks_when_it_speaks_lmtp_then_each_recipient_has_his_own(inbox: Inbox) -> None:
    """One message, three recipients, three replies."""
    assert inbox.lmtp_port
    options = "--protocol", "LMTP", "--from", "a@example.com", "--to", ",".join(TO), "--data", "-"
    sent = swaks(inbox.lmtp_port, *options, stdin=RAW[:-2])
    assert sent.is_taken, sent.said
    assert [(found.recipients, found.raw == RAW) for found in inbox] == [((one,), True) for one in TO]


@pytest.mark.parametrize(
    ("options", "hello"),
    [
        (("--protocol", "SMTP"), "HELO"),
        (("--protocol", "ESMTPSA", "--auth-user", "ada", "--auth-password", "p@ss: word"), "EHLO"),
        (("--tls-optional",), "EHLO"),
        (("--tls", "--tls-protocol", "tlsv1_2"), "EHLO"),
        (("--auth-optional",), "EHLO"),
        (("--from", "<>"), "EHLO"),
    ],
    ids=["SMTP", "ESMTPSA", "tls-optional", "TLS 1.2", "auth-optional", "null sender"],
)
def test_swaks_when_it_is_told_odd_things_then_its_mail_comes_and_no_mistake_is_shown(
    inbox: Inbox, options: tuple[str, ...], hello: str
) -> None:
    """An old protocol, TLS by chance, a login that it has no password for, nobody to send back to."""
    sent = swaks(inbox.port, "--from", "a@example.com", "--to", TO[0], "--data", "-", *options, stdin=RAW[:-2])
    assert sent.is_taken, sent.said
    found = inbox.only()
    assert (found.raw, found.warnings) == (RAW, ())
    assert f"C: {hello} me.example.com" in found.transcript
    assert found.is_secure == ("C: STARTTLS" in found.transcript)


def test_swaks_when_anybody_may_log_in_then_any_name_and_password_do() -> None:
    """And the name is that of an inbox."""
    with Inbox() as inbox:
        login = "--auth", "--auth-user", "somebody", "--auth-password", "whatever"
        sent = swaks(inbox.port, "--from", "a@example.com", "--to", TO[0], *login)
        assert sent.is_taken, sent.said
        assert [found.user for found in inbox.box("somebody")] == ["somebody"]


@pytest.mark.parametrize("where", ["CONNECT", "FIRST-HELO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", ["--drop-after", "--drop-after-send"])
def test_swaks_when_it_hangs_up_on_the_way_then_nothing_is_kept_and_the_session_is_noted(
    inbox: Inbox, where: str, how: str
) -> None:
    """Wherever that is; after CONNECT it sends its message all the same when told to hang up after sending."""
    sent = swaks(inbox.port, "--from", "a@example.com", "--to", TO[0], how, where)
    if (how, where) == ("--drop-after-send", "CONNECT"):
        assert (sent.is_taken, len(inbox)) == (True, 1)
        return
    session = noted(inbox)
    assert len(inbox) == 0
    assert any(line.startswith("C: RCPT") for line in session.transcript) == (where in ("RCPT", "DATA"))


@pytest.mark.parametrize(
    ("where", "is_noted"), [("CONNECT", False), ("FIRST-HELO", False), ("MAIL", True), ("RCPT", True)]
)
def test_swaks_when_it_quits_on_the_way_then_a_message_that_was_begun_is_noted(
    inbox: Inbox, where: str, is_noted: bool
) -> None:
    """Whoever only looks whether the server is there is nothing to show."""
    assert swaks(inbox.port, "--from", "a@example.com", "--to", TO[0], "--quit-after", where).is_taken
    assert (len(inbox), len(inbox.sessions)) == (0, int(is_noted))


# -- curl --------------------------------------------------------------------------------------------------------------


def test_curl_when_it_is_to_verify_an_address_then_the_server_has_an_answer(inbox: Inbox) -> None:
    """VRFY, HELP and NOOP are what it can say besides."""
    for words in (("--mail-rcpt", "bob"), ("--request", "NOOP"), ("--request", "HELP")):
        done = program("curl", "--silent", "--show-error", f"smtp://127.0.0.1:{inbox.port}", *words)
        assert done.is_taken, done.said


def test_curl_when_it_speaks_http_to_the_smtp_port_then_it_is_turned_away(inbox: Inbox) -> None:
    """And so is a browser that a web page sends here with a form full of commands."""
    form = "\r\nHELO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nevil\r\n.\r\nQUIT\r\n"
    done = program("curl", "--http0.9", "--data-binary", form, f"http://127.0.0.1:{inbox.port}/")
    assert "not HTTP" in done.said
    assert len(inbox) == 0
    assert noted(inbox).transcript[1] == "C: POST / HTTP/1.1"
