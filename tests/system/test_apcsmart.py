"""apcsmart on simulated Smart-UPSes: found, read, alerted, told, lost, and found again."""

import re
import time

import pytest
from apcsim import DEVICES
from harness import CHECKOUT, LineClient, wait_until
from serialsim import Fault

# Slow devices: the letters' parsers are fuzzed, and unit tests run under sanitizers.
pytestmark = pytest.mark.once

MAPS = str(CHECKOUT / "data")

VALUES = {
    "smart-1500": {"ups.model": "Smart-UPS 1500", "ups.firmware": "601.3.I", "battery.runtime": "3720",
                   "battery.runtime.low": "120", "ups.test.interval": "1209600",
                   "ups.test.result": "NO", "input.transfer.reason":
                   "simulated power failure or UPS test", "ups.id": "UPS_IDEN"},
    "smart-600": {"ups.model": "Smart-UPS", "ups.firmware": "6TI", "ups.test.interval": "0",
                  "battery.runtime": "2040", "input.voltage.maximum": "243.0"},
    "matrix": {"ups.model": "Matrix-UPS", "output.current": "10.20", "battery.packs.bad": "001"},
    "rt-3000": {"ups.model": "Smart-UPS RT 3000 XL", "input.frequency": "50.02",
                "output.frequency": "50.00", "battery.current": "00.30", "device.uptime": "444240"},
    "unknown": {"ups.model": "Smart-UPS", "ups.load": "012.0", "battery.charge": "096.0"},
}


class Apc:
    """The driver at a simulated UPS."""

    def __init__(self, site, sim, *lines, name="ups"):
        self.site, self.sim, self.name = site, sim, name
        site.add_ups(name, "apcsmart", sim.port, "nolock", "pollinterval = 1", *lines)
        self.process = None

    def start(self, status="OL"):
        self.process = self.site.start_driver(self.name, env={"NUT_DATAPATH": MAPS})
        self.wait(status)
        return self

    def run(self, *args):
        return self.site.run("apcsmart", "-a", self.name, *self.site._as_user, *args,
                             env={"NUT_DATAPATH": MAPS})

    def dump(self):
        with LineClient(self.site.socket(self.name)) as c:
            c.send("DUMPALL")
            return c.until("DUMPDONE")

    def values(self):
        found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in self.dump())
        return {m[1]: m[2] for m in found if m}

    def commands(self):
        return {line.split()[1] for line in self.dump() if line.startswith("ADDCMD ")}

    def wait(self, status):
        wait_until(lambda: self.values().get("ups.status") == status and "DATAOK" in self.dump(),
                   what=lambda: f"{status}, not {self.values().get('ups.status')}")

    def wait_stale(self):
        wait_until(lambda: "DATASTALE" in self.dump())

    def order(self, line):
        """INSTCMD or SET; what the driver answers."""
        with LineClient(self.site.socket(self.name)) as c:
            c.send(f"{line} TRACKING t1")
            last = ""
            while not last.startswith("TRACKING t1"):
                last = c.line()
        return int(last.split()[2])


# ------------------------------------------------------------------------------ reading

@pytest.mark.parametrize("device", sorted(path.stem for path in DEVICES.glob("*.txt")))
def test_every_generation_is_read(site, apcsim, device):
    ups = Apc(site, apcsim(device)).start()
    values = ups.values()
    wanted = VALUES[device]
    assert {name: values.get(name) for name in wanted} == wanted
    assert "shutdown.stayoff" in ups.commands() and values["ups.mfr"] == "APC"


@pytest.mark.parametrize("bits, words", [
    (0x08, "OL"), (0x10, "OB"), (0x50, "OB LB"), (0x00, "OFF"), (0x09, "OL CAL"),
    (0x0a, "OL TRIM"), (0x0c, "OL BOOST"), (0x28, "OL OVER"), (0x88, "ALARM OL RB")])
def test_the_bits_are_the_status(site, apcsim, bits, words):
    sim = apcsim("smart-600")
    sim.status = bits
    ups = Apc(site, sim)
    ups.process = site.start_driver("ups", env={"NUT_DATAPATH": MAPS})
    wait_until(lambda: sorted(ups.values().get("ups.status", "").split()) == sorted(words.split()))


