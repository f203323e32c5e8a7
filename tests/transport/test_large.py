"""A file of 500 MB costs no more memory than a small one."""

import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from mailkit.mime.transfer import base64_size

SIZE = 500_000_000
MOST = 64_000_000  # bytes of memory, the interpreter and all that it has loaded among them

SEND = """
    import sys
    from mailkit import Mailer, MessageBuilder
    url, path = sys.argv[1:]
    message = MessageBuilder().from_("a@b.example").to("c@d.example").text("The film.").attach(path).build()
    with Mailer(url) as mailer:
        print(mailer.send(message).accepted[0].text, message.size)
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"),
]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.bin"
    with path.open("wb") as file:
        file.truncate(SIZE)  # zeros that take no room on the disk
    return path


def peak_of_sending(url: str, film: Path) -> tuple[int, int]:
    """Send in a process of its own. Returns the most memory that it had, and the size of the message, in bytes."""
    words = [sys.executable, "-c", textwrap.dedent(SEND), url, str(film)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    sent, peak = done.stdout.splitlines()
    return int(peak) * 1024, int(sent.split()[-1])


def test_a_large_file_when_written_to_a_folder_costs_little_memory(film: Path, tmp_path: Path) -> None:
    """It is read and encoded in blocks."""
    peak, size = peak_of_sending(f"file:{tmp_path / 'out'}", film)
    (written,) = (tmp_path / "out").glob("*.eml")
    assert written.stat().st_size == size > base64_size(SIZE)
    assert peak < MOST


def test_a_large_file_when_sent_as_lines_costs_little_memory(film: Path) -> None:
    """Encoded block by block, between two writes."""
    with Drain(b"8BITMIME") as drain:
        peak, size = peak_of_sending(f"smtp://127.0.0.1:{drain.port}?tls=off", film)
    assert drain.taken == size > base64_size(SIZE)
    assert peak < MOST


def test_a_large_file_when_sent_in_chunks_costs_little_memory(film: Path) -> None:
    """As it is, without a third more for base64."""
    with Drain(b"8BITMIME\r\n250-CHUNKING\r\n250-BINARYMIME") as drain:
        peak, _ = peak_of_sending(f"smtp://127.0.0.1:{drain.port}?tls=off", film)
    assert SIZE < drain.taken < SIZE + 2000
    assert peak < MOST


class Drain:
    """A server that says yes to all and counts bytes, holding none of them."""

    def __init__(self, offer: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._offer = offer
        self._thread = threading.Thread(target=self._serve)
        self.port = self._listener.getsockname()[1]
        self.taken = 0

    def __enter__(self) -> "Drain":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.join(timeout=60)
        self._listener.close()

    def _serve(self) -> None:
        wire, _ = self._listener.accept()
        wire.settimeout(60)
        with wire, wire.makefile("rb") as lines:
            wire.sendall(b"220 drain\r\n")
            for line in lines:
                verb = line.split()[0].upper()
                if verb == b"EHLO":
                    wire.sendall(b"250-drain\r\n250-" + self._offer + b"\r\n250 SIZE\r\n")
                elif verb == b"DATA":
                    wire.sendall(b"354 go\r\n")
                    for text in lines:
                        if text == b".\r\n":
                            break
                        self.taken += len(text)
                    wire.sendall(b"250 ok\r\n")
                elif verb == b"BDAT":
                    left = int(line.split()[1])
                    self.taken += left
                    while left:
                        left -= len(lines.read(min(left, 65_536)))
                    wire.sendall(b"250 ok\r\n")
                elif verb == b"QUIT":
                    wire.sendall(b"221 bye\r\n")
                    return
                else:
                    wire.sendall(b"250 ok\r\n")
