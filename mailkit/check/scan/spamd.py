"""SpamAssassin's daemon (SPAMC/1.5): it is asked for a REPORT, which has a table of rules with points and descriptions.

::

    REPORT SPAMC/1.5                    SPAMD/1.1 0 EX_OK
    Content-length: 196                 Content-length: 878
                                        Spam: True ; 1000.0 / 5.0
    (the message)
                                        (the report)

The protocol has no place for the envelope; SpamAssassin reads of it what is in the header fields of the message.
"""

import re
from collections.abc import Iterator

from mailkit.check.scan.answer import Answer
from mailkit.check.scan.deadline import Deadline
from mailkit.check.scan.exchange import cut_off, exchange
from mailkit.check.scan.question import Question
from mailkit.check.scan.verdict import SpamVerdict, Symbol, ranked
from mailkit.errors import RemoteProtocolError, TransportError
from mailkit.sansio import Conversation
from mailkit.smtp.refusal import printable

__all__ = ["ask", "request", "symbols", "verdict"]

_STATUS = re.compile(r"SPAMD/[0-9]\.[0-9] +([0-9]{1,3}) *(.*)")
# No more digits than a float has room for, so that none is infinite; "nan" is no number here.
_NUMBER = r"[-+]?[0-9]{1,9}(?:\.[0-9]{1,9})?"
_SPAM = re.compile(rf"(true|yes|false|no) *; *({_NUMBER}) */ *({_NUMBER})", re.IGNORECASE)
_RULED = re.compile(r"-{3,} -{3,} -{3,}\s*")
_ROW = re.compile(rf" {{0,4}}({_NUMBER}) ([A-Za-z_][A-Za-z0-9_]*)(?: +(.*))?")
# sysexits.h: out of memory or processes, told to come again, or out of time.
_PASSING = frozenset((71, 75, 79))


def ask(question: Question, *, name: str, user: str, deadline: Deadline) -> Conversation[SpamVerdict]:
    """Return the verdict. Raises TransportError when spamd says that it cannot, and what :func:`exchange` does."""
    answer = yield from exchange(request(question, user=user), mark=b"SPAMD/", deadline=deadline)
    return verdict(answer, name=name)


def request(question: Question, *, user: str = "") -> bytes:
    """Return what is sent. ``user`` is whose preferences count, where spamd keeps some for each."""
    # spamd reads by the line, whatever length it was told: without a last line end it would wait for one for minutes.
    raw = question.raw if question.raw.endswith(b"\n") else question.raw + b"\r\n"
    fields = [b"Content-length: %d" % len(raw)]
    if user:
        fields.append(b"User: " + user.encode())
    return b"\r\n".join([b"REPORT SPAMC/1.5", *fields, b"", raw])


def verdict(answer: Answer, *, name: str) -> SpamVerdict:
    """Return what an answer says."""
    status = _STATUS.fullmatch(answer.status)
    if status is None:
        raise RemoteProtocolError(f"it answers {answer.status!r}")
    if code := int(status[1]):
        refused = TransportError(f"it refuses to look at the message: {status[2] or code}")
        refused.is_temporary = code in _PASSING
        raise refused
    if not answer.is_whole:
        raise cut_off()
    result = _SPAM.fullmatch(answer.fields.get("spam", ""))
    if result is None:
        raise RemoteProtocolError(f"it gives the score as {printable(answer.fields.get('spam', ''))!r}")
    return SpamVerdict(
        scanner=name,
        score=_number(result[2]),
        threshold=_number(result[3]),
        is_spam=result[1].lower() in ("true", "yes"),
        symbols=ranked(symbols(_text(answer.body))),
    )


def symbols(report: str) -> Iterator[Symbol]:
    """Yield the rows of a report's table; none when an administrator has written a report without it.

    ::

         pts rule name              description
        ---- ---------------------- --------------------------------------------------
         1.0 MISSING_FROM           Missing From: header
         0.1 URI_HEX                URI: a description that is too long for one line
                                    goes on below
    """
    lines = report.replace("\r", "").split("\n")  # not splitlines(): what is quoted may have line ends of Unicode
    # The report quotes the message, which may imitate a table: the real one is the last.
    starts = [number for number, line in enumerate(lines) if _RULED.fullmatch(line)]
    found: Symbol | None = None
    for line in lines[starts[-1] + 1 :] if starts else ():
        if row := _ROW.fullmatch(line):
            if found is not None:
                yield found
            found = Symbol(printable(row[2]), _number(row[1]), printable(row[3] or ""))
        elif found is not None and line.startswith("     ") and line.strip():
            found = Symbol(found.name, found.points, printable(f"{found.text} {line}"))
        else:
            break
    if found is not None:
        yield found


def _number(digits: str) -> float:
    return float(digits) + 0.0  # what spamd has rounded to -0.0 is 0.0


def _text(report: bytes) -> str:
    try:
        return report.decode()
    except UnicodeDecodeError:
        return report.decode("latin-1")  # translations of old are in it
