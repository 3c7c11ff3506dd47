"""The life of a device, as usbhid-ups sees it: gone at any moment, another one, silent, changed."""

import time

import pytest

from harness import LineClient, wait_until
from test_usb_transport import variant
from test_usbhid import Ups

CALLS_MOST = 120  # of programs, until the driver of a plain device is up; far more than it needs


def gone_after(sim, ups, calls):
    """True if the device was gone again before the data were fresh."""
    sim.unplug()
    ups.wait_fresh(False)
    sim.fuse(calls)
    sim.plug()

    def settled():
        return "DATAOK" in ups.dump() or sim.state()["plugged"] == "0"
    wait_until(settled, what=lambda: f"{sim.state()}; log:\n{ups.process.log()}")
    blown = sim.state()["plugged"] == "0"
    sim.fuse(0)
    if not blown:
        return False
    assert "DATAOK" not in ups.dump() or sim.state()["fuse"] == "0"
    sim.plug()
    ups.wait_fresh()
    return True


def test_a_device_may_go_at_any_call_until_the_driver_is_up(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim)
    ups.wait_fresh()
    calls = 1
    while gone_after(sim, ups, calls):
        calls += 1
        assert calls < CALLS_MOST
    assert calls > 15  # or nothing was tried
    assert ups.values()["ups.status"] == "OL"


@pytest.mark.parametrize("calls", [1, 2, 5, 8, 12, 16, 20, 30])
def test_a_device_that_goes_while_it_is_opened_for_the_first_time_is_found_again(
        site, usbsim, calls):
    sim = usbsim("plain")
    sim.fuse(calls, plug=True)
    ups = Ups(site, sim)
    ups.wait_fresh()
    assert ups.values()["ups.status"] == "OL"
    assert ups.values()["ups.serial"] == "PLAIN-0001"


def test_nothing_of_another_device_remains(site, usbsim):
    other = site.root / "other.txt"
    other.write_text(variant(site, "plain", string_2="Other UPS", istr="1 2 0").read_text())
    sim = usbsim("plain", other)
    sim.device(2).command("short feature 02 1")  # it gives no charge
    sim.device(2).unplug()
    sim.text(3)
    ups = Ups(site, sim, "default.battery.type = PbAc", "override.ups.id = mine")
    ups.wait_fresh()
    before = ups.values()
    assert before["ups.model"] == "Plain UPS" and "battery.charge" in before
    sim.unplug()
    ups.wait_fresh(False)
    assert ups.values()["battery.charge"] == before["battery.charge"]  # the last that was known
    sim.device(2).plug()
    ups.wait_fresh()
    after = ups.values()
    assert after["ups.model"] == after["device.model"] == "Other UPS"
    assert "battery.charge" not in after and "battery.runtime" not in after
    assert after["battery.type"] == "PbAc" and after["ups.id"] == "mine"
    assert after["device.type"] == "ups"
    assert "ADDCMD shutdown.default" in ups.dump()


def test_a_serial_number_that_comes_late_is_waited_for(site, usbsim):
    sim = usbsim("plain")
    sim.text(3)
    ups = Ups(site, sim, "serial = LATE-1", start=False)
    ups.process = site.start_driver("ups", env=ups.env, wait=False)
    ups.process.wait_log("no USB device fits")
    sim.text(3, "LATE-1")
    ups.wait_fresh()
    assert ups.values()["ups.serial"] == "LATE-1"


def test_a_device_that_forgets_its_serial_number_is_the_same_at_its_port(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim)
    ups.wait_fresh()
    sim.unplug()
    ups.wait_fresh(False)
    sim.text(3)
    sim.plug()
    ups.wait_fresh()
    assert "ups.serial" not in ups.values()
    sim.unplug()
    ups.wait_fresh(False)
    sim.text(3, "ANOTHER")
    sim.plug()
    ups.process.wait_log('serial "ANOTHER", at 1-1 is another one')
    assert "DATASTALE" in ups.dump()


def test_a_device_that_freezes_on_its_status_only_is_stale_and_alive_again(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "pollonly")
    ups.wait_fresh()
    sim.hang("feature", 1)
    ups.wait_fresh(False)
    assert ups.values()["ups.status"] == "OL"
    sim.hang("feature", 1, on=False)
    sim.set("feature", 1, "01 14")
    ups.wait_fresh()
    assert ups.values()["ups.status"] == "OB DISCHRG"


@pytest.mark.parametrize("length", [0, 1, 65535])
def test_a_status_of_a_wrong_length_is_no_reading(site, usbsim, length):
    sim = usbsim("plain")
    ups = Ups(site, sim, "pollonly")
    ups.wait_fresh()
    sim.set("feature", 1, "01 14")
    sim.length("feature", 1, length)
    ups.wait_fresh(False)
    assert ups.values()["ups.status"] == "OL"
    sim.length("feature", 1)
    ups.wait_value("ups.status", "OB DISCHRG")


# ------------------------------------------------------------------------------ interruptonly


def test_with_interruptonly_nothing_is_said_before_the_device_has_spoken(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "interruptonly")
    wait_until(lambda: int(sim.state()["controls"]) > 12)
    assert "DATASTALE" in ups.dump() and "ups.status" not in ups.values()
    sim.interrupt("01 11")
    ups.wait_fresh()
    assert ups.values()["ups.status"] == "OL"
    assert not [line for line in sim.command("gets") if line.startswith("feature")]
    assert "opening it anew" not in ups.process.log()


