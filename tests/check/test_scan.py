"""The scanner: its URL, what it refuses to ask, and what it says when the filter cannot be asked."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from typing import TypeAlias

import pytest

from mailkit.check import Scanner, SpamVerdict
from mailkit.errors import (
    CapabilityMissing,
    ConfigError,
    ConnectError,
    MailkitError,
    MessageError,
    RemoteProtocolError,
    TlsError,
    TransportTimeout,
)
from mailkit.testing.peer import Closes, Says, Secures
from tests.kit.hostile import hostile
from tests.kit.peers import Authority, Hangs, HearsLines, RawStep, Resets, ScriptedServer, authority, free_port

__all__ = ["authority"]

RAW = b"Subject: x\r\n\r\nhello\r\n"
BODY = json.dumps(
    {"score": 1.5, "required_score": 15, "action": "no action", "symbols": {"A": {"score": 1.5}}}
).encode()
HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
SPAMD = b"SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: False ; 1.5 / 5.0\r\n\r\n"
ANSWERS = {"spamd": SPAMD, "rspamd": HTTP}
Scan: TypeAlias = Callable[..., SpamVerdict]
Failed: TypeAlias = Callable[..., MailkitError]
HEARD = HearsLines(5)  # a part of the request is enough to begin


@pytest.fixture(params=["spamd", "rspamd"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Each of the protocols."""
    found: str = request.param
    return found


@pytest.fixture(params=["blocking", "asyncio"])
def scan(request: pytest.FixtureRequest) -> Scan:
    """Both ways to ask."""
    if request.param == "blocking":
        return Scanner.scan
    return lambda scanner, raw, **facts: asyncio.run(scanner.scan_async(raw, **facts))


@pytest.fixture
def failed(scan: Scan) -> Failed:
    """What is raised when the filter of a scheme does this."""

    def run(scheme: str, *script: RawStep, options: str = "") -> MailkitError:
        with ScriptedServer(script) as server, pytest.raises(MailkitError) as caught:
            scan(Scanner.open(f"{scheme}://127.0.0.1:{server.port}{options}"), RAW)
        assert str(caught.value).startswith(Scanner.open(f"{scheme}://127.0.0.1:{server.port}").name + ": ")
        assert caught.value.hint
        return caught.value

    return run


# -- the URL -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("spamd://127.0.0.1:783", "SpamAssassin at 127.0.0.1:783"),
        ("SPAMD://Spam.Example.com/", "SpamAssassin at spam.example.com:783"),
        ("spamd://[::1]:1783?user=ada", "SpamAssassin at [::1]:1783"),
        ("spamd:///run/spamd%20x.sock?timeout=5", "SpamAssassin at /run/spamd x.sock"),
        ("rspamd://my_rspamd?password=q1", "rspamd at my_rspamd:11333"),
        ("rspamd:///run/rspamd.sock", "rspamd at /run/rspamd.sock"),
        ("rspamds://rspamd.example.com?verify=no&password=q1", "rspamd at rspamd.example.com:443"),
    ],
)
def test_a_url_when_it_is_good_names_the_filter_without_secrets(url: str, name: str) -> None:
    """The title of the program and where it is; nobody has been asked yet."""
    scanner = Scanner.open(url)
    assert scanner.name == name
    assert "q1" not in repr(scanner)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "no scheme"),
        ("127.0.0.1:783", "no scheme"),
        ("smtp://127.0.0.1", "smtp: is not the URL of a spam filter"),
        ("spamds://127.0.0.1", "spamds: is not the URL"),
        ("spamd:", "no host"),
        ("spamd://", "no host"),
        ("spamd:///", "no host"),
        ("rspamds:///run/x.sock", "no host"),
        ("spamd:///run/%00", "no host"),
        ("spamd://h:99999", "cannot be read"),
        ("spamd://h:secret", "cannot be read"),
        ("spamd://[::1", "cannot be read"),
        ("spamd://h/secret", "both a host and a path"),
        ("spamd://a..b", "not a host name"),
        ("spamd://" + "a" * 64, "not a host name"),
        ("spamd://" + "a." * 140 + "b", "not a host name"),
        ("spamd://h st", "not a host name"),
        ("spamd://exämple.com", "not a host name"),
        ("rspamd://ada:secret@h", "a user or a '#'"),
        ("rspamd://h?password=sec#secret", "a user or a '#'"),
        ("spamd://h?password=secret", "no option 'password'"),
        ("rspamd://h?usr=secret", "no option 'usr'"),
        ("rspamd://h?verify=no", "no option 'verify'"),
        ("rspamd://h?secret", "cannot be read"),
        ("rspamd://h?password=secret%0d%0aX: y", "password has a control character"),
        ("spamd://h?user=secret%0aX: y", "user has a control character"),
        ("spamd://h\r\n?user=secret", "has a control character"),
        ("rspamd://h?password_env=MAILKIT_NOT_THERE", "'MAILKIT_NOT_THERE' is not set"),
        ("spamd://h?timeout=0", "timeout=0 is not a positive number"),
        ("spamd://h?timeout=nan", "timeout=nan is not"),
        ("spamd://h?max_size=-1", "max_size=-1 is not"),
        ("rspamds://h?verify=perhaps", "neither yes nor no"),
        ("rspamds://h?key=a.pem", "key without cert"),
        ("rspamds://h?ca=a%00", "ca has a control character"),
        ("rspamds://h?tls_name=.x", "tls_name=.x is not a host name"),
        ("rspamds://h?tls_name=" + "x" * 64, "is not a host name"),
    ],
)
def test_a_url_when_it_is_wrong_is_a_config_error_without_secrets(url: str, problem: str) -> None:
    """What is wrong with it, and no more of it than that."""
    with pytest.raises(ConfigError) as caught:
        Scanner.open(url)
    assert problem in str(caught.value)
    assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_a_password_when_it_is_in_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it stands in no shell's history."""
    monkeypatch.setenv("RSPAMD_PASSWORD", "q1 secret")
    scanner = Scanner.open("rspamd://h?password_env=RSPAMD_PASSWORD")
    assert scanner.target.password is not None
    assert scanner.target.password.reveal() == "q1 secret"


