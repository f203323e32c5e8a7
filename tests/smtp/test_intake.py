"""The server taking messages in: chunks (RFC 3030), parameters (RFC 3461, RFC 6531), and what it makes of them."""

import pytest

from mailkit.errors import TransportTimeout
from mailkit.mime.bodytype import BodyType
from mailkit.smtp import DsnRequest, Received, RecipientDsn, ServerProfile
from mailkit.testing.peer import Closes, Fails, Hears, Says, Step
from tests.smtp.test_server import BARE, GREETING, QUIT, exchange, helo, play

CHUNKED = ServerProfile(
    host="mx", extensions=("PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN"), max_size=100
)
OPENED: list[Step] = [
    *helo(),
    *exchange(
        (b"MAIL FROM:<a@x.org> BODY=BINARYMIME", b"250 Sender ok"),
        (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
    ),
]
BYTES = b"\0.\r\n.\r\nQUIT\r\n\xff no end"
TAKEN = Hears(b"250 Message accepted\r\n")
TOO_LARGE = Hears(b"552 Message too large\r\n")


def bdat(data: bytes, last: bytes = b"") -> Says:
    return Says(b"BDAT %d%s\r\n%s" % (len(data), last, data))


def got(data: bytes) -> Hears:
    return Hears(b"250 %d octets received\r\n" % len(data))


def take(*steps: Step, profile: ServerProfile = CHUNKED, bytewise: bool = False) -> list[bytes]:
    """Run an open transaction and return the messages that were taken."""
    return [received.data for received in play([*OPENED, *steps, *QUIT], profile, bytewise=bytewise)]


# -- BDAT --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytewise", [False, True])
def test_bdat_when_a_message_comes_in_one_chunk_then_its_octets_are_untouched(bytewise: bool) -> None:
    """Dots, commands and NULs in it are content."""
    assert take(bdat(BYTES, b" LAST"), TAKEN, bytewise=bytewise) == [BYTES]


@pytest.mark.parametrize("bytewise", [False, True])
def test_bdat_when_a_message_comes_in_chunks_then_they_are_joined(bytewise: bool) -> None:
    """Also when the last one is empty, and when a line end falls between two."""
    steps = [
        bdat(b"one\r"),
        got(b"one\r"),
        bdat(b""),
        got(b""),
        bdat(b"\ntwo"),
        got(b"\ntwo"),
        bdat(b"", b" LAST"),
        TAKEN,
    ]
    assert take(*steps, bytewise=bytewise) == [b"one\r\ntwo"]


@pytest.mark.parametrize(
    "command", [b"BDAT 0 LAST", b"bdat 0 last", b"BDAT 00 LAST", b"BDAT 0  LAST", b"BDAT  0 LAST "]
)
def test_bdat_when_it_is_written_oddly_then_it_is_understood(command: bytes) -> None:
    """An empty message is a message."""
    assert take(*exchange((command, b"250 Message accepted"))) == [b""]


def test_bdat_when_pipelined_then_replies_keep_their_order() -> None:
    """RFC 2920: a whole message, and the next one behind it, in one flight."""
    flight = b"BDAT 3\r\noneBDAT 3 LAST\r\ntwoMAIL FROM:<>\r\nRCPT TO:<c@y.org>\r\nBDAT 5 LAST\r\nthree"
    replies = b"250 3 octets received\r\n250 Message accepted\r\n250 Sender ok\r\n250 Recipient ok\r\n"
    assert take(Says(flight), Hears(replies), TAKEN) == [b"onetwo", b"three"]


@pytest.mark.parametrize("body", [b"7BIT", b"8BITMIME", b"BINARYMIME"])
def test_bdat_when_a_body_type_was_declared_then_it_is_told(body: bytes) -> None:
    """RFC 3030 2: chunks carry all of them."""
    script = [
        *helo(),
        *exchange((b"MAIL FROM:<a@x.org> body=%s" % body.lower(), b"250 Sender ok")),
        *exchange((b"RCPT TO:<b@y.org>", b"250 Recipient ok")),
        bdat(b"Hi", b" LAST"),
        TAKEN,
        *QUIT,
    ]
    (received,) = play(script, CHUNKED)
    assert (received.data, received.body) == (b"Hi", BodyType(body.decode()))


@pytest.mark.parametrize(
    "argument",
    [b"", b"LAST", b"5 FIRST", b"-1", b"+5", b"5LAST", b"0x5", b"1" * 19, "٣".encode(), b"5 LAST LAST", b"1e3"],
)
def test_bdat_when_its_size_cannot_be_read_then_the_session_ends(argument: bytes) -> None:
    """What follows are octets of unknown number; as commands they would be smuggled ones."""
    evil = b"MAIL FROM:<evil@x.org>\r\n"
    refusal = Hears(b"501 Write BDAT size, or BDAT size LAST\r\n")
    assert play([*OPENED, Says(b"BDAT " + argument + b"\r\n" + evil), refusal], CHUNKED) == []


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(
    ("before", "reply", "profile"),
    [
        (GREETING, b"503 Say HELO or EHLO first", CHUNKED),
        (helo(), b"503 Say MAIL first", CHUNKED),
        ([*helo(), *exchange((b"MAIL FROM:<a@x.org>", b"250 Sender ok"))], b"503 No valid recipients", CHUNKED),
        (
            [
                *helo(),
                *exchange((b"MAIL FROM:<a@x.org>", b"250 Sender ok"), (b"RCPT TO:<nobody@y.org>", b"550 Who?")),
            ],
            b"503 No valid recipients",
            CHUNKED,
        ),
        (helo(), b"530 Authentication required", ServerProfile(host="mx", auth=True, auth_required=True)),
        (helo(), b"502 CHUNKING is not offered", BARE),
    ],
)
@pytest.mark.parametrize("last", [b"", b" LAST"])
def test_bdat_when_it_comes_out_of_order_then_its_octets_are_read_and_not_obeyed(
    before: list[Step], reply: bytes, profile: ServerProfile, last: bytes, bytewise: bool
) -> None:
    """The client that pipelined it has sent them already."""
    octets = b"RSET\r\nQUIT\r\nMAIL FROM:<evil@x.org>\r\n"
    assert play([*before, bdat(octets, last), Hears(reply + b"\r\n"), *QUIT], profile, bytewise=bytewise) == []


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"DATA", b"503 BDAT has begun, and DATA cannot end it"),
        (b"RCPT TO:<c@y.org>", b"503 The content has begun"),
        (b"MAIL FROM:<a@x.org>", b"503 Sender already given"),
        (b"NOOP", b"250 Still here"),
    ],
)
def test_bdat_when_another_command_comes_between_chunks_then_the_message_goes_on(said: bytes, reply: bytes) -> None:
    """RFC 3030 2: no DATA in a transaction that has begun with BDAT."""
    begun = [
        *helo(),
        *exchange((b"MAIL FROM:<a@x.org>", b"250 Sender ok"), (b"RCPT TO:<b@y.org>", b"250 Recipient ok")),
    ]
    script = [*begun, bdat(b"one"), got(b"one"), *exchange((said, reply)), bdat(b"two", b" LAST"), TAKEN, *QUIT]
    (received,) = play(script, CHUNKED)
    assert (received.recipients, received.data) == (("b@y.org",), b"onetwo")


