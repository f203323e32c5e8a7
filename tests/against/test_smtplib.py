"""Python's own smtplib as a client of our server."""

import smtplib
import ssl

import pytest

from mailkit.net import Listener
from mailkit.smtp import DsnRequest, RecipientDsn, Reply, ServerProfile
from tests.kit.peers import Authority, Postbox

FROM, TO = "ada@example.com", "bob@example.com"
SHOP = ServerProfile(auth=True, auth_required=True)


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.ca_file))


def test_smtplib_when_it_sends_plainly_then_the_message_arrives() -> None:
    """EHLO, MAIL with SIZE, RCPT, DATA, QUIT, as the standard library says them."""
    postbox = Postbox()
    with Listener(postbox) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        assert client.sendmail(FROM, [TO, "eve@example.com"], b"Subject: hi\r\n\r\nHello\r\n") == {}
    (received,) = postbox.received
    assert (received.sender, received.recipients) == (FROM, (TO, "eve@example.com"))
    assert received.data == b"Subject: hi\r\n\r\nHello\r\n"
    assert not received.is_secure


def test_smtplib_when_it_starts_tls_then_the_message_arrives_secure(authority: Authority) -> None:
    """The certificate is checked by the client."""
    postbox = Postbox()
    with (
        Listener(postbox, tls=authority.context()) as server,
        smtplib.SMTP("localhost", server.port, timeout=10) as client,
    ):
        client.starttls(context=trusting(authority))
        client.sendmail(FROM, TO, b"Hello\r\n")
    assert postbox.received[0].is_secure


def test_smtplib_when_tls_is_implicit_then_the_message_arrives_secure(authority: Authority) -> None:
    """The old smtps port."""
    postbox = Postbox()
    with (
        Listener(postbox, tls=authority.context(), implicit_tls=True) as server,
        smtplib.SMTP_SSL("localhost", server.port, timeout=10, context=trusting(authority)) as client,
    ):
        client.sendmail(FROM, TO, b"Hello\r\n")
    assert postbox.received[0].is_secure


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("initial_response", [True, False])
def test_smtplib_when_it_logs_in_then_the_server_knows_who_sent(
    authority: Authority, mechanism: str, initial_response: bool
) -> None:
    """Both mechanisms, with and without an initial response."""
    postbox = Postbox(passwords={"ada": "p@ss word"})
    with (
        Listener(postbox, profile=SHOP, tls=authority.context()) as server,
        smtplib.SMTP("localhost", server.port, timeout=10) as client,
    ):
        client.starttls(context=trusting(authority))
        client.ehlo()
        client.user, client.password = "ada", "p@ss word"
        step = getattr(client, f"auth_{mechanism.lower()}")
        client.auth(mechanism, step, initial_response_ok=initial_response)
        client.sendmail(FROM, TO, b"Hello\r\n")
    assert postbox.received[0].user == "ada"


def test_smtplib_when_the_password_is_wrong_then_it_gets_535(authority: Authority) -> None:
    """And may try again."""
    with (
        Listener(Postbox(passwords={"ada": "pw"}), profile=SHOP, tls=authority.context()) as server,
        smtplib.SMTP("localhost", server.port, timeout=10) as client,
    ):
        client.starttls(context=trusting(authority))
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.login("ada", "wrong")
        assert caught.value.smtp_code == 535
        client.login("ada", "pw")


@pytest.mark.slow
def test_smtplib_when_the_message_is_big_then_every_byte_arrives() -> None:
    """5 MB in one go."""
    postbox = Postbox()
    data = b"Subject: big\r\n\r\n" + b"x" * 900 + b"\r\n"
    data += b"0123456789" * 7 + b"\r\n"
    data *= 5_000
    with Listener(postbox) as server, smtplib.SMTP(server.host, server.port, timeout=30) as client:
        client.sendmail(FROM, TO, data)
    assert postbox.received[0].data == data


