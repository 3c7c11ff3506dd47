"""upsmon's notifier alone; the test is the network child at the other end of its link."""

import functools
import socket

from .process import Process
from .wait import DEADLINE


class Notifier:
    """Started and ready; `process` is a harness.Process, its log what it says to stderr."""

    def __init__(self, site, env=None):
        self.link, theirs = socket.socketpair()
        self.process = site.start("notify-probe", "notifier", theirs.fileno(), -1, env=env,
                                  cls=functools.partial(Process, pass_fds=[theirs.fileno()]))
        theirs.close()
        self.link.settimeout(DEADLINE)
        self._lines = self.link.makefile()
        assert self.hear() == "READY"

    def hear(self):
        """The next line; "" at the end."""
        return self._lines.readline().rstrip("\n")

    def say(self, line):
        """Sends a line of words (clients/upsmon/notify/link.h, delivery.h)."""
        self.link.sendall(f"{line}\n".encode())

    def hang_up(self):
        self._lines.close()
        self.link.close()
