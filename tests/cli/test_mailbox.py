"""``mailkit mailbox`` with a real Dovecot: what people see, what programs get, how slips are said."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailkit import MessageBuilder
from tests.kit.chatter import Chatter, imap
from tests.kit.command import Command
from tests.kit.daemon import started
from tests.kit.dovecot import Dovecot
from tests.kit.peers import authority
from tests.mailbox.conftest import Box, box, imap_server, note

__all__ = ["authority", "box", "dovecot"]


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    yield from started(Dovecot, tmp_path_factory)


@pytest.fixture
def full(box: Box) -> Box:
    """A mailbox with four messages, one of them with a file, and two folders."""
    letter = MessageBuilder().from_("Zoë <zoe@example.com>").to(box.user).subject("Größe").text("Hello\n")
    with box.imap() as opened:
        opened.create("Sent")
        opened.create("Trash")
        opened.append(note(1, Subject="Plan"), flags=["seen"])
        opened.append(note(2, Subject="Re: Plan", References="<1@example.com>"), flags=["flagged"])
        opened.append(note(3, Subject="\x1b[2J[red]evil[/red]"))
        opened.append(letter.attach(b"content", filename="../bill.pdf").build())
    return box


@pytest.mark.parametrize("scheme", ["imaps", "pop3s"])
def test_list_shows_the_newest_first(mailkit: Command, full: Box, scheme: str) -> None:
    """In a table for people, in an object for programs; what a mail says is text and nothing else."""
    ended = mailkit("mailbox", "list", full.url(scheme))
    assert ended.code == 0
    assert [word in ended.out for word in ("Zoë", "Größe", "Re: Plan", "[red]evil[/red]")] == [True] * 4
    assert ended.out.index("Größe") < ended.out.index("Re: Plan")
    assert "\x1b" not in ended.out
    assert "4 messages" in ended.err
    found = json.loads(mailkit("mailbox", "list", full.url(scheme), "--json", "--limit", "2").out)
    assert (found["total"], found["messages"][0]["subject"]) == (4, "Größe")
    assert full.server.password not in json.dumps(found)


def test_list_puts_answers_below_what_they_answer(mailkit: Command, full: Box) -> None:
    """With --threads."""
    lines = mailkit("mailbox", "list", full.url(), "--threads").out.splitlines()
    [first] = [number for number, line in enumerate(lines) if " Plan " in line and "Re:" not in line]
    assert "└ Re: Plan" in lines[first + 1]


def test_folders_show_what_is_in_them(mailkit: Command, full: Box) -> None:
    """The inbox first."""
    ended = mailkit("mailbox", "folders", full.url())
    assert ended.out.index("INBOX") < ended.out.index("Sent")
    [inbox, *_] = json.loads(mailkit("mailbox", "folders", full.url(), "--json").out)["folders"]
    assert (inbox["name"], inbox["messages"], inbox["unseen"]) == ("INBOX", 4, 3)


def test_search_finds_or_ends_with_1(mailkit: Command, full: Box) -> None:
    """As grep does."""
    assert mailkit("mailbox", "search", full.url(), "--from", "bob", "--flagged", "--json").code == 0
    assert "Größe" in mailkit("mailbox", "search", full.url(), "--subject", "größe").out
    ended = mailkit("mailbox", "search", full.url(), "--seen", "--subject", "nothing")
    assert (ended.code, "0 messages" in ended.err) == (1, True)
    assert mailkit("mailbox", "search", full.url(), "--since", "lately").code == 2


def test_show_prints_a_message_for_people_for_programs_and_as_it_is(mailkit: Command, full: Box) -> None:
    """And does not mark it as read."""
    shown = mailkit("mailbox", "show", full.url(), "4").out
    assert [word in shown for word in ("Zoë <zoe@example.com>", "Subject: Größe", "bill.pdf", "Hello")] == [True] * 4
    assert "\x1b" not in mailkit("mailbox", "show", full.url(), "3").out
    found = json.loads(mailkit("mailbox", "show", full.url(), "4", "--json").out)
    assert (found["text"], found["attachments"][0]["size"], "\\Seen" in found["flags"]) == ("Hello\n", 7, False)
    assert mailkit("mailbox", "show", full.url(), "1", "--raw").out == note(1, Subject="Plan").decode()


@pytest.mark.parametrize("scheme", ["imaps", "pop3s"])
def test_stat_counts(mailkit: Command, full: Box, scheme: str) -> None:
    """And says what the server can do."""
    ended = mailkit("mailbox", "stat", full.url(scheme))
    assert "4 messages" in ended.err
    found = json.loads(mailkit("mailbox", "stat", full.url(scheme), "--json").out)
    assert found["messages"] == 4
    assert found["capability"]


def test_save_writes_messages_or_their_files_and_overwrites_nothing(mailkit: Command, full: Box, folder: Path) -> None:
    """Under names that are safe."""
    ended = mailkit("mailbox", "save", full.url(), "4", "--attachments", "--to", "files")
    assert (ended.code, (folder / "files" / "bill.pdf").read_bytes()) == (0, b"content")
    found = json.loads(mailkit("mailbox", "save", full.url(), "--to", "mail", "--json").out)
    assert (found["messages"], len(list((folder / "mail").glob("*.eml")))) == (4, 4)
    mailkit("mailbox", "save", full.url(), "1", "--to", "mail")
    assert len(list((folder / "mail").glob("*.eml"))) == 5
    assert (folder / "mail" / "1 Plan.eml").read_bytes() == note(1, Subject="Plan")


def test_save_by_pop3_keeps_or_deletes(mailkit: Command, full: Box, folder: Path) -> None:
    """The two policies: nothing is saved twice; what is saved is gone."""
    url = full.url("pop3s")
    counts = [
        json.loads(mailkit("mailbox", "save", url, "--to", "a", "--state", "s", "--json").out)["messages"] for _ in "12"
    ]
    assert counts == [4, 0]
    assert json.loads(mailkit("mailbox", "save", url, "--to", "b", "--delete", "--json").out)["messages"] == 4
    assert json.loads(mailkit("mailbox", "save", url, "--to", "c", "--json").out)["messages"] == 0
    assert len(list((folder / "b").glob("*.eml"))) == 4


def test_save_and_delete_by_imap(mailkit: Command, full: Box) -> None:
    """Those that were saved, and no others."""
    assert mailkit("mailbox", "save", full.url(), "2", "--to", "x", "--delete").code == 0
    found = json.loads(mailkit("mailbox", "list", full.url(), "--json").out)
    assert sorted(one["id"] for one in found["messages"]) == ["1", "3", "4"]


def test_move_and_delete_change_what_is_named(mailkit: Command, full: Box) -> None:
    """By id, or by a special use; nobody there to be asked needs --yes."""
    assert mailkit("mailbox", "move", full.url(), "1", "2", "--to", "\\Trash").code == 0
    assert json.loads(mailkit("mailbox", "list", full.url("imaps", "Trash"), "--json").out)["total"] == 2
    ended = mailkit("mailbox", "delete", full.url(), "3")
    assert (ended.code, "--yes" in ended.err) == (2, True)
    assert mailkit("mailbox", "delete", full.url(), "3", "--yes").code == 0
    [left] = json.loads(mailkit("mailbox", "list", full.url("pop3s"), "--json").out)["messages"]
    assert mailkit("mailbox", "delete", full.url("pop3s"), left["id"], "--yes").code == 0
    assert json.loads(mailkit("mailbox", "list", full.url("pop3s"), "--json").out)["total"] == 0


def test_watch_prints_what_arrives(mailkit: Command, full: Box) -> None:
    """One line each, for people or for programs."""
    ended = mailkit("mailbox", "watch", full.url(), "--timeout", "0")
    assert (ended.code, ended.out) == (0, "")
    fetched = b"* 2 FETCH (UID 2 FLAGS () RFC822.SIZE 40 BODY[HEADER] {36}\r\nFrom: bob@example.com\r\nSubject: x\r\n\r\n)\r\n%t OK\r\n"
    looks = iter([b"* SEARCH 1\r\n%t OK\r\n"])
    usual = imap(FETCH=fetched)

    def answer(line: bytes) -> object:
        if b"SEARCH" in line:
            return next(looks, b"* SEARCH 2\r\n%t OK\r\n").replace(b"%t", line.split()[0])
        return usual(line)

    with Chatter(b"* OK\r\n", answer) as server:
        url = f"imap://ada:secret@127.0.0.1:{server.port}/INBOX?unsafe_plaintext_auth=yes&timeout=5"
        assert mailkit("mailbox", "watch", url, "--count", "1").out == "2  bob@example.com  x\n"
        looks = iter([b"* SEARCH 1\r\n%t OK\r\n"])
        assert json.loads(mailkit("mailbox", "watch", url, "--count", "1", "--json").out)["id"] == "2"


def test_the_mailbox_may_come_of_the_environment_or_the_settings(
    mailkit: Command, full: Box, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a folder of it from a flag."""
    (folder / "mailkit.toml").write_text(f"mailbox = {json.dumps(full.url())}\n")
    assert "Plan" in mailkit("mailbox", "show", "1").out
    monkeypatch.setenv("MAILKIT_MAILBOX", full.url("pop3s"))
    assert "POP3 has no folders" in mailkit("mailbox", "folders").err
    monkeypatch.setenv("MAILKIT_MAILBOX", full.url())
    assert json.loads(mailkit("mailbox", "list", "--folder", "\\Sent", "--json").out)["total"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list",), "no mailbox is given"),
        (("list", "host"), "not the URL of a mailbox"),
        (("list", "smtp://ada:hunter2@host"), "not the URL of a mailbox"),
        (("list", "imaps://ada@host"), "no password"),
        (("list", "imaps://host"), "needs a user"),
        (("show", "imaps://ada:hunter2@host"), "one message"),
        (("folders", "pop3s://ada:hunter2@host/Sent"), "no folders"),
        (("list", "imaps://ada:hunter2@host?bogus=1"), "bogus"),
    ],
)
def test_a_slip_is_said_without_the_password(mailkit: Command, arguments: tuple[str, ...], said: str) -> None:
    """An error for people, and exit code 2."""
    ended = mailkit("mailbox", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert "hunter2" not in ended.all


def test_what_goes_wrong_on_the_way_is_an_error_without_a_traceback(mailkit: Command, full: Box) -> None:
    """A password, a folder, a message, an id."""
    cases = {
        ("list", full.url(password="hunter2")): "did not accept",
        ("list", full.url("imaps", "nowhere")): "nowhere",
        ("show", full.url(), "99"): "no message 99",
        ("show", full.url(), "1:*"): "not the UID",
        ("show", full.url("pop3s"), "99"): "no message 99",
        ("move", full.url(), "1", "--to", "nowhere"): "nowhere",
        ("delete", full.url()): "no message is named",
        ("save", full.url(), "--state", "s"): "--state is for POP3",
        ("save", full.url("pop3s"), "1", "--state", "s"): "--state is for all",
    }
    for arguments, said in cases.items():
        ended = mailkit("mailbox", *arguments)
        assert ended.code in (1, 2), arguments
        assert said in ended.err, arguments
        assert "hunter2" not in ended.all
        assert "Traceback" not in ended.all


def test_errors_are_objects_for_programs(mailkit: Command) -> None:
    """With their kind."""
    with imap_server(greeting=b"* BYE busy\r\n") as (url, _):
        ended = mailkit("mailbox", "list", url, "--json")
    assert "busy" in json.loads(ended.out)["error"]["message"]


@pytest.mark.parametrize("verb", ["list", "folders", "search", "show", "save", "watch", "move", "delete", "stat"])
def test_help_of_every_verb_is_there(mailkit: Command, verb: str) -> None:
    """Without a mailbox."""
    assert mailkit("mailbox", verb, "--help").code == 0


def test_send_keeps_a_copy_where_it_is_told(mailkit: Command, full: Box) -> None:
    """And says so when it cannot."""
    told = ("send", "--via", "null:", "--from", "a@example.com", "--to", "b@example.com", "-s", "Kept", "--text", "x")
    assert mailkit(*told, "--save-to", full.url("imaps", "Sent")).code == 0
    assert "Kept" in mailkit("mailbox", "list", full.url("imaps", "Sent")).out
    ended = mailkit(*told, "--save-to", full.url("imaps", "nowhere"))
    assert (ended.code, "no copy was saved" in ended.err) == (0, True)
