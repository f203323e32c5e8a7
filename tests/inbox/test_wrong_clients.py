"""Clients that do it wrong, byte by byte: what they are told, what is kept, and what the page says about it.

`test_inbox.py` has the small sins, each with its warning; here are the combinations, the attacks, and who is no client at all.
"""

import ssl

import pytest
import trustme

from mailkit.inbox import Inbox
from mailkit.mime.bodytype import BodyType
from tests.kit.raw import Raw, noted

MAIL, RCPT, DATA, QUIT = b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n", b"DATA\r\n", b"QUIT\r\n"
FIELDS = (
    b"From: a@example.com\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\nSubject: x\r\n"
)


# -- what ends, and what does not --------------------------------------------------------------------------------------

BREAKS = {"CR": b"\r", "LF": b"\n", "CR LF": b"\r\n", "CR CR LF": b"\r\r\n", "LF CR": b"\n\r", "CR NUL LF": b"\r\0\n"}
FALSE_ENDS = {
    f"{before} . {after}": BREAKS[before] + b"." + BREAKS[after]
    for before in BREAKS
    for after in BREAKS
    if b"\r\n.\r\n" not in BREAKS[before] + b"." + BREAKS[after]  # the true one
}


@pytest.mark.parametrize("end", FALSE_ENDS.values(), ids=list(FALSE_ENDS))
def test_inbox_when_data_only_seems_to_end_then_it_is_one_message_with_a_warning(end: bytes) -> None:
    """Nothing in the content is obeyed, whichever bare CR or LF stands around the dot."""
    hidden = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nevil"
    with Inbox() as inbox, Raw(inbox.port) as client:
        client.begin()
        assert client.ask(FIELDS + b"\r\none" + end + hidden + end + b"two\r\n.\r\n", QUIT)[-1][:3] == b"221"
        found = inbox.only()
    assert (found.recipients, found.subject) == (("b@example.com",), "x")
    assert b"RCPT TO:<victim@example.com>" in found.raw
    assert any("bare" in one or "NUL" in one for one in found.warnings), found.warnings


def test_inbox_when_bare_line_feeds_end_everything_then_only_the_true_end_is_one() -> None:
    """A client that has never heard of CR waits in vain, hangs up, and finds its session noted."""
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            client.ask(b"HELO me\n", b"MAIL FROM:<a@example.com>\n", b"RCPT TO:<b@example.com>\n", b"DATA\n")
            client.say(b"Subject: x\n\nHi\n.\nQUIT\n")
            client.end()
            assert client.hear() == b""
        assert noted(inbox).transcript[-2:] == ("C: DATA", "S: 354 End data with <CR><LF>.<CR><LF>")
        assert len(inbox) == 0


@pytest.mark.parametrize(
    ("said", "is_transaction"),
    [
        (b"", False),
        (b"HELO me\r\n", False),
        (b"HELO me\r\n" + MAIL, True),
        (b"HELO me\r\n" + MAIL + RCPT, True),
        (b"HELO me\r\n" + MAIL + RCPT + DATA, True),
        (b"HELO me\r\n" + MAIL + RCPT + DATA + FIELDS, True),
        (b"HELO me\r\n" + MAIL + RCPT + DATA + FIELDS + b"\r\nHi\r\n.\r", True),
        (b"EHLO me\r\n" + MAIL + RCPT + b"BDAT 20\r\nabc", True),
        (b"EHLO me\r\n" + MAIL + RCPT + b"BDAT 3\r\nabc", True),
        (b"EHLO me\r\nAUTH LOGIN\r\n", False),
        (b"EHL", False),
    ],
)
def test_inbox_when_a_client_goes_away_in_the_middle_then_nothing_is_kept_and_it_is_noted(
    said: bytes, is_transaction: bool
) -> None:
    """Half a message is none: its client will send it again."""
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            client.say(said)
            client.end()
            while client.hear():
                pass
        session = noted(inbox)
        assert any(line.startswith("C: MAIL") for line in session.transcript) == is_transaction
        assert len(inbox) == 0


