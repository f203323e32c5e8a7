"""The client's conversation against scripts: every phase, and every way in which it can fail there."""

from collections.abc import Sequence

import pytest

from mailkit.errors import (
    AuthError,
    CapabilityMissing,
    ConnectError,
    LocalProtocolError,
    RemoteProtocolError,
    ReplyError,
    TlsError,
    TransportTimeout,
)
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Conversation
from mailkit.secret import Secret
from mailkit.smtp import Answer, Client, Content, Credentials, Profile, StartTlsPolicy
from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Secures, Step

LOST = ConnectError("the wire is cut")
SLOW = TransportTimeout("nothing came")
ADA = Credentials("ada", Secret("pw"))
PLAIN = Profile("me", starttls=StartTlsPolicy.OFF)
UNSAFE_LOGIN = Profile("me", starttls=StartTlsPolicy.OFF, credentials=ADA, unsafe_plaintext_auth=True)

GREETED: list[Step] = [Says(b"220 hi\r\n"), Hears(b"EHLO me\r\n")]
READY: list[Step] = [*GREETED, Says(b"250 ok\r\n")]
PIPELINED: list[Step] = [*GREETED, Says(b"250-ok\r\n250 PIPELINING\r\n")]
MAIL: list[Step] = [Hears(b"MAIL FROM:<a@x.org>\r\n"), Says(b"250 ok\r\n")]
RCPT: list[Step] = [Hears(b"RCPT TO:<b@y.org>\r\n"), Says(b"250 ok\r\n")]
DATA: list[Step] = [Hears(b"DATA\r\n"), Says(b"354 go\r\n")]
BODY: list[Step] = [Hears(b"hello\r\n.\r\n")]
RSET: list[Step] = [Hears(b"RSET\r\n"), Says(b"250 ok\r\n")]
HELLO = Content.of(b"hello\r\n")


def opened(client: Client) -> Conversation[Client]:
    yield from client.open()
    return client


def sent(
    client: Client, *to: str, content: Content = HELLO, sender: str = "a@x.org"
) -> Conversation[tuple[Answer, ...]]:
    """Open the session and deliver one message."""
    yield from client.open()
    return (yield from client.deliver(sender, to or ("b@y.org",), content))


def codes(answers: Sequence[Answer]) -> list[tuple[str, int]]:
    return [(answer.command, answer.reply.code if answer.reply else 0) for answer in answers]


# -- opening -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytewise", [False, True])
def test_open_when_the_server_greets_in_many_lines_then_capabilities_are_known(bytewise: bool) -> None:
    """Multi-line replies are read whole, however they arrive."""
    script = [
        Says(b"220-welcome\r\n220 to mx\r\n"),
        Hears(b"EHLO me\r\n"),
        Says(b"250-mx.example.com Hello\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 PIPELINING\r\n"),
    ]
    client = ScriptedPeer(script, bytewise=bytewise).run(opened(Client(PLAIN)))
    assert client.is_usable
    assert client.capabilities.host == "mx.example.com"
    assert sorted(client.capabilities.extensions) == ["8BITMIME", "PIPELINING", "SIZE"]


@pytest.mark.parametrize(("greeting", "temporary"), [(b"421 busy\r\n", True), (b"554 go away\r\n", False)])
def test_open_when_the_greeting_refuses_then_the_error_says_whether_to_try_again(
    greeting: bytes, temporary: bool
) -> None:
    """4yz may pass, 5yz will not."""
    with pytest.raises(ReplyError, match="refused the connection") as caught:
        ScriptedPeer([Says(greeting)]).run(Client(PLAIN).open())
    assert caught.value.is_temporary is temporary


def test_open_when_ehlo_is_unknown_then_helo_is_said() -> None:
    """RFC 5321 3.2: the oldest servers still get their mail."""
    script = [*GREETED, Says(b"502 what?\r\n"), Hears(b"HELO me\r\n"), Says(b"250 old.example.com\r\n")]
    client = ScriptedPeer(script).run(opened(Client(PLAIN)))
    assert (client.capabilities.host, client.capabilities.extensions) == ("old.example.com", {})


