"""The command line clients under TLS: what is demanded, refused and remembered."""

import subprocess
import sys

import pytest

from harness import Terminal, wait_until
from harness.certs import backend

UNTRUSTED = 4


@pytest.fixture(autouse=True)
def needs_tls(site):
    if not backend(site):
        pytest.skip("this build has no TLS")


class Served:
    """An upsd with an identity, and clients of it whose home is a folder of the test."""

    def __init__(self, site, certs):
        self.site = site
        self.certs = certs
        self.upsd = None
        self.home = site.root / "home"
        self.store = self.home / ".config/nut/known_upsd"
        self.store.parent.mkdir(parents=True)
        self.target = f"ups@localhost:{site.port}"

    def serve(self, identity="server", tls=True):
        """Starts upsd, or starts it anew as somebody else."""
        if self.upsd:
            self.upsd.stop()
        lines = self.certs.upsd_lines(self.site, identity) if tls else ""
        self.upsd = self.site.start_upsd("-D", conf=lines)
        self.upsd.wait_for("ups", "ups.status", "OL")

    def conf(self, *lines, section=True, mode=0o600):
        header = f"[@localhost:{self.site.port}]\n" if section else ""
        self.site.write("nutauth.conf", header + "".join(f"{line}\n" for line in lines), mode)

    def anchors(self, authority="ca"):
        if backend(self.site) == "NSS":
            folder = "nss" if authority == "ca" else "nss-other"
            return f"CERTPATH = {self.certs.root}/{folder}"
        return f"CERTPATH = {self.certs.pem(authority)}"

    def env(self, **env):
        return {"HOME": str(self.home), **env}

    def upsc(self, *args, **env):
        return self.site.run("upsc", *(args or (self.target, "ups.status")), env=self.env(**env))

    def reads(self, **env):
        """True when the client got the value; else it must have failed properly."""
        result = self.upsc(**env)
        if result.returncode == 0:
            assert result.stdout == "OL\n"
            return True
        assert result.stdout == "" and result.stderr.startswith("Error: ")
        return False

    def went_under_tls(self):
        return "[D1:tls] 127.0.0.1: TLSv1." in self.upsd.log()


@pytest.fixture
def served(site, certs):
    site.fake_driver("ups", {"ups.status": "OL"}).commands = ["load.off"]
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    return Served(site, certs)


# ------------------------------------------------------- what nutauth.conf demands


def test_tls_is_used_where_it_is_offered(served):
    served.serve()
    assert served.reads()
    assert served.went_under_tls()


def test_a_server_without_tls_is_read_in_the_clear(served):
    served.serve(tls=False)
    assert served.reads()


def test_forcessl_refuses_a_server_without_tls(served):
    served.serve(tls=False)
    served.conf("FORCESSL = 1")
    result = served.upsc()
    assert result.returncode == 1
    assert result.stderr.startswith("Error: SSL is not available: ")
    assert "has no TLS, and it is demanded" in result.stderr


def test_forcessl_alone_encrypts_and_does_not_verify(served):
    served.serve("selfsigned")
    served.conf("FORCESSL = 1")
    assert served.reads()
    assert served.went_under_tls()


def test_forcessl_0_means_no_tls(served):
    served.serve()
    served.conf("FORCESSL = 0")
    assert served.reads()
    assert not served.went_under_tls()


def test_orders_are_given_under_tls(served):
    served.serve()
    served.conf("FORCESSL = 1", "CERTVERIFY = 1", served.anchors(), "CERTHOST = localhost",
                "user = admin", "pass = secret")
    result = served.site.run("upscmd", served.target, "load.off", env=served.env(), check=True)
    assert result.stderr == "OK\n"


@pytest.mark.parametrize("identity", ["expired", "future", "othercert", "selfsigned"])
def test_a_server_that_cannot_be_verified_is_refused(served, identity):
    served.serve(identity)
    served.conf("CERTVERIFY = 1", served.anchors())
    result = served.upsc()
    assert result.returncode == UNTRUSTED
    assert "its certificate cannot be verified: " in result.stderr
    served.conf("CERTVERIFY = 0", served.anchors())
    assert served.reads()


def test_another_authority_verifies_its_own_servers(served):
    served.serve("othercert")
    served.conf("CERTVERIFY = 1", served.anchors("other-ca"))
    assert served.reads()


def test_certhost_asks_for_a_name(served):
    served.serve("wrongname")
    served.conf("CERTVERIFY = 1", served.anchors(), "CERTHOST = localhost")
    result = served.upsc()
    assert result.returncode == UNTRUSTED
    assert "its certificate is for elsewhere.example, not for localhost" in result.stderr
    served.conf("CERTVERIFY = 1", served.anchors(), "CERTHOST = elsewhere.example")
    assert served.reads()