@pytest.mark.parametrize(("quits_after", "is_noted"), [((), False), ((b"HELO me\r\n",), False), ((MAIL, RCPT), True)])
def test_inbox_when_a_client_quits_then_only_a_message_that_was_begun_is_noted(
    quits_after: tuple[bytes, ...], is_noted: bool
) -> None:
    """Whoever only asks whether the server is up fills no list, and neither does who says quit in lower case."""
    with Inbox() as inbox:
        for quit_ in (QUIT, b"quit\r\n"):
            with Raw(inbox.port) as client:
                assert client.ask(*quits_after, quit_)[-1][:3] == b"221"
        assert len(inbox.sessions) == (2 if is_noted else 0)


@pytest.mark.parametrize("farewell", [b"quit\r\n", b""])
def test_inbox_when_a_client_goes_after_its_message_then_that_is_no_session_without_one(farewell: bytes) -> None:
    """Many programs hang up without a word."""
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            client.begin()
            client.ask(FIELDS + b"\r\nHi\r\n.\r\n")
            client.say(farewell)
            client.end()
            while client.hear():
                pass
        with Raw(inbox.port) as last:  # noted behind the others, if they are
            last.ask(b"NONSENSE\r\n", QUIT)
        assert [session.transcript[1] for session in inbox.sessions] == ["C: NONSENSE"]
        assert len(inbox) == 1


# -- commands ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        ((b"HELO\r\n", MAIL, RCPT), "without a name"),
        ((b"EHLO \r\n", MAIL, RCPT), "without a name"),
        ((b"HELO m\xe4\r\n", MAIL, RCPT), "neither ASCII nor UTF-8"),
        ((b"HELO me\r\n", b"MAIL FROM:  <a@example.com>\r\n", RCPT), "without spaces"),
        ((b"HELO me\r\n", b"MAIL From : a@example.com\r\n", RCPT), "angle brackets"),
        ((b"HELO me\r\n", MAIL, b"RCPT TO:b@example.com\r\n"), "angle brackets"),
        ((b"HELO me\r\n", MAIL, b"RCPT TO:<b@example.com>\n"), "bare LF"),
        ((b"ehlo me\r\n", b"mail from:<a@example.com>\r\n", b"rcpt to:<b@example.com>\r\n"), ""),
        ((b"EHLO me\r\n", b"Mail From:<a@example.com> size=10 body=8bitmime\r\n", RCPT), ""),
        ((b"EHLO me\r\n", b"EHLO me\r\n", b"HELO me\r\n", MAIL, RCPT), ""),
        ((b"EHLO [127.0.0.1]\r\n", b"VRFY b\r\n", b"NOOP\r\n", b"RSET\r\n", MAIL, RCPT), ""),
    ],
)
def test_inbox_when_commands_can_mean_one_thing_only_then_they_are_obeyed(
    lines: tuple[bytes, ...], warning: str
) -> None:
    """With a warning when they are wrong, and without one when they are only unusual."""
    with Inbox() as inbox, Raw(inbox.port) as client:
        answers = client.ask(*lines, DATA, FIELDS + b"\r\nHi\r\n.\r\n")
        assert {answer[:1] for answer in answers} == {b"2", b"3"}
        found = inbox.only()
    assert (found.sender, found.recipients) == ("a@example.com", ("b@example.com",))
    assert [warning in one for one in found.warnings] == ([True] if warning else []), found.warnings


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"RCPT TO:<b@example.com>,<c@example.com>\r\n", b"555"),
        (b"RCPT TO:<b@example.com,c@example.com>\r\n", b"501"),
        (b"RCPT TO:<b@example.com;c@example.com>\r\n", b"501"),
        (b"RCPT TO:<b@example.com, c@example.com>\r\n", b"501"),
        (b"RCPT TO:b@example.com,c@example.com\r\n", b"501"),
        (b"RCPT TO:b@example.com c@example.com\r\n", b"555"),
        (b"RCPT TO:Bob <b@example.com>\r\n", b"501"),
        (b"RCPT TO:<>\r\n", b"501"),
        (b"RCPT TO:\r\n", b"501"),
        (b"RCPT b@example.com\r\n", b"501"),
        (b"RCPT TO:<b\0@example.com>\r\n", b"500"),
        (b"RCPT TO:<b@example.com\r>\r\n", b"500"),
        (b"DATA\r\n", b"503"),
        (b"BDAT 0 LAST\r\n", b"503"),
        (b"MAIL FROM:<c@example.com>\r\n", b"503"),
        (b"STARTTLS\r\n", b"503"),
        (b"AUTH PLAIN AGEAYg==\r\n", b"503"),
        (b" NOOP\r\n", b"500"),
        (b"\r\n", b"500"),
        (b"\xff\xfe\r\n", b"500"),
    ],
)
def test_inbox_when_a_command_can_mean_nothing_or_several_things_then_it_is_refused(line: bytes, code: bytes) -> None:
    """And the session goes on as if it had not been said."""
    with Inbox() as inbox, Raw(inbox.port) as client:
        client.ask(b"EHLO me\r\n", MAIL)
        answers = client.ask(line, RCPT, DATA, FIELDS + b"\r\nHi\r\n.\r\n")
        assert [answer[:3] for answer in answers] == [code, b"250", b"354", b"250"]
        assert inbox.only().recipients == ("b@example.com",)


