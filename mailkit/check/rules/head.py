"""The fields that readers see first, and whom the message is for."""

import re
from collections.abc import Iterator

from mailkit.check.finding import Finding, Severity, Where
from mailkit.check.rules.material import Material

__all__ = ["head"]

_LONG_SUBJECT = 78  # characters; phones show about half of that
_SHOUTED = 8  # capital letters before they are more than an abbreviation
_MANY_SEEN = 10  # recipients who see each other's addresses
_REPLY = re.compile(r"(?:re|fwd?|aw|wg|tr|sv|vs|rv)\s*:", re.IGNORECASE)
_NO_REPLY = re.compile(r"(?:no|do-?not|never)[-_.]?reply", re.IGNORECASE)


def head(material: Material) -> Iterator[Finding]:
    """From, To, Subject."""
    yield from _subject(material)
    yield from _people(material)


def _found(rule: str, severity: Severity, title: str, detail: str = "", hint: str = "") -> Finding:
    return Finding(rule, severity, title, detail, hint, Where.HEADERS)


def _subject(material: Material) -> Iterator[Finding]:
    subject = material.message.subject.strip()
    letters = [char for char in subject if char.lower() != char.upper()]  # Chinese, say, has no capitals
    if not subject:
        yield _found("no-subject", Severity.WARNING, "There is no subject", hint="Say in it what the message is about.")
    if len(subject) > _LONG_SUBJECT:
        title = f"The subject has {len(subject)} characters"
        hint = "Put what matters into the first 40: phones show no more."
        yield _found("long-subject", Severity.NOTE, title, subject, hint)
    if len(letters) >= _SHOUTED and all(char.isupper() for char in letters):
        yield _found("shouting", Severity.WARNING, "The subject is all capitals", subject, "Filters count that.")
    if "!!" in subject or subject.count("!") > 2:
        yield _found(
            "exclaiming", Severity.WARNING, "The subject exclaims", subject, "Filters count that; one ! is enough."
        )
    threaded = any(name in material.message.headers for name in ("In-Reply-To", "References"))
    if _REPLY.match(subject) and not threaded:
        title = "The subject says that it is an answer, and the message answers none"
        hint = (
            "Give In-Reply-To, as Message.reply() does, or take the prefix away: readers feel misled, filters see it."
        )
        yield _found("no-answer", Severity.WARNING, title, subject, hint)


def _people(material: Material) -> Iterator[Finding]:
    message = material.message
    if not message.from_:
        yield _found("no-from", Severity.ERROR, "There is no From", hint="Servers refuse a message without an author.")
    for one in (*message.from_, *message.reply_to):
        if _NO_REPLY.search(one.email.partition("@")[0]):
            hint = "Let answers arrive somewhere: people write back, and filters count answers for you."
            yield _found("no-reply", Severity.NOTE, "Readers cannot answer", one.email, hint)
            break
    seen = (*message.to, *message.cc)
    if not seen:
        yield _found(
            "no-to",
            Severity.WARNING,
            "There is neither To nor Cc",
            hint="Write to each person by a message of his own.",
        )
    if len(seen) > _MANY_SEEN:
        title = f"{len(seen)} people see each other's addresses"
        yield _found("many-to", Severity.WARNING, title, hint="Send each a message of his own, or use Bcc.")
    if material.recipients:
        reached = {one.lower() for one in material.recipients}
        if left := [one.email for one in seen if one.email.lower() not in reached]:
            title = "Who is named as a recipient does not get it"
            detail = f"{', '.join(left[:5])}{' …' if len(left) > 5 else ''} in To or Cc, not in the envelope."
            hint = "Meant for a campaign of many messages, an oversight for one."
            yield _found("not-in-envelope", Severity.NOTE, title, detail, hint)
