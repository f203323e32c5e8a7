"""BDAT from the client's side (RFC 3030), and content that is fetched while it is sent."""

import pytest

from mailkit.errors import (
    AttachmentError,
    CapabilityMissing,
    ConnectError,
    LocalProtocolError,
    MailkitError,
    TransportTimeout,
)
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Conversation
from mailkit.smtp import Answer, Client, Content, Profile, StartTlsPolicy
from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Step
from tests.kit.stored import Fetched, content

LOST = ConnectError("the wire is cut")
SLOW = TransportTimeout("nothing came")
CHANGED = AttachmentError("'a.pdf' has changed since it was attached")

GREETED: list[Step] = [Says(b"220 hi\r\n"), Hears(b"EHLO me\r\n"), Says(b"250-ok\r\n")]
OFFERS = b"250-CHUNKING\r\n250 BINARYMIME\r\n"
READY: list[Step] = [*GREETED, Says(OFFERS)]
PIPELINED: list[Step] = [*GREETED, Says(b"250-PIPELINING\r\n" + OFFERS)]
OPENED: list[Step] = [
    Hears(b"MAIL FROM:<a@x.org> BODY=BINARYMIME\r\n"),
    Says(b"250 ok\r\n"),
    Hears(b"RCPT TO:<b@y.org>\r\n"),
    Says(b"250 ok\r\n"),
]
FLOWN: list[Step] = [
    Hears(b"MAIL FROM:<a@x.org> BODY=BINARYMIME\r\nRCPT TO:<b@y.org>\r\n"),
    Says(b"250 ok\r\n250 ok\r\n"),
]
OK = Says(b"250 ok\r\n")
RSET: list[Step] = [Hears(b"RSET\r\n"), OK]

# Two of these make more than a chunk, so each is one.
ONE, TWO, THREE = (letter * 200_000 for letter in (b"1", b"2", b"3"))
BYTES = b"\0\r\n.\r\nany\xffbytes"


def binary(*pieces: bytes | Fetched) -> Content:
    return content(*pieces, body=BodyType.BINARY)


def chunk(data: bytes, last: str = "") -> Hears:
    return Hears(f"BDAT {len(data)}{last}\r\n".encode() + data)


def sent(client: Client, message: Content, *to: str) -> Conversation[tuple[Answer, ...]]:
    yield from client.open()
    return (yield from client.deliver("a@x.org", to or ("b@y.org",), message))


def plain() -> Client:
    return Client(Profile("me", starttls=StartTlsPolicy.OFF))


def said(answer: Answer) -> tuple[str, int, bool]:
    return answer.command, answer.reply.code if answer.reply else 0, answer.in_doubt


# -- what works --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize("data", [BYTES, b"no line end", b".", b""])
def test_bdat_when_the_message_is_small_then_it_is_one_chunk_with_its_bytes_untouched(
    data: bytes, bytewise: bool
) -> None:
    """No dot is doubled, no line end made: that is what BINARYMIME is for."""
    client = plain()
    script = [*READY, *OPENED, chunk(data, " LAST"), Says(b"250 2.0.0 queued as 42\r\n")]
    (answer,) = ScriptedPeer(script, bytewise=bytewise).run(sent(client, binary(data)))
    assert said(answer) == ("end of data", 250, False)
    assert client.is_usable
    assert client.delivered == 1


@pytest.mark.parametrize("bytewise", [False, True])
def test_bdat_when_the_server_takes_one_thing_at_a_time_then_each_chunk_waits_for_its_reply(bytewise: bool) -> None:
    """Without PIPELINING nothing is said before the last thing was answered."""
    script = [*READY, *OPENED, chunk(ONE), OK, chunk(TWO), OK, chunk(THREE, " LAST"), OK]
    (answer,) = ScriptedPeer(script, bytewise=bytewise).run(sent(plain(), binary(Fetched((ONE, TWO, THREE)))))
    assert said(answer) == ("end of data", 250, False)


