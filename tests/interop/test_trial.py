"""nutconf trial: ours beside Debian's real daemons, and in their place."""

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import stat

import pytest

from harness import LineClient, free_port, wait_until
from harness.process import end_pid, is_alive, pid_of

pytestmark = pytest.mark.once

PROGRAMS = ("nutconf", "upsd", "upsmon", "upsdrvctl", "dummy-ups", "upsc")


def programs(site, *first):
    folders = [*map(str, first), *(str(site.suite.program(name).parent) for name in PROGRAMS)]
    return ":".join(dict.fromkeys(folders))


class Live:
    """Debian's suite in a site, in the background, as its start scripts have it."""

    def __init__(self, site, debian):
        self.site, self.debian = site, debian
        self.log = site.root / "upsmon.said"
        self.data = site.add_dummy("rack", {"ups.status": "OL", "battery.charge": "100",
                                            "ups.mfr": "Maker", "ups.model": "Model 7",
                                            "input.voltage": "230.1"})
        site.add_dummy("shelf", {"ups.status": "OL", "battery.charge": "80"})
        site.add_user("ann", "secret-word", "upsmon primary")
        site.add_user("bob", "other-word", "upsmon secondary")
        site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\n")
        notify = site.root / "notify"
        notify.write_text(f'#!/bin/sh\necho "upsmon[1]: $1" >> {self.log}\n')
        notify.chmod(0o755)
        self.log.touch()
        flags = "".join(f"NOTIFYFLAG {t} EXEC\n" for t in
                        ("ONLINE", "ONBATT", "LOWBATT", "FSD", "COMMOK", "COMMBAD", "SHUTDOWN"))
        site.write("upsmon.conf",
                   f"MONITOR rack@127.0.0.1:{site.port} 1 ann secret-word primary\n"
                   f"MONITOR shelf@127.0.0.1:{site.port} 0 ann secret-word primary\n"
                   f"RUN_AS_USER {site.user}\nSHUTDOWNCMD \"echo done >> {site.shutdown_mark}\"\n"
                   f"POWERDOWNFLAG {site.root}/killpower\nPOLLFREQ 1\nPOLLFREQALERT 1\n"
                   f"FINALDELAY 0\nHOSTSYNC 2\nSHUTDOWNEXIT no\nNOTIFYCMD {notify}\n" + flags)

    def start(self):
        user = ["-u", self.site.user]
        run = lambda *a: self.site.run(*a, suite=self.debian, check=True,
                                       env={"NUT_DRIVERPATH": str(self.driver_path)})
        self.site.write_ups_conf(f"driverpath = {self.driver_path}")
        run("upsdrvctl", *user, "start")
        self.site.write_ups_conf()
        run("upsd", *user)
        run("upsmon", *user)
        wait_until(lambda: self.logins("rack") == 1, what="upsmon is logged in")
        for ups in ("rack", "shelf"):
            wait_until(lambda: self.status(ups) == "OL")
        return self

    def close(self):
        """Debian's upsmon has its PID file where nobody can tell it."""
        for name in self.processes():
            self.end(name)

    @property
    def driver_path(self):
        return self.debian.program("dummy-ups").parent

    def set(self, **values):
        text = self.data.read_text()
        for key, value in values.items():
            key = key.replace("_", ".")
            text = re.sub(rf"(?m)^{re.escape(key)}: .*\n|\Z", "", text, count=1)
            text += f"{key}: {value}\n"
        self.data.write_text(text)

    def ask(self, line):
        with LineClient(("127.0.0.1", self.site.port)) as client:
            return client.ask(line)

    def status(self, ups="rack"):
        try:
            return self.ask(f"GET VAR {ups} ups.status").split('"')[1]
        except (OSError, IndexError):
            return None

    def logins(self, ups):
        answer = self.ask(f"GET NUMLOGINS {ups}")
        return int(answer.split()[-1]) if answer.startswith("NUMLOGINS") else -1

    def version(self):
        return self.ask("VER")

    def processes(self):
        """The daemons of this site with their helpers: pids by name."""
        found = {}
        for number in filter(str.isdigit, os.listdir("/proc")):
            try:
                argv = pathlib.Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
                name = pathlib.Path(os.readlink(f"/proc/{number}/exe")).name
                env = pathlib.Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if name in ("upsd", "upsmon", "dummy-ups") and is_alive(int(number)) and \
                    f"NUT_CONFPATH={self.site.conf}".encode() in env:
                if name == "dummy-ups":
                    name += "-" + argv[argv.index(b"-a") + 1].decode()
                found.setdefault(name, []).append(int(number))
        return found

    def pids(self):
        return {name: pids[0] for name, pids in self.processes().items()}

    def end(self, name):
        """All of them get a TERM before any is waited for: one may be another's parent."""
        pids = self.processes().get(name, [])
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for pid in pids:
            end_pid(pid)

    def programs(self):
        """Whose each daemon is."""
        root = str(self.debian.root.resolve())
        return {name: "debian" if os.readlink(f"/proc/{pid}/exe").startswith(root) else "ours"
                for name, pid in self.pids().items()}


