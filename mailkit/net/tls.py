"""Transport security: certificates are verified unless a setting that says so switches it off."""

import ssl
from dataclasses import dataclass

from mailkit.errors import ConfigError, ConnectError, TlsError

__all__ = ["TlsProfile", "explain"]


@dataclass(frozen=True, slots=True)
class TlsProfile:
    """How the other side proves who it is. ``ca_file`` is a PEM file to trust instead of the system's authorities."""

    host: str
    ca_file: str = ""
    unsafe_no_verify: bool = False

    def context(self) -> ssl.SSLContext:
        """Return a client context: TLS 1.2 or newer, certificate and name verified."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"the CA file {self.ca_file!r} cannot be read: {error.strerror or error}",
                hint="It must be a file of PEM certificates.",
            ) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.unsafe_no_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


# OpenSSL's X509_V_ERR codes, as they matter to a person.
_HINTS = {
    10: "Its certificate has expired; the server's administrator must renew it.",
    18: "It is self-signed. Add ?ca=FILE with that certificate, or ?verify=no for a test server.",
    19: "It comes from an authority that this machine does not know. Add ?ca=FILE with that authority's certificate.",
    20: "It comes from an authority that this machine does not know. Add ?ca=FILE with that authority's certificate.",
    62: "The certificate is for another host. Use the name that is in it.",
    64: "The certificate is not for this address. Use the host's name instead of its number.",
}


def explain(error: ssl.SSLError | OSError, host: str) -> TlsError | ConnectError:
    """Turn a failed handshake into words."""
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ConnectError(f"the connection to {host} was lost during the TLS handshake")
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(
            f"the certificate of {host} cannot be trusted: {error.verify_message}",
            hint=_HINTS.get(error.verify_code, "Add ?ca=FILE with the authority's certificate."),
        )
    reason = getattr(error, "reason", None) or str(error)
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"):
        return TlsError(
            f"{host} does not speak TLS on this port from the start",
            hint="Use smtp:// (STARTTLS, usually port 587) instead of smtps:// (usually port 465).",
        )
    return TlsError(f"the TLS handshake with {host} failed: {reason}")
