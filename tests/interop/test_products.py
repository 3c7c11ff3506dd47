"""What products write into the configuration, and how they start the suite.

The files are written after the products' templates (docs/clients.md), with the same directives in
the same shapes; only addresses, ports and drivers are a test's.  Our programs have to take them and
do with them what Debian's do.
"""

import os
import pathlib
import signal
import subprocess

import pytest

from harness import DEADLINE, LineClient, wait_until

USBHID = "[UPSName]\ndriver=usbhid-ups\nport=auto\n"


class Product:
    """The files of a product; @PORT@, @USER@ and @STATE@ are replaced."""

    def __init__(self, ups_conf, upsd_conf, users, upsmon, desc="Description unavailable"):
        self.files = {"ups.conf": ups_conf, "upsd.conf": upsd_conf, "upsd.users": users,
                      "upsmon.conf": upsmon}
        self.desc = desc
        self.ups = ups_conf.rpartition("[")[2].partition("]")[0]

    def write(self, site):
        for name, text in self.files.items():
            for mark, value in (("@PORT@", site.port), ("@USER@", site.user),
                                ("@STATE@", site.state)):
                text = text.replace(mark, str(value))
            site.write(name, text)


PRODUCTS = {
    "TrueNAS": Product(
        '[ups]\n\tdriver = dummy-ups\n\tport = auto\n\tdesc = ""\n\t\n',
        "LISTEN 0.0.0.0 @PORT@\nLISTEN ::0 @PORT@\n\n",
        "[upsmon]\n\tpassword = fixmepass\n\tupsmon master\n\n\n",
        "MONITOR ups@localhost:@PORT@ 1 upsmon fixmepass master\nNOTIFYCMD /usr/sbin/upssched\n"
        "NOTIFYFLAG ONBATT SYSLOG+EXEC\nNOTIFYFLAG FSD SYSLOG+EXEC\nSHUTDOWNCMD \"\"\n"
        "POWERDOWNFLAG /etc/killpower\nHOSTSYNC 15\nNOCOMMWARNTIME 300\n", desc=""),
    "OPNsense, with two drivers": Product(
        "# generated\n#\n" + USBHID + USBHID.replace("usbhid-ups", "dummy-ups"),
        "# generated\n#\nLISTEN 127.0.0.1 @PORT@\nLISTEN ::1 @PORT@\n",
        "[admin]\npassword=adminpw\nactions=set\ninstcmds=all\n"
        "[monuser]\npassword=monpw\nupsmon master\n",
        'MONITOR UPSName@localhost:@PORT@ 1 monuser monpw master\nSHUTDOWNCMD "/etc/rc.halt"\n'
        "POWERDOWNFLAG /etc/killpower\n" * 2),
    "pfSense": Product(
        "\n\n[ups]\ndriver=dummy-ups\nport=auto\n\n",
        "LISTEN 127.0.0.1 @PORT@\nLISTEN ::1 @PORT@\n\n\n",
        "[admin]\npassword=0123456789abcdef\nactions=set\ninstcmds=all\n"
        "[monuser]\npassword=0123456789abcdef0123\nupsmon master\n\n\n",
        "MONITOR ups@localhost:@PORT@ 1 monuser 0123456789abcdef0123 master\n"
        'SHUTDOWNCMD "/sbin/shutdown -p +0"\nPOWERDOWNFLAG /etc/killpower\n'
        "NOTIFYFLAG ONLINE   SYSLOG+WALL+EXEC\nNOTIFYFLAG FSD\t  SYSLOG+WALL+EXEC\n"),
    "openmediavault": Product(
        '\n[ups]\ndriver = dummy-ups\nport = auto\ndesc = Rack of the "office"\n',
        "MAXAGE 15\nMAXCONN 1024\nLISTEN 0.0.0.0 @PORT@\nLISTEN 0:0:0:0:0:0:0:0 @PORT@\n",
        "[admin]\npassword = abc\nactions = set\nactions = fsd\ninstcmds = ALL\n\n"
        "[monmaster]\npassword = def\nupsmon master\n[monuser]\npassword = secret\n"
        "upsmon slave\n",
        "MONITOR ups@localhost:@PORT@ 1 monmaster def master\nMINSUPPLIES 1\n"
        'SHUTDOWNCMD "/sbin/shutdown -h +0"\nNOTIFYCMD "/sbin/upssched"\nPOLLFREQ 5\n'
        "POLLFREQALERT 5\nHOSTSYNC 15\nDEADTIME 15\nPOWERDOWNFLAG /etc/killpower\n"
        "NOTIFYFLAG NOPARENT SYSLOG+WALL+EXEC\nRBWARNTIME 43200\nFINALDELAY 5\n", desc="Rack"),
    "NixOS": Product(
        "maxstartdelay = 45\n\n[ups]\n      driver = dummy-ups\n      port = auto\n"
        '      desc = ""\n      sdorder = 0\n      maxstartdelay = 30\n',
        "LISTEN 127.0.0.1 @PORT@\n", "[upsmon]\n  password = pw\n  upsmon primary\n",
        "MINSUPPLIES 1\nMONITOR ups@localhost:@PORT@ 1 upsmon pw primary\n"
        "RUN_AS_USER @USER@\nSHUTDOWNCMD \"/run/current-system/sw/bin/shutdown now\"\n", desc=""),
    "OpenWrt": Product(
        "# Config file automatically generated\nmaxretry = 3\nretrydelay = 5\npollinterval = 2\n\n"
        "[myups]\ndesc = Office UPS\ndriver = dummy-ups\nport = auto\nsdorder = 1\n"
        "default.battery.charge.low = 20\noverride.battery.runtime.low = 120\n\n",
        "LISTEN 127.0.0.1 @PORT@\nMAXAGE 15\nSTATEPATH @STATE@\nMAXCONN 1024\n",
        "[upsuser]\n  password = upspass\n  actions = set\n  actions = fsd\n  instcmds = all\n"
        "  upsmon master\n",
        "RUN_AS_USER @USER@\nMINSUPPLIES 1\nSHUTDOWNCMD \"/usr/sbin/nutshutdown\"\nPOLLFREQ 5\n"
        'NOTIFYMSG ONLINE "UPS %s on line power"\nNOTIFYFLAG ONBATT IGNORE\n'
        "MONITOR myups@localhost:@PORT@ 1 upsuser upspass master\n", desc="Office"),
    "unRAID": Product(
        "[ups]\ndriver = dummy-ups\nport = auto\n\n\n\ndebug_min = 1\n\n",
        "LISTEN 0.0.0.0 @PORT@\n",
        "[admin]\npassword = adminpass\nactions = set\nactions = fsd\ninstcmds = all\n"
        "[monuser]\npassword = monpass\nupsmon master\n"
        "[slaveuser]\npassword = slavepass\nupsmon slave\n",
        "MONITOR ups@127.0.0.1:@PORT@ 1 monuser monpass master\nSHUTDOWNCMD \"/sbin/poweroff\"\n"
        'POWERDOWNFLAG "/etc/nut/no_killpower"\nNOTIFYCMD "/usr/sbin/nut-notify"\n'
        "NOTIFYFLAG ONBATT SYSLOG+EXEC\n\n\n"),
    "Home Assistant's add-on": Product(
        "\n[myups]\n  driver = dummy-ups\n  port = auto\n  debug_min = 1\n",
        "LISTEN 0.0.0.0 @PORT@\n\nMAXCONN 1024\nMAXAGE 25\n",
        "\n[upsmonmaster]\n  password = aB3\n  upsmon master\n\n[nutty]\n  password = pw\n"
        "  instcmds = all\n  actions = SET\n",
        "MINSUPPLIES 1\nSHUTDOWNCMD \"/sbin/shutdown -h +0\"\nNOTIFYCMD /usr/bin/notify\n"
        "NOTIFYFLAG ONLINE\tSYSLOG+WALL+EXEC\nDEADTIME 15\nDEADTIME 15\n"
        "MONITOR myups@localhost:@PORT@ 1 upsmonmaster aB3 master\n"
        "SHUTDOWNCMD  /run/s6/basedir/bin/halt\n"),
    "nut-upsd of instantlinux": Product(
        '[ups]\n        driver = dummy-ups\n        port = auto\n        desc = "UPS"\n'
        '        serial = "A1"\n        pollinterval = 1\n        sdorder = 2\n',
        "LISTEN 0.0.0.0 @PORT@\n", "[upsmon]\n        password = pw\n        upsmon master\n",
        "MONITOR ups@localhost:@PORT@ 1 upsmon pw master\nRUN_AS_USER @USER@\n", desc="UPS"),
    "Synology's shape": Product(
        "maxretry = 3\npollinterval = 5\n[ups]\n\tdriver = dummy-ups\n\tport = auto\n",
        "MAXAGE 15\nLISTEN 0.0.0.0 @PORT@\nLISTEN :: @PORT@\n",
        "\t[monuser]\n\t\tpassword  = secret\n\t\tupsmon master\n\t[upsslave]\n"
        "\t\tpassword = secret\n\t\tupsmon slave\n",
        "RUN_AS_USER @USER@\nMONITOR ups@localhost:@PORT@ 1 monuser secret master\n"
        "SHUTDOWNCMD \"/usr/syno/sbin/synoups --shutdown\"\nNOTIFYFLAG ONLINE\tEXEC+SYSLOG\n"),
    "a guide of long ago": Product(
        "[ups]\ndriver=dummy-ups\nport=auto\n",
        "ACL all 0.0.0.0/0\nACL localhost 127.0.0.1/32\nACCEPT localhost\nREJECT all\n"
        "LISTEN 127.0.0.1 @PORT@\nLISTEN 0.0.0.0 @PORT@\n",
        "[admin]\npassword = x ;\nallowfrom = localhost\nactions = SET FSD\ninstcmds = ALL\n"
        "upsmon master\n",
        "MONITOR ups@localhost:@PORT@ 1 admin x master\nSHUTDOWNCMD /bin/true\n"),
    # NUT drops the mark of UTF-8, and CR is white space.
    "an editor of Windows": Product(
        "\ufeff[ups]\r\n\tdriver = dummy-ups\r\n\tport = auto\r\n\tdesc = \"Office\"\r\n",
        "\ufeffLISTEN 127.0.0.1 @PORT@\r\n",
        "\ufeff[mon]\r\n\tpassword = pw\r\n\tupsmon master\r\n",
        "\ufeffMONITOR ups@localhost:@PORT@ 1 mon pw master\r\nSHUTDOWNCMD \"/bin/true\"\r\n",
        desc="Office"),
}


