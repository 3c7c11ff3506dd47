"""dummy-ups: played files, and UPSes of another upsd repeated."""

import re

import pytest

from harness import LineClient, wait_until


def values(site, ups):
    """A driver's variables, by its socket."""
    with LineClient(site.socket(ups)) as c:
        c.send("DUMPALL")
        lines = c.until("DUMPDONE")
    found = {}
    for line in lines:
        match = re.fullmatch(r'SETINFO (\S+) "(.*)"', line)
        if match:
            found[match.group(1)] = re.sub(r"\\(.)", r"\1", match.group(2))
    found["fresh"] = "DATAOK" in lines
    return found


def wait_value(site, ups, name, value):
    return wait_until(lambda: values(site, ups).get(name) == value,
                      what=lambda: f"{name} is {value!r} in {values(site, ups)}")


def replace(path, text):
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


# ------------------------------------------------------------------------------ dummy-once


def test_a_dev_file_is_served(site):
    site.add_dummy("ups", "ups.status: OL CHRG\nbattery.charge: 80\nups.mfr: ACME   Inc\n"
                          'ups.id: "a \\"b\\" \\# \\\\"\ndriver.name: other\nno colon\n')
    site.start_driver("ups")
    wait_value(site, "ups", "fresh", True)
    now = values(site, "ups")
    expected = {"ups.status": "OL CHRG", "battery.charge": "80", "ups.mfr": "ACME Inc",
                "ups.id": 'a "b" # \\', "driver.name": "dummy-ups", "ups.model": "Dummy UPS",
                "device.mfr": "ACME Inc", "driver.parameter.mode": "dummy-once"}
    assert {name: now.get(name) for name in expected} == expected


def test_a_hash_in_quotes_is_part_of_the_text_everywhere(site):
    """In the file, in ups.conf, and from a client that knows of no backslash for it."""
    site.add_dummy("ups", 'ups.status: OL\nups.id: "rack #3" # left\n', 'desc = "UPS #1"')
    site.add_user("admin", "secret", "actions = SET")
    upsd = site.start_upsd()
    site.start_driver("ups")
    upsd.wait_for("ups", "ups.id", "rack \\#3")  # the reply has the backslash, as ever
    assert site.run("upsc", "-L", f"localhost:{site.port}").stdout == "ups: UPS #1\n"
    with upsd.client(user="admin", password="secret") as client:
        assert client.ask('SET VAR ups ups.id "rack #4"') == "OK"
        upsd.wait_for("ups", "ups.id", "rack \\#4")


def test_a_dev_file_written_anew_is_read_again(site):
    path = site.add_dummy("ups", {"ups.status": "OL", "battery.charge": "100"})
    site.start_driver("ups")
    wait_value(site, "ups", "ups.status", "OL")
    replace(path, "ups.status: OB\nbattery.charge:\n")
    wait_value(site, "ups", "ups.status", "OB")
    assert "battery.charge" not in values(site, "ups")


def test_a_dev_file_which_goes_makes_the_data_stale_until_it_is_back(site):
    path = site.add_dummy("ups", {"ups.status": "OL"})
    site.start_driver("ups")
    wait_value(site, "ups", "fresh", True)
    path.rename(path.with_suffix(".away"))
    wait_value(site, "ups", "fresh", False)
    path.with_suffix(".away").rename(path)
    wait_value(site, "ups", "fresh", True)


def test_a_file_that_does_not_exist_yet_is_waited_for(site):
    path = site.add_dummy("ups", {"ups.status": "OB"})
    path.unlink()
    site.start_driver("ups")
    assert values(site, "ups")["fresh"] is False
    path.write_text("ups.status: OB\n")
    wait_value(site, "ups", "fresh", True)
    wait_value(site, "ups", "ups.status", "OB")


def test_alarms_come_and_go_with_their_word(site):
    path = site.add_dummy("ups", "ups.status: OL\nALARM Too hot!\nALARM Fan!\n")
    site.start_driver("ups")
    wait_value(site, "ups", "ups.alarm", "Too hot! Fan!")
    assert values(site, "ups")["ups.status"] == "ALARM OL"
    replace(path, "ALARM\n")
    wait_value(site, "ups", "ups.status", "OL")
    assert "ups.alarm" not in values(site, "ups")


