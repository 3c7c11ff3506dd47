"""snmp-ups on a snmpd of each MIB: each number of each table is the word of the facts, a status or an
alarm; one that is in no table is none.

The maps are copies whose rows are all read at every poll, with a command that does nothing: it makes
the driver look at once.
"""

import re

import pytest

import test_snmp_maps as maps
from harness import wait_until
from snmpfacts import Mib, number_of

from test_snmp_orders import Talk, of_maps, wrong_values

pytestmark = [pytest.mark.once, pytest.mark.long]

LOOK = "1.3.6.1.4.1.99999.1.0"
UNKNOWN = "9999"  # a number of no table
# How many phases there are, and what unit sensors have, decides which rows count: tests of their own.
DECIDES = re.compile(r"(phases|temperature\.unit)$")


def restless(site, folder):
    """Copies of the maps, in the configuration's folder, where they come first."""
    (site.conf / "maps/snmp-ups").mkdir(parents=True)
    for path in folder.glob("*.map"):
        lines = [re.sub(r" (static|slow)(?= |$)", "", line) if line.startswith("VAR ") else line
                 for line in path.read_text().splitlines()]
        if "MAP " in lines[0]:
            lines.append(f"CMD .{LOOK} test.system.start value(1)")
        site.write(f"maps/snmp-ups/{path.name}", "\n".join(lines) + "\n")


class Looking(Talk):
    def __init__(self, site, mib, agent):
        restless(site, maps.SNMP)
        super().__init__(site, mib, agent)
        wait_until(lambda: "DATAOK" in self.lines(), what=self.process.log)

    def lines(self):
        self.client.send("DUMPALL")
        return self.client.until("DUMPDONE")

    def change(self, values):
        """The agent has these, and all else as at the start; the driver has looked."""
        self.agent.load(self.mib.data({LOOK: "INTEGER: 0", **values}))
        assert self.asked("INSTCMD test.system.start")[0] == 0

    def wrong(self, find):
        """What is wrong still after a while."""
        found = [None]

        def right():
            found[0] = find()
            return not found[0]
        try:
            wait_until(right, timeout=5, interval=0.05)
        except AssertionError:
            return found[0]
        return []


@pytest.fixture
def start(site, snmpd, shared):
    def make(name, without=None):
        mib = Mib(shared, name)
        mib.values.pop(without, None)
        return Looking(site, mib, snmpd(mib.data({LOOK: "INTEGER: 0"})))
    return make


def has_table(line):
    return line[0] in ("VAR", "ALARM") and any(word.startswith("lookup(") for word in line)


def places_of(mib):
    """{place: the numbers of all tables that are there}"""
    found = {}
    for row in mib.rows:
        if row.is_table and not DECIDES.search(row.name) and row.oid in mib.values and \
                number_of(mib.values[row.oid]) is not None:
            numbers = found.setdefault(row.oid, [])
            numbers += [n for n in row.table if n not in numbers and n.lstrip("-").isdigit()]
    return found


def wrong_alarms(ups, values):
    """No alarm but those of the rows and of the status."""
    dump = ups.dump()
    if not dump.fresh:
        return []  # it is not known whether the UPS has power: alarms wait for that
    told, wrong, alarms = dump.values.get("ups.alarm", ""), [], []
    for row in ups.mib.rows:
        text = row.text(ups.mib.raw(row, values)) if row.kind == "ALARM" and row.is_table else None
        alarms += [row.name.replace("*", text)] if text else []
    for alarm in sorted(alarms, key=len, reverse=True):
        if alarm not in told:
            wrong.append(f"ups.alarm has no {alarm}: {told}")
        told = told.replace(alarm, "", 1)
    rest = re.sub(r"(Replace battery|Temperature too high|Internal UPS fault)!", "", told).strip()
    return wrong + ([f"ups.alarm has {rest}"] if rest else [])


