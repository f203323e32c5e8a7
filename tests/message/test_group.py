"""Groups of mailboxes (RFC 5322 3.4), written and read."""

import pickle
from email import message_from_string
from email.policy import SMTPUTF8, default

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailkit import Address
from mailkit.errors import AddressError
from mailkit.message import group
from mailkit.message.group import Group, only_mailboxes, parse_list, recipients
from mailkit.mime import domain as domains
from mailkit.mime.fold import fold
from tests.property.test_compose import EMAILS, LINES

ADA = Address("ada@example.com")
BOB = Address("bob@example.com", name="Doe, Bob")


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (Group("Team", (ADA, BOB)), 'Team: ada@example.com, "Doe, Bob" <bob@example.com>;'),
        (Group("undisclosed-recipients"), "undisclosed-recipients:;"),
        (Group("The Team", (ADA,)), "The Team: ada@example.com;"),
        (Group("Team: A", (ADA,)), '"Team: A": ada@example.com;'),
        (Group('a "b" \\', (ADA,)), '"a \\"b\\" \\\\": ada@example.com;'),
        (Group("Zoës Team", (ADA,)), "Zoës Team: ada@example.com;"),
        (Group("Zoës; Team", (ADA,)), '"Zoës; Team": ada@example.com;'),
        (Group(" Team ", ()), '" Team ":;'),
        (Group("Team", (Address("josé@exämple.com", name="José"),)), "Team: José <josé@exämple.com>;"),
    ],
)
def test_a_group_when_shown_parses_to_itself(one: Group, shown: str) -> None:
    """str() is for people, and faithful."""
    assert str(one) == shown
    assert parse_list(shown) == parse_list(shown, tolerant=True) == (one,)
    assert Address.parse_list(shown) == one.members


@pytest.mark.parametrize(
    ("one", "written"),
    [
        (Group("Team", (ADA, BOB)), 'To: Team: ada@example.com, "Doe, Bob" <bob@example.com>;\r\n'),
        (Group("undisclosed-recipients"), "To: undisclosed-recipients:;\r\n"),
        (Group("Team: A", (ADA,)), 'To: "Team: A": ada@example.com;\r\n'),
        (Group("Zoës", (ADA,)), "To: =?utf-8?b?Wm/Dq3M=?= : ada@example.com;\r\n"),
        (Group("Zoës"), "To: =?utf-8?b?Wm/Dq3M=?= :;\r\n"),
        (Group("=?utf-8?q?x?="), "To: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= :;\r\n"),
        (
            Group("Team", (Address("a@exämple.com", name="Zoë"), ADA)),
            "To: Team: =?utf-8?q?Zo=C3=AB?= <a@xn--exmple-cua.com>, ada@example.com;\r\n",
        ),
        (
            Group("A rather long name of a team", [f"somebody{number}@example.com" for number in range(4)]),
            (
                "To: A rather long name of a team: somebody0@example.com,\r\n"
                " somebody1@example.com, somebody2@example.com, somebody3@example.com;\r\n"
            ),
        ),
    ],
)
def test_a_group_when_written_is_encoded_as_addresses_are(one: Group, written: str) -> None:
    """Names as encoded words, with white space before the colon (RFC 2047 5(3)); domains in ASCII."""
    assert fold("To", one.tokens(3)) == written
    unfolded = written.removeprefix("To: ").replace("\r\n", "")
    (again,) = parse_list(unfolded)
    assert isinstance(again, Group)
    assert (again.name, [member.key for member in again]) == (one.name, [member.key for member in one])


def test_a_list_when_it_has_groups_and_mailboxes_keeps_both_in_order() -> None:
    """The flat reading gives the same mailboxes."""
    text = "x@example.com, Team: ada@example.com, Bob <bob@example.com>; , None:;, Eve <eve@example.com>"
    found = parse_list(text)
    assert found == (
        Address("x@example.com"),
        Group("Team", (ADA, Address("bob@example.com", name="Bob"))),
        Group("None"),
        Address("eve@example.com", name="Eve"),
    )
    assert group.members(found) == Address.parse_list(text)
    assert parse_list("") == parse_list(" , ,") == ()


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("A: B: a@b.example;;", 3, "a group inside a group at position 3"),
        ("A: a@b.example, B: c@d.example;;", 16, "after address 1: a group inside a group"),
        ("x@b.example, A: a@b.example", 13, "after address 2: a group is not ended by ';'"),
        (":;", 0, "a group without a name"),
        ('"":;', 0, "a group without a name"),
        ('a@b.example, " ":;', 13, "a group without a name"),
        ("A: a@b.example, b@c..example;", 16, "address 2: 'b@c..example' is not an address"),
        ("A: a@b.example, b;", 16, "address 2: 'b' has no @"),
        ("A: a@b.example b@c.example;", 14, "white space inside the domain"),
        ("A: <a@b.example;>", 15, "'<' without '>'"),
        ("=?utf-8?q?a=0Ab?= : a@b.example;", 0, "group name: a line break"),
        ("A: a@b.example; B: c@d.example;", 16, "expected a comma after a group"),
    ],
)
def test_a_group_when_it_cannot_be_read_says_where(text: str, position: int, problem: str) -> None:
    """As for addresses: the number of the address, the position and the problem."""
    with pytest.raises(AddressError) as caught:
        parse_list(text)
    assert problem in str(caught.value)
    assert (caught.value.position, caught.value.text) == (position, text)


@pytest.mark.parametrize("name", ["", " ", "\t", "a\r\nBcc: x", "a\0", "\x7f", "\ud800", "\u2028"])
def test_a_group_when_its_name_cannot_be_written_is_refused(name: str) -> None:
    """RFC 5322 3.4 wants a name; a line break never comes in by it."""
    with pytest.raises(AddressError, match="group"):
        Group(name)


