"""The units for systemd: what its own checker says of them, with what the generator makes of
ups.conf and nut.conf; and the tools around them, with a systemctl that only tells."""

import re
import shutil
import subprocess

import pytest

UNITS = ("nut-driver@x", "nut-driver", "nut-driver-enumerator", "nut-server", "nut-monitor",
         "nut-logger", "nut-hold", "nut-shutdown", "nut-shutdown-early", "nut-mqtt", "nut-web",
         "nut-announce")
GROUPS = ("nut.target", "nut-driver.target", "nut-driver-enumerator.path")


@pytest.fixture
def units(site, build):
    """A folder with the units as they were built, in which the programs are those of the build."""
    made = build.root / "scripts/systemd"
    if not shutil.which("systemd-analyze") or not (made / "nut.target").exists():
        pytest.skip("no systemd")
    folder = site.root / "units"
    folder.mkdir()
    for unit in [*(f"{name.replace('@x', '@')}.service" for name in UNITS), *GROUPS]:
        if not (made / unit).exists():
            continue
        lines = (made / unit).read_text().splitlines()
        for i, line in enumerate(lines):
            if line.startswith("Exec") and re.search("/sbin/|/libexec/|/upslog ", line):
                key, command = line.split("=", 1)
                program, *rest = command.split(" ")
                if program.startswith(("-", "/bin/")):
                    continue
                lines[i] = f"{key}={_place(build, program)} {' '.join(rest)}"
        (folder / unit).write_text("\n".join(lines) + "\n")
    return folder


def _place(build, program):
    name = program.lstrip(":").rsplit("/", 1)[1]
    return "/bin/true" if name == "nutshutdown" else build.program(name)


def verify(site, folders, *names):
    """What systemd-analyze says: its status, and the lines about ours."""
    path = "".join(f"{folder}:" for folder in folders)
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *names],
                            env=site.environment(SYSTEMD_UNIT_PATH=path),
                            capture_output=True, text=True, timeout=60, check=False)
    return result.returncode, [line for line in result.stderr.splitlines() if "nut" in line]


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_sound(site, units, name):
    if not (units / f"{name.replace('@x', '@')}.service").exists():
        pytest.skip("its program is not built")
    assert verify(site, [units], f"{units}/{name}.service") == (0, [])


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_of_units_is_sound(site, units, name):
    assert verify(site, [units], f"{units}/{name}") == (0, [])


def test_upsmon_and_what_it_starts_are_in_no_sandbox(units):
    """SHUTDOWNCMD, hooks and NOTIFYCMD are the administrator's, and inherit all that is denied."""
    text = (units / "nut-monitor.service").read_text()
    for word in ("NoNewPrivileges", "Protect", "Private", "CapabilityBoundingSet", "SystemCall",
                 "WatchdogSec", "ReadOnlyPaths"):
        assert f"\n{word}" not in text


# ------------------------------------------------------------------------------ the generator


def _need_generator(site):
    try:
        site.suite.program("nut-driver-generator")
    except LookupError:
        pytest.skip("built without systemd")


@pytest.fixture
def generate(site):
    """Runs the generator; returns its folder and what it said."""
    _need_generator(site)

    def run():
        folder = site.root / "generated"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        result = site.run("nut-driver-generator", folder, folder, folder)
        assert result.returncode == 0, result.stderr
        return folder, result.stderr
    return run


def wanted(folder):
    wants = folder / "nut-driver.target.wants"
    return sorted(link.name for link in wants.iterdir()) if wants.exists() else []


HOSTILE = ["usb-1", "a/b", "../../etc/passwd", "%n%i%%", "$HOME", "-x", ".", "..", "a;b", "it's", "x@y",
           "\u00fc", "service.d", "a\\\\x2d", "n" * 200]


