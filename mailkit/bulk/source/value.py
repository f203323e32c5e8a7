"""Values of workbooks and databases, as the journal can keep them and templates can use them."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

__all__ = ["ErrorCell", "plain"]


class ErrorCell(str):
    """What a workbook shows where nothing could be calculated, such as ``#REF!``."""

    __slots__ = ()


def plain(value: object) -> object:
    """Return text, a number, true or false; nothing is empty text. Dates become ISO text, a date at midnight only the date.

    Raises ValueError for what has no such form.
    """
    if value is None:
        return ""
    if isinstance(value, ErrorCell):
        raise ValueError(f"it holds the error {value}")  # noqa: TRY004 - the cell is at fault, not the caller
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else _finite(value)
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo or value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, UUID | timedelta):
        return str(value)
    if isinstance(value, list | tuple):  # arrays and JSON columns of a database
        return [one if one is None else plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): one if one is None else plain(one) for name, one in value.items()}
    raise ValueError(f"it is a {type(value).__name__}, which is neither text nor a number nor a date")


def _number(value: Decimal) -> object:
    if not value.is_finite():
        raise ValueError(f"{value} is no number")
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number")
    return value
