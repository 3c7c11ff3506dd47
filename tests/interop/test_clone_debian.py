"""Our clone and clone-outlet beside Debian's, on the same source; and across the suites."""

import pytest

import recorded
from drivervalues import ask, wait_values
from harness import wait_until

SAMPLE = 6
OUTLET = {"outlet.1.status": "on", "outlet.1.delay.shutdown": "30",
          "outlet.1.timer.shutdown": "-1"}
ORDERS = ("load.off = outlet.1.load.off", "load.on = outlet.1.load.on",
          "load.status = outlet.1.status")


def shown(upsd, ups):
    """The variables of a UPS that are not about its driver; none while it has no good data."""
    with upsd.client() as client:
        if not client.ask(f"LIST VAR {ups}").startswith("BEGIN"):
            return {}
        pairs = [line.split(None, 3)[2:] for line in client.until(f"END LIST VAR {ups}")]
    return {name: value for name, value in pairs if not name.startswith("driver.")}


@pytest.fixture(params=["ours", "theirs"])
def source_suite(request, build, debian):
    return build if request.param == "ours" else debian


def test_both_show_the_same_of_recorded_devices(site, shared, debian, source_suite):
    pairs = []
    for number, path in enumerate(recorded.sample(recorded.files(shared), SAMPLE)):
        site.add_dummy(f"real{number}", path, "mode = dummy-once", "pollinterval = 1")
        for driver, lines in ("clone", ()), ("clone-outlet", ["prefix = outlet.1"]):
            pair = f"{driver}-ours{number}", f"{driver}-deb{number}"
            pairs.append((f"real{number}", *pair))
            for name in pair:
                site.add_ups(name, driver, f"dummy-ups-real{number}", "pollinterval = 1", *lines)
    upsd = site.start_upsd()
    for real in {real for real, _, _ in pairs}:
        site.start_driver(real, suite=source_suite, wait=False)
    for _, ours, theirs in pairs:
        site.start_driver(ours, wait=False)
        site.start_driver(theirs, suite=debian, wait=False)
    for real, ours, theirs in pairs:
        upsd.wait_for(real, "ups.status", lambda value: not value.startswith("ERR"))
        wait_until(lambda r=real, o=ours, t=theirs: shown(upsd, r) and
                   shown(upsd, o).get("ups.status") == shown(upsd, r)["ups.status"] and
                   shown(upsd, o) == shown(upsd, t),
                   what=lambda o=ours, t=theirs:
                   f"{o}: {set(shown(upsd, o).items()) ^ set(shown(upsd, t).items())}")


class Pair:
    """The same clone of both suites, each on a fake source of its own."""

    def __init__(self, site, debian, driver, *lines):
        self.site = site
        self.fakes, self.names = [], ["ours", "theirs"]
        for name in self.names:
            fake = site.fake_driver(f"real-{name}", {"ups.status": "OL", "battery.charge": "90",
                                                     "battery.runtime": "900", **OUTLET})
            fake.commands += ["outlet.1.load.off", "outlet.1.load.on"]
            self.fakes.append(fake)
            site.add_ups(name, driver, f"dummy-ups-real-{name}", "pollinterval = 1", *lines)
        self.upsd = site.start_upsd()
        for name, suite in zip(self.names, (None, debian)):
            site.start_driver(name, suite=suite, wait=False)
        self.both("ups.status", "OL")

    def set(self, name, value):
        for fake in self.fakes:
            fake.set(name, value)

    def both(self, name, value):
        for ups in self.names:
            self.upsd.wait_for(ups, name, value)

    def ordered(self, command):
        for fake in self.fakes:
            fake.wait_received(f"INSTCMD {command}")

    def orders(self):
        """What each ordered."""
        return [[line.split()[1] for line in fake.received if line.startswith("INSTCMD")]
                for fake in self.fakes]


