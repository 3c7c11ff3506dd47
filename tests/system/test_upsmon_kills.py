"""Any one process of upsmon is killed: nothing is shut down on line power, and a
low battery still shuts down, exactly once.

How many processes there are, and what they do, is upsmon's own affair: each test
starts as many hosts as there are processes, and kills another one on each.
"""

import os
import signal
import time

import pytest

from harness import PowerHost, fallen, family, wait_until
from harness.process import is_alive, pid_of


@pytest.fixture
def upsd(site):
    server = site.fake_upsd({"ups": {"ups.status": "OL"}}, push=True)
    server.answers["GET NUMLOGINS ups"] = "NUMLOGINS ups 1"  # the hosts do not know each other
    return server


class Hosts:
    """One host for each process that upsmon consists of, and one on which all live."""

    def __init__(self, sites, upsd, *lines):
        self._sites = sites
        self._upsd = upsd
        # They wait for each other, being primaries of one UPS.
        self._lines = ("HOSTSYNC 4", *lines)
        self.journal = None
        self.all = []
        self.count = len(family(self._start("spared").upsmon.pid))
        for number in range(self.count):
            self._start(f"host{number}")

    def _start(self, name):
        site = self._sites()
        self.journal = self.journal or site.root / "journal"
        host = PowerHost(site, name, self.journal)
        host.start(f"MONITOR ups@{self._upsd.host}:{self._upsd.port} 1 monuser secret primary",
                   *self._lines)
        self.all.append(host)
        self._upsd.wait_received("PRIMARY ups", count=len(self.all))
        return host

    def victims(self):
        """Each host, with the process that is to be killed on it."""
        found = []
        for number, host in enumerate(self.all[1:]):
            members = family(host.upsmon.pid)
            assert len(members) == self.count, host.upsmon.log()
            found.append((host, members[number]))
        return found

    def kill(self):
        for host, pid in self.victims():
            print(f"{host.name}: killing {pid} of {family(host.upsmon.pid)}")
            os.kill(pid, signal.SIGKILL)

    def expect_up(self, seconds=3):
        time.sleep(seconds)
        assert fallen(self.journal) == []
        assert not any(host.flag.exists() for host in self.all)

    def expect_down_once(self):
        for host in self.all:
            host.wait_down()
        time.sleep(2)
        assert sorted(fallen(self.journal)) == sorted(host.name for host in self.all)
        assert all(host.flag.exists() for host in self.all)

    def close(self):
        """What a killed parent leaves behind ends with its host's session."""
        for host in self.all:
            host.upsmon.end_session()


@pytest.fixture
def hosts(sites, upsd):
    made = []

    def make(*lines):
        made.append(Hosts(sites, upsd, *lines))
        return made[-1]
    yield make
    for place in made:
        place.close()


def test_one_killed_on_line_power_shuts_nothing_down_and_a_low_battery_still_does(hosts, upsd):
    house = hosts()
    house.kill()
    house.expect_up()
    upsd.set("ups", "ups.status", "OB")
    for host in [house.all[0], *house.all[2:]]:  # all but the one whose first process died
        host.wait_notice("ONBATT")
    house.expect_up(seconds=1)
    upsd.set("ups", "ups.status", "OB LB")
    house.expect_down_once()


def test_one_killed_on_battery_and_a_low_battery_still_shuts_down(hosts, upsd):
    house = hosts("DEADTIME 60")
    upsd.set("ups", "ups.status", "OB")
    for host in house.all:
        host.wait_notice("ONBATT")
    house.kill()
    house.expect_up()
    upsd.set("ups", "ups.status", "OB LB")
    house.expect_down_once()


def test_one_killed_on_battery_and_power_that_returns_shuts_nothing_down(hosts, upsd):
    house = hosts("DEADTIME 3")
    upsd.set("ups", "ups.status", "OB")
    for host in house.all:
        host.wait_notice("ONBATT")
    house.kill()
    upsd.set("ups", "ups.status", "OL")
    house.expect_up(seconds=6)


def test_one_killed_on_battery_while_upsd_is_gone_shuts_down_as_after_deadtime(hosts, upsd):
    """What the killed one knew is not forgotten with it: on battery, and nobody to ask."""
    house = hosts("DEADTIME 6")
    upsd.set("ups", "ups.status", "OB")
    for host in house.all:
        host.wait_notice("ONBATT")
    upsd.close()
    for host in house.all:
        host.wait_notice("COMMBAD")
    house.kill()
    house.expect_down_once()


def test_one_killed_after_the_decision_and_it_is_carried_out(hosts, upsd):
    """They wait for a secondary that never logs out, when it happens."""
    upsd.answers["GET NUMLOGINS ups"] = "NUMLOGINS ups 99"
    house = hosts("HOSTSYNC 4")
    upsd.set("ups", "ups.status", "OB LB")
    for host in house.all:
        host.wait_notice("SHUTDOWN_HOSTSYNC")
    assert fallen(house.journal) == []
    house.kill()
    house.expect_down_once()


def test_one_that_hangs_after_the_decision_and_it_is_carried_out(hosts, upsd):
    """Any but the first, which alone may run the command."""
    upsd.answers["GET NUMLOGINS ups"] = "NUMLOGINS ups 99"
    house = hosts("HOSTSYNC 3")
    upsd.set("ups", "ups.status", "OB LB")
    for host in house.all:
        host.wait_notice("SHUTDOWN_HOSTSYNC")
    assert fallen(house.journal) == []
    stopped = [pid for host, pid in house.victims() if pid != host.upsmon.pid]
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        house.expect_down_once()
    finally:
        for pid in stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass


def test_all_but_the_first_killed_again_and_again(hosts, upsd):
    house = hosts()
    host = house.all[0]
    for _ in range(4):
        wait_until(lambda: len(family(host.upsmon.pid)) == house.count, what=host.upsmon.log)
        for pid in family(host.upsmon.pid)[1:]:
            os.kill(pid, signal.SIGKILL)
    house.expect_up()
    upsd.set("ups", "ups.status", "OB LB")
    house.expect_down_once()


def test_what_replaces_a_killed_one_obeys_commands(hosts, upsd):
    house = hosts()
    for host, pid in house.victims():
        if pid == host.upsmon.pid:
            continue
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda h=host, p=pid: len(family(h.upsmon.pid)) == house.count and
                   p not in family(h.upsmon.pid), what=host.upsmon.log)
        wait_until(lambda h=host: h.command("-c", "reload").returncode == 0)
        host.upsmon.wait_log("is in force")
        assert host.command("-c", "stop").returncode == 0
        assert host.upsmon.wait() == 0
        assert not is_alive(pid_of(host.site.pids / "upsmon.pid") or 2**22)
    assert fallen(house.journal) == []
