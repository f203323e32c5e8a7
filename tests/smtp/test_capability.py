"""Capabilities: what the lines of an EHLO reply say."""

import pytest

from mailkit.mime.bodytype import BodyType
from mailkit.smtp import Capabilities, Reply


def test_capabilities_when_a_usual_reply_is_read_then_host_and_extensions_are_known() -> None:
    """Keywords are found in any case; parameters are kept."""
    found = Capabilities.of(
        Reply(250, ("mx.example.com Hello there", "PIPELINING", "size 1000", "AUTH PLAIN login", "8bitmime"))
    )
    assert found.host == "mx.example.com"
    assert "PIPELINING" in found
    assert "8BITMIME" in found
    assert "CHUNKING" not in found
    assert found.size == 1000
    assert found.auth == ("PLAIN", "LOGIN")


def test_auth_when_the_old_spelling_is_offered_then_it_is_understood_and_joined() -> None:
    """Old servers write AUTH=LOGIN, often beside the proper line."""
    found = Capabilities.of(Reply(250, ("host", "AUTH PLAIN", "AUTH=LOGIN")))
    assert found.auth == ("PLAIN", "LOGIN")


@pytest.mark.parametrize("line", ["SIZE", "SIZE 0", "SIZE many", "SIZE -5", "SIZE ²"])
def test_size_when_it_says_nothing_useful_then_it_is_no_limit(line: str) -> None:
    """RFC 1870 4: 0 or nothing means that the limit is not told."""
    assert Capabilities.of(Reply(250, ("host", line))).size == 0


@pytest.mark.parametrize("lines", [(), ("",), ("", "", " ")])
def test_capabilities_when_the_reply_is_empty_then_nothing_is_offered(lines: tuple[str, ...]) -> None:
    """A taciturn server is not an error."""
    found = Capabilities.of(Reply(250, lines))
    assert (found.host, found.extensions) == ("", {})


@pytest.mark.parametrize(
    ("offered", "body"),
    [
        ((), BodyType.SEVEN_BIT),
        (("8BITMIME",), BodyType.EIGHT_BIT),
        (("8BITMIME", "CHUNKING"), BodyType.EIGHT_BIT),
        (("8BITMIME", "BINARYMIME"), BodyType.EIGHT_BIT),
        (("8BITMIME", "BINARYMIME", "CHUNKING"), BodyType.BINARY),
        (("BINARYMIME", "CHUNKING"), BodyType.BINARY),
    ],
)
def test_body_when_extensions_are_offered_then_it_is_the_most_that_the_server_takes(
    offered: tuple[str, ...], body: BodyType
) -> None:
    """RFC 3030 3: binary cannot go by DATA, so it takes both extensions."""
    assert Capabilities.of(Reply(250, ("host", *offered))).body is body
