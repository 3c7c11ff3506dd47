"""Each family of usbhid-ups on simulated devices that have every path of its rows (made out of
the recorded facts): what is published, told, set and commanded is what the facts say."""

import re

import pytest

import hidfacts
from harness import LineClient, wait_until
from harness.build import CHECKOUT

pytestmark = pytest.mark.once

FAMILIES = list(hidfacts.FAMILIES)


class Driver:
    """usbhid-ups on one made device."""

    def __init__(self, site, sim, *lines):
        self.site, self.sim = site, sim
        site.add_ups("ups", "usbhid-ups", "auto", "pollinterval = 1", *lines)
        self.env = {**sim.env(site), "NUT_DATAPATH": str(CHECKOUT / "data")}

    def run(self, *args):
        return self.site.run("usbhid-ups", "-a", "ups", *self.site._as_user, *args, env=self.env)

    def dump(self):
        """What is published after one reading."""
        result = self.run("-d", "1")
        assert result.returncode == 0, result.stderr
        lines = (line.partition(": ") for line in result.stdout.splitlines())
        return {name: value for name, _, value in lines}


class Running(Driver):
    """The same, as a daemon; its device is played with."""

    def __init__(self, site, sim, made, *lines):
        super().__init__(site, sim, *lines)
        self.made = made
        self.process = site.start_driver("ups", env=self.env)
        wait_until(lambda: "DATAOK" in self.listing(), what=lambda: self.process.log())

    def listing(self):
        with LineClient(self.site.socket("ups")) as client:
            client.send("DUMPALL")
            return client.until("DUMPDONE")

    def values(self):
        found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in self.listing())
        return {m[1]: m[2] for m in found if m}

    def commands(self):
        return {line.split()[1] for line in self.listing() if line.startswith("ADDCMD ")}

    def status(self):
        values = self.values()
        alarms = set(filter(None, re.split("(?<=!) ", values.get("ups.alarm", ""))))
        return set(values["ups.status"].split()), alarms, values.get("input.transfer.reason")

    def put(self, changed):
        """The device's fields become other raw values: {path: raw}; it tells by interrupt."""
        reports = {}
        for path, raw in changed.items():
            field = self.made.device.field(path)
            before = reports.get(field.report) or self.sim.get("feature", field.report)
            reports[field.report] = field.put(before, raw)
        for number, data in reports.items():
            self.sim.set("feature", number, data)
            if self.made.device.inputs:
                self.sim.set("input", number, data)
                self.sim.interrupt(data)

    def order(self, line):
        """The result of a command, as a number; what was written meanwhile, a list of bytes."""
        self.sim.forget()
        with LineClient(self.site.socket("ups")) as client:
            client.send(f"{line} TRACKING t1")
            last = ""
            while not last.startswith("TRACKING t1"):
                last = client.line()
        return int(last.split()[2]), written(self.sim)


def written(sim):
    """What the host has set, in order, as bytes."""
    return [bytes.fromhex(line.partition(": ")[2]) for line in sim.log()
            if line.startswith("set ")]


def same(made, row, values):
    """What is wrong about a row's value; of one that makes nothing the next row takes the name."""
    wanted, got = made.text(row, values), values.get(row.name)
    return "" if wanted in (None, got) else f"{row.name} is {got!r}, not {wanted!r} ({row.path})"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_of_a_family_is_published(site, usbsim, shared, family):
    facts = hidfacts.Facts(shared, family)
    wrong, seen = [], 0
    for number, (rows, hidden) in enumerate(facts.variants()):
        made = hidfacts.Made(facts, hidden)
        sim = usbsim(made.write(site.root / f"{number}.txt"))
        values = Driver(site, sim).dump()
        wrong += [same(made, row, values) for row in rows]
        seen += len(rows)
        sim.close()
    assert [w for w in wrong if w] == []
    assert seen


# Those without an interrupt pipe, or whose status is in reports that only polls read.
POLLED = {"ever", "legrand"}


