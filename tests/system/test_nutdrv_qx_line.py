"""nutdrv_qx on lines that spoil what is said: no status but the device's own, and back in time.

What bytes can come to is proved by tests/unit/test_qx_garbage.c, for every protocol, place
and answer; here are a real line, its times, and the driver's whole life.
"""

import re
import threading

import pytest
from harness import LineClient, wait_until
from qxpair import Q1, Qx
from serialsim import DEVICES, Fault, Table

pytestmark = pytest.mark.once

# A flipped bit in answers without a check may say anything.
CHECKED = {"voltronic-axpert"}
SPOILT = [fault for fault in Fault if fault not in (Fault.NONE, Fault.SLOW, Fault.TWICE, Fault.TARDY)]
QUICK = ("voltronic-axpert",)
DEVICES_TRIED = [pytest.param(name, marks=() if name in QUICK else pytest.mark.long)
                 for name in ("bestups", "gtec", "masterguard", "megatec", "omron", "q6", "voltronic",
                              "voltronic-axpert", "voltronic-qs-hex")]


class Listener(threading.Thread):
    """Every ups.status that a driver tells its clients, from now on."""

    def __init__(self, ups):
        super().__init__(daemon=True)
        self.heard, self.stopping = [], False
        self.client = LineClient(ups.site.socket("ups"))
        self.client.send("DUMPALL")
        self.client.until("DUMPDONE")
        self.start()

    def run(self):
        while not self.stopping:
            try:
                line = self.client.line()
            except (OSError, AssertionError, EOFError):
                return
            found = re.fullmatch(r'SETINFO ups\.status "(.*)"', line or "")
            if found:
                self.heard.append(found[1])

    def stop(self):
        self.stopping = True
        self.client.send("PING")
        self.join(30)
        self.client.close()


def wait_asked(sim, count):
    start = len(sim.asked)
    wait_until(lambda: len(sim.asked) >= start + count, what=lambda: f"asked {sim.asked[start:]}")


@pytest.mark.parametrize("device", DEVICES_TRIED)
def test_no_status_but_the_devices_own_is_published(site, serialsim, device):
    sim = serialsim(device)
    ups = Qx(site, sim, f"protocol = {device}")
    true = ups.values()["ups.status"]
    listener = Listener(ups)
    for fault in SPOILT:
        if fault is Fault.FLIPPED and device not in CHECKED:
            continue
        sim.fault = fault
        wait_asked(sim, 2)
        # Before it has failed so often that the line is opened anew, with pauses.
        sim.fault = Fault.NONE
        ups.wait_fresh()
    assert ups.values()["ups.status"] == true
    listener.stop()
    assert set(listener.heard) <= {true}, listener.heard


@pytest.mark.parametrize("fault", [Fault.ECHO, Fault.MERGED] + [
    pytest.param(fault, marks=pytest.mark.long)
    for fault in (Fault.SILENT, Fault.ENDLESS, Fault.HALVES)])
def test_a_power_failure_behind_a_fault_of_the_line_is_told_when_it_ends(site, serialsim, fault):
    sim = serialsim("megatec")
    ups = Qx(site, sim, "protocol = megatec", "pollfreq = 3600")
    sim.fault = fault
    ups.bits("11001001")
    ups.wait_fresh(False)
    assert ups.values()["ups.status"] == "OL"
    sim.fault = Fault.NONE
    ups.wait_value("ups.status", "OB LB")
    ups.wait_fresh()


def become(sim, device):
    table = Table((DEVICES / f"{device}.txt").read_text())
    sim.answers, sim.unknown, sim.checked = table.answers, table.unknown, table.checked


@pytest.mark.parametrize("before, after, protocol", [
    ("megatec", "voltronic", "voltronic"),
    pytest.param("voltronic", "mecer", "mecer", marks=pytest.mark.long),
    pytest.param("masterguard", "q6", "q6", marks=pytest.mark.long),
    pytest.param("q1", "voltronic-qs-hex", "voltronic-qs-hex", marks=pytest.mark.long)])
@pytest.mark.parametrize("pulled", [False, True])
def test_a_device_that_speaks_another_protocol_now_is_found_again(site, serialsim, before, after,
                                                                   protocol, pulled):
    sim = serialsim(before)
    ups = Qx(site, sim)
    if pulled:
        sim.unplug()
    become(sim, after)
    ups.wait_fresh(False)
    if pulled:
        sim.plug()
    wait_until(lambda: f"speaks the protocol {protocol}\n" in ups.process.log() + "\n",
               what=ups.process.log)
    ups.wait_fresh()
    assert ups.values()["ups.status"] == "OL"


def test_values_of_the_device_before_are_gone(site, serialsim):
    sim = serialsim("masterguard")
    ups = Qx(site, sim)
    assert "device.part" in ups.values()
    sim.unplug()
    become(sim, "q1")
    ups.wait_fresh(False)
    sim.plug()
    ups.wait_fresh()
    wait_until(lambda: "device.part" not in ups.values())
    assert ups.values()["ups.status"] == "OL" and "battery.type" not in ups.values()


def test_a_port_that_comes_and_goes_again_and_again(site, serialsim):
    sim = serialsim("megatec")
    ups = Qx(site, sim, "protocol = megatec")
    listener = Listener(ups)
    for _ in range(4):
        sim.unplug()
        ups.wait_fresh(False)
        sim.plug()
        ups.wait_fresh()
    listener.stop()
    assert set(listener.heard) <= {"OL"}


def test_a_port_that_goes_during_the_search_is_searched_again(site, serialsim):
    sim = serialsim("q1")
    pulled = threading.Event()

    def pull(query):
        if query == "QS" and not pulled.is_set():  # in the simulator's own thread
            sim.unplug()
            pulled.set()
    sim.hook = pull
    ups = Qx(site, sim, start=False)
    ups.process = site.start_driver("ups", "-D", env=ups.env, wait=False)
    assert pulled.wait(60)
    sim.plug()
    wait_until(lambda: "speaks the protocol q1" in ups.process.log(), what=ups.process.log)
    ups.wait_fresh()


def test_a_device_that_never_stops_talking_costs_no_memory_and_no_status(site, serialsim):
    sim = serialsim("megatec")
    ups = Qx(site, sim, "protocol = megatec")
    sim.answers["Q1"] = "(" + "1" * 3000
    ups.wait_fresh(False)
    assert ups.values()["ups.status"] == "OL"
    sim.answers["Q1"] = Q1.format(bits="10001001")
    ups.wait_value("ups.status", "OB")
    ups.wait_fresh()


def test_answers_that_trickle_in_after_their_time_are_none(site, serialsim):
    sim = serialsim("megatec")
    ups = Qx(site, sim, "protocol = megatec")
    sim.fault, sim.trickle = Fault.SLOW, 0.06  # 2.8 s for all of it
    ups.wait_fresh(False)
    assert ups.values()["ups.status"] == "OL"
    sim.fault = Fault.NONE
    ups.wait_fresh()
