"""Many messages over one session: what is said when, and what becomes of each when something goes wrong."""

from collections.abc import Callable, Iterable

import pytest

from mailkit.errors import CapabilityMissing, ConnectError, LocalProtocolError, MailkitError, TransportTimeout
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Conversation
from mailkit.smtp import Answer, Client, Content, Job, Profile, StartTlsPolicy
from mailkit.smtp.stream import Result
from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Step

PLAIN = Profile("me", starttls=StartTlsPolicy.OFF)
LMTP = Profile("me", starttls=StartTlsPolicy.OFF, is_lmtp=True)
PIPELINED: list[Step] = [Says(b"220 hi\r\n"), Hears(b"EHLO me\r\n"), Says(b"250-ok\r\n250 PIPELINING\r\n")]
CHUNKED: list[Step] = [
    Says(b"220 hi\r\n"),
    Hears(b"EHLO me\r\n"),
    Says(b"250-ok\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250 CHUNKING\r\n"),
]
READY: list[Step] = [Says(b"220 hi\r\n"), Hears(b"EHLO me\r\n"), Says(b"250 ok\r\n")]
RSET: list[Step] = [Hears(b"RSET\r\n"), Says(b"250 ok\r\n")]

Delivered = list[tuple[int, Result]]


def job(number: int, *to: str, content: bytes | None = None) -> Job:
    data = b"%d\r\n" % number if content is None else content
    return Job("a@x.org", to or (f"r{number}@y.org",), Content.of(data), key=number)


def envelope(number: int, end: bytes = b"DATA\r\n") -> bytes:
    return b"MAIL FROM:<a@x.org>\r\nRCPT TO:<r%d@y.org>\r\n" % number + end


def behind(number: int) -> bytes:
    """What is said before the verdict on the last message is known."""
    return b"RSET\r\n" + envelope(number)


def chunk(number: int, *, first: bool = False) -> bytes:
    """A whole transaction by BDAT."""
    content = b"%d\r\n" % number
    start = b"" if first else b"RSET\r\n"
    return start + envelope(number, b"BDAT %d LAST\r\n" % len(content)) + content


def delivered(client: Client, jobs: Iterable[Job], *, window: int = 0) -> Conversation[Delivered]:
    """Open the session and deliver everything; what became of each, in the order in which it was told."""
    waiting = iter(jobs)
    yield from client.open()
    stream = client.stream(lambda: next(waiting, None), window=window)
    found: Delivered = []
    while settled := (yield from stream.next()):
        found += [(job.key, result) for job, result in settled]
    return found


def run(
    script: Iterable[Step], jobs: Iterable[Job], *, window: int = 0, bytewise: bool = False, profile: Profile = PLAIN
) -> tuple[list[object], Client]:
    """What became of each job: its number with the command and code of each recipient, or with the kind of its error."""
    client = Client(profile)
    found = ScriptedPeer(script, bytewise=bytewise).run(delivered(client, jobs, window=window))
    return [(number, *said(result)) for number, result in found], client


def said(result: Result) -> list[object]:
    if isinstance(result, MailkitError):
        return [type(result).__name__]
    return [_said(answer) for answer in result]


def _said(answer: Answer) -> str:
    if answer.reply is not None:
        return f"{answer.command} {answer.reply.code}"
    return "in doubt" if answer.in_doubt else f"{answer.command} lost"


def three(*numbers: int) -> list[Job]:
    return [job(number) for number in numbers or (1, 2, 3)]


FIRST = Says(b"250 ok\r\n250 ok\r\n354 go\r\n")
NEXT = Says(b"250 queued\r\n250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n")
LAST = Says(b"250 queued\r\n")
TAKEN = "end of data 250"


