"""SNMP agents for tests: Debian's snmpd with variables from a file, one that misbehaves, and a
relay between an agent and those who ask it.

    agent = snmpd(DATA)                       # fixture; text as `snmpwalk -On` prints it
    agent.port                                # UDP on 127.0.0.1 and ::1, TCP on 127.0.0.1
    agent.set("1.3.6.1.2.1.33.1.2.1.0", "INTEGER: 3")   # from now on
    agent.fault("1.3.6.1...", "slow 2")       # see Snmpd.fault()
    agent.sets()                              # what was SET: ["OID TYPE VALUE", ...]
    agent.stop(); agent.start()               # restarts

    odd = oddagent({"1.3.6.1.2.1.1.3.0": 5})  # fixture; OddAgent: v1 and v2c, full of faults
    odd.too_big_above = 10

    relay = snmprelay(agent.port)             # fixture; Relay
    relay.delay = 0.02; relay.requests        # packets that went to the agent

Communities "public" (read) and "private" (write); users of SNMPv3: see USERS.
"""

import heapq
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

from . import agentx
from .ports import free_port
from .wait import wait_until

# What the data of a test may hold.
ROOTS = ("1.3.6.1.2.1.33", "1.3.6.1.4.1")

# name: (authProtocol, privProtocol) as ups.conf has them; passwords are auth-NAME and priv-NAME.
USERS = {
    "plain": (None, None),
    "md5": ("MD5", None), "sha": ("SHA", None), "sha224": ("SHA-224", None),
    "sha256": ("SHA-256", None), "sha384": ("SHA-384", None), "sha512": ("SHA-512", None),
    "md5des": ("MD5", "DES"), "shaaes": ("SHA", "AES"), "sha256aes192": ("SHA-256", "AES192"),
    "sha512aes256": ("SHA-512", "AES256"),
}
_SNMPD_PRIV = {"AES192": "AES-192", "AES256": "AES-256"}


class Unavailable(Exception):
    """No SNMP agent here; the text says why."""


def auth_password(user):
    return f"auth-{user}"


def priv_password(user):
    return f"priv-{user}"


def udp_port():
    """A port that is free for TCP (free_port) and for UDP."""
    for _ in range(200):
        port = free_port()
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind(("127.0.0.1", port))
            return port
        except OSError:
            continue
    raise AssertionError("no free UDP port found")


def v3_lines(user, level=None):
    """Lines of ups.conf for one of USERS."""
    auth, priv = USERS[user]
    level = level or ("authPriv" if priv else "authNoPriv" if auth else "noAuthNoPriv")
    lines = ["snmp_version = v3", f"secLevel = {level}", f"secName = {user}"]
    if auth:
        lines += [f"authProtocol = {auth}", f"authPassword = {auth_password(user)}"]
    if priv:
        lines += [f"privProtocol = {priv}", f"privPassword = {priv_password(user)}"]
    return lines


