"""Our usbhid-ups and Debian's on the same recorded devices.

What they publish, what may be set, the commands, what commands and settings
write to the device, -k, and the status words of events: the differences are
those of docs/usbhid-differences.md, neither more nor fewer.
"""

import pytest

import hidpair
from hidpair import NOTHING, Difference, HidUps, device_path
from harness import wait_until

# A pair of drivers takes its time: the others are for ./run-tests --all.
QUICK = ("cyberpower-ec850lcd", "eaton-3s-700")
DEVICES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.long)
           for name in hidpair.device_names() if name != hidpair.PARSER_ONLY]

# Ours alone has these, on every device: see the head of the document.
OWN_COMMANDS = {"driver.killpower", "driver.reload", "driver.reload-or-error",
                "driver.reload-or-exit", "shutdown.default"}


def start_pair(sites, simulators, suite, shared, name, *lines, fill=False, start=True):
    """Ours and Debian's, each on a simulator of the device."""
    made = []
    for who in (None, suite):
        site = sites()
        sim = simulators(site, device_path(shared, name))
        told = hidpair.UNKNOWN_TO_DEBIAN.get(name) if who else None
        more = [f"vendorid = {told[0]}", f"productid = {told[1]}"] if told else []
        if fill:
            fill_reports(sites, simulators, shared, name, sim)
        made.append(HidUps(site, sim, *lines, *more, suite=who, start=start))
    return made


@pytest.fixture
def simulators():
    """A function that starts a simulator in a site; skips where there is no umockdev."""
    from harness import usbsim
    made = []

    def make(site, path):
        folder = site.state / "usb"
        folder.mkdir()
        try:
            made.append(usbsim.UsbSim(path, folder=folder))
        except usbsim.Unavailable as e:
            pytest.skip(str(e))
        made[-1].site = site
        return made[-1]
    yield make
    for sim in made:
        # A program whose devices' kernel has ended dies with it.
        for process in sim.site.processes:
            process.stop()
        sim.close()


