"""Machines of a test's own: namespaces with real addresses, on a switch of their own.

    with Lan() as lan:                          # the fixture `lan` does it
        server, client = lan.machine("server"), lan.machine("client")
        site = Site(machine=server)             # its programs run there
        client.drop_packets()                   # and so on

Nothing of it is seen outside: each machine is a network and a mount namespace
that one process holds, which ends when the test does, however that ends; the
kernel then takes the namespaces and all that is in them away.  So nothing has
a name that another test could use, and nothing is left behind.
"""

import ctypes
import heapq
import os
import random
import select
import signal
import socket
import struct
import subprocess
import threading
import time

from .wait import wait_until

_CLONE_NEWNET = 0x40000000
# /run is a machine's own: Debian's upsmon has one fixed place for its PID file there.
_HOLD = "mount -t tmpfs none /run && mkdir /run/nut && ip link set lo up && echo ready && exec cat"


class Unavailable(Exception):
    """This host makes no namespaces; the text says why."""


class _Namespace:
    """A network and a mount namespace, held open by a process that reads from us."""

    def __init__(self):
        try:
            self._holder = subprocess.Popen(
                ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", _HOLD],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        except OSError as e:
            raise Unavailable(f"no network namespaces here: {e}") from None
        if self._holder.stdout.readline() != "ready\n":
            why = self._holder.communicate()[1].strip()
            raise Unavailable(f"no network namespaces here: {why or 'unshare fails'}")

    @property
    def pid(self):
        return self._holder.pid

    def command(self, argv):
        """A command line that runs another one in here, as the same process."""
        return ["nsenter", "--target", str(self.pid), "--net", "--mount", "--",
                *(str(a) for a in argv)]

    def ip(self, *commands):
        """Runs lines of ip(8)."""
        text = "".join(f"{line}\n" for line in commands)
        done = subprocess.run(self.command(["ip", "-batch", "-"]), input=text, text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, f"ip: {text}{done.stderr}"

    def call(self, function):
        """Calls a function in a thread in here: the sockets that it makes are of here."""
        result, error = [], []

        def run():
            try:
                self._enter()
                result.append(function())
            except BaseException as e:  # pylint: disable=broad-except
                error.append(e)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if error:
            raise error[0]
        return result[0]

    def _enter(self):
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/proc/{self.pid}/ns/net", "rb") as place:
            if libc.setns(place.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def processes(self):
        """The pids of all that run in here, but for the holder."""
        here = os.stat(f"/proc/{self.pid}/ns/net").st_ino
        return [pid for pid in _all_pids() if pid != self.pid and _net_of(pid) == here]

    def kill_all(self):
        """SIGKILL to everything in here."""
        def none_left():
            pids = self.processes()
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not pids
        wait_until(none_left, what="the processes of a machine end")

    def close(self):
        self.kill_all()
        self._holder.communicate()


def _all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _net_of(pid):
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return None  # ended meanwhile


class Machine(_Namespace):
    """A computer at the switch: `name`, `address`."""

    def __init__(self, lan, name, number, wire):
        super().__init__()
        self.name = name
        self.address = f"10.77.0.{number}"
        self._lan = lan
        self._port = f"port{number}"
        lan.ip(f"link add {self._port} type veth peer name eth0 netns {self.pid}",
               f"link set {self._port} up")
        self.ip(f"addr add {self.address}/24 dev eth0", "link set eth0 up")
        self.call(_fill_checksums)
        # Where the cable ends: at a port of the switch, or at a wire that ends there.
        self._wire = _Wire(lan, self._port, number, **wire) if wire else None
        self._plug = self._wire.plug if wire else self._port
        self.pass_packets()

    def drop_packets(self):
        """From now on nothing arrives in either direction, and nobody is told."""
        self._lan.ip(f"link set {self._plug} nomaster")

    def pass_packets(self):
        """The end of drop_packets()."""
        self._lan.ip(f"link set {self._plug} master switch")

    def cut_link(self):
        """The network card is down, and the machine knows."""
        self.ip("link set eth0 down")

    def restore_link(self):
        """The end of cut_link()."""
        self.ip("link set eth0 up")

    def power_off(self):
        """All of it stops at once: nobody hears a last word."""
        self.drop_packets()
        self.kill_all()

    def power_on(self):
        """The machine is there again, and nothing runs on it."""
        self.pass_packets()

    def close(self):
        if self._wire:
            self._wire.close()
        super().close()


def _fill_checksums():
    """Packets get their checksums before they leave, as a wire in user space needs them."""
    import fcntl
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        value = bytearray(struct.pack("II", 0x17, 0))  # ETHTOOL_STXCSUM, off
        at = (ctypes.c_char * len(value)).from_buffer(value)
        fcntl.ioctl(s, 0x8946, struct.pack("16sP", b"eth0", ctypes.addressof(at)))  # SIOCETHTOOL


class _Wire:
    """A long wire between a port and the switch: each packet takes its time, and some are lost.

    (The kernel has netem for that, where it was built with it.)
    """

    def __init__(self, lan, port, number, delay_s=0.0, loss=0.0):
        self.plug = f"plug{number}"
        self._delay_s = delay_s
        self._loss = loss
        self._random = random.Random(number)
        far = f"wire{number}"
        lan.ip(f"link add {far} type veth peer name {self.plug}", f"link set {far} up",
               f"link set {self.plug} up")
        self._ends = lan.call(lambda: [_tap(port), _tap(far)])
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self):
        waiting = []  # (when, order, where to, packet)
        order = 0
        while True:
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                _, _, end, packet = heapq.heappop(waiting)
                try:
                    end.send(packet)
                except OSError:
                    pass  # a port that is down
            limit = max(0, waiting[0][0] - now) if waiting else None
            ready, _, _ = select.select([*self._ends, self._ended], [], [], limit)
            for end in ready:
                if end == self._ended:
                    return
                try:
                    packet, source = end.recvfrom(65536)
                except OSError:
                    continue
                if source[2] == socket.PACKET_OUTGOING or self._random.random() < self._loss:
                    continue
                order += 1
                other = self._ends[1 - self._ends.index(end)]
                heapq.heappush(waiting, (time.monotonic() + self._delay_s, order, other, packet))

    def close(self):
        os.write(self._end, b"x")
        self._thread.join()
        for end in self._ends:
            end.close()
        os.close(self._end)
        os.close(self._ended)


def _tap(interface):
    all_protocols = 0x0003
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(all_protocols))
    tap.bind((interface, all_protocols))
    tap.setblocking(False)
    return tap


class Lan(_Namespace):
    """A switch, and the machines at it."""

    def __init__(self):
        super().__init__()
        self.machines = {}
        try:
            self.ip("link add switch type bridge forward_delay 0", "link set switch up")
        except AssertionError as e:
            self.close()
            raise Unavailable(f"no bridge of namespaces here: {e}") from None

    def machine(self, name, **wire):
        """A machine with the next address; of its wire, delay_s is how long a packet is on its
        way, and loss the share of those that never arrive."""
        machine = Machine(self, name, len(self.machines) + 1, wire)
        self.machines[name] = machine
        return machine

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for machine in self.machines.values():
            machine.close()
        super().close()
