"""nut-trust against a server that is made for the test."""

import json
import os
import pty
import re
import select
import subprocess
import time

import pytest
from harness import DEADLINE
from harness.tlspeer import TlsPeer, certificates, nobody

DONE, WRONG, REFUSED, UNREACHABLE, UNKNOWN = range(5)
OTHER_PIN = "sha256:" + "0f" * 32


@pytest.fixture(name="store")
def store_path(site):
    return site.root / "home/.config/nut/known_upsd"


@pytest.fixture(name="trust")
def trust_command(site):
    if "no" == tls_of(site):
        pytest.skip("this build has no TLS")

    def run(*args, status=DONE):
        result = site.run("nut-trust", "-W", DEADLINE, *args, timeout=2 * DEADLINE,
                          env={"HOME": str(site.root / "home")})
        assert result.returncode == status, (result.stdout, result.stderr)
        return result.stdout if status == DONE else result.stdout + result.stderr
    return run


def tls_of(site):
    config = (site.suite.root / "config.h").read_text()
    return "yes" if re.search(r"#define TLS_(OPENSSL|NSS) 1", config) else "no"


@pytest.fixture(name="peer")
def peer_maker():
    made = []

    def make(identity="server", **options):
        made.append(TlsPeer(certificates() / f"{identity}.pem", **options))
        return made[-1]
    yield make
    for one in made:
        one.close()


def pin_of(identity):
    der = subprocess.run(f"openssl x509 -in '{certificates() / identity}.crt' -noout -pubkey | "
                         "openssl pkey -pubin -outform DER | openssl dgst -sha256", shell=True,
                         capture_output=True, text=True, check=True, timeout=60).stdout
    return "sha256:" + der.split("= ")[1].strip()


def answer(site, text, *args):
    """Runs nut-trust on a terminal on which `text` is typed; its status and what it said."""
    master, slave = pty.openpty()
    env = site.environment(HOME=str(site.root / "home"))
    command = [str(site.suite.program("nut-trust")), "-W", str(DEADLINE), *args]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=site.root,
                          start_new_session=True) as process:
        os.close(slave)
        os.write(master, text.encode())
        said = b""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    data = os.read(master, 4096)
                except OSError:
                    break
                if not data:
                    break
                said += data
        os.close(master)
        return process.wait(DEADLINE), said.decode(errors="replace")


def test_a_server_is_added_by_its_fingerprint_shown_and_removed(peer, trust, store):
    server = peer()
    trust("add", server.name, "--sha256", pin_of("server"))
    assert re.match(rf"127\.0\.0\.1:{server.port} {pin_of('server')} until \S+ "
                    "CN=localhost,O=Test$", trust("list"))
    assert "yes, this key" in trust("show", server.name)
    assert store.stat().st_mode & 0o777 == 0o600
    trust("add", server.name, "--sha256", pin_of("server"))  # twice is no harm
    trust("remove", server.name)
    assert trust("list") == ""
    assert "not in" in trust("remove", server.name, status=WRONG)


def test_another_fingerprint_is_refused(peer, trust):
    server = peer()
    said = trust("add", server.name, "--sha256", OTHER_PIN, status=REFUSED)
    assert pin_of("server") in said
    assert trust("list") == ""


def test_without_terminal_nothing_is_stored_and_the_command_is_printed(peer, trust):
    server = peer("selfsigned")
    said = trust("add", server.name, status=UNKNOWN)
    command = re.search(r"nut-trust (add \S+ --sha256 \S+)", said).group(1)
    assert trust("list") == ""
    assert " no\n" in trust("show", server.name, status=UNKNOWN)
    trust(*command.split())
    assert "yes, this key" in trust("show", server.name)


@pytest.mark.parametrize("typed", ["y", "yes", "pin"])
def test_on_a_terminal_yes_or_the_fingerprint_is_an_answer(site, peer, trust, typed):
    server = peer()
    status, said = answer(site, f"{pin_of('server') if typed == 'pin' else typed}\n",
                          "add", server.name)
    assert status == DONE and pin_of("server") in said and "CN=localhost" in said
    assert pin_of("server") in trust("list")


