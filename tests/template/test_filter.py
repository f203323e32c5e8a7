"""The filters that mail needs, in the language of the rendering."""

import datetime as dt
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit import Templates
from mailkit.errors import TemplateBroken, VariableMissing
from tests.kit.bothways import both, both_refuse

UTC_NOON = dt.datetime(2026, 11, 24, 12, 30, tzinfo=dt.UTC)
NAIVE = dt.datetime(2026, 11, 24, 9, 30)


def said(expression: str, value: object = None, locale: str = "en") -> str:
    """What an expression says about ``v``, in text and in HTML."""
    text = both({"a.txt": f"{{{{ {expression} }}}}"}, "a.txt", {"v": value}, locale=locale).text
    files = {"a.html": f'<style>i {{ top: 0 }}</style><p data-text="verbatim">{{{{ {expression} }}}}</p>'}
    page = both(files, "a.html", {"v": value}, locale=locale)
    assert page.text.split() == text.split()
    return text


def refused(expression: str, value: object = None, locale: str = "en") -> TemplateBroken:
    """The error of an expression about ``v``, which has its place."""
    for name in ("a.txt", "a.html"):
        error = both_refuse({name: f"Subject: x\n\n\n{{{{ {expression} }}}}"}, name, {"v": value}, locale=locale)
        assert (type(error), error.name, error.line) == (TemplateBroken, name, 4)
        assert len(str(error)) < 300
    return error


# -- money and numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "expression", "wanted"),
    [
        ("en", "v | money('EUR')", "€1,234.50"),
        ("de", "v | money('EUR')", "1.234,50\xa0€"),
        ("fr", "v | money('EUR')", "1\u202f234,50\xa0€"),
        ("de-CH", "v | money('CHF')", "CHF\xa01’234.50"),
        ("ja", "v | money('JPY')", "￥1,234"),
        ("hi", "v | money('INR')", "₹1,234.50"),
        ("en", "v | money('eur')", "€1,234.50"),
        ("de", "v | money('BHD')", "1.234,500\xa0BHD"),
        ("en", "v | money('EUR', digits=false)", "€1,234"),
        ("de", "v | money('EUR', digits=false)", "1.234\xa0€"),
        ("en", "v | money('USD')", "$1,234.50"),
        ("en-CA", "v | money('USD')", "US$1,234.50"),
        ("en", "v | number", "1,234.5"),
        ("de", "v | number", "1.234,5"),
        ("en", "v | number(2)", "1,234.50"),
        ("de", "v | number(0)", "1.234"),
        ("en", "v | number(digits=1)", "1,234.5"),
        ("en-IN", "(v * 1000) | number(2)", "12,34,500.00"),
        ("en", "(v / 10000) | percent", "12%"),
        ("en", "(v / 10000) | percent(1)", "12.3%"),
        ("de", "(v / 10000) | percent(2)", "12,34\xa0%"),
        ("en", "(-v) | money('EUR')", "-€1,234.50"),
        ("en", "(-v) | number", "-1,234.5"),
    ],
)
def test_number_in_a_language_is_written_as_there(locale: str, expression: str, wanted: str) -> None:
    """Separators, their places, the sign of the currency and its side."""
    assert said(expression, 1234.5, locale) == wanted


@pytest.mark.parametrize(
    "value", [9.9, "9.90", " 9.90 ", Decimal("9.9"), "9.900", "+9.9", "0.99e1"], ids=lambda value: ascii(value)
)
def test_number_from_any_source_is_the_same(value: object) -> None:
    """From a program, a CSV file or a JSON file."""
    assert said("v | money('EUR')", value) == "€9.90"
    assert said("v | number(1)", value) == "9.9"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, "€0.00"),
        ("0.1", "€0.10"),
        (0.1 + 0.2, "€0.30"),
        ("1.005", "€1.00"),
        ("2.675", "€2.68"),
        (5e-324, "€0.00"),
        (10**15, "€1,000,000,000,000,000.00"),
        ("12345678901234567890.12", "€12,345,678,901,234,567,890.12"),
    ],
)
def test_money_with_any_amount_is_exact(value: object, wanted: str) -> None:
    """No digit is lost on the way, and halves are rounded to the even side as banks do."""
    assert said("v | money('EUR')", value) == wanted


