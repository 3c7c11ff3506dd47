"""upsd under TLS: STARTTLS, ports that demand it, client certificates, renewal."""

import shutil
import signal
import socket
import ssl
import threading

import pytest

from harness import LineClient, TlsClient, free_port, wait_until
from harness.certs import backend


@pytest.fixture(autouse=True)
def needs_tls(site):
    if not backend(site):
        pytest.skip("this build has no TLS")


@pytest.fixture
def served(site):
    site.fake_driver("ups", {"ups.status": "OL", "ups.load": "7"})
    site.add_user("mon", "secret", "upsmon primary")

    def start(lines):
        upsd = site.start_upsd(conf=lines)
        upsd.wait_for("ups", "ups.status", "OL")
        return upsd
    return start


def status(client):
    return client.ask("GET VAR ups ups.status")


ON_LINE = 'VAR ups ups.status "OL"'


def test_a_client_goes_under_tls_and_everything_works_there(site, served, certs):
    upsd = served(certs.upsd_lines(site))
    with TlsClient(upsd.port, certs.client_context()) as c:
        assert c.sock.version() == "TLSv1.3"
        assert status(c) == ON_LINE
        c.login("mon", "secret")
        assert c.ask("LOGIN ups") == "OK"
        assert c.ask("PRIMARY ups") == "OK PRIMARY-GRANTED"
        assert c.ask("STARTTLS") == "ERR ALREADY-SSL-MODE"
        assert len(c.list("VAR ups")) == 2
        assert c.ask("LOGOUT") == "OK Goodbye"
    upsd.wait_log("Client mon@127.0.0.1 logged in to UPS [ups] (SSL)")


def test_clients_in_the_clear_are_served_beside(site, served, certs):
    upsd = served(certs.upsd_lines(site))
    with upsd.client() as plain, TlsClient(upsd.port, certs.client_context()) as secure:
        assert status(plain) == ON_LINE
        assert status(secure) == ON_LINE
        plain.login("mon", "secret")
        assert plain.ask("LOGIN ups") == "OK"
    upsd.wait_log("User mon@127.0.0.1 logged into UPS [ups]\n")


def test_forty_requests_in_one_record_are_all_answered(site, served, certs):
    upsd = served(certs.upsd_lines(site))
    with TlsClient(upsd.port, certs.client_context()) as c:
        c.send("GET VAR ups ups.status\n" * 40)
        assert [c.line() for _ in range(40)] == [ON_LINE] * 40


def test_bytes_behind_starttls_are_refused(site, served, certs):
    upsd = served(certs.upsd_lines(site))
    with upsd.client() as c:
        c.send(b"STARTTLS\nUSERNAME evil\n")
        assert c.expect_close() == b"ERR INVALID-ARGUMENT\n"


def test_old_versions_are_refused_and_1_2_is_not(site, served, certs):
    upsd = served(certs.upsd_lines(site))
    context = certs.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with TlsClient(upsd.port, context) as c:
        assert c.sock.version() == "TLSv1.2"
        assert status(c) == ON_LINE
    context = certs.client_context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        TlsClient(upsd.port, context)


def test_a_port_that_demands_tls_tells_little_before(site, served, certs):
    port = free_port()
    served(certs.upsd_lines(site) + f"LISTEN 127.0.0.1 {port} tls-required\n")
    with LineClient(("127.0.0.1", port)) as c:
        for question in ("LIST UPS", "GET VAR ups ups.status", "USERNAME mon", "SUBSCRIBE ups"):
            assert c.ask(question) == "ERR ACCESS-DENIED"
        assert c.ask("VER").startswith("Network UPS Tools upsd ")
        assert c.ask("NETVER") == c.ask("PROTVER") == "1.3"
        assert c.ask("HELP").startswith("Commands: ")
        assert c.ask("LOGOUT") == "OK Goodbye"
    with TlsClient(port, certs.client_context()) as c:
        assert status(c) == ON_LINE


def test_a_tls_port_begins_with_the_handshake(site, served, certs):
    port = free_port()
    served(certs.upsd_lines(site) + f"LISTEN 127.0.0.1 {port} tls\n")
    with TlsClient(port, certs.client_context(), starttls=False) as c:
        assert status(c) == ON_LINE
    with LineClient(("127.0.0.1", port)) as c:
        c.send("LIST UPS")
        assert b"BEGIN" not in c.expect_close()


def test_without_a_certificate_there_is_no_tls(site, served):
    upsd = served("")
    with upsd.client() as c:
        assert c.ask("STARTTLS") == "ERR FEATURE-NOT-CONFIGURED"
        assert status(c) == ON_LINE


def test_a_required_client_certificate_must_be_good(site, served, certs):
    upsd = served(certs.upsd_lines(site, authority="ca", request="REQUIRE"))
    with TlsClient(upsd.port, certs.client_context("client")) as c:
        assert status(c) == ON_LINE
    for bad in (None, "othercert", "expired"):
        with pytest.raises((ssl.SSLError, OSError, AssertionError)):
            with TlsClient(upsd.port, certs.client_context(bad)) as c:
                status(c)
    with upsd.client() as c:
        assert status(c) == ON_LINE


