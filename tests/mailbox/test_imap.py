"""IMAP with a real Dovecot: every verb of the protocol, and what a program reads and changes by it."""

import imaplib
import pickle
import ssl
import threading
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailkit import Message, MessageBuilder, mailbox
from mailkit.errors import ConfigError, ConnectError, MailboxError
from mailkit.mailbox import Imap, Pop3, Query, Uids
from tests.kit.dovecot import Dovecot
from tests.kit.hostile import hostile
from tests.mailbox.conftest import Box, note


def stdlib(box: Box) -> imaplib.IMAP4:
    """Another client, which is the judge of what is there."""
    context = ssl.create_default_context(cafile=str(box.server.ca_file))
    other = imaplib.IMAP4_SSL("localhost", box.server.imaps_port, ssl_context=context)
    other.login(box.user, box.server.password)
    return other


def test_every_verb_of_the_protocol_works_by_its_name(box: Box) -> None:
    """LOGIN, CAPABILITY, NOOP, SELECT, EXAMINE, CREATE, DELETE, RENAME, SEARCH, FETCH, LOGOUT."""
    box.fill([note(1), note(2)])
    opened = box.imap()
    assert {"IMAP4REV1", "IDLE", "MOVE"} <= set(opened.capability())
    opened.noop()
    selected = opened.select("INBOX")
    assert (selected.messages, selected.is_read_only, selected.uidvalidity > 0) == (2, False, True)
    assert opened.examine("INBOX").is_read_only
    opened.create("plans")
    opened.rename("plans", "deeds")
    assert "deeds" in {folder.name for folder in opened.folders()}
    opened.delete("deeds")
    assert "deeds" not in {folder.name for folder in opened.folders()}
    found = opened.search()
    assert [message.subject for message in opened.fetch(found)] == ["note 1", "note 2"]
    opened.logout()
    opened.logout()
    assert not opened.is_open
    with pytest.raises(MailboxError, match="is closed"):
        opened.noop()


@pytest.mark.parametrize(
    "name", ["Entwürfe", "日本語", "a & b", "&", "&-", "Müll~+,", "🎉 party", 'quote"d', "a\\b", "x y"]
)
def test_a_folder_when_its_name_has_any_characters_is_called_so(box: Box, name: str) -> None:
    """Modified UTF-7, and quoted strings: what is created is listed, selected, renamed and deleted under its own name."""
    with box.imap() as opened:
        opened.create(name)
        assert name in {folder.name for folder in opened.folders()}
        assert opened.select(name).folder == name
        opened.append(note(), folder=name)
        assert opened.status(name).messages == 1
        opened.select("INBOX")
        opened.rename(name, f"{name} 2")
        opened.delete(f"{name} 2")
        assert {folder.name for folder in opened.folders()} == {"INBOX"}


def test_searches_find_what_they_say(box: Box) -> None:
    """By text in ASCII and beyond, by flags, days and sizes, combined; the server is the judge."""
    with box.imap() as opened:
        opened.append(note(1, Subject="=?utf-8?q?Caf=C3=A9?=", Cc="zoe@example.com"), flags=["seen"])
        opened.append(note(2, "x" * 5000), flags=["flagged", "$Work"])
        opened.append(note(3, 'say "hi" \\ there'), received=datetime(2020, 2, 29, 12, tzinfo=UTC))
        opened.append(note(4, Date="Fri, 13 Mar 2015 10:00:00 +0000"), flags=["answered", "draft"])
        cases = {
            Query(): (1, 2, 3, 4),
            Query(subject="Café"): (1,),
            Query(subject="CAFÉ") | Query(from_="bob2"): (1, 2),
            ~Query(subject="Café"): (2, 3, 4),
            ~Query(subject="Café", seen=True): (2, 3, 4),
            Query(cc="zoe"): (1,),
            Query(to="ada", unseen=True): (2, 3, 4),
            Query(seen=False): (2, 3, 4),
            Query(flagged=True): (2,),
            Query(keyword="$work"): (2,),
            Query(answered=True, draft=True): (4,),
            Query(larger=4000): (2,),
            Query(smaller=4000): (1, 3, 4),
            Query(body='say "hi" \\ there'): (3,),
            Query(text="hello"): (1, 4),
            Query(on="2020-02-29"): (3,),
            Query(before=datetime(2020, 3, 1)): (3,),
            Query(since=timedelta(days=2)): (1, 2, 4),
            Query(sent_before="2015-03-14"): (4,),
            Query(header=("Cc", "zoe")): (1,),
            Query(message_id="<2@example.com>"): (2,),
            Query(uid=[1, 3, 9]): (1, 3),
            Query(uid=[]): (),
            (Query(subject="Café") | Query(subject="nichtß")) & Query(seen=True): (1,),
        }
        for query, expected in cases.items():
            assert tuple(opened.search(query)) == expected, str(query)


