"""A computer: QEMU without KVM, a disk that keeps what it had, a place for the UPS's cable.

Unlike a Machine it can be switched off, can go down by itself, and can be switched on again.
What its console says is kept with the times at which it was said.
"""

import re
import subprocess
import threading
import time

from machine import Failure, Line, Shell, wait_until

LIFE = 3600  # of one run of QEMU, whatever becomes of the test
PATIENCE = 900  # for a boot or a shutdown: emulated, on a machine that others use, too
APPEND = ("console=ttyS0,115200 root=/dev/vda ro panic=-1 random.trust_cpu=on loglevel=7 "
          "systemd.journald.forward_to_console=1 systemd.journald.max_level_console=info "
          "systemd.show_status=1 systemd.log_color=0 net.ifnames=0")


class Console:
    """Lines, each with the time at which it came."""

    def __init__(self, stream, path):
        self.lines = []
        self._file = open(path, "a")
        self._stream = stream
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def _copy(self):
        for raw in self._stream:
            line = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", raw.decode(errors="replace")).rstrip()
            now = time.monotonic()
            self.lines.append((now, line))
            self._file.write(f"{now:.2f} {line}\n")
        self._file.close()

    def end(self):
        self._thread.join(10)

    def find(self, pattern, since=0.0):
        """(when, line) of the first line with that pattern, or None."""
        return next(((t, line) for t, line in list(self.lines)
                     if t >= since and re.search(pattern, line)), None)

    def all(self, pattern):
        return [line for _, line in list(self.lines) if re.search(pattern, line)]

    def tail(self, count=25):
        return "\n".join(line for _, line in self.lines[-count:])


class Computer(Shell):
    def __init__(self, name, disk, boot, folder, log, ups=None, lan=None):
        """ups: the path of the socket of its place at the UPS; lan: (own, other) sockets of a cable."""
        self.name, self.disk, self.ups = name, disk, ups
        self._kernel, self._initrd = boot
        self._folder, self._log, self._lan = folder, log, lan
        self._log.unlink(missing_ok=True)
        self.process = self.console = self.agent = self._limit = None
        self.consoles = []    # of all its starts
        self.went_off = None  # when

    def _arguments(self):
        args = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "640", "-smp", "2",
                "-display", "none", "-no-reboot", "-nodefaults",
                "-kernel", self._kernel, "-initrd", self._initrd, "-append", APPEND,
                "-drive", f"file={self.disk.path},if=virtio,format=raw",
                "-serial", "stdio", "-serial", f"unix:{self._folder}/{self.name}.agent"]
        if self.ups:
            args += ["-device", "qemu-xhci", "-chardev", f"socket,id=cable,path={self.ups}",
                     "-device", "usb-redir,chardev=cable,id=ups"]
        if self._lan:
            own, other = self._lan
            args += ["-netdev", f"dgram,id=lan,local.type=unix,local.path={own},remote.type=unix,"
                     f"remote.path={other}",
                     "-device", f"virtio-net-pci,netdev=lan,mac=52:54:00:00:00:{len(self.name):02x}"]
        else:
            args += ["-nic", "none"]
        return ["setpriv", "--pdeathsig", "KILL", *args]

    # ------------------------------------------------------------------------ power

    def is_on(self):
        return self.process is not None and self.process.poll() is None

    def switch_on(self):
        self._forget()
        (self._folder / f"{self.name}.agent").unlink(missing_ok=True)
        self.agent = Line(self._folder / f"{self.name}.agent", PATIENCE)
        self.began = time.monotonic()
        self.went_off = None
        self.process = subprocess.Popen(self._arguments(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.console = Console(self.process.stdout, self._log)
        self.consoles.append(self.console)
        self._limit = threading.Timer(LIFE, self.process.kill)
        self._limit.daemon = True
        self._limit.start()
        try:
            self.agent.accept()
        except OSError as e:
            raise Failure(f"{self.name}: {e}: {self.console.tail()}") from None

    def wait_agent(self):
        """Until scripts may be run in it."""
        while self.agent.line() != "ready":
            pass

    def wait_up(self):
        """Until it has started all that it starts; how it is then: running, degraded."""
        self.wait_agent()
        return self.sh("systemctl is-system-running --wait", check=False)

    def boot(self):
        self.switch_on()
        return self.wait_up()

    def wait_off(self, timeout=PATIENCE):
        """Until it has gone off by itself; "off" or "restart", what it wanted."""
        wait_until(lambda: not self.is_on(), lambda: f"{self.name} is off:\n{self.console.tail()}", timeout)
        self.went_off = self.went_off or time.monotonic()
        self.console.end()
        self.console.lines.append((self.went_off, "qemu has ended"))
        return "restart" if self.console.find("reboot: Restarting system") else "off"

    def cut(self):
        """Its power is cut."""
        if self.is_on():
            self.went_off = time.monotonic()
            self.process.kill()
            self.process.wait()
            self.console.end()

    def _forget(self):
        if self._limit:
            self._limit.cancel()
        if self.agent:
            self.agent.close()
            self.agent = None
        if self.process:
            self.process.stdout.close()
            self.process = None

    def close(self):
        self.cut()
        self._forget()

    # ------------------------------------------------------------------------ questions

    def wait_console(self, pattern, since=0.0, timeout=PATIENCE):
        return wait_until(lambda: self.console.find(pattern, since),
                          lambda: f"{pattern!r} at the console of {self.name}:\n{self.console.tail()}", timeout)

    def wait_says(self, script, answer, timeout=PATIENCE):
        """Until a script prints that (a pattern for all of it)."""
        said = []

        def right():
            said[:] = [self.sh(script, check=False)]
            return re.fullmatch(answer, said[0], re.S)
        return wait_until(right, lambda: f"{script!r} says {answer!r}; it says {said[0]!r}", timeout)
