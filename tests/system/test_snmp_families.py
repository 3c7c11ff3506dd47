"""snmp-ups on an agent of each family: the right map is found, and what it reads is published."""

import pytest

import snmpfamily
from harness import snmp, wait_until

from test_snmp_ups import Ups

pytestmark = pytest.mark.once

FAMILIES = [snmpfamily.Family(name) for name in snmpfamily.names()]
SYSOBJECTID = "1.3.6.1.2.1.1.2.0"
KNOWN = [pytest.param(f, o, id=f"{f.name}-{o}") for f in FAMILIES for o, _ in f.oids]


def by_name(families):
    return [pytest.param(f, id=f.name) for f in families]


def start(site, oddagent, family, identity, *lines):
    agent = oddagent({SYSOBJECTID: snmp.oid(identity), **family.values()})
    ups = Ups(site, agent.port, *lines)
    wait_until(lambda: "driver.version.data" in ups.values(),
               what=lambda: f"a map is chosen; log:\n{ups.process.log()}")
    return ups


def serving(ups):
    return ups.values()["driver.version.data"].rpartition(" MIB")[0]


@pytest.mark.parametrize("family, identity", KNOWN)
def test_the_map_is_found_by_what_the_agent_calls_itself(site, oddagent, family, identity):
    assert serving(start(site, oddagent, family, identity)) == family.title


@pytest.mark.parametrize("family", by_name(FAMILIES))
def test_the_map_can_be_named(site, oddagent, family):
    ups = start(site, oddagent, family, "1.3.6.1.4.1.99999", f"mibs = {family.name}")
    assert serving(ups) == family.title


def wrong_values(wanted, values):
    def good(want, told):
        if isinstance(want, str) or told is None:
            return told == want
        return abs(float(told) - want) <= 0.0051
    return {n: (w, values.get(n)) for n, w in wanted.items() if not good(w, values.get(n))}


@pytest.mark.parametrize("family", by_name(f for f in FAMILIES if f.plain()))
def test_what_is_only_scaled_is_published(site, oddagent, family):
    ups = start(site, oddagent, family, family.oids[0][0], f"mibs = {family.name}")
    wanted = family.plain()
    wait_until(lambda: not wrong_values(wanted, ups.values()),
               what=lambda: f"{wrong_values(wanted, ups.values())}; log:\n{ups.process.log()}")


@pytest.mark.parametrize("family", by_name(FAMILIES))
def test_an_agent_with_a_foreign_name_is_known_by_what_it_answers(site, oddagent, family):
    # Of maps that ask the same question the first is taken.
    askers = [f.title for f in FAMILIES if any(p.strip(".") in family.values() for p in f.probes)]
    assert serving(start(site, oddagent, family, "1.3.6.1.4.1.99999")) in askers


# pw and pxgx_ups are what NUT 2.8.0 calls them.
@pytest.mark.parametrize("name, map_name", [("tripplite", "ietf"), ("pw", "eaton_pw_nm2"),
                                            ("pulizzi_switched2", "pulizzi_switched1"),
                                            ("pxgx_ups", "eaton_pxg_ups")])
def test_a_map_goes_by_its_other_names(site, oddagent, name, map_name):
    family = snmpfamily.Family(map_name)
    ups = start(site, oddagent, family, "1.3.6.1.4.1.99999", f"mibs = {name}")
    assert serving(ups) == family.title


def test_mibs_list_names_every_map_and_ends(site):
    ups = Ups(site, 9, "mibs = --list", start=False)
    result = ups.run("-F")
    assert result.returncode != 0
    for family in FAMILIES:
        assert f"mibs = {family.name}:" in result.stdout + result.stderr


@pytest.mark.parametrize("lines, low", [([], "208"), (["symmetrathreephase"], "147")])
def test_a_symmetra_of_three_phases_tells_voltages_between_them(site, oddagent, lines, low):
    agent = oddagent({SYSOBJECTID: snmp.oid("1.3.6.1.4.1.318.1.3"),
                      **snmpfamily.Family("apcc").values(),
                      "1.3.6.1.4.1.318.1.1.1.5.2.3.0": 208})
    ups = Ups(site, agent.port, *lines)
    wait_until(lambda: ups.values().get("input.transfer.low", "").startswith(low),
               what=lambda: ups.values().get("input.transfer.low"))


def test_a_wrong_community_is_told_and_never_shown(site, snmpd):
    agent = snmpd("1.3.6.1.2.1.33.1.1.1.0 = STRING: x")
    ups = Ups(site, agent.port, "snmp_timeout = 1", community="wrong-word")
    wait_until(lambda: "community" in ups.process.log(), what=lambda: ups.process.log())
    ups.wait_fresh(False)
    assert "wrong-word" not in ups.process.log()


