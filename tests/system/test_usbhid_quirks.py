"""What usbhid-ups does for devices that are odd in a way of their own; each is made here."""

import re
import time

import pytest

from hidmaker import VOLT, Device, Field, map_usages
from harness import LineClient, wait_until
from harness.build import CHECKOUT

pytestmark = pytest.mark.once

MAPS = CHECKOUT / "data" / "maps" / "usbhid-ups"
STATUS = "UPS.PowerSummary.PresentStatus"
MADE = ("Chestnut", "Made UPS", "MADE-1")


class Play:
    """A device and the driver for it."""

    def __init__(self, site, usbsim, family, device, *lines):
        self.site, self.device = site, device
        file = site.root / "device.txt"
        file.write_text(device.text(map_usages(MAPS / f"{family}.map", MAPS / "usages.map")))
        self.sim = usbsim(file)
        site.add_ups("ups", "usbhid-ups", "auto", "pollinterval = 1", *lines)
        self.env = {**self.sim.env(site), "NUT_DATAPATH": str(CHECKOUT / "data")}

    def run(self, *args, check=True):
        result = self.site.run("usbhid-ups", "-a", "ups", *self.site._as_user, *args,
                               env=self.env)
        assert not check or result.returncode == 0, result.stderr
        return result

    def values(self):
        lines = (line.partition(": ") for line in self.run("-d", "1").stdout.splitlines())
        return {name: value for name, _, value in lines}

    def start(self):
        process = self.site.start_driver("ups", env=self.env)
        wait_until(lambda: self.live().get("ups.status"), what=lambda: process.log())
        return process

    def live(self):
        with LineClient(self.site.socket("ups")) as client:
            client.send("DUMPALL")
            found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line)
                     for line in client.until("DUMPDONE"))
        return {m[1]: m[2] for m in found if m}


def device(usb_id, *fields, strings=MADE, **options):
    """One with mains, and further fields."""
    return Device(usb_id, strings, **options).add(Field(f"{STATUS}.ACPresent", 1, bits=1), *fields)


# ------------------------------------------------------------------------ which map it is

@pytest.mark.parametrize("usb_id, vendor, product, title", [
    ("06da:ffff", "AEG Power", "Protect", "MGE HID"),
    ("06da:ffff", "Phoenixtec", "AEG PROTECT NAS", "MGE HID"),
    ("06da:ffff", "BMS Co", "LiFePO4", "iDowell HID"),
    ("06da:ffff", "GoldenMate", "Smart-Battery 1000", "iDowell HID"),
    ("06da:ffff", "PPC", "Offline UPS", "Phoenixtec/Liebert HID"),
    ("06da:ffff", None, None, "Phoenixtec/Liebert HID"),
    ("09d6:0001", "KSTAR", "MicroPower", "MGE HID"),
    ("0483:a430", "STM", "Cyber Energy", "CyberPower HID"),
    ("0483:a113", "EVER", "Sinline", "EVER UPS HID"),
    ("05dd:041b", "Delta", "RT", "Delta UPS HID"),
    ("05dd:a0a0", "Minuteman", "PRO", "TrippLite HID"),
    ("03f0:1fe5", "HP", "R/T3000", "MGE HID"),
    ("03f0:1fe0", "HP", "R1500", "TrippLite HID"),
    ("10af:0000", "Liebert", "GXT4", "Belkin/Liebert HID"),
    ("2b89:ffff", "UGREEN", "US3000", "Arduino HID"),
])
def test_ids_that_several_vendors_use_are_told_apart(site, usbsim, usb_id, vendor, product, title):
    play = Play(site, usbsim, "mge", device(usb_id, strings=(vendor, product, None)))
    values = play.values()
    assert values["driver.version.data"].startswith(f"{title} ")
    assert values["ups.status"] == "OL"


def test_an_id_whose_texts_fit_no_map_is_left_alone(site, usbsim):
    play = Play(site, usbsim, "mge", device("09d6:0001", strings=("Nobody", "Thing", None)))
    process = site.start_driver("ups", env=play.env, wait=False)
    wait_until(lambda: 'no map is for 09d6:0001 "Thing"' in process.log(), what=process.log)
    assert not [line for line in play.sim.log() if line.startswith("set ")]


# --------------------------------------------------------------------------------- quirks

