"""What is asked about reports, and how an envelope carries it."""

import pickle

import pytest

from mailkit import Dsn, Envelope
from mailkit.errors import MessageError
from tests.kit.hostile import hostile


def test_dsn_when_made_then_its_kinds_are_in_one_order_and_each_once() -> None:
    """Equal wishes are equal values."""
    assert Dsn(notify=["delay", "failure", "delay"]) == Dsn(notify=("failure", "delay"))
    assert Dsn(notify="never").notify == ("never",)
    assert hash(Dsn(notify="success")) == hash(Dsn(notify=["success"]))


def test_dsn_when_nothing_is_said_then_only_the_original_recipient_is_told() -> None:
    """The rest is left to the relay."""
    assert (Dsn().notify, Dsn().returned, Dsn().identifier, Dsn().original_recipient) == ((), "", "", True)


@pytest.mark.parametrize("word", ["always", "", "FAILURE", "failure,delay", "NEVER"])
def test_dsn_when_a_kind_is_unknown_then_the_error_lists_those_there_are(word: str) -> None:
    """A typing error must not switch reports off."""
    with pytest.raises(MessageError, match=r"^notify: ") as caught:
        Dsn(notify=word)
    assert "never, success, failure, delay" in caught.value.hint
    assert caught.value.field == "notify"


def test_dsn_when_never_is_joined_with_others_then_it_is_refused() -> None:
    """RFC 3461 4.1: NEVER stands alone."""
    with pytest.raises(MessageError, match=r"^notify: 'never' cannot be asked together with 'delay', 'success'$"):
        Dsn(notify=("success", "never", "delay"))


@pytest.mark.parametrize("returned", ["FULL", "hdrs", "all", "none"])
def test_dsn_when_what_to_return_is_unknown_then_it_is_refused(returned: str) -> None:
    """Full or headers."""
    with pytest.raises(MessageError, match=r"^returned: "):
        Dsn(returned=returned)


@pytest.mark.parametrize("identifier", ["x" * 101, " " * 34, "+" * 34, "zoë", "tab\there"])
def test_dsn_when_the_identifier_cannot_be_sent_then_it_is_refused(identifier: str) -> None:
    """RFC 3461 4.4: printable ASCII, of at most 100 characters as it is sent."""
    with pytest.raises(MessageError, match=r"^identifier: "):
        Dsn(identifier=identifier)


@pytest.mark.parametrize("identifier", ["x" * 100, " " * 33, "order 18+15 = paid"])
def test_dsn_when_the_identifier_fits_then_it_is_kept_as_it_is(identifier: str) -> None:
    """Spaces and signs included."""
    assert Dsn(identifier=identifier).identifier == identifier


@hostile
def test_dsn_when_a_value_is_hostile_then_it_is_refused(text: str) -> None:
    """Wherever text may be given."""
    for field in ("notify", "returned", "identifier"):
        with pytest.raises(MessageError, match=f"^{field}: "):
            Dsn(**{field: text})  # type: ignore[arg-type]


def test_envelope_when_it_asks_for_reports_then_it_keeps_what_it_asks() -> None:
    """Narrowed, compared and pickled."""
    asked = Dsn(notify="success", identifier="order-1815")
    envelope = Envelope("a@x.example", ["b@x.example", "c@x.example"], dsn=asked)
    assert envelope.only(envelope.recipients[1:]).dsn == asked
    assert pickle.loads(pickle.dumps(envelope)) == envelope
    assert pickle.loads(pickle.dumps(asked)) == asked
    assert envelope != Envelope("a@x.example", ["b@x.example", "c@x.example"])


def test_envelope_when_it_asks_for_nothing_then_there_is_nothing() -> None:
    """The common case."""
    assert Envelope("a@x.example", "b@x.example").dsn is None