@pytest.fixture(params=["ours", "debian"])
def suite(request, build):
    return build if request.param == "ours" else request.getfixturevalue("debian")


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_files_of_a_product_do_what_they_should(sites, suite, name):
    product = PRODUCTS[name]
    site = sites(suite=suite)
    site.fake_driver(product.ups, {"ups.status": "OL"})
    product.write(site)
    upsd = site.restart_upsd()
    upsd.wait_for(product.ups, "ups.status", "OL")
    # Debian's wants to keep its pid in /run/nut, and goes on without.
    upsmon = site.start("upsmon", "-F")
    with upsd.client() as client:
        assert client.list("UPS") == [f'UPS {product.ups} "{product.desc}"']
        wait_until(lambda: client.ask(f"GET NUMLOGINS {product.ups}").endswith(" 1"),
                   what=upsmon.log)


class Shell:
    """Command lines as start scripts have them, in a site."""

    def __init__(self, site):
        self.site = site
        self.env = site.environment()
        folders = {str(pathlib.Path(site.suite.program(name)).parent)
                   for name in ("upsd", "upsmon", "upsdrvctl", "dummy-ups")}
        self.env["PATH"] = ":".join([*folders, self.env["PATH"]])
        self.kept = []

    def run(self, line):
        result = subprocess.run(["sh", "-c", line], env=self.env, cwd=self.site.root,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                stdin=subprocess.DEVNULL, timeout=DEADLINE, check=False)
        assert result.returncode == 0, f"{line}: {result.returncode}\n{result.stdout}"

    def keep(self, line):
        """Starts a program that a container or a supervisor keeps."""
        log = open(self.site.logs / f"kept-{len(self.kept)}.log", "wb")
        self.kept.append(subprocess.Popen(["sh", "-c", f"exec {line}"], env=self.env, stdout=log,
                                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                          cwd=self.site.root))
        return self.kept[-1]

    def all_works(self):
        def works():
            with LineClient(("127.0.0.1", self.site.port)) as client:
                return client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1"
        wait_until(works, what="driver, upsd and upsmon work")

    def end_kept(self):
        for process in reversed(self.kept):
            assert process.poll() is None
            process.terminate()
            assert process.wait(DEADLINE) == 0
        self.kept = []


