"""nut-scanner: what it finds, how it prints it, and how it says what it cannot do."""

import os
import pty
import re
import shutil
import socket
import subprocess

import pytest

from harness import DEADLINE, FakeUpsd, LineClient, free_port, wait_until
from harness.build import CHECKOUT
from harness.snmp import v3_lines
from harness.systembus import SystemBus

MAPS = CHECKOUT / "data"
SERIAL_DEVICES = sorted(p.stem for p in (CHECKOUT / "tests/sim/serial/devices").glob("*.txt"))
APC_DEVICES = sorted(p.stem for p in (CHECKOUT / "tests/sim/serial/apc").glob("*.txt"))
APC_AGENT = {"1.3.6.1.2.1.1.2.0": (1, 3, 6, 1, 4, 1, 318, 1, 3, 27),
             "1.3.6.1.2.1.1.5.0": "rack-4", "1.3.6.1.2.1.1.1.0": "APC Web/SNMP card",
             "1.3.6.1.4.1.318.1.1.1.1.1.1.0": "Smart-UPS 1500"}


class Sections(dict):
    """Sections of ups.conf that count, {name: {key: value}}; the text, and comments, beside."""

    def __init__(self, text):
        super().__init__()
        self.text, self.comments, here = text, [], None
        for line in text.splitlines():
            word = line.strip()
            if word.startswith("#"):
                self.comments.append(word.lstrip("# "))
            elif word.startswith("["):
                here = self[word[1:-1]] = {}
            else:
                key, _, value = word.partition(" = ")
                here[key] = re.sub(r"\\(.)", r"\1", re.match(r'"((?:[^"\\]|\\.)*)"', value)[1])

    def told(self, text):
        return any(text in line for line in self.comments)


@pytest.fixture
def scan(site):
    """scan(*options): Sections; scan.lines(*options): lines of -P."""
    class Scan:
        env = {}

        def run(self, *args, status=0):
            done = site.run("nut-scanner", *args, env={"NUT_DATAPATH": str(MAPS), **self.env})
            assert done.returncode == status, done.stdout + done.stderr
            self.errors = done.stderr
            assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr
            return done.stdout

        def __call__(self, *args, status=0):
            return Sections(self.run(*args, status=status))

        def lines(self, *args):
            return self.run("-P", *args).splitlines()
    return Scan()


@pytest.fixture
def usb(scan, site, usbsim):
    """usb(*files): a simulator that `scan` sees."""
    def make(*files):
        sim = usbsim(*files)
        scan.env = sim.env(site)
        return sim
    return make


# ----------------------------------------------------------------------------------- USB

def device_with(site, ids):
    text = (CHECKOUT / "tests/sim/usb/devices/plain.txt").read_text()
    path = site.root / "device.txt"
    path.write_text(text.replace("usb-id: 0463:ffff", f"usb-id: {ids}"))
    return path


def test_a_ups_on_the_usb_is_printed_as_a_section_of_ups_conf(scan, usb):
    usb("plain")
    found = scan("-U")
    assert found == {"nutdev-usb1": {
        "driver": "usbhid-ups", "port": "auto", "vendorid": "0463", "productid": "FFFF",
        "product": "Plain UPS", "serial": "PLAIN-0001", "vendor": "Chestnut"}}
    assert found.comments == ['bus = "001"', 'device = "002"', 'busport = "001"']
    assert scan.errors == "Scanning USB bus.\n"


def test_programs_get_a_line_for_each_device(scan, usb):
    usb("plain")
    assert scan.lines("-q", "-U") == [
        'USB:driver="usbhid-ups",port="auto",vendorid="0463",productid="FFFF",'
        'product="Plain UPS",serial="PLAIN-0001",vendor="Chestnut"']
    assert scan.errors == ""


@pytest.mark.parametrize("option, more", [
    ("-UU", {"bus": "001", "busport": "001"}),
    ("-UUU", {"bus": "001", "busport": "001", "device": "002"}),
    ("-UUUU", {"bus": "001", "busport": "001", "device": "002"})])
