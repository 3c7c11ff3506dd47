"""make install writes below DESTDIR and nowhere else; make uninstall takes all of it away."""

import fcntl
import subprocess

import pytest
from harness import CHECKOUT

pytestmark = [pytest.mark.once, pytest.mark.timeout(600)]


def make(build, *words):
    with open(build.root / ".install-lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["make", "-C", build.root, "--no-print-directory", *words], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def below(folder, *kinds):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if not kinds or path.is_file() or path.is_symlink()}


@pytest.fixture(scope="module")
def installed(build, tmp_path_factory):
    """What make has installed below a DESTDIR."""
    if build.sanitized:
        pytest.skip("one build is enough")
    root = tmp_path_factory.mktemp("install") / "root"
    said = make(build, "install", f"DESTDIR={root}")
    # A linker's cache is the living system's: nothing of it is ours to touch here.
    assert "ldconfig" not in "".join(line for line in said.splitlines(True) if line.startswith("ldconfig"))
    return root


def place(build, name):
    for line in (build.root / "Makefile").read_text().splitlines():
        if line.startswith(f"{name} = "):
            return line.split(" = ", 1)[1]
    raise LookupError(name)


def test_what_is_installed_is_below_the_prefix(build, installed):
    prefix = place(build, "prefix").lstrip("/")
    strays = {path for path in below(installed, "files") if not path.startswith(prefix + "/")}
    assert prefix != "usr" and strays == set()


def test_installed_files_have_no_path_of_the_building_machine(build, installed):
    for path in installed.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".la":
            content = path.read_bytes()
            assert str(installed).encode() not in content, path
            # Programs of this build have it in their debug information, as they were told to.
            if not content.startswith(b"\x7fELF"):
                assert str(CHECKOUT).encode() not in content, path
    links = [path for path in installed.rglob("*") if path.is_symlink()]
    assert links and all(not str(path.readlink()).startswith(str(installed)) for path in links)
    assert all(path.exists() for path in links), links


@pytest.mark.long
def test_installing_twice_is_as_installing_once(build, installed):
    before = below(installed)
    make(build, "install", f"DESTDIR={installed}")
    assert below(installed) == before


def test_uninstall_leaves_nothing_but_what_the_administrator_wrote(build, installed):
    etc = installed / place(build, "prefix").lstrip("/") / "etc"
    mine = [etc / "ups.conf", etc / "upsd.users"]
    for path in mine:
        path.write_text("# mine\n")
    assert len(below(installed, "files")) > 150
    make(build, "uninstall", f"DESTDIR={installed}")
    assert below(installed, "files") == {str(path.relative_to(installed)) for path in mine}
    # Folders with our names are gone, those of the system stay.
    assert {path for path in below(installed) if "chestnut" in path or path.endswith("/nut")} == set()