@pytest.mark.parametrize("typed", ["", "n", "no", OTHER_PIN, "yess"])
def test_anything_else_is_no(site, peer, trust, typed):
    server = peer()
    status, _ = answer(site, f"{typed}\n", "add", server.name)
    assert status == UNKNOWN
    assert trust("list") == ""


def test_another_name_is_a_second_question(site, peer, trust):
    server = peer("wrongname")
    assert answer(site, "y\nn\n", "add", server.name)[0] == UNKNOWN
    assert trust("list") == ""
    assert answer(site, "y\ny\n", "add", server.name)[0] == DONE
    assert "under another name" in trust("list")


def test_a_changed_key_is_told_and_only_replace_helps(peer, trust):
    server = peer("othercert")
    trust("add", server.name, "--offline", "--sha256", OTHER_PIN)
    assert "ANOTHER KEY" in trust("show", server.name, status=REFUSED)
    assert "ANOTHER KEY" in trust("add", server.name, "--sha256", pin_of("othercert"),
                                  status=REFUSED)
    assert OTHER_PIN in trust("list")
    trust("replace", server.name, "--sha256", pin_of("othercert"))
    assert pin_of("othercert") in trust("list")
    assert "not in" in trust("replace", "other.example", "--offline", "--sha256", OTHER_PIN,
                             status=WRONG)


@pytest.mark.parametrize("identity", ["expired", "future"])
def test_a_certificate_of_another_time_is_refused(peer, trust, identity):
    server = peer(identity)
    assert "not valid today" in trust("add", server.name, "--sha256", pin_of(identity),
                                      status=REFUSED)
    assert trust("list") == ""


def test_a_server_without_tls_or_no_server_at_all(peer, trust):
    server = peer(starttls="ERR FEATURE-NOT-CONFIGURED")
    assert "has no TLS" in trust("show", server.name, status=UNREACHABLE)
    with nobody() as name:
        trust("show", name, status=UNREACHABLE)


def test_bytes_behind_the_answer_to_starttls_are_refused(peer, trust):
    server = peer(starttls="OK STARTTLS\nOK")
    trust("add", server.name, "--sha256", pin_of("server"), status=UNREACHABLE)
    assert trust("list") == ""


def test_tls_from_the_first_byte(peer, trust):
    server = peer(direct=True)
    trust("add", "--direct", server.name, "--sha256", pin_of("server"))


def test_export_is_a_store_of_its_own(site, trust):
    for host in "ups1", "UPS2:401", "[fe80::1]:3493":
        trust("add", "--offline", "--sha256", OTHER_PIN, host)
    copy = site.root / "copy"
    copy.write_text(trust("export"))
    assert trust("list", "--store", copy) == trust("list")
    entries = json.loads(trust("list", "--json"))
    assert [(e["host"], e["port"]) for e in entries] == [
        ("ups1", "3493"), ("ups2", "401"), ("fe80::1", "3493")]
    assert {e["sha256"] for e in entries} == {OTHER_PIN}
    assert trust("export", "ups2:401").startswith("ups2:401 ")
    trust("export", "ups3", status=WRONG)


def test_the_daemons_store_is_in_the_configuration_folder(site, trust):
    trust("--system", "add", "--offline", "--sha256", OTHER_PIN, "ups1")
    assert (site.conf / "known_upsd").read_text().count("ups1:3493") == 1
    assert trust("list") == ""


def test_a_store_with_bad_lines_is_not_changed(store, trust):
    store.parent.mkdir(parents=True)
    store.write_text("ups1:3493 nonsense\n")
    assert "bad lines" in trust("add", "--offline", "--sha256", OTHER_PIN, "ups2", status=WRONG)
    assert store.read_text() == "ups1:3493 nonsense\n"
    trust("list", status=WRONG)


@pytest.mark.parametrize("args", [
    ["add"], ["list", "x"], ["ad", "x"], [], ["add", "a b", "--offline", "--sha256", OTHER_PIN],
    ["add", "x", "--offline"], ["add", "x:99999"], ["add", "x", "--sha256", "12"]])
def test_a_wrong_command_line_changes_nothing(trust, args):
    trust(*args, status=WRONG)
    assert trust("list") == ""
