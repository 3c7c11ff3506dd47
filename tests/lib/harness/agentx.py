"""A subagent of snmpd (AgentX, RFC 2741) that serves variables which a test can change.

Values are texts as `snmpwalk -On` prints them: "INTEGER: 5", 'STRING: "x"', "Hex-STRING: 00 41",
"OID: .1.3.6.1", "Gauge32: 7", "Counter32: 7", "Counter64: 7", "Timeticks: (7) 0:00:00.07",
"IpAddress: 192.0.2.1".  Used by snmp.py.
"""

import bisect
import re
import socket
import struct
import threading
import time

OPEN, CLOSE, REGISTER, GET, GETNEXT, GETBULK = 1, 2, 3, 5, 6, 7
TESTSET, COMMITSET, UNDOSET, CLEANUPSET, PING, RESPONSE = 8, 9, 10, 11, 13, 18
NETWORK_ORDER = 0x10

INTEGER, TEXT, NULL, OID, ADDRESS = 2, 4, 5, 6, 64
COUNTER, GAUGE, TICKS, OPAQUE, COUNTER64 = 65, 66, 67, 68, 70
NO_SUCH_INSTANCE, END_OF_MIB = 129, 130

TYPES = {"INTEGER": INTEGER, "STRING": TEXT, "Hex-STRING": TEXT, "OID": OID, "IpAddress": ADDRESS,
         "Counter32": COUNTER, "Gauge32": GAUGE, "Unsigned32": GAUGE, "Timeticks": TICKS,
         "Counter64": COUNTER64, "Opaque": OPAQUE}
NAMES = {INTEGER: "integer", TEXT: "string", OID: "objectid", ADDRESS: "ipaddress",
         COUNTER: "counter", GAUGE: "gauge", TICKS: "timeticks", COUNTER64: "counter64"}
ERRORS = {"gen-err": 5, "no-access": 6, "wrong-type": 7, "wrong-length": 8, "wrong-value": 10,
          "no-creation": 11, "inconsistent-value": 12, "commit-failed": 14, "not-writable": 17}


def read_oid(text):
    return tuple(int(arc) for arc in text.strip().strip(".").split("."))


def show_oid(oid):
    return ".".join(str(arc) for arc in oid)


def read_value(text):
    """(type, value): an int, bytes or an OID."""
    found = re.match(r"([A-Za-z0-9-]+): ?(.*)$", text, re.DOTALL)
    kind, body = (found[1], found[2]) if found and found[1] in TYPES else ("STRING", text)
    number = TYPES[kind]
    if kind == "Hex-STRING":
        return number, bytes.fromhex(body.replace("\n", " "))
    if number == TEXT:
        body = re.sub(r"\\(.)", r"\1", body[1:-1]) if re.match(r'".*"$', body, re.DOTALL) else body
        return number, body.encode(errors="surrogateescape")
    if number == OID:
        return number, read_oid(body)
    if number == ADDRESS:
        return number, socket.inet_aton(body.strip())
    # "INTEGER: up(1)", "Timeticks: (7) 0:00:00.07", "Gauge32: 5 percent"
    inner = re.search(r"\((-?\d+)\)", body) or re.match(r"\s*(-?\d+)", body)
    return number, int(inner[1]) if inner else 0


def show_value(kind, value):
    """As a line of SubAgent.sets."""
    if kind == TEXT:
        value = value.decode(errors="replace")
    elif kind == OID:
        value = show_oid(value)
    elif kind == ADDRESS:
        value = socket.inet_ntoa(value)
    return f"{NAMES.get(kind, kind)} {value}"


# ----------------------------------------------------------------------------------- coding


def _put_oid(oid, include=0):
    return struct.pack(">BBBB", len(oid), 0, include, 0) + struct.pack(f">{len(oid)}I", *oid)


def _put_text(data):
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def _put_bind(oid, kind, value):
    head = struct.pack(">HH", kind, 0) + _put_oid(oid)
    if kind == INTEGER:
        return head + struct.pack(">I", value & 0xffffffff)
    if kind in (COUNTER, GAUGE, TICKS):
        return head + struct.pack(">I", value)
    if kind == COUNTER64:
        return head + struct.pack(">Q", value)
    if kind in (TEXT, ADDRESS, OPAQUE):
        return head + _put_text(value)
    if kind == OID:
        return head + _put_oid(value)
    return head


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        found = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return found

    def oid(self):
        count, prefix, include, _ = self.take(">BBBB")
        arcs = self.take(f">{count}I") if count else ()
        return ((1, 3, 6, 1, prefix) if prefix else ()) + arcs, include

    def text(self):
        size, = self.take(">I")
        data = self.data[self.at:self.at + size]
        self.at += size + -size % 4
        return data

    def bind(self):
        kind, _ = self.take(">HH")
        oid, _ = self.oid()
        if kind == INTEGER:
            value, = self.take(">i")
        elif kind in (COUNTER, GAUGE, TICKS):
            value, = self.take(">I")
        elif kind == COUNTER64:
            value, = self.take(">Q")
        elif kind in (TEXT, ADDRESS, OPAQUE):
            value = self.text()
        elif kind == OID:
            value, _ = self.oid()
        else:
            value = None
        return oid, kind, value

    def more(self):
        return self.at < len(self.data)


# --------------------------------------------------------------------------------- the agent