def test_the_more_it_is_asked_for_the_more_of_the_place_counts(scan, usb, option, more):
    usb("plain")
    found = scan(option)
    section = found["nutdev-usb1"]
    assert {key: section.get(key) for key in ("bus", "busport", "device") if key in section} == more
    assert ('###NOTMATCHED-YET### bcdDevice = "0101"' in found.text) == (option == "-UUUU")


def test_two_of_a_kind_are_told_apart_by_their_places(scan, usb):
    usb("plain", "plain")
    found = scan("-U")
    assert {s["busport"] for s in found.values()} == {"1-1", "1-2"}
    assert found.told("its place tells it apart")
    assert all("busport=" in line for line in scan.lines("-U"))


def test_a_section_that_was_printed_is_good_for_the_driver(scan, site, usb):
    sim = usb("plain", "plain")
    section = scan("-U")["nutdev-usb2"]
    site.add_ups("ups", section.pop("driver"), section.pop("port"),
                 *(f'{key} = "{value}"' for key, value in section.items()))
    sim.start_driver(site, "ups")


def test_a_power_device_that_no_map_knows_is_told_of(scan, usb):
    usb("odd-lengths")
    found = scan("-U")
    assert found == {}
    assert found.told("usbhid-ups --explore -x vendorid=1209 -x productid=0002")
    assert scan.lines("-U") == []


def test_a_map_of_the_administrator_counts(scan, site, usb):
    folder = site.conf / "maps" / "usbhid-ups"
    folder.mkdir(parents=True)
    (folder / "own.map").write_text('MAP own "Own"\nMATCH usb 1209:0002\n')
    usb("odd-lengths")
    assert scan("-U")["nutdev-usb1"]["driver"] == "usbhid-ups"


@pytest.mark.parametrize("ids, own_map, driver, alternate", [
    ("0665:5161", None, "nutdrv_qx", None),
    ("0665:5161", "usbhid-ups", "usbhid-ups", "nutdrv_qx"),
    ("0463:ffff", "nutdrv_qx", "usbhid-ups", "nutdrv_qx")])
def test_a_device_of_two_drivers_names_the_other_one(scan, site, usb, ids, own_map, driver, alternate):
    if own_map:
        folder = site.conf / "maps" / own_map
        folder.mkdir(parents=True)
        (folder / "own.map").write_text(f'MAP own "Own"\nMATCH usb {ids}\n')
    usb(device_with(site, ids))
    found = scan("-U")
    assert found["nutdev-usb1"]["driver"] == driver
    assert (f'"{driver}"\t# alternately: {alternate}\n' in found.text) == bool(alternate)


def test_a_ups_that_only_a_driver_of_nut_speaks_to_is_told_of(scan, site, usb):
    usb(device_with(site, "09ae:0001"))
    found = scan("-U")
    assert found == {} and found.told("is a UPS for NUT's driver tripplite_usb")


def test_a_device_that_cannot_be_opened_is_found_and_the_mend_is_named(site, usb, scan):
    sim, prefix = usb("plain"), []
    sim.mode(0o600 if os.geteuid() == 0 else 0)
    # A checkout of root's own folder is out of nobody's reach.
    program = shutil.copy(site.suite.program("nut-scanner"), site.root)
    data = shutil.copytree(MAPS, site.root / "data")
    if os.geteuid() == 0:
        prefix = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    done = subprocess.run([*prefix, program, "-U"], capture_output=True, text=True, timeout=DEADLINE,
                          env={**site.environment(**scan.env), "NUT_DATAPATH": str(data)})
    found = Sections(done.stdout)
    assert found == {"nutdev-usb1": {"driver": "usbhid-ups", "port": "auto", "vendorid": "0463",
                                     "productid": "FFFF"}}, done.stderr
    assert found.told("no permission for /dev/bus/usb/001/002")
    assert found.told("62-nut-usbups.rules")


