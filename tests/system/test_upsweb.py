"""upsweb: what it shows and does, over HTTP, before a real upsd."""

import json
import os
import re
import signal
import socket
import sqlite3

import pytest
from harness import LineClient, wait_until
from web import Web, trusting

VALUES = {"ups.status": "OL CHRG", "battery.charge": "98", "battery.runtime": "1800",
          "ups.load": "23", "input.voltage": "230.1", "device.mfr": "ACME", "device.model": "P 1"}
NASTY = "</script><img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def driver(site):
    """The driver of one UPS, `rack`, whose values the test changes."""
    fake = site.fake_driver("rack", VALUES)
    fake.commands = ["beeper.mute", "load.off"]
    fake.extra = {"input.transfer.low": ["SETFLAGS input.transfer.low RW",
                                         "ADDRANGE input.transfer.low 160 200"],
                  "ups.beeper.status": ["SETFLAGS ups.beeper.status RW",
                                        "ADDENUM ups.beeper.status enabled",
                                        "ADDENUM ups.beeper.status disabled"],
                  "ups.id": ["SETFLAGS ups.id RW STRING", "SETAUX ups.id 12"]}
    fake.variables.update({"input.transfer.low": "180", "ups.beeper.status": "enabled", "ups.id": "x"})
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    site.add_user("looker", "secret")
    site.start_upsd()
    return fake


@pytest.fixture
def web(site, driver):
    shown = Web(site, "CONTROL yes")
    shown.wait_ups("rack", lambda d: d["condition"] == "ok" and d["charge"])
    return shown


# ---------------------------------------------------------------------------- reading

def test_a_ups_is_shown_with_its_values_and_what_they_mean(web):
    ups = web.ups("rack")
    assert ups["id"] == web.id("rack") and ups["level"] == "ok"
    assert ups["words"] == ["on line", "charging"] and ups["charge"] == "98"
    whole = web.json(f"/api/v1/ups/{web.id('rack')}")
    assert whole["vars"]["input.voltage"] == "230.1"
    assert whole["meta"]["input.voltage"]["unit"] == "V" and whole["meta"]["input.voltage"]["desc"]
    assert whole["meta"]["battery.charge"]["unit"] == "%"
    assert web.json("/api/v1/ups", vars=1)["ups"][0]["vars"]["device.model"] == "P 1"


@pytest.mark.parametrize("path, status", [
    ("/api/v1/ups/nobody", 404), ("/api/v1/nothing", 404), ("/nothing", 404), ("/%00", 400),
    ("/api/v1/events?id=nobody", 404), ("/api/v1/log?limit=many", 400), ("/healthz?strict", 200),
    ("/api/v1/log?limit=-1", 400), ("/api/v1/history?id=x", 404), ("/api/v1/settings?id=x", 401),
    ("/api/v1/login", 405), ("/../../etc/passwd", 404)])
def test_each_address_has_its_answer(web, path, status):
    assert web.get(path)[0] == status


def test_every_answer_is_guarded_by_its_head(web):
    for path in ("/", "/api/v1/ups", "/nothing", "/metrics", "/healthz"):
        headers = web.get(path)[1]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Server" not in headers


def test_the_page_runs_its_own_script_only_and_differs_each_time(web):
    seen = set()
    for _ in range(2):
        _, headers, text = web.get("/")
        policy = headers["Content-Security-Policy"]
        nonces = set(re.findall(r'nonce="([0-9a-f]{32})"', text))
        assert len(nonces) == 1 and text.count('nonce="') == 2
        assert f"script-src 'nonce-{nonces.copy().pop()}'" in policy and "unsafe" not in policy
        assert not re.search(r"<[a-z][^>]*\s(on[a-z]+|style)=", text)
        assert not re.search(r"(src|href)=\"(https?:)?//", text)
        assert len(text) < 150_000
        seen |= nonces
    assert len(seen) == 2


