"""The server's conversation against scripted clients."""

from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from mailkit.errors import ConnectError, TransportTimeout
from mailkit.sansio import Call, Read, Sleep, Write
from mailkit.smtp import Judgement, Later, Policy, Received, Reply, ServerProfile, serve
from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Secures, Step


@dataclass
class Postbox(Policy):
    """Keeps what comes, and refuses what its name says."""

    received: list[Received] = field(default_factory=list)

    def authenticate(self, user: str, password: str) -> bool:
        return (user, password) in {("ada", "pw"), ("ada", "")}

    def sender(self, address: str) -> Reply | None:
        return Reply.of(550, "5.7.1 Not you") if address.startswith("spammer@") else None

    def recipient(self, address: str) -> Reply | None:
        return Reply.of(550, "5.1.1 Who?") if address.startswith("nobody@") else None

    def message(self, received: Received) -> Reply | None:
        self.received.append(received)
        return Reply.of(554, "5.6.0 Spam") if b"spam" in received.data else None


BARE = ServerProfile(host="mx", extensions=("PIPELINING", "8BITMIME", "SMTPUTF8"))
CODED = ServerProfile(host="mx")
OFFERS = b"".join(b"250-%s\r\n" % word.encode() for word in CODED.extensions)
GREETING: list[Step] = [Hears(b"220 mx ESMTP mailkit\r\n")]
QUIT: list[Step] = [Says(b"QUIT\r\n"), Hears(b"221 Bye\r\n")]


def helo(name: str = "me") -> list[Step]:
    return [*GREETING, Says(f"HELO {name}\r\n".encode()), Hears(f"250 mx Hello {name}\r\n".encode())]


def play(script: list[Step], profile: ServerProfile = BARE, *, bytewise: bool = False) -> list[Received]:
    """Run the server against a client's script and return the messages that it took."""
    postbox = Postbox()
    ScriptedPeer(script, bytewise=bytewise).run(serve(postbox, profile, peer="192.0.2.1"))
    return postbox.received


def exchange(*pairs: tuple[bytes, bytes]) -> list[Step]:
    return [step for said, heard in pairs for step in (Says(said + b"\r\n"), Hears(heard + b"\r\n"))]


