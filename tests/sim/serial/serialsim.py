"""A device on a serial line, on a pseudo terminal: what it is asked, it looks up in a table.

A device is a text file of lines

    query => answer

both without their ends, CR. `*` in a query stands for any text, `\\xNN` for a byte;
an empty answer is none. The first line that fits counts. `#` begins a comment, and

    unknown echo          what is not in the table comes back (silent, or a text: says that)
    crc                   queries and answers end in Voltronic's check of two bytes

The simulator is a thread; what it should answer, and what goes wrong on the line, may
be changed at any time by its attributes:

    sim.answers["Q1"] = "(230.1 ..."
    sim.fault = Fault.SILENT         or another (class Fault)
    sim.unplug(), sim.plug()
"""

import enum
import fnmatch
import os
import pathlib
import pty
import re
import select
import threading
import time
import tty

DEVICES = pathlib.Path(__file__).resolve().parent / "devices"


class Fault(enum.Enum):
    NONE = 0
    SILENT = 1
    GARBAGE = 2   # something else in place of the answer
    SLOW = 3      # a byte at a time
    CUT = 4       # the first half
    TWICE = 5     # the answer, and once more
    ECHO = 6      # the query back, and then the answer
    NAK = 7       # to everything
    NOISE = 8     # bytes before the answer, with an end
    TARDY = 9     # later than most would wait
    LATE = 10     # after the driver has given it up
    MERGED = 11   # the beginning of one, and then all of another
    ENDLESS = 12  # many, without an end
    OTHER = 13    # the answer to another query
    FLIPPED = 14  # one bit of it, at one place after the other
    HALVES = 15   # the second half after the driver has given it up


def crc(data):
    """Voltronic's: CRC-16, 0x1021; the bytes of the frame are one more."""
    total = 0
    for byte in data:
        total ^= byte << 8
        for _ in range(8):
            total = (total << 1 ^ (0x1021 if total & 0x8000 else 0)) & 0xffff
    return bytes(b + 1 if b in b"(\r\n" else b for b in (total >> 8, total & 0xff))


def to_bytes(text):
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]),
                  text.encode("latin-1"))


class Table:
    """What a device says."""

    def __init__(self, text):
        self.answers, self.unknown, self.checked = {}, "echo", False
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            query, arrow, answer = line.partition("=>")
            if arrow:
                self.answers[query.strip()] = answer[1:] if answer.startswith(" ") else answer
            elif line.strip() == "crc":
                self.checked = True
            elif line.startswith("unknown "):
                self.unknown = line.split(None, 1)[1].strip()
            else:
                raise ValueError(f"no line of a device: {line}")


