"""The maps of snmp-ups hold every fact that we know of SNMP devices, and say where they differ."""

import csv
import re
import shlex
from collections import Counter

import pytest
from harness import CHECKOUT

pytestmark = pytest.mark.once

SNMP = CHECKOUT / "data/maps/snmp-ups"

# Rows of the facts that only builds for developers have, or that stand in for functions of C.
NEVER = {"debug", "debug-unmapped", "disabled", "no-functions-fallback"}

# Which facts are in which map.
SOURCES = {"apc-ats": ["apc_ats"], "apc-epdu": ["apc"], "apc": ["apcc"], "apc-pdu": ["apc_pdu"],
           "baytech": ["baytech"], "baytech-rpc3nc": ["baytech_rpc3nc"], "bestpower": ["bestpower"],
           "compaq": ["cpqpower"], "cyberpower": ["cyberpower"], "delta_ups": ["delta_ups"],
           "eaton-ats16-nm2": ["eaton_ats16_nm2"], "eaton-ats16-nmc": ["eaton_ats16_nmc"],
           "eaton-ats30": ["eaton_ats30"], "eaton-pdu-genesis2": ["aphel_genesisII"],
           "eaton-pdu-marlin": ["eaton_epdu"], "eaton-pdu-nlogic": ["eaton_pdu_nlogic"],
           "eaton-pdu-pulizzi": ["pulizzi_switched1", "pulizzi_switched2"],
           "eaton-pdu-revelation": ["aphel_revelation"], "eaton-ups-pwnm2": ["eaton_pw_nm2"],
           "eaton-ups-pxg": ["eaton_pxg_ups"], "emerson-avocent-pdu": ["emerson_avocent_pdu"],
           "hpe-pdu": ["hpe_epdu"], "hpe-pdu3-cis": ["hpe_pdu3_cis"], "huawei": ["huawei"],
           "ietf": ["ietf", "tripplite"], "mge": ["mge"], "netvision": ["netvision"],
           "raritan-pdu": ["raritan"], "raritan-px2": ["raritan-px2"], "vertiv": ["vertiv"],
           "xppc": ["xppc"]}

# Maps that are newer than the facts.
NEWER = {"voltronic"}
# What later became known: values of tables, and versions.
LATER = {"xpcc_power_info": {"8": "online"}}
LATER_VERSIONS = {"xppc": "0.42"}

XUPS = ".1.3.6.1.4.1.534.1."
SENSORS = ".1.3.6.1.4.1.534.6.8.1."
RFC = ".1.3.6.1.2.1.33.1."
MARLIN = ".1.3.6.1.4.1.534.6.6.7."
HPE = ".1.3.6.1.4.1.232.165.7.2.2.1."
HUAWEI = ".1.3.6.1.4.1.2011.6.174.1."
APC = ".1.3.6.1.4.1.318.1.1."
MGE = ".1.3.6.1.4.1.705.1."
CPS = ".1.3.6.1.4.1.3808.1.1.1."
CONDITIONS = ".1.3.6.1.4.1.476.1.42.3.2."
OUTLETS = "for(i,1,outlet.count)"
SENSOR = "for(i,1,ambient.count)"

# Facts that a map has in another way: (kind, OID, name) as the facts have it, and the rows that are
# in the map for it.  Each row: (kind, OID, name, items).
def _xups():
    return {
        # A socket that can be switched has an index, which is no answer to the question.
        ("VAR", XUPS + "12.2.1.1.%i", "outlet.%i.switchable"):
            [("VAR", XUPS + "12.2.1.1.%i", "outlet.%i.switchable", {"own(yes)", OUTLETS})],
        # These commands have no instance, and no value, in NUT: no agent takes them so.
        ("CMD", XUPS + "8.1", "test.battery.start.quick"):
            [("CMD", XUPS + "8.1.0", "test.battery.start.quick", {"value(1)"})],
        ("CMD", XUPS + "9.6", "shutdown.return"):
            [("CMD", XUPS + "9.6.0", "shutdown.return", {"value(0)"})],
        ("CMD", XUPS + "9.1.0", "shutdown.stop"):
            [("CMD", XUPS + "9.1.0", "shutdown.stop", {"value(0)"})],
        ("VAR", XUPS + "7.1.0", "ups.alarms"):
            [("VAR", XUPS + "7.1.0", "ups.alarms", {"number", "hidden"})],
        ("VAR", XUPS + "2.6.0", "battery.date"):
            [("VAR", XUPS + "2.6.0", "battery.date", {"isodate", "rw(128)"})],
        **_sensors(),
    }


