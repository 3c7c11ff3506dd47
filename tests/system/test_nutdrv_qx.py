"""nutdrv_qx on simulated serial lines: found, read, told, lost, and found again."""

import os
import re

import pytest
from harness import LineClient, wait_until
from qxpair import MAPS, Q1, Qx
from serialsim import DEVICES, Fault, crc

# How each device is found when nobody says what it is: where the queries of two protocols are
# answered, the first in NUT's order is taken.
FOUND = {"ablerex": "megatec", "bestups": "bestups", "gtec": "gtec", "hunnox": "zinto",
         "innovart31": "innovart31", "innovart33": "innovart33",
         "innovatae": "innovatae", "masterguard": "masterguard",
         "mecer": "mecer", "megatec": "megatec", "megatec-old": "megatec-old", "mustek": "mustek",
         "omron": "omron", "q1": "q1", "q2": "q2", "q6": "q6", "voltronic": "voltronic",
         "voltronic-axpert": "voltronic-axpert", "voltronic-qs": "voltronic-qs",
         "voltronic-qs-hex": "voltronic-qs-hex", "zinto": "zinto"}

PLAIN = {"input.voltage": "231.7", "input.voltage.fault": "228.3", "output.voltage": "230.9",
         "ups.load": "27", "input.frequency": "49.8", "battery.voltage": "27.20",
         "ups.temperature": "29.5", "ups.status": "OL", "ups.beeper.status": "enabled",
         "ups.type": "offline / line interactive"}
RATED = {"input.voltage.nominal": "230", "input.current.nominal": "4.0",
         "battery.voltage.nominal": "24.0", "input.frequency.nominal": "50",
         "battery.voltage.low": "20.80", "battery.voltage.high": "26.00", "battery.charge": "100"}
NAMED = {"device.mfr": "ORCHARD", "device.model": "NUTTREE", "ups.firmware": "V9.08"}
DELAYS = {"ups.delay.shutdown": "30", "ups.delay.start": "180"}
PHASES = {"output.L1.realpower": "1400.0", "output.L2.power": "1800.0", "output.L3.current": "6.7",
          "output.L1-N.voltage": "229.9", "ups.realpower": "4500.0", "ups.power": "5400.0",
          "ups.load": "7", "ups.status": "OL"}

VALUES = {
    "q1": {**PLAIN, **DELAYS},
    "megatec": {**PLAIN, **RATED, **NAMED, **DELAYS},
    "megatec-old": {**PLAIN, **RATED, **NAMED},
    "mustek": {**PLAIN, **RATED, **NAMED},
    "zinto": {**PLAIN, **RATED, **NAMED},
    "mecer": {**PLAIN, **RATED, **NAMED, "ups.firmware.aux": "Voltronic Power P98"},
    "hunnox": {**PLAIN, **NAMED, "battery.charge": "87", "ups.delay.shutdown": "60",
               "ups.delay.start": "0"},
    "innovatae": {**PLAIN, **RATED, "device.mfr": "Ippon"},
    "bestups": {**{name: value for name, value in PLAIN.items() if name != "ups.beeper.status"},
                "device.mfr": "Best Power", "device.model": "Fortress", "ups.power.nominal": "750",
                "input.voltage.nominal": "120", "battery.voltage.low": "20.0",
                "battery.voltage.high": "27.6", "battery.runtime": "1020",
                "input.transfer.low": "90", "input.transfer.high": "146",
                "input.transfer.boost.high": "104", "input.transfer.trim.low": "130",
                "experimental.pins.shutdown.mode": "3"},
    "voltronic-qs": {"ups.firmware.aux": "PM-V", "output.frequency": "49.8",
                     "output.voltage.nominal": "230", "battery.charge": "87",
                     "battery.runtime": "342", "input.frequency": "49.8", "output.current": "1.7",
                     "input.transfer.low": "195", "input.transfer.high": "262"},
    "voltronic-qs-hex": {"ups.firmware.aux": "PM-T", "input.voltage": "112.2", "ups.load": "3",
                         "output.frequency": "59.8", "battery.voltage": "13.53",
                         "output.frequency.nominal": "50.0", "battery.voltage.nominal": "24.0",
                         "ups.status": "OL"},
    "ablerex": {"input.voltage": "231.7", "output.voltage.nominal": "230.0", **NAMED,
                "output.frequency": "50.0", "battery.voltage": "26.00", "battery.runtime": "1000",
                "battery.voltage.low": "19.28", "battery.voltage.high": "27.30",
                "ups.test.result": "0010"},
    "gtec": {"input.voltage": "236.7", "input.voltage.fault": "220.1", "output.voltage": "230.4",
             "ups.load": "1", "battery.voltage": "41.3", "ups.test.result": "Done and passed",
             "ups.status": "OL", **NAMED},
    "omron": {**PLAIN, "battery.charge": "87.0", "battery.runtime": "1020",
              "battery.temperature": "25.5", "output.frequency": "50.1", "ups.firmware": "1.23",
              "ups.firmware.aux": "4.56", "battery.date": "2023-04-15",
              "ups.serial": "1234567890ABCDEF", "ups.realpower.nominal": "750",
              "ups.power.nominal": "1000"},
    "q2": {**PHASES, "input.L2-N.voltage": "224.3", "output.L3.load": "13",
           "battery.voltage": "327.6", "battery.charge": "87", "battery.runtime": "1034.40",
           "experimental.input.topology": "star", "experimental.output.topology": "delta"},
    "q6": {**PHASES, "input.L2-N.voltage": "225.6", "battery.voltage": "327.8",
           "battery.runtime": "6932", "experimental.battery.voltage.negative": "326.7",
           "output.frequency": "49.9"},
    "innovart31": {"output.voltage": "229.9", "output.current": "6.5",
                   "input.bypass.voltage": "230.4", "input.bypass.frequency": "49.9",
                   "ups.serial": "N12A34KB567890", "ups.firmware": "05516-1100"},
    "innovart33": {**PHASES, "input.bypass.L1-N.voltage": "230.4",
                   "input.bypass.L2-N.voltage": "231.5", "input.bypass.L3-N.voltage": "232.6"},
    "masterguard": {"ups.id": "7", "device.model": "A1000", "ups.power.nominal": "1000",
                    "ups.power": "340", "output.current": "1.48", "output.current.nominal": "4.35",
                    "battery.voltage.nominal": "36.00", "battery.voltage": "41.4",
                    "battery.runtime": "750", "battery.packs": "2", "device.uptime": "1047845",
                    "device.part": "ABCDEFGHIJK", "device.serial": "4711", "ups.status": "OL",
                    "experimental.fault.1": "Inverter fault (123) 93784 s ago",
                    "ups.test.result": "No test was done", "battery.type": "PbAc"},
    "voltronic": {"ups.firmware.aux": "P01", "device.model": "NUT1500", "device.mfr": "CHESTNUT",
                  "device.serial": "92931709100123", "output.powerfactor": "0.9",
                  "battery.packs": "3", "battery.runtime": "1260", "battery.charge": "87",
                  "input.transfer.high.max": "254", "input.transfer.low.min": "206",
                  "battery.voltage.low": "21.0", "ups.start.auto": "no",
                  "battery.protection": "yes", "output.power.maximum.percent": "92",
                  "experimental.bypass.voltage.high": "262", "experimental.parallel": "master",
                  "experimental.battery.number": "2", "ups.status": "OL", "ups.type": "online"},
    "voltronic-axpert": {"device.firmware.aux": "P30", "device.firmware": "00081.42",
                         "battery.type": "AGM", "battery.charge": "87.0",
                         "battery.current": "7.0", "device.model.type": "Off-grid",
                         "experimental.input.pv2.voltage": "222", "ups.beeper.status": "enabled",
                         "battery.energysave": "yes", "ups.status": "OL CHRG"},
}