def test_messages_come_back_as_they_are_and_lazily(box: Box) -> None:
    """Header first, body when asked; not marked as read; every octet; a value of its own, pickled or not."""
    sent = MessageBuilder().from_("ada@x.org").to("bob@x.org").bcc("eve@x.org").subject("Größe")
    sent = sent.text("1\n.\n..\n").html("<p>1</p>").attach(bytes(range(256)) * 9000, filename="ü.bin")
    raw = b"Bcc: eve@x.org\r\n" + bytes(sent.build())
    with box.imap() as opened:
        opened.append(raw)
        [message] = opened
        assert (message.subject, message.is_loaded, message.size) == ("Größe", False, len(raw))
        assert message.original == raw == b"".join(message.blocks())
        assert message == Message.parse(raw)
        assert (message.bcc[0].email, message.attachments[0].data) == ("eve@x.org", bytes(range(256)) * 9000)
        assert not opened.message(message.uid).is_seen
        assert pickle.loads(pickle.dumps(message)) == message
        _, [(_, found), _] = (other := stdlib(box)).select("INBOX") and other.fetch("1", "(RFC822)")
        assert found == raw
        other.logout()
        late = opened.message(message.uid)
    assert message.text == "1\n.\n..\n"
    assert late.subject == "Größe"
    with pytest.raises(MailboxError, match="closed"):
        _ = late.text


def test_flags_are_set_and_taken_away(box: Box) -> None:
    """System flags by their words, keywords as they are; of one message and of many."""
    box.fill(map(note, range(3)))
    with box.imap() as opened:
        opened.flag(opened.search(), "seen", "$Later")
        opened.unflag(1, "seen")
        opened.flag(opened.message(2), "\\Flagged")
        flags = {message.uid: set(message.flags) - {"\\Recent"} for message in opened}
        assert flags == {1: {"$Later"}, 2: {"\\Seen", "\\Flagged", "$Later"}, 3: {"\\Seen", "$Later"}}
        with pytest.raises(MailboxError, match="no flag"):
            opened.flag(1)
        opened.examine()
        with pytest.raises(MailboxError, match="reading only"):
            opened.flag(1, "seen")


def test_messages_are_copied_moved_and_removed(box: Box) -> None:
    """The new UIDs are told; only those named are removed, and not what somebody else has marked as deleted."""
    box.fill(map(note, range(5)))
    with box.imap() as opened:
        opened.create("else")
        opened.flag(5, "deleted")
        copied, moved = opened.copy([1, 2], "else"), opened.move(3, "else")
        assert copied is not None
        assert (moved and moved.folder, moved and moved.uidvalidity) == ("else", copied.uidvalidity)
        opened.remove([1, 2])
        assert tuple(opened.search()) == (4, 5)
        opened.select("else")
        assert tuple(opened.search()) == (*copied, *(moved or ()))
        assert [one.subject for one in opened] == ["note 0", "note 1", "note 2"]
        opened.select("INBOX")
        with pytest.raises(MailboxError, match="nowhere") as error:
            opened.move(4, "nowhere")
        assert "Create" in error.value.hint or "folders" in error.value.hint


def test_special_folders_are_found_by_their_use_or_their_usual_name(box: Box) -> None:
    """RFC 6154; a folder that is called Sent is for sent mail where the server does not say so."""
    with box.imap() as opened:
        opened.create("Gesendet")
        assert opened.special("sent").name == "Gesendet"
        opened.create("Sent")
        assert opened.special("\\Sent").name == "Sent"
        with pytest.raises(MailboxError, match="no folder for junk"):
            opened.special("spam")
        with pytest.raises(MailboxError, match="no special use"):
            opened.special("lunch")


