"""upsmqtt at a real mosquitto."""

import json
import os
import re
import socket
import subprocess

import pytest

from harness import CHECKOUT, FakeUpsd, wait_until
from harness import mqtt
from harness.mqtt import Listener, Mosquitto, say
from harness.process import is_alive, pid_of

VALUES = {"ups.status": "OL", "battery.charge": "100", "battery.runtime": "1200",
          "ups.model": "Tree", "ups.mfr": "Chestnut", "input.voltage": "230.1", "odd": "ü \"x\""}


class Bridge:
    """An upsmqtt between a upsd and a broker."""

    def __init__(self, site, upsd, broker, *lines, env=None, monitor="ups@127.0.0.1", start=True):
        self.site, self.upsd, self.broker = site, upsd, broker
        self.base = f"nut/here/{monitor.partition('@')[0]}@127.0.0.1:{upsd.port}"
        self.env = env
        given = {line.partition(" ")[0]: line for line in lines}
        if "PREFIX" not in given:
            lines = (*lines, "PREFIX nut/here")
        self.lines = [f"MONITOR {monitor}:{upsd.port}", f"BROKER 127.0.0.1:{broker.port}",
                      "POLLFREQ 1", *lines]
        self.configure()
        self.process = self.start() if start else None

    def configure(self, *more):
        self.site.write("upsmqtt.conf", "\n".join([*self.lines, *more]) + "\n")

    def start(self):
        args = ["-u", self.site.user] if self.site.user else []
        return self.site.start("upsmqtt", "-F", *args, env=self.env)


@pytest.fixture
def upsd():
    server = FakeUpsd({"ups": VALUES}, push=True)
    yield server
    server.close()


@pytest.fixture
def broker(site, build):
    """A function that starts a broker."""
    try:
        build.program("upsmqtt")
    except LookupError as e:
        pytest.skip(str(e))

    def make(*lines, **options):
        try:
            return Mosquitto(site, *lines, **options)
        except mqtt.Unavailable as e:
            pytest.skip(str(e))
    return make


@pytest.fixture
def listener(site):
    """A function that starts a subscriber."""
    made = []

    def make(broker, *args, **options):
        made.append(Listener(site, broker.port, *args, **options))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def bridge(site, upsd, broker, listener):
    """A function that starts all of them: (bridge, listener)."""
    def make(*lines, **options):
        server = broker()
        ears = listener(server)
        made = Bridge(site, upsd, server, *lines, **options)
        ears.wait(f"{made.base}/availability", "online")
        return made, ears
    return make


# ------------------------------------------------------------------------------ telling


def test_a_ups_is_told_by_variables_and_as_json(bridge, upsd):
    made, ears = bridge()
    for name, value in VALUES.items():
        ears.wait(f"{made.base}/var/{name}", value)
    state = json.loads(ears.topics[f"{made.base}/state"])
    assert state["vars"] == VALUES
    assert (state["condition"], state["why"]) == ("ok", "")
    assert ears.topics["nut/here/status"] == "online"
    assert ears.topics[f"{made.base}/condition"] == "ok"
    upsd.set("ups", "battery.charge", "99")
    ears.wait(f"{made.base}/var/battery.charge", "99")
    ears.wait(f"{made.base}/state", lambda text: json.loads(text)["vars"]["battery.charge"] == "99")


def test_who_comes_later_finds_what_is_retained(bridge, listener):
    made, ears = bridge()
    ears.wait(f"{made.base}/state", lambda text: json.loads(text)["vars"] == VALUES)
    late = listener(made.broker, "--retained-only")
    for name, value in VALUES.items():
        late.wait(f"{made.base}/var/{name}", value)
    late.wait(f"{made.base}/state", lambda text: json.loads(text)["vars"] == VALUES)
    late.wait(f"{made.base}/availability", "online")


