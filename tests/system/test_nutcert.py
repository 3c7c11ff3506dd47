"""nutcert, its certificates looked at by openssl(1)."""

import json
import os
import re
import shutil
import stat
import subprocess

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl(1)")


@pytest.fixture
def nutcert(site):
    try:
        site.suite.program("nutcert")
    except LookupError:
        pytest.skip("this build has no nutcert")

    def run(*args, ok=True):
        result = site.run("nutcert", *args)
        assert (result.returncode == 0) == ok, (result.returncode, result.stderr)
        return result.stdout if ok else result.stderr
    return run


def openssl(*args):
    return subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, check=True,
                          timeout=60).stdout


def text_of(path, *extensions):
    more = ["-ext", ",".join(extensions)] if extensions else ["-text"]
    return openssl("x509", "-in", path, "-noout", *more)


def seconds_left(path):
    """Whether a certificate is valid for at least so many seconds."""
    return lambda seconds: subprocess.run(
        ["openssl", "x509", "-in", path, "-noout", "-checkend", str(seconds)],
        capture_output=True, timeout=60).returncode == 0


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def key_pin(path):
    der = subprocess.run(f"openssl x509 -in '{path}' -noout -pubkey | openssl pkey -pubin "
                         "-outform DER | openssl dgst -sha256", shell=True, capture_output=True,
                         text=True, check=True, timeout=60).stdout
    return "sha256:" + der.split("= ")[1].strip()


def test_an_authority_vouches_for_servers_and_users(site, nutcert):
    nutcert("ca")
    nutcert("server", "ups.example.org", "10.0.0.1", "::1", "*.ups.example.org")
    nutcert("client", "mon")
    ca, server, client = (site.conf / name for name in (
        "ca.pem", "ups.example.org.cert.pem", "mon.client.pem"))
    for path, purpose in (server, "sslserver"), (client, "sslclient"):
        assert "OK" in openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", ca, path)
    names = text_of(server, "subjectAltName")
    assert re.findall(r"(?:DNS|IP Address):[^,\s]+", names) == [
        "DNS:ups.example.org", "IP Address:10.0.0.1", "IP Address:0:0:0:0:0:0:0:1",
        "DNS:*.ups.example.org"]
    assert "P-256" in text_of(server)
    assert "CA:TRUE, pathlen:0" in text_of(ca, "basicConstraints")
    assert "CA:FALSE" in text_of(server, "basicConstraints")
    assert text_of(client, "extendedKeyUsage").split("\n")[1].strip() == \
        "TLS Web Client Authentication"
    assert "subject=CN = mon" in openssl("x509", "-in", client, "-noout", "-subject")


def test_a_server_certificate_is_not_taken_for_that_of_a_user(site, nutcert):
    nutcert("ca")
    nutcert("server", "ups.example.org")
    result = subprocess.run(["openssl", "verify", "-purpose", "sslclient", "-CAfile",
                             site.conf / "ca.pem", site.conf / "ups.example.org.cert.pem"],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode != 0


def test_keys_are_for_their_owner_and_the_daemons_only(site, nutcert):
    nutcert("ca")
    nutcert("server", "ups.example.org")
    assert mode_of(site.conf / "ca.key") == 0o600
    assert mode_of(site.conf / "ca.pem") == 0o644
    server = site.conf / "ups.example.org.cert.pem"
    if os.geteuid() == 0:
        assert mode_of(server) in (0o600, 0o640)
        assert os.stat(server).st_uid == 0
    else:
        assert mode_of(server) == 0o600
    assert "PRIVATE KEY" not in (site.conf / "ca.pem").read_text()


def test_nothing_is_overwritten(site, nutcert):
    nutcert("ca")
    nutcert("server", "ups.example.org")
    before = {path.name: path.read_bytes() for path in site.conf.iterdir()}
    assert "not overwritten" in nutcert("ca", ok=False)
    assert "not overwritten" in nutcert("server", "ups.example.org", ok=False)
    assert "not overwritten" in nutcert("join", site.conf / "ups.example.org.cert.pem",
                                        site.conf / "ca.pem", ok=False)
    assert {path.name: path.read_bytes() for path in site.conf.iterdir()} == before


def test_of_two_files_none_is_made_when_one_is_there(site, nutcert):
    site.write("host-client.cert.pem", "mine\n")
    nutcert("self", "host", ok=False)
    assert [path.name for path in site.conf.iterdir()] == ["host-client.cert.pem"]
    site.write("ca.pem", "mine\n")
    nutcert("ca", ok=False)
    assert not (site.conf / "ca.key").exists()


def test_a_link_is_not_followed(site, nutcert):
    target = site.root / "elsewhere"
    (site.conf / "ca.key").symlink_to(target)
    nutcert("ca", ok=False)
    assert not target.exists()


def test_self_makes_the_files_of_mknutcert(site, nutcert):
    nutcert("self", "--rsa", 2048, "--days", 0, "host", "192.0.2.1")
    full, public = site.conf / "host.cert.pem", site.conf / "host-client.cert.pem"
    assert "OK" in openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", public,
                           full)
    assert "PRIVATE KEY" in full.read_text()
    assert "PRIVATE KEY" not in public.read_text()
    assert mode_of(public) == 0o644
    assert "Public-Key: (2048 bit)" in text_of(full)
    assert "notAfter=Dec 31 23:59:59 9999 GMT" in openssl("x509", "-in", full, "-noout", "-enddate")
    assert "IP Address:192.0.2.1" in text_of(full, "subjectAltName")


