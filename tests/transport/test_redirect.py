"""Mail on a staging system: it reaches one address, and the outcomes are told for those whom it was for."""

import pickle

import pytest

from mailkit import Address, Dsn, Envelope, Message, MessageBuilder, Outcome, Status, open_transport
from mailkit.errors import ConfigError, ConnectError, MailkitError, TransportError
from mailkit.transport import MemoryTransport, RedirectTransport
from tests.kit.relay import relay
from tests.kit.twins import TRANSPORTS, TransportTwin

MESSAGE = (
    MessageBuilder()
    .from_("ada@example.com")
    .to("bob@customer.example", "carol@example.com")
    .cc("boss@example.org")
    .bcc("eve@customer.example")
    .subject("Hello")
    .text("Hello")
    .build()
)


@pytest.fixture(params=TRANSPORTS, ids=lambda twin: twin.__name__)
def twin(request: pytest.FixtureRequest) -> TransportTwin:
    found: TransportTwin = request.param
    return found


def test_deliver_when_nobody_is_allowed_then_one_copy_goes_to_the_one_address(twin: TransportTwin) -> None:
    """One copy, not one each; in it who would have got it, the blind copies too; the message as it was otherwise."""
    memory = MemoryTransport()
    with twin(RedirectTransport(memory, to="dev@example.com")) as transport:
        outcomes = transport.deliver(MESSAGE)
    (sent,) = memory.sent
    assert [recipient.email for recipient in sent.envelope.recipients] == ["dev@example.com"]
    assert sent.envelope.sender == Address("ada@example.com")
    everybody = [recipient.email for recipient in MESSAGE.envelope().recipients]
    assert list(sent.message.headers.get_all("X-Original-To")) == everybody
    assert [(outcome.recipient.email, outcome.status) for outcome in outcomes] == [
        (email, Status.ACCEPTED) for email in everybody
    ]
    assert bytes(sent.message).endswith(bytes(MESSAGE))


def test_deliver_when_some_are_allowed_then_these_get_the_message_itself(twin: TransportTwin) -> None:
    """By domain or by address; the copy names the others only, and the message of the allowed ones has no label."""
    memory = MemoryTransport()
    redirect = RedirectTransport(memory, to="dev@example.com", allow=["EXAMPLE.com", "boss@example.org"])
    with twin(redirect) as transport:
        outcomes = transport.deliver(MESSAGE)
    caught, passed = memory.sent
    assert [one.email for one in passed.envelope.recipients] == ["carol@example.com", "boss@example.org"]
    assert passed.message is MESSAGE
    assert list(caught.message.headers.get_all("X-Original-To")) == ["bob@customer.example", "eve@customer.example"]
    assert [outcome.recipient for outcome in outcomes] == list(MESSAGE.envelope().recipients)


@pytest.mark.parametrize(
    ("recipient", "is_allowed"),
    [
        ("bob@example.com", True),
        ("BOB@Example.COM", True),
        ("bob@sub.example.com", False),
        ("bob@example.com.evil.example", False),
        ("bob@notexample.com", False),
        ('"x@example.com"@evil.example', False),
        ("boss@example.org", True),
        ("Boss@example.org", True),
        ("boss2@example.org", False),
        ("zoe@straße.example", True),
        ("zoe@xn--strae-oqa.example", True),
        ("zoe@strasse.example", False),
    ],
)
def test_is_allowed_when_an_address_only_looks_like_an_allowed_one_then_it_is_not(
    recipient: str, is_allowed: bool
) -> None:
    """A guard that can be talked round is none."""
    redirect = RedirectTransport(
        MemoryTransport(), to="dev@example.net", allow=["example.com", "boss@example.org", "straße.example"]
    )
    assert redirect.is_allowed(Address(recipient)) is is_allowed


def test_deliver_when_the_copy_is_refused_then_all_whom_it_stands_for_are(twin: TransportTwin) -> None:
    """With what the relay said, and the others have outcomes of their own."""

    class Refuses(MemoryTransport):
        def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
            return tuple(
                Outcome(one, Status.REFUSED if one.email == "dev@example.com" else Status.ACCEPTED, code=550, text="no")
                for one in envelope.recipients
            )

    with twin(RedirectTransport(Refuses(), to="dev@example.com", allow=["example.org"])) as transport:
        outcomes = transport.deliver(MESSAGE)
    assert [outcome.status.value for outcome in outcomes] == ["refused", "refused", "accepted", "refused"]
    assert outcomes[0].text == "no"


class FailsAt(MemoryTransport):
    def __init__(self, number: int, error: MailkitError) -> None:
        super().__init__()
        self.left = number
        self.error = error

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        self.left -= 1
        if not self.left:
            raise self.error
        return super().deliver(envelope, message)


def test_deliver_when_the_first_handing_fails_then_the_error_comes_out(twin: TransportTwin) -> None:
    """Nobody has anything yet."""
    failing = FailsAt(1, ConnectError("lost"))
    redirect = RedirectTransport(failing, to="dev@example.com", allow=["example.org"])
    with twin(redirect) as transport, pytest.raises(ConnectError):
        transport.deliver(MESSAGE)
    assert failing.sent == []


