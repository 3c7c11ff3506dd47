"""nutconf check: each fault of a site is found, with its file, line and mend."""

import json
import os
import pathlib
import re

import pytest

from harness import CHECKOUT
from test_client_tls import backend

EXAMPLES = CHECKOUT / "conf" / "examples"


class Checked:
    """A site with nothing wrong, until a test spoils it."""

    def __init__(self, site):
        self.site = site
        site.state.chmod(0o770)
        self.tool = self.script("tool")
        self.env = {}
        self.files = {
            "nut.conf": "MODE=standalone\n",
            "ups.conf": "[ups]\n\tdriver = dummy-ups\n\tport = ups.dev\n\talias = rack\n"
                        "[second]\n\tdriver = usbhid-ups\n\tport = auto\n\tserial = A\n",
            "upsd.conf": f"LISTEN 127.0.0.1 {site.port}\n",
            "upsd.users": "[mon]\n\tpassword = pw\n\tupsmon primary\n"
                          "[other]\n\tpassword = pw2\n\tupsmon secondary\n",
            "upsmon.conf": f"MONITOR ups@localhost:{site.port} 1 mon pw primary\n"
                           f"SHUTDOWNCMD \"{self.tool} now\"\n"
                           f"POWERDOWNFLAG {site.state}/killpower\n"
                           "HOSTSYNC 15\nFINALDELAY 5\n",
        }

    def script(self, name, mode=0o755):
        path = self.site.root / name
        path.write_text("#!/bin/sh\n")
        path.chmod(mode)
        return path

    def edit(self, name, old, new):
        assert old in self.files[name]
        self.files[name] = self.files[name].replace(old, new)

    def add(self, name, text):
        self.files[name] = self.files.get(name, "") + text

    def write(self):
        for name, text in self.files.items():
            self.site.write(name, text)

    def run(self, *args):
        run_as = ["--run-as", self.site.user] if os.geteuid() == 0 else []
        return self.site.run("nutconf", "check", *run_as, *args, env=self.env)

    def look(self):
        """The findings, as nutconf check --json prints them, and its exit status."""
        result = self.run("--json")
        return json.loads(result.stdout), result.returncode


@pytest.fixture
def checked(site):
    return Checked(site)


def test_a_site_with_nothing_wrong_is_clean(checked):
    checked.write()
    result = checked.run()
    assert result.stdout.splitlines()[-1].startswith("0 errors, 0 warnings, 0 hints in ")
    assert result.returncode == 0
    assert checked.look() == ({"findings": [], "errors": 0, "warnings": 0, "hints": 0}, 0)


def _edit(name, old, new):
    return lambda c: c.edit(name, old, new)


def _add(name, text):
    return lambda c: c.add(name, text)


def _without(name):
    return lambda c: c.files.pop(name)


def _mon(old, new):
    return _edit("upsmon.conf", old, new)


def _script(name, mode, then):
    def spoil(c):
        c.script(name, mode)
        then(c)
    return spoil


def _fill(text):
    """A line of upsmon.conf in which ROOT is the folder of the site."""
    return lambda c: c.add("upsmon.conf", text.replace("ROOT", str(c.site.root)))


def _upssched(script, place="ROOT"):
    def spoil(c):
        path = c.script("upssched")
        c.add("upsmon.conf", f"NOTIFYCMD {path}\nNOTIFYFLAG ONBATT EXEC\n")
        if script is not None:
            c.files["upssched.conf"] = (f"{script}PIPEFN {place}/a.pipe\nLOCKFN {place}/a.lock\n"
                                        "AT ONBATT * EXECUTE x\n").replace("ROOT", str(c.site.root))
    return spoil


def _example_flag(c):
    place = c.site.root / "open"
    place.mkdir()
    place.chmod(0o1777)
    c.files["upsmon.conf"] = re.sub("POWERDOWNFLAG .*", f"POWERDOWNFLAG {place}/flag",
                                    c.files["upsmon.conf"])


