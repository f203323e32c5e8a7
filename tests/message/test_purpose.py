"""Message classes, priority, receipts, list headers."""

import pytest

from mailkit import MessageBuilder
from mailkit.errors import HeaderError, MessageError
from mailkit.message import MessageClass, Priority

BASE = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hi")


@pytest.mark.parametrize(
    ("kind", "submitted", "precedence", "suppress"),
    [
        ("transactional", "auto-generated", None, "OOF, AutoReply"),
        ("bulk", "auto-generated", "bulk", "OOF, AutoReply"),
        ("auto_reply", "auto-replied", "auto_reply", "All"),
    ],
)
def test_a_class_when_declared_sets_its_headers(
    kind: str, submitted: str, precedence: str | None, suppress: str
) -> None:
    """One word keeps responders quiet and loops away (RFC 3834)."""
    headers = BASE.message_class(kind).build().headers
    assert headers["Auto-Submitted"] == submitted
    assert headers.get("Precedence") == precedence
    assert headers["X-Auto-Response-Suppress"] == suppress


def test_a_class_when_declared_anew_leaves_nothing_of_the_first() -> None:
    """A fork of a bulk builder is not bulk any more."""
    headers = BASE.message_class(MessageClass.BULK).message_class("transactional").build().headers
    assert "Precedence" not in headers
    assert headers.get_all("Auto-Submitted") == ("auto-generated",)


def test_priority_when_set_twice_is_the_last() -> None:
    """Both headers that programs look at are there, once."""
    headers = BASE.priority("low").priority(Priority.HIGH).build().headers
    assert headers.get_all("Importance") == ("high",)
    assert headers.get_all("X-Priority") == ("1 (Highest)",)


def test_a_receipt_when_requested_goes_to_its_address() -> None:
    """RFC 8098 2.1."""
    message = BASE.request_receipt("Ada <ada@example.com>").build()
    assert b"\r\nDisposition-Notification-To: Ada <ada@example.com>\r\n" in bytes(message)


def test_a_list_when_named_says_where_to_turn() -> None:
    """RFC 2369 and RFC 2919; a bare address becomes a mailto."""
    message = BASE.mailing_list(
        "news.example.com", title='The "News"', archive="https://example.com/a", help="help@exämple.com", post="NO"
    ).build()
    head = bytes(message).split(b"\r\n\r\n")[0]
    assert b'List-Id: "The \\"News\\"" <news.example.com>' in head
    assert b"List-Archive: <https://example.com/a>" in head
    assert b"List-Help: <mailto:help@xn--exmple-cua.com>" in head
    assert b"List-Post: NO" in head


def test_feedback_id_joins_its_names() -> None:
    """Gmail reads up to four names, the sender's last."""
    assert BASE.feedback_id("spring", "vip", "mail", "shop").build().headers["Feedback-ID"] == "spring:vip:mail:shop"


@pytest.mark.parametrize(
    "step",
    [
        lambda: BASE.message_class("spam"),
        lambda: BASE.priority("now"),
        lambda: BASE.request_receipt("a@example.com, b@example.com"),
        lambda: BASE.mailing_list("no id"),
        lambda: BASE.mailing_list("news.example.com", title="Zoë"),
        lambda: BASE.mailing_list("news.example.com", title="a\r\nBcc: x@example.com"),
        lambda: BASE.mailing_list("news.example.com", archive="javascript:alert(1)"),
        lambda: BASE.mailing_list("news.example.com", help="a@example.com?subject=a b"),
        lambda: BASE.feedback_id("a:b"),
        lambda: BASE.feedback_id(),
    ],
)
def test_a_convenience_when_given_nonsense_refuses_it(step) -> None:
    """Nothing is guessed and nothing is dropped."""
    with pytest.raises(MessageError):
        step()


def test_what_is_wrong_with_a_list_header_is_told_by_its_name() -> None:
    """The error names the field."""
    with pytest.raises(HeaderError, match="List-Archive"):
        BASE.mailing_list("news.example.com", archive="ftp://example.com")
