"""clone and clone-outlet: a UPS as the computers on one of its outlets have it."""

import signal

import pytest

from drivervalues import ask, commands, dump, statuses, values, wait_values
from harness import FakeDriver, wait_until

OUTLET = {"outlet.1.status": "on", "outlet.1.delay.shutdown": "30",
          "outlet.1.timer.shutdown": "-1"}
CUT, SWITCH_ON = "INSTCMD outlet.1.load.off", "INSTCMD outlet.1.load.on"
ORDERS = ("load.off = outlet.1.load.off", "load.on = outlet.1.load.on")
QUICK = (*ORDERS, "offdelay = 1", "ondelay = 1")


def source(site, **variables):
    """A driver to be followed, which has an outlet that can be switched."""
    fake = site.fake_driver("real", {"ups.status": "OL", "battery.charge": "90",
                                     "battery.runtime": "900", "battery.charge.low": "20",
                                     "driver.name": "fake", "ups.delay.start": "77", **OUTLET,
                                     **variables})
    fake.commands += ["outlet.1.load.off", "outlet.1.load.on", "load.off", "beeper.on"]
    return fake


def clone(site, *lines, **options):
    site.add_ups("clone", "clone", "dummy-ups-real", *lines)
    return site.start_driver("clone", **options)


def outlet(site, *lines):
    site.add_ups("out", "clone-outlet", "dummy-ups-real", *(lines or ["prefix = outlet.1"]))
    return site.start_driver("out")


def serving(site, *lines, **variables):
    """A source and its clone, which has fresh data."""
    fake = source(site, **variables)
    clone(site, *lines)
    wait_values(site, "clone", fresh=True)
    return fake


def power_fails(fake, charge="40", status="OB DISCHRG"):
    fake.set("battery.charge", charge)
    fake.set("ups.status", status)


# ------------------------------------------------------------------------------------ copies


def test_a_clone_shows_its_source_and_its_own_values(site):
    fake = serving(site, "mincharge = 50", "offdelay = 60")
    now = values(site, "clone")
    expected = {"ups.status": "OL", "battery.charge": "90", "battery.charge.low": "50",
                "battery.runtime.low": "0", "ups.delay.shutdown": "60", "ups.delay.start": "30",
                "ups.timer.shutdown": "-1", "ups.timer.start": "-1", "driver.name": "clone",
                "driver.upstream": "dummy-ups-real", "outlet.1.status": "on"}
    assert {name: now.get(name) for name in expected} == expected
    fake.set("ups.load", "23")
    wait_values(site, "clone", ups__load="23")
    fake.delete("ups.load")
    wait_values(site, "clone", ups__load=None)


def test_meta_data_are_copied_and_change(site):
    fake = serving(site)
    fake.set("input.transfer.low", "180")
    fake.make_writable("input.transfer.low", "STRING", length=3, enum=["170", "180"])
    wanted = ['ADDENUM input.transfer.low "170"', 'ADDENUM input.transfer.low "180"',
              "SETAUX input.transfer.low 3", "SETFLAGS input.transfer.low RW STRING"]
    wait_until(lambda: set(wanted) <= set(dump(site, "clone")))
    fake.send('DELENUM input.transfer.low "170"')
    wait_until(lambda: wanted[0] not in dump(site, "clone"))
    assert set(wanted[1:]) <= set(dump(site, "clone"))


def test_news_arrive_without_a_poll(site):
    fake = source(site)
    clone(site, "pollinterval = 3600")
    wait_values(site, "clone", fresh=True, ups__status="OL")
    fake.set("ups.status", "OB LB")
    wait_values(site, "clone", ups__status="OB LB")
    asked = [line for line in fake.received if line not in ("DUMPALL", "PING")]
    assert not asked and fake.received.count("DUMPALL") == 1


def test_the_port_may_be_a_path(site):
    fake = FakeDriver(site.root / "elsewhere", {"ups.status": "OB"})
    site.fakes.append(fake)
    site.add_ups("clone", "clone", site.root / "elsewhere")
    site.start_driver("clone")
    wait_values(site, "clone", fresh=True, ups__status="OB", driver__upstream="elsewhere")