def printed(result):
    found = (re.fullmatch(r"([a-z]\S*): (.*)", line) for line in result.stdout.splitlines())
    return {m[1]: m[2].strip() for m in found if m}


# ------------------------------------------------------------------- which protocol it is

def test_there_is_a_device_for_each_protocol():
    assert {path.stem for path in DEVICES.glob("*.txt")} == set(FOUND)


@pytest.mark.parametrize("device", sorted(FOUND))
def test_the_protocol_of_a_device_is_found_out(site, serialsim, device):
    ups = Qx(site, serialsim(device))
    assert f"speaks the protocol {FOUND[device]}\n" in ups.process.log() + "\n"


@pytest.mark.parametrize("protocol", sorted(VALUES))
def test_all_that_a_device_says_is_published(site, serialsim, protocol):
    sim = serialsim(protocol)
    ups = Qx(site, sim, f"protocol = {protocol}")
    values = ups.values()
    assert {name: values.get(name) for name in VALUES[protocol]} == VALUES[protocol]


def test_a_protocol_has_the_name_that_nut_gave_it_too(site, serialsim):
    ups = Qx(site, serialsim("megatec-old"), "protocol = megatec/old")
    assert ups.values()["ups.status"] == "OL"


def test_a_protocol_that_is_not_there_is_refused_with_its_mend(site, serialsim):
    ups = Qx(site, serialsim("megatec"), "protocol = megatek", start=False)
    result = ups.run("-d", "1")
    assert result.returncode != 0 and "megatek" in result.stderr


def test_novendor_and_norating_leave_these_queries_out(site, serialsim):
    sim = serialsim("megatec")
    ups = Qx(site, sim, "novendor", "norating", "protocol = megatec")
    assert ups.values()["input.voltage"] == "231.7"
    assert "I" not in sim.asked and "F" not in sim.asked


def test_nooutstats_leaves_the_power_of_the_phases_out(site, serialsim):
    sim = serialsim("q6")
    ups = Qx(site, sim, "nooutstats", "protocol = q6")
    assert ups.values()["input.L1-N.voltage"]
    assert "output.L1.realpower" not in ups.values() and "WA" not in sim.asked


# NUT's page says slave_addr, its program wants slave_address.
@pytest.mark.parametrize("key", ["slave_addr", "slave_address"])
def test_one_of_several_masterguards_is_taken_by_its_address(site, serialsim, key):
    sim = serialsim("masterguard")
    ups = Qx(site, sim, f"{key} = 7", "protocol = masterguard")
    assert ups.values()["ups.id"] == "7"
    ups.process.stop()
    other = Qx(site, sim, f"{key} = 8", "protocol = masterguard", start=False)
    process = site.start_driver("ups", env=other.env, wait=False)
    wait_until(lambda: "nothing of the protocol masterguard" in process.log())


