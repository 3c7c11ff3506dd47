"""A release is made of a commit, can be made again by anybody, and is verified as docs/security.md
says."""

import json
import os
import re
import shutil
import subprocess

import pytest
from harness import CHECKOUT

pytestmark = [pytest.mark.long, pytest.mark.once, pytest.mark.timeout(900)]


def run(*argv, cwd, env=None, stdin=None, ok=True):
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env={**os.environ, **(env or {})}, stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert not ok or done.returncode == 0, done.stdout[-3000:]
    return done


@pytest.fixture
def checkout(tmp_path):
    """A clone with all that this checkout has, committed."""
    for tool in ("git", "ssh-keygen", "autoconf", "libtoolize", "bison", "asciidoctor"):
        if not shutil.which(tool):
            pytest.skip(f"no {tool}")
    if not (CHECKOUT / ".git").exists():
        pytest.skip("this is no checkout")
    clone = tmp_path / "clone"
    run("git", "clone", "-q", CHECKOUT, clone, cwd=tmp_path)
    files = run("git", "ls-files", "-z", "-m", "-o", "--exclude-standard", cwd=CHECKOUT).stdout.split("\0")
    for name in filter(None, files):
        if (CHECKOUT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, clone / name)
    run("git", "add", "-A", cwd=clone)
    run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "t", cwd=clone)
    return clone


@pytest.fixture
def key(tmp_path):
    """A key for this test only."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "throw-away", "-f", tmp_path / "key", cwd=tmp_path)
    return tmp_path / "key"


def test_a_release_is_verified_as_the_guide_says(checkout, key, tmp_path):
    out = tmp_path / "out"
    run("scripts/release", out, cwd=checkout, env={"CHESTNUT_SIGNING_KEY": str(key)})
    version = re.search(r"AC_INIT\(\[chestnut\], \[([^]]+)", (checkout / "configure.ac").read_text()).group(1)
    assert {path.name for path in out.iterdir()} == {
        f"chestnut-{version}.{end}" for end in ("tar.xz", "spdx.json", "sha256", "sha256.sig")}
    (out / "allowed_signers").write_text(f"release@chestnut {key.with_suffix('.pub').read_text()}")
    guide = (CHECKOUT / "docs/security.md").read_text().split("## Is this our release?")[1]
    commands = re.search(r"```sh\n(.*?)```", guide, re.S).group(1).replace("VERSION", version)
    assert "ssh-keygen -Y verify" in commands and "sha256sum -c" in commands
    assert 'Good "chestnut-release" signature' in run("sh", "-ec", commands, cwd=out).stdout
    # Neither another's sums nor another tarball pass.
    sums = out / f"chestnut-{version}.sha256"
    sums.write_text(sums.read_text().replace("a", "b"))
    assert run("sh", "-ec", commands, cwd=out, ok=False).returncode != 0

    document = json.loads((out / f"chestnut-{version}.spdx.json").read_text())
    names = {package["name"] for package in document["packages"]}
    assert document["spdxVersion"] == "SPDX-2.3" and {"chestnut", "libevent_core", "nss"} <= names
    assert len(document["relationships"]) == len(names)

    # It is complete: it builds without git, and has what packagers need.
    listing = run("tar", "-tf", out / f"chestnut-{version}.tar.xz", cwd=out).stdout
    tracked = run("git", "ls-files", cwd=checkout).stdout.split()
    missing = [name for name in tracked if f"chestnut-{version}/{name}\n" not in listing
               and not name.startswith((".git", "tests/sim/"))]
    assert missing == []


def test_a_tree_with_changes_makes_no_release(checkout, key, tmp_path):
    (checkout / "stray").write_text("x")
    done = run("scripts/release", tmp_path / "out", cwd=checkout, ok=False,
               env={"CHESTNUT_SIGNING_KEY": str(key)})
    assert done.returncode == 1 and "not what is in the commit" in done.stdout and "stray" in done.stdout
    (checkout / "stray").unlink()
    done = run("scripts/release", tmp_path / "out", cwd=checkout, ok=False, env={"CHESTNUT_SIGNING_KEY": ""})
    assert done.returncode == 1 and "CHESTNUT_SIGNING_KEY" in done.stdout
