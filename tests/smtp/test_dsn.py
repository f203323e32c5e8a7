"""What the client asks about reports (RFC 3461), parameter by parameter."""

import pytest

from mailkit.errors import LocalProtocolError
from mailkit.smtp import Content, DsnRequest, Profile, RecipientDsn, StartTlsPolicy
from mailkit.smtp.client import Client
from mailkit.testing.peer import Hears, Says, ScriptedPeer, Step

OK = Says(b"250 ok\r\n")
FULL = DsnRequest("FULL", "order 18+15", (RecipientDsn(("FAILURE", "DELAY"), "rfc822;b+x@y.org"), RecipientDsn()))


def deliver(offers: bytes, dsn: DsnRequest | None, *script: Step) -> None:
    client = Client(Profile("me", starttls=StartTlsPolicy.OFF))
    greeted: list[Step] = [Says(b"220 hi\r\n"), Hears(b"EHLO me\r\n"), Says(b"250-ok\r\n250 " + offers + b"\r\n")]
    end: list[Step] = [Hears(b"DATA\r\n"), Says(b"354 go\r\n"), Hears(b"Hi\r\n.\r\n"), OK]

    def sent():
        yield from client.open()
        yield from client.deliver("a@x.org", ["b@y.org", "c@y.org"], Content.of(b"Hi\r\n"), dsn=dsn)

    ScriptedPeer([*greeted, *script, *(end if script else [])]).run(sent())


@pytest.mark.parametrize(
    ("dsn", "mail", "rcpt"),
    [
        (None, b"", b""),
        (DsnRequest(), b"", b""),
        (FULL, b" RET=FULL ENVID=order+2018+2B15", b" NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bx@y.org"),
        (DsnRequest("HDRS"), b" RET=HDRS", b""),
        (
            DsnRequest(recipients=(RecipientDsn(original="utf-8;zoë@y.org"), RecipientDsn())),
            b"",
            rb" ORCPT=utf-8;zo\x{EB}@y.org",
        ),
    ],
)
def test_dsn_when_the_server_offers_it_then_it_is_asked_for(dsn: DsnRequest | None, mail: bytes, rcpt: bytes) -> None:
    """In MAIL for the message, in RCPT for each recipient."""
    deliver(
        b"DSN",
        dsn,
        Hears(b"MAIL FROM:<a@x.org>" + mail + b"\r\n"),
        OK,
        Hears(b"RCPT TO:<b@y.org>" + rcpt + b"\r\n"),
        OK,
        Hears(b"RCPT TO:<c@y.org>\r\n"),
        OK,
    )


def test_dsn_when_the_server_does_not_offer_it_then_it_is_left_out() -> None:
    """RFC 3461 5.2: the message matters more than the reports about it."""
    lines = (b"MAIL FROM:<a@x.org>", b"RCPT TO:<b@y.org>", b"RCPT TO:<c@y.org>")
    deliver(b"HELP", FULL, *(step for line in lines for step in (Hears(line + b"\r\n"), OK)))


@pytest.mark.parametrize(
    "dsn",
    [
        DsnRequest("FULL SIZE=1"),
        DsnRequest("FULL\r\nRSET"),
        DsnRequest(recipients=(RecipientDsn(("DELAY", "NEVER X=1")), RecipientDsn())),
        DsnRequest(recipients=(RecipientDsn(original="rfc822 X;b@y.org"), RecipientDsn())),
        DsnRequest(recipients=(RecipientDsn(original="rfc822\r\nRSET;b@y.org"), RecipientDsn())),
        DsnRequest(recipients=(RecipientDsn(),)),
    ],
)
def test_dsn_when_it_could_inject_or_does_not_fit_then_nothing_is_sent(dsn: DsnRequest) -> None:
    """The last guard, should a caller come past the envelope."""
    with pytest.raises(LocalProtocolError):
        deliver(b"DSN", dsn)


def test_dsn_when_a_value_holds_anything_then_it_is_one_word() -> None:
    """Line breaks, spaces and signs in values are encoded, not sent."""
    evil = "x\r\nRCPT TO:<evil@x.org>"
    deliver(
        b"DSN",
        DsnRequest(envid=evil, recipients=(RecipientDsn(original=f"rfc822;{evil}"), RecipientDsn())),
        Hears(b"MAIL FROM:<a@x.org> ENVID=x+0D+0ARCPT+20TO:<evil@x.org>\r\n"),
        OK,
        Hears(b"RCPT TO:<b@y.org> ORCPT=rfc822;x+0D+0ARCPT+20TO:<evil@x.org>\r\n"),
        OK,
        Hears(b"RCPT TO:<c@y.org>\r\n"),
        OK,
    )
