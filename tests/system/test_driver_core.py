"""The driver core, by a driver with faults on demand (tests/driver/probe-ups.c)."""

import signal
import stat

from harness import LineClient, wait_until

GOOD = "status OL\nups.load 23\n"


class Probe:
    """A probe-ups on a site: its control file, its log, its socket."""

    def __init__(self, site, text=GOOD, *lines, name="ups"):
        self.site, self.name = site, name
        self.port = site.root / f"{name}.probe"
        self.say(text)
        site.add_ups(name, "probe-ups", self.port, "pollinterval = 1", *lines)
        self.process = None

    def say(self, text):
        """What the device does from now on."""
        new = self.port.with_suffix(".new")
        new.write_text(text)
        new.rename(self.port)

    def start(self, *args, **options):
        self.process = self.site.start_driver(self.name, *args, **options)
        return self.process

    def connect(self):
        return LineClient(self.site.socket(self.name))

    def done(self):
        """What the driver was asked to do, a list of lines."""
        path = self.port.with_name(self.port.name + ".log")
        return path.read_text().splitlines() if path.exists() else []

    def dump(self):
        with self.connect() as c:
            c.send("DUMPALL")
            return c.until("DUMPDONE")

    def wait_dump(self, *lines):
        """Waits until a dump holds these lines; returns it."""
        def seen():
            dump = self.dump()
            return dump if set(lines) <= set(dump) else None
        return wait_until(seen, what=lambda: f"{lines} in {self.dump()}")

    def wait_done(self, line):
        return wait_until(lambda: line in self.done(), what=lambda: f"{line} in {self.done()}")

    def run(self, *args):
        return self.site.run("probe-ups", "-a", self.name, *self.site._as_user, *args)


def ask(client, line):
    """A command's result, by TRACKING."""
    client.send(f"{line} TRACKING an-id")
    answer = []
    client.until(lambda text: text.startswith("TRACKING ") and not answer.append(text))
    return answer[0]


# ------------------------------------------------------------------------------ publishing


def test_a_driver_publishes_its_own_variables_as_nut_does(site):
    probe = Probe(site, GOOD, "password = hush", "depth = 3", "quick",
                  "default.battery.type = PbAc", "override.ups.load = 9")
    probe.start()
    dump = probe.wait_dump("DATAOK")
    for line in ('SETINFO driver.name "probe-ups"', 'SETINFO driver.version.internal "0.1"',
                 'SETINFO driver.parameter.pollinterval "1"',
                 'SETINFO driver.parameter.synchronous "auto"',
                 'SETINFO driver.parameter.depth "3"', 'SETINFO driver.flag.quick "enabled"',
                 'SETINFO driver.parameter.default.battery.type "PbAc"',
                 'SETINFO battery.type "PbAc"', 'SETINFO ups.load "9"',
                 'SETINFO driver.state "quiet"', "SETFLAGS driver.debug RW NUMBER",
                 "ADDCMD shutdown.default", "ADDCMD driver.killpower", 'SETINFO device.type "ups"'):
        assert line in dump
    assert not any("hush" in line for line in dump)
    assert [line for line in dump if "DATA" in line] == ["DATAOK"]


def test_the_socket_is_for_user_and_group_only(site):
    Probe(site).start()
    mode = site.socket("ups").stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


def test_a_group_of_the_file_that_there_is_none_of_is_warned_of(site):
    probe = Probe(site, GOOD, "group = no-such-group")
    probe.start()
    probe.wait_dump("DATAOK")
    assert 'there is no group "no-such-group"' in probe.process.log()


def test_texts_of_the_device_are_cleaned(site):
    probe = Probe(site, GOOD + 'text ups.mfr "  EATON\t\xe9 \\"x\\" "\n')
    probe.start()
    probe.wait_dump(r'SETINFO ups.mfr "EATON \"x\""', r'SETINFO device.mfr "EATON \"x\""')


