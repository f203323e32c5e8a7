"""``mailkit batch``."""

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from mailkit import Message
from mailkit.errors import ConnectError
from mailkit.smtp import Reply
from tests.kit.command import Command, Ended
from tests.kit.relay import relay


@pytest.fixture(autouse=True)
def _files(folder: Path) -> None:
    (folder / "a.html").write_text("Subject: Hi {{ name }}\n\n<p>Dear {{ name }} of {{ city }}</p>")
    (folder / "people.csv").write_text("email,name\n" + "".join(f"n{n}@example.com,Zoë {n}\n" for n in range(5)))


def batch(mailkit: Command, *more: object) -> Ended:
    return mailkit("batch", "a.html", "people.csv", "--from", "ada@example.com", "--set", "city=Rome", *more)


def outbox(folder: Path) -> list[Message]:
    return [Message.parse(path.read_bytes()) for path in sorted(folder.glob("outbox/*.eml"))]


def test_batch_sends_to_everyone_and_tells_so(mailkit: Command, folder: Path) -> None:
    """Each row one message, and a summary for people."""
    ended = batch(mailkit, "--via", "file:outbox")
    assert (ended.code, ended.out) == (0, "")
    assert "5 sent" in ended.err
    assert [message.subject for message in outbox(folder)] == [f"Hi Zoë {n}" for n in range(5)]
    assert outbox(folder)[0].text.strip() == "Dear Zoë 0 of Rome"


def test_batch_with_a_dry_run_sends_nothing(mailkit: Command, folder: Path) -> None:
    """No transport is needed, no journal is made; the first message is shown."""
    ended = batch(mailkit, "--dry-run", "--journal", "j.db")
    assert ended.code == 0
    assert "5 messages ready to send; nothing was sent" in ended.err
    assert "Subject: Hi Zoë 0" in ended.err
    assert sorted(path.name for path in folder.iterdir()) == ["a.html", "people.csv"]


def test_batch_with_a_dry_run_counts_only_what_is_ready(mailkit: Command, folder: Path) -> None:
    """Rows that would fail, now or in an earlier run, are not among those that are ready."""
    with relay(refuse={"n0@example.com": Reply.of(550, "no")}) as server:
        assert batch(mailkit, "--via", server.url, "--journal", "j.db", "--limit", "1").code == 1
    (folder / "a.html").write_text("Subject: x\n\n{{ 1 / (name[-1:] | int - 3) }}")
    ended = batch(mailkit, "--dry-run", "--journal", "j.db")
    assert ended.code == 1
    assert "3 messages ready" in ended.err
    assert "line 5: n3@example.com skipped" in ended.err


def test_batch_as_json_prints_the_report(mailkit: Command) -> None:
    """A program reads one object, with the exit code in it."""
    ended = batch(mailkit, "--via", "null:", "--json", "--limit", "2")
    told = json.loads(ended.out)
    assert (ended.code, told["exit_code"]) == (1, 1)
    assert (told["sent"], told["pending"], told["campaign"]) == (2, 3, "a.html to people.csv")


def test_batch_with_a_journal_goes_on_where_it_ended(mailkit: Command, folder: Path) -> None:
    """The same command again sends the rest, then nothing."""
    flags = ["--via", "file:outbox", "--journal", "j.db", "--limit", "3"]
    ended = [batch(mailkit, *flags) for _ in range(3)]
    assert [one.code for one in ended] == [1, 0, 0]
    assert "2 not yet sent to" in ended[0].err
    assert "The same command goes on with the rest." in ended[0].err
    assert "5 have the message in all" in ended[1].err
    assert Counter(message.to[0].email for message in outbox(folder)) == {f"n{n}@example.com": 1 for n in range(5)}


