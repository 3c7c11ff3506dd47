"""Rules for udev and devd, made from the maps: who may use which USB device."""

import re
import shutil
import subprocess

import pytest

from harness import CHECKOUT

MATCH = re.compile(r"^MATCH usb ([0-9a-f]{4}):([0-9a-f]{4})", re.IGNORECASE)
RULE = re.compile(r'^ATTR\{idVendor\}=="([0-9a-f]{4})", ATTR\{idProduct\}=="([0-9a-f]{4})", '
                  r'MODE="0660", GROUP="([^"]+)"$')


def shipped():
    """Every device that a map of the source tree names."""
    found = set()
    for path in (CHECKOUT / "data/maps").glob("*/*.map"):
        for line in path.read_text().splitlines():
            m = MATCH.match(line)
            if m:
                found.add((m[1].lower(), m[2].lower()))
    return found


@pytest.fixture
def make(site):
    """What nut-mapcheck prints, with the shipped maps and those of this site's administrator."""
    def run(*words, status=0):
        done = site.run("nut-mapcheck", "--quiet", *words)
        assert done.returncode == status, done.stderr
        return done
    return run


def add_map(site, text):
    folder = site.conf / "maps" / "usbhid-ups"
    folder.mkdir(parents=True)
    (folder / "mine.map").write_text(text)


def rules_of(text):
    return {(m[1], m[2]): m[3] for m in map(RULE.match, text.splitlines()) if m}


def test_every_device_of_every_map_is_given_to_the_group_alone(make):
    text = make("--udev", "--group", "power").stdout
    rules = rules_of(text)
    assert set(rules) == shipped()
    assert set(rules.values()) == {"power"}
    others = [line for line in text.splitlines()
              if line and not line.startswith("#") and not RULE.match(line)]
    assert others == [
        'ACTION=="remove", GOTO="nut_usbups_end"',
        'SUBSYSTEM!="usb", GOTO="nut_usbups_end"',
        'ENV{DEVTYPE}!="usb_device", GOTO="nut_usbups_end"',
        'LABEL="nut_usbups_end"']


def test_the_hardware_database_takes_them_all(make, tmp_path):
    tool = shutil.which("systemd-hwdb")
    if not tool:
        pytest.skip("systemd-hwdb is not installed (package udev)")
    folder = tmp_path / "etc" / "udev" / "hwdb.d"
    folder.mkdir(parents=True)
    (folder / "62-nut-usbups.hwdb").write_text(make("--hwdb").stdout)
    update = subprocess.run([tool, "update", "--strict", f"--root={tmp_path}"],
                            capture_output=True, text=True, timeout=60, check=False)
    assert (update.returncode, update.stderr) == (0, "")
    for vendor, product in sorted(shipped())[::17]:
        query = subprocess.run(
            [tool, f"--root={tmp_path}", "query",
             f"usb:v{vendor.upper()}p{product.upper()}d0100dc00dsc00dp00ic03isc00ip00in00"],
            capture_output=True, text=True, timeout=60, check=True)
        assert "UPOWER_BATTERY_TYPE=ups" in query.stdout
        assert re.search(r"^ID_NUT_DRIVER=\w", query.stdout, re.MULTILINE)


def test_devd_has_a_rule_for_each(make):
    text = make("--devd", "--group", "power").stdout
    pairs = re.findall(r'match "vendor"\s+"0x(\w{4})";\s+match "product"\s+"0x(\w{4})";', text)
    assert set(pairs) == shipped()
    assert text.count('action "chgrp power /dev/$cdev; chmod 0660 /dev/$cdev";') == len(pairs)
    assert text.count("{") == text.count("}") == len(pairs)


def test_a_map_of_the_administrator_is_in_the_rules(make, site):
    add_map(site, 'MAP mine "My UPS"\nDRIVER usbhid-ups\nMATCH usb 1234:abcd\n'
                  'VAR - ups.type constant(mine)\n')
    text = make("--udev").stdout
    assert ("1234", "abcd") in rules_of(text)
    assert "# My UPS" in text


def test_a_broken_map_leaves_no_half_of_a_list(make, site):
    add_map(site, 'MAP mine "My UPS"\nDRIVER usbhid-ups\nMATCH usb 1234\n')
    done = make("--udev", status=1)
    assert done.stdout == ""
    assert "mine.map:3" in done.stderr


@pytest.mark.parametrize("group", ["", "-x", 'a"b', "two words", "x" * 40])
def test_a_group_that_is_none_is_refused(make, group):
    done = make("--udev", "--group", group, status=64)
    assert done.stdout == ""
    assert "is no name of a group" in done.stderr


def test_a_full_disk_is_told(site):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([site.suite.program("nut-mapcheck"), "--quiet", "--udev"],
                              env=site.environment(site.suite), stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