@pytest.fixture
def shell(site):
    if os.geteuid():
        pytest.skip("these scripts run as root")
    site.write("ups.conf", "[ups]\ndriver=dummy-ups\nport=ups.dev\n")
    site.write("ups.dev", "ups.status: OL\n")
    site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\n")
    site.write("upsd.users", "[mon]\npassword=pw\nupsmon master\n")
    site.write("upsmon.conf", f"MONITOR ups@localhost:{site.port} 1 mon pw master\n"
               f"SHUTDOWNCMD \"echo done >{site.shutdown_mark}\"\nFINALDELAY 0\nHOSTSYNC 1\n"
               f"POWERDOWNFLAG {site.root}/killpower\nRUN_AS_USER {site.user}\n")
    made = Shell(site)
    yield made
    for process in made.kept:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_container_that_writes_pid_files_itself(shell):
    """instantlinux/nut-upsd: a pid of 0 keeps NUT from complaining of a missing file."""
    for name in ("upsd", "upsmon"):
        (shell.site.pids / f"{name}.pid").write_text("0\n")
    shell.run("upsdrvctl -u root start")
    shell.run("upsd -u root")
    upsmon = shell.keep("upsmon -D")
    shell.all_works()
    for line in ("upsmon -c reload", "upsd -c reload", "upsmon -c stop", "upsd -c stop",
                 "upsdrvctl stop"):
        shell.run(line)
    assert upsmon.wait(DEADLINE) == 0


