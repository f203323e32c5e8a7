"""Transport URLs: what they say, what is refused, and that no password ever comes out of them."""

import pickle
import traceback

import pytest

from mailkit.errors import ConfigError
from mailkit.transport import SmtpTransport, Tls, Url, open_transport, redacted

SECRET = "hunter2"


def settings(url: str):
    transport = open_transport(url)
    assert isinstance(transport, SmtpTransport)
    return transport.settings


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("smtp://mail.example.com", "mail.example.com", 587, Tls.REQUIRED),
        ("SMTP://Mail.Example.COM", "mail.example.com", 587, Tls.REQUIRED),
        ("smtp://mail.example.com:25", "mail.example.com", 25, Tls.REQUIRED),
        ("smtps://mail.example.com", "mail.example.com", 465, Tls.IMPLICIT),
        ("smtps://mail.example.com:1465/", "mail.example.com", 1465, Tls.IMPLICIT),
        ("smtp://localhost:1025", "localhost", 1025, Tls.OPPORTUNISTIC),
        ("smtp://inbox.localhost:1025", "inbox.localhost", 1025, Tls.OPPORTUNISTIC),
        ("smtp://127.0.0.1:25", "127.0.0.1", 25, Tls.OPPORTUNISTIC),
        ("smtp://[::1]:25", "::1", 25, Tls.OPPORTUNISTIC),
        ("smtp://[2001:db8::1]:25", "2001:db8::1", 25, Tls.REQUIRED),
        ("smtp://localhost", "localhost", 587, Tls.REQUIRED),
        ("smtp://10.0.0.1:25", "10.0.0.1", 25, Tls.REQUIRED),
        ("smtp://localhost.example.com:25", "localhost.example.com", 25, Tls.REQUIRED),
        ("smtp://mail.example.com?tls=off", "mail.example.com", 587, Tls.OFF),
        ("smtp://mail.example.com?tls=opportunistic", "mail.example.com", 587, Tls.OPPORTUNISTIC),
        ("smtp://localhost:1025?tls=required", "localhost", 1025, Tls.REQUIRED),
        ("  smtp://mail.example.com\n", "mail.example.com", 587, Tls.REQUIRED),
    ],
)
def test_url_when_it_names_a_relay_then_host_port_and_tls_follow(url: str, host: str, port: int, tls: Tls) -> None:
    """TLS is required everywhere but on the loopback, unless the URL says otherwise."""
    found = settings(url)
    assert (found.host, found.port, found.tls) == (host, port, tls)
    assert not found.unsafe_no_verify
    assert not found.unsafe_plaintext_auth


@pytest.mark.parametrize(
    ("userinfo", "user", "password"),
    [
        ("ada:pw", "ada", "pw"),
        ("ada%40example.com:p%40ss%3A%2F%23%25", "ada@example.com", "p@ss:/#%"),
        ("z%C3%B6e:p%C3%A4ss", "zöe", "päss"),
        ("ada:", "ada", ""),
        ("ada:a+b", "ada", "a+b"),
        ("ada:a:b", "ada", "a:b"),
    ],
)
def test_url_when_user_and_password_are_percent_encoded_then_they_are_decoded(
    userinfo: str, user: str, password: str
) -> None:
    """Any character can be in a password."""
    found = settings(f"smtp://{userinfo}@mail.example.com").credentials
    assert found is not None
    assert (found.user, found.password.reveal()) == (user, password)


def test_url_when_options_are_given_then_they_are_all_used() -> None:
    """Every option reaches its setting."""
    found = settings(
        "smtp://mail.example.com/?verify=no&ca=%2Fetc%2Fca.pem&hello=me.example.com&timeout=2.5&max_messages=7"
        "&unsafe_plaintext_auth=yes"
    )
    assert found.unsafe_no_verify
    assert found.unsafe_plaintext_auth
    assert (found.trust.ca_file, found.hello, found.timeout, found.max_messages) == (
        "/etc/ca.pem",
        "me.example.com",
        2.5,
        7,
    )


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "not a transport URL"),
        ("mail.example.com", "not a transport URL"),
        ("//mail.example.com", "not a transport URL"),
        ("1smtp://mail.example.com", "not a transport URL"),
        ("smtp://", "needs a host"),
        ("smtp:", "needs a host"),
        ("smtp:mail.example.com", "needs a host"),
        ("smtps://?tls=off", "needs a host"),
        ("smtp://mail.example.com:port", "port"),
        ("smtp://mail.example.com:99999", "port"),
        ("smtp://[::1", "not well formed"),
        ("smtp://mail.example.com#top", "'#'"),
        ("smtp://ada@mail.example.com", "no password"),
        ("smtp://mail.example.com?tsl=off", "no option 'tsl'"),
        ("smtp://mail.example.com?verify", "cannot be read"),
        ("smtp://mail.example.com?verify=maybe", "neither yes nor no"),
        ("smtp://mail.example.com?tls=perhaps", "not known"),
        ("smtp://mail.example.com?tls=implicit", "scheme"),
        ("smtp://mail.example.com?timeout=soon", "positive"),
        ("smtp://mail.example.com?timeout=0", "positive"),
        ("smtp://mail.example.com?timeout=nan", "positive"),
        ("smtp://mail.example.com?max_messages=-1", "positive"),
        ("gopher://mail.example.com", "no transport 'gopher'"),
        ("memory:x", "nothing after the colon"),
        ("memory:?a=b", "no option 'a'"),
        ("console://host", "nothing after the colon"),
        ("file:", "needs a folder"),
        ("file://host/folder", "needs a folder"),
        ("file:folder?mode=x", "no option 'mode'"),
    ],
)
def test_url_when_it_is_wrong_then_the_error_says_what_and_what_to_write(url: str, problem: str) -> None:
    """A typo never lowers safety, and is never ignored."""
    with pytest.raises(ConfigError, match=problem):
        open_transport(url)


