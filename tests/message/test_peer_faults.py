"""One test for each fault that other Python mail libraries had in released versions and that concerns composing."""

import re

import pytest

from mailkit import Address, Message, MessageBuilder
from mailkit.errors import AddressError, AttachmentError, HeaderError, MessageError

BASE = MessageBuilder().from_("ada@example.com").to("bob@example.com")


def head(message: Message) -> str:
    return bytes(message).partition(b"\r\n\r\n")[0].decode()


def test_a_quoted_name_with_a_comma_when_parsed_is_one_recipient() -> None:
    """envelope sent to RCPT "Doe"."""
    message = MessageBuilder().from_("a@b.example").to('"Doe, John" <to@example.com>').build()
    assert [address.wire for address in message.envelope().recipients] == ["to@example.com"]
    assert '\r\nTo: "Doe, John" <to@example.com>\r\n' in head(message)


def test_an_unquoted_name_with_a_comma_when_parsed_is_refused_and_not_guessed() -> None:
    """Nobody called Doe gets mail; the hint shows the quotes."""
    with pytest.raises(AddressError) as caught:
        BASE.to("Doe, John <to@example.com>")
    assert '"Doe, John"' in caught.value.hint


def test_strasse_and_strasze_when_written_are_two_domains() -> None:
    """emails and Django 5.2 use IDNA 2003, which makes them one."""
    assert Address("a@straße.de").wire == "a@xn--strae-oqa.de"
    assert Address("a@strasse.de").wire == "a@strasse.de"
    assert len(BASE.to("a@straße.de", "a@strasse.de").build().envelope().recipients) == 3


def test_a_display_name_outside_ascii_when_alone_needs_no_smtputf8() -> None:
    """envelope asked for SMTPUTF8 and could not send to a server without it."""
    message = BASE.to(("Zoë Müller", "zoe@exämple.com")).build()
    assert not message.needs_smtputf8
    assert not message.envelope().needs_smtputf8
    assert bytes(message).isascii()


def test_a_line_break_in_a_name_when_from_a_list_adds_no_header() -> None:
    """redmail wrote it out."""
    with pytest.raises(AddressError, match=r"^to: display name: a carriage return"):
        BASE.to([("Bob\r\nBcc: evil@example.com", "bob@example.com")])


def test_a_line_break_in_an_attachment_name_when_given_adds_no_header() -> None:
    """redmail wrote it out."""
    with pytest.raises(AttachmentError, match=r"^file name: a carriage return"):
        BASE.attach(b"", filename='a.txt"\r\nX-Evil: yes')


def test_a_line_break_in_a_header_value_when_from_a_table_adds_no_recipient() -> None:
    """In mailmerge a CSV cell could add a real RCPT."""
    with pytest.raises(HeaderError, match=r"^Subject: a line break"):
        BASE.subject("Hello\nBcc: evil@example.com")


def test_a_line_break_in_a_header_name_when_given_is_refused() -> None:
    """None of the nine peers measured refuses it."""
    with pytest.raises(HeaderError, match="a header name is"):
        BASE.header("X-A\r\nBcc: evil@example.com", "x")


def test_a_pair_when_given_writes_the_address_too() -> None:
    """yagmail's to={address: name} wrote a To without any address."""
    assert "To: Bob <b@example.com>\r\n" in head(
        MessageBuilder().from_("a@b.example").to(("Bob", "b@example.com")).build()
    )


def test_an_address_when_its_name_is_encoded_stays_outside_the_encoded_word() -> None:
    """mailmerge encoded name and address as one word."""
    assert "<zoe@example.com>" in head(BASE.to("Zoë <zoe@example.com>").build())


def test_the_text_part_when_there_is_html_has_no_markup_and_stands_first() -> None:
    """yagmail put <br> into the text; fastapi-mail put the HTML first, so readers showed the text."""
    content = bytes(BASE.html("<p>1</p>").text("1\n2").build())
    assert b"\r\n\r\n1\r\n2\r\n" in content
    assert content.index(b"text/plain") < content.index(b"text/html")


def test_a_multipart_when_written_has_no_transfer_encoding() -> None:
    """fastapi-mail and mailmerge wrote base64 on it, which RFC 2045 6.4 forbids."""
    content = bytes(BASE.text("é" * 50).html("<p>é</p>").attach(b"\0", filename="é").build()).decode()
    heads = re.findall(r"Content-Type: multipart/(?:.+\r\n)+", content)
    assert len(heads) == 2
    assert not any("Content-Transfer-Encoding" in found for found in heads)


@pytest.mark.parametrize(
    "subject",
    [
        "Ihre Bestellung über das Internet vom zwölften März ist für Sie versandt worden, größtenteils vollständig",
        "Re: [list] Zoë's question about the encoding of subjects that are long and mixed: größer, kleiner, schöner",
        "é " * 60 + "x",
        "ü x " * 40 + "ü",
    ],
)
def test_a_space_when_a_long_subject_is_folded_is_neither_lost_nor_doubled(subject: str) -> None:
    """cpython#92081 lost it between encoded words, Django added one."""
    assert Message.parse(bytes(BASE.subject(subject).build())).subject == subject


