"""A Python package index of one package, over TLS; it sends whoever asks for another one to PyPI."""

import hashlib
import io
import ssl
import threading
import zipfile
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PACKAGE = "fleetprobe"
WHEEL = f"{PACKAGE}-1.0-py3-none-any.whl"


def wheel() -> bytes:
    """With a module that is large enough to be cut in its middle."""
    info = f"{PACKAGE}-1.0.dist-info"
    files = {
        f"{PACKAGE}.py": f"said = {'x' * 2_000_000!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    names = "".join(f"{name},sha256=,{len(text)}\n" for name, text in files.items())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": f"{names}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return made.getvalue()


class Index:
    """`authority` is the certificate that hosts must trust. With `dies` it goes in mid-wheel."""

    def __init__(self, address: str, folder: Path) -> None:
        self.dies = False
        self.asked = 0
        self._wheel = wheel()
        self.authority, certificate, key = _certificates(address)
        (folder / "index.pem").write_bytes(certificate + key)
        self._server = ThreadingHTTPServer((address, 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "index.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://{address}:{self._server.server_port}/simple"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith(WHEEL):
                    index.send_wheel(self)
                elif index.dies and index.asked:
                    self.connection.close()
                elif self.path.strip("/") == f"simple/{PACKAGE}":
                    digest = hashlib.sha256(index._wheel).hexdigest()
                    self._page(f'<a href="/{WHEEL}#sha256={digest}">{WHEEL}</a>'.encode())
                else:
                    self.send_response(302)
                    self.send_header("Location", f"https://pypi.org{self.path}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def do_HEAD(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(index._wheel)))
                self.end_headers()

            def _page(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def send_wheel(self, asker: BaseHTTPRequestHandler) -> None:
        self.asked += 1
        asker.send_response(200)
        asker.send_header("Content-Type", "application/octet-stream")
        asker.send_header("Content-Length", str(len(self._wheel)))
        asker.end_headers()
        asker.wfile.write(self._wheel[: len(self._wheel) // 2] if self.dies else self._wheel)


def _certificates(address: str) -> tuple[bytes, bytes, bytes]:
    """An authority, a certificate of it for this address, and that one's key, as PEM."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("tests' authority", address)
    ]
    made: list[bytes] = []
    for is_authority, key, name in zip((True, False), keys, names, strict=True):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            builder = builder.add_extension(alternative, critical=False)
        made.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made[0], made[1], key
