"""A certificate authority of the tests' own, and server certificates from it."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.certificates import named, unsigned


class Authority:
    """Made anew in each test session; machines trust it because the test installs it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named("trunkline test authority")
        self._certificate = (
            unsigned(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(self._key_identifier(), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def server(self, names: Iterable[str]) -> ssl.SSLContext:
        """A server context whose certificate is good for every one of `names`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certify(context, names)
        return context

    def certify(self, names: Iterable[str]) -> tuple[str, str]:
        """A certificate that is good for every one of `names`, and its key, both as PEM."""
        key, certificate = self._issue(names)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return certificate.public_bytes(Encoding.PEM).decode(), private.decode()

    def client(self) -> ssl.SSLContext:
        """A client context with a certificate, which asks the server for none."""
        context = unverified_client()
        self._certify(context, ["client.example.com"])
        return context

    def _certify(self, context: ssl.SSLContext, names: Iterable[str]) -> None:
        key, certificate = self._issue(names)
        _load(context, certificate, key)

    def _issue(self, names: Iterable[str]) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        sans = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            unsigned(named("doubles"), self._name, key.public_key())
            .add_extension(sans, critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return key, certificate

    def _key_identifier(self) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def unverified_client() -> ssl.SSLContext:
    """A client context that takes any server, as Cloudflare's SSL mode "full" does."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _load(
    context: ssl.SSLContext, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> None:
    with tempfile.NamedTemporaryFile() as pem:  # the ssl module loads keys from files only
        pem.write(certificate.public_bytes(Encoding.PEM))
        pem.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        pem.flush()
        context.load_cert_chain(pem.name)
