"""Clients of both suites on both servers: four times the same output.

Compared are standard output and exit status; standard error has texts for
people, of which only the known ones are compared.
"""

import pytest

from harness import wait_until
from harness.twins import Twins

UPSC = [
    ["-l", "localhost:@PORT"],
    ["-L", "localhost:@PORT"],
    ["-L", "[::1]:@PORT"],
    ["-l", "127.0.0.1:@PORT"],
    ["rack@127.0.0.1:@PORT"],
    ["RACK@127.0.0.1:@PORT"],
    ["bare@127.0.0.1:@PORT"],
    ["rack@127.0.0.1:@PORT", "ups.status"],
    ["rack@127.0.0.1:@PORT", "UPS.Status"],
    ["rack@127.0.0.1:@PORT", "ups.mfr"],
    ["rack@127.0.0.1:@PORT", "ups.serial"],
    ["rack@127.0.0.1:@PORT", "server.nosuch"],
    ["rack@127.0.0.1:@PORT", "nosuch.var"],
    ["rack@127.0.0.1:@PORT", "nodot"],
    ["nosuch@127.0.0.1:@PORT"],
    ["nosuch@127.0.0.1:@PORT", "ups.status"],
    ["stale@127.0.0.1:@PORT"],
    ["stale@127.0.0.1:@PORT", "ups.status"],
    ["gone@127.0.0.1:@PORT"],
    ["gone@127.0.0.1:@PORT", "ups.status"],
    ["-c", "rack@127.0.0.1:@PORT"],
    ["-c", "nosuch@127.0.0.1:@PORT"],
]

LOGIN = ["-u", "admin", "-p", "secret"]
UPSCMD = [
    ["-l", "rack@127.0.0.1:@PORT"],
    ["-l", "bare@127.0.0.1:@PORT"],
    ["-l", "nosuch@127.0.0.1:@PORT"],
    ["-l", "gone@127.0.0.1:@PORT"],
    [*LOGIN, "rack@127.0.0.1:@PORT", "load.off"],
    [*LOGIN, "rack@127.0.0.1:@PORT", "load.on", "30"],
    [*LOGIN, "rack@127.0.0.1:@PORT", "nosuch.cmd"],
    [*LOGIN, "stale@127.0.0.1:@PORT", "load.off"],
    [*LOGIN, "-w", "rack@127.0.0.1:@PORT", "load.off"],
    ["-u", "admin", "-p", "wrong", "rack@127.0.0.1:@PORT", "load.off"],
    ["-u", "op", "-p", "pass word", "rack@127.0.0.1:@PORT", "load.off"],
]
UPSRW = [
    ["rack@127.0.0.1:@PORT"],
    ["bare@127.0.0.1:@PORT"],
    ["nosuch@127.0.0.1:@PORT"],
    ["stale@127.0.0.1:@PORT"],
    [*LOGIN, "-s", "ups.id=new", "rack@127.0.0.1:@PORT"],
    [*LOGIN, "-s", "ups.id=far too long", "rack@127.0.0.1:@PORT"],
    [*LOGIN, "-s", "ups.load=1", "rack@127.0.0.1:@PORT"],
    [*LOGIN, "-s", "nosuch.var=1", "rack@127.0.0.1:@PORT"],
    [*LOGIN, "-s", "input.transfer.low=5", "rack@127.0.0.1:@PORT"],
    [*LOGIN, "-s", "ups.beeper.status=muted for now", "rack@127.0.0.1:@PORT"],
    [*LOGIN, "-w", "-s", "ups.id=new", "rack@127.0.0.1:@PORT"],
    ["-u", "admin", "-p", "wrong", "-s", "ups.id=new", "rack@127.0.0.1:@PORT"],
]

# Debian's say so on standard error, and people grep for it.
KNOWN_TEXTS = ["Error: Data stale", "Error: Unknown UPS", "Error: Variable not supported by UPS",
               "Error: Driver not connected", "Unexpected response from upsd: ERR ", "OK",
               "SUCCESS"]


@pytest.fixture
def twins(sites, debian):
    return Twins(sites, debian)


def _known(text):
    return [known for known in KNOWN_TEXTS
            if any(line.startswith(known) for line in text.splitlines())]


def _compare(twins, build, program, calls):
    differences = []
    for args in calls:
        results = []
        for suite in (twins.debian, build):
            for side, result in zip(("our upsd", "their upsd"), twins.run(suite, program, *args)):
                results.append((f"{suite.name}'s {program} on {side}",
                                (result.stdout, result.returncode, _known(result.stderr))))
        standard = results[1]  # Debian's client on Debian's server
        differences += [f"{args}\n  {name}: {got}\n  {standard[0]}: {standard[1]}"
                        for name, got in results if got != standard[1]]
    assert not differences, "\n".join(differences)


def test_upsc_prints_the_same(twins, build):
    _compare(twins, build, "upsc", UPSC)


def test_upscmd_prints_the_same(twins, build):
    _compare(twins, build, "upscmd", UPSCMD)


def test_upsrw_prints_the_same(twins, build):
    _compare(twins, build, "upsrw", UPSRW)


def test_upslog_writes_the_same(twins, build):
    form = ("%VAR ups.status%|%VAR ups.mfr%|%VAR nosuch.var%|%UPSHOST%|%HOST%|%%|%NONSENSE%"
            "|%VAR battery.charge% [%VAR ups.load%]")
    logs = []
    for suite in (twins.debian, build):
        for twin in (twins.ours, twins.theirs):
            file = twin.site.root / f"{suite.name}.log"
            logger = twin.site.start("upslog", "-F", "-s", f"rack@127.0.0.1:{twin.port}", "-l",
                                     file, "-i", "1", "-f", form, *twin.site._as_user, suite=suite)
            wait_until(lambda f=file: f.exists() and f.read_text().count("\n") >= 1)
            logger.stop()
            logs.append(file.read_text().splitlines()[0].replace(str(twin.port), "@PORT"))
    assert len(set(logs)) == 1, "\n".join(logs)
    assert logs[0].startswith("OL CHRG|")
