"""upsweb reads its files anew, also those that only root can read, when it is root no more."""

import os
import pwd
import shutil
import signal
import ssl

import pytest
from harness import wait_until
from web import Web, trusting


@pytest.fixture
def driver(site):
    fake = site.fake_driver("rack", {"ups.status": "OL"})
    site.start_upsd()
    return fake


def shown(web):
    return ssl.get_server_certificate(("127.0.0.1", web.port))


def start(site, certs, *lines):
    """upsweb with HTTPS, and its certificate's file."""
    file = site.conf / "web.pem"
    shutil.copy(certs.pem("server"), file)
    file.chmod(0o600)
    web = Web(site, f"CERTIFICATE {file}", *lines, tls=trusting(certs.pem("ca")), wait=False)
    wait_until(lambda: "HTTPS" in web.process.log() or "TLS" in web.process.log() or
               not web.process.running(), what="it starts")
    if "this build has no HTTPS" in web.process.log():
        pytest.skip("a build without HTTPS")
    web.wait_ready()
    return web, file


def test_a_renewed_certificate_is_shown_after_a_reload(site, driver, certs):
    web, file = start(site, certs)
    first = shown(web)
    shutil.copy(certs.pem("rsa"), file)
    assert shown(web) == first
    web.process.signal(signal.SIGHUP)
    wait_until(lambda: shown(web) != first, what=lambda: f"the new one:\n{web.process.log()}")
    renewed = shown(web)
    file.write_text("nonsense")
    web.process.signal(signal.SIGHUP)
    web.process.wait_log("the old certificate stays in use")
    assert shown(web) == renewed
    web.wait_ups("rack")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")
def test_who_is_root_no_more_still_reads_roots_files_anew(site, driver, certs):
    site._as_user = ["-u", "nobody"]
    web, file = start(site, certs, f"MONITOR late@127.0.0.1:{site.port}")
    (site.conf / "upsweb.conf").chmod(0o600)
    status = open(f"/proc/{web.process.pid}/status").read()
    assert f"Uid:\t{pwd.getpwnam('nobody').pw_uid}\t" in status
    first = shown(web)
    shutil.copy(certs.pem("rsa"), file)
    web.wait_ups("late", lambda d: True)
    conf = site.conf / "upsweb.conf"
    conf.write_text(conf.read_text().replace("late@", "later@"))
    web.process.signal(signal.SIGHUP)
    wait_until(lambda: shown(web) != first, what=lambda: f"the new one:\n{web.process.log()}")
    web.wait_ups("later", lambda d: True)
    assert web.ups("late") is None
