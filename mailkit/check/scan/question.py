"""What a spam filter is asked: a message, and how it came in. Nothing in it can become a header of its own."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypedDict

from mailkit.errors import MessageError
from mailkit.mime.control import refuse_controls

__all__ = ["Came", "Question"]


class Came(TypedDict, total=False):
    """How a message came in: the envelope's addresses, the client's name for itself, and its IP address."""

    sender: str
    recipients: tuple[str, ...]
    hello: str
    peer: str


@dataclass(frozen=True, slots=True)
class Question:
    """Raises MessageError for a control character (CR and LF among them), and for a ``peer`` that is no IP address."""

    raw: bytes
    sender: str = ""
    recipients: tuple[str, ...] = ()
    hello: str = ""
    peer: str = ""

    def __post_init__(self) -> None:
        for field in ("sender", "hello", "peer"):
            refuse_controls(getattr(self, field), field=field)
        for recipient in self.recipients:
            refuse_controls(recipient, field="recipients")
        if self.peer and not _is_ip(self.peer):
            raise MessageError(f"{self.peer!r} is not an IP address", field="peer", hint="Write one such as 192.0.2.7.")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
