#!/usr/bin/python3
"""CPU of a poll, and how long PING takes while the device is silent: our nutdrv_qx and
Debian's, on the same simulated serial devices.

    bench/qx.py [SECONDS] [DEVICE...]
"""

import pathlib
import sys
import time

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests" / "lib"))
sys.path.insert(0, str(CHECKOUT / "tests" / "sim" / "serial"))

from harness import LineClient, Site, wait_until  # noqa: E402
from harness import debian_nut  # noqa: E402
from serialsim import Fault, SerialSim  # noqa: E402


def cpu_s(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def switches(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if "ctxt_switches" in line)


def rss_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


PINGS = 200


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
    pings = ping(site, sim)
    process.stop()
    sim.close()
    site.close()
    return used, asked, times, memory, pings


def ping(site, sim):
    """Milliseconds until PONG while nothing is answered: sorted. As many as there are in 15 s."""
    sim.fault, times, end = Fault.SILENT, [], time.monotonic() + 15
    with LineClient(site.socket("ups")) as c:
        while len(times) < PINGS and time.monotonic() < end:
            start = time.monotonic()
            c.send("PING")
            c.until("PONG")
            times.append(1000 * (time.monotonic() - start))
            time.sleep(0.02)
        c.send("LOGOUT")
    return sorted(times)


def main(argv):
    seconds = float(argv[1]) if len(argv) > 1 else 20
    print(f"{'device':<12}{'':<10}{'CPU ms/s':>10}{'queries/s':>11}{'wake-ups/s':>12}{'RSS kB':>9}"
          f"{'PING ms: half':>15}{'99 %':>7}{'all':>7}")
    for device in argv[2:] or ["megatec", "voltronic"]:
        for name, suite in (("ours", None), ("Debian's", debian_nut.find())):
            used, asked, times, memory, pings = measure(device, suite, seconds)
            print(f"{device:<12}{name:<10}{1000 * used / seconds:>10.2f}{asked / seconds:>11.1f}"
                  f"{times / seconds:>12.1f}{memory:>9}{pings[len(pings) // 2]:>15.1f}"
                  f"{pings[len(pings) * 99 // 100]:>7.0f}{pings[-1]:>7.0f}", flush=True)


main(sys.argv)
