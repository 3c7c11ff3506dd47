"""The binary interface of libupsclient is what programs were built for: ours and Debian's."""

import platform
import shutil
import subprocess

import pytest
from harness import CHECKOUT

pytestmark = pytest.mark.once

REFERENCE = CHECKOUT / "tests/abi/libupsclient-x86_64.abi"


@pytest.fixture
def library(build):
    for tool in ("abidiff", "abidw"):
        if not shutil.which(tool):
            pytest.skip(f"no {tool} (abigail-tools)")
    if build.sanitized:
        pytest.skip("a sanitizer's library has symbols of its own")
    return build.root / "clients/.libs/libupsclient.so.6"


def differences(old, new, *options):
    """What abidiff says, and its status: 0 for none."""
    result = subprocess.run(["abidiff", *options, old, new], capture_output=True, text=True, check=False)
    assert not result.returncode & 3, result.stderr  # it could not compare at all
    return result.returncode, result.stdout


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the reference is one of x86_64")
def test_the_interface_is_that_of_the_reference(build, library, tmp_path):
    now = tmp_path / "now.abi"
    with open(now, "w", encoding="utf-8") as out:
        subprocess.run([CHECKOUT / "tests/abi/dump", build.root], stdout=out, check=True)
    assert differences(REFERENCE, now) == (0, ""), "see tests/abi/dump"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the reference is one of x86_64")
@pytest.mark.parametrize("what, instead", [
    ("type-decl name='int' size-in-bits='32'", "type-decl name='int' size-in-bits='64'"),
    ("elf-symbol name='upscli_get'", "elf-symbol name='upscli_gone'"),
])
def test_a_change_of_the_interface_is_noticed(library, tmp_path, what, instead):
    text = REFERENCE.read_text()
    assert what in text
    changed = tmp_path / "changed.abi"
    changed.write_text(text.replace(what, instead))
    assert differences(REFERENCE, changed)[0] != 0


def test_debians_library_exports_the_same_functions(library, debian):
    theirs = next(debian.root.rglob("libupsclient.so.6"))
    assert differences(theirs, library, "--no-show-locs")[0] & 8 == 0


def symbols(path):
    said = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True)
    return {line.split()[2].split("@")[0] for line in said.stdout.splitlines()}


def test_the_symbols_are_debians_and_those_of_the_package(build, debian):
    if build.sanitized:
        pytest.skip("a sanitizer's library has symbols of its own")
    ours = symbols(build.root / "clients/.libs/libupsclient.so.6")
    theirs = {name for name in symbols(next(debian.root.rglob("libupsclient.so.6")))
              if not name.startswith(("_init", "_fini"))}
    packaged = {line.split("@")[0].strip() for line in
                (CHECKOUT / "debian/libupsclient6.symbols").read_text().splitlines() if "@Base" in line}
    assert ours == theirs == packaged
