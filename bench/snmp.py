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
    """A relay that knows when requests passed."""

    def __init__(self, port):
        self.times = []
        super().__init__(port)

    def _from_client(self):
        self.times.append(time.monotonic())
        super()._from_client()

    def readings(self):
        """The requests' times, one list for each reading; the first is the start."""
        found = []
        for moment in list(self.times):
            if not found or moment - found[-1][-1] > PAUSE_S:
                found.append([])
            found[-1].append(moment)
        return found


def _cpu_ms(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e6


@contextlib.contextmanager
def _driver(suite, data, mib):
    site = Site()
    agent = snmp.Snmpd(site.root / "snmpd", data).start()
    relay = _Watch(agent.port)
    relay.delay = DELAY_S
    try:
        theirs = suite if isinstance(suite, debian_nut.DebianNut) else None
        yield relay, snmppair.SnmpUps(site, agent, f"mibs = {mib}", "pollfreq = 1",
                                      f"pollinterval = {POLL_S}", suite=theirs, port=relay.port,
                                      version="v2c")
    finally:
        for process in site.processes:
            process.stop()
        relay.close()
        agent.stop()
        site.close()


def _costs(suite, data, mib):
    """Packets at the start; packets, milliseconds, milliseconds of CPU of a reading; values."""
    with _driver(suite, data, mib) as (relay, ups):
        wait_until(lambda: len(relay.readings()) >= 3, timeout=90)
        cpu, first = _cpu_ms(ups.process.pid), len(relay.readings())
        wait_until(lambda: len(relay.readings()) >= first + READINGS, timeout=300)
        cpu = (_cpu_ms(ups.process.pid) - cpu) / READINGS
        all_of_them = relay.readings()
        whole = all_of_them[first - 1:first - 1 + READINGS]
        # The last answer is there one way and back after its request.
        spans = [r[-1] - r[0] + 2 * DELAY_S for r in whole]
        return (len(all_of_them[0]), sum(map(len, whole)) / READINGS,
                sum(spans) / READINGS * 1e3, cpu, len(ups.dump().values))


def _pdu():
    """A PDU with a hundred variables: nine of a socket."""
    return snmppair.agent_data("raritan-px2", counts={"outlet-template": 10})


def run(bench, print_value):
    if not find_shared():
        return
    for label, data, mib in (("RFC 1628", snmppair.agent_data("ietf"), "ietf"),
                             ("a PDU", _pdu(), "raritan-px2")):
        costs = {name: _costs(suite, data, mib) for name, suite in bench.suites.items()}
        for name, (start, packets, span_ms, cpu_ms, values) in costs.items():
            ratio = f" ({packets / costs['Debian'][1]:.2f} of Debian's)" \
                if name == "ours" and "Debian" in costs else ""
            print_value(f"SNMP: {label}", name,
                        f"{values} values; start {start} packets; a reading {packets:.1f} "
                        f"packets{ratio}, {span_ms:.0f} ms, {cpu_ms:.2f} ms of CPU")
