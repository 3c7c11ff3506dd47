"""An apcupsd-ups under test, and the bits of apcupsd's STATFLAG."""

import re

from harness import CHECKOUT, LineClient, wait_until

MAPS = CHECKOUT / "data"

ON_LINE, ON_BATTERY = 0x08, 0x10
LOST, ENDING = 0x100, 0x200


class Ups:
    """An apcupsd-ups on a server."""

    def __init__(self, site, port, *lines, start=True):
        self.site = site
        given = {line.partition(" = ")[0]: line for line in ["pollinterval = 1", *lines]}
        site.add_ups("ups", "apcupsd-ups", port, *given.values())
        self.env = {"NUT_DATAPATH": str(MAPS)}
        self.process = site.start_driver("ups", env=self.env) if start else None

    def run(self, *args):
        return self.site.run("apcupsd-ups", "-a", "ups", *self.site._as_user, *args, env=self.env)

    def dump(self):
        with LineClient(self.site.socket("ups")) as client:
            client.send("DUMPALL")
            return client.until("DUMPDONE")

    def values(self):
        found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in self.dump())
        return {m[1]: m[2] for m in found if m}

    def status(self):
        return set(self.values().get("ups.status", "").split())

    def wait_value(self, name, value):
        wait_until(lambda: self.values().get(name) == value,
                   what=lambda: f"{name} is {self.values().get(name)!r}, not {value!r}; log:\n"
                                f"{self.process.log()}")

    def wait_fresh(self, fresh=True):
        word = "DATAOK" if fresh else "DATASTALE"
        wait_until(lambda: word in self.dump(), what=lambda: f"{word}; log:\n{self.process.log()}")

    def wait_status(self, *words):
        wait_until(lambda: self.status() == set(words) and "DATAOK" in self.dump(),
                   what=lambda: f"status is {self.status()}, not {words}:\n{self.process.log()}")

    def wait_log(self, text):
        wait_until(lambda: text in self.process.log(),
                   what=lambda: f"{text!r} is logged:\n{self.process.log()}")