# ------------------------------------------------------------------------------ status

@pytest.mark.parametrize("bits, status", [
    ("00000000", "OL"), ("10000000", "OB"), ("11000000", "OB LB"), ("01000000", "OL LB"),
    ("00100000", "OL BYPASS"), ("00000100", "OL CAL"), ("00000010", "FSD OL"),
])
def test_status_bits_make_the_status(site, serialsim, bits, status):
    sim = serialsim("megatec")
    sim.answers["Q1"] = Q1.format(bits=bits)
    ups = Qx(site, sim)
    assert sorted(ups.values()["ups.status"].split()) == sorted(status.split())


@pytest.mark.parametrize("output, word", [("200.0", "TRIM"), ("230.0", "BYPASS"), ("260.0", "BOOST")])
def test_the_regulation_is_told_by_the_voltages(site, serialsim, output, word):
    sim = serialsim("megatec")
    sim.answers["Q1"] = f"(230.0 228.3 {output} 027 49.8 27.2 29.5 00100000"
    assert Qx(site, sim).values()["ups.status"] == f"OL {word}"


def test_a_failed_self_test_is_an_alarm_until_it_is_over(site, serialsim):
    sim = serialsim("megatec")
    ups = Qx(site, sim)
    ups.bits("00010000")
    ups.wait_value("ups.alarm", "UPS selftest failed!")
    ups.bits("00000000")
    ups.wait_value("ups.alarm", None)


def test_ignoresab_leaves_the_shutdown_bit_alone(site, serialsim):
    sim = serialsim("megatec")
    sim.answers["Q1"] = Q1.format(bits="00000010")
    assert Qx(site, sim, "ignoresab").values()["ups.status"] == "OL"


def test_a_power_failure_shows_within_a_poll(site, serialsim):
    ups = Qx(site, serialsim("megatec"), "pollfreq = 3600")
    ups.bits("10001001")
    ups.wait_value("ups.status", "OB")
    ups.bits("11001001")
    ups.wait_value("ups.status", "OB LB")
    ups.bits("00001001")
    ups.wait_value("ups.status", "OL")


@pytest.mark.parametrize("letters, status", [
    ("IM", "OL"), ("A", "OB"), ("AB", "OB LB"), ("CM", "OL BYPASS"), ("ME", "OL CAL"),
    ("MF", "FSD OL"), ("MN", "OL OVER"), ("MJ", "OL RB"), ("I", "OFF OL")])
def test_gtec_tells_its_status_by_letters(site, serialsim, letters, status):
    sim = serialsim("gtec")
    sim.answers["Q4"] = sim.answers["Q4"].replace("IM", letters.ljust(2))
    ups = Qx(site, sim, "protocol = gtec")
    assert sorted(ups.values()["ups.status"].replace("ALARM ", "").split()) == sorted(status.split())


@pytest.mark.parametrize("place, status", [
    (65, "OB"), (66, "LB OL"), (67, "BYPASS OL"), (70, "CAL OL"), (71, "FSD OL")])
def test_voltronic_tells_its_status_by_bits(site, serialsim, place, status):
    sim = serialsim("voltronic")
    answer = sim.answers["QGS"]
    sim.answers["QGS"] = answer[:place] + "1" + answer[place + 1:]
    assert sorted(Qx(site, sim).values()["ups.status"].split()) == status.split()


@pytest.mark.parametrize("mode, status, alarm", [
    ("S", "OFF OL", None), ("Y", "BYPASS OL", None), ("T", "CAL OL", None), ("L", "OL", None),
    ("B", "OL", None), ("F", "ALARM OL", "The UPS has a fault!"),
    ("D", "ALARM OL", "The UPS is shutting down!")])
def test_voltronics_mode_adds_to_its_bits(site, serialsim, mode, status, alarm):
    """It says nothing of mains and battery, of which the bits are newer, nor makes it FSD."""
    sim = serialsim("voltronic")
    sim.answers["QMOD"] = f"({mode}"
    values = Qx(site, sim).values()
    assert sorted(values["ups.status"].split()) == status.split()
    assert values.get("ups.alarm") == alarm


def test_a_voltronic_that_does_not_tell_all_bits_is_read(site, serialsim):
    """P71 has - for its type, and for bits that it does not know."""
    sim = serialsim("voltronic")
    sim.answers["QPI"] = "(PI71"
    answer = sim.answers["QGS"]
    sim.answers["QGS"] = answer[:63] + "--100-0000-1"
    values = Qx(site, sim).values()
    assert values["ups.status"] == "OB" and values["ups.firmware.aux"] == "P71"
    assert "ups.type" not in values and values["input.voltage"] == "231.4"


def test_voltronics_warnings_are_told_in_words(site, serialsim):
    sim = serialsim("voltronic")
    sim.answers["QWS"] = "(" + "".join("1" if i in (0, 8, 55) else "0" for i in range(64))
    values = Qx(site, sim).values()
    assert values["ups.alarm"].count("Battery not connected, Overload, Battery to be replaced")
    assert {"OVER", "RB", "OL"} <= set(values["ups.status"].split())


