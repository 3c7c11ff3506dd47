"""snmp-ups on a snmpd of each MIB: all of it is published, each command and setting is SET with the
place, type and value of the facts, each word of each table is shown.

A test is a MIB, with one agent and one driver: what it finds wrong it tells in one list.
"""

import re

import pytest

from harness import LineClient, wait_until
from hidpair import Dump
from snmpfacts import TIMES, Mib, number_of
from snmppair import mib_names

from test_snmp_ups import Ups

pytestmark = pytest.mark.once

SYSTEM = r"(device\.\d+\.)?(device\.)?(description|contact|location)$"
# The commands of every driver.
OWN = {"driver.killpower", "driver.reload", "driver.reload-or-error", "driver.reload-or-exit",
       "shutdown.default"}
# The variables of every driver, and those of the agent itself: some have their address there.
EVERYWHERE = re.compile(r"driver\.|ups\.(status|alarm)$|device\.(type|uptime|macaddr)$|" + SYSTEM)
OTHER = "33"  # a number that no command has by itself


def all_names():
    """mib_names() is of those that Debian has, too."""
    import snmppair
    names = mib_names()
    return names if names == ["none"] else sorted({*names, *snmppair.NOT_IN_DEBIAN})


class Talk(Ups):
    """The driver, on one connection from the first to the last."""

    def __init__(self, site, mib, agent, *lines):
        super().__init__(site, agent.port, f"mibs = {mib.name}", "semistaticfreq = 1", *lines)
        self.mib, self.agent, self.told = mib, agent, {}
        self.client = wait_until(lambda: LineClient(site.socket("ups")), what=self.process.log)

    def dump(self):
        self.client.send("DUMPALL")
        found = Dump(self.client.until("DUMPDONE"))
        self.told = found.values
        return found

    def values(self):
        return self.dump().values

    def asked(self, line):
        """The result of a request, and what it SET; what the driver says meanwhile is in `told`."""
        known = len(self.agent.sets())
        self.client.send(f"{line} TRACKING t1")
        lines, result = [], ""
        while not result.startswith("TRACKING t1 "):
            result = self.client.line()
            lines.append(result)
        # Changes are told when the driver is done with the request.
        self.client.send("PING")
        for line in lines + self.client.until("PONG"):
            change = re.match(r'SETINFO (\S+) "(.*)"$', line)
            if change:
                self.told[change[1]] = change[2]
        return int(result.split()[2]), self.agent.sets()[known:]


@pytest.fixture
def start(site, snmpd, shared):
    def make(name, *lines, **options):
        mib = Mib(shared, name, **options)
        return Talk(site, mib, snmpd(mib.data()), *lines)
    return make


def same(told, wanted):
    if told == wanted or told is None:
        return told == wanted
    try:
        return abs(float(told) - float(wanted)) < 0.0051
    except ValueError:
        return False


# ------------------------------------------------------------------------------ what is wrong


def wrong_values(ups, values=None):
    mib, told, rows = ups.mib, ups.values(), ups.mib.variables(values)
    wanted = {name: row.text(mib.raw(row, values)) for name, row in rows.items()}
    # What is told of the UPS is told of the device; what nobody counts the driver counts.
    for name in ("mfr", "model", "serial", "macaddr"):
        if f"ups.{name}" in wanted:
            wanted.setdefault(f"device.{name}", wanted[f"ups.{name}"])
    for name in mib.counted():
        wanted.setdefault(name, str(TIMES[name]))
    return [f"{name} is {told.get(name)}, not {text} ({rows.get(name)})"
            for name, text in wanted.items() if text and not same(told.get(name), text)] + \
        [f"{name} is told, and nothing gives it" for name in set(told) - set(wanted)
         if not EVERYWHERE.match(name)]


def wait_published(ups):
    found = [None]

    def right():
        found[0] = wrong_values(ups)
        return not found[0]
    try:
        wait_until(right, interval=0.2)
    except AssertionError:
        return found[0]
    return []


