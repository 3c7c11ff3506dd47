"""snmp-ups on an agent of each family: the right map is found, and what it reads is published."""

import pytest

import snmpfamily
from harness import snmp, wait_until

from test_snmp_ups import Ups

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