# -- by DATA -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytewise", [False, True])
def test_stream_when_pipelining_is_offered_then_the_next_envelope_rides_with_the_end_of_data(bytewise: bool) -> None:
    """One round trip for each message, RFC 2920 3.1."""
    script = [
        *(*PIPELINED, Hears(envelope(1)), FIRST),
        *(Hears(b"1\r\n.\r\n" + behind(2)), NEXT),
        *(Hears(b"2\r\n.\r\n" + behind(3)), NEXT),
        *(Hears(b"3\r\n.\r\n"), LAST),
    ]
    found, client = run(script, three(), bytewise=bytewise)
    assert found == [(1, TAKEN), (2, TAKEN), (3, TAKEN)]
    assert client.is_usable
    assert client.delivered == 3


def test_stream_when_pipelining_is_not_offered_then_each_command_waits_for_its_reply() -> None:
    """The oldest servers get their mail too."""
    script: list[Step] = list(READY)
    for number in (1, 2):
        for line in (b"MAIL FROM:<a@x.org>\r\n", b"RCPT TO:<r%d@y.org>\r\n" % number):
            script += [Hears(line), Says(b"250 ok\r\n")]
        script += [Hears(b"DATA\r\n"), Says(b"354 go\r\n"), Hears(b"%d\r\n.\r\n" % number), LAST]
    assert run(script, three(1, 2))[0] == [(1, TAKEN), (2, TAKEN)]


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        (b"550 no\r\n503 no\r\n503 no\r\n", "MAIL 550"),
        (b"451 later\r\n503 no\r\n503 no\r\n", "MAIL 451"),
        (b"250 ok\r\n550 who?\r\n554 nobody\r\n", "RCPT 550"),
        (b"250 ok\r\n450 later\r\n554 nobody\r\n", "RCPT 450"),
        (b"250 ok\r\n250 ok\r\n451 full\r\n", "DATA 451"),
    ],
)
def test_stream_when_an_envelope_is_refused_then_rset_comes_before_the_next(replies: bytes, outcome: str) -> None:
    """What is left of the one must not become a part of the other."""
    script = [
        *(*PIPELINED, Hears(envelope(1)), Says(replies)),
        *(Hears(b"RSET\r\n" + envelope(2)), Says(b"250 reset\r\n"), FIRST),
        *(Hears(b"2\r\n.\r\n"), LAST),
    ]
    found, client = run(script, three(1, 2))
    assert found == [(1, outcome), (2, TAKEN)]
    assert client.is_usable


@pytest.mark.parametrize("verdict", [b"554 no valid recipients\r\n", b"250 fine\r\n"])
def test_stream_when_data_is_taken_for_nobody_then_nothing_is_sent(verdict: bytes) -> None:
    """RFC 2920 3.1: the server says go on although it has refused everybody; it gets an empty message."""
    script = [*PIPELINED, Hears(envelope(1)), Says(b"250 ok\r\n550 who?\r\n354 go\r\n"), Hears(b".\r\n"), Says(verdict)]
    found, _ = run([*script, *([] if verdict.startswith(b"250") else RSET)], three(1))
    assert found == [(1, "RCPT 550")]


@pytest.mark.parametrize("code", [b"554", b"451"])
def test_stream_when_a_message_is_refused_then_the_one_that_was_said_already_goes_on(code: bytes) -> None:
    """RFC 5321 4.1.1.4: the end of data ends the transaction, whatever the verdict."""
    script = [
        *(*PIPELINED, Hears(envelope(1)), FIRST),
        *(Hears(b"1\r\n.\r\n" + behind(2)), Says(code + b" spam\r\n250 reset\r\n"), FIRST),
        *(Hears(b"2\r\n.\r\n"), LAST),
    ]
    assert run(script, three(1, 2))[0] == [(1, f"end of data {code.decode()}"), (2, TAKEN)]


def test_stream_when_503_is_said_of_a_message_itself_then_it_is_its_answer() -> None:
    """RSET stands before it, so it is about nothing else."""
    script = [
        *(*PIPELINED, Hears(envelope(1)), FIRST),
        *(Hears(b"1\r\n.\r\n" + behind(2)), Says(b"554 spam\r\n250 reset\r\n503 no\r\n503 no\r\n503 no\r\n"), *RSET),
    ]
    assert run(script, three(1, 2))[0] == [(1, "end of data 554"), (2, "MAIL 503")]


