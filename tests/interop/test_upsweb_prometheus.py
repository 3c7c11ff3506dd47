"""Debian's Prometheus reads upsweb's metrics; the dashboard and the rules of the documentation ask
it what is there."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
from harness import CHECKOUT, DEADLINE, Process, free_port, wait_until
from web import Web

VALUES = {"ups.status": "OB DISCHRG", "battery.charge": "61", "battery.runtime": "600",
          "ups.load": "23", "input.voltage": "0.0", "device.model": "P \"1\" \\ 2"}

pytestmark = pytest.mark.skipif(not (shutil.which("prometheus") and shutil.which("promtool")),
                                reason="prometheus is not installed")


@pytest.fixture
def web(site):
    site.fake_driver("rack", VALUES)
    site.fake_driver("spare", {"ups.status": "OL"}).set_stale()
    site.start_upsd()
    shown = Web(site)
    shown.wait_ups("rack", lambda d: d["condition"] == "ok" and d["charge"])
    shown.wait_ups("spare", lambda d: d["condition"] == "stale")
    return shown


class Prometheus:
    """Debian's, which asks a upsweb once a second."""

    def __init__(self, site, web):
        self.port = free_port()
        config = site.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: upsweb
    static_configs: [{{targets: ["127.0.0.1:{web.port}"]}}]
""")
        self.process = Process("prometheus", [
            shutil.which("prometheus"), f"--config.file={config}",
            f"--storage.tsdb.path={site.state}/tsdb",
            f"--web.listen-address=127.0.0.1:{self.port}"], None, site.logs / "prometheus.log")
        site.processes.append(self.process)

    def query(self, expression):
        """{labels as a frozenset: value}"""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode(
            {"query": expression})
        with urllib.request.urlopen(url, timeout=DEADLINE) as reply:
            result = json.load(reply)["data"]["result"]
        return {frozenset(row["metric"].items()): float(row["value"][1]) for row in result}

    def wait(self, expression):
        def answers():
            assert self.process.running(), self.process.log()
            try:
                return self.query(expression)
            except OSError:
                return None
        return wait_until(answers, what=lambda: f"{expression}\n{self.process.log()}")


def dashboard_queries():
    panels = json.loads((CHECKOUT / "docs/grafana/upsweb.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_promtool_has_nothing_to_say_against_the_metrics(site, web):
    result = subprocess.run(["promtool", "check", "metrics"], input=web.get("/metrics")[2],
                            capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_the_rules_of_the_documentation_are_sound(site):
    page = (CHECKOUT / "docs/metrics.md").read_text()
    lines = re.findall(r"^    (.*)$", page[page.index("    - alert:"):], re.M)
    rules = site.write("rules.yml", "groups:\n- name: ups\n  rules:\n" +
                       "".join(f"  {line}\n" for line in lines))
    result = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True,
                            timeout=DEADLINE, check=False)
    assert result.returncode == 0 and "4 rules" in result.stdout, result.stdout + result.stderr


@pytest.mark.once
def test_prometheus_reads_them_and_the_dashboard_has_something_to_show(site, web):
    server = Prometheus(site, web)
    labels = {"ups": "rack", "server": f"127.0.0.1:{site.port}"}
    charge = server.wait("network_ups_tools_battery_charge")
    assert [value for row, value in charge.items() if labels.items() <= dict(row).items()] == [61]
    assert list(server.query('up{job="upsweb"}').values()) == [1]
    info = dict(next(iter(server.query("network_ups_tools_device_info"))))
    assert info["model"] == VALUES["device.model"]
    on_battery = server.query('network_ups_tools_ups_status{flag="OB"} == 1')
    assert [dict(row)["ups"] for row in on_battery] == ["rack"]
    lost = server.query('network_ups_tools_condition{condition="ok"} == 0')
    assert [dict(row)["ups"] for row in lost] == ["spare"]
    for expression in dashboard_queries():
        asked = expression.replace("$ups", ".*").replace("$server", ".*")
        assert server.query(asked), f"the dashboard's {expression} finds nothing"