def _sensors():
    """Of the unit of the sensors NUT has functions, we have a row for each."""
    unit, place, name = SENSORS + "2.5.0", SENSORS + "2.3.1.3.%i.1", "ambient.%i.temperature"
    convert = {"kelvin": {"offset(-273.15)"}, "celsius": set(), "fahrenheit": {"offset(-32)", "divide(1.8)"}}
    rows = [("VAR", place, name, {"scale(0.1)", "format(%.0f)", f"when(sensors-{kind})", "first", SENSOR}
             | more) for kind, more in convert.items()]
    units = [("VAR", unit, f"ambient.{kind}", {"hidden", f"equal({n})", f"keep(sensors-{kind})"})
             for n, kind in enumerate(convert)]
    return {("VAR", place, name): rows,
            ("VAR", unit, name + ".unit"):
                units + [("VAR", unit, name + ".unit", {"lookup", "first", SENSOR})]}


DIFFERENT = {
    "apc": {
        # A name is no number.
        ("VAR", APC + "30.6.2.1.2.%i", "outlet.%i.name"):
            [("VAR", APC + "30.6.2.1.2.%i", "outlet.%i.name", {OUTLETS})],
    },
    "apcc": {
        # The option symmetrathreephase.
        **{("VAR", APC + f"1.5.2.{n}.0", f"input.transfer.{name}"):
           [("VAR", APC + f"1.5.2.{n}.0", f"input.transfer.{name}",
             {"integer", "scale(k(symmetrathreephase))", "number", "rw(3)"})]
           for n, name in ((3, "low"), (2, "high"))},
        # A probe that may be set to Fahrenheit, which NUT finds out in its code.
        ("VAR", APC + "10.2.3.2.1.4.1", "ambient.temperature"): [
            ("VAR", APC + "10.2.3.2.1.5.1", "ambient.fahrenheit", {"hidden", "equal(2)", "keep(fahrenheit)"}),
            ("VAR", APC + "10.2.3.2.1.4.1", "ambient.temperature",
             {"offset(-32)", "divide(1.8)", "format(%.1f)", "when(fahrenheit)"}),
            ("VAR", APC + "10.2.3.2.1.4.1", "ambient.temperature", {"format(%.1f)", "when(!fahrenheit)"})],
    },
    "cyberpower": {
        # NUT's place turns on, and has no such value: CPS-MIB.
        ("CMD", CPS + "6.2.6.0", "shutdown.stayoff"):
            [("CMD", CPS + "6.2.1.0", "shutdown.stayoff", {"value(3)"})],
    },
    "eaton_ats16_nm2": _sensors(),
    "eaton_pw_nm2": _xups(),
    "eaton_pxg_ups": _xups(),
    "eaton_epdu": {
        **_sensors(),
        ("VAR", MARLIN + "1.1.0", "device.count"):
            [("VAR", MARLIN + "1.1.0", "device.count", {"entries", "number", "static"})],
        ("VAR", MARLIN + "1.2.1.2.%d", "device.count"):
            [("VAR", MARLIN + "1.2.1.2.0", "device.count", {"own(1)"})],
        # All other phases have the number of the device there.
        ("VAR", MARLIN + "3.3.1.4.0.1.1", "input.L1.current"):
            [("VAR", MARLIN + "3.3.1.4.%d.1.1", "input.L1.current", {"scale(0.001)", "number"})],
    },
    "hpe_epdu": {
        # Three phases under one name, and one alarm twice.
        **{("VAR", HPE + f"18.%d.{n}", "input.L1.load"):
           [("VAR", HPE + f"18.%d.{n}", f"input.L{n}.load", {"nonnegative", "number"})] for n in (2, 3)},
    },
    "huawei": {
        **{("VAR", HUAWEI + f"4.100.1.{k}.1", "output.L1.realpower"):
           [("VAR", HUAWEI + f"4.100.1.{k}.1", f"output.L{n}.realpower", {"scale(0.1)", "number"})]
           for n, k in ((2, 9), (3, 10))},
        ("VAR", HUAWEI + "4.100.1.21.1", "output.L2.powerfactor"):
            [("VAR", HUAWEI + "4.100.1.21.1", "output.L3.powerfactor", {"scale(0.01)", "number"})],
        # NUT has no instance, never asks, and says 3.
        **{("VAR", HUAWEI + f"102.100.1.{k}", f"{side}.phases"):
           [("VAR", HUAWEI + f"102.100.1.{k}.1", f"{side}.phases", {"lookup"}),
            ("VAR", "-", f"{side}.phases", {"constant(3)"})] for side, k in (("input", 8), ("output", 9))},
    },
    "ietf": {
        # The standard wants a test's name, an OID, where NUT writes 0; the name stays when the test
        # is over.
        ("STATUS", RFC + "7.1.0", "*"): [
            ("VAR", RFC + "7.3.0", "experimental.test.runs", {"hidden", "equal(5)", "keep(test-runs)"}),
            ("STATUS", RFC + "7.1.0", "*", {"when(test-runs)", "arc", "lookup"})],
        **{("CMD", RFC + "7.1.0", f"test.battery.{name}"):
           [("CMD", RFC + "7.1.0", f"test.battery.{name}", {f"value({RFC}7.7.{n})", "as(oid)"})]
           for name, n in (("stop", 2), ("start", 3), ("start.quick", 4), ("start.deep", 5))},
    },
    "mge": {
        # "Utility off" is no output that is off while the battery gives power.
        ("STATUS", MGE + "7.7.0", "*"): [
            ("VAR", MGE + "7.3.0", "experimental.output.battery",
             {"quick", "hidden", "equal(1)", "keep(mge-on-battery)"}),
            ("STATUS", MGE + "7.7.0", "*", {"when(!mge-on-battery)", "lookup"})],
    },
}
# What is no number, but a name of the socket, says that it is there: it can be switched.
for _map, _place in (("baytech", ".1.3.6.1.4.1.4779.1.3.5.3.1.1.1.%i"),
                     ("baytech_rpc3nc", ".1.3.6.1.4.1.4779.1.3.5.3.1.1.1.%i"),
                     ("raritan", ".1.3.6.1.4.1.13742.1.2.2.1.1.%i")):
    DIFFERENT[_map] = {("VAR", _place, "outlet.%i.switchable"):
                       [("VAR", _place, "outlet.%i.switchable", {"own(yes)", OUTLETS})]}