@pytest.mark.parametrize("window", [0, 4])
def test_stream_when_a_recipient_is_taken_after_the_sender_was_refused_then_the_session_ends(window: int) -> None:
    """One of the replies is about something else, so that the refusal may be too: it is not taken for the message's own."""
    first = [Hears(chunk(1, first=True))] if window else [Hears(envelope(1))]
    found, client = run(
        [*(CHUNKED if window else PIPELINED), *first, Says(b"550 no\r\n250 ok\r\n")], three(1), window=window
    )
    assert found == [(1, "in doubt" if window else "RemoteProtocolError")]
    assert not client.is_usable


# -- by BDAT -----------------------------------------------------------------------------------------------------------

BDAT = b"250 ok\r\n250 ok\r\n250 queued\r\n"


@pytest.mark.parametrize("bytewise", [False, True])
def test_stream_when_there_is_a_window_then_whole_transactions_fly(bytewise: bool) -> None:
    """RFC 3030: nothing waits for a reply until the window is full; each begins with a clean slate."""
    script = [
        *(*CHUNKED, Hears(chunk(1, first=True) + chunk(2))),
        *(Says(BDAT), Hears(chunk(3))),
        *(Says(b"250 reset\r\n" + BDAT), Says(b"250 reset\r\n" + BDAT)),
    ]
    found, client = run(script, three(), window=2, bytewise=bytewise)
    assert found == [(1, TAKEN), (2, TAKEN), (3, TAKEN)]
    assert client.is_usable


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        (b"550 no\r\n503 no\r\n503 no\r\n", "MAIL 550"),
        (b"250 ok\r\n550 who?\r\n554 nobody\r\n", "RCPT 550"),
        (b"250 ok\r\n550 who?\r\n250 to nobody\r\n", "RCPT 550"),
        (b"250 ok\r\n250 ok\r\n452 full\r\n", "end of data 452"),
    ],
)
def test_stream_when_one_in_the_window_fails_then_the_others_are_not_touched(replies: bytes, outcome: str) -> None:
    """RSET stands between them, or a recipient would get a message from another sender."""
    script = [*CHUNKED, Hears(chunk(1, first=True) + chunk(2) + chunk(3))]
    script += [Says(BDAT), Says(b"250 reset\r\n" + replies), Says(b"250 reset\r\n" + BDAT)]
    found, client = run(script, three(), window=8)
    assert found == [(1, TAKEN), (2, outcome), (3, TAKEN)]
    assert client.is_usable


def test_stream_when_the_last_in_the_window_fails_then_the_session_is_left_clean() -> None:
    """Whoever uses it next says MAIL first."""
    script = [*CHUNKED, Hears(chunk(1, first=True)), Says(b"250 ok\r\n250 ok\r\n452 full\r\n"), *RSET]
    found, client = run(script, three(1), window=8)
    assert found == [(1, "end of data 452")]
    assert client.is_usable


def test_stream_when_rset_is_refused_then_the_window_is_given_up() -> None:
    """The second may have been taken for the first one's sender; only its own reply could tell, and it means nothing."""
    script = [*CHUNKED, Hears(chunk(1, first=True) + chunk(2)), Says(BDAT), Says(b"500 what?\r\n")]
    found, client = run(script, three(1, 2), window=8)
    assert found == [(1, TAKEN), (2, "in doubt")]
    assert not client.is_usable


def test_stream_when_chunking_is_not_offered_then_a_window_changes_nothing() -> None:
    """DATA cannot be said before the server has agreed."""
    script = [
        *PIPELINED,
        Hears(envelope(1)),
        FIRST,
        Hears(b"1\r\n.\r\n" + behind(2)),
        NEXT,
        Hears(b"2\r\n.\r\n"),
        LAST,
    ]
    assert run(script, three(1, 2), window=16)[0] == [(1, TAKEN), (2, TAKEN)]


