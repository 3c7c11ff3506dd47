"""What runs before the shutdown, who is woken after it, and limits of the administrator's own."""

import os
import pathlib
import signal
import socket
import time

import pytest

from harness import PowerHost, fallen, wait_until


@pytest.fixture
def upsd(site):
    return site.fake_upsd({"ups": {"ups.status": "OL", "battery.charge": "100",
                                   "battery.runtime": "1200"}}, push=True)


@pytest.fixture
def host(site):
    return PowerHost(site, "host", site.root / "journal")


@pytest.fixture
def hooks(site):
    """A folder, and a function that puts a script into it."""
    folder = site.root / "hooks"
    folder.mkdir(mode=0o755)

    def add(name, text, mode=0o755):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(mode)
        return path
    add.folder = folder
    yield add
    # A hook that the shutdown did not wait for goes on until the machine is off: here, until now.
    for cmdline in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in cmdline.read_bytes():
                os.killpg(int(cmdline.parent.name), signal.SIGKILL)
        except OSError:
            pass


def start(host, upsd, *lines):
    host.start(f"MONITOR ups@{upsd.host}:{upsd.port} 1 monuser secret primary", *lines)
    upsd.wait_received("PRIMARY ups")
    return host


def test_hooks_run_before_the_command_in_their_order(host, upsd, hooks):
    hooks("20-second", f"echo second >> {host.journal}")
    hooks("10-first", f"sleep 0.3; echo first >> {host.journal}")
    hooks("30-foreign", f"echo foreign >> {host.journal}", mode=0o777)
    hooks("README.txt", f"echo readme >> {host.journal}")
    start(host, upsd, f"SHUTDOWNHOOKS {hooks.folder}")
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()
    assert fallen(host.journal) == ["first", "second", "host"]
    assert "30-foreign is left out" in host.upsmon.log()


def test_a_hook_that_hangs_is_ended_and_the_shutdown_goes_on(host, upsd, hooks):
    hooks("10-hangs", f"trap '' TERM; echo hangs >> {host.journal}; sleep 1000")
    hooks("20-next", f"echo next >> {host.journal}")
    start(host, upsd, f"SHUTDOWNHOOKS {hooks.folder} 1 30")
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()
    assert fallen(host.journal) == ["hangs", "next", "host"]
    assert "has used up its time" in host.upsmon.log()


def test_hooks_never_delay_past_the_battery(host, upsd, hooks):
    """25 s are left, 20 of them are for the system's own shutdown."""
    hooks("10-long", f"echo long >> {host.journal}; sleep 1000")
    upsd.set("ups", "battery.runtime", "24")
    start(host, upsd, f"SHUTDOWNHOOKS {hooks.folder} 600 900")
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down(timeout=40)
    assert fallen(host.journal) == ["long", "host"]


def test_a_battery_that_falls_faster_than_it_said_cuts_hooks_short(host, upsd, hooks):
    hooks("10-long", f"echo long >> {host.journal}; sleep 1000")
    start(host, upsd, f"SHUTDOWNHOOKS {hooks.folder} 600 900")
    upsd.set("ups", "ups.status", "OB LB")
    wait_until(lambda: fallen(host.journal) == ["long"], what=host.upsmon.log)
    upsd.set("ups", "battery.runtime", "20")
    host.wait_down(timeout=30)


@pytest.mark.parametrize("limit, change", [
    ("OBDURATION 2", ("ups.status", "OB DISCHRG")),
    ("OBCHARGE 30", ("battery.charge", "30")),
    ("OBRUNTIME 300", ("battery.runtime", "299")),
], ids=["time", "charge", "runtime"])
def test_a_limit_of_ones_own_shuts_down_before_the_battery_says_low(host, upsd, limit, change):
    start(host, upsd, limit)
    time.sleep(1)
    assert not host.is_down()
    upsd.set("ups", "ups.status", "OB DISCHRG")
    host.wait_notice("ONBATT")
    upsd.set("ups", *change)
    host.wait_down()
    assert limit.split()[0] in host.upsmon.log()
    assert "FSD ups" in upsd.received


def test_a_limit_is_armed_anew_when_power_returns(host, upsd):
    start(host, upsd, "OBDURATION 4")
    for _ in range(3):
        upsd.set("ups", "ups.status", "OB")
        time.sleep(2)
        upsd.set("ups", "ups.status", "OL")
        time.sleep(0.3)
    assert not host.is_down(), host.upsmon.log()
    upsd.set("ups", "ups.status", "OB")
    host.wait_down()


def test_others_are_woken_in_stages_when_power_is_back_and_stable(host, upsd):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(30)
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        start(host, upsd, f"WAKEONLAN 52:54:00:00:00:02 {where} 2",
              f"WAKEONLAN 52:54:00:00:00:01 {where}", "WAKESTABLE 1")
        got = [listener.recv(1500) for _ in range(2)]  # it has just started
        for number, packet in zip((1, 2), got):
            assert packet == b"\xff" * 6 + bytes((0x52, 0x54, 0, 0, 0, number)) * 16
        upsd.set("ups", "ups.status", "OB")
        host.wait_notice("ONBATT")
        upsd.set("ups", "ups.status", "OL")
        first = listener.recv(1500)
        assert first.endswith(b"\x01")
        assert listener.recv(1500).endswith(b"\x02")
