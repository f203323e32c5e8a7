"""The tolerant reader."""

import pytest

from mailkit import Message, MessageBuilder
from mailkit.errors import ParseError


def parse(text: str, *, encoding: str = "utf-8") -> Message:
    return Message.parse(text.replace("\n", "\r\n").encode(encoding))


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"Hello", b"no header\r\n\r\nbody", b"\xff\xfe", b" folded: x\r\n", b": x"]
)
def test_bytes_when_they_are_no_message_are_a_text_with_a_defect(raw: bytes) -> None:
    """Never an exception, unless it is asked for."""
    message = Message.parse(raw)
    assert "not a message" in message.defects[0]
    assert len(message.headers) == 0
    assert message.text is not None
    if raw:
        assert bytes(message) == raw
    with pytest.raises(ParseError, match="not a message") as caught:
        Message.parse(raw, strict=True)
    assert caught.value.hint


def test_a_message_when_it_has_a_defect_is_refused_only_if_that_is_asked_for() -> None:
    """The first defect is the error."""
    raw = b"Subject: x\r\nno field\r\n\r\nbody\r\n"
    assert Message.parse(raw).defects
    with pytest.raises(ParseError, match="a header line that is no field"):
        Message.parse(raw, strict=True)
    assert Message.parse(b"Subject: x\r\n\r\nbody\r\n", strict=True).subject == "x"


def test_a_message_when_read_keeps_its_bytes() -> None:
    """So that signatures stay valid; only line ends become CRLF."""
    raw = b"X-Odd  : value\nSubject:no space\n  folded\n\nbody\n"
    message = Message.parse(raw)
    assert bytes(message) == raw.replace(b"\n", b"\r\n")
    assert message.subject == "no space  folded"
    assert message.headers["x-odd"] == "value"
    assert message.text == "body\n"
    assert message.defects == ()


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_line_ends_when_read_may_be_any(line_end: str) -> None:
    """From files of every system."""
    message = Message.parse(line_end.join(["Subject: x", "To: a@b.example", "", "one", "two"]).encode())
    assert (message.subject, message.text) == ("x", "one\ntwo")


def test_blind_copies_when_read_move_out_of_the_bytes() -> None:
    """A draft from disk can be sent; its Bcc is only in the envelope."""
    message = parse("Bcc: c@d.example,\n e@f.example\nTo: a@b.example\nbCC: g@h.example\n\nbody")
    assert [address.email for address in message.bcc] == ["c@d.example", "e@f.example", "g@h.example"]
    assert bytes(message) == b"To: a@b.example\r\n\r\nbody"
    assert "bcc" not in message.headers


def test_an_mbox_line_when_it_stands_first_is_skipped() -> None:
    """As mail programs export it."""
    assert parse("From ada@example.com Fri Jan  2 03:04:05 2026\nSubject: x\n\n").subject == "x"


def test_the_parts_when_read_are_found_where_they_are() -> None:
    """The first of each body is the body; the rest are files."""
    message = parse(
        "Subject: x\nContent-Type: multipart/mixed; boundary=M\n\npreamble\n"
        "--M\nContent-Type: multipart/related; boundary=R\n\n"
        "--R\nContent-Type: multipart/alternative; boundary=A\n\n"
        "--A\n\ntext\n"
        "--A\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<p>caf=E9</p>\n"
        "--A--\n"
        "--R\nContent-Type: image/png\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\niVBORw==\n"
        "--R--\n"
        "--M\nContent-Type: text/plain; name=a.txt\n\nfile\n"
        "--M\nContent-Type: message/rfc822\n\nSubject: inner\n\ninner body\n"
        "--M--\nepilogue\n"
    )
    assert (message.text, message.html) == ("text", "<p>café</p>")
    assert [(part.cid, part.data) for part in message.embedded] == [("logo", b"\x89PNG")]
    assert [(part.filename, part.type) for part in message.attachments] == [
        ("a.txt", "text/plain"),
        ("", "message/rfc822"),
    ]
    assert message.attachments[1].data == b"Subject: inner\r\n\r\ninner body"
    assert len(list(message.parts())) == 3
    assert message.defects == ()


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("Subject: x\nno field\n\n", "no field"),
        ("Content-Type: multipart/mixed; boundary=b\n\nnothing", "without any part"),
        ("Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext", "without its end"),
        ("Content-Type: multipart/mixed\n\ntext", "without boundary"),
        ("Content-Type: text/plain; charset=no-such\n\ntext", "not no-such"),
        ("Content-Type: text/plain; charset=utf-16\n\nodd", "not utf-16"),
        ("Content-Type: a/b; name=../../etc/passwd\n\ndata", "unsafe file name"),
        ('Content-Type: a/b; name="a\0b"\n\ndata', "unsafe file name"),
        ("Content-Type: odd\n\ndata", "not a media type"),
        ("Content-Type: a/b\nContent-ID: <a b>\n\ndata", "content id"),
        ("Subject: a\0b\n\n", "control character in Subject"),
        ("Subject: =?utf-8?q?a=0D=0AB?=\n\n", "control character in Subject"),
        ("References: <a\x7f@b>\n\n", "control character in References"),
    ],
)
def test_a_fault_when_met_is_noted_and_the_rest_is_read(text: str, defect: str) -> None:
    """Nothing is lost silently."""
    message = parse(text + "\n")
    assert any(defect in found for found in message.defects), message.defects


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\\\temp\\\\evil.exe", "evil.exe"),
        ("a\tb", "a\tb"),
        ("=?utf-8?b?Wm/Dqy5wZGY=?=", "Zoë.pdf"),
        ("=?utf-8?q?a=0D=0Ab.pdf?=", "a__b.pdf"),
    ],
)
def test_a_file_name_when_read_is_never_a_path(name: str, expected: str) -> None:
    """The last segment, without control characters."""
    message = parse(f'Content-Type: a/b; name="{name}"\n\ndata')
    assert message.attachments[0].filename == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Subject: caf\u00e9", "café"),
        ("Subject: =?utf-8?q?caf=C3=A9?=", "café"),
        ("Subject:\n =?utf-8?q?caf?=\n =?utf-8?q?=C3=A9?=", "café"),
        ("Subject: =?utf-8?q?a=0D=0ABcc=3A_x=40y.example?=", "a\ufffd\ufffdBcc: x@y.example"),
        ("Subject: =?utf-7?q?+2D0-?=", "\ufffd"),
        ("Subject: =?unicode-escape?q?=5Cn?=", "\\n"),
    ],
)
def test_a_subject_when_read_is_safe_to_use_in_another_message(field: str, value: str) -> None:
    """A line break in an encoded word never comes alive; a reply can quote any subject."""
    subject = parse(f"{field}\n\n").subject
    assert subject == value
    reply = MessageBuilder().from_("a@b.example").subject(f"Re: {subject}").build()
    assert Message.parse(bytes(reply)).subject == f"Re: {value}"


