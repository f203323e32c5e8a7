"""What mailkit composes, read back by two mail parsers for Node: postal-mime and mailparser.

Where a judge changes what it reads, the function that compares says how and why, and compares modulo exactly that.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailkit import Address, Attachment, Message, MessageBuilder
from mailkit.mime import domain, encodedword
from tests.kit.judges import JUDGES, Judges, ReadFile
from tests.property.test_compose import BODIES, BOUNDED, EMAILS, FILE_NAMES, LINES, newlines

pytestmark = pytest.mark.parametrize("judge", JUDGES)

BASE = MessageBuilder().from_("ada@example.com").to("bob@example.com")


def agree(judges: Judges, judge: str, message: Message) -> None:
    """Fail unless ``judge`` reads in the bytes of ``message`` what was composed."""
    read = judges.read(judge, bytes(message))
    assert characters(judge, read.subject) == characters(judge, message.subject)
    for theirs, ours in ((read.from_, message.from_), (read.to, message.to), (read.cc, message.cc)):
        assert [person(judge, *one) for one in theirs] == [person(judge, one.name, one.wire) for one in ours]
    is_whole = message.html is None and not message.attachments and not message.embedded
    body(judge, read.text, message.text, is_whole=is_whole)
    is_whole = message.text is None and not message.attachments and not message.embedded
    body(judge, read.html, message.html, is_whole=is_whole)
    for found, file in zip(read.files, message.parts(), strict=True):
        same_file(judge, found, file)


def characters(judge: str, text: str) -> str:
    # postal-mime's decoder, TextDecoder of the web, takes U+FEFF at the start of any encoded word for a byte order mark.
    return text.replace("\ufeff", "") if judge == "postal-mime" else text


def person(judge: str, name: str, address: str) -> tuple[str, str]:
    name = characters(judge, name)
    local, _, host = address.rpartition("@")
    if judge == "postal-mime" and not name and local[:1] == '"':
        local = local[1:-1]  # it takes off the quotes of an address that stands without a name
    elif judge == "mailparser":
        host = domain.to_ascii(host)  # it shows domains in their own letters
    return name, f"{local}@{host}"


def body(judge: str, read: str | None, text: str | None, *, is_whole: bool) -> None:
    """Compare a body. The last line of a message that ``is_whole`` one body has a line end, whatever the text."""
    if not text:
        assert read in (None, "", "\n")  # no parser tells an empty body from none
        return
    found, wanted = characters(judge, (read or "").replace("\r\n", "\n")), characters(judge, newlines(text))
    # postal-mime counts the line end before a boundary, which is the boundary's (RFC 2046 5.1.1), as the body's.
    if (is_whole or judge == "postal-mime") and found != wanted:
        wanted += "\n"
    assert found == wanted


def same_file(judge: str, found: ReadFile, file: Attachment) -> None:
    filename, data = file.filename, file.data
    if judge == "postal-mime":
        # It looks for encoded words even in a name that RFC 2231 wrote, and makes text lines of calendars and messages.
        filename = encodedword.decode(filename)
        if file.type == "text/calendar":
            data = data.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
        elif file.type.startswith("message/"):
            data = data.replace(b"\r\n", b"\n") + b"\n"
    assert characters(judge, found.filename) == characters(judge, filename)
    assert found.content == data
    # mailparser guesses a better type from the name.
    assert found.type == file.type or (judge == "mailparser" and file.type == "application/octet-stream")
    assert found.cid == file.cid
    assert found.disposition == ("inline" if file.cid else "attachment")


@pytest.mark.slow
@BOUNDED
@given(LINES)
@example("a\tb")
@example(" ")
@example("=?utf-8?q?x?= =?utf-8?q?y?=")
@example("\ufeffa")
def test_a_subject_when_composed_is_read_exactly(judges: Judges, judge: str, subject: str) -> None:
    """With white space of every kind, and what looks encoded."""
    agree(judges, judge, BASE.subject(subject).build())


@pytest.mark.slow
@BOUNDED
@given(
    st.tuples(LINES, EMAILS),
    st.lists(st.tuples(LINES, EMAILS), min_size=1, max_size=6),
    st.lists(st.tuples(LINES, EMAILS), max_size=3),
)
@example(("", '"x@y"@example.com'), [("a ", "x@straße.de"), ("\t", '"a b"@localhost')], [("é ", "josé@exämple.com")])
def test_people_when_composed_are_read_exactly(
    judges: Judges, judge: str, author: tuple[str, str], to: list[tuple[str, str]], cc: list[tuple[str, str]]
) -> None:
    """Names and addresses, in their order, nobody more and nobody less."""
    sender, *rest = [Address(email, name=name) for name, email in (author, *to, *cc)]
    agree(judges, judge, MessageBuilder().from_(sender).to(rest[: len(to)]).cc(rest[len(to) :]).build())


@pytest.mark.slow
@BOUNDED
@given(BODIES, BODIES)
@example("a", "<p>\n")
@example("", "")
@example("\ufeffé", "é\r")
def test_bodies_when_composed_are_read_with_their_line_ends_as_one_kind(
    judges: Judges, judge: str, text: str, html: str
) -> None:
    """Text and HTML beside each other: NUL, long lines and every character included."""
    agree(judges, judge, BASE.text(text).html(html).build())


@pytest.mark.slow
@BOUNDED
@given(BODIES, st.booleans())
@example("é\n", False)
def test_a_single_body_when_composed_is_read_exactly(judges: Judges, judge: str, text: str, is_html: bool) -> None:
    """Up to a last line end, and never as the other kind."""
    agree(judges, judge, (BASE.html(text) if is_html else BASE.text(text)).build())


@pytest.mark.slow
@BOUNDED
@given(FILE_NAMES, st.binary(max_size=300))
@example("it's.pdf", b"")
@example("=?utf-8?q?x?=.pdf", b"\r\n")
@example("a" * 2000, b"")
def test_a_file_when_composed_is_read_exactly(judges: Judges, judge: str, filename: str, data: bytes) -> None:
    """Its name, its type and every byte."""
    agree(judges, judge, BASE.text("t").attach(data, filename=filename, type="application/x-thing").build())


@pytest.mark.slow
@BOUNDED
@given(st.lists(st.tuples(FILE_NAMES, st.binary(max_size=60)), max_size=4), st.booleans(), st.booleans())
def test_a_tree_when_composed_is_read_in_order(
    judges: Judges, judge: str, files: list[tuple[str, bytes]], text: bool, html: bool
) -> None:
    """Bodies, embedded images with their content ids, and files."""
    builder = BASE.text("text") if text else BASE
    builder = builder.html("html") if html else builder
    for number, (filename, data) in enumerate(files):
        builder = builder.attach(data, filename=filename, type="x/y")
        builder = builder.embed(data, filename=filename, type="image/png", cid=f"{number}@x")
    agree(judges, judge, builder.build())


MESSAGE_INSIDE = b"From: eve@example.com\r\nSubject: inside\r\n\r\n--\r\nnot the outer text\r\n"

DIFFICULT = {
    # Names.
    "a comma in a name": BASE.to('"Doe, John" <to@example.com>'),
    "quotes and backslashes in a name": BASE.to(('Anna "Nan" \\ O\'Hara', "a@example.com")),
    "a name like an address": BASE.to(Address("x@example.com", name="ceo@bank.example"), "y@example.com"),
    "a name like an address in brackets": BASE.to(("<ceo@bank.example>", "x@example.com"), "y@example.com"),
    "a name like a group": BASE.to(("Staff: a@b.example;", "x@example.com"), "y@example.com"),
    "a name like a comment": BASE.to(("Bob (office)", "x@example.com"), ("(all)", "y@example.com")),
    "a name like an encoded word": BASE.to(("=?utf-8?q?x?=", "x@example.com"), ("=?utf-8?q?x", "y@example.com")),
    "a name with encoded specials": BASE.to(('Zoë "Z" <z@bank.example>, Dr.', "zoe@example.com"), "y@example.com"),
    "a name of many encoded words": BASE.to(
        ("Lëopold Größenwahn von und zu Überhausen-Süd, Ritter des Ördens vom güldenen Ähren", "x@example.com")
    ),
    "a name of one long word": BASE.to(("日本語" * 60, "x@example.com")),
    "many names with commas": MessageBuilder()
    .from_("a@b.example")
    .to([(f"Zoë Müller-Lüdenscheidt, Abteilung {number}", f"zoe{number}@example.com") for number in range(20)]),
    # Addresses.
    "two domains that IDNA 2003 makes one": BASE.to("a@straße.de", "a@strasse.de"),
    "a domain in other letters": BASE.to(("Zoë Müller", "zoe@exämple.com"), "ネコ@例え.テスト"),
    "a local part outside ASCII": BASE.to("josé@example.com", ("José", "josé@exämple.com")),
    "an address inside a local part": BASE.to(("x", '"eve@bank.example"@example.com'), ("y", '"a, b"@example.com')),
    "a domain literal": BASE.to("x@[192.0.2.1]", ("x", "x@[IPv6:2001:db8::1]")),
    # Subjects.
    "a long subject": BASE.subject(
        "Ihre Bestellung über das Internet vom zwölften März ist für Sie versandt worden, größtenteils vollständig"
    ),
    "single letters between encoded words": BASE.subject("ü x " * 40 + "ü"),
    "an accent in every word": BASE.subject("é " * 60 + "x"),
    "a long subject without spaces": BASE.subject("日本語の件名🎉" * 40),
    "a subject of one plain word": BASE.subject("x" * 2000),
    "white space in a subject": BASE.subject("  a\tb   c  "),
    "a subject like another field": BASE.subject("Bcc: evil@example.com"),
    "joined characters": BASE.subject("👩‍👩‍👧‍👦" * 20 + "e\u0301" * 40),
    # Bodies.
    "no body": BASE,
    "every line end": BASE.text("a\nb\rc\r\nd\n\n").html("<p>\r</p>"),
    "no end of the last line": BASE.text("a").html("<p>"),
    "lines like the SMTP end": BASE.text(".\n..\n.x\nFrom me\n>From you\n"),
    "lines like a boundary": BASE.text("--\n--=_\n--=_0--\n-- \nAda").html("--\n").attach(b"--\r\n", filename="a.bin"),
    "white space before line ends": BASE.text("a \nb\t\né \t\n \n").html(" \n\té "),
    "equals signs": BASE.text("=\n=3D\né=E9=\n=").html('<a href="x?a=b&c==3D">é</a>'),
    "a long line": BASE.text("x" * 5000 + "\n" + "é" * 5000).html("<p>" + "a b " * 3000),
    "a NUL": BASE.text("a\0b").html("\0"),
    "a body like header fields": BASE.text("Subject: no\n\nContent-Type: text/html\n\n<p>").html("Subject: no\n"),
    "text and HTML outside ASCII": BASE.text("é" * 50).html("<p>é</p>").attach(b"\0", filename="é"),
    # Files.
    "a file without a body": BASE.attach(b"x", filename="a"),
    "all bytes": BASE.text("t").attach(bytes(range(256)) * 40, filename="all.bin"),
    "an empty file": BASE.text("t").attach(b"", filename="empty.bin", type="x/y"),
    "a name that is no token": BASE.attach(b"x", filename='a "b"; c=d (e), 100%41.pdf'),
    "a name with an apostrophe": BASE.attach(b"x", filename="it's.pdf").attach(b"y", filename="utf-8''x.pdf"),
    "a name with spaces": BASE.attach(b"x", filename="  a\tb  "),
    "names beyond ASCII": BASE.attach(b"x", filename="Büro.pdf").attach(b"y", filename="日本語🎉.pdf"),
    "a name that decomposes": BASE.attach(b"x", filename="e\u0301ß\u202efdp.exe"),
    "a long name": BASE.attach(b"x", filename="ö" * 250 + ".pdf").attach(b"x", filename="a" * 1000),
    "a message as a file": BASE.text("outer").attach(MESSAGE_INSIDE, filename="é.eml"),
    "text files": BASE.text("t").attach(b"a\nb", filename="a.txt").attach("<p>é".encode(), filename="a.html"),
    "an invitation": BASE.text("t").attach(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", filename="a.ics"),
    "everything": BASE.cc(("Zoë", "zoe@exämple.com"))
    .subject("Grüße")
    .text("é\n")
    .html('<img src="cid:logo@x">é')
    .embed(b"\x89PNG", filename="lögo.png", cid="logo@x")
    .attach(b"a;b", filename="tabelle ü.csv"),
}


@pytest.mark.parametrize("builder", DIFFICULT.values(), ids=DIFFICULT.keys())
def test_a_difficult_message_when_composed_is_read_exactly(judges: Judges, judge: str, builder: MessageBuilder) -> None:
    """Each broke a mail library, or was meant to."""
    agree(judges, judge, builder.build())


def test_a_blind_copy_when_composed_is_seen_by_nobody(judges: Judges, judge: str) -> None:
    """Not as a recipient, and not anywhere else."""
    message = BASE.bcc("hidden@example.com").build()
    read = judges.read(judge, bytes(message))
    assert "hidden" not in repr(read)
    assert [address for _, address in (*read.to, *read.cc)] == ["bob@example.com"]