THEIRS = {"upsd": "debian", "upsmon": "debian", "dummy-ups-rack": "debian",
          "dummy-ups-shelf": "debian"}
OURS = dict.fromkeys(THEIRS, "ours")


@pytest.fixture
def live(site, debian):
    made = Live(site, debian)
    try:
        yield made.start()
    finally:
        made.close()


class Reachable:
    """Copies of a suite's programs where anybody may go: a checkout may be in a folder of root's
    own."""

    def __init__(self, suite, folder):
        self.suite, self.folder = suite, folder
        folder.mkdir(mode=0o755)
        for name in ("upsd", "upsmon", "dummy-ups", "nutconf"):
            shutil.copy(suite.program(name), folder)

    def program(self, name):
        copy = self.folder / name
        return copy if copy.exists() else self.suite.program(name)

    def environment(self):
        return {**self.suite.environment(), "NUT_DRIVERPATH": str(self.folder)}


class Trial:
    def __init__(self, site, live):
        self.site, self.live = site, live
        self.suite = Reachable(site.suite, site.root / "programs")
        self.port = free_port()
        self.dir = site.root / "trial"
        self.record = site.root / "trial.switch"
        self.env = {"NUT_PROGRAMPATH": f"{self.suite.folder}:{programs(site)}"}
        self.user = []
        if os.geteuid() == 0:
            pwd.getpwnam("nobody")
            self.user = ["--user", "nobody"]

    def run(self, verb, *args, check=False, env=None):
        return self.site.run("nutconf", "trial", verb, "--dir", self.dir, *args, check=check,
                             suite=self.suite, env={**self.env, **(env or {})})

    def start(self, *args, check=True):
        return self.run("start", "--conf", self.site.conf, "--port", self.port, *self.user,
                        "--look", "0.1", "--values", "0.2", "--log", self.live.log, *args,
                        check=check)

    def value(self, ups, var):
        with LineClient(("127.0.0.1", self.port)) as client:
            return client.ask(f"GET VAR {ups} {var}")

    def events(self):
        path = self.dir / "events"
        return path.read_text() if path.exists() else ""

    def values(self):
        path = self.dir / "values"
        return path.read_text() if path.exists() else ""

    def pid(self):
        return pid_of(self.dir / "run/watch.pid")

    def switch(self, *args, env=None):
        return self.run("switch", "--conf", self.site.conf, "--state", self.site.pids,
                        "--init", "none", *args, env=env)

    def back(self):
        return self.run("back", "--conf", self.site.conf, "--state", self.site.pids,
                        "--init", "none")

    def close(self):
        pid = self.pid()
        if pid and is_alive(pid):
            end_pid(pid)


