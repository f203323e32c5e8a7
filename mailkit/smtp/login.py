"""The server's side of AUTH: PLAIN (RFC 4616), LOGIN, XOAUTH2 and OAUTHBEARER (RFC 7628), CRAM-MD5 (RFC 2195), SCRAM."""

import hmac
import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Sequence
from typing import Any

from mailkit import clock
from mailkit.sansio import Call, Conversation
from mailkit.smtp.policy import Policy, guarded
from mailkit.smtp.reply import Reply
from mailkit.smtp.scram import Verifier
from mailkit.smtp.serverwire import ServerWire

__all__ = ["login"]

_GARBLED = Reply.of(501, "5.5.2 Authentication was cancelled or garbled")
_REFUSED = Reply.of(535, "5.7.8 User or password not accepted")
_BEARER = re.compile(
    r"(?:user=([^\x01]*)|n,a=([^\x01,]*),)\x01(?:[^\x01]+\x01)*?auth=Bearer ([^\x01]+)\x01(?:[^\x01]+\x01)*\x01"
)
_COMPLAINT = '{"status":"invalid_token","schemes":"bearer","scope":"https://mail.example.com/"}'
# RFC 5802 7; the authorisation identity is the user's own or none.
_FIRST = re.compile(r"(n|y|p=([A-Za-z0-9.-]+)),(?:a=[^,]*)?,(n=([^,]+),r=([!-+\--~]+)(?:,.*)?)")
_FINAL = re.compile(r"(c=([A-Za-z0-9+/=]+),r=([!-+\--~]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)")

Bindings = Sequence[tuple[str, bytes]]


def login(
    wire: ServerWire, policy: Policy, argument: str, *, mechanisms: Sequence[str], bindings: Bindings = ()
) -> Conversation[str]:
    """Run the exchange that ``AUTH argument`` begins, and answer it. Returns who it was; nobody is ``""``."""
    name, _, initial = argument.partition(" ")
    name = name.upper()
    if name not in mechanisms:
        wire.fault(Reply.of(504, "5.5.4 Unknown mechanism"))
        return ""
    return (yield from _Login(wire, policy, initial, bindings, mechanisms).run(name))


