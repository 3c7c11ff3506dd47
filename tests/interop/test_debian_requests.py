"""The same request lines to our upsd and to Debian's: the same answers.

Where the answers differ on purpose, DIFFERENT says so and why.
"""

import re

import pytest

from harness.twins import COMMANDS, RACK, Twins, without_ids

ADMIN = ["USERNAME admin", "PASSWORD secret"]
OPERATOR = ["USERNAME op", 'PASSWORD "pass word"']
MONITOR = ["USERNAME mon", "PASSWORD secret"]
SECONDARY = ["USERNAME other", "PASSWORD secret"]

# (pattern of the request, reason).  A request that matches is not compared here.
DIFFERENT = [
    (r"VER|GET VAR \S+ server\.(info|version)", "each says its own version"),
    (r"HELP", "ours names the commands of push too"),
    (r"(?i)(un)?subscribe.*|ping.*", "push is ours only"),
    (r"(?i)list clients .*", "nut2.py sends it: taken as LIST CLIENT"),
    (r"GET (CMD)?DESC \S+ upstream\..*", "NUT looks behind upstream. since a later version"),
    (r"GET DESC \S+ outlet\.1\..*", "our descriptions know outlets of any number"),
    (r'GET (CMD)?DESC \S+ ""', "an empty name is echoed in quotes, or words would be missing"),
]


def _different(line):
    return next((why for pattern, why in DIFFERENT if re.fullmatch(pattern, line)), None)


def _reads():
    """Requests that change nothing, alone on their connection or in any company."""
    upses = ["rack", "RACK", "bare", "stale", "gone", "nosuch", '""', '"rack"', "rac\\k"]
    variables = [*RACK, "UPS.Status", "nosuch.var", '""', "server.info", "SERVER.nosuch",
                 "upstream.ups.load", "driver.name"]
    yield from ["", "   ", "# comment", "NONSENSE", "VER x", "NETVER", "netver", "NETVER 1",
                "PROTVER", "PROTVER 1", "HELP x", "GET", "get", "GET nonsense", "LIST",
                "LIST nonsense", "LIST nonsense rack", "LIST VAR", "GET nonsense rack",
                "GET nonsense rack ups.status", "LIST nonsense rack ups.status", "GET VAR rack",
                "GET VAR", "GET TYPE rack", "GET DESC rack", "GET CMDDESC rack", "GET UPSDESC",
                "GET NUMLOGINS", "GET TRACKING", "get tracking", "GET TRACKING x", "LIST ENUM",
                "LIST ENUM rack", "LIST RANGE rack", "LIST CLIENT", "LIST UPS", "list ups",
                "LIST UPS rack", "ENUM", "GET = rack", "GET VAR rack ups.status extra words",
                "LIST VAR rack extra", "STARTTLS", "STARTTLS x", "GET\tVAR\track\tups.status",
                "  GET   VAR rack   ups.status  ", "GET VAR rack ups.status # comment",
                '"GET" "VAR" "rack" "ups.status"', "GET VAR rack ups.status\r",
                "GET VAR rack ups=status", "GET VAR rack ups\\.status", "OK", "ERR", "DATA"]
    for ups in upses:
        yield from [f"GET UPSDESC {ups}", f"GET NUMLOGINS {ups}", f"LIST VAR {ups}",
                    f"LIST RW {ups}", f"LIST CMD {ups}", f"LIST CLIENT {ups}",
                    f"LIST ENUM {ups} ups.beeper.status", f"LIST RANGE {ups} input.transfer.low",
                    f"GET VAR {ups} ups.status", f"GET TYPE {ups} ups.id",
                    f"GET DESC {ups} ups.load", f"GET CMDDESC {ups} load.off"]
    for variable in variables:
        yield from [f"GET VAR rack {variable}", f"GET TYPE rack {variable}",
                    f"GET DESC rack {variable}", f"LIST ENUM rack {variable}",
                    f"LIST RANGE rack {variable}"]
    for command in [*COMMANDS, "LOAD.Off", "nosuch.cmd", '""', "upstream.load.off"]:
        yield f"GET CMDDESC rack {command}"


