"""The maps of nutdrv_qx beside the facts that were gathered of its protocols.

Each row of ../shared/facts/qx-protocols.tsv has to be in the map of its protocol, as
nut-mapcheck prints it: the query and what an answer to it begins with and measures, the
columns, the format, the conversion, the bytes of a setting or a command, what may be set.
EXCEPTIONS are the rows that are not there as they stand, each with its reason; one that is
not needed any more fails as well.
"""

import functools
import os
import pathlib
import re
import shlex
import subprocess

import pytest
import qxpair
from harness import CHECKOUT

pytestmark = pytest.mark.once

SHARED = pathlib.Path(os.environ.get("CHESTNUT_SHARED", CHECKOUT.parent / "shared"))
FACTS = SHARED / "facts"
MAPS = CHECKOUT / "data" / "maps" / "nutdrv_qx"

PROTOCOLS = ["ablerex", "bestups", "gtec", "hunnox", "innovart31", "innovart33", "innovatae",
             "masterguard", "mecer", "megatec", "megatec-old", "mustek", "omron", "q1", "q2", "q6",
             "voltronic", "voltronic-axpert", "voltronic-qs", "voltronic-qs-hex", "zinto"]

# NUT's names, where ours is more than an exchange of `_` for `.`, with experimental. in front of
# what NUT does not publish.
NAMES = {
    "load.high": "ups.load.high",
    "clear.fault.record": "experimental.fault.clear",
    "experimental.number_of_battery_cells": "experimental.battery.cells",
    "experimental.nominal_cell_voltage": "experimental.battery.cell.voltage.nominal",
    "experimental.input_fault_voltage": "input.voltage.fault",
    "max_bypass_volt": "experimental.bypass.voltage.high",
    "min_bypass_volt": "experimental.bypass.voltage.low",
    "max_bypass_freq": "experimental.bypass.frequency.high",
    "min_bypass_freq": "experimental.bypass.frequency.low",
    "voltronic_parallel": "experimental.parallel",
    "battery_number": "experimental.battery.number",
}
INTERNAL = re.compile(r"^[a-z_]+$")

