"""Map files: those that we ship are clean, and hold every fact that we know of their devices."""

import csv
import re
import shlex
import shutil

import pytest
from harness import CHECKOUT
from hidfacts import later

MAPS = CHECKOUT / "data/maps"
HID = MAPS / "usbhid-ups"
FAMILIES = ["apc", "arduino", "belkin", "cps", "delta_ups", "ecoflow", "ever", "idowell", "legrand",
            "liebert", "mge", "openups", "powercom", "powervar", "salicru", "tripplite"]


@pytest.fixture
def mapcheck(site):
    def run(*args, **options):
        return site.run("nut-mapcheck", *args, **options)
    return run


def words_of(path):
    return [shlex.split(line, comments=True) for line in path.read_text().splitlines()
            if line.strip() and not line.lstrip().startswith("#")]


def rows_of(family):
    return [words for words in words_of(HID / f"{family}.map")
            if words[0] in ("VAR", "STATUS", "ALARM", "CMD")]


# ------------------------------------------------------------------------ the program

def test_all_maps_that_we_ship_are_clean(mapcheck):
    result = mapcheck(check=True)
    files = len([*MAPS.glob("*/*.map"), *MAPS.glob("*/*.cables")])
    assert files >= 18
    assert (result.stdout, result.stderr) == (f"{files} files, 0 errors, 0 warnings\n", "")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_printed_map_is_a_map_that_prints_the_same(site, mapcheck, family):
    first = mapcheck("--print", "-q", HID / f"{family}.map", check=True).stdout
    assert first.startswith(f"MAP {family} ")
    copy = site.write(f"{family}.map", first)
    assert mapcheck("--print", "-q", copy, check=True).stdout == first


def test_a_mistake_is_told_with_its_place_and_mend(site, mapcheck):
    path = site.write("bad.map", "MAP bad Bad\nDRIVER usbhid-ups\nMATCH usb 0001:0001\n"
                      "USAGE UPS 840004\nVAR UPS input.voltag format(%.1f)\nVARR x\n")
    result = mapcheck(path)
    assert result.returncode == 1
    assert f'{path}:5: there is no variable "input.voltag"' in result.stderr
    assert f'{path}:6: there is no directive "VARR"; did you mean "VAR"?' in result.stderr
    assert result.stdout == "1 files, 2 errors, 0 warnings\n"


def test_the_administrators_folder_is_checked_and_wins(site, mapcheck):
    folder = site.conf / "maps/usbhid-ups"
    folder.mkdir(parents=True)
    shutil.copy(HID / "apc.map", folder / "mine.map")
    result = mapcheck("usbhid-ups")
    assert result.returncode == 1
    assert '051d:0002 is the map "apc" already' in result.stderr
    (folder / "mine.map").rename(folder / "apc.map")
    mapcheck("usbhid-ups", check=True)
    (folder / "apc.map").write_text("NONSENSE\n")
    result = mapcheck()
    assert result.returncode == 1
    assert 'apc.map:1: there is no directive "NONSENSE"' in result.stderr


def test_cables_are_checked_as_maps_are(site, mapcheck):
    result = mapcheck("genericups", check=True)
    assert result.stdout == "1 files, 0 errors, 0 warnings\n"
    path = site.write("mine.cables", 'CABLE 1 "A" "B" "C" OL(CTS)\n'
                      'CABLE 1 "A" "B" "C" OL(CTS)\nCABLE 2 "A" "B" "C" XX(DTR)\n')
    result = mapcheck(path)
    assert result.returncode == 1
    assert f"{path}:2: there is a cable 1 already" in result.stderr
    assert f'{path}:3: "XX" of cable 2 is not known' in result.stderr
    folder = site.conf / "maps/genericups"
    folder.mkdir(parents=True)
    (folder / "mine.cables").write_text("CABLE 1\n")
    assert "mine.cables:1: no cable" in mapcheck("genericups").stderr
    assert "mine.cables:1: no cable" in mapcheck().stderr


@pytest.mark.parametrize("args, status", [(["nothing-ups"], 1), (["/nonexistent/x.map"], 1),
                                          (["--nonsense"], 64), (["--help"], 0), (["-V"], 0)])
