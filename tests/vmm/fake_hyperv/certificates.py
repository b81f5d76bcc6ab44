# Certificates for tests: an authority that nobody else trusts, and what it signs for 127.0.0.1.

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
KEY_PASSWORD = "sesame 0815"


@dataclass(frozen=True, slots=True)
class Certificate:
    """`chain` holds a server's key and certificate, `authority` the certificate that signed it.

    A client's certificate is of the same authority; its key is encrypted with `KEY_PASSWORD`.
    """

    chain: Path
    authority: Path
    client: Path
    client_key: Path


def make_certificate(folder: Path, address: str = "127.0.0.1") -> Certificate:
    """A server's certificate for an address, a client's, and their authority, as files."""
    authority_key, key, client_key = (ec.generate_private_key(ec.SECP256R1()) for _number in range(3))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Authority {uuid4()}")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "HV01")])
    authority = (
        _builder(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, SHA256())
    )
    certificate = (
        _builder(issuer, subject, key)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(authority_key, SHA256())
    )
    client = _builder(issuer, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "svc-vmm")]), client_key)
    names = ("server.pem", "authority.pem", "client.pem", "client-key.pem")
    made = Certificate(*(folder / name for name in names))
    made.client.write_bytes(client.sign(authority_key, SHA256()).public_bytes(Encoding.PEM))
    encryption = BestAvailableEncryption(KEY_PASSWORD.encode())
    made.client_key.write_bytes(client_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made.chain.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    made.authority.write_bytes(authority.public_bytes(Encoding.PEM))
    return made


def _builder(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - DAY).not_valid_after(now + DAY)
