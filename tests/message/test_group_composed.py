"""Groups in messages."""

import email
import email.policy

import pytest

from mailkit import Message, MessageBuilder
from mailkit.errors import MessageError
from mailkit.message import Group

TEAM = Group("The Team", ["ada@example.com", ("Doe, Bob", "bob@example.com")])


@pytest.mark.parametrize("step", ["to", "cc", "reply_to"])
def test_a_group_when_given_to_a_builder_stands_in_the_header_and_its_members_in_the_lists(step: str) -> None:
    """As a value, in a text, beside others; Python's parser sees the same."""
    for given in (TEAM, str(TEAM), [TEAM]):
        message = getattr(MessageBuilder().from_("z@example.com").to("x@example.com"), step)(given).build()
        assert [one.email for one in getattr(message, step)][-2:] == ["ada@example.com", "bob@example.com"]
        assert message.headers.recipients(step.replace("_", "-"))[-1] == TEAM
        field = step.replace("_", "-")
        read = email.message_from_bytes(bytes(message), policy=email.policy.default)[field]
        assert [one.display_name for one in read.groups][-1] == "The Team"
        assert [one.addr_spec for one in read.addresses][-2:] == ["ada@example.com", "bob@example.com"]
        again = Message.parse(bytes(message))
        assert again.headers.recipients(field) == message.headers.recipients(field)


def test_a_group_when_empty_says_that_recipients_are_not_named() -> None:
    """The envelope has the blind copies, the header a legal To (RFC 5322 A.1.3)."""
    message = MessageBuilder().from_("a@b.example").to("undisclosed-recipients:;").bcc(TEAM).build()
    assert b"To: undisclosed-recipients:;\r\n" in bytes(message)
    assert [one.email for one in message.envelope().recipients] == ["ada@example.com", "bob@example.com"]
    assert message.to == ()


@pytest.mark.parametrize("step", ["from_", "sender", "return_path", "request_receipt"])
@pytest.mark.parametrize("given", [TEAM, str(TEAM)])
def test_a_group_when_a_mailbox_is_wanted_is_refused(step: str, given: object) -> None:
    """RFC 5322 3.6.2: nobody answers to a group."""
    with pytest.raises(MessageError, match=r"group|one address is wanted"):
        getattr(MessageBuilder(), step)(given)
