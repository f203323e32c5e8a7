"""Clients that mean harm, or behave as if they did: the inbox stays small, and everybody else is served."""

import select
import smtplib
import socket
import ssl
import threading
import tracemalloc
from contextlib import ExitStack, suppress

import pytest

from mailkit.inbox import Inbox, Site
from tests.kit.peers import PATIENCE, Authority, authority
from tests.kit.raw import Raw, noted
from tests.kit.web import Web, website

__all__ = ["authority"]

pytestmark = pytest.mark.slow

MAIL, RCPT, DATA, QUIT = b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n", b"DATA\r\n", b"QUIT\r\n"
FIELDS = (
    b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n"
)
CONNECTIONS = 200  # at a time
RECIPIENTS = 1_000  # of a message


def send(inbox: Inbox, raw: bytes = FIELDS + b"\r\nHi\r\n", to: str = "b@example.com") -> None:
    with smtplib.SMTP("127.0.0.1", inbox.port, timeout=PATIENCE) as client:
        client.sendmail("a@example.com", to, raw)


# -- connections -------------------------------------------------------------------------------------------------------


def test_inbox_when_there_are_too_many_connections_then_the_next_is_told_and_a_freed_place_is_taken() -> None:
    """421 at once, and not a wait for nothing."""
    with Inbox() as inbox, ExitStack() as opened:
        clients = [opened.enter_context(Raw(inbox.port)) for _ in range(CONNECTIONS)]
        for _ in range(20):
            with Raw(inbox.port, greeted=False) as refused:
                assert (refused.hear(), refused.hear()) == (b"421 4.7.0 Too many connections", b"")
        assert {client.ask(b"NOOP\r\n")[0][:3] for client in clients} == {b"250"}
        assert clients[7].ask(QUIT) == [b"221 Bye"]
        assert clients[7].hear() == b""
        # Its place is free once the server has seen the end of it, which nobody tells.
        for _ in range(10_000):
            with Raw(inbox.port, greeted=False) as next_one:
                if next_one.hear().startswith(b"220"):
                    next_one.begin()
                    assert next_one.ask(FIELDS + b"\r\nHi\r\n.\r\n")[0][:3] == b"250"
                    break
        assert len(inbox) == 1


def test_inbox_when_clients_take_their_time_then_the_others_are_served(authority: Authority) -> None:
    """Half a command, half a login, half a handshake, half a message: 120 who never go on, beside one who does."""
    begun = [
        b"",
        b"EHL",
        b"EHLO me\r\nAUTH LOGIN\r\n",
        b"EHLO me\r\nSTARTTLS\r\n",
        b"EHLO me\r\n" + MAIL + RCPT + DATA + FIELDS + b"\r\nHalf a li",
        b"EHLO me\r\n" + MAIL + RCPT + b"BDAT 1000\r\nhalf",
    ]
    with Inbox(tls=authority.context(), tls_port=0, lmtp_port=0) as inbox, ExitStack() as opened:
        for part in begun * 20:
            opened.enter_context(Raw(inbox.port)).say(part)
        for _ in range(20):
            opened.enter_context(Raw(inbox.tls_port, greeted=False)).say(b"\x16\x03\x01")
        send(inbox)
        trusting = ssl.create_default_context(cafile=str(authority.ca_file))
        assert inbox.tls_port
        with smtplib.SMTP_SSL("localhost", inbox.tls_port, timeout=PATIENCE, context=trusting) as client:
            client.sendmail("a@example.com", "b@example.com", FIELDS + b"\r\nHi\r\n")
        assert [found.is_secure for found in inbox] == [False, True]


def test_inbox_when_a_client_never_reads_then_it_is_not_read_either_and_the_others_are_served() -> None:
    """Three who greet without end get as many answers as there is room for on the way, and take up no memory."""
    flood, most = (b"EHLO " + b"x" * 450 + b"\r\n") * 250, 64_000_000
    with Inbox() as inbox, ExitStack() as opened:
        tracemalloc.start()
        opened.callback(tracemalloc.stop)
        for _ in range(3):
            wire = opened.enter_context(socket.socket())
            wire.connect(("127.0.0.1", inbox.port))
            wire.setblocking(False)
            sent = 0
            while sent < most and select.select([], [wire], [], 0.1)[1]:
                sent += wire.send(flood)
            assert sent < most
        send(inbox)
        assert len(inbox) == 1
        _, peak = tracemalloc.get_traced_memory()
        assert peak < 30_000_000


def test_inbox_when_clients_come_and_go_without_a_message_then_only_the_last_are_listed() -> None:
    """Three hundred, of which the page shows two hundred, each with its words."""
    with website() as (inbox, web):
        for number in range(300):
            with Raw(inbox.port) as client:
                client.ask(b"HELO n%d\r\n" % number, b"NONSENSE\r\n", QUIT)
        noted(inbox, 200)
        sessions = web.get("/api/sessions").json["sessions"]
        assert len(sessions) == len(inbox.sessions) == 200
        said = [session["transcript"][1] for session in sessions]
        assert said == [f"C: HELO n{number}" for number in range(299, 99, -1)]


