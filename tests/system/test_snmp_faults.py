"""snmp-ups on agents and networks with faults: what is told stays right, or is told to be stale."""

import shutil
import subprocess

import pytest

import snmpfamily
from harness import snmp, wait_until
from harness.snmp import USERS, auth_password, priv_password, v3_lines

from test_snmp_ups import KINDS, STANDARD, VALUES, Ups, put, standard

pytestmark = pytest.mark.once

UPTIME = "1.3.6.1.2.1.1.3.0"


def long(*values, **options):
    return pytest.param(*values, marks=pytest.mark.long, **options)


def odd_value(text):
    kind, _, rest = text.partition(": ")
    return snmp.oid(rest) if kind == "OID" else rest if kind == "STRING" else int(rest)


def odd_standard(more=None):
    """RFC 1628 for an OddAgent."""
    values = {f"{STANDARD}.{k}": odd_value(v) for k, v in VALUES.items()}
    return {UPTIME: 5, "1.3.6.1.2.1.1.2.0": snmp.oid("1.3.6.1.2.1.33"), **values,
            **{f"{STANDARD}.{k}": v for k, v in (more or {}).items()}}


@pytest.fixture
def odd(site, oddagent):
    """A function that starts an OddAgent of the standard with these faults, and the driver."""
    def make(*lines, more=None, start=True, **faults):
        agent = oddagent(odd_standard(more))
        for name, value in faults.items():
            setattr(agent, name, value)
        ups = Ups(site, agent.port, "snmp_retries = 5", *lines)
        if start:
            ups.wait_fresh()
        return ups, agent
    return make


def odd_put(agent, place, value):
    agent.values[snmp.oid(f"{STANDARD}.{place}")] = value


def wait_values(ups, **wanted):
    wanted = {name.replace("__", "."): value for name, value in wanted.items()}
    wait_until(lambda: {n: ups.values().get(n) for n in wanted} == wanted,
               what=lambda: f"{wanted}, not {({n: ups.values().get(n) for n in wanted})}; log:\n"
                            f"{ups.process.log()}")


WHOLE = {"ups.status": "OL", "battery.charge": "97", "battery.runtime": "2520",
         "output.voltage": "230", "ups.load": "23", "ups.id": "hall",
         "input.transfer.high": "264", "ups.beeper.status": "enabled"}


def wait_whole(ups):
    wait_values(ups, **{k.replace(".", "__"): v for k, v in WHOLE.items()})


# ------------------------------------------------------------------- agents that answer badly


@pytest.mark.parametrize("version, fault, value", [
    ("v1", "too_big_above", 7), long("v2c", "too_big_above", 7), ("v2c", "too_big_above", 1),
    long("v1", "too_big_above", 1), long("v1", "deaf_above", 12), ("v2c", "deaf_above", 12),
    ("v1", "first_only", 5), ("v2c", "first_only", 5), ("v1", "backwards", True),
    long("v2c", "backwards", True), long("v1", "doubled", True), ("v2c", "doubled", True),
    long("v1", "garbage", True), ("v2c", "garbage", True), ("v1", "wrong_id", True),
    long("v2c", "wrong_id", True), long("v1", "busy", True), ("v2c", "busy", True),
    ("v1", "get_broken", True), long("v2c", "get_broken", True)])
def test_an_agent_with_a_fault_is_read_whole(odd, version, fault, value):
    ups, agent = odd(f"snmp_version = {version}", **{fault: value})
    wait_whole(ups)
    odd_put(agent, "4.1.0", 5)
    ups.wait_value("ups.status", "OB")
    odd_put(agent, "4.1.0", 3)
    ups.wait_value("ups.status", "OL")