# -- a whole session ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytewise", [False, True])
def test_serve_when_a_message_comes_then_the_policy_gets_it_with_its_envelope(bytewise: bool) -> None:
    """What is known of the client comes along."""
    script = [
        *helo("client.example"),
        *exchange(
            (b"mail from:<a@x.org>", b"250 Sender ok"),
            (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
            (b"RCPT TO: <c@y.org>", b"250 Recipient ok"),
            (b"DATA", b"354 End data with <CR><LF>.<CR><LF>"),
            (b"Subject: hi\r\n\r\n..dot\r\n.", b"250 Message accepted"),
        ),
        *QUIT,
    ]
    assert play(script, bytewise=bytewise) == [
        Received(
            sender="a@x.org",
            recipients=("b@y.org", "c@y.org"),
            data=b"Subject: hi\r\n\r\n.dot\r\n",
            hello="client.example",
            peer="192.0.2.1",
        )
    ]


def test_serve_when_commands_are_pipelined_then_replies_leave_together() -> None:
    """RFC 2920: one flight in, one flight out, up to the next that must wait."""
    script = [
        *helo(),
        Says(b"MAIL FROM:<a@x.org>\r\nRCPT TO:<nobody@y.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\n"),
        Hears(b"250 Sender ok\r\n550 Who?\r\n250 Recipient ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"),
        Says(b"one\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<b@y.org>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n"),
        Hears(
            b"250 Message accepted\r\n250 Sender ok\r\n250 Recipient ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"
            b"250 Message accepted\r\n221 Bye\r\n"
        ),
    ]
    assert [(got.sender, got.data) for got in play(script)] == [("a@x.org", b"one\r\n"), ("", b"two\r\n")]


def test_ehlo_when_said_then_what_the_profile_offers_is_listed() -> None:
    """AUTH appears only where a password would be safe."""
    profile = ServerProfile(host="mx", starttls=True, auth=True, max_size=1000)
    offers = b"250-mx Hello me\r\n" + OFFERS
    script = [
        *GREETING,
        *exchange(
            (b"EHLO me", offers + b"250-SIZE 1000\r\n250 STARTTLS"),
            (b"STARTTLS", b"220 2.0.0 Go ahead"),
        ),
        Secures(),
        *exchange(
            (b"EHLO me", offers + b"250-SIZE 1000\r\n250 AUTH PLAIN LOGIN"),
            (b"QUIT", b"221 2.0.0 Bye"),
        ),
    ]
    play(script, profile)


# -- order and syntax --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"MAIL FROM:<a@x.org>", b"503 Say HELO or EHLO first"),
        (b"RCPT TO:<b@y.org>", b"503 Say HELO or EHLO first"),
        (b"DATA", b"503 Say HELO or EHLO first"),
        (b"STARTTLS", b"503 Say HELO or EHLO first"),
        (b"HELO", b"501 Say who you are"),
        (b"EHLO  ", b"501 Say who you are"),
        (b"BOGUS", b"500 Unknown command"),
        (b"", b"500 Unknown command"),
        (b"run", b"500 Unknown command"),
        (b"NOOP \xff", b"500 Commands are ASCII or UTF-8"),
        (b"NOOP\rQUIT", b"500 A line has neither CR nor NUL within"),
        (b"NOOP\0", b"500 A line has neither CR nor NUL within"),
        (b"NOOP anything", b"250 Still here"),
        (b"RSET", b"250 Forgotten"),
    ],
)
def test_command_when_said_before_hello_then_it_gets_its_answer(said: bytes, reply: bytes) -> None:
    """RFC 5321 4.1.4: some commands need a greeting, and some do not."""
    play([*GREETING, *exchange((said, reply)), *QUIT])


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"RCPT TO:<b@y.org>", b"503 Say MAIL first"),
        (b"DATA", b"503 Say MAIL first"),
        (b"STARTTLS", b"503 STARTTLS is not available now"),
        (b"AUTH PLAIN AGFkYQBwdw==", b"503 AUTH is not available now"),
        (b"VRFY ada", b"252 Send some mail, and see"),
        (b"MAIL", b"501 Write MAIL FROM:<address>"),
        (b"MAIL TO:<a@x.org>", b"501 Write MAIL FROM:<address>"),
        (b"MAIL FROM:a@x.org", b"501 Write MAIL FROM:<address>"),
        (b"MAIL FROM:<a@x.org", b"501 Write MAIL FROM:<address>"),
        (b"MAIL FROM:<a b@x.org>", b"501 Write MAIL FROM:<address>"),
        (b"MAIL FROM:<a@x.org><b@y.org>", b"555 Unknown parameter <B@Y.ORG>"),
        (b'MAIL FROM:<"a b>"@x.org>', b"250 Sender ok"),
        (b"MAIL FROM:<>", b"250 Sender ok"),
        ("MAIL FROM:<zoë@x.org> SMTPUTF8".encode(), b"250 Sender ok"),
        (b"MAIL FROM:<a@x.org> SIZE=100 BODY=8BITMIME", b"250 Sender ok"),
        (b"MAIL FROM:<a@x.org> BODY=7BIT", b"250 Sender ok"),
        (b"MAIL FROM:<a@x.org> BODY=BINARYMIME", b"555 Unknown parameter BODY"),
        (b"MAIL FROM:<a@x.org> SIZE=lots", b"555 Unknown parameter SIZE"),
        (b"MAIL FROM:<a@x.org> SIZE=99999999999", b"552 Message too large"),
        (b"MAIL FROM:<a@x.org> X=1", b"555 Unknown parameter X"),
        (b"MAIL FROM:<spammer@x.org>", b"550 Not you"),
    ],
)
def test_command_when_said_after_hello_then_it_gets_its_answer(said: bytes, reply: bytes) -> None:
    """Order, syntax, parameters and the policy's judgement."""
    play([*helo(), *exchange((said, reply)), *QUIT])


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"MAIL FROM:<c@x.org>", b"503 Sender already given"),
        (b"DATA", b"503 No valid recipients"),
        (b"STARTTLS", b"503 Sender already given"),
        (b"RCPT TO:<>", b"501 Write RCPT TO:<address>"),
        (b"RCPT FROM:<b@y.org>", b"501 Write RCPT TO:<address>"),
        (b"RCPT TO:<b@y.org> NOTIFY=NEVER", b"555 Unknown parameter NOTIFY"),
        (b"RCPT TO:<nobody@y.org>", b"550 Who?"),
    ],
)
def test_command_when_said_after_mail_then_it_gets_its_answer(said: bytes, reply: bytes) -> None:
    """Within a transaction."""
    play([*helo(), *exchange((b"MAIL FROM:<a@x.org>", b"250 Sender ok"), (said, reply)), *QUIT])


