"""The UPS: a simulated one outside of the machines, who can be cut off by it and come back.

It outlives its computers. What the guest's kernel sees of it is a USB device on a real host
controller; what it does to its computers is done to QEMU's process.
"""

import contextlib
import pathlib
import re
import subprocess
import threading
import time

from harness.build import find_build
from harness.lineclient import LineClient
from harness.usbsim import Device
from machine import wait_until

DEVICE = pathlib.Path(__file__).parent / "devices" / "ups.txt"
# Reports of the device file.
STATUS, BATTERY, SHUTDOWN, STARTUP = 0x01, 0x02, 0x03, 0x07
AC, CHARGING, DISCHARGING, LOW, PRESENT = 1, 2, 4, 8, 16
NEVER = 0xFFFF


class Ups(Device):
    """On line, full, plugged in. `computers` hang on its output."""

    def __init__(self, folder, events):
        super().__init__(self, 1)
        self.events = events  # a function: takes what happened
        self.computers = []
        self.socket = pathlib.Path(folder) / "ups"
        self._said = open(self.socket.with_suffix(".log"), "w+")
        self._process = subprocess.Popen([find_build().program("usbsim-redir"), self.socket, DEVICE],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._said, text=True)
        assert self._process.stdout.readline() == "ready\n"
        self._client, self._lock = LineClient(self.socket), threading.Lock()
        self._mains, self._low, self.is_charging = True, False, False
        self.output = True
        self.obeys = True      # it switches its output when it was told to
        self.delay = None      # seconds it takes for that; None: what it was told
        self.told = []         # (when, report, seconds) that it was told
        self._heard = 0
        self._off_at = self._on_at = None
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def cable(self):
        """Where a computer finds it."""
        return f"{self.socket}.1"

    def ask(self, line):
        with self._lock:
            self._client.send(line)
            answer, last = [], self._client.line()
            while last != "OK" and not last.startswith("ERR"):
                answer.append(last)
                last = self._client.line()
        assert last == "OK", f"{line}: {last}"
        return answer

    def said(self):
        """What the simulator complained of."""
        return self.socket.with_suffix(".log").read_text()

    # ------------------------------------------------------------------------ what happens to it

    def _show(self):
        bits = PRESENT | (AC if self._mains else DISCHARGING) | (LOW if self._low else 0)
        bits |= CHARGING if self._mains and self.is_charging else 0
        for kind in ("feature", "input"):
            self.set(kind, STATUS, bytes([STATUS, bits]))
        if self.state()["plugged"] == "1":
            self.interrupt(bytes([STATUS, bits]))

    def mains_off(self):
        self._mains = False
        self.events("mains off")
        self._show()

    def mains_on(self):
        self._mains, self._low = True, False
        self.events("mains on")
        self._show()

    def battery_low(self):
        self._low = True
        self.events("battery low")
        self._show()

    def battery(self, charge, runtime=3600):
        data = bytes([BATTERY, charge]) + runtime.to_bytes(2, "little")
        for kind in ("feature", "input"):
            self.set(kind, BATTERY, data)

    def refuse(self, on=True):
        """It takes no order to switch off."""
        self.obeys = not on
        for report in (SHUTDOWN, STARTUP):
            self.command(f"stall feature {report:02x}{'' if on else ' 0'}")

    # ------------------------------------------------------------------------ what it does

    def orders(self, report=SHUTDOWN):
        """When it was told to switch off, and for how long to wait."""
        return [(when, seconds) for when, which, seconds in self.told if which == report]

    def wait_order(self, timeout):
        return wait_until(self.orders, "the UPS is told to switch off", timeout)[0]

    def _hear(self):
        """Reads what it was told since, and takes the orders among it."""
        lines = self.log()
        for line in lines[self._heard:]:
            found = re.fullmatch(r"set feature (0[37]): 0[37] (..) (..)", line)
            if not found:
                continue
            report, seconds = int(found[1], 16), int(found[3] + found[2], 16)
            now = time.monotonic()
            self.told.append((now, report, seconds))
            self.events(f"UPS hears: {'off' if report == SHUTDOWN else 'on'} in {seconds} s")
            if self.obeys and report == SHUTDOWN and seconds != NEVER:
                self._off_at = now + (seconds if self.delay is None else self.delay)
        self._heard = len(lines)

    def _live(self):
        while not self._ends.wait(0.05):
            with contextlib.suppress(OSError, AssertionError):
                self._hear()
            if self._off_at and time.monotonic() >= self._off_at:
                self._off_at = None
                self._switch_off()

    def _switch_off(self):
        self.output = False
        self.events("UPS switches its output off")
        for computer in self.computers:
            computer.cut()

    def output_on(self):
        """The mains are back for long enough: computers start, as their firmware is set."""
        for report in (SHUTDOWN, STARTUP):
            self.set("feature", report, bytes([report, 0xFF, 0xFF]))
        self.output = True
        self.events("UPS switches its output on")
        for computer in self.computers:
            computer.switch_on()

    def close(self):
        self._ends.set()
        self._thread.join(5)
        self._client.close()
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._said.close()
