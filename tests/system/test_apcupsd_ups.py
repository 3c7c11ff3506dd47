"""apcupsd-ups with a server that says what apcupsd says, and with one that misbehaves."""

import socket

import pytest

from harness import LineClient, wait_until
from harness.nis import FakeNis, record, stamp

from nisups import ENDING, LOST, MAPS, ON_BATTERY, ON_LINE, Ups

@pytest.fixture
def nis():
    """A function that starts a server."""
    made = []

    def make(values=None, **options):
        made.append(FakeNis(values, **options))
        return made[-1]
    yield make
    for server in made:
        server.close()


@pytest.fixture
def served(site, nis):
    """A function that starts a server and the driver: (ups, server)."""
    def make(*lines, values=None):
        server = nis(values)
        ups = Ups(site, f"127.0.0.1:{server.port}", *lines)
        ups.wait_fresh()
        return ups, server
    return make


# ------------------------------------------------------------------------------- values


def test_all_that_apcupsd_says_is_told(served):
    ups, server = served(values={
        "LOAD_W": "190 Watts", "LOAD_VA": "280 VA", "LOADAPNT": "18.7 Percent",
        "NOMPOWER": "1000 Watts", "NOMAPNT": "1500 VA", "NOMINV": "230 Volts",
        "OUTCURNT": "1.25 Amps", "AMBTEMP": "21.5 C", "HUMIDITY": "40.0 Percent",
        "EXTBATTS": "2", "BADBATTS": "0", "LASTSTEST": "2026-11-01 08:00:00 +0000"})
    values = ups.values()
    expected = {
        "ups.mfr": "APC", "ups.model": "Smart-UPS 1500", "ups.serial": "AS0812345678",
        "ups.id": "closet", "ups.firmware": "653.18.I", "ups.firmware.aux": "7.4",
        "ups.mfr.date": "03/12/08", "ups.load": "19.5", "ups.realpower": "190",
        "ups.power": "280", "output.power.percent": "18.7", "ups.realpower.nominal": "1000",
        "ups.power.nominal": "1500", "ups.temperature": "31.5", "ups.delay.start": "60",
        "ups.delay.shutdown": "90", "ups.test.result": "NO", "ups.test.interval": "1209600",
        "ups.test.date": "2026-11-01 08:00:00 +0000",
        "input.voltage": "230.4", "input.voltage.maximum": "234", "input.voltage.minimum": "226.1",
        "input.voltage.nominal": "230", "input.frequency": "50", "input.transfer.low": "208",
        "input.transfer.high": "253",
        "input.transfer.reason": "Automatic or explicit self test", "input.sensitivity": "H",
        "output.voltage": "230.4", "output.voltage.nominal": "230", "output.frequency": "50",
        "output.current": "1.25", "battery.charge": "100", "battery.charge.low": "10",
        "battery.charge.restart": "15", "battery.voltage": "27.4", "battery.voltage.nominal": "24",
        "battery.date": "11/05/19", "battery.runtime": "2550", "battery.runtime.low": "180",
        "battery.packs.external": "2", "battery.packs.bad": "0",
        "ambient.temperature": "21.5", "ambient.humidity": "40",
        "driver.version.data": "apcupsd 3.14.14 (31 May 2016) debian", "ups.status": "OL",
        "device.type": "ups",
    }
    assert {name: values.get(name) for name in expected} == expected
    assert values["ups.date"] == server.answer().split(b"DATE     : ")[1].split()[0].decode()


# All words of apcupsd: tests/unit/test_nis.c.
@pytest.mark.once
def test_each_word_of_apcupsd_has_its_status(served):
    ups, server = served()
    for status, flags, words in [
            ("ONBATT LOWBATT", ON_BATTERY | 0x40, "OB LB"),
            ("ONLINE NOBATT", ON_LINE, "OL RB ALARM"),
            ("SHUTTING DOWN", ON_LINE | ENDING, "OL LB FSD ALARM")]:
        server.power(status, flags)
        ups.wait_status(*words.split())


