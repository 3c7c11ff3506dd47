"""upsmon's mail, sent to a real relay with TLS by the process that sends it."""

import email.utils
import functools
import signal
import socket
import threading

import pytest

from harness import DEADLINE, Process, free_port, wait_until
from harness.notifier import Notifier
from harness.smtprelay import PASSWORD, USER, SmtpRelay

LIMIT_MS = 40000

# Of the relay's own library, where a test has it do what no relay should.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture(autouse=True)
def libcurl(site):
    if site.run("notify-probe", "mail", 1, input="").returncode == 77:
        pytest.skip("this build has no libcurl")


@pytest.fixture
def relay(certs):
    """A function that starts relays."""
    started = []

    def start(**options):
        started.append(SmtpRelay(certs, **options))
        return started[-1]
    yield start
    for one in started:
        one.close()


def word(text):
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return '"' + "".join("\\" + c if c in '"\\#' else c for c in text) + '"'


def line(certs, port, text="The lights are out.", host="localhost", password=PASSWORD,
         authority="ca", sender="ups@office.example", to="ops@office.example",
         subject="Power failure"):
    """A delivery as it goes over the link (clients/upsmon/notify/delivery.h)."""
    pem = str(certs.pem(authority)) if authority else ""
    return " ".join(["MAIL", word(text), str(port),
                     *map(word, (host, USER, password, pem, sender, to, subject))]) + "\n"


def send(site, mail, limit_ms=LIMIT_MS, debug=0):
    """Sends it; returns (exit status, log)."""
    result = site.run("notify-probe", "mail", limit_ms, input=mail,
                      env={"NUT_DEBUG_LEVEL": str(debug)})
    assert PASSWORD not in result.stdout + result.stderr
    return result.returncode, result.stderr


def fails(site, mail, *reasons, limit_ms=LIMIT_MS):
    """Sends what must fail; the log tells it once, with the reason."""
    status, log = send(site, mail, limit_ms)
    assert status == 1, log
    assert log.startswith("EMAIL to ") and log.count("\n") == 1, log
    assert any(reason in log for reason in reasons), log
    return log


def test_a_mail_arrives_as_it_was_meant(site, certs, relay):
    server = relay()
    text = "Büro ist dunkel = 3 °C\n.\n..\n\nEnde\n"
    status, log = send(site, line(certs, server.port, text, subject="Akku schwach – bitte eilen ☎",
                                  sender="USV Büro <ups@office.example>"))
    assert (status, log) == (0, "")
    assert server.logins == [(USER, PASSWORD)]
    (receivers, message), = server.messages
    assert receivers == ["ops@office.example"]
    assert message["Subject"] == "Akku schwach – bitte eilen ☎"
    assert message["To"] == "ops@office.example"
    assert message["From"].addresses[0].display_name == "USV Büro"
    assert message["From"].addresses[0].addr_spec == "ups@office.example"
    assert email.utils.parsedate_to_datetime(message["Date"])
    assert message["Message-ID"].startswith("<") and "@" in message["Message-ID"]
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == text
    assert not message.defects


def test_a_text_cannot_bring_headers_along(site, certs, relay):
    server = relay()
    assert send(site, line(certs, server.port, subject="a\r\nBcc: x@y.example\r\n\r\nb"))[0] == 0
    (_, message), = server.messages
    assert "Bcc" not in message
    assert message.get_content().strip() == "The lights are out."


def test_every_receiver_gets_it_once(site, certs, relay):
    server = relay()
    assert send(site, line(certs, server.port, to="a@x.example, B <b@x.example>"))[0] == 0
    assert sorted(r for receivers, _ in server.messages for r in receivers) == [
        "a@x.example", "b@x.example"]
    for _, message in server.messages:
        assert [a.addr_spec for a in message["To"].addresses] == ["a@x.example", "b@x.example"]
    assert len({m["Message-ID"] for _, m in server.messages}) == 1


def test_one_refused_receiver_stands_in_nobodys_way(site, certs, relay):
    server = relay(replies=lambda verb, to: "550 no such user" if to == "a@x.example" else None)
    log = fails(site, line(certs, server.port, to="a@x.example,b@x.example"), "550 no such user")
    assert "a@x.example" in log and "b@x.example" not in log
    assert [receivers for receivers, _ in server.messages] == [["b@x.example"]]
    assert server.receivers.count("a@x.example") == 1