def test_texts_of_a_device_cannot_break_the_file(scan, site, usb):
    sim = usb("plain")
    evil = r'a"b\c # [x] (1) $`'
    sim.text(2, evil)
    printed = scan("-UN")
    assert printed["nutdev-usb1"]["product"] == r'a"b\\c # \[x\] \(1\) \$`'
    assert list(printed) == ["nutdev-usb1"]
    # The drivers take it as it was printed.
    lines = printed.text.splitlines()
    assert lines[1:3] == ['\tdriver = "usbhid-ups"', '\tport = "auto"']
    site.add_ups("ups", "usbhid-ups", "auto", *(line.strip() for line in lines[3:]))
    sim.start_driver(site, "ups")


def test_what_is_in_ups_conf_is_told_and_its_names_are_not_taken_again(scan, site, usb):
    usb("plain")
    site.add_ups("nutdev-usb1", "usbhid-ups", "auto", 'serial = "PLAIN-.*"')
    found = scan("-U")
    assert list(found) == ["nutdev-usb2"] and found.told("already in ups.conf as [nutdev-usb1]")
    site.add_ups("nutdev-usb1", "usbhid-ups", "auto", "serial = another")
    assert not scan("-U").told("already in")
    assert not scan("-UN").told("already in")


def test_a_driver_at_work_is_not_disturbed(scan, site, usb):
    sim = usb("plain")
    site.add_ups("ups", "usbhid-ups", "auto")
    sim.start_driver(site, "ups")
    sim.wait_log("claim 0")
    sim.forget()
    found = scan("-U")
    assert found["nutdev-usb1"]["serial"] == "PLAIN-0001"
    assert found.told("already in ups.conf as [ups]")
    assert not [line for line in sim.log() if line.startswith(("detach", "claim", "release"))]


@pytest.mark.once
def test_a_device_that_is_silent_keeps_nobody_for_long(scan, usb):
    sim = usb("plain")
    sim.hang("all")
    found = scan("-U")
    assert found["nutdev-usb1"]["vendorid"] == "0463" and found.told("does not answer")


# -------------------------------------------------------------------------------- recordings

def test_recordings_beside_ups_conf_are_found(scan, site):
    for name in ("b.seq", "a.dev", "notes.txt", ".dev"):
        (site.conf / name).write_text("ups.status: OL\n")
    assert scan("-n") == {"nutdev-simulation1": {"driver": "dummy-ups", "port": "a.dev"},
                          "nutdev-simulation2": {"driver": "dummy-ups", "port": "b.seq"}}
    assert scan.lines("-q", "--nut_simulation_scan") == [
        'SIMULATION:driver="dummy-ups",port="a.dev"', 'SIMULATION:driver="dummy-ups",port="b.seq"']


def test_a_folder_that_is_not_there_is_an_error(scan, site):
    scan.env = {"NUT_CONFPATH": str(site.root / "nowhere")}
    scan("-n", status=1)
    assert "nowhere cannot be read" in scan.errors


# ---------------------------------------------------------------------------- servers of NUT

def ask_nut(scan, server, *args):
    return scan("-O", "-s", server.host, "-p", server.port, *args)


def test_the_upses_of_a_server_become_repeaters_that_work(scan, site):
    site.add_dummy("office", {"ups.status": "OL", "ups.model": "far away"}, "desc = \"the \\\"first\\\" one\"")
    upsd = site.start_upsd()
    site.start_driver("office")
    upsd.wait_for("office", "ups.status", "OL")
    found = scan("-O", "-m", "127.0.0.0/29", "-p", site.port)
    assert found == {"nutdev-nut1": {"driver": "dummy-ups", "port": f"office@127.0.0.1:{site.port}",
                                     "mode": "repeater", "desc": 'the "first" one'}}
    site.add_ups("copy", "dummy-ups", found["nutdev-nut1"]["port"], "mode = repeater")
    site.start_driver("copy", wait=False)
    site.wait_driver("copy")
    with LineClient(site.socket("copy")) as c:
        def has_it():
            c.send("DUMPALL")
            return 'SETINFO ups.model "far away"' in c.until("DUMPDONE")
        wait_until(has_it, what="the repeater has the values")


