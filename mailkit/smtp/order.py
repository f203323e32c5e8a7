"""The order of commands: which verbs a server knows, and what must have been said before each (RFC 5321 4.1.4)."""

__all__ = ["NEEDS", "OF_LMTP", "OF_SMTP"]

# RFC 2033 4.1: neither protocol knows the other's greetings.
OF_SMTP = ("HELO", "EHLO")
OF_LMTP = ("LHLO",)

NEEDS: dict[str, tuple[str, ...]] = {
    "HELO": (),
    "EHLO": (),
    "LHLO": (),
    "STARTTLS": ("hello", "no sender"),
    "AUTH": ("hello", "no sender"),
    "MAIL": ("hello", "auth", "no sender"),
    "RCPT": ("hello", "auth", "sender"),
    "DATA": ("hello", "auth", "sender", "recipient"),
    "BDAT": (),  # its octets come first, whatever it needs
    "RSET": (),
    "NOOP": (),
    "VRFY": ("hello",),
    "HELP": (),
    "QUIT": (),
}
