"""An initramfs for a test machine, and its kernel: Debian's, of the packages in .cache/vm."""

import gzip
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache" / "vm"
KERNEL = "linux-image-amd64"  # depends on the package of the day
# In the order in which they are loaded.
USB_MODULES = ["drivers/usb/common/usb-common", "drivers/usb/core/usbcore",
               "drivers/usb/usbip/usbip-core", "drivers/usb/usbip/vhci-hcd",
               "drivers/hid/hid", "drivers/hid/usbhid/usbhid", "drivers/hid/hid-generic"]
# What Debian calls the programs that are needed here, and where they are looked for.
PROGRAMS = {"qemu-system-x86": "qemu-system-x86_64", "busybox-static": "busybox"}
UDEV = ["udev", "libkmod2"]
# Rules of the system that come before those of a UPS.
UDEV_RULES = ["50-udev-default.rules"]


class Missing(Exception):
    """The machine cannot be made here; the text says what is missing, and how to get it."""


def check_programs():
    missing = [package for package, program in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        raise Missing(f"not installed: {' '.join(missing)} (apt-get install, or scripts/deps.sh --vm)")
    if os.uname().machine != "x86_64":
        raise Missing(f"the machine is an amd64 one, and this is {os.uname().machine}")
    if not shutil.which("apt-get"):
        raise Missing("no apt-get here: it fetches Debian's kernel")


def _apt(*command):
    done = subprocess.run(command, cwd=CACHE, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Missing(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _kernel_package():
    found = re.search(r"Depends: (linux-image-\S+)", _apt("apt-cache", "depends", KERNEL))
    if not found:
        raise Missing(f"apt-cache knows no {KERNEL}")
    return found[1]


def _fetch(package):
    """The package's .deb, from the cache or from Debian's mirror."""
    have = sorted(CACHE.glob(f"{package}_*.deb"))
    if not have:
        print(f"fetching {package}", file=sys.stderr)
        _apt("apt-get", "-q", "download", package)
        have = sorted(CACHE.glob(f"{package}_*.deb"))
    return have[-1]


def _unpack(deb, folder, *patterns):
    """What is needed of a package, into a folder of the cache; once."""
    if folder.is_dir():
        return folder
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", new, "--wildcards", *patterns], stdin=tar.stdout, check=True)
    tar.stdout.close()
    tar.wait()
    new.rename(folder)
    return folder


def kernel():
    """(path of the kernel, folder of its modules)"""
    CACHE.mkdir(parents=True, exist_ok=True)
    have = [p.name.split("_")[0] for p in CACHE.glob("linux-image-[0-9]*.deb")]
    package = sorted(have)[-1] if have else _kernel_package()
    folder = _unpack(_fetch(package), CACHE / package, "./boot/vmlinuz-*",
                     *(f"*/kernel/{m}.ko*" for m in USB_MODULES))
    return next(folder.glob("boot/vmlinuz-*")), next(folder.glob("lib/modules/*/kernel"))


def udev():
    """A folder with udev's programs and rules, unpacked."""
    return [_unpack(_fetch(package), CACHE / package, "./*lib/*", *(["./bin/*"] * (i == 0)))
            for i, package in enumerate(UDEV)]


class Image:
    """Files for the archive: path inside -> (mode, bytes)."""

    def __init__(self):
        self.files = {}
        for folder in ("bin", "dev", "proc", "sys", "run", "tmp", "root"):
            self.folder(folder)

    def folder(self, path):
        while path and path not in self.files:
            self.files[path] = (stat.S_IFDIR | 0o755, b"")
            path = os.path.dirname(path)

    def put(self, path, data, mode=0o644):
        """A file with these contents (text, bytes, or the path of the original)."""
        path = path.lstrip("/")
        if isinstance(data, pathlib.Path):
            mode = 0o755 if os.access(data, os.X_OK) else mode
            data = data.read_bytes()
        elif isinstance(data, str):
            data = data.encode()
        self.folder(os.path.dirname(path))
        self.files[path] = (stat.S_IFREG | mode, data)

    def link(self, path, target):
        self.folder(os.path.dirname(path.lstrip("/")))
        self.files[path.lstrip("/")] = (stat.S_IFLNK | 0o777, target.encode())

    def tree(self, path, folder):
        for file in sorted(pathlib.Path(folder).rglob("*")):
            if file.is_file():
                self.put(f"{path}/{file.relative_to(folder)}", file)

    def program(self, path, file, libraries=()):
        """A program with the libraries that it needs, found where this machine has them."""
        self.put(path, pathlib.Path(file), 0o755)
        env = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
        said = subprocess.run(["ldd", file], env=env, capture_output=True, text=True).stdout
        if "not found" in said:
            raise Missing(f"{file}: {re.search(r'.*not found', said)[0].strip()}")
        for name, library in re.findall(r"(\S+) (?:=> (\S+) )?\(0x", said):
            library = library or name
            if library.startswith("/"):
                place = library if name == library else f"/lib/x86_64-linux-gnu/{name}"
                self.put(place, pathlib.Path(library), 0o755)

    def _entry(self, number, path, mode, data):
        head = "070701" + "".join(f"{n:08x}" for n in (
            number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path) + 1, 0))
        name = (head + path + "\0").encode()
        return name + b"\0" * (-len(name) % 4) + data + b"\0" * (-len(data) % 4)

    def write(self, path):
        """The archive, as the kernel's initramfs has it; everything is root's."""
        with gzip.open(path, "wb", compresslevel=1) as f:
            for number, (name, (mode, data)) in enumerate(sorted(self.files.items()), 1):
                f.write(self._entry(number, name, mode, data))
            f.write(self._entry(0, "TRAILER!!!", 0, b""))
