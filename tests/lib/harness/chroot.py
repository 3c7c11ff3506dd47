"""Debian systems of a test's own, in chroots, to install packages in.

    base = chroot.base(ours, cache)         # made once, from the configured mirror
    with chroot.Chroot(base) as debian:
        debian.run("apt-get", "install", "-y", "/debs/ours/nut-server_...deb")

Each is an overlay in memory over one base system, in namespaces of its own (mounts,
processes, network): one process holds them, and all that is in there ends with it.
The base has what the packages depend on, none of the packages themselves, and no list
of a mirror: a test needs no network, and has none.
"""

import hashlib
import inspect
import pathlib
import shutil
import subprocess

# Debian's, which ours take the place of.
PACKAGES = ("nut", "nut-server", "nut-client", "nut-snmp", "nut-cgi", "nut-doc", "libupsclient6",
            "libupsclient-dev")
_SUITE = "bookworm"
_HOLD = """set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay none -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc none "$1/root/proc"
mount --bind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/run"
mkdir -p "$1/root/debs/ours"
mount --bind "$3" "$1/root/debs/ours"
ip link set lo up
echo 127.0.0.1 localhost >"$1/root/etc/hosts"
echo ready
# The first process in there, which has to bury the others: so no exec.
cat
:
"""


class Unavailable(Exception):
    """No chroots here; the text says why."""


def _sh(*argv, **options):
    done = subprocess.run([str(a) for a in argv], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode:
        raise Unavailable(f"{' '.join(str(a) for a in argv)[:200]}: {done.stdout[-2000:]}")
    return done.stdout


def _depends(debs):
    return "".join(_sh("dpkg-deb", "-f", deb, "Pre-Depends", "Depends") for deb in sorted(debs))


def _fill(root, debs, finish):
    """Into a bare system: what ours and Debian's packages depend on; Debian's into /debs/debian."""
    def inside(command):
        _sh("chroot", root, "sh", "-ec", command,
            env={"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                 "LC_ALL": "C"})
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    (root / "debs/new").mkdir(parents=True)
    for deb in debs:
        shutil.copy(deb, root / "debs/new")
    # Nothing is started by packages but what a test starts.
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    get = "apt-get -q -y --no-install-recommends"
    inside(f"""
        mkdir /debs/debian && apt-get -q update
        {get} -d -o Debug::NoLocking=1 install /debs/new/*.deb
        {get} -d install {' '.join(PACKAGES)}
        cd /var/cache/apt/archives
        for package in {' '.join(PACKAGES)} libnutscan2; do
            mv "$package"_*.deb /debs/debian/
        done
        dpkg -i ./*.deb
        rm -rf /debs/new && apt-get clean && rm -rf /var/lib/apt/lists/*""")
    (root / "etc/resolv.conf").unlink()
    inside(finish)


def base(debs, cache, include=("apt-utils",), finish=""):
    """The folder of a system without the packages, made where it is not in the cache yet.

    It has what is to be included, too; `finish` is a script that runs in it at last.
    """
    if not shutil.which("mmdebstrap"):
        raise Unavailable("no mmdebstrap")
    key = hashlib.sha256("".join((_depends(debs), inspect.getsource(_fill), *include,
                                  finish)).encode()).hexdigest()
    root = pathlib.Path(cache) / f"{_SUITE}-{key[:12]}"
    if root.is_dir():
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    for old in root.parent.glob(f"{_SUITE}-*"):
        shutil.rmtree(old)
    fresh = root.with_name("new")
    shutil.rmtree(fresh, ignore_errors=True)
    _sh("mmdebstrap", "--variant=minbase", f"--include={','.join(include)}", _SUITE, fresh)
    _fill(fresh, debs, finish)
    fresh.rename(root)
    return root


class Chroot:
    """One system; run() runs programs in it."""

    def __init__(self, root, debs, place):
        self._place = pathlib.Path(place)
        self._place.mkdir(parents=True, exist_ok=True)
        self.root = self._place / "root"
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child=KILL",
             "--propagation", "private", "sh", "-c", _HOLD, "sh", self._place, root, debs],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self._holder.stdout.readline() != "ready\n":
            raise Unavailable("no chroots here: " + self._holder.communicate()[1].strip())
        children = pathlib.Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        self._inside = children.read_text().split()[0]

    def run(self, *argv, check=True, **options):
        """Runs a program in there without a terminal; (status, all that it said)."""
        done = subprocess.run(
            ["nsenter", "--target", self._inside, "--mount", "--pid", "--net", "--",
             "chroot", self.root, "env", "-i", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *(str(a) for a in argv)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=240, check=False, **options)
        assert not check or done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout}"
        return done.returncode, done.stdout

    def root_file(self, path):
        """A path in there, to read and write from here."""
        return pathlib.Path(f"/proc/{self._inside}/root{self.root}") / path

    def sh(self, script, check=True):
        """What a shell in there says."""
        return self.run("sh", "-ec", script, check=check)[1]

    def pack(self, path, size):
        """A file system of all that is in there: an ext4 image, of that size at most."""
        _sh("nsenter", "--target", self._inside, "--mount", "--", "sh", "-ec", """
            mkdir "$1/bare" && mount --bind "$1/root" "$1/bare"
            mkfs.ext4 -q -d "$1/bare" "$2" "$3"
            umount "$1/bare\"""", "sh", self._place, pathlib.Path(path).resolve(), size)

    def close(self):
        self._holder.stdin.close()
        self._holder.wait(20)
        self._holder.stdout.close()
        self._holder.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
