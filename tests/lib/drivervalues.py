"""What a driver says on its socket, for tests of drivers that follow drivers."""

import re

from harness import LineClient, wait_until


def dump(site, ups):
    """The lines of DUMPALL."""
    with LineClient(site.socket(ups)) as c:
        c.send("DUMPALL")
        return c.until("DUMPDONE")


def values(site, ups):
    """Its variables; "fresh" says whether they are."""
    lines = dump(site, ups)
    found = {}
    for line in lines:
        match = re.fullmatch(r'SETINFO (\S+) "(.*)"', line)
        if match:
            found[match.group(1)] = re.sub(r"\\(.)", r"\1", match.group(2))
    found["fresh"] = "DATAOK" in lines
    return found


def commands(site, ups):
    """Its commands."""
    return [line.split()[1] for line in dump(site, ups) if line.startswith("ADDCMD ")]


def wait_values(site, ups, **expected):
    """Waits until these variables are so; __ stands for a full stop, None for none."""
    names = {name.replace("__", "."): value for name, value in expected.items()}

    def reached():
        now = values(site, ups)
        return all(now.get(name) == value for name, value in names.items())
    wait_until(reached, what=lambda: f"{ups}: {names} in {values(site, ups)}")


def ask(site, ups, request):
    """The result of an INSTCMD or SET."""
    with LineClient(site.socket(ups)) as c:
        c.send(f"{request} TRACKING test")
        while not (line := c.line()).startswith("TRACKING test "):
            pass
        return int(line.split()[2])


def statuses(site, ups):
    """A connection, and a function that returns what ups.status has become since it was called."""
    client = LineClient(site.socket(ups))
    client.send("PING")
    client.until("PONG")

    def news():
        client.send("PING")
        return [line.split('"')[1] for line in client.until("PONG")
                if line.startswith("SETINFO ups.status ")]
    return client, news