def test_a_stale_source_makes_a_stale_clone_and_hides_no_word(site):
    fake = serving(site)
    # Both at once: what it said last counts, although it is stale when the clone hears of it.
    fake.variables["ups.status"] = "OB LB"
    fake.send_raw(b'SETINFO ups.status "OB LB"\nDATASTALE\n')
    wait_values(site, "clone", fresh=False, ups__status="OB LB")
    fake.set_stale(False)
    wait_values(site, "clone", fresh=True, ups__status="OB LB")


def test_a_source_that_goes_and_returns_is_followed_again(site):
    fake = serving(site)
    client, news = statuses(site, "clone")
    fake.close()
    wait_values(site, "clone", fresh=False, ups__status="OL", battery__charge="90")
    fake.variables["battery.charge"] = "80"
    del fake.variables["battery.runtime"]
    fake.listen()
    wait_values(site, "clone", fresh=True, battery__charge="80", battery__runtime=None)
    assert news() == []  # no WAIT, nothing else between
    client.close()


def test_a_source_that_comes_later_is_waited_for(site):
    site.add_ups("real", "dummy-ups", "x")
    clone(site)
    assert values(site, "clone")["fresh"] is False
    source(site)
    wait_values(site, "clone", fresh=True, ups__status="OL")


def test_half_a_dump_is_not_believed(site):
    fake = source(site)
    fake.answer_dump = 3
    clone(site)
    fake.wait_link()
    wait_until(lambda: "PING" in fake.received)
    assert values(site, "clone")["fresh"] is False
    assert "battery.charge" not in values(site, "clone")
    fake.answer_dump = True
    fake.hang_up()
    wait_values(site, "clone", fresh=True, ups__status="OL")


@pytest.mark.long
def test_a_source_that_falls_silent_makes_the_data_stale(site):
    fake = source(site)
    process = clone(site)
    wait_values(site, "clone", fresh=True)
    fake.answer_ping = False
    wait_values(site, "clone", fresh=False)
    assert process.running()
    fake.answer_ping = True
    fake.set("ups.load", "1")
    wait_values(site, "clone", fresh=True, ups__load="1")


def test_garbage_harms_nothing(site):
    fake = serving(site)
    fake.send_raw(b'SETINFO ups.status "OB LB\n' b"\0\xff\xfe garbage \\\n" b"SETINFO\n"
                  b"SETINFO ups.status\n" b"TRACKING 1 x\nTRACKING 99 0\nPID\nDELINFO\n"
                  + b"A" * 200000 + b"\n" b"ADDRANGE ups.load 9 1\nSETFLAGS ups.status HUGE\n")
    fake.set("ups.load", "42")
    wait_values(site, "clone", ups__load="42", fresh=True, ups__status="OL")


def test_a_real_driver_is_followed_through_its_death(site):
    path = site.add_dummy("real", {"ups.status": "OL", "battery.charge": "70"})
    site.add_ups("clone", "clone", "dummy-ups-real")
    site.add_ups("out", "clone-outlet", "dummy-ups-real", "prefix = outlet.1")
    upsd = site.start_upsd()
    for name in ("clone", "out"):
        site.start_driver(name)
    driver = site.start_driver("real")
    for name in ("clone", "out"):
        upsd.wait_for(name, "ups.status", "OL")
    driver.kill()
    for name in ("clone", "out"):
        upsd.wait_for(name, "ups.status", "ERR DATA-STALE")
    path.write_text("ups.status: OB LB\nbattery.charge: 5\n")
    site.start_driver("real")
    for name in ("clone", "out"):
        upsd.wait_for(name, "ups.status", "OB LB")
        assert upsd.value(name, "battery.charge") == "5"


def test_a_look_at_a_clone_without_a_source_comes_to_an_end(site):
    site.add_ups("clone", "clone", "dummy-ups-real")
    site.write_ups_conf("maxstartdelay = 1")
    result = site.run("clone", "-a", "clone", "-d", "1", *site._as_user)
    assert result.returncode == 1 and "maxstartdelay" in result.stderr
    source(site)
    site.add_ups("clone", "clone", "dummy-ups-real")
    result = site.run("clone", "-a", "clone", "-d", "1", *site._as_user)
    assert result.returncode == 0 and "battery.charge: 90\n" in result.stdout


# ---------------------------------------------------------------------------------- shutdown