def test_data_when_the_body_is_binary_then_it_is_refused_and_bdat_may_follow() -> None:
    """RFC 3030 3: what has no lines has no last line."""
    assert take(*exchange((b"DATA", b"503 BINARYMIME is sent by BDAT")), bdat(BYTES, b" LAST"), TAKEN) == [BYTES]


@pytest.mark.parametrize("forgetting", [(b"RSET", b"250 Forgotten"), (b"HELO you", b"250 mx Hello you")])
def test_bdat_when_reset_between_chunks_then_nothing_of_the_message_stays(forgetting: tuple[bytes, bytes]) -> None:
    """The next message begins with nothing."""
    again = exchange((b"MAIL FROM:<c@x.org>", b"250 Sender ok"), (b"RCPT TO:<b@y.org>", b"250 Recipient ok"))
    steps = [bdat(b"one"), got(b"one"), *exchange(forgetting), *again, bdat(b"two", b" LAST"), TAKEN]
    assert take(*steps) == [b"two"]


@pytest.mark.parametrize("bytewise", [False, True])
def test_bdat_when_the_message_grows_too_large_then_the_rest_is_read_and_not_kept(bytewise: bool) -> None:
    """And the next message is taken: the session stays in step."""
    sixty = b"QUIT\r\n" * 10
    again = exchange((b"MAIL FROM:<c@x.org>", b"250 Sender ok"), (b"RCPT TO:<b@y.org>", b"250 Recipient ok"))
    refused = Hears(b"503 A chunk before this one was refused\r\n")
    steps = [
        bdat(sixty),
        got(sixty),
        bdat(sixty),
        TOO_LARGE,
        bdat(b"more"),
        refused,
        bdat(b"", b" LAST"),
        refused,
        *again,
    ]
    assert take(*steps, bdat(b"x" * 100, b" LAST"), TAKEN, bytewise=bytewise) == [b"x" * 100]


