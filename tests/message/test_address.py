"""Addresses and address lists."""

import pickle

import pytest

from mailkit import Address
from mailkit.errors import AddressError


@pytest.mark.parametrize(
    ("text", "name", "email"),
    [
        ("ada@example.com", "", "ada@example.com"),
        ("<ada@example.com>", "", "ada@example.com"),
        ("Ada Lovelace <ada@example.com>", "Ada Lovelace", "ada@example.com"),
        ("  Ada   Lovelace   <ada@example.com>  ", "Ada Lovelace", "ada@example.com"),
        ('"Doe, John" <john@example.com>', "Doe, John", "john@example.com"),
        (r'"John \"Jack\" \\ Doe" <john@example.com>', r'John "Jack" \ Doe', "john@example.com"),
        ("J. R. R. Tolkien <jrrt@example.com>", "J. R. R. Tolkien", "jrrt@example.com"),
        ("Zoë Müller <zoe@example.com>", "Zoë Müller", "zoe@example.com"),
        ("=?utf-8?q?Zo=C3=AB?= <zoe@example.com>", "Zoë", "zoe@example.com"),
        ("=?utf-8?q?Zo?= =?utf-8?q?=C3=AB?= <zoe@example.com>", "Zoë", "zoe@example.com"),
        ('"=?utf-8?q?Zo=C3=AB?=" <zoe@example.com>', "Zoë", "zoe@example.com"),
        ("ada@example.com (Ada)", "Ada", "ada@example.com"),
        ("Ada (the (first) one) Lovelace <ada@example.com>", "Ada Lovelace", "ada@example.com"),
        (r"(a \) b) <ada@example.com>", "", "ada@example.com"),
        ('" Ada " <ada@example.com>', " Ada ", "ada@example.com"),
        ('"" <ada@example.com>', "", "ada@example.com"),
        ('"ada lovelace"@example.com', "", '"ada lovelace"@example.com'),
        ("ada@[192.0.2.1]", "", "ada@[192.0.2.1]"),
        ("ada@[IPv6:2001:db8::1]", "", "ada@[IPv6:2001:db8::1]"),
        ("ada+tag@example.com", "", "ada+tag@example.com"),
        ("o'hara@example.com", "", "o'hara@example.com"),
        ("ada@localhost", "", "ada@localhost"),
        ("josé@example.com", "", "josé@example.com"),
        ("josé@localhost", "", "josé@localhost"),
        ('"a b"@printer.local', "", '"a b"@printer.local'),
        ("zoe@exämple.test", "", "zoe@exämple.test"),
        ("zoe@exämple.com", "", "zoe@exämple.com"),
        ("zoe@xn--exmple-cua.com", "", "zoe@exämple.com"),
        ("ada@example.com,", "", "ada@example.com"),
        ("Team: ada@example.com;", "", "ada@example.com"),
        ("用户@例え.テスト", "", "用户@例え.テスト"),
    ],
)
def test_a_mailbox_when_parsed_gives_name_and_address(text: str, name: str, email: str) -> None:
    """The forms of RFC 5322 3.4, RFC 6532, and what people type."""
    address = Address.parse(text)
    assert (address.name, address.email) == (name, email)


