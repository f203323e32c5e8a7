"""``mailkit journal``: what a campaign's journal knows, and what it is told."""

import json
from pathlib import Path

import pytest

from mailkit.bulk import Journal, State
from tests.kit.command import Command


@pytest.fixture(autouse=True)
def _sent(mailkit: Command, folder: Path) -> None:
    """A campaign to five, of whom two have it, and one is in doubt."""
    (folder / "hello.txt").write_text("Subject: Hello\\n\\nDear {{ name }}".replace("\\n", "\n"))
    (folder / "p.csv").write_text("email,name\n" + "".join(f"n{number}@example.com,N{number}\n" for number in range(5)))
    send = ("batch", "hello.txt", "p.csv", "--from", "ada@example.com", "--via", "file:outbox", "--journal", "j.db")
    assert mailkit(*send, "--limit", "3").code == 1
    with Journal("j.db", must_exist=True) as journal, journal.store.writing() as db:
        db.execute("UPDATE recipient SET state = 'in_doubt' WHERE line = 4")


def counted() -> dict[State, int]:
    with Journal("j.db", must_exist=True) as journal:
        return journal.account.counts()


def test_status_as_json_counts_each_state_by_its_name(mailkit: Command) -> None:
    """All of them, also those in which nobody is."""
    found = json.loads(mailkit("journal", "status", "j.db", "--json").out)
    assert {name: found[name] for name in ("sent", "in_doubt", "pending", "total")} == {
        "sent": 2,
        "in_doubt": 1,
        "pending": 2,
        "total": 5,
    }
    assert found["states"] == {str(state): found[str(state)] for state in State}
    assert "in doubt" in mailkit("journal", "status", "j.db").err


def test_pause_keeps_a_run_from_beginning_until_it_is_taken_back(mailkit: Command) -> None:
    """The run says why it has sent nothing, and what to do."""
    send = ("batch", "hello.txt", "p.csv", "--from", "ada@example.com", "--via", "file:outbox", "--journal", "j.db")
    mailkit("journal", "pause", "j.db", "--reason", "the shop is down")
    ended = mailkit(*send)
    assert "the shop is down" in ended.err
    assert "journal resume j.db" in ended.err
    assert counted()[State.SENT] == 2
    mailkit("journal", "resume", "j.db")
    assert mailkit(*send).code == 3
    assert counted() == {State.SENT: 4, State.IN_DOUBT: 1}


def test_resolve_says_what_became_of_those_in_doubt(mailkit: Command) -> None:
    """And only of those that are named, if any are."""
    assert "0 resolved" in mailkit("journal", "resolve", "j.db", "--as", "sent", "--recipient", "n0@example.com").err
    assert "1 resolved" in mailkit("journal", "resolve", "j.db", "--as", "sent").err
    assert counted()[State.SENT] == 3


def test_retry_of_those_who_have_it_is_refused(mailkit: Command) -> None:
    """Nobody gets it twice by a slip."""
    ended = mailkit("journal", "retry", "j.db", "--state", "sent")
    assert (ended.code, "cannot be tried again" in ended.err) == (2, True)
    assert "0 will be tried" in mailkit("journal", "retry", "j.db").err


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_export_has_a_line_for_every_recipient(mailkit: Command, form: str) -> None:
    """With state, reply and Message-ID."""
    lines = mailkit("journal", "export", "j.db", "--format", form).out.splitlines()
    assert len(lines) == 5 + (form == "csv")
    assert "n0@example.com" in lines[form == "csv"]
    assert "sent" in lines[form == "csv"]


def test_report_tells_reasons_and_how_it_went(mailkit: Command) -> None:
    """Its exit code is the campaign's."""
    ended = mailkit("journal", "report", "j.db")
    assert (ended.code, "in doubt example.com" in ended.err) == (3, True)
    assert json.loads(mailkit("journal", "report", "j.db", "--json").out)["in_doubt"] == 1


@pytest.mark.parametrize("verb", ["status", "pause", "resume", "retry", "report", "export"])
def test_journal_that_is_not_there_is_not_made(mailkit: Command, folder: Path, verb: str) -> None:
    """A slip in the name is an error, and leaves no file behind."""
    ended = mailkit("journal", verb, "nope.db")
    assert (ended.code, "there is no journal" in ended.err) == (2, True)
    assert not (folder / "nope.db").exists()
