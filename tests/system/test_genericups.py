"""genericups: contacts on modem lines, which a preloaded library gives a pseudo terminal."""

import pytest
from cablepair import Cable, raised
from harness import LineClient, wait_until


def test_the_lines_say_the_status(site, lineshim):
    ups = Cable(site, lineshim, "upstype = 23", high="CTS DCD RI DSR").start()
    ups.wait_status("OL")
    assert ups.values()["ups.mfr"] == "Generic" and ups.values()["device.type"] == "ups"
    for high, words in [("DCD RI DSR", ["OB"]), ("RI DSR", ["OB", "LB"]),
                        ("CTS DCD DSR", ["OL", "RB"]), ("CTS DCD RI", ["OL", "BYPASS"]),
                        ("CTS DCD RI DSR", ["OL"])]:
        ups.set(high)
        ups.wait_status(*words)


def test_ups_conf_says_what_the_lines_mean(site, lineshim):
    ups = Cable(site, lineshim, "upstype = 1", 'OL = "DSR -CTS"', "LB = RNG", "RB = DCD",
                "BYPASS = -DCD", "mfr = ACME", "model = Box", "serial = 77", high="DSR").start()
    ups.wait_status("OL", "BYPASS")
    values = ups.values()
    assert (values["ups.mfr"], values["ups.model"], values["ups.serial"]) == ("ACME", "Box", "77")
    ups.set("DSR CTS RI DCD")
    ups.wait_status("OB", "LB", "RB")


def test_a_cable_of_the_administrators_is_found(site, lineshim):
    (site.conf / "maps" / "genericups").mkdir(parents=True)
    site.write("maps/genericups/mine.cables", 'CABLE 500 "ACME" "Box" "ACME cable" CP(RTS) OL(DSR)\n',
               0o644)
    ups = Cable(site, lineshim, "upstype = 500", high="DSR").start()
    ups.wait_status("OL")
    assert ups.values()["ups.mfr"] == "ACME"


@pytest.mark.parametrize("line, words", [
    ("desc = x", "upstype = number is needed"),
    ("upstype = 24", "there is no such cable"),
    ("upstype = 1\nOL = DTR", "OL = DTR: name CTS, DCD, DSR or RNG"),
    ("upstype = 1\nCP = CTS", "CP = CTS: name DTR, RTS or ST"),
    ("upstype = 1\nSD = CTS", "SD = CTS: name DTR, RTS or ST"),
])
def test_what_is_wrong_is_said(site, lineshim, line, words):
    result = Cable(site, lineshim, *line.split("\n")).run("-d", "1")
    assert result.returncode != 0 and words in result.stderr


@pytest.mark.parametrize("lines, wanted", [
    (["upstype = 1"], ["DTR", "RTS"]),
    (["upstype = 2"], ["RTS", "DTR RTS"]),
    (["upstype = 4"], ["RTS", "-"]),
    (["upstype = 11"], ["DTR", "break"]),
    (["upstype = 1", "CP = ST", 'SD = "DTR ST"'], ["ST", "DTR ST"]),
    (["upstype = 1", "SD = BREAK", "sdtime = 1"], ["DTR", "break"]),
])
def test_killpower_cuts_the_load_off(site, lineshim, lines, wanted):
    result = Cable(site, lineshim, *lines).run("-k")
    # Several lines are raised and dropped one after the other: the last state counts.
    done = raised(result.stderr)
    assert result.returncode == 0 and (done[0], done[-1]) == tuple(wanted)


def test_killpower_without_a_way_fails(site, lineshim):
    result = Cable(site, lineshim, "upstype = 8").run("-k")
    assert result.returncode != 0 and "no line that cuts the load off" in result.stderr
    assert raised(result.stderr) == ["DTR"]


def test_a_port_that_goes_away_makes_stale_data_and_no_status(site, lineshim):
    ups = Cable(site, lineshim, "upstype = 1").start()
    ups.wait_status("OL")
    with LineClient(site.socket("ups")) as c:
        c.send("DUMPALL")
        c.until("DUMPDONE")
        ups.unplug()
        line = c.until("DATASTALE")
    assert not any("OB" in word for word in line)
    wait_until(lambda: "trying again" in ups.process.log())


def test_the_server_is_answered_while_lines_settle(site, lineshim):
    ups = Cable(site, lineshim, "upstype = 1").start()
    ups.wait_status("OL")
    with LineClient(site.socket("ups")) as c:
        for n in range(20):
            ups.set("RI" if n % 2 else "")
            c.send("PING")
            c.until("PONG")
    ups.set("RI DCD")
    ups.wait_status("OB", "LB")
