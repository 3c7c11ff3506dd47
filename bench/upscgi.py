"""The cases of bench/run for the CGI programs, ours and Debian's, in front of our upsd.

Each request is a process of its own, as with a web server: its time from start
to end, and the processor's time, without a web server around it.  The page is
Debian's own template of one UPS.  Debian's program reads hosts.conf for a page
of all UPSes from a fixed place, so that page is measured of ours alone.
"""

import contextlib
import resource
import shutil
import subprocess
import time

from harness import CHECKOUT, Site

REQUESTS, UPSES, VARIABLES = 60, 100, 60
PAGES = (("upsstats.cgi, one UPS", "upsstats.cgi", "host={}"),
         ("upsstats.cgi, all variables", "upsstats.cgi", "host={}&treemode"),
         ("upsimage.cgi, a bar", "upsimage.cgi", "host={}&display=input.voltage"))


def _cpu_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _measure(site, suite, program, query):
    """Milliseconds of a request, and of the processor for it."""
    env = {**site.environment(suite), "QUERY_STRING": query}
    command = [str(suite.program(program))]

    def request():
        return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              check=True).stdout
    assert len(request()) > 200
    cpu, begin = _cpu_s(), time.perf_counter()
    for _ in range(REQUESTS):
        request()
    wall = time.perf_counter() - begin
    return wall / REQUESTS * 1e3, (_cpu_s() - cpu) / REQUESTS * 1e3


def _values():
    values = {f"bench.value{i}": str(i) for i in range(VARIABLES - 8)}
    values.update({"ups.status": "OL", "ups.model": "Bench 1000", "battery.charge": "100",
                   "battery.runtime": "3600", "input.voltage": "230.1", "ups.load": "23",
                   "input.transfer.low": "200", "input.transfer.high": "250"})
    return values


def _serve(site):
    """Our upsd with UPSES UPSes, all in hosts.conf; the name of the first."""
    fakes = [site.fake_driver(f"ups{i}", _values()) for i in range(UPSES)]
    upsd = site.start_upsd()
    for i, fake in enumerate(fakes):
        fake.wait_link()
        upsd.wait_for(f"ups{i}", "ups.load", "23")
    names = [f"ups{i}@127.0.0.1:{site.port}" for i in range(UPSES)]
    site.write("hosts.conf", "".join(f'MONITOR {name} "A UPS"\n' for name in names))
    return names[0]


@contextlib.contextmanager
def _no_tls(site):
    """Ours need not get ready for TLS."""
    conf = site.write("nutauth.conf", "FORCESSL = 0\n", 0o600)
    yield
    conf.unlink()


def run(bench, print_value):
    site = Site()
    try:
        first = _serve(site)
        for name in ("upsstats.html", "upsstats-single.html"):
            debians = bench.suites.get("Debian")
            source = debians.root / "etc/nut" / name if debians else \
                CHECKOUT / "conf" / f"{name}.sample"
            shutil.copy(source, site.conf / name)
        for case, program, query in PAGES:
            for server, suite in bench.suites.items():
                print_value(case, server, "%.1f ms, %.1f ms of CPU" %
                            _measure(site, suite, program, query.format(first)))
            with _no_tls(site):
                print_value(case, "no TLS", "%.1f ms, %.1f ms of CPU" %
                            _measure(site, bench.build, program, query.format(first)))
        print_value(f"upsstats.cgi, {UPSES} UPSes", "ours", "%.1f ms, %.1f ms of CPU" %
                    _measure(site, bench.build, "upsstats.cgi", ""))
    finally:
        for process in site.processes:
            process.stop()
        site.close()