def test_voltronics_fault_is_asked_for_while_there_is_one(site, serialsim):
    sim = serialsim("voltronic")
    sim.answers["QFS"] = "(43 212.1 50.0 005.6 49.9 006 010.6 343.8 ---.- 026.2 021.8 01101100"
    ups = Qx(site, sim, "pollfreq = 1")
    assert "QFS" not in sim.asked
    healthy = sim.answers["QGS"]
    sim.answers["QGS"] = healthy[:68] + "1" + healthy[69:]
    wait_until(lambda: "Overload" in ups.values().get("ups.alarm", ""))
    wait_until(lambda: "OVER" in ups.values()["ups.status"].split())
    sim.answers["QGS"] = healthy
    ups.wait_value("ups.alarm", None)


@pytest.mark.parametrize("number, asked, not_asked", [
    ("00", set(), {"QBYV", "QBT", "Q3PV"}), ("01", {"QBYV", "QBYF"}, {"QBT", "Q3PV"}),
    ("03", {"QBYV", "Q3PV", "Q3PC"}, {"Q3OV"}), ("09", {"Q3PV", "Q3OV", "Q3LD", "Q3YV"}, {"QBT"}),
    ("31", {"QBT", "QGR"}, {"QBYV"}), ("99", {"QBYV"}, {"QBT"})])
def test_voltronic_is_asked_for_what_its_kind_knows(site, serialsim, number, asked, not_asked):
    sim = serialsim("voltronic")
    sim.answers["QPI"] = f"(PI{number}"
    ups = Qx(site, sim)
    assert ups.values()["ups.firmware.aux"] == f"P{number}"
    assert asked <= set(sim.asked) and not not_asked & set(sim.asked)


@pytest.mark.parametrize("mode, status", [("L", "CHRG OL"), ("B", "CHRG OB"), ("S", "CHRG OFF OL")])
def test_an_axpert_without_telling_is_on_mains_while_there_are_some(site, serialsim, mode, status):
    sim = serialsim("voltronic-axpert")
    sim.answers["QMOD"] = f"({mode}"
    assert sorted(Qx(site, sim).values()["ups.status"].split()) == status.split()


def test_an_axperts_answer_with_a_wrong_check_is_none(site, serialsim):
    sim = serialsim("voltronic-axpert")
    ups = Qx(site, sim, "pollfreq = 1")
    sim.checked = False
    ups.wait_fresh(False)
    sim.checked = True
    ups.wait_fresh()
    assert crc(b"QPI") == b"\xbe\xac"


# ---------------------------------------------------------------------------- commands

TESTS = {"test.battery.start": "T10", "test.battery.start 60": "T01",
         "test.battery.start 5940": "T99", "test.battery.start.deep": "TL",
         "test.battery.start.quick": "T", "test.battery.stop": "CT"}
POWER = {"load.off": "S00R0000", "load.on": "C", "shutdown.return": "S.5R0003",
         "shutdown.stayoff": "S.5R0000", "shutdown.stop": "C"}
BEEPER = {"beeper.toggle": "Q"}
FAMILY = {**BEEPER, **POWER, **TESTS}

# What each command tells a device; by the device's name. A list: one after the other.
COMMANDS = {
    **{name: FAMILY for name in ("gtec", "innovatae", "megatec", "megatec-old", "mustek", "q1", "q2",
                                 "q6", "zinto")},
    **{name: {**POWER, **TESTS} for name in ("innovart31", "innovart33")},
    "ablerex": {**FAMILY, "load.off": "S.2"},
    # A minute, and it comes back as soon as the mains do.
    "hunnox": {**FAMILY, "shutdown.return": "S01", "shutdown.stayoff": "S01R0000"},
    "mecer": {**FAMILY, "test.battery.start 30": "T.5", "test.battery.start 12": "T.2"},
    "bestups": {**POWER, **TESTS, "shutdown.stayoff": "S.5"},
    "omron": {"shutdown.return": ["An", "S.5R0003"], "shutdown.stayoff": ["Af", "Sf.5"],
              "shutdown.stop": "C"},
    "voltronic-qs": {**BEEPER, **POWER, "test.battery.start.quick": "T"},
    "voltronic-qs-hex": {**BEEPER, **POWER, "test.battery.start.quick": "T"},
    "voltronic": {"load.off": "SOFF", "load.on": "SON", "shutdown.return": "S.5R0003",
                  "shutdown.stayoff": "S.5R0000", "shutdown.stop": "CS",
                  "test.battery.start": "T10", "test.battery.start 15": "T.2",
                  "test.battery.start.deep": "TL", "test.battery.start.quick": "T",
                  "test.battery.stop": "CT", "beeper.toggle": "BZOFF",
                  "beeper.enable": "PEA", "beeper.disable": "PDA", "bypass.start": "PEE",
                  "bypass.stop": "PDE", "outlet.1.load.on": "SKON1", "outlet.1.load.off": "SKOFF1",
                  "outlet.2.load.on": "SKON2", "outlet.2.load.off": "SKOFF2"},
    "masterguard": {"shutdown.return": "S.5R0003", "shutdown.stayoff": "S.5", "shutdown.stop": "C",
                    "test.battery.start": "T10", "test.battery.start 10": "T",
                    "test.battery.start 120": "T02", "test.battery.start.quick": "T",
                    "test.battery.start.low": "TL", "test.battery.start.deep": "TUD,07",
                    "test.battery.stop": "CT", "beeper.enable": "SS---1,07",
                    "beeper.disable": "SS---0,07", "bypass.start": "FOFF", "bypass.stop": "FON",
                    "experimental.fault.clear": "FCLR,07"},
}


