"""The report of a campaign as a file."""

import csv
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from lxml import html

from mailkit import clock
from mailkit.bulk import Entry, InDoubt, Journal, Result, State, publish
from mailkit.bulk.journal import Verdict, Worker
from mailkit.bulk.page import page
from mailkit.bulk.page.chart import chart_of
from mailkit.bulk.page.meaning import meaning_of
from mailkit.bulk.page.moment import duration
from mailkit.errors import ConfigError

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> \u202egnp.exe {{ 7 * 7 }} </table>'


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j.db", name=f"spring {HOSTILE}") as opened:
        yield opened


def settle(journal: Journal, *results: Result) -> None:
    """Put recipients into the journal, each with what became of them."""
    entries = [Entry(result.key, number, {}) for number, result in enumerate(results, start=2)]
    journal.roll.begin()
    journal.roll.add(entries)
    journal.roll.note_bad_rows([(99, "invalid", f"no address in {HOSTILE}")])
    journal.roll.finish(source="people.csv", fingerprint="1")
    now = clock.now().timestamp()
    by_key = {result.key: result for result in results}
    with journal.store.writing() as db:
        worker = Worker.enter(db, journal.campaign, now, policy=InDoubt.HOLD)
        found = [entry for entry in worker.find(db, now, 1_000) if by_key[entry.key].state is not State.PENDING]
        worker.claim(db, found, now)
        worker.mark(db, [(entry, "<1@example.com>") for entry in found], now)
        worker.settle(db, [(entry, by_key[entry.key]) for entry in found], now)


def of_every_kind() -> list[Result]:
    return [
        Result("zoe@gmail.com", State.SENT, 250, "2.0.0", "queued", attempts=1),
        Result("bob@example.com", State.FAILED, 550, "5.1.1", "no such user", attempts=1),
        Result("eve@example.com", State.FAILED, 550, "5.7.1", HOSTILE, attempts=1),
        Result("mia@outlook.com", State.DEFERRED, 451, "4.7.1", "=cmd|' /C calc'!A0", attempts=1, next_attempt_at=9e9),
        Result("lea@example.com", State.IN_DOUBT, text="+the connection was lost", attempts=1),
        Result("tom@example.com", State.PENDING),
    ]


