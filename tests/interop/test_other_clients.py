"""What clients of others say, byte for byte as they say it, and what they can read of the answer.

None of them is run here: each dialogue is written after reading the client's source
(docs/clients.md), with the spaces, line ends, quotes and order of that client.  Our upsd has
to answer so that the client understands, and Debian's has to answer the same.
"""

import re
import socket

from harness import DEADLINE
from harness.twins import COMMANDS, RACK, Conversation, Twin, Twins, without_ids

OK = "OK"
DENIED = "ERR ACCESS-DENIED"
VERSION = r"Network UPS Tools upsd \S+ - http\S+"
QUOTED = r'"(?:[^"\\]|\\.)*"'
NAMES = [name.lower() for name in RACK]


def listing(what, item):
    """The lines of LIST `what`, each item a pattern."""
    return rf"BEGIN LIST {what}\n(?:{item}\n)*END LIST {what}"


UPSES = rf"BEGIN LIST UPS\n(?:UPS \S+ {QUOTED}\n)+END LIST UPS"
VARS = listing("VAR rack", rf"VAR rack \S+ {QUOTED}")
RW = listing("RW rack", rf"RW rack \S+ {QUOTED}")
CMDS = listing("CMD rack", r"CMD rack \S+")
CLIENTS = listing("CLIENT rack", r"CLIENT rack \S+")
ENUM = listing("ENUM rack ups.beeper.status", rf"ENUM rack ups\.beeper\.status {QUOTED}")
RANGE = listing("RANGE rack input.transfer.low",
                r'RANGE rack input\.transfer\.low "-?\d+" "-?\d+"')
STATUS = r'VAR rack ups\.status "OL CHRG"'
TRACKED = r"OK TRACKING \S{36}"
BYE = "OK Goodbye"

LOGIN = [(b"USERNAME admin\n", OK), (b"PASSWORD secret\n", OK)]
CRLF_LOGIN = [(b"USERNAME mon\r\n", OK), (b"PASSWORD secret\r\n", OK)]


def each(form, names, answer):
    """A request for each of the names, as clients ask that describe all they list."""
    return [(form.format(name).encode(), answer.format(re.escape(name))) for name in names]


