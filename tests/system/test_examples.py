"""The sites in conf/examples: each is checked, rehearsed, and fits together."""

import re
import stat
import subprocess

import pytest
from harness import CHECKOUT
from harness.certs import backend

EXAMPLES = CHECKOUT / "conf/examples"
FILES = sorted(path for path in EXAMPLES.rglob("*") if path.is_file() and path.name != "local.mk")
MONITORS = [path for path in FILES if re.match(r"(?i)upsmon.*\.conf$", path.name)]
SERVERS = sorted(path.parent for path in FILES if path.name == "upsd.conf")

# What becomes of them: the file, options, and what has to be in the output, in this order.
OUTCOMES = [
    ("one-pc/upsmon.conf", [], ["LB DISCHRG", "shut down 16 min 5 s", "20 % left"]),
    ("one-pc/upsmon.conf", ["--low", "5"], ["at or below OBRUNTIME", "shut down 17 min 5 s"]),
    ("one-pc/upsmon.conf", ["--outage", "600"], ["stayed up"]),
    ("two-feeds/upsmon.conf", [], ["feedB@localhost (primary", "OBCHARGE", "feedA@localhost (primary",
                                   "shutdown: power value 0 is left", "with 20 % left"]),
    ("two-feeds/upsmon.conf", ["--only", "feedA@localhost"], ["CRITICAL", "stayed up"]),
    ("two-feeds/upsmon.conf", ["--only", "feedB@localhost"], ["CRITICAL", "stayed up"]),
    ("rack-with-groups/upsmon-stage1.conf", [], ["on battery for OBDURATION",
                                                 "shut down 2 min 0 s"]),
    ("rack-with-groups/upsmon-stage1.conf", ["--outage", "100"], ["stayed up"]),
    ("rack-with-groups/upsmon-stage2.conf", [], ["OBCHARGE", "shut down 9 min 59 s"]),
    ("rack-with-groups/upsmon-stage2.conf", ["--low", "70"], ["FSD", "shut down 6 min 6 s"]),
    ("rack-with-groups/upsmon.conf", [], ["OBRUNTIME", "FSD is set on UPS rack@localhost",
                                          "/run/nut/killpower is written", "shut down 15 min 5 s"]),
    ("rack-with-groups/UPSmon-stage1.conf", [], ["timer grace runs out in 120", "SHUTDOWNCMD",
                                                 "shut down 2 min 0 s"]),
    ("rack-with-groups/UPSmon-stage1.conf", ["--outage", "100"], ["grace is cancelled",
                                                                  "stayed up"]),
    ("rack-with-groups/UPSmon-stage2.conf", [], ["CHARGE->50", "shut down 9 min 59 s"]),
    ("rack-with-groups/UPSmon-stage2.conf", ["--low", "70"], ["None->FSD", "shut down 6 min"]),
    # Two minutes for the others, and the low battery that comes meanwhile does not prolong them.
    ("rack-with-groups/UPSmon.conf", [], ["RUNTIME->300", "FSD is set on UPS rack: ",
                                          "/run/nut/killpower is written", "shut down 17 min 1 s"]),
    ("rack-with-groups/UPSmon.conf", ["--low", "30"], ["None->LB", "FSD is set",
                                                       "shut down 16 min 1 s"]),
    ("nas-clients/upsmon.conf", [], ["OBDURATION", "shut down 15 min 5 s"]),
    ("nas-clients/upsmon.conf", ["--battery", "600", "--low", "5"], ["OBRUNTIME",
                                                                     "shut down 5 min 5 s"]),
    ("nas-clients/upsmon.conf", ["--low", "60"], ["FSD", "shut down 8 min 6 s"]),
    ("nas-clients/upsmon-qnap.conf", [], ["OBDURATION", "shut down 15 min 5 s"]),
    ("hypervisor/upsmon.conf", [], ["OBCHARGE", "hooks of /etc/nut/shutdown.d run, for 180 s",
                                    "shut down 11 min 59 s"]),
    ("hypervisor/upsmon.conf", ["--outage", "300"],
     ["the mains are back", "waking 52:54:00:00:00:01", "waking 52:54:00:00:00:02", "stayed up"]),
]


@pytest.fixture
def installed(site, certs):
    """Puts a folder of examples in the place of /etc/nut."""
    def install(folder):
        if folder.name == "rack-with-groups" and backend(site) != "OpenSSL":
            pytest.skip("its certificates are for OpenSSL")
        for path in folder.iterdir():
            if path.is_file():
                site.write(path.name, path.read_text().replace("/etc/nut", str(site.conf)))
        site.write("power1.pem", certs.pem("server").read_text())
        site.write("ca.pem", certs.pem("ca").read_text())
        return site.conf
    return install


def name_of(path):
    return str(path.relative_to(EXAMPLES))


def check(site, program, *args):
    return site.run(program, "-t", *(["-u", site.user] if site.user else []), *args)


