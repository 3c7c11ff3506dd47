"""Peers that misbehave: upsd goes on serving the others."""

import os
import resource
import socket

import pytest
from harness import DEADLINE, LineClient, wait_until


def site_of_one(site, conf="", **values):
    """A upsd with one live UPS; returns it and the driver."""
    driver = site.fake_driver("ups", {"ups.status": "OL", **values})
    upsd = site.start_upsd(conf=conf)
    upsd.wait_for("ups", "ups.status", "OL")
    return upsd, driver


def assert_served(upsd):
    assert upsd.value("ups", "ups.status") == "OL"


STATES = [b"", b"GET VAR ", b"GET VAR ups ups.sta", b'GET VAR "ups', b"GET VAR \\", b"# ",
          b'GET VAR "ups\\', b'"GET"', b"GET ="]


@pytest.mark.parametrize("start", STATES, ids=range(len(STATES)))
def test_each_byte_in_each_state_of_the_reader_gets_one_answer(site, start):
    upsd, _ = site_of_one(site)
    with upsd.client() as client:
        for byte in range(256):
            client.send(start + bytes([byte]) + b'"\nPING\n')
            lines = client.until("PONG")
            # A newline in it makes two lines of it, each with its answer.
            assert len(lines) == (2 if byte == 10 else 1), (byte, lines)
            for line in lines:
                assert line.startswith(("ERR ", "VAR ")) and line.isprintable(), (byte, line)
    assert_served(upsd)


def test_bytes_of_all_kinds_from_a_driver_do_no_harm(site):
    upsd, driver = site_of_one(site)
    for start in (b"", b"SETINFO ", b'SETINFO x "', b"SETINFO x \\", b"ADDRANGE ups.status ",
                  b"SETFLAGS ups.status ", b"TRACKING ", b"DELINFO "):
        for byte in range(256):
            driver.send_raw(start + bytes([byte]) + b'"\n\n')
    driver.send_raw(b"x" * 1_000_000 + b"\n" + b"SETINFO " + b"y " * 10_000 + b"\n")
    driver.set("battery.charge", "42")
    upsd.wait_for("ups", "battery.charge", "42")
    assert_served(upsd)


def test_half_a_line_keeps_nobody_waiting(site):
    upsd, _ = site_of_one(site)
    with upsd.client() as half:
        half.send(b"GET VAR ups ups.sta")
        assert_served(upsd)
        half.send(b"tus\n")
        assert half.line() == 'VAR ups ups.status "OL"'


def test_a_line_without_end_gets_one_answer_and_little_memory(site):
    upsd, _ = site_of_one(site)
    before = upsd.rss_kib()
    with upsd.client() as client:
        for _ in range(64):
            client.send(b"x" * 1_000_000)
        client.send(b"\nPING\n")
        assert client.line() == "ERR INVALID-ARGUMENT"
        assert client.line() == "PONG"
        if not site.suite.sanitized:
            assert upsd.rss_kib() - before < 8_000


def test_a_client_that_never_reads_costs_little_and_delays_nobody(site):
    upsd, _ = site_of_one(site, **{f"filler.number{i}": "x" * 100 for i in range(100)})
    before = upsd.rss_kib()
    greedy = [upsd.client() for _ in range(20)]
    for client in greedy:
        client.sock.setblocking(False)
        try:
            for _ in range(10_000):
                client.sock.send(b"LIST VAR ups\n" * 100)
        except BlockingIOError:
            pass
    for _ in range(20):
        assert_served(upsd)
    if not site.suite.sanitized:
        # Each holds its backlog of 64 kB and one answer of 13 kB at most.
        assert upsd.rss_kib() - before < 20 * 200
    for client in greedy:
        client.close()
    assert_served(upsd)


def test_a_client_that_reads_late_gets_every_answer(site):
    upsd, _ = site_of_one(site, **{f"filler.number{i}": "x" * 100 for i in range(100)})
    with upsd.client() as client:
        client.send(b"LIST VAR ups\n" * 500)
        for _ in range(500):
            assert client.line() == "BEGIN LIST VAR ups"
            assert len(client.until("END LIST VAR ups")) == 101


def test_clients_that_vanish_leave_nothing_behind(site):
    site.add_user("mon", "pw", "upsmon secondary")
    upsd, driver = site_of_one(site)
    for round_ in range(50):
        client = upsd.client(user="mon", password="pw")
        client.send("LOGIN ups\nSUBSCRIBE ups\nLIST VAR ups\n")
        if round_ % 2:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   b"\1\0\0\0\0\0\0\0")  # close() resets the connection
        driver.set("ups.load", str(round_))
        client.close()
    with upsd.client() as client:
        wait_until(lambda: client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 0",
                   what="all logins have ended")


