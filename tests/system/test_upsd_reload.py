"""What upsd does with another configuration while it runs."""

import signal

import pytest
from harness import LineClient, free_port, wait_until


def reload(upsd):
    """Tells upsd, and waits until it has done so one way or the other."""
    seen = upsd.log().count("SIGHUP: reloading")
    upsd.signal(signal.SIGHUP)
    upsd.wait_log(lambda log: log.count("SIGHUP: reloading") > seen and
                  log.count("configuration reloaded") + log.count("stays in force") > seen)


def test_upses_come_go_and_change_and_others_do_not_notice(site):
    first = site.fake_driver("first", {"ups.status": "OL"})
    site.fake_driver("second", {"ups.status": "OB"})
    upsd = site.start_upsd()
    upsd.wait_for("first", "ups.status", "OL")
    upsd.wait_for("second", "ups.status", "OB")
    with upsd.client() as client:
        site.write("ups.conf", "[third]\ndriver = dummy-ups\nport = x\n"
                               "[first]\ndriver = dummy-ups\nport = x\ndesc = \"New words\"\n"
                               "alias = ups\n")
        reload(upsd)
        assert client.list("UPS") == ['UPS third "Description unavailable"',
                                      'UPS first "New words"']
        assert client.ask("GET VAR second ups.status") == "ERR UNKNOWN-UPS"
        assert client.ask("GET VAR UPS ups.status") == 'VAR UPS ups.status "OL"'
    assert first.received.count("DUMPALL") == 1


def test_a_broken_configuration_changes_nothing(site):
    site.add_user("old", "pw", "upsmon secondary")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd()
    upsd.wait_for("ups", "ups.status", "OL")
    good = {name: (site.conf / name).read_text()
            for name in ("upsd.conf", "ups.conf", "upsd.users")}
    broken = [("upsd.conf", good["upsd.conf"] + "MAXAGE soon\n"),
              ("ups.conf", good["ups.conf"] + "[more]\nport = x\n"),
              ("upsd.users", good["upsd.users"] + "[new]\npassword = \"x\n"),
              ("upsd.users", None), ("ups.conf", "")]
    for name, text in broken:
        site.write("upsd.users", "[new]\npassword = pw\nupsmon secondary\n")
        if text is None:
            (site.conf / name).unlink()
        else:
            site.write(name, text)
        reload(upsd)
        assert upsd.log().rstrip().endswith("the old one stays in force")
        with upsd.client(user="old", password="pw") as client:
            assert client.ask("LOGIN ups") == "OK"
        for name, text in good.items():
            site.write(name, text)


def test_addresses_become_part_of_others_and_their_own_again(site):
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd()
    with upsd.client() as client:
        for hosts, all_of_them in ((("127.0.0.1", "0.0.0.0"), True), (("127.0.0.1",), False),
                                   (("0.0.0.0",), True), (("127.0.0.1", "127.0.0.2"), False)):
            site.write("upsd.conf", "".join(f"LISTEN {host} {site.port}\n" for host in hosts))
            reload(upsd)
            assert "not listening" not in upsd.log()
            assert LineClient(("127.0.0.1", site.port)).ask("NETVER") == "1.3"
            try:
                assert LineClient(("127.0.0.3", site.port)).ask("NETVER") == "1.3" and all_of_them
            except ConnectionRefusedError:
                assert not all_of_them
        assert client.ask("NETVER") == "1.3"  # it was there all the time


def test_users_are_replaced_and_checked_anew(site):
    site.add_user("mon", "pw", "upsmon primary")
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd()
    with upsd.client(user="mon", password="pw") as client:
        assert client.ask("PRIMARY ups") == "OK PRIMARY-GRANTED"
        site.write("upsd.users", "[mon]\npassword = other\nupsmon primary\n")
        reload(upsd)
        assert client.ask("PRIMARY ups") == "ERR ACCESS-DENIED"
    with upsd.client(user="mon", password="other") as client:
        assert client.ask("PRIMARY ups") == "OK PRIMARY-GRANTED"


def test_addresses_are_opened_and_closed(site):
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd()
    other = free_port()
    with upsd.client() as client:
        site.write("upsd.conf", f"LISTEN 127.0.0.1 {other}\n")
        reload(upsd)
        assert client.ask("NETVER") == "1.3"
    with LineClient(("127.0.0.1", other)) as client:
        assert client.ask("NETVER") == "1.3"
    try:
        LineClient(("127.0.0.1", site.port)).close()
    except ConnectionRefusedError:
        return
    raise AssertionError("the old port is still open")


def test_from_one_address_to_all_on_the_same_port(site):
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd()
    site.write("upsd.conf", f"LISTEN 0.0.0.0 {site.port}\n")
    reload(upsd)
    with LineClient(("127.0.0.2", site.port)) as client:
        assert client.ask("NETVER") == "1.3"


@pytest.mark.parametrize("after", [("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "127.0.0.1")],
                         ids=" ".join)
def test_all_addresses_beside_the_one_there_was_and_back(site, after):
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd()
    before = (site.conf / "upsd.conf").read_text()
    site.write("upsd.conf", "".join(f"LISTEN {host} {site.port}\n" for host in after))
    reload(upsd)
    for address in ("127.0.0.1", "127.0.0.2"):
        with LineClient((address, site.port)) as client:
            assert client.ask("NETVER") == "1.3"
    site.write("upsd.conf", before)
    reload(upsd)
    with LineClient(("127.0.0.1", site.port)) as client:
        assert client.ask("NETVER") == "1.3"
    with pytest.raises(ConnectionRefusedError):
        LineClient(("127.0.0.2", site.port))
    assert "not listening" not in upsd.log()


def test_a_name_is_looked_up_without_stopping_the_service(site):
    site.add_ups("ups", "dummy-ups", "x")
    upsd = site.start_upsd()
    other = free_port()
    site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\nLISTEN localhost {other}\n")
    reload(upsd)
    upsd.wait_log(f"listening on localhost port {other}")
    wait_until(lambda: LineClient(("localhost", other)).ask("NETVER") == "1.3")


def test_who_is_logged_in_to_a_removed_ups_is_disconnected(site):
    site.add_user("mon", "pw", "upsmon secondary")
    for name in ("one", "two"):
        site.add_ups(name, "dummy-ups", "x")
    upsd = site.start_upsd()
    with upsd.client(user="mon", password="pw") as leaves, \
            upsd.client(user="mon", password="pw") as stays:
        assert leaves.ask("LOGIN one") == "OK"
        assert stays.ask("LOGIN two") == "OK"
        site.write("ups.conf", "[two]\ndriver = dummy-ups\nport = x\n")
        reload(upsd)
        assert leaves.expect_close() == b""
        assert stays.ask("GET UPSDESC two") == 'UPSDESC two "Unavailable"'
        assert stays.list("CLIENT two") == ["CLIENT two 127.0.0.1"]
