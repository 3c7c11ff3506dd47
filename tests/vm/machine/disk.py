"""Disks for machines: Debian with our packages, made by the packages themselves.

    master(debs, kind)      the path of an ext4 image, made where the cache has none
    disk = Disk(path, of)   a copy of it, of one run: files in and out while nothing runs

A base system (mmdebstrap, a minute and a half, once) is beneath an overlay in which
packages are installed; mkfs.ext4 -d packs what is seen there.  So nothing is mounted but
in a namespace that ends with its process.  Files get into a copy by debugfs.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import image
from harness import chroot

CACHE = image.CACHE / "machine"
HERE = pathlib.Path(__file__).parent
PROGRAMS = {"qemu-system-x86": "qemu-system-x86_64", "mmdebstrap": "mmdebstrap", "e2fsprogs": "debugfs",
            "debhelper": "dh", "dpkg-dev": "dpkg-buildpackage"}
INCLUDE = ("apt-utils", "systemd", "systemd-sysv", "udev", "dbus", "kmod", "iproute2", "procps",
           "initramfs-tools", "linux-image-amd64", "nftables")
PACKAGES = ("libupsclient6", "nut-client", "nut-server", "nut")
SIZE = "2G"
# Small and quick to start; what is not ours and has nothing to do with it is off.
FINISH = """
printf 'virtio_pci\\nvirtio_blk\\next4\\n' >>/etc/initramfs-tools/modules
echo 'MODULES=list' >/etc/initramfs-tools/conf.d/machine
echo '/dev/vda / ext4 defaults,errors=remount-ro 0 1' >/etc/fstab
update-initramfs -u
cp -L /vmlinuz /initrd.img /boot/
systemctl mask getty@tty1.service serial-getty@ttyS0.service console-getty.service \\
    e2scrub_all.timer e2scrub_reap.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \\
    fstrim.timer
systemctl enable systemd-networkd
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /var/cache/apt/*.bin
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
echo machine >/etc/hostname
echo '127.0.0.1 localhost machine' >/etc/hosts
mkdir -p /var/log/journal
"""
# Modules of hardware that is not there take long to load, and nothing needs them.
MASKED = [f"modprobe@{module}.service" for module in ("drm", "efi_pstore", "fuse", "loop", "dm_mod", "configfs")]
# What is to be on every machine: (path, mode).
FILES = {"usr/local/sbin/agent": ("../agent", 0o755),
               "etc/systemd/system/agent.service": ("agent.service", 0o644),
               "etc/systemd/system/systemd-udev-trigger.service.d/few.conf": ("few.conf", 0o644)}


def check():
    missing = [package for package, program in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        raise image.Missing(f"not installed: {' '.join(missing)} (apt-get install, or scripts/deps.sh --vm)")
    if os.geteuid() != 0:
        raise image.Missing("root makes the disks")
    if os.uname().machine != "x86_64":
        raise image.Missing(f"the machine is an amd64 one, and this is {os.uname().machine}")


def _run(*argv, text=None):
    done = subprocess.run([str(a) for a in argv], input=text, capture_output=True, text=True)
    if done.returncode:
        raise image.Missing(f"{argv[0]}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def packages(folder):
    """The packages of a folder: name to path."""
    found = {p.name.split("_")[0]: p for p in pathlib.Path(folder).glob("*.deb")}
    missing = [name for name in PACKAGES if name not in found]
    if missing:
        raise image.Missing(f"{folder} has no {' '.join(missing)}: run scripts/build-debs {folder}")
    return found


def base(debs):
    try:
        return chroot.base([debs[name] for name in PACKAGES], CACHE, INCLUDE, FINISH)
    except chroot.Unavailable as e:
        raise image.Missing(str(e)) from None


def _key(root, debs, *more):
    key = hashlib.sha256(str(root).encode())
    for file in (pathlib.Path(__file__), *(HERE / f for f, _ in FILES.values()),
                 *(debs[name] for name in PACKAGES)):
        key.update(file.read_bytes())
    for text in more:
        key.update(text.encode())
    return key.hexdigest()[:12]


def _install(system, debs, script):
    for path, (file, mode) in FILES.items():
        there = system.root_file(path)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes((HERE / file).read_bytes())
        there.chmod(mode)
    system.sh(f"systemctl enable agent.service; systemctl mask {' '.join(MASKED)}")
    system.sh(script.replace("OURS", " ".join(f"/debs/ours/{debs[n].name}" for n in PACKAGES)))
    system.sh("rm -f /usr/sbin/policy-rc.d; mkdir -p /debs/new")
    for name in PACKAGES:
        shutil.copy(debs[name], system.root_file("debs/new"))


def master(debs, kind="ours", script="dpkg -i OURS"):
    """An image of the base with what the script installs."""
    root = base(debs)
    path = CACHE / f"{kind}-{_key(root, debs, script)}.img"
    if path.exists():
        return path
    for old in CACHE.glob(f"{kind}-*.img"):
        old.unlink()
    fresh = CACHE / f"{kind}.new"
    with tempfile.TemporaryDirectory(prefix="vm-", dir="/tmp") as place, \
            chroot.Chroot(root, debs[PACKAGES[0]].parent, place) as system:
        _install(system, debs, script)
        system.pack(fresh, SIZE)
    fresh.rename(path)
    return path


def boot_files(debs):
    """(kernel, initrd) of the base."""
    root = base(debs)
    return root / "boot/vmlinuz", root / "boot/initrd.img"


class Disk:
    """A copy of a master."""

    def __init__(self, path, of):
        self.path = pathlib.Path(path)
        _run("cp", "--sparse=always", of, self.path)

    def _debugfs(self, *commands):
        return _run("debugfs", "-w", "-f", "-", self.path, text="\n".join(commands) + "\n")

    def number(self, group):
        """A group's number on this disk."""
        return int(re.search(rf"^{group}:x:(\d+):", self.read("/etc/group"), re.M)[1])

    def put(self, path, text, mode=0o644, group="root"):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(text)
            f.flush()
            folders = [f"mkdir {p}" for p in reversed(pathlib.PurePosixPath(path).parents) if str(p) != "/"
                       and not self.exists(p)]
            self._debugfs(*folders, f"rm {path}", f"write {f.name} {path}",
                          f"sif {path} mode 0{0o100000 | mode:o}", f"sif {path} uid 0",
                          f"sif {path} gid {self.number(group) if group != 'root' else 0}")

    def link(self, path, target):
        self._debugfs(f"rm {path}", f"symlink {path} {target}")

    def exists(self, path):
        return "Inode:" in _run("debugfs", "-R", f"stat {path}", self.path)

    def read(self, path):
        return _run("debugfs", "-R", f"cat {path}", self.path)

    def is_clean(self):
        """As a machine leaves it that has gone down in order: its journal needs no recovery."""
        head = _run("dumpe2fs", "-h", self.path)
        return "needs_recovery" not in head and bool(re.search(r"^Filesystem state: +clean$", head, re.M))
