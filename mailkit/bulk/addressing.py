"""From a row to the address that it is sent to."""

from collections.abc import Mapping
from typing import Any

from mailkit.errors import AddressError, RecipientsError
from mailkit.message import Address
from mailkit.template import SlotTemplate

__all__ = ["Addressing"]


class Addressing:
    """Finds the address in a row: by a template such as ``{{ first }} {{ last }} <{{ email }}>``; without one in the
    column ``to``, or ``email`` with ``name``.

    The template is taken apart before the values are put in: a name with a comma or a ``<`` in it stays a name.
    """

    def __init__(self, template: str = "") -> None:
        self._template = SlotTemplate(template, label="to") if template else None

    def address(self, data: Mapping[str, Any]) -> Address:
        """Raises AddressError for a bad address, VariableMissing for a column of the template that is not there."""
        if self._template is None:
            return _from_columns(data)
        rendered = self._template.render(data)
        found = rendered.mailbox()
        if found is None:
            return Address.parse(rendered.filled().strip())
        name, email = " ".join(found[0].split()), found[1]
        if not email:
            raise AddressError("the address is empty", text="")
        return Address(email, name=name)

    def check(self, columns: Mapping[str, Any], *, source: str) -> None:
        """Raise RecipientsError when no column can hold the address."""
        if self._template is None and _column(columns, "to") is None and _column(columns, "email") is None:
            raise RecipientsError(
                "there is no column 'to' or 'email'",
                source=source,
                line=1,
                hint=f"Say where the address is: --to '{{{{ name }}}} <{{{{ address }}}}>'. The columns are: {', '.join(columns)}.",
            )


def _from_columns(data: Mapping[str, Any]) -> Address:
    to = _column(data, "to")
    if to is not None:
        return Address.parse(str(data[to] or "").strip())
    email, name = _column(data, "email"), _column(data, "name")
    given = str(data[email] or "").strip() if email is not None else ""
    if not given:
        raise AddressError("the address is empty", text="")
    if "<" in given:
        return Address.parse(given)
    return Address(given, name=" ".join(str(data[name] or "").split()) if name is not None else "")


def _column(data: Mapping[str, Any], wanted: str) -> str | None:
    return wanted if wanted in data else next((name for name in data if name.strip().lower() == wanted), None)