# What spoils it; the code, severity, file and line of the finding, and words of it.
FAULTS = {
    "mode unknown": (_edit("nut.conf", "standalone", "standalon"), "mode-unknown", "error",
                     "nut.conf", 1, 'did you mean "standalone"?'),
    "mode none": (_edit("nut.conf", "standalone", "none"), "mode-none", "warning", "nut.conf", 1,
                  "MODE=standalone"),
    "no nut.conf": (_without("nut.conf"), "mode-missing", "hint", "nut.conf", 0, "no nut.conf"),
    "mode without a UPS": (_without("ups.conf"), "mode-without-ups", "error", "nut.conf", 1,
                           "MODE=netclient"),
    "server alone": (_edit("nut.conf", "standalone", "netserver"), "mode-server-alone", "warning",
                     "nut.conf", 1, "LISTEN *"),
    "standalone listens": (_add("upsd.conf", "LISTEN 192.0.2.1\n"), "mode-standalone-listens",
                           "hint", "nut.conf", 1, "MODE=netserver"),
    "client has a UPS": (_edit("nut.conf", "standalone", "netclient"), "mode-client-has-ups",
                         "warning", "nut.conf", 1, "ups.conf has a UPS"),
    "client asks itself": (_edit("nut.conf", "standalone", "netclient"), "mode-client-asks-itself",
                           "error", "upsmon.conf", 1, "name the server"),
    "no upsmon.conf": (_without("upsmon.conf"), "upsmon-conf-missing", "error", "upsmon.conf", 0,
                       "nutconf setup"),
    "driver missing": (_edit("ups.conf", "dummy-ups", "dummy-upps"), "driver-missing", "error",
                       "ups.conf", 2, 'did you mean "dummy-ups"?'),
    "driver of NUT": (_edit("ups.conf", "dummy-ups", "netxml-ups"), "driver-missing", "error",
                      "ups.conf", 2, "snmp-ups speaks SNMP with the same card"),
    "driverpath wrong": (lambda c: (c.files.update({"ups.conf": "driverpath = /nonexistent\n" +
                                                    c.files["ups.conf"]}),
                                    c.env.update(NUT_DRIVERPATH="")),
                         "driver-missing", "error", "ups.conf", 3, "see what is in /nonexistent"),
    "key unknown": (_add("ups.conf", "\tpolonly\n"), "key-unknown", "error", "ups.conf", 9,
                    'did you mean "pollonly"?'),
    "device twice": (_add("ups.conf", "[third]\n\tdriver = usbhid-ups\n\tport = auto\n"),
                     "device-twice", "error", "ups.conf", 11, "serial = ..."),
    "port twice": (_add("ups.conf", "[a]\n\tdriver = apcsmart\n\tport = /dev/null\n"
                                    "[b]\n\tdriver = nutdrv_qx\n\tport = /dev/null\n"),
                   "device-twice", "error", "ups.conf", 14, "the device of [a] in line 11"),
    "port absent": (_add("ups.conf", "[a]\n\tdriver = apcsmart\n\tport = /dev/nosuch0\n"),
                    "port-absent", "warning", "ups.conf", 11, "no /dev/nosuch0"),
    "section without a driver": (_add("ups.conf", "[a]\n\tport = auto\n"), "upsd", "error",
                                 "ups.conf", 9, "driver"),
    "upsd.conf word unknown": (_add("upsd.conf", "MAXAG 3\n"), "upsd", "warning", "upsd.conf", 2,
                               'did you mean "MAXAGE"?'),
    "upsd.conf value wrong": (_add("upsd.conf", "MAXAGE x\n"), "upsd", "error", "upsd.conf", 2,
                              "MAXAGE"),
    "upsd.users missing": (_without("upsd.users"), "upsd", "error", "upsd.users", 0, "create it"),
    "user without a password": (_add("upsd.users", "[new]\n\tupsmon secondary\n"), "upsd", "warning",
                                "upsd.users", 7, "no password"),
    "upsmon.conf word unknown": (_add("upsmon.conf", "OBRUNTIM 3\n"), "upsmon-conf", "warning",
                                 "upsmon.conf", 6, 'did you mean "OBRUNTIME"?'),
    "upsmon.conf value wrong": (_add("upsmon.conf", "POLLFREQ x\n"), "upsmon-conf", "error",
                                "upsmon.conf", 6, 'POLLFREQ is "x"'),
    "MINSUPPLIES above the sum": (_add("upsmon.conf", "MINSUPPLIES 2\n"), "upsmon-conf", "error",
                                  "upsmon.conf", 0, "MINSUPPLIES"),
    "UPS unknown": (_mon("ups@", "upps@"), "monitor-unknown-ups", "error", "upsmon.conf", 1,
                    'did you mean "ups"?'),
    "nobody listens": (lambda c: c.edit("upsmon.conf", f":{c.site.port}", ":1"),
                       "monitor-not-listened", "error", "upsmon.conf", 1, "LISTEN 127.0.0.1 1 "),
    "user unknown": (_mon("mon pw", "mom pw"), "monitor-unknown-user", "error", "upsmon.conf", 1,
                     'did you mean "mon"?'),
    "password differs": (_mon("mon pw", "mon px"), "monitor-password", "error", "upsmon.conf", 1,
                         "the same into both"),
    "user is secondary": (_mon("mon pw", "other pw2"), "monitor-role", "error", "upsmon.conf", 1,
                          "upsmon primary"),
    "user may not see the UPS": (_edit("upsd.users", "upsmon primary\n",
                                       "upsmon primary\n\tups = second\n"), "monitor-limit",
                                 "error", "upsmon.conf", 1, '"ups ="'),
    "user may not come from here": (_edit("upsd.users", "upsmon primary\n",
                                          "upsmon primary\n\tfrom = 192.0.2.0/24\n"),
                                    "monitor-from", "error", "upsmon.conf", 1, '"local"'),
    "password of an example": (lambda c: (c.edit("upsd.users", "= pw\n", "= change-me\n"),
                                          c.edit("upsmon.conf", "mon pw", "mon change-me")),
                               "password-example", "hint", "upsd.users", 2, "one of your own"),
    "nobody is primary": (_mon("primary", "secondary"), "role-nobody-primary", "warning",
                          "upsmon.conf", 1, "write primary"),
    "primary from afar": (_add("upsmon.conf", "MONITOR x@far.example 1 a b primary\n"),
                          "role-primary-elsewhere", "warning", "upsmon.conf", 6, "write secondary"),
    "no shutdown program": (lambda c: c.tool.unlink(), "shutdown-command", "error", "upsmon.conf",
                            2, "there is no program"),
    "shutdown program not executable": (lambda c: c.tool.chmod(0o644), "shutdown-command", "error",
                                        "upsmon.conf", 2, "chmod +x"),
    "shutdown program not in PATH": (lambda c: c.edit("upsmon.conf", str(c.tool), "nosuchprogram"),
                                     "shutdown-command", "error", "upsmon.conf", 2,
                                     "there is no program nosuchprogram"),
    "no SHUTDOWNCMD": (lambda c: c.files.update({"upsmon.conf": "".join(
        line + "\n" for line in c.files["upsmon.conf"].splitlines() if "SHUTDOWNCMD" not in line)}),
        "upsmon-conf", "warning", "upsmon.conf", 0, "no shutdown command"),
    "no NOTIFYCMD program": (_fill("NOTIFYCMD ROOT/nosuch\nNOTIFYFLAG ONBATT EXEC\n"),
                             "notify-command", "error", "upsmon.conf", 6, "there is no program"),
    "NOTIFYCMD is never run": (_fill("NOTIFYCMD ROOT/tool\n"), "notify-never", "warning",
                               "upsmon.conf", 6, "NOTIFYFLAG ONBATT SYSLOG+EXEC"),
    "EXEC without NOTIFYCMD": (_fill("NOTIFYFLAG ONBATT EXEC\n"), "notify-nothing", "warning",
                               "upsmon.conf", 6, "no NOTIFYCMD"),
    "no upssched.conf": (_upssched(None), "upssched-conf-missing", "error", "upssched.conf", 0,
                         "man upssched.conf"),
    "no CMDSCRIPT": (_upssched(""), "upssched-script", "error", "upssched.conf", 0, "above the AT"),
    "no CMDSCRIPT program": (_upssched("CMDSCRIPT ROOT/nosuch\n"), "upssched-script", "error",
                             "upssched.conf", 1, "there is no program"),
    "no folder for PIPEFN": (_upssched("CMDSCRIPT ROOT/tool\n", "/nonexistent"), "upssched-folder",
                             "error", "upssched.conf", 2, "mkdir /nonexistent"),
    "upssched.conf word unknown": (_upssched("CMDSCRIPT ROOT/tool\nNOSUCHWORD 1\n"), "upssched",
                                   "warning", "upssched.conf", 2, "NOSUCHWORD"),
    "no folder for the flag": (_edit("upsmon.conf", "/killpower", "/nosuch/killpower"),
                               "flag-folder", "error", "upsmon.conf", 3, "mkdir"),
    "anybody can write the flag": (_example_flag, "flag-open", "error", "upsmon.conf", 3,
                                   "anybody may write"),
    "no flag": (lambda c: c.files.update({"upsmon.conf": re.sub("POWERDOWNFLAG .*\n", "",
                                                                c.files["upsmon.conf"])}),
                "flag-none", "warning", "upsmon.conf", 0, "POWERDOWNFLAG /run/nut/killpower"),
    "HOSTSYNC short": (_mon("HOSTSYNC 15", "HOSTSYNC 2"), "hostsync-short", "warning",
                       "upsmon.conf", 4, "HOSTSYNC is 2"),
    "delays long": (_mon("FINALDELAY 5", "FINALDELAY 900"), "delay-long", "warning", "upsmon.conf",
                    5, "915 s"),
    "OBRUNTIME short": (_add("upsmon.conf", "OBRUNTIME 10\n"), "runtime-short", "warning",
                        "upsmon.conf", 6, "may take 20 s"),
    "MINSUPPLIES 0": (_add("upsmon.conf", "MINSUPPLIES 0\n"), "supplies-none", "warning",
                      "upsmon.conf", 6, "never shut down"),
    "all supplies needed": (lambda c: c.add("upsmon.conf", "MINSUPPLIES 2\nMONITOR second@localhost"
                                            f":{c.site.port} 1 mon pw primary\n"), "supplies-all",
                            "hint", "upsmon.conf", 6, "if one of its supplies is enough"),
    "TLS without a certificate": (_add("upsd.conf", "CERTFILE /nonexistent/cert.pem\n"), "tls",
                                  "error", "upsd.conf", 0, "/nonexistent/cert.pem"),
    "CERTVERIFY without authorities": (_add("upsmon.conf", "CERTVERIFY 1\n"), "tls", "error",
                                       "upsmon.conf", 0, "CERTPATH"),
    "LISTEN without TLS": (lambda c: (c.add("upsd.conf", "LISTEN 192.0.2.1\n"),
                                      c.edit("nut.conf", "standalone", "netserver")), "tls", "hint",
                           "upsd.conf", 0, "in the clear"),
    "name of a socket too long": (_add("ups.conf", f"[{'n' * 90}]\n\tdriver = dummy-ups\n"
                                                   "\tport = x\n"), "socket-name-long", "error",
                                  "ups.conf", 9, "statepath"),
}