# What is sent, and a pattern for the whole answer.
DIALOGUES = {
    "aionut, Home Assistant": [
        (b"USERNAME mon\n", OK), (b"PASSWORD not the right one\n", "ERR INVALID-ARGUMENT"),
        (b"PASSWORD wrong\n", OK), (b"LIST UPS\n", UPSES), (b"LIST VAR rack\n", VARS),
        (b"LIST CMD rack\n", CMDS), (b"GET UPSDESC rack\n", rf"UPSDESC rack {QUOTED}"),
        (b"LIST VAR gone\n", "ERR DRIVER-NOT-CONNECTED"), (b"LIST VAR stale\n", "ERR DATA-STALE"),
        (b"INSTCMD rack load.off\n", DENIED)],
    "aionut, a command with a parameter": [
        *LOGIN, (b"INSTCMD rack beeper.mute\n", OK), (b"INSTCMD rack load.on 30\n", OK)],
    "go.nut: nut_exporter, Telegraf": [
        (b"VER\n", VERSION), (b"NETVER\n", r"1\.\d"), *LOGIN, (b"LIST UPS\n", UPSES),
        (b"LIST CLIENT rack\n", CLIENTS), (b"LIST CMD rack\n", CMDS),
        *each("GET CMDDESC rack {}\n", COMMANDS, 'CMDDESC rack {} "[^"]*"'),
        (b"GET UPSDESC rack\n", rf"UPSDESC rack {QUOTED}"),
        (b"GET NUMLOGINS rack\n", r"NUMLOGINS rack \d+"), (b"LIST VAR rack\n", VARS),
        *each("GET DESC rack {}\n", RACK, 'DESC rack {} "[^"]*"'),
        # The word behind RW is taken without a look whether there is one.
        *each("GET TYPE rack {}\n", RACK,
              r"TYPE rack {} (?:RW )?(?:(?:ENUM|RANGE) )?(?:NUMBER|STRING:\d+)"),
        (b"MASTER rack\n", DENIED), (b'SET VAR rack ups.id "two one"\n', OK),
        (b"INSTCMD rack load.off\n", OK), (b"LOGOUT\n", BYE)],
    "go.nut, gone or stale": [
        (b"LIST CLIENT gone\n", listing("CLIENT gone", r"CLIENT \S+ \S+")),
        (b"LIST CMD gone\n", "ERR DRIVER-NOT-CONNECTED"), (b"GET NUMLOGINS stale\n",
                                                           "ERR DATA-STALE")],
    "prometheus-nut-exporter of HON95": [
        (b"VER\n", r".*upsd (.+) -.*"), (b"LIST UPS\n", UPSES), (b"LIST VAR bare\n",
         listing("VAR bare", r'VAR\s+\S+\s+\S+\s+"[^"]*"'))],
    "netdata": [
        (b"USERNAME op\n", OK), (b'PASSWORD "pass word"\n', OK), (b"LIST UPS\n", UPSES),
        (b"LIST VAR bare\n", listing("VAR bare", r'VAR bare \S+ "[^"]*"')), (b"LOGOUT\n", BYE)],
    "PyNUT of NUT 2.8.4 and later": [
        (b"STARTTLS\n", "ERR FEATURE-NOT-CONFIGURED"), (b"USERNAME op\n", OK),
        (b"PASSWORD pass word\n", "ERR INVALID-ARGUMENT"), (b'PASSWORD "pass word"\n', OK),
        (b"SET TRACKING ON\n", OK), (b"PROTVER\n", r"\d+(\.\d+)?"),
        (b"GET TYPE rack ups.beeper.status\n", r"TYPE rack ups\.beeper\.status RW ENUM \S+"),
        (b"GET DESC rack ups.load\n", 'DESC rack ups.load "[^"]+"'),
        (b"LIST ENUM rack ups.beeper.status\n", ENUM),
        (b"LIST RANGE rack input.transfer.low\n", RANGE), (b"GET NUMLOGINS rack\n",
                                                           r"NUMLOGINS rack \d+"),
        (b"INSTCMD rack beeper.mute\n", TRACKED), (b"INSTCMD rack load.off\n", DENIED),
        (b"GET TRACKING nothing\n", "ERR UNKNOWN"), (b"SET TRACKING OFF\n", OK),
        (b"INSTCMD rack beeper.mute\n", OK), (b"LIST CLIENT\n", "ERR INVALID-ARGUMENT")],
    "PyNUT, a login": [
        (b"USERNAME mon\n", OK), (b"PASSWORD secret\n", OK), (b"LIST UPS\n", UPSES),
        (b"LOGIN rack\n", OK), (b"LIST CLIENT rack\n", listing("CLIENT rack",
                                                              r"CLIENT rack \S+")),
        (b"PRIMARY rack\n", "OK PRIMARY-GRANTED"), (b"LOGOUT\n", BYE)],
    "PyNUT, not the primary": [
        (b"USERNAME other\n", OK), (b"PASSWORD secret\n", OK), (b"PRIMARY rack\n", DENIED),
        (b"MASTER rack\n", DENIED)],
    "nut2.py": [
        (b"LIST RW rack\n", RW), (b"LIST CLIENTS\n", "ERR INVALID-ARGUMENT"),
        (b"SET VAR rack ups.id x\n", "ERR USERNAME-REQUIRED"), *LOGIN,
        (b"SET VAR rack ups.id x\n", OK), (b"MASTER rack\n", DENIED), (b"LOGOUT\n", BYE)],
    "PeaNUT": [
        *LOGIN, (b"LIST UPS\n", UPSES), (b"LIST VAR rack\n", VARS), (b"LIST RW rack\n", RW),
        (b"LIST CLIENT rack\n", CLIENTS), (b"LIST CMD rack\n", CMDS),
        (b"GET CMDDESC rack load.off\n", 'CMDDESC rack load.off "[^"]+"'),
        (b"GET VAR rack ups.status\n", STATUS), (b"GET TYPE rack ups.load\n", ".* NUMBER"),
        (b"LIST ENUM rack ups.beeper.status\n", ENUM),
        (b"LIST RANGE rack input.transfer.low\n", RANGE),
        (b"SET VAR rack ups.id x\n", OK), (b"SET VAR rack input.transfer.low 100\n", OK),
        (b"LOGOUT\n", BYE)],
    "nut_webgui": [
        (b"VER\n", VERSION), (b"NETVER\n", r"1\.\d"), *LOGIN, (b"GET UPSDESC rack\n",
                                                              rf"UPSDESC rack {QUOTED}"),
        (b'SET VAR rack ups.id "a \\"b\\" \\\\"\n', OK), (b"INSTCMD rack load.on\n", OK),
        (b"FSD nosuch\n", "ERR UNKNOWN-UPS"), (b"STARTTLS\n", "ERR FEATURE-NOT-CONFIGURED")],
    # Its lines end in CR CR LF: it adds a CR to a line that Windows ends.
    "WinNUT": [
        (b"VER\r\r\n", VERSION), (b"NETVER\r\r\n", r"1\.\d"),
        (b"GET VAR rack ups.mfr\r\r\n", rf"VAR rack ups\.mfr {QUOTED}"),
        (b"GET VAR rack battery.capacity\r\r\n", "ERR VAR-NOT-SUPPORTED"),
        (b"GET VAR rack ups.status\r\r\n", STATUS), (b"LIST VAR rack\r\r\n", VARS),
        *each("GET DESC rack {}\r\r\n", NAMES, 'DESC rack {} "[^"]*"'),
        (b"\r\r\n", "ERR UNKNOWN-COMMAND"), (b"LOGOUT\r\r\n", BYE)],
    "nutclient of KD5RYN, on Windows": [
        *CRLF_LOGIN, (b"LOGIN gone\r\n", OK), (b"GET VAR gone ups.status\r\n",
                                              "ERR DRIVER-NOT-CONNECTED"), (b"LOGOUT\r\n", BYE)],
    "jNut": [
        (b"STARTTLS\n", "ERR FEATURE-NOT-CONFIGURED"), *LOGIN, (b"LIST UPS\n", UPSES),
        (b"LIST RW rack\n", RW), (b"LIST CMD rack\n", CMDS), (b"GET UPSDESC gone\n",
                                                             rf"UPSDESC gone {QUOTED}"),
        (b"GET VAR rack nosuch.var\n", "ERR VAR-NOT-SUPPORTED"), (b"LOGOUT\n", BYE)],
    "openHAB": [
        *CRLF_LOGIN, (b"GET VAR rack ups.status\r\n", STATUS), (b"LIST VAR rack\r\n", VARS)],
    "ioBroker.nut": [
        (b"STARTTLS\n", "ERR FEATURE-NOT-CONFIGURED"), (b"LIST UPS\n", UPSES), *LOGIN,
        (b"LIST VAR rack\n", VARS), (b"LIST RW rack\n", RW), (b"LIST CMD rack\n", CMDS),
        (b"LIST ENUM rack ups.id\n", listing("ENUM rack ups.id", "ENUM .*")),
        (b"LIST RANGE rack ups.id\n", listing("RANGE rack ups.id", "RANGE .*"))],
    "homebridge-ups": [
        *LOGIN, (b"VER\n", VERSION), (b"NETVER\n", r"1\.\d"), (b"LIST UPS\n", UPSES),
        (b"GET TYPE rack ups.load\n", r"TYPE rack ups\.load \S+"),
        (b"GET DESC rack ups.load\n", r'DESC rack ups\.load "[^"]+"'),
        (b'SET VAR rack ups.id "x y"\n', OK)],
    "nutalert": [(b"list ups\r\n", UPSES), (b"list var rack\r\n", VARS)],
    "rups (Rust)": [
        (b"STARTTLS\n", "ERR FEATURE-NOT-CONFIGURED"), (b"NETVER\n", r"1\.\d"), *LOGIN,
        (b"LIST UPS\n", UPSES), (b"LIST VAR rack\n", VARS), (b"LIST CMD rack\n", CMDS),
        (b"GET VAR rack ups.status\n", STATUS), (b"LOGOUT\n", BYE)],
    "check_ups": [
        (b"GET VAR rack ups.status\n", STATUS), (b"GET VAR rack battery.charge\n",
                                                'VAR rack battery.charge "100"'),
        (b"GET VAR nosuch ups.status\n", "ERR UNKNOWN-UPS"), (b"GET VAR stale ups.status\n",
                                                             "ERR DATA-STALE")],
    # All that it has to say goes out at once.
    "qNUTClient": [
        (b"USERNAME mon\nPASSWORD secret\nLOGIN rack\n", "OK\nOK\nOK"),
        (b"LIST VAR rack\n", VARS), (b"LOGOUT\n", BYE)],
    # Windows' StreamWriter for UTF-8 begins with the mark of it, once.
    "a .NET client for UTF-8": [
        (b"\xef\xbb\xbfUSERNAME admin\r\n", OK), (b"PASSWORD secret\r\n", OK),
        (b"INSTCMD rack load.off\r\n", OK)],
    # WILL and DO of suppress-go-ahead, terminal type and window size.
    "a telnet that negotiates": [
        (b"\xff\xfb\x03\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1fLIST UPS\r\n", UPSES),
        (b"VER\r\n", VERSION)],
    "C strings with their end": [(b"LIST UPS\n\0", UPSES), (b"GET VAR rack ups.status\n\0",
                                                            STATUS)],
    "a browser or a scanner": [
        (b"GET / HTTP/1.1\r\n", "ERR INVALID-ARGUMENT"), (b"Host: x\r\n", "ERR UNKNOWN-COMMAND")],
}


