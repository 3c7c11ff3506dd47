"""One or two computers at a UPS, as the cases use them, and the story of what happened."""

import pathlib
import re
import shutil
import sys
import tempfile
import time

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(CHECKOUT / "tests" / "lib"), str(CHECKOUT / "tests" / "vm")]

import disk  # noqa: E402
import image  # noqa: E402
from computer import PATIENCE, Computer  # noqa: E402
from harness.build import find_build  # noqa: E402
from machine import Failure, wait_until  # noqa: E402, F401
from ups import Ups  # noqa: E402

USERS = ("[admin]\n\tpassword = admin\n\tinstcmds = ALL\n\tactions = SET\n"
         "[primary]\n\tpassword = primary\n\tupsmon primary\n"
         "[secondary]\n\tpassword = secondary\n\tupsmon secondary\n")
PRIMARY = {
    "nut.conf": "MODE=netserver\n",
    "ups.conf": "[ups]\n\tdriver = usbhid-ups\n\tport = auto\n\tpollinterval = 1\n",
    "upsd.conf": "LISTEN 127.0.0.1 3493\nLISTEN 10.77.0.1 3493\n",
    "upsd.users": USERS,
    "upsmon.conf": 'MONITOR ups@localhost 1 primary primary primary\nSHUTDOWNCMD "/sbin/shutdown -h +0"\n'
                   "POWERDOWNFLAG /etc/killpower\nPOLLFREQALERT 2\nSHUTDOWNEXIT no\n",
}
SECONDARY = {
    "nut.conf": "MODE=netclient\n",
    "ups.conf": "", "upsd.conf": "", "upsd.users": "",
    "upsmon.conf": 'MONITOR ups@10.77.0.1 1 secondary secondary secondary\n'
                   'SHUTDOWNCMD "/sbin/shutdown -h +0"\nPOLLFREQALERT 2\nSHUTDOWNEXIT no\n',
}
# What a machine says at its console when it gets so far, in that order; of each the first.
MILESTONES = (
    ("upsmon knows", r"on battery"),
    ("shutdown ordered", r"[Aa]uto logout and shutdown|Executing automatic power-fail shutdown"),
    ("systemd goes down", r"Stopped target (multi-user|Multi-User)|Stopped target .*Multi-User"),
    ("file systems unmounted", r"systemd-shutdown\[1\]: (All filesystems|Unmounting file systems)"),
    ("hook", r"nutshutdown: telling the UPS"),
    ("off", r"reboot: Power down"),
    ("restarts", r"reboot: Restarting system"),
    ("QEMU has ended", r"qemu has ended"),
    ("up", r"Reached target .*Multi-User"),
)


class Skip(Exception):
    """This case cannot be run; the text says why."""


class Site:
    """A UPS, and computers at it; everything ends with close()."""

    def __init__(self, debs, log):
        self.debs, self._log = debs, log
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vm-", dir="/tmp"))
        self.began = time.monotonic()
        self.story = []
        self.computers = []
        self.ups = Ups(self.folder, self.tell)

    def tell(self, text):
        self.story.append((time.monotonic(), text))

    def computer(self, name="primary", config=None, kind="ours", script="dpkg -i OURS", at_ups=True,
                 files=None):
        """One with Debian and our packages, not switched on.

        config: /etc/nut; files: others, by path; kind and script: how its disk is made (disk.py).
        """
        config = config or PRIMARY
        master = disk.master(self.debs, kind, script)
        drive = disk.Disk(self.folder / f"{name}.img", master)
        for file, text in config.items():
            drive.put(f"/etc/nut/{file}", text, 0o640, "nut")
        number = len(self.computers) + 1
        drive.put("/etc/systemd/network/10-lan.network",
                  f"[Match]\nName=eth0\n[Network]\nAddress=10.77.0.{number}/24\nLinkLocalAddressing=no\n")
        for path, text in (files or {}).items():
            drive.put(path, text)
        ends = [self.folder / f"lan{i}" for i in (number, 3 - number)]
        it = Computer(name, drive, disk.boot_files(self.debs), self.folder,
                      self._log.with_name(f"{self._log.name}-{name}.log"),
                      self.ups.cable() if at_ups else None, ends)
        self.computers.append(it)
        self.ups.computers.append(it)
        return it

    def since(self, text):
        """When that was told, the last time."""
        return [t for t, said in self.story if said == text][-1]

    def milestones(self, computer, start=-1):
        """{what: when} of those that its console shows since its last start."""
        found = ((what, computer.consoles[start].find(pattern)) for what, pattern in MILESTONES)
        return {what: hit[0] for what, hit in found if hit}

    def timeline(self):
        """All of it, told in seconds from the first thing that happened to the UPS."""
        story = list(self.story)
        for computer in self.computers:
            for i in range(len(computer.consoles)):
                story += [(t, f"{computer.name}: {what}") for what, t in self.milestones(computer, i).items()]
        story.sort()
        start = story[0][0] if story else 0
        return [f"{t - start:7.1f}  {text}" for t, text in story]

    def close(self):
        self.ups.computers.clear()
        for computer in self.computers:
            computer.close()
        self.ups.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_caught(computer, status="OL", ups="ups"):
    """Until upsd serves the UPS, with that status."""
    computer.wait_says(f"upsc {ups} ups.status 2>/dev/null", status)


def units(computer, *names):
    """{unit: active, failed, inactive, ...}"""
    return dict(zip(names, computer.sh(f"systemctl is-active {' '.join(names)}", check=False).split()))


def failed_units(computer):
    return [line.split()[0] for line in
            computer.sh("systemctl --failed --no-legend --plain").splitlines() if line]


def check_up(computer, state):
    if state != "running":
        raise Failure(f"{computer.name} is {state!r}, failed: {failed_units(computer)}\n" +
                      computer.sh("systemctl status --no-pager --failed; systemctl list-jobs", check=False))


def boot_seconds(computer):
    """What systemd says of its start: (kernel, userspace, ...) as text, and ours among it."""
    total = computer.sh("systemd-analyze time", check=False).splitlines()
    blame = computer.sh("systemd-analyze blame --no-pager", check=False).splitlines()
    ours = [re.sub(r" +", " ", line.strip()) for line in blame if "nut-" in line]
    return total[0] if total else "?", ours


__all__ = ["CHECKOUT", "PATIENCE", "PRIMARY", "SECONDARY", "Failure", "Site", "Skip", "boot_seconds",
           "check_up", "disk", "failed_units", "find_build", "image", "units", "wait_caught", "wait_until"]
