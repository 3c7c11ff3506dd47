"""Our nutdrv_qx beside Debian's, on the same simulated devices: what is published, what is sent."""

import re

import hidpair
import pytest
import qxpair
from harness import CHECKOUT, LineClient, wait_until

MAPS = str(CHECKOUT / "data")
ENV = {"NUT_DATAPATH": MAPS}

# Values of the first reading that are not Debian's, besides the rows of docs/qx-differences.md.
FIRST_READING = {"voltronic-qs-hex": {"battery.charge"}}  # the number of packs is guessed at once
DEVICES = ["bestups", "mecer", "megatec", "megatec-old", "mustek", "q1", "voltronic",
           "voltronic-qs", "voltronic-qs-hex", "zinto"]

COMMANDS = {
    "q1": ["load.off", "load.on", "shutdown.return", "shutdown.stayoff", "shutdown.stop",
           "beeper.toggle", "test.battery.start.deep", "test.battery.start.quick",
           "test.battery.stop", "test.battery.start 120"],
    "voltronic": ["load.off", "load.on", "shutdown.return", "shutdown.stayoff", "shutdown.stop",
                  "test.battery.start 15", "test.battery.start 300", "beeper.toggle",
                  "beeper.enable", "beeper.disable", "test.battery.start.quick",
                  "test.battery.start.deep", "test.battery.stop"],
}
for name in ("megatec", "megatec-old", "mustek", "zinto"):
    COMMANDS[name] = COMMANDS["q1"]
COMMANDS["mecer"] = COMMANDS["q1"] + ["test.battery.start 30"]
COMMANDS["bestups"] = [command for command in COMMANDS["q1"] if command != "beeper.toggle"]
COMMANDS["voltronic-qs"] = COMMANDS["q1"][:6] + ["test.battery.start.quick"]
COMMANDS["voltronic-qs-hex"] = COMMANDS["voltronic-qs"]


def add(site, sim, device, *lines):
    protocol = "megatec/old" if device == "megatec-old" else device
    site.add_ups("ups", "nutdrv_qx", sim.port, "nolock", f"protocol = {protocol}",
                 "pollinterval = 1", *(lines if "pollfreq = 1" in lines
                                        else ("pollfreq = 3600", *lines)))


def dump(site, sim, device, suite=None, lines=()):
    add(site, sim, device, *lines)
    result = site.run("nutdrv_qx", "-a", "ups", *site._as_user, "-d", "1", suite=suite,
                      env=None if suite else ENV)
    found = re.findall(r"^([a-z0-9A-Z.-]+): (.*)$", result.stdout, re.MULTILINE)
    return {name: value.rstrip() for name, value in found
            if not name.startswith(("driver.", "experimental."))}


def guesses(site, sim, lines, suite):
    """Charge and runtime; Debian's driver tells the runtime from its second full poll on."""
    add(site, sim, "megatec", "pollfreq = 1", *lines)
    process = site.start_driver("ups", suite=suite, env=None if suite else ENV)
    wanted = "SETINFO battery.runtime" if "runtimecal" in lines[0] else "SETINFO battery.charge"

    def told():
        with LineClient(site.socket("ups")) as c:
            c.send("DUMPALL")
            return c.until("DUMPDONE")
    wait_until(lambda: any(line.startswith(wanted) for line in told()))
    found = re.findall(r'SETINFO (battery\.(?:charge|runtime)) "(.*)"', "\n".join(told()))
    process.stop()
    return {name: float(value) for name, value in found}


def commands_of(site, sim, device, commands, suite=None):
    """What the device is sent for each command."""
    add(site, sim, device)
    process = site.start_driver("ups", suite=suite, env=None if suite else ENV)
    sent = {}
    with LineClient(site.socket("ups")) as c:
        for command in commands:
            # Readings go on in between: what is not one of them is the command.
            wait_until(lambda: sim.asked)
            start = len(sim.asked)
            c.send(f"INSTCMD {command} TRACKING t1")
            last = ""
            while not last.startswith("TRACKING t1"):
                last = c.line()
            readings = ("D", "F", "I", "M", "FW?", "ID", "RT", "RE0", "SS?", "BP?")
            sent[command] = [last.split()[2]] + [
                query for query in sim.asked[start:] if not query.startswith("Q")
                and query not in readings or query == "Q"]
    process.stop()
    return sent


