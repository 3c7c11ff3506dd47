"""What a whole machine has to get right. One function, one case; its first line says what it shows.

Each gets a site of its own, and returns what it measured, a text.
"""

import time

from site_machine import (PATIENCE, PRIMARY, SECONDARY, Failure, boot_seconds, check_up, failed_units, units,
                          wait_caught, wait_until)

NUT_UNITS = ("nut-driver@ups.service", "nut-server.service", "nut-monitor.service")
RUNS = ["active"] * len(NUT_UNITS)
ALL = []


def case(function):
    ALL.append(function)
    return function


def config(base=PRIMARY, **changes):
    """/etc/nut with lines added: config(upsmon="HOSTSYNC 20")."""
    return {name: text + changes.get(name.split(".")[0], "") for name, text in base.items()}


def booted(site, **options):
    """A computer that is up and has heard its UPS."""
    computer = site.computer(**options)
    check_up(computer, computer.boot())
    wait_caught(computer)
    return computer


def empty_the_battery(site, computer):
    """From mains off to the moment when the battery is low; all is well till then."""
    site.ups.mains_off()
    wait_caught(computer, "OB.*")
    time.sleep(3)
    assert computer.is_on()
    site.ups.battery_low()


def check_end(site, computer):
    """It went off by itself in order, and told the UPS at last, when its disk was clean."""
    wanted = computer.wait_off()
    assert wanted == "off", f"it wanted to {wanted}"
    orders = site.ups.orders()
    assert orders, f"nobody told the UPS to switch off:\n{computer.console.tail(60)}"
    when = orders[0][0]
    stages = site.milestones(computer)
    missing = {"shutdown ordered", "file systems unmounted", "off"} - set(stages)
    assert not missing, f"the console does not show {missing}"
    assert stages["shutdown ordered"] < stages["file systems unmounted"] < when < computer.went_off
    assert computer.disk.is_clean(), "the file system was not left in order"
    return stages, when


def check_comes_back(computer):
    """The next boot: nothing to repair, no flag, and no shutdown again."""
    check_up(computer, computer.wait_up())
    dirty = computer.console.all(r"recovery (complete|required)|recovering journal|was not cleanly unmounted")
    assert not dirty, dirty
    wait_caught(computer)
    assert computer.sh("ls /etc/killpower /run/nut-killpower 2>/dev/null", check=False) == ""
    assert units(computer, *NUT_UNITS) == dict(zip(NUT_UNITS, RUNS)), units(computer, *NUT_UNITS)
    time.sleep(10)
    assert computer.sh("systemctl is-system-running") == "running"


def seconds(**times):
    return ", ".join(f"{what.replace('_', ' ')} {t:.1f} s" for what, t in times.items())


# ---------------------------------------------------------------------------- start


@case
def services_come_up_in_order_without_a_ups_and_catch_it_when_it_is_plugged_in(site):
    site.ups.unplug()
    computer = site.computer()
    check_up(computer, computer.boot())
    up = time.monotonic() - computer.began
    assert units(computer, *NUT_UNITS) == dict(zip(NUT_UNITS, RUNS)), units(computer, *NUT_UNITS)
    began = [int(computer.sh(f"systemctl show -P ActiveEnterTimestampMonotonic {unit}"))
             for unit in ("systemd-tmpfiles-setup.service", "nut-server.service", "nut-monitor.service")]
    assert began == sorted(began), began
    assert computer.sh("upsc ups ups.status", check=False) != "OL"
    site.ups.plug()
    plugged = time.monotonic()
    wait_caught(computer)
    caught = time.monotonic() - plugged
    node = computer.sh("stat -c '%U:%G %a' /dev/bus/usb/*/* | grep nut")
    assert node.split()[0] == "root:nut", node
    # The one that speaks with the device, not its helper.
    assert "nut" in computer.sh("ps -o user= -C usbhid-ups").split()
    assert failed_units(computer) == []
    total, ours = boot_seconds(computer)
    return seconds(up=up, caught=caught) + f"; {total}; {'; '.join(ours)}"


