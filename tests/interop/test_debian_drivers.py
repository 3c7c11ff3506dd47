"""Debian's dummy-ups under our upsd, and ours under Debian's."""

import pytest

import recorded
from harness import wait_until

SAMPLE = 8

# Drivers are started without waiting on their sockets: Debian's does not
# survive that a connection of its own vanishes.


@pytest.fixture(params=["their driver, our upsd", "our driver, their upsd"])
def mixed(request, debian, build):
    """The suites of upsd and of the driver."""
    return (build, debian) if request.param.startswith("their") else (debian, build)


def test_recordings_are_served_across_the_suites(site, shared, mixed):
    paths = recorded.sample(recorded.files(shared), SAMPLE)
    upsd_suite, driver_suite = mixed
    upsd, names = recorded.serve(site, paths, upsd_suite, driver_suite)
    assert not recorded.problems(upsd, names, paths, upsd_suite, driver_suite)


def _types(upsd, ups):
    """The variables that can be set, and the types of all."""
    with upsd.client() as client:
        names = [line.split()[2] for line in client.list(f"VAR {ups}")
                 if line.split()[2] != "device.type"]  # fixed in ours, to be set in theirs
        return ([line.split()[2] for line in client.list(f"RW {ups}")
                 if line.split()[2] in names and not line.split()[2].startswith("driver.")],
                [client.ask(f"GET TYPE {ups} {name}") for name in names
                 if not name.startswith("driver.")])


def _commands(upsd, ups):
    with upsd.client() as client:
        if not client.ask(f"LIST CMD {ups}").startswith("BEGIN"):
            return []
        return client.until(f"END LIST CMD {ups}")


def test_both_drivers_offer_the_same(site, shared, debian):
    path = recorded.sample(recorded.files(shared), 1)[0]
    upsd, (ups,) = recorded.serve(site, [path])
    assert not recorded.problems(upsd, [ups], [path])
    wait_until(lambda: f"CMD {ups} load.off" in _commands(upsd, ups))
    ours = _types(upsd, ups)
    site.processes[-1].stop()
    site.start_driver(ups, suite=debian, wait=False)
    # The last news of a dump: the commands that later versions have, and theirs has not.
    wait_until(lambda: _commands(upsd, ups) == [f"CMD {ups} load.off"])
    assert _types(upsd, ups) == ours


def _tracked(client, request):
    """A tracked request's result."""
    answer = client.ask(request)
    assert answer.startswith("OK TRACKING "), answer
    query = f"GET TRACKING {answer.split()[2]}"
    return wait_until(lambda: (text := client.ask(query)) != "PENDING" and text, what=request)


def test_settings_and_commands_reach_the_other_suites_driver(site, mixed):
    upsd_suite, driver_suite = mixed
    site.add_dummy("ups", {"ups.status": "OL", "ups.id": "old"})
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    upsd = site.start_upsd(suite=upsd_suite)
    site.start_driver("ups", suite=driver_suite, wait=False)
    upsd.wait_for("ups", "ups.id", "old")
    with upsd.client(user="admin", password="secret") as client:
        assert client.ask("SET TRACKING ON") == "OK"
        # Debian's driver tells of a new value without escaping what stands in it.
        value = "the new one" if driver_suite.name == "debian" else 'the \\"new\\" \\\\ one'
        assert _tracked(client, f'SET VAR ups ups.id "{value}"') == "SUCCESS"
        wait_until(lambda: client.ask("GET VAR ups ups.id") == f'VAR ups ups.id "{value}"')
        assert _tracked(client, "INSTCMD ups load.off") == "ERR UNKNOWN"


def test_a_change_of_the_file_is_seen_across_the_suites(site, mixed):
    upsd_suite, driver_suite = mixed
    path = site.add_dummy("ups", {"ups.status": "OL", "ups.load": "20"})
    upsd = site.start_upsd(suite=upsd_suite)
    site.start_driver("ups", suite=driver_suite, wait=False)
    upsd.wait_for("ups", "ups.load", "20")

    def changed():
        # Debian's looks at the time of change, in whole seconds: write until it has seen it.
        path.write_text("ups.status: OB LB\nups.load: 21\n")
        return upsd.value("ups", "ups.status") == "OB LB" and upsd.value("ups", "ups.load") == "21"
    wait_until(changed, what="the new values", interval=0.5)


def test_a_driver_may_die_and_come_back(site, mixed):
    upsd_suite, driver_suite = mixed
    site.add_dummy("ups", {"ups.status": "OL"})
    upsd = site.start_upsd(suite=upsd_suite)
    driver = site.start_driver("ups", suite=driver_suite, wait=False)
    upsd.wait_for("ups", "ups.status", "OL")
    driver.kill()
    upsd.wait_for("ups", "ups.status", "ERR DRIVER-NOT-CONNECTED")
    site.start_driver("ups", suite=driver_suite, wait=False)
    upsd.wait_for("ups", "ups.status", "OL")
