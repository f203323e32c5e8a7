"""POP3 with a real Dovecot: every verb, the two policies, and messages octet by octet."""

import poplib
import ssl
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from mailkit import Message, mailbox
from mailkit.errors import ConfigError, MailboxError
from tests.mailbox.conftest import Box, note, pop3_server


def fail(*, after: object = None, at: str = "", among: Iterable[Message] = ()) -> None:
    """Fail as somebody's own code does: after a deed, or at one of many messages."""
    for message in among:
        if message.subject == at:
            break
    raise ZeroDivisionError(after)


def test_every_verb_of_the_protocol_works_by_its_name(box: Box) -> None:
    """USER and PASS by the URL; STAT, LIST, UIDL, TOP, RETR, DELE, RSET, NOOP, CAPA, QUIT."""
    messages = [note(1), note(2, "one\r\ntwo\r\nthree")]
    box.fill(messages)
    opened = box.pop3()
    assert opened.stat() == mailbox.Stat(messages=2, size=sum(map(len, messages)))
    assert opened.list() == {1: len(messages[0]), 2: len(messages[1])}
    ids = opened.uidl()
    assert len(set(ids.values())) == 2
    assert opened.top(2, 1) == messages[1].split(b"two")[0]
    assert opened.retr(2) == messages[1]
    opened.dele(1)
    opened.rset()
    opened.noop()
    assert {"UIDL", "TOP"} <= set(opened.capability())
    assert opened.can("uidl")
    opened.quit()
    opened.quit()
    assert not opened.is_open
    with pytest.raises(MailboxError, match="closed"):
        opened.stat()
    with box.pop3() as again:
        assert again.uidl() == ids


def test_what_is_deleted_goes_when_the_block_ends_well_and_only_then(box: Box) -> None:
    """An error in the block keeps everything."""
    box.fill(map(note, range(3)))
    with pytest.raises(ZeroDivisionError), box.pop3() as opened:
        fail(after=opened.dele([1, 2, 3]))
    with box.pop3() as opened:
        assert opened.stat().messages == 3
        opened.dele(opened.message(2))
    with box.pop3() as opened:
        assert [message.subject for message in opened] == ["note 0", "note 2"]


def test_download_and_keep_reads_nothing_twice(box: Box, tmp_path: Path) -> None:
    """What was seen is remembered by its unique id, message by message, also when the block ends with an error."""
    state = tmp_path / "seen.txt"
    box.fill(map(note, range(5)))
    with pytest.raises(ZeroDivisionError), box.pop3() as opened:
        fail(at="note 2", among=opened.download("keep", state=state))
    with box.pop3() as opened:
        assert [message.subject for message in opened.download(state=state)] == ["note 2", "note 3", "note 4"]
    with box.pop3() as opened:
        assert list(opened.download(state=state)) == []
        assert opened.stat().messages == 5
    title, *lines = state.read_text().splitlines()
    assert title.endswith(f"{box.user}@localhost")
    assert len(lines) == 5


def test_download_and_delete_removes_what_was_worked_on(box: Box) -> None:
    """The message that the loop was left at stays."""
    box.fill(map(note, range(3)))
    with box.pop3() as opened:
        for message in opened.download("delete"):
            assert message.is_loaded
            if message.subject == "note 1":
                break
    with box.pop3() as opened:
        assert [message.subject for message in opened] == ["note 1", "note 2"]


def test_download_and_delete_with_a_state_reads_nothing_twice_after_a_failure(box: Box, tmp_path: Path) -> None:
    """What was worked on before the failure is deleted the next time, without being given again; then it is forgotten."""
    state = tmp_path / "seen.txt"
    box.fill(map(note, range(3)))
    with pytest.raises(ZeroDivisionError), box.pop3() as opened:
        fail(at="note 2", among=opened.download("delete", state=state))
    with box.pop3() as opened:
        assert [message.subject for message in opened.download("delete", state=state)] == ["note 2"]
    with box.pop3() as opened:
        assert opened.stat().messages == 0
        assert list(opened.download("delete", state=state)) == []
    assert len(state.read_text().splitlines()) == 1


def test_download_without_what_it_needs_says_so(box: Box) -> None:
    """Keeping needs a file; there are two policies."""
    with box.pop3() as opened:
        with pytest.raises(ConfigError, match="remembered"):
            opened.download()
        with pytest.raises(ConfigError, match="no policy"):
            opened.download("move")


@pytest.mark.parametrize("kind", ["another mailbox's", "another program's", "a folder"])
def test_a_state_file_when_it_is_something_else_is_refused_and_left_alone(box: Box, tmp_path: Path, kind: str) -> None:
    """Nothing of somebody else's is written to."""
    path = tmp_path / "state"
    content = (
        "# mailkit: messages that were read of eve@localhost\n1\n" if kind == "another mailbox's" else "[settings]\n"
    )
    path.mkdir() if kind == "a folder" else path.write_text(content)
    with box.pop3() as opened, pytest.raises(ConfigError, match="state"):
        list(opened.download(state=path))
    assert kind == "a folder" or path.read_text() == content


