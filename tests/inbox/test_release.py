"""Releasing a message to a real relay: only where it was allowed, and as it came."""

import pytest

from mailkit import Mailer, MessageBuilder
from mailkit.errors import ConfigError
from mailkit.inbox import Caught, Inbox, Release


def arrived(inbox: Inbox, *to: str) -> Caught:
    with Mailer(inbox.url) as mailer:
        mailer.send(MessageBuilder().from_("a@example.com").to(*to).subject("Grüße").text("Hi").build())
    return inbox.wait(to=to[0])


def test_release_when_allowed_then_the_relay_gets_the_same_bytes_and_envelope() -> None:
    """Not built anew."""
    with Inbox() as inbox, Inbox() as relay:
        caught = arrived(inbox, "ann@example.com", "bob@example.com")
        receipt = Release(relay.url, ("*@example.com",)).send(caught)
        assert len(receipt.accepted) == 2
        got = relay.only()
    assert got.raw == caught.raw
    assert got.recipients == caught.recipients
    assert got.sender == "a@example.com"


def test_release_when_others_are_named_then_only_they_get_it() -> None:
    """Oneself, most of the time."""
    with Inbox() as inbox, Inbox() as relay:
        Release(relay.url, ("me@example.org",)).send(arrived(inbox, "ann@example.com"), ["ME@example.org"])
        assert [one.lower() for one in relay.only().recipients] == ["me@example.org"]


@pytest.mark.parametrize(
    "somebody", ["ann@example.com", "me@example.org.evil.example", "xme@example.org", "", "me@example.org\r\nx"]
)
def test_release_when_one_is_not_allowed_then_nothing_is_sent(somebody: str) -> None:
    """Not even to the others."""
    with Inbox() as inbox, Inbox() as relay:
        caught = arrived(inbox, "ann@example.com")
        with pytest.raises(ConfigError, match="may not get"):
            Release(relay.url, ("me@example.org",)).send(caught, ["me@example.org", somebody])
        relay.assert_none()


def test_release_when_nobody_is_allowed_then_it_cannot_be_configured() -> None:
    """An empty list is not everybody."""
    with pytest.raises(ConfigError, match="nobody"):
        Release("smtp://127.0.0.1", ())


def test_release_when_it_is_shown_then_the_password_of_the_relay_is_not() -> None:
    """As everywhere."""
    assert "secret" not in repr(Release("smtp://user:secret@relay.example", ("*@example.com",)))
