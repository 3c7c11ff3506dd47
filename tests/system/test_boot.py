"""The units, the generator and the end of a shutdown, with a real systemd as the first process of
a machine in namespaces (harness.bootbox)."""

import pathlib
import shutil

import pytest
from harness import wait_until
from harness.bootbox import BootBox, Unavailable, install

pytestmark = pytest.mark.once

CONF = "/usr/local/etc"
PROBES = "/var/probes"
NUTSHUTDOWN = "/usr/local/libexec/nutshutdown"
HOOK = "/usr/lib/systemd/system-shutdown/nutshutdown"
OL, OB = "status OL\n", "status OB LB\n"


class Machine(BootBox):
    """One that is configured, and whose UPSes are probes: files say what they do, and tell."""

    def __init__(self, installed):
        super().__init__(installed)
        self.path(PROBES).mkdir(parents=True)
        self.path(PROBES).chmod(0o777)
        self.write(f"{CONF}/upsd.conf", "LISTEN 127.0.0.1\n")
        self.write(f"{CONF}/upsd.users", "[mon]\npassword = word\nupsmon primary\n")
        self.monitor()
        self.enable("nut.target")

    def monitor(self, flag="/run/nut/killpower", before=""):
        self.write("/usr/local/bin/off", f"#!/bin/sh\n{before}\nsystemctl --no-block poweroff\n",
                   0o755)
        self.write(f"{CONF}/upsmon.conf",
                   "MONITOR ups@localhost 1 mon word primary\nPOLLFREQ 1\nPOLLFREQALERT 1\n"
                   "FINALDELAY 0\nHOSTSYNC 1\nSHUTDOWNCMD /usr/local/bin/off\n"
                   f"POWERDOWNFLAG {flag}\n")

    def probe(self, name, text=OL):
        """The section of an UPS."""
        self.write(f"{PROBES}/{name}", text)
        return f"[{name}]\ndriver = probe-ups\nport = {PROBES}/{name}\npollinterval = 1\n"

    def asked(self, name="ups"):
        """What it was asked to do."""
        log = self.path(f"{PROBES}/{name}.log")
        return log.read_text().splitlines() if log.exists() else []

    def pid(self, name):
        return self.show(f"nut-driver@{name}", "MainPID")

    def power_fails(self):
        wait_until(lambda: self.say("upsc", "ups", "ups.status") == "OL", what="the UPS is seen")
        self.edit(f"{PROBES}/ups", self.path(f"{PROBES}/ups").read_text().replace(OL, OB))

    def turn_off(self):
        self.run("systemctl", "--no-block", "poweroff")
        return self.wait_for_end()


@pytest.fixture
def machine(request, build):
    try:
        box = Machine(install(build))
    except Unavailable as e:
        pytest.skip(str(e))
    yield box
    if getattr(request.node, "failed", True):
        print(box.log()[-8000:])
        print(box.last_journal()[-8000:])
    box.close()


def boot(machine):
    try:
        machine.boot()
    except Unavailable as e:
        pytest.skip(str(e))


# -------------------------------------------------------------------------------------- boot


def test_each_section_has_a_unit_and_nothing_is_run_by_hand(machine):
    machine.write(f"{CONF}/ups.conf", machine.probe("ups") + machine.probe("usb-1"))
    # As a Debian package left it, and as somebody types who asks systemd-escape.
    leftovers = ("nut-driver@MD5_572711037591d834031ba49346c6b3dc", r"nut-driver@usb\x2d1")
    machine.enable(*leftovers)
    boot(machine)
    for unit in ("nut-driver@ups", "nut-driver@usb-1", "nut-server", "nut-monitor"):
        assert machine.active(unit) == "active", unit
    for unit in leftovers:
        assert machine.active(unit) == "inactive", unit
    wait_until(lambda: machine.say("upsc", "usb-1", "ups.status") == "OL")
    assert machine.state() == "running"
    for alias in ("nut-client", "ups-monitor"):
        assert machine.show(alias, "Id") == "nut-monitor.service"
    assert "(probe-ups)" in machine.show("nut-driver@usb-1", "Description")
    assert machine.journal("-u", "nut-monitor").count("sandbox: ") == 1, "each line once"


