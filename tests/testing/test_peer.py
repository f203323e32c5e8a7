"""The scripted peer: keeps conversations to their script, and says well where they left it."""

import pytest

from mailkit.errors import ConnectError
from mailkit.sansio import Call, Conversation, Read, Sleep, StartTls, Write
from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Secures, Step


def talk(*lines: bytes) -> Conversation[list[bytes]]:
    """Write each line and read the answer."""
    answers = []
    for line in lines:
        yield Write(line)
        answers.append((yield Read(within=1.0)))
    return answers


def secure() -> Conversation[str]:
    yield Write(b"go\n")
    yield StartTls(within=1.0)
    return "secured"


def read_all() -> Conversation[list[bytes]]:
    pieces = []
    while data := (yield Read(within=1.0)):
        pieces.append(data)
    return pieces


def test_run_when_the_conversation_keeps_to_the_script_then_its_result_comes_back() -> None:
    """And the transcript tells the dialogue."""
    peer = ScriptedPeer([Hears(b"a\n"), Says(b"1\n"), Hears(b"b\n"), Says(b"2\n")])
    assert peer.run(talk(b"a\n", b"b\n")) == [b"1\n", b"2\n"]
    assert peer.transcript.splitlines()[0] == r"peer hears b'a\n'"


@pytest.mark.parametrize("written", [[b"ab\ncd\n"], [b"ab\n", b"cd\n"], [b"a", b"b\nc", b"d\n"]])
@pytest.mark.parametrize("heard", [[b"ab\ncd\n"], [b"ab\n", b"cd\n"]])
def test_hears_when_writes_are_cut_otherwise_then_it_is_the_same(written: list[bytes], heard: list[bytes]) -> None:
    """A stream has no seams."""

    def write() -> Conversation[None]:
        for piece in written:
            yield Write(piece)

    ScriptedPeer([Hears(piece) for piece in heard]).run(write())


def test_bytewise_when_asked_for_then_the_peer_speaks_one_byte_at_a_time() -> None:
    """The hardest way in which a network may cut."""
    assert ScriptedPeer([Says(b"abc"), Closes()], bytewise=True).run(read_all()) == [b"a", b"b", b"c"]


def test_fails_when_it_is_next_then_the_error_is_thrown_into_the_conversation() -> None:
    """Where the script says, and the conversation may live on."""

    def stubborn() -> Conversation[str]:
        try:
            yield Write(b"a\n")
        except ConnectError:
            yield Write(b"b\n")
        return "survived"

    assert ScriptedPeer([Fails(ConnectError("cut")), Hears(b"b\n")]).run(stubborn()) == "survived"


def test_calls_and_sleeps_when_asked_for_then_nobody_waits() -> None:
    """Deeds are done, and time does not pass."""

    def busy() -> Conversation[int]:
        yield Sleep(3600.0)
        return (yield Call(lambda: 42))

    peer = ScriptedPeer([])
    assert peer.run(busy()) == 42
    assert peer.slept == 3600.0


def test_closes_when_the_conversation_writes_on_then_the_write_fails() -> None:
    """As it does on a real wire."""
    with pytest.raises(ConnectError):
        ScriptedPeer([Closes()]).run(talk(b"a\n"))


@pytest.mark.parametrize(
    ("script", "conversation", "came"),
    [
        ([Hears(b"b\n")], talk(b"a\n"), r"+ the conversation said b'a\n'"),
        ([Hears(b"abc\n")], talk(b"ab"), "and no more"),
        ([Says(b"1\n")], talk(b"a\n"), r"+ the conversation said b'a\n'"),
        ([], talk(b"a\n"), r"- the script ends here"),
        ([Hears(b"a\n")], talk(b"a\n"), "waits for the peer"),
        ([Hears(b"a\n"), Says(b"1\n"), Says(b"2\n")], talk(b"a\n"), "+ the conversation ended"),
        ([Hears(b"go\n"), Says(b"no\n")], secure(), "+ the conversation asks for TLS"),
        ([Hears(b"go\n"), Secures(), Hears(b"more\n")], secure(), "+ the conversation ended"),
        ([Fails(ConnectError("cut")), Hears(b"more\n")], talk(b"a\n"), "+ the conversation raised ConnectError"),
    ],
)
def test_run_when_the_conversation_leaves_the_script_then_the_error_shows_where(
    script: list[Step], conversation: Conversation[object], came: str
) -> None:
    """What was expected, what came, and the dialogue before."""
    with pytest.raises(AssertionError) as caught:
        ScriptedPeer(script).run(conversation)
    assert came in str(caught.value)