def test_a_power_failure_is_a_row_of_events(bridge, upsd):
    made, ears = bridge()
    for status in ("OB DISCHRG", "OB DISCHRG LB", "OL CHRG", "ALARM OL RB", "OL"):
        upsd.set("ups", "ups.status", status)
        ears.wait(f"{made.base}/var/ups.status", status)
    wanted = ["ONBATT", "LOWBATT", "ONLINE", "REPLBATT", "ALARM", "NOTALARM"]
    wait_until(lambda: ears.events(f"{made.base}/event") == wanted,
               what=lambda: f"events: {ears.events(f'{made.base}/event')}")
    event = json.loads(next(payload for topic, payload in ears.heard
                            if topic == f"{made.base}/event"))
    assert event["ups.status"] == "OB DISCHRG" and event["battery.charge"] == "100"


def test_stale_data_are_offline_and_no_status(bridge, upsd):
    made, ears = bridge()
    upsd.set_error("ups", "DATA-STALE")
    ears.wait(f"{made.base}/availability", "offline")
    ears.wait(f"{made.base}/condition", "stale")
    upsd.set_error("ups", None)
    ears.wait(f"{made.base}/availability", "online")
    wait_until(lambda: ears.events(f"{made.base}/event") == ["COMMBAD", "COMMOK"],
               what=lambda: f"events: {ears.events(f'{made.base}/event')}")


def test_a_upsd_that_is_gone_is_unreachable_and_comes_back(bridge, upsd):
    made, ears = bridge()
    upsd.close()
    ears.wait(f"{made.base}/condition", "unreachable")
    ears.wait(f"{made.base}/availability", "offline")
    upsd.listen()
    ears.wait(f"{made.base}/availability", "online")


def test_all_of_a_server_come_and_go(site, broker, listener):
    upsd = FakeUpsd({"a": VALUES, "b": VALUES})
    server = broker()
    ears = listener(server)
    Bridge(site, upsd, server, "DISCOVERY homeassistant", monitor="*@127.0.0.1")
    for ups in "ab":
        ears.wait(f"nut/here/{ups}@127.0.0.1:{upsd.port}/availability", "online")
    upsd.close()


def test_only_some_variables_are_told(bridge):
    made, ears = bridge("VARIABLES ups.* battery.charge", "JSON yes")
    ears.wait(f"{made.base}/var/battery.charge", "100")
    told = {topic.rpartition("/")[2] for topic in ears.topics if "/var/" in topic}
    assert told == {"ups.status", "ups.model", "ups.mfr", "battery.charge"}
    assert set(json.loads(ears.topics[f"{made.base}/state"])["vars"]) == told


# ---------------------------------------------------------------------------- the broker


def test_its_death_is_told_by_the_broker_and_its_end_by_itself(bridge):
    made, ears = bridge()
    made.process.kill()
    ears.wait("nut/here/status", "offline")
    made.process = made.start()
    ears.wait("nut/here/status", "online")
    made.process.stop()
    ears.wait("nut/here/status", "offline")


def test_a_broker_that_comes_back_is_told_everything_anew(bridge, upsd, listener):
    made, ears = bridge()
    made.broker.stop()
    made.process.wait_log("no connection to")
    upsd.set("ups", "ups.status", "OB LB")
    made.broker.start()     # it has kept nothing
    again = listener(made.broker)
    again.wait(f"{made.base}/var/ups.status", "OB LB")
    again.wait(f"{made.base}/var/input.voltage", "230.1")
    again.wait("nut/here/status", "online")
    # What happened meanwhile is told late rather than never.
    wait_until(lambda: again.events(f"{made.base}/event") == ["ONBATT", "LOWBATT"],
               what=lambda: f"events: {again.events(f'{made.base}/event')}")


def test_a_broker_that_comes_late_is_waited_for(site, upsd, broker, listener):
    server = broker()
    server.stop()
    made = Bridge(site, upsd, server)
    made.process.wait_log("no connection to")
    server.start()
    listener(server).wait(f"{made.base}/availability", "online")


