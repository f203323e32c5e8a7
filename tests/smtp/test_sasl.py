"""Mechanisms: what each says, and which are tried in which order."""

import pytest

from mailkit.errors import AuthError
from mailkit.secret import Secret
from mailkit.smtp import Credentials, mechanism, sasl

PASSWORD = Secret("pässword")
ADA = Credentials("ada", PASSWORD)
BEARER = Credentials("ada", token=Secret("ya29.token"))
BINDINGS = (("tls-exporter", b"1"), ("tls-server-end-point", b"2"))


def names(offered: tuple[str, ...], credentials: Credentials = ADA, *, is_secure: bool = True, **settings: object):
    return [one.name for one in sasl.candidates(offered, credentials, is_secure=is_secure, **settings)]


# -- what each says ----------------------------------------------------------------------------------------------------


def test_plain_when_asked_then_it_says_everything_at_once() -> None:
    """RFC 4616: no authorisation identity, user, password."""
    assert list(mechanism.plain("ada", PASSWORD)) == ["\0ada\0pässword".encode()]


def test_login_when_challenged_then_user_and_password_follow() -> None:
    """The server speaks first."""
    said = mechanism.login("ada", PASSWORD)
    assert next(said) is None
    assert said.send(b"Username:") == b"ada"
    assert said.send(b"Password:") == "pässword".encode()


def test_cram_md5_when_challenged_then_the_answer_is_that_of_the_rfc() -> None:
    """RFC 2195 2, word for word."""
    said = mechanism.cram_md5("tim", Secret("tanstaaftanstaaf"))
    assert next(said) is None
    answer = said.send(b"<1896.697170952@postoffice.reston.mci.net>")
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_cram_md5_when_there_is_no_challenge_then_nothing_is_hashed() -> None:
    """The answer to a constant would be good for ever."""
    said = mechanism.cram_md5("tim", PASSWORD)
    next(said)
    with pytest.raises(AuthError, match="no challenge"):
        said.send(b"")


def test_xoauth2_when_asked_then_user_and_token_are_in_their_fields() -> None:
    """As Google and Microsoft describe it."""
    said = mechanism.xoauth2("someuser@example.com", Secret("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"))
    assert next(said) == (
        b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01"
    )


def test_oauthbearer_when_asked_then_the_user_is_escaped() -> None:
    """RFC 7628 3.1: "=" and "," would end the name."""
    assert next(mechanism.oauthbearer("a=b,c@example.com", Secret("t"))) == (
        b"n,a=a=3Db=2Cc@example.com,\x01auth=Bearer t\x01\x01"
    )


@pytest.mark.parametrize(("make", "acknowledgement"), [(mechanism.xoauth2, b""), (mechanism.oauthbearer, b"\x01")])
def test_a_bearer_when_the_server_complains_then_its_reason_is_in_the_error(make, acknowledgement: bytes) -> None:
    """RFC 7628 3.2.3: the reason is acknowledged, and then comes the refusal."""
    said = make("ada", Secret("t"))
    next(said)
    complaint = b'{"status":"invalid_token","schemes":"bearer","scope":"https://mail.google.com/"}'
    assert said.send(complaint) == acknowledgement
    with pytest.raises(AuthError, match=r"535 no \(status invalid_token, scope https://mail.google.com/\)") as caught:
        said.throw(AuthError("535 no", hint="?"))
    assert "https://mail.google.com/" in caught.value.hint


@pytest.mark.parametrize("complaint", [b"", b"no", b"[]", b"{", b"[" * 100_000, b'{"status": 0}', b"\xff\0"])
def test_a_bearer_when_the_complaint_is_no_json_then_the_refusal_stands_alone(complaint: bytes) -> None:
    """Whatever it is, it does no harm."""
    said = mechanism.xoauth2("ada", Secret("t"))
    next(said)
    assert said.send(complaint) == b""
    with pytest.raises(AuthError, match=r"^535 no$"):
        said.throw(AuthError("535 no"))


def test_a_bearer_when_the_complaint_is_hostile_then_it_is_short_and_printable() -> None:
    """It may end in a terminal or a log."""
    said = mechanism.xoauth2("ada", Secret("t"))
    next(said)
    said.send(b'{"status":"' + b"x" * 9_000 + b'","scope":"\\u001b[2J\\r\\nINFO all is well"}')
    with pytest.raises(AuthError) as caught:
        said.throw(AuthError("535 no"))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("make", "user", "secret"),
    [
        (mechanism.plain, "ada\0eve", "pw"),
        (mechanism.plain, "ada", "pw\0"),
        (mechanism.xoauth2, "ada\x01auth=Bearer x", "t"),
        (mechanism.oauthbearer, "ada\x01", "t"),
    ],
)
def test_a_mechanism_when_a_field_would_end_early_then_nothing_is_said(make, user: str, secret: str) -> None:
    """Nobody becomes somebody else by a strange name."""
    with pytest.raises(AuthError, match="control character"):
        next(make(user, Secret(secret)))