@pytest.mark.once
@pytest.mark.parametrize("fault", FAULTS, ids=lambda name: name.replace(" ", "-"))
def test_a_fault_is_found(checked, fault):
    spoil, code, severity, name, line, words = FAULTS[fault]
    spoil(checked)
    checked.write()
    found, status = checked.look()
    mine = [one for one in found["findings"] if one["code"] == code and words in one["text"]]
    assert mine, found
    assert (severity, name, line) in [
        (one["severity"], os.path.basename(one["file"]), one["line"]) for one in mine]
    # The whole of a site does not become suspect for one fault.
    assert len(found["findings"]) <= 4, found
    assert status == (1 if found["errors"] else 2 if found["warnings"] else 0)


def test_a_hashed_password_is_compared(checked):
    try:
        checked.site.suite.program("nut-passwd")
    except LookupError:
        pytest.skip("this build has no nut-passwd")
    checked.write()
    checked.site.run("nut-passwd", "--stdin", "mon", input="pw\n", check=True)
    assert checked.look()[1] == 0
    checked.site.run("nut-passwd", "--stdin", "mon", input="px\n", check=True)
    assert [one["code"] for one in checked.look()[0]["findings"]] == ["monitor-password"]


def test_an_alias_is_a_name_too(checked):
    checked.edit("upsmon.conf", "ups@", "RACK@")
    checked.write()
    assert checked.look()[1] == 0


