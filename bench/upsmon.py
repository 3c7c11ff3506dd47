"""The cases of bench/run for upsmon: how soon it acts, and what many UPSes cost it.

Reaction: one upsd with one played driver, upsmon as its primary; from the
driver's `OB LB` to the first instruction of SHUTDOWNCMD, FINALDELAY 0.

Crowd: one upsmon that watches UPSES UPSes on SERVERS upsds (with bench/drivers)
as a secondary, POLLFREQ 5.
"""

import contextlib
import os
import random
import resource
import signal
import subprocess
import time

from harness import Site
from harness.process import family, pid_of

SERVERS, UPSES, NOTICES = 50, 1000, 9
KINDS = ("ONLINE", "ONBATT", "LOWBATT", "FSD", "COMMOK", "COMMBAD", "SHUTDOWN", "REPLBATT",
         "NOCOMM", "NOPARENT")
# Nobody's terminal is written to.
QUIET = [f"NOTIFYFLAG {kind} SYSLOG" for kind in KINDS]
LIMIT_S = 60


class Failed(Exception):
    """What was measured did not come; the text says what."""


def _wait(condition, what, limit_s=LIMIT_S):
    end = time.monotonic() + limit_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {limit_s} s")
        time.sleep(0.002)


def _marks(path):
    try:
        return [int(line) for line in path.read_text().split()]
    except FileNotFoundError:
        return []


def _conf(site, lines):
    site.write("upsmon.conf", "".join(f"{line}\n" for line in [
        "FINALDELAY 0", f"POWERDOWNFLAG {site.root}/flag", f"RUN_AS_USER {site.user}", *QUIET,
        *lines]))


def _start(site, suite):
    return site.start("upsmon", "-F", "-u", site.user, suite=suite)


# -------------------------------------------------------------------- reaction