def test_what_an_agent_takes_at_a_time_is_remembered(odd):
    ups, agent = odd(too_big_above=7)
    wait_whole(ups)
    agent.requests.clear()
    wait_until(lambda: len(agent.requests) > 30, what="some readings")
    sent = list(agent.requests)
    assert sum(len(m.names) > 7 for m in sent) * 5 < len(sent)


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_a_device_of_hundreds_of_variables_takes_few_packets(site, oddagent, version):
    """The aim: a hundred variables within ten round trips, and ten to a packet."""
    ups, agent = family(site, oddagent, "eaton_epdu", {}, f"snmp_version = {version}")
    marker = snmp.oid("1.3.6.1.4.1.534.6.6.7.3.2.1.3.0.1.1")  # input.voltage
    wait_until(lambda: "input.voltage" in ups.values(), what=lambda: ups.process.log())
    agent.requests.clear()
    wait_until(lambda: sum(marker in m.names for m in agent.requests) >= 11, what="ten readings")
    seen, readings, packets, names = list(agent.requests), 0, 0, 0
    for m in seen:
        readings += marker in m.names
        packets += 0 < readings < 11
        names += len(m.names) if 0 < readings < 11 else 0
    assert names / 10 > 100
    assert packets * 10 < names
    assert packets / 10 < 10 * names / 10 / 100


@pytest.mark.parametrize("version, fault", [
    ("v1", "gen_err"), ("v2c", "gen_err"), ("v1", "gen_err_unnamed"), ("v2c", "gen_err_unnamed"),
    long("v1", "deaf"), long("v2c", "deaf")])
def test_one_variable_that_spoils_the_packet_costs_only_itself(odd, version, fault):
    ups, agent = odd(f"snmp_version = {version}", **{fault: {snmp.oid(f"{STANDARD}.2.4.0")}})
    ups.wait_value("battery.runtime", "2520")
    assert "battery.charge" not in ups.values()
    setattr(agent, fault, set())
    ups.wait_value("battery.charge", "97")


@pytest.mark.parametrize("bulk", ["silent", "error", "empty"])
def test_alarms_are_read_of_an_agent_that_chokes_on_getbulk(odd, bulk):
    ups, agent = odd(more={"6.1.0": 1, "6.2.1.2.4": snmp.oid(f"{KINDS}.16")}, start=False, bulk=bulk)
    wait_until(lambda: "fan failure" in ups.values().get("ups.alarm", ""),
               what=lambda: f"the alarm; log:\n{ups.process.log()}")
    agent.requests.clear()
    wait_until(lambda: sum(m.kind == 0xa1 for m in agent.requests) > 6, what="more walks")
    assert not [m for m in agent.requests if m.kind == 0xa5]


@pytest.mark.parametrize("version", [long("v1"), "v2c"])
def test_what_is_missing_in_the_middle_takes_nothing_along(site, snmpd, version):
    agent = snmpd(standard())
    ups = Ups(site, agent.port, f"snmp_version = {version}")
    wait_whole(ups)
    # Seen by nobody, but by the agent itself: noSuchInstance, or noSuchName.
    agent.fault(f"{STANDARD}.2.4.0", "none")
    ups.wait_gone("battery.charge")
    assert "DATAOK" in ups.dump()
    put(agent, "4.1.0", "INTEGER: 5")
    ups.wait_value("ups.status", "OB")
    assert ups.values()["battery.runtime"] == "2520"
    agent.fault(f"{STANDARD}.2.4.0")
    ups.wait_value("battery.charge", "97")


def test_the_status_itself_that_is_missing_is_stale_and_no_invention(site, snmpd):
    agent = snmpd(standard())
    ups = Ups(site, agent.port)
    ups.wait_value("ups.status", "OL")
    put(agent, "4.1.0", None)
    ups.wait_fresh(False)
    put(agent, "4.1.0", "INTEGER: 5")
    ups.wait_value("ups.status", "OB")
    ups.wait_fresh()


def test_what_was_missing_at_the_start_is_found_later(site, snmpd):
    """A card that answers before it has heard of its UPS."""
    later = ("2.1.0", "2.4.0", "9.8.0", "8.2.0")
    agent = snmpd(standard(dict.fromkeys(later)))
    ups = Ups(site, agent.port)
    ups.wait_value("battery.runtime", "2520")
    dump = ups.dump()
    assert "ADDCMD load.off" not in dump and "ADDCMD beeper.mute" not in dump
    for place in later:
        put(agent, place, VALUES[place])
    wait_whole(ups)
    wait_until(lambda: {"ADDCMD load.off", "ADDCMD beeper.mute"} <= set(ups.dump()),
               what="its commands")
    put(agent, "2.1.0", "INTEGER: 3")
    wait_until(lambda: "LB" in ups.values()["ups.status"].split(), what="the battery is low")


