"""Test code that sends mail: give it a memory transport, and look at what it sent.

Run it with pytest, or as it is.
"""

from mailkit import Mailer, MessageBuilder
from mailkit.transport import MemoryTransport


def welcome(mailer: Mailer, name: str, address: str) -> None:
    """The code under test."""
    mailer.send(
        MessageBuilder()
        .from_("team@example.com")
        .to((name, address))
        .subject(f"Welcome, {name}")
        .text("Good to have you here.")
        .build()
    )


def test_welcome_goes_to_the_new_user() -> None:
    outbox = MemoryTransport()

    welcome(Mailer(outbox), "Zoë", "zoe@example.com")

    [message] = outbox.messages
    assert message.subject == "Welcome, Zoë"
    assert [address.email for address in message.to] == ["zoe@example.com"]
    assert "Good to have you" in (message.text or "")


if __name__ == "__main__":
    test_welcome_goes_to_the_new_user()
    print("The welcome mail is as it should be.")
