"""What the facts say of each MIB, row for row: what an agent of it has, and what is to come of it.

    mib = Mib(shared, "apcc", phases=1, base=1, devices=1)
    mib.data()                 # the agent, as `snmpwalk -On` prints it
    mib.variables()            # {name: Row}: of several rows the one that counts
    mib.commands()             # {name: Row}
    row.text(raw)              # what is published when the agent has this there; None: nothing

Rows are those of tests/system/test_snmp_maps.py, which finds our maps to be the same: with them
come the places where a map differs from the facts on purpose.
"""

import functools
import math
import re

import snmppair
from snmppair import mib_table

import test_snmp_maps as maps

TIMES = {"outlet.count": 3, "outlet.group.count": 2, "ambient.count": 2}
# Sensors are in kelvin, Celsius or Fahrenheit: the unit is another row's.
CELSIUS = {".1.3.6.1.4.1.534.6.8.1.2.5.0": 1, ".1.3.6.1.4.1.318.1.1.10.2.3.2.1.5.1": 1}
TYPES = {"INTEGER": "integer", "STRING": "string", "Timeticks": "timeticks", "OID": "objectid",
         "Gauge32": "gauge"}


def argument(items, name):
    """x of name(x), or None."""
    return next((item[len(name) + 1:-1] for item in items if item.startswith(name + "(")), None)


def has(items, name):
    return any(item == name or item.startswith(name + "(") for item in items)


def number_of(raw):
    """INTEGER: 5, Timeticks: (500)."""
    found = re.match(r"(?:INTEGER|Gauge32): (-?\d+)$", raw)
    if found:
        return int(found[1])
    found = re.match(r"Timeticks: \((\d+)\)$", raw)
    return int(found[1]) / 100 if found else None


def plain_number(value):
    return str(round(value)) if math.isclose(value, round(value), abs_tol=1e-9) else f"{value:.2f}"


class Row:
    """A row of a map with its numbers: kind, oid, name, items, fact (or None), table (or None)."""

    def __init__(self, kind, oid, name, items, fact, table, devices):
        self.kind, self.oid, self.name, self.items = kind, oid.strip("."), name, items
        self.fact, self.table, self.devices = fact, table, devices

    def __repr__(self):
        return f"{self.name} at {self.oid}"

    @property
    def is_table(self):
        return self.table is not None

    def has(self, name):
        return has(self.items, name)

    def argument(self, name):
        return argument(self.items, name)

    def _made(self, value):
        """A number as the row's conversions make it, or None."""
        if self.has("nonnegative") and value < 0 or self.argument("not") == plain_number(value):
            return None
        scale, offset, divide = (self.argument(n) for n in ("scale", "offset", "divide"))
        if scale and not scale.startswith("k("):
            value *= float(scale)
        if offset:
            value += float(offset)
        if divide:
            value /= float(divide)
        form = self.argument("format")
        return form % value if form else plain_number(value)

    def text(self, raw):
        fixed = self.argument("own") or self.argument("constant")
        if fixed is not None:
            return fixed
        value = number_of(raw)
        if self.is_table:
            hidden = self.argument("not")
            if value is None or hidden == plain_number(value):
                return None
            text = self.table.get(plain_number(value), self.table.get("*"))
            return text if text != hidden else None
        if value is None:
            text = raw.partition(": ")[2].strip('"')
            return str(text.count(",") + 1) if self.has("entries") else text
        return self._made(value)

    def set_line(self, text, raw):
        """What is SET for a number or text that is not in a table, where the agent has `raw`."""
        kind = raw.partition(":")[0]
        if kind == "STRING":
            return f"{self.oid} string {text}"
        value = float(text)
        scale = self.argument("scale")
        if scale and not scale.startswith("k("):
            value /= float(scale)
        return f"{self.oid} {TYPES[kind]} {round(value * (100 if kind == 'Timeticks' else 1))}"


