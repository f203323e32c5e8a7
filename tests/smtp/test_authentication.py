"""AUTH as the client speaks it: falling to weaker mechanisms, fetching fresh tokens, and what it never does."""

from base64 import b64encode
from collections.abc import Callable

import pytest

from mailkit import clock
from mailkit.errors import AuthError, ConnectError, MailkitError
from mailkit.secret import Secret
from mailkit.smtp import Client, Credentials, Profile, StartTlsPolicy, Token
from mailkit.testing import FrozenClock
from mailkit.testing.peer import Closes, Hears, Says, ScriptedPeer, Step
from tests.smtp.test_scram import SHA_256, Nonce

ADA = Credentials("ada", Secret("pw"))
PLAIN = b"AUTH PLAIN AGFkYQBwdw=="
PENCIL = Credentials("user", Secret("pencil"))
OPEN = Profile("me", starttls=StartTlsPolicy.OFF, credentials=PENCIL)
feeding = pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])


def lines(*pairs: tuple[bytes, bytes]) -> list[Step]:
    return [step for heard, said in pairs for step in (Hears(heard + b"\r\n"), Says(said + b"\r\n"))]


def offering(*names: str) -> list[Step]:
    return [Says(b"220 hi\r\n"), *lines((b"EHLO me", b"250-ok\r\n250 AUTH " + " ".join(names).encode()))]


def log_in(
    credentials: Credentials,
    script: list[Step],
    *,
    bindings: tuple[tuple[str, bytes], ...] = (),
    bytewise: bool = False,
    profile: Profile | None = None,
) -> Client:
    client = Client(profile or Profile("me", credentials=credentials), is_secure=profile is None)
    ScriptedPeer(script, bytewise=bytewise, bindings=bindings).run(client.open())
    return client


def b64(data: bytes) -> bytes:
    return b64encode(data)


def bearer(token: str, user: str = "ada") -> bytes:
    return b"AUTH XOAUTH2 " + b64(f"user={user}\1auth=Bearer {token}\1\1".encode())


# -- one after the other -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [b"504 5.5.4 unknown", b"534 5.7.9 too weak", b"504 no"])
def test_auth_when_a_mechanism_is_not_available_then_the_next_weaker_is_tried(refusal: bytes) -> None:
    """Servers list what they cannot do."""
    dialogue = [(PLAIN, refusal), (b"AUTH LOGIN", b"334 "), (b"YWRh", b"334 "), (b"cHc=", b"235 in")]
    assert log_in(ADA, [*offering("LOGIN", "PLAIN"), *lines(*dialogue)]).is_usable


@pytest.mark.parametrize(
    "refusal",
    [
        b"535 5.7.8 wrong",
        b"454 4.7.0 later",
        b"534-5.7.9 Application-specific\r\n534 5.7.9 password required",
        b"500 what?",
    ],
)
def test_auth_when_the_password_is_refused_then_it_is_said_once(refusal: bytes) -> None:
    """Saying it again by another name locks accounts."""
    with pytest.raises(AuthError, match="'ada'"):
        log_in(ADA, [*offering("LOGIN", "PLAIN"), *lines((PLAIN, refusal))])


def test_auth_when_every_mechanism_is_unavailable_then_the_last_refusal_is_raised() -> None:
    """There is nothing left to try."""
    with pytest.raises(AuthError, match="504 nor this"):
        log_in(ADA, [*offering("LOGIN", "PLAIN"), *lines((PLAIN, b"504 no"), (b"AUTH LOGIN", b"504 nor this"))])


def test_auth_when_the_initial_response_is_long_then_it_waits_to_be_asked_for() -> None:
    """RFC 5321 4.5.3.1.4 and RFC 4954 4: a command has 512 octets, a response has as many as it needs."""
    token = "t" * 2_000
    asked, response = bearer(token).rsplit(b" ", 1)
    script = [*offering("XOAUTH2"), *lines((asked, b"334 "), (response, b"235 in"))]
    assert log_in(Credentials("ada", token=Secret(token)), script).is_usable


def test_auth_when_the_certificate_says_it_all_then_nothing_else_is_said() -> None:
    """RFC 4422 and RFC 4954 4: an empty initial response is "="."""
    script = [*offering("PLAIN", "EXTERNAL"), *lines((b"AUTH EXTERNAL =", b"235 in"))]
    assert log_in(Credentials("", mechanism="EXTERNAL"), script).is_usable


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (
            b"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            "administrator",
        ),
        (b"535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", "access token"),
        (b"535 5.7.139 Authentication unsuccessful, the request did not meet the criteria", "policy"),
        (b"535 5.7.8 https://support.google.com/mail/?p=BadCredentials ab-gsmtp", "apppasswords"),
        (b"534 5.7.14 Please log in via your web browser and then try again.", "web browser"),
        (b"538 5.7.11 Encryption required", "encrypted"),
        (b"535 5.7.8 Error: authentication failed", "Check user and password"),
    ],
)
def test_auth_when_a_provider_refuses_then_the_hint_says_what_it_means(reply: bytes, hint: str) -> None:
    """Their words are for those who know them already."""
    with pytest.raises(AuthError) as caught:
        log_in(ADA, [*offering("PLAIN"), *lines((PLAIN, reply))])
    assert hint in caught.value.hint