def test_open_when_ehlo_and_helo_are_refused_then_the_hint_names_the_option() -> None:
    """A name that the server does not like can be changed."""
    script = [*GREETED, Says(b"501 bad name\r\n"), Hears(b"HELO me\r\n"), Says(b"501 bad name\r\n")]
    with pytest.raises(ReplyError) as caught:
        ScriptedPeer(script).run(Client(PLAIN).open())
    assert "hello=" in caught.value.hint


def test_open_when_ehlo_gets_421_then_nothing_more_is_said() -> None:
    """The server is closing; there is no point in HELO."""
    with pytest.raises(ReplyError) as caught:
        ScriptedPeer([*GREETED, Says(b"421 bye\r\n")]).run(Client(PLAIN).open())
    assert caught.value.is_temporary


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([Closes()], ConnectError),
        ([Says(b"220 half a gree"), Closes()], ConnectError),
        ([Fails(SLOW)], TransportTimeout),
        ([Says(b"HTTP/1.1 400 Bad Request\r\n")], RemoteProtocolError),
        ([Says(b"\x15\x03\x01\x00\x02\x02\n")], RemoteProtocolError),
        ([Says(b"x" * 5_000)], RemoteProtocolError),
        ([Says(b"354 go\r\n")], ReplyError),
        ([Says(b"220 hi\r\n250 and more\r\n")], RemoteProtocolError),
        ([Says(b"220 hi\r\n"), Fails(LOST)], ConnectError),
        ([*GREETED, Closes()], ConnectError),
        ([*GREETED, Says(b"250-no end\r\n" * 300)], RemoteProtocolError),
        ([*GREETED, Says(b"250-a\r\n550 b\r\n")], RemoteProtocolError),
    ],
)
def test_open_when_the_server_misbehaves_then_the_error_says_how(script: list[Step], error: type[Exception]) -> None:
    """Hang-ups, silence, garbage and floods each end the opening, and nothing goes on."""
    client = Client(PLAIN)
    with pytest.raises(error):
        ScriptedPeer(script).run(client.open())
    assert not client.is_usable


# -- STARTTLS ----------------------------------------------------------------------------------------------------------

OFFERS_TLS: list[Step] = [*GREETED, Says(b"250-ok\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"), Hears(b"STARTTLS\r\n")]


@pytest.mark.parametrize("policy", [StartTlsPolicy.REQUIRED, StartTlsPolicy.OPPORTUNISTIC])
def test_starttls_when_offered_then_the_session_is_secured_and_greeted_again(policy: StartTlsPolicy) -> None:
    """RFC 3207 4.2: what was offered in the clear is forgotten."""
    script = [*OFFERS_TLS, Says(b"220 go\r\n"), Secures(), Hears(b"EHLO me\r\n"), Says(b"250-ok\r\n250 SIZE 5\r\n")]
    client = ScriptedPeer(script).run(opened(Client(Profile("me", starttls=policy))))
    assert client.is_secure
    assert list(client.capabilities.extensions) == ["SIZE"]


def test_starttls_when_required_and_not_offered_then_nothing_is_sent() -> None:
    """No silent plaintext."""
    with pytest.raises(TlsError, match="does not offer STARTTLS") as caught:
        ScriptedPeer(READY).run(Client(Profile("me", credentials=ADA)).open())
    assert "smtps" in caught.value.hint


def test_starttls_when_required_and_the_server_knows_only_helo_then_nothing_is_sent() -> None:
    """Falling back to HELO must not fall back to plain text."""
    script = [*GREETED, Says(b"500 what?\r\n"), Hears(b"HELO me\r\n"), Says(b"250 ok\r\n")]
    with pytest.raises(TlsError):
        ScriptedPeer(script).run(Client(Profile("me")).open())


def test_starttls_when_opportunistic_and_not_offered_then_the_session_stays_plain() -> None:
    """For loopback only, where the URL's default chooses it."""
    client = ScriptedPeer(READY).run(opened(Client(Profile("me", starttls=StartTlsPolicy.OPPORTUNISTIC))))
    assert not client.is_secure


