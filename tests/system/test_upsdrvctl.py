"""upsdrvctl: starting, stopping, shutting down and watching drivers."""

import os
import re
import signal
import subprocess
import threading

import pytest

from harness import LineClient, wait_until

GOOD = "status OL\nups.load 23\n"


class Control:
    """upsdrvctl on a site, with a folder that holds dummy-ups and probe-ups."""

    def __init__(self, site):
        self.site = site
        self.drivers = site.root / "drivers"
        self.drivers.mkdir()
        for name in ("dummy-ups", "probe-ups"):
            (self.drivers / name).symlink_to(site.suite.program(name))
        self.env = {"NUT_DRIVERPATH": str(self.drivers)}

    def run(self, *args):
        return self.site.run("upsdrvctl", *self.site._as_user, *args, env=self.env)

    def supervise(self, *args):
        process = self.site.start("upsdrvctl", *self.site._as_user, "-F", "start", *args,
                                  env=self.env)
        return process

    def add_probe(self, name, text=GOOD, *lines):
        port = self.site.root / f"{name}.probe"
        port.write_text(text)
        self.site.add_ups(name, "probe-ups", port, "pollinterval = 1", *lines)
        return port

    def done(self, name):
        path = self.site.root / f"{name}.probe.log"
        return path.read_text().splitlines() if path.exists() else []

    def status(self):
        """The status table: {name: [columns]}."""
        result = self.run("status")
        assert result.returncode == 0, result.stderr
        lines = [[word.strip() for word in line.split("\t")] for line in result.stdout.splitlines()]
        assert lines[0] == ["UPSNAME", "UPSDRV", "RUNNING", "PF_PID", "S_RESPONSIVE", "S_PID",
                            "S_STATUS"]
        return {line[0]: line[1:] for line in lines[1:]}

    def wait_running(self, name):
        """Waits until a driver answers with a status; returns its pid."""
        def runs():
            row = self.status()[name]
            return int(row[4]) if row[5].startswith('"') else None
        return wait_until(runs, what=lambda: f"{name} runs: {self.status()}")

    def pid_file(self, name, driver="dummy-ups"):
        return self.site.pids / f"{driver}-{name}.pid"


@pytest.fixture
def control(site):
    return Control(site)


# -------------------------------------------------------------------------- start and stop


def test_all_drivers_start_and_stop(site, control):
    for name in ("one", "two"):
        site.add_dummy(name, {"ups.status": "OL CHRG"})
    result = control.run("start")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Network UPS Tools ")
    rows = control.status()
    for name in ("one", "two"):
        pid = control.pid_file(name).read_text().strip()
        assert rows[name] == ["dummy-ups", "RUNNING", pid, "RESPONSIVE", pid, '"OL CHRG"']
    assert control.run("stop").returncode == 0
    assert control.status() == {name: ["dummy-ups", "STOPPED", "-3", "NOT_RESPONSIVE", "N/A", "N/A"]
                                for name in ("one", "two")}


def test_one_driver_starts_and_stops(site, control):
    for name in ("one", "two"):
        site.add_dummy(name, {"ups.status": "OL"})
    assert control.run("start", "two").returncode == 0
    rows = control.status()
    assert (rows["one"][1], rows["two"][1]) == ("STOPPED", "RUNNING")
    assert control.run("stop", "one").returncode == 1
    assert control.run("stop", "two").returncode == 0


