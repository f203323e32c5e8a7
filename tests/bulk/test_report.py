"""What became of a campaign."""

import json

import pytest

from mailkit.bulk import BadRow, Report, Result, State
from mailkit.template import Statistics


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, 0),
        ({"counts": {State.SENT: 3}}, 0),
        ({"counts": {State.SENT: 3}, "duplicates": 2}, 0),
        ({"counts": {State.SENT: 3, State.SUPPRESSED: 1}}, 0),
        ({"counts": {State.SENT: 3}, "invalid": 1}, 1),
        ({"counts": {State.SENT: 3, State.FAILED: 1}}, 1),
        ({"counts": {State.SENT: 3, State.SKIPPED: 1}}, 1),
        ({"counts": {State.SENT: 3, State.DEFERRED: 1}}, 1),
        ({"counts": {State.SENT: 3, State.PENDING: 1}}, 1),
        ({"counts": {State.SENT: 3, State.CLAIMED: 1}}, 1),
        ({"counts": {State.SENT: 3, State.IN_DOUBT: 1}}, 3),
        ({"counts": {State.IN_DOUBT: 1, State.FAILED: 1}, "invalid": 1}, 3),
        ({"counts": {State.PENDING: 3}, "is_dry_run": True}, 0),
        ({"counts": {State.PENDING: 3, State.SKIPPED: 1}, "is_dry_run": True}, 1),
        ({"counts": {State.PENDING: 3}, "is_dry_run": True, "invalid": 1}, 1),
    ],
)
def test_exit_code_with_each_state_says_how_it_went(facts: dict, code: int) -> None:
    """0 all well, 1 some mail not delivered or a bad row, 3 some in doubt."""
    assert Report("spring", **facts).exit_code == code


def test_report_as_dict_is_plain_data_with_everything() -> None:
    """What a program reads has all figures, rows and reasons, and goes through JSON unchanged."""
    report = Report(
        "spring",
        counts={
            State.SENT: 5,
            State.FAILED: 1,
            State.SKIPPED: 1,
            State.DEFERRED: 2,
            State.IN_DOUBT: 1,
            State.PENDING: 4,
        },
        invalid=1,
        duplicates=2,
        bad_rows=(BadRow(7, "invalid", "no @"),),
        problems=((3, Result("a@example.com", State.FAILED, 550, "5.1.1", "no", attempts=2)),),
        sent_in_run=3,
        seconds=1.23456,
        is_interrupted=True,
        skeletons=Statistics(2, 40, 1),
    )
    assert json.loads(json.dumps(report.as_dict())) == {
        "campaign": "spring",
        "sent": 5,
        "sent_in_run": 3,
        "deferred": 2,
        "failed": 2,
        "suppressed": 0,
        "in_doubt": 1,
        "pending": 4,
        "invalid": 1,
        "duplicates": 2,
        "seconds": 1.235,
        "dry_run": False,
        "ready": 0,
        "interrupted": True,
        "paused": "",
        "unpublished": "",
        "states": {
            "pending": 4,
            "claimed": 0,
            "dot": 0,
            "sent": 5,
            "deferred": 2,
            "failed": 1,
            "skipped": 1,
            "suppressed": 0,
            "expired": 0,
            "in_doubt": 1,
        },
        "samples": [],
        "next_attempt_at": None,
        "reasons": [],
        "skeletons": 2,
        "hits": 40,
        "fallbacks": 1,
        "exit_code": 3,
        "bad_rows": [{"line": 7, "kind": "invalid", "problem": "no @"}],
        "problems": [
            {
                "line": 3,
                "recipient": "a@example.com",
                "state": "failed",
                "code": 550,
                "enhanced": "5.1.1",
                "text": "no",
                "attempts": 2,
            }
        ],
    }