def test_certverify_without_authorities_is_said_and_not_ignored(served):
    served.serve()
    served.conf("CERTVERIFY = 1")
    result = served.upsc()
    assert result.returncode == 1
    assert "name them with CERTPATH" in result.stderr


def test_a_certificate_of_the_client_is_shown(served, certs):
    served.serve()
    served.upsd.stop()
    lines = certs.upsd_lines(served.site, authority="ca", request="REQUIRE")
    served.upsd = served.site.start_upsd(conf=lines)
    assert not served.reads()
    if backend(served.site) == "NSS":
        served.conf(served.anchors(), "CERTIDENT_NAME = client", "CERTIDENT_PASS = sesame")
    else:
        served.conf(f"CERTFILE = {certs.pem('client')}")
    wait_until(served.reads, what="a client that shows who it is")


def test_the_closest_section_wins_for_tls_too(served):
    served.serve("selfsigned")
    site = served.site
    served.conf("CERTVERIFY = 1", served.anchors(), f"[@localhost:{site.port}]", "CERTVERIFY = 0",
                section=False)
    assert served.reads()
    served.conf("CERTVERIFY = 1", served.anchors(), f"[@localhost:{site.port + 1}]",
                "CERTVERIFY = 0", section=False)
    assert not served.reads()


def test_a_file_with_secrets_that_all_may_read_is_warned_of(served):
    served.serve()
    served.conf("pass = x", mode=0o644)
    result = served.upsc()
    assert result.returncode == 0
    assert "nutauth.conf is world readable; chmod o-rwx " in result.stderr


def test_upslog_logs_under_tls(served):
    served.serve()
    served.conf("FORCESSL = 1", "CERTVERIFY = 1", served.anchors())
    log = served.site.root / "ups.log"
    served.site.start("upslog", "-F", "-s", served.target, "-l", log, "-i", "1", "-f",
                      "%VAR ups.status%", *served.site._as_user, env=served.env())
    wait_until(lambda: log.exists() and "OL\n" in log.read_text(), what="a line of upslog")
    assert served.went_under_tls()


# ------------------------------------------------------- what the environment demands


def test_nut_secure_enforce_wants_tls_and_a_known_server(served):
    served.serve()
    assert not served.reads(NUT_SECURE="enforce")
    served.conf(served.anchors())
    assert served.reads(NUT_SECURE="enforce")
    served.serve(tls=False)
    assert not served.reads(NUT_SECURE="enforce")
    assert served.reads(NUT_SECURE="relaxed")


def test_nut_secure_off_means_no_tls_unless_it_is_demanded(served):
    served.serve()
    assert served.reads(NUT_SECURE="off")
    assert not served.went_under_tls()
    served.conf("FORCESSL = 1")
    result = served.upsc(NUT_SECURE="off")
    assert result.returncode == 1
    assert "NUT_SECURE=off contradicts FORCESSL 1" in result.stderr


@pytest.mark.parametrize("variable", ["NUT_SECURE", "NUT_TRUST"])
def test_nonsense_in_the_environment_is_not_ignored(served, variable):
    served.serve()
    result = served.upsc(**{variable: "rubbish"})
    assert result.returncode == 1
    assert f'{variable} is "rubbish"; it may be ' in result.stderr


# ------------------------------------------------------------------- first use


def test_a_stranger_is_refused_with_the_command_that_would_trust_it(served):
    served.serve("selfsigned")
    result = served.upsc(NUT_TRUST="strict")
    assert result.returncode == UNTRUSTED
    command = result.stderr.split("To trust it: ", 1)[1].split()
    assert command[:4] == ["nut-trust", "add", f"localhost:{served.site.port}", "--sha256"]
    served.site.run(*command, env=served.env(), check=True)
    assert served.reads(NUT_TRUST="strict")
    assert served.reads()


def test_a_new_server_is_kept_and_a_changed_key_refused(served):
    served.serve("selfsigned")
    assert served.reads(NUT_TRUST="accept-new")
    kept = served.store.read_text()
    assert f"localhost:{served.site.port} sha256:" in kept
    served.serve("othercert")
    # The store speaks for this host now, also where nothing asks for it.
    for env in ({"NUT_TRUST": "accept-new"}, {}):
        result = served.upsc(**env)
        assert result.returncode == UNTRUSTED
        assert "HAS CHANGED" in result.stderr and "nut-trust replace" in result.stderr
    assert served.store.read_text() == kept


def test_once_secure_always_secure(served):
    served.serve("selfsigned")
    assert served.reads(NUT_TRUST="accept-new")
    served.serve(tls=False)
    result = served.upsc()
    assert result.returncode == 1
    assert "was known with TLS and has none now" in result.stderr
    served.conf("FORCESSL = 0")
    assert not served.reads()
    served.site.run("nut-trust", "remove", f"localhost:{served.site.port}", env=served.env(),
                    check=True)
    assert served.reads()