def _scripts():
    """Conversations: what one line answers depends on those before it."""
    privileged = ["LOGIN rack", "PRIMARY rack", "MASTER rack", "FSD latched",
                  "SET VAR rack ups.id x", "SET TRACKING ON", "INSTCMD rack beeper.mute",
                  "LOGIN", "PRIMARY", "FSD", "SET", "INSTCMD"]
    for line in privileged:
        yield [line]
        yield ["USERNAME admin", line]
        yield ["PASSWORD secret", line]
        yield ["USERNAME nobody", "PASSWORD secret", line]
        yield ["USERNAME admin", "PASSWORD Secret", line]
        yield ["USERNAME ADMIN", "PASSWORD secret", line]
    yield ["USERNAME", "USERNAME a b", "USERNAME a", "USERNAME b", "PASSWORD", "PASSWORD a b",
           "PASSWORD a", "PASSWORD b", "LOGIN rack"]
    yield ['USERNAME ""', 'PASSWORD ""', "LOGIN rack", "USERNAME admin"]
    yield ["LOGOUT now", "LOGOUT"]
    yield ["logout"]
    for user in (ADMIN, OPERATOR, MONITOR, SECONDARY):
        for line in ["LOGIN rack", "LOGIN nosuch", "LOGIN gone", "LOGIN stale", "LOGIN rack x",
                     "PRIMARY rack", "primary RACK", "PRIMARY nosuch", "PRIMARY rack x",
                     "MASTER rack", "MASTER nosuch", "FSD nosuch", "FSD latched x",
                     "SET VAR rack ups.load 5", "INSTCMD rack load.off", "INSTCMD rack load.on"]:
            yield [*user, line]
    yield [*MONITOR, "LOGIN rack", "LOGIN rack", "LOGIN bare", "GET NUMLOGINS rack",
           "LIST CLIENT rack", "LIST CLIENT RACK", "LIST CLIENT bare", "LOGOUT"]
    for line in ["SET", "SET VAR", "SET VAR rack", "SET VAR rack ups.id", "SET NONSENSE",
                 "SET NONSENSE rack ups.id x", "SET TRACKING", "SET TRACKING maybe",
                 "SET VAR nosuch ups.id x", "SET VAR gone ups.id x", "SET VAR stale ups.status x",
                 "SET VAR rack nosuch.var x", "SET VAR rack ups.load 5", "SET VAR rack ups.id two",
                 "SET VAR RACK UPS.ID three", 'SET VAR rack ups.id "a b"',
                 "SET VAR rack ups.id 12345678", "SET VAR rack ups.id 123456789",
                 'SET VAR rack ups.id ""', "SET VAR rack ups.serial x",
                 "SET VAR rack battery.charge.low 100", "SET VAR rack battery.charge.low 1000",
                 "SET VAR rack ups.beeper.status disabled",
                 "SET VAR rack ups.beeper.status DISABLED",
                 'SET VAR rack ups.beeper.status "muted for now"',
                 "SET VAR rack ups.beeper.status nosuch", "SET VAR rack input.transfer.low 90",
                 "SET VAR rack input.transfer.low 110", "SET VAR rack input.transfer.low 111",
                 "SET VAR rack input.transfer.low 170", "SET VAR rack input.transfer.low 200",
                 "SET VAR rack input.transfer.low -1", "SET VAR rack ups.delay.shutdown 30",
                 "SET VAR rack ups.delay.shutdown x", "SET VAR rack server.info x",
                 "SET VAR rack ups.id x extra", "set var rack ups.id y",
                 'SET VAR rack ups.id "q\\"\\\\\\#"',
                 "INSTCMD rack", "INSTCMD nosuch load.off", "INSTCMD gone load.off",
                 "INSTCMD stale load.off", "INSTCMD rack nosuch.cmd", "INSTCMD bare load.off",
                 "INSTCMD rack load.off", "INSTCMD rack LOAD.OFF", "INSTCMD rack load.off 30",
                 "INSTCMD rack load.off 30 40", "instcmd RACK load.on"]:
        yield [*ADMIN, line]
    yield ["GET TRACKING", "SET TRACKING ON", *ADMIN, "SET TRACKING ON", "GET TRACKING",
           "GET TRACKING nosuch", "SET VAR rack ups.id x", "INSTCMD rack load.off",
           "SET VAR rack ups.load 1", "SET TRACKING off", "GET TRACKING", "GET TRACKING nosuch",
           "SET VAR rack ups.id x"]
    yield [*ADMIN, "FSD latched", "GET VAR latched ups.status", "LIST VAR latched",
           "LIST RW latched", "FSD LATCHED", "GET VAR LATCHED UPS.STATUS"]
    yield [b"GET VAR rack ups.status\nGET UPSDESC rack\nNONSENSE\n"]


@pytest.fixture
def twins(sites, debian):
    return Twins(sites, debian)


def _compare(twins, scripts):
    differences, reasons, compared = [], set(), 0
    for script in scripts:
        ours, theirs = twins.ours.converse(script), twins.theirs.converse(script)
        for line, our, their in zip(script, ours, theirs):
            why = isinstance(line, str) and _different(line.strip())
            if why:
                reasons.add(why)
                continue
            compared += 1
            if line in ("LOGOUT", "logout"):  # theirs may still hear what came with it
                our, their = our[:1], their[:1]
            if [without_ids(x) for x in our] != [without_ids(x) for x in their]:
                before = [x for x in script[:6] if x != line]
                differences.append(f"{line!r} after {before}\n  ours   {our}\n  theirs {their}")
    assert not differences, f"{len(differences)} of {compared}:\n" + "\n".join(differences)
    return compared


def test_reading_requests_are_answered_alike(twins):
    lines = list(dict.fromkeys(_reads()))
    # A few connections: enough to mix the requests, few enough to be quick.
    assert _compare(twins, [lines[i::7] for i in range(7)]) > 200


def test_conversations_with_names_and_passwords_go_alike(twins):
    assert _compare(twins, _scripts()) > 400


def _told(twin):
    """What a driver was told to do.  Ours is told its own spelling of a name,
    and gets the value of a command in quotes, as that of a variable."""
    told = []
    for line in twin.drivers["rack"].received:
        verb, *rest = without_ids(line).split(" ", 2)
        if verb == "INSTCMD":
            rest = [text.replace('"', "") for text in rest]
        if verb in ("INSTCMD", "SET"):
            told.append([verb, rest[0].lower(), *rest[1:]])
    return told


def test_drivers_are_told_the_same(twins):
    wanted = ['SET VAR rack ups.id "a b"', 'SET VAR rack ups.id "q\\"\\\\\\#"',
              "SET VAR rack UPS.DELAY.SHUTDOWN 30", "INSTCMD rack load.off",
              "INSTCMD rack LOAD.ON 30"]
    for script in ([*ADMIN, *wanted], [*ADMIN, "SET TRACKING ON", *wanted],
                   [*ADMIN, "INSTCMD rack test.battery.start"]):
        for twin in (twins.ours, twins.theirs):
            assert all(answer[0].startswith("OK") for answer in twin.converse(script))
    for twin in (twins.ours, twins.theirs):
        twin.drivers["rack"].wait_received("INSTCMD test.battery.start")
    assert _told(twins.ours) == _told(twins.theirs)
    assert 'INSTCMD load.on "30"' in twins.ours.drivers["rack"].received
