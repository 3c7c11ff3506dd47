"""The recorded facts of usbhid-ups (shared/facts), and what follows from them, without our maps:
devices that have every path of a family, and what is to be published of them."""

import csv
import dataclasses
import math
import time

from hidmaker import VOLT, WATT, Device, Field

FAMILIES = {  # an id of each, of a product without corrections
    "apc": "051d:0005", "arduino": "2341:8036", "belkin": "050d:0980", "cps": "0764:0005",
    "delta_ups": "05dd:041b", "ecoflow": "3746:ffff", "ever": "2e51:ffff", "idowell": "075d:0300",
    "legrand": "1cb0:0032", "liebert": "06da:ffff", "mge": "0463:ffff", "openups": "04d8:d004",
    "powercom": "0d9f:00a4", "powervar": "4234:0002", "salicru": "2e66:0101",
    "tripplite": "09ae:3016"}


@dataclasses.dataclass
class Row:
    path: str
    name: str
    kind: str
    conversion: str
    default: str
    flags: list
    length: str

    @property
    def lookup(self):
        return self.conversion.removeprefix("lookup:") \
            if self.conversion.startswith("lookup:") else None


def _table(shared, name):
    with open(shared / "facts" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


# What devices in the field have taught since, and why is in the maps: (family, path, name) to the
# default or value of the row.
LATER = {("apc", "UPS.APCGeneralCollection.APCDelayBeforeReboot", "shutdown.reboot"): "1",
         ("cps", "UPS.Output.DelayBeforeStartup", "ups.delay.start"): "0"}


def later(row):
    """A row of hid-map.tsv as it is now."""
    key = (row["subdriver"], row["hid_path"], row["nut_name"])
    return {**row, "default_or_value": LATER.get(key, row["default_or_value"])}


class Facts:
    def __init__(self, shared, family):
        self.family = family
        self.rows = [Row(r["hid_path"], r["nut_name"], r["kind"], r["conversion"],
                         r["default_or_value"], r["flags"].split("|"), r["str_len"])
                     for r in map(later, _table(shared, "hid-map.tsv"))
                     if r["subdriver"] == family and not r["build_condition"].startswith("debug")
                     and r["build_condition"] != "no-strptime"]
        self.usages = {}
        for r in _table(shared, "hid-usages.tsv"):
            if r["table"] in ("standard", family):
                if r["table"] == family or r["name"].lower() not in self.usages:
                    self.usages[r["name"].lower()] = int(r["usage32"], 16)
        self.tables = {}
        for r in _table(shared, "hid-lookups.tsv"):
            if r["subdriver"] in ("common", family) and r["build_condition"] != "no-strptime":
                self.tables.setdefault(r["lookup"], []).append((r["hid_value"], r["nut_value"]))

    # ------------------------------------------------------------ what is published

    def choices(self, lookup):
        """{number: text} of a table, {} of one that a function stands for."""
        return {int(number): text for number, text in self.tables[lookup] if number != "*"}

    def text(self, row, raw, field, world):
        """What a row makes of a raw value; None: nothing."""
        value = field.physical_value(raw)
        if row.conversion.startswith("format:"):
            return row.conversion.removeprefix("format:") % value
        if row.lookup in CONVERSIONS:
            return CONVERSIONS[row.lookup](value, world)
        return self.choices(row.lookup).get(int(value))

    # -------------------------------------------------------------------- devices

    def paths(self):
        """{path: [its rows]}, in order."""
        found = {}
        for row in self.rows:
            found.setdefault(row.path.lower(), []).append(row)
        return found

    def variants(self):
        """Lists of rows: for each, a device is to have their paths and those of no other variable
        row that would come before.  Together they have every row that can ever count."""
        left = [r for r in self.rows if r.kind == "var" and r.name != "ups.alarm"]
        seen, unique = set(), []
        for row in left:       # a second row of the same path and name never counts
            if (row.path.lower(), row.name) not in seen:
                seen.add((row.path.lower(), row.name))
                unique.append(row)
        left, made = unique, []
        while left:
            hidden, chosen = set(), []
            for row in left:
                rivals = {r.path.lower() for r in unique if r.name == row.name and
                          unique.index(r) < unique.index(row)}
                needed = {r.path.lower() for r in chosen} | {row.path.lower()}
                if row.path.lower() in hidden or rivals & needed:
                    continue
                hidden |= rivals
                chosen.append(row)
            assert chosen
            made.append((chosen, hidden))
            left = [r for r in left if r not in chosen]
        return made


# ----------------------------------------------------------------- conversions by functions

# world: strings by index, raw reports by number, "number" by name of what is chosen per product.

def _packed_date(value):
    word = int(value)
    return "%04d/%02d/%02d" % ((word >> 9) + 1980, word >> 5 & 15, word & 31) if word \
        else "not set"


def _bcd_date(value):
    number = int(value)
    if not number:
        return "not set"
    month, day, year = (int("%x" % (number >> shift & 255)) for shift in (16, 8, 0))
    return "%d/%02d/%02d" % (year + (1900 if year >= 70 else 2000), month, day)


_THERMISTOR = [49, 64, 83, 104, 130, 160, 195, 233, 275, 319, 366, 415, 463, 512, 559, 604, 646,
               686, 723, 756, 786, 813, 837, 858, 877, 894, 908, 921, 933, 943, 951, 959, 966, 972]


def _thermistor(value):
    at = value * 100
    if at <= _THERMISTOR[0]:
        return -40.0
    for i in range(1, len(_THERMISTOR)):
        if at <= _THERMISTOR[i]:
            step = _THERMISTOR[i] - _THERMISTOR[i - 1]
            return -40 + 5 * (i - 1 + (at - _THERMISTOR[i - 1]) / step)
    return 125.0


def _swapped(value):
    word = int(value) & 0xFFFF
    return (word & 255) << 8 | word >> 8


def _words(report, table):
    bits = int.from_bytes(report[1:3], "little")
    return " ".join(word for mask, word in table if bits & mask)


def _scaled(name, form):
    return lambda v, w: form % (v * w["number"][name])


_MESSAGES = [(4, "BOOST"), (8, "BUCK"), (0x10, "BOOST_BLOCKED"), (0x20, "BUCK_BLOCKED"),
             (0x40, "CHARGING"), (0x80, "FAN_ON"), (0x100, "EPO_BLOCKED"),
             (0x200, "NEED_REPLACEMENT"), (0xC00, "OVERHEAT"),
             (0x1000, "WAITING_FOR_MIN_CHARGE"), (0x2000, "MAINS_OUT_OF_RANGE")]
# Spelt as they are meant, see docs/maps.md.
_ALARMS = [(1, "OVERLOAD"), (2, "SHORT-CIRCUIT"), (0xC, "OVERHEAT"), (0x10, "EPO"),
           (0x20, "INTERNAL_ERROR"), (0x40, "REVERSE_POWER_SUPPLY"),
           (0x80, "NO_INTERNAL_COMM"), (0x100, "CRITICAL_BATT_VOLTAGE")]
_WORKMODES = {2: "STOP", 4: "ONLINE", 8: "ONBATTERY", 16: "WATCH", 32: "WAITING", 64: "EMERGENCY"}
_EVER_IPS = {"experimental.networkcard.notification_destination_ip": 211,
             "experimental.networkcard.ip_address": 230,
             "experimental.networkcard.network_mask": 231,
             "experimental.networkcard.default_gateway": 232}
_EVER_PACKETS = {"send_packets": 215, "received_packets": 216, "send_packets_err": 217,
                 "received_packets_err": 218}


def _version(value, _):
    word = int(value)
    return f"v{word >> 12 & 15:X}.{word >> 8 & 15:X}b{word & 255:02}"


def _hardware(value, _):
    high, low = int(value) >> 8, int(value) & 255
    return f"rev.{chr(ord('A') + high - 1) if high else '0'}v{low:02}"


def _belkin_type(value, _):
    return {1: "offline", 2: "line-interactive", 3: "simple online", 4: "simple offline",
            5: "simple line-interactive"}.get(int(value) & 15, "online")


CONVERSIONS = {
    "stringid_conversion": lambda v, w: w["strings"].get(int(v)),
    "divide_by_10_conversion": lambda v, w: "%.1f" % (v / 10),
    "divide_by_100_conversion": lambda v, w: "%.1f" % (v / 100),
    "kelvin_celsius_conversion":
        lambda v, w: "%.1f" % (v - 273.15 if 273 <= v <= 373 else v),
    "date_conversion": lambda v, w: _packed_date(v),
    "apc_date_conversion": lambda v, w: _bcd_date(v),
    "belkin_firmware_conversion": lambda v, w: "%d" % (int(v) >> 4),
    "belkin_upstype_conversion": _belkin_type,
    "belkin_sensitivity_conversion": lambda v, w: {1: "reduced", 2: "low"}.get(int(v), "normal"),
    "liebert_config_voltage_info": lambda v, w: "%.1f" % v,
    "liebert_line_voltage_info": lambda v, w: "%.1f" % v,
    "cps_input_freq": lambda v, w: "%.1f" % v,
    "cps_output_freq": lambda v, w: "%.1f" % v,
    "cps_battvolt": lambda v, w: "%.1f" % v,
    "cps_battcharge": lambda v, w: "%.0f" % min(v, 100),
    "cps_battstatus": lambda v, w: "%.0f%%" % v,
    "delta_ups_type_info": lambda v, w: ["online", "offline", "line-interactive", "offline",
                                         "line-interactive", "3-phase",
                                         "split-phase"][int(v) & 15],
    "ecoflow_runtime_conversion_lkp": lambda v, w: "%.0f" % (v * 60),
    "ever_format_version": _version,
    "ever_format_hardware": _hardware,
    "ever_mac_address": lambda v, w: w["reports"][210][1:7].hex(":"),
    "ever_ip_address":
        lambda v, w: ".".join(str(b) for b in w["reports"][_EVER_IPS[w["name"]]][1:5]),
    "ever_packets": lambda v, w: str(int.from_bytes(
        w["reports"][_EVER_PACKETS[w["name"].rpartition(".")[2]]][1:5], "little")),
    "ever_workmode": lambda v, w: _WORKMODES.get(w["reports"][74][1], "UNKNOWN"),
    "ever_messages": lambda v, w: _words(w["reports"][75], _MESSAGES),
    "ever_alarms": lambda v, w: _words(w["reports"][76], _ALARMS),
    "legrand_times10_info": lambda v, w: "%.1f" % (v * 10),
    "legrand_times100k_info": lambda v, w: "%.1f" % (v * 1e5),
    "legrand_times1M_info": lambda v, w: "%.1f" % (v * 1e6),
    "legrand_times10M_info": lambda v, w: "%.1f" % (v * 1e7),
    "openups_vin_info": _scaled("vin", "%.2f"),
    "openups_vout_info": _scaled("vout", "%.2f"),
    "openups_ccharge_info": _scaled("ccharge", "%.3f"),
    "openups_cdischarge_info": _scaled("cdischarge", "%.3f"),
    "openups_temperature_info": lambda v, w: "%.2f" % _thermistor(v),
    "powercom_startup_info": lambda v, w: "%d" % (60 * _swapped(v)),
    "powercom_shutdown_info": lambda v, w: "%d" % (60 * (int(v) >> 8) + (int(v) & 63)),
    "powercom_voltage_conversion": lambda v, w: "%.0f" % (v * 4),
    "powercom_hack_voltage_lkp": lambda v, w: "26.6",
    "tripplite_chemistry": lambda v, w: w["strings"].get(int(v)),
    "tripplite_battvolt": _scaled("battery", "%.1f"),
    "tripplite_iovolt": _scaled("volt", "%.1f"),
    "tripplite_iofreq": _scaled("hertz", "%.1f"),
    "tripplite_ioamp": _scaled("ampere", "%.1f"),
    "mge_battery_voltage": lambda v, w: "%.1f" % v,
    "mge_battery_voltage_nominal": lambda v, w: "%.0f" % v,
    "mge_powerfactor_conversion": lambda v, w: "%.2f" % (v / 100),
    "mge_battery_capacity": lambda v, w: "%.2f" % (v / 3600),
    "nominal_output_voltage_info": lambda v, w: "%.0f" % v,
    "eaton_check_country_info": lambda v, w: None,
    "eaton_abm_enabled_info": lambda v, w: None,
    "eaton_abm_path_mode_info": lambda v, w: None,
    "eaton_abm_path_status_info": lambda v, w: None,
}

# ---------------------------------------------------------------------------- made devices

_WIDE = {"apcstatusflag_info": 8, "apc_linefailcause_vrange_info": 8, "eco_mode_info": 2,
         "eaton_abm_chrg_dischrg_info": 4}
_STRINGS = {  # vendor, product, serial number; products that their family reads all rows of
    "mge": ("Chestnut", "Eaton 9E", "MADE-1")}
_NUMBERS = {"openups": {"vin": 3.545, "vout": 2.571, "ccharge": 0.08274, "cdischarge": 1.6113},
            "tripplite": {"battery": 1e5, "volt": 1e5, "hertz": 0.01, "ampere": 0.01}}
_EXTRA = {
    "ever": {74: b"\x4a\x04", 75: b"\x4b\x09\x22", 76: b"\x4c\x31\x01",
             210: b"\xd2\x00\x1b\x2c\x3d\x4e\x5f", 211: b"\xd3\x0a\x01\x02\x03",
             215: b"\xd7\x01\x02\x03\x00", 216: b"\xd8\xff\xff\xff\xff", 217: b"\xd9\x05\0\0\0",
             218: b"\xda\x06\0\0\0", 230: b"\xe6\x0a\0\0\x07", 231: b"\xe7\xff\xff\xff\0",
             232: b"\xe8\x0a\0\0\x01"},
    # A text that the descriptor knows nothing of.
    "powercom": {0xA4: b"\xa4 26.6 3"}}
# Raw values that the rules below would not find: (value, bits, unit, exponent).
_SPECIAL = {
    "UPS.PowerSummary.Time": (1700000000, 32, 0, 0),
    "UPS.PowerSummary.DelayBeforeStartup|powercom": (0x0200, 16, 0, 0),
    "UPS.PowerSummary.DelayBeforeShutdown|powercom": (0x0114, 16, 0, 0),
    "UPS.PowerSummary.PCMDelayBeforeStartup|powercom": (0x0300, 16, 0, 0),
    "UPS.PowerSummary.PCMDelayBeforeShutdown|powercom": (0x0115, 16, 0, 0),
    "UPS.PowerSummary.Country": (1, 8, 0, 0),
    "UPS.Flow.[4].ConfigApparentPower|mge": (1000, 16, WATT, 7),
    "UPS.Flow.[4].ConfigVoltage|mge": (230, 16, VOLT, 7),
    "UPS.Flow.[2].ConfigVoltage|mge": (230, 16, VOLT, 7),
    "UPS.PowerConverter.Input.[2].Voltage|mge": (2310, 16, VOLT, 6),
    "UPS.PowerConverter.Input.[2].Frequency|mge": (501, 16, 0, -1),
    "UPS.Flow.[2].ConfigFrequency|mge": (50, 8, 0, 0),
    "UPS.PowerConverter.Output.LowVoltageBypassTransfer|mge": (180, 16, VOLT, 7),
    "UPS.PowerConverter.Output.HighVoltageBypassTransfer|mge": (260, 16, VOLT, 7),
    "UPS.PowerConverter.Output.LowVoltageEcoTransfer|mge": (210, 16, VOLT, 7),
    "UPS.PowerConverter.Output.HighVoltageEcoTransfer|mge": (250, 16, VOLT, 7),
    "UPS.BatterySystem.Charger.ABMEnable|mge": (1, 8, 0, 0),
    "UPS.BatterySystem.Charger.Mode|mge": (4, 8, 0, 0),
    "UPS.BatterySystem.Charger.Status|mge": (3, 8, 0, 0),
    "UPS.PowerConverter.Input.[5].Switchable|mge": (1, 8, 0, 0),
    "UPS.PowerConverter.Input.[2].SwitchOnControl|mge": (1, 8, 0, 0),
    "UPS.PowerConverter.Output.PowerFactor|mge": (93, 8, 0, 0),
    "UPS.EVER1.EVER15|ever": (0x0207, 16, 0, 0),
    "UPS.EVER1.EVER13|ever": (0x12AB, 16, 0, 0),
    "UPS.PowerSummary.Temperature|openups": (456, 16, 0, -2),
    "UPS.BELKINDevice.BELKINUPSType|belkin": (0x35, 16, 0, 0),
    "UPS.BELKINDevice.BELKINVoltageSensitivity|belkin": (2, 8, 0, 0),
    "UPS.DeltaCustom.[1].DeltaUPSType|delta_ups": (0x15, 8, 0, 0),
    # Tripp Lite's wrong exponents: 0.0012 V is 120 V, 6000 Hz are 60.
    "UPS.BatterySystem.Battery.Voltage|tripplite": (245, 16, VOLT, 1),
    "UPS.PowerSummary.Input.Voltage|tripplite": (1203, 16, VOLT, 1),
    "UPS.PowerConverter.Input.Voltage|tripplite": (1198, 16, VOLT, 1),
    "UPS.PowerConverter.Output.Voltage|tripplite": (1201, 16, VOLT, 1),
    "UPS.PowerSummary.Voltage|tripplite": (1207, 16, VOLT, 1),
    "UPS.PowerConverter.Input.Frequency|tripplite": (6010, 16, 0, 0),
    "UPS.PowerConverter.Output.Frequency|tripplite": (5990, 16, 0, 0),
    "UPS.PowerConverter.Output.Current|tripplite": (430, 16, 0, 0),
    # Legrand's.
    "UPS.PowerConverter.Input.Voltage|legrand": (231, 16, VOLT, 1),
    "UPS.PowerConverter.Output.Voltage|legrand": (229, 16, VOLT, 0),
    "UPS.BatterySystem.Battery.Voltage|legrand": (135, 16, VOLT, 1),
    "UPS.PowerConverter.Output.HighVoltageTransfer|legrand": (276, 16, VOLT, 6),
}
_NAMED = {key.partition("|")[0].lower() + ("|" + key.partition("|")[2] if "|" in key else ""):
          value for key, value in _SPECIAL.items()}

QUIET = {"online", "notfullycharged", "normal"}


def is_quiet(word):
    return word is None or word.startswith("!") and word != "!online" or word in QUIET


class Made:
    """A device that has the paths of some rows of a family, and what is known of it."""

    def __init__(self, facts, hidden=(), usb_id=None, inputs=True, values=None):
        self.facts = facts
        family = facts.family
        self.device = Device(usb_id or FAMILIES[family],
                             _STRINGS.get(family, ("Chestnut", "Made UPS", "MADE-1")),
                             inputs=inputs)
        self.device.extra = dict(_EXTRA.get(family, {}))
        self.world = {"strings": self.device.strings, "reports": self.device.extra,
                      "number": _NUMBERS.get(family, {})}
        for index, (path, rows) in enumerate(facts.paths().items()):
            if path not in hidden:
                self.device.add(self._field(index, rows))
        for path, value in (values or {}).items():
            self.device.field(path).value = value

    def write(self, path):
        path.write_text(self.device.text(self.facts.usages))
        return path

    def text(self, row, values=None):
        """What a row is to publish; values: of other variables, for what is computed."""
        field = self.device.field(row.path)
        world = {**self.world, "name": row.name, "values": values or {}}
        if row.default and "absent-default" in row.flags:
            return row.default
        return self.facts.text(row, field.value, field, world)

    def status_rows(self):
        return [r for r in self.facts.rows if r.kind == "bool" and r.path.lower() in
                self.device.fields]

    def status(self, changed, reports=None):
        """(words of ups.status, alarms, input.transfer.reason) as they are to be, with some
        fields changed: {path: raw}."""
        changed = {path.lower(): raw for path, raw in changed.items()}

        def value(path):
            field = self.device.fields.get(path.lower())
            raw = changed.get(path.lower(), field.value) if field else None
            return None if field is None else field.physical_value(raw)
        votes = {}
        for row in self.status_rows():
            word = status_word(self.facts, row, value(row.path), reports or self.device.extra)
            if self.facts.family == "mge":
                word = _mge_vote(row, word, value)
            if word in (None, "normal"):
                continue
            if word == "notfullycharged":
                word = "!fullycharged"
            holds, word = not word.startswith("!"), word.removeprefix("!")
            votes[word] = holds if word == "online" else holds or votes.get(word, False)
        charge = next((self.text(r) for r in self.facts.rows if r.name == "battery.charge"
                       and r.path.lower() in self.device.fields), "50")
        return compose(votes, float(charge))

    def interesting(self):
        """Changes that are worth a look, a dict each: every value of every status place, and what
        only counts together."""
        changes = []
        for path, rows in self._status_paths().items():
            field = self.device.field(path)
            raws = {0, 1} | {1 << n for n in range(min(field.bits, 16))} | {0x18, 7, 9}
            for raw in sorted(r for r in raws if r < 1 << field.bits and r != field.value):
                changes.append({path: raw})
        for both in (("dischrg", "depleted"), ("chrg", "fullycharged"), ("!online", "dischrg")):
            found = [self._change_for(word) for word in both]
            if all(found):
                changes.append({**found[0], **found[1]})
        return changes

    def _status_paths(self):
        found = {}
        for row in self.status_rows():
            found.setdefault(row.path, []).append(row)
        return found

    def _change_for(self, word):
        for path, rows in self._status_paths().items():
            for raw in (0, 1, 2, 4, 0x40):
                said = [status_word(self.facts, r, raw, self.device.extra) for r in rows]
                if raw < 1 << self.device.field(path).bits and word in said:
                    return {path: raw}
        return None

    # ----------------------------------------------------------------- fields

    def _field(self, index, rows):
        path, family = rows[0].path, self.facts.family
        special = _NAMED.get(f"{path.lower()}|{family}") or _NAMED.get(path.lower())
        lookups = [r.lookup for r in rows if r.lookup and r.kind == "var"]
        if special:
            value, bits, unit, exponent = special
            return Field(path, value, bits, unit=unit, exponent=exponent)
        if any(r.kind == "bool" or r.name == "ups.alarm" for r in rows):
            return self._status_field(path, [r for r in rows if r.kind == "bool"])
        if "date_conversion" in lookups:
            return Field(path, (2021 - 1980) << 9 | 7 << 5 | index % 28 + 1)
        if "apc_date_conversion" in lookups:
            return Field(path, 0x071221, 24)
        if any(name in ("stringid_conversion", "tripplite_chemistry") for name in lookups):
            return Field(path, self.device.string(f"Text {index}"), 8)
        for name in lookups:
            if self.facts.choices(name):
                return Field(path, max(self.facts.choices(name)), 8)
        if any(r.kind == "cmd" or "absent-default" in r.flags for r in rows) \
                or rows[0].name.startswith("ups.timer"):
            return Field(path, 40 + index, 16, low=-1)
        return self._number_field(index, rows[0])

    def _number_field(self, index, row):
        path, name = row.path, row.path.rpartition(".")[2]
        if "kelvin" in row.conversion:
            return Field(path, (29800 if index % 2 else 2450) + index, exponent=-2)
        if "ever_" in row.conversion or "ID" in name:
            return Field(path, 0x1200 + index)
        if "Voltage" in name and "Range" not in name:
            return Field(path, 20000 + 37 * index, unit=VOLT, exponent=5)
        if "Power" in name and "Factor" not in name:
            return Field(path, 4000 + 37 * index, unit=WATT, exponent=6)
        if "rw" in row.flags and not row.conversion.endswith(".1f"):
            return Field(path, 40 + index % 50)
        return Field(path, 5000 + 13 * index, exponent=-2)

    def _status_field(self, path, rows):
        bits = max([_WIDE.get(r.lookup, 16 if "conversion" in (r.lookup or "") else 1)
                    for r in rows], default=1)
        for raw in (0, 1, 2, 4, 8, 16):
            words = [status_word(self.facts, r, raw, self.device.extra) for r in rows]
            if raw < 1 << bits and all(map(is_quiet, words)):
                return Field(path, raw, bits)
        raise AssertionError(f"{path}: there is no quiet value")


def _bit(mask, word, clear=False):
    return lambda value: word if bool(int(value) & mask) != clear else f"!{word}"


_STATUS = {
    "liebert_online_info": _bit(0xFFFF, "online"),
    "liebert_discharging_info": _bit(0xFFFF, "dischrg"),
    "liebert_charging_info": _bit(0xFFFF, "chrg"),
    "liebert_lowbatt_info": _bit(0xFFFF, "lowbatt"),
    "liebert_replacebatt_info": _bit(0xFFFF, "replacebatt"),
    "liebert_shutdownimm_info": _bit(0xFFFF, "shutdownimm"),
    "openups_charging_info": _bit(0xFFFF, "chrg"),
    "openups_discharging_info": _bit(0xFFFF, "dischrg"),
    "openups_online_info": _bit(0xFFFF, "online"),
    "openups_off_info": _bit(0xFFFF, "off", True),
    "belkin_overload_conversion": _bit(0x10, "overload"),
    "belkin_overheat_conversion": _bit(0x40, "overheat"),
    "belkin_commfault_conversion": _bit(0x80, "commfault"),
    "belkin_awaitingpower_conversion": _bit(0x2000, "awaitingpower"),
    "belkin_online_conversion": _bit(1, "online", True),
    "belkin_lowbatt_conversion": _bit(4, "lowbatt"),
    "belkin_depleted_conversion": _bit(0x40, "depleted"),
    "belkin_replacebatt_conversion": _bit(0x80, "replacebatt"),
    "powercom_upsfail_conversion": _bit(1, "fanfail"),
    "powercom_replacebatt_conversion": _bit(2, "replacebatt"),
    "powercom_test_conversion": _bit(4, "cal"),
    "powercom_shutdownimm_conversion": _bit(0x10, "shutdownimm"),
    "powercom_online_conversion": _bit(1, "online", True),
    "powercom_lowbatt_conversion": _bit(2, "lowbatt"),
    "powercom_overload_conversion": _bit(0x20, "overload"),
    "powercom_trim_conversion":
        lambda v: "trim" if int(v) & 0x18 == 8 else "!trim",
    "powercom_boost_conversion":
        lambda v: "boost" if int(v) & 0x18 == 0x18 else "!boost",
    "eaton_discharging_info": lambda v: "!dischrg",       # with ABM, as these devices have it
    "eaton_charging_info": lambda v: "!chrg",
    "eaton_abm_chrg_dischrg_info":
        lambda v: {1: "chrg", 3: "chrg", 2: "dischrg"}.get(int(v)),
    "eaton_converter_online_info": lambda v: "online" if v else "!online",
    "mge_onbatt_info": lambda v: "!online" if v else "online",
}


def status_word(facts, row, value, reports):
    """What a status row says of a value."""
    if row.lookup == "ever_on_off_info":
        return "!off" if reports[74][1] in (4, 8) else "off"
    if row.lookup == "yes_no_info":   # Powervar's, which are variables of ours (docs/maps.md)
        return None
    if row.lookup in _STATUS:
        return _STATUS[row.lookup](value)
    word = facts.choices(row.lookup).get(int(value))
    return "!online" if word == "offline" else word


def _mge_vote(row, word, value):
    """What a row says depends on other places (docs/maps.md has where ours differ)."""
    summary, inputs = "UPS.PowerSummary.PresentStatus.", "UPS.PowerConverter.Input."
    if row.lookup in ("mge_onbatt_info", "eaton_converter_online_info") and word == "online" \
            and not value(summary + "ACPresent"):
        return None
    if row.lookup == "eaton_converter_online_info":
        if not value(summary + "Good"):
            return None
        if word == "!online" and any(value(f"{inputs}[{n}].PresentStatus.Used")
                                     for n in (2, 4, 5)):
            return None
    abm = value("UPS.BatterySystem.Charger.ABMEnable") == 1
    if row.lookup == "eaton_abm_chrg_dischrg_info":
        return word if abm and row.path.endswith("Mode") else None
    if row.lookup in ("eaton_discharging_info", "eaton_charging_info") and not abm:
        bit = "dischrg" if row.lookup == "eaton_discharging_info" else "chrg"
        return bit if value(row.path) == 1 else f"!{bit}"
    return word


_WORDS = {"dischrg": None, "chrg": None, "lowbatt": "LB", "timelimitexp": "LB",
          "shutdownimm": "LB", "overload": "OVER", "replacebatt": "RB", "nobattery": "RB",
          "trim": "TRIM", "boost": "BOOST", "bypassauto": "BYPASS", "bypassman": "BYPASS",
          "off": "OFF", "cal": "CAL", "ecomode": "ECO", "essmode": "ECO"}
_ALARM_TEXTS = {
    "replacebatt": "Replace battery!", "shutdownimm": "Shutdown imminent!",
    "fanfail": "Fan failure!", "nobattery": "No battery installed!",
    "battvoltlo": "Battery voltage too low!", "battvolthi": "Battery voltage too high!",
    "chargerfail": "Battery charger fail!", "overheat": "Temperature too high!",
    "commfault": "Internal UPS fault!", "awaitingpower": "Awaiting power!",
    "bypassauto": "Automatic bypass mode!", "bypassman": "Manual bypass mode!"}


def compose(votes, charge):
    """status-bits.md: what the words make."""
    holds = {word for word, yes in votes.items() if yes}
    words = {_WORDS[word] for word in holds if _WORDS.get(word)}
    words.add("OL" if votes.get("online", "dischrg" not in holds) else "OB")
    if "dischrg" in holds and "depleted" not in holds:
        words.add("DISCHRG")
    if "chrg" in holds and not votes.get("fullycharged", charge >= 100):
        words.add("CHRG")
    alarms = {_ALARM_TEXTS[word] for word in holds if word in _ALARM_TEXTS}
    if alarms:
        words.add("ALARM")
    reason = "input voltage out of range" if "vrange" in holds else \
        "input frequency out of range" if "frange" in holds else None
    return words, alarms, reason


CONVERSIONS.update({
    "mge_date_conversion": lambda v, w: time.strftime("%Y/%m/%d", time.localtime(v)),
    "mge_time_conversion": lambda v, w: time.strftime("%H:%M:%S", time.localtime(v)),
    "eaton_abm_status_info": lambda v, w: "resting",
    "eaton_input_eco_mode_on_off_info": lambda v, w: "ECO",
    "eaton_input_bypass_mode_on_info": lambda v, w: "on",
    # Not of this family of products, see test_..._pegasus.
    "pegasus_threshold_info": lambda v, w: None,
    "pegasus_yes_no_info": lambda v, w: None,
    "eaton_compute_realpower_info": lambda v, w: "%.0f" % math.floor(
        float(w["values"]["ups.load"]) / 100 * float(w["values"]["ups.power.nominal"])
        * float(w["values"].get("output.powerfactor", 0.80)) + 0.5),
})
