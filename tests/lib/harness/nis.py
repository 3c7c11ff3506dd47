"""apcupsd's network server: one made of Python, and the real one."""

import socket
import struct
import threading
import time

from .ports import free_port
from .process import Process
from .wait import wait_until

# What apcupsd 3.14.14 says of a Smart-UPS.
ANSWER = {
    "APC": "001,045,1060",
    "HOSTNAME": "nas", "VERSION": "3.14.14 (31 May 2016) debian", "UPSNAME": "closet",
    "CABLE": "Custom Cable Smart", "DRIVER": "APC Smart UPS (any)", "UPSMODE": "Stand Alone",
    "MODEL": "Smart-UPS 1500", "STATUS": "ONLINE ",
    "LINEV": "230.4 Volts", "LOADPCT": "19.5 Percent", "BCHARGE": "100.0 Percent",
    "TIMELEFT": "42.5 Minutes", "MBATTCHG": "10 Percent", "MINTIMEL": "3 Minutes",
    "MAXTIME": "0 Seconds", "MAXLINEV": "234.0 Volts", "MINLINEV": "226.1 Volts",
    "OUTPUTV": "230.4 Volts", "SENSE": "High", "DWAKE": "60 Seconds", "DSHUTD": "90 Seconds",
    "DLOWBATT": "2 Minutes", "LOTRANS": "208.0 Volts", "HITRANS": "253.0 Volts",
    "RETPCT": "15.0 Percent", "ITEMP": "31.5 C", "ALARMDEL": "30 Seconds", "BATTV": "27.4 Volts",
    "LINEFREQ": "50.0 Hz", "LASTXFER": "Automatic or explicit self test", "NUMXFERS": "0",
    "TONBATT": "0 Seconds", "CUMONBATT": "0 Seconds", "XOFFBATT": "N/A", "SELFTEST": "NO",
    "STESTI": "336", "STATFLAG": "0x05000008", "REG1": "0x00", "MANDATE": "03/12/08",
    "SERIALNO": "AS0812345678", "BATTDATE": "11/05/19", "NOMOUTV": "230 Volts",
    "NOMBATTV": "24.0 Volts", "FIRMWARE": "653.18.I/7.4",
}


def stamp(age=0):
    """apcupsd's form of a time so many seconds ago."""
    return time.strftime("%Y-%m-%d %H:%M:%S +0000", time.gmtime(time.time() - age))


def record(line):
    data = line.encode("utf-8", "surrogateescape")
    return struct.pack(">H", len(data)) + data


class FakeNis:
    """Answers "status" with `values` ({key: text}; None leaves one out).

    raw: bytes to send in the place of the next answers; then `after` is done:
    "keep", or "close" the connection.  stamp: what DATE says; None: now.
    ahead: by so many seconds END APC is later than now.
    """

    def __init__(self, values=None, host="127.0.0.1", port=None, listen=True):
        self.values = {**ANSWER, **(values or {})}
        self.host, self.port = host, port or free_port()
        self.raw, self.after, self.stamp, self.ahead = None, "keep", None, 0
        self.silent = False
        self.asked = self.connections = 0
        self._links = []
        self._listener = None
        if listen:
            self.listen()

    def set(self, **values):
        self.values = {**self.values, **values}

    def power(self, status, flags):
        self.set(STATUS=status, STATFLAG=f"0x{0x05000000 | flags:08X}")

    def listen(self):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.host, self.port))
        self._listener.listen(32)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def close(self):
        """Stops listening, and hangs up."""
        listener, self._listener = self._listener, None
        if listener:
            _end(listener)
        self.hang_up()

    def hang_up(self):
        links, self._links = self._links, []
        for link in links:
            _end(link)

    def answer(self):
        values = self.values
        lines = [f"APC      : {values['APC']}\n", f"DATE     : {self.stamp or stamp()}  \n"]
        lines += [f"{key:<9}: {text}\n" for key, text in values.items()
                  if text is not None and key != "APC"]
        lines += [f"END APC  : {stamp(-self.ahead)}  \n"]
        return b"".join(record(line) for line in lines) + b"\0\0"

    def _accept(self, listener):
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        try:
            while True:
                head = link.recv(2, socket.MSG_WAITALL)
                if len(head) < 2:
                    return
                length, = struct.unpack(">H", head)
                assert link.recv(length, socket.MSG_WAITALL) == b"status"
                self.asked += 1
                if self.silent:
                    continue
                link.sendall(self.answer() if self.raw is None else self.raw)
                if self.after == "close":
                    return
        except OSError:
            pass
        finally:
            _end(link)


def _end(link):
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    link.close()


class Apcupsd:
    """Debian's apcupsd.  Its scripts are ours, and do nothing.  lines: {keyword: value}, which UPS
    it has; env: more of its environment."""

    def __init__(self, site, debian, lines, env=None):
        self.port = free_port()
        self.folder = site.root / "apcupsd"
        self.folder.mkdir()
        self._write(lines)
        self.process = Process("apcupsd", [debian.program("apcupsd"), "-b", "-f",
                                           self.folder / "apcupsd.conf", "-P",
                                           self.folder / "pid"],
                               {**site.environment(debian), **(env or {})},
                               site.logs / "apcupsd.log", cwd=self.folder)
        site.processes.append(self.process)
        wait_until(self._answers, what=lambda: f"apcupsd answers:\n{self.process.log()}")

    def _write(self, lines):
        script = self.folder / "apccontrol"
        script.write_text("#!/bin/sh\nexit 0\n")
        script.chmod(0o755)
        lines = {
            "UPSNAME": "closet", "POLLTIME": "1",
            "LOCKFILE": self.folder, "SCRIPTDIR": self.folder, "PWRFAILDIR": self.folder,
            "NOLOGINDIR": self.folder, "ONBATTERYDELAY": "1", "BATTERYLEVEL": "0", "MINUTES": "0",
            "TIMEOUT": "0", "ANNOY": "0", "NOLOGON": "disable", "KILLDELAY": "0",
            "NETSERVER": "on", "NISIP": "127.0.0.1", "NISPORT": self.port,
            "EVENTSFILE": self.folder / "events", "UPSCLASS": "standalone",
            "UPSMODE": "disable", "STATTIME": "0", "LOGSTATS": "off", **lines,
        }
        text = "## apcupsd.conf v1.1 ##\n" + "".join(f"{k} {v}\n" for k, v in lines.items())
        (self.folder / "apcupsd.conf").write_text(text)

    def _answers(self):
        assert self.process.running(), self.process.log()
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(record("status"))
            answer = b""
            while not answer.endswith(b"\0\0"):
                part = link.recv(4096)
                if not part:
                    return False
                answer += part
        return b"STATUS   : ONLINE" in answer

    def stop(self):
        self.process.stop()
