"""Who gets in and how: mechanisms, TLS, tokens, and what is said when it does not work. No password is ever shown."""

import ssl
import sys
from binascii import a2b_base64
from pathlib import Path

import pytest

from mailkit import mailbox
from mailkit.errors import AuthError, ConfigError, ConnectError, MailboxError, MailkitError, TlsError, TransportTimeout
from mailkit.mailbox import Imap, Pop3
from mailkit.secret import Secret
from mailkit.smtp import Credentials, Token
from tests.kit.chatter import HANDSHAKES, HANGS_UP, Chatter, imap, pop3
from tests.kit.dovecot import MECHANISMS, Dovecot
from tests.kit.peers import Authority, free_port
from tests.mailbox.conftest import Box, imap_server, pop3_server

SCHEMES = ("imap", "imaps", "pop3", "pop3s")


@pytest.mark.parametrize("box", ["dovecot"], indirect=True)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mechanism", [name for name in MECHANISMS if "OAUTH" not in name])
def test_a_mechanism_when_it_is_asked_for_logs_in(box: Box, scheme: str, mechanism: str) -> None:
    """Each, over TLS from the start and after the greeting."""
    options = {} if scheme.endswith("s") else {"tls": "required"}
    with mailbox.open(box.url(scheme, auth=mechanism.lower(), **options)) as opened:
        assert opened.is_open


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_token_logs_in(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, scheme: str, mechanism: str) -> None:
    """From the environment, from a file or from code; one that is over is refused, and is not in the error."""
    monkeypatch.setenv("TOKEN", dovecot.token())
    box = Box(dovecot, dovecot.user)
    url = box.url(scheme, auth=mechanism, token_env="TOKEN").replace(":correct%20horse", "")
    with mailbox.open(url) as opened:
        assert opened.is_open
    old = dovecot.token(-3600)
    monkeypatch.setenv("TOKEN", old)
    with pytest.raises(AuthError) as error:
        mailbox.open(url)
    assert old not in f"{error.value!r}{error.value}{error.value.hint}"


def test_credentials_from_code_take_the_place_of_the_urls(box: Box) -> None:
    """A password need not be in any URL."""
    url = box.url().replace(":correct%20horse", ":wrong")
    with mailbox.open(url, credentials=Credentials(box.user, Secret(box.server.password))) as opened:
        assert opened.is_open


