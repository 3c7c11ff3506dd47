"""upsc, upscmd and upsrw against servers made of Python."""

import json
import subprocess

import pytest

from harness import Terminal


@pytest.fixture
def fake(site):
    fake = site.fake_upsd({"ups": {"ups.status": "OL", "ups.mfr": 'say "hi" \\ #1',
                                   "ups.model": "München"},
                           "second": {"ups.status": "OB"}})
    fake.at = f"@127.0.0.1:{fake.port}"
    return fake


def said(fake):
    """What the server heard, but for the question whether it has TLS."""
    return [line for line in fake.received if line != "STARTTLS"]


# ------------------------------------------------------------------- JSON


def test_all_variables_are_an_object_of_strings(site, fake):
    out = site.run("upsc", "-j", "ups" + fake.at, check=True).stdout
    assert json.loads(out) == fake.upses["ups"]
    assert out.startswith('{\n  "ups.mfr": "say \\"hi\\" \\\\ #1",\n  "ups.model": ')


def test_one_value_is_a_string(site, fake):
    assert site.run("upsc", "-j", "ups" + fake.at, "ups.status", check=True).stdout == '"OL"\n'


def test_lists_are_an_array_and_an_object(site, fake):
    host = fake.at[1:]
    assert json.loads(site.run("upsc", "-j", "-l", host, check=True).stdout) == ["ups", "second"]
    assert json.loads(site.run("upsc", "--json", "-L", host, check=True).stdout) == \
        {"ups": "fake", "second": "fake"}


def test_errors_stand_in_the_json_and_on_stderr(site, fake):
    fake.set_error("ups", "DATA-STALE")
    for args in (("ups" + fake.at,), ("ups" + fake.at, "ups.status")):
        result = site.run("upsc", "-j", *args)
        assert result.returncode == 1
        assert result.stderr == "Error: Data stale\n"
        assert json.loads(result.stdout) == {"error": "Data stale"}


def test_a_list_that_breaks_off_is_still_json(site, fake):
    fake.answers["LIST VAR ups"] = 'BEGIN LIST VAR ups\nVAR ups a.b "1"\nERR DATA-STALE'
    result = site.run("upsc", "-j", "ups" + fake.at)
    assert result.returncode == 1
    assert json.loads(result.stdout) == {"a.b": "1", "error": "Data stale"}


# --------------------------------------------------- servers that misbehave


NO_ANSWERS = {
    "another list": (b"BEGIN LIST VAR other\n", "Protocol error"),
    "no list": (b"VAR ups a.b \"1\"\n", "Protocol error"),
    "bare ERR": (b"ERR\n", "Unknown error"),
    "unknown ERR": (b"ERR SOMETHING-NEW\n", "Unknown error"),
    "empty line": (b"\n", "Protocol error"),
    "binary": (b"\x00\xff\xfe\n", "Protocol error"),
    "open quote": (b"BEGIN LIST VAR ups\nVAR ups a.b \"1\n", "Parse error: "),
    "item without value": (b"BEGIN LIST VAR ups\nVAR ups a.b\n",
                           "insufficient data (got 3 args, need at least 4)"),
    "endless line": (b"BEGIN LIST VAR ups\n" + b"x" * 200_000 + b"\n", "Parse error: "),
    "endless words": (b"BEGIN LIST VAR ups\nVAR ups " + b"w " * 100_000 + b"\n", "Parse error: "),
    "silence": (None, "Server disconnected"),
}


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_an_answer_that_is_none_is_an_error(site, fake, kind):
    fake.answers["LIST VAR ups"], error = NO_ANSWERS[kind]
    result = site.run("upsc", "ups" + fake.at)
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: {error}")


def test_a_value_longer_than_a_classic_reply_comes_whole(site, fake):
    fake.upses["ups"]["ups.id"] = "x" * 3000
    result = site.run("upsc", "ups" + fake.at, "ups.id", check=True)
    assert result.stdout == "x" * 3000 + "\n"


def test_a_server_that_hangs_up_is_an_error(site, fake):
    fake.answers["LIST"] = b"BEGIN LIST VAR ups\n"
    client = site.start("upsc", "ups" + fake.at)
    fake.wait_received("LIST VAR ups")
    fake.hang_up()
    assert client.wait() == 1
    assert client.log() == "Error: Server disconnected\n"


def test_a_server_that_is_not_there_is_an_error(site, fake):
    fake.close()
    result = site.run("upsc", "ups" + fake.at)
    assert (result.returncode, result.stderr) == (
        1, "Error: Connection failure: Connection refused\n")