def test_sections_of_all_names_become_sound_units(site, units, generate):
    for name in HOSTILE:
        site.add_ups(name, "dummy-ups", "x.dev")
    site.add_ups("net", "snmp-ups", "192.0.2.1")
    folder, _ = generate()
    names = wanted(folder)
    assert len(names) == len(HOSTILE) + 1
    assert {"nut-driver@usb-1.service", "nut-driver@a\\x2fb.service"} <= set(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                ":_.@-\\") for name in names)
    assert {p.name for p in folder.rglob("*.conf")} == {"00-nut.conf"}
    # What systemd makes of it: with names that the shell would take for more.
    assert verify(site, [folder, units], *names) == (0, [])
    told = dict(line.split("\t") for line in site.run(
        "nut-driver-enumerator", "--list-services-for-devices").stdout.splitlines())
    assert sorted(told) == names
    for unit, name in told.items():
        asked = site.run("nut-driver-enumerator", "--get-device-for-service", unit)
        assert (asked.returncode, asked.stdout) == (0, name + "\n")


def test_a_mistake_in_one_section_costs_only_that_one(site, generate):
    site.write("ups.conf", "[good]\ndriver = dummy-ups\n[bad\ndriver = x\n[" + "n" * 300 +
               "]\ndriver = dummy-ups\n[last]\nsdorder = many\n")
    folder, said = generate()
    assert wanted(folder) == ["nut-driver@good.service", "nut-driver@last.service"]
    assert "ups.conf:3: " in said and "ups.conf:5: [nnn" in said and "ups.conf:8: " in said


def test_without_files_there_is_nothing_to_generate_or_to_say(site, generate):
    folder, said = generate()
    assert (list(folder.iterdir()), said) == ([], "")


def test_the_generator_does_what_mode_says(site, units, generate):
    site.add_ups("ups", "dummy-ups", "x.dev")
    site.write("nut.conf", "MODE=netclient\n")
    folder, _ = generate()
    assert wanted(folder) == []
    assert (folder / "nut-server.service.d/00-nut-mode.conf").exists()
    assert not (folder / "nut-monitor.service.d").exists()
    site.write("nut.conf", "MODE=controlled\n")
    folder, _ = generate()
    assert wanted(folder) == ["nut-driver@ups.service"]
    assert verify(site, [folder, units], "nut-server.service", "nut-driver@ups.service") == (0, [])


def test_a_thousand_sections_have_a_thousand_units(site, generate):
    site.write("ups.conf", "".join(f"[ups{i}]\ndriver = dummy-ups\nport = x\n" for i in range(1000)))
    folder, _ = generate()
    assert len(wanted(folder)) == 1000


# ---------------------------------------------------------------------------------- the tools


class Fake:
    """A systemctl that writes down what it was asked, and tells of units what a file says."""

    def __init__(self, site):
        self.site = site
        self.calls = site.root / "calls"
        self.units = site.root / "told"
        self.generated = site.root / "generated"
        self.generated.mkdir()
        self.units.touch()
        bin_ = site.root / "bin"
        bin_.mkdir()
        (bin_ / "systemctl").write_text(
            f"#!/bin/sh\necho \"$*\" >>{self.calls}\n"
            f"case \"$1\" in show) cat {self.units} ;; is-active) exit 3 ;; esac\n"
            f"[ ! -e {site.root}/broken ]\n")
        (bin_ / "systemctl").chmod(0o755)
        self.env = {"SERVICE_FRAMEWORK": "systemd", "NUT_GENERATOR_DIR": str(self.generated),
                    "PATH": f"{bin_}:/usr/bin:/bin"}

    def run(self, *words, **env):
        return self.site.run(*words, env={**self.env, **env})

    def asked(self):
        text = self.calls.read_text() if self.calls.exists() else ""
        self.calls.unlink(missing_ok=True)
        return [line for line in text.splitlines() if not line.startswith(("show", "is-active"))]

    def generate(self):
        shutil.rmtree(self.generated)
        self.generated.mkdir()
        assert self.site.run("nut-driver-generator", self.generated).returncode == 0


@pytest.fixture
def fake(site):
    _need_generator(site)
    return Fake(site)


