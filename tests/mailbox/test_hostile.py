"""Servers that are broken, and servers that want to harm: nothing but mailkit's errors, in bounded memory and time."""

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailkit import mailbox
from mailkit.errors import ConnectError, MailboxError, MailkitError, TransportTimeout
from mailkit.mailbox import Imap, Pop3, Query, wire
from tests.kit.chatter import HANGS_UP, SELECTED, Chatter, imap, pop3
from tests.mailbox.conftest import imap_server, pop3_server

FETCHED = b'* 1 FETCH (UID 1 FLAGS (\\Seen) RFC822.SIZE 16 INTERNALDATE "01-Jan-2026 10:00:00 +0000" BODY[HEADER] {14}\r\nSubject: x\r\n\r\n)\r\n'


def test_everything_works_byte_by_byte() -> None:
    """The network cuts where it likes."""
    with imap_server(drips=True, FETCH=FETCHED + b"%t OK done\r\n") as (url, _), mailbox.open(url) as opened:
        assert isinstance(opened, Imap)
        assert [(message.uid, message.subject, message.is_seen) for message in opened] == [(1, "x", True)]


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (BODY[HEADER] {99999999999}\r\n",
        b"* 1 FETCH (BODY[HEADER] {-1}\r\n%t OK\r\n",
        b"* 1 FETCH (UID 1 BODY[HEADER]\r\n%t OK\r\n",
        b"* 1 FETCH ((((((((((\r\n%t OK\r\n",
        b"* 1 FETCH " + b"(" * 5000 + b")" * 5000 + b"\r\n%t OK\r\n",
        b"* 1 FETCH (UID x RFC822.SIZE y)\r\n%t OK\r\n",
        b"* 1 FETCH (UID 1 RFC822.SIZE (1))\r\n%t OK\r\n",
        b'* 1 FETCH (UID 1 INTERNALDATE "99-Foo-0000 99:99:99 +9999")\r\n%t OK\r\n',
        b"\x00\xff\xfe\r\n",
        b"%t\r\n",
        b"other OK done\r\n",
        b"+ go on\r\n+ go on\r\n",
        b"* BYE \x1b[2Jgone\r\n",
        b"%t NO \x1b[2J[NONEXISTENT] gone\r\n",
        b"%t BAD what\r\n",
        (b"* 1 FETCH (UID 1", HANGS_UP),
        HANGS_UP,
    ],
    ids=lambda answer: re.sub(r"\W+", " ", repr(answer))[:40],
)
def test_an_answer_that_makes_no_sense_is_an_error_of_mailkits(answer: object) -> None:
    """What is left of the connection is closed where it could be misread; a control character is shown, not obeyed."""
    with imap_server(FETCH=answer) as (url, _), mailbox.open(url.replace("timeout=5", "timeout=0.5")) as opened:
        assert isinstance(opened, Imap)
        found: list[object] = []
        said = ""
        try:
            found = [message.uid for message in opened.fetch(1)]
        except MailkitError as error:
            said = f"{error}{error.hint}"
    assert found in ([], [1])
    assert "\x1b" not in said


