"""usbhid-ups -k for each family, on made devices: what is written to them, byte for byte, and what
is said where there is no way."""

import pytest

import hidfacts
from hidmaker import Device, Field, map_usages
from harness.build import CHECKOUT

pytestmark = pytest.mark.once

MAPS = CHECKOUT / "data" / "maps" / "usbhid-ups"
SUMMARY, OUTPUT, OUTLET = "UPS.PowerSummary", "UPS.Output", "UPS.OutletSystem.Outlet"


def delays(parent, start, shutdown, prefix=""):
    return [(f"{parent}.{prefix}DelayBeforeStartup", start),
            (f"{parent}.{prefix}DelayBeforeShutdown", shutdown)]


# (family, what the device has, what is written in order: the start comes first, and waits).
WAYS = [
    ("apc", delays(SUMMARY, 30, 20)),
    ("apc", delays(OUTPUT, 30, 20)),
    ("apc", delays("UPS.APCGeneralCollection", 30, 20, "APC")),
    ("apc", [("UPS.Output.APCDelayBeforeReboot", 1)]),
    ("apc", [("UPS.APCGeneralCollection.APCDelayBeforeReboot", 1)]),
    ("arduino", delays(SUMMARY, 30, 20)),
    ("belkin", delays("UPS.BELKINControls", 30, 20, "BELKIN")),
    ("belkin", [(f"{OUTLET}.DelayBeforeShutdown", 20)]),
    # With any other delay for the start it comes back then, mains or not.
    ("cps", delays(OUTPUT, 0, 60)),
    ("delta_ups", delays(OUTLET, 30, 20)),
    ("delta_ups", [(f"{OUTLET}.DelayBeforeReboot", 10)]),
    ("ever", [(f"{SUMMARY}.DelayBeforeShutdown", 20)]),
    ("idowell", delays(SUMMARY, 30, 20)),
    ("legrand", delays(OUTLET, 30, 20)),
    ("legrand", delays(OUTPUT, 30, 20)),
    ("liebert", delays(SUMMARY, 30, 20)),
    ("mge", delays(SUMMARY, 30, 20)),
    ("mge", [("UPS.PowerConverter.Input.[1].AutomaticRestart", 1), *delays(SUMMARY, 30, 20)]),
    ("mge", [(f"{SUMMARY}.DelayBeforeShutdown", 20)]),
    ("powercom", [(f"{SUMMARY}.DelayBeforeShutdown", 0x54)]),
    ("powercom", [(f"{SUMMARY}.PCMDelayBeforeShutdown", 0x54)]),
    ("powercom", [("PowercomUPS.PowercomPowerConverter.PowercomDelayBeforeShutdown", 0)]),
    ("salicru", delays(SUMMARY, 30, 20)),
    ("tripplite", delays(OUTLET, 30, 20)),
    ("tripplite", [(f"{OUTLET}.TLDelayBeforeStartup", 30), (f"{OUTLET}.DelayBeforeShutdown", 20)]),
    ("tripplite", [(f"{OUTLET}.TLWatchdog", 10)]),
]
NO_WAY = ["ecoflow", "openups", "powervar"]


def start(site, usbsim, family, paths, *lines):
    """A device with those paths, each in a report of its own; (it, a function that runs -k)."""
    device = Device(hidfacts.FAMILIES[family])
    device.add(Field("UPS.PowerSummary.PresentStatus.ACPresent", 0, bits=1, report=200))
    for number, path in enumerate(paths, 1):
        flag = path.endswith("AutomaticRestart")
        device.add(Field(path, 0 if flag else 300, low=0 if flag else -1, report=number))
    usages = map_usages(MAPS / f"{family}.map", MAPS / "usages.map")
    file = site.root / "device.txt"
    file.write_text(device.text(usages))
    sim = usbsim(file)
    site.add_ups("ups", "usbhid-ups", "auto", *lines)
    env = {**sim.env(site), "NUT_DATAPATH": str(CHECKOUT / "data")}
    return device, sim, lambda: site.run("usbhid-ups", "-a", "ups", *site._as_user, "-k", env=env)


def sets(sim):
    return [line for line in sim.log() if line.startswith("set ")]


@pytest.mark.parametrize("family, writes", WAYS,
                         ids=[f"{f}-{w[-1][0].rpartition('.')[0]}" for f, w in WAYS])