def test_the_enumerator_starts_what_is_new_and_stops_what_is_gone(site, fake):
    site.add_ups("new", "dummy-ups", "x.dev")
    site.add_ups("failed", "dummy-ups", "x.dev")
    site.add_ups("stopped", "dummy-ups", "x.dev")
    fake.generate()
    (fake.generated / "nut-driver.target.wants/nut-driver@new.service").unlink()
    fake.units.write_text("".join(
        f"MainPID=0\nActiveState={state}\nId=nut-driver@{name}.service\n\n" for name, state in
        {"gone": "active", "failed": "failed", "stopped": "inactive", "new": "inactive"}.items()))
    result = fake.run("nut-driver-enumerator")
    assert result.returncode == 42, result.stderr
    assert fake.asked() == [
        "daemon-reload", "stop --no-block nut-driver@gone.service",
        "start --no-block nut-driver@new.service", "start --no-block nut-driver@failed.service"]
    assert fake.run("nut-driver-enumerator", REPORT_RESTART_42="no").returncode == 0


def test_the_enumerator_tells_how_it_went(site, fake):
    assert fake.run("nut-driver-enumerator").returncode == 2
    site.add_ups("ups", "dummy-ups", "x.dev")
    fake.generate()
    fake.units.write_text("Id=nut-driver@ups.service\nActiveState=inactive\nMainPID=0\n")
    assert fake.run("nut-driver-enumerator").returncode == 0
    assert fake.asked() == []
    assert fake.run("nut-driver-enumerator", "--reconfigure").returncode == 42
    assert fake.asked() == ["daemon-reload", "start --no-block nut-driver@ups.service"]
    (site.root / "broken").touch()
    assert fake.run("nut-driver-enumerator", "--reconfigure").returncode == 13
    result = fake.run("nut-driver-enumerator", "--list-device")
    assert result.returncode == 1 and "did you mean --list-devices?" in result.stderr


def test_a_change_while_the_enumerator_works_is_not_missed(site, fake):
    site.add_ups("ups", "dummy-ups", "x.dev")
    systemctl = site.root / "bin/systemctl"
    systemctl.write_text(systemctl.read_text() + f"""
if [ "$1" = daemon-reload ] && [ ! -e {site.root}/once ]; then
	touch {site.root}/once
	printf '[late]\\ndriver = dummy-ups\\n' >>{site.conf}/ups.conf
fi
""")
    assert fake.run("nut-driver-enumerator").returncode == 42
    assert "start --no-block nut-driver@late.service" in fake.asked()


def test_with_a_mistake_in_the_file_all_goes_on(site, fake):
    site.write("ups.conf", "[a]\ndriver = dummy-ups\n[b\ndriver = dummy-ups\n")
    fake.units.write_text("Id=nut-driver@b.service\nActiveState=active\nMainPID=0\n")
    assert fake.run("nut-driver-enumerator").returncode == 13
    assert fake.asked() == []


def test_the_enumerator_answers_as_scripts_expect(site):
    site.write("ups.conf", "[b-1]\ndriver = dummy-ups\nport = x.dev\ndesc = \"x y\"\nnolock\n"
               "[a]\ndriver=snmp-ups\n")

    def ask(*words):
        result = site.run("nut-driver-enumerator", *words)
        return result.returncode, result.stdout

    assert ask("--list-devices") == (0, "a\nb-1\n")
    assert ask("--list-services") == (0, "nut-driver@a.service\nnut-driver@b-1.service\n")
    assert ask("--list-instances") == (0, "a\nb-1\n")
    assert ask("--get-service-for-device", "b-1") == (0, "nut-driver@b-1.service\n")
    assert ask("--get-service-for-device", "c") == (1, "")
    assert ask("--get-device-for-service", "c") == (1, "")
    assert ask("--check-service", "b-1") == (0, "")
    assert ask("--show-config", "b-1") == (
        0, "[b-1]\ndriver=dummy-ups\nport=x.dev\ndesc=\"x y\"\nnolock\n")
    assert ask("--show-device-config-value", "b-1", "desc", "nolock") == (0, "x y\nnolock\n")
    assert ask("--show-device-config-value", "b-1", "driver", "none") == (1, "dummy-ups\n\n")
    assert ask("--show-all-configs")[1].count("[") == 2
    assert ask("--daemon=soon")[0] == 1