VOLTRONIC = "1.3.6.1.4.1.43943.1.1."


def voltronic(mode, battery):
    return "\n".join([f"{SYSOBJECTID} = OID: .1.3.6.1.4.1.43943.1",
                      f"{VOLTRONIC}1.3.0 = STRING: PSCERT1000",
                      f"{VOLTRONIC}5.1.0 = INTEGER: {mode}", f"{VOLTRONIC}3.1.0 = INTEGER: {battery}",
                      f"{VOLTRONIC}4.5.1.3.0 = INTEGER: 2312", f"{VOLTRONIC}11.3.0 = INTEGER: 0",
                      f"{VOLTRONIC}8.1.0 = INTEGER: -1", f"{VOLTRONIC}8.3.0 = INTEGER: -1",
                      # The standard's, which it has as well.
                      "1.3.6.1.2.1.33.1.1.1.0 = STRING: x", "1.3.6.1.2.1.33.1.4.1.0 = INTEGER: 3"])


@pytest.mark.parametrize("mode, battery, status", [
    (3, 2, "OL"), (5, 5, "OB"), (5, 3, "OB LB"), (4, 2, "OL BYPASS"), (10, 2, "OL ECO"),
    (8, 5, "CAL OB"), (3, 7, "OL RB"), (9, 2, "OFF")])
def test_a_card_of_voltronics_is_read_by_its_own_mib(site, snmpd, mode, battery, status):
    ups = Ups(site, snmpd(voltronic(mode, battery)).port)
    wait_until(lambda: ups.values().get("ups.status"), what=lambda: ups.process.log())
    values = ups.values()
    assert serving(ups) == "Voltronic Power"
    assert values["ups.status"].removeprefix("ALARM ") == status
    assert values["input.voltage"] == "231.20"


def test_a_card_of_voltronics_is_told_to_come_back_before_its_load_is_cut(site, snmpd):
    agent = snmpd(voltronic(5, 3))
    ups = Ups(site, agent.port, start=False)
    assert ups.run("-k").returncode == 0
    assert agent.sets() == [f"{VOLTRONIC}11.3.0 integer 1", f"{VOLTRONIC}8.1.0 integer 30"]


XUPS = "1.3.6.1.4.1.534.1."


@pytest.mark.parametrize("place, status", [(7, "OB RB"), (8, "OB RB"), (9, "OB RB"), (10, "OB LB"),
                                           (None, "OB")])
def test_a_network_card_of_eatons_tells_its_battery_without_an_alarm(site, snmpd, place, status):
    """Network-M3: its table of alarms has nothing of a low battery."""
    data = {"1.2.0": "STRING: Eaton 5PX", "4.5.0": "INTEGER: 5", "7.1.0": "Gauge32: 0",
            **{f"2.{n}.0": f"INTEGER: {1 if n == place else 2}" for n in (7, 8, 9, 10)}}
    agent = snmpd("\n".join([f"{SYSOBJECTID} = OID: .1.3.6.1.4.1.534.1",
                             *(f"{XUPS}{k} = {v}" for k, v in data.items())]))
    ups = Ups(site, agent.port)
    wait_until(lambda: ups.values().get("ups.status"), what=lambda: ups.process.log())
    assert ups.values()["ups.status"].removeprefix("ALARM ") == status


MGE = "1.3.6.1.4.1.705.1."


@pytest.mark.parametrize("battery, utility_off, source, status", [
    (2, 2, 3, "OL"), (1, 1, 5, "OB"), (1, 1, None, "OB"), (2, 1, None, "OL OFF"),
    (2, 2, 2, "OL OFF")])
def test_a_card_of_mges_on_battery_is_not_off(site, snmpd, battery, utility_off, source, status):
    """What some say of the mains there made upsmon shut down after OFFDURATION."""
    lines = [f"{SYSOBJECTID} = OID: .1.3.6.1.4.1.705.1", f"{MGE}1.1.0 = STRING: Pulsar",
             f"{MGE}7.3.0 = INTEGER: {battery}", f"{MGE}7.7.0 = INTEGER: {utility_off}",
             *([f"1.3.6.1.2.1.33.1.4.1.0 = INTEGER: {source}"] if source else [])]
    ups = Ups(site, snmpd("\n".join(lines)).port)
    wait_until(lambda: ups.values().get("ups.status"), what=lambda: ups.process.log())
    assert ups.values()["ups.status"] == status