def test_the_load_is_cut_off(site, usbsim, family, writes):
    device, sim, kill = start(site, usbsim, family, [path for path, _ in writes])
    result = kill()
    assert result.returncode == 0, result.stderr
    fields = [device.field(path) for path, _ in writes]
    assert sets(sim) == [
        f"set feature {f.report:02x}: {f.put(device.report(f.report), value).hex(' ')}"
        for f, (_, value) in zip(fields, writes)]


GENERAL = "UPS.APCGeneralCollection.APCDelayBefore"


@pytest.mark.parametrize("others, written", [
    ([f"{GENERAL}Shutdown", f"{SUMMARY}.DelayBeforeShutdown"], [(1, 1)]),
    ([f"{GENERAL}Startup", f"{GENERAL}Shutdown"], [(2, 30), (3, 20)]),
])
def test_a_back_ups_without_a_start_delay_is_told_as_apcs_own_program_tells_it(
        site, usbsim, others, written):
    """Any number but 1 is acknowledged, and nothing happens."""
    device, sim, kill = start(site, usbsim, "apc", [f"{GENERAL}Reboot", *others])
    result = kill()
    assert result.returncode == 0, result.stderr
    fields = {f.report: f for f in device.fields.values()}
    assert sets(sim) == [f"set feature {n:02x}: "
                         f"{fields[n].put(device.report(n), value).hex(' ')}"
                         for n, value in written]


@pytest.mark.parametrize("family", NO_WAY)
def test_where_there_is_no_way_that_is_said(site, usbsim, family):
    _, sim, kill = start(site, usbsim, family, [f"{SUMMARY}.RunTimeToEmpty"])
    result = kill()
    assert result.returncode == 1
    assert "knows no way of cutting the load of this UPS off" in result.stderr
    assert sets(sim) == []


def test_a_device_that_refuses_is_asked_in_every_way(site, usbsim):
    paths = [f"{SUMMARY}.{name}" for name in ("DelayBeforeStartup", "DelayBeforeShutdown",
                                              "DelayBeforeReboot")]
    _, sim, kill = start(site, usbsim, "mge", paths)
    sim.stall("feature", 1)
    sim.stall("feature", 2)
    result = kill()
    assert result.returncode == 0, result.stderr
    assert "shutdown.return: the UPS did not take it" in result.stderr
    assert sets(sim)[-1] == "set feature 03: 03 0a 00"
    sim.stall("feature", 3)
    result = kill()
    assert result.returncode == 1
    assert "the UPS took no way of cutting its load off" in result.stderr


def test_a_refusal_is_no_reason_to_leave_the_load_off_for_good(site, usbsim):
    paths = [f"{SUMMARY}.{name}" for name in ("DelayBeforeStartup", "DelayBeforeShutdown",
                                              "DelayBeforeReboot")]
    _, sim, kill = start(site, usbsim, "mge", paths)
    sim.stall("feature", 2)
    sim.stall("feature", 3)
    result = kill()
    assert result.returncode == 1
    assert "the UPS took no way of cutting its load off" in result.stderr
    assert "stayoff" not in result.stderr and "load.off:" not in result.stderr
    assert not [line for line in sets(sim) if line.startswith("set feature 01: 01 ff")]


# The options are for what the families differ in.
@pytest.mark.parametrize("family, paths, wanted", [
    ("cps", delays(OUTPUT, 0, 0), ["01 5a 00", "02 2d 00"]),
    # 45 seconds, and "come back"; the other byte order; the step for 48 seconds.
    ("powercom", [(f"{SUMMARY}.DelayBeforeShutdown", 0)], ["01 6d 00"]),
    ("powercom powercom_sdcmd_byte_order_fallback", [(f"{SUMMARY}.DelayBeforeShutdown", 0)],
     ["01 00 6d"]),
    ("powercom powercom_sdcmd_discrete_delay", [(f"{SUMMARY}.DelayBeforeShutdown", 0)],
     ["01 47 00"]),
])
def test_delays_of_the_user_are_written(site, usbsim, family, paths, wanted):
    family, *lines = family.split()
    _, sim, kill = start(site, usbsim, family, [path for path, _ in paths], "offdelay = 45",
                         *(["ondelay = 90"] if len(paths) > 1 else []), *lines)
    result = kill()
    assert result.returncode == 0, result.stderr
    assert [line.partition(": ")[2] for line in sets(sim)] == wanted
