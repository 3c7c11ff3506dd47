"""The units for systemd: what its own checker says of them."""

import shutil
import subprocess

import pytest

UNITS = ("nut-driver", "nut-server", "nut-monitor", "nut-hold", "nut-mqtt", "nut-web", "nut-announce")


@pytest.fixture
def units(site, build):
    """A folder with the units as they were built, in which the programs are those of the build."""
    made = build.root / "scripts/systemd"
    if not shutil.which("systemd-analyze") or not (made / "nut.target").exists():
        pytest.skip("no systemd")
    folder = site.root / "units"
    folder.mkdir()
    for unit in [*(f"{name}.service" for name in UNITS), "nut.target"]:
        if not (made / unit).exists():
            continue
        lines = (made / unit).read_text().splitlines()
        for i, line in enumerate(lines):
            if line.startswith("Exec") and "/sbin/" in line:
                key, command = line.split("=", 1)
                program, *rest = command.split(" ")
                lines[i] = f"{key}={build.program(program.rsplit('/', 1)[1])} {' '.join(rest)}"
        (folder / unit).write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_sound(site, units, name):
    if not (units / f"{name}.service").exists():
        pytest.skip("its program is not built")
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", units / f"{name}.service"],
                            env=site.environment(SYSTEMD_UNIT_PATH=f"{units}:"),
                            capture_output=True, text=True, timeout=60, check=False)
    about_it = [line for line in result.stderr.splitlines() if name in line]
    assert (result.returncode, about_it) == (0, [])


def test_upsmon_and_what_it_starts_are_in_no_sandbox(units):
    """SHUTDOWNCMD, hooks and NOTIFYCMD are the administrator's, and inherit all that is denied."""
    text = (units / "nut-monitor.service").read_text()
    for word in ("NoNewPrivileges", "Protect", "Private", "CapabilityBoundingSet", "SystemCall",
                 "WatchdogSec", "ReadOnlyPaths"):
        assert f"\n{word}" not in text