@pytest.fixture
def trial(site, live):
    made = Trial(site, live)
    yield made
    made.close()


def members(pid):
    """A process and its children."""
    pids = [pid]
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    if int(f.read().rsplit(")", 1)[1].split()[1]) in pids:
                        pids.append(int(name))
            except OSError:
                pass
    return pids


def test_a_trial_sees_the_same_values_and_decides_the_same(site, live, trial):
    trial.start()
    assert trial.value("rack", "ups.model") == 'VAR rack ups.model "Model 7"'
    live.set(ups_status="OB", battery_charge="60")
    wait_until(lambda: " ours ONBATT rack " in trial.events() and
               " live ONBATT rack log" in trial.events(), what=trial.events)
    live.set(ups_status="OL")
    wait_until(lambda: " ours ONLINE rack " in trial.events() and
               " live ONLINE rack log" in trial.events(), what=trial.events)
    # Now for good: the real upsmon runs its SHUTDOWNCMD, ours only notes it.
    live.set(ups_status="OB LB", battery_charge="5")
    wait_until(site.shutdown_mark.exists)
    wait_until(lambda: " ours SHUTDOWNCMD " in trial.events() and
               " live SHUTDOWN " in trial.events() and
               " live FSD shelf " in trial.events(), what=trial.events)
    assert site.shutdown_mark.read_text() == "done\n"
    wait_until(lambda: len(re.findall(r"^rack ", trial.values(), re.M)) >= 4)
    result = trial.run("stop")
    assert result.returncode == 0, result.stdout
    assert "values:    equal" in result.stdout
    assert re.search(r"decisions: the same: [3-9]", result.stdout)
    assert "SHUTDOWN of this machine by ours (only noted)" in result.stdout
    assert not list(trial.dir.glob("run/*.pid")) or not is_alive(trial.pid() or 0)


def test_a_trial_cannot_do_harm(site, live, trial):
    trial.start()
    wait_until(lambda: (trial.dir / "log/upsmon.log").exists())
    for pid in members(trial.pid()):
        try:
            status = open(f"/proc/{pid}/status").read()
        except OSError:
            continue
        assert re.search(r"^NoNewPrivs:\s*1", status, re.M), status
        if os.geteuid() == 0:
            assert "\nUid:\t65534\t65534" in status
    text = (trial.dir / "conf/upsmon.conf").read_text()
    assert "secret-word" not in text and str(site.root / "killpower") not in text
    assert not re.search(r"^(SHUTDOWNHOOKS|WAKEONLAN|RUN_AS_USER)", text, re.M)
    assert len(re.findall(r"^SHUTDOWNCMD .*nutconf' trial record '.*' shutdown\"$", text, re.M)) == 1
    # The live side does not see it, and nobody else can read it.
    assert live.logins("rack") == 1
    assert stat.S_IMODE(trial.dir.stat().st_mode) == 0o750
    assert {stat.S_IMODE(path.stat().st_mode) for path in (trial.dir / "conf").iterdir()} == {0o600}


def test_a_trial_that_could_note_nothing_does_not_begin(live, trial):
    if os.geteuid() != 0:
        pytest.skip("who is not root is the user of the trial")
    trial.suite.folder.chmod(0o700)
    result = trial.start(check=False)
    assert result.returncode == 1
    assert "programs/nutconf is not where the user of the trial may go" in result.stderr
    assert not trial.pid()


@pytest.mark.long
def test_what_somebody_made_harmful_is_not_started(site, live, trial):
    trial.start()
    conf = trial.dir / "conf/upsmon.conf"
    text = re.sub("(?m)^SHUTDOWNCMD.*", f'SHUTDOWNCMD "touch {site.root}/harm"', conf.read_text())
    conf.write_text(text)
    children = {open(f"/proc/{p}/comm").read().strip(): p for p in members(trial.pid())}
    os.kill(children["upsmon"], signal.SIGKILL)
    log = trial.dir / "log/watch.log"
    wait_until(lambda: log.exists() and "SHUTDOWNCMD is not the recorder" in log.read_text())
    assert not (site.root / "harm").exists()


