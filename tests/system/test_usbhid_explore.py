"""Devices that nobody knows: looked at, captured, played again; and whole stories from scripts."""

import os
import re
import shutil
import stat
import threading

import hidmaker
import pytest

from harness import LineClient, PowerHost, usbscript, usbsim as usbsim_module, wait_until
from harness.build import CHECKOUT

pytestmark = pytest.mark.once

MAPS = CHECKOUT / "data"
RECORDED = ["apc-back-ups-es-850g2", "apc-back-ups-rs-1000g", "cyberpower-cst135uc2",
            "cyberpower-ec850lcd", "eaton-3s-700", "liebert-psi5", "minuteman-05dd-a0a0",
            "powercom-0d9f-0004", "powerwalker-vi-1200-shl", "salicru-slc-twin-pro2",
            "santak-tg-box-850", "tripplite-3016"]


class Looker:
    """usbhid-ups on a simulator, without ups.conf."""

    def __init__(self, site, sim):
        self.site, self.sim = site, sim
        self.env = {**sim.env(site), "NUT_DATAPATH": str(MAPS)}

    def __call__(self, *args, status=0):
        done = self.site.run("usbhid-ups", *args, env=self.env)
        assert done.returncode == status, done.stderr
        assert "runtime error:" not in done.stderr and "Sanitizer" not in done.stderr, done.stderr
        return done


@pytest.fixture
def look(site, usbsim):
    def make(*files):
        return Looker(site, usbsim(*files))
    return make


def with_map(site, text):
    folder = site.conf / "maps" / "usbhid-ups"
    folder.mkdir(parents=True)
    (folder / "draft.map").write_text(text)


def values(site, ups="ups"):
    with LineClient(site.socket(ups)) as c:
        c.send("DUMPALL")
        lines = c.until("DUMPDONE")
    found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in lines)
    return {m[1]: m[2] for m in found if m}, "DATAOK" in lines


# --------------------------------------------------------------------------- exploring

def test_a_device_is_explored_without_any_configuration(look):
    see = look("plain")
    out = see("--explore").stdout
    assert "# report feature 02: 02 64 10 0e" in out
    assert "# UPS.PowerSummary.RemainingCapacity feature report 02 bits 0+8" in out
    assert "MATCH usb 0463:ffff" in out
    assert not [line for line in see.sim.log() if line.startswith("set ")]


def test_of_several_devices_none_is_taken_and_all_are_listed(look):
    see = look("plain", "no-interrupt")
    done = see("--explore", status=1)
    assert "choose one by vendorid, serial or busport" in done.stderr
    assert "0463:ffff" in done.stderr and "at 1-2" in done.stderr
    assert "MATCH usb 0463:ffff" in see("--explore", "-x", "busport=1-1").stdout


def gadget(site, *lines):
    """A HID device that has nothing to do with power."""
    path = site.root / "gadget.txt"
    path.write_text("usb-id: 1209:0001\nistr: 0 0 0\n"
                    "rdesc: 06 00 ff 09 01 a1 01 09 02 15 00 26 ff 00 75 08 95 08 81 02 c0\n"
                    + "".join(f"{line}\n" for line in lines))
    return path


def test_other_hid_devices_are_passed_over(site, look):
    see = look(gadget(site), "plain")
    assert "MATCH usb 0463:ffff" in see("--explore").stdout
    assert not see.sim.device(1).log()


def test_a_device_that_has_nothing_to_do_with_power_is_not_explored_unless_it_is_meant(site, look):
    see = look(gadget(site, "kernel-driver: no"))
    done = see("--explore", status=1)
    assert "none of the power pages" in done.stderr
    assert done.stdout == ""
    assert "MATCH usb 1209:0001" in see("--explore", "-x", "vendorid=1209").stdout


def test_without_a_device_it_says_so_and_ends(look):
    see = look("plain")
    see.sim.unplug()
    done = see("--explore", status=1)
    assert "no USB device fits" in done.stderr
    assert done.stdout == ""


# What a shutdown hangs on: the draft has to say it as our own map does.
SAME = ("ups.status", "battery.charge", "battery.runtime", "battery.type", "ups.load", "ups.mfr")


