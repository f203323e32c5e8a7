"""Relays that go by a name."""

from pathlib import Path

import pytest

from mailkit import MessageBuilder, open_transport
from mailkit.errors import AuthError, ConfigError
from mailkit.transport import SmtpTransport, Tls
from mailkit.transport.provider import PROVIDERS, ProviderTransport
from tests.kit.relay import relay
from tests.kit.twins import TRANSPORTS, TransportTwin

SECRET = "hunter2"
MESSAGE = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hello").build()


def settings(url: str):
    transport = open_transport(url)
    assert isinstance(transport, SmtpTransport)
    return transport.settings


def login(name: str) -> str:
    return f"{PROVIDERS[name].user or 'ada'}:{SECRET}@"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_open_when_a_provider_is_named_then_tls_is_required_wherever_it_is_not_this_machine(name: str) -> None:
    """Nobody's password goes out in the clear, whatever the port."""
    found = settings(f"{name}://{login(name)}")
    if PROVIDERS[name].is_local:
        assert found.host in ("localhost", "127.0.0.1")
        assert found.tls is Tls.OPPORTUNISTIC
    else:
        assert found.tls is (Tls.IMPLICIT if found.port == 465 else Tls.REQUIRED)
        assert "." in found.host
    assert found.port == PROVIDERS[name].port
    assert not found.unsafe_plaintext_auth


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        (f"gmail://ada%40gmail.com:{SECRET}@", "smtp.gmail.com", 587),
        (f"gmail://ada@gmail.com:{SECRET}@", "smtp.gmail.com", 587),
        (f"GMAIL://ada@gmail.com:{SECRET}@:465/", "smtp.gmail.com", 465),
        (f"office365://ada:{SECRET}@", "smtp.office365.com", 587),
        (f"sendgrid://apikey:{SECRET}@:2525", "smtp.sendgrid.net", 2525),
        (f"ses://AKIA:{SECRET}@", "email-smtp.us-east-1.amazonaws.com", 587),
        (f"ses://AKIA:{SECRET}@?region=eu-west-1", "email-smtp.eu-west-1.amazonaws.com", 587),
        (f"ses://AKIA:{SECRET}@?region=us-gov-west-1", "email-smtp.us-gov-west-1.amazonaws.com", 587),
        (f"mailgun://ada:{SECRET}@?region=eu", "smtp.eu.mailgun.org", 587),
        (f"zoho://ada:{SECRET}@?region=au", "smtp.zoho.com.au", 465),
        ("mailpit:", "localhost", 1025),
        ("mailpit://mail.internal:2025?tls=off", "mail.internal", 2025),
        ("inbox://:1026", "localhost", 1026),
    ],
)
def test_open_when_a_url_says_more_then_host_and_port_follow(url: str, host: str, port: int) -> None:
    """A region, another port that the provider has, a local inbox on another machine."""
    found = settings(url)
    assert (found.host, found.port) == (host, port)
    assert open_transport(url).name.endswith(f"{host}:{port}")
    assert SECRET not in f"{open_transport(url).name} {open_transport(url)!r}"


def test_open_when_options_of_smtp_are_given_then_they_are_used_too() -> None:
    """A provider is a relay like any other."""
    assert settings(f"gmail://ada:{SECRET}@?timeout=5").timeout == 5.0


def test_open_when_a_token_stands_for_the_password_then_it_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gmail and Microsoft take OAuth tokens."""
    monkeypatch.setenv("GMAIL_TOKEN", SECRET)
    credentials = settings("gmail://ada%40gmail.com@?auth=xoauth2&token_env=GMAIL_TOKEN").credentials
    assert (credentials.user, credentials.mechanism) == ("ada@gmail.com", "XOAUTH2")


@pytest.mark.parametrize(
    ("url", "problem", "hint"),
    [
        ("gmail:", "needs a user", "app password"),
        ("gmail://", "needs a user", "gmail://user:password@"),
        (f"gmail:ada:{SECRET}@", "takes no other", "gmail://user:password@"),
        (f"gmail://ada:{SECRET}@smtp.gmail.com", "takes no other", "%40"),
        (f"gmail://ada@gmail.com:{SECRET}", "cannot be read", ""),
        ("gmail://ada@", "no password", ""),
        (f"gmail://ada:{SECRET}@?region=eu", "no option 'region'", ""),
        (f"ses://ada:{SECRET}@?region=europe", "no region 'europe'", "us-east-1"),
        (f"ses://ada:{SECRET}@?region=evil.example/eu-west-1", "no region", ""),
        (f"mailgun://ada:{SECRET}@?region=asia", "no region 'asia'", "us, eu"),
        (f"sendgrid://ada:{SECRET}@", "as 'apikey'", "sendgrid://apikey:password@"),
        (f"resend://ada:{SECRET}@", "as 'resend'", "API key"),
        (f"gmail://ada:{SECRET}@?tsl=off", "no option 'tsl'", ""),
    ],
)
def test_open_when_it_is_wrong_then_the_error_says_what_to_write(url: str, problem: str, hint: str) -> None:
    """With what the provider wants, and without the password."""
    with pytest.raises(ConfigError, match=problem) as caught:
        open_transport(url)
    assert hint in caught.value.hint
    assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(
    ("scheme", "meant"),
    [
        ("gmial", "gmail"),
        ("outlok", "outlook"),
        ("smpt", "smtp"),
        ("mialgun", "mailgun"),
        ("fialover", "failover"),
        ("sendmial", "sendmail"),
    ],
)
def test_open_when_a_scheme_is_misspelt_then_the_right_one_is_named(scheme: str, meant: str) -> None:
    """Before all that there are."""
    with pytest.raises(ConfigError, match=f"no transport '{scheme}'") as caught:
        open_transport(f"{scheme}://ada:{SECRET}@")
    assert caught.value.hint.startswith("Did you mean ")
    assert meant in caught.value.hint.partition("?")[0]
    assert SECRET not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_deliver_when_the_password_is_wrong_then_the_error_has_the_hint_of_the_provider(twin: TransportTwin) -> None:
    """Nearly everybody's first try is the password of the account itself."""
    with relay(password="right") as server:
        found = settings(server.url.replace("right", SECRET))
        transport = ProviderTransport(PROVIDERS["gmail"], found)
        with twin(transport) as delivering, pytest.raises(AuthError) as caught:
            delivering.deliver(MESSAGE)
        with pytest.raises(AuthError) as verified:
            transport.verify()
    for error in (caught.value, verified.value):
        assert error.hint.startswith("It takes an app password")
        assert any("app password" in note for note in error.__notes__)
        assert SECRET not in f"{error} {error.hint}"


def test_the_documentation_when_read_names_every_provider() -> None:
    """A table that is left behind helps nobody."""
    page = (Path(__file__).parents[2] / "docs" / "transports.md").read_text(encoding="utf-8")
    assert [name for name in PROVIDERS if f"`{name}`" not in page] == []
