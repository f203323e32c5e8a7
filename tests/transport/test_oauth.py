"""Access tokens over HTTPS, from a server on this machine: what is asked, what is kept, and what each refusal means."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from mailkit.errors import AuthError, ConfigError, ConnectError, TlsError
from mailkit.net import TlsProfile
from mailkit.secret import Secret
from mailkit.transport import RefreshToken
from mailkit.transport.oauth import post
from tests.kit.peers import Authority

GIVEN = {"client_id": "me.apps.example", "client_secret": Secret("cl1ent"), "refresh_token": Secret("r3fresh")}
SECRETS = ("cl1ent", "r3fresh", "acc3ss", "n3wer")


@dataclass
class Endpoint:
    """An OAuth server's token endpoint: gives its answers in order."""

    answers: list[tuple[int, bytes]]
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(authority: Authority, *answers: tuple[int, object]) -> Iterator[Endpoint]:
    endpoint = Endpoint(
        [(status, told if isinstance(told, bytes) else json.dumps(told).encode()) for status, told in answers]
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.asked.append(parse_qs(body.decode()))
            status, told = endpoint.answers.pop(0)
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = authority.context().wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    endpoint.url = f"https://localhost:{server.server_port}/token"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def fetch(authority: Authority):
    return partial(post, tls=TlsProfile(ca_file=str(authority.ca_file)))


def told(status: int, answer: object) -> RefreshToken:
    """A source whose server gives this answer, without a network."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return RefreshToken("https://login.example.com/token", **GIVEN, fetch=lambda url, form: (status, body))


# -- asking ------------------------------------------------------------------------------------------------------------


def test_google_when_asked_then_the_form_is_that_of_the_rfc(authority: Authority, fetch) -> None:
    """RFC 6749 6."""
    with serving(authority, (200, {"access_token": "acc3ss", "expires_in": 3599, "token_type": "Bearer"})) as endpoint:
        token = RefreshToken.google(**GIVEN, endpoint=endpoint.url, fetch=fetch)()
    assert (token.text.reveal(), token.seconds) == ("acc3ss", 3599)
    assert endpoint.asked == [
        {
            "grant_type": ["refresh_token"],
            "client_id": ["me.apps.example"],
            "client_secret": ["cl1ent"],
            "refresh_token": ["r3fresh"],
        }
    ]


def test_microsoft_when_it_gives_a_new_refresh_token_then_that_is_used_and_kept(authority: Authority, fetch) -> None:
    """The old one ends after a while."""
    kept: list[Secret] = []
    first = {"access_token": "acc3ss", "expires_in": "3599", "refresh_token": "n3wer"}
    with serving(authority, (200, first), (200, {**first, "access_token": "other"})) as endpoint:
        source = RefreshToken.microsoft(
            client_id="me", refresh_token=Secret("r3fresh"), endpoint=endpoint.url, fetch=fetch, keep=kept.append
        )
        assert source().seconds == 3599
        assert source().text == Secret("other")
    assert [asked["refresh_token"] for asked in endpoint.asked] == [["r3fresh"], ["n3wer"]]
    assert endpoint.asked[0]["scope"] == ["https://outlook.office.com/SMTP.Send offline_access"]
    assert "client_secret" not in endpoint.asked[0]
    assert kept == [Secret("n3wer")]


def test_endpoints_when_nobody_says_otherwise_then_they_are_those_of_the_provider() -> None:
    """The tenant cannot lead elsewhere."""
    asked: list[str] = []

    def note(url: str, form: bytes) -> tuple[int, bytes]:
        asked.append(url)
        return 200, b'{"access_token": "t"}'

    for tenant in ("common", "contoso.example", "../evil?"):
        RefreshToken.microsoft(client_id="me", refresh_token=Secret("r"), tenant=tenant, fetch=note)()
    RefreshToken.google(**GIVEN, fetch=note)()
    base = "https://login.microsoftonline.com/{}/oauth2/v2.0/token".format
    assert asked == [
        base("common"),
        base("contoso.example"),
        base("..%2Fevil%3F"),
        "https://oauth2.googleapis.com/token",
    ]


def test_endpoint_when_it_is_not_https_then_it_is_refused() -> None:
    """Secrets are sent to it."""
    with pytest.raises(ConfigError, match="https://"):
        RefreshToken("http://login.example.com/token", **GIVEN)


def test_post_when_the_certificate_is_not_trusted_then_nothing_is_sent(authority: Authority) -> None:
    """As for SMTP."""
    with serving(authority) as endpoint, pytest.raises(TlsError, match="cannot be trusted"):
        RefreshToken(endpoint.url, **GIVEN)()
    assert endpoint.asked == []


def test_post_when_it_is_sent_elsewhere_then_it_does_not_go(authority: Authority, fetch) -> None:
    """The form holds secrets."""
    with (
        serving(authority, (302, b""), (200, {"access_token": "acc3ss"})) as endpoint,
        pytest.raises(AuthError, match="HTTP 302"),
    ):
        RefreshToken(endpoint.url, **GIVEN, fetch=fetch)()
    assert len(endpoint.asked) == 1


def test_post_when_nobody_listens_then_it_may_be_tried_again(authority: Authority, fetch) -> None:
    """It is the network, not the token."""
    with serving(authority) as endpoint:
        pass
    with pytest.raises(ConnectError, match="localhost cannot be asked") as caught:
        RefreshToken(endpoint.url, **GIVEN, fetch=fetch)()
    assert caught.value.is_temporary


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "description", "hint"),
    [
        ("invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity.", "90 days"),
        (
            "invalid_grant",
            "AADSTS50173: The provided grant has expired due to it being revoked",
            "password was changed",
        ),
        ("invalid_grant", "AADSTS70000: The request was denied", "other scopes"),
        ("invalid_client", "AADSTS7000215: Invalid client secret provided.", "not its id"),
        ("invalid_client", "AADSTS7000222: The provided client secret keys are expired.", "new one"),
        ("unauthorized_client", "AADSTS700016: Application was not found in the directory", "client_id"),
        ("invalid_grant", "AADSTS65001: The user or administrator has not consented", "agreed"),
        ("invalid_grant", "Token has been expired or revoked.", "let the user agree again"),
        ("invalid_client", "The OAuth client was not found.", "client_id and client_secret"),
        ("unauthorized_client", "", "another client_id"),
        ("invalid_scope", "", "scope"),
        ("insufficient_scope", "", "sending mail"),
        ("something_new", "", ""),
    ],
)
def test_refusal_when_it_has_a_reason_then_the_hint_says_what_to_do(error: str, description: str, hint: str) -> None:
    """The providers' words are kept, too."""
    with pytest.raises(AuthError, match=f"login.example.com gives no access token: {error}") as caught:
        told(400, {"error": error, "error_description": description})()
    assert hint in caught.value.hint
    assert description in str(caught.value)


def test_refusal_when_google_ends_a_token_then_the_seven_days_are_named() -> None:
    """Which is what nearly everybody meets first."""
    answer = json.dumps({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}).encode()
    with pytest.raises(AuthError) as caught:
        RefreshToken.google(**GIVEN, fetch=lambda url, form: (400, answer))()
    assert "7 days" in caught.value.hint


@pytest.mark.parametrize("status", [429, 500, 503])
def test_refusal_when_the_server_is_busy_then_it_may_be_tried_again(status: int) -> None:
    """It has said nothing about the token."""
    with pytest.raises(ConnectError) as caught:
        told(status, b"<html>")()
    assert caught.value.is_temporary


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b"null", b"[" * 100_000, {}, {"access_token": 1}, {"access_token": None}, b"\xff"]
)
def test_answer_when_there_is_no_token_in_it_then_the_error_says_so(answer: object) -> None:
    """Whatever it is instead."""
    with pytest.raises(AuthError, match="without an access token"):
        told(200, answer)()


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [(3600, 3600), ("3600", 3600), (None, 0), (-1, 0), ("soon", 0), ([], 0), (1e300, 1e9), ("9" * 400, 0)],
)
def test_answer_when_it_says_how_long_then_only_a_number_counts(expires_in: object, seconds: float) -> None:
    """RFC 6749 5.1, and servers that put it in quotes."""
    assert told(200, {"access_token": "t", "expires_in": expires_in})().seconds == seconds


def test_errors_and_reprs_when_shown_then_no_secret_is_in_them() -> None:
    """Not even when the server repeats them."""
    source = told(400, {"error": "invalid_grant", "error_description": "r3fresh of cl1ent \x1b[2J is bad\r\nINFO fine"})
    with pytest.raises(AuthError) as caught:
        source()
    shown = f"{caught.value} {caught.value!r} {caught.value.hint} {caught.value.__dict__} {source!r}"
    assert not any(secret in shown for secret in SECRETS)
    assert str(caught.value).isprintable()