@pytest.mark.parametrize(
    ("error", "status"), [(ConnectError("lost"), Status.DEFERRED), (TransportError("broken"), Status.REFUSED)]
)
def test_deliver_when_the_second_handing_fails_then_the_first_one_is_not_forgotten(
    twin: TransportTwin, error: MailkitError, status: Status
) -> None:
    """An exception would make a mailer send the copy again."""
    with twin(RedirectTransport(FailsAt(2, error), to="dev@example.com", allow=["example.org"])) as transport:
        outcomes = transport.deliver(MESSAGE)
    assert [outcome.status for outcome in outcomes] == [Status.ACCEPTED, Status.ACCEPTED, status, Status.ACCEPTED]


def test_deliver_when_the_message_was_read_then_its_bytes_stay_as_they_were(twin: TransportTwin) -> None:
    """The label goes on top: a signature over the rest stays valid."""
    raw = b"DKIM-Signature: v=1; x\r\nFrom:  ada@example.com\r\nTo: bob@customer.example\r\n\r\nHello\r\n"
    message = Message.parse(raw)
    memory = MemoryTransport()
    with twin(RedirectTransport(memory, to="dev@example.com")) as transport:
        transport.deliver(message)
    assert bytes(memory.messages[0]) == b"X-Original-To: bob@customer.example\r\n" + raw
    assert bytes(message) == raw


@pytest.mark.parametrize("raw", [b"just a text", b"\r\nbody only"])
def test_deliver_when_what_was_read_has_no_header_then_its_body_stays_one(raw: bytes) -> None:
    """The label must not swallow it."""
    memory = MemoryTransport()
    redirect = RedirectTransport(memory, to="dev@example.com")
    redirect.deliver(Envelope("ada@example.com", "bob@customer.example"), Message.parse(raw))
    read = Message.parse(bytes(memory.messages[0]))
    assert read.headers["X-Original-To"] == "bob@customer.example"
    assert read.text == raw.strip().decode()


def test_deliver_when_addresses_are_odd_then_the_label_is_safe_ascii() -> None:
    """A header field for each, whatever is in the address."""
    memory = MemoryTransport()
    people = ["zoë@exämple.com", '"two words"@example.com', f"{'x' * 64}@{'y' * 60}.example.com"]
    message = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("x").build()
    RedirectTransport(memory, to="dev@example.com").deliver(Envelope("ada@example.com", people), message)
    head = bytes(memory.messages[0]).partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert head.count(b"X-Original-To: ") == 3
    found = Message.parse(bytes(memory.messages[0])).headers.get_all("X-Original-To")
    assert list(found) == [Address(one).wire for one in people]


def test_deliver_when_it_is_done_then_the_message_and_its_envelope_are_what_they_were() -> None:
    """The copy is another message."""
    before = pickle.dumps((MESSAGE, MESSAGE.envelope()))
    RedirectTransport(MemoryTransport(), to="dev@example.com").deliver(MESSAGE.envelope(), MESSAGE)
    assert pickle.dumps((MESSAGE, MESSAGE.envelope())) == before


def test_deliver_when_reports_are_asked_for_then_the_copy_asks_for_them_too() -> None:
    """What goes out is what would have gone out, but for where."""
    memory = MemoryTransport()
    envelope = Envelope(None, "bob@customer.example", dsn=Dsn(notify="never"))
    RedirectTransport(memory, to="dev@example.com").deliver(envelope, MESSAGE)
    assert memory.sent[0].envelope == Envelope(None, "dev@example.com", dsn=Dsn(notify="never"))


def test_redirect_when_the_relay_is_real_then_no_other_address_is_ever_named_to_it(twin: TransportTwin) -> None:
    """Not in RCPT, which is what counts."""
    with relay() as server, twin(f"redirect({server.url})?to=dev+staging@example.com&allow=example.org") as transport:
        outcomes = transport.deliver(MESSAGE)
        assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}
        assert dict(server.copies) == {"dev+staging@example.com": 1, "boss@example.org": 1}


def test_verify_when_called_then_it_says_where_mail_goes() -> None:
    """Whoever looks sees at once that this is not the real thing."""
    transport = open_transport("redirect(null:)?to=dev@example.com&allow=example.com,boss@example.org")
    assert transport.verify()[0] == "all mail goes to dev@example.com, but for boss@example.org, example.com"
    assert transport.name == "redirect(null:)"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redirect(null:)", "one transport and an address"),
        ("redirect(null:)?to=", "one transport and an address"),
        ("redirect()?to=dev@example.com", "one transport and an address"),
        ("redirect:?to=dev@example.com", "one transport and an address"),
        ("redirect(null: null:)?to=dev@example.com", "one transport and an address"),
        ("redirect(null:)?to=dev", "not an address"),
        ("redirect(null:)?to=a@example.com,b@example.com", "not an address"),
        ("redirect(null:)?to=dev@example.com&allow=*", "neither an address nor a domain"),
        ("redirect(null:)?to=dev@example.com&allow=a@b@c", "not an address"),
        ("redirect(null:)?to=dev@example.com&alow=example.com", "no option 'alow'"),
    ],
)
def test_open_when_it_is_wrong_then_nothing_could_slip_through(url: str, problem: str) -> None:
    """A typo must not send staging mail to customers."""
    with pytest.raises(ConfigError, match=problem):
        open_transport(url)
