"""How upsd starts, refuses to start, is told things, and ends."""

import os
import pwd
import signal
import socket
import time

import pytest
from harness import LineClient, free_port, wait_until
from harness.process import is_alive, pid_of


def conf(site, text="", users=True, upses=True):
    """The three files, ready for a upsd of one UPS."""
    site.write("upsd.conf", text or f"LISTEN 127.0.0.1 {site.port}\n")
    if users:
        site.write("upsd.users", "")
    if upses:
        site.add_ups("ups", "dummy-ups", "x")


def refused(site, *args, env=None):
    """Runs a upsd that must not start; returns what it says."""
    result = site.run("upsd", "-F", *site._as_user, *args, env=env)
    assert result.returncode == 1, result
    return result.stdout + result.stderr


@pytest.mark.parametrize("missing", ["upsd.conf", "ups.conf", "upsd.users"])
def test_a_missing_file_is_named(site, missing):
    conf(site)
    (site.conf / missing).unlink()
    text = refused(site)
    assert f"{missing}: cannot be read: No such file or directory" in text


@pytest.mark.parametrize("file", ["upsd.conf", "ups.conf"])
def test_a_pipe_whose_writer_falls_silent_is_named(site, file):
    conf(site)
    (site.conf / file).unlink()
    os.mkfifo(site.conf / file)
    pipe = os.open(site.conf / file, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(pipe, b"MAXAGE 1")
        text = refused(site)
    finally:
        os.close(pipe)
    assert text.count(f"{file}: cannot be read: it is a pipe, and who writes into it "
                      "falls silent before its end\n") == 1


def test_without_a_ups_it_does_not_start_unless_told(site):
    conf(site, upses=False)
    site.write("ups.conf", "")
    assert "at least one UPS must be defined in ups.conf" in refused(site)
    site.start_upsd(conf="ALLOW_NO_DEVICE yes\n").stop()
    upsd = site.start_upsd(env={"ALLOW_NO_DEVICE": "true"})
    with upsd.client() as client:
        assert client.list("UPS") == []


def test_a_port_in_use_is_a_reason_not_to_start(site):
    conf(site)
    with socket.create_server(("127.0.0.1", site.port)):
        assert f"not listening on 127.0.0.1 port {site.port}: Address already in use" in \
            refused(site)
        other = free_port()
        site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\nLISTEN 127.0.0.1 {other}\n"
                                "ALLOW_NOT_ALL_LISTENERS yes\n")
        upsd = site.restart_upsd(wait=False)
        upsd.port = other
        upsd.wait_ready()


def test_an_address_that_is_not_here_is_tried_again(site):
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd(conf=f"LISTEN 192.0.2.77 {site.port}\n")
    log = upsd.wait_log("Startup successful")
    assert "not listening on 192.0.2.77" in log and "trying again" in log


def test_a_name_and_an_asterisk_can_be_listened_on(site):
    conf(site, f"LISTEN localhost {site.port}\nLISTEN * {free_port()}\n")
    upsd = site.restart_upsd(wait=False)
    upsd.wait_log(f"listening on localhost port {site.port}")
    upsd.wait_log("listening on 0.0.0.0 port")
    upsd.wait_log("Startup successful")
    wait_until(lambda: LineClient(("localhost", site.port)).ask("NETVER") == "1.3")


@pytest.mark.parametrize("lines", [
    ("localhost", "127.0.0.1", "::1"), ("127.0.0.1", "localhost"), ("::1", "localhost"),
    ("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("*", "localhost", "::1"),
    ("0.0.0.0", "::0", "127.0.0.1", "::1"), ("::", "::0", "0:0:0:0:0:0:0:0")],
    ids=" ".join)
def test_addresses_may_be_written_twice(site, lines):
    """One listener does for localhost and 127.0.0.1, or for an address and all of them."""
    conf(site, "".join(f"LISTEN {host} {site.port}\n" for host in lines))
    upsd = site.restart_upsd(wait=False)
    log = upsd.wait_log("Startup successful")
    assert "not listening" not in log
    for host in lines:
        address = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "::0": "::1",
                   "0:0:0:0:0:0:0:0": "::1"}.get(host, host)
        with LineClient((address, site.port)) as client:
            assert client.ask("NETVER") == "1.3"


