"""The USB transport, by a driver that shows it (tests/driver/probe-usb.c) on simulated devices."""

import os
import re
import signal

import pytest

from harness import LineClient, wait_until
from harness.usbsim import DEVICES


class Probe:
    """A probe-usb of a section, on a simulator."""

    def __init__(self, site, sim, *lines, name="ups", start=True):
        self.site, self.sim, self.name = site, sim, name
        site.add_ups(name, "probe-usb", "auto", "pollinterval = 1", *lines)
        self.process = self.start() if start else None

    def start(self, *args, wait=True):
        self.process = self.sim.start_driver(self.site, self.name, *args, wait=wait)
        return self.process

    def connect(self):
        return LineClient(self.site.socket(self.name))

    def dump(self):
        with self.connect() as c:
            c.send("DUMPALL")
            return c.until("DUMPDONE")

    def values(self):
        found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in self.dump())
        return {m[1]: m[2] for m in found if m}

    def wait_value(self, name, value):
        last = [None]

        def reached():
            last[0] = self.values().get(name)
            return value(last[0]) if callable(value) else last[0] == value
        wait_until(reached, what=lambda: f"{name} is {last[0]!r}, not {value!r}; log:\n"
                                         f"{self.process.log()}")
        return last[0]

    def wait_fresh(self, fresh=True):
        word = "DATAOK" if fresh else "DATASTALE"
        wait_until(lambda: word in self.dump(),
                   what=lambda: f"{word}; log:\n{self.process.log()}")

    def order(self, command, value=""):
        """Gives a command, without waiting for its end."""
        with self.connect() as c:
            c.send(f'INSTCMD {command} "{value}"')
            c.send("PING")
            c.until("PONG")

    def ask(self, command, value=""):
        """The result of a command."""
        self.order(command, value)
        head = f"{value} > "
        return self.wait_value("usb.result", lambda text: text and text.startswith(head))[len(head):]


def variant(site, name, **changes):
    """A device file like another one, with other texts: variant(site, "plain", string_3="X")."""
    text = (DEVICES / f"{name}.txt").read_text()
    for key, value in changes.items():
        line = key.replace("_", " ")
        text, count = re.subn(rf"^{line}: .*$", f"{line}: {value}", text, flags=re.MULTILINE)
        assert count == 1
    site_file = site.root / f"{name}-{len(list(site.root.iterdir()))}.txt"
    site_file.write_text(text)
    return site_file


def fails_to_start(probe, *texts):
    """The driver does not find its device, and says these texts."""
    probe.start()
    for text in texts:
        probe.process.wait_log(text)


# ---------------------------------------------------------------------------------- finding


@pytest.mark.parametrize("line", [
    "vendorid = 1209", "productid = 000[2-9]", 'vendor = "chestnut odd works"', "product = \"odd.*\"",
    "serial = \"0002 X\"", "device = 003", "device = 3", "busport = 002", "busport = 2",
    "busport = 1-2"])
def test_a_device_is_found_by_each_option(site, usbsim, line):
    probe = Probe(site, usbsim("plain", "odd-lengths"), "bus = 001", line)
    probe.wait_value("usb.id", "1209:0002")
    probe.wait_value("usb.way", "1-2")
    probe.wait_fresh()


def test_options_hold_together(site, usbsim):
    sim = usbsim(variant(site, "plain", string_3="A"), variant(site, "plain", string_3="B"))
    probe = Probe(site, sim, "vendorid = 0463", "productid = ffff", "serial = B", "busport = 2")
    probe.wait_value("ups.serial", "B")


@pytest.mark.parametrize("line", [
    "serial = \"(PLAIN)-000(1|2)\"", "serial = \"x|plain-.*\"", "vendorid = 0463|051d",
    "product = \" ?p[l]ain ups\""])
def test_a_pattern_is_an_extended_expression(site, usbsim, line):
    Probe(site, usbsim("plain"), line).wait_value("usb.id", "0463:ffff")


@pytest.mark.parametrize("value, selected", [("", True), (" = 0", True), (" = 1", True),
                                             (" = no", False)])
