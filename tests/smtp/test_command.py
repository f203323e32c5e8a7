"""Commands: what is sent, and what can never be sent."""

from collections.abc import Callable

import pytest

from mailkit.errors import LocalProtocolError
from mailkit.smtp import command


@pytest.mark.parametrize(
    ("made", "wire"),
    [
        (command.ehlo("client.example"), b"EHLO client.example\r\n"),
        (command.helo("[127.0.0.1]"), b"HELO [127.0.0.1]\r\n"),
        (command.mail("ada@example.com"), b"MAIL FROM:<ada@example.com>\r\n"),
        (command.mail(""), b"MAIL FROM:<>\r\n"),
        (command.mail("a@b.c", "SIZE=10", "SMTPUTF8"), b"MAIL FROM:<a@b.c> SIZE=10 SMTPUTF8\r\n"),
        (command.rcpt("zoë@example.com"), "RCPT TO:<zoë@example.com>\r\n".encode()),
        (command.rcpt('"a b"@example.com'), b'RCPT TO:<"a b"@example.com>\r\n'),
        (command.rcpt('"a>b"@example.com'), b'RCPT TO:<"a>b"@example.com>\r\n'),
        (command.data(), b"DATA\r\n"),
        (command.bdat(86), b"BDAT 86\r\n"),
        (command.bdat(0, is_last=True), b"BDAT 0 LAST\r\n"),
        (command.rset(), b"RSET\r\n"),
        (command.noop(), b"NOOP\r\n"),
        (command.quit_(), b"QUIT\r\n"),
        (command.starttls(), b"STARTTLS\r\n"),
        (command.auth("PLAIN", "AGEAYg=="), b"AUTH PLAIN AGEAYg==\r\n"),
        (command.auth("LOGIN", ""), b"AUTH LOGIN\r\n"),
        (command.auth_response("YQ=="), b"YQ==\r\n"),
        (
            command.auth_response(""),
            b"\r\n",
        ),  # RFC 4954 8: [base64]; "=" stands for nothing in an initial response only
        (command.auth_response("*"), b"*\r\n"),
    ],
)
def test_command_when_made_then_it_is_one_line(made: bytes, wire: bytes) -> None:
    """Each command is what the RFC writes."""
    assert made == wire


ONE_ARGUMENT: list[Callable[[str], bytes]] = [
    command.ehlo,
    command.helo,
    command.mail,
    command.rcpt,
    lambda text: command.mail("a@b.c", text),
    lambda text: command.rcpt("a@b.c", text),
    lambda text: command.auth(text, ""),
    lambda text: command.auth("PLAIN", text),
    command.auth_response,
]


@pytest.mark.parametrize("make", ONE_ARGUMENT)
@pytest.mark.parametrize("evil", ["\r\n", "\n", "\r", "\0", "\x7f", "\x1b", "\x85\u2028", "\u2029", "\ud800"])
def test_command_when_an_argument_has_a_control_character_then_it_is_refused(
    make: Callable[[str], bytes], evil: str
) -> None:
    """No argument can smuggle a second command."""
    with pytest.raises(LocalProtocolError):
        make(f"ada@example.com{evil}RSET")


@pytest.mark.parametrize("make", [command.mail, command.rcpt])
@pytest.mark.parametrize("address", ["a@b> RCPT TO:<c@d", "a b@c", "<a@b>", '"a"b>@c', "a@b ", '"a" >b"@c'])
def test_path_when_it_could_end_early_then_it_is_refused(make: Callable[[str], bytes], address: str) -> None:
    """An angle bracket or blank outside quotes would end the path and begin parameters."""
    with pytest.raises(LocalProtocolError):
        make(address)


@pytest.mark.parametrize("make", [command.mail, command.rcpt])
@pytest.mark.parametrize("word", ["", "A=1 B=2", "A=1=2", "A=", "=1", "-A=1", "A B", "A=ë", "A=<b>\tC"])
def test_parameter_when_it_is_not_one_then_it_is_refused(make: Callable[[str, str], bytes], word: str) -> None:
    """RFC 5321 4.1.2: no parameter can bring another one along."""
    with pytest.raises(LocalProtocolError):
        make("a@b.c", word)


@pytest.mark.parametrize("make", [command.ehlo, command.helo])
@pytest.mark.parametrize("name", ["", " ", "two words", "tab\there"])
def test_hello_when_the_name_is_no_word_then_it_is_refused(make: Callable[[str], bytes], name: str) -> None:
    """A greeting has exactly one argument."""
    with pytest.raises(LocalProtocolError):
        make(name)


def test_command_when_it_would_be_endless_then_it_is_refused() -> None:
    """A line has a limit on our side too."""
    with pytest.raises(LocalProtocolError, match="longer than"):
        command.rcpt("a" * 20_000 + "@example.com")


def test_auth_when_refused_then_the_error_has_no_secret() -> None:
    """What might be a password is never shown."""
    with pytest.raises(LocalProtocolError) as caught:
        command.auth("PLAIN", "c2VjcmV0\r\n")
    assert "c2VjcmV0" not in f"{caught.value!r} {caught.value} {caught.value.hint}"


def test_auth_response_when_refused_then_the_error_has_no_secret() -> None:
    """The answer to a challenge is nothing but a secret."""
    with pytest.raises(LocalProtocolError) as caught:
        command.auth_response("c2VjcmV0\n")
    assert "c2VjcmV0" not in f"{caught.value!r} {caught.value} {caught.value.hint}"
