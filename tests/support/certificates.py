"""A certificate authority for the tests, made anew each time."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@frozen
class Pair:
    """PEM files."""

    certificate: str
    key: str

    @property
    def pem(self) -> str:
        """Both in one text."""
        return Path(self.certificate).read_text() + Path(self.key).read_text()


class Authority:
    """Signs certificates for `days` into `folder`; its own is `certificate`."""

    def __init__(self, folder: Path, name: str, days: int = 30) -> None:
        self._folder = folder
        self._days = days
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named(name)
        own = unsigned(self._name, self._name, self._key.public_key(), days)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = self._write(f"{name}.crt", own)

    def pair(self, hostname: str) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = unsigned(named(hostname), self._name, key.public_key(), self._days)
        names = x509.SubjectAlternativeName([x509.DNSName(hostname)])
        certificate = self._write(f"{hostname}.crt", builder.add_extension(names, critical=False))
        path = self._folder / f"{hostname}.key"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Pair(certificate, str(path))

    def server(self, hostname: str) -> ssl.SSLContext:
        """What a server needs that shows a certificate of that name."""
        pair = self.pair(hostname)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        return context

    def _write(self, name: str, builder: x509.CertificateBuilder) -> str:
        path = self._folder / name
        signed = builder.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return str(path)


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 30
) -> x509.CertificateBuilder:
    """A certificate that is not signed yet."""
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )
