"""upsd among bad peers: everybody else is served, and memory stays bounded."""

import os
import resource
import shutil
import socket
import struct

import pytest

from harness import DEADLINE, LineClient, wait_until

VALUES = {"ups.status": "OL", "ups.load": "42", "battery.charge": "100"}
MAX_VALUE = 8192
MORE_KIB = 16 * 1024  # what one bad peer may cost at most, with room for the allocator


class World:
    """A good UPS under upsd, and what it takes to see that it is served."""

    def __init__(self, site, *conf):
        self.site = site
        self.good = site.fake_driver("good", VALUES)
        self.other = site.fake_driver("other", VALUES)
        site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
        self.upsd = site.start_upsd(conf="".join(f"{line}\n" for line in conf))
        self.upsd.wait_for("good", "ups.status", "OL")
        self.upsd.wait_for("other", "ups.status", "OL")
        self._turn = 0

    def check_served(self):
        """Others are served: old clients, new ones, and news of the driver."""
        self._turn += 1
        self.good.set("x.turn", str(self._turn))
        with self.upsd.client() as client:
            wait_until(lambda: f'VAR good x.turn "{self._turn}"' in _variables(client))

    def watch_memory(self):
        """A function that fails if memory has grown by more than a bad peer may cost."""
        before = self.upsd.rss_kib()

        def check():
            if not self.site.suite.sanitized:  # a sanitizer keeps what was freed
                assert self.upsd.rss_kib() < before + MORE_KIB
        return check

    def connect(self):
        """A socket without further ado."""
        sock = socket.create_connection(("127.0.0.1", self.upsd.port), timeout=DEADLINE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock


def _variables(client):
    """The lines of LIST VAR; none while the driver is thought dead, as on a busy machine."""
    if client.ask("LIST VAR good") != "BEGIN LIST VAR good":
        return []
    return client.until("END LIST VAR good")


@pytest.fixture
def world(site):
    return World(site)


def stuff(sock, data):
    """Sends as often as it goes without waiting; returns how many bytes went."""
    sock.setblocking(False)
    sent = 0
    try:
        while sent < 256 * 1024 * 1024:
            sent += sock.send(data)
    except BlockingIOError:
        return sent
    finally:
        sock.setblocking(True)
    raise AssertionError("the other side takes everything")


def stuff_full(sock, data):
    """Sends until the other side has stopped to read."""
    total = 0
    while True:
        went = stuff(sock, data)
        total += went
        sock.settimeout(1)
        try:
            sock.sendall(data[:1])
            sock.sendall(data[1:])
        except socket.timeout:
            return total


# ------------------------------------------------------------- what can be read

# What stands before and behind a byte, and where that byte stands then.
STATES = {
    "at the start of a line": (b"", b"GET VAR good ups.load\n"),
    "in a keyword": (b"GE", b"T VAR good ups.load\n"),
    "between words": (b"GET VAR good ", b" ups.load\n"),
    "in a word": (b"GET VAR good ups.", b"load\n"),
    "at the start of a quoted word": (b'GET VAR good "', b'ups.load"\n'),
    "in a quoted word": (b'GET VAR good "ups.', b'load"\n'),
    "behind a quoted word": (b'GET VAR "good"', b" ups.load\n"),
    "behind a backslash": (b"GET VAR good ups.\\", b"load\n"),
    "behind a backslash in quotes": (b'GET VAR good "ups.\\', b'load"\n'),
    "in a comment": (b"GET VAR good ups.load # ", b" more\n"),
    "at the end of a line": (b"GET VAR good ups.load", b"\n"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_byte_gets_one_answer_to_its_line(world, state):
    before, behind = STATES[state]
    with world.upsd.client() as client:
        for byte in range(256):
            client.send(before + bytes([byte]) + behind + b"GET UPSDESC other\n")
            answers = client.until('UPSDESC other "Unavailable"')
            assert len(answers) == (2 if byte == 0x0a else 1), (byte, answers)
            assert all(a.startswith(("VAR good ", "ERR ")) for a in answers), (byte, answers)


@pytest.mark.parametrize("state", ["in a name", "in a value", "behind a backslash", "in between"])
def test_every_byte_from_a_driver_spoils_its_own_line_at_most(world, state):
    before, behind = {
        "in a name": (b"SETINFO x.", b'y "1"\n'),
        "in a value": (b'SETINFO x.y "', b'1"\n'),
        "behind a backslash": (b'SETINFO x.y "\\', b'1"\n'),
        "in between": (b"SETINFO x.y ", b' "1"\n'),
    }[state]
    world.good.send_raw(b"".join(before + bytes([byte]) + behind + b"SETINFO seen.%d 1\n" % byte
                                 for byte in range(256)))
    world.upsd.wait_for("good", "seen.255", "1")
    with world.upsd.client() as client:
        lines = client.list("VAR good")
    assert sum(line.startswith("VAR good seen.") for line in lines) == 256
    assert world.good.links() == 1
    world.check_served()


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 1024, 4095, 4096, MAX_VALUE])
def test_long_values_travel_whole(world, size):
    value = ('"\\# =' + "v" * size)[:size]
    quoted = "".join("\\" + c if c in '"\\#' else c for c in value)
    world.good.set("x.long", value)
    with world.upsd.client(user="admin", password="secret") as client:
        wait_until(lambda: client.ask("GET VAR good x.long") == f'VAR good x.long "{quoted}"')
        assert f'VAR good x.long "{quoted}"' in client.list("VAR good")
        world.good.set("x.text", "")
        world.good.make_writable("x.text", "STRING", length=size)
        wait_until(lambda: client.ask("GET TYPE good x.text").endswith(f"RW STRING:{size}"))
        assert client.ask(f'SET VAR good x.text "{quoted}"') == "OK"
    assert world.good.wait_received("SET x.text") == f'SET x.text "{quoted}"'


def test_a_value_over_the_limit_is_dropped_and_nothing_else(world):
    world.good.set("x.big", "small")
    world.good.set("x.big", "v" * (MAX_VALUE + 1))
    world.good.set("x.huge", "v" * 3_000_000)
    world.good.set("x.last", "1")
    world.upsd.wait_for("good", "x.last", "1")
    assert world.upsd.value("good", "x.big") == "small"
    assert world.upsd.value("good", "x.huge") == "ERR VAR-NOT-SUPPORTED"
    assert world.good.links() == 1


@pytest.mark.parametrize("line", [
    b"GET VAR good " + b"x" * 20_000,
    b"x" * 2_000_000,
    b"GET" + b" x" * 1000,
    b'GET VAR good "ups.load',
    b"GET VAR good ups.load\\",
    b'"' + b"\\" * 100_001,
], ids=["long", "endless", "many words", "open quote", "joined", "backslashes"])
def test_a_line_that_cannot_be_read_gets_exactly_one_error(world, line):
    with world.upsd.client() as client:
        client.send(line + b"\nGET VAR good ups.load\n")
        assert client.until('VAR good ups.load "42"') == ["ERR INVALID-ARGUMENT"]
    world.check_served()


# ---------------------------------------------------------------------- clients

def test_half_a_line_delays_nobody(world):
    check_memory = world.watch_memory()
    halves = [world.connect() for _ in range(200)]
    for sock in halves:
        sock.sendall(b'GET VAR good "ups.')
    world.check_served()
    check_memory()
    for sock in halves:
        sock.sendall(b'load"\n')
        assert sock.recv(100) == b'VAR good ups.load "42"\n'
        sock.close()


def test_a_line_that_never_ends_costs_no_memory(world):
    check_memory = world.watch_memory()
    with world.connect() as sock:
        for _ in range(64):
            sock.sendall(b"x" * 1_000_000)
        world.check_served()
        check_memory()
        sock.sendall(b"\n")
        assert sock.recv(100) == b"ERR INVALID-ARGUMENT\n"


@pytest.mark.parametrize("request_line", [b"LIST VAR good\n", b"VER\n", b"\n", b"LIST UPS\n"])
def test_a_client_that_never_reads_stops_only_itself(world, request_line):
    check_memory = world.watch_memory()
    with world.connect() as sock:
        stuff_full(sock, request_line * (65536 // len(request_line)))
        world.check_served()
        check_memory()
    world.check_served()


def test_a_client_that_vanishes_in_the_midst_of_answers_is_forgotten(world):
    files = world.upsd.open_files()
    for _ in range(50):
        sock = world.connect()
        sock.sendall(b"LIST VAR good\n" * 500)
        # Closing with a reset, and without having read.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    world.check_served()
    wait_until(lambda: world.upsd.open_files() <= files, what="its descriptors are closed")


def test_a_client_that_shuts_its_side_still_gets_its_answers(world):
    with world.connect() as sock:
        sock.sendall(b"GET VAR good ups.load\nVER")
        sock.shutdown(socket.SHUT_WR)
        said = b""
        while data := sock.recv(4096):
            said += data
    assert said.startswith(b'VAR good ups.load "42"\n')


def test_clients_that_say_nothing_delay_nobody(world):
    check_memory = world.watch_memory()
    silent = [world.connect() for _ in range(300)]
    world.check_served()
    check_memory()
    for sock in silent:
        sock.close()
    world.check_served()


def test_a_subscriber_that_never_reads_gets_the_newest_in_the_end(world):
    check_memory = world.watch_memory()
    last = "v" * 4000 + "last"
    with world.upsd.client() as client:
        client.send("SUBSCRIBE good")
        client.until("EVENT SYNC good")
        for i in range(5000):
            world.good.set("x.busy", "v" * 4000 + str(i))
            world.good.set(f"x.many{i % 50}", "v" * 1000 + str(i))
        world.good.set("x.busy", last)
        wait_until(lambda: world.upsd.value("good", "x.busy") == last)
        check_memory()
        client.until(f'EVENT VAR good x.busy "{last}"')


# --------------------------------------------------------------- too many of them

LOAD = b'VAR good ups.load "42"\n'


def answer(sock):
    """What upsd says to a question on a new connection."""
    said = b""
    try:
        sock.sendall(b"GET VAR good ups.load\n")
        while not said.endswith(b"\n") and (data := sock.recv(4096)):
            said += data
    except (BrokenPipeError, ConnectionResetError):
        pass
    return said


def crowd_in(world, at_most):
    """Connects until upsd refuses; the connections that it took."""
    taken = []
    while len(taken) < at_most:
        sock = world.connect()
        said = answer(sock)
        if said != LOAD:
            assert said in (b"ERR CONNECTION-LIMIT\n", b"")
            sock.close()
            return taken
        taken.append(sock)
    raise AssertionError(f"{at_most} connections are taken")


def test_beyond_maxconn_it_says_so_and_recovers(site):
    world = World(site, "MAXCONN 20")  # drivers and listeners count too
    taken = crowd_in(world, at_most=21)
    assert len(taken) >= 15
    refusals = []
    for _ in range(500):
        with world.connect() as sock:
            refusals.append(sock.recv(100))
    assert set(refusals) == {b"ERR CONNECTION-LIMIT\n"}
    assert [answer(sock) for sock in taken] == [LOAD] * len(taken)
    assert 1 <= world.upsd.log().count("raise MAXCONN") <= 3
    for sock in taken:
        sock.close()

    def takes_again():
        with world.connect() as sock:
            return answer(sock) == LOAD
    wait_until(takes_again)
    world.check_served()


def test_without_free_descriptors_it_goes_on_and_recovers(world):
    kept = world.upsd.client()
    spare = 5
    limit = world.upsd.open_files() + spare
    resource.prlimit(world.upsd.pid, resource.RLIMIT_NOFILE, (limit, limit))
    crowd = [world.connect() for _ in range(100)]
    for sock in crowd:
        try:
            sock.sendall(b"VER\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
    for _ in range(20):
        assert kept.ask("GET VAR good ups.load") == 'VAR good ups.load "42"'
    assert world.upsd.running()
    assert len(world.upsd.log().splitlines()) < 200
    for sock in crowd:
        sock.close()
    wait_until(lambda: world.upsd.value("good", "ups.load") == "42", what="new clients are served")
    world.other.hang_up()
    world.upsd.wait_for("other", "ups.status", "OL")
    kept.close()


# ---------------------------------------------------------------------- drivers

def test_a_driver_that_stalls_in_its_dump_is_stale_and_alone(site):
    site.fake_driver("slow", VALUES, answer_dump=2)
    world = World(site, "MAXAGE 3")
    world.upsd.wait_for("slow", "ups.load", "ERR DATA-STALE")
    world.check_served()
    slow = site.fakes[0]
    slow.answer_dump = True
    slow.hang_up()
    world.upsd.wait_for("slow", "ups.load", "42")


def test_a_driver_that_stalls_in_the_midst_of_a_line_is_stale_and_alone(site):
    world = World(site, "MAXAGE 3")
    world.other.answer_ping = False
    world.other.send_raw(b'SETINFO ups.load "4')
    world.upsd.wait_for("other", "ups.load", "ERR DATA-STALE")
    world.check_served()
    world.other.answer_ping = True
    world.other.send_raw(b'3"\n')
    world.upsd.wait_for("other", "ups.load", "43")


def test_a_driver_that_says_nothing_at_all_is_stale_and_alone(site):
    site.fake_driver("mute", VALUES, answer_dump=False, answer_ping=False)
    world = World(site, "MAXAGE 3")
    world.upsd.wait_for("mute", "ups.load", "ERR DATA-STALE")
    world.check_served()


def test_a_driver_socket_that_never_accepts_delays_nobody(site):
    site.add_ups("deaf", "dummy-ups", "fake")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(site.socket("deaf")))
        listener.listen(0)
        crowd = []
        for _ in range(3):  # the queue is full: a blocking connect() would wait for ever
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.setblocking(False)
            crowd.append(sock)
            try:
                sock.connect(str(site.socket("deaf")))
            except BlockingIOError:
                break
        world = World(site)
        for _ in range(3):
            world.check_served()
            assert world.upsd.value("deaf", "ups.status").startswith("ERR DRIVER-NOT-CONNECTED")
        for sock in crowd:
            sock.close()
    deaf = site.fake_driver("deaf", VALUES)
    world.upsd.wait_for("deaf", "ups.load", "42")
    assert deaf.links() == 1


def test_a_driver_that_never_reads_delays_nobody(site):
    world = World(site, "MAXAGE 600")
    world.other.close()
    path = world.site.socket("other")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(4)
        listener.settimeout(DEADLINE)
        link, _ = listener.accept()
        link.sendall(b'SETINFO ups.status OL\nSETINFO ups.id a\nSETFLAGS ups.id RW STRING\n'
                     b'SETAUX ups.id 8000\nDATAOK\nDUMPDONE\n')
        world.upsd.wait_for("other", "ups.id", "a")
        check_memory = world.watch_memory()
        with world.upsd.client(user="admin", password="secret") as client:
            answers = {client.ask(f"SET VAR other ups.id {'v' * 8000}") for _ in range(500)}
        assert answers == {"OK", "ERR SET-FAILED"}
        world.check_served()
        check_memory()
        link.close()


def test_a_driver_that_floods_delays_nobody(world):
    check_memory = world.watch_memory()
    flood = b"".join(b'SETINFO x.flood%d "%d"\n' % (i % 100, i) for i in range(20_000))
    for _ in range(10):
        world.other.send_raw(flood)
        world.check_served()
    world.other.set("x.flood0", "over")
    world.upsd.wait_for("other", "x.flood0", "over")
    check_memory()


def test_a_driver_without_end_of_names_is_bounded(world):
    check_memory = world.watch_memory()
    for start in range(0, 100_000, 10_000):
        world.other.send_raw(b"".join(b"SETINFO x.%d 1\nADDCMD c.%d\nADDENUM ups.status %d\n"
                                      b"ADDRANGE ups.load %d %d\n" % (i, i, i, i, i)
                                      for i in range(start, start + 10_000)))
    world.other.set("ups.load", "99")
    world.upsd.wait_for("other", "ups.load", "99")
    check_memory()
    world.check_served()
    with world.upsd.client() as client:
        assert len(client.list("VAR other")) == 4096
        assert len(client.list("CMD other")) == 1024
        assert len(client.list("ENUM other ups.status")) == 1024
        assert len(client.list("RANGE other ups.load")) == 256


def test_a_driver_that_comes_and_goes_leaves_nothing_behind(world):
    files = world.upsd.open_files()
    for _ in range(5):
        world.other.close()
        world.upsd.wait_for("other", "ups.load", "ERR DRIVER-NOT-CONNECTED")
        world.other.listen()
        world.upsd.wait_for("other", "ups.load", "42")
    world.check_served()
    wait_until(lambda: world.upsd.open_files() <= files, what="no descriptor is lost")


# ------------------------------------------------------------------- state path

def test_a_missing_state_path_is_told_and_found_when_it_comes(site):
    state = site.state
    state.rmdir()
    site.add_ups("good", "dummy-ups", "fake")
    upsd = site.start_upsd()
    assert str(state) in upsd.log()
    assert upsd.value("good", "ups.load") == "ERR DRIVER-NOT-CONNECTED"
    state.mkdir()
    site.fake_driver("good", VALUES)
    upsd.wait_for("good", "ups.load", "42")


def test_a_state_path_that_goes_and_comes_back_is_found_again(world):
    state = world.site.state
    away = state.with_name("away")
    os.rename(state, away)
    world.check_served()  # what is connected stays
    os.rename(away, state)
    world.other.hang_up()
    world.upsd.wait_for("other", "ups.load", "42")


def test_an_emptied_state_path_costs_only_what_was_in_it(world):
    world.other.close()
    shutil.rmtree(world.site.state, ignore_errors=True)
    world.site.state.mkdir(exist_ok=True)
    world.check_served()
    world.upsd.wait_for("other", "ups.load", "ERR DRIVER-NOT-CONNECTED")