def test_below_its_limit_a_clone_shuts_down_and_power_cycles_its_outlet(site):
    fake = serving(site, *QUICK, "load.status = outlet.1.status", "mincharge = 50")
    client, news = statuses(site, "clone")
    power_fails(fake)
    fake.wait_received(CUT)
    fake.set("outlet.1.status", "off")
    wait_values(site, "clone", ups__status="OB DISCHRG OFF")
    assert not any(line.startswith(SWITCH_ON) for line in fake.received)
    fake.set("ups.status", "OL CHRG")
    fake.wait_received(SWITCH_ON)
    fake.set("outlet.1.status", "on")
    wait_values(site, "clone", ups__status="OL CHRG", ups__timer__start="-1")
    assert news() == ["FSD OB DISCHRG", "OB DISCHRG OFF", "OL CHRG OFF", "OL CHRG"]
    assert [line for line in fake.received if line.startswith("INSTCMD")] == \
        [f"{CUT} TRACKING 1", f"{SWITCH_ON} TRACKING 2"]
    client.close()


def test_the_runtime_is_a_limit_too(site):
    fake = serving(site, "minruntime = 300")
    power_fails(fake, charge="90")
    wait_values(site, "clone", ups__status="OB DISCHRG")
    fake.set("battery.runtime", "299.5")
    wait_values(site, "clone", ups__status="FSD OB DISCHRG")


@pytest.mark.parametrize("status", ["OL", "OL CHRG", "", "OFF", "OB CAL"])
def test_a_low_battery_alone_is_no_reason(site, status):
    fake = serving(site, "mincharge = 50", "offdelay = 0", *ORDERS)
    power_fails(fake, status=status)
    wait_values(site, "clone", ups__status=status, battery__charge="40")
    fake.set("ups.load", "1")
    wait_values(site, "clone", ups__load="1")
    assert values(site, "clone")["ups.status"] == status
    assert not any(line.startswith("INSTCMD") for line in fake.received)


def test_without_limits_a_clone_never_begins(site):
    fake = serving(site, *QUICK)
    power_fails(fake, charge="0", status="OB LB")
    wait_values(site, "clone", ups__status="OB LB")
    fake.set("ups.load", "1")
    wait_values(site, "clone", ups__load="1")
    assert values(site, "clone")["ups.status"] == "OB LB"


def test_the_sources_own_fsd_passes(site):
    fake = serving(site)
    fake.set("ups.status", "FSD OB LB")
    wait_values(site, "clone", ups__status="FSD OB LB")


def test_shutdowns_can_be_ordered(site):
    fake = serving(site, *QUICK)
    assert ask(site, "clone", "INSTCMD shutdown.stayoff") == 0
    assert values(site, "clone")["ups.status"] == "FSD OL"
    fake.wait_received(CUT)
    wait_values(site, "clone", ups__status="OL OFF", ups__timer__start="-1")
    assert ask(site, "clone", "INSTCMD shutdown.return") == 0
    fake.wait_received(SWITCH_ON)
    wait_values(site, "clone", ups__status="OL")


def test_a_shutdown_is_refused_while_nobody_would_hear_of_it(site):
    fake = serving(site, *QUICK)
    fake.set_stale()
    wait_values(site, "clone", fresh=False)
    assert ask(site, "clone", "INSTCMD shutdown.return") == 3
    fake.set_stale(False)
    wait_values(site, "clone", fresh=True, ups__status="OL")


def test_an_order_that_cannot_be_given_is_announced_anew(site):
    fake = serving(site, *ORDERS, "offdelay = 3", "mincharge = 50")
    power_fails(fake)
    wait_values(site, "clone", ups__status="FSD OB DISCHRG")
    fake.close()
    wait_values(site, "clone", fresh=False, ups__timer__shutdown="0")
    fake.received.clear()
    fake.listen()
    wait_values(site, "clone", fresh=True, ups__status="FSD OB DISCHRG", ups__timer__shutdown="3")
    fake.wait_received(CUT)


def test_an_outlet_that_refuses_keeps_the_warning(site):
    fake = source(site)
    fake.result = lambda words: 3
    process = clone(site, *ORDERS, "offdelay = 0", "mincharge = 50")
    wait_values(site, "clone", fresh=True)
    power_fails(fake)
    fake.wait_received(CUT)
    process.wait_log("outlet.1.load.off was not done")
    assert values(site, "clone")["ups.status"] == "FSD OB DISCHRG"


