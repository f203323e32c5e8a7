"""Addresses that two programs have read as two mailboxes: mailkit agrees with Python's parser, or refuses.

The names of the tests say what was exploited in one mail library or another.
"""

import re
from email import message_from_bytes
from email.policy import SMTPUTF8, default

import pytest

from mailkit import Address, MessageBuilder
from mailkit.errors import AddressError
from mailkit.mime import domain as domains
from mailkit.smtp import command

Pairs = list[tuple[str, str]]


def bare(address: Address) -> tuple[str, str]:
    """The local part as it is meant, without quotes, and the domain for the wire."""
    local = address.local
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local, address.ascii_domain


def read_by_mailkit(text: str, *, tolerant: bool) -> Pairs:
    return [bare(address) for address in Address.parse_list(text, tolerant=tolerant)]


def read_by_python(text: str) -> Pairs:
    header = default.header_factory("To", text)
    return [(one.username, domains.to_ascii(one.domain)) for one in header.addresses]  # type: ignore[attr-defined]


def agreed(text: str, *, meant: Pairs, tolerant: bool = False) -> tuple[Address, ...]:
    """Read by both; then written, and read by both again; and named in a command as in the header."""
    assert read_by_mailkit(text, tolerant=tolerant) == meant
    assert read_by_python(text) == meant
    found = Address.parse_list(text, tolerant=tolerant)
    raw = bytes(MessageBuilder().from_("from@sender.example").to(*found).build())
    written = message_from_bytes(raw, policy=SMTPUTF8)["To"]
    assert [(one.username, domains.to_ascii(one.domain)) for one in written.addresses] == meant
    assert read_by_mailkit(str(written), tolerant=False) == meant
    for address in found:
        assert command.rcpt(address.wire) == b"RCPT TO:<%s>\r\n" % address.wire.encode()
    return found


def refused(text: str) -> None:
    """By either reading."""
    for tolerant in (False, True):
        with pytest.raises(AddressError):
            Address.parse_list(text, tolerant=tolerant)


def only_tolerated(text: str, *, meant: Pairs) -> None:
    """Refused where mail is composed; where mail is read, understood as Python understands it."""
    with pytest.raises(AddressError):
        Address.parse_list(text)
    with pytest.raises(AddressError):
        MessageBuilder().to(text)
    agreed(text, meant=meant, tolerant=True)


def test_a_quoted_local_part_when_it_holds_an_address_goes_to_the_outer_domain() -> None:
    """Only the last @ counts, and the quotes are never dropped (CVE-2025-13033)."""
    found = agreed('"a@evil.example"@good.example', meant=[("a@evil.example", "good.example")])
    assert found[0].wire == '"a@evil.example"@good.example'


def test_a_quoted_local_part_when_it_holds_brackets_goes_to_the_outer_domain() -> None:
    """An address in angle brackets inside quotes is no address."""
    found = agreed('"<a@evil.example>"@good.example', meant=[("<a@evil.example>", "good.example")])
    assert found[0].wire == '"<a@evil.example>"@good.example'


def test_a_quoted_local_part_when_it_holds_a_list_is_one_mailbox() -> None:
    """Commas, colons and semicolons in quotes divide nothing."""
    agreed('"a@evil.example, b: c;"@good.example', meant=[("a@evil.example, b: c;", "good.example")])


@pytest.mark.parametrize("text", ["a@good\u00ad.example", "a\u00adb@good.example", "\u00ada@good.example"])
def test_a_soft_hyphen_when_in_an_address_is_refused(text: str) -> None:
    """IDNA drops it, so an allow-list of domains and the wire would see two domains."""
    refused(text)


@pytest.mark.parametrize("invisible", "\u200b\u200c\u200d\u2060\ufeff\u202e\u180e\u034f")
def test_an_invisible_character_when_in_a_domain_is_refused(invisible: str) -> None:
    """Also those that turn the direction of writing."""
    refused(f"a@go{invisible}od.example")


@pytest.mark.parametrize("text", ["a@good(.evil).example", "a@good (x). example", "a@good.(.evil.)example"])
def test_a_comment_when_inside_a_domain_is_composed_by_nobody_and_read_as_nothing(text: str) -> None:
    """The comment does not move the domain."""
    only_tolerated(text, meant=[("a", "good.example")])


