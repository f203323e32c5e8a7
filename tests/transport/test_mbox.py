"""Messages in an mbox, judged by Python's own reader."""

import fcntl
import mailbox
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mailkit import Envelope, Message, MessageBuilder, clock
from mailkit.errors import AttachmentError, ConfigError, TransportError, TransportTimeout
from mailkit.message import Attachment
from mailkit.testing import FrozenClock
from mailkit.transport import MboxTransport, Status, open_transport
from tests.kit.full import LIMITED
from tests.kit.twins import TRANSPORTS, TransportTwin


def message(text: str, subject: str = "Hello") -> Message:
    builder = MessageBuilder().from_("ada@example.com").to("zoe@exämple.com").bcc("eve@example.com")
    return builder.subject(subject).text(text).build()


MESSAGE = message("Hello")


def read(path: Path) -> list[bytes]:
    with closing(mailbox.mbox(path, create=False)) as box:
        return [box.get_bytes(key) for key in box.iterkeys()]


def unquoted(raw: bytes) -> bytes:
    return re.sub(rb"^>(>*From )", rb"\1", raw, flags=re.MULTILINE)


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_deliver_when_the_file_is_not_there_then_it_is_made_and_python_reads_it(
    twin: TransportTwin, tmp_path: Path
) -> None:
    """A From line with the sender and the time, the fields of a delivery, the message, an empty line."""
    path = tmp_path / "mail" / "box"
    with clock.using(FrozenClock()), twin(f"mbox:{path}") as transport:
        outcomes = transport.deliver(MESSAGE)
    assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}
    raw = path.read_bytes()
    assert raw.startswith(
        b"From ada@example.com Fri Jan  2 03:04:05 2026\n"
        b"Return-Path: <ada@example.com>\nDelivered-To: zoe@xn--exmple-cua.com\nDelivered-To: eve@example.com\n"
    )
    assert raw.endswith(bytes(MESSAGE).replace(b"\r\n", b"\n") + b"\n")
    assert len(read(path)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["box"]


TRAPS = [
    "From here on",
    ">From there\n>>From far",
    "\nFrom ada@example.com Fri Jan  2 03:04:05 2026\nSubject: injected\n\nI am a message",
    "the end\n\nFrom x@y Thu Jan  1 00:00:00 1970",
    "no end of line",
    "\n\n\n",
    "a From in the middle\n From behind a space\nFROM\nFrom:\n",
]


def test_deliver_when_lines_begin_with_from_then_each_message_comes_back_as_it_was(tmp_path: Path) -> None:
    """No text can end its message or begin another; mboxrd's quotes can be taken away without a doubt."""
    path = tmp_path / "box"
    transport = MboxTransport(path)
    sent = [message(text, f"No. {number}") for number, text in enumerate(TRAPS)]
    for one in sent:
        transport.deliver(one.envelope(), one)
    found = read(path)
    assert len(found) == len(sent)
    for raw, one in zip(found, sent, strict=True):
        assert unquoted(raw).endswith(bytes(one).replace(b"\r\n", b"\n"))


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        (None, b"From MAILER-DAEMON "),
        ('"two words"@example.com', b'From "two?words"@example.com '),
        ("zoë@example.com", b"From zo?@example.com "),
    ],
)
def test_deliver_when_the_sender_is_unusual_then_the_from_line_can_still_be_read(
    tmp_path: Path, sender: str | None, shown: bytes
) -> None:
    """Readers end the sender at the first space, and expect ASCII."""
    path = tmp_path / "box"
    MboxTransport(path).deliver(Envelope(sender, "bob@example.com"), MESSAGE)
    assert path.read_bytes().startswith(shown)
    assert len(read(path)) == 1


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_deliver_when_something_else_left_the_file_without_an_empty_line_then_it_is_added(
    tmp_path: Path, end: bytes
) -> None:
    """A crash, or an editor: the next message must begin after an empty line."""
    path = tmp_path / "box"
    path.write_bytes(b"From bob Thu Jan  1 00:00:00 1970\nSubject: old\n\nold" + end)
    MboxTransport(path).deliver(MESSAGE.envelope(), MESSAGE)
    assert [mailbox.mboxMessage(raw)["Subject"] for raw in read(path)] == ["old", "Hello"]
    assert b"old\n\nFrom ada@" in path.read_bytes()


def test_deliver_when_an_attached_file_has_changed_then_the_mbox_is_as_it_was(tmp_path: Path) -> None:
    """What had been written is cut off again, and nothing stays locked."""
    path, big = tmp_path / "box", tmp_path / "big.bin"
    transport = MboxTransport(path, timeout=1)
    transport.deliver(MESSAGE.envelope(), MESSAGE)
    before = path.read_bytes()
    big.write_bytes(b"x" * 5_000_000)
    broken = MessageBuilder().from_("a@example.com").to("b@example.com").attach(Attachment.from_path(big)).build()
    big.write_bytes(b"y" * 4_900_000)
    with pytest.raises(AttachmentError):
        transport.deliver(broken.envelope(), broken)
    assert path.read_bytes() == before
    transport.deliver(MESSAGE.envelope(), MESSAGE)
    assert len(read(path)) == 2