def test_only_changes_are_sent_and_they_are_escaped(site):
    probe = Probe(site)
    probe.start()
    probe.wait_dump("DATAOK")
    with probe.connect() as c:
        c.send("DUMPALL")
        c.until("DUMPDONE")
        assert c.is_silent(2.5)  # polls go on meanwhile
        probe.say(GOOD.replace("23", '"2\\"\\#3"'))
        assert c.line() == r'SETINFO ups.load "2\"\#3"'
        probe.say("status OB LB\nups.load 24\n")
        assert {c.line(), c.line()} == {'SETINFO ups.load "24"', 'SETINFO ups.status "OB LB"'}


def test_who_wants_no_broadcast_gets_none(site):
    probe = Probe(site)
    probe.start()
    with probe.connect() as c:
        c.send("NOBROADCAST")
        assert c.ask("PING") == "PONG"
        probe.say("status OB\n")
        probe.wait_dump('SETINFO ups.status "OB"')
        assert c.is_silent()
        c.send("BROADCAST 1")
        assert c.ask("PING") == "PONG"
        probe.say("status OL\n")
        assert c.line() == 'SETINFO ups.status "OL"'


def test_a_peer_is_answered_as_the_protocol_says(site):
    probe = Probe(site)
    process = probe.start()
    probe.wait_dump("DATAOK")
    with probe.connect() as c:
        assert c.ask("GETPID") == f"PID {process.pid}"
        c.send("DUMPSTATUS")
        assert c.until("DUMPDONE") == ['SETINFO ups.status "OL"', "DATAOK"]
        c.send("DUMPVALUE ups.load")
        assert c.until("DUMPDONE") == ['SETINFO ups.load "23"', "DATAOK"]
        c.send("DUMPVALUE no.such")
        assert c.until("DUMPDONE") == ["DATAOK"]
        c.send("NONSENSE \x01 \"\nINSTCMD\n" + "x" * 100000 + "\n")
        assert c.ask("ping") == "PONG"
        assert c.ask("LOGOUT") == "OK Goodbye"
        assert c.expect_close() == b""


def test_a_client_that_never_reads_costs_bounded_memory_and_nobody_else(site):
    probe = Probe(site)
    process = probe.start()
    with probe.connect() as deaf, probe.connect() as c:
        deaf.sock.settimeout(0.5)
        sent = 0
        try:
            while sent < 4000000:
                sent += deaf.sock.send(b"DUMPALL\n" * 512)
        except OSError:
            pass  # it is not read any more
        assert ask(c, "SET ups.id other") == "TRACKING an-id 0"
        assert sent < 4000000 and process.rss_kib() < 64 * 1024


# ------------------------------------------------------------------------------- freshness


def test_data_are_stale_until_the_first_good_reading(site):
    probe = Probe(site, "open fail\n")
    probe.start()
    assert "DATASTALE" in probe.dump() and "DATAOK" not in probe.dump()
    assert not any("ups.status" in line for line in probe.dump())
    probe.say(GOOD)
    probe.wait_dump("DATAOK", 'SETINFO ups.status "OL"')


def test_polls_that_fail_make_the_data_stale(site):
    probe = Probe(site)
    probe.start()
    probe.wait_dump("DATAOK")
    with probe.connect() as c:
        probe.say("poll fail\n" + GOOD)
        c.until("DATASTALE")
        probe.say(GOOD)
        c.until("DATAOK")
    assert probe.done().count("close") == 0


def test_a_device_that_says_so_is_stale_at_once(site):
    probe = Probe(site)
    probe.start()
    probe.wait_dump("DATAOK")
    probe.say("poll stale\n")
    probe.wait_dump("DATASTALE")
    probe.say(GOOD)
    probe.wait_dump("DATAOK")


