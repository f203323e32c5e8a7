"""Logging in: by URL, with every mechanism of our own server, through both pumps and over real TLS."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailkit import Message, MessageBuilder
from mailkit.errors import AuthError, ConfigError
from mailkit.net import Listener
from mailkit.secret import Secret
from mailkit.smtp import Credentials, ServerProfile, Token, Verifier
from mailkit.transport import SmtpSettings, SmtpTransport, Tls, open_transport, redacted
from tests.kit.peers import Authority, Postbox
from tests.kit.twins import TRANSPORTS, TransportTwin

TOKEN = "ya29.a0-token_of~ada/1+=="
MECHANISMS = (
    *("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1"),
    *("CRAM-MD5", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"),
)
both = pytest.mark.parametrize("twin", TRANSPORTS, ids=lambda twin: twin.__name__)


@dataclass
class Shop(Postbox):
    """A postbox that knows its users by password and by token, and notes how it was asked."""

    tokens: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def authenticate(self, user: str, password: str) -> bool:
        self.asked.append("authenticate")
        return super().authenticate(user, password)

    def password(self, user: str) -> str | None:
        self.asked.append("password")
        return self.passwords.get(user)

    def token(self, user: str, token: str) -> bool:
        self.asked.append("token")
        return self.tokens.get(user) == token


def message() -> Message:
    return MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hello").build()


def shop(**settings: object) -> Shop:
    return Shop(passwords={"ada=x,y": "pässword \u00a0ª"}, tokens={"ada=x,y": TOKEN}, **settings)


def serving(postbox: Shop, tls: ssl.SSLContext | None, *mechanisms: str) -> Listener:
    profile = ServerProfile(auth=True, auth_required=True, unsafe_plaintext_auth=tls is None, mechanisms=mechanisms)
    return Listener(postbox, profile=profile, tls=tls)


USER = "ada%3Dx%2Cy"
PASSWORD = "p%C3%A4ssword%20%C2%A0%C2%AA"


@both
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_login_when_a_mechanism_is_fixed_then_it_is_the_one_and_the_message_goes(
    twin: TransportTwin, mechanism: str, authority: Authority, tmp_path: Path
) -> None:
    """Names and passwords with every kind of sign; -PLUS over TLS 1.2, where Python's server can bind the channel."""
    postbox, context = shop(), authority.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    is_token = mechanism in ("XOAUTH2", "OAUTHBEARER")
    user = f"{USER}@" if is_token else f"{USER}:{PASSWORD}@"
    options = f"ca={authority.ca_file}&auth={mechanism.lower()}" + (f"&token_file={path}" if is_token else "")
    with (
        serving(postbox, context, *MECHANISMS) as server,
        twin(f"smtp://{user}localhost:{server.port}?{options}") as via,
    ):
        via.deliver(message())
    assert postbox.received[0].user == "ada=x,y"
    assert postbox.asked == [
        "token" if is_token else "authenticate" if mechanism in ("PLAIN", "LOGIN") else "password",
    ]