@pytest.mark.parametrize("args", [("-s", "localhost"), ("-e", "localhost"),
                                  ("-s", "localhost", "-e", "127.0.0.2")], ids=" ".join)
def test_an_address_may_be_a_name(scan, site, args):
    server = site.fake_upsd({"ups": {}})
    found = scan("-O", *args, "-p", server.port)
    assert found["nutdev-nut1"]["port"] == f"ups@127.0.0.1:{server.port}"


def test_servers_of_a_range_are_found_each_with_its_upses(scan):
    port = free_port()
    servers = [FakeUpsd({f"ups{i}": {}, "x": {}}, port=port, host=f"127.0.0.{i}") for i in (3, 7, 9)]
    found = scan("-O", "-s", "127.0.0.1", "-e", "127.0.0.8", "-p", port, "-q", "-T", "2")
    for server in servers:
        server.close()
    assert {s["port"] for s in found.values()} == {
        f"ups3@127.0.0.3:{port}", f"x@127.0.0.3:{port}", f"ups7@127.0.0.7:{port}",
        f"x@127.0.0.7:{port}"}


def test_a_server_that_refuses_is_told_of(scan, site):
    server = site.fake_upsd({"ups": {}})
    server.answers["LIST UPS"] = "ERR ACCESS-DENIED\n"
    found = ask_nut(scan, server)
    assert found == {} and found.told(f"127.0.0.1 port {server.port} is a server of NUT that does "
                                      "not tell of its UPSes (ACCESS-DENIED)")


@pytest.mark.parametrize("answer", [
    "HTTP/1.1 400 Bad Request\n\n", "ERR\n", "ERR WHATEVER\n", "\n\n\n", "UPS a \"b\"\n", b"\xff\xfe\x00\n",
    "BEGIN LIST VAR ups\n", "BEGIN LIST UPS\nBEGIN LIST UPS\n", "BEGIN LIST UPS\nUPS\n",
    "BEGIN LIST UPS\nUPS \"a\n", pytest.param("x" * 100000 + "\n", id="long"), "220 mail ESMTP\n"])
def test_what_is_no_server_of_nut_is_not_found(scan, site, answer):
    server = site.fake_upsd({})
    server.answers["LIST UPS"] = answer
    assert ask_nut(scan, server, "-t", "1").text == ""


@pytest.mark.parametrize("answer", [None, "BEGIN LIST UPS\n", "BEGIN LIST UPS\nUPS a \"b\"\n"])
def test_a_server_that_does_not_end_is_left_in_time(scan, site, answer):
    server = site.fake_upsd({})
    server.answers["LIST UPS"] = answer
    assert ask_nut(scan, server, "-t", "1").text == ""


def test_names_of_a_server_cannot_break_the_file(scan, site):
    server = site.fake_upsd({})
    server.answers["LIST UPS"] = ('BEGIN LIST UPS\nUPS "a b" "x"\nUPS "a\\"]" "x"\nUPS good "d\\"\\\\\\# e"\n'
                                  + "UPS " + "n" * 300 + ' "long"\nEND LIST UPS\n')
    found = ask_nut(scan, server)
    assert [(s["port"], s["desc"]) for s in found.values()] == [
        (f"good@127.0.0.1:{server.port}", 'd"\\# e')]


def test_a_server_with_more_upses_than_anybody_has_is_cut(scan, site):
    server = site.fake_upsd({})
    server.answers["LIST UPS"] = "BEGIN LIST UPS\n" + "".join(
        f'UPS u{i} "x"\n' for i in range(5000)) + "END LIST UPS\n"
    assert len(ask_nut(scan, server)) == 256


def test_servers_are_found_by_ipv6(scan):
    try:
        server = FakeUpsd({"ups": {}}, host="::1")
    except OSError:
        pytest.skip("there is no IPv6 on this host's loopback")
    found = ask_nut(scan, server)
    server.close()
    assert found["nutdev-nut1"]["port"] == f"ups@[::1]:{server.port}"