# What a conversion of NUT's is in our items; "" is none at all.
CONVERSIONS = {
    "ablerex_At": r"call\(ablerex-runtime\)",
    "ablerex_Q5": r"call\(ablerex-q5,1\) scale\(0\.1\)",
    "ablerex_TR": r"",
    "ablerex_battery": r"call\(ablerex-battery\)",
    "ablerex_batterycharge": r"call\(ablerex-charge\)",
    "ablerex_initbattery": r"call\(ablerex-bound,[01]\)",
    "ablerex_process_status_bits": r"",
    "bestups_batt_packs": r"",
    "bestups_batt_runtime": r"scale\(60\)",
    "bestups_get_pins_shutdown_mode": r"",
    "bestups_manufacturer": r"lookup\(bestups-maker\)",
    "bestups_model": r"lookup\(bestups-model\)",
    "bestups_process_bbb_status_bit": r"call\(bestups-avr\)",
    "bestups_process_setvar": r"",
    "bestups_voltage_settings": r"call\(bestups-setting\) lookup\(bestups-[a-z]+\)",
    "blazer_process_command": r"call\(megatec-(return|off|test)\)",
    "blazer_process_setvar": r"call\(megatec-(on|off)-delay\)",
    "blazer_process_status_bits": r"",
    "gtec_process_status": r"(letter|any)\(.*\)",
    "hunnox_battery_charge": r"",
    "masterguard_battvolt": r"scale\(k\(masterguard-cells\)\)",
    "masterguard_beeper_status": r"lookup\(masterguard-beeper\)",
    "masterguard_fault": r"call\(masterguard-fault\)",
    "masterguard_hhh": r"scale\(3600\)",
    "masterguard_mmm_ss": r"call\(masterguard-minutes\)",
    "masterguard_model": r"letter\(masterguard-models\)",
    "masterguard_numcells": r"",
    "masterguard_output_current": r"scale\(k\(masterguard-va\)\) divide\(100\) divide\(k\(masterguard-output\)\)",
    "masterguard_output_current_nominal": r"offset\(k\(masterguard-va\)\) divide\(k\(masterguard-nominal\)\)",
    "masterguard_output_voltages": r"",
    "masterguard_power": r"letter\(masterguard-power\)",
    "masterguard_series": r"lookup\(masterguard-series\)",
    "masterguard_set_slaveaddr": r"zeros\(0,2\)",
    "masterguard_setvar": r"",
    "masterguard_shutdown_return": r"call\(masterguard-return\)",
    "masterguard_shutdown_stayoff": r"call\(megatec-off\)",
    "masterguard_slaveaddr": r"",
    "masterguard_status": r"",
    "masterguard_test_battery": r"call\(masterguard-test\)",
    "masterguard_tttt_hh_mm_ss": r"call\(masterguard-uptime\)",
    "masterguard_ups_power": r"scale\(k\(masterguard-va\)\) divide\(100\)",
    "mecer_process_test_battery": r"call\(megatec-test-short\)",
    "omron_process_batt_date": r"call\(omron-date\)",
    "omron_process_charge": r"range\(0,100\)",
    "omron_process_command": r"call\(megatec-(return|off)\)",
    "omron_process_firmware": r"call\(omron-firmware,0\)",
    "omron_process_frequency": r"",
    "omron_process_runtime": r"scale\(60\)",
    "omron_process_signed": r"",
    "omron_process_un": r"",
    "q2_process_topology_bits": r"lookup\(topology\)",
    "q6_process_topology_bits": r"lookup\(topology\)",
    "qx_multiply_battvolt": r"call\(megatec-pack\)",
    "qx_multiply_m2s": r"scale\(60\)",
    "qx_multiply_x1000": r"scale\(1000\)",
    "voltronic_axpert_capability": r"switch\([a-z]\) lookup\((yes-no|enabled-disabled)\)",
    "voltronic_axpert_fw": r"",
    "voltronic_axpert_hex_preprocess": r"",
    "voltronic_axpert_mode": r"lookup\(axpert-mode(s|-alarms)\)",
    "voltronic_axpert_protocol": r"lookup\(axpert-protocols\)",
    "voltronic_axpert_qpiri_battery_type": r"lookup\(axpert-battery-types\)",
    "voltronic_axpert_qpiri_model_type": r"lookup\(axpert-models\)",
    "voltronic_axpert_serial_numb": r"nonzero",
    "voltronic_axpert_status": r"",
    "voltronic_axpert_transformer": r"lookup\(axpert-transformers\)",
    "voltronic_axpert_capability_set": r"switch\([a-z]\) lookup\(yes-no\)",
    "voltronic_axpert_capability_set_nonut": r"switch\([a-z]\) lookup\(enabled-disabled\)",
    "voltronic_axpert_capability_reset": r"",
    "voltronic_batt_numb": r"zeros\(0,1\)",
    "voltronic_batt_runtime": r"scale\(60\)",
    "voltronic_bypass": r"zeros\([01],[34]\)",
    "voltronic_capability": r"switch\([a-z]\) lookup\((yes-no|enabled-disabled)\)",
    "voltronic_capability_reset": r"when\(reset_to_default\)",
    "voltronic_capability_set": r"switch\([a-z]\) lookup\(yes-no\)",
    "voltronic_capability_set_nonut": r"switch\([a-z]\) lookup\(enabled-disabled\)",
    "voltronic_eco_freq": r"zeros\(1,4\)",
    "voltronic_eco_volt": r"zeros\(0,3\)",
    "voltronic_eco_volt_range": r"offset\(k\(eco-[a-z-]+\)\)",
    "voltronic_fault": r"lookup\(voltronic-faults(-p31)?\)",
    "voltronic_mode": r"lookup\(voltronic-mode(s|-alarms)\)",
    "voltronic_outlet": r"lookup\((yes-no|voltronic-outlet)\)",
    "voltronic_outlet_delay": r"scale\(60\)",
    "voltronic_outlet_delay_set": r"scale\(60\)",
    "voltronic_output_powerfactor": r"scale\(0\.01\)",
    "voltronic_p31b": r"lookup\(voltronic-battery-types\)",
    "voltronic_p31b_set": r"lookup\(voltronic-battery-types\)",
    "voltronic_p31g": r"lookup\(voltronic-ranges\)",
    "voltronic_p31g_set": r"lookup\(voltronic-ranges\)",
    "voltronic_p98_protocol": r"lookup\(p98\)",
    "voltronic_parallel": r"lookup\(voltronic-parallel\)",
    "voltronic_phase": r"lookup\(voltronic-angles\)",
    "voltronic_phase_set": r"lookup\(voltronic-angles\)",
    "voltronic_process_command": r"(call\(megatec-(return|off|test-short)\)|when\(!?voltronic-beeper\))",
    "voltronic_process_setvar": r"(call\(megatec-(on|off)-delay\)|zeros\([01],[1234]\))",
    "voltronic_protocol": r"lookup\(voltronic-protocols\)",
    "voltronic_qs_hex_battery_voltage": r"call\(voltronic-hex-battery\)",
    "voltronic_qs_hex_frequency": r"call\(voltronic-hex-frequency\)",
    "voltronic_qs_hex_input_output_voltage": r"call\(voltronic-hex-voltage\)",
    "voltronic_qs_hex_load": r"unhex",
    "voltronic_qs_hex_process_ratings_bits": r"lookup\(rated-[a-z]+\)",
    "voltronic_qs_hex_protocol": r"lookup\(qs-hex-kind\)",
    "voltronic_qs_protocol": r"lookup\(qs-kind\)",
    "voltronic_serial_numb": r"nonzero",
    "voltronic_status": r"",
    "voltronic_sunny_basic_preprocess_and_update_related_vars_limits": r"",
    "voltronic_sunny_hh_mm": r"",
    "voltronic_sunny_unskip_setvar_and_update_related_vars_limits": r"",
    "voltronic_sunny_yymmdd": r"",
    "voltronic_sunny_warning": r"any\(1\)",
    "voltronic_warning": r"places\(voltronic-warnings\)",
}

