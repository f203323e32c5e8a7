"""Attached files: that they arrive, and can be opened."""

from collections import Counter
from collections.abc import Iterator

from mailkit.check.finding import Finding, Severity
from mailkit.check.rules.material import Material
from mailkit.message.filename import is_program

__all__ = ["files"]

_REFUSED = 25_000_000  # octets: the most that Gmail and most others take
_LARGE = 10_000_000  # octets: beyond that many a company's server refuses
_LISTED = 5


def files(material: Material) -> Iterator[Finding]:
    """The files, and how large the message is with them."""
    message = material.message
    for file in message.attachments:
        shown = file.filename or file.type
        if is_program(file.filename):
            hint = "Gmail and others refuse the whole message; offer a link to it."
            yield Finding("program", Severity.ERROR, "An attached file is a program", shown, hint)
        if not file.filename and not file.type.startswith("message/"):
            yield Finding("unnamed-file", Severity.NOTE, "An attached file has no name", shown, "Clients invent one.")
        for concern in file.concerns:
            hint = "Readers, and filters, may take it for something else."
            yield Finding("doubtful-name", Severity.WARNING, "The name of an attached file is doubtful", concern, hint)
    counts = Counter(file.filename for file in message.attachments if file.filename)
    if twice := [name for name, count in counts.items() if count > 1]:
        title = "Attached files have the same name"
        yield Finding(
            "same-name", Severity.NOTE, title, ", ".join(twice[:_LISTED]), "Who saves them keeps the last one."
        )
    if message.size > _LARGE:
        severity = Severity.ERROR if message.size > _REFUSED else Severity.WARNING
        detail = f"{message.size / 1e6:,.1f} MB as it is sent; files grow by a third on the way."
        hint = "Link to large files: Gmail takes 25 MB, many take 10."
        yield Finding("large", severity, "Servers may refuse it for its size", detail, hint)
