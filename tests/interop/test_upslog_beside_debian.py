"""upslog and Debian's upslog write the same lines, from each other's servers."""

import re

import pytest
from harness import wait_until

# Formats that Debian's upslog survives.
FORMATS = [
    "%VAR ups.status%|%VAR ups.load%|%VAR ups.none%|%VAR nodot%",
    "%BLA%|%P%|%%|100%%|@H|\\n",
    "%UPSHOST%|%HOST%|%HOSTNAME%|%upshost%|%VARx ups.load%|%var ups.load%",
    "%VAR x.odd%",
    "%VAR ups.load %|%VAR ups.load x%",
    "%TIME @Y@@%|%time @Y%|%TIME %Y%",
    "50%",
    "%VAR ups.load",
]
VALUES = {"ups.status": "OL CHRG", "ups.load": "23", "x.odd": 'a "b" \\ # c%PID%'}


def first_line(site, suite, *args):
    """The first line that an upslog writes to a file."""
    log = site.root / f"{suite.name if suite else 'ours'}.log"
    log.unlink(missing_ok=True)
    user = ["-u", site.user] if site.user else []
    upslog = site.start("upslog", *user, "-i", 5, "-F", "-l", log, *args, suite=suite)
    text = wait_until(lambda: log.exists() and "\n" in log.read_text() and log.read_text(),
                      what=lambda: f"a line in {log}; log:\n{upslog.log()}")
    upslog.stop()
    return text.split("\n", 1)[0]


@pytest.mark.parametrize("form", FORMATS)
def test_both_fill_in_a_format_alike(debian, site, form):
    upsd = site.fake_upsd({"ups": VALUES})
    args = ("-s", f"ups@127.0.0.1:{upsd.port}", "-f", form)
    assert first_line(site, None, *args) == first_line(site, debian, *args)


def test_both_have_one_default(debian, site):
    upsd = site.fake_upsd({"ups": VALUES})
    lines = [re.sub(r"^\d{8} \d{6} ", "", first_line(site, suite, "-s",
                                                     f"ups@127.0.0.1:{upsd.port}"))
             for suite in (None, debian)]
    assert lines == ["NA NA 23 [OL CHRG] NA NA"] * 2


def test_both_log_what_cannot_be_asked_alike(debian, site):
    upsd = site.fake_upsd({"ups": VALUES})
    upsd.set_error("ups", "DATA-STALE")
    for name in (f"ups@127.0.0.1:{upsd.port}", f"other@127.0.0.1:{upsd.port}", "ups@127.0.0.1:1"):
        lines = {first_line(site, suite, "-s", name, "-f", "<%VAR ups.load%>")
                 for suite in (None, debian)}
        assert lines == {"<NA>"}


def test_it_logs_from_debians_server(debian, site):
    fake = site.fake_driver("ups", VALUES)
    upsd = site.start_upsd(suite=debian)
    fake.wait_link()
    upsd.wait_for("ups", "ups.load", "23")
    assert first_line(site, None, "-s", f"ups@127.0.0.1:{site.port}", "-f",
                      "%VAR ups.load% %VAR ups.status%") == "23 OL CHRG"
