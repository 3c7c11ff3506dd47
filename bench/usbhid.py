"""The cases of bench/run for usbhid-ups, ours and Debian's, on simulated devices.

Polls: one full poll after the other, without the interrupt pipe; control
transfers are counted by the simulator.  A minute: the same with the usual
intervals, as a device that says nothing by itself costs it.  Packet: from a
packet of the interrupt pipe to a client of upsd that polls without pause; the
simulator says how long of it the packet lay before libusb fetched it, which is
the simulator's time and libusb's, and not the driver's.
"""

import contextlib
import statistics
import time

import hidpair
from harness import LineClient, Site, debian_nut, find_shared, usbsim, wait_until

DEVICES = ("cyberpower-ec850lcd", "apc-back-ups-es-850g2", "eaton-3s-700")
POLLS, PACKETS, USUAL_S = 6, 20, 36


def _cpu_ms(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e6


@contextlib.contextmanager
def _driver(suite, path, *lines):
    """A driver that has read its device once."""
    site = Site()
    folder = site.state / "usb"
    folder.mkdir()
    sim = usbsim.UsbSim(path, folder=folder)
    try:
        theirs = suite if isinstance(suite, debian_nut.DebianNut) else None
        ups = hidpair.HidUps(site, sim, *lines, suite=theirs)
        ups.wait_fresh()
        yield ups
    finally:
        for process in site.processes:
            process.stop()
        sim.close()
        site.close()


def _wait_poll(ups, number):
    """Until a poll begins; the transfers and the CPU time so far."""
    wait_until(lambda: max(ups.sim.gets().values(), default=0) >= number, interval=0.002)
    return int(ups.sim.state()["controls"]), _cpu_ms(ups.process.pid)


def _full_polls(suite, path):
    """Transfers and milliseconds of CPU for each."""
    with _driver(suite, path, "pollinterval = 2", "pollfreq = 1", "pollonly") as ups:
        _wait_poll(ups, 3)
        ups.sim.forget()
        first, last = _wait_poll(ups, 1), _wait_poll(ups, 1 + POLLS)
        return tuple((b - a) / POLLS for a, b in zip(first, last))


def _usual(suite, path):
    """Transfers in a minute."""
    with _driver(suite, path, "pollinterval = 2", "pollonly") as ups:
        _wait_poll(ups, 3)
        ups.sim.forget()
        time.sleep(USUAL_S)
        return int(ups.sim.state()["controls"]) * 60 / USUAL_S


def _seen_s(ups, client, packet, word):
    begin = time.monotonic()
    ups.sim.interrupt(packet)
    while True:
        if word in client.ask("GET VAR ups ups.status"):
            return time.monotonic() - begin


def _packets(bench, suite):
    """Seconds from packet to client, and how much of it the packet lay unfetched."""
    with _driver(suite, usbsim.DEVICES / "plain.txt", "pollinterval = 2") as ups:
        ups.site.start_upsd(suite=bench.build)
        times = []
        with LineClient(("127.0.0.1", ups.site.port)) as client:
            wait_until(lambda: "OL" in client.ask("GET VAR ups ups.status"))
            for i in range(PACKETS):
                word, packet = (("OB", "01 14"), ("OL", "01 11"))[i % 2]
                ups.sim.set("feature", 1, packet)
                total = _seen_s(ups, client, packet, word)
                times.append((total, int(ups.sim.state()["packet-us"]) / 1e6))
                time.sleep(0.05)
        return times


def _text(times):
    total = sorted(t for t, _ in times)
    driver = sorted(t - lay for t, lay in times)
    lay = statistics.median(lay for _, lay in times)
    return (f"median {total[len(total) // 2] * 1e3:.1f} ms, of which it lay {lay * 1e3:.1f} ms; "
            f"the rest {driver[len(driver) // 2] * 1e3:.1f} ms (95 %: "
            f"{driver[len(driver) * 95 // 100] * 1e3:.1f} ms)")


def run(bench, print_value):
    shared = find_shared()
    for device in DEVICES if shared else ():
        path = shared / "facts" / "hid-devices" / f"{device}.txt"
        costs = {name: _full_polls(suite, path) for name, suite in bench.suites.items()}
        minutes = {name: _usual(suite, path) for name, suite in bench.suites.items()}
        for name, (transfers, cpu_ms) in costs.items():
            ratio = f", {transfers / costs['Debian'][0]:.2f} of Debian's" \
                if name == "ours" and "Debian" in costs else ""
            print_value(f"USB: {device}", name,
                        f"{transfers:.1f} transfers a full poll{ratio}, {cpu_ms:.2f} ms of CPU; "
                        f"{minutes[name]:.0f} transfers a minute")
    for name, suite in bench.suites.items():
        print_value("USB: a packet to a client of upsd", name, _text(_packets(bench, suite)))
