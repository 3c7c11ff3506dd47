"""upsd under TLS and under attack: floods, odd records, slow peers, renewal with a crowd."""

import contextlib
import socket
import ssl
import subprocess

import pytest
import tlscrowd

from harness import DEADLINE, LineClient, TlsClient, free_port, wait_until
from harness.certs import backend

QUESTION, ANSWER = tlscrowd.QUESTION, tlscrowd.ANSWER
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.fixture(autouse=True)
def needs_tls(site):
    if not backend(site):
        pytest.skip("this build has no TLS")


@pytest.fixture
def serve(site, certs):
    """Starts upsd with a certificate and further lines."""
    def start(lines=""):
        site.fake_driver("ups", {"ups.status": "OL"})
        upsd = site.start_upsd(conf=certs.upsd_lines(site) + lines)
        upsd.wait_for("ups", "ups.status", "OL")
        return upsd
    return start


@pytest.fixture
def context(certs):
    return certs.client_context()


def check_served(upsd, context):
    """Others are served, in the clear and by TLS."""
    with upsd.client() as plain:
        assert plain.ask(QUESTION) == ANSWER
    with TlsClient(upsd.port, context) as secure:
        assert secure.ask(QUESTION) == ANSWER


def starttls(upsd):
    """A client whose next byte belongs to the handshake."""
    c = upsd.client()
    assert c.ask("STARTTLS") == "OK STARTTLS"
    return c


class HandMade:
    """A TLS client whose records pass through our hands."""

    def __init__(self, client, context):
        self.sock = client.sock
        self.sock.settimeout(DEADLINE)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def hello(self):
        """The ClientHello."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def records(self, data):
        """The record of these bytes, encrypted."""
        self.tls.write(data)
        return self.outgoing.read()

    def run(self, call, send):
        """Repeats a call until it succeeds; what it writes goes through send()."""
        while True:
            try:
                result = call()
                send(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                send(self.outgoing.read())
                data = self.sock.recv(65536)
                assert data, "upsd hung up"
                self.incoming.write(data)

    def shake(self):
        self.run(self.tls.do_handshake, self.sock.sendall)

    def line(self):
        text = b""
        while not text.endswith(b"\n"):
            text += self.run(lambda: self.tls.read(1), self.sock.sendall)
        return text.decode().rstrip("\n")


def expect_hang_up(sock):
    """upsd ends the connection, in order or not."""
    sock.settimeout(DEADLINE)
    with contextlib.suppress(ConnectionError):
        while sock.recv(65536):
            pass


# ------------------------------------------------------------------- renewal

def test_a_renewal_under_load_drops_none_of_a_hundred_clients(site, certs):
    tlscrowd.renew_under_load(site, certs, 100)


# ---------------------------------------------------------------- resumption

@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_a_second_connection_resumes_the_session(serve, certs, version):
    upsd = serve()
    context = certs.client_context()
    context.minimum_version = context.maximum_version = version
    with TlsClient(upsd.port, context) as first:
        assert first.ask(QUESTION) == ANSWER  # under TLS 1.3 the ticket comes with the answer
        session = first.sock.session
        assert not first.sock.session_reused
    with TlsClient(upsd.port, context, session=session) as second:
        assert second.ask(QUESTION) == ANSWER
        assert second.sock.session_reused


def test_a_session_of_an_earlier_upsd_is_no_obstacle(serve, context):
    upsd = serve()
    with TlsClient(upsd.port, context) as c:
        assert c.ask(QUESTION) == ANSWER
        session = c.sock.session
    upsd.stop()
    upsd = serve()
    with TlsClient(upsd.port, context, session=session) as c:
        assert c.ask(QUESTION) == ANSWER
        assert not c.sock.session_reused


# -------------------------------------------------------------------- floods

def test_a_flood_of_handshakes_half_done_holds_nobody_up(serve, context):
    upsd = serve("MAXCONN 300\n")
    files = upsd.open_files()
    with contextlib.ExitStack() as stack:
        for i in range(150):
            c = stack.enter_context(starttls(upsd))
            hello = HandMade(c, context).hello()
            # Some wait for the rest of a ClientHello, others for our Finished.
            c.send(hello[:1 + i] if i % 2 else hello)
        check_served(upsd, context)
    wait_until(lambda: upsd.open_files() <= files, what="the end of all connections")
    check_served(upsd, context)


def test_handshakes_broken_off_again_and_again_leave_nothing_behind(serve, context):
    upsd = serve()
    files = upsd.open_files()
    for i in range(100):
        with starttls(upsd) as c:
            c.send(HandMade(c, context).hello())
            if i % 2:
                c.sock.recv(1)
    wait_until(lambda: upsd.open_files() <= files, what="the end of all connections")
    check_served(upsd, context)


def test_the_connection_limit_counts_handshakes_too(serve, context):
    port = free_port()
    upsd = serve(f"MAXCONN 20\nLISTEN 127.0.0.1 {port} tls\n")
    with contextlib.ExitStack() as stack:
        secure = [stack.enter_context(TlsClient(upsd.port, context)) for _ in range(3)]
        for _ in range(20):
            stalled = stack.enter_context(LineClient(("127.0.0.1", port)))
            with contextlib.suppress(ConnectionError):
                stalled.send(b"\x16\x03\x01")
        for further in (upsd.port, port):
            with LineClient(("127.0.0.1", further)) as c:
                expect_hang_up(c.sock)
        for c in secure:
            assert c.ask(QUESTION) == ANSWER

    def served():
        try:
            check_served(upsd, context)
        except (OSError, AssertionError):
            return False
        return True
    wait_until(served, what="room for others")


# ------------------------------------------------------------------- records

@pytest.mark.parametrize("kind", (20, 21, 22, 23, 0, 255))
def test_a_record_that_claims_to_be_giant_ends_its_connection(serve, context, kind):
    giant = bytes([kind]) + b"\x03\x03\xff\xff" + b"A" * 0xffff
    upsd = serve()
    with TlsClient(upsd.port, context) as neighbour:
        with starttls(upsd) as c:
            with contextlib.suppress(ConnectionError):
                c.send(giant)
            expect_hang_up(c.sock)
        with starttls(upsd) as c:
            peer = HandMade(c, context)
            peer.shake()
            with contextlib.suppress(ConnectionError):
                c.send(giant)
            expect_hang_up(c.sock)
        assert neighbour.ask(QUESTION) == ANSWER
    check_served(upsd, context)


def test_a_record_changed_on_its_way_ends_the_connection(serve, context):
    upsd = serve()
    with starttls(upsd) as c:
        peer = HandMade(c, context)
        peer.shake()
        record = bytearray(peer.records(QUESTION.encode() + b"\n"))
        record[-1] ^= 1
        c.send(bytes(record))
        expect_hang_up(c.sock)
    check_served(upsd, context)


def test_a_whole_record_of_the_shortest_lines_is_answered(serve, context):
    upsd = serve()
    lines = 8192
    with TlsClient(upsd.port, context) as c:
        c.send(b"x\n" * lines)
        assert {c.line() for _ in range(lines)} == {"ERR UNKNOWN-COMMAND"}
        c.send(b"\n" * 16384)
        assert {c.line() for _ in range(16384)} == {"ERR UNKNOWN-COMMAND"}
        assert c.ask(QUESTION) == ANSWER


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_a_thousand_requests_in_one_record_are_all_answered(serve, certs, version):
    upsd = serve()
    context = certs.client_context()
    context.minimum_version = context.maximum_version = version
    request = f"{QUESTION}\n".encode()
    with TlsClient(upsd.port, context) as c:
        for _ in range(3):
            count = 16384 // len(request)
            c.send(request * count)
            assert [c.line() for _ in range(count)] == [ANSWER] * count


def test_requests_in_records_of_one_byte_are_answered(serve, context):
    upsd = serve()
    with starttls(upsd) as c:
        peer = HandMade(c, context)
        peer.shake()
        request = f"{QUESTION}\n".encode()
        c.send(b"".join(peer.records(request[i:i + 1]) for i in range(len(request))))
        assert peer.line() == ANSWER


def test_changes_of_cipher_in_the_midst_of_data_end_the_connection(serve, context):
    """TLS 1.3 knows that record in handshakes only."""
    upsd = serve()
    with starttls(upsd) as c:
        peer = HandMade(c, context)
        peer.shake()
        with contextlib.suppress(ConnectionError):
            c.send(b"\x14\x03\x03\x00\x01\x01" * 100)
        expect_hang_up(c.sock)
    check_served(upsd, context)


def test_answers_wait_for_a_peer_that_does_not_read(serve, context):
    upsd = serve()
    lines = 20000
    with starttls(upsd) as c:
        peer = HandMade(c, context)
        peer.shake()
        request = f"{QUESTION}\n".encode()
        for _ in range(lines // 500):
            c.send(peer.records(request * 500))
        check_served(upsd, context)
        answers, wanted = 0, lines * (len(ANSWER) + 1)
        while answers < wanted:
            answers += len(peer.run(lambda: peer.tls.read(65536), c.sock.sendall))
        assert answers == wanted


# ---------------------------------------------------------------- slow peers

@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_a_handshake_byte_by_byte_succeeds_and_others_are_served_meanwhile(serve, certs, version):
    upsd = serve()
    context = certs.client_context()
    context.minimum_version = context.maximum_version = version
    with upsd.client() as plain, starttls(upsd) as c:
        peer = HandMade(c, context)

        def drip(data):
            for i in range(len(data)):
                c.sock.sendall(data[i:i + 1])
                if i % 50 == 0:
                    assert plain.ask(QUESTION) == ANSWER
        peer.run(peer.tls.do_handshake, drip)
        drip(peer.records(f"{QUESTION}\n".encode()))
        assert peer.line() == ANSWER


# ------------------------------------------------------------- renegotiation

def test_renegotiation_is_refused_and_others_are_served(site, serve, context):
    port = free_port()
    upsd = serve(f"LISTEN 127.0.0.1 {port} tls\n")
    with TlsClient(upsd.port, context) as neighbour:
        for _ in range(5):
            # A line that is nothing but R makes s_client ask for a new handshake.
            client = subprocess.Popen(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-quiet",
                 "-no_ign_eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            try:
                client.stdin.write(f"{QUESTION}\n".encode())
                client.stdin.flush()
                while (line := client.stdout.readline()) and line.decode().rstrip() != ANSWER:
                    pass
                assert line, "no answer before the renegotiation"
                client.stdin.write(b"R\n")
                client.stdin.flush()
                said = client.stdout.read()  # it gives up of its own accord
                assert b"RENEGOTIATING" in said
                assert b"no renegotiation" in said
                assert client.wait(DEADLINE) != 0
            finally:
                client.kill()
                client.wait()
                client.stdin.close()
                client.stdout.close()
            assert neighbour.ask(QUESTION) == ANSWER
    check_served(upsd, context)


def test_a_peer_that_hangs_up_rudely_is_forgotten(serve, context):
    upsd = serve()
    files = upsd.open_files()
    for _ in range(20):
        c = TlsClient(upsd.port, context)
        assert c.ask(QUESTION) == ANSWER
        raw = socket.socket(fileno=c.sock.detach())
        raw.close()  # no close_notify
    wait_until(lambda: upsd.open_files() <= files, what="the end of all connections")
    check_served(upsd, context)
