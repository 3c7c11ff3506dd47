"""Power failure drills over real addresses: each machine is a network namespace
with an address, a cable and processes of its own (harness.netns, harness.rack).

Here a cable can be cut, a switch can lose packets in silence, and a machine can
die without a last word.  The drills of test_drills.py are those that need none
of this; docs/upsmon-safety.md says what is expected and why.
"""

import time

import pytest

from harness import DEBIAN, OURS, Rack

MAGIC = "upsmon-shutdown-file"
SECONDARIES = ("web", "mail", "disk")
CUTS = [("cut_link", "restore_link"), ("drop_packets", "pass_packets")]


@pytest.fixture
def rack(lan, sites, build):
    return Rack(lan, sites, {OURS: build})


@pytest.fixture
def mixed_rack(lan, sites, build, debian):
    """A rack whose programs may be Debian's, too."""
    return Rack(lan, sites, {OURS: build, DEBIAN: debian})


def hold_primary(server):
    """A login that never ends: the primary waits for it, until HOSTSYNC."""
    client = server.upsd.client(user="guest", password="secret")
    assert client.ask("LOGIN ups") == "OK"
    return client


def wait_forced(rack, server):
    """The primary has forced the shutdown, and waits."""
    rack.expect_told("FSD", "primary")
    rack.expect_told("SHUTDOWN_HOSTSYNC", "primary")
    assert server.upsd.value("ups", "ups.status").startswith("FSD ")
    assert "primary" not in rack.fallen()


# ------------------------------------------------------------------- the usual way

@pytest.mark.parametrize("cast", [
    {},
    {"secondaries": (OURS, DEBIAN, OURS)},
    {"primary": DEBIAN},
], ids=["ours", "one of Debian's", "Debian's primary"])
def test_a_low_battery_takes_the_secondaries_and_then_the_primary(mixed_rack, cast):
    rack = mixed_rack
    server = rack.start_all(**cast)
    server.set_status("OB DISCHRG")
    rack.expect_told("ONBATT")
    assert rack.fallen() == []
    server.set_status("OB LB DISCHRG")
    # Debian's logs out as soon as it has decided, so only ours are sure to be down by then.
    is_sure = DEBIAN not in cast.get("secondaries", ())
    rack.expect_down(*SECONDARIES, *["primary"] * (not is_sure), last="primary" if is_sure else None)
    assert "sync timer expired" not in rack.hosts["primary"].upsmon.log()
    assert all(host.flag.read_text() == MAGIC for host in rack.hosts.values())


def test_a_slow_network_changes_nothing_but_the_time(rack):
    """0.6 s from question to answer."""
    server = rack.start_all("DEADTIME 10", delay_s=0.3)
    server.set_status("OB")
    rack.expect_told("ONBATT")
    server.set_status("OL")
    rack.expect_told("ONLINE")
    rack.expect_up(seconds=1)
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, last="primary")
    assert "sync timer expired" not in rack.hosts["primary"].upsmon.log()


def test_power_that_is_back_after_the_forced_shutdown_stops_nobody(rack):
    server = rack.start_all("HOSTSYNC 5")
    with hold_primary(server):
        server.set_status("OB LB")
        wait_forced(rack, server)
        server.set_status("OL")
        server.upsd.wait_for("ups", "ups.status", "FSD OL")
        rack.expect_down(*SECONDARIES, last="primary")
    assert all(host.flag.read_text() == MAGIC for host in rack.hosts.values())


def test_after_the_outage_all_start_again_and_the_flags_are_gone(rack):
    server = rack.start_all()
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, last="primary")
    for host in rack.hosts.values():
        assert host.upsmon.wait() == 0
        assert host.flag.exists()
    server.set_status("OL LB CHRG")
    server.restart_upsd()
    for name in rack.hosts:
        rack.start(name, server.monitor(role="primary" if name == "primary" else "secondary"))
    rack.wait_logins(server, 4)
    time.sleep(2)
    assert len(rack.fallen()) == 4
    for host in rack.hosts.values():
        assert host.upsmon.running()
        assert not host.flag.exists()


# ------------------------------------------------------------------- cables and switches