def test_deliver_when_the_disk_is_full_then_the_error_is_temporary_and_the_mbox_is_as_it_was(tmp_path: Path) -> None:
    """A full disk costs the new message, and none of the old ones."""
    path = tmp_path / "box"
    MboxTransport(path).deliver(MESSAGE.envelope(), MESSAGE)
    before = path.read_bytes()
    result = subprocess.run([sys.executable, "-c", LIMITED, f"mbox:{path}"], capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "TransportError True", result.stderr
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["box"]


def test_deliver_when_the_half_message_cannot_be_cut_off_then_it_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again might make two of it."""

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    monkeypatch.setattr(os, "ftruncate", fail)
    outcomes = MboxTransport(tmp_path / "box").deliver(MESSAGE.envelope(), MESSAGE)
    assert {outcome.status for outcome in outcomes} == {Status.IN_DOUBT}


def test_deliver_when_the_path_is_no_file_then_the_error_names_it_and_is_final(tmp_path: Path) -> None:
    """A folder, a pipe that nobody reads, a folder that is a file: at once, and without hanging."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for place in ("folder", "pipe", "file/deeper"):
        with pytest.raises(TransportError, match=place) as caught:
            MboxTransport(tmp_path / place).deliver(MESSAGE.envelope(), MESSAGE)
        assert not caught.value.is_temporary
        with pytest.raises(ConfigError):
            MboxTransport(tmp_path / place).verify()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "folder", "pipe"]


def test_deliver_when_a_link_leads_to_the_file_then_the_lock_is_where_others_look(tmp_path: Path) -> None:
    """Two paths to one mbox must not have two locks."""
    (tmp_path / "real").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real.lock").write_text("")
    with pytest.raises(TransportTimeout):
        MboxTransport(tmp_path / "link", timeout=0.05).deliver(MESSAGE.envelope(), MESSAGE)
    (tmp_path / "real.lock").unlink()
    MboxTransport(tmp_path / "link").deliver(MESSAGE.envelope(), MESSAGE)
    assert len(read(tmp_path / "real")) == 1


HOLDER = """\
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program has the mbox locked, by the system's lock."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield
        holder.communicate()


def test_deliver_when_another_program_has_it_locked_then_it_waits_and_gives_up_in_time(tmp_path: Path) -> None:
    """The error says what to do, and that trying again is worth it."""
    path = tmp_path / "box"
    path.write_bytes(b"")
    with locked(path):
        with pytest.raises(TransportTimeout, match="locked") as caught:
            MboxTransport(path, timeout=0.1).deliver(MESSAGE.envelope(), MESSAGE)
        assert caught.value.is_temporary
        assert "box.lock" in caught.value.hint
    MboxTransport(path, timeout=5).deliver(MESSAGE.envelope(), MESSAGE)
    assert len(read(path)) == 1


def test_deliver_when_a_lock_file_is_old_then_whoever_made_it_is_dead(tmp_path: Path) -> None:
    """A crash years ago must not stop mail for ever; a young lock is respected."""
    path, lock = tmp_path / "box", tmp_path / "box.lock"
    lock.write_text("")
    with pytest.raises(TransportTimeout):
        MboxTransport(path, timeout=0.05).deliver(MESSAGE.envelope(), MESSAGE)
    os.utime(lock, (0, 0))
    MboxTransport(path, timeout=1).deliver(MESSAGE.envelope(), MESSAGE)
    assert len(read(path)) == 1
    assert not lock.exists()


def test_deliver_when_it_is_done_then_python_can_lock_the_mbox_in_turn(tmp_path: Path) -> None:
    """Both kinds of lock are let go."""
    path = tmp_path / "box"
    MboxTransport(path).deliver(MESSAGE.envelope(), MESSAGE)
    with closing(mailbox.mbox(path)) as box:
        box.lock()
        box.unlock()
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


DENIED = """\
import os, sys
from mailkit import MessageBuilder, errors, open_transport
message = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("x").build()
os.setuid(65534)
transport = open_transport(sys.argv[1])
try:
    transport.verify()
    print("verified")
except errors.ConfigError:
    print("ConfigError")
try:
    print(transport.deliver(message.envelope(), message)[0].status)
except errors.TransportError as error:
    print(error.is_temporary)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize("scheme", ["maildir", "mbox", "file"])
def test_deliver_when_permission_is_denied_then_the_error_is_final(scheme: str) -> None:
    """Rights do not mend themselves, and verifying finds that before the first message."""
    result = subprocess.run(
        [sys.executable, "-c", DENIED, f"{scheme}:/root/mailkit-denied/box"], capture_output=True, text=True, timeout=60
    )
    assert result.stdout.split() == ["ConfigError", "False"], result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_deliver_when_no_lock_file_may_be_made_then_the_lock_of_the_system_is_enough(tmp_path: Path) -> None:
    """In /var/mail a user may write to the own mbox, and make nothing beside it."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder != folder.parent and not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    path = tmp_path / "box"
    path.write_bytes(b"")
    os.chown(path, 65534, 65534)
    result = subprocess.run([sys.executable, "-c", DENIED, f"mbox:{path}"], capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["verified", "accepted"], result.stderr


def test_verify_when_the_file_can_be_made_then_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    """Verifying leaves nothing."""
    assert "can append" in MboxTransport(tmp_path / "a" / "box").verify()[0]
    assert list(tmp_path.iterdir()) == []


def test_open_when_a_url_has_options_then_they_are_used() -> None:
    """The only one is how long to wait for others."""
    transport = open_transport("mbox:///var/mail/ada?timeout=2.5")
    assert isinstance(transport, MboxTransport)
    assert (str(transport.path), transport.timeout, transport.name) == ("/var/mail/ada", 2.5, "mbox:/var/mail/ada")
    with pytest.raises(ConfigError, match="needs a path"):
        open_transport("mbox:")
