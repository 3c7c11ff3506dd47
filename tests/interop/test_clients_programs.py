"""upsc, upscmd and upsrw, ours and Debian's, ask the same server the same things.

Both must print the same on stdout, end alike, and give the driver the same
orders.  The server is Debian's upsd, then ours.
"""

import pytest

from harness import wait_until

VARIABLES = {
    "battery.charge": "100",
    "battery.charge.low": "20",
    "input.transfer.low": "95",
    "output.voltage.nominal": "230",
    "ups.delay.start": "15",
    "ups.id": "my id",
    "ups.mfr": 'a "quoted" \\ value # here',
    "ups.status": "OL CHRG",
}
LOGIN = ("-u", "admin", "-p", "secret")


@pytest.fixture(params=["debian", "ours"])
def place(request, debian, build, sites):
    """A site with a server, Debian's or ours, over fake drivers."""
    suite = debian if request.param == "debian" else build
    try:
        suite.program("upsd")
    except LookupError as e:
        pytest.skip(str(e))
    site = sites(suite=suite)
    site.add_ups("ups", "fake", "x", 'desc = "Test \\"ups\\" \\#1"')
    driver = site.driver = site.fake_driver("ups", VARIABLES, driver="fake")
    for command in ("beeper.toggle", "load.off", "test.battery.start"):
        driver.add_command(command)
    driver.make_writable("battery.charge.low", "STRING", length=3)
    driver.make_writable("input.transfer.low", "STRING", length=8, enum=("90", "95", 'w "q" x'))
    driver.make_writable("ups.delay.start", enum=("15", "30"))
    driver.make_writable("output.voltage.nominal", "NUMBER", ranges=((200, 210), (220, 240)))
    driver.make_writable("ups.id", "STRING", length=32)
    site.fake_driver("stale", {"ups.status": "OL"}, driver="fake").set_stale()
    site.add_ups("down", "fake", "x", "desc = Absent")
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    site.add_user("guest", "secret", "instcmds = beeper.toggle")
    upsd = site.start_upsd()
    upsd.wait_for("ups", "ups.status", "OL CHRG")
    upsd.wait_for("stale", "ups.status", "ERR DATA-STALE")
    return site


def ask(site, suite, program, *args, **options):
    """(stdout, stderr, exit code) of a client; `@` in an argument becomes the server."""
    server = f"127.0.0.1:{site.port}"
    args = [str(arg).replace("@", f"@{server}") if arg != "HOST" else server for arg in args]
    result = site.run(program, *args, suite=suite, **options)
    # Debian's library says on stderr how it set up TLS.
    errors = "".join(line for line in result.stderr.splitlines(keepends=True)
                     if not line.startswith("Init SSL"))
    return result.stdout, errors, result.returncode


def same(site, debian, build, *call, **options):
    ours = ask(site, build, *call, **options)
    assert ours == ask(site, debian, *call, **options)
    return ours


READS = [
    ("upsc", "ups@"),
    ("upsc", "ups@", "ups.mfr"),
    ("upsc", "UPS@", "Battery.Charge"),
    ("upsc", "ups@", "ups.status", "more"),
    ("upsc", "ups@", "nothing.there"),
    ("upsc", "ups@", "nodot"),
    ("upsc", "ups@", "server.info"),
    ("upsc", "ups@", "server.nothing"),
    ("upsc", "nobody@"),
    ("upsc", "nobody@", "ups.status"),
    ("upsc", "stale@"),
    ("upsc", "down@"),
    ("upsc", "-l", "HOST"),
    ("upsc", "-L", "HOST"),
    ("upsc", "-c", "ups@"),
    ("upsc", "-c", "nobody@"),
    ("upsc",),
    ("upscmd", "-l", "ups@"),
    ("upscmd", "-l", "stale@"),
    ("upscmd", "-l", "nobody@"),
    ("upsrw", "ups@"),
    ("upsrw", "-l", "ups@"),
    ("upsrw", "stale@"),
    ("upsrw", "nobody@"),
]


def test_reading(place, debian, build):
    for call in READS:
        same(place, debian, build, *call)


def test_a_server_that_is_not_there(site, debian, build):
    for call in (("upsc", "ups@"), ("upsc", "-l", "HOST"), ("upscmd", "-l", "ups@"),
                 ("upsrw", "ups@"), ("upscmd", *LOGIN, "ups@", "load.off")):
        assert same(site, debian, build, *call)[2] == 1


ORDERS = [
    ("upscmd", *LOGIN, "ups@", "beeper.toggle"),
    ("upscmd", *LOGIN, "-w", "ups@", "beeper.toggle"),
    ("upscmd", *LOGIN, "ups@", "test.battery.start", "15"),
    ("upscmd", *LOGIN, "ups@", "nothing.there"),
    ("upscmd", *LOGIN, "ups@", "nodot"),
    ("upscmd", *LOGIN, "nobody@", "load.off"),
    ("upscmd", *LOGIN, "down@", "load.off"),
    ("upscmd", "-u", "admin", "-p", "wrong", "ups@", "load.off"),
    ("upscmd", "-u", "guest", "-p", "secret", "ups@", "load.off"),
    ("upsrw", *LOGIN, "-s", "ups.id=new", "ups@"),
    ("upsrw", *LOGIN, "-w", "-s", "ups.id=new", "ups@"),
    ("upsrw", *LOGIN, "-s", 'ups.id=a "b" \\ # = c', "ups@"),
    ("upsrw", *LOGIN, "-s", "ups.id=", "ups@"),
    ("upsrw", *LOGIN, "-s", "ups.id=" + "x" * 33, "ups@"),
    ("upsrw", *LOGIN, "-s", "ups.status=OL", "ups@"),
    ("upsrw", *LOGIN, "-s", "nothing.there=1", "ups@"),
    ("upsrw", *LOGIN, "-s", "nodot=1", "ups@"),
    ("upsrw", *LOGIN, "-s", "output.voltage.nominal=215", "ups@"),
    ("upsrw", *LOGIN, "-s", "output.voltage.nominal=225", "ups@"),
    ("upsrw", *LOGIN, "-s", "input.transfer.low=95", "ups@"),
    ("upsrw", *LOGIN, "-s", "input.transfer.low=96", "ups@"),
    ("upsrw", "-u", "guest", "-p", "secret", "-s", "ups.id=new", "ups@"),
]


