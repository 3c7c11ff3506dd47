"""nut-passwd: hashed passwords in upsd.users."""

import os
import pty
import subprocess

import pytest


@pytest.fixture(autouse=True)
def program(site):
    try:
        return site.suite.program("nut-passwd")
    except LookupError:
        pytest.skip("this build has no nut-passwd")


def test_a_user_logs_in_with_the_password_that_was_given(site):
    path = site.write("upsd.users", "# ours\n[mon]\n\tpassword = old\n\tupsmon secondary\n")
    path.chmod(0o600)
    site.run("nut-passwd", "--stdin", "mon", input="new pass\n", check=True)
    text = path.read_text()
    assert text.startswith("# ours\n[mon]\n\tpasswordhash = \"$")
    assert text.endswith("\n\tupsmon secondary\n")
    assert "old" not in text and "new pass" not in text
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(site.conf)) == ["upsd.users"]
    site.fake_driver("ups")
    upsd = site.start_upsd()
    with upsd.client(user="mon", password='"new pass"') as client:
        assert client.ask("LOGIN ups") == "OK"
    with upsd.client(user="mon", password="old") as client:
        assert client.ask("LOGIN ups") == "ERR ACCESS-DENIED"


def test_a_new_user_and_a_new_file_are_made(site):
    path = site.conf / "other.users"
    result = site.run("nut-passwd", "-f", path, "--stdin", "ann", input="x", check=True)
    assert "added [ann]" in result.stdout
    assert path.read_text().startswith("[ann]\n\tpasswordhash = \"$")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_to_the_file_stays_one(site):
    real = site.write("real.users", "[ann]\npassword = x\n")
    link = site.conf / "upsd.users"
    link.symlink_to(real)
    site.run("nut-passwd", "--stdin", "ann", input="y\n", check=True)
    assert link.is_symlink() and "passwordhash" in real.read_text()


def test_a_hash_is_printed_and_each_is_another(site):
    hashes = {site.run("nut-passwd", "--hash", "--stdin", input="x\n", check=True).stdout
              for _ in range(2)}
    assert len(hashes) == 2
    assert all(text.startswith("$") and text.endswith("\n") for text in hashes)
    assert not (site.conf / "upsd.users").exists()


@pytest.mark.parametrize("args, given", [
    (("--stdin", "ann"), "\n"),
    (("--stdin", "ann"), "a\tb\n"),
    (("--stdin", "ann"), "x" * 512),
    (("--stdin", "a b"), "x\n"),
    (("--stdin",), "x\n"),
    (("--stdin", "ann", "bob"), "x\n"),
    (("--stdin", "--hash", "ann"), "x\n"),
    (("ann",), "one\ntwo\n"),
])
def test_what_is_wrong_changes_nothing(site, args, given):
    path = site.write("upsd.users", "[ann]\npassword = old\n")
    result = _run_without_terminal(site, args, given)
    assert result.returncode == 1
    assert result.stderr.startswith(("nut-passwd: ", "New password: "))
    assert path.read_text() == "[ann]\npassword = old\n"
    assert sorted(os.listdir(site.conf)) == ["upsd.users"]


def _run_without_terminal(site, args, given):
    """In a session of its own there is no /dev/tty to ask on."""
    return subprocess.run([site.suite.program("nut-passwd"), *args], input=given, text=True,
                          env=site.environment(), capture_output=True, timeout=60, check=False,
                          start_new_session=True)


def test_on_a_terminal_it_asks_twice_and_shows_nothing(site):
    site.write("upsd.users", "[ann]\npassword = old\n")
    pid, terminal = pty.fork()
    if pid == 0:
        program = str(site.suite.program("nut-passwd"))
        os.execve(program, [program, "ann"], site.environment())
    said = b""

    def until(text):
        nonlocal said
        while text not in said:
            data = os.read(terminal, 4096)
            assert data
            said += data
    until(b"New password: ")
    os.write(terminal, b"hidden\n")
    until(b"Again: ")
    os.write(terminal, b"hidden\n")
    until(b"new password")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    assert b"hidden" not in said
    assert "passwordhash" in (site.conf / "upsd.users").read_text()
