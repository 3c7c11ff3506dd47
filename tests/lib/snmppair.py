"""snmp-ups, ours and Debian's, on agents made from the facts: what each says and sets.

docs/snmp-differences.md has the differences that are explained.
"""

import csv
import functools
import zlib

import hidpair
from harness import LineClient, find_shared, wait_until
from harness.build import CHECKOUT

DOCUMENT = CHECKOUT / "docs" / "snmp-differences.md"

# Rows that no build for users has, or that stand in for functions of C.
NEVER = {"debug", "debug-unmapped", "disabled", "no-functions-fallback"}
ROOTS = ("1.3.6.1.2.1.33.", "1.3.6.1.4.1.")
# Indexes that are there of each kind of template.
COUNTS = {"outlet-template": 3, "outlet-group-template": 2, "ambient-template": 1}
# These count the devices of a chain from 0.
FROM_ZERO = ("eaton_epdu", "hpe_epdu")
# The first of these that a table of words has is the agent's.
GOOD = ("OL", "on", "yes", "good", "", "normal", "OFF")

# What the facts do not tell: upsTestId is an OID, Eaton's sensors are set to Celsius; the unit of
# APC's sensor is asked for by code.
TRUE_TYPES = {"1.3.6.1.2.1.33.1.7.1.0": "OID: .1.3.6.1.2.1.33.1.7.7.1",
              "1.3.6.1.4.1.534.6.8.1.2.5.0": "INTEGER: 1"}
IEM_UNIT = "1.3.6.1.4.1.318.1.1.10.2.3.2.1.5.1"
# Newer than Debian's, or in it under no name that can be asked for.
NOT_IN_DEBIAN = {"apc", "baytech_rpc3nc", "eaton_pdu_nlogic", "eaton_pw_nm2", "eaton_pxg_ups",
                 "hpe_pdu3_cis", "vertiv",
                 # Its probe is one that no agent answers as the driver asks.
                 "emerson_avocent_pdu"}