class Snmpd:
    """Debian's snmpd, private to a test, in the foreground, with a subagent (agentx.py) that has the
    variables below ROOTS; sysObjectID is taken from the data, too, at the start."""

    def __init__(self, folder, data="", conf="", port=None):
        self.program = shutil.which("snmpd") or shutil.which("snmpd", path="/usr/sbin:/sbin")
        if not self.program:
            raise Unavailable("snmpd is not installed")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or udp_port()
        self.conf = conf
        self._faults = {}
        self._texts = {}
        self._sets = []
        self.process = self._subagent = None
        self.load(data)

    # ---------------------------------------------------------------- variables, faults

    def load(self, data):
        """New variables instead of the old ones."""
        self._texts = {}
        for line in str(data).splitlines():
            oid, sep, value = line.strip().partition(" = ")
            if sep:
                self._texts[oid.strip(". ")] = value
        self._publish()

    def set(self, oid, value):
        """A variable has this value from now on ("INTEGER: 3"); None: it is gone."""
        if value is None:
            self._texts.pop(oid, None)
        else:
            self._texts[oid] = value
        self._publish()

    def _publish(self):
        if self._subagent:
            self._subagent.change({agentx.read_oid(o): agentx.read_value(t)
                                   for o, t in self._texts.items()})

    def fault(self, oid, what=None):
        """"none": it is not there just now; "error": genErr; "slow SECONDS"; "readonly";
        "refuse wrong-value" (or another of agentx.ERRORS).  None: no more."""
        if what is None:
            self._faults.pop(agentx.read_oid(oid), None)
        else:
            word, _, argument = what.partition(" ")
            self._faults[agentx.read_oid(oid)] = (word, argument)

    def sets(self):
        """What was SET so far, ["OID TYPE VALUE", ...]."""
        return list(self._sets)

    # ------------------------------------------------------------------------ process

    def _config(self):
        lines = [
            f"agentaddress udp:127.0.0.1:{self.port},udp6:[::1]:{self.port},"
            f"tcp:127.0.0.1:{self.port}" if socket.has_ipv6 and _has_v6() else
            f"agentaddress udp:127.0.0.1:{self.port},tcp:127.0.0.1:{self.port}",
            "rocommunity public", "rwcommunity private", "rocommunity6 public",
            "rwcommunity6 private",
            "sysName chestnut", "sysServices 72", "dontLogTCPWrappersConnects yes",
            "master agentx", f"agentXSocket unix:{self.folder}/master", "agentXPerms 0600 0700",
            "agentXTimeout 30",
        ]
        for name, (auth, priv) in USERS.items():
            level = "priv" if priv else "auth" if auth else "noauth"
            words = ["createUser", name]
            if auth:
                words += [auth, auth_password(name)]
            if priv:
                words += [_SNMPD_PRIV.get(priv, priv), priv_password(name)]
            lines += [" ".join(words), f"rwuser {name} {level}"]
        if "1.3.6.1.2.1.1.2.0" in self._texts:
            lines.append("sysobjectid " + self._texts["1.3.6.1.2.1.1.2.0"].split(": ")[-1])
        return "\n".join(lines) + "\n" + self.conf

    def start(self, fresh=False):
        """fresh: it has forgotten how often it was booted, as some cards do."""
        state = self.folder / "persistent"
        if fresh:
            shutil.rmtree(state, ignore_errors=True)
        state.mkdir(exist_ok=True)
        config = self.folder / "snmpd.conf"
        config.write_text(self._config())
        config.chmod(0o600)
        # createUser is for the first start: it is kept in the persistent folder afterwards.
        env = {**os.environ, "SNMP_PERSISTENT_DIR": str(state), "MIBS": "",
               "SNMPCONFPATH": str(self.folder)}
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-f", "-Lo", "-C", "-c", str(config), "-r",
                 "-I", "-smux,mteTrigger,mteTriggerConf"], env=env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True)
        self._subagent = agentx.SubAgent(self.folder / "master", ROOTS)
        self._subagent.faults, self._subagent.sets = self._faults, self._sets
        self._publish()
        wait_until(self._answers, what=lambda: f"snmpd answers; log:\n{self.log()}")
        wait_until(self._subagent.connect, what=lambda: f"snmpd takes AgentX; log:\n{self.log()}")
        return self

    def _answers(self):
        assert self.process.poll() is None, f"snmpd ended; log:\n{self.log()}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            s.connect(("127.0.0.1", self.port))
            s.send(encode_message(1, b"public", 0xa0, 1, 0, 0, [((1, 3, 6, 1, 2, 1, 1, 3, 0), None)]))
            return bool(s.recv(4096))

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def pause(self, on=True):
        """It is there and does not answer."""
        self.process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def stop(self):
        if not self.process:
            return
        self.pause(False)
        self._subagent.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process = None

    def restart(self, **options):
        self.stop()
        return self.start(**options)


def _has_v6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


has_v6 = _has_v6

# ----------------------------------------------------------------------------------- BER


def _length(n):
    if n < 128:
        return bytes([n])
    raw = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(raw)]) + raw


def _tlv(tag, body):
    return bytes([tag]) + _length(len(body)) + body


