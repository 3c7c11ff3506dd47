"""nutdrv_qx on simulated USB adapters: each way of wrapping queries."""

import pytest
from harness import CHECKOUT, LineClient, wait_until
from harness.qxadapter import REPORTS, TEXTS, QxAdapter, device_file

pytestmark = pytest.mark.once

# Which device of usb.map stands for a way; what the adapter is called, and the UPS behind it.
WAYS = {
    "cypress": ("0665:5161", {}, "megatec"),
    "phoenix": ("06da:0601", {}, "megatec"),
    "ippon": ("06da:0003", {}, "mustek"),
    "omron": ("0590:00b7", {}, "omron"),
    "sgs": ("0483:0035", {}, "megatec"),
    "phoenixtec": ("06da:0002", {"texts": ("Phoenixtec Power", "USB Cable (V2.00)", "")},
                   "masterguard"),
    "krauler": ("0001:0000", {}, "megatec"),
    "fabula": ("0001:0000", {"texts": ("MEC", "MEC0003", "")}, "megatec"),
    "hunnox": ("0001:0000", {"texts": ("Other", "MEC0003", "")}, "hunnox"),
    "fuji": ("0001:0000", {"texts": ("ATCL FOR UPS", "ATCL FOR UPS", ""), "out": True}, "megatec"),
    "ablerex": ("ffff:0000", {}, "megatec"),
    "armac": ("0925:1234", {}, "megatec"),
    # Only by name.
    "gtec": ("1234:5678", {"packet": 64, "speed": "12"}, "gtec"),
    "snr": ("1234:5678", {"texts": ("X", "MEC0003", "")}, "megatec"),
}
PROTOCOLS = {"hunnox": "hunnox", "mustek": "mustek", "omron": "omron", "gtec": "gtec",
             "masterguard": "masterguard"}


@pytest.fixture
def adapter(site, usbsim):
    """A function that starts a driver on an adapter; returns both."""
    made = []

    def make(way, *lines, device=None, interrupt=False, **more):
        ids, options, found = WAYS[way]
        path = site.write(f"{way}.txt", device_file(ids, **{**options, **more}))
        sim = usbsim(path)
        ups = QxAdapter(sim, way, device or found, interrupt)
        made.append(ups)
        if way in ("gtec", "snr"):
            lines = ("vendorid = 1234", "productid = 5678", f"subdriver = {way}", *lines)
        site.add_ups("ups", "nutdrv_qx", "auto", "pollinterval = 1",
                     f"protocol = {PROTOCOLS.get(device or found, 'megatec')}", *lines)
        env = {**sim.env(site), "NUT_DATAPATH": str(CHECKOUT / "data")}
        ups.process = site.start_driver("ups", "-D", env=env)
        ups.site = site
        return ups
    yield make
    for ups in made:
        ups.process.stop()
        ups.close()


def dump(ups):
    with LineClient(ups.site.socket("ups")) as c:
        c.send("DUMPALL")
        return c.until("DUMPDONE")


def values(ups):
    return dict(line.split(" ", 2)[1:] for line in dump(ups) if line.startswith("SETINFO "))


def wait_fresh(ups, fresh=True):
    word = "DATAOK" if fresh else "DATASTALE"
    wait_until(lambda: word in dump(ups), what=lambda: f"{word}; log:\n{ups.process.log()}")


def order(ups, line):
    start = len(ups.asked)
    with LineClient(ups.site.socket("ups")) as c:
        c.send(f"{line} TRACKING t1")
        last = ""
        while not last.startswith("TRACKING t1"):
            last = c.line()
    return int(last.split()[2]), ups.asked[start:]