def test_stream_when_a_message_is_binary_then_it_flies_by_bdat_only() -> None:
    """No line of it could be marked by a dot."""
    binary = Job("a@x.org", ("r1@y.org",), Content.of(b"\0\r\n.\r\n", body=BodyType.BINARY), key=1)
    said_first = b"MAIL FROM:<a@x.org> BODY=BINARYMIME\r\nRCPT TO:<r1@y.org>\r\nBDAT 6 LAST\r\n\0\r\n.\r\n"
    script = [*CHUNKED, Hears(said_first + chunk(2)), Says(BDAT + b"250 reset\r\n" + BDAT)]
    assert run(script, [binary, job(2)], window=4)[0] == [(1, TAKEN), (2, TAKEN)]


# -- what is too large, or cannot go ------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [0, 4])
def test_stream_when_a_message_is_large_then_it_goes_alone_between_the_others(window: int) -> None:
    """What was said before it has been answered, and nothing is said until it is."""
    large = b"x" * 76 + b"\r\n"
    large *= 4_000
    data = [
        *(Hears(envelope(2, b"")), Says(b"250 ok\r\n250 ok\r\n"), Hears(b"DATA\r\n"), Says(b"354 go\r\n")),
        *(Hears(large), Hears(b".\r\n"), LAST),
    ]
    if window:
        script = [*CHUNKED, Hears(chunk(1, first=True)), Says(BDAT), *data, Hears(chunk(3, first=True)), Says(BDAT)]
    else:
        script = [*PIPELINED, Hears(envelope(1)), FIRST, Hears(b"1\r\n.\r\n"), LAST, *data]
        script += [Hears(envelope(3)), FIRST, Hears(b"3\r\n.\r\n"), LAST]
    found, _ = run(script, [job(1), job(2, content=large), job(3)], window=window)
    assert found == [(1, TAKEN), (2, TAKEN), (3, TAKEN)]


def test_stream_when_a_message_cannot_be_sent_there_then_the_others_are() -> None:
    """Nothing is said of it, and its error is its own."""
    utf8 = Job("a@x.org", ("r2@y.org",), Content.of(b"2\r\n", needs_smtputf8=True), key=2)
    script = [
        *PIPELINED,
        Hears(envelope(1)),
        FIRST,
        Hears(b"1\r\n.\r\n" + behind(3)),
        NEXT,
        Hears(b"3\r\n.\r\n"),
        LAST,
    ]
    found, client = run(script, [job(1), utf8, job(3)])
    assert sorted(found, key=str) == [(1, TAKEN), (2, CapabilityMissing.__name__), (3, TAKEN)]
    assert client.is_usable


def test_stream_when_an_address_could_inject_a_command_then_only_that_message_fails() -> None:
    """The others are not its author's."""
    hostile = job(1, "b@y.org>\r\nRSET")
    script = [*PIPELINED, Hears(envelope(2)), FIRST, Hears(b"2\r\n.\r\n"), LAST]
    found, _ = run(script, [hostile, job(2)])
    assert found == [(1, LocalProtocolError.__name__), (2, TAKEN)]


def test_stream_when_what_gives_the_messages_fails_then_those_under_way_arrive_first() -> None:
    """A fault in the list loses nothing that was said already, and is not hidden."""

    def broken() -> Iterable[Job]:
        yield job(1)
        raise ValueError("row 2")

    jobs = iter(broken())
    told: Delivered = []

    def play(client: Client) -> Conversation[None]:
        yield from client.open()
        stream = client.stream(lambda: next(jobs, None))
        while settled := (yield from stream.next()):
            told.extend((job.key, result) for job, result in settled)

    with pytest.raises(ValueError, match="row 2"):
        ScriptedPeer([*PIPELINED, Hears(envelope(1)), FIRST, Hears(b"1\r\n.\r\n"), LAST]).run(play(Client(PLAIN)))
    assert [(number, *said(result)) for number, result in told] == [(1, TAKEN)]