@pytest.mark.parametrize(
    ("text", "emails"),
    [
        ("", []),
        (" , ,", []),
        ("a@b.example, c@d.example", ["a@b.example", "c@d.example"]),
        ('"Doe, John" <a@b.example>,Jane <c@d.example>', ["a@b.example", "c@d.example"]),
        ("Team: a@b.example, c@d.example; , e@f.example", ["a@b.example", "c@d.example", "e@f.example"]),
        ("undisclosed-recipients:;", []),
        ("A:;, B:a@b.example;", ["a@b.example"]),
        ("(x, y) a@b.example (z), c@d.example", ["a@b.example", "c@d.example"]),
    ],
)
def test_a_list_when_parsed_gives_every_mailbox_in_order(text: str, emails: list[str]) -> None:
    """Commas in quotes and comments divide nothing; the members of a group count; empty places do not."""
    assert [address.email for address in Address.parse_list(text)] == emails


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("ada", 0, "has no @"),
        ("Ada Lovelace", 0, "has no @"),
        ("Doe, John <john@example.com>", 0, "has no @"),
        ("a@b.example c@d.example", 11, "white space inside the domain"),
        ("a@b.example, c@d..example", 13, "address 2: 'c@d..example' is not an address"),
        ("a@b.example, Ann <c@-d.example>", 18, "address 2: 'c@-d.example' is not an address"),
        ("Team: a@b.example, c@d.example.;", 19, "address 2: 'c@d.example.' is not an address"),
        ("Ann <a@b..example>", 5, "at position 5 of"),
        ("a@b.example, c@d.example, eve", 26, "address 3: 'eve' has no @ at position 26"),
        ("a@b.example, c@d.example e@f.example", 24, "address 2: white space inside the domain"),
        ("a@b.example, <c@d.example> e@f.example", 27, "after address 2: expected a comma"),
        ("a@b.example, =?utf-8?q?x=0Ay?= <c@d.example>", 32, "address 2: display name: a line break"),
        ("Team: a@b.example; c@d.example", 19, "after address 1: expected a comma after a group"),
        (": a@b.example;", 0, "a group without a name"),
        ("a b@c.example", 0, "not a dot-atom"),
        ("<a@b.example> <c@d.example>", 14, "expected a comma"),
        ("Ada <ada@example.com", 20, "without '>'"),
        ('"Ada <ada@example.com>', 0, "quote that is not closed"),
        ("(Ada ada@example.com", 0, "comment that is not closed"),
        ("ada@", 4, "nothing after '@'"),
        ("a@b@c.example", 3, "second '@'"),
        ("ada@[192.0.2.1", 4, "without ']'"),
        ("Team: a@b.example", 0, "not ended by ';'"),
        ("A: B: a@b.example;;", 3, "group inside a group"),
        ('"a" b@c.example', 0, "not a dot-atom"),
        ("<>", 1, "expected an address"),
        ("@example.com", 0, "not a dot-atom"),
        ("(" * 21 + ")" * 21 + "a@b.example", 20, "nested more than 20"),
    ],
)
def test_a_list_when_it_cannot_be_read_says_where(text: str, position: int, problem: str) -> None:
    """The error has the text, the position of the fault, and the problem in words."""
    with pytest.raises(AddressError) as caught:
        Address.parse_list(text)
    assert problem in str(caught.value)
    assert f"position {position} " in str(caught.value)
    assert (caught.value.text, caught.value.position) == (text, position)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "@",
        "a@",
        "@b.example",
        "a b@c.example",
        "a@b c.example",
        ".a@b.example",
        "a.@b.example",
        "a..b@c.example",
        "a@.example",
        "a@b..example",
        "a@-b.example",
        "a@b_c.example",
        "a@b.example.",
        "a@192.0.2.1",
        "a@[999.0.2.1]",
        "a@[IPv6:xyz]",
        "a,b@c.example",
        "a<b@c.example",
        "a@b.example>",
        "a@" + "b" * 64 + ".example",
        "a@" + "b." * 126 + "example",
        "a@exämple..de",
        "a@xn--a-.example",
    ],
)
def test_an_address_when_it_is_none_is_refused(email: str) -> None:
    """The syntax is decided once, when the value is made."""
    with pytest.raises(AddressError):
        Address(email)


@pytest.mark.parametrize("text", ["", " ", ",", "undisclosed-recipients:;", "a@b.example, c@d.example"])
def test_one_address_when_none_or_two_are_given_is_an_error(text: str) -> None:
    """parse() wants exactly one."""
    with pytest.raises(AddressError):
        Address.parse(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada Lovelace", "Ada Lovelace <a@b.example>"),
        ("Doe, John", '"Doe, John" <a@b.example>'),
        ("J. Doe", '"J. Doe" <a@b.example>'),
        ('John "Jack" \\ Doe', '"John \\"Jack\\" \\\\ Doe" <a@b.example>'),
        ("Zoë Müller", "Zoë Müller <a@b.example>"),
        ("Müller, Zoë", '"Müller, Zoë" <a@b.example>'),
        (" Ada ", '" Ada " <a@b.example>'),
        ("a  b", '"a  b" <a@b.example>'),
        ("evil@bank.example", '"evil@bank.example" <a@b.example>'),
        ("<evil@bank.example>", '"<evil@bank.example>" <a@b.example>'),
        ("", "a@b.example"),
    ],
)
def test_an_address_when_shown_parses_to_itself(name: str, shown: str) -> None:
    """str() quotes what has to be quoted, so it is a faithful form."""
    address = Address("a@b.example", name=name)
    assert str(address) == shown
    assert Address.parse(shown) == address


