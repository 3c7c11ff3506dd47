"""snmp-ups -k on a snmpd of each MIB: what is SET, in which order, and how it ends."""

import pytest

from snmpfacts import Mib

from test_snmp_orders import COMPOSITE, all_names
from test_snmp_ups import Ups

pytestmark = pytest.mark.once

# These come after a sequence for it; the delay is the driver's, where it has one.
WAYS = [("shutdown.return", False), ("shutdown.reboot", False), ("load.off.delay", True),
        ("shutdown.stayoff", False), ("load.off", False)]


def sets_of(mib, offdelay=None):
    """What each way SETs, in the order in which they are tried."""
    commands, composite = mib.commands(), COMPOSITE.get(mib.name, {})
    delay = mib.variables().get("ups.delay.shutdown")
    for name, delayed in WAYS:
        row = commands.get(name)
        if name in composite:
            sets = composite[name]
            # The delay is the last that is SET.
            yield sets[:-1] + [sets[-1].rpartition(" ")[0] + f" {offdelay}"] if offdelay else sets
        elif row:
            value = row.argument("value")
            if delayed and delay:
                value = offdelay or delay.text(mib.raw(delay))
            # Without a delay there is nothing to be SET.
            if value is not None:
                yield [row.set_line(value, mib.raw(row))]


def cut(site, agent, mib, *lines):
    return Ups(site, agent.port, f"mibs = {mib.name}", *lines, start=False).run("-k")


@pytest.mark.parametrize("name", all_names())
def test_the_load_is_cut_by_the_first_way_that_there_is(site, snmpd, shared, name):
    mib = Mib(shared, name)
    agent = snmpd(mib.data())
    result = cut(site, agent, mib)
    ways = list(sets_of(mib))
    assert agent.sets() == (ways[0] if ways else []), result.stderr
    assert (result.returncode == 0) == bool(ways), result.stderr
    assert ("knows no way" in result.stderr) == (not ways)


def delayed_names():
    names = all_names()
    return [name for name in names if name in COMPOSITE] or names


@pytest.mark.parametrize("name", delayed_names())
def test_the_delay_is_the_users(site, snmpd, shared, name):
    mib = Mib(shared, name)
    agent = snmpd(mib.data())
    assert cut(site, agent, mib, "offdelay = 47").returncode == 0
    assert agent.sets() == next(sets_of(mib, offdelay=47))


@pytest.mark.parametrize("name", ["cpqpower", "ietf"])
def test_where_the_agent_refuses_the_next_way_is_tried(site, snmpd, shared, name):
    mib = Mib(shared, name)
    agent = snmpd(mib.data())
    first, second = list(sets_of(mib))[:2]
    agent.fault(first[-1].split()[0], "refuse wrong-value")
    result = cut(site, agent, mib)
    taken = [line for line in first + second if line.split()[0] != first[-1].split()[0]]
    assert agent.sets() == taken, result.stderr
    assert (result.returncode == 0) == (second[-1].split()[0] != first[-1].split()[0]), result.stderr


def test_what_leaves_the_load_off_for_good_is_not_tried_after_a_refusal(site, snmpd, shared):
    mib = Mib(shared, "apcc")
    agent = snmpd(mib.data())
    first = next(sets_of(mib))
    agent.fault(first[-1].split()[0], "refuse wrong-value")
    result = cut(site, agent, mib)
    assert result.returncode == 1
    assert "the UPS took no way of cutting its load off" in result.stderr
    assert agent.sets() == [line for line in first if line.split()[0] != first[-1].split()[0]]
