"""Our own POP3 and IMAP, in the place of a server that clients are tried with."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailkit.inbox.account import Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.imap import serve_imap
from mailkit.inbox.pop3 import serve_pop3
from mailkit.net import Server
from mailkit.sansio import Conversation
from mailkit.smtp import Received
from tests.kit.peers import Authority

__all__ = ["Readable", "readable"]


@dataclass(frozen=True)
class Readable:
    """An archive that is read on four ports; of its mailboxes each user has one."""

    archive: Archive
    ca_file: Path
    imap_port: int
    imaps_port: int
    pop3_port: int
    pop3s_port: int
    password: str = "horse battery"

    def fill(self, user: str, messages: Iterable[bytes]) -> None:
        """Put messages into somebody's inbox, with LF line ends as another server gives them."""
        for message in messages:
            self.archive.add(
                Received("", (user,), message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "me"), inbox=user
            )


@contextmanager
def readable(authority: Authority, *names: str) -> Iterator[Readable]:
    """Serve an archive of its own to these users, over STARTTLS and TLS."""
    context = authority.context()
    with ExitStack() as opened:
        archive = Archive()
        opened.callback(archive.close)
        users = Users(dict.fromkeys(names, Readable.password))

        def imap(_: str, is_secure: bool) -> Conversation[None]:
            return serve_imap(archive, users, is_secure=is_secure, has_tls=True)

        def pop3(_: str, is_secure: bool) -> Conversation[None]:
            return serve_pop3(archive, users, is_secure=is_secure, has_tls=True)

        ports = [
            opened.enter_context(Server(converse, tls=context, implicit_tls=is_secure)).port
            for converse in (imap, pop3)
            for is_secure in (False, True)
        ]
        yield Readable(archive, authority.ca_file, *ports)