def test_what_is_above_the_sections_has_the_empty_name(site):
    site.write("ups.conf", "maxretry = 3\nnolock\n[a]\ndriver=dummy-ups\n")

    def ask(*words):
        result = site.run("nut-driver-enumerator", *words)
        return result.returncode, result.stdout

    assert ask("--show-all-configs") == (0, "maxretry=3\nnolock\n[a]\ndriver=dummy-ups\n")
    assert ask("--show-config", "") == (0, "maxretry=3\nnolock\n")
    assert ask("--show-config-value", "", "maxretry") == (0, "3\n")
    assert ask("--show-config-value", "", "driver") == (1, "\n")
    site.write("ups.conf", "[a]\ndriver=dummy-ups\n")
    assert ask("--show-config", "") == (0, "")


def test_upsdrvsvcctl_tells_systemd(site, fake):
    site.add_ups("a", "dummy-ups", "x.dev")
    site.add_ups("b-1", "dummy-ups", "x.dev")
    assert fake.run("upsdrvsvcctl", "start").returncode == 0
    assert fake.asked() == ["start nut-driver@a.service", "start nut-driver@b-1.service"]
    assert fake.run("upsdrvsvcctl", "--timeout-cmd", "timeout", "stop", "b-1").returncode == 0
    assert fake.asked() == ["stop nut-driver@b-1.service"]
    assert fake.run("upsdrvsvcctl", "-t", "stop").returncode == 0
    assert fake.asked() == []
    assert fake.run("upsdrvsvcctl", "list").stdout == \
        "nut-driver@a.service\ta\nnut-driver@b-1.service\tb-1\n"
    assert fake.run("upsdrvsvcctl", "list", "b-1").stdout == "nut-driver@b-1.service\n"
    assert fake.run("upsdrvsvcctl", "stop", "c").returncode == 1
    assert fake.run("upsdrvsvcctl", "resync").returncode == 0
    assert "start --no-block nut-driver@a.service" in fake.asked()
    (site.root / "broken").touch()
    assert fake.run("upsdrvsvcctl", "start").returncode == 1
    assert "did you mean start?" in fake.run("upsdrvsvcctl", "strat").stderr


def test_upsdrvsvcctl_becomes_upsdrvctl_without_systemd(site, fake):
    site.add_dummy("ups", {"ups.status": "OL"})
    (site.root / "bin/upsdrvctl").symlink_to(site.suite.program("upsdrvctl"))
    result = fake.run("upsdrvsvcctl", "list", SERVICE_FRAMEWORK="none")
    assert (result.returncode, result.stdout) == (0, "ups\n")
    assert "STOPPED" in fake.run("upsdrvsvcctl", "status", SERVICE_FRAMEWORK="none").stdout
    assert fake.run("upsdrvsvcctl", "resync", SERVICE_FRAMEWORK="none").returncode == 1
    assert fake.asked() == []


def test_upsdrvctl_says_where_systemd_runs_the_drivers(site, fake):
    site.add_dummy("ups", {"ups.status": "OL"})
    assert "upsdrvsvcctl stop" in fake.run("upsdrvctl", "stop").stderr
    quiet = fake.run("upsdrvctl", "stop", NUT_QUIET_INIT_NDE_WARNING="1")
    assert "upsdrvsvcctl" not in quiet.stderr
    told = fake.run("upsdrvctl", "-t", "-F", "--unit", "start", "ups")
    assert told.stderr.split()[-3:] == ["-a", "ups", "-F"]
    assert fake.run("upsdrvctl", "-F", "--unit", "start", "none").returncode == 1
