"""snmp-ups on Debian's snmpd: RFC 1628 told, commanded, lost and found again."""

import shutil
import subprocess

import pytest

from harness import LineClient, snmp, wait_until
from harness.snmp import v3_lines

from test_usbhid import MAPS, Ups as UsbUps

STANDARD = "1.3.6.1.2.1.33.1"
KINDS = f"{STANDARD}.6.3"

# What an agent of RFC 1628 says: place below upsObjects, value.
VALUES = {
    "1.1.0": "STRING: Chestnut", "1.2.0": "STRING: Tree 3000", "1.3.0": "STRING: 7.1",
    "1.4.0": "STRING: card 2", "1.5.0": "STRING: hall",
    "2.1.0": "INTEGER: 2", "2.2.0": "INTEGER: 0", "2.3.0": "INTEGER: 42", "2.4.0": "INTEGER: 97",
    "2.5.0": "INTEGER: 546", "2.6.0": "INTEGER: 12", "2.7.0": "INTEGER: 31",
    "3.2.0": "INTEGER: 1", "3.3.1.2.1": "INTEGER: 499", "3.3.1.3.1": "INTEGER: 231",
    "3.3.1.4.1": "INTEGER: 34", "3.3.1.5.1": "INTEGER: 700",
    "4.1.0": "INTEGER: 3", "4.2.0": "INTEGER: 500", "4.3.0": "INTEGER: 1",
    "4.4.1.2.1": "INTEGER: 230", "4.4.1.3.1": "INTEGER: 31", "4.4.1.4.1": "INTEGER: 650",
    "4.4.1.5.1": "INTEGER: 23",
    "6.1.0": "Gauge32: 0",
    "7.1.0": "OID: .1.3.6.1.2.1.33.1.7.7.1", "7.3.0": "INTEGER: 6",
    "8.1.0": "INTEGER: 1", "8.2.0": "INTEGER: -1", "8.3.0": "INTEGER: -1", "8.4.0": "INTEGER: -1",
    "8.5.0": "INTEGER: 1",
    "9.1.0": "INTEGER: 230", "9.2.0": "INTEGER: 500", "9.3.0": "INTEGER: 230",
    "9.4.0": "INTEGER: 500", "9.5.0": "INTEGER: 3000", "9.6.0": "INTEGER: 2700",
    "9.7.0": "INTEGER: 3", "9.8.0": "INTEGER: 2", "9.9.0": "INTEGER: 180", "9.10.0": "INTEGER: 264",
}


def standard(more=None):
    """The data of an agent; more: other values, None for one that is not there."""
    values = {k: v for k, v in {**VALUES, **(more or {})}.items() if v is not None}
    return "\n".join(["1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.2.1.33"] +
                     [f"{STANDARD}.{k} = {v}" for k, v in values.items()])


class Ups(UsbUps):
    """A snmp-ups on an agent's port."""

    def __init__(self, site, port, *lines, community="private", start=True):
        self.site = site
        lines = [f"community = {community}", "snmp_version = v2c", *lines]
        given = {line.partition(" = ")[0]: line for line in
                 ["pollinterval = 1", "pollfreq = 1", "snmp_retries = 1", *lines]}
        port = port if isinstance(port, str) else f"127.0.0.1:{port}"
        site.add_ups("ups", "snmp-ups", port, *given.values())
        self.env = {"NUT_DATAPATH": str(MAPS)}
        self.process = site.start_driver("ups", env=self.env) if start else None

    def run(self, *args):
        return self.site.run("snmp-ups", "-a", "ups", *self.site._as_user, *args, env=self.env)

    def wait_gone(self, name):
        wait_until(lambda: name not in self.values(), what=f"{name} is withdrawn")

    def answers(self):
        with LineClient(self.site.socket("ups")) as c:
            c.send("PING")
            return c.line()


@pytest.fixture
def served(site, snmpd):
    """A function that starts an agent of the standard and the driver: (ups, agent)."""
    def make(*lines, more=None, **options):
        agent = snmpd(standard(more))
        ups = Ups(site, agent.port, *lines, **options)
        ups.wait_fresh()
        return ups, agent
    return make


def put(agent, place, value):
    agent.set(f"{STANDARD}.{place}", value)


# ------------------------------------------------------------------------------- values