def test_a_driver_without_pid_file_is_stopped_by_its_socket(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    process = site.start_driver("ups")
    assert not control.pid_file("ups").exists()
    assert control.run("stop").returncode == 0
    assert process.wait() == 0


def test_a_driver_which_does_not_end_is_killed(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    process = site.start_driver("ups", "-FF")
    wait_until(control.pid_file("ups").exists)
    process.signal(signal.SIGSTOP)
    threading.Thread(target=process.popen.wait, daemon=True).start()  # or it stays as a zombie
    assert control.run("stop").returncode == 0
    assert process.wait() == -signal.SIGKILL
    assert not control.pid_file("ups").exists()


def test_a_pid_file_of_somebody_else_is_not_believed(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        control.pid_file("ups").write_text(f"{bystander.pid}\n")
        assert control.status()["ups"][1:3] == ["STOPPED", "-1"]
        assert control.run("stop").returncode == 1
        assert bystander.poll() is None
    finally:
        control.pid_file("ups").unlink()
        bystander.kill()
        bystander.wait()


def test_a_failed_start_is_tried_again_and_told(site, control):
    control.add_probe("ups", "open fatal\n", "maxretry = 2", "retrydelay = 0")
    result = control.run("start")
    assert result.returncode == 1
    assert control.done("ups") == ["open fatal", "open fatal"]
    assert "ups" in result.stderr


def test_maxretry_0_starts_nothing(site, control):
    control.add_probe("ups", GOOD, "maxretry = 0")
    assert control.run("start").returncode == 0
    assert control.done("ups") == []


def test_with_nowait_nobody_waits_for_the_device(site, control):
    port = control.add_probe("ups", "open fail\n", "nowait")
    # Not run(): the driver that starts still holds its end of the output.
    starter = site.start("upsdrvctl", *site._as_user, "start", env=control.env)
    assert starter.wait() == 0
    wait_until(lambda: "open fail" in control.done("ups"))
    port.write_text(GOOD)
    control.wait_running("ups")


def test_nowait_is_for_nothing_where_the_environment_says_so(site, control):
    control.add_probe("ups", "open fail\n", "nowait", "maxstartdelay = 1")
    result = site.run("upsdrvctl", *site._as_user, "start",
                      env={**control.env, "NUT_IGNORE_NOWAIT": "true"})
    assert result.returncode == 1 and "ups" in result.stderr


def test_one_device_that_is_not_reached_does_not_keep_the_others(site, control):
    control.add_probe("away", "open fail\n", "maxstartdelay = 1")
    site.add_dummy("ups", {"ups.status": "OL"})
    assert control.run("start").returncode == 1
    assert control.status()["ups"][1] == "RUNNING"
    assert control.status()["away"][1] == "STOPPED"


def test_a_driver_that_is_not_there_is_told(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    site.add_ups("odd", "no-such-driver", "auto")
    site.add_ups("worse", "../dummy-ups", "auto")
    result = control.run("start")
    assert result.returncode == 1
    assert "no-such-driver" in result.stderr and "../dummy-ups" in result.stderr
    assert control.status()["ups"][1] == "RUNNING"


def test_a_driver_of_nut_that_there_is_none_of_is_told_with_what_can_be_used(site, control):
    site.add_ups("odd", "mge-shut", "/dev/ttyS0")
    result = control.run("start")
    assert result.returncode == 1
    line, = [line for line in result.stderr.splitlines() if "mge-shut" in line]
    assert line.startswith('[odd] there is no driver "mge-shut" in ') and "usbhid-ups" in line


def test_each_driver_of_nut_is_ours_or_told_as_one_that_we_lack(site, shared):
    names = [line.split("\t")[0]
             for line in (shared / "facts" / "drivers.tsv").read_text().splitlines()[1:]]
    for number, name in enumerate(names):
        site.add_ups(f"u{number}", name, "auto")
    result = site.run("upsdrvctl", "-t", "start")
    lacking = re.findall(r'^\[u(\d+)\] there is no driver .* one of NUT\'s', result.stderr,
                         re.MULTILINE)
    found = re.findall(r"-a u(\d+)$", result.stderr + result.stdout, re.MULTILINE)
    told = {names[int(n)] for n in lacking} | {names[int(n)] for n in found}
    assert len(names) > 70 and set(names) - told == {"skel"}


def test_driverpath_of_the_file_is_used(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    site.write_ups_conf(f"driverpath = {control.drivers}")
    result = site.run("upsdrvctl", "-t", "start", env={"NUT_DRIVERPATH": ""})
    assert f"{control.drivers}/dummy-ups -a ups" in result.stderr


# -------------------------------------------------------------------------------- shutdown


def test_shutdown_goes_by_sdorder_and_leaves_out_minus_one(site, control):
    order = {"last": 2, "first": 0, "middle": 1, "never": -1}
    for name, number in order.items():
        control.add_probe(name, GOOD + "command-wait 300\n", f"sdorder = {number}")
    assert control.run("shutdown").returncode == 0
    stamps = [(site.root / f"{name}.probe.log").stat().st_mtime_ns
              for name in ("first", "middle", "last")]
    assert stamps == sorted(stamps)
    for name in ("first", "middle", "last"):
        assert control.done(name) == ["open ", "shutdown", "close"]
    assert control.done("never") == []


def test_one_named_is_shut_down_whatever_its_order(site, control):
    control.add_probe("ups", GOOD, "sdorder = -1")
    assert control.run("shutdown", "ups").returncode == 0
    assert "shutdown" in control.done("ups")


def test_shutdown_goes_through_the_running_driver(site, control):
    control.add_probe("ups")
    assert control.run("start").returncode == 0
    assert control.run("shutdown").returncode == 0
    assert control.done("ups") == ["open ", "shutdown", "close"]


def test_a_shutdown_that_fails_is_told_and_the_others_go_on(site, control):
    control.add_probe("bad", GOOD + "command fail\n")
    control.add_probe("good", GOOD, "sdorder = 1")
    assert control.run("shutdown").returncode == 1
    assert "shutdown" in control.done("good")


def test_sdorder_as_the_first_line_of_a_section_counts(site, control):
    port = control.add_probe("ups")
    site.write("ups.conf", f"[ups]\nsdorder = -1\ndriver = probe-ups\nport = {port}\n")
    assert control.run("shutdown").returncode == 0
    assert control.done("ups") == []


# ----------------------------------------------------------------------------- other verbs


def test_list_shows_the_names(site, control):
    for name in ("one", "two"):
        site.add_dummy(name, {"ups.status": "OL"})
    assert control.run("list").stdout == "one\ntwo\n"
    assert control.run("-l").stdout == "one\ntwo\n"
    assert control.run("list", "two").stdout == "two\n"


def test_commands_are_told_to_the_drivers(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    assert control.run("-c", "reload").returncode == 1  # nobody is there to hear it
    process = site.start_driver("ups")
    assert control.run("-c", "reload-or-error").returncode == 0
    process.wait_log("reading ups.conf again")
    assert control.run("-c", "exit", "ups").returncode == 0
    assert process.wait() == 0


def test_the_test_mode_only_shows_what_would_be_done(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    result = control.run("-t", "start")
    assert result.returncode == 0
    assert "*** Testing mode" in result.stdout
    assert re.search(r"^exec:  \S+/dummy-ups -a ups", result.stderr, re.M)
    assert not site.socket("ups").exists()
    process = site.start_driver("ups", "-FF")
    wait_until(control.pid_file("ups").exists)
    assert control.run("-t", "stop").returncode == 0
    assert process.running()


def test_options_are_passed_to_the_drivers(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    result = control.run("-t", "-DD", "-d", "-r", "/there", "start")
    assert re.search(r"-a ups -D -D -r /there( -u \S+)? -B$", result.stderr, re.M)


def test_what_cannot_be_understood_ends_with_1(site, control):
    for args, text in (((), "no UPS definitions"),):
        site.write("ups.conf", "")
        result = control.run("start", *args)
        assert result.returncode == 1 and text in result.stderr
    site.add_dummy("rack", {"ups.status": "OL"})
    for args, text in ((("start", "rakc"), "did you mean rack?"), (("begin",), "begin"),
                       (("start", "rack", "more"), "more"), (("-Z", "start"), "Z")):
        result = control.run(*args)
        assert result.returncode == 1 and text in result.stderr
    site.conf.joinpath("ups.conf").unlink()
    result = control.run("start")
    assert result.returncode == 1 and "ups.conf" in result.stderr


def test_help_and_version_end_with_0(site, control):
    assert "sdorder" in control.run("-h").stdout
    assert control.run("-V").stdout.startswith("Network UPS Tools ")
    assert control.run().returncode == 0


# ------------------------------------------------------------------------------ supervisor


def test_the_supervisor_starts_again_what_dies(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    supervisor = control.supervise()
    first = control.wait_running("ups")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: control.wait_running("ups") != first)
    assert supervisor.stop() == 0
    assert control.status()["ups"][1] == "STOPPED"


def test_the_supervisor_goes_on_trying(site, control):
    port = control.add_probe("ups", "open fatal\n")
    supervisor = control.supervise()
    wait_until(lambda: len(control.done("ups")) >= 2)
    port.write_text(GOOD)
    control.wait_running("ups")
    assert supervisor.stop() == 0


def test_the_supervisor_leaves_a_stopped_driver_alone_until_it_is_told(site, control):
    site.add_dummy("ups", {"ups.status": "OL"})
    supervisor = control.supervise()
    control.wait_running("ups")
    assert control.run("stop", "ups").returncode == 0
    supervisor.wait_log("ended because it was told to")
    assert control.status()["ups"][1] == "STOPPED"
    supervisor.signal(signal.SIGHUP)
    control.wait_running("ups")


def test_the_supervisor_follows_the_file(site, control):
    site.add_dummy("old", {"ups.status": "OL"})
    supervisor = control.supervise()
    control.wait_running("old")
    with LineClient(site.socket("old")) as c:
        site._sections.clear()
        site.add_dummy("new", {"ups.status": "OB"})
        supervisor.signal(signal.SIGHUP)
        c.expect_close()
    control.wait_running("new")
    assert supervisor.running()


def test_the_supervisor_keeps_to_the_one_named(site, control):
    for name in ("one", "two"):
        site.add_dummy(name, {"ups.status": "OL"})
    supervisor = control.supervise("two")
    control.wait_running("two")
    assert control.status()["one"][1] == "STOPPED"
    assert supervisor.stop() == 0


def test_a_driver_that_asks_for_a_restart_gets_it_at_once(site, control):
    port = control.add_probe("ups")
    supervisor = control.supervise()
    first = control.wait_running("ups")
    site.add_ups("ups", "probe-ups", port, "pollinterval = 1", "colour = blue")
    supervisor.signal(signal.SIGUSR1)
    wait_until(lambda: control.wait_running("ups") != first)
    with LineClient(site.socket("ups")) as c:
        c.send("DUMPVALUE driver.parameter.colour")
        assert 'SETINFO driver.parameter.colour "blue"' in c.until("DUMPDONE")
