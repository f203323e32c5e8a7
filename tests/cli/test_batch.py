"""``mailkit batch``."""

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from mailkit import Message
from mailkit.bulk import Suppressions
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


# -- the pre-flight ----------------------------------------------------------------------------------------------------


@pytest.fixture
def _faulty(folder: Path) -> None:
    (folder / "b.html").write_text(
        "Subject: Hi {{ name }}\n\n{% if kind == 'a' %}\n<p>{{ nmae }}</p>\n{% elif kind == 'b' %}\n"
        "{% include 'c.html' %}\n{% endif %}\n<p>{{ name }}</p>"
    )
    (folder / "c.html").write_text("\n{{ row.citty }}")
    kinds = ["a", "", "b", "", "a", "b"]
    rows = [f"n{number}@example.com,N{number},Rome,{kind}\n" for number, kind in enumerate(kinds)]
    (folder / "faulty.csv").write_text("email,name,city,kind\n" + "".join(rows))


def faulty(mailkit: Command, *more: object) -> Ended:
    return mailkit("batch", "b.html", "faulty.csv", "--from", "ada@example.com", *more)


@pytest.mark.usefixtures("_faulty")
def test_batch_with_a_dry_run_finds_the_missing_variables_of_all_rows(mailkit: Command, folder: Path) -> None:
    """Each with the row's line, the template's, the variable, and the name that was meant; the rest is ready."""
    ended = faulty(mailkit, "--dry-run", "--journal", "j.db", "--via", "file:outbox")
    assert (ended.code, ended.out) == (1, "")
    nmae = "b.html:4: there is no 'nmae' in the data. Did you mean 'name'?"
    citty = "c.html:2: there is no 'citty' in a dict. Did you mean 'city'?"
    found = [line for line in ended.err.splitlines() if line.startswith("line ")]
    assert found == [
        f"line 2: n0@example.com skipped: {nmae}",
        f"line 4: n2@example.com skipped: {citty}",
        f"line 6: n4@example.com skipped: {nmae}",
        f"line 7: n5@example.com skipped: {citty}",
    ]
    assert "2 messages ready to send; nothing was sent" in ended.err
    assert not (folder / "outbox").exists()
    assert not (folder / "j.db").exists()


@pytest.mark.usefixtures("_faulty")
def test_batch_with_a_dry_run_as_json_has_them_all(mailkit: Command) -> None:
    """A program gets every row, also where a terminal shows some."""
    Path("faulty.csv").write_text(
        "email,name,kind\n" + "".join(f"n{number}@example.com,N,a\n" for number in range(40)) + "z@example.com,Z,\n"
    )
    told = json.loads(faulty(mailkit, "--dry-run", "--json").out)
    assert (told["exit_code"], told["ready"], told["failed"], told["sent"], told["dry_run"]) == (1, 1, 40, 0, True)
    assert [problem["line"] for problem in told["problems"]] == list(range(2, 42))
    assert {problem["text"] for problem in told["problems"]} == {
        "b.html:4: there is no 'nmae' in the data. Did you mean 'name'?"
    }
    ended = faulty(mailkit, "--dry-run")
    assert ended.err.count("Did you mean 'name'?") == 20
    assert "and 20 more; --json has them" in ended.err


@pytest.mark.usefixtures("_faulty")
def test_batch_with_a_dry_run_without_a_near_name_says_what_there_is(mailkit: Command) -> None:
    """A variable that looks like no other is told with those of the data."""
    Path("b.html").write_text("Subject: x\n\n{{ zzzz }}")
    ended = faulty(mailkit, "--dry-run", "--limit", "1")
    assert ended.code == 1
    assert "b.html:3: there is no 'zzzz' in the data. The data has: city, email, kind, name" in ended.err


# -- language, inliner, skeletons --------------------------------------------------------------------------------------


@pytest.fixture
def _spoken(folder: Path) -> None:
    (folder / "a.html").write_text("Subject: Hello {{ name }}\n\n<p>{{ _('Thanks') }}, {{ 1.5 | number }}</p>")
    (folder / "a.de.html").write_text("Subject: Hallo {{ name }}\n\n<p>{{ _('Thanks') }}, {{ 1.5 | number }}</p>")
    catalogue = folder / "spoken" / "de" / "LC_MESSAGES"
    catalogue.mkdir(parents=True)
    (catalogue / "messages.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Thanks"\nmsgstr "Danke"\n'
    )


def said(folder: Path) -> list[tuple[str, str]]:
    found = {message.to[0].email: (message.subject, message.text.strip()) for message in outbox(folder)}
    return [found[email] for email in sorted(found)]