NO_NUMBERS = [
    *(
        None,
        True,
        False,
        "",
        " ",
        "x",
        "1,5",
        "1.234,50",
        "€9",
        "9 €",
        "NaN",
        "inf",
        "-Infinity",
        "sNaN",
        [],
        [1],
        {},
        b"1",
    ),
    *("<b>1</b>", "1\n2", "0x10", "1e999999999", "-1e999999999", "1e-999999999", "9" * 100_000, 10**5000, -(10**5000)),
    *(float("nan"), float("inf"), Decimal("NaN"), Decimal("1e500"), 1e300, object),
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", ["money('EUR')", "number", "number(2)", "percent", "plural('a', 'b')"])
def test_number_with_what_is_none_says_where(name: str, value: object) -> None:
    """A price that cannot be read goes out to nobody, and a number too long to write is not written."""
    error = refused(f"v | {name}", value)
    assert "is no number" in str(error)
    assert "1234.5" in error.hint


@pytest.mark.parametrize("currency", ["", "E", "EU", "EURO", "E1R", "€", "ÄÖÜ", "<b>", "EU\n", 978, None, "ßßß"])
def test_money_without_a_currency_says_where(currency: object) -> None:
    """A code has three letters."""
    error = both_refuse({"a.html": "\n{{ 1 | money(c) }}"}, "a.html", {"c": currency})
    assert (type(error), error.line) == (TemplateBroken, 2)
    assert "is no currency" in str(error)
    assert refused("1 | money")


# -- dates and times -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "expression", "value", "wanted"),
    [
        ("en", "v | date", "2026-11-24", "Nov 24, 2026"),
        ("en", "v | date", dt.date(2026, 11, 24), "Nov 24, 2026"),
        ("en", "v | date", NAIVE, "Nov 24, 2026"),
        ("en", "v | date", "2026-11-24T09:30:00", "Nov 24, 2026"),
        ("en", "v | date", " 20261124 ", "Nov 24, 2026"),
        ("en", "v | date('short')", "2026-11-24", "11/24/26"),
        ("en", "v | date('long')", "2026-11-24", "November 24, 2026"),
        ("en", "v | date('full')", "2026-11-24", "Tuesday, November 24, 2026"),
        ("en-GB", "v | date('short')", "2026-11-24", "24/11/2026"),
        ("de", "v | date", "2026-11-24", "24.11.2026"),
        ("de", "v | date('long')", "2026-11-24", "24. November 2026"),
        ("de-AT", "v | date('long')", "2026-01-24", "24. Jänner 2026"),
        ("de-XX", "v | date('long')", "2026-01-24", "24. Januar 2026"),
        ("pl", "v | date('long')", "2026-11-24", "24 listopada 2026"),
        ("ja", "v | date('long')", "2026-11-24", "2026年11月24日"),
        ("de", "v | date('d. MMM')", "2026-11-24", "24. Nov."),
        ("en", "v | date(\"'<b>'d\")", "2026-11-24", "<b>24"),
        ("en", "v | time", "09:30", "9:30\u202fAM"),
        ("en", "v | time", dt.time(9, 30), "9:30\u202fAM"),
        ("de", "v | time", NAIVE, "09:30"),
        ("de", "v | time", "2026-11-24T09:30+05:00", "09:30"),
        ("de", "v | time('medium')", NAIVE, "09:30:00"),
        ("de", "v | time(tz='Europe/Berlin')", UTC_NOON, "13:30"),
        ("de", "v | time(tz='America/New_York')", "2026-11-24T12:30Z", "07:30"),
        ("de", "v | datetime", NAIVE, "24.11.2026, 09:30:00"),
        ("de", "v | datetime('short')", "2026-11-24T09:30", "24.11.26, 09:30"),
        ("de", "v | datetime('short', tz='Asia/Tokyo')", "2026-11-24T20:30Z", "25.11.26, 05:30"),
        ("de", "v | time('long', tz='Europe/Berlin')", "2026-11-24T20:30Z", "21:30:00 MEZ"),
        ("en", "v | icaldate", "2026-11-24", "20261124"),
        ("en", "v | icaldate", NAIVE, "20261124T093000"),
        ("en", "v | icaldate", UTC_NOON, "20261124T123000Z"),
        ("ar", "v | icaldate", "2026-11-24T01:30+05:00", "20261123T203000Z"),
        ("en", "v | icaldate", dt.date(33, 4, 3), "00330403"),
        ("en", "v | icaldate", dt.datetime(33, 4, 3, 15), "00330403T150000"),
    ],
)
def test_date_in_a_language_is_told_as_there(locale: str, expression: str, value: object, wanted: str) -> None:
    """From a program's date, or from text as JSON and CSV files have it."""
    assert said(expression, value, locale) == wanted


