"""Transport security: certificates are verified unless a setting that says so switches it off."""

import hashlib
import hmac
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mailkit.errors import ConfigError, ConnectError, TlsError
from mailkit.secret import Secret

__all__ = ["TlsProfile", "broken", "explain"]


@dataclass(frozen=True, slots=True)
class TlsProfile:
    """How both sides prove who they are. Files are in PEM form."""

    name: str = ""
    """The name that must be in the certificate, when it is not that of the host."""
    ca_file: str = ""
    """Authorities to trust instead of the system's."""
    fingerprints: tuple[str, ...] = ()
    """SHA-256 of the certificates that are accepted, in hexadecimal; neither authority nor name matter then."""
    cert_file: str = ""
    """Our own certificate, for a server that asks for one; its key may be in the same file."""
    key_file: str = ""
    key_password: Secret | None = None
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    unsafe_no_verify: bool = False

    def context(self) -> ssl.SSLContext:
        """Return a client context. Raises ConfigError for a file that cannot be used."""
        context = _Context(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
        context.profile = self
        context.minimum_version = self.minimum
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is in the CA file is trusted, root or not
        if sys.version_info >= (3, 13):  # as Python's own contexts are from then on
            context.verify_flags |= ssl.VERIFY_X509_STRICT
        if self.fingerprints or self.unsafe_no_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self.ca_file:
            self._load_authorities(context)
        else:
            context.load_default_certs()
        if self.cert_file:
            self._load_certificate(context)
        return context

    def _load_authorities(self, context: ssl.SSLContext) -> None:
        try:
            context.load_verify_locations(self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"the CA file {self.ca_file!r} cannot be read: {error.strerror or error}",
                hint="It must be a file of PEM certificates.",
            ) from None

    def _load_certificate(self, context: ssl.SSLContext) -> None:
        # Without an answer ready, OpenSSL would ask for the password at the terminal.
        password = self.key_password.reveal() if self.key_password else ""
        try:
            context.load_cert_chain(self.cert_file, self.key_file or None, password=lambda: password)
        except ssl.SSLError as error:
            why = _KEY_FAULTS.get(error.reason or "", "it is no PEM file, or its key has another password")
            raise ConfigError(
                f"the client certificate {self.cert_file!r} cannot be used: {why}",
                hint="?cert=FILE holds the certificate, ?key=FILE its key, ?key_password_env=NAME what opens the key.",
            ) from None
        except OSError as error:
            raise ConfigError(f"the client certificate {self.cert_file!r} cannot be read: {error.strerror}") from None


_KEY_FAULTS = {
    "KEY_VALUES_MISMATCH": "the key belongs to another certificate",
    "NO_START_LINE": "there is no key in it",
}


# -- what is checked beyond OpenSSL ------------------------------------------------------------------------------------


class _OtherName(ssl.SSLError):
    """The certificate is good, but for others."""

    names: tuple[str, ...] = ()


class _OtherCertificate(ssl.SSLError):
    """The certificate is not one of those that were named."""

    fingerprint: str = ""


class _Socket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        _shake(self, lambda: super(_Socket, self).do_handshake(block))


class _Object(ssl.SSLObject):
    def do_handshake(self) -> None:
        _shake(self, super().do_handshake)


class _Context(ssl.SSLContext):
    """Carries the profile to where the handshake ends, for sockets and for asyncio alike."""

    profile: TlsProfile
    sslsocket_class = _Socket
    sslobject_class = _Object

    def wrap_socket(self, *args: Any, **settings: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **self._named(settings))

    def wrap_bio(self, *args: Any, **settings: Any) -> ssl.SSLObject:
        return super().wrap_bio(*args, **self._named(settings))

    def _named(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "server_hostname": self.profile.name} if self.profile.name else settings


def _shake(secure: _Socket | _Object, shake: Callable[[], None]) -> None:
    try:
        shake()
    except ssl.SSLCertVerificationError as error:
        names = _names(secure) if error.verify_code in _WRONG_NAME else ()
        if not names:
            raise
        wrong = _OtherName(error.verify_code, error.verify_message)
        wrong.names = names
        raise wrong from None
    assert isinstance(secure.context, _Context)
    if pins := secure.context.profile.fingerprints:
        found = hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()
        if not any(hmac.compare_digest(found, pin) for pin in pins):
            other = _OtherCertificate("no pin fits")
            other.fingerprint = found
            raise other


def _names(secure: Any) -> tuple[str, ...]:
    """Return the names in a certificate that was turned down, where Python lets it be seen."""
    try:
        certificate = secure._sslobj.get_unverified_chain()[0].get_info()
    except (AttributeError, LookupError, TypeError, ValueError):
        return ()
    names = [value for _, value in certificate.get("subjectAltName", ())]
    names += (
        []
        if names
        else [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    )
    return tuple("".join(sign if sign.isprintable() else "?" for sign in name) for name in names)


# -- what went wrong ---------------------------------------------------------------------------------------------------

_WRONG_NAME = (62, 64)
# OpenSSL's X509_V_ERR codes, as they matter to a person.
_HINTS = {
    10: "Its certificate has expired; the server's administrator must renew it.",
    18: "It is self-signed. Add ?ca=FILE with that certificate, or ?verify=no for a test server.",
    19: "It comes from an authority that this machine does not know. Add ?ca=FILE with that authority's certificate.",
    20: "It comes from an authority that this machine does not know. Add ?ca=FILE with that authority's certificate.",
    62: "The certificate is for another host. Use a name that is in it, or ?tls_name=NAME when you know that it is right.",
    64: "The certificate is not for this address. Use the host's name instead of its number.",
}
_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")
_TOO_OLD = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION")
_NO_CERTIFICATE = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
_BAD_CERTIFICATE = (
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "TLSV1_ALERT_ACCESS_DENIED",
    "TLSV1_ALERT_UNKNOWN_CA",
)


def explain(error: ssl.SSLError | OSError, host: str) -> TlsError | ConnectError:
    """Turn a failed handshake into words."""
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ConnectError(f"the connection to {host} was lost during the TLS handshake")
    if isinstance(error, _OtherName):
        return TlsError(
            f"the certificate of {host} cannot be trusted: it is for {_listed(error.names)}, and not for {host}",
            hint=_HINTS[error.errno or 62],
        )
    if isinstance(error, _OtherCertificate):
        return TlsError(
            f"the certificate of {host} is not the one that was named: it has the fingerprint sha256:{error.fingerprint}",
            hint="If the server has a new certificate, and you know that it is its own, write this fingerprint instead.",
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(
            f"the certificate of {host} cannot be trusted: {error.verify_message}",
            hint=_HINTS.get(error.verify_code, "Add ?ca=FILE with the authority's certificate."),
        )
    reason = getattr(error, "reason", None) or str(error)
    if reason in _NOT_TLS:
        return TlsError(
            f"{host} does not speak TLS on this port from the start",
            hint="Use smtp:// (STARTTLS, usually port 587) instead of smtps:// (usually port 465).",
        )
    if reason in _TOO_OLD:
        return TlsError(
            f"{host} does not speak the version of TLS that is asked for",
            hint="?tls_min=1.2 is the oldest that mailkit speaks; older ones are broken.",
        )
    # With TLS 1.2, servers that miss a certificate of ours say no more than this.
    hint = "Does it want a client certificate? Add ?cert=FILE." if reason == "SSLV3_ALERT_HANDSHAKE_FAILURE" else ""
    return _refused(reason, host) or TlsError(f"the TLS handshake with {host} failed: {reason}", hint=hint)


def broken(error: ssl.SSLError, host: str) -> ConnectError:
    """Turn the failure of a connection that was secure into words. With TLS 1.3 a server says only then whom it wants."""
    reason = error.reason or str(error)
    refused = _refused(reason, host)
    if refused is None:
        return ConnectError(f"the secure connection to {host} broke: {reason}")
    # Not a TlsError: should it come after the end of data, the message may have been taken all the same.
    failure = ConnectError(refused.problem, hint=refused.hint)
    failure.is_temporary = False
    return failure


def _refused(reason: str, host: str) -> TlsError | None:
    if reason == _NO_CERTIFICATE:
        return TlsError(f"{host} wants a client certificate", hint="Add ?cert=FILE, and ?key=FILE if the key is apart.")
    if reason in _BAD_CERTIFICATE:
        return TlsError(
            f"{host} does not accept our client certificate: {reason}", hint="Is it from the right authority?"
        )
    return None


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
