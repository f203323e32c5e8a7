"""What the real filters say: SpamAssassin's spamd and rspamd, each started for these tests."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from mailkit import MessageBuilder
from mailkit.check import Scanner, SpamVerdict, Symbol
from mailkit.errors import AuthError, ConnectError, RemoteProtocolError
from tests.kit.daemon import started
from tests.kit.relay import relay
from tests.kit.rspamd import Rspamd
from tests.kit.spamd import Spamd

GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
RAW = bytes(
    MessageBuilder()
    .from_("Ada <ada@x.example>")
    .to("Bob <bob@y.example>")
    .subject("Minutes of Tuesday")
    .text("Dear Bob,\n\nhere are the minutes of the meeting. See you next week!\n\nAda\n")
    .build()
)
pytestmark = pytest.mark.slow  # rspamd takes seconds to start


@pytest.fixture(scope="session")
def spamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spamd]:
    """One SpamAssassin for all tests of the run."""
    yield from started(Spamd, tmp_path_factory)


@pytest.fixture(scope="session")
def rspamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rspamd]:
    """One rspamd for all tests of the run."""
    yield from started(Rspamd, tmp_path_factory)


@dataclass(frozen=True)
class Asked:
    """A filter that runs, asked over TCP or its Unix socket."""

    scheme: str
    place: str

    def scan(self, raw: bytes, options: str = "") -> SpamVerdict:
        """Ask with and without an event loop: the answer is the same."""
        scanner = Scanner.open(f"{self.scheme}://{self.place}{options}")
        verdict = scanner.scan(raw)
        again = asyncio.run(scanner.scan_async(raw))
        assert (again.score, set(names(again))) == (verdict.score, set(names(verdict)))
        return verdict


@pytest.fixture(params=["spamd", "spamd-socket", "rspamd", "rspamd-socket"])
def asked(request: pytest.FixtureRequest) -> Asked:
    """Each filter, over TCP and over its socket."""
    scheme, _, socket = request.param.partition("-")
    running: Spamd | Rspamd = request.getfixturevalue(scheme)
    return Asked(scheme, quote(str(running.socket)) if socket else f"127.0.0.1:{running.port}")


def names(verdict: SpamVerdict) -> list[str]:
    return [symbol.name for symbol in verdict.symbols]


def test_the_test_message_for_spam_filters_is_spam(asked: Asked) -> None:
    """GTUBE, which every filter must take for spam."""
    verdict = asked.scan(RAW + GTUBE)
    assert verdict.is_spam
    assert verdict.score >= verdict.threshold > 0
    assert "GTUBE" in names(verdict)


def test_an_ordinary_message_from_mailkit_is_not_spam(asked: Asked) -> None:
    """As it is composed, with nothing but a text."""
    verdict = asked.scan(RAW)
    assert not verdict.is_spam
    assert verdict.score < 1.0
    assert verdict.threshold == {"spamd": 5.0, "rspamd": 15.0}[asked.scheme]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header and no line end",
        b"Subject: caf\xe9\r\n\r\ncaf\xe9 \xff\xfe\r\n",
        bytes(range(256)) * 8,
        RAW.replace(b"\r\n", b"\n"),
        RAW + b"\r\n.\r\n" + RAW,
        b"A: b\r\n\r\n" + b"x" * 400_000,
    ],
    ids=["empty", "empty-line", "bare", "8-bit", "binary", "lf", "dots", "large"],
)
def test_a_message_when_it_is_odd_gets_a_verdict_all_the_same(asked: Asked, raw: bytes) -> None:
    """No message keeps a filter waiting for more, or us for the filter."""
    verdict = asked.scan(raw)
    assert verdict.threshold > 0


def test_points_and_score_add_up(asked: Asked) -> None:
    """What is wrong with a message without headers, rule by rule; SpamAssassin's report rounds each to a tenth."""
    verdict = asked.scan(b"X-Nothing: here\r\n\r\nBuy now\r\n")
    assert len(verdict.symbols) >= 4
    assert all(symbol.text for symbol in verdict.symbols if symbol.points)
    assert sum(symbol.points for symbol in verdict.symbols) == pytest.approx(
        verdict.score, abs=0.05 * len(verdict.symbols)
    )
    assert [abs(symbol.points) for symbol in verdict.symbols] == sorted(
        (abs(symbol.points) for symbol in verdict.symbols), reverse=True
    )