@pytest.mark.parametrize("device", DEVICES)
def test_the_same_is_published(site, debian, serialsim, device):
    theirs = dump(site, serialsim(device), device, suite=debian)
    ours = dump(site, serialsim(device), device)
    differing = {name for name in theirs.keys() | ours.keys()
                 if ours.get(name) != theirs.get(name)}
    explained = {row.what for row in hidpair.explained(device, qxpair.DOCUMENT)
                 if " " not in row.what}
    assert theirs and differing == explained | FIRST_READING.get(device, set())


@pytest.mark.parametrize("number", ["00", "01", "02", "03", "08", "09", "10", "13", "14", "31", "99"])
def test_the_same_is_published_for_each_kind_of_voltronic(site, debian, serialsim, number):
    values = []
    for suite in (debian, None):
        sim = serialsim("voltronic")
        sim.answers["QPI"] = f"(PI{number}"
        sim.answers["QFLAG"] = "(EpashcjoeDbrgflvdnqw"
        values.append(dump(site, sim, "voltronic", suite=suite))
    assert values[0] and values[1] == values[0]


# Bits are numbered from the left. The alarm of Debian's is gone after its first quick poll.
@pytest.mark.parametrize("bits", ["00000000", "10000000", "11000000", "01000000", "00100000",
                                  "00000100", "00000010", "00001000", "00000001", "11111111"])
def test_status_bits_mean_the_same(site, debian, serialsim, bits):
    status = []
    for suite in (debian, None):
        sim = serialsim("megatec")
        sim.answers["Q1"] = sim.answers["Q1"][:38] + bits
        values = dump(site, sim, "megatec", suite=suite)
        words = sorted(set(values["ups.status"].split()) - {"ALARM"})
        status.append((words, values["ups.type"], values["ups.beeper.status"]))
    assert status[1] == status[0]


@pytest.mark.parametrize("lines", [["runtimecal = 240,100,720,50"],
                                   ["default.battery.voltage.low = 24.4",
                                    "default.battery.voltage.high = 30.0"],
                                   ["runtimecal = 600,90,2000,30", "idleload = 40"]])
def test_charge_and_runtime_are_guessed_alike(site, debian, serialsim, lines):
    theirs, ours = (guesses(site, serialsim("megatec"), lines, suite) for suite in (debian, None))
    assert abs(ours["battery.charge"] - theirs["battery.charge"]) <= 1
    assert ours.get("battery.runtime") == pytest.approx(theirs.get("battery.runtime"), abs=5)


@pytest.mark.parametrize("bits", ["10001001"])
def test_charge_and_runtime_fall_alike_on_battery(site, debian, serialsim, bits):
    """Not how fast: that is a matter of the machine. What each says of both together."""
    for suite in (debian, None):
        sim = serialsim("megatec")
        sim.answers["Q1"] = sim.answers["Q1"][:38] + bits
        found = guesses(site, sim, ["runtimecal = 240,100,720,50"], suite)
        assert found["battery.runtime"] == pytest.approx(1912 * found["battery.charge"] / 100, abs=20)


@pytest.mark.long  # what ours sends is in test_nutdrv_qx.py too
@pytest.mark.parametrize("device", sorted(COMMANDS))
def test_the_same_bytes_are_sent_for_a_command(site, debian, serialsim, device):
    theirs = commands_of(site, serialsim(device), device, COMMANDS[device], suite=debian)
    ours = commands_of(site, serialsim(device), device, COMMANDS[device])
    assert ours == theirs


@pytest.mark.parametrize("device, lines", [
    ("megatec", []), ("megatec", ["stayoff"]), ("megatec", ["offdelay = 120", "ondelay = 600"]),
    ("mecer", []), ("zinto", []), ("q1", []), ("bestups", []), ("voltronic", []),
    ("voltronic-qs", []), ("voltronic-qs-hex", ["stayoff"])])
def test_killpower_sends_the_same(site, debian, serialsim, device, lines):
    sent = []
    for suite in (debian, None):
        sim = serialsim(device)
        add(site, sim, device, *lines)
        result = site.run("nutdrv_qx", "-a", "ups", *site._as_user, "-k", suite=suite,
                          env=None if suite else ENV)
        assert result.returncode == 0, result.stderr
        sent.append([query for query in sim.asked
                     if query[0] in "SC" and query != "SS?"])
    assert sent[0] and sent[1] == sent[0]
