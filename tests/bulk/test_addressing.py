"""From a row to its address."""

import pytest

from mailkit import Address
from mailkit.bulk import Addressing
from mailkit.errors import AddressError, MessageError, RecipientsError, VariableMissing

EMAIL = "zoe@example.com"
NAMES = [
    "Doe, John",
    "<eve@example.com>",
    'Ann "Nan" O',
    "a@b.example",
    "x; y:",
    "(z)",
    "\\",
    "=?utf-8?q?x?=",
    "Zoë 中",
    "'",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "template", ["", "{{ name }} <{{ email }}>", '"{{ name }}" <{{ email }}>', " {{name}}<{{email}}> "]
)
def test_address_with_any_name_stays_one_address(name: str, template: str) -> None:
    """No character in a name can change who gets the message."""
    address = Addressing(template).address({"name": name, "email": EMAIL})
    assert (address.email, address.name) == (EMAIL, name)
    assert [found.email for found in Address.parse_list(str(address))] == [EMAIL]


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\t", "  "])
@pytest.mark.parametrize("template", ["", "{{ name }} <{{ email }}>"])
def test_address_with_blanks_in_the_name_folds_them(break_: str, template: str) -> None:
    """A name broken over lines, as spreadsheets have them, is one line."""
    address = Addressing(template).address({"name": f" Zoë{break_}Müller\n", "email": f" {EMAIL}\n"})
    assert (address.email, address.name) == (EMAIL, "Zoë Müller")


@pytest.mark.parametrize("email", [f"{EMAIL}, eve@example.com", f"{EMAIL}> <eve@example.com", f"{EMAIL}\r\nBcc: eve@example.com", f"{EMAIL} eve@example.com", "zoe", "@", "zoe@", "zoe\0@example.com"])  # fmt: skip
@pytest.mark.parametrize("template", ["", "{{ name }} <{{ email }}>", "<{{ email }}>", "{{ email }}"])
def test_address_with_more_than_an_address_is_refused(email: str, template: str) -> None:
    """A cell that holds more, or less, than one address is an error of that row."""
    with pytest.raises(MessageError):
        Addressing(template).address({"name": "Zoë", "email": email})


@pytest.mark.parametrize(
    ("data", "email", "name"),
    [
        ({"to": "Zoë <zoe@example.com>"}, EMAIL, "Zoë"),
        ({"to": '"Doe, John" <zoe@example.com>'}, EMAIL, "Doe, John"),
        ({"To": EMAIL, "email": "other@example.com"}, EMAIL, ""),
        ({"email": EMAIL}, EMAIL, ""),
        ({"E-Mail": "x", "EMAIL": EMAIL, "NAME": "Zoë"}, EMAIL, "Zoë"),
        ({"email": "Zoë <zoe@example.com>", "name": "Other"}, EMAIL, "Zoë"),
        ({"email": EMAIL, "name": None}, EMAIL, ""),
        ({"email": EMAIL, "name": 7}, EMAIL, "7"),
    ],
)
def test_address_without_a_template_is_in_the_columns(data: dict[str, object], email: str, name: str) -> None:
    """Column "to" holds it, or "email" with "name", in any case."""
    assert Addressing().address(data) == Address(email, name=name)


@pytest.mark.parametrize("column", ["to-name", "to_name", "To-Name", " TO_NAME "])
@pytest.mark.parametrize(
    ("data", "given", "name"),
    [
        ({"to": EMAIL}, "Zoë", "Zoë"),
        ({"to": EMAIL}, " Doe,\nJohn ", "Doe, John"),
        ({"to": EMAIL}, "", ""),
        ({"to": EMAIL}, None, ""),
        ({"to": EMAIL, "name": "Other"}, "", ""),
        ({"to": "Zoë <zoe@example.com>"}, "Other", "Zoë"),
        ({"to": "<zoe@example.com>"}, "Zoë", "Zoë"),
        ({"email": EMAIL}, "Zoë", "Zoë"),
        ({"email": EMAIL, "name": "Other"}, "Zoë", "Zoë"),
        ({"email": EMAIL, "name": "Zoë"}, " ", "Zoë"),
        ({"email": "Zoë <zoe@example.com>", "name": "Other"}, "Another", "Zoë"),
    ],
)
def test_address_when_a_column_has_the_name_of_the_recipient_then_it_is_the_name(
    column: str, data: dict[str, object], given: object, name: str
) -> None:
    """Column "to-name" stands beside "to" and "email"; a name with the address itself goes before it."""
    assert Addressing().address({**data, column: given}) == Address(EMAIL, name=name)


def test_address_when_two_columns_differ_in_case_then_the_exact_one_counts() -> None:
    """Whatever stands first."""
    data = {"Email": "a@example.com", "email": EMAIL, "EMAIL": "b@example.com"}
    assert Addressing().address(data).email == EMAIL
    assert Addressing().address({"EMAIL": EMAIL, "Email": "b@example.com"}).email == EMAIL


@pytest.mark.parametrize(
    ("template", "email", "name"),
    [
        ("{{ first }} {{ last }} <{{ mail }}>", EMAIL, "Zoë Müller"),
        ("{{ last }}, {{ first }} <{{ mail }}>", EMAIL, "Müller, Zoë"),
        ("{{ mail }}", EMAIL, ""),
        ("<{{ mail }}>", EMAIL, ""),
        ("{{ user }}@example.com", EMAIL, ""),
        ("{{ first }} <{{ user }}@{{ host }}>", EMAIL, "Zoë"),
        ("{{ full }}", EMAIL, "Zoë"),
        ("{{ 'Reader' }} <{{ mail }}>", EMAIL, "Reader"),
        ("{{ nick or first }} <{{ mail | lower }}>", EMAIL, "Zoë"),
        ("{{ nick }} <{{ mail }}>", EMAIL, ""),
    ],
)
def test_address_with_a_template_is_made_by_it(template: str, email: str, name: str) -> None:
    """Any columns make an address."""
    data = {
        "first": "Zoë",
        "last": "Müller",
        "mail": EMAIL,
        "user": "zoe",
        "host": "example.com",
        "nick": "",
        "full": f"Zoë <{EMAIL}>",
    }
    assert Addressing(template).address(data) == Address(email, name=name)


@pytest.mark.parametrize("data", [{"email": ""}, {"email": None}, {"email": "  "}, {"to": ""}, {}])
def test_address_that_is_empty_is_told_as_such(data: dict[str, object]) -> None:
    """A row without an address is a bad row."""
    with pytest.raises(AddressError, match="empty"):
        Addressing().address(data)
    with pytest.raises(AddressError, match="empty"):
        Addressing("{{ name }} <{{ email }}>").address({"name": "Zoë", "email": data.get("email") or ""})


def test_address_with_a_missing_column_names_it() -> None:
    """A misspelt column of the template is told with the one that was meant."""
    with pytest.raises(VariableMissing) as caught:
        Addressing("{{ nmae }} <{{ email }}>").address({"name": "Zoë", "email": EMAIL})
    assert (caught.value.variable, caught.value.hint) == ("nmae", "Did you mean 'name'?")


def test_check_without_an_address_column_says_what_there_is() -> None:
    """The list is refused as a whole, with the way out."""
    with pytest.raises(RecipientsError, match="no column 'to' or 'email'") as caught:
        Addressing().check({"mail": "x", "Name": "y"}, source="people.csv")
    assert "--to" in caught.value.hint
    assert "mail, Name" in caught.value.hint
    Addressing("{{ mail }}").check({"mail": "x"}, source="people.csv")
    Addressing().check({"E-Mail": "x", " Email": "y"}, source="people.csv")