@pytest.mark.usefixtures("_spoken")
@pytest.mark.parametrize(
    ("flags", "first"),
    [
        ([], ("Hello Zoë 0", "Thanks, 1.5")),
        (["--locale", "de"], ("Hallo Zoë 0", "Thanks, 1,5")),
        (["--locale", "de-AT", "--translations", "spoken"], ("Hallo Zoë 0", "Danke, 1,5")),
        (["--translations", "spoken"], ("Hello Zoë 0", "Thanks, 1.5")),
    ],
)
def test_batch_with_a_language_speaks_it(
    mailkit: Command, folder: Path, flags: list[str], first: tuple[str, str]
) -> None:
    """Everyone on the list gets the campaign in one language."""
    assert batch(mailkit, "--via", "file:outbox", *flags).code == 0
    assert said(folder)[0] == first
    assert len(said(folder)) == 5


@pytest.mark.usefixtures("_spoken")
@pytest.mark.parametrize("column", ["locale", "Locale", " LOCALE "])
def test_batch_with_a_column_for_the_language_speaks_each_ones_own(mailkit: Command, folder: Path, column: str) -> None:
    """The row goes before the flag; an empty cell says nothing, and the flag counts."""
    rows = ["0,de", "1,en", "2,", "3,de_AT", "4,fr"]
    (folder / "people.csv").write_text(
        f"email,name,{column}\n" + "".join(f"n{row[0]}@example.com,Z{row}\n" for row in rows)
    )
    flags = ["--via", "file:outbox", "--translations", "spoken", "--locale", "de"]
    assert batch(mailkit, *flags).code == 0
    assert said(folder) == [
        ("Hallo Z0", "Danke, 1,5"),
        ("Hello Z1", "Thanks, 1.5"),
        ("Hallo Z2", "Danke, 1,5"),
        ("Hallo Z3", "Danke, 1,5"),
        ("Hello Z4", "Thanks, 1,5"),
    ]


@pytest.mark.usefixtures("_spoken")
def test_batch_with_a_language_that_is_none_skips_that_row(mailkit: Command, folder: Path) -> None:
    """It is told by its line, before and while sending."""
    (folder / "people.csv").write_text("email,name,locale\na@example.com,A,de\nb@example.com,B,???\n")
    ended = batch(mailkit, "--dry-run")
    assert ended.code == 1
    assert "line 3: b@example.com skipped: locale: '???' is no language. Write it as de, de-AT" in ended.err
    ended = batch(mailkit, "--via", "file:outbox")
    assert (ended.code, said(folder)) == (1, [("Hallo A", "Thanks, 1,5")])
    assert "line 3: b@example.com skipped: locale: '???' is no language" in ended.err


@pytest.mark.parametrize(
    ("inliner", "start"),
    [("premailer", '<html><head></head><body><p style="'), ("css-inline", "<html><head>"), ("none", "<style>p {")],
)
def test_batch_with_each_inliner_inlines_or_does_not(mailkit: Command, folder: Path, inliner: str, start: str) -> None:
    """Once for everybody."""
    (folder / "a.html").write_text("Subject: x\n\n<style>p { color: red }</style><p>{{ name }}</p>")
    ended = batch(mailkit, "--via", "file:outbox", "--inliner", inliner)
    assert ended.code == 0
    assert "CSS inlined 1 time for 5 messages." in ended.err
    pages = [message.html for message in outbox(folder)]
    assert all(page.startswith(start) and f"Zoë {number}" in page for number, page in enumerate(pages))
    assert all(("<p style=" in page) == (inliner != "none") for page in pages)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--inliner", "juice"], "there is no inliner 'juice'"),
        (["--locale", "???"], "'???' is no language"),
        (["--translations", "nope"], "there is no folder of translations 'nope'"),
    ],
)
def test_batch_with_a_language_or_inliner_that_is_not_there_sends_nothing(
    mailkit: Command, folder: Path, flags: list[str], said: str
) -> None:
    """Found before the first message."""
    ended = batch(mailkit, "--via", "file:outbox", *flags)
    assert (ended.code, said in ended.err) == (2, True)
    assert outbox(folder) == []


@pytest.mark.parametrize("flags", [["--dry-run"], ["--via", "null:"], ["--via", "null:", "--connections", "3"]])
def test_batch_as_json_tells_how_often_work_was_shared(mailkit: Command, folder: Path, flags: list[str]) -> None:
    """Skeletons made, pages that were filled into one, and pages by themselves: together they are the messages."""
    (folder / "a.html").write_text(
        "Subject: x\n\n<style>p { top: 0 }</style><p>{{ name }}</p><p title='{{ name }}'>x</p>"
    )
    with (folder / "people.csv").open("a") as file:
        file.write('q@example.com,"a ""quoted"" name"\n')
    told = json.loads(batch(mailkit, "--json", *flags).out)
    assert told["exit_code"] == 0
    assert told["skeletons"] + told["hits"] + told["fallbacks"] == 6
    assert 1 <= told["skeletons"] <= 3
    assert told["fallbacks"] == 1