def test_the_group_language_is_understood(checked):
    checked.files["upsmon.conf"] = (
        f'POWERDOWNFLAG "{checked.site.state}/killpower"\n'
        f'GROUP LOCAL HOST localhost PORT {checked.site.port} CERTFILE ""\n'
        'MONITOR upps POWERVAL 1 UPSDUSER mon PASSWORD "px" TYPE primary\n'
        'MINSUPPLIES 1\n'
        'WHEN upps REPORTS None->LB : SHUTDOWNCMD "/nonexistent/off"\n')
    checked.write()
    found = {(one["code"], one["line"]) for one in checked.look()[0]["findings"]}
    # And what upsmon says of it: no rule for a UPS that is out of reach.
    assert found == {("monitor-unknown-ups", 3), ("monitor-password", 3), ("shutdown-command", 5),
                     ("upsmon-conf", 2)}


@pytest.mark.parametrize("name, mode, words", [
    ("upsd.users", 0o644, "world readable"), ("upsmon.conf", 0o644, "world readable"),
    ("ups.conf", 0o646, "world writable"),
])
def test_open_files_are_found(checked, name, mode, words):
    checked.write()
    (checked.site.conf / name).chmod(mode)
    found, status = checked.look()
    assert [(one["code"], os.path.basename(one["file"])) for one in found["findings"]] == [
        ("mode-bits", name)]
    assert words in found["findings"][0]["text"] and status == 1