@pytest.mark.parametrize(
    "text", ["a(@evil.example)@good.example", "a@(evil.example,)good.example", "<a(>)@good.example>"]
)
def test_a_comment_when_beside_the_at_sign_is_composed_by_nobody_and_read_as_nothing(text: str) -> None:
    """Neither an @ nor a bracket in a comment counts."""
    only_tolerated(text, meant=[("a", "good.example")])


@pytest.mark.parametrize("character", ["\u760d", "\u760a", "\u010d", "\u010a", "\uff0d", "\u0a0d", "\U0001f40d"])
def test_a_character_whose_low_byte_breaks_lines_when_written_breaks_none(character: str) -> None:
    """Narrowed to a byte it would be CR or LF: it leaves as UTF-8, as an encoded word, or not at all."""
    addresses = [Address("a@good.example", name=f"x{character}Bcc: evil")]
    for text in (f"a{character}b@good.example", f"a@x{character}y.example"):
        try:
            addresses.append(Address(text))
        except AddressError:  # no letter of a domain
            continue
    raw = bytes(MessageBuilder().from_("from@sender.example").to(addresses).build())
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"")
    assert b"\r" not in head
    assert b"\n" not in head
    assert "Bcc" not in message_from_bytes(raw, policy=SMTPUTF8)
    for address in addresses:
        line = command.rcpt(address.wire)
        assert line.endswith(b">\r\n")
        assert not set(b"\r\n") & set(line[:-2])


@pytest.mark.parametrize(
    ("text", "position"), [("A: B: a@b.example;;", 3), ("A: a@b.example, B:;;", 16), ("A: b: c: d: e@f.example;;;;", 3)]
)
def test_a_group_when_inside_a_group_is_refused_with_its_place(text: str, position: int) -> None:
    """RFC 5322 3.4 has no such thing, and programs end the outer group where the inner one ends."""
    for tolerant in (False, True):
        with pytest.raises(AddressError, match="a group inside a group") as caught:
            Address.parse_list(text, tolerant=tolerant)
        assert caught.value.position == position


@pytest.mark.parametrize("text", ["-oQ/tmp@good.example", "-X/var/www/x.php@good.example", "--@good.example"])
def test_a_leading_dash_when_in_a_local_part_stays_inside_the_brackets(text: str) -> None:
    """It is a legal address; in header and command it never begins a word that a program could take for an option."""
    local = text.partition("@")[0]
    found = agreed(text, meant=[(local, "good.example")])
    assert command.mail(found[0].wire).startswith(b"MAIL FROM:<-")


@pytest.mark.parametrize("name", ["a@good.example", "<a@good.example>", "a@good.example,", "good <a@good.example>, x"])
def test_a_display_name_when_it_looks_like_an_address_stays_a_name(name: str) -> None:
    """The mailbox is the one in the brackets, and the quotes stay."""
    found = agreed(f'"{name}" <b@evil.example>', meant=[("b", "evil.example")])
    assert found[0].name == name
    assert str(found[0]) == f'"{name}" <b@evil.example>'


@pytest.mark.parametrize(
    "text",
    ["a@good.example <b@evil.example>", "<a@good.example> <b@evil.example>", "<a@good.example>b@evil.example"],
)
def test_an_address_when_beside_another_without_a_comma_is_refused(text: str) -> None:
    """Some programs take the first, some the last."""
    refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "<@evil.example:a@good.example>",
        "<@evil.example,@b.example:a@good.example>",
        "X <@[192.0.2.1] : a@good.example>",
    ],
)
def test_a_source_route_when_read_is_ignored_and_when_composed_is_refused(text: str) -> None:
    """RFC 5322 4.4: the mailbox is the last one."""
    only_tolerated(text, meant=[("a", "good.example")])


@pytest.mark.parametrize(
    "text", ["a@b@c.example", "<a@b@c.example>", "a@b.example@c.example", "a@@b.example", '"a"@b@c']
)
def test_an_address_when_it_has_two_at_signs_is_refused(text: str) -> None:
    """Some programs split at the first, some at the last."""
    refused(text)


@pytest.mark.parametrize("local", ["a%evil.example", "evil.example!a", "evil.example!a%b.example", "a+b=evil.example"])
def test_a_percent_or_a_bang_when_in_a_local_part_means_nothing(local: str) -> None:
    """Only the domain's own host may read more into it (RFC 5321 2.3.11)."""
    agreed(f"{local}@good.example", meant=[(local, "good.example")])


