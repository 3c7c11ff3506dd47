"""Devices that nobody knows: looked at, captured, played again; and whole stories from scripts."""

import re
import stat
import threading

import pytest

from harness import LineClient, PowerHost, usbscript, wait_until
from harness.build import CHECKOUT

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
        return done


@pytest.fixture
def look(site, usbsim):
    def make(*files):
        return Looker(site, usbsim(*files))
    return make


def draft_of(text):
    return text[text.index("\nMAP ") + 1:]


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
    assert "report feature 02: 02 64 10 0e" in out
    assert "# UPS.PowerSummary.RemainingCapacity feature report 02 bits 0+8" in out
    assert "MATCH usb 0463:ffff" in out
    assert not [line for line in see.sim.log() if line.startswith("set ")]


def test_of_several_devices_none_is_taken_and_all_are_listed(look):
    see = look("plain", "no-interrupt")
    done = see("--explore", status=1)
    assert "choose one by vendorid, serial or busport" in done.stderr
    assert "0463:ffff" in done.stderr and "at 1-2" in done.stderr
    assert "MATCH usb 0463:ffff" in see("--explore", "-x", "busport=1-1").stdout


def test_without_a_device_it_says_so_and_ends(look):
    see = look("plain")
    see.sim.unplug()
    done = see("--explore", status=1)
    assert "no USB device fits" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", RECORDED)
def test_a_draft_is_a_map_that_works_at_once(site, look, shared, name):
    """As if the vendor were new: only the draft claims this device."""
    see = look(shared / f"facts/hid-devices/{name}.txt")
    draft = draft_of(see("--explore").stdout)
    path = site.write("draft.map", draft)
    checked = site.run("nut-mapcheck", path, env={"NUT_DATAPATH": str(MAPS)})
    assert (checked.returncode, checked.stderr) == (0, "")
    with_map(site, draft)
    ids = re.search(r"MATCH usb (\w+):(\w+)", draft)
    site.add_ups("ups", "usbhid-ups", "auto", f"vendorid = {ids[1]}",
                 f"subdriver = device-{ids[1]}-{ids[2]}", "pollinterval = 1")
    site.start_driver("ups", env=see.env)
    wait_until(lambda: values(site)[1], what=lambda: f"fresh data, not {values(site)}")
    got, _ = values(site)
    assert re.search(r"\bO[LB]\b", got["ups.status"])
    assert any(key.startswith("battery.") for key in got)


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


def test_a_capture_into_no_folder_says_so(site, look):
    done = look("plain")("--capture", site.root / "nowhere" / "new.txt", status=1)
    assert "new.txt cannot be written" in done.stderr


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
    commands = [command for _, command in events]
    assert "int 01 14" in commands
    assert any(command.startswith("set feature 02 02") for command in commands)
    times = [seconds for seconds, _ in events]
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


@pytest.mark.parametrize("line", ["at", "at x unplug", "at 1", "after -5 plug", "now unplug",
                                  "at 1 ramp feature 02 1 5"])
def test_a_mistake_in_a_script_names_file_and_line(line):
    with pytest.raises(usbscript.Mistake, match=r"^story\.txt:2: write: at SECONDS COMMAND"):
        usbscript.parse(f"# a story\n{line}\n", "story.txt")


class Watch:
    """All values of ups.status, one after another."""

    def __init__(self, site):
        self.site, self.statuses = site, []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.wait(0.05):
            status = values(self.site)[0].get("ups.status")
            if not self.statuses or self.statuses[-1] != status:
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
    story = [power(s) for s in statuses]
    assert [s for i, s in enumerate(story) if i == 0 or s != story[i - 1]] == [
        "OL", "OB", "OB LB", "OL"]


def test_a_low_battery_shuts_the_computer_down(site, look):
    """The whole way: device, driver, upsd, upsmon, SHUTDOWNCMD."""
    see = look("plain")
    serve(site, see)
    site.add_user("mon", "secret", "upsmon primary")
    upsd = site.start_upsd()
    host = PowerHost(site, "host", site.root / "journal")
    host.start(f"MONITOR ups@127.0.0.1:{upsd.port} 1 mon secret primary")
    wait_until(lambda: "mon" in upsd.log() or "logged in" in upsd.log(), what=upsd.log)
    see.sim.play("mains-off", speed=4)
    host.wait_down()


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


def test_an_outage_with_a_reset_in_it_ends_on_mains(site, look, shared):
    see = look(shared / "facts/hid-devices/cyberpower-ec850lcd.txt")
    serve(site, see)
    with Watch(site) as statuses:
        see.sim.play("outage-reset", speed=2)
        wait_until(lambda: values(site)[1] and values(site)[0]["ups.status"].startswith("OL"),
                   what=lambda: values(site))
    assert any(s.startswith("OB") for s in statuses)
