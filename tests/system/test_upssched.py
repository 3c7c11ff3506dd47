"""upssched: events now, later, or not at all; its daemon, its races, its bad days."""

import fcntl
import os
import pathlib
import signal
import socket
import stat
import subprocess
import time

import pytest

from harness import PowerHost, Upssched, wait_until
from harness.process import end_pid, is_alive, pid_of

LONG = 3600


@pytest.fixture
def sched(site):
    made = Upssched(site)
    yield made
    for pid in made.processes():
        end_pid(pid)


def ask(sched, *lines):
    """Speaks to the daemon; returns its answers."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(60)
        link.connect(str(sched.pipe))
        link.sendall("".join(f"{line}\n" for line in lines).encode())
        link.shutdown(socket.SHUT_WR)
        with link.makefile() as answers:
            return answers.read().splitlines()


# ------------------------------------------------------------------ with upsmon


@pytest.fixture
def upsd(site):
    return site.fake_upsd({"ups": {"ups.status": "OL"}, "two": {"ups.status": "OL"}}, push=True)


@pytest.fixture
def host(site, upsd, sched):
    """upsmon, with upssched as its NOTIFYCMD, watching two UPSes that feed nothing."""
    host = PowerHost(site, "host", site.root / "journal")
    lines = [f"MONITOR {ups}@{upsd.host}:{upsd.port} 1 monuser secret secondary"
             for ups in ("ups", "two")]
    host.start(*lines, f"NOTIFYCMD {site.suite.program('upssched')}")
    upsd.wait_received("LOGIN ups")
    upsd.wait_received("LOGIN two")
    return host


def name(upsd, ups="ups"):
    return f"{ups}@{upsd.host}:{upsd.port}"


def test_an_outage_that_lasts_is_told_to_the_script(sched, upsd, host):
    sched.write_conf("AT ONBATT * START-TIMER lasts 1", "AT ONLINE * CANCEL-TIMER lasts")
    upsd.set("ups", "ups.status", "OB")
    assert sched.wait_told("lasts") == ("lasts", "1", "ONBATT", name(upsd),
                                        f"UPS {name(upsd)} on battery")


def test_an_outage_that_ends_in_time_is_not(sched, upsd, host):
    sched.write_conf(f"AT ONBATT * START-TIMER lasts {LONG}", "AT ONLINE * CANCEL-TIMER lasts",
                     "AT ONLINE * EXECUTE online")
    upsd.set("ups", "ups.status", "OB")
    wait_until(lambda: sched.names() == ["lasts"])
    upsd.set("ups", "ups.status", "OL")
    sched.wait_told("online")
    assert sched.names() == []
    assert sched.told() == ["online"]


def test_one_outage_of_two_upses_is_one_shared_timer(sched, upsd, host):
    sched.write_conf(f"AT ONBATT * START-TIMER-SHARED all {LONG}")
    upsd.set("ups", "ups.status", "OB")
    wait_until(lambda: sched.names() == ["all"])
    upsd.set("two", "ups.status", "OB")
    wait_until(lambda: sched.timers()[0][4] == f"{name(upsd)},{name(upsd, 'two')}")
    assert sched.names() == ["all"]


def test_the_timer_daemon_outlives_upsmon(sched, upsd, host):
    sched.write_conf(f"AT ONBATT * START-TIMER later {LONG}")
    upsd.set("ups", "ups.status", "OB")
    wait_until(lambda: sched.names() == ["later"])
    assert host.command("-c", "stop").returncode == 0
    host.upsmon.wait()
    host.upsmon.end_session()
    assert sched.names() == ["later"]


# ---------------------------------------------------------------------- events


def test_lines_are_obeyed_from_top_to_bottom(sched):
    sched.write_conf("AT FSD other@host EXECUTE not-ours", "AT FSD * EXECUTE one",
                     "AT ONLINE * EXECUTE not-this", "AT fsd ups@host EXECUTE two",
                     "AT FSD * EXECUTE three")
    sched.ok("FSD")
    assert sched.told() == ["one", "two", "three"]


def test_execute_has_the_environment_of_upsmon(sched):
    sched.write_conf("AT FSD * EXECUTE now")
    sched.ok("FSD", env={"NOTIFYMSG": "as it came"})
    sched.ok("FSD", ups="")
    assert sched.calls() == [("now", "1", "FSD", "ups@host", "as it came"),
                             ("now", "1", "FSD", "", "none")]


def test_a_name_is_one_word_and_sees_no_shell(sched, site):
    evil = f"two words; touch {site.root}/touched `id` $HOME"
    sched.write_conf(f'AT FSD * EXECUTE "{evil}"', f'AT FSD * START-TIMER "{evil}" 0')
    sched.ok("FSD")
    sched.wait_told(evil, count=2)
    assert {call[1] for call in sched.calls()} == {"1"}
    assert not (site.root / "touched").exists()


def test_the_script_may_have_arguments_in_one_string(sched, site):
    site.write("upssched.conf", f'CMDSCRIPT "{sched.script} -x"\nPIPEFN {sched.pipe}\n'
                                f"LOCKFN {sched.lock}\nAT FSD * EXECUTE now\n")
    sched.ok("FSD")
    assert sched.calls()[0][:2] == ("-x now", "2")


def test_cancel_tells_the_event_if_there_is_no_timer(sched):
    sched.write_conf(f"AT ONBATT * START-TIMER t {LONG}", "AT ONLINE * CANCEL-TIMER t too-late")
    sched.ok("ONLINE", message="back")
    assert sched.wait_told("too-late")[2:] == ("ONLINE", "ups@host", "back")
    sched.ok("ONBATT")
    sched.ok("ONLINE")
    assert sched.names() == []
    assert sched.told() == ["too-late"]


def test_cancel_starts_no_daemon_for_nothing(sched):
    sched.write_conf("AT ONLINE * CANCEL-TIMER t", "AT ONLINE * CANCEL-TIMER-MATCHED t")
    sched.ok("ONLINE")
    assert sched.processes() == []
    assert not sched.pipe.exists()


def test_a_timer_that_one_ups_started_twice_is_cancelled_whole(sched):
    """upsmon is started anew in an outage, and tells ONBATT again."""
    sched.write_conf(f"AT ONBATT * START-TIMER down {LONG}", "AT ONLINE * CANCEL-TIMER down")
    sched.ok("ONBATT")
    sched.ok("ONBATT")
    assert sched.names() == ["down", "down"]
    sched.ok("ONLINE")
    assert sched.names() == []


def test_the_return_of_one_ups_leaves_the_timer_of_the_other(sched):
    sched.write_conf(f"AT ONBATT * START-TIMER down {LONG}", "AT ONLINE * CANCEL-TIMER down")
    sched.ok("ONBATT", ups="a")
    sched.ok("ONBATT", ups="b")
    sched.ok("ONLINE", ups="a")
    assert [row[4] for row in sched.timers()] == ["b"]
    sched.ok("ONLINE", ups="b")
    assert sched.timers() == []


def test_matched_takes_one_ups_out_of_a_shared_timer(sched):
    sched.write_conf(f"AT ONBATT * START-TIMER-SHARED all {LONG}",
                     "AT ONLINE * CANCEL-TIMER-MATCHED all was-not-in-it")
    for ups in ("a", "b"):
        sched.ok("ONBATT", ups=ups)
    sched.ok("ONLINE", ups="c")
    sched.wait_told("was-not-in-it")
    sched.ok("ONLINE", ups="a")
    assert [row[4] for row in sched.timers()] == ["b"]
    sched.ok("ONLINE", ups="b")
    assert sched.timers() == []
    assert sched.told() == ["was-not-in-it"]


def test_a_shared_timer_tells_of_all_who_took_part(sched):
    sched.write_conf(f"AT ONBATT * START-TIMER far {LONG}")
    sched.ok("ONBATT")
    ask(sched, "START-SHARED all 1 ONBATT a first", "START-SHARED all 9 COMMBAD b second",
        "START-SHARED all 9 ONBATT a first")
    assert sched.wait_told("all") == ("all", "1", "ONBATT,COMMBAD", "a,b", "first.\tsecond")
    assert sched.told() == ["all"]


def test_a_message_may_be_of_any_length(sched):
    sched.write_conf("AT FSD * START-TIMER now 0")
    sched.ok("FSD", message="m" * 100000)
    message = sched.wait_told("now")[4]
    assert len(message) > 512 and set(message) == {"m"}


def test_a_message_may_begin_with_a_dash(sched):
    sched.write_conf("AT FSD * START-TIMER now 0")
    sched.ok("FSD", message="-no power-")
    assert sched.wait_told("now")[4] == "-no power-"


# ------------------------------------------------------------------- many at once


def run_many(processes):
    for process in processes:
        text, _ = process.communicate(timeout=60)
        assert process.returncode == 0, text


def fifty(sched):
    """Starts fifty at once, each with a timer of its own."""
    sched.write_conf(*(f"AT ONBATT ups{i} START-TIMER t{i} {LONG}" for i in range(50)))
    return [sched.start("ONBATT", f"ups{i}") for i in range(50)]


def expect_all_in_one(sched):
    sched.wait_alone()
    assert sched.names() == sorted(f"t{i}" for i in range(50))
    assert not sched.lock.exists()


def test_fifty_at_once_start_one_daemon_and_lose_nothing(sched):
    for _ in range(3):
        run_many(fifty(sched))
        expect_all_in_one(sched)
        os.kill(sched.pid(), signal.SIGTERM)
        wait_until(lambda: not sched.processes())


def test_fifty_at_once_get_past_what_a_killed_daemon_left(sched):
    run_many(fifty(sched))
    os.kill(sched.wait_alone(), signal.SIGKILL)
    assert sched.pipe.is_socket()
    sched.lock.write_text(f"{sched.pid()}\n")
    run_many(fifty(sched))
    expect_all_in_one(sched)


def test_fifty_at_once_survive_a_daemon_that_dies_in_their_midst(sched):
    """What was confirmed to them may have died with it; none of them hangs, and one runs."""
    many = fifty(sched)
    os.kill(sched.pid(), signal.SIGKILL)
    run_many(many)
    sched.ok("ONBATT", "ups0")
    sched.wait_alone()
    assert "t0" in sched.names()


def test_starts_and_cancels_in_a_crowd_end_as_they_should(sched):
    sched.write_conf(*(f"AT ONBATT ups{i} START-TIMER t{i} {LONG}" for i in range(20)),
                     *(f"AT ONLINE ups{i} CANCEL-TIMER t{i}" for i in range(20)))
    run_many([sched.start("ONBATT", f"ups{i}") for i in range(20)])
    run_many([sched.start("ONLINE" if i % 2 else "ONBATT", f"ups{i}") for i in range(20)])
    assert sorted(set(sched.names())) == sorted(f"t{i}" for i in range(0, 20, 2))
    assert len(sched.names()) == 20  # those started twice
    run_many([sched.start("ONLINE", f"ups{i}") for i in range(20)])
    assert sched.names() == []


# ------------------------------------------------------------------ what is left


@pytest.mark.parametrize("content", ["", "1\n"])
def test_a_lock_that_was_left_behind_does_not_block_for_ever(sched, content):
    sched.write_conf(f"AT ONBATT * START-TIMER t {LONG}")
    sched.lock.write_text(content)
    sched.ok("ONBATT")
    assert sched.names() == ["t"]
    assert not sched.lock.exists()


def test_a_cancel_waits_for_a_daemon_that_is_being_started(sched):
    """The lock is held: what is to be cancelled may be on its way."""
    sched.write_conf(f"AT ONBATT * START-TIMER t {LONG}", "AT ONLINE * CANCEL-TIMER t",
                     "AT ONLINE * EXECUTE done")
    with open(sched.lock, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("1\n")
        lock.flush()
        cancel = sched.start("ONLINE")
        start = sched.start("ONBATT")
        time.sleep(1)  # both must still wait then, however fast the machine is
        assert cancel.poll() is None and start.poll() is None
        assert sched.told() == []
    run_many([cancel, start])
    assert sched.told() == ["done"]


@pytest.mark.parametrize("which", ["pipe", "lock"])
def test_a_file_of_somebody_else_is_not_deleted(sched, which):
    sched.write_conf("AT ONBATT * START-TIMER t 5")
    path = getattr(sched, which)
    path.write_text("precious\n")
    result = sched.call("ONBATT")
    assert result.returncode == 1
    assert str(path) in result.stderr
    assert path.read_text() == "precious\n"
    assert sched.processes() == []


def test_without_a_folder_for_the_socket_it_says_so(sched, site):
    site.write("upssched.conf", f"CMDSCRIPT {sched.script}\nPIPEFN {site.root}/none/pipe\n"
                                f"LOCKFN {sched.lock}\nAT ONBATT * START-TIMER t 5\n")
    result = sched.call("ONBATT")
    assert result.returncode == 1
    assert f"{site.root}/none/pipe" in result.stderr
    assert not sched.lock.exists()


# ----------------------------------------------------------------- configuration


def test_no_configuration_ends_with_1(sched):
    result = sched.call("ONBATT")
    assert result.returncode == 1
    assert "upssched.conf" in result.stderr


@pytest.mark.parametrize("missing", ["CMDSCRIPT", "PIPEFN", "LOCKFN"])
def test_what_is_missing_above_the_at_lines_ends_with_1(sched, site, missing):
    path = sched.write_conf("AT FSD * EXECUTE now")
    lines = [line for line in path.read_text().splitlines() if not line.startswith(missing)]
    site.write("upssched.conf", "\n".join([*lines, f"{missing} /too/late", ""]))
    result = sched.call("FSD")
    assert result.returncode == 1
    assert missing in result.stdout
    assert missing in result.stderr
    assert sched.told() == []


def test_a_wrong_line_does_not_keep_the_others_from_being_obeyed(sched):
    sched.write_conf("AT FSD * EXECUTE", "AT FSD * STRAT-TIMER x 5", "AT FSD * START-TIMER x",
                     "AT FSD * EXECUTE good", '"unbalanced # quote')
    result = sched.ok("FSD")
    assert sched.told() == ["good"]
    for line in (4, 5, 6, 8):
        assert f"upssched.conf:{line}: " in result.stderr


def test_the_test_tells_all_and_does_nothing(sched):
    sched.write_conf("AT FSD * EXECUTE", "AT ONBATT * START-TIMER x 5m", "AT FSD * EXECUTE now")
    result = sched.site.run("upssched", "-t", env={"NOTIFYTYPE": "FSD", "UPSNAME": "ups"})
    assert result.returncode == 1
    assert "error: " in result.stdout and "upssched.conf:4: EXECUTE wants" in result.stdout
    assert "warning: " in result.stdout and "nothing cancels it" in result.stdout
    assert "1 error, 2 warnings in " in result.stdout
    assert sched.told() == []
    sched.write_conf("AT FSD * EXECUTE now")
    assert sched.site.run("upssched", "--test").returncode == 0


def test_upsmons_words_are_needed(sched, site):
    sched.write_conf("AT FSD * EXECUTE now")
    for env in ({}, {"NOTIFYTYPE": "FSD"}, {"UPSNAME": "ups"}):
        result = site.run("upssched", "message", env=env)
        assert result.returncode == 1
        assert "UPSNAME and NOTIFYTYPE" in result.stdout
    assert sched.told() == []


def test_help_version_and_what_is_no_option(site):
    assert site.run("upssched", "-h").returncode == 0
    assert "usage: upssched [OPTIONS]" in site.run("upssched", "--help").stdout
    assert site.run("upssched", "-V").stdout.startswith("Network UPS Tools upssched")
    assert site.run("upssched", "-x").returncode == 1


# ------------------------------------------------------------------------- list


def test_the_list_has_six_columns(sched):
    sched.write_conf(f"AT ONBATT * START-TIMER-SHARED t {LONG}")
    before = int(time.time())
    sched.ok("ONBATT", ups="a", message="first")
    sched.ok("ONBATT", ups="b", message="second")
    ask(sched, f"START bare {2 * LONG}")
    rows = sched.timers()
    assert [row[0] for row in rows] == ["t", "bare"]
    assert rows[0][3:] == ["ONBATT", "a,b", "first.", "second"]
    assert rows[1][3:] == ['""', '""', '""']
    assert 0 < int(rows[0][2]) <= LONG
    assert int(rows[0][1]) >= before + int(rows[0][2])


def test_without_a_daemon_there_is_no_list(sched, site):
    sched.write_conf("AT FSD * EXECUTE now")
    result = site.run("upssched", "-l")
    assert result.returncode == 1
    assert result.stdout == ""
    assert str(sched.pipe) in result.stderr
    assert not sched.pipe.exists()


# ----------------------------------------------------------------------- daemon


@pytest.fixture
def running(sched):
    """With a daemon that has one timer, which is far away."""
    sched.write_conf(f"AT ONBATT * START-TIMER far {LONG}", "AT FSD * START-TIMER now 0",
                     "AT COMMBAD * START-TIMER soon 5", "AT COMMOK * CANCEL-TIMER soon",
                     "AT ONLINE * CANCEL-TIMER far")
    sched.ok("ONBATT")
    return sched


def test_the_daemon_is_detached(sched, site):
    sched.write_conf(f"AT ONBATT * START-TIMER far {LONG}")
    with open(site.root / "inherited", "w") as inherited:
        os.set_inheritable(inherited.fileno(), True)
        env = site.environment(**sched.environment("ONBATT", "ups"))
        subprocess.run([sched.suite.program("upssched"), "m"], env=env, close_fds=False,
                       check=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pid = sched.pid()
    assert os.getsid(pid) == pid
    files = {path.name: os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    assert {files[fd] for fd in "012"} == {"/dev/null"}
    assert str(site.root / "inherited") not in files.values()


def test_its_socket_is_for_owner_and_group(running):
    mode = running.pipe.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


def test_it_ends_some_time_after_its_last_timer(running):
    pid = running.pid()
    running.ok("ONLINE")
    wait_until(lambda: not is_alive(pid))
    assert not running.pipe.exists()
    assert not running.pid_file.exists()
    running.ok("FSD")  # and comes again
    running.wait_told("now")


def test_told_to_end_it_ends_and_cleans_up(running):
    pid = running.pid()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_alive(pid))
    assert not running.pipe.exists()
    assert not running.pid_file.exists()
    assert running.told() == []


def test_a_killed_one_is_replaced(running):
    os.kill(running.pid(), signal.SIGKILL)
    wait_until(lambda: not running.processes())
    running.ok("FSD")
    running.wait_told("now")
    assert running.names() == []


def test_answers_are_nuts(running):
    assert ask(running, 'START "a" "3600"', 'CANCEL "a"', "CANCEL b", "FOO", "", "START a",
               'CANCEL "a', 'LIST-TIMERS', 'START-SHARED far 9 T U M', "CANCEL-MATCHED far",
               "CANCEL " + "x" * 9000, "START a -1", "CANCEL a") == [
        "OK", "OK", "OK", "ERR UNKNOWN", "ERR UNKNOWN", "ERR UNKNOWN", "ERR UNKNOWN",
        *running_list(running), "OK", "OK", "ERR UNKNOWN", "OK", "OK"]


def running_list(sched):
    """Of the timer `far`; only its times vary, so they are not looked at here."""
    class Row:
        def __eq__(self, other):
            return other.split("\t")[0] == "far"
    return ["BEGIN LIST TIMERS", Row(), "END LIST TIMERS", "OK"]


def test_who_never_speaks_keeps_nobody_out(running):
    links = []
    for _ in range(150):
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(running.pipe))
        links.append(link)
    links[-1].sendall(b"START half-a-li")
    running.ok("FSD")
    running.wait_told("now")
    for link in links:
        link.close()


def test_who_floods_and_never_reads_keeps_nobody_out(running):
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(running.pipe))
        link.setblocking(False)
        sent = 0
        while sent < 8 * 1024 * 1024:
            try:
                sent += link.send(b"CANCEL nothing\n" * 1000)
            except BlockingIOError:
                break  # it has had enough of us
        running.ok("FSD")
        running.wait_told("now")
    assert running.names() == ["far"]


def test_there_is_an_end_to_timers(running):
    answers = ask(running, *(f"START t{i} {LONG}" for i in range(1200)))
    assert answers.count("OK") == 999
    assert answers[-1].startswith("ERR")
    assert len(running.names()) == 1000
    result = running.call("FSD")
    assert result.returncode == 1
    assert "refuses" in result.stderr


def test_scripts_that_never_end_delay_nobody(running, site):
    running.write_script(f"#!/bin/sh\n[ $1 = soon ] && echo ended >> {site.root}/ended\n"
                         f"[ $1 = now ] && echo $$ >> {site.root}/stuck && exec sleep 1000\n")
    running.ok("FSD")
    running.ok("FSD")
    wait_until(lambda: len((site.root / "stuck").read_text().split()) == 2)
    running.ok("COMMBAD")
    wait_until((site.root / "ended").exists)
    pids = [int(pid) for pid in (site.root / "stuck").read_text().split()]
    daemon = running.pid()
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not children(daemon))


def children(pid):
    """Its children, zombies as well."""
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def test_a_script_that_cannot_be_run_ends_nothing(running):
    running.script.unlink()
    running.ok("FSD")
    wait_until(lambda: running.names() == ["far"] and not children(running.pid()))


def test_one_that_overslept_hears_first_that_the_power_is_back(sched):
    sched.write_conf("AT COMMBAD * START-TIMER soon 5", "AT COMMOK * CANCEL-TIMER soon",
                     "AT FSD * START-TIMER now 0")
    sched.ok("COMMBAD")
    pid = sched.pid()
    os.kill(pid, signal.SIGSTOP)
    back = sched.start("COMMOK")
    time.sleep(7)  # the timer is due after five
    os.kill(pid, signal.SIGCONT)
    run_many([back])
    assert sched.names() == []
    sched.ok("FSD")  # and goes on as before
    sched.wait_told("now")
    assert sched.told() == ["now"]


def test_one_that_overslept_still_does_what_is_due(running):
    running.ok("COMMBAD")
    pid = running.pid()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(7)
    os.kill(pid, signal.SIGCONT)
    running.wait_told("soon")
    running.ok("FSD")
    running.wait_told("now")
    assert running.told() == ["soon", "now"]


def test_a_socket_that_disappears_is_made_anew(running):
    pid = running.pid()
    running.pipe.unlink()
    wait_until(running.pipe.is_socket)
    running.ok("ONLINE")
    assert running.names() == []
    assert running.processes() == [pid]


def test_timers_go_to_the_daemon_that_has_taken_the_place(running):
    """So that nothing runs which nobody can cancel."""
    first = running.pid()
    os.kill(first, signal.SIGSTOP)
    running.pipe.unlink()
    running.ok("COMMBAD")
    second = wait_until(lambda: pid_of(running.pid_file) != first and pid_of(running.pid_file))
    os.kill(first, signal.SIGCONT)
    wait_until(lambda: not is_alive(first))
    assert pid_of(running.pid_file) == second
    assert "far" in running.names()
    running.wait_told("soon")
    running.ok("ONLINE")
    assert running.names() == []


def test_the_daemon_of_an_ordinary_user_writes_its_pid_where_it_may(sched, site):
    sched.write_conf(f"AT ONBATT * START-TIMER far {LONG}")
    sched.ok("ONBATT", env={"NUT_PIDPATH": str(site.root / "no-such-folder")})
    assert is_alive(sched.pid())