def near(a, b):
    return a == b or abs(float(a) - float(b)) <= 0.1


def without_families(site):
    """A folder of data with no map for any device."""
    folder = site.root / "bare" / "maps" / "usbhid-ups"
    folder.mkdir(parents=True)
    for name in ("usages.map", "common.map"):
        shutil.copy(MAPS / "maps" / "usbhid-ups" / name, folder)
    return folder.parents[1]


def shown(see, site, draft):
    """What the driver publishes with one map, this device's."""
    ids = re.search(r"MATCH usb (\w+):(\w+)", draft)
    site.add_ups("ups", "usbhid-ups", "auto")
    lines = see("-s", "ups", "-x", "port=auto", "-x", f"vendorid={ids[1]}", "-x",
                f"productid={ids[2]}", "-d", "1", *site._as_user).stdout.splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


@pytest.mark.parametrize("name", RECORDED)
def test_a_draft_is_a_map_that_works_at_once(site, look, shared, name):
    """As if the vendor were new: there is no other map than the draft."""
    see = look(shared / f"facts/hid-devices/{name}.txt")
    draft = see("--explore").stdout
    path = site.write("draft.map", draft)
    checked = site.run("nut-mapcheck", path, env={"NUT_DATAPATH": str(MAPS)})
    assert (checked.returncode, checked.stderr) == (0, "")
    ours = shown(see, site, draft)
    with_map(site, draft)
    see.env["NUT_DATAPATH"] = str(without_families(site))
    got = shown(see, site, draft)
    assert got["driver.version.data"].startswith("Draft for")
    assert {key: got.get(key) for key in SAME} == {key: ours.get(key) for key in SAME}
    for key in ("input.voltage", "output.voltage", "input.frequency", "output.frequency"):
        if float(ours.get(key, 0)) > 0:
            assert near(got[key], ours[key]), key


def hid(path, value=0, **more):
    return hidmaker.Field(path, value, **more)


def strange(site, *fields, strings=("Nobody", "Strange UPS", "S-1")):
    """A device of a vendor that no map has."""
    ups = hidmaker.Device("1209:beef", strings=list(strings))
    for field in fields:
        ups.add(field)
    path = site.root / "strange.txt"
    path.write_text(ups.text(hidmaker.map_usages(MAPS / "maps" / "usbhid-ups" / "usages.map")))
    return path


STATUS = [hid("UPS.PowerSummary.PresentStatus.ACPresent", 1, bits=1),
          hid("UPS.PowerSummary.PresentStatus.Discharging", 0, bits=1),
          hid("UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit", 0, bits=1)]


def test_a_voltage_that_is_a_power_of_ten_off_is_scaled(site, look):
    path = strange(site, *STATUS, hid("UPS.Input.Voltage", 2301, unit=hidmaker.VOLT, exponent=1),
                   hid("UPS.Battery.ConfigVoltage", 24, unit=hidmaker.VOLT, exponent=7),
                   hid("UPS.Battery.Voltage", 273, unit=hidmaker.VOLT, exponent=7))
    out = look(path)("--explore").stdout
    assert "\nVAR UPS.Input.Voltage input.voltage scale(100000) format(%.1f) # 230.1\n" in out
    assert "\nVAR UPS.Battery.Voltage battery.voltage scale(0.1) format(%.1f) # 27.3\n" in out


def test_what_no_map_knows_is_a_comment_with_its_value(site, look):
    path = strange(site, *STATUS, hid("UPS.ff990001.ff990002", 17, bits=8, high=99))
    out = look(path)("--explore").stdout
    assert "\n# VAR UPS.ff990001.ff990002 unknown.name format(%.0f) # 17; 0..99\n" in out


def test_the_rules_of_udev_know_a_device_by_its_draft(site, look):
    with_map(site, look(strange(site, *STATUS))("--explore").stdout)
    rules = site.run("nut-mapcheck", "--udev", env={"NUT_DATAPATH": str(MAPS)}, check=True).stdout
    assert re.search("1209.*beef", rules)