def check_status(site, sim, made):
    running = Running(site, sim, made,
                      "pollfreq = %d" % (1 if made.facts.family in POLLED else 3600))
    quiet = made.status({})
    assert running.status() == quiet
    assert quiet[0] == {"OL"}
    for change in made.interesting():
        wanted = made.status(change)
        running.put(change)
        wait_until(lambda: running.status() == wanted,
                   what=lambda: f"{change}: {running.status()}, not {wanted}")
        running.put({path: made.device.field(path).value for path in change})
        if wanted != quiet:
            wait_until(lambda: running.status() == quiet, what="all is well again")
    return running


@pytest.mark.parametrize("family", FAMILIES)
def test_every_status_bit_is_told(site, usbsim, shared, family):
    made = hidfacts.Made(hidfacts.Facts(shared, family), inputs=family not in POLLED)
    sim = usbsim(made.write(site.root / "device.txt"))
    running = check_status(site, sim, made)
    for number, reason in ((74, "off"),) if family == "ever" else ():
        sim.set("feature", number, bytes([number, 2]))
        wait_until(lambda: "OFF" in running.status()[0], what=reason)


def test_eaton_without_battery_management_tells_by_its_bits(site, usbsim, shared):
    made = hidfacts.Made(hidfacts.Facts(shared, "mge"),
                         values={"UPS.BatterySystem.Charger.ABMEnable": 0})
    check_status(site, usbsim(made.write(site.root / "device.txt")), made)


def test_alarms_of_eaton_are_told(site, usbsim, shared):
    made = hidfacts.Made(hidfacts.Facts(shared, "mge"))
    running = Running(site, usbsim(made.write(site.root / "device.txt")), made)
    rows = [row for row in made.facts.rows if row.name == "ups.alarm"]
    texts = set()
    for row in rows:
        running.put({row.path: 1})
        wait_until(lambda: len(running.status()[1] - texts) == 1, what=row.path)
        texts |= running.status()[1]
    assert len(texts) == len(rows) == 6
    running.put({row.path: 0 for row in rows})
    wait_until(lambda: running.status()[1] == set(), what="no alarm")


# ---------------------------------------------------------------- settings and commands

def settings(made):
    """[(row, text, report as it is written)]: a new text for each variable that can be set; None
    for a report: the driver keeps it."""
    device, found, names = made.device, [], set()
    for row in made.facts.rows:
        if "rw" not in row.flags or row.path.lower() not in device.fields or row.name in names:
            continue
        names.add(row.name)
        field = device.field(row.path)
        if "absent-default" in row.flags:
            found.append((row, "77", None))
            continue
        text, raw = another(made, row, field)
        if text is not None:
            found.append((row, text, raw))
    return found


def another(made, row, field):
    """A text that the row does not have yet, and the raw value for it."""
    if row.lookup in OTHERS:
        return OTHERS[row.lookup]
    choices = made.facts.choices(row.lookup) if row.lookup else {}
    for raw, text in choices.items():
        if raw != field.value:
            return text, raw
    assert not row.lookup, row
    digits = int(row.length or 9)
    number = min(int(field.physical_value()) - 1, 10 ** digits - 1)
    return row.conversion.removeprefix("format:") % number, field.raw(number)


OTHERS = {
    "date_conversion": ("2026/11/28", (2026 - 1980) << 9 | 11 << 5 | 28),
    # With the time of day as it is.
    "mge_date_conversion": ("2023/11/15", 1700000000 + 86400),
    "mge_time_conversion": (None, None),
    "nominal_output_voltage_info": ("240", 240),
    "eaton_input_eco_mode_on_off_info": ("ESS", 2),
    "eaton_input_bypass_mode_on_info": ("disabled", 0),
    "belkin_sensitivity_conversion": ("reduced", 1),
    "pegasus_threshold_info": (None, None), "pegasus_yes_no_info": (None, None)}


