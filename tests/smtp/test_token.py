"""Access tokens: fetched when needed, kept while they are good, and by one login for all."""

import threading
import time
from collections.abc import Iterator

import pytest

from mailkit import clock
from mailkit.errors import AuthError, ConfigError
from mailkit.secret import Secret
from mailkit.smtp import Token, Tokens
from mailkit.testing import FrozenClock


@pytest.fixture
def frozen() -> Iterator[FrozenClock]:
    found = FrozenClock()
    with clock.using(found):
        yield found


class Source:
    """Gives numbered tokens."""

    def __init__(self, seconds: float) -> None:
        self.count = 0
        self.seconds = seconds

    def __call__(self) -> Token:
        self.count += 1
        return Token(Secret(f"token{self.count}"), self.seconds)


def taken(tokens: Tokens) -> str:
    return tokens.take().reveal()


def test_take_when_the_token_is_good_then_it_is_kept(frozen: FrozenClock) -> None:
    """Until a minute before its end."""
    tokens = Tokens(Source(3600))
    assert taken(tokens) == taken(tokens) == "token1"
    frozen.advance(3539)
    assert taken(tokens) == "token1"
    frozen.advance(1)
    assert taken(tokens) == "token2"


@pytest.mark.parametrize("seconds", [0, -5])
def test_take_when_nobody_knows_how_long_a_token_lasts_then_it_is_not_kept(frozen: FrozenClock, seconds: float) -> None:
    """The source is asked for each login, and may keep one itself."""
    tokens = Tokens(Source(seconds))
    assert [taken(tokens), taken(tokens)] == ["token1", "token2"]


@pytest.mark.parametrize("seconds", [30, float("inf")])
def test_take_when_a_token_lasts_oddly_long_then_that_does_no_harm(frozen: FrozenClock, seconds: float) -> None:
    """Half a minute is kept for half of that; for ever is kept for a year."""
    tokens = Tokens(Source(seconds))
    assert taken(tokens) == taken(tokens) == "token1"


def test_after_when_a_token_was_fetched_for_this_login_then_no_other_is_fetched(frozen: FrozenClock) -> None:
    """A fresh token that is refused is refused for another reason."""
    source = Source(3600)
    tokens = Tokens(source)
    assert tokens.after(tokens.take()) is None
    assert source.count == 1


def test_after_when_two_logins_are_refused_then_one_fetches_for_both(frozen: FrozenClock) -> None:
    """The second finds what the first has fetched."""
    source = Source(3600)
    tokens = Tokens(source)
    first, second = tokens.take(), tokens.take()
    assert tokens.after(first) == tokens.after(second) == Secret("token2")
    assert source.count == 2


def test_take_when_threads_log_in_at_once_then_they_share_one_token() -> None:
    """Twenty connections open at the same time; the endpoint is asked once."""
    source = Source(3600)

    def slowly() -> Token:
        time.sleep(0.01)
        return source()

    tokens, found = Tokens(slowly), []
    threads = [threading.Thread(target=lambda: found.append(taken(tokens))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["token1"] * 20
    assert source.count == 1


@pytest.mark.parametrize("text", ["", "a b", "a\n", "tok\x01auth=Bearer x", "tök", "a\0"])
def test_take_when_it_is_no_token_then_it_is_refused_and_not_shown(text: str) -> None:
    """RFC 6750 2.1: what would end the field never leaves."""
    with pytest.raises(AuthError, match="is none") as caught:
        Tokens(lambda: text).take()
    assert not text or text not in str(caught.value)


def test_take_when_the_source_raises_one_of_our_errors_then_it_stays_as_it_is() -> None:
    """It says what is wrong already."""

    def source() -> str:
        raise ConfigError("the variable is not set")

    with pytest.raises(ConfigError, match="variable"):
        Tokens(source).take()


def test_token_when_printed_then_it_is_hidden() -> None:
    """In every form."""
    assert "s3cret" not in f"{Token(Secret('s3cret'))!r} {Token(Secret('s3cret'))}"