def wrong_commands(ups, composite):
    """Each command alone: those of the facts, and those made of others."""
    wrong, commands = [], ups.mib.commands()
    told = ups.dump().commands - OWN
    for name in sorted(told ^ {*commands, *composite}):
        wrong.append(f"{name}: {'not in the facts' if name in told else 'not offered'}")
    for name, row in commands.items():
        if name not in told or name in composite:
            continue
        raw, value = ups.mib.raw(row), row.argument("value")
        if value is None:
            if ups.asked(f"INSTCMD {name}")[0] == 0:
                wrong.append(f"{name} is taken without a value")
        for given in [value] if value else [OTHER]:
            extra = "" if value else f" {given}"
            line = f"{row.oid} objectid {given.strip('.')}" if row.has("as(oid)") else \
                row.set_line(given, raw)
            result = ups.asked(f"INSTCMD {name}{extra}")
            if result != (0, [line]):
                wrong.append(f"{name}{extra}: {result}, not {line}")
    for name, sets in composite.items():
        if name in told:
            result = ups.asked(f"INSTCMD {name}")
            if result != (0, sets):
                wrong.append(f"{name}: {result}, not {sets}")
    return wrong


def settings_of(row, raw):
    """(what is given, what is SET), several of each row."""
    if row.has("values"):
        seen = {}
        for value, word in row.table.items():
            if word:
                seen.setdefault(word, value)
        return [(word, f"{row.oid} integer {value}") for word, value in seen.items()]
    if row.has("isodate"):
        return [("2026-03-02", f"{row.oid} string 03/02/2026")]
    if raw.startswith("STRING"):
        room = int(row.argument("rw") or 30)
        return [(text, f"{row.oid} string {text}") for text in ("other text 7"[:room], "x")]
    number = number_of(raw)
    kind = raw.partition(":")[0]
    changed = number + 3 if number < 95 else number - 3
    text = row.text(f"Timeticks: ({changed * 100:.0f})" if kind == "Timeticks" else
                    f"{kind}: {changed:.0f}")
    return [(text, row.set_line(text, raw))]


def wrong_setting(ups, name, row):
    """Told, and written as it is; nothing else is taken."""
    if row.argument("own") is not None:
        text = "44" if row.argument("own").isdigit() else "another"
        result = ups.asked(f'SET {name} "{text}"')
        ok = result == (0, []) and ups.told.get(name) == text
        return [] if ok else [f"{name} = {text}: {result}, {ups.told.get(name)}"]
    wrong, raw = [], ups.mib.raw(row)
    for text, line in settings_of(row, raw):
        result = ups.asked(f'SET {name} "{text}"')
        told = ups.told.get(name)
        if result != (0, [line]) or not same(told, text):
            wrong.append(f'{name} = "{text}": {result}, not {line}; told is {told}')
    room = row.argument("rw")
    words = row.has("values") or row.has("isodate") or not raw.startswith("STRING")
    bad = ["no such word"] if words else []
    bad += ["9" * (int(room) + 1)] if room and int(room) < 100 else []
    for text in bad:
        result = ups.asked(f'SET {name} "{text}"')
        if result[0] == 0 or result[1]:
            wrong.append(f'{name} = "{text}": {result}, and is to be refused')
    return wrong


def wrong_settings(ups):
    wrong = []
    wanted = {name: row for name, row in ups.mib.variables().items() if row.has("rw")}
    told = {name for name in ups.dump().settable if not re.match(SYSTEM, name)}
    for name in sorted(told ^ set(wanted)):
        wrong.append(f"{name}: {'not to be set' if name in told else 'cannot be set'}")
    for name, row in wanted.items():
        # Of a chain the last device stands for all: the others have the same rows.
        if name in told and re.sub(r"^device\.\d+\.", f"device.{ups.mib.devices}.", name) == name:
            wrong += wrong_setting(ups, name, row)
    return wrong + wrong_refusal(ups, wanted)


def wrong_refusal(ups, wanted):
    """A value that the device does not take: the client is told, the log says what it was."""
    name, row = next(((n, r) for n, r in wanted.items() if r.oid in ups.mib.values and
                      r.argument("own") is None), (None, None))
    if not name:
        return []
    text, _ = settings_of(row, ups.mib.raw(row))[0]
    ups.agent.fault(row.oid, "refuse wrong-value")
    result = ups.asked(f'SET {name} "{text}"')
    ups.agent.fault(row.oid, None)
    told = f'{name}: the device does not take "{text}"' in ups.process.log()
    return [] if result[0] != 0 and not result[1] and told else \
        [f"{name} is refused by the agent: {result}; log:\n{ups.process.log()}"]