def test_auth_when_the_server_repeats_the_secret_then_it_is_not_in_the_error() -> None:
    """Some do, in a log line that was meant to help."""
    credentials = Credentials("ada", Secret("open sesame"))
    script = [*offering("LOGIN"), *lines((b"AUTH LOGIN", b"334 "), (b"YWRh", b"334 "))]
    script += lines((b64(b"open sesame"), b"535 5.7.8 no user ada with password open sesame"))
    with pytest.raises(AuthError) as caught:
        log_in(credentials, script)
    assert "sesame" not in f"{caught.value} {caught.value.hint} {caught.value.__dict__}"


# -- SCRAM -------------------------------------------------------------------------------------------------------------

CHALLENGED = (b"AUTH SCRAM-SHA-256 " + b64(SHA_256.first), b"334 " + b64(SHA_256.challenge))


@feeding
def test_scram_when_the_wire_is_open_then_both_prove_themselves_without_showing_the_password(bytewise: bool) -> None:
    """RFC 7677 3, in the words of RFC 4954."""
    script = [*offering("PLAIN", "SCRAM-SHA-256"), *lines(CHALLENGED)]
    script += lines((b64(SHA_256.final), b"334 " + b64(SHA_256.verdict)), (b"", b"235 2.7.0 in"))
    with clock.using(Nonce(nonce=SHA_256.nonce)):
        assert log_in(PENCIL, script, bytewise=bytewise, profile=OPEN).is_usable


@feeding
@pytest.mark.parametrize(
    ("challenge", "problem"),
    [
        (b"not base64!", "not one of SCRAM"),
        (b"", "not one of SCRAM"),
        (b64(b"\0" * 300), "not one of SCRAM"),
        (b"A" * 1_500, "not one of SCRAM"),
        (b64(b"r=other,s=W22Z,i=4096"), "not an answer"),
        (b64(SHA_256.challenge.replace(b"4096", b"1")), "for 1 rounds"),
        (b64(SHA_256.challenge.replace(b"4096", b"999999999")), "999,999,999 rounds"),
    ],
)
def test_scram_when_the_challenge_is_hostile_then_the_exchange_is_cancelled(
    challenge: bytes, problem: str, bytewise: bool
) -> None:
    """And no weaker mechanism is tried with somebody who does such things."""
    script = [
        *offering("PLAIN", "SCRAM-SHA-256"),
        *lines((CHALLENGED[0], b"334 " + challenge), (b"*", b"501 as you like")),
    ]
    with clock.using(Nonce(nonce=SHA_256.nonce)), pytest.raises(AuthError, match=problem):
        log_in(PENCIL, script, bytewise=bytewise)


@pytest.mark.parametrize("challenge", [b"A" * 3_000, b"A" * 100_000])
def test_scram_when_the_challenge_is_huge_then_the_session_ends(challenge: bytes) -> None:
    """No more is read than a reply may have."""
    script = [*offering("SCRAM-SHA-256"), Hears(CHALLENGED[0] + b"\r\n"), Says(b"334 " + challenge + b"\r\n")]
    with clock.using(Nonce(nonce=SHA_256.nonce)), pytest.raises(MailkitError):
        log_in(PENCIL, script)


def test_scram_when_the_server_skips_its_proof_then_the_session_is_not_used() -> None:
    """235 alone proves nothing."""
    script = [*offering("SCRAM-SHA-256"), *lines(CHALLENGED, (b64(SHA_256.final), b"235 2.7.0 in"))]
    with clock.using(Nonce(nonce=SHA_256.nonce)), pytest.raises(AuthError, match="without proving"):
        log_in(PENCIL, script)


def test_scram_when_the_servers_proof_is_wrong_then_the_session_is_not_used() -> None:
    """It does not know the password, so it is not the server."""
    script = [*offering("PLAIN", "SCRAM-SHA-256"), *lines(CHALLENGED)]
    script += lines((b64(SHA_256.final), b"334 " + b64(b"v=" + b64(b"x" * 32))), (b"*", b"501 oh"))
    with clock.using(Nonce(nonce=SHA_256.nonce)), pytest.raises(AuthError, match="could not prove"):
        log_in(PENCIL, script)


def test_scram_when_the_server_offers_no_binding_then_it_is_told_that_we_could() -> None:
    """RFC 5802 6: a server that does bind channels then knows that its offer was cut."""
    first = b64(SHA_256.first.replace(b"n,,", b"y,,"))
    script = [
        *offering("SCRAM-SHA-256"),
        *lines((b"AUTH SCRAM-SHA-256 " + first, b"334 " + b64(b"e=server-does-support-channel-binding"))),
    ]
    script += lines((b"*", b"501 well"))
    with clock.using(Nonce(nonce=SHA_256.nonce)), pytest.raises(AuthError, match="did not get here"):
        log_in(PENCIL, script, bindings=(("tls-exporter", b"x"),))


