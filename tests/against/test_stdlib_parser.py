"""Python's own email package as the judge of what mailkit writes.

Its modern parser puts spaces between the encoded words of a name (cpython#128110), so names are read with its older
functions, which do not.
"""

import email
import email.policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses

import pytest

from mailkit import Address, Attachment, Message, MessageBuilder

BASE = MessageBuilder().from_("ada@example.com").to("bob@example.com")


def judged(message: Message) -> EmailMessage:
    found = email.message_from_bytes(bytes(message), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert [part.defects for part in found.walk()] == [[] for _ in found.walk()]
    return found


def names_and_addresses(message: Message, field: str) -> list[tuple[str, str]]:
    raw = email.message_from_bytes(bytes(message), policy=email.policy.compat32)[field]
    return [(str(make_header(decode_header(name))), address) for name, address in getaddresses([raw])]


@pytest.mark.parametrize(
    "subject",
    [
        "Hello",
        "",
        "Résumé of the year",
        "My Résumé is here, and it is a rather long one: encoded and plain words, mixed über all the lines",
        "日本語の件名 " * 20,
        "🎉" * 100,
        "word " * 60 + "end",
        "two  spaces   and\ttabs ",
        " leading",
        "=?utf-8?q?not_an_encoded_word?=",
        "x" * 2000,
        "Really? Yes! 100% = 1 (one) \"quoted\" <b> & 'more'; a, b: c\\d",
    ],
)
def test_a_subject_when_judged_comes_back_exactly(subject: str) -> None:
    """Every space and every character."""
    assert judged(BASE.subject(subject).build())["Subject"] == subject


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace",
        "Doe, John",
        'John "Jack" O\'Hara \\ Sons',
        "J. R. R. Tolkien",
        "Zoë Müller",
        "Müller, Zoë (Büro)",
        "日本語の名前" * 10,
        "Ada " * 30 + "Lovelace",
        "Doe, John; " * 30,
        "x" * 300,
        "=?utf-8?q?x?=",
        "victim@bank.example",
        "<victim@bank.example>",
        "🎉",
    ],
)
def test_a_name_when_judged_comes_back_with_its_own_address(name: str) -> None:
    """And the next address in the list is untouched."""
    message = BASE.cc(Address("carol@example.com", name=name), ("Dave", "dave@example.com")).build()
    assert names_and_addresses(message, "Cc") == [(name, "carol@example.com"), ("Dave", "dave@example.com")]
    assert [a.addr_spec for a in judged(message)["Cc"].addresses] == ["carol@example.com", "dave@example.com"]


@pytest.mark.parametrize(
    "filename",
    [
        "report.pdf",
        "two words.pdf",
        'the "best" of; all = worlds.pdf',
        "Lebenslauf Zoë.pdf",
        "日本語の書類.pdf",
        "ä" * 100 + ".pdf",
        "a" * 200 + ".pdf",
        "a" * 1200 + ".pdf",
        "100%20.pdf",
        "it's.pdf",
        "🎉.png",
    ],
)
def test_a_file_when_judged_comes_back_exactly(filename: str) -> None:
    """Name, type and bytes; text with bare line ends too."""
    data = bytes(range(256)) + b"\n\r\n\r"
    message = BASE.text("t").attach(data, filename=filename, type="application/x-thing").build()
    (part,) = email.message_from_bytes(bytes(message), policy=email.policy.default).iter_attachments()
    assert part.get_filename() == filename
    assert part.get_content_type() == "application/x-thing"
    assert part.get_content() == data


@pytest.mark.parametrize(
    "body",
    [
        "Hello\n",
        "Un café, s'il vous plaît \n\n.\n..\nFrom me\n",
        "日本語\n" * 100,
        "x" * 5000 + "\n",
        "é" * 5000 + "\n",
        "--\nsignature \n--=_boundary\n",
        "nul \0 and = and =41\n",
        "\n\n\n",
    ],
)
def test_bodies_when_judged_come_back_exactly(body: str) -> None:
    """Text before HTML, each with every character."""
    found = judged(BASE.text(body).html(f"<pre>{body}</pre>").build())
    assert found.get_content_type() == "multipart/alternative"
    plain, html = (part.get_payload(decode=True).decode() for part in found.iter_parts())
    assert (plain.replace("\r\n", "\n"), html.replace("\r\n", "\n")) == (body, f"<pre>{body}</pre>")


def test_the_tree_when_judged_has_body_image_and_file_where_readers_look() -> None:
    """get_body(), iter_attachments() and the content id agree with mailkit."""
    message = (
        BASE.text("text")
        .html('<img src="cid:logo">')
        .embed(b"\x89PNG", filename="logo.png", cid="logo")
        .attach(b"%PDF", filename="a.pdf")
        .attach(b"Subject: inner\r\n\r\ninner", filename="old.eml")
        .build()
    )
    found = judged(message)
    body = found.get_body(("html",))
    assert body is not None
    assert body.get_content() == '<img src="cid:logo">'
    assert [part.get_filename() for part in found.iter_attachments() if part.is_attachment()] == ["a.pdf", "old.eml"]
    (image,) = (part for part in found.walk() if part["Content-ID"])
    assert (image["Content-ID"], image.get_content_disposition()) == ("<logo>", "inline")
    (inner,) = (part for part in found.walk() if part.get_content_type() == "message/rfc822")
    assert inner.get_content()["Subject"] == "inner"


def test_a_message_by_the_judge_when_read_by_mailkit_has_the_same_contents() -> None:
    """The other way round: what Python writes, mailkit reads."""
    theirs = EmailMessage(email.policy.SMTP)
    theirs["From"] = "Zoë <zoe@example.com>"
    theirs["To"] = '"Doe, John" <john@example.com>, ann@example.com'
    theirs["Subject"] = "Grüße"
    theirs.set_content("tëxt\n")
    theirs.add_alternative("<p>tëxt</p>\n", subtype="html")
    theirs.add_attachment(b"\x00\xff", maintype="application", subtype="pdf", filename="Büro.pdf")
    ours = Message.parse(theirs.as_bytes())
    assert [str(address) for address in (*ours.from_, *ours.to)] == [
        "Zoë <zoe@example.com>",
        '"Doe, John" <john@example.com>',
        "ann@example.com",
    ]
    assert (ours.subject, ours.text, ours.html) == ("Grüße", "tëxt\n", "<p>tëxt</p>\n")
    assert ours.attachments == (Attachment(b"\x00\xff", filename="Büro.pdf", type="application/pdf"),)
    assert ours.defects == ()
