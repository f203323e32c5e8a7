"""Our server as an LMTP server (RFC 2033): its own greeting, and a verdict for each recipient."""

import smtplib
from dataclasses import dataclass, field

import pytest

from mailkit import MessageBuilder
from mailkit.net import Listener
from mailkit.smtp import Policy, Received, Reply, ServerProfile, serve
from mailkit.testing.peer import Hears, Says, ScriptedPeer, Step
from tests.kit.twins import TRANSPORTS, TransportTwin

PROFILE = ServerProfile(host="mx", extensions=("PIPELINING", "CHUNKING"), is_lmtp=True, max_size=40)
GREETED: list[Step] = [
    *(Hears(b"220 mx LMTP mailkit\r\n"), Says(b"LHLO me\r\n")),
    Hears(b"250-mx Hello me\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE 40\r\n"),
]
ENVELOPE: list[Step] = [
    *(Says(b"MAIL FROM:<a@x.org>\r\n"), Hears(b"250 Sender ok\r\n")),
    *(Says(b"RCPT TO:<b@y.org>\r\n"), Hears(b"250 Recipient ok\r\n")),
    *(Says(b"RCPT TO:<nobody@y.org>\r\n"), Hears(b"550 Who?\r\n")),
    *(Says(b"RCPT TO:<full@y.org>\r\n"), Hears(b"250 Recipient ok\r\n")),
]
DATA: list[Step] = [Says(b"DATA\r\n"), Hears(b"354 End data with <CR><LF>.<CR><LF>\r\n")]
QUIT: list[Step] = [Says(b"QUIT\r\n"), Hears(b"221 Bye\r\n")]


@dataclass
class Boxes(Policy):
    """Knows nobody called nobody, and has no room for full."""

    received: list[Received] = field(default_factory=list)

    def recipient(self, address: str) -> Reply | None:
        return Reply.of(550, "5.1.1 Who?") if address.startswith("nobody") else None

    def message(self, received: Received) -> Reply | None:
        if received.recipients[0].startswith("full"):
            return Reply.of(452, "4.2.2 Full")
        self.received.append(received)
        return None


def play(script: list[Step], *, bytewise: bool = False) -> list[Received]:
    boxes = Boxes()
    ScriptedPeer(script, bytewise=bytewise).run(serve(boxes, PROFILE))
    return boxes.received


@pytest.mark.parametrize("bytewise", [False, True])
def test_serve_when_data_ends_then_each_recipient_who_was_taken_has_a_verdict(bytewise: bool) -> None:
    """RFC 2033 4.2: in the order of the RCPTs, and none for those who were refused."""
    verdicts = Hears(b"250 Message accepted\r\n452 Full\r\n")
    script = [*GREETED, *ENVELOPE, *DATA, Says(b"hello\r\n.\r\n"), verdicts, *QUIT]
    (received,) = play(script, bytewise=bytewise)
    assert (received.recipients, received.data) == (("b@y.org",), b"hello\r\n")


@pytest.mark.parametrize("bytewise", [False, True])
def test_serve_when_the_last_chunk_comes_then_each_recipient_has_a_verdict(bytewise: bool) -> None:
    """RFC 2033 4.3; a chunk that is not the last has one reply."""
    script = [*GREETED, *ENVELOPE, Says(b"BDAT 3\r\nhel"), Hears(b"250 3 octets received\r\n")]
    script += [Says(b"BDAT 4 LAST\r\nlo\r\n"), Hears(b"250 Message accepted\r\n452 Full\r\n"), *QUIT]
    (received,) = play(script, bytewise=bytewise)
    assert received.data == b"hello\r\n"


def test_serve_when_the_message_is_too_large_then_each_recipient_hears_so() -> None:
    """A client that counts replies would take the next one for somebody else's."""
    script = [*GREETED, *ENVELOPE, *DATA, Says(b"x" * 60 + b"\r\n.\r\n")]
    script += [Hears(b"552 Message too large\r\n" * 2), *QUIT]
    assert play(script) == []


def test_serve_when_nobody_was_taken_then_there_is_one_reply() -> None:
    """RFC 2033 4.2: DATA is refused, and so is a chunk."""
    script = [*GREETED, Says(b"MAIL FROM:<a@x.org>\r\nRCPT TO:<nobody@y.org>\r\nDATA\r\nBDAT 1 LAST\r\nx")]
    script += [Hears(b"250 Sender ok\r\n550 Who?\r\n503 No valid recipients\r\n503 No valid recipients\r\n"), *QUIT]
    assert play(script) == []


@pytest.mark.parametrize("greeting", [b"HELO me\r\n", b"EHLO me\r\n"])
def test_serve_when_it_is_greeted_by_smtp_then_it_does_not_know_the_word(greeting: bytes) -> None:
    """RFC 2033 4.1: a mail server that takes this for SMTP must find out at once."""
    script = [Hears(b"220 mx LMTP mailkit\r\n"), Says(greeting), Hears(b"500 Unknown command\r\n")]
    assert play([*script, *QUIT]) == []


def test_serve_when_smtp_is_greeted_by_lmtp_then_it_does_not_know_the_word() -> None:
    """The other way round."""
    script = [Hears(b"220 mx ESMTP mailkit\r\n"), Says(b"LHLO me\r\n"), Hears(b"500 Unknown command\r\n")]
    ScriptedPeer([*script, *QUIT]).run(serve(Boxes(), ServerProfile(host="mx")))


@pytest.mark.parametrize("twin", TRANSPORTS, ids=lambda twin: twin.__name__)
@pytest.mark.parametrize("window", [0, 8])
def test_client_when_it_sends_many_by_lmtp_then_each_recipient_has_his_own_outcome(
    twin: TransportTwin, window: int
) -> None:
    """Both of our sides together, over both pumps."""
    boxes = Boxes()
    sent = [
        MessageBuilder()
        .from_("a@x.org")
        .to(f"r{number}@y.org", "nobody@y.org", "full@y.org")
        .subject(str(number))
        .text("Hello")
        .build()
        for number in range(20)
    ]
    with (
        Listener(boxes, profile=ServerProfile(is_lmtp=True)) as server,
        twin(f"lmtp://{server.host}:{server.port}?tls=off&window={window}&max_messages=7") as transport,
    ):
        delivered = transport.many(sent)
    assert [[outcome.code for outcome in outcomes] for _, outcomes in delivered] == [[250, 550, 452]] * 20  # type: ignore[union-attr]
    assert [received.recipients[0] for received in boxes.received] == [f"r{number}@y.org" for number in range(20)]


def test_smtplib_when_it_speaks_lmtp_then_it_understands_our_server() -> None:
    """An independent client; it has no words for several verdicts, so it writes to one at a time."""
    boxes = Boxes()
    with (
        Listener(boxes, profile=ServerProfile(is_lmtp=True)) as server,
        smtplib.LMTP(server.host, server.port) as client,
    ):
        client.sendmail("a@x.org", ["b@y.org"], b"Subject: x\r\n\r\nhello\r\n")
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("a@x.org", ["full@y.org"], b"Subject: x\r\n\r\nhello\r\n")
    assert len(boxes.received) == 1