def test_an_answer_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line, a list of lines, a message: each has a most."""
    monkeypatch.setattr(wire, "_LONGEST_LINE", 10_000)
    monkeypatch.setattr(wire, "_MOST_LINES", 1000)
    for flood in (b"* " + b"x" * 100_000, b"* 1 EXISTS\r\n" * 5000):
        with imap_server(NOOP=flood) as (url, _), mailbox.open(url) as opened:
            with pytest.raises(MailboxError, match=r"line of more|does not come to the end"):
                opened.noop()
            assert not opened.is_open
    with pop3_server(LIST=b"+OK\r\n" + b"1 20\r\n" * 5000) as (url, _), mailbox.open(url) as opened:
        assert isinstance(opened, Pop3)
        with pytest.raises(MailboxError, match="does not come to the end"):
            opened.list()
    with (
        pop3_server(RETR=b"+OK\r\n" + (b"x" * 70 + b"\r\n") * 5000) as (url, _),
        mailbox.open(url + "&max_size=200000") as opened,
    ):
        assert isinstance(opened, Pop3)
        with pytest.raises(MailboxError, match="max_size"):
            opened.retr(1)


def test_a_literal_larger_than_allowed_is_not_read() -> None:
    """The size is known before the first byte."""
    with (
        imap_server(FETCH=b"* 1 FETCH (UID 1 BODY[HEADER] {5000000}\r\n") as (url, _),
        Imap(url + "&max_size=1000000") as opened,
        pytest.raises(MailboxError, match="5,000,000 bytes"),
    ):
        list(opened.fetch(1))


def test_a_search_that_claims_to_have_found_everything_is_refused() -> None:
    """A range is a few bytes, whatever it stands for."""
    found = b'* ESEARCH (TAG "x") UID ALL 1:4294967295\r\n%t OK\r\n'
    with imap_server(SEARCH=found) as (url, _), Imap(url) as opened, pytest.raises(MailboxError):
        opened.search()


def test_a_server_that_says_nothing_is_a_timeout() -> None:
    """And the connection is not used again."""
    with imap_server(NOOP=b"") as (url, _), mailbox.open(url.replace("timeout=5", "timeout=0.2")) as opened:
        with pytest.raises(TransportTimeout, match=r"0\.2 seconds"):
            opened.noop()
        with pytest.raises(ConnectError):
            opened.noop()


def test_a_server_that_ends_the_session_is_a_connect_error() -> None:
    """With what it said, where that was read before the end."""
    bye = (b"* BYE shutting down\r\n", HANGS_UP)
    said = r"shutting down|closed the connection"
    with imap_server(NOOP=bye) as (url, _), Imap(url) as opened, pytest.raises(ConnectError, match=said):
        opened.noop()


def test_what_was_said_beside_one_answer_is_no_part_of_the_next() -> None:
    """A message that arrives amid a search does not appear in what is found by the next."""
    with imap_server(NOOP=b"* SEARCH 7 8 9\r\n* 3 EXISTS\r\n%t OK\r\n") as (url, _), mailbox.open(url) as opened:
        assert isinstance(opened, Imap)
        opened.noop()
        assert tuple(opened.search()) == (1,)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"* SEARCH 3 1 2\r\n%t OK\r\n", (3, 1, 2)),
        (b"* SEARCH\r\n%t OK\r\n", ()),
        (b"%t OK\r\n", ()),
        (b"* SEARCH 1 2 (MODSEQ 917162500)\r\n%t OK\r\n", (1, 2)),
        (b"* SEARCH 1\r\n* SEARCH 2\r\n%t OK\r\n", (1, 2)),
        (b'* ESEARCH (TAG "a") UID ALL 2,4:6,9\r\n%t OK\r\n', (2, 4, 5, 6, 9)),
        (b'* ESEARCH (TAG "a") UID\r\n%t OK\r\n', ()),
        (b"* 5 EXISTS\r\n* SEARCH 1\r\n* 6 EXISTS\r\n%t OK\r\n", (1,)),
    ],
)
def test_oddities_of_searches_are_read(answer: bytes, found: tuple[int, ...]) -> None:
    """As servers in the field write them."""
    with imap_server(SEARCH=answer) as (url, _), mailbox.open(url) as opened:
        assert isinstance(opened, Imap)
        assert tuple(opened.search()) == found


def test_a_server_without_move_and_uidplus_loses_nothing() -> None:
    """Moving would remove what others have marked: it is refused, and nothing is copied."""
    plain = b"* CAPABILITY IMAP4rev1\r\n%t OK\r\n"
    with imap_server(CAPABILITY=plain) as (url, server), mailbox.open(url) as opened:
        assert isinstance(opened, Imap)
        for deed in (lambda: opened.move(1, "x"), lambda: opened.remove(1)):
            with pytest.raises(MailboxError, match="UIDPLUS") as error:
                deed()
            assert "deleted" in error.value.hint
        assert not any(word in server.said for word in (b"COPY", b"STORE", b"EXPUNGE"))


def test_a_server_without_move_but_with_uidplus_copies_and_removes() -> None:
    """RFC 4315."""
    answers = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n%t OK\r\n",
        "COPY": b"%t OK [COPYUID 9 1 4] done\r\n",
        "STORE": b"%t OK\r\n",
        "EXPUNGE": b"* 1 EXPUNGE\r\n%t OK\r\n",
    }
    with imap_server(**answers) as (url, server), mailbox.open(url) as opened:
        assert isinstance(opened, Imap)
        assert opened.move(1, "x") == (4,)
        assert b"UID EXPUNGE 1\r\n" in server.said


def test_a_server_without_idle_is_asked_now_and_then() -> None:
    """NOOP, and another look."""
    looks: list[bytes] = []

    def search(line: bytes) -> bytes:
        looks.append(line)
        return b"* SEARCH 1\r\n%t OK\r\n" if len(looks) < 4 else b"* SEARCH 2\r\n%t OK\r\n"

    usual = imap(
        CAPABILITY=b"* CAPABILITY IMAP4rev1\r\n%t OK\r\n", FETCH=FETCHED.replace(b"UID 1", b"UID 2") + b"%t OK\r\n"
    )

    def answer(line: bytes) -> object:
        return search(line).replace(b"%t", line.split()[0]) if b"SEARCH" in line else usual(line)

    with Chatter(b"* OK\r\n", answer) as server:
        url = f"imap://ada:secret@127.0.0.1:{server.port}/INBOX?unsafe_plaintext_auth=yes&timeout=5"
        with mailbox.open(url) as opened:
            assert [message.uid for message in opened.watch(timeout=0.3, poll=0.01)][:1] == [2]
        assert b"NOOP" in server.said
        assert b"IDLE" not in server.said


def test_a_large_literal_waits_for_the_servers_consent() -> None:
    """A server without room says so before anything large is sent."""
    with imap_server(APPEND=b"%t NO [OVERQUOTA] full\r\n") as (url, server), mailbox.open(url) as opened:
        assert isinstance(opened, Imap)
        with pytest.raises(MailboxError, match="full") as error:
            opened.append(b"x" * 100_000)
        assert "full" in error.value.hint
        assert b"xxxx" not in server.said
        opened.noop()


def test_folders_with_odd_names_and_delimiters_are_listed() -> None:
    """NIL, names in UTF-8, names that are no modified UTF-7, names as literals, flags that nobody knows."""
    listed = (
        b'* LIST (\\Noselect) NIL ""\r\n* LIST () "/" INBOX\r\n* LIST (\\Sent \\X) "\\\\" "a\\"b"\r\n'
        b'* LIST () "." {4}\r\na\r\nb\r\n* LIST () "." "Entw&APw-rfe"\r\n* LIST () "." "M\xc3\xbcll"\r\n* LIST () "." "&&&-x"\r\n'
        b'* LIST () "." "\xff\x1b[2J"\r\n* LIST () "." 2026\r\n%t OK\r\n'
    )
    with imap_server(LIST=listed) as (url, _), mailbox.open(url) as opened:
        assert isinstance(opened, Imap)
        found = opened.folders()
    names = [folder.name for folder in found]
    assert {"INBOX", 'a"b', "Entwürfe", "Müll", "2026"} <= set(names)
    assert not any("\x1b" in name or "\n" in name for name in names)
    assert (found[0].is_selectable, found[2].use, found[2].delimiter) == (False, "sent", "\\")


BYTES = st.binary(max_size=200) | st.lists(
    st.sampled_from(
        [
            b"* ",
            b"(",
            b")",
            b"{3}\r\n",
            b'"',
            b"\\",
            b"UID ",
            b"1",
            b"FETCH ",
            b"SEARCH ",
            b"OK ",
            b"NIL",
            b"\r\n",
            b"[",
            b"]",
            b"%t ",
            b"+ ",
            b".\r\n",
            b"-ERR ",
            b"+OK ",
        ]
    ),
    max_size=30,
).map(b"".join)

_FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def _only_ours(url: str, deeds: list[Callable[[object], object]]) -> None:
    for deed in deeds:
        try:
            with mailbox.open(url) as opened:
                deed(opened)
        except MailkitError:
            pass


@_FUZZ
@given(BYTES, st.sampled_from(["CAPABILITY", "LOGIN", "SELECT", "SEARCH", "FETCH", "LIST", "STATUS", "COPY", "APPEND"]))
def test_whatever_an_imap_server_says_only_mailkits_errors_come_out(said: bytes, verb: str) -> None:
    """Bytes at random, and at random of what the protocol is made of."""
    answers = {verb: (said + b"\r\n%t OK\r\n", HANGS_UP)}
    with Chatter(b"* OK\r\n", imap(**answers)) as server:
        url = f"imap://ada:secret@127.0.0.1:{server.port}/INBOX?unsafe_plaintext_auth=yes&timeout=2"
        _only_ours(
            url,
            [
                {
                    "FETCH": lambda opened: [message.text for message in opened.fetch(1)],
                    "LIST": lambda opened: opened.folders(),
                    "STATUS": lambda opened: opened.status("x"),
                    "COPY": lambda opened: opened.copy(1, "x"),
                    "APPEND": lambda opened: opened.append(b"x", folder="x"),
                }.get(verb, lambda opened: opened.search())
            ],
        )


@_FUZZ
@given(BYTES, st.sampled_from(["CAPA", "USER", "PASS", "STAT", "LIST", "UIDL", "TOP", "RETR", "QUIT"]))
def test_whatever_a_pop3_server_says_only_mailkits_errors_come_out(said: bytes, verb: str) -> None:
    """The same."""
    with Chatter(b"+OK\r\n", pop3(**{verb: (said + b"\r\n", HANGS_UP)})) as server:
        url = f"pop3://ada:secret@127.0.0.1:{server.port}?unsafe_plaintext_auth=yes&timeout=2"
        _only_ours(url, [lambda opened: (opened.stat(), [message.text for message in opened])])


def test_the_script_of_these_tests_is_read_as_it_should_be() -> None:
    """Without a fault, the scripted servers are fine: so it is the fault that is found."""
    assert b"%t" in SELECTED
    with imap_server() as (url, _), mailbox.open(url) as opened:
        assert isinstance(opened, Imap)
        assert (opened.select("x").uidvalidity, tuple(opened.search())) == (7, (1,))
    with pop3_server() as (url, _), mailbox.open(url) as opened:
        assert opened.stat().messages == 1  # type: ignore[union-attr]


def test_a_search_beyond_ascii_waits_for_the_servers_consent() -> None:
    """Without LITERAL+ each literal is asked for; a server that does not want it says so, and the session goes on."""
    tags: list[bytes] = []
    usual = imap(CAPABILITY=b"* CAPABILITY IMAP4rev1\r\n%t OK\r\n")
    wanted = {"+": b"+ go on\r\n", "NO": b"%t NO [BADCHARSET] ASCII only\r\n"}
    for word, said in wanted.items():

        def answer(line: bytes, said: bytes = said) -> object:
            if b"SEARCH" in line and b"{" in line:
                tags.append(line.split()[0])
                return said.replace(b"%t", tags[-1])
            if line == "Größe\r\n".encode():
                return b"* SEARCH 4\r\n" + tags[-1] + b" OK\r\n"
            return usual(line)

        with Chatter(b"* OK\r\n", answer) as server:
            url = f"imap://ada:secret@127.0.0.1:{server.port}/INBOX?unsafe_plaintext_auth=yes&timeout=5"
            with Imap(url) as opened:
                if word == "+":
                    assert tuple(opened.search(Query(subject="Größe"))) == (4,)
                else:
                    with pytest.raises(MailboxError, match="ASCII only") as error:
                        opened.search(Query(subject="Größe"))
                    assert "ASCII" in error.value.hint
                assert tuple(opened.search()) == (1,)
