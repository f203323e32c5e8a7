"""The builder's further steps, read back by the two parsers for Node: what a stranger's program makes of them."""

import io

import pytest

from mailkit import Message, MessageBuilder
from mailkit.mime.bodytype import BodyType
from tests.kit.judges import JUDGES, Judges, ReadFile, ReadMessage

pytestmark = pytest.mark.parametrize("judge", JUDGES)

B = MessageBuilder().from_("Ada <ada@example.com>").to("bob@example.com").subject("Grüße aus Köln").text("Hallo Zoë")
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@x.example\r\n"
    "DTSTAMP:20260102T030405Z\r\nDTSTART:20260102T030405Z\r\nSUMMARY:Größe\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
PNG = b"\x89PNG\r\n\x1a\n"


def files(read: ReadMessage, kind: str) -> list[ReadFile]:
    return [file for file in read.files if file.type == kind]


def content(file: ReadFile) -> bytes:
    """Without regard to line ends: postal-mime gives those of calendars and messages as LF."""
    return file.content.replace(b"\r\n", b"\n").rstrip(b"\n")


def words(text: str | None) -> list[str]:
    return (text or "").split()


def test_an_invitation_when_composed_is_there_to_answer_and_to_open(judges: Judges, judge: str) -> None:
    """As text/calendar beside the text, and as a file."""
    read = judges.read(judge, bytes(B.html("<p>Hallo</p>").calendar(CALENDAR).build()))
    assert (words(read.text), words(read.html)) == (["Hallo", "Zoë"], ["<p>Hallo</p>"])
    (invitation,) = files(read, "text/calendar")
    assert content(invitation) == CALENDAR.replace("\r\n", "\n").rstrip("\n").encode()
    (file,) = files(read, "application/ics")
    assert (file.filename, content(file)) == ("invite.ics", content(invitation))


def test_a_further_form_when_composed_leaves_text_and_html_where_they_are(judges: Judges, judge: str) -> None:
    """AMP is for those who know it."""
    amp = "<!doctype html><html ⚡4email></html>"
    read = judges.read(judge, bytes(B.html("<p>Hallo</p>").alternative(amp, type="text/x-amp-html").build()))
    assert (words(read.text), words(read.html)) == (["Hallo", "Zoë"], ["<p>Hallo</p>"])
    (form,) = files(read, "text/x-amp-html")
    assert content(form) == amp.encode()


@pytest.mark.parametrize("inner", [B.build(), Message.parse("Subject: old\r\n\r\nCafé\r\n".encode())])
def test_a_message_when_attached_is_read_whole(judges: Judges, judge: str, inner: Message) -> None:
    """7 bits or 8, it is the bytes that were attached."""
    read = judges.read(judge, bytes(B.attach(inner, filename="altes Schreiben.eml").build()))
    if judge == "mailparser" and not read.files:
        pytest.skip("it opens an attached message, and joins its text to the outer one")
    (file,) = files(read, "message/rfc822")
    assert file.filename == "altes Schreiben.eml"
    assert content(file) == bytes(inner).replace(b"\r\n", b"\n").rstrip(b"\n")


def test_an_answer_when_composed_quotes_what_it_answers(judges: Judges, judge: str) -> None:
    """Subject, recipient, and the words."""
    received = Message.parse(bytes(B.build()))
    read = judges.read(judge, bytes(received.reply().from_("bob@example.com").build()))
    assert read.subject == "Re: Grüße aus Köln"
    assert [address for _, address in read.to] == ["ada@example.com"]
    assert "> Hallo Zoë" in (read.text or "").replace("\r\n", "\n").split("\n")


def test_a_forward_when_composed_has_a_named_message(judges: Judges, judge: str) -> None:
    """The original travels as a file, byte by byte."""
    received = Message.parse(bytes(B.build()))
    message = received.forward().from_("bob@example.com").to("lin@example.com").text("Siehe unten").build()
    read = judges.read(judge, bytes(message))
    assert read.subject == "Fwd: Grüße aus Köln"
    assert words(read.text)[:2] == ["Siehe", "unten"]


