"""Our snmp-ups and Debian's on the same agents, one for each MIB.

What they publish, what may be set, the commands, and what commands and settings
SET at the agent: the differences are those of docs/snmp-differences.md, neither
more nor fewer.
"""

import re

import pytest

import snmppair
from hidpair import NOTHING, Difference
from snmppair import SnmpUps

# A pair of drivers takes its time: the others are for ./run-tests --all.
QUICK = ("ietf", "apcc", "apc_pdu")
MIBS = [pytest.param(name, marks=() if name in QUICK else pytest.mark.long)
        for name in snmppair.mib_names()]
THREE_PHASES = [pytest.param(name, marks=() if name == "ietf" else pytest.mark.long)
                for name in ("ietf", "mge", "delta_ups", "raritan-px2")]
CHAINS = [pytest.param(name, marks=pytest.mark.long) for name in ("eaton_epdu", "hpe_epdu")]
AUTO = [pytest.param(name, marks=() if name == "ietf" else pytest.mark.long)
        for name in ("ietf", "apcc", "cyberpower", "eaton_epdu", "raritan-px2")]

# Ours alone has these, on every device: see the head of the document.
OWN_COMMANDS = {"driver.killpower", "driver.reload", "driver.reload-or-error",
                "driver.reload-or-exit", "shutdown.default"}
# Debian's driver ends when it is set: it has no place.
DEADLY = {"outlet.desc"}


@pytest.fixture
def start_pair(sites, snmpd, debian, shared):
    """A function that starts ours and Debian's, each with an agent of its own."""
    def start(mib, mibs=None, phases=1, devices=1):
        try:
            debian.program("snmp-ups")
        except LookupError as e:
            pytest.skip(str(e))
        data = snmppair.agent_data(mib, phases, devices=devices)
        lines = (f"mibs = {mibs or mib}", "pollfreq = 1", "pollinterval = 1")
        return [SnmpUps(sites(), snmpd(data), *lines, suite=suite) for suite in (None, debian)]
    return start


def text_of(value):
    return NOTHING if value is None else value


def shown(dump):
    """Without an empty ups.status, which Debian's has of what is no UPS."""
    return {key: value for key, value in dump.values.items()
            if (key, value) != ("ups.status", "")}


def name_plainly(ours, theirs):
    """What is of no device of a chain ours tells once, by its plain name; Debian's for the
    first device, or for each: where it is the same, it gets the plain name."""
    def form(text):
        return text.replace(" ", ":").lower()

    for name, value in ours.values.items():
        if re.match(r"device\.\d", name):
            continue
        same = [f"device.{n}.{name.removeprefix('device.')}" for n in (1, 2)]
        for key in same:
            if form(theirs.values.get(key, "")) == form(value):
                del theirs.values[key]
                theirs.values[name] = value
                theirs.flags[name] = theirs.flags.pop(key, set())


def rule(dump, key):
    """How it may be set, but for the kind and length: of numbers Debian's says nonsense."""
    return " ".join(["rw", *dump.enums.get(key, []), *dump.ranges.get(key, [])]) \
        if key in dump.settable else NOTHING


def differences(ours, theirs):
    """Between two dumps."""
    ups = [shown(ours), shown(theirs)]
    found = [Difference(key, *(text_of(values.get(key)) for values in ups))
             for key in ups[0].keys() | ups[1].keys() if ups[0].get(key) != ups[1].get(key)]
    found += [Difference(f"RW {key}", rule(ours, key), rule(theirs, key))
              for key in ours.settable | theirs.settable if rule(ours, key) != rule(theirs, key)]
    more, fewer = ours.commands - theirs.commands, theirs.commands - ours.commands
    assert OWN_COMMANDS <= more
    more -= OWN_COMMANDS
    if more or fewer:
        found.append(Difference("commands", " ".join(sorted(more)) or NOTHING,
                                " ".join(sorted(fewer)) or NOTHING))
    return found


def check(mib, found, requests=False):
    """What was found is what the document says, of requests or of dumps."""
    known = {d for d in snmppair.explained(mib)
             if (d.what.split()[0] in ("INSTCMD", "SET")) == requests}
    wrong = known ^ set(found)
    if wrong:
        pytest.fail("+: not in the document, -: not found\n" + "\n".join(
            f"{'+' if d in found else '-'} | {mib} | {' | '.join(d)} |" for d in sorted(wrong)),
            pytrace=False)


@pytest.mark.parametrize("mib", MIBS)
def test_they_publish_the_same(start_pair, mib):
    ups = start_pair(mib)
    check(mib, differences(*(one.wait_settled() for one in ups)))


@pytest.mark.parametrize("mib", THREE_PHASES)
def test_they_publish_the_same_of_three_phases(start_pair, mib):
    ups = start_pair(mib, phases=3)
    check(f"{mib}:3", differences(*(one.wait_settled() for one in ups)))


@pytest.mark.parametrize("mib", CHAINS)
def test_they_publish_the_same_of_a_chain_of_two(start_pair, mib):
    dumps = [one.wait_settled() for one in start_pair(mib, devices=2)]
    name_plainly(*dumps)
    check(f"{mib}:2", differences(*dumps))


@pytest.mark.parametrize("mib", AUTO)
def test_they_find_the_same_mib(start_pair, mib):
    ups = start_pair(mib, mibs="auto")
    check(mib, differences(*(one.wait_settled() for one in ups)))


def settings(dump, names):
    """Requests that set each of these to what it may be: its words, or what it is, and less."""
    for name in sorted(names):
        value = dump.values.get(name, "")
        for word in dump.enums.get(name, [value])[:2]:
            yield f'SET {name} "{word}"'
        if value.split(".")[0].isdigit() and float(value) > 1 and not dump.enums.get(name):
            yield f'SET {name} "{float(value) - 1:.0f}"'


# Of the driver's protocol.
RESULTS = (NOTHING, "unknown", "invalid", "refused", "invalid")
# The agent refuses the type; the driver has left a %i in the OID.
KNOWN_FAILURES = ("wrongType", "badValue", "Unknown Object Identifier (%i")


def is_known_failure(told, log):
    """Ours writes, where Debian's fails in a way that the head of the document tells."""
    return told[1] == "refused" and told[0] not in RESULTS and \
        any(words in log for words in KNOWN_FAILURES)


@pytest.mark.parametrize("mib", MIBS)
def test_they_set_the_same(start_pair, mib):
    ups = start_pair(mib)
    dumps = [one.wait_settled() for one in ups]
    requests = [f"INSTCMD {name}" for name in sorted(dumps[0].commands & dumps[1].commands)]
    requests += settings(dumps[0], (dumps[0].settable & dumps[1].settable) - DEADLY)
    found = []
    for request in requests:
        told, known = [], len(ups[1].process.log())
        for one in ups:
            result, sets = one.written(request)
            told.append(", ".join(sets) or RESULTS[result])
        if told[0] != told[1] and not is_known_failure(told, ups[1].process.log()[known:]):
            found.append(Difference(request.replace('"', ""), *told))
    check(mib, found, requests=True)
