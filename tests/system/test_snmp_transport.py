"""The SNMP transport, by a driver that shows it (tests/driver/probe-snmp.c): against Debian's snmpd,
against an agent that misbehaves, and over a network that loses packets."""

import re
import signal
import socket

import pytest

from harness import LineClient, wait_until
from harness import snmp
from harness.snmp import USERS, v3_lines

pytestmark = pytest.mark.once

UPS = "1.3.6.1.2.1.33.1"
PDU = "1.3.6.1.4.1.99999.1"
UPTIME = "1.3.6.1.2.1.1.3.0"
DATA = f"""
.{UPS}.1.1.0 = STRING: "Chestnut Works"
.{UPS}.1.2.0 = INTEGER: -5
.{UPS}.1.3.0 = Gauge32: 4000000000
.{UPS}.1.4.0 = Counter32: 7
.{UPS}.1.5.0 = Timeticks: (12345) 0:02:03.45
.{UPS}.1.6.0 = OID: .1.3.6.1.4.1.318.1
.{UPS}.1.7.0 = IpAddress: 192.0.2.1
.{UPS}.1.8.0 = Counter64: 5000000000
.{UPS}.1.9.0 = Hex-STRING: 00 41 FF
"""


def numbers(count, base=PDU):
    """count variables base.1.0, base.2.0 ... with the values 1, 2 ..."""
    return "".join(f".{base}.{i}.0 = INTEGER: {i}\n" for i in range(1, count + 1))


def odd_numbers(count):
    return {UPTIME: 5, **{f"{PDU}.{i}.0": i for i in range(1, count + 1)}}


class Probe:
    """A probe-snmp of a section."""

    def __init__(self, site, port, *lines, name="ups", start=True, args=()):
        try:
            site.suite.program("probe-snmp")
        except LookupError:
            pytest.skip("probe-snmp is not built: configure found no net-snmp (libsnmp-dev)")
        self.site, self.name = site, name
        if isinstance(port, int):
            port = f"127.0.0.1:{port}"
        if not any(line.startswith("pollinterval") for line in lines):
            lines += ("pollinterval = 1",)
        site.add_ups(name, "probe-snmp", port, *lines)
        self.process = site.start_driver(name, *args, wait=start)

    def connect(self):
        return LineClient(self.site.socket(self.name))

    def dump(self):
        with self.connect() as c:
            c.send("DUMPALL")
            return c.until("DUMPDONE")

    def values(self):
        found = (re.fullmatch(r'SETINFO (\S+) "(.*)"', line) for line in self.dump())
        return {m[1]: m[2].replace('\\"', '"').replace("\\\\", "\\") for m in found if m}

    def number(self, name):
        return int(self.values()[f"snmp.{name}"])

    def wait_value(self, name, value):
        last = [None]

        def reached():
            last[0] = self.values().get(name)
            return value(last[0]) if callable(value) else last[0] == value
        wait_until(reached, what=lambda: f"{name} is {last[0]!r}, not {value!r}; log:\n"
                                         f"{self.process.log()}")
        return last[0]

    def wait_fresh(self, fresh=True):
        word = "DATAOK" if fresh else "DATASTALE"
        wait_until(lambda: word in self.dump(),
                   what=lambda: f"{word}; log:\n{self.process.log()}")

    def order(self, command, value=""):
        """Gives a command, without waiting for its end."""
        with self.connect() as c:
            c.send(f'INSTCMD snmp.{command} "{value}"')
            c.send("PING")
            c.until("PONG")

    def ask(self, command, value=""):
        """The result of a command."""
        self.order(command, value)
        head = f"{value} > "
        return self.wait_value("snmp.result", lambda text: text and text.startswith(head))[len(head):]

    def fetch(self, first, last, base=PDU):
        """A fetch of base.first.0 to base.last.0, a dict of its tally."""
        words = self.ask("fetch", f"{base} {first} {last}").split()
        return {key: int(value) for key, value in zip(words[::2], words[1::2])}


