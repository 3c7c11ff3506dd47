"""snmp-ups on Debian's snmpd with an RFC 1628 UPS."""

import re

import pytest

from harness import LineClient, wait_until
from harness.build import CHECKOUT

MAPS = CHECKOUT / "data"
UPS = "1.3.6.1.2.1.33.1"

RFC1628 = f"""
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.2.1.33
.{UPS}.1.1.0 = STRING: "Acme"
.{UPS}.1.2.0 = STRING: "Model X"
.{UPS}.1.3.0 = STRING: "1.2"
.{UPS}.1.5.0 = STRING: "ups-a"
.{UPS}.2.1.0 = INTEGER: 2
.{UPS}.2.2.0 = INTEGER: 0
.{UPS}.2.3.0 = INTEGER: 42
.{UPS}.2.4.0 = INTEGER: 97
.{UPS}.2.5.0 = INTEGER: 540
.{UPS}.2.7.0 = INTEGER: 25
.{UPS}.3.2.0 = INTEGER: 3
.{UPS}.3.3.1.2.1 = INTEGER: 500
.{UPS}.3.3.1.3.1 = INTEGER: 230
.{UPS}.3.3.1.3.2 = INTEGER: 231
.{UPS}.3.3.1.3.3 = INTEGER: 232
.{UPS}.4.1.0 = INTEGER: 3
.{UPS}.4.2.0 = INTEGER: 500
.{UPS}.4.3.0 = INTEGER: 1
.{UPS}.4.4.1.2.1 = INTEGER: 229
.{UPS}.4.4.1.5.1 = INTEGER: 33
.{UPS}.6.1.0 = Gauge32: 0
.{UPS}.7.1.0 = OID: .1.3.6.1.2.1.33.1.7.7.1
.{UPS}.8.1.0 = INTEGER: 1
.{UPS}.8.2.0 = INTEGER: -1
.{UPS}.8.3.0 = INTEGER: -1
.{UPS}.8.4.0 = INTEGER: -1
.{UPS}.8.5.0 = INTEGER: 1
.{UPS}.9.1.0 = INTEGER: 230
.{UPS}.9.7.0 = INTEGER: 2
.{UPS}.9.8.0 = INTEGER: 2
.{UPS}.9.9.0 = INTEGER: 180
.{UPS}.9.10.0 = INTEGER: 270
"""


class Ups:
    def __init__(self, site, agent, *lines, start=True):
        self.site, self.agent = site, agent
        given = " ".join(lines)
        more = [] if "snmp_version" in given else ["snmp_version = v2c"]
        more += [] if "community" in given else ["community = private"]
        site.add_ups("ups", "snmp-ups", f"127.0.0.1:{agent.port}", "pollinterval = 1",
                     "snmp_timeout = 1", "snmp_retries = 1", *more, *lines)
        self.env = {"NUT_DATAPATH": str(MAPS)}
        self.process = site.start_driver("ups", env=self.env) if start else None

    def dump(self):
        with LineClient(self.site.socket("ups")) as c:
            c.send("DUMPALL")
            return c.until("DUMPDONE")

    def values(self):
        found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in self.dump())
        return {m[1]: m[2] for m in found if m}

    def fresh(self):
        return "DATAOK" in self.dump()

    def wait_fresh(self, fresh=True):
        wait_until(lambda: self.fresh() == fresh, what=lambda: self.process.log())
        return self

    def wait(self, name, value):
        wait_until(lambda: self.values().get(name) == value,
                   what=lambda: f"{name} is {self.values().get(name)!r}, not {value!r}; log:\n"
                                f"{self.process.log()}")

    def order(self, line):
        with LineClient(self.site.socket("ups")) as c:
            c.send(f"{line} TRACKING t1")
            last = ""
            while not last.startswith("TRACKING t1"):
                last = c.line()
        return int(last.split()[2])


@pytest.fixture
def ups(site, snmpd):
    def start(*lines, data=RFC1628, **options):
        return Ups(site, snmpd(data), *lines, **options)
    return start