def test_outlets_that_were_missing_at_the_start_are_found_later(site, oddagent):
    made = snmpfamily.Family("apc_pdu").values()
    outlets = {k: v for k, v in made.items() if ".318.1.1.4.4." in k}
    assert outlets
    ups, agent = family(site, oddagent, "apc_pdu", {})
    agent.values = {k: v for k, v in agent.values.items() if k not in map(snmp.oid, outlets)}
    ups.process.stop()
    ups.process = site.start_driver("ups", env=ups.env)
    ups.wait_fresh()
    assert not [name for name in ups.values() if name.startswith("outlet.")]
    agent.values.update({snmp.oid(k): v for k, v in outlets.items()})
    wait_until(lambda: "outlet.3.desc" in ups.values(),
               what=lambda: f"outlets; {ups.process.log()}")


# ------------------------------------------------------------------------------ odd values


def test_what_an_agent_does_not_know_is_not_told(odd):
    """-1, which many say for "unknown"."""
    ups, agent = odd()
    wait_whole(ups)
    odd_put(agent, "9.2.0", -1)
    ups.wait_gone("input.frequency.nominal")
    odd_put(agent, "9.2.0", 600)
    ups.wait_value("input.frequency.nominal", "60")


@pytest.mark.parametrize("raw, told", [
    (b"\x42\x05\x00\xff\xff\xff\xff", "4294967295"),     # a Gauge32 of 32 bits
    (b"\x42\x04\xff\xff\xff\xff", "4294967295"),         # the same without its sign byte
    (b"\x41\x04\x7f\xff\xff\xff", "2147483647"),         # a Counter32 before it turns
    (b"\x41\x01\x03", "3"),                              # and after it
    (b"\x46\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff", None),  # a Counter64 beyond all numbers
    (b"\x44\x07\x9f\x78\x04\x42\x28\x00\x00", "42")],    # a float in an Opaque
    ids=["gauge", "gauge-unsigned", "counter", "counter-wrapped", "counter64", "float"])
def test_numbers_of_every_type_and_size(odd, raw, told):
    ups, agent = odd()
    wait_whole(ups)
    odd_put(agent, "2.2.0", ("raw", raw))  # battery.runtime.elapsed
    if told:
        ups.wait_value("battery.runtime.elapsed", told)
    odd_put(agent, "2.2.0", 17)
    ups.wait_value("battery.runtime.elapsed", "17")
    assert "DATAOK" in ups.dump()


@pytest.mark.parametrize("raw, told", [
    (b"Tree 3000\x00\x00\x00", "Tree 3000"),
    (b"  Tree 3000  \r\n", "Tree 3000"),
    (b"Tr\x00ee", "54 72 00 65 65"),
    (b"\x01\x02\xff", "01 02 ff"),
    ("Zürich Über".encode(), "Z rich ber"), ("Zürich".encode("latin-1"), "Z rich"),  # 7 bits
    (b"Tree \"3000\" \\", "Tree \\\"3000\\\" \\\\"),
    (b"\x00\x00", None), (b"", None), (b"   ", None)])
def test_texts_are_cleaned(odd, raw, told):
    ups, _ = odd(more={"1.4.0": ("raw", bytes([4, len(raw)]) + raw)})
    wait_whole(ups)
    assert ups.values().get("ups.firmware.aux") == told


def test_a_long_text_is_cut_and_the_rest_is_told(odd):
    ups, _ = odd(more={"1.2.0": "x" * 5000})
    ups.wait_value("battery.charge", "97")
    assert set(ups.values()["ups.model"]) == {"x"}


def family(site, oddagent, name, values, *lines):
    """snmp-ups on an OddAgent with these values on top of a family's."""
    made = snmpfamily.Family(name)
    agent = oddagent({UPTIME: 5, "1.3.6.1.2.1.1.2.0": snmp.oid(made.oids[0][0]), **made.values(),
                      **values})
    return Ups(site, agent.port, f"mibs = {name}", *lines), agent


