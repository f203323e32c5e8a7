"""SCRAM: the examples of its RFCs, proofs that are wrong, and challenges that nobody should answer."""

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass

import pytest

from mailkit import clock
from mailkit.errors import AuthError
from mailkit.secret import Secret
from mailkit.smtp import Verifier
from mailkit.smtp.saslprep import saslprep
from mailkit.smtp.scram import BindingRefused, scram
from mailkit.testing import FrozenClock


@dataclass
class Nonce(FrozenClock):
    """Chance that is the nonce of an example."""

    nonce: str = ""

    def token(self) -> str:
        return self.nonce


@dataclass(frozen=True)
class Example:
    """A dialogue, with the user "user" and the password "pencil"."""

    algorithm: str
    nonce: str
    first: bytes
    challenge: bytes
    final: bytes
    verdict: bytes


SHA_1 = Example(
    "sha1",
    "fyko+d2lbbFgONRv9qkxdawL",
    b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
)
SHA_256 = Example(
    "sha256",
    "rOprNGfwEbeRWgbNEkqO",
    b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
)


def begun(example: Example = SHA_256, user: str = "user", **settings: object):
    """Return a client that has said its first words, and those."""
    with clock.using(Nonce(nonce=example.nonce)):
        client = scram(user, Secret("pencil"), algorithm=example.algorithm, **settings)
        return client, next(client)


@pytest.mark.parametrize("example", [SHA_1, SHA_256], ids=lambda example: example.algorithm)
def test_scram_when_it_plays_the_example_then_every_word_is_the_same(example: Example) -> None:
    """RFC 5802 5 and RFC 7677 3."""
    client, first = begun(example)
    assert first == example.first
    assert client.send(example.challenge) == example.final
    assert client.send(example.verdict) == b""
    with pytest.raises(StopIteration):
        client.send(None)


@pytest.mark.parametrize("example", [SHA_1, SHA_256], ids=lambda example: example.algorithm)
def test_verifier_when_it_hears_the_example_then_it_knows_the_proof_and_gives_its_own(example: Example) -> None:
    """The server's half of the same dialogue."""
    salt, nonce = example.challenge.split(b",s=")[1].split(b",")[0], example.challenge.split(b",")[0]
    verifier = Verifier.of("pencil", algorithm=example.algorithm, salt=b64decode(salt))
    signed = b",".join((example.first[3:], example.challenge, b"c=biws", nonce))
    proof = b64decode(example.final.split(b",p=")[1])
    assert verifier.is_proof(proof, signed)
    assert b"v=" + b64encode(verifier.signature(signed)) == example.verdict
    assert not verifier.is_proof(proof, signed + b"x")
    assert not verifier.is_proof(b"", signed)
    assert not Verifier.of("pencils", algorithm=example.algorithm, salt=b64decode(salt)).is_proof(proof, signed)
    assert verifier.stored_key.hex() not in repr(verifier)


@pytest.mark.parametrize(
    ("challenge", "problem"),
    [
        (b"", "not one of SCRAM"),
        (b"\0" * 100, "not one of SCRAM"),
        (b"\xff\xfe", "not one of SCRAM"),
        (b"r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z", "not one of SCRAM"),
        (b"m=new,r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=4096", "not one of SCRAM"),
        (b"r=rOprNGfwEbeRWgbNEkqOxyz,s=====,i=4096", "not one of SCRAM"),
        (b"r=rOprNGfwEbeRWgbNEkqOxyz,s=,i=4096", "not one of SCRAM"),
        (b"r=rOprNGfwEbeRWgbNEkqO\0,s=W22Z,i=4096", "not one of SCRAM"),
        (b"r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=-1", "not one of SCRAM"),
        (b"r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=" + b"9" * 5_000, "not one of SCRAM"),
        (b"r=" + b"x" * 200_000, "not one of SCRAM"),
        (b"r=somebodyElsesNonce,s=W22Z,i=4096", "not an answer to ours"),
        (b"r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096", "not an answer to ours"),
        (b"r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=1", "for 1 rounds"),
        (b"r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=4095", "for 4,095 rounds"),
        (b"r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=999999999", "for 999,999,999 rounds"),
        (b"e=other-error", "stopped the login: other-error"),
        (b"e=server-does-support-channel-binding", "did not get here"),
    ],
    ids=lambda value: repr(value[:50]),
)
def test_scram_when_the_challenge_is_hostile_then_no_proof_is_given(challenge: bytes, problem: str) -> None:
    """A proof for few rounds, or for a nonce of the server's choice, would help to guess the password."""
    client, _ = begun()
    with pytest.raises(AuthError, match=problem) as caught:
        client.send(challenge)
    assert "pencil" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "verdict",
    [b"", b"v=", b"v=AAAA", b"v=????", b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A4=", b"\0", b"e=invalid-proof"],
)
def test_scram_when_the_server_cannot_prove_itself_then_the_login_fails(verdict: bytes) -> None:
    """Whoever does not know the password is not the server."""
    client, _ = begun()
    client.send(SHA_256.challenge)
    with pytest.raises(AuthError):
        client.send(verdict)


