"""upsmon among full disks, broken scripts and servers that say too much: it still
shuts down when it must, and what it costs the host stays bounded."""

import fcntl
import os
import signal
import subprocess
import pytest

from harness import PowerHost, family, find_build, wait_until
from harness.powerhost import QUIET
from harness.process import pid_of, rss_kib



MORE_KIB = 8 * 1024  # how much memory a bad day may cost, with room for the allocator
RUNNING_MAX = 64     # programs of NOTIFYCMD at a time


@pytest.fixture
def upsd(site):
    return site.fake_upsd({"ups": {"ups.status": "OL"}}, push=True)


@pytest.fixture
def host(site):
    return PowerHost(site, "host", site.root / "journal")


def monitor(upsd, ups="ups", role="primary", power=1):
    return f"MONITOR {ups}@{upsd.host}:{upsd.port} {power} monuser secret {role}"


def start(host, upsd, *lines):
    host.start(monitor(upsd), *lines)
    upsd.wait_received("LOGIN ups")
    return host


def shuts_down(host, upsd):
    """A low battery is still understood."""
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()


def script(host, name, text):
    path = host.site.root / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def watch_memory(host):
    """A function that fails if memory has grown by more than a bad day may cost."""
    pids = family(host.upsmon.pid)
    before = rss_kib(pids)

    def check():
        if not find_build().sanitized:  # a sanitizer keeps what was freed
            assert rss_kib(pids) < before + MORE_KIB
    return check


def offspring(host):
    """How many processes of its session there are, upsmon itself included."""
    count = 0
    for name in os.listdir("/proc"):
        try:
            count += name.isdigit() and os.getsid(int(name)) == host.upsmon.pid
        except ProcessLookupError:
            pass
    return count


# ------------------------------------------------------------------- files

def test_without_a_place_for_the_flag_it_shuts_down_all_the_same(host, upsd, site):
    flag = site.root / "nowhere" / "flag"
    start(host, upsd, f"POWERDOWNFLAG {flag}")
    shuts_down(host, upsd)
    host.upsmon.wait_log(str(flag))
    assert host.upsmon.wait() == 0


def test_with_a_full_disk_for_the_flag_it_shuts_down_all_the_same(lan, sites):
    machine = lan.machine("host")
    site = sites(machine=machine)
    upsd = machine.call(lambda: site.fake_upsd({"ups": {"ups.status": "OL"}}, push=True))
    disk = site.root / "disk"
    disk.mkdir()
    subprocess.run(machine.command(["mount", "-t", "tmpfs", "-o", "size=4k", "none", disk]),
                   check=True)
    subprocess.run(machine.command(["dd", "if=/dev/zero", f"of={disk}/fill"]),
                   check=False, stderr=subprocess.DEVNULL)
    host = PowerHost(site, "host", site.root / "journal")
    start(host, upsd, f"POWERDOWNFLAG {disk}/flag")
    shuts_down(host, upsd)
    log = host.upsmon.wait_log(f"{disk}/flag")
    assert "No space left on device" in log
    assert host.upsmon.wait() == 0


def _delete(path):
    path.unlink()


def _folder(path):
    path.unlink()
    path.mkdir()


def _fifo(path):
    path.unlink()
    os.mkfifo(path)


