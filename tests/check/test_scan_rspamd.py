"""rspamd's protocol, without sockets."""

import json
from typing import Any

import pytest

from mailkit.check.scan import rspamd
from mailkit.check.scan.answer import Answer
from mailkit.check.scan.deadline import Deadline
from mailkit.check.scan.question import Question
from mailkit.check.scan.verdict import Symbol
from mailkit.errors import AuthError, ConnectError, RemoteProtocolError, TransportError
from mailkit.secret import Secret
from mailkit.testing.peer import Closes, Hears, Says, ScriptedPeer, Secures

FACTS: dict[str, Any] = {
    "is_skipped": False,
    "score": 8.5,
    "required_score": 15.0,
    "action": "add header",
    "symbols": {
        "GOOD": {"name": "GOOD", "score": -1.0, "description": "A good sign"},
        "LINKS": {"name": "LINKS", "score": 9.5, "description": "Links", "options": ["a.example", "b.example"]},
        "BARE": {"name": "BARE", "score": 0.0},
    },
    "message-id": "x@example.com",
}


def answer(facts: object, *, status: str = "HTTP/1.1 200 OK") -> Answer:
    body = facts if isinstance(facts, bytes) else json.dumps(facts).encode()
    return Answer(status, {}, body, is_whole=True)


def test_a_message_when_it_is_asked_about_goes_with_its_envelope() -> None:
    """The whole dialogue: each recipient has a header of its own."""
    question = Question(
        b"A: b\r\n\r\n", "ada@x.example", ("b@y.example", "zoë@z.example"), "mail.x.example", "192.0.2.7"
    )
    head = (
        "POST /checkv2 HTTP/1.0\r\nHost: h:1\r\nUser-Agent: mailkit\r\nContent-Length: 8\r\nFrom: ada@x.example\r\n"
        "Rcpt: b@y.example\r\nRcpt: zoë@z.example\r\nHelo: mail.x.example\r\nIP: 192.0.2.7\r\nPassword: q1\r\n\r\n"
    )
    body = json.dumps(FACTS).encode()
    said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: application/json\r\n\r\n%s" % (len(body), body)
    for bytewise in (False, True):
        script = [Secures(), Hears(head.encode() + b"A: b\r\n\r\n"), Says(said)]
        ask = rspamd.ask(question, name="x", host="h:1", password=Secret("q1"), secure=True, deadline=Deadline(5))
        found = ScriptedPeer(script, bytewise=bytewise).run(ask)
        assert (found.scanner, found.score, found.threshold, found.action) == ("x", 8.5, 15.0, "add header")
        assert found.is_spam
        assert found.symbols == (
            Symbol("LINKS", 9.5, "Links [a.example, b.example]"),
            Symbol("GOOD", -1.0, "A good sign"),
            Symbol("BARE", 0.0, ""),
        )


def test_what_is_not_known_of_the_envelope_is_not_said() -> None:
    """An empty header would be a statement."""
    assert rspamd.request(Question(b""), host="h") == (
        b"POST /checkv2 HTTP/1.0\r\nHost: h\r\nUser-Agent: mailkit\r\nContent-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("action", "is_spam"),
    [
        ("no action", False),
        ("greylist", False),
        ("soft reject", False),
        ("add header", True),
        ("rewrite subject", True),
        ("reject", True),
        ("quarantine", True),
        ("discard", True),
        ("something of our own", False),
    ],
)
def test_an_action_when_people_would_not_find_the_message_in_their_inbox_is_spam(action: str, is_spam: bool) -> None:
    """What is only put off comes in the end."""
    found = rspamd.verdict(answer({**FACTS, "action": action}), name="x")
    assert (found.action, found.is_spam) == (action, is_spam)


def test_a_symbol_when_it_has_many_options_names_a_few() -> None:
    """A message may have hundreds of links."""
    symbols = {"LINKS": {"score": 1.0, "options": [f"{n}.example" for n in range(300)]}}
    found = rspamd.verdict(answer({**FACTS, "symbols": symbols}), name="x")
    assert found.symbols[0].text == "[" + ", ".join(f"{n}.example" for n in range(8)) + ", …]"


