"""What shells, augeas, AppArmor, avahi and logrotate are told of us works in them."""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest
from harness import CHECKOUT
from harness.terminal import Terminal

pytestmark = pytest.mark.once

LENSES = CHECKOUT / "scripts/augeas"
PROGRAMS = ("upsc", "upscmd", "upsrw", "upsd", "upsmon", "upsdrvctl", "nut-trust", "nutcert")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"no {program}")


def made(build, name):
    """The text of a file that is made, as if installed out of the checkout."""
    text = (build.root / "scripts" / name).read_text()
    return re.sub(r"[^\s(]+/complete-words", str(CHECKOUT / "scripts/completion/complete-words"), text)


# ------------------------------------------------------------------ completion

@pytest.fixture
def rack(site):
    """A served UPS; programs in $PATH that take it for one of this host."""
    site.add_dummy("rack", {"ups.status": "OL", "battery.charge": "87"})
    site.add_dummy("radio", {"ups.status": "OL"})
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    site.start_driver("rack")
    site.start_driver("radio")
    site.start_upsd()
    folder = site.root / "bin"
    folder.mkdir()
    here = f"127.0.0.1:{site.port}"
    for name in PROGRAMS:
        (folder / name).write_text(
            "#!/bin/bash\nargs=()\nfor a; do case $a in rack|radio) a+=@" + here + ";; esac; args+=(\"$a\"); done\n"
            f"[ \"$*\" != -L ] || args+=({here})\nexec {site.suite.program(name)} \"${{args[@]}}\"\n")
        (folder / name).chmod(0o755)
    site.path = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(site.root), "TERM": "dumb"}
    return site


def words(site, *line):
    result = subprocess.run([CHECKOUT / "scripts/completion/complete-words", *line], text=True,
                            env=site.environment(**site.path), capture_output=True, check=False)
    return {one.split("\t")[0]: one.split("\t")[1:] for one in result.stdout.splitlines()}


def test_words_are_what_the_server_and_the_programs_know(rack):
    assert set(words(rack, "upsc", "")) == {"rack", "radio"}
    remote = f"@127.0.0.1:{rack.port}"
    assert set(words(rack, "upsc", f"ra{remote}")) == {f"rack{remote}", f"radio{remote}"}
    assert words(rack, "upsc", "rack", "")["battery.charge"] == ["87"]
    assert words(rack, "upsc", "-j", "-W", "3", "rack", "")["ups.status"] == ["OL"]
    assert words(rack, "upsc", "-l", "") == {}
    assert {"--json", "-j", "--authconf"} <= set(words(rack, "upsc", "-"))
    assert words(rack, "upsc", "-")["--json"] == ["print JSON"]
    assert "driver.reload" in words(rack, "upscmd", "rack", "") or words(rack, "upscmd", "rack", "") == {}
    assert "battery.charge" in words(rack, "upsrw", "-s", "")
    assert {"reload", "stop"} == set(words(rack, "upsd", "-c", ""))
    assert "fsd" in words(rack, "upsmon", "--command", "")
    assert {"start", "stop", "list"} <= set(words(rack, "upsdrvctl", ""))
    assert set(words(rack, "upsdrvctl", "stop", "")) == {"rack", "radio"}
    assert {"add", "remove", "list"} <= set(words(rack, "nut-trust", ""))
    assert words(rack, "upsc", "-A", "") == {}


def test_what_a_server_says_cannot_become_more_than_a_word(rack):
    liar = rack.root / "bin/upsc"
    liar.write_text("#!/bin/sh\nprintf '%s\\n' '$(touch x)' '`id`' 'a;b' '-rf' 'good: ok \\033[2J' '*'\n")
    assert set(words(rack, "upsc", "")) == {"good"}
    liar.write_text("#!/bin/sh\nprintf 'good: ok \\033[2J\\n'\n")
    assert words(rack, "upsc", "") == {"good": ["ok [2J"]}