def test_a_scanner_when_it_has_been_opened_does_not_change() -> None:
    """It can be shared by threads."""
    scanner = Scanner.open("spamd://h")
    with pytest.raises(FrozenInstanceError):
        scanner.target = Scanner.open("spamd://other").target  # type: ignore[misc]


# -- what is not asked -------------------------------------------------------------------------------------------------


@hostile
@pytest.mark.parametrize("field", ["sender", "recipients", "hello", "peer"])
def test_an_envelope_when_it_could_become_a_header_is_refused(scheme: str, field: str, text: str, scan: Scan) -> None:
    """Before anything is sent: there is nobody at that port."""
    value = (text,) if field == "recipients" else text
    with pytest.raises(MessageError) as caught:
        scan(Scanner.open(f"{scheme}://127.0.0.1:1"), RAW, **{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("peer", ["localhost", "192.0.2", "192.0.2.7, 10.0.0.1", "[::1]"])
def test_a_peer_when_it_is_no_address_is_refused(peer: str, scan: Scan) -> None:
    """rspamd would pass over it, and the verdict be another one."""
    with pytest.raises(MessageError, match="is not an IP address"):
        scan(Scanner.open("rspamd://127.0.0.1:1"), RAW, peer=peer)


def test_a_message_when_it_is_too_large_is_not_sent(scheme: str, scan: Scan) -> None:
    """The error says the size, the limit, and how to raise it."""
    with pytest.raises(CapabilityMissing, match=r"has 20 bytes, and .* about 19 at most") as caught:
        scan(Scanner.open(f"{scheme}://127.0.0.1:1?max_size=19"), RAW[:20])
    assert "max_size" in caught.value.hint


# -- answers -----------------------------------------------------------------------------------------------------------


def test_a_filter_when_it_answers_gives_its_verdict(scheme: str, scan: Scan) -> None:
    """Over a socket, with the name of the filter in it."""
    with ScriptedServer([HEARD, Says(ANSWERS[scheme])]) as server:
        scanner = Scanner.open(f"{scheme}://127.0.0.1:{server.port}")
        verdict = scan(scanner, RAW, recipients=("b@y.example",))
    assert (verdict.scanner, verdict.score, verdict.is_spam) == (scanner.name, 1.5, False)


def test_a_filter_when_it_is_not_there_says_what_to_start(scheme: str, scan: Scan) -> None:
    """The commonest mistake of all."""
    url = f"{scheme}://127.0.0.1:{free_port()}"
    with pytest.raises(ConnectError, match="refused the connection") as caught:
        scan(Scanner.open(url), RAW)
    assert caught.value.hint == f"Start {scheme}, or take --spam away."
    assert caught.value.is_temporary


def test_a_socket_when_it_is_not_there_says_what_to_start(scheme: str, scan: Scan) -> None:
    """Likewise for a path, also one that is too long for a socket."""
    for path in ("/nowhere/x.sock", "/" + "x" * 200):
        with pytest.raises(ConnectError, match=r"x.*failed") as caught:
            scan(Scanner.open(f"{scheme}://{path}"), RAW)
        assert caught.value.hint == f"Start {scheme}, or take --spam away."


def test_a_mail_server_when_it_is_on_that_port_is_quoted(scheme: str, failed: Failed) -> None:
    """Whoever mistook the port reads what is there."""
    error = failed(scheme, Says(b"220 mail.example ESMTP\r\n"), HEARD, Says(b"500 What?\r\n"), Closes())
    assert type(error) is RemoteProtocolError
    assert "it answers '220 mail.example ESMTP'" in str(error)


def test_a_filter_when_it_never_answers_is_given_up(scheme: str, failed: Failed) -> None:
    """After the time that the URL allows."""
    error = failed(scheme, Hangs(), options="?timeout=0.05")
    assert type(error) is TransportTimeout
    assert "there was no answer within 0.05 seconds" in str(error)
    assert error.is_temporary


def test_a_filter_when_it_hangs_up_is_a_lost_connection(scheme: str, failed: Failed) -> None:
    """At once, or by a reset."""
    for last in (Closes(), Resets()):
        assert type(failed(scheme, HEARD, last)) is ConnectError


def test_a_filter_when_it_hangs_up_in_the_middle_gives_no_verdict(scheme: str, failed: Failed) -> None:
    """Wherever that is."""
    answer = ANSWERS[scheme].replace(b"length: 0", b"length: 9")
    for size in (1, 17, len(answer) - 1):
        error = failed(scheme, HEARD, Says(answer[:size]), Closes())
        assert type(error) is ConnectError


def test_a_filter_when_it_echoes_the_password_does_not_make_us_tell_it(failed: Failed) -> None:
    """Errors go to logs."""
    error = failed(
        "rspamd", HEARD, Says(b"HTTP/1.1 401 not q1-secret\r\n\r\n"), Closes(), options="?password=q1-secret"
    )
    assert "not ***" in str(error)
    assert "q1-secret" not in f"{error} {error.hint} {vars(error)}"


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secure(authority: Authority) -> Iterator[ScriptedServer]:
    """A server with a certificate for localhost, from an authority that must be told of."""
    with ScriptedServer([Secures(), HEARD, Says(HTTP)], tls=authority.context("localhost")) as server:
        yield server


def test_a_filter_when_its_certificate_is_good_is_asked_over_tls(
    authority: Authority, secure: ScriptedServer, scan: Scan
) -> None:
    """The name must fit, and the authority be known."""
    url = f"rspamds://localhost:{secure.port}?ca={authority.ca_file}"
    assert scan(Scanner.open(url), RAW).score == 1.5


def test_a_filter_when_verification_is_switched_off_is_asked_all_the_same(secure: ScriptedServer, scan: Scan) -> None:
    """For a test server, by an option that says so."""
    assert scan(Scanner.open(f"rspamds://127.0.0.1:{secure.port}?verify=no"), RAW).score == 1.5


def test_a_filter_when_its_certificate_is_for_another_name_hears_nothing(authority: Authority, scan: Scan) -> None:
    """A known authority is not enough."""
    with ScriptedServer([Secures()], tls=authority.context("elsewhere.example")) as server:
        url = f"rspamds://localhost:{server.port}?ca={authority.ca_file}"
        with pytest.raises(TlsError, match="cannot be trusted") as caught:
            scan(Scanner.open(url), RAW)
    assert "tls_name=NAME" in caught.value.hint


def test_a_filter_when_nobody_vouches_for_it_hears_nothing(authority: Authority, scan: Scan) -> None:
    """The error says how to name the authority."""
    server = ScriptedServer([Secures()], tls=authority.context("localhost"))
    with server, pytest.raises(TlsError, match="cannot be trusted") as caught:
        scan(Scanner.open(f"rspamds://localhost:{server.port}"), RAW)
    assert "ca=FILE" in caught.value.hint


def test_a_filter_when_it_speaks_no_tls_says_which_scheme_to_write(failed: Failed) -> None:
    """An SMTP server's advice would not help."""
    error = failed("rspamds", Says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Closes())
    assert type(error) is TlsError
    assert error.hint == "Write rspamd:// instead of rspamds:// if it has no TLS."


def test_an_authority_when_its_file_is_not_there_is_a_config_error(scan: Scan) -> None:
    """Known before the message leaves."""
    with ScriptedServer([Closes()]) as server, pytest.raises(ConfigError, match="CA file"):
        scan(Scanner.open(f"rspamds://127.0.0.1:{server.port}?ca=/nowhere.pem"), RAW)