def test_without_script_there_is_a_table_and_texts_stay_texts(site, driver, web):
    driver.set("device.model", NASTY)
    driver.set("ups.status", f"OL {NASTY.replace(' ', '')}")
    # All that is asked below has to be there: values come one by one.
    text = wait_until(lambda: (lambda t: "&lt;img" in t and "98 %" in t and "230.1 V" in t
                               and t)(web.get("/")[2]))
    table = text[text.index("<tbody>"):text.index("</tbody>")]
    assert "<img" not in text and "&lt;img" in table
    assert "98 %" in table and "1800 s" in table and "230.1 V" in table


def test_head_is_answered_without_a_body(web):
    status, headers, text = web.request("HEAD", "/api/v1/ups")
    assert status == 200 and text == "" and headers["Content-Type"] == "application/json"


# ----------------------------------------------------------------------------- events

def test_a_power_failure_reaches_an_open_page_at_once(driver, web):
    stream = web.stream()
    stream.wait(lambda name, data: name == "ready")
    driver.set("ups.status", "OB DISCHRG")
    driver.set("input.voltage", "0")
    _, ups = stream.wait(lambda n, d: n == "ups" and d["status"] == "OB DISCHRG")
    assert ups["level"] == "crit" and ups["words"] == ["on battery", "discharging"]
    _, event = stream.wait(lambda n, d: n == "log" and d["kind"] == "status")
    assert event["text"] == "on battery" and event["from"] == "OL CHRG"
    assert event["to"] == "OB DISCHRG" and event["cause"].startswith("input.voltage")
    stream.close()


def test_a_stream_of_one_ups_tells_its_variables(driver, web):
    stream = web.stream(f"/api/v1/events?id={web.id('rack')}")
    wait_until(lambda: stream.reply.status == 200)
    driver.set("input.voltage", "211")
    _, change = stream.wait(lambda n, d: n == "vars" and "input.voltage" in d["set"])
    assert change["id"] == web.id("rack") and change["set"]["input.voltage"] == "211"
    driver.delete("input.voltage")
    stream.wait(lambda n, d: n == "vars" and "input.voltage" in d["unset"])
    stream.close()


def test_a_ups_that_comes_is_told_and_one_that_goes(site, driver, web):
    def reload():
        site.run("upsd", "-c", "reload", "-P", str(site.processes[0].pid), check=True)
    stream = web.stream()
    stream.wait(lambda name, data: name == "ready")
    attic = site.fake_driver("attic", VALUES)
    reload()
    stream.wait(lambda n, d: n == "ups" and d["ups"] == "attic" and d["condition"] == "ok")
    attic.close()
    del site._sections["attic"]
    site.write_ups_conf()
    reload()
    stream.wait(lambda n, d: n == "gone" and d["id"] == web.id("attic"))
    assert web.ups("attic") is None
    stream.close()


