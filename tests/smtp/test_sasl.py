"""Mechanisms: what each says, and which one is chosen."""

import pytest

from mailkit.errors import AuthError
from mailkit.secret import Secret
from mailkit.smtp import Credentials, sasl

ADA = Credentials("ada", Secret("pässword"))


def test_plain_when_asked_then_it_says_everything_at_once() -> None:
    """RFC 4616: no authorisation identity, user, password."""
    assert list(sasl.plain(ADA)) == ["\0ada\0pässword".encode()]


def test_login_when_challenged_then_user_and_password_follow() -> None:
    """The server speaks first."""
    mechanism = sasl.login(ADA)
    assert next(mechanism) is None
    assert mechanism.send(b"Username:") == b"ada"
    assert mechanism.send(b"Password:") == "pässword".encode()


@pytest.mark.parametrize(
    ("offered", "chosen"), [(("LOGIN", "PLAIN"), "PLAIN"), (("LOGIN",), "LOGIN"), (("XOAUTH2", "LOGIN"), "LOGIN")]
)
def test_choose_when_several_are_offered_then_the_first_of_ours_is_taken(offered: tuple[str, ...], chosen: str) -> None:
    """The order is ours and not the server's."""
    assert sasl.choose(offered, ADA)[0] == chosen


@pytest.mark.parametrize("offered", [(), ("GSSAPI",), ("PLAIN-CLIENTTOKEN",)])
def test_choose_when_nothing_fits_then_the_error_says_what_to_do(offered: tuple[str, ...]) -> None:
    """Nothing is tried that the server does not offer."""
    with pytest.raises(AuthError) as caught:
        sasl.choose(offered, ADA)
    assert all(name in str(caught.value) for name in offered)


def test_credentials_when_printed_then_the_password_is_hidden() -> None:
    """Neither repr nor str gives it away."""
    assert "pässword" not in f"{ADA!r} {ADA}"