def test_a_clone_that_is_killed_warns_again(site):
    fake = source(site)
    process = clone(site, "mincharge = 50")
    wait_values(site, "clone", fresh=True)
    power_fails(fake)
    wait_values(site, "clone", ups__status="FSD OB DISCHRG")
    process.kill()
    site.start_driver("clone")
    wait_values(site, "clone", ups__status="FSD OB DISCHRG")


def test_orders_and_variables_that_the_source_has_not_are_told_early(site):
    source(site)
    process = clone(site, "load.off = outlet.7.load.off", "load.status = outlet.7.status")
    process.wait_log("load.off = outlet.7.load.off: dummy-ups-real offers no such command")
    process.wait_log("load.status = outlet.7.status: dummy-ups-real has no such variable")


def test_the_computers_of_an_outlet_go_before_the_others(site):
    path = site.add_dummy("real", {"ups.status": "OL", "battery.charge": "90"})
    site.add_ups("clone", "clone", "dummy-ups-real", "mincharge = 60")
    site.add_user("mon", "secret", "upsmon secondary")
    upsd = site.start_upsd()
    for name in "real", "clone":
        site.start_driver(name)
    upsd.wait_for("clone", "ups.status", "OL")
    upsmon = site.start_upsmon(f"MONITOR clone@127.0.0.1:{site.port} 1 mon secret secondary")
    path.write_text("ups.status: OB\nbattery.charge: 61\n")
    upsmon.wait_log("on battery")
    assert not site.shutdown_mark.exists()
    path.write_text("ups.status: OB\nbattery.charge: 59\n")
    wait_until(site.shutdown_mark.exists, what=lambda: upsmon.log())
    assert upsd.value("real", "ups.status") == "OB"


# ------------------------------------------------------------------------ commands, settings


def test_commands_are_handed_on_and_answered(site):
    fake = serving(site, *ORDERS)
    answers = {"beeper.on": 0, "outlet.1.load.off": 2}
    fake.result = lambda words: answers.get(words[1])
    assert ask(site, "clone", "INSTCMD beeper.on") == 0
    assert ask(site, "clone", "INSTCMD load.off") == 2
    assert ask(site, "clone", "INSTCMD no.such.thing") == 1
    # What concerns those on the other outlets is not for the clone.
    assert ask(site, "clone", "INSTCMD outlet.1.load.off") == 1
    assert [line.split()[1] for line in fake.received if line.startswith("INSTCMD")] == \
        ["beeper.on", "outlet.1.load.off"]
    assert {"beeper.on", "load.off", "load.on", "shutdown.return", "shutdown.stayoff"} <= \
        set(commands(site, "clone"))
    assert "outlet.1.load.off" not in commands(site, "clone")


def test_a_command_that_is_not_answered_delays_nothing(site):
    fake = serving(site)
    fake.result = lambda words: None
    with_result = []
    client, news = statuses(site, "clone")
    client.send("INSTCMD beeper.on TRACKING slow")
    fake.wait_received("INSTCMD beeper.on")
    fake.set("ups.status", "OB LB")
    wait_values(site, "clone", ups__status="OB LB")
    assert ask(site, "clone", "SET battery.charge.low 30") == 0
    # The source dies with it: that is an answer.
    fake.hang_up()
    while not with_result:
        line = client.line()
        if line.startswith("TRACKING"):
            with_result.append(line)
    assert with_result == ["TRACKING slow 3"]
    client.close()


def test_settings_are_handed_on_and_own_limits_are_kept(site):
    fake = serving(site, "mincharge = 50")
    fake.set("input.transfer.low", "180")
    fake.make_writable("input.transfer.low", "STRING", length=3)
    wait_until(lambda: "SETFLAGS input.transfer.low RW STRING" in dump(site, "clone"))
    assert ask(site, "clone", 'SET input.transfer.low "17 \\"0"') == 0
    assert fake.wait_received("SET input").startswith('SET input.transfer.low "17 \\"0" TRACKING')
    assert ask(site, "clone", "SET ups.status OL") == 2
    assert ask(site, "clone", "SET no.such 1") == 1
    assert ask(site, "clone", "SET battery.charge.low 101") == 2
    assert ask(site, "clone", "SET battery.charge.low 95") == 0
    assert values(site, "clone")["battery.charge.low"] == "95"
    assert not any(line.startswith("SET battery") for line in fake.received)
    fake.set("ups.status", "OB")
    wait_values(site, "clone", ups__status="FSD OB")


