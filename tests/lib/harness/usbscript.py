"""Scripts for simulated USB devices: commands of tests/sim/usb/README.md, each at its time.

    at 0.5 set feature 01 01 14            so many seconds after the beginning
    after 2 unplug                         after the line before
    at 1 ramp feature 02 1 100 8 10        byte 1 of report 02 goes from 100 to 8 within 10 seconds

Lines of a device file that a capture made (`at ...`) are a script as well; its other lines
are passed over there, and mistakes in a script of its own.
"""

import pathlib
import re
import threading
import time
import typing

from .build import CHECKOUT

SCRIPTS = CHECKOUT / "tests" / "sim" / "usb" / "scripts"

_REPORT = r"(feature|input) [0-9a-f]{1,2}"
_BYTES = r"[0-9a-f]{2}( [0-9a-f]{2})*"
_BYTE = r"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])"
_SECONDS = r"\d+(\.\d+)?"

# What a command has to look like, for a mistake to be found before the story begins.
_COMMANDS = {name: re.compile(f"{name}{rest}", re.IGNORECASE) for name, rest in {
    "set": f" {_REPORT} {_BYTES}",
    "ramp": rf" {_REPORT} \d+ {_BYTE} {_BYTE} {_SECONDS}",
    "int": f" {_BYTES}",
    "int-fault": " (stall|proto|overflow)",
    "stall": f" ({_REPORT}|strings|rdesc)( [01])?",
    "timeout": f" ({_REPORT}|all)( [01])?",
    "freeze": "( [01])?",
    "short": rf" {_REPORT}( \d+)?",
    "long": rf" {_REPORT}( \d+)?",
    "unplug": "",
    "plug": r"( \d+)?",
    "stuck": "( [01])?",
    "mode": " [0-7]+",
    "forget": "",
}.items()}


class Mistake(Exception):
    """A line that cannot be played; the text names file and line."""


class Event(typing.NamedTuple):
    seconds: float
    command: str    # a ramp's steps are `put KIND REPORT BYTE VALUE`
    line: str       # "file:line", for messages


def find(name):
    path = pathlib.Path(name)
    return path if path.is_file() else SCRIPTS / f"{name}.txt"


def _ramp(start, words, line):
    kind, report, byte, first, last, seconds = words
    first, last, seconds = int(first), int(last), float(seconds)
    steps = abs(last - first)
    for i in range(steps + 1):
        value = first + (i if last > first else -i)
        yield Event(start + seconds * i / max(steps, 1), f"put {kind} {report} {byte} {value}",
                    line)


def _check(command, line):
    name = command.split()[0]
    if name not in _COMMANDS:
        raise Mistake(f"{line}: no command \"{name}\"; there are {', '.join(_COMMANDS)}")
    if not _COMMANDS[name].fullmatch(command):
        raise Mistake(f"{line}: \"{command}\" is not what README.md has for {name}")


def _time(words, last, line):
    if words[0] in ("at", "after") and words[2:] and re.fullmatch(_SECONDS, words[1]):
        return float(words[1]) + (last if words[0] == "after" else 0)
    raise Mistake(f"{line}: write: at SECONDS COMMAND, or after SECONDS COMMAND; "
                  f"not \"{' '.join(words)}\"")


def parse(text, name, strict=True):
    """A list of Events, in the order of time."""
    events, last = [], 0.0
    for number, line in enumerate(text.splitlines(), 1):
        words, line = line.split("#", 1)[0].split(), f"{name}:{number}"
        if not words or (words[0] not in ("at", "after") and not strict):
            continue
        last = _time(words, last, line)
        _check(" ".join(words[2:]), line)
        if words[2] == "ramp":
            events += _ramp(last, words[3:], line)
        else:
            events.append(Event(last, " ".join(words[2:]), line))
    return sorted(events, key=lambda e: e.seconds)


def read(name):
    """A script by its path or name, or a device file with lines of a capture."""
    path = find(name)
    text = path.read_text(encoding="utf-8")
    return parse(text, path, strict="usb-id:" not in text)


def _put(device, words):
    """One byte of a report, the others as they are."""
    kind, report, byte, value = words
    data = bytearray(device.get(kind, int(report, 16)))
    if int(byte) >= len(data):
        raise AssertionError(f"report {kind} {report} has {len(data)} bytes, no byte {byte}")
    data[int(byte)] = int(value)
    device.set(kind, int(report, 16), bytes(data))


def _do(device, event):
    words = event.command.split()
    try:
        if words[0] == "put":
            _put(device, words[1:])
        else:
            device.command(event.command)
    except AssertionError as e:
        raise Mistake(f"{event.line}: {e}") from None


def play(device, events, speed=1.0, stop=None):
    """Plays on a Device of usbsim, `speed` times as fast as written; returns when it is over."""
    begin = time.monotonic()
    for event in events:
        left = begin + event.seconds / speed - time.monotonic()
        if left > 0 and (stop or threading.Event()).wait(left):
            return
        _do(device, event)
