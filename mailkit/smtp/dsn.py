"""What a client asks about delivery status notifications: which, how long, and under which name (RFC 3461, RFC 6533)."""

from dataclasses import dataclass

from mailkit.mime import xtext

__all__ = ["DsnRequest", "RecipientDsn"]


@dataclass(frozen=True, slots=True)
class RecipientDsn:
    """What is asked for one recipient."""

    notify: tuple[str, ...] = ()
    """NOTIFY (RFC 3461 4.1): ``NEVER``, or some of ``SUCCESS``, ``FAILURE`` and ``DELAY``."""
    original: str = ""
    """ORCPT (RFC 3461 4.2): type and address, such as ``rfc822;bob@example.com``, as it was before any forwarding."""

    @property
    def parameters(self) -> list[str]:
        """The parameters of RCPT TO."""
        found = [f"NOTIFY={','.join(self.notify)}"] if self.notify else []
        if self.original:
            kind, _, address = self.original.partition(";")
            encode = xtext.encode_address if kind.lower() == "utf-8" else xtext.encode
            found.append(f"ORCPT={kind};{encode(address)}")
        return found


@dataclass(frozen=True, slots=True)
class DsnRequest:
    """What is asked for a message."""

    ret: str = ""
    """RET (RFC 3461 4.3): ``FULL`` returns the message with a failure, ``HDRS`` its header only."""
    envid: str = ""
    """ENVID (RFC 3461 4.4): what the sender calls this sending; reports repeat it."""
    recipients: tuple[RecipientDsn, ...] = ()
    """One for each recipient, in order, or none at all."""

    def __bool__(self) -> bool:
        return bool(self.ret or self.envid or any(one.notify or one.original for one in self.recipients))

    @property
    def parameters(self) -> list[str]:
        """The parameters of MAIL FROM."""
        found = [f"RET={self.ret}"] if self.ret else []
        return [*found, f"ENVID={xtext.encode(self.envid)}"] if self.envid else found
