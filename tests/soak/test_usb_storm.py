"""A storm of plugs, faults and hangs: the driver is there after each, and no larger than before.

    CHESTNUT_SOAK_MINUTES=30 pytest tests/soak/test_usb_storm.py     two minutes by default
"""

import os
import random
import time

from harness import LineClient, wait_until
from harness.build import CHECKOUT

MINUTES = float(os.environ.get("CHESTNUT_SOAK_MINUTES", "2"))
WARM_UP = 60  # rounds, until all that is allocated once is there
GROWTH_KIB = 2048


class Storm:
    def __init__(self, site, sim, seed):
        self.sim, self.random = sim, random.Random(seed)
        site.add_ups("ups", "usbhid-ups", "auto", "pollinterval = 1")
        env = {**sim.env(site), "NUT_DATAPATH": str(CHECKOUT / "data")}
        self.process = site.start_driver("ups", env=env)
        self.socket = site.socket("ups")

    def says(self, word):
        with LineClient(self.socket) as c:
            c.send("DUMPALL")
            return word in c.until("DUMPDONE")

    def wait(self, word):
        wait_until(lambda: self.says(word), what=lambda: f"{word}; log:\n{self.process.log()[-4000:]}")

    def replug(self):
        self.sim.unplug()
        time.sleep(self.random.choice([0, 0, 0.05, 0.2, 0.7]))
        self.sim.plug()

    def fuse(self):
        self.sim.fuse(self.random.randrange(1, 40), plug=True)
        wait_until(lambda: self.sim.state()["fuse"] == "0" or self.says("DATAOK"))

    def hang(self):
        self.sim.hang("feature", 1)
        time.sleep(self.random.random())
        self.sim.unplug()
        self.sim.hang("feature", 1, on=False)
        self.sim.plug()

    def packets(self):
        for _ in range(self.random.randrange(1, 20)):
            self.sim.interrupt(self.random.choice(["01 14", "01 11", "ff", "02 64 10 0e 00"]))

    def pipe_fault(self):
        self.sim.interrupt_fault(self.random.choice(["stall", "proto", "overflow"]))

    def lengths(self):
        self.sim.length("feature", 1, self.random.choice([0, 1, 9, 300]))
        time.sleep(self.random.random())
        self.sim.length("feature", 1)

    def round(self):
        self.random.choice([self.replug, self.replug, self.fuse, self.hang, self.packets,
                            self.pipe_fault, self.lengths])()
        wait_until(lambda: self.sim.state()["plugged"] == "1")
        self.sim.fuse(0)
        wait_until(lambda: self.sim.state()["plugged"] == "1")
        self.wait("DATAOK")

    def size(self):
        """Where nothing is under way but the interrupt pipe."""
        self.wait("DATAOK")
        return self.process.rss_kib(), self.process.open_files()


def test_a_storm_of_plugs_leaves_no_trace(site, usbsim):
    storm = Storm(site, usbsim("plain"), seed=2026)
    storm.wait("DATAOK")
    for _ in range(WARM_UP):
        storm.round()
    rss, fds = storm.size()
    end, rounds = time.monotonic() + 60 * MINUTES, 0
    while time.monotonic() < end:
        storm.round()
        rounds += 1
    wait_until(lambda: storm.size()[1] <= fds, what=lambda: f"{storm.size()[1]} open, {fds} before")
    now = storm.size()[0]
    print(f"{rounds} rounds; {rss} KiB, then {now} KiB; {fds} descriptors")
    assert now <= rss + GROWTH_KIB
    assert rounds > 10 * MINUTES
