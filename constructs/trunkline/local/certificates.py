"""Makes the certificate that a sample shows, then becomes the sample.

One file, copied into the machine's folder: run it as `python -I certificates.py CONFIG.json
SAMPLE.py`. The file names the `names` of the certificate. The authority that signs it is made with
it, and its key is dropped. Where both are there already, they stay: others have read them.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AUTHORITY, CERTIFICATE = Path("authority.pem"), Path("certificate.pem")
DAYS = 365


def main(config: str, sample: str) -> None:
    """Make the files that are not there, and run `sample` without what only they needed."""
    if not AUTHORITY.exists():
        write(json.loads(Path(config).read_text("utf-8"))["names"])
    os.execv(sys.executable, [sys.executable, "-I", "-S", sample, config])


def write(names: list[str]) -> None:
    """Write the certificate of `names` with its key, for this user alone, and its authority.

    The authority comes last: where it is there, all is.
    """
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _named("trunkline: samples on this machine")
    signs = x509.BasicConstraints(ca=True, path_length=0)
    authority = (
        _unsigned(issuer, issuer, authority_key, authority_key)
        .add_extension(signs, critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    shown = (
        _unsigned(_named("sample"), issuer, key, authority_key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
        .add_extension(_usage(certificates=False), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    CERTIFICATE.touch(0o600)
    CERTIFICATE.write_bytes(private + shown.public_bytes(pem))
    AUTHORITY.write_bytes(authority.public_bytes(pem))


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, certificates: bool) -> x509.KeyUsage:
    """What a key signs: certificates, or what it says itself."""
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
        **dict.fromkeys(others, False),
    )


def _unsigned(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    """A certificate that says whose it is, as strict clients want it (Python from 3.13)."""
    now = datetime.datetime.now(datetime.UTC)
    public, issuer_public = key.public_key(), issuer_key.public_key()
    own = x509.SubjectKeyIdentifier.from_public_key(public)
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public)
    return (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(own, critical=False)
        .add_extension(signer, critical=False)
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