def test_csv_has_a_row_for_everybody(journal: Journal, tmp_path: Path) -> None:
    """In the order of the list, whatever became of them."""
    settle(journal, *of_every_kind())
    publish(journal, tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["recipient"], row["state"]) for row in rows] == [(one.key, str(one.state)) for one in of_every_kind()]
    assert (rows[1]["code"], rows[1]["enhanced"], rows[1]["text"], rows[1]["line"]) == (
        "550",
        "5.1.1",
        "no such user",
        "3",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\uff1d", "a;=", "\n@", "\0="])
def test_csv_with_what_looks_like_a_formula_has_none(journal: Journal, tmp_path: Path, start: str) -> None:
    """A server chooses the text of its refusals; a spreadsheet that opens them must run nothing."""
    settle(journal, Result("zoe@example.com", State.FAILED, 550, "", f"{start}HYPERLINK(1)", attempts=1))
    publish(journal, tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    for part in row["text"].split(";"):
        assert not re.match(r"\s*[=+\-@\uff1d]", part), row["text"]
    assert len((tmp_path / "r.csv").read_bytes().splitlines()) == 2


def test_json_has_the_summary_and_everybody(journal: Journal, tmp_path: Path) -> None:
    """One object, which any program can read; JSON Lines has the same rows."""
    settle(journal, *of_every_kind())
    publish(journal, tmp_path / "r.json")
    publish(journal, tmp_path / "r.jsonl")
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (found["sent"], found["failed"], found["in_doubt"], found["invalid"]) == (1, 2, 1, 1)
    assert found["recipients"][2]["text"] == HOSTILE
    lines = (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == found["recipients"]


def test_page_shows_figures_chart_reasons_and_everybody(journal: Journal, tmp_path: Path) -> None:
    """What a person asks after a campaign, in one page that needs nothing else."""
    settle(journal, *of_every_kind())
    publish(journal, tmp_path / "r.html")
    tree = html.fromstring((tmp_path / "r.html").read_text(encoding="utf-8"))
    text = re.sub(r"\s+", " ", tree.text_content())
    for told in (
        "1 of 6 recipients",
        "No such mailbox",
        "no such user",
        "Google",
        *(one.key for one in of_every_kind()),
    ):
        assert told in text
    (chart,) = tree.xpath("//*[local-name()='svg'][@role='img'][.//*[local-name()='rect']]")[:1]
    assert chart.xpath("string(@aria-label) or string(.//*[local-name()='title'])")


def test_page_with_hostile_text_runs_and_fetches_nothing(journal: Journal, tmp_path: Path) -> None:
    """Replies, addresses and rows are text; and the page's own policy lets only its own script run, known by its hash."""
    settle(journal, *of_every_kind())
    publish(journal, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    tree = html.fromstring(page)
    scripts = tree.xpath("//script")
    assert not any("alert" in (one.text or "") for one in scripts)
    assert not tree.xpath("//img | //iframe | //link | //object | //form[@action] | //@src | //@onerror | //@onclick")
    assert "\u202e" not in page
    assert "49" not in re.findall(r"exe (\S+)", tree.text_content())
    (policy,) = tree.xpath("//meta[translate(@http-equiv, 'CSP', 'csp')='content-security-policy']/@content")
    assert "default-src 'none'" in policy
    for script in scripts:
        digest = b64encode(sha256((script.text or "").encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_page_with_more_than_it_can_show_says_so(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser is not given a million rows; those with problems come first, and the rest is in the CSV file."""
    monkeypatch.setattr(page, "_ROWS", 3)
    settle(journal, *of_every_kind())
    publish(journal, tmp_path / "r.html")
    text = html.fromstring((tmp_path / "r.html").read_text(encoding="utf-8")).text_content()
    assert "bob@example.com" in text
    assert "zoe@gmail.com" not in text
    assert ".csv" in text


@pytest.mark.parametrize("name", ["r.pdf", "r", "r.html.exe"])
def test_file_of_another_kind_is_refused(journal: Journal, tmp_path: Path, name: str) -> None:
    """The error says which there are."""
    with pytest.raises(ConfigError, match=re.escape(name)) as caught:
        publish(journal, tmp_path / name)
    assert ".html" in caught.value.hint


def test_file_that_cannot_be_written_leaves_the_old_one(journal: Journal, tmp_path: Path) -> None:
    """A report is there as a whole, or stays as it was; the journal is never taken for one."""
    settle(journal, *of_every_kind())
    with pytest.raises(ConfigError, match="cannot be written"):
        publish(journal, tmp_path / "nowhere" / "r.csv")
    (tmp_path / "r.csv").symlink_to(tmp_path / "j.db")
    with pytest.raises(ConfigError, match="the journal itself"):
        publish(journal, tmp_path / "r.csv")
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("j.db")) == ["r.csv"]


def test_report_of_a_campaign_without_anybody_is_a_report(journal: Journal, tmp_path: Path) -> None:
    """Nothing is divided by zero."""
    for form in ("html", "csv", "json", "jsonl"):
        publish(journal, tmp_path / f"r.{form}")
        assert (tmp_path / f"r.{form}").exists()


# -- what is on the page -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "code", "enhanced", "meaning"),
    [
        (State.FAILED, 550, "5.1.1", "No such mailbox."),
        (State.FAILED, 550, "5.7.26", "The message did not pass their checks of who sent it (SPF, DKIM)."),
        (State.FAILED, 556, "5.1.10", "The domain takes no mail at all."),
        (State.DEFERRED, 450, "4.2.1", "The mailbox takes no mail just now, or too much at once."),
        (State.FAILED, 550, "5.2.99", "Something about the mailbox."),
        (State.FAILED, 552, "", "The mailbox is full, or the message too large."),
        (State.FAILED, 599, "nonsense", ""),
        (State.FAILED, 0, "", "It could not be sent."),
        (State.IN_DOUBT, 0, "", "Nobody can know whether it has arrived."),
    ],
)
def test_code_is_said_in_plain_words(state: State, code: int, enhanced: str, meaning: str) -> None:
    """By the enhanced code, its subject, or the plain code; what a code that nobody knows means is in the reply; without one, what became of the recipient is said."""
    assert meaning_of(state, code, enhanced) == meaning


def test_providers_come_by_size_and_the_small_ones_together(journal: Journal) -> None:
    """All domains of one provider are one, and nobody is left out of the sum."""
    keys = [*(f"a{n}@gmail.com" for n in range(3)), *(f"b{n}@googlemail.com" for n in range(2))]
    keys += ["c@example.com", "d@example.com", "e@example.net", "f@example.org"]
    settle(journal, *(Result(key, State.SENT, 250, "2.0.0", attempts=1) for key in keys))
    found = journal.account.by_group(limit=2)
    assert [(one.groups, one.total) for one in found] == [(1, 5), (1, 2), (2, 2)]
    assert found[1].group == "example.com"
    assert found[2].group == ""


def test_chart_counts_what_was_sent_and_not_what_was_resolved_by_hand(journal: Journal) -> None:
    """What somebody finds out days later is no time at which something was sent."""
    assert chart_of(journal.account) is None
    settle(journal, *of_every_kind())
    journal.control.resolve(Verdict.SENT)
    chart = chart_of(journal.account)
    assert chart is not None
    assert sum(bar.count for bar in chart.bars) == 1
    assert journal.account.counts()[State.SENT] == 2
    assert all(0 <= bar.left <= 100 and 0 < bar.height <= 100 for bar in chart.bars)
    assert chart.told.startswith("1 messages sent")


def test_share_is_all_or_nothing_only_when_it_is() -> None:
    """One that is missing of a million is not rounded away."""
    assert [page._share(part, 1_000_000) for part in (0, 1, 500_000, 999_999, 1_000_000)] == [
        *("0 %", "< 0.1 %", "50.0 %", "99.9 %", "100 %")
    ]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "less than 0.1 s"),
        (2.25, "2.2 s"),
        (75, "1 min 15 s"),
        (3_600, "1 h"),
        (90_061, "1 day 1 h"),
        (172_800, "2 days"),
    ],
)
def test_duration_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    """As people say it."""
    assert duration(seconds) == told