# How an answer is unwrapped, how a query is wrapped: our codec.
CODECS = {
    "voltronic_axpert_crc": "voltronic-crc", "voltronic_axpert_checkcrc": "voltronic-crc",
    "voltronic_qs_hex_preprocess_qs_answer": "voltronic-qs-hex",
    "masterguard_add_slaveaddr": "masterguard-address",
    "bestups_preprocess_id_answer": "bestups-id",
}

# What status bits have to say, by the column of the answer.
WORDS = {
    "blazer_process_status_bits": {38: "!online", 39: "lowbatt", 40: "*", 43: "cal", 44: "fsd"},
    "voltronic_status": {65: "!online", 66: "lowbatt", 67: "*", 70: "cal", 71: "fsd"},
    "masterguard_status": {53: "!online", 54: "lowbatt", 55: "bypass", 58: "cal", 59: "fsd",
                           65: "replacebatt"},
    "voltronic_axpert_status": {86: "!off", 88: "chrg"},
    "ablerex_process_status_bits": {40: "*", 41: "replacebatt"},
}

# (protocol, variable, query): why it is not as it stands.  `*` is any.
ANEW = "what changes is read anew; NUT reads it once"
PACKED = "one maker packs a serial number and a runtime into these columns; of all others the " \
    "names would be cut: the columns of the protocol's description are kept"
BATTERY = "computed from the nominal voltage, which columns 11 to 15 have"
EXCEPTIONS = {
    ("ablerex", "battery.voltage.low", "F"): BATTERY,
    ("ablerex", "battery.voltage.high", "F"): BATTERY,
    ("ablerex", "ups.test.result", "TR"): "the facts say the four characters from the first on",
    ("hunnox", "battery.charge", "BL"): "the number behind BL, in columns",
    ("masterguard", "ups.alarm", "Q3"): "all other columns need the whole of it, 71 characters",
    ("masterguard", "output.current.nominal", "PNV"): "with decimals, as the current itself",
    ("megatec", "device.mfr", "I"): PACKED,
    ("megatec", "ups.serial", "I"): PACKED,
    ("megatec", "device.model", "I"): PACKED,
    ("megatec", "battery.runtime", "I"): PACKED,
    ("omron", "battery.date", "BRR"): "read again after a battery was replaced",
    ("voltronic", "unknown.7", "QBDR"): "nobody knows what it is, and NUT never asks for it",
    ("voltronic-axpert", "battery.energysave", "P%sJ"): "writes another letter than is read, g",
    ("voltronic-axpert", "output.voltage", "QPIGS"): ANEW,
    ("voltronic-axpert", "output.frequency", "QPIGS"): ANEW,
    ("voltronic-axpert", "output.power", "QPIGS"): ANEW,
    ("voltronic-axpert", "output.realpower", "QPIGS"): ANEW,
    ("voltronic-qs", "input.transfer.low", "QI"): ANEW,
    ("voltronic-qs", "input.transfer.high", "QI"): ANEW,
}

FAULTY = "(231.4 49.9 229.7 50.1 001.6 023 371.2 369.8 026.8 ---.- 031.5 100001000001"