@pytest.mark.parametrize("product", ["Back-UPS ES 525 FW:850.e3", "Back-UPS CS 500"])
def test_some_apc_answer_only_if_asked_for_more(site, usbsim, product):
    made = device("051d:0002", strings=("APC", product, None), lines=["least-request: 64"])
    assert Play(site, usbsim, "apc", made).values()["ups.status"] == "OL"


@pytest.mark.parametrize("line, answers", [("pollonly", False), ("maxreport", True)])
def test_others_are_asked_for_what_there_is_unless_the_user_says_so(site, usbsim, line, answers):
    made = device("051d:0002", strings=("APC", "Back-UPS RS", None), lines=["least-request: 64"])
    play = Play(site, usbsim, "apc", made, line)
    play.site.start_driver("ups", env=play.env)
    play.sim.wait_state(driver="usbfs")
    before = int(play.sim.state()["controls"])
    wait_until(lambda: int(play.sim.state()["controls"]) > before + 1)
    if answers:
        wait_until(lambda: play.live().get("ups.status") == "OL")
    assert ("ups.status" in play.live()) == answers


@pytest.mark.parametrize("usb_id, volts, nominal", [("051d:0002", "231.0", "230"),
                                                    ("051d:0005", "140.0", "102")])
def test_an_apc_may_measure_more_than_its_descriptor_says(site, usbsim, usb_id, volts, nominal):
    made = device(usb_id, Field("UPS.Input.HighVoltageTransfer", 280, high=300, unit=VOLT,
                                exponent=7),
                  Field("UPS.Input.Voltage", 231, high=140, unit=VOLT, exponent=7),
                  Field("UPS.Input.ConfigVoltage", 230, bits=8, high=127, unit=VOLT, exponent=7))
    values = Play(site, usbsim, "apc", made).values()
    assert values["input.voltage"] == volts
    assert values["input.voltage.nominal"] == nominal


@pytest.mark.parametrize("usb_id, volts, power", [("0764:0501", "0.0", "1500"),
                                                  ("0764:0601", "0.0", "1500"),
                                                  ("0764:0005", "88.0", "476")])
def test_a_cyberpower_may_measure_less_than_it_transfers_at(site, usbsim, usb_id, volts, power):
    made = device(usb_id, Field("UPS.Input.LowVoltageTransfer", 90, low=88, high=139),
                  Field("UPS.Input.HighVoltageTransfer", 139, low=88, high=139),
                  Field("UPS.Input.Voltage", 0, low=88, high=139),
                  Field("UPS.Output.ConfigActivePower", 1500, high=1000))
    values = Play(site, usbsim, "cps", made).values()
    assert values["input.voltage"] == volts
    assert values["ups.realpower.nominal"] == power


def test_disabled_corrections_are_not_made(site, usbsim):
    made = device("0764:0501", Field("UPS.Input.LowVoltageTransfer", 90, low=88, high=139),
                  Field("UPS.Input.Voltage", 0, low=88, high=139))
    play = Play(site, usbsim, "cps", made, "disable_fix_report_desc")
    assert play.values()["input.voltage"] == "88.0"


def test_maxima_below_minima_do_not_hide_a_value(site, usbsim):
    made = device("075d:0300", Field("UPS.PowerSummary.RunTimeToEmpty", 3600, bits=32, low=1,
                                     high=0),
                  Field("UPS.PowerSummary.Voltage", 262, low=1, high=0, unit=VOLT, exponent=6))
    values = Play(site, usbsim, "idowell", made).values()
    assert values["battery.runtime"] == "3600"
    assert values["battery.voltage"] == "26.2"


@pytest.mark.parametrize("family, usb_id, listens", [
    ("apc", "051d:0002", 1), ("apc", "051d:0003", 0), ("apc", "051d:0004", 0),
    ("legrand", "1cb0:0032", 0), ("legrand", "1cb0:0038", 0)])
def test_some_interrupt_pipes_are_left_alone(site, usbsim, family, usb_id, listens):
    play = Play(site, usbsim, family, device(usb_id))
    play.start()
    play.sim.wait_state(waiting=listens)
    data = play.device.field(f"{STATUS}.ACPresent").put(play.device.report(1), 0)
    play.sim.set("feature", 1, data)   # a poll tells, whatever the pipe does
    wait_until(lambda: play.live()["ups.status"] == "OB")
    assert play.sim.state()["waiting"] == str(listens)


