"""apcupsd-ups with Debian's real apcupsd, and beside Debian's driver on the same server."""

import os
import pty

import pytest

from harness import wait_until
from harness.nis import Apcupsd, FakeNis
from nisups import ON_BATTERY, ON_LINE, Ups

@pytest.fixture
def source():
    server = FakeNis()
    yield server
    server.close()


@pytest.fixture
def start_apcupsd(site, debian):
    """A function that starts an apcupsd."""
    made = []

    def start(lines, env=None):
        try:
            debian.program("apcupsd")
        except LookupError as e:
            pytest.skip(str(e))
        made.append(Apcupsd(site, debian, lines, env))
        return made[-1]
    yield start
    for daemon in made:
        daemon.stop()


@pytest.fixture
def apcupsd(start_apcupsd, source):
    """One that has its UPS from the source: it repeats, in its own words, its STATFLAG and numbers."""
    return start_apcupsd({"UPSCABLE": "ether", "UPSTYPE": "net",
                          "DEVICE": f"127.0.0.1:{source.port}"})


def test_contacts_that_apcupsd_watches_are_heard_of_until_it_ends_all(site, start_apcupsd,
                                                                      lineshim):
    """UPSTYPE dumb, cable simple: DCD is a power failure, without CTS the battery is low."""
    master, slave = pty.openpty()
    lines = site.write("lines", "CTS", 0o644)
    daemon = start_apcupsd({"UPSCABLE": "simple", "UPSTYPE": "dumb", "DEVICE": os.ttyname(slave)},
                           {"LD_PRELOAD": str(lineshim), "LINES": str(lines)})
    ups = Ups(site, f"127.0.0.1:{daemon.port}")
    ups.wait_status("OL")
    lines.write_text("CTS DCD")
    ups.wait_status("OB")
    lines.write_text("CTS")
    ups.wait_status("OL")
    lines.write_text("DCD")
    wait_until(lambda: "FSD" in ups.status(), what=lambda: f"FSD: {ups.status()}")
    # The mains come back, and apcupsd goes down all the same.
    lines.write_text("CTS")
    wait_until(lambda: {"OL", "FSD", "LB"} <= ups.status(), what=lambda: f"OL FSD: {ups.status()}")
    os.close(master)
    os.close(slave)


def test_a_power_failure_is_heard_through_a_real_apcupsd(site, source, apcupsd):
    ups = Ups(site, f"127.0.0.1:{apcupsd.port}")
    ups.wait_status("OL")
    values = ups.values()
    assert values["ups.model"] == "Smart-UPS 1500"
    assert float(values["battery.charge"]) == 100
    assert float(values["battery.runtime"]) == 2550
    assert float(values["input.voltage"]) == 230.4
    assert values["ups.id"] == "closet"
    assert values["driver.version.data"].startswith("apcupsd 3.14")
    source.set(BCHARGE="12.0 Percent")
    source.power("ONBATT LOWBATT ", ON_BATTERY | 0x40)
    wait_until(lambda: {"OB", "LB"} <= ups.status(), what=lambda: f"OB LB: {ups.status()}")
    ups.wait_value("battery.charge", "12")
    source.power("ONLINE ", ON_LINE)
    # An apcupsd that has begun to shut down does not stop: that is FSD, whatever the mains do.
    wait_until(lambda: ups.status() == {"OL"} or "FSD" in ups.status(),
               what=lambda: f"OL or FSD: {ups.status()}")


def test_an_apcupsd_that_loses_its_ups_is_stale(site, source, apcupsd):
    ups = Ups(site, f"127.0.0.1:{apcupsd.port}")
    ups.wait_status("OL")
    source.close()
    ups.wait_fresh(False)
    assert ups.status() == {"OL"}
    source.listen()
    ups.wait_status("OL")


def test_an_apcupsd_that_ends_is_stale_and_nothing_worse(site, source, apcupsd):
    ups = Ups(site, f"127.0.0.1:{apcupsd.port}")
    ups.wait_status("OL")
    apcupsd.stop()
    ups.wait_fresh(False)
    assert "FSD" not in ups.status() and "OB" not in ups.status()


@pytest.fixture
def pair(sites, debian, source):
    """Values of ours and of Debian's driver on one server."""
    try:
        debian.program("apcupsd-ups")
    except LookupError as e:
        pytest.skip(str(e))

    def run():
        found = []
        for suite in (None, debian):
            site = sites()
            ups = Ups(site, f"127.0.0.1:{source.port}", start=False)
            ups.process = site.start_driver("ups", suite=suite,
                                            env=None if suite else ups.env)
            wait_until(lambda: "ups.status" in ups.values(), what="a first reading")
            found.append({k: v for k, v in ups.values().items()
                          if not k.startswith("driver.") and k not in ("ups.time", "ups.date")})
            ups.process.stop()
        return found
    return run


def same(a, b):
    try:
        return float(a) == pytest.approx(float(b), abs=0.05)
    except (TypeError, ValueError):
        return a == b


def test_the_same_is_told_as_by_debians_driver(pair, source):
    source.set(LOAD_W="190 Watts", LOAD_VA="280 VA", NOMPOWER="1000 Watts",
               NOMAPNT="1500 VA", NOMINV="230 Volts", OUTCURNT="1.25 Amps")
    ours, theirs = pair()
    differing = {name: (ours.get(name), theirs.get(name)) for name in ours.keys() | theirs.keys()
                 if not same(ours.get(name), theirs.get(name))}
    assert differing == {"ups.test.interval": ("1209600", "336"),
                         "ups.firmware": ("653.18.I", "653.18.I/7.4")}


@pytest.mark.parametrize("status,flags", [
    ("ONLINE ", ON_LINE), ("ONBATT LOWBATT ", ON_BATTERY | 0x40),
    ("BOOST ONLINE OVERLOAD REPLACEBATT ", ON_LINE | 0xa4),
])
def test_the_same_status_is_told_as_by_debians_driver(pair, source, status, flags):
    source.power(status, flags)
    ours, theirs = (set(values["ups.status"].split()) - {"ALARM"} for values in pair())
    assert ours == theirs