def _react_ms(bench, upsd_suite, upsmon_suite, poll_s):
    with contextlib.closing(Site(upsd_suite)) as site:
        mark = site.root / "mark"
        driver = site.fake_driver("ups", {"ups.status": "OL"})
        site.add_user("boss", "secret", "upsmon primary")
        upsd = site.start_upsd()
        upsd.wait_for("ups", "ups.status", "OL")
        _conf(site, [f"POLLFREQ {poll_s}", f"POLLFREQALERT {poll_s}",
                     f"MONITOR ups@127.0.0.1:{site.port} 1 boss secret primary",
                     f'SHUTDOWNCMD "{bench.tool("mark")} {mark}"'])
        _start(site, upsmon_suite)
        with upsd.client() as client:
            _wait(lambda: client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1", "upsmon logs in")
        if upsmon_suite is not bench.build:
            time.sleep(6)  # Debian's sleeps for 5 s before it polls for the second time
        time.sleep(random.random() * poll_s)
        begin = time.monotonic_ns()
        driver.set("ups.status", "OB LB")
        return (_wait(lambda: _marks(mark), "SHUTDOWNCMD runs")[0] - begin) / 1e6


def reaction(bench, out):
    """Rows of median, 95 % and slowest."""
    poll_s = 1
    ways = [(upsd, upsmon) for upsmon in bench.suites for upsd in bench.suites]
    for upsd, upsmon in ways:
        name = f"OB LB to SHUTDOWNCMD, {upsd} upsd"
        push = upsd == upsmon == "ours"
        runs = bench.options.runs
        try:
            times = sorted(_react_ms(bench, bench.suites[upsd], bench.suites[upsmon], poll_s)
                           for _ in range(runs))
        except (Failed, AssertionError) as e:
            out(name, upsmon, f"failed: {e}")
            continue
        how = "pushed" if push else f"polled each {poll_s} s"
        out(name, upsmon, f"median {times[runs // 2]:.1f} ms, 95 % {times[runs * 95 // 100]:.1f} "
                          f"ms, slowest of {runs}: {times[-1]:.1f} ms ({how})")


# -------------------------------------------------------------------- crowd

class Servers:
    """Many upsds with many UPSes each; the last UPS of all is played."""

    def __init__(self, bench, suite, servers, upses):
        self.suite = suite
        self.each = upses // servers
        self.sites = []
        self.drivers = []
        for number in range(servers):
            self._start(bench, suite, is_last=number == servers - 1)
        for site in self.sites:
            site.upsd.wait_ready()
        last = self.each - 1
        self.sites[-1].upsd.wait_for(f"u{last}", "ups.status", "OL")

    def _start(self, bench, suite, is_last):
        site = Site(suite)
        self.sites.append(site)
        played = [self.each - 1] if is_last else []
        for i in range(self.each):
            site.add_ups(f"u{i}", "dummy-ups", "bench")
        site.add_user("guest", "secret", "upsmon secondary")
        self.drivers.append(subprocess.Popen(
            [bench.tool("drivers"), str(site.state), str(self.each - len(played)), "60"],
            stdout=subprocess.PIPE, text=True))
        self.drivers[-1].stdout.readline()
        for i in played:
            self.last = site.fake_driver(f"u{i}", {"ups.status": "OL"})
        site.upsd = site.start_upsd(conf="MAXAGE 60\n", wait=False)

    def monitors(self):
        return [f"MONITOR u{i}@127.0.0.1:{site.port} 1 guest secret secondary"
                for site in self.sites for i in range(self.each)]

    def logins(self):
        """How many of the first and last UPS of each server upsmon is logged in to."""
        count = 0
        for site in self.sites:
            with site.upsd.client() as client:
                for i in (0, self.each - 1):
                    count += client.ask(f"GET NUMLOGINS u{i}") == f"NUMLOGINS u{i} 1"
        return count

    def close(self):
        for driver in self.drivers:
            driver.kill()
            driver.wait()
            driver.stdout.close()
        for site in self.sites:
            site.upsd.kill()
            site.close()


def _cpu_s(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat") as f:
            total += int(f.read().split()[0]) / 1e9
    return total


def _memory_kb(pids):
    private = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            private += sum(int(line.split()[1]) for line in f if line.startswith("Private_"))
    return private


class _Crowd:
    """One upsmon on some servers, and the rows about it."""

    def __init__(self, bench, out, servers, name, lines=(), more=""):
        self._bench, self._out, self._servers, self._name = bench, out, servers, name
        self._pushed = name == "ours" and servers.suite is bench.build
        self._case = f"{servers.each * len(servers.sites)} UPSes{more}"
        if servers.suite is not bench.build:
            self._case += ", Debian's upsd"
        with contextlib.closing(Site(bench.suites[name])) as site:
            self._mark = site.root / "mark"
            _conf(site, [*servers.monitors(), "MINSUPPLIES 1", "SHUTDOWNCMD true",
                         f'NOTIFYCMD "{bench.tool("mark")} {self._mark}"',
                         "NOTIFYFLAG ONBATT EXEC", *lines])
            self._measure(site)

    def _say(self, what, text):
        self._out(f"{self._case}: {what}", self._name, text)

    def _measure(self, site):
        begin = time.monotonic()
        upsmon = _start(site, self._bench.suites[self._name])
        _wait(self._logged_in, "upsmon has logged in everywhere")
        started = time.monotonic() - begin
        pids = family(upsmon.pid)
        self._say("start", f"{started:.1f} s until logged in, {_cpu_s(pids):.2f} s of CPU")
        self._say("memory", f"{_memory_kb(pids) / 1024:.1f} MiB private in {len(pids)} processes")
        if self._name == "ours":
            self._reload(upsmon, site, pids)
        time.sleep(10)
        self._idle(pids)
        self._notice()

    def _logged_in(self):
        return self._servers.logins() == 2 * len(self._servers.sites)

    def _reload(self, upsmon, site, pids):
        cpu = _cpu_s(pids)
        os.kill(pid_of(site.pids / "upsmon.pid"), signal.SIGHUP)
        _wait(lambda: "is in force" in upsmon.log(), "the configuration is read again")
        self._say("reload", f"{1000 * (_cpu_s(pids) - cpu):.0f} ms of CPU")

    def _idle(self, pids):
        seconds = self._bench.options.idle
        cpu = _cpu_s(pids)
        time.sleep(seconds)
        spent = _cpu_s(pids) - cpu
        self._say("idle", f"{spent:.3f} s of CPU in {seconds:.0f} s "
                          f"({100 * spent / seconds:.2f} % of a core)")

    def _notice(self):
        """From the last driver's OB to NOTIFYCMD's first instruction."""
        times = []
        for turn in range(NOTICES):
            time.sleep(random.random() * (0.2 if self._pushed else 5))
            begin = time.monotonic_ns()
            self._servers.last.set("ups.status", "OB")
            marks = _wait(lambda t=turn: (m := _marks(self._mark)) and len(m) > t and m,
                          "ONBATT is told")
            times.append((marks[turn] - begin) / 1e6)
            self._servers.last.set("ups.status", "OL")
            time.sleep(0.5 if self._pushed else 6)
        times.sort()
        self._say("OB of the last told", f"median {times[NOTICES // 2]:.1f} ms, slowest of "
                                         f"{NOTICES}: {times[-1]:.1f} ms")


def crowd(bench, out):
    """1,000 UPSes on 50 upsds, and fewer with a bundle of authorities to trust."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files < UPSES + 200:
        out(f"{UPSES} UPSes", "", f"left out: only {files} open files are allowed")
        return
    for suite in bench.suites.values():
        with contextlib.closing(Servers(bench, suite, SERVERS, UPSES)) as place:
            for name in bench.suites:
                _try_crowd(bench, out, place, name)
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    if os.path.exists(bundle):
        with contextlib.closing(Servers(bench, bench.build, 10, 200)) as place:
            _try_crowd(bench, out, place, "ours", [f"CERTPATH {bundle}"], " and CERTPATH")


def _try_crowd(bench, out, place, name, *more):
    try:
        _Crowd(bench, out, place, name, *more)
    except (Failed, AssertionError, OSError) as e:
        out(f"{place.each * len(place.sites)} UPSes", name, f"failed: {str(e)[:200]}")
