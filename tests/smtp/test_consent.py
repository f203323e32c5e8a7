"""The last word of whoever sends: asked before the end of a message may leave, and never after."""

from collections.abc import Iterable

import pytest

from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Conversation
from mailkit.smtp import Client, Content, Job, Profile, StartTlsPolicy
from mailkit.testing.peer import Hears, Says, ScriptedPeer, Step
from tests.smtp.test_stream import CHUNKED, PIPELINED, READY, behind, chunk, envelope, job, said

PLAIN = Profile("me", starttls=StartTlsPolicy.OFF)


class Consent:
    """Says no to some, and remembers how it was asked."""

    def __init__(self, *refused: int) -> None:
        self.refused = refused
        self.asked: list[list[int]] = []

    def __call__(self, jobs: list[Job]) -> list[bool]:
        self.asked.append([job.key for job in jobs])
        return [job.key not in self.refused for job in jobs]


def run(
    script: Iterable[Step], jobs: Iterable[Job], consent: Consent, *, window: int = 0
) -> tuple[list[object], Client]:
    client = Client(PLAIN)

    def delivered() -> Conversation[list[object]]:
        waiting = iter(jobs)
        yield from client.open()
        stream = client.stream(lambda: next(waiting, None), window=window, consent=consent)
        found: list[object] = []
        while settled := (yield from stream.next()):
            found += [(one.key, *said(result)) for one, result in settled]
        return found

    return ScriptedPeer(script).run(delivered()), client


def test_consent_when_data_flies_then_it_is_asked_for_each_message_before_its_content() -> None:
    """The peer hears nothing of the content before the answer; the order of the script holds that."""
    consent = Consent()
    script = [
        *PIPELINED,
        Hears(envelope(1)),
        Says(b"250 ok\r\n250 ok\r\n354 go\r\n"),
        Hears(b"1\r\n.\r\n" + behind(2)),
        Says(b"250 taken\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        Hears(b"2\r\n.\r\n"),
        Says(b"250 taken\r\n"),
    ]
    found, _ = run(script, [job(1), job(2)], consent)
    assert found == [(1, "end of data 250"), (2, "end of data 250")]
    assert consent.asked == [[1], [2]]


def test_consent_when_it_is_not_given_for_data_then_the_session_ends_and_nothing_was_sent() -> None:
    """354 leaves no other way out; who was said nothing of can go over another session."""
    script = [*PIPELINED, Hears(envelope(1)), Says(b"250 ok\r\n250 ok\r\n354 go\r\n")]
    found, client = run(script, [job(1), job(2)], Consent(1))
    assert found == [(1, "MessageWithheld")]
    assert not client.is_usable


def test_consent_when_a_window_flies_then_it_is_asked_once_for_all_that_are_said() -> None:
    """One question, one sync of the disk, for so many messages."""
    consent = Consent()
    script = [
        *CHUNKED,
        Hears(chunk(1, first=True) + chunk(2) + chunk(3)),
        Says(b"250 ok\r\n250 ok\r\n250 taken\r\n" + b"250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n" * 2),
    ]
    found, _ = run(script, [job(1), job(2), job(3)], consent, window=8)
    assert found == [(number, "end of data 250") for number in (1, 2, 3)]
    assert consent.asked == [[1, 2, 3]]


def test_consent_when_it_is_not_given_in_a_window_then_that_message_is_not_said_at_all() -> None:
    """The others go on over the same session."""
    script = [
        *CHUNKED,
        Hears(chunk(1, first=True) + chunk(3)),
        Says(b"250 ok\r\n250 ok\r\n250 taken\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n"),
    ]
    found, client = run(script, [job(1), job(2), job(3)], Consent(2), window=8)
    assert sorted(found, key=str) == [(1, "end of data 250"), (2, "MessageWithheld"), (3, "end of data 250")]
    assert client.is_usable


@pytest.mark.parametrize("refused", [(), (1,)])
def test_consent_when_a_message_goes_alone_then_it_is_asked_before_the_dot(refused: tuple[int, ...]) -> None:
    """Without PIPELINING: the content has left, and its end has not."""
    consent = Consent(*refused)
    script: list[Step] = [
        *READY,
        Hears(b"MAIL FROM:<a@x.org>\r\n"),
        Says(b"250 ok\r\n"),
        Hears(b"RCPT TO:<r1@y.org>\r\n"),
        Says(b"250 ok\r\n"),
        Hears(b"DATA\r\n"),
        Says(b"354 go\r\n"),
        Hears(b"1\r\n"),
    ]
    if not refused:
        script += [Hears(b".\r\n"), Says(b"250 taken\r\n")]
    found, client = run(script, [job(1)], consent)
    assert found == [(1, "MessageWithheld" if refused else "end of data 250")]
    assert client.is_usable is not bool(refused)
    assert consent.asked == [[1]]


@pytest.mark.parametrize("refused", [(), (1,)])
def test_consent_when_chunks_go_alone_then_it_is_asked_before_the_last_octet(refused: tuple[int, ...]) -> None:
    """What is large and binary goes by BDAT, of which everything but one octet has left."""
    content = b"x" * 300_000
    large = Job("a@x.org", ("r1@y.org",), Content.of(content, body=BodyType.BINARY), key=1)
    consent = Consent(*refused)
    script: list[Step] = [
        *CHUNKED,
        Hears(b"MAIL FROM:<a@x.org> BODY=BINARYMIME\r\nRCPT TO:<r1@y.org>\r\n"),
        Says(b"250 ok\r\n250 ok\r\n"),
        Hears(b"BDAT 262144\r\n" + content[:262_144]),
        Says(b"250 ok\r\n"),
        Hears(b"BDAT 37856 LAST\r\n" + content[262_145:]),
    ]
    if not refused:
        script += [Hears(b"x"), Says(b"250 taken\r\n")]
    found, _ = run(script, [large], consent, window=8)
    assert found == [(1, "MessageWithheld" if refused else "end of data 250")]


def test_consent_when_nobody_is_taken_then_it_is_not_asked() -> None:
    """What cannot arrive needs no last word."""
    consent = Consent()
    script = [
        *PIPELINED,
        Hears(envelope(1)),
        Says(b"250 ok\r\n550 no\r\n503 nobody\r\n"),
        Hears(b"RSET\r\n"),
        Says(b"250 ok\r\n"),
    ]
    found, _ = run(script, [job(1)], consent)
    assert found == [(1, "RCPT 550")]
    assert consent.asked == []