def test_an_address_that_shall_be_safer_than_all_is_no_part_of_them(site):
    conf(site, f"LISTEN 0.0.0.0 {site.port}\nLISTEN 127.0.0.1 {site.port} tls-required\n")
    assert f"not listening on 127.0.0.1 port {site.port}: Address already in use" in refused(site)


def test_only_one_address_family_is_used_when_asked(site):
    conf(site, f"LISTEN * {site.port}\n")
    log = site.restart_upsd("-4").wait_log("Startup successful")
    assert "listening on 0.0.0.0" in log and "listening on ::" not in log


def test_mistakes_in_the_files_do_not_keep_it_from_starting(site):
    site.add_ups("ups", "dummy-ups", "x")
    site.add_ups("broken", "dummy-ups", "x")
    site.write("ups.conf", (site.conf / "ups.conf").read_text() + "[none]\n")
    upsd = site.start_upsd(conf="MAXAGE soon\nMAXAEG 3\n")
    log = upsd.wait_log("Startup successful")
    assert "upsd.conf:2: " in log and "upsd.conf:3: " in log and "MAXAGE" in log
    assert "UPS [none] has no \"driver = ...\"" in log
    with upsd.client() as client:
        assert len(client.list("UPS")) == 2


def test_a_name_that_clients_cannot_read_is_warned_of(site):
    conf(site, upses=False)
    site.add_ups("büro", "dummy-ups", "x")
    result = site.run("upsd", "-t")
    assert "ups.conf:1: many clients cannot read the name [büro]" in result.stdout
    assert result.returncode == 0


def test_the_background_start_ends_when_clients_are_served(site):
    conf(site)
    result = site.run("upsd", *site._as_user)
    assert result.returncode == 0, result.stderr
    pid = pid_of(site.pids / "upsd.pid")
    with LineClient(("127.0.0.1", site.port)) as client:
        assert client.ask("NETVER") == "1.3"
    second = site.run("upsd", *site._as_user)
    assert second.returncode == 1
    assert "Fatal error: A previous upsd instance is already running!" in second.stdout
    assert site.run("upsd", "-c", "reload").returncode == 0
    assert site.run("upsd", "-c", "stop").returncode == 0
    wait_until(lambda: not is_alive(pid), what="upsd ends")
    assert not (site.pids / "upsd.pid").exists()
    nobody = site.run("upsd", "-c", "stop")
    assert nobody.returncode == 1 and "is it running?" in nobody.stderr


def test_the_background_start_fails_when_upsd_does(site):
    conf(site)
    with socket.create_server(("127.0.0.1", site.port)):
        assert site.run("upsd", *site._as_user).returncode == 1
    assert not (site.pids / "upsd.pid").exists()


