"""Our CGI programs and Debian's make the same pages, bars and requests from the same files.

What is different on purpose: values are escaped; `Not supported` has no line end behind it; the
words of a state are joined by `<br/>`, which NUT does since 2.8.1; upsset's pages look otherwise;
and what docs/cgi-differences.md tells more of.
"""

import os
import random
import re
import shlex
import shutil
import struct
import subprocess
import zlib

import pytest
from harness.cgi import Answer, run_cgi

VALUES = {
    "ups.status": "OB LB", "ups.load": "23", "ups.model": "Smart 1500", "ups.temperature": "25.5",
    "battery.charge": "95", "battery.runtime": "3700", "input.voltage": "231.2",
    "input.transfer.low": "200", "input.transfer.high": "250", "output.voltage": "229.4",
    "output.frequency": "50.1", "output.frequency.nominal": "50", "ambient.humidity": "40",
    "ambient.humidity.low": "20", "ambient.humidity.high": "80", "battery.charge.low": "30",
}
COMMANDS = [
    "@VAR ups.model@", "@VAR no.such@", "@HOST@", "@HOSTDESC@", "@HOSTLINK@", "@TREELINK@",
    "@STATUS@", "@STATUSCOLOR@", "@RUNTIME@", "@UPSTEMP@", "@BATTTEMP@", "@AMBTEMP@", "@TEMPF@",
    "@TEMPC@", "@DEGREES@", "@DATE %Y-%m-%d@", "@REFRESH@", "@IMG ups.load bar_col=0xff@",
    "@IMG no.such@", "@IMG battery.voltage@", "@UPSSTATSPATH s.cgi@", "@UPSIMAGEPATH i.cgi@",
    "@NOTHING@", "@@", "@UTILITYCOLOR@", "text &amp; <b>markup</b>", "\n", "\n",
]
CONDITIONS = [
    "@IFSUPP ups.load@", "@IFSUPP no.such@", "@IFEQ ups.load 23@", "@IFEQ ups.load 24@",
    "@IFBETWEEN input.transfer.low input.transfer.high input.voltage@",
    "@IFBETWEEN input.transfer.low input.transfer.high ups.load@",
    "@IFBETWEEN no.such ups.load battery.charge@",
]
BARS = ["input.voltage", "output.voltage", "battery.charge", "ups.load", "output.frequency",
        "ambient.humidity", "input.frequency", "no.such"]


@pytest.fixture
def pair(site, debian):
    """Runs a program of both suites with one query or form; two answers, ours first."""
    try:
        debian.program("upsstats.cgi")
    except LookupError as e:
        pytest.skip(str(e))
    fake = site.fake_upsd({"ups": VALUES, "two": dict(VALUES, **{"ups.status": "OL CHRG"})})
    site.write("hosts.conf", "".join(f'MONITOR {ups}@127.0.0.1:{fake.port} "The {ups}"\n'
                                     for ups in fake.upses))

    def both(program, *args, **kwargs):
        answers = []
        for suite in (None, debian):
            fake.received.clear()
            answers.append(run_cgi(site, program, *args, suite=suite, **kwargs))
            answers[-1].requests = list(fake.received)
        return answers

    both.host = f"ups@127.0.0.1:{fake.port}"
    both.fake = fake
    return both


def body_of(answer):
    """The page without what is different on purpose."""
    return re.sub(r"<br/?>|\s+", "", answer.text)


def test_a_template_of_every_command_makes_one_page(site, pair):
    site.write("upsstats-single.html", "\n".join(COMMANDS) + "\n")
    for query in (f"host={pair.host}", f"host={pair.host}&refresh=7"):
        ours, debians = pair("upsstats.cgi", query)
        assert body_of(ours) == body_of(debians)
        assert "Smart1500" in body_of(ours)


def test_templates_made_at_random_make_one_page(site, pair):
    for seed in range(25):
        chance = random.Random(seed)
        pieces = []
        for _ in range(60):
            kind = chance.random()
            pieces.append(chance.choice(CONDITIONS) if kind < 0.15 else
                          chance.choice(["@ELSE@", "@ENDIF@", "@ENDIF@\n"]) if kind < 0.4 else
                          chance.choice(COMMANDS))
        site.write("upsstats-single.html", "".join(pieces) + "\n")
        ours, debians = pair("upsstats.cgi", f"host={pair.host}")
        assert body_of(ours) == body_of(debians), "".join(pieces)


def in_etc(site, debian):
    """Debian's upsstats reads hosts.conf only from /etc/nut: a command that runs it there."""
    command = ["unshare", "-m", "sh", "-c", f"mount --bind {site.conf} /etc/nut && exec \"$@\"", "sh"]
    if not os.path.isdir("/etc/nut") or subprocess.run([*command, "true"], capture_output=True,
                                                       check=False).returncode:
        pytest.skip("a folder cannot be mounted on /etc/nut here")
    return subprocess.run([*command, str(debian.program("upsstats.cgi"))], capture_output=True,
                          env={**site.environment(debian), "QUERY_STRING": ""}, check=False)


