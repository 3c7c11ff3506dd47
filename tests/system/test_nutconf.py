"""nutconf with NUT's options: single settings are looked at and changed."""

import os
import stat

import pytest

SAMPLE = """# mine
MONITOR old@localhost 1 mon secret primary # the old one
# in between
MINSUPPLIES 1
NOTIFYFLAG ONBATT SYSLOG
"""


def test_nothing_is_configured_until_a_mode_is_set(site):
    assert (site.run("nutconf", "--is-configured").stdout,
            site.run("nutconf", "--is-configured").returncode) == ("false\n", 1)
    assert site.run("nutconf", "--get-mode", check=True).stdout == "none\n"
    site.run("nutconf", "--set-mode", "netserver", check=True)
    result = site.run("nutconf", "--is-configured", "--get-mode", check=True)
    assert result.stdout == "true\nnetserver\n"


def test_a_mode_takes_the_place_of_another_and_nothing_else(site):
    path = site.write("nut.conf", "# a\nMODE=none # why\nUPSD_OPTIONS=\"-4\"\n")
    site.run("nutconf", "--set-mode", "standalone", check=True)
    assert path.read_text() == "# a\nMODE=standalone # why\nUPSD_OPTIONS=\"-4\"\n"


def test_a_monitor_is_added_and_all_others_stay(site):
    path = site.write("upsmon.conf", SAMPLE, mode=0o600)
    site.run("nutconf", "--add-monitor", "ups", "nas:3494", "2", "mon", 'a "b" #', "secondary",
             check=True)
    line = 'MONITOR ups@nas:3494 2 mon "a \\"b\\" \\#" secondary\n'
    assert path.read_text() == SAMPLE.replace("# in between", line + "# in between")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(site.conf) == ["upsmon.conf"]


def test_monitors_that_are_set_are_all_that_there_are(site):
    path = site.write("upsmon.conf", SAMPLE)
    site.run("nutconf", "--set-monitor", "a", "localhost", "1", "mon", "x", "primary",
             "--add-monitor", "b", "localhost", "1", "mon", "x", "primary", check=True)
    assert [line for line in path.read_text().splitlines() if line.startswith("MONITOR")] == [
        "MONITOR a@localhost 1 mon x primary", "MONITOR b@localhost 1 mon x primary"]
    assert "# mine\n# in between\nMINSUPPLIES 1\n" in path.read_text()


def test_passwords_come_by_standard_input(site):
    site.run("nutconf", "--set-user", "mon", "-", "primary", "--add-user", "adm", "password=-",
             "actions=SET,FSD", "instcmds=ALL", input="one\ntwo words\n", check=True)
    assert (site.conf / "upsd.users").read_text() == (
        "[mon]\n\tpassword = one\n\tupsmon primary\n\n"
        "[adm]\n\tpassword = \"two words\"\n\tactions = SET FSD\n\tinstcmds = ALL\n")


def test_devices_that_are_set_are_all_that_there_are(site):
    path = site.write("ups.conf", "maxretry = 3\n[a]\n\tdriver = x\n\tport = y # here\n"
                                  "\tsdorder = 2\n# b\n[b]\n\tdriver = z\n")
    site.run("nutconf", "--set-device", "a", "usbhid-ups", "auto", "desc=My UPS", "nolock",
             check=True)
    text = path.read_text()
    assert text == ('maxretry = 3\n[a]\n\tdriver = usbhid-ups\n\tport = auto # here\n'
                    '\tdesc = "My UPS"\n\tnolock\n# b\n')


def test_what_upsd_reads_is_what_was_set(site):
    site.run("nutconf", "--set-listen", "127.0.0.1", site.port, "--set-device", "ups", "dummy-ups",
             "ups.dev", "mode=dummy-once", "--set-user", "mon", "p=\\ #\"", "primary", check=True)
    site.write("ups.dev", "ups.status: OL\n")
    upsd = site.restart_upsd()
    site.start_driver("ups")
    upsd.wait_for("ups", "ups.status", "OL")
    with upsd.client(user="mon", password='"p=\\\\ \\#\\""') as client:
        assert client.ask("LOGIN ups") == "OK"


def test_notifications_are_set_and_flags_added(site):
    path = site.write("upsmon.conf", SAMPLE)
    site.run("nutconf", "--add-notifyflags", "ONBATT", "EXEC", "--set-notifyflags", "ONLINE",
             "SYSLOG", "WALL", "--set-notifymsg", "ONBATT", "UPS %s!", "--set-shutdowncmd",
             "/sbin/poweroff -f", check=True)
    text = path.read_text()
    for line in ("NOTIFYFLAG ONBATT SYSLOG+EXEC", "NOTIFYFLAG ONLINE SYSLOG+WALL",
                 'NOTIFYMSG ONBATT "UPS %s!"', 'SHUTDOWNCMD "/sbin/poweroff -f"'):
        assert f"\n{line}\n" in text