@pytest.mark.parametrize("bytewise", [False, True])
def test_bdat_when_the_server_takes_pipelining_then_only_the_last_chunk_waits(bytewise: bool) -> None:
    """The last one leaves when all others are known to have been taken."""
    replies = Says(b"250 one\r\n250 two\r\n")
    script = [*PIPELINED, *FLOWN, chunk(ONE), chunk(TWO), replies, chunk(THREE, " LAST"), OK]
    (answer,) = ScriptedPeer(script, bytewise=bytewise).run(sent(plain(), binary(Fetched((ONE, TWO, THREE)))))
    assert said(answer) == ("end of data", 250, False)


def test_bdat_when_there_are_many_chunks_then_replies_are_read_in_between() -> None:
    """Endless replies that nobody reads could block both sides for ever."""
    blocks = (ONE,) * 12
    script = [*PIPELINED, *FLOWN, *[chunk(ONE)] * 9, OK, chunk(ONE), OK, chunk(ONE), *[OK] * 9, chunk(ONE, " LAST"), OK]
    (answer,) = ScriptedPeer(script).run(sent(plain(), binary(Fetched(blocks))))
    assert said(answer) == ("end of data", 250, False)


def test_bdat_when_pieces_are_small_then_they_share_a_chunk() -> None:
    """A header is not worth a chunk of its own."""
    script = [*READY, *OPENED, chunk(b"head" + ONE), OK, chunk(TWO + b"tail", " LAST"), OK]
    (answer,) = ScriptedPeer(script).run(sent(plain(), binary(b"head", Fetched((ONE, TWO)), b"tail")))
    assert said(answer) == ("end of data", 250, False)


@pytest.mark.parametrize("start", [[*READY, *OPENED], [*PIPELINED, *FLOWN]], ids=["one by one", "pipelined"])
def test_bdat_when_a_message_is_over_then_the_next_one_begins_cleanly(start: list[Step]) -> None:
    """A session serves many."""
    client = plain()
    again = start[4:]

    def two() -> Conversation[None]:
        yield from sent(client, binary(BYTES))
        yield from client.deliver("a@x.org", ["b@y.org"], binary(BYTES))

    ScriptedPeer([*start, chunk(BYTES, " LAST"), OK, *again, chunk(BYTES, " LAST"), OK]).run(two())
    assert client.delivered == 2


@pytest.mark.parametrize(
    ("offers", "missing"),
    [(b"CHUNKING", "BINARYMIME"), (b"BINARYMIME", "CHUNKING"), (b"8BITMIME", "BINARYMIME")],
)
def test_bdat_when_the_server_does_not_offer_it_then_nothing_is_sent(offers: bytes, missing: str) -> None:
    """RFC 3030 3: binary needs both."""
    script = [*GREETED, Says(b"250 " + offers + b"\r\n")]
    with pytest.raises(CapabilityMissing, match="binary parts") as caught:
        ScriptedPeer(script).run(sent(plain(), binary(BYTES)))
    assert caught.value.capability == missing


