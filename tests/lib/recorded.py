"""Recordings of real devices (shared/data/ddl), and what a driver makes of them."""

import re

from harness import wait_until


def files(shared):
    """All recordings, in order of their names."""
    found = sorted((shared / "data" / "ddl").glob("*.dev"))
    assert found, "no recordings"
    return found


def sample(paths, count):
    """So many of them, evenly spread."""
    return paths[::max(1, len(paths) // count)][:count]


def _words(line):
    """The words of a line, as all of NUT's files have them."""
    words, word, quoted, position = [], None, False, 0
    while position < len(line):
        c = line[position]
        position += 1
        if c == "\\" and position < len(line):
            word = (word or "") + line[position]
            position += 1
        elif quoted:
            if c == '"':
                words, word, quoted = words + [word], None, False
            else:
                word += c
        elif c in " \t":
            words, word = words + ([word] if word is not None else []), None
        elif c == "#":
            break
        elif c == "=":
            words, word = words + ([word] if word is not None else []) + ["="], None
        elif c == '"' and word is None:
            word, quoted = "", True
        else:
            word = (word or "") + c
    return words + ([word] if word is not None else [])


# dummy-ups has these when a recording has none.
_OWN = {"device.type": "ups", "ups.mfr": "Dummy Manufacturer", "ups.model": "Dummy UPS",
        "ups.status": "OL"}


def values(path):
    """What dummy-ups makes of a recording: {name: value}, without the driver's own.

    A name without a value is no variable; device.* is as ups.* where the
    recording does not say otherwise.
    """
    said = dict(_OWN)
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    for line in text.replace("\\\n", "").splitlines():
        words = _words(line)
        name, value = (words[0].removesuffix(":"), " ".join(words[1:])) if words else ("", "")
        if value or name == "ups.status":
            said[name] = value
        else:
            said.pop(name, None)
    for name in ("mfr", "model", "serial"):
        if f"ups.{name}" in said:
            said.setdefault(f"device.{name}", said[f"ups.{name}"])
    return {name: value for name, value in said.items() if not name.startswith("driver.")}


def _lost_by_debian(path, driver):
    """Names that Debian's NUT serves wrongly.

    Both its programs drop 8-bit bytes; its dummy-ups also copies ups.* over
    device.*, and takes a name without a value for the value before.
    """
    names = {name for name, value in values(path).items() if not value.isascii()}
    if driver:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        names |= {"device.mfr", "device.model", "device.serial"}
        names |= {words[0].removesuffix(":") for words in map(_words, text.splitlines())
                  if len(words) == 1}
    return names


def served(upsd, ups):
    """What a server says of a UPS: {name: value}, without the driver's own."""
    with upsd.client() as client:
        lines = client.list(f"VAR {ups}")
    said = {}
    for line in lines:
        name, value = re.fullmatch(rf"VAR {re.escape(ups)} (\S+) \"(.*)\"", line).groups()
        if not name.startswith("driver."):
            said[name] = re.sub(r"\\(.)", r"\1", value)
    return said


def serve(site, paths, upsd_suite=None, driver_suite=None):
    """Starts upsd and a driver for each recording; returns upsd and the UPSes' names."""
    names = [f"u{i}" for i in range(len(paths))]
    for name, path in zip(names, paths):
        site.add_ups(name, "dummy-ups", path, "mode = dummy-once", "pollinterval = 1")
    upsd = site.start_upsd(suite=upsd_suite)
    for name in names:
        site.start_driver(name, suite=driver_suite, wait=False)
    with upsd.client() as client:
        for name in names:
            wait_until(lambda n=name: client.ask(f"GET VAR {n} ups.status").startswith("VAR")
                       and client.ask(f"GET VAR {n} ups.status") != f'VAR {n} ups.status "WAIT"',
                       what=f"{name} is served")
    return upsd, names


def _differences(upsd, ups, expected, excused):
    got = served(upsd, ups)
    return [f"{name}: {got.get(name)!r}, not {expected.get(name)!r}"
            for name in sorted((expected.keys() | got.keys()) - excused)
            if expected.get(name) != got.get(name)]


def problems(upsd, names, paths, *suites):
    """Where what is served is not what was recorded: a text, empty if all is well.

    suites: those of upsd and of the driver, if one is not ours: of Debian's
    programs less is expected.
    """
    wrong = []
    for ups, path in zip(names, paths):
        theirs = [suite.name == "debian" for suite in suites]
        excused = _lost_by_debian(path, theirs[1]) if any(theirs) else set()
        arguments = upsd, ups, values(path), excused
        try:  # the last values may still be on their way
            wait_until(lambda a=arguments: not _differences(*a), timeout=20)
        except AssertionError:
            wrong += [f"{path.name}: {line}" for line in _differences(*arguments)]
    return "\n".join(wrong)
