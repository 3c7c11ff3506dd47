"""Simulated USB devices for real libusb (tests/sim/usb), through umockdev.

A test asks for the `usbsim` fixture, which skips where this cannot be had:

    def test_mains_fail(site, usbsim):
        sim = usbsim("plain")                        # tests/sim/usb/devices/plain.txt
        site.add_ups("ups", "usbhid-ups", "auto")
        sim.start_driver(site, "ups")
        sim.set("feature", 0x01, "01 04")            # what the device answers from now on
        sim.interrupt("01 04")                       # and tells by itself
        sim.unplug(); sim.plug()                     # comes back with another number
        assert "set feature 04: 04 01" in sim.log()  # what the host wrote

Several devices sit on ports 1-1, 1-2 ...: usbsim("plain", "plain"); sim.device(2).unplug().
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from . import usbscript
from .build import CHECKOUT, find_build
from .lineclient import LineClient
from .wait import DEADLINE, wait_until

DEVICES = CHECKOUT / "tests" / "sim" / "usb" / "devices"
PRELOAD = "libumockdev-preload.so.0"


# umockdev names the socket for the kernel's events after the program's descriptor for it: of two
# programs with the same number one would hear nothing.  So each has others taken already.
_TAKE_DESCRIPTORS = '''
import os, sys
n = int(sys.argv[1])
null = os.open(os.devnull, os.O_RDONLY)
while null < n:
    null = os.dup(null)
    os.set_inheritable(null, True)
os.execv(sys.argv[2], sys.argv[2:])
'''
_DESCRIPTORS_EACH = 24


class Unavailable(Exception):
    """No simulated USB devices here; the text says why."""


def _simulator():
    if not shutil.which("umockdev-wrapper"):
        raise Unavailable("umockdev is not installed: no simulated USB devices")
    try:
        return find_build().program("usbsim")
    except LookupError:
        raise Unavailable("usbsim is not built: configure found no umockdev "
                          "(libumockdev-dev)") from None


def _file(name):
    path = pathlib.Path(name)
    own = DEVICES / f"{name}.txt"
    if not path.is_file() and not own.is_file():
        raise Unavailable(f"no device file {name}, nor {own}")
    return path if path.is_file() else own


class Device:
    """One of the devices; UsbSim is the first of them itself."""

    def __init__(self, sim, index):
        self.sim, self.index = sim, index

    def command(self, text):
        """A command of README.md; returns the lines of its answer."""
        return self.sim.ask(f"@{self.index} {text}")

    def set(self, kind, report, data):
        """What report `report` of kind "feature" or "input" holds from now on, its id included."""
        self.command(f"set {kind} {report:02x} {_hex(data)}")

    def get(self, kind, report):
        """What it holds now, as bytes."""
        return bytes.fromhex(self.command(f"get {kind} {report:02x}")[0])

    def interrupt(self, data):
        """A packet on the interrupt pipe, kept until the host reads it."""
        self.command(f"int {_hex(data)}")

    def interrupt_fault(self, fault):
        """The host's read of the pipe ends with "stall", "proto" or "overflow"."""
        self.command(f"int-fault {fault}")

    def stall(self, what, report=None, on=True):
        """The device refuses: a report, or "strings", or "rdesc"."""
        self._switch("stall", what, report, on)

    def hang(self, what="all", report=None, on=True):
        """The device never answers: to a report, or to "all"."""
        self._switch("timeout", what, report, on)

    def _switch(self, fault, what, report, on):
        where = what if report is None else f"{what} {report:02x}"
        self.command(f"{fault} {where} {int(on)}")

    def length(self, kind, report, count=-1):
        """It answers with so many bytes, whatever was asked; -1: as it is right."""
        self.command(f"long {kind} {report:02x} {count}")

    def unplug(self):
        self.command("unplug")

    def plug(self, number=None):
        """Plugged in again, as the next device number, or that one."""
        self.command("plug" if number is None else f"plug {number}")

    def fuse(self, calls, plug=False):
        """It is unplugged at so many calls of programs from now on, and with `plug` back at once."""
        self.command(f"fuse {calls}{' plug' if plug else ''}")

    def text(self, index, text=None):
        """What a text of the device is from now on; None: it has none."""
        self.command(f"text {index}" if text is None else f"text {index} {text}")

    def log(self):
        """What the host did, a list: "set feature 04: 04 01", "detach", "claim 0", "release"."""
        return self.command("log")

    def gets(self):
        """How often the host asked for each report: {("feature", 0x0b): 12}."""
        return {(kind, int(report, 16)): int(n)
                for kind, report, n in (line.split() for line in self.command("gets"))}

    def forget(self):
        """Empties the log and the counts of control requests."""
        self.command("forget")

    def state(self):
        """A dict: plugged, number, driver ("usbhid", "usbfs", "-"), waiting, controls,
        packet-us."""
        return dict(line.split(" ", 1) for line in self.command("state"))

    def stuck(self, on=True):
        """The kernel's driver cannot be detached."""
        self.command(f"stuck {int(on)}")

    def mode(self, mode):
        """Permissions of the device's node, also of later ones."""
        self.command(f"mode {mode:o}")

    def play(self, script, speed=1.0):
        """Plays a script (usbscript.py), by its name or path, to its end."""
        usbscript.play(self, usbscript.read(script), speed)

    def wait_log(self, line):
        return wait_until(lambda: line in self.log(), what=lambda: f"{line!r} in {self.log()}")

    def wait_state(self, **wanted):
        """wait_state(driver="usbfs"): waits until it is so."""
        return wait_until(lambda: all(self.state()[k] == str(v) for k, v in wanted.items()),
                          what=lambda: f"{wanted} in {self.state()}")