def test_encoded_words_when_written_are_never_glued_together() -> None:
    """cpython#144156: Yahoo answered 554 to =?…?==?…?=."""
    message = BASE.subject("ü x " * 100).to(("ü, " * 60, "x@example.com")).build()
    assert "?==?" not in head(message)
    assert not re.search(r"\?=[^\s>,]", head(message))


def test_an_encoded_word_when_written_has_at_most_75_characters() -> None:
    """yagmail and mailmerge wrote words of over 400, fastapi-mail 120."""
    message = BASE.subject("日本語の件名 and ASCII " * 30).to(("日本語" * 60, "x@example.com")).build()
    words = re.findall(r"=\?\S+\?=", head(message))
    assert len(words) > 10
    assert max(map(len, words)) <= 75


def test_the_comma_of_an_address_list_when_folded_is_never_encoded() -> None:
    """cpython#100884 (CVE-2025-1795): strict servers answered 550."""
    people = [(f"Zoë Müller-Lüdenscheidt, Abteilung {number}", f"zoe{number}@example.com") for number in range(20)]
    message = MessageBuilder().from_("a@b.example").to(people).build()
    field = head(message).partition("To: ")[2].partition("\r\nDate")[0]
    assert field.count(">,\r\n ") == 19
    assert [address.email for address in Message.parse(bytes(message)).to] == [email for _, email in people]


def test_names_when_read_back_have_no_added_spaces() -> None:
    """cpython#128110: the modern parser puts one between encoded words."""
    name = "Lëopold Größenwahn von und zu Überhausen-Süd, Ritter des Ördens vom güldenen Ähren"
    assert Message.parse(bytes(BASE.to((name, "x@example.com")).build())).to[-1].name == name


def test_a_local_part_outside_ascii_when_written_is_never_an_encoded_word() -> None:
    """Django wrote one into To and RCPT (cpython#83938, #122476); four peers crashed."""
    message = BASE.to("josé@example.com", ("José", "josé@exämple.com")).build()
    assert "josé@example.com" in head(message)
    assert "<josé@xn--exmple-cua.com>" in head(message)
    assert message.needs_smtputf8
    assert message.envelope().needs_smtputf8


@pytest.mark.parametrize("filename", ["Bericht.pdf", "Büro.pdf", "日本語.pdf"])
def test_a_file_name_when_written_has_the_plain_form_too(filename: str) -> None:
    """yagmail and fastapi-mail wrote name*= alone: Outlook and others show "noname"."""
    content = bytes(BASE.attach(b"x", filename=filename).build())
    assert re.search(rb"[; ]filename=\S", content)
    assert b"Content-Disposition: attachment" in content


def test_date_and_message_id_when_not_given_are_always_there() -> None:
    """emails, mailmerge and btx sent without; Gmail refuses that."""
    assert re.search(r"\r\nDate: \w{3}, \d{2} \w{3} \d{4} ", head(BASE.build()))
    assert re.search(r"\r\nMessage-ID: <[^<>\s]+@example\.com>", head(BASE.build()))


def test_a_blind_copy_when_written_is_in_the_envelope_only() -> None:
    """A contributed patch put it into the headers of emails."""
    message = BASE.bcc("hidden@example.com").build()
    assert b"hidden" not in bytes(message)
    assert "hidden@example.com" in [address.email for address in message.envelope().recipients]


def test_header_fields_when_set_by_hand_are_never_doubled() -> None:
    """mailmerge doubled Content-Type and MIME-Version, and mails bounced."""
    message = BASE.subject("a").header("SUBJECT", "b").header("date", "Fri, 02 Jan 2026 03:04:05 +0000").build()
    names = [line.split(":")[0].lower() for line in head(message).split("\r\n") if line[:1].strip()]
    assert len(names) == len(set(names))
    with pytest.raises(HeaderError):
        BASE.header("MIME-Version", "1.0")


def test_a_message_when_written_has_no_bare_line_end() -> None:
    """emails and redmail wrote LF, which strict servers refuse."""
    message = (
        BASE.text("a\nb\rc\r\nd")
        .html("<p>\n</p>")
        .attach(b"x\ny", filename="a.txt")
        .attach(b"A: b\n\nc", filename="a.eml")
    )
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", bytes(message.build()))


def test_a_long_file_name_when_written_passes_no_limit() -> None:
    """emails, yagmail, fastapi-mail and mailmerge wrote lines of over 300 characters and more."""
    lines = bytes(BASE.attach(b"x", filename="ö" * 250 + ".pdf").build()).split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert max(len(line) for line in lines if b"*" in line) <= 76


def test_a_message_when_sent_twice_is_the_same_message() -> None:
    """fastapi-mail changed the object with the first send; re-serialising by Python voids signatures (cpython#99533)."""
    message = BASE.subject("x" * 77).text("t").attach(b"x", filename="a" * 40 + ".pdf").build()
    first = bytes(message)
    message.envelope()
    assert bytes(message) == first
    assert bytes(Message.parse(first)) == first


def test_an_error_about_text_outside_ascii_when_shown_does_not_crash() -> None:
    """In anymail the error message itself failed."""
    with pytest.raises(MessageError) as caught:
        BASE.to("Zoë Müller")
    assert "Zoë" in str(caught.value)
