"""upssched and Debian's upssched: one configuration, one script, either end of the socket."""

import os
import signal
import socket

import pytest

from harness import PowerHost, Upssched, wait_until
from harness.process import end_pid, is_alive

LONG = 3600

# (No START and CANCEL of one timer in one event: Debian's CANCEL may come before its own START on a
# busy machine.  Ours is tested in tests/system/test_upssched.py.)

CONF = [
    "AT ONBATT * START-TIMER lasts 1",
    "AT ONBATT ups@host EXECUTE ours-alone",
    "AT ONBATT other@host EXECUTE not-ours",
    "AT onbatt * EXECUTE at-once",
    f"AT LOWBATT * START-TIMER never {LONG}",
    "AT LOWBATT * START-TIMER seconds 1s",
    "AT COMMBAD * CANCEL-TIMER never",
    "AT COMMOK * CANCEL-TIMER never no-timer",
    "AT SHUTDOWN * START-TIMER no-ups 0",
    "AT FSD *",
    "AT FSD * EXECUTE",
    "AT FSD * NONSENSE x y",
    "AT FSD * EXECUTE \"\"",
    "AT FSD * EXECUTE last",
    "NONSENSE",
]


@pytest.fixture
def make(sites):
    made = []

    def of(suite):
        sched = Upssched(sites(), suite)
        made.append(sched)
        return sched
    yield of
    for sched in made:
        for pid in sched.processes():
            end_pid(pid)


def heard(sched, kind, ups, expected):
    """What CMDSCRIPT is told of an event: the calls, without NOTIFYMSG, which 2.8.0 has not.

    In alphabetical order: what is due at once and what EXECUTE runs have none.
    """
    result = sched.call(kind, ups)
    wait_until(lambda: len(sched.calls()) >= expected, what=lambda: f"{kind}: {sched.calls()}, "
               f"{result.stdout}{result.stderr}")
    return result.returncode, sorted(call[:4] for call in sched.calls())


@pytest.mark.parametrize("kind,ups,expected", [
    ("ONBATT", "ups@host", 3),
    ("ONBATT", "third@host", 2),
    ("LOWBATT", "ups@host", 1),
    ("COMMBAD", "ups@host", 0),
    ("COMMOK", "ups@host", 1),
    ("SHUTDOWN", "", 1),
    ("FSD", "ups@host", 1),
    ("ONLINE", "ups@host", 0),
])
def test_the_script_is_told_the_same(debian, make, kind, ups, expected):
    told = []
    for suite in (None, debian):
        sched = make(suite)
        sched.write_conf(*CONF)
        told.append(heard(sched, kind, ups, expected))
    assert told[0] == told[1]
    assert len(told[0][1]) == expected


@pytest.mark.parametrize("text", ["", "CMDSCRIPT /bin/true\n", "CMDSCRIPT /bin/true\nPIPEFN /x\n"])
def test_both_end_with_1_when_something_is_missing(debian, site, text):
    site.write("upssched.conf", text + "AT FSD * EXECUTE x\n")
    env = {"NOTIFYTYPE": "FSD", "UPSNAME": "ups"}
    results = [site.run("upssched", "m", suite=suite, env=env) for suite in (None, debian)]
    assert [result.returncode for result in results] == [1, 1]
    missing = ("CMDSCRIPT", "PIPEFN", "LOCKFN")[text.count("\n")]
    assert all(missing in result.stdout for result in results)


def test_both_end_with_1_without_a_file_or_an_event(debian, site):
    for suite in (None, debian):
        assert site.run("upssched", "m", suite=suite).returncode == 1
        assert site.run("upssched", "m", suite=suite,
                        env={"NOTIFYTYPE": "FSD", "UPSNAME": "ups"}).returncode == 1


@pytest.fixture(params=["ours asks debian's", "debian's asks ours"])
def pair(request, debian, make):
    """(sched, whose client, whose daemon)"""
    ours = request.param.startswith("ours")
    sched = make(None)
    sched.write_conf(f"AT ONBATT * START-TIMER far {LONG}", "AT ONBATT * START-TIMER near 3",
                     "AT ONLINE * CANCEL-TIMER far was-gone", "AT ONLINE * CANCEL-TIMER near",
                     "AT LOWBATT * START-TIMER now 0", "AT FSD * START-TIMER keeps-it-up 3600")
    ours, theirs = (None, debian) if ours else (debian, None)
    sched.ok("FSD", suite=theirs)
    return sched, ours