def test_both_power_cycle_their_outlet_alike(site, debian):
    pair = Pair(site, debian, "clone", *ORDERS, "offdelay = 2", "ondelay = 2", "mincharge = 50")
    pair.set("battery.charge", "49")
    pair.set("ups.status", "OB DISCHRG")
    pair.both("ups.status", "FSD OB DISCHRG")
    pair.ordered("outlet.1.load.off")
    pair.set("outlet.1.status", "off")
    pair.both("outlet.1.status", "off")
    # Ours says that the outlet is off; Debian's never does, and keeps FSD until the power is back.
    pair.upsd.wait_for("ours", "ups.status", "OB DISCHRG OFF")
    pair.upsd.wait_for("theirs", "ups.status", "FSD OB DISCHRG")
    pair.set("ups.status", "OL CHRG")
    pair.ordered("outlet.1.load.on")
    pair.set("outlet.1.status", "on")
    pair.both("ups.status", "OL CHRG")
    pair.both("ups.timer.start", "-1")
    assert pair.orders() == [["outlet.1.load.off", "outlet.1.load.on"]] * 2


@pytest.mark.parametrize("status, charge, runtime, fsd", [
    ("OB", "49", "900", True), ("OB", "90", "99", True), ("OB", "50", "100", False),
    ("OL", "10", "10", False), ("OB LB", "90", "900", False)])
def test_both_have_the_same_limits(site, debian, status, charge, runtime, fsd):
    # Debian's dies at the end of offdelay when it has no load.off.
    pair = Pair(site, debian, "clone", *ORDERS, "mincharge = 50", "minruntime = 100")
    pair.set("battery.charge", charge)
    pair.set("battery.runtime", runtime)
    pair.set("ups.status", status)
    pair.both("ups.status", f"FSD {status}" if fsd else status)
    pair.both("battery.runtime", runtime)


def test_both_take_the_same_settings(site, debian):
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    pair = Pair(site, debian, "clone", *ORDERS, "offdelay = 60")
    with pair.upsd.client(user="admin", password="secret") as client:
        for ups in pair.names:
            assert client.ask(f"SET VAR {ups} battery.charge.low 95") == "OK"
            assert client.ask(f"INSTCMD {ups} shutdown.stayoff") == "OK"
    pair.both("battery.charge.low", "95")
    pair.both("ups.status", "FSD OL")
    pair.both("ups.timer.start", "-1")


def test_both_outlets_tell_of_their_end_alike(site, debian):
    pair = Pair(site, debian, "clone-outlet", "prefix = outlet.1")
    for name, value, status in (
            ("outlet.1.timer.shutdown", "31", "OL"), ("outlet.1.timer.shutdown", "30", "FSD OL"),
            ("ups.status", "OB LB", "FSD OB LB"), ("outlet.1.timer.shutdown", "-1", "OB LB"),
            ("outlet.1.status", "off", "OB LB OFF"), ("ups.status", "OL", "OL OFF"),
            ("outlet.1.status", "on", "OL")):
        pair.set(name, value)
        if name != "ups.status":
            pair.both(name, value)
        pair.both("ups.status", status)


def test_orders_and_settings_reach_debians_driver(site, debian):
    site.add_dummy("real", {"ups.status": "OL", "ups.id": "old"})
    site.add_ups("clone", "clone", "dummy-ups-real")
    site.add_ups("both", "failover", "dummy-ups-none,dummy-ups-real")
    site.start_driver("real", suite=debian, wait=False)
    for ups in "clone", "both":
        site.start_driver(ups)
        wait_values(site, ups, fresh=True, ups__status="OL")
        assert ask(site, ups, f"SET ups.id {ups}") == 0
        wait_values(site, ups, ups__id=ups)
    assert ask(site, "both", "INSTCMD load.off") == 1


def test_debians_clone_follows_ours(site, debian):
    fake = site.fake_driver("real", {"ups.status": "OL", **OUTLET})
    site.add_ups("middle", "clone", "dummy-ups-real")
    site.add_ups("both", "failover", "clone-middle")
    site.add_ups("end", "clone-outlet", "failover-both", "prefix = outlet.1", "pollinterval = 1")
    upsd = site.start_upsd()
    site.start_driver("middle")
    site.start_driver("both")
    site.start_driver("end", suite=debian, wait=False)
    upsd.wait_for("end", "ups.status", "OL")
    fake.set("ups.status", "OB LB")
    upsd.wait_for("end", "ups.status", "OB LB")
    fake.close()
    upsd.wait_for("end", "ups.status", "ERR DATA-STALE")
    fake.listen()
    upsd.wait_for("end", "ups.status", "OB LB")
