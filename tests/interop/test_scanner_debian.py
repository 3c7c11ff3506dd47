"""nut-scanner beside Debian's: the same devices, line by line.

The differences are those of nut-scanner(8), section COMPATIBILITY: names of sections,
`bus`, and that a server's UPS gets a driver that there is.
"""

import re

import pytest

from harness import find_build
from harness.build import CHECKOUT
from harness.snmp import OddAgent

pytestmark = pytest.mark.once

MAPS = {"NUT_DATAPATH": str(CHECKOUT / "data")}
APC = {"1.3.6.1.2.1.1.2.0": (1, 3, 6, 1, 4, 1, 318, 1, 3, 27),
       "1.3.6.1.2.1.1.5.0": "rack-4", "1.3.6.1.2.1.1.1.0": "APC Web/SNMP card",
       "1.3.6.1.4.1.318.1.1.1.1.1.1.0": "Smart-UPS 1500"}
IETF = {"1.3.6.1.2.1.1.2.0": (1, 3, 6, 1, 2, 1, 33), "1.3.6.1.2.1.1.5.0": "ups-2",
        "1.3.6.1.2.1.1.1.0": "UPS card", "1.3.6.1.2.1.33.1.1.1.0": "Generex"}


@pytest.fixture
def both(site, debian):
    """both(*options): what ours and Debian's print, as lists of lines; comments aside."""
    try:
        debian.program("nut-scanner")
    except LookupError as e:
        pytest.skip(str(e))

    def scan(*args, env=None):
        ours = site.run("nut-scanner", *args, env={**MAPS, **(env or {})}, check=True)
        theirs = site.run("nut-scanner", *args, suite=debian, env=env, check=True)
        return [[line for line in text.splitlines() if not line.strip().startswith("#")]
                for text in (ours.stdout, theirs.stdout)]
    return scan


def plainly(lines):
    """Without what is known to be different: names, bus, ours of what a server says."""
    text = "\n".join(lines)
    text = re.sub(r"\[nutdev-[a-z]+(\d+)\]", r"[nutdev\1]", text)
    text = re.sub(r'\n\tbus = "\d+"|,bus="\d+"', "", text)
    return text


def by_port(text):
    """Sections, or lines, in the order of what they say: Debian's threads are not always in
    the order of addresses."""
    return sorted(re.split(r"\[nutdev\d+\]\n", text + "\n")[1:] or text.splitlines())


@pytest.mark.parametrize("args", [("-U",), ("-U", "-P"), ("-U", "-N"), ("--usb_scan", "-q")])
def test_usb_devices_are_printed_alike(both, site, usbsim, shared, args):
    recorded = shared / "facts" / "hid-devices"
    sim = usbsim("plain", recorded / "cyberpower-cst135uc2.txt", recorded / "apc-back-ups-rs-1000g.txt",
                 recorded / "eaton-3s-700.txt")
    ours, theirs = both(*args, env=sim.env(site))
    assert plainly(ours) == plainly(theirs) and len(theirs) >= 4


def test_devices_that_came_to_nut_later_are_known_to_ours(both, site, usbsim, shared):
    sim = usbsim(shared / "facts" / "hid-devices" / "liebert-psi5.txt")
    ours, theirs = both("-U", "-P", env=sim.env(site))
    assert ours[0].startswith('USB:driver="usbhid-ups",port="auto",vendorid="10AF"') and not theirs


@pytest.mark.parametrize("args", [("-s", "127.0.0.1", "-e", "127.0.0.3"), ("-m", "127.0.0.1/30"),
                                  ("-s", "127.0.0.2", "-P"), ("-c", "public", "-s", "127.0.0.1")])
def test_snmp_agents_are_printed_alike(both, site, lan, args):
    site.machine = lan
    agents = [lan.call(lambda host=host, values=values: OddAgent(values, host=host, port=161))
              for host, values in (("127.0.0.1", APC), ("127.0.0.2", IETF))]
    ours, theirs = both("-S", "-t", "2", *args)
    for agent in agents:
        agent.close()
    assert by_port(plainly(ours)) == by_port(plainly(theirs)) and theirs


@pytest.mark.parametrize("server", ["ours", "debian"])
@pytest.mark.parametrize("args", [("-s", "127.0.0.1"), ("-s", "localhost"),
                                  ("-m", "127.0.0.0/30", "-P")])
def test_servers_of_nut_are_printed_alike(both, site, debian, lan, server, args):
    site.machine, site.port = lan, 3493
    for name in ("office", "cellar"):
        site.add_dummy(name, {"ups.status": "OL"})
    upsd = site.start_upsd(suite=debian if server == "debian" else find_build())
    for name in ("office", "cellar"):
        site.start_driver(name)
        upsd.wait_for(name, "ups.status", "OL")
    ours, theirs = both("-O", *args)
    theirs = plainly(theirs).replace("nutclient", "dummy-ups")
    ours = re.sub(r'\n\tmode = "repeater"|,mode="repeater"|\n\tdesc = ".*"|,desc="[^"]*"', "",
                  plainly(ours))
    assert by_port(ours) == by_port(theirs) and "office@127.0.0.1" in theirs


def test_wrong_options_end_both_alike(site, debian):
    for suite in (None, debian):
        assert site.run("nut-scanner", "-Z", suite=suite).returncode == 255


def test_the_ways_that_debians_has_are_listed_in_its_order(both):
    ours, theirs = both("-a")
    assert [way for way in ours if way in theirs] == theirs