def test_lines_that_make_no_sense_are_told_and_left_out(site):
    site.add_dummy("ups", 'ups.status: OL\nTIMER soon\nups.id: "half\nbattery.charge: 50\n')
    process = site.start_driver("ups")
    process.wait_log("ups.dev:2:")
    assert "TIMER" in process.log()


# ------------------------------------------------------------------------------- dummy-loop


def test_a_seq_file_is_played_over_and_over(site):
    site.add_dummy("ups", "ups.status: OL\nTIMER 0.3\nups.status: OB\nTIMER 0.3\n"
                          "ups.status: OB LB\nTIMER 0.3\n", suffix=".seq")
    site.start_driver("ups", wait=False)
    site.wait_driver("ups")
    with LineClient(site.socket("ups")) as c:
        seen = []
        while len(seen) < 7:
            line = c.line()
            if line.startswith("SETINFO ups.status "):
                seen.append(line.split('"')[1])
    start = seen.index("OL")
    assert seen[start:start + 4] == ["OL", "OB", "OB LB", "OL"]


def test_between_two_timers_the_values_stand_still(site):
    site.add_dummy("ups", "ups.status: OB\nTIMER 600\nups.status: OL\n", suffix=".seq")
    site.start_driver("ups")
    wait_value(site, "ups", "ups.status", "OB")
    with LineClient(site.socket("ups")) as c:
        assert c.is_silent(2)
    assert values(site, "ups")["fresh"] is True


# ------------------------------------------------------------------------------- mode, port


@pytest.mark.parametrize("port,mode,published", [
    ("a.dev", None, "dummy-once"), ("a.seq", None, "dummy-loop"), ("a.txt", None, "dummy"),
    ("a.seq", "dummy-once", "dummy-once"), ("a.dev", "dummy", "dummy-loop"),
])
def test_the_mode_is_told_or_decided_by_the_name(site, port, mode, published):
    site.write(port, "ups.status: OL\n")
    site.add_ups("ups", "dummy-ups", port, *([f"mode = {mode}"] if mode else []))
    result = site.run("dummy-ups", "-a", "ups", "-d", "0", "-q", *site._as_user, check=True)
    assert f"driver.parameter.mode: {published}" in result.stdout.splitlines()


def test_ports_may_be_absolute_relative_or_below_the_configuration(site):
    (site.root / "here.dev").write_text("ups.id: here\n")
    (site.conf / "there.dev").write_text("ups.id: there\n")
    for port, text in ((site.root / "here.dev", "here"), ("./here.dev", "here"),
                       ("there.dev", "there")):
        site.add_ups("ups", "dummy-ups", port)
        result = site.run("dummy-ups", "-a", "ups", "-d", "0", "-q", *site._as_user, check=True)
        assert f"ups.id: {text}" in result.stdout.splitlines()


def test_an_unknown_mode_is_refused(site):
    site.add_ups("ups", "dummy-ups", "a.dev", "mode = dumy")
    result = site.run("dummy-ups", "-a", "ups", *site._as_user)
    assert result.returncode == 1 and "repeater" in result.stderr


# ---------------------------------------------------------------------- setting and commands


def test_clients_may_set_variables_until_the_file_changes(site):
    path = site.add_dummy("ups", {"ups.status": "OL", "battery.charge": "100"})
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    site.start_driver("ups")
    upsd = site.start_upsd()
    upsd.wait_for("ups", "ups.status", "OL")
    with upsd.client(user="admin", password="secret") as c:
        assert c.ask("SET VAR ups ups.status \"OB LB\"") == "OK"
        upsd.wait_for("ups", "ups.status", "OB LB")
        assert c.ask("SET VAR ups battery.charge 12") == "OK"
        upsd.wait_for("ups", "battery.charge", "12")
        assert c.ask("INSTCMD ups load.off") == "OK"
        assert c.ask("GET TYPE ups ups.mfr") == "TYPE ups ups.mfr RW STRING:32"
    replace(path, "ups.status: OL\n")
    upsd.wait_for("ups", "ups.status", "OL")


