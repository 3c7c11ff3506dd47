"""Programs that ask somebody at a terminal."""

import os
import select
import subprocess
import time

from .wait import DEADLINE


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, site, *command, env=None):
        self.fd, slave = os.openpty()
        self.seen = b""
        self.process = subprocess.Popen(["setsid", "--ctty", "--wait", *map(str, command)],
                                        stdin=slave, stdout=slave, stderr=slave,
                                        env=site.environment(**(env or {})))
        os.close(slave)

    def read(self, deadline=None):
        """What comes next; b"" at the end."""
        left = DEADLINE if deadline is None else max(0, deadline - time.monotonic())
        assert select.select([self.fd], [], [], left)[0], self.seen
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # how a terminal says that nobody is there any more
            data = b""
        self.seen += data
        return data

    def until(self, text):
        deadline = time.monotonic() + DEADLINE
        while text not in self.seen:
            assert self.read(deadline), (text, self.seen)

    def type(self, text):
        os.write(self.fd, text)

    def end(self):
        """The exit code."""
        deadline = time.monotonic() + DEADLINE
        while self.read(deadline):
            pass
        os.close(self.fd)
        return self.process.wait(DEADLINE)