def test_a_lost_device_is_opened_again(site):
    probe = Probe(site)
    process = probe.start()
    probe.wait_dump("DATAOK")
    probe.say("poll lost\nopen fail\n")
    probe.wait_dump("DATASTALE", 'SETINFO driver.state "reconnect.trying"')
    wait_until(lambda: probe.done().count("open fail") >= 2)
    probe.say(GOOD)
    probe.wait_dump("DATAOK", 'SETINFO driver.state "quiet"')
    assert process.running() and "is reached again" in process.log()


def test_reconnect_max_tries_ends_the_driver(site):
    probe = Probe(site, GOOD, "reconnect_max_tries = 2")
    process = probe.start()
    probe.wait_dump("DATAOK")
    probe.say("poll lost\nopen fail\n")
    assert process.wait() == 1
    assert probe.done()[-2:] == ["open fail", "open fail"]


# ---------------------------------------------------------------------------------- waiting


def test_a_stalled_poll_delays_no_answer(site):
    probe = Probe(site, "wait 600000\n")
    probe.start()
    probe.wait_done("wait")
    with probe.connect() as c:
        assert c.ask("PING") == "PONG"
        assert "DATASTALE" in probe.dump()
        assert ask(c, "SET driver.debug 0") == "TRACKING an-id 0"


def test_a_stalled_poll_is_left_when_the_driver_is_to_end(site):
    probe = Probe(site, "wait 600000\n")
    process = probe.start()
    probe.wait_done("wait")
    assert process.stop() == 0
    assert probe.done()[-2:] == ["woken", "close"]


# --------------------------------------------------------------------------------- commands


def test_commands_are_run_and_their_results_told(site):
    probe = Probe(site)
    probe.start()
    with probe.connect() as c:
        assert ask(c, "INSTCMD beeper.toggle") == "TRACKING an-id 0"
        assert ask(c, "INSTCMD load.off 5") == "TRACKING an-id 0"
        assert ask(c, "INSTCMD no.such") == "TRACKING an-id 1"
        assert ask(c, 'SET ups.id "a \\"b\\""') == "TRACKING an-id 0"
        assert ask(c, "SET driver.name x") == "TRACKING an-id 1"
        c.send("INSTCMD load.on")  # nobody asks how it went
        probe.wait_done("instcmd load.on -")
    assert probe.done()[1:] == ["instcmd beeper.toggle -", "instcmd load.off 5", "instcmd no.such -",
                                'set ups.id a "b"', "instcmd load.on -"]
    probe.wait_dump(r'SETINFO ups.id "a \"b\""')


def test_an_overridden_variable_cannot_be_set(site):
    probe = Probe(site, GOOD, "override.ups.id = fixed")
    probe.start()
    with probe.connect() as c:
        assert ask(c, "SET ups.id other") == "TRACKING an-id 3"
    assert 'SETINFO ups.id "fixed"' in probe.dump()


def test_commands_run_in_order_and_never_inside_another(site):
    probe = Probe(site, GOOD + "command-wait 300\n")
    probe.start()
    with probe.connect() as c:
        c.send("SET ups.id one TRACKING 1\nSET ups.id two TRACKING 2\nPING\n")
        lines = c.until(lambda text: text == "TRACKING 2 0")
    assert lines.index("PONG") < lines.index("TRACKING 1 0")
    assert [line for line in probe.done() if "set" in line] == ["set ups.id one", "set ups.id two"]


def test_a_flood_of_commands_is_refused_not_stored(site):
    probe = Probe(site, "wait 600000\n")
    probe.start()
    probe.wait_done("wait")
    with probe.connect() as c:
        for i in range(100):
            c.send(f"INSTCMD load.off TRACKING {i}")
        refused = c.until(lambda text: text == "TRACKING 99 3")
    assert len([line for line in refused if line.endswith(" 3")]) == 100 - 64 - 1


def test_commands_for_a_lost_device_fail(site):
    probe = Probe(site, "open fail\n")
    probe.start()
    with probe.connect() as c:
        assert ask(c, "INSTCMD load.off") == "TRACKING an-id 3"