def give_orders(site, suite):
    """What the client printed for each of ORDERS, and what the driver was told."""
    before = len(site.driver.received)
    printed = {call: ask(site, suite, *call) for call in ORDERS}
    # The driver gets its orders in turn: once it has answered this one, it has had all.
    last = ask(site, suite, "upsrw", *LOGIN, "-w", "-s", "ups.id=last", "ups@")
    assert last == ("", "SUCCESS\n", 0)
    told = [line.split(" TRACKING ")[0] for line in site.driver.received[before:]
            if line.startswith(("SET", "INSTCMD"))]
    return printed, told


def test_giving_orders(place, debian, build):
    """Each order is answered the same, and the driver is told the same."""
    expected = give_orders(place, debian)
    assert give_orders(place, build) == expected
    assert 'SET ups.id "a \\"b\\" \\\\ \\# = c"' in expected[1]


@pytest.mark.parametrize("number, words", [(0, "SUCCESS"), (1, "ERR UNKNOWN"),
                                           (2, "ERR INVALID-ARGUMENT"), (3, "ERR FAILED")])
def test_waiting_for_what_the_driver_says(place, debian, build, number, words):
    place.driver.result = lambda _: number
    for call in (("upscmd", *LOGIN, "-w", "ups@", "load.off"),
                 ("upsrw", *LOGIN, "-w", "-s", "ups.id=x", "ups@")):
        assert same(place, debian, build, *call) == ("", f"{words}\n", 0)


def test_a_driver_that_never_says(place, debian, build):
    place.driver.result = lambda _: None
    out = same(place, debian, build, "upscmd", *LOGIN, "-w", "-t", "1", "ups@", "load.off")
    assert out == ("", "Can't receive status tracking information: timeout\n", 1)


def test_values_that_are_typed(place, debian, build):
    """User and value come from stdin; the password has nowhere to come from but the line."""
    typed = same(place, debian, build, "upsrw", *LOGIN, "-s", "ups.id", "ups@", input="typed\n")
    assert typed == ("Enter new value for ups.id: ", "OK\n", 0)
    assert place.driver.wait_received('SET ups.id "typed"')


def test_clients_that_are_logged_in_are_listed(place, debian, build):
    place.add_user("mon", "secret", "upsmon primary")
    upsd = place.processes[0]
    upsd.stop()
    upsd = place.restart_upsd()
    upsd.wait_for("ups", "ups.status", "OL CHRG")
    with upsd.client(user="mon", password="secret") as client:
        assert client.ask("LOGIN ups") == "OK"
        wait_until(lambda: same(place, debian, build, "upsc", "-c", "ups@")[0] == "127.0.0.1\n")


class OnOurLibrary:
    """Debian's programs, with our libupsclient.so.6 in place of theirs."""

    def __init__(self, debian, build):
        self.name = "debian on our library"
        self.program = debian.program
        self._theirs, self._ours = debian.environment(), build.environment()

    def environment(self):
        path = f"{self._ours['LD_LIBRARY_PATH']}:{self._theirs['LD_LIBRARY_PATH']}"
        return {**self._theirs, "LD_LIBRARY_PATH": path}


def test_debians_programs_run_on_our_library(place, debian, build):
    if build.sanitized:
        pytest.skip("a library with sanitizers does not load into a plain program")
    mixed = OnOurLibrary(debian, build)
    for call in READS:
        same(place, debian, mixed, *call)
    expected = give_orders(place, debian)
    assert give_orders(place, mixed) == expected
    upslog = place.start("upslog", *(("-u", place.user) if place.user else ()), "-i", "1",
                         "-s", f"ups@127.0.0.1:{place.port}", "-l", "-",
                         "-f", "%VAR ups.status% %VAR ups.mfr% %VAR nothing.there%", suite=mixed)
    wait_until(lambda: 'OL CHRG a "quoted" \\ value # here NA\n' in upslog.log(),
               what=lambda: f"upslog logs: {upslog.log()}")


def test_debians_upsmon_runs_on_our_library(place, debian, build):
    if build.sanitized:
        pytest.skip("a library with sanitizers does not load into a plain program")
    place.add_user("mon", "secret", "upsmon primary")
    place.processes[0].stop()
    upsd = place.restart_upsd()
    upsd.wait_for("ups", "ups.status", "OL CHRG")
    upsmon = place.start_upsmon(f"MONITOR ups@127.0.0.1:{place.port} 1 mon secret primary",
                                suite=OnOurLibrary(debian, build))
    with upsd.client() as client:
        wait_until(lambda: client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1")
    place.driver.set("ups.status", "OB LB")
    wait_until(place.shutdown_mark.exists, what="the shutdown command ran")
    assert upsmon.wait() == 0
