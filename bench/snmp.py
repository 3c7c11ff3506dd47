"""The cases of bench/run for snmp-ups, ours and Debian's, on the same agent.

Debian's snmpd serves the variables behind a relay that adds 10 ms in each
direction and notes when a request passes.  The requests of a reading follow
each other closely, and readings lie POLL_S apart: so a pause ends one.  What
comes before the first pause is the start.  Ten readings have one that reads
the settings again (semistaticfreq).
"""

import contextlib
import time

import snmppair
from harness import Site, debian_nut, find_shared, snmp, wait_until

DELAY_S, POLL_S, PAUSE_S, READINGS = 0.010, 3, 1.5, 10


class _Watch(snmp.Relay):
    """A relay that knows when requests passed, and how many variables they were for."""

    def __init__(self, port):
        self.seen = []
        super().__init__(port)

    def _put(self, send, data):
        if send == self._up.send:
            self.seen.append((time.monotonic(), len(snmp.Message(data).names)))
        super()._put(send, data)

    def readings(self):
        """The requests, one list for each reading; the first is the start."""
        found = []
        for moment, names in list(self.seen):
            if not found or moment - found[-1][-1][0] > PAUSE_S:
                found.append([])
            found[-1].append((moment, names))
        return found


def _cpu_ms(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e6


@contextlib.contextmanager
def _driver(suite, data, mib, version):
    site = Site()
    agent = snmp.Snmpd(site.root / "snmpd", data).start()
    relay = _Watch(agent.port)
    relay.delay = DELAY_S
    try:
        theirs = suite if isinstance(suite, debian_nut.DebianNut) else None
        yield relay, snmppair.SnmpUps(site, agent, f"mibs = {mib}", "pollfreq = 1",
                                      f"pollinterval = {POLL_S}", suite=theirs, port=relay.port,
                                      version=version)
    finally:
        for process in site.processes:
            process.stop()
        relay.close()
        agent.stop()
        site.close()


class _Costs:
    """Of a driver on an agent: the means of READINGS readings, and the start's packets."""

    def __init__(self, suite, data, mib, version):
        with _driver(suite, data, mib, version) as (relay, ups):
            wait_until(lambda: len(relay.readings()) >= 3, timeout=90)
            cpu, first = _cpu_ms(ups.process.pid), len(relay.readings())
            wait_until(lambda: len(relay.readings()) >= first + READINGS, timeout=300)
            self.cpu_ms = (_cpu_ms(ups.process.pid) - cpu) / READINGS
            readings = relay.readings()
            self.values = len(ups.dump().values)
        whole = readings[first - 1:first - 1 + READINGS]
        self.start = len(readings[0])
        self.packets = sum(map(len, whole)) / READINGS
        self.variables = sum(names for r in whole for _, names in r) / READINGS
        # The last answer is there one way and back after its request.
        self.span_ms = sum(r[-1][0] - r[0][0] + 2 * DELAY_S for r in whole) / READINGS * 1e3

    def ratio(self, other):
        """Packets for a variable that is read, ours to theirs."""
        return (self.packets / self.variables) / (other.packets / other.variables)

    def __str__(self):
        return (f"{self.values} values; start {self.start} packets; a reading: "
                f"{self.variables:.0f} variables in {self.packets:.1f} packets, "
                f"{self.span_ms:.0f} ms, {self.cpu_ms:.2f} ms of CPU")


def _pdu():
    """A PDU with a hundred variables: nine of a socket."""
    return snmppair.agent_data("raritan-px2", counts={"outlet-template": 10})


def run(bench, print_value):
    if not find_shared():
        return
    cases = ("RFC 1628", snmppair.agent_data("ietf"), "ietf"), ("a PDU", _pdu(), "raritan-px2")
    for label, data, mib in cases:
        for version in ("v1", "v2c"):
            costs = {name: _Costs(suite, data, mib, version)
                     for name, suite in bench.suites.items()}
            for name, cost in costs.items():
                ratio = f"; {cost.ratio(costs['Debian']):.2f} of Debian's packets a variable" \
                    if name == "ours" and "Debian" in costs else ""
                print_value(f"SNMP {version}: {label}", name, f"{cost}{ratio}")