@pytest.mark.parametrize("name", of_maps(has_table))
def test_each_number_is_its_word(start, name):
    ups = start(name)
    places = places_of(ups.mib)
    wrong = []
    for k in range(max(map(len, places.values()), default=0)):
        values = {oid: f"INTEGER: {numbers[k % len(numbers)]}" for oid, numbers in places.items()
                  if numbers}
        ups.change(values)
        wrong += ups.wrong(lambda: wrong_values(ups, values) + wrong_alarms(ups, values))
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def wrong_unknown(ups, values):
    """A variable is gone, or says what it says where the device does not have it."""
    told, wrong = ups.values(), wrong_alarms(ups, values)
    for name, row in ups.mib.variables().items():
        if row.oid not in values or not row.is_table:
            continue
        wanted = row.table.get("*") or row.argument("default")
        if told.get(name) != wanted:
            wrong.append(f"{name} is {told.get(name)}, not {wanted} ({row})")
    return wrong


@pytest.mark.parametrize("name", of_maps(has_table))
def test_a_number_that_is_in_no_table_is_no_word(start, name):
    ups = start(name)
    status = {row.oid for row in ups.mib.rows if row.kind == "STATUS"}
    values = {oid: f"INTEGER: {UNKNOWN}" for oid in places_of(ups.mib) if oid not in status}
    # It may be a slip of the agent: three times it is waited for.
    for _ in range(4):
        ups.change(values)
    wrong = ups.wrong(lambda: wrong_unknown(ups, values))
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


WORDS = {"online": "OL", "!online": "OB", "lowbatt": "LB", "replacebatt": "RB", "bypass": "BYPASS",
         "trim": "TRIM", "boost": "BOOST", "off": "OFF", "overload": "OVER", "chrg": "CHRG",
         "dischrg": "DISCHRG", "cal": "CAL", "ecomode": "ECO"}


def tells_source(row):
    return any("online" in (text or "") for text in row.table.values())


def words_of(votes):
    return {WORDS[vote] for vote in (votes or "").split()}


def wrong_status(ups, wanted, what):
    told = ups.values().get("ups.status", "")
    if set(told.split()) - {"ALARM"} != wanted:
        return [f"ups.status is {told}, not {' '.join(sorted(wanted))}: {what}"]
    return []


def status_cases(mib):
    """(what the agent has, the words, what it is): each row alone, but that the mains are there."""
    rows = [r for r in mib.rows if r.kind == "STATUS" and r.is_table and r.oid in mib.values]
    source = next((r for r in rows if tells_source(r)), None)
    silent = {r.oid: f"INTEGER: {UNKNOWN}" for r in rows}
    for row in rows:
        for number, votes in row.table.items():
            values = {**silent, row.oid: f"INTEGER: {number}"}
            words = words_of(votes)
            if not tells_source(row) and source and source.oid != row.oid:
                values[source.oid] = mib.values[source.oid]
                words |= words_of(source.table[str(int(number_of(mib.values[source.oid])))])
            if {"OL", "OB", "OFF"} & words:
                yield values, words, f"{number} at {row.oid}"


@pytest.mark.parametrize("name", of_maps(lambda line: line[0] == "STATUS"))
def test_each_number_is_its_status(start, name):
    ups = start(name)
    wrong = []
    for values, words, what in status_cases(ups.mib):
        ups.change(values)
        wrong += ups.wrong(lambda: wrong_status(ups, words, what))
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


# ------------------------------------------------------------------- tables of alarms

# Where an alarm's kind stands, where it is told how many there are, and our tables of the kinds.
XUPS = (maps.XUPS + "7.2.1.2", maps.XUPS + "7.1.0", "xups-alarm-status", "xups-alarms")
ALARM_TABLES = {
    "ietf": (maps.RFC + "6.2.1.2", maps.RFC + "6.1.0", "alarm-status", "alarms"),
    "eaton_pw_nm2": XUPS, "eaton_pxg_ups": XUPS,
    "vertiv": (maps.CONDITIONS + "3.1.2", maps.CONDITIONS + "2.0", "condition-status", "conditions")}