def test_what_tells_neither_mains_nor_battery_is_stale_and_never_a_status(served):
    ups, server = served()
    ups.wait_status("OL")
    server.power("ONBATT ", ON_BATTERY)
    ups.wait_status("OB")
    server.power("COMMLOST ", ON_LINE | LOST)
    ups.wait_fresh(False)
    asked = server.asked
    wait_until(lambda: server.asked > asked + 3, what="it is asked on")
    # The last that was known, and that it is no more: no word was made of it.
    assert ups.status() == {"OB"}
    assert "DATASTALE" in ups.dump()
    server.power("ONLINE ", ON_LINE)
    ups.wait_status("OL")


def test_an_apcupsd_that_finds_its_ups_late_is_told_whole(site, nis):
    from harness.nis import ANSWER
    few = ("APC", "HOSTNAME", "VERSION", "UPSNAME", "STATUS", "STATFLAG", "MODEL")
    server = nis({key: None for key in ANSWER if key not in few})
    server.power("COMMLOST ", LOST)
    ups = Ups(site, f"127.0.0.1:{server.port}")
    ups.wait_fresh(False)
    assert "input.voltage" not in ups.values()
    server.values = dict(ANSWER)
    ups.wait_status("OL")
    ups.wait_value("input.voltage", "230.4")
    ups.wait_value("battery.charge", "100")


def test_a_value_that_vanishes_is_taken_back_and_comes_again(served):
    ups, server = served()
    server.set(ITEMP="N/A", LINEV=None)
    wait_until(lambda: not {"ups.temperature", "input.voltage"} & set(ups.values()),
               what="both are taken back")
    assert "DATAOK" in ups.dump()
    server.set(ITEMP="30.0 C", LINEV="229.0 Volts")
    ups.wait_value("ups.temperature", "30")
    ups.wait_value("input.voltage", "229")


@pytest.mark.once
def test_old_news_are_stale(served):
    ups, server = served("maxage = 30")
    asked = server.asked
    wait_until(lambda: server.asked > asked + 4, what="its DATE has moved")
    server.stamp, server.ahead = stamp(), 3600
    ups.wait_fresh(False)
    ups.wait_log("has not heard of its UPS for 36")
    server.stamp, server.ahead = None, 0
    ups.wait_fresh()


@pytest.mark.once
def test_a_date_that_always_stands_still_is_no_old_news(site, nis):
    """apcupsd on contacts (UPSTYPE dumb) sets it at its start."""
    server = nis()
    server.stamp = stamp(3600)
    ups = Ups(site, f"127.0.0.1:{server.port}", "maxage = 30")
    ups.wait_fresh()
    asked = server.asked
    wait_until(lambda: server.asked > asked + 4, what="it is asked on")
    assert "DATAOK" in ups.dump() and "has not heard" not in ups.process.log()


@pytest.mark.once
def test_a_map_of_the_administrator_takes_the_place_of_ours(site, nis):
    server = nis()
    text = (MAPS / "maps" / "apcupsd-ups" / "apcupsd.map").read_text()
    folder = site.conf / "maps" / "apcupsd-ups"
    folder.mkdir(parents=True)
    (folder / "apcupsd.map").write_text(text.replace('SHUTTING "!online fsd ',
                                                     'SHUTTING "!online ') +
                                        "VAR NUMXFERS experimental.transfers\n")
    server.power("SHUTTING DOWN", ON_BATTERY | ENDING)
    ups = Ups(site, f"127.0.0.1:{server.port}")
    ups.wait_status("OB", "LB", "ALARM")
    assert ups.values()["experimental.transfers"] == "0"


# --------------------------------------------------------------------------- the network


def test_one_connection_serves_all_polls(served):
    ups, server = served()
    asked = server.asked
    wait_until(lambda: server.asked > asked + 3, what="four polls")
    assert server.connections == 1


def test_a_server_that_closes_after_each_answer_is_no_trouble(served):
    ups, server = served()
    server.after = "close"
    asked = server.asked
    server.power("ONBATT ", ON_BATTERY)
    ups.wait_status("OB")
    wait_until(lambda: server.asked > asked + 4, what="it is asked on")
    assert "DATAOK" in ups.dump()
    assert "stale" not in ups.process.log()


def test_a_server_that_ends_makes_it_stale_and_comes_back(served):
    ups, server = served()
    server.close()
    ups.wait_fresh(False)
    ups.wait_log("does not answer")
    assert ups.values()["ups.status"] == "OL"   # the last that was known
    server.power("ONBATT ", ON_BATTERY)
    server.listen()
    ups.wait_status("OB")
    ups.wait_log("answers again")