def test_debug_level_and_killpower_permission_can_be_set(site):
    probe = Probe(site)
    probe.start()
    with probe.connect() as c:
        assert ask(c, "SET driver.debug 4") == "TRACKING an-id 0"
        assert ask(c, "SET driver.debug much") == "TRACKING an-id 2"
        probe.wait_dump('SETINFO driver.debug "4"')
        assert ask(c, "SET driver.debug -1") == "TRACKING an-id 0"
        probe.wait_dump('SETINFO driver.debug "0"')
        assert ask(c, "SET driver.flag.allow_killpower enabled") == "TRACKING an-id 0"
        probe.wait_dump('SETINFO driver.flag.allow_killpower "1"')


def test_driver_exit_ends_it(site):
    probe = Probe(site)
    process = probe.start()
    with probe.connect() as c:
        assert ask(c, "INSTCMD driver.exit") == "TRACKING an-id 0"
    assert process.wait() == 0
    assert not site.socket("ups").exists()


# -------------------------------------------------------------------------------- kill power


def test_killpower_needs_permission(site):
    probe = Probe(site)
    process = probe.start()
    with probe.connect() as c:
        assert ask(c, "INSTCMD driver.killpower") == "TRACKING an-id 2"
    assert "shutdown" not in probe.done() and process.running()


def test_killpower_by_a_running_driver_tells_and_ends(site):
    probe = Probe(site, GOOD, "allow_killpower")
    process = probe.start()
    with probe.connect() as c:
        assert ask(c, "INSTCMD driver.killpower") == "TRACKING an-id 0"
    assert process.wait() == 0
    assert "shutdown" in probe.done()


def test_shutdown_default_leaves_the_driver_running(site):
    probe = Probe(site)
    process = probe.start()
    with probe.connect() as c:
        assert ask(c, "INSTCMD shutdown.default") == "TRACKING an-id 0"
        assert c.ask("PING") == "PONG"
    assert process.running() and "shutdown" in probe.done()


def test_sdcommands_are_tried_in_order_until_one_succeeds(site):
    probe = Probe(site, GOOD, 'sdcommands = "no.such, load.off ,load.on"')
    assert probe.run("-k").returncode == 0
    assert probe.done() == ["open ", "instcmd no.such -", "instcmd load.off -", "close"]


def test_k_without_a_running_driver_does_it_by_itself(site):
    probe = Probe(site)
    assert probe.run("-k").returncode == 0
    assert probe.done() == ["open ", "shutdown", "close"]
    assert not site.socket("ups").exists()


def test_k_through_a_running_driver(site):
    probe = Probe(site)
    process = probe.start()
    assert probe.run("-k").returncode == 0
    assert process.wait() == 0
    assert probe.done() == ["open ", "shutdown", "close"]


def test_k_takes_over_from_a_driver_that_fails(site):
    probe = Probe(site, GOOD + "command fail\n")
    process = probe.start()
    probe.wait_dump("DATAOK")
    assert probe.run("-k").returncode == 1
    assert process.wait() == 0
    assert probe.done() == ["open ", "shutdown", "close", "open ", "shutdown", "close"]


# ------------------------------------------------------------------------- start and signals


def start_in_background(probe, *args):
    """The exit status of the starter; the driver itself is found by its pid file."""
    return probe.run(*args).returncode


def pid_file(site, name="ups"):
    return site.pids / f"probe-ups-{name}.pid"


def test_a_background_start_returns_when_the_device_is_reached(site):
    probe = Probe(site)
    assert start_in_background(probe) == 0
    assert "DATAOK" in probe.dump()
    with probe.connect() as c:
        assert c.ask("GETPID") == f"PID {pid_file(site).read_text().strip()}"


def test_a_background_start_fails_when_the_device_is_not_reached_in_time(site):
    probe = Probe(site, "open fail\n", "maxstartdelay = 1")
    result = probe.run()
    assert result.returncode == 1
    assert "maxstartdelay" in result.stderr
    wait_until(lambda: not pid_file(site).exists() and not site.socket("ups").exists())