def test_an_rfc_1628_ups_is_published(ups):
    got = ups().wait_fresh().values()
    wanted = {"ups.status": "OL", "battery.charge": "97", "battery.runtime": "2520",
              "battery.voltage": "54", "battery.temperature": "25", "ups.mfr": "Acme",
              "ups.model": "Model X", "ups.load": "33", "output.voltage": "229",
              "input.phases": "3", "input.L1-N.voltage": "230", "input.L3-N.voltage": "232",
              "battery.runtime.low": "120", "ups.id": "ups-a", "driver.name": "snmp-ups"}
    assert {key: got.get(key) for key in wanted} == wanted
    assert "input.voltage" not in got


@pytest.mark.parametrize("source, status", [(3, "OL"), (4, "OL BYPASS"), (5, "OB"),
                                            (6, "OL BOOST"), (7, "OL TRIM"), (2, "OFF")])
def test_the_source_of_the_output_is_the_status(ups, source, status):
    u = ups().wait_fresh()
    u.agent.set(f"{UPS}.4.1.0", f"INTEGER: {source}")
    wait_until(lambda: sorted(u.values()["ups.status"].split()) == sorted(status.split()),
               what=lambda: u.values()["ups.status"])


def test_a_low_battery_is_told_while_the_mains_are_out(ups):
    u = ups().wait_fresh()
    u.agent.set(f"{UPS}.4.1.0", "INTEGER: 5")
    u.agent.set(f"{UPS}.2.1.0", "INTEGER: 3")
    u.wait("ups.status", "OB LB")
    u.agent.set(f"{UPS}.4.1.0", "INTEGER: 3")
    u.agent.set(f"{UPS}.2.1.0", "INTEGER: 2")
    u.wait("ups.status", "OL")


@pytest.mark.parametrize("lines", [
    ("snmp_version = v1",), ("snmp_version = v2c",),
    ("snmp_version = v3", "secLevel = authPriv", "secName = sha512aes256",
     'authPassword = "auth-sha512aes256"', 'privPassword = "priv-sha512aes256"',
     "authProtocol = SHA-512", "privProtocol = AES256")])
def test_every_version_is_spoken(ups, lines):
    u = ups(*lines).wait_fresh()
    assert u.values()["ups.status"] == "OL"
    assert "auth-sha512" not in u.process.log() + "\n".join(u.dump())


def test_an_agent_that_stops_goes_stale_and_comes_back(ups):
    u = ups().wait_fresh()
    u.agent.stop()
    u.wait_fresh(False)
    u.agent.start()
    u.wait_fresh()
    assert u.values()["ups.status"] == "OL"


def test_a_silent_agent_keeps_nobody_waiting(ups):
    u = ups().wait_fresh()
    u.agent.pause()
    try:
        for _ in range(3):
            with LineClient(u.site.socket("ups")) as c:
                c.send("PING")
                assert c.line() == "PONG"
    finally:
        u.agent.pause(False)


def test_settings_and_commands_are_written_with_their_types(ups):
    u = ups().wait_fresh()
    assert u.order('SET ups.id "attic"') == 0
    u.wait("ups.id", "attic")
    assert u.order("INSTCMD beeper.disable") == 0
    assert u.order("INSTCMD test.battery.start.quick") == 0
    sets = u.agent.sets()
    for start in (f"{UPS}.1.5.0 ", f"{UPS}.9.8.0 ", f"{UPS}.7.1.0 "):
        assert any(line.startswith(start) for line in sets), sets
    assert u.order('SET ups.mfr "Me"') != 0


def test_killpower_reads_first_and_then_writes(ups):
    u = ups(start=False)
    done = u.site.run("snmp-ups", "-a", "ups", "-k", *u.site._as_user, env=u.env)
    assert done.returncode == 0, done.stderr
    assert [line for line in u.agent.sets() if line.startswith(f"{UPS}.8.")], u.agent.sets()


def test_transfer_voltages_are_left_alone_if_that_is_asked_for(ups):
    got = ups("notransferoids").wait_fresh().values()
    assert "input.transfer.low" not in got


def test_transfer_voltages_are_shown_else(ups):
    assert ups().wait_fresh().values()["input.transfer.low"] == "180"


def test_an_unknown_map_is_an_error_that_names_it(site, snmpd):
    u = Ups(site, snmpd(RFC1628), "mibs = nothing-like-that", start=False)
    done = site.run("snmp-ups", "-a", "ups", "-d", "1", *site._as_user, env=u.env)
    assert done.returncode != 0
    assert 'mibs "nothing-like-that"' in done.stderr
