"""failover: several drivers as one UPS."""

import random
import time

import pytest

from drivervalues import ask, commands, dump, statuses, values, wait_values
from harness import wait_until

A, B = "dummy-ups-a", "dummy-ups-b"


def source(site, name, status="OL", **variables):
    fake = site.fake_driver(name, {"ups.status": status, "ups.id": name, "driver.name": "fake",
                                   **variables})
    fake.commands += ["beeper.on", "driver.killpower", "shutdown.default"]
    return fake


def failover(site, *lines, port=f"{A},{B}", **options):
    site.add_ups("both", "failover", port, *lines)
    return site.start_driver("both", **options)


def serving(site, *lines, a="OL", b="OL"):
    """Two drivers and what serves them as one."""
    first, second = source(site, "a", a), source(site, "b", b)
    process = failover(site, *lines)
    wait_values(site, "both", fresh=True, driver__primary=A)  # the other one may be heard first
    return first, second, process


def test_the_first_that_is_good_speaks_for_both(site):
    first, second, _ = serving(site)
    first.set("ups.load", "10")
    first.make_writable("ups.load", "NUMBER", ranges=[(0, 100)])
    wait_values(site, "both", ups__id="a", ups__status="OL", ups__load="10", driver__primary=A,
                driver__upstream=f"{A} {B}", upstream__driver__name="fake",
                driver__name="failover")
    wait_until(lambda: "ADDRANGE ups.load 0 100" in dump(site, "both"))
    second.set("ups.load", "99")
    first.set("ups.load", "11")
    wait_values(site, "both", ups__load="11")


def test_another_one_takes_over_at_once_and_whole(site):
    first, second, process = serving(site)
    first.set("only.here", "1")
    wait_values(site, "both", only__here="1")
    client, news = statuses(site, "both")
    second.set("ups.status", "OL CHRG")
    first.close()
    wait_values(site, "both", ups__id="b", ups__status="OL CHRG", only__here=None,
                driver__primary=B, fresh=True)
    first.listen()
    wait_values(site, "both", ups__id="a", ups__status="OL", driver__primary=A)
    assert news() == ["OL CHRG", "OL"]
    process.wait_log("dummy-ups-b speaks for both now, after dummy-ups-a")
    client.close()


def test_no_word_of_the_last_primary_is_left(site):
    first, second, _ = serving(site, "inittime = 0", a="OB LB", b="OB LB")
    second.delete("ups.status")
    ask(site, "both", f"INSTCMD {B}.force.primary -1")
    wait_values(site, "both", ups__id="b", ups__status="", fresh=True)


def test_data_are_never_stale_between_two_good_drivers(site):
    first, _, _ = serving(site)
    # The other one was heard, too.
    ask(site, "both", f"INSTCMD {B}.force.primary -1")
    wait_values(site, "both", ups__id="b")
    ask(site, "both", f"INSTCMD {B}.force.primary 0")
    wait_values(site, "both", ups__id="a", fresh=True)
    client, _ = statuses(site, "both")
    first.set_stale()
    wait_values(site, "both", ups__id="b", fresh=True)
    first.set_stale(False)
    wait_values(site, "both", ups__id="a", fresh=True)
    client.send("PING")
    lines = client.until("PONG")
    assert "DATASTALE" not in lines
    client.close()


def test_on_line_is_better_than_on_battery(site):
    first, second, _ = serving(site)
    first.set("ups.status", "OB")
    wait_values(site, "both", ups__id="b", ups__status="OL")
    second.set("ups.status", "OB LB")
    wait_values(site, "both", ups__id="a", ups__status="OB")
    first.set("ups.status", "OB LB")
    wait_values(site, "both", ups__id="a", ups__status="OB LB", fresh=True)


def test_on_battery_the_longer_runtime_counts(site):
    first, second, _ = serving(site)
    first.set("battery.runtime", "100")
    second.set("battery.runtime", "200")
    first.set("ups.status", "OB")
    second.set("ups.status", "OB")
    wait_values(site, "both", ups__id="b", ups__status="OB")
    first.set("battery.runtime", "300")
    wait_values(site, "both", ups__id="a")


