"""Strings that hide."""

import pytest

from mailkit.secret import Secret


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{0!r}".format, "{:>10}".format, lambda it: f"{[it]}"])
def test_a_secret_never_prints_itself(show) -> None:
    """No way of printing shows it; only reveal does."""
    secret = Secret("hunter2")
    assert "hunter2" not in show(secret)
    assert secret.reveal() == "hunter2"


def test_secrets_compare_by_what_they_hide() -> None:
    """Equal strings make equal secrets; a plain string is not equal."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))
    assert not Secret("")
