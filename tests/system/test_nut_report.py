"""nut-report: what is in the bundle, and what is in no part of it."""

import base64
import itertools
import os
import re
import stat
import tarfile
import urllib.parse

import pytest

from harness import CHECKOUT


@pytest.fixture
def plant():
    """A function that makes secrets, each different; `planted` has all."""
    count = itertools.count(1)

    def make(stem="qz"):
        secret = f"{stem}{next(count):02}Wv!x/K"
        make.planted.append(secret)
        return secret
    make.planted = []
    return make


def forms(secret):
    """Ways to write a secret that a reader would recognize."""
    data = secret.encode()
    return {secret.lower(), base64.b64encode(data).decode().rstrip("=").lower(), data.hex(),
            urllib.parse.quote(secret, safe="").lower()}


def program_path(site):
    build = site.suite
    folders = [build.program(name).parent for name in ("upsc", "upsd", "upsmon", "upsdrvctl",
                                                       "nut-mapcheck")]
    return ":".join(dict.fromkeys(map(str, folders)))


@pytest.fixture
def report(site):
    """Runs nut-report and returns the texts of the bundle, by name."""
    def run(*args, env=None):
        target = site.root / "bundle.tar.gz"
        result = site.run("nut-report", "-o", target, *args, check=True,
                          env={"NUT_PROGRAMPATH": program_path(site), **(env or {})})
        run.said = result.stdout + result.stderr
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        with tarfile.open(target) as tar:
            members = tar.getmembers()
            assert all((m.uid, m.gid, m.uname, m.gname) == (0, 0, "", "") for m in members)
            return {m.name.split("/", 1)[1]: tar.extractfile(m).read().decode() for m in members}
    return run


def no_secret_in(texts, secrets):
    whole = "\n".join(texts.values()).lower()
    return [s for s in secrets if any(form in whole for form in forms(s))]


def test_no_secret_of_any_file_is_in_the_bundle(site, report, plant):
    user, host = "zacharias", "vault.example.org"
    site.add_dummy("rack", {
        "ups.status": "OL", "ups.serial": plant("SN"), "device.serial": plant("SN"),
        "device.location": plant(), "device.contact": f"call {plant()}", "ups.model": "Model 7",
        "ups.id": plant(), "battery.charge": "97", "ups.macaddr": "02:00:5e:77:88:99",
        "some.note": plant()}, f'desc = "behind {plant()}"')
    # Sections that nobody starts.
    ups_conf = site.conf / "ups.conf"
    ups_conf.write_text(
        f"# community was {plant()}\n" + ups_conf.read_text() +
        f"[snmp]\n\tdriver = snmp-ups\n\tport = {host}\n\tcommunity = {plant()} # or {plant()}\n"
        f"\tsecName = {user}\n\tauthPassword = \"{plant()}\"\n\tprivPassword={plant()}\n"
        f"\tnewoption = {plant()}\n\t{plant()}\n\tserial = {plant('SN')}\n"
        f"\toverride.ups.id = {plant()}\n"
        f"[web]\n\tdriver = netxml-ups\n\tport = http://{user}:{plant()}@{host}/x\n")
    site.add_user("monitor", plant(), "upsmon primary")
    users = site.conf / "upsd.users"
    users.write_text(users.read_text() + f"# password = {plant()}\n[{user}]\n"
                     f"\tpasswordhash = \"{plant('$6$abcdefgh$')}\"\n\tfrom = 198.51.100.7\n"
                     f"\tpasword = {plant()}\n")
    upsd = site.start_upsd(conf=f"CERTIDENT \"{plant()}\" \"{plant()}\"\nMAXAGES {plant()}\n"
                                f"# LISTEN 203.0.113.9 # token {plant()}\n")
    site.start_driver("rack")
    upsd.wait_for("rack", "ups.status", "OL")
    site.write("upsmon.conf",
               f"MONITOR rack@{host} 1 {user} {plant()} primary\nMONITOR a@b 1 {user} \"{plant()}"
               f"\" secondary\nSHUTDOWNCMD \"/usr/bin/curl -H 'X-Auth: {plant()}' {host}\"\n"
               f"NOTIFYCMD /bin/tell {plant()}\nNOTIFYMSG ONBATT \"%s {plant()}\"\n"
               f"CERTIDENT name {plant()}\n#MONITOR x@y 1 me {plant()} primary password {plant()}\n"
               f"CERTHOST {host} \"{plant()}\" 1 1\n")
    site.write("upssched.conf", f"CMDSCRIPT \"/bin/x {plant()}\"\nAT ONBATT * EXECUTE {plant()}\n")
    site.write("nut.conf", f"MODE=standalone\nUPSD_OPTIONS=\"-x {plant()}\"\nSECRET={plant()}\n")
    site.write("nutauth.conf", f"[{host}]\nuser = {user}\npass = {plant()}\n"
                               f"CERTIDENT_PASS = {plant()}\n")
    site.write("hosts.conf", f"MONITOR rack@{host} \"{plant()}\"\n")
    site.write("upsset.conf", f"I_HAVE_SECURED_MY_CGI_DIRECTORY {plant()}\n")
    site.write("upsmqtt.conf", f"BROKER {host}\nUSER {user}\nPASSWORD {plant()}\n"
                               f"PREFIX {plant()}\n")
    site.write("upsweb.conf", f"MONITOR rack@localhost \"{plant()}\" {user} {plant()}\n")
    site.write("UPSmon.conf", f'GROUP "x" # {plant()}\n')
    log = site.root / "said.log"
    said = plant.planted[:]
    log.write_text("".join(f"upsd[1]: strange word {s} from {host} by {user}\n" for s in said) +
                   "".join(f"Basic {base64.b64encode(f'{user}:{s}'.encode()).decode()}\n"
                           f"hex {s.encode().hex()}\nurl {urllib.parse.quote(s, safe='')}\n"
                           for s in said) +
                   f"password={plant()}\nAPI_TOKEN: {plant()}\nhttps://u:{plant()}@h/\n"
                   "client 198.51.100.23 at 2001:db8::77 is gone\n")
    texts = report("--log", log)
    leaks = no_secret_in(texts, plant.planted)
    assert leaks == [], [line for text in texts.values() for line in text.splitlines()
                         if any(leak in line for leak in leaks)]
    assert len(plant.planted) >= 50
    whole = "\n".join(texts.values())
    for name in (user, host, "198.51.100", "203.0.113", "2001:db8::77", "02:00:5e:77:88:99",
                 os.uname().nodename):
        assert name not in whole, re.findall(rf".*{re.escape(name)}.*", whole)[:3]
    # What is of use is there.
    assert "battery.charge: 97\n" in texts["upses.txt"]
    assert "ups.model: Model 7\n" in texts["upses.txt"]
    assert "driver = snmp-ups" in texts["conf/ups.conf"]
    assert "conf/UPSmon.conf" not in texts and "LEFT OUT" in texts["README"]
    assert "2.8.0-chestnut" in texts["versions.txt"]
    assert re.search(r"^rack\s+dummy-ups\s+RUNNING", texts["drivers.txt"], re.M)
    assert "usbhid-ups/apc.map 1.0" in texts["maps.txt"]