# Where one device has not all of it: answers of others of its protocol.
KINDS = {
    "bestups": [{}, {"ID": "AX1,750,120,120,20.0,27.6"}],
    "voltronic": [{"QPI": f"(PI{number}", "QFLAG": "(EpashcjoeDbrgflvdnqw", "QSK3": "(1",
                   "QSK4": "(0", "QSKT3": "(001", "QSKT4": "(002", "QGS": FAULTY, "QFS": "(07"}
                  for number in ("01", "03", "10", "31")] + [{"QMF": "(NAK"}],
}

# Rows that NUT builds only where its makers ask for them.  Why they are not here:
UNBUILT = {
    "disabled": "never built: masterguard's Q1, whose values Q3 has",
    "experimental": "Axpert's without a check are of P17, another protocol than P30, which is all "
                    "that NUT takes; what their values mean is not known (qx-conversions.tsv)",
}
# Those with a check are there with the option `testing`.
CHECKED = "send:voltronic_axpert_crc"


def facts(name):
    path = FACTS / name
    if not path.exists():
        pytest.skip(f"{path} is not there: no facts to compare with")
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    return [dict(zip(lines[0], line + [""] * (len(lines[0]) - len(line)))) for line in lines[1:]]


class Query:
    """A QUERY of a map."""

    def __init__(self, text, items):
        self.text, self.items = text, items

    def item(self, name):
        found = re.findall(rf"(?:^| ){name}\((.*?)\)(?= |$)", self.items)
        return found[0].replace("\\", "") if found else ""


class Map:
    """A map as nut-mapcheck prints it."""

    def __init__(self, build, name):
        path = MAPS / f"{name}.map"
        result = subprocess.run([build.program("nut-mapcheck"), "--print", path],
                                capture_output=True, text=True, check=True)
        self.queries, self.rows = {}, []
        for line in result.stdout.splitlines():
            words = shlex.split(line)
            if line[:1].isspace() or not words:
                continue
            if words[0] == "QUERY":
                self.queries[words[1]] = Query(words[2], " ".join(words[3:]))
            elif words[0] in ("VAR", "STATUS", "ALARM", "CMD"):
                self.rows.append((words[0], words[1], words[2], " ".join(words[3:])))
            elif words[0] == "SEQUENCE":
                self.rows.append(("SEQUENCE", words[1], " ".join(words[2:]), ""))

    def query_of(self, where):
        return self.queries.get(re.split(r"[\[{]", where)[0])

    def find(self, kinds, name):
        return [row for row in self.rows if row[0] in kinds and row[2] == name]

    def sequence(self, name):
        """The rows that the command is made of, if it is a sequence."""
        steps = " ".join(row[2] for row in self.rows if row[0] == "SEQUENCE" and row[1] == name)
        return [row for row in self.rows if row[0] == "CMD" and row[2] in steps.split()]


@functools.lru_cache(maxsize=None)
def the_map(build, name):
    return Map(build, name)


def our_name(name):
    if name in NAMES:
        return NAMES[name]
    return f"experimental.{name.replace('_', '.')}" if INTERNAL.match(name) else name.replace("_", ".")


def our_text(query):
    """A query of NUT's as our maps have it: %v for whatever is put into it."""
    return re.sub(r"%[-0-9.]*[a-z]+", "%v", query.replace("\\r", "\r")).replace("\r", "%r")


def columns(where):
    """from, to as the facts have them; 0, 0 is all of it."""
    m = re.search(r"\[(\d+)(-?)(\d*)\]", where)
    if not m:
        return 0, 0
    first = int(m[1])
    return first, (int(m[3]) if m[3] else 0) if m[2] else first


def unlike_answer(row, query):
    """What is other than the facts' in the query that is read."""
    if query.text != our_text(row["query"]):
        return f"query {query.text}"
    if row["min_answer_len"] and int(query.item("length") or 0) > int(row["min_answer_len"]):
        return f"length {query.item('length')}"
    lead = row["leading_char"].replace("\\x00", "")
    if lead and not query.item("begin").startswith(lead):
        return f"begin {query.item('begin')}"
    for step in row["conversion"].split(";"):
        codec = CODECS.get(step.strip().partition(":")[2])
        if codec and query.item("codec") != codec:
            return f"codec {query.item('codec')}"
    return ""


