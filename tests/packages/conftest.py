"""Fixtures of the tests of packages; run by tests/packages/run."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from harness import CHECKOUT, chroot  # noqa: E402


@pytest.fixture(scope="session")
def debs():
    """Our packages: name to path."""
    folder = os.environ.get("CHESTNUT_DEBS")
    if not folder:
        pytest.skip(os.environ.get("CHESTNUT_NO_DEBS", "start it by tests/packages/run"))
    return {path.name.split("_")[0]: path for path in pathlib.Path(folder).glob("*.deb")
            if "dbgsym" not in path.name}


@pytest.fixture(scope="session")
def base_system(debs):
    if os.geteuid() != 0:
        pytest.skip("chroots need root")
    try:
        return chroot.base(list(debs.values()), CHECKOUT / ".cache" / "packages")
    except chroot.Unavailable as e:
        pytest.skip(str(e))


@pytest.fixture
def debian(base_system, debs, tmp_path):
    """A Debian system of the test's own (harness.chroot.Chroot)."""
    with chroot.Chroot(base_system, next(iter(debs.values())).parent, tmp_path / "system") as system:
        yield system