# -- which are tried ---------------------------------------------------------------------------------------------------

EVERYTHING = ("LOGIN", "PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER", "EXTERNAL")
PLUS = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")


@pytest.mark.parametrize(
    ("offered", "tried"),
    [
        (("LOGIN", "PLAIN"), ["PLAIN", "LOGIN"]),
        (("LOGIN",), ["LOGIN"]),
        (("XOAUTH2", "LOGIN"), ["LOGIN"]),
        (EVERYTHING, ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5"]),
    ],
)
def test_candidates_when_several_are_offered_then_the_order_is_ours(offered: tuple[str, ...], tried: list[str]) -> None:
    """The strongest first, whatever the server's order is."""
    assert names(offered) == tried


def test_candidates_when_the_channel_can_be_bound_then_that_comes_first() -> None:
    """Once for each kind of binding, as the server may know one of them only."""
    assert names((*EVERYTHING, *PLUS), bindings=BINDINGS)[:5] == [
        *("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS"),
        "SCRAM-SHA-256",
    ]
    assert names((*EVERYTHING, *PLUS))[0] == "SCRAM-SHA-256"


def test_candidates_when_the_wire_is_open_then_only_proofs_are_tried() -> None:
    """SCRAM shows no password. CRAM-MD5 all but shows it, and comes before those that do when all are allowed."""
    assert names(EVERYTHING, is_secure=False) == ["SCRAM-SHA-256", "SCRAM-SHA-1"]
    assert names(EVERYTHING, is_secure=False, unsafe=True)[-3:] == ["CRAM-MD5", "PLAIN", "LOGIN"]
    for offered in (("PLAIN",), ("CRAM-MD5",), ("XOAUTH2",), ()):
        with pytest.raises(AuthError, match="not encrypted"):
            names(offered, Credentials("ada", PASSWORD, Secret("t")), is_secure=False)


def test_candidates_when_there_is_a_token_then_it_is_used_and_a_password_only_if_there_is_one() -> None:
    """XOAUTH2 is never tried without a token."""
    assert names(EVERYTHING, BEARER) == ["OAUTHBEARER", "XOAUTH2"]
    both = Credentials("ada", PASSWORD, Secret("t"))
    assert names(EVERYTHING, both)[:3] == ["OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-256"]


def test_candidates_when_one_is_wanted_then_no_other_is_tried() -> None:
    """Neither a stronger nor a weaker one."""
    assert names(EVERYTHING, Credentials("ada", PASSWORD, mechanism="login")) == ["LOGIN"]
    assert names(EVERYTHING, Credentials("", mechanism="external")) == ["EXTERNAL"]
    with pytest.raises(AuthError, match="does not offer SCRAM-SHA-1; it offers PLAIN"):
        names(("PLAIN",), Credentials("ada", PASSWORD, mechanism="SCRAM-SHA-1"))


def test_candidates_when_the_password_has_no_prepared_form_then_scram_is_left_out() -> None:
    """RFC 4013 knows no sign that is younger than 2002; PLAIN takes any."""
    assert names(EVERYTHING, Credentials("ada", Secret("🔑")))[0] == "PLAIN"


@pytest.mark.parametrize(
    ("offered", "credentials", "problem"),
    [
        ((), ADA, "offers no authentication"),
        (("GSSAPI",), ADA, "only GSSAPI"),
        (("PLAIN-CLIENTTOKEN",), ADA, "only PLAIN-CLIENTTOKEN"),
        (("XOAUTH2",), ADA, "wants an access token"),
        (("SCRAM-SHA-256",), Credentials("ada", Secret("🔑")), "SCRAM cannot take"),
        (("PLAIN",), BEARER, "wants a password"),
        (("PLAIN", "XOAUTH2"), Credentials("ada", PASSWORD, mechanism="XOAUTH2"), "XOAUTH2 wants an access token"),
        (PLUS, Credentials("ada", PASSWORD, mechanism="SCRAM-SHA-1-PLUS"), "no channel binding"),
    ],
)
def test_candidates_when_nothing_fits_then_the_error_says_why(
    offered: tuple[str, ...], credentials: Credentials, problem: str
) -> None:
    """Nothing is tried that the server does not offer."""
    with pytest.raises(AuthError, match=problem):
        names(offered, credentials)


def test_credentials_when_printed_then_the_secrets_are_hidden() -> None:
    """Neither repr nor str gives them away."""
    credentials = Credentials("ada", PASSWORD, Secret("ya29.token"))
    assert "pässword" not in f"{credentials!r} {credentials}"
    assert "ya29" not in f"{credentials!r} {credentials} {credentials.tokens!r}"