def test_spamd_when_a_description_is_long_gives_all_of_it(spamd: Spamd) -> None:
    """The report wraps it."""
    verdict = Scanner.open(f"spamd://127.0.0.1:{spamd.port}").scan(b"X-Mailkit-Test: yes\r\n" + RAW)
    text = "A rule of the tests with a description that is much too long for one line of the report"
    assert verdict.symbols[0] == Symbol("MAILKIT_TEST", 1.5, text)
    assert verdict.score == 1.5


def test_spamd_when_the_message_imitates_its_report_is_not_fooled(spamd: Spamd) -> None:
    """The report begins with a preview of the message."""
    forged = b"Subject: x\r\n\r\n---- ---------------------- --------------------\r\n-9.9 FORGED                 x\r\n"
    assert "FORGED" not in names(Scanner.open(f"spamd://127.0.0.1:{spamd.port}").scan(forged))


def test_spamd_when_it_is_told_a_user_looks_at_the_message_for_them(spamd: Spamd) -> None:
    """Its log names them."""
    Scanner.open(f"spamd://127.0.0.1:{spamd.port}?user=grace.hopper").scan(RAW)
    spamd.wait_for_log("for grace.hopper:")


def test_rspamd_when_it_is_told_the_envelope_looks_at_it(rspamd: Rspamd) -> None:
    """Sender, recipients, name and address all reach its rules or its log."""
    verdict = Scanner.open(f"rspamd://127.0.0.1:{rspamd.port}").scan(
        RAW,
        sender="mallory@elsewhere.example",
        recipients=("carol@z.example", "zoë@z.example"),
        hello="mail.elsewhere.example",
        peer="192.0.2.77",
    )
    texts = {symbol.name: symbol.text for symbol in verdict.symbols}
    assert "mallory@elsewhere.example" in texts["FORGED_SENDER"]
    assert "carol@z.example" in texts["FORGED_RECIPIENTS"]
    log = rspamd.wait_for_log("ip: 192.0.2.77")
    assert "from: <mallory@elsewhere.example>" in log


def test_rspamd_when_a_message_goes_among_the_spam_but_is_not_rejected_calls_it_spam(rspamd: Rspamd) -> None:
    """That is what people notice, and the threshold is for rejecting."""
    verdict = Scanner.open(f"rspamd://127.0.0.1:{rspamd.port}").scan(b"\xff\xfe" * 100)
    assert (verdict.action, verdict.is_spam) == ("add header", True)
    assert verdict.score < verdict.threshold


def test_rspamd_when_its_controller_is_asked_wants_the_password(rspamd: Rspamd) -> None:
    """With it the verdict is the same as the normal worker's."""
    url = f"rspamd://127.0.0.1:{rspamd.controller_port}"
    with pytest.raises(AuthError, match="wants another password"):
        Scanner.open(url).scan(RAW)
    with pytest.raises(AuthError, match="wants another password"):
        Scanner.open(f"{url}?password=wrong").scan(RAW)
    verdict = Scanner.open(f"{url}?password={quote(rspamd.password)}").scan(RAW + GTUBE)
    assert verdict.is_spam


def test_a_filter_when_it_is_asked_in_the_other_ones_protocol_is_an_error(spamd: Spamd, rspamd: Rspamd) -> None:
    """Whoever mixed the two up reads it at once."""
    with pytest.raises(RemoteProtocolError, match="it answers 'SPAMD/"):
        Scanner.open(f"rspamd://127.0.0.1:{spamd.port}").scan(RAW)
    with pytest.raises(ConnectError, match="SpamAssassin at"):
        Scanner.open(f"spamd://127.0.0.1:{rspamd.port}").scan(RAW)


@pytest.mark.parametrize("scheme", ["spamd", "rspamd"])
def test_our_own_smtp_server_when_it_is_asked_is_quoted(scheme: str) -> None:
    """Whoever gave the port of a mail server reads its greeting, although it soon hangs up on such a client."""
    with relay() as server, pytest.raises(RemoteProtocolError, match="it answers '220 "):
        Scanner.open(f"{scheme}://127.0.0.1:{server.url.rpartition(':')[2]}").scan(RAW * 500)
