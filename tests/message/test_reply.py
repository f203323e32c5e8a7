"""Answers and forwards."""

import pytest

from mailkit import Message, MessageBuilder

ORIGINAL = Message.parse(
    b"From: Ada Lovelace <ada@example.com>\r\n"
    b"To: Bob <bob@example.com>, zoe@example.com\r\n"
    b"Cc: lin@example.com, ada@example.com\r\n"
    b"Subject: =?utf-8?q?Caf=C3=A9?=\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    b"Message-ID: <3@example.com>\r\n"
    b"References: <1@example.com>\r\n <2@example.com>\r\n\r\n"
    b"Shall we?\r\n> No.\r\n"
)


def answer(message: Message, **options: bool) -> Message:
    return message.reply(**options).from_("bob@example.com").build()


def test_a_reply_when_begun_has_recipient_subject_thread_and_quote() -> None:
    """Everything that a mail program would fill in."""
    message = answer(ORIGINAL)
    assert [str(address) for address in message.to] == ["Ada Lovelace <ada@example.com>"]
    assert message.subject == "Re: Café"
    assert message.headers["In-Reply-To"] == "<3@example.com>"
    assert message.headers["References"] == "<1@example.com> <2@example.com> <3@example.com>"
    assert message.text == ("\n\nOn Mon, 23 Nov 2026 10:00:00 +0000, Ada Lovelace wrote:\n> Shall we?\n>> No.\n")


def test_a_reply_to_all_leaves_nobody_out_and_nobody_twice() -> None:
    """To and Cc of the original become Cc; its author is not copied."""
    message = answer(ORIGINAL, to_all=True, quote=False)
    assert [address.email for address in message.cc] == ["bob@example.com", "zoe@example.com", "lin@example.com"]
    assert message.text is None


def test_a_reply_goes_where_the_author_wants_it() -> None:
    """Reply-To comes before From (RFC 5322 3.6.2)."""
    original = MessageBuilder().from_("ada@example.com").reply_to("list@example.com").text("x").build()
    assert [address.email for address in answer(original).to] == ["list@example.com"]


@pytest.mark.parametrize("subject", ["Re: Hello", "RE: Hello", "AW: Hello", "re[2]: Hello"])
def test_a_reply_when_marked_already_is_not_marked_again(subject: str) -> None:
    """No "Re: Re: Re:"."""
    original = MessageBuilder().from_("ada@example.com").subject(subject).text("x").build()
    assert answer(original).subject == subject


def test_a_long_thread_keeps_its_first_and_its_newest_references() -> None:
    """The header stays within its limits."""
    references = " ".join(f"<{number}@example.com>" for number in range(500))
    original = Message.parse(
        f"From: a@example.com\r\nMessage-ID: <x@example.com>\r\nReferences: {references}\r\n\r\n".encode()
    )
    kept = answer(original).headers["References"].split()
    assert kept[0] == "<0@example.com>"
    assert kept[-2:] == ["<499@example.com>", "<x@example.com>"]
    assert len(kept) <= 21


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\r\n\r\n",
        b"From: nonsense\r\nMessage-ID: none\r\nDate: never\r\n\r\nHi",
        b"From: a@example.com\r\nSubject: =?utf-8?q?a=0D=0ABcc:_x@example.com?=\r\nMessage-ID: <\xc3\xa9@x>\r\n\r\nHi",
    ],
)
def test_a_reply_to_odd_mail_when_begun_never_fails(raw: bytes) -> None:
    """Whatever came in can be answered, and smuggles nothing into the answer."""
    message = Message.parse(raw).reply().from_("bob@example.com").to("carl@example.com").build()
    assert b"\nBcc:" not in bytes(message)
    assert "In-Reply-To" not in message.headers


def test_a_forward_when_begun_carries_the_message_as_it_was() -> None:
    """Byte for byte, as message/rfc822, so that signatures stay valid; never in base64."""
    message = ORIGINAL.forward().from_("bob@example.com").to("carl@example.com").text("See below").build()
    assert message.subject == "Fwd: Café"
    [attached] = Message.parse(bytes(message)).attachments
    assert attached.type == "message/rfc822"
    assert attached.filename == "Café.eml"
    assert attached.data.rstrip() == bytes(ORIGINAL).rstrip()
    assert message.headers["References"].endswith("<3@example.com>")


def test_a_message_when_attached_is_a_message() -> None:
    """``attach`` takes a Message as it takes a file."""
    inner = MessageBuilder().from_("ada@example.com").subject("Inner").text("x").build()
    outer = MessageBuilder().from_("bob@example.com").text("y").attach(inner).build()
    [attached] = outer.attachments
    assert (attached.type, attached.filename) == ("message/rfc822", "message.eml")
    assert Message.parse(attached.data).subject == "Inner"