def test_a_pid_file_of_nobody_is_no_obstacle(site):
    conf(site)
    (site.pids / "upsd.pid").write_text("999999999\n")
    upsd = site.restart_upsd("-F")
    wait_until(lambda: pid_of(site.pids / "upsd.pid") == upsd.pid)
    assert site.run("upsd", "-c", "stop", "-P", upsd.pid).returncode == 0
    assert upsd.wait() == 0
    assert not (site.pids / "upsd.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_signals_end_it_with_status_0(site, number):
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd()
    upsd.signal(number)
    assert upsd.wait() == 0


def test_options_that_only_print(site):
    version = site.run("upsd", "-V")
    assert version.returncode == 0 and version.stdout.startswith("Network UPS Tools upsd ")
    for args in (["-h"], ["--no-such-option"], ["extra"]):
        result = site.run("upsd", *args)
        assert result.returncode == 0 and "usage: upsd" in result.stdout
    assert "SSL support" in site.run("upsd", "-Dh").stdout
    for option in ("-i", "-p"):
        result = site.run("upsd", option, "1")
        assert result.returncode == 1 and "no longer supported" in result.stderr
    assert site.run("upsd", "-c", "dance").returncode == 1


def test_the_check_names_file_line_and_mend(site):
    conf(site, "LISTEN 127.0.0.1 99999\nMAXAGE = 3\n")
    site.write("ups.conf", "[a]\ndriver = dummy-ups\n[b]\ndriver = dumy-ups\nport = x\n")
    site.write("upsd.users", "[u]\npassword = x\nupsmon leader\n")
    drivers = site.root / "drivers"
    drivers.mkdir()
    (drivers / "dummy-ups").write_text("")
    (drivers / "dummy-ups").chmod(0o755)
    result = site.run("upsd", "-t", env={"NUT_DRIVERPATH": str(drivers)})
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    for part in ("upsd.conf:1: the port of LISTEN", "upsd.conf:2: ", "; leave the = out",
                 "ups.conf:1: UPS [a] has no \"port", "ups.conf:3: driver \"dumy-ups\"",
                 "did you mean \"dummy-ups\"?", "upsd.users:3: unknown upsmon role"):
        assert any(part in line for line in lines), (part, lines)
    assert lines[-1].startswith("4 errors, 1 warning in ")


def test_the_check_of_good_files_ends_with_0(site):
    conf(site)
    result = site.run("upsd", "-t")
    assert result.returncode == 0, result.stdout
    assert result.stdout.splitlines()[-1].startswith("0 errors, ")


def test_the_check_looks_where_ups_conf_says_that_drivers_are(site):
    conf(site)
    drivers = site.root / "drivers"
    drivers.mkdir()
    (drivers / "own-ups").write_text("")
    (drivers / "own-ups").chmod(0o755)
    site.write("ups.conf", f"driverpath = {drivers}\n[a]\ndriver = own-ups\nport = x\n")
    assert "own-ups" not in site.run("upsd", "-t", env={"NUT_DRIVERPATH": ""}).stdout
    assert f"not found in {site.root}\n" in site.run(
        "upsd", "-t", env={"NUT_DRIVERPATH": str(site.root)}).stdout.replace("; see", "\n; see")


def test_a_missing_state_directory_is_no_reason_to_end(site):
    site.add_ups("ups", "dummy-ups", "x")
    site.state.rmdir()
    upsd = site.start_upsd()
    upsd.wait_log("Can't chdir to")
    assert upsd.value("ups", "ups.status") == "ERR DRIVER-NOT-CONNECTED"
    site.state.mkdir()
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd.wait_for("ups", "ups.status", "OL")


def test_a_supervisor_is_told_what_happens(site):
    path = site.root / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        path.chmod(0o777)
        heard.settimeout(60)
        conf(site)
        upsd = site.restart_upsd(wait=False, env={"NOTIFY_SOCKET": str(path),
                                                  "WATCHDOG_USEC": "400000"})
        assert heard.recv(1000) == b"READY=1"
        assert heard.recv(1000) == b"WATCHDOG=1"

        def hear(start):
            wait_until(lambda: heard.recv(1000).startswith(start))
        upsd.signal(signal.SIGHUP)
        hear(b"RELOADING=1\nMONOTONIC_USEC=")
        hear(b"READY=1")
        upsd.signal(signal.SIGTERM)
        hear(b"STOPPING=1")
        assert upsd.wait() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_started_by_root_it_becomes_the_user(site):
    nobody = pwd.getpwnam("nobody")
    conf(site)
    for path in site.conf.iterdir():
        os.chown(path, -1, nobody.pw_gid)
    upsd = site.restart_upsd("-u", "nobody")
    upsd.wait_log("Startup successful")
    with open(f"/proc/{upsd.pid}/status", encoding="ascii") as status:
        ids = {line.split()[0]: line.split()[1:] for line in status
               if line.startswith(("Uid:", "Gid:", "Groups:"))}
    assert set(ids["Uid:"]) == {str(nobody.pw_uid)}
    assert set(ids["Gid:"]) == {str(nobody.pw_gid)}
    assert "0" not in ids["Groups:"]
    os.chown(site.conf / "upsd.conf", 0, 0)
    upsd.signal(signal.SIGHUP)
    upsd.wait_log("configuration reloaded")
    with upsd.client() as client:
        assert client.ask("NETVER") == "1.3"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_user_that_does_not_exist_is_named(site):
    conf(site)
    result = site.run("upsd", "-F", "-u", "no-such-user")
    assert result.returncode == 1 and "user \"no-such-user\" does not exist" in result.stderr


def test_the_idle_server_does_nothing_but_wait(site):
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd()
    before = _cpu_ticks(upsd.pid)
    time.sleep(2)
    assert _cpu_ticks(upsd.pid) - before < 20  # of 200; a busy loop takes nearly all


def _cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