def test_starttls_when_switched_off_then_it_is_not_asked_for() -> None:
    """?tls=off means off."""
    script = [*GREETED, Says(b"250-ok\r\n250 STARTTLS\r\n")]
    assert not ScriptedPeer(script).run(opened(Client(PLAIN))).is_secure


@pytest.mark.parametrize("policy", [StartTlsPolicy.REQUIRED, StartTlsPolicy.OPPORTUNISTIC])
@pytest.mark.parametrize("refusal", [b"454 not now\r\n", b"501 no\r\n"])
def test_starttls_when_refused_after_being_offered_then_the_session_ends(
    policy: StartTlsPolicy, refusal: bytes
) -> None:
    """Someone on the path could have refused it in the server's name."""
    with pytest.raises(TlsError, match="refused STARTTLS"):
        ScriptedPeer([*OFFERS_TLS, Says(refusal)]).run(Client(Profile("me", starttls=policy)).open())


@pytest.mark.parametrize("injected", [b"250 evil\r\n", b"2", b"250-AUTH PLAIN\r\n"])
def test_starttls_when_bytes_come_before_the_handshake_then_they_are_refused(injected: bytes) -> None:
    """CVE-2011-0411: nothing said in the clear counts as said under TLS."""
    with pytest.raises(TlsError, match="before the handshake"):
        ScriptedPeer([*OFFERS_TLS, Says(b"220 go\r\n" + injected)]).run(Client(Profile("me")).open())


def test_starttls_when_the_handshake_fails_then_its_error_comes_out() -> None:
    """A certificate that cannot be trusted ends the session."""
    with pytest.raises(TlsError, match="not trusted"):
        ScriptedPeer([*OFFERS_TLS, Says(b"220 go\r\n"), Fails(TlsError("not trusted"))]).run(
            Client(Profile("me", starttls=StartTlsPolicy.OPPORTUNISTIC)).open()
        )


# -- AUTH --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(
    ("offer", "dialogue"),
    [
        (b"PLAIN LOGIN", [Hears(b"AUTH PLAIN AGFkYQBwdw==\r\n"), Says(b"235 in\r\n")]),
        (
            b"LOGIN",
            [
                Hears(b"AUTH LOGIN\r\n"),
                Says(b"334 VXNlcm5hbWU6\r\n"),
                Hears(b"YWRh\r\n"),
                Says(b"334 UGFzc3dvcmQ6\r\n"),
                Hears(b"cHc=\r\n"),
                Says(b"235 2.7.0 in\r\n"),
            ],
        ),
        (
            b"LOGIN",
            [
                Hears(b"AUTH LOGIN\r\n"),
                Says(b"334 not base64!\r\n"),
                Hears(b"YWRh\r\n"),
                Says(b"334\r\n"),
                Hears(b"cHc=\r\n"),
                Says(b"235 in\r\n"),
            ],
        ),
    ],
)
def test_auth_when_the_mechanism_is_offered_then_its_dialogue_is_exact(
    offer: bytes, dialogue: list[Step], bytewise: bool
) -> None:
    """PLAIN in one step, LOGIN in three, and odd challenges do no harm."""
    script = [*GREETED, Says(b"250-ok\r\n250 AUTH " + offer + b"\r\n"), *dialogue]
    assert ScriptedPeer(script, bytewise=bytewise).run(opened(Client(UNSAFE_LOGIN))).is_usable


@pytest.mark.parametrize("policy", [StartTlsPolicy.OPPORTUNISTIC, StartTlsPolicy.OFF])
def test_auth_when_the_session_is_not_secure_then_the_password_is_not_sent(policy: StartTlsPolicy) -> None:
    """A password in the clear needs an option that says so."""
    script = [*GREETED, Says(b"250-ok\r\n250 AUTH PLAIN\r\n")]
    with pytest.raises(AuthError, match="not encrypted"):
        ScriptedPeer(script).run(Client(Profile("me", starttls=policy, credentials=ADA)).open())


