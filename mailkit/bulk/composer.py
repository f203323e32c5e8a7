"""From a row to its message."""

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from mailkit.bulk.addressing import Addressing
from mailkit.bulk.column import Plan, at_column, plan
from mailkit.bulk.enclosure import Enclosures
from mailkit.errors import MessageError
from mailkit.message import Address, Addressee, MessageBuilder
from mailkit.template import Templates
from mailkit.template.rendered import Rendered

__all__ = ["Composer"]

_MOST_PLANS = 256  # rows of JSON may each have columns of their own


class Composer:
    """Makes the message of a row: the template with the row's columns in it, over those of ``context``.

    Besides, the columns ``cc``, ``bcc``, ``reply-to``, ``attachments`` and ``header:X-Name`` add what they say, in any
    case; an empty cell adds nothing. ``columns=False`` makes them variables only. Attached files are in
    ``attachment_root``, which is the list's ``folder`` unless it is given; no path leads out of it. Safe to share
    between threads.

    >>> templates = Templates({"hello.txt": "Subject: Hello\\n\\nDear {{ first_name }},"})
    >>> composer = Composer(templates, "hello.txt", from_="ada@example.com", addressing=Addressing())
    >>> builder, recipient = composer.compose({"email": "zoe@example.com", "First name": "Zoë", "Header:X-Segment": "7"})
    >>> message = builder.build()
    >>> recipient.email, message.text, message.headers["X-Segment"]
    ('zoe@example.com', 'Dear Zoë,', '7')
    """

    def __init__(
        self,
        templates: Templates,
        template: str,
        *,
        addressing: Addressing,
        from_: Addressee | None = None,
        context: Mapping[str, Any] | None = None,
        folder: str | PathLike[str] | None = None,
        attachment_root: str | PathLike[str] | None = None,
        columns: bool = True,
    ) -> None:
        self._templates = templates
        self._template = template
        self._addressing = addressing
        self._from = from_
        self._context = dict(context or {})
        self._enclosures = Enclosures(folder if attachment_root is None else attachment_root) if columns else None
        self._plans: dict[tuple[str, ...], Plan] = {}

    def compose(self, data: Mapping[str, Any], own: Mapping[str, Any] | None = None) -> tuple[MessageBuilder, Address]:
        """Return a builder with author and recipient, and the recipient. ``own`` are variables over all others.

        The row's ``locale`` is the language before that of the context, unless its cell is empty. The template may say
        ``To`` itself. Raises TemplateError, and MessageError, which names the column if it is one that is at fault.
        """
        recipient = self._addressing.address(data)
        planned = self._plan(tuple(data))
        values = {**self._context, "row": data, "recipient": recipient}
        for name, column in planned.aliases:
            values[name] = data[column]
        values.update(data)
        if own:
            values.update(own)
        locale = values.get("locale") or self._context.get("locale")
        rendered = self._templates.render(self._template, values, locale=locale)
        builder = rendered.builder()
        if self._from is not None:
            builder = builder.from_(self._from)
        if not _is_to(rendered, recipient):
            builder = builder.to(recipient)
        for column, step in planned.steps:
            cell = data[column]
            if cell is None or cell == [] or (isinstance(cell, str) and not cell.strip()):
                continue
            try:
                builder = step(builder, cell)
            except MessageError as error:
                raise at_column(error, column) from None
        return builder, recipient

    def check_columns(self, names: Iterable[str]) -> None:
        """Raise MessageError when no row with these columns could be composed: for a header that a list may not set,
        or two columns that mean the same."""
        self._plan(tuple(names))

    def _plan(self, names: tuple[str, ...]) -> Plan:
        found = self._plans.get(names)
        if found is None:
            found = plan(names, self._enclosures)
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[names] = found
        return found


def _is_to(rendered: Rendered, recipient: Address) -> bool:
    """Whether the template itself has put the recipient into ``To``."""
    return any(
        value and recipient.key in {address.key for address in Address.parse_list(value)}
        for name, value in rendered.headers
        if name.lower() == "to"
    )
