"""Reading the inbox over POP3: with poplib, which is the judge, and byte by byte without a socket."""

import hashlib
import poplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailkit import Mailer, MessageBuilder, mailbox
from mailkit.inbox import Inbox
from mailkit.inbox.account import Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.pop3 import serve_pop3
from mailkit.mailbox import Pop3
from mailkit.smtp import Received
from tests.kit.feeding import CUTS, Cut
from tests.kit.peers import Authority
from tests.kit.talk import TLS, said, written

RAW = b"From: a@shop.se\r\nSubject: one\r\n\r\nfirst\r\n.second\r\n\r\n..third\r\n"


@contextmanager
def reading(*raws: bytes, user: str = "x", **options: object) -> Iterator[tuple[Inbox, poplib.POP3]]:
    """An inbox with mail in it, and somebody who has logged in to it."""
    with Inbox(pop3_port=0, **options) as inbox:  # type: ignore[arg-type]
        for raw in raws:
            inbox.archive.add(Received("a@shop.se", ("Bob@There.se",), raw, "me"))
        with connected(inbox) as client:
            client.user(user)
            client.pass_("any word")
            yield inbox, client


@contextmanager
def connected(inbox: Inbox) -> Iterator[poplib.POP3]:
    client = poplib.POP3("127.0.0.1", inbox.pop3_port or 0)
    try:
        yield client
    finally:
        client.close()


def test_every_command_when_said_by_poplib_then_it_is_answered() -> None:
    """USER, PASS, STAT, LIST, UIDL, TOP, RETR, DELE, RSET, NOOP, CAPA, QUIT."""
    second = RAW.replace(b"one", b"two")
    with reading(RAW, second) as (inbox, client):
        assert client.stat() == (2, len(RAW) + len(second))
        assert client.list()[1] == [b"1 %d" % len(RAW), b"2 %d" % len(second)]
        assert client.list(2).split()[1:] == [b"2", b"%d" % len(second)]  # type: ignore[attr-defined]
        identifiers = client.uidl()[1]
        assert len({line.split()[1] for line in identifiers}) == 2
        assert client.uidl(1).endswith(identifiers[0])
        assert client.top(1, 1)[1] == [b"From: a@shop.se", b"Subject: one", b"", b"first"]
        assert client.top(1, 0)[1] == [b"From: a@shop.se", b"Subject: one", b""]
        assert client.retr(1)[1] == RAW.split(b"\r\n")[:-1]
        assert client.noop().startswith(b"+OK")
        assert {"TOP", "UIDL", "PIPELINING", "UTF8"} <= set(client.capa())
        client.dele(1)
        assert client.stat() == (1, len(second))
        assert client.list()[1] == [b"2 %d" % len(second)]
        for ask in (client.retr, client.list, client.uidl, client.dele):
            with pytest.raises(poplib.error_proto, match="no such message"):
                ask(1)
        client.rset()
        assert client.stat()[0] == 2
        client.dele(2)
        assert len(inbox) == 2
        client.quit()
        assert [one.subject for one in inbox] == ["one"]


def test_messages_when_the_client_goes_without_quit_then_nothing_is_deleted() -> None:
    """RFC 1939 6: only QUIT enters the state in which they go."""
    with reading(RAW) as (inbox, client):
        client.dele(1)
        client.close()
        again = poplib.POP3("127.0.0.1", inbox.pop3_port or 0)
        again.user("x")
        again.pass_("y")
        assert again.stat()[0] == len(inbox) == 1
        again.quit()


def test_messages_when_they_come_during_a_session_then_the_next_one_has_them() -> None:
    """And identifiers stay what they are."""
    with reading(RAW) as (inbox, client):
        before = client.uidl()[1]
        inbox.archive.add(Received("", (), RAW, "me"))
        assert client.stat()[0] == 1
        client.quit()
        with mailbox.open(f"pop3://x:y@127.0.0.1:{inbox.pop3_port}?unsafe_plaintext_auth=yes") as opened:
            assert isinstance(opened, Pop3)
            assert [str(one).encode() for one in opened.uidl().values()][:1] == [before[0].split()[1]]
            assert [one.subject for one in opened] == ["one", "one"]


def test_message_when_deleted_in_the_page_meanwhile_then_that_is_said() -> None:
    """And the session goes on."""
    with reading(RAW, RAW) as (inbox, client):
        inbox.archive.delete("id:1")
        with pytest.raises(poplib.error_proto, match="deleted meanwhile"):
            client.retr(1)
        assert client.retr(2)[0].startswith(b"+OK")
        client.dele(1)
        client.quit()
        assert len(inbox) == 1


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("anybody", ["for none"]),
        ("ada", ["for ada"]),
        ("bob@there.se", ["for none", "for ada"]),
        ("BOB@THERE.SE", ["for none", "for ada"]),
        ("zoe@there.se", []),
    ],
)
def test_login_when_it_names_a_user_or_an_address_then_that_mail_is_read(user: str, found: list[str]) -> None:
    """A user's own inbox, what was sent to an address, or what nobody has logged in for."""
    with Inbox(pop3_port=0) as inbox:
        mail = MessageBuilder().from_("a@shop.se").to("Bob@There.se").text("Hi")
        with Mailer(inbox.url) as mailer, Mailer(inbox.url_for("ada")) as ada:
            mailer.send(mail.subject("for none").build())
            ada.send(mail.subject("for ada").build())
        with connected(inbox) as client:
            client.user(user)
            client.pass_("-")
            texts = [b"\n".join(client.retr(number)[1]) for number in range(1, client.stat()[0] + 1)]
        assert len(texts) == len(found)
        assert all(subject.encode() in text for subject, text in zip(found, texts, strict=True))


