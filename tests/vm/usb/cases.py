"""What is tried on the machine, in this order.

A case is a function; its name is its line, and a text that it returns goes behind that.
They are few: what the kernel has no part in is tested with umockdev (tests/system).
"""

import re
import time

from site_usb import CHECKOUT, Skip, device_files, wait_until

from harness.site import Site
from harness.usbsim import UsbSim, Unavailable

ON_BATTERY, ON_LINE = "01 14", "01 11"
COMPARED = ["plain", "apc-back-ups-es-850g2", "cyberpower-ec850lcd", "eaton-3s-700"]
# Of the run, not of the device.
NOT_COMPARED = r"driver\.|device\.|Network UPS Tools|\S+: sandbox"


def _set_status(sim, status, index=1, packet=True):
    device = sim.device(index)
    device.set("feature", 1, status)
    if packet:
        device.interrupt(status)


def _on_line(vm, *lines, device="plain", **options):
    """A driver with its device, on line."""
    sim = vm.simulate(device)
    vm.start("ups", *lines, **options)
    vm.wait_value("ups", "OL")
    return sim


def _node(sim, index=1):
    return f"/dev/bus/usb/001/{int(sim.device(index).state()['number']):03}"


# ------------------------------------------------------------------------ values and packets

def the_kernel_gives_its_interface_and_gets_it_back(vm):
    sim = vm.simulate("plain")
    assert vm.sh("ls /dev/hidraw0")
    vm.start("ups")
    vm.wait_value("ups", "OL")
    assert sim.state()["driver"] == "usbfs", sim.state()
    assert "hidraw" not in vm.sh("ls /dev")
    vm.stop("ups")
    sim.settled(driver="usbhid")
    assert vm.sh("ls /dev/hidraw0")


def _values(text):
    found = (re.fullmatch(r"([a-z]\S*): (.*)", line) for line in text.splitlines())
    return {m[1]: m[2] for m in found if m and not re.match(NOT_COMPARED, m[1])}


def _values_under_umockdev(name):
    with UsbSim(device_files()[name]) as sim:
        site = Site()
        try:
            site.add_ups("ups", "usbhid-ups", "auto", "pollinterval = 1")
            env = {**sim.env(site), "NUT_DATAPATH": str(CHECKOUT / "data")}
            return _values(site.run("usbhid-ups", "-a", "ups", "-d", "0", *site._as_user,
                                    env=env, check=True).stdout)
        finally:
            site.close()


def all_variables_are_as_under_umockdev(vm):
    names = [name for name in COMPARED if name in device_files()]
    try:
        expected = {name: _values_under_umockdev(name) for name in names}
    except Unavailable as e:
        raise Skip(e) from None
    vm.simulate(*names)
    vm.section("ups")
    for number, name in enumerate(names, 1):
        found = _values(vm.run("ups", "-d", "0", "-u", "nut", "-x", f"busport=1-{number}"))
        assert found == expected[name], f"{name}: {set(found.items()) ^ set(expected[name].items())}"
    return ", ".join(f"{name} {len(expected[name])}" for name in names)


def a_power_failure_by_an_interrupt_packet_reaches_the_client(vm):
    sim = _on_line(vm, "pollfreq = 3600", "pollinterval = 30")
    took = []
    for status, word in ((ON_BATTERY, "OB DISCHRG"), (ON_LINE, "OL")) * 2:
        began = time.monotonic()
        _set_status(sim, status)
        vm.wait_value("ups", word)
        took.append(f"{time.monotonic() - began:.2f}")
    assert vm.sh(". /etc/nut/env; upsc ups ups.status") == "OL"
    return f"{', '.join(took)} s from packet to upsd's client"