# --------------------------------------------------------------------------------- tests

# Made of other commands, which the facts do not tell of: what they SET, in that order.
STANDARD = "1.3.6.1.2.1.33.1."
CPQ = "1.3.6.1.4.1.232.165.3."
RETURN = {"shutdown.return": [f"{STANDARD}8.1.0 integer 1", f"{STANDARD}8.5.0 integer 1",
                              f"{STANDARD}8.2.0 integer 20"],
          "shutdown.stayoff": [f"{STANDARD}8.1.0 integer 1", f"{STANDARD}8.5.0 integer 2",
                               f"{STANDARD}8.2.0 integer 20"]}
COMPOSITE = {
    "ietf": RETURN, "tripplite": RETURN,
    "cpqpower": {"shutdown.return": [f"{CPQ}8.2.0 integer 30", f"{CPQ}8.1.0 integer 20"]},
    "mge": {"load.on": [f"{STANDARD}8.3.0 integer 0"], "load.off": [f"{STANDARD}8.2.0 integer 0"],
            "shutdown.return": [f"{STANDARD}8.5.0 integer 1", f"{STANDARD}8.3.0 integer 30",
                                f"{STANDARD}8.2.0 integer 20"],
            "shutdown.stayoff": [f"{STANDARD}8.5.0 integer 2", f"{STANDARD}8.3.0 integer -1",
                                 f"{STANDARD}8.2.0 integer 20"]},
}


def check(ups):
    wrong = wait_published(ups)
    wrong += wrong_commands(ups, COMPOSITE.get(ups.mib.name, {}))
    wrong += wrong_settings(ups)
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.parametrize("name", all_names())
def test_all_of_it_is_told_commanded_and_set(start, name):
    check(start(name))


def of_maps(has):
    """The names of those whose map has such a line."""
    import test_snmp_maps as maps
    return [name for name in all_names() for source, names in maps.SOURCES.items()
            if name in names and any(has(line) for line in maps.lines_of(f"{names[0]}.map"))] or ["none"]


@pytest.mark.parametrize("name", of_maps(lambda line: line[0] == "COUNT"))
def test_outlets_and_the_like_may_count_from_0(start, name):
    check(start(name, base=0))


@pytest.mark.parametrize("name", of_maps(lambda line: line[0] == "CHAIN"))
@pytest.mark.parametrize("base", [0, 1])
def test_a_chain_is_all_of_its_devices(start, name, base):
    check(start(name, base=base, devices=2))


@pytest.mark.parametrize("name", of_maps(lambda line: any("phases(" in word for word in line)))
def test_three_phases_have_their_own_names(start, name):
    check(start(name, phases=3))


def test_what_is_slow_is_read_again_after_so_many_polls(site, snmpd, shared):
    """semistaticfreq: the name of a UPS (a slow row) beside its charge, which is not."""
    name, charge = "1.3.6.1.2.1.33.1.1.5.0", "1.3.6.1.2.1.33.1.2.4.0"
    mib = Mib(shared, "ietf")
    agent = snmpd(mib.data())
    ups = Ups(site, agent.port, "mibs = ietf", "semistaticfreq = 1000")
    wait_until(lambda: "ups.id" in ups.values(), what=ups.process.log)
    agent.set(name, 'STRING: "renamed"')
    for value in (51, 52, 53):
        agent.set(charge, f"INTEGER: {value}")
        ups.wait_value("battery.charge", str(value))
    assert ups.values()["ups.id"] == mib.raw(mib.variables()["ups.id"]).partition(": ")[2].strip('"')
    ups.process.stop()
    ups = Ups(site, agent.port, "mibs = ietf", "semistaticfreq = 2")
    ups.wait_value("ups.id", "renamed")
    agent.set(name, 'STRING: "again"')
    ups.wait_value("ups.id", "again")