NO_DATES = [
    None,
    0,
    20261124,
    1.5,
    True,
    "",
    "x",
    "24.11.2026",
    "2026-13-01",
    "2026-02-30",
    "now",
    "today",
    [],
    "2026-11-24\n<b>",
]


@pytest.mark.parametrize("value", NO_DATES, ids=ascii)
@pytest.mark.parametrize("name", ["date", "time", "datetime", "icaldate"])
def test_date_with_what_is_none_says_where(name: str, value: object) -> None:
    """A date that cannot be read is never guessed."""
    error = refused(f"v | {name}", value)
    assert "is no date" in str(error)
    assert "2026-11-24" in error.hint


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("date", dt.time(9), "without a date"),
        ("icaldate", "09:30", "without a date"),
        ("time", dt.date(2026, 1, 2), "no time of day"),
        ("time", "2026-11-24", "no time of day"),
        ("datetime", dt.date(2026, 1, 2), "no date and time"),
        ("datetime", "09:30", "no date and time"),
        ("time(tz='Europe/Berlin')", NAIVE, "without a zone"),
        ("time(tz='Europe/Berlin')", dt.time(9, 30), "without a zone"),
        ("datetime(tz='Europe/Berlin')", "2026-11-24T09:30", "without a zone"),
        ("datetime(tz='Europe/Berlin')", dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=5))), "range"),
        ("icaldate", dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-5))), "range"),
        ("date('nonsense!')", "2026-11-24", ""),
        ("date(5)", "2026-11-24", ""),
    ],
)
def test_date_with_less_than_is_asked_for_says_where(name: str, value: object, problem: str) -> None:
    """No time is made up, and no zone."""
    assert problem in str(refused(f"v | {name}", value))


@pytest.mark.parametrize(
    "zone",
    ["Nowhere/City", "../../etc/passwd", "/etc/passwd", "Europe", ".", "x\0", "Europe/Berlin\n", "ü", "x" * 5000],
)
def test_date_in_a_zone_that_is_none_says_which(zone: str) -> None:
    """And no file is read for it but those of the zones."""
    for name in ("time", "datetime"):
        error = both_refuse({"a.txt": f"\n{{{{ v | {name}(tz=zone) }}}}"}, "a.txt", {"v": UTC_NOON, "zone": zone})
        assert (type(error), error.line) == (TemplateBroken, 2)
        assert "there is no time zone" in str(error)


@given(st.datetimes(timezones=st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=14))])))
def test_icaldate_with_any_moment_is_that_moment(moment: dt.datetime) -> None:
    """It can be read back, to the second."""
    text = Templates({"a.txt": "{{ v | icaldate }}"}).render("a.txt", {"v": moment}).text
    form = "%Y%m%dT%H%M%S" + ("Z" if moment.tzinfo else "")
    found = dt.datetime.strptime(text, form)
    assert found == (moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment).replace(microsecond=0)


