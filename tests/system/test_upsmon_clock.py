"""upsmon on a host whose clock is set, and on one that has slept."""

import datetime
import os
import shutil
import struct
import subprocess
import time

import pytest

from harness import CHECKOUT, PowerHost, wait_until

DAY = 24 * 3600


class Clocks:
    """The clocks of programs that get `environment`."""

    def __init__(self, library, path):
        self._path = path
        self._path.write_bytes(bytes(4096))
        self._path.chmod(0o644)
        self.environment = {"LD_PRELOAD": str(library), "CLOCKSHIM": str(path)}

    def set(self, wall_s=0, asleep_s=0):
        """The wall clock is so much ahead; the host slept for so long."""
        with open(self._path, "r+b") as f:
            f.write(struct.pack("qq", wall_s * 10**9, asleep_s * 10**9))

    def today(self):
        text = subprocess.run(["date", "+%F"], env={**os.environ, **self.environment},
                              capture_output=True, text=True, check=True).stdout
        return datetime.date.fromisoformat(text.strip())


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no C compiler")
    library = tmp_path_factory.mktemp("clock") / "clockshim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library,
                    CHECKOUT / "tests/lib/clockshim.c"], check=True)
    library.parent.chmod(0o755)
    return library


@pytest.fixture
def clocks(site, shim):
    made = Clocks(shim, site.root / "clocks")
    made.set(wall_s=10 * DAY)
    if (made.today() - datetime.date.today()).days < 9:
        pytest.skip("the clocks of programs cannot be set by a preloaded library here")
    made.set()
    return made


@pytest.fixture(params=["push", "polling"])
def upsd(request, site):
    return site.fake_upsd({"ups": {"ups.status": "OL"}}, push=request.param == "push")


@pytest.fixture
def host(site, upsd, clocks):
    host = PowerHost(site, "host", site.root / "journal")
    host.start(f"MONITOR ups@{upsd.host}:{upsd.port} 1 monuser secret primary", "DEADTIME 5",
               "HOSTSYNC 3", env=clocks.environment)
    upsd.wait_received("LOGIN ups")
    return host


def reconnects(upsd):
    return sum(line.startswith("LOGIN") for line in upsd.received)


@pytest.mark.parametrize("days", [-400, 400])
def test_a_wall_clock_that_is_set_changes_nothing(host, upsd, clocks, days):
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    clocks.set(wall_s=days * DAY)
    time.sleep(3)
    clocks.set()
    time.sleep(2)
    assert not host.is_down()
    assert reconnects(upsd) == 1
    assert [kind for kind, _, _ in host.notices()] == ["ONBATT"]
    clocks.set(wall_s=days * DAY)
    upsd.set("ups", "ups.status", "OB LB")
    host.wait_down()
    assert host.upsmon.wait() == 0


def sleep_and_wake(host, upsd, clocks, status):
    """On battery, then an hour of sleep, then another status."""
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    clocks.set(asleep_s=3600)
    upsd.upses["ups"]["ups.status"] = status
    host.wait_notice("SUSPEND_TIMEJUMP_UNEXPECTED")
    wait_until(lambda: reconnects(upsd) == 2)


def test_a_host_that_slept_on_battery_and_wakes_on_line_power_goes_on(host, upsd, clocks):
    sleep_and_wake(host, upsd, clocks, "OL")
    time.sleep(3)
    assert not host.is_down()
    assert host.upsmon.running()


def test_a_host_that_slept_on_battery_and_wakes_on_a_low_one_shuts_down(host, upsd, clocks):
    sleep_and_wake(host, upsd, clocks, "OB LB")
    host.wait_down()


def test_a_host_that_slept_and_finds_no_upsd_goes_on_until_there_is_one(host, upsd, clocks):
    """Like a start: what was known is from another time.  Then the battery counts again."""
    upsd.set("ups", "ups.status", "OB")
    host.wait_notice("ONBATT")
    upsd.close()
    clocks.set(asleep_s=3600)
    host.wait_notice("SUSPEND_TIMEJUMP_UNEXPECTED")
    time.sleep(7)
    assert not host.is_down()
    upsd.upses["ups"]["ups.status"] = "OB LB"
    upsd.listen()
    host.wait_down()