def test_a_flowed_text_when_composed_keeps_every_word(judges: Judges, judge: str) -> None:
    """Whether the reader joins the lines or not."""
    text = "Ein langer Absatz, der nicht von Hand umbrochen ist, sondern vom Leser. " * 6 + "\n\n> zitiert\nEnde"
    read = judges.read(judge, bytes(B.text(text, flowed=True).build()))
    assert words(read.text) == words(text)


def test_translations_when_composed_are_all_there(judges: Judges, judge: str) -> None:
    """A reader that has never heard of them shows the preface, and keeps or shows the versions."""
    message = B.translation("de", subject="Hallo", text="Guten Tag").translation("fr", subject="Salut", text="Bonjour")
    read = judges.read(judge, bytes(message.build()))
    everything = (read.text or "") + "".join(file.content.decode() for file in read.files)
    for said in ("Hallo Zoë", "Guten Tag", "Bonjour"):
        assert said in everything


def test_files_of_one_name_when_composed_are_all_there(judges: Judges, judge: str) -> None:
    """In their order, each with its own content; a stream, and one to be shown in its place, are files like others."""
    message = B.attach(b"1", filename="a.bin").attach(io.BytesIO(b"2"), filename="a.bin")
    message = message.attach(PNG, filename="a.bin", type="image/png", inline=True)
    read = judges.read(judge, bytes(message.build()))
    assert [(file.filename, file.content) for file in read.files] == [("a.bin", b"1"), ("a.bin", b"2"), ("a.bin", PNG)]
    assert [file.disposition for file in read.files] == ["attachment", "attachment", "inline"]


def test_pictures_when_embedded_by_data_uri_are_found_by_their_ids(judges: Judges, judge: str) -> None:
    """Two pictures of one message, each under the id that the HTML names."""
    html = '<img src="data:image/png;base64,iVBORw0KGgo="><img src="data:image/gif;base64,R0lGODlh">'
    read = judges.read(judge, bytes(B.html(html).build()))
    assert [file.content for file in read.files] == [PNG, b"GIF89a"]
    for file in read.files:
        assert judge == "mailparser" or f"cid:{file.cid.strip('<>')}" in (read.html or "")  # it puts the pictures in


@pytest.mark.parametrize(
    "filename",
    [
        "Lebenslauf von Zoë Müller-Lüdenscheidt, die ihren Namen gern ausschreibt, in der Fassung vom Frühjahr.pdf",
        'quoted "name".pdf',
        "semi;colon, comma.pdf",
        "it's 100%.pdf",
        "back\\slash.pdf",
        "日本語の長い名前のファイル.pdf",
        "👨\u200d👩\u200d👧.pdf",
        "a\u202eb.pdf",
        "x" * 190 + ".pdf",
        "=?utf-8?q?a?=.pdf",
    ],
)
def test_a_file_name_when_difficult_is_read_exactly(judges: Judges, judge: str, filename: str) -> None:
    """RFC 2231, as strangers read it."""
    read = judges.read(judge, bytes(B.attach(b"x", filename=filename, type="application/pdf").build()))
    if judge == "postal-mime" and "=?" in filename:
        filename = "a.pdf"  # it looks for encoded words even here, where there are none (RFC 2231 5)
    assert [file.filename for file in read.files] == [filename]


@pytest.mark.parametrize("limit", [BodyType.EIGHT_BIT, BodyType.BINARY])
def test_a_form_for_one_server_when_read_is_the_same_message(judges: Judges, judge: str, limit: BodyType) -> None:
    """Eight bits are read by all; of binary parts these two say what they can."""
    message = B.html("<p>Grüße</p>").attach("Tür;Tor\r\n".encode(), filename="tür.csv").build()
    read = judges.read(judge, bytes(message.wire(limit)))
    assert (words(read.text), words(read.html)) == (["Hallo", "Zoë"], ["<p>Grüße</p>"])
    assert [(file.filename, file.content.rstrip(b"\r\n")) for file in read.files] == [("tür.csv", "Tür;Tor".encode())]