def test_inbox_when_a_session_is_endless_then_what_is_noted_of_it_has_an_end() -> None:
    """Two thousand lines."""
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            for _ in range(30):
                client.say(b"NOOP\r\n" * 100)
                assert {client.hear()[:3] for _ in range(100)} == {b"250"}
        assert len(noted(inbox).transcript) == 2_000


# -- envelopes and sizes -----------------------------------------------------------------------------------------------


def test_inbox_when_there_are_too_many_recipients_then_those_beyond_are_put_off() -> None:
    """The message goes to the others; a right client sends it to the rest by itself (RFC 5321 4.5.3.1.10)."""
    with Inbox() as inbox, Raw(inbox.port) as client:
        client.ask(b"EHLO me\r\n", MAIL)
        client.say(*(b"RCPT TO:<n%d@example.com>\r\n" % number for number in range(RECIPIENTS + 5)))
        answers = [client.hear() for _ in range(RECIPIENTS + 5)]
        assert {answer[:3] for answer in answers[:RECIPIENTS]} == {b"250"}
        assert answers[RECIPIENTS:] == [b"452 4.5.3 Too many recipients"] * 5
        assert client.ask(DATA, FIELDS + b"\r\nHi\r\n.\r\n")[-1][:3] == b"250"
        found = inbox.only(to="n999@example.com")
    assert len(found.recipients) == RECIPIENTS


SMALL = 100_000
LARGE = FIELDS + b"\r\n" + (b"x" * 70 + b"\r\n") * 20_000


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ((b"MAIL FROM:<a@example.com> SIZE=100001\r\n",), [b"552"]),
        ((b"MAIL FROM:<a@example.com> SIZE=100000\r\n",), [b"250"]),
        ((MAIL, RCPT, DATA, LARGE + b".\r\n"), [b"250", b"250", b"354", b"552"]),
        ((MAIL, RCPT, DATA, b"x" * 1_500_000 + b"\r\n.\r\n"), [b"250", b"250", b"354", b"552"]),
        ((MAIL, RCPT, b"BDAT 1500000 LAST\r\n" + b"x" * 1_500_000), [b"250", b"250", b"552"]),
        (
            (MAIL, RCPT, b"BDAT 60000\r\n" + b"x" * 60_000, b"BDAT 60000\r\n" + b"x" * 60_000, b"BDAT 0 LAST\r\n"),
            [b"250", b"250", b"250", b"552", b"503"],
        ),
    ],
    ids=["SIZE", "SIZE that fits", "DATA", "DATA in one line", "BDAT", "BDAT bit by bit"],
)
def test_inbox_when_a_message_is_too_large_then_it_is_refused_and_the_session_goes_on(
    lines: tuple[bytes, ...], codes: list[bytes]
) -> None:
    """Whether it says so or not; and what it sends is not kept meanwhile."""
    with Inbox(max_size=SMALL) as inbox, Raw(inbox.port) as client:
        client.ask(b"EHLO me\r\n")
        assert [answer[:3] for answer in client.ask(*lines)] == codes
        assert len(inbox) == 0
        assert client.ask(b"RSET\r\n", MAIL, RCPT, DATA, FIELDS + b"\r\nHi\r\n.\r\n")[-1][:3] == b"250"
        assert len(inbox) == 1


def test_inbox_when_a_chunk_is_announced_that_never_comes_then_no_room_is_made_for_it() -> None:
    """A number costs nothing to say."""
    with Inbox() as inbox:
        with Raw(inbox.port) as client:
            client.ask(b"EHLO me\r\n", MAIL, RCPT)
            client.say(b"BDAT 999999999999999999 LAST\r\n" + b"x" * 100_000)
            client.end()
            assert client.hear() == b""
        noted(inbox)
        assert len(inbox) == 0