# -- plural forms ----------------------------------------------------------------------------------------------------

FILES_PL = "v | plural(one='plik', few='pliki', many='plików', other='pliku')"


@pytest.mark.parametrize(
    ("locale", "expression", "value", "wanted"),
    [
        ("en", "v | plural('item', 'items')", 1, "1 item"),
        ("en", "v | plural('item', 'items')", 0, "0 items"),
        ("en", "v | plural('item', 'items')", "3", "3 items"),
        ("en", "v | plural('item', 'items')", 1.0, "1 item"),
        ("en", "v | plural('item', 'items')", "1.00", "1 item"),
        ("en", "v | plural('item', 'items')", 1.5, "1.5 items"),
        ("en", "v | plural('item', 'items')", -1, "-1 item"),
        ("en", "v | plural('item', 'items')", 1234567, "1,234,567 items"),
        ("de", "v | plural('Stück', 'Stücke')", 1234567, "1.234.567 Stücke"),
        ("fr", "v | plural('jour', 'jours')", 0, "0 jour"),
        ("en", "v | plural('item', 'items', number=false)", 2, "items"),
        ("en", "v | plural('{n} item left', 'all {n} items')", 2, "all 2 items"),
        ("en", "v | plural('one item', 'items')", 1, "1 one item"),
        ("en", "v | plural('sheep')", 2, "2 sheep"),
        ("en", "v | plural(other='x')", 1, "1 x"),
        ("pl", FILES_PL, 1, "1 plik"),
        ("pl", FILES_PL, 3, "3 pliki"),
        ("pl", FILES_PL, 5, "5 plików"),
        ("pl", FILES_PL, 12, "12 plików"),
        ("pl", FILES_PL, 22, "22 pliki"),
        ("pl", FILES_PL, 1.5, "1,5 pliku"),
        ("ru", "v | plural(one='день', few='дня', many='дней', other='дня')", 21, "21 день"),
        ("ru", "v | plural(one='день', few='дня', many='дней', other='дня')", 11, "11 дней"),
        ("ja", "v | plural('個', '個')", 1, "1 個"),
        ("ar", "v | plural(zero='z', two='t', few='f', other='o', number=false)", 2, "t"),
    ],
)
def test_plural_in_a_language_takes_its_form(locale: str, expression: str, value: object, wanted: str) -> None:
    """One for one in English, for one and none in French, and more forms where there are more."""
    assert said(expression, value, locale) == wanted


@pytest.mark.parametrize(
    "arguments", ["", "()", "('a', 'b', 'c')", "(one='x')", "(several='x', other='y')", "('a', number=false, none='x')"]
)
def test_plural_with_the_wrong_forms_says_where(arguments: str) -> None:
    """A form that no language has, or none for the rest."""
    assert "plural" in str(refused(f"2 | plural{arguments}"))