@pytest.mark.parametrize("usb_id, load", [("09ae:1330", None), ("09ae:3010", "42")])
def test_a_report_that_would_break_off_a_device_is_not_asked_for(site, usbsim, usb_id, load):
    made = device(usb_id, Field("UPS.OutletSystem.Outlet.PercentLoad", 42, report=0x54))
    assert Play(site, usbsim, "tripplite", made).values().get("ups.load") == load


@pytest.mark.parametrize("usb_id, volts, battery, hertz, ampere, chemistry", [
    ("09ae:1003", "120.0", "13.5", "60.0", "4.0", "unknown"),
    ("09ae:2005", "120.0", "13.5", "60.0", "4.0", "unknown"),
    ("09ae:2009", "120.0", "13.5", "60.0", "4.0", "PbAc"),
    ("09ae:1330", "120.0", "135.0", "60.0", "4.0", "PbAc"),
    ("09ae:4002", "120.0", "135.0", "60.0", "4.0", "PbAc"),
    ("03f0:1f0a", "120.0", "135.0", "60.0", "4.0", "PbAc"),
    ("09ae:3016", "12000000.0", "13500000.0", "0.6", "0.0", "PbAc"),
    ("09ae:3024", "12000000.0", "13500000.0", "0.6", "0.0", "PbAc"),
])
def test_tripp_lite_scales_by_product(site, usbsim, usb_id, volts, battery, hertz, ampere,
                                      chemistry):
    made = device(usb_id, Field("UPS.BatterySystem.Battery.Voltage", 135),
                  Field("UPS.PowerConverter.Input.Voltage", 120),
                  Field("UPS.PowerConverter.Output.Frequency", 60),
                  Field("UPS.PowerConverter.Output.Current", 4))
    made.add(Field("UPS.PowerSummary.iDeviceChemistry", made.string("PbAc"), bits=8))
    values = Play(site, usbsim, "tripplite", made).values()
    assert (values["input.voltage"], values["battery.voltage"], values["output.frequency"],
            values["output.current"], values["battery.type"]) == \
        (volts, battery, hertz, ampere, chemistry)


def test_the_watchdog_of_a_tripp_lite_reboots_and_is_reset(site, usbsim):
    made = device("09ae:4001", Field("UPS.OutletSystem.Outlet.TLWatchdog", 5, report=9))
    play = Play(site, usbsim, "tripplite", made)
    play.start()
    assert play.live()["ups.watchdog.status"] == "5"
    for command, data in (("reset.watchdog", "09 3c 00"), ("reset.watchdog 90", "09 5a 00"),
                          ("shutdown.reboot", "09 0a 00")):
        with LineClient(site.socket("ups")) as client:
            client.send(f"INSTCMD {command} TRACKING 1")
            client.until("TRACKING 1 0")
        assert [line for line in play.sim.log() if line.startswith("set ")][-1] == \
            f"set feature 09: {data}"


@pytest.mark.parametrize("usb_id, volts, hertz, wanted", [
    ("0764:0501", 18, 499, ("12.0", "49.9")), ("0764:0501", 13, 50, ("13.0", "50.0")),
    ("0764:0501", 137, 50, ("13.7", "50.0")),
    ("0764:0601", 18, 499, ("18.0", "499.0"))])
def test_some_cyberpowers_count_in_their_own_units(site, usbsim, usb_id, volts, hertz, wanted):
    made = device(usb_id, Field("UPS.PowerSummary.ConfigVoltage", 12),
                  Field("UPS.PowerSummary.Voltage", volts), Field("UPS.Input.Frequency", hertz),
                  Field("UPS.Output.Frequency", hertz))
    values = Play(site, usbsim, "cps", made).values()
    assert (values["battery.voltage"], values["input.frequency"]) == wanted
    assert values["output.frequency"] == wanted[1]


@pytest.mark.parametrize("exponent, nominal", [(0, 1), (0, None), (2, None), (7, None)])
def test_exponents_of_a_liebert_are_mended(site, usbsim, exponent, nominal):
    made = device("10af:0001")
    if nominal:   # 1e-7: tells by itself that all are wrong
        made.add(Field("UPS.PowerSummary.ConfigVoltage", nominal, unit=VOLT, exponent=0))
    made.add(Field("UPS.Input.Voltage", 231, unit=VOLT, exponent=exponent),
             Field("UPS.Output.Voltage", 229, unit=VOLT, exponent=exponent))
    values = Play(site, usbsim, "belkin", made).values()
    assert (values["input.voltage"], values["output.voltage"]) == ("231.0", "229.0")
    assert values.get("battery.voltage.nominal") == ("10.0" if nominal else None)


