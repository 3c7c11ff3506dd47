"""TCP ports that nobody else uses, also with several test processes at once."""

import random
import socket

_held = []


def _ephemeral_start():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
            return int(f.read().split()[0])
    except (OSError, ValueError):
        return 32768


def _is_free(port):
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as s:
                if family == socket.AF_INET6:
                    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((address, port))
        except OSError as e:
            if family == socket.AF_INET6 and e.errno in (97, 99):
                continue  # a host without IPv6
            return False
    return True


def free_port():
    """A port free on every address, reserved for this test process.

    It lies below the range the kernel hands to outgoing connections, so it
    stays free until a daemon binds it; a name in the abstract socket space,
    which vanishes with this process, keeps other test processes off it.
    """
    top = max(_ephemeral_start(), 12000)
    for _ in range(2000):
        port = random.randrange(10000, top)
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0chestnut-test-port-{port}")
        except OSError:
            lock.close()
            continue
        if _is_free(port):
            _held.append(lock)
            return port
        lock.close()
    raise AssertionError("no free TCP port found")
