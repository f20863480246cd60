"""A test authority per stack, and the certificates of what answers for EFS by TLS.

On AWS the names are certified by Amazon's own authority, which Debian's bundle holds; simulated
instances have this one in their bundle beside it. So a client's check of chain
and name passes or fails as it would there.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.simcloud.store import Store, write

_DAYS = timedelta(days=825)
_PEM, _NONE = serialization.Encoding.PEM, serialization.NoEncryption()
_PKCS8 = serialization.PrivateFormat.PKCS8


def authority(store: Store) -> Path:
    """The authority's certificate; its key lies beside it."""
    file = store.folder / "authority.pem"
    with store.lock("authority"):
        if not file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"simcloud {store.stack[:40]}")])
            certificate = (
                _dated(x509.CertificateBuilder().subject_name(name).issuer_name(name), key.public_key())
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                .add_extension(_usage(signs=True), critical=True)
                .sign(key, hashes.SHA256())
            )
            write(store.folder / "authority.key", key.private_bytes(_PEM, _PKCS8, _NONE).decode())
            write(file, certificate.public_bytes(_PEM).decode())
    return file


def of_server(store: Store, folder: Path, name: str) -> str:
    """File name, in a folder, of certificate and key of a server; made once."""
    file = folder / f"{name}.pem"
    if not file.exists():
        issuer = x509.load_pem_x509_certificate(authority(store).read_bytes())
        signing = serialization.load_pem_private_key((store.folder / "authority.key").read_bytes(), None)
        assert isinstance(signing, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        certificate = (
            _dated(
                x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject), key.public_key()
            )
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
            )
            .sign(signing, hashes.SHA256())
        )
        text = certificate.public_bytes(_PEM) + key.private_bytes(_PEM, _PKCS8, _NONE)
        write(file, text.decode())
    return file.name


def _dated(builder: x509.CertificateBuilder, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        builder.public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _DAYS)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
