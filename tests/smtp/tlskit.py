"""A certificate of our own for tests, made by openssl."""

import ssl
import subprocess
from pathlib import Path

from mailfax.smtp.settings import TlsFiles


def make_certificate(folder: Path, name: str) -> TlsFiles:
    """Make a key and a certificate for `name` that signs itself; make it again in the same place and it is another one."""
    files = TlsFiles(chain=folder / "chain.pem", key=folder / "key.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", files.key, "-out", files.chain], check=True, capture_output=True)
    return files


def trusting(files: TlsFiles) -> ssl.SSLContext:
    """Return a client's context that trusts this certificate and no other."""
    return ssl.create_default_context(cafile=str(files.chain))


def serving(files: TlsFiles) -> ssl.SSLContext:
    """Return a server's context that shows this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.chain, files.key)
    return context