def test_texts_of_the_device_end_no_comment(site, look):
    """What stands behind a row is one line, whatever the device says; and no serial number."""
    path = strange(site, *STATUS, hid("UPS.PowerSummary.iProduct", 4, bits=8),
                   hid("UPS.PowerSummary.iSerialNumber", 3, bits=8),
                   strings=["Nobody", "Strange UPS", "SECRET-1", "A\x1b[31m\x85\u2028CMD x"])
    out = look(path)("--explore").stdout
    assert "SECRET-1" not in out
    assert all(c == "\n" or " " <= c <= "~" for c in out)
    checked = site.run("nut-mapcheck", site.write("d.map", out), env={"NUT_DATAPATH": str(MAPS)})
    assert checked.returncode == 0, checked.stderr


def test_a_device_without_permission_names_the_rule_that_mends_it(site, look):
    see = look("plain")
    see.sim.mode(0o600 if os.geteuid() == 0 else 0)
    site.state.chmod(0o777)
    # A checkout of root's own folder is out of nobody's reach.
    see.env["NUT_DATAPATH"] = shutil.copytree(MAPS, site.root / "data")
    done = see("--explore", *(["-u", "nobody"] if os.geteuid() == 0 else []), status=1)
    for text in ("no permission for /dev/bus/usb/001/002", "(0463:ffff)", "62-nut-usbups.rules",
                 "root needs no permission"):
        assert text in done.stderr
    assert "trying again" not in done.stderr
    assert done.stdout == ""


# --------------------------------------------------------------------------- capturing

def captured(see, site, name, *words):
    path = site.root / name
    see("--capture", path, *words)
    return path


@pytest.mark.parametrize("name", ["plain", "no-interrupt", "odd-lengths"])
def test_the_capture_of_a_capture_is_the_same(site, look, name):
    see = look(name)
    first = captured(see, site, "first.txt")
    see.sim.close()
    second = captured(look(first), site, "second.txt")
    assert first.read_text() == second.read_text()


@pytest.mark.parametrize("name", RECORDED)
def test_a_captured_device_shows_what_the_device_showed(site, look, shared, name):
    original = shared / f"facts/hid-devices/{name}.txt"
    see = look(original)
    first = captured(see, site, "first.txt")
    site.add_ups("ups", "usbhid-ups", "auto")
    ids = re.search(r"usb-id: (\w+):(\w+)", first.read_text())
    words = ["-s", "ups", "-x", "port=auto", "-x", f"vendorid={ids[1]}", "-x",
             f"productid={ids[2]}", "-d", "1", *site._as_user]
    shown = see(*words).stdout
    see.sim.close()
    again = look(first)
    assert again(*words).stdout == shown
    second = captured(again, site, "second.txt")
    assert first.read_text() == second.read_text()


def test_a_capture_is_the_owner_s_and_overwrites_nothing(site, look):
    see = look("plain")
    path = captured(see, site, "new.txt")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    done = see("--capture", path, status=1)
    assert f"{path} is there already" in done.stderr
    assert path.read_text() == before


def test_a_serial_number_can_be_left_out(site, look):
    text = captured(look("plain"), site, "new.txt", "--capture-anonymous").read_text()
    assert "PLAIN-0001" not in text
    assert "string 3: ANONYMOUS" in text


def test_a_serial_number_is_left_out_wherever_it_is_told(site, look):
    path = strange(site, *STATUS, hid("UPS.PowerSummary.iSerialNumber", 4, bits=8),
                   hid("UPS.PowerSummary.iProduct", 5, bits=8),
                   strings=["Nobody", "Strange UPS", "S-77", "INNER-99", "Model of S-77"])
    text = captured(look(path), site, "new.txt", "--capture-anonymous").read_text()
    assert "S-77" not in text and "INNER-99" not in text
    assert [f"string {i}: ANONYMOUS" in text for i in (1, 2, 3, 4, 5)] == [
        False, False, True, True, True]


def test_a_capture_into_no_folder_says_so(site, look):
    done = look("plain")("--capture", site.root / "nowhere" / "new.txt", status=1)
    assert "new.txt cannot be written" in done.stderr


