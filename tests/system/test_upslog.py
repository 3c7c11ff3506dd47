"""upslog against a server that is made for the test."""

import os
import re
import signal

from harness import wait_until
from harness.process import is_alive, pid_of

VALUES = {
    "battery.charge": "100", "input.voltage": "230.1", "ups.load": "23", "ups.status": "OL CHRG",
    "ups.temperature": "30.5", "input.frequency": "50.0",
}


def serve(site, **upses):
    """A server of these UPSes, and how to name one of them."""
    upsd = site.fake_upsd(upses or {"ups": VALUES})
    return upsd, lambda name="ups": f"{name}@127.0.0.1:{upsd.port}"


def start(site, *args, **options):
    user = ["-u", site.user] if site.user else []
    return site.start("upslog", *user, "-A", "none", *args, **options)


def run(site, *args, **options):
    user = ["-u", site.user] if site.user else []
    return site.run("upslog", *user, "-A", "none", *args, **options)


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


def wait_lines(path, count, start=""):
    """Waits until so many lines of a file begin with a text."""
    def enough():
        lines = [line for line in lines_of(path) if line.startswith(start)]
        return lines if len(lines) >= count else None
    return wait_until(enough, what=lambda: f"{count} lines {start!r} in {lines_of(path)}")


def test_a_line_has_nuts_default_format(site):
    _, name = serve(site)
    result = run(site, "-s", name(), "-l", "-", "-d", 1)
    assert result.returncode == 0
    banner, told, line = result.stdout.splitlines()
    assert banner.startswith("Network UPS Tools upslog ")
    assert told == f"logging status of {name()} to - (30s intervals)"
    assert re.fullmatch(r"\d{8} \d{6} 100 230\.1 23 \[OL CHRG\] 30\.5 50\.0", line)


def test_a_format_of_ones_own_is_filled_in(site):
    _, name = serve(site)
    result = run(site, "-s", name(), "-l", "-", "-d", 1, "-f",
                 "%UPSHOST%%t%VAR ups.load%%% %VAR ups.none% %BLA% %HOST% %ETIME%")
    assert re.search(rf"^{re.escape(name())}\t23% NA INVALID {re.escape(os.uname().nodename)} \d+$",
                     result.stdout, re.M)


def test_the_old_style_takes_its_format_in_words(site):
    _, name = serve(site)
    log = site.root / "log.txt"
    upslog = start(site, "-F", name(), log, 1, "%VAR ups.load%", "of", "%VAR ups.status%")
    assert wait_lines(log, 2)[:2] == ["23 of OL CHRG "] * 2
    assert upslog.stop() == 0


def test_several_systems_go_to_their_files(site):
    one, one_name = serve(site, a={"ups.load": "1"}, b={"ups.load": "2"})
    other, other_name = serve(site, c={"ups.load": "3"})
    first, second = site.root / "first", site.root / "second"
    result = run(site, "-F", "-d", 1, "-f", "%VAR ups.load%", "-N", "-m", f"{one_name('a')},{first}",
                 "-m", f"{other_name('c')},{second}", "-m", f"{one_name('b')},{first}")
    assert result.returncode == 0, result.stderr
    assert lines_of(first) == [f"{one_name('a')}\t1", f"{one_name('b')}\t2"]
    assert lines_of(second) == [f"{other_name('c')}\t3"]
    assert one.received and other.received


def test_a_star_stands_for_every_ups_of_a_server(site):
    _, name = serve(site, a={"ups.load": "1"}, b={"ups.load": "2"})
    result = run(site, "-d", 1, "-f", "%UPSHOST% %VAR ups.load%", "-m", f"{name('*')},-")
    assert result.stdout.splitlines()[-2:] == [f"{name('a')} 1", f"{name('b')} 2"]


def test_a_star_of_a_server_that_is_away_is_one_line(site):
    upsd, name = serve(site)
    upsd.close()
    result = run(site, "-d", 1, "-f", "%UPSHOST% %VAR ups.load%", "-s", name("*"), "-l", "-")
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1] == f"{name('*')} NA"
    assert "initial connect failed: Connection failure: Connection refused" in result.stderr


def test_stale_data_is_not_available(site):
    upsd, name = serve(site)
    upsd.set_error("ups", "DATA-STALE")
    result = run(site, "-d", 1, "-f", "<%VAR ups.load%>", "-s", name(), "-l", "-")
    assert result.stdout.splitlines()[-1] == "<NA>"


