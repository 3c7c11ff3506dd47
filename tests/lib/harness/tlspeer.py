"""A server with TLS made of Python, for what a real upsd cannot be told to do."""

import contextlib
import functools
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading

from .build import CHECKOUT


@functools.lru_cache(maxsize=None)
def certificates():
    """The folder that tests/lib/make-certs made, once for a process."""
    keep = tempfile.TemporaryDirectory(prefix="chn-certs-", dir="/tmp")
    folder = pathlib.Path(keep.name)
    folder.chmod(0o755)
    subprocess.run(["sh", CHECKOUT / "tests/lib/make-certs", folder], check=True, timeout=120,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    certificates.keep = keep  # removed when the process ends
    return folder


@contextlib.contextmanager
def nobody():
    """The name of a port at which nobody listens, nor will while it is used."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


class TlsPeer:
    """Listens on a port of 127.0.0.1 and answers VER, LIST UPS, USERNAME, STARTTLS, LOGOUT.

    identity: a file of certificate, chain and key.  starttls: its answer, after
    OK the handshake follows.  clear: what commands get before TLS ("" = a real
    answer).  direct: TLS from the first byte.  client_ca: certificates of
    clients by this authority are required.  maximum: the newest TLS version.
    """

    def __init__(self, identity, starttls="OK STARTTLS", clear="", direct=False, client_ca=None,
                 maximum=None, banner="Network UPS Tools upsd 2.8.0"):
        self.starttls, self.clear, self.direct, self.banner = starttls, clear, direct, banner
        self.received = []  # (line, whether it came by TLS)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(identity)
        if maximum:
            self.context.maximum_version = maximum
        if client_ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(client_ca)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self._listener.getsockname()[1]
        self.name = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def _accept(self):
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        try:
            if self.direct:
                link = self.context.wrap_socket(link, server_side=True)
            while True:
                line = self._read_line(link)
                if line is None:
                    break
                secure = isinstance(link, ssl.SSLSocket)
                self.received.append((line, secure))
                link.sendall(self._answer(line, secure).encode() + b"\n")
                if line == "STARTTLS" and self.starttls.startswith("OK"):
                    link = self.context.wrap_socket(link, server_side=True)
                if line == "LOGOUT":
                    break
        except OSError:
            pass
        link.close()

    @staticmethod
    def _read_line(link):
        """Byte by byte: what follows STARTTLS is not ours to take."""
        line = b""
        while not line.endswith(b"\n"):
            byte = link.recv(1)
            if not byte:
                return None
            line += byte
        return line.decode(errors="replace").rstrip("\r\n")

    def _answer(self, line, secure):
        if line == "STARTTLS":
            return self.starttls
        if line == "VER":
            return self.banner
        if line == "LOGOUT":
            return "OK Goodbye"
        if self.clear and not secure:
            return self.clear
        if line == "LIST UPS":
            return "BEGIN LIST UPS\nEND LIST UPS"
        return "OK" if line.startswith("USERNAME ") else "ERR UNKNOWN-COMMAND"
