"""Copies of what was sent: in the folder, with Bcc, beside the sending, and never in its way."""

import asyncio
import imaplib
import logging
import ssl
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mailkit import AsyncMailer, Mailer, Message, MessageBuilder
from mailkit.delivery import Hook, SentCopies
from mailkit.errors import ConfigError, MailkitError
from mailkit.transport import MemoryTransport, Parcel
from tests.kit.chatter import HANGS_UP, Chatter, imap
from tests.kit.daemon import started
from tests.kit.dovecot import Dovecot
from tests.kit.peers import free_port
from tests.mailbox.conftest import Box, box

__all__ = ["box", "dovecot"]

NOTE = MessageBuilder().from_("ada@x.org").to("bob@x.org").subject("Größe").text("t")


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    yield from started(Dovecot, tmp_path_factory)


def in_folder(box: Box, folder: str) -> list[tuple[bytes, bytes]]:
    """What another client sees: flags and content."""
    context = ssl.create_default_context(cafile=str(box.server.ca_file))
    other = imaplib.IMAP4_SSL("localhost", box.server.imaps_port, ssl_context=context)
    other.login(box.user, box.server.password)
    other.select(folder)
    _, found = other.fetch("1:*", "(FLAGS BODY.PEEK[])")
    other.logout()
    return [one for one in found if isinstance(one, tuple)]


def test_what_was_sent_is_in_the_folder_when_the_mailer_is_closed(box: Box) -> None:
    """Seen, identical, with its Bcc field that nobody else gets."""
    with box.imap() as opened:
        opened.create("Verschickt")
    plain, blind = NOTE.build(), NOTE.bcc("Zoë <zoe@x.org>").build()
    transport = MemoryTransport()
    with Mailer(transport, save_to=box.url("imaps", "Verschickt")) as mailer:
        mailer.send(plain)
        mailer.send(blind)
        assert list(mailer.send_many([plain]))
    found = in_folder(box, "Verschickt")
    assert [content for _, content in found][::2] == [bytes(plain), bytes(plain)]
    assert all(b"\\Seen" in flags for flags, _ in found)
    assert Message.parse(found[1][1]).bcc == blind.bcc
    assert found[1][1].endswith(bytes(blind))
    assert all(b"zoe" not in bytes(parcel.message) for parcel in transport.sent)


def test_without_a_folder_it_is_the_one_for_sent_mail(box: Box) -> None:
    """With asyncio too."""
    with box.imap() as opened:
        opened.create("Sent")

    async def main() -> None:
        async with AsyncMailer("memory:", save_to=box.url("imaps")) as mailer:
            await mailer.send(NOTE.build())

    asyncio.run(main())
    assert len(in_folder(box, "Sent")) == 1


def test_a_copy_that_cannot_be_saved_is_logged_and_the_message_is_sent(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that is not there, a password that is wrong, a server that is not there: no password in the log."""
    urls = [
        box.url("imaps", "nowhere"),
        box.url("imaps", "Sent", password="hunter2"),
        f"imap://ada:hunter2@127.0.0.1:{free_port()}/Sent?tls=off",
    ]
    with caplog.at_level(logging.WARNING, "mailkit.delivery"):
        for url in urls:
            with Mailer("memory:", save_to=SentCopies(url, pause=0)) as mailer:
                assert mailer.send(NOTE.build()).is_complete
            assert (mailer.copies.saved, mailer.copies.failed) == (0, 1)
    assert len(caplog.records) == 3
    assert "no copy of <" in caplog.text
    assert "hunter2" not in caplog.text


def test_what_reached_nobody_has_no_copy(box: Box) -> None:
    """There is nothing to remember."""

    class Never(Hook):
        def veto(self, parcel: Parcel) -> str:
            return "not today"

    with Mailer("memory:", hooks=[Never()], save_to=box.url("imaps", "Sent")) as mailer:
        assert mailer.deliver(NOTE.build()).refused
    assert (mailer.copies.saved, mailer.copies.failed) == (0, 0)


class HangsUp:
    """An IMAP server that takes copies, and hangs up amid the second."""

    def __init__(self) -> None:
        self._usual = imap(CAPABILITY=b"* CAPABILITY IMAP4rev1\r\n%t OK\r\n")
        self._tag = b""
        self.taken = 0

    def __call__(self, line: bytes) -> object:
        if b"APPEND" in line:
            self._tag = line.split()[0]
            self.taken += 1
            return (b"+ go\r\n", HANGS_UP) if self.taken == 2 else b"+ go\r\n"
        if self._tag and line == b"\r\n":  # behind the header, and behind the whole
            return None
        if self._tag and line == b"end\r\n":
            tag, self._tag = self._tag, b""
            return tag + b" OK taken\r\n"
        return None if self._tag and b":" in line else self._usual(line)


def test_a_connection_that_was_lost_is_made_anew() -> None:
    """Servers close what has rested: the copy goes over the next one."""
    shelf = HangsUp()
    message = Message.parse(b"From: a@x.org\r\nTo: b@x.org\r\n\r\nend")
    with Chatter(b"* OK\r\n", shelf) as server:
        url = f"imap://ada:secret@127.0.0.1:{server.port}/Sent?unsafe_plaintext_auth=yes&timeout=5"
        with Mailer("memory:", save_to=url) as mailer:
            for _ in range(3):
                mailer.send(message)
        assert (mailer.copies.saved, mailer.copies.failed, shelf.taken) == (3, 0, 4)
        assert len([line for line in server.heard if b"LOGIN" in line]) == 2


def test_while_the_server_is_away_memory_is_bounded_and_nobody_waits() -> None:
    """What finds no room has no copy; the message is sent all the same."""
    copies = SentCopies(f"imap://ada:p@127.0.0.1:{free_port()}/Sent?tls=off", most_waiting=3, pause=60)
    with Mailer("memory:", save_to=copies) as mailer:
        for _ in range(20):
            assert mailer.send(NOTE.build()).is_complete
    assert (copies.saved, copies.failed) == (0, 20)


def test_a_program_that_ends_without_closing_has_saved_its_copies(box: Box) -> None:
    """A script of three lines is enough."""
    with box.imap() as opened:
        opened.create("Sent")
    script = (
        "import sys; from mailkit import Mailer, MessageBuilder\n"
        "m = MessageBuilder().from_('a@x.org').to('b@x.org').text('t').build()\n"
        "Mailer('memory:', save_to=sys.argv[1]).send(m)\n"
    )
    subprocess.run([sys.executable, "-c", script, box.url("imaps", "Sent")], check=True, timeout=60)
    assert len(in_folder(box, "Sent")) == 1


def test_a_url_that_has_no_folders_is_refused_at_once() -> None:
    """Before anything is sent."""
    for url in ("pop3s://ada:p@host", "smtp://host", "nonsense"):
        with pytest.raises((ConfigError, MailkitError)):
            Mailer("memory:", save_to=url)