def test_debians_own_templates_make_one_page(site, pair, debian):
    for name in ("upsstats.html", "upsstats-single.html"):
        shutil.copy(debian.root / "etc/nut" / name, site.conf / name)
    ours, debians = pair("upsstats.cgi", f"host={pair.host}")
    version = re.compile(r"2\.8\.0\S*")
    assert version.sub("", body_of(ours)) == version.sub("", body_of(debians))
    debians = Answer(in_etc(site, debian))
    ours = run_cgi(site, "upsstats.cgi", "")
    assert version.sub("", body_of(ours)) == version.sub("", body_of(debians))
    assert "The two" in ours.page.words


def pixels(png):
    """The colours of a PNG with a palette, row by row; what is transparent is None."""
    at, parts = 8, {}
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        parts[kind] = parts.get(kind, b"") + png[at + 8:at + 8 + length]
        at += length + 12
    width, height, depth, colour = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert colour == 3
    palette = [parts[b"PLTE"][i:i + 3] for i in range(0, len(parts[b"PLTE"]), 3)]
    for i, alpha in enumerate(parts.get(b"tRNS", b"")):
        palette[i] = palette[i] if alpha else None
    row_size, data = (width * depth + 7) // 8, zlib.decompress(parts[b"IDAT"])
    rows, last = [], bytearray(row_size)
    for y in range(height):
        start = y * (row_size + 1)
        last = unfilter(data[start], bytearray(data[start + 1:start + 1 + row_size]), last)
        bits = [last[x * depth // 8] >> (8 - depth - x * depth % 8) & (1 << depth) - 1
                for x in range(width)]
        rows.append([palette[i] for i in bits])
    return rows


def unfilter(kind, row, above):
    for x, byte in enumerate(row):
        left, up, corner = (row[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
        if kind == 4:
            guess = min((left, up, corner), key=lambda c: abs(left + up - corner - c))
        else:
            guess = (0, left, up, (left + up) // 2)[kind]
        row[x] = byte + guess & 255
    return row


def picture(answer):
    return pixels(answer.body[answer.body.index(b"\x89PNG"):])


@pytest.mark.parametrize("display", BARS)
def test_bars_are_the_same_to_the_pixel(pair, display):
    for more in ("", "&width=68&height=200&scale_height=150&bar_col=0xff&back_col=0x102030"):
        ours, debians = pair("upsimage.cgi", f"host={pair.host}&display={display}{more}")
        assert picture(ours) == picture(debians)


def test_errors_are_the_same_pictures(pair):
    for query in ("", "host=no&display=ups.load", f"host={pair.host}&display=x&width=200&height=100"):
        ours, debians = pair("upsimage.cgi", query)
        assert picture(ours) == picture(debians)


def test_both_upssets_have_the_same_fields_and_ask_for_the_same(site, pair):
    site.write("upsset.conf", "I_HAVE_SECURED_MY_CGI_DIRECTORY\n")
    form = {"username": "a", "password": "b", "monups": pair.host}
    fake = pair.fake
    fake.answers["LIST RW ups"] = 'BEGIN LIST RW ups\nRW ups ups.id "x"\nEND LIST RW ups'
    fake.answers["LIST CMD ups"] = "BEGIN LIST CMD ups\nCMD ups test.x\nEND LIST CMD ups"
    fake.answers["GET CMDDESC ups test.x"] = 'CMDDESC ups test.x "Test"'
    fake.answers["GET TYPE ups ups.id"] = "TYPE ups ups.id RW STRING:9"
    fake.answers["GET VAR ups ups.id"] = 'VAR ups ups.id "x"'
    fake.answers["SET TRACKING ON"] = "ERR FEATURE-NOT-SUPPORTED"
    for function, fields in (("pickups", {}), ("showsettings", {}), ("showcmds", {}),
                             ("docmd", {"upscommand": "test.x"}),
                             ("savesettings", {"UPSVAR_ups.id": "y"})):
        ours, debians = pair("upsset.cgi", form={**form, "function": function, **fields})
        assert set(ours.page.values) - {"zzz"} == set(debians.page.values) - {"zzz"}, function
        assert ours.page.values.get("UPSVAR_ups.id") == debians.page.values.get("UPSVAR_ups.id")
        assert ours.page.options == debians.page.options
        asked = [{tuple(shlex.split(line)) for line in answer.requests
                  if line not in ("STARTTLS", "SET TRACKING ON", "LOGOUT")}
                 for answer in (ours, debians)]
        assert asked[0] == asked[1], function
    unchanged = {**form, "function": "savesettings", "UPSVAR_ups.id": "x"}
    for answer in pair("upsset.cgi", form=unchanged):
        assert not [line for line in answer.requests if line.startswith("SET VAR")]
