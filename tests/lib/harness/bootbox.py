"""A machine that boots this host's systemd, in namespaces: the suite installed, no kernel of its own.

    box = BootBox(install(build))
    box.write("/usr/local/etc/ups.conf", "[a]\\n...")
    box.enable("nut.target")
    box.boot()                       # returns when the boot is over
    box.run("systemctl", "is-active", "nut-server")
    box.wait_for_end()               # "off" or "reboot"
    box.boot()                       # what is on its disk is still there

Its disk is this host's under a layer of its own, /run, /tmp, the network and the processes are
its own, and so are the kernel's log that it writes and the settings of /proc/sys.  Whatever would
touch the one kernel is masked.
"""

import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from .wait import DEADLINE, wait_until

UNITS = "/usr/local/lib/systemd/system"

# Of this host's units: those that speak to the kernel or a device, or need a moment.
_MASKED = """
    systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket
    systemd-udev-trigger.service systemd-udev-settle.service systemd-sysctl.service
    systemd-modules-load.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount
    proc-sys-fs-binfmt_misc.mount systemd-tmpfiles-setup-dev.service systemd-random-seed.service
    systemd-remount-fs.service systemd-hwdb-update.service systemd-networkd.service
    systemd-resolved.service systemd-timesyncd.service systemd-pcrphase.service
    systemd-pcrphase-sysinit.service systemd-boot-system-token.service systemd-pstore.service
    systemd-journal-flush.service systemd-firstboot.service ldconfig.service
    dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount
    sys-kernel-config.mount sys-fs-fuse-connections.mount tmp.mount
    getty.target getty@tty1.service console-getty.service cron.service ssh.service
    postgresql.service apt-daily.timer apt-daily-upgrade.timer man-db.timer
    modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service
    modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service polkit.service
    e2scrub_all.timer e2scrub_reap.service fstrim.timer
""".split()

