"""``mailkit verify``."""

import json

from tests.kit.command import Command
from tests.kit.relay import relay


def test_verify_tells_every_step_and_sends_nothing(mailkit: Command) -> None:
    """Connected, secured or not, authenticated."""
    with relay(password="right") as server:
        ended = mailkit("verify", "--via", server.url)
    assert ended.code == 0
    assert "connected to 127.0.0.1" in ended.err
    assert "not encrypted" in ended.err
    assert "authenticated as user" in ended.err
    assert "right" not in ended.all
    assert server.received == []


def test_verify_as_json_lists_the_steps(mailkit: Command) -> None:
    """A program reads the same."""
    with relay() as server:
        ended = mailkit("verify", "--via", server.url, "--json")
    told = json.loads(ended.out)
    assert ended.code == 0
    assert told["transport"] == server.url
    assert told["steps"][1] == "not encrypted"


def test_verify_with_a_wrong_password_says_so(mailkit: Command) -> None:
    """Found before the first message."""
    with relay(password="right") as server:
        ended = mailkit("verify", "--via", server.url.replace("right", "wrong"))
    assert ended.code == 1
    assert "error:" in ended.err
    assert "wrong" not in ended.all
    assert ended.err.index("connected to") < ended.err.index("here it stops") < ended.err.index("error:")