def test_every_way_is_tried():
    assert set(WAYS) == set(REPORTS) | set(TEXTS)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_ups_is_read_through_its_adapter(adapter, way):
    ups = adapter(way)
    wait_fresh(ups)
    found = values(ups)
    assert found["ups.status"] == '"OL"'
    assert found["driver.parameter.subdriver"] == f'"{way}"'
    assert found["ups.vendorid"] == f'"{WAYS[way][0][:4]}"'
    device = WAYS[way][2]
    if device in ("megatec", "mustek", "hunnox"):
        assert found["input.voltage"] == '"231.7"' and found["ups.temperature"] == '"29.5"'
    if device == "hunnox":
        assert found["battery.charge"] == '"87"'
    if device == "megatec":
        assert found["device.model"] == '"NUTTREE"'
        assert found["input.voltage.nominal"] == '"230"'


@pytest.mark.parametrize("way, command, query", [
    ("cypress", "shutdown.return", "S.5R0003"), ("phoenix", "shutdown.stayoff", "S.5R0000"),
    ("ippon", "beeper.toggle", "Q"), ("sgs", "shutdown.return", "S.5R0003"),
    ("omron", "shutdown.return", "S.5R0003"), ("gtec", "test.battery.start", "T10"),
    ("armac", "shutdown.return", "S.5R0003"), ("phoenixtec", "shutdown.return", "S.5R0003"),
    ("phoenixtec", "shutdown.stayoff", "S.5"), ("ablerex", "beeper.toggle", "Q"),
    ("ablerex", "shutdown.return", "S.5R0003"),
    # There is room for three letters, and it comes back by itself.
    ("fuji", "shutdown.return", "S.5"), ("fuji", "test.battery.start.quick", "T"),
    # The number of a text: half a minute, and back.
    ("fabula", "shutdown.return", "#24"), ("fabula", "shutdown.stayoff", "#16"),
    ("hunnox", "shutdown.stop", "C"), ("krauler", "beeper.toggle", "Q")])
def test_a_command_reaches_the_ups(adapter, way, command, query):
    ups = adapter(way, "pollfreq = 3600", *(["offdelay = 30"] if way == "hunnox" else []))
    wait_fresh(ups)
    start = len(ups.asked)
    result, _ = order(ups, f"INSTCMD {command}")
    assert result == 0, ups.process.log()
    wait_until(lambda: query in ups.asked[start:], what=lambda: f"{query} in {ups.asked[start:]}")
    readings = len(ups.asked)
    wait_until(lambda: len(ups.asked) > readings + 1)
    assert ups.asked[start:].count(query) == 1


@pytest.mark.parametrize("way, command", [
    ("krauler", "shutdown.return"), ("krauler", "load.off"), ("snr", "shutdown.return"),
    ("fabula", "test.battery.start"), ("fuji", "load.off"), ("fuji", "shutdown.stayoff")])
def test_a_command_that_has_no_room_has_failed(adapter, way, command):
    ups = adapter(way, "pollfreq = 3600")
    wait_fresh(ups)
    assert order(ups, f"INSTCMD {command}")[0] != 0


def test_an_armac_with_large_packets_gets_the_whole_query(adapter):
    ups = adapter("armac", interrupt=True, packet=64, out=True, speed="12")
    wait_fresh(ups)
    assert values(ups)["input.voltage"] == '"231.7"'


def test_a_language_of_texts_is_used(adapter):
    ups = adapter("krauler", "langid_fix = 0x4095")
    wait_fresh(ups)
    assert "text 03 4095" in ups.sim.log() and "text 03 0409" not in ups.sim.log()


@pytest.mark.parametrize("way", ["cypress", "sgs", "armac"])
def test_a_ups_that_falls_silent_is_stale_until_it_speaks_again(adapter, way):
    ups = adapter(way)
    wait_fresh(ups)
    ups.silent = True
    wait_fresh(ups, False)
    ups.silent = False
    wait_fresh(ups)


@pytest.mark.parametrize("way", ["cypress", "krauler"])
def test_an_adapter_that_is_pulled_out_is_found_again(adapter, way):
    ups = adapter(way)
    wait_fresh(ups)
    ups.sim.unplug()
    wait_fresh(ups, False)
    ups.sim.plug()
    wait_fresh(ups)


