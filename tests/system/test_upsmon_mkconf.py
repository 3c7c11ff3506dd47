"""nut-upsmon-mkconf: a file for upsmon out of options, or of answers at a terminal."""

import os
import re
import signal
import stat
import subprocess

import pytest
from harness import Terminal, wait_until


@pytest.fixture
def made(site):
    return site.conf / "UPSmon.conf"


def run(site, *args, given=None, ok=True, **extra):
    """Without a terminal, so that nothing is asked."""
    result = subprocess.run([site.suite.program("nut-upsmon-mkconf"), *map(str, args)],
                            input=given, text=True, env=site.environment(), capture_output=True,
                            timeout=60, check=False, start_new_session=True, **extra)
    assert (result.returncode == 0) == ok, (result.returncode, result.stdout, result.stderr)
    assert "sekret" not in result.stdout + result.stderr
    return result


def start_of(path):
    """The text, in which blanks count as one."""
    return re.sub(r"\s+", " ", path.read_text())


@pytest.mark.parametrize("plan", ["standard", "timed"])
def test_a_plan_is_written_for_its_owner_only(site, made, plan):
    old = os.umask(0)
    try:
        result = run(site, "--yes", "--ups", "desk", "--upsdpass", "sekret", "--plan", plan)
    finally:
        os.umask(old)
    assert result.stderr == ""
    assert str(made) in result.stdout
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert os.listdir(site.conf) == ["UPSmon.conf"]
    text = start_of(made)
    assert 'MONITOR desk POWERVAL 1 UPSDUSER monitor PASSWORD "sekret" TYPE primary' in text
    assert 'HOST localhost PORT 3493 CERTFILE ""' in text
    assert ("STARTTIMER grace 120" in text) == (plan == "timed")
    for piece in ('battery.charge.low.1 = "75"', 'battery.charge.low.2 = "50"',
                  'battery.charge.low.3 = "25"', "STARTTIMER rbwarntime 43200",
                  "STARTTIMER nocommwarntime 300", "MINSUPPLIES 1",
                  'SHUTDOWNCMD "/sbin/shutdown -h 0"'):
        assert piece in text


def test_the_usual_plan_is_timed(site, made):
    run(site, "--yes", "--ups", "desk", "--upsdpass", "sekret")
    assert "STARTTIMER grace 120" in made.read_text()


def test_options_take_their_values_in_both_spellings(site):
    options = {"plan": "timed", "ups": "feed", "upsdname": "power.example", "upsdport": "401",
               "upsduser": "nut-admin", "upsdpass": "sekret", "role": "secondary",
               "clientcertfile": "/etc/nut/power.pem", "heartbeat": "pulse",
               "smtpserver": "smtp.example", "smtpport": "465", "smtpuser": "robot",
               "smtppass": "sekret2", "emailfrom": "ups@a.example", "emailto": "ops@a.example",
               "grace": "60", "finaldelay": "7", "shutdowncmd": "/sbin/halt",
               "powerdownflag": "/run/killpower"}
    apart = site.conf / "apart"
    together = site.conf / "together"
    run(site, "--yes", "--configurationfile", apart,
        *(word for name, value in options.items() for word in (f"--{name}", value)))
    run(site, "-y", f"--configurationfile={together}",
        *(f"--{name}={value}" for name, value in options.items()))
    assert apart.read_text() == together.read_text()
    text = start_of(apart)
    for piece in ('HOST power.example PORT 401 CERTFILE "/etc/nut/power.pem"',
                  'UPSDUSER nut-admin PASSWORD "sekret" TYPE secondary',
                  'SMTPSERVER "smtp.example" PORT 465 USER "robot" PASSWORD "sekret2"',
                  'EMAIL FROM "ups@a.example" TO "ops@a.example"', "GROUP HB", "MONITOR pulse",
                  "STARTTIMER grace 60", "STARTTIMER final-delay 7", 'SHUTDOWNCMD "/sbin/halt"',
                  'POWERDOWNFLAG "/run/killpower"'):
        assert piece in text


def test_several_upses_are_given_one_by_one(site, made):
    run(site, "--yes", "--ups", "a", "--ups=b@nas:401", "--certfile", "/ca.pem", "--minsupplies=2",
        "--upsdpass=sekret")
    text = start_of(made)
    assert "PORT 3493 CERTFILE \"/ca.pem\" MONITOR a " in text
    assert "HOST nas PORT 401 CERTFILE \"/ca.pem\" MONITOR b " in text
    assert "MINSUPPLIES 2" in text


def test_passwords_come_from_files_or_standard_input(site, made):
    secret = site.write("secret", "sekret of a file\nanother line\n")
    run(site, "--yes", "--ups", "desk", "--upsdpass-file", secret, "--smtpserver", "smtp.example",
        "--smtpuser", "u", "--smtppass-file=-", "--emailfrom", "a@b", "--emailto", "c@d",
        given="sekret of stdin\nrest\n")
    text = made.read_text()
    assert 'PASSWORD "sekret of a file" TYPE' in text
    assert 'PASSWORD "sekret of stdin"\n' in text


