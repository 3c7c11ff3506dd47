"""upsmon with a configuration in the group language, against played and real servers."""

import os
import re
import time

import pytest

from harness import PowerHost, fallen, wait_until
from harness.certs import backend


@pytest.fixture(params=["push", "polling"])
def upsd(request, site):
    return site.fake_upsd({"desk": {"ups.status": "OL", "battery.charge": "100"},
                           "feedB": {"ups.status": "OL", "battery.charge": "100"}},
                          push=request.param == "push")


class GroupHost(PowerHost):
    """Its rules write what they do to `said`, a line each."""

    @property
    def said(self):
        return self.site.root / f"{self.name}.said"

    def begin(self, upsd, rules, monitors=("desk",), minsupplies=1, power=1, role="primary"):
        self.write(upsd, rules, monitors, minsupplies, power, role)
        args = ["-u", self.site.user] if self.site.user else []
        self.upsmon = self.site.start("upsmon", "-F", *args, label=f"upsmon-{self.name}")
        for ups in monitors:
            upsd.wait_received(f"LOGIN {ups}" if power else "USERNAME")
        return self

    def write(self, upsd, rules, monitors=("desk",), minsupplies=1, power=1, role="primary"):
        text = f"""POLLFREQ 1  POLLFREQALERT 1   # one line, two declarations
LET log = 'echo "%(u)s %(e)s %(c)s" >> {self.said}'
LET down = "/bin/sh {self._down()}"
POWERDOWNFLAG '{self.flag}'
GROUP LOCAL HOST {upsd.host} PORT {upsd.port}
"""
        for ups in monitors:
            text += (f"MONITOR {ups} POWERVAL {power} UPSDUSER monuser PASSWORD 'secret' "
                     f"TYPE {role}\n")
        text += f"MINSUPPLIES {minsupplies}\n{rules}\n"
        return self.site.write("upsmon.conf", text)

    def _down(self):
        path = self.site.root / f"{self.name}.down"
        path.write_text(f"echo {self.name} >> {self.journal}\n")
        return path

    def lines(self):
        return self.said.read_text().splitlines() if self.said.exists() else []

    def wait_said(self, *parts):
        """Waits for a line that has all these parts."""
        def came():
            return any(all(part in line for part in parts) for line in self.lines())
        wait_until(came, what=lambda: f"{parts} in {self.lines()}\n{self.upsmon.log()}")


@pytest.fixture
def host(site):
    return GroupHost(site, "host", site.root / "journal")


TIMED = """
WHEN desk REPORTS OL->OB : SHELLCMD log STARTTIMER grace 1.5
WHEN desk REPORTS OB->OL : SHELLCMD log CANCELTIMER grace
WHEN desk TIMEOUT grace : IF OL->OB SHUTDOWNCMD down
WHEN desk REPORTS None->LB1 : SHELLCMD log
WHEN desk REPORTS None->LB : SHUTDOWNCMD down
"""


def test_a_timed_shutdown(host, upsd):
    host.begin(upsd, TIMED)
    upsd.set("desk", "ups.status", "OB DISCHRG")
    host.wait_said("OL->OB", "100")
    assert not host.is_down()
    host.wait_down()
    assert host.flag.read_text() == "upsmon-shutdown-file"
    assert "the rule for TO->grace" in host.upsmon.log()
    assert "FSD desk" not in upsd.received


def test_power_that_returns_cancels_the_timer(host, upsd):
    host.begin(upsd, TIMED.replace("1.5", "4"))
    for _ in range(2):
        upsd.set("desk", "ups.status", "OB")
        host.wait_said("OL->OB")
        time.sleep(1.2)
        upsd.set("desk", "ups.status", "OL")
        host.wait_said("OB->OL")
    time.sleep(5)
    assert not host.is_down()
    assert "timer grace is cancelled" in host.upsmon.log()


def test_levels_of_charge(host, upsd):
    host.begin(upsd, "LET battery.charge.low.1 = '60'\n" + TIMED)
    upsd.set("desk", "battery.charge", "59")
    host.wait_said("None->LB1", "59")


def test_low_supplies_of_a_group(host, upsd):
    """One of two feeds is enough; both gone is what the rule waits for."""
    host.begin(upsd, """
WHEN desk REPORTS None->LS : SHELLCMD log SHUTDOWNCMD down
WHEN feedB REPORTS OL->OB : SHELLCMD log
""", monitors=("desk", "feedB"))
    upsd.set("feedB", "ups.status", "OB")
    host.wait_said("OL->OB")
    time.sleep(1.5)
    assert not host.is_down()
    upsd.set("desk", "ups.status", "OB LB")
    host.wait_down()


