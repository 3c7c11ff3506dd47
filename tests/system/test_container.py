"""The root file systems of scripts/container, run as a container engine would: read-only, as a
user that no file knows, without capabilities, in namespaces of their own."""

import json
import os
import shutil
import subprocess

import pytest
from harness import CHECKOUT, wait_until

UID = "54321"
PLACES = {"NUT_CONFPATH": "/etc/nut", "NUT_STATEPATH": "/run/nut", "NUT_ALTPIDPATH": "/run/nut",
          "NUT_DATAPATH": "/usr/share/nut", "LD_LIBRARY_PATH": "/usr/lib"}
AS_ROOT = os.geteuid() == 0
OUTER = ["unshare", *([] if AS_ROOT else ["--user", "--map-root-user"]),
         "--mount", "--net", "--pid", "--fork", "--kill-child"]


def _namespaces():
    try:
        return subprocess.run([*OUTER, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


pytestmark = [pytest.mark.once,
              pytest.mark.skipif(not shutil.which("dpkg-query"), reason="the list is made by dpkg"),
              pytest.mark.skipif(not _namespaces(), reason="no namespaces here")]


@pytest.fixture
def root(site):
    """A function that makes a root file system."""
    def make(program):
        if not (site.suite.root / "clients/upsweb/upsweb").exists():
            pytest.skip("upsweb is not built")
        folder = site.root / f"root-{program}"
        result = subprocess.run([CHECKOUT / "scripts/container/rootfs", program, site.suite.root,
                                 folder], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return folder
    return make


class Contained:
    """A shell in the namespaces starts programs in the root, each by a line on its input."""

    def __init__(self, folder, volumes):
        mounts = "".join(f"mount --bind {here} {folder}{there}\n" for here, there in volumes)
        self.enter = (f"unshare --root={folder} " +
                      (f"--setgid={UID} --setuid={UID} --" if AS_ROOT else
                       f"--user --map-user={UID} --map-group={UID} --"))
        self.out = folder.parent / f"{folder.name}.out"
        self.shell = subprocess.Popen([*OUTER, "sh", "-s"], stdin=subprocess.PIPE, text=True,
                                      stdout=open(self.out, "wb"), stderr=subprocess.STDOUT,
                                      env={**PLACES, "PATH": os.environ["PATH"]})
        self.say(f"set -e\nip link set lo up || true\nmount --bind {folder} {folder}\n"
                 f"mount -o remount,bind,ro {folder}\n{mounts}set +e")
        self._count = 0

    def say(self, lines):
        self.shell.stdin.write(lines + "\n")
        self.shell.stdin.flush()

    def start(self, *argv):
        self.say(f"{self.enter} {' '.join(argv)} &")

    def run(self, *argv):
        """(status, output) of a program that ends."""
        self._count += 1
        out = self.out.with_suffix(f".{self._count}")
        self.say(f"{self.enter} {' '.join(argv)} >{out}.new 2>&1; echo \"=$?\" >>{out}.new; mv {out}.new {out}")
        wait_until(out.exists, what=self.log)
        text, _, status = out.read_text().rpartition("=")
        return int(status), text

    def log(self):
        return self.out.read_text(errors="replace")

    def processes(self, name):
        """/proc's status of those of that name in the container."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/status", encoding="ascii") as f:
                    status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
                inside = os.readlink(f"/proc/{entry}/ns/mnt") != os.readlink("/proc/self/ns/mnt")
            except OSError:
                continue
            if status["Name"] == name and inside and self._is_ours(int(entry)):
                found.append(status)
        return found

    def _is_ours(self, pid):
        while pid > 1:
            if pid == self.shell.pid:
                return True
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                pid = int(f.read().rpartition(")")[2].split()[1])
        return False

    def close(self):
        self.shell.stdin.close()
        self.shell.terminate()
        self.shell.wait(60)


@pytest.fixture
def contained():
    made = []

    def start(folder, *volumes):
        made.append(Contained(folder, volumes))
        return made[-1]
    yield start
    for one in made:
        one.close()
        print(one.log())


def volume(site, name):
    path = site.root / name
    path.mkdir()
    path.chmod(0o777)
    return path


def check_weakness(contained, name):
    """What runs there can do nothing that it should not."""
    processes = contained.processes(name)
    assert processes
    for status in processes:
        assert status["CapEff"].strip("0") == "" and status["NoNewPrivs"] == "1"
        if AS_ROOT:
            assert status["Uid"].split() == [UID] * 4


def test_upsd_runs_in_a_read_only_root_as_nobody_in_particular(site, root, contained):
    folder = root("upsd")
    conf, state = volume(site, "etc"), volume(site, "run")
    (conf / "ups.conf").write_text("[rack]\ndriver = dummy-ups\nport = x\n")
    (conf / "upsd.conf").write_text("LISTEN 127.0.0.1 3493\n")
    (conf / "upsd.users").write_text("")
    for path in conf.iterdir():
        path.chmod(0o644)
    there = contained(folder, (conf, "/etc/nut"), (state, "/run/nut"))
    there.start("/usr/bin/upsd", "-F")
    wait_until(lambda: there.run("/usr/bin/upsc", "-l", "127.0.0.1") == (0, "rack\n"), what=there.log)
    check_weakness(there, "upsd")


def test_upsweb_runs_there_and_says_how_it_is(site, root, contained):
    folder = root("upsweb")
    conf, kept = volume(site, "etc"), volume(site, "kept")
    (conf / "upsweb.conf").write_text("MONITOR rack@127.0.0.1:1\nHISTORY /var/lib/upsweb/h.db\n")
    (conf / "upsweb.conf").chmod(0o644)
    there = contained(folder, (conf, "/etc/nut"), (kept, "/var/lib/upsweb"))
    assert there.run("/usr/bin/upsweb", "--healthcheck")[0] == 1
    there.start("/usr/bin/upsweb", "-F")
    wait_until(lambda: there.run("/usr/bin/upsweb", "--healthcheck") == (0, ""),
               what=lambda: f"{there.run('/usr/bin/upsweb', '--healthcheck')} {there.log()}")
    wait_until(lambda: (kept / "h.db").exists(), what=there.log)
    check_weakness(there, "upsweb")


@pytest.mark.parametrize("program", ["upsd", "upsweb"])
def test_what_is_inside_is_listed_and_little(root, program):
    folder = root(program)
    listed = json.loads((folder / "usr/share/sbom/chestnut.spdx.json").read_text())
    names = {p["name"].split(":")[0] for p in listed["packages"]}
    assert listed["spdxVersion"] == "SPDX-2.3" and {"chestnut", "libc6"} <= names
    assert all(p["versionInfo"] for p in listed["packages"])
    assert len({p["SPDXID"] for p in listed["packages"]}) == len(listed["packages"])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if path.name in ("sh", "bash", "apt", "dpkg", "python3", "passwd")]
    assert {path.name for path in (folder / "usr/bin").iterdir()} <= {"upsd", "upsc", "upsweb"}
    for path in files:
        assert path.stat().st_mode & 0o7000 == 0


def test_recipes_put_in_what_the_script_makes():
    for program in ("upsd", "upsweb"):
        text = (CHECKOUT / f"scripts/container/Containerfile.{program}").read_text()
        assert f"scripts/container/rootfs {program} build /root-of-{program}" in text
        assert "FROM scratch" in text and "USER 65532" in text and "HEALTHCHECK" in text
