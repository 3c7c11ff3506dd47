"""A system bus of the test's own, with a systemd-logind, or a UPower, that it plays (python3-dbusmock)."""

import os
import subprocess
import sys

import pytest

from .wait import wait_until

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*" eavesdrop="true"/>
  </policy>
</busconfig>
"""
_LOGIND = "org.freedesktop.login1"
_PATH = "/org/freedesktop/login1"
_UPOWER = "org.freedesktop.UPower"


class SystemBus:
    """dbus-daemon(1) and, when start_logind() was called, a logind on it."""

    def __init__(self, root):
        self._dbus = pytest.importorskip("dbus")
        pytest.importorskip("dbusmock")
        self._path = root / "bus"
        self._config = root / "bus.conf"
        self._config.write_text(_CONFIG.format(path=self._path))
        self._processes = []
        self._connection = None

    @property
    def env(self):
        """For programs that should use it."""
        return {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self._path}"}

    def _start(self, *argv):
        try:
            process = subprocess.Popen(argv, env={**os.environ, **self.env},
                                       stdout=subprocess.DEVNULL)
        except FileNotFoundError:
            pytest.skip(f"no {argv[0]} here")
        self._processes.append(process)

    def start(self):
        self._start("dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile")

        def connect():
            try:
                return self._dbus.bus.BusConnection(f"unix:path={self._path}")
            except self._dbus.DBusException:
                return None
        self._connection = wait_until(connect, what="the bus takes connections")

    def start_logind(self):
        self._start(sys.executable, "-m", "dbusmock", "--system", "--template", "logind")
        wait_until(lambda: self._connection.name_has_owner(_LOGIND), what="logind is on the bus")

    def start_upower(self, **properties):
        """A UPower with one UPS."""
        self._start(sys.executable, "-m", "dbusmock", "--system", "--template", "upower")
        wait_until(lambda: self._connection.name_has_owner(_UPOWER), what="UPower is on the bus")
        mock = self._dbus.Interface(
            self._connection.get_object(_UPOWER, "/org/freedesktop/UPower"),
            "org.freedesktop.DBus.Mock")
        path = "/org/freedesktop/UPower/devices/ups_hiddev0"
        mock.AddObject(path, f"{_UPOWER}.Device",
                       {"Type": self._dbus.UInt32(3), **properties}, self._dbus.Array([], "(ssss)"))

    def _logind(self, interface):
        return self._dbus.Interface(self._connection.get_object(_LOGIND, _PATH), interface)

    def locks(self):
        """What upsmon holds up."""
        found = self._logind(f"{_LOGIND}.Manager").ListInhibitors()
        assert all(mode == "delay" for _, _, _, mode, _, _ in found)
        return sorted(str(what) for what, who, _, _, _, _ in found if who == "upsmon")

    def wait_locks(self, *want):
        wait_until(lambda: self.locks() == sorted(want), what=lambda: f"{self.locks()} are {want}")

    def prepare_for_sleep(self, begins):
        self._logind("org.freedesktop.DBus.Mock").EmitSignal(
            f"{_LOGIND}.Manager", "PrepareForSleep", "b", [begins])

    def stop(self):
        """Ends the bus and who is on it."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes.clear()
        self._path.unlink(missing_ok=True)
