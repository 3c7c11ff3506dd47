"""A program under test: started, watched, stopped, its log kept."""

import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

from .lineclient import LineClient
from .wait import DEADLINE, wait_until


class Process:
    """One running program.  Its stdout and stderr go to one log file.

    Made by Site.start(), which also stops it.  It leads a session of its own,
    so what it leaves behind can be found and ended without touching others.
    """

    def __init__(self, name, argv, env, log, cwd=None, stdin=subprocess.DEVNULL,
                 pass_fds=()):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.log_path = pathlib.Path(log)
        with open(self.log_path, "ab") as out:
            self.popen = subprocess.Popen(self.argv, env=env, stdin=stdin, stdout=out,
                                          stderr=subprocess.STDOUT, cwd=cwd,
                                          start_new_session=True, pass_fds=pass_fds)

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        """All it has written."""
        return self.log_path.read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def wait_log(self, text, timeout=DEADLINE):
        """Waits until the log holds a text (or fulfils text(log)); returns the log."""
        def seen():
            log = self.log()
            return log if (text(log) if callable(text) else text in log) else None
        return wait_until(seen, timeout, lambda: f"{self.name} says {text!r}; log:\n{self.log()}")

    def wait(self, timeout=DEADLINE):
        """Waits for its end; returns the exit status (negative: signal)."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end; log:\n{self.log()}") from None

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """SIGKILL, for tests in which it dies."""
        self.popen.kill()
        self.popen.wait()

    def stop(self, timeout=DEADLINE):
        """SIGTERM; returns the exit status.  Fails if it does not end by itself."""
        if self.running():
            self.popen.terminate()
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} ignored SIGTERM; log:\n{self.log()}") from None
        finally:
            self.end_session()

    def end_session(self):
        """Kills what is left of its session."""
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def rss_kib(self):
        """Resident memory in KiB."""
        return rss_kib([self.pid])

    def open_files(self):
        """How many file descriptors it has open; skips the test where it does not say.

        A daemon that holds secrets is no open book (privilege_hide_memory()):
        its descriptors are shown to root only.
        """
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except PermissionError:
            pytest.skip("only root can count the descriptors of such a daemon")


class Upsd(Process):
    """A running upsd, ours or Debian's; `port` is where it listens on loopback.

    machine: whose loopback (netns.py), if it is not this host's.
    """

    port = None
    suite = None
    machine = None

    def client(self, host="127.0.0.1", user=None, password=None):
        """A new connection, logged in with USERNAME and PASSWORD if a user is given."""
        client = self._there(lambda: LineClient((host, self.port)))
        if user is not None:
            client.login(user, password)
        return client

    def wait_ready(self):
        """Waits until it has started up and answers a client."""
        def answers():
            assert self.running(), f"{self.name} ended; log:\n{self.log()}"
            # The kernel takes connections before upsd has started up: hear a word of it.
            try:
                with self._there(lambda: socket.create_connection(("127.0.0.1", self.port),
                                                                  timeout=DEADLINE)) as s:
                    s.sendall(b"LOGOUT\n")
                    s.recv(1)
                    return True
            except ConnectionRefusedError:
                return False
            except (ConnectionResetError, BrokenPipeError):
                return True  # a port for TLS alone hangs up on plain words
        wait_until(answers, what=lambda: f"{self.name} listens; log:\n{self.log()}")
        return self

    def _there(self, connect):
        return self.machine.call(connect) if self.machine else connect()

    def value(self, ups, variable):
        """The value of a variable as its client sees it, or the ERR line."""
        with self.client() as client:
            answer = client.ask(f"GET VAR {ups} {variable}")
        head = f"VAR {ups} {variable} \""
        return answer[len(head):-1] if answer.startswith(head) else answer

    def wait_for(self, ups, variable, value, timeout=DEADLINE):
        """Waits until a variable has a value (or fulfils value(text)); returns it."""
        last = [None]

        def reached():
            last[0] = self.value(ups, variable)
            return value(last[0]) if callable(value) else last[0] == value
        wait_until(reached, timeout, lambda: f"{ups} {variable} is {last[0]!r}, not {value!r}; "
                                             f"log:\n{self.log()}", interval=0.05)
        return last[0]


def pid_of(path):
    """The pid in a pid file, or None."""
    try:
        return int(pathlib.Path(path).read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def is_alive(pid):
    """True if a process exists and is not a zombie."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"


def rss_kib(pids):
    """Resident memory of these processes together, in KiB."""
    total = 0
    for pid in pids:
        status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        total += next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
    return total


def family(pid):
    """A process and all that descend from it, as long as they run the same program."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(_parent(name), []).append(int(name))
    program, found = _program(pid), [pid]
    for member in found:
        found += [child for child in sorted(children.get(member, []))
                  if _program(child) == program]
    return found


def _parent(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return None


def _program(pid):
    """What it was started as: a fork has that of its parent, whatever its name is.  (/proc/PID/exe
    of a daemon that holds secrets is for root only.)"""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None


def end_pid(pid, timeout=10):
    """Ends a background process that a test started: TERM, then KILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + timeout
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        while is_alive(pid) and time.monotonic() < end:
            time.sleep(0.02)