@pytest.mark.parametrize("path", MONITORS, ids=name_of)
def test_upsmon_has_nothing_to_complain_of(site, installed, path):
    result = check(site, "upsmon", "-f", installed(path.parent) / path.name)
    assert result.returncode == 0, result.stderr
    assert "is fine" in result.stdout
    assert [line for line in result.stderr.splitlines() if ".conf" in line] == []


@pytest.mark.parametrize("folder", SERVERS, ids=name_of)
def test_upsd_has_nothing_to_complain_of(site, installed, folder):
    installed(folder)
    result = check(site, "upsd")
    assert result.returncode == 0, result.stderr
    assert not re.search(r"\.(conf|users):", result.stderr), result.stderr


@pytest.mark.parametrize("path, args, parts", OUTCOMES,
                         ids=[" ".join([row[0], *row[1]]) for row in OUTCOMES])
def test_a_power_failure_goes_as_it_is_meant_to(site, path, args, parts):
    result = site.run("upsmon", "--rehearse", *args, "-f", EXAMPLES / path)
    assert result.returncode == 0, result.stderr
    rest = result.stdout
    for part in parts:
        assert part in rest, result.stdout
        rest = rest.split(part, 1)[1]


def test_no_example_is_left_out_of_the_rehearsals():
    assert {row[0] for row in OUTCOMES} == {name_of(path) for path in MONITORS}


def test_all_are_installed(build):
    makefile = (build.root / "Makefile").read_text()
    assert [name_of(path) for path in FILES if f"conf/examples/{name_of(path)}" not in makefile] == []


def test_every_file_says_in_its_head_what_it_is_for():
    for path in FILES:
        lines = path.read_text().splitlines()
        assert re.match(r"# \w", lines[1 if lines[0].startswith("#!") else 0]), path


def test_a_primary_is_never_told_too_early_that_a_machine_is_gone():
    for path in MONITORS:
        if path.name.startswith("upsmon"):
            assert "\nSHUTDOWNEXIT no\n" in path.read_text(), path


def sections(path):
    """The names of [sections] and aliases, each with the lines below it."""
    found = {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            names = [line.strip("[]")]
            found[names[0]] = found.get(names[0], [])
        elif line.startswith("\t"):
            found[names[0]].append(line.strip())
            if line.strip().startswith("alias ="):
                found.update({name: [] for name in line.split("=")[1].split()})
    return found


@pytest.mark.parametrize("path", MONITORS, ids=name_of)
def test_the_server_knows_ups_and_user(path):
    upses, users = sections(path.parent / "ups.conf"), sections(path.parent / "upsd.users")
    if path.name.startswith("UPSmon"):
        found = re.findall(r'MONITOR (\S+) POWERVAL 1 UPSDUSER (\S+) PASSWORD "(\S+)" TYPE (\S+)',
                           path.read_text())
    else:
        found = re.findall(r"^MONITOR (\S+)@\S+ 1 (\S+) (\S+) (\S+)$", path.read_text(), re.M)
    assert found
    for ups, user, password, role in found:
        assert ups in upses
        assert f"password = {password}" in users[user]
        assert f"upsmon {role}" in users[user]


@pytest.fixture
def hook(site):
    """Runs a hook of the hypervisor with programs of ours in place of the real ones."""
    folder = site.root / "bin"
    folder.mkdir()

    def run(name, **programs):
        for program, text in programs.items():
            path = folder / program
            path.write_text(f'#!/bin/sh\necho {program} "$@" >> {site.root}/calls\n{text}\n')
            path.chmod(0o755)
        path = EXAMPLES / "hypervisor/shutdown.d" / name
        assert stat.S_IMODE(path.stat().st_mode) & 0o111
        result = subprocess.run([path], env={"PATH": f"{folder}:/usr/bin:/bin"}, timeout=60,
                                capture_output=True, text=True, check=False)
        calls = site.root / "calls"
        return result.returncode, calls.read_text().splitlines() if calls.exists() else []
    return run


def test_containers_are_stopped(hook):
    docker = '[ "$1" != ps ] || printf "c1\\nc2\\n"'
    assert hook("10-containers", docker=docker, podman="true") == (
        0, ["docker ps -q", "docker stop -t 20 c1 c2", "podman ps -q"])


def test_a_container_that_does_not_stop_is_told(hook):
    docker = 'case $1 in ps) echo c1 ;; *) exit 1 ;; esac'
    assert hook("10-containers", docker=docker, podman="exit 1")[0] == 1


def test_guests_are_waited_for(hook, site):
    guests = site.root / "guests"
    guests.write_text("web\nmy mail\n")
    # Each question but the first costs one of them.
    virsh = f"""case $1 in
list) cat {guests}; echo; [ ! -e {guests}.told ] || sed -i 1d {guests} ;;
shutdown) touch {guests}.told ;;
esac"""
    status, calls = hook("10-guests", virsh=virsh)
    assert status == 0
    assert "virsh shutdown web" in calls and "virsh shutdown my mail" in calls
    assert calls[-1] == "virsh list --name --state-running"
    assert guests.read_text() == ""


def test_without_guests_there_is_nothing_to_do(hook):
    assert hook("10-guests", virsh="true") == (0, ["virsh list --name --state-running"] * 2)