def test_the_exit_status_tells(mapcheck, args, status):
    assert mapcheck(*args).returncode == status


def test_all_that_maps_can_name_is_documented(mapcheck):
    listed = mapcheck("--functions", check=True).stdout
    for document in ("docs/maps.md", "docs/man/nut-map.5.adoc"):
        text = (CHECKOUT / document).read_text()
        section = None
        for line in listed.splitlines():
            if line.endswith(":") and not line.startswith(" "):
                section = line
                continue
            name = re.match(r"\s*(?:\S+ (?:quirk|set)\()?([\w-]+)", line).group(1)
            assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), \
                f"{document}: {section} {name}"


# -------------------------------------------------------------------------- the facts

def facts(shared, name):
    with open(shared / "facts" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


KINDS = {"var": "VAR", "bool": "STATUS", "cmd": "CMD"}

# Facts that are no row of ours, and how many of them.
LEFT_OUT = {
    # The same row a second time: it can never count.
    ("mge", "UPS.PowerSummary.RemainingTimeLimit", "battery.runtime.low"): 1,
    ("salicru", "UPS.BatterySystem.Battery.Test", "ups.test.result"): 1,
    # Read-only twins, for systems that cannot parse a date.
    ("mge", "UPS.PowerSummary.Time", "ups.date"): 1,
    ("mge", "UPS.PowerSummary.Time", "ups.time"): 1,
}

# Rows of ours that are no fact: what other drivers have in their code.
ADDED = {("mge", "-", "ups.model")}
# And what recorded devices have, where NUT knows no way of cutting the load off.
_DELAYS = {("DelayBeforeStartup", "ups.delay.start"), ("DelayBeforeShutdown", "ups.delay.shutdown"),
           ("DelayBeforeStartup", "ups.timer.start"), ("DelayBeforeShutdown", "ups.timer.shutdown"),
           ("DelayBeforeShutdown", "load.off.delay"), ("DelayBeforeStartup", "load.on.delay"),
           ("DelayBeforeShutdown", "shutdown.stop")}
ADDED |= {("salicru", f"UPS.PowerSummary.{usage}", name) for usage, name in _DELAYS}
ADDED |= {("belkin", f"UPS.OutletSystem.Outlet.{usage}", name) for usage, name in _DELAYS}# Its switch for a reboot is the way to cut the load off (hidfacts.LATER).
ADDED.add(("apc", "UPS.APCGeneralCollection.APCDelayBeforeReboot", "shutdown.return"))

# BOOL rows whose table says "yes" and "no", which are no status: they are variables here.
VARIABLES = {("powervar", "UPS.PowerSummary.PresentStatus.InternalFailure"),
             ("powervar", "UPS.PowerSummary.PresentStatus.Good")}


# What a device is rated for, is called, or was set to, by its usage: read now and then only.
LASTING = re.compile(r"(^|\.)(Config\w+|i[A-Z]\w+|DesignCapacity|WarningCapacityLimit|"
                     r"ManufacturerDate|APCBattReplaceDate)$")


def facts_of(shared, family):
    left = {key: count for key, count in LEFT_OUT.items() if key[0] == family}
    rows = []
    for fact in reversed(facts(shared, "hid-map.tsv")):
        key = (family, fact["hid_path"], fact["nut_name"])
        if fact["subdriver"] != family or fact["build_condition"].startswith("debug"):
            continue
        if left.get(key):
            left[key] -= 1
        else:
            rows.insert(0, later(fact))
    assert not any(left.values())
    return rows


@pytest.mark.parametrize("family", FAMILIES)
def test_every_fact_is_a_row_in_its_order(shared, family):
    ours = [words for words in rows_of(family) if (family, *words[1:3]) not in ADDED]
    known = facts_of(shared, family)
    assert len(ours) == len(known)
    for words, fact in zip(ours, known):
        assert words[1] == fact["hid_path"]
        if (family, words[1]) in VARIABLES:
            assert words[0] == "VAR"
        elif fact["nut_name"] == "ups.alarm":
            assert words[0] == "ALARM"
        else:
            assert words[0] == KINDS[fact["kind"]]
            assert fact["kind"] == "bool" or words[2] == fact["nut_name"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_flag_and_value_of_a_fact_is_in_its_row(shared, family):
    speeds = {"static": "static", "semi-static": "slow", "quick-poll": "quick"}
    ours = [words for words in rows_of(family) if (family, *words[1:3]) not in ADDED]
    for words, fact in zip(ours, facts_of(shared, family)):
        items, flags = words[3:], fact["flags"].split("|")
        if fact["kind"] == "cmd":
            value = [item for item in items if item.startswith("value(")]
            assert value == ([f"value({fact['default_or_value']})"] if fact["default_or_value"] else [])
            continue
        # What decides over shutdowns is never left to the full polls, as Powercom's was; what
        # lasts is not read at each of them.
        vital = words[0] == "STATUS" and words[2] in ("online", "dischrg", "lowbatt")
        speed = [item for item in items if item in speeds.values()]
        told = [speeds[flag] for flag in flags if flag in speeds]
        assert (speed == told or (speed == ["quick"] and not told and vital) or
                (speed == ["slow"] and not told and LASTING.search(words[1])))
        rw = f"rw({fact['str_len']})" if fact["str_len"] else "rw"
        assert [item for item in items if re.match(r"rw\b", item)] == ([rw] if "rw" in flags else [])
        assert any(item.startswith("values(") for item in items) == ("enum" in flags)
        if "absent-default" in flags:
            assert f"own({fact['default_or_value']})" in items
        if fact["conversion"].startswith("format:"):
            assert f"format({fact['format']})" in items


# What owners told, and no table has.
LATER_PRODUCTS = {("arduino", "2b89:ffff"), ("salicru", "2e66:0102")}


def matches_of(family):
    return [words for words in words_of(HID / f"{family}.map") if words[0] == "MATCH"]


def test_every_product_is_matched_by_the_map_of_its_family(shared):
    known = {(fact["subdriver"], f"{fact['vid']}:{fact['pid']}")
             for fact in facts(shared, "usb-ids.tsv") if fact["driver"] == "usbhid-ups"}
    ours = {(family, words[2]) for family in FAMILIES for words in matches_of(family)}
    assert ours == known | LATER_PRODUCTS and len(known) >= 100


def test_products_that_are_told_apart_by_strings_are(shared):
    for fact in facts(shared, "usb-ids.tsv"):
        if fact["driver"] != "usbhid-ups":
            continue
        rows = [words for words in matches_of(fact["subdriver"])
                if words[2] == f"{fact['vid']}:{fact['pid']}"]
        gated = [any(word.startswith(("mfr(", "product(")) for word in words) for words in rows]
        if "only if" in fact["quirk"] or "gated on" in fact["quirk"]:
            assert all(gated), fact
        else:
            assert gated.count(False) == 1, fact
        if "no-interrupt" in fact["quirk"]:
            assert all("quirk(no-interrupt)" in words for words in rows), fact


def test_every_usage_has_its_name_and_number(shared):
    for fact in facts(shared, "hid-usages.tsv"):
        if fact["build_condition"]:
            continue
        name = "usages" if fact["table"] == "standard" else fact["table"]
        ours = {(words[1], int(words[2], 16)) for words in words_of(HID / f"{name}.map")
                if words[0] == "USAGE"}
        assert (fact["name"], int(fact["usage32"], 16)) in ours


def test_every_model_of_mge_has_its_family(shared):
    families = {"MGE_DEFAULT_OFFLINE": 0, "MGE_PEGASUS": 0x100, "MGE_3S": 0x110,
                "MGE_DEFAULT": 0x200, "EATON_5P": 0x500, "EATON_9E": 0x900}
    kinds = {"MGE_EVOLUTION": 0x300, "MGE_PULSAR": 0x400}
    text = (HID / "mge.map").read_text()
    table = re.search(r"LOOKUP mge-models\n(.*?)END", text, re.S).group(1)
    ours = [shlex.split(line) for line in table.splitlines()]
    known = facts(shared, "mge-hid-models.tsv")
    assert len(ours) == len(known)
    for (key, model, number), fact in zip(ours, known):
        assert key == f"{fact['product']} {fact['model_suffix']}".strip()
        assert model == fact["published_model"]
        number = int(number, 16)
        if fact["family"] in families:
            assert number == families[fact["family"]]
        else:
            assert number & 0xff00 == next(value for start, value in kinds.items()
                                           if fact["family"].startswith(start))


def test_tables_say_what_the_facts_say(shared):
    """Tables of ours that stand for a table of numbers in the facts."""
    pairs = {"beeper_info": "beeper", "test_read_info": "test-result", "yes_no_info": "yes-no",
             "on_off_info": "on-off", "apc_sensitivity_info": "apc-sensitivity",
             "belkin_test_info": "belkin-test", "cps_sensitivity_info": "cps-sensitivity",
             "delta_ups_sensitivity_info": "delta-sensitivity",
             "delta_ups_output_source_info": "delta-source",
             "eaton_charger_type_info": "mge-charger-type",
             "eaton_enable_disable_info": "mge-enabled", "mge_upstype_conversion": "mge-type",
             "mge_sensitivity_info": "mge-sensitivity",
             "outlet_eco_yes_no_info": "mge-outlet-eco",
             "eaton_outlet_protection_status_info": "mge-outlet-protection",
             "eaton_input_bypass_mode_on_info": "mge-bypass-on",
             "eaton_input_bypass_mode_off_info": "mge-bypass-off",
             "nominal_output_voltage_info": "mge-nominal-output",
             "pegasus_threshold_info": "mge-pegasus-threshold",
             "powercom_beeper_info": "powercom-beeper"}
    known = {}
    for fact in facts(shared, "hid-lookups.tsv"):
        known.setdefault(fact["lookup"], {})[fact["hid_value"]] = fact["nut_value"]
    ours = {}
    for path in HID.glob("*.map"):
        for name, body in re.findall(r"^LOOKUP (\S+)\n(.*?)^END", path.read_text(), re.S | re.M):
            ours[name] = {}
            for line in body.splitlines():
                value, text = shlex.split(line)[:2]
                ours[name].setdefault(value, text)
    assert {theirs: ours[name] for theirs, name in pairs.items()} == \
        {theirs: known[theirs] for theirs in pairs}


# --------------------------------------------------------------------------- nutdrv_qx

QX = MAPS / "nutdrv_qx"

# Facts of nutdrv_qx that are no row of ours, and why.
QX_LEFT_OUT = {
    ("ablerex", "ups.status", "40-42"): "one column is enough: call(megatec-avr)",
    ("ablerex", "battery.voltage.low", "1-2"): "the nominal voltage is what it looks at",
    ("ablerex", "battery.voltage.high", "2-3"): "the nominal voltage is what it looks at",
    ("ablerex", "ups.test.result", "0-0"): "its four characters, TR[1-4]",
    ("hunnox", "battery.charge", "0-0"): "its three digits, BL[2-4]",
    ("masterguard", "load.high", "0-0"): "ups.load.high",
    ("masterguard", "clear.fault.record", "0-0"): "experimental.fault.clear",
    # The columns of one device; those of all others are in vendor.map.
    ("megatec", "device.mfr", "1-7"): "vendor.map",
    ("megatec", "ups.serial", "8-15"): "vendor.map",
    ("megatec", "device.model", "17-21"): "vendor.map",
    ("megatec", "battery.runtime", "22-26"): "vendor.map",
    ("megatec", "ups.firmware", "28-0"): "vendor.map",
    ("voltronic", "unknown.7", "1-0"): "nobody knows what it is",
}


def qx_rows(mapcheck, protocol):
    """The lines of a protocol's map, with what it includes, and the texts of its queries."""
    text = mapcheck("--print", "-q", QX / f"{protocol}.map", check=True).stdout
    rows = [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]
    return rows, {words[1]: words[2] for words in rows if words[0] == "QUERY"}


def qx_place(queries, where):
    """What is asked, and the columns of its answer, as the facts write them."""
    name, columns = re.fullmatch(r"([^\[{]+)(?:\[(.*)\])?", where).groups()
    if name not in queries:
        return None
    first, dash, last = (columns or "0").partition("-")
    return queries[name], f"{first}-{(last or '0') if dash else first}"


def qx_has(fact, rows, queries):
    asked, columns = fact["query"].replace("\\r", "%r"), f"{fact['from']}-{fact['to']}"
    name, inner = fact["nut_name"], "internal" in fact["flags"].split("|")
    if fact["kind"] == "cmd":
        return any(words[0] == "CMD" and words[2] == name or words[:2] == ["SEQUENCE", name]
                   for words in rows)
    named = [words for words in rows if words[0] in ("VAR", "STATUS", "ALARM") and (
        inner or name == {"STATUS": "ups.status", "ALARM": "ups.alarm"}.get(words[0], words[2]))]
    if fact["kind"] == "setvar":
        return any(item.startswith("rw") for words in named for item in words)
    if not asked:
        return any(item.startswith("constant") for words in named for item in words)
    return any(qx_place(queries, words[1]) in ((asked, columns), (asked, "0-0"))
               for words in named)


def test_every_query_column_and_command_of_a_protocol_is_in_its_map(shared, mapcheck):
    known = [fact for fact in facts(shared, "qx-protocols.tsv")
             if fact["protocol"] != "protocol" and not fact["build_condition"]]
    missing = set()
    for protocol in {fact["protocol"] for fact in known}:
        rows, queries = qx_rows(mapcheck, protocol)
        missing |= {(protocol, fact["nut_name"], f"{fact['from']}-{fact['to']}") for fact in known
                    if fact["protocol"] == protocol and not qx_has(fact, rows, queries)}
    assert missing == set(QX_LEFT_OUT) and len(known) > 900


def test_protocols_are_looked_for_in_the_order_of_nut(shared, mapcheck):
    text = (shared / "facts" / "serial-protocols.md").read_text()
    order = re.search(r"nutdrv_qx protocol order tried: (.*)\.", text)[1].split(", ")
    ours = {}
    for protocol in order:
        rows, _ = qx_rows(mapcheck, protocol.replace("/", "-"))
        matches = [words for words in rows if words[:2] == ["MATCH", "probe"]]
        ours[protocol] = [item for words in matches for item in words if item.startswith("order(")]
    # innovart33 is told from innovart31 before it; its last row has NUT's place.
    numbers = [int(re.search(r"\d+", ours[protocol][-1])[0]) for protocol in order]
    assert numbers == sorted(numbers) and len(set(numbers)) == len(order) == 21


def test_every_adapter_has_its_way_of_wrapping(shared):
    ways = {words[2]: [item[6:-1] for item in words if item.startswith("quirk(")]
            for words in words_of(QX / "usb.map") if words[0] == "MATCH"}
    known = [fact for fact in facts(shared, "qx-usb.tsv") if "nutdrv_qx" in fact["drivers"]
             and not fact["subdriver"].startswith("none")]
    for fact in known:
        for vendor, products in re.findall(r"([0-9a-f]{4}):([0-9a-f]{4}(?:/[0-9a-f]{4})*)",
                                           fact["ids"].split(" (blazer")[0]):
            assert all(f"{vendor}:{product}" in ways for product in products.split("/")), fact


def test_what_maps_publish_has_a_description():
    """Of names that were never agreed on only those that somebody can set, or order."""
    described = {words[1].lower() for words in words_of(CHECKOUT / "data/cmdvartab")}
    place = {"VAR": 2, "CMD": 2, "SEQUENCE": 1, "ALIAS": 1}
    published = set()
    for path in MAPS.glob("*/*.map"):
        for words in words_of(path):
            at = place.get(words[0], 0)
            if not at or "hidden" in words or not re.match(r"[a-z]", words[at]):
                continue
            if words[0] != "VAR" or "rw" in words or not words[at].startswith("experimental."):
                published.add(re.sub(r"(?<=[.])(\d+|%i)(?=[.]|$)", "n", words[at].lower()))
    plain = {re.sub(r"(?<=[.])\d+(?=[.]|$)", "n", name) for name in described} | described
    assert len(published) > 400 and published - plain == set()