def test_a_disk_that_is_full_is_told_and_no_half_is_left(site, look):
    """A limit for the size of files stands for it: writing fails in the same way."""
    see = look("plain")
    path = site.root / "new.txt"
    process = site.start("usbhid-ups", "--capture", path, env=see.env,
                         prefix=["sh", "-c", 'trap "" XFSZ; ulimit -f 1; exec "$@"', "sh"])
    assert process.wait() == 1
    assert f"{path} cannot be written" in process.log()
    assert not path.exists()


def test_options_of_a_capture_want_a_capture(look):
    done = look("plain")("--capture-seconds", "5", status=1)
    assert "--capture FILE --capture-seconds" in done.stderr


def test_a_device_with_two_pipes_and_other_interfaces_is_captured_whole(site, look):
    original = site.root / "pipes.txt"
    original.write_text((usbsim_module.DEVICES / "plain.txt").read_text() +
                        "interrupt-out: yes\nhid-interface: 1\nother-interfaces: hid\n"
                        "packet-size: 16\n")
    text = captured(look(original), site, "new.txt", "-x", "usb_hid_rep_index=1").read_text()
    for line in ("interrupt-out: yes", "hid-interface: 1", "other-interfaces: hid",
                 "packet-size: 16"):
        assert line in text.splitlines()


class Capture:
    """A capture that watches, in the background; ends with the block."""

    def __init__(self, see, site, path, seconds):
        self.see, self.path = see, path
        self.process = site.start("usbhid-ups", "--capture", path, "--capture-seconds", seconds,
                                  env=see.env, label="capture")

    def __enter__(self):
        wait_until(lambda: self.see.sim.state()["waiting"] != "0", what=self.process.log)
        return self

    def __exit__(self, *_):
        self.process.stop()

    def wait(self, line):
        """Until that is in the file."""
        wait_until(lambda: re.search(rf"^at [\d.]+ {line}$", self.path.read_text(), re.M),
                   what=lambda: f"{line} in {self.path.read_text()}")


def test_a_device_that_comes_back_is_watched_on(site, look):
    see = look("plain")
    path = site.root / "reset.txt"
    with Capture(see, site, path, 600) as capture:
        see.sim.unplug()
        capture.wait("unplug")
        see.sim.set("feature", 0x01, "01 14")
        see.sim.plug()
        capture.wait("plug")
        capture.wait("set feature 01 01 14")
        wait_until(lambda: see.sim.state()["waiting"] != "0", what=capture.process.log)
        see.sim.interrupt("01 13")
        capture.wait("int 01 13")
    events = [event.command for event in usbscript.read(path)]
    assert events[:3] == ["unplug", "plug", "set feature 01 01 14"]


def test_what_was_seen_is_in_the_file_even_if_the_end_is_sudden(site, look):
    see = look("plain")
    path = site.root / "outage.txt"
    with Capture(see, site, path, 600) as capture:
        see.sim.interrupt("01 14")
        capture.wait("int 01 14")
        capture.process.kill()
    text = path.read_text()
    assert "report feature 06: 06 e8 00\n" in text
    assert text.endswith("int 01 14\n")


def test_what_changes_is_captured_and_played_again(site, look):
    see = look("plain")
    path = site.root / "outage.txt"
    def outage():
        wait_until(path.exists)
        wait_until(lambda: see.sim.state()["waiting"] != "0", what="a look at the pipe")
        see.sim.play("mains-off", speed=4)
    player = threading.Thread(target=outage)
    player.start()
    see("--capture", path, "--capture-seconds", "6")
    player.join()
    events = usbscript.read(path)
    commands = [event.command for event in events]
    assert "int 01 14" in commands
    assert any(command.startswith("set feature 02 02") for command in commands)
    times = [event.seconds for event in events]
    assert times == sorted(times)
    see.sim.close()
    again = look(path)
    site.add_ups("ups", "usbhid-ups", "auto", "pollinterval = 1")
    site.start_driver("ups", env=again.env)
    wait_until(lambda: values(site)[0].get("ups.status", "").startswith("OL"))
    usbscript.play(again.sim, events, speed=6)
    wait_until(lambda: values(site)[0]["ups.status"].startswith("OB"),
               what=lambda: values(site))