@pytest.mark.long
def test_drivers_whose_ups_is_not_there_hold_nothing_up_and_catch_it(machine):
    machine.write(f"{CONF}/ups.conf", machine.probe("ups", "open fail\n") + "[net]\n"
                  "driver = snmp-ups\nport = 192.0.2.1\n[none]\ndriver = no-such-driver\nport = x\n")
    boot(machine)
    assert machine.active("nut-server") == machine.active("nut-monitor") == "active"
    assert machine.active("nut-driver@net") == "active"
    assert machine.active("nut-driver@none") in ("activating", "failed")
    machine.edit(f"{PROBES}/ups", OL)
    wait_until(lambda: machine.say("upsc", "ups", "ups.status") == "OL")


@pytest.mark.parametrize("mode, at_boot", [
    ("netclient", ("nut-monitor",)),
    pytest.param("none", (), marks=pytest.mark.long),
    pytest.param("manual", (), marks=pytest.mark.long),
    pytest.param("standalon", ("nut-driver@ups", "nut-server", "nut-monitor"),
                 marks=pytest.mark.long),
])
def test_mode_decides_what_starts(machine, mode, at_boot):
    units = ("nut-driver@ups", "nut-server", "nut-monitor")
    machine.write(f"{CONF}/ups.conf", machine.probe("ups"))
    machine.write(f"{CONF}/nut.conf", f"# who am I\nMODE='{mode}'  # quoted\n")
    boot(machine)
    assert {u for u in units if machine.active(u) == "active"} == set(at_boot)
    assert machine.state() == "running"
    machine.run("systemctl", "start", *units)
    by_hand = set(units) if mode == "manual" else set(at_boot)
    assert {u for u in units if machine.active(u) == "active"} == by_hand
    if mode == "standalon":
        assert f"{CONF}/nut.conf:2: MODE=standalon" in machine.log()
        assert "did you mean standalone?" in machine.log()


# ------------------------------------------------------------------------------------ changes


def test_a_changed_ups_conf_concerns_only_what_changed(machine):
    same, changed, gone, new = (machine.probe(n) for n in ("ups", "changed", "gone", "new"))
    machine.write(f"{CONF}/ups.conf", same + changed + gone)
    boot(machine)
    pid, old = machine.pid("ups"), machine.pid("changed")
    machine.edit(f"{CONF}/ups.conf", same + changed.replace("/changed", "/new") + new)
    wait_until(lambda: machine.active("nut-driver@new") == "active", what="the new one starts")
    wait_until(lambda: machine.active("nut-driver@gone") == "inactive", what="the gone one ends")
    wait_until(lambda: machine.pid("changed") not in (old, "0"), what="the changed one restarts")
    wait_until(lambda: machine.say("upsc", "-l").split() == ["ups", "changed", "new"])
    assert machine.pid("ups") == pid
    # The program itself is another one; written in place this time.
    other = same + changed.replace("probe-ups", "dummy-ups")
    machine.run("sh", "-c", f"cat >{CONF}/ups.conf", input=other, check=True)
    wait_until(lambda: "dummy-ups" in machine.say("ps", "-o", "args=", machine.pid("changed")))
    wait_until(lambda: machine.active("nut-driver@new") == "inactive")
    assert "(dummy-ups)" in machine.show("nut-driver@changed", "Description")
    # With a mistake, all goes on.
    machine.edit(f"{CONF}/ups.conf", other.replace("[changed]", "[changed"))
    wait_until(lambda: "go on as they were" in machine.journal("-u", "nut-driver-enumerator"))
    assert machine.active("nut-driver@changed") == "active"
    assert machine.pid("ups") == pid