@pytest.mark.parametrize("steps", [0, 1])
def test_scram_when_the_server_is_satisfied_too_early_then_the_login_fails(steps: int) -> None:
    """It has not shown that it knows the password."""
    client, _ = begun()
    for _ in range(steps):
        client.send(SHA_256.challenge)
    with pytest.raises(AuthError, match="without proving"):
        client.send(None)


@pytest.mark.parametrize(
    ("settings", "header", "bound"),
    [
        ({}, b"n,,", b"n,,"),
        ({"flag": "y"}, b"y,,", b"y,,"),
        ({"binding": ("tls-exporter", b"\0\1\2")}, b"p=tls-exporter,,", b"p=tls-exporter,,\0\1\2"),
    ],
)
def test_scram_when_the_channel_is_bound_then_the_proof_is_for_it_alone(
    settings: dict[str, object], header: bytes, bound: bytes
) -> None:
    """RFC 5802 6 and 7: the header and the channel's data are signed."""
    client, first = begun(**settings)
    assert first == header + b"n=user,r=rOprNGfwEbeRWgbNEkqO"
    final = client.send(SHA_256.challenge)
    assert final.split(b",")[0] == b"c=" + b64encode(bound)
    assert final.endswith(SHA_256.final[-45:]) == (header == b"n,,")


def test_scram_when_the_kind_of_binding_is_unknown_then_another_may_be_tried() -> None:
    """It is no refusal of the password."""
    client, _ = begun(binding=("tls-exporter", b"x"))
    with pytest.raises(BindingRefused):
        client.send(b"e=unsupported-channel-binding-type")


def test_scram_when_a_name_has_signs_of_the_format_then_they_are_escaped() -> None:
    """RFC 5802 5.1."""
    assert begun(user="a=b,c")[1] == b"n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO"


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("p\u00e4ss", "p\u00e4ss"),
        ("pa\u0308ss", "p\u00e4ss"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("", ""),
    ],
)
def test_saslprep_when_given_text_then_it_is_in_its_one_form(text: str, prepared: str) -> None:
    """RFC 4013 3, and what people type."""
    assert saslprep(text) == prepared


@pytest.mark.parametrize("text", ["\u0007", "\u06271", "a\0", "\ue000", "\ud800", "\u202e", "\u0221", "\U000e0001"])
def test_saslprep_when_text_cannot_be_prepared_then_it_is_refused_and_not_shown(text: str) -> None:
    """RFC 4013 2.3 to 2.5."""
    with pytest.raises(ValueError, match="it ") as caught:
        saslprep(text)
    assert text not in str(caught.value)


def test_scram_when_a_password_was_typed_in_another_form_then_the_proof_is_the_same() -> None:
    """One keyboard composes, another does not."""
    keys = {Verifier.of(text, salt=b"salt").stored_key for text in ("p\u00e4ss", "pa\u0308ss", "pa\u00ad\u0308ss")}
    assert len(keys) == 1
    assert hashlib.sha256().digest_size == len(keys.pop())