def test_a_domain_when_in_letters_that_look_like_others_is_a_domain_of_its_own() -> None:
    """Cyrillic а is not Latin a: key and wire form tell them apart."""
    fake, real = Address("a@\u0430pple.example"), Address("a@apple.example")
    agreed(str(fake), meant=[("a", "xn--pple-43d.example")])
    assert fake.key != real.key
    assert fake.ascii == "a@xn--pple-43d.example"
    assert Address(fake.wire) == fake


@pytest.mark.parametrize("dot", "\u3002\uff0e\uff61\ufe52\u2024\u06d4\u0701")
def test_a_domain_when_its_dots_are_not_dots_is_refused(dot: str) -> None:
    """IDNA makes dots of the first three; a program that does not sees another domain."""
    refused(f"a@good{dot}evil.example")


@pytest.mark.parametrize("letter", ["\uff45", "\u212a", "\u2167", "\u2121", "\u017f", "\U0001d41a", "\u2490"])
def test_a_domain_when_its_letters_become_others_is_refused(letter: str) -> None:
    """Full-width, mathematical and compatibility letters: the domain that was checked is the one that is written."""
    refused(f"a@{letter}vil.example")


@pytest.mark.parametrize("at", "\uff20\ufe6b")
def test_an_at_sign_when_it_is_none_of_ascii_is_refused(at: str) -> None:
    """A program that normalises compatibility letters (NFKC) sees an @ there."""
    refused(f"a{at}good.example")
    refused(f"a{at}evil.example@good.example")
    refused(f"a@evil.example{at}good.example")


@pytest.mark.parametrize("mark", "\uff0c\uff1c\uff1e\uff1a\uff1b\uff02\uff08\uff3c\ufe50")
def test_a_local_part_when_its_letters_become_marks_is_refused(mark: str) -> None:
    """Commas, brackets and quotes too."""
    refused(f"a{mark}b@good.example")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("=?utf-8?q?=3Cevil=40x=2Eexample=3E?=", "<evil@x.example>"),
        ("=?utf-8?b?PGV2aWxAeC5leGFtcGxlPg==?=", "<evil@x.example>"),
        ("=?utf-8?q?a=40x=2C_b=40y=2Eexample=2C?=", "a@x, b@y.example,"),
        ("=?utf-8?q?=22_=3Cevil=40x=3E?=", '" <evil@x>'),
        ("=?utf-8?q?Team=3A_a=40b=3B?=", "Team: a@b;"),
    ],
)
def test_an_encoded_word_when_it_says_an_address_is_a_name(word: str, name: str) -> None:
    """Words are decoded after the text was divided, and quoted when they are written."""
    found = agreed(f"{word} <a@good.example>", meant=[("a", "good.example")])
    assert found[0].name == name
    assert Address.parse(str(found[0])) == found[0]


@pytest.mark.parametrize(
    "text",
    [
        "=?utf-8?q?a=40b?=@good.example",
        "=?utf-8?b?YUBldmlsLmV4YW1wbGU=?=@good.example",
        "x <=?utf-8?q?a=40evil.example=3E?=@good.example>",
        '"=?utf-8?q?a?="@good.example',
        "=?x?q?collab=22=40=5Bevil=5D=3E=00?=foobar@good.example",
        "a@=?utf-8?q?good?=.example",
        "=?utf-8?q?a=40evil.example?=",
        "=?utf-8?q?<?=a@good.example>",
        "=?utf-8?q?a@evil.example,?= <b@good.example>",
        "=?utf-8?q? <a@evil.example>,?= <b@good.example>",
        "=?utf-8?q?a:?= b@good.example;",
    ],
)
def test_an_encoded_word_when_in_an_address_is_refused_and_never_decoded(text: str) -> None:
    """RFC 2047 5 forbids it there; programs that decode it send the mail elsewhere."""
    refused(text)


def test_an_equals_sign_and_a_question_mark_when_they_are_no_encoded_word_are_letters() -> None:
    """They are atoms (RFC 5322 3.2.3)."""
    agreed("=?a?=@good.example", meant=[("=?a?=", "good.example")])


@pytest.mark.parametrize(
    "text", ["a\0@good.example", "a@good.example\0@evil.example", "\0a@good.example", '"\0"@good.example']
)
def test_a_nul_when_in_an_address_is_refused(text: str) -> None:
    """A program in C ends there."""
    refused(text)