def fields_and_gaps(sites, simulators, shared, name):
    """The fields of a device, and the feature reports that its file lacks, with their sizes."""
    site = sites()
    ups = HidUps(site, simulators(site, device_path(shared, name)), "explore", start=False)
    text = ups.run("-d", "1").stdout
    fields = hidpair.fields_of(text)
    refused = {f.report for line in text.splitlines() if line.endswith(" refused")
               for f in hidpair.fields_of(line)}
    sizes = {r: max((f.bit + f.bits + 7) // 8 for f in fields if f.report == r) for r in refused}
    return fields, sizes


def fill_reports(sites, simulators, shared, name, sim):
    """Reports that the file lacks hold zeros, so that they can be written."""
    for report, size in fields_and_gaps(sites, simulators, shared, name)[1].items():
        sim.set("feature", report, bytes([report]) + bytes(size))


def settled(ups):
    """What both say when they have read all of the device."""
    for one in ups:
        one.wait_fresh()
        # Debian's says that it has data before it has them all: twice the same is the end.
        seen = [None]
        wait_until(lambda: seen.append(one.dump().values) or seen[-1] == seen[-2], interval=2)
    return [one.dump() for one in ups]


def alarms_of(text):
    """Whatever their order."""
    return sorted(f"{text} ".split("! "))


def text_of(value):
    return NOTHING if value is None else value


def check(name, found, *kinds):
    """What was found is what the document says, of these kinds of difference."""
    known = {d for d in hidpair.explained(name) if d.what.split()[0] in kinds
             or ("variable" in kinds and "." in d.what and " " not in d.what)}
    assert set(found) == known, \
        "\n".join(f"{name} | {' | '.join(d)}" for d in sorted(set(found) ^ known))


@pytest.mark.parametrize("name", DEVICES)
def test_they_publish_the_same(sites, simulators, debian, shared, name):
    ups = start_pair(sites, simulators, debian, shared, name)
    ours, theirs = settled(ups)
    found = [Difference(key, text_of(ours.values.get(key)), text_of(theirs.values.get(key)))
             for key in ours.values.keys() | theirs.values.keys()
             if ours.values.get(key) != theirs.values.get(key)]
    found += [Difference(f"RW {key}", ours.rule(key), theirs.rule(key))
              for key in ours.settable | theirs.settable if ours.rule(key) != theirs.rule(key)]
    more, fewer = ours.commands - theirs.commands, theirs.commands - ours.commands
    assert OWN_COMMANDS <= more
    more -= OWN_COMMANDS
    if more or fewer:
        found.append(Difference("commands", " ".join(sorted(more)) or NOTHING,
                                " ".join(sorted(fewer)) or NOTHING))
    check(name, found, "variable", "RW", "commands")


def written(ups, line):
    """What a request makes each of them write, and how it ended, as the document writes it."""
    told = []
    for one in ups:
        result, notes = one.written(line)
        told.append(", ".join([note.removeprefix("set feature ") for note in notes]) or
                    (NOTHING if result == 0 else "refused"))
    return told


def settings(dump, names):
    """Requests that set each of these to what it is, to one less, and delays to others."""
    for name in sorted(names):
        value = dump.values.get(name, "")
        yield f'SET {name} "{value}"'
        if value.split(".")[0].isdigit() and float(value) > 1 and not dump.enums.get(name):
            yield f'SET {name} "{float(value) - 1:.0f}"'
    for name, value in (("ups.delay.shutdown", 90), ("ups.delay.start", 180)):
        if name in names:
            yield f'SET {name} "{value}"'


@pytest.mark.parametrize("name", DEVICES)
def test_they_write_the_same(sites, simulators, debian, shared, name):
    ups = start_pair(sites, simulators, debian, shared, name, fill=True)
    dumps = settled(ups)
    common = dumps[0].commands & dumps[1].commands
    requests = [f"INSTCMD {command}" for command in sorted(common)]
    requests += settings(dumps[0], dumps[0].settable & dumps[1].settable)
    requests += [f"INSTCMD {command}" for command in ("shutdown.return", "shutdown.stayoff")
                 if command in common]
    if "load.off.delay" in common:
        requests.append("INSTCMD load.off.delay 240")
    found = set()
    for request in requests:
        ours, theirs = written(ups, request)
        if ours != theirs:
            found.add(Difference(request.replace('"', ""), ours, theirs))
    check(name, found, "INSTCMD", "SET")


@pytest.mark.parametrize("name", DEVICES)
def test_they_cut_the_load_off_alike(sites, simulators, debian, shared, name):
    ups = start_pair(sites, simulators, debian, shared, name, fill=True, start=False)
    told = []
    for one in ups:
        result, notes = one.killpower()
        told.append(", ".join(note.removeprefix("set feature ") for note in notes) or
                    (NOTHING if result == 0 else "refused"))
    check(name, [] if told[0] == told[1] else [Difference("-k", *told)], "-k")


# Of which the device has some: what is played, by the end of the path, and to what value.
MAINS_OUT = {"ACPresent": 0, "Charging": 0, "Discharging": 1}
LOW = {**MAINS_OUT, "BelowRemainingCapacityLimit": 1}
OTHERS = {"Overload": 1, "NeedReplacement": 1, "ShutdownImminent": 1, "Boost": 1,
          "RemainingTimeLimitExpired": 1, "OverTemperature": 1, "InternalFailure": 1,
          "CommunicationLost": 1, "VoltageOutOfRange": 1, "AwaitingPower": 1, "ShortCircuit": 1,
          "BatteryPresent": 0, "Used": 0, "Good": 0}
PLAYS = {"mains out": {"ACPresent": 0}, "on battery": MAINS_OUT, "low": LOW,
         "low on mains": {"BelowRemainingCapacityLimit": 1}, "charging": {"Charging": 1},
         "all at once": OTHERS, "all at once on battery": {**LOW, **OTHERS}, "trim": {"Buck": 1}}


def play(ups, fields, values):
    """Changes the device for both, and returns how it was."""
    before, touched = [], set()
    for field in fields:
        value = values.get(field.path.split(".")[-1])
        if value is None:
            continue
        for one in ups:
            try:
                before.append((one.sim, field.kind, field.report,
                               one.sim.get(field.kind, field.report)))
            except AssertionError:
                continue
            hidpair.poke(one.sim, field, value)
            touched.add((field.kind, field.report))
    return before, touched


def wait_noticed(ups, touched):
    """Until each has read twice, since, what was changed: the first is published by then."""
    for one in ups:
        read = touched & one.sim.gets().keys()
        one.sim.forget()
        wait_until(lambda: all(one.sim.gets().get(key, 0) >= 3 for key in read),
                   what=lambda: f"{read} in {one.sim.gets()}")


@pytest.mark.long  # many plays, each settled by both
@pytest.mark.parametrize("name", DEVICES)
def test_they_tell_events_alike(sites, simulators, debian, shared, name):
    fields, _ = fields_and_gaps(sites, simulators, shared, name)
    ups = start_pair(sites, simulators, debian, shared, name, "pollfreq = 1", "pollonly")
    for one in ups:
        one.wait_fresh()
    found, differing = [], {"ours": set(), "theirs": set()}
    for label, values in PLAYS.items():
        before, touched = play(ups, fields, values)
        if not touched:
            continue
        wait_noticed(ups, touched)
        words = [set(one.dump().values["ups.status"].split()) for one in ups]
        alarms = [one.dump().values.get("ups.alarm", NOTHING) for one in ups]
        reasons = [one.dump().values.get("input.transfer.reason", NOTHING) for one in ups]
        differing["ours"] |= words[0] - words[1]
        differing["theirs"] |= words[1] - words[0]
        if alarms_of(alarms[0]) != alarms_of(alarms[1]):
            found.append(Difference(f"alarm, {label}", *alarms))
        assert reasons[0] == reasons[1], label
        for sim, kind, report, held in reversed(before):
            sim.set(kind, report, held)
    if any(differing.values()):
        found.append(Difference("status", *(" ".join(sorted(words)) or NOTHING
                                            for words in differing.values())))
    check(name, found, "status", "alarm,")


def test_what_a_field_cannot_hold_is_refused(sites, simulators, debian, shared):
    """Debian's writes the lowest bits of it."""
    ups = start_pair(sites, simulators, debian, shared, "apc-back-ups-es-850g2")
    settled(ups)
    assert written(ups, 'SET input.transfer.high "1000000"') == ["refused", "33: 33 40 42"]
    assert written(ups, 'SET input.transfer.high "7"') == ["refused", "33: 33 07 00"]
    assert written(ups, 'SET input.sensitivity "none"') == ["refused", "35: 35 ff"]
    assert written(ups, 'SET input.transfer.high "260"') == ["33: 33 04 01"] * 2