def meet(served, *answers):
    """Answers the questions of a client on a terminal; returns its exit code and the screen."""
    terminal = Terminal(served.site, served.site.suite.program("upsc"), served.target, "ups.status",
                        env=served.env(NUT_TRUST="ask"))
    for number, answer in enumerate(answers, 1):
        while terminal.seen.count(b"[y/N/fingerprint]") < number:
            assert terminal.read(), terminal.seen
        terminal.type(answer.encode() + b"\n")
    code = terminal.end()
    return code, terminal.seen.decode()


def test_the_user_at_a_terminal_is_asked_once(served):
    served.serve("selfsigned")
    code, screen = meet(served, "y")
    assert code == 0 and screen.endswith("OL\r\n")
    for shown in (f"localhost:{served.site.port}", "subject:", "OU=selfsigned", "issuer:",
                  "names:", "127.0.0.1", "valid:", "key:", "sha256:"):
        assert shown in screen
    code, screen = meet(served)
    assert (code, screen) == (0, "OL\r\n")


@pytest.mark.parametrize("answer", ["", "n", "sha256:" + "00" * 32])
def test_a_server_that_the_user_does_not_trust_is_refused(served, answer):
    served.serve("selfsigned")
    code, screen = meet(served, answer)
    assert code == UNTRUSTED
    assert "OL" not in screen
    assert not served.store.exists()


def test_a_fingerprint_is_an_answer(served):
    served.serve("selfsigned")
    _, screen = meet(served, "n")
    pin = screen.split("certificate: ", 1)[1].split()[0]
    code, _ = meet(served, "perhaps", pin)
    assert code == 0
    assert served.reads(NUT_TRUST="strict")


def test_another_name_is_asked_about_on_its_own(served):
    served.serve("wrongname")
    code, screen = meet(served, "y", "n")
    assert code == UNTRUSTED
    assert "not for localhost" in screen
    code, _ = meet(served, "y", "y")
    assert code == 0
    assert " name " in served.store.read_text()
    assert served.reads(NUT_TRUST="strict")


# --------------------------------------------------------------------- the rest


def test_help_tells_how_the_library_was_built(served):
    lines = served.upsc("-Dh").stdout.splitlines()
    line = next(line for line in lines if line.startswith("Using NUT libupsclient library"))
    assert line.endswith(f" built with SSL support: {backend(served.site)}")
    assert not any("libupsclient" in line for line in served.upsc("-h").stdout.splitlines())


def test_bytes_in_the_clear_behind_starttls_are_refused(site):
    fake = site.fake_upsd({"ups": {"ups.status": "OL"}})
    fake.answers["STARTTLS"] = b"OK STARTTLS\nOK\n"
    result = site.run("upsc", f"ups@127.0.0.1:{fake.port}")
    assert result.returncode == 1
    assert "in the clear behind its answer" in result.stderr


def test_a_handshake_that_comes_to_nothing_is_not_followed_by_words_in_the_clear(site):
    fake = site.fake_upsd({"ups": {"ups.status": "OL"}})
    fake.answers["STARTTLS"] = "OK STARTTLS"
    result = site.run("upsc", f"ups@127.0.0.1:{fake.port}", env={"NUT_DEFAULT_CONNECT_TIMEOUT": "2"})
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ")
    assert not any(line.startswith(("LIST", "GET")) for line in fake.received)


HOST_PROGRAM = """
import ctypes, sys, threading
lib = ctypes.CDLL("libupsclient.so.6")
port, certpath, wrong = int(sys.argv[1]), sys.argv[2].encode(), []
TRYSSL, CERTVERIF = 1, 16
assert lib.upscli_init(1, certpath, None, None) == 1

def work():
    for _ in range(10):
        ups = ctypes.create_string_buffer(744)
        failed = lib.upscli_connect(ups, b"localhost", port, TRYSSL | CERTVERIF)
        if failed or lib.upscli_ssl(ups) != 1:
            wrong.append(lib.upscli_upserror(ups))
        lib.upscli_disconnect(ups)
threads = [threading.Thread(target=work) for _ in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
lib.upscli_cleanup()
print(len(wrong), set(wrong))
"""


@pytest.mark.parametrize("identity, outcome", [("server", "0 set()"), ("othercert", "60 {37}")])
def test_threads_of_a_host_program_connect_at_once(served, build, identity, outcome):
    if build.sanitized:
        pytest.skip("a library with sanitizers does not load into a plain program")
    served.serve(identity)
    path = served.anchors().split(" = ")[1]
    result = subprocess.run([sys.executable, "-c", HOST_PROGRAM, str(served.site.port), path],
                            env=served.site.environment(**served.env()), capture_output=True,
                            text=True, timeout=120)
    assert result.stdout.strip() == outcome, result.stderr