@pytest.mark.parametrize("cut,restore", CUTS)
def test_a_secondary_cut_off_on_battery_decides_by_itself(rack, cut, restore):
    """The others go in good order; the primary gives the lost one up after HOSTSYNC."""
    server = rack.start_all("DEADTIME 4", "HOSTSYNC 4")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    getattr(rack.machines["web"], cut)()
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, "primary")
    order = rack.fallen()
    assert order.index("primary") > max(order.index("mail"), order.index("disk"))
    rack.hosts["primary"].upsmon.wait_log("sync timer expired")
    assert "LB assumed" in rack.hosts["web"].upsmon.log()
    getattr(rack.machines["web"], restore)()


@pytest.mark.parametrize("cut,restore", CUTS)
def test_a_secondary_cut_off_on_line_power_goes_on(rack, cut, restore):
    """Longer than DEADTIME and HOSTSYNC together; then it belongs to the house again."""
    server = rack.start_all("DEADTIME 2", "HOSTSYNC 2")
    getattr(rack.machines["web"], cut)()
    rack.expect_told("COMMBAD", "web")
    rack.expect_up(seconds=5)
    getattr(rack.machines["web"], restore)()
    rack.expect_told("COMMOK", "web")
    rack.wait_logins(server, 4)
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, last="primary")


@pytest.mark.parametrize("cut,restore", CUTS)
def test_a_cable_that_is_back_within_deadtime_costs_nothing(rack, cut, restore):
    server = rack.start_all("DEADTIME 30", "HOSTSYNC 2")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    getattr(rack.machines["web"], cut)()
    # Silence alone is noticed no sooner than what counts as dead, 10 s.
    if cut == "cut_link":
        rack.expect_told("COMMBAD", "web")
    else:
        time.sleep(3)
    server.set_status("OL")
    rack.expect_told("ONLINE", "primary", "mail", "disk")
    getattr(rack.machines["web"], restore)()
    rack.expect_told("ONLINE", "web")
    rack.expect_up()


def test_a_switch_that_dies_on_battery_takes_all_down(rack):
    """Nobody hears anybody, but the primary its own upsd."""
    server = rack.start_all("DEADTIME 3", "HOSTSYNC 3")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    rack.machines["primary"].drop_packets()
    rack.expect_down(*SECONDARIES)
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, last="primary")


# ------------------------------------------------------------------- upsd and its machine

def test_upsd_restarted_on_battery(rack):
    server = rack.start_all()
    server.set_status("OB")
    rack.expect_told("ONBATT")
    server.restart_upsd()
    rack.expect_told("COMMOK")
    rack.wait_logins(server, 4)
    assert rack.fallen() == []
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, last="primary")


def test_upsd_killed_between_the_forced_shutdown_and_its_end(rack):
    server = rack.start_all("DEADTIME 4", "HOSTSYNC 5")
    with hold_primary(server):
        server.set_status("OB LB")
        wait_forced(rack, server)
        server.upsd.kill()
        rack.expect_down(*SECONDARIES, last="primary")


def test_upsd_restarted_between_the_forced_shutdown_and_its_end(rack):
    server = rack.start_all("DEADTIME 4", "HOSTSYNC 5")
    with hold_primary(server):
        server.set_status("OB LB")
        wait_forced(rack, server)
        server.restart_upsd()
        rack.expect_down(*SECONDARIES, last="primary")


def test_a_secondary_that_missed_the_forced_shutdown_hears_of_it_from_a_new_upsd(mixed_rack):
    """It was cut off when FSD was set; then upsd is restarted, and the power returns.  The primary
    goes down all the same, and has the UPS switched off: so all must.  (One that polls: to a
    subscriber the kernel still delivers what the old upsd said.)"""
    rack = mixed_rack
    server = rack.start_all("DEADTIME 60", "HOSTSYNC 15", secondaries=(DEBIAN,))
    server.set_status("OB")
    rack.expect_told("ONBATT")
    rack.machines["web"].drop_packets()
    server.set_status("OB LB")
    wait_forced(rack, server)
    server.set_status("OL")
    server.restart_upsd()
    rack.machines["web"].pass_packets()
    rack.hosts["primary"].wait_down()
    rack.hosts["web"].wait_down(timeout=10)