def test_port_465_begins_with_tls(site, certs, relay):
    def start():
        try:
            return relay(implicit=True, port=465)
        except PermissionError:
            pytest.skip("may not listen on port 465")
    server = wait_until(start)
    assert send(site, line(certs, 465))[0] == 0
    assert len(server.messages) == 1


@pytest.mark.parametrize("identity", ["othercert", "wrongname", "expired", "selfsigned"])
def test_a_relay_that_is_not_proven_gets_nothing(site, certs, relay, identity):
    server = relay(identity=identity)
    fails(site, line(certs, server.port), "certificate", "SSL")
    assert server.logins == [] and server.messages == []
    assert server.connections == 1


def test_only_the_given_authority_counts(site, certs, relay):
    server = relay()
    fails(site, line(certs, server.port, authority=None), "certificate")
    fails(site, line(certs, server.port, authority="other-ca"), "certificate")
    assert server.messages == []


def test_a_relay_without_tls_gets_nothing(site, certs, relay):
    server = relay(identity=None)
    fails(site, line(certs, server.port), "STARTTLS", "SSL")
    assert server.logins == [] and server.messages == []


def test_a_wrong_password_is_told_and_not_tried_again(site, certs, relay):
    server = relay()
    status, log = send(site, line(certs, server.port, password="not-it-at-all"))
    assert status == 1
    assert "Login denied" in log and "not-it-at-all" not in log
    # Each way to log in that the relay offers, once.
    assert 1 <= len(server.logins) <= 2 and server.connections == 1 and server.messages == []


def test_a_relay_that_hangs_is_given_up(site, certs):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        fails(site, line(certs, mute.getsockname()[1]), "timed out", "Timeout", limit_ms=4000)


def test_a_relay_that_is_not_there_is_given_up(site, certs):
    fails(site, line(certs, free_port()), "refused", "connect to", limit_ms=3000)


def test_a_relay_that_comes_back_gets_the_mail(site, certs, relay):
    port = free_port()
    mail = site.root / "mail"
    mail.write_text(line(certs, port))
    with open(mail) as stdin:
        process = site.start("notify-probe", "mail", LIMIT_MS, env={"NUT_DEBUG_LEVEL": "1"},
                             cls=functools.partial(Process, stdin=stdin))
    process.wait_log("trying again")
    server = relay(port=port)
    assert process.wait() == 0
    assert len(server.messages) == 1


def test_a_refusal_for_now_is_tried_again_and_nobody_gets_it_twice(site, certs, relay):
    refused = []

    def greylist(verb, to):
        if verb == "RCPT" and to == "a@x.example" and not refused:
            refused.append(to)
            return "451 come again"
        return None
    server = relay(replies=greylist)
    assert send(site, line(certs, server.port, to="a@x.example,b@x.example"))[0] == 0
    assert [r for r, _ in server.messages] == [["b@x.example"], ["a@x.example"]]


def test_what_may_have_arrived_is_not_sent_again(site, certs, relay):
    server = relay(replies=lambda verb, to: "hang up" if verb == "DATA" else None)
    fails(site, line(certs, server.port), "may have arrived")
    assert len(server.messages) == 1


@pytest.mark.parametrize("change", [{"host": "evil/localhost"}, {"host": ""}, {"to": ""},
                                    {"to": "a@b>\r\nDATA"}, {"sender": "a@b, c@d"}])
def test_what_makes_no_sense_is_told(site, certs, relay, change):
    server = relay()
    status, log = send(site, line(certs, server.port, **change))
    assert status == 1 and log.startswith("EMAIL: ") and log.count("\n") == 1
    assert server.connections == 0


def test_a_mail_under_way_outlives_upsmon(site, certs, relay):
    """The child is gone before the relay answers: at a shutdown it is."""
    gate = threading.Event()
    server = relay(replies=lambda verb, to: None if gate.wait(DEADLINE) else "550 no")
    notifier = Notifier(site)
    notifier.say(line(certs, server.port).rstrip("\n"))
    assert notifier.hear() == "TAKEN"
    notifier.hang_up()
    wait_until(lambda: server.receivers)
    assert notifier.process.running()
    notifier.process.signal(signal.SIGTERM)
    gate.set()
    assert notifier.process.wait() == 0, notifier.process.log()
    assert len(server.messages) == 1