def an_idle_driver_sleeps(vm):
    sim = _on_line(vm, "pollinterval = 2")
    stat = f"cat /proc/{vm.drivers['ups']}/task/*/stat"
    switches = f"cat /proc/{vm.drivers['ups']}/task/*/status"
    polls = int(sim.state()["controls"])

    def look():
        ticks = sum(int(f) for line in vm.sh(stat).splitlines()
                    for f in line.rsplit(") ", 1)[1].split()[11:13])
        woken = sum(map(int, re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", vm.sh(switches), re.M)))
        return ticks, woken, int(sim.state()["controls"]), time.monotonic()
    a = look()
    time.sleep(4)
    b = look()
    seconds = b[3] - a[3]
    wakeups = (b[1] - a[1]) / seconds
    # A loop that asks instead of sleeping would have hundreds.
    assert wakeups < 50, f"{wakeups:.0f} wakeups a second"
    return (f"{(b[0] - a[0]) / seconds:.1f} % of an emulated CPU, {wakeups:.1f} wakeups/s, "
            f"{(b[2] - a[2]) / seconds:.1f} transfers/s (first reading: {polls})")


# --------------------------------------------------------------------------- plugs and faults

def _replug(vm, sim, pause):
    before = sim.state()["number"]
    sim.unplug()
    time.sleep(pause)
    sim.plug()
    sim.settled(driver="usbfs")
    assert sim.state()["number"] != before
    began = time.monotonic()
    vm.wait_value("ups", "OL")
    return f"{time.monotonic() - began:.1f}"


def a_device_that_was_away_for_a_moment_is_taken_again(vm):
    sim = _on_line(vm)
    assert re.search("sandbox: seccomp, landlock", vm.log("ups")), vm.log("ups")
    first = sim.state()["number"]
    _replug(vm, sim, 0.2)
    _replug(vm, sim, 0)
    return f"number {first}, then {sim.state()['number']}"


def a_device_that_was_away_for_3_seconds_is_stale_and_back(vm):
    sim = _on_line(vm)
    sim.unplug()
    vm.wait_stale("ups")
    time.sleep(3)
    sim.plug()
    vm.wait_value("ups", "OL")
    assert sim.state()["driver"] == "usbfs"


def a_driver_in_its_sandbox_hears_of_plugs(vm):
    sim = vm.simulate("plain", "plain-2")
    vm.start("ups", "serial = PLAIN-0001", args=("-u nut", "-D"))
    vm.wait_value("ups", "OL")
    vm.wait_log("ups", "sandbox: seccomp, landlock")
    sim.device(2).unplug()
    sim.device(2).plug()
    vm.wait_log("ups", "something was plugged in")


def a_device_that_enumerates_anew_on_battery_stays_on_battery(vm):
    sim = _on_line(vm)
    _set_status(sim, ON_BATTERY)
    vm.wait_value("ups", "OB DISCHRG")
    sim.unplug()
    sim.plug()
    seen = set()

    def back():
        seen.add(vm.value("ups"))
        return sim.state()["driver"] == "usbfs"
    wait_until(back, lambda: f"it is taken again; {vm.log('ups')}")
    vm.wait_value("ups", "OB DISCHRG")
    assert seen <= {"OB DISCHRG", "ERR DATA-STALE"}, seen
    _set_status(sim, ON_LINE)
    vm.wait_value("ups", "OL")


def a_driver_that_is_there_before_its_device_takes_it(vm):
    sim = vm.simulate("plain")
    sim.unplug()
    vm.start("ups")
    vm.wait_log("ups", "no USB device fits|is not reached")
    sim.plug()
    vm.wait_value("ups", "OL")


def a_device_comes_back_where_nobody_tells_of_plugs(vm):
    """A container has no udev, and libusb hears nothing without it."""
    sim = _on_line(vm)
    vm.sh("kill -STOP $(pidof systemd-udevd)")
    try:
        sim.unplug()
        vm.wait_stale("ups")
        sim.plug()
        wait_until(lambda: sim.state()["driver"] == "usbhid", "the device is there")
        vm.sh(f"chgrp {vm.gid} {_node(sim)}; chmod 660 {_node(sim)}")
        vm.wait_value("ups", "OL")
    finally:
        vm.sh("kill -CONT $(pidof systemd-udevd); udevadm settle -t 20")


def a_report_that_stalls_is_lived_with(vm):
    sim = _on_line(vm, "pollfreq = 1")
    sim.stall("feature", 2)
    sim.set("feature", 1, ON_BATTERY)
    vm.wait_value("ups", "OB DISCHRG")
    sim.stall("feature", 2, on=False)
    sim.set("feature", 2, "02 63 10 0e")
    vm.wait_value("ups", "99", "battery.charge")


def a_report_that_is_too_long_is_read_all_the_same(vm):
    sim = vm.simulate("plain")
    sim.length("feature", 2, 12)  # the kernel says EOVERFLOW where that is more than was asked
    vm.start("ups")
    vm.wait_value("ups", "OL")
    vm.wait_value("ups", "100", "battery.charge")


def a_fault_of_the_interrupt_pipe_passes(vm):
    sim = _on_line(vm, "pollfreq = 3600", "pollinterval = 30")
    for fault in ("proto", "stall", "overflow"):
        wait_until(lambda: sim.state()["waiting"] != "0", "the pipe is read")
        sim.interrupt_fault(fault)
    _set_status(sim, ON_BATTERY)
    vm.wait_value("ups", "OB DISCHRG")
    wait_until(lambda: sim.log().count("clear-halt 81") == 1, lambda: sim.log())


def a_device_that_stops_answering_is_stale_in_time_and_alive_again(vm):
    sim = _on_line(vm)
    began = time.monotonic()
    sim.hang()
    vm.wait_stale("ups")
    took = time.monotonic() - began
    sim.hang(on=False)
    vm.wait_value("ups", "OL")
    assert sim.state()["driver"] == "usbfs"
    return f"stale after {took:.1f} s"


def a_device_that_hangs_and_is_plugged_anew_is_alive_again(vm):
    sim = _on_line(vm)
    sim.hang()
    wait_until(lambda: sim.state()["waiting"] == "2", lambda: sim.state())
    sim.unplug()
    vm.wait_stale("ups")
    sim.hang(on=False)
    sim.plug()
    vm.wait_value("ups", "OL")


def a_driver_ends_while_its_device_never_answers(vm):
    """Given back, the kernel would try to read its reports: 20 s and more, and nobody served."""
    sim = _on_line(vm)
    sim.hang()
    wait_until(lambda: sim.state()["waiting"] == "2", lambda: sim.state())
    began = time.monotonic()
    vm.sh(f"kill {vm.drivers['ups']}")
    wait_until(lambda: vm.ended(vm.drivers["ups"]), lambda: f"the end; {vm.log('ups')}", 12)
    return f"after {time.monotonic() - began:.1f} s"


# ------------------------------------------------------------------------ which one, and whose

def a_program_that_reads_hidraw_does_not_keep_the_device(vm):
    sim = vm.simulate("plain")
    reader = vm.spawn("reader", "cat /dev/hidraw0")
    try:
        wait_until(lambda: sim.state()["waiting"] == "1", lambda: sim.state())
        vm.start("ups")
        vm.wait_value("ups", "OL")
        wait_until(lambda: vm.ended(reader), lambda: vm.log("reader"))
    finally:
        vm.kill(reader)


def _two(vm, first, second):
    sim = vm.simulate("plain", "plain-2")
    vm.start("ups", *first)
    vm.start("two", *second)
    vm.wait_value("ups", "OL")
    vm.wait_value("two", "OL")
    _set_status(sim, ON_BATTERY, 2)
    vm.wait_value("two", "OB DISCHRG")
    assert vm.value("ups") == "OL"
    return sim


def two_of_a_kind_are_told_apart_by_serial(vm):
    sim = _two(vm, ["serial = PLAIN-0001"], ["serial = PLAIN-0002"])
    sim.unplug()  # both away, and back in the other order
    sim.device(2).unplug()
    vm.wait_stale("two")
    sim.device(2).plug()
    sim.plug()
    vm.wait_value("two", "OB DISCHRG")
    vm.wait_value("ups", "OL")


def two_of_a_kind_are_told_apart_by_busport(vm):
    _two(vm, ["busport = 001"], ["busport = 1-2"])


def a_driver_that_was_killed_leaves_a_device_that_the_next_one_takes(vm):
    sim = _on_line(vm)
    vm.kill(vm.drivers["ups"], "KILL")
    wait_until(lambda: sim.state()["driver"] == "-", "the kernel took it from the dead")
    vm.start("ups")
    vm.wait_value("ups", "OL")
    assert sim.state()["driver"] == "usbfs"


def _hold(vm, name="probe-usb"):
    """Another program that takes the device; a daemon that was root is hidden from others."""
    vm.section("probe", "vendorid = 0463", driver="probe-usb")
    vm.drivers["probe"] = vm.spawn("probe", f"/nut/{name} -a probe -F -u nut",
                                   "export NUT_STATEPATH=/run/other")
    return vm.drivers["probe"]


def a_process_that_holds_the_device_is_named(vm):
    sim = vm.simulate("plain")
    holder = _hold(vm, "apcupsd")
    wait_until(lambda: sim.state()["driver"] == "usbfs", lambda: vm.log("probe"))
    vm.start("ups")
    vm.wait_log("ups", rf"apcupsd \(pid {holder}\)")
    vm.stop("probe")
    vm.wait_value("ups", "OL")


def a_process_that_holds_the_device_is_named_from_within_the_sandbox(vm):
    sim = _on_line(vm)
    vm.sh(f"kill -STOP {vm.drivers['ups']}")
    sim.unplug()
    sim.plug()
    sim.settled()
    holder = _hold(vm, "apcupsd")
    wait_until(lambda: sim.state()["driver"] == "usbfs", lambda: vm.log("probe"))
    vm.sh(f"kill -CONT {vm.drivers['ups']}")
    vm.wait_log("ups", rf"apcupsd \(pid {holder}\)")
    vm.stop("probe")
    vm.wait_value("ups", "OL")


def the_second_driver_of_a_device_names_the_first(vm):
    vm.simulate("plain")
    vm.start("ups")
    vm.wait_value("ups", "OL")
    vm.start("two")
    vm.wait_log("two", rf"driven by usbhid-ups \(pid {vm.drivers['ups']}\)")


def an_account_without_permission_is_told_the_rule(vm):
    sim = vm.simulate("plain")
    vm.sh(f"chgrp root {_node(sim)}; chmod 660 {_node(sim)}")
    vm.start("ups")
    vm.wait_log("ups", rf"no permission for {_node(sim)} \(it belongs to root:root, mode 0660")
    assert "62-nut-usbups.rules" in vm.log("ups") or "udev" in vm.log("ups")
    vm.sh(f"chgrp {vm.gid} {_node(sim)}")
    vm.wait_value("ups", "OL")


# ----------------------------------------------------------------------------- orders and pipes

def the_power_is_cut_by_k_while_a_driver_runs(vm):
    sim = _on_line(vm, "offdelay = 45")
    said = vm.run("ups", "-k", "-u nut")
    assert "set feature 03: 03 2d 00" in sim.log(), (sim.log(), said)


def the_power_is_cut_by_k_after_everything_has_ended(vm):
    sim = _on_line(vm, "offdelay = 45")
    vm.kill(vm.drivers.pop("ups"), "KILL")
    sim.forget()
    said = vm.run("ups", "-k", "-u nut")
    assert "set feature 03: 03 2d 00" in sim.log(), (sim.log(), said)


def the_second_of_two_HID_interfaces_can_be_had_and_the_first_stays(vm):
    sim = vm.simulate("two-pipes")
    vm.start("probe", "vendorid = 1209", "usb_hid_rep_index = 1", driver="probe-usb")
    vm.wait_value("probe", "OL")
    assert sim.state()["driver"] == "usbfs"
    first = vm.sh("readlink /sys/bus/usb/devices/1-1:1.0/driver")
    assert first.endswith("/usbhid"), first


def bytes_go_out_by_an_interrupt_pipe(vm):
    sim = vm.simulate("two-pipes")
    vm.start("probe", "vendorid = 1209", "usb_hid_rep_index = 1", driver="probe-usb")
    vm.wait_value("probe", "OL")
    said = vm.order("probe", "usb.write", "51 31 0d")
    wait_until(lambda: "out 02: 51 31 0d" in sim.log(), lambda: f"{sim.log()} {said}")


# --------------------------------------------------------------------------------- udev's rules

def our_udev_rules_give_the_node_to_nut(vm):
    if not vm.rules:
        raise Skip("no scripts/udev/*.rules in the build or the checkout")
    sim = vm.simulate("plain")
    for _ in range(2):
        said = vm.sh(f"stat -c '%u %g %a' {_node(sim)}")
        assert said == f"0 {vm.gid} 660", f"{said}, of {[r.name for r in vm.rules]}"
        sim.unplug()
        sim.plug()
        sim.settled()
    vm.start("ups")
    vm.wait_value("ups", "OL")
    return ", ".join(rule.name for rule in vm.rules)


# Seconds that they wait for; who is long begins first.
a_device_that_stops_answering_is_stale_in_time_and_alive_again.seconds = 20
an_idle_driver_sleeps.seconds = 8
two_of_a_kind_are_told_apart_by_serial.seconds = 6

ALL = [case for name, case in list(globals().items())
       if getattr(case, "__module__", None) == __name__ and not name.startswith("_")]
