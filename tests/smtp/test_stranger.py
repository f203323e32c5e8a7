"""Who does not speak SMTP is told so, once, and nothing of what follows is obeyed."""

from dataclasses import dataclass, field

import pytest

from mailkit.smtp import Policy, Received, Reply, ServerProfile, serve
from mailkit.testing.peer import Hears, Says, ScriptedPeer, Step
from tests.kit.peers import Postbox

COMMANDS = b"HELO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\nevil\r\n.\r\nQUIT\r\n"
GREETING = Hears(b"220 localhost ESMTP mailkit\r\n")
NO_HTTP = b"554 This port speaks SMTP, not HTTP\r\n"
NO_TLS = b"554 This port speaks SMTP in the clear, and TLS only after STARTTLS\r\n"
LENIENT = ServerProfile(is_lenient=True, keeps_transcript=True)


def play(*steps: Step, profile: ServerProfile = LENIENT) -> None:
    postbox = Postbox()
    ScriptedPeer([GREETING, *steps]).run(serve(postbox, profile))
    assert postbox.received == []


@pytest.mark.parametrize("profile", [LENIENT, ServerProfile()], ids=["lenient", "strict"])
@pytest.mark.parametrize(
    "first",
    [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:1025\r\nContent-Length: 9\r\n\r\n",
        b"GET / HTTP/1.1\r\n",
        b"GET /\r\n",
        b"OPTIONS * HTTP/1.0\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\n",
        b"host: 127.0.0.1\r\n",
    ],
)
def test_serve_when_a_browser_comes_then_it_is_turned_away_and_its_form_is_not_obeyed(
    first: bytes, profile: ServerProfile
) -> None:
    """No page of the web can send mail by a form whose content is commands."""
    play(Says(first + COMMANDS), Hears(NO_HTTP), profile=profile)


@pytest.mark.parametrize("hello", [b"\x16\x03\x01\x02\0\x01\0", b"\x16\x03\x01\x02\0\x01\0\n\0\r\n" + COMMANDS])
def test_serve_when_tls_begins_in_the_clear_then_it_is_told_at_once(hello: bytes) -> None:
    """No line has ended yet, or one has within it: names and tickets in a handshake may hold commands, too."""
    play(Says(hello), Hears(NO_TLS))
    play(Says(hello[:1]), Says(hello[1:]), Hears(NO_TLS))


def test_serve_when_a_command_only_looks_like_http_then_it_is_a_command() -> None:
    """A name and an address may have its words in them."""
    steps = [Says(b"HELO get.post.http\r\n"), Hears(b"250 localhost Hello get.post.http\r\n")]
    steps += [Says(b"MAIL FROM:<HTTP/1.1@x.org>\r\n"), Hears(b"250 Sender ok\r\n")]
    play(*steps, Says(b"QUIT\r\n"), Hears(b"221 Bye\r\n"))


@dataclass
class Sitting(Policy):
    """Refuses what it is told to, and keeps what it is told."""

    verdicts: list[Reply | None] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    ends: list[tuple[str, ...]] = field(default_factory=list)

    def message(self, received: Received) -> Reply | None:
        self.received.append(received)
        return self.verdicts.pop(0)

    def ended(self, transcript: tuple[str, ...]) -> None:
        self.ends.append(transcript)


def test_transcript_when_a_browser_has_come_then_it_says_so_without_control_characters() -> None:
    """Where it is read it moves no cursor."""
    policy = Sitting()
    ScriptedPeer([GREETING, Says(b"GET /\x1b[2J HTTP/1.1\r\n"), Hears(NO_HTTP)]).run(serve(policy, LENIENT))
    assert policy.ends[0][1:] == ("C: GET /\ufffd[2J HTTP/1.1", f"S: {NO_HTTP.decode().strip()}")


def test_transcript_when_a_message_is_refused_at_its_end_then_it_tells_of_all_that_led_there() -> None:
    """One that is accepted takes what was said with it, and its reply is not the next one's first line."""
    policy = Sitting([None, Reply.of(554, "5.7.1 Spam")])
    said = b"MAIL FROM:<%d@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\nHi\r\n.\r\n"
    heard = b"250 Sender ok\r\n250 Recipient ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n%s\r\n"
    steps: list[Step] = [GREETING, Says(b"HELO me\r\n"), Hears(b"250 localhost Hello me\r\n")]
    steps += [Says(said % 1), Hears(heard % b"250 Message accepted")]
    steps += [Says(said % 2), Hears(heard % b"554 Spam")]
    steps += [Says(b"QUIT\r\n"), Hears(b"221 Bye\r\n")]
    ScriptedPeer(steps).run(serve(policy, LENIENT))
    first, second = (one.transcript for one in policy.received)
    assert (first[0], first[-1]) == ("S: 220 localhost ESMTP mailkit", "   (4 octets of content)")
    assert second[0] == "C: MAIL FROM:<2@x.org>"
    (end,) = policy.ends
    assert end[: len(second)] == second
    assert end[len(second) :] == ("S: 554 Spam", "C: QUIT", "S: 221 Bye")
