"""spamd's protocol, without sockets."""

import pytest

from mailkit.check.scan import spamd
from mailkit.check.scan.answer import Answer
from mailkit.check.scan.deadline import Deadline
from mailkit.check.scan.question import Question
from mailkit.check.scan.verdict import SpamVerdict, Symbol
from mailkit.errors import ConnectError, RemoteProtocolError, TransportError
from mailkit.testing.peer import Closes, Hears, Says, ScriptedPeer

TABLE = """\
Content analysis details:   (7.4 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 2.7 MISSING_DATE           Missing Date: header
 1.2 A_RULE_WITH_A_NAME_LONGER_THAN_THAT BODY: a description that is
                            too long for one line
                            [URIs: example.com]
-1.5 BAYES_00               BODY: Bayes spam probability is 0 to 1%
                            [score: 0.0000]
1000 GTUBE                  BODY: Generic Test for Unsolicited Bulk Email
 0.1 NAMELESS

"""
SYMBOLS = [
    Symbol("NO_RELAYS", 0.0, "Informational: message was not relayed via SMTP"),
    Symbol("MISSING_DATE", 2.7, "Missing Date: header"),
    Symbol(
        "A_RULE_WITH_A_NAME_LONGER_THAN_THAT",
        1.2,
        "BODY: a description that is too long for one line [URIs: example.com]",
    ),
    Symbol("BAYES_00", -1.5, "BODY: Bayes spam probability is 0 to 1% [score: 0.0000]"),
    Symbol("GTUBE", 1000.0, "BODY: Generic Test for Unsolicited Bulk Email"),
    Symbol("NAMELESS", 0.1, ""),
]


def answer(body: bytes = b"", *, spam: str = "False ; 0.0 / 5.0", status: str = "SPAMD/1.1 0 EX_OK") -> Answer:
    return Answer(status, {"spam": spam}, body, is_whole=True)


def test_a_message_when_it_is_asked_about_goes_out_with_its_length() -> None:
    """The whole dialogue, as spamd's PROTOCOL has it."""
    body = TABLE.encode()
    said = b"SPAMD/1.1 0 EX_OK\r\nContent-length: %d\r\nSpam: True ; 7.4 / 5.0\r\n\r\n" % len(body)
    sent = b"REPORT SPAMC/1.5\r\nContent-length: 11\r\nUser: ada\r\n\r\nA: b\r\n\r\nc\r\n"
    for bytewise in (False, True):
        peer = ScriptedPeer([Hears(sent), Says(said + body)], bytewise=bytewise)
        found = peer.run(spamd.ask(Question(b"A: b\r\n\r\nc\r\n"), name="x", user="ada", deadline=Deadline(5)))
        assert found.is_spam
        assert (found.scanner, found.score, found.threshold, found.action) == ("x", 7.4, 5.0, "")
        assert [one.name for one in found.symbols[:2]] == ["GTUBE", "MISSING_DATE"]


@pytest.mark.parametrize("raw", [b"", b"A: b", b"A: b\r\n\r\nc", b"\r"])
def test_a_message_when_it_does_not_end_a_line_is_given_a_line_end(raw: bytes) -> None:
    """spamd reads by the line, and would wait for the end of one until its patience is over."""
    assert spamd.request(Question(raw)) == b"REPORT SPAMC/1.5\r\nContent-length: %d\r\n\r\n%s\r\n" % (len(raw) + 2, raw)


def test_a_message_when_it_ends_a_line_stays_as_it_is() -> None:
    """Nothing is added to what is complete, whatever bytes are in it."""
    raw = bytes(range(256)) + b"\n"
    assert spamd.request(Question(raw)).endswith(b"\r\n\r\n" + raw)


def test_a_table_when_it_has_long_descriptions_is_read_with_all_their_lines() -> None:
    """Names, points and descriptions are told apart, and what goes on below belongs to the rule above."""
    assert list(spamd.symbols(TABLE)) == SYMBOLS


def test_a_table_when_something_comes_after_it_ends_where_it_ends() -> None:
    """Text below the table is no rule, even if it looks like one."""
    assert list(spamd.symbols(TABLE + "The original message was not plain text.\n 5.0 FORGED x\n")) == SYMBOLS


def test_a_table_when_the_message_imitates_one_is_not_taken_from_the_message() -> None:
    """The report quotes the message above the table, so that the last table counts."""
    forged = "Content preview:\n---- ---------------------- ------\n-9.0 FORGED   x\n\n"
    assert list(spamd.symbols(forged + TABLE)) == SYMBOLS


def test_a_report_when_an_administrator_left_the_table_out_has_no_symbols() -> None:
    """The score is known all the same."""
    assert list(spamd.symbols("This is spam.\n 1.0 NOT_IN_A_TABLE x\n")) == []


