"""The account complains: a judge that cannot say no is none."""

import dataclasses
from typing import Any

import pytest

from tests.torture.account import HEAD, Account, Row, account, read_rows, row
from tests.torture.witness import Copy, Log

PEOPLE = [f"p{number}@example.com" for number in range(4)]


def copy(number: int, **different: Any) -> Copy:
    one = Copy(
        id=f"<m{number}@example.com>", to=(PEOPLE[number],), sha256=f"digest {number}", size=100, at=0.0, connection=1
    )
    return dataclasses.replace(one, **different)


def sent(number: int, **different: Any) -> Row:
    one = Row(PEOPLE[number], "sent", code=250, text="Ok", message_id=f"m{number}@example.com")
    return dataclasses.replace(one, **different)


def judged(copies: list[Copy], rows: list[Row], **settings: Any) -> Account:
    log = Log(tuple(copies), **settings.pop("log", {}))
    return account(log, rows, PEOPLE, **settings)


COPIES = [copy(number) for number in range(4)]
SENT = [sent(number) for number in range(4)]
DOUBT = Row(PEOPLE[3], "in_doubt", text="the reply did not come")


def test_account_when_everybody_got_one_copy_then_there_is_no_complaint() -> None:
    """All is well."""
    found = judged(COPIES, SENT, counts={"sent": 4, "in doubt": 0, "failed": 0})
    assert found.complaints == ()
    assert (found.recipients, found.copies, found.duplicates, found.lost, found.in_doubt) == (4, 4, 0, 0, 0)


@pytest.mark.parametrize(
    ("copies", "rows", "settings", "complaint"),
    [
        ([*COPIES, COPIES[2]], SENT, {}, "1 recipients with more than one copy: p2@example.com"),
        ([*COPIES, COPIES[2]], SENT, {"policy": "assume-sent", "kills": 9}, "more than one copy"),
        ([*COPIES, COPIES[2]], SENT, {"policy": "resend"}, "1 copies too many; 0 can be explained"),
        (COPIES[:3], SENT, {}, "1 lost without a trace: p3@example.com"),
        (COPIES[:3], SENT, {"policy": "assume-sent", "kills": 1}, "1 lost without a trace"),
        (COPIES[:3], SENT, {"policy": "resend", "kills": 1}, "1 lost without a trace"),
        (COPIES[:3], SENT[:3], {}, "1 lost without a trace: p3@example.com"),
        (COPIES[:3], [*SENT[:3], Row(PEOPLE[3], "failed")], {}, "1 lost without a trace: p3@example.com"),
        (COPIES[:3], [*SENT[:3], Row(PEOPLE[3], "skipped")], {}, "1 lost without a trace: p3@example.com"),
        (COPIES[:3], [*SENT[:3], sent(3, code=0)], {"policy": "assume-sent"}, "1 in doubt; 0 can be explained"),
        (COPIES, SENT[:3], {}, "1 delivered, and not in the journal: p3@example.com"),
        (
            COPIES,
            [*SENT[:3], sent(3, state="failed")],
            {},
            "delivered, and not so in the journal: p3@example.com failed",
        ),
        (COPIES, [*SENT[:3], sent(3, state="deferred")], {}, "not so in the journal: p3@example.com deferred"),
        (COPIES, [*SENT[:3], sent(3, state="pending")], {}, "1 recipients without an end: p3@example.com pending"),
        (COPIES, [*SENT[:3], sent(3, state="dot")], {}, "1 recipients without an end: p3@example.com dot"),
        (COPIES, [*SENT[:3], sent(3, state="gone")], {}, "1 recipients in no known state: p3@example.com"),
        (COPIES, [*SENT, SENT[0]], {}, "1 recipients more than once in the journal: p0@example.com"),
        (COPIES, [*SENT[:3], DOUBT], {}, "1 in doubt; 0 can be explained"),
        (
            COPIES,
            [*SENT[:2], dataclasses.replace(DOUBT, recipient=PEOPLE[2]), DOUBT],
            {"kills": 1},
            "2 in doubt; 1 can",
        ),
        ([*COPIES[:3], copy(3, id="")], SENT, {}, "1 messages without Message-ID: p3@example.com"),
        (
            [*COPIES[:3], copy(3, id="<m2@example.com>")],
            SENT,
            {},
            "1 Message-IDs of several recipients: <m2@example.com>",
        ),
        ([*COPIES[:3], copy(3, id="<new@example.com>")], SENT, {}, "another one in the journal: p3@example.com"),
        (
            [*COPIES, copy(4 - 1, to=("stranger@example.com",), id="<s@example.com>")],
            SENT,
            {},
            "are on no list: stranger",
        ),
        (
            [*COPIES, copy(2, sha256="another")],
            SENT,
            {"policy": "resend", "kills": 1},
            "1 recipients with copies that differ: p2@example.com",
        ),
        (
            [*COPIES, copy(2, id="<again@example.com>")],
            [*SENT[:2], sent(2, message_id=""), SENT[3]],
            {"policy": "resend", "kills": 1},
            "1 recipients with copies that differ: p2@example.com",
        ),
        (COPIES, SENT, {"counts": {"sent": 3, "failed": 1}}, "counts that are not those of the rows: ('failed', 1)"),
        (COPIES, SENT, {"counts": {}}, "1 counts that are not those of the rows: ('sent', 4)"),
        (COPIES, SENT, {"log": {"breaches": ("MAIL within a transaction",)}}, "must not be said: MAIL within"),
    ],
)
def test_account_when_something_is_wrong_then_it_says_what(
    copies: list[Copy], rows: list[Row], settings: dict[str, Any], complaint: str
) -> None:
    """Each wrong thing has a complaint of its own."""
    assert complaint in "\n".join(judged(copies, rows, **settings).complaints)