@pytest.mark.once
@pytest.mark.parametrize("network", ["auto", "auto4", "auto/30", "10.9.0.0/29"])
def test_the_networks_of_this_host_are_known(scan, site, lan, network):
    site.machine = lan
    lan.ip("address add 10.9.0.1/29 dev switch")
    server = lan.call(lambda: FakeUpsd({"u": {}}, host="10.9.0.1"))
    found = scan("-O", "-m", network, "-p", server.port, "-t", "1")
    server.close()
    assert found["nutdev-nut1"]["port"] == f"u@10.9.0.1:{server.port}"


@pytest.mark.once
def test_a_network_that_is_too_large_is_left_out_of_auto(scan, site, lan):
    site.machine = lan
    lan.ip("address add 10.9.0.1/8 dev switch", "address add fd00:9::1/64 dev switch nodad")
    assert scan("-O", "-m", "auto", "-t", "1", status=1).text == ""
    for text in ("the network 10.9.0.1/8 of switch is too large", "auto4/24", "fd00:9::1/64", "auto6/120"):
        assert text in scan.errors


@pytest.mark.long
def test_a_network_that_is_silent_is_asked_all_at_once(scan, site, lan):
    """One address after the other would take 20 minutes."""
    site.machine = lan
    lan.ip("link add dark type veth peer name other", "link set dark up", "link set other up",
           "address add 10.9.0.1/24 dev dark",
           *(f"neigh add 10.9.0.{i} lladdr 02:00:00:00:00:01 dev dark" for i in range(2, 255)))
    assert scan("-O", "-m", "auto").text == ""
    needs_snmp(site)
    assert scan("-S", "-O", "-m", "auto").text == ""


# ---------------------------------------------------------------------------------- SNMP

def needs_snmp(site):
    try:
        site.suite.program("snmp-ups")
    except LookupError:
        pytest.skip("configure found no net-snmp (libsnmp-dev)")


def test_an_agent_is_printed_with_its_map(scan, site, oddagent):
    needs_snmp(site)
    agent = oddagent(APC_AGENT, host="127.0.0.5")
    found = scan("-S", "-m", "127.0.0.0/28", "--snmp_port", agent.port, "-t", "2")
    assert found == {"nutdev-snmp1": {"driver": "snmp-ups", "port": f"127.0.0.5:{agent.port}",
                                      "desc": "Smart-UPS 1500", "mibs": "apcc", "community": "public"}}
    assert found.told("rack-4: APC Web/SNMP card")
    site.add_ups("ups", "snmp-ups", f"127.0.0.5:{agent.port}", "mibs = apcc")
    assert scan("-S", "-s", "127.0.0.5", "--snmp_port", agent.port, "-t", "2").told(
        "already in ups.conf as [ups]")


def test_an_agent_of_something_else_is_told_of(scan, site, oddagent):
    needs_snmp(site)
    agent = oddagent({"1.3.6.1.2.1.1.1.0": "a switch", "1.3.6.1.2.1.1.5.0": "x",
                      "1.3.6.1.2.1.1.2.0": (1, 3, 6, 1, 4, 1, 9)})
    found = scan("-S", "-s", "127.0.0.1", "--snmp_port", agent.port, "-t", "2")
    assert found == {} and found.told("127.0.0.1 has an SNMP agent (a switch, .1.3.6.1.4.1.9) that is")


def test_an_agent_that_falls_silent_is_told_of_and_gets_no_map(scan, site, oddagent):
    needs_snmp(site)
    agent = oddagent(APC_AGENT)
    agent.deaf = {(1, 3, 6, 1, 4, 1, 318, 1, 1, 1, 1, 1, 1, 0)}
    found = scan("-S", "-s", "127.0.0.1", "--snmp_port", agent.port, "-t", "1")
    assert found == {} and found.told("what it is for could not be found out: timeout")


def test_an_agent_that_lies_of_its_maker_is_found_by_what_it_has(scan, site, oddagent):
    needs_snmp(site)
    agent = oddagent({**APC_AGENT, "1.3.6.1.2.1.1.2.0": (1, 3, 6, 1, 4, 1, 8072, 3, 2, 10)})
    found = scan("-S", "-s", "127.0.0.1", "--snmp_port", agent.port, "-t", "2")
    assert found["nutdev-snmp1"]["mibs"] == "apcc"