def test_path_when_a_quoted_name_has_a_comma_then_it_is_one_address() -> None:
    """RFC 5321 4.1.2: between quotes nearly everything is allowed."""
    with Inbox() as inbox, Raw(inbox.port) as client:
        client.begin(b'"b,c;d"@example.com')
        client.ask(FIELDS + b"\r\nHi\r\n.\r\n")
        assert inbox.only().recipients == ('"b,c;d"@example.com',)


@pytest.mark.parametrize("line", [b"HELO " + b"x" * 20_000 + b"\r\n", b"x" * 20_000, b"MAIL FROM:<" + b"a" * 20_000])
def test_inbox_when_a_command_is_endless_then_its_client_is_cut_off(line: bytes) -> None:
    """After 12 KB, whether its end has come or not."""
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            assert client.ask(line, MAIL) == [b"500 Line too long", b""]
        assert noted(inbox).refusals == ("500 Line too long",)


def test_inbox_when_a_command_is_long_then_the_page_shows_its_beginning() -> None:
    """What is noted of it has an end."""
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            client.ask(b"VRFY " + b"x" * 10_000 + b"\r\n", b"y" * 10_000 + b"\r\n", QUIT)
        assert max(map(len, noted(inbox).transcript)) == 500


def test_inbox_when_a_client_only_errs_then_it_is_cut_off() -> None:
    """After twenty mistakes it is a scanner, or lost."""
    with Inbox() as inbox, Raw(inbox.port) as client:
        answers = client.ask(*[b"NONSENSE\r\n"] * 21)
        assert answers[-1] == b"500 Unknown command"
        assert (client.hear(), client.hear()) == (b"421 Too many errors", b"")
        assert len(noted(inbox).refusals) == 22


# -- flights -----------------------------------------------------------------------------------------------------------


def test_inbox_when_all_is_said_without_waiting_then_everything_has_its_answer() -> None:
    """Two messages, before the greeting has come, by a client that has not asked whether that is allowed (RFC 2920)."""
    message = MAIL + RCPT + DATA + FIELDS + b"\r\nHi\r\n.\r\n"
    with Inbox() as inbox, Raw(inbox.port, greeted=False) as client:
        client.say(b"HELO me\r\n", message, message, QUIT)
        codes = [client.hear()[:3] for _ in range(11)]
        assert codes == [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 2, b"221"]
        assert [found.warnings for found in inbox] == [(), ()]


def test_inbox_when_data_is_refused_and_the_content_comes_all_the_same_then_it_makes_no_message() -> None:
    """A client that does not look at replies: what it takes for content is refused line by line, until it has erred enough."""
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            client.say(b"HELO me\r\n", MAIL, DATA, FIELDS, b"\r\n", b"some text\r\n" * 30, b".\r\n", QUIT)
            heard = list(iter(client.hear, b""))
        assert heard[2] == b"503 No valid recipients"
        assert heard[-1] == b"421 Too many errors"
        assert len(inbox) == 0


