"""usbhid-ups on simulated devices: published, told, commanded, lost and found again."""

import re

from harness import LineClient, wait_until
from harness.build import CHECKOUT

MAPS = CHECKOUT / "data"

class Ups:
    """A usbhid-ups on a simulator."""

    def __init__(self, site, sim, *lines, start=True):
        self.site, self.sim = site, sim
        site.add_ups("ups", "usbhid-ups", "auto", "pollinterval = 1", *lines)
        self.env = {**sim.env(site), "NUT_DATAPATH": str(MAPS)}
        self.process = site.start_driver("ups", env=self.env) if start else None

    def run(self, *args):
        return self.site.run("usbhid-ups", "-a", "ups", *self.site._as_user, *args, env=self.env)

    def dump(self):
        with LineClient(self.site.socket("ups")) as c:
            c.send("DUMPALL")
            return c.until("DUMPDONE")

    def values(self):
        found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in self.dump())
        return {m[1]: m[2] for m in found if m}

    def wait_value(self, name, value):
        wait_until(lambda: self.values().get(name) == value,
                   what=lambda: f"{name} is {self.values().get(name)!r}, not {value!r}; log:\n"
                                f"{self.process.log()}")

    def wait_fresh(self, fresh=True):
        word = "DATAOK" if fresh else "DATASTALE"
        wait_until(lambda: word in self.dump(),
                   what=lambda: f"{word}; log:\n{self.process.log()}")

    def order(self, line):
        """The result of a command, as a number."""
        with LineClient(self.site.socket("ups")) as c:
            c.send(f"{line} TRACKING t1")
            last = ""
            while not last.startswith("TRACKING t1"):
                last = c.line()
        return int(last.split()[2])


def test_a_device_is_told_by_its_maps(site, usbsim):
    ups = Ups(site, usbsim("plain"))
    ups.wait_fresh()
    values = ups.values()
    assert values["ups.status"] == "OL"
    assert values["battery.charge"] == "100"
    assert values["battery.runtime"] == "3600"
    assert values["ups.mfr"] == "Chestnut"
    assert values["ups.serial"] == "PLAIN-0001"
    assert values["ups.vendorid"] == "0463"


def test_a_power_failure_is_told_by_interrupt_and_by_polling(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "pollfreq = 3600")
    ups.wait_fresh()
    sim.set("feature", 1, "01 14")
    sim.interrupt("01 14")
    ups.wait_value("ups.status", "OB DISCHRG")
    sim.set("feature", 1, "01 1c")
    ups.wait_value("ups.status", "OB DISCHRG LB")
    sim.set("feature", 1, "01 11")
    sim.interrupt("01 11")
    ups.wait_value("ups.status", "OL")


def test_with_pollonly_the_interrupt_pipe_is_left_alone(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "pollonly")
    ups.wait_fresh()
    assert sim.state()["waiting"] == "0"
    sim.set("feature", 1, "01 14")
    ups.wait_value("ups.status", "OB DISCHRG")


def test_an_unplugged_device_is_stale_and_comes_back_by_itself(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim)
    ups.wait_fresh()
    sim.unplug()
    ups.wait_fresh(False)
    assert ups.values()["ups.status"] == "OL"
    sim.set("feature", 1, "01 14")
    sim.plug()
    ups.wait_fresh()
    ups.wait_value("ups.status", "OB DISCHRG")


def test_no_status_is_invented_while_the_device_refuses_to_tell(site, usbsim):
    sim = usbsim("plain")
    sim.stall("feature", 1)
    ups = Ups(site, sim)
    wait_until(lambda: "battery.charge" in ups.values())
    assert "ups.status" not in ups.values()
    assert "DATASTALE" in ups.dump()
    sim.stall("feature", 1, on=False)
    ups.wait_fresh()
    assert ups.values()["ups.status"] == "OL"


def test_a_report_of_another_number_is_no_reading(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "pollonly")
    ups.wait_fresh()
    sim.set("feature", 1, "02 14")
    ups.wait_fresh(False)
    assert ups.values()["ups.status"] == "OL"
    sim.set("feature", 1, "01 14")
    ups.wait_value("ups.status", "OB DISCHRG")


def test_commands_are_written_and_told(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim)
    ups.wait_fresh()
    assert ups.order("INSTCMD beeper.disable") == 0
    assert "set feature 04: 04 01" in sim.log()
    ups.wait_value("ups.beeper.status", "disabled")
    assert ups.order("INSTCMD load.off.delay 60") == 0
    assert "set feature 03: 03 3c 00" in sim.log()
    assert ups.order("INSTCMD load.off.delay much") != 0
    assert ups.order("INSTCMD no.such.command") == 1


def test_the_power_is_cut_by_k(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "offdelay = 45", start=False)
    result = ups.run("-k")
    assert result.returncode == 0, result.stderr
    assert "set feature 03: 03 2d 00" in sim.log()


def test_explore_prints_reports_values_and_a_draft_map(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "explore", start=False)
    result = ups.run("-d", "1")
    assert "report feature 02: 02 64 10 0e" in result.stdout
    assert "# UPS.PowerSummary.RemainingCapacity feature report 02 bits 0+8" in result.stdout
    assert "MATCH usb 0463:ffff" in result.stdout
    assert "STATUS UPS.PowerSummary.PresentStatus.ACPresent online quick" in result.stdout
    assert not [line for line in sim.log() if line.startswith("set ")]


def test_a_map_of_the_administrator_takes_the_place_of_ours(site, usbsim):
    folder = site.conf / "maps" / "usbhid-ups"
    folder.mkdir(parents=True)
    (folder / "mge.map").write_text(
        'MAP mine "Mine"\nDRIVER usbhid-ups\nMATCH usb 0463:ffff\nINCLUDE usages.map\n'
        "VAR UPS.PowerSummary.RemainingCapacity battery.charge format(%.1f)\n"
        "STATUS UPS.PowerSummary.PresentStatus.ACPresent online quick\n")
    ups = Ups(site, usbsim("plain"))
    ups.wait_fresh()
    assert ups.values()["battery.charge"] == "100.0"
    assert ups.values()["driver.version.data"] == "Mine"


def test_keys_that_do_not_look_at_a_device_are_no_long_options(site):
    text = site.run("usbhid-ups", "-h").stdout
    assert "--explore" in text and "--usb-set-altinterface" not in text
