"""What upsmon tells of itself: status, rehearsed notifications, rehearsed outages, checks."""

import json
import os
import re
import stat
import time

import pytest

from harness import PowerHost, wait_until


@pytest.fixture
def upsd(site):
    return site.fake_upsd({"ups": {"ups.status": "OL", "battery.charge": "87"},
                           "two": {"ups.status": "OL"}}, push=True)


@pytest.fixture
def host(site):
    return PowerHost(site, "host", site.root / "journal")


def line(upsd, ups="ups", role="primary", power=1):
    return f"MONITOR {ups}@{upsd.host}:{upsd.port} {power} monuser secret {role}"


def start(host, upsd, *lines, **options):
    host.start(line(upsd), *lines, **options)
    upsd.wait_received("PRIMARY ups")
    return host


def status(host):
    result = host.command("-c", "status", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_status_shows_every_ups_and_what_comes_next(host, upsd):
    start(host, upsd, line(upsd, "two", "secondary"), "OBDURATION 1000", "MINSUPPLIES 2")
    wait_until(lambda: status(host)["ups"][0]["status"] == ["OL"])
    before = status(host)
    assert [ups["role"] for ups in before["ups"]] == ["primary", "secondary"]
    assert before["ups"][0]["charge"] == 87
    assert before["next"] is None
    upsd.set("ups", "ups.status", "OB DISCHRG")
    host.wait_notice("ONBATT")
    told = status(host)
    assert told["ups"][0]["status"] == ["OB", "DISCHRG"]
    assert told["ups"][0]["critical"] is False
    assert 900 < told["next"]["in_s"] <= 1000
    assert "OBDURATION" in told["next"]["what"] and "shuts down" in told["next"]["what"]
    text = host.command("-c", "status").stdout
    assert "[OB DISCHRG]" in text
    assert re.search(r"next: in (9\d\d|1000)\.\d s: UPS ups@", text), text


def test_the_socket_is_for_the_group_and_goes_with_upsmon(host, upsd, site):
    start(host, upsd)
    path = site.pids / "upsmon.sock"
    wait_until(path.exists)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    assert host.command("-c", "stop").returncode == 0
    assert host.upsmon.wait() == 0
    assert not path.exists()
    result = host.command("-c", "status")
    assert result.returncode == 1
    assert "does upsmon run" in result.stderr


def test_the_old_short_command_still_stops(host, upsd):
    start(host, upsd)
    assert host.command("-c", "s").returncode == 0
    assert host.upsmon.wait() == 0


def test_a_notification_can_be_rehearsed(host, upsd):
    start(host, upsd)
    result = host.command("-c", "test-event", "LOWBATT")
    assert result.returncode == 0, result.stdout + result.stderr
    name = f"ups@{upsd.host}:{upsd.port}"
    assert host.wait_notice("LOWBATT") == ("LOWBATT", name, f"UPS {name} battery is low")
    assert host.command("-c", "test-event", "NONSENSE").returncode == 1
    assert host.command("-c", "test-event", "ONBATT", "no@such").returncode == 1
    assert host.command("-c", "test-event").returncode == 1
    time.sleep(1)
    assert not host.is_down()


def test_a_rehearsed_outage_shuts_nothing_down(host, upsd):
    host.write_conf(line(upsd), "OBDURATION 120", "FINALDELAY 5")
    result = host.command("--rehearse")
    assert result.returncode == 0, result.stderr
    assert "  2:10.0  why: shutdown" in result.stdout
    assert "shut down 2 min 5 s after the failure, with 90 % left" in result.stdout
    assert not host.is_down() and not host.flag.exists()
    short = host.command("--rehearse", "--outage", "60")
    assert short.returncode == 0 and "this host stayed up" in short.stdout


def test_a_rehearsal_tells_of_a_battery_that_will_be_empty(host, upsd):
    host.write_conf(line(upsd), "MINSUPPLIES 0", "POLLFREQ 5")
    result = host.command("--rehearse", "--battery", "300")
    assert result.returncode == 1
    assert "EMPTY" in result.stdout


def test_the_check_finds_all_and_starts_nothing(host, upsd):
    host.write_conf(line(upsd), f"OBCHARGE 120\nOBDURATION 5 nobody@here\nWAKEONLAN 12:34\n")
    result = host.command("-t")
    assert result.returncode == 1
    for part in ("OBCHARGE", "nobody@here", "WAKEONLAN"):
        assert part in result.stderr
    host.write_conf(line(upsd))
    result = host.command("-t")
    assert result.returncode == 0, result.stderr
    assert "is fine" in result.stdout


def test_boot_is_held_until_the_battery_is_charged(host, upsd, site):
    upsd.set("ups", "battery.charge", "12")
    host.write_conf(line(upsd), "BOOTCHARGE 40")
    held = site.start("upsmon", "--hold", label="hold")
    held.wait_log("its battery has 12 % of 40 %")
    assert held.running()
    upsd.set("ups", "battery.charge", "41")
    assert held.wait() == 0
    assert "going on" in held.log()
    assert not host.is_down()


def test_boot_is_held_no_longer_than_said(host, upsd, site):
    upsd.set("ups", "battery.charge", "12")
    host.write_conf(line(upsd), "BOOTCHARGE 40 2")
    held = site.start("upsmon", "--hold", label="hold")
    assert held.wait() == 1
    assert "2 s are over" in held.log()


def test_without_bootcharge_nothing_is_waited_for(host, upsd):
    host.write_conf(line(upsd))
    assert host.command("--hold").returncode == 0


def test_a_rehearsal_goes_on_until_others_are_woken(host, upsd):
    host.write_conf(line(upsd), "WAKESTABLE 1000", "WAKEONLAN 52:54:00:00:00:01 127.0.0.1 60")
    result = host.command("--rehearse", "--outage", "120")
    assert result.returncode == 0, result.stderr
    assert "a magic packet wakes 52:54:00:00:00:01" in result.stdout


def test_a_rehearsal_tells_the_weakest_battery(host, upsd):
    host.write_conf(line(upsd), line(upsd, "two"), "MINSUPPLIES 2", "OBDURATION 240")
    result = host.command("--rehearse", "--only", f"two@{upsd.host}:{upsd.port}")
    assert "after the failure, with 80 % left" in result.stdout, result.stdout