def test_a_fatal_mistake_ends_the_driver_at_once(site):
    probe = Probe(site, "open fatal\n")
    assert probe.run("-F").returncode == 1
    assert probe.done() == ["open fatal"]


def test_a_second_start_replaces_the_first(site):
    probe = Probe(site)
    first = probe.start()
    second = probe.start("-FF", wait=False)
    assert first.wait() == 0
    wait_until(lambda: pid_file(site).read_text().strip() == str(second.pid))
    probe.wait_dump("DATAOK")


def test_a_socket_left_behind_is_replaced(site):
    probe = Probe(site)
    first = probe.start("-FF")
    first.kill()
    assert site.socket("ups").exists() and pid_file(site).exists()
    probe.start()
    probe.wait_dump("DATAOK")


def test_a_signal_ends_it_cleanly(site):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        probe = Probe(site)
        process = probe.start("-FF")
        wait_until(pid_file(site).exists)
        process.signal(number)
        assert process.wait() == 0
        assert not site.socket("ups").exists() and not pid_file(site).exists()


def test_foreground_writes_no_pid_file(site):
    Probe(site).start()
    assert not pid_file(site).exists()


def test_an_unwritable_state_folder_is_told(site):
    probe = Probe(site)
    result = site.run("probe-ups", "-a", "ups", "-F", *site._as_user,
                      env={"NUT_STATEPATH": str(site.root / "no such folder")})
    assert result.returncode == 1
    assert "no such folder" in result.stderr
    assert probe.done() == []


# ------------------------------------------------------------------------------------ reload


def test_reload_takes_up_what_can_be_taken_up(site):
    probe = Probe(site, GOOD, "depth = 3", "colour = red")
    process = probe.start("-FF")
    site.add_ups("ups", "probe-ups", probe.port, "pollinterval = 2", "colour = blue")
    process.signal(signal.SIGHUP)
    dump = probe.wait_dump('SETINFO driver.parameter.pollinterval "2"',
                           'SETINFO driver.parameter.colour "red"')
    assert not any(line.startswith("SETINFO driver.parameter.depth") for line in dump)
    process.wait_log('colour changed from "red" to "blue": that needs a restart')


def test_reload_of_a_broken_file_changes_nothing(site):
    probe = Probe(site, GOOD, "depth = 3")
    probe.start()
    site.add_ups("ups", "probe-ups", probe.port, "pollinterval = 2", "depth = 30")
    assert probe.run("-c", "reload-or-error").returncode == 2
    assert 'SETINFO driver.parameter.pollinterval "1"' in probe.dump()


def test_reload_or_error_tells_whether_a_restart_is_needed(site):
    probe = Probe(site, GOOD, "depth = 3")
    probe.start()
    site.add_ups("ups", "probe-ups", probe.port, "depth = 4")
    assert probe.run("-c", "reload-or-error").returncode == 0
    site.add_ups("ups", "probe-ups", probe.port, "depth = 4", "colour = blue")
    assert probe.run("-c", "reload-or-error").returncode == 2
    assert probe.run("-c", "reload").returncode == 0


def test_reload_or_exit_ends_it_when_a_restart_is_needed(site):
    probe = Probe(site)
    process = probe.start("-FF")
    process.signal(signal.SIGUSR1)
    with probe.connect() as c:  # nothing had changed: it goes on
        assert c.ask("PING") == "PONG"
    site.add_ups("ups", "probe-ups", probe.port, "colour = blue")
    process.signal(signal.SIGUSR1)
    assert process.wait() == 128 + signal.SIGUSR1


def test_c_exit_ends_it_and_tells_when_there_is_none(site):
    probe = Probe(site)
    process = probe.start()
    assert probe.run("-c", "exit").returncode == 0
    assert process.wait() == 0
    assert probe.run("-c", "exit").returncode == 255
    assert probe.run("-c", "nonsense").returncode == 1