@pytest.mark.long
def test_an_injected_difference_is_found_and_told(site, live, trial):
    trial.start()
    wait_until(lambda: "rack battery.charge" in trial.values())
    assert trial.run("report").returncode == 0
    conf = trial.dir / "conf/ups.conf"
    conf.write_text(conf.read_text().replace("[rack]", "[rack]\n\toverride.battery.charge = 13"))
    children = [p for p in members(trial.pid())
                if b"-a\0rack\0" in open(f"/proc/{p}/cmdline", "rb").read()]
    os.kill(children[0], signal.SIGTERM)
    wait_until(lambda: "battery.charge: live" in trial.run("report").stdout)
    said = trial.run("report").stdout
    assert re.search(r'rack battery.charge: live "100", ours "13", since ', said), said
    assert "values:    DIFFERENT: 1 lasting" in said
    assert "shelf battery.charge:" not in said


def test_a_decision_that_only_one_side_takes_is_told(site, live, trial):
    trial.start()
    live.log.write_text(live.log.read_text() + "upsmon[1]: UPS rack@127.0.0.1:"
                        f"{site.port} battery is low\n")
    wait_until(lambda: " live LOWBATT rack log" in trial.events(), what=trial.events)
    result = trial.run("report")
    assert result.returncode == 1
    assert re.search(r"LOWBATT +rack +live by its log, NOT ours", result.stdout), result.stdout


@pytest.mark.long
def test_a_trial_ends_by_itself(site, live, trial):
    trial.start("--for", "1s")
    wait_until(lambda: not trial.pid() or not is_alive(trial.pid()))
    assert "NOT running" in trial.run("status").stdout


@pytest.mark.long
def test_a_machine_that_only_watches_tries_with_the_servers_of_its_monitor_lines(site, live, trial):
    conf = site.root / "client"
    conf.mkdir()
    (conf / "upsmon.conf").write_text(
        f"MONITOR rack@127.0.0.1:{site.port} 1 bob other-word secondary\nSHUTDOWNCMD /bin/true\n")
    trial.run("start", "--conf", conf, "--port", trial.port, *trial.user, "--live",
              f"127.0.0.1:{free_port()}", check=True)
    assert trial.value("rack", "ups.model") == 'VAR rack ups.model "Model 7"'


def test_it_is_switched_over_and_back(site, live, trial):
    with LineClient(("127.0.0.1", site.port)) as secondary:
        secondary.login("bob", "other-word")
        assert secondary.ask("LOGIN rack") == "OK"
    before = {path.name: path.read_bytes() for path in site.conf.iterdir()}
    assert live.programs() == THEIRS
    result = trial.switch()
    assert result.returncode == 0, result.stdout + result.stderr
    assert live.programs() == OURS
    assert "chestnut" in live.version()
    assert live.status() == "OL" and live.logins("rack") == 1
    assert re.search(r"no upsmon watched for \d+\.\d{3} s", result.stdout)
    assert re.search(r"no values of a UPS were served for \d+\.\d{3} s", result.stdout)
    assert trial.switch().returncode == 1  # once is enough
    result = trial.back()
    assert result.returncode == 0, result.stdout + result.stderr
    assert live.programs() == THEIRS
    assert live.status() == "OL" and live.logins("rack") == 1
    assert not (trial.record / "switch").exists()
    assert {path.name: path.read_bytes() for path in site.conf.iterdir()} == before
    assert not site.shutdown_mark.exists()


def fake_program(site, name, script):
    folder = site.root / "fake"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return {"NUT_PROGRAMPATH": programs(site, folder)}