def test_a_link_stays_one(site):
    real = site.root / "elsewhere.conf"
    real.write_text("MODE=none\n")
    (site.conf / "nut.conf").symlink_to(real)
    site.run("nutconf", "--set-mode", "manual", check=True)
    assert (site.conf / "nut.conf").is_symlink() and real.read_text() == "MODE=manual\n"


def test_a_folder_of_ones_own_is_worked_on(site):
    place = site.root / "own"
    place.mkdir()
    site.run("nutconf", "--local", place, "--set-mode", "netclient", check=True)
    assert os.listdir(place) == ["nut.conf"] and os.listdir(site.conf) == []


@pytest.mark.parametrize("args, said", [
    (["--set-mode", "standalon"], 'did you mean "standalone"?'),
    (["--set-mod", "none"], "did you mean --set-mode?"),
    (["--set-listen"], "--set-listen wants ADDRESS [PORT]"),
    (["--set-listen", "*", "99999"], "no port"),
    (["--set-monitor", "u", "h", "1", "m", "p", "master2"], "no role"),
    (["--set-monitor", "u", "h", "x", "m", "p", "primary"], "power value"),
    (["--set-monitor", "u@", "h", "1", "m", "p", "primary"], "no name of a UPS"),
    (["--set-notifyflags", "ONBAT", "WALL"], "did you mean ONBATT?"),
    (["--set-notifyflags", "ONBATT", "WAL"], "no flag"),
    (["--set-notifymsg", "ONBATT", "%d"], "no text"),
    (["--set-device", "u", "d", "p", "a]b=c"], "cannot stand in ups.conf"),
    (["--set-user", "u", "passwort=x"], 'no key "passwort"'),
    (["--set-user", "u", "password=-"], "no password"),
    (["--set-shutdowncmd", "a\nb"], "control characters"),
    (["--local", "/nonexistent/x"], "cannot be opened"),
])
def test_what_is_wrong_changes_nothing_and_is_said(site, args, said):
    result = site.run("nutconf", "--set-mode", "none", *args)
    assert result.returncode == 1
    assert said in result.stderr
    assert os.listdir(site.conf) == []


def test_a_file_that_would_swallow_the_change_is_left_alone(site):
    before = 'MONITOR a@b 1 c "d primary\n'
    path = site.write("upsmon.conf", before)
    site.run("nutconf", "--set-shutdowncmd", "/bin/true", check=True)
    # What nobody can read stays last, so that it swallows nothing.
    assert path.read_text() == "SHUTDOWNCMD /bin/true\n" + before


SCANNER = r"""#!/bin/sh
echo "$@" >> %s/scans
case "$*" in
*-U*) echo 'USB:driver="usbhid-ups",port="auto",vendorid="0463",serial="A,1",desc="it \"is\""' ;;
*-S*) echo 'SNMP:driver="snmp-ups",port="192.0.2.1",mibs="ietf",community="public"' ;;
esac
"""


@pytest.fixture
def scanner(site):
    """A nut-scanner that finds what it is told to."""
    folder = site.root / "scanner"
    folder.mkdir()
    (folder / "nut-scanner").write_text(SCANNER % site.root)
    (folder / "nut-scanner").chmod(0o755)
    return {"NUT_PROGRAMPATH": f"{folder}:{site.suite.program_path}"}


def test_scans_print_sections_of_ups_conf(site, scanner):
    result = site.run("nutconf", "--scan-usb", "--scan-snmp", "192.0.2.1", "192.0.2.9",
                      "community=public", "--scan-nut", "192.0.2.1", "192.0.2.9", "3493", "2000000",
                      env=scanner, check=True)
    assert '[nutdev-usb1]\n\tdriver = usbhid-ups\n\tport = auto\n\tvendorid = 0463\n' in result.stdout
    assert 'serial = A,1\n\tdesc = "it \\"is\\""\n' in result.stdout
    assert "[nutdev-snmp1]\n\tdriver = snmp-ups\n" in result.stdout
    assert (site.root / "scans").read_text().splitlines() == [
        "-q -P -U", "-q -P -S -s 192.0.2.1 -e 192.0.2.9 -c public",
        "-q -P -O -s 192.0.2.1 -e 192.0.2.9 -p 3493 -t 2"]


def test_without_a_scanner_that_is_said(site):
    result = site.run("nutconf", "--scan-usb", env={"NUT_PROGRAMPATH": "/nonexistent"})
    if "not installed" not in result.stderr:
        pytest.skip("a nut-scanner is installed")
    assert result.returncode == 1


def test_an_unknown_verb_is_refused_with_a_guess(site):
    result = site.run("nutconf", "chek")
    assert (result.returncode, 'did you mean "check"?' in result.stderr) == (1, True)
    assert "--set-mode MODE" in site.run("nutconf", "-h", check=True).stdout
    assert "nutconf" in site.run("nutconf", "-V", check=True).stdout
