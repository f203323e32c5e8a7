"""``mailkit suppress``: the list of those who are never written to."""

import json
from pathlib import Path

import pytest

from mailkit.bulk import Suppressions
from tests.kit.command import Command

LIST = ("--suppressions", "s.db")


def test_suppress_adds_finds_and_removes(mailkit: Command) -> None:
    """Finding somebody is a finding: exit code 1."""
    assert mailkit("suppress", "add", "Zoe@example.com", "@example.org", *LIST, "--reason", "complained").code == 0
    found = mailkit("suppress", "find", "zoe@example.com", *LIST, "--json")
    assert (found.code, json.loads(found.out)["reason"]) == (1, "complained")
    assert mailkit("suppress", "find", "bob@example.com", *LIST).code == 0
    assert len(json.loads(mailkit("suppress", "list", *LIST, "--json").out)["suppressions"]) == 2
    assert mailkit("suppress", "remove", "zoe@example.com", *LIST).code == 0
    assert mailkit("suppress", "remove", "zoe@example.com", *LIST).code == 1


def test_suppress_imports_what_it_exports(mailkit: Command, folder: Path) -> None:
    """A bad row is told by its line, and does not stop the others."""
    (folder / "gone.csv").write_text("email\na@x.org\nnobody\nb@x.org\n")
    ended = mailkit("suppress", "import", "gone.csv", *LIST, "--reason", "bounced")
    assert (ended.code, "line 3" in ended.err, "2 added, 1 not" in ended.err) == (1, True, True)
    lines = mailkit("suppress", "export", *LIST).out.splitlines()
    assert [one.split(",")[:2] for one in lines] == [
        ["address", "reason"],
        ["a@x.org", "bounced"],
        ["b@x.org", "bounced"],
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list",), "no list is given"),
        (("list", "--suppressions", "nope.db"), "there is no list"),
        (("add", "nobody", *LIST), "nobody"),
        (("add", "a@x.org", "--expires", "soon", *LIST), "--expires"),
    ],
)
def test_suppress_with_a_slip_says_what_to_do(mailkit: Command, arguments: tuple[str, ...], said: str) -> None:
    """An error for people, and exit code 2."""
    ended = mailkit("suppress", *arguments)
    assert (ended.code, said in ended.err) == (2, True)


def test_suppress_forgets_the_links_of_old_campaigns(mailkit: Command, folder: Path) -> None:
    """Those of before a day, and no others; and who has left by one stays on the list."""
    with Suppressions("s.db") as suppressions:
        suppressions.add("bob@example.com", "unsubscribed")
        suppressions.links.remember([("0" * 32, "zoe@example.com")], campaign="spring")
    ended = mailkit("suppress", "forget-links", "--before", "2020-01-31", *LIST)
    assert (ended.code, "0 links forgotten" in ended.err) == (0, True)
    assert "1 link forgotten" in mailkit("suppress", "forget-links", "--before", "2999-01-31", *LIST).err
    with Suppressions("s.db") as suppressions:
        assert suppressions.links.recall("0" * 32) is None
        assert suppressions.find("bob@example.com") is not None
    assert mailkit("suppress", "forget-links", "--before", "soon", *LIST).code == 2