# Each says its own version; our descriptions know outlets of any number.
DIFFERENT = rb"VER\b|GET DESC rack outlet\.1\."


def _talk(port, steps):
    with Conversation(port) as talk:
        return [talk.answers(sent) for sent, _ in steps]


def _text(answer):
    """What the client got before the connection ended."""
    return without_ids("\n".join(line for line in answer if line != "<closed>"))


def _misunderstood(server, port):
    """The steps whose answer is not what the client needs; also all answers."""
    wrong, answers = [], {}
    for client, steps in DIALOGUES.items():
        got = answers[client] = _talk(port, steps)
        for (sent, wanted), answer in zip(steps, got):
            text = "\n".join(line for line in answer if line != "<closed>")
            if not text.isascii() or not re.fullmatch(wanted, text):
                wrong.append(f"{server}: {client}: {sent!r}\n  wants {wanted}\n  gets  {text}")
    return wrong, answers


def test_our_upsd_understands_clients_of_others(site):
    twin = Twin(site)
    twin.wait_ready()
    wrong, _ = _misunderstood("ours", twin.port)
    assert not wrong, "\n".join(wrong)


def test_debians_upsd_answers_them_the_same(sites, debian):
    twins = Twins(sites, debian)
    wrong, theirs = _misunderstood("Debian's", twins.theirs.port)
    assert not wrong, "\n".join(wrong)
    _, ours = _misunderstood("ours", twins.ours.port)
    for client, steps in DIALOGUES.items():
        for (sent, wanted), our, their in zip(steps, ours[client], theirs[client]):
            if not re.match(DIFFERENT, sent):
                assert _text(our) == _text(their), f"{client}: {sent!r}"