def test_plural_with_a_hostile_form_escapes_it() -> None:
    """A form from the data is text like all data."""
    page = both({"a.html": "<p>{{ 2 | plural(v, v) }}</p>"}, "a.html", {"v": "<b>{n}</b>{x}"})
    assert page.html == "<p>&lt;b&gt;2&lt;/b&gt;{x}</p>"


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "arguments", "wanted"),
    [
        ("https://a.example", "", "https://a.example"),
        ("https://a.example", "(utm_source='mail')", "https://a.example?utm_source=mail"),
        (
            "https://a.example/p",
            "(utm_source='mail', utm_medium='x')",
            "https://a.example/p?utm_source=mail&utm_medium=x",
        ),
        ("https://a.example/?a=1", "(b=2)", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=1&b=2&a=3", "(a='x')", "https://a.example/?b=2&a=x"),
        ("https://a.example/?ab=1&a=2", "(a=3)", "https://a.example/?ab=1&a=3"),
        ("https://a.example/?a%62=1", "(ab=3)", "https://a.example/?ab=3"),
        ("https://a.example/?&&a=1&", "(b=2)", "https://a.example/?a=1&b=2"),
        ("https://a.example/?flag", "(b=2)", "https://a.example/?flag&b=2"),
        ("https://a.example/p#top", "(b=2)", "https://a.example/p?b=2#top"),
        ("https://a.example/p?a=1#x?y=2", "(b=2)", "https://a.example/p?a=1&b=2#x?y=2"),
        ("https://a.example/", "(b=none)", "https://a.example/"),
        ("https://a.example/?b=1", "(b=none)", "https://a.example/?b=1"),
        ("https://a.example/", "(b='')", "https://a.example/?b="),
        ("https://a.example/", "(b=1.5, c=true)", "https://a.example/?b=1.5&c=True"),
        ("https://a.example/", "(q='a&b=c#d?e f+g%/ü')", "https://a.example/?q=a%26b%3Dc%23d%3Fe%20f%2Bg%25%2F%C3%BC"),
        ("https://a.example/a b", "", "https://a.example/a%20b"),
        ("https://a.example/ü?q=ö#ä", "(b=1)", "https://a.example/%C3%BC?q=%C3%B6&b=1#%C3%A4"),
        ("https://a.example/%C3%BC?q=%41", "(b=1)", "https://a.example/%C3%BC?q=%41&b=1"),
        ("  https://a.example/ ", "", "https://a.example/"),
        ("mailto:zoe@a.example", "(subject='Hi you')", "mailto:zoe@a.example?subject=Hi%20you"),
        ("tel:+491234", "", "tel:+491234"),
        ("/relative", "(b=1)", "/relative?b=1"),
        ("#top", "", "#top"),
        ("", "", ""),
        ("HTTPS://A.example/", "(b=1)", "https://A.example/?b=1"),
        ("https://[::1]:8080/", "(b=1)", "https://[::1]:8080/?b=1"),
        ("https://u:p@a.example/", "(b=1)", "https://u:p@a.example/?b=1"),
        (5, "", "5"),
    ],
)
def test_url_with_parameters_is_the_address_with_them(address: object, arguments: str, wanted: str) -> None:
    """Behind what is there already and before the fragment; a parameter of that name is replaced."""
    assert said(f"v | url{arguments}", address) == wanted


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/\r\nBcc: eve@example.com",
        "https://a.example/?a=\n<b>",
        'https://a.example/" onclick="x',
        "https://a.example/'><script>",
        "https://a.example/\0\x01\x7f",
        "https://a.example/\u2028\u202e",
        "https://a.example/\\..\\",
        "https://a.example/`{}|^",
        "https://a.example/\ud800",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "java\tscript:alert(1)",
    ],
    ids=ascii,
)
def test_url_with_a_hostile_address_holds_nothing_that_breaks_out(address: str) -> None:
    """No line break, no quote that ends an attribute, no blank, and nothing that runs."""
    text = both({"a.txt": "{{ v | url(q=v) }}"}, "a.txt", {"v": address}).text
    assert text.isascii()
    assert not set(text) & set('\r\n\t\0 "<>\\`{}|^')
    assert urlsplit(text).scheme in ("", "https")
    page = both({"a.html": '<a href="{{ v | url(q=v) }}">x</a>'}, "a.html", {"v": address}, inliner="none")
    assert page.html.count('"') == 2
    assert page.html.count("<") == 2


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JavaScript:alert(1)", " javascript:x", "vbscript:x", "data:text/html,<b>", "DATA:,"],
)
def test_url_with_a_scheme_that_runs_is_refused(address: str) -> None:
    """A link in mail leads somewhere; it does not run what the data holds."""
    assert "is no link" in str(refused("v | url(a=1)", address))