@pytest.mark.parametrize("box", ["dovecot"], indirect=True)
def test_uids_of_a_folder_that_was_made_anew_are_refused(box: Box) -> None:
    """UIDVALIDITY: what was found before would mean other messages."""
    with box.imap() as opened:
        opened.create("box")
        opened.append(note(1), folder="box")
        opened.select("box")
        old, message = opened.search(), next(iter(opened))
        opened.select("INBOX")
        with pytest.raises(MailboxError, match="of the folder 'box'"):
            next(opened.fetch(old))
        assert message.text == "hello\n"
        opened.delete("box")
        opened.create("box")
        opened.append(note(2), folder="box")
        opened.select("box")
        with pytest.raises(MailboxError, match="made anew"):
            next(opened.fetch(old))
        assert isinstance(opened.search(), Uids)


def test_messages_that_are_gone_are_passed_over_or_said(box: Box) -> None:
    """Another program may have removed what was found."""
    box.fill(map(note, range(3)))
    with box.imap() as opened, box.imap() as other:
        found = opened.search()
        lazy = list(opened.fetch(found))
        other.remove(2)
        opened.noop()
        assert [message.uid for message in opened.fetch(found)] == [1, 3]
        with pytest.raises(MailboxError, match="not there any more"):
            _ = lazy[1].text
        with pytest.raises(MailboxError, match="no message 2"):
            opened.message(2)


def test_watching_yields_what_arrives(box: Box) -> None:
    """IDLE: each message once, also those that come while one is worked on; the mailbox can be used in between."""
    box.fill([note(0)])
    with box.imap() as opened, box.imap() as other:
        seen = opened.watch(timeout=20)
        threading.Timer(0.01, lambda: other.append(note(1))).start()
        assert next(seen).subject == "note 1"
        other_end = threading.Thread(target=lambda: [other.append(note(number)) for number in (2, 3, 4)])
        other_end.start()
        other_end.join()
        opened.flag(opened.search(), "seen")
        assert [next(seen).subject for _ in range(3)] == ["note 2", "note 3", "note 4"]
        assert list(opened.watch(timeout=0)) == []


def test_several_mailboxes_on_several_servers_at_once(box: Box, tmp_path: Path) -> None:
    """Connections know nothing of each other: two servers, both protocols, one loop."""
    with Dovecot.started(tmp_path) as second:
        far = Box(second, second.reader(0))
        for number, one in enumerate((box, far)):
            one.fill([note(number)])
        with box.imap() as a, far.imap() as b, box.pop3() as c, far.pop3() as d:
            found = [[message.subject for message in opened] for opened in (a, b, c, d)]
            for message in a:
                b.append(message)
            assert found == [["note 0"], ["note 1"], ["note 0"], ["note 1"]]
            assert sorted(message.subject for message in b) == ["note 0", "note 1"]