def _pipe(port, text):
    """What `printf TEXT | nc -N` prints: it sends, closes for writing, and reads to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as sock:
        sock.sendall(text)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(4096), b""))


def test_scripts_with_nc_get_all_that_they_asked_for(sites, debian):
    twins = Twins(sites, debian)
    for text in (b"GET VAR rack ups.status\n", b"LIST VAR rack\nLOGOUT\n",
                 b"LIST VAR rack\n" * 500, b"GET VAR rack ups.status"):
        ours, theirs = (_pipe(twin.port, text) for twin in (twins.ours, twins.theirs))
        assert ours == theirs
        assert ours.count(b"\nEND LIST VAR rack\n") == text.count(b"LIST")


def _start_with_texts(site, suite=None):
    """A server whose texts are in more than 7 bits: all that is of ups.conf."""
    site.add_dummy("desk", {"ups.status": "OL", "ups.model": "1"},
                   'desc = "Büro \u201e1\u201c"', 'override.ups.model = "Größe 1"',
                   'default.device.location = "Küche"')
    upsd = site.start_upsd(suite=suite)
    site.start_driver("desk", suite=suite, wait=False)
    upsd.wait_for("desk", "ups.status", "OL")
    return upsd


def _assert_seven_bits(upsd):
    """aionut reads ASCII and nothing else: one other byte, and Home Assistant has no UPS."""
    with upsd.client() as client:
        assert client.list("UPS") == ['UPS desk "Bro 1"']
        assert client.ask("GET UPSDESC desk") == 'UPSDESC desk "Bro 1"'
        assert client.ask("GET VAR desk ups.model") == 'VAR desk ups.model "Gre 1"'
        assert client.ask("GET VAR desk device.location") == 'VAR desk device.location "Kche"'
        assert all(line.isascii() for line in client.list("VAR desk"))


def test_our_upsd_says_seven_bits(site):
    _assert_seven_bits(_start_with_texts(site))


def test_debians_upsd_says_seven_bits(sites, debian):
    _assert_seven_bits(_start_with_texts(sites(suite=debian)))