@pytest.mark.parametrize(
    "inner", [Group("Inner", (ADA,)), [ADA, Group("Inner")], "Inner: ada@example.com;", ["x@y", "B:;"]]
)
def test_a_group_when_put_into_a_group_is_refused(inner: object) -> None:
    """As a value and as text; its members are not taken silently instead."""
    with pytest.raises(AddressError, match=r"^group: the group '.+' at position \d+ cannot stand here"):
        Group("Outer", inner)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "members", [("ada@example.com",), "ada@example.com", [("", "ada@example.com")], ADA, iter([ADA])]
)
def test_a_group_when_made_takes_what_may_stand_for_an_address(members: object) -> None:
    """As the builder's steps do."""
    assert Group("Team", members).members == (ADA,)  # type: ignore[arg-type]


@pytest.mark.parametrize("members", [5, [None], "nobody", ("Ada", "nobody")])
def test_a_group_when_a_member_is_no_address_is_refused(members: object) -> None:
    """With an error of addresses."""
    with pytest.raises(AddressError, match=r"^group: "):
        Group("Team", members)  # type: ignore[arg-type]


def test_a_group_when_pickled_copied_or_hashed_stays_the_same_value() -> None:
    """It is an immutable value."""
    one = Group("Team", (ADA, BOB))
    assert pickle.loads(pickle.dumps(one)) == one
    assert len({one, Group("Team", [ADA, BOB])}) == 1
    assert one != Group("Team", [BOB, ADA])
    assert list(one) == [ADA, BOB]
    with pytest.raises(AttributeError):
        one.name = "Other"  # type: ignore[misc]


def test_recipients_when_given_in_any_way_keep_their_groups() -> None:
    """Texts, pairs, addresses, groups, and lists of those."""
    team = Group("Team", (ADA,))
    assert recipients("Team: ada@example.com;", field="to") == (team,)
    assert recipients(team, field="to") == (team,)
    assert recipients([team, [BOB, ("Eve", "eve@example.com")], "x@y.example, None:;"], field="to") == (
        team,
        BOB,
        Address("eve@example.com", name="Eve"),
        Address("x@y.example"),
        Group("None"),
    )
    for nobody in ("", " , "):
        with pytest.raises(AddressError, match=r"^to: the address is empty"):
            recipients(nobody, field="to")


@pytest.mark.parametrize("given_", [Group("Team", (ADA,)), "Team: ada@example.com;", [ADA, "undisclosed-recipients:;"]])
def test_an_author_when_it_is_a_group_is_refused(given_: object) -> None:
    """RFC 5322 3.6.2: From and Sender hold mailboxes."""
    with pytest.raises(AddressError, match=r"^from: the group") as caught:
        only_mailboxes(given_, field="from")  # type: ignore[arg-type]
    assert "Reply-To" in caught.value.hint


def test_authors_when_they_are_mailboxes_are_read_as_addresses_are() -> None:
    """The refusal of groups is the only difference."""
    given_ = ["ada@example.com", '"Doe, Bob" <bob@example.com>, x@y.example', BOB]
    assert only_mailboxes(given_, field="from") == (ADA, BOB, Address("x@y.example"), BOB)


ADDRESSES = st.builds(
    lambda email, name: Address(email, name=name), EMAILS, LINES.filter(lambda text: "=?" not in text)
)
GROUPS = st.builds(
    Group, LINES.filter(lambda text: text.strip() and "=?" not in text), st.lists(ADDRESSES, max_size=4).map(tuple)
)
EXAMPLES = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@EXAMPLES
@given(st.lists(ADDRESSES | GROUPS, max_size=4))
def test_a_list_of_addresses_and_groups_when_shown_and_read_is_the_same(found: list[Address | Group]) -> None:
    """By both readings; and the flat one gives the members."""
    text = ", ".join(map(str, found))
    assert parse_list(text) == parse_list(text, tolerant=True) == tuple(found)
    assert Address.parse_list(text) == group.members(tuple(found))


@pytest.mark.slow
@EXAMPLES
@given(GROUPS)
def test_a_group_when_written_reads_back_by_mailkit_and_by_python(one: Group) -> None:
    """The same mailboxes under the same names. Python adds and drops white space in names (cpython#128110)."""
    field = fold("To", one.tokens(3))
    (again,) = parse_list(field.removeprefix("To:").replace("\r\n", ""))
    assert isinstance(again, Group)
    assert again.name == one.name
    assert [(member.name, member.key) for member in again] == [(member.name, member.key) for member in one]
    (theirs,) = message_from_string(field + "\r\n", policy=SMTPUTF8)["To"].groups
    assert "".join(theirs.display_name.split()) == "".join(one.name.split())
    assert [mailbox(entry.username, entry.domain) for entry in theirs.addresses] == [
        mailbox(member.local, member.ascii_domain) for member in one
    ]


@pytest.mark.slow
@EXAMPLES
@given(st.lists(ADDRESSES, min_size=1, max_size=4))
def test_addresses_when_shown_are_the_same_mailboxes_to_python(found: list[Address]) -> None:
    """str() too is a form that other parsers read."""
    header = default.header_factory("To", ", ".join(map(str, found)))
    assert [mailbox(one.username, one.domain) for one in header.addresses] == [  # type: ignore[attr-defined]
        mailbox(one.local, one.ascii_domain) for one in found
    ]


def mailbox(local: str, domain: str) -> tuple[str, str]:
    return local.removeprefix('"').removesuffix('"'), domains.to_ascii(domain)
