"""Header fields and the multimap that holds them."""

import pickle
from datetime import UTC, datetime

import pytest

from mailkit import Address, Headers
from mailkit.errors import AddressError, HeaderError
from mailkit.message import Field
from mailkit.message.fields import Kind, rule

ADA = Address("ada@example.com", name="Ada")
HEADERS = Headers(
    [
        Field("Received", "from b"),
        Field("received", "from a"),
        Field("From", (ADA,)),
        Field("Subject", "Hello"),
        Field("X-Mixed-Case", "kept"),
    ]
)


def test_a_name_when_looked_up_is_found_in_any_case() -> None:
    """Names have no case; the first field of a name answers."""
    assert HEADERS["subject"] == HEADERS["SUBJECT"] == "Hello"
    assert HEADERS["Received"] == "from b"
    assert HEADERS.get("X-None") is None
    assert "x-mixed-case" in HEADERS
    assert 5 not in HEADERS


def test_fields_when_repeated_are_all_kept_in_order() -> None:
    """get_all() and fields show what the mapping cannot."""
    assert HEADERS.get_all("RECEIVED") == ("from b", "from a")
    assert [field.name for field in HEADERS.fields] == ["Received", "received", "From", "Subject", "X-Mixed-Case"]


def test_headers_when_seen_as_a_mapping_have_each_name_once() -> None:
    """Length, iteration and looking up agree, whatever the spelling."""
    assert list(HEADERS) == ["Received", "From", "Subject", "X-Mixed-Case"]
    assert len(HEADERS) == 4
    assert dict(HEADERS)["From"] == "Ada <ada@example.com>"


def test_a_missing_name_when_indexed_is_a_key_error() -> None:
    """As in every mapping."""
    with pytest.raises(KeyError):
        HEADERS["X-None"]


def test_a_unique_field_when_set_again_takes_the_place_of_the_old() -> None:
    """RFC 5322 3.6: one Subject. The original is untouched."""
    changed = HEADERS.with_field(Field("SUBJECT", "Bye"))
    assert changed.get_all("Subject") == ("Bye",)
    assert changed.fields[3].name == "SUBJECT"
    assert HEADERS["Subject"] == "Hello"


def test_a_repeatable_field_when_set_again_is_added() -> None:
    """Received, Comments and unknown fields may repeat."""
    assert HEADERS.with_field(Field("X-Mixed-Case", "more")).get_all("X-Mixed-Case") == ("kept", "more")


def test_fields_when_removed_are_gone_in_every_spelling() -> None:
    """without() takes all of a name."""
    assert "Received" not in HEADERS.without("RECEIVED")
    assert len(HEADERS.without("x-none").fields) == 5


def test_addresses_when_asked_come_from_every_field_of_the_name() -> None:
    """Broken mail has two To fields; both count."""
    headers = Headers([Field("To", (ADA,)), Field("to", (Address("b@c.example"),)), Field("To", "unreadable")])
    assert [address.email for address in headers.addresses("TO")] == ["ada@example.com", "b@c.example"]


def test_headers_when_equal_are_interchangeable() -> None:
    """They compare, hash and pickle by their fields."""
    again = pickle.loads(pickle.dumps(HEADERS))
    assert again == HEADERS
    assert hash(again) == hash(HEADERS)
    assert again != Headers()
    assert "Subject: Hello" in repr(again)


@pytest.mark.parametrize("name", ["", "A B", "A:", "Ä", "a" * 201, "\tA", "A\x7f"])
def test_a_field_when_its_name_is_not_legal_is_refused(name: str) -> None:
    """RFC 5322 2.2: printable ASCII without the colon."""
    with pytest.raises(HeaderError, match="a header name is printable ASCII"):
        Field(name, "value")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("To", "Ada <ada@example.com>", (ADA,)),
        ("reply-to", "b@c.example, Ada <ada@example.com>", (Address("b@c.example"), ADA)),
        ("Date", "Fri, 02 Jan 2026 03:04:05 +0000", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("References", "<a@b> <c@d>", "<a@b> <c@d>"),
        ("X-Campaign", "Frühling", "Frühling"),
    ],
)
def test_text_when_checked_becomes_what_the_kind_of_the_field_wants(name: str, text: str, value: object) -> None:
    """Addresses, dates, or text."""
    assert Field.checked(name, text).value == value


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("To", "nobody", AddressError),
        ("To", "", AddressError),
        ("Date", "tomorrow", HeaderError),
        ("Date", "", HeaderError),
        ("References", "<é@b>", HeaderError),
        ("List-Unsubscribe", "<https://example.com/" + "x" * 1000 + ">", HeaderError),
    ],
)
def test_text_when_it_does_not_fit_the_field_is_refused_by_name(
    name: str, text: str, error: type[HeaderError] | type[AddressError]
) -> None:
    """The error begins with the field's name, once."""
    with pytest.raises(error) as caught:
        Field.checked(name, text)
    assert str(caught.value).startswith(f"{name}: ")
    assert str(caught.value).count(f"{name}: ") == 1


def test_a_date_when_shown_is_written_as_in_mail() -> None:
    """RFC 5322 3.3."""
    assert str(Field("Date", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))) == "Fri, 02 Jan 2026 03:04:05 +0000"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("From", Kind.MAILBOXES),
        ("RESENT-TO", Kind.ADDRESSES),
        ("date", Kind.DATE),
        ("Message-ID", Kind.RAW),
        ("List-Unsubscribe", Kind.RAW),
        ("Subject", Kind.TEXT),
        ("X-Anything", Kind.TEXT),
    ],
)
def test_a_field_when_looked_up_has_a_kind_in_any_case(name: str, expected: Kind) -> None:
    """Unknown fields are text."""
    assert rule(name).kind is expected


def test_every_owned_field_when_asked_for_has_a_hint_and_others_have_none() -> None:
    """The hint tells which step to use instead."""
    assert "bcc" in rule("BCC").owner
    assert rule("Resent-Bcc").owner
    assert not rule("Subject").owner
    assert rule("SUBJECT").is_unique
    assert not rule("Received").is_unique