@pytest.mark.parametrize("body", [BodyType.SEVEN_BIT, BodyType.EIGHT_BIT])
def test_data_when_the_content_has_lines_then_it_is_used_though_chunks_are_offered(body: BodyType) -> None:
    """BDAT is for what DATA cannot carry."""
    parameter = b" BODY=8BITMIME" if body is BodyType.EIGHT_BIT else b""
    script = [
        *GREETED,
        Says(b"250-8BITMIME\r\n" + OFFERS),
        Hears(b"MAIL FROM:<a@x.org>" + parameter + b"\r\n"),
        *OPENED[1:],
        Hears(b"DATA\r\n"),
        Says(b"354 go\r\n"),
        Hears(b"hello\r\n.\r\n"),
        OK,
    ]
    ScriptedPeer(script).run(sent(plain(), Content.of(b"hello\r\n", body=body)))


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize("reply", [b"452 4.3.1 full", b"552 5.3.4 too large", b"503 5.5.1 no"])
def test_bdat_when_a_chunk_is_refused_then_the_transaction_ends_there(reply: bytes, bytewise: bool) -> None:
    """RFC 3030 2: after a refusal the state is undefined until RSET."""
    client = plain()
    stored = Fetched((ONE, TWO, THREE))
    script = [*READY, *OPENED, chunk(ONE), Says(reply + b"\r\n"), *RSET]
    (answer,) = ScriptedPeer(script, bytewise=bytewise).run(sent(client, binary(stored)))
    assert said(answer) == ("BDAT", int(reply[:3]), False)
    assert client.is_usable
    assert (stored.opened, stored.closed) == (1, 1)


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(
    ("replies", "code"),
    [
        (b"552 too large\r\n503 out of order\r\n", 552),
        (b"250 ok\r\n452 full\r\n", 452),
        # The server has lost a chunk and has taken the next: it must never see the last one.
        (b"452 full\r\n250 ok\r\n", 452),
    ],
)
def test_bdat_when_a_chunk_under_way_is_refused_then_all_replies_are_read_before_rset(
    replies: bytes, code: int, bytewise: bool
) -> None:
    """Otherwise the reply to the second chunk would be taken for the one to RSET."""
    client = plain()
    script = [*PIPELINED, *FLOWN, chunk(ONE), chunk(TWO), Says(replies), *RSET]
    (answer,) = ScriptedPeer(script, bytewise=bytewise).run(sent(client, binary(Fetched((ONE, TWO, THREE)))))
    assert said(answer) == ("BDAT", code, False)
    assert client.is_usable


@pytest.mark.parametrize("reply", [b"450 4.2.0 later", b"554 5.6.0 spam"])
def test_bdat_when_the_last_chunk_is_refused_then_the_message_is(reply: bytes) -> None:
    """It is the answer to the whole."""
    client = plain()
    script = [*READY, *OPENED, chunk(BYTES, " LAST"), Says(reply + b"\r\n"), *RSET]
    (answer,) = ScriptedPeer(script).run(sent(client, binary(BYTES)))
    assert said(answer) == ("end of data", int(reply[:3]), False)
    assert client.is_usable


@pytest.mark.parametrize(
    ("script", "step"),
    [
        ([*READY, *OPENED, chunk(ONE), Says(b"421 bye\r\n")], "BDAT"),
        ([*PIPELINED, *FLOWN, chunk(ONE), chunk(TWO), Says(b"421 bye\r\n")], "BDAT"),
        ([*READY, *OPENED, chunk(ONE), OK, chunk(TWO), OK, chunk(THREE, " LAST"), Says(b"421 bye\r\n")], "end of data"),
    ],
)
def test_bdat_when_421_comes_then_the_session_is_over_and_nothing_more_is_said(script: list[Step], step: str) -> None:
    """Wherever it comes."""
    client = plain()
    (answer,) = ScriptedPeer([*script, Closes()]).run(sent(client, binary(Fetched((ONE, TWO, THREE)))))
    assert said(answer) == (step, 421, False)
    assert not client.is_usable


def test_bdat_when_421_follows_a_refusal_then_the_refusal_stands_and_the_session_is_over() -> None:
    """What was said about the chunk says more than the good-bye."""
    client = plain()
    script = [*PIPELINED, *FLOWN, chunk(ONE), chunk(TWO), Says(b"552 too large\r\n421 bye\r\n"), Closes()]
    (answer,) = ScriptedPeer(script).run(sent(client, binary(Fetched((ONE, TWO, THREE)))))
    assert said(answer) == ("BDAT", 552, False)
    assert not client.is_usable


@pytest.mark.parametrize("cut", [Closes(), Fails(LOST), Fails(SLOW), Says(b"nonsense\r\n"), Says(b"354 go\r\n")])
def test_bdat_when_the_wire_is_cut_after_a_refusal_then_the_refusal_stands(cut: Step) -> None:
    """A refusal is a refusal."""
    client = plain()
    script = [*PIPELINED, *FLOWN, chunk(ONE), chunk(TWO), Says(b"552 too large\r\n"), cut]
    (answer,) = ScriptedPeer(script).run(sent(client, binary(Fetched((ONE, TWO, THREE)))))
    assert said(answer) == ("BDAT", 552, False)
    assert not client.is_usable