# ------------------------------------------------------------------------------ command line


def test_the_dump_mode_prints_the_variables_sorted(site):
    probe = Probe(site)
    result = probe.run("-d", "0", "-q")
    assert result.returncode == 0
    names = [line.split(": ")[0] for line in result.stdout.splitlines()]
    assert names == sorted(names) and "ups.load: 23" in result.stdout.splitlines()
    assert not site.socket("ups").exists()


def test_x_beats_the_file_and_i_the_interval(site):
    probe = Probe(site, GOOD, "depth = 3")
    result = probe.run("-d", "0", "-q", "-x", "depth=5", "-i", "9")
    assert "driver.parameter.depth: 5" in result.stdout
    assert "driver.parameter.pollinterval: 9" in result.stdout


def test_s_needs_no_file(site):
    port = site.root / "a.probe"
    port.write_text(GOOD)
    result = site.run("probe-ups", "-s", "nofile", "-d", "0", "-q", "-x", f"port={port}",
                      *site._as_user)
    assert (result.returncode, "ups.status: OL" in result.stdout) == (0, True)


def test_help_version_and_list_end_with_0(site):
    assert site.run("probe-ups", "-h", check=True).stdout.startswith("Network UPS Tools ")
    assert site.run("probe-ups", "-V", check=True).stdout.startswith("Network UPS Tools ")
    listed = site.run("probe-ups", "-L", check=True).stdout.splitlines()
    assert 'VALUE depth "a number from 1 to 10"' in listed and 'FLAG quick "a flag"' in listed


def test_mistakes_on_the_command_line_end_with_1(site):
    Probe(site)
    for args in (["-Z"], ["-a"], [], ["-a", "ups", "more"], ["-a", "ups", "-i", "0"],
                 ["-a", "ups", "-s", "ups"], ["-a", "ups", "-d", "x"], ["-a", "../ups"]):
        result = site.run("probe-ups", *args)
        assert (args, result.returncode) == (args, 1)
        assert result.stderr


def test_mistakes_in_ups_conf_end_with_1_and_name_the_mend(site):
    probe = Probe(site, GOOD, "dept = 3", "colour")
    result = probe.run()
    assert result.returncode == 1
    assert 'did you mean "depth"?' in result.stderr
    assert "ups.conf:5:" in result.stderr and "ups.conf:6:" in result.stderr
    result = site.run("probe-ups", "-a", "upss")
    assert result.returncode == 1 and "did you mean [ups]?" in result.stderr


def test_ignorelb_without_limits_is_refused_at_the_start(site):
    probe = Probe(site, GOOD, "ignorelb")
    result = probe.run()
    assert result.returncode == 1
    assert "battery.charge.low" in result.stderr


def test_ignorelb_judges_the_battery_by_its_charge(site):
    probe = Probe(site, "status OB LB\nbattery.charge 50\n", "ignorelb",
                  "override.battery.charge.low = 30")
    probe.start()
    probe.wait_dump('SETINFO ups.status "OB"')
    probe.say("status OB\nbattery.charge 29\n")
    probe.wait_dump('SETINFO ups.status "OB LB DISCHRG"')


def test_upsd_shows_what_the_driver_says_and_takes_commands_to_it(site):
    probe = Probe(site, GOOD + "alarm 'Replace battery!'\n".replace("'", '"'))
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    probe.start()
    upsd = site.start_upsd()
    upsd.wait_for("ups", "ups.status", "ALARM OL")
    assert upsd.value("ups", "ups.alarm") == "Replace battery!"
    with upsd.client(user="admin", password="secret") as c:
        assert c.ask("INSTCMD ups beeper.toggle") == "OK"
        assert c.ask("SET VAR ups ups.id mine") == "OK"
    upsd.wait_for("ups", "ups.id", "mine")
    assert "instcmd beeper.toggle -" in probe.done()
    probe.say("poll fail\n")
    upsd.wait_for("ups", "ups.status", "ERR DATA-STALE")