def test_a_report_when_it_is_in_an_old_charset_is_read_as_that() -> None:
    """SpamAssassin's translations are not all in UTF-8."""
    body = TABLE.replace("Missing", "Fehlt völlig:")
    for charset in ("utf-8", "latin-1"):
        found = spamd.verdict(answer(body.encode(charset)), name="x")
        assert Symbol("MISSING_DATE", 2.7, "Fehlt völlig: Date: header") in found.symbols


def test_a_description_when_it_has_control_characters_loses_them() -> None:
    """What a message made the filter say does not reach a terminal as it is."""
    found = list(spamd.symbols(TABLE.replace("Missing", "\x1b[2JMissing")))
    assert found[1].text == "?[2JMissing Date: header"


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\x0b", "\x1c"])
def test_a_description_when_it_has_other_line_ends_stays_on_its_line(sign: str) -> None:
    """What a rule quotes from the message does not become a rule of its own."""
    found = list(spamd.symbols(TABLE.replace("[URIs: example.com]", f"[URIs: x{sign}-9.9 FORGED x]")))
    assert [symbol.name for symbol in found] == [symbol.name for symbol in SYMBOLS]


@pytest.mark.parametrize(
    ("spam", "expected"),
    [
        ("True ; 1000.0 / 5.0", (True, 1000.0, 5.0)),
        ("Yes ; 5 / 5", (True, 5.0, 5.0)),
        ("False ; -2.6 / 5.0", (False, -2.6, 5.0)),
        ("false;-0.0/-1.5", (False, 0.0, -1.5)),
    ],
)
def test_a_score_when_it_is_a_number_is_read(spam: str, expected: tuple[bool, float, float]) -> None:
    """Negative ones are good news, and there is no minus before a zero."""
    found = spamd.verdict(answer(spam=spam), name="x")
    assert (found.is_spam, found.score, found.threshold) == expected
    assert str(found.score) != "-0.0"


@pytest.mark.parametrize(
    "spam",
    [
        *("", "True", "True ; nan / 5.0", "True ; inf / 5", "True ; 1e999 / 5", "Maybe ; 1 / 5", "True ; 1"),
        *("True ; ١ / ٥", "True ; " + "9" * 400 + " / 5", "True ; 1.0 / 5.0 x"),
    ],
)
def test_a_score_when_it_is_no_number_is_an_error(spam: str) -> None:
    """Nobody computes with what is not finite."""
    with pytest.raises(RemoteProtocolError, match="it gives the score as"):
        spamd.verdict(answer(spam=spam), name="x")


@pytest.mark.parametrize(
    ("status", "is_temporary", "text"),
    [
        ("SPAMD/1.0 76 Bad header line: x", False, "Bad header line: x"),
        ("SPAMD/1.0 79 Timeout: (300 second timeout while trying to REPORT)", True, "Timeout"),
        ("SPAMD/1.0 75 EX_TEMPFAIL", True, "EX_TEMPFAIL"),
        ("SPAMD/1.0 98", False, "98"),
    ],
)
def test_a_refusal_when_spamd_gives_one_says_why(status: str, is_temporary: bool, text: str) -> None:
    """Its own words, and whether it is worth another try."""
    with pytest.raises(TransportError, match="it refuses to look at the message") as caught:
        spamd.verdict(Answer(status), name="x")
    assert text in str(caught.value)
    assert caught.value.is_temporary is is_temporary


@pytest.mark.parametrize("status", ["SPAMD/", "SPAMD/1.1", "SPAMD/1.1 OK", "SPAMD/x 0 EX_OK"])
def test_a_status_when_it_is_not_one_is_an_error(status: str) -> None:
    """The right beginning is not enough."""
    with pytest.raises(RemoteProtocolError, match="it answers 'SPAMD/"):
        spamd.verdict(answer(status=status), name="x")


def test_an_answer_when_it_is_cut_off_is_no_verdict() -> None:
    """A score without all of its reasons might be another message's."""
    peer = ScriptedPeer(
        [
            Hears(b"REPORT SPAMC/1.5\r\nContent-length: 2\r\n\r\n\r\n"),
            Says(b"SPAMD/1.1 0 EX_OK\r\nContent-length: 99\r\nSpam: True ; 7.4 / 5.0\r\n\r\nhalf of it"),
            Closes(),
        ]
    )
    with pytest.raises(ConnectError, match="lost in the middle"):
        peer.run(spamd.ask(Question(b""), name="x", user="", deadline=Deadline(5)))


def test_a_verdict_when_it_is_written_down_is_plain_data() -> None:
    """What --json prints."""
    verdict = SpamVerdict("x", 2.5, 5.0, is_spam=False, symbols=(Symbol("A", 2.5, "why"),), action="no action")
    assert verdict.facts() == {
        "scanner": "x",
        "score": 2.5,
        "threshold": 5.0,
        "is_spam": False,
        "action": "no action",
        "symbols": [{"name": "A", "points": 2.5, "text": "why"}],
    }