def test_a_leaf_lives_825_days_and_not_longer_than_its_authority(site, nutcert):
    nutcert("ca", "--days", 100)
    nutcert("self", "alone")
    nutcert("server", "ups")
    alone = seconds_left(site.conf / "alone.cert.pem")
    ups = seconds_left(site.conf / "ups.cert.pem")
    assert alone(824 * 86400) and not alone(826 * 86400)
    assert ups(99 * 86400) and not ups(101 * 86400)


def test_renewing_keeps_key_names_and_the_old_file(site, nutcert):
    nutcert("ca")
    nutcert("server", "--days", 10, "ups", "10.0.0.1")
    path = site.conf / "ups.cert.pem"
    path.chmod(0o400)
    old, pin = path.read_bytes(), key_pin(path)
    serial = openssl("x509", "-in", path, "-serial", "-noout").strip().split("=")[1]
    nutcert("renew", "--days", 50, path)
    assert seconds_left(path)(49 * 86400)
    assert key_pin(path) == pin
    assert mode_of(path) == 0o400
    assert "IP Address:10.0.0.1" in text_of(path, "subjectAltName")
    assert (site.conf / f"ups.cert.pem.{serial}").read_bytes() == old
    assert "OK" in openssl("verify", "-CAfile", site.conf / "ca.pem", path)
    assert openssl("x509", "-in", path, "-serial", "-noout").strip().split("=")[1] != serial
    nutcert("renew", path)
    assert seconds_left(path)(49 * 86400) and not seconds_left(path)(52 * 86400)


def test_a_renewed_authority_still_vouches_for_its_certificates(site, nutcert):
    nutcert("ca", "--days", 20)
    nutcert("server", "ups")
    nutcert("renew", "--days", 200, site.conf / "ca.pem")
    assert seconds_left(site.conf / "ca.pem")(199 * 86400)
    assert "OK" in openssl("verify", "-x509_strict", "-CAfile", site.conf / "ca.pem",
                           site.conf / "ups.cert.pem")


def test_renewing_self_renews_what_clients_have(site, nutcert):
    nutcert("self", "host")
    nutcert("renew", site.conf / "host.cert.pem")
    assert "OK" in openssl("verify", "-CAfile", site.conf / "host-client.cert.pem",
                           site.conf / "host.cert.pem")


def test_another_authority_cannot_renew(site, nutcert):
    nutcert("ca")
    nutcert("server", "ups")
    other = site.root / "other"
    other.mkdir()
    nutcert("ca", "-d", other, "-n", "Somebody else")
    assert "another authority" in nutcert("renew", "--ca", other / "ca.pem",
                                          site.conf / "ups.cert.pem", ok=False)


def test_fingerprints_are_those_of_openssl(site, nutcert):
    nutcert("self", "host")
    path = site.conf / "host.cert.pem"
    assert nutcert("fingerprint", path).strip() == key_pin(path)
    whole = openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256").split("=")[1]
    assert nutcert("fingerprint", "--certificate", path).strip() == \
        "sha256:" + whole.strip().replace(":", "").lower()


def test_show_tells_what_is_in_a_file(site, nutcert):
    nutcert("self", "--organization", 'A "B", C', "host", "::1")
    path = site.conf / "host.cert.pem"
    shown = json.loads(nutcert("show", "--json", path))
    assert shown["key"] == "matches"
    assert shown["certificates"][0]["names"] == "host, ::1"
    assert shown["certificates"][0]["usage"] == "server"
    assert shown["certificates"][0]["key_sha256"] == key_pin(path)
    assert re.search(r"^names +host, ::1$", nutcert("show", path), re.M)


def test_join_puts_certificate_chain_and_key_in_order(site, nutcert):
    nutcert("ca")
    nutcert("server", "ups")
    parts = re.findall(r"-----BEGIN.*?-----END[^\n]*\n", (site.conf / "ups.cert.pem").read_text(),
                       re.S)
    site.write("cert", parts[0])
    site.write("key", parts[1])
    joined = site.conf / "joined.pem"
    nutcert("join", joined, *(site.conf / name for name in ("ca.pem", "key", "cert")))
    assert joined.read_text() == parts[0] + (site.conf / "ca.pem").read_text() + parts[1]
    assert mode_of(joined) in (0o600, 0o640)
    assert "key" in nutcert("join", site.conf / "no.pem", site.conf / "ca.pem", site.conf / "key",
                            ok=False)
    assert not (site.conf / "no.pem").exists()


@pytest.mark.parametrize("host", ["bad..x", "-x.org", "a/b", "ü.example", "", "x" * 64])
def test_what_is_no_host_gets_no_certificate(site, nutcert, host):
    nutcert("ca")
    before = sorted(site.conf.iterdir())
    nutcert("server", "--", host, ok=False)
    assert sorted(site.conf.iterdir()) == before


def test_files_that_are_no_pem_are_refused(site, nutcert):
    site.write("noise", "\x7fELF" + "A" * 5000)
    nutcert("show", site.conf / "noise", ok=False)
    nutcert("show", site.conf / "absent", ok=False)
    nutcert("renew", site.conf / "noise", ok=False)
    nutcert("server", "--ca", site.conf / "noise", "host", ok=False)
