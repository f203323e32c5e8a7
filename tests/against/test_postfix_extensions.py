"""Chunks and delivery reports: our client's side of RFC 3030 and RFC 3461, judged by a real Postfix."""

import email
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as StdlibMessage

import pytest

from mailkit import Dsn, Envelope, MessageBuilder
from mailkit.mime.bodytype import BodyType
from mailkit.net import blocking
from mailkit.sansio import Conversation
from mailkit.smtp import Answer, Content, Profile, StartTlsPolicy, Timeouts, command
from mailkit.smtp.clientwire import ClientWire
from mailkit.smtp.opening import Opening
from mailkit.smtp.transaction import Transaction
from tests.kit.postfix import DOMAIN, Postfix
from tests.kit.twins import MAILERS, MailerTwin

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Lines:
    """A stored piece of numbered lines, some of which begin with dots."""

    count: int

    @property
    def size(self) -> int:
        return sum(map(len, self.blocks()))

    def blocks(self) -> Iterator[bytes]:
        for start in range(0, self.count, 1000):
            yield b"".join(b".%d of many lines\r\n" % number for number in range(start, start + 1000))


def chunked(flight: list[bytes], content: Content, *, is_pipelining: bool) -> Conversation[tuple[Answer, ...]]:
    """A transaction by BDAT with a server that does not offer BINARYMIME, as Postfix does not."""
    wire = ClientWire(60.0)
    opening = Opening(wire, Profile("test.example", starttls=StartTlsPolicy.OFF), is_secure=False)
    yield from opening.run()
    assert "CHUNKING" in opening.capabilities
    wire.is_usable = True
    return (yield from Transaction(wire, Timeouts(), is_pipelining=is_pipelining).run(flight, content))


@pytest.mark.parametrize("is_pipelining", [True, False])
@pytest.mark.parametrize("count", [1_000, 60_000])
def test_postfix_when_content_comes_in_chunks_then_every_octet_is_in_the_mailbox(
    postfix: Postfix, count: int, is_pipelining: bool
) -> None:
    """In one chunk and in several, with and without waiting for each reply."""
    name = f"chunks-{count}-{is_pipelining}".lower()
    head, stored = f"Subject: {name}\r\n\r\n".encode(), Lines(count)
    content = Content((head, stored), len(head) + stored.size, BodyType.BINARY)
    flight = [command.mail(f"ada@{DOMAIN}"), command.rcpt(f"{name}@{DOMAIN}")]
    pump = blocking.connect(postfix.host, postfix.port, within=10, context=pytest.fail, implicit=False)
    (answer,) = pump.run(chunked(flight, content, is_pipelining=is_pipelining))
    pump.close()
    assert answer.command == Answer.END_OF_DATA
    assert answer.reply is not None
    assert answer.reply.is_success, answer.reply
    (arrived,) = postfix.wait_for(name)
    assert arrived.partition(b"\n\n")[2].replace(b"\n", b"\r\n") == b"".join(stored.blocks())


def test_postfix_when_a_chunk_is_too_much_then_the_message_is_refused_and_the_session_stays_in_step(
    postfix: Postfix,
) -> None:
    """With chunks under way when the refusal comes."""
    content = Content((Lines(1_300_000),), Lines(1_300_000).size, BodyType.BINARY)
    assert content.size > postfix.size_limit
    flight = [command.mail(f"ada@{DOMAIN}"), command.rcpt(f"nobody@{DOMAIN}")]
    pump = blocking.connect(postfix.host, postfix.port, within=10, context=pytest.fail, implicit=False)
    (answer,) = pump.run(chunked(flight, content, is_pipelining=True))
    pump.close()
    assert answer.reply is not None
    assert (answer.command, answer.reply.code, answer.in_doubt) == ("BDAT", 552, False)


def report(raw: bytes) -> dict[str, str]:
    """The fields of a delivery report's machine-readable part."""
    (status,) = (
        part for part in email.message_from_bytes(raw).walk() if part.get_content_subtype() == "delivery-status"
    )
    blocks = status.get_payload()
    assert isinstance(blocks, list)
    return {name: value for block in blocks if isinstance(block, StdlibMessage) for name, value in block.items()}


@pytest.mark.parametrize("mailer_of", MAILERS, ids=["sync", "async"])
def test_postfix_when_a_report_of_success_is_asked_for_then_it_comes_back_with_our_names(
    postfix: Postfix, mailer_of: MailerTwin
) -> None:
    """ENVID, ORCPT, NOTIFY and RET, there and back."""
    number = MAILERS.index(mailer_of)
    sender, to = f"asks+{number}@{DOMAIN}", f"to+{number}@{DOMAIN}"
    asked = Dsn(notify="success", returned="headers", identifier=f"order 18+{number}")
    message = MessageBuilder().from_(sender).to(to).subject("Hi").text("only the header comes back").build()
    with mailer_of(f"smtp://{postfix.host}:{postfix.port}?tls=off") as mailer:
        mailer.send(message, envelope=Envelope(sender, to, dsn=asked))
    (raw,) = postfix.wait_for(f"asks+{number}")
    found = report(raw)
    assert found["Original-Envelope-Id"] == f"order 18+{number}"
    assert found["Original-Recipient"] == f"rfc822;{to}"
    assert found["Action"] == "delivered"
    assert b"Subject: Hi" in raw
    assert b"only the header" not in raw


def test_postfix_when_a_recipient_is_outside_ascii_then_the_report_names_it(postfix: Postfix) -> None:
    """RFC 6533: the address comes back as the one that was written."""
    sender, to = f"asks-utf8@{DOMAIN}", f"zoë@{DOMAIN}"
    message = MessageBuilder().from_(sender).to(to).subject("Hi").text("x").build()
    with MAILERS[0](f"smtp://{postfix.host}:{postfix.port}?tls=off") as mailer:
        mailer.send(message, envelope=Envelope(sender, to, dsn=Dsn(notify="success")))
    (raw,) = postfix.wait_for("asks-utf8")
    assert f"utf-8;{to}".encode() in raw