@pytest.mark.parametrize(
    ("email", "local", "domain", "ascii_domain", "wire", "smtputf8"),
    [
        ("Ada@Example.COM", "Ada", "Example.COM", "example.com", "Ada@Example.COM", False),
        ("zoe@exämple.com", "zoe", "exämple.com", "xn--exmple-cua.com", "zoe@xn--exmple-cua.com", False),
        ("zoe@xn--exmple-cua.com", "zoe", "exämple.com", "xn--exmple-cua.com", "zoe@xn--exmple-cua.com", False),
        ("josé@example.com", "josé", "example.com", "example.com", "josé@example.com", True),
        ('"a@b"@example.com', '"a@b"', "example.com", "example.com", '"a@b"@example.com', False),
    ],
)
def test_an_address_when_asked_has_a_form_for_people_and_one_for_the_wire(
    email: str, local: str, domain: str, ascii_domain: str, wire: str, smtputf8: bool
) -> None:
    """A domain always has an ASCII form; a local part outside ASCII needs SMTPUTF8."""
    address = Address(email)
    assert (address.local, address.domain) == (local, domain)
    assert (address.ascii_domain, address.wire, address.needs_smtputf8) == (ascii_domain, wire, smtputf8)


@pytest.mark.parametrize(
    ("email", "ascii", "unicode"),
    [
        ("Ada@Example.COM", "Ada@Example.COM", "Ada@Example.COM"),
        ("zoe@exämple.com", "zoe@xn--exmple-cua.com", "zoe@exämple.com"),
        ("zoe@xn--exmple-cua.com", "zoe@xn--exmple-cua.com", "zoe@exämple.com"),
        ("zoe@EXÄMPLE.com", "zoe@xn--exmple-cua.com", "zoe@exämple.com"),
        ("a@faß.de", "a@xn--fa-hia.de", "a@faß.de"),
        ("a@b.例え.テスト", "a@b.xn--r8jz45g.xn--zckzah", "a@b.例え.テスト"),
        ('"a b"@exämple.com', '"a b"@xn--exmple-cua.com', '"a b"@exämple.com'),
        ("a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"),
    ],
)
def test_an_address_when_asked_is_whole_in_ascii_and_in_its_own_letters(email: str, ascii: str, unicode: str) -> None:
    """IDNA 2008 (RFC 5891): A-labels and U-labels are two forms of one mailbox, and neither needs SMTPUTF8."""
    address = Address(email)
    assert (address.ascii, address.unicode, address.needs_smtputf8) == (ascii, unicode, False)
    assert Address(address.ascii).key == Address(address.unicode).key == address.key
    assert Address(address.unicode) == Address(email)


def test_an_address_when_its_local_part_is_not_ascii_has_no_ascii_form() -> None:
    """RFC 6530 7.1: there is no downgrading. Only such an address needs SMTPUTF8."""
    address = Address("josé@exämple.com")
    assert address.needs_smtputf8
    assert (address.wire, address.unicode) == ("josé@xn--exmple-cua.com", "josé@exämple.com")
    with pytest.raises(AddressError, match="no form in ASCII") as caught:
        _ = address.ascii
    assert "SMTPUTF8" in caught.value.hint


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ann@example.com", "ann@EXAMPLE.com", True),
        ("zoe@exämple.com", "zoe@xn--exmple-cua.com", True),
        ("a@straße.de", "a@strasse.de", False),
        ("a+b@example.com", "a@example.com", False),
    ],
)
def test_keys_when_compared_tell_mailboxes_apart(one: str, other: str, same: bool) -> None:
    """One key for every spelling of one mailbox, and only for those."""
    assert (Address(one).key == Address(other).key) is same


def test_an_address_when_pickled_copied_or_hashed_stays_the_same_value() -> None:
    """It is an immutable value."""
    address = Address("zoe@exämple.com", name="Zoë")
    assert pickle.loads(pickle.dumps(address)) == address
    assert len({address, Address("zoe@exämple.com", name="Zoë")}) == 1
    with pytest.raises(AttributeError):
        address.email = "x@y.example"  # type: ignore[misc]


def test_an_error_when_the_list_is_long_shows_what_stands_around_the_fault() -> None:
    """The number of the address, the position, and an excerpt."""
    text = "".join(f"person{number}@example.com, " for number in range(1000)) + "somebody at example.com, a@b.example"
    with pytest.raises(AddressError) as caught:
        Address.parse_list(text)
    assert str(caught.value).startswith("address 1001: 'somebody at example.com' has no @ at position 22890 of '...")
    assert "person999@example.com, somebody at" in str(caught.value)
    assert len(str(caught.value)) < 200


def test_addresses_when_parsed_again_are_the_same_value() -> None:
    """What was read is kept for a while; a class of one's own is still what it is."""

    class Mine(Address):
        pass

    assert Address.parse("Ada <ada@example.com>") is Address.parse("Ada <ada@example.com>")
    assert type(Mine.parse("Ada <ada@example.com>")) is Mine
    assert type(Mine.parse_list("Ada <ada@example.com>, <josé@example.com>")[1]) is Mine