def unlike_columns(row, where):
    wanted = int(row["from"]), int(row["to"])
    found = columns(where)
    # A whole answer, and one whose first letter only is used, have no columns with us.
    return "" if found in (wanted, (0, 0)) or (wanted[1] == 0 and found[0] == wanted[0]) or \
        (wanted[0] <= found[0] and found[1] <= wanted[1]) else f"columns {found}"


def unlike_items(row, items):
    steps = [step.strip() for step in row["conversion"].split(";") if step.strip()]
    for step in steps:
        if step.startswith("value:") and not re.search(CONVERSIONS[step[6:]], items):
            return f"conversion {items}"
    plain = row["format_or_default"]
    if re.fullmatch(r"%\.\df", plain) and f"format({plain})" not in items and \
            "lookup(" not in items and "letter(" not in items:
        return f"format {items}"
    if "trim" in row["flags"] and "trim" not in items and "strip" not in items and \
            columns(row["from"])[1]:
        return f"trim {items}"
    return ""


def unlike_word(row, kind, word):
    words = WORDS.get(row["conversion"].partition("value:")[2], {})
    wanted = words.get(int(row["from"]))
    return f"word {word}" if kind == "STATUS" and wanted and word != wanted else ""


def unlike_pace(row, kind, items):
    """What decides of mains, battery and alarms has to be read at every poll."""
    flags = row["flags"].split("|")
    if "quick-poll" in flags and kind != "VAR" and "quick" not in items.split():
        return f"not quick: {items}"
    if "static" in flags and kind == "VAR" and not {"static", "quick"} & set(items.split()):
        return f"not static: {items}"
    return ""


def limits(row):
    """The least and most, or the texts, that NUT lets be set; none where it computes them."""
    values = [line for line in facts("qx-ranges.tsv") if line["list"] == row["range_or_enum"]]
    if not values or any(line["filter"] for line in values):
        return None
    return [line["value"] for line in values]


def unlike_limits(row, items):
    allowed = limits(row)
    if not allowed or "rw" not in items.split():
        return ""
    if "range" in row["flags"]:
        low, high = re.search(r"limits\(([^,]*),(.*?)\)(?: |$)", items).groups()
        if low.startswith("k(") or high.startswith("k("):
            return ""
        # Ours may be the narrower.
        return "" if float(low) >= float(allowed[0]) and float(high) <= float(allowed[-1]) else items
    return "" if "values(" in items else f"no values: {items}"


def check_read(found, row):
    name = our_name(row["nut_name"])
    kinds = {"ups.status": ("STATUS",), "ups.alarm": ("ALARM", "STATUS")}.get(name, ("VAR",))
    rows = [r for r in found.rows if r[0] in kinds and (name in ("ups.status", "ups.alarm") or
                                                        r[2] == name)]
    worst = "not there"
    for kind, where, word, items in rows:
        if row["query"] == "":
            if f"constant({row['format_or_default']})" in items:
                return ""
            continue
        query = found.query_of(where)
        if not query:
            continue
        worst = unlike_answer(row, query) or unlike_columns(row, where) or \
            unlike_items(row, items) or unlike_word(row, kind, word) or \
            unlike_pace(row, kind, items) or unlike_limits(row, items)
        if not worst:
            return ""
    return worst


def check_setting(found, row):
    name = our_name(row["nut_name"])
    worst = "not there"
    for kind, where, _, items in found.find(("VAR",), name) + found.find(("CMD",), name):
        if row["query"] == "-":
            worst = "" if f"own({row['format_or_default']})" in items else f"default {items}"
        elif kind == "VAR":
            to = re.search(r"(?:^| )to\((.*?)\)", items)
            query = found.query_of(to[1]) if to else None
            worst = unlike_command(row, query) if query else "not set anywhere"
        else:
            worst = unlike_command(row, found.query_of(where))
        worst = worst or unlike_items(row, items) or unlike_limits(row, items)
        if not worst:
            return ""
    return worst


def unlike_command(row, query):
    """The bytes, but for the format of what is put in, which the conversions have."""
    if row["query"] not in ("-", "") and query.text != our_text(row["query"]):
        return f"query {query.text}"
    if row["leading_char"] == "(" and query.item("begin") != "(ACK":
        return f"begin {query.item('begin')}"
    return ""


def check_command(found, row):
    name = our_name(row["nut_name"])
    worst = "not there"
    for _, where, _, items in found.find(("CMD",), name) + found.sequence(name):
        query = found.query_of(where)
        worst = unlike_command(row, query) or unlike_items({**row, "format_or_default": ""}, items)
        # BZ%s has one of two texts.
        if worst.startswith("query ") and "%v" in our_text(row["query"]) and "%v" not in query.text:
            worst = "" if re.fullmatch(our_text(row["query"]).replace("%v", "[A-Z]+"),
                                       query.text) else worst
        if not worst:
            return ""
    return worst


