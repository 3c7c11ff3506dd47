"""Counts what ./run-tests ran.

tally.py RESULTS               the last line, N passed, M failed, K skipped; status 1 on a failure
tally.py --unit BUILD FILE     counts the unit tests of a build into FILE
tally.py --explain BUILD       prints the logs of the unit test programs that failed
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree


def unit_programs(build):
    """(name, result word of automake, log) of each unit test program."""
    for trs in sorted(pathlib.Path(build, "tests").rglob("*.trs")):
        word = re.search(r"^:global-test-result: (\w+)", trs.read_text(), re.M)
        log = trs.with_suffix(".log")
        yield trs.stem, word.group(1) if word else "ERROR", (
            log.read_text(errors="replace") if log.is_file() else "")


def count_cmocka(word, log):
    """(passed, failed, skipped) tests of one program.

    cmocka sums up as `[  PASSED  ] 12 test(s).`; a program that died, or
    failed without a sum, is one failure more.
    """
    def number(kind):
        return sum(int(n) for n in re.findall(rf"^\[  {kind} *\] (\d+) test\(s\)", log, re.M))
    passed, failed, skipped = number("PASSED"), number("FAILED"), number("SKIPPED")
    if word in ("PASS", "SKIP"):
        if not passed + failed + skipped:
            return (1, 0, 0) if word == "PASS" else (0, 0, 1)
        return passed, failed, skipped
    return passed, max(failed, 1), skipped


def count_unit(build):
    counts = [count_cmocka(word, log) for _, word, log in unit_programs(build)]
    return [sum(column) for column in zip(*counts)] or [0, 0, 0]


def explain(build):
    for name, word, log in unit_programs(build):
        if word not in ("PASS", "SKIP"):
            print(f"--- {name}: {word}\n{log[-6000:]}")


def count_junit(path):
    passed = failed = skipped = 0
    for suite in xml.etree.ElementTree.parse(path).getroot().iter("testsuite"):
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        gone = int(suite.get("skipped", 0))
        failed, skipped = failed + bad, skipped + gone
        passed += max(int(suite.get("tests", 0)) - bad - gone, 0)
    return [passed, failed, skipped]


def count_sum(path):
    """The last line of a lane that counts by itself."""
    lines = path.read_text(errors="replace").splitlines()
    found = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", lines[-1] if lines else "")
    return [int(n) for n in found.groups()] if found else [0, 1, 0]


def tally(results):
    readers = {".xml": count_junit, ".sum": count_sum, ".failed": lambda path: [0, 1, 0],
               ".json": lambda path: json.loads(path.read_text())}
    total = [0, 0, 0]
    for path in sorted(pathlib.Path(results).iterdir()):
        if path.suffix in readers:
            counts = readers[path.suffix](path)
            print("  {:24} {:5} passed {:5} failed {:5} skipped".format(path.stem, *counts))
            total = [a + b for a, b in zip(total, counts)]
    print("{} passed, {} failed, {} skipped".format(*total))
    return 1 if total[1] or not total[0] else 0


def main(args):
    if args[:1] == ["--unit"]:
        pathlib.Path(args[2]).write_text(json.dumps(count_unit(args[1])))
        return 0
    if args[:1] == ["--explain"]:
        explain(args[1])
        return 0
    return tally(args[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
