"""Connections that are kept: who gets one, how many there may be, and what a limit teaches."""

import os
from collections.abc import Iterator

import pytest

from mailkit import clock
from mailkit.testing import FrozenClock
from mailkit.transport.pool import Pool


@pytest.fixture
def frozen() -> Iterator[FrozenClock]:
    found = FrozenClock()
    with clock.using(found):
        yield found


def test_take_when_one_rests_then_it_is_the_one_that_was_used_last(frozen: FrozenClock) -> None:
    """Surplus ones grow old at the bottom."""
    pool: Pool[str] = Pool(5)
    for _ in range(2):
        pool.take()
    pool.give("first")
    frozen.advance(3)
    pool.give("second")
    assert pool.take() == ("second", 0.0)
    assert pool.take() == ("first", 3.0)


def test_take_when_all_are_in_use_then_there_is_no_room_until_one_is_given_back() -> None:
    """The limit counts those in hand and those at rest."""
    pool: Pool[str] = Pool(2)
    assert pool.take() == (None, 0.0)
    assert pool.take() == (None, 0.0)
    assert pool.take() is None
    pool.forget()
    assert pool.take() == (None, 0.0)
    pool.give("one")
    taken = pool.take()
    assert taken is not None
    assert taken[0] == "one"


def test_wait_when_one_is_given_back_then_whoever_waits_longest_is_called() -> None:
    """And one only: there is one session."""
    pool: Pool[str] = Pool(1)
    pool.take()
    called: list[str] = []
    pool.wait(lambda: called.append("first"))
    pool.wait(lambda: called.append("second"))
    assert called == []
    pool.give("session")
    assert called == ["first"]
    pool.take()
    pool.forget()
    assert called == ["first", "second"]


def test_wait_when_there_is_room_already_then_the_call_comes_at_once() -> None:
    """It may have come between asking and waiting, and nobody would call later."""
    pool: Pool[str] = Pool(1)
    called: list[str] = []
    pool.wait(lambda: called.append("now"))
    assert called == ["now"]


def test_leave_when_the_call_has_come_already_then_the_next_one_gets_it() -> None:
    """Whoever gave up must not take the turn along."""
    pool: Pool[str] = Pool(1)
    pool.take()
    called: list[str] = []

    def first() -> None:
        called.append("first")

    pool.wait(first)
    pool.wait(lambda: called.append("second"))
    pool.give("session")
    pool.leave(first)
    assert called == ["first", "second"]


def test_leave_when_no_call_has_come_then_none_comes() -> None:
    """It is somebody else's turn."""
    pool: Pool[str] = Pool(1)
    pool.take()
    called: list[str] = []

    def first() -> None:
        called.append("first")

    pool.wait(first)
    pool.leave(first)
    pool.give("session")
    assert called == []


def test_learn_when_one_more_was_turned_away_then_there_are_no_more_than_before_for_a_while(
    frozen: FrozenClock,
) -> None:
    """The server has said how many it takes; after five minutes it is asked again."""
    pool: Pool[str] = Pool(10)
    for _ in range(4):
        pool.take()
    assert pool.learn()
    pool.forget()  # the one that was turned away
    assert pool.take() is None
    pool.forget()
    assert pool.take() == (None, 0.0)
    frozen.advance(301)
    assert pool.take() == (None, 0.0)


def test_learn_when_there_are_no_others_then_there_is_nothing_to_learn() -> None:
    """A server that turns the only connection away has another reason."""
    pool: Pool[str] = Pool(10)
    pool.take()
    assert not pool.learn()
    pool.forget()
    assert pool.take() == (None, 0.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_take_when_the_process_was_forked_then_the_child_has_no_session_of_its_parent() -> None:
    """Two processes that speak over one connection would read each other's replies."""
    pool: Pool[str] = Pool(1)
    pool.take()
    pool.give("parent's")
    child = os.fork()
    if child == 0:
        os._exit(0 if pool.take() == (None, 0.0) else 1)
    assert os.waitpid(child, 0)[1] == 0
    taken = pool.take()
    assert taken is not None
    assert taken[0] == "parent's"


def test_drain_when_some_rest_then_they_are_taken_out_for_good() -> None:
    """To be closed."""
    pool: Pool[str] = Pool(2)
    pool.take()
    pool.give("one")
    assert pool.drain() == ["one"]
    assert len(pool) == 0