def test_with_interruptonly_a_dead_device_is_stale_and_a_quiet_one_is_not(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "interruptonly")
    sim.wait_state(waiting=1)
    sim.interrupt("01 11")
    ups.wait_fresh()
    before = int(sim.state()["controls"])
    wait_until(lambda: int(sim.state()["controls"]) > before + 3)
    assert "DATAOK" in ups.dump()
    sim.hang()
    ups.wait_fresh(False)
    sim.hang(on=False)
    ups.wait_fresh()


def test_interruptonly_needs_an_interrupt_pipe(site, usbsim):
    path = site.root / "mute.txt"
    path.write_text((variant(site, "plain").read_text()) + "interrupt-pipe: no\n")
    ups = Ups(site, usbsim(path), "interruptonly", start=False)
    ups.process = site.start_driver("ups", env=ups.env, wait=False)
    ups.process.wait_log("has no interrupt pipe to listen to")


def claims(sim):
    return sim.log().count("claim 0")


def test_a_pipe_that_says_nothing_for_so_many_polls_is_opened_anew(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "interrupt_pipe_no_events_tolerance = 2")
    ups.wait_fresh()
    with LineClient(site.socket("ups")) as c:
        wait_until(lambda: claims(sim) > 2)
        c.send("PING")
        told = c.until("PONG")
    assert not [line for line in told if line.startswith(("DATASTALE", "DELINFO"))], told
    sim.set("feature", 1, "01 14")
    ups.wait_value("ups.status", "OB DISCHRG")


def test_without_that_option_a_silent_pipe_is_no_reason(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "interrupt_pipe_no_events_tolerance = -1", "pollfreq = 1")
    ups.wait_fresh()
    before = int(sim.state()["controls"])
    wait_until(lambda: int(sim.state()["controls"]) > before + 30)
    assert claims(sim) == 1


def test_waitbeforereconnect_keeps_away_for_so_long(site, usbsim):
    sim = usbsim("plain")
    ups = Ups(site, sim, "waitbeforereconnect = 4")
    ups.wait_fresh()
    sim.unplug()
    ups.wait_fresh(False)
    gone = time.monotonic()
    sim.plug()
    ups.wait_fresh()
    assert time.monotonic() - gone > 3


def test_options_that_are_of_use_elsewhere_only_keep_nobody_from_starting(site, usbsim):
    ups = Ups(site, usbsim("plain"), "winhid")
    ups.wait_fresh()


# ------------------------------------------------------------------------------ descriptions


@pytest.mark.parametrize("config, request_", [(175, 403), (403, 175), (0, 175), (175, 0)])
def test_a_report_descriptor_of_two_lengths_is_read(site, usbsim, config, request_):
    path = site.root / "lengths.txt"
    path.write_text(variant(site, "plain").read_text() +
                    f"rdesc-length-config: {config}\nrdesc-length-request: {request_}\n")
    ups = Ups(site, usbsim(path))
    ups.wait_fresh()
    assert ups.values()["battery.charge"] == "100"


def test_texts_that_stall_or_are_no_ascii_hurt_nobody(site, usbsim):
    sim = usbsim("plain")
    sim.text(1)
    sim.text(2, "Netz\u00f6r \u96fb")
    ups = Ups(site, sim)
    ups.wait_fresh()
    assert ups.values()["ups.model"] == "Netz?r ?"


def described(site, *lines, **changes):
    path = site.root / "described.txt"
    path.write_text(variant(site, "plain", **changes).read_text() + "\n".join(lines) + "\n")
    return path


def test_the_right_one_of_several_hid_descriptors_is_asked_for(site, usbsim):
    sim = usbsim(described(site, "hid-descriptors-before: 1"))
    ups = Ups(site, sim, "usb_hid_desc_index = 1")
    ups.wait_fresh()
    assert ups.values()["battery.charge"] == "100"


@pytest.mark.parametrize("index", ["1", "0x01"])
def test_a_configuration_of_two_is_selected_once(site, usbsim, index):
    sim = usbsim(described(site, "configurations: 2", "kernel-driver: no"))
    ups = Ups(site, sim, f"usb_config_index = {index}")
    ups.wait_fresh()
    assert sim.log()[:2] == ["set-configuration 2", "claim 0"]
    sim.unplug()
    ups.wait_fresh(False)
    sim.plug()
    ups.wait_fresh()
    assert sim.log().count("set-configuration 2") == 2


def test_reports_without_numbers_are_read_and_written(site, usbsim):
    path = site.root / "bare.txt"
    path.write_text("usb-id: 0463:ffff\nistr: 1 2 3\nstring 1: Chestnut\nstring 2: Bare UPS\n"
                    "string 3: BARE-1\n"
                    "rdesc: 05 84 09 04 a1 01 09 24 a1 02 05 85 15 00 25 64 75 08 95 01 09 66 b1 02\n"
                    "rdesc: 25 01 75 01 95 01 05 84 09 02 a1 02 05 85 09 d0 b1 02 09 44 b1 02\n"
                    "rdesc: 09 45 b1 02 09 42 b1 02 95 04 b1 03 c0 c0 c0\n"
                    "report feature 00: 57 01\n")
    ups = Ups(site, usbsim(path), "pollonly")
    ups.wait_fresh()
    assert ups.values()["ups.status"] == "OL"
    assert ups.values()["battery.charge"] == "87"
    ups.sim.set("feature", 0, "56 04")
    ups.wait_value("ups.status", "OB DISCHRG")
    ups.sim.set("feature", 0, "56 0c")
    ups.wait_value("ups.status", "OB DISCHRG LB")