@pytest.mark.parametrize("line, wanted", [
    ("powercom_sdcmd_byte_order_fallback", "75"), ("pollonly", "900")])
def test_powercom_has_delays_in_two_byte_orders(site, usbsim, line, wanted):
    made = device("0d9f:0004", Field("UPS.PowerSummary.DelayBeforeShutdown", 0x0F01
                                     if wanted == "75" else 0x0F00))
    assert Play(site, usbsim, "powercom", made, line).values()["ups.timer.shutdown"] == wanted


def test_a_powercom_that_stalls_for_texts_is_served(site, usbsim):
    made = device("0d9f:0004", Field("UPS.PowerSummary.RemainingCapacity", 87, bits=8))
    play = Play(site, usbsim, "powercom", made)
    play.sim.stall("strings")
    values = play.values()
    assert (values["ups.status"], values["battery.charge"]) == ("OL", "87")
    assert "ups.mfr" not in values and "ups.serial" not in values


# ------------------------------------------------------- states that are none (Back-UPS BX...MI)

BX_BITS = ("Charging", "Discharging", "ACPresent", "BatteryPresent", "ShutdownImminent",
           "RemainingTimeLimitExpired", "NeedReplacement")


def back_ups_bx(product="Back-UPS BX750MI", charge=95):
    made = Device("051d:0002", ("American Power Conversion", product, "BX-1"))
    made.add(Field("UPS.PowerSummary.RemainingCapacity", charge, bits=8, high=100, report=0x0C),
             Field("UPS.PowerSummary.RunTimeToEmpty", 3740, report=0x0C),
             Field("UPS.PowerSummary.ACPresent", 0, bits=8, high=1, report=0x13),
             Field("UPS.PowerSummary.BelowRemainingCapacityLimit", 0, bits=8, high=1, report=0x14))
    made.add(*(Field(f"{STATUS}.{name}", 0x0A >> i & 1, bits=1, report=0x16)
               for i, name in enumerate(BX_BITS)))
    return made


def changes(play, seconds):
    """The states that come within that time."""
    seen, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        state = play.live()["ups.status"]
        if state not in seen[-1:]:
            seen.append(state)
        time.sleep(0.1)
    return seen


@pytest.mark.parametrize("by_interrupt", [False, True])
def test_a_back_ups_that_gives_its_charge_for_its_state_is_not_low(site, usbsim, by_interrupt):
    """95 percent are the bits for a shutdown that is imminent."""
    play = Play(site, usbsim, "apc", back_ups_bx())
    play.start()
    assert play.live()["ups.status"] == "OB DISCHRG"
    if by_interrupt:
        for _ in range(5):
            play.sim.interrupt("16 5f 9c 0e")
    else:
        play.sim.set("feature", 0x16, "16 5f")
    assert changes(play, 1.2) == ["OB DISCHRG"]
    play.sim.set("feature", 0x16, "16 0a")
    assert changes(play, 1.2) == ["OB DISCHRG"]


def test_a_back_ups_that_is_low_is_believed_whatever_its_charge(site, usbsim):
    play = Play(site, usbsim, "apc", back_ups_bx(charge=26))
    play.start()
    play.sim.set("feature", 0x16, "16 1a")
    wait_until(lambda: "LB" in play.live()["ups.status"].split())
    assert play.live()["ups.status"].startswith("ALARM OB DISCHRG LB")


def test_a_back_ups_is_believed_at_once_if_its_state_is_not_its_charge(site, usbsim):
    play = Play(site, usbsim, "apc", back_ups_bx())
    play.start()
    play.sim.set("feature", 0x16, "16 1a")
    play.sim.interrupt("16 1a")
    wait_until(lambda: "LB" in play.live()["ups.status"].split())


def test_a_driver_that_starts_while_the_state_is_none_is_not_fooled(site, usbsim):
    made = back_ups_bx()
    play = Play(site, usbsim, "apc", made)
    play.sim.set("feature", 0x16, "16 5f")
    process = site.start_driver("ups", env=play.env)
    time.sleep(0.5)
    play.sim.set("feature", 0x16, "16 0a")
    wait_until(lambda: play.live().get("ups.status"), what=process.log)
    assert play.live()["ups.status"] == "OB DISCHRG"


