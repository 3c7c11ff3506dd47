"""PCP's OpenMetrics agent reads upsweb's metrics. Debian's package wants systemd to be installed; it
is unpacked, and its agent asked by PCP's own debugger of agents, without pmcd."""

import os
import re
import subprocess

import pytest
from harness import DEADLINE, wait_until
from web import Web

pytest.importorskip("pcp", reason="python3-pcp is not installed")
pytest.importorskip("requests", reason="python3-requests is not installed")

VALUES = {"ups.status": "OB DISCHRG", "battery.charge": "61", "battery.runtime": "600",
          "ups.load": "23", "device.model": "P \"1\" \\ 2"}
DOMAIN = 144


@pytest.fixture
def pcp(debian):
    """Where the package was unpacked."""
    if not (debian.root / "usr/bin/dbpmda").exists():
        pytest.skip("pcp is not here")
    return debian.root / "usr"


def ready(log):
    """What the agent has written, once it has read everything."""
    said = log.read_text(errors="replace")
    return said if "Ready to process requests" in said else None


def test_the_agent_reads_all_that_it_is_told(site, pcp):
    site.fake_driver("rack", VALUES)
    site.start_upsd()
    web = Web(site)
    web.wait_ups("rack", lambda d: d["condition"] == "ok" and d["charge"])
    for folder in ("urls", "var/pmns", "var/config/pmda", "tmp"):
        (site.root / folder).mkdir(parents=True)
    (site.root / "urls/ups.url").write_text(f"http://127.0.0.1:{web.port}/metrics\n")
    names = site.root / "names"
    names.write_text(f"root {{\n\topenmetrics\t{DOMAIN}:*:*\n}}\n")
    agent, log = pcp / "lib/pcp/pmdas/openmetrics/pmdaopenmetrics.python", site.root / "agent.log"
    debugger = subprocess.Popen(
        [pcp / "bin/dbpmda", "-n", names], text=True, cwd=site.root, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"PATH": f"{pcp}/bin:{os.environ['PATH']}", "PCP_BINADM_DIR": str(pcp / "lib/pcp/bin"),
             "PCP_BIN_DIR": str(pcp / "bin"), "PCP_VAR_DIR": str(site.root / "var"),
             "PCP_LOG_DIR": str(site.root), "PCP_TMP_DIR": str(site.root / "tmp")})
    try:
        debugger.stdin.write(f"open pipe /usr/bin/python3 {agent} -c {site.root}/urls -l {log} -D\n")
        debugger.stdin.flush()
        said = wait_until(lambda: ready(log), what=lambda: log.exists() and log.read_text())
    finally:
        debugger.stdin.close()
        debugger.wait(DEADLINE)
    families = set(re.findall(r"^# TYPE (\S+)", web.get("/metrics")[2], re.MULTILINE))
    read = set(re.findall(r"\d+:\t(\S+)$", said, re.MULTILINE))
    assert "Error" not in said and "Warning" not in said, said
    assert {f"network_ups_tools_{name}" for name in ("battery_charge", "ups_status", "condition")} <= read
    # An info is a metric of its name and "_info".
    assert families <= read | {name.removesuffix("_info") for name in read}, families - read