@pytest.mark.parametrize("address", ["https://[::1", "http://[x]y/", "//[", None])
def test_url_with_what_is_no_address_says_where(address: object) -> None:
    """A link to None would go out to everybody."""
    assert "address" in str(refused("v | url", address))


def test_url_with_a_list_of_parameters_takes_them_by_name() -> None:
    """Names that Jinja cannot write come from a dictionary."""
    page = both({"a.txt": "{{ v | url(**p) }}"}, "a.txt", {"v": "https://a.example/", "p": {"a-b": "1", "ü&": "=\n"}})
    assert page.text == "https://a.example/?a-b=1&%C3%BC%26=%3D%0A"


@given(st.text(), st.text())
def test_url_with_any_value_can_be_read_back(name: str, value: str) -> None:
    """The server gets what the template was given."""
    data = {"p": {name: value}}
    text = Templates({"a.txt": "{{ 'https://a.example/?x=1#f' | url(**p) }}"}).render("a.txt", data).text
    assert urlsplit(text).fragment == "f"
    if name and name != "x":
        found = parse_qs(urlsplit(text).query, keep_blank_values=True)
        assert found == {"x": ["1"], name: [value]}


# -- all of them -----------------------------------------------------------------------------------------------------

ALL = ["money('EUR')", "number", "percent", "date", "time", "datetime", "plural('a', 'b')", "url", "icaldate"]


@pytest.mark.parametrize("name", ALL)
def test_filter_with_a_missing_variable_says_which(name: str) -> None:
    """A gap is told as a gap, with the name that was meant, and not as a bad value."""
    for file in ("a.txt", "a.html"):
        error = both_refuse({file: f"\n{{{{ pirce | {name} }}}}"}, file, {"price": 1})
        assert (type(error), error.line, error.hint) == (VariableMissing, 2, "Did you mean 'price'?")


@pytest.mark.parametrize("name", ["money('EUR')", "number", "percent", "date", "plural('a', 'b')"])
def test_filter_in_a_language_of_which_nothing_is_known_says_where(name: str) -> None:
    """A well-formed tag need not be a language."""
    value: Any = "2026-11-24" if name == "date" else 1
    assert "nothing is known of the language" in str(refused(f"v | {name}", value, "xx-YY"))


def test_filter_of_a_constant_follows_the_language_of_each_page() -> None:
    """What Jinja could work out beforehand is not kept from the first page."""
    templates = Templates({"a.html": "Subject: {{ 9.5 | number }}\n\n<p>{{ 9.5 | number }}</p>"})
    for _ in range(2):
        for locale, wanted in (("de", "9,5"), ("en", "9.5")):
            page = templates.render("a.html", locale=locale)
            assert (page.subject, page.text) == (wanted, f"{wanted}\n")


def test_filter_in_a_loop_follows_the_language_of_each_page() -> None:
    """Nor is what is kept of a loop."""
    templates = Templates({"a.html": "{% for n in all %}<i>{{ n | number }}</i>{% endfor %}"})
    for _ in range(3):
        for locale, wanted in (("de", "9,5"), ("en", "9.5")):
            assert templates.render("a.html", {"all": [9.5]}, locale=locale).text == f"{wanted}\n"


def test_filter_of_the_program_goes_before_that_of_mailkit() -> None:
    """Own filters keep their names."""
    files = {"a.html": "{% for n in [1, 1] %}{{ n | money }}{% endfor %}"}
    assert both(files, "a.html", filters={"money": lambda number: f"{number} gold"}).text == "1 gold1 gold\n"


def test_filter_with_values_of_each_recipient_shares_a_skeleton() -> None:
    """What a filter says is a value."""
    templates = Templates({"a.html": "<p>{{ n | money('EUR') }} {{ n | plural('item', 'items') }}</p>"})
    for n in range(6):
        templates.render("a.html", {"n": n})
    assert (templates.statistics.skeletons, templates.statistics.hits) == (1, 5)