def test_filters_choose(site):
    first, second, _ = serving(site, "status_have_any = OL,BYPASS", "status_nothave_any = ALARM")
    wait_values(site, "both", ups__id="a")
    first.variables["ups.alarm"] = "Fan!"
    first.set("ups.status", "ALARM OL")
    wait_values(site, "both", ups__id="b", ups__alarm=None)
    second.set("ups.status", "ALARM OL CHRG")
    wait_values(site, "both", ups__id="a", ups__status="ALARM OL")


def test_an_alarm_goes_with_its_primary(site):
    first, second, _ = serving(site)
    first.set("ups.alarm", "Fan!")
    first.set("ups.status", "ALARM OL")
    wait_values(site, "both", ups__alarm="Fan!", ups__status="ALARM OL")
    first.close()
    wait_values(site, "both", ups__alarm=None, ups__status="OL", ups__id="b")


def test_who_has_no_good_data_has_none_to_show(site):
    first, second, _ = serving(site, b="OB")
    second.set_stale()
    first.set_stale()
    wait_values(site, "both", ups__id="a", fresh=False)
    first.close()
    # Alive is all that is asked for, and stale is what it is.
    wait_values(site, "both", ups__id="b", fresh=False, ups__status="OB")


def test_a_drivers_restart_is_no_low_battery(site):
    first, second, _ = serving(site, "noprimarytime = 30", b="OB LB")
    wait_values(site, "both", ups__status="OL")
    client, news = statuses(site, "both")
    first.close()
    wait_values(site, "both", fresh=False, ups__status="OL")
    first.listen()
    wait_values(site, "both", fresh=True, ups__status="OL")
    assert news() == []
    client.close()


def test_a_low_battery_is_shown_when_nobody_else_comes(site):
    first, _, _ = serving(site, "noprimarytime = 2", "inittime = 1", b="OB LB")
    wait_values(site, "both", ups__status="OL")
    first.close()
    wait_values(site, "both", fresh=True, ups__status="OB LB", ups__id="b")


def test_drivers_that_come_one_after_the_other_are_no_low_battery(site):
    site.add_ups("a", "dummy-ups", "x")
    second = source(site, "b", "OB LB")
    failover(site)
    second.wait_link()
    client, news = statuses(site, "both")
    wait_until(lambda: values(site, "both")["driver.upstream"])
    assert values(site, "both")["fresh"] is False
    source(site, "a", "OL")
    wait_values(site, "both", fresh=True, ups__status="OL")
    assert "OB LB" not in news()
    client.close()


# -------------------------------------------------------------------------- nobody is primary


def test_mode_0_keeps_the_last_words_and_is_stale(site):
    first, second, _ = serving(site, "noprimarytime = 1", "inittime = 0", a="OB", b="OB")
    first.close()
    second.close()
    wait_values(site, "both", fresh=False, ups__status="OB")
    first.listen()
    wait_values(site, "both", fresh=True, ups__status="OB")


def test_mode_1_raises_an_alarm_and_is_stale_then(site):
    first, second, process = serving(site, "noprimarytime = 1", "inittime = 0", "fsdmode = 1",
                                     "coolofftime = 0", a="OB", b="OB")
    first.close()
    second.close()
    wait_values(site, "both", fresh=True, ups__status="ALARM OB", driver__primary=None)
    wait_values(site, "both", fresh=False, ups__status="ALARM OB")
    process.wait_log("no driver can speak for both")
    first.listen()
    wait_values(site, "both", fresh=True, ups__status="OB", ups__alarm=None, driver__primary=A)


def test_mode_2_says_fsd(site):
    first, second, _ = serving(site, "noprimarytime = 1", "inittime = 0", "fsdmode = 2")
    client, news = statuses(site, "both")
    first.close()
    second.close()
    wait_values(site, "both", fresh=True, ups__status="ALARM FSD OL",
                ups__alarm="No driver can speak for this UPS!")
    second.listen()
    wait_values(site, "both", fresh=True, ups__status="OL", ups__alarm=None)
    assert news() == ["ALARM FSD OL", "OL"]
    client.close()


def test_a_strict_filter_leaves_nobody(site):
    first, second, _ = serving(site, "noprimarytime = 1", "inittime = 0", "fsdmode = 2",
                               "strictfiltering = 1", "status_have_any = OL")
    first.set("ups.status", "OB")
    wait_values(site, "both", ups__status="OL", ups__id="b")
    second.set("ups.status", "OB")
    wait_values(site, "both", ups__status="ALARM FSD OB", fresh=True)