def test_batch_with_pages_by_themselves_says_where_to_ask(mailkit: Command, folder: Path) -> None:
    """Whoever has a slow campaign finds out why."""
    (folder / "a.html").write_text("Subject: x\n\n{% filter upper %}{{ name }}{% endfilter %}")
    ended = batch(mailkit, "--via", "null:")
    assert ended.code == 0
    assert "CSS inlined 5 times for 5 messages; mailkit render --explain says why so often." in ended.err


# -- unsubscribing and the report --------------------------------------------------------------------------------------


def test_batch_with_a_url_to_unsubscribe_gives_each_a_link_of_their_own(mailkit: Command, folder: Path) -> None:
    """In the header and in the template; the list of the suppressed knows whom it stands for, and what the list is called."""
    (folder / "a.html").write_text("Subject: Hi\n\n<a href='{{ unsubscribe_url }}'>leave</a>{{ city }}")
    offer = ["--unsubscribe", "https://news.example.com/leave", "--unsubscribe-mail", "leave+{token}@example.com"]
    ended = batch(mailkit, "--via", "file:outbox", "--suppressions", "gone.db", *offer, "--title", "Harbour News")
    assert ended.code == 0
    with Suppressions(folder / "gone.db") as suppressions:
        for message in outbox(folder):
            link = message.headers["List-Unsubscribe"].split(">")[0].strip("<")
            assert link in (message.html or "")
            found = suppressions.links.recall(link.rpartition("/")[2])
            assert found is not None
            assert (found.key, found.title) == (message.to[0].email, "Harbour News")


def test_batch_with_a_url_to_unsubscribe_and_no_list_says_what_is_missing(mailkit: Command) -> None:
    """Before anything is sent."""
    ended = batch(mailkit, "--via", "null:", "--unsubscribe", "https://news.example.com/leave")
    assert ended.code == 2
    assert "--suppressions" in ended.err


def test_batch_with_a_report_writes_it_at_the_end(mailkit: Command, folder: Path) -> None:
    """Also without a journal, and also when some did not get it."""
    with relay(refuse={"n1@example.com": Reply.of(550, "no such user")}) as server:
        ended = batch(mailkit, "--via", server.url, "--report", "report.csv")
    assert ended.code == 1
    assert "report.csv" in ended.err
    lines = (folder / "report.csv").read_text().splitlines()
    assert len(lines) == 6
    assert "no such user" in next(line for line in lines if line.startswith("n1@example.com"))


def test_batch_with_a_report_that_cannot_be_written_at_the_end_still_tells_what_was_sent(
    mailkit: Command, folder: Path
) -> None:
    """Without a journal nobody else knows it."""

    def spoil(received: object) -> None:
        (folder / "report.csv").mkdir(exist_ok=True)

    with relay(on_message=spoil) as server:
        ended = batch(mailkit, "--via", server.url, "--report", "report.csv")
    assert ended.code == 1
    assert "5 sent" in ended.err
    assert "cannot be written" in ended.err


def test_batch_with_a_report_of_an_unknown_kind_sends_nothing(mailkit: Command, folder: Path) -> None:
    """It is told at once, and not when all has been sent."""
    ended = batch(mailkit, "--via", "file:outbox", "--report", "report.pdf")
    assert ended.code == 2
    assert ".html" in ended.err
    assert not (folder / "outbox").exists()


@pytest.mark.parametrize("flags", [("--title", "News"), ("--report", "r.csv", "--dry-run")])
def test_batch_with_an_option_that_would_do_nothing_says_so(
    mailkit: Command, folder: Path, flags: tuple[str, ...]
) -> None:
    """It is not left out in silence."""
    ended = batch(mailkit, "--via", "file:outbox", *flags)
    assert ended.code == 2
    assert flags[0] in ended.err
    assert not (folder / "outbox").exists()


def test_batch_with_a_report_in_a_folder_that_is_not_there_sends_nothing(mailkit: Command, folder: Path) -> None:
    """Nobody finds out behind a campaign that there is no report."""
    ended = batch(mailkit, "--via", "file:outbox", "--report", "nowhere/r.csv")
    assert ended.code == 2
    assert "nowhere" in ended.err
    assert not (folder / "outbox").exists()


def test_batch_with_files_elsewhere_attaches_them(mailkit: Command, folder: Path) -> None:
    """``--attachments`` is the folder of the column of that name."""
    (folder / "files").mkdir()
    (folder / "files" / "bill.txt").write_text("1,00")
    (folder / "people.csv").write_text("email,name,attachments\nzoe@example.com,Zoë,bill.txt\n")
    assert batch(mailkit, "--via", "file:outbox", "--attachments", "files").code == 0
    assert [file.filename for file in outbox(folder)[0].attachments] == ["bill.txt"]