def test_stream_when_it_has_been_drained_then_more_may_be_given() -> None:
    """The session is kept, and so is the place where they come from."""
    given: list[Job] = [job(1)]
    client = Client(PLAIN)

    def play() -> Conversation[list[object]]:
        yield from client.open()
        stream = client.stream(lambda: given.pop(0) if given else None)
        first = yield from stream.next()
        assert (yield from stream.next()) == []
        given.append(job(2))
        second = yield from stream.next()
        return [(job.key, *said(result)) for job, result in (*first, *second)]

    script = [*PIPELINED, Hears(envelope(1)), FIRST, Hears(b"1\r\n.\r\n"), LAST]
    script += [Hears(envelope(2)), FIRST, Hears(b"2\r\n.\r\n"), LAST]
    assert ScriptedPeer(script).run(play()) == [(1, TAKEN), (2, TAKEN)]


def test_stream_when_messages_are_under_way_then_another_delivery_is_refused() -> None:
    """Its replies would be read by the wrong one."""
    client = Client(PLAIN)

    def play() -> Conversation[None]:
        yield from client.open()
        jobs = iter(three())
        stream = client.stream(lambda: next(jobs, None))
        yield from stream.next()
        with pytest.raises(LocalProtocolError):
            yield from client.deliver("a@x.org", ["b@y.org"], Content.of(b"x\r\n"))
        while (yield from stream.next()):
            pass

    script = [*PIPELINED, Hears(envelope(1)), FIRST, Hears(b"1\r\n.\r\n" + behind(2)), NEXT]
    script += [Hears(b"2\r\n.\r\n" + behind(3)), NEXT, Hears(b"3\r\n.\r\n"), LAST]
    ScriptedPeer(script).run(play())


# -- 421 and lost wires ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replies", "first"),
    [
        (b"421 bye\r\n", "MAIL 421"),
        (b"250 ok\r\n421 bye\r\n", "RCPT 421"),
        (b"250 ok\r\n250 ok\r\n421 bye\r\n", "end of data 421"),
    ],
)
def test_stream_when_421_comes_in_a_window_then_what_is_behind_was_never_said(replies: bytes, first: str) -> None:
    """The server has read nothing more: those messages may go over another connection, and are in nobody's doubt."""
    script = [*CHUNKED, Hears(chunk(1, first=True) + chunk(2) + chunk(3)), Says(replies)]
    found, client = run(script, three(), window=8)
    assert found == [(1, first), (2, "ConnectError"), (3, "ConnectError")]
    assert not client.is_usable


@pytest.mark.parametrize(
    ("replies", "outcomes"),
    [
        (b"421 bye\r\n", [(1, "end of data 421"), (2, "ConnectError")]),
        (b"250 queued\r\n421 bye\r\n", [(1, TAKEN), (2, "MAIL 421")]),
        (b"250 queued\r\n250 reset\r\n421 bye\r\n", [(1, TAKEN), (2, "MAIL 421")]),
        (b"250 queued\r\n250 reset\r\n250 ok\r\n421 bye\r\n", [(1, TAKEN), (2, "RCPT 421")]),
        (b"250 queued\r\n250 reset\r\n250 ok\r\n250 ok\r\n421 bye\r\n", [(1, TAKEN), (2, "DATA 421")]),
    ],
)
def test_stream_when_421_comes_by_data_then_each_message_has_what_was_said_of_it(
    replies: bytes, outcomes: list[object]
) -> None:
    """A reply to the end of data is definite, also this one."""
    script = [*PIPELINED, Hears(envelope(1)), FIRST, Hears(b"1\r\n.\r\n" + behind(2)), Says(replies)]
    assert run(script, three(1, 2))[0] == outcomes


CUTS: list[list[Step]] = [
    [Closes()],
    [Fails(TransportTimeout("slow"))],
    [Says(b"250 half a rep"), Closes()],
    [Says(b"garbage\r\n")],
    [Says(b"250 " + b"x" * 5_000 + b"\r\n")],
    [Says(b"354 out of step\r\n")],
]


@pytest.mark.parametrize("cut", CUTS)
def test_stream_when_the_wire_is_lost_after_the_end_of_data_then_only_that_message_is_in_doubt(cut: list[Step]) -> None:
    """The next one's envelope had gone out, its content had not."""
    script = [*PIPELINED, Hears(envelope(1)), FIRST, Hears(b"1\r\n.\r\n" + behind(2)), *cut]
    found, client = run(script, three(1, 2))
    assert found[0] == (1, "in doubt")
    assert found[1][1] in ("ConnectError", "TransportTimeout", "RemoteProtocolError")  # type: ignore[index]
    assert not client.is_usable


