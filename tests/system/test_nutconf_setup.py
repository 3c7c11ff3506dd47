"""nutconf setup: from an empty folder to a suite that runs, and what it does to files."""

import os
import random
import re
import signal
import stat
import subprocess
import time

import pytest

from harness import Terminal, wait_until
from harness.process import is_alive, pid_of

VALUES = "ups.status: OL\nbattery.charge: 100\nbattery.runtime: 1800\ndevice.mfr: ACME\n"
ALL_FILES = ["nut.conf", "ups.conf", "upsd.conf", "upsd.users", "upsmon.conf"]


class Setup:
    """nutconf setup on a site."""

    def __init__(self, site):
        self.site = site
        self.env = {}
        self.data = site.root / "played.dev"
        self.data.write_text(VALUES)
        self.usual = ["--port", site.port, "--shutdowncmd", f"/bin/touch {site.shutdown_mark}"]
        if os.geteuid() == 0:
            self.usual += ["--run-as", site.user]

    @property
    def dummy(self):
        return ["--device", f"driver=dummy-ups,port={self.data},pollinterval=1"]

    def run(self, *args, status=0, env=None, **options):
        result = self.site.run("nutconf", "setup", *self.usual, *args,
                               env={**self.env, **(env or {})}, **options)
        assert result.returncode == status, result.stdout + result.stderr
        return result

    def text(self, name):
        return (self.site.conf / name).read_text()

    def texts(self):
        return {name: self.text(name) for name in os.listdir(self.site.conf)}

    def check(self):
        run_as = ["--run-as", self.site.user] if os.geteuid() == 0 else []
        return self.site.run("nutconf", "check", *run_as)

    def stop(self):
        pids = [pid_of(path) for path in self.site.pids.glob("*.pid")]
        for program, *args in (["upsmon", "-c", "stop"], ["upsd", "-c", "stop"],
                               ["upsdrvctl", *self.site._as_user, "stop"]):
            self.site.run(program, *args, check=True, env=self.env)
        wait_until(lambda: not any(is_alive(pid) for pid in pids), what=lambda: f"{pids} end")


@pytest.fixture
def setup(site):
    site.state.chmod(0o770)
    return Setup(site)


def test_an_empty_folder_becomes_a_running_suite_and_ends_again(site, setup):
    began = time.monotonic()
    result = setup.run("--yes", *setup.dummy)
    print(f"set up and running in {time.monotonic() - began:.2f} s")
    assert sorted(os.listdir(site.conf)) == sorted(ALL_FILES)
    assert "battery.charge   100" in result.stdout and "ups.status       OL" in result.stdout
    assert "This host is shut down" in result.stdout and "It runs." in result.stdout
    assert site.run("upsc", f"ups@localhost:{site.port}", "ups.status", check=True).stdout == "OL\n"
    status = wait_until(lambda: (lambda out: out if "in contact" in out else None)(
        site.run("upsmon", "-c", "status").stdout), what=lambda: "upsmon is in contact")
    assert "primary" in status
    checked = setup.check()
    assert checked.returncode == 0, checked.stdout
    # What it is for.
    setup.data.write_text(VALUES.replace("OL", "OB LB"))
    wait_until(site.shutdown_mark.exists, what=lambda: "the shutdown command runs")


def test_what_was_started_can_be_stopped(site, setup):
    setup.run("--yes", *setup.dummy)
    setup.stop()
    assert not (site.pids / "upsd.pid").exists()


def test_files_with_passwords_are_closed_and_nothing_shows_them(site, setup):
    result = setup.run("--yes", "--no-start", *setup.dummy)
    password = re.search(r"password = (\S+)", setup.text("upsd.users"))[1]
    assert re.fullmatch("[a-z2-9]{24}", password)
    assert f" monitor {password} primary" in setup.text("upsmon.conf")
    assert password not in result.stdout + result.stderr
    assert "password = <new password>" in result.stdout
    for name in ALL_FILES:
        assert stat.S_IMODE((site.conf / name).stat().st_mode) & 0o037 == 0
    assert "MODE=standalone\n" in setup.text("nut.conf")