def test_the_alternate_setting_may_be_none_of_them(site, usbsim, value, selected):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463", f"usb_set_altinterface{value}")
    probe.wait_fresh()
    assert bool([line for line in sim.log() if line.startswith("set-interface")]) == selected


@pytest.mark.parametrize("line", ["serial = PLAIN", "product = UPS", "vendorid = 046", "bus = 2"])
def test_a_pattern_has_to_match_the_whole(site, usbsim, line):
    probe = Probe(site, usbsim("plain"), line, start=False)
    fails_to_start(probe, "no USB device fits")


def test_what_was_seen_is_named_where_nothing_fits(site, usbsim):
    probe = Probe(site, usbsim("plain"), "vendorid = 0463", "serial = other", start=False)
    fails_to_start(probe, '0463:ffff "Chestnut" "Plain UPS", serial "PLAIN-0001", at 1-1 does not')


@pytest.mark.parametrize("lines, text", [
    (["serial = \"(\""], "serial = \"(\" is no regular expression"),
    (["vendor = \"a[\""], "vendor = \"a[\" is no regular expression"),
    (["busport = \"*)|(\""], "busport = \"*)|(\" is no regular expression"),
    ([], "fits any USB device"),
    (["vendorid = 0463", "usb_hid_ep_in = x1"], "usb_hid_ep_in = \"x1\""),
    (["vendorid = 0463", "usb_set_altinterface = many"], "usb_set_altinterface = \"many\"")])
def test_options_that_cannot_be_right_end_the_driver(site, usbsim, lines, text):
    probe = Probe(site, usbsim("plain"), *lines, start=False)
    process = probe.start(wait=False)
    assert process.wait() != 0
    assert text in process.log()


def test_the_driver_has_the_last_word(site, usbsim):
    sim = usbsim("plain", variant(site, "plain", string_2="Better UPS"))
    probe = Probe(site, sim, "vendorid = 0463", 'only = "Better UPS"')
    probe.wait_value("usb.way", "1-2")


def test_other_ids_are_left_alone(site, usbsim):
    sim = usbsim("plain", "odd-lengths")
    probe = Probe(site, sim, "known = 1209:0002")
    probe.wait_value("usb.way", "1-2")
    assert sim.state()["controls"] == "0"


def test_a_device_whose_texts_stall_is_found_by_its_ids(site, usbsim):
    sim = usbsim("plain")
    sim.stall("strings")
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_value("ups.serial", "")
    probe.wait_fresh()


def test_a_device_that_comes_after_the_driver_is_taken(site, usbsim):
    sim = usbsim("plain")
    sim.unplug()
    probe = Probe(site, sim, "vendorid = 0463", start=False)
    fails_to_start(probe, "no USB device fits")
    sim.plug()
    probe.wait_fresh()


# ------------------------------------------------------------------------- inside the device


def test_the_second_interface_is_taken_if_that_is_the_one_for_hid(site, usbsim):
    sim = usbsim("odd-lengths")
    probe = Probe(site, sim, "vendorid = 1209")
    probe.wait_value("usb.interface", "1")
    probe.wait_value("usb.packet", "5")
    probe.wait_value("ups.mfr", "Chestnut Odd Works")
    probe.wait_value("usb.release", str(0x1234))
    assert "claim 1" in sim.log()


def test_an_interface_can_be_asked_for(site, usbsim):
    sim = usbsim("odd-lengths")
    probe = Probe(site, sim, "vendorid = 1209", "usb_hid_rep_index = 0", "usb_hid_ep_in = 82",
                  "usb_config_index = 0", "usb_set_altinterface", "silent", start=False)
    fails_to_start(probe)
    probe.wait_value("usb.interface", "0")
    probe.wait_value("usb.packet", "0")
    assert "set-interface 0" in sim.log()


def test_an_interface_that_is_not_there_is_named(site, usbsim):
    probe = Probe(site, usbsim("plain"), "vendorid = 0463", "usb_hid_rep_index = 3", start=False)
    fails_to_start(probe, "has no interface 3")


