"""upsmon's notifier on a system bus: sleep, and the shutdown by others."""

import pytest

from harness import wait_until
from harness.notifier import Notifier
from harness.systembus import SystemBus


@pytest.fixture
def bus(site):
    if "LIBSYSTEMD 1" not in (site.suite.root / "config.h").read_text():
        pytest.skip("this build has no libsystemd")
    one = SystemBus(site.root)
    yield one
    one.stop()


@pytest.fixture
def notifier(site, bus):
    """A function that starts one."""
    started = []

    def start():
        started.append(Notifier(site, bus.env))
        return started[-1]
    yield start
    for one in started:
        one.hang_up()


def test_a_sleep_waits_until_upsmon_is_ready(bus, notifier):
    bus.start()
    bus.start_logind()
    one = notifier()
    bus.wait_locks("sleep")

    def sleeps_when_ready():
        told = one.process.log().count("before upsmon is ready")
        bus.prepare_for_sleep(True)
        assert one.hear() == "SLEEP begins"
        assert bus.locks() in (["sleep"], [])
        one.say("SLEEP-READY")
        bus.wait_locks()
        bus.prepare_for_sleep(False)
        assert one.hear() == "SLEEP ends"
        bus.wait_locks("sleep")
        # This machine may be slower than the second that it has.
        return one.process.log().count("before upsmon is ready") == told
    wait_until(sleeps_when_ready)


def test_a_sleep_does_not_wait_for_ever(bus, notifier):
    bus.start()
    bus.start_logind()
    one = notifier()
    bus.wait_locks("sleep")
    bus.prepare_for_sleep(True)
    assert one.hear() == "SLEEP begins"
    bus.wait_locks()
    one.process.wait_log("the machine sleeps before upsmon is ready for it")
    bus.prepare_for_sleep(False)
    assert one.hear() == "SLEEP ends"
    bus.wait_locks("sleep")


def test_a_shutdown_by_others_waits_while_ours_is_under_way(bus, notifier):
    bus.start()
    bus.start_logind()
    one = notifier()
    bus.wait_locks("sleep")
    one.say("HOLD-SHUTDOWN")
    bus.wait_locks("sleep", "shutdown")
    one.say("LET-SHUTDOWN")
    bus.wait_locks("sleep")
    one.say("HOLD-SHUTDOWN")
    bus.wait_locks("sleep", "shutdown")
    one.say('SHELL "sleep 1000"')
    assert one.hear() == "TAKEN"
    one.hang_up()
    # It is still there for the script, but holds nothing up.
    bus.wait_locks()
    assert one.process.running()
    one.process.kill()


def test_a_killed_notifier_holds_nothing_up(bus, notifier):
    bus.start()
    bus.start_logind()
    one = notifier()
    one.say("HOLD-SHUTDOWN")
    bus.wait_locks("sleep", "shutdown")
    one.say('SHELL "exec sleep 1000"')
    assert one.hear() == "TAKEN"
    one.process.kill()
    bus.wait_locks()


def test_a_logind_that_comes_later_is_found(bus, notifier):
    bus.start()
    one = notifier()
    one.say("HOLD-SHUTDOWN")
    bus.start_logind()
    bus.wait_locks("sleep", "shutdown")
    assert one.process.log() == ""


def test_a_bus_that_comes_back_is_found(bus, notifier):
    one = notifier()
    one.say("HOLD-SHUTDOWN")
    bus.start()
    bus.start_logind()
    bus.wait_locks("sleep", "shutdown")
    bus.prepare_for_sleep(True)
    assert one.hear() == "SLEEP begins"
    bus.stop()
    # Nobody will tell any more.
    assert one.hear() == "SLEEP ends"
    bus.start()
    bus.start_logind()
    bus.wait_locks("sleep", "shutdown")
    bus.prepare_for_sleep(True)
    assert one.hear() == "SLEEP begins"


def test_without_a_bus_all_is_quiet(bus, notifier, site):
    one = notifier()
    one.say("HOLD-SHUTDOWN")
    one.say(f'SHELL "echo here >{site.root}/x"')
    assert one.hear() == "TAKEN"
    wait_until(lambda: (site.root / "x").read_text() == "here\n")
    one.say("LET-SHUTDOWN")
    one.hang_up()
    assert one.process.wait() == 0
    assert one.process.log() == ""
