"""A computer in a story about power: a site, its upsmon, and what became of it."""

import os

from .process import family, rss_kib
from .wait import DEADLINE, wait_until

# What NUT 2.8.0 knows; other types would be a warning each.
_CLASSIC = ("ONLINE", "ONBATT", "LOWBATT", "FSD", "COMMOK", "COMMBAD", "SHUTDOWN", "REPLBATT",
            "NOCOMM", "NOPARENT")
_OURS = ("CAL", "NOTCAL", "OFF", "NOTOFF", "BYPASS", "NOTBYPASS", "ALARM", "NOTALARM", "OTHER",
         "NOTOTHER", "SHUTDOWN_HOSTSYNC", "SUSPEND_TIMEJUMP_UNEXPECTED")

# NOTIFYFLAG lines for check_changes(): no programs are run.
QUIET = [f"NOTIFYFLAG {kind} SYSLOG" for kind in ("ONLINE", "ONBATT", "ALARM", "NOTALARM", "OTHER",
                                                  "NOTOTHER")]

_SCRIPT = """#!/bin/sh
printf '%s %s|%s\\n' "$NOTIFYTYPE" "$UPSNAME" "$1" >> "{record}"
"""


class PowerHost:
    """Runs upsmon on a site of its own.

    Its shutdown command appends the host's name to `journal`, a file that all
    hosts of a story share, so that the order is seen.  Notices are kept; they
    never reach a terminal.
    """

    def __init__(self, site, name, journal, suite=None):
        self.site = site
        self.name = name
        self.journal = journal
        self.suite = suite or site.suite
        self.upsmon = None
        self._record = site.root / f"{name}.notices"
        self._script = site.root / f"{name}.notify"
        self._script.write_text(_SCRIPT.format(record=self._record))
        self._script.chmod(0o755)

    def start(self, *lines, args=(), env=None):
        """Starts upsmon with these lines of upsmon.conf beside short times."""
        self.write_conf(*lines)
        self.upsmon = self.site.start("upsmon", "-F", *self._as_user(), *args, suite=self.suite,
                                      env=env, label=f"upsmon-{self.name}")
        return self

    def write_conf(self, *lines):
        """Writes upsmon.conf; what the lines do not say gets a value fit for tests."""
        types = _CLASSIC if self.suite.name == "debian" else _CLASSIC + _OURS
        values = {
            "POLLFREQ": "1", "POLLFREQALERT": "1", "FINALDELAY": "0", "HOSTSYNC": "60",
            "DEADTIME": "60", "SHUTDOWNCMD": f'"echo {self.name} >> {self.journal}"',
            "POWERDOWNFLAG": str(self.flag), "NOTIFYCMD": str(self._script),
        }
        if self.site.user:
            values["RUN_AS_USER"] = self.site.user
        said = {line.split(None, 1)[0] for line in lines if line.strip()}
        text = "".join(f"{key} {value}\n" for key, value in values.items() if key not in said)
        text += "".join(f"NOTIFYFLAG {kind} SYSLOG+EXEC\n" for kind in types)
        return self.site.write("upsmon.conf", text + "".join(f"{line}\n" for line in lines))

    def _as_user(self):
        return ["-u", self.site.user] if self.site.user else []

    @property
    def flag(self):
        """Its POWERDOWNFLAG."""
        return self.site.root / f"{self.name}.killpower"

    def command(self, *args):
        """Runs `upsmon ARGS` beside the running one."""
        return self.site.run("upsmon", *args, suite=self.suite)

    def notices(self):
        """What NOTIFYCMD was told, as (type, ups, text)."""
        if not self._record.exists():
            return []
        found = []
        for line in self._record.read_text(errors="replace").splitlines():
            head, _, text = line.partition("|")
            kind, _, ups = head.partition(" ")
            found.append((kind, ups, text))
        return found

    def wait_notice(self, kind, count=1, timeout=DEADLINE):
        """Waits for the count-th notice of a type; returns it."""
        def came():
            notices = [notice for notice in self.notices() if notice[0] == kind]
            return notices[count - 1] if len(notices) >= count else None
        return wait_until(came, timeout, lambda: f"{self.name} is told {kind}; was told "
                          f"{self.notices()}; log:\n{self.upsmon.log()}")

    def is_down(self):
        """True if its shutdown command has run."""
        return self.name in fallen(self.journal)

    def wait_down(self, timeout=DEADLINE):
        """Waits until its shutdown command has run."""
        wait_until(self.is_down, timeout,
                   lambda: f"{self.name} shuts down; log:\n{self.upsmon.log()}")


    def flip(self, upsd, times, ups="ups"):
        """A UPS of a FakeUpsd changes so often between line and battery, each time with a word of
        its own that upsmon is seen to have read: what comes together would be one change to it."""
        for turn in range(times):
            line = "OB" if turn % 2 == 0 else "OL"
            upsd.set(ups, "ups.status", f"{line} W{turn}")
            wait_until(lambda t=turn: f"[W{t}]" in self._log_end(), interval=0.001)

    def check_changes(self, upsd, times):
        """So many changes of all kinds cost no more memory than a third of them."""
        pids, memory = family(self.upsmon.pid), []
        for _ in range(3):
            for turn in range(times // 36):
                upsd.set("ups", "ups.alarm", f"alarm {turn} " + "a" * (turn % 300))
                upsd.set("ups", "ups.status", f"OB ALARM V{turn} " + "w" * (turn % 500))
                self.flip(upsd, 10)
            memory.append(rss_kib(pids))
        if not self.suite.sanitized:  # a sanitizer keeps what was freed
            assert memory[2] < memory[0] + 512, memory

    def _log_end(self):
        with open(self.upsmon.log_path, "rb") as f:
            f.seek(max(0, f.seek(0, os.SEEK_END) - 4000))
            return f.read().decode(errors="replace")


def fallen(journal):
    """The hosts that shut down, in order."""
    try:
        with open(journal, encoding="utf-8") as f:
            return f.read().split()
    except FileNotFoundError:
        return []