@pytest.mark.parametrize(
    "body", [b".", b".\r\n", b"..\r\n.\r\n...\r\n", b"a\r\n.\r\nb\r\n", b".a\r\n\r\n.\r\n", b"", b"no end of line"]
)
def test_smtplib_when_lines_begin_with_dots_then_they_arrive_as_they_were(body: bytes) -> None:
    """Stuffed there, unstuffed here."""
    postbox = Postbox()
    with Listener(postbox) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.sendmail(FROM, TO, body)
    assert postbox.received[0].data == (body if body.endswith(b"\r\n") else body + b"\r\n")


def test_smtplib_when_recipients_are_refused_then_it_reports_them_and_the_session_goes_on() -> None:
    """Codes and texts arrive as the policy gave them."""
    postbox = Postbox(recipients={"nobody@example.com": [Reply.of(550, "5.1.1 Who?")] * 2})
    with Listener(postbox) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        refused = client.sendmail(FROM, ["nobody@example.com", TO], b"Hello\r\n")
        assert refused == {"nobody@example.com": (550, b"5.1.1 Who?")}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail(FROM, ["nobody@example.com"], b"Hello\r\n")
        client.sendmail(FROM, TO, b"Again\r\n")
    assert [received.data for received in postbox.received] == [b"Hello\r\n", b"Again\r\n"]


def test_smtplib_when_a_local_part_is_not_ascii_then_smtputf8_carries_it() -> None:
    """RFC 6531."""
    postbox = Postbox()
    with Listener(postbox) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.sendmail(FROM, "zoë@example.com", b"Hello\r\n", mail_options=["SMTPUTF8"])
    assert postbox.received[0].recipients == ("zoë@example.com",)


def test_smtplib_when_it_does_not_say_smtputf8_then_an_address_outside_ascii_is_refused() -> None:
    """RFC 6531 3.5: a relay must not be surprised by it later."""
    with Listener(Postbox()) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.ehlo()
        client.mail(FROM)
        client.command_encoding = "utf-8"
        assert client.docmd("RCPT", "TO:<zoë@example.com>")[0] == 553


def test_smtplib_when_it_asks_for_reports_then_the_wishes_come_with_the_message() -> None:
    """RFC 3461, as another client writes it."""
    postbox = Postbox()
    with Listener(postbox) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        options = ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;bob+2Bx@example.com"]
        client.sendmail(FROM, TO, b"Hello\r\n", mail_options=["RET=HDRS", "ENVID=QQ314159"], rcpt_options=options)
    wishes = RecipientDsn(("SUCCESS", "FAILURE"), "rfc822;bob+x@example.com")
    assert postbox.received[0].dsn == DsnRequest("HDRS", "QQ314159", (wishes,))


def test_smtplib_when_it_sends_chunks_then_the_octets_arrive() -> None:
    """RFC 3030, with a next message in the same flight."""
    postbox = Postbox()
    octets = bytes(range(256)) * 2_000
    with Listener(postbox) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.ehlo()
        assert client.has_extn("CHUNKING")
        assert client.has_extn("BINARYMIME")
        assert client.docmd("MAIL", f"FROM:<{FROM}> BODY=BINARYMIME")[0] == 250
        assert client.rcpt(TO)[0] == 250
        assert client.docmd("DATA")[0] == 503
        client.send(b"BDAT %d\r\n%sBDAT 5 LAST\r\nQUIT\r" % (len(octets), octets))
        assert [client.getreply()[0] for _ in range(2)] == [250, 250]
        client.send(f"MAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\nBDAT 0 LAST\r\nNOOP\r\n".encode())
        assert [client.getreply()[0] for _ in range(4)] == [250] * 4
    assert [received.data for received in postbox.received] == [octets + b"QUIT\r", b""]


def test_smtplib_when_it_says_odd_commands_then_each_has_an_answer() -> None:
    """NOOP, VRFY, HELP, RSET, and what does not exist."""
    with Listener(Postbox()) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.ehlo()
        assert client.noop()[0] == 250
        assert client.verify("ada")[0] == 252
        assert b"MAIL" in client.help()
        assert client.rset()[0] == 250
        assert client.docmd("TURN")[0] == 500