def test_beyond_maxconn_a_line_tells_and_later_there_is_room_again(site):
    # Two are the driver and the listener.
    upsd, _ = site_of_one(site, conf="MAXCONN 12\n")
    served = []
    refused = 0
    while len(served) < 10:
        client = upsd.client()
        assert client.ask("NETVER") == "1.3"
        served.append(client)
    for _ in range(5_000):
        with socket.create_connection(("127.0.0.1", site.port), timeout=DEADLINE) as sock:
            refused += sock.makefile("rb").readline() == b"ERR CONNECTION-LIMIT\n"
    assert refused == 5_000
    assert upsd.log().count("further ones are refused") == 1
    assert served[0].ask("GET VAR ups ups.status") == 'VAR ups ups.status "OL"'
    served.pop().close()

    def room():
        with upsd.client() as client:
            return client.ask("NETVER") == "1.3"
    wait_until(room, what="there is room for a client again")
    for client in served:
        client.close()


def test_without_descriptors_it_refuses_logs_once_and_recovers(site):
    upsd, _ = site_of_one(site)
    limits = resource.prlimit(upsd.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(upsd.pid, resource.RLIMIT_NOFILE, (48, limits[1]))
    held = []

    def taken():
        client = upsd.client()
        try:
            client.send("NETVER")
            answer = client.line()
        except OSError:  # it was closed before we had spoken
            answer = "ERR CONNECTION-LIMIT"
        if answer == "1.3":
            held.append(client)
            return True
        assert answer == "ERR CONNECTION-LIMIT"
        client.close()
        return False

    while taken():
        assert len(held) < 48
    for _ in range(20):
        assert not taken()
    with upsd.client() as refused:
        assert refused.line() == "ERR CONNECTION-LIMIT"
    assert upsd.log().count("cannot take more connections") == 1
    assert held[0].ask("GET VAR ups ups.status") == 'VAR ups ups.status "OL"'
    held.pop().close()
    wait_until(taken, what="there is room for a client again")
    assert upsd.log().count("cannot take more connections") == 1
    for client in held:
        client.close()


def test_a_thousand_connections_at_once_are_all_served(site):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 1000
    if hard != resource.RLIM_INFINITY and hard < count + 200:
        pytest.skip("this host does not allow a test a thousand descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    upsd, _ = site_of_one(site)
    clients = [LineClient(("127.0.0.1", site.port)) for _ in range(count)]
    for client in clients:
        client.send("GET VAR ups ups.status")
    for client in clients:
        assert client.line() == 'VAR ups ups.status "OL"'
        client.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert_served(upsd)


def test_a_driver_that_stalls_in_its_dump_delays_nobody(site):
    stalled = site.fake_driver("stalled", {"a.b": "1", "ups.status": "OL"}, answer_dump=1)
    upsd, _ = site_of_one(site, conf="MAXAGE 1\n")
    stalled.wait_link()
    assert_served(upsd)
    upsd.wait_for("stalled", "ups.status", "ERR DATA-STALE")
    assert_served(upsd)


def test_a_driver_that_never_accepts_delays_nobody(site):
    site.add_ups("deaf", "dummy-ups", "x")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        deaf.bind(str(site.socket("deaf")))
        os.chmod(site.socket("deaf"), 0o666)
        deaf.listen(0)
        upsd, _ = site_of_one(site, conf="MAXAGE 1\n")
        wait_until(lambda: upsd.value("deaf", "ups.status") in
                   ("ERR DATA-STALE", "ERR DRIVER-NOT-CONNECTED"))
        assert_served(upsd)


def test_a_silent_driver_goes_stale_and_comes_back(site):
    upsd, driver = site_of_one(site, conf="MAXAGE 1\n")
    driver.answer_ping = False
    upsd.wait_for("ups", "ups.status", "ERR DATA-STALE")
    upsd.wait_log("Data for UPS [ups] is stale - check driver")
    driver.answer_ping = True
    upsd.wait_for("ups", "ups.status", "OL")
    upsd.wait_log("UPS [ups] data is no longer stale")


def test_a_driver_that_is_killed_and_restarted_is_found_again(site):
    upsd, driver = site_of_one(site)
    with upsd.client() as client:
        client.send("SUBSCRIBE ups ups.status")
        client.until("EVENT SYNC ups")
        driver.close()
        assert client.line() == "EVENT STATE ups DISCONNECTED"
        assert client.ask("GET VAR ups ups.status") == "ERR DRIVER-NOT-CONNECTED"
        driver.variables["ups.status"] = "OB"
        driver.listen()
        client.until('EVENT VAR ups ups.status "OB"')
    upsd.wait_for("ups", "ups.status", "OB")
    upsd.wait_log("Connected to UPS [ups]: dummy-ups-ups")