def test_bash_completes(rack, build):
    need("bash")
    script = rack.root / "nut.bash"
    script.write_text(made(build, "completion/nut.bash"))
    shell = Terminal(rack, "bash", "--norc", env={**rack.path, "PS1": "ready> "})
    shell.until(b"ready> ")
    shell.type(f"bind 'set enable-bracketed-paste off'; . {script}; echo so''urced\n".encode())
    shell.until(b"sourced")
    shell.type(b"echo upsc; upsc rac\tbattery.ch\t\n")
    shell.until(b"\n87")
    shell.type(f"upsc radi\t@127.0.0.1:{rack.port} ups.s\t\n".encode().replace(b"\t@", b"o@"))
    shell.until(b"\nOL")
    shell.type(b"exit\n")
    shell.end()


def test_zsh_completes(rack, build):
    need("zsh")
    folder = rack.root / "functions"
    folder.mkdir()
    (folder / "_nut").write_text(made(build, "completion/nut.zsh"))
    shell = Terminal(rack, "zsh", "-f", "-i", env={**rack.path, "PS1": "ready> "})
    shell.until(b"ready> ")
    shell.type(f"fpath=({folder} $fpath); autoload -U compinit; compinit -u -D; echo so''urced\n".encode())
    shell.until(b"sourced")
    shell.type(b"upsc rac\tbattery.ch\t\n")
    shell.until(b"\n87")
    shell.type(b"exit\n")
    shell.end()


def test_fish_completes(rack, build):
    need("fish")
    script = rack.root / "upsc.fish"
    script.write_text(made(build, "completion/nut.fish"))

    def completed(line):
        result = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
                                env=rack.environment(**rack.path), capture_output=True, text=True, check=True)
        return result.stdout.splitlines()
    assert completed("upsc rac") == ["rack\tDescription unavailable"] or completed("upsc rac")[0].startswith("rack")
    assert completed("upsc rack battery.ch") == ["battery.charge\t87"]


# ---------------------------------------------------------------------- augeas

