"""Certificates for TLS tests, made by tests/lib/make-certs."""

import pathlib
import shutil
import ssl
import subprocess
import tempfile

from .lineclient import LineClient
from .wait import DEADLINE


class Certificates:
    """A folder of authorities and identities; see make-certs for their names."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chn-certs-", dir="/tmp"))
        script = pathlib.Path(__file__).resolve().parent.parent / "make-certs"
        subprocess.run([script, self.root], check=True, stdout=subprocess.DEVNULL)

    def pem(self, name):
        return self.root / f"{name}.pem"

    def upsd_lines(self, site, identity="server", authority=None, request=None):
        """The lines of upsd.conf that make our upsd show an identity and ask for clients'."""
        if backend(site) == "NSS":
            lines = [f"CERTPATH {self.root}/nss", f"CERTIDENT {identity} sesame"]
        else:
            lines = [f"CERTFILE {self.pem(identity)}"]
            if authority:
                lines.append(f"CERTPATH {self.pem(authority)}")
        if request:
            lines.append(f"CERTREQUEST {request}")
        return "".join(f"{line}\n" for line in lines)

    def client_context(self, identity=None, authority="ca"):
        """A context of Python's own TLS that verifies the server."""
        context = ssl.create_default_context(cafile=self.pem(authority))
        if identity:
            context.load_cert_chain(self.pem(identity))
        return context

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)


def backend(site):
    """The TLS back end of the build under test: OpenSSL, NSS, or None."""
    text = site.run("upsd", "-h").stdout
    return next((name for name in ("OpenSSL", "NSS") if f"SSL support: {name}" in text), None)


class TlsClient(LineClient):
    """A LineClient that has gone through STARTTLS (or begins with TLS)."""

    def __init__(self, port, context, starttls=True, name="localhost", session=None):
        """session: of an earlier connection, to be resumed."""
        super().__init__(("127.0.0.1", port))
        if starttls:
            answer = self.ask("STARTTLS")
            assert answer == "OK STARTTLS", answer
        self.secure(context, name, session)

    def secure(self, context, name="localhost", session=None):
        """Shakes hands on the connection as it is."""
        self.sock.settimeout(DEADLINE)
        self.sock = context.wrap_socket(self.sock, server_hostname=name, session=session)