# $1: the folder of the box.  The first process is ours, in namespaces already.
_BOOT = r"""
set -e
box=$1 root=$1/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/disk,workdir=$box/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount --rbind /sys "$root/sys"
umount -l "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount --bind "$box/kmsg" "$root/dev/kmsg"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
ip link set lo up
cd "$root"
mkdir -p .host
pivot_root . .host
umount -l /.host
shift
exec env -i container=lxc PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""

_SYSTEMD = ("/lib/systemd/systemd", "--system", "--log-target=kmsg", "--show-status=no",
            "systemd.unit=multi-user.target")


class Unavailable(Exception):
    """This host boots no machines; the text says why."""


def _cgroup_folder():
    """Where this process is in the one hierarchy of cgroups that counts for systemd."""
    here = [line.split(":", 2)[2] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
            if line.startswith("0::")]
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2" and here:
            return pathlib.Path(where) / here[0].lstrip("/")
    raise Unavailable("no cgroup2 here")


def install(build):
    """The suite, as `make install` puts it: once for all machines of a test run. Its folder."""
    if os.geteuid() != 0:
        raise Unavailable("only root boots a machine")
    if build.sanitized:
        raise Unavailable("sanitizers have no place to report to in there")
    if not pathlib.Path("/lib/systemd/systemd").exists() or not shutil.which("unshare"):
        raise Unavailable("no systemd here")
    folder = build.root / "bootbox"
    folder.mkdir(exist_ok=True)
    this_run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with open(folder / "lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if lock.read() != this_run:
            shutil.rmtree(folder / "disk", ignore_errors=True)
            result = subprocess.run(["make", "-s", "-C", build.root, "install",
                                     f"DESTDIR={folder}/disk"],
                                    capture_output=True, text=True, check=False)
            if not (folder / "disk" / UNITS.lstrip("/")).exists():
                raise Unavailable("not built for /usr/local with systemd: " + result.stderr)
            shutil.copy(build.program("probe-ups"), folder / "disk/usr/local/libexec/nut/probe-ups")
            lock.truncate(0)
            lock.write(this_run)
    return folder / "disk"


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)  # another file system


class BootBox:
    def __init__(self, installed):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chn-box-", dir="/tmp"))
        self.root.chmod(0o755)
        for name in ("disk", "work", "root"):
            (self.root / name).mkdir(mode=0o755)
        self.kmsg = self.root / "kmsg"
        self.kmsg.touch()
        self.disk = self.root / "disk"
        self._process = self._init = None
        self._cgroup = None
        shutil.copytree(installed, self.disk, symlinks=True, dirs_exist_ok=True,
                        copy_function=_link)
        self.disk.chmod(0o755)
        system = self.disk / "etc/systemd/system"
        system.mkdir(parents=True)
        # Nothing of what this host has enabled.
        os.setxattr(system, "trusted.overlay.opaque", b"y")
        for unit in _MASKED:
            (system / unit).symlink_to("/dev/null")
        self.write("/etc/hostname", "box\n")
        self.write("/etc/fstab", "")
        self.write("/etc/sysctl.conf", "")

    # ------------------------------------------------------------------------------ its disk

    def path(self, path):
        """A file on its disk, as seen from here.  Only while it is off, for writing."""
        return self.disk / str(path).lstrip("/")

    def write(self, path, text, mode=0o644):
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)  # it may be a link to what all machines share
        file.write_text(text)
        file.chmod(mode)

    def enable(self, *units):
        """As systemctl enable would."""
        subprocess.run(["systemctl", f"--root={self.disk}", "enable", *units],
                       capture_output=True, check=True)

    # ------------------------------------------------------------------------------ its life

    def boot(self):
        self.start(_SYSTEMD)
        wait_until(lambda: self.state() in ("running", "degraded"), what="the boot is over")

    def start(self, first):
        """With a first process of one's own."""
        self.kmsg.write_text("")
        self._cgroup = _cgroup_folder() / self.root.name
        self._cgroup.mkdir()
        self._process = subprocess.Popen(
            ["sh", "-c", f'echo $$ >{self._cgroup}/cgroup.procs\n'
             'exec unshare --mount --pid --uts --ipc --net --cgroup --fork '
             '--kill-child --propagation private sh -c "$@"',
             "sh", _BOOT, "boot", self.root, *first],
            stdin=subprocess.DEVNULL, stdout=open(self.root / "out", "ab"),
            stderr=subprocess.STDOUT)
        wait_until(lambda: self._find_init(pathlib.Path(first[0]).name), what=f"{first[0]} starts")

    def _find_init(self, name):
        if self._process.poll() is not None:
            raise Unavailable("nothing boots here: " + (self.root / "out").read_text())
        for task in pathlib.Path(f"/proc/{self._process.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == name:
                    self._init = int(child)
        return self._init

    def _enter(self, *words):
        return ["nsenter", f"--target={self._init}", "--mount", "--pid", "--uts", "--ipc", "--net",
                "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                *(str(word) for word in words)]

    def run(self, *words, check=False, input=None):
        return subprocess.run(self._enter(*words), capture_output=True, text=True, check=check,
                              timeout=DEADLINE, input=input or "")

    def say(self, *words):
        """What a program prints, whether it goes well or not."""
        return self.run(*words).stdout.strip()

    def state(self):
        return self.say("systemctl", "is-system-running")

    def active(self, unit):
        return self.say("systemctl", "is-active", unit)

    def show(self, unit, name):
        return self.say("systemctl", "show", "--value", f"--property={name}", unit)

    def edit(self, path, text):
        """Replaces a file while it runs, as editors do."""
        self.run("sh", "-c", f"cat >{path}.new && chmod 644 {path}.new && mv {path}.new {path}",
                 check=True, input=text)

    def journal(self, *words):
        return self.say("journalctl", "--no-pager", "-b", *words)

    def last_journal(self):
        """What is on its disk of it."""
        folder = self.disk / "var/log/journal"
        return subprocess.run(["journalctl", "--no-pager", "-D", folder], capture_output=True,
                              text=True, check=False).stdout if folder.exists() else ""

    def log(self):
        return self.kmsg.read_text(errors="replace")

    def wait_for_end(self):
        """Until it is off or would start again: which of both."""
        wait_until(lambda: self._process.poll() is not None, what="the machine ends")
        # What reboot(2) makes of it in a namespace; unshare ends as its child does.
        ends = {-signal.SIGINT: "off", -signal.SIGHUP: "reboot"}
        status = self._process.returncode
        self._ended()
        return ends.get(status, status)

    def _ended(self):
        self._process = self._init = None
        # Its last processes may just be going.
        wait_until(self._remove_cgroups, what="its processes are gone")

    def _remove_cgroups(self):
        for folder, _, _ in os.walk(self._cgroup, topdown=False):
            os.rmdir(folder)
        return True

    def close(self):
        if self._process:
            if self._init:
                os.kill(self._init, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
            self._ended()
        shutil.rmtree(self.root, ignore_errors=True)
