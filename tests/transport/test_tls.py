"""Who may be talked to: certificates, names, fingerprints, versions, and certificates of our own, through both pumps."""

import hashlib
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from mailkit import Message, MessageBuilder
from mailkit.errors import ConfigError, ConnectError, MailkitError, TlsError
from mailkit.net import Listener, TlsProfile
from mailkit.net.binding import server_end_point
from mailkit.net.blocking import BlockingPump, connect
from mailkit.sansio import ChannelBinding, Conversation, Read
from mailkit.testing.peer import Hears, Says, Secures
from mailkit.transport import SmtpTransport, open_transport
from tests.kit.peers import Authority, Hangs, HearsLines, Postbox, ScriptedServer
from tests.kit.twins import TRANSPORTS, TransportTwin

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
both = pytest.mark.parametrize("twin", TRANSPORTS, ids=lambda twin: twin.__name__)
versions = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
schemes = pytest.mark.parametrize("scheme", ["smtp", "smtps"])


def message() -> Message:
    return MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hello").build()


def serving(context: ssl.SSLContext, scheme: str = "smtp", postbox: Postbox | None = None) -> Listener:
    return Listener(postbox or Postbox(), tls=context, implicit_tls=scheme == "smtps")


def only(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    context.minimum_version = context.maximum_version = version
    return context


def failure(twin: TransportTwin, url: str) -> MailkitError:
    with twin(url) as transport, pytest.raises(MailkitError) as caught:
        transport.deliver(message())
    return caught.value


def fingerprint(port: int) -> str:
    """What openssl would print of an implicit TLS server's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(("localhost", port), timeout=5)) as wire:
        assert wire.recv(100).startswith(b"220")
        return hashlib.sha256(wire.getpeercert(binary_form=True) or b"").hexdigest()


# -- names -------------------------------------------------------------------------------------------------------------


@both
@versions
@schemes
def test_certificate_when_it_is_for_others_then_the_error_names_them(
    twin: TransportTwin, version: ssl.TLSVersion, scheme: str, authority: Authority
) -> None:
    """Which name would have worked is what one wants to know."""
    context = only(authority.context("mail.example.net", "example.net"), version)
    with serving(context, scheme) as server:
        error = failure(twin, f"{scheme}://localhost:{server.port}?ca={authority.ca_file}" + _required(scheme))
    assert isinstance(error, TlsError)
    assert "it is for mail.example.net, example.net, and not for localhost" in str(error)


def _required(scheme: str) -> str:
    return "&tls=required" if scheme == "smtp" else ""


@both
@schemes
def test_certificate_when_another_name_is_expected_then_that_is_looked_for(
    twin: TransportTwin, scheme: str, authority: Authority
) -> None:
    """For a relay behind a tunnel. The name of the host is no longer good then."""
    postbox = Postbox()
    with serving(authority.context("mail.example.net"), scheme, postbox) as server:
        url = f"{scheme}://localhost:{server.port}?ca={authority.ca_file}{_required(scheme)}&tls_name="
        with twin(f"{url}mail.example.net") as transport:
            transport.deliver(message())
        assert isinstance(failure(twin, f"{url}localhost"), TlsError)
    assert len(postbox.received) == 1


# -- fingerprints ------------------------------------------------------------------------------------------------------


@both
@schemes
def test_fingerprint_when_it_fits_then_a_self_signed_certificate_is_fine(
    twin: TransportTwin, scheme: str, authority: Authority
) -> None:
    """It says more than any authority, and the name does not matter."""
    postbox, context = Postbox(), authority.self_signed_context()
    with serving(context, "smtps") as server:
        pin = fingerprint(server.port)
    with serving(context, scheme, postbox) as server:
        colons = ":".join(pin[place : place + 2] for place in range(0, 64, 2)).upper()
        pins = f"fingerprint=sha256:{'0' * 64},sha256:{colons}"
        with twin(f"{scheme}://127.0.0.1:{server.port}?{pins}{_required(scheme)}") as transport:
            transport.deliver(message())
    assert postbox.received[0].is_secure


@both
@versions
@schemes
def test_fingerprint_when_it_does_not_fit_then_nothing_is_said(
    twin: TransportTwin, version: ssl.TLSVersion, scheme: str, authority: Authority
) -> None:
    """However good the certificate is otherwise; and the error shows the one that was met."""
    postbox, context = Postbox(passwords={"ada": "hunter2"}), only(authority.context(), version)
    with serving(context, "smtps") as server:
        pin = fingerprint(server.port)
    with serving(context, scheme, postbox) as server:
        options = f"ca={authority.ca_file}&verify=no&fingerprint=sha256:{'ab' * 32}{_required(scheme)}"
        error = failure(twin, f"{scheme}://ada:hunter2@localhost:{server.port}?{options}")
    assert isinstance(error, TlsError)
    assert f"sha256:{pin}" in str(error)
    assert postbox.received == []


# -- versions ----------------------------------------------------------------------------------------------------------


def talking(context: ssl.SSLContext, scheme: str) -> ScriptedServer:
    """A server that says in the handshake what it does not like; asyncio's own hang up without a word."""
    before = [] if scheme == "smtps" else [*BEFORE_TLS, Says(b"220 go\r\n")]
    return ScriptedServer([*before, Secures()], tls=context)


BEFORE_TLS = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250-ok\r\n250 STARTTLS\r\n"), Hears(b"STARTTLS\r\n")]


@both
@schemes
def test_version_when_the_server_is_too_old_then_the_error_says_so(
    twin: TransportTwin, scheme: str, authority: Authority
) -> None:
    """tls_min=1.3 wants TLS 1.3."""
    options = f"ca={authority.ca_file}{_required(scheme)}&tls_min=1.3"
    with talking(only(authority.context(), ssl.TLSVersion.TLSv1_2), scheme) as server:
        error = failure(twin, f"{scheme}://localhost:{server.port}?{options}")
    assert isinstance(error, TlsError)
    assert "tls_min" in error.hint


@both
@versions
def test_version_when_the_server_is_new_enough_then_it_is_taken(
    twin: TransportTwin, version: ssl.TLSVersion, authority: Authority
) -> None:
    """The option is the least, and not the only one."""
    with (
        serving(only(authority.context(), version)) as server,
        twin(f"smtp://localhost:{server.port}?ca={authority.ca_file}&tls=required&tls_min=1.2") as transport,
    ):
        assert transport.deliver(message())[0].code == 250


# -- certificates of our own -------------------------------------------------------------------------------------------


def asking(authority: Authority, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = only(authority.context(), version)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def own(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a client's certificate and key, in one file, in two, and with the key encrypted."""
    folder = tmp_path_factory.mktemp("own")
    issued = authority.ca.issue_cert("ada@example.com")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"open sesame")
    locked = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    (folder / "locked.pem").write_bytes(locked)
    authority.ca.issue_cert("eve@example.com").private_key_pem.write_to_path(folder / "other.pem")
    return folder


@both
@versions
@pytest.mark.parametrize(
    "files", ["cert={}/both.pem", "cert={0}/cert.pem&key={0}/key.pem", "cert={0}/cert.pem&key={0}/locked.pem"]
)
def test_own_certificate_when_the_server_asks_then_it_is_shown(
    twin: TransportTwin,
    version: ssl.TLSVersion,
    files: str,
    authority: Authority,
    own: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In one file, in two, and with a key that a password opens."""
    monkeypatch.setenv("KEY_PASSWORD", "open sesame")
    postbox = Postbox()
    options = files.format(own) + ("&key_password_env=KEY_PASSWORD" if "locked" in files else "")
    with (
        serving(asking(authority, version), postbox=postbox) as server,
        twin(f"smtp://localhost:{server.port}?ca={authority.ca_file}&{options}&tls=required") as transport,
    ):
        transport.deliver(message())
    assert len(postbox.received) == 1


@both
@versions
def test_own_certificate_when_the_server_asks_and_there_is_none_then_the_error_says_so(
    twin: TransportTwin, version: ssl.TLSVersion, authority: Authority
) -> None:
    """TLS 1.2 refuses in the handshake, without saying why; TLS 1.3 after it, in so many words."""
    # Not by STARTTLS: EHLO would be on its way already, and a socket closed over it takes the refusal along.
    with talking(asking(authority, version), "smtps") as server:
        error = failure(twin, f"smtps://localhost:{server.port}?ca={authority.ca_file}")
    assert isinstance(error, TlsError | ConnectError)
    assert "?cert=" in error.hint
    assert not error.is_temporary


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("cert={}/nowhere.pem", "cannot be read"),
        ("cert={}/cert.pem", "no key in it|no PEM file"),
        ("cert={0}/cert.pem&key={0}/other.pem", "belongs to another certificate"),
        ("cert={0}/cert.pem&key={0}/locked.pem", "another password"),
        ("cert={0}/cert.pem&key={0}/locked.pem&key_password_env=WRONG", "another password"),
        ("ca={}/nowhere.pem", "cannot be read"),
        ("ca={}/key.pem", "cannot be read"),
    ],
)
def test_profile_when_a_file_cannot_be_used_then_the_error_says_which_and_why(
    options: str, problem: str, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked for a password at the terminal, and none is shown."""
    monkeypatch.setenv("WRONG", "hunter2")
    transport = open_transport(f"smtp://localhost?{options.format(own)}")
    assert isinstance(transport, SmtpTransport)
    with pytest.raises(ConfigError, match=problem) as caught:
        transport.settings.tls_profile().context()
    assert "hunter2" not in f"{caught.value} {transport.settings!r}"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("tls_min=1.1", "tls_min=1.1 is not known"),
        ("fingerprint=abc", "is not one"),
        ("fingerprint=sha1:" + "a" * 40, "is not one"),
        ("fingerprint=sha256:" + "a" * 63, "is not one"),
        ("fingerprint=sha256:" + "a" * 64 + ",", "is not one"),
        ("key=key.pem", "key without cert"),
        ("cert=a.pem&key_password_env=MAILKIT_NOT_SET", "'MAILKIT_NOT_SET' is not set"),
    ],
)
def test_url_when_an_option_of_tls_is_wrong_then_it_is_refused(options: str, problem: str) -> None:
    """A pin that is misspelt must not be no pin."""
    with pytest.raises(ConfigError, match=problem):
        open_transport(f"smtps://mail.example.com?{options}")


# -- what identifies a connection --------------------------------------------------------------------------------------


def ask() -> Conversation[tuple[tuple[str, bytes], ...]]:
    yield Read(within=5)
    return (yield ChannelBinding())


def test_binding_when_the_connection_is_plain_then_there_is_none() -> None:
    """Nothing identifies it."""
    with Listener(Postbox()) as server:
        pump = connect("localhost", server.port, within=5, context=ssl.create_default_context, implicit=False)
        assert pump.run(ask()) == ()
        pump.close()


@versions
def test_binding_when_the_connection_is_secure_then_its_kinds_are_those_that_are_safe(
    version: ssl.TLSVersion, authority: Authority
) -> None:
    """RFC 9266: tls-unique is for TLS 1.2; the certificate's hash is always there (RFC 5929 4)."""
    with serving(only(authority.context(), version), "smtps") as server:
        pin = fingerprint(server.port)
        context = TlsProfile(ca_file=str(authority.ca_file)).context
        pump: BlockingPump = connect("localhost", server.port, within=5, context=context, implicit=True)
        found = dict(pump.run(ask()))
        pump.close()
    assert found.pop("tls-server-end-point").hex() == pin  # the authority signs with SHA-256
    assert set(found) <= {"tls-exporter" if version is ssl.TLSVersion.TLSv1_3 else "tls-unique"}
    assert ("tls-unique" in found) is (version is ssl.TLSVersion.TLSv1_2)


@pytest.mark.parametrize("algorithm", [hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_end_point_when_a_certificate_is_given_then_its_own_hash_is_used(algorithm, authority: Authority) -> None:
    """RFC 5929 4.1."""
    key = serialization.load_pem_private_key(authority.ca.private_key_pem.bytes(), None)
    old = x509.load_pem_x509_certificate(authority.ca.cert_pem.bytes())
    builder = x509.CertificateBuilder(old.issuer, old.subject, key.public_key(), 1, *_dates(old))
    certificate = builder.sign(key, algorithm).public_bytes(serialization.Encoding.DER)
    assert server_end_point(certificate) == hashlib.new(algorithm.name, certificate).digest()


def _dates(certificate: x509.Certificate):
    return (date.replace(tzinfo=None) for date in (certificate.not_valid_before_utc, certificate.not_valid_after_utc))


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x30\x84\xff", b"\x30\x03\x30\x01\0", b"\xff" * 100])
def test_end_point_when_it_is_no_certificate_then_there_is_none(garbage: bytes) -> None:
    """Nothing is bound to nothing."""
    assert server_end_point(garbage) == b""


# -- before the handshake ----------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("injected", [b"250 evil\r\n", b"2", b"250-AUTH PLAIN\r\n"])
def test_starttls_when_bytes_come_before_the_handshake_then_no_password_is_sent(
    twin: TransportTwin, injected: bytes, authority: Authority
) -> None:
    """CVE-2011-0411: they would be taken for the words of the secure server."""
    script = [*BEFORE_TLS, Says(b"220 go\r\n" + injected), Hangs()]
    with ScriptedServer(script, tls=authority.context()) as server:
        error = failure(twin, f"smtp://ada:hunter2@localhost:{server.port}?ca={authority.ca_file}")
    assert isinstance(error, TlsError)
    assert "before the handshake" in str(error)


def test_profile_when_replaced_then_it_is_a_value() -> None:
    """Frozen, comparable, and without the key's password in it when printed."""
    assert replace(TlsProfile(), name="a") == TlsProfile(name="a")
    assert hash(TlsProfile()) == hash(TlsProfile())
