"""usbhid-ups, ours and Debian's, on recorded devices: what each says and writes.

docs/usbhid-differences.md has the differences that are explained.
"""

import collections
import re

from harness import LineClient, find_shared, wait_until
from harness.build import CHECKOUT

DOCUMENT = CHECKOUT / "docs" / "usbhid-differences.md"

# What the driver says of itself, in its own way.
ITSELF = ("driver.", "experimental.driver.")


# Debian's takes these only if it is told to.
UNKNOWN_TO_DEBIAN = {"liebert-psi5": ("10af", "0002"), "minuteman-05dd-a0a0": ("05dd", "a0a0")}

# A descriptor alone: there is nothing to simulate.
PARSER_ONLY = "unknown-nut-3227"


def device_names():
    """The recorded devices' names, for parametrize; one that skips where there are none."""
    shared = find_shared()
    return sorted(path.stem for path in (shared / "facts" / "hid-devices").glob("*.txt")
                  ) if shared else ["none"]


def device_path(shared, name):
    return shared / "facts" / "hid-devices" / f"{name}.txt"


Difference = collections.namedtuple("Difference", "what ours debian")


def explained(name, document=DOCUMENT):
    """The rows of a document for a device: a set of Difference."""
    found = set()
    for line in document.read_text().splitlines():
        cells = [cell.strip().replace("`", "").replace("\\|", "|")
                 for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
        if len(cells) == 5 and name in cells[0].split():
            assert cells[4], f"{line}: it does not say why"
            found.add(Difference(*cells[1:4]))
    return found


NOTHING = "–"


class Dump:
    """The answer to DUMPALL."""

    def __init__(self, lines):
        self.values = self._named(lines, r'SETINFO (\S+) "(.*)"')
        self.flags = {k: set(v.split()) for k, v in self._named(lines, r"SETFLAGS (\S+)(.*)").items()}
        self.aux = self._named(lines, r"SETAUX (\S+) (\S+)")
        self.enums = self._listed(lines, r'ADDENUM (\S+) "(.*)"')
        self.ranges = self._listed(lines, r"ADDRANGE (\S+) (.*)")
        self.commands = {line.split()[1] for line in lines if line.startswith("ADDCMD ")}
        self.fresh = "DATAOK" in lines

    @staticmethod
    def _named(lines, pattern):
        found = (re.fullmatch(pattern, line) for line in lines)
        return {m[1]: m[2].strip() for m in found if m and not m[1].startswith(ITSELF)}

    @staticmethod
    def _listed(lines, pattern):
        made = {}
        for m in filter(None, (re.fullmatch(pattern, line) for line in lines)):
            made.setdefault(m[1], []).append(m[2].strip())
        return made

    def rule(self, name):
        """How a variable may be set, as the document writes it."""
        if name not in self.settable:
            return NOTHING
        kinds = " ".join(sorted(flag.lower() for flag in self.flags[name] - {"RW"}))
        return " ".join(filter(None, [kinds or "rw", self.aux.get(name, ""),
                                      *self.enums.get(name, []), *self.ranges.get(name, [])]))

    @property
    def settable(self):
        return {name for name, flags in self.flags.items()
                if "RW" in flags and not name.startswith(ITSELF)}


class HidUps:
    """The driver's process, its simulator, and requests to it."""

    def __init__(self, site, sim, *lines, suite=None, start=True):
        self.site, self.sim, self.suite = site, sim, suite
        interval = () if any(line.startswith("pollinterval") for line in lines) else \
            ("pollinterval = 1",)
        site.add_ups("ups", "usbhid-ups", "auto", *interval, *lines)
        # Debian's is built without sanitizers, and may not hear of ours.
        self.env = sim.settings() if suite else {**sim.env(site),
                                                 "NUT_DATAPATH": str(CHECKOUT / "data")}
        self.process = self.client = None
        if start:
            # One connection from the first to the last: Debian's driver reads one that
            # was closed for ever, in a busy loop.
            self.process = site.start_driver("ups", suite=suite, env=self.env, wait=False)
            self.client = wait_until(self._connect, what=lambda: self.process.log())

    def _connect(self):
        assert self.process.running(), self.process.log()
        return LineClient(self.site.socket("ups"))

    def run(self, *args):
        return self.site.run("usbhid-ups", "-a", "ups", *self.site._as_user, *args,
                             suite=self.suite, env=self.env)

    def dump(self):
        self.client.send("DUMPALL")
        return Dump(self.client.until("DUMPDONE"))

    def wait_fresh(self):
        return wait_until(lambda: (lambda d: d if d.fresh and d.values.get("ups.status") else None)
                          (self.dump()), what=lambda: f"data; log:\n{self.process.log()}")

    def order(self, line):
        """INSTCMD or SET: its result, as a number."""
        self.client.send(f"{line} TRACKING t1")
        last = ""
        while not last.startswith("TRACKING t1"):
            last = self.client.line()
        return int(last.split()[2])

    def written(self, line):
        """The result of a request, and what it wrote to the device."""
        self.sim.forget()
        result = self.order(line)
        return result, [note for note in self.sim.log() if note.startswith("set ")]

    def killpower(self):
        """-k: its result, and what it wrote."""
        self.sim.forget()
        result = self.run("-k")
        return result.returncode, [note for note in self.sim.log() if note.startswith("set ")]


Field = collections.namedtuple("Field", "path kind report bit bits")
_FIELD = re.compile(r"# (\S+) (feature|input) report (\S\S) bits (\d+)\+(\d+) ")


def fields_of(text):
    """The fields that --explore prints."""
    found = (_FIELD.match(line) for line in text.splitlines())
    return [Field(m[1], m[2], int(m[3], 16), int(m[4]), int(m[5])) for m in found if m]


def poke(sim, field, value):
    """Changes a field in its report; False where the device has no such report."""
    try:
        old = sim.get(field.kind, field.report)
    except AssertionError:
        return False
    bits = int.from_bytes(old[1:], "little")
    mask = (1 << field.bits) - 1
    bits = bits & ~(mask << field.bit) | (value & mask) << field.bit
    sim.set(field.kind, field.report,
            old[:1] + (bits & (1 << 8 * len(old[1:])) - 1).to_bytes(len(old) - 1, "little"))
    return True