def claims(play):
    return sum(line.startswith("claim") for line in play.sim.log())


def test_one_that_sends_some_is_not(site, usbsim):
    made = device("0463:ffff")
    play = Play(site, usbsim, "mge", made, "interrupt_pipe_no_events_tolerance = 2")
    play.start()
    number = made.number_of(f"{STATUS}.ACPresent")
    for _ in range(12):
        play.sim.interrupt(f"{number:02x} 01")
        time.sleep(0.4)
    assert claims(play) == 1


def test_a_tripplite_whose_state_is_empty_for_a_moment_stays_on_line(site, usbsim):
    made = device("09ae:4004", Field(f"{STATUS}.FullyCharged", 1, bits=1),
                  Field(f"{STATUS}.Discharging", 0, bits=1))
    play = Play(site, usbsim, "tripplite", made)
    number = made.number_of(f"{STATUS}.ACPresent")
    play.start()
    play.sim.set("feature", number, f"{number:02x} 00")
    assert changes(play, 1.2) == ["OL"]
    play.sim.set("feature", number, f"{number:02x} 04")
    wait_until(lambda: play.live()["ups.status"] == "OB DISCHRG")
    play.sim.set("feature", number, f"{number:02x} 03")
    wait_until(lambda: play.live()["ups.status"] == "OL")
    play.sim.set("feature", number, f"{number:02x} 00")
    wait_until(lambda: play.live()["ups.status"] == "OB")


def test_with_interruptonly_a_tripplite_on_battery_is_believed(site, usbsim):
    """It is never asked again, so nothing would end a doubt."""
    made = device("09ae:4004", Field(f"{STATUS}.FullyCharged", 1, bits=1))
    play = Play(site, usbsim, "tripplite", made, "interruptonly")
    number = made.number_of(f"{STATUS}.ACPresent")
    process = site.start_driver("ups", env=play.env)
    state = lambda: play.live().get("ups.status")
    wait_until(lambda: play.sim.interrupt(f"{number:02x} 01") or state() == "OL", interval=0.3,
               what=process.log)
    wait_until(lambda: play.sim.interrupt(f"{number:02x} 00") or state() == "OB", interval=0.3,
               what=process.log)


# --------------------------------------------------------------------------- Eaton's kinds

@pytest.mark.parametrize("product, suffix, country, model, volts, nominal, outlet", [
    ("Evolution", "1150", None, "Evolution 1150", "26.2", "24", "99"),
    ("Evolution", "650", None, "Evolution 650", "26.2", "12", "99"),
    ("Eaton 5P", "1550", None, "5P 1550", "26.2", "24", "99"),
    ("ELLIPSE", "800", None, "ellipse 800", None, None, "99"),
    ("Ellipse ECO", "650", None, "Ellipse ECO 650", None, None, "25"),
    ("Protection Station", "500", None, "Protection Station 500", None, None, "25"),
    ("3S", "700", 0, "3S 700", None, None, "99"),    # Europe
    ("3S", "700", 1, "3S 700", None, None, "25"),
    ("Eaton 9E", None, None, "9E1000", "26.2", "24", "99"),   # by its power
    ("Novelty", "77", None, "Novelty 77", None, None, "99"),
])
def test_eaton_tells_its_families_by_texts(site, usbsim, product, suffix, country, model, volts,
                                           nominal, outlet):
    made = device("0463:ffff", Field("UPS.PowerSummary.Voltage", 262, unit=VOLT, exponent=6),
                  Field("UPS.PowerSummary.ConfigVoltage", 24, unit=VOLT, exponent=7),
                  Field("UPS.Flow.[4].ConfigApparentPower", 1000),
                  Field("UPS.OutletSystem.Outlet.[1].ConfigApparentPower", 25),
                  Field("UPS.OutletSystem.Outlet.[1].ApparentPower", 99),
                  strings=("EATON", product, None))
    if suffix:
        made.add(Field("UPS.PowerSummary.iModel", made.string(suffix), bits=8))
    if country is not None:
        made.add(Field("UPS.PowerSummary.Country", country, bits=8))
    values = Play(site, usbsim, "mge", made).values()
    assert (values["ups.model"], values.get("battery.voltage"),
            values.get("battery.voltage.nominal"), values["outlet.power"]) == \
        (model, volts, nominal, outlet)


