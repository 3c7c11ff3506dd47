"""Programs of others that watch UPSes, as they are, before our upsd: Debian's collectd and
check_ups, and node-nut of npm."""

import shutil
import subprocess

import pytest
from harness import CHECKOUT, DEADLINE, Process, wait_until

VALUES = {"ups.status": "OL CHRG", "battery.charge": "98", "battery.runtime": "1800",
          "ups.load": "23", "input.voltage": "230.1", "output.voltage": "229.0",
          "ups.temperature": "25.5", "ups.model": "P 1"}
CHECK_UPS = "/usr/lib/nagios/plugins/check_ups"
COLLECTD = "/usr/sbin/collectd"


@pytest.fixture
def driver(site):
    fake = site.fake_driver("rack", VALUES)
    fake.add_command("beeper.mute")
    site.upsd = site.start_upsd()
    site.upsd.wait_for("rack", "ups.status", "OL CHRG")
    return fake


@pytest.mark.skipif(not shutil.which(CHECK_UPS), reason="check_ups is not installed")
def test_check_ups_tells_what_the_ups_is(site, driver):
    def check(*args):
        result = subprocess.run([CHECK_UPS, "-H", "127.0.0.1", "-p", str(site.port), "-u", "rack",
                                 *args], capture_output=True, text=True, timeout=DEADLINE,
                                check=False)
        return result.returncode, result.stdout

    status, text = check()
    assert status == 0 and "UPS OK" in text and "Online" in text
    for part in ("Utility=230.1V", "Batt=98.0%", "Load=23.0%"):
        assert part in text
    assert check("-v", "BATTPCT", "-w", "99", "-c", "50")[0] == 1
    driver.set("ups.status", "OB DISCHRG LB")
    site.upsd.wait_for("rack", "ups.status", "OB DISCHRG LB")
    status, text = check()
    assert status == 2 and "On Battery" in text and "Low Battery" in text


@pytest.mark.skipif(not shutil.which(COLLECTD), reason="collectd is not installed")
@pytest.mark.parametrize("library", ["ours", "debian"])
def test_collectd_keeps_the_values(site, build, driver, library):
    if library == "ours" and build.sanitized:
        pytest.skip("a sanitizer wants to be the first library")
    config = site.write("collectd.conf", f"""
BaseDir "{site.state}"
PIDFile "{site.state}/collectd.pid"
Interval 1
LoadPlugin nut
LoadPlugin csv
<Plugin nut>
  UPS "rack@127.0.0.1:{site.port}"
</Plugin>
<Plugin csv>
  DataDir "{site.state}/csv"
</Plugin>
""")
    env = site.environment()
    if library == "debian":
        env.pop("LD_LIBRARY_PATH")
    process = Process("collectd", [COLLECTD, "-f", "-C", config], env, site.logs / "collectd.log")
    site.processes.append(process)

    def values(name):
        found = list((site.state / "csv").rglob(f"{name}-20*"))
        lines = found[0].read_text().splitlines() if found else []
        return [float(line.split(",")[1]) for line in lines[1:]]

    wait_until(lambda: values("percent-charge"), what=lambda: process.log())
    assert values("percent-charge")[0] == 98
    assert wait_until(lambda: values("voltage-input"), what="the voltage")[0] == 230.1
    assert wait_until(lambda: values("temperature-ups") or values("temperature-battery"),
                      what="the temperature")[0] == 25.5
    driver.set("battery.charge", "40")
    wait_until(lambda: values("percent-charge")[-1] == 40, what="the new charge")


NODE_SCRIPT = """
const Nut = require(process.argv[2]);
const nut = new Nut(Number(process.argv[3]), "127.0.0.1");
nut.on("error", e => { console.log("error", e); process.exit(1); });
nut.on("ready", () => nut.GetUPSList((list, err) => {
  console.log("list", JSON.stringify({...list}), err);
  nut.GetUPSVars("rack", (vars, err) => {
    console.log("vars", JSON.stringify({...vars}), err);
    nut.GetUPSCommands("rack", (commands, err) => {
      console.log("commands", JSON.stringify(commands), err);
      nut.GetUPSVars("nobody", (vars, err) => {
        console.log("nobody", JSON.stringify(vars), JSON.stringify(err));
        nut.close(); process.exit(0);
      });
    });
  });
}));
nut.start();
"""


@pytest.fixture(scope="session")
def node_nut():
    """The package, fetched once; skips where it cannot be had."""
    folder = CHECKOUT / ".cache/node-nut"
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    if not (folder / "package/node-nut.js").exists():
        if not shutil.which("npm"):
            pytest.skip("npm is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["npm", "pack", "--silent", "node-nut@1.0.3"], cwd=folder,
                                capture_output=True, text=True, timeout=120, check=False)
        if packed.returncode:
            pytest.skip("node-nut cannot be fetched: " + packed.stderr.strip()[:200])
        subprocess.run(["tar", "xf", packed.stdout.strip()], cwd=folder, check=True)
    return folder / "package/node-nut.js"


@pytest.mark.once
def test_node_nut_reads_everything(site, driver, node_nut):
    script = site.write("read.js", NODE_SCRIPT)
    result = subprocess.run(["node", script, node_nut, str(site.port)], capture_output=True,
                            text=True, timeout=DEADLINE, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    said = dict(line.split(" ", 1) for line in result.stdout.splitlines())
    assert '"rack"' in said["list"] and '"battery.charge":"98"' in said["vars"]
    assert "beeper.mute" in said["commands"] and "UNKNOWN-UPS" in said["nobody"]