def test_bdat_when_a_refused_chunk_is_followed_by_rset_then_the_next_message_is_taken() -> None:
    """What a careful client does (RFC 3030 2)."""
    again = exchange(
        (b"RSET", b"250 Forgotten"),
        (b"MAIL FROM:<c@x.org>", b"250 Sender ok"),
        (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
    )
    assert take(bdat(b"x" * 101), TOO_LARGE, *again, bdat(b"y", b" LAST"), TAKEN) == [b"y"]


def test_bdat_when_refused_chunks_are_many_then_they_are_one_mistake() -> None:
    """A client that has pipelined a large message is not a scanner."""
    refused = [bdat(b"x"), Hears(b"503 A chunk before this one was refused\r\n")] * 40
    assert take(bdat(b"x" * 101), TOO_LARGE, *refused, *exchange((b"RSET", b"250 Forgotten"))) == []


def test_bdat_when_the_policy_refuses_the_message_then_its_reply_is_given() -> None:
    """As for DATA."""
    assert len(take(bdat(b"spam", b" LAST"), Hears(b"554 Spam\r\n"))) == 1


@pytest.mark.parametrize("last", [b"", b" LAST"])
@pytest.mark.parametrize("octets", [b"", b"half"])
def test_bdat_when_the_client_hangs_up_within_a_chunk_then_nothing_is_taken(octets: bytes, last: bytes) -> None:
    """It never finished, and will send the message again."""
    assert play([*OPENED, Says(b"BDAT 100%s\r\n%s" % (last, octets)), Closes()], CHUNKED) == []


def test_bdat_when_the_client_falls_silent_within_a_chunk_then_it_is_cut_off() -> None:
    """Nobody holds a connection for ever."""
    script = [
        *OPENED,
        Says(b"BDAT 100 LAST\r\nhalf"),
        Fails(TransportTimeout("nothing came")),
        Hears(b"421 mx Idle for too long\r\n"),
    ]
    assert play(script, CHUNKED) == []


# -- DSN ---------------------------------------------------------------------------------------------------------------


def asked(mail: bytes, *rcpts: bytes) -> Received:
    """The message that came in with these parameters."""
    lines = [(b"MAIL FROM:<a@x.org>" + mail, b"250 Sender ok")]
    lines += [(b"RCPT TO:<b@y.org>" + rcpt, b"250 Recipient ok") for rcpt in rcpts or (b"",)]
    (received,) = play([*helo(), *exchange(*lines), bdat(b"Hi", b" LAST"), TAKEN, *QUIT], CHUNKED)
    return received


def test_dsn_when_nothing_is_asked_then_there_is_none() -> None:
    """Most mail."""
    assert asked(b" SIZE=5").dsn is None


@pytest.mark.parametrize(
    ("parameter", "request_"),
    [
        (b"RET=FULL", DsnRequest(ret="FULL", recipients=(RecipientDsn(),))),
        (b"ret=hdrs", DsnRequest(ret="HDRS", recipients=(RecipientDsn(),))),
        (b"ENVID=QQ314159", DsnRequest(envid="QQ314159", recipients=(RecipientDsn(),))),
        (b"ENVID=order+2018+2B15+3Dx", DsnRequest(envid="order 18+15=x", recipients=(RecipientDsn(),))),
        (b"ENVID=" + b"x" * 100, DsnRequest(envid="x" * 100, recipients=(RecipientDsn(),))),
    ],
)
def test_dsn_when_asked_in_mail_then_it_comes_with_the_message(parameter: bytes, request_: DsnRequest) -> None:
    """RFC 3461 4.3, 4.4."""
    assert asked(b" " + parameter).dsn == request_


@pytest.mark.parametrize(
    ("parameters", "recipient"),
    [
        (b"NOTIFY=NEVER", RecipientDsn(("NEVER",))),
        (b"notify=delay,Success", RecipientDsn(("SUCCESS", "DELAY"))),
        (b"ORCPT=rfc822;Bob+2Bx@y.org", RecipientDsn(original="rfc822;Bob+x@y.org")),
        (b"ORCPT=x400;/S=bob/".replace(b"=bob", b"+3Dbob"), RecipientDsn(original="x400;/S=bob/")),
        (rb"ORCPT=utf-8;zo\x{EB}@y.org", RecipientDsn(original="utf-8;zoë@y.org")),
        ("ORCPT=utf-8;zoë@y.org".encode(), RecipientDsn(original="utf-8;zoë@y.org")),
        (b"NOTIFY=FAILURE ORCPT=rfc822;b@y.org", RecipientDsn(("FAILURE",), "rfc822;b@y.org")),
    ],
)
def test_dsn_when_asked_for_a_recipient_then_it_comes_with_the_message(
    parameters: bytes, recipient: RecipientDsn
) -> None:
    """RFC 3461 4.1, 4.2; RFC 6533 3."""
    assert asked(b"", b"", b" " + parameters).dsn == DsnRequest(recipients=(RecipientDsn(), recipient))


@pytest.mark.parametrize(
    ("parameter", "reply"),
    [
        (b"RET=SOME", b"501 RET is FULL or HDRS"),
        (b"RET=", b"501 RET is FULL or HDRS"),
        (b"RET", b"501 RET is FULL or HDRS"),
        (b"RET=FULL RET=FULL", b"501 RET is given twice"),
        (b"SIZE=1 SIZE=2", b"501 SIZE is given twice"),
        *(
            (b"ENVID=" + value, b"501 ENVID is xtext of at most 100 printable characters")
            for value in (
                b"",
                b"a+b",
                b"a+2b",
                b"a=b",
                b"a+0D+0Ab",
                b"+00",
                b"x" * 101,
                "ë".encode(),
                b"+C3+AB",
                b"+FF",
            )
        ),
        (b"NOTIFY=NEVER", b"555 Unknown parameter NOTIFY"),
        (b"SIZE=" + b"1" * 21, b"555 Unknown parameter SIZE"),
        (b"SIZE=" + b"1" * 5_000, b"555 Unknown parameter SIZE"),
    ],
)
def test_mail_when_a_parameter_is_wrong_then_it_is_refused(parameter: bytes, reply: bytes) -> None:
    """And the transaction has not begun."""
    wrong = (b"MAIL FROM:<a@x.org> " + parameter, reply)
    play([*helo(), *exchange(wrong, (b"RCPT TO:<b@y.org>", b"503 Say MAIL first")), *QUIT], CHUNKED)


@pytest.mark.parametrize(
    ("parameter", "reply"),
    [
        *(
            (b"NOTIFY=" + value, b"501 NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY")
            for value in (b"", b"ALWAYS", b"NEVER,DELAY", b"DELAY,DELAY", b"DELAY,", b"SUCCESS;DELAY", b"NEVER,NEVER")
        ),
        *(
            (b"ORCPT=" + value, b"501 ORCPT is a type, a semicolon and an address in xtext")
            for value in (
                b"",
                b"b@y.org",
                b";b@y.org",
                b"rfc822;",
                b"rfc 822;b",
                b"rfc822;a+b",
                b"rfc822;a+0D+0ARSET",
                "rfc822;zoë@y.org".encode(),
                rb"utf-8;a\x{0A}b",
                rb"utf-8;a\x{D800}b",
                rb"utf-8;a\x{110000}b",
                rb"utf-8;a\xEBb",
                b"utf-8;a+20b",
            )
        ),
        (b"RET=FULL", b"555 Unknown parameter RET"),
        (b"NOTIFY=NEVER NOTIFY=NEVER", b"501 NOTIFY is given twice"),
    ],
)
def test_rcpt_when_a_parameter_is_wrong_then_it_is_refused(parameter: bytes, reply: bytes) -> None:
    """And the recipient is not one."""
    wrong = (b"RCPT TO:<c@y.org> " + parameter, reply)
    script = [
        *helo(),
        *exchange((b"MAIL FROM:<a@x.org>", b"250 Sender ok"), wrong, (b"DATA", b"503 No valid recipients")),
    ]
    play([*script, *QUIT], CHUNKED)


def test_dsn_when_not_offered_then_its_parameters_are_unknown() -> None:
    """A server that would ignore them must not take them."""
    wrong = (b"MAIL FROM:<a@x.org> RET=FULL", b"555 Unknown parameter RET")
    mail = (b"MAIL FROM:<a@x.org>", b"250 Sender ok")
    rcpt = (b"RCPT TO:<b@y.org> ORCPT=rfc822;b@y.org", b"555 Unknown parameter ORCPT")
    play([*helo(), *exchange(wrong, mail, rcpt), *QUIT], BARE)


# -- SMTPUTF8 ----------------------------------------------------------------------------------------------------------

NOT_ASCII = b"553 An address outside ASCII needs the parameter SMTPUTF8"


@pytest.mark.parametrize("profile", [CHUNKED, ServerProfile(host="mx", extensions=())])
def test_mail_when_the_address_is_not_ascii_and_smtputf8_was_not_said_then_it_is_refused(
    profile: ServerProfile,
) -> None:
    """RFC 6531 3.5."""
    play([*helo(), *exchange(("MAIL FROM:<zoë@x.org>".encode(), NOT_ASCII)), *QUIT], profile)


def test_rcpt_when_the_address_is_not_ascii_then_mail_must_have_said_smtputf8() -> None:
    """RFC 6531 3.4: the parameter of MAIL speaks for the whole message."""
    zoe = "RCPT TO:<zoë@y.org>".encode()
    script = [
        *helo(),
        *exchange(
            (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
            (zoe, NOT_ASCII),
            (b"RSET", b"250 Forgotten"),
            (b"MAIL FROM:<a@x.org> SMTPUTF8", b"250 Sender ok"),
            (zoe, b"250 Recipient ok"),
            (b"RSET", b"250 Forgotten"),
            (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
            (zoe, NOT_ASCII),
        ),
        *QUIT,
    ]
    play(script, CHUNKED)
