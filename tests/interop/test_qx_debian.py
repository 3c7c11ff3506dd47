"""Our nutdrv_qx and Debian's on the same simulated devices, one for each protocol of both.

What they publish, what may be set, the commands, and what commands and settings tell
the device: the differences are those of docs/qx-differences.md, neither more nor fewer.
"""

import fnmatch

import hidpair
import pytest
import qxpair
from hidpair import NOTHING, Difference

# Debian's names, where they are not the device's.
NAMES = {"megatec-old": "megatec/old"}
PROTOCOLS = ["ablerex", "bestups", "hunnox", "mecer", "megatec", "megatec-old", "mustek", "q1",
             "voltronic", "voltronic-qs", "voltronic-qs-hex", "zinto"]
# A pair of drivers takes its time: the others are for ./run-tests --all.
QUICK = ("voltronic-qs",)
PROTOCOL = pytest.mark.parametrize(
    "protocol", [pytest.param(name, marks=() if name in QUICK else pytest.mark.long)
                 for name in PROTOCOLS])

# Ours alone has these, on every device.
OWN_COMMANDS = {"driver.killpower", "driver.reload", "driver.reload-or-error",
                "driver.reload-or-exit", "shutdown.default"}
OWN_VALUES = "experimental."
# Values that tests are given, besides none.
TIMES = ("", " 30", " 60", " 300", " 5999")


@pytest.fixture
def start_pair(sites, serialsim, debian):
    """A function that starts ours and Debian's, each with a device of its own."""
    def start(protocol, *lines):
        return [qxpair.QxUps(sites(), serialsim(protocol), NAMES.get(protocol, protocol), *lines,
                             suite=suite) for suite in (None, debian)]
    return start


def rule(dump, key):
    """How it may be set, but for the kind and length."""
    return " ".join(["rw", *dump.enums.get(key, []), *dump.ranges.get(key, [])]) \
        if key in dump.settable else NOTHING


def differences(ours, theirs):
    """Between two dumps."""
    values = [{key: value.strip() for key, value in dump.values.items()
               if not key.startswith(OWN_VALUES)} for dump in (ours, theirs)]
    found = [Difference(key, *(one.get(key, NOTHING) for one in values))
             for key in values[0].keys() | values[1].keys()
             if values[0].get(key) != values[1].get(key)]
    settable = {key for key in ours.settable | theirs.settable if not key.startswith(OWN_VALUES)}
    found += [Difference(f"RW {key}", rule(ours, key), rule(theirs, key))
              for key in settable if rule(ours, key) != rule(theirs, key)]
    more, fewer = ours.commands - theirs.commands, theirs.commands - ours.commands
    assert OWN_COMMANDS <= more
    more = {name for name in more - OWN_COMMANDS if not name.startswith(OWN_VALUES)}
    if more or fewer:
        found.append(Difference("commands", " ".join(sorted(more)) or NOTHING,
                                " ".join(sorted(fewer)) or NOTHING))
    return found


def requests(dumps):
    """What both are told: every command that both have, and what both let be set, at its ends."""
    for name in sorted(dumps[0].commands & dumps[1].commands - OWN_COMMANDS):
        for value in TIMES if name == "test.battery.start" else ("",):
            yield f"INSTCMD {name}{value}"
    for name in sorted(dumps[0].settable & dumps[1].settable):
        for value in dumps[1].enums.get(name, []):
            yield f"SET {name} {value}"
        for ends in dumps[1].ranges.get(name, []):
            low, high = (int(word) for word in ends.replace('"', "").split())
            for value in (low - 1, low, (low + high) // 2, high, high + 1):
                yield f"SET {name} {value}"
    # With the delays that were set last.
    for name in ("shutdown.return", "shutdown.stayoff"):
        if name in dumps[0].commands & dumps[1].commands:
            yield f"SET ups.delay.shutdown 45\0SET ups.delay.start 300\0INSTCMD {name}"


def tell(ups, request):
    return " ".join(query for line in request.split("\0") for query in ups.sent(line)) or NOTHING


def covers(row, difference):
    return all(fnmatch.fnmatchcase(cell, pattern) for cell, pattern in zip(difference, row))


def check(protocol, found, of_requests=False):
    """What was found is what the document says, of requests or of dumps."""
    known = {row for row in hidpair.explained(protocol, qxpair.DOCUMENT)
             if (row.what.split()[0] in ("INSTCMD", "SET")) == of_requests}
    wrong = [d for d in found if not any(covers(row, d) for row in known)]
    wrong += [row for row in known if not any(covers(row, d) for d in found)]
    if wrong:
        pytest.fail("+: not in the document, -: not found\n" + "\n".join(
            f"{'+' if d in found else '-'} | {protocol} | {' | '.join(d)} |"
            for d in sorted(wrong)), pytrace=False)


@PROTOCOL
def test_they_publish_the_same(start_pair, protocol):
    check(protocol, differences(*(ups.wait_settled() for ups in start_pair(protocol))))


@pytest.mark.long
@PROTOCOL
def test_they_tell_the_device_the_same(start_pair, protocol):
    pair = start_pair(protocol)
    dumps = [ups.wait_settled() for ups in pair]
    found = []
    for request in requests(dumps):
        said = [tell(ups, request) for ups in pair]
        if said[0] != said[1]:
            found.append(Difference(request.split("\0")[-1], *said))
    check(protocol, found, of_requests=True)
