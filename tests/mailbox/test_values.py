"""Folder names, sequence sets, queries, threads: values, held by properties."""

import re
from datetime import date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit import Message
from mailkit.errors import MailboxError
from mailkit.mailbox import Folder, Query, Uids, threads
from mailkit.mailbox.folder import decoded, encoded, special, special_name
from mailkit.mailbox.query import sequence_set
from mailkit.mailbox.uids import resolved
from tests.mailbox.conftest import note

PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"))


@given(PRINTABLE)
def test_a_name_when_encoded_is_ascii_and_comes_back(name: str) -> None:
    """Modified UTF-7 loses nothing (RFC 3501 5.1.3), beyond the first plane too."""
    found = encoded(name)
    assert found.isascii()
    assert found.isprintable()
    assert decoded(found.encode()) == name


@given(st.binary())
def test_a_name_when_it_is_any_bytes_is_read(name: bytes) -> None:
    """No control character and no half of one comes out."""
    text = decoded(name)
    assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]", text)


@pytest.mark.parametrize(
    ("name", "on_the_wire"),
    [("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"), ("&", "&-"), ("Sent", "Sent"), ("𝄞", "&2DTdHg-")],
)
def test_a_name_when_encoded_is_as_the_rfc_shows(name: str, on_the_wire: str) -> None:
    """The example of RFC 3501 5.1.3, and neighbours."""
    assert encoded(name) == on_the_wire


@given(st.sets(st.integers(1, 2**32 - 1) | st.integers(1, 50)))
def test_a_sequence_set_names_exactly_its_numbers(uids: set[int]) -> None:
    """In ascending ranges, none of which touch."""
    ranges = [tuple(map(int, one.split(":"))) for one in sequence_set(uids).split(",") if one]
    assert sum(one[-1] - one[0] + 1 for one in ranges) == len(uids)
    assert all(one[0] in uids and one[-1] in uids for one in ranges)
    assert all(before[-1] + 1 < behind[0] for before, behind in pairwise(ranges))


@given(PRINTABLE, PRINTABLE)
def test_text_in_a_query_never_leaves_its_quotes(first: str, second: str) -> None:
    """Whatever is looked for, there are as many keys as were asked for."""
    query = Query(subject=first) | ~Query(body=second)
    for part in query.program():
        if part.isascii() and part.startswith(b'"'):
            assert re.fullmatch(rb'"(?:[^"\\\r\n]|\\["\\])*"\)?', part)
    assert not any(b"\r" in part or b"\n" in part or b"\0" in part for part in query.program() if part.isascii())


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": "yesterday"},
        {"since": "2026-13-01"},
        {"on": 5},
        {"larger": -1},
        {"larger": "5"},
        {"keyword": "a b"},
        {"uid": "1:*"},
        {"uid": 0},
        {"header": ("a b", "x")},
        {"header": ("", "x")},
        {"subject": 5},
        {"subject": b"x"},
    ],
)
def test_what_cannot_be_looked_for_is_refused(wrong: dict[str, object]) -> None:
    """The error names the field."""
    with pytest.raises(MailboxError):
        Query(**wrong)  # type: ignore[arg-type]


def test_days_are_written_in_english_whatever_they_come_from() -> None:
    """A date, a moment, or text."""
    for given_day in (date(2026, 3, 1), datetime(2026, 3, 1, 23, 59), "2026-03-01"):
        assert str(Query(since=given_day)) == "SINCE 1-Mar-2026"


def test_uids_keep_their_folder_when_they_are_cut() -> None:
    """Also where they go into a verb."""
    uids = Uids([3, 1, 2], folder="a", uidvalidity=5)
    assert (uids[1:], uids[1:].folder, uids[0]) == ((1, 2), "a", 3)
    assert resolved([1, 1, 2], folder="a", uidvalidity=5) == (1, 2)
    with pytest.raises(MailboxError, match="of the folder 'a'"):
        resolved(uids, folder="b", uidvalidity=5)


def test_a_special_folder_is_the_one_that_the_server_names_or_the_usual_one() -> None:
    """Within INBOX as well; not one that holds no messages."""
    named = Folder("Verschickt", "/", ("\\Sent",))
    usual = Folder("INBOX.Sent Items", ".")
    assert special([usual, named], "sent") is named
    assert special([Folder("Junk"), usual], "sent") is usual
    assert special([Folder("Sent", "/", ("\\Noselect",))], "sent") is None
    assert [special_name(word) for word in ("\\Sent", "SPAM", "bin", "x")] == ["sent", "junk", "trash", ""]


# -- threads -----------------------------------------------------------------------------------------------------------


def mail(number: int, *before: int, reply: int | None = None) -> Message:
    fields = {"References": " ".join(f"<{one}@example.com>" for one in before)} if before else {}
    fields |= {"In-Reply-To": f"<{reply}@example.com>"} if reply is not None else {}
    return Message.parse(
        note(number, Date=f"Thu, 1 Jan 2026 {number // 60 % 24:02}:{number % 60:02}:00 +0000", **fields)
    )


def drawn(messages: list[Message]) -> list[list[tuple[int, str]]]:
    return [
        [(depth, message.subject.removeprefix("note ")) for depth, message in thread] for thread in threads(messages)
    ]


def test_answers_stand_below_what_they_answer_in_whatever_order_they_come() -> None:
    """By References and by In-Reply-To; the oldest first."""
    messages = [mail(4), mail(3, 1, 2), mail(2, reply=1), mail(1), mail(5, 1)]
    expected = [[(0, "1"), (1, "2"), (2, "3"), (1, "5")], [(0, "4")]]
    assert drawn(messages) == drawn(messages[::-1]) == expected


def test_a_conversation_whose_first_message_is_missing_stays_one() -> None:
    """What both answer holds them together."""
    assert drawn([mail(2, 1), mail(3, 1), mail(9)]) == [[(1, "2"), (1, "3")], [(0, "9")]]
    assert drawn([mail(2, 1)]) == [[(0, "2")]]


def test_references_in_a_circle_are_cut() -> None:
    """Every message is there exactly once."""
    for messages in ([mail(1, 2), mail(2, 1)], [mail(1, 1)], [mail(1, 2, 3), mail(2, 3, 1), mail(3, 1, 2)]):
        assert sorted(subject for thread in drawn(messages) for _, subject in thread) == sorted(
            message.subject.removeprefix("note ") for message in messages
        )


def test_two_messages_with_one_id_are_both_there() -> None:
    """A copy in another folder has the same."""
    assert sorted(subject for thread in drawn([mail(1), mail(1)]) for _, subject in thread) == ["1", "1"]


def test_a_thread_of_thousands_of_answers_is_no_trouble() -> None:
    """As deep as a mailing list's worst."""
    count = 3000
    [thread] = threads([mail(number, *([number - 1] if number else [])) for number in range(count)])
    assert len(thread) == count
    assert max(depth for depth, _ in thread) == count - 1


@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 9), max_size=4)), max_size=12))
def test_every_message_is_in_exactly_one_thread(edges: list[tuple[int, list[int]]]) -> None:
    """Whatever the headers claim."""
    messages = [mail(number, *before) for number, before in edges]
    found = [message for thread in threads(messages) for _, message in thread]
    assert sorted(map(id, found)) == sorted(map(id, messages))