# ---------------------------------------------------------------------------------- commands


def test_commands_and_settings_go_to_the_primary(site):
    first, second, _ = serving(site)
    for fake in first, second:
        fake.set("driver.debug", "0")
        for name in "driver.debug", "ups.id":
            fake.make_writable(name, "STRING", length=8)
    first.result = lambda words: 4
    wait_until(lambda: "SETFLAGS upstream.driver.debug RW STRING" in dump(site, "both"))
    assert ask(site, "both", "INSTCMD beeper.on") == 4
    assert ask(site, "both", "INSTCMD upstream.driver.killpower now") == 4
    assert ask(site, "both", "INSTCMD shutdown.default") == 4
    assert ask(site, "both", "SET ups.id new") == 4
    assert ask(site, "both", "SET upstream.driver.debug 3") == 4
    assert ask(site, "both", "SET ups.status OL") == 2
    assert ask(site, "both", "INSTCMD no.such") == 1
    first.close()
    wait_values(site, "both", ups__id="b")
    assert ask(site, "both", "INSTCMD beeper.on") == 0
    sent = [line.rsplit(" TRACKING", 1)[0] for line in first.received if line[:3] in ("INS", "SET")]
    assert sent == ["INSTCMD beeper.on", 'INSTCMD driver.killpower "now"',
                    "INSTCMD shutdown.default", 'SET ups.id "new"', 'SET driver.debug "3"']
    assert second.wait_received("INSTCMD beeper.on")


def test_an_admin_can_choose(site):
    first, second, _ = serving(site)
    assert {f"{name}.force.{word}" for name in (A, B) for word in ("ignore", "primary")} <= \
        set(commands(site, "both"))
    assert ask(site, "both", f"INSTCMD {B}.force.primary -1") == 0
    wait_values(site, "both", ups__id="b")
    assert ask(site, "both", f"INSTCMD {B}.force.ignore 60") == 0
    wait_values(site, "both", ups__id="a")
    assert ask(site, "both", f"INSTCMD {B}.force.ignore") == 0
    wait_values(site, "both", ups__id="b")
    assert ask(site, "both", f"INSTCMD {B}.force.primary 0") == 0
    wait_values(site, "both", ups__id="a")
    assert ask(site, "both", f"INSTCMD {B}.force.primary 2") == 0
    wait_values(site, "both", ups__id="b")
    wait_values(site, "both", ups__id="a")
    assert ask(site, "both", f"INSTCMD {A}.force.ignore soon") == 2
    assert ask(site, "both", "INSTCMD dummy-ups-c.force.ignore") == 1


def test_killpower_is_ordered_from_whoever_can(site):
    source(site, "a").close()
    second = source(site, "b", "OB LB")
    site.add_ups("both", "failover", f"{A},{B}", "inittime = 0")
    result = site.run("failover", "-a", "both", "-k", *site._as_user)
    assert result.returncode == 0, result.stderr
    assert second.wait_received("INSTCMD shutdown.default")
    second.close()
    result = site.run("failover", "-a", "both", "-k", *site._as_user)
    assert result.returncode == 1 and "its power stays on" in result.stderr


# ------------------------------------------------------------------------------ configuration


@pytest.mark.parametrize("port, problem", [
    ("failover-both", "is the socket of this driver itself"),
    (f"{A},failover-both", "is the socket of this driver itself"),
    (f"{A},{A}", "is named twice"),
    (",", "name the drivers' sockets"),
    (",".join(f"dummy-ups-{i}" for i in range(33)), "more than 32"),
])
def test_a_port_that_cannot_be_is_refused(site, port, problem):
    site.add_ups("both", "failover", f'"{port}"')
    result = site.run("failover", "-a", "both", "-F", *site._as_user)
    assert result.returncode == 1 and problem in result.stderr


def test_options_have_their_bounds(site):
    site.add_ups("both", "failover", A, "fsdmode = 3")
    result = site.run("failover", "-a", "both", "-F", *site._as_user)
    assert result.returncode == 1 and "fsdmode" in result.stderr