def test_a_subject_when_in_latin_1_is_read() -> None:
    """Raw bytes outside UTF-8 are old mail."""
    assert parse("Subject: caf\u00e9\n\n", encoding="latin-1").subject == "café"


@pytest.mark.parametrize(
    "value", ["nobody", "a@b.example c@d.example", '"open', "=?utf-8?q?a=0Ab?= <c@d.example>", "(" * 500]
)
def test_an_address_field_when_unreadable_is_text(value: str) -> None:
    """The field is shown as it is; it holds no addresses."""
    message = parse(f"To: {value}\n\n")
    assert message.to == ()
    assert message.headers["To"]


@pytest.mark.parametrize(
    "date", ["", "yesterday", "99 Foo 2026", "Fri, 32 Jan 2026 25:00:00 +9999", "0", "1 Jan 999999"]
)
def test_a_date_when_unreadable_is_text(date: str) -> None:
    """A broken date is no reason to refuse a message."""
    assert parse(f"Date: {date}\nSubject: x\n\n").headers["Date"] == date


def test_parts_when_nested_without_end_are_cut_off() -> None:
    """Thirty levels are more than anybody nests; the rest is a defect."""
    lines = [f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n" for level in range(100)]
    message = Message.parse("".join(lines).encode())
    assert any("nested more than 30" in defect for defect in message.defects)


def test_parts_when_there_are_thousands_are_cut_off() -> None:
    """So that a small mail cannot become a large number of objects."""
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 5000 + b"--b--"
    message = Message.parse(raw)
    assert len(message.attachments) < 2000
    assert "only the first 2000 parts are read" in message.defects


def test_a_header_when_folded_a_hundred_thousand_times_is_read_in_linear_time() -> None:
    """Every line is copied once; the old way copied 15 GB here."""
    lines = 100_000
    message = Message.parse(b"Subject: x" + b"\r\n a" * lines + b"\r\n\r\n")
    assert message.subject == "x" + " a" * lines


def test_a_charset_when_its_codec_is_quadratic_is_not_used() -> None:
    """punycode would read this for minutes."""
    raw = b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"b" * 500_000
    assert Message.parse(raw).text == "b" * 500_000


def test_an_image_when_disposed_as_attachment_is_a_file() -> None:
    """Content-ID alone does not make it embedded."""
    message = parse("Content-Type: image/png\nContent-Disposition: attachment\nContent-ID: <x>\n\ndata")
    assert not message.embedded
    assert message.attachments[0].type == "image/png"


@pytest.mark.parametrize(
    "kind", ["text/x y", "text/", "text/x; a*b*c=d", 'text/x; "a"=b', "text/x; a.b=c", "text/x; ü=b"]
)
def test_an_alternative_when_it_could_not_be_written_is_kept_as_a_file(kind: str) -> None:
    """Never an exception: what is odd about it is a defect."""
    raw = f'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: {kind}\r\n\r\nx\r\n--b--\r\n'
    message = Message.parse(raw.encode())
    assert len(message.alternatives) + len(message.attachments) == 1
    assert bytes(message)
