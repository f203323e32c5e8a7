"""Look a message over without asking anybody: what readers stumble over, and what filters count."""

from collections import Counter
from collections.abc import Iterator

from mailkit.check.finding import Finding, Severity
from mailkit.check.rules.body import body
from mailkit.check.rules.bulk import bulk
from mailkit.check.rules.file import files
from mailkit.check.rules.head import head
from mailkit.check.rules.image import images
from mailkit.check.rules.link import links
from mailkit.check.rules.material import Material
from mailkit.message import Message

__all__ = ["lint"]

_FAMILIES = (head, body, links, images, bulk, files)
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_MOST = 20  # findings of one rule; a list of 1,000 links without a name says no more


def lint(message: Message, *, envelope_recipients: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Return what is wrong with a message, the worst first; nothing is sent or fetched.

    ``envelope_recipients``, where they are known, are held against To and Cc. At most twenty findings of one rule are told.
    Of a text or HTML of more than a million characters only the beginning is looked at, and a finding says so.

    >>> message = Message.parse(b"From: a@example.com\\r\\nTo: b@example.com\\r\\n\\r\\nDear {{ name }},")
    >>> [(finding.rule, finding.line) for finding in lint(message)]
    [('unrendered', 1), ('no-subject', 0)]
    """
    material = Material(message, envelope_recipients)
    found = _few(finding for family in _FAMILIES for finding in family(material))
    return tuple(sorted(found, key=lambda one: _ORDER[one.severity]))


def _few(findings: Iterator[Finding]) -> Iterator[Finding]:
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.rule] += 1
        if counts[finding.rule] <= _MOST:
            yield finding
