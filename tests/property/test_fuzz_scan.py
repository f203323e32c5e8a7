"""Hostile spam filters, hostile envelopes and hostile URLs: only the documented errors, and no header of their own."""

import json
import math
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailkit.check import Scanner, SpamVerdict
from mailkit.check.scan import rspamd, spamd
from mailkit.check.scan.answer import Answer, AnswerReader
from mailkit.check.scan.question import Question
from mailkit.errors import (
    AuthError,
    ConfigError,
    ConnectError,
    MailkitError,
    MessageError,
    RemoteProtocolError,
    TransportError,
)
from mailkit.secret import Secret
from tests.kit.feeding import CUTS, Cut
from tests.property.test_fuzz import FUZZ, pieces

pytestmark = pytest.mark.slow  # hundreds of examples each

FORESEEN = {RemoteProtocolError, TransportError, ConnectError, AuthError}
SAID = pieces(
    *("SPAMD/1.1 0 EX_OK", "SPAMD/1.0 79 Timeout", "SPAMD/", "HTTP/1.1 200 OK", "HTTP/1.0 401 No", "HTTP/1.1 500"),
    *("\r\n", "\r\n", "\r\n\r\n", "\r\n\r\n", "\n", "\r", ":", " ", "\t", ";", "/", "\0", "\x1b[2J", "é", "\u2028"),
    *(
        "Content-length: 12",
        "Content-Length: 3",
        "content-length: -1",
        "Content-length: 99999999999",
        "Content-length:",
    ),
    *("Spam: True ; 1.0 / 5.0", "Spam: False ; -1 / 5", "Spam: True ; nan / inf", "Transfer-Encoding: chunked"),
    *("---- ---------------------- -----", " 1.0 RULE                   text", " " * 28 + "more", "-9.9 A", "1e9 B  x"),
    *('{"score": 1, "required_score": 5, "action": "reject", "symbols": {}}', '{"score": NaN', "[[[[", "{", "}", '"'),
).map(lambda text: text.encode("utf-8", "surrogatepass"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["score", "required_score", "action", "symbols", "description", "options"])
            | st.text(max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=24,
)
TEXT = st.text(max_size=20) | pieces("\r\n", "\r", "\n", "\0", ":", " ", "Password: x", "é", "\u2028", "\x85", "\ud800")


def error_of(deed: Callable[[], object]) -> MailkitError | None:
    """The error that mailkit raises, if it does; any other one is a fault."""
    try:
        deed()
    except MailkitError as error:
        return error
    return None


def outcome(data: bytes, mark: bytes, cut: Cut) -> str:
    """What is made of an answer that comes in pieces, and then no more."""
    read = spamd.verdict if mark == b"SPAMD/" else rspamd.verdict
    found: list[object] = []

    def deed() -> None:
        answer = taken(data, AnswerReader(mark), cut)
        found.append(read(answer, name="x") if answer else None)

    error = error_of(deed)
    assert error is None or type(error) in FORESEEN
    assert str(error).isprintable()
    return repr(error or found)


def taken(data: bytes, reader: AnswerReader, cut: Cut) -> Answer | None:
    for piece in cut(data):
        reader.feed(piece)
        if answer := reader.take():
            return answer
    return reader.end()


@FUZZ
@given(data=SAID | st.binary(max_size=60), mark=st.sampled_from([b"SPAMD/", b"HTTP/"]))
def test_any_answer_is_a_verdict_or_a_foreseen_error_however_it_is_cut(data: bytes, mark: bytes) -> None:
    """And the same one for each way in which the network may cut it."""
    assert len({outcome(data, mark, cut) for cut in CUTS}) == 1


@FUZZ
@given(body=SAID, score=st.sampled_from(["True ; 1.0 / 5.0", "False ; -2.5 / 5.0"]))
def test_any_report_gives_finite_points_and_printable_text(body: bytes, score: str) -> None:
    """Whatever table an administrator, or the message in it, makes up."""
    verdict = spamd.verdict(Answer("SPAMD/1.1 0 EX_OK", {"spam": score}, body, is_whole=True), name="x")
    sound(verdict)


@FUZZ
@given(facts=JSON)
@example(facts={"score": -0.0, "required_score": 0, "action": "\x1b", "symbols": {"\ud800": {"score": 1e308}}})
def test_any_json_is_a_verdict_or_a_foreseen_error(facts: object) -> None:
    """Numbers that are none, texts that are numbers, lists in the place of objects."""
    answer = Answer("HTTP/1.1 200 OK", {}, json.dumps(facts).encode(), is_whole=True)
    error = error_of(lambda: sound(rspamd.verdict(answer, name="x")))
    assert error is None or type(error) is RemoteProtocolError
    assert str(error).isprintable()


def sound(verdict: SpamVerdict) -> None:
    """Finite numbers and harmless text, which JSON can hold."""
    assert math.isfinite(verdict.score)
    assert math.isfinite(verdict.threshold)
    for symbol in verdict.symbols:
        assert math.isfinite(symbol.points)
        assert (symbol.name + symbol.text).isprintable()
    json.dumps(verdict.facts(), allow_nan=False).encode()


@FUZZ
@given(sender=TEXT, recipients=st.lists(TEXT, max_size=3), hello=TEXT, raw=st.binary(max_size=20))
def test_an_envelope_is_refused_or_stays_in_its_headers(
    sender: str, recipients: list[str], hello: str, raw: bytes
) -> None:
    """No text becomes a header, or ends them, before the message."""
    try:
        question = Question(raw, sender, tuple(recipients), hello)
    except MessageError:
        return
    sent = rspamd.request(question, host="h", password=Secret("q1"))
    head, _, body = sent.partition(b"\r\n\r\n")
    assert body == raw
    fields = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:]]
    assert fields == [
        *(b"Host", b"User-Agent", b"Content-Length"),
        *([b"From"] if sender else []),
        *([b"Rcpt"] * len(recipients)),
        *([b"Helo"] if hello else []),
        b"Password",
    ]
    assert not any(line.splitlines()[1:] for line in head.decode().split("\r\n"))


@FUZZ
@given(
    url=pieces(
        *("spamd:", "rspamd:", "rspamds:", "smtp:", "//", "/", "?", "&", "=", "#", "@", ":", "[", "]", "::1", "%00"),
        *("127.0.0.1", "example.com", "783", "99999", "user=", "password=", "timeout=", "max_size=", "verify=", "nan"),
        *("%0d%0a", "\r\n", "\t", " ", "é", "。", "\ud800", "..", "-", "_", "1e3", "inf"),
    )
)
@example(url="spamd://[::1")
@example(url="spamd://\uff0f")
def test_any_url_opens_or_is_a_config_error(url: str) -> None:
    """And the name of what it opens is one printable line."""
    error = error_of(lambda: Scanner.open(url).name)
    assert error is None or type(error) is ConfigError
    assert "\n" not in str(error)


@FUZZ
@given(secret=st.text(alphabet="ABCDEFGHJKLMNOPQRSTUVWXYZ/@:?#% ", min_size=6, max_size=20))
def test_a_password_in_a_url_is_never_in_what_we_say(secret: str) -> None:
    """Whether it was written rightly, or where it should not be."""
    good = Scanner.open(f"rspamd://h?password={quote(secret, safe='')}")
    assert secret not in f"{good.name} {good!r}"
    for url in (f"rspamd://h?password={secret}", f"rspamd://u:{secret}@h"):
        error = error_of(partial(Scanner.open, url))
        assert error is None or secret not in f"{error} {error.hint}"
