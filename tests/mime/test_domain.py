"""Domain names in their two forms."""

import pytest

from mailkit.mime.domain import is_plain, to_ascii, to_unicode


@pytest.mark.parametrize(
    ("domain", "wire"),
    [
        ("Example.COM", "example.com"),
        ("exämple.com", "xn--exmple-cua.com"),
        ("EXÄMPLE.com", "xn--exmple-cua.com"),
        ("straße.de", "xn--strae-oqa.de"),
        ("strasse.de", "strasse.de"),
        ("βόλος.gr", "xn--nxasmm1c.gr"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--exmple-cua.com", "xn--exmple-cua.com"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_a_domain_when_put_on_the_wire_is_ascii_by_idna_2008(domain: str, wire: str) -> None:
    """A-labels in lower case; ß and ς are letters of their own; literals stay."""
    assert to_ascii(domain) == wire


@pytest.mark.parametrize("domain", ["exämple..com", "-ä.com", "ä" * 64 + ".com", "ä_b.com", "☃\u0301.\u0301"])
def test_a_domain_when_it_is_none_is_a_value_error(domain: str) -> None:
    """What IDNA 2008 forbids has no wire form."""
    with pytest.raises(ValueError):
        to_ascii(domain)


@pytest.mark.parametrize(
    ("wire", "domain"),
    [
        ("xn--exmple-cua.com", "exämple.com"),
        ("xn--strae-oqa.de", "straße.de"),
        ("example.com", "example.com"),
        ("xn--\x00.com", "xn--\x00.com"),
        ("xn--a-.com", "xn--a-.com"),
    ],
)
def test_a_wire_domain_when_shown_has_its_own_letters_or_stays(wire: str, domain: str) -> None:
    """People see letters; what cannot be decoded is left alone."""
    assert to_unicode(wire) == domain


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("example.com", True),
        ("localhost", True),
        ("a-b.c3", True),
        ("-a.com", False),
        ("a-.com", False),
        ("a..b", False),
        (".a", False),
        ("a.", False),
        ("a_b.com", False),
        ("exämple.com", False),
        ("[192.0.2.1]", False),
        ("", False),
        ("a" * 63 + ".com", True),
        ("a" * 64 + ".com", False),
        (".".join(["a" * 49] * 5), True),
        (".".join(["a" * 50] * 5), False),
        ("example.com\n", False),
    ],
)
def test_a_plain_domain_when_judged_follows_the_rules_for_host_names(domain: str, expected: bool) -> None:
    """Letters, digits and inner hyphens; labels up to 63, names up to 253."""
    assert is_plain(domain) is expected