def augtool(root, *commands):
    result = subprocess.run(["augtool", "--noautoload", "--root", root, "--include", LENSES, "--echo"],
                            input="".join(f"{line}\n" for line in commands), text=True,
                            capture_output=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def transforms():
    """augtool's lines that load our lenses for the files that they are for."""
    lines = []
    for lens in LENSES.glob("nut*.aug"):
        text = lens.read_text()
        module = re.search(r"^module (\w+)", text, re.M).group(1)
        for i, path in enumerate(re.findall(r'incl "([^"]+)"', text)):
            lines += [f"set /augeas/load/{module}{i}/lens {module}.lns",
                      f"set /augeas/load/{module}{i}/incl {path}"]
    return lines


@pytest.fixture
def etc(tmp_path):
    need("augtool")
    folder = tmp_path / "root/etc/nut"
    folder.mkdir(parents=True)
    return folder


def check_round_trip(etc):
    """All files are read; saved after a change, all else is as it was."""
    root = etc.parent.parent
    names = sorted(path.name for path in etc.iterdir())
    said = augtool(root, *transforms(), "load", "print /augeas//error", "match /files/etc/nut/*")
    assert "/error" not in said.split("match /files")[0].replace("print /augeas//error", ""), said
    assert all(f"/files/etc/nut/{name} " in said for name in names)
    before = {name: (etc / name).read_text() for name in names}
    # Into the last section, where there are sections.
    place = {name: "/*[last()]" if "\n[" in f"\n{text}" else "" for name, text in before.items()}
    augtool(root, *transforms(), "load", *(
        f"set /files/etc/nut/{name}{place[name]}/#comment[last()+1] 'by augeas'" for name in names), "save")
    for name in names:
        assert re.sub(r" ?# by augeas\n$", "", (etc / name).read_text()) == before[name], name


def test_lenses_read_and_write_every_sample(etc):
    for path in (CHECKOUT / "conf").glob("*.conf.sample"):
        if not path.name.startswith("UPSmon"):
            shutil.copy(path, etc / path.name[:-len(".sample")])
    shutil.copy(CHECKOUT / "conf/upsd.users.sample", etc / "upsd.users")
    check_round_trip(etc)


@pytest.mark.parametrize("name", sorted(path.name for path in (CHECKOUT / "conf/examples").iterdir()
                                        if path.is_dir()))
def test_lenses_read_and_write_every_example(etc, name):
    for path in (CHECKOUT / "conf/examples" / name).iterdir():
        if path.name in ("ups.conf", "upsd.conf", "upsd.users", "upsmon.conf"):
            shutil.copy(path, etc)
    check_round_trip(etc)


def test_trees_have_the_labels_of_debians_lenses(etc):
    (etc / "ups.conf").write_text('maxretry = 3\n[rack]\n\tdriver = usbhid-ups\n\tdesc = "Rack 1" # why\n\tignorelb\n')
    (etc / "upsd.conf").write_text("LISTEN ::1 3493\nMAXAGE 15\nCERTIDENT \"a name\" \"word\"\n")
    (etc / "upsd.users").write_text("[a]\n\tpassword = x\n\tactions = SET\n\tinstcmds = ALL\n\tupsmon primary\n")
    (etc / "upsmon.conf").write_text('MONITOR rack@nas:3493 1 mon "a b" primary\nNOTIFYFLAG ONLINE SYSLOG+WALL\n'
                                     'NOTIFYMSG ONLINE "back %s"\nSHUTDOWNCMD "/sbin/shutdown -h +0"\n')
    (etc / "upssched.conf").write_text("CMDSCRIPT /x\nAT ONBATT * START-TIMER page 30\n")
    (etc / "hosts.conf").write_text('MONITOR rack@localhost "Rack 1"\n')
    said = augtool(etc.parent.parent, *transforms(), "load", "print /files")
    for line in """ups.conf/maxretry = "3"
ups.conf/rack/driver = "usbhid-ups"
ups.conf/rack/desc = "Rack 1"
ups.conf/rack/ignorelb
upsd.conf/LISTEN/interface = "::1"
upsd.conf/LISTEN/port = "3493"
upsd.conf/MAXAGE = "15"
upsd.users/a/actions/SET
upsd.users/a/instcmds = "ALL"
upsd.users/a/upsmon = "primary"
upsmon.conf/MONITOR/system/upsname = "rack"
upsmon.conf/MONITOR/system/hostname = "nas"
upsmon.conf/MONITOR/system/port = "3493"
upsmon.conf/MONITOR/powervalue = "1"
upsmon.conf/MONITOR/type = "primary"
upsmon.conf/NOTIFYFLAG/2 = "WALL"
upsmon.conf/NOTIFYMSG/message = "back %s"
upsmon.conf/SHUTDOWNCMD = "/sbin/shutdown -h +0"
upssched.conf/AT/notifytype = "ONBATT"
upssched.conf/AT/START-TIMER/interval = "30"
hosts.conf/MONITOR/description = "Rack 1\"""".splitlines():
        assert f"/files/etc/nut/{line}\n" in said, line


def test_a_value_that_needs_quotes_gets_them(etc):
    (etc / "ups.conf").write_text("[rack]\n\tdriver = usbhid-ups\n")
    augtool(etc.parent.parent, *transforms(), "load", "set /files/etc/nut/ups.conf/rack/desc 'Rack 1'",
            "set /files/etc/nut/ups.conf/rack/port auto", "save")
    assert (etc / "ups.conf").read_text() == (
        '[rack]\n\tdriver = usbhid-ups\n\tdesc = "Rack 1"\n\tport = "auto"\n')


# ------------------------------------------------------------------- the others

def test_profiles_for_apparmor_are_sound(build):
    need("apparmor_parser")
    profiles = sorted((build.root / "scripts/apparmor").glob("nut-*"))
    assert len(profiles) == 5
    for profile in profiles:
        result = subprocess.run(["apparmor_parser", "-Q", "-K", "-T", profile], capture_output=True,
                                text=True, check=False)
        assert result.returncode == 0, result.stderr
        # Whoever wants more has to say so: see the README there.
        assert "flags=(complain)" in profile.read_text()


def test_logrotate_takes_the_file_for_upslog(build, tmp_path):
    need("logrotate")
    result = subprocess.run(["logrotate", "-d", "-s", tmp_path / "state", build.root / "scripts/logrotate/nut"],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0 and "error" not in result.stderr, result.stderr


def test_the_service_for_avahi_names_our_port_and_the_type_of_nut_announce(build):
    tree = xml.etree.ElementTree.parse(build.root / "scripts/avahi/nut.service").getroot()
    assert tree.findtext("service/type") == "_nut._tcp"
    assert tree.findtext("service/port") == "3493"
    assert '"_nut._tcp"' in (CHECKOUT / "clients/announce/nut-announce.c").read_text()
