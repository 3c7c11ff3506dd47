"""nut-verify against servers that are made for the test, and on files."""

import json
import re
import signal
import ssl

import pytest
from harness import DEADLINE, wait_until
from harness.tlspeer import TlsPeer, certificates, nobody

FINE, WARNINGS, FAILURES, UNREACHABLE, USAGE = 0, 1, 2, 3, 64
REFUSED = "ERR ACCESS-DENIED"


def backend(site):
    config = (site.suite.root / "config.h").read_text()
    found = re.search(r"#define TLS_(OPENSSL|NSS) 1", config)
    return found.group(1) if found else None


@pytest.fixture(name="verify")
def verify_command(site):
    """Runs nut-verify --json; returns {check: result} and the findings."""
    if not backend(site):
        pytest.skip("this build has no TLS")

    def run(*args, status=FINE):
        result = site.run("nut-verify", "--json", "-W", DEADLINE, *args,
                          timeout=4 * DEADLINE, env={"NUT_TRUST_STORE": str(site.root / "store")})
        assert result.returncode == status, (result.stdout, result.stderr)
        if status == USAGE:
            return {}, []
        document = json.loads(result.stdout)
        assert document["status"] == str(status)
        return ({f["check"]: f["result"] for f in document["findings"]}, document["findings"])
    return run


@pytest.fixture(name="peer")
def peer_maker():
    made = []

    def make(identity="server", **options):
        made.append(TlsPeer(certificates() / f"{identity}.pem", **{"clear": REFUSED, **options}))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture(name="ca")
def authority(site):
    """Options that name the authority of the test's certificates."""
    if backend(site) == "NSS":
        return ["--ca", certificates() / "nss"]
    return ["--ca", certificates() / "ca.pem"]


def test_a_good_server_is_fine(peer, verify, ca):
    results, _ = verify(peer().name, *ca)
    assert results == {check: "ok" for check in (
        "tcp", "banner", "clear-data", "clear-login", "starttls", "handshake", "version", "chain",
        "name", "dates", "strength", "client-certificate")}


def test_login_in_the_clear_is_a_warning_and_no_password_is_sent(peer, verify, ca):
    server = peer(clear="")
    results, _ = verify(server.name, *ca, status=WARNINGS)
    assert results["clear-login"] == "warning" and results["clear-data"] == "note"
    results, _ = verify("--secure", server.name, *ca, status=FAILURES)
    assert results["clear-login"] == results["clear-data"] == "failure"
    assert not [line for line, _ in server.received if line.startswith("PASSWORD")]


@pytest.mark.parametrize("identity, check", [("expired", "dates"), ("future", "dates"),
                                             ("wrongname", "name"), ("othercert", "chain"),
                                             ("selfsigned", "chain")])
def test_a_bad_certificate_is_a_failure(peer, verify, ca, identity, check):
    results, _ = verify(peer(identity).name, *ca, status=FAILURES)
    assert results[check] == "failure"
    assert results["handshake"] == "ok"


def test_another_name_may_be_asked_for(peer, verify, ca):
    results, _ = verify("--name", "elsewhere.example", peer("wrongname").name, *ca)
    assert results["name"] == "ok"


def test_a_stored_key_stands_for_a_chain(site, peer, verify):
    server = peer("selfsigned")
    _, findings = verify(server.name, status=FAILURES)
    text = next(f["text"] for f in findings if f["check"] == "chain")
    command = re.search(r"nut-trust (add .*)", text).group(1).split()
    site.run("nut-trust", "--store", site.root / "store", *command, check=True)
    results, _ = verify(server.name)
    assert results["stored"] == results["chain"] == "ok"


def test_another_key_than_the_stored_one_is_a_failure(site, peer, verify, ca):
    server = peer()
    site.run("nut-trust", "--store", site.root / "store", "add", "--offline", "--sha256",
             "0f" * 32, server.name, check=True)
    results, _ = verify(server.name, *ca, status=FAILURES)
    assert results["stored"] == "failure"


