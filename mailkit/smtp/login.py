"""The server's side of AUTH: PLAIN (RFC 4616) and LOGIN."""

from binascii import Error as Base64Error
from binascii import a2b_base64

from mailkit.sansio import Call, Conversation
from mailkit.smtp.policy import Policy, guarded
from mailkit.smtp.reply import Reply
from mailkit.smtp.serverwire import ServerWire

__all__ = ["login"]


def login(wire: ServerWire, policy: Policy, argument: str) -> Conversation[str]:
    """Run the exchange that ``AUTH argument`` begins, and answer it. Returns who it was; nobody is ``""``."""
    mechanism, _, initial = argument.partition(" ")
    match mechanism.upper():
        case "PLAIN":
            words = yield from _challenge(wire, "", initial)
            parts = words.split("\0") if words is not None else []
            user, password = parts[1:] if len(parts) == 3 else ("", None)
        case "LOGIN":
            user = (yield from _challenge(wire, "VXNlcm5hbWU6", initial)) or ""
            password = (yield from _challenge(wire, "UGFzc3dvcmQ6", "")) if user else None
        case _:
            wire.fault(Reply.of(504, "5.5.4 Unknown mechanism"))
            return ""
    if not user or password is None:
        wire.fault(Reply.of(501, "5.5.2 Authentication was cancelled or garbled"))
        return ""
    return (yield from _judged(wire, policy, user, password))


def _challenge(wire: ServerWire, challenge: str, initial: str) -> Conversation[str | None]:
    answer: bytes | None = b"" if initial == "=" else initial.encode()  # RFC 4954 4: "=" stands for nothing
    if not initial:
        wire.say(Reply(334, (challenge,)))
        answer = yield from wire.line()
    try:
        return None if answer is None else a2b_base64(answer, strict_mode=True).decode()
    except (Base64Error, UnicodeDecodeError):
        return None


def _judged(wire: ServerWire, policy: Policy, user: str, password: str) -> Conversation[str]:
    answer = yield Call(lambda: guarded(lambda: policy.authenticate(user, password)))
    if isinstance(answer, Reply):
        wire.fault(Reply.of(454, "4.7.0 The password cannot be checked now"))
    elif answer:
        wire.say(Reply.of(235, "2.7.0 Welcome"))
        return user
    else:
        wire.fault(Reply.of(535, "5.7.8 User or password not accepted"))
    return ""