def test_batch_with_refusals_and_bad_rows_lists_them_and_ends_with_one(mailkit: Command, folder: Path) -> None:
    """Every row that did not go is told by its line."""
    with (folder / "people.csv").open("a") as file:
        file.write("nobody,X\nn1@example.com,Again\nshort\n")
    with relay(refuse={"n2@example.com": Reply.of(550, "5.1.1 No such user")}) as server:
        ended = batch(mailkit, "--via", server.url)
    assert ended.code == 1
    assert "line 4: n2@example.com failed: 550 5.1.1 No such user" in ended.err
    assert "line 7: " in ended.err
    assert "line 8: n1@example.com is already on line 3 (duplicate)" in ended.err
    assert "line 9: the row has 1 cells" in ended.err
    assert "4 sent" in ended.err


def test_batch_with_some_in_doubt_ends_with_three(mailkit: Command) -> None:
    """And they are not sent to again."""

    def hang_up(received: object) -> None:
        if "n1@example.com" in received.recipients:
            raise ConnectError("gone")

    with relay(on_message=hang_up) as server:
        ended = [batch(mailkit, "--via", server.url, "--journal", "j.db") for _ in range(2)]
    assert [one.code for one in ended] == [3, 3]
    assert "in doubt" in ended[1].err
    assert max(server.copies.values()) == 1


def test_batch_with_all_flags_obeys_them(mailkit: Command, folder: Path) -> None:
    """Address template, encoding, delimiter, context, name, rate, connections and attempts, in one command."""
    (folder / "t").mkdir()
    (folder / "t" / "b.txt").write_text("Subject: {{ greeting }} {{ first }}\n\nx")
    (folder / "c.json").write_text('{"greeting": "Ciao"}')
    (folder / "list.csv").write_bytes("mail:first:last\nzoe@example.com:Zoë:Doe, J.\n".encode("cp1252"))
    ended = mailkit(
        *("batch", "b.txt", "list.csv", "--templates", "t", "--from", "ada@example.com", "--via", "file:outbox"),
        *("--to", "{{ first }} {{ last }} <{{ mail }}>", "--encoding", "cp1252", "--delimiter", ":"),
        *("--context", "c.json", "--name", "spring", "--journal", "j.db", "--rate", "900/s", "--connections", "3"),
        *("--attempts", "2", "--yes"),
    )
    assert ended.code == 0
    (message,) = outbox(folder)
    assert (message.subject, str(message.to[0])) == ("Ciao Zoë", '"Zoë Doe, J." <zoe@example.com>')
    with sqlite3.connect(folder / "j.db") as db:
        assert db.execute("SELECT name FROM campaign").fetchall() == [("spring",)]
    db.close()


def test_batch_with_a_changed_list_stops_until_it_is_accepted(mailkit: Command, folder: Path) -> None:
    """--accept-changes sends to the new rows only."""
    flags = ["--via", "file:outbox", "--journal", "j.db"]
    assert batch(mailkit, *flags).code == 0
    with (folder / "people.csv").open("a") as file:
        file.write("new@example.com,New\n")
    stopped = batch(mailkit, *flags)
    assert (stopped.code, "has changed" in stopped.err, "--accept-changes" in stopped.err) == (2, True, True)
    assert batch(mailkit, *flags, "--accept-changes").code == 0
    assert len(outbox(folder)) == 6


def test_batch_to_a_relay_that_is_not_there_stops_early(mailkit: Command, folder: Path) -> None:
    """Not a thousand attempts: an error with the way on, and nothing lost."""
    ended = batch(mailkit, "--via", "smtp://127.0.0.1:1", "--attempts", "1", "--journal", "j.db")
    assert ended.code == 1
    assert "cannot be reached" in ended.err
    assert "goes on where it ended" in ended.err
    assert batch(mailkit, "--via", "file:outbox", "--journal", "j.db").code == 0
    assert len(outbox(folder)) == 5


def test_batch_with_many_bad_rows_shows_some_and_counts_the_rest(mailkit: Command, folder: Path) -> None:
    """A terminal is not flooded; --json has them all."""
    (folder / "people.csv").write_text("email,name\na@example.com,A\n" + "nobody,X\n" * 50)
    ended = batch(mailkit, "--via", "null:")
    assert ended.err.count("(invalid)") == 20
    assert "and 30 more; --json has them" in ended.err
    assert len(json.loads(batch(mailkit, "--via", "null:", "--json").out)["bad_rows"]) == 50
