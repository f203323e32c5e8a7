"""What a mail client is told of a folder while others change it leads it to what there is, however much of that was missed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit.inbox import edits
from mailkit.inbox.account import Account, Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.imap.fetch import flags_of
from mailkit.inbox.imap.view import View
from mailkit.smtp import Received

CHANGES = st.lists(
    st.tuples(st.sampled_from(("add", "other", "delete", "read", "flag", "look", "rename", "copy")), st.integers(0, 9)),
    max_size=60,
)
RECEIVED = Received("a@shop.se", ("bob@there.se",), b"Subject: x\r\n\r\nx", "me")
OTHER = Received("a@shop.se", ("eve@there.se",), b"Subject: x\r\n\r\nx", "me")


class Client:
    """Knows of a folder what it was told, and nothing else."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.flags = [flags_of(one) for one in view.entries]

    def look(self) -> None:
        news = self.view.news()
        for line in news.splitlines():
            if found := re.fullmatch(rb"\* (\d+) EXPUNGE", line):
                del self.flags[int(found[1]) - 1]
            elif found := re.fullmatch(rb"\* (\d+) FETCH \(UID \d+ FLAGS (.*)\)", line):
                self.flags[int(found[1]) - 1] = found[2]
            elif found := re.fullmatch(rb"\* (\d+) EXISTS", line):
                fresh = self.view.entries[len(self.flags) : int(found[1])]
                self.flags += [flags_of(one) for one in fresh]  # as its FETCH would show them
            else:
                raise AssertionError(line)


@pytest.mark.parametrize("user", ["zoe", "bob@there.se"])
@pytest.mark.parametrize("remembered", [2, 10_000])
@given(changes=CHANGES)
def test_a_client_that_believes_its_news_knows_what_there_is(
    user: str, remembered: int, changes: list[tuple[str, int]]
) -> None:
    """Whether the edits are remembered or too many, and when the oldest messages go by themselves as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edits, "MOST_REMEMBERED", remembered)
        archive = Archive(max_messages=6)
    try:
        account = Account(archive, Users(), user)
        for _ in range(3):
            archive.add(RECEIVED)
        client = Client(View(account, 0, is_read_only=False))
        for number, (change, which) in enumerate(changes):
            uid = archive.last - which
            match change:
                case "add":
                    archive.add(RECEIVED)
                case "other":
                    archive.add(OTHER)
                case "delete":
                    archive.forget([uid])
                case "read":
                    archive.mark(f"id:{max(0, uid)}", unread=which % 2 == 0)
                case "flag":
                    account.flag(uid, is_unread=which % 2 == 0, flags=(r"\Flagged",) if which % 3 else ())
                case "rename":
                    account.rename("INBOX", f"old {number}")
                case "copy":
                    for entry in account.entries(0)[:1]:
                        account.copy(entry, 0)
                case "look":
                    client.look()
        client.look()
        there = account.entries(0)
        assert client.view.entries == there
        assert client.flags == [flags_of(one) for one in there]
        assert client.view.news() == b""
    finally:
        archive.close()
