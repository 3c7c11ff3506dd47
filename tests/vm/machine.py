"""A virtual machine for tests: QEMU without KVM, told what to do over serial lines.

    ttyS0  the console, to a log file
    ttyS1  the agent (tests/vm/agent): scripts in, results out
    ttyS2  whatever the tests want, here the simulator's keyboard
"""

import base64
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

DEADLINE = 60  # of everything; under TCG on a busy machine nothing is quick


class Failure(AssertionError):
    pass


def wait_until(condition, what, timeout=DEADLINE):
    """Calls condition() until it is true; returns what it gave."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failure(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(0.05)


class Line:
    """One end of a serial line: lines and bytes."""

    def __init__(self, path, deadline=DEADLINE):
        self._deadline = deadline
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._listener.settimeout(deadline)
        self._sock = None
        self._pending = b""

    def accept(self):
        self._sock, _ = self._listener.accept()
        self._sock.settimeout(self._deadline)

    def send(self, text):
        self._sock.sendall(text.encode() + b"\n")

    def _more(self):
        try:
            data = self._sock.recv(65536)
        except socket.timeout:
            raise Failure(f"the machine says nothing; before: {self._pending!r}") from None
        if not data:
            raise Failure("the machine has ended")
        self._pending += data

    def line(self):
        while b"\n" not in self._pending:
            self._more()
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")

    def bytes(self, count):
        while len(self._pending) < count:
            self._more()
        data, self._pending = self._pending[:count], self._pending[count:]
        return data

    def forget(self):
        """What is there and belongs to nobody any more."""
        self._sock.setblocking(False)
        try:
            while self._sock.recv(65536):
                pass
        except BlockingIOError:
            pass
        self._sock.settimeout(self._deadline)
        self._pending = b""

    def close(self):
        for s in (self._sock, self._listener):
            if s:
                s.close()


class Shell:
    """Of a machine with the agent at the other end of `self.agent`."""

    agent = None
    _number = 0

    def tell(self, script):
        """Runs a script that the machine may not outlive: no answer is waited for."""
        self._number += 1
        self.agent.send(f"{self._number} {base64.b64encode(script.encode()).decode()}")

    def sh(self, script, check=True):
        """Runs a script, returns what it printed; check: it must end with 0."""
        self.tell(script)
        number, status, size = map(int, self.agent.line().split())
        said = self.agent.bytes(size).decode(errors="replace")
        assert number == self._number, (number, self._number)
        if check and status != 0:
            raise Failure(f"{script}: {status}\n{said}")
        return said.strip()

    def write(self, path, text):
        """A file in the machine; who reads it meanwhile sees the old one whole."""
        self.sh(f"cat >{path}.new <<'END-OF-FILE'\n{text}\nEND-OF-FILE\nmv {path}.new {path}")


class Machine(Shell):
    """A running machine of an initramfs."""

    def __init__(self, kernel, image, console):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vm-", dir="/tmp"))
        archive = self.folder / "initramfs.gz"
        image.write(archive)
        self.agent, self.line = (Line(self.folder / name) for name in ("agent", "line"))
        self.console = pathlib.Path(console)
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "512", "-smp", "1", "-display", "none",
             "-no-reboot", "-nic", "none", "-nodefaults", "-kernel", kernel, "-initrd", archive,
             "-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on",
             "-serial", f"file:{self.console}",
             "-serial", f"unix:{self.folder}/agent", "-serial", f"unix:{self.folder}/line"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            self.agent.accept()
            self.line.accept()
            if self.agent.line() != "ready":
                raise Failure("the machine does not come up")
        except (Failure, OSError) as e:
            self.close()
            raise Failure(f"{e}; qemu: {self.process.stderr.read()}; see {self.console}") from None

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.agent.close()
        self.line.close()
        shutil.rmtree(self.folder, ignore_errors=True)