# Rows that are no fact of the tables: of alarms, which have a table of their own, and what makes
# RFC 1628 complete.
ADDED = {name: [("STATUS", place, "*", {"lookup", f"while({count})"}),
                ("ALARM", place, "*", {"lookup", f"while({count})"})]
         for name, place, count in (("eaton_pw_nm2", XUPS + "7.2.1.2.*", XUPS + "7.1.0"),
                                    ("eaton_pxg_ups", XUPS + "7.2.1.2.*", XUPS + "7.1.0"),
                                    ("vertiv", CONDITIONS + "3.1.2.*", CONDITIONS + "2.0"),
                                    ("ietf", RFC + "6.2.1.2.*", RFC + "6.1.0"))}
# Yes or no, of newer network cards.
for _name in ("eaton_pw_nm2", "eaton_pxg_ups"):
    ADDED[_name] += [("STATUS", f"{XUPS}2.{n}.0", word, {"equal(1)"}) for n, word in
                     ((7, "replacebatt"), (8, "nobattery"), (9, "replacebatt"), (10, "lowbatt"))]
ADDED["ietf"] += [("VAR", RFC + "1.5.0", "ups.id", {"rw(63)", "slow"}),
                  ("VAR", RFC + "2.2.0", "battery.runtime.elapsed", {"number"}),
                  ("VAR", RFC + "6.1.0", "ups.alarms", {"number", "hidden"}),
                  ("VAR", RFC + "8.2.0", "ups.delay.shutdown", {"own(20)", "rw(6)"}),
                  ("VAR", RFC + "8.3.0", "ups.delay.start", {"own(30)", "rw(6)"}),
                  ("CMD", RFC + "8.2.0", "load.off.delay", {"value(20)"}),
                  ("CMD", RFC + "8.3.0", "load.on.delay", {"value(30)"}),
                  ("CMD", RFC + "8.2.0", "shutdown.stop", {"value(-1)"}),
                  ("CMD", RFC + "8.4.0", "shutdown.reboot", {"value(30)"}),
                  ("CMD", RFC + "8.1.0", "experimental.shutdown.output", {"value(1)", "hidden"}),
                  ("CMD", RFC + "8.5.0", "experimental.shutdown.and-start", {"value(1)", "hidden"}),
                  ("CMD", RFC + "8.5.0", "experimental.shutdown.and-stay", {"value(2)", "hidden"})]