@pytest.mark.parametrize("device", sorted(COMMANDS))
def test_commands_are_what_the_device_expects(site, serialsim, device):
    sim = serialsim(device)
    if device == "voltronic":
        sim.answers["QFLAG"] = "(EpashcjDbroegfl"  # j: its outlets can be switched
    ups = Qx(site, sim, f"protocol = {device}", "pollfreq = 3600")
    for command, queries in COMMANDS[device].items():
        ups.told(f"INSTCMD {command}", *([queries] if isinstance(queries, str) else queries))
    # None is left out, but for those of the driver itself.
    known = {line.split()[1] for line in ups.dump() if line.startswith("ADDCMD ")}
    assert {name for name in known if not name.startswith(("driver.", "shutdown.default"))} == \
        {command.split()[0] for command in COMMANDS[device]}


def test_a_command_that_the_device_refuses_has_failed(site, serialsim):
    sim = serialsim("mecer")
    ups = Qx(site, sim)
    sim.answers["Q"] = "(NAK"
    result, asked = ups.order("INSTCMD beeper.toggle")
    assert result != 0 and "Q" in asked


@pytest.mark.parametrize("off, on, query", [
    ("12", "0", "S.2"), ("59", "60", "S.9R0001"), ("60", "119", "S01R0001"),
    ("119", "7200", "S01R0120"), ("600", "599940", "S10R9999")])
def test_delays_go_in_the_steps_that_devices_have(site, serialsim, off, on, query):
    ups = Qx(site, serialsim("megatec"), f"offdelay = {off}", f"ondelay = {on}")
    ups.told("INSTCMD shutdown.return", query)


@pytest.mark.parametrize("name, value", [("ups.delay.shutdown", "11"), ("ups.delay.shutdown", "601"),
                                         ("ups.delay.start", "599941"), ("ups.delay.start", "x")])
def test_delays_outside_of_their_range_are_refused(site, serialsim, name, value):
    ups = Qx(site, serialsim("megatec"))
    before = ups.values()[name]
    assert ups.order(f"SET {name} {value}")[0] != 0
    assert ups.values()[name] == before


# -k writes what it is to write, and ends.
@pytest.mark.parametrize("device, lines, query", [
    ("megatec", [], "S.5R0003"), ("megatec", ["stayoff"], "S.5R0000"),
    ("megatec", ["offdelay = 120", "ondelay = 0"], "S02"), ("q1", [], "S.5R0003"),
    ("mecer", [], "S.5R0003"), ("bestups", [], "S.5R0003"), ("voltronic", [], "S.5R0003"),
    ("voltronic", ["stayoff"], "S.5R0000"), ("voltronic-qs-hex", [], "S.5R0003"),
    ("masterguard", [], "S.5R0003"), ("masterguard", ["stayoff"], "S.5"), ("hunnox", [], "S01")])
def test_killpower_cuts_the_load_off(site, serialsim, device, lines, query):
    sim = serialsim(device)
    ups = Qx(site, sim, f"protocol = {device}", *lines, start=False)
    result = ups.run("-k")
    assert result.returncode == 0, result.stderr
    assert [sent for sent in sim.asked if sent.startswith("S") and sent[1:2] in ".0123"] == [query]


# ---------------------------------------------------------------------------- settings

class Settings:
    """What a Voltronic remembers, as a hook of the simulator."""

    NUMBERS = {"HEH": ("QHE", 1, 4), "HEL": ("QHE", 5, 8), "FREH": ("QFRE", 1, 5),
               "FREL": ("QFRE", 6, 10), "BATGN": ("QBV", 10, 12), "W0E": ("RE0", 1, 3),
               "PSK1": ("QSKT1", 1, 4), "PPD": ("QPD", 5, 8), "PHV": ("QBYV", 1, 4),
               "PBT": ("QBT", 1, 3)}

    def __init__(self, sim):
        self.sim = sim
        sim.hook = self.take

    def take(self, query):
        switch = re.fullmatch(r"P([ED])([A-Z])", query)
        if switch:
            on, off = self.sim.answers["QFLAG"][2:].split("D")
            letter = switch[2].lower()
            on, off = on.replace(letter, ""), off.replace(letter, "")
            on, off = (on + letter, off) if switch[1] == "E" else (on, off + letter)
            self.sim.answers["QFLAG"] = f"(E{on}D{off}"
        for start, (read, first, end) in self.NUMBERS.items():
            if query.startswith(start) and query[len(start):].replace(".", "").isdigit():
                text = self.sim.answers[read]
                self.sim.answers[read] = text[:first] + query[len(start):] + text[end:]