@pytest.mark.parametrize("raw, told", [(b"\x06\x00\xc0\xff\xee\x00\x00", "00:c0:ff:ee:00:00"),
                                       (b"\x1100:c0:ff:ee:00:01", "00:c0:ff:ee:00:01"),
                                       (b"\x1100 C0 FF EE 00 01", "00:c0:ff:ee:00:01")])
def test_hardware_addresses_are_bytes_or_text(site, oddagent, raw, told):
    ups, _ = family(site, oddagent, "pulizzi_switched1",
                    {"1.3.6.1.4.1.20677.2.2.6.0": ("raw", b"\x04" + raw)})
    ups.wait_value("device.macaddr", told)


@pytest.mark.parametrize("date, told", [("11/28/2026", "2026-11-28"), ("28.11.2026", "28.11.2026"),
                                        ("Nov 28 2026", "Nov 28 2026")])
def test_dates_that_are_known_are_told_in_one_way(site, oddagent, date, told):
    ups, _ = family(site, oddagent, "eaton_pw_nm2", {"1.3.6.1.4.1.534.1.2.6.0": date})
    ups.wait_value("battery.date", told)


@pytest.mark.parametrize("ticks, told", [(b"\x43\x02\x46\x50", "180"), (b"\x43\x01\x00", "0"),
                                         (b"\x43\x05\x00\xff\xff\xff\xff", "42949672.95")])
def test_time_ticks_are_seconds(site, oddagent, ticks, told):
    ups, _ = family(site, oddagent, "apcc", {"1.3.6.1.4.1.318.1.1.1.5.2.10.0": ("raw", ticks)})
    ups.wait_value("ups.delay.shutdown", told)


def test_a_value_that_no_table_knows_is_told_to_the_user(odd):
    ups, agent = odd()
    wait_whole(ups)
    odd_put(agent, "9.8.0", 77)
    ups.process.wait_log(f'no word for the value "77" of .{STANDARD}.9.8.0 (ups.beeper.status)')
    ups.wait_gone("ups.beeper.status")
    assert ups.process.log().count('"77"') == 1
    odd_put(agent, "9.8.0", 1)
    ups.wait_value("ups.beeper.status", "disabled")


# -------------------------------------------------------------------- networks and addresses


def test_a_network_that_loses_doubles_and_delays(site, snmpd, snmprelay):
    relay = snmprelay(snmpd(standard()).port)
    relay.lose_request = lambda n: n % 4 == 1
    relay.lose_answer = lambda n: n % 7 == 3
    relay.double_answer = lambda n: n % 3 == 0
    relay.delay = 0.02
    wait_whole(Ups(site, relay.port, "snmp_retries = 5"))


def test_the_first_data_come_though_the_agent_is_slow(site, snmpd, snmprelay):
    relay = snmprelay(snmpd(standard()).port)
    relay.delay = 0.6
    ups = Ups(site, relay.port, "snmp_timeout = 1", "snmp_retries = 5")
    assert ups.answers() == "PONG"
    wait_whole(ups)


def test_a_port_where_nobody_listens_is_said_once_and_left_by_itself(site, snmpd):
    agent = snmpd(standard())
    agent.stop()
    ups = Ups(site, agent.port, "snmp_retries = 0", start=False)
    ups.process = site.start_driver("ups", env=ups.env, wait=False)
    ups.process.wait_log("nobody listens there")
    agent.start()
    wait_whole(ups)
    agent.stop()
    ups.wait_fresh(False)
    agent.start()
    wait_whole(ups)
    assert ups.process.log().count("nobody listens there") <= 2


@pytest.mark.parametrize("port", ["[::1]:{}", "udp6:[::1]:{}", "tcp:127.0.0.1:{}", "localhost:{}"])
def test_agents_are_reached_by_each_kind_of_address(site, snmpd, port):
    if "::1" in port and not snmp.has_v6():
        pytest.skip("there is no IPv6 on this host's loopback")
    agent = snmpd(standard())
    ups = Ups(site, port.format(agent.port))
    wait_whole(ups)
    agent.restart()
    put(agent, "4.1.0", "INTEGER: 5")
    ups.wait_value("ups.status", "OB")