def _table(name):
    with open(find_shared() / "facts" / name, newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def mib_names():
    """Names for `mibs =`, for parametrize; one that skips where there are no facts."""
    return sorted({row["mib_name"] for row in _table("snmp-mibs.tsv")} - NOT_IN_DEBIAN) \
        if find_shared() else ["none"]


def mib_table():
    """The entries of the facts: each MIB, how it is found, and what it is called."""
    return _table("snmp-mibs.tsv")


def _entry(mib):
    """The first entry of this name."""
    return next(row for row in _table("snmp-mibs.tsv") if row["mib_name"] == mib)


@functools.lru_cache(maxsize=None)
def _lookups():
    found = {}
    for row in _table("snmp-lookups.tsv"):
        if row["build_condition"] not in NEVER:
            found.setdefault((row["source"], row["lookup"]), {}).setdefault(
                row["nut_value"], row["oid_value"])
    return found


def raw_value(row, phases, counts, device=0):
    """What the agent has at a row, as snmpwalk prints it; device: of a chain, from 0."""
    name, flags = row["nut_name"], row["flags"].split("|")
    words = _lookups().get((row["source"], row["lookup"]), {})
    if name.endswith(".phases"):
        return f"INTEGER: {phases}"
    if name == "device.count":
        devices = counts.get("devices", 1)
        # Eaton's is a list of them.
        listed = devices > 1 and row["mib"] == "eaton_epdu"
        return f'STRING: "{",".join(map(str, range(devices)))}"' if listed else f"INTEGER: {devices}"
    if name in ("outlet.count", "outlet.group.count", "ambient.count"):
        return f"INTEGER: {counts[name.rpartition('.')[0].replace('.', '-') + '-template']}"
    if name == "ups.alarms" or name.endswith(".alarm") and not words:
        return "INTEGER: 0"
    numeric = {word: value for word, value in words.items() if value.lstrip("-").isdigit()}
    if numeric:
        good = next((word for word in GOOD if word in numeric), min(numeric))
        return f"INTEGER: {numeric[good]}"
    number = 20 + zlib.crc32((name + device * "+").encode()) % 70
    if row["type"] == "string" and "set-as-int" not in flags and float(row["scale_or_len"] or 0) > 8:
        return f'STRING: "text {number}"'
    if "set-as-timeticks" in flags:
        return f"Timeticks: ({number}00)"
    scale = float(row["scale_or_len"] or 1) if row["type"] == "number" else 1
    return f"INTEGER: {round(number / scale) if scale < 1 else number}"


def _places(row, counts, device):
    """The row's OID with each index that a device has."""
    flags, oid = row["flags"].split("|"), row["oid"].lstrip(".")
    count = next((n for flag, n in counts.items() if flag in flags), None)
    # What is of no template is of the device; the first place for commands may be for all.
    first = 2 if "cmd-offset" in flags else 1
    for index in range(first, first + count) if count else (device,):
        arcs = oid.split("%i")
        if len(arcs) == 3:
            order = (index, device) if "daisy-idx-2nd" in flags else (device, index)
            yield arcs[0] + str(order[0]) + arcs[1] + str(order[1]) + arcs[2]
        elif len(arcs) == 2:
            yield arcs[0] + str(device if "daisy-idx-1st" in flags else index) + arcs[1]
        else:
            yield oid


def agent_data(mib, phases=1, counts=(), devices=1):
    """An agent with everything that the facts have for a MIB; devices: so many in a chain."""
    values, counts = {}, {**COUNTS, **dict(counts), "devices": devices}
    first = 0 if mib in FROM_ZERO else 1
    for row in _table("snmp-mib.tsv"):
        if mib not in row["mib"].split("+") or row["build_condition"] in NEVER:
            continue
        for device in range(devices):
            for place in _places(row, counts, first + device):
                if place.startswith(ROOTS) and all(arc.isdigit() for arc in place.split(".")):
                    values.setdefault(place, raw_value(row, phases, counts, device))
    probe = _entry(mib)["auto_check_oid"].lstrip(".")
    if probe.startswith(ROOTS):
        values.setdefault(probe, 'STRING: "text"')
    values.update((oid, value) for oid, value in TRUE_TYPES.items() if oid in values)
    if mib == "apcc":
        values[IEM_UNIT] = "INTEGER: 1"
    values["1.3.6.1.2.1.1.2.0"] = "OID: " + _entry(mib)["sysObjectID"].split(",")[0]
    return "\n".join(f"{oid} = {value}" for oid, value in sorted(values.items()))


def explained(mib):
    """The rows of the document for a MIB: a set of hidpair.Difference."""
    return hidpair.explained(mib, DOCUMENT)


class SnmpUps:
    """The driver's process, its agent, and requests to it."""

    def __init__(self, site, agent, *lines, suite=None, start=True, port=None,
                 version="v1"):
        self.site, self.agent, self.suite = site, agent, suite
        site.add_ups("ups", "snmp-ups", f"127.0.0.1:{port or agent.port}", "community = private",
                     f"snmp_version = {version}", *lines)
        self.env = {} if suite else {"NUT_DATAPATH": str(CHECKOUT / "data")}
        self.process = self.client = None
        if start:
            self.process = site.start_driver("ups", suite=suite, env=self.env, wait=False)
            # One connection from the first to the last: see hidpair.HidUps.
            self.client = wait_until(self._connect, what=lambda: self.process.log())

    def _connect(self):
        assert self.process.running(), self.process.log()
        return LineClient(self.site.socket("ups"))

    def dump(self):
        return wait_until(self._dump, what=lambda: f"a dump; log:\n{self.process.log()}")

    def _dump(self):
        """None: Debian's hangs up where its reader is not as quick as it writes."""
        try:
            self.client.send("DUMPALL")
            return hidpair.Dump(self.client.until("DUMPDONE"))
        except (AssertionError, OSError):
            if not self.suite:
                raise
        self.client.close()
        self.client = self._connect()
        return None

    def wait_settled(self):
        """What it says when two dumps that lie a poll apart are the same."""
        seen = [None]

        def same():
            seen.append(self.dump())
            seen[-1].values.pop("device.uptime", None)
            before, now = seen[-2:]
            return now if before and now.fresh and before.values == now.values else None
        return wait_until(same, interval=2, what=lambda: f"data; log:\n{self.process.log()}")

    def written(self, line):
        """The result of a request, and what it SET at the agent."""
        known = len(self.agent.sets())
        self.client.send(f"{line} TRACKING t1")
        last = ""
        while not last.startswith("TRACKING t1"):
            last = self.client.line()
        return int(last.split()[2]), self.agent.sets()[known:]