def test_the_report_descriptor_is_read_whatever_its_length_is_said_to_be(site, usbsim):
    probe = Probe(site, usbsim("odd-lengths"), "vendorid = 1209")
    start = ": 05 84 09 04 a1 01 09 24"
    assert probe.ask("usb.rdesc", "best") == "78" + start
    assert probe.ask("usb.rdesc", "request") == "78" + start
    assert probe.ask("usb.rdesc", "config") == "40" + start


def test_a_report_descriptor_may_be_refused(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    sim.stall("rdesc")
    assert probe.ask("usb.rdesc", "best") == "stall"
    sim.stall("rdesc", on=False)
    assert probe.ask("usb.rdesc", "config").startswith("175: 05 84")


def test_the_kernels_driver_has_the_device_before_and_after(site, usbsim):
    sim = usbsim("plain")
    sim.wait_state(driver="usbhid")
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_fresh()
    assert sim.log() == ["detach", "claim 0"]
    sim.wait_state(driver="usbfs")
    assert probe.process.stop() == 0
    assert sim.log() == ["detach", "claim 0", "release", "attach"]
    sim.wait_state(driver="usbhid")


# -------------------------------------------------------------------------------- transfers


def test_reports_are_read_and_written(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    assert probe.ask("usb.get", "feature 02 8") == "02 64 10 0e"
    assert probe.ask("usb.get", "input 01 8") == "01 11"
    assert probe.ask("usb.set", "03 03 14 00") == "written"
    assert sim.get("feature", 3) == bytes([3, 0x14, 0])
    assert "set feature 03: 03 14 00" in sim.log()
    assert probe.ask("usb.string", "2") == "Plain UPS"


def test_a_device_that_says_no_stays(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    assert probe.ask("usb.get", "feature 77 8") == "stall"
    assert probe.ask("usb.string", "99") == "stall"
    assert probe.ask("usb.string", "0") == "stall"
    sim.stall("feature", 2)
    assert probe.ask("usb.get", "feature 02 9") == "stall"
    sim.stall("feature", 2, on=False)
    assert probe.ask("usb.get", "feature 02 10") == "02 64 10 0e"
    assert sim.log() == ["detach", "claim 0"]


def test_a_transfer_that_takes_too_long_is_given_up_and_the_next_one_works(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    sim.hang("feature", 2)
    assert probe.ask("usb.get", "feature 02 8 300") == "timeout"
    sim.wait_state(waiting=1)  # nothing is left but the interrupt pipe
    sim.hang("feature", 2, on=False)
    assert probe.ask("usb.get", "feature 02 8 60000") == "02 64 10 0e"


def test_answers_of_any_length_are_taken(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    sim.length("feature", 2, 1)
    assert probe.ask("usb.get", "feature 02 8") == "02"
    sim.length("feature", 2, 0)
    assert probe.ask("usb.get", "feature 02 9") == ""
    sim.length("feature", 2, 7)
    assert probe.ask("usb.get", "feature 02 10") == "02 64 10 0e ee ee ee"
    assert probe.ask("usb.get", "feature 02 2") == "failed"  # it says more than there is room for
    sim.length("feature", 2)
    assert probe.ask("usb.get", "feature 02 3") == "02 64 10"


def test_the_socket_is_served_while_a_transfer_hangs(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463", "silent")
    probe.wait_fresh()
    sim.hang("feature", 2)
    probe.order("usb.get", "feature 02 8 600000")
    sim.wait_state(waiting=1)
    for _ in range(5):
        with probe.connect() as c:
            c.send("PING")
            c.until("PONG")
    assert "usb.result" not in probe.values()
    sim.wait_state(waiting=1)


def test_the_end_does_not_wait_for_a_device_that_hangs(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_fresh()
    sim.hang("feature", 2)
    probe.order("usb.get", "feature 02 8 600000")
    sim.wait_state(waiting=2)
    assert probe.process.stop() == 0
    # A real kernel would read its reports, and keep the driver for as long as that fails.
    sim.wait_state(driver="-")
    assert "attach" not in sim.log()


def test_a_device_that_never_answers_is_stale_and_alive_again_by_itself(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463", "patience = 200")
    probe.wait_fresh()
    sim.hang()
    probe.wait_fresh(False)
    sim.hang(on=False)
    probe.wait_fresh()


# ------------------------------------------------------------------------ interrupt reports


def test_interrupt_packets_come_by_themselves(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463", "pollinterval = 300")
    probe.wait_fresh()
    sim.interrupt("01 04")
    probe.wait_value("usb.interrupt", "01 04")
    sim.interrupt("02 32 08 07 00 00 00 00")
    sim.interrupt("01 11")
    probe.wait_value("usb.interrupt.count", "3")
    probe.wait_value("usb.interrupt", "01 11")


def test_interrupt_packets_come_while_a_transfer_hangs(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_fresh()
    sim.hang("feature", 2)
    probe.order("usb.get", "feature 02 8 600000")
    sim.wait_state(waiting=2)
    sim.interrupt("01 04")
    probe.wait_value("usb.interrupt", "01 04")
    assert "usb.result" not in probe.values()


@pytest.mark.parametrize("fault", ["stall", "proto", "overflow"])
def test_a_fault_of_the_interrupt_pipe_passes(site, usbsim, fault):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    sim.wait_state(waiting=1)
    sim.interrupt_fault(fault)
    sim.interrupt("01 05")
    probe.wait_value("usb.interrupt", "01 05")
    assert ("clear-halt 81" in sim.log()) == (fault == "stall")
    assert "usb.interrupt.end" not in probe.values()


def test_packets_that_are_larger_than_their_endpoint_get_room(site, usbsim):
    sim = usbsim("odd-lengths")
    probe = Probe(site, sim, "vendorid = 1209")
    sim.wait_state(waiting=1)
    sim.interrupt("01 02 03 04 05 06 07")  # is lost: there was room for five
    probe.wait_value("usb.failed", "1")
    sim.interrupt("01 02 03 04 05 06 08")
    probe.wait_value("usb.interrupt", "01 02 03 04 05 06 08")


def test_a_device_without_an_interrupt_pipe_is_polled(site, usbsim):
    sim = usbsim("no-interrupt")
    probe = Probe(site, sim, "vendorid = 1209")
    probe.wait_fresh()
    probe.wait_value("usb.packet", "0")
    assert probe.ask("usb.read", "100") == "stall"
    assert probe.ask("usb.write", "01 02") == "stall"
    sim.set("feature", 1, "01 02")
    probe.wait_value("ups.status", "OB")


def test_a_single_packet_can_be_waited_for(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463", "silent")
    assert probe.ask("usb.read", "100") == "timeout"
    sim.interrupt("01 22")
    assert probe.ask("usb.read", "50000") == "01 22"


# --------------------------------------------------------------- devices that come and go


def test_a_device_is_back_at_once_after_a_short_unplug(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_fresh()
    for number in (3, 4, 5):
        sim.unplug()
        sim.plug()
        probe.wait_value("usb.node", f"/dev/bus/usb/001/00{number}")
        probe.wait_fresh()


def test_a_device_is_back_after_a_long_unplug(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_fresh()
    sim.unplug()
    probe.wait_fresh(False)
    probe.process.wait_log("its device is away")
    sim.plug(77)
    probe.wait_value("usb.node", "/dev/bus/usb/001/077")
    probe.wait_fresh()


def test_a_device_may_come_back_under_its_old_number(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_fresh()
    sim.unplug()
    probe.process.wait_log("its device is away")
    sim.plug(2)
    probe.wait_fresh()


def test_a_number_asked_for_counts_only_at_the_start(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "device = 002")
    probe.wait_fresh()
    sim.unplug()
    sim.plug(9)
    probe.wait_value("usb.node", "/dev/bus/usb/001/009")
    probe.wait_fresh()


def test_an_unplug_ends_the_transfer_that_is_under_way(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    sim.hang("feature", 2)
    probe.order("usb.get", "feature 02 8 600000")
    sim.wait_state(waiting=2)
    sim.unplug()
    probe.wait_value("usb.result", "feature 02 8 600000 > gone")
    probe.wait_value("usb.interrupt.end", "gone")
    probe.wait_fresh(False)
    sim.plug()
    probe.wait_fresh()


def test_an_unplug_while_the_device_is_opened_is_survived(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463", start=False)
    sim.hang()
    probe.start()
    sim.wait_state(waiting=1)
    sim.unplug()
    sim.hang(on=False)
    sim.plug()
    probe.wait_fresh()


def test_another_device_is_not_taken_for_the_one_that_is_away(site, usbsim):
    sim = usbsim(variant(site, "plain", string_3="A"), variant(site, "plain", string_3="B"))
    sim.device(2).unplug()
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_value("ups.serial", "A")
    sim.unplug()
    sim.device(2).plug()
    probe.process.wait_log('serial "B", at 1-2 is another one')
    assert sim.device(2).log() == []
    sim.plug()
    probe.wait_fresh()
    probe.wait_value("ups.serial", "A")


def test_a_device_without_a_serial_number_may_be_moved_to_another_port(site, usbsim):
    sim = usbsim("no-interrupt", "no-interrupt")
    sim.device(2).unplug()
    probe = Probe(site, sim, "vendorid = 1209")
    probe.wait_value("usb.way", "1-1")
    sim.unplug()
    sim.device(2).plug()
    probe.wait_value("usb.way", "1-2")
    probe.wait_fresh()


def test_devices_that_nothing_tells_apart_keep_their_ports(site, usbsim):
    sim = usbsim("no-interrupt", "no-interrupt")
    probes = {}
    for name in ("a", "b"):
        probe = Probe(site, sim, "vendorid = 1209", "allow_duplicates", name=name)
        probe.wait_fresh()
        probes[probe.values()["usb.way"]] = probe
    assert set(probes) == {"1-1", "1-2"}
    for first, second in ((1, 2), (2, 1)):
        for index in (first, second):
            sim.device(index).unplug()
        for probe in probes.values():
            probe.wait_fresh(False)
        sim.device(second).plug()
        probes[f"1-{second}"].wait_fresh()
        probes[f"1-{first}"].process.wait_log(f"at 1-{second} is another one")
        sim.device(first).plug()
        for way, probe in probes.items():
            probe.wait_fresh()
            assert probe.values()["usb.way"] == way


def test_of_two_drivers_for_one_device_the_second_takes_over_after_a_kill(site, usbsim):
    sim = usbsim("plain")
    first = Probe(site, sim, "vendorid = 0463", name="first")
    first.wait_fresh()
    second = Probe(site, sim, "vendorid = 0463", name="second", start=False)
    fails_to_start(second, f"probe-usb (pid {first.process.pid})")
    first.process.signal(signal.SIGKILL)
    first.process.wait()
    sim.unplug()  # the simulator may hold on to the claim of a killed program
    sim.plug()
    second.wait_fresh()


def test_a_serial_number_finds_its_device_on_another_port(site, usbsim):
    sim = usbsim("plain", "plain")
    sim.device(2).unplug()
    probe = Probe(site, sim, "vendorid = 0463")
    probe.wait_value("usb.way", "1-1")
    sim.unplug()
    sim.device(2).plug()
    probe.wait_value("usb.way", "1-2")
    probe.wait_fresh()


# ---------------------------------------------------------------------------- two of a kind


@pytest.mark.parametrize("key, values", [("serial", "AB"), ("busport", ("001", "002")),
                                         ("busport", ("1-1", "1-2"))])
def test_two_of_a_kind_are_told_apart(site, usbsim, key, values):
    sim = usbsim(variant(site, "plain", string_3="A"), variant(site, "plain", string_3="B"))
    probes = [Probe(site, sim, "vendorid = 0463", f"{key} = {value}", name=f"ups{i + 1}")
              for i, value in enumerate(values)]
    for i, probe in enumerate(probes):
        probe.wait_value("usb.way", f"1-{i + 1}")
        probe.wait_fresh()
    sim.device(2).unplug()
    probes[1].wait_fresh(False)
    sim.unplug()
    probes[0].wait_fresh(False)
    sim.device(2).plug()
    sim.plug()
    for i, probe in enumerate(probes):
        probe.wait_fresh()
        probe.wait_value("usb.way", f"1-{i + 1}")
        probe.wait_value("ups.serial", "AB"[i])


def test_a_vague_section_is_warned_of(site, usbsim):
    probe = Probe(site, usbsim("plain", "plain"), "vendorid = 0463")
    probe.process.wait_log("fits 2 devices and took the first: set serial, or busport")
    probe.wait_value("usb.way", "1-1")


def test_the_second_driver_of_a_device_names_the_first(site, usbsim):
    sim = usbsim("plain")
    first = Probe(site, sim, "vendorid = 0463", name="first")
    first.wait_fresh()
    second = Probe(site, sim, "vendorid = 0463", name="second", start=False)
    fails_to_start(second, f"pid {first.process.pid}")
    assert "is driven by" in second.process.log()
    first.process.stop()
    second.wait_fresh()


def test_duplicates_are_shared_out_if_that_is_wanted(site, usbsim):
    sim = usbsim("plain", "plain")
    probes = [Probe(site, sim, "vendorid = 0463", "allow_duplicates", name=name)
              for name in ("a", "b")]
    for probe in probes:
        probe.wait_fresh()
    assert {probe.values()["usb.way"] for probe in probes} == {"1-1", "1-2"}


# ------------------------------------------------------------------------------ in the way


def test_a_kernel_driver_that_stays_is_named(site, usbsim):
    sim = usbsim("plain")
    sim.stuck()
    probe = Probe(site, sim, "vendorid = 0463", start=False)
    fails_to_start(probe, "is not to be had: the kernel's driver (usbhid) has it")
    sim.stuck(False)
    probe.wait_fresh()


def test_a_process_that_has_the_device_is_named(site, sites, usbsim):
    sim = usbsim("plain")
    stranger = Probe(sites(), sim, "vendorid = 0463")  # with locks of its own
    stranger.wait_fresh()
    probe = Probe(site, sim, "vendorid = 0463", start=False)
    fails_to_start(probe, f"(pid {stranger.process.pid}) has it")
    stranger.process.stop()
    probe.wait_fresh()


def test_a_process_with_a_device_of_the_same_name_elsewhere_is_not_blamed(site, sites, usbsim):
    other = Probe(sites(), usbsim("plain"), "vendorid = 0463")
    other.wait_fresh()
    sim = usbsim("plain")
    stranger = Probe(sites(), sim, "vendorid = 0463")
    stranger.wait_fresh()
    probe = Probe(site, sim, "vendorid = 0463", start=False)
    fails_to_start(probe, f"(pid {stranger.process.pid}) has it")


def test_a_node_without_permission_is_described_with_its_mend(site, usbsim):
    sim = usbsim("plain")
    sim.mode(0o600 if os.geteuid() == 0 else 0)
    probe = Probe(site, sim, "vendorid = 0463", start=False)
    if os.geteuid() == 0:
        site.state.chmod(0o777)
        (site.conf / "ups.conf").chmod(0o644)
        probe.start("-u", "nobody")
    else:
        probe.start()
    log = probe.process.wait_log("no permission for /dev/bus/usb/001/002")
    mode = "0600" if os.geteuid() == 0 else "0000"
    for text in (f"mode {mode}", "(0463:ffff)", "udevadm trigger",
                 "62-nut-usbups.rules", "it belongs to "):
        assert text in log
    sim.mode(0o666)
    probe.wait_fresh()


def test_the_same_reason_is_said_once(site, usbsim):
    probe = Probe(site, usbsim("odd-lengths"), "vendorid = 0463", start=False)
    probe.start("-D")
    log = probe.process.wait_log(lambda text: text.count("still: [ups] no USB device fits") >= 2)
    assert log.count("] no USB device fits") - log.count("still: [ups] no USB device fits") == 1


def test_a_signal_in_a_transfer_is_for_the_driver(site, usbsim):
    sim = usbsim("plain")
    probe = Probe(site, sim, "vendorid = 0463")
    sim.hang("feature", 2)
    probe.order("usb.get", "feature 02 8 600000")
    sim.wait_state(waiting=2)
    probe.process.signal(signal.SIGHUP)
    probe.process.wait_log("ups.conf")
    assert "usb.result" not in probe.values()