def test_a_file_that_the_daemons_cannot_read_is_found(checked):
    if os.geteuid() != 0:
        pytest.skip("only root can give files to others")
    checked.write()
    for name in checked.files:
        os.chown(checked.site.conf / name, 0, 65534)
    os.chown(checked.site.state, 0, 65534)
    checked.site.root.chmod(0o755)
    as_nobody = ["nutconf", "check", "--json", "--run-as", "nobody"]
    assert checked.site.run(*as_nobody).returncode == 0
    (checked.site.conf / "upsd.users").chmod(0o600)
    checked.site.state.chmod(0o700)
    found = json.loads(checked.site.run(*as_nobody).stdout)["findings"]
    assert {(one["code"], os.path.basename(one["file"])) for one in found} >= {
        ("unreadable", "upsd.users"), ("state-closed", "state")}
    checked.site.conf.chmod(0o700)
    assert "is closed to it" in checked.site.run(*as_nobody).stdout
    missing = checked.site.run("nutconf", "check", "--run-as", "nosuchuser")
    assert "no such account" in missing.stdout


@pytest.fixture
def secured(checked, certs):
    if backend(checked.site) != "OpenSSL":
        pytest.skip("its certificates are for OpenSSL")

    def secure(name="server", host="localhost"):
        for pem in (name, "ca"):
            checked.site.write(f"{pem}.pem", certs.pem(pem).read_text())
        checked.add("upsd.conf", f"CERTFILE {checked.site.conf}/{name}.pem\n")
        checked.add("upsmon.conf", f"CERTPATH {checked.site.conf}/ca.pem\nCERTVERIFY 1\n")
        checked.edit("upsmon.conf", "ups@localhost", f"ups@{host}")
        checked.write()
    return secure


def test_a_certificate_that_fits_is_fine(checked, secured):
    secured()
    assert checked.look() == ({"findings": [], "errors": 0, "warnings": 0, "hints": 0}, 0)


def test_a_certificate_for_another_name_is_found(checked, secured):
    secured(host="127.0.0.3")
    assert "tls-name" in [one["code"] for one in checked.look()[0]["findings"]]


def test_a_certificate_that_has_expired_is_found(checked, secured):
    secured("expired")
    found = checked.look()[0]["findings"]
    assert any(one["severity"] == "error" and "expired on 2020" in one["text"] for one in found), found