def test_what_rspamd_says_when_it_has_control_characters_loses_them() -> None:
    """Names, descriptions and actions reach a terminal without escape sequences and half characters."""
    symbols = {"A\x1b[2J": {"score": 1.0, "description": "x\r\ny\ud800"}}
    found = rspamd.verdict(answer({**FACTS, "symbols": symbols, "action": "no\x07"}), name="x")
    assert found.symbols == (Symbol("A?[2J", 1.0, "x y?"),)
    assert found.action == "no?"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"{",
        b"[]",
        b"null",
        b"1",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"score": ' + b"9" * 5000 + b"}",
        b"<html></html>",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_an_answer_when_it_is_not_an_object_is_an_error(body: bytes) -> None:
    """Half of one, none at all, or one nested as deep as it can be."""
    with pytest.raises(RemoteProtocolError, match=r"is not (?:JSON|an object)"):
        rspamd.verdict(answer(body), name="x")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "true", "null", '"1"', "[]"])
@pytest.mark.parametrize("place", ["score", "required_score", "symbols.GOOD"])
def test_a_number_when_it_is_not_finite_is_an_error(value: str, place: str) -> None:
    """Wherever it stands; Python's own reader takes NaN for JSON."""
    facts = json.loads(json.dumps(FACTS))
    if place == "symbols.GOOD":
        facts["symbols"]["GOOD"]["score"] = "HERE"
    else:
        facts[place] = "HERE"
    with pytest.raises(RemoteProtocolError, match="score that can be used"):
        rspamd.verdict(answer(json.dumps(facts).replace('"HERE"', value).encode()), name="x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": None},
        {"action": ["reject"]},
        {"symbols": ["A"]},
        {"symbols": {"A": 1.0}},
        {"symbols": {"A": {"score": 1.0, "description": 7}}},
        {"symbols": {"A": {"score": 1.0, "options": "x"}}},
        {"symbols": {"A": {}}},
    ],
)
def test_a_part_when_it_has_another_type_is_an_error(wrong: dict[str, object]) -> None:
    """An answer of another program, or of another version that nobody has looked at."""
    with pytest.raises(RemoteProtocolError, match="that can be used"):
        rspamd.verdict(answer({**FACTS, **wrong}), name="x")


def test_options_when_they_are_no_text_are_left_out() -> None:
    """They only add detail."""
    symbols = {"A": {"score": 1.0, "description": "x", "options": [1, None, [[[]]], "y"]}}
    assert rspamd.verdict(answer({**FACTS, "symbols": symbols}), name="x").symbols == (Symbol("A", 1.0, "x [y]"),)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_refusal_when_it_is_for_the_password_says_how_to_give_one(status: str) -> None:
    """The controller wants one where the normal worker does not."""
    with pytest.raises(AuthError, match="wants another password") as caught:
        rspamd.verdict(Answer(f"HTTP/1.1 {status}"), name="x")
    assert "password_env" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "is_temporary"),
    [("500 invalid command", True), ("404 Not Found", False), ("301 Moved", False), ("204 No Content", False)],
)
def test_a_refusal_when_rspamd_gives_one_says_why(status: str, is_temporary: bool) -> None:
    """A redirection is one too: the message goes to the URL that was given and nowhere else."""
    with pytest.raises(TransportError, match=f"refuses to look at the message: {status}") as caught:
        rspamd.verdict(Answer(f"HTTP/1.1 {status}", {"location": "http://elsewhere.example/"}), name="x")
    assert caught.value.is_temporary is is_temporary


@pytest.mark.parametrize("status", ["HTTP/", "HTTP/1.1", "HTTP/1.1 OK", "HTTP/2 200", "HTTP/1.1 ٢٠٠ OK"])
def test_a_status_when_it_is_not_one_is_an_error(status: str) -> None:
    """The right beginning is not enough."""
    with pytest.raises(RemoteProtocolError, match="it answers 'HTTP/"):
        rspamd.verdict(answer(FACTS, status=status), name="x")


@pytest.mark.parametrize("size", [0, 1, 20])
def test_an_answer_when_it_is_cut_off_is_no_verdict(size: int) -> None:
    """Not even if what came is JSON."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + json.dumps(FACTS).encode()[:size]
    sent = rspamd.request(Question(b""), host="h")
    ask = rspamd.ask(Question(b""), name="x", host="h", password=None, secure=False, deadline=Deadline(5))
    with pytest.raises(ConnectError, match="lost in the middle"):
        ScriptedPeer([Hears(sent), Says(said), Closes()]).run(ask)
