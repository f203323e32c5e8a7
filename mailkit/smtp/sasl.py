"""Which mechanism logs in: what the server offers, what the credentials are good for, what the wire may carry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from mailkit.errors import AuthError
from mailkit.secret import Secret
from mailkit.smtp.credentials import Credentials
from mailkit.smtp.mechanism import Mechanism, cram_md5, external, login, oauthbearer, plain, xoauth2
from mailkit.smtp.scram import can_prepare, scram

__all__ = ["MECHANISMS", "Candidate", "Needs", "candidates"]


class Needs(Enum):
    """What a mechanism logs in with."""

    PASSWORD = "a password"  # noqa: S105
    TOKEN = "an access token"  # noqa: S105
    CERTIFICATE = "a client certificate"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mechanism that may be tried."""

    name: str
    needs: Needs
    make: Callable[[str, Secret], Mechanism]
    is_public: bool = False
    """Whether the secret stays one when others listen."""


_BEARERS = (
    Candidate("OAUTHBEARER", Needs.TOKEN, oauthbearer),
    Candidate("XOAUTH2", Needs.TOKEN, xoauth2),
)
_SHOWING = (Candidate("PLAIN", Needs.PASSWORD, plain), Candidate("LOGIN", Needs.PASSWORD, login))
_GUESSABLE = (Candidate("CRAM-MD5", Needs.PASSWORD, cram_md5),)
_OUTSIDE = (Candidate("EXTERNAL", Needs.CERTIFICATE, external),)
_SCRAM = (("SCRAM-SHA-256", "sha256"), ("SCRAM-SHA-1", "sha1"))

MECHANISMS = (
    *(one.name for one in (*_BEARERS, *_SHOWING, *_GUESSABLE, *_OUTSIDE)),
    *(f"{name}{plus}" for name, _ in _SCRAM for plus in ("-PLUS", "")),
)
"""The names of all that mailkit knows."""


def candidates(
    offered: Sequence[str],
    credentials: Credentials,
    *,
    is_secure: bool,
    unsafe: bool = False,
    bindings: Sequence[tuple[str, bytes]] = (),
) -> list[Candidate]:
    """Return what may be tried, the strongest first; ``bindings`` are what identifies the channel, the best first.

    Without encryption only SCRAM is tried, unless ``unsafe`` says so. It shows neither the password nor anything that
    opens another session; whoever listens can try passwords against it, but must do thousands of rounds for each.
    CRAM-MD5 takes one round, which is as good as showing it.

    Raises AuthError when there is none.
    """
    fitting = [one for one in _known(offered, bindings, is_secure=is_secure) if _fits(one, offered, credentials)]
    safe = [one for one in fitting if one.is_public or is_secure or unsafe]
    if not safe:
        raise _nothing(offered, credentials, may_show=is_secure or unsafe)
    return safe


def _known(offered: Sequence[str], bindings: Sequence[tuple[str, bytes]], *, is_secure: bool) -> list[Candidate]:
    # A server that keeps hashes and offers CRAM-MD5 all the same refuses every password by it: within TLS it comes last.
    weak = (*_SHOWING, *_GUESSABLE) if is_secure else (*_GUESSABLE, *_SHOWING)
    return [*_BEARERS, *_scrams(offered, bindings), *weak, *_OUTSIDE]


def _scrams(offered: Sequence[str], bindings: Sequence[tuple[str, bytes]]) -> list[Candidate]:
    # RFC 5802 6: the flag "y" tells a server that does bind channels that somebody took -PLUS out of its offer.
    flag = "y" if bindings and not any(name.endswith("-PLUS") for name in offered) else "n"
    bound = [
        _scram(f"{name}-PLUS", partial(scram, algorithm=algorithm, binding=binding))
        for name, algorithm in _SCRAM
        for binding in bindings
    ]
    return [*bound, *(_scram(name, partial(scram, algorithm=algorithm, flag=flag)) for name, algorithm in _SCRAM)]


def _scram(name: str, make: Callable[[str, Secret], Mechanism]) -> Candidate:
    return Candidate(name, Needs.PASSWORD, make, is_public=True)


def _fits(candidate: Candidate, offered: Sequence[str], credentials: Credentials) -> bool:
    if candidate.name not in offered or credentials.mechanism not in ("", candidate.name):
        return False
    password = credentials.password
    if candidate.needs is Needs.TOKEN:
        return credentials.tokens is not None
    if candidate.needs is Needs.CERTIFICATE:
        return bool(credentials.mechanism) or (password is None and credentials.tokens is None)
    if password is None:
        return False
    return not candidate.is_public or can_prepare(credentials.user, password.reveal())


def _nothing(offered: Sequence[str], credentials: Credentials, *, may_show: bool) -> AuthError:
    wanted, listed = credentials.mechanism, ", ".join(offered)
    asked = [wanted] if wanted else offered
    if not may_show:
        return AuthError(
            "the connection is not encrypted, so the password was not sent",
            hint="Use smtps:// or a server with STARTTLS; ?unsafe_plaintext_auth=yes sends it all the same.",
        )
    if not offered:
        return AuthError(
            "the server offers no authentication",
            hint="Leave user and password out of the URL, or use the submission port (587 or 465).",
        )
    if wanted and wanted not in offered:
        return AuthError(
            f"the server does not offer {wanted}; it offers {listed}", hint="Leave ?auth= out to let mailkit choose."
        )
    if wanted.endswith("-PLUS"):
        return AuthError(f"there is no channel binding on this connection, so {wanted} cannot be used")
    if credentials.password is not None and all(name.startswith("SCRAM-") for name in asked):
        return AuthError(
            "the user or password has a character that SCRAM cannot take (RFC 4013)",
            hint="Change the password, or write ?auth=plain if the server offers that.",
        )
    known = [one for one in (*_BEARERS, *_SHOWING, *_GUESSABLE) if one.name in asked]
    if known:
        needs = known[0].needs
        return AuthError(
            f"{wanted or f'the server offers {listed}, which'} wants {needs.value}",
            hint="Give an access token, with ?auth=xoauth2&token_env=NAME." if needs is Needs.TOKEN else "",
        )
    return AuthError(f"the server offers only {listed}; mailkit knows {', '.join(MECHANISMS)}")