@pytest.mark.parametrize(
    "text",
    [
        '"a\r\n b"@good.example',
        '"a\r\n b" <a@good.example>',
        '"a\nb"@good.example',
        '"a\\\r\n b"@good.example',
        "a@good\r\n .example",
    ],
)
def test_a_fold_when_inside_quotes_is_refused(text: str) -> None:
    """Unfolding is the reader's; what comes to the parser with line breaks in it was never one line of a header."""
    refused(text)


@pytest.mark.parametrize(
    "text", ["a@good.example.", "a@.good.example", "a@good..example", "<a@good.example.>", "a@good ."]
)
def test_a_domain_when_it_begins_or_ends_in_a_dot_is_refused(text: str) -> None:
    """Some programs drop the dot, some look the name up with it."""
    refused(text)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("a@[192.0.2.1]", "[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        ("a@[IPv6:::ffff:192.0.2.1]", None),
    ],
)
def test_an_address_literal_when_read_keeps_its_brackets(text: str, literal: str | None) -> None:
    """RFC 5321 4.1.3. The long spellings of one number become one."""
    found = Address.parse(text)
    if literal is not None:
        agreed(text, meant=[("a", literal)])
    assert Address(found.wire) == found
    assert command.rcpt(found.wire).startswith(b"RCPT TO:<a@[")


@pytest.mark.parametrize(
    "text",
    [
        "a@[192.0.2.1].evil.example",
        "a@[192.0.2.1]evil.example",
        "a@[192.0.2.1",
        "a@[999.0.2.1]",
        "a@[192.0.2.1]@evil.example",
        "a@[]",
    ],
)
def test_an_address_literal_when_something_is_glued_to_it_is_refused(text: str) -> None:
    """A literal is the whole domain."""
    refused(text)


@pytest.mark.parametrize("domain", ["192.0.2.1", "0x7f.1", "2130706433", "b.1"])
def test_a_domain_when_it_ends_in_a_number_is_refused(domain: str) -> None:
    """Resolvers take it for an IP address."""
    refused(f"a@{domain}")


@pytest.mark.parametrize(
    "text", ["a\\@evil.example@good.example", "a@good.example\\@evil.example", "a\\b@good.example"]
)
def test_a_backslash_when_outside_quotes_is_refused(text: str) -> None:
    """Some programs unescape it there, some do not."""
    refused(text)


def test_a_quoted_local_part_when_its_escapes_mean_nothing_is_the_mailbox_without_them() -> None:
    """RFC 5321 4.1.2: quoted or not, it is one mailbox."""
    for text in ('"ab"@good.example', '"a\\b"@good.example', '"\\a\\b"@good.example'):
        found = agreed(text, meant=[("ab", "good.example")])
        assert found[0].wire == "ab@good.example"
    agreed(r'"a\"b\\"@good.example', meant=[('a"b\\', "good.example")])


@pytest.mark.parametrize("text", ["a@good.example; b@evil.example", "a@good.example;b@evil.example", "a@good.example;"])
def test_a_semicolon_when_outside_a_group_is_refused(text: str) -> None:
    """Some programs divide there, some do not."""
    refused(text)


@pytest.mark.parametrize("text", ["A:a@good.example;B:b@evil.example;", "A:; b@evil.example"])
def test_two_groups_when_no_comma_is_between_them_are_only_read(text: str) -> None:
    """Python's parser loses the second."""
    with pytest.raises(AddressError, match="expected a comma after a group"):
        Address.parse_list(text)
    assert read_by_mailkit(text, tolerant=True)[-1] == ("b", "evil.example")


@pytest.mark.parametrize(
    "text",
    [
        "A <a@good.example>b",
        "<a@good.example",
        "<<a@good.example>",
        "<a@good.example>>",
        "a@good.example>",
        "a@good.example (b",
        '"a@good.example',
    ],
)
def test_an_address_when_something_is_left_open_or_over_is_refused(text: str) -> None:
    """What is not understood is not guessed."""
    refused(text)


@pytest.mark.parametrize(
    "text", ["a b@good.example", '"a" b@good.example', '"a""b"@good.example', 'a"b"@good.example', "a.@good.example"]
)
def test_a_local_part_when_its_words_are_not_joined_by_dots_is_refused(text: str) -> None:
    """Some programs drop the space, some the word before it."""
    refused(text)


def test_a_local_part_when_its_accents_are_apart_is_the_same_mailbox_joined() -> None:
    """RFC 6532 3.1: NFC, on the wire as in the key."""
    assert Address("e\u0301@good.example") == Address("\u00e9@good.example")
    assert Address("e\u0301@good.example").wire == "\u00e9@good.example"
