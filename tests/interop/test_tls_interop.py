"""TLS between the suites: Debian's (NSS) clients on our upsd, our clients on Debian's upsd."""

import pytest

from harness import wait_until
from harness.certs import backend


@pytest.fixture(autouse=True)
def anchors(build, sites, certs):
    """CERTPATH of our clients."""
    kind = backend(sites(suite=build))
    if not kind:
        pytest.skip("this build has no TLS")
    return certs.root / "nss" if kind == "NSS" else certs.pem("ca")


@pytest.fixture
def database(certs):
    """The NSS database that Debian's programs need, as upsd.conf and upsmon.conf name it."""
    if not (certs.root / "nss").is_dir():
        pytest.skip("no certutil to make an NSS database with")
    return certs.root / "nss"


def serve(site, lines):
    site.fake_driver("ups", {"ups.status": "OL"}).add_command("load.off")
    site.add_user("admin", "secret", "instcmds = ALL")
    site.add_user("mon", "secret", "upsmon primary")
    upsd = site.start_upsd("-DD", conf=lines)
    upsd.wait_for("ups", "ups.status", "OL")
    return upsd


def ours_wants(site, anchors, *lines):
    """A nutauth.conf that wants a verified server."""
    return site.write("nutauth.conf", "\n".join(["FORCESSL = 1", "CERTVERIFY = 1",
                                                 f"CERTPATH = {anchors}", *lines, ""]), mode=0o600)


def theirs_wants(database, verify=1):
    return [f"CERTPATH {database}", f"CERTVERIFY {verify}", "FORCESSL 1"]


def monitor(site, suite, *lines):
    return site.start_upsmon(f"MONITOR ups@localhost:{site.port} 1 mon secret primary", *lines,
                             suite=suite, args=("-DD",))


# ---------------------------------------------------------------- Debian's upsd


@pytest.fixture
def their_upsd(sites, debian, database):
    site = sites(suite=debian)

    def start(identity):
        return site, serve(site, f"CERTPATH {database}\nCERTIDENT {identity} sesame\n")
    return start


def test_our_clients_verify_debians_server(their_upsd, build, anchors):
    site, _ = their_upsd("server")
    auth = ours_wants(site, anchors, "CERTHOST = localhost", "user = admin", "pass = secret")
    ups = f"ups@localhost:{site.port}"
    assert site.run("upsc", "-A", auth, ups, "ups.status", suite=build, check=True).stdout == "OL\n"
    assert site.run("upsc", "-A", auth, ups, suite=build, check=True).stdout
    site.run("upscmd", "-A", auth, ups, "load.off", suite=build, check=True)


@pytest.mark.parametrize("identity", ["othercert", "expired"])
def test_our_clients_refuse_debians_server_with_a_bad_certificate(their_upsd, build, anchors,
                                                                  identity):
    site, _ = their_upsd(identity)
    auth = ours_wants(site, anchors)
    result = site.run("upsc", "-A", auth, f"ups@localhost:{site.port}", "ups.status", suite=build)
    assert result.returncode == 4
    assert "its certificate cannot be verified" in result.stderr


def test_our_upsmon_watches_debians_server(their_upsd, build, anchors):
    site, upsd = their_upsd("server")
    monitor(site, build, f"CERTPATH {anchors}", "CERTVERIFY 1", "FORCESSL 1")
    with upsd.client() as client:
        wait_until(lambda: client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1",
                   what="our upsmon is logged in")


# -------------------------------------------------------------- Debian's clients


@pytest.fixture
def our_upsd(sites, build, certs):
    site = sites(suite=build)

    def start(identity="server", tls=True):
        return site, serve(site, certs.upsd_lines(site, identity) if tls else "")
    return start


def test_debians_upsc_reads_our_server(our_upsd, debian):
    site, _ = our_upsd()
    result = site.run("upsc", f"ups@localhost:{site.port}", "ups.status", suite=debian, check=True)
    assert result.stdout == "OL\n"


def test_debians_upsmon_verifies_our_server(our_upsd, debian, database):
    site, upsd = our_upsd()
    monitor(site, debian, *theirs_wants(database))
    upsd.wait_log("Client mon@127.0.0.1 logged in to UPS [ups] (SSL)")


def test_debians_upsmon_refuses_our_server_with_a_bad_certificate(our_upsd, debian, database):
    site, upsd = our_upsd("othercert")
    upsmon = monitor(site, debian, *theirs_wants(database))
    upsmon.wait_log("Certificate validation failed")
    with upsd.client() as client:
        assert client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 0"


def test_debians_upsmon_takes_any_certificate_where_it_does_not_verify(our_upsd, debian, database):
    site, upsd = our_upsd("selfsigned")
    monitor(site, debian, *theirs_wants(database, verify=0))
    upsd.wait_log("Client mon@127.0.0.1 logged in to UPS [ups] (SSL)")


def test_debians_upsmon_refuses_our_server_without_tls(our_upsd, debian, database):
    site, upsd = our_upsd(tls=False)
    upsmon = monitor(site, debian, *theirs_wants(database))
    upsmon.wait_log("SSL is not available")
    with upsd.client() as client:
        assert client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 0"


def test_debians_upsmon_shows_a_certificate_that_we_require(our_upsd, debian, database, certs):
    site, upsd = our_upsd()
    upsd.stop()
    upsd = site.start_upsd(conf=certs.upsd_lines(site, authority="ca", request="REQUIRE"))
    monitor(site, debian, *theirs_wants(database), "CERTIDENT client sesame")
    upsd.wait_log("Client mon@127.0.0.1 logged in to UPS [ups] (SSL)")