@pytest.mark.once
def test_a_broker_that_hangs_costs_no_memory_and_gets_the_newest(site, broker, listener):
    upsd = FakeUpsd({"ups": {f"odd.{n}": "0" for n in range(600)}})
    server = broker()
    ears = listener(server)
    made = Bridge(site, upsd, server, "KEEPALIVE 3600", "JSON no")
    ears.wait(f"{made.base}/availability", "online")
    server.pause()
    for i in range(1, 6):
        for n in range(600):
            upsd.upses["ups"][f"odd.{n}"] = str(i)
        polls = len([line for line in upsd.received if line.startswith("LIST VAR")])
        upsd.wait_received("LIST VAR", polls + 2)
    server.go_on()
    for n in (0, 300, 599):
        ears.wait(f"{made.base}/var/odd.{n}", "5")
    upsd.close()
    # Before the pause, until there was no room, and at the end: not once for each poll.
    assert len([topic for topic, _ in ears.heard if "/var/odd." in topic]) < 2600


def test_a_ups_that_is_not_watched_any_more_is_offline(site, upsd, broker, listener):
    server = broker()
    say(server.port, "nut/here/old@127.0.0.1/availability", "online", "-r")
    made = Bridge(site, upsd, server)
    ears = listener(server)
    ears.wait("nut/here/old@127.0.0.1/availability", "offline")
    ears.wait(f"{made.base}/availability", "online")


def test_a_reload_changes_what_is_told(bridge):
    made, ears = bridge()
    made.lines.append("DISCOVERY homeassistant")
    made.lines = [line for line in made.lines if not line.startswith("PREFIX")]
    made.configure("PREFIX nut/there")
    made.process.signal(1)
    ears.wait("nut/there/status", "online")
    ears.wait("nut/here/status", "offline")
    made.configure("PREFIX nut/#")
    made.process.signal(1)
    made.process.wait_log("the old one stays in force")
    assert ears.topics["nut/there/status"] == "online"


# ---------------------------------------------------------------------------- passwords, TLS


def password_broker(broker, site, *lines):
    file = site.root / "passwords"
    file.touch(0o600)
    for user in ("nut", "homeassistant", "admin"):
        subprocess.run([mqtt.find("mosquitto_passwd"), "-b", file, user, "s3cret"], check=True)
    return broker(f"password_file {file}", *lines, anonymous=False)


def test_the_password_is_in_a_file(site, upsd, broker, listener):
    server = password_broker(broker, site)
    secret = site.write("broker.password", "s3cret\n", mode=0o600)
    made = Bridge(site, upsd, server, "USER nut", f"PASSWORDFILE {secret}")
    ears = listener(server, "-u", "nut", "-P", "s3cret")
    ears.wait(f"{made.base}/availability", "online")
    assert "s3cret" not in made.process.log()


def test_the_access_list_of_the_document_lets_it_work(site, upsd, broker, listener):
    page = (CHECKOUT / "docs/mqtt.md").read_text()
    acl = site.root / "acl"
    acl.write_text(re.search(r"```\n(user nut\n.*?)```", page, re.S)[1])
    acl.chmod(0o600)
    server = password_broker(broker, site, f"acl_file {acl}")
    secret = site.write("broker.password", "s3cret\n", mode=0o600)
    made = Bridge(site, upsd, server, "USER nut", f"PASSWORDFILE {secret}", "DISCOVERY yes",
                  "COMMANDS beeper.mute")
    ears = listener(server, "-u", "homeassistant", "-P", "s3cret")
    ears.wait(f"{made.base}/availability", "online")
    node = f"nut_here_ups_127_0_0_1_{upsd.port}"
    ears.wait(f"homeassistant/sensor/{node}/battery_charge/config", lambda text: text)
    say(server.port, f"{made.base}/command", "load.off", "-u", "homeassistant", "-P", "s3cret")
    say(server.port, f"{made.base}/command", "beeper.mute", "-u", "admin", "-P", "s3cret")
    upsd.wait_received("INSTCMD ups beeper.mute")
    assert "load.off" not in made.process.log()