@pytest.mark.parametrize("scheme", SCHEMES)
def test_login_is_a_verb_where_the_url_names_no_user(box: Box, scheme: str) -> None:
    """Once; a second time is a slip. Before it the server is asked for nothing but what it can do."""
    url = box.url(scheme)
    with mailbox.open(
        url.partition("://")[0] + "://" + url.partition("@localhost")[2].join(["localhost", ""])
    ) as opened:
        assert opened.capability()
        with pytest.raises(AuthError, match="did not accept"):
            opened.login(box.user, "hunter2")
        for wrong in ("a\r\nb", "a\0b"):
            with pytest.raises(MailboxError, match=r"control|CR|LF|NUL|line"):
                opened.login(wrong, "x")
            with pytest.raises(MailboxError, match="control"):
                opened.login(box.user, wrong)
        opened.login(box.user, box.server.password)
        assert opened.stat().messages == 0 if isinstance(opened, Pop3) else opened.select().messages == 0
        with pytest.raises(MailboxError, match="already"):
            opened.login(box.user, box.server.password)
        assert box.user in repr(opened)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_wrong_password_is_an_error_that_helps(box: Box, scheme: str) -> None:
    """It names the user, and what to look at; not the password."""
    with pytest.raises(AuthError, match="did not accept") as error:
        mailbox.open(box.url(scheme, password="hunter2"))
    assert "hunter2" not in f"{error.value!r}{error.value}{error.value.hint}{error.value.__cause__}"
    assert "app password" in error.value.hint


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_certificate_that_nobody_vouches_for_is_refused(box: Box, tmp_path: Path, scheme: str) -> None:
    """Before anything is said; verify=no and a fingerprint are the ways to know better."""
    with pytest.raises(TlsError):
        mailbox.open(box.url(scheme, ca=ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"))
    with mailbox.open(box.url(scheme, ca="").replace("ca=", "verify=no")) as opened:
        assert opened.is_open


@pytest.mark.parametrize("scheme", ["imap", "pop3"])
@pytest.mark.parametrize("policy", ["required", "opportunistic"])
def test_what_is_said_ahead_of_tls_is_refused(authority: Authority, scheme: str, policy: str) -> None:
    """Somebody on the way could have put it there; the password is not sent."""
    context = authority.context()
    begin = {
        "imap": (
            b"* OK [CAPABILITY IMAP4rev1 STARTTLS] x\r\n",
            imap(
                CAPABILITY=b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%t OK\r\n",
                STARTTLS=(b"%t OK go\r\n* CAPABILITY X\r\n", HANDSHAKES),
            ),
        ),
        "pop3": (b"+OK\r\n", pop3(CAPA=b"+OK\r\nSTLS\r\n.\r\n", STLS=(b"+OK go\r\n+OK\r\n", HANDSHAKES))),
    }
    greeting, answer = begin[scheme]
    with Chatter(greeting, answer, context=context) as server:
        url = f"{scheme}://ada:hunter2@localhost:{server.port}?tls={policy}&ca={authority.ca_file}&timeout=5"
        with pytest.raises(TlsError, match="ahead of TLS"):
            mailbox.open(url.replace("localhost", "127.0.0.1"))
        assert b"hunter2" not in server.said


@pytest.mark.parametrize("scheme", ["imap", "pop3"])
def test_a_server_without_tls_gets_no_password(scheme: str) -> None:
    """Where TLS is required it is an error at once; on the loopback the password is not shown all the same."""
    serving = imap_server if scheme == "imap" else pop3_server
    with serving() as (url, server):
        plain = url.partition("?")[0].removesuffix("/INBOX")
        with pytest.raises(TlsError, match="does not offer"):
            mailbox.open(f"{plain}?tls=required&timeout=5")
        with pytest.raises(AuthError, match="not encrypted"):
            mailbox.open(f"{plain}?timeout=5")
        assert b"secret" not in server.said


def test_a_server_that_says_no_to_starttls_is_a_tls_error() -> None:
    """And nothing is said in the clear instead."""
    no = {"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%t OK\r\n", "STARTTLS": b"%t NO not today\r\n"}
    with imap_server(**no) as (url, server):
        with pytest.raises(TlsError, match="not today"):
            mailbox.open(url)
        assert b"LOGIN" not in server.said
    with pop3_server(CAPA=b"+OK\r\nSTLS\r\n.\r\n", STLS=b"-ERR not today\r\n") as (url, server):
        with pytest.raises(TlsError, match="not today"):
            mailbox.open(url)
        assert b"PASS" not in server.said


def test_a_server_that_has_logged_us_in_before_tls_is_not_believed() -> None:
    """PREAUTH makes STARTTLS impossible: that is how somebody in the middle gets rid of it."""
    with imap_server(greeting=b"* PREAUTH welcome\r\n") as (url, server):
        with pytest.raises(TlsError, match="before the connection is secure"):
            mailbox.open(url.replace("unsafe_plaintext_auth=yes", "tls=required"))
        with mailbox.open(url.replace("unsafe_plaintext_auth=yes", "tls=off")) as opened:
            assert isinstance(opened, Imap)
            assert tuple(opened.search()) == (1,)
        assert b"LOGIN" not in server.said


def test_a_server_that_takes_no_login_command_gets_none() -> None:
    """LOGINDISABLED (RFC 3501 6.2.3)."""
    with imap_server(CAPABILITY=b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n%t OK\r\n") as (url, server):
        with pytest.raises(AuthError, match="takes no passwords"):
            mailbox.open(url)
        assert b"secret" not in server.said


def test_apop_proves_the_password_without_showing_it(box: Box) -> None:
    """The digest of the protocol's own example (RFC 1939 7), and a real server; only where that is safe."""
    with pop3_server(APOP=b"+OK\r\n") as (url, server):
        with mailbox.open(url.replace("ada:secret", "mrose:tanstaaf") + "&auth=apop") as opened:
            assert opened.stat().messages == 1
        assert b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n" in server.heard
        with pytest.raises(AuthError, match="not encrypted"):
            mailbox.open(url.replace("unsafe_plaintext_auth=yes", "auth=apop"))
    with mailbox.open(box.url("pop3s", auth="apop")) as opened:
        assert opened.is_open
    with pytest.raises(AuthError, match="did not accept"):
        mailbox.open(box.url("pop3s", auth="apop", password="wrong"))
    with pop3_server(greeting=b"+OK no stamp\r\n") as (url, _), pytest.raises(AuthError, match="does not offer"):
        mailbox.open(url + "&auth=apop")


@pytest.mark.parametrize(
    ("said", "hint", "is_temporary"),
    [
        ("[AUTHENTICATIONFAILED] Invalid credentials", "app password", False),
        ("[ALERT] Application-specific password required", "app password", False),
        ("[WEBALERT https://x] Web login required", "browser", False),
        ("[UNAVAILABLE] backend", "later", True),
        ("[IN-USE] locked", "Another program", True),
        ("LOGIN failed, basic authentication is disabled", "token", False),
        ("Your account is not enabled for IMAP use.", "switch it on", False),
    ],
)
def test_a_refusal_is_explained_and_never_shows_the_password(said: str, hint: str, is_temporary: bool) -> None:
    """Also when the server repeats it."""
    no = b"%t NO " + said.encode() + b" (secret)\r\n"
    with imap_server(LOGIN=no) as (url, _), pytest.raises(AuthError) as error:
        mailbox.open(url)
    assert hint in error.value.hint
    assert error.value.is_temporary is is_temporary
    assert "secret" not in f"{error.value}{error.value!r}"


@pytest.mark.parametrize("user", ["a\r\nb", "a\nDELE 1", "a\0b"])
def test_a_user_with_a_line_break_never_reaches_a_command(user: str) -> None:
    """POP3 has no quotes; IMAP has literals, which carry it."""
    given = Credentials(user, Secret("secret"))
    with pop3_server() as (url, server):
        with pytest.raises(MailkitError):
            mailbox.open(url, credentials=given)
        assert not any(line.startswith((b"USER", b"DELE", b"b")) for line in server.heard)


@pytest.mark.parametrize("password", ["p w", 'q"uote', "back\\slash", "(paren)", "{3}", "100%", "*", "~!@#$^&"])
def test_a_password_when_it_goes_by_login_is_quoted(password: str) -> None:
    """The LOGIN command of old servers."""
    with imap_server() as (url, server):
        with mailbox.open(url, credentials=Credentials("ada", Secret(password))) as opened:
            assert opened.is_open
        [line] = [line for line in server.heard if b"LOGIN" in line]
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    assert line.split(b" ", 2)[2] == f'"ada" "{quoted}"\r\n'.encode()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("imaps://ada@host", "no password"),
        ("imaps://ada:p@", "host"),
        ("imaps://ada:p@host?tls=required", "tls"),
        ("imap://ada:p@host?tls=implicit", "scheme"),
        ("imap://ada:p@host?tls=maybe", "not known"),
        ("imaps://ada:p@host?bogus=1", "bogus"),
        ("imaps://ada:p@host?auth=magic", "magic"),
        ("imaps://ada:p@host?auth=apop", "apop"),
        ("imaps://ada:p@host?timeout=-1", "timeout"),
        ("http://ada:p@host", "not the URL of a mailbox"),
    ],
)
def test_a_url_with_a_slip_says_what_is_wrong(url: str, said: str) -> None:
    """Without its password, and in the words of mailboxes."""
    with pytest.raises(ConfigError) as error:
        mailbox.open(url.replace(":p@", ":hunter2@"))
    text = f"{error.value} {error.value.hint}"
    assert said in text
    assert "hunter2" not in text
    assert "smtp" not in text


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_is_not_there_is_a_connect_error(scheme: str) -> None:
    """With its host and port."""
    port = free_port()
    with pytest.raises(ConnectError, match=str(port)):
        mailbox.open(f"{scheme}://ada:p@127.0.0.1:{port}")


@pytest.mark.parametrize("scheme", ["imap", "pop3"])
@pytest.mark.parametrize(
    ("greeting", "kind", "said"),
    [
        (b"220 mail ESMTP\r\n", MailboxError, "does not speak"),
        (b"\r\n", MailboxError, "does not speak"),
        (b"\xff\xfe\x00\r\n", MailboxError, "does not speak"),
        (b"HTTP/1.1 400 Bad Request\r\n", MailboxError, "does not speak"),
        (b"", TransportTimeout, "did not answer"),
    ],
)
def test_something_else_at_the_port_is_said(scheme: str, greeting: bytes, kind: type[MailkitError], said: str) -> None:
    """A wrong port is the most common slip of all."""
    with Chatter(greeting, lambda _: HANGS_UP) as server, pytest.raises(kind, match=said):
        mailbox.open(f"{scheme}://ada:p@127.0.0.1:{server.port}?timeout=0.3")


def test_a_server_that_has_no_time_says_so() -> None:
    """BYE, and -ERR, at the greeting."""
    with Chatter(b"* BYE too many connections\r\n", imap()) as server, pytest.raises(ConnectError, match="too many"):
        mailbox.open(f"imap://ada:p@127.0.0.1:{server.port}")
    with Chatter(b"-ERR too many connections\r\n", pop3()) as server, pytest.raises(MailboxError, match="too many"):
        mailbox.open(f"pop3://ada:p@127.0.0.1:{server.port}")


def test_tls_to_a_plain_port_says_which_scheme_to_use() -> None:
    """In the words of mailboxes."""
    with imap_server() as (_, server), pytest.raises(TlsError) as error:
        mailbox.open(f"imaps://ada:p@127.0.0.1:{server.port}?timeout=5")
    assert "smtp" not in error.value.hint


def test_a_token_that_was_kept_and_is_refused_is_renewed_once() -> None:
    """It may have been withdrawn: its source is asked again."""
    tokens = [Token(Secret("first"), 3600), Token(Secret("second"), 3600)]
    given = Credentials("ada", token=lambda: tokens.pop(0), mechanism="XOAUTH2")
    verdicts = iter([b"OK in", b"NO [AUTHENTICATIONFAILED] withdrawn", b"OK in"])
    usual = imap(CAPABILITY=b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\n%t OK\r\n")

    def answer(line: bytes) -> object:
        return line.split()[0] + b" " + next(verdicts) + b"\r\n" if b"AUTHENTICATE" in line else usual(line)

    with Chatter(b"* OK\r\n", answer) as server:
        url = f"imap://127.0.0.1:{server.port}?unsafe_plaintext_auth=yes&timeout=5"
        for _ in range(2):
            with Imap(url, credentials=given) as opened:
                assert opened.is_open
        shown = [a2b_base64(line.split()[3]) for line in server.heard if b"AUTHENTICATE" in line]
    assert [b"first" in one for one in shown] == [True, True, False]
    assert tokens == []


def test_a_user_beyond_ascii_goes_as_a_literal() -> None:
    """Quoted strings of IMAP are ASCII (RFC 3501 9)."""
    tags: list[bytes] = []
    usual = imap()

    def answer(line: bytes) -> object:
        if line.startswith("zoë".encode()):
            return tags[0] + b" OK welcome\r\n"
        tags[:] = [line.split()[0], *tags] if b"LOGIN" in line else tags
        return b"+ go on\r\n" if b"LOGIN" in line else usual(line)

    with Chatter(b"* OK\r\n", answer) as server:
        url = f"imap://127.0.0.1:{server.port}?unsafe_plaintext_auth=yes&timeout=5"
        with Imap(url) as opened:
            opened.login("zoë", "secret")
            assert tuple(opened.search()) == (1,)
        assert 'zoë "secret"\r\n'.encode() in server.heard


def test_a_mechanism_that_the_server_does_not_really_have_gives_way_to_the_next() -> None:
    """It was the mechanism that was refused, and not the password."""
    offered = b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=CRAM-MD5 AUTH=PLAIN\r\n%t OK\r\n"
    answers: dict[str, object] = {"CAPABILITY": offered, "AUTHENTICATE": b"%t NO unsupported mechanism\r\n"}
    with imap_server(**answers) as (url, server):
        with pytest.raises(AuthError, match="unsupported"):
            mailbox.open(url)
        tried = [line.split()[2] for line in server.heard if b"AUTHENTICATE" in line]
    assert sorted(tried) == [b"CRAM-MD5", b"PLAIN"]
    answers["AUTHENTICATE"] = b"%t NO wrong password\r\n"
    with imap_server(**answers) as (url, server):
        with pytest.raises(AuthError, match="wrong password"):
            mailbox.open(url)
        assert len([line for line in server.heard if b"AUTHENTICATE" in line]) == 1


def test_without_the_extra_imap_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And POP3 works without it."""
    monkeypatch.setitem(sys.modules, "mailkit.mailbox.imapwire", None)
    with pytest.raises(ConfigError, match="another package") as error:
        mailbox.open("imaps://ada:p@127.0.0.1")
    assert "mailkit-compose[mailbox]" in error.value.hint
    with pop3_server() as (url, _), Pop3(url) as opened:
        assert opened.stat().messages == 1