@pytest.mark.parametrize("cut", range(0, 80, 7))
def test_a_state_file_that_was_cut_short_loses_at_most_what_was_cut(box: Box, tmp_path: Path, cut: int) -> None:
    """Half an id is none: it could be the beginning of another one."""
    state = tmp_path / "seen"
    box.fill(map(note, range(3)))
    with box.pop3() as opened:
        assert len(list(opened.download(state=state))) == 3
    whole = state.read_bytes()
    kept = whole[: len(whole) - cut]
    state.write_bytes(kept)
    if kept.count(b"\n") == 0 and not whole.startswith(kept):
        return
    with box.pop3() as opened:
        assert len(list(opened.download(state=state))) == 3 - max(0, kept.count(b"\n") - 1)
    assert state.read_bytes().startswith(whole[: whole.find(b"\n") + 1])


def test_messages_come_back_as_they_are_and_lazily(box: Box) -> None:
    """The header by TOP, the body when it is asked for; dots, long lines and 8 bits unharmed."""
    body = "\r\n".join([".", "..", ".x", "", "y" * 5000, "ümläut", ". "])
    raw = note(1, body)
    box.fill([raw])
    with box.pop3() as opened:
        [message] = opened
        assert (message.subject, message.is_loaded, message.number, message.folder) == ("note 1", False, 1, "INBOX")
        assert message.uid == opened.uidl()[1]
        assert message.original == raw == b"".join(opened.message(1).blocks())
        assert message == Message.parse(raw)
    context = ssl.create_default_context(cafile=str(box.server.ca_file))
    other = poplib.POP3_SSL("localhost", box.server.pop3s_port, context=context)
    other.user(box.user)
    other.pass_(box.server.password)
    with pytest.raises(poplib.error_proto, match="line too long"):  # which is why ours has no such limit
        other.retr(1)
    other.close()


def test_messages_of_another_session_are_refused(box: Box) -> None:
    """A number means another message there."""
    box.fill([note(1)])
    with box.pop3() as opened:
        [message] = opened
    with box.pop3() as other:
        other._session += 1
        for deed in (lambda: other.dele(message), lambda: other.dele(99), lambda: other.message(99)):
            with pytest.raises(MailboxError):
                deed()


@pytest.mark.parametrize("value", ["1", "1 2", True, 0, -1, 1.5, None, b"1", "1\r\nDELE 2"])
def test_what_is_no_number_is_refused(box: Box, value: object) -> None:
    """Text could be another command."""
    box.fill([note(1)])
    with box.pop3() as opened:
        for deed in (opened.retr, opened.top, opened.dele, opened.message, lambda number: opened.top(1, number - 2)):
            with pytest.raises((MailboxError, TypeError)):
                deed(value)  # type: ignore[arg-type]
        assert opened.stat().messages == 1


def test_thousands_of_messages_are_downloaded_in_flat_memory(box: Box, tmp_path: Path) -> None:
    """3,000 messages of 20 kB each, 60 MB in all."""
    box.fill(note(number, "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 280) for number in range(3000))
    tracemalloc.start()
    try:
        with box.pop3() as opened:
            total = sum(len(message.original) for message in opened.download(state=tmp_path / "seen"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 60_000_000
    assert most < 6_000_000


def test_watching_begins_a_new_session_now_and_then(box: Box) -> None:
    """POP3 tells of new messages only to those who come anew."""
    box.fill([note(0)])
    with box.pop3() as opened, box.imap() as other:
        seen = opened.watch(timeout=20, poll=0.01)
        other.append(note(1))
        other.append(note(2))
        assert [next(seen).subject, next(seen).text] == ["note 1", "hello\n"]
        assert list(opened.watch(timeout=0)) == []


# -- what servers do ---------------------------------------------------------------------------------------------------


def test_a_server_of_before_every_extension_is_read() -> None:
    """Without CAPA, TOP and UIDL, with USER and PASS."""
    no = b"-ERR what?\r\n"
    with pop3_server(CAPA=no, TOP=no, UIDL=no) as (url, _), mailbox.open(url) as opened:
        [message] = opened
        assert (message.subject, message.text, message.uid, opened.capability()) == ("x", "hi\n", "", ())
        with pytest.raises(MailboxError, match="uidl"):
            opened.uidl()
        assert [one.text for one in opened.download("delete")] == ["hi\n"]


def test_a_server_that_writes_lf_alone_is_read() -> None:
    """Its greeting says so."""
    answers = {"CAPA": b"-ERR\n", "USER": b"+OK\n", "PASS": b"+OK\n", "QUIT": b"+OK\n", "LIST": b"+OK\n1 20\n.\n"}
    answers |= {"UIDL": b"-ERR\n", "TOP": b"-ERR\n", "RETR": b"+OK\nSubject: x\n\n..\nhi\n.\n"}
    with pop3_server(greeting=b"+OK\n", **answers) as (url, _), mailbox.open(url) as opened:
        [message] = opened
        assert message.original == b"Subject: x\n\n.\nhi\n"


def test_a_dot_behind_a_bare_lf_does_not_end_a_message() -> None:
    """What follows it would be taken for the server's answers, and a mail could say what it likes there."""
    body = b"Subject: x\r\n\r\na\n.\n+OK 9 9\r\n-ERR\r\n"
    with pop3_server(RETR=b"+OK\r\n" + body + b".\r\n") as (url, _), mailbox.open(url) as opened:
        assert opened.retr(1) == body
        assert opened.stat().messages == 1


def test_everything_works_byte_by_byte() -> None:
    """The network cuts where it likes."""
    with pop3_server(drips=True) as (url, _), mailbox.open(url) as opened:
        assert [(message.uid, message.text) for message in opened] == [("one", "hi\n")]
        opened.dele(1)
