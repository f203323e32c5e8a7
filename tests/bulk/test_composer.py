"""From a row to its message."""

import pytest

from mailkit import Address, Message, Templates
from mailkit.bulk.addressing import Addressing
from mailkit.bulk.composer import Composer
from mailkit.errors import (
    AddressError,
    HeaderError,
    MessageError,
    TemplateBroken,
    VariableMissing,
)

EMAIL = "zoe@example.com"


def composer(template: str = "Subject: Hello\n\nx", **options: object) -> Composer:
    given = {"from_": "ada@example.com", "addressing": Addressing(), **options}
    return Composer(Templates({"a.txt": template}), "a.txt", **given)  # type: ignore[arg-type]


def composed(data: dict[str, object], template: str = "Subject: Hello\n\nx", **options: object) -> Message:
    return composer(template, **options).compose({"email": EMAIL, **data})[0].build()


def test_compose_when_a_row_is_given_then_the_message_is_complete_but_for_its_id() -> None:
    """Author, recipient, the columns over the context, and the recipient beside."""
    builder, recipient = composer(
        "Subject: {{ season }}\n\n{{ name }} {{ row['First name'] }} {{ first_name }} {{ recipient.email }}",
        context={"season": "spring", "name": "x"},
    ).compose({"email": EMAIL, "name": "Zoë", "First name": "Z"})
    message = builder.build()
    assert recipient == message.to[0] == Address(EMAIL, name="Zoë")
    assert str(message.from_[0]) == "ada@example.com"
    assert (message.subject, message.text) == ("spring", f"Zoë Z Z {EMAIL}")
    assert message.message_id != builder.build().message_id


@pytest.mark.parametrize(
    ("line", "to"),
    [
        ("", [EMAIL]),
        ("To: {{ email }}\n", [EMAIL]),
        ("To: Zoë <ZOE@Example.com>\n", ["ZOE@Example.com"]),
        ("To: bob@example.com\n", ["bob@example.com", EMAIL]),
        ("To: a@example.com, {{ email }}\n", ["a@example.com", EMAIL]),
        ("To: Team: a@example.com, zoe@example.com;\n", ["a@example.com", EMAIL]),
        ("To: {{ '' }}\n", [EMAIL]),
        ("Cc: {{ email }}\n", [EMAIL]),
    ],
)
def test_compose_when_the_template_has_a_to_line_then_the_recipient_is_there_once(line: str, to: list[str]) -> None:
    """The template's own ``To`` is kept."""
    assert [one.email for one in composed({}, f"Subject: x\n{line}\nx").to] == to


def test_compose_when_the_template_has_an_author_then_the_given_one_goes_before_it() -> None:
    """Without a given one the template's is it."""
    template = "From: bob@example.com\nSubject: x\n\nx"
    assert composed({}, template).from_[0].email == "ada@example.com"
    assert composed({}, template, from_=None).from_[0].email == "bob@example.com"


@pytest.mark.parametrize(
    ("names", "variable", "value"),
    [
        (["First name"], "first_name", "0"),
        (["first_name", "First name"], "first_name", "0"),
        (["First name", "first_name"], "first_name", "1"),
        (["header:X-A"], "header_x_a", "0"),
        (["Reply-To"], "reply_to", "0"),
        (["Größe (cm)"], "größe_cm", "0"),
        (["row"], "row", "0"),
    ],
)
def test_variables_when_a_column_has_blanks_in_its_name_then_templates_reach_it(
    names: list[str], variable: str, value: str
) -> None:
    """Under a name made of it, which never hides a column that is called so."""
    data = {name: str(number) for number, name in enumerate(names)}
    assert composed(data, f"Subject: x\n\n{{{{ {variable} }}}}", columns=False).text == value


def test_variables_when_two_columns_would_have_one_name_then_neither_has_it() -> None:
    """A template does not get the one or the other by chance."""
    with pytest.raises(VariableMissing):
        composed({"First name": "a", "First-name": "b"}, "Subject: x\n\n{{ first_name }}")