@pytest.mark.long
def test_a_driver_that_dies_comes_back_and_one_that_was_stopped_does_not(machine):
    machine.write(f"{CONF}/ups.conf", machine.probe("ups") + machine.probe("b"))
    boot(machine)
    old = machine.pid("ups"), machine.pid("b")
    machine.run("kill", "-KILL", old[0], check=True)
    wait_until(lambda: machine.pid("ups") not in (old[0], "0"), what="it comes back")
    result = machine.run("upsdrvctl", "stop", "b")
    assert result.returncode == 0 and "upsdrvsvcctl stop" in result.stderr
    seen = machine.show("nut-driver-enumerator", "ExecMainExitTimestampMonotonic")
    machine.edit(f"{CONF}/ups.conf", machine.path(f"{CONF}/ups.conf").read_text() + "#\n")
    wait_until(lambda: machine.show("nut-driver-enumerator", "ExecMainExitTimestampMonotonic")
               not in (seen, "0"), what="the change is seen")
    assert machine.active("nut-driver@b") == "inactive"
    assert machine.run("upsdrvsvcctl", "start", "b").returncode == 0
    assert machine.active("nut-driver@b") == "active"
    old = machine.pid("ups"), machine.pid("b")
    machine.run("systemctl", "restart", "nut-driver", check=True)
    wait_until(lambda: machine.pid("ups") not in (old[0], "0") and
               machine.pid("b") not in (old[1], "0"), what="all start anew")


# --------------------------------------------------------------------------- end of a shutdown


@pytest.fixture(params=["systemd runs nutshutdown",
                        pytest.param("nut-shutdown.service does", marks=pytest.mark.long)])
def way(request, machine):
    if "runs" in request.param:
        machine.path(HOOK).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(machine.path(NUTSHUTDOWN), machine.path(HOOK))
    return request.param


def test_a_power_failure_ends_with_the_word_to_the_ups(machine, way):
    machine.write(f"{CONF}/ups.conf", machine.probe("ups"))
    # The flag is on a file system that is gone at the end.
    machine.write("/etc/fstab", "tmpfs /srv tmpfs defaults 0 0\n")
    machine.monitor(flag="/srv/killpower")
    boot(machine)
    machine.power_fails()
    assert machine.wait_for_end() == "off"
    assert machine.asked()[-3:] == ["open ", "shutdown", "close"]
    log = machine.log()
    if way == "systemd runs nutshutdown":
        assert "nutshutdown: telling the UPS to switch off" in log
    assert log.index("Stopped nut-monitor") < log.index("Stopped nut-server") < \
        log.index("Stopped nut-driver@ups") < log.index("Reached target shutdown.target")
    # Next time it is another day.
    machine.write(f"{PROBES}/ups", OL)
    before = len(machine.asked())
    boot(machine)
    assert machine.state() == "running"
    assert machine.run("upsmon", "-K").returncode == 1
    assert machine.turn_off() == "off"
    assert "shutdown" not in machine.asked()[before:]


def test_a_machine_whose_ups_stays_on_starts_again(machine, way):
    """It does not take the word, and the power is back."""
    machine.write(f"{CONF}/ups.conf", machine.probe("ups", OL + "command fail\n"))
    machine.monitor(before=f"sed -i s/OB.LB/OL/ {PROBES}/ups")
    boot(machine)
    machine.power_fails()
    assert machine.wait_for_end() == "reboot"
    assert "shutdown" in machine.asked()


@pytest.mark.long
def test_a_machine_whose_ups_does_not_take_the_word_on_battery_goes_off(machine):
    machine.write(f"{CONF}/ups.conf", machine.probe("ups", OL + "command fail\n"))
    boot(machine)
    machine.power_fails()
    assert machine.wait_for_end() == "off"


@pytest.mark.long
def test_poweroff_wait_is_waited_for_and_then_the_machine_starts_again(machine, way):
    machine.write(f"{CONF}/ups.conf", machine.probe("ups"))
    machine.write(f"{CONF}/nut.conf", "MODE=standalone\nPOWEROFF_WAIT=1s\n"
                                            "POWEROFF_QUIET=true\n")
    boot(machine)
    machine.power_fails()
    assert machine.wait_for_end() == "reboot"
    assert "nutshutdown: " not in machine.log()
    assert machine.asked()[-3:] == ["open ", "shutdown", "close"]


