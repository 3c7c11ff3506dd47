"""Power failure drills with a whole house: a primary with upsd, secondaries
that reach it by addresses of their own, and programs of both suites.

Each drill says who shut down, in which order, and that nobody did by mistake.
The UPS itself is played (FakeDriver), so that it fails when the drill wants it.
"""

import contextlib
import fcntl
import os
import tempfile
import time

import pytest

from harness import PowerHost, fallen, wait_until

OURS, DEBIAN = "ours", "debian"

# upsd, primary, secondaries
CASTS = [
    (OURS, OURS, (OURS, OURS)),
    (OURS, OURS, (OURS, DEBIAN)),
    (OURS, DEBIAN, (OURS, OURS)),
    (DEBIAN, OURS, (OURS, OURS)),
]


class House:
    """One UPS or more, the primary's site with upsd, and hosts by name."""

    def __init__(self, sites, build, debian, turn):
        self._sites = sites
        self._turn = turn
        self._suites = {OURS: build, DEBIAN: debian}
        self.main = sites()
        self.journal = self.main.root / "journal"
        self.upsd = None
        self.driver = self.main.fake_driver("ups", {"ups.status": "OL", "battery.charge": "100"})
        self.hosts = {}

    def start_upsd(self, suite=OURS):
        """The server, at 127.0.0.1, .2 and .3."""
        self.main.add_user("boss", "secret", "upsmon primary")
        self.main.add_user("guest", "secret", "upsmon secondary")
        more = "".join(f"LISTEN 127.0.0.{i} {self.main.port}\n" for i in (2, 3))
        self.upsd = self.main.start_upsd(suite=self._suites[suite], conf=more)
        self.upsd.wait_for("ups", "ups.status", "OL")

    def monitor(self, role="primary", address="127.0.0.1", ups="ups", power=1):
        user = "boss" if role == "primary" else "guest"
        return f"MONITOR {ups}@{address}:{self.main.port} {power} {user} secret {role}"

    def start_host(self, name, *lines, suite=OURS):
        """upsmon of a host, watching what its MONITOR lines say."""
        if suite == DEBIAN:
            self._wait_for_turn()
        site = self.main if name == "primary" else self._sites()
        host = PowerHost(site, name, self.journal, suite=self._suites[suite])
        self.hosts[name] = host
        return host.start(*lines)

    def _wait_for_turn(self):
        """Debian's upsmon has one fixed place for its PID file, so there is one at a time."""
        path = os.path.join(tempfile.gettempdir(), f"chestnut-debian-upsmon-{os.getuid()}")
        lock = self._turn.enter_context(open(path, "w", encoding="ascii"))
        fcntl.flock(lock, fcntl.LOCK_EX)

    def start_all(self, cast, *lines):
        """upsd, the primary and its secondaries, all logged in."""
        upsd, primary, secondaries = cast
        self.start_upsd(upsd)
        self.start_host("primary", self.monitor(), *lines, suite=primary)
        for i, suite in enumerate(secondaries, 2):
            self.start_host(f"secondary{i}", self.monitor("secondary", f"127.0.0.{i}"), *lines,
                            suite=suite)
        self.wait_logins(1 + len(secondaries))

    def wait_logins(self, count, ups="ups"):
        """Waits until so many upsmons are logged in."""
        def all_in():
            with self.upsd.client() as client:
                return client.ask(f"GET NUMLOGINS {ups}") == f"NUMLOGINS {ups} {count}"
        wait_until(all_in, what=lambda: "\n".join(h.upsmon.log() for h in self.hosts.values()))

    def expect_down(self, *names):
        """These have shut down in the end, and no other."""
        for name in names:
            self.hosts[name].wait_down()
        assert sorted(fallen(self.journal)) == sorted(names)

    def expect_up(self, seconds=3):
        """Nobody goes down."""
        time.sleep(seconds)
        assert fallen(self.journal) == []
        for host in self.hosts.values():
            assert host.upsmon.running(), host.upsmon.log()

    def expect_told(self, kind):
        """Every host was told so."""
        for host in self.hosts.values():
            host.wait_notice(kind)


