"""Our apcsmart beside Debian's, on the same simulated Smart-UPSes."""

import re

import pytest
from harness import CHECKOUT, LineClient, wait_until

DEVICES = ["smart-1500", "smart-600", "matrix", "rt-3000"]
# Firmwares of Debian's table.
FIRMWARES = ["0XI", "0XM", "0ZI", "5UI", "5ZM", "6QD", "6QI", "6TD", "6TI", "7QD", "7QI", "7TD",
             "7TI", "6JI", "7II", "9II", "9GI", "8II", "8GI", "8QD", "8QI", "8TD", "8TI", "B2"]

# What ours has otherwise than 2.8.0, by later versions, or better: name -> why.
OURS = {
    "matrix": {"ups.model": "told by its having a current", "device.model": "the same"},
    "rt-3000": {"input.frequency": "two-byte queries", "output.frequency": "two-byte queries",
                "battery.current": "two-byte queries",
                "device.uptime": "tenths of an hour count"},
}


def env(suite):
    return None if suite else {"NUT_DATAPATH": str(CHECKOUT / "data")}


def add(site, sim, *lines):
    site.add_ups("ups", "apcsmart", sim.port, "nolock", "pollinterval = 1", *lines)


def dump(site, sim, suite):
    add(site, sim)
    result = site.run("apcsmart", "-a", "ups", *site._as_user, "-d", "1", suite=suite,
                      env=env(suite))
    found = re.findall(r"^([a-z0-9A-Z.-]+): (.*)$", result.stdout, re.MULTILINE)
    return {name: value.rstrip() for name, value in found if not name.startswith("driver.")}


@pytest.mark.parametrize("device", DEVICES)
def test_the_same_is_published(site, debian, apcsim, device):
    ours, theirs = dump(site, apcsim(device), None), dump(site, apcsim(device), debian)
    for name in OURS.get(device, {}):
        ours.pop(name, None)
        theirs.pop(name, None)
    assert ours == theirs


@pytest.mark.parametrize("firmwares", [
    ["0XI", "6TD", "8GI"], pytest.param(FIRMWARES, marks=pytest.mark.long)], ids=["three", "all"])
def test_old_firmwares_have_the_same_letters(site, debian, apcsim, firmwares):
    for firmware in firmwares:
        asked = []
        for suite in (None, debian):
            sim = apcsim("smart-600")
            sim.values.update({"V": firmware, "/": "01.2", "<": "001", ">": "002",
                               "T": "24.10", "\x0c": "E"})
            dump(site, sim, suite)
            asked.append(set(sim.asked))
        # R ends Smart mode.
        assert asked[0] - set("YVQ") == asked[1] - set("YVQR"), firmware


def told(site, sim, suite, line, letters):
    """A setting or a command; what the UPS then has."""
    add(site, sim)
    process = site.start_driver("ups", suite=suite, env=env(suite))
    with LineClient(site.socket("ups")) as c:
        c.send("DUMPALL")
        wait_until(lambda: sim.asked.count("Q") > 1)
        c.until("DUMPDONE")
        c.send(f"{line} TRACKING t1")
        last = ""
        while not last.startswith("TRACKING t1"):
            last = c.line()
    process.stop()
    return last.split()[2], {letter: sim.values[letter].rstrip() for letter in letters}, sim.orders


@pytest.mark.parametrize("line", [
    'SET input.sensitivity "M"', 'SET ups.delay.shutdown "600"', 'SET ups.id "RACK7"',
    'SET battery.charge.restart "50"', 'SET battery.runtime.low "600"',
    "INSTCMD test.panel.start", "INSTCMD test.battery.start", "INSTCMD calibrate.start"])
def test_the_ups_is_told_the_same(site, debian, apcsim, line):
    ours = told(site, apcsim("smart-1500"), None, line, "spceq")
    theirs = told(site, apcsim("smart-1500"), debian, line, "spceq")
    assert ours == theirs


@pytest.mark.parametrize("lines", [
    [], ["sdtype = 1"], ["sdtype = 2"], ["sdtype = 3"], ["sdtype = 5", "awd = 5"],
    ["advorder = 01234"], ["advorder = no", "sdtype = 3"]], ids=str)
def test_killpower_on_battery_does_the_same(site, debian, apcsim, lines):
    """On line Debian's 2.8.0 cannot read the status and takes the way for battery: it sends S,
    which is refused, and says that all is well."""
    orders = []
    for suite in (None, debian):
        sim = apcsim("smart-1500")
        sim.status = 0x10
        add(site, sim, *lines)
        result = site.run("apcsmart", "-a", "ups", *site._as_user, "-k", suite=suite,
                          env=env(suite))
        assert result.returncode == 0
        orders.append(sim.orders)
    assert orders[0] == orders[1] != []
