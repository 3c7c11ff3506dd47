"""Agents of every family of SNMP devices, made from the map files.

    family = Family("apcc")
    family.title, family.matches          # [(sysObjectID, probe)], and of the probes
    family.values()                       # {"1.3.6...": int or text}, for OddAgent
    family.plain()                        # {variable: what has to be published}: rows that only scale
"""

import itertools
import re
import shlex
from collections import Counter

from harness import CHECKOUT

FOLDER = CHECKOUT / "data/maps/snmp-ups"
TIMES = 3  # of whatever there are several: outlets, groups, sensors
RAW = 7

PLAIN = re.compile(r"(number|static|slow|nonnegative|rw\(\d+\)|scale\(([\d.]+)\))$")


def names():
    """The maps that are for devices; the others are included by them."""
    return sorted(p.stem for p in FOLDER.glob("*.map") if "\nMATCH " in p.read_text())


def _lines(path):
    for line in path.read_text().splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] == "INCLUDE":
            yield from _lines(FOLDER / words[1])
        elif words:
            yield words


def _expand(place):
    """The places of a template, with the numbers from 0 on."""
    parts = re.split(r"%[a-z]", place)
    for numbers in itertools.product(range(TIMES + 1), repeat=len(parts) - 1):
        yield "".join(a + str(n) for a, n in zip(parts, numbers)) + parts[-1]


class Family:
    def __init__(self, name):
        self.name = name
        self.rows = list(_lines(FOLDER / f"{name}.map"))
        self.title = next(r[2] for r in self.rows if r[0] == "MAP")
        self.oids, self.probes = [], []
        for row in self.rows:
            if row[:2] == ["MATCH", "probe"]:
                self.probes.append(row[2])
            elif row[:2] == ["MATCH", "oid"]:
                probe = next((i[6:-1] for i in row if i.startswith("probe(")), None)
                self.oids.append((row[2], probe))

    def _variables(self):
        return [r for r in self.rows if r[0] == "VAR" and re.match(r"\.1\.3[.\d%a-z]*$", r[1])]

    def values(self):
        """Every variable of the map, with a number, or a text where a text is due."""
        found = {}
        for _, place, name, *items in self._variables():
            value = RAW if any(i in ("number", "integer") or i.startswith(("scale", "lookup"))
                               for i in items) else "Text 7"
            if name.endswith(".count"):
                value = 1 if name == "device.count" else TIMES
            elif name.endswith(".phases"):
                value = 1
            for oid in _expand(place):
                if "device.count" == name or oid.strip(".") not in found:
                    found[oid.strip(".")] = value
        for oid in [*self.probes, *(p for _, p in self.oids if p)]:
            found.setdefault(oid.strip("."), "Text 7")
        return found

    def plain(self):
        rows = self._variables()
        # Only names that one row gives, and places that one row reads.
        often = Counter(r[2] for r in self.rows if r[0] == "VAR")
        places = Counter(r[1] for r in rows)
        values, wanted = self.values(), {}
        for _, place, name, *items in rows:
            parts = [PLAIN.match(i) for i in items]
            if often[name] > 1 or places[place] > 1 or "%" in place + name or not all(parts) or \
                    name.endswith((".count", ".phases")):
                continue
            value = values[place.strip(".")]
            scale = next((float(m[2]) for m in parts if m[2]), 1)
            wanted[name] = value if isinstance(value, str) else value * scale
        return wanted