@pytest.mark.parametrize("name, value, query", [
    ("input.transfer.high", "240", "HEH240"), ("input.transfer.low", "210", "HEL210"),
    ("input.frequency.high", "54.5", "FREH54.5"), ("input.frequency.low", "45", "FREL45.0"),
    ("battery.packs", "4", "BATGN04"), ("battery.voltage.low", "23", "W0E23"),
    ("ups.start.auto", "yes", "PER"), ("battery.protection", "no", "PDS"),
    ("outlet.1.delay.shutdown", "120", "PSK1002"), ("experimental.eco.mode", "enabled", "PEE"),
    ("experimental.output.phase.angle", "240", "PPD240"),
    ("experimental.bypass.voltage.high", "250", "PHV250")])
def test_a_setting_is_written_and_read_back(site, serialsim, name, value, query):
    sim = serialsim("voltronic")
    sim.answers["QFLAG"] = "(EpashcjDbroegfl"
    Settings(sim)
    ups = Qx(site, sim)
    ups.told(f"SET {name} {value}", query)
    ups.wait_value(name, f"{float(value):.1f}" if "frequency" in name or "voltage.low" in name
                   else value)


@pytest.mark.parametrize("name, value", [
    ("input.transfer.high", "236"), ("input.transfer.high", "255"), ("input.transfer.low", "224"),
    ("input.frequency.high", "61"), ("battery.packs", "100"), ("ups.start.auto", "maybe"),
    ("experimental.output.phase.angle", "90"), ("experimental.bypass.voltage.high", "265")])
def test_a_setting_outside_of_the_devices_limits_is_not_sent(site, serialsim, name, value):
    sim = serialsim("voltronic")
    ups = Qx(site, sim, "pollfreq = 3600")
    result, asked = ups.order(f"SET {name} {value}")
    assert result != 0 and asked == [query for query in asked if query.startswith("Q")]


def test_a_setting_that_the_device_only_pretends_to_take_has_failed(site, serialsim):
    ups = Qx(site, serialsim("voltronic"))
    result, asked = ups.order("SET battery.packs 4")
    assert result != 0 and "BATGN04" in asked


def test_what_was_never_tried_on_an_axpert_is_for_the_option_testing(site, serialsim):
    sim = serialsim("voltronic-axpert")
    Settings(sim)
    ups = Qx(site, sim, "protocol = voltronic-axpert", "testing", "reset_to_default")
    values = ups.values()
    assert values["experimental.battery.charging.current"] == "12.3"
    assert values["experimental.dsp.mfr.date"] == "20190507"
    for name, letter in (("bypass", "P"), ("battery", "B")):
        name = f"experimental.{name}.alarm"
        assert ups.values()[name] == "enabled"
        ups.told(f"SET {name} disabled", f"PD{letter}")
        ups.wait_value(name, "disabled")
        ups.told(f"SET {name} enabled", f"PE{letter}")
    ups.told("INSTCMD experimental.reset.to.default", "PF")


def test_without_that_option_an_axpert_is_not_asked_for_it(site, serialsim):
    sim = serialsim("voltronic-axpert")
    ups = Qx(site, sim, "protocol = voltronic-axpert", "reset_to_default")
    assert not {"QCHGS", "I"} & set(sim.asked)
    assert "experimental.bypass.alarm" not in ups.values()
    assert ups.order("SET experimental.bypass.alarm disabled")[0] != 0
    result, asked = ups.order("INSTCMD experimental.reset.to.default")
    assert result != 0 and "PF" not in asked


def test_options_that_are_settings_are_written_at_the_start(site, serialsim):
    sim = serialsim("voltronic")
    Settings(sim)
    ups = Qx(site, sim, "eco_mode = enabled", "bypass_alarm = enabled", "max_bypass_volt = 240",
             "work_range_type = UPS")
    ups.wait_value("experimental.eco.mode", "enabled")
    ups.wait_value("experimental.bypass.voltage.high", "240")
    assert sim.commands(readings={q for q in sim.asked if q not in ("PEE", "PHV240", "PEP")}) == \
        ["PHV240", "PEE"]
    assert "this UPS has no setting for work_range_type" in ups.process.log()


@pytest.mark.parametrize("mode, asked", [("L", False), ("S", True)])
def test_reset_to_default_is_for_standby_only(site, serialsim, mode, asked):
    sim = serialsim("voltronic")
    sim.answers["QMOD"] = f"({mode}"
    Qx(site, sim, "reset_to_default")
    wait_until(lambda: sim.asked.count("QGS") > 3)
    assert ("PF" in sim.asked) == asked


# What the device says from then on.
@pytest.mark.parametrize("device, name, value, query, then", [
    ("masterguard", "battery.packs", "1", "SS--1-,07", ("GS,07", "(07,ABC1,1")),
    ("masterguard", "device.uptime", "90061", "SRC0001:01:01:01,07", ("DRC,07", "(07 0001:01:01:01")),
    ("masterguard", "output.voltage.nominal", "240", "PNV=240", ("PNV", "(PNV 240")),
    ("bestups", "battery.packs", "4", "BP4", ("BP?", "04"))])
def test_a_setting_of_one_protocol_is_written_and_read_back(site, serialsim, device, name, value,
                                                             query, then):
    sim = serialsim(device)
    if device == "bestups":
        sim.answers["ID"] = "AX1,750,120,120,20.0,27.6"  # it has packs
    sim.hook = lambda asked: sim.answers.update([then]) if asked == query else None
    ups = Qx(site, sim, f"protocol = {device}")
    assert ups.values()[name] != value
    ups.told(f"SET {name} {value}", query)
    ups.wait_value(name, value)