def test_it_says_when_there_is_nothing_to_change(site, setup):
    setup.run("--yes", "--no-start", *setup.dummy)
    before = setup.texts()
    result = setup.run("--yes", "--no-start", *setup.dummy)
    assert "say all that already" in result.stdout
    assert setup.texts() == before


def test_files_that_are_configured_are_changed_only_when_told_to(site, setup):
    site.write("ups.conf", "# mine\n[ups]\n\tdriver = snmp-ups # old\n\tport = nas\n")
    site.write("upsmon.conf", "MONITOR other@far 1 a b secondary\nFINALDELAY 7\n", mode=0o600)
    before = setup.texts()
    result = setup.run("--yes", "--no-start", *setup.dummy, status=1)
    for line in ("-\tdriver = snmp-ups # old", "+\tdriver = dummy-ups # old"):
        assert f"\n{line}\n" in result.stdout
    assert "--force" in result.stderr
    assert setup.texts() == before
    setup.run("--yes", "--no-start", "--dry-run", *setup.dummy)
    assert setup.texts() == before
    setup.run("--yes", "--no-start", "--force", *setup.dummy)
    assert "# mine\n[ups]\n\tdriver = dummy-ups # old\n" in setup.text("ups.conf")
    assert "FINALDELAY 7\n" in setup.text("upsmon.conf")
    assert setup.text("ups.conf.bak") == before["ups.conf"]
    assert setup.text("upsmon.conf.bak") == before["upsmon.conf"]
    assert stat.S_IMODE((site.conf / "upsmon.conf.bak").stat().st_mode) == 0o600
    # The first of them is never lost.
    setup.run("--yes", "--no-start", "--force", "--device", "driver=usbhid-ups,port=auto")
    assert setup.text("ups.conf.bak") == before["ups.conf"]
    assert "dummy-ups" in setup.text("ups.conf.bak1")


@pytest.mark.once
def test_samples_are_filled_in_and_keep_their_comments(site, setup, debian):
    for path in (debian.root / "etc/nut").glob("*.conf"):
        site.write(path.name, path.read_text())
    site.write("upsd.users", (debian.root / "etc/nut/upsd.users").read_text())
    before = setup.texts()
    setup.run("--yes", "--no-start", *setup.dummy)
    for name in ALL_FILES:
        lines = setup.text(name).splitlines()
        assert [line for line in before[name].splitlines() if line.startswith("#")] == [
            line for line in lines if line.startswith("#")]
    assert "\nMODE=standalone\n" in setup.text("nut.conf")
    assert setup.check().returncode == 0


def test_a_upsd_that_runs_reads_the_files_again(site, setup):
    setup.run("--yes", *setup.dummy)
    pid = pid_of(site.pids / "upsd.pid")
    setup.run("--yes", "--force", "--name", "second", *setup.dummy)
    assert pid_of(site.pids / "upsd.pid") == pid
    listed = site.run("upsc", "-l", f"localhost:{site.port}", check=True).stdout
    assert listed.split() == ["ups", "second"]
    setup.stop()


@pytest.mark.once
def test_a_server_lets_others_in_and_a_client_finds_it(site, setup, sites):
    result = setup.run("--yes", "--role", "server", "--listen", "127.0.0.2", *setup.dummy)
    assert "nutconf setup --server ups@" in result.stdout
    assert "MODE=netserver\n" in setup.text("nut.conf")
    assert f"LISTEN 127.0.0.2 {site.port}\n" in setup.text("upsd.conf")
    users = setup.text("upsd.users")
    assert "[secondary]" in users and "\tupsmon secondary\n" in users
    password = re.search(r"\[secondary\]\n\tpassword = (\S+)", users)[1]

    client = Setup(sites())
    client.site.state.chmod(0o770)
    args = ["--yes", "--server", f"127.0.0.2:{site.port}", "--password-file", "-"]
    wrong = client.run(*args, input="wrong\n", status=1)
    assert "does not let secondary in" in wrong.stderr and "ACCESS-DENIED" in wrong.stderr
    assert os.listdir(client.site.conf) == []
    shown = client.run(*args, input=f"{password}\n")
    assert "ups.status       OL" in shown.stdout
    assert sorted(os.listdir(client.site.conf)) == ["nut.conf", "upsmon.conf"]
    assert f"MONITOR ups@127.0.0.2:{site.port} 1 secondary {password} secondary\n" in \
        client.text("upsmon.conf")
    checked = client.check()
    assert checked.returncode == 0, checked.stdout
    client.site.run("upsmon", "-c", "stop", check=True)
    setup.stop()


