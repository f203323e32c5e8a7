"""rspamd: the message goes to its normal, proxy or controller worker by HTTP, and the verdict comes back as JSON.

HTTP/1.0 is spoken, on purpose: one request, one answer, and no chunks.
"""

import json
import math
import re
from typing import Any

from mailkit.check.scan.answer import Answer
from mailkit.check.scan.deadline import Deadline
from mailkit.check.scan.exchange import cut_off, exchange
from mailkit.check.scan.question import Question
from mailkit.check.scan.verdict import SpamVerdict, Symbol, ranked
from mailkit.errors import AuthError, RemoteProtocolError, TransportError
from mailkit.sansio import Conversation
from mailkit.secret import Secret
from mailkit.smtp.refusal import printable

__all__ = ["ask", "request", "verdict"]

_STATUS = re.compile(r"HTTP/[0-9]\.[0-9] +([0-9]{3}) *(.*)")
# What puts a message among the spam, or away. Greylisting and "soft reject" only put it off.
_SPAM = frozenset(("reject", "add header", "rewrite subject", "quarantine", "discard"))
_MOST_OPTIONS = 8  # a rule about links tells each of them


def ask(
    question: Question, *, name: str, host: str, password: Secret | None, secure: bool, deadline: Deadline
) -> Conversation[SpamVerdict]:
    """Return the verdict. Raises AuthError for the password, TransportError when rspamd says that it cannot, and what
    :func:`exchange` does.
    """
    sent = request(question, host=host, password=password)
    answer = yield from exchange(sent, mark=b"HTTP/", deadline=deadline, secure=secure)
    return verdict(answer, name=name)


def request(question: Question, *, host: str, password: Secret | None = None) -> bytes:
    """Return what is sent. ``host`` is whom it is addressed to, with the port."""
    fields = [("Host", host), ("User-Agent", "mailkit"), ("Content-Length", str(len(question.raw)))]
    fields += [("From", question.sender)] if question.sender else []
    fields += [("Rcpt", recipient) for recipient in question.recipients]
    fields += [("Helo", question.hello)] if question.hello else []
    fields += [("IP", question.peer)] if question.peer else []
    fields += [("Password", password.reveal())] if password else []
    head = "".join(f"{field}: {value}\r\n" for field, value in fields)
    return b"POST /checkv2 HTTP/1.0\r\n" + head.encode() + b"\r\n" + question.raw


def verdict(answer: Answer, *, name: str) -> SpamVerdict:
    """Return what an answer says."""
    status = _STATUS.fullmatch(answer.status)
    if status is None:
        raise RemoteProtocolError(f"it answers {answer.status!r}")
    if status[1] != "200":
        raise _refusal(int(status[1]), status[2])
    if not answer.is_whole:
        raise cut_off()
    found = _object(answer.body)
    score, action = _number(found, "score"), found.get("action")
    if not isinstance(action, str):
        raise _unusable("action")
    listed = found.get("symbols", {})
    if not isinstance(listed, dict):
        raise _unusable("symbols")
    return SpamVerdict(
        scanner=name,
        score=score,
        threshold=_number(found, "required_score"),
        is_spam=action in _SPAM,
        symbols=ranked(_symbol(symbol, facts) for symbol, facts in listed.items()),
        action=printable(action),
    )


def _refusal(code: int, text: str) -> TransportError:
    if code in (401, 403):
        return AuthError(
            f"it wants another password: {code} {text}",
            hint="Add ?password_env=NAME, the environment variable with the password of its controller.",
        )
    refused = TransportError(f"it refuses to look at the message: {code} {text}")
    refused.is_temporary = code >= 500
    return refused


def _symbol(name: str, facts: Any) -> Symbol:
    if not isinstance(facts, dict):
        raise _unusable(name)
    description, options = facts.get("description", ""), facts.get("options", [])
    if not isinstance(description, str) or not isinstance(options, list):
        raise _unusable(name)
    details = ", ".join(option for option in options[:_MOST_OPTIONS] if isinstance(option, str))
    more = ", …" if len(options) > _MOST_OPTIONS else ""
    text = f"{description} [{details}{more}]" if details else description
    return Symbol(printable(name), _number(facts, "score"), printable(text))


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):  # it may be nested as deep as a megabyte allows
        raise RemoteProtocolError("its answer is not JSON") from None
    if not isinstance(found, dict):
        raise RemoteProtocolError("its answer is not an object of JSON")
    return found


def _number(facts: dict[str, Any], name: str) -> float:
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unusable(name)
    try:
        number = float(value)
    except OverflowError:
        raise _unusable(name) from None
    if not math.isfinite(number):  # Python's JSON knows NaN and Infinity
        raise _unusable(name)
    return number + 0.0  # and never -0.0


def _unusable(name: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"its answer has no {printable(name)} that can be used")