def test_scram_when_one_kind_of_binding_is_unknown_then_the_next_is_tried_and_then_none() -> None:
    """RFC 5929 names several, and nobody says which they know. Without any the flag is "n": both sides could."""
    refused = b"334 " + b64(b"e=unsupported-channel-binding-type")
    script = offering("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN")
    for kind in (b"tls-exporter", b"tls-server-end-point"):
        first = SHA_256.first.replace(b"n,,", b"p=" + kind + b",,")
        script += lines((b"AUTH SCRAM-SHA-256-PLUS " + b64(first), refused), (b"*", b"501 cancelled"))
    script += lines(CHALLENGED, (b64(SHA_256.final), b"334 " + b64(SHA_256.verdict)), (b"", b"235 in"))
    with clock.using(Nonce(nonce=SHA_256.nonce)):
        assert log_in(PENCIL, script, bindings=(("tls-exporter", b"x"), ("tls-server-end-point", b"y"))).is_usable


def test_scram_when_the_channel_is_another_then_nothing_else_is_tried() -> None:
    """Somebody sits between."""
    first = SHA_256.first.replace(b"n,,", b"p=tls-exporter,,")
    script = offering("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN")
    script += lines(
        (b"AUTH SCRAM-SHA-256-PLUS " + b64(first), b"334 " + b64(b"e=channel-bindings-dont-match")), (b"*", b"501 ")
    )
    with clock.using(Nonce(nonce=SHA_256.nonce)), pytest.raises(AuthError, match="another TLS connection"):
        log_in(PENCIL, script, bindings=(("tls-exporter", b"x"),))


# -- tokens ------------------------------------------------------------------------------------------------------------


def counting(*tokens: Token | str) -> Callable[[], Token | str]:
    waiting = list(tokens)
    return lambda: waiting.pop(0)


HOUR = 3600.0


def test_token_when_a_kept_one_is_refused_then_a_fresh_one_is_tried_on_the_same_connection() -> None:
    """It may have been withdrawn since."""
    ada = Credentials("ada", token=counting(Token(Secret("old"), HOUR), Token(Secret("new"), HOUR)))
    log_in(ada, [*offering("XOAUTH2"), *lines((bearer("old"), b"235 in"))])
    log_in(ada, [*offering("XOAUTH2"), *lines((bearer("old"), b"535 5.7.8 no"), (bearer("new"), b"235 in"))])


def test_token_when_a_fresh_one_is_refused_then_it_is_not_tried_again() -> None:
    """It is not its age."""
    ada = Credentials("ada", token=counting(Token(Secret("one"), HOUR)))
    script = [*offering("XOAUTH2"), *lines((bearer("one"), b"334 " + b64(b'{"status":"400"}')), (b"", b"535 5.7.8 no"))]
    with pytest.raises(AuthError, match=r"535 5.7.8 no \(status 400\)") as caught:
        log_in(ada, script)
    assert "token" in caught.value.hint


def test_token_when_the_second_is_refused_too_then_that_is_all() -> None:
    """Once."""
    ada = Credentials("ada", token=counting(Token(Secret("old"), HOUR), Token(Secret("new"), HOUR)))
    log_in(ada, [*offering("XOAUTH2"), *lines((bearer("old"), b"235 in"))])
    script = [*offering("XOAUTH2"), *lines((bearer("old"), b"535 no"), (bearer("new"), b"535 never"))]
    with pytest.raises(AuthError, match="never"):
        log_in(ada, script)


def test_token_when_the_server_hangs_up_after_a_refusal_then_a_new_connection_may_do() -> None:
    """The error is one to try again after, and by then the token is fresh."""
    ada = Credentials("ada", token=counting(Token(Secret("old"), HOUR), Token(Secret("new"), HOUR)))
    log_in(ada, [*offering("XOAUTH2"), *lines((bearer("old"), b"235 in"))])
    with pytest.raises(ConnectError) as caught:
        log_in(ada, [*offering("XOAUTH2"), *lines((bearer("old"), b"535 no")), Closes()])
    assert caught.value.is_temporary
    log_in(ada, [*offering("XOAUTH2"), *lines((bearer("new"), b"235 in"))])


def test_token_when_it_cannot_be_had_then_nothing_is_said() -> None:
    """The error names the kind of failure, not what it said."""

    def broken() -> str:
        raise RuntimeError("refresh_token=s3cret is not good")

    with pytest.raises(AuthError, match="RuntimeError") as caught:
        log_in(Credentials("ada", token=broken), offering("XOAUTH2"))
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_token_when_oauthbearer_is_offered_then_the_standard_is_spoken() -> None:
    """RFC 7628 4.1 and 4.3: first it fails, with a reason."""
    first = b"AUTH OAUTHBEARER " + b64(b"n,a=ada,\1auth=Bearer t\1\1")
    script = [*offering("XOAUTH2", "OAUTHBEARER"), *lines((first, b"334 " + b64(b'{"status":"invalid_token"}')))]
    script += lines((b"AQ==", b"535 5.7.8 no"))
    with clock.using(FrozenClock()), pytest.raises(AuthError, match="invalid_token"):
        log_in(Credentials("ada", token=Secret("t")), script)
