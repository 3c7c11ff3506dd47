"""nutconf from-apcupsd: the real apcupsd.conf, and what is made of it beside the real apcupsd."""

import os
import pty
import re
import shutil
import subprocess
import sys

import pytest

from harness import CHECKOUT, wait_until
from harness.nis import Apcupsd, FakeNis
from nisups import Ups

sys.path.insert(0, str(CHECKOUT / "tests" / "sim" / "serial"))


pytestmark = pytest.mark.once


@pytest.fixture
def program_path(site):
    folders = [site.suite.program(name).parent for name in ("upsd", "upsmon", "upsdrvctl",
                                                            "nutconf")]
    return {"NUT_PROGRAMPATH": ":".join(dict.fromkeys(map(str, folders)))}


@pytest.fixture
def convert(site, program_path):
    """Makes files of an apcupsd.conf in the site's conf/; returns what was told."""
    def run(path):
        shutil.rmtree(site.conf)
        result = site.run("nutconf", "from-apcupsd", path, "--output", site.conf, check=True,
                          env=program_path)
        return result.stdout
    return run


@pytest.fixture
def apcupsd_conf(site, debian):
    """A function that writes an apcupsd.conf: Debian's, with other values for some directives."""
    def write(**values):
        original = debian.root / "etc/apcupsd/apcupsd.conf"
        if not original.is_file():
            pytest.skip("Debian's apcupsd is not among the peers")
        lines = []
        for line in original.read_text().splitlines():
            word = line.split(" ")[0] if line[:1].isalpha() else None
            lines.append(f"{word} {values.pop(word)}" if word in values else line)
        path = site.root / "apcupsd.conf"
        path.write_text("\n".join(lines + [f"{k} {v}" for k, v in values.items()]) + "\n")
        return path
    return write


def is_fine(site, program_path, *programs):
    for name, *args in programs:
        result = site.run(name, *args, env=program_path)
        assert result.returncode == 0, result.stdout + result.stderr


def test_debians_own_file_becomes_files_that_all_programs_take(site, convert, apcupsd_conf,
                                                               program_path):
    path = apcupsd_conf()
    said = convert(path)
    is_fine(site, program_path, ["upsd", "-t"], ["upsmon", "-t"])
    assert "driver = usbhid-ups" in (site.conf / "ups.conf").read_text()
    upsmon = (site.conf / "upsmon.conf").read_text()
    assert re.findall(r"^OB.*", upsmon, re.M) == ["OBCHARGE 5", "OBRUNTIME 180"]
    assert (site.conf / "upsd.users").stat().st_mode & 0o777 == 0o640
    # Every directive is spoken of, with its line.
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line[:1].isalpha():
            assert f"{path}:{number}: " in said, line