def test_a_secondary_at_work_is_waited_for_though_upsd_is_new(rack):
    """Its shutdown takes its time, it is still logged in; a new upsd does not know it yet."""
    server = rack.start_all("HOSTSYNC 30", secondaries=())
    web = rack.host("web", server.monitor(), f'SHUTDOWNCMD "echo web >> {rack.journal}"')
    rack.wait_logins(server, 2)
    server.set_status("OB LB")
    web.wait_down()
    rack.expect_told("SHUTDOWN_HOSTSYNC", "primary")
    rack.machines["web"].drop_packets()
    server.restart_upsd()
    time.sleep(2)
    rack.machines["web"].pass_packets()
    time.sleep(2)
    assert rack.fallen() == ["web"]
    web.upsmon.stop()
    rack.expect_down("web", last="primary")


def test_the_primarys_machine_dies_on_battery(rack):
    server = rack.start_all("DEADTIME 4", "HOSTSYNC 3")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    rack.machines["primary"].power_off()
    rack.expect_down(*SECONDARIES)


def test_the_primarys_machine_dies_on_line_power_and_comes_back(rack):
    server = rack.start_all("DEADTIME 2", "HOSTSYNC 2")
    rack.machines["primary"].power_off()
    rack.expect_told("COMMBAD", *SECONDARIES)
    rack.expect_up(*SECONDARIES, seconds=5)
    rack.machines["primary"].power_on()
    server.start_upsd()
    rack.start("primary", server.monitor(role="primary"))
    rack.expect_told("COMMOK", *SECONDARIES)
    rack.wait_logins(server, 4)
    rack.expect_up()


# ------------------------------------------------------------------- two supplies

def test_one_of_two_feeds_lost_with_its_machine(rack):
    """Each feed has a server of its own; a third machine lives on both."""
    left, right = (rack.server(name).start_upsd() for name in ("left", "right"))
    for name, server in (("left", left), ("right", right)):
        rack.host(name, server.monitor(role="primary"))
    rack.host("db", left.monitor(), right.monitor(), "MINSUPPLIES 1", "DEADTIME 3", "HOSTSYNC 3")
    rack.wait_logins(left, 2)
    rack.wait_logins(right, 2)
    left.set_status("OB")
    rack.expect_told("ONBATT", "left", "db")
    rack.machines["left"].power_off()
    rack.hosts["db"].upsmon.wait_log("LB assumed")
    rack.expect_up("right", "db")
    right.set_status("OB LB")
    rack.expect_down("db", last="right")


# ------------------------------------------------------------------- upsmon stands still

@pytest.mark.parametrize("seconds", [7, 16])
@pytest.mark.parametrize("restart", [False, True], ids=["same upsd", "upsd restarted"])
def test_a_pause_of_upsmon_on_battery_with_the_power_back_shuts_nothing_down(rack, seconds, restart):
    """7 s are less than what counts as sleep, 16 s are more."""
    server = rack.start_all("DEADTIME 5", "HOSTSYNC 5")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    with rack.paused():
        server.set_status("OL")
        if restart:
            server.restart_upsd()
        time.sleep(seconds)
    rack.expect_up(seconds=4)
    rack.wait_logins(server, 4)
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, last="primary")


def test_a_pause_of_upsmon_that_ends_on_a_low_battery_still_shuts_down(rack):
    server = rack.start_all("DEADTIME 5", "HOSTSYNC 5")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    with rack.paused():
        server.set_status("OB LB")
        time.sleep(16)
    rack.expect_down(*SECONDARIES, last="primary")


def test_a_pause_of_the_primary_alone_leaves_the_secondaries_to_hostsync(rack):
    """Nobody forces the shutdown: the secondaries wait for HOSTSYNC, and go."""
    server = rack.start_all("DEADTIME 5", "HOSTSYNC 3")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    with rack.paused("primary"):
        server.set_status("OB LB")
        rack.expect_down(*SECONDARIES)
    rack.expect_down(*SECONDARIES, last="primary")
