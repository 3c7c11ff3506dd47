#!/usr/bin/python3
"""CPU of a poll: our nutdrv_qx and Debian's, on the same simulated serial devices.

    bench/qx.py [SECONDS] [DEVICE...]
"""

import os
import pathlib
import sys
import time

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests" / "lib"))
sys.path.insert(0, str(CHECKOUT / "tests" / "sim" / "serial"))

from harness import Site, wait_until  # noqa: E402
from harness import debian_nut  # noqa: E402
from serialsim import SerialSim  # noqa: E402


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def switches(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if "ctxt_switches" in line)


def rss_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


def measure(device, suite, seconds):
    site = Site()
    sim = SerialSim(device, site.state / "tty")
    site.add_ups("ups", "nutdrv_qx", sim.port, "nolock", f"protocol = {device}",
                 "pollinterval = 1", "pollfreq = 1")
    process = site.start_driver("ups", suite=suite,
                                env=None if suite else {"NUT_DATAPATH": str(CHECKOUT / "data")},
                                wait=False)
    # Nobody connects: Debian's driver never rests again once a client has left without LOGOUT.
    wait_until(lambda: len(sim.asked) > 5)
    time.sleep(2)
    start, asked, times = cpu_s(process.pid), len(sim.asked), switches(process.pid)
    time.sleep(seconds)
    used, asked = cpu_s(process.pid) - start, len(sim.asked) - asked
    times = switches(process.pid) - times
    memory = rss_kb(process.pid)
    process.stop()
    sim.close()
    site.close()
    return used, asked, times, memory


def main(argv):
    seconds = float(argv[1]) if len(argv) > 1 else 20
    print(f"{'device':<12}{'':<10}{'CPU ms/s':>10}{'queries/s':>11}{'wake-ups/s':>12}{'RSS kB':>9}")
    for device in argv[2:] or ["megatec", "voltronic"]:
        for name, suite in (("ours", None), ("Debian's", debian_nut.find())):
            used, asked, times, memory = measure(device, suite, seconds)
            print(f"{device:<12}{name:<10}{1000 * used / seconds:>10.2f}{asked / seconds:>11.1f}"
                  f"{times / seconds:>12.1f}{memory:>9}", flush=True)


main(sys.argv)