def all_there(count, first=1):
    last = first + count - 1
    return {"there": count, "none": 0, "unread": 0, "nothing": 0,
            "sum": (first + last) * count // 2}


# A slow poll in between would count.
QUIET = "pollinterval = 3600"

# -------------------------------------------------------------------- versions and values


@pytest.mark.parametrize("lines", [
    [], ["snmp_version = v1"], ["snmp_version = v2c"],
    *[v3_lines(user) for user in USERS],
    v3_lines("shaaes", "authNoPriv")], ids=lambda l: " ".join(l[-3:]) or "default")
def test_every_version_and_protocol_reads(site, snmpd, lines):
    lines = list(lines)
    if lines and lines[-1].startswith("privPassword") and "secLevel = authNoPriv" in lines:
        lines = [line for line in lines if not line.startswith("priv")]
    agent = snmpd(DATA, conf="rouser shaaes auth\n")
    probe = Probe(site, agent.port, f'read = "{UPS}.1.1.0 {UPS}.1.2.0 {UPTIME}"', *lines)
    probe.wait_value("snmp.1", 'TEXT "Chestnut Works"')
    probe.wait_value("snmp.2", "INTEGER -5")
    probe.wait_fresh()


def test_every_type_is_kept(site, snmpd):
    oids = " ".join(f"{UPS}.1.{i}.0" for i in range(1, 11))
    probe = Probe(site, snmpd(DATA).port, f'read = "{oids}"', "snmp_version = v2c")
    probe.wait_fresh()
    values = probe.values()
    assert [values[f"snmp.{i}"] for i in range(1, 11)] == [
        'TEXT "Chestnut Works"', "INTEGER -5", "UNSIGNED 4000000000", "COUNTER 7", "TICKS 12345",
        "OID 1.3.6.1.4.1.318.1", "ADDRESS 192.0.2.1", "COUNTER64 5000000000",
        r'TEXT "\x00A\xff"', "NONE"]


@pytest.mark.parametrize("port", ["127.0.0.1:{}", "udp:127.0.0.1:{}", "tcp:127.0.0.1:{}",
                                  "localhost:{}", "[::1]:{}", "udp6:[::1]:{}"])
def test_every_kind_of_address(site, snmpd, port):
    if "::1" in port and not snmp.has_v6():
        pytest.skip("there is no IPv6 on this host's loopback")
    agent = snmpd(DATA)
    probe = Probe(site, port.format(agent.port), f'read = "{UPS}.1.2.0"')
    probe.wait_value("snmp.1", "INTEGER -5")


def test_long_texts_are_cut(site, oddagent):
    agent = oddagent({f"{PDU}.1.0": "x" * 1000})
    probe = Probe(site, agent.port, f'read = "{PDU}.1.0"')
    text = probe.wait_value("snmp.1", lambda t: t)
    assert text == 'TEXT "' + "x" * 512 + '"...'


def test_odd_encodings_are_taken_or_refused(site, oddagent):
    raw = {"1": b"\x02\x08" + b"\x00" * 4 + b"\xff\xff\xff\xfe",   # 64 bits as INTEGER
           "2": b"\x42\x04\xff\xff\xff\xff",                      # Gauge32 that looks negative
           "3": b"\x40\x03\x01\x02\x03",                          # an address of three bytes
           "4": b"\x04\x00", "5": b"\x05\x00", "6": b"\x06\x00",
           "7": b"\x44\x07\x9f\x78\x04\x3f\x80\x00\x00"}           # Opaque float 1.0
    agent = oddagent({f"{PDU}.{k}.0": ("raw", v) for k, v in raw.items()} | {UPTIME: 1})
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    assert probe.ask("get", f"{PDU}.2.0") == "UNSIGNED 4294967295"
    assert probe.ask("get", f"{PDU}.4.0") == 'TEXT ""'
    assert probe.ask("get", f"{PDU}.5.0") == "missing"
    assert probe.ask("get", f"{PDU}.7.0") == "REAL 1"
    for i in ("1", "3", "6"):
        probe.ask("get", f"{PDU}.{i}.0")  # whatever comes of it
    assert probe.process.running()


# ------------------------------------------------------------------------------ few packets


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_a_hundred_variables_take_few_packets(site, snmpd, version):
    agent = snmpd(numbers(100))
    probe = Probe(site, agent.port, f"snmp_version = {version}", QUIET)
    assert probe.fetch(1, 100) == all_there(100)
    before, turns = probe.number("requests"), probe.number("turns")
    assert probe.ask("fetch", f"{PDU} 1 99").startswith("there 99")
    assert probe.number("requests") - before <= 4
    assert probe.number("turns") - turns <= 10


def test_missing_variables_of_v1_do_not_cost_a_packet_each(site, snmpd):
    agent = snmpd("".join(f".{PDU}.{i}.0 = INTEGER: {i}\n" for i in range(1, 101, 2)))
    probe = Probe(site, agent.port, "snmp_version = v1", QUIET)
    probe.wait_fresh()
    before = probe.number("requests")
    assert probe.fetch(1, 100) == {"there": 50, "none": 50, "unread": 0, "nothing": 0,
                                   "sum": 2500}
    assert probe.number("requests") - before <= 15


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_nothing_is_there(site, snmpd, version):
    probe = Probe(site, snmpd(DATA).port, f"snmp_version = {version}", QUIET)
    assert probe.fetch(1, 60)["none"] == 60


def test_an_agent_whose_getnext_lies_is_asked_one_by_one(site, oddagent):
    agent = oddagent({f"{PDU}.{i}.0": i for i in range(2, 21, 2)} | {UPTIME: 1})
    agent.get_broken = True
    probe = Probe(site, agent.port, "snmp_version = v1", QUIET)
    assert probe.fetch(1, 20) == {"there": 10, "none": 10, "unread": 0, "nothing": 0, "sum": 110}


@pytest.mark.parametrize("limit", [1, 7, 25])
def test_too_big_is_split_and_remembered(site, oddagent, limit):
    agent = oddagent(odd_numbers(60))
    agent.too_big_above = limit
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    for _ in range(4):
        assert probe.fetch(1, 60) == all_there(60)
        probe.ask("get", UPTIME)
    agent.requests.clear()
    assert probe.fetch(1, 60) == all_there(60)
    # What it takes at a time is known by now, or nearly.
    assert len(agent.requests) <= 60 // limit * 2 + 2
    refused = [m for m in agent.requests if len(m.names) > limit]
    assert len(refused) <= 3


def test_silence_at_large_questions_is_split_and_remembered(site, oddagent):
    agent = oddagent(odd_numbers(40))
    agent.deaf_above = 12
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    assert probe.fetch(1, 40) == all_there(40)
    probe.ask("get", UPTIME)
    assert probe.fetch(1, 40) == all_there(40)
    agent.requests.clear()
    probe.ask("get", UPTIME)
    assert probe.fetch(1, 40) == all_there(40)
    assert not [m for m in agent.requests if len(m.names) > 12]


def test_large_answers_that_are_lost_on_the_way_are_split(site, snmpd, snmprelay):
    long = "".join(f'.{PDU}.{i}.0 = STRING: "{"y" * 100}"\n' for i in range(1, 41))
    relay = snmprelay(snmpd(long).port)
    relay.truncate_above = 900
    probe = Probe(site, relay.port, "snmp_version = v2c", QUIET)
    assert probe.fetch(1, 40)["there"] == 40


def test_one_variable_that_spoils_the_packet_is_left_alone(site, oddagent):
    agent = oddagent(odd_numbers(40))
    agent.gen_err = {snmp.oid(f"{PDU}.7.0"), snmp.oid(f"{PDU}.33.0")}
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    assert probe.fetch(1, 40) == {"there": 38, "none": 0, "unread": 2, "nothing": 0,
                                  "sum": 820 - 40}


def test_a_spoiler_that_is_not_named_is_found(site, oddagent):
    agent = oddagent(odd_numbers(40))
    agent.gen_err_unnamed = {snmp.oid(f"{PDU}.7.0")}
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    assert probe.fetch(1, 40)["unread"] == 1


def test_variables_at_which_an_agent_chokes_do_not_take_the_others_along(site, oddagent):
    agent = oddagent(odd_numbers(40))
    agent.deaf = {snmp.oid(f"{PDU}.7.0"), snmp.oid(f"{PDU}.8.0"), snmp.oid(f"{PDU}.31.0")}
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    assert probe.fetch(1, 40) == {"there": 37, "none": 0, "unread": 3, "nothing": 0,
                                  "sum": 820 - 46}


def test_half_hearted_answers_are_completed(site, oddagent):
    agent = oddagent(odd_numbers(20))
    agent.first_only = 9
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    assert probe.fetch(1, 20) == all_there(20)


def test_answers_in_another_order_are_sorted_out(site, oddagent):
    agent = oddagent(odd_numbers(20))
    agent.backwards = True
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    assert probe.fetch(1, 20) == all_there(20)


def test_an_agent_that_takes_one_question_at_a_time(site, oddagent):
    agent = oddagent(odd_numbers(120))
    agent.busy = True
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    for first in (1, 2, 3):
        assert probe.fetch(first, 120)["there"] == 121 - first


# ------------------------------------------------------------------------ a network that lies


@pytest.mark.parametrize("fault", ["doubled", "garbage", "wrong_id"])
def test_answers_that_are_none_are_dropped(site, oddagent, fault):
    agent = oddagent(odd_numbers(50))
    setattr(agent, fault, True)
    probe = Probe(site, agent.port, "snmp_version = v2c", QUIET)
    assert probe.fetch(1, 50) == all_there(50)
    assert probe.fetch(2, 50) == all_there(49, 2)
    assert probe.number("dropped") > 0


@pytest.mark.parametrize("lines", [["snmp_version = v2c"], v3_lines("shaaes")],
                         ids=["v2c", "v3"])
def test_losses_are_made_up_for(site, snmpd, snmprelay, lines):
    relay = snmprelay(snmpd(numbers(60)).port)
    relay.lose_request = lambda n: n % 3 == 0
    relay.lose_answer = lambda n: n % 5 == 1
    relay.double_answer = lambda n: n % 4 == 2
    probe = Probe(site, relay.port, *lines, QUIET)
    for first in (1, 2, 3):
        assert probe.fetch(first, 60) == all_there(61 - first, first)


def test_an_agent_slower_than_the_timeout_is_read_all_the_same(site, snmpd, snmprelay):
    relay = snmprelay(snmpd(numbers(10)).port)
    relay.delay = 0.7
    probe = Probe(site, relay.port, "snmp_version = v2c", "snmp_timeout = 1", QUIET)
    probe.wait_fresh()
    assert probe.fetch(1, 10) == all_there(10)
    before = relay.requests
    assert probe.fetch(2, 10) == all_there(9, 2)
    assert relay.requests == before + 1  # it is known to be slow by now


# -------------------------------------------------------------------- dead, and back again


def test_the_socket_is_served_while_an_agent_is_silent(site, snmpd):
    agent = snmpd(DATA)
    probe = Probe(site, agent.port, "snmp_timeout = 100", QUIET)
    probe.wait_fresh()
    agent.pause()
    probe.order("get", UPTIME)
    for _ in range(5):
        with probe.connect() as c:
            c.send("PING")
            c.until("PONG")
    assert "snmp.result" not in probe.values()
    assert probe.process.stop() == 0


@pytest.mark.parametrize("lines", [["snmp_version = v1"], v3_lines("md5des")], ids=["v1", "v3"])
def test_a_dead_agent_is_stale_and_back_by_itself(site, snmpd, lines):
    agent = snmpd(DATA)
    probe = Probe(site, agent.port, "snmp_retries = 0", *lines)
    probe.wait_fresh()
    agent.pause()
    probe.wait_fresh(False)
    polls = probe.number("polls")
    probe.wait_value("snmp.polls", lambda n: int(n) > polls + 2)
    log = probe.process.log()
    assert log.count("does not answer any more") == 1
    assert "tells its name" not in log
    agent.pause(False)
    probe.wait_fresh()
    probe.process.wait_log("answers again")


def test_a_port_where_nobody_listens_is_named(site, snmpd):
    agent = snmpd(DATA)
    probe = Probe(site, agent.port, "snmp_retries = 0")
    probe.wait_fresh()
    agent.stop()
    probe.process.wait_log("nobody listens there")
    probe.wait_fresh(False)
    agent.start()
    probe.wait_fresh()


@pytest.mark.parametrize("user", ["sha256", "shaaes"])
@pytest.mark.parametrize("fresh", [False, True], ids=["reboot", "memory loss"])
def test_an_agent_of_v3_may_be_restarted(site, snmpd, user, fresh):
    agent = snmpd(DATA)
    agent.restart()
    agent.restart()
    probe = Probe(site, agent.port, "snmp_retries = 1", *v3_lines(user))
    probe.wait_fresh()
    agent.restart(fresh=fresh)
    polls = probe.number("polls")
    probe.wait_value("snmp.polls", lambda n: int(n) > polls + 1)
    probe.wait_value("snmp.poll", "ok")
    probe.wait_fresh()


def test_an_agent_that_lost_count_of_its_boots_keeps_its_name(site, snmpd):
    """The same engine id with fewer boots: what RFC 3414 takes for a replay."""
    agent = snmpd(DATA, conf="exactEngineID 0x80001f8804434845535400\n")
    for _ in range(3):
        agent.restart()
    probe = Probe(site, agent.port, "snmp_retries = 1", *v3_lines("shaaes"))
    probe.wait_fresh()
    agent.restart(fresh=True)
    polls = probe.number("polls")
    probe.wait_value("snmp.polls", lambda n: int(n) > polls + 1)
    probe.wait_value("snmp.poll", "ok")


def test_a_tcp_connection_that_is_closed_is_made_again(site, snmpd):
    agent = snmpd(DATA)
    probe = Probe(site, f"tcp:127.0.0.1:{agent.port}")
    probe.wait_fresh()
    agent.stop()
    probe.process.wait_log("has closed the connection")
    probe.wait_fresh(False)
    agent.start()
    probe.wait_fresh()


def test_a_name_that_is_not_known_is_said_once(site):
    probe = Probe(site, "no-such-host.invalid", "snmp_version = v2c", args=["-D"])
    log = probe.process.wait_log(lambda text: text.count("still: the address") >= 1)
    assert log.count("] the address of no-such-host.invalid is not known") + \
        log.count("\nthe address of no-such-host.invalid") <= 2
    assert probe.process.running()


# ------------------------------------------------------------------------------ wrong keys


def test_a_wrong_community_is_explained(site, snmpd):
    probe = Probe(site, snmpd(DATA).port, "community = not-this-one", "snmp_retries = 0")
    log = probe.process.wait_log("does not know the community")
    assert "not-this-one" not in log
    assert "not-this-one" not in "".join(probe.dump())


@pytest.mark.parametrize("change, text", [
    ({"secName": "nobody-here"}, 'knows no user "nobody-here": see secName'),
    ({"authPassword": "wrong-password"}, "see authPassword, and authProtocol (SHA)"),
    ({"authProtocol": "MD5"}, "see authPassword, and authProtocol (MD5)"),
    ({"privPassword": "wrong-password"}, "see privPassword"),
    ({"privProtocol": "DES"}, "see privPassword")], ids=lambda c: "".join(c) if isinstance(c, dict) else "")
def test_wrong_keys_are_named(site, snmpd, change, text):
    lines = dict(line.split(" = ") for line in v3_lines("shaaes"))
    lines.update(change)
    probe = Probe(site, snmpd(DATA).port, "snmp_retries = 0",
                  *(f"{k} = {v}" for k, v in lines.items()), args=["-DDDDD"])
    log = probe.process.wait_log(text)
    for secret in ("wrong-password", "auth-shaaes", "priv-shaaes"):
        assert secret not in log
        assert secret not in "".join(probe.dump())


def test_a_level_that_the_user_has_not_is_named(site, snmpd):
    lines = v3_lines("sha") + ["privProtocol = AES", "privPassword = priv-sha-sha"]
    lines = [line.replace("authNoPriv", "authPriv") for line in lines]
    probe = Probe(site, snmpd(DATA).port, "snmp_retries = 0", *lines)
    probe.process.wait_log("with secLevel = authPriv")


def test_keys_that_are_mended_on_the_agent_are_taken(site, snmpd):
    agent = snmpd(DATA)
    lines = [line.replace("secName = sha", "secName = late") for line in v3_lines("sha")]
    probe = Probe(site, agent.port, "snmp_retries = 0", *lines)
    probe.process.wait_log("knows no user")
    agent.conf = "createUser late SHA auth-sha\nrouser late auth\n"
    agent.restart()
    probe.wait_fresh()


@pytest.mark.parametrize("lines, text", [
    (["snmp_version = v4"], "snmp_version = \"v4\": it is one of v1"),
    (["snmp_version = v3"], "secName is missing"),
    (["snmp_version = v3", "secName = a", "secLevel = authNoPriv"], "authPassword is missing"),
    (["snmp_version = v3", "secName = a", "secLevel = authPriv", "authPassword = 12345678",
      "privPassword = short"], "privPassword is too short"),
    (["snmp_version = v3", "secName = a", "authProtocol = ROT13"], "authProtocol = \"ROT13\""),
    (["snmp_timeout = 0"], "snmp_timeout")])
def test_options_that_cannot_be_right_end_the_driver(site, lines, text):
    probe = Probe(site, "127.0.0.1", *lines, start=False)
    assert probe.process.wait() != 0
    log = probe.process.log()
    assert text in log
    assert "short" not in log.replace("too short", "")


@pytest.mark.parametrize("port", ["", "host:0", "host:99999", "[::1", "udp:"])
def test_a_port_that_is_none_ends_the_driver(site, port):
    probe = Probe(site, port or '""', start=False)
    assert probe.process.wait() != 0


# --------------------------------------------------------------------------------- writing


@pytest.mark.parametrize("lines", [["community = private"],
                                   ["community = private", "snmp_version = v2c"],
                                   v3_lines("shaaes")], ids=["v1", "v2c", "v3"])
def test_variables_are_set_in_the_type_that_they_have(site, snmpd, lines):
    agent = snmpd(DATA)
    probe = Probe(site, agent.port, *lines, QUIET)
    for place, value, line in (("2", "17", "integer 17"), ("1", "a b", "string a b"),
                               ("3", "3000000000", "gauge 3000000000"),
                               ("5", "99", "timeticks 99"), ("7", "192.0.2.9", "ipaddress 192.0.2.9"),
                               ("6", "1.3.6.1.9", "objectid .1.3.6.1.9")):
        assert probe.ask("set", f"{UPS}.1.{place}.0 {value}") == "set"
        assert agent.sets()[-1].split(" ", 1)[1].replace(" 1.3.6.1.9", " .1.3.6.1.9") == line


def test_why_a_set_fails_is_told_apart(site, snmpd):
    agent = snmpd(DATA)
    probe = Probe(site, agent.port, "community = private", "snmp_version = v2c", QUIET,
                  args=["-DD"])
    agent.fault(f"{UPS}.1.2.0", "readonly")
    assert probe.ask("set", f"{UPS}.1.2.0 1") == "refused"
    agent.fault(f"{UPS}.1.2.0", "refuse wrong-value")
    assert probe.ask("set", f"{UPS}.1.2.0 2") == "bad value"
    agent.fault(f"{UPS}.1.2.0")
    assert probe.ask("set", f"{UPS}.1.2.0 much") == "bad value"
    assert probe.ask("set", f"{UPS}.1.99.0 1") == "missing"
    assert probe.ask("write", f"text {UPS}.1.2.0 text") == "bad value"
    assert agent.sets() == []
    assert probe.ask("write", f"integer {UPS}.1.2.0 4") == "set"


def test_a_community_that_may_only_read_is_refused(site, snmpd):
    probe = Probe(site, snmpd(DATA).port, "snmp_version = v2c", QUIET)
    assert probe.ask("set", f"{UPS}.1.2.0 1") == "refused"


def test_a_set_without_an_answer_is_a_timeout(site, snmpd):
    agent = snmpd(DATA)
    probe = Probe(site, agent.port, "community = private", "snmp_retries = 0", QUIET)
    probe.wait_fresh()
    agent.pause()
    assert probe.ask("write", f"integer {UPS}.1.2.0 1") == "timeout"


# ---------------------------------------------------------------------------------- tables


@pytest.mark.parametrize("lines", [["snmp_version = v1"], ["snmp_version = v2c"],
                                   v3_lines("sha512aes256")], ids=["v1", "v2c", "v3"])
def test_a_table_is_walked_to_its_end(site, snmpd, lines):
    agent = snmpd(numbers(70) + DATA + ".1.3.6.1.4.1.99999.2.1.0 = INTEGER: 1\n")
    probe = Probe(site, agent.port, *lines, QUIET)
    probe.wait_fresh()
    before = probe.number("requests")
    assert probe.ask("walk", PDU) == f"70 rows, {PDU}.70.0 = INTEGER 70"
    if lines[0] != "snmp_version = v1":
        assert probe.number("requests") - before <= 6
    assert probe.ask("walk", f"{PDU} 5") == f"5 rows, {PDU}.5.0 = INTEGER 5"
    assert probe.ask("walk", "1.3.6.1.4.1.99999.7").startswith("0 rows")


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_a_walk_in_circles_ends(site, oddagent, version):
    agent = oddagent(odd_numbers(20))
    agent.circle = True
    probe = Probe(site, agent.port, f"snmp_version = {version}", QUIET)
    assert probe.ask("walk", PDU) == "failed"
    assert probe.ask("walk", "1.3.6.1.4.1 10").startswith("10 rows")


def test_a_walk_whose_large_answers_are_lost_goes_on_in_small_steps(site, snmpd, snmprelay):
    relay = snmprelay(snmpd(numbers(30)).port)
    relay.truncate_above = 200
    probe = Probe(site, relay.port, "snmp_version = v2c", "snmp_retries = 0", QUIET)
    probe.wait_fresh()
    assert probe.ask("walk", PDU).startswith("30 rows")


# --------------------------------------------------------------------------------- manners


def test_no_file_of_net_snmp_is_read_or_written(site, snmpd, tmp_path):
    home = tmp_path / "home"
    (home / ".snmp").mkdir(parents=True)
    # It would ask with another version, and find the agent nowhere.
    (home / ".snmp" / "snmp.conf").write_text("defVersion 3\ndefaultPort 9\ndefCommunity nope\n")
    agent = snmpd(DATA)
    site.add_ups("ups", "probe-snmp", f"127.0.0.1:{agent.port}", "pollinterval = 1")
    process = site.start_driver("ups", env={"HOME": str(home), "MIBS": "ALL",
                                            "SNMPCONFPATH": str(home / ".snmp"),
                                            "SNMP_PERSISTENT_DIR": str(home / "persistent")})
    wait_until(lambda: LineClient(site.socket("ups")), what="the driver's socket")
    with LineClient(site.socket("ups")) as c:
        wait_until(lambda: _fresh(c), what=lambda: process.log())
    assert sorted(p.name for p in home.rglob("*")) == [".snmp", "snmp.conf"]


def _fresh(client):
    client.send("DUMPALL")
    return "DATAOK" in client.until("DUMPDONE")


def test_packets_from_elsewhere_are_not_taken(site, oddagent):
    agent = oddagent(odd_numbers(5))
    probe = Probe(site, agent.port, "snmp_version = v2c", "snmp_timeout = 30", QUIET)
    probe.wait_fresh()
    agent.silent = True
    seen = len(agent.requests)
    probe.order("get", f"{PDU}.1.0")
    wait_until(lambda: len(agent.requests) > seen, what="the question")
    # The right answer, but from another port.
    m = agent.requests[-1]
    port = _port_of(probe.process.pid)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(snmp.encode_message(1, b"public", 0xa2, m.request, 0, 0,
                                     [(m.names[0], 666)]), ("127.0.0.1", port))
    with probe.connect() as c:
        c.send("PING")
        c.until("PONG")
    assert "snmp.result" not in probe.values()
    probe.process.signal(signal.SIGTERM)
    assert probe.process.wait() == 0


def _port_of(pid):
    """The local port of the only connected UDP socket on 127.0.0.1 that belongs to it."""
    import os
    links = []
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            links.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    except PermissionError:
        pytest.skip("only root can see the descriptors of such a daemon")
    with open(f"/proc/{pid}/net/udp") as f:
        for line in f.readlines()[1:]:
            words = line.split()
            if f"socket:[{words[9]}]" in links:
                return int(words[1].split(":")[1], 16)
    raise AssertionError("it has no UDP socket")