@pytest.mark.parametrize("forgetting", [(b"RSET", b"250 Forgotten"), (b"HELO you", b"250 mx Hello you")])
def test_transaction_when_it_is_reset_then_nothing_of_it_stays(forgetting: tuple[bytes, bytes]) -> None:
    """A recipient of one message must not get the next."""
    script = [
        *helo(),
        *exchange(
            (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
            (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
            forgetting,
            (b"DATA", b"503 Say MAIL first"),
            (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
            (b"DATA", b"503 No valid recipients"),
        ),
        *QUIT,
    ]
    assert play(script) == []


def test_message_when_the_policy_refuses_it_then_its_reply_is_given_and_the_session_goes_on() -> None:
    """One bad message is not a bad session."""
    message = exchange(
        (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
        (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
        (b"DATA", b"354 End data with <CR><LF>.<CR><LF>"),
    )
    script = [*helo(), *message, *exchange((b"spam\r\n.", b"554 Spam")), *message]
    assert len(play([*script, *exchange((b"ham\r\n.", b"250 Message accepted")), *QUIT])) == 2


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize("hidden", [b"NOOP\nMAIL FROM:<evil@x.org>\r\n", b"NOOP \nQUIT\r\n", b"\n", b"HELO me\n"])
def test_command_when_a_line_ends_with_a_bare_lf_then_nothing_after_it_is_obeyed(hidden: bytes, bytewise: bool) -> None:
    """What is one line for one server is two commands for another: that is how commands are smuggled."""
    last = hidden[: hidden.index(b"\n") + 1] if bytewise else hidden
    play([*GREETING, Says(last), Hears(b"521 A line ends with CR LF\r\n")], bytewise=bytewise)


@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\n\r.\r\n"])
def test_data_when_something_like_its_end_comes_then_what_follows_is_content(end: bytes) -> None:
    """SMTP smuggling: a second message hidden in the first stays hidden text."""
    hidden = b"first" + end + b"MAIL FROM:<evil@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\nsecond"
    script = [
        *helo(),
        *exchange(
            (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
            (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
            (b"DATA", b"354 End data with <CR><LF>.<CR><LF>"),
            (hidden + b"\r\n.", b"250 Message accepted"),
        ),
        *QUIT,
    ]
    assert [got.sender for got in play(script)] == ["a@x.org"]


# -- limits ------------------------------------------------------------------------------------------------------------


def test_message_when_larger_than_allowed_then_it_is_refused_and_not_kept() -> None:
    """The limit holds also for clients that did not say SIZE."""
    script = [
        *helo(),
        *exchange(
            (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
            (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
            (b"DATA", b"354 End data with <CR><LF>.<CR><LF>"),
            (b"0123456789\r\n.", b"552 Message too large"),
        ),
        *QUIT,
    ]
    assert play(script, ServerProfile(host="mx", max_size=10)) == []


def test_recipients_when_more_than_allowed_then_the_rest_may_come_later() -> None:
    """RFC 5321 4.5.3.1.10: 452, which is temporary."""
    script = [
        *helo(),
        *exchange(
            (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
            (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
            (b"RCPT TO:<c@y.org>", b"452 Too many recipients"),
        ),
        *QUIT,
    ]
    play(script, ServerProfile(host="mx", max_recipients=1))


def test_line_when_longer_than_any_command_then_the_session_ends() -> None:
    """A peer cannot fill the memory with one line."""
    play([*GREETING, Says(b"x" * 20_000), Hears(b"500 Line too long\r\n")])


def test_errors_when_there_are_too_many_then_the_session_ends() -> None:
    """Whoever only makes mistakes is a scanner, or lost."""
    mistakes = exchange(*[(b"BOGUS", b"500 Unknown command")] * 20)
    script = [*GREETING, *mistakes, Says(b"BOGUS\r\n"), Hears(b"500 Unknown command\r\n421 Too many errors\r\n")]
    play(script)


def test_client_when_idle_then_it_is_told_and_cut_off() -> None:
    """Nobody holds a connection for ever."""
    play([*GREETING, Fails(TransportTimeout("nothing came")), Hears(b"421 mx Idle for too long\r\n")])


@pytest.mark.parametrize(
    "before",
    [
        GREETING,
        [*GREETING, Says(b"HEL")],
        [*helo(), *exchange((b"MAIL FROM:<a@x.org>", b"250 Sender ok"))],
        [
            *helo(),
            *exchange(
                (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
                (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
                (b"DATA", b"354 End data with <CR><LF>.<CR><LF>"),
            ),
            Says(b"half a message\r\n."),
        ],
    ],
)
def test_client_when_it_hangs_up_then_nothing_is_taken(before: list[Step]) -> None:
    """A message without its end was never sent; the client will come again."""
    assert play([*before, Closes()]) == []


def test_client_when_the_wire_breaks_then_the_error_comes_out() -> None:
    """The pump must know that the connection is gone."""
    with pytest.raises(ConnectError):
        play([*GREETING, Fails(ConnectError("reset"))])


# -- STARTTLS and AUTH -------------------------------------------------------------------------------------------------

SECURE_SHOP = ServerProfile(host="mx", starttls=True, auth=True, extensions=())
EHLO: list[Step] = [Says(b"EHLO me\r\n"), Hears(b"250-mx Hello me\r\n250-SIZE 50000000\r\n250 AUTH PLAIN LOGIN\r\n")]
SECURED: list[Step] = [
    *GREETING,
    *exchange(
        (b"EHLO me", b"250-mx Hello me\r\n250-SIZE 50000000\r\n250 STARTTLS"),
        (b"STARTTLS", b"220 Go ahead"),
    ),
    Secures(),
]


def test_starttls_when_commands_came_along_in_the_clear_then_they_are_dropped() -> None:
    """RFC 3207 4.2, and the server's half of CVE-2011-0411."""
    script = [
        *GREETING,
        *exchange((b"EHLO me", b"250-mx Hello me\r\n250-SIZE 50000000\r\n250 STARTTLS")),
        Says(b"STARTTLS\r\nMAIL FROM:<evil@x.org>\r\n"),
        Hears(b"220 Go ahead\r\n"),
        Secures(),
        *exchange((b"MAIL FROM:<a@x.org>", b"503 Say HELO or EHLO first")),
        *EHLO,
        *QUIT,
    ]
    play(script, SECURE_SHOP)


def test_starttls_when_already_secure_then_it_is_refused() -> None:
    """TLS within TLS is nobody's wish."""
    play([*SECURED, *EHLO, *exchange((b"STARTTLS", b"503 STARTTLS is not available now")), *QUIT], SECURE_SHOP)


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(
    "dialogue",
    [
        [(b"AUTH PLAIN AGFkYQBwdw==", b"235 Welcome")],
        [(b"auth plain", b"334 "), (b"AGFkYQBwdw==", b"235 Welcome")],
        [(b"AUTH LOGIN", b"334 VXNlcm5hbWU6"), (b"YWRh", b"334 UGFzc3dvcmQ6"), (b"cHc=", b"235 Welcome")],
        [(b"AUTH LOGIN YWRh", b"334 UGFzc3dvcmQ6"), (b"cHc=", b"235 Welcome")],
        [(b"AUTH LOGIN YWRh", b"334 UGFzc3dvcmQ6"), (b"", b"235 Welcome")],
        [(b"AUTH PLAIN AGFkYQB4", b"535 User or password not accepted")],
        [(b"AUTH PLAIN =", b"501 Authentication was cancelled or garbled")],
        [(b"AUTH PLAIN ????", b"501 Authentication was cancelled or garbled")],
        [(b"AUTH PLAIN /w==", b"501 Authentication was cancelled or garbled")],
        [(b"AUTH PLAIN", b"334 "), (b"*", b"501 Authentication was cancelled or garbled")],
        [(b"AUTH LOGIN", b"334 VXNlcm5hbWU6"), (b"*", b"501 Authentication was cancelled or garbled")],
        [(b"AUTH LOGIN YWRh", b"334 UGFzc3dvcmQ6"), (b"*", b"501 Authentication was cancelled or garbled")],
        [(b"AUTH CRAM-MD5", b"504 Unknown mechanism")],
        [(b"AUTH PLAIN AGFkYQBwdw==", b"235 Welcome"), (b"AUTH PLAIN AGFkYQBwdw==", b"503 AUTH is not available now")],
    ],
)
def test_auth_when_tried_then_each_mechanism_answers(dialogue: list[tuple[bytes, bytes]], bytewise: bool) -> None:
    """Right, wrong, cancelled, garbled."""
    play([*SECURED, *EHLO, *exchange(*dialogue), *QUIT], SECURE_SHOP, bytewise=bytewise)


def test_auth_when_required_then_mail_waits_for_it() -> None:
    """A submission server takes nothing from strangers, and remembers who sent."""
    profile = ServerProfile(host="mx", auth=True, auth_required=True, unsafe_plaintext_auth=True, extensions=())
    script = [
        *GREETING,
        *EHLO,
        *exchange(
            (b"MAIL FROM:<a@x.org>", b"530 Authentication required"),
            (b"AUTH PLAIN AGFkYQBwdw==", b"235 Welcome"),
            (b"MAIL FROM:<a@x.org>", b"250 Sender ok"),
            (b"RCPT TO:<b@y.org>", b"250 Recipient ok"),
            (b"DATA", b"354 End data with <CR><LF>.<CR><LF>"),
            (b".", b"250 Message accepted"),
        ),
        *QUIT,
    ]
    (received,) = play(script, profile)
    assert (received.user, received.data) == ("ada", b"")


def test_auth_when_the_client_hangs_up_half_way_then_the_session_just_ends() -> None:
    """The rest of the exchange is not waited for."""
    with pytest.raises(ConnectError):
        play([*SECURED, *EHLO, *exchange((b"AUTH LOGIN", b"334 VXNlcm5hbWU6")), Closes()], SECURE_SHOP)


def test_replies_when_the_client_knows_enhanced_codes_then_they_are_sent() -> None:
    """RFC 2034: after EHLO only."""
    script = [
        *GREETING,
        *exchange((b"HELO me", b"250 mx Hello me"), (b"RSET", b"250 Forgotten")),
        Says(b"EHLO me\r\n"),
        Hears(b"250-mx Hello me\r\n" + OFFERS),
        Hears(b"250 SIZE 50000000\r\n"),
        *exchange((b"RSET", b"250 2.0.0 Forgotten"), (b"QUIT", b"221 2.0.0 Bye")),
    ]
    play(script, CODED)


class _Broken(Policy):
    def authenticate(self, user: str, password: str) -> bool:
        raise RuntimeError("the database is away")

    def message(self, received: Received) -> None:
        raise RuntimeError("the disk is full")


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (b"EHLO me\r\nAUTH PLAIN AGEAYg==\r\nQUIT\r\n", b"454 4.7.0"),
        (b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nHi\r\n.\r\nQUIT\r\n", b"451 4.3.0"),
    ],
)
def test_a_policy_that_fails_gives_a_temporary_refusal(
    commands: bytes, expected: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The client is told to come back, not left in doubt and not let in; the failure is logged."""
    profile = ServerProfile(auth=True, unsafe_plaintext_auth=True)
    said = b""
    conversation = serve(_Broken(), profile)
    effect = next(conversation)
    fed = False
    while effect:
        result: object = None
        if isinstance(effect, Write):
            said += effect.data
        elif isinstance(effect, Call):
            result = effect.deed()
        else:
            result, fed = b"" if fed else commands, True
        try:
            effect = conversation.send(result)
        except StopIteration:
            break
    assert expected in said
    assert b"235" not in said
    assert "policy" in caplog.text


# -- what a policy may say, and hears --------------------------------------------------------------------------------


@dataclass
class Slow(Policy):
    """Takes its time at every stage, and notes who was asked what."""

    may_block = False
    asked: list[str] = field(default_factory=list)

    def _later(self, stage: str) -> Later:
        return Later(3.0, lambda: self.asked.append(stage))

    def connect(self, peer: str) -> Judgement:
        return self._later("connect")

    def hello(self, name: str) -> Judgement:
        return self._later("hello")

    def sender(self, address: str) -> Judgement:
        return self._later("sender")

    def recipient(self, address: str) -> Judgement:
        return self._later("recipient")

    def data(self, sender: str, recipients: tuple[str, ...]) -> Judgement:
        return self._later("data")

    def message(self, received: Received) -> Judgement:
        return Later(3.0, lambda: Later(4.0, lambda: Reply.of(554, "5.6.0 Too slow")))


def played(policy: Policy, profile: ServerProfile, said: bytes) -> tuple[bytes, list[object]]:
    """Run the server against a client that says all at once and goes away. Returns what it heard, and the other effects."""
    heard, effects = b"", []
    conversation, coming = serve(policy, profile, peer="192.0.2.1"), [said]
    result: object = None
    try:
        while True:
            effect = conversation.send(result)
            result = None
            match effect:
                case Write(data):
                    heard += data
                case Read():
                    result = coming.pop() if coming else b""
                case Call(deed):
                    result = deed()
                case _:
                    effects.append(effect)
    except StopIteration:
        return heard, effects


TRANSACTION = b"EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\nHi\r\n.\r\nQUIT\r\n"


def test_serve_when_a_verdict_comes_later_then_the_wire_sleeps_and_the_verdict_counts() -> None:
    """No thread waits for it, and a verdict may be put off again."""
    policy = Slow()
    heard, effects = played(policy, CODED, TRANSACTION)
    assert effects == [Sleep(3.0)] * 6 + [Sleep(4.0)]
    assert policy.asked == ["connect", "hello", "sender", "recipient", "data"]
    assert heard.endswith(b"554 5.6.0 Too slow\r\n221 2.0.0 Bye\r\n")


def test_serve_when_much_is_asked_at_once_then_replies_leave_in_pieces_and_others_have_their_turn() -> None:
    """Short commands have long replies: they do not pile up, and an event loop gets to its other clients in between."""
    conversation, written, turns = serve(Postbox(), BARE), [], 0
    coming, result = [b"HELP\r\n" * 10_000], None
    with suppress(StopIteration):
        while True:
            effect = conversation.send(result)
            result = None
            match effect:
                case Write(data):
                    written.append(len(data))
                case Read():
                    result = coming.pop() if coming else b""
                case Sleep(seconds):
                    turns += seconds == 0
    assert sum(written) > 700_000
    assert max(written) < 70_000
    assert turns == len(written) - 2  # but for the greeting and the rest


@dataclass
class Once(Policy):
    """Refuses the first content that is offered, with a reply."""

    reply: Reply
    messages: list[bytes] = field(default_factory=list)
    has_refused: bool = False

    def data(self, sender: str, recipients: tuple[str, ...]) -> Reply | None:
        if self.has_refused:
            return None
        self.has_refused = True
        return self.reply

    def message(self, received: Received) -> Reply | None:
        self.messages.append(received.data)
        return None


def test_bdat_when_the_policy_refuses_the_first_chunk_then_the_rest_makes_no_message() -> None:
    """RFC 3030 2: a client that sends its chunks in one flight gets no message without its beginning."""
    policy = Once(Reply.of(451, "4.3.0 Not now"))
    start = b"MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\n"
    heard, _ = played(
        policy,
        CODED,
        b"EHLO me\r\n" + start + b"BDAT 5\r\nfirstBDAT 6 LAST\r\nsecond" + start + b"BDAT 5 LAST\r\nwhole",
    )
    assert policy.messages == [b"whole"]
    assert b"451 4.3.0 Not now\r\n503 5.5.1 A chunk before this one was refused\r\n" in heard


def test_serve_when_a_reply_is_421_then_it_is_the_last() -> None:
    """RFC 5321 4.2.3: whoever says it closes the channel."""
    heard, _ = played(Once(Reply.of(421, "4.3.2 Closing")), CODED, TRANSACTION)
    assert heard.endswith(b"421 4.3.2 Closing\r\n")


class Listening(Policy):
    """Keeps the transcript of the session."""

    transcript: tuple[str, ...] = ()

    def ended(self, transcript: tuple[str, ...]) -> None:
        self.transcript = transcript


SECRET = b64encode(b"\0ada\0swordfish")


@pytest.mark.parametrize(
    "lines",
    [
        (b"AUTH PLAIN " + SECRET,),
        (b"AUTH PLAIN", SECRET),
        (b"AUTH LOGIN", b"YWRh", SECRET),
        (b"auth plain " + SECRET,),
        (b"AUTH  PLAIN " + SECRET,),
        (b" AUTH PLAIN " + SECRET,),
        (b"AUTH\tPLAIN\t" + SECRET,),
        (b"AUTH " + SECRET,),
        (b"AUTH XUNKNOWN " + SECRET,),
    ],
)
def test_transcript_when_somebody_logs_in_then_no_secret_is_in_it(lines: tuple[bytes, ...]) -> None:
    """However wrongly the lines are written that say it."""
    policy = Listening()
    profile = ServerProfile(auth=True, unsafe_plaintext_auth=True, keeps_transcript=True, is_lenient=True)
    played(policy, profile, b"".join(line + b"\r\n" for line in (b"EHLO me", *lines, b"QUIT")))
    assert policy.transcript[-2] == "C: QUIT"
    assert any(line.startswith("C: ") and line.endswith("***") for line in policy.transcript)
    assert SECRET.decode()[:6] not in "".join(policy.transcript)


def test_transcript_when_the_policy_fails_over_it_then_the_session_ends_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An application's bookkeeping takes nothing down."""

    class Failing(Policy):
        def ended(self, transcript: tuple[str, ...]) -> None:
            raise RuntimeError("no room")

    heard, _ = played(Failing(), ServerProfile(keeps_transcript=True), b"QUIT\r\n")
    assert heard.endswith(b"221 Bye\r\n")
    assert "no room" in caplog.text