def has_own_mounts():
    try:
        return subprocess.run(["unshare", "-m", "true"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


def test_a_name_that_resolves_late_is_served_from_then_on(site, snmpd):
    if not has_own_mounts():
        pytest.skip("only root can give a process an /etc/hosts of its own")
    hosts = site.write("hosts", "127.0.0.1 localhost\n")
    hosts.chmod(0o644)
    agent = snmpd(standard())
    ups = Ups(site, f"ups.chestnut.test:{agent.port}", start=False)
    ups.process = site.start_driver(
        "ups", env=ups.env, wait=False,
        prefix=("unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"))
    ups.process.wait_log("the address of ups.chestnut.test is not known")
    with open(hosts, "a") as f:  # the same file: a new one would not be seen through the mount
        f.write("127.0.0.1 ups.chestnut.test\n")
    wait_until(lambda: ups.values().get("ups.status") == "OL", what=lambda: ups.process.log())
    assert ups.process.log().count("is not known") == 1


def test_a_wrong_community_is_said_once(site, snmpd, snmprelay):
    relay = snmprelay(snmpd(standard()).port)
    ups = Ups(site, relay.port, "snmp_retries = 0", community="wrong-word", start=False)
    ups.process = site.start_driver("ups", env=ups.env, wait=False)
    ups.process.wait_log("does not know the community")
    asked = relay.requests
    wait_until(lambda: relay.requests >= asked + 3, what="more questions")
    log = ups.process.log()
    assert log.count("community") == 1 and "wrong-word" not in log


# -------------------------------------------------------------------------------- restarts

RESTARTS = {"reboot": {}, "memory loss": {"fresh": True}}


@pytest.mark.parametrize("user", [long("sha256"), "sha512aes256"])
@pytest.mark.parametrize("how", RESTARTS)
@pytest.mark.parametrize("name", ["", "exactEngineID 0x80001f8804434845535400\n"],
                         ids=["new-id", "same-id"])
def test_an_agent_of_v3_that_was_restarted_is_found_again(site, snmpd, user, how, name):
    agent = snmpd(standard(), conf=name)
    agent.restart()
    ups = Ups(site, agent.port, *v3_lines(user))
    wait_whole(ups)
    agent.restart(**RESTARTS[how])
    put(agent, "4.1.0", "INTEGER: 5")
    ups.wait_value("ups.status", "OB")
    ups.wait_fresh()
    assert "opening it anew" not in ups.process.log()


# ---------------------------------------------------------------------- SNMPv3, and secrets

QUICK_USERS = ("sha256", "sha512aes256")
V3 = [pytest.param(user, marks=() if user in QUICK_USERS else pytest.mark.long) for user in USERS]


@pytest.mark.parametrize("user", V3)
def test_every_protocol_of_v3_reads_writes_and_tells_no_secret(site, snmpd, user):
    agent = snmpd(standard())
    ups = Ups(site, agent.port, *v3_lines(user), start=False)
    ups.process = site.start_driver("ups", "-DDDDDD", env=ups.env)
    wait_whole(ups)
    assert ups.order("INSTCMD beeper.mute") == 0
    assert f"{STANDARD}.9.8.0 integer 3" in agent.sets()
    check_secrets(ups, [auth_password(user), priv_password(user)])


def check_secrets(ups, secrets):
    with open(f"/proc/{ups.process.pid}/cmdline", "rb") as f:
        told = ups.process.log() + "\n".join(ups.dump()) + f.read().decode(errors="replace")
    try:
        with open(f"/proc/{ups.process.pid}/environ", "rb") as f:
            told += f.read().decode(errors="replace")
    except PermissionError:
        pass  # it shows that to root only
    assert not [secret for secret in secrets if secret in told]


@pytest.mark.parametrize("given", [
    {"authPassword": "another-secret"}, {"privPassword": "another-secret"},
    {"authProtocol": "SHA512"}, {"privProtocol": "AES256"}, {"secName": "somebody"}],
    ids=lambda d: "".join(d))
def test_wrong_keys_of_v3_are_named_and_not_told(site, snmpd, given):
    lines = {**dict(line.split(" = ") for line in v3_lines("shaaes")), **given}
    ups = Ups(site, snmpd(standard()).port, "snmp_retries = 0",
              *(f"{k} = {v}" for k, v in lines.items()), start=False)
    ups.process = site.start_driver("ups", "-DDDDDD", env=ups.env, wait=False)
    ups.process.wait_log(next(iter(given)))
    log = ups.process.log()
    for secret in ("another-secret", auth_password("shaaes"), priv_password("shaaes")):
        assert secret not in log


def test_a_community_is_not_told_whatever_happens(site, snmpd):
    agent = snmpd(standard(), conf="rwcommunity sesame-open\nrwcommunity6 sesame-open\n")
    port = snmp.udp_port()
    ups = Ups(site, agent.port, f"traps = {port}", community="sesame-open", start=False)
    ups.process = site.start_driver("ups", "-DDDDDD", env=ups.env)
    wait_whole(ups)
    ups.order("INSTCMD beeper.mute")
    agent.stop()
    ups.wait_fresh(False)
    agent.start()
    ups.wait_fresh()
    check_secrets(ups, ["sesame-open"])


# --------------------------------------------------------------------------------- traps

ENGINE = "0x80001f8804434845535400"


def snmptrap(*words):
    if not shutil.which("snmptrap"):
        pytest.skip("snmptrap is not installed")
    return subprocess.run(["snmptrap", *words], env={"MIBS": "", "PATH": "/usr/bin:/bin",
                                                     "HOME": "/nonexistent"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


def keys(user):
    auth, priv = USERS[user]
    words = ["-u", user, "-l", "authPriv" if priv else "authNoPriv", "-a", auth, "-A",
             auth_password(user)]
    return words + (["-x", priv, "-X", priv_password(user)] if priv else [])


def trap_words(kind, port):
    to, what = f"127.0.0.1:{port}", f"{STANDARD[:-2]}.2.0.1"
    return {
        "v1": ["-v1", "-c", "private", to, "1.3.6.1.2.1.33.2", "127.0.0.1", "6", "1", ""],
        "v2c": ["-v2c", "-c", "private", to, "", what],
        "v2c inform": ["-Ci", "-v2c", "-c", "private", to, "", what],
        "v3": ["-v3", *keys("sha256"), "-e", ENGINE, "-Z", "1,5", to, "", what],
        "v3 inform": ["-Ci", "-v3", *keys("shaaes"), to, "", what],
    }[kind]


@pytest.mark.parametrize("kind", ["v1", "v2c inform", "v3", "v3 inform"])
def test_traps_of_every_version_make_it_look_at_once(site, snmpd, kind):
    port = snmp.udp_port()
    lines = {"v3": v3_lines("sha256"), "v3 inform": v3_lines("shaaes"),
             "v1": ["snmp_version = v1"]}.get(kind, ["snmp_version = v2c"])
    agent = snmpd(standard(), conf=f"exactEngineID {ENGINE}\n")
    ups = Ups(site, agent.port, f"traps = {port}", "pollinterval = 3600", "pollfreq = 3600", *lines)
    ups.wait_value("ups.status", "OL")
    put(agent, "4.1.0", "INTEGER: 5")
    sent = snmptrap(*trap_words(kind, port))
    assert sent.returncode == 0, sent.stdout
    ups.wait_value("ups.status", "OB")


# ---------------------------------------------------------------------------- killing power


def kill_power(site, agent, *lines, **options):
    ups = Ups(site, agent.port, *lines, start=False, **options)
    return ups.run("-k")


@pytest.mark.parametrize("lines, community", [
    (["snmp_version = v1"], "private"), (["snmp_version = v2c"], "private"),
    (v3_lines("sha512aes256"), "private")], ids=["v1", "v2c", "v3"])
def test_k_cuts_the_power_by_every_version(site, snmpd, lines, community):
    agent = snmpd(standard())
    result = kill_power(site, agent, "offdelay = 33", *lines, community=community)
    assert result.returncode == 0, result.stderr
    assert agent.sets()[-1] == f"{STANDARD}.8.2.0 integer 33"


def test_k_fails_and_says_so_where_the_agent_may_not_be_written(site, snmpd):
    agent = snmpd(standard())
    result = kill_power(site, agent, community="public")
    assert result.returncode != 0 and agent.sets() == []
    assert "community" in result.stdout + result.stderr


@pytest.mark.long
def test_k_fails_where_nobody_answers(site, snmpd):
    agent = snmpd(standard())
    agent.stop()
    assert kill_power(site, agent, "snmp_retries = 1").returncode != 0


def test_k_gets_through_a_network_that_loses_packets(site, snmpd, snmprelay):
    agent = snmpd(standard())
    relay = snmprelay(agent.port)
    relay.lose_request = lambda n: n % 3 == 0
    relay.lose_answer = lambda n: n % 4 == 2
    result = kill_power(site, relay, "offdelay = 33", "snmp_retries = 5")
    assert result.returncode == 0, result.stderr
    assert agent.sets()[-1] == f"{STANDARD}.8.2.0 integer 33"


@pytest.mark.long
def test_k_waits_for_an_agent_with_a_late_answer(site, snmpd, snmprelay):
    agent = snmpd(standard())
    relay = snmprelay(agent.port)
    relay.delay = 0.6
    result = kill_power(site, relay, "offdelay = 33", "snmp_timeout = 1", "snmp_retries = 5")
    assert result.returncode == 0, result.stderr
    assert agent.sets()[-1] == f"{STANDARD}.8.2.0 integer 33"


PULIZZI = "1.3.6.1.4.1.20677.2.6.2"


def pulizzi(snmpd):
    """A PDU with three outlets: place 1 of the commands is for all, place n + 1 for outlet n."""
    root = PULIZZI.removesuffix(".2.6.2")
    values = {"2.1.1.0": "STRING: Pulizzi", **{f"2.6.2.{n}.0": "INTEGER: 0" for n in (1, 2, 3, 4)}}
    for n in (1, 2, 3):
        values |= {f"2.6.1.{n}.1.0": f"STRING: outlet {n}", f"2.6.3.{n}.0": "INTEGER: 1"}
    return snmpd("\n".join(["1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.20677.1"] +
                           [f"{root}.{k} = {v}" for k, v in values.items()]))


@pytest.mark.parametrize("lines, value", [([], 4), (["sdcommands = load.off"], 2)])
def test_k_of_a_pdu_switches_all_outlets(site, snmpd, lines, value):
    agent = pulizzi(snmpd)
    result = kill_power(site, agent, *lines)
    assert result.returncode == 0, result.stderr
    assert agent.sets() == [f"{PULIZZI}.1.0 integer {value}"]


def test_load_off_and_an_outlet_are_not_the_same_place(site, snmpd):
    agent = pulizzi(snmpd)
    ups = Ups(site, agent.port)
    ups.wait_fresh()
    assert ups.order("INSTCMD outlet.1.load.off") == 0
    assert ups.order("INSTCMD outlet.3.load.on") == 0
    assert ups.order("INSTCMD load.off") == 0
    assert agent.sets() == [f"{PULIZZI}.2.0 integer 2", f"{PULIZZI}.4.0 integer 1",
                            f"{PULIZZI}.1.0 integer 2"]


def test_k_of_what_cannot_be_switched_says_so(site, snmpd):
    made = snmpfamily.Family("raritan-px2")
    agent = snmpd("\n".join(
        [f"1.3.6.1.2.1.1.2.0 = OID: .{made.oids[0][0].strip('.')}"] +
        [f"{oid} = INTEGER: {v}" if isinstance(v, int) else f"{oid} = STRING: {v}"
         for oid, v in made.values().items()]))
    result = kill_power(site, agent)
    assert result.returncode != 0 and agent.sets() == []
    assert result.stdout + result.stderr