class UsbSim(Device):
    """A running simulator.  Its folder must be one that sandboxed drivers may write to:
    give the state folder of the site, as the fixture does."""

    def __init__(self, *files, folder=None, keyboard=False):
        super().__init__(self, 1)
        program = _simulator()
        paths = [_file(name) for name in files]
        self._own = None if folder else tempfile.mkdtemp(prefix="usb-", dir="/tmp")
        self.folder = pathlib.Path(folder or self._own)
        self.folder.chmod(0o755)
        fd, name = tempfile.mkstemp(prefix="usb", suffix=".ctl", dir=self.folder)
        os.close(fd)
        self.socket = pathlib.Path(name)
        self.process = subprocess.Popen(
            ["umockdev-wrapper", program, self.socket, *paths],
            stdin=None if keyboard else subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(self.folder)}, text=True)
        self.root = self.process.stdout.readline().strip()
        if not self.root:
            self.close()
            raise Unavailable("usbsim did not start")
        if keyboard:
            self._show()
        self._client = LineClient(self.socket)
        self._drivers = 0

    def _show(self):
        """What it says to the keyboard's commands goes on to the terminal."""
        import threading

        def copy():
            for line in self.process.stdout:
                print(line, end="", flush=True)
        threading.Thread(target=copy, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def device(self, index):
        return Device(self, index)

    def ask(self, line):
        answer = []
        self._client.send(line)
        last = self._client.line()
        while last != "OK" and not last.startswith("ERR"):
            answer.append(last)
            last = self._client.line()
        assert last == "OK", f"{line}: {last}"
        return answer

    def settings(self):
        """What a program needs in its environment to see the devices."""
        return {"UMOCKDEV_DIR": self.root, "LD_PRELOAD": PRELOAD}

    def environment(self):
        """The same, with all the rest."""
        return {**os.environ, **self.settings()}

    def env(self, site):
        """For Site.start(env=) and the like.

        A sanitizer wants to come before umockdev, and crashes below it if its reports go
        to a file: they are in the program's log, where check() looks for them.
        """
        options = site.environment()
        return {**self.settings(),
                "ASAN_OPTIONS": _without_file(options["ASAN_OPTIONS"]) +
                ":verify_asan_link_order=0",
                "UBSAN_OPTIONS": _without_file(options["UBSAN_OPTIONS"])}

    @staticmethod
    def check(process):
        """Stops a program; fails if a sanitizer has reported something."""
        process.stop()
        log = process.log()
        assert "Sanitizer" not in log and "runtime error:" not in log, log

    def start_driver(self, site, ups, *args, **options):
        """Site.start_driver() for a driver that sees the devices."""
        taken = self._drivers * _DESCRIPTORS_EACH
        self._drivers += 1
        prefix = [sys.executable, "-c", _TAKE_DESCRIPTORS, taken] if taken else []
        return site.start_driver(ups, *args, env=self.env(site), prefix=prefix, **options)

    def close(self):
        """Ends it; its folder is removed."""
        if self.process.stdin:
            self.process.stdin.close()
        elif self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.socket.unlink(missing_ok=True)
        if self._own:
            shutil.rmtree(self._own, ignore_errors=True)


def _without_file(options):
    return ":".join(o for o in options.split(":") if not o.startswith("log_path="))


def _hex(data):
    return data if isinstance(data, str) else data.hex(" ")
