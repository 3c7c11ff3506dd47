"""Debian's usbhid-ups on the simulated devices: they behave as real ones do."""

import re

import pytest

from harness import usbsim as simulator


def dump(site, debian, sim):
    site.add_ups("ups", "usbhid-ups", "auto")
    result = site.run("usbhid-ups", "-a", "ups", *site._as_user, "-d", "1", suite=debian,
                      env=sim.settings())
    return dict(re.findall(r"^([a-z0-9.]+): (.*)$", result.stdout, re.MULTILINE))


def test_debians_driver_reads_a_plain_device(site, debian, usbsim):
    sim = usbsim("plain")
    values = dump(site, debian, sim)
    assert values["ups.status"] == "OL"
    assert values["battery.charge"] == "100"
    assert values["battery.runtime"] == "3600"
    assert values["ups.serial"] == "PLAIN-0001"
    assert "claim 0" in sim.log()


# A few kinds of device; "observed" is what the same driver said on another simulator.
@pytest.mark.parametrize("name", ["cyberpower-ec850lcd", "apc-back-ups-es-850g2", "eaton-3s-700"])
def test_debians_driver_reads_recorded_devices(site, debian, usbsim, shared, name):
    path = shared / "facts" / "hid-devices" / f"{name}.txt"
    observed = dict(re.findall(r"^observed-2\.8\.0 ([a-z0-9.]+): (.*)$", path.read_text(),
                               re.MULTILINE))
    values = dump(site, debian, usbsim(path))
    assert observed
    assert {key: values.get(key) for key in observed} == observed
    assert simulator.DEVICES.is_dir()
