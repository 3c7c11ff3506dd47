"""upsweb before peers and devices that mean it no good, or that are merely odd."""

import resource
import select
import socket

import pytest
from harness import DEADLINE, wait_until
from web import Web

VALUES = {"ups.status": "OL CHRG", "battery.charge": "98"}


@pytest.fixture
def driver(site):
    fake = site.fake_driver("rack", VALUES)
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    site.start_upsd()
    return fake


@pytest.fixture
def web(site, driver):
    shown = Web(site, "CONTROL yes")
    shown.wait_ups("rack", lambda d: d["condition"] == "ok" and d["charge"])
    return shown


def raw(web, head):
    peer = socket.create_connection(("127.0.0.1", web.port), timeout=DEADLINE)
    peer.sendall(head.encode())
    return peer


def test_what_a_reader_of_events_sends_is_not_kept(web):
    """It is to send nothing; if it does, it gets stuck, and upsweb does not grow."""
    peer = raw(web, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    while b"ready" not in peer.recv(65536):
        pass
    before, sent = web.process.rss_kib(), 0
    peer.setblocking(False)
    while sent < 64 << 20 and select.select([], [peer], [], 2)[1]:
        sent += peer.send(b"x" * 65536)
    assert sent < 64 << 20
    assert web.process.rss_kib() - before < 8 << 10
    peer.close()
    assert web.get("/healthz")[0] == 200


def test_readers_are_not_told_of_what_they_cannot_see(driver, web):
    """Counters that run would else send each UPS to each page, again and again."""
    stream, one = web.stream(), web.stream(f"/api/v1/events?id={web.id('rack')}")
    stream.wait(lambda name, data: name == "ready")
    for n in range(5):
        driver.set("ups.timer.start", str(n))
        one.wait(lambda name, data, n=n: name == "vars" and
                 data["set"].get("ups.timer.start") == str(n))
    driver.set("battery.charge", "97")
    stream.wait(lambda name, data: name == "ups" and data["charge"] == "97")
    behind = stream.events[[name for name, _ in stream.events].index("ready") + 1:]
    assert [name for name, _ in behind] == ["ups"]
    stream.close()
    one.close()


def test_too_many_connections_are_told_of_once_and_served_later(site, driver):
    few = min(128, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    web = Web(site, wait=False)
    web.process.stop()
    web.process = site.start("upsweb", "-F", *site._as_user,
                             prefix=["prlimit", f"--nofile={few}"])
    web.wait_ready()
    crowd = [raw(web, "") for _ in range(few)]
    web.process.wait_log("no more connections are taken for now")
    for peer in crowd:
        peer.close()
    wait_until(lambda: web.get("/healthz")[0] == 200, what="connections are taken again")
    assert web.process.log().count("accept") + web.process.log().count("no more connections") < 5


def test_a_proxy_is_believed_only_about_who_spoke_to_it(web):
    """What stands before that in X-Forwarded-For is the guesser's own word."""
    def guess(n):
        return web.request("POST", "/api/v1/login", {"user": "admin", "password": f"no{n}"},
                           X_Forwarded_For=f"10.0.0.{n}, 192.0.2.7", X_Forwarded_Proto="https")[0]

    answers = [guess(n) for n in range(6)]
    assert answers == [401] * 5 + [429]


def test_guesses_at_the_same_time_are_counted_too(web):
    body = '{"user": "admin", "password": "no"}'
    head = ("POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}")
    crowd = [raw(web, head) for _ in range(20)]
    answers = [int(peer.recv(4096).split()[1]) for peer in crowd]
    assert answers.count(401) <= 5 and set(answers) == {401, 429}


def test_no_name_and_no_text_of_a_device_makes_the_metrics_unreadable(driver, web):
    parser = pytest.importorskip("prometheus_client.openmetrics.parser",
                                 reason="python3-prometheus-client is not installed")
    driver.set("ups.status", "OL \"LB\\ {x}\n")
    for name in ("condition", "device", "device.info", "a-b", "a.b", "ups.Status"):
        driver.set(name, "1")
    driver.send_raw(b'SETINFO device.model "\xb0C \xe2\x82\xac \\" \\\\ caf\xe9"\n')
    driver.set("device.serial", "last")
    web.wait_ups("rack")
    wait_until(lambda: 'serial="last"' in web.get("/metrics")[2], what="the last value is there")
    text = web.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")[2]
    families = {f.name: f for f in parser.text_string_to_metric_families(text)}
    info = families["network_ups_tools_device"].samples[0].labels
    assert info["model"] == '?C € " \\ caf?' and info["ups"] == "rack"


def test_status_is_a_state_set_and_known_by_the_names_of_the_exporters(driver, web):
    text = web.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")[2]
    labels = f'{{ups="rack",server="127.0.0.1:{web.site.port}"'
    assert "# TYPE upsweb_ups_status stateset\n" in text
    for line in (f'upsweb_ups_status{labels},upsweb_ups_status="OL"}} 1',
                 f'network_ups_tools_ups_status{labels},flag="OB"}} 0',
                 f'network_ups_tools_battery_charge{labels}}} 98',
                 f'nut_battery_charge{labels}}} 0.98', f'nut_status{labels}}} 1'):
        assert f"{line}\n" in text
    older = web.get("/metrics")
    assert older[1]["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE upsweb_ups_status gauge\n" in older[2] and "# EOF" not in older[2]
    driver.set("ups.status", "OB LB DISCHRG")
    wait_until(lambda: f"nut_status{labels}}} 3\n" in web.get("/metrics")[2], what="it counts 3")


def test_a_reload_answers_the_orders_that_are_on_their_way(site, driver, web):
    """They use the servers' rules for TLS, which a reload replaces."""
    web.login("admin", "secret")
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    site.write("upsweb.conf", (site.conf / "upsweb.conf").read_text() +
               f"MONITOR mute@127.0.0.1:{port}\n")
    web.process.signal(1)
    web.wait_ups("mute", lambda d: True)
    peer = raw(web, f"GET /api/v1/commands?id=mute@127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n"
                    f"Cookie: {web.cookie}\r\n\r\n")
    links = [silent.accept(), silent.accept()]  # the watching one's, the order's
    web.process.signal(1)
    assert int(peer.recv(4096).split()[1]) == 503
    for link in [silent, *(accepted for accepted, _ in links)]:
        link.close()
    web.wait_ups("rack")


@pytest.mark.long
def test_a_stream_outlives_the_time_that_idle_connections_have(web):
    peer = raw(web, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    peer.settimeout(DEADLINE)
    seen = b""
    while seen.count(b": alive") < 5:  # one each 15 s
        more = peer.recv(65536)
        assert more, f"hung up after {seen.count(b': alive')} signs of life"
        seen += more
    peer.close()
