"""upsmon as a daemon: its start, its signals, its parent, its scripts."""

import os
import pathlib
import signal
import socket
import time

import pytest

from harness import PowerHost, family, wait_until
from harness.process import is_alive, pid_of


@pytest.fixture
def upsd(site):
    return site.fake_upsd({"ups": {"ups.status": "OL"}, "two": {"ups.status": "OL"}}, push=True)


@pytest.fixture
def host(site, upsd):
    return PowerHost(site, "host", site.root / "journal")


def line(upsd, ups="ups", password="secret", role="secondary", power=1):
    return f"MONITOR {ups}@{upsd.host}:{upsd.port} {power} monuser {password} {role}"


def start(host, upsd, *lines, **options):
    host.start(*(lines or [line(upsd)]), **options)
    upsd.wait_received("LOGIN ups")
    return host


def child(host):
    """The pid of the unprivileged process."""
    return wait_until(lambda: pid_of(host.site.pids / "upsmon.pid"))


def test_the_scripts_get_text_type_and_ups(host, upsd):
    start(host, upsd, line(upsd), 'NOTIFYMSG ONBATT "lights out: %s $HOME `id`"')
    upsd.set("ups", "ups.status", "OB")
    name = f"ups@{upsd.host}:{upsd.port}"
    assert host.wait_notice("ONBATT") == ("ONBATT", name, f"lights out: {name} $HOME `id`")


def test_a_notify_command_in_one_string_gets_its_words(host, upsd, site):
    script = site.root / "said.sh"
    script.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >> {site.root}/said\n')
    script.chmod(0o755)
    start(host, upsd, line(upsd), f'NOTIFYCMD "{script} -x now"')
    upsd.set("ups", "ups.status", "OB")
    wait_until(lambda: "-x|now|UPS ups@" in (site.root / "said").read_text())


def test_a_notify_command_that_never_ends_stops_nothing(host, upsd, site):
    script = site.root / "slow.sh"
    script.write_text("#!/bin/sh\nexec sleep 1000\n")
    script.chmod(0o755)
    start(host, upsd, line(upsd), f"NOTIFYCMD {script}")
    for status in ("OB", "OL", "OB", "FSD OB LB"):
        upsd.set("ups", "ups.status", status)
    host.wait_down()
    assert host.upsmon.wait() == 0


def test_a_second_upsmon_is_refused(host, upsd):
    start(host, upsd)
    child(host)
    result = host.command("-F")
    assert result.returncode == 1
    assert "A previous upsmon instance is already running!" in result.stdout


def test_stop_ends_all_with_0(host, upsd):
    start(host, upsd)
    pid = child(host)
    result = host.command("-c", "stop")
    assert result.returncode == 0, result.stderr
    assert host.upsmon.wait() == 0
    assert not is_alive(pid)
    wait_until(lambda: upsd.logins("ups") == 0)
    assert host.command("-c", "stop").returncode == 1


def test_commands_may_be_shortened_and_sent_to_a_pid(host, upsd):
    start(host, upsd)
    assert host.command("-c", "r", "-P", child(host)).returncode == 0
    host.upsmon.wait_log("is in force")
    assert host.command("-c", "nonsense").returncode == 1
    assert host.command("-c", "stop", "-P", "1").returncode == 1
    assert host.command("-c", "s", "-P", child(host)).returncode == 0
    assert host.upsmon.wait() == 0


def test_a_reload_takes_the_new_and_drops_the_old(host, upsd):
    start(host, upsd, line(upsd), line(upsd, ups="two"))
    upsd.wait_received("LOGIN two")
    host.write_conf(line(upsd, password="other"), "POLLFREQ 2")
    assert host.command("-c", "reload").returncode == 0
    host.upsmon.wait_log("No longer monitoring UPS [two@")
    upsd.wait_received("PASSWORD other")
    wait_until(lambda: upsd.logins("two") == 0 and upsd.logins("ups") == 1)
    upsd.set("ups", "ups.status", "FSD OL")
    host.wait_down()


def test_a_reload_with_mistakes_tells_them_all_and_changes_nothing(host, upsd):
    start(host, upsd)
    host.write_conf("MONITOR ups", "DEADTIME long", "MINSUPPLIES 4")
    assert host.command("-c", "reload").returncode == 0
    log = host.upsmon.wait_log("the old configuration goes on")
    assert "upsmon.conf:" in log
    assert "MONITOR wants five words" in log and "DEADTIME is \"long\"" in log
    wait_until(lambda: upsd.logins("ups") == 1)
    upsd.set("ups", "ups.status", "FSD OL")
    host.wait_down()


def test_a_start_with_mistakes_tells_them_all_and_ends(host, upsd):
    host.start("MONITOR ups", "DEADTIME long", line(upsd), "FORCESSL 1")
    assert host.upsmon.wait() == 1
    log = host.upsmon.log()
    assert "MONITOR wants five words" in log and "DEADTIME is \"long\"" in log
    assert "secret" not in log


def test_too_little_power_is_refused(host, upsd):
    host.start(line(upsd), "MINSUPPLIES 2")
    assert host.upsmon.wait() == 1
    assert "insufficient power configured" in host.upsmon.log()


def test_no_configuration_ends_with_1(host):
    result = host.command("-F")
    assert result.returncode == 1
    assert "upsmon.conf" in result.stderr