@pytest.mark.parametrize(
    ("row", "context", "text"),
    [
        ("de", "fr", "de"),
        ("", "fr", "fr"),
        (None, "fr", "fr"),
        ("de_AT", "", "de-AT"),
        ("", "", "en"),
    ],
)
def test_locale_when_the_row_has_one_then_it_goes_before_the_context(row: object, context: str, text: str) -> None:
    """An empty cell says nothing about the language."""
    for name in ("locale", "Locale"):
        found = composed({name: row}, "Subject: x\n\n{{ locale }}", context={"locale": context})
        assert found.text == text
    with pytest.raises(MessageError, match="locale: 'x y' is no language"):
        composed({"locale": "x y"})


@pytest.mark.parametrize(
    ("cell", "emails"),
    [
        ("bob@example.com", ["bob@example.com"]),
        (' Bob <bob@example.com>, "Doe, Ann" <ann@example.com> ', ["bob@example.com", "ann@example.com"]),
        (["bob@example.com", "Ann <ann@example.com>"], ["bob@example.com", "ann@example.com"]),
        ("", []),
        ("  ", []),
        (None, []),
        ([], []),
    ],
)
@pytest.mark.parametrize("column", ["cc", "CC", " Cc ", "bcc", "BCC", "reply-to", "Reply-To", "reply_to"])
def test_column_when_it_holds_addresses_then_they_are_in_the_message(
    column: str, cell: object, emails: list[str]
) -> None:
    """Copies, blind copies and where answers go; an empty cell is nothing, and blind copies are not in the bytes."""
    message = composed({column: cell})
    word = column.strip().lower().replace("_", "-")
    found = {"cc": message.cc, "bcc": message.bcc, "reply-to": message.headers.addresses("Reply-To")}
    assert {name: [one.email for one in value] for name, value in found.items() if value} == (
        {word: emails} if emails else {}
    )
    assert word != "bcc" or b"bob" not in bytes(message)


def test_column_when_the_template_has_copies_too_then_both_get_one_and_answers_go_to_the_rows() -> None:
    """The list's answer address is the one for this row, in the place of the one for everybody."""
    template = "Subject: x\nCc: a@example.com\nBcc: b@example.com\nReply-To: c@example.com\n\nx"
    message = composed({"cc": "d@example.com", "bcc": "e@example.com", "reply-to": "f@example.com"}, template)
    assert [one.email for one in message.cc] == ["a@example.com", "d@example.com"]
    assert [one.email for one in message.bcc] == ["b@example.com", "e@example.com"]
    assert message.headers.get_all("Reply-To") == ("f@example.com",)


@pytest.mark.parametrize(
    "cell", ["bob", "bob@example.com\r\nBcc: eve@example.com", "a@example.com;b@example.com", 7, {}, [1]]
)
@pytest.mark.parametrize("column", ["cc", "Bcc", "reply-to"])
def test_column_when_it_holds_no_addresses_then_the_error_names_it(column: str, cell: object) -> None:
    """Nothing gets into the header but addresses."""
    with pytest.raises(MessageError) as caught:
        composed({column: cell})
    assert caught.value.field == f"column {column!r}"
    assert str(caught.value).startswith(f"column {column!r}: ")
    assert str(caught.value).count(": ") < 4
    if cell == "bob":
        assert isinstance(caught.value, AddressError)
        assert caught.value.text == "bob"
        assert caught.value.hint


@pytest.mark.parametrize(
    ("column", "cell", "name", "value"),
    [
        ("header:X-Segment", "gold", "X-Segment", "gold"),
        (" Header: X-Segment ", " gold ", "X-Segment", "gold"),
        ("HEADER:x-segment", 7, "x-segment", "7"),
        ("header:X-Name", "Zoë 中", "X-Name", "Zoë 中"),
        ("header:List-Unsubscribe", "<https://example.com/u?7>", "List-Unsubscribe", "<https://example.com/u?7>"),
        ("header:Feedback-ID", "a:b", "Feedback-ID", "a:b"),
        ("header:In-Reply-To", "<a@example.com>", "In-Reply-To", "<a@example.com>"),
    ],
)
def test_column_when_it_is_called_header_then_the_field_is_set(
    column: str, cell: object, name: str, value: str
) -> None:
    """Under the name that it gives, for this row only."""
    one = composer()
    assert one.compose({"email": EMAIL, column: cell})[0].build().headers[name] == value
    for empty in ("", " ", None):
        assert name not in one.compose({"email": EMAIL, column: empty})[0].build().headers


