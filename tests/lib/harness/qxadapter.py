"""A UPS of the Megatec kind behind one of the USB adapters that nutdrv_qx knows: a table of
tests/sim/serial, on a device of tests/sim/usb."""

import fnmatch
import re
import threading
import time

from serialsim import DEVICES, Table, to_bytes

from .lineclient import LineClient

# How the query comes, and how the answer goes: chunk; counted = a byte in front tells how many.
REPORTS = {"cypress": (8, False), "phoenix": (8, False), "sgs": (8, True), "ippon": (64, False),
           "omron": (64, False), "gtec": (128, False), "phoenixtec": (64, False),
           "fuji": (8, False), "armac": (8, True), "ablerex": (47, False)}
TEXTS = {"krauler": {0x03: "Q1", 0x0d: "F", 0x0c: "I", 0x04: "T", 0x05: "TL", 0x07: "Q", 0x0b: "C"},
         "fabula": {0x03: "Q1", 0x0d: "F", 0x0c: "I", 0x07: "Q", 0x0a: "C"},
         "hunnox": {0x03: "Q1", 0x0d: "F", 0x0c: "I", 0xf3: "BL", 0x07: "Q", 0x0a: "C"},
         "snr": {0x03: "Q1", 0x0d: "F", 0x0c: "I"}}


def device_file(ids, texts=("Chestnut", "Adapter", ""), packet=8, out=False, speed="1.5"):
    """The text of a device file for tests/sim/usb."""
    lines = [f"usb-id: {ids}", "istr: 1 2 0", f"packet-size: {packet}", "adapter: yes",
             f"speed: {speed}", *(f"string {i + 1}: {text}" for i, text in enumerate(texts) if text)]
    return "\n".join(lines + (["interrupt-out: yes"] if out else [])) + "\n"


class QxAdapter:
    """`way` is a subdriver; `asked` are the queries as the UPS got them."""

    def __init__(self, sim, way, device, interrupt=False):
        table = Table((DEVICES / f"{device}.txt").read_text())
        self.sim, self.way, self.answers, self.unknown = sim, way, table.answers, table.unknown
        self.interrupt = interrupt      # armac: 64 bytes of an interrupt pipe
        self.asked, self.silent = [], False
        self.spoil = None               # what is made of each answer on its way
        self.fault = None               # how the read of each answer ends: stall, overflow
        self._query = b""
        self._client = LineClient(sim.socket)
        self._stopping = False
        if way in TEXTS:
            self.tell_texts()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._stopping = True
        self._thread.join(10)
        self._client.close()

    def _ask(self, line):
        lines, last = [], ""
        self._client.send(line)
        while last != "OK" and not last.startswith("ERR"):
            last = self._client.line()
            lines.append(last)
        assert last == "OK", f"{line}: {last}"
        return lines[:-1]

    def tell_texts(self):
        """Puts the answers into their texts; the first byte is the adapter's, not the UPS's."""
        for index, query in TEXTS[self.way].items():
            answer = to_bytes(self.answers.get(query, "")) or b"ok"
            self._ask(f"text-bytes {index} {(b'?' + answer[1:]).hex(' ')}")
        for index in [*range(16, 0x80, 8), *range(96, 250, 8)]:
            if index not in TEXTS[self.way]:
                self._ask(f"text-bytes {index} 6f 6b")

    def _run(self):
        seen = 0
        while not self._stopping:
            log = self._ask("log")
            for line in log[seen:]:
                self._take(line)
            seen = len(log)
            time.sleep(0.005)

    # ------------------------------------------------------------------------ what comes

    def _take(self, line):
        text = re.fullmatch(r"text ([0-9a-f]{2}) ([0-9a-f]{4})", line)
        if text and self.way in TEXTS:
            index = int(text[1], 16)
            self.asked.append(TEXTS[self.way].get(index, f"#{index}"))
            return
        sent = re.fullmatch(r"(?:set \S+ ..|out ..|vendor 0d): ([0-9a-f ]*)", line)
        if not sent or self.way in TEXTS:
            return
        data = bytes.fromhex(sent[1])
        if self.way == "fuji":
            self._answer(data[4:4 + data[2] - 1])
        elif self.way == "ablerex":
            self._answer(data[3:3 + data[2]].partition(b"\r")[0])
        else:
            self._gather(data)

    def _gather(self, data):
        if self.way == "armac":
            data = data[1:1 + (data[0] & 0x3f if self.interrupt else data[0] & 0x0f)]
        elif self.way == "sgs":
            data = data[1:1 + data[0]]
        self._query += data.rstrip(b"\0")
        while b"\r" in self._query:
            query, _, self._query = self._query.partition(b"\r")
            self._answer(query)

    # ------------------------------------------------------------------------ what goes

    def _find(self, query):
        for pattern, answer in self.answers.items():
            if fnmatch.fnmatchcase(query, pattern):
                return to_bytes(answer) + b"\r" if answer else b""
        if self.unknown == "echo":
            return query.encode("latin-1") + b"\r"
        return b"" if self.unknown == "silent" else self.unknown.encode() + b"\r"

    def _fail(self):
        """Once there is a read that waits."""
        end = time.monotonic() + 5
        while not any(re.match("waiting [1-9]", line) for line in self._ask("state")):
            if time.monotonic() > end:
                return
            time.sleep(0.002)
        self._ask(f"int-fault {self.fault}")

    def _answer(self, query):
        text = query.decode("latin-1")
        self.asked.append(text)
        answer = b"" if self.silent else self._find(text)
        answer = self.spoil(answer) if self.spoil and answer else answer
        chunk, counted = REPORTS[self.way]
        if self.fault:
            self._fail()
            return
        if self.way == "ablerex":
            self._ask(f"set feature 05 {answer.ljust(chunk, bytes(1))[:chunk].hex(' ')}")
            return
        if self.interrupt:
            chunk = 64
        step = chunk - 1 if counted else chunk
        for at in range(0, len(answer), step):
            part = answer[at:at + step]
            packet = bytes([len(part)]) + part if counted else part
            self._ask(f"int {packet.ljust(chunk, bytes(1)).hex(' ')}"
                      if chunk == 8 or self.interrupt else f"int {packet.hex(' ')}")
