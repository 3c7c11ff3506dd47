"""The real NUT, as Debian packages it, unpacked beside the build.

Nothing is installed: `scripts/deps.sh --peers` fetches the packages into
.cache/debian-nut/ (./run-tests does so before the tests), and they are
unpacked there once, whoever comes first.
"""

import fcntl
import functools
import os
import pathlib
import shutil
import subprocess

from .build import CHECKOUT

_CACHE = pathlib.Path(os.environ.get("CHESTNUT_PEERS", CHECKOUT / ".cache" / "debian-nut"))
# sbin/ has wrappers that read /etc/nut/nut.conf; the daemons themselves are in lib/nut.
_PROGRAMS = ("lib/nut", "usr/lib/nut", "bin", "usr/bin", "sbin", "usr/sbin", "usr/lib/cgi-bin/nut")


class Unavailable(Exception):
    """Debian's NUT cannot be had here; the text says why."""


class DebianNut:
    """A suite, as harness.Build is: program(name) and environment()."""

    name = "debian"
    sanitized = False

    def __init__(self, root):
        self.root = pathlib.Path(root)

    @functools.lru_cache(maxsize=None)
    def program(self, name):
        """The path of one of its programs or drivers."""
        for folder in _PROGRAMS:
            path = self.root / folder / name
            if path.is_file():
                return path
        raise LookupError(f"Debian's NUT has no {name} (looked below {self.root})")

    @functools.cached_property
    def libraries(self):
        """The folder that holds its libupsclient.so."""
        return next(self.root.rglob("libupsclient.so.*")).parent

    @property
    def python_path(self):
        """The folder to import PyNUT from."""
        return next(self.root.rglob("PyNUT.py")).parent

    def environment(self):
        folder = self.libraries.name
        return {"LD_LIBRARY_PATH": f"{self.root / 'lib' / folder}:{self.root / 'usr/lib' / folder}",
                "NUT_DATAPATH": str(self.root / "usr/share/nut")}


@functools.lru_cache(maxsize=None)
def find():
    """Debian's NUT, fetched and unpacked if need be; raises Unavailable."""
    if not shutil.which("dpkg-deb"):
        raise Unavailable("no dpkg-deb: Debian's NUT is for Debian and its kin")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with open(_CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = _CACHE / "root"
        if not _is_complete(root):
            _unpack(root)
    suite = DebianNut(root)
    _check_runs(suite)
    return suite


def _names():
    return "\n".join(sorted(package.name for package in _CACHE.glob("*.deb")))


def _is_complete(root):
    """Whether all packages that were fetched are unpacked: some may have come later."""
    mark = root / "complete"
    return mark.is_file() and mark.read_text() == _names()


def _unpack(root):
    packages = sorted(_CACHE.glob("*.deb"))
    if not packages:
        fetch = subprocess.run([CHECKOUT / "scripts" / "deps.sh", "--peers", _CACHE],
                               capture_output=True, text=True, timeout=200)
        packages = sorted(_CACHE.glob("*.deb"))
        if fetch.returncode or not packages:
            raise Unavailable(f"Debian's NUT cannot be fetched: {fetch.stderr.strip()[-300:]}")
    shutil.rmtree(root, ignore_errors=True)
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    (root / "complete").write_text(_names())


def _check_runs(suite):
    """A host with other libraries than Debian 12 may not run them at all."""
    try:
        result = subprocess.run([suite.program("upsd"), "-V"], capture_output=True, text=True,
                                env={**os.environ, **suite.environment()}, timeout=60)
    except (OSError, LookupError) as e:
        raise Unavailable(f"Debian's NUT does not run here: {e}") from None
    if "Network UPS Tools" not in result.stdout + result.stderr:
        raise Unavailable(f"Debian's NUT does not run here: {result.stderr.strip()[-300:]}")