def test_a_reader_who_does_not_read_costs_no_memory(site, driver, web):
    """He is told the newest state when he reads again, not all that has been."""
    slow = socket.create_connection(("127.0.0.1", web.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    for n in range(300):
        driver.set("device.model", f"{n:04}" + "x" * 4000)
    wait_until(lambda: web.ups("rack")["model"].startswith("0299"))
    with open(f"/proc/{web.process.pid}/status", encoding="ascii") as f:
        rss = int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
    assert rss < 400_000  # kB; sanitizers take most of it
    slow.settimeout(60)
    text = b""
    while b"0299x" not in text:
        part = slow.recv(65536)
        assert part
        text += part
    assert len(text) < 4100 * 290
    slow.close()


def test_who_floods_his_stream_costs_no_memory(web):
    flood = socket.create_connection(("127.0.0.1", web.port))
    flood.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 200 " in flood.recv(4096)
    flood.setblocking(False)
    sent = 0
    try:
        while sent < 64_000_000:
            sent += flood.send(b"GET / HTTP/1.1\r\n\r\n" * 3000)
    except BlockingIOError:
        pass
    assert sent < 64_000_000
    assert web.get("/healthz")[0] == 200
    flood.close()


def test_the_log_is_kept_without_a_history_too(driver, web):
    for status in ("OB", "OL", "OB LB"):
        driver.set("ups.status", status)
        web.wait_ups("rack", lambda d, s=status: d["status"] == s)
    events = web.json("/api/v1/log")["events"]
    assert [e["to"] for e in events] == ["OB LB", "OL", "OB", "OL CHRG"]
    assert events[0]["text"] == "on battery, battery is low"
    page = web.json("/api/v1/log", before=events[1]["n"], limit=1)["events"]
    assert [e["n"] for e in page] == [events[2]["n"]]
    assert web.json("/api/v1/log", id="other@host")["events"] == []
    assert len(web.json("/api/v1/log", id=web.id("rack"))["events"]) == 4


# ---------------------------------------------------------------------------- trouble

def test_stale_data_are_critical_and_health_says_so(driver, web):
    assert web.get("/healthz?strict")[0] == 200
    driver.set_stale(True)
    ups = web.wait_ups("rack", lambda d: d["condition"] == "stale")
    assert ups["level"] == "crit"
    status, _, text = web.get("/healthz?strict")
    assert status == 503 and f"{web.id('rack')}: stale" in text
    assert web.get("/healthz")[0] == 200
    driver.set_stale(False)
    web.wait_ups("rack")
    texts = [e["text"] for e in web.json("/api/v1/log")["events"]]
    assert texts[:2] == ["data are fresh again", "data are stale"]


def test_a_server_that_dies_is_told_and_comes_back(site, driver, web):
    site.processes[0].kill()
    ups = web.wait_ups("rack", lambda d: d["condition"] == "unreachable")
    assert ups["level"] == "crit" and ups["why"] and ups["charge"] == "98"
    site.restart_upsd()
    assert web.wait_ups("rack")["level"] == "ok"


def test_a_server_that_was_never_there_is_unknown_and_fails_strictly(site):
    shown = Web(site, monitor="rack@127.0.0.1:1")
    ups = shown.wait_ups("rack", lambda d: d["condition"] == "unreachable")
    assert ups["level"] == "unknown"
    assert shown.get("/healthz?strict")[0] == 503


# ---------------------------------------------------------------------------- control

def test_who_is_logged_in_gives_commands_and_the_answer_is_the_devices(driver, web):
    web.login("admin", "secret")
    names = [c["name"] for c in web.json("/api/v1/commands", id=web.id("rack"))["commands"]]
    assert names == ["beeper.mute", "load.off"]
    assert web.post("command", id=web.id("rack"), command="beeper.mute") == (200, {"result": "ok"})
    assert any(line.startswith("INSTCMD beeper.mute") for line in driver.received)
    driver.result = lambda words: 3
    status, answer = web.post("command", id=web.id("rack"), command="load.off", value="5")
    assert status == 200 and answer["result"] == "failed" and answer["error"]
    assert any(re.match(r'INSTCMD load.off "?5', line) for line in driver.received)
    event = web.json("/api/v1/log")["events"][0]
    assert event["kind"] == "command" and event["text"] == "beeper.mute" and event["cause"] == "admin"
    assert "beeper.mute" in web.process.log() and "secret" not in web.process.log()


def test_settings_are_listed_with_their_limits_and_set(driver, web):
    web.login("admin", "secret")
    settings = {s["name"]: s for s in web.json("/api/v1/settings", id=web.id("rack"))["settings"]}
    assert settings["input.transfer.low"]["type"] == "range"
    assert settings["input.transfer.low"]["ranges"] == [[160, 200]]
    assert settings["ups.beeper.status"]["enum"] == ["enabled", "disabled"]
    assert settings["ups.id"]["type"] == "string" and settings["ups.id"]["max"] == 12
    answer = web.post("setting", id=web.id("rack"), name="ups.beeper.status", value="disabled")
    assert answer == (200, {"result": "ok"})
    assert any(line.startswith("SET ups.beeper.status") for line in driver.received)
    status, answer = web.post("setting", id=web.id("rack"), name="ups.beeper.status", value="loud")
    assert answer["result"] == "failed"


@pytest.mark.parametrize("user, password", [("admin", "wrong"), ("nobody", "secret"),
                                            ("looker", "secret")])
def test_who_may_not_set_is_not_let_in(web, user, password):
    assert web.post("login", user=user, password=password)[0] == 401
    assert web.json("/api/v1/session")["user"] is None


def test_without_login_nothing_is_commanded(driver, web):
    for path, body in (("command", {"id": web.id("rack"), "command": "load.off"}),
                       ("setting", {"id": web.id("rack"), "name": "ups.id", "value": "y"})):
        assert web.post(path, **body)[0] == 401
    assert web.get(f"/api/v1/settings?id={web.id('rack')}")[0] == 401
    assert not any("load.off" in line or "SET ups.id" in line for line in driver.received)


def test_a_request_of_another_site_commands_nothing(driver, web):
    web.login("admin", "secret")
    body = json.dumps({"id": web.id("rack"), "command": "load.off"})
    forged = [{"Content_Type": "application/json"},
              {"Content_Type": "application/json", "X_CSRF_Token": "0" * 64},
              {"Content_Type": "text/plain", "X_CSRF_Token": web.csrf}]
    for headers in forged:
        assert web.request("POST", "/api/v1/command", body, **headers)[0] in (400, 401)
    assert not any("load.off" in line for line in driver.received)


def test_logging_out_ends_the_session(driver, web):
    web.login("admin", "secret")
    cookie = web.cookie
    assert web.json("/api/v1/session")["user"] == "admin"
    assert web.post("logout")[0] == 200
    web.cookie = cookie
    assert web.json("/api/v1/session")["user"] is None
    assert web.post("command", id=web.id("rack"), command="load.off")[0] == 401


def test_the_cookie_is_for_this_site_alone_and_no_scripts(web):
    _, headers, _ = web.request("POST", "/api/v1/login", {"user": "admin", "password": "secret"})
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie


def test_guessing_is_slowed_down(web):
    answers = [web.post("login", user="admin", password=f"guess{n}")[0] for n in range(6)]
    assert answers[:4] == [401] * 4 and answers[-1] == 429
    status, headers, _ = web.request("POST", "/api/v1/login", {"user": "admin", "password": "secret"})
    assert status == 429 and int(headers["Retry-After"]) > 0


def test_a_password_is_not_taken_in_the_clear_through_a_proxy(web):
    body = {"user": "admin", "password": "secret"}
    far = {"X_Forwarded_For": "192.0.2.1"}
    assert web.request("POST", "/api/v1/login", body, **far)[0] == 403
    status, headers, _ = web.request("POST", "/api/v1/login", body, X_Forwarded_Proto="https", **far)
    assert status == 200 and "Secure" in headers["Set-Cookie"]


def test_it_only_shows_unless_told_otherwise(site, driver):
    shown = Web(site)
    shown.wait_ups("rack")
    assert shown.json("/api/v1/session")["readonly"] is True
    assert shown.post("login", user="admin", password="secret")[0] == 403
    assert shown.post("command", id=shown.id("rack"), command="load.off")[0] == 403


@pytest.mark.parametrize("body", ["", "x", "[]", "null", "{", '{"user":1,"password":2}',
                                  '{"user":"a","user":"b","password":"c"}', '{"user":"' + "a" * 2000 +
                                  '","password":"b"}', "[" * 5000])
def test_a_body_that_is_none_is_refused(web, body):
    assert web.request("POST", "/api/v1/login", body, Content_Type="application/json")[0] == 400


def test_too_large_requests_are_refused_and_harm_nobody(web):
    try:
        assert web.request("POST", "/api/v1/login", "x" * 100_000,
                           Content_Type="application/json")[0] in (400, 413)
    except OSError:
        pass  # it hung up
    try:
        assert web.get("/?" + "a" * 40_000)[0] in (400, 414)
    except OSError:
        pass
    assert web.get("/healthz")[0] == 200


def test_rubbish_harms_nobody(web):
    for rubbish in (b"\0" * 5000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", os.urandom(3000),
                    b"POST /api/v1/login HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                    b"POST /api/v1/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                    b"GET /%ff%fe?%=%&=&&a HTTP/1.1\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", web.port)) as s:
            s.sendall(rubbish)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(60)
            try:
                while s.recv(4096):
                    pass
            except OSError:
                pass
    assert web.get("/healthz")[0] == 200


# ---------------------------------------------------------------------------- history

def test_the_history_has_values_and_events_and_outlives_a_restart(site, driver):
    path = site.state / "history.db"
    shown = Web(site, f"HISTORY {path}")
    shown.wait_ups("rack")
    driver.set("ups.status", "OB")
    driver.set("battery.charge", "77")
    shown.wait_ups("rack", lambda d: d["charge"] == "77" and d["status"] == "OB")

    def series(web):
        return web.json("/api/v1/history", id=web.id("rack"), var=["battery.charge", "ups.load"])
    wait_until(lambda: any(p[1] <= 77 <= p[3] for p in series(shown)["series"]["battery.charge"]))
    assert series(shown)["series"]["ups.load"][-1][2] == 23
    wait_until(lambda: len(series(shown)["outages"]) == 1)
    shown.process.stop()
    again = Web(site, f"HISTORY {path}")
    events = wait_until(lambda: again.json("/api/v1/log", id=again.id("rack"))["events"])
    assert [e["to"] for e in events if e["kind"] == "status"] == ["OB"]
    again.wait_ups("rack")
    assert any(p[1] <= 77 <= p[3] for p in series(again)["series"]["battery.charge"])
    status, headers, text = again.get(f"/api/v1/export?id={again.id('rack')}")
    assert status == 200 and "attachment" in headers["Content-Disposition"]
    assert text.startswith("time,name,min,avg,max\n") and ",battery.charge," in text
    exported = again.json("/api/v1/export", id=again.id("rack"), format="json")
    assert exported["series"]["battery.charge"]
    again.process.stop()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_history_that_cannot_be_kept_is_told_once_and_the_rest_goes_on(site, driver):
    shown = Web(site, f"HISTORY {site.state}/no/such/folder/h.db")
    shown.process.wait_log("nothing is kept")
    shown.wait_ups("rack")
    driver.set("ups.status", "OB")
    assert shown.wait_ups("rack", lambda d: d["status"] == "OB")
    assert shown.get(f"/api/v1/history?id={shown.id('rack')}")[0] == 503
    assert shown.process.log().count("nothing is kept") == 1


def test_a_broken_history_is_put_aside(site, driver):
    path = site.state / "history.db"
    path.write_bytes(b"no data base at all" * 1000)
    shown = Web(site, f"HISTORY {path}")
    shown.process.wait_log("was broken")
    assert (site.state / "history.db.broken").exists()
    wait_until(lambda: shown.json("/api/v1/log")["events"])


# ---------------------------------------------------------------------------- metrics

def test_metrics_are_those_of_the_exporter(driver, web):
    status, headers, text = web.get("/metrics", Accept="application/openmetrics-text")
    assert status == 200 and headers["Content-Type"].startswith("application/openmetrics-text")
    label = f'ups="rack",server="127.0.0.1:{web.site.port}"'
    assert f"network_ups_tools_battery_charge{{{label}}} 98\n" in text
    assert f'network_ups_tools_ups_status{{{label},flag="OL"}} 1\n' in text
    assert f'network_ups_tools_ups_status{{{label},flag="OB"}} 0\n' in text
    assert 'model="P 1"' in text and text.endswith("# EOF\n")
    families = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(families) == len(set(families))
    for line in text.splitlines():
        assert line.startswith("# ") or re.fullmatch(r'[a-z_][a-zA-Z0-9_]*\{([a-z_]+="([^"\\]|\\.)*",?)+\} \S+', line), line


def test_hostile_labels_are_escaped(driver, web):
    driver.set("device.model", 'a"b\\c')
    wait_until(lambda: 'model="a\\"b\\\\c"' in web.get("/metrics")[2])


def test_a_ups_that_is_stale_has_no_numbers(driver, web):
    driver.set_stale(True)
    web.wait_ups("rack", lambda d: d["condition"] == "stale")
    text = web.get("/metrics")[2]
    assert "battery_charge{" not in text
    assert 'condition="stale"} 1\n' in text and 'condition="ok"} 0\n' in text


# ------------------------------------------------------------------- life and addresses

def test_https_shows_the_certificate(site, driver, certs):
    shown = Web(site, f"CERTIFICATE {certs.pem('server')}", "CONTROL yes",
                tls=trusting(certs.pem("ca")), wait=False)
    wait_until(lambda: "TLS" in shown.process.log() or not shown.process.running())
    if "this build has no HTTPS" in shown.process.log():
        pytest.skip("a build without HTTPS")
    shown.wait_ready()
    shown.wait_ups("rack")
    stream = shown.stream()
    stream.wait(lambda name, data: name == "ready")
    _, headers, _ = shown.request("POST", "/api/v1/login", {"user": "admin", "password": "secret"})
    assert "Secure" in headers["Set-Cookie"]
    stream.close()
    with socket.create_connection(("127.0.0.1", shown.port)) as plain:
        plain.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        plain.settimeout(60)
        try:
            assert b"200" not in plain.recv(4096)
        except OSError:
            pass
    assert shown.get("/healthz")[0] == 200


def test_a_unix_socket_is_served(site, driver):
    path = site.state / "web.sock"
    Web(site, f"LISTEN unix:{path}")
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(path))
        s.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        s.settimeout(60)
        text = b""
        while part := s.recv(4096):
            text += part
    assert b" 200 " in text and text.endswith(b"ok\n")


