"""The real usbhid-ups on every recorded device: all that it publishes.

Expected is what the device's file says that Debian's 2.8.0 observed, but for the
rows of docs/usbhid-differences.md, each with its reason; then what its source
says of the real device. tests/interop/test_usbhid_debian.py has both side by side.
"""

import re

import pytest

import hidpair
from hidpair import NOTHING, HidUps, device_path

RECORDED = [name for name in hidpair.device_names() if name != hidpair.PARSER_ONLY]

# What the source says of the device, and is not so on the simulated one: why.
SOURCE_DIFFERS = {
    ("cyberpower-ec850lcd", "ups.delay.shutdown"): "the driver's own default, later a minute",
    ("cyberpower-ec850lcd", "ups.delay.start"): "the driver's own default, which is to come back with the mains",
}


def told(path, word):
    """The lines of a device's file that begin so: a dict."""
    found = re.findall(rf"^{word}\S* (\S+): (.*)$", path.read_text(), re.MULTILINE)
    return {name: value.strip() for name, value in found}


def differences(name):
    return [d for d in hidpair.explained(name) if "." in d.what and " " not in d.what]


@pytest.fixture
def published(site, usbsim, shared):
    def run(name):
        ups = HidUps(site, usbsim(device_path(shared, name)), start=False)
        result = ups.run("-d", "1")
        assert result.returncode == 0, result.stderr
        lines = (re.fullmatch(r"([a-z]\S*): (.*)", line) for line in result.stdout.splitlines())
        return {m[1]: m[2].strip() for m in lines if m and not m[1].startswith("driver.")}
    return run


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_device_is_published_whole_and_right(published, shared, name):
    expected = told(device_path(shared, name), "observed")
    assert len(expected) > 10 and "ups.status" in expected
    for difference in differences(name):
        assert expected.pop(difference.what, NOTHING) == difference.debian
        if difference.ours != NOTHING:
            expected[difference.what] = difference.ours
    assert published(name) == expected


@pytest.mark.parametrize("name", sorted({device for device, _ in SOURCE_DIFFERS}))
def test_what_the_source_says_of_the_real_device_holds(published, shared, name):
    expected = told(device_path(shared, name), "expect-source")
    assert expected
    values = published(name)
    wrong = {key for key, value in expected.items() if not same(values.get(key), value)}
    assert wrong == {key for device, key in SOURCE_DIFFERS if device == name}


def test_no_source_is_forgotten(shared):
    speaking = {name for name in RECORDED if told(device_path(shared, name), "expect-source")}
    assert speaking == {device for device, _ in SOURCE_DIFFERS}


def same(ours, value):
    """Numbers may have more or fewer digits behind the point."""
    try:
        return float(ours) == float(value)
    except (TypeError, ValueError):
        return ours == value


# By hand from the descriptor's bytes: path, report kind, bits.
TORTURE = """
PowerSummaryID feature 0 4
FlowID feature 4 4
BatteryPresent feature 8 1
CapacityMode feature 9 1
Rechargeable feature 10 1
DesignCapacity feature 16 24
WarningCapacityLimit feature 40 24
CapacityGranularity1 feature 64 24
CapacityGranularity2 feature 88 24
ConfigVoltage feature 112 16
FullChargeCapacity feature 128 24
RemainingCapacity feature 152 24
RemainingCapacity input 0 24
RunTimeToEmpty input 24 16
PresentStatus.ACPresent input 40 1
PresentStatus.Discharging input 41 1
PresentStatus.Charging input 42 1
PresentStatus.BelowRemainingCapacityLimit input 43 1
"""


def test_a_descriptor_alone_is_understood_whole(site, usbsim, shared):
    """Nibbles, 24 bits, padding without usages; it has no ids, so it is given some."""
    text = device_path(shared, hidpair.PARSER_ONLY).read_text()
    path = site.root / "torture.txt"
    path.write_text(text.replace("usb-id: 0000:0000", "usb-id: 1234:5678"))
    ups = HidUps(site, usbsim(path), "explore", "vendorid = 1234", start=False)
    fields = hidpair.fields_of(ups.run("-d", "1").stdout)
    expected = [line.split() for line in TORTURE.split("\n") if line]
    assert fields == [hidpair.Field(f"UPS.PowerSummary.{name}", kind, 0x0b, int(bit), int(bits))
                      for name, kind, bit, bits in expected]