def test_transport_when_it_is_neither_text_nor_transport_then_the_type_is_named() -> None:
    """The likeliest mistake is a settings object."""
    with pytest.raises(ConfigError, match="not as int"):
        open_transport(25)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        f"smtp://ada:{SECRET}@mail.example.com?tsl=off",
        f"smtp://ada:{SECRET}@mail.example.com:99999",
        f"smtp://ada:{SECRET}@mail.example.com:port",
        f"smtp://ada:{SECRET}@mail.example.com?verify",
        f"smtp://ada:{SECRET}@mail.example.com#top",
        f"smtp://ada:{SECRET}@",
        f"smtp://ada:{SECRET}",
        f"smtp://ada:a/{SECRET}@mail.example.com",
        f"smtp://ada:a#{SECRET}@mail.example.com",
        f"smtp://ada:a?{SECRET}@mail.example.com",
        f"smtp://ada:a@{SECRET}@mail.example.com:99999",
        f"smtp://ada:a b{SECRET}@mail.example.com:99999",
        f"smtp://ada:[{SECRET}@mail.example.com",
        f"smtp://ada@example.com:{SECRET}@mail.example.com:99999",
        f"smtp://:{SECRET}@mail.example.com:99999",
        f"smtp:ada:{SECRET}@mail.example.com",
        f"smpt://ada:{SECRET}@mail.example.com",
        f"smpt:ada:{SECRET}@mail.example.com",
        f"ada:{SECRET}@mail.example.com",
        f"smtp://ada@mail.example.com:{SECRET}",
        f"smtp://ada@mail.example.com:{SECRET}/",
        f"gmail://ada@gmail.com:{SECRET}",
        f"gmail://ada@gmail.com:{SECRET}?timeout=5",
        f"gmail:ada@gmail.com:{SECRET}",
        f"1smtp://ada:{SECRET}@mail.example.com",
    ],
)
def test_url_when_it_is_wrong_then_the_password_is_not_in_the_error(url: str) -> None:
    """Error texts end in logs and issue trackers."""
    with pytest.raises(ConfigError) as caught:
        open_transport(url)
    error = caught.value
    assert SECRET not in f"{error} {error!r} {error.hint} {error.__dict__}"
    assert SECRET not in "".join(traceback.format_exception(error))
    assert SECRET.encode() not in pickle.dumps(error)


@pytest.mark.parametrize("url", [f"smtp://ada:{SECRET}@mail.example.com", f"smtps://ada:{SECRET}@[::1]:465"])
def test_transport_when_printed_then_the_password_is_hidden(url: str) -> None:
    """repr, str and the name that reports show."""
    transport = open_transport(url)
    assert isinstance(transport, SmtpTransport)
    shown = f"{transport!r} {transport} {transport.name} {transport.settings!r} {transport.settings} {Url.parse(url)!r}"
    assert SECRET not in shown
    assert "ada@" in transport.name


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"smtp://ada:{SECRET}@h:25", "smtp://ada:***@h:25"),
        ("smtp://ada@h:25", "smtp://ada@h:25"),
        ("smtp://h:25/?a=b:c", "smtp://h:25/?a=b:c"),
        ("smtp://[::1]:25", "smtp://[::1]:25"),
        ("memory:", "memory:"),
        ("file:C:/outbox", "file:C:/outbox"),
        ("nonsense", "nonsense"),
    ],
)
def test_redacted_when_given_a_url_then_only_the_password_goes(url: str, shown: str) -> None:
    """What is no secret helps to find the mistake."""
    assert redacted(url) == shown
