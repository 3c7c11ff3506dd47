"""Crowds that take too long, or too many descriptors, for the fast lane."""

import resource
import socket

import pytest

from harness import DEADLINE, wait_until

VALUES = {"ups.status": "OL", "ups.load": "42"}
LOAD = b'VAR good ups.load "42"\n'
BEYOND = 5000


@pytest.fixture(autouse=True)
def many_files():
    """This process needs a descriptor for each connection too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * BEYOND + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(upsd):
    return socket.create_connection(("127.0.0.1", upsd.port), timeout=DEADLINE)


def ask(sock):
    sock.sendall(b"GET VAR good ups.load\n")
    return sock.recv(100)


def test_thousands_beyond_maxconn_are_refused_and_the_others_served(site):
    site.fake_driver("good", VALUES)
    upsd = site.start_upsd(conf="MAXCONN 100\n")
    upsd.wait_for("good", "ups.load", "42")
    kept = [connect(upsd) for _ in range(50)]
    assert {ask(sock) for sock in kept} == {LOAD}
    crowd = [connect(upsd) for _ in range(BEYOND)]
    assert {ask(sock) for sock in kept} == {LOAD}
    refused = 0
    for sock in crowd[100:]:
        try:
            refused += sock.recv(100) == b"ERR CONNECTION-LIMIT\n"
        except ConnectionResetError:
            refused += 1
        sock.close()
    assert refused == BEYOND - 100
    for sock in crowd:
        sock.close()
    assert {ask(sock) for sock in kept} == {LOAD}
    assert upsd.log().count("raise MAXCONN") <= 5
    wait_until(lambda: upsd.value("good", "ups.load") == "42")


def test_thousands_of_clients_are_served_and_their_memory_comes_back(site):
    site.fake_driver("good", VALUES)
    upsd = site.start_upsd(conf=f"MAXCONN {2 * BEYOND + 100}\n")
    upsd.wait_for("good", "ups.load", "42")
    resource.prlimit(upsd.pid, resource.RLIMIT_NOFILE, (2 * BEYOND + 400, 2 * BEYOND + 400))
    files, memory = upsd.open_files(), upsd.rss_kib()
    for _ in range(2):
        crowd = [connect(upsd) for _ in range(BEYOND)]
        assert {ask(sock) for sock in crowd} == {LOAD}
        assert {ask(sock) for sock in crowd} == {LOAD}
        if not site.suite.sanitized:
            assert upsd.rss_kib() < memory + 2 * BEYOND  # 2 KiB for each, all included
        for sock in crowd:
            sock.close()
        wait_until(lambda: upsd.open_files() <= files)
    assert upsd.value("good", "ups.load") == "42"


def test_long_floods_leave_nothing_behind(site):
    driver = site.fake_driver("good", VALUES)
    upsd = site.start_upsd()
    upsd.wait_for("good", "ups.load", "42")
    request = b"LIST VAR good\n" * 1000
    end = b"END LIST VAR good\n"

    def flood():
        with connect(upsd) as sock, sock.makefile("rb") as answers:
            for _ in range(50):
                sock.sendall(request)
                wanted = 1000
                while wanted:
                    wanted -= answers.readline() == end
        driver.send_raw(b"".join(b'SETINFO x.a "%d"\nDELINFO x.a\n' % i for i in range(50_000)))
        driver.set("x.turn", str(turn))
        upsd.wait_for("good", "x.turn", str(turn))

    for turn in range(3):
        flood()
    memory = upsd.rss_kib()
    for turn in range(3, 13):
        flood()
    assert site.suite.sanitized or upsd.rss_kib() < memory + 2048