# ------------------------------------------------------------------------------ scripts

def test_every_script_can_be_read():
    names = sorted(path.stem for path in usbscript.SCRIPTS.glob("*.txt"))
    assert names
    for name in names:
        assert usbscript.read(name)


@pytest.mark.parametrize("line, why", [
    ("at", "write: at SECONDS COMMAND"), ("at x unplug", "write: at SECONDS COMMAND"),
    ("at 1", "write: at SECONDS COMMAND"), ("after -5 plug", "write: at SECONDS COMMAND"),
    ("now unplug", "write: at SECONDS COMMAND"), ("at 1 explode", 'no command "explode"'),
    ("at 1 ramp feature 02 1 5", "for ramp"), ("at 1 ramp feature 02 1 5 300 2", "for ramp"),
    ("at 1 set feature 1z 00", "for set"), ("at 1 set output 01 00", "for set"),
    ("at 1 int 1", "for int"), ("at 1 unplug now", "for unplug")])
def test_a_mistake_in_a_script_names_file_and_line(line, why):
    with pytest.raises(usbscript.Mistake, match=rf"^story\.txt:2: .*{why}"):
        usbscript.parse(f"# a story\n{line}\n", "story.txt")


def test_what_a_device_cannot_do_is_told_with_file_and_line(usbsim):
    sim = usbsim("plain")
    events = usbscript.parse("at 0 unplug\nat 0 unplug\n", "story.txt")
    with pytest.raises(usbscript.Mistake, match=r"^story\.txt:2: .*not plugged in"):
        usbscript.play(sim, events)
    events = usbscript.parse("at 0 ramp feature 01 9 1 2 0\n", "story.txt")
    with pytest.raises(usbscript.Mistake, match=r"^story\.txt:1: .*no byte 9"):
        usbscript.play(sim, events)


class Watch:
    """All values of ups.status, one after another: the driver's, or what upsd's clients see."""

    def __init__(self, site, upsd=None):
        self.statuses = []
        self._ask = (lambda: upsd.value("ups", "ups.status")) if upsd else (
            lambda: values(site)[0].get("ups.status"))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.wait(0.05):
            status = self._ask()
            # A device that is opened anew says nothing for a moment.
            if status and (not self.statuses or self.statuses[-1] != status):
                self.statuses.append(status)

    def __enter__(self):
        self._thread.start()
        wait_until(lambda: self.statuses)
        return self.statuses

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def power(status):
    return " ".join(w for w in status.split() if w in ("OL", "OB", "LB"))


def serve(site, see, *lines):
    site.add_ups("ups", "usbhid-ups", "auto", "pollinterval = 1", *lines)
    site.start_driver("ups", env=see.env)
    wait_until(lambda: values(site)[1] and values(site)[0]["ups.status"].startswith("OL"),
               what=lambda: f"OL, not {values(site)}")


def test_an_outage_is_seen_from_its_beginning_to_its_end(site, look):
    see = look("plain")
    serve(site, see)
    with Watch(site) as statuses:
        see.sim.play("outage", speed=2)
        wait_until(lambda: power(statuses[-1]) == "OL", what=lambda: statuses)
    assert story(statuses) == ["OL", "OB", "OB LB", "OL"]


def story(statuses):
    """Without what is said twice, and charging and the like."""
    powers = [power(s) for s in statuses]
    return [s for i, s in enumerate(powers) if i == 0 or s != powers[i - 1]]


@pytest.fixture
def computer(site):
    """upsd, and upsmon that guards this computer, with a SHUTDOWNCMD that only leaves a note."""
    def make(see, *lines):
        serve(site, see, "pollfreq = 1")
        site.add_user("mon", "secret", "upsmon primary")
        upsd = site.start_upsd()
        host = PowerHost(site, "host", site.root / "journal")
        host.start(f"MONITOR ups@127.0.0.1:{upsd.port} 1 mon secret primary", *lines)
        with upsd.client() as client:
            wait_until(lambda: client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1",
                       what=upsd.log)
        return upsd, host
    return make