def test_auth_when_tls_was_implicit_then_it_is_secure_enough() -> None:
    """smtps:// needs no STARTTLS."""
    script = [
        *GREETED,
        Says(b"250-ok\r\n250 AUTH PLAIN\r\n"),
        Hears(b"AUTH PLAIN AGFkYQBwdw==\r\n"),
        Says(b"235 in\r\n"),
    ]
    client = Client(Profile("me", credentials=ADA), is_secure=True)
    assert ScriptedPeer(script).run(opened(client)).is_usable


@pytest.mark.parametrize(
    ("refusal", "temporary", "hint"),
    [
        (b"535 5.7.8 wrong\r\n", False, "Check user and password"),
        (b"534 5.7.9 Application-specific password required\r\n", False, "app password"),
        (b"454 4.7.0 no directory now\r\n", True, "Try again later"),
    ],
)
def test_auth_when_refused_then_the_error_names_the_user_and_not_the_password(
    refusal: bytes, temporary: bool, hint: str
) -> None:
    """Who could not log in and what to do is said; the secret is not."""
    credentials = Credentials("ada", Secret("open sesame"))
    script = [
        *GREETED,
        Says(b"250-ok\r\n250 AUTH PLAIN\r\n"),
        Hears(b"AUTH PLAIN AGFkYQBvcGVuIHNlc2FtZQ==\r\n"),
        Says(refusal),
    ]
    with pytest.raises(AuthError, match="'ada'") as caught:
        ScriptedPeer(script).run(Client(Profile("me", credentials=credentials), is_secure=True).open())
    assert caught.value.is_temporary is temporary
    assert hint in caught.value.hint
    assert "sesame" not in f"{caught.value!r}{caught.value}{caught.value.hint}"


def test_auth_when_not_offered_then_nothing_is_tried() -> None:
    """A relay without AUTH gets no password."""
    with pytest.raises(AuthError, match="offers no authentication"):
        ScriptedPeer(READY).run(Client(UNSAFE_LOGIN).open())


def test_auth_when_the_server_never_has_enough_then_the_exchange_is_cancelled() -> None:
    """RFC 4954 4: "*" ends an exchange that leads nowhere."""
    script = [
        *GREETED,
        Says(b"250-ok\r\n250 AUTH PLAIN\r\n"),
        Hears(b"AUTH PLAIN AGFkYQBwdw==\r\n"),
        Says(b"334 bW9yZQ==\r\n"),
        Hears(b"*\r\n"),
        Says(b"501 cancelled\r\n"),
    ]
    with pytest.raises(AuthError, match="asked for more"):
        ScriptedPeer(script).run(Client(UNSAFE_LOGIN).open())


# -- delivering --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytewise", [False, True])
def test_deliver_when_all_is_well_then_the_recipient_is_accepted(bytewise: bool) -> None:
    """The plain transaction, one command at a time."""
    script = [*READY, *MAIL, *RCPT, *DATA, *BODY, Says(b"250 2.0.0 queued as 42\r\n")]
    client = Client(PLAIN)
    answers = ScriptedPeer(script, bytewise=bytewise).run(sent(client))
    assert codes(answers) == [("end of data", 250)]
    assert client.is_usable
    assert client.delivered == 1