@pytest.mark.parametrize("program,start", [
    ("upsmon", "exit 3"),
    *(pytest.param(*p, marks=pytest.mark.long)
      for p in (("upsd", "exit 1"), ("upsd", "exit 0"), ("upsdrvctl", "exit 1")))])
def test_a_switch_that_fails_is_taken_back(site, live, trial, program, start):
    """Ours does not start, or says that it did and is not there."""
    env = fake_program(site, program, f'[ "$1" = -t ] && exit 0\n{start}\n')
    result = trial.switch("--within", "2", env=env)
    assert result.returncode == 1
    assert "the live suite runs again" in result.stdout, result.stdout
    assert live.programs() == THEIRS
    assert live.status() == "OL" and live.logins("rack") == 1


@pytest.mark.long
def test_a_configuration_that_ours_refuses_changes_nothing(site, live, trial):
    pids = live.pids()
    site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\nMAXAGE soon\n")
    result = trial.switch()
    assert result.returncode == 1 and "nothing is changed" in result.stdout
    assert live.pids() == pids


def test_nothing_is_switched_while_a_ups_is_on_battery(site, live, trial):
    pids = live.pids()
    live.set(ups_status="OB")
    wait_until(lambda: live.status() == "OB")
    result = trial.switch()
    assert result.returncode == 1 and "not quietly on line" in result.stdout
    assert live.pids() == pids