def test_a_server_listens_to_all_on_its_port_and_leaves_others_alone(site, setup):
    site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\nLISTEN 127.0.0.1 1234 tls\n"
                            f"LISTEN ::1 {site.port}\nLISTEN unix:/run/x\n")
    setup.run("--yes", "--no-start", "--force", "--role", "server", *setup.dummy)
    assert setup.text("upsd.conf") == (f"LISTEN * {site.port}\nLISTEN 127.0.0.1 1234 tls\n"
                                       "LISTEN unix:/run/x\n")


def test_a_device_keeps_the_name_that_it_has(site, setup):
    site.write("ups.conf", "[rack]\n\tdriver = usbhid-ups\n\tport = auto\n\tdesc = mine\n")
    before = setup.text("ups.conf")
    setup.run("--yes", "--no-start", "--device", "driver=usbhid-ups,port=auto")
    assert setup.text("ups.conf") == before
    assert f"MONITOR rack@localhost:{site.port} 1 monitor " in setup.text("upsmon.conf")


def test_a_ups_that_is_watched_already_is_not_watched_twice(site, setup):
    site.write("upsmon.conf", f"MONITOR ups@127.0.0.1:{site.port} 1 me old primary\n")
    setup.run("--yes", "--no-start", "--force", *setup.dummy)
    lines = [line for line in setup.text("upsmon.conf").splitlines() if line.startswith("MONITOR")]
    assert len(lines) == 1 and lines[0].startswith(f"MONITOR ups@127.0.0.1:{site.port} 1 monitor ")


def test_a_name_that_would_do_harm_is_not_taken_from_a_server(site, setup):
    fake = site.fake_upsd({"\x1b[2Jbad name": {"ups.status": "OL"}})
    result = setup.run("--yes", "--server", f"127.0.0.1:{fake.port}", "--password-file", "-",
                       input="x\n", status=1)
    assert "is no name of a UPS" in result.stderr
    assert "\x1b" not in result.stdout + result.stderr
    assert os.listdir(site.conf) == []


def test_a_server_that_is_not_there_is_said(site, setup):
    result = setup.run("--yes", "--server", f"127.0.0.1:{site.port}", "--password-file", "-",
                       input="x\n", status=1)
    assert "cannot be asked" in result.stderr and "LISTEN" in result.stderr
    assert os.listdir(site.conf) == []


@pytest.mark.once
def test_a_ups_that_is_not_there_is_told_with_the_words_of_its_driver(site, setup):
    result = setup.run("--yes", "--wait", 2, "--device", "driver=dummy-ups,port=missing.dev",
                       status=1)
    assert "upsdrvctl does not get there in time:" in result.stderr
    assert "missing.dev: No such file or directory" in result.stderr
    assert not list(site.pids.iterdir())


def test_files_with_errors_start_nothing(site, setup):
    result = setup.run("--yes", "--device", "driver=dumy-ups,port=auto", status=1)
    assert 'did you mean "dummy-ups"?' in result.stdout
    assert "nothing was started" in result.stderr
    assert not list(site.pids.iterdir())


SCANNER = """#!/bin/sh
case "$*" in
*-S*) echo 'SNMP:driver="snmp-ups",port="192.0.2.1",community="private"'; exit ;;
esac
[ "%s" != none ] || exit 0
echo 'USB:driver="usbhid-ups",port="auto",vendorid="0463",productid="FFFF",product="5E",serial="A1",bus="001"'
[ "%s" != two ] || echo 'USB:driver="nutdrv_qx",port="auto",vendorid="0665",serial="B2"'
"""


@pytest.fixture
def scanner(site, setup):
    """Makes a nut-scanner that finds one UPS, or two."""
    def make(how):
        folder = site.root / "scanner"
        folder.mkdir(exist_ok=True)
        (folder / "nut-scanner").write_text(SCANNER % (how, how))
        (folder / "nut-scanner").chmod(0o755)
        setup.env["NUT_PROGRAMPATH"] = f"{folder}:{site.suite.program_path}"
    return make