@pytest.mark.parametrize("family", FAMILIES)
def test_settings_are_written(site, usbsim, shared, family):
    made = hidfacts.Made(hidfacts.Facts(shared, family))
    running = Running(site, usbsim(made.write(site.root / "device.txt")), made)
    wrong = []
    for row, text, raw in settings(made):
        field = made.device.field(row.path)
        before = running.sim.get("feature", field.report)
        wanted = [field.put(before, raw)] if raw is not None else []
        got = running.order(f'SET {row.name} "{text}"')
        if got != (0, wanted):
            wrong.append(f"SET {row.name} {text}: {got}, not {wanted}")
        try:
            wait_until(lambda: running.values().get(row.name) == text, timeout=5)
        except AssertionError:
            wrong.append(f"{row.name} is {running.values().get(row.name)}, not {text}")
        if raw is not None:
            running.sim.set("feature", field.report, before)
    assert wrong == []


# What is made of delays, where a device has no such command: (path, value) in order.
def commands(made):
    """{command: [reports]} by the facts."""
    first, found = {}, {}
    for row in made.facts.rows:
        if row.kind == "cmd" and row.path.lower() in made.device.fields:
            first.setdefault(row.name, row)
    for name, row in first.items():
        value = POWERCOM.get((row.lookup, row.default), row.default)
        found[name] = [(row.path, value)]
    # The old names switch for good, whatever the device makes of "off".
    for old, new in (("beeper.on", "beeper.enable"), ("beeper.off", "beeper.disable")):
        if new in found:
            found[old] = found[new]
    on, off = found.get("load.on.delay"), found.get("load.off.delay")
    delays = {name: made.text(row) for row in made.facts.rows for name in [row.name]
              if name.startswith("ups.delay.") and row.path.lower() in made.device.fields}
    made_of = {}
    if on:
        made_of["load.on"] = [(on[0][0], "0")]
    if off:
        made_of["load.off"] = [(off[0][0], "0")]
    if on and off:
        wait = off[0][1] if "ups.delay.shutdown" not in delays else delays["ups.delay.shutdown"]
        made_of["shutdown.return"] = [(on[0][0], delays.get("ups.delay.start", on[0][1])),
                                      (off[0][0], wait)]
        made_of["shutdown.stayoff"] = [(on[0][0], "-1"), (off[0][0], wait)]
    auto = next((row.path for row in made.facts.rows if row.name == "ups.start.auto"), None)
    for name, value in (("shutdown.return", "1"), ("shutdown.stayoff", "0")):
        if auto and name in made_of:  # where there is such a setting, it decides
            made_of[name].insert(0, (auto, value))
    return {**made_of, **found}


# Minutes, with their bytes swapped, and seconds with a flag; of the caller's 0, or else of the
# driver's delays, 60 and 20 seconds.  A shutdown in 0 seconds would be none.
POWERCOM = {("powercom_startup_info", ""): 1 << 8, ("powercom_startup_info", "0"): 0,
            ("powercom_shutdown_info", ""): 20 | 0x40, ("powercom_stayoff_info", ""): 20 | 0x80,
            ("powercom_stayoff_info", "0"): 1 | 0x80}


@pytest.mark.parametrize("family", FAMILIES)
def test_commands_write_what_they_should(site, usbsim, shared, family):
    made = hidfacts.Made(hidfacts.Facts(shared, family))
    running = Running(site, usbsim(made.write(site.root / "device.txt")), made)
    expected, wrong = commands(made), []
    of_all = {"driver.reload", "driver.reload-or-error", "driver.reload-or-exit",
              "driver.killpower", "shutdown.default"}
    assert running.commands() - of_all == set(expected)
    for name, steps in expected.items():
        wanted = []
        for path, value in steps:
            field = made.device.field(path)
            before = next((w for w in reversed(wanted) if w[0] == field.report),
                          running.sim.get("feature", field.report))
            wanted.append(field.put(before, field.raw(float(value))))
        got = running.order(f"INSTCMD {name}")
        if got != (0, wanted):
            wrong.append(f"{name}: {got}, not {wanted}")
    assert wrong == []