@pytest.mark.parametrize("user", ["sha256", "shaaes"])
def test_credentials_of_snmpv3_are_used_and_printed(scan, site, snmpd, user):
    needs_snmp(site)
    agent = snmpd(".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.318.1.3.27\n"
                  ".1.3.6.1.4.1.318.1.1.1.1.1.1.0 = STRING: \"Smart-UPS\"\n")
    lines = dict(line.split(" = ") for line in v3_lines(user))
    options = {"secLevel": "-l", "secName": "-u", "authProtocol": "-w", "authPassword": "-W",
               "privProtocol": "-x", "privPassword": "-X"}
    args = [word for key, option in options.items() if key in lines for word in (option, lines[key])]
    found = scan("-S", "-s", "127.0.0.1", "--snmp_port", agent.port, *args)
    assert found["nutdev-snmp1"] == {"driver": "snmp-ups", "port": f"127.0.0.1:{agent.port}",
                                     "desc": "Smart-UPS", "mibs": "apcc", **lines}


def test_passwords_are_gone_from_the_command_line(scan, site):
    needs_snmp(site)
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    process = site.start("nut-scanner", "-S", "-s", "127.0.0.1", "--snmp_port",
                         silent.getsockname()[1], "-l", "authPriv", "-u", "me", "-W", "very-secret-1",
                         "-X", "very-secret-2", "-t", "60")
    with silent:
        silent.recv(10000)
        with open(f"/proc/{process.pid}/cmdline", "rb") as f:
            line = f.read()
    assert b"secret" not in line and b"authPriv" in line
    process.stop()


@pytest.mark.parametrize("args", [("-l", "authPriv", "-u", "me"), ("-l", "much", "-u", "me"),
                                  ("-l", "authNoPriv", "-u", "me", "-W", "12345678", "-w", "ROT13")])
def test_credentials_that_cannot_be_right_are_refused(scan, site, args):
    needs_snmp(site)
    assert scan("-S", "-s", "127.0.0.1", *args, status=1).text == ""
    assert "SNMP: " in scan.errors


# ------------------------------------------------------------------------------ serial ports

@pytest.mark.once
def test_upses_on_serial_ports_are_found_all_at_once(scan, serialsim, apcsim):
    sims, apcs = [serialsim(name) for name in SERIAL_DEVICES], [apcsim(name) for name in APC_DEVICES]
    upses = {str(sim.port): "nutdrv_qx" for sim in sims}
    upses.update({str(sim.port): "apcsmart" for sim in apcs})
    for sim in sims + apcs:
        sim.let_go()
    assert set(scan.lines("-q", "-E", ",".join(upses))) == {
        f'EATON_SERIAL:driver="{driver}",port="{path}"' for path, driver in upses.items()}
    for sim in apcs:
        assert not sim.orders and sim.asked == ["Y", "R"]


def test_a_port_of_a_running_driver_is_not_written_to(scan, site, serialsim):
    sim = serialsim("megatec")
    site.add_ups("ups", "nutdrv_qx", sim.port)
    driver = site.start_driver("ups")
    wait_until(lambda: sim.asked, what="the driver has the port")
    sim.let_go()
    found = scan("-E", sim.port)
    assert found == {}
    assert found.told(f"{sim.port} was not asked: it is in use by nutdrv_qx (pid {driver.pid}); "
                      "it is [ups] in ups.conf")


def test_a_port_that_a_program_just_has_open_is_not_written_to(scan, site):
    ours, theirs = pty.openpty()
    path = os.ttyname(theirs)
    holder = subprocess.Popen(["sh", "-c", f"exec sleep 60 <>{path}"])
    try:
        wait_until(lambda: any(os.readlink(f"/proc/{holder.pid}/fd/{n}") == path
                               for n in os.listdir(f"/proc/{holder.pid}/fd")), what="it is open")
        os.close(theirs)
        assert scan("-E", path).told(f"{path} was not asked: it is in use by")
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 100)
    finally:
        holder.kill()
        holder.wait()
        os.close(ours)