@pytest.mark.parametrize("device, name, value", [
    ("masterguard", "battery.packs", "3"), ("masterguard", "ups.id", "100"),
    ("masterguard", "device.uptime", "1e99"), ("masterguard", "output.voltage.nominal", "251"),
    ("masterguard", "output.voltage.nominal", "99"),
    ("hunnox", "ups.delay.shutdown", "601"), ("omron", "ups.delay.shutdown", "11"),
    ("q6", "ups.delay.start", "599941"), ("bestups", "experimental.pins.shutdown.mode", "7")])
def test_a_setting_of_one_protocol_outside_of_its_limits_is_not_sent(site, serialsim, device, name,
                                                                      value):
    sim = serialsim(device)
    ups = Qx(site, sim, f"protocol = {device}", "pollfreq = 3600")
    readings = set(sim.asked)
    before = ups.values()[name]
    result, asked = ups.order(f"SET {name} {value}")
    assert result != 0 and set(asked) <= readings and ups.values()[name] == before


def test_a_masterguard_is_asked_under_its_new_address(site, serialsim):
    sim = serialsim("masterguard")

    def renumber(query):
        if query == "SS09--,07":
            sim.answers["WH"] = sim.answers["WH"].replace("(07", "(09")
    sim.hook = renumber
    ups = Qx(site, sim)
    ups.told("SET ups.id 9", "SS09--,07")
    wait_until(lambda: "GBS,09" in sim.asked)


def test_best_powers_pins_are_set(site, serialsim):
    sim = serialsim("bestups")
    sim.hook = lambda q: sim.answers.update({"SS?": q[2:]}) if q in ("SS1", "SS6") else None
    ups = Qx(site, sim, "pins_shutdown_mode = 6")
    ups.wait_value("experimental.pins.shutdown.mode", "6")
    ups.told("SET experimental.pins.shutdown.mode 1", "SS1")


# ----------------------------------------------------------------------------- bad days

@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.TWICE, Fault.TARDY])
@pytest.mark.parametrize("device", ["megatec", "voltronic", "voltronic-axpert", "masterguard"])
def test_slow_late_and_doubled_answers_are_read(site, serialsim, device, fault):
    sim = serialsim(device)
    ups = Qx(site, sim, f"protocol = {device}")
    sim.fault = fault
    start = len(sim.asked)
    wait_until(lambda: len(sim.asked) > start + 4)
    assert "OL" in ups.values()["ups.status"] and "DATAOK" in ups.dump()


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.GARBAGE, Fault.CUT, Fault.NAK, Fault.ECHO,
                                   Fault.LATE, Fault.NOISE])
@pytest.mark.parametrize("device", ["megatec", "voltronic"])
def test_lost_answers_make_the_data_stale_until_they_are_back(site, serialsim, device, fault):
    sim = serialsim(device)
    ups = Qx(site, sim, f"protocol = {device}")
    before = ups.values()["ups.status"]
    sim.fault = fault
    ups.wait_fresh(False)
    assert ups.values().get("ups.status", before) == before
    sim.fault = Fault.NONE
    ups.wait_fresh()
    ups.wait_value("ups.status", before)


@pytest.mark.parametrize("query", ["F", "I"])
def test_a_query_that_hangs_does_not_cost_the_others(site, serialsim, query):
    sim = serialsim("megatec")
    sim.fault, sim.fault_for = Fault.SILENT, query
    ups = Qx(site, sim, "protocol = megatec", "novendor" if query == "I" else "norating")
    assert ups.values()["input.voltage"] == "231.7"


def test_a_status_that_was_lost_at_the_start_is_read_later(site, serialsim):
    sim = serialsim("megatec")
    sim.fault, sim.fault_for = Fault.SILENT, "Q1"
    sim.answers["Q1"] = Q1.format(bits="00001001")
    ups = Qx(site, sim, "protocol = megatec", start=False)
    ups.process = site.start_driver("ups", env=ups.env, wait=False)
    wait_until(lambda: sim.asked.count("Q1") >= 2)
    sim.fault = Fault.NONE
    wait_until(lambda: "protocol megatec\n" in ups.process.log() + "\n")
    wait_until(lambda: site.socket("ups").exists())
    ups.wait_fresh()
    assert ups.values()["input.voltage"] == "231.7"


def test_the_socket_answers_while_the_device_is_silent(site, serialsim):
    sim = serialsim("megatec")
    ups = Qx(site, sim, "protocol = megatec")
    sim.fault = Fault.SILENT
    start = sim.asked.count("Q1")
    wait_until(lambda: sim.asked.count("Q1") > start)
    with LineClient(site.socket("ups")) as c:
        for _ in range(20):
            c.send("PING")
            c.until("PONG")


@pytest.mark.parametrize("device", ["megatec", "voltronic"])
def test_a_line_that_is_pulled_out_and_back_is_found_again(site, serialsim, device):
    sim = serialsim(device)
    ups = Qx(site, sim, f"protocol = {device}")
    sim.unplug()
    ups.wait_fresh(False)
    sim.plug()
    ups.wait_fresh()