# Rows that come with a file that several maps share: NUT has this one for PDUs only.
ADDED_BY_SHARING = [("VAR", SENSORS + "1.2.1.5.%i", "ambient.%i.parent.serial", {"first", SENSOR})]

# A row that is in the facts twice, with nothing to tell them apart, once in the map.
TWICE = {("eaton_pw_nm2", "output.voltage.nominal"), ("eaton_pxg_ups", "output.voltage.nominal")}

MIB2 = {".1.3.6.1.2.1.1.1.0", ".1.3.6.1.2.1.1.4.0", ".1.3.6.1.2.1.1.6.0"}


# ------------------------------------------------------------------------------- reading

def lines_of(name, seen=None):
    """Lines of a map as words, with what it includes in its place."""
    seen = set() if seen is None else seen
    if name in seen:
        return
    seen.add(name)
    for line in (SNMP / name).read_text().splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] == "INCLUDE":
            yield from lines_of(words[1], seen)
        elif words:
            yield words


def plain(items):
    """The items of a row, tables without their names."""
    return {re.sub(r"^(lookup|values)\(.*\)$", r"\1", item) for item in items}


def rows_of(name):
    return [(words[0], words[1], words[2], frozenset(plain(words[3:])))
            for words in lines_of(f"{name}.map") if words[0] in ("VAR", "STATUS", "ALARM", "CMD")]


def tables_of(name):
    tables, table = {}, None
    for words in lines_of(f"{name}.map"):
        if words[0] == "LOOKUP":
            table = tables[words[1]] = {}
        elif words[0] == "END":
            table = None
        elif table is not None:
            table[words[0]] = words[1]
    return tables


