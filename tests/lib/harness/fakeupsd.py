"""A upsd made of Python, for what real servers cannot be told to do."""

import shlex
import socket
import threading

from .fakedriver import quote
from .ports import free_port
from .wait import DEADLINE, wait_until


class FakeUpsd:
    """A TCP server that speaks enough of the client protocol for any client.

    upses: {ups: {variable: value}}.  What came in is in `received`.  To
    misbehave: put an answer into `answers` ({line: text or bytes or None},
    None for silence; also {first word: ...}), or call hang_up() or close().
    push=True makes it take SUBSCRIBE; set() then sends events.
    """

    def __init__(self, upses=None, port=None, host="127.0.0.1", push=False):
        self.upses = {ups: dict(values) for ups, values in (upses or {}).items()}
        self.host = host
        self.port = port or free_port()
        self.push = push
        self.answers = {}
        self.errors = {}         # {ups: "DATA-STALE"}: what GET and LIST VAR answer
        self.fsd = set()
        self.received = []
        self._lock = threading.RLock()
        self._links = {}         # socket: set of upses subscribed to
        self._logins = {}        # socket: ups
        self._listener = None
        self.listen()

    def listen(self):
        """Opens the port (again, after close())."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.host, self.port))
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self):
        """Stops listening and hangs up on everybody."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        self.hang_up()

    def hang_up(self):
        """Closes the connections, and goes on listening."""
        with self._lock:
            links, self._links, self._logins = list(self._links), {}, {}
        for link in links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            link.close()

    def set(self, ups, variable, value):
        """Changes a value; subscribers get an event."""
        with self._lock:
            self.upses[ups][variable] = value
            self.event(ups, f"EVENT VAR {ups} {variable} {quote(self._value(ups, variable))}")

    def set_error(self, ups, error):
        """GET and LIST VAR of a UPS answer ERR <error>; None: they work again."""
        state = {None: "OK", "DATA-STALE": "STALE"}.get(error, "DISCONNECTED")
        with self._lock:
            if error:
                self.errors[ups] = error
            else:
                self.errors.pop(ups, None)
            self.event(ups, f"EVENT STATE {ups} {state}")

    def event(self, ups, line):
        """Sends a line to the subscribers of a UPS."""
        with self._lock:
            for link, subscribed in list(self._links.items()):
                if ups in subscribed:
                    self._say(link, line)

    def logins(self, ups):
        """How many clients are logged in to a UPS."""
        with self._lock:
            return sum(1 for name in self._logins.values() if name == ups)

    def wait_received(self, start, count=1, timeout=DEADLINE):
        """Waits until `count` lines that begin so have come; returns the last."""
        def came():
            lines = [line for line in list(self.received) if line.startswith(start)]
            return lines[-1] if len(lines) >= count else None
        return wait_until(came, timeout, lambda: f"upsd receives {start!r}; has {self.received}")

    # ---------------------------------------------------------------- serving

    def _accept(self, listener):
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._links[link] = set()
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        try:
            with link.makefile("r", encoding="utf-8", errors="surrogateescape",
                               newline="\n") as lines:
                for line in lines:
                    line = line.rstrip("\r\n")
                    with self._lock:
                        self.received.append(line)
                        if not self._answer(link, line):
                            break
        except (OSError, ValueError):
            pass
        with self._lock:
            self._links.pop(link, None)
            self._logins.pop(link, None)
        link.close()

    @staticmethod
    def _say(link, text):
        data = text if isinstance(text, bytes) else (text + "\n").encode("utf-8", "surrogateescape")
        try:
            link.sendall(data)
        except OSError:
            pass

    def _answer(self, link, line):
        """Answers a line; False ends the connection."""
        try:
            words = shlex.split(line)
        except ValueError:
            words = line.split()
        verb = words[0].upper() if words else ""
        for key in (line, verb):
            if key in self.answers:
                if self.answers[key] is not None:
                    self._say(link, self.answers[key])
                return True
        handler = getattr(self, f"_do_{verb.lower()}", None)
        self._say(link, handler(link, words) if handler else "ERR UNKNOWN-COMMAND")
        return verb != "LOGOUT"

    def _value(self, ups, variable):
        value = self.upses[ups][variable]
        return f"FSD {value}" if variable == "ups.status" and ups in self.fsd else value

    def _problem(self, ups):
        if ups not in self.upses:
            return "ERR UNKNOWN-UPS"
        return f"ERR {self.errors[ups]}" if ups in self.errors else None

    def _do_ver(self, _link, _words):
        return "Network UPS Tools upsd 2.8.0 - http://www.networkupstools.org/"

    def _do_netver(self, _link, _words):
        return "1.3"

    _do_protver = _do_netver

    def _do_username(self, _link, _words):
        return "OK"

    _do_password = _do_username
    _do_set = _do_username
    _do_instcmd = _do_username

    def _do_starttls(self, _link, _words):
        return "ERR FEATURE-NOT-CONFIGURED"

    def _do_login(self, link, words):
        if len(words) < 2 or words[1] not in self.upses:
            return "ERR UNKNOWN-UPS"
        self._logins[link] = words[1]
        return "OK"

    def _do_logout(self, _link, _words):
        return "OK Goodbye"

    def _do_primary(self, _link, _words):
        return "OK PRIMARY-GRANTED"

    def _do_master(self, _link, _words):
        return "OK MASTER-GRANTED"

    def _do_fsd(self, _link, words):
        self.fsd.add(words[1])
        if "ups.status" in self.upses.get(words[1], {}):
            self.set(words[1], "ups.status", self.upses[words[1]]["ups.status"])
        return "OK FSD-SET"

    def _do_ping(self, _link, _words):
        return "PONG" if self.push else "ERR UNKNOWN-COMMAND"

    def _do_subscribe(self, link, words):
        if not self.push:
            return "ERR UNKNOWN-COMMAND"
        ups = words[1]
        if ups not in self.upses:
            return "ERR UNKNOWN-UPS"
        self._links.get(link, set()).add(ups)  # it may have been closed meanwhile
        state = {None: "OK", "DATA-STALE": "STALE"}.get(self.errors.get(ups), "DISCONNECTED")
        lines = [f"OK SUBSCRIBE {ups}"]
        lines += [f"EVENT VAR {ups} {name} {quote(self._value(ups, name))}"
                  for name in sorted(self.upses[ups])]
        return "\n".join(lines + [f"EVENT STATE {ups} {state}", f"EVENT SYNC {ups}"])

    def _do_unsubscribe(self, link, words):
        self._links.get(link, set()).discard(words[1])
        return f"OK UNSUBSCRIBE {words[1]}"

    def _do_get(self, _link, words):
        if len(words) < 3:
            return "ERR INVALID-ARGUMENT"
        what, ups = words[1].upper(), words[2]
        problem = self._problem(ups)
        if problem:
            return problem
        if what == "NUMLOGINS":
            return f"NUMLOGINS {ups} {self.logins(ups)}"
        if what == "UPSDESC":
            return f'UPSDESC {ups} "Unavailable"'
        if what != "VAR" or len(words) < 4 or words[3] not in self.upses[ups]:
            return "ERR VAR-NOT-SUPPORTED"
        return f"VAR {ups} {words[3]} {quote(self._value(ups, words[3]))}"

    def _do_list(self, _link, words):
        query = " ".join(words[1:])
        what = words[1].upper() if len(words) > 1 else ""
        items = []
        if what == "UPS":
            items = [f'UPS {ups} "fake"' for ups in self.upses]
        elif len(words) < 3:
            return "ERR INVALID-ARGUMENT"
        elif self._problem(words[2]):
            return self._problem(words[2])
        elif what == "VAR":
            items = [f"VAR {words[2]} {name} {quote(self._value(words[2], name))}"
                     for name in sorted(self.upses[words[2]])]
        return "\n".join([f"BEGIN LIST {query}", *items, f"END LIST {query}"])
