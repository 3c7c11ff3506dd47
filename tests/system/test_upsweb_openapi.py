"""docs/api/upsweb.openapi.json is what upsweb answers: each address is asked and compared."""

import json
import urllib.parse

import pytest
from harness import CHECKOUT
from web import Web

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

API = json.loads((CHECKOUT / "docs/api/upsweb.openapi.json").read_text())
VALUES = {"ups.status": "OL CHRG", "battery.charge": "98", "input.voltage": "230.1",
          "input.transfer.low": "180", "ups.beeper.status": "enabled", "ups.id": "x"}


@pytest.fixture
def driver(site):
    fake = site.fake_driver("rack", VALUES)
    fake.commands = ["beeper.mute"]
    fake.extra = {"input.transfer.low": ["SETFLAGS input.transfer.low RW",
                                         "ADDRANGE input.transfer.low 160 200"],
                  "ups.beeper.status": ["SETFLAGS ups.beeper.status RW",
                                        "ADDENUM ups.beeper.status enabled",
                                        "ADDENUM ups.beeper.status disabled"],
                  "ups.id": ["SETFLAGS ups.id RW STRING", "SETAUX ups.id 12"]}
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    site.start_upsd()
    return fake


@pytest.fixture
def web(site, driver):
    shown = Web(site, "CONTROL yes")
    shown.wait_ups("rack", lambda d: d["condition"] == "ok" and d["charge"])
    return shown


def check(schema, value):
    whole = {**schema, "components": API["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def described(method, path, status, headers, text):
    """Compares an answer with what the file says of it; returns it parsed."""
    address = next(p for p in API["paths"] if "{id}" in p and path.startswith("/api/v1/ups/")
                   or p == path.split("?")[0])
    answer = API["paths"][address][method.lower()]["responses"].get(str(status))
    assert answer, f"{method} {path} answers {status}, which is not described: {text}"
    kind = headers["Content-Type"].split(";")[0]
    assert kind in answer["content"], f"{method} {path} answers {kind}"
    if kind != "application/json":
        return text
    check(answer["content"][kind]["schema"], json.loads(text))
    return json.loads(text)


def ask(web, method, path, body=None):
    status, headers, text = web.request(method, path, body)
    return status, described(method, path, status, headers, text)


def test_the_file_is_sound():
    for schema in API["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [operation["operationId"] for path in API["paths"].values()
             for operation in path.values()]
    assert len(names) == len(set(names))


def test_every_address_of_the_program_is_described_and_no_other():
    source = (CHECKOUT / "clients/upsweb/api.c").read_text()
    table = source[source.index("} routes[] = {"):]
    routes = {line.split('"')[1] for line in table.splitlines() if line.startswith('\t{"/')}
    # /ups_metrics is /metrics under the exporter's name for it.
    assert routes - {"/ups_metrics"} == set(API["paths"]) - {"/api/v1/ups/{id}"}


@pytest.mark.parametrize("path, wanted", [
    ("/", 200), ("/api/v1/ups", 200), ("/api/v1/ups?vars=1", 200), ("/api/v1/ups/ID", 200),
    ("/api/v1/ups/nobody", 404), ("/api/v1/log", 200), ("/api/v1/log?id=ID&limit=1", 200),
    ("/api/v1/log?limit=many", 400), ("/api/v1/session", 200), ("/healthz", 200),
    ("/healthz?strict", 200), ("/metrics", 200), ("/metrics?ups=rack", 200),
    ("/api/v1/commands?id=ID", 401), ("/api/v1/settings?id=ID", 401),
    ("/api/v1/history?id=ID", 404), ("/api/v1/export?id=ID", 404),
    ("/api/v1/events?id=nobody", 404),
])
def test_what_is_read_is_as_described(web, path, wanted):
    status, answer = ask(web, "GET", path.replace("ID", urllib.parse.quote(web.id("rack"))))
    assert status == wanted, answer


def test_what_a_user_does_is_as_described(driver, web):
    rack = web.id("rack")
    assert ask(web, "POST", "/api/v1/login", {"user": "admin"})[0] == 400
    assert ask(web, "POST", "/api/v1/login", {"user": "admin", "password": "no"})[0] == 401
    web.login("admin", "secret")
    assert ask(web, "GET", "/api/v1/session")[1]["user"] == "admin"
    assert ask(web, "GET", f"/api/v1/commands?id={rack}")[1]["commands"]
    settings = ask(web, "GET", f"/api/v1/settings?id={rack}")[1]["settings"]
    assert {s["type"] for s in settings} == {"enum", "range", "string"}
    status, answer = ask(web, "POST", "/api/v1/command", {"id": rack, "command": "beeper.mute"})
    assert (status, answer["result"]) == (200, "ok")
    status, answer = ask(web, "POST", "/api/v1/command", {"id": rack, "command": "no.such"})
    assert (status, answer["result"]) == (200, "failed")
    status, answer = ask(web, "POST", "/api/v1/setting",
                         {"id": rack, "name": "ups.id", "value": "y"})
    assert (status, answer["result"]) == (200, "ok")
    assert ask(web, "POST", "/api/v1/setting", {"id": rack, "name": "ups.id"})[0] == 400
    assert ask(web, "POST", "/api/v1/command", {"id": "nobody", "command": "x"})[0] == 404
    assert {e["kind"] for e in ask(web, "GET", "/api/v1/log")[1]["events"]} >= {"command",
                                                                               "setting"}
    assert ask(web, "POST", "/api/v1/logout", {})[1]["user"] is None


def test_what_is_off_is_as_described(site, driver):
    web = Web(site)
    assert ask(web, "POST", "/api/v1/login", {"user": "admin", "password": "secret"})[0] == 403
    assert ask(web, "GET", "/api/v1/commands?id=x")[0] == 403


def test_the_history_is_as_described(site, driver):
    web = Web(site, f"HISTORY {site.state}/web.db")
    web.wait_ups("rack")
    if not web.json("/api/v1/session")["history"]:
        pytest.skip("a build without SQLite")
    rack = web.id("rack")
    for path in ("history?points=10", "history?var=battery.charge&var=ups.load", "export?format=json",
                 "export?format=csv", "history?from=2&to=1"):
        status, answer = ask(web, "GET", f"/api/v1/{path}&id={rack}")
        assert status == (400 if "from=2" in path else 200), answer
    driver.set("ups.status", "OB DISCHRG")
    web.wait_ups("rack", lambda d: d["status"] == "OB DISCHRG")
    assert ask(web, "GET", "/api/v1/log")[0] == 200


def test_live_events_are_as_described(driver, web):
    schemas = API["components"]["schemas"]
    stream, one = web.stream(), web.stream(f"/api/v1/events?id={web.id('rack')}")
    assert stream.reply.headers["Content-Type"].startswith("text/event-stream")
    stream.wait(lambda name, data: name == "ready")
    driver.set("ups.status", "OB DISCHRG")
    stream.wait(lambda name, data: name == "ups" and data["level"] == "crit")
    stream.wait(lambda name, data: name == "log")
    change = one.wait(lambda name, data: name == "vars")[1]
    assert change == {"id": web.id("rack"), "set": {"ups.status": "OB DISCHRG"}, "unset": []}
    kinds = {"ups": "Device", "log": "Event"}
    for name, data in stream.events:
        if name in kinds:
            check(schemas[kinds[name]], data)
    assert {name for name, _ in stream.events} == {"ups", "ready", "log"}
    stream.close()
    one.close()
