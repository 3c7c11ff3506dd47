"""Scripts for simulated USB devices: commands of tests/sim/usb/README.md, each at its time.

    at 0.5 set feature 01 01 14            so many seconds after the beginning
    after 2 unplug                         after the line before
    at 1 ramp feature 02 1 100 8 10        byte 1 of report 02 goes from 100 to 8 within 10 seconds

Lines of a device file that a capture made (`at ...`) are a script as well; its other lines
are passed over there, and mistakes in a script of its own.
"""

import pathlib
import threading
import time

from .build import CHECKOUT

SCRIPTS = CHECKOUT / "tests" / "sim" / "usb" / "scripts"


class Mistake(Exception):
    """A line that cannot be played; the text names file and line."""


def find(name):
    path = pathlib.Path(name)
    return path if path.is_file() else SCRIPTS / f"{name}.txt"


def _ramp(start, words):
    kind, report, byte, first, last, seconds = words
    first, last, seconds = int(first), int(last), float(seconds)
    steps = abs(last - first)
    for i in range(steps + 1):
        value = first + (i if last > first else -i)
        yield start + seconds * i / max(steps, 1), f"put {kind} {report} {int(byte)} {value}"


def _line(start, words):
    if words[0] == "ramp":
        yield from _ramp(start, words[1:])
    else:
        yield start, " ".join(words)


def parse(text, name, strict=True):
    """A list of (seconds, command), in the order of time."""
    events, last = [], 0.0
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words or (words[0] not in ("at", "after") and not strict):
            continue
        try:
            start = float(words[1]) + (last if words[0] == "after" else 0)
            if words[0] not in ("at", "after") or start < 0 or not words[2:]:
                raise ValueError
            events += _line(start, words[2:])
        except (ValueError, IndexError):
            raise Mistake(f"{name}:{number}: write: at SECONDS COMMAND, or after SECONDS "
                          f"COMMAND; not \"{line}\"") from None
        last = start
    return sorted(events, key=lambda e: e[0])


def read(name):
    """A script by its path or name, or a device file with lines of a capture."""
    path = find(name)
    text = path.read_text(encoding="utf-8")
    return parse(text, path, strict="usb-id:" not in text)


def _put(device, words):
    """One byte of a report, the others as they are."""
    kind, report, byte, value = words
    data = bytearray(device.get(kind, int(report, 16)))
    data[int(byte)] = int(value)
    device.set(kind, int(report, 16), bytes(data))


def play(device, events, speed=1.0, stop=None):
    """Plays on a Device of usbsim, `speed` times as fast as written; returns when it is over."""
    begin = time.monotonic()
    for seconds, command in events:
        left = begin + seconds / speed - time.monotonic()
        if left > 0 and (stop or threading.Event()).wait(left):
            return
        words = command.split()
        if words[0] == "put":
            _put(device, words[1:])
        else:
            device.command(command)
