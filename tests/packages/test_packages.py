"""Our packages on a Debian system: fresh, in the place of Debian's nut, back, and gone again."""

import re
import subprocess

import pytest
from harness.chroot import PACKAGES

# What an administrator has in /etc/nut, edited everywhere.
CONFIG = {
    "nut.conf": "MODE=standalone\n# edited\n",
    "ups.conf": "maxretry = 3\n[rack]\n\tdriver = dummy-ups\n\tport = rack.dev\n\tdesc = \"Rack\"\n",
    "upsd.conf": "LISTEN 127.0.0.1 3493\nMAXAGE 15\n",
    "upsd.users": "[monitor]\n\tpassword = secret\n\tupsmon primary\n",
    "upsmon.conf": "MONITOR rack@localhost 1 monitor secret primary\nMINSUPPLIES 1\n"
                   "SHUTDOWNCMD \"/bin/true\"\nPOWERDOWNFLAG /etc/killpower\n",
    "upssched.conf": "CMDSCRIPT /bin/upssched-cmd\nPIPEFN /run/nut/upssched.pipe\n"
                     "LOCKFN /run/nut/upssched.lock\nAT ONBATT * START-TIMER page 30\n",
    "hosts.conf": "MONITOR rack@localhost \"Rack\"\n",
    "upsset.conf": "# edited\n",
    "upsstats.html": "<p>edited</p>\n",
    "upsstats-single.html": "<p>edited</p>\n",
    "rack.dev": "device.mfr: edited\nups.status: OL\nbattery.charge: 87\n",
}
CMD_SCRIPT = "#!/bin/sh\necho edited\n"


def ours(debs, *names):
    return [f"/debs/ours/{debs[name].name}" for name in names]


def apt(system, *argv, **options):
    return system.run("apt-get", "-q", "-y", "--no-install-recommends", "--allow-downgrades", *argv,
                      **options)


def versions(system):
    text = system.sh("dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n'")
    return dict(line.split()[1:] for line in text.splitlines() if line.startswith("ii "))


def config(system):
    """Each file of /etc/nut: owner, group, mode, contents."""
    return {name: system.sh(f"stat -c %U:%G:%a /etc/nut/{name}; cat /etc/nut/{name}")
            for name in system.sh("ls -A /etc/nut").split()}


def edit_config(system):
    for name, text in CONFIG.items():
        (system.root_file("etc/nut") / name).write_text(text)
    script = system.root_file("bin") / "upssched-cmd"
    script.write_text(CMD_SCRIPT)


def serve(system):
    """Starts the driver and upsd, asks, and stops them."""
    return system.sh("""
        install -d -o root -g nut -m 770 /run/nut
        upsdrvctl start >/tmp/said 2>&1 || { cat /tmp/said; exit 1; }
        upsd >>/tmp/said 2>&1 || { cat /tmp/said; exit 1; }
        for i in $(seq 100); do
            value=$(upsc rack@127.0.0.1 battery.charge 2>/dev/null) && break; sleep 0.2
        done
        echo "charge $value"; upsc rack@127.0.0.1 driver.version
        upsd -c stop >/dev/null 2>&1; upsdrvctl stop >/dev/null 2>&1""")


def dangling(system):
    """Links that enable a unit or a script which is not there."""
    return system.sh("find /etc/systemd /etc/rc*.d -xtype l").split()


@pytest.fixture
def debians_nut(debian):
    """A system with Debian's nut, all of its files in /etc/nut edited."""
    apt(debian, "install", *debian.sh("ls /debs/debian/*.deb").split())
    edit_config(debian)
    return debian


def test_packages_have_the_names_of_debians_and_follow_its_version(debs, debian):
    assert set(PACKAGES) <= set(debs)
    for path in debs.values():
        version = subprocess.run(["dpkg-deb", "-f", path, "Version"], capture_output=True, text=True,
                                 check=True).stdout.strip()
        assert debian.run("dpkg", "--compare-versions", version, "gt", "2.8.0-7")[0] == 0


def test_a_fresh_installation_asks_nothing_and_starts_nothing(debs, debian):
    apt(debian, "install", *ours(debs, *debs))
    files = config(debian)
    for name in ("nut.conf", "ups.conf", "upsd.conf", "upsd.users", "upsmon.conf", "upssched.conf"):
        assert files[name].startswith("root:nut:640\n"), name
    for name in ("hosts.conf", "upsset.conf", "upsstats.html", "upsstats-single.html"):
        assert files[name].startswith("root:nut:644\n"), name
    assert "\nMODE=none\n" in files["nut.conf"]
    assert debian.sh("stat -c %U:%G:%a /run/nut /var/lib/nut").split() == ["root:nut:770"] * 2
    assert debian.sh("ls /run/nut") == ""
    assert re.fullmatch(r"nut:x:\d+:\d+::/var/lib/nut:/usr/sbin/nologin\n", debian.sh("getent passwd nut"))


