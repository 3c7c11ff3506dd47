"""upsd as an ordinary user, in a chroot, and what a reload still reaches."""

import os
import random
import shutil
import signal
import socket

import pytest

from harness import LineClient, TlsClient, wait_until
from harness.certs import backend

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")


# What a site's folders are called inside.  The leak checker of a sanitizer build needs
# /proc at the end, which a chroot has not.
IN_CHROOT = {"NUT_CONFPATH": "/conf", "NUT_STATEPATH": "/state", "NUT_ALTPIDPATH": "/pid",
             "NUT_PIDPATH": "/pid", "ASAN_OPTIONS": "detect_leaks=0"}


def uids(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("Uid:"))
    return {int(word) for word in line.split()[1:]}


def login(upsd, password):
    """What LOGIN answers to a password."""
    with upsd.client() as c:
        c.ask("USERNAME mon")
        c.ask(f"PASSWORD {password}")
        return c.ask("LOGIN ups")


def root_only(site, password, *upses):
    """The files as an administrator has them who trusts nobody but root."""
    site.write("upsd.users", f"[mon]\n\tpassword = {password}\n\tupsmon primary\n", 0o600)
    text = "".join(f"[{ups}]\n\tdriver = dummy-ups\n\tport = x\n" for ups in upses)
    site.write("ups.conf", text, 0o600)


def start(site, conf, *args, env=None):
    site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\n{conf}", 0o600)
    upsd = site.restart_upsd("-u", "nobody", *args, env=env)
    upsd.wait_log("Startup successful")
    assert 0 not in uids(upsd.pid)
    return upsd


def reload(upsd):
    before = upsd.log().count("configuration reloaded")
    upsd.signal(signal.SIGHUP)
    wait_until(lambda: upsd.log().count("configuration reloaded") > before, what=upsd.log)


def check_reload(site, upsd):
    assert login(upsd, "one") == "OK"
    root_only(site, "two", "ups", "more")
    reload(upsd)
    assert login(upsd, "one") == "ERR ACCESS-DENIED"
    assert login(upsd, "two") == "OK"
    with upsd.client() as c:
        assert len(c.list("UPS")) == 2


def test_files_that_only_root_can_read_are_read_again(site):
    root_only(site, "one", "ups")
    check_reload(site, start(site, ""))


def test_files_that_only_root_can_read_are_read_again_in_a_chroot(site):
    root_only(site, "one", "ups")
    upsd = start(site, "", "-r", site.root, env=IN_CHROOT)
    check_reload(site, upsd)


def renew(site, upsd, certs, path):
    with TlsClient(upsd.port, certs.client_context()) as c:
        before = c.sock.getpeercert(True)
    shutil.copy(certs.pem("rsa"), path)
    path.chmod(0o600)
    reload(upsd)
    with TlsClient(upsd.port, certs.client_context()) as c:
        assert c.sock.getpeercert(True) != before


@pytest.mark.parametrize("chroot", [False, True])
def test_a_certificate_that_only_root_can_read_is_renewed(site, certs, chroot):
    if backend(site) != "OpenSSL":
        pytest.skip("NSS reads its database by itself")
    root_only(site, "one", "ups")
    path = site.conf / "upsd.pem"
    shutil.copy(certs.pem("server"), path)
    path.chmod(0o600)
    if chroot:
        upsd = start(site, "CERTFILE /conf/upsd.pem\n", "-r", site.root, env=IN_CHROOT)
    else:
        upsd = start(site, f"CERTFILE {path}\n")
    renew(site, upsd, certs, path)


def test_authorities_that_only_root_can_read_are_read_again(site, certs):
    if backend(site) != "OpenSSL":
        pytest.skip("NSS reads its database by itself")
    root_only(site, "one", "ups")
    for name in ("server", "ca"):
        shutil.copy(certs.pem(name), site.conf / f"{name}.pem")
        (site.conf / f"{name}.pem").chmod(0o600)
    upsd = start(site, f"CERTFILE {site.conf}/server.pem\nCERTPATH {site.conf}/ca.pem\n"
                 "CERTREQUEST REQUIRE\n")
    reload(upsd)
    with TlsClient(upsd.port, certs.client_context("client")) as c:
        assert c.ask("NETVER") == "1.3"


def test_a_file_in_a_folder_that_others_may_change_is_not_opened_for_us(site):
    root_only(site, "one", "ups")
    upsd = start(site, "")
    site.conf.chmod(0o777)
    root_only(site, "two", "ups")
    upsd.signal(signal.SIGHUP)
    upsd.wait_log("the old one stays in force")
    assert login(upsd, "one") == "OK"


def free_low_port():
    """A loopback address and a port below 1024 that nobody has there."""
    for _ in range(100):
        address = f"127.{random.randint(2, 250)}.{random.randint(0, 250)}.1"
        port = random.randint(700, 1000)
        try:
            with socket.create_server((address, port)):
                return address, port
        except OSError:
            continue
    pytest.skip("no port below 1024 can be had")


def test_a_low_port_is_bound_again_after_it_was_given_up(site):
    root_only(site, "one", "ups")
    address, port = free_low_port()
    upsd = start(site, f"LISTEN {address} {port}\n")
    with LineClient((address, port)) as c:
        assert c.ask("NETVER") == "1.3"
    site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\n", 0o600)
    reload(upsd)
    upsd.wait_log(f"no longer listening on {address}")
    site.write("upsd.conf", f"LISTEN 127.0.0.1 {site.port}\nLISTEN {address} {port}\n", 0o600)
    reload(upsd)
    with LineClient((address, port)) as c:
        assert c.ask("NETVER") == "1.3"
