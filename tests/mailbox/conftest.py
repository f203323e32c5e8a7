"""Mailboxes: a real Dovecot, with a mailbox to itself for each test."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from urllib.parse import quote

import pytest

from mailkit import mailbox
from mailkit.mailbox import Imap, Pop3
from tests.kit.chatter import IMAP_GREETING, IMAP_URL, POP3_GREETING, POP3_URL, Chatter, imap, pop3
from tests.kit.daemon import started
from tests.kit.dovecot import Dovecot
from tests.kit.peers import authority
from tests.kit.reading import Readable, readable

__all__ = ["Box", "authority", "box", "dovecot", "imap_server", "pop3_server"]

_numbers = count()


@pytest.fixture(scope="session")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    """One Dovecot for all tests of the run."""
    yield from started(Dovecot, tmp_path_factory)


@dataclass(frozen=True)
class Box:
    """A user's mailbox."""

    server: Dovecot | Readable
    user: str

    def url(self, scheme: str = "imaps", folder: str = "", password: str = "", **options: str) -> str:
        server = self.server
        ports = {
            "imap": server.imap_port,
            "imaps": server.imaps_port,
            "pop3": server.pop3_port,
            "pop3s": server.pop3s_port,
        }
        login = f"{quote(self.user)}:{quote(password or server.password)}"
        asked = "&".join(f"{name}={value}" for name, value in {"ca": str(server.ca_file), **options}.items())
        return f"{scheme}://{login}@localhost:{ports[scheme]}{f'/{quote(folder)}' if folder else ''}?{asked}"

    def imap(self, folder: str = "", **options: str) -> Imap:
        opened = mailbox.open(self.url("imaps", folder, **options))
        assert isinstance(opened, Imap)
        return opened

    def pop3(self, **options: str) -> Pop3:
        opened = mailbox.open(self.url("pop3s", **options))
        assert isinstance(opened, Pop3)
        return opened

    def fill(self, messages: Iterable[bytes]) -> None:
        self.server.fill(self.user, messages)


@pytest.fixture(params=["dovecot", "inbox"])
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    """A mailbox that no other test uses: Dovecot's, and one of the development inbox."""
    name = Dovecot.reader(next(_numbers))
    if request.param == "dovecot":
        yield Box(request.getfixturevalue("dovecot"), name)
    else:
        with readable(request.getfixturevalue("authority"), name) as server:
            yield Box(server, name)


@contextmanager
def imap_server(
    *, drips: bool = False, greeting: bytes = IMAP_GREETING, **answers: object
) -> Iterator[tuple[str, Chatter]]:
    """Run a scripted IMAP server; give its URL and the server."""
    with Chatter(greeting, imap(**answers), drips=drips) as server:
        yield IMAP_URL.format(port=server.port), server


@contextmanager
def pop3_server(
    *, drips: bool = False, greeting: bytes = POP3_GREETING, **answers: object
) -> Iterator[tuple[str, Chatter]]:
    """Run a scripted POP3 server; give its URL and the server."""
    with Chatter(greeting, pop3(**answers), drips=drips) as server:
        yield POP3_URL.format(port=server.port), server


def note(number: int = 0, body: str = "hello", **fields: str) -> bytes:
    """Return a small message."""
    head = {"From": f"bob{number}@example.com", "To": "ada@example.com", "Subject": f"note {number}"}
    head["Date"] = "Thu, 1 Jan 2026 10:00:00 +0000"
    head |= {
        "Message-ID": f"<{number}@example.com>",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    return "".join(f"{name}: {value}\r\n" for name, value in head.items()).encode() + f"\r\n{body}\r\n".encode()