@pytest.mark.parametrize("bytewise", [False, True])
def test_deliver_when_pipelining_is_offered_then_the_envelope_is_one_flight(bytewise: bool) -> None:
    """RFC 2920: one round trip for the whole envelope."""
    script = [
        *PIPELINED,
        Hears(b"MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nRCPT TO:<c@y.org>\r\nDATA\r\n"),
        Says(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        *BODY,
        Says(b"250 ok\r\n"),
    ]
    answers = ScriptedPeer(script, bytewise=bytewise).run(sent(Client(PLAIN), "b@y.org", "c@y.org"))
    assert codes(answers) == [("end of data", 250)] * 2


def test_deliver_when_recipients_are_many_then_flights_have_a_limit() -> None:
    """While a flight is written nobody reads replies: endless flights could block both sides for ever."""
    names = [f"r{number}@y.org" for number in range(250)]
    lines = [b"MAIL FROM:<a@x.org>\r\n", *(f"RCPT TO:<{name}>\r\n".encode() for name in names)]
    script: list[Step] = list(PIPELINED)
    for start in range(0, len(lines), 100):
        flight = lines[start : start + 100]
        script += [Hears(b"".join(flight)), Says(b"250 ok\r\n" * len(flight))]
    answers = ScriptedPeer([*script, *DATA, *BODY, Says(b"250 ok\r\n")]).run(sent(Client(PLAIN), *names))
    assert codes(answers) == [("end of data", 250)] * 250


@pytest.mark.parametrize("start", [READY, PIPELINED])
def test_deliver_when_some_recipients_are_refused_then_the_others_get_the_message(start: list[Step]) -> None:
    """One bad address does not sink the rest, and answers keep their order."""
    commands = [b"RCPT TO:<b@y.org>\r\n", b"RCPT TO:<c@y.org>\r\n", b"RCPT TO:<d@y.org>\r\n"]
    replies = [b"550 5.1.1 who?\r\n", b"250 ok\r\n", b"450 4.2.0 later\r\n"]
    if start is READY:
        envelope = [
            *MAIL,
            *(step for pair in zip(map(Hears, commands), map(Says, replies), strict=True) for step in pair),
            *DATA,
        ]
    else:
        envelope = [
            Hears(b"MAIL FROM:<a@x.org>\r\n" + b"".join(commands) + b"DATA\r\n"),
            *map(Says, [b"250 ok\r\n", *replies, b"354 go\r\n"]),
        ]
    script = [*start, *envelope, *BODY, Says(b"250 ok\r\n")]
    answers = ScriptedPeer(script).run(sent(Client(PLAIN), "b@y.org", "c@y.org", "d@y.org"))
    assert codes(answers) == [("RCPT", 550), ("end of data", 250), ("RCPT", 450)]


@pytest.mark.parametrize(
    ("transaction", "answer"),
    [
        ([Hears(b"MAIL FROM:<a@x.org>\r\n"), Says(b"550 no\r\n")], ("MAIL", 550)),
        ([Hears(b"MAIL FROM:<a@x.org>\r\n"), Says(b"451 later\r\n")], ("MAIL", 451)),
        ([*MAIL, Hears(b"RCPT TO:<b@y.org>\r\n"), Says(b"550 who?\r\n")], ("RCPT", 550)),
        ([*MAIL, Hears(b"RCPT TO:<b@y.org>\r\n"), Says(b"450 later\r\n")], ("RCPT", 450)),
        ([*MAIL, *RCPT, Hears(b"DATA\r\n"), Says(b"554 no\r\n")], ("DATA", 554)),
        ([*MAIL, *RCPT, Hears(b"DATA\r\n"), Says(b"451 later\r\n")], ("DATA", 451)),
        ([*MAIL, *RCPT, *DATA, *BODY, Says(b"554 spam\r\n")], ("end of data", 554)),
        ([*MAIL, *RCPT, *DATA, *BODY, Says(b"451 later\r\n")], ("end of data", 451)),
    ],
)
def test_deliver_when_a_transaction_fails_then_rset_clears_it_for_the_next(
    transaction: list[Step], answer: tuple[str, int]
) -> None:
    """Without it the next message would get "503 sender already given", and be lost."""
    client = Client(PLAIN)

    def two_messages() -> Conversation[list[Answer]]:
        first = yield from sent(client)
        second = yield from client.deliver("a@x.org", ["b@y.org"], HELLO)
        return [*first, *second]

    script = [*READY, *transaction, *RSET, *MAIL, *RCPT, *DATA, *BODY, Says(b"250 ok\r\n")]
    assert codes(ScriptedPeer(script).run(two_messages())) == [answer, ("end of data", 250)]


def test_deliver_when_pipelined_and_the_sender_is_refused_then_all_replies_are_read() -> None:
    """The replies to commands that flew along must not be taken for later ones."""
    script = [
        *PIPELINED,
        Hears(b"MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\n"),
        Says(b"550 5.7.1 not you\r\n503 no sender\r\n503 no recipients\r\n"),
        *RSET,
    ]
    client = Client(PLAIN)
    assert codes(ScriptedPeer(script).run(sent(client))) == [("MAIL", 550)]
    assert client.is_usable


@pytest.mark.parametrize(
    ("transaction", "answer"),
    [
        ([Hears(b"MAIL FROM:<a@x.org>\r\n"), Says(b"421 bye\r\n")], ("MAIL", 421)),
        ([*MAIL, Hears(b"RCPT TO:<b@y.org>\r\n"), Says(b"421 bye\r\n")], ("RCPT", 421)),
        ([*MAIL, *RCPT, Hears(b"DATA\r\n"), Says(b"421 bye\r\n")], ("DATA", 421)),
        ([*MAIL, *RCPT, *DATA, *BODY, Says(b"421 bye\r\n")], ("end of data", 421)),
    ],
)
def test_deliver_when_421_comes_then_the_session_is_over_and_nothing_more_is_said(
    transaction: list[Step], answer: tuple[str, int]
) -> None:
    """421 means that the server closes the connection, wherever it comes."""
    client = Client(PLAIN)
    answers = ScriptedPeer([*READY, *transaction, Closes()]).run(sent(client))
    assert codes(answers) == [answer]
    assert not answers[0].in_doubt
    assert not client.is_usable


def test_deliver_when_rset_fails_then_what_was_said_stands_and_the_session_is_over() -> None:
    """A refusal is a refusal, also when the line breaks right after it."""
    client = Client(PLAIN)
    script = [*READY, Hears(b"MAIL FROM:<a@x.org>\r\n"), Says(b"550 no\r\n"), Closes()]
    assert codes(ScriptedPeer(script).run(sent(client))) == [("MAIL", 550)]
    assert not client.is_usable


@pytest.mark.parametrize("cut", [Closes(), Fails(LOST), Fails(SLOW), Says(b"nonsense\r\n")])
@pytest.mark.parametrize(
    "before",
    [
        [Hears(b"MAIL FROM:<a@x.org>\r\n")],
        [*MAIL, Hears(b"RCPT TO:<b@y.org>\r\n")],
    ],
)
def test_deliver_when_the_wire_is_cut_before_any_answer_then_it_raises_what_may_be_tried_again(
    before: list[Step], cut: Step
) -> None:
    """Nothing was accepted, so nothing can be doubled."""
    client = Client(PLAIN)
    with pytest.raises((ConnectError, TransportTimeout, RemoteProtocolError)) as caught:
        ScriptedPeer([*READY, *before, cut]).run(sent(client))
    assert caught.value.is_temporary
    assert not client.is_usable


ASKED_FOR_DATA: list[Step] = [Hears(b"DATA\r\n")]


@pytest.mark.parametrize(
    ("start", "cut"),
    [
        ([], Closes()),
        ([], Fails(LOST)),
        ([], Fails(SLOW)),
        (ASKED_FOR_DATA, Closes()),
        (ASKED_FOR_DATA, Fails(LOST)),
        (ASKED_FOR_DATA, Fails(SLOW)),
        (ASKED_FOR_DATA, Says(b"nonsense\r\n")),
        (ASKED_FOR_DATA, Says(b"250 what?\r\n")),
        (DATA, Closes()),
        (DATA, Fails(LOST)),
        (DATA, Fails(SLOW)),
    ],
)
def test_deliver_when_the_wire_is_cut_before_the_end_of_data_then_the_recipient_is_not_in_doubt(
    start: list[Step], cut: Step
) -> None:
    """The server cannot have taken a message whose end it has not seen."""
    client = Client(PLAIN)
    (answer,) = ScriptedPeer([*READY, *MAIL, *RCPT, *start, cut]).run(sent(client))
    assert (answer.command, answer.reply, answer.in_doubt) == ("DATA", None, False)
    assert not client.is_usable


@pytest.mark.parametrize(
    "cut", [Closes(), Fails(LOST), Fails(SLOW), Says(b"nonsense\r\n"), Says(b"2"), Says(b"354 go on\r\n")]
)
def test_deliver_when_the_wire_is_cut_after_the_end_of_data_then_the_recipient_is_in_doubt(cut: Step) -> None:
    """RFC 1047: nobody can know, and nobody may say "failed" or send it again."""
    client = Client(PLAIN)
    script = [*READY, *MAIL, Hears(b"RCPT TO:<b@y.org>\r\n"), Says(b"550 who?\r\n"), Hears(b"RCPT TO:<c@y.org>\r\n")]
    script += [Says(b"250 ok\r\n"), *DATA, *BODY, cut, *([Closes()] if cut == Says(b"2") else [])]
    answers = ScriptedPeer(script).run(sent(client, "b@y.org", "c@y.org"))
    assert [answer.in_doubt for answer in answers] == [False, True]
    assert codes(answers)[0] == ("RCPT", 550)
    assert not client.is_usable


def test_deliver_when_the_end_of_data_cannot_be_written_then_the_recipient_is_in_doubt() -> None:
    """A write that fails may still have reached the other side."""
    script = [*READY, *MAIL, *RCPT, *DATA, Hears(b"hello\r\n"), Fails(LOST)]
    (answer,) = ScriptedPeer(script).run(sent(Client(PLAIN)))
    assert answer.in_doubt


@pytest.mark.parametrize("start", [READY, PIPELINED])
def test_deliver_when_a_stray_reply_came_before_then_it_is_never_taken_for_an_answer(start: list[Step]) -> None:
    """One reply too many would shift all that follow, and make refusals look like successes."""
    *before, last = start
    assert isinstance(last, Says)
    client = Client(PLAIN)
    with pytest.raises(RemoteProtocolError, match="nobody asked"):
        ScriptedPeer([*before, Says(last.data + b"250 stray\r\n")]).run(sent(client))
    assert not client.is_usable


def test_deliver_when_replies_are_out_of_step_then_nobody_is_accepted() -> None:
    """The stray reply arrives on its own, so that each answer is the one before: DATA must not seem to succeed."""
    script = [*PIPELINED, Hears(b"MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\n")]
    script += [Says(b"250 stray\r\n250 sender\r\n250 recipient\r\n354 go\r\n")]
    with pytest.raises(RemoteProtocolError, match="do not fit"):
        ScriptedPeer(script).run(sent(Client(PLAIN)))


def test_deliver_when_mail_gets_an_intermediate_reply_then_the_session_ends() -> None:
    """354 is no answer to MAIL."""
    with pytest.raises(RemoteProtocolError, match="do not fit"):
        ScriptedPeer([*READY, Hears(b"MAIL FROM:<a@x.org>\r\n"), Says(b"354 go\r\n")]).run(sent(Client(PLAIN)))


@pytest.mark.parametrize(
    ("offers", "content", "parameters"),
    [
        (b"SIZE", Content.of(b"hello\r\n"), b" SIZE=7"),
        (b"SIZE 7", Content.of(b"hello\r\n"), b" SIZE=7"),
        (b"SMTPUTF8", Content.of(b"hello\r\n"), b""),
        (b"SMTPUTF8", Content.of(b"hello\r\n", needs_smtputf8=True), b" SMTPUTF8"),
        (b"8BITMIME", Content.of(b"hello\r\n", body=BodyType.EIGHT_BIT), b" BODY=8BITMIME"),
        (b"HELP", Content.of(b"hello\r\n"), b""),
    ],
)
def test_deliver_when_the_server_offers_extensions_then_only_those_needed_are_used(
    offers: bytes, content: Content, parameters: bytes
) -> None:
    """Parameters that a server did not offer would be refused."""
    script = [
        *GREETED,
        Says(b"250-ok\r\n250 " + offers + b"\r\n"),
        Hears(b"MAIL FROM:<a@x.org>" + parameters + b"\r\n"),
        Says(b"250 ok\r\n"),
        *RCPT,
        *DATA,
        *BODY,
        Says(b"250 ok\r\n"),
    ]
    assert ScriptedPeer(script).run(sent(Client(PLAIN), content=content))[0].reply is not None


@pytest.mark.parametrize(
    ("content", "capability"),
    [
        (Content.of(b"hello\r\n" * 2), "SIZE"),
        (Content.of(b"hello\r\n", needs_smtputf8=True), "SMTPUTF8"),
        (Content.of(b"hello\r\n", body=BodyType.EIGHT_BIT), "8BITMIME"),
    ],
)
def test_deliver_when_the_server_cannot_take_the_message_then_nothing_is_sent(
    content: Content, capability: str
) -> None:
    """It is known before MAIL, and no retry can mend it."""
    with pytest.raises(CapabilityMissing) as caught:
        ScriptedPeer([*GREETED, Says(b"250-ok\r\n250 SIZE 7\r\n")]).run(sent(Client(PLAIN), content=content))
    assert caught.value.capability == capability
    assert not caught.value.is_temporary


def test_deliver_when_an_address_could_inject_a_command_then_nothing_is_sent() -> None:
    """The last guard, should a caller come past the address parser."""
    with pytest.raises(LocalProtocolError):
        ScriptedPeer(READY).run(sent(Client(PLAIN), "b@y.org>\r\nRSET"))


def test_deliver_when_the_session_was_never_opened_then_it_is_refused() -> None:
    """A conversation out of order is our own mistake."""
    with pytest.raises(LocalProtocolError, match="cannot be used"):
        ScriptedPeer([]).run(Client(PLAIN).deliver("a@x.org", ["b@y.org"], HELLO))


def test_deliver_when_another_delivery_is_under_way_then_it_is_refused() -> None:
    """Two transactions at once on one wire would mix their replies."""
    client = Client(PLAIN)
    ScriptedPeer(READY).run(opened(client))
    first = client.deliver("a@x.org", ["b@y.org"], HELLO)
    next(first)
    with pytest.raises(LocalProtocolError):
        ScriptedPeer([]).run(client.deliver("a@x.org", ["b@y.org"], HELLO))
    first.close()
    assert not client.is_usable


def test_deliver_when_given_up_half_way_then_the_session_is_never_used_again() -> None:
    """After a cancellation nobody knows what the server is waiting for."""
    client = Client(PLAIN)
    ScriptedPeer(READY).run(opened(client))
    delivery = client.deliver("a@x.org", ["b@y.org"], HELLO)
    next(delivery)
    delivery.close()
    assert not client.is_usable


# -- keeping and closing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "alive"),
    [
        (Says(b"250 here\r\n"), True),
        (Says(b"421 timeout\r\n"), False),
        (Says(b"250 here\r\n250 stray\r\n"), False),
        (Closes(), False),
        (Fails(SLOW), False),
    ],
)
def test_check_when_a_session_has_rested_then_it_says_whether_it_is_alive(answer: Step, alive: bool) -> None:
    """A dead session is found before a message is given to it."""
    client = Client(PLAIN)

    def rested() -> Conversation[bool]:
        yield from client.open()
        return (yield from client.check())

    assert ScriptedPeer([*READY, Hears(b"NOOP\r\n"), answer]).run(rested()) is alive
    assert client.is_usable is alive


@pytest.mark.parametrize(
    "answer", [Says(b"221 bye\r\n"), Says(b"500 what?\r\n"), Says(b"?\r\n"), Closes(), Fails(SLOW), Fails(LOST)]
)
def test_quit_when_anything_at_all_comes_back_then_it_is_no_error(answer: Step) -> None:
    """What was accepted is accepted; a failing good-bye changes nothing."""
    client = Client(PLAIN)

    def brief() -> Conversation[None]:
        yield from client.open()
        yield from client.quit()

    ScriptedPeer([*READY, Hears(b"QUIT\r\n"), answer]).run(brief())
    assert not client.is_usable
