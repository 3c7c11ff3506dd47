"""What upsmon must bear for longer than the fast lane has time for."""

import time

import pytest

from harness import OURS, PowerHost, Rack
from harness.powerhost import QUIET

SECONDARIES = ("web", "mail", "disk")


@pytest.fixture
def rack(lan, sites, build):
    return Rack(lan, sites, {OURS: build})


@pytest.mark.parametrize("restart", [False, True], ids=["same upsd", "upsd restarted"])
def test_a_pause_of_a_minute_on_battery_with_the_power_back_shuts_nothing_down(rack, restart):
    """DEADTIME and HOSTSYNC as they are by default."""
    server = rack.start_all("DEADTIME 15", "HOSTSYNC 15")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    with rack.paused():
        server.set_status("OL")
        time.sleep(30)
        if restart:
            server.restart_upsd()
        time.sleep(30)
    rack.expect_up(seconds=40)
    rack.wait_logins(server, 4)
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, last="primary")


def test_a_pause_of_a_minute_that_ends_on_a_low_battery_still_shuts_down(rack):
    server = rack.start_all("DEADTIME 15", "HOSTSYNC 15")
    server.set_status("OB")
    rack.expect_told("ONBATT")
    with rack.paused():
        server.set_status("OB LB")
        time.sleep(60)
    rack.expect_down(*SECONDARIES, last="primary")


def test_a_network_that_loses_every_fifth_packet_costs_nobody_anything(rack):
    server = rack.start_all("DEADTIME 30", "HOSTSYNC 60", delay_s=0.02, loss=0.2)
    for _ in range(3):
        server.set_status("OB")
        time.sleep(15)
        server.set_status("OL")
        rack.expect_up(seconds=15)
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, last="primary")


def test_links_that_come_and_go_on_line_power_shut_nothing_down(rack):
    server = rack.start_all("DEADTIME 2", "HOSTSYNC 2")
    for turn in range(12):
        machine = rack.machines[SECONDARIES[turn % 3]]
        if turn % 2:
            machine.cut_link()
        else:
            machine.drop_packets()
        rack.expect_up(seconds=turn)
        machine.restore_link()
        machine.pass_packets()
    rack.wait_logins(server, 4)
    server.set_status("OB LB")
    rack.expect_down(*SECONDARIES, "primary")  # HOSTSYNC is short here, so in any order


def test_ten_thousand_changes_leave_no_memory_behind(site):
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}}, push=True)
    host = PowerHost(site, "host", site.root / "journal")
    host.start(f"MONITOR ups@{upsd.host}:{upsd.port} 1 monuser secret primary", *QUIET)
    upsd.wait_received("LOGIN ups")
    host.check_changes(upsd, 10_000)
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()