@case
def services_that_ask_for_it_wait_until_the_battery_is_charged(site):
    site.ups.battery(10)
    computer = site.computer(config=config(upsmon="BOOTCHARGE 40\n"), files={
        "/etc/systemd/system/heavy.service":
            "[Unit]\nWants=nut-hold.service\nAfter=nut-hold.service\n"
            "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
            "[Install]\nWantedBy=multi-user.target\n"})
    computer.disk.link("/etc/systemd/system/multi-user.target.wants/heavy.service",
                       "/etc/systemd/system/heavy.service")
    computer.switch_on()
    computer.wait_agent()
    wait_caught(computer)
    computer.wait_says("systemctl is-active nut-hold.service", "activating")
    time.sleep(10)
    assert units(computer, "nut-hold.service", "heavy.service") == {
        "nut-hold.service": "activating", "heavy.service": "inactive"}
    site.ups.battery(50)
    charged = time.monotonic()
    computer.wait_says("systemctl is-active heavy.service", "active")
    assert computer.sh("systemctl is-active nut-hold.service") == "active"
    return seconds(started_after_charge=time.monotonic() - charged)


# ---------------------------------------------------------------------------- power failures


@case
def a_power_failure_ends_with_the_ups_told_last_and_the_next_boot_is_clean(site):
    computer = booted(site)
    empty_the_battery(site, computer)
    stages, told = check_end(site, computer)
    wait_until(lambda: not site.ups.output, "the UPS switches off", PATIENCE)
    site.ups.mains_on()
    site.ups.output_on()
    check_comes_back(computer)
    low = site.since("battery low")
    return seconds(low_to_order=stages["shutdown ordered"] - low,
                   to_unmounted=stages["file systems unmounted"] - low,
                   to_killpower=told - low, to_off=stages["off"] - low)


@case
def a_ups_that_cuts_at_once_when_told_harms_no_file_system(site):
    site.ups.delay = 0
    computer = booted(site)
    computer.sh("dd if=/dev/urandom of=/var/tmp/last-minute bs=1M count=20 2>/dev/null")
    empty_the_battery(site, computer)
    wait_until(lambda: not site.ups.output, "the UPS switches off", PATIENCE)
    assert not computer.console.find("reboot: Power down"), "it was off before"
    assert computer.disk.is_clean(), "the file system was not in order when the UPS was told"
    site.ups.delay = None
    site.ups.mains_on()
    site.ups.output_on()
    check_comes_back(computer)


@case
def power_that_returns_in_the_middle_of_a_shutdown_still_leads_to_a_new_start(site):
    computer = booted(site)
    empty_the_battery(site, computer)
    computer.wait_console(r"Stopped target .*Multi-User|Stopped target multi-user")
    site.ups.mains_on()
    check_end(site, computer)
    wait_until(lambda: not site.ups.output, "the UPS switches off", PATIENCE)
    site.ups.output_on()
    check_comes_back(computer)


@case
def a_ups_that_stays_on_with_power_back_makes_the_machine_restart(site):
    computer = booted(site)
    site.ups.refuse()
    empty_the_battery(site, computer)
    computer.wait_console(r"Stopped target .*Multi-User|Stopped target multi-user")
    site.ups.mains_on()
    wanted = computer.wait_off()
    assert wanted == "restart", wanted
    assert site.ups.told, "the UPS was not even asked"
    assert computer.disk.is_clean()
    site.ups.refuse(False)
    computer.switch_on()
    check_comes_back(computer)


@case
def a_ups_that_takes_the_order_but_stays_on_makes_the_machine_restart_after_poweroff_wait(site):
    computer = booted(site, config=config(nut="POWEROFF_WAIT=30s\n"))
    site.ups.obeys = False
    empty_the_battery(site, computer)
    order = site.ups.wait_order(PATIENCE)[0]
    site.ups.mains_on()
    wanted = computer.wait_off()
    assert wanted == "restart", wanted
    assert computer.went_off - order > 25, "it did not wait"
    assert computer.disk.is_clean()
    computer.switch_on()
    check_comes_back(computer)
    return seconds(order_to_restart=computer.began - order)


# ---------------------------------------------------------------------------- two computers


def two(site, primary="", secondary=""):
    first = site.computer("primary", config(upsmon=primary))
    second = site.computer("secondary", config(SECONDARY, upsmon=secondary), at_ups=False)
    first.switch_on()
    second.switch_on()
    for computer in (first, second):
        check_up(computer, computer.wait_up())
    wait_caught(first)
    wait_caught(second, ups="ups@10.77.0.1")
    first.wait_says("upsc -c ups | sort -u", r".*10\.77\.0\.2.*")
    return first, second