@both
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_login_when_the_secret_is_wrong_then_the_error_does_not_show_it(
    twin: TransportTwin, mechanism: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever mechanism was used, and it is tried once."""
    postbox, context = shop(), authority.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    monkeypatch.setenv("WRONG_TOKEN", "hunter2")
    options = f"ca={authority.ca_file}&auth={mechanism}&token_env=WRONG_TOKEN"
    with (
        serving(postbox, context, *MECHANISMS) as server,
        twin(f"smtp://{USER}:hunter2@localhost:{server.port}?{options}") as transport,
        pytest.raises(AuthError) as caught,
    ):
        transport.deliver(message())
    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.hint} {caught.value.__dict__}"
    assert len(postbox.asked) == 1
    assert postbox.received == []


@both
def test_login_when_nothing_is_fixed_then_the_strongest_is_used(twin: TransportTwin, authority: Authority) -> None:
    """The password does not leave this machine."""
    postbox = shop()
    with (
        serving(postbox, authority.context(), *MECHANISMS) as server,
        twin(f"smtp://{USER}:{PASSWORD}@localhost:{server.port}?ca={authority.ca_file}") as transport,
    ):
        transport.deliver(message())
    assert postbox.asked == ["password"]


@both
def test_login_when_the_wire_is_open_then_scram_still_works_and_the_others_do_not(twin: TransportTwin) -> None:
    """Nothing that others could use goes over it."""
    postbox = shop()
    with serving(postbox, None, "SCRAM-SHA-256", "PLAIN") as server:
        with twin(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{server.port}") as transport:
            transport.deliver(message())
        with (
            twin(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{server.port}?auth=plain") as transport,
            pytest.raises(AuthError, match="not encrypted"),
        ):
            transport.deliver(message())
    assert postbox.asked == ["password"]


@both
def test_login_when_the_server_keeps_no_passwords_then_scram_works_with_its_keys(
    twin: TransportTwin, authority: Authority
) -> None:
    """RFC 5803: what is stored can check a proof, and cannot make one."""

    class Keys(Shop):
        def verifier(self, user: str, algorithm: str) -> Verifier | None:
            return Verifier.of("pw", algorithm=algorithm, salt=b"salt", iterations=5_000) if user == "ada" else None

    postbox = Keys()
    with serving(postbox, authority.context(), "SCRAM-SHA-256", "PLAIN") as server:
        with twin(f"smtp://ada:pw@localhost:{server.port}?ca={authority.ca_file}") as transport:
            transport.deliver(message())
        with (
            twin(f"smtp://eve:pw@localhost:{server.port}?ca={authority.ca_file}") as transport,
            pytest.raises(AuthError, match="password is wrong"),
        ):
            transport.deliver(message())
    assert postbox.asked == []


@both
def test_login_when_a_kept_token_has_been_withdrawn_then_a_fresh_one_is_fetched_and_nobody_notices(
    twin: TransportTwin, authority: Authority
) -> None:
    """On the same connection, and once."""
    waiting = [Token(Secret("one"), 3600), Token(Secret("two"), 3600)]
    credentials = Credentials("ada", token=lambda: waiting.pop(0))
    postbox = Shop(tokens={"ada": "one"})
    with serving(postbox, authority.context(), "XOAUTH2") as server:
        found = open_transport(f"smtp://localhost:{server.port}?ca={authority.ca_file}&max_messages=1")
        assert isinstance(found, SmtpTransport)
        settings = SmtpSettings(
            "localhost",
            server.port,
            tls=Tls.REQUIRED,
            credentials=credentials,
            trust=found.settings.trust,
            max_messages=1,
        )
        with twin(SmtpTransport(settings)) as transport:
            transport.deliver(message())
            postbox.tokens["ada"] = "two"
            transport.deliver(message())
    assert len(postbox.received) == 2
    assert postbox.asked == ["token"] * 3


# -- URLs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("smtp://ada@h", "no password"),
        ("smtp://ada@h?auth=plain", "no password"),
        ("smtp://ada:pw@h?auth=ntlm", "auth=ntlm is not known"),
        ("smtp://h?auth=plain", "needs a user"),
        ("smtp://h?token_env=A", "a token but no user"),
        ("smtp://ada@h?token_env=A&token_file=b", "two places"),
        ("smtp://ada@h?token=ya29", "no option 'token'"),
    ],
)
def test_url_when_it_cannot_log_in_then_it_is_refused(url: str, problem: str) -> None:
    """Before anything is connected."""
    with pytest.raises(ConfigError, match=problem):
        open_transport(url)


def test_url_when_the_certificate_says_who_it_is_then_neither_user_nor_password_is_needed() -> None:
    """EXTERNAL."""
    found = open_transport("smtps://h?auth=external&cert=cert.pem")
    assert isinstance(found, SmtpTransport)
    assert found.settings.credentials == Credentials("", mechanism="EXTERNAL")


@pytest.mark.parametrize("option", ["token", "access_token", "refresh_token", "client_secret", "password"])
def test_url_when_a_secret_stands_in_an_option_then_it_is_not_shown(option: str) -> None:
    """It should not be there, and it should not spread."""
    url = f"smtp://ada@h?verify=no&{option}=s3cret&tls=off"
    assert redacted(url) == f"smtp://ada@h?verify=no&{option}=***&tls=off"
    with pytest.raises(ConfigError) as caught:
        open_transport(url)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_token_when_it_lies_in_a_variable_or_file_then_it_is_read_for_each_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever renews it puts the new one in the same place."""
    path = tmp_path / "token"
    for options in ("token_env=MY_TOKEN", f"token_file={path}"):
        transport = open_transport(f"smtp://ada@h?{options}")
        assert isinstance(transport, SmtpTransport)
        assert transport.settings.credentials is not None
        tokens = transport.settings.credentials.tokens
        assert tokens is not None
        for text in ("t0ken", "an0ther"):
            monkeypatch.setenv("MY_TOKEN", text)
            path.write_text(f"{text}\r\n")
            assert tokens.take() == Secret(text)
            assert text not in f"{transport.settings!r} {transport!r}"


@pytest.mark.parametrize(("options", "problem"), [("token_env=NOT_SET", "NOT_SET"), ("token_file=/nowhere", "nowhere")])
def test_token_when_it_is_not_where_it_should_be_then_the_place_is_named(options: str, problem: str) -> None:
    """When it is needed, and not before."""
    transport = open_transport(f"smtp://ada@h?{options}")
    assert isinstance(transport, SmtpTransport)
    assert transport.settings.credentials
    assert transport.settings.credentials.tokens
    with pytest.raises(ConfigError, match=problem):
        transport.settings.credentials.tokens.take()