def test_a_reload_keeps_running_timers_and_takes_new_rules(host, upsd):
    host.begin(upsd, TIMED.replace("1.5", "5"))
    upsd.set("desk", "ups.status", "OB")
    host.wait_said("OL->OB")
    host.write(upsd, TIMED.replace("1.5", "500"))
    assert host.command("-c", "reload").returncode == 0
    host.upsmon.wait_log("is in force")
    host.wait_down()


def test_a_reload_with_errors_tells_where_and_changes_nothing(host, upsd):
    host.begin(upsd, TIMED)
    host.write(upsd, "WHEN nobody REPORTS OL->OB : SHUTDOWNCMD down\nWHEN desk REPORTS OB->LB : WALL 'x'")
    assert host.command("-c", "reload").returncode == 0
    log = host.upsmon.wait_log("the old configuration goes on")
    assert "error 430" in log and "error 440" in log
    assert "upsmon.conf:8:" in log
    upsd.set("desk", "ups.status", "OB LB")
    host.wait_down()


def test_observed_only_it_neither_logs_in_nor_shuts_down(host, upsd):
    host.begin(upsd, "WHEN desk REPORTS OL->OB : SHELLCMD log", minsupplies=0, power=0)
    upsd.set("desk", "ups.status", "OB LB")
    host.wait_said("OL->OB")
    time.sleep(1)
    assert not any(line.startswith(("LOGIN", "PRIMARY")) for line in upsd.received)
    assert not host.is_down()


def test_fsd_is_set_by_a_rule(host, upsd):
    host.begin(upsd, "WHEN desk REPORTS None->LB : SETFSD desk STARTTIMER last 1\n"
                     "WHEN desk TIMEOUT last : SHUTDOWNCMD down")
    upsd.wait_received("PRIMARY desk")
    upsd.set("desk", "ups.status", "OB LB")
    upsd.wait_received("FSD desk")
    host.wait_down()


def test_fsd_by_hand_works_here_too(host, upsd):
    host.begin(upsd, TIMED)
    upsd.wait_received("PRIMARY desk")
    assert host.command("-c", "fsd").returncode == 0
    upsd.wait_received("FSD desk")
    host.wait_down()


def test_status_tells_of_timers_and_what_they_will_do(host, upsd):
    host.begin(upsd, TIMED.replace("1.5", "600"))
    upsd.set("desk", "ups.status", "OB")
    host.wait_said("OL->OB")
    text = host.command("-c", "status").stdout
    assert "timer grace of desk" in text and "SHUTDOWNCMD" in text
    assert re.search(r"next: in (59\d|600)\.\d s: timer grace of desk", text), text


def test_the_log_file_and_a_rehearsed_event(host, upsd, site):
    log = site.root / "nut.log"
    host.begin(upsd, f"LOGFILE '{log}'\nWHEN desk REPORTS OL->OB : NUTLOG 'gone %(u)s' "
                     "STARTTIMER grace 1\nWHEN desk TIMEOUT grace : SHUTDOWNCMD down")
    assert host.command("-c", "test-event", "OL->OB").returncode == 0
    wait_until(lambda: "gone desk" in log.read_text(), what=host.upsmon.log)
    time.sleep(2)
    assert not host.is_down()


def test_authorities_of_ones_own_are_demanded(host, site, certs):
    """A real upsd with TLS; CERTFILE is the only anchor."""
    if not backend(site):
        pytest.skip("this build has no TLS")
    site.add_dummy("desk", {"ups.status": "OL", "battery.charge": "100"})
    site.add_user("monuser", "secret", "upsmon primary")
    upsd = site.start_upsd(conf=certs.upsd_lines(site))
    site.start_driver("desk")
    upsd.wait_for("desk", "ups.status", "OL")

    class Real:
        host, port = "localhost", upsd.port
        wait_received = staticmethod(lambda *_args: None)
    anchors = f"{certs.root}/nss" if backend(site) == "NSS" else certs.pem("ca")
    rules = f"CERTFILE '{anchors}'\nWHEN desk REPORTS OL->OB : SHELLCMD log SHUTDOWNCMD down"
    host.begin(Real, rules)
    wait_until(lambda: "in contact" in host.command("-c", "status").stdout,
               what=host.upsmon.log)
    path = site.conf / "desk.dev"
    path.write_text(path.read_text().replace("OL", "OB"))
    host.wait_said("OL->OB")
    host.wait_down()
    assert fallen(host.journal) == ["host"]
    assert os.path.exists(host.flag)