class Mib:
    def __init__(self, shared, name, phases=1, base=1, devices=1):
        self.name, self.phases, self.base, self.devices = name, phases, base, devices
        self.chain_base = 0 if name in snmppair.FROM_ZERO else base
        self.source = next(s for s, names in maps.SOURCES.items() if name in names)
        self._tables = self._read_tables(shared)
        self.chained = any(words[0] == "CHAIN" for words in
                           maps.lines_of(f"{maps.SOURCES[self.source][0]}.map"))
        self.all_rows = [r for fact, row in self._expected(shared)
                         for r in self._expand(fact, *row)]
        self.values = self._agent_values()
        told = {r.name.removesuffix(".phases").rpartition(".")[2]: r for r in self.all_rows
                if r.name.endswith(".phases")}
        self.rows = [r for r in self.all_rows if self._counts(r, told)]

    @staticmethod
    @functools.lru_cache(maxsize=None)
    def _read_tables(shared):
        known = {}
        for row in maps.facts(shared, "snmp-lookups.tsv"):
            known.setdefault((row["source"], row["lookup"]), []).append(row)
        return known

    def _expected(self, shared):
        """The rows; of HPE's two alarms of one phase the second is of the third, as in our map."""
        seen = set()
        for fact, row in maps.all_expected(shared, self.source):
            if self.name == "hpe_epdu" and row[0] == "ALARM" and row[:3] in seen:
                row = (row[0], row[1][:-1] + "3", row[2].replace("L2", "L3"), row[3])
            seen.add(row[:3])
            yield fact, row

    def _table(self, fact, items):
        if not fact or not fact["lookup"] or not has(items, "lookup"):
            return None
        return maps.known_table(self._tables, fact)

    def _expand(self, fact, kind, place, name, items):
        loop = argument(items, "for")
        times = TIMES[loop.split(",")[2]] if loop else 1
        # What has no place is of each device that has a number of them of its own.
        chained = "%d" in place or bool(loop and place == "-" and self.chained)
        for device in range(1, self.devices + 1 if chained else 2):
            for i in range(1, times + 1):
                at = i - 1 + self.base
                oid = place.replace("%d", str(device - 1 + self.chain_base)) \
                    .replace("%i+1", str(at + 1)).replace("%i", str(at))
                label = name.replace("%i", str(i))
                named = self.devices > 1 and (chained or "first" in items)
                if named and kind != "ALARM":
                    label = f"device.{device}.{label.removeprefix('device.')}"
                elif named:
                    label = f"device {device}: {label}"
                yield Row(kind, oid, label, frozenset(item.replace("%i", str(i)) for item in items),
                          fact, self._table(fact, items), self.devices)

    def _raw(self, row):
        if row.fact is None or row.has("equal"):
            if "." + row.oid in CELSIUS:
                return f"INTEGER: {CELSIUS['.' + row.oid]}"
            return 'STRING: "text"' if row.name == "ups.id" else "INTEGER: 5"
        if row.name.endswith("device.count"):
            numbers = ",".join(str(n) for n in range(self.devices))
            return f'STRING: "{numbers}"' if row.has("entries") else f"INTEGER: {self.devices}"
        if row.name.endswith(".phases") and row.is_table:
            return "INTEGER: " + next((v for v, word in row.table.items() if word == str(self.phases)), "1")
        return snmppair.raw_value(row.fact, self.phases, {
            kind.removesuffix(".count").replace(".", "-") + "-template": n for kind, n in TIMES.items()})

    def _agent_values(self):
        values = {}
        for row in self.all_rows:
            if re.match(r"1\.3\.6\.1\.(2\.1\.33|4\.1)\.[\d.]*$", row.oid):
                values.setdefault(row.oid, self._raw(row))
        for probe in maps.matches_of(maps.SOURCES[self.source][0]):
            place = argument(probe, "probe") or (probe[1] if probe[0] == "probe" else None)
            if place:
                values.setdefault(place.strip("."), 'STRING: "text"')
        values.update((o, v) for o, v in snmppair.TRUE_TYPES.items() if o in values)
        return values

    def _counts(self, row, told):
        """phases(side,n), and the unit of the sensors, which is Celsius here."""
        wanted = row.argument("phases")
        if wanted:
            side, n = wanted.split(",")
            return (self.phases if side in told else 1) == int(n)
        when = row.argument("when")
        return not when or when in ("sensors-celsius", "!fahrenheit")

    # ---------------------------------------------------------------------------- results

    def data(self, values=None):
        entry = next(row for row in mib_table() if row["mib_name"] == self.name)
        return "\n".join([f"1.3.6.1.2.1.1.2.0 = OID: {entry['sysObjectID'].split(',')[0]}"] + [
            f"{oid} = {value}" for oid, value in sorted({**self.values, **(values or {})}.items())])

    def raw(self, row, values=None):
        return {**self.values, **(values or {})}.get(row.oid, "")

    def variables(self, values=None):
        """{name: Row}: the first that is there, and of whose value something is made."""
        found, later = {}, {}
        for row in self.rows:
            if row.kind != "VAR" or row.has("hidden") or row.oid.startswith("1.3.6.1.2.1.1."):
                continue
            there = row.oid in self.values or row.oid == "-"
            if there and row.text(self.raw(row, values)) is not None:
                found.setdefault(row.name, row)
            elif there:
                later.setdefault(row.name, row)
        return {**later, **found}

    def counted(self):
        """The variables of which templates are made; more than once where there are more devices."""
        return set() if self.devices > 1 else {argument(r.items, "for").split(",")[2] for r in self.rows
                                            if r.has("for")}

    def commands(self):
        found = {}
        for row in self.rows:
            if row.kind == "CMD" and not row.has("hidden") and row.oid in self.values:
                found.setdefault(row.name, row)
        return found