def test_bdat_when_a_recipient_was_refused_then_its_answer_is_kept() -> None:
    """One bad address does not sink the rest."""
    script = [
        *PIPELINED,
        Hears(b"MAIL FROM:<a@x.org> BODY=BINARYMIME\r\nRCPT TO:<b@y.org>\r\nRCPT TO:<c@y.org>\r\n"),
        Says(b"250 ok\r\n550 who?\r\n250 ok\r\n"),
        chunk(BYTES, " LAST"),
        OK,
    ]
    answers = ScriptedPeer(script).run(sent(plain(), binary(BYTES), "b@y.org", "c@y.org"))
    assert [said(answer)[:2] for answer in answers] == [("RCPT", 550), ("end of data", 250)]


# -- what is lost ------------------------------------------------------------------------------------------------------

CUTS = [Closes(), Fails(LOST), Fails(SLOW)]
GARBLED = [Says(b"nonsense\r\n"), Says(b"354 go on\r\n")]


@pytest.mark.parametrize(
    ("start", "cut"),
    [
        *(([*READY, *OPENED], cut) for cut in CUTS),
        *(([*READY, *OPENED, chunk(ONE)], cut) for cut in [*CUTS, *GARBLED]),
        *(([*READY, *OPENED, chunk(ONE), OK], cut) for cut in CUTS),
        *(([*PIPELINED, *FLOWN, chunk(ONE)], cut) for cut in CUTS),
        *(([*PIPELINED, *FLOWN, chunk(ONE), chunk(TWO)], cut) for cut in [*CUTS, *GARBLED]),
        *(([*PIPELINED, *FLOWN, chunk(ONE), chunk(TWO), OK, OK], cut) for cut in CUTS),
    ],
)
def test_bdat_when_the_wire_is_cut_before_the_last_chunk_then_the_recipient_is_not_in_doubt(
    start: list[Step], cut: Step
) -> None:
    """The server cannot have taken a message whose end it has not seen."""
    client = plain()
    stored = Fetched((ONE, TWO, THREE))
    (answer,) = ScriptedPeer([*start, cut]).run(sent(client, binary(stored)))
    assert said(answer) == ("BDAT", 0, False)
    assert answer.error is not None
    assert answer.error.is_temporary
    assert not client.is_usable
    assert stored.opened == stored.closed


def test_bdat_when_the_last_chunk_cannot_be_written_then_the_recipient_is_not_in_doubt() -> None:
    """A counted chunk is not over before its last octet, and that has not left."""
    (answer,) = ScriptedPeer([*READY, *OPENED, Fails(LOST)]).run(sent(plain(), binary(b"hello")))
    assert said(answer) == ("BDAT", 0, False)


def test_bdat_when_the_last_octet_cannot_be_written_then_the_recipient_is_in_doubt() -> None:
    """A write that fails may still have reached the other side."""
    script = [*READY, *OPENED, Hears(b"BDAT 5 LAST\r\nhell"), Fails(LOST)]
    (answer,) = ScriptedPeer(script).run(sent(plain(), binary(b"hello")))
    assert said(answer) == ("end of data", 0, True)


@pytest.mark.parametrize("cut", [*CUTS, *GARBLED, Says(b"2")])
def test_bdat_when_the_wire_is_cut_after_the_last_chunk_then_the_recipient_is_in_doubt(cut: Step) -> None:
    """RFC 1047 knows no difference between DATA and BDAT."""
    client = plain()
    end = [Closes()] if cut == Says(b"2") else []
    script = [*READY, *OPENED, chunk(BYTES, " LAST"), cut, *end]
    (answer,) = ScriptedPeer(script).run(sent(client, binary(BYTES)))
    assert said(answer) == ("end of data", 0, True)
    assert not client.is_usable