# Status words that are alarms only, and how they are told.
ALARMS = {"overheat": "Temperature too high!", "commfault": "Internal UPS fault!",
          "fanfail": "Fan failure!", "nobattery": "No battery installed!",
          "shutdownimm": "Shutdown imminent!", "awaitingpower": "Awaiting power!",
          "bypassauto": "Automatic bypass mode!", "bypassman": "Manual bypass mode!",
          "chargerfail": "Battery charger fail!", "battvoltlo": "Battery voltage too low!",
          "battvolthi": "Battery voltage too high!", "replacebatt": "Replace battery!"}


def kinds_of(name):
    """(kind, votes, text) of each alarm that is in a table of ours."""
    _, _, status, alarms = ALARM_TABLES[name]
    tables = maps.tables_of(f"{name}")
    for kind in sorted({*tables[status], *tables[alarms]}):
        yield kind, tables[status].get(kind, ""), tables[alarms].get(kind, "")


def wrong_kind(ups, votes, text):
    told = ups.values()
    words = {WORDS[vote] for vote in votes.split() if vote in WORDS}
    texts = [ALARMS[vote] for vote in votes.split() if vote in ALARMS] + ([text] if text else [])
    alarm, status = told.get("ups.alarm", ""), set(told.get("ups.status", "").split())
    wrong = [f"{word} is not in {status}" for word in words - status]
    wrong += [f"{text} is not in {alarm}" for text in texts if text not in alarm]
    return wrong if words or texts else [f"it says nothing: {alarm}"]


@pytest.mark.parametrize("name", ALARM_TABLES)
def test_each_alarm_of_a_table_is_told_while_it_is_there(start, name):
    ups = start(name)
    place, count = (where.strip(".") for where in ALARM_TABLES[name][:2])
    wrong, quiet = [], ups.values()["ups.status"]
    for row, (kind, votes, text) in enumerate(kinds_of(name), 3):
        ups.change({f"{place}.{row}": f"OID: {kind}", count: "INTEGER: 1"})
        wrong += [f"{kind}: {w}" for w in ups.wrong(lambda: wrong_kind(ups, votes, text))]
    # One that nobody knows, and then none.
    for values in ({f"{place}.7": "OID: .1.3.6.1.4.1.99999.7", count: "INTEGER: 1"}, {count: "INTEGER: 0"}):
        ups.change(values)
        wrong += ups.wrong(lambda: wrong_status(ups, set(quiet.split()), str(values)) +
                           [alarm for name, alarm in ups.told.items() if name == "ups.alarm"])
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


# ------------------------------------------------------------------------ sensors' unit

@pytest.mark.parametrize("name", ["eaton_ats16_nm2", "eaton_epdu", "eaton_pw_nm2", "eaton_pxg_ups"])
def test_sensors_tell_in_celsius_whatever_their_unit_is(start, name):
    ups = start(name)
    unit, place = (maps.SENSORS + "2.5.0").strip("."), (maps.SENSORS + "2.3.1.3.1.1").strip(".")
    for number, raw in ((0, 2952), (1, 220), (2, 716)):
        ups.change({unit: f"INTEGER: {number}", place: f"INTEGER: {raw}"})
        wait_until(lambda: ups.values().get("ambient.1.temperature") == "22",
                   what=lambda: f"{raw} of unit {number} is {ups.values().get('ambient.1.temperature')}")


def test_apcs_sensor_tells_in_celsius_whatever_its_unit_is(start):
    ups = start("apcc", without=(maps.APC + "2.1.1.0").strip("."))
    place = maps.APC.strip(".") + ".10.2.3.2.1."
    for number, raw in ((1, 22), (2, 72)):
        ups.change({place + "5.1": f"INTEGER: {number}", place + "4.1": f"INTEGER: {raw}"})
        wanted = {1: "22.0", 2: "22.2"}[number]
        wait_until(lambda: ups.values().get("ambient.temperature") == wanted,
                   what=lambda: f"{raw} is {ups.values().get('ambient.temperature')}")
