"""What identifies a TLS connection, for logins that are good for that connection alone (RFC 5056)."""

import hashlib
import ssl
from typing import Any

__all__ = ["bindings", "server_end_point"]


def bindings(secure: Any) -> tuple[tuple[str, bytes], ...]:
    """Return kinds and data, the best first, for an ``SSLSocket`` or ``SSLObject``; ``()`` for anything else."""
    if not isinstance(secure, ssl.SSLSocket | ssl.SSLObject):
        return ()
    found = {}
    # RFC 9266: with TLS 1.3 tls-unique no longer is, and tls-exporter takes its place where Python has it.
    kind = "tls-unique" if secure.version() == "TLSv1.2" else "tls-exporter"
    if kind in ssl.CHANNEL_BINDING_TYPES:
        found[kind] = secure.get_channel_binding(kind)
    if not secure.server_side:  # there, the other side's certificate is the client's
        found["tls-server-end-point"] = server_end_point(secure.getpeercert(binary_form=True) or b"")
    return tuple((kind, data) for kind, data in found.items() if data)


def server_end_point(certificate: bytes) -> bytes:
    """Return the hash of a certificate (DER) as RFC 5929 4.1 makes it; empty when it does not say how."""
    name = _HASHES.get(_signature_algorithm(certificate).hex())
    return hashlib.new(name, certificate).digest() if name else b""


# The algorithms of signatures, as they stand in a certificate. MD5 and SHA-1 give way to SHA-256 (RFC 5929 4.1). Ed25519
# has no hash of its own, and RSA-PSS keeps it in its parameters: with those there is no such binding.
_RSA, _ECDSA = "2a864886f70d0101", "2a8648ce3d04"
_HASHES = {
    f"{_RSA}04": "sha256",
    f"{_RSA}05": "sha256",
    f"{_RSA}0b": "sha256",
    f"{_RSA}0c": "sha384",
    f"{_RSA}0d": "sha512",
    f"{_RSA}0e": "sha224",
    f"{_ECDSA}01": "sha256",
    f"{_ECDSA}0301": "sha224",
    f"{_ECDSA}0302": "sha256",
    f"{_ECDSA}0303": "sha384",
    f"{_ECDSA}0304": "sha512",
}


def _signature_algorithm(certificate: bytes) -> bytes:
    """RFC 5280 4.1: a certificate is a sequence of what is signed, the algorithm, and the signature."""
    try:
        inside, _ = _content(certificate, 0)
        _, end_of_signed = _content(certificate, inside)
        algorithm, _ = _content(certificate, end_of_signed)
        start, end = _content(certificate, algorithm)
    except IndexError:
        return b""
    return certificate[start:end]


def _content(data: bytes, place: int) -> tuple[int, int]:
    """Return where the content of the DER value at ``place`` begins and ends."""
    length, start = data[place + 1], place + 2
    if length >= 0x80:
        digits = length & 0x7F
        length, start = int.from_bytes(data[start : start + digits], "big"), start + digits
    return start, start + length
