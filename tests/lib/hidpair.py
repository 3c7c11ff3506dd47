"""A usbhid-ups, ours or Debian's, on a simulator of its own, and all that it says."""

import contextlib
import re
import subprocess

from harness import LineClient, wait_until
from harness.build import CHECKOUT

# What the driver says of itself, in its own way.
ITSELF = ("driver.", "experimental.driver.")


class Dump:
    """The answer to DUMPALL."""

    def __init__(self, lines):
        self.values = self._named(lines, r'SETINFO (\S+) "(.*)"')
        self.flags = {k: set(v.split()) for k, v in self._named(lines, r"SETFLAGS (\S+)(.*)").items()}
        self.aux = self._named(lines, r"SETAUX (\S+) (\S+)")
        self.enums = self._listed(lines, r'ADDENUM (\S+) "(.*)"')
        self.ranges = self._listed(lines, r"ADDRANGE (\S+) (.*)")
        self.commands = {line.split()[1] for line in lines if line.startswith("ADDCMD ")}
        self.fresh = "DATAOK" in lines

    @staticmethod
    def _named(lines, pattern):
        found = (re.fullmatch(pattern, line) for line in lines)
        return {m[1]: m[2].strip() for m in found if m and not m[1].startswith(ITSELF)}

    @staticmethod
    def _listed(lines, pattern):
        made = {}
        for m in filter(None, (re.fullmatch(pattern, line) for line in lines)):
            made.setdefault(m[1], []).append(m[2].strip())
        return made

    @property
    def settable(self):
        return {name for name, flags in self.flags.items()
                if "RW" in flags and not name.startswith(ITSELF)}


class HidUps:
    """The driver's process, its simulator, and requests to it."""

    def __init__(self, site, sim, *lines, suite=None, start=True):
        self.site, self.sim, self.suite = site, sim, suite
        site.add_ups("ups", "usbhid-ups", "auto", *(() if any("pollinterval" in x for x in lines) else ("pollinterval = 1",)), *lines)
        # Debian's is built without sanitizers, and may not hear of ours.
        self.env = sim.settings() if suite else {**sim.env(site),
                                                 "NUT_DATAPATH": str(CHECKOUT / "data")}
        self.process = self.client = None
        if start:
            # One connection from the first to the last: Debian's driver reads one that
            # was closed for ever, in a busy loop.
            self.process = site.start_driver("ups", suite=suite, env=self.env, wait=False)
            self.client = wait_until(self._connect, what=lambda: self.process.log())

    def _connect(self):
        assert self.process.running(), self.process.log()
        return LineClient(self.site.socket("ups"))

    def run(self, *args):
        return self.site.run("usbhid-ups", "-a", "ups", *self.site._as_user, *args,
                             suite=self.suite, env=self.env)

    def dump(self):
        self.client.send("DUMPALL")
        return Dump(self.client.until("DUMPDONE"))

    def wait_fresh(self):
        return wait_until(lambda: (lambda d: d if d.fresh and d.values.get("ups.status") else None)
                          (self.dump()), what=lambda: f"data; log:\n{self.process.log()}")

    def order(self, line):
        """INSTCMD or SET: its result, as a number."""
        self.client.send(f"{line} TRACKING t1")
        last = ""
        while not last.startswith("TRACKING t1"):
            last = self.client.line()
        return int(last.split()[2])

    def written(self, line):
        """The result of a request, and what it wrote to the device."""
        self.sim.forget()
        result = self.order(line)
        return result, [note for note in self.sim.log() if note.startswith("set ")]

    def killpower(self):
        """-k: its result, and what it wrote."""
        self.sim.forget()
        result = self.run("-k")
        return result.returncode, [note for note in self.sim.log() if note.startswith("set ")]