@pytest.mark.parametrize("debug, calm", [("-D", "-D"), ("", "-F")], ids=["talkative", "calm"])
def test_the_services_of_home_assistants_add_on(shell, debug, calm):
    shell.keep(f"upsdrvctl -F -u root {debug} start")
    shell.keep(f"upsd {calm} -u root")
    wait_until(lambda: LineClient(("127.0.0.1", shell.site.port)))
    shell.keep(f"upsmon -p {calm}")
    shell.all_works()
    shell.end_kept()


def test_the_supervised_services_of_openwrt(shell):
    driver = shell.keep("dummy-ups -FF -a ups -u root")
    upsd = shell.keep("upsd -FF -u root")
    wait_until((shell.site.pids / "upsd.pid").exists)
    wait_until((shell.site.pids / "dummy-ups-ups.pid").exists)
    shell.run("upsmon")
    shell.all_works()
    shell.run("dummy-ups -c reload-or-exit -a ups")
    shell.run("upsd -c reload")
    shell.all_works()
    assert driver.poll() is None and upsd.poll() is None
    for line in ("dummy-ups -c exit -a ups", "upsd -c stop", "upsmon -c stop"):
        shell.run(line)
    assert driver.wait(DEADLINE) == 0 and upsd.wait(DEADLINE) == 0


def test_the_start_script_of_unraid(shell):
    shell.run("upsdrvctl -u root start")
    shell.run("upsd -u root")
    shell.run("upsmon -p")
    shell.all_works()
    # Its reload starts the drivers again.
    for line in ("upsdrvctl -u root start", "upsd -c reload", "upsmon -c reload"):
        shell.run(line)
    shell.all_works()
    for line in ("upsmon -c stop", "upsd -c stop", "upsdrvctl stop"):
        shell.run(line)


def _own(site):
    """(pid, name) of every process of a site."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"NUT_CONFPATH={site.conf}".encode() in (folder / "environ").read_bytes():
                found.append((int(folder.name), (folder / "comm").read_text().strip()))
        except OSError:
            pass
    return found


def test_the_start_script_of_pfsense(shell):
    """It kills what there is, starts upsmon first, and upsd a second after the drivers."""
    for _ in range(2):
        for pid, name in _own(shell.site):
            if name in ("upsmon", "upsd", "upsdrvctl", "dummy-ups"):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not _own(shell.site), what="helpers end with those they help")
        shell.run("upsmon")
        shell.run("upsdrvctl -u root start & sleep 1; upsd -u root; wait")
        shell.all_works()
    shell.run("upsmon -c fsd")
    wait_until(shell.site.shutdown_mark.exists)
    shell.run("upsmon -K")
    shell.run("upsd -c stop; upsdrvctl stop")