def test_thousands_of_messages_go_by_in_flat_memory(box: Box) -> None:
    """3,000 messages of 20 kB each, 60 MB in all, are read, body and all, within a tenth of that."""
    box.fill(note(number, "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 280) for number in range(3000))
    tracemalloc.start()
    try:
        with box.imap() as opened:
            total = sum(len(message.original) for message in opened)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 60_000_000
    assert most < 6_000_000


@pytest.mark.parametrize("box", ["dovecot"], indirect=True)
def test_a_large_message_goes_by_in_blocks(box: Box, tmp_path: Path) -> None:
    """It is saved without being in memory as a whole."""
    raw = note(1, ("y" * 70 + "\r\n") * 300_000)
    with box.imap() as opened:
        opened.append(raw)
        tracemalloc.start()
        try:
            [message] = opened
            path = mailbox.save(message, tmp_path)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert path.read_bytes() == raw
    assert most < len(raw) / 2


@hostile
def test_what_could_end_a_command_is_refused_before_anything_is_sent(box: Box, text: str) -> None:
    """CR, LF, NUL and their kind, in every argument that there is."""
    with box.imap() as opened:
        opened.select()
        deeds = {
            "select": lambda: opened.select(text),
            "examine": lambda: opened.examine(text),
            "create": lambda: opened.create(text),
            "delete": lambda: opened.delete(text),
            "rename": lambda: opened.rename("INBOX", text),
            "rename of": lambda: opened.rename(text, "x"),
            "folders": lambda: opened.folders(text),
            "special": lambda: opened.special(text),
            "status": lambda: opened.status(text),
            "copy": lambda: opened.copy(1, text),
            "move": lambda: opened.move(1, text),
            "append": lambda: opened.append(b"x", folder=text),
            "append flag": lambda: opened.append(b"x", flags=[text]),
            "flag": lambda: opened.flag(1, text),
            "unflag": lambda: opened.unflag(1, text),
            **{
                f"query {name}": lambda name=name: Query(**{name: text})
                for name in (
                    "from_",
                    "to",
                    "cc",
                    "bcc",
                    "subject",
                    "body",
                    "text",
                    "message_id",
                    "keyword",
                    "since",
                    "on",
                )
            },
            "query header": lambda: Query(header=("Subject", text)),
            "query header name": lambda: Query(header=(text, "x")),
        }
        for name, deed in deeds.items():
            with pytest.raises(MailboxError):
                pytest.fail(f"{name} took it: {deed()!r}")
        assert opened.is_open


@pytest.mark.parametrize("value", ["1", "1:*", True, 0, -1, 2**32, 1.5, None, b"1", "1 2"])
def test_what_is_no_uid_is_refused(box: Box, value: object) -> None:
    """A UID is a number; text could be a range, or a command."""
    with box.imap() as opened:
        for deed in (opened.remove, lambda which: list(opened.fetch(which)), lambda which: opened.copy(which, "x")):
            with pytest.raises(MailboxError):
                deed(value)  # type: ignore[arg-type]
            with pytest.raises(MailboxError):
                deed([value])  # type: ignore[arg-type]


@pytest.mark.parametrize("flag", ["", "a b", "\\Bogus(", "(x)", '"x"', "a{3}", "%", "*", "ü", "]"])
def test_what_is_no_flag_is_refused(box: Box, flag: str) -> None:
    """Flags are atoms."""
    with box.imap() as opened, pytest.raises(MailboxError):
        opened.flag(1, flag)


def test_a_refusal_of_the_server_is_an_error_that_helps_and_ends_nothing(box: Box) -> None:
    """What the server said is in it, and what can be done."""
    with box.imap() as opened:
        for deed in (
            lambda: opened.select("nowhere"),
            lambda: opened.delete("nowhere"),
            lambda: opened.status("nowhere"),
        ):
            with pytest.raises(MailboxError, match="nowhere") as error:
                deed()
            assert "mailkit mailbox folders" in error.value.hint
            assert "b'" not in str(error.value)
        opened.create("there")
        with pytest.raises(MailboxError, match="create 'there'") as error:
            opened.create("there")
        assert "already" in error.value.hint
        assert opened.search() == ()


def test_a_url_names_the_folder_that_is_opened(box: Box) -> None:
    """A folder that is not there is an error at once, and the connection is closed."""
    with box.imap() as opened:
        opened.create("Zürich")
    with box.imap("Zürich") as opened:
        assert opened.selected
        assert opened.selected.folder == "Zürich"
    with pytest.raises(MailboxError, match="nowhere"):
        box.imap("nowhere")


def test_each_class_takes_its_own_protocol_only(box: Box) -> None:
    """A slip of the URL is a slip, and not a protocol error."""
    with pytest.raises(ConfigError, match="is not IMAP"):
        Imap(box.url("pop3s"))
    with pytest.raises(ConfigError, match="is not POP3"):
        Pop3(box.url("imaps"))
    with pytest.raises(ConfigError, match="no folders"):
        mailbox.open(box.url("pop3s", "Sent"))
    with pytest.raises(ConfigError, match="is not the URL of a mailbox"):
        mailbox.open("smtp://ada:secret@localhost")


def test_a_server_that_goes_away_is_a_connect_error(box: Box) -> None:
    """And the mailbox says that it is not open any more."""
    opened = box.imap()
    opened._session.wire._pump.close()
    with pytest.raises(ConnectError):
        opened.noop()
    assert not opened.is_open
    opened.logout()