def test_what_cannot_be_set_up_ends_the_start(site, certs):
    site.add_dummy("ups", {"ups.status": "OL"})
    broken = ("CERTPATH /nonexistent\nCERTIDENT server sesame\n" if backend(site) == "NSS"
              else "CERTFILE /nonexistent.pem\n")
    upsd = site.start_upsd(conf=broken, wait=False)
    assert upsd.wait() == 1
    assert "TLS is configured and cannot be set up" in upsd.log()
    assert "/nonexistent" in upsd.log()


def test_a_line_that_demands_tls_is_not_served_in_the_clear_by_another(site, certs):
    site.add_dummy("ups", {"ups.status": "OL"})
    upsd = site.start_upsd(conf=certs.upsd_lines(site) +
                           f"LISTEN 127.0.0.2 {site.port} tls-required\n"
                           f"LISTEN 0.0.0.0 {site.port}\n", wait=False)
    assert upsd.wait() == 1
    assert f"not listening on 127.0.0.2 port {site.port}" in upsd.log()


def test_a_renewed_certificate_is_shown_after_a_reload_and_drops_nobody(site, served, certs):
    if backend(site) == "NSS":
        pytest.skip("the database is the process's: a new nickname needs a new one")
    mine = site.root / "mine.pem"
    shutil.copy(certs.pem("server"), mine)
    mine.chmod(0o644)
    upsd = served(f"CERTFILE {mine}\n")
    with TlsClient(upsd.port, certs.client_context()) as old:
        before = old.sock.getpeercert(True)
        shutil.copy(certs.pem("rsa"), mine)
        upsd.signal(signal.SIGHUP)

        def renewed():
            with TlsClient(upsd.port, certs.client_context()) as c:
                return c.sock.getpeercert(True) != before
        wait_until(renewed, what="the new certificate")
        assert status(old) == ON_LINE
        # A broken one is not taken: the last good one goes on.
        mine.write_text("nothing\n")
        upsd.signal(signal.SIGHUP)
        upsd.wait_log("the old one stays in force")
        assert renewed()
        assert status(old) == ON_LINE


def test_the_end_of_the_certificate_is_told(site, served, certs):
    upsd = served(certs.upsd_lines(site, "expired"))
    upsd.wait_log("certificate has expired")


def test_a_key_that_everybody_can_read_is_told(site, served, certs):
    if backend(site) == "NSS":
        pytest.skip("its keys are in a database, under a password")
    open_to_all = site.root / "open.pem"
    shutil.copy(certs.pem("server"), open_to_all)
    open_to_all.chmod(0o644)
    upsd = served(f"CERTFILE {open_to_all}\n")
    upsd.wait_log(f"{open_to_all} is world readable; chmod o-rwx {open_to_all}")


def test_stalled_handshakes_and_rubbish_hold_nobody_up(site, served, certs):
    upsd = served(certs.upsd_lines(site))
    stalled = []
    for i in range(50):
        c = upsd.client()
        assert c.ask("STARTTLS") == "OK STARTTLS"
        if i % 2:
            c.send(b"\x16\x03\x01\x02\x00\x01")
        else:
            c.sock.sendall(b"\x00" * 5000)
        stalled.append(c)
    with TlsClient(upsd.port, certs.client_context()) as c:
        assert status(c) == ON_LINE
    for c in stalled:
        c.close()
    with upsd.client() as c:
        assert status(c) == ON_LINE


def test_a_local_socket_serves_as_the_port_does(site, served):
    path = site.state / "upsd.sock"
    served(f"LISTEN unix:{path}\n")
    with LineClient(path) as c:
        assert status(c) == ON_LINE
        c.login("mon", "secret")
        assert c.ask("LOGIN ups") == "OK"
        assert c.list("CLIENT ups") == ["CLIENT ups local"]


def test_a_capture_shows_no_password_after_starttls(site, served, certs):
    """What goes over the wire is recorded by a relay in between."""
    upsd = served(certs.upsd_lines(site))
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as relay:
        def run():
            near, _ = relay.accept()
            far = socket.create_connection(("127.0.0.1", upsd.port))

            def pump(a, b):
                try:
                    while data := a.recv(65536):
                        seen.append(data)
                        b.sendall(data)
                except OSError:
                    pass  # whoever hangs up first may do so rudely
            back = threading.Thread(target=pump, args=(far, near), daemon=True)
            back.start()
            pump(near, far)
            far.close()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        with TlsClient(relay.getsockname()[1], certs.client_context()) as c:
            c.login("mon", "secret")
            assert c.ask("LOGIN ups") == "OK"
            assert c.ask("LOGOUT") == "OK Goodbye"
        thread.join(30)
    traffic = b"".join(seen)
    assert b"STARTTLS" in traffic
    for secret in (b"secret", b"USERNAME", b"PASSWORD"):
        assert secret not in traffic