def test_an_alert_is_heard_between_polls(site, apcsim):
    ups = Apc(site, apcsim("smart-1500"))
    site.add_ups("ups", "apcsmart", ups.sim.port, "nolock", "pollinterval = 60", "pollfreq = 3600")
    ups.start()
    for bits, alert, status in [(0x10, "!", "OB"), (0x50, "%", "OB LB"), (0x10, "+", "OB"),
                                (0x30, "?", "OB OVER"), (0x10, "=", "OB"), (0x08, "$", "OL")]:
        ups.sim.change(bits, alert)
        wait_until(lambda: set(ups.values().get("ups.status", "").split()) == set(status.split()),
                   timeout=30)


def test_an_alert_alone_changes_nothing(site, apcsim):
    ups = Apc(site, apcsim("smart-1500"), "pollfreq = 3600").start()
    with LineClient(site.socket("ups")) as c:
        c.send("DUMPALL")
        c.until("DUMPDONE")
        before = ups.sim.asked.count("Q")
        for alert in "!%?#":
            ups.sim.alert(alert)
        wait_until(lambda: ups.sim.asked.count("Q") > before + 2)
        c.send("PING")
        assert not any("ups.status" in line for line in c.until("PONG"))


def test_the_driver_answers_while_the_device_is_silent(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    ups.sim.fault = Fault.SILENT
    with LineClient(site.socket("ups")) as c:
        for _ in range(5):
            c.send("PING")
            c.until("PONG")
    ups.wait_stale()


# ---------------------------------------------------------------------------- bad lines

def never_wrong(ups, seen, until):
    """Every status that is published, until that holds."""
    with LineClient(ups.site.socket(ups.name)) as c:
        c.send("DUMPALL")
        c.until("DUMPDONE")
        wait_until(until)
        c.send("PING")
        said = [line for line in c.until("PONG") if "ups.status" in line]
    assert set(re.findall(r'"(.*)"', "\n".join(said))) <= seen, said


@pytest.mark.parametrize("fault", [
    Fault.GARBAGE, Fault.TWICE, Fault.SLOW, Fault.NOISE,
    *(pytest.param(fault, marks=pytest.mark.once) for fault in (Fault.CUT, Fault.TARDY, Fault.LATE))])
def test_a_bad_line_makes_no_status(site, apcsim, fault):
    sim = apcsim("smart-1500")
    # Values that would be a status if they came in the wrong place.
    sim.values.update({"e": "00", "q": "02", "9": "50"})
    ups = Apc(site, sim, "pollfreq = 1").start()
    before = len(sim.asked)
    sim.faults = "".join(sim.values) + "Q"   # not the answer to Y, which ends what was late
    sim.fault = fault
    never_wrong(ups, {"OL"}, lambda: len(sim.asked) > before + 8)
    sim.fault = Fault.NONE
    sim.change(0x10)
    ups.wait("OB")


def test_a_status_that_cannot_be_is_none(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    before = len(ups.sim.asked)
    ups.sim.status = 0xff
    never_wrong(ups, {"OL"}, lambda: len(ups.sim.asked) > before + 8)
    ups.wait_stale()
    ups.sim.status = 0x08
    ups.wait("OL")


def test_a_cable_that_echoes_is_understood(site, apcsim):
    sim = apcsim("smart-1500")
    sim.echo = True
    ups = Apc(site, sim).start()
    assert ups.values()["battery.charge"] == "100.0"
    sim.change(0x10, "!")
    ups.wait("OB")


def test_a_ups_that_was_switched_off_is_told_of_smart_mode_again(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    ups.sim.smart = False
    before = ups.sim.asked.count("Y")
    wait_until(lambda: ups.sim.asked.count("Y") > before)
    ups.sim.change(0x10)
    ups.wait("OB")


def test_a_line_that_is_pulled_out_is_stale_and_comes_back(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    ups.sim.unplug()
    ups.wait_stale()
    ups.sim.status = 0x10
    ups.sim.plug()
    ups.wait("OB")


def test_a_silent_port_is_named(site, apcsim):
    sim = apcsim("smart-1500")
    sim.fault = Fault.SILENT
    ups = Apc(site, sim)
    ups.process = site.start_driver("ups", env={"NUT_DATAPATH": MAPS}, wait=False)
    wait_until(lambda: "no Smart-UPS answers on" in ups.process.log())
    sim.fault = Fault.NONE
    ups.wait("OL")


# ------------------------------------------------------------------------------ settings

def rules(ups, name):
    return [re.search(r'"(.*)"', line)[1] for line in ups.dump()
            if line.startswith(f"ADDENUM {name} ")]


def test_what_can_be_set_comes_from_the_ups(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    assert rules(ups, "input.sensitivity") == ["H", "M", "L"]
    assert rules(ups, "battery.runtime.low") == ["120", "300", "420", "600"]
    assert rules(ups, "ups.test.interval") == ["1209600", "604800", "ON", "0"]
    # Only those of its part of the world.
    assert rules(ups, "input.transfer.high") == ["253", "264", "271", "280"]
    assert not any("SETFLAGS battery.charge " in line for line in ups.dump())


@pytest.mark.parametrize("name, value, letter, stored", [
    ("input.sensitivity", "L", "s", "L"), ("ups.delay.shutdown", "600", "p", "600"),
    ("ups.delay.shutdown", "20", "p", "020"), ("battery.runtime.low", "600", "q", "10"),
    ("ups.test.interval", "0", "E", "OFF"), ("ups.test.interval", "604800", "E", "168"),
    ("ups.id", "RACK 7", "c", "RACK 7"), ("battery.date", "11/28/26", "x", "11/28/26")])
def test_a_setting_is_set(site, apcsim, name, value, letter, stored):
    ups = Apc(site, apcsim("smart-1500")).start()
    assert ups.order(f'SET {name} "{value}"') == 0
    assert ups.sim.values[letter].strip() == stored
    wait_until(lambda: float_or(ups.values()[name]) == float_or(value))


def float_or(text):
    try:
        return float(text)
    except ValueError:
        return text


@pytest.mark.parametrize("name, value", [
    ("input.sensitivity", "X"), ("ups.delay.shutdown", "30"), ("battery.charge", "50"),
    ("ups.id", "NINECHARS"), ("input.transfer.high", "130")])
def test_what_cannot_be_set_is_refused_and_not_sent(site, apcsim, name, value):
    ups = Apc(site, apcsim("smart-1500")).start()
    assert ups.order(f'SET {name} "{value}"') != 0
    assert "-" not in ups.sim.asked


def test_a_setting_that_the_ups_refuses_fails(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    ups.sim.refused = "-"
    assert ups.order('SET input.sensitivity "L"') != 0
    assert ups.sim.values["s"] == "H"


# ------------------------------------------------------------------------------ commands

@pytest.mark.parametrize("command, order", [
    ("test.panel.start", "A"), ("test.failure.start", "U"), ("test.battery.start", "W"),
    ("calibrate.start", "D"), ("load.on", "\x0e")])
def test_a_command_is_done(site, apcsim, command, order):
    ups = Apc(site, apcsim("smart-1500")).start()
    assert ups.order(f"INSTCMD {command}") == 0
    assert ups.sim.orders == [order]


def test_a_command_that_the_ups_refuses_fails(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    ups.sim.refused = "W"
    assert ups.order("INSTCMD test.battery.start") != 0


def test_a_calibration_is_not_started_by_stopping_it(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    assert ups.order("INSTCMD calibrate.stop") == 0
    assert ups.sim.orders == []
    assert ups.order("INSTCMD calibrate.start") == 0
    assert ups.order("INSTCMD calibrate.start") == 0
    assert ups.sim.orders == ["D"] and ups.sim.status & 0x01
    assert ups.order("INSTCMD calibrate.stop") == 0
    assert not ups.sim.status & 0x01


def test_a_bypass_ends_on_the_side_that_was_asked_for(site, apcsim):
    ups = Apc(site, apcsim("matrix")).start()
    for _ in range(2):
        assert ups.order("INSTCMD bypass.start") == 0
        assert ups.sim.bypassed
    for _ in range(2):
        assert ups.order("INSTCMD bypass.stop") == 0
        assert not ups.sim.bypassed


def test_what_cuts_the_load_off_has_to_come_twice(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    assert ups.order("INSTCMD load.off") == 0
    assert ups.order("INSTCMD load.off") == 0      # too soon
    assert ups.order("INSTCMD shutdown.stayoff") == 0  # another one
    assert ups.sim.orders == [] and "K" not in ups.sim.asked and "Z" not in ups.sim.asked


@pytest.mark.parametrize("command, status, orders", [
    ("shutdown.return", 0x10, ["S"]), ("shutdown.return cs", 0x08, ["U", "S"]),
    ("shutdown.return at:005", 0x08, ["@005"]), ("shutdown.stayoff", 0x08, ["K"]),
    ("load.off", 0x08, ["Z"])])
@pytest.mark.once
def test_the_second_time_counts(site, apcsim, command, status, orders):
    sim = apcsim("smart-1500")
    sim.status = status
    ups = Apc(site, sim, "cshdelay = 0.2").start("OB" if status == 0x10 else "OL")
    name, _, value = command.partition(" ")
    line = f'INSTCMD {name}' + (f' "{value}"' if value else "")
    assert ups.order(line) == 0
    assert sim.orders == []
    time.sleep(3.5)   # what the user has to wait
    assert ups.order(line) == 0
    assert sim.orders == orders


def test_a_wrong_argument_is_refused(site, apcsim):
    ups = Apc(site, apcsim("smart-1500")).start()
    for value in ("at:", "at:12x", "at:0005", "now"):
        assert ups.order(f'INSTCMD shutdown.return "{value}"') != 0


# ----------------------------------------------------------------------------- killpower

@pytest.mark.parametrize("lines, online, battery", [
    ([], ["@000"], ["S"]), (["sdtype = 1"], ["@000"], ["S"]), (["sdtype = 2"], ["Z"], ["Z"]),
    (["sdtype = 3"], ["K"], ["K"]), (["sdtype = 4", "cshdelay = 0.1"], ["U", "S"], ["S"]),
    (["sdtype = 5", "awd = 5"], ["@005"], ["@005"]), (["advorder = 013"], ["@000"], ["S"]),
    (["advorder = no", "sdtype = 3"], ["K"], ["K"]), (["wugrace = 012"], ["@012"], ["S"])],
    ids=str)
def test_killpower_cuts_the_load_off(site, apcsim, lines, online, battery):
    for status, wanted in ((0x08, online), (0x10, battery)):
        sim = apcsim("smart-1500")
        sim.status = status
        result = Apc(site, sim, *lines, name=f"ups{status}").run("-k")
        assert result.returncode == 0 and sim.orders == wanted


def test_a_key_that_is_pressed_twice_has_a_pause_between(site, apcsim):
    sim = apcsim("smart-600")
    assert Apc(site, sim, "sdtype = 3").run("-k").returncode == 0
    times = [when for key, when in sim.pressed if key == "K"]
    assert len(times) == 2 and times[1] - times[0] >= 1.4


def test_two_digits_are_for_those_that_take_two(site, apcsim):
    sim = apcsim("smart-600")
    sim.wake = 2
    assert Apc(site, sim, "sdtype = 5", "awd = 12").run("-k").returncode == 0
    assert sim.orders == ["@12"]


def test_soft_that_is_refused_is_followed_by_hard(site, apcsim):
    sim = apcsim("smart-1500")
    sim.status, sim.refused = 0x10, "S"
    assert Apc(site, sim, "sdtype = 1").run("-k").returncode == 0
    assert sim.orders == ["@000"]


def test_killpower_that_is_refused_fails(site, apcsim):
    sim = apcsim("smart-1500")
    sim.refused = "@"
    result = Apc(site, sim).run("-k")
    assert result.returncode != 0 and "took no way of cutting its load off" in result.stderr


def test_killpower_works_on_one_that_nobody_knows(site, apcsim):
    sim = apcsim("unknown")
    sim.status = 0x10
    assert Apc(site, sim).run("-k").returncode == 0
    assert sim.orders == ["S"]


@pytest.mark.parametrize("line, words", [
    ("advorder = 5", "write no, or up to five of the digits 0 to 4"),
    ("awd = 1x", "write one to three digits"), ("cshdelay = 11", "write seconds, 0 to 9.9"),
    ("sdtype = 6", "sdtype"), ("map = none", "there is no such map")])
def test_what_is_wrong_is_said(site, apcsim, line, words):
    result = Apc(site, apcsim("smart-1500"), line).run("-d", "1")
    assert result.returncode != 0 and words in result.stderr


def test_a_map_of_the_administrators_comes_first(site, apcsim):
    (site.conf / "maps" / "apcsmart").mkdir(parents=True)
    text = (CHECKOUT / "data/maps/apcsmart/smart.map").read_text()
    site.write("maps/apcsmart/smart.map",
               text.replace("LOOKUP firmware\n", 'LOOKUP firmware\n3ZX "LPfBO"\n'), 0o644)
    ups = Apc(site, apcsim("unknown")).start()
    assert "load.off" not in ups.commands() and ups.values()["ups.load"] == "012.0"


def test_the_older_name_starts_it(site, apcsim):
    sim = apcsim("smart-600")
    site.add_ups("ups", "apcsmart-old", sim.port, "nolock", "wugrace = 000")
    result = site.run("apcsmart-old", "-a", "ups", *site._as_user, "-d", "1",
                      env={"NUT_DATAPATH": MAPS})
    assert "ups.status: OL" in result.stdout
