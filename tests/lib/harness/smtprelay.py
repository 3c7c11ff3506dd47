"""A mail relay that takes what it is sent: aiosmtpd, with TLS as relays have it."""

import asyncio
import email
import email.policy
import ssl
import threading

import pytest

from .ports import free_port
from .wait import DEADLINE

USER, PASSWORD = "robot", "relay-s3cret"


class SmtpRelay:
    """A relay on 127.0.0.1, running from the start until close().

    identity: the certificate it shows (harness.Certificates), None = no TLS at all;
    implicit: TLS from the first byte instead of STARTTLS.  `replies` is asked for
    what to say to a receiver or after the data: replies(verb, receiver) returns a
    reply, or None for "yes", or "hang up".
    """

    def __init__(self, certs=None, identity="server", implicit=False, port=None, replies=None):
        smtp = pytest.importorskip("aiosmtpd.smtp")
        self.port = port or free_port()
        self.messages = []  # (receivers, email.message.EmailMessage), as they were taken
        self.receivers = []  # of all attempts
        self.connections = 0
        self.logins = []
        self._replies = replies or (lambda verb, receiver: None)
        self._smtp = smtp
        self._implicit = implicit
        self._context = None
        if identity:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certs.pem(identity))
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(DEADLINE)
        if self._failure:
            raise self._failure

    def _run(self):
        try:
            server = self._loop.run_until_complete(self._loop.create_server(
                self._session, "127.0.0.1", self.port,
                ssl=self._context if self._implicit else None))
        except OSError as e:
            self._failure = e
            self._started.set()
            return
        self._started.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(server.wait_closed())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _session(self):
        self.connections += 1
        starttls = self._context if not self._implicit else None
        return self._smtp.SMTP(
            self, hostname="localhost", loop=self._loop, tls_context=starttls,
            require_starttls=starttls is not None, authenticator=self._authenticate,
            auth_required=True, auth_require_tls=not self._implicit and starttls is not None)

    def _authenticate(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given)
        return self._smtp.AuthResult(success=given == (USER, PASSWORD), handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.receivers.append(address)
        reply = self._replies("RCPT", address)
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        reply = self._replies("DATA", envelope.rcpt_tos[0])
        if not reply or reply == "hang up":
            self.messages.append((list(envelope.rcpt_tos), email.message_from_bytes(
                envelope.content, policy=email.policy.default)))
        if reply == "hang up":
            server.transport.abort()
        return reply or "250 taken"

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
