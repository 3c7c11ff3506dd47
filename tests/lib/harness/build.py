"""Where the programs under test are."""

import functools
import os
import pathlib

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
_FOLDERS = ("server", "drivers", "clients", "scripts", "tests/driver", "tests/upsmon", "tests/sim")


def find_shared():
    """The folder of recorded facts (CHESTNUT_SHARED, or beside the checkout), or None."""
    for place in (os.environ.get("CHESTNUT_SHARED"), CHECKOUT.parent / "shared",
                  CHECKOUT.parent.parent / "shared"):
        if place and pathlib.Path(place, "spec").is_dir():
            return pathlib.Path(place)
    return None


@functools.lru_cache(maxsize=None)
def find_build():
    """The build under test: CHESTNUT_BUILD, or build/ in the checkout."""
    return Build(pathlib.Path(os.environ.get("CHESTNUT_BUILD", CHECKOUT / "build")).resolve())


class Build:
    """A build tree of ours.  Its programs run from where they were built.

    A suite (this class, or DebianNut) has program(name) and environment().
    """

    name = "chestnut"

    def __init__(self, root):
        self.root = pathlib.Path(root)

    @functools.lru_cache(maxsize=None)
    def program(self, name):
        """The path of a built program; LookupError if it was not built.

        libtool leaves a script where the program should be if that needs a
        library of the build tree; the program itself is run instead, so that
        its pid and name are its own.
        """
        for folder in _FOLDERS:
            for path in sorted(self.root.joinpath(folder).rglob(name)):
                if path.parent.name == ".libs" or not path.is_file() or not os.access(path, os.X_OK):
                    continue
                real = path.parent / ".libs" / name
                return real if real.is_file() and _is_script(path) else path
        raise LookupError(f"{name} is not built (looked below {self.root})")

    def environment(self):
        """What the programs need in their environment."""
        return {
            "LD_LIBRARY_PATH": str(self.root / "clients" / ".libs"),
            "NUT_DATAPATH": str(CHECKOUT / "data"),
            "NUT_DRIVERPATH": str(self.driver_path),
            "NUT_PROGRAMPATH": self.program_path,
        }

    @functools.cached_property
    def program_path(self):
        """The folders with the programs that nutconf starts."""
        folders = []
        for name in ("upsd", "upsmon", "upsdrvctl", "upssched", "upsmqtt", "upsweb",
                     "nut-scanner"):
            try:
                folders.append(str(self.program(name).parent))
            except LookupError:
                pass
        return ":".join(folders)

    @property
    def driver_path(self):
        """The folder with the drivers, as upsdrvctl needs it."""
        try:
            return self.program("dummy-ups").parent
        except LookupError:
            return self.root / "drivers"

    @property
    def sanitized(self):
        """True if this build reports memory errors itself."""
        return "-fsanitize=address" in self._makefile()

    @functools.lru_cache(maxsize=None)
    def _makefile(self):
        path = self.root / "Makefile"
        return path.read_text() if path.is_file() else ""


def _is_script(path):
    with open(path, "rb") as f:
        return f.read(2) == b"#!"