def test_tls_1_2_is_a_warning(peer, verify, ca):
    results, _ = verify(peer(maximum=ssl.TLSVersion.TLSv1_2).name, *ca, status=WARNINGS)
    assert results["version"] == "warning"


def test_a_demand_for_a_client_certificate_is_seen(site, peer, verify, ca):
    server = peer(client_ca=certificates() / "ca.pem")
    results, _ = verify(server.name, *ca, status=FAILURES)
    assert results["client-certificate"] == "failure"
    if backend(site) == "OPENSSL":
        results, _ = verify("--cert", certificates() / "client.pem", server.name, *ca)
        assert results["client-certificate"] == "ok"


def test_a_server_without_tls_is_a_failure(peer, verify):
    results, _ = verify(peer(starttls="ERR FEATURE-NOT-CONFIGURED").name, status=FAILURES)
    assert results["starttls"] == "failure"
    assert "handshake" not in results


def test_tls_from_the_first_byte(peer, verify, ca):
    results, _ = verify("--direct", peer(direct=True).name, *ca)
    assert results["handshake"] == "ok" and "starttls" not in results


def test_a_server_that_is_not_there_has_a_status_of_its_own(peer, verify, ca):
    with nobody() as name:
        results, _ = verify(name, status=UNREACHABLE)
        assert results == {"tcp": "failure"}
        verify(peer().name, name, *ca, status=UNREACHABLE)


def test_what_a_server_says_cannot_steer_the_terminal(site, peer, verify, ca):
    server = peer(banner='\x1b[31m"upsd"')
    _, findings = verify(server.name, *ca)
    assert next(f["text"] for f in findings if f["check"] == "banner") == '\x1b[31m"upsd"'
    assert "\x1b" not in site.run("nut-verify", "-W", DEADLINE, server.name, *ca).stdout


@pytest.mark.parametrize("args", [["--nonsense"], ["-W", "x", "host"], ["host:0"]])
def test_a_wrong_command_line_has_a_status_of_its_own(verify, args):
    verify(*args, status=USAGE)


# ------------------------------------------------------------------------ files

def of_file(findings, start):
    """The result of the finding whose text is about this path."""
    return next(f["result"] for f in findings if start in f["text"])


@pytest.fixture(name="tidy")
def tidy_site(site):
    site.state.chmod(0o770)
    return site


def test_tidy_files_are_fine(tidy, verify):
    tidy.write("upsd.users", "[mon]\n\tpassword = x\n")
    tidy.write("upsd.conf", "LISTEN 127.0.0.1 3493\n")
    results, _ = verify("--files")
    assert results == {"modes": "ok", "upsd.conf": "note"}


def test_secrets_that_everybody_can_read_are_failures(tidy, verify):
    users = tidy.write("upsd.users", "", mode=0o644)
    conf = tidy.write("upsd.conf", "", mode=0o644)
    _, findings = verify("--files", status=FAILURES)
    assert of_file(findings, str(users)) == "failure"
    assert of_file(findings, str(conf)) == "warning"
    users.chmod(0o640)
    conf.chmod(0o646)
    _, findings = verify("--files", status=FAILURES)
    assert of_file(findings, str(conf)) == "failure"


def test_folders_that_others_can_change_are_found(tidy, verify):
    tidy.conf.chmod(0o775)
    tidy.state.chmod(0o755)
    _, findings = verify("--files", status=WARNINGS)
    assert of_file(findings, str(tidy.conf)) == "warning"
    assert of_file(findings, str(tidy.state)) == "warning"
    tidy.conf.chmod(0o777)
    verify("--files", status=FAILURES)


def test_listening_to_the_world_without_tls_is_a_warning(tidy, verify):
    tidy.write("upsd.conf", "LISTEN 0.0.0.0 3493\n")
    results, _ = verify("--files", status=WARNINGS)
    assert results["upsd.conf"] == "warning"
    tidy.write("upsmon.conf", "FORCESSL 1\n")
    results, _ = verify("--files", status=WARNINGS)
    assert results["upsmon.conf"] == "warning"
    tidy.write("upsmon.conf", "CERTVERIFY 1\n")
    results, _ = verify("--files", status=FAILURES)
    assert results["upsmon.conf"] == "failure"


