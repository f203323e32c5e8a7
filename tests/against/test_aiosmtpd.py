"""Our client, through both pumps, against aiosmtpd."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailkit import Message, MessageBuilder, Retry
from mailkit.errors import AttachmentError, AuthError, DataRefused
from mailkit.mime.bodytype import BodyType
from tests.kit.peers import Authority, free_port
from tests.kit.twins import MAILERS, MailerTwin

TO = "bob@example.com"


class Keeper:
    """Keeps envelopes, and refuses what its name says."""

    def __init__(self) -> None:
        self.kept: list[Envelope] = []
        self.users: list[object] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 Who?"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if b"spam" in (envelope.original_content or b""):
            return "554 5.6.0 Spam"
        self.kept.append(envelope)
        self.users.append(session.auth_data)
        return "250 2.0.0 OK: queued as 4bXkyZ"


@contextmanager
def serving(keeper: Keeper, **settings: object) -> Iterator[Controller]:
    # Its controller connects to the port that it was given to see whether it works, so it cannot be given 0.
    controller = Controller(keeper, hostname="127.0.0.1", port=free_port(), **settings)  # type: ignore[arg-type]
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


def message(text: str = "Hello", *to: str) -> Message:
    return MessageBuilder().from_("ada@example.com").to(*(to or (TO,))).subject("Hi").text(text).build()


@pytest.fixture(params=MAILERS, ids=["Mailer", "AsyncMailer"])
def mailer_of(request: pytest.FixtureRequest) -> MailerTwin:
    found: MailerTwin = request.param
    return found


@pytest.mark.parametrize("text", ["Hello", ".\n..\n.a\n\n.", "Grüße aus Köln", "x" * 5_000])
def test_client_when_it_sends_then_aiosmtpd_has_the_exact_bytes(mailer_of: MailerTwin, text: str) -> None:
    """Dots, long lines and other scripts included."""
    keeper, sent = Keeper(), message(text)
    with serving(keeper) as server, mailer_of(f"smtp://127.0.0.1:{server.port}") as mailer:
        receipt = mailer.send(sent)
    assert keeper.kept[0].original_content == bytes(sent.wire(BodyType.EIGHT_BIT))
    assert receipt.outcomes[0].queue_id == "4bXkyZ"


def test_client_when_a_recipient_is_refused_then_the_others_get_the_message(mailer_of: MailerTwin) -> None:
    """Each has its own outcome."""
    keeper = Keeper()
    with serving(keeper) as server, mailer_of(f"smtp://127.0.0.1:{server.port}") as mailer:
        receipt = mailer.send(message("Hello", "nobody@example.com", TO))
    assert [outcome.code for outcome in receipt.outcomes] == [550, 250]
    assert keeper.kept[0].rcpt_tos == [TO]


def test_client_when_the_content_is_refused_then_the_next_message_still_goes(mailer_of: MailerTwin) -> None:
    """On the same connection."""
    keeper = Keeper()
    with serving(keeper) as server, mailer_of(f"smtp://127.0.0.1:{server.port}") as mailer:
        with pytest.raises(DataRefused, match="Spam"):
            mailer.send(message("spam"))
        mailer.send(message("ham"))
    assert len(keeper.kept) == 1


def test_client_when_a_local_part_is_not_ascii_then_smtputf8_is_used(mailer_of: MailerTwin) -> None:
    """And only then."""
    keeper = Keeper()
    with (
        serving(keeper, enable_SMTPUTF8=True) as server,
        mailer_of(f"smtp://127.0.0.1:{server.port}") as mailer,
    ):
        mailer.send(message("Hello", "zoë@example.com"))
        mailer.send(message("Hello", TO))
    assert keeper.kept[0].rcpt_tos == ["zoë@example.com"]
    assert [kept.smtp_utf8 for kept in keeper.kept] == [True, False]


def authenticator(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ada", b"p@ss word")
    return AuthResult(success=right, handled=False, auth_data=mechanism)


@pytest.mark.parametrize(("excluded", "used"), [([], "PLAIN"), (["PLAIN"], "LOGIN")])
def test_client_when_it_must_log_in_over_starttls_then_it_does(
    mailer_of: MailerTwin, authority: Authority, excluded: list[str], used: str
) -> None:
    """Secured first, then authenticated, with what the server offers."""
    keeper = Keeper()
    settings = {
        "tls_context": authority.context(),
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticator,
        "auth_exclude_mechanism": excluded,
    }
    with (
        serving(keeper, **settings) as server,
        mailer_of(f"smtp://ada:p%40ss%20word@localhost:{server.port}?ca={authority.ca_file}") as mailer,
    ):
        mailer.send(message())
    assert keeper.users == [used]


def test_client_when_the_password_is_wrong_then_nothing_is_sent(mailer_of: MailerTwin, authority: Authority) -> None:
    """And it is tried once."""
    keeper = Keeper()
    settings = {"tls_context": authority.context(), "auth_required": True, "authenticator": authenticator}
    with (
        serving(keeper, **settings) as server,
        mailer_of(f"smtp://ada:wrong@localhost:{server.port}?ca={authority.ca_file}", retry=Retry(backoff=0)) as mailer,
        pytest.raises(AuthError),
    ):
        mailer.send(message())
    assert keeper.kept == []


@pytest.mark.slow
def test_client_when_the_message_is_large_then_every_byte_arrives(mailer_of: MailerTwin) -> None:
    """2 MB through their limits and ours."""
    keeper, sent = Keeper(), message("0123456789 " * 6 + "\n" + "word " * 400_000)
    with (
        serving(keeper, data_size_limit=10_000_000) as server,
        mailer_of(f"smtp://127.0.0.1:{server.port}") as mailer,
    ):
        mailer.send(sent)
    assert keeper.kept[0].original_content == bytes(sent)


@pytest.mark.slow
def test_client_when_a_file_is_sent_from_the_disk_then_every_byte_arrives(
    mailer_of: MailerTwin, tmp_path: Path
) -> None:
    """5 MB that are never in memory whole, stuffed block by block."""
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * 20_000)
    keeper, sent = Keeper(), MessageBuilder().from_("ada@example.com").to(TO).text("See file").attach(path).build()
    assert sent.is_stored
    with (
        serving(keeper, data_size_limit=10_000_000) as server,
        mailer_of(f"smtp://127.0.0.1:{server.port}") as mailer,
    ):
        mailer.send(sent)
    assert keeper.kept[0].original_content == bytes(sent)


@pytest.mark.slow
def test_client_when_a_file_has_changed_since_it_was_attached_then_nothing_is_sent(
    mailer_of: MailerTwin, tmp_path: Path
) -> None:
    """And it is tried once: the network is not at fault."""
    path = tmp_path / "large.bin"
    path.write_bytes(b"x" * 5_000_000)
    keeper, sent = Keeper(), MessageBuilder().from_("ada@example.com").to(TO).text("See file").attach(path).build()
    path.write_bytes(b"y" * 4_999_999)
    after = message()
    with (
        serving(keeper) as server,
        mailer_of(f"smtp://127.0.0.1:{server.port}", retry=Retry(backoff=0)) as mailer,
    ):
        with pytest.raises(AttachmentError, match="has changed"):
            mailer.send(sent)
        mailer.send(after)
    assert [kept.original_content for kept in keeper.kept] == [bytes(after)]


@pytest.mark.parametrize(("body", "encoding"), [("7bit", "base64"), ("8bit", "8bit"), ("binary", "8bit")])
def test_client_when_the_url_limits_the_body_then_no_more_is_made_of_the_offer(
    mailer_of: MailerTwin, body: str, encoding: str
) -> None:
    """aiosmtpd offers 8BITMIME, and not BINARYMIME."""
    keeper = Keeper()
    with serving(keeper) as controller, mailer_of(f"smtp://127.0.0.1:{controller.port}?body={body}") as mailer:
        mailer.send(message("Grüße aus Köln"))
    raw = keeper.kept[0].original_content or b""
    assert f"Content-Transfer-Encoding: {encoding}\r\n".encode() in raw
    assert ("BODY=8BITMIME" in keeper.kept[0].mail_options) == (encoding == "8bit")


def test_client_when_the_server_offers_nothing_then_it_gets_seven_bits(mailer_of: MailerTwin) -> None:
    """An old server is sent what every server takes."""
    keeper = Keeper()
    with (
        serving(keeper, decode_data=True) as controller,
        mailer_of(f"smtp://127.0.0.1:{controller.port}") as mailer,
    ):
        sent = message("Grüße aus Köln")
        mailer.send(sent)
    assert keeper.kept[0].original_content == bytes(sent)
