"""Traps: the only effect is that the driver looks at once."""

import shutil
import socket
import subprocess

import pytest

from harness import snmp, wait_until
from harness.snmp import USERS, auth_password, priv_password, v3_lines

from test_snmp_transport import Probe, DATA

UPS_ALARM = "1.3.6.1.2.1.33.2.0.3"
QUIET = "pollinterval = 3600"
pytestmark = pytest.mark.skipif(not shutil.which("snmptrap"), reason="snmptrap is not installed")


def send(port, *args, v3=None, engine=None):
    """snmptrap to 127.0.0.1; args of its version."""
    command = ["snmptrap"]
    if v3:
        auth, priv = USERS[v3]
        level = "authPriv" if priv else "authNoPriv" if auth else "noAuthNoPriv"
        command += ["-v3", "-u", v3, "-l", level]
        command += ["-e", engine] if engine else []
        command += ["-a", auth, "-A", auth_password(v3)] if auth else []
        command += ["-x", priv, "-X", priv_password(v3)] if priv else []
    return subprocess.run([*command, *args], env={"MIBS": "", "PATH": "/usr/bin:/bin:/usr/sbin",
                                                  "HOME": "/nonexistent"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


@pytest.fixture
def hearing(site, snmpd):
    """A function that starts a driver which hears traps: (probe, its port for them, agent)."""
    def make(*lines, **options):
        agent = snmpd(DATA, **options)
        port = snmp.udp_port()
        probe = Probe(site, agent.port, f"traps = {port}", QUIET, *lines)
        probe.wait_fresh()
        return probe, port, agent
    return make


def test_a_trap_of_v1_makes_the_driver_look(hearing):
    probe, port, _ = hearing()
    polls = probe.number("polls")
    send(port, "-v1", "-c", "public", f"127.0.0.1:{port}", "1.3.6.1.2.1.33.2", "127.0.0.1", "6", "3", "")
    probe.wait_value("snmp.trap", UPS_ALARM)
    probe.wait_value("snmp.polls", lambda n: int(n) > polls)


def test_a_standard_trap_of_v1_has_its_new_name(hearing):
    probe, port, _ = hearing()
    send(port, "-v1", "-c", "public", f"127.0.0.1:{port}", "1.3.6.1.4.1.1", "127.0.0.1", "0", "0", "")
    probe.wait_value("snmp.trap", "1.3.6.1.6.3.1.1.5.1")


def test_a_trap_of_v2c_makes_the_driver_look(hearing):
    probe, port, _ = hearing("snmp_version = v2c")
    send(port, "-v2c", "-c", "public", f"127.0.0.1:{port}", "", UPS_ALARM)
    probe.wait_value("snmp.trap", UPS_ALARM)


def test_an_inform_of_v2c_is_confirmed(hearing):
    probe, port, _ = hearing("snmp_version = v2c")
    sent = send(port, "-Ci", "-v2c", "-c", "public", f"127.0.0.1:{port}", "", UPS_ALARM)
    assert sent.returncode == 0, sent.stdout
    probe.wait_value("snmp.trap", UPS_ALARM)


ENGINE = "0x80001f8804434845535400"


@pytest.mark.parametrize("user", ["plain", "sha256", "shaaes"])
def test_a_trap_of_v3_makes_the_driver_look(hearing, user):
    probe, port, _ = hearing(*v3_lines(user), conf=f"exactEngineID {ENGINE}\n")
    # The agent has told its boots and time; a trap has to be in the same window.
    send(port, "-Z", "50,1", f"127.0.0.1:{port}", "", UPS_ALARM, v3=user, engine=ENGINE)
    probe.wait_value("snmp.trap", UPS_ALARM)


@pytest.mark.parametrize("user", ["plain", "sha256", "shaaes"])
def test_an_inform_of_v3_is_confirmed(hearing, user):
    probe, port, _ = hearing(*v3_lines(user))
    sent = send(port, "-Ci", f"127.0.0.1:{port}", "", UPS_ALARM, v3=user)
    assert sent.returncode == 0, sent.stdout
    probe.wait_value("snmp.trap", UPS_ALARM)


def test_another_community_is_refused_and_not_logged(hearing):
    probe, port, _ = hearing("snmp_version = v2c")
    send(port, "-v2c", "-c", "sesame", f"127.0.0.1:{port}", "", UPS_ALARM)
    log = probe.process.wait_log("a trap was dropped: its community or user")
    assert "sesame" not in log
    send(port, "-v2c", "-c", "public", f"127.0.0.1:{port}", "", UPS_ALARM)
    probe.wait_value("snmp.trap.refused", "1")
    assert probe.values()["snmp.trap.taken"] == "1"


def test_a_trap_without_keys_is_refused_where_there_are_some(hearing):
    probe, port, _ = hearing(*v3_lines("shaaes"))
    send(port, "-v2c", "-c", "public", f"127.0.0.1:{port}", "", UPS_ALARM)
    probe.process.wait_log("a trap was dropped: its community or user")
    assert "snmp.trap" not in probe.values()


def test_traps_from_another_address_are_dropped(hearing):
    probe, port, _ = hearing("snmp_version = v2c")
    packet = snmp.encode_message(1, b"public", 0xa7, 1, 0, 0, [
        ((1, 3, 6, 1, 2, 1, 1, 3, 0), 1),
        ((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), snmp.oid(UPS_ALARM))])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.2", 0))
        s.sendto(packet, ("127.0.0.1", port))
    probe.process.wait_log("a trap of 127.0.0.2 was dropped")
    assert "snmp.trap" not in probe.values()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.sendto(packet, ("127.0.0.1", port))
    probe.wait_value("snmp.trap", UPS_ALARM)


def test_a_flood_is_a_few_looks_and_the_socket_is_served(hearing):
    probe, port, _ = hearing("snmp_version = v2c")
    packet = snmp.encode_message(1, b"public", 0xa7, 1, 0, 0, [
        ((1, 3, 6, 1, 2, 1, 1, 3, 0), 1),
        ((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), snmp.oid(UPS_ALARM))])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(3000):
            s.sendto(packet, ("127.0.0.1", port))
        with probe.connect() as c:
            c.send("PING")
            c.until("PONG")
    probe.wait_value("snmp.trap.calls", lambda n: n and int(n) >= 2)
    values = probe.values()
    assert int(values["snmp.trap.calls"]) * 20 >= int(values["snmp.trap.taken"]) - 20


@pytest.mark.parametrize("junk", [b"", b"\x30", b"\x30\x82\xff\xff", b"\x00" * 2000,
                                  bytes(range(256)) * 4])
def test_rubbish_is_survived(hearing, junk):
    probe, port, _ = hearing("snmp_version = v2c")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(junk, ("127.0.0.1", port))
    send(port, "-v2c", "-c", "public", f"127.0.0.1:{port}", "", UPS_ALARM)
    probe.wait_value("snmp.trap", UPS_ALARM)


def test_a_port_that_is_taken_is_said_and_the_agent_is_polled(site, snmpd):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", 0))
        probe = Probe(site, snmpd(DATA).port, f"traps = {s.getsockname()[1]}")
        probe.process.wait_log("that port is not to be had")
        probe.wait_fresh()
