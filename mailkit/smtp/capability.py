"""What a server says it can do: the lines of its EHLO reply (RFC 5321 4.1.1.1)."""

from dataclasses import dataclass, field

from mailkit.mime.bodytype import BodyType
from mailkit.smtp.reply import Reply

__all__ = ["Capabilities"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The server's name and its extensions: keyword in upper case to parameters."""

    host: str = ""
    extensions: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, reply: Reply) -> "Capabilities":
        extensions: dict[str, tuple[str, ...]] = {}
        for line in reply.lines[1:]:
            # Old servers write AUTH=LOGIN; what follows the first sign is a parameter like the others.
            words = line.replace("AUTH=", "AUTH ", 1).split() if line.upper().startswith("AUTH=") else line.split()
            if words:
                keyword = words[0].upper()
                extensions[keyword] = (*extensions.get(keyword, ()), *words[1:])
        return cls((reply.lines[0].split() or [""])[0] if reply.lines else "", extensions)

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.extensions

    @property
    def auth(self) -> tuple[str, ...]:
        """The SASL mechanisms on offer, in upper case."""
        return tuple(name.upper() for name in self.extensions.get("AUTH", ()))

    @property
    def body(self) -> BodyType:
        """The most demanding form of content that the server takes (RFC 6152, RFC 3030)."""
        if "BINARYMIME" in self and "CHUNKING" in self:
            return BodyType.BINARY
        return BodyType.EIGHT_BIT if "8BITMIME" in self else BodyType.SEVEN_BIT

    @property
    def size(self) -> int:
        """The largest message that the server takes, in bytes; 0 means that it does not say (RFC 1870 4)."""
        words = self.extensions.get("SIZE", ())
        return int(words[0]) if words and words[0].isascii() and words[0].isdigit() else 0