def test_a_bad_configuration_is_told_by_line_and_the_old_one_stays(site, driver, web):
    site.write("upsweb.conf", "MONITOR a@b:0\nLISTEN here\nLISTN x\nHISTORY relative\nPOLLFREQ 0\n"
                              "LISTEN 127.0.0.1 1 tls\n")
    result = site.run("upsweb", "-t")
    assert result.returncode == 1
    for line, word in ((1, "a@b:0"), (2, "here"), (4, "absolute"), (5, "POLLFREQ")):
        assert re.search(rf"upsweb.conf:{line}: .*{word}", result.stdout), result.stdout
    assert "LISTEN" in result.stdout and "certificate" in result.stdout
    web.process.signal(signal.SIGHUP)
    web.process.wait_log("the old configuration stays in force")
    assert web.ups("rack")["condition"] == "ok"


def test_a_reload_watches_other_servers(site, driver, web):
    stream = web.stream()
    stream.wait(lambda name, data: name == "ready")
    conf = (site.conf / "upsweb.conf").read_text()
    site.write("upsweb.conf", conf.replace("*@", "rack@").replace("POLLFREQ 1", 'POLLFREQ 2'))
    web.process.signal(signal.SIGHUP)
    web.process.wait_log("configuration read anew")
    web.wait_ups("rack")
    wait_until(lambda: stream.ended)
    stream.close()