def test_the_only_ups_that_is_found_is_taken(site, setup, scanner):
    scanner("one")
    setup.run("--yes", "--no-start")
    assert setup.text("ups.conf").endswith("[ups]\n\tdriver = usbhid-ups\n\tport = auto\n")


def test_of_several_one_has_to_be_named(site, setup, scanner):
    scanner("two")
    result = setup.run("--yes", "--no-start", status=1)
    assert "several UPSes" in result.stderr and "serial B2" in result.stdout
    assert os.listdir(site.conf) == []


def test_on_a_terminal_five_questions_are_enough(site, setup, scanner):
    scanner("two")
    terminal = Terminal(site, site.suite.program("nutconf"), "setup", *setup.usual, "--no-start",
                        env=setup.env)
    for question, answer in ((b"Which [1]: ", b"2\n"), (b"Which one [1]: ", b"9\n"),
                             (b"please.", b"2\n"), (b"called [ups]: ", b"a b\n"),
                             (b"called [ups]: ", b"rack\n"), (b"Minutes: ", b"10\n"),
                             (b"Write this [Y/n]: ", b"\n")):
        terminal.until(question)
        terminal.seen = terminal.seen.split(question)[-1]
        terminal.type(answer)
    assert terminal.end() == 0
    assert "[rack]\n\tdriver = nutdrv_qx\n\tport = auto\n\tserial = B2\n" in setup.text("ups.conf")
    assert "OBDURATION 600\n" in setup.text("upsmon.conf")
    assert f"LISTEN * {site.port}\n" in setup.text("upsd.conf")
    assert "MODE=netserver\n" in setup.text("nut.conf")


def test_the_network_is_looked_through_when_that_is_wanted(site, setup, scanner):
    scanner("none")
    terminal = Terminal(site, site.suite.program("nutconf"), "setup", *setup.usual, "--no-start",
                        "--role", "standalone", "--name", "ups", "--after", "60", env=setup.env)
    for question, answer in ((b"too [Y/n]: ", b"y\n"), (b"Which one [1]: ", b"\n"),
                             (b"Write this [Y/n]: ", b"y\n")):
        terminal.until(question)
        terminal.type(answer)
    assert terminal.end() == 0
    assert "driver = snmp-ups\n\tport = 192.0.2.1\n\tcommunity = private\n" in \
        setup.text("ups.conf")
    assert b"community = <new password>" in terminal.seen and b"private" not in terminal.seen


def test_nothing_found_is_said(site, setup, scanner):
    scanner("none")
    result = setup.run("--yes", "--no-start", status=1)
    assert "is it plugged in" in result.stderr and "--network" in result.stderr
    setup.run("--yes", "--no-start", "--network")
    assert "snmp-ups" in setup.text("ups.conf")


def test_who_says_no_has_changed_nothing(site, setup):
    terminal = Terminal(site, site.suite.program("nutconf"), "setup", *setup.usual, "--role",
                        "standalone", "--name", "ups", "--after", "60", *setup.dummy)
    terminal.until(b"and start [Y/n]: ")
    terminal.type(b"n\n")
    assert terminal.end() == 1
    assert os.listdir(site.conf) == []


def test_nobody_is_asked_who_is_not_there(site, setup):
    result = setup.run(*setup.dummy, status=1)
    assert "--yes" in result.stderr
    assert os.listdir(site.conf) == []


@pytest.mark.parametrize("args, said", [
    (["--role", "sever"], "did you mean server?"),
    (["--device", "driver=x"], "driver= and port= are needed"),
    (["--device", 'driver="x,port=y'], "in quotes"),
    (["--name", "a b", "--device", "driver=x,port=y"], "no name of a UPS"),
    (["--name", "a'b", "--device", "driver=x,port=y"], "no name for a UPS"),
    (["--role", "client", "--device", "driver=x,port=y"], "a client has neither"),
    (["--role", "standalone", "--server", "x"], "for --role client"),
    (["--role", "client"], "needs --server"),
    (["--runtime", "soon"], "--runtime wants a number"),
    (["word"], "one word too many"),
    (["--frce"], "did you mean --force?"),
])
def test_a_wrong_command_line_is_refused(site, setup, args, said):
    result = setup.run("--yes", "--no-start", *args, status=1)
    assert said in result.stderr
    assert os.listdir(site.conf) == []