@pytest.fixture
def turn():
    """What a test must have for itself until its last program has ended."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def house(turn, sites, build, debian):
    return House(sites, build, debian, turn)


@pytest.mark.parametrize("cast", CASTS, ids=lambda c: f"{c[0]}-{c[1]}-{'+'.join(c[2])}")
def test_a_low_battery_takes_the_secondaries_and_then_the_primary(house, cast):
    house.start_all(cast)
    house.driver.set("ups.status", "OB DISCHRG")
    house.expect_told("ONBATT")
    assert fallen(house.journal) == []
    house.driver.set("ups.status", "OB LB DISCHRG")
    house.expect_down("primary", "secondary2", "secondary3")
    # It went because they had logged out, not because it gave them up.
    assert "sync timer expired" not in house.hosts["primary"].upsmon.log()


def test_the_primary_goes_last(house):
    """SHUTDOWNEXIT no: the secondaries stay logged in, so the order is certain."""
    house.start_upsd()
    house.start_host("primary", house.monitor())
    for i in (2, 3):
        house.start_host(f"secondary{i}", house.monitor("secondary", f"127.0.0.{i}"),
                         "SHUTDOWNEXIT no")
    house.wait_logins(3)
    house.driver.set("ups.status", "OB LB")
    house.hosts["secondary2"].wait_down()
    house.hosts["secondary3"].wait_down()
    house.hosts["primary"].wait_notice("SHUTDOWN_HOSTSYNC")
    time.sleep(1)
    assert not house.hosts["primary"].is_down()
    house.hosts["secondary2"].upsmon.stop()
    time.sleep(1)
    assert not house.hosts["primary"].is_down()
    house.hosts["secondary3"].upsmon.stop()
    house.expect_down("primary", "secondary2", "secondary3")
    assert fallen(house.journal)[-1] == "primary"


def test_a_secondary_that_hangs_is_given_up_after_hostsync(house):
    house.start_upsd()
    house.start_host("primary", house.monitor(), "HOSTSYNC 3")
    with house.upsd.client(user="guest", password="secret") as deaf:
        assert deaf.ask("LOGIN ups") == "OK"
        house.wait_logins(2)
        house.driver.set("ups.status", "OB LB")
        house.expect_down("primary")
    assert "Host sync timer expired" in house.hosts["primary"].upsmon.log()


@pytest.mark.parametrize("suite", [OURS, DEBIAN])
def test_one_supply_of_two_lost(house, suite):
    spare = house.main.fake_driver("spare", {"ups.status": "OL"})
    house.start_upsd()
    house.start_host("primary", house.monitor(), house.monitor(ups="spare"), "MINSUPPLIES 1",
                     suite=suite)
    house.wait_logins(1)
    house.wait_logins(1, "spare")
    house.driver.set("ups.status", "OB LB")
    house.expect_told("LOWBATT")
    house.expect_up()
    house.driver.set("ups.status", "OL")
    house.expect_told("ONLINE")
    spare.set("ups.status", "OB LB")
    house.hosts["primary"].wait_notice("LOWBATT", 2)
    house.expect_up()
    house.driver.set("ups.status", "OB LB")
    house.expect_down("primary")


def test_upsd_killed_on_battery(house):
    """Everybody decides for himself after DEADTIME, the secondaries after HOSTSYNC, too."""
    house.start_all(CASTS[1], "DEADTIME 4", "HOSTSYNC 4")
    house.driver.set("ups.status", "OB")
    house.expect_told("ONBATT")
    house.upsd.kill()
    house.expect_told("COMMBAD")
    house.expect_down("primary", "secondary2", "secondary3")


def test_upsd_killed_on_line_power(house):
    house.start_all(CASTS[1], "DEADTIME 1", "HOSTSYNC 1")
    house.upsd.kill()
    house.expect_told("COMMBAD")
    house.expect_up(5)
    house.upsd = house.main.restart_upsd()
    house.expect_told("COMMOK")
    house.expect_up(1)


def test_upsd_restarted_on_battery(house):
    house.start_all(CASTS[0])
    house.driver.set("ups.status", "OB")
    house.expect_told("ONBATT")
    house.upsd.kill()
    house.expect_told("COMMBAD")
    house.upsd = house.main.restart_upsd()
    house.expect_told("COMMOK")
    house.driver.set("ups.status", "OL")
    house.expect_told("ONLINE")
    house.expect_up(1)


def test_driver_killed_and_restarted(house):
    house.start_all(CASTS[1])
    house.driver.set("ups.status", "OB")
    house.expect_told("ONBATT")
    house.driver.close()
    house.expect_told("COMMBAD")
    house.driver.listen()
    house.expect_told("COMMOK")
    house.driver.set("ups.status", "OL")
    house.expect_told("ONLINE")
    house.expect_up(1)


def test_driver_killed_for_good_on_battery(house):
    house.start_all(CASTS[0], "DEADTIME 4", "HOSTSYNC 4")
    house.driver.set("ups.status", "OB")
    house.expect_told("ONBATT")
    house.driver.close()
    house.expect_down("primary", "secondary2", "secondary3")


@pytest.mark.parametrize("cast", CASTS[1:3], ids=lambda c: f"{c[1]}-{'+'.join(c[2])}")
def test_forced_by_hand_at_the_primary(house, cast):
    house.start_all(cast)
    if cast[1] == OURS:
        assert house.hosts["primary"].command("-c", "fsd").returncode == 0
    else:
        with house.upsd.client(user="boss", password="secret") as client:
            assert client.ask("FSD ups") == "OK FSD-SET"
    house.expect_down("primary", "secondary2", "secondary3")
    assert "sync timer expired" not in house.hosts["primary"].upsmon.log()


def test_forced_by_hand_at_a_secondary_takes_only_that_one(house):
    house.start_all(CASTS[1])
    assert house.hosts["secondary2"].command("-c", "fsd").returncode == 0
    house.expect_down("secondary2")
    time.sleep(2)
    assert fallen(house.journal) == ["secondary2"]
    assert house.upsd.value("ups", "ups.status") == "OL"


@pytest.mark.parametrize("cast", CASTS, ids=lambda c: f"{c[0]}-{c[1]}-{'+'.join(c[2])}")
def test_power_back_in_time(house, cast):
    house.start_all(cast)
    house.driver.set("ups.status", "OB")
    house.expect_told("ONBATT")
    house.driver.set("ups.status", "OL LB")
    house.expect_told("ONLINE")
    house.expect_up()
    assert house.upsd.value("ups", "ups.status") == "OL LB"


def test_the_same_words_are_told_as_by_debian(house):
    """Two watchers of one UPS, one of each suite: notices as one text."""
    house.start_upsd()
    lines = house.monitor("secondary"), "NOTIFYFLAG REPLBATT EXEC"
    ours = house.start_host("ours", *lines)
    theirs = house.start_host("theirs", *lines, suite=DEBIAN)
    house.wait_logins(2)
    steps = [("OB", "ONBATT"), ("OB LB", "LOWBATT"), ("OL RB", "ONLINE"), ("OL RB", "REPLBATT")]
    for status, kind in steps:
        house.driver.set("ups.status", status)
        house.expect_told(kind)
    house.driver.close()
    house.expect_told("COMMBAD")
    house.driver.listen()
    house.expect_told("COMMOK")
    house.driver.set("ups.status", "OL")
    assert sorted(ours.notices()) == sorted(theirs.notices())
