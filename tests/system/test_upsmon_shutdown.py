"""upsmon with a played upsd: who shuts down, when, and who does not."""

import os
import socket
import time

import pytest

from harness import PowerHost, fallen, wait_until

MAGIC = "upsmon-shutdown-file"


@pytest.fixture
def host(site):
    return PowerHost(site, "host", site.root / "journal")


@pytest.fixture(params=["push", "polling"])
def upsd(request, site):
    """A server that offers push, and one that does not."""
    return site.fake_upsd({"ups": {"ups.status": "OL"}}, push=request.param == "push")


def monitor(upsd, power=1, role="primary", ups="ups"):
    return f"MONITOR {ups}@{upsd.host}:{upsd.port} {power} monuser secret {role}"


def watch(host, upsd, *lines, role="primary", **options):
    """Starts upsmon and waits until it has logged in."""
    host.start(monitor(upsd, role=role), *lines, **options)
    upsd.wait_received("LOGIN ups")
    return host


def stays_up(host, seconds=3):
    """Nothing happened, and nothing happens for a while."""
    time.sleep(seconds)
    assert not host.is_down(), host.upsmon.log()
    assert host.upsmon.running(), host.upsmon.log()


def test_a_primary_on_a_low_battery_forces_all_down_and_goes(host, upsd):
    watch(host, upsd)
    upsd.wait_received("PRIMARY ups")
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    assert not host.is_down()
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()
    assert "FSD ups" in upsd.received
    assert host.upsmon.wait() == 0
    assert host.flag.read_text() == MAGIC
    name = f"ups@{upsd.host}:{upsd.port}"
    told = {kind: text for kind, _, text in host.notices()}
    host.wait_notice("SHUTDOWN")
    assert told["ONBATT"] == f"UPS {name} on battery"
    wait_until(lambda: "Auto logout and shutdown proceeding" in
               [text for _, _, text in host.notices()])
    assert "why: " in host.upsmon.log() or "MINSUPPLIES is 1" in host.upsmon.log()


def test_power_that_comes_back_in_time_shuts_nothing_down(host, upsd):
    watch(host, upsd)
    upsd.set("ups", "ups.status", "OB DISCHRG")
    host.wait_notice("ONBATT")
    upsd.set("ups", "ups.status", "OL CHRG")
    host.wait_notice("ONLINE")
    stays_up(host, 2)
    assert not host.flag.exists()
    assert "FSD ups" not in upsd.received


def test_a_secondary_goes_down_on_fsd_and_forces_nobody(host, upsd):
    watch(host, upsd, role="secondary")
    upsd.set("ups", "ups.status", "FSD OL")
    host.wait_down()
    assert host.upsmon.wait() == 0
    assert "FSD ups" not in upsd.received


def test_a_secondary_logs_out_only_when_its_command_runs(host, upsd, site):
    watch(host, upsd, f'SHUTDOWNCMD "echo host >> {host.journal}; sleep 5"', "SHUTDOWNEXIT no",
          role="secondary")
    upsd.set("ups", "ups.status", "FSD OL")
    host.wait_down()
    assert upsd.logins("ups") == 1
    assert host.upsmon.running()
    host.command("-c", "stop")
    wait_until(lambda: upsd.logins("ups") == 0)


def test_upsd_that_dies_on_battery_counts_as_low_after_deadtime(host, upsd):
    watch(host, upsd, "DEADTIME 3", "HOSTSYNC 3", role="secondary")
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    upsd.close()
    host.wait_notice("COMMBAD")
    host.wait_down()
    assert "LB assumed" in host.upsmon.log()


def test_upsd_that_dies_on_line_shuts_nothing_down(host, upsd):
    watch(host, upsd, "DEADTIME 1", "HOSTSYNC 1")
    upsd.close()
    host.wait_notice("COMMBAD")
    stays_up(host, 4)
    upsd.listen()
    host.wait_notice("COMMOK")


def test_stale_data_on_battery_count_as_low_after_deadtime(host, upsd):
    watch(host, upsd, "DEADTIME 2", role="primary")
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    upsd.set_error("ups", "DATA-STALE")
    host.wait_notice("COMMBAD")
    host.wait_down()


def test_a_server_that_never_answers_delays_no_other(host, site):
    """MINSUPPLIES 2, so that the silent one, which counts as healthy, saves nobody."""
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}}, push=True)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        host.start(f"MONITOR dead@127.0.0.1:{silent.getsockname()[1]} 1 u p secondary",
                   monitor(upsd, role="secondary"), "MINSUPPLIES 2")
        upsd.wait_received("LOGIN ups")
        upsd.set("ups", "ups.status", "FSD OB LB")
        host.wait_down()


def test_a_server_that_hangs_on_battery_is_lost(host, upsd):
    watch(host, upsd, "DEADTIME 3", "HOSTSYNC 3", role="secondary")
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    upsd.answers = {verb: None for verb in ("GET", "PING", "LIST", "VER", "NETVER", "USERNAME",
                                            "LOGIN", "SUBSCRIBE", "PROTVER")}
    host.wait_down()


def test_told_to_stop_while_the_server_is_lost_it_shuts_nothing_down(host, upsd):
    watch(host, upsd, "DEADTIME 60")
    upsd.set("ups", "ups.status", "ALARM OB BYPASS")
    host.wait_notice("ONBATT")
    upsd.close()
    host.wait_notice("COMMBAD")
    assert host.upsmon.stop() == 0
    assert not host.is_down()
    assert not host.flag.exists()


