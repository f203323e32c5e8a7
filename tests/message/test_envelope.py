"""The SMTP envelope."""

import pickle

import pytest

from mailkit import Address, Envelope, Message, MessageBuilder
from mailkit.errors import AddressError, MessageError

B = MessageBuilder().from_("ada@example.com")


def emails(envelope: Envelope) -> list[str]:
    return [address.email for address in envelope.recipients]


def test_an_envelope_when_built_from_a_message_has_everybody_once() -> None:
    """To, Cc and Bcc in order; one mailbox in two spellings gets one copy."""
    message = B.to("a@x.example", "b@x.example").cc("A@X.EXAMPLE").bcc("c@x.example", "B <b@x.example>").build()
    assert emails(message.envelope()) == ["a@x.example", "b@x.example", "c@x.example"]


@pytest.mark.parametrize(
    ("builder", "sender"),
    [
        (B, "ada@example.com"),
        (B.sender("office@example.com"), "office@example.com"),
        (B.sender("office@example.com").return_path("bounces@example.com"), "bounces@example.com"),
    ],
)
def test_a_return_path_when_not_given_is_the_sender_then_the_author(builder: MessageBuilder, sender: str) -> None:
    """RFC 5322 3.6.2: Sender is the one who sent it."""
    envelope = builder.to("a@x.example").build().envelope()
    assert envelope.sender == Address(sender)


def test_an_envelope_when_a_message_has_no_recipient_is_refused() -> None:
    """Nothing can be sent to nobody."""
    with pytest.raises(MessageError, match=r"^recipients: .* at least one recipient") as caught:
        B.text("x").build().envelope()
    assert ".to(" in caught.value.hint


def test_an_envelope_when_read_from_mail_without_author_has_the_null_path() -> None:
    """Bounces come from <> (RFC 5321 4.5.5)."""
    assert Message.parse(b"To: a@x.example\r\n\r\n").envelope().sender is None


@pytest.mark.parametrize("sender", [None, ""])
def test_an_envelope_when_there_is_no_sender_has_the_null_path(sender: str | None) -> None:
    """For automatic replies."""
    assert Envelope(sender, "a@x.example").sender is None


def test_an_envelope_when_given_two_senders_is_refused() -> None:
    """MAIL FROM takes one."""
    with pytest.raises(MessageError, match=r"^sender: "):
        Envelope("a@x.example, b@x.example", "c@x.example")


@pytest.mark.parametrize("recipients", [[], (), "", "nobody", ["a@x.example", "b@"], [None], b"a@x.example", 5])
def test_an_envelope_when_a_recipient_is_none_is_refused(recipients: object) -> None:
    """No recipient, or one that is no address."""
    with pytest.raises((AddressError, MessageError), match=r"^recipients: "):
        Envelope("a@x.example", recipients)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sender", "recipient", "needs"),
    [
        ("a@x.example", "b@x.example", False),
        ("a@x.example", "b@exämple.com", False),
        ("a@x.example", ("Zoë", "b@x.example"), False),
        ("a@x.example", "josé@x.example", True),
        ("josé@x.example", "b@x.example", True),
    ],
)
def test_smtputf8_when_asked_is_needed_for_a_local_part_only(sender: str, recipient: str, needs: bool) -> None:
    """Names are encoded, domains have an ASCII form; only a local part has no other way."""
    assert Envelope(sender, recipient).needs_smtputf8 is needs


def test_an_envelope_when_narrowed_keeps_its_sender() -> None:
    """only() is for the recipients that are still to be served."""
    envelope = Envelope("a@x.example", ["b@x.example", "c@x.example"])
    assert emails(envelope.only(envelope.recipients[1:])) == ["c@x.example"]
    assert envelope.only(envelope.recipients[:1]).sender == envelope.sender


def test_an_envelope_when_pickled_stays_the_same_value() -> None:
    """It is an immutable value."""
    envelope = Envelope("a@x.example", "Zoë <b@x.example>")
    assert pickle.loads(pickle.dumps(envelope)) == envelope
    assert hash(envelope) == hash(Envelope("a@x.example", "Zoë <b@x.example>"))