class SerialSim:
    """One device; `port` is the path of its line."""

    def __init__(self, device, port):
        path = DEVICES / f"{device}.txt"
        table = Table(path.read_text() if path.exists() else device)
        self.answers, self.unknown, self.checked = table.answers, table.unknown, table.checked
        self.port = pathlib.Path(port)
        self.asked = []              # queries as they came, their ends aside
        self.hook = None             # called with each query before it is answered
        self.fault = Fault.NONE
        self.trickle = 0.003         # seconds between bytes, for Fault.SLOW
        self.fault_for = None        # pattern of the queries that it is for; None: all
        self._master = self._slave = None
        self._wake = os.pipe()
        self._stopping = False
        self.plug()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # -------------------------------------------------------------------- the line

    def plug(self):
        """Puts the line there, under the same path, as another node."""
        master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        name = os.ttyname(self._slave)
        os.chmod(name, 0o666)
        # Ours would keep the line open when it is pulled out.
        temporary = self.port.with_name(self.port.name + ".new")
        temporary.symlink_to(name)
        os.replace(temporary, self.port)
        self.node = pathlib.Path(name)
        self._master = master
        os.write(self._wake[1], b"x")

    def let_go(self):
        """Nobody has the line open from now on, the simulator included."""
        slave, self._slave = self._slave, None
        os.close(slave)

    def unplug(self):
        """Pulls it out: whoever has it open gets an error."""
        self.port.unlink(missing_ok=True)
        master, slave = self._master, self._slave
        self._master = self._slave = None
        os.write(self._wake[1], b"x")
        for fd in (slave, master):
            if fd is not None:
                os.close(fd)

    def close(self):
        self._stopping = True
        os.write(self._wake[1], b"x")
        self._thread.join(10)
        if self._master is not None:
            self.unplug()
        for fd in self._wake:
            os.close(fd)

    # ------------------------------------------------------------------ the device

    def _run(self):
        pending = b""
        while not self._stopping:
            master = self._master
            try:
                ready, _, _ = select.select([self._wake[0]] + ([master] if master is not None else []),
                                            [], [])
                if self._wake[0] in ready:
                    os.read(self._wake[0], 64)
                    pending = b""
                    continue
                pending += os.read(master, 256)
            except (OSError, ValueError):
                pending = b""
                time.sleep(0.01)
                continue
            while b"\r" in pending:
                query, _, pending = pending.partition(b"\r")
                try:
                    self._take(master, query)
                except OSError:
                    pending = b""

    def _take(self, master, sent):
        query = sent
        if self.checked and len(sent) > 2:
            query = sent[:-2]
            if crc(query) != sent[-2:]:
                query = b""
        text = query.decode("latin-1")
        self.asked.append(text)
        if self.hook:
            self.hook(text)
        answer = self._find(text, sent)
        if self.fault is Fault.NONE or (self.fault_for and
                                        not fnmatch.fnmatchcase(text, self.fault_for)):
            self._say(master, answer)
        else:
            self._spoil(master, answer, sent)

    def _find(self, text, sent):
        for pattern, answer in list(self.answers.items()):
            if fnmatch.fnmatchcase(text, pattern):
                return self._end(to_bytes(answer)) if answer else b""
        if self.unknown == "echo":
            return sent + b"\r"
        return b"" if self.unknown == "silent" else self._end(to_bytes(self.unknown))

    def _end(self, answer):
        return answer + (crc(answer) if self.checked else b"") + b"\r"

    @staticmethod
    def _say(master, data):
        while data:
            data = data[os.write(master, data):]

    def _spoil(self, master, answer, sent):
        if self.fault is Fault.GARBAGE:
            self._say(master, bytes((7 * i + 3) % 256 for i in range(60)) + b"\r")
        elif self.fault is Fault.SLOW:
            for i in range(len(answer)):
                self._say(master, answer[i:i + 1])
                time.sleep(self.trickle)
        elif self.fault is Fault.CUT:
            self._say(master, answer[:len(answer) // 2])
        elif self.fault is Fault.TWICE:
            self._say(master, answer + answer)
        elif self.fault is Fault.ECHO:
            self._say(master, sent + b"\r" + answer)
        elif self.fault is Fault.NAK:
            self._say(master, self._end(b"(NAK"))
        elif self.fault is Fault.NOISE:
            self._say(master, b"\xff\x00\x80" + answer)
        elif self.fault is Fault.MERGED:
            self._say(master, answer[:5] + answer)
        elif self.fault is Fault.ENDLESS:
            self._say(master, answer[:-1] * (1000 // max(len(answer), 2)))
        elif self.fault is Fault.OTHER:
            others = [other for other in self.answers.values()
                      if other and self._end(to_bytes(other)) != answer]
            self._say(master, self._end(to_bytes(others[len(self.asked) % len(others)])))
        elif self.fault is Fault.FLIPPED:
            place = len(self.asked) % max(len(answer) - 1, 1)
            self._say(master, answer[:place] + bytes([answer[place] ^ 1 << len(self.asked) % 8]) +
                      answer[place + 1:] if answer else b"")
        elif self.fault is Fault.HALVES:
            self._say(master, answer[:len(answer) // 2])
            threading.Timer(2.5, self._say_late, (master, answer[len(answer) // 2:])).start()
        elif self.fault in (Fault.TARDY, Fault.LATE):
            seconds = 1.3 if self.fault is Fault.TARDY else 2.5
            threading.Timer(seconds, self._say_late, (master, answer)).start()

    def _say_late(self, master, answer):
        try:
            if master == self._master:
                self._say(master, answer)
        except OSError:
            pass

    # ------------------------------------------------------------------ for tests

    def commands(self, start=0, readings=()):
        """What came from there on and is none of the readings."""
        return [query for query in self.asked[start:] if query not in readings]