def test_lines_of_files_are_where_they_were(site, report):
    site.write("upsd.conf", "# one\n\nLISTEN 127.0.0.1 1\n# four\nMAXAGE 20\n")
    lines = report()["conf/upsd.conf"].split("\n")
    assert (lines[2], lines[4]) == ("LISTEN 127.0.0.1 1", "MAXAGE 20")


def test_the_same_serial_number_has_the_same_word_everywhere(site, report):
    site.add_dummy("a", {"ups.status": "OL", "ups.serial": "AS0812345678"})
    site.add_dummy("b", {"ups.status": "OL", "device.serial": "AS0812345678",
                         "ups.id": "XX99887766"})
    upsd = site.start_upsd()
    for ups in "ab":
        site.start_driver(ups)
        upsd.wait_for(ups, "ups.status", "OL")
    said = report()["upses.txt"]
    found = set(re.findall(r"^(?:ups.serial|device.serial|ups.id): (\S+)$", said, re.M))
    assert found == {"<serial-1>", "<serial-2>"}
    assert said.index("<serial-1>") < said.index("[b]") < said.rindex("<serial-1>")


def test_serial_numbers_can_be_kept(site, report):
    site.add_dummy("a", {"ups.status": "OL", "ups.serial": "AS0812345678"})
    upsd = site.start_upsd()
    site.start_driver("a")
    upsd.wait_for("a", "ups.status", "OL")
    assert "ups.serial: AS0812345678" in report("--keep-serials")["upses.txt"]


def test_usb_devices_of_the_maps_are_described(site, report):
    devices = site.root / "sys/bus/usb/devices"
    for name, vendor, serial in (("1-1", "051d", "AS0812345678"), ("1-2", "1234", "KEYBOARD1")):
        folder = devices / name
        folder.mkdir(parents=True)
        for key, text in (("idVendor", vendor), ("idProduct", "0002"), ("serial", serial),
                          ("product", "Back-UPS")):
            (folder / key).write_text(text + "\n")
        (folder / "descriptors").write_bytes(b"\x12\x01\x10\x01")
    said = report(env={"NUT_SYSFS": str(site.root / "sys")})["usb.txt"]
    assert "idVendor: 051d" in said and "12 01 10 01" in said and "<serial-1>" in said
    assert "1234" not in said and "AS0812" not in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_file_that_cannot_be_read_is_named_and_not_there(site, report):
    site.write("upsd.users", "[a]\npassword = b\n", 0)
    texts = report()
    assert "conf/upsd.users" not in texts
    assert re.search(r"conf/upsd.users +LEFT OUT: Permission denied", texts["README"])


def test_a_file_with_zeros_is_left_out(site, report):
    (site.conf / "upsd.users").write_bytes(b"[a]\npassword = b\0c\n")
    texts = report()
    assert "conf/upsd.users" not in texts and "conf/upsd.users" in texts["README"]


def test_a_bundle_never_replaces_a_file(site):
    target = site.root / "there.tar"
    target.write_text("mine")
    result = site.run("nut-report", "-o", target, env={"NUT_PROGRAMPATH": program_path(site)})
    assert result.returncode == 1 and "there.tar" in result.stderr
    assert target.read_text() == "mine"


def test_a_folder_can_be_written(site):
    target = site.root / "folder"
    site.write("upsd.conf", "MAXAGE 20\n")
    site.run("nut-report", "--directory", target, check=True,
             env={"NUT_PROGRAMPATH": program_path(site)})
    assert (target / "conf/upsd.conf").read_text() == "MAXAGE 20\n"
    assert all(stat.S_IMODE(path.stat().st_mode) in (0o600, 0o700)
               for path in [target, *target.rglob("*")])


def test_secrets_stay_hidden_without_any_other_program(site, report, plant):
    """Nothing runs, nothing is found: what is there is still redacted."""
    site.add_user("a", plant())
    texts = report(env={"NUT_PROGRAMPATH": "/nonexistent", "PATH": "/usr/bin:/bin"})
    assert no_secret_in(texts, plant.planted) == []
    assert (CHECKOUT / "docs/man/nut-report.8.adoc").exists()