def test_old_news_do_not_go_in_a_circle(site):
    first = source(site, "a")
    site.add_ups("clone", "clone", "failover-both")
    clone = site.start_driver("clone")
    process = failover(site, port=f"{A},clone-clone")
    process.wait_log("clone-clone has its data from this driver")
    clone.wait_log("failover-both follows this driver")
    wait_values(site, "both", fresh=True, ups__status="OL")
    assert values(site, "clone")["fresh"] is False
    first.close()
    wait_values(site, "both", fresh=False)


def test_after_some_failures_a_driver_is_left_alone_for_a_while(site):
    site.add_ups("a", "dummy-ups", "x")
    second = source(site, "b")
    site.add_ups("both", "failover", f"{A},{B}", "maxconnfails = 2", "coolofftime = 3600")
    process = site.start_driver("both", "-D")
    process.wait_log("dummy-ups-a: not reached 2 times, trying again in 3600 s")
    first = source(site, "a")
    second.close()
    wait_values(site, "both", fresh=False, ups__id="b")
    assert not first.received


def test_under_upsd_a_power_failure_is_seen_whichever_driver_tells(site):
    paths = {name: site.add_dummy(name, {"ups.status": "OL", "ups.id": name}) for name in "ab"}
    site.add_ups("both", "failover", f"{A},{B}")
    upsd = site.start_upsd()
    drivers = {name: site.start_driver(name) for name in "ab"}
    site.start_driver("both")
    upsd.wait_for("both", "ups.id", "a")
    drivers["a"].kill()
    upsd.wait_for("both", "ups.id", "b")
    assert upsd.value("both", "ups.status") == "OL"
    paths["b"].write_text("ups.status: OB LB\n")
    # The other one may come back with better news; it does not.
    upsd.wait_for("both", "ups.status", "OB LB")


@pytest.mark.parametrize("seed", range(2))
def test_whatever_a_source_goes_through_its_followers_tell_what_it_said(site, seed):
    dice = random.Random(seed)
    fake = source(site, "a", "OL", **{"outlet.1.status": "on"})
    site.add_ups("clone", "clone", A)
    site.add_ups("out", "clone-outlet", A, "prefix = outlet.1")
    site.add_ups("both", "failover", f"clone-clone,{A}", "coolofftime = 0", "inittime = 0")
    followers = ["clone", "out", "both"]
    for ups in followers:
        site.start_driver(ups)
        wait_values(site, ups, fresh=True)
    watched = {ups: statuses(site, ups) for ups in followers}

    def come_and_go():
        fake.close()
        fake.variables["ups.status"] = dice.choice(["OL", "OL CHRG", "OB"])
        fake.listen()

    deeds = [lambda: fake.set("ups.status", dice.choice(["OL", "OL CHRG", "OB"])),
             lambda: fake.set(f"ups.x{dice.randrange(9)}", str(dice.random())),
             lambda: fake.set(f"ups.x{dice.randrange(9)}", "y" * dice.randrange(3000)),
             lambda: fake.delete(f"ups.x{dice.randrange(9)}"),
             lambda: fake.send_raw(dice.randbytes(dice.randrange(400)) + b"\n"),
             lambda: fake.send_raw(b'SETINFO ups.garbled "O'),
             lambda: fake.set_stale(dice.random() < 0.5), fake.hang_up, come_and_go,
             lambda: fake.add_command(f"test.x{len(fake.commands)}")]
    for _ in range(150):
        dice.choice(deeds)()
        time.sleep(dice.random() / 50)
    fake.send_raw(b"\n")
    fake.set_stale(False)
    fake.hang_up()  # what was garbled is told anew
    fake.set("ups.load", "7")
    theirs = {name: value for name, value in fake.variables.items() if name != "driver.name"}
    for ups in followers:
        wait_until(lambda ups=ups: theirs.items() <= values(site, ups).items() and
                   values(site, ups)["fresh"], what=lambda ups=ups: (theirs, values(site, ups)))
        assert {n for n in values(site, ups) if n.startswith("ups.x")} == \
            {n for n in theirs if n.startswith("ups.x")}
        assert set(watched[ups][1]()) <= {"OL", "OL CHRG", "OB"}
        watched[ups][0].close()