def test_a_restart_between_two_polls_is_not_noticed(served):
    ups, server = served()
    server.hang_up()
    asked = server.asked
    wait_until(lambda: server.asked > asked + 2, what="it is asked again")
    assert "stale" not in ups.process.log() and "does not answer" not in ups.process.log()


def test_a_silent_server_is_given_up_and_the_socket_answers_meanwhile(served):
    ups, server = served("timeout = 1")
    server.silent = True
    ups.wait_fresh(False)
    ups.wait_log("no answer in time")
    with LineClient(ups.site.socket("ups")) as client:
        client.send("PING")
        client.until("PONG")
    server.silent = False
    ups.wait_fresh()


def test_a_server_that_comes_late_is_waited_for(site, nis):
    server = nis(listen=False)
    ups = Ups(site, f"127.0.0.1:{server.port}")
    ups.wait_log("does not answer: Connection refused")
    server.listen()
    ups.wait_status("OL")


def test_a_name_that_is_not_known_is_asked_for_again(site):
    ups = Ups(site, "no-such-host.invalid")
    ups.wait_log("the apcupsd at no-such-host.invalid does not answer")
    wait_until(lambda: ups.process.running() and "trying again" in ups.process.log(),
               what="it is tried again")


def _has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


def test_an_address_of_ipv6_stands_in_brackets(site, nis):
    if not _has_ipv6():
        pytest.skip("there is no ::1 here")
    server = nis(host="::1")
    ups = Ups(site, f"[::1]:{server.port}")
    ups.wait_status("OL")


@pytest.mark.parametrize("port", ["[::1", "host:x", "host:70000", "[::1]x"])
def test_a_port_that_cannot_be_read_is_said_and_ends_it(site, port):
    ups = Ups(site, port, start=False)
    result = ups.run("-F")
    assert result.returncode == 1
    assert "write host or host:port" in result.stderr


# ------------------------------------------------------------------------- bad servers

BAD = {
    "a record without measure": b"\xff\xff" + b"x" * 4000,
    "a web server": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "more than was asked for": None,
    "a cut answer": None,
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_answer_is_no_reading_and_is_got_over(served, what):
    ups, server = served("timeout = 1")
    raw = BAD[what]
    if what == "more than was asked for":
        # What is left over must not be taken for the next answer.
        server.raw = server.answer() + server.answer().replace(b"ONLINE", b"ONBATT")[:-2]
        asked = server.asked
        wait_until(lambda: server.asked > asked + 3, what="it is asked on")
        assert ups.status() == {"OL"} and "DATAOK" in ups.dump()
    else:
        if what == "a cut answer":
            raw, server.after = server.answer().replace(b"ONLINE", b"ONBATT")[:-2], "close"
        server.raw = raw
        ups.wait_fresh(False)
        assert ups.status() == {"OL"}
    server.raw, server.after = None, "keep"
    server.power("ONBATT ", ON_BATTERY)
    ups.wait_status("OB")


def test_a_flood_ends_with_the_connection(served):
    ups, server = served("timeout = 1")
    server.raw = record("X" * 500) * 20000
    ups.wait_fresh(False)
    server.raw = None
    ups.wait_status("OL")


# ----------------------------------------------------------------------------- upsd, -k


def test_the_load_cannot_be_cut_and_that_is_said(site, nis):
    server = nis()
    ups = Ups(site, f"127.0.0.1:{server.port}", start=False)
    result = ups.run("-k")
    assert result.returncode != 0


@pytest.mark.once
def test_upsd_gives_it_to_clients(site, nis):
    server = nis()
    Ups(site, f"127.0.0.1:{server.port}")
    site.start_upsd()
    upsc = lambda: site.run("upsc", f"ups@127.0.0.1:{site.port}", "ups.status").stdout.strip()
    wait_until(lambda: upsc() == "OL", what="upsc says OL")
    server.power("COMMLOST ", LOST)
    wait_until(lambda: "stale" in site.run("upsc", f"ups@127.0.0.1:{site.port}",
                                           "ups.status").stderr, what="upsc says stale")