def test_names_with_blanks_and_line_breaks_stay_one_word_on_the_wire(site, fake):
    site.run("upsc", "ups" + fake.at, 'a.b\nFSD ups "#')
    line = fake.wait_received("GET VAR")
    assert line.startswith('GET VAR ups "a.b')
    assert not any(line.startswith("FSD") for line in fake.received)


# -------------------------------------------------------- logins and secrets


def test_the_password_leaves_the_command_line_at_once(site, fake):
    fake.answers["USERNAME"] = None  # so that it waits
    client = site.start("upscmd", "-u", "admin", "-p", "top-secret", "ups" + fake.at, "load.off")
    fake.wait_received("USERNAME admin")
    with open(f"/proc/{client.pid}/cmdline", "rb") as f:
        assert b"top-secret" not in f.read()
    fake.hang_up()


def test_logins_come_from_nutauth_conf(site, fake):
    site.write("nutauth.conf", f"[{fake.at}]\nuser = admin\npass = \"of file\"\n", mode=0o600)
    site.run("upscmd", "-A", "default", "ups" + fake.at, "load.off", check=True)
    assert said(fake)[:3] == ["USERNAME admin", 'PASSWORD "of file"', "INSTCMD ups load.off"]
    fake.received.clear()
    site.run("upscmd", "-u", "me", "-p", "mine", "ups" + fake.at, "load.off", check=True)
    assert said(fake)[:2] == ["USERNAME me", "PASSWORD mine"]


def test_a_nutauth_conf_that_must_be_there_is_missed(site, fake):
    result = site.run("upsc", "-A", "/nonexistent/file", "ups" + fake.at)
    assert result.returncode == 1
    assert "/nonexistent/file" in result.stderr
    assert not fake.received


def test_a_server_that_must_be_secure_gets_no_password(site, fake):
    site.write("nutauth.conf", f"[{fake.at}]\nuser = u\npass = p\nFORCESSL = 1\n", mode=0o600)
    result = site.run("upscmd", "ups" + fake.at, "load.off")
    assert result.returncode == 1
    assert result.stderr.startswith("Error: SSL is not available: ")
    assert not any("PASSWORD" in line for line in fake.received)


def test_user_and_password_are_asked_for_and_the_password_is_not_shown(site, fake):
    terminal = Terminal(site, site.suite.program("upscmd"), "ups" + fake.at, "load.off")
    terminal.until(b"Username (")
    terminal.type(b"admin\n")
    terminal.until(b"Password: ")
    terminal.type(b"hidden words\n")
    assert terminal.end() == 0
    assert b"hidden" not in terminal.seen
    assert terminal.seen.endswith(b"OK\r\n")
    assert said(fake)[:2] == ["USERNAME admin", 'PASSWORD "hidden words"']


def test_an_interrupted_password_ends_the_program(site, fake):
    terminal = Terminal(site, site.suite.program("upsrw"), "-u", "admin", "-s", "a.b=1",
                        "ups" + fake.at)
    terminal.until(b"Password: ")
    terminal.type(b"half\x03")
    assert terminal.end() == 1
    assert not any("SET" in line for line in fake.received)


# ------------------------------------------------------------------- the rest


def test_help_and_version(site):
    for name in ("upsc", "upscmd", "upsrw"):
        assert site.run(name, "-V", check=True).stdout.startswith(f"Network UPS Tools {name} ")
        assert f"usage: {name}" in site.run(name, "-h", check=True).stdout
        odd = site.run(name, "-Z", check=True)
        assert "usage:" in odd.stdout and "-Z" in odd.stderr


@pytest.mark.parametrize("args", [("-W", "soon", "ups"), ("-W", "-1", "ups")])
def test_times_that_are_none_are_refused(site, args):
    result = site.run("upsc", *args)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: -W wants a number of seconds")


def test_a_bad_timeout_in_the_environment_is_said_and_ignored(site, fake):
    result = site.run("upsc", "ups" + fake.at, "ups.status", check=True,
                      env={"NUT_DEFAULT_CONNECT_TIMEOUT": "soon"})
    assert result.stdout == "OL\n"
    assert "NUT_DEFAULT_CONNECT_TIMEOUT=soon" in result.stderr


def test_the_config_script_speaks_for_the_compiler(site, build):
    script = build.root / "clients" / "libupsclient" / "libupsclient-config"

    def ask(*args):
        return subprocess.run([script, *args], capture_output=True, text=True)
    assert ask("--libs").stdout.rstrip().endswith("-lupsclient")
    assert ask("--cflags").stdout.startswith("-I")
    assert ask("--version").stdout == "2.8.0\n"
    assert ask("--config_flags").stdout == ask("--config-flags").stdout
    for bad in ((), ("--what",)):
        assert ask(*bad).returncode == 1