def test_a_file_that_exists_stays_unless_forced(site, made):
    made.write_text("mine\n")
    made.chmod(0o644)
    result = run(site, "--yes", "--ups", "desk", "--upsdpass", "sekret", ok=False)
    assert "--force" in result.stderr
    assert made.read_text() == "mine\n"
    assert os.listdir(site.conf) == ["UPSmon.conf"]
    run(site, "--yes", "--ups", "desk", "--upsdpass", "sekret", "--force")
    assert "MONITOR desk" in made.read_text()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


@pytest.mark.parametrize("args, complaint", [
    (("--yes", "--ups", "desk"), "--upsdpass: it is needed"),
    (("--yes", "--upsdpass", "sekret"), "--ups: it is needed"),
    (("--yes", "--ups", "desk@nas", "--upsdpass", "sekret"), "--clientcertfile: "),
    (("--yes", "--ups", "desk", "--upsdpass", "sekret", "--plan", "quick"), "standard or timed"),
    (("--yes", "--ups", "PORT", "--upsdpass", "sekret"), 'error 100: unexpected "PORT"'),
    (("--yes", "--ups", "desk", "--upsdpass-file", "/nonexistent"), "/nonexistent"),
    (("--yes", "--ups", "desk", "--upsdpass", "sekret\"'»⎦⸥"), "quotes"),
    (("--ups", "desk", "--upsdpass", "sekret"), "--yes"),
    (("desk",), "no option"),
    (("--upss", "desk"), "did you mean --ups?"),
])
def test_what_is_wrong_writes_nothing(site, args, complaint):
    result = run(site, *args, given="", ok=False)
    assert complaint in result.stderr
    assert os.listdir(site.conf) == []


def test_at_a_terminal_it_asks_for_what_is_not_given(site, made):
    terminal = Terminal(site, site.suite.program("nut-upsmon-mkconf"), "--role", "primary")
    for question, answer in ((b"standard) [timed]? ", b""), (b"several)? ", b"de->sk"),
                             (b"a name is made of", b""), (b"several)? ", b"desk"),
                             (b"upsd [localhost]? ", b""), (b"port [3493]? ", b"4000"),
                             (b"upsd.users [monitor]? ", b"bob"),
                             (b"Password of that user: ", b"sekret"),
                             (b"down first [no]? ", b"yes"), (b"for none)? ", b"-"),
                             (b"allowed [120]? ", b"30"), (b"-h 0]? ", b""),
                             (b"heartbeat (- for none)? ", b""),
                             (b"sends mail (- for none)? ", b""), (b"[yes]? ", b"")):
        terminal.until(question)
        terminal.seen = terminal.seen.split(question, 1)[1]
        if question != b"a name is made of":
            terminal.type(answer + b"\n")
        assert b"sekret" not in terminal.seen
    assert terminal.end() == 0
    assert b"sekret" not in terminal.seen
    text = start_of(made)
    assert 'HOST localhost PORT 4000 CERTFILE ""' in text
    assert 'MONITOR desk POWERVAL 1 UPSDUSER bob PASSWORD "sekret" TYPE primary' in text
    assert "STARTTIMER grace 30" in text
    assert "SETFSD desk" in text
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_before_it_writes_it_shows_all_but_the_passwords(site):
    terminal = Terminal(site, site.suite.program("nut-upsmon-mkconf"), "--upsdpass", "sekret",
                        "--ups", "desk", "--plan", "standard", "--role", "secondary", "--user",
                        "bob", "--host", "localhost", "--port", "3493", "--certfile", "",
                        "--shutdowncmd", "/sbin/halt", "--heartbeat", "", "--smtpserver", "")
    terminal.until(b"[yes]? ")
    assert b"bob" in terminal.seen and b"(given)" in terminal.seen
    assert b"sekret" not in terminal.seen
    terminal.type(b"no\n")
    assert terminal.end() == 1
    assert os.listdir(site.conf) == []


def test_a_password_leaves_the_list_of_processes(site):
    terminal = Terminal(site, site.suite.program("nut-upsmon-mkconf"), "--upsdpass=sekret",
                        "--smtppass", "sekret")
    terminal.until(b"[timed]? ")
    setsid = terminal.process.pid
    children = open(f"/proc/{setsid}/task/{setsid}/children").read().split()
    # setsid forks only where it has to.
    pid = int(children[0]) if children else setsid
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        assert b"sekret" not in f.read()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: terminal.process.poll() is not None, what="the end of the program")
    os.close(terminal.fd)


def test_help_names_the_options_of_the_original(site):
    text = site.run("nut-upsmon-mkconf", "--help", check=True).stdout
    for option in ("--configurationfile", "--clientcertfile", "--plan", "--ups ", "--upsdname",
                   "--upsdport", "--upsduser", "--upsdpass ", "--smtpserver", "--smtpport",
                   "--smtpuser", "--smtppass ", "--emailfrom", "--emailto", "--upsdpass-file"):
        assert option in text
    assert "Network UPS Tools" in site.run("nut-upsmon-mkconf", "-v", check=True).stdout
