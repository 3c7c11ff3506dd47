"""A client that speaks lines over a socket, and waits for every answer."""

import socket

from .wait import DEADLINE


class LineClient:
    """Bytes out, lines in.  Also for unix sockets, so for talking to drivers.

    A line that does not come within DEADLINE fails the test.
    """

    def __init__(self, address, timeout=DEADLINE):
        """address: (host, port), or the path of a unix socket."""
        if isinstance(address, tuple):
            self.sock = socket.create_connection(address, timeout=timeout)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(timeout)
            self.sock.connect(str(address))
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, line):
        """Sends a text, with a newline if it has none; bytes go out as they are."""
        if isinstance(line, str):
            line = line.encode("utf-8", "surrogateescape")
            if not line.endswith(b"\n"):
                line += b"\n"
        self.sock.sendall(line)

    def line(self):
        """The next line without its newline; fails at the end of the connection."""
        while b"\n" not in self._pending:
            try:
                data = self.sock.recv(65536)
            except socket.timeout:
                raise AssertionError(f"no line came; have {self._pending!r}") from None
            if not data:
                raise AssertionError(f"connection closed; have {self._pending!r}")
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode("utf-8", "surrogateescape")

    def ask(self, line):
        """Sends a line and returns the next one."""
        self.send(line)
        return self.line()

    def until(self, last):
        """Lines up to and without the one that equals `last` or fulfils last(line)."""
        lines = []
        while True:
            line = self.line()
            if last(line) if callable(last) else line == last:
                return lines
            lines.append(line)

    def list(self, query):
        """LIST's items: list("VAR ups") sends LIST VAR ups, and checks BEGIN and END."""
        first = self.ask(f"LIST {query}")
        assert first == f"BEGIN LIST {query}", first
        return self.until(f"END LIST {query}")

    def login(self, user, password):
        """USERNAME and PASSWORD."""
        assert self.ask(f"USERNAME {user}") == "OK"
        assert self.ask(f"PASSWORD {password}") == "OK"

    def expect_close(self):
        """Waits for the other side to close; returns what it still said, as bytes."""
        rest, self._pending = self._pending, b""
        while True:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return rest
            except socket.timeout:
                raise AssertionError(f"still open; said {rest!r}") from None
            if not data:
                return rest
            rest += data

    def is_silent(self, seconds=0.5):
        """True if nothing comes for a short while (to prove absence, never to wait)."""
        if self._pending:
            return False
        before = self.sock.gettimeout()
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(65536)
        except socket.timeout:
            return True
        finally:
            self.sock.settimeout(before)
        self._pending += data
        return False
