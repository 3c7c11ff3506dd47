"""A driver made of Python, for what real drivers cannot be told to do."""

import os
import pathlib
import socket
import threading

from .wait import DEADLINE, wait_until


def quote(text):
    """A word as it stands between quotes on the driver socket."""
    return '"' + "".join("\\" + c if c in '\\"#' else c for c in text) + '"'


class FakeDriver:
    """Listens on a unix socket and answers as a driver does.

    variables: {name: value}.  Commands are added by add_command().  What came
    in is in `received` (lines, in order, of all connections).  Answers to SET
    and INSTCMD: the number that `result(words)` returns, or None for silence.
    To misbehave: `answer_ping`, `answer_dump` (False: silence; a number: stop
    the dump after so many lines), or send() and send_raw() what you like.
    """

    def __init__(self, path, variables=None, answer_ping=True, answer_dump=True):
        self.path = pathlib.Path(path)
        self.variables = dict(variables or {})
        self.commands = []
        self.extra = {}          # variable: lines sent behind its SETINFO, e.g. SETFLAGS
        self.stale = False
        self.answer_ping = answer_ping
        self.answer_dump = answer_dump
        self.result = lambda words: 0
        self.received = []
        self._lock = threading.RLock()
        self._links = []
        self._listener = None
        self.listen()

    def listen(self):
        """Opens the socket (again, after close())."""
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        os.chmod(self.path, 0o666)
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self):
        """Hangs up on everybody and removes the socket."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
            self.path.unlink(missing_ok=True)
        self.hang_up()

    def hang_up(self):
        """Closes the connections, and goes on listening."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            link.close()

    # ------------------------------------------------------------------ saying

    def send(self, line):
        """One line to every connection."""
        self.send_raw(line.encode("utf-8", "surrogateescape") + b"\n")

    def send_raw(self, data):
        """Bytes to every connection."""
        with self._lock:
            for link in list(self._links):
                try:
                    link.sendall(data)
                except OSError:
                    self._links.remove(link)

    def set(self, name, value):
        """Changes a variable, and tells."""
        with self._lock:
            self.variables[name] = value
            self.send(f"SETINFO {name} {quote(value)}")

    def delete(self, name):
        """Drops a variable, and tells."""
        with self._lock:
            self.variables.pop(name, None)
            self.send(f"DELINFO {name}")

    def add_command(self, name):
        """Offers an instant command, and tells."""
        with self._lock:
            self.commands.append(name)
            self.send(f"ADDCMD {name}")

    def make_writable(self, name, *flags, length=None, enum=(), ranges=()):
        """Gives a variable its flags (RW is added), length, values and ranges, and tells."""
        lines = [f"SETFLAGS {name} {' '.join(('RW',) + flags)}"]
        if length is not None:
            lines.append(f"SETAUX {name} {length}")
        lines += [f"ADDENUM {name} {quote(value)}" for value in enum]
        lines += [f"ADDRANGE {name} {low} {high}" for low, high in ranges]
        with self._lock:
            self.extra[name] = lines
            for line in lines:
                self.send(line)

    def set_stale(self, stale=True):
        """Data stale, or good again, and tells."""
        with self._lock:
            self.stale = stale
            self.send("DATASTALE" if stale else "DATAOK")

    # ----------------------------------------------------------------- hearing

    def links(self):
        """How many connections there are."""
        with self._lock:
            return len(self._links)

    def wait_link(self, timeout=DEADLINE):
        """Waits until upsd has asked for everything."""
        wait_until(lambda: any(line.upper() == "DUMPALL" for line in self.received), timeout,
                   "upsd asks the fake driver for everything")

    def wait_received(self, start, timeout=DEADLINE):
        """Waits for a line that begins so; returns it."""
        return wait_until(lambda: next((x for x in self.received if x.startswith(start)), None),
                          timeout, lambda: f"driver receives {start!r}; has {self.received}")

    def _accept(self, listener):
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                if self._listener is not listener:  # closed meanwhile
                    link.close()
                    return
                self._links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        try:
            with link.makefile("r", encoding="utf-8", errors="surrogateescape",
                               newline="\n") as lines:
                for line in lines:
                    self.received.append(line.rstrip("\n"))
                    self._answer(link, line.split())
        except (OSError, ValueError):
            pass
        with self._lock:
            if link in self._links:
                self._links.remove(link)

    def _answer(self, link, words):
        verb = words[0].upper() if words else ""
        with self._lock:
            if verb == "PING" and self.answer_ping:
                link.sendall(b"PONG\n")
            elif verb == "DUMPALL" and self.answer_dump is not False:
                limit = None if self.answer_dump is True else self.answer_dump
                text = "".join(f"{line}\n" for line in self.dump()[:limit])
                link.sendall(text.encode("utf-8", "surrogateescape"))
            elif verb in ("SET", "INSTCMD") and len(words) > 3 and words[-2] == "TRACKING":
                number = self.result(words)
                if number is not None:
                    link.sendall(f"TRACKING {words[-1]} {number}\n".encode())
            elif verb == "LOGOUT":
                link.sendall(b"OK Goodbye\n")
                link.shutdown(socket.SHUT_RDWR)

    def dump(self):
        """The lines that answer DUMPALL."""
        lines = ["DATASTALE"] if self.stale else []
        for name in sorted(self.variables, key=str.lower):
            lines.append(f"SETINFO {name} {quote(self.variables[name])}")
            lines += self.extra.get(name, [])
        lines += [f"ADDCMD {name}" for name in self.commands]
        return lines + ([] if self.stale else ["DATAOK"]) + ["DUMPDONE"]