def test_what_is_no_port_is_told_of(scan, site):
    found = scan("-E", f"/dev/null,{site.root}/nowhere", "-q")
    assert found == {} and found.told("/dev/null was not asked: it is no serial port")
    assert found.told(f"{site.root}/nowhere was not asked: it cannot be opened: No such file")


def test_ranges_of_ports_are_understood(scan, site):
    found = scan("-E", f"{site.root}/a0-2 {site.root}/b9")
    assert [line.split()[0] for line in found.comments] == [
        f"{site.root}/{name}" for name in ("a0", "a1", "a2", "b9")]


# ------------------------------------------------------------------------------------ UPower

def test_a_ups_of_upower_is_told_of(scan, site):
    bus = SystemBus(site.root)
    bus.start()
    scan.env = bus.env
    try:
        scan("-J", status=1)
        if "built without" in scan.errors:
            pytest.skip("a build without libsystemd")
        assert "its daemon is the package upower" in scan.errors
        bus.start_upower(Vendor="Chestnut", Model="Plain", Serial="P-1")
        assert scan("-J").told('UPower has a UPS: Chestnut Plain, serial number "P-1"')
    finally:
        bus.stop()


# -------------------------------------------------------------------------- the command line

def test_ways_that_this_program_has_are_listed(scan):
    names = scan.run("-a").splitlines()
    assert names[0] == "OLDNUT" and names[-1] == "EATON_SERIAL" and "XML" not in names


def test_without_options_it_looks_everywhere_and_nothing_that_is_missing_stops_it(scan, site):
    (site.conf / "a.dev").write_text("ups.status: OL\n")
    scan.env = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}
    for args in ((), ("-C",), ("-C", "-n")):
        found = scan(*args, "-t", "1")
        assert any(s["port"] == "a.dev" for s in found.values())
        assert "IPMI" not in scan.errors and "Scanning serial" not in scan.errors
    scan("-q", "-t", "1")
    assert scan.errors == ""


@pytest.mark.parametrize("option, text", [
    ("-I", "IPMI: not built in"), ("-M", "XML: not built in"),
    ("-S", "no addresses to ask: -m auto"), ("-O", "no addresses to ask: -m auto")])
def test_what_was_asked_for_and_cannot_be_done_is_an_error(scan, option, text):
    scan(option, status=1)
    assert text in scan.errors
    scan(option, "-n")
    assert text in scan.errors


@pytest.mark.parametrize("args", [
    ("-Z",), ("--nothing",), ("-t", "x"), ("-t", "0"), ("-T", "0"), ("-p", "70000"), ("-m", "10.0.0.0/40"),
    ("-m", "10.0.0.0/8"), ("-m", "auto/"), ("-m", "auto7"), ("-m", "fe80::/64"), ("-s", "a b"),
    ("-s", "10.1"),
    ("-s", "10.0.0.1", "-e", "::1"), ("what",), ("-m",)])
def test_options_that_cannot_be_right_end_it_with_255(scan, args):
    assert scan.run(*args, status=255) == "" and scan.errors


def test_help_and_version_are_shown(scan):
    assert "usage: nut-scanner" in scan.run("-h") and "Network UPS Tools" in scan.run("--version")


def test_ranges_are_given_in_any_order_and_many(scan):
    port = free_port()
    servers = [FakeUpsd({"u": {}}, port=port, host=f"127.0.0.{i}") for i in (2, 20, 41)]
    found = scan("-O", "-p", port, "-e", "127.0.0.3", "-s", "127.0.0.1", "-s", "127.0.0.20",
                 "-m", "127.0.0.40/30", "-e", "127.0.0.21", "-t", "1")
    for server in servers:
        server.close()
    assert {s["port"] for s in found.values()} == {f"u@127.0.0.{i}:{port}" for i in (2, 20, 41)}