@pytest.mark.parametrize("nonsense", [
    b"\x00\xff\x01" * 3000 + b"\n", b'VAR ups ups.status "FSD OB LB\n', b"x" * 300000 + b"\n",
    b"\n" * 1000, b"OK\n" * 500, b"EVENT VAR ups ups.status \"FSD OB LB\"\n",
    b"VAR ups ups.load \"FSD OB LB\"\n",
    b"VAR ups ups.status\n", b"ERR\nERR\nERR\n", b"BEGIN LIST VAR ups\n",
], ids=["bytes", "quote", "long", "empty", "many", "event", "other", "short", "errors", "list"])
def test_a_server_that_talks_nonsense_shuts_nothing_down(host, site, nonsense):
    bad = site.fake_upsd({"ups": {"ups.status": "OL"}})
    good = site.fake_upsd({"good": {"ups.status": "OL"}}, push=True)
    bad.answers["GET"] = nonsense
    host.start(monitor(bad), monitor(good, ups="good"), "MINSUPPLIES 2", "DEADTIME 1")
    good.wait_received("LOGIN good")
    bad.wait_received("GET")
    stays_up(host, 1)
    good.set("good", "ups.status", "OB")
    host.wait_notice("ONBATT")
    assert not host.is_down()


def test_one_of_two_supplies_is_enough(host, site):
    upsd = site.fake_upsd({"a": {"ups.status": "OL"}, "b": {"ups.status": "OL"}}, push=True)
    host.start(monitor(upsd, ups="a"), monitor(upsd, ups="b"), "MINSUPPLIES 1")
    upsd.wait_received("LOGIN", count=2)
    upsd.set("a", "ups.status", "OB LB")
    host.wait_notice("LOWBATT")
    stays_up(host, 2)
    upsd.set("b", "ups.status", "OB LB")
    host.wait_down()
    assert {"FSD a", "FSD b"} <= set(upsd.received)


def test_a_ups_that_feeds_nothing_shuts_nothing_down(host, site):
    upsd = site.fake_upsd({"a": {"ups.status": "OL"}, "b": {"ups.status": "OL"}}, push=True)
    host.start(monitor(upsd, ups="a", power=0, role="secondary"), monitor(upsd, ups="b"))
    upsd.wait_received("LOGIN", count=2)
    upsd.set("a", "ups.status", "FSD OB LB")
    host.wait_notice("LOWBATT")
    stays_up(host, 2)


def test_fsd_by_hand(host, upsd):
    watch(host, upsd)
    upsd.wait_received("PRIMARY ups")
    result = host.command("-c", "fsd")
    assert result.returncode == 0, result.stderr
    host.wait_down()
    assert "FSD ups" in upsd.received


def test_the_last_script_can_see_the_flag(host, upsd):
    assert host.start(monitor(upsd))
    upsd.wait_received("LOGIN ups")
    assert host.command("-K").returncode == 1
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()
    assert host.upsmon.wait() == 0
    assert host.command("-K").returncode == 0
    host.flag.write_text("something else")
    assert host.command("-K").returncode == 1


def test_an_old_flag_is_removed_and_a_foreign_file_is_not(host, upsd):
    host.flag.write_text(MAGIC)
    watch(host, upsd)
    assert not host.flag.exists()
    host.upsmon.stop()
    host.flag.write_text("precious")
    host.start(monitor(upsd))
    upsd.wait_received("LOGIN ups", count=2)
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()
    assert host.upsmon.wait() == 0
    assert host.flag.read_text() == "precious"
    assert "disabling" in host.upsmon.log()


def test_a_command_that_fails_is_reported(host, upsd):
    watch(host, upsd, f'SHUTDOWNCMD "echo host >> {host.journal}; exit 3"', role="secondary")
    upsd.set("ups", "ups.status", "FSD OL")
    host.wait_down()
    assert host.upsmon.wait() == 1
    assert "SHUTDOWNCMD failed (status 3)" in host.upsmon.log()


def test_one_big_process_does_the_same(host, upsd):
    watch(host, upsd, args=["-p"])
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()
    assert host.upsmon.wait() == 0
    assert host.flag.read_text() == MAGIC


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give up root")
def test_root_only_runs_the_command(site, upsd):
    host = PowerHost(site, "host", site.root / "journal")
    site.root.chmod(0o777)
    site.conf.chmod(0o755)
    host.write_conf(monitor(upsd), f'SHUTDOWNCMD "id -un >> {host.journal}"', "RUN_AS_USER nobody",
                    "NOTIFYCMD " + str(_whoami(site)))
    (site.conf / "upsmon.conf").chmod(0o644)
    host.upsmon = site.start("upsmon", "-F")
    upsd.wait_received("LOGIN ups")
    upsd.set("ups", "ups.status", "OB LB")
    wait_until(lambda: fallen(host.journal) == ["root"], what=host.upsmon.log)
    wait_until(lambda: (site.root / "whoami").read_text().startswith("nobody"))


def _whoami(site):
    script = site.root / "whoami.sh"
    script.write_text(f"#!/bin/sh\nid -un >> {site.root}/whoami\n")
    script.chmod(0o755)
    return script