def test_killpower_is_left_to_the_source(site):
    fake = serving(site, *QUICK)
    for _ in ("with a clone that runs, which ends then", "without one"):
        result = site.run("clone", "-a", "clone", "-k", *site._as_user)
        assert result.returncode == 1 and "that is for dummy-ups-real" in result.stderr
    assert not any(line.startswith("INSTCMD") for line in fake.received)


# ------------------------------------------------------------------------------------ circles


def test_a_clone_of_itself_is_refused(site):
    site.add_ups("clone", "clone", "clone-clone")
    result = site.run("clone", "-a", "clone", "-F", *site._as_user)
    assert result.returncode == 1
    assert "is the socket of this driver itself" in result.stderr


def test_clones_of_each_other_are_found_out(site):
    for name, other in ("a", "clone-b"), ("b", "clone-c"), ("c", "clone-a"):
        site.add_ups(name, "clone", other)
    drivers = {name: site.start_driver(name) for name in "abc"}
    for name, driver in drivers.items():
        driver.wait_log("follows this driver, by itself or by others")
        assert values(site, name)["fresh"] is False
    # One of them is mended, and all have their data.
    fake = source(site)
    site.add_ups("c", "clone", "dummy-ups-real")
    drivers["c"].stop()
    site.start_driver("c")
    for name in "abc":
        wait_values(site, name, fresh=True, ups__status="OL")
    assert fake.received.count("DUMPALL") == 1


# ------------------------------------------------------------------------------- clone-outlet


def test_an_outlet_that_is_to_be_cut_warns_its_clients(site):
    fake = source(site)
    outlet(site)
    wait_values(site, "out", fresh=True, ups__status="OL", ups__delay__start="77")
    fake.set("outlet.1.timer.shutdown", "20")
    wait_values(site, "out", ups__status="FSD OL")
    fake.set("outlet.1.status", "off")
    fake.set("outlet.1.timer.shutdown", "-1")
    wait_values(site, "out", ups__status="OL OFF")
    fake.set("outlet.1.status", "on")
    fake.set("ups.status", "OB LB")
    wait_values(site, "out", ups__status="OB LB")


def test_an_outlet_is_for_looking_only(site):
    fake = source(site)
    fake.set("ups.id", "x")
    fake.make_writable("ups.id", "STRING", length=8)
    outlet(site)
    wait_values(site, "out", fresh=True)
    assert "SETFLAGS ups.id STRING" in dump(site, "out")
    assert ask(site, "out", "SET ups.id y") == 1
    assert ask(site, "out", "INSTCMD beeper.on") == 1
    assert "beeper.on" not in commands(site, "out")
    assert site.run("clone-outlet", "-a", "out", "-k", *site._as_user).returncode == 1


def test_an_outlet_needs_its_name(site):
    source(site)
    site.add_ups("out", "clone-outlet", "dummy-ups-real")
    result = site.run("clone-outlet", "-a", "out", "-F", *site._as_user)
    assert result.returncode == 1 and "prefix = outlet.1" in result.stderr


def test_an_outlet_that_the_source_has_not_is_told(site):
    source(site)
    outlet(site, "prefix = outlet.9").wait_log("nothing will be known of the outlet")


@pytest.mark.once
def test_a_stopped_source_holds_up_nobody(site):
    site.add_dummy("real", {"ups.status": "OL"})
    driver = site.start_driver("real")
    clone(site)
    outlet(site)
    for name in ("clone", "out"):
        wait_values(site, name, fresh=True)
    driver.popen.send_signal(signal.SIGSTOP)
    try:
        for name in ("clone", "out"):
            wait_values(site, name, fresh=False)
    finally:
        driver.popen.send_signal(signal.SIGCONT)
    for name in ("clone", "out"):
        wait_values(site, name, fresh=True)