def excepted(row):
    key = row["protocol"], row["nut_name"], row["query"].replace("\\r", "")
    for pattern in EXCEPTIONS:
        if all(p in ("*", k) for p, k in zip(pattern, key)):
            return pattern
    return None


def is_unbuilt(row):
    return row["build_condition"] and CHECKED not in row["conversion"]


def unlike(found, row):
    check = {"read": check_read, "setvar": check_setting, "cmd": check_command}[row["kind"]]
    return check(found, row)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_map_has_every_row_of_the_facts(build, protocol):
    rows = [row for row in facts("qx-protocols.tsv") if row["protocol"] == protocol]
    found = the_map(build, protocol)
    wrong, used = [], set()
    assert rows
    for row in rows:
        if is_unbuilt(row):
            continue
        result = unlike(found, row)
        pattern = excepted(row)
        if result and not pattern:
            wrong.append(f"{row['nut_name']} {row['query']} {row['from']}-{row['to']}: {result}")
        elif result:
            used.add(pattern)
    assert not wrong, "\n".join(wrong)
    idle = {pattern for pattern in EXCEPTIONS if pattern[0] == protocol} - used
    assert not idle, f"no exception any more: {idle}"


def said(text):
    """A query of the facts as it goes to a device with the address 7."""
    return text.replace("\\r", "").replace("XX", "07")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_query_of_the_facts_is_asked_and_every_value_is_shown(sites, serialsim, protocol):
    rows = [row for row in facts("qx-protocols.tsv") if row["protocol"] == protocol and
            row["kind"] == "read" and not is_unbuilt(row) and not excepted(row)]
    values, asked = set(), set()
    for answers in KINDS.get(protocol, [{}]):
        sim = serialsim(protocol)
        sim.answers.update(answers)
        ups = qxpair.Qx(sites(), sim, f"protocol = {protocol}", "pollfreq = 1", "testing")
        values |= ups.values().keys()
        asked |= set(sim.asked)
        ups.process.stop()
    missing = {our_name(row["nut_name"]) for row in rows} - {"ups.alarm"} - values
    assert not missing, sorted(missing)
    missing = {said(row["query"]) for row in rows if row["query"]} - asked
    assert not missing, sorted(missing)


def test_every_protocol_of_the_facts_has_a_map():
    assert {row["protocol"] for row in facts("qx-protocols.tsv")} <= set(PROTOCOLS)


def test_what_is_left_out_as_unbuilt_is_that():
    left = {row["build_condition"].partition(":")[0] for row in facts("qx-protocols.tsv")
            if is_unbuilt(row)}
    assert left - {""} == set(UNBUILT)


@pytest.mark.parametrize("table, lookup", [
    ("warning", "voltronic-warnings"), ("fault_other", "voltronic-faults"),
    ("fault_P31", "voltronic-faults-p31")])
def test_every_number_of_a_fault_or_a_warning_has_a_text(build, table, lookup):
    codes = {row["code"] for row in facts("qx-voltronic-codes.tsv") if row["table"] == table}
    text = (MAPS / "voltronic-codes.map").read_text()
    found = text.partition(f"LOOKUP {lookup}\n")[2].partition("\nEND")[0]
    assert codes <= {line.split()[0] for line in found.splitlines()}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_samples_of_the_facts_fit_their_queries(build, protocol):
    """What the facts say that devices answer is an answer to us."""
    queries = the_map(build, protocol).queries.values()
    by_text = {query.text: query for query in queries}
    bad, fitting = [], 0
    for row in facts("qx-samples.tsv"):
        sent, answer = our_text(row["query"]), row["sample_answer"].replace("\\r", "\r")
        query = by_text.get(sent)
        if row["protocol"] != protocol or not query or not answer.strip() or \
                "\\x" in answer or query.item("codec"):
            continue
        if answer.startswith(("(NAK", "NAK")):
            continue
        fitting += 1
        if len(answer) < int(query.item("length") or 0) or \
                not answer.startswith(query.item("begin")):
            bad.append(f"{sent}: {answer!r}")
    assert not bad, "\n".join(bad)
    # All of axpert's have a check behind them; there are none of masterguard.
    assert fitting or protocol in ("voltronic-axpert", "masterguard")