@case
def a_secondary_goes_first_and_the_primary_waits_for_it(site):
    first, second = two(site, primary="HOSTSYNC 120\n")
    empty_the_battery(site, first)
    assert second.wait_off() == "off"
    stages, told = check_end(site, first)
    gone = site.milestones(second)
    assert gone["systemd goes down"] < stages["shutdown ordered"]
    assert second.disk.is_clean()
    low = site.since("battery low")
    return seconds(secondary_down=gone["systemd goes down"] - low, secondary_off=gone["off"] - low,
                   primary_down=stages["shutdown ordered"] - low, killpower=told - low)


@case
def a_secondary_that_hangs_is_waited_for_no_longer_than_hostsync(site):
    first, second = two(site, primary="HOSTSYNC 20\n", secondary='SHUTDOWNCMD "/bin/true"\n')
    empty_the_battery(site, first)
    stages, told = check_end(site, first)
    assert second.is_on()
    low = site.since("battery low")
    return seconds(primary_down=stages["shutdown ordered"] - low, killpower=told - low)


# ---------------------------------------------------------------------------- everyday


@case
def daemons_that_are_killed_come_back_and_so_does_a_ups_that_is_unplugged(site):
    computer = booted(site)
    measured = {}
    for name in ("usbhid-ups", "upsd", "upsmon"):
        before = set(computer.sh(f"pidof {name}").split())
        computer.sh(f"kill -9 {' '.join(before)}")
        killed = time.monotonic()

        def fresh(name=name, before=before):
            now = set(computer.sh(f"pidof {name}", check=False).split())
            return now and not now & before
        wait_until(fresh, f"another {name}", PATIENCE)
        wait_caught(computer)
        measured[f"{name}_killed"] = time.monotonic() - killed
    wait_until(lambda: units(computer, *NUT_UNITS) == dict(zip(NUT_UNITS, RUNS)), "all units run", PATIENCE)
    site.ups.unplug()
    computer.wait_says("upsc ups ups.status 2>&1 | tail -n 1", ".*([Ss]tale|not connected).*")
    site.ups.plug()
    plugged = time.monotonic()
    wait_caught(computer)
    measured["replugged"] = time.monotonic() - plugged
    site.ups.mains_off()
    wait_caught(computer, "OB.*")
    assert computer.is_on() and failed_units(computer) == []
    return seconds(**measured)


@case
def a_restart_and_a_power_off_by_hand_leave_the_ups_alone(site):
    computer = booted(site)
    computer.tell("systemctl reboot")
    assert computer.wait_off() == "restart"
    assert not site.ups.told
    check_up(computer, computer.boot())
    wait_caught(computer)
    computer.tell("systemctl poweroff")
    assert computer.wait_off() == "off"
    assert not site.ups.told
    assert computer.disk.is_clean()


# ---------------------------------------------------------------------------- upgrade


@case
def an_upgrade_from_debians_nut_runs_at_once_and_after_a_restart(site):
    names = ("libupsclient6", "libnutscan2", "nut-client", "nut-server", "nut")
    computer = site.computer(kind="debian", script="dpkg -i " + " ".join(f"/debs/debian/{n}_*.deb" for n in names))
    computer.boot()
    computer.sh("systemctl is-active nut-server nut-monitor")
    wait_caught(computer)
    enabled = computer.sh("systemctl is-enabled nut-server nut-monitor", check=False)
    before = computer.sh("cat /etc/nut/*.conf /etc/nut/upsd.users | sha256sum")
    computer.sh("dpkg -i /debs/new/*.deb")
    if "hestnut" not in computer.sh("dpkg-query -W nut-server"):
        raise Failure(computer.sh("dpkg-query -W nut-server"))
    wait_caught(computer)
    assert units(computer, *NUT_UNITS) == dict(zip(NUT_UNITS, RUNS)), units(computer, *NUT_UNITS)
    assert failed_units(computer) == []
    assert computer.sh("systemctl is-enabled nut-server nut-monitor", check=False) == enabled
    assert computer.sh("cat /etc/nut/*.conf /etc/nut/upsd.users | sha256sum") == before
    computer.tell("systemctl reboot")
    assert computer.wait_off() == "restart"
    computer.switch_on()
    check_comes_back(computer)
    empty_the_battery(site, computer)
    check_end(site, computer)