def test_an_eaton_without_mains_is_on_battery_whatever_else_it_says(site, usbsim):
    inputs = "UPS.PowerConverter.Input"
    made = device("0463:ffff", Field(f"{inputs}.[1].PresentStatus.Used", 1, bits=1),
                  Field(f"{inputs}.[3].PresentStatus.Used", 0, bits=1),
                  Field(f"{inputs}.[1].PresentStatus.VoltageTooLow", 0, bits=1),
                  Field(f"{inputs}.[2].PresentStatus.Used", 1, bits=1))
    made.field(f"{STATUS}.ACPresent").value = 0
    assert Play(site, usbsim, "mge", made).values()["ups.status"].split()[:2] == \
        ["ALARM", "OB"]


# --------------------------------------------------------------------- odd descriptors

@pytest.mark.parametrize("index_as_usage", [False, True])
def test_indexed_collections_may_be_written_in_two_ways(site, usbsim, index_as_usage):
    made = device("06da:ffff", Field("UPS.Flow.[1].ConfigVoltage", 110),
                  Field("UPS.Flow.[4].ConfigVoltage", 230),
                  Field("UPS.Flow.[4].ConfigApparentPower", 1500), index_as_usage=index_as_usage)
    values = Play(site, usbsim, "liebert", made).values()
    assert (values["output.voltage.nominal"], values["ups.power.nominal"]) == ("230", "1500")


def test_a_vendors_page_may_come_first(site, usbsim):
    made = Device("051d:0002").add(Field("ff860001.ff860002", 7, bits=8),
                                   Field(f"{STATUS}.ACPresent", 1, bits=1),
                                   Field("UPS.PowerSummary.RemainingCapacity", 87, bits=8))
    values = Play(site, usbsim, "apc", made).values()
    assert (values["ups.status"], values["battery.charge"]) == ("OL", "87")


def test_reports_may_be_without_numbers(site, usbsim):
    made = device("0463:ffff", Field("UPS.PowerSummary.RemainingCapacity", 87, bits=8),
                  Field("UPS.PowerSummary.DelayBeforeShutdown", -1, low=-1), numbered=False)
    play = Play(site, usbsim, "mge", made)
    play.start()
    assert (play.live()["ups.status"], play.live()["battery.charge"]) == ("OL", "87")
    play.sim.interrupt("00 57 ff ff")
    wait_until(lambda: play.live()["ups.status"] == "OB")
    with LineClient(site.socket("ups")) as client:
        client.send("INSTCMD load.off.delay 60 TRACKING 1")
        client.until("TRACKING 1 0")
    assert "set feature 00: 01 57 3c 00" in play.sim.log()


def two_interfaces(usb_id):
    """Salicru's ADV RT2: the first has a report of the maker's own only."""
    return device(usb_id, Field("UPS.PowerSummary.RemainingCapacity", 87, bits=8),
                  lines=["hid-interface: 1", "other-interfaces: hid"])


@pytest.mark.parametrize("usb_id", ["2e66:0101", "2e66:0102"])
def test_the_interface_that_is_a_ups_is_taken(site, usbsim, usb_id):
    play = Play(site, usbsim, "salicru", two_interfaces(usb_id))
    play.start()
    assert (play.live()["ups.status"], play.live()["battery.charge"]) == ("OL", "87")
    assert "claim 1" in play.sim.log()
    play.sim.unplug()
    wait_until(lambda: "DATASTALE" in stale(play))
    play.sim.plug()
    wait_until(lambda: "DATAOK" in stale(play))
    play.sim.interrupt("01 00")
    wait_until(lambda: play.live()["ups.status"] == "OB")


def stale(play):
    with LineClient(play.site.socket("ups")) as client:
        client.send("DUMPALL")
        return client.until("DUMPDONE")


def test_no_other_interface_is_taken_than_the_one_that_was_asked_for(site, usbsim):
    play = Play(site, usbsim, "salicru", two_interfaces("2e66:0101"), "usb_hid_rep_index = 0")
    process = site.start_driver("ups", env=play.env, wait=False)
    wait_until(lambda: process.log().count("nothing of the map salicru is on this device") > 1,
               what=process.log)
    assert "claim 1" not in play.sim.log()