def test_a_line_that_is_pulled_out_in_the_middle_of_an_answer(site, serialsim):
    sim = serialsim("megatec")
    ups = Qx(site, sim)
    sim.fault = Fault.CUT
    start = len(sim.asked)
    wait_until(lambda: len(sim.asked) > start)
    sim.unplug()
    ups.wait_fresh(False)
    sim.fault = Fault.NONE
    sim.plug()
    ups.wait_fresh()


# ------------------------------------------------------------------------------- the port

def test_a_line_is_for_one_driver_unless_nolock(site, serialsim):
    sim = serialsim("megatec")
    Qx(site, sim)
    site.add_ups("second", "nutdrv_qx", sim.port)
    process = site.start_driver("second", env={"NUT_DATAPATH": MAPS}, wait=False)
    wait_until(lambda: "in use by" in process.log() or "held by another" in process.log())


def test_a_line_without_permission_is_told(site, serialsim):
    if os.geteuid() == 0:
        pytest.skip("root may open everything")
    sim = serialsim("megatec")
    os.chmod(sim.node, 0)
    site.add_ups("ups", "nutdrv_qx", sim.port)
    process = site.start_driver("ups", env={"NUT_DATAPATH": MAPS}, wait=False)
    wait_until(lambda: "no permission for" in process.log())


def test_a_file_is_no_line(site, serialsim):
    ups = Qx(site, serialsim("megatec"), start=False)
    path = site.write("file", "x")
    site.add_ups("ups", "nutdrv_qx", path)
    result = ups.run("-d", "1")
    assert result.returncode != 0 and "is no serial port" in result.stderr


def test_an_unknown_cablepower_is_refused(site, serialsim):
    ups = Qx(site, serialsim("megatec"), "cablepower = twice", start=False)
    result = ups.run("-d", "1")
    assert result.returncode != 0 and "normal, reverse, both or none" in result.stderr


@pytest.mark.parametrize("line, raised", [(None, "DTR"), ("normal", "DTR"), ("reverse", "RTS"),
                                          ("both", "DTR RTS"), ("none", None)])
def test_the_cable_is_powered_by_the_lines_that_were_asked_for(site, serialsim, lineshim,
                                                                line, raised):
    ups = Qx(site, serialsim("megatec"), *([f"cablepower = {line}"] if line else []), start=False)
    result = site.run("nutdrv_qx", "-a", "ups", *site._as_user, "-d", "1",
                      env={**ups.env, "LD_PRELOAD": str(lineshim)})
    assert result.returncode == 0
    found = re.findall(r"^lines: (.*)$", result.stderr, re.MULTILINE)
    assert (found or [None])[0] == raised


# ----------------------------------------------------------------------------- guesses

def test_charge_and_runtime_are_counted_with_runtimecal(site, serialsim):
    sim = serialsim("megatec")
    ups = Qx(site, sim, "runtimecal = 240,100,720,50", "chargetime = 100000")
    assert ups.values()["battery.charge"] == "100"
    full = int(ups.values()["battery.runtime"])
    ups.bits("10001001")
    wait_until(lambda: int(ups.values()["battery.runtime"]) < full)


def test_limits_of_the_battery_in_ups_conf_count(site, serialsim):
    ups = Qx(site, serialsim("megatec"), "default.battery.voltage.low = 24.4",
             "default.battery.voltage.high = 30.0")
    assert ups.values()["battery.charge"] == "50"


def test_a_wrong_runtimecal_is_refused(site, serialsim):
    ups = Qx(site, serialsim("megatec"), "runtimecal = 240,50,720,100", start=False)
    result = ups.run("-d", "1")
    assert result.returncode != 0 and "240,100,720,50" in result.stderr


def test_one_packs_voltage_is_multiplied_if_the_user_says_so(site, serialsim):
    sim = serialsim("megatec")
    sim.answers["Q1"] = sim.answers["Q1"].replace("27.2", "2.27")
    ups = Qx(site, sim, "override.battery.packs = 12", "battery_voltage_reports_one_pack")
    ups.wait_value("battery.voltage", "27.24")


# ---------------------------------------------------------------------------- older names

def test_blazer_is_a_name_of_it_and_counts_in_minutes(site, serialsim):
    ups = Qx(site, serialsim("megatec"), "ondelay = 5", driver="blazer_ser")
    values = ups.values()
    assert values["driver.name"] == "blazer_ser" and values["ups.delay.start"] == "300"
    ups.told("INSTCMD shutdown.return", "S.5R0005")
    ups.told("INSTCMD test.battery.start 3", "T03")


def test_bestups_is_a_name_of_it_for_that_protocol(site, serialsim):
    sim = serialsim("bestups")
    ups = Qx(site, sim, "nombattvolt = 24", "battvoltmult = 2", "ID = FOR", driver="bestups")
    assert ups.values()["device.model"] == "Fortress" and "QPI" not in sim.asked


def test_older_names_are_installed(build):
    text = (build.root / "Makefile").read_text()
    for name in ("bestups", "blazer_ser", "blazer_usb"):
        assert re.search(rf"^qx_older = .*\b{name}\b", text, re.MULTILINE)
        assert (build.root / "drivers" / name).is_symlink()