@pytest.mark.parametrize(
    "before",
    [
        [*READY, *OPENED[:-1]],
        [*READY, *OPENED, chunk(ONE)],
        [*PIPELINED, *FLOWN, chunk(ONE), chunk(TWO), OK],
    ],
)
def test_bdat_when_a_stray_reply_came_before_then_it_is_never_taken_for_an_answer(before: list[Step]) -> None:
    """All replies to chunks look alike: one too many would accept a message that was refused."""
    client = plain()
    script = [*before, Says(b"250 ok\r\n250 stray\r\n")]
    (answer,) = ScriptedPeer(script).run(sent(client, binary(Fetched((ONE, TWO, THREE)))))
    assert said(answer) == ("BDAT", 0, False)
    assert not client.is_usable


# -- content that is fetched -------------------------------------------------------------------------------------------

DATA: list[Step] = [
    *READY,
    Hears(b"MAIL FROM:<a@x.org>\r\n"),
    *OPENED[1:],
    Hears(b"DATA\r\n"),
    Says(b"354 go\r\n"),
]


@pytest.mark.parametrize(
    ("pieces", "wire"),
    [
        ((b"head\r\n\r\n", Fetched((b".a\r", b"\n.b"))), b"head\r\n\r\n..a\r\n..b\r\n.\r\n"),
        ((Fetched((b"a\r",)), b"\n", b".\r\n"), b"a\r\n..\r\n.\r\n"),
        ((b"a", Fetched((b"\n",))), b"a\r\n.\r\n"),
        ((b"a", Fetched((b"",)), b"b\r\n"), b"ab\r\n.\r\n"),
        ((Fetched(()),), b".\r\n"),
    ],
)
def test_data_when_a_piece_is_fetched_then_its_seams_do_not_show(
    pieces: tuple[bytes | Fetched, ...], wire: bytes
) -> None:
    """Dots and line ends are right, wherever a block ends."""
    (answer,) = ScriptedPeer([*DATA, Hears(wire), OK]).run(sent(plain(), content(*pieces)))
    assert said(answer) == ("end of data", 250, False)


@pytest.mark.parametrize(
    ("script", "content_of"),
    [
        ([*DATA, Hears(b"head\r\n"), Hears(b"one\r\n")], content),
        ([*READY, *OPENED], binary),
    ],
    ids=["DATA", "BDAT"],
)
@pytest.mark.parametrize("error", [CHANGED, None], ids=["changed", "cut short"])
def test_content_when_it_cannot_be_fetched_half_way_then_nothing_was_accepted_and_the_session_is_over(
    script: list[Step], content_of, error: MailkitError | None
) -> None:
    """Nobody is in doubt, and it is no failure of the network: the message itself is at fault."""
    client = plain()
    stored = Fetched((b"one\r\n",), promised=100, error=error)
    with pytest.raises(AttachmentError if error else LocalProtocolError) as caught:
        ScriptedPeer(script).run(sent(client, content_of(b"head\r\n", stored)))
    assert not caught.value.is_temporary
    assert not client.is_usable
    assert (stored.opened, stored.closed) == (1, 1)


@pytest.mark.parametrize("cut", CUTS)
def test_data_when_the_wire_is_cut_while_a_file_is_sent_then_the_file_is_closed(cut: Step) -> None:
    """Open files are not left to chance."""
    stored = Fetched((b"one\r\n", b"two\r\n"))
    (answer,) = ScriptedPeer([*DATA, Hears(b"one\r\n"), cut]).run(sent(plain(), content(stored)))
    assert said(answer) == ("DATA", 0, False)
    assert (stored.opened, stored.closed) == (1, 1)


def test_content_when_the_envelope_is_refused_then_nothing_is_fetched() -> None:
    """A file is not read for nobody."""
    stored = Fetched((b"one\r\n",))
    script = [*READY, Hears(b"MAIL FROM:<a@x.org>\r\n"), Says(b"550 no\r\n"), *RSET]
    ScriptedPeer(script).run(sent(plain(), content(stored)))
    assert stored.opened == 0