def test_debians_nut_is_upgraded_and_its_configuration_is_as_it_was(debs, debians_nut):
    system = debians_nut
    before, installed = config(system), versions(system)
    assert "charge 87" in serve(system)
    _, said = apt(system, "install", *ours(debs, *PACKAGES))
    assert "Configuration file" not in said and "conffile" not in said
    assert config(system) == before
    now = versions(system)
    assert all("chestnut" in now[name] for name in PACKAGES)
    assert set(now) == set(installed)
    answer = serve(system)
    assert "charge 87" in answer and "chestnut" in answer
    assert system.sh("cat /bin/upssched-cmd; test -x /bin/upssched-cmd") == CMD_SCRIPT
    assert dangling(system) == []
    for program in ("upsmon", "upsd", "upssched"):
        system.run(program, "-t")


def test_services_that_run_go_on_as_ours(debs, debians_nut):
    """By the scripts of SysV init, as there is no systemd in a chroot."""
    system = debians_nut
    system.sh("sed -i s/101/0/ /usr/sbin/policy-rc.d; /etc/init.d/nut-server start; /etc/init.d/nut-client start")
    ask = "for i in $(seq 100); do upsc rack@localhost driver.version && break; sleep 0.3; done 2>/dev/null"
    assert system.sh(ask) == "2.8.0\n"
    apt(system, "install", *ours(debs, *PACKAGES))
    assert "chestnut" in system.sh(ask)
    # Of each one generation, and all of them ours: Debian's drop root and keep no other process.
    running = system.sh("for p in /proc/[0-9]*; do readlink $p/exe; done 2>/dev/null || true").split()
    assert not [path for path in running if "deleted" in path]
    assert {"/usr/sbin/upsd", "/usr/sbin/upsmon", "/usr/lib/nut/dummy-ups"} <= set(running)
    assert "rack" in system.sh("upsmon -c status")
    apt(system, "remove", *PACKAGES)
    running = system.sh("for p in /proc/[0-9]*; do readlink $p/exe; done 2>/dev/null || true")
    assert "ups" not in running


def test_the_clients_alone_are_installed_without_the_server(debs, debian):
    apt(debian, "install", *ours(debs, "nut-client", "libupsclient6"))
    assert "nut-server" not in versions(debian) and dangling(debian) == []
    assert "connect" in debian.run("upsc", "ups@localhost", check=False)[1].lower()


def test_a_deleted_file_stays_deleted_at_an_upgrade(debs, debians_nut):
    debians_nut.sh("rm /etc/nut/upssched.conf /etc/nut/hosts.conf")
    apt(debians_nut, "install", *ours(debs, *PACKAGES))
    assert not {"upssched.conf", "hosts.conf"} & set(config(debians_nut))


def test_the_way_back_to_debians_nut_asks_nothing_either(debs, debians_nut):
    system = debians_nut
    before, installed = config(system), versions(system)
    apt(system, "install", *ours(debs, *PACKAGES))
    _, said = apt(system, "install", *system.sh("ls /debs/debian/*.deb").split())
    assert "Configuration file" not in said
    assert config(system) == before and versions(system) == installed
    assert dangling(system) == []
    assert system.sh("ls /etc/apparmor.d 2>/dev/null || true").count("nut-") == 0
    answer = serve(system)
    assert "charge 87" in answer and "chestnut" not in answer
    changed = {line.split()[-1] for line in system.run("dpkg", "--verify", check=False)[1].splitlines()
               if "nut" in line}
    assert changed == {f"/etc/nut/{name}" for name in CONFIG if name != "rack.dev"}


def test_what_is_purged_leaves_nothing_but_the_account(debs, debian):
    def listing():
        return set(debian.sh("find / -xdev -path /debs -prune -o -path /proc -prune -o -path /tmp"
                             " -prune -o -path /var/log -prune -o -path /var/lib/dpkg -prune -o"
                             " -path /var/cache -prune -o -path /var/lib/apt -prune -o"
                             " -path /dev -prune -o -print").splitlines())
    before = listing()
    apt(debian, "install", *ours(debs, *debs))
    apt(debian, "purge", *debs)
    left = {path for path in listing() - before if not re.match(r"/etc/(passwd|group|g?shadow)-?$", path)}
    assert left == set()
    assert before - listing() == set()


def test_a_package_that_was_upgraded_from_debians_is_purged_as_completely(debs, debians_nut):
    apt(debians_nut, "install", *ours(debs, *PACKAGES))
    apt(debians_nut, "purge", *PACKAGES, "libnutscan2")
    assert debians_nut.sh("ls -A /etc/nut 2>/dev/null || true").split() == ["rack.dev"]
    assert debians_nut.sh("find / -xdev -name '*ups*cmd*' -not -path '/proc/*' -not -path '/debs/*'"
                          " -not -path '/usr/src/*'") == ""


def test_no_file_moves_to_another_package_than_debians_has_it_in(debs, debian):
    """Else an exchange of single packages ends in "trying to overwrite"."""
    def owners(paths):
        found = {}
        for path in paths:
            text = debian.sh(f"dpkg-deb -c {path}")
            name = path.rsplit("/", 1)[1].split("_")[0]
            found.update({line.split()[5]: name for line in text.splitlines() if line[0] != "d"})
        return found
    theirs = owners(debian.sh("ls /debs/debian/*.deb").split())
    mine = owners(ours(debs, *debs))
    assert {path: (theirs[path], mine[path]) for path in set(theirs) & set(mine)
            if theirs[path] != mine[path]} == {}