def facts(shared, name):
    with open(shared / "facts" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def facts_of(shared, source):
    return [fact for fact in facts(shared, "snmp-mib.tsv")
            if fact["source"] == source and fact["build_condition"] not in NEVER]


# ------------------------------------------------------------- what a fact is in a map

def template_of(fact, flags):
    if fact["nut_name"].startswith("outlet.group.%i"):
        return "outlet.group.count"
    for flag, variable in (("outlet-template", "outlet.count"), ("outlet-group-template", "outlet.group.count"),
                           ("ambient-template", "ambient.count")):
        if flag in flags:
            return variable
    return None


def place_of(fact, flags):
    """The device of a chain is %d, what a template counts is %i."""
    place = fact["oid"] if fact["oid"][0] in ".-" else "." + fact["oid"]
    indexes = place.count("%i")
    if indexes == (2 if template_of(fact, flags) else 1):
        place = place.replace("%i", "%d", 1)
    return place.replace("%i", "%i+1") if "cmd-offset" in flags else place


def name_of(fact, template):
    name = fact["nut_name"]
    if fact["type"] == "cmd":
        return "CMD", name
    if name == "ups.status":
        return "STATUS", "*"
    if not name.endswith("alarm"):
        return "VAR", name
    phase = re.match(r"(L\d)\.alarm", name)
    if phase:
        return "ALARM", f"phase {phase[1]}: *"
    for start, text in (("outlet.group.%i", "outlet group %i: *"), ("outlet.%i", "outlet %i: *")):
        if name.startswith(start):
            return "ALARM", text
    return "ALARM", "sensor %i: *" if template == "ambient.count" else "*"


def conversions_of(fact, flags):
    items = set()
    scale = fact["scale_or_len"]
    if "neg-invalid" in flags:
        items.add("nonnegative")
    if "zero-invalid" in flags:
        items.add("not(0)")
    if "na-invalid" in flags:
        items.add("not(N/A)")
    if fact["nut_name"].endswith("macaddr"):
        items.add("mac")
    if fact["lookup"]:
        items.add("lookup")
    elif fact["type"] == "number":
        items.add("format(%.1f)" if fact["nut_name"] == "ambient.temperature" else "number")
        # Ticks are read as seconds; what stands there is the length of a text.
        if float(scale) != 1 and "set-as-timeticks" not in flags:
            items.add(f"scale({float(scale):g})")
    return items


def length_of(fact):
    if fact["type"] != "string" or fact["lookup"] or fact["scale_or_len"] == "1.0":
        return "rw"
    return f"rw({fact['scale_or_len']})"


def absent(fact, flags, place, loop):
    """A row that NUT never reads: its default, or a setting of the driver."""
    default = fact["default_or_cmd_value"]
    if "rw" in flags:
        return place, {f"own({default})", length_of(fact)} | loop
    if place == "-" or default == "%i":
        return "-", {f"constant({default})"} | loop
    return (place, {f"own({default})"} | loop) if default != "-" and not fact["lookup"] else None


def speed_of(fact, flags, place):
    if place in MIB2 and "rw" in flags or {"stale", "semi-static"} & flags or {"rw", "static"} <= flags:
        return {"slow"}
    return {"static"} if "static" in flags else set()


def default_of(fact):
    default = fact["default_or_cmd_value"]
    if default in ("", "-", "%i", "0") or (fact["type"] != "string" and fact["nut_name"] != "device.count"):
        return set()
    return {f"default({default})"}


def phases_of(flags):
    sides = [(side, n) for side in ("input", "output", "bypass") for n in "13" if f"{side}-{n}ph" in flags]
    return {f"phases({side},{n})" for side, n in sides if len(sides) == 1}


def expected(fact):
    """The row, as (kind, place, name, items)."""
    flags = set(fact["flags"].split("|"))
    template = template_of(fact, flags)
    loop = {f"for(i,1,{template})"} if template else set()
    place = place_of(fact, flags)
    kind, name = name_of(fact, template)
    first = {"first"} if "daisy-master-only" in flags or SENSORS in place else set()
    items = conversions_of(fact, flags) | loop | first
    default = fact["default_or_cmd_value"]
    if kind == "CMD":
        return kind, place, name, loop | ({f"value({default})"} if default not in ("", "-") else set())
    if kind != "VAR":
        return kind, place, name, items
    if place == "-" or ("absent-default" in flags and "na-invalid" not in flags):
        row = absent(fact, flags, place, loop)
        if row:
            return kind, row[0], name, row[1]
    if "rw" in flags:
        items |= {length_of(fact)} | ({"values"} if fact["lookup"] else set())
    if "set-as-timeticks" in flags:
        items.add("as(ticks)")
    return kind, place, name, items | speed_of(fact, flags, place) | default_of(fact) | phases_of(flags)


def all_expected(shared, source):
    """Pairs of a fact, or None, and a row that has to be in the map."""
    name = SOURCES[source][0]
    different = dict(DIFFERENT.get(name, {}))
    seen = set()
    for fact in facts_of(shared, source):
        row = expected(fact)
        if (name, row[2]) in TWICE and row[:3] in seen:
            continue
        seen.add(row[:3])
        if row[:3] in different:
            yield from ((fact, other) for other in different[row[:3]])
        else:
            yield fact, row
    yield from ((None, row) for row in ADDED.get(name, []))
    if any(SENSORS in row[1] for row in rows_of(name)) and name != "eaton_epdu":
        yield from ((None, row) for row in ADDED_BY_SHARING)


def second_alarm(name, rows):
    """HPE has one alarm of phase 2 twice, the second time where phase 3 has to be."""
    if name != "hpe_epdu":
        return rows
    row = ("ALARM", HPE + "12.%d.2", "phase L2: *", frozenset({"lookup"}))
    assert rows[row] == 2
    rows[row] = 1
    rows["ALARM", HPE + "12.%d.3", "phase L3: *", frozenset({"lookup"})] += 1
    return rows


# -------------------------------------------------------------------------------- tests

@pytest.mark.parametrize("source", SOURCES)
def test_every_fact_is_a_row_and_every_row_a_fact(shared, source):
    name = SOURCES[source][0]
    theirs = Counter((kind, place, label, frozenset(items))
                     for _, (kind, place, label, items) in all_expected(shared, source))
    theirs = second_alarm(name, theirs)
    ours = Counter(rows_of(name))
    assert list((theirs - ours).elements()) == []
    assert list((ours - theirs).elements()) == []


def test_all_facts_were_looked_at(shared):
    known = facts(shared, "snmp-mib.tsv")
    assert {fact["source"] for fact in known} == set(SOURCES)
    assert sum(len(facts_of(shared, source)) for source in SOURCES) == \
        sum(fact["build_condition"] not in NEVER for fact in known) >= 1800


@pytest.mark.parametrize("source", SOURCES)
def test_of_several_places_the_first_is_the_one_of_the_facts(shared, source):
    order = {}
    for fact, (kind, place, label, _) in all_expected(shared, source):
        if kind == "VAR" and fact:
            order.setdefault(label, []).append(place)
    ours = {}
    for kind, place, label, _ in rows_of(SOURCES[source][0]):
        if kind == "VAR":
            ours.setdefault(label, []).append(place)
    assert {label: ours[label] for label, places in order.items() if len(set(places)) > 1} == \
        {label: list(places) for label, places in order.items() if len(set(places)) > 1}


WORDS = {"OL": "online", "OB": "!online", "LB": "lowbatt", "RB": "replacebatt", "BYPASS": "bypass",
         "TRIM": "trim", "BOOST": "boost", "OFF": "off", "OVER": "overload", "CHRG": "chrg",
         "DISCHRG": "dischrg", "CAL": "cal", "ECO": "ecomode", "NULL": None,
         # No status that anybody knows.
         "TEST": None}


def votes(text, of_source):
    """Status words as votes.  Where a row tells the source of power, the mains are there while the
    voltage is corrected or on bypass; NUT says so in some tables only."""
    words = text.split()
    ours = [WORDS[word] for word in words if WORDS[word]]
    if of_source and not {"OL", "OB", "OFF"} & set(words) and {"BYPASS", "TRIM", "BOOST"} & set(words):
        ours.insert(0, "online")
    return " ".join(ours)


def alarm_of(text):
    limit = re.match(r"(low|high) (\w+) (warning|critical)!$", text)
    if limit:
        return f"{limit[2]} {'critically ' if limit[3] == 'critical' else ''}{limit[1]}"
    return {"": "", "frequency out of range!": "frequency out of range",
            "Temperature too high!": "temperature too high", "Internal UPS fault!": "internal fault"}[text]


def known_table(known, fact):
    """What a table of the facts says, in our words; of two rows for one value the first counts."""
    rows = [row for row in known[fact["source"], fact["lookup"]] if row["build_condition"] != "disabled"]
    of_source = any(row["nut_value"].split()[:1] in (["OL"], ["OB"]) for row in rows)
    table = {}
    for row in rows:
        text = row["nut_value"]
        if fact["nut_name"] == "ups.status":
            text = votes(text, of_source)
        elif fact["nut_name"].endswith("alarm"):
            text = alarm_of(text)
        table.setdefault(row["oid_value"], text)
    return {**table, **LATER.get(fact["lookup"], {})}


def used_tables(name):
    """The tables of rows, by the row's kind, place and name."""
    used = {}
    for words in lines_of(f"{name}.map"):
        if words[0] in ("VAR", "STATUS", "ALARM"):
            for item in words[3:]:
                if item.startswith("lookup("):
                    used.setdefault(tuple(words[:3]), []).append(item[7:-1])
    return used


# Tables that are functions in NUT.
FUNCTIONS = ("sensor_temperature_unit_info", "sensor_temperature_read_info", "device_count_info",
             "su_convert_to_iso_date_info")


@pytest.mark.parametrize("source", SOURCES)
def test_every_table_says_what_the_facts_say(shared, source):
    known = {}
    for row in facts(shared, "snmp-lookups.tsv"):
        known.setdefault((row["source"], row["lookup"]), []).append(row)
    name = SOURCES[source][0]
    tables, used = tables_of(name), used_tables(name)
    for fact in facts_of(shared, source):
        if not fact["lookup"] or fact["lookup"].endswith(FUNCTIONS):
            continue
        rows = DIFFERENT.get(name, {}).get(expected(fact)[:3], [expected(fact)])
        ours = [tables[table] for row in rows for table in used.get(row[:3], [])]
        theirs = known_table(known, fact)
        # A value that a shared table has besides means the same for all who share it.
        assert any({value: table.get(value) for value in theirs} == theirs for table in ours), \
            (fact["lookup"], ours)


# Vertiv's conditions that are of all devices.  The others the facts have by the place of their data,
# which another column of the table has: their kinds have the same numbers.
WELL_KNOWN = {CONDITIONS + f"1.{n}": word for n, word in (
    ("72", "!online"), ("117", "lowbatt"), ("40.6", "overload"), ("74", "replacebatt"),
    ("59.3", "overheat"), ("102", "off"))}
DATA = CONDITIONS.replace("3.2.", "3.9.20.1.10.1.2.100.")


@pytest.mark.parametrize("name, table_of_facts, status, alarms, added",
                         [("eaton_pw_nm2", "pw_alarms", "xups-alarm-status", "xups-alarms",
                           {XUPS + "7.3": "!online"}),
                          ("eaton_pxg_ups", "eaton_pxg_alarms", "xups-alarm-status", "xups-alarms",
                           {XUPS + "7.3": "!online"}),
                          ("vertiv", "vertiv_alarms", "condition-status", "conditions", WELL_KNOWN)])
def test_every_alarm_has_its_status_and_its_text(shared, name, table_of_facts, status, alarms, added):
    rows = [row for row in facts(shared, "snmp-alarms.tsv") if row["alarm_table"] == table_of_facts]
    # OT is no status: it is an alarm word of ours; FAULT has a text only.
    words = {**WORDS, "OT": "overheat", "FAULT": None}
    assert len(rows) >= 7
    tables = tables_of(name)
    def place(row):
        return ("." + row["alarm_oid"].lstrip(".")).replace(DATA, CONDITIONS + "7.1.")
    assert tables[status] == {**{place(row): words[row["status_value"]] for row in rows
                                 if words.get(row["status_value"])}, **added}
    with_text = {place(row) for row in rows if row["alarm_text"]}
    if name == "vertiv":
        # The word makes the text already.
        with_text -= {place(row) for row in rows if row["status_value"] == "OT"}
        with_text |= {kind for kind, word in added.items() if word != "overheat"}
    assert set(tables[alarms]) == with_text
    assert all(tables[alarms].values())


def matches_of(name):
    return [words[1:] for words in lines_of(f"{name}.map") if words[0] == "MATCH"]


# Entries that have no place to ask, or one that no agent has: the model's then.
PROBES = {"apc_pdu_epdu": ".1.3.6.1.4.1.318.1.1.30.2.1.1.4.1", "delta_ups": ".1.3.6.1.4.1.2254.2.4.1.2.0",
          "eaton_pdu_nlogic": ".1.3.6.1.4.1.534.7.1.1.2.1.3.1", "xppc": ".1.3.6.1.4.1.935.1.1.1.1.1.1.0",
          "pulizzi_switched1": ".1.3.6.1.4.1.20677.2.1.1.0", "pulizzi_switched2": ".1.3.6.1.4.1.20677.2.1.1.0",
          "tripplite_ietf": RFC + "1.1.0"}
# What NUT has for APC is the place of the model, which is nobody's sysObjectID.
OBJECTS = {"apc": ".1.3.6.1.4.1.318.1.3"}
# A place that an earlier entry asks for already; and one that the standard's map asks for.
NOT_PROBED = {"eaton_pw_nm2", "eaton_ats16_nm2", "tripplite_ietf"}


def test_every_entry_is_matched_and_has_its_name(shared):
    entries = facts(shared, "snmp-mibs.tsv")
    assert len(entries) == 36
    for entry in entries:
        name = SOURCES[entry["source_unit"].removesuffix("-mib.c")][0]
        probe = PROBES.get(entry["entry"]) or "." + entry["auto_check_oid"].lstrip(".")
        oid = OBJECTS.get(entry["entry"], entry["sysObjectID"])
        rows = matches_of(name)
        assert ["oid", oid, f"order({entry['match_order']})", f"probe({probe})"] in rows, entry
        assert (["probe", probe] in [row[:2] for row in rows]) == \
            (entry["entry"] not in NOT_PROBED or name == "ietf"), entry
        heads = [words[1] for words in lines_of(f"{name}.map") if words[0] in ("MAP", "NAME")]
        assert entry["mib_name"] in heads
        assert ["VERSION", LATER_VERSIONS.get(name, entry["version"])] in list(lines_of(f"{name}.map"))


def test_each_map_has_the_name_of_its_file():
    maps = {path.stem: next(lines_of(path.name)) for path in SNMP.glob("*.map")}
    named = {stem for stem, words in maps.items() if words[0] == "MAP"}
    assert all(maps[stem][1] == stem for stem in named)
    assert named == {names[0] for names in SOURCES.values()} | NEWER


@pytest.mark.parametrize("source", SOURCES)
def test_a_printed_map_is_a_map_that_prints_the_same(site, source):
    def printed(path):
        return site.run("nut-mapcheck", "--print", "-q", path, check=True).stdout
    name = SOURCES[source][0]
    first = printed(SNMP / f"{name}.map")
    assert first.startswith(f"MAP {name} ")
    assert printed(site.write(f"{name}.map", first)) == first


def test_all_templates_are_counted():
    """Each template of a map is counted by a place of its own: it may begin at 0, or not be told."""
    for names in SOURCES.values():
        lines = list(lines_of(f"{names[0]}.map"))
        counted = {words[1] for words in lines if words[0] == "COUNT"}
        used = {re.match(r"for\(i,1,(.*)\)$", item)[1] for words in lines for item in words
                if item.startswith("for(")}
        assert counted == used, names
