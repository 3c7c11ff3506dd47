"""Looking for SNMP agents in ranges of addresses (drivers/scan/snmpscan.h)."""

import re
import time

import pytest

from harness import snmp
from harness.snmp import v3_lines

SYSTEM = {"1.3.6.1.2.1.1.2.0": (1, 3, 6, 1, 4, 1, 318), "1.3.6.1.2.1.1.5.0": "an-agent",
          "1.3.6.1.2.1.1.1.0": "text"}


@pytest.fixture
def scan(site):
    """scan(port, *ranges, options=[...]): ({host: rest of the line}, (asked, answered))."""
    def run(port, *ranges, parallel=50, per_second=0, options=("snmp_timeout=1", "snmp_retries=0")):
        try:
            result = site.run("probe-scan", port, parallel, per_second, *options, "--", *ranges)
        except LookupError:
            pytest.skip("probe-scan is not built: configure found no net-snmp (libsnmp-dev)")
        assert result.returncode == 0, result.stderr
        found = dict(re.findall(r"^found (\S+) (.*)$", result.stdout, re.MULTILINE))
        end = re.search(r"^end (\d+) (\d+)$", result.stdout, re.MULTILINE)
        return found, (int(end[1]), int(end[2]))
    return run


@pytest.fixture
def three(oddagent):
    """The port of agents on three addresses."""
    port = oddagent(SYSTEM, host="127.0.0.5").port
    for host in ("127.0.0.9", "127.0.0.200"):
        oddagent(SYSTEM, host=host, port=port)
    return port


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_agents_are_found_in_a_network(scan, three, version):
    found, counts = scan(three, "127.0.0.0/24", options=[f"snmp_version={version}",
                                                         "snmp_retries=0"])
    assert set(found) == {"127.0.0.5", "127.0.0.9", "127.0.0.200"}
    assert found["127.0.0.9"] == 'OID 1.3.6.1.4.1.318 TEXT "an-agent"'
    assert counts == (254, 3)


def test_ranges_are_scanned_one_after_the_other(scan, three):
    found, counts = scan(three, "127.0.0.1-127.0.0.6", "127.0.0.200", parallel=2)
    assert set(found) == {"127.0.0.5", "127.0.0.200"}
    assert counts == (7, 2)


def test_an_agent_behind_a_lossy_way_is_asked_again(scan, snmpd, snmprelay):
    relay = snmprelay(snmpd().port)
    relay.lose_request = lambda n: n == 0
    found, _ = scan(relay.port, "127.0.0.1", options=["snmp_version=v2c", "snmp_retries=1"])
    assert set(found) == {"127.0.0.1"}


@pytest.mark.parametrize("user", ["plain", "sha256", "shaaes"])
def test_agents_of_v3_are_found(scan, snmpd, user):
    agent = snmpd(".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.318.1\n")
    options = [line.replace(" = ", "=") for line in v3_lines(user)]
    found, counts = scan(agent.port, "127.0.0.1-127.0.0.3", options=[*options, "snmp_retries=1"])
    assert found["127.0.0.1"] == 'OID 1.3.6.1.4.1.318.1 TEXT "chestnut"'
    assert counts[0] == 3


def test_wrong_keys_are_nobody(scan, snmpd):
    options = [line.replace(" = ", "=") for line in v3_lines("sha256")]
    options = [o.replace("auth-sha256", "other-password") for o in options]
    assert scan(snmpd().port, "127.0.0.1", options=[*options, "snmp_retries=0"])[0] == {}


def test_ipv6_is_scanned(scan, snmpd):
    if not snmp.has_v6():
        pytest.skip("there is no IPv6 on this host's loopback")
    found, _ = scan(snmpd().port, "::1", options=["snmp_version=v2c"])
    assert set(found) == {"::1"}


def test_a_range_of_ipv6_is_walked_though_most_of_it_is_nowhere(scan, snmpd):
    if not snmp.has_v6():
        pytest.skip("there is no IPv6 on this host's loopback")
    found, counts = scan(snmpd().port, "::1-::4", options=["snmp_version=v2c", "snmp_retries=0"])
    assert set(found) == {"::1"}
    assert counts == (4, 1)


@pytest.mark.parametrize("text", ["127.0.0.9-127.0.0.4", "127.0.0.4-127.0.0.9"])
def test_a_range_is_given_in_either_order(scan, three, text):
    found, counts = scan(three, text)
    assert set(found) == {"127.0.0.5", "127.0.0.9"}
    assert counts == (6, 2)


@pytest.mark.parametrize("fault", ["garbage", "wrong_id", "doubled", "silent"])
def test_agents_with_faults_are_found_once_or_not_at_all(scan, oddagent, fault):
    agent = oddagent(SYSTEM, host="127.0.0.5")
    setattr(agent, fault, True)
    found, counts = scan(agent.port, "127.0.0.4-127.0.0.6",
                         options=["snmp_version=v2c", "snmp_retries=0"])
    there = 0 if fault == "silent" else 1
    assert len(found) == there and counts == (3, there)


@pytest.mark.parametrize("text", ["127.0.0.0/33", "127.0.0.1-::1", "127.0.0.256", "10.0.0.1-"])
def test_what_is_no_range_is_refused(site, text):
    try:
        result = site.run("probe-scan", 161, 1, 0, "--", text)
    except LookupError:
        pytest.skip("probe-scan is not built: configure found no net-snmp (libsnmp-dev)")
    assert result.returncode != 0 and result.stdout + result.stderr


def test_packets_are_sent_at_the_pace_that_is_asked_for(scan, three):
    start = time.monotonic()
    _, counts = scan(three, "127.0.0.1-127.0.0.100", per_second=50)
    assert counts == (100, 2)
    assert time.monotonic() - start > 1


def test_an_empty_list_ends_at_once(scan):
    assert scan(161) == ({}, (0, 0))
