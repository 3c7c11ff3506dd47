"""libnutclient, the C++ library of NUT, as Debian has it: the same on our upsd as on Debian's."""

import shutil
import subprocess

import pytest

from harness import DEADLINE
from harness.twins import Twins, without_ids

# Everything that it can do, each result or error on a line.
PROGRAM = r"""
#include <cstdlib>
#include <iostream>
#include <unistd.h>
#include <nutclient.h>

using namespace nut;

template <class F> static void with(const char *what, F f)
{
    std::cout << what << ": ";
    try { f(); } catch (const std::exception &e) { std::cout << "error " << e.what(); }
    std::cout << std::endl;
}

template <class T> static void print(const T &all)
{
    for (auto &one : all) std::cout << one << "|";
}

static void look(TcpClient &c, const std::string &ups)
{
    with("description", [&] { std::cout << c.getDeviceDescription(ups); });
    with("values", [&] {
        for (auto &v : c.getDeviceVariableValues(ups)) { std::cout << v.first << "="; print(v.second); }
    });
    with("variables", [&] {
        for (auto &name : c.getDeviceVariableNames(ups)) {
            std::cout << name << " " << c.getDeviceVariableDescription(ups, name) << " ";
            print(c.getDeviceVariableValue(ups, name));
        }
    });
    with("writable", [&] { print(c.getDeviceRWVariableNames(ups)); });
    with("commands", [&] {
        for (auto &name : c.getDeviceCommandNames(ups))
            std::cout << name << " " << c.getDeviceCommandDescription(ups, name) << "|";
    });
    with("logins", [&] { std::cout << c.deviceGetNumLogins(ups); });
}

int main(int, char **argv)
{
    TcpClient reader, admin, monitor;
    int port = atoi(argv[1]);

    with("connect", [&] { reader.connect("127.0.0.1", port); admin.connect("127.0.0.1", port);
                          monitor.connect("127.0.0.1", port); });
    with("devices", [&] { print(reader.getDeviceNames()); });
    for (auto ups : {"rack", "bare", "stale", "gone", "nosuch"}) look(reader, ups);
    with("too early", [&] { reader.executeDeviceCommand("rack", "load.off", ""); });
    with("wrong", [&] { reader.authenticate("admin", "wrong"); reader.deviceMaster("rack"); });
    with("right", [&] { admin.authenticate("admin", "secret"); });
    with("twice", [&] { admin.authenticate("admin", "secret"); });
    with("features", [&] { std::cout << admin.hasFeature(Client::TRACKING)
                                     << admin.isFeatureEnabled(Client::TRACKING); });
    with("command", [&] { std::cout << admin.executeDeviceCommand("rack", "load.off", ""); });
    with("parameter", [&] { std::cout << admin.executeDeviceCommand("rack", "load.on", "10"); });
    with("no command", [&] { admin.executeDeviceCommand("rack", "nosuch", ""); });
    with("set", [&] { admin.setDeviceVariable("rack", "ups.id", "a \"b\""); });
    with("read only", [&] { admin.setDeviceVariable("rack", "ups.load", "1"); });
    with("tracking", [&] {
        admin.setFeature(Client::TRACKING, true);
        auto id = admin.executeDeviceCommand("rack", "load.off", "");
        for (int i = 0; i < 500 && admin.getTrackingResult(id) == PENDING; i++) usleep(20000);
        std::cout << id.size() << " " << admin.getTrackingResult(id);
    });
    with("no primary", [&] { admin.deviceMaster("rack"); });
    with("login", [&] { monitor.authenticate("mon", "secret"); monitor.deviceLogin("rack");
                        std::cout << monitor.deviceGetNumLogins("rack"); });
    with("login twice", [&] { monitor.deviceLogin("rack"); });
    with("primary", [&] { monitor.deviceMaster("rack"); });
    with("shutdown", [&] { monitor.deviceForcedShutdown("latched"); });
    with("latched", [&] { print(monitor.getDeviceVariableValue("latched", "ups.status")); });
    with("logout", [&] { monitor.logout(); });
}
"""


@pytest.fixture
def program(debian, tmp_path):
    """The program and the folder of its library."""
    library = next(debian.root.rglob("libnutclient.so.2"), None)
    header = next(debian.root.rglob("nutclient.h"), None)
    if not library or not header:
        pytest.skip("scripts/deps.sh --peers has not fetched libnutclient")
    if not shutil.which("g++"):
        pytest.skip("no C++ compiler")
    source = tmp_path / "talk.cpp"
    source.write_text(PROGRAM)
    subprocess.run(["g++", "-std=c++14", "-I", header.parent, "-o", tmp_path / "talk", source,
                    library], check=True, timeout=DEADLINE)
    return tmp_path / "talk", library.parent


def test_libnutclient_gets_the_same_answers(sites, debian, program):
    twins = Twins(sites, debian)
    talk, folder = program

    def run(twin):
        result = subprocess.run([talk, str(twin.port)], capture_output=True, text=True,
                                timeout=DEADLINE, check=True,
                                env={"LD_LIBRARY_PATH": str(folder)})
        # Our descriptions know outlets of any number.
        text = result.stdout.replace("Label of outlet n", "Description unavailable")
        return without_ids(text).splitlines()

    ours, theirs = run(twins.ours), run(twins.theirs)
    assert len(ours) > 40 and any("OL CHRG" in line for line in ours)
    assert ours == theirs