def test_a_port_in_use_is_told(site, driver, web):
    result = site.run("upsweb", "-F", *site._as_user)
    assert result.returncode == 1 and f"port {web.port}" in result.stderr + result.stdout


def test_it_ends_while_streams_and_orders_are_open(site, driver, web):
    web.login("admin", "secret")
    streams = [web.stream() for _ in range(5)]
    driver.result = lambda words: None
    order = web.connection()
    order.request("POST", "/api/v1/command", json.dumps({"id": web.id("rack"), "command": "load.off"}),
                  {"Content-Type": "application/json", "Cookie": web.cookie, "X-CSRF-Token": web.csrf})
    wait_until(lambda: any("load.off" in line for line in driver.received))
    assert web.process.stop() == 0
    for stream in streams:
        wait_until(lambda s=stream: s.ended)
    order.close()


def test_options_of_the_command_line(site):
    assert "usage: upsweb" in site.run("upsweb", "-h", check=True).stdout
    assert "upsweb" in site.run("upsweb", "-V", check=True).stdout
    assert site.run("upsweb", "-x").returncode == 1
    assert site.run("upsweb", "operand").returncode == 1
    assert site.run("upsweb", "-c", "stop").returncode == 1
    result = site.run("upsweb", "-F", *site._as_user)
    assert result.returncode == 1 and "upsweb.conf" in result.stdout + result.stderr
