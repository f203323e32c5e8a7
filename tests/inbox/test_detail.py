"""What is told of a message, whatever it is: hostile parts, parameters and lines."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit.inbox import Caught
from mailkit.inbox.detail import detail
from mailkit.inbox.difference import difference
from mailkit.inbox.frame import framed


def caught(raw: bytes) -> Caught:
    return Caught(1, datetime(2026, 1, 1, tzinfo=UTC), "a@example.com", ("b@example.com",), raw)


def nested(depth: int) -> bytes:
    lines = [
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number) for number in range(depth)
    ]
    return b"From: a@example.com\r\n" + b"".join(lines) + b"Content-Type: text/plain\r\n\r\nx\r\n"


def depth(part: dict[str, object]) -> int:
    return 1 + max((depth(one) for one in part["parts"]), default=0)  # type: ignore[attr-defined]


def test_parts_when_they_are_nested_then_the_tree_is_as_deep() -> None:
    """As they were sent."""
    assert depth(detail(caught(nested(5)))["parts"]) == 6  # type: ignore[arg-type]


@pytest.mark.parametrize("raw", [nested(3_000), b"From: a\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5_000])
def test_parts_when_they_are_nested_too_deeply_then_the_rest_is_told_all_the_same(raw: bytes) -> None:
    """A parser that gives up does not make a message unreadable."""
    found = detail(caught(raw))
    assert found["parts"]["type"] == "nested too deeply to be shown"  # type: ignore[index]
    assert json.dumps(found)


PIECES = st.sampled_from(
    [
        *(
            b"From: a@example.com",
            b"Subject: =?utf-8?q?=C3?=",
            b"To: \xff <x@y>, group: a@b;",
            b"X:",
            b": x",
            b"\r\n",
            b"\r\n\r\n",
        ),
        *(b'Content-Type: multipart/mixed; boundary="b"', b"Content-Type: text/html; charset=\xff", b"--b", b"--b--"),
        *(
            b"Content-Type: text/plain; charset*0*=x'%ff; charset*1=y",
            b"Content-Type: \x00/;=;;",
            b"Content-Type: message/rfc822",
        ),
        *(b"Content-Disposition: attachment; filename*0*=x''%ff; filename*=utf-8''%zz", b"Content-Id: <\xe4>"),
        *(
            b"Content-Transfer-Encoding: base64",
            b"Content-Transfer-Encoding: \xe4",
            b"=E4=\r\n=",
            b"\x00\xff\xfe",
            b"<p src=//x>",
        ),
    ]
)


@given(st.lists(st.one_of(PIECES, st.just(b"\r\n"), st.binary(max_size=20)), max_size=30).map(b"".join))
def test_detail_whatever_the_bytes_are_then_it_can_be_told_and_shown(raw: bytes) -> None:
    """In JSON, in a frame, beside another."""
    one = caught(raw)
    assert json.dumps(detail(one)).encode("ascii")
    assert framed(one.html, one.message.parts()).encode("utf-8", "replace")
    assert json.dumps(difference(one, caught(nested(2))))
