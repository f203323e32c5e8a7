"""Calendar entries as templates: ``event.ics`` beside ``event.html``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit import Templates
from mailkit.errors import TemplateBroken

ENTRY = """\
BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:{{ id }}
DTSTART:{{ start | icaldate }}
SUMMARY:{{ title }}
URL:{{ link }}
ATTENDEE;CN="{{ name }}":mailto:{{ email }}
END:VEVENT
END:VCALENDAR
"""
FILES = {"event.html": "Subject: You are invited\n\n<p>{{ title }}</p>", "event.ics": ENTRY}
DATA = {
    "id": "1@example.com",
    "start": "2026-11-24T18:30:00+00:00",
    "title": "Supper",
    "link": "https://example.com/?a=1,2;b",
    "name": "Zoë",
    "email": "zoe@example.com",
}


def lines(**data: object) -> list[str]:
    """The logical lines of the entry, unfolded as RFC 5545 3.1 says."""
    calendar = Templates(FILES).render("event.html", {**DATA, **data}).calendar
    assert calendar is not None
    assert calendar.endswith("\r\n")
    return calendar.replace("\r\n ", "").split("\r\n")[:-1]


def test_an_entry_beside_a_page_goes_into_the_message_with_its_method() -> None:
    """As an alternative that calendars read, and with the values in their places."""
    message = Templates(FILES).compose("event.html", DATA).from_("a@example.com").to("b@example.com").build()
    assert b"Content-Type: text/calendar; charset=utf-8; method=REQUEST" in bytes(message)
    assert lines()[3:8] == [
        "UID:1@example.com",
        "DTSTART:20261124T183000Z",
        "SUMMARY:Supper",
        "URL:https://example.com/?a=1,2;b",
        'ATTENDEE;CN="Zoë":mailto:zoe@example.com',
    ]


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Bread, wine; cheese", r"Bread\, wine\; cheese"),
        ("one\ntwo", r"one\ntwo"),
        ("one\r\ntwo\rthree", r"one\ntwo\nthree"),
        (r"back\slash", r"back\\slash"),
        ("x\nEND:VEVENT\nBEGIN:VALARM", r"x\nEND:VEVENT\nBEGIN:VALARM"),
        ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
    ],
)
def test_a_text_with_signs_of_the_format_is_escaped(title: str, said: str) -> None:
    """What RFC 5545 3.3.11 gives a meaning to has none in data."""
    assert f"SUMMARY:{said}" in lines(title=title, link="x")


@pytest.mark.parametrize(
    ("name", "said"), [('Zoë "Zo" Quill', "Zoë ^'Zo^' Quill"), ("a^b", "a^^b"), ("a\nb", "a^nb"), ("a;b:c", "a;b:c")]
)
def test_a_parameter_with_signs_of_the_format_is_written_as_rfc_6868_says(name: str, said: str) -> None:
    """Quotes and line breaks have no other way into a parameter."""
    assert f'ATTENDEE;CN="{said}":mailto:zoe@example.com' in lines(name=name)


@pytest.mark.parametrize("field", ["link", "email", "id"])
@pytest.mark.parametrize("value", ["x\r\nATTACH:evil", "x\nBEGIN:VALARM", "x\x00"])
def test_a_value_with_a_line_break_where_none_can_be_is_refused(field: str, value: str) -> None:
    """Or the data would write lines of its own."""
    try:
        made = lines(**{field: value})
    except TemplateBroken as error:
        assert error.name == "event.ics"  # noqa: PT017 - either way is fine; what must not be is a line more
        return
    assert len(made) == len(lines())


def test_a_long_line_is_folded_at_75_octets_and_between_characters() -> None:
    """RFC 5545 3.1 counts octets."""
    calendar = Templates(FILES).render("event.html", {**DATA, "title": "ü€😀" * 60}).calendar
    assert calendar is not None
    rows = calendar.encode().split(b"\r\n")
    assert max(map(len, rows)) <= 75
    assert all(row.decode() for row in rows[:-1])
    assert f"SUMMARY:{'ü€😀' * 60}" in calendar.replace("\r\n ", "")


def test_a_line_without_a_colon_is_an_error_with_its_file() -> None:
    """A slip in an entry would make calendars drop it without a word."""
    with pytest.raises(TemplateBroken, match="no line of a calendar") as caught:
        Templates({**FILES, "event.ics": "BEGIN:VCALENDAR\nnonsense\n"}).render("event.html", DATA)
    assert caught.value.name == "event.ics"


def test_a_translation_has_the_entry_of_the_original_unless_it_has_one() -> None:
    """A date needs no translating; a summary may."""
    files = {**FILES, "event.de.html": "Subject: Hallo\n\n<p>{{ title }}</p>"}
    assert "SUMMARY:Supper" in (Templates(files).render("event.html", {**DATA, "locale": "de"}).calendar or "")
    files["event.de.ics"] = ENTRY.replace("{{ title }}", "Abendessen")
    assert "SUMMARY:Abendessen" in (Templates(files).render("event.html", {**DATA, "locale": "de"}).calendar or "")


@given(st.text(), st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"])))
def test_an_entry_with_any_data_has_the_lines_of_its_template(title: str, name: str) -> None:
    """No value adds or ends one."""
    try:
        made = lines(title=title, name=name)
    except TemplateBroken:
        return
    assert [line.partition(":")[0].partition(";")[0] for line in made] == [
        *("BEGIN", "METHOD", "BEGIN", "UID", "DTSTART", "SUMMARY", "URL", "ATTENDEE", "END", "END")
    ]