def test_the_standard_is_told_whole(served):
    ups, _ = served()
    ups.wait_value("output.voltage", "230")
    values = ups.values()
    assert values["driver.version.data"] == "RFC 1628 UPS MIB 1.55"
    expected = {
        "ups.mfr": "Chestnut", "ups.model": "Tree 3000", "ups.firmware": "7.1",
        "ups.firmware.aux": "card 2", "ups.id": "hall", "ups.status": "OL", "ups.load": "23",
        "battery.runtime.elapsed": "0", "battery.runtime": "2520", "battery.charge": "97",
        "battery.voltage": "54.6", "battery.current": "1.2", "battery.temperature": "31",
        "battery.runtime.low": "180", "input.phases": "1", "input.frequency": "49.9",
        "input.voltage": "231", "input.current": "3.4", "input.realpower": "700",
        "input.voltage.nominal": "230", "input.frequency.nominal": "50",
        "input.transfer.low": "180", "input.transfer.high": "264", "output.frequency": "50",
        "output.phases": "1", "output.current": "3.1", "output.realpower": "650",
        "output.voltage.nominal": "230", "output.power.nominal": "3000",
        "output.realpower.nominal": "2700", "ups.beeper.status": "enabled",
    }
    told = {name: values.get(name) for name in expected}
    wrong = {k: (told[k], v) for k, v in expected.items()
             if told[k] != v and not _same_number(told[k], v)}
    assert not wrong


def _same_number(a, b):
    try:
        return float(a) == float(b)
    except (TypeError, ValueError):
        return False


def test_three_phases_have_names_of_their_own(served):
    more = {"3.2.0": "INTEGER: 3", "4.3.0": "INTEGER: 3"}
    for line in (1, 2, 3):
        more[f"3.3.1.3.{line}"] = f"INTEGER: {230 + line}"
        more[f"4.4.1.2.{line}"] = f"INTEGER: {220 + line}"
        more[f"4.4.1.5.{line}"] = f"INTEGER: {20 + line}"
    ups, _ = served(more=more)
    ups.wait_value("input.L3-N.voltage", "233")
    values = ups.values()
    assert [values[f"output.L{n}-N.voltage"] for n in (1, 2, 3)] == ["221", "222", "223"]
    assert [values[f"output.L{n}.power.percent"] for n in (1, 2, 3)] == ["21", "22", "23"]
    assert "input.voltage" not in values and "output.voltage" not in values


def test_a_value_that_vanishes_is_withdrawn_and_comes_back(served):
    ups, agent = served()
    ups.wait_value("battery.temperature", "31")
    put(agent, "2.7.0", None)
    ups.wait_gone("battery.temperature")
    assert "DATAOK" in ups.dump()
    put(agent, "2.7.0", "INTEGER: 33")
    ups.wait_value("battery.temperature", "33")


def test_transfer_voltages_can_be_left_out(served):
    ups, _ = served("notransferoids")
    ups.wait_value("output.voltage", "230")
    assert not [name for name in ups.values() if name.startswith("input.transfer.")]
    assert ups.order("SET input.transfer.low 170") != 0


# ------------------------------------------------------------------------------- status


@pytest.mark.parametrize("place, value, status", [
    ("4.1.0", 5, "OB"), ("4.1.0", 4, "OL BYPASS"), ("4.1.0", 2, "OFF"), ("4.1.0", 6, "OL BOOST"),
    ("4.1.0", 7, "OL TRIM"), ("2.1.0", 3, "OL LB"), ("2.1.0", 4, "OL LB"),
])
def test_a_change_is_a_status(served, place, value, status):
    ups, agent = served()
    ups.wait_value("ups.status", "OL")
    put(agent, place, f"INTEGER: {value}")
    wait_until(lambda: sorted(ups.values().get("ups.status", "").split()) == sorted(status.split()),
               what=lambda: f"{status}, not {ups.values().get('ups.status')}")
    put(agent, place, VALUES[place])
    ups.wait_value("ups.status", "OL")


def test_a_test_of_the_battery_is_a_calibration_only_while_it_runs(served):
    ups, agent = served(more={"7.1.0": "OID: .1.3.6.1.2.1.33.1.7.7.5"})
    ups.wait_value("ups.status", "OL")
    put(agent, "7.3.0", "INTEGER: 5")
    wait_until(lambda: "CAL" in ups.values().get("ups.status", "").split(), what="CAL")
    put(agent, "7.3.0", "INTEGER: 1")
    ups.wait_value("ups.status", "OL")


def test_a_source_that_nobody_knows_is_no_status(served):
    ups, agent = served()
    ups.wait_value("ups.status", "OL")
    put(agent, "4.1.0", "INTEGER: 99")
    ups.wait_fresh(False)
    assert ups.values()["ups.status"] == "OL"
    put(agent, "4.1.0", "INTEGER: 5")
    ups.wait_value("ups.status", "OB")
    ups.wait_fresh()


def test_alarms_come_and_go_with_the_rows_of_their_table(served):
    ups, agent = served()
    assert "ups.alarm" not in ups.values()
    put(agent, "6.2.1.2.4", f"OID: .{KINDS}.16")
    put(agent, "6.2.1.2.7", f"OID: .{KINDS}.1")
    put(agent, "6.1.0", "Gauge32: 2")
    wait_until(lambda: "fan failure" in ups.values().get("ups.alarm", ""), what="the alarm is told")
    wait_until(lambda: {"ALARM", "OL", "RB"} == set(ups.values()["ups.status"].split()),
               what=lambda: ups.values()["ups.status"])
    put(agent, "6.2.1.2.7", None)
    put(agent, "6.1.0", "Gauge32: 1")
    wait_until(lambda: "RB" not in ups.values()["ups.status"].split(), what="the battery is well")
    assert "fan failure" in ups.values()["ups.alarm"]
    put(agent, "6.2.1.2.4", None)
    put(agent, "6.1.0", "Gauge32: 0")
    ups.wait_value("ups.status", "OL")
    ups.wait_gone("ups.alarm")