def test_a_certificate_with_another_key_is_found(checked, secured, certs):
    secured()
    text = certs.pem("server").read_text()
    other = certs.pem("ca").read_text()
    key = re.compile("-----BEGIN[A-Z ]* PRIVATE KEY-----.*?-----END[A-Z ]* PRIVATE KEY-----\n", re.S)
    stolen = key.search(other) or key.search(certs.pem("client").read_text())
    checked.site.write("server.pem", key.sub(lambda _: stolen[0], text))
    found = checked.look()[0]["findings"]
    assert [one["severity"] for one in found if one["code"] == "tls"] == ["error"], found


def test_a_site_of_ones_own_is_found_by_its_folder(checked):
    place = checked.site.root / "own"
    (place / "run").mkdir(parents=True)
    place.chmod(0o755)
    (place / "run").chmod(0o770)
    checked.edit("upsmon.conf", f"{checked.site.state}/killpower", f"{place}/run/killpower")
    for name, text in checked.files.items():
        (place / name).write_text(text)
        (place / name).chmod(0o640)
    result = checked.run("--local", place)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (
        0, f"0 errors, 0 warnings, 0 hints in {place}")
    assert checked.run("--local", place / "nosuch").returncode == 64


def test_files_of_other_programs_are_looked_at(checked):
    checked.write()
    for program in ("upsmqtt", "upsweb"):
        try:
            checked.site.suite.program(program)
        except LookupError:
            continue
        path = checked.site.write(f"{program}.conf", "NOSUCHWORD 1\n")
        found = checked.look()[0]["findings"]
        assert [one["line"] for one in found if one["file"] == str(path) and "NOSUCHWORD" in
                one["text"]] == [1], found
        path.unlink()


def test_a_sample_of_debian_says_that_nothing_is_configured(checked, debian):
    for path in (debian.root / "etc/nut").iterdir():
        checked.site.write(path.name, path.read_text())
    found, status = checked.look()
    assert [one["code"] for one in found["findings"]] == ["not-configured"]
    assert status == 0


def test_our_samples_say_that_nothing_is_configured(checked):
    for path in (CHECKOUT / "conf").glob("*.sample"):
        if path.name.startswith(("nut.", "ups.", "upsd.", "upsmon.")):
            checked.site.write(path.name[:-len(".sample")], path.read_text())
    found, status = checked.look()
    assert [one["code"] for one in found["findings"]] == ["not-configured"], found
    assert status == 0


def _machines():
    """Every upsmon.conf of the examples, with the files of its machine."""
    for path in sorted(EXAMPLES.glob("*/*.conf")):
        if re.match(r"(?i)upsmon.*\.conf$", path.name):
            yield pytest.param(path, id=f"{path.parent.name}/{path.name}")


@pytest.mark.once
@pytest.mark.parametrize("path", _machines())
def test_examples_are_fine(checked, certs, path):
    site = checked.site
    text = path.read_text()
    client = "secondary" in re.sub(r"(?m)^#.*", "", text)
    for other in path.parent.iterdir() if not client else []:
        if other.name in ("ups.conf", "upsd.conf", "upsd.users"):
            checked.files[other.name] = other.read_text()
    for name in ("ups.conf", "upsd.conf", "upsd.users") if client else []:
        checked.files.pop(name)
    if "ca.pem" in text + checked.files.get("upsd.conf", ""):
        if backend(site) != "OpenSSL":
            pytest.skip("its certificates are for OpenSSL")
    site.write("power1.pem", certs.pem("server").read_text())
    site.write("ca.pem", certs.pem("ca").read_text())
    others = re.search(r"(?m)^LISTEN (?!127|::1)", checked.files.get("upsd.conf", ""))
    mode = "netclient" if client else "netserver" if others else "standalone"
    checked.files.update({"upsmon.conf": text, "nut.conf": f"MODE={mode}\n"})
    (site.conf / "shutdown.d").mkdir()
    for name in checked.files:
        checked.files[name] = checked.files[name].replace("/etc/nut", str(site.conf)).replace(
            "/run/nut", str(site.state)).replace("/sbin/shutdown", str(checked.tool))
    checked.write()
    result = checked.run()
    assert result.returncode == 0, result.stdout