def test_a_timer_is_started_at_the_other(pair):
    sched, client = pair
    sched.ok("LOWBATT", suite=client)
    assert sched.wait_told("now")[:2] == ("now", "1")
    assert len(sched.processes()) == 1


def test_a_timer_is_cancelled_at_the_other(pair):
    sched, client = pair
    sched.ok("ONBATT", suite=client)
    sched.ok("ONLINE", suite=client)
    sched.ok("LOWBATT", suite=client)
    sched.wait_told("now")
    sched.ok("ONLINE", suite=client)
    sched.wait_told("was-gone")  # the second time: so the first one found it
    assert sched.told() == ["now", "was-gone"]
    assert len(sched.processes()) == 1


def test_both_in_a_crowd_lose_nothing(debian, make):
    """Debian's may put its daemon in the place of ours, which then hands its timers over."""
    sched = make(None)
    sched.write_conf(*(f"AT ONBATT ups{i} START-TIMER t{i} 3" for i in range(20)))
    many = [sched.start("ONBATT", f"ups{i}", suite=debian if i % 2 else None) for i in range(20)]
    for process in many:
        text, _ = process.communicate(timeout=60)
        assert process.returncode == 0, text
    wait_until(lambda: len(set(sched.told())) == 20, what=lambda: sched.told())


def test_timers_go_to_a_debian_daemon_that_has_taken_the_place(debian, make):
    sched = make(None)
    sched.write_conf(f"AT ONBATT * START-TIMER far {LONG}", "AT ONLINE * CANCEL-TIMER far was-gone",
                     f"AT LOWBATT * START-TIMER stays {LONG}", "AT LOWBATT * START-TIMER here 0")
    sched.ok("ONBATT")
    first = sched.pid()
    os.kill(first, signal.SIGSTOP)
    sched.pipe.unlink()  # what a start of Debian's does in a bad moment
    sched.ok("LOWBATT", suite=debian)
    sched.wait_told("here")
    os.kill(first, signal.SIGCONT)
    wait_until(lambda: not is_alive(first))
    sched.ok("ONLINE")
    sched.ok("ONLINE")
    sched.wait_told("was-gone")
    assert sched.told() == ["here", "was-gone"]


def test_a_shared_timer_is_a_common_one_at_debians_daemon(debian, make):
    sched = make(None)
    sched.write_conf(f"AT FSD * START-TIMER far {LONG}", "AT ONBATT * START-TIMER-SHARED all 0")
    sched.ok("FSD", suite=debian)
    result = sched.ok("ONBATT")
    sched.wait_told("all")
    assert "knows no shared timers" in result.stderr


def test_debians_daemon_cannot_be_asked_for_a_list(debian, make):
    sched = make(None)
    sched.write_conf(f"AT FSD * START-TIMER far {LONG}")
    sched.ok("FSD", suite=debian)
    result = sched.site.run("upssched", "-l")
    assert result.returncode == 1
    assert "cannot list" in result.stderr


def test_answers_are_the_same(debian, make):
    def answers(suite):
        sched = make(suite)
        sched.write_conf(f"AT FSD * START-TIMER far {LONG}")
        sched.ok("FSD")
        found = []
        for line in ('START "a" "3600"', 'START "a" "3600" "ONBATT" "ups" "message"', "CANCEL a",
                     'CANCEL "far" ""', "CANCEL nothing", "FOO", "START a", "start a 5",
                     'START "neg" "-5"'):
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(60)
                link.connect(str(sched.pipe))
                link.sendall(f"{line}\n".encode())
                found.append((line, link.recv(100)))
        return found
    assert answers(None) == answers(debian)


def test_debians_upsmon_calls_ours(debian, site, make):
    sched = Upssched(site)
    sched.write_conf(f"AT ONBATT * START-TIMER far {LONG}", "AT ONLINE * CANCEL-TIMER far",
                     "AT ONLINE * EXECUTE back")
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}})
    host = PowerHost(site, "host", site.root / "journal", suite=debian)
    host.start(f"MONITOR ups@{upsd.host}:{upsd.port} 1 monuser secret secondary",
               f"NOTIFYCMD {site.suite.program('upssched')}")
    upsd.wait_received("GET VAR ups ups.status")
    upsd.set("ups", "ups.status", "OB")
    wait_until(lambda: sched.names() == ["far"])
    upsd.set("ups", "ups.status", "OL")
    sched.wait_told("back")
    assert sched.names() == []