class SubAgent:
    """values: {OID as a tuple: (type, value)}; faults: {OID: (word, argument)}, see Snmpd.fault()."""

    def __init__(self, path, roots):
        self.values, self.order, self.faults, self.sets = {}, [], {}, []
        self.lock = threading.Lock()
        self._path, self._roots = str(path), [read_oid(root) for root in roots]
        self._socket = None
        self._session = self._packet = 0
        self._pending = []

    def change(self, values):
        with self.lock:
            self.values = values
            self.order = sorted(values)

    def connect(self):
        """False: the master is not there yet."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        try:
            self._socket.connect(self._path)
        except OSError:
            self._socket.close()
            return False
        self._ask(OPEN, struct.pack(">BBBB", 60, 0, 0, 0) + _put_oid(()) + _put_text(b"chestnut"))
        for root in self._roots:
            self._ask(REGISTER, struct.pack(">BBBB", 0, 127, 0, 0) + _put_oid(root))
        self._socket.settimeout(None)
        threading.Thread(target=self._run, daemon=True).start()
        return True

    def close(self):
        if self._socket:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._socket.close()

    def _send(self, kind, body, transaction=0, packet=0):
        self._socket.sendall(struct.pack(">BBBBIIII", 1, kind, NETWORK_ORDER, 0, self._session,
                                         transaction, packet, len(body)) + body)

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def _receive(self):
        _, kind, flags, _, session, transaction, packet, size = struct.unpack(
            ">BBBBIIII", self._reorder(self._read(20)))
        return kind, session, transaction, packet, self._read(size)

    @staticmethod
    def _reorder(head):
        assert head[2] & NETWORK_ORDER, "snmpd answers in the order that we speak"
        return head

    def _ask(self, kind, body):
        self._packet += 1
        self._send(kind, body, 0, self._packet)
        answer, session, _, _, payload = self._receive()
        assert answer == RESPONSE
        error, = struct.unpack_from(">H", payload, 4)
        assert error == 0, f"the master refuses PDU {kind}: error {error}"
        if kind == OPEN:
            self._session = session

    def _run(self):
        try:
            while True:
                kind, _, transaction, packet, body = self._receive()
                if kind == CLOSE:
                    break
                if kind in (CLEANUPSET, RESPONSE):
                    continue
                with self.lock:
                    answer, pause = self._answer(kind, body)
                if pause:
                    time.sleep(pause)
                self._send(RESPONSE, answer, transaction, packet)
        except (OSError, AssertionError):
            pass
        finally:
            self._socket.close()

    # --------------------------------------------------------------------------- answers

    def _answer(self, kind, body):
        r = _Reader(body)
        if kind in (GET, GETNEXT):
            ranges = []
            while r.more():
                ranges.append((r.oid(), r.oid()[0]))
            return self._lookup(kind, ranges)
        if kind == GETBULK:
            return self._bulk(r)
        if kind == TESTSET:
            return self._test(r), 0
        if kind == COMMITSET:
            for oid, what, value in self._pending:
                self.values[oid] = (self.values[oid][0], value)
                self.sets.append(f"{show_oid(oid)} {show_value(what, value)}")
        return self._response(), 0

    @staticmethod
    def _response(error=0, index=0, binds=b""):
        return struct.pack(">IHH", 0, error, index) + binds

    def _has(self, oid):
        return oid in self.values and self.faults.get(oid, ("",))[0] != "none"

    def _next(self, start, include, end):
        place = (bisect.bisect_left if include else bisect.bisect_right)(self.order, start)
        while place < len(self.order) and (not end or self.order[place] < end):
            if self._has(self.order[place]):
                return self.order[place]
            place += 1
        return None

    def _bind(self, name, oid, otherwise):
        return _put_bind(oid, *self.values[oid]) if oid else _put_bind(name, otherwise, None)

    def _lookup(self, kind, ranges):
        binds, pause = b"", 0
        for place, ((start, include), end) in enumerate(ranges):
            if kind == GET:
                found = start if self._has(start) else None
            else:
                found = self._next(start, include, end)
            word, argument = self.faults.get(found, ("", ""))
            if word == "error":
                return self._response(ERRORS["gen-err"], place + 1), 0
            pause += float(argument) if word == "slow" else 0
            binds += self._bind(start, found, NO_SUCH_INSTANCE if kind == GET else END_OF_MIB)
        return self._response(0, 0, binds), pause

    def _bulk(self, r):
        skip, times = r.take(">HH")
        binds, place = b"", 0
        while r.more():
            (at, include), (end, _) = r.oid(), r.oid()
            for _ in range(1 if place < skip else times):
                found = self._next(at, include, end)
                binds += self._bind(at, found, END_OF_MIB)
                if not found:
                    break
                at, include = found, 0
            place += 1
        return self._response(0, 0, binds), 0

    def _test(self, r):
        self._pending = []
        while r.more():
            oid, kind, value = r.bind()
            self._pending.append((oid, kind, value))
            word, argument = self.faults.get(oid, ("", ""))
            error = 0
            if not self._has(oid) or word == "readonly":
                error = ERRORS["not-writable"]
            elif word == "refuse":
                error = ERRORS[argument]
            elif kind != self.values[oid][0]:
                error = ERRORS["wrong-type"]
            if error:
                return self._response(error, len(self._pending))
        return self._response()
