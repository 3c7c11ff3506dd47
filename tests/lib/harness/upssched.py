"""upssched at work on a site: its file, its calls, and what CMDSCRIPT was told."""

import os
import pathlib
import subprocess

from .process import is_alive, pid_of
from .wait import DEADLINE, wait_until

_SCRIPT = """#!/bin/sh
printf '%s|%s|%s|%s|%s\\n' "$*" "$#" "${{NOTIFYTYPE-none}}" "${{UPSNAME-none}}" \\
	"${{NOTIFYMSG-none}}" >> "{record}"
"""


class Upssched:
    """Writes upssched.conf, calls upssched as upsmon does, reads what its script noted.

    suite: whose upssched it is, ours unless told otherwise; call() takes
    another one, so that client and daemon may be of different make.
    """

    def __init__(self, site, suite=None):
        self.site = site
        self.suite = suite or site.suite
        folder = site.root / "sched"
        folder.mkdir()
        self.pipe = folder / "pipe"
        self.lock = folder / "lock"
        self.script = site.root / "sched-cmd"
        self._record = site.root / "sched.calls"
        self.write_script(_SCRIPT.format(record=self._record))

    def write_script(self, text):
        self.script.write_text(text)
        self.script.chmod(0o755)

    def write_conf(self, *lines):
        """upssched.conf with these lines below those that all need."""
        text = f"CMDSCRIPT {self.script}\nPIPEFN {self.pipe}\nLOCKFN {self.lock}\n"
        return self.site.write("upssched.conf", text + "".join(f"{line}\n" for line in lines))

    def environment(self, kind, ups):
        return {"NOTIFYTYPE": kind, "UPSNAME": ups}

    def call(self, kind, ups="ups@host", message="what happened", suite=None, env=None, args=()):
        """An event; returns subprocess's result."""
        return self.site.run("upssched", *args, message, suite=suite or self.suite,
                             env={**self.environment(kind, ups), **(env or {})})

    def ok(self, *args, **options):
        """An event that upssched must be able to deal with."""
        result = self.call(*args, **options)
        assert result.returncode == 0, result.stdout + result.stderr
        return result

    def start(self, kind, ups="ups@host", suite=None):
        """As call(), but does not wait for its end; returns the process."""
        suite = suite or self.suite
        env = self.site.environment(suite, **self.environment(kind, ups))
        return subprocess.Popen([suite.program("upssched"), "what happened"], env=env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, cwd=self.site.root)

    # ------------------------------------------------------------------ results

    def calls(self):
        """What CMDSCRIPT was told: (words, how many, NOTIFYTYPE, UPSNAME, NOTIFYMSG)."""
        if not self._record.exists():
            return []
        return [tuple(line.split("|")) for line in self._record.read_text().splitlines()]

    def told(self):
        """The names alone, in order."""
        return [call[0] for call in self.calls()]

    def wait_told(self, name, count=1, timeout=DEADLINE):
        """Waits for the count-th time that CMDSCRIPT is told a name; returns the call."""
        def came():
            calls = [call for call in self.calls() if call[0] == name]
            return calls[count - 1] if len(calls) >= count else None
        return wait_until(came, timeout, lambda: f"CMDSCRIPT is told {name}; was told "
                                                 f"{self.calls()}")

    def timers(self):
        """What -l lists, as rows of columns; [] if no daemon runs."""
        result = self.site.run("upssched", "-l")
        if result.returncode:
            return []
        return [line.split("\t") for line in result.stdout.splitlines()]

    def names(self):
        """The names of the timers that run, in alphabetical order."""
        return sorted(row[0] for row in self.timers())

    @property
    def pid_file(self):
        return self.site.pids / "upssched.pid"

    def pid(self):
        """The pid of the timer daemon, which must run."""
        return wait_until(lambda: pid_of(self.pid_file))

    def processes(self):
        """The pids of all upssched processes of this site."""
        mark = f"NUT_CONFPATH={self.site.conf}".encode()
        found = []
        for path in pathlib.Path("/proc").iterdir():
            if not path.name.isdigit():
                continue
            try:
                name = os.path.basename(os.readlink(path / "exe"))
                ours = mark in (path / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if ours and name == "upssched" and is_alive(int(path.name)):
                found.append(int(path.name))
        return found

    def wait_alone(self):
        """Waits until one process is left, the daemon; returns its pid."""
        return wait_until(lambda: len(self.processes()) == 1 and self.processes()[0],
                          what=lambda: f"one upssched runs, not {self.processes()}")