@pytest.mark.parametrize("caps", [{"max_messages": 50}, {"max_bytes": 50_000}], ids=["messages", "bytes"])
def test_inbox_when_it_overflows_then_the_newest_are_there_and_all_counts_are_right(caps: dict[str, int]) -> None:
    """Eight hundred messages from four clients at once: what is listed, found, counted and kept is the same."""

    def flood(inbox: Inbox, name: str) -> None:
        with smtplib.SMTP("127.0.0.1", inbox.port, timeout=PATIENCE) as client:
            for number in range(200):
                client.sendmail("a@example.com", f"{name}@example.com", FIELDS + b"\r\n%d\r\n" % number + b"x" * 800)

    with Inbox(**caps) as inbox, Site(inbox) as site:  # type: ignore[arg-type]
        web = Web(site.port)
        threads = [threading.Thread(target=flood, args=(inbox, name)) for name in ("n1", "n2", "n3", "n4")]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):  # whoever looks meanwhile sees what is there
            listed = web.get("/api/messages", limit=5).json
            assert len(listed["messages"]) == min(5, listed["total"])
        for thread in threads:
            thread.join()
        kept = inbox.messages
        found = web.get("/api/messages", limit=500).json
        assert [one["id"] for one in found["messages"]] == [one.id for one in reversed(kept)]
        assert [one.id for one in kept] == list(range(800 - len(kept) + 1, 801))
        (tally,) = web.get("/api/inboxes").json["inboxes"]
        sizes = sum(len(one.raw) for one in kept)
        assert (tally["messages"], tally["bytes"]) == (len(kept), sizes)
        assert len(kept) == (50 if "max_messages" in caps else 50_000 // len(kept[0].raw))
        assert len(inbox.find("subject:x")) == len(inbox) == found["total"] == len(kept)
        assert web.get("/api/messages/1").status == 404


# -- content -----------------------------------------------------------------------------------------------------------


def multipart(count: int) -> bytes:
    parts = (b"--b\r\nContent-Disposition: attachment; filename=n%d\r\n\r\n%d\r\n" % (n, n) for n in range(count))
    return FIELDS + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"".join(parts) + b"--b--\r\n"


def nested(depth: int) -> bytes:
    opened = (b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth))
    closed = (b"--b%d--\r\n" % n for n in reversed(range(depth)))
    return FIELDS + b"".join(opened) + b"\r\nHi\r\n" + b"".join(closed)


HEAVY = {
    "10,000 parts": multipart(10_000),
    "5,000 fields": FIELDS + b"".join(b"X-Field-%d: value\r\n" % n for n in range(5_000)) + b"\r\nHi\r\n",
    "5,000 times the same field": FIELDS + b"Received: from x by y\r\n" * 5_000 + b"\r\nHi\r\n",
    "200 multiparts, each within the one before": nested(200),
    "2,000 multiparts, each within the one before": nested(2_000),
    "1,000 messages, each within the one before": FIELDS
    + b"Content-Type: message/rfc822\r\n\r\n" * 1_000
    + b"A: b\r\n",
    "one line of 10 MB": FIELDS + b"\r\n" + b"x" * 10_000_000 + b"\r\n",
    "one field of 3 MB": FIELDS + b"X-A: " + b"x" * 3_000_000 + b"\r\n\r\nHi\r\n",
    "one line of HTML of 3 MB": FIELDS + b"Content-Type: text/html\r\n\r\n<p>" + b"x" * 3_000_000 + b"\r\n",
    "100,000 addresses": FIELDS.replace(b"To: ", b"To: " + b"n@example.com,\r\n " * 100_000) + b"\r\nHi\r\n",
    "100,000 brackets": FIELDS.replace(b"To: ", b"To: " + b"(" * 100_000) + b"\r\nHi\r\n",
    "50,000 encoded words": FIELDS + b"X-A: " + b" =?utf-8?q?x=C3=BC?=\r\n" * 50_000 + b"\r\nHi\r\n",
    "30,000 open tags": FIELDS + b"Content-Type: text/html\r\n\r\n" + b"<b>" * 30_000 + b"\r\n",
}
ROUTES = {
    "/api/messages": 200,
    "/api/messages?q=subject:x": 200,
    "/api/messages?grouped=1": 200,
    "/api/messages/1": 200,
    "/api/messages/1/raw": 200,
    "/api/messages/1/source": 200,
    "/api/messages/1/html-check": 200,
    "/api/messages/1/lint": 200,
    "/api/messages/1/difference/2": 200,
    "/api/export": 200,
    "/view/1": 200,
}


@pytest.mark.parametrize("raw", HEAVY.values(), ids=list(HEAVY))
def test_page_when_a_message_is_made_to_be_heavy_then_every_route_has_its_answer(raw: bytes) -> None:
    """It is taken, listed, found, shown, compared and given back to the byte, and mail after it comes as ever."""
    with website() as (inbox, web):
        send(inbox, raw)
        send(inbox, FIELDS.replace(b"Subject: x", b"Subject: x y") + b"\r\nHi\r\n")
        assert {route: web.get(route).status for route in ROUTES} == ROUTES
        assert [one["id"] for one in web.get("/api/messages").json["messages"]] == [2, 1]
        assert web.get("/api/messages", q="subject:x").json["total"] == 2
        assert web.get("/api/messages/1/raw").body == raw
        assert web.get("/api/messages/1").json["subject"] == "x"


def test_page_when_somebody_hangs_up_in_the_middle_of_an_answer_then_the_others_have_theirs() -> None:
    """Ten megabytes, of which ten clients read the first few bytes."""
    with website() as (inbox, web):
        send(inbox, HEAVY["one line of 10 MB"])
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", web.port), timeout=PATIENCE) as wire:
                wire.sendall(b"GET /api/messages/1/raw HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert wire.recv(10).startswith(b"HTTP/1.1 2")
                with suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)
        assert web.get("/api/messages/1/raw").status == 200