def test_however_it_is_interrupted_files_are_old_or_new(site, setup):
    new = {}
    setup.run("--yes", "--no-start", *setup.dummy)
    new = {name: len(text) for name, text in setup.texts().items()}
    dice = random.Random(4)
    for _ in range(25):
        for name in os.listdir(site.conf):
            (site.conf / name).unlink()
        site.write("upsmon.conf", "# old\n")
        process = subprocess.Popen([site.suite.program("nutconf"), "setup", "--yes", "--no-start",
                                    *map(str, setup.usual + setup.dummy)], env=site.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0, 0.02))
        process.send_signal(dice.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
        process.wait()
        for name in set(os.listdir(site.conf)) & set(new):
            text = setup.text(name)
            if name == "upsmon.conf":
                assert text == "# old\n" or "POWERDOWNFLAG" in text.splitlines()[-1]
            else:
                assert len(text) == new[name]


def test_two_at_once_do_not_mix(site, setup):
    import fcntl
    folder = os.open(site.conf, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    result = setup.run("--yes", "--no-start", *setup.dummy, status=1)
    os.close(folder)
    assert "another nutconf" in result.stderr


@pytest.mark.once
def test_a_ups_on_usb_is_set_up_and_seen(site, setup, usbsim):
    sim = usbsim("plain")
    setup.env = sim.env(site)
    result = setup.run("--yes", "--device", "driver=usbhid-ups,port=auto,pollinterval=1")
    assert "device.mfr       Chestnut" in result.stdout
    assert "battery.runtime  3600" in result.stdout
    assert "It runs." in result.stdout
    setup.stop()


@pytest.mark.once
def test_a_ups_on_usb_is_found_by_the_scanner(site, setup, usbsim):
    try:
        site.suite.program("nut-scanner")
    except LookupError:
        pytest.skip("nut-scanner is not built")
    setup.env = usbsim("plain").env(site)
    result = setup.run("--yes")
    assert "device.mfr       Chestnut" in result.stdout
    setup.stop()


SYSTEMCTL = """#!/bin/sh
echo "$@" >> {root}/systemctl.log
case "$1 $2" in
"cat nut-driver@ups.service") exit {instance} ;;
"restart nut-server.service") echo "Job failed. See journalctl." >&2; exit 1 ;;
esac
"""


@pytest.mark.parametrize("instance, driver", [(0, "nut-driver@ups.service"),
                                              (1, "nut-driver.service")])
def test_where_systemd_runs_units_are_started(site, setup, build, instance, driver):
    """In a namespace of mounts, where it seems so."""
    if os.geteuid() != 0:
        pytest.skip("only root makes namespaces")
    found = re.search(r'define CONFPATH "(.*)"', (build.root / "config.h").read_text())
    folder = site.root / "systemd"
    folder.mkdir()
    (folder / "systemctl").write_text(SYSTEMCTL.format(root=site.root, instance=instance))
    (folder / "systemctl").chmod(0o755)
    script = (f"mkdir -p {found[1]} && mount -t tmpfs -o mode=755 none {found[1]} && "
              "mount -t tmpfs -o mode=755 none /run && "
              "mkdir -p /run/systemd/system /run/nut && exec \"$@\"")
    env = site.environment(NUT_PROGRAMPATH=f"{folder}:{site.suite.program_path}")
    del env["NUT_CONFPATH"]
    result = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh",
                             site.suite.program("nutconf"), "setup", "--yes",
                             *map(str, setup.usual + setup.dummy)], env=env, text=True,
                            capture_output=True, timeout=60, check=False)
    if "unshare failed" in result.stderr or "permission denied" in result.stderr:
        pytest.skip(result.stderr)
    told = (site.root / "systemctl.log").read_text().splitlines()
    assert told[0] == "daemon-reload" and "enable nut.target" in told
    assert told[-2:] == [f"restart {driver}", "restart nut-server.service"]
    assert "Job failed. See journalctl." in result.stderr
    assert result.returncode == 1