SPOILT = {
    "merged": lambda answer: answer[:5] + answer,
    "cut": lambda answer: answer[:20] + b"\r",
    "shifted": lambda answer: answer[:7] + b"00" + answer[7:],
    "noise": lambda answer: bytes((7 * i + 3) % 256 for i in range(len(answer))),
    "another": lambda answer: b"#230.0 004 024.0 50.0\r",
}


@pytest.mark.parametrize("way", ["cypress", pytest.param("sgs", marks=pytest.mark.long),
                                 pytest.param("armac", marks=pytest.mark.long),
                                 pytest.param("ablerex", marks=pytest.mark.long),
                                 pytest.param("phoenixtec", marks=pytest.mark.long)])
def test_answers_that_the_adapter_spoils_make_no_status(adapter, way):
    ups = adapter(way, "pollfreq = 3600")
    wait_fresh(ups)
    for spoil in SPOILT.values():
        ups.spoil = spoil
        wait_fresh(ups, False)
        assert values(ups)["ups.status"] == '"OL"'
        ups.spoil = None
        wait_fresh(ups)
        assert values(ups)["ups.status"] == '"OL"'


@pytest.mark.parametrize("way", ["cypress", "krauler"])
def test_an_adapter_that_has_another_name_afterwards_is_found_again(adapter, way):
    ups = adapter(way)
    wait_fresh(ups)
    ups.sim.unplug()
    wait_fresh(ups, False)
    ups.sim.text(1, "Quite")
    ups.sim.text(2, "Another")
    ups.sim.plug()
    wait_fresh(ups)
    assert values(ups)["ups.status"] == '"OL"'


@pytest.mark.parametrize("calls", [3, pytest.param(4, marks=pytest.mark.long),
                                   pytest.param(7, marks=pytest.mark.long)])
def test_an_adapter_that_is_pulled_out_in_the_middle_of_an_answer_is_found_again(adapter, calls):
    ups = adapter("cypress")
    wait_fresh(ups)
    for more in range(3):
        reached = ups.process.log().count("is reached again")
        ups.sim.fuse(calls + more, plug=True)
        wait_until(lambda: ups.process.log().count("is reached again") > reached,
                   what=lambda: ups.process.log())
        wait_fresh(ups)
    assert values(ups)["ups.status"] == '"OL"'


def test_a_subdriver_that_there_is_none_of_is_refused(site, usbsim):
    path = site.write("x.txt", device_file("1234:5678"))
    sim = usbsim(path)
    site.add_ups("ups", "nutdrv_qx", "auto", "vendorid = 1234", "productid = 5678",
                 "subdriver = cyprus")
    result = site.run("nutdrv_qx", "-a", "ups", *site._as_user, "-d", "1",
                      env={**sim.env(site), "NUT_DATAPATH": str(CHECKOUT / "data")})
    assert result.returncode != 0 and "cyprus" in result.stderr


@pytest.mark.parametrize("fault", ["stall", "overflow"])
def test_a_pipe_that_halts_is_cleared(adapter, fault):
    ups = adapter("cypress")
    wait_fresh(ups)
    ups.fault = fault
    wait_until(lambda: "clear-halt 81" in ups.sim.log())
    ups.fault = None
    wait_fresh(ups)
    assert "reset" not in ups.sim.log()


def test_an_adapter_that_never_stops_sending_too_much_is_reset(adapter):
    """Cypress's chips in UPSes by Voltronic: until then every read is an overflow."""
    ups = adapter("cypress")
    wait_fresh(ups)
    ups.fault = "overflow"
    wait_until(lambda: "reset" in ups.sim.log(), what=lambda: ups.process.log())
    ups.fault = None
    wait_fresh(ups)
    assert values(ups)["ups.status"] == '"OL"'
