"""A genericups on a pseudo terminal with modem lines (lineshim.c), ours or Debian's."""

import itertools
import os
import pty
import re

from harness import CHECKOUT, LineClient, wait_until

INPUTS = ("CTS", "DCD", "DSR", "RI")
COMBINATIONS = [" ".join(high) for n in range(len(INPUTS) + 1)
                for high in itertools.combinations(INPUTS, n)]


class Cable:
    """`high`: which inputs are high, names with blanks between."""

    def __init__(self, site, shim, *lines, suite=None, high="", name="ups"):
        self.site, self.suite, self.name = site, suite, name
        self.master, self._slave = pty.openpty()
        os.chmod(os.ttyname(self._slave), 0o666)
        # A name of its own: the number of one that was closed is given to the next test.
        self.port = site.state / f"{name}.{self._slave}.port"
        self.port.symlink_to(os.ttyname(self._slave))
        self.lines = site.write("lines", high, 0o644)
        self._looks = site.state / f"{name}.looks"
        self._looks.touch(0o666)
        self._looks.chmod(0o666)
        site.add_ups(name, "genericups", self.port, "pollinterval = 1", "nolock", *lines)
        self.env = {"LD_PRELOAD": str(shim), "LINES": str(self.lines),
                    "LOOKS": str(self._looks)}
        if not suite:
            self.env["NUT_DATAPATH"] = str(CHECKOUT / "data")
        self.process = None

    def start(self):
        self.process = self.site.start_driver(self.name, suite=self.suite, env=self.env)
        return self

    def run(self, *args):
        return self.site.run("genericups", "-a", self.name, *self.site._as_user, *args,
                             suite=self.suite, env=self.env)

    def looks(self):
        """How often it has looked at the lines."""
        return self._looks.stat().st_size

    def set(self, high):
        new = self.lines.with_suffix(".new")
        new.write_text(high)
        new.chmod(0o644)
        new.rename(self.lines)

    def unplug(self):
        self.port.unlink()
        os.close(self.master)
        os.close(self._slave)

    def values(self):
        with LineClient(self.site.socket(self.name)) as c:
            c.send("DUMPALL")
            found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in c.until("DUMPDONE"))
            return {m[1]: m[2] for m in found if m}

    def wait_status(self, *words):
        wait_until(lambda: set(self.values().get("ups.status", "").split()) == set(words),
                   what=lambda: f"{words}, not {self.values().get('ups.status')}")


def raised(text):
    """What was done with the outputs, in order."""
    return re.findall(r"^lines: (.*)$", text, re.MULTILINE)
