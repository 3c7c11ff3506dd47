"""A private installation for one test: configuration, state, daemons."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from .build import find_build
from .fakedriver import FakeDriver
from .fakeupsd import FakeUpsd
from .lineclient import LineClient
from .ports import free_port
from .process import Process, Upsd, end_pid, is_alive, pid_of
from .wait import DEADLINE, wait_until


def _user():
    """The name of the user who runs the tests; None where it has no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None


class Site:
    """A folder with conf/, state/, pid/ and log/, and the daemons that use it.

    Programs come from `suite`: our build unless told otherwise, or Debian's
    NUT (debian_nut.py); each start function takes another one.  Daemons run
    as the user of the tests (-u), root or not, and on a `machine` (netns.py)
    if one is given.
    """

    def __init__(self, suite=None, machine=None):
        self.suite = suite or find_build()
        self.machine = machine
        self.user = _user()
        self._as_user = ["-u", self.user] if self.user else []
        # A short path: unix socket names are at most 107 bytes.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chn-", dir="/tmp"))
        self.root.chmod(0o755)  # a daemon that dropped root must get through
        self.conf, self.state, self.pids, self.logs = (
            self._folder(name, 0o755) for name in ("conf", "state", "pid", "log"))
        self._reports = self._folder("sanitizer", 0o1777)
        self.port = free_port()
        self.processes = []
        self.fakes = []
        self._sections = {}
        self._counter = 0

    def _folder(self, name, mode):
        path = self.root / name
        path.mkdir()
        path.chmod(mode)
        return path

    # ------------------------------------------------------------ configuration

    def write(self, name, text, mode=0o640):
        """Writes conf/NAME; returns its path."""
        path = self.conf / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def add_ups(self, name, driver, port, *lines):
        """Adds or replaces a section of ups.conf, with further lines as given."""
        self._sections[name] = [f"driver = {driver}", f"port = {port}", *lines]
        return self.write_ups_conf()

    def write_ups_conf(self, *global_lines):
        """Writes ups.conf out of the sections added so far, below global lines."""
        text = "".join(f"{line}\n" for line in global_lines)
        for name, lines in self._sections.items():
            text += f"[{name}]\n" + "".join(f"\t{line}\n" for line in lines)
        return self.write("ups.conf", text)

    def add_dummy(self, name, data, *lines, suffix=".dev"):
        """Adds a UPS of dummy-ups.  data: a dict of values, the text of a .dev
        or .seq file, or a path.  Returns the file's path."""
        if isinstance(data, pathlib.Path):
            self.add_ups(name, "dummy-ups", data, *lines)
            return data
        if isinstance(data, dict):
            data = "".join(f"{key}: {value}\n" for key, value in data.items())
        path = self.write(f"{name}{suffix}", data)
        self.add_ups(name, "dummy-ups", path.name, "mode = " +
                     ("dummy-loop" if suffix == ".seq" else "dummy-once"), "pollinterval = 1",
                     *lines)
        return path

    def add_user(self, name, password, *lines):
        """Adds a user to upsd.users; lines as in that file, e.g. "actions = SET"."""
        path = self.conf / "upsd.users"
        text = path.read_text() if path.exists() else ""
        text += f"[{name}]\n\tpassword = {password}\n" + "".join(f"\t{line}\n" for line in lines)
        return self.write("upsd.users", text)

    # ------------------------------------------------------------------ programs

    def environment(self, suite=None, **more):
        """The environment in which a program of a suite sees only this site."""
        env = {key: value for key, value in os.environ.items()
               if not key.startswith(("NUT_", "UPS")) and key != "NOTIFY_SOCKET"}
        reports = f"log_path={self._reports}/report"
        env.update((suite or self.suite).environment())
        env.update({
            "NUT_CONFPATH": str(self.conf),
            "NUT_STATEPATH": str(self.state),
            "NUT_ALTPIDPATH": str(self.pids),
            "NUT_PIDPATH": str(self.pids),
            "ASAN_OPTIONS": f"{reports}:detect_leaks=1:exitcode=99",
            "UBSAN_OPTIONS": f"{reports}:print_stacktrace=1",
            "LC_ALL": "C.UTF-8",
        })
        env.update(more)
        return env

    def run(self, name, *args, suite=None, check=False, input=None, timeout=DEADLINE, env=None):
        """Runs a program to its end; returns subprocess's result, with texts.

        check: fail unless it exits with 0.
        """
        suite = suite or self.suite
        result = subprocess.run(self._command(suite.program(name), *args), input=input,
                                stdin=subprocess.DEVNULL if input is None else None,
                                env=self.environment(suite, **(env or {})), cwd=self.root,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                errors="surrogateescape", timeout=timeout, check=False)
        if check:
            assert result.returncode == 0, f"{result.args}: {result.returncode}\n{result.stderr}"
        return result

    def start(self, name, *args, suite=None, env=None, cls=Process, label=None, prefix=()):
        """Starts a program; it is stopped at the end of the test.

        prefix: a command that becomes the program, as `env` does.
        """
        suite = suite or self.suite
        self._counter += 1
        label = label or name
        process = cls(label, self._command(*prefix, suite.program(name), *args),
                      self.environment(suite, **(env or {})),
                      self.logs / f"{self._counter:02}-{label}.log", cwd=self.root)
        self.processes.append(process)
        return process

    def _command(self, *argv):
        argv = [str(a) for a in argv]
        return self.machine.command(argv) if self.machine else argv

    def start_upsd(self, *args, suite=None, conf=None, env=None, wait=True):
        """Starts upsd in the foreground, on 127.0.0.1:self.port (of its machine).

        Writes upsd.conf (with further lines from conf) and, if there is none,
        an empty upsd.users.  With wait, returns when it takes connections.
        """
        self.write("upsd.conf", f"LISTEN 127.0.0.1 {self.port}\n" + (conf or ""))
        if not (self.conf / "upsd.users").exists():
            self.write("upsd.users", "")
        return self.restart_upsd(*args, suite=suite, env=env, wait=wait)

    def restart_upsd(self, *args, suite=None, env=None, wait=True):
        """Starts upsd with the configuration as it lies there."""
        upsd = self.start("upsd", "-F", *self._as_user, *args, suite=suite, env=env, cls=Upsd)
        upsd.port, upsd.machine, upsd.suite = self.port, self.machine, suite or self.suite
        return upsd.wait_ready() if wait else upsd

    def start_driver(self, ups, *args, suite=None, env=None, wait=True, prefix=()):
        """Starts the driver of a section of ups.conf in the foreground; with
        wait, returns when it answers on its socket."""
        driver = self._driver_of(ups)
        process = self.start(driver, "-a", ups, "-F", *self._as_user, *args, suite=suite,
                             env=env, label=f"{driver}-{ups}", prefix=prefix)
        if wait:
            self.wait_driver(ups, process)
        return process

    def wait_driver(self, ups, process=None):
        """Waits until the driver of a section answers PING on its socket."""
        def answers():
            assert not process or process.running(), f"driver ended ({process.popen.returncode}):\n{process.log()}"
            with LineClient(self.socket(ups)) as client:
                client.send("PING")
                client.until("PONG")
            return True
        wait_until(answers, what=lambda: f"driver of {ups} answers:\n{process and process.log()}")

    def socket(self, ups):
        """The path of a driver's socket."""
        return self.state / f"{self._driver_of(ups)}-{ups}"

    def _driver_of(self, ups):
        for line in self._sections.get(ups, []):
            if line.startswith("driver = "):
                return line[len("driver = "):]
        return "dummy-ups"

    def start_upsmon(self, *lines, suite=None, args=(), env=None):
        """Starts upsmon in the foreground with an upsmon.conf of these lines.

        Unless the lines say otherwise it polls once a second, has no final
        delay, and its shutdown command writes root/shutdown.done.
        """
        defaults = {
            "POLLFREQ": "1", "POLLFREQALERT": "1", "FINALDELAY": "0", "HOSTSYNC": "5",
            "SHUTDOWNCMD": f'"echo done >> {self.shutdown_mark}"',
            "POWERDOWNFLAG": str(self.root / "killpower"),
        }
        if self.user:
            defaults["RUN_AS_USER"] = self.user
        said = {line.split(None, 1)[0] for line in lines if line.strip()}
        text = "".join(f"{k} {v}\n" for k, v in defaults.items() if k not in said)
        self.write("upsmon.conf", text + "".join(f"{line}\n" for line in lines))
        return self.start("upsmon", "-F", *self._as_user, *args, suite=suite, env=env)

    @property
    def shutdown_mark(self):
        """The file that the default SHUTDOWNCMD of start_upsmon() writes."""
        return self.root / "shutdown.done"

    def fake_driver(self, ups, variables=None, driver="dummy-ups", **options):
        """A FakeDriver on the socket of a UPS (added to ups.conf if new)."""
        if ups not in self._sections:
            self.add_ups(ups, driver, "fake")
        fake = FakeDriver(self.socket(ups), variables, **options)
        self.fakes.append(fake)
        return fake

    def fake_upsd(self, upses=None, **options):
        """A FakeUpsd on a free port of 127.0.0.1."""
        fake = FakeUpsd(upses, **options)
        self.fakes.append(fake)
        return fake

    # --------------------------------------------------------------------- end

    def print_logs(self):
        """Prints what every program said, for a test that failed."""
        for path in sorted(self.logs.iterdir()):
            print(f"--- {path.name}\n{path.read_text(errors='replace')[-20000:]}")

    def close(self):
        """Stops everything, removes the folder; fails on a sanitizer's report."""
        problems = []
        for process in reversed(self.processes):
            try:
                process.stop()
            except AssertionError as e:
                problems.append(str(e))
        for fake in self.fakes:
            fake.close()
        for path in self.pids.glob("*.pid"):
            pid = pid_of(path)
            if pid and is_alive(pid):
                end_pid(pid)
        for path in sorted(self._reports.iterdir()):
            problems.append(f"{path.name}:\n{path.read_text(errors='replace')[:8000]}")
        shutil.rmtree(self.root, ignore_errors=True)
        assert not problems, "\n".join(problems)
