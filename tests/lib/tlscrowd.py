"""Many TLS clients of one upsd; for the fast lane and, with more of them, the long one."""

import contextlib
import shutil
import signal
import threading

from harness import TlsClient, wait_until
from harness.certs import backend

QUESTION = "GET VAR ups ups.status"
ANSWER = 'VAR ups ups.status "OL"'


class Identity:
    """upsd's own certificate, and how it is replaced by another one."""

    def __init__(self, site, certs):
        self.site, self.certs = site, certs
        self.nss = backend(site) == "NSS"
        self.file = site.root / "identity.pem"

    def lines(self, name):
        """What upsd.conf says for an identity, which is put in place."""
        if self.nss:
            return self.certs.upsd_lines(self.site, name)
        shutil.copy(self.certs.pem(name), self.file)
        self.file.chmod(0o644)
        return f"CERTFILE {self.file}\n"


def shown(upsd, context):
    """The certificate that a new client sees."""
    with TlsClient(upsd.port, context) as c:
        assert c.ask(QUESTION) == ANSWER
        return c.sock.getpeercert(True)


def renew_under_load(site, certs, count):
    """Replaces the certificate while `count` TLS clients are connected and some ask on and on."""
    site.fake_driver("ups", {"ups.status": "OL"})
    identity, context = Identity(site, certs), certs.client_context()
    maximum = f"MAXCONN {count + 50}\n"
    upsd = site.start_upsd(conf=maximum + identity.lines("server"))
    upsd.wait_for("ups", "ups.status", "OL")
    ended, faults = threading.Event(), []

    def ask_on_and_on(clients):
        try:
            while not ended.is_set():
                for c in clients:
                    assert c.ask(QUESTION) == ANSWER
        except (OSError, AssertionError) as e:
            faults.append(e)

    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(TlsClient(upsd.port, context)) for _ in range(count)]
        before = shown(upsd, context)
        load = threading.Thread(target=ask_on_and_on, args=(crowd[:10],), daemon=True)
        load.start()
        try:
            more = identity.lines("rsa")
            site.write("upsd.conf", f"LISTEN 127.0.0.1 {upsd.port}\n{maximum}{more}")
            upsd.signal(signal.SIGHUP)
            wait_until(lambda: shown(upsd, context) != before, what="the new certificate")
        finally:
            ended.set()
            load.join()
        assert not faults
        for c in crowd:
            assert c.ask(QUESTION) == ANSWER
            assert c.sock.getpeercert(True) == before
