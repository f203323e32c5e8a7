"""The filters that mail needs: money, numbers, dates, plural forms and addresses, in the language of the rendering.

They take what JSON and CSV files hold too: ``"2026-11-24"`` is a date, ``"9.90"`` a number.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import jinja2

from mailkit.errors import MessageError
from mailkit.template import language

__all__ = ["FILTERS"]

_FORMS = ("zero", "one", "two", "few", "many", "other")
# Digits before the point and behind it; "1e999999999" would be written out as a gigabyte of zeros.
_BEFORE, _BEHIND = 40, 400
_RUNNING = frozenset(("javascript", "vbscript", "data"))  # schemes that run what they hold


def _money(amount: Any, currency: str, *, digits: bool = True) -> str:
    """``{{ 9.9 | money("EUR") }}``: €9.90. ``digits=False`` rounds to whole units."""
    from babel.numbers import format_currency

    if not (isinstance(currency, str) and re.fullmatch("[A-Za-z]{3}", currency)):
        raise MessageError(f"{currency!r} is no currency", field="money", hint="Write its code: money('EUR').")
    found = _number(amount, "money")
    pattern = None if digits else _pattern(_locale().currency_formats["standard"], 0)
    return format_currency(found, currency.upper(), pattern, locale=_locale(), currency_digits=digits)


def _plain_number(value: Any, digits: int | None = None) -> str:
    """``{{ 1234.5 | number }}``: 1,234.5. ``digits`` fixes how many follow the point."""
    from babel.numbers import format_decimal

    pattern = None if digits is None else _pattern(_locale().decimal_formats[None], digits)
    return format_decimal(_number(value, "number"), pattern, locale=_locale())


def _percent(value: Any, digits: int = 0) -> str:
    """``{{ 0.25 | percent }}``: 25%."""
    from babel.numbers import format_percent

    pattern = _pattern(_locale().percent_formats[None], digits)
    return format_percent(_number(value, "percent"), pattern, locale=_locale())


def _pattern(usual: Any, digits: int) -> str:
    """A language's own pattern, with another number of digits after the point."""
    return re.sub(r"0(\.[0#]+)?(?=[^0#.,]|$)", "0" + ("." + "0" * digits if digits else ""), usual.pattern)


def _date(value: Any, form: str = "medium") -> str:
    """``{{ "2026-11-24" | date("long") }}``: November 24, 2026. A form, or a CLDR pattern such as ``"d MMM"``."""
    from babel.dates import format_date

    found = _moment(value, "date")
    if isinstance(found, time):
        raise MessageError(f"{value!r} is a time of day, without a date", field="date")
    return format_date(found, form, locale=_locale())


def _time(value: Any, form: str = "short", tz: str = "") -> str:
    """``{{ start | time }}``: 9:30 AM."""
    from babel.dates import format_time

    found = _moment(value, "time")
    if not isinstance(found, (datetime, time)):
        raise MessageError(f"{value!r} has no time of day", field="time")
    return format_time(_placed(found, tz, "time"), form, locale=_locale())


def _datetime(value: Any, form: str = "medium", tz: str = "") -> str:
    """``{{ start | datetime("long", tz="Europe/Berlin") }}``. Without ``tz`` it is told as it is given."""
    from babel.dates import format_datetime

    found = _moment(value, "datetime")
    if not isinstance(found, datetime):
        raise MessageError(f"{value!r} has no date and time of day", field="datetime", hint="Write {{ … | date }}.")
    return format_datetime(_placed(found, tz, "datetime"), form, locale=_locale())


def _plural(count: Any, *forms: str, number: bool = True, **named: str) -> str:
    """``{{ n | plural("item", "items") }}``: 1 item, 3 items. ``{n}`` in a form says where the number stands,
    ``number=False`` leaves it out. Languages with more forms name them: ``plural(one=…, few=…, other=…)``."""
    if len(forms) > 2 or not named.keys() <= set(_FORMS):
        raise MessageError(
            "it takes the form for one and the other form", field="plural", hint=f"Name more: {', '.join(_FORMS)}."
        )
    found = {**dict(zip(("one", "other") if len(forms) == 2 else ("other",), forms, strict=False)), **named}
    if "other" not in found:
        raise MessageError("there is no form 'other'", field="plural", hint='Write plural("item", "items").')
    value = _number(count, "plural")
    if value == value.to_integral_value():  # 1.0 is said as "1", and CLDR has another form for "1.0"
        value = value.to_integral_value()
    form = found.get(_locale().plural_form(value), found["other"])
    if not number:
        return form
    said = _plain_number(value)
    return form.replace("{n}", said) if "{n}" in form else f"{said} {form}"