def test_a_wrong_password_is_said_and_tried_again(site, upsd, broker, listener):
    server = password_broker(broker, site)
    secret = site.write("broker.password", "wrong\n", mode=0o600)
    made = Bridge(site, upsd, server, "USER nut", f"PASSWORDFILE {secret}")
    made.process.wait_log("it refuses us")
    secret.write_text("s3cret\n")
    made.process.signal(1)
    listener(server, "-u", "nut", "-P", "s3cret").wait(f"{made.base}/availability", "online")


def tls_broker(broker, certs, identity="server", *lines):
    for name in (identity, "ca"):
        (certs.root / f"{name}.key").chmod(0o644)
    return broker(f"cafile {certs.pem('ca')}", f"certfile {certs.root / identity}.crt",
                  f"keyfile {certs.root / identity}.key", *lines)


def test_tls_checks_the_broker(site, upsd, broker, listener, certs):
    server = tls_broker(broker, certs)
    made = Bridge(site, upsd, server, "TLS yes", f"CAFILE {certs.pem('ca')}")
    ears = listener(server, "--cafile", str(certs.pem("ca")))
    ears.wait(f"{made.base}/availability", "online")
    made.process.wait_log("by TLS")
    # Many values at once: what TLS holds back is read all the same.
    for i in range(300):
        upsd.set("ups", f"odd.{i}", str(i))
    ears.wait(f"{made.base}/var/odd.299", "299")
    server.stop()
    server.start()
    made.process.wait_log("no connection to")
    again = listener(server, "--cafile", str(certs.pem("ca")))
    again.wait(f"{made.base}/var/odd.299", "299")


@pytest.mark.parametrize("identity,authority,words", [
    ("server", "other-ca", "certificate verify failed"),
    ("wrongname", "ca", "host name verification failed"),
    ("expired", "ca", "certificate verify failed"),
])
def test_a_broker_that_proves_nothing_is_told_nothing(site, upsd, broker, certs, identity,
                                                      authority, words):
    server = tls_broker(broker, certs, identity)
    made = Bridge(site, upsd, server, "TLS yes", f"CAFILE {certs.pem(authority)}")
    made.process.wait_log("no connection to")
    assert words in made.process.log()
    assert "connected to" not in made.process.log()
    assert "New client connected" not in server.process.log()


def test_a_broker_that_asks_for_a_certificate_gets_one(site, upsd, broker, listener, certs):
    server = tls_broker(broker, certs, "server", "require_certificate true")
    key = certs.root / "client.key"
    key.chmod(0o644)
    lines = ["TLS yes", f"CAFILE {certs.pem('ca')}", f"CERTFILE {certs.root}/client.crt",
             f"KEYFILE {key}"]
    made = Bridge(site, upsd, server, *lines)
    ears = listener(server, "--cafile", str(certs.pem("ca")), "--cert",
                    f"{certs.root}/client.crt", "--key", str(key))
    ears.wait(f"{made.base}/availability", "online")


# ------------------------------------------------------------------------------- orders


def test_nothing_is_obeyed_unless_it_is_allowed(bridge, upsd):
    made, ears = bridge("COMMANDS beeper.*")
    say(made.broker.port, f"{made.base}/command", "load.off")
    result = json.loads(ears.wait(f"{made.base}/result", lambda text: text))
    assert (result["command"], result["result"]) == ("load.off", "error")
    assert "not allowed" in result["error"]
    say(made.broker.port, f"{made.base}/set/ups.delay.shutdown", "5")
    say(made.broker.port, f"{made.base}/command", "beeper.mute 60")
    upsd.wait_received('INSTCMD ups beeper.mute')
    assert not [line for line in upsd.received if "load.off" in line or line.startswith("SET")]