def _let_go(path):
    """Whoever opens it to read, and waits, finds its end."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        pass


def _garbage(path):
    path.write_bytes(bytes(range(256)) * 300 + b'"')


def _empty(path):
    path.write_text("")


@pytest.mark.parametrize("spoil", [
    _delete, _folder, _garbage, _empty, _fifo])
def test_a_configuration_spoilt_at_reload_leaves_the_old_one_in_force(host, upsd, site, spoil):
    start(host, upsd)
    spoil(site.conf / "upsmon.conf")
    os.kill(pid_of(site.pids / "upsmon.pid"), signal.SIGHUP)
    try:
        host.upsmon.wait_log("the old configuration goes on", timeout=20)
    finally:
        _let_go(site.conf / "upsmon.conf")
    assert upsd.logins("ups") == 1
    shuts_down(host, upsd)
    assert host.upsmon.wait() == 0
    # Even garbage is not answered with a log as long as it.
    assert len(host.upsmon.log()) < 40_000


# ------------------------------------------------------------------- its own log

class Logging:
    """Our suite, with an upsmon whose output goes to a file of choice."""

    name = "chestnut"

    def __init__(self, site, path):
        self._build = find_build()
        self._upsmon = site.root / "upsmon.sh"
        self._upsmon.write_text(f'#!/bin/sh\nexec {self._build.program("upsmon")} "$@" '
                                f'>{path} 2>&1\n')
        self._upsmon.chmod(0o755)

    def program(self, name):
        return self._upsmon if name == "upsmon" else self._build.program(name)

    def environment(self):
        return self._build.environment()


def test_a_log_on_a_full_disk_stops_nothing(site, upsd):
    host = PowerHost(site, "host", site.root / "journal", suite=Logging(site, "/dev/full"))
    start(host, upsd)
    shuts_down(host, upsd)


def test_a_log_that_nobody_takes_any_more_stops_nothing(site, upsd):
    """Whoever read its standard error has gone."""
    path = site.root / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    host = PowerHost(site, "host", site.root / "journal", suite=Logging(site, path))
    start(host, upsd)
    os.close(reader)
    shuts_down(host, upsd)


def test_a_log_that_nobody_reads_stops_nothing(site, upsd):
    """Whoever reads its standard error hangs, and the pipe is full."""
    path = site.root / "pipe"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
        host = PowerHost(site, "host", site.root / "journal", suite=Logging(site, path))
        start(host, upsd)
        try:
            while True:
                os.write(pipe, b"x" * 512)
        except BlockingIOError:
            pass
        upsd.set("ups", "ups.status", "OB LB")
        wait_until(host.is_down, timeout=20, what="it shuts down")
    finally:
        os.close(pipe)  # lets it go on, and end


# ------------------------------------------------------------------- scripts

def test_a_notify_command_that_floods_its_output_stops_nothing(host, upsd):
    done = host.site.root / "flooded"
    flood = script(host, "flood", "head -c 500000 /dev/zero | tr '\\0' x\n"
                                  "head -c 500000 /dev/zero | tr '\\0' y >&2\n"
                                  f"echo done >> {done}")
    start(host, upsd, f"NOTIFYCMD {flood}")
    check_memory = watch_memory(host)
    for count, status in enumerate(("OB", "OL") * 3, 1):
        upsd.set("ups", "ups.status", status)
        wait_until(lambda c=count: len(done.read_text().splitlines()) == c)
    check_memory()
    shuts_down(host, upsd)


def test_a_notify_command_that_does_not_exist_stops_nothing(host, upsd):
    start(host, upsd, "NOTIFYCMD /nonexistent/notify")
    upsd.set("ups", "ups.status", "OB")
    host.upsmon.wait_log("NOTIFYCMD")
    shuts_down(host, upsd)
    assert host.upsmon.wait() == 0


def test_a_shutdown_command_that_does_not_exist_is_told_and_is_a_failure(host, upsd):
    start(host, upsd, "SHUTDOWNCMD /nonexistent/shutdown")
    upsd.set("ups", "ups.status", "OB LB")
    assert host.upsmon.wait() == 1
    assert "SHUTDOWNCMD failed (status 127)" in host.upsmon.log()


def test_notify_commands_that_hang_are_bounded_and_stop_nothing(host, upsd):
    start(host, upsd, f"NOTIFYCMD {script(host, 'hang', 'exec sleep 1000')}")
    own = len(family(host.upsmon.pid))
    host.flip(upsd, 60)
    wait_until(lambda: offspring(host) >= own + RUNNING_MAX - 1)
    assert offspring(host) <= own + RUNNING_MAX
    shuts_down(host, upsd)


def test_programs_that_are_left_out_do_not_fill_the_log(host, upsd):
    """DEMAND: transitions are logged with a count, not each for itself."""
    start(host, upsd, f"NOTIFYCMD {script(host, 'hang', 'exec sleep 1000')}",
          "NOTIFYFLAG ONBATT EXEC", "NOTIFYFLAG ONLINE EXEC", "NOTIFYFLAG OTHER SYSLOG")
    host.flip(upsd, 400)
    assert host.upsmon.log().count("left out") <= 20


def test_a_hundred_ups_lost_at_once_are_all_told(host, site):
    """A switch has failed: more notices at once than programs may run at a time."""
    names = [f"u{i}" for i in range(100)]
    upsd = site.fake_upsd({name: {"ups.status": "OL"} for name in names}, push=True)
    told = site.root / "told"
    slow = script(host, "slow", f'echo "$UPSNAME $NOTIFYTYPE" >> {told}\nexec sleep 0.5')
    host.start(*(monitor(upsd, ups=name, role="secondary") for name in names), f"NOTIFYCMD {slow}")
    wait_until(lambda: sum(upsd.logins(name) for name in names) == 100)
    upsd.close()
    wait_until(lambda: host.upsmon.log().count("Communications with UPS") >= 100)
    wait_until(lambda: told.read_text().count("COMMBAD") == 100, timeout=20,
               what=lambda: f"100 are told; {told.read_text().count('COMMBAD')} were")


# ------------------------------------------------------------------- what a server says

def test_thousands_of_notices_a_minute_are_bounded(host, upsd):
    """A UPS that flickers: never too many programs at a time, and one line of log each."""
    start(host, upsd, f"NOTIFYCMD {script(host, 'slow', 'sleep 0.2')}")
    own = len(family(host.upsmon.pid))
    check_memory = watch_memory(host)
    flips, most = 1500, 0
    for _ in range(flips // 50):
        host.flip(upsd, 50)
        most = max(most, offspring(host))
    check_memory()
    # Each of them is a shell and its sleep.
    assert most <= own + 2 * RUNNING_MAX
    # Line, word, and what became of the words before: four notices at most.
    assert len(host.upsmon.log().splitlines()) <= 4 * flips + 100
    shuts_down(host, upsd)


@pytest.mark.parametrize("before", [
    pytest.param("a", id="before the status"), pytest.param("x", id="behind it")])
def test_a_server_with_20000_variables_costs_no_memory(host, site, before):
    """And it tells of all of them, whatever it was asked for."""
    values = {f"{before}.many.{i}": "v" * 40 for i in range(20_000)}
    upsd = site.fake_upsd({"ups": {"ups.status": "OL", **values}}, push=True)
    start(host, upsd)
    check_memory = watch_memory(host)
    for turn in range(3):
        upsd.hang_up()
        upsd.wait_received("LOGIN ups", count=turn + 2)
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT", timeout=10)
    check_memory()
    shuts_down(host, upsd)


JUNK = {"one word": "X" * 10_000, "many words": " ".join(f"W{i}" for i in range(1600)),
        "utf-8": "é" * 5000, "OLOL": "OL" * 5000}


@pytest.mark.parametrize("push", [True, False], ids=["push", "polling"])
@pytest.mark.parametrize("junk", JUNK)
def test_a_status_as_long_as_a_value_may_be_is_read(host, site, junk, push):
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}}, push=push)
    start(host, upsd)
    upsd.set("ups", "ups.status", f"OB {cut(junk, 8000)}")
    host.wait_notice("ONBATT")
    upsd.set("ups", "ups.status", f"OL {cut(junk, 8000)}")
    host.wait_notice("ONLINE")
    assert not host.is_down()
    upsd.set("ups", "ups.status", f"{cut(junk, 8000)} OB LB")
    host.wait_down()
    assert len(host.upsmon.log()) < 100_000


@pytest.mark.parametrize("size", [4000, 8000])
@pytest.mark.parametrize("junk", JUNK)
def test_unknown_words_are_told_however_many_they_are(host, upsd, junk, size):
    start(host, upsd)
    upsd.set("ups", "ups.status", f"OL {cut(junk, size)}")
    host.wait_notice("OTHER", timeout=5)


def cut(junk, size):
    return JUNK[junk].encode()[:size].decode(errors="ignore")


@pytest.mark.parametrize("push", [True, False], ids=["push", "polling"])
def test_a_status_longer_than_a_value_may_be_is_not_taken_for_the_old_one(host, site, push):
    """It cannot be read: then the UPS is lost, and that is told."""
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}}, push=push)
    start(host, upsd, "DEADTIME 3")
    upsd.set("ups", "ups.status", f"OB LB {JUNK['one word']}")
    wait_until(lambda: host.is_down() or "COMMBAD" in [kind for kind, _, _ in host.notices()],
               timeout=10, what="it goes down, or tells")


def test_thousands_of_changes_leave_no_memory_behind(host, upsd):
    """(10,000 are in tests/soak/.)"""
    start(host, upsd, *QUIET)
    host.check_changes(upsd, 2000)
    shuts_down(host, upsd)