def _url(address: Any, **parameters: Any) -> str:
    """``{{ link | url(utm_source="newsletter") }}``: the address with parameters, those of that name replaced."""
    if address is None:
        raise MessageError("there is no address", field="url", hint="Write {% if link %} around it.")
    text = quote(str(address).strip(), safe="!#$%&'()*+,/:;=?@[]~", errors="replace")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise MessageError(f"{text!r} is no address: {error}", field="url") from None
    if parts.scheme in _RUNNING:
        raise MessageError(f"an address with {parts.scheme}: is no link", field="url", hint="Write https://…")
    wanted = {name: str(value) for name, value in parameters.items() if value is not None}
    kept = [pair for pair in parts.query.split("&") if pair and unquote(pair.partition("=")[0]) not in wanted]
    added = [f"{quote(name, safe='')}={quote(value, safe='', errors='replace')}" for name, value in wanted.items()]
    return urlunsplit(parts._replace(query="&".join(kept + added)))


def _calendar_date(value: Any) -> str:
    """``{{ start | icaldate }}``: a date or a time as RFC 5545 writes it, with a zone in UTC."""
    found = _moment(value, "icaldate")
    if isinstance(found, time):
        raise MessageError(f"{value!r} is a time of day, without a date", field="icaldate")
    if not isinstance(found, datetime):
        return f"{found.year:04}{found:%m%d}"  # %Y leaves out zeros, on Linux
    there = found.astimezone(UTC) if found.tzinfo else found
    return f"{there.year:04}{there:%m%dT%H%M%S}{'Z' if found.tzinfo else ''}"


def _locale() -> Any:
    return language.conventions(language.current())


def _number(value: Any, field: str) -> Decimal:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises, and says what is missing
    try:
        found = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):  # ValueError of an int with thousands of digits
        found = Decimal("NaN")
    if not found.is_finite() or isinstance(value, bool) or not _is_writable(found):
        said = "that" if isinstance(value, int) and not isinstance(value, bool) else f"{value!r:.60}"
        raise MessageError(f"{said} is no number", field=field, hint="Write it as 1234.5, without separators.")
    return found


def _is_writable(number: Decimal) -> bool:
    _, digits, exponent = number.as_tuple()
    return isinstance(exponent, int) and len(digits) + exponent <= _BEFORE and -exponent <= _BEHIND


def _moment(value: Any, field: str) -> date | datetime | time:
    if isinstance(value, jinja2.Undefined):
        str(value)
    if isinstance(value, (date, time)):  # a datetime is a date
        return value
    text = str(value).strip()
    readers: tuple[Callable[[str], date | time], ...] = (date.fromisoformat, datetime.fromisoformat, time.fromisoformat)
    for read in readers if isinstance(value, str) else ():
        try:
            return read(text)
        except ValueError:
            continue
    raise MessageError(
        f"{value!r} is no date", field=field, hint="Give a date, or write 2026-11-24 or 2026-11-24T09:30."
    )


def _placed(found: Any, zone: str, field: str) -> Any:
    if not zone:
        return found
    from babel.dates import get_timezone

    try:
        there: tzinfo = get_timezone(zone)
    except (LookupError, ValueError, OSError):  # ValueError of a path that climbs, OSError of a folder
        raise MessageError(f"there is no time zone {zone!r}", field=field, hint="Write it as Europe/Berlin.") from None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise MessageError(
            f"a time without a zone cannot be told in {zone}", field=field, hint="Give it with one: 2026-11-24T09:30Z."
        )
    return found.astimezone(there)


def _late(act: Callable[..., str]) -> Callable[..., str]:
    """As a filter that Jinja leaves for the rendering: of a constant it would otherwise keep the first language."""

    @jinja2.pass_context
    def late(context: jinja2.runtime.Context, *args: Any, **named: Any) -> str:
        return act(*args, **named)

    late.__doc__ = act.__doc__
    return late


FILTERS: dict[str, Callable[..., Any]] = {
    "date": _late(_date),
    "datetime": _late(_datetime),
    "icaldate": _late(_calendar_date),
    "money": _late(_money),
    "number": _late(_plain_number),
    "percent": _late(_percent),
    "plural": _late(_plural),
    "time": _late(_time),
    "url": _late(_url),
}
