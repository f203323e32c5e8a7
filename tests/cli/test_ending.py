"""How commands end that run until they are told to."""

import os
import signal

import pytest

from mailkit.cli.ending import until_ended

BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@BOTH
def test_a_command_that_waits_ends_at_once_and_says_nothing(number: signal.Signals) -> None:
    """A supervisor's way as well as a person's."""
    with until_ended():
        os.kill(os.getpid(), number)
        raise AssertionError("it went on")


@BOTH
def test_what_must_not_be_broken_off_is_done_first(number: signal.Signals) -> None:
    """Such as a message that is being written down."""
    done = []
    with until_ended() as ending:
        with ending.after():
            os.kill(os.getpid(), number)
            done.append("to its end")
        raise AssertionError("it went on")
    assert done == ["to its end"]


def test_told_twice_it_does_not_wait() -> None:
    """Whoever reads its output may never take more of it."""
    with until_ended() as ending, ending.after():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("it went on")


def test_the_signals_do_afterwards_what_they_did_before() -> None:
    """A test runner, say, has handlers of its own."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with until_ended():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