def test_a_server_that_comes_back_is_logged_again(site):
    upsd, name = serve(site)
    log = site.root / "log.txt"
    upslog = start(site, "-F", "-i", 1, "-f", "<%VAR ups.load%>", "-s", name(), "-l", log)
    wait_lines(log, 1, "<23>")
    upsd.close()
    wait_lines(log, 1, "<NA>")
    upsd.set("ups", "ups.load", "42")
    upsd.listen()
    wait_lines(log, 1, "<42>")
    log_of_upslog = upslog.wait_log("is back")
    assert log_of_upslog.count("Warning: lost") == 1
    assert upslog.stop() == 0


def test_hup_opens_the_file_anew(site):
    _, name = serve(site)
    log, rotated = site.root / "log.txt", site.root / "log.txt.1"
    upslog = start(site, "-F", "-i", 1, "-f", "x", "-s", name(), "-l", log)
    wait_lines(log, 1)
    log.rename(rotated)
    upslog.signal(signal.SIGHUP)
    wait_lines(log, 1)
    assert lines_of(rotated)
    assert "Signal 1: reopening log file" in upslog.log()


def test_a_file_that_cannot_be_opened_anew_is_reported_and_kept(site):
    _, name = serve(site)
    folder = site.root / "folder"
    folder.mkdir()
    log = folder / "log.txt"
    upslog = start(site, "-F", "-i", 1, "-f", "x", "-s", name(), "-l", log)
    wait_lines(log, 1)
    folder.rename(site.root / "elsewhere")
    upslog.signal(signal.SIGHUP)
    upslog.wait_log("could not reopen logfile")
    kept = site.root / "elsewhere" / "log.txt"
    wait_lines(kept, len(lines_of(kept)) + 1)


def test_usr1_logs_at_once(site):
    _, name = serve(site)
    log = site.root / "log.txt"
    upslog = start(site, "-F", "-i", 3600, "-f", "x", "-s", name(), "-l", log)
    wait_lines(log, 1)
    upslog.signal(signal.SIGUSR1)
    wait_lines(log, 2)
    assert upslog.stop() == 0


def test_long_intervals_hold_no_connection(site):
    upsd, name = serve(site)
    log = site.root / "log.txt"
    start(site, "-F", "-i", 31, "-f", "%VAR ups.load%", "-s", name(), "-l", log)
    upsd.wait_received("LOGOUT")
    assert wait_lines(log, 1) == ["23"]


def test_it_goes_to_the_background_and_leaves_a_pid_file(site):
    _, name = serve(site)
    log = site.root / "log.txt"
    result = run(site, "-i", 1, "-f", "x", "-s", name(), "-l", log, "-p", "other")
    assert result.returncode == 0, result.stderr
    pid = pid_of(site.pids / "other.pid")
    assert pid and is_alive(pid)
    wait_lines(log, 2)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_alive(pid), what="upslog ends")
    assert not (site.pids / "other.pid").exists()


def test_what_cannot_start_says_why(site):
    _, name = serve(site)
    for args, why in (
            ([], "No UPS defined for monitoring - use -s <system>"),
            (["-l", "-"], "No UPS defined for monitoring - use -s <system>"),
            (["-s", name()], "No filename defined for logging - use -l <file>"),
            (["-s", "ups@", "-l", "-"], "Error: invalid UPS definition."),
            (["-s", name(), "-l", "/nonexistent/x"], "could not open logfile /nonexistent/x: No such"),
            (["-m", name()], "-m wants UPS,FILE"),
            (["-s", name(), "-l", "-", "-i", "0"], "-i wants a number"),
            (["-s", name(), "-l", "-", "-d", "x"], "-d wants a number"),
            (["-x"], "unknown option -x"),
            ([name(), "-", "often"], "the interval wants a number"),
    ):
        result = run(site, *args)
        assert result.returncode == 1, args
        assert why in result.stderr, args


def test_help_and_version_are_no_failures(site):
    for args, text in ((["-h"], "usage: upslog"), (["-V"], "Network UPS Tools upslog"),
                       (["ups", "file"], "usage: upslog")):
        result = run(site, *args)
        assert result.returncode == 0
        assert text in result.stdout


def test_a_full_disk_is_reported_once(site):
    _, name = serve(site)
    log = site.root / "log.txt"
    upslog = start(site, "-F", "-i", 1, "-f", "x", "-m", f"{name()},/dev/full", "-m",
                   f"{name()},{log}")
    wait_lines(log, 3)
    assert upslog.log().count("cannot write to logfile /dev/full") == 1