@pytest.mark.parametrize("cut", CUTS)
def test_stream_when_the_wire_is_lost_with_a_window_then_all_in_it_are_in_doubt(cut: list[Step]) -> None:
    """Except for those of which the refusal has been read."""
    script = [*CHUNKED, Hears(chunk(1, first=True) + chunk(2) + chunk(3) + chunk(4))]
    script += [Says(BDAT + b"250 reset\r\n550 not you\r\n503 no\r\n503 no\r\n250 reset\r\n250 ok\r\n"), *cut]
    found, _ = run(script, three(1, 2, 3, 4), window=8)
    assert found == [(1, TAKEN), (2, "MAIL 550"), (3, "in doubt"), (4, "in doubt")]


def lost(unsent: int) -> ConnectError:
    error = ConnectError("broken pipe")
    error.unsent = unsent
    return error


@pytest.mark.parametrize(
    ("unsent", "outcome"),
    [
        (0, "in doubt"),
        (len(behind(2)), "in doubt"),  # the next envelope has not left; the end of data may have
        (len(behind(2)) + 1, "DATA lost"),
        (10_000, "DATA lost"),
    ],
)
def test_stream_when_the_content_cannot_be_written_then_what_has_not_left_for_sure_decides(
    unsent: int, outcome: str
) -> None:
    """A message of which the last octet never left has not been accepted, and may go again."""
    script = [*PIPELINED, Hears(envelope(1)), FIRST, Fails(lost(unsent))]
    found, _ = run(script, three(1, 2))
    assert found[0] == (1, outcome)


@pytest.mark.parametrize(
    ("unsent", "outcomes"),
    [
        (0, ["in doubt", "in doubt"]),
        (1, ["in doubt", "ConnectError"]),
        (len(chunk(2)), ["in doubt", "ConnectError"]),
        (len(chunk(2)) + 1, ["ConnectError", "ConnectError"]),
    ],
)
def test_stream_when_a_window_cannot_be_written_then_only_those_that_may_have_left_are_in_doubt(
    unsent: int, outcomes: list[str]
) -> None:
    """The others go again."""
    found, _ = run([*CHUNKED, Fails(lost(unsent))], three(1, 2), window=8)
    assert [outcome for _, outcome in found] == outcomes  # type: ignore[misc]


def test_stream_when_a_stray_reply_came_with_354_then_it_is_not_taken_for_the_verdict() -> None:
    """It would say that a message was accepted before it was sent."""
    script = [*PIPELINED, Hears(envelope(1)), Says(b"250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n")]
    found, client = run(script, three(1, 2))
    assert found[0] == (1, "DATA lost")
    assert not client.is_usable


# -- LMTP --------------------------------------------------------------------------------------------------------------

LHLO: list[Step] = [Says(b"220 hi\r\n"), Hears(b"LHLO me\r\n"), Says(b"250-ok\r\n250-CHUNKING\r\n250 PIPELINING\r\n")]
TO_THREE = b"MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nRCPT TO:<c@y.org>\r\nRCPT TO:<d@y.org>\r\n"


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize("window", [0, 4])
def test_lmtp_when_some_are_taken_then_each_of_them_has_a_verdict(window: int, bytewise: bool) -> None:
    """RFC 2033 4.2: one mailbox is full, another is not."""
    content = b"1\r\n"
    end = b"BDAT 3 LAST\r\n1\r\n" if window else b"DATA\r\n"
    replies = b"250 ok\r\n250 b\r\n550 c\r\n250 d\r\n"
    verdicts = b"250 b has it\r\n452 d is full\r\n"
    script: list[Step] = [*LHLO, Hears(TO_THREE + end)]
    script += (
        [Says(replies + verdicts)] if window else [Says(replies + b"354 go\r\n"), Hears(b"1\r\n.\r\n"), Says(verdicts)]
    )
    jobs = [job(1, "b@y.org", "c@y.org", "d@y.org", content=content)]
    found, client = run([*script, *RSET], jobs, window=window, bytewise=bytewise, profile=LMTP)
    assert found == [(1, TAKEN, "RCPT 550", "end of data 452")]
    assert client.is_usable