def test_overridden_values_stay(site):
    site.add_dummy("ups", {"ups.status": "OB", "battery.charge": "3"},
                   "override.battery.charge = 77", "default.battery.runtime = 600")
    site.start_driver("ups")
    wait_value(site, "ups", "ups.status", "OB")
    now = values(site, "ups")
    assert (now["battery.charge"], now["battery.runtime"]) == ("77", "600")


# --------------------------------------------------------------------------------- repeater


def test_a_ups_of_another_upsd_is_repeated(site, sites):
    there = sites()
    there.add_dummy("far", 'ups.status: OL\nbattery.charge: 55\nups.id: "a \\"b\\" \\# c"\n')
    there.start_driver("far")
    upsd = there.start_upsd()
    upsd.wait_for("far", "ups.status", "OL")
    site.add_ups("near", "dummy-ups", f"far@127.0.0.1:{there.port}", "pollinterval = 1")
    site.start_driver("near")
    wait_value(site, "near", "ups.status", "OL")
    now = values(site, "near")
    assert (now["battery.charge"], now["ups.id"]) == ("55", 'a "b" # c')
    assert (now["driver.parameter.mode"], now["driver.name"]) == ("repeater", "dummy-ups")
    assert now["driver.parameter.port"] == f"far@127.0.0.1:{there.port}"


def test_changes_over_there_arrive_and_what_goes_there_goes_here(site, sites):
    there = sites()
    path = there.add_dummy("far", {"ups.status": "OL", "battery.charge": "55"})
    there.start_driver("far")
    there.start_upsd().wait_for("far", "ups.status", "OL")
    site.add_ups("near", "dummy-ups", f"far@127.0.0.1:{there.port}", "pollinterval = 1",
                 "default.battery.type = PbAc")
    site.start_driver("near")
    wait_value(site, "near", "battery.charge", "55")
    replace(path, "ups.status: OB LB\nbattery.charge:\n")
    wait_value(site, "near", "ups.status", "OB LB")
    wait_until(lambda: "battery.charge" not in values(site, "near"))
    assert values(site, "near")["battery.type"] == "PbAc"


def test_a_repeated_ups_is_stale_while_the_other_side_is_away(site, sites):
    there = sites()
    there.add_dummy("far", {"ups.status": "OL"})
    driver = there.start_driver("far")
    upsd = there.start_upsd()
    upsd.wait_for("far", "ups.status", "OL")
    site.add_ups("near", "dummy-ups", f"far@127.0.0.1:{there.port}", "pollinterval = 1")
    site.start_driver("near")
    wait_value(site, "near", "fresh", True)
    driver.stop()
    wait_value(site, "near", "fresh", False)
    there.start_driver("far")
    wait_value(site, "near", "fresh", True)
    upsd.stop()
    wait_value(site, "near", "fresh", False)
    there.restart_upsd()
    wait_value(site, "near", "fresh", True)


def test_without_strict_start_the_other_side_may_come_later(site, sites):
    there = sites()
    site.add_ups("near", "dummy-ups", f"far@127.0.0.1:{there.port}", "pollinterval = 1",
                 "repeater_disable_strict_start")
    result = site.run("dummy-ups", "-a", "near", *site._as_user)
    assert result.returncode == 0
    assert values(site, "near")["fresh"] is False
    there.add_dummy("far", {"ups.status": "OL"})
    there.start_driver("far")
    there.start_upsd()
    wait_value(site, "near", "fresh", True)


def test_with_strict_start_the_other_side_must_be_there(site, sites):
    site.add_ups("near", "dummy-ups", f"far@127.0.0.1:{sites().port}", "maxstartdelay = 1")
    assert site.run("dummy-ups", "-a", "near", *site._as_user).returncode == 1


def test_a_repeater_needs_an_at_sign(site):
    site.add_ups("near", "dummy-ups", "far", "mode = repeater")
    result = site.run("dummy-ups", "-a", "near", *site._as_user)
    assert result.returncode == 1 and "ups@host" in result.stderr
