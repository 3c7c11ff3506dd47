"""The simulator of USB devices, seen by a program that knows nothing of it."""

import itertools
import pathlib
import shutil
import socket
import subprocess
import threading

import pytest


@pytest.mark.skipif(not shutil.which("lsusb"), reason="lsusb is not installed (usbutils)")
def test_lsusb_shows_the_devices(site, usbsim):
    sim = usbsim("plain", "no-interrupt", "odd-lengths")

    def lsusb():
        return subprocess.run(["lsusb", "-v"], env=sim.env(site) | {"PATH": "/usr/bin:/bin"},
                              capture_output=True, text=True, timeout=60).stdout
    text = lsusb()
    for part in ("ID 0463:ffff", "ID 1209:0001", "ID 1209:0002", "PLAIN-0001",
                 "1x 5 bytes", "Remaining Capacity"):
        assert part in text
    sim.device(2).unplug()
    assert "1209:0001" not in lsusb()
    sim.device(2).plug(9)
    assert "Device 009: ID 1209:0001" in lsusb()


def test_commands_that_cannot_be_followed_are_refused(usbsim):
    sim = usbsim("plain")
    for command in ("dance", "@2 log", "set feature 1", "set feature 1 zz", "plug", "plug 4",
                    "get feature 99", "stall all", "mode", "int x", "int-fault no"):
        with pytest.raises(AssertionError, match="ERR" if command != "set feature 1" else "ERR|^$"):
            sim.ask(command)
            raise AssertionError("")  # an empty report may be set
    assert sim.get("feature", 2) == bytes.fromhex("0264100e")


@pytest.mark.once
def test_a_program_that_closes_its_monitor_at_the_same_moment_does_not_end_it(usbsim):
    """umockdev ends its process over such a race: usbsim.c keeps it from that."""
    sim = usbsim("plain")
    root, over = pathlib.Path(sim.root), threading.Event()

    def open_and_close():
        for n in itertools.cycle(range(50)):
            path = root / f"event{n}"
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as monitor:
                monitor.bind(str(path))
                path.unlink()
            if over.is_set():
                return

    racer = threading.Thread(target=open_and_close)
    racer.start()
    try:
        for _ in range(100):
            sim.unplug()
            sim.plug()
    finally:
        over.set()
        racer.join()
    assert sim.state()["plugged"] == "1"
