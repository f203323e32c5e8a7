"""Parameters of header fields (RFC 2045, RFC 2231)."""

import pytest

from mailkit.mime import parameter
from mailkit.mime.fold import fold

NAMES = [
    "report.pdf",
    "two words.pdf",
    'quoted "name".pdf',
    "back\\slash.pdf",
    "semi;colon=sign.pdf",
    "percent%20.pdf",
    "it's.pdf",
    "Lebenslauf Zoë.pdf",
    "Straße Łódź.pdf",
    "日本語の書類.pdf",
    "🎉.png",
    "=?utf-8?q?x?=.pdf",
    "tab\tbed.txt",
    "a" * 200 + ".pdf",
    "a" * 2000 + ".pdf",
    "ä" * 120 + ".pdf",
    "ä" * 2000 + ".pdf",
    "日本 " * 50 + ".pdf",
    " outer ",
]


def written(value: str) -> str:
    return fold("Content-Disposition", [" attachment", *parameter.tokens({"filename": value})])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_when_written_reads_back_exactly(name: str) -> None:
    """Whatever its characters and its length; no line passes 998."""
    field = written(name)
    assert max(map(len, field.split("\r\n"))) <= 998
    assert field.isascii()
    head, found = parameter.parse(field.replace("\r\n", "").partition(": ")[2])
    assert (head, found) == ("attachment", {"filename": name})


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("report.pdf", "filename=report.pdf"),
        ("two words.pdf", 'filename="two words.pdf"'),
        ('a"b\\c.pdf', 'filename="a\\"b\\\\c.pdf"'),
        ("Zoë.pdf", "filename*=utf-8''Zo%C3%AB.pdf; filename=Zoe.pdf"),
        ("Straße.pdf", "filename*=utf-8''Stra%C3%9Fe.pdf; filename=Strasse.pdf"),
        ("日本.pdf", "filename*=utf-8''%E6%97%A5%E6%9C%AC.pdf; filename=__.pdf"),
    ],
)
def test_a_file_name_when_not_ascii_has_a_plain_fallback(name: str, wire: str) -> None:
    """ASCII names are plain; the others are written exactly first, then for readers that know ASCII only."""
    assert "".join(parameter.tokens({"filename": name})).removeprefix("; ") == wire


def test_a_long_file_name_when_extended_is_cut_between_characters() -> None:
    """Each section of RFC 2231 3 holds whole characters and fits its line."""
    pieces = [token for token in parameter.tokens({"filename": "日本語" * 30}) if "*" in token]
    assert pieces[0].startswith(" filename*0*=utf-8''")
    assert pieces[1].startswith(" filename*1*=")
    for piece in pieces:
        assert len(piece) + 1 <= 76
        assert piece.count("%") % 3 == 0


@pytest.mark.parametrize(
    ("wire", "head", "found"),
    [
        ("text/plain", "text/plain", {}),
        ("text/plain; charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
        ('text/plain;CHARSET="utf-8" ; format=flowed', "text/plain", {"charset": "utf-8", "format": "flowed"}),
        ('a; x="semi;colon"; y=1', "a", {"x": "semi;colon", "y": "1"}),
        # RFC 2231 3 and 4, its own examples
        (
            'message/external-body; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub/moore/bulk-mailer.tar"',
            "message/external-body",
            {"access-type": "URL", "url": "ftp://cs.utk.edu/pub/moore/bulk-mailer.tar"},
        ),
        (
            "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
            "application/x-stuff",
            {"title": "This is ***fun***"},
        ),
        (
            (
                "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; "
                'title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn\'t it!"'
            ),
            "application/x-stuff",
            {"title": "This is even more ***fun*** isn't it!"},
        ),
        # an encoded word in a parameter: not legal, often seen
        ('a; filename="=?utf-8?q?Zo=C3=AB.pdf?="', "a", {"filename": "Zoë.pdf"}),
        # the extended form wins, in either order
        ("a; filename=plain; filename*=utf-8''ex%61ct", "a", {"filename": "exact"}),
        ("a; filename*=utf-8''ex%61ct; filename=plain", "a", {"filename": "exact"}),
        # broken: first section missing, gap in the numbers, no closing quote, nonsense between
        ("a; filename*1=b; filename=plain", "a", {"filename": "plain"}),
        ("a; filename*0=b; filename*2=d", "a", {"filename": "b"}),
        ('a; filename="open', "a", {"filename": "open"}),
        ("a;; =; x ; y=1;", "a", {"y": "1"}),
        ("a; x*=no-such'en'caf%C3%A9", "a", {"x": "café"}),
        ("a; x*=unicode-escape''%5Cn", "a", {"x": "\\n"}),
        ("", "", {}),
    ],
)
def test_parameters_when_read_are_decoded_and_nonsense_is_skipped(wire: str, head: str, found: dict[str, str]) -> None:
    """The examples of RFC 2231, and what real senders do."""
    assert parameter.parse(wire) == (head, found)
