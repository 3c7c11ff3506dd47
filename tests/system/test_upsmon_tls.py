"""upsmon and the repeater under TLS: what is demanded, and what is refused."""

import os
import signal

import pytest

from harness import wait_until
from harness.certs import backend
from harness.process import pid_of


@pytest.fixture(autouse=True)
def needs_tls(site):
    if not backend(site):
        pytest.skip("this build has no TLS")


@pytest.fixture
def served(site, certs):
    site.fake_driver("ups", {"ups.status": "OL"})
    site.add_user("mon", "secret", "upsmon primary")

    def start(identity="server", tls=True):
        upsd = site.start_upsd("-D", conf=certs.upsd_lines(site, identity) if tls else "")
        upsd.wait_for("ups", "ups.status", "OL")
        return upsd
    return start


def watch(site, *lines, env=None):
    return site.start_upsmon(f"MONITOR ups@localhost:{site.port} 1 mon secret primary", *lines,
                             args=("-D",), env=env)


def anchors(site, certs):
    return f"CERTPATH {certs.root}/nss" if backend(site) == "NSS" else f"CERTPATH {certs.pem('ca')}"


LOGGED_IN = "mon@127.0.0.1 logged in"


def test_tls_is_used_where_it_is_offered(site, served):
    upsd = served()
    upsmon = watch(site)
    upsd.wait_log(f"Client {LOGGED_IN} to UPS [ups] (SSL)")
    upsmon.wait_log(f"polling ups: ups@localhost:{site.port} [SSL]")


def test_a_server_without_tls_is_watched_in_the_clear(site, served):
    upsd = served(tls=False)
    watch(site)
    upsd.wait_log(f"User {LOGGED_IN}to UPS [ups]\n")


def test_forcessl_refuses_a_server_without_tls(site, served):
    upsd = served(tls=False)
    upsmon = watch(site, "FORCESSL 1")
    upsmon.wait_log("has no TLS, and it is demanded")
    assert "CERTVERIFY 1" in upsmon.log()  # the warning that nobody is verified
    assert LOGGED_IN not in upsd.log()


def test_a_server_is_verified_with_certverify(site, served, certs):
    upsd = served()
    watch(site, "FORCESSL 1", "CERTVERIFY 1", anchors(site, certs))
    upsd.wait_log(f"Client {LOGGED_IN} to UPS [ups] (SSL)")


@pytest.mark.parametrize("identity", ["selfsigned", "expired", "othercert"])
def test_a_server_that_cannot_be_verified_hears_no_password(site, served, certs, identity):
    upsd = served(identity)
    upsmon = watch(site, "CERTVERIFY 1", anchors(site, certs))
    upsmon.wait_log("its certificate cannot be verified")
    assert LOGGED_IN not in upsd.log()


def test_certhost_asks_for_a_name(site, served, certs):
    upsd = served("wrongname")
    upsmon = watch(site, "CERTVERIFY 1", anchors(site, certs),
                   f"CERTHOST localhost:{site.port} localhost 1 1")
    upsmon.wait_log("its certificate is for elsewhere.example, not for localhost")
    assert LOGGED_IN not in upsd.log()


def test_what_cannot_be_set_up_ends_the_start(site, served):
    served()
    upsmon = watch(site, "CERTVERIFY 1", "CERTPATH /nonexistent")
    assert upsmon.wait() == 1
    assert "/nonexistent" in upsmon.log()


def test_a_stranger_is_refused_where_the_environment_asks_for_trust(site, served):
    served("selfsigned")
    upsmon = watch(site, env={"NUT_TRUST": "strict"})
    upsmon.wait_log(f"nut-trust add localhost:{site.port} --sha256 sha256:")


def test_the_repeater_reads_under_tls(site, served):
    upsd = served()
    site.add_ups("copy", "dummy-ups", f"ups@localhost:{site.port}", "pollinterval = 1")
    site.start_driver("copy")
    upsd.wait_log("[D1:tls] 127.0.0.1: TLSv1.")


def test_the_repeater_demands_what_nutauth_conf_says(site, served, certs):
    served("selfsigned")
    path = anchors(site, certs).replace(" ", " = ", 1)
    auth = site.write("nutauth.conf", f"FORCESSL = 1\nCERTVERIFY = 1\n{path}\n", mode=0o600)
    options = ["pollinterval = 1", f"authconf = {auth}"]
    site.add_ups("copy", "dummy-ups", f"ups@localhost:{site.port}", *options,
                 "repeater_disable_strict_start")
    copy = site.start_driver("copy", "-D")
    copy.wait_log("its certificate cannot be verified")
    copy.stop()
    # Without that last option it starts only if the other side has answered.
    auth.write_text("FORCESSL = 1\nuser = mon\npass = secret\n")
    site.add_ups("copy", "dummy-ups", f"ups@localhost:{site.port}", *options)
    site.start_driver("copy")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give up root")
def test_a_reload_in_the_chroot_reads_what_only_root_can(site, served, certs):
    """The parent opens it; the child is nobody, and sees no files at all."""
    if backend(site) == "NSS":
        pytest.skip("NSS opens its database by itself")
    upsd = served()
    path = site.root / "private-ca.pem"
    path.write_bytes(certs.pem("ca").read_bytes())
    path.chmod(0o600)
    lines = ("FORCESSL 1", "CERTVERIFY 1", f"CERTPATH {path}", "RUN_AS_USER nobody")
    upsmon = watch(site, *lines)
    upsd.wait_log(f"Client {LOGGED_IN} to UPS [ups] (SSL)")
    conf = site.conf / "upsmon.conf"
    conf.write_text(conf.read_text().replace("1 mon secret primary", "1 mon secret secondary"))
    conf.chmod(0o600)
    upsmon_pid = wait_until(lambda: pid_of(site.pids / "upsmon.pid"))
    os.kill(upsmon_pid, signal.SIGHUP)
    upsmon.wait_log("is in force")
    wait_until(lambda: upsd.log().count(f"Client {LOGGED_IN} to UPS [ups] (SSL)") == 2,
               what=upsmon.log)
