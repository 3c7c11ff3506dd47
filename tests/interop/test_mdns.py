"""nut-announce and the scan for it, with a real avahi-daemon on a bus and in a network of their own."""

import os
import shutil
import subprocess

import pytest
from harness import wait_until

DAEMON, BUS = shutil.which("avahi-daemon", path="/usr/sbin:/usr/bin"), shutil.which("dbus-daemon")

pytestmark = [pytest.mark.once,
              pytest.mark.skipif(os.geteuid() != 0, reason="only root has networks to play with"),
              pytest.mark.skipif(not DAEMON or not BUS, reason="no avahi-daemon, or no dbus-daemon")]

BUS_CONF = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={bus}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""
AVAHI_CONF = """[server]
host-name=testhost
use-ipv4=yes
use-ipv6=no
enable-dbus=yes
[publish]
publish-workstation=no
"""


class Network:
    """A shell in namespaces of its own: its network, /run and processes are nobody else's."""

    def __init__(self, site):
        self.site, self.out = site, site.root / "network.out"
        self.bus = site.root / "bus"
        site.write("bus.conf", BUS_CONF.format(bus=self.bus), 0o644)
        site.write("avahi.conf", AVAHI_CONF, 0o644)
        self._count = 0
        self.shell = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-s"],
            stdin=subprocess.PIPE, stdout=open(self.out, "wb"), stderr=subprocess.STDOUT, text=True,
            env=site.environment(DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={self.bus}"))
        self.say("mount -t tmpfs none /run; mount -t proc none /proc; ip link set lo up\n"
                 "ip link add nut0 type veth peer name nut1\n"
                 "ip address add 192.0.2.1/24 dev nut0; ip link set nut0 up; ip link set nut1 up\n"
                 f"{BUS} --config-file={site.conf}/bus.conf --nofork --nopidfile &")
        wait_until(self.bus.exists, what=self.log)

    def say(self, lines):
        self.shell.stdin.write(lines + "\n")
        self.shell.stdin.flush()

    def start_avahi(self):
        self.say(f"{DAEMON} -f {self.site.conf}/avahi.conf --no-drop-root --no-chroot --no-rlimits "
                 "--no-proc-title & AVAHI=$!")

    def end_avahi(self):
        self.say("kill $AVAHI; wait $AVAHI")

    def announce(self, *args):
        program = self.site.suite.program("nut-announce")
        self.say(f"{program} {' '.join(args)} & LAST=$!")

    def scan(self, program="probe-mdns", args=""):
        """(status, lines)"""
        self._count += 1
        out = self.site.root / f"scan.{self._count}"
        self.say(f"{self.site.suite.program(program)} {args} >{out}.new 2>&1; echo \"=$?\" >>{out}.new; "
                 f"mv {out}.new {out}")
        wait_until(out.exists, what=self.log)
        text, _, status = out.read_text().rpartition("=")
        return int(status), text.splitlines()

    def wait_scan(self, line):
        wait_until(lambda: line in self.scan()[1], what=lambda: f"{self.scan()} {self.log()}")

    def log(self):
        return self.out.read_text(errors="replace")

    def close(self):
        self.shell.stdin.close()
        self.shell.terminate()
        self.shell.wait(60)


@pytest.fixture
def network(site):
    try:
        site.suite.program("nut-announce")
    except LookupError:
        pytest.skip("a build without avahi")
    if subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], check=False,
                      capture_output=True).returncode:
        pytest.skip("no namespaces here")
    made = Network(site)
    yield made
    made.close()
    print(made.log())


def test_what_is_announced_is_found(network):
    network.start_avahi()
    network.announce("-p", "3493", "-n", '"UPSes of the cellar"')
    network.wait_scan("UPSes of the cellar|testhost.local|192.0.2.1|3493")
    network.announce("-p", "4000", "-n", '"UPSes of the cellar"')
    network.wait_scan("UPSes of the cellar #2|testhost.local|192.0.2.1|4000")
    network.say("kill $LAST; wait $LAST")
    wait_until(lambda: not any("#2" in line for line in network.scan()[1]), what=network.log)


def test_upses_of_servers_that_announce_themselves_are_ready_for_ups_conf(network):
    site = network.site
    site.add_dummy("office", {"ups.status": "OL"})
    site.write("upsd.conf", "LISTEN 192.0.2.1 3493\n")
    site.write("upsd.users", "")
    network.say(f"{site.suite.program('upsd')} -F -u root &")
    network.start_avahi()
    network.announce("-n", "cellar")
    want = ["[nutdev-avahi1]", "\t# announced as cellar (testhost.local)", '\tdriver = "dummy-ups"',
            '\tport = "office@192.0.2.1"', '\tmode = "repeater"']
    found = []

    def scanned():
        found[:] = network.scan("nut-scanner", "-q -A -N -t 2")
        return found[0] == 0 and found[1][:5] == want
    wait_until(scanned, what=lambda: f"{found} {network.log()}")
    # What was just announced is not there on all interfaces at once.
    wait_until(lambda: network.scan("nut-scanner", "-q -A -P")[1] == [
        'AVAHI:driver="dummy-ups",port="office@192.0.2.1",mode="repeater"'], what=network.log)


def test_the_daemon_is_waited_for_and_may_be_exchanged(network):
    network.announce("-n", "early")
    wait_until(lambda: "waited for" in network.log(), what=network.log)
    network.start_avahi()
    network.wait_scan("early|testhost.local|192.0.2.1|3493")
    network.end_avahi()
    network.start_avahi()
    network.wait_scan("early|testhost.local|192.0.2.1|3493")


def test_without_a_daemon_the_scan_says_so(network):
    status, lines = network.scan()
    assert status == 1 and "avahi's daemon cannot be asked" in lines[0]


def test_with_nobody_there_the_scan_ends_empty(network):
    network.start_avahi()
    wait_until(lambda: network.scan() == (0, []), what=network.log)


def test_wrong_options_are_told(site, network):
    assert site.run("nut-announce", "-p", "0").returncode == 1
    assert site.run("nut-announce", "x").returncode == 1
    assert "_nut" not in site.run("nut-announce", "-h", check=True).stderr
