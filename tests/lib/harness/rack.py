"""Machines with addresses of their own that one UPS, or several, feed.

    rack = Rack(lan, sites, {"ours": build, "debian": debian})
    server = rack.server("primary", "ups")      # a machine with a played UPS
    server.start_upsd()
    rack.host("primary", server.monitor("ups", "primary"))
    rack.host("web", server.monitor("ups"))     # a machine more
    rack.wait_logins(server, "ups", 2)
    server.driver("ups").set("ups.status", "OB LB")
    rack.expect_down("web", "primary")          # in this order

What a machine's shutdown does: it writes the machine's name to the journal, and
then stops upsmon, as the system's own end would.  So a secondary of ours stays
logged in until its shutdown has begun (SHUTDOWNEXIT no).
"""

import contextlib
import os
import signal
import time

from .powerhost import PowerHost, fallen
from .process import family
from .wait import wait_until

OURS, DEBIAN = "ours", "debian"

_HALT = """#!/bin/sh
echo {name} >> {journal}
sleep 0.2
[ ! -f {pid} ] || kill "$(cat {pid})" 2>/dev/null
"""


class Server:
    """A machine with upsd, and the drivers of the UPSes at it."""

    def __init__(self, machine, site, suites, upses):
        self.machine = machine
        self.site = site
        self.upsd = None
        self._suites = suites
        self._drivers = {}
        for ups in upses:
            self._drivers[ups] = site.fake_driver(ups, {"ups.status": "OL"})
        site.add_user("boss", "secret", "upsmon primary")
        site.add_user("guest", "secret", "upsmon secondary")

    def driver(self, ups="ups"):
        """The played driver of a UPS."""
        return self._drivers[ups]

    def set_status(self, status, ups="ups"):
        self._drivers[ups].set("ups.status", status)

    def start_upsd(self, suite=OURS):
        self.upsd = self.site.start_upsd(suite=self._suites[suite],
                                         conf=f"LISTEN {self.machine.address} {self.site.port}\n")
        self.wait_drivers()
        return self

    def restart_upsd(self):
        """Kills upsd, and starts it again as it was."""
        suite = self.upsd.suite
        self.upsd.kill()
        self.upsd = self.site.restart_upsd(suite=suite)
        self.wait_drivers()

    def wait_drivers(self):
        for ups in self._drivers:
            self.upsd.wait_for(ups, "ups.status", lambda text: not text.startswith("ERR"))

    def monitor(self, ups="ups", role="secondary", power=1):
        """A MONITOR line, for any machine."""
        user = "boss" if role == "primary" else "guest"
        return f"MONITOR {ups}@{self.machine.address}:{self.site.port} {power} {user} secret {role}"


class Rack:
    """The machines, what became of them, and in which order."""

    def __init__(self, lan, sites, suites):
        self._lan = lan
        self._sites = sites
        self._suites = suites
        self.servers = {}
        self.hosts = {}
        self.machines = {}
        self.journal = None

    def server(self, name, *upses):
        """A machine with upsd, named as the upsmon that may run on it."""
        machine = self._machine(name)
        site = self._sites(machine=machine)
        self.journal = self.journal or site.root / "journal"
        self.servers[name] = Server(machine, site, self._suites, upses or ("ups",))
        return self.servers[name]

    def _machine(self, name, **wire):
        self.machines[name] = self._lan.machine(name, **wire)
        return self.machines[name]

    def host(self, name, *lines, suite=OURS, **wire):
        """Starts upsmon on a machine: that of the server of this name, or a new one (with a
        wire as Lan.machine() has it)."""
        if name in self.servers:
            site = self.servers[name].site
        else:
            site = self._sites(machine=self._machine(name, **wire))
        self.hosts[name] = PowerHost(site, name, self.journal, suite=self._suites[suite])
        return self.start(name, *lines)

    def start(self, name, *lines):
        """Starts the upsmon of a host (again)."""
        host = self.hosts[name]
        ours = host.suite is self._suites[OURS]
        halt = host.site.root / f"{name}.halt"
        # Debian's has one place for its PID file, /run/nut, which is each machine's own.
        pid = host.site.pids / "upsmon.pid" if ours else "/run/nut/upsmon.pid"
        halt.write_text(_HALT.format(name=name, journal=self.journal, pid=pid))
        halt.chmod(0o755)
        usual = [f"SHUTDOWNCMD {halt}", *["SHUTDOWNEXIT no"] * ours]
        said = {line.split()[0] for line in lines}
        return host.start(*(line for line in usual if line.split()[0] not in said), *lines)

    def start_all(self, *lines, upsd=OURS, primary=OURS, secondaries=(OURS, OURS, OURS),
                  **wire):
        """A primary with one UPS, and secondaries web, mail and disk, all logged in."""
        server = self.server("primary").start_upsd(upsd)
        self.host("primary", server.monitor(role="primary"), *lines, suite=primary)
        for name, suite in zip(("web", "mail", "disk"), secondaries):
            self.host(name, server.monitor(), *lines, suite=suite, **wire)
        self.wait_logins(server, 1 + len(secondaries))
        return server

    def wait_logins(self, server, count, ups="ups"):
        """Waits until so many upsmons are logged in."""
        def all_in():
            with server.upsd.client() as client:
                return client.ask(f"GET NUMLOGINS {ups}") == f"NUMLOGINS {ups} {count}"
        wait_until(all_in, what=lambda: "\n".join(h.upsmon.log() for h in self.hosts.values()))

    def fallen(self):
        """Who has shut down, in order."""
        return fallen(self.journal)

    def expect_told(self, kind, *names, count=1):
        """These hosts (all if none is named) are told so."""
        for name in names or self.hosts:
            self.hosts[name].wait_notice(kind, count)

    def expect_down(self, *names, last=None):
        """These shut down, once each, and no other; `last` goes last of all."""
        names = [*names, last] if last else list(names)
        for name in names:
            self.hosts[name].wait_down()
        assert sorted(self.fallen()) == sorted(names)
        assert not last or self.fallen()[-1] == last, self.fallen()

    def expect_up(self, *names, seconds=2):
        """These (all if none is named) go on, at least for so long."""
        time.sleep(seconds)
        for name in names or self.hosts:
            host = self.hosts[name]
            assert name not in self.fallen(), host.upsmon.log()
            assert host.upsmon.running(), host.upsmon.log()
            assert not host.flag.exists()

    @contextlib.contextmanager
    def paused(self, *names):
        """Every process of these upsmons (all if none is named) stands still meanwhile."""
        members = [pid for name in names or self.hosts
                   for pid in family(self.hosts[name].upsmon.pid)]
        try:
            for pid in members:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in members:
                os.kill(pid, signal.SIGCONT)
