"""The same little world twice: once under our upsd, once under Debian's.

Both upsds read the same configuration and the same descriptions, and talk to
drivers (made of Python) with the same data, so that whatever a client sees
differently is a difference between the servers.
"""

import pathlib
import re
import socket
import tempfile

from .build import CHECKOUT
from .wait import DEADLINE, wait_until

RACK = {
    "battery.charge": "100",
    "battery.charge.low": "20",
    "device.model": "Pro 1000",
    "input.L1-N.voltage": "231.5",
    "input.transfer.low": "180",
    "outlet.1.desc": "Left",
    "ups.beeper.status": "enabled",
    "ups.delay.shutdown": "20",
    "ups.id": "rack one",
    "ups.load": "42",
    "ups.mfr": 'The "best" \\ of #1',
    "ups.serial": "",
    "ups.status": "OL CHRG",
    "ups.temperature": "24.5",
    "x.unknown": "= and more",
}
COMMANDS = ["beeper.mute", "load.off", "load.on", "test.battery.start"]


class DebianWithOurData:
    """Debian's suite with an upsd that reads our descriptions.

    Its upsd knows one folder for them, /usr/share/nut, and no environment
    variable: a copy gets a name of the same length, of a link to our folder.
    """

    name = "debian"
    sanitized = False
    _THEIRS = b"/usr/share/nut\0"

    def __init__(self, debian, folder):
        self._debian = debian
        self._link = pathlib.Path(tempfile.mktemp(dir="/tmp", prefix="c")[:len(self._THEIRS) - 1])
        self._upsd = folder / "upsd"
        program = debian.program("upsd").read_bytes()
        assert program.count(self._THEIRS) == 1 and len(str(self._link)) == len(self._THEIRS) - 1
        self._link.symlink_to(CHECKOUT / "data")
        self._upsd.write_bytes(program.replace(self._THEIRS, bytes(self._link) + b"\0"))
        self._upsd.chmod(0o755)

    def program(self, name):
        return self._upsd if name == "upsd" else self._debian.program(name)

    def environment(self):
        return self._debian.environment()

    def loaded(self):
        """upsd has started and read the descriptions: the link has done its work."""
        self._link.unlink()


class Twin:
    """One site: its upsd and the drivers."""

    def __init__(self, site, suite=None):
        self.site = site
        self.drivers = {}
        self._add("rack", RACK, 'desc = "The \\"rack\\" \\# 1"')
        self._add("bare", {"ups.status": "OB LB"})
        self._add("stale", {"ups.status": "OL"}, "desc = Old")
        self._add("latched", {"ups.status": "OL"}, "desc = Latched")
        self._add("sentinel", {"ups.status": "OL"}, 'desc = "end of answer"')
        site.add_ups("gone", "dummy-ups", "none", 'desc = "Nobody drives it"')
        self.drivers["stale"].stale = True
        rack = self.drivers["rack"]
        rack.commands = list(COMMANDS)
        rack.make_writable("battery.charge.low", "STRING", length=3)
        rack.make_writable("input.transfer.low", "NUMBER", ranges=((90, 110), (170, 200)))
        rack.make_writable("ups.beeper.status", enum=("enabled", "disabled", "muted for now"))
        rack.make_writable("ups.delay.shutdown", "NUMBER")
        rack.make_writable("ups.id", "STRING", length=8)
        rack.make_writable("ups.serial", "STRING")
        site.add_user("admin", "secret", "actions = SET", "actions = FSD", "instcmds = ALL")
        site.add_user("op", '"pass word"', "instcmds = beeper.mute", "instcmds = load.on")
        site.add_user("mon", "secret", "upsmon primary")
        site.add_user("other", "secret", "upsmon secondary")
        self.upsd = site.start_upsd(suite=suite)
        self.port = site.port

    def _add(self, name, values, *lines):
        self.site.add_ups(name, "dummy-ups", "none", *lines)
        self.drivers[name] = self.site.fake_driver(name, values)

    def wait_ready(self):
        """Waits until all that a client may see is there."""
        for name, status in (("rack", "OL CHRG"), ("bare", "OB LB"), ("latched", "OL"),
                             ("sentinel", "OL"), ("stale", "ERR DATA-STALE"),
                             ("gone", "ERR DRIVER-NOT-CONNECTED")):
            self.upsd.wait_for(name, "ups.status", status)
        with self.upsd.client() as client:
            wait_until(lambda: len(client.list("CMD rack")) == len(COMMANDS))

    def converse(self, lines):
        """Sends each line on one connection; a list of its answers for each.

        The end of an answer is told by the answer to a question behind it.  A
        server that throws away what came together with a bad line is asked
        again.
        """
        with Conversation(self.port) as talk:
            return [talk.answers(line) for line in lines]


class Conversation:
    """A connection on which one can also see that a line has no answer."""

    SENTINEL = 'UPSDESC sentinel "end of answer"'

    def __init__(self, port):
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pending = b""
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._sock.close()

    def answers(self, line):
        """The lines that answer this one; ends with "<closed>" if the server hung up."""
        if self.closed:
            return ["<closed>"]
        got = []
        try:
            self._sock.sendall(line if isinstance(line, bytes) else line.encode() + b"\n")
            self._ask_sentinel()
            while True:
                answer = self._line()
                if answer is None:
                    self._ask_sentinel()
                elif answer == self.SENTINEL:
                    return got
                else:
                    got.append(answer)
        except (BrokenPipeError, ConnectionResetError, EOFError):
            self.closed = True
            return got + ["<closed>"]

    def _ask_sentinel(self):
        self._sock.sendall(b"GET UPSDESC sentinel\n")

    def _line(self):
        """The next line, or None when none comes for a while."""
        self._sock.settimeout(3)
        while b"\n" not in self._pending:
            # A server that writes line by line waits for our acknowledgements.
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            try:
                data = self._sock.recv(65536)
            except socket.timeout:
                return None
            if not data:
                raise EOFError
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode("utf-8", "surrogateescape")


class Twins:
    """`ours` and `theirs`."""

    def __init__(self, make_site, debian):
        self.debian = debian
        self.ours = Twin(make_site())
        site = make_site(suite=debian)
        patched = DebianWithOurData(debian, site.root)
        self.theirs = Twin(site, patched)
        for twin in (self.ours, self.theirs):
            twin.wait_ready()
        patched.loaded()  # upsd reads the descriptions before it answers the first client

    def run(self, suite, program, *args, **options):
        """Runs a client of a suite on both; @PORT in its arguments is each one's port.

        Returns both results; in their texts the ports are @PORT again.
        """
        return tuple(self._run(twin, suite, program, args, options)
                     for twin in (self.ours, self.theirs))

    @staticmethod
    def _run(twin, suite, program, args, options):
        port = str(twin.port)
        result = twin.site.run(program, *(str(a).replace("@PORT", port) for a in args),
                               suite=suite, **options)
        result.stdout = result.stdout.replace(port, "@PORT")
        result.stderr = result.stderr.replace(port, "@PORT")
        return result


def without_ids(text):
    """A text with the ids of tracked commands taken out."""
    return re.sub(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "<id>", text)