def _integer(n, tag=2):
    size = max(1, (n.bit_length() + 8) // 8)
    return _tlv(tag, n.to_bytes(size, "big", signed=True))


def _oid(oid):
    body = bytes([oid[0] * 40 + oid[1]])
    for arc in oid[2:]:
        part = [arc & 0x7f]
        while arc := arc >> 7:
            part.append(0x80 | arc & 0x7f)
        body += bytes(reversed(part))
    return _tlv(6, body)


def encode_value(value):
    """None: NULL; int, str, bytes; a tuple is an OID; ("raw", bytes) is itself."""
    if value is None:
        return b"\x05\x00"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        return _tlv(4, value.encode())
    if isinstance(value, bytes):
        return _tlv(4, value)
    if value and value[0] == "raw":
        return value[1]
    return _oid(value)


NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB = (("raw", bytes([t, 0])) for t in (0x80, 0x81, 0x82))


def encode_message(version, community, kind, request, status, index, varbinds):
    """version: 0 = SNMPv1, 1 = v2c."""
    binds = b"".join(_tlv(0x30, _oid(oid) + encode_value(value)) for oid, value in varbinds)
    pdu = _tlv(kind, _integer(request) + _integer(status) + _integer(index) + _tlv(0x30, binds))
    return _tlv(0x30, _integer(version) + _tlv(4, community) + pdu)


def _read(data):
    tag, first = data[0], data[1]
    if first < 128:
        start, size = 2, first
    else:
        count = first & 0x7f
        start, size = 2 + count, int.from_bytes(data[2:2 + count], "big")
    return tag, data[start:start + size], data[start + size:]


def _read_oid(body):
    arcs, n = [body[0] // 40, body[0] % 40], 0
    for byte in body[1:]:
        n = n << 7 | byte & 0x7f
        if byte < 128:
            arcs.append(n)
            n = 0
    return tuple(arcs)


class Message:
    """A packet of SNMPv1 or v2c that was taken apart."""

    def __init__(self, data):
        _, body, _ = _read(data)
        _, version, body = _read(body)
        _, self.community, body = _read(body)
        self.version = version[-1]
        self.kind, body, _ = _read(body)
        numbers = []
        for _ in range(3):
            _, raw, body = _read(body)
            numbers.append(int.from_bytes(raw, "big", signed=True))
        self.request, self.status, self.index = numbers
        _, binds, _ = _read(body)
        self.names, self.values = [], []
        while binds:
            _, bind, binds = _read(binds)
            _, raw, rest = _read(bind)
            self.names.append(_read_oid(raw))
            self.values.append(rest)


def oid(text):
    return tuple(int(arc) for arc in text.strip(".").split("."))


class _Serving:
    """A socket on 127.0.0.1 with a thread."""

    def __init__(self, host="127.0.0.1", port=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.port = self.socket.getsockname()[1]
        self._ending = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def close(self):
        self._ending = True
        self._thread.join(10)
        self.socket.close()


class OddAgent(_Serving):
    """An agent that speaks SNMPv1 and v2c and misbehaves in a chosen way.

    values: {"1.3.6...": int, str, bytes, OID as a tuple}.
    """

    def __init__(self, values=None, host="127.0.0.1", port=0):
        super().__init__(host, port)
        self.values = {oid(k): v for k, v in (values or {}).items()}
        self.too_big_above = None     # more variables: tooBig
        self.deaf_above = None        # more variables: silence
        self.first_only = None        # answers hold only so many variables
        self.deaf = set()             # OIDs at which it says nothing at all
        self.gen_err = set()          # OIDs that spoil the packet, named
        self.gen_err_unnamed = set()  # the same with index 0
        self.backwards = False        # answers with the variables in reverse order
        self.circle = False           # GETNEXT and GETBULK lead back
        self.doubled = False          # each answer comes twice
        self.garbage = False          # a broken packet comes before each answer
        self.wrong_id = False         # a foreign answer comes before each answer
        self.busy = False             # drops what comes while it works (20 ms)
        self.silent = False
        self.delay = 0
        self.get_broken = False       # GETNEXT returns smaller names
        self.bulk = None              # GETBULK: "silent", "error", "empty"
        self.requests = []            # Message, in order
        self._thread.start()

    def error(self, message, status, index):
        return encode_message(message.version, message.community, 0xa2, message.request, status,
                              index, [(n, None) for n in message.names])

    def _next(self, name):
        later = sorted(n for n in self.values if n > name)
        return later[0] if later else None

    def _get(self, m):
        binds = []
        for place, name in enumerate(m.names):
            if name in self.values:
                binds.append((name, self.values[name]))
            elif m.version == 0:
                return self.error(m, 2, place + 1)
            else:
                binds.append((name, NO_SUCH_INSTANCE))
        return binds

    def _getnext(self, m, times=1):
        binds = []
        for place, name in enumerate(m.names):
            for _ in range(times):
                found = min(self.values) if self.circle and self._next(name) is None \
                    else self._next(name)
                if self.get_broken:
                    found = min(self.values)
                if found is None and m.version == 0:
                    return self.error(m, 2, place + 1)
                binds.append((found, self.values[found]) if found else (name, END_OF_MIB))
                name = found or name
        return binds

    def respond(self, m):
        """The packet that answers, or None."""
        wanted = set(m.names)
        if self.silent or wanted & self.deaf or (self.deaf_above and len(m.names) > self.deaf_above):
            return None
        if self.too_big_above and len(m.names) > self.too_big_above:
            return self.error(m, 1, 0)
        for place, name in enumerate(m.names):
            if name in self.gen_err:
                return self.error(m, 5, place + 1)
            if name in self.gen_err_unnamed:
                return self.error(m, 5, 0)
        if m.kind == 0xa0:
            binds = self._get(m)
        elif m.kind == 0xa5 and self.bulk:
            binds = {"silent": None, "error": self.error(m, 5, 0), "empty": []}[self.bulk]
        elif m.kind == 0xa5:
            binds = self._getnext(m, min(m.index, 50))
        else:
            binds = self._getnext(m)
        if binds is None or isinstance(binds, bytes):
            return binds
        if self.first_only:
            binds = binds[:self.first_only]
        if self.backwards:
            binds.reverse()
        return encode_message(m.version, m.community, 0xa2, m.request, 0, 0, binds)

    def _answer(self, data, sender):
        m = Message(data)
        self.requests.append(m)
        if self.delay:
            time.sleep(self.delay)
        if self.busy:
            time.sleep(0.02)
            while select.select([self.socket], [], [], 0)[0]:
                self.socket.recvfrom(65536)
        packet = self.respond(m)
        if packet is None:
            return
        if self.garbage:
            self.socket.sendto(packet[:len(packet) // 2], sender)
            self.socket.sendto(b"\x30\x82\xff\xff\x02\x01", sender)
        if self.wrong_id:
            self.socket.sendto(encode_message(m.version, m.community, 0xa2, m.request ^ 0x55, 0, 0,
                                              [(n, 666) for n in m.names]), sender)
        for _ in range(2 if self.doubled else 1):
            self.socket.sendto(packet, sender)

    def _run(self):
        while not self._ending:
            if select.select([self.socket], [], [], 0.1)[0]:
                try:
                    self._answer(*self.socket.recvfrom(65536))
                except (OSError, IndexError):
                    pass


class Relay(_Serving):
    """UDP between one who asks (at `port`) and an agent, with the faults of a network.  Delays are
    those of one direction.  lose(n) and the like take the number of the packet, from 0, of its
    direction, and say whether it happens to it."""

    def __init__(self, agent_port, port=0):
        super().__init__(port=port)
        self.agent_port = agent_port
        self.delay = 0
        self.lose_request = self.lose_answer = self.double_answer = lambda n: False
        self.truncate_above = None  # answers of more bytes do not come through
        self.dead = False
        self.requests = self.answers = 0
        self._client = None
        self._up = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._up.connect(("127.0.0.1", agent_port))
        self._later = []
        self._count = 0
        self._thread.start()

    def _put(self, send, data):
        self._count += 1
        heapq.heappush(self._later, (time.monotonic() + self.delay, self._count, send, data))

    def _from_client(self):
        data, self._client = self.socket.recvfrom(65536)
        number, self.requests = self.requests, self.requests + 1
        if not self.dead and not self.lose_request(number):
            self._put(self._up.send, data)

    def _from_agent(self):
        data = self._up.recv(65536)
        number, self.answers = self.answers, self.answers + 1
        client = self._client
        if self.dead or self.lose_answer(number) or \
                (self.truncate_above and len(data) > self.truncate_above):
            return
        for _ in range(2 if self.double_answer(number) else 1):
            self._put(lambda d: self.socket.sendto(d, client), data)

    def _flush(self):
        while self._later and self._later[0][0] <= time.monotonic():
            _, _, send, data = heapq.heappop(self._later)
            try:
                send(data)
            except OSError:
                pass

    def _run(self):
        while not self._ending:
            wait = max(0, self._later[0][0] - time.monotonic()) if self._later else 0.1
            ready = select.select([self.socket, self._up], [], [], min(wait, 0.1))[0]
            try:
                if self.socket in ready:
                    self._from_client()
                if self._up in ready:
                    self._from_agent()
            except OSError:
                pass  # the agent's port is closed
            self._flush()

    def close(self):
        super().close()
        self._up.close()
