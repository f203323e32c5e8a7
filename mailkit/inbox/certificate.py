"""A certificate made on the spot, for the TLS of a server that only this machine talks to."""

import ipaddress
import ssl
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from mailkit import clock
from mailkit.errors import ConfigError

__all__ = ["own_certificate"]

_LIFE = timedelta(days=30)  # it is made anew at each start


def own_certificate(
    hosts: Iterable[str] = ("localhost", "127.0.0.1", "::1"), *, save_to: Path | None = None
) -> ssl.SSLContext:
    """Return the TLS context of a server with a certificate of its own, which no authority vouches for.

    With ``save_to`` the certificate is written there, so that clients can be told to trust it (``?ca=`` in a URL). The key
    leaves no trace. Raises ConfigError when the package that makes it is not installed, or the file cannot be written.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        raise ConfigError(
            "making a certificate needs another package", hint="Install it: pip install 'mailkit-compose[inbox]'."
        ) from None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailkit inbox")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
        # So that it can be trusted by itself.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # ssl reads files only; this one is for its owner alone, and gone in a moment.
    with tempfile.TemporaryDirectory(prefix="mailkit-") as folder:
        path = Path(folder) / "certificate.pem"
        path.write_bytes(made + secret)
        context.load_cert_chain(path)
    if save_to is not None:
        try:
            save_to.write_bytes(made)
        except OSError as error:
            raise ConfigError(f"{str(save_to)!r} cannot be written: {error.strerror or error}") from None
    return context


def _alternative(host: str) -> "x509.GeneralName":  # type: ignore[name-defined]  # noqa: F821 - imported when used
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