@pytest.fixture(name="certfile")
def certfile_in_conf(tidy):
    """Puts a certificate into the configuration, as CERTFILE of upsd."""
    if backend(tidy) != "OPENSSL":
        pytest.skip("CERTFILE is OpenSSL's")

    def put(identity, mode=0o640, ending=".pem"):
        path = tidy.write("server.pem", (certificates() / f"{identity}{ending}").read_text(), mode)
        tidy.write("upsd.conf", f"CERTFILE {path}\n")
        return path
    return put


def test_a_good_certfile_is_fine(verify, certfile):
    certfile("server")
    results, _ = verify("--files")
    assert results["upsd.conf"] == "ok"


@pytest.mark.parametrize("identity, mode, ending", [
    ("server", 0o644, ".pem"), ("mismatch", 0o640, ".pem"), ("expired", 0o640, ".pem"),
    ("server", 0o640, ".crt"), ("locked", 0o640, ".pem")])
def test_a_bad_certfile_is_a_failure(verify, certfile, identity, mode, ending):
    certfile(identity, mode, ending)
    _, findings = verify("--files", status=FAILURES)
    assert "failure" in {f["result"] for f in findings if f["check"] == "upsd.conf"}


def test_a_password_is_not_printed(tidy, verify, certfile):
    path = certfile("locked")
    tidy.write("upsd.conf", f'CERTFILE {path}\nCERTIDENT "" sesame\n')
    _, findings = verify("--files")
    assert "sesame" not in json.dumps(findings)
    tidy.write("upsd.conf", f'CERTFILE {path}\nCERTIDENT "" wrong-one\n')
    _, findings = verify("--files", status=FAILURES)
    assert "wrong-one" not in json.dumps(findings)


# ------------------------------------------------------------ upsd, with nutcert

@pytest.fixture(name="certified")
def certified_upsd(site):
    """Starts upsd with a certificate that nutcert makes."""
    if backend(site) != "OPENSSL":
        pytest.skip("CERTFILE is OpenSSL's")

    def start(*order, listen=""):
        site.run("nutcert", *order, "localhost", "127.0.0.1", check=True)
        site.add_dummy("ups", {"ups.status": "OL"})
        site.write("upsd.users", "[mon]\n\tpassword = x\n\tupsmon primary\n")
        site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port} {listen}\n"
                   f"CERTFILE {site.conf / 'localhost.cert.pem'}\n")
        return site.restart_upsd()
    return start


def test_upsd_that_requires_tls_is_fine(site, certified, verify):
    site.run("nutcert", "ca", check=True)
    upsd = certified("server", listen="tls-required")
    results, _ = verify("--secure", "--ca", site.conf / "ca.pem", f"127.0.0.1:{upsd.port}")
    assert results["clear-data"] == results["clear-login"] == "ok"


def test_upsd_that_takes_both_has_one_warning(site, certified, verify):
    site.run("nutcert", "ca", check=True)
    upsd = certified("server")
    results, _ = verify("--ca", site.conf / "ca.pem", f"127.0.0.1:{upsd.port}", status=WARNINGS)
    assert [check for check, result in results.items() if result == "warning"] == ["clear-login"]


def test_a_renewed_certificate_is_still_the_one_that_is_known(site, certified, verify):
    upsd = certified("self", listen="tls")
    server = f"127.0.0.1:{upsd.port}"
    pin = site.run("nutcert", "fingerprint", site.conf / "localhost.cert.pem", check=True).stdout
    site.run("nut-trust", "--store", site.root / "store", "add", "--direct", server, "--sha256",
             pin.strip(), check=True)
    serial = served_certificate(upsd.port)
    site.run("nutcert", "renew", site.conf / "localhost.cert.pem", check=True)
    upsd.signal(signal.SIGHUP)
    wait_until(lambda: served_certificate(upsd.port) != serial, what="the new certificate")
    results, _ = verify("--direct", server)
    assert results["stored"] == "ok"


def served_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=DEADLINE)