@pytest.mark.parametrize("also_guard", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_crash_half_way_is_mended(site, live, trial, also_guard):
    """The one that switches dies in the middle: its guard goes back; without that, `back` does."""
    env = fake_program(site, "upsd", f'[ "$1" = -t ] && exit 0\ntouch {site.root}/reached\n'
                                     "exec sleep 600\n")
    process = site.start("nutconf", "trial", "switch", "--dir", trial.dir, "--conf", site.conf,
                         "--state", site.pids, "--init", "none", env=env)
    wait_until((site.root / "reached").exists, what=process.log)
    assert live.status() is None  # neither upsd
    family = members(process.pid)
    guard, worker = family[1:3]
    if also_guard:
        os.kill(guard, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    for pid in members(process.pid)[3:]:
        os.kill(pid, signal.SIGKILL)
    if also_guard:
        process.wait()
        assert (trial.record / "switch").exists()
        result = trial.back()
        assert result.returncode == 0, result.stdout + result.stderr
    else:
        assert process.wait() == 1
        assert "died (signal 9)" in process.log()
    wait_until(lambda: live.programs() == THEIRS, what=live.programs)
    wait_until(lambda: live.status() == "OL" and live.logins("rack") == 1)


SYSTEMCTL = """#!/usr/bin/python3
# Plays systemd: `restart UNIT` ends what runs for it, and runs ExecStart of its drop-in, if
# there is one.
import os, pathlib, subprocess, sys, types
sys.dont_write_bytecode = True
sys.path[:0] = {path!r}
from test_trial import Live
root = pathlib.Path({root!r})
live = Live.__new__(Live)
live.site = types.SimpleNamespace(conf=root / "conf")
with open(root / "systemctl.log", "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "list-units":
    for unit in ("nut-driver@rack", "nut-driver@shelf", "nut-driver-enumerator", "nut-server",
                 "nut-monitor"):
        print(unit + ".service loaded active running x")
elif sys.argv[1] == "restart":
    unit = sys.argv[2]
    base, _, instance = unit[:-len(".service")].partition("@")
    name = {{"nut-server": "upsd", "nut-monitor": "upsmon"}}.get(base, "dummy-ups-" + instance)
    dropin = root / "units" / ((base + "@" if instance else base) + ".service.d")
    found = list(dropin.glob("*.conf"))
    text = found[0].read_text() if found else (root / "was" / base).read_text()
    env = dict(e.split("=", 1) for e in (root / "env").read_text().split("\\n") if "=" in e)
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "Environment":
            env.update(e.split("=", 1) for e in value.split())
        if key == "ExecStart" and value:
            command = value.replace("%i", instance).split()
    live.end(name)
    command[1:1] = ["-u", {user!r}]
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    if instance:
        sys.exit(process.wait())
"""


@pytest.fixture
def systemd(site, debian, live):
    """Where the systemctl is that plays systemd with the live daemons as its units."""
    folder = site.root / "bin"
    folder.mkdir()
    (site.root / "was").mkdir()
    here = pathlib.Path(__file__).parent
    program = folder / "systemctl"
    program.write_text(SYSTEMCTL.format(path=[str(here.parent / "lib"), str(here)],
                                        root=str(site.root), user=site.user))
    program.chmod(0o755)
    for unit, words in (("nut-driver", "dummy-ups -a %i"), ("nut-server", "upsd -F"),
                        ("nut-monitor", "upsmon -F")):
        name, _, rest = words.partition(" ")
        (site.root / "was" / unit).write_text(f"ExecStart={debian.program(name)} {rest}\n")
    env = {**site.environment(debian), "NUT_DRIVERPATH": str(site.suite.driver_path)}
    (site.root / "env").write_text("\n".join(f"{k}={v}" for k, v in env.items() if "\n" not in v))
    (site.root / "units").mkdir()
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.long
def test_units_get_our_programs_and_lose_them_again(site, live, trial, systemd):
    args = ["--conf", site.conf, "--state", site.pids, "--init", "systemd", "--units",
            site.root / "units"]
    result = trial.run("switch", *args, env=systemd)
    assert result.returncode == 0, result.stdout + result.stderr
    assert live.programs() == OURS
    dropins = sorted(str(p.relative_to(site.root / "units"))
                     for p in (site.root / "units").rglob("*.conf"))
    assert dropins == [f"{unit}.service.d/90-nutconf-trial.conf"
                       for unit in ("nut-driver@", "nut-monitor", "nut-server")]
    log = (site.root / "systemctl.log").read_text()
    order = re.findall(r"^restart (\S+)", log, re.M)
    assert order == ["nut-driver@rack.service", "nut-driver@shelf.service", "nut-server.service",
                     "nut-monitor.service"]
    assert "enumerator" not in log
    result = trial.run("back", *args, env=systemd)
    assert result.returncode == 0, result.stdout + result.stderr
    assert live.programs() == THEIRS
    assert list((site.root / "units").iterdir()) == []


def test_links_in_the_folder_of_a_trial_lead_root_nowhere(site, live, trial):
    """It belongs to a user who has fewer rights than who starts the next one."""
    if os.geteuid() != 0:
        pytest.skip("only root has more rights than the trial's user")
    trial.start()
    trial.run("stop")
    victim = site.root / "victim"
    victim.write_text("mine")
    victim.chmod(0o600)
    folder = site.root / "elsewhere"
    folder.mkdir()
    (trial.dir / "conf/ups.conf").unlink()
    (trial.dir / "conf/ups.conf").symlink_to(victim)
    (trial.dir / "log").rename(trial.dir / "log.old")
    (trial.dir / "log").symlink_to(folder)
    result = trial.run("start", "--conf", site.conf, "--port", trial.port, *trial.user)
    assert result.returncode == 1
    assert victim.read_text() == "mine"
    assert folder.stat().st_uid == 0 and list(folder.iterdir()) == []


def test_a_record_that_others_could_write_is_not_followed(site, live, trial):
    trial.record.mkdir(mode=0o777)
    trial.record.chmod(0o777)
    (trial.record / "switch").write_text(f'proc 1 0 0 "" "upsd" "/x" "/bin/touch"\n'
                                         f'arg "touch"\narg "{site.root}/harm"\nend\n')
    result = trial.back()
    assert result.returncode == 1 and "nobody else may write" in result.stderr
    assert trial.switch().returncode == 1
    assert not (site.root / "harm").exists()