@pytest.mark.long
def test_a_driver_that_hangs_does_not_keep_the_machine_on(machine, way):
    for script in (NUTSHUTDOWN, HOOK):
        file = machine.path(script)
        if file.exists():
            machine.write(script, file.read_text().replace("kill_limit=60", "kill_limit=2"), 0o755)
    machine.write(f"{CONF}/ups.conf", machine.probe("ups", OL + "command-wait 600000\n"))
    boot(machine)
    machine.power_fails()
    assert machine.wait_for_end() == "off"
    assert "shutdown" in machine.asked()


@pytest.mark.long
def test_an_early_word_comes_while_there_is_a_network(machine):
    machine.enable("nut-shutdown-early")
    machine.write(f"{CONF}/ups.conf", machine.probe("ups"))
    boot(machine)
    machine.power_fails()
    assert machine.wait_for_end() == "off"
    assert machine.asked().count("shutdown") == 1
    log = machine.log()
    assert log.index("Stopped nut-driver@ups") < log.index("Stopped nut-shutdown-early") < \
        log.index("Stopped target basic.target")


# ------------------------------------------------------------------------------------ OpenRC


@pytest.fixture
def openrc(machine, build):
    """The machine with OpenRC, and no first process to speak of."""
    if not pathlib.Path("/sbin/openrc-run").exists():
        pytest.skip("no OpenRC here")
    for script in (build.root / "scripts/openrc").iterdir():
        machine.write(f"/etc/init.d/{script.name}", script.read_text(), 0o755)
    machine.write(f"{CONF}/ups.conf", machine.probe("ups"))

    def start():
        try:
            machine.start(("/bin/bash", "-c", "while sleep 0.2; do :; done"))  # one that reaps
        except Unavailable as e:
            pytest.skip(str(e))
        # As OpenRC's own first script leaves it.
        machine.run("sh", "-c", "mkdir -p /run/openrc && cd /run/openrc && touch softlevel && "
                    "mkdir daemons exclusive failed hotplugged inactive init.d options scheduled "
                    "started starting stopping tmp wasinactive", check=True)
        return machine
    return start


def rc(machine, service, verb):
    result = machine.run("rc-service", "--nodeps", service, verb)
    return result.returncode, result.stdout + result.stderr


def test_openrc_scripts_start_reload_and_stop_all(openrc):
    machine = openrc()
    services = ("nut-driver", "upsd", "upsmon")
    for service in services:
        status, said = rc(machine, service, "start")
        assert status == 0, said
    wait_until(lambda: machine.say("upsc", "ups", "ups.status") == "OL", what="the UPS is seen")
    for service in services:
        assert rc(machine, service, "status")[0] == 0
        status, said = rc(machine, service, "reload")
        assert status == 0, said
    assert machine.say("upsc", "ups", "ups.status") == "OL"
    for service in reversed(services):
        status, said = rc(machine, service, "stop")
        assert status == 0, said
    assert machine.say("pgrep", "-l", "ups") == ""
    assert rc(machine, "nut-killpower", "start")[0] == 0
    assert "shutdown" not in machine.asked(), "there was no power failure"
    machine.run("touch", "/run/nut-killpower", check=True)
    assert rc(machine, "nut-killpower", "restart")[0] == 0
    assert machine.asked()[-3:] == ["open ", "shutdown", "close"]


@pytest.mark.long
def test_openrc_scripts_do_what_mode_says(machine, openrc):
    machine.write(f"{CONF}/nut.conf", "MODE=netclient\n")
    openrc()
    status, said = rc(machine, "nut-driver", "start")
    assert status != 0 and "MODE=netclient" in said
    assert rc(machine, "upsd", "start")[0] != 0
    status, said = rc(machine, "upsmon", "start")
    assert status == 0, said
    assert rc(machine, "upsmon", "stop")[0] == 0
    machine.edit(f"{CONF}/nut.conf", "MODE=manual\n")
    machine.run("touch", "/run/openrc/rc.starting", check=True)
    status, said = rc(machine, "upsd", "start")
    assert status != 0 and "by hand only" in said
    machine.run("rm", "/run/openrc/rc.starting", check=True)
    assert rc(machine, "upsd", "start")[0] == 0