def test_nutconf_check_finds_no_error_in_them(site, convert, apcupsd_conf, program_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to the drivers' user")
    convert(apcupsd_conf())
    shutil.chown(site.state, group="nut")
    site.state.chmod(0o770)
    result = site.run("nutconf", "check", env=program_path)
    assert "0 errors" in result.stdout and result.returncode == 0, result.stdout


def test_nothing_is_replaced(site, apcupsd_conf, program_path):
    site.write("upsd.users", "mine")
    result = site.run("nutconf", "from-apcupsd", apcupsd_conf(), "--output", site.conf,
                      env=program_path)
    assert result.returncode == 1 and "upsd.users is there already" in result.stderr
    assert sorted(p.name for p in site.conf.iterdir()) == ["upsd.users"]


def test_a_smart_ups_is_served_and_its_power_failure_shuts_down(site, convert, apcupsd_conf):
    from apcsim import ApcSim
    sim = ApcSim("smart-1500", site.root / "tty")
    try:
        _shut_down_by_charge(site, convert, apcupsd_conf, sim)
    finally:
        sim.close()


def _shut_down_by_charge(site, convert, apcupsd_conf, sim):
    convert(apcupsd_conf(UPSTYPE="apcsmart", UPSCABLE="smart", DEVICE=site.root / "tty",
                         UPSNAME="Closet", POLLTIME=1, BATTERYLEVEL=60, MINUTES=0))
    site._sections["closet"] = ["driver = apcsmart"]
    upsmon = (site.conf / "upsmon.conf").read_text()
    upsd_conf = f"LISTEN 127.0.0.1 {site.port}\n"
    (site.conf / "upsd.conf").write_text(upsd_conf)
    upsd = site.restart_upsd()
    driver = site.start_driver("closet", env={"NUT_DATAPATH": str(CHECKOUT / "data")})
    upsd.wait_for("closet", "ups.status", "OL")
    # As it was made, but for the port, the user, and what a shutdown does.
    upsmon = re.sub("@localhost", f"@127.0.0.1:{site.port}", upsmon)
    upsmon = re.sub("(?m)^SHUTDOWNCMD.*", f'SHUTDOWNCMD "echo done >> {site.shutdown_mark}"', upsmon)
    upsmon = re.sub("(?m)^POWERDOWNFLAG.*", f"POWERDOWNFLAG {site.root}/killpower", upsmon)
    process = site.start_upsmon(*upsmon.splitlines())
    wait_until(lambda: upsd.client().ask("GET NUMLOGINS closet").endswith(" 1"))
    sim.values["f"] = "055.0"
    sim.change(0x10, "!")
    wait_until(site.shutdown_mark.exists, what=lambda: f"{driver.log()}\n{process.log()}")
    assert "OBCHARGE" in process.log()


CABLES = ["simple", "940-0020B", "940-0020C", "940-0119A", "940-0127A", "940-0128A", "940-0095A",
          "940-0095C", "940-0023A", "940-0095B"]
# Of these cables apcupsd takes no low battery, and genericups does.
NO_LOW = {"940-0023A", "940-0095B"}


@pytest.mark.parametrize("cable", [CABLES[0], *(pytest.param(c, marks=pytest.mark.long)
                                                for c in CABLES[1:])])
def test_contacts_mean_the_same_as_to_the_real_apcupsd(site, debian, convert, apcupsd_conf,
                                                       lineshim, cable):
    master, slave = pty.openpty()
    other, other_slave = pty.openpty()
    convert(apcupsd_conf(UPSTYPE="dumb", UPSCABLE=cable, DEVICE=os.ttyname(other_slave)))
    # A driver is let into that folder.
    lines = site.write("lines", "CTS" if cable == "simple" else "", 0o644)
    env = {"LD_PRELOAD": str(lineshim), "LINES": str(lines)}
    theirs = Apcupsd(site, debian, {"UPSCABLE": cable, "UPSTYPE": "dumb",
                                    "DEVICE": os.ttyname(slave)}, env)
    site._sections["ups"] = ["driver = genericups"]
    (site.conf / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {site.port}\n")
    upsd = site.restart_upsd()
    site.start_driver("ups", env={**env, "NUT_DATAPATH": str(CHECKOUT / "data")})
    for combination in ("CTS", "", "DCD", "CTS DCD", "RI", "CTS"):
        if cable == "simple" and combination in ("DCD", ""):
            continue  # on battery and low: the real one would end all
        if "DCD" in combination and "RI" in combination:
            continue
        lines.write_text(combination)
        wait_until(lambda: same(theirs, upsd, cable), timeout=30,
                   what=lambda: f"{cable} {combination!r}: {told(theirs)}, "
                                f"{upsd.value('ups', 'ups.status')}")
    theirs.stop()
    for fd in (master, slave, other, other_slave):
        os.close(fd)


def told(apcupsd):
    out = subprocess.run([apcupsd.process.argv[0].replace("apcupsd", "apcaccess"), "-h",
                          f"127.0.0.1:{apcupsd.port}"], capture_output=True, text=True,
                         timeout=30).stdout
    found = re.search(r"^STATUS\s*: (.*)", out, re.M)
    return set(found[1].split()) if found else set()


def same(theirs, upsd, cable):
    words = {"ONLINE": "OL", "ONBATT": "OB", "LOWBATT": "LB"}
    low = {"LB"} if cable in NO_LOW else set()
    apc = {words[w] for w in told(theirs) if w in words} - low
    return apc and set(upsd.value("ups", "ups.status").split()) - low == apc


def test_a_ups_of_another_apcupsd_is_served(site, convert, apcupsd_conf):
    source = FakeNis()
    try:
        convert(apcupsd_conf(UPSTYPE="net", UPSCABLE="ether", DEVICE=f"127.0.0.1:{source.port}"))
        assert "POWERDOWNFLAG" not in (site.conf / "upsmon.conf").read_text()
        site._sections["ups"] = ["driver = apcupsd-ups"]
        ups = Ups.__new__(Ups)
        ups.site = site
        ups.process = site.start_driver("ups", env={"NUT_DATAPATH": str(CHECKOUT / "data")})
        ups.wait_status("OL")
    finally:
        source.close()


def test_event_scripts_go_on(site, convert, apcupsd_conf):
    folder = site.root / "apc"
    folder.mkdir()
    for name in ("onbattery", "offbattery", "annoyme"):
        script = folder / name
        script.write_text(f'#!/bin/sh\necho "{name} $*" >> {site.root}/events\n')
        script.chmod(0o755)
    said = convert(apcupsd_conf(SCRIPTDIR=folder))
    assert "annoyme: NOT CARRIED OVER" in said
    for notice in ("ONBATT", "ONLINE", "LOWBATT"):
        subprocess.run([site.conf / "apcupsd-events", "text"], timeout=30,
                       env={"PATH": os.environ["PATH"], "NOTIFYTYPE": notice,
                            "UPSNAME": "ups@localhost"})
    assert (site.root / "events").read_text() == "onbattery ups 1 1\noffbattery ups 1 1\n"
    assert f"NOTIFYCMD {site.conf}/apcupsd-events" in (site.conf / "upsmon.conf").read_text()
