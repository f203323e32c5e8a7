"""Groups in messages: written, read, and taken apart for the envelope."""

from email import message_from_bytes
from email.policy import default

import pytest

from mailkit import Address, Message, MessageBuilder
from mailkit.errors import AddressError, MessageError
from mailkit.message import Group

BASE = MessageBuilder().from_("ada@example.com").subject("Hello").text("Hello")
TEAM = Group("Team", ["bob@example.com", ("Doe, Eve", "eve@example.com")])


@pytest.mark.parametrize("given", [TEAM, str(TEAM), [TEAM]])
@pytest.mark.parametrize(("step", "field"), [("to", "To"), ("cc", "Cc"), ("reply_to", "Reply-To")])
def test_a_group_when_composed_is_written_and_its_members_get_the_message(
    step: str, field: str, given: Group | str | list[Group]
) -> None:
    """The header has the group, the envelope its members."""
    message = getattr(BASE, step)(given).bcc("zoe@example.com").build()
    assert f'\r\n{field}: Team: bob@example.com, "Doe, Eve" <eve@example.com>;\r\n'.encode() in bytes(message)
    assert message.headers.recipients(field) == (TEAM,)
    assert getattr(message, step) == TEAM.members
    extra = () if step == "reply_to" else TEAM.members
    assert message.envelope().recipients == (*extra, Address("zoe@example.com"))
    (theirs,) = message_from_bytes(bytes(message), policy=default)[field].groups
    assert (theirs.display_name, len(theirs.addresses)) == ("Team", 2)
    assert Message.parse(bytes(message)).headers.recipients(field) == (TEAM,)


def test_a_group_when_added_to_others_keeps_its_place() -> None:
    """Steps add up."""
    message = BASE.to("x@example.com").to(TEAM).to("y@example.com").build()
    assert message.headers["To"] == f"x@example.com, {TEAM}, y@example.com"


def test_a_group_when_it_hides_its_members_leaves_them_to_the_blind_copies() -> None:
    """``undisclosed-recipients:;`` is a legal To; alone it reaches nobody."""
    nobody = BASE.to(Group("undisclosed-recipients"))
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in bytes(nobody.bcc(TEAM).build())
    assert nobody.bcc(TEAM).build().envelope().recipients == TEAM.members
    assert b"eve@example.com" not in bytes(nobody.bcc(TEAM).build())
    with pytest.raises(MessageError, match="at least one recipient"):
        nobody.build().envelope()


@pytest.mark.parametrize("given", [TEAM, "Team: bob@example.com;", "undisclosed-recipients:;"])
@pytest.mark.parametrize("step", ["from_", "sender", "return_path", "request_receipt"])
def test_a_group_when_one_mailbox_is_wanted_is_refused(step: str, given: Group | str) -> None:
    """RFC 5322 3.6.2."""
    with pytest.raises(AddressError, match=r"the group .* cannot stand here"):
        getattr(BASE, step)(given)


@pytest.mark.parametrize("name", ["From", "Sender", "Resent-From", "Resent-Sender"])
def test_a_group_when_set_as_the_author_by_a_header_is_refused(name: str) -> None:
    """The other way in."""
    with pytest.raises(AddressError, match=rf"^{name}: the group 'Team' at position 0 cannot stand here"):
        BASE.header(name, "Team: bob@example.com;")
    assert "Team: bob@example.com;" in str(BASE.header("Resent-To", "Team: bob@example.com;").build())


@pytest.mark.parametrize(
    ("line", "shown", "members"),
    [
        ("To: undisclosed-recipients:", "undisclosed-recipients:;", 0),
        ("To: <@a.example:user@x.example>", "user@x.example", 1),
        ("From: A: b @ c . example;", "A: b@c.example;", 1),
        ("Cc: A:b@c.example;B:d@e.example;", "A: b@c.example;, B: d@e.example;", 2),
        ("To: a@b.example (Ann)", "Ann <a@b.example>", 1),
    ],
)
def test_a_message_when_it_has_obsolete_forms_or_groups_is_read(line: str, shown: str, members: int) -> None:
    """Mail that has arrived is read tolerantly."""
    message = Message.parse(f"{line}\r\n\r\n".encode())
    name = line.partition(":")[0]
    assert (message.headers[name], len(message.headers.addresses(name))) == (shown, members)
    assert not message.defects