@pytest.mark.parametrize(
    ("copies", "rows", "settings"),
    [
        (COPIES, [*SENT[:3], DOUBT], {"kills": 1}),
        (COPIES[:3], [*SENT[:3], DOUBT], {"kills": 1}),
        (COPIES[:3], [*SENT[:3], DOUBT], {"log": {"faults": ("reply:reset",)}}),
        (COPIES[:2], [*SENT[:2], dataclasses.replace(DOUBT, recipient=PEOPLE[2]), DOUBT], {"kills": 1, "in_flight": 2}),
        (COPIES[:2], [*SENT[:2], dataclasses.replace(DOUBT, recipient=PEOPLE[2]), DOUBT],
         {"log": {"faults": ("mail:421",)}, "window": 2}),
        (COPIES[:3], [*SENT[:3], sent(3, code=0)], {"policy": "assume-sent", "kills": 1}),
        (COPIES[:3], [*SENT[:3], sent(3, state="failed", code=550)], {}),
        (COPIES[:3], [*SENT[:3], sent(3, state="deferred", code=0, text="no connection")], {}),
        ([*COPIES, COPIES[2]], SENT, {"policy": "resend", "kills": 1}),
        ([*COPIES, COPIES[2]], [*SENT[:2], sent(2, state="failed", code=550), SENT[3]], {"policy": "resend", "kills": 1}),
    ],
)  # fmt: skip
def test_account_when_what_happened_is_allowed_then_there_is_no_complaint(
    copies: list[Copy], rows: list[Row], settings: dict[str, Any]
) -> None:
    """Doubt after a kill or a fault, a refusal with its reason, and under resend a second copy that is the same."""
    assert judged(copies, rows, **settings).complaints == ()


def test_account_when_a_refusal_broke_nothing_then_it_explains_no_doubt() -> None:
    """Only what keeps replies from the client does."""
    found = judged(COPIES, [*SENT[:3], DOUBT], log={"faults": ("mail:450", "rcpt:550")})
    assert found.complaints == ("1 in doubt; 0 can be explained",)


def test_account_as_a_row_counts_copies_duplicates_losses_and_doubt() -> None:
    """The table is the one of the documentation."""
    found = judged([*COPIES[:3], COPIES[0], COPIES[0]], [*SENT[:3], DOUBT], kills=1)
    assert row("toy, hold", found) == "| toy, hold | 4 | 1 | 5 | **2** | **0** | 1 (0 delivered) |"
    assert row("", found).count("|") == HEAD.splitlines()[0].count("|")


def test_export_of_the_journal_is_read() -> None:
    """By the names of its columns; a state may be written with a blank."""
    rows = read_rows(
        "recipient,line,state,code,enhanced,text,attempts,message_id,relay,queue_id,updated_at\n"
        'a@example.com,2,sent,250,2.0.0,"Ok, queued",1,<x@example.com>,127.0.0.1,A1,2026-01-01T00:00:00\n'
        "b@example.com,3,in doubt,,,no reply,1,,,,\n"
    )
    assert rows == [
        Row("a@example.com", "sent", 250, "Ok, queued", "<x@example.com>"),
        Row("b@example.com", "in_doubt", 0, "no reply", ""),
    ]