def kinds(host):
    return [kind for kind, _, _ in host.notices()]


def test_a_low_battery_shuts_the_computer_down(site, look, computer):
    """The whole way: device, driver, upsd, upsmon, SHUTDOWNCMD; and not before the battery is low."""
    see = look("plain")
    upsd, host = computer(see)
    events = usbscript.read("mains-off")
    low = next(i for i, event in enumerate(events) if event.command == "set feature 01 01 1c")
    with Watch(site, upsd) as statuses:
        usbscript.play(see.sim, events[:low], speed=4)
        host.wait_notice("ONBATT")
        upsd.wait_for("ups", "battery.charge", "8")
        assert not host.is_down()
        usbscript.play(see.sim, events[low:], speed=4)
        host.wait_down()
        wait_until(lambda: "FSD" in statuses[-1], what=lambda: statuses)
    assert story(statuses) == ["OL", "OB", "OB LB"]
    wait_until(lambda: {"LOWBATT", "SHUTDOWN"} <= set(kinds(host)), what=host.notices)
    assert kinds(host)[0] == "ONBATT"


def test_an_outage_with_a_reset_shuts_nothing_down(look, computer, shared):
    see = look(shared / "facts/hid-devices/cyberpower-ec850lcd.txt")
    upsd, host = computer(see)
    see.sim.play("outage-reset")
    host.wait_notice("ONBATT")
    host.wait_notice("ONLINE")
    upsd.wait_for("ups", "ups.status", lambda s: s.startswith("OL"))
    assert not host.is_down()
    assert "FSD" not in kinds(host)


def test_a_device_that_is_pulled_out_on_mains_shuts_nothing_down(look, computer):
    see = look("plain")
    upsd, host = computer(see)
    see.sim.unplug()
    host.wait_notice("COMMBAD")
    see.sim.plug()
    host.wait_notice("COMMOK")
    upsd.wait_for("ups", "ups.status", lambda s: s.startswith("OL"))
    assert not host.is_down()


def test_a_device_that_is_lost_on_battery_shuts_the_computer_down(look, computer):
    """Nobody knows how long the battery lasts: after DEADTIME it counts as low."""
    see = look("plain")
    _, host = computer(see, "DEADTIME 5")
    see.sim.play("lost-on-battery", speed=2)
    host.wait_down()
    assert kinds(host)[0] == "ONBATT"


def test_a_device_that_is_pulled_out_comes_back_each_time(site, look):
    see = look("plain")
    serve(site, see)
    see.sim.play("replug", speed=2)
    wait_until(lambda: values(site)[1], what=lambda: values(site))
    assert values(site)[0]["ups.status"].startswith("OL")


def test_a_device_that_falls_silent_goes_stale_and_comes_back(site, look):
    see = look("plain")
    serve(site, see)
    player = threading.Thread(target=lambda: see.sim.play("silent"))
    player.start()
    wait_until(lambda: not values(site)[1], what="data that are stale")
    player.join()
    wait_until(lambda: values(site)[1], what=lambda: values(site))


def test_a_device_that_is_frozen_is_believed_until_it_is_plugged_in_anew(site, look):
    """It answers, and what it says is possible: nobody can know better.  Its next words count."""
    see = look("plain")
    serve(site, see)
    with Watch(site) as statuses:
        see.sim.play("frozen", speed=2)
        wait_until(lambda: power(statuses[-1]) == "OB", what=lambda: statuses)
    assert {power(s) for s in statuses} == {"OL", "OB"}


def test_an_outage_with_a_reset_in_it_ends_on_mains(site, look, shared):
    see = look(shared / "facts/hid-devices/cyberpower-ec850lcd.txt")
    serve(site, see)
    with Watch(site) as statuses:
        see.sim.play("outage-reset", speed=2)
        wait_until(lambda: values(site)[1] and values(site)[0]["ups.status"].startswith("OL"),
                   what=lambda: values(site))
    assert any(s.startswith("OB") for s in statuses)