class _Login:
    def __init__(
        self, wire: ServerWire, policy: Policy, initial: str, bindings: Bindings, mechanisms: Sequence[str]
    ) -> None:
        self._wire = wire
        self._policy = policy
        self._initial = initial
        self._bindings = dict(bindings)
        self._offers_binding = any(name.endswith("-PLUS") for name in mechanisms)

    def run(self, name: str) -> Conversation[str]:
        match name:
            case "PLAIN":
                return (yield from self._plain())
            case "LOGIN":
                return (yield from self._login())
            case "XOAUTH2" | "OAUTHBEARER":
                return (yield from self._bearer())
            case "CRAM-MD5":
                return (yield from self._cram_md5())
            case "SCRAM-SHA-256" | "SCRAM-SHA-256-PLUS":
                return (yield from self._scram("sha256", is_bound=name.endswith("-PLUS")))
            case "SCRAM-SHA-1" | "SCRAM-SHA-1-PLUS":
                return (yield from self._scram("sha1", is_bound=name.endswith("-PLUS")))
        self._wire.fault(Reply.of(504, "5.5.4 Unknown mechanism"))
        return ""

    def _plain(self) -> Conversation[str]:
        words = yield from self._heard("")
        parts = words.split("\0") if words is not None else []
        if len(parts) != 3:
            return self._no(_GARBLED)
        return (yield from self._judged(parts[1], lambda: self._policy.authenticate(parts[1], parts[2])))

    def _login(self) -> Conversation[str]:
        user = (yield from self._heard("Username:")) or ""
        password = (yield from self._heard("Password:")) if user else None
        if password is None:
            return self._no(_GARBLED)
        return (yield from self._judged(user, lambda: self._policy.authenticate(user, password)))

    def _bearer(self) -> Conversation[str]:
        found = _BEARER.fullmatch((yield from self._heard("")) or "")
        if found is None:
            return self._no(_GARBLED)
        user = found[1] or _unescaped(found[2] or "")
        is_right = yield Call(lambda: guarded(lambda: self._policy.token(user, found[3])))
        if not is_right:
            # RFC 7628 3.2.3: the reason first, which the client acknowledges.
            yield from self._heard(_COMPLAINT)
        return self._judgement(user, is_right)

    def _cram_md5(self) -> Conversation[str]:
        challenge = f"<{clock.token()}@mailkit>"
        user, _, digest = ((yield from self._heard(challenge)) or "").rpartition(" ")
        if not user:
            return self._no(_GARBLED)

        def is_right() -> bool:
            password = self._policy.password(user)
            right = hmac.new((password or "").encode(), challenge.encode(), "md5").hexdigest()
            return hmac.compare_digest(right.encode(), digest.encode()) and password is not None

        return (yield from self._judged(user, is_right))

    def _scram(self, algorithm: str, *, is_bound: bool) -> Conversation[str]:
        found = _FIRST.fullmatch((yield from self._heard("")) or "")
        if found is None or is_bound != bool(found[2]):
            return self._no(_GARBLED)
        flag, kind, bare, user = found[1], found[2], found[3], _unescaped(found[4])
        if kind and kind not in self._bindings:
            return (yield from self._stopped("unsupported-channel-binding-type"))
        if flag == "y" and self._offers_binding:
            return (yield from self._stopped("server-does-support-channel-binding"))
        verifier = yield Call(lambda: guarded(lambda: self._policy.verifier(user, algorithm)))
        if isinstance(verifier, Reply):
            return self._judgement(user, verifier)
        # Whether the user is known is not told before the proof.
        known = verifier or Verifier.of(clock.token(), algorithm=algorithm, salt=bytes.fromhex(clock.token()))
        nonce = found[5] + clock.token()
        first = f"r={nonce},s={_base64(known.salt)},i={known.iterations}"
        proved = _FINAL.fullmatch((yield from self._heard(first)) or "")
        if proved is None or proved[3] != nonce:
            return self._no(_GARBLED)
        header = found[0][: -len(bare)].encode()
        if _unbase64(proved[2]) != header + (self._bindings[kind] if kind else b""):
            return (yield from self._stopped("channel-bindings-dont-match"))
        signed = f"{bare},{first},{proved[1]}".encode()
        if verifier is None or not known.is_proof(_unbase64(proved[4]), signed):
            return (yield from self._stopped("invalid-proof"))
        if (yield from self._heard(f"v={_base64(known.signature(signed))}")) is None:
            return self._no(_GARBLED)
        return self._judgement(user, True)

    def _stopped(self, why: str) -> Conversation[str]:
        yield from self._heard(f"e={why}")
        return self._no(_REFUSED)

    def _heard(self, challenge: str) -> Conversation[str | None]:
        """Return what the client says to the challenge; None when that is nothing, or no text."""
        initial, self._initial = self._initial, ""
        answer: bytes | None = b"" if initial == "=" else initial.encode()  # RFC 4954 4: "=" stands for nothing
        if not initial:
            self._wire.say(Reply(334, (_base64(challenge.encode()),)))
            answer = yield from self._wire.line()
        try:
            return None if answer is None else a2b_base64(answer, strict_mode=True).decode()
        except (Base64Error, UnicodeDecodeError):
            return None

    def _judged(self, user: str, judge: Callable[[], bool]) -> Conversation[str]:
        if not user:
            return self._no(_GARBLED)
        return self._judgement(user, (yield Call(lambda: guarded(judge))))

    def _judgement(self, user: str, answer: Any) -> str:
        if isinstance(answer, Reply):
            return self._no(Reply.of(454, "4.7.0 The password cannot be checked now"))
        if not answer:
            return self._no(_REFUSED)
        self._wire.say(Reply.of(235, "2.7.0 Welcome"))
        return user

    def _no(self, reply: Reply) -> str:
        self._wire.fault(reply)
        return ""


def _unescaped(user: str) -> str:
    return user.replace("=2C", ",").replace("=3D", "=")


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def _unbase64(text: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error:
        return b""
