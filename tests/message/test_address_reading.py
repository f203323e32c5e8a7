"""The tolerant reading of addresses in mail that has arrived (RFC 5322 4.4), and texts made to exhaust a reader."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailkit import Address
from mailkit.errors import AddressError
from mailkit.message import group

SIZE = 20_000  # a text takes as many times longer as it is larger; a quadratic reader would show with this


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@a.example,@b.example:user@x.example>", ["user@x.example"]),
        ("Ann < , @a.example (c) , , @[192.0.2.1] : user@x.example >", ["Ann <user@x.example>"]),
        ("<@a . example:user@x.example>, b@y.example", ["user@x.example", "b@y.example"]),
        ("a . b . c@x.example", ["a.b.c@x.example"]),
        ("a (one) . (two) b@x.example", ["a.b@x.example"]),
        ('a."b c".d@x.example', ['"a.b c.d"@x.example']),
        ('a . "b" . c@x.example', ["a.b.c@x.example"]),
        ('"a"."b\\"@".c@x.example', ['"a.b\\"@.c"@x.example']),
        ("a @ x . example", ["a@x.example"]),
        ("Ann <a@x (one) . (two (three)) example>", ["Ann <a@x.example>"]),
        ("a@x.example, , b@y.example,,", ["a@x.example", "b@y.example"]),
        (",(nobody), a@x.example", ["a@x.example"]),
        ("a@x.example (Ann)", ["Ann <a@x.example>"]),
        ("a@x.example (Doe, John) , b@y.example", ['"Doe, John" <a@x.example>', "b@y.example"]),
        ("<a@x.example> (Ann)", ["Ann <a@x.example>"]),
        ("Ann <a@x.example> (at work)", ["Ann <a@x.example>"]),
        ("a@x.example (Ann (the) first) (of all)", ['"Ann (the) first of all" <a@x.example>']),
        (r"a@x.example (Ann \) \\ \( B)", ['"Ann ) \\\\ ( B" <a@x.example>']),
        ("a@x.example (=?utf-8?q?Zo=C3=AB?=)", ["Zoë <a@x.example>"]),
        ("a@x.example (=?utf-8?q?a=0D=0ABcc=3A?=)", ["a@x.example"]),
        ("a@x.example ()", ["a@x.example"]),
        ("John Q. Public <j@x.example>", ['"John Q. Public" <j@x.example>']),
        ('J.R.R. (Ronald) "Tolkien" <j@x.example>', ['"J.R.R. Tolkien" <j@x.example>']),
        ("undisclosed-recipients:", []),
        ("Team: a@x.example, b@y.example", ["a@x.example", "b@y.example"]),
        ("Team: , , a@x.example, , ; B: b@y.example;", ["a@x.example", "b@y.example"]),
    ],
)
def test_an_obsolete_form_when_read_tolerantly_is_understood(text: str, shown: list[str]) -> None:
    """Routes are ignored, words joined, comments dropped or taken for the missing name."""
    found = Address.parse_list(text, tolerant=True)
    assert [str(address) for address in found] == shown
    assert Address.parse_list(", ".join(shown)) == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<@a.example:user@x.example>", "a route before the address at position 1"),
        ("a . b@x.example", "not a dot-atom or one quoted string at position 0"),
        ('a."b c"@x.example', "not a dot-atom or one quoted string at position 0"),
        ("a (one)@x.example", "a comment inside the address at position 0"),
        ("a@ (one) x.example", "a comment inside the address at position 2"),
        ("a@x . example", "white space inside the domain at position 3"),
        ("a@x(one).example", "a comment inside the domain at position 3"),
        ("Team: a@x.example", "a group is not ended by ';' at position 0"),
    ],
)
def test_an_obsolete_form_when_read_strictly_is_refused(text: str, problem: str) -> None:
    """What is composed is written as every program reads it."""
    with pytest.raises(AddressError) as caught:
        Address.parse_list(text)
    assert problem in str(caught.value)
    assert Address.parse_list(text, tolerant=True)


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("<@a.example user@x.example>", 11, "white space inside the domain"),
        ("<@a.example,user@x.example>", 1, "a route that is not ended by ':'"),
        ("<@:user@x.example>", 2, "nothing after '@'"),
        ("<@a.example:>", 12, "expected an address"),
        ('"a" . @x.example', 0, "not a dot-atom"),
        ('. "a"@x.example', 0, "not a dot-atom"),
        ('a .. "b"@x.example', 0, "not a dot-atom"),
        ('"a" "b"@x.example', 0, "not a dot-atom"),
        ("a b . c@x.example", 0, "not a dot-atom"),
        ("a@x . example .", 0, "is not an address"),
        ("a@ . x", 0, "is not an address"),
        ("a@x y", 3, "white space inside the domain"),
        ("T: U: a@x.example;;", 3, "a group inside a group"),
    ],
)
def test_a_faulty_form_when_read_tolerantly_is_refused_with_its_place(text: str, position: int, problem: str) -> None:
    """Tolerance is for what has one meaning."""
    with pytest.raises(AddressError) as caught:
        Address.parse_list(text, tolerant=True)
    assert problem in str(caught.value)
    assert caught.value.position == position


ACCEPTED = {
    "commas": ("," * SIZE, 0),
    "spaces": (" " * SIZE, 0),
    "tabs and an address": ("\t" * SIZE + "a@b.example", 1),
    "spaces in a name": ("a" + " " * SIZE + "b <a@b.example>", 1),
    "words": ("a " * SIZE + "<a@b.example>", 1),
    "dots in a name": ("." * SIZE + " <a@b.example>", 1),
    "escapes": ('"' + "\\\\" * SIZE + '" <a@b.example>', 1),
    "encoded words": ("=?utf-8?q?a?= " * 2000 + "<a@b.example>", 1),
    "half encoded words": ("=?" * SIZE + " <a@b.example>", 1),
    "beginnings of encoded words": ("=?utf-8?q?" * 2000 + " <a@b.example>", 1),
    "comments": ("(a)" * SIZE + "a@b.example", 1),
    "a long comment": ("a@b.example (" + "a " * SIZE + ")", 1),
    "a long list": ("a@b.example," * 2000, 2000),
    "a long list of names": ('"Doe, A" <a@b.example>, =?utf-8?q?b?= <c@d.example>,' * 1000, 2000),
    "groups": ("a:;," * 2000, 0),
    "a large group": ("a:" + "a@b.example," * 2000 + ";", 2000),
}
REFUSED = {
    "open comments": ("(" * SIZE, "comments nested more than 20 deep"),
    "open comments with text": ("(a" * SIZE, "comments nested more than 20 deep"),
    "an open comment": ("(" + "a" * SIZE, "a comment that is not closed"),
    "many small comments in one": ("(" + "()" * 20_001 + ")", "more than 20,000 words"),
    "an open quote": ('"' + "a" * SIZE, "a quote that is not closed"),
    "quotes": ('"' * (SIZE + 1), "a quote that is not closed"),
    "more quotes": ('"' * 50_001, "more than 20,000 words"),
    "escaped quotes": ('"' + '\\"' * SIZE, "a quote that is not closed"),
    "escaped quotes and half an encoded word": ("=?" + '\\"' * SIZE, "'=?' has no @"),
    "backslashes": ("\\" * SIZE, "expected an address"),
    "letters and commas": ("a," * SIZE, "address 1: 'a' has no @"),
    "groups in groups": ("a:" * SIZE, "a group inside a group"),
    "groups, endless": ("a:;," * 20_001, "more than 20,000 words"),
    "colons": (":" * SIZE, "a group without a name"),
    "semicolons": (";" * SIZE, "expected an address"),
    "open brackets": ("<" * SIZE, "expected an address"),
    "empty brackets": ("<>" * SIZE, "expected an address"),
    "dots": ("." * SIZE, "has no @"),
    "dots before @": ("a." * SIZE + "a@b.example", "is not an address"),
    "dots after @": ("a@" + "b." * SIZE, "is not an address"),
    "dots and spaces before @": ("a . " * SIZE + "a@b.example", "the part before '@'"),
    "quoted words before @": ('"a" . ' * SIZE + "a@b.example", "more than 20,000 words"),
    "at signs": ("a@" * SIZE, "a second '@'"),
    "literals": ("a@" + "[" * SIZE, "'[' without ']'"),
    "folds": ("a@b.example,\r\n " * SIZE, "a carriage return (CR) at position 12"),
    "routes": ("<" + "@a.example," * SIZE + ":a@b.example>", "a route before the address"),
    "NULs": ("\0" * SIZE, "a NUL at position 0"),
    "a long local part": ("a" * SIZE + "@b.example", "is not an address"),
    "a long quoted local part": ('"' + "a" * SIZE + '"@b.example', "is not an address"),
    "a long domain": ("a@" + "b" * SIZE, "is not an address"),
    "a long domain in other letters": ("a@" + "é" * SIZE, "is not an address"),
    "many unusual addresses": (
        ",".join(f'"a {number}"@b.example' for number in range(700)),
        "too many unusual addresses",
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
@pytest.mark.parametrize("tolerant", [False, True])
def test_a_hostile_text_when_it_is_legal_is_read(name: str, tolerant: bool) -> None:
    """Long is not wrong."""
    text, count = ACCEPTED[name]
    assert len(Address.parse_list(text, tolerant=tolerant)) == count
    assert len(group.members(group.parse_list(text, tolerant=tolerant))) == count


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_text_when_read_strictly_ends_in_an_error_and_not_in_recursion(name: str) -> None:
    """The error is the right one, short, and points into the text."""
    text, problem = REFUSED[name]
    for read in (Address.parse, Address.parse_list, group.parse_list):
        with pytest.raises(AddressError) as caught:
            read(text)
        assert problem in str(caught.value)
        assert len(str(caught.value)) < 400
        assert 0 <= caught.value.position <= len(caught.value.text)


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_text_when_read_tolerantly_ends_in_an_error_and_not_in_recursion(name: str) -> None:
    """Obsolete forms are read with the same limits."""
    with pytest.raises(AddressError) as caught:
        Address.parse_list(REFUSED[name][0], tolerant=True)
    assert len(str(caught.value)) < 400


def test_routes_when_endless_are_refused_even_tolerantly() -> None:
    """The limit on steps holds in every loop."""
    for text in (
        "<" + "@a," * 20_001 + ":a@b.example>",
        "<@" + "a . " * 20_001 + ":a@b.example>",
        "a@" + "b . " * 20_001,
    ):
        with pytest.raises(AddressError, match="more than 20,000 words"):
            Address.parse_list(text, tolerant=True)


PIECES = st.lists(
    st.sampled_from(
        ["a", "b.c", "1", "-", "Ann", "é", ".", " ", "  ", "@", "<", ">", '"', "\\", ",", "=?", "\t", ";", ":"]
    )
    | st.sampled_from(["a@b.example", "<a@b.example>", '"A, B" ', "=?utf-8?q?a?= ", "x-", "--", ".1"]),
    max_size=8,
).map("".join)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(PIECES)
@example("Ann<a@b.example>")
@example('"" <a@b.example>')
@example("a@b.1c")
@example("a@1-1")
@example("=?utf-8?q?a?= <a@b.example>")
def test_an_ordinary_mailbox_when_read_the_long_way_is_the_same(text: str) -> None:
    """A comment in front keeps the short way from being taken."""
    try:
        found = Address.parse_list(text)
    except AddressError:
        with pytest.raises(AddressError):
            Address.parse_list(f"(){text}")
    else:
        assert Address.parse_list(f"(){text}") == found


@pytest.mark.slow
def test_a_list_when_it_has_more_addresses_than_any_header_is_refused() -> None:
    """Each costs little; together they would cost seconds."""
    with pytest.raises(AddressError, match="after address 50001: more than 50,000 addresses in one text"):
        Address.parse_list("a@b," * 60_000)