def test_what_is_allowed_is_passed_on_and_answered(bridge, upsd):
    upsd.answers["INSTCMD"] = "OK"
    upsd.answers["SET"] = "OK"
    made, ears = bridge("COMMANDS test.battery.start", "SETTINGS ups.delay.*")
    say(made.broker.port, f"{made.base}/command", "test.battery.start 10")
    result = json.loads(ears.wait(f"{made.base}/result", lambda text: text))
    assert (result["command"], result["value"], result["result"]) == \
        ("test.battery.start", "10", "ok")
    say(made.broker.port, f"{made.base}/set/ups.delay.shutdown", "90")
    ears.wait(f"{made.base}/result", lambda text: json.loads(text).get("name") ==
              "ups.delay.shutdown" and json.loads(text)["result"] == "ok")
    upsd.wait_received("SET VAR ups ups.delay.shutdown")


def test_an_order_that_is_retained_is_never_obeyed(site, upsd, broker, listener):
    server = broker()
    base = f"nut/here/ups@127.0.0.1:{upsd.port}"
    say(server.port, f"{base}/command", "load.off", "-r")
    made = Bridge(site, upsd, server, "COMMANDS load.off")
    made.process.wait_log("is not obeyed")
    assert not [line for line in upsd.received if line.startswith("INSTCMD")]


def test_upsd_decides_by_the_user_of_authconf(site, broker, listener):
    site.add_dummy("ups", {"ups.status": "OL", "ups.delay.shutdown": "20"})
    site.add_user("mqtt", "s3cret", "actions = SET")
    site.start_driver("ups")
    upsd = site.start_upsd()
    server = broker()
    ears = listener(server)
    made = Bridge(site, upsd, server, "SETTINGS ups.*")
    ears.wait(f"{made.base}/availability", "online")
    say(server.port, f"{made.base}/set/ups.delay.shutdown", "30")
    ears.wait(f"{made.base}/result", lambda text: json.loads(text).get("error") ==
              "USERNAME-REQUIRED")
    site.write("nutauth.conf", f"[@127.0.0.1:{upsd.port}]\nuser = mqtt\npass = s3cret\n", 0o600)
    made.configure(f"AUTHCONF {site.conf}/nutauth.conf")
    made.process.signal(1)
    made.process.wait_log("configuration reloaded")
    ears.wait(f"{made.base}/availability", "online")

    def changed():
        # The link may not be up yet, after the reload.
        say(server.port, f"{made.base}/set/ups.delay.shutdown", "30")
        return ears.topics.get(f"{made.base}/var/ups.delay.shutdown") == "30"
    wait_until(changed, interval=0.3, what=lambda: f"30: {ears.topics}\n{made.process.log()}")
    assert upsd.value("ups", "ups.delay.shutdown") == "30"


# ----------------------------------------------------------------------------- discovery


def test_home_assistant_is_told_of_each_entity(bridge, upsd):
    made, ears = bridge("DISCOVERY homeassistant", "COMMANDS test.battery.start.quick")
    node = f"nut_here_ups_127_0_0_1_{upsd.port}"
    config = json.loads(ears.wait(f"homeassistant/sensor/{node}/battery_charge/config",
                                  lambda text: text))
    assert config["state_topic"] == f"{made.base}/var/battery.charge"
    assert config["unit_of_measurement"] == "%" and config["device_class"] == "battery"
    assert config["unique_id"] == f"{node}_battery_charge"
    assert config["availability_mode"] == "all"
    assert [a["topic"] for a in config["availability"]] == \
        ["nut/here/status", f"{made.base}/availability"]
    assert config["device"]["manufacturer"] == "Chestnut" and config["device"]["model"] == "Tree"
    low = json.loads(ears.topics[f"homeassistant/binary_sensor/{node}/ups_status_LB/config"])
    assert low["value_template"] == "{{ 'ON' if 'LB' in value.split() else 'OFF' }}"
    button = json.loads(ears.wait(
        f"homeassistant/button/{node}/command_test_battery_start_quick/config", lambda text: text))
    assert (button["command_topic"], button["payload_press"]) == \
        (f"{made.base}/command", "test.battery.start.quick")
    # What comes later is told later, and what was not there is not told.
    assert f"homeassistant/sensor/{node}/ups_load/config" not in ears.topics
    upsd.set("ups", "ups.load", "12")
    ears.wait(f"homeassistant/sensor/{node}/ups_load/config", lambda text: text)


