"""nutdrv_qx on simulated serial lines, ours and Debian's.

docs/qx-differences.md has the differences that are explained.
"""

import re

import hidpair
from harness import LineClient, wait_until
from harness.build import CHECKOUT

DOCUMENT = CHECKOUT / "docs" / "qx-differences.md"
MAPS = str(CHECKOUT / "data")
Q1 = "(231.7 228.3 230.9 027 49.8 27.2 29.5 {bits}"


class Qx:
    """A nutdrv_qx on a simulated line."""

    def __init__(self, site, sim, *lines, start=True, driver="nutdrv_qx"):
        self.site, self.sim, self.driver = site, sim, driver
        site.add_ups("ups", driver, sim.port, "pollinterval = 1", *lines)
        self.env = {"NUT_DATAPATH": MAPS}
        self.process = site.start_driver("ups", "-D", env=self.env) if start else None
        if start:
            self.wait_fresh()

    def run(self, *args):
        return self.site.run(self.driver, "-a", "ups", *self.site._as_user, *args, env=self.env)

    def dump(self):
        with LineClient(self.site.socket("ups")) as c:
            c.send("DUMPALL")
            return c.until("DUMPDONE")

    def values(self):
        found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in self.dump())
        return {m[1]: m[2] for m in found if m}

    def wait_value(self, name, value):
        wait_until(lambda: self.values().get(name) == value,
                   what=lambda: f"{name} is {self.values().get(name)!r}, not {value!r}; log:\n"
                                f"{self.process.log()}")

    def wait_fresh(self, fresh=True):
        word = "DATAOK" if fresh else "DATASTALE"
        wait_until(lambda: word in self.dump(), what=lambda: f"{word}; log:\n{self.process.log()}")

    def order(self, line):
        """The result of a command, as a number, and what the device was asked for it."""
        start = len(self.sim.asked)
        with LineClient(self.site.socket("ups")) as c:
            c.send(f"{line} TRACKING t1")
            last = ""
            while not last.startswith("TRACKING t1"):
                last = c.line()
        return int(last.split()[2]), self.sim.asked[start:]

    def told(self, line, *expected):
        """The command succeeds, and the device was told this, perhaps among readings."""
        result, asked = self.order(line)
        assert result == 0, f"{line}: {result}\n{self.process.log()}"
        readings = {query for query in asked if query not in expected}
        assert [query for query in asked if query not in readings] == list(expected), asked

    def bits(self, text):
        self.sim.answers["Q1"] = Q1.format(bits=text)


class QxUps:
    """The driver's process, ours or Debian's, its simulator, and requests to it."""

    def __init__(self, site, sim, protocol, *lines, suite=None, start=True):
        self.site, self.sim, self.suite = site, sim, suite
        site.add_ups("ups", "nutdrv_qx", sim.port, "nolock", "pollinterval = 1", "pollfreq = 1",
                     f"protocol = {protocol}", *lines)
        self.env = {} if suite else {"NUT_DATAPATH": MAPS}
        self.process = self.client = None
        self.readings = set()
        if start:
            self.process = site.start_driver("ups", suite=suite, env=self.env, wait=False)
            # One connection from the first to the last: see hidpair.HidUps.
            self.client = wait_until(self._connect, what=lambda: self.process.log())

    def _connect(self):
        assert self.process.running(), self.process.log()
        return LineClient(self.site.socket("ups"))

    def dump(self):
        self.client.send("DUMPALL")
        return hidpair.Dump(self.client.until("DUMPDONE"))

    def wait_settled(self):
        """What it says once it says no more; from then on its queries are known to be readings."""
        last, polls = None, 0

        def settled():
            nonlocal last, polls
            start = len(self.sim.asked)
            wait_until(lambda: len(self.sim.asked) > start + 3, what=lambda: self.process.log())
            dump = self.dump()
            now = (dump.values, dump.flags, dump.commands)
            polls = polls + 1 if dump.fresh and now == last else 0
            last = now
            return dump if polls >= 2 else None
        dump = wait_until(settled, what=lambda: f"settled data; log:\n{self.process.log()}")
        self.readings = set(self.sim.asked)
        return dump

    def sent(self, line):
        """What a request tells the device, readings aside."""
        start = len(self.sim.asked)
        self.client.send(f"{line} TRACKING t1")
        last = ""
        while not last.startswith("TRACKING t1"):
            last = self.client.line()
        return [query for query in self.sim.asked[start:] if query not in self.readings]