def test_inbox_when_commands_come_along_with_starttls_then_they_are_forgotten() -> None:
    """What was said in the clear is not obeyed as if it had been said under TLS (RFC 3207 4.2)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = trustme.CA()
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with Inbox(tls=context) as inbox, Raw(inbox.port) as client:
        client.ask(b"EHLO me\r\n")
        client.say(b"STARTTLS\r\n", b"EHLO evil\r\n", MAIL, RCPT)
        assert client.hear() == b"220 2.0.0 Go ahead"
        client.secure(trusting)
        assert [answer[:3] for answer in client.ask(DATA, MAIL, RCPT, DATA)] == [b"503", b"250", b"250", b"354"]
        client.ask(FIELDS + b"\r\nHi\r\n.\r\n")
        found = inbox.only()
    assert (found.hello, found.is_secure) == ("", True)
    assert found.warnings == ("no HELO or EHLO (RFC 5321 4.1.4)",)


# -- content -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hello", "sender", "body", "warnings"),
    [
        (b"HELO me", b"", b"x" * 1_500, ["line 7 has more than 998 octets"]),
        (b"HELO me", b"", b"a\0b", ["there is a NUL in it"]),
        (b"HELO me", b"", b"caf\xe9", ["beyond ASCII without BODY=8BITMIME"]),
        (b"EHLO me", b" BODY=7BIT", b"caf\xc3\xa9", ["beyond ASCII without BODY=8BITMIME"]),
        (b"EHLO me", b" BODY=8BITMIME", b"caf\xc3\xa9", []),
        (b"HELO me", b"", b"a\rb\nc", ["bare LF", "bare CR"]),
        (b"HELO me", b"", b"a\nb\0" + b"\xff" * 1_000, ["bare LF", "more than 998", "a NUL", "beyond ASCII"]),
    ],
)
def test_inbox_when_content_is_wrong_then_every_byte_is_kept_and_each_mistake_told(
    hello: bytes, sender: bytes, body: bytes, warnings: list[str]
) -> None:
    """What a real server would change, cut or refuse."""
    content = FIELDS + b"Content-Type: text/plain; charset=latin-1\r\n\r\n" + body + b"\r\n"
    with Inbox() as inbox, Raw(inbox.port) as client:
        client.ask(hello + b"\r\n", MAIL.replace(b"\r", sender + b"\r"), RCPT, DATA, content + b".\r\n")
        found = inbox.only()
    assert found.raw == content
    assert len(found.warnings) == len(warnings), found.warnings
    assert all(expected in one for expected, one in zip(warnings, found.warnings, strict=True)), found.warnings


def test_inbox_when_chunks_are_binary_then_nothing_in_them_is_a_mistake() -> None:
    """BODY=BINARYMIME (RFC 3030) has no lines."""
    content = FIELDS + b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\n\r\xff"
    with Inbox() as inbox, Raw(inbox.port) as client:
        lines = b"EHLO me\r\n", MAIL.replace(b"\r", b" BODY=BINARYMIME\r"), RCPT
        client.ask(*lines, b"BDAT %d LAST\r\n%s" % (len(content), content))
        found = inbox.only()
    assert (found.raw, found.body, found.warnings) == (content, BodyType.BINARY, ())


# -- who is no client --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [b"POST", b"GET", b"PUT", b"OPTIONS"])
def test_inbox_when_a_web_page_posts_commands_then_no_mail_comes_of_it(method: bytes) -> None:
    """The first line ends it, whatever is in the form."""
    form = b"HELO me\r\n" + MAIL + RCPT + DATA + b"evil\r\n.\r\n" + QUIT
    request = method + b" / HTTP/1.1\r\nHost: 127.0.0.1:1025\r\nContent-Type: text/plain\r\n\r\n"
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            assert client.ask(request + form) == [b"554 This port speaks SMTP, not HTTP"]
            assert client.hear() == b""
        assert noted(inbox).refusals == ("554 This port speaks SMTP, not HTTP",)
        assert len(inbox) == 0


def test_inbox_when_tls_begins_at_the_plain_port_then_it_is_told_at_once() -> None:
    """A client that was set up for the other port does not hang until it gives up."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            client.say(outgoing.read())
            assert client.hear().startswith(b"554 This port speaks SMTP in the clear")
            assert client.hear() == b""
        assert len(noted(inbox).refusals) == 1
        assert noted(inbox).transcript[1] == "C: (a TLS handshake)"