def test_lmtp_when_the_wire_is_lost_between_verdicts_then_only_the_rest_is_in_doubt() -> None:
    """Who has a verdict is sure of it."""
    script = [*LHLO, Hears(TO_THREE + b"DATA\r\n"), Says(b"250 ok\r\n250 b\r\n250 c\r\n250 d\r\n354 go\r\n")]
    script += [Hears(b"1\r\n.\r\n"), Says(b"250 b has it\r\n550 c has moved\r\n"), Closes()]
    found, _ = run(script, [job(1, "b@y.org", "c@y.org", "d@y.org")], profile=LMTP)
    assert found == [(1, TAKEN, "end of data 550", "in doubt")]


def test_lmtp_when_a_large_message_is_taken_then_each_recipient_has_a_verdict() -> None:
    """The way for what is too large to fly is the same."""
    large = (b"x" * 76 + b"\r\n") * 4_000
    script = [
        *LHLO,
        Hears(TO_THREE),
        Says(b"250 ok\r\n250 b\r\n550 c\r\n250 d\r\n"),
        Hears(b"DATA\r\n"),
        Says(b"354 go\r\n"),
    ]
    script += [Hears(large), Hears(b".\r\n"), Says(b"452 b is full\r\n250 d has it\r\n"), *RSET]
    found, _ = run(script, [job(1, "b@y.org", "c@y.org", "d@y.org", content=large)], profile=LMTP)
    assert found == [(1, "end of data 452", "RCPT 550", TAKEN)]


def test_lmtp_when_lhlo_is_refused_then_helo_is_not_tried() -> None:
    """RFC 2033 4.1: there is no other greeting; this is a server of another kind."""
    client = Client(LMTP)
    with pytest.raises(MailkitError, match="LHLO") as caught:
        ScriptedPeer([*LHLO[:2], Says(b"502 what?\r\n")]).run(client.open())
    assert "smtp://" in caught.value.hint


# -- REQUIRETLS --------------------------------------------------------------------------------------------------------


def requiring(is_secure: bool, offered: bytes) -> Callable[[], object]:
    client = Client(PLAIN, is_secure=is_secure)
    script: list[Step] = [Says(b"220 hi\r\n"), Hears(b"EHLO me\r\n"), Says(offered)]
    wanted = Job("a@x.org", ("r1@y.org",), Content.of(b"1\r\n"), requires_tls=True, key=1)
    if is_secure and b"REQUIRETLS" in offered:
        said_first = b"MAIL FROM:<a@x.org> REQUIRETLS\r\nRCPT TO:<r1@y.org>\r\nDATA\r\n"
        script += [Hears(said_first), FIRST, Hears(b"1\r\n.\r\n"), LAST]
    return lambda: ScriptedPeer(script).run(delivered(client, [wanted]))


def test_requiretls_when_offered_over_tls_then_it_is_asked_for() -> None:
    """RFC 8689 2."""
    ((_, result),) = requiring(True, b"250-ok\r\n250-PIPELINING\r\n250 REQUIRETLS\r\n")()  # type: ignore[misc]
    assert said(result) == [TAKEN]


@pytest.mark.parametrize(
    ("is_secure", "offered"),
    [(True, b"250 ok\r\n"), (False, b"250-ok\r\n250 REQUIRETLS\r\n"), (False, b"250 ok\r\n")],
)
def test_requiretls_when_it_cannot_be_had_then_nothing_is_sent(is_secure: bool, offered: bytes) -> None:
    """The message stays here rather than go on in the clear."""
    ((_, result),) = requiring(is_secure, offered)()  # type: ignore[misc]
    assert isinstance(result, CapabilityMissing)
    assert result.capability == "REQUIRETLS"