def test_login_when_users_are_configured_then_only_they_read_and_by_a_digest_too() -> None:
    """Each his own inbox; a wrong password and an unknown user get the same answer."""
    with Inbox(pop3_port=0, users={"ada": "pass word"}) as inbox:
        inbox.archive.add(Received("", (), RAW, "me", user="ada"), inbox="ada")
        inbox.archive.add(Received("", (), RAW, "me"))
        for user, password in (("ada", "wrong"), ("eve", "pass word"), ("ada", "pass"), ("eve", "")):
            client = poplib.POP3("127.0.0.1", inbox.pop3_port or 0)
            client.user(user)
            with pytest.raises(poplib.error_proto, match="not accepted"):
                client.pass_(password)
            with pytest.raises(poplib.error_proto, match="log in first"):
                client.stat()
            with pytest.raises(poplib.error_proto, match="not accepted"):
                client.apop(user, password)
            client.close()
        client = poplib.POP3("127.0.0.1", inbox.pop3_port or 0)
        client.user("ada")
        client.pass_("pass word")  # RFC 1939 7: with the space in it
        assert client.stat()[0] == 1
        client.quit()
        client = poplib.POP3("127.0.0.1", inbox.pop3_port or 0)
        client.apop("ada", "pass word")
        assert client.stat()[0] == 1
        client.quit()


def test_tls_when_begun_then_all_goes_on_in_it(authority: Authority) -> None:
    """STLS, which is not offered a second time."""
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    with Inbox(pop3_port=0, tls=authority.context()) as inbox:
        inbox.archive.add(Received("", (), RAW, "me"))
        client = poplib.POP3("localhost", inbox.pop3_port or 0)
        assert "STLS" in client.capa()
        client.stls(context)
        assert "STLS" not in client.capa()
        client.user("x")
        client.pass_("y")
        assert client.retr(1)[1] == RAW.split(b"\r\n")[:-1]
        client.quit()


def test_browser_when_it_posts_commands_then_none_is_obeyed() -> None:
    """A web page may have a form posted to any port, with what it likes in it."""
    with reading(RAW) as (inbox, _):
        form = b"USER x\r\nPASS y\r\nDELE 1\r\nQUIT\r\n"
        with socket.create_connection(("127.0.0.1", inbox.pop3_port or 0), timeout=10) as wire:
            wire.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(form), form))
            answer = b"".join(iter(lambda: wire.recv(4096), b""))
        assert answer.endswith(b"-ERR this port does not speak HTTP or TLS\r\n")
        assert len(inbox) == 1


# -- without a socket --------------------------------------------------------------------------------------------------


@pytest.fixture
def archive() -> Iterator[Archive]:
    """One message in it."""
    archive = Archive()
    archive.add(Received("", (), RAW, "me"))
    yield archive
    archive.close()


@pytest.mark.parametrize("cut", CUTS)
def test_session_when_cut_anywhere_then_the_replies_are_the_same(archive: Archive, cut: Cut) -> None:
    """Pipelined, with bare line feeds, verbs in any case."""
    heard = b"user x\r\nPass y\nStat\r\nretr 1\r\nnoop\r\nQUIT\r\nSTAT\r\n"
    replies = said(serve_pop3(archive, Users()), heard, cut=cut).split(b"\r\n")
    assert [line[:3] for line in replies if line[:1] in b"+-" and line] == [b"+OK"] * 7
    stuffed = RAW.replace(b"\r\n.", b"\r\n..").split(b"\r\n")[:-1]
    assert replies[5 : 5 + len(stuffed)] == stuffed


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"RETR",
            b"RETR 0",
            b"RETR 2",
            b"RETR -1",
            b"RETR 1x",
            "RETR ١".encode(),
            b"RETR 99999999999999999999",
            b"TOP 1",
        ),
        *(
            b"TOP 1 -1",
            b"TOP 1 x",
            b"TOP 9 1",
            b"LIST 0",
            b"UIDL x",
            b"DELE 5",
            b"XYZZY",
            b"",
            b" ",
            b"\xff\xfe",
            b"STLS",
            b"USER a",
        ),
    ],
)
def test_command_when_it_is_wrong_then_it_is_refused_and_the_next_is_answered(archive: Archive, line: bytes) -> None:
    """In one line, whatever it has in it."""
    replies = said(serve_pop3(archive, Users()), b"USER x\r\nPASS y\r\n" + line + b"\r\nNOOP\r\n").split(b"\r\n")
    assert [one[:4].strip() for one in replies] == [b"+OK", b"+OK", b"+OK", b"-ERR", b"+OK", b""]


