"""From a row to the address that it is sent to."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from mailkit.errors import AddressError, RecipientsError
from mailkit.message import Address
from mailkit.template import SlotTemplate

__all__ = ["Addressing"]


class Addressing:
    """Finds the address in a row: by a template such as ``{{ first }} {{ last }} <{{ email }}>``; without one in the
    column ``to``, or ``email`` with ``name``. A column ``to-name`` has the name beside either of them.

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
        found = _columns(tuple(columns))
        if self._template is None and found.to is None and found.email is None:
            raise RecipientsError(
                "there is no column 'to' or 'email'",
                source=source,
                line=1,
                hint=f"Say where the address is: --to '{{{{ name }}}} <{{{{ address }}}}>'. The columns are: {', '.join(columns)}.",
            )


class _Columns(NamedTuple):
    """The columns that make an address, as they are spelt in a list."""

    to: str | None
    email: str | None
    name: str | None
    to_name: str | None


@lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> _Columns:
    spelt: dict[str, str] = {}
    for name in names:
        spelt.setdefault(name.strip().lower(), name)
    spelt |= {name: name for name in names}  # the very word before another spelling of it
    return _Columns(
        spelt.get("to"), spelt.get("email"), spelt.get("name"), spelt.get("to-name") or spelt.get("to_name")
    )


def _from_columns(data: Mapping[str, Any]) -> Address:
    columns = _columns(tuple(data))
    if columns.to is not None:
        found = Address.parse(_cell(data, columns.to))
        name = "" if found.name else _name(data, columns.to_name)
        return Address(found.email, name=name) if name else found
    given = _cell(data, columns.email)
    if not given:
        raise AddressError("the address is empty", text="")
    if "<" in given:
        return Address.parse(given)
    return Address(given, name=_name(data, columns.to_name) or _name(data, columns.name))


def _cell(data: Mapping[str, Any], column: str | None) -> str:
    return str(data[column] or "").strip() if column is not None else ""


def _name(data: Mapping[str, Any], column: str | None) -> str:
    return " ".join(_cell(data, column).split())
