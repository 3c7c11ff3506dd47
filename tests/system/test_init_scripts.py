"""Scripts for SysV's init and for OpenRC, run for real on a private site."""

import os
import re
import shutil
import subprocess

import pytest
from harness import wait_until

PLACES = {"/usr/local/sbin": "sbin", "/usr/local/libexec": "libexec", "/run/nut-": "run/nut-",
          "/dev/kmsg": "kmsg"}
PROGRAMS = ("upsd", "upsmon", "upsdrvctl", "nut-driver-enumerator")


class Scripts:
    """The scripts as they were built, with the programs and places of a site."""

    def __init__(self, site):
        self.site = site
        for folder in ("sbin", "libexec", "run", "init"):
            (site.root / folder).mkdir()
        for name in PROGRAMS:
            for folder in ("sbin", "libexec"):
                (site.root / folder / name).symlink_to(site.suite.program(name))
        self.drivers = site.root / "drivers"
        self.drivers.mkdir()
        for name in ("dummy-ups", "probe-ups"):
            (self.drivers / name).symlink_to(site.suite.program(name))
        self.bin = site.root / "bin"
        self.bin.mkdir()
        for script in ("systemd/nutshutdown", "sysv/nut-server", "sysv/nut-client",
                       *(f"openrc/{n}" for n in ("nut-driver", "upsd", "upsmon", "nut-killpower"))):
            self._copy(script)
        self.env = {"NUT_DRIVERPATH": str(self.drivers), "SERVICE_FRAMEWORK": "none",
                    "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def _copy(self, script):
        text = (self.site.suite.root / "scripts" / script).read_text()
        if "/usr/local/sbin" not in text and "/usr/local/libexec" not in text:
            pytest.skip("built for another place than /usr/local")
        for there, here in PLACES.items():
            text = text.replace(there, f"{self.site.root}/{here}")
        # The tests' own commands come first.
        text = re.sub("^PATH=.*$", "", text, flags=re.M)
        name = script.split("/")[1]
        self._program(self.site.root / ("libexec" if name == "nutshutdown" else "init") / name, text)

    def _program(self, path, text):
        path.write_text(text)
        path.chmod(0o755)

    def fake(self, name, text):
        self._program(self.bin / name, f"#!/bin/sh\n{text}\n")

    def run(self, script, *words):
        return subprocess.run([self.site.root / script, *words], capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL, timeout=120,
                              env=self.site.environment(**self.env))

    def probe(self, name, text):
        port = self.site.root / f"{name}.probe"
        port.write_text(text)
        self.site.add_ups(name, "probe-ups", port, "pollinterval = 1")

    def asked(self, name):
        log = self.site.root / f"{name}.probe.log"
        return log.read_text().splitlines() if log.exists() else []

    def mode(self, mode, *lines):
        self.site.write("nut.conf", "\n".join([f"MODE={mode}", *lines, ""]))

    def power_down_flag(self):
        (self.site.root / "run/nut-killpower").touch()


@pytest.fixture
def scripts(site):
    return Scripts(site)


def configure(site):
    user = site.user or "root"
    site.write_ups_conf(f"user = {user}", "maxstartdelay = 20")
    site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\n")
    site.write("upsd.users", "[mon]\npassword = word\nupsmon primary\n")
    site.write("upsmon.conf", f"RUN_AS_USER {user}\nMONITOR ups@127.0.0.1:{site.port} 1 mon word "
               "primary\nSHUTDOWNCMD /bin/true\nPOWERDOWNFLAG " + str(site.root / "killpower") +
               "\n")


def test_sysv_scripts_start_show_and_stop_all(site, scripts):
    site.add_dummy("ups", {"ups.status": "OL"})
    configure(site)
    scripts.mode("standalone", f"UPSD_OPTIONS='-u {site.user or 'root'}'")
    try:
        assert scripts.run("init/nut-server", "status").returncode == 3
        for script in ("init/nut-server", "init/nut-client"):
            result = scripts.run(script, "start")
            assert result.returncode == 0, result.stdout + result.stderr
            assert scripts.run(script, "status").returncode == 0
            assert scripts.run(script, "start").returncode == 0, "once more does no harm"
        wait_until(lambda: site.run("upsc", f"ups@127.0.0.1:{site.port}",
                                    "ups.status").stdout == "OL\n")
        for script in ("init/nut-client", "init/nut-server"):
            assert scripts.run(script, "reload").returncode == 0
            assert scripts.run(script, "status").returncode == 0
    finally:
        stopped = [scripts.run(script, "stop") for script in ("init/nut-client", "init/nut-server")]
    assert [r.returncode for r in stopped] == [0, 0], stopped
    assert scripts.run("init/nut-client", "status").returncode == 3
    assert scripts.run("init/nut-server", "status").returncode == 3
    assert "RUNNING" not in site.run("upsdrvctl", "status").stdout.split("\n", 1)[1]
    assert scripts.run("init/nut-client", "bogus").returncode == 2


@pytest.mark.parametrize("mode", ["none", "netclient"])
def test_sysv_scripts_do_what_mode_says(site, scripts, mode):
    site.add_dummy("ups", {"ups.status": "OL"})
    configure(site)
    scripts.mode(mode)
    result = scripts.run("init/nut-server", "start")
    assert result.returncode == 0 and "not for this machine" in result.stdout
    assert not list(site.state.glob("dummy-ups-*"))
    if mode == "none":
        assert "not for this machine" in scripts.run("init/nut-client", "start").stdout


def test_sysv_scripts_keep_to_by_hand_at_boot(site, scripts):
    site.add_dummy("ups", {"ups.status": "OL"})
    configure(site)
    scripts.mode("manual")
    scripts.env.update(PREVLEVEL="N", RUNLEVEL="2")
    for script in ("init/nut-server", "init/nut-client"):
        assert "by hand only" in scripts.run(script, "start").stdout


def test_the_last_act_tells_the_ups(site, scripts):
    scripts.probe("ups", "status OB LB\n")
    configure(site)
    scripts.mode("standalone")
    scripts.fake("reboot", f"echo reboot $* >{site.root}/rebooted")
    assert scripts.run("init/nut-client", "poweroff").returncode == 0
    assert scripts.asked("ups") == [], "upsmon did not shut it down"
    scripts.power_down_flag()
    assert scripts.run("init/nut-client", "poweroff").returncode == 0
    assert scripts.asked("ups") == ["open ", "shutdown", "close"]
    assert not (site.root / "rebooted").exists()
    scripts.mode("netclient")
    scripts.run("init/nut-client", "poweroff")
    assert len(scripts.asked("ups")) == 3, "no UPS of ours"


def test_the_last_act_knows_upsmons_own_flag(site, scripts):
    scripts.probe("ups", "status OB LB\n")
    configure(site)
    (site.root / "killpower").write_text("upsmon-shutdown-file")
    assert scripts.run("libexec/nutshutdown", "halt").returncode == 0
    assert "shutdown" in scripts.asked("ups")
    assert scripts.run("libexec/nutshutdown", "kexec").returncode == 0
    assert scripts.asked("ups").count("shutdown") == 1


@pytest.mark.parametrize("status, again", [("OL", True), ("OB LB", False)])
def test_an_ups_that_does_not_take_it_decides_by_its_power(site, scripts, status, again):
    scripts.probe("ups", f"status {status}\ncommand fail\n")
    scripts.probe("silent", "open fail\n")
    configure(site)
    scripts.fake("reboot", f"echo reboot $* >{site.root}/rebooted")
    scripts.fake("systemctl", f"echo systemctl $* >{site.root}/rebooted")
    script = site.root / "libexec/nutshutdown"
    script.write_text(script.read_text().replace("look_limit=15", "look_limit=3")
                      .replace("kill_limit=60", "kill_limit=3"))
    scripts.power_down_flag()
    scripts.run("libexec/nutshutdown", "poweroff")
    assert (site.root / "rebooted").exists() == again


def test_poweroff_wait_is_a_word_of_the_shell(site, scripts):
    scripts.probe("ups", "status OB LB\n")
    configure(site)
    scripts.mode("standalone", "POWEROFF_WAIT='0.1s'  # as sleep takes it")
    scripts.fake("reboot", f"echo reboot $* >{site.root}/rebooted")
    scripts.fake("systemctl", f"echo systemctl $* >{site.root}/rebooted")
    scripts.power_down_flag()
    scripts.run("libexec/nutshutdown", "reboot")
    assert not (site.root / "rebooted").exists(), "it starts again anyway"
    scripts.run("libexec/nutshutdown", "poweroff")
    assert (site.root / "rebooted").exists()
    assert scripts.asked("ups").count("shutdown") == 2


def test_all_scripts_are_sound(site, scripts):
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck")
    for path in [*(site.root / "init").iterdir(), site.root / "libexec/nutshutdown"]:
        result = subprocess.run(["shellcheck", "-s", "sh", "-e", "SC1091,SC2034,SC2154", path],
                                capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout
