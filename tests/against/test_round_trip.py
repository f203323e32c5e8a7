"""The whole way: mailkit sends, Postfix takes and hands on, Dovecot keeps, mailkit reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailkit import Mailer, Message, MessageBuilder
from mailkit.mime.bodytype import BodyType
from tests.kit.daemon import DOMAIN, started
from tests.kit.dovecot import Dovecot
from tests.kit.postfix import Postfix
from tests.mailbox.conftest import Box

pytestmark = pytest.mark.slow

MESSAGES = {
    "plain": MessageBuilder().text("Hello\n.\n..\n.x\n\n-- \nAda\n"),
    "everything": MessageBuilder()
    .text("Grüße ✓\n" + "long " * 500)
    .html('<p>Grüße <img src="cid:logo"></p>')
    .embed(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), cid="logo", filename="logo.png")
    .attach(bytes(range(256)) * 5000, filename="Übersicht der Größen.bin")
    .cc(f"Zoë <reader399@{DOMAIN}>")
    .header("X-Long", "word " * 100 + "end"),
    "lines": MessageBuilder().text("x" * 5000 + "\nFrom here\n>From there\n" + "\n" * 20 + "trailing  \n\ttab\n"),
}


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    yield from started(Dovecot, tmp_path_factory)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory, keeper: Dovecot) -> Iterator[Postfix]:
    yield from started(Postfix, tmp_path_factory, delivery=f"lmtp:inet:127.0.0.1:{keeper.lmtp_port}")


@pytest.mark.parametrize(("number", "kind"), list(enumerate(MESSAGES)), ids=list(MESSAGES))
def test_a_message_comes_back_identical_by_imap_and_by_pop3(
    number: int, kind: str, relay: Postfix, keeper: Dovecot, tmp_path: Path
) -> None:
    """Sent, handed on by Postfix, kept by Dovecot, read: every octet behind the fields that the servers put in front."""
    box = Box(keeper, keeper.reader(number))
    sent = MESSAGES[kind].from_(f"ada@{DOMAIN}").to(box.user).bcc(box.user).subject("Größe – “quoted”").build()
    with box.imap() as opened:
        opened.create("Sent")
        arriving = opened.watch(timeout=30)
        with Mailer(f"smtp://127.0.0.1:{relay.port}?tls=off", save_to=box.url("imaps", "Sent")) as mailer:
            assert mailer.send(sent).is_complete
        by_imap = next(arriving).load()
        opened.select("Sent")
        [copy] = opened.messages()
        copy.load()
    with box.pop3() as opened:
        [by_pop3] = [message.load() for message in opened]
    assert by_imap.original == by_pop3.original
    on_the_wire = bytes(sent.wire(BodyType.EIGHT_BIT))  # Postfix and Dovecot take eight bits
    added = by_imap.original.removesuffix(on_the_wire)
    assert len(added) == len(by_imap.original) - len(on_the_wire)
    assert {line.partition(b":")[0] for line in added.splitlines() if line[:1].strip()} <= {
        b"Return-Path",
        b"Delivered-To",
        b"Received",
    }
    assert copy.original.endswith(bytes(sent))
    assert copy.bcc == sent.bcc
    for read in (by_imap, by_pop3, copy):
        assert (read.subject, read.text, read.html) == (sent.subject, Message.parse(bytes(sent)).text, sent.html)
        assert [(file.filename, file.data) for file in read.attachments] == [
            (file.filename, file.data) for file in sent.attachments
        ]