# ------------------------------------------------------------- settings, commands, shutdown


def test_settings_are_written_with_their_type(served):
    ups, agent = served()
    ups.wait_value("ups.id", "hall")
    assert ups.order('SET ups.id "cellar 2"') == 0
    assert f"{STANDARD}.1.5.0 string cellar 2" in agent.sets()
    ups.wait_value("ups.id", "cellar 2")
    assert ups.order("SET ups.timer.reboot 60") == 0
    assert f"{STANDARD}.8.4.0 integer 60" in agent.sets()


def test_commands_are_sets(served):
    ups, agent = served()
    ups.wait_value("output.voltage", "230")
    for command, line in [("beeper.mute", "9.8.0 integer 3"), ("load.off.delay 45", "8.2.0 integer 45"),
                          ("load.off", "8.2.0 integer 0"), ("shutdown.stop", "8.2.0 integer -1"),
                          ("test.battery.start.quick",
                           f"7.1.0 objectid {STANDARD}.7.7.4")]:
        assert ups.order(f"INSTCMD {command}") == 0, command
        assert agent.sets()[-1] == f"{STANDARD}.{line}"
    assert ups.order("INSTCMD no.such.command") == 1


def test_an_order_that_the_agent_refuses_fails(served):
    ups, agent = served(community="public")
    ups.wait_value("output.voltage", "230")
    assert ups.order("INSTCMD beeper.mute") > 1
    assert agent.sets() == []


def test_shutdown_return_says_first_that_the_load_comes_back(served):
    ups, agent = served("offdelay = 40")
    ups.wait_value("ups.delay.shutdown", "40")
    assert ups.order("INSTCMD shutdown.return") == 0
    assert agent.sets() == [f"{STANDARD}.8.1.0 integer 1", f"{STANDARD}.8.5.0 integer 1",
                            f"{STANDARD}.8.2.0 integer 40"]


def test_the_power_is_cut_by_k(site, snmpd):
    agent = snmpd(standard())
    result = Ups(site, agent.port, "offdelay = 45", start=False).run("-k")
    assert result.returncode == 0, result.stderr
    assert agent.sets()[-1] == f"{STANDARD}.8.2.0 integer 45"


# ----------------------------------------------------------------------- versions, faults


@pytest.mark.parametrize("lines", [["snmp_version = v1"], ["snmp_version = v2c"],
                                   v3_lines("shaaes")], ids=["v1", "v2c", "v3"])
def test_each_version_reads_and_writes(served, lines):
    ups, agent = served(*lines)
    ups.wait_value("output.voltage", "230")
    assert ups.order("INSTCMD beeper.mute") == 0
    assert f"{STANDARD}.9.8.0 integer 3" in agent.sets()


def test_an_agent_that_stops_is_stale_and_is_found_again(served):
    ups, agent = served()
    ups.wait_value("ups.status", "OL")
    agent.stop()
    ups.wait_fresh(False)
    put(agent, "4.1.0", "INTEGER: 5")
    agent.start()
    ups.wait_fresh()
    ups.wait_value("ups.status", "OB")


def test_v3_goes_on_when_the_agent_has_forgotten_its_boots(served):
    ups, agent = served(*v3_lines("shaaes"))
    agent.restart(fresh=True)
    put(agent, "4.1.0", "INTEGER: 5")
    ups.wait_value("ups.status", "OB")


def test_an_agent_that_says_nothing_holds_nobody_up(served):
    ups, agent = served("snmp_timeout = 5", "snmp_retries = 3")
    agent.pause()
    for _ in range(3):
        assert ups.answers() == "PONG"
    ups.wait_fresh(False)
    agent.pause(False)
    ups.wait_fresh()


@pytest.mark.skipif(not shutil.which("snmptrap"), reason="snmptrap is not installed")
def test_a_trap_makes_it_look_at_once(served):
    port = snmp.udp_port()
    ups, agent = served(f"traps = {port}", "pollinterval = 3600", "pollfreq = 3600")
    put(agent, "4.1.0", "INTEGER: 5")
    subprocess.run(["snmptrap", "-v2c", "-c", "private", f"127.0.0.1:{port}", "", f"{STANDARD[:-2]}.2.0.1"],
                   env={"MIBS": "", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}, check=True,
                   timeout=60)
    ups.wait_value("ups.status", "OB")
