"""The builder: every step, and what build() checks."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailkit import Address, Attachment, MessageBuilder, clock
from mailkit.errors import AddressError, AttachmentError, HeaderError, MessageError
from mailkit.testing import FrozenClock

BASE = MessageBuilder().from_("Ada <ada@example.com>")


def test_a_builder_when_forked_leaves_its_base_alone() -> None:
    """Every step returns a new builder."""
    base = BASE.to("a@x.example").subject("Base")
    one = base.to("b@x.example").subject("One").text("1").attach(b"1", filename="1").header("X-A", "1")
    two = base.cc("c@x.example").embed(b"2", filename="2.png", cid="2").bcc("d@x.example")
    assert [address.email for address in base.build().to] == ["a@x.example"]
    assert base.build().subject == two.build().subject == "Base"
    assert one.build().attachments
    assert not base.build().attachments
    assert not base.build().envelope().recipients[1:]
    assert len(two.build().envelope().recipients) == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("a@x.example",), ["a@x.example"]),
        (("a@x.example, Bob <b@x.example>",), ["a@x.example", "Bob <b@x.example>"]),
        (("a@x.example", "b@x.example"), ["a@x.example", "b@x.example"]),
        ((("Bob", "b@x.example"),), ["Bob <b@x.example>"]),
        ((("Doe, John", "b@x.example"), "a@x.example"), ['"Doe, John" <b@x.example>', "a@x.example"]),
        ((Address("a@x.example", name="A"),), ["A <a@x.example>"]),
        (
            (["a@x.example", ("B", "b@x.example"), Address("c@x.example")],),
            ["a@x.example", "B <b@x.example>", "c@x.example"],
        ),
        (((Address("a@x.example"), Address("b@x.example")),), ["a@x.example", "b@x.example"]),
        ((("a@x.example", "b@x.example", "c@x.example"),), ["a@x.example", "b@x.example", "c@x.example"]),
        ((address for address in ["a@x.example"]), ["a@x.example"]),
        ((("", "a@x.example"),), ["a@x.example"]),
    ],
)
def test_recipients_when_given_in_any_form_are_read(given: tuple[object, ...], expected: list[str]) -> None:
    """Text, pair, Address, or a list of those; one or many."""
    message = BASE.to(*given).build()  # type: ignore[arg-type]
    assert [str(address) for address in message.to] == expected


@pytest.mark.parametrize("step", ["to", "cc", "bcc", "reply_to"])
def test_recipients_when_added_twice_are_both_there(step: str) -> None:
    """Steps for recipients add."""
    builder = BASE.to("z@x.example")
    message = getattr(getattr(builder, step)("a@x.example"), step)("b@x.example").build()
    found = {"to": message.to, "cc": message.cc, "bcc": message.bcc, "reply_to": message.reply_to}[step]
    assert [address.email for address in found][-2:] == ["a@x.example", "b@x.example"]


@pytest.mark.parametrize("step", ["to", "cc", "bcc", "reply_to"])
def test_an_empty_list_when_given_adds_nobody_and_no_field(step: str) -> None:
    """RFC 5322 3.6.3: a To without an address is not legal."""
    message = getattr(BASE, step)([]).build()
    assert list(message.headers) == ["From", "Date", "Message-ID", "MIME-Version"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("a@x.example", "b@x.example"), "would be read as a display name and an address"),
        ("Doe, John <john@x.example>", "has no @"),
        ("", "empty"),
        (" ", "empty"),
        (None, "None is not an address"),
        (5, "5 is not an address"),
        (b"a@x.example", "97 is not an address"),
        (["a@x.example", None], "None is not an address"),
        (("Bob", "bob@"), "'bob@' is not an address"),
        (("Bob", "Bob <bob@x.example>"), "is not an address"),
    ],
)
@pytest.mark.parametrize("step", ["from_", "to", "cc", "bcc", "reply_to", "sender", "return_path"])
def test_an_addressee_when_it_is_none_is_refused_by_step(step: str, given: object, problem: str) -> None:
    """The error begins with the step, and says what is wrong."""
    with pytest.raises(AddressError) as caught:
        getattr(BASE, step)(given)
    assert str(caught.value).startswith(f"{step.rstrip('_').replace('_', '-')}: ".replace("return-path", "return path"))
    assert problem in str(caught.value)


@pytest.mark.parametrize("step", ["sender", "return_path"])
def test_two_addresses_when_one_is_wanted_are_refused(step: str) -> None:
    """Sender and return path are one mailbox."""
    with pytest.raises(MessageError, match="one address is wanted here, not 2"):
        getattr(BASE, step)("a@x.example, b@x.example")


def test_a_message_when_it_has_no_author_is_refused_with_the_remedy() -> None:
    """From is the one field that must be given."""
    with pytest.raises(MessageError, match=r"^from: ") as caught:
        MessageBuilder().to("a@x.example").build()
    assert ".from_(" in caught.value.hint


def test_two_authors_when_there_is_no_sender_are_refused() -> None:
    """RFC 5322 3.6.2."""
    builder = MessageBuilder().from_("a@x.example", "b@x.example")
    with pytest.raises(MessageError, match=r"^sender: "):
        builder.build()
    assert len(builder.sender("a@x.example").build().from_) == 2


def test_date_and_ids_when_not_given_come_from_the_clock() -> None:
    """And are always there."""
    with clock.using(FrozenClock()):
        message = BASE.build()
    assert message.headers["Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert message.message_id.startswith("<")
    assert message.message_id.endswith("@example.com>")
    assert message.headers["MIME-Version"] == "1.0"


def test_two_messages_when_built_from_one_builder_have_two_ids() -> None:
    """An id names one message."""
    assert BASE.build().message_id != BASE.build().message_id


@pytest.mark.parametrize(
    ("sender", "domain"),
    [("zoe@exämple.com", "xn--exmple-cua.com"), ("a@[192.0.2.1]", "[192.0.2.1]"), ("a@localhost", "localhost")],
)
def test_a_message_id_when_made_has_the_authors_domain_in_ascii(sender: str, domain: str) -> None:
    """A domain literal keeps its brackets (RFC 5322 3.6.4)."""
    assert MessageBuilder().from_(sender).build().message_id.endswith(f"@{domain}>")


@pytest.mark.parametrize(("given", "written"), [("<a@b>", "<a@b>"), ("a@b", "<a@b>"), ("<a@[x]>", "<a@[x]>")])
def test_a_message_id_when_given_has_its_brackets(given: str, written: str) -> None:
    """With or without them."""
    assert BASE.message_id(given).build().message_id == written


@pytest.mark.parametrize(
    "identifier", ["", "<>", "a", "@b", "a@", "<a b@c>", "a@b<c", "é@b", "a@b>, <c@d", "x" * 999 + "@b"]
)
def test_a_message_id_when_it_is_none_is_refused(identifier: str) -> None:
    """One id, in ASCII, that fits its line."""
    with pytest.raises(HeaderError, match=r"^Message-ID: "):
        BASE.message_id(identifier)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "Fri, 02 Jan 2026 03:04:05 +0000"),
        (datetime(2026, 12, 31, 23, 59), "Thu, 31 Dec 2026 23:59:00 -0000"),
        (datetime.fromisoformat("2026-07-01T12:00:00+05:30"), "Wed, 01 Jul 2026 12:00:00 +0530"),
        (datetime.fromisoformat("2026-07-01T12:00:00-08:00"), "Wed, 01 Jul 2026 12:00:00 -0800"),
    ],
)
def test_a_date_when_given_is_written_with_its_offset(moment: datetime, written: str) -> None:
    """RFC 5322 3.3: a time of no known zone says -0000."""
    assert f"\r\nDate: {written}\r\n".encode() in bytes(BASE.date(moment).build())


@pytest.mark.parametrize(
    "name",
    [
        "Bcc",
        "BCC",
        "Resent-Bcc",
        "Content-Type",
        "content-transfer-encoding",
        "Content-ID",
        "MIME-Version",
        "Return-Path",
    ],
)
def test_a_header_when_another_step_owns_it_is_refused_with_the_step(name: str) -> None:
    """The hint says what to use instead."""
    with pytest.raises(HeaderError, match=f"^{name}: ") as caught:
        BASE.header(name, "value")
    assert caught.value.hint


def test_a_header_when_unique_replaces_and_when_not_adds() -> None:
    """RFC 5322 3.6."""
    message = BASE.subject("one").header("subject", "two").header("X-A", "1").header("x-a", "2").build()
    assert message.headers.get_all("Subject") == ("two",)
    assert message.headers.get_all("X-A") == ("1", "2")


def test_headers_when_built_stand_in_the_usual_order() -> None:
    """Readers of raw mail expect it."""
    message = BASE.header("X-A", "1").subject("s").cc("c@x.example").to("a@x.example").reply_to("r@x.example").build()
    names = ["From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "X-A", "MIME-Version"]
    assert [field.name for field in message.headers.fields] == names


def test_unsubscribing_when_by_url_and_mail_is_one_click_too() -> None:
    """RFC 2369 and RFC 8058."""
    message = BASE.list_unsubscribe(url="https://x.example/u?t=1", mailto="u@x.example?subject=out").build()
    assert message.headers["List-Unsubscribe"] == "<https://x.example/u?t=1>, <mailto:u@x.example?subject=out>"
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"url": "http://x.example/u"}, "<http://x.example/u>"),
        ({"mailto": "u@x.example"}, "<mailto:u@x.example>"),
        ({"mailto": "mailto:u@exämple.com"}, "<mailto:u@xn--exmple-cua.com>"),
        ({"mailto": "josé@x.example"}, "<mailto:jos%C3%A9@x.example>"),
    ],
)
def test_unsubscribing_when_not_by_https_is_never_one_click(options: dict[str, str], value: str) -> None:
    """RFC 8058 3.1 wants an HTTPS URI; a base that had one leaves nothing behind."""
    message = BASE.list_unsubscribe(url="https://x.example/old").list_unsubscribe(**options).build()
    assert message.headers.get_all("List-Unsubscribe") == (value,)
    assert "List-Unsubscribe-Post" not in message.headers


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "ftp://x.example"},
        {"url": "https://x.example/a b"},
        {"url": "https://x.example/>, <https://evil.example/"},
        {"url": "https://x.example/é"},
        {"url": "javascript:alert(1)"},
        {"url": "https://x.example/" + "x" * 1000},
        {"mailto": "u@x.example?subject=a>,<https://evil.example"},
        {"mailto": "u@x.example?subject=a b"},
        {"mailto": "u@x.example?subject=é"},
    ],
)
def test_unsubscribing_when_the_target_cannot_be_written_is_refused(options: dict[str, str]) -> None:
    """Nothing can break out of the angle brackets."""
    with pytest.raises(HeaderError, match=r"^List-Unsubscribe: "):
        BASE.list_unsubscribe(**options)


def test_files_when_attached_in_any_form_keep_their_order(tmp_path: Path) -> None:
    """Path, bytes or Attachment."""
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    file = Attachment(b"c", filename="c.txt")
    message = (
        BASE.attach(tmp_path / "a.pdf")
        .attach(bytearray(b"b"), filename="b.csv")
        .attach(file)
        .attach(file, filename="d.txt")
        .attach(memoryview(b"e"), filename="e", type="x/y")
        .build()
    )
    assert [(part.filename, part.type, part.data) for part in message.attachments] == [
        ("a.pdf", "application/pdf", b"%PDF"),
        ("b.csv", "text/csv", b"b"),
        ("c.txt", "text/plain", b"c"),
        ("d.txt", "text/plain", b"c"),
        ("e", "x/y", b"e"),
    ]
    assert message.attachments[2] is file


def test_a_string_when_attached_is_a_path_and_never_content() -> None:
    """No guessing: a text that is no path is a missing file."""
    with pytest.raises(AttachmentError, match="there is no file"):
        BASE.attach("Hello, this is text")


def test_a_body_when_it_happens_to_be_a_path_is_text(tmp_path: Path) -> None:
    """And a body is never read from disk."""
    (tmp_path / "secret").write_text("secret")
    assert BASE.text(str(tmp_path / "secret")).build().text == str(tmp_path / "secret")


def test_bytes_when_attached_without_name_are_refused() -> None:
    """Readers show "noname" otherwise."""
    with pytest.raises(AttachmentError, match="bytes need a file name"):
        BASE.attach(b"data")


def test_an_image_when_embedded_twice_is_carried_once() -> None:
    """The same cid for another image is an error."""
    builder = BASE.embed(b"1", filename="a.png", cid="logo")
    assert len(builder.embed(b"1", filename="a.png", cid="logo").build().embedded) == 1
    with pytest.raises(AttachmentError, match=r"^cid: 'logo' is already another image"):
        builder.embed(b"2", filename="a.png", cid="logo")
    with pytest.raises(AttachmentError, match=r"^cid: "):
        builder.embed(b"2", filename="a.png", cid="")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("step", ["text", "html"])
def test_line_ends_when_written_are_crlf(step: str, line_end: str) -> None:
    """Whichever of the three a body has."""
    content = bytes(getattr(BASE, step)(f"one{line_end}{line_end}two{line_end}").build()).partition(b"\r\n\r\n")[2]
    assert content == b"one\r\n\r\ntwo\r\n"


@pytest.mark.parametrize("step", ["text", "html"])
def test_a_nul_when_in_a_body_survives_by_encoding(step: str) -> None:
    """No NUL stands in the bytes, and it comes back."""
    message = getattr(BASE, step)("a\0b\n").build()
    assert b"\0" not in bytes(message)
    assert getattr(type(message).parse(bytes(message)), step) == "a\0b\n"