@pytest.mark.parametrize(
    ("heard", "is_in"),
    [
        (b"PASS y", False),
        (b"USER \r\nPASS y", False),
        (b"USER x\r\nPASS ", True),
        (b"AUTH PLAIN " + b64encode(b"\0x\0y"), True),
        (b"AUTH PLAIN\r\n" + b64encode(b"\0x\0y"), True),
        (b"AUTH PLAIN\r\n*", False),
        (b"AUTH PLAIN " + b64encode(b"x"), False),
        (b"AUTH PLAIN !!", False),
        (b"AUTH CRAM-MD5", False),
        (b"APOP x " + hashlib.md5(b"whatever").hexdigest().encode(), True),
        (b"APOP x", False),
        (b"APOP", False),
    ],
)
def test_login_when_tried_in_every_way_then_mail_is_told_of_only_after_it(
    archive: Archive, heard: bytes, is_in: bool
) -> None:
    """Where no users are configured any password will do; what is no login never does."""
    replies = said(serve_pop3(archive, Users()), heard + b"\r\nSTAT\r\n")
    assert replies.endswith(b"+OK 1 %d\r\n" % len(RAW) if is_in else b"-ERR log in first\r\n")


def test_handshake_when_something_was_said_before_it_then_that_does_not_count(archive: Archive) -> None:
    """RFC 2595 4: somebody between may have said it."""
    session = serve_pop3(archive, Users(), has_tls=True)
    replies = said(session, b"USER x\r\nSTLS\r\nPASS y\r\nSTAT\r\n", b"PASS y\r\nSTAT\r\nCAPA\r\n")
    assert replies.partition(TLS)[2].startswith(b"-ERR USER comes first\r\n-ERR log in first\r\n")
    assert b"STLS" not in replies.partition(TLS)[2]


STRANGERS = [
    b"GET / HTTP/1.1\r\n",
    b"host: localhost\r\n",
    b"BREW /pot HTTP/1.1\r\n",
    b"\x16\x03\x01\x02\0\x01\0",
    b"\x16\x03\x01\x02\0\n",
]


@pytest.mark.parametrize("first", STRANGERS)
@pytest.mark.parametrize("cut", CUTS)
def test_session_when_it_begins_with_http_or_tls_then_it_ends_there(archive: Archive, first: bytes, cut: Cut) -> None:
    """Nothing that follows is obeyed, and nobody waits for a line that never ends."""
    replies = said(serve_pop3(archive, Users()), first + b"USER x\r\nPASS y\r\nSTAT\r\n", cut=cut)
    assert replies.count(b"\r\n") == 2
    assert b"-ERR this port " in replies


def test_replies_when_the_client_asks_for_much_at_once_then_they_leave_in_between(archive: Archive) -> None:
    """What waits to be said does not grow with what is asked for."""
    session = serve_pop3(archive, Users())
    sizes = written(session, b"USER x\r\nPASS y\r\n" + b"LIST\r\n" * 20_000)
    assert max(sizes) < 400_000 < sum(sizes)


def test_mistakes_when_there_are_too_many_then_the_session_ends(archive: Archive) -> None:
    """Whoever only guesses is a scanner."""
    replies = said(serve_pop3(archive, Users()), b"XYZZY\r\n" * 100)
    assert replies.endswith(b"-ERR too many mistakes\r\n")
    assert replies.count(b"\r\n") < 30


def test_line_when_it_never_ends_then_the_session_does(archive: Archive) -> None:
    """Nobody fills our memory."""
    assert said(serve_pop3(archive, Users()), b"x" * 100_000).endswith(b"-ERR the line is too long\r\n")


def test_lines_when_bare_in_a_message_then_it_ends_where_it_ends() -> None:
    """A lone dot between bare line feeds is text."""
    archive = Archive()
    archive.add(Received("", (), b"Subject: x\n\na\n.\nb\r.\rc", "me"))
    try:
        replies = said(serve_pop3(archive, Users()), b"USER x\r\nPASS y\r\nRETR 1\r\nQUIT\r\n")
    finally:
        archive.close()
    assert replies.endswith(b"Subject: x\r\n\r\na\r\n..\r\nb\r\n..\r\nc\r\n.\r\n+OK good-bye\r\n")


def test_archive_when_closed_in_the_middle_then_that_is_said(archive: Archive) -> None:
    """And no session dies of it."""
    session = serve_pop3(archive, Users())
    archive.close()
    assert b"-ERR [SYS/TEMP] the inbox is closed" in said(session, b"USER x\r\nPASS y\r\nQUIT\r\n")


def test_connection_when_the_client_never_speaks_then_others_are_served() -> None:
    """Many at a time."""
    with Inbox(pop3_port=0) as inbox:
        silent = [socket.create_connection(("127.0.0.1", inbox.pop3_port or 0)) for _ in range(50)]
        client = poplib.POP3("127.0.0.1", inbox.pop3_port or 0, timeout=10)
        assert client.quit().startswith(b"+OK")
        for one in silent:
            one.close()
