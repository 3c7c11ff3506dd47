"""What docs/fleet.md shows is taken by the programs as it stands there."""

import re
import shutil
import subprocess

import pytest
from harness import CHECKOUT, DEADLINE

PAGE = (CHECKOUT / "docs/fleet.md").read_text()
BLOCKS = ["\n".join(line[4:] for line in block.splitlines()) + "\n"
          for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.M)]


def files(name):
    """The files of that name which the page shows."""
    found = [part.split("\n", 1) for block in BLOCKS
             for part in re.split(r"^# (?=\S+\.(?:conf|yml))", block, flags=re.M) if part.strip()]
    return [text for title, text in found if title.split()[0] == name]


def test_each_upsweb_conf_is_sound(site, build):
    try:
        build.program("upsweb")
    except LookupError:
        pytest.skip("a build without upsweb")
    assert len(files("upsweb.conf")) == 2
    for text in files("upsweb.conf"):
        site.write("upsweb.conf", text)
        result = site.run("upsweb", "-t")
        if "has no HTTPS" in result.stdout:
            pytest.skip("a build without OpenSSL")
        assert (result.returncode, "0 errors, 0 warnings" in result.stdout) == (0, True), \
            result.stdout


def test_the_upsmqtt_conf_is_sound(site, build):
    try:
        build.program("upsmqtt")
    except LookupError:
        pytest.skip("a build without upsmqtt")
    site.write("mqtt.password", "secret\n", mode=0o600)
    site.write("broker-ca.pem", "")
    (text,) = files("upsmqtt.conf")
    site.write("upsmqtt.conf", text.replace("/etc/nut", str(site.conf)))
    result = site.run("upsmqtt", "-t")
    assert result.returncode == 0, result.stdout + result.stderr


def test_prometheus_takes_its_configuration(site):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    (text,) = files("prometheus.yml")
    config = site.write("prometheus.yml", text.replace("/etc/prometheus", str(site.root)))
    (site.root / "sites").mkdir()
    (site.root / "sites/north.yml").write_text(files("/etc/prometheus/sites/north.yml")[0])
    site.write("sites-ca.pem", "")
    shutil.copy(site.conf / "sites-ca.pem", site.root / "sites-ca.pem")
    result = subprocess.run(["promtool", "check", "config", config], capture_output=True,
                            text=True, timeout=DEADLINE, check=False)
    assert result.returncode == 0 and "FAILED" not in result.stdout, result.stdout + result.stderr