def test_the_background_start_returns_when_it_watches(host, upsd, site):
    host.write_conf(line(upsd))
    result = host.command()
    assert result.returncode == 0, result.stderr
    pid = child(host)
    assert is_alive(pid)
    upsd.wait_received("LOGIN ups")
    assert host.command("-c", "stop").returncode == 0
    wait_until(lambda: not is_alive(pid))


def test_a_background_start_that_fails_says_so(host, upsd):
    host.write_conf("MONITOR ups")
    result = host.command()
    assert result.returncode == 1
    assert "MONITOR wants five words" in result.stderr


def test_a_killed_parent_is_told_and_watching_goes_on(host, upsd):
    start(host, upsd)
    pid = child(host)
    assert pid != host.upsmon.pid
    host.upsmon.kill()
    assert host.wait_notice("NOPARENT")[2] == "upsmon parent process died - shutdown impossible"
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_alive(pid))


def test_a_killed_child_is_followed_by_another(host, upsd):
    """It goes on where the first has ended: nobody is told twice."""
    start(host, upsd)
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    time.sleep(0.5)  # until that is kept
    first = child(host)
    os.kill(first, signal.SIGKILL)
    upsd.wait_received("LOGIN ups", count=2)
    assert child(host) != first
    assert "ended by signal 9" in host.upsmon.log()
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_notice("LOWBATT")
    upsd.set("ups", "ups.status", "FSD OB LB")
    host.wait_down()
    assert host.upsmon.wait() == 0
    assert [kind for kind, _, _ in host.notices()].count("ONBATT") == 1


def test_the_classic_layout_is_a_parent_and_one_child(host, upsd):
    """SANDBOX no: scripts are run by the process that talks to the server."""
    start(host, upsd, line(upsd).replace(upsd.host, "localhost"), "SANDBOX no")
    wait_until(lambda: len(family(host.upsmon.pid)) >= 2)
    members = [path.read_text().strip() for path in
               (pathlib.Path(f"/proc/{pid}/comm") for pid in family(host.upsmon.pid))]
    assert "upsmon-notify" not in members
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    assert host.command("-c", "status").returncode == 0
    os.kill(child(host), signal.SIGKILL)
    upsd.wait_received("LOGIN ups", count=2)
    upsd.set("ups", "ups.status", "FSD OB LB")
    host.wait_down()
    assert host.upsmon.wait() == 0


def test_a_decision_survives_the_child(host, upsd):
    """Killed while it waits for a secondary; the parent keeps to what was decided."""
    host.start(line(upsd, role="primary"), "HOSTSYNC 1", "FINALDELAY 0")
    upsd.wait_received("PRIMARY ups")
    upsd.answers["GET NUMLOGINS ups"] = None
    upsd.set("ups", "ups.status", "OB LB")
    upsd.wait_received("FSD ups")
    os.kill(child(host), signal.SIGKILL)
    host.wait_down()
    assert host.upsmon.wait() == 0
    assert "upsmon has died" in host.upsmon.log()


def test_the_supervisor_is_told(host, upsd, site):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(site.root / "notify"))
        supervisor.settimeout(60)
        start(host, upsd, env={"NOTIFY_SOCKET": str(site.root / "notify")})
        assert supervisor.recv(100) == b"READY=1"
        host.command("-c", "reload")
        assert supervisor.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert supervisor.recv(100) == b"READY=1"
        host.command("-c", "stop")
        assert supervisor.recv(100) == b"STOPPING=1"


def test_the_supervisor_does_not_limit_the_shutdown_command(host, upsd, site):
    """systemd would kill it TimeoutStopSec after a STOPPING=1, however long it needs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(site.root / "notify"))
        supervisor.settimeout(60)
        start(host, upsd, line(upsd), "SHUTDOWNEXIT no",
              env={"NOTIFY_SOCKET": str(site.root / "notify")})
        assert supervisor.recv(100) == b"READY=1"
        upsd.set("ups", "ups.status", "FSD OB LB")
        host.wait_down()
        supervisor.setblocking(False)
        with pytest.raises(BlockingIOError):
            supervisor.recv(100)


def test_a_refused_login_says_what_is_wrong(host, upsd):
    upsd.answers["LOGIN"] = "ERR ACCESS-DENIED"
    host.start(line(upsd))
    host.upsmon.wait_log("failed - got [ERR ACCESS-DENIED]")
    assert "secret" not in host.upsmon.log()


def test_an_unknown_ups_is_told_and_found_when_it_comes(host, upsd):
    host.start(line(upsd, ups="late"))
    host.wait_notice("COMMBAD")
    upsd.upses["late"] = {"ups.status": "OB"}
    host.wait_notice("ONBATT")


def test_an_alarm_is_told_with_its_text(host, upsd):
    start(host, upsd)
    upsd.upses["ups"]["ups.alarm"] = "Fan failure!"
    upsd.set("ups", "ups.alarm", "Fan failure!")
    upsd.set("ups", "ups.status", "ALARM OL")
    assert "[Fan failure!]" in host.wait_notice("ALARM")[2]
    upsd.set("ups", "ups.status", "OL")
    host.wait_notice("NOTALARM")


def test_help_and_version(host):
    result = host.command("-h")
    assert result.returncode == 0
    assert "usage: upsmon [OPTIONS]" in result.stdout
    assert host.command("-Dh").stdout.count("Using NUT libupsclient library version") == 1
    assert host.command("-V").stdout.startswith("Network UPS Tools upsmon")