# ----------------------------------------------------------------------------- the program


def uids(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("Uid:"))
    return {int(word) for word in line.split()[1:]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")
def test_it_gives_root_up_and_still_reads_what_is_roots_at_a_reload(site, upsd, broker, listener):
    server = password_broker(broker, site)
    secret = site.write("broker.password", "wrong\n", mode=0o600)
    made = Bridge(site, upsd, server, "USER nut", f"PASSWORDFILE {secret}", start=False)
    (site.conf / "upsmqtt.conf").chmod(0o600)
    process = site.start("upsmqtt", "-F", "-u", "nobody")
    process.wait_log("it refuses us")
    assert 0 not in uids(process.pid)
    secret.write_text("s3cret\n")
    process.signal(1)
    listener(server, "-u", "nut", "-P", "s3cret").wait(f"{made.base}/availability", "online")
    assert 0 not in uids(process.pid)


def test_in_the_background_it_has_a_pid_file_and_is_told_to_end(site, upsd, broker, listener):
    server = broker()
    ears = listener(server)
    made = Bridge(site, upsd, server, start=False)
    args = ["-u", site.user] if site.user else []
    site.run("upsmqtt", *args, check=True)
    ears.wait(f"{made.base}/availability", "online")
    pid = pid_of(site.pids / "upsmqtt.pid")
    assert site.run("upsmqtt", *args).returncode == 1     # another one is there
    site.run("upsmqtt", "-c", "stop", check=True)
    ears.wait("nut/here/status", "offline")
    wait_until(lambda: not is_alive(pid), what="it ends")
    assert not (site.pids / "upsmqtt.pid").exists()


def test_systemd_is_told_when_it_works(site, upsd, broker):
    server = broker()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(site.state / "notify"))
        ear.settimeout(60)
        os.chmod(site.state / "notify", 0o666)
        Bridge(site, upsd, server, env={"NOTIFY_SOCKET": str(site.state / "notify")})
        assert ear.recv(256) == b"READY=1"


@pytest.mark.parametrize("lines,words", [
    (["BROKER localhost"], "there is no UPS to watch"),
    (["MONITOR ups@localhost", "PREFIX a/+/b"], "is no beginning of a topic"),
    (["MONITOR ups@localhost", "COMMAND x"], "COMMANDS"),
    (["MONITOR ups@localhost", "CAFILE /x"], "add TLS yes"),
    (["MONITOR ups@localhost", "USER x", "PASSWORDFILE x"], "absolute path"),
    (["MONITOR ups@localhost", "QOS 2"], "QOS"),
])
def test_mistakes_are_found_by_t(site, build, lines, words):
    try:
        build.program("upsmqtt")
    except LookupError as e:
        pytest.skip(str(e))
    site.write("upsmqtt.conf", "\n".join(lines) + "\n")
    result = site.run("upsmqtt", "-t")
    assert words in result.stdout + result.stderr


@pytest.mark.parametrize("lines", [(), ("TLS yes",)])
def test_a_broker_that_says_nothing_holds_nothing_up(site, upsd, build, lines):
    """It still hears of its UPSes, reloads, and ends when it is told to."""
    try:
        build.program("upsmqtt")
    except LookupError as e:
        pytest.skip(str(e))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        class Broker:
            port = mute.getsockname()[1]
        made = Bridge(site, upsd, Broker, *lines)
        link, _ = mute.accept()
        assert link.recv(1)
        upsd.wait_received("SUBSCRIBE")
        upsd.set("ups", "ups.status", "OB")
        made.process.wait_log("ONBATT")
        made.process.signal(1)
        made.process.wait_log("configuration reloaded")
        made.process.stop()
        link.close()
