"""Fixtures of the system and interop tests; see tests/lib/harness/."""

import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "sim" / "serial"))

import harness  # noqa: E402
import apcsim as apc_simulator  # noqa: E402
import serialsim as serial_simulator  # noqa: E402
from harness import debian_nut, netns  # noqa: E402
from harness import snmp as snmp_agents  # noqa: E402
from harness import usbsim as usb_simulator  # noqa: E402


def pytest_collection_modifyitems(items):
    """Interop tests share one heavy peer; the longest tests should not come last."""
    items.sort(key=lambda item: "interop" not in item.nodeid)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets fixtures know whether the test failed."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.failed = report.failed


@pytest.fixture
def site(request):
    """A private installation (harness.Site); logs are printed if the test fails."""
    place = harness.Site()
    yield place
    if getattr(request.node, "failed", True):
        place.print_logs()
    place.close()


@pytest.fixture
def usbsim(site):
    """A function that starts a simulator with device files (harness.usbsim.UsbSim); skips
    where there is no umockdev."""
    made = []

    def make(*files):
        folder = site.state / f"usb{len(made)}"
        folder.mkdir()
        try:
            made.append(usb_simulator.UsbSim(*files, folder=folder))
        except usb_simulator.Unavailable as e:
            pytest.skip(str(e))
        return made[-1]
    yield make
    # A program whose devices' kernel has ended dies with it, and not by itself.
    try:
        for process in site.processes:
            usb_simulator.UsbSim.check(process)
    finally:
        for simulator in made:
            simulator.close()


@pytest.fixture
def serialsim(site):
    """A function that starts a simulated device on a serial line (tests/sim/serial)."""
    made = []

    def make(device):
        made.append(serial_simulator.SerialSim(device, site.state / f"tty{len(made)}"))
        return made[-1]
    yield make
    for simulator in made:
        simulator.close()


@pytest.fixture
def apcsim(site):
    """A function that starts a simulated Smart-UPS (tests/sim/serial/apcsim.py)."""
    made = []

    def make(device):
        made.append(apc_simulator.ApcSim(device, site.state / f"apc{len(made)}"))
        return made[-1]
    yield make
    for simulator in made:
        simulator.close()


@pytest.fixture(scope="session")
def lineshim(build, tmp_path_factory):
    """A library to preload: modem lines, which a pseudo terminal has not (tests/lib/lineshim.c)."""
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the modem lines")
    if build.sanitized:
        pytest.skip("a sanitizer wants to be the first library")
    library = tmp_path_factory.mktemp("lines") / "lineshim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library,
                    harness.CHECKOUT / "tests/lib/lineshim.c"], check=True)
    return library


@pytest.fixture
def snmpd(site):
    """A function that starts an snmpd with variables (harness.snmp.Snmpd); skips where there is
    none."""
    made = []

    def make(data="", start=True, **options):
        try:
            made.append(snmp_agents.Snmpd(site.root / f"snmpd{len(made)}", data, **options))
        except snmp_agents.Unavailable as e:
            pytest.skip(str(e))
        return made[-1].start() if start else made[-1]
    yield make
    for agent in made:
        agent.stop()


@pytest.fixture
def oddagent():
    """A function that starts an agent which misbehaves (harness.snmp.OddAgent)."""
    yield from _closing(snmp_agents.OddAgent)


@pytest.fixture
def snmprelay():
    """A function that puts a relay before an agent's port (harness.snmp.Relay)."""
    yield from _closing(snmp_agents.Relay)


def _closing(cls):
    made = []

    def make(*args, **options):
        made.append(cls(*args, **options))
        return made[-1]
    yield make
    for thing in made:
        thing.close()


@pytest.fixture
def lan():
    """A switch for machines with addresses of their own (harness.netns.Lan); skips where
    namespaces cannot be made."""
    try:
        place = netns.Lan()
    except netns.Unavailable as e:
        pytest.skip(str(e))
    with place:
        yield place


@pytest.fixture
def sites(request):
    """A function that makes further sites, for tests with several hosts."""
    made = []

    def make(**options):
        made.append(harness.Site(**options))
        return made[-1]
    yield make
    for place in made:
        if getattr(request.node, "failed", True):
            place.print_logs()
    problems = []
    for place in made:
        try:
            place.close()
        except AssertionError as e:
            problems.append(str(e))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def certs():
    """Certificates for TLS tests (harness.Certificates)."""
    made = harness.Certificates()
    yield made
    made.close()


@pytest.fixture(scope="session")
def build():
    """The build under test (harness.Build)."""
    return harness.find_build()


@pytest.fixture(scope="session")
def shared():
    """The folder of recorded facts; skips where it is absent."""
    place = harness.find_shared()
    if not place:
        pytest.skip("no folder of recorded facts: set CHESTNUT_SHARED, or put it at ../shared")
    return place


@pytest.fixture(scope="session")
def debian():
    """Debian's NUT (harness.debian_nut.DebianNut); skips where it cannot be had."""
    try:
        return debian_nut.find()
    except debian_nut.Unavailable as e:
        pytest.skip(str(e))