def test_column_when_the_template_sets_a_field_that_stands_once_then_the_rows_takes_its_place() -> None:
    """As the row goes before the context."""
    found = composed({"header:Feedback-ID": "b"}, "Subject: x\nFeedback-ID: a\n\nx")
    assert found.headers.get_all("Feedback-ID") == ("b",)


@pytest.mark.parametrize("cell", ["a\r\nBcc: eve@example.com", "a\nb", "a\0b", "a\u2028b", [], {"a": 1}, ["a"]])
def test_column_when_a_field_cannot_be_written_then_the_error_names_the_column(cell: object) -> None:
    """A cell can never become a second field."""
    if cell == []:
        assert "X-A" not in composed({"header:X-A": cell}).headers
        return
    with pytest.raises(MessageError, match=r"^column 'header:X-A': ") as caught:
        composed({"header:X-A": cell})
    assert isinstance(caught.value, HeaderError) is isinstance(cell, str)


@pytest.mark.parametrize(
    "name",
    [
        *("From", "sender", "TO", "Cc", "bcc", "Reply-To", "Subject", "Date", "Message-ID", "Received", "Return-Path"),
        *("MIME-Version", "Content-Type", "Content-Foo", "Resent-From", "ARC-Seal", "DKIM-Signature", "", "X A", "X:A"),
        *("X\r\nBcc", "Ä"),
    ],
)
def test_column_when_its_field_is_not_for_a_list_to_set_then_it_is_refused(name: str) -> None:
    """Whatever the cells hold, before the first message and with each: the column is named, and what to do."""
    one = composer()
    column = f"header:{name}"
    with pytest.raises(HeaderError) as caught:
        one.check_columns(["email", column])
    assert caught.value.field == f"column {column!r}"
    with pytest.raises(HeaderError):
        one.compose({"email": EMAIL, column: ""})
    assert composed({column: "x"}, columns=False).text == "x"


@pytest.mark.parametrize(
    "names", [("cc", "CC"), ("reply-to", "Reply_To"), ("header:X-A", "Header: x-a"), ("Attachments", "attachments")]
)
def test_column_when_two_mean_the_same_then_they_are_refused(names: tuple[str, str]) -> None:
    """Neither is silently left out."""
    with pytest.raises(MessageError, match="means the same as column") as caught:
        composer().check_columns(names)
    assert caught.value.field == f"column {names[1]!r}"


def test_column_when_columns_are_switched_off_then_it_is_a_variable_only() -> None:
    """A list in which ``cc`` is a country."""
    found = composed({"cc": "DE", "attachments": "x"}, "Subject: x\n\n{{ cc }} {{ attachments }}", columns=False)
    assert (found.text, found.cc, found.attachments) == ("DE x", (), ())


def test_column_when_it_does_something_then_it_is_a_variable_all_the_same() -> None:
    """A template can say who else has got it."""
    assert composed({"cc": "bob@example.com"}, "Subject: x\n\n{{ cc }}").text == "bob@example.com"


def test_compose_when_a_value_of_the_row_breaks_the_template_then_the_template_is_named() -> None:
    """Errors of the template stay what they are."""
    with pytest.raises(TemplateBroken):
        composed({"x": "a\nb"}, "Subject: {{ x }}\n\nx")
    with pytest.raises(AddressError, match="empty"):
        composed({"email": ""})


def test_compose_when_rows_of_json_differ_in_their_columns_then_each_has_its_own() -> None:
    """Plans are kept for some sets of columns, and made anew for others."""
    one = composer("Subject: x\n\n{{ row | length }}")
    for number in range(600):
        data = {"email": EMAIL, f"Column {number}": 1, "cc": "bob@example.com"}
        message = one.compose(data)[0].build()
        assert (message.text, len(message.cc)) == ("3", 1)
