"""Debian's NUT works in a site of the harness: what the other interop tests stand on."""

from harness import wait_until


def test_debians_driver_server_and_monitor_tell_the_whole_story(debian, sites):
    site = sites(suite=debian)
    fake = site.fake_driver("ups", {"ups.status": "OL"})
    site.add_user("mon", "secret", "upsmon primary")
    upsd = site.start_upsd()
    upsd.wait_for("ups", "ups.status", "OL")
    upsmon = site.start_upsmon(f"MONITOR ups@127.0.0.1:{site.port} 1 mon secret primary")
    with upsd.client() as client:
        wait_until(lambda: client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1")
    assert site.run("upsc", f"ups@127.0.0.1:{site.port}", "ups.status").stdout == "OL\n"

    fake.set("ups.status", "OB LB")
    wait_until(site.shutdown_mark.exists, what="the shutdown command ran")
    assert upsmon.wait() == 0
